//! The check of a block that takes rows: golden model against every engine, under random back-pressure.
use super::closed::{Pace, Trace, rehearse};
use super::plan::Plan;
use super::{Runs, Shape, Streamed, judge};
use crate::blocks::Configured;
use crate::flow::check::{CheckError, EngineResult, Report};
use crate::flow::coverage::Gatherer;
use crate::flow::engine::{Engine, EngineError, Kind, Native, Verilated};
use crate::flow::minimise::{self, Failing};
use crate::flow::stimulus::{Method, Options};
use crate::flow::timed::internal;
use crate::hdl::ir::Design;
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;
use rayon::prelude::*;
use serde::Serialize;
use std::time::Instant;

/// What passed, beside the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Input tokens.
    pub tokens: u64,
    /// Clock cycles.
    pub cycles: u64,
}

/// A batch, rehearsed.
struct Batch {
    runs: Runs,
    trace: Trace,
    inputs: Gatherer,
    outputs: Gatherer,
}

struct Tally {
    counts: Counts,
    mismatches: u64,
    seconds: f64,
}

/// Checks a stream on the given engines; rows are what the options call vectors.
pub fn check(
    block: &dyn Configured,
    design: &Design,
    kinds: &[Kind],
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report, CheckError> {
    let shape = Shape::new(block, design)?;
    let plan = Plan::new(block, &shape, options).map_err(CheckError::Usage)?;
    let sim = Sim::new(design).map_err(|e| internal(e.to_string()))?;
    let mut cover = (Gatherer::new(&shape.inputs), Gatherer::new(&shape.outputs));
    let mut failing: Option<(Kind, Rows)> = None;
    let mut engines: Vec<(Box<dyn Engine + Send>, Tally)> = Vec::new();
    for kind in kinds {
        let start = Instant::now();
        let engine: Box<dyn Engine + Send> = match kind {
            Kind::Verilator => Box::new(Verilated::new(design)?),
            _ => Box::new(Native::new(design)?),
        };
        let seconds = start.elapsed().as_secs_f64();
        engines.push((engine, Tally { counts: Counts::default(), mismatches: 0, seconds }));
    }
    let group = rayon::current_num_threads() as u64;
    let mut next = 0;
    while next < plan.batches() {
        let end = (next + group).min(plan.batches());
        let batches: Vec<Vec<Batch>> = (next..end).into_par_iter().map(|b| prepare(block, &shape, &sim, &plan, b)).collect();
        for batch in batches.iter().flatten() {
            cover.0.merge(&batch.inputs);
            cover.1.merge(&batch.outputs);
            for (engine, tally) in &mut engines {
                let start = Instant::now();
                let seen = engine.run(&batch.trace.driven, batch.trace.cycles)?;
                tally.counts.tokens += batch.runs.tokens.len() as u64;
                tally.counts.cycles += batch.trace.driven.len() as u64;
                for run in 0..batch.runs.runs.len() {
                    let passed = judge::read(&shape, &batch.trace, &seen, run)?;
                    let differ = judge::differing(&batch.runs, run, &passed.given);
                    if differ > 0 && failing.is_none() {
                        failing = Some((engine.kind(), part(&batch.runs, run)));
                    }
                    // A block that stands still shows in what is missing; the rest is a broken protocol.
                    if let (0, Some(text)) = (differ, judge::taken(&batch.runs, run, &passed.taken)) {
                        return Err(EngineError::Protocol { text }.into());
                    }
                    tally.mismatches += differ;
                }
                tally.seconds += start.elapsed().as_secs_f64();
            }
        }
        next = end;
        progress(plan.rows_to(next), plan.rows);
    }
    let failing = match failing {
        Some((kind, tokens)) => {
            let engine = engines.iter().position(|(e, _)| e.kind() == kind).map(|i| engines.swap_remove(i));
            let (engine, tally) = engine.ok_or_else(|| internal("no engine failed".into()))?;
            let mut streamed = Streamed::new(block, design, engine)?;
            let run = Failing { inputs: tokens, sequence: usize::MAX };
            let smaller = minimise::minimise(block, &mut streamed, run);
            engines.push((Box::new(streamed), tally));
            Some((kind, smaller))
        }
        None => None,
    };
    let mut coverage = cover.0.finish();
    coverage.extend(cover.1.finish());
    let results = engines.into_iter().map(|(engine, tally)| EngineResult {
        block: block.block().to_string(),
        module: block.module_name(),
        engine: engine.kind().word(),
        vectors: plan.rows,
        mismatches: tally.mismatches,
        stream: Some(tally.counts),
        method: Method::Sampled,
        seed: plan.seed,
        coverage: coverage.clone(),
        seconds: tally.seconds,
    });
    Ok(Report { results: results.collect(), failing })
}

/// The runs of a batch, as many at a time as the simulator takes.
fn prepare(block: &dyn Configured, shape: &Shape, sim: &Sim, plan: &Plan, batch: u64) -> Vec<Batch> {
    let all = plan.batch(block, batch);
    let most = sim.closed_lanes();
    let mut parts = Vec::new();
    for first in (0..all.runs.len()).step_by(most) {
        let runs = all.select(first..(first + most).min(all.runs.len()));
        let seed = plan.seed ^ (batch << 20) ^ (first as u64) << 44;
        let trace = rehearse(sim, shape, &runs, 0..runs.runs.len(), Pace::Random(seed));
        let (mut inputs, mut outputs) = (Gatherer::new(&shape.inputs), Gatherer::new(&shape.outputs));
        inputs.add(&runs.tokens);
        outputs.add(&runs.expected);
        parts.push(Batch { runs, trace, inputs, outputs });
    }
    parts
}

/// The tokens of one run.
fn part(runs: &Runs, run: usize) -> Rows {
    let (range, stride) = (runs.runs[run].clone(), runs.tokens.stride());
    Rows::from_words(runs.tokens.widths(), runs.tokens.words()[range.start * stride..range.end * stride].to_vec())
}
