//! Blocks that take and give rows of tokens over valid and ready.
//!
//! A source that holds its token until it is taken, with bubbles before it, and a sink with random
//! back-pressure run around the native simulator ([`closed`]). What they put on the inputs, cycle by
//! cycle, is a table like any other, which any engine replays; from what *that* engine shows, the
//! tokens it took and gave are read off and judged ([`judge`]).
pub mod check;
pub mod closed;
pub mod judge;
pub mod plan;
#[cfg(test)]
mod tests;
pub mod timing;

use super::engine::{Engine, EngineError, Kind, modelled};
use super::timed::{Pins, internal};
use crate::blocks::{Configured, Port, Role, RowLengths};
use crate::flow::stimulus::Options;
use crate::golden::model::Model;
use crate::hdl::ir::Design;
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;
use closed::Pace;
use std::ops::Range;

/// The columns of a stream: those of its tokens and those of its hardware.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Rows it takes.
    pub rows: RowLengths,
    /// Ports that input tokens pass, in order.
    pub inputs: Vec<Port>,
    /// Ports that output tokens pass, in order.
    pub outputs: Vec<Port>,
    /// Column of an input token that ends the row.
    pub last: usize,
    pins: (Pins, Pins),
    in_valid: usize,
    out_ready: usize,
    in_ready: usize,
    out_valid: usize,
}

impl Shape {
    /// Of the hardware of a block that is a stream.
    pub fn new(block: &dyn Configured, design: &Design) -> Result<Shape, EngineError> {
        let rows = block.row_lengths().ok_or_else(|| internal(format!("`{}` is no stream", block.block())))?;
        let (inputs, outputs): (Vec<Port>, Vec<Port>) = block.ports().into_iter().partition(|p| p.input);
        let names = |ports: &[Port]| ports.iter().map(|p| p.name).collect::<Vec<_>>();
        let pins = (Pins::new(&design.top().inputs, &names(&inputs))?, Pins::new(&design.top().outputs, &names(&outputs))?);
        let last = inputs.iter().position(|p| p.role == Role::Last).ok_or_else(|| internal("no port ends a row".into()))?;
        Ok(Shape {
            rows,
            last,
            in_valid: pins.0.control("in_valid")?,
            out_ready: pins.0.control("out_ready")?,
            in_ready: pins.1.control("in_ready")?,
            out_valid: pins.1.control("out_valid")?,
            inputs,
            outputs,
            pins,
        })
    }

    /// Widths of an output token.
    pub fn out_widths(&self) -> Vec<u32> {
        self.outputs.iter().map(|p| p.bits).collect()
    }

    /// True if the token at `row` ends a row.
    pub fn ends(&self, tokens: &Rows, row: usize) -> bool {
        tokens.cell(row, self.last)[0] != 0
    }
}

/// Independent runs of tokens with what must come of them.
pub struct Runs {
    /// All input tokens.
    pub tokens: Rows,
    /// The runs, one after the other.
    pub runs: Vec<Range<usize>>,
    /// All expected output tokens.
    pub expected: Rows,
    /// The share of each run.
    pub shares: Vec<Range<usize>>,
}

impl Runs {
    /// With the answers of a golden model.
    pub fn new(model: &mut dyn Model, shape: &Shape, tokens: Rows, runs: Vec<Range<usize>>) -> Runs {
        let widths = shape.out_widths();
        let (mut words, mut shares, mut at) = (Vec::new(), Vec::new(), 0);
        for run in &runs {
            let out = modelled(model, &tokens, run.clone(), &widths);
            shares.push(at..at + out.len());
            at += out.len();
            words.extend_from_slice(out.words());
        }
        Runs { tokens, runs, expected: Rows::from_words(&widths, words), shares }
    }

    /// Some of the runs.
    pub fn select(&self, which: Range<usize>) -> Runs {
        let cut = |rows: &Rows, ranges: &[Range<usize>]| {
            let (first, last) = (ranges[which.start].start, ranges[which.end - 1].end);
            let words = rows.words()[first * rows.stride()..last * rows.stride()].to_vec();
            let ranges = ranges[which.clone()].iter().map(|r| r.start - first..r.end - first).collect();
            (Rows::from_words(rows.widths(), words), ranges)
        };
        let (tokens, runs) = cut(&self.tokens, &self.runs);
        let (expected, shares) = cut(&self.expected, &self.shares);
        Runs { tokens, runs, expected, shares }
    }
}

/// An engine on the hardware of a stream: tokens in, tokens out.
pub struct Streamed {
    inner: Box<dyn Engine + Send>,
    sim: Sim,
    shape: Shape,
    model: Box<dyn Model>,
}

