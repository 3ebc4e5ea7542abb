//! From a block to a bitstream for a board that proves itself: the harness sends a signature of the
//! block's outputs, and before anything is written that signature is shown to be the same in the
//! golden model, in the native simulator, in Verilator on the printed Verilog, and in Verilator on
//! the very netlist that is placed and routed.
use super::board::{BAUD, Board};
use super::error::FlowError;
use super::harness::{Plan, harness};
use super::netlist::models;
use super::nextpnr::{Run, caveat};
use super::process::Job;
use super::report::{Provenance, Step, SynthReport, Used};
use super::serial::{native_line, netlist_line, read_line, rtl_line};
use super::signature::golden;
use super::target::Target;
use super::tool::{Tool, resolve};
use super::yosys::{self, Synthesised};
use crate::blocks::Configured;
use crate::hdl::ir::Design;
use crate::hdl::verilog::{self, File};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest time for a bitstream tool.
const PACK_LIMIT: Duration = Duration::from_secs(600);
/// Name of the report in the output folder.
pub const REPORT: &str = "report.json";

/// How to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of place and route.
    pub seed: u32,
    /// Multiplier blocks may be used.
    pub dsp: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 1, dsp: true }
    }
}

/// The signature as each model of the design gives it; all are equal, or there is no bitstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signatures {
    /// Golden model, plain integers.
    pub golden: String,
    /// Native simulator, from the serial line.
    pub native: String,
    /// Verilator on the printed Verilog, from the serial line.
    pub rtl: String,
    /// Verilator on the netlist after synthesis, from the serial line.
    pub netlist: String,
    /// Cells of the netlist whose simulation model is ours, because the vendor's library has none.
    pub cells_modelled_here: Vec<String>,
}

/// A written file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Name in the output folder.
    pub name: String,
    /// Size.
    pub bytes: usize,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Everything about a board build.
#[derive(Clone, Debug, Serialize)]
pub struct FpgaReport {
    /// narrowgen's version.
    pub narrowgen: String,
    /// Board name.
    pub board: String,
    /// Its full name.
    pub title: String,
    /// What the user must know about the board; may be empty.
    pub note: String,
    /// Block name.
    pub block: String,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// Its module.
    pub module: String,
    /// Vectors in the signature.
    pub vectors: usize,
    /// Serial speed; 8N1, four signature bytes, most significant first, repeated.
    pub baud: u32,
    /// The signatures.
    pub signatures: Signatures,
    /// The board's clock, MHz.
    pub clock_mhz: f64,
    /// Highest clock of the whole design, MHz.
    pub fmax_mhz: f64,
    /// Limits of what the figure means on this device; may be empty.
    pub caveat: String,
    /// Cells used on the device.
    pub utilization: BTreeMap<String, Used>,
    /// Slowest path.
    pub critical_path: Vec<Step>,
    /// Seed of place and route.
    pub seed: u32,
    /// Synthesis of the whole design.
    pub synthesis: SynthReport,
    /// Place and route.
    pub place_and_route: Provenance,
    /// Bitstream tool.
    pub pack: Provenance,
    /// Simulator of the signatures.
    pub simulator: Provenance,
    /// Written files, this report excepted.
    pub files: Vec<Written>,
}

