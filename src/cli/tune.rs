//! `narrowgen tune BLOCK … --target T`: every architecture by real synthesis.
use super::{BlockMatches, Command, Context, Failure, block, clock, whole, with_blocks};
use crate::blocks::find;
use crate::flow::clocked::{ClockError, Clocked};
use crate::flow::costs;
use crate::flow::report::rounded;
use crate::flow::target::Target;
use crate::sweep::memo::Memo;
use crate::sweep::tune::{Objective, at_mhz, tune};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use serde_json::json;
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "tune",
    about: "Build a block in every architecture, synthesise each and rank them",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    c.arg(
        Arg::new("target")
            .long("target")
            .value_name("TARGET")
            .value_parser(Target::ALL.map(Target::name))
            .default_value("ecp5")
            .help("Family of devices, or generic gates"),
    )
    .arg(
        Arg::new("objective")
            .long("objective")
            .value_parser(Objective::WORDS.map(|(w, _)| w))
            .default_value("lut")
            .help("What to rank by: look-up tables (gates on generic), those times the clock period, or the clock rate"),
    )
    .arg(
        Arg::new("seeds")
            .long("seeds")
            .value_name("N")
            .value_parser(whole::<u32>(1..=100))
            .allow_negative_numbers(true)
            .default_value("3")
            .help("Place and route with the seeds 1 to N where the clock rate counts"),
    )
    .arg(
        Arg::new("fmax")
            .long("fmax")
            .value_name("MHZ")
            .value_parser(clock::positive)
            .allow_negative_numbers(true)
            .help("With registers for this clock on the first part of the target; what is recorded counts for this clock"),
    )
    .arg(
        Arg::new("record").long("record").value_name("FILE").value_parser(value_parser!(PathBuf)).help(
            "Write what was measured into this cost table; --arch auto reads fpga/architectures.csv when narrowgen is built",
        ),
    )
    .arg(Arg::new("no-cache").long("no-cache").action(ArgAction::SetTrue).help("Measure everything anew"))
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let target = args.get_one::<String>("target").and_then(|t| Target::parse(t)).unwrap_or(Target::Ecp5);
    let word = args.get_one::<String>("objective").map_or("lut", String::as_str);
    let objective = Objective::WORDS.iter().find(|(w, _)| *w == word).map_or(Objective::Lut, |(_, o)| *o);
    let seeds = args.get_one("seeds").copied().unwrap_or(3);
    let (name, params) = (block.block(), block.params());
    let again = find(name).ok_or_else(|| Failure::usage(format!("internal error: no block `{name}`"), ""))?;
    let given: Vec<(String, String)> = params.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
    block::configure(again, &given)?;
    let make = || again.configure(&given).unwrap_or_else(|e| panic!("internal error: legal a moment ago: {e}"));
    let memo = Memo::new(!args.get_flag("no-cache"));
    let fmax = args.get_one::<f64>("fmax").copied();
    if let Some(mhz) = fmax {
        // Blocks that take no clock say so before anything is measured.
        match Clocked::build(make(), &at_mhz(target, mhz)) {
            Err(ClockError::Timing { .. }) | Ok(_) => (),
            Err(other) => return Err(other.into()),
        }
    }
    let trials = tune(&make, target, objective, seeds, &memo, fmax)?;
    if let (true, Some(mhz)) = (trials.is_empty(), fmax) {
        return Err(Failure::timing(
            format!("no architecture can have a clock of {mhz} MHz on {target}"),
            "ask for a slower clock",
        ));
    }
    let module = fmax.map_or(block.module_name(), |mhz| costs::at_clock(&block.module_name(), mhz));
    if let Some(path) = args.get_one::<PathBuf>("record") {
        let lines: Vec<String> = trials.iter().map(|t| costs::block_line(target, &module, t.choice, &t.report, t.cost)).collect();
        costs::record(path, target, &module, &lines).map_err(|e| Failure::file("write", path, &e))?;
    }
    if cx.json {
        let each: Vec<_> = trials
            .iter()
            .map(|t| {
                json!({ "arch": t.choice.word(), "lut": t.report.lut, "carry": t.report.carry, "ff": t.report.ff,
                    "gates": t.report.gates, "fmax_mhz": t.fmax_mhz, "score": t.score(objective) })
            })
            .collect();
        cx.object(&json!({ "module": block.module_name(), "asked_mhz": fmax, "target": target.name(), "objective": word,
            "best": trials.first().map(|t| t.choice.word()), "trials": each,
            "tool": trials.first().map(|t| &t.report.tool) }));
        return Ok(());
    }
    let clock = fmax.map_or(String::new(), |mhz| format!(", registers for {mhz} MHz"));
    cx.line(format!("{} on {target}{clock}, best first by {word}; no multiplier blocks", block.module_name()));
    cx.line("  arch             lut    carry       ff    gates  fmax/MHz");
    for t in &trials {
        let cell = |n: Option<u64>| n.map_or("-".into(), |n| n.to_string());
        cx.line(format!(
            "  {:<11} {:>8} {:>8} {:>8} {:>8} {:>9}",
            t.choice.word(),
            cell(t.report.lut),
            cell(t.report.carry),
            cell(t.report.ff),
            cell(t.report.gates),
            t.fmax_mhz.map_or("-".into(), |f| rounded(f).to_string())
        ));
    }
    cx.line("Choices that give the same Verilog are shown once.");
    Ok(())
}
