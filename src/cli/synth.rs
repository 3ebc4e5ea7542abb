//! `narrowgen synth BLOCK …`: size of a block on a target, and its clock rate between registers.
use super::{BlockMatches, Command, Context, Failure, clock, whole, with_blocks};
use crate::flow::architecture::Dsp;
use crate::flow::backannotate::{Signal, signals};
use crate::flow::board::Part;
use crate::flow::nextpnr::{self, MEASURE_MHZ, PnrReport};
use crate::flow::report::{SynthReport, rounded};
use crate::flow::target::Target;
use crate::flow::wrap::Wrapped;
use crate::flow::yosys;
use crate::hdl::verilog;
use clap::{Arg, ArgAction, ArgMatches};
use serde::Serialize;
use std::collections::BTreeMap;

/// The command.
pub const COMMAND: Command = Command {
    name: "synth",
    about: "Synthesise a block with Yosys and count cells; place and route it with nextpnr",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    let c = clock::options(c).next_help_heading(None::<&str>);
    c.arg(
        Arg::new("target")
            .long("target")
            .value_name("TARGET")
            .value_parser(Target::ALL.map(Target::name))
            .default_value("ecp5")
            .help("Family of devices, or generic gates"),
    )
    .arg(Arg::new("no-dsp").long("no-dsp").action(ArgAction::SetTrue).help("Use no multiplier blocks"))
    .arg(Arg::new("pnr").long("pnr").action(ArgAction::SetTrue).help("Place and route between registers: clock rate"))
    .arg(
        Arg::new("seeds")
            .long("seeds")
            .value_name("N")
            .value_parser(whole::<u32>(1..=100))
            .allow_negative_numbers(true)
            .default_value("1")
            .requires("pnr")
            .help("Place and route with the seeds 1 to N and report the median"),
    )
    .arg(
        Arg::new("part")
            .long("part")
            .value_name("PART")
            .value_parser(Part::all().into_iter().map(|p| p.name).collect::<Vec<_>>())
            .help("Device to place on, and whose delays count [default: the first of the target]"),
    )
}

/// Everything the command says.
#[derive(Serialize)]
struct Answer {
    block: String,
    params: BTreeMap<String, String>,
    module: String,
    #[serde(flatten)]
    size: SynthReport,
    /// Median over the seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    fmax_mhz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fmax_all: Option<Vec<f64>>,
    /// What the delay model said.
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted_fmax_mhz: Option<f64>,
    /// Cycles from inputs to outputs.
    latency: u32,
    /// Bits in pipeline registers.
    #[serde(skip_serializing_if = "Option::is_none")]
    register_bits: Option<u64>,
    /// The slowest path in the words of the description.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    critical_signals: Vec<Signal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pnr: Option<PnrReport>,
    narrowgen: &'static str,
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let clocking = clock::clocking(args)?;
    if args.contains_id("part") && !args.get_flag("pnr") && !clocking.pipelines() {
        return Err(Failure::usage("--part needs --pnr, or a clock to plan for", "sizes depend on the target only"));
    }
    let block = clock::clocked(block, args)?;
    let target = args.get_one::<String>("target").and_then(|t| Target::parse(t)).unwrap_or(Target::Ecp5);
    let dsp = clock::shape(args).dsp != Dsp::Never;
    let part = match args.get_flag("pnr") {
        false => None,
        true => {
            nextpnr::tool_of(target)?;
            let name = args.get_one::<String>("part").map(String::as_str);
            Some(Part::of(target, name).map_err(|e| Failure::usage(e, ""))?)
        }
    };
    let design = block.design()?;
    let files = verilog::print(&design);
    // The part decides the family, so that size and clock rate are those of the same device.
    let family = part.as_ref().map(|p| p.family.clone()).unwrap_or_default();
    let size = yosys::synth(&files, &design.top().name, target, &yosys::Options { family, dsp, ..Default::default() })?;
    let pnr = match &part {
        None => None,
        Some(part) => {
            let seeds = args.get_one("seeds").copied().unwrap_or(1);
            let options = nextpnr::Options { seeds, freq_mhz: MEASURE_MHZ, dsp };
            Some(nextpnr::place_and_route(&Wrapped::new(&design), part, &options)?)
        }
    };
    let answer = Answer {
        block: block.block().into(),
        params: block.params().into_iter().map(|(n, v)| (n.to_string(), v)).collect(),
        module: block.module_name(),
        size,
        fmax_mhz: pnr.as_ref().map(|p| p.fmax_mhz),
        fmax_all: pnr.as_ref().map(|p| p.fmax_all.clone()),
        predicted_fmax_mhz: block.pipelined().map(|p| rounded(1e6 / p.period_ps)),
        latency: block.latency(),
        register_bits: block.pipelined().map(|p| p.register_bits),
        critical_signals: pnr.as_ref().map_or(Vec::new(), |p| signals(&design, &p.critical_path)),
        pnr,
        narrowgen: env!("CARGO_PKG_VERSION"),
    };
    if cx.json {
        cx.object(&answer)
    } else {
        print(cx, &answer)
    }
    match (clocking.period_ps, answer.fmax_mhz) {
        (Some(period), Some(fmax)) if fmax * period < 1e6 => Err(Failure::timing(
            format!("{:.1} MHz were asked for, {fmax:.1} MHz reached", 1e6 / period),
            "ask for a few percent more, so that more registers are placed, or choose a faster part",
        )),
        _ => Ok(()),
    }
}

fn print(cx: &Context, answer: &Answer) {
    let s = &answer.size;
    cx.line(format!("{} on {} ({} {})", answer.module, s.target, s.tool.name, s.tool.version));
    if let Some(bits) = answer.register_bits {
        cx.line(format!("  latency     {:>8}   ({bits} bits in pipeline registers)", answer.latency));
    }
    let columns = [
        ("lut", s.lut),
        ("ff", s.ff),
        ("carry", s.carry),
        ("dsp", s.dsp),
        ("bram", s.bram),
        ("gates", s.gates),
        ("transistors", s.transistors),
    ];
    for (name, value) in columns {
        if let Some(n) = value {
            cx.line(format!("  {name:<12}{n:>8}"));
        }
    }
    let cells: Vec<String> = s.cells.iter().map(|(name, n)| format!("{name} {n}")).collect();
    cx.line(format!("  cells       {}", cells.join(", ")));
    if let Some(p) = &answer.pnr {
        let all: Vec<String> = p.fmax_all.iter().map(|f| format!("{f:.1}")).collect();
        cx.line(format!(
            "  fmax        {:.1} MHz between registers on {} (median of {}; spread {:.1} %; {} {})",
            p.fmax_mhz,
            p.part,
            all.join(", "),
            p.fmax_spread_percent,
            p.tool.name,
            p.tool.version
        ));
        if let Some(predicted) = answer.predicted_fmax_mhz {
            let off = (predicted / p.fmax_mhz - 1.0) * 100.0;
            cx.line(format!("  predicted   {predicted:.1} MHz ({off:+.1} %)"));
        }
        let slow: Vec<&str> = answer.critical_signals.iter().map(|s| s.name.as_str()).collect();
        if !slow.is_empty() {
            cx.line(format!("  slowest     {}", slow.join(" -> ")));
        }
        if !p.caveat.is_empty() {
            cx.line(format!("  note        {}", p.caveat));
        }
    }
}
