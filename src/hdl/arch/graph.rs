//! Adder graphs: multiples of a number by sums and differences of shifted multiples that are there already.
//!
//! Every value is an odd multiple. A step makes |x·2^i ± y·2^j| / 2^k of two of them, where i or j is 0 (A. G. Dempster and M. D.
//! Macleod, *IEE Proc. Circuits Devices Syst.* 141, 1994). Up to `EXACT` steps all graphs are tried; a constant that needs more is
//! taken apart by the step that leaves the easiest rest (R. Bernstein, *Software: Practice and Experience* 16, 1986).
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Graphs that were searched for before.
static KNOWN: Mutex<BTreeMap<u128, Graph>> = Mutex::new(BTreeMap::new());

/// Steps of graphs that are all tried.
const EXACT: usize = 3;
/// Constants for which they are: below 2 to this.
const EXACT_BITS: u32 = 16;
/// Constants have at most so many bits.
pub(super) const MOST_BITS: u64 = 120;

/// x·2^`left_x` ± y·2^`left_y`, of which the lowest `right` bits are 0 and left out. Values are numbered from 0, the number itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub x: usize,
    pub y: usize,
    pub left_x: u32,
    pub left_y: u32,
    pub minus: bool,
    pub right: u32,
}

/// Steps that lead to an odd multiple, with the multiples: 1, and after each step one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Graph {
    pub steps: Vec<Step>,
    pub values: Vec<u128>,
}

impl Graph {
    fn start() -> Graph {
        Graph { steps: Vec::new(), values: vec![1] }
    }

    /// Takes one more step, unless that is nothing or what is there already.
    fn push(&mut self, step: Step) -> bool {
        let (x, y) = (self.values[step.x] << step.left_x, self.values[step.y] << step.left_y);
        let sum = if step.minus { x.saturating_sub(y) } else { x + y };
        if sum == 0 {
            return false;
        }
        let right = sum.trailing_zeros();
        let value = sum >> right;
        if self.values.contains(&value) {
            return false;
        }
        self.steps.push(Step { right, ..step });
        self.values.push(value);
        true
    }

    fn pop(&mut self) {
        self.steps.pop();
        self.values.pop();
    }

    /// A size to compare by: bits that adders make for a number of a few bits.
    fn cost(&self) -> u32 {
        const NUMBER: u32 = 8;
        let bits = |(step, value): (&Step, &u128)| {
            // Below a shifted summand nothing is added, but a difference borrows from there.
            let free = if step.minus && step.left_x > 0 { 0 } else { step.left_x.max(step.left_y) };
            (NUMBER + bits(*value) + step.right).saturating_sub(free)
        };
        self.steps.iter().zip(&self.values[1..]).map(bits).sum()
    }

    /// The better one of two.
    fn keep(&self, best: &mut Option<Graph>) {
        let size = |g: &Graph| (g.steps.len(), g.cost());
        if best.as_ref().is_none_or(|b| size(self) < size(b)) {
            *best = Some(self.clone());
        }
    }
}

fn bits(value: u128) -> u32 {
    128 - value.leading_zeros()
}

/// A small graph for an odd multiple of at most `MOST_BITS` bits.
pub(super) fn graph(odd: u128) -> Graph {
    best(odd, &mut KNOWN.lock().unwrap_or_else(PoisonError::into_inner))
}

fn best(odd: u128, known: &mut BTreeMap<u128, Graph>) -> Graph {
    if odd == 1 {
        return Graph::start();
    }
    if let Some(known) = known.get(&odd) {
        return known.clone();
    }
    let exact = if bits(odd) > EXACT_BITS { 0 } else { EXACT };
    let mut graph = None;
    for steps in 1..=exact {
        search(&mut Graph::start(), odd, steps, &mut graph);
        if graph.is_some() {
            break;
        }
    }
    let graph = graph.unwrap_or_else(|| apart(odd, known));
    known.insert(odd, graph.clone());
    graph
}

/// All graphs that reach the multiple in so many more steps.
fn search(from: &mut Graph, odd: u128, steps: usize, best: &mut Option<Graph>) {
    let most = bits(odd) + 1;
    let count = from.values.len();
    // A value is made in one way only: the first that is found adds where others subtract.
    let mut seen = BTreeSet::new();
    for x in 0..count {
        for y in 0..count {
            if steps == 1 {
                last(from, x, y, odd, best);
                continue;
            }
            for (left_x, left_y, minus) in shifts(most) {
                let step = Step { x, y, left_x, left_y, minus, right: 0 };
                if from.push(step) {
                    if bits(from.values[count]) <= most && seen.insert(from.values[count]) {
                        search(from, odd, steps - 1, best);
                    }
                    from.pop();
                }
            }
        }
    }
}

fn shifts(most: u32) -> impl Iterator<Item = (u32, u32, bool)> {
    let both = [false, true].into_iter().flat_map(move |minus| (0..=most).map(move |left| (0, left, minus)));
    both.chain((1..=most).map(|left| (left, 0, true)))
}

