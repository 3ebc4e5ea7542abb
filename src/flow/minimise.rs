//! Makes a failing run small: fewer cycles, fewer set bits, still failing.
use crate::blocks::{Configured, Port, Role};
use crate::flow::engine::{self, Engine};
use crate::hdl::rows::Rows;
use num_bigint::BigUint;

/// Most runs of the engine that minimising may take.
const TRIES: usize = 3000;

/// A run that ends in a mismatch at its last row.
#[derive(Clone, Debug)]
pub struct Failing {
    /// Input codes; one row for blocks without state.
    pub inputs: Rows,
    /// Sequence length it was run with; 0 for blocks without state.
    pub sequence: usize,
}

/// A failing run with what was expected and what came, row by row.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Golden outputs.
    pub expected: Rows,
    /// The engine's outputs.
    pub found: Rows,
}

impl Failing {
    /// The part of a table that leads to the mismatch at `row`.
    pub fn cut(rows: &Rows, row: usize, sequence: usize) -> Failing {
        let first = if sequence == 0 { row } else { row - row % sequence };
        Failing { inputs: take(rows, first..=row), sequence: if sequence == 0 { 0 } else { usize::MAX } }
    }

    /// Runs it once more on golden and engine.
    pub fn show(&self, block: &dyn Configured, engine: &mut dyn Engine) -> Option<Shown> {
        let sequence = if self.sequence == 0 { 0 } else { self.inputs.len() };
        let found = engine.run(&self.inputs, sequence).ok()?;
        Some(Shown { expected: engine::golden(block, &self.inputs, sequence), found })
    }

    fn fails(&self, block: &dyn Configured, engine: &mut dyn Engine) -> bool {
        self.show(block, engine).is_some_and(|s| s.expected != s.found)
    }
}

fn take(rows: &Rows, range: std::ops::RangeInclusive<usize>) -> Rows {
    let s = rows.stride();
    Rows::from_words(rows.widths(), rows.words()[range.start() * s..(range.end() + 1) * s].to_vec())
}

/// The smallest failing run found: drops cycles, then clears cells and bits, as long as it still fails,
/// until neither helps.
pub fn minimise(block: &dyn Configured, engine: &mut dyn Engine, run: Failing) -> Failing {
    let mut best = run;
    let mut tries = 0;
    let mut attempt = |candidate: Failing, best: &mut Failing| -> bool {
        tries += 1;
        let better = tries <= TRIES && candidate.fails(block, engine);
        if better {
            *best = candidate;
        }
        better
    };
    let ports: Vec<Port> = block.ports().into_iter().filter(|p| p.input).collect();
    let last = block.row_lengths().and_then(|_| ports.iter().position(|p| p.role == Role::Last));
    // What ends a row of a stream stays: its rows have lengths that are allowed.
    let columns: Vec<usize> = (0..ports.len()).filter(|c| last.is_none() || ports[*c].role != Role::Last).collect();
    loop {
        let before = best.inputs.clone();
        match last {
            None => drop_cycles(&mut best, &mut attempt),
            Some(last) => drop_rows(&mut best, last, &mut attempt),
        }
        clear_bits(&mut best, &columns, &mut attempt);
        if best.inputs == before {
            return best;
        }
    }
}

/// Whole halves first, then single cycles.
fn drop_cycles(best: &mut Failing, attempt: &mut impl FnMut(Failing, &mut Failing) -> bool) {
    let mut size = best.inputs.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size <= best.inputs.len() && best.inputs.len() > size {
            let s = best.inputs.stride();
            let mut words = best.inputs.words().to_vec();
            words.drain(at * s..(at + size) * s);
            let candidate = Failing { inputs: Rows::from_words(best.inputs.widths(), words), ..best.clone() };
            if !attempt(candidate, best) {
                at += size;
            }
        }
        size /= 2;
    }
}

/// Whole rows of tokens, one after the other from the front.
fn drop_rows(best: &mut Failing, last: usize, attempt: &mut impl FnMut(Failing, &mut Failing) -> bool) {
    let mut first = 0;
    while let Some(length) = (first..best.inputs.len()).position(|token| best.inputs.cell(token, last)[0] != 0) {
        let end = first + length + 1;
        let s = best.inputs.stride();
        let mut words = best.inputs.words().to_vec();
        words.drain(first * s..end * s);
        let candidate = Failing { inputs: Rows::from_words(best.inputs.widths(), words), ..best.clone() };
        if candidate.inputs.is_empty() || !attempt(candidate, best) {
            first = end;
        }
    }
}

/// Whole cells first, then single bits from the top.
fn clear_bits(best: &mut Failing, columns: &[usize], attempt: &mut impl FnMut(Failing, &mut Failing) -> bool) {
    for row in 0..best.inputs.len() {
        for column in columns.iter().copied() {
            let mut candidate = best.clone();
            candidate.inputs.set(row, column, &BigUint::default());
            if candidate.inputs == best.inputs || attempt(candidate, best) {
                continue;
            }
            for bit in (0..u64::from(best.inputs.widths()[column])).rev() {
                let mut value = best.inputs.get(row, column);
                if value.bit(bit) {
                    value.set_bit(bit, false);
                    let mut candidate = best.clone();
                    candidate.inputs.set(row, column, &value);
                    attempt(candidate, best);
                }
            }
        }
    }
}
