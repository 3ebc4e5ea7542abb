//! From units to a shared object, through the cache.
use super::super::cache;
use super::super::error::FlowError;
use super::super::process::Job;
use super::super::unit::{self, Unit};
use super::runtime::Runtime;
use super::{Options, glue};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Verilog text that is compiled as one model; more is split, so that several cores share the work.
pub const PART_BYTES: usize = 400_000;
/// Size to which the cache of compiled models is trimmed.
const CACHE_BYTES: u64 = 1 << 29;
/// No model may take longer.
const LIMIT: Duration = Duration::from_secs(1800);

/// One compiled model.
pub struct Part {
    pub library: PathBuf,
    pub runner: PathBuf,
    pub trace: Option<PathBuf>,
    pub cached: bool,
    /// Input and output widths of every unit.
    pub ports: Vec<(Vec<u32>, Vec<u32>)>,
    classes: Vec<usize>,
    /// The library is not in the cache but in this folder, which lives as long as the part.
    _own: Option<tempfile::TempDir>,
}

impl Part {
    /// Units in groups that share their input ports.
    pub fn classes(&self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        self.classes.iter().enumerate().for_each(|(unit, class)| groups.entry(*class).or_default().push(unit));
        groups.into_values().collect()
    }
}

/// Compiles units as one model, or takes it from the cache.
pub fn compile(units: &[&Unit], runtime: &Runtime, options: &Options) -> Result<Part, FlowError> {
    let files: BTreeMap<&str, &str> = units.iter().flat_map(|u| &u.files).map(|f| (f.name.as_str(), f.text.as_str())).collect();
    let top = glue::verilog(units);
    // The glue for no generated files tells everything about the ports.
    let ports = glue::cpp(units, &[]);
    let texts = files.iter().flat_map(|(name, text)| [*name, *text]);
    let args = options.args.iter().map(String::as_str);
    let key = cache::key([runtime.key.as_str(), &top, &ports].into_iter().chain(texts).chain(["arguments"]).chain(args));
    let place = cache::dir().join("models");
    let library = place.join(format!("{key}.so"));
    let mut part = Part {
        library,
        runner: runtime.dir.join("runner"),
        trace: options.trace.clone(),
        cached: true,
        ports: units.iter().map(|u| (u.input_widths(), u.output_widths())).collect(),
        classes: glue::classes(units),
        _own: None,
    };
    // Arguments may name files, whose contents the key does not know.
    let keep = options.args.is_empty();
    if keep && part.library.is_file() {
        cache::touch(&part.library);
        return Ok(part);
    }
    part.cached = false;
    let scratch = cache::scratch(&place).map_err(FlowError::file("write to", &place))?;
    let dir = scratch.path();
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).map_err(FlowError::file("write", &dir.join(name)));
    let sources = unit::write_files(units, dir)?;
    let top_file = format!("{}.v", glue::TOP);
    write(&top_file, &top)?;
    let name = if units.len() == 1 { units[0].top.clone() } else { format!("{} modules", units.len()) };

    let mut verilate = runtime.verilator.command();
    verilate
        .args(["--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-assert", "--no-timing", "--output-split", "0"])
        // The C++ compiler takes more than linear time for long functions.
        .args(["--output-split-cfuncs", "500"])
        // Style is the lint's business; here only errors count.
        .args(["-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-MULTITOP", "--Mdir", "obj"])
        .args(["--top-module", glue::TOP, "--prefix", &format!("V{}", glue::TOP), "-I."])
        .args(runtime.trace.then_some("--trace"))
        .args(&options.args)
        .args(sources)
        .arg(&top_file)
        .current_dir(dir);
    Job::new(format!("Verilator on {name}"), verilate).limit(LIMIT).run()?;

    let obj = dir.join("obj");
    let mut generated: Vec<String> = fs::read_dir(&obj)
        .map_err(FlowError::file("read", &obj))?
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|n| n.ends_with(".cpp"))
        .collect();
    generated.sort();
    let source = obj.join("model.cc");
    fs::write(&source, glue::cpp(units, &generated)).map_err(FlowError::file("write", &source))?;
    let output = dir.join("model.so");
    Job::new(format!("compiling the model of {name}"), runtime.compile(&source, &output)).limit(LIMIT).run()?;
    if keep {
        cache::trim(&place, CACHE_BYTES);
        fs::rename(&output, &part.library).map_err(FlowError::file("write", &part.library))?;
    } else {
        part.library = output;
        part._own = Some(scratch);
    }
    Ok(part)
}
