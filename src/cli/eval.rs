//! `narrowgen eval BLOCK … --vectors in.csv`: any vectors through any engine, CSV to standard output.
use super::{BlockMatches, Command, Context, Failure, check::engine_failure, clock, with_blocks};
use crate::flow::engine::{self, Engine, Golden};
use crate::flow::vectors;
use clap::{Arg, ArgMatches, value_parser};
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "eval",
    about: "Run vectors from a CSV file through the golden model, the native simulator or Verilator",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    let c = clock::options(clock::target(c)).next_help_heading(None);
    c.arg(Arg::new("vectors").long("vectors").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help(
        "CSV: a column per input port, hexadecimal without prefix; `-` is standard input. For blocks with state, rows are cycles; for streams, tokens",
    ))
    .arg(
        Arg::new("engine")
            .long("engine")
            .value_parser(["golden", "native", "verilator"])
            .default_value("verilator")
            .help("What computes the outputs"),
    )
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let block = clock::runnable(block, args)?;
    let ports = block.ports();
    let path = args.get_one::<PathBuf>("vectors").cloned().unwrap_or_default();
    let given = if path.as_os_str() == "-" {
        vectors::read(&ports, std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(&path).map_err(|e| Failure::file("read", &path, &e))?;
        vectors::read(&ports, std::io::BufReader::new(file))
    };
    let given = given.map_err(|e| {
        Failure::usage(
            format!("{}: {e}", path.display()),
            "the first line names the columns; every further line holds one code per column",
        )
    })?;
    let results = match args.get_one::<String>("engine").map(String::as_str) {
        Some("golden") => Golden(block.as_ref()).run(&given.rows, 0),
        Some("native") => engine::native(block.as_ref(), &block.design()?).and_then(|mut e| e.run(&given.rows, 0)),
        _ => engine::verilated(block.as_ref(), &block.design()?).and_then(|mut e| e.run(&given.rows, 0)),
    }
    .map_err(engine_failure)?;
    let outputs: Vec<_> = ports.into_iter().filter(|p| !p.input).collect();
    if cx.json {
        let rows: Vec<serde_json::Value> = (0..given.records.len().max(results.len()))
            .map(|r| {
                let record = given.records.get(r).into_iter().flatten();
                let mut object: serde_json::Map<String, serde_json::Value> =
                    given.header.iter().cloned().zip(record.map(|c| c.clone().into())).collect();
                for (c, p) in outputs.iter().enumerate().filter(|_| r < results.len()) {
                    object.insert(p.name.into(), vectors::hex(&results.get(r, c), p.bits).into());
                }
                object.into()
            })
            .collect();
        cx.object(&rows);
        return Ok(());
    }
    let mut text = Vec::new();
    vectors::write(&given, &outputs, &results, &mut text).map_err(|e| Failure::usage(format!("cannot write: {e}"), ""))?;
    cx.raw(&String::from_utf8_lossy(&text));
    Ok(())
}
