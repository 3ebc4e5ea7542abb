//! The native simulator: bit-sliced, so that one machine instruction works on many vectors.
//!
//! [`Sim::new`] opens up the hierarchy and breaks every operator of the table into one-bit gates,
//! shared and simplified (`net.rs`). The gates are put on a tape whose values live in few, reused
//! slots (`tape.rs`); each slot holds one bit of 512 vectors. Rows go in and out by transposition of
//! bit matrices (`transpose.rs`). Independent sequences run side by side in the lanes, chunks of
//! lanes on several threads; results do not depend on the number of threads.
//!
//! A single long sequence would leave the lanes empty; it runs on a tape of whole values instead
//! (`words.rs`). [`Sim::run`] chooses by the work to do.
//!
//! [`mod@reference`] is a second, slow evaluator straight from the operator table, to test this one.
//!
//! ```
//! use narrowgen_hdl::{prelude::*, sim::Sim};
//! let d = design("square", Reset::None, |m| {
//!     let x = m.uint_in("x", 4);
//!     m.output("y", x * x);
//! }).unwrap();
//! let mut checked = 0;
//! Sim::new(&d).unwrap().exhaustive(|first, outputs| {
//!     for i in 0..outputs.len() {
//!         let x = first + i as u64;
//!         assert_eq!(outputs.cell(i, 0), [x * x]);
//!         checked += 1;
//!     }
//! }).unwrap();
//! assert_eq!(checked, 16);
//! ```
mod closed;
pub mod cnf;
pub(crate) mod expand;
mod flatten;
mod machine;
pub(crate) mod net;
pub mod reference;
mod tape;
mod transpose;
mod words;

use crate::ir::Design;
use crate::rows::Rows;
use flatten::{Flat, flatten};
use machine::{Machine, Span, Stimulus};
use rayon::prelude::*;
use words::Words;

/// A design that cannot be simulated, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimError(pub String);

impl std::fmt::Display for SimError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SimError {}

/// A claim of the design (`narrow`, `unsigned`, …) that a vector disproved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFailed {
    /// Row of the stimulus.
    pub row: u64,
    /// What was claimed.
    pub text: String,
}

impl std::fmt::Display for ClaimFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "row {}: the design claims what does not hold: {}", self.row, self.text)
    }
}

impl std::error::Error for ClaimFailed {}

/// Words of lanes per sweep: 512 vectors.
const WORDS: usize = 8;
/// Most rows of a chunk, the unit of parallel work; its outputs stay in the cache.
const CHUNK: usize = 1 << 12;
/// Gate evaluations (of 512 vectors each) that are worth waking other threads for.
const PARALLEL: usize = 1 << 18;
/// Most words of memory contents of one block.
const MEMORY: usize = 1 << 26;

/// A compiled design. It holds no simulation state, so one may be shared by threads.
pub struct Sim {
    machine: Machine,
    /// For designs with registers and no value too wide.
    words: Option<Words>,
    inputs: Vec<u32>,
    outputs: Vec<u32>,
    /// Kept to name the claim that fails.
    flat: Option<Box<Flat>>,
}

impl Sim {
    /// Compiles the top module.
    pub fn new(design: &Design) -> Result<Sim, SimError> {
        let widths = |ports: &[crate::ir::Port]| ports.iter().map(|p| p.width).collect::<Vec<u32>>();
        let (inputs, outputs) = (widths(&design.top().inputs), widths(&design.top().outputs));
        let flat = flatten(design)?;
        let machine = Machine::new(&flat, inputs.clone(), &flat.outputs, outputs.clone(), true);
        let flat = (!flat.claims.is_empty()).then(|| Box::new(flat));
        let words = if machine.is_combinational() { None } else { Words::new(design) };
        Ok(Sim { machine, words, inputs, outputs, flat })
    }

    /// Widths of the input columns.
    pub fn inputs(&self) -> &[u32] {
        &self.inputs
    }

    /// Widths of the output columns.
    pub fn outputs(&self) -> &[u32] {
        &self.outputs
    }

    /// True if a row never depends on the one before.
    pub fn is_combinational(&self) -> bool {
        self.machine.is_combinational()
    }

    /// One-bit gates evaluated per row, and slots they use.
    pub fn size(&self) -> (usize, usize) {
        self.machine.size()
    }