impl Streamed {
    /// Around an engine on the hardware.
    pub fn new(block: &dyn Configured, design: &Design, inner: Box<dyn Engine + Send>) -> Result<Streamed, EngineError> {
        let shape = Shape::new(block, design)?;
        let sim = Sim::new(design).map_err(|e| internal(e.to_string()))?;
        Ok(Streamed { inner, sim, shape, model: block.golden() })
    }
}

impl Engine for Streamed {
    fn kind(&self) -> Kind {
        self.inner.kind()
    }

    /// The output tokens that follow from input tokens, however many; `sequence` tokens form an independent run.
    fn run(&mut self, tokens: &Rows, sequence: usize) -> Result<Rows, EngineError> {
        let length = if sequence == 0 { tokens.len().max(1) } else { sequence };
        let runs = (0..tokens.len()).step_by(length).map(|first| first..(first + length).min(tokens.len())).collect();
        let runs = Runs::new(self.model.as_mut(), &self.shape, tokens.clone(), runs);
        let mut out = Vec::new();
        for part in (0..runs.runs.len()).collect::<Vec<_>>().chunks(self.sim.closed_lanes()) {
            let range = part[0]..part[part.len() - 1] + 1;
            let trace = closed::rehearse(&self.sim, &self.shape, &runs, range.clone(), Pace::Random(1));
            let seen = self.inner.run(&trace.driven, trace.cycles)?;
            for (lane, run) in range.enumerate() {
                let found = judge::read(&self.shape, &trace, &seen, lane)?;
                if let Some(text) = judge::taken(&runs, run, &found.taken) {
                    return Err(EngineError::Protocol { text });
                }
                out.extend_from_slice(found.given.words());
            }
        }
        Ok(Rows::from_words(&self.shape.out_widths(), out))
    }
}

/// The tokens as one run in the native simulator: what comes of them, and what source and sink do.
pub fn played(block: &dyn Configured, design: &Design, tokens: &Rows) -> Result<(Shape, Runs, closed::Trace), EngineError> {
    let shape = Shape::new(block, design)?;
    let sim = Sim::new(design).map_err(|e| internal(e.to_string()))?;
    let end = tokens.len();
    let runs = Runs::new(block.golden().as_mut(), &shape, tokens.clone(), std::iter::once(0..end).collect());
    let trace = closed::rehearse(&sim, &shape, &runs, 0..1, Pace::Random(1));
    Ok((shape, runs, trace))
}

/// Runs laid out for a testbench, cycle by cycle.
pub struct Layout {
    /// Inputs of the hardware.
    pub driven: Rows,
    /// Cycles of each run.
    pub cycles: usize,
    /// Values of `in_ready` and `out_valid`.
    pub answers: Vec<(bool, bool)>,
    /// For every cycle the output token that is there.
    pub shown: Vec<Option<usize>>,
    /// Output tokens.
    pub expected: Rows,
    /// Rows in all.
    pub rows: u64,
}

/// Lays out about as many rows as are asked for.
pub fn layout(block: &dyn Configured, design: &Design, rows: u64) -> Result<Layout, String> {
    let text = |e: EngineError| e.to_string();
    let shape = Shape::new(block, design).map_err(text)?;
    let sim = Sim::new(design).map_err(|e| e.to_string())?;
    let plan = plan::Plan::new(block, &shape, &Options { vectors: rows, ..Options::default() })?;
    let runs = plan.batch(block, 0);
    let runs = runs.select(0..runs.runs.len().min(sim.closed_lanes()));
    let trace = closed::rehearse(&sim, &shape, &runs, 0..runs.runs.len(), Pace::Random(plan.seed));
    let seen = sim.run(&trace.driven, trace.cycles).map_err(|e| e.to_string())?;
    let bit = |rows: &Rows, at: usize, column: usize| rows.cell(at, column)[0] != 0;
    let answers: Vec<(bool, bool)> =
        (0..seen.len()).map(|at| (bit(&seen, at, shape.in_ready), bit(&seen, at, shape.out_valid))).collect();
    let mut shown = vec![None; seen.len()];
    for (run, share) in runs.shares.iter().enumerate() {
        let mut token = share.start;
        for at in run * trace.cycles..(run + 1) * trace.cycles {
            let there = answers[at].1;
            shown[at] = (there && token < share.end).then_some(token);
            token += usize::from(there && bit(&trace.driven, at, shape.out_ready));
        }
        if token != share.end {
            return Err("the hardware gives another number of tokens than the golden model".into());
        }
    }
    let rows = (0..runs.tokens.len()).filter(|t| shape.ends(&runs.tokens, *t)).count() as u64;
    Ok(Layout { cycles: trace.cycles, driven: trace.driven, answers, shown, expected: runs.expected, rows })
}
