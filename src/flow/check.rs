//! The check: golden model against the native simulator and against Verilator on the printed Verilog.
//!
//! Expected values cross as plain integers. A result says how its vectors were chosen; one that ran
//! no vector is an error, never a pass.
use crate::blocks::{Configured, Port};
use crate::flow::coverage::{Gatherer, PortCoverage};
use crate::flow::engine::{self, Engine, EngineError, Kind, Verilated};
use crate::flow::minimise::{self, Failing};
use crate::flow::stimulus::{Method, Options, Plan};
use crate::flow::stream::{self, check::Counts};
use crate::hdl::ir::Design;
use crate::hdl::rows::Rows;
use rayon::prelude::*;
use serde::Serialize;
use std::time::Instant;

/// What one engine showed.
#[derive(Clone, Debug, Serialize)]
pub struct EngineResult {
    /// Block name.
    pub block: String,
    /// Verilog module.
    pub module: String,
    /// `native` or `verilator`.
    pub engine: &'static str,
    /// Vectors (cycles, for blocks with state) compared.
    pub vectors: u64,
    /// Vectors whose outputs differ from the golden model.
    pub mismatches: u64,
    /// What passed the ports, if the vectors are rows of tokens; mismatches are tokens then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Counts>,
    /// `exhaustive` or `sampled`.
    pub method: Method,
    /// Seed of sampled vectors.
    pub seed: u64,
    /// What the vectors met, port by port, inputs first.
    pub coverage: Vec<PortCoverage>,
    /// Wall time of this engine in seconds, building included.
    pub seconds: f64,
}

/// A finished check.
pub struct Report {
    /// One entry per engine.
    pub results: Vec<EngineResult>,
    /// The first mismatch, minimised: the engine and the failing run.
    pub failing: Option<(Kind, Failing)>,
}

/// Why a check could not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CheckError {
    /// The request makes no sense.
    #[error("{0}")]
    Usage(String),
    /// An engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Report {
    /// True if every engine agreed on every vector.
    pub fn passed(&self) -> bool {
        !self.results.is_empty() && self.results.iter().all(|r| r.mismatches == 0 && r.vectors > 0)
    }
}

/// Checks a design of a block on the given engines. `progress` is told vectors done and in all.
pub fn check(
    block: &dyn Configured,
    design: &Design,
    kinds: &[Kind],
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Report, CheckError> {
    if block.row_lengths().is_some() {
        return stream::check::check(block, design, kinds, options, progress);
    }
    let stateful = block.stateful();
    let plan = Plan::new(block, stateful, options).map_err(CheckError::Usage)?;
    let ports = block.ports();
    let (inputs, outputs): (Vec<Port>, Vec<Port>) = ports.into_iter().partition(|p| p.input);
    let mut results: Vec<EngineResult> = Vec::new();
    let mut failing = None;
    let start = Instant::now();
    std::thread::scope(|scope| {
        // The Verilator model builds while the golden model works.
        let building = kinds.contains(&Kind::Verilator).then(|| scope.spawn(|| Verilated::new(design)));
        let mut engines: Vec<Box<dyn Engine>> = Vec::new();
        if kinds.contains(&Kind::Native) {
            engines.push(engine::native(block, design)?);
        }
        let mut building = building;
        let mut tally = vec![(0u64, 0u64, 0f64); kinds.len()];
        let mut cover = (Gatherer::new(&inputs), Gatherer::new(&outputs));
        let group = rayon::current_num_threads() as u64;
        let mut chunk = 0;
        while chunk < plan.chunks() {
            let end = (chunk + group).min(plan.chunks());
            let batch: Vec<(Rows, Rows, Gatherer, Gatherer)> = (chunk..end)
                .into_par_iter()
                .map(|c| {
                    let rows = plan.chunk(c);
                    let expected = engine::golden(block, &rows, plan.sequence);
                    let (mut i, mut o) = (Gatherer::new(&inputs), Gatherer::new(&outputs));
                    i.add(&rows);
                    o.add(&expected);
                    (rows, expected, i, o)
                })
                .collect();
            if let Some(handle) = building.take() {
                let model = handle.join().map_err(|_| EngineError::Tool {
                    message: "internal error: the Verilator build thread panicked".into(),
                    help: String::new(),
                })??;
                engines.push(engine::around(block, design, model)?);
            }
            for (rows, expected, i, o) in &batch {
                cover.0.merge(i);
                cover.1.merge(o);
                for (e, (vectors, mismatches, seconds)) in engines.iter_mut().zip(&mut tally) {
                    let began = Instant::now();
                    let found = e.run(rows, plan.sequence)?;
                    *seconds += began.elapsed().as_secs_f64();
                    *vectors += rows.len() as u64;
                    let bad = differing(expected, &found);
                    *mismatches += bad.len() as u64;
                    if let (Some(row), true) = (bad.first(), failing.is_none()) {
                        failing = Some((e.kind(), Failing::cut(rows, *row, plan.sequence)));
                    }
                }
            }
            chunk = end;
            progress(plan.first_row(chunk).min(plan.vectors), plan.vectors);
        }
        if let Some((kind, run)) = failing.take() {
            let e = engines.iter_mut().find(|e| e.kind() == kind);
            failing = Some((kind, e.map_or(run.clone(), |e| minimise::minimise(block, e.as_mut(), run))));
        }
        let mut coverage = cover.0.finish();
        coverage.extend(cover.1.finish());
        for (e, (vectors, mismatches, seconds)) in engines.iter().zip(tally) {
            if vectors == 0 {
                return Err(CheckError::Usage("internal error: a check ran 0 vectors".into()));
            }
            let building = if e.kind() == Kind::Verilator { start.elapsed().as_secs_f64() } else { seconds };
            results.push(EngineResult {
                block: block.block().to_string(),
                module: block.module_name(),
                engine: e.kind().word(),
                vectors,
                mismatches,
                stream: None,
                method: plan.method,
                seed: plan.seed,
                coverage: coverage.clone(),
                seconds: building,
            });
        }
        Ok(())
    })?;
    Ok(Report { results, failing })
}

/// Rows that differ.
pub fn differing(expected: &Rows, found: &Rows) -> Vec<usize> {
    if expected.words() == found.words() && expected.len() == found.len() {
        return Vec::new();
    }
    let stride = expected.stride().max(1);
    let (a, b) = (expected.words().chunks(stride), found.words().chunks(stride));
    let mut bad: Vec<usize> = a.zip(b).enumerate().filter(|(_, (x, y))| x != y).map(|(i, _)| i).collect();
    if expected.len() != found.len() {
        bad.push(expected.len().min(found.len()));
    }
    bad
}
