//! Columns of bits made lower as an integer linear program says.
//!
//! A [`Plan`] says which counters stand in which column in which stage. It depends on the heights of columns only, so that it can be
//! found, priced and checked without hardware. [`find`] takes the cheaper of two rules and lets [`program`] improve it.
//!
//! The price is in look-up tables of six inputs: one for each output of a counter, since none has more inputs. Two things are free.
//! A gate of two inputs in front of a counter that has room for both costs no table of its own, and neither does a counter whose
//! lowest output enters the adder behind, whose tables have five inputs left. The last is what makes a ternary adder of full
//! adders and a carry chain, so there is no other final adder than one of two rows.
mod build;
mod program;
#[cfg(test)]
mod tests;

pub(super) use build::sum;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A counter: of bits of one column, and of bits of the column above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counter {
    /// How many of its own column.
    low: usize,
    /// How many of the column above.
    high: usize,
}

/// Inputs of a look-up table.
const INPUTS: usize = 6;

/// What a plan may consist of.
const COUNTERS: [Counter; 7] = [
    Counter { low: 2, high: 0 },
    Counter { low: 3, high: 0 },
    Counter { low: 4, high: 0 },
    Counter { low: 5, high: 0 },
    Counter { low: 3, high: 2 },
    Counter { low: 6, high: 0 },
    Counter { low: 5, high: 1 },
];

impl Counter {
    /// All inputs.
    fn inputs(self) -> usize {
        self.low + self.high
    }

    /// Bits of the largest number that it can count.
    fn outputs(self) -> usize {
        (usize::BITS - (self.low + 2 * self.high).leading_zeros()) as usize
    }

    /// Tables, with `room` columns from its own to the last: what is above them is not made.
    fn tables(self, room: usize) -> usize {
        self.outputs().min(room)
    }

    /// Gates in front of it whose inputs fit its tables.
    fn absorbs(self) -> usize {
        self.inputs().min(INPUTS - self.inputs())
    }

    /// True if the adder's table has room for its lowest output, next to the bit that it is added to.
    fn enters_adder(self) -> bool {
        self.high == 0 && self.low < INPUTS
    }
}

/// A column of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    /// How many there are.
    height: usize,
    /// How many of them are gates of two inputs.
    gates: usize,
}

/// Counters and their columns, stage by stage: a stage sees what was there before it.
type Plan = Vec<Vec<(usize, Counter)>>;

/// Heights after a stage; nothing if it takes more bits than there are.
fn after(before: &[usize], stage: &[(usize, Counter)]) -> Option<Vec<usize>> {
    let (mut left, mut made) = (before.to_vec(), vec![0; before.len()]);
    for (column, counter) in stage {
        for (at, taken) in [(*column, counter.low), (column + 1, counter.high)].into_iter().filter(|(_, taken)| *taken > 0) {
            let height = left.get_mut(at)?;
            *height = height.checked_sub(taken)?;
        }
        made.iter_mut().skip(*column).take(counter.outputs()).for_each(|m| *m += 1);
    }
    Some(left.into_iter().zip(made).map(|(l, m)| l + m).collect())
}

/// Heights that a plan leaves, if it can be carried out.
fn left(columns: &[Column], plan: &Plan) -> Option<Vec<usize>> {
    plan.iter().try_fold(columns.iter().map(|c| c.height).collect(), |heights: Vec<usize>, stage| after(&heights, stage))
}

/// True if the adder's tables may form a counter of this column: in the first stage they have no room for gates besides.
fn may_enter(columns: &[Column], stages: usize, column: usize) -> bool {
    stages > 1 || columns[column].gates == 0
}

