//! Reads the tokens that an engine took and gave off its ports, and judges them.
use super::closed::Trace;
use super::{Runs, Shape};
use crate::flow::engine::EngineError;
use crate::hdl::rows::Rows;

/// What passed the ports in one run.
pub struct Passed {
    /// Input tokens that were taken.
    pub taken: Rows,
    /// Output tokens that were given.
    pub given: Rows,
    /// Cycles in which a token was taken.
    pub taken_at: Vec<usize>,
    /// Cycles in which an output token was first there.
    pub there_at: Vec<usize>,
}

/// The tokens of a run of a trace; `seen` are the outputs of the engine that replayed it.
/// Errors: a token that is not taken does not stay as it is.
pub fn read(shape: &Shape, trace: &Trace, seen: &Rows, lane: usize) -> Result<Passed, EngineError> {
    let first = lane * trace.cycles;
    let (mut taken, mut given) = (Vec::new(), Vec::new());
    let (mut taken_at, mut there_at) = (Vec::new(), Vec::new());
    let bit = |rows: &Rows, at: usize, column: usize| rows.cell(at, column)[0] != 0;
    let copy = |rows: &Rows, at: usize, columns: &[usize], to: &mut Vec<u64>| {
        columns.iter().for_each(|h| to.extend_from_slice(rows.cell(at, *h)));
    };
    let (ins, outs) = (&shape.pins.0, &shape.pins.1);
    let mut waiting = false;
    for cycle in 0..trace.cycles {
        let at = first + cycle;
        if bit(&trace.driven, at, shape.in_valid) && bit(seen, at, shape.in_ready) {
            copy(&trace.driven, at, &ins.data, &mut taken);
            taken_at.push(cycle);
        }
        let valid = bit(seen, at, shape.out_valid);
        if waiting && !(valid && outs.data.iter().all(|h| seen.cell(at - 1, *h) == seen.cell(at, *h))) {
            let text = format!("in cycle {} the sink is not ready and the token does not stay", cycle - 1);
            return Err(EngineError::Protocol { text });
        }
        if valid && !waiting {
            there_at.push(cycle);
        }
        let ready = bit(&trace.driven, at, shape.out_ready);
        if valid && ready {
            copy(seen, at, &outs.data, &mut given);
        }
        waiting = valid && !ready;
    }
    let widths = shape.inputs.iter().map(|p| p.bits).collect::<Vec<_>>();
    Ok(Passed {
        taken: Rows::from_words(&widths, taken),
        given: Rows::from_words(&shape.out_widths(), given),
        taken_at,
        there_at,
    })
}

/// What is wrong with the tokens that were taken in a run: each offered one must be, once and in order.
pub fn taken(runs: &Runs, run: usize, taken: &Rows) -> Option<String> {
    let range = runs.runs[run].clone();
    let stride = runs.tokens.stride();
    let offered = &runs.tokens.words()[range.start * stride..range.end * stride];
    if taken.words() == offered {
        return None;
    }
    let same = taken.words().chunks(stride).zip(offered.chunks(stride)).take_while(|(a, b)| a == b).count();
    Some(match (taken.len(), range.len()) {
        (found, all) if found < all && same == found => {
            format!("after {found} of {all} input tokens, no other is taken and not every result leaves")
        }
        _ => format!("input token {same} is taken twice or passed over"),
    })
}

/// Output tokens of a run that differ from the expected ones: wrong, missing or too many.
pub fn differing(runs: &Runs, run: usize, given: &Rows) -> u64 {
    let range = runs.shares[run].clone();
    let stride = runs.expected.stride();
    let expected = &runs.expected.words()[range.start * stride..range.end * stride];
    if expected == given.words() {
        return 0;
    }
    let wrong = expected.chunks(stride).zip(given.words().chunks(stride)).filter(|(a, b)| a != b).count();
    wrong as u64 + given.len().abs_diff(range.len()) as u64
}
