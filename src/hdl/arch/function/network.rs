//! Functions of many inputs out of functions of few, one look-up table each.
//!
//! A set of inputs that a function sees only through few columns of its chart is replaced by a code of the column (Ashenhurst,
//! Curtis): the bits of the code are functions of that set, and the rest is a function of the code and the other inputs. An
//! input may stand on both sides. Outputs share codes, and an output or a bit of a code that is there already takes
//! the place of inputs where it can.
use super::split::{self, Split};
use super::truth::Truth;

/// Functions that are divided together, at most, and signals looked through for what can be used again: wide tables would take
/// seconds.
const GROUP: usize = 16;
const POOL: usize = 24;

/// A function of other signals; signals are inputs first, then cells in order.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub args: Vec<usize>,
    pub truth: Truth,
}

/// A signal and whether it is inverted; nothing: the constant 0.
pub(super) type Pin = (Option<usize>, bool);

/// Cells of at most `limit` inputs, or of more where nothing better was found.
pub(super) struct Network {
    limit: u32,
    pub inputs: usize,
    pub cells: Vec<Cell>,
    pub outputs: Vec<Pin>,
}

/// Look-up tables of a function of so many inputs, if it is cut at the upper ones.
pub(super) fn price(inputs: usize, limit: u32) -> u32 {
    match inputs {
        0 | 1 => 0,
        n => 1 << (n as u32).saturating_sub(limit),
    }
}

impl Network {
    pub(super) fn new(functions: &[Truth], inputs: u32, limit: u32) -> Network {
        let mut network = Network { limit, inputs: inputs as usize, cells: Vec::new(), outputs: Vec::new() };
        let signals: Vec<usize> = (0..network.inputs).collect();
        network.outputs = network.realise(&signals, functions);
        network
    }

    /// Its look-up tables.
    pub(super) fn cost(&self) -> u32 {
        self.cells.iter().map(|c| price(c.args.len(), self.limit)).sum()
    }

    /// A function of some signals, without those it does not depend on.
    fn cell(&mut self, signals: &[usize], function: Truth) -> Pin {
        let (plain, inverted) = function.canonical();
        let support = plain.support();
        let args: Vec<usize> = support.iter().map(|i| signals[*i as usize]).collect();
        let full = |address: usize| support.iter().enumerate().map(|(n, i)| (address >> n & 1) << i).sum::<usize>();
        let truth = Truth::new(support.len() as u32, |i| plain.get(full(i)));
        if support.len() <= 1 {
            return (args.first().copied(), inverted);
        }
        let same = |c: &Cell| c.args == args && c.truth == truth;
        let at = self.cells.iter().position(same).unwrap_or_else(|| {
            self.cells.push(Cell { args: args.clone(), truth });
            self.cells.len() - 1
        });
        (Some(self.inputs + at), inverted)
    }

    /// Functions of signals, at most eight.
    fn realise(&mut self, signals: &[usize], functions: &[Truth]) -> Vec<Pin> {
        let small = |f: &Truth| f.support().len() <= self.limit as usize;
        let mut done: Vec<Option<Pin>> = vec![None; functions.len()];
        // What is there: the function and its signal.
        let mut pool: Vec<(Truth, usize)> = Vec::new();
        let (first, mut open): (Vec<usize>, Vec<usize>) = (0..functions.len()).partition(|i| small(&functions[*i]));
        let note = |pool: &mut Vec<(Truth, usize)>, function: Truth, (signal, inverted): Pin| {
            let Some(signal) = signal.filter(|s| !signals.contains(s)) else { return };
            let function = if inverted { function.not() } else { function };
            if pool.iter().all(|(_, s)| *s != signal) {
                pool.push((function, signal));
            }
        };
        for i in first {
            let pin = self.cell(signals, functions[i]);
            note(&mut pool, functions[i], pin);
            done[i] = Some(pin);
        }
        // Signals that were there when a function was last looked for in them.
        let mut tried = vec![0; functions.len()];
        while !open.is_empty() {
            let reused = open.iter().find_map(|i| {
                let before = std::mem::replace(&mut tried[*i], pool.len());
                Some((*i, self.reuse(signals, &pool, before, functions[*i])?))
            });
            if let Some((i, pin)) = reused {
                note(&mut pool, functions[i], pin);
                done[i] = Some(pin);
                open.retain(|j| *j != i);
                continue;
            }
            let left: Vec<Truth> = open.iter().take(GROUP).map(|i| functions[*i]).collect();
            let Some(split) = split::best(&left, signals.len() as u32, self.limit) else {
                // Nothing helps this one.
                let i = open.remove(0);
                let pin = self.cell(signals, functions[i]);
                note(&mut pool, functions[i], pin);
                done[i] = Some(pin);
                continue;
            };
            let group: Vec<usize> = split.group.iter().map(|g| open[*g]).collect();
            let (pins, codes) = self.apply(signals, &split, &left);
            codes.into_iter().for_each(|(code, pin)| note(&mut pool, code, pin));
            for (i, pin) in group.iter().zip(pins) {
                note(&mut pool, functions[*i], pin);
                done[*i] = Some(pin);
            }
            open.retain(|i| !group.contains(i));
        }
        done.into_iter().map(|pin| pin.unwrap_or((None, false))).collect()
    }

