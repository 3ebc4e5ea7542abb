//! `narrowgen demo`: real dot products through emitted units, checked and costed, on one page.
use super::{Command, Context, Failure, check::engine_failure, progress, whole};
use crate::demo::{self, DemoError, page};
use crate::flow::board::Part;
use crate::flow::nextpnr::{self, place_and_route};
use crate::flow::target::Target;
use crate::flow::tool::{Tool, provision};
use crate::flow::wrap::Wrapped;
use crate::flow::yosys;
use crate::hdl::verilog;
use clap::{Arg, ArgMatches, value_parser};
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "demo",
    about: "Real transformer dot products in five formats: bit-exact in Verilator, accuracy, LUTs and clock on ECP5",
    args: |c| {
        c.arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .default_value("narrowgen-demo.html")
                .value_parser(value_parser!(PathBuf))
                .help("Page to write"),
        )
        .arg(
            Arg::new("seeds")
                .long("seeds")
                .value_name("N")
                .default_value("3")
                .value_parser(whole::<u32>(1..=32))
                .allow_negative_numbers(true)
                .help("Place-and-route seeds; the clock shown is their median"),
        )
    },
    run,
};

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let tools = [Tool::Verilator, Tool::Cxx, Tool::Yosys, Tool::NextpnrEcp5];
    let found = provision(&tools)?;
    let (activations, weights) = demo::slice().map_err(|e| Failure::usage(e, ""))?;
    let seeds = matches.get_one("seeds").copied().unwrap_or(3);
    let part = Part::of(Target::Ecp5, None).map_err(|e| Failure::usage(e, ""))?;
    let bar = progress::bar(cx, "formats");
    let mut lines = Vec::new();
    for (done, name) in demo::FORMATS.iter().enumerate() {
        bar.at(done as u64, demo::FORMATS.len() as u64);
        let (mut line, block) = demo::run(name, &activations, &weights).map_err(|e| match e {
            DemoError::Usage(m) => Failure::usage(m, ""),
            DemoError::Engine(e) => engine_failure(e),
        })?;
        let design = block.design()?;
        let options = yosys::Options { dsp: false, ..yosys::Options::default() };
        let cost = yosys::synth(&verilog::print(&design), &block.module_name(), Target::Ecp5, &options)?;
        let routed = place_and_route(
            &Wrapped::new(&design),
            &part,
            &nextpnr::Options { seeds, dsp: false, ..nextpnr::Options::default() },
        )?;
        (line.lut, line.ff, line.carry) = (cost.lut.unwrap_or(0), cost.ff.unwrap_or(0), cost.carry.unwrap_or(0));
        (line.fmax_mhz, line.fmax_all) = (routed.fmax_mhz, routed.fmax_all);
        lines.push(line);
    }
    bar.finish();
    let versions: Vec<String> = found.iter().map(|f| format!("{} {}", f.tool.name(), f.version)).collect();
    let about = page::About { tools: versions.clone(), seeds, command: format!("narrowgen demo --seeds {seeds}") };
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    std::fs::write(&path, page::html(&lines, &about)).map_err(|e| Failure::file("write", &path, &e))?;
    if cx.json {
        cx.object(&serde_json::json!({ "formats": lines, "tools": versions, "page": path }));
    } else {
        cx.line(format!(
            "{} activation rows × {} weight rows of all-MiniLM-L6-v2, {} values each, one exact multiply–accumulate unit per format",
            activations.len(),
            weights.len(),
            weights.columns
        ));
        cx.line("format    bit-exact   cycles   SQNR dB   acc bits   LUT4   CCU2C     FF   fmax MHz (ECP5-6)");
        for l in &lines {
            cx.line(format!(
                "{:<9} {:<9} {:>8} {:>9.1} {:>10} {:>6} {:>7} {:>6} {:>10.1}",
                l.format,
                if l.mismatches == 0 { "yes" } else { "NO" },
                l.cycles,
                l.sqnr_db,
                l.accumulator_bits,
                l.lut,
                l.carry,
                l.ff,
                l.fmax_mhz
            ));
        }
        cx.line(format!("made with {}; page: {}", versions.join(", "), path.display()));
    }
    match lines.iter().find(|l| l.mismatches > 0) {
        Some(l) => Err(Failure::mismatch(format!("{}: {} cycles differ from the golden model", l.format, l.mismatches), "")),
        None => Ok(()),
    }
}