    /// Simulates. `sequence` rows each form one independent run from the reset state (0: all rows are
    /// one run; without meaning for combinational designs). Outputs are sampled before the clock edge
    /// that ends a row's cycle. The columns must be the design's input ports, in order.
    pub fn run(&self, rows: &Rows, sequence: usize) -> Result<Rows, ClaimFailed> {
        let length = self.machine.sequence(sequence, rows.len());
        let lanes = rows.len().div_ceil(length);
        // Nanoseconds per row: about one for a gate in 64 lanes, three for an instruction in one.
        let best = match &self.words {
            Some(words) if lanes <= 64 && 3 * words.len() * lanes < self.size().0 => Engine::Words(words),
            _ => Engine::Lanes(&self.machine),
        };
        self.run_on(best, rows, length)
    }

    fn run_on(&self, engine: Engine, rows: &Rows, length: usize) -> Result<Rows, ClaimFailed> {
        run(engine, rows, length, &self.inputs, &self.outputs).map_err(|row| {
            let start = row / length * length;
            let mut replay = Rows::zeros(rows.widths(), row + 1 - start);
            replay.words_mut().copy_from_slice(&rows.words()[start * rows.stride()..(row + 1) * rows.stride()]);
            self.blame(row, &replay)
        })
    }

    /// Names the claim that fails in the last row of one sequence.
    fn blame(&self, row: usize, sequence: &Rows) -> ClaimFailed {
        let text = self.flat.as_deref().and_then(|flat| {
            let claims: Vec<net::Lit> = flat.claims.iter().map(|c| c.0).collect();
            let widths = vec![1; claims.len()];
            let machine = Machine::new(flat, self.inputs.clone(), &claims, widths.clone(), false);
            let length = machine.sequence(0, sequence.len());
            let holds = run(Engine::Lanes(&machine), sequence, length, &self.inputs, &widths).ok()?;
            let failed = (0..claims.len()).find(|c| holds.cell(holds.len() - 1, *c) == [0])?;
            Some(flat.claims[failed].1.clone())
        });
        ClaimFailed { row: row as u64, text: text.unwrap_or_else(|| "internal error: no claim fails when replayed".into()) }
    }

    /// Simulates every input code once: row `r` has the bits of `r` as inputs, column 0 in the low
    /// bits (see [`Rows::counting`]); registers are in reset state in each. `each` gets consecutive
    /// parts in order: number of the first row, and the outputs. Panics beyond 48 input bits.
    pub fn exhaustive(&self, mut each: impl FnMut(u64, &Rows)) -> Result<(), ClaimFailed> {
        let blocks = (1usize << self.input_bits()).div_ceil(64 * WORDS);
        if blocks.saturating_mul(self.size().0) < PARALLEL {
            self.parts(1, |_, _| (), |first, outputs, ()| each(first, outputs))
        } else {
            self.exhaustive_map(|_, _| (), |first, outputs, ()| each(first, outputs))
        }
    }

    /// Like [`Sim::exhaustive`]; `map` is called on the parts by several threads at once, `each` with
    /// its results in order.
    pub fn exhaustive_map<T: Send>(
        &self,
        map: impl Fn(u64, &Rows) -> T + Sync,
        each: impl FnMut(u64, &Rows, T),
    ) -> Result<(), ClaimFailed> {
        self.parts(16 * rayon::current_num_threads(), map, each)
    }

    fn input_bits(&self) -> u32 {
        let bits: u32 = self.inputs.iter().sum();
        assert!(bits <= 48, "internal error: exhaustive simulation of {bits} input bits");
        bits
    }

    /// All codes, `at_once` parts at a time.
    fn parts<T: Send>(
        &self,
        at_once: usize,
        map: impl Fn(u64, &Rows) -> T + Sync,
        mut each: impl FnMut(u64, &Rows, T),
    ) -> Result<(), ClaimFailed> {
        let total = 1usize << self.input_bits();
        let part = total.min(CHUNK);
        let mut parts: Vec<Rows> = (0..at_once.min(total / part)).map(|_| Rows::zeros(&self.outputs, part)).collect();
        let mut first = 0;
        while first < total {
            let simulate = |(i, rows): (usize, &mut Rows)| {
                let at = first + i * part;
                let span = Span { first: at, lanes: part, cycles: 1, rows: total };
                match chunk(&self.machine, Stimulus::Counting, span, rows.words_mut()) {
                    Some(row) => Err(row),
                    None => Ok(map(at as u64, rows)),
                }
            };
            let now = parts.len().min((total - first) / part);
            let mapped: Vec<Result<T, usize>> = match now {
                1 => vec![simulate((0, &mut parts[0]))],
                _ => parts[..now].par_iter_mut().enumerate().map(simulate).collect(),
            };
            for ((i, rows), result) in parts.iter().enumerate().zip(mapped) {
                match result {
                    Ok(t) => each((first + i * part) as u64, rows, t),
                    Err(row) => return Err(self.blame(row, &Rows::counting(&self.inputs, row as u64, 1))),
                }
            }
            first += now * part;
        }
        Ok(())
    }
}