    /// Codes, and behind them the functions of a group.
    fn apply(&mut self, signals: &[usize], split: &Split, left: &[Truth]) -> (Vec<Pin>, Vec<(Truth, Pin)>) {
        let codes: Vec<(Truth, Pin)> = split.codes.iter().map(|code| (*code, self.cell(signals, *code))).collect();
        let mut inner: Vec<usize> = split.outside.iter().map(|i| signals[*i as usize]).collect();
        let mut flips = 0usize;
        for (n, (_, (signal, inverted))) in codes.iter().enumerate() {
            inner.push(signal.unwrap_or(0));
            flips |= usize::from(*inverted) << (split.outside.len() + n);
        }
        let size = inner.len() as u32;
        let rest: Vec<Truth> = split.group.iter().map(|g| split.rest(left[*g])).collect();
        let rest: Vec<Truth> = rest.iter().map(|f| Truth::new(size, |i| f.get(i ^ flips))).collect();
        (self.realise(&inner, &rest), codes)
    }

    /// A function as one cell over inputs and one or two signals that are there, one of them at `before` or behind.
    fn reuse(&mut self, signals: &[usize], pool: &[(Truth, usize)], before: usize, function: Truth) -> Option<Pin> {
        let size = signals.len() as u32;
        let new = before..pool.len().min(POOL);
        let singles = new.clone().map(|i| (i, i));
        let pairs = new.flat_map(|i| (0..i).map(move |j| (j, i)));
        for (x, y) in singles.chain(pairs) {
            let more = if x == y { 1 } else { 2 };
            let drop = (size + more).checked_sub(self.limit)?;
            for kept in 0..1u32 << size {
                if kept.count_ones() + drop != size {
                    continue;
                }
                let gone: Vec<u32> = (0..size).filter(|i| kept >> i & 1 == 0).collect();
                let (a, b) = (pool[x].0, pool[y].0);
                let quarters = [(a, b), (a, b.not()), (a.not(), b), (a.not(), b.not())];
                let smooth = |f: Truth| gone.iter().fold(f, |f, i| f.exists(*i));
                let clash = |(p, q): &(Truth, Truth)| {
                    let there = p.and(*q);
                    !smooth(there.and(function)).and(smooth(there.and(function.not()))).is_zero()
                };
                if quarters.iter().any(clash) {
                    continue;
                }
                let on = quarters.map(|(p, q)| smooth(p.and(q).and(function)));
                let mut args: Vec<usize> = (0..size).filter(|i| kept >> i & 1 == 1).map(|i| signals[i as usize]).collect();
                let places: Vec<u32> = (0..size).filter(|i| kept >> i & 1 == 1).collect();
                args.push(pool[x].1);
                if more == 2 {
                    args.push(pool[y].1);
                }
                let value = |i: usize| {
                    let full = places.iter().enumerate().map(|(n, p)| (i >> n & 1) << p).sum::<usize>();
                    let p = i >> places.len() & 1;
                    let q = if more == 2 { i >> (places.len() + 1) & 1 } else { p };
                    on[2 * (1 - p) + (1 - q)].get(full)
                };
                let truth = Truth::new(args.len() as u32, value);
                return Some(self.cell(&args, truth));
            }
        }
        None
    }

    /// Cells that others read: they must be there as they are.
    pub(super) fn inner(&self) -> Vec<bool> {
        let mut inner = vec![false; self.cells.len()];
        let read = self.cells.iter().flat_map(|c| c.args.iter()).filter(|s| **s >= self.inputs);
        read.for_each(|s| inner[s - self.inputs] = true);
        inner
    }

    /// Cells between the inputs and each cell, with itself.
    pub(super) fn levels(&self) -> Vec<usize> {
        let mut levels: Vec<usize> = Vec::new();
        for cell in &self.cells {
            let below = cell.args.iter().map(|s| s.checked_sub(self.inputs).map_or(0, |at| levels[at]));
            levels.push(1 + below.max().unwrap_or(0));
        }
        levels
    }
}

/// Look-up tables of functions that are cut at their upper inputs; of equal and complementary ones, once.
pub(super) fn cut_price(functions: &[Truth], limit: u32) -> u32 {
    let mut all: Vec<Truth> = functions.iter().map(|f| f.canonical().0).collect();
    all.sort_unstable();
    all.dedup();
    all.iter().map(|f| price(f.support().len(), limit)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(inputs: u32, limit: u32, outputs: u32, value: impl Fn(usize) -> usize) -> u32 {
        let functions: Vec<Truth> = (0..outputs).map(|b| Truth::new(inputs, |i| value(i) >> b & 1 == 1)).collect();
        let network = Network::new(&functions, inputs, limit);
        network.cost()
    }

    #[test]
    fn known_functions_take_few_cells() {
        // A parity of eight: two tables of six inputs, three of four.
        let parity = |i: usize| i.count_ones() as usize & 1;
        assert_eq!(cells(8, 6, 1, parity), 2);
        assert_eq!(cells(8, 4, 1, parity), 3);
        // The carry of a sum of two numbers of four bits.
        assert_eq!(cells(8, 6, 1, |i| usize::from((i & 15) + (i >> 4) > 15)), 2);
        // Ones of eight bits.
        assert!(cells(8, 6, 4, |i| i.count_ones() as usize) <= 7, "{}", cells(8, 6, 4, |i| i.count_ones() as usize));
    }
}
