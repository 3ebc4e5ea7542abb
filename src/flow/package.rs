//! What `emit` writes: Verilog, file list, testbench, vectors and manifest of one block.
use crate::blocks::Configured;
use crate::flow::manifest::{self, Certificate, Manifest};
use crate::flow::{diagram, folder, testbench};
use crate::hdl::ir::Design;
use crate::hdl::timing::ports::Profile;
use crate::hdl::verilog;

/// Nodes of a flattened design above which nothing is simulated to emit it, unless testbench vectors are asked for:
/// a folder shall take less than a second, and an array of 32×32 INT8 elements, half this size, already keeps the
/// simulator busy for seven.
pub const LARGE: u64 = 50_000;

/// Testbench vectors if nothing is said.
pub const VECTORS: u64 = 1000;

/// A complete folder in memory.
pub struct Package {
    /// The manifest, also among the files.
    pub manifest: Manifest,
    /// Every file: path relative to the folder, contents.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Makes the folder of a block with at most `vectors` testbench vectors; 1000 if nothing is said, and none of a
/// design beyond [`LARGE`].
pub fn package(
    block: &dyn Configured,
    design: &Design,
    vectors: Option<u64>,
    certificate: Option<Certificate>,
) -> Result<Package, String> {
    let rtl = verilog::print(design);
    // The testbench drives plain ports.
    let plain = block.clocking().is_none_or(|c| c.ports == Profile::Plain);
    let vectors = vectors.or((design.flat_nodes() <= LARGE).then_some(VECTORS)).filter(|_| plain);
    let bench = vectors.map(|n| testbench::make(block, design, n)).transpose()?;
    let list: String = rtl.iter().map(|f| format!("{}\n", f.name)).collect();
    let mut files: Vec<(String, &'static str, Vec<u8>)> =
        rtl.into_iter().map(|f| (f.name, "verilog", f.text.into_bytes())).collect();
    files.push(("rtl.f".into(), "filelist", list.into_bytes()));
    if let Some(bench) = bench {
        files.push((format!("{}.v", bench.module), "testbench", bench.verilog.into_bytes()));
        files.push((format!("{}.hex", bench.module), "vectors", bench.vectors.into_bytes()));
    }
    if let Some(p) = block.pipelined() {
        let name = block.module_name();
        files.push((format!("{name}.svg"), "diagram", diagram::pipeline(&name, p).into_bytes()));
    }
    let manifest = manifest::manifest(block, design, &files, certificate);
    let mut text = serde_json::to_string_pretty(&manifest).map_err(|e| format!("internal error: manifest: {e}"))?;
    text.push('\n');
    let mut all: Vec<(String, Vec<u8>)> = files.into_iter().map(|(name, _, contents)| (name, contents)).collect();
    all.push((folder::MARK.into(), text.into_bytes()));
    Ok(Package { manifest, files: all })
}