/// What computes the rows.
#[derive(Clone, Copy)]
enum Engine<'a> {
    /// Gates, many sequences at a time.
    Lanes(&'a Machine),
    /// Whole values, one sequence after the other.
    Words(&'a Words),
}

/// All rows, in parallel where that pays; the error is the row of a failed claim.
fn run(engine: Engine, rows: &Rows, cycles: usize, inputs: &[u32], outputs: &[u32]) -> Result<Rows, usize> {
    assert_eq!(rows.widths(), inputs, "internal error: the columns are not the design's inputs");
    let lanes = rows.len().div_ceil(cycles);
    let (block, work) = match engine {
        Engine::Lanes(machine) => (64 * WORDS, lanes.div_ceil(64 * WORDS) * cycles * machine.size().0),
        Engine::Words(words) => (1, rows.len() * words.len()),
    };
    // Several chunks for every thread, each of whole blocks.
    let per_chunk = (lanes / (4 * rayon::current_num_threads())).clamp(1, CHUNK).next_multiple_of(block);
    let mut out = Rows::zeros(outputs, rows.len());
    let stride = out.stride();
    let mut rest = out.words_mut();
    let mut chunks = Vec::new();
    for first in (0..lanes).step_by(per_chunk) {
        let span = Span { first, lanes: per_chunk.min(lanes - first), cycles, rows: rows.len() };
        let (mine, others) = std::mem::take(&mut rest).split_at_mut(span.len() * stride);
        rest = others;
        chunks.push((span, mine));
    }
    let simulate = |(span, out)| match engine {
        Engine::Lanes(machine) => chunk(machine, Stimulus::Rows(rows), span, out),
        Engine::Words(words) => words.run(rows, span, out),
    };
    let failed: Vec<Option<usize>> =
        if work < PARALLEL { chunks.into_iter().map(simulate).collect() } else { chunks.into_par_iter().map(simulate).collect() };
    match failed.into_iter().flatten().next() {
        Some(row) => Err(row),
        None => Ok(out),
    }
}

/// One chunk, block after block.
fn chunk(machine: &Machine, from: Stimulus, span: Span, out: &mut [u64]) -> Option<usize> {
    if span.lanes <= 64 || machine.memory_words() * 64 * WORDS > MEMORY {
        blocks::<1>(machine, from, span, out)
    } else {
        pulp::Arch::new().dispatch(Wide { machine, from, span, out })
    }
}

/// Compiled once for every vector extension and chosen at run time.
struct Wide<'a> {
    machine: &'a Machine,
    from: Stimulus<'a>,
    span: Span,
    out: &'a mut [u64],
}

impl pulp::NullaryFnOnce for Wide<'_> {
    type Output = Option<usize>;
    #[inline(always)]
    fn call(self) -> Option<usize> {
        blocks::<WORDS>(self.machine, self.from, self.span, self.out)
    }
}

#[inline(always)]
fn blocks<const N: usize>(machine: &Machine, from: Stimulus, span: Span, mut out: &mut [u64]) -> Option<usize> {
    let mut block = machine.block::<N>();
    let row_words = out.len() / span.len().max(1);
    for done in (0..span.lanes).step_by(64 * N) {
        let part = Span { first: span.first + done, lanes: (span.lanes - done).min(64 * N), ..span };
        let (mine, rest) = std::mem::take(&mut out).split_at_mut(part.len() * row_words);
        out = rest;
        if let Some(row) = machine.run(&mut block, from, part, mine) {
            return Some(row);
        }
    }
    None
}

#[cfg(test)]
mod tests;
