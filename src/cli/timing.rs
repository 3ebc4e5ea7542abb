//! `narrowgen explain timing BLOCK --fmax …`: the stages of a pipeline, with names, delays and slack.
use super::{BlockMatches, Context, Failure, clock, with_blocks};
use crate::hdl::timing::stages::{Stage, stages};
use clap::ArgMatches;
use serde_json::json;

/// The subcommand.
pub fn command() -> clap::Command {
    let c = clap::Command::new("timing").about("Stages of a block's pipeline: names, delays and slack, as estimated");
    with_blocks(c, |c| clock::options(clock::target(c)))
}

/// Runs it.
pub fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let asked = clock::clocking(args)?;
    let block = clock::clocked(block, args)?;
    let Some(p) = block.pipelined() else {
        return Err(Failure::usage("no clock was asked for", "add --fmax MHZ, --period PS or --stages N"));
    };
    let list = stages(&p.plan);
    let slack = |s: &Stage| asked.period_ps.unwrap_or(p.period_ps) - s.period_ps;
    if cx.json {
        let list: Vec<_> = list
            .iter()
            .map(|s| {
                let path: Vec<_> = s
                    .path
                    .iter()
                    .map(|n| json!({ "name": n.name, "op": n.op, "bits": n.width, "arrival_ps": n.arrival_ps.round(), "source": n.place }))
                    .collect();
                json!({
                    "stage": s.number, "period_ps": s.period_ps.round(), "slack_ps": slack(s).round(),
                    "operators": s.operators, "register_bits": s.register_bits, "path": path,
                })
            })
            .collect();
        cx.object(&json!({
            "module": block.module_name(), "delay_model": p.model, "latency": block.latency(), "stages": list,
            "predicted_fmax_mhz": (1e9 / p.period_ps).round() / 1e3, "register_bits": p.register_bits,
        }));
        return Ok(());
    }
    cx.line(format!(
        "{}: latency {}, {} register bits, estimated {:.1} MHz on {}",
        block.module_name(),
        block.latency(),
        p.register_bits,
        1e6 / p.period_ps,
        p.model
    ));
    for s in &list {
        cx.line(format!(
            "\nstage {}: {:.0} ps, slack {:.0} ps, {} operators; {} register bits behind it",
            s.number,
            s.period_ps,
            slack(s),
            s.operators,
            s.register_bits
        ));
        for n in &s.path {
            let place = n.place.as_deref().unwrap_or("");
            cx.line(format!("  {:>7.0} ps  {:<24} {:>7}  {:>4} bits  {place}", n.arrival_ps, n.name, n.op, n.width).trim_end());
        }
    }
    Ok(())
}
