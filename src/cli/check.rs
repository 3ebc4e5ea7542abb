//! `narrowgen check BLOCK …`: golden model against the native simulator and Verilator.
use super::{BlockMatches, Command, Context, Failure, clock, progress, whole, with_blocks};
use crate::blocks::Configured;
use crate::flow::check::{self, CheckError, Report};
use crate::flow::engine::{EngineError, Kind};
use crate::flow::stimulus::{Method, Options};
use crate::flow::{engine, manifest, repro, tool};
use crate::hdl::ir::Design;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::path::{Path, PathBuf};

/// The command.
pub const COMMAND: Command = Command {
    name: "check",
    about: "Compare a block bit for bit with its golden model, in the native simulator and in Verilator",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    let c = clock::options(clock::target(c)).next_help_heading(None);
    c.arg(
        Arg::new("engine")
            .long("engine")
            .value_parser(["both", "native", "verilator"])
            .default_value("both")
            .help("What to compare with the golden model"),
    )
    .arg(
        Arg::new("vectors")
            .long("vectors")
            .value_name("N")
            .value_parser(whole::<u64>(1..=1 << 40))
            .allow_negative_numbers(true)
            .default_value("100000")
            .help("Vectors (cycles of blocks with state, rows of streams) when the inputs are too many to try all"),
    )
    .arg(
        Arg::new("seed")
            .long("seed")
            .value_name("S")
            .value_parser(whole::<u64>(0..=u64::MAX))
            .allow_negative_numbers(true)
            .default_value("1")
            .help("Seed of the random vectors"),
    )
    .arg(
        Arg::new("exhaustive")
            .long("exhaustive")
            .action(ArgAction::SetTrue)
            .help("Every input, even beyond 24 input bits (at most 40)"),
    )
    .arg(
        Arg::new("repro")
            .long("repro")
            .value_name("DIR")
            .default_value(".")
            .value_parser(value_parser!(PathBuf))
            .help("Where a mismatch leaves its folder repro-MODULE"),
    )
}

/// An engine's error as a failed command.
pub fn engine_failure(e: EngineError) -> Failure {
    match e {
        EngineError::Claim { .. } | EngineError::Protocol { .. } => {
            Failure::mismatch(e.to_string(), "this is a defect of the block; please report it")
        }
        EngineError::Tool { message, help } => Failure::tool(message, help),
    }
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let block = clock::runnable(block, args)?;
    let kinds: &[Kind] = match args.get_one::<String>("engine").map(String::as_str) {
        Some("native") => &[Kind::Native],
        Some("verilator") => &[Kind::Verilator],
        _ => &[Kind::Native, Kind::Verilator],
    };
    let options = Options {
        vectors: args.get_one("vectors").copied().unwrap_or(100_000),
        seed: args.get_one("seed").copied().unwrap_or(1),
        exhaustive: args.get_flag("exhaustive"),
    };
    let design = block.design()?;
    let bar = progress::bar(cx, "vectors");
    let report = check::check(block.as_ref(), &design, kinds, &options, &|done, all| bar.at(done, all)).map_err(|e| match e {
        CheckError::Usage(m) => Failure::usage(m, ""),
        CheckError::Engine(e) => engine_failure(e),
    })?;
    bar.finish();
    if cx.json {
        cx.object(&report.results);
    } else {
        for r in &report.results {
            let method = match r.method {
                Method::Exhaustive => "exhaustive".to_string(),
                Method::Sampled => format!("sampled {}, seed {}", r.vectors, r.seed),
            };
            let count = match r.stream {
                Some(c) => format!("{} rows  {} tokens  {} cycles", r.vectors, c.tokens, c.cycles),
                None => format!("{} vectors", r.vectors),
            };
            cx.line(format!("{}  {:<9}  {count}  {} mismatches  {method}  {:.2} s", r.module, r.engine, r.mismatches, r.seconds));
        }
        if let Some(r) = report.results.first() {
            r.coverage.iter().for_each(|c| cx.line(format!("  {}", c.phrase())));
        }
    }
    if report.passed() {
        let mut versions = Vec::new();
        for k in kinds {
            versions.push(match k {
                Kind::Verilator => match tool::resolve(tool::Tool::Verilator) {
                    Ok(found) => format!("verilator {}", found.version),
                    Err(_) => "verilator".into(),
                },
                _ => format!("{} {}", k.word(), env!("CARGO_PKG_VERSION")),
            });
        }
        let command = match options.exhaustive {
            true => "check --exhaustive".to_string(),
            false => format!("check --vectors {} --seed {}", options.vectors, options.seed),
        };
        manifest::certify(block.as_ref(), &crate::hdl::verilog::print(&design), &report, &versions, &command);
        return Ok(());
    }
    let under = args.get_one::<PathBuf>("repro").cloned().unwrap_or_else(|| PathBuf::from("."));
    Err(mismatch(block.as_ref(), &design, &report, &under))
}

/// How the command ends when a check has failed: the mismatch in words, its folder left in `under`.
pub fn mismatch(block: &dyn Configured, design: &Design, report: &Report, under: &Path) -> Failure {
    let Some((kind, failing)) = &report.failing else {
        return Failure::mismatch("outputs differ", "");
    };
    let engine = match kind {
        Kind::Verilator => engine::verilated(block, design),
        _ => engine::native(block, design),
    };
    let mut engine = match engine {
        Ok(engine) => engine,
        Err(e) => return engine_failure(e),
    };
    match repro::write(block, design, engine.as_mut(), failing, under) {
        Ok((dir, text)) => Failure::mismatch(text, format!("vectors, Verilog and waves are in {}", dir.display())),
        Err(e) => Failure::mismatch(format!("outputs differ, and the repro folder could not be written: {e}"), ""),
    }
}
