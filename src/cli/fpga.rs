//! `narrowgen fpga BLOCK … --board B`: a bitstream that sends a signature of the block's outputs.
use super::{BlockMatches, Command, Context, Failure, whole, with_blocks};
use crate::flow::board::{BAUD, Board};
use crate::flow::folder;
use crate::flow::fpga::{self, Options};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "fpga",
    about: "Make a bitstream for a board: stimulus, block, signature, serial port; checked before it is written",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    c.arg(
        Arg::new("board")
            .long("board")
            .value_name("BOARD")
            .value_parser(Board::names())
            .required(true)
            .help("Board to build for"),
    )
    .arg(
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help("Folder for Verilog, constraints, bitstream and report [default: MODULE_BOARD]"),
    )
    .arg(
        Arg::new("seed")
            .long("seed")
            .value_name("N")
            .value_parser(whole::<u32>(1..=i32::MAX as u64))
            .allow_negative_numbers(true)
            .default_value("1")
            .help("Seed of place and route"),
    )
    .arg(Arg::new("no-dsp").long("no-dsp").action(ArgAction::SetTrue).help("Use no multiplier blocks"))
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let board = args.get_one::<String>("board").and_then(|b| Board::find(b));
    let board = board.ok_or_else(|| Failure::usage("no board named", format!("boards: {}", Board::names().join(", "))))?;
    let options = Options { seed: args.get_one("seed").copied().unwrap_or(1), dsp: !args.get_flag("no-dsp") };
    let target = match args.get_one::<PathBuf>("output") {
        Some(dir) => dir.clone(),
        None => PathBuf::from(format!("{}_{}", block.module_name(), board.name)),
    };
    folder::check(&target).map_err(|e| Failure::usage(e, "name another folder with -o"))?;
    let built = fpga::build(block.as_ref(), &board, &options)?;
    folder::write(&target, &built.files).map_err(|e| Failure::usage(e, "name another folder with -o"))?;
    let r = &built.report;
    if cx.json {
        cx.object(r);
        return Ok(());
    }
    cx.line(format!("{}: {}", target.display(), built.files.iter().map(|f| f.0.as_str()).collect::<Vec<_>>().join(" ")));
    cx.line(format!("  clock       {} MHz; the design reaches {:.1} MHz on the {}", r.clock_mhz, r.fmax_mhz, r.title));
    cx.line(format!(
        "  signature   {} after {} vectors: golden = native = RTL = netlist after synthesis",
        r.signatures.golden, r.vectors
    ));
    if !r.signatures.cells_modelled_here.is_empty() {
        let cells = r.signatures.cells_modelled_here.join(", ");
        cx.line(format!("              (simulation models of {cells} are narrowgen's: Yosys has none)"));
    }
    cx.line(format!("  on the wire {BAUD} baud 8N1: these four bytes, most significant first, over and over"));
    let used: Vec<String> = r.utilization.iter().map(|(n, u)| format!("{n} {}/{}", u.used, u.available)).collect();
    cx.line(format!("  cells       {}", used.join(", ")));
    for note in [&r.note, &r.caveat] {
        if !note.is_empty() {
            cx.line(format!("  note        {note}"));
        }
    }
    Ok(())
}
