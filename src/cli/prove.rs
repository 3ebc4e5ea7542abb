//! `narrowgen prove BLOCK … --stages N`: the pipeline shows what the block shows without, for all
//! inputs at all times.
use super::{BlockMatches, Command, Context, Failure, clock, whole, with_blocks};
use crate::flow::error::FlowError;
use crate::flow::manifest;
use crate::flow::prove::{self, Verdict};
use crate::hdl::verilog;
use clap::Arg;
use clap::ArgMatches;
use std::time::Duration;

/// The command.
pub const COMMAND: Command = Command {
    name: "prove",
    about: "Prove that a pipeline shows what its block shows without, later by its stages",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    clock::options(clock::target(c)).next_help_heading(None).arg(
        Arg::new("limit")
            .long("limit")
            .value_name("SECONDS")
            .value_parser(whole::<u64>(1..=86_400))
            .allow_negative_numbers(true)
            .default_value("300")
            .help("Longest time for each tool; without an answer by then nothing is proved"),
    )
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let block = clock::runnable(block, args)?;
    let design = block.design()?;
    let limit = Duration::from_secs(args.get_one("limit").copied().unwrap_or(300));
    let proof = prove::pipeline(block.as_ref(), &design, limit).map_err(|e: FlowError| Failure {
        code: e.code(),
        message: e.to_string(),
        help: e.help(),
    })?;
    if cx.json {
        cx.object(&proof);
    } else {
        let word = match proof.verdict {
            Verdict::Proved => "proved",
            Verdict::Refuted => "refuted",
            Verdict::Unproved => "unproved",
        };
        cx.line(format!("{word}: {}  {:.2} s", proof.claim, proof.seconds));
        cx.line(format!("  by {}, {}", proof.method, proof.tools));
    }
    match proof.verdict {
        Verdict::Proved => {
            manifest::keep_proof(&verilog::print(&design), &proof);
            Ok(())
        }
        Verdict::Refuted => Err(Failure::mismatch(
            format!("{}: {}", proof.claim, proof.answer),
            format!("narrowgen check {} looks for inputs that show it", manifest::arguments(block.as_ref())),
        )),
        Verdict::Unproved => Err(Failure::timing(format!("not decided: {}", proof.answer), "allow more time with --limit")),
    }
}
