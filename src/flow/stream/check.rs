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

/// What was found on one engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// What passed.
    pub counts: Counts,
    /// Output tokens that differ.
    pub mismatches: u64,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// What was found on some engines.
pub struct Found {
    /// Of each engine.
    pub tallies: Vec<Tally>,
    /// The engine that differed first, and the tokens of its run.
    pub failing: Option<(usize, Rows)>,
    inputs: Gatherer,
    outputs: Gatherer,
}

/// Compares engines on the hardware of a stream with its golden model; rows are what the options call vectors.
pub fn compare(
    block: &dyn Configured,
    design: &Design,
    engines: &mut [&mut dyn Engine],
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Found, CheckError> {
    let shape = Shape::new(block, design)?;
    let plan = Plan::new(block, &shape, options).map_err(CheckError::Usage)?;
    let sim = Sim::new(design).map_err(|e| internal(e.to_string()))?;
    let mut found = Found {
        tallies: vec![Tally::default(); engines.len()],
        failing: None,
        inputs: Gatherer::new(&shape.inputs),
        outputs: Gatherer::new(&shape.outputs),
    };
    let group = rayon::current_num_threads() as u64;
    let mut next = 0;
    while next < plan.batches() {
        let end = (next + group).min(plan.batches());
        let batches: Vec<Vec<Batch>> = (next..end).into_par_iter().map(|b| prepare(block, &shape, &sim, &plan, b)).collect();
        for batch in batches.iter().flatten() {
            found.inputs.merge(&batch.inputs);
            found.outputs.merge(&batch.outputs);
            for (number, (engine, tally)) in engines.iter_mut().zip(&mut found.tallies).enumerate() {
                let start = Instant::now();
                let seen = engine.run(&batch.trace.driven, batch.trace.cycles)?;
                tally.counts.tokens += batch.runs.tokens.len() as u64;
                tally.counts.cycles += batch.trace.driven.len() as u64;
                for run in 0..batch.runs.runs.len() {
                    let passed = judge::read(&shape, &batch.trace, &seen, run)?;
                    let differ = judge::differing(&batch.runs, run, &passed.given);
                    if differ > 0 && found.failing.is_none() {
                        found.failing = Some((number, part(&batch.runs, run)));
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
    Ok(found)
}

/// Checks a stream on the given engines.
pub fn check(
    block: &dyn Configured,
    design: &Design,
    kinds: &[Kind],
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report, CheckError> {
    let mut engines: Vec<(Box<dyn Engine + Send>, f64)> = Vec::new();
    for kind in kinds {
        let start = Instant::now();
        let engine: Box<dyn Engine + Send> = match kind {
            Kind::Verilator => Box::new(Verilated::new(design)?),
            _ => Box::new(Native::new(design)?),
        };
        engines.push((engine, start.elapsed().as_secs_f64()));
    }
    let mut borrowed: Vec<&mut dyn Engine> = engines.iter_mut().map(|(e, _)| e.as_mut() as &mut dyn Engine).collect();
    let found = compare(block, design, &mut borrowed, options, progress)?;
    let mut coverage = found.inputs.finish();
    coverage.extend(found.outputs.finish());
    let results: Vec<EngineResult> = engines
        .iter()
        .zip(&found.tallies)
        .map(|((engine, building), tally)| EngineResult {
            block: block.block().to_string(),
            module: block.module_name(),
            engine: engine.kind().word(),
            vectors: options.vectors,
            mismatches: tally.mismatches,
            stream: Some(tally.counts),
            method: Method::Sampled,
            seed: options.seed,
            coverage: coverage.clone(),
            seconds: building + tally.seconds,
        })
        .collect();
    let failing = match found.failing {
        Some((number, tokens)) => {
            let (engine, _) = engines.swap_remove(number);
            let kind = engine.kind();
            let mut streamed = Streamed::new(block, design, engine)?;
            Some((kind, minimise::minimise(block, &mut streamed, Failing { inputs: tokens, sequence: usize::MAX })))
        }
        None => None,
    };
    Ok(Report { results, failing })
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