/// A finished build: the report and the files, the report file last.
pub struct Built {
    /// The report.
    pub report: FpgaReport,
    /// File names and contents.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Builds a block for a board.
pub fn build(block: &dyn Configured, board: &Board, options: &Options) -> Result<Built, FlowError> {
    if block.row_lengths().is_some() {
        return Err(FlowError::Usage {
            message: format!("`{}` takes rows of tokens; the harness of a board gives a datum each cycle", block.block()),
            help: "narrowgen synth places and routes it; narrowgen check runs it".into(),
        });
    }
    // Missing tools are reported before any work is done.
    for tool in tools(board.target) {
        resolve(*tool)?;
    }
    let plan = Plan::of(block);
    let divider = board.divider();
    let (design, files) = sources(block, plan, divider, board)?;
    let map = yosys::Options { family: board.family.clone(), dsp: options.dsp && board.dsp, place: true };
    let synthesised = yosys::synthesise(&files, TOP, board.target, &map)?;
    let (constraints_name, constraints) = board.constraints();
    synthesised.write(constraints_name, &constraints)?;
    let (placed_name, bitstream_name) = match board.target {
        Target::Ice40 => ("placed.asc", "bitstream.bin"),
        Target::Ecp5 => ("placed.config", "bitstream.bit"),
        _ => ("placed.json", "bitstream.fs"),
    };
    let run = Run {
        target: board.target,
        place: &board.place,
        freq_mhz: board.clock_mhz(),
        seed: options.seed,
        constraints: Some(constraints_name),
        output: Some(placed_name),
    };
    let (routed, place_and_route) = run.run(&synthesised)?;
    if routed.fmax_mhz < board.clock_mhz() {
        return Err(FlowError::Fit {
            message: format!(
                "the design reaches {:.2} MHz on {}, whose clock runs at {} MHz",
                routed.fmax_mhz,
                board.title,
                board.clock_mhz()
            ),
            help: "choose a smaller configuration or a board with a slower clock".into(),
        });
    }
    // It fits; now it is worth simulating.
    let expected = golden(block, plan);
    let cycles = plan.vectors() + 2 * 50 * divider as usize + 64;
    let native = read_line("native simulator", &native_line(&design, cycles)?, divider, expected)?;
    let rtl = read_line("Verilator on the RTL", &rtl_line(&design, cycles)?, divider, expected)?;

    let share = synthesised.share.as_deref();
    let share = share.ok_or_else(|| FlowError::Output("the folder with Yosys' cell libraries was not found".into()))?;
    let cells = models(board.target, share, &synthesised.report.cells)?;
    let netlist = read_line("Verilator on the netlist", &netlist_line(&synthesised, cells.file, cycles)?, divider, expected)?;

    let pack = pack(board, &synthesised, placed_name, bitstream_name)?;
    let bitstream = synthesised.read(bitstream_name)?;

    let mut out: Vec<(String, Vec<u8>)> = files.into_iter().map(|f| (f.name, f.text.into_bytes())).collect();
    out.push((constraints_name.into(), constraints.into_bytes()));
    out.push((bitstream_name.into(), bitstream));
    let hex = |s: u32| format!("{s:08x}");
    let verilator = resolve(Tool::Verilator)?;
    let report = FpgaReport {
        narrowgen: env!("CARGO_PKG_VERSION").into(),
        board: board.name.clone(),
        title: board.title.clone(),
        note: board.note.clone(),
        block: block.block().into(),
        params: block.params().into_iter().map(|(n, v)| (n.to_string(), v)).collect(),
        module: block.module_name(),
        vectors: plan.vectors(),
        baud: BAUD,
        signatures: Signatures {
            golden: hex(expected),
            native: hex(native),
            rtl: hex(rtl),
            netlist: hex(netlist),
            cells_modelled_here: cells.ours,
        },
        clock_mhz: board.clock_mhz(),
        fmax_mhz: routed.fmax_mhz,
        caveat: caveat(board.target, synthesised.report.dsp.unwrap_or(0) > 0).into(),
        utilization: routed.utilization,
        critical_path: routed.critical_path,
        seed: options.seed,
        synthesis: synthesised.report.clone(),
        place_and_route,
        pack,
        simulator: Provenance { name: "verilator".into(), version: verilator.version, commands: Vec::new() },
        files: out.iter().map(|(name, bytes)| written(name, bytes)).collect(),
    };
    let json = serde_json::to_string_pretty(&report).map_err(|e| FlowError::Output(format!("the report is no JSON: {e}")))?;
    out.push((REPORT.into(), (json + "\n").into_bytes()));
    Ok(Built { report, files: out })
}

/// The harness of a block, and all its Verilog up to the top module.
pub(super) fn sources(block: &dyn Configured, plan: Plan, divider: u32, board: &Board) -> Result<(Design, Vec<File>), FlowError> {
    let design = harness(block, plan, divider)?;
    let mut files = verilog::print(&design);
    files.push(top(&design, board));
    Ok((design, files))
}

/// Tools that a build for this family needs.
pub fn tools(target: Target) -> &'static [Tool] {
    match target {
        Target::Ice40 => &[Tool::Verilator, Tool::Cxx, Tool::Yosys, Tool::NextpnrIce40, Tool::Icepack],
        Target::Ecp5 => &[Tool::Verilator, Tool::Cxx, Tool::Yosys, Tool::NextpnrEcp5, Tool::Ecppack],
        _ => &[Tool::Verilator, Tool::Cxx, Tool::Yosys, Tool::NextpnrGowin, Tool::GowinPack],
    }
}

