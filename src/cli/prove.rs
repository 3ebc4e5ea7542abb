//! `narrowgen prove BLOCK … --stages N`: the pipeline shows what the block shows without, for all
//! inputs at all times. Of a stream, that is proved of its pipeline, and that its handshake loses nothing.
use super::{BlockMatches, Command, Context, Failure, clock, whole, with_blocks};
use crate::blocks::Configured;
use crate::blocks::clocking::Clocking;
use crate::flow::error::FlowError;
use crate::flow::manifest;
use crate::flow::prove::{self, Proof, Verdict};
use crate::hdl::ir::Design;
use crate::hdl::timing::flow::{Buffer, Flow};
use crate::hdl::timing::ports::Profile;
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
    let limit = |args: &ArgMatches| Duration::from_secs(args.get_one("limit").copied().unwrap_or(300));
    let block = || BlockMatches::new(matches, cx);
    let BlockMatches { block: first, args } = block()?;
    let clocking = clock::clocking(args)?;
    let asked = clock::runnable(first, args)?;
    if clocking.flow != Flow::Stream {
        let design = asked.design()?;
        let proof = prove::pipeline(asked.as_ref(), &design, limit(args)).map_err(failure)?;
        return show(cx, asked.as_ref(), &design, &[proof]);
    }
    let fixed = clock::build(block()?.block, args, &Clocking { flow: Flow::Fixed, buffer: Buffer::Skid, ..clocking.clone() })?;
    // AXI4-Stream is the profile whose hardware has a bit beside the data.
    let marked = clock::build(block()?.block, args, &Clocking { ports: Profile::Axis, reset: None, ..clocking.clone() })?;
    let pipeline = prove::pipeline(fixed.as_ref(), &fixed.design()?, limit(args)).map_err(failure)?;
    let handshake = prove::handshake(marked.as_ref(), &marked.design()?, limit(args)).map_err(failure)?;
    show(cx, asked.as_ref(), &asked.design()?, &[pipeline, handshake])
}

fn failure(e: FlowError) -> Failure {
    Failure { code: e.code(), message: e.to_string(), help: e.help() }
}

/// Prints the proofs and keeps them; anything but a proof is a failure.
fn show(cx: &Context, block: &dyn Configured, design: &Design, proofs: &[Proof]) -> Result<(), Failure> {
    for proof in proofs {
        if cx.json {
            cx.object(proof);
            continue;
        }
        let word = match proof.verdict {
            Verdict::Proved => "proved",
            Verdict::Refuted => "refuted",
            Verdict::Unproved => "unproved",
        };
        cx.line(format!("{word}: {}  {:.2} s", proof.claim, proof.seconds));
        cx.line(format!("  by {}, {}", proof.method, proof.tools));
    }
    for proof in proofs {
        match proof.verdict {
            Verdict::Proved => {}
            Verdict::Refuted => {
                return Err(Failure::mismatch(
                    format!("{}: {}", proof.claim, proof.answer),
                    format!("narrowgen check {} looks for inputs that show it", manifest::arguments(block)),
                ));
            }
            Verdict::Unproved => {
                return Err(Failure::timing(format!("not decided: {}", proof.answer), "allow more time with --limit"));
            }
        }
    }
    manifest::keep_proofs(&verilog::print(design), proofs);
    Ok(())
}