/// Tables that a plan takes; nothing if it cannot be carried out, or leaves more than the two rows that are added.
fn price(columns: &[Column], plan: &Plan) -> Option<usize> {
    let width = columns.len();
    let heights = left(columns, plan)?;
    if heights.iter().any(|h| *h > 2) {
        return None;
    }
    let counters: usize = plan.iter().flatten().map(|(column, counter)| counter.tables(width - column)).sum();
    let gates = columns.iter().enumerate().map(|(at, column)| {
        let here = plan.iter().take(1).flatten().filter(|(c, _)| *c == at);
        column.gates - column.gates.min(here.map(|(_, counter)| counter.absorbs()).sum())
    });
    let first = heights.iter().position(|h| *h == 2).unwrap_or(width);
    let enter = |at: usize| plan.iter().last().is_some_and(|s| s.iter().any(|(c, counter)| *c == at && counter.enters_adder()));
    let adder = (first..width).filter(|at| !(may_enter(columns, plan.len(), *at) && enter(*at))).count();
    Some(counters + gates.sum::<usize>() + adder)
}

/// Counters of six bits until no column has that many, then of what is left while it is more than three; then a ternary adder.
fn six(columns: &[Column]) -> Plan {
    let mut plan = Plan::new();
    let mut heights: Vec<usize> = columns.iter().map(|c| c.height).collect();
    while heights.iter().any(|h| *h > 3) {
        let mut stage = Vec::new();
        for (at, bits) in heights.iter().enumerate() {
            let of = |low: usize| (at, Counter { low, high: 0 });
            stage.extend((0..bits / 6).map(|_| of(6)));
            match bits % 6 {
                rest @ 4.. => stage.push(of(rest)),
                3 if *bits > 3 => stage.push(of(3)),
                _ => {}
            }
        }
        let Some(next) = after(&heights, &stage) else { break };
        heights = next;
        plan.push(stage);
    }
    let last = rows_of(&heights, 2);
    plan.extend((!last.is_empty()).then_some(last));
    plan
}

/// Full and half adders that make all columns at most `end` high, in one stage.
fn rows_of(heights: &[usize], end: usize) -> Vec<(usize, Counter)> {
    let (mut stage, mut carries) = (Vec::new(), 0);
    for (at, height) in heights.iter().enumerate() {
        let (mut bits, mut next) = (height + carries, 0);
        while bits > end {
            let low = if bits - end == 1 { 2 } else { 3 };
            stage.push((at, Counter { low, high: 0 }));
            bits -= low - 1;
            next += 1;
        }
        carries = next;
    }
    stage
}

/// Full and half adders down to two rows, each stage to the next of the heights 2, 3, 4, 6, 9, 13 ….
fn dadda(columns: &[Column]) -> Plan {
    let mut heights: Vec<usize> = columns.iter().map(|c| c.height).collect();
    let mut ends = vec![2];
    while ends[ends.len() - 1] < heights.iter().copied().max().unwrap_or(0) {
        ends.push(ends[ends.len() - 1] * 3 / 2);
    }
    ends.pop();
    let mut plan = Plan::new();
    for end in ends.into_iter().rev() {
        let stage = rows_of(&heights, end);
        let Some(next) = after(&heights, &stage) else { break };
        heights = next;
        plan.push(stage);
    }
    plan
}

/// The plan of columns, found once: units of different signs, and the same unit asked for again, have the same columns.
fn plan(columns: &[Column]) -> Plan {
    static FOUND: Mutex<BTreeMap<Vec<Column>, Plan>> = Mutex::new(BTreeMap::new());
    let found = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let known = found().get(columns).cloned();
    known.unwrap_or_else(|| {
        let plan = find(columns);
        found().insert(columns.to_vec(), plan.clone());
        plan
    })
}

/// The cheapest plan known, down to two rows.
fn find(columns: &[Column]) -> Plan {
    let rules = [six(columns), dadda(columns)];
    let rule = rules.into_iter().min_by_key(|p| price(columns, p).unwrap_or(usize::MAX)).unwrap_or_default();
    let mut plan = program::improve(columns, &rule);
    // Small counters come first, since they have room for gates.
    plan.iter_mut().for_each(|stage| stage.sort_by_key(|(at, counter)| (*at, counter.inputs())));
    plan
}