/// The steps of x and y that give the multiple.
fn last(from: &mut Graph, x: usize, y: usize, odd: u128, best: &mut Option<Graph>) {
    let (a, b) = (from.values[x], from.values[y]);
    // How far `of` must be shifted to be `n`.
    let left = |n: u128, of: u128| Some(n.trailing_zeros()).filter(|k| n > 0 && n >> k == of);
    let shifted = [
        Some((0, 0, false)),
        Some((0, 0, true)),
        left(odd.saturating_sub(a), b).map(|k| (0, k, false)),
        left(a.saturating_sub(odd), b).map(|k| (0, k, true)),
        left(odd + b, a).map(|k| (k, 0, true)),
    ];
    for (left_x, left_y, minus) in shifted.into_iter().flatten() {
        if from.push(Step { x, y, left_x, left_y, minus, right: 0 }) {
            if from.values.last() == Some(&odd) {
                from.keep(best);
            }
            from.pop();
        }
    }
}

/// One step from an easier multiple: a factor 2^k ± 1 taken out, or the digit that leaves more zeros.
fn apart(odd: u128, known: &mut BTreeMap<u128, Graph>) -> Graph {
    let mut rests = Vec::new();
    for sign in [1, -1] {
        // The largest factor leaves least.
        let factors = (2..bits(odd)).rev().map(|k| (1u128 << k).wrapping_add_signed(sign));
        rests.extend(factors.into_iter().find(|f| odd.is_multiple_of(*f)).map(|f| odd / f));
    }
    // The neighbour that is a multiple of 4.
    let near = if odd & 2 == 0 { odd - 1 } else { odd + 1 };
    rests.push(near >> near.trailing_zeros());
    // The number without its highest digit: only where the rest is soon small, since it doubles the work.
    let top = 1u128 << (bits(odd) - 1);
    if bits(odd) <= EXACT_BITS {
        rests.push(if odd - top > top / 2 { 2 * top - odd } else { odd - top });
    }
    let mut found = None;
    for rest in rests.into_iter().filter(|r| (1..odd).contains(r)) {
        let mut start = best(rest, known);
        search(&mut start, odd, 1, &mut found);
    }
    found.unwrap_or_else(Graph::start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one more step makes of values, written down anew.
    fn reach(values: &BTreeSet<i64>) -> BTreeSet<i64> {
        let mut all = BTreeSet::new();
        for x in values {
            for y in values {
                for k in 0..16 {
                    for sum in [x + (y << k), (x - (y << k)).abs()] {
                        if sum > 0 {
                            all.insert(sum >> sum.trailing_zeros());
                        }
                    }
                }
            }
        }
        all
    }

    /// Every constant below 2^11: the last value is what was asked, the steps make it, and one or two steps are taken where
    /// one or two are enough.
    #[test]
    fn as_few_steps_as_there_can_be() {
        let one = reach(&BTreeSet::from([1]));
        let two: BTreeSet<i64> = one.iter().flat_map(|x| reach(&BTreeSet::from([1, *x]))).collect();
        let mut of = [0; 8];
        for odd in (1..1u128 << 11).step_by(2) {
            let graph = graph(odd);
            assert_eq!(graph.values.last(), Some(&odd));
            let mut values = vec![1u128];
            for s in &graph.steps {
                let (x, y) = (values[s.x] << s.left_x, values[s.y] << s.left_y);
                let sum = if s.minus { x - y } else { x + y };
                assert_eq!(sum % (1 << s.right), 0);
                values.push(sum >> s.right);
            }
            assert_eq!(values, graph.values);
            let steps = graph.steps.len();
            of[steps] += 1;
            let odd = odd as i64;
            assert_eq!(
                (steps == 1, steps == 2),
                (odd > 1 && one.contains(&odd), !one.contains(&odd) && two.contains(&odd)),
                "{odd}"
            );
        }
        // 2^k ± 1: ten each, 3 being both, and 2047.
        assert_eq!((of[0], of[1]), (1, 19), "{of:?}");
        assert_eq!(of[5..], [0; 3], "{of:?}");
    }

    /// All zeros below a sum are left out, and what is there is not made again.
    #[test]
    fn steps_make_odd_values() {
        let mut graph = Graph { steps: Vec::new(), values: vec![1, 5, 7] };
        let step = |x, y, minus| Step { x, y, left_x: 0, left_y: 0, minus, right: 0 };
        assert!(graph.push(step(1, 2, false)));
        assert_eq!((graph.values[3], graph.steps[0].right), (3, 2));
        assert!(!graph.push(step(3, 1, false)) && !graph.push(step(1, 2, true)) && !graph.push(step(0, 0, true)));
    }

    #[test]
    fn long_constants() {
        for odd in [0x5a82_7999u128, 0x1234_5678_9abd, (1 << 119) | 0x5555_1235_4321, (1 << 120) - 1] {
            let graph = graph(odd);
            assert_eq!(graph.values.last(), Some(&odd));
            assert!(graph.steps.len() < bits(odd) as usize / 2, "{odd}: {}", graph.steps.len());
        }
    }
}
