//! Source and sink around the native simulator.
use super::{Runs, Shape};
use crate::hdl::rows::{Rows, words_for};
use crate::hdl::sim::Sim;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Cycles after the last expected token, for tokens that nobody expects.
const SLACK: usize = 48;

/// How source and sink behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Both are always there.
    Full,
    /// Phases in which one or both stutter, from a seed.
    Random(u64),
}

/// What source and sink put on the inputs of the hardware.
pub struct Trace {
    /// Cycle by cycle, one run after the other.
    pub driven: Rows,
    /// Cycles of every run.
    pub cycles: usize,
}

/// One run.
struct Lane {
    /// Token to be taken next, and the end of the run.
    next: usize,
    end: usize,
    offered: bool,
    ready: bool,
    given: usize,
    expected: usize,
    /// Percent of cycles in which the source has a token and the sink is ready, and cycles left of this phase.
    phase: (u32, u32, u32),
}

/// Percent of cycles in which the source has a token, and in which the sink is ready.
const PHASES: [(u32, u32); 7] = [(100, 100), (100, 100), (60, 60), (100, 50), (50, 100), (90, 30), (20, 80)];

/// Runs some of the runs until every expected token has left, or nothing moves any more.
pub fn rehearse(sim: &Sim, shape: &Shape, runs: &Runs, which: Range<usize>, pace: Pace) -> Trace {
    let mut rng = ChaCha8Rng::seed_from_u64(if let Pace::Random(seed) = pace { seed } else { 0 });
    let mut lanes: Vec<Lane> = which
        .map(|r| Lane {
            next: runs.runs[r].start,
            end: runs.runs[r].end,
            offered: false,
            ready: false,
            given: 0,
            expected: runs.shares[r].len(),
            phase: (100, 100, 0),
        })
        .collect();
    let stride: usize = shape.pins.0.widths.iter().map(|w| words_for(*w)).sum();
    let patience = 4096 + 16 * shape.rows.tokens(shape.rows.longest) as usize;
    // Cycle after cycle, all lanes in each.
    let mut log: Vec<u64> = Vec::new();
    let (mut cycles, mut still, mut slack) = (0, 0, 0);
    sim.closed(lanes.len(), |seen, inputs| {
        let mut moved = false;
        let mut finished = true;
        for (l, lane) in lanes.iter_mut().enumerate() {
            if let Some(seen) = seen {
                if lane.offered && seen.cell(l, shape.in_ready)[0] != 0 {
                    (lane.next, lane.offered, moved) = (lane.next + 1, false, true);
                }
                if lane.ready && seen.cell(l, shape.out_valid)[0] != 0 {
                    (lane.given, moved) = (lane.given + 1, true);
                }
            }
            finished &= lane.next == lane.end && lane.given >= lane.expected;
        }
        (still, slack) = (if moved { 0 } else { still + 1 }, if finished { slack + 1 } else { 0 });
        if slack > SLACK || still > patience {
            return false;
        }
        for (l, lane) in lanes.iter_mut().enumerate() {
            if pace != Pace::Full {
                if lane.phase.2 == 0 {
                    let (v, r) = PHASES[rng.random_range(0..PHASES.len())];
                    lane.phase = (v, r, rng.random_range(1..80));
                }
                lane.phase.2 -= 1;
            }
            let mut chance = |percent: u32| percent == 100 || rng.random_range(0..100) < percent;
            lane.offered |= lane.next < lane.end && chance(lane.phase.0);
            // A sink that never comes would be no sink.
            lane.ready = chance(lane.phase.1);
            fill(shape, runs, lane, cycles, l, inputs);
        }
        log.extend_from_slice(inputs.words());
        cycles += 1;
        true
    });
    let n = lanes.len();
    let mut words = vec![0; log.len()];
    for (at, row) in log.chunks_exact(stride).enumerate() {
        let to = ((at % n) * cycles + at / n) * stride;
        words[to..to + stride].copy_from_slice(row);
    }
    Trace { driven: Rows::from_words(&shape.pins.0.widths, words), cycles }
}

/// One lane's inputs; while no token is offered, those of another token or their opposite.
fn fill(shape: &Shape, runs: &Runs, lane: &Lane, cycle: usize, l: usize, inputs: &mut Rows) {
    let token = if lane.offered { lane.next } else { (7 * cycle + 13 * l + 3) % runs.tokens.len() };
    let flip = if !lane.offered && cycle.is_multiple_of(2) { u64::MAX } else { 0 };
    let base = l * inputs.stride();
    for (c, h) in shape.pins.0.data.iter().enumerate() {
        let (at, width) = (base + inputs.offset(*h), shape.pins.0.widths[*h]);
        for (w, word) in runs.tokens.cell(token, c).iter().enumerate() {
            let bits = width - 64 * w as u32;
            let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
            inputs.words_mut()[at + w] = (word ^ flip) & mask;
        }
    }
    let (valid, ready) = (base + inputs.offset(shape.in_valid), base + inputs.offset(shape.out_ready));
    inputs.words_mut()[valid] = lane.offered.into();
    inputs.words_mut()[ready] = lane.ready.into();
}