/// Name of the top module.
pub(super) const TOP: &str = "top";
/// Cycles of the power-up reset.
pub(super) const RESET_CYCLES: usize = 15;

/// The top module: clock and serial line on pins, a reset at power-up where the block wants one.
fn top(design: &Design, board: &Board) -> File {
    let module = &design.top().name;
    let (reset, pin) = match design.top().reset_port(design.reset) {
        None => (String::new(), String::new()),
        Some(name) => (
            format!(
                "  // Registers start at 0 when the device is configured: {RESET_CYCLES} cycles of reset.\n  \
                 reg  [3:0] started = 4'd0;\n  wire rst = ~(&started);\n  \
                 always @(posedge clk) if (rst) started <= started + 4'd1;\n"
            ),
            format!(".{name}({}rst), ", if design.reset.is_low() { "~" } else { "" }),
        ),
    };
    let text = format!(
        "// {module} on the board {}.\n`default_nettype none\nmodule {TOP} (\n  input  wire clk,\n  output wire tx\n);\n{reset}  \
         wire [31:0] signature;\n  wire done;\n  \
         {module} bench (.clk(clk), {pin}.send(1'b1), .tx(tx), .signature(signature), .done(done));\n\
         endmodule\n`default_nettype wire\n",
        board.title
    );
    File { name: format!("{TOP}.v"), text }
}

/// Runs the bitstream tool.
fn pack(board: &Board, design: &Synthesised, placed: &str, bitstream: &str) -> Result<Provenance, FlowError> {
    let (tool, last) = match board.target {
        Target::Ice40 => (Tool::Icepack, vec![placed, bitstream]),
        Target::Ecp5 => (Tool::Ecppack, vec![placed, bitstream]),
        _ => (Tool::GowinPack, vec!["-o", bitstream, placed]),
    };
    let found = resolve(tool)?;
    let arguments: Vec<&str> = board.pack.iter().map(String::as_str).chain(last).collect();
    let mut command = found.command();
    command.current_dir(design.path("")).args(&arguments);
    Job::new(format!("{} for {}", tool.name(), board.name), command).limit(PACK_LIMIT).run()?;
    let commands = vec![format!("{} {}", tool.name(), arguments.join(" "))];
    Ok(Provenance { name: tool.name().into(), version: found.version, commands })
}

fn written(name: &str, bytes: &[u8]) -> Written {
    let sha256 = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    Written { name: name.into(), bytes: bytes.len(), sha256 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::testblock::TestMac;
    use crate::flow::tool::for_tests;
    use crate::hdl::ir::Reset;

    #[test]
    fn signatures_agree_with_either_kind_of_reset_and_the_files_are_the_same_every_time() {
        if !for_tests("signatures_agree_with_either_kind_of_reset", tools(Target::Ice40)) {
            return;
        }
        let board = Board::find("hx8k").unwrap();
        let first = build(&TestMac { terms: 5, reset: Reset::Sync }, &board, &Options::default()).unwrap();
        let again = build(&TestMac { terms: 5, reset: Reset::Sync }, &board, &Options::default()).unwrap();
        assert_eq!(first.report.files, again.report.files);
        let other = build(&TestMac { terms: 5, reset: Reset::None }, &board, &Options::default()).unwrap();
        assert_eq!(other.report.signatures, first.report.signatures);
        assert!(first.report.fmax_mhz > 12.0 && first.files.len() == 6);
    }
}
