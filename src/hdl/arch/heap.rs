//! Rows of partial products as columns of bits, which counters make lower until an adder takes them.
//!
//! Full and half adders take a column only as far down as the next of the heights 2, 3, 4, 6, 9, 13 … asks for (L. Dadda, *Alta
//! Frequenza* 34, 1965), so that few of them are needed. Counters of six bits into three suit look-up tables of six inputs; they leave
//! three rows, which one carry chain adds: the sum of three bits and what the column below carries are four inputs, and the
//! carries are its plain operand (a ternary adder).
use super::chain::{Row, name, plus};
use super::sealed::helper;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigInt;
use num_traits::Euclid;
use std::collections::VecDeque;

/// What makes columns lower.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counters {
    /// Full and half adders, down to two rows.
    Three,
    /// Counters of six bits, down to three rows.
    Six,
    /// Those of a plan, down to two rows.
    #[cfg(feature = "ilp")]
    Planned,
}

/// Bits by weight, the oldest first.
pub(super) struct Heap<'f, 'a, 'm> {
    pub f: &'f mut Fold<'a>,
    modules: &'m mut Vec<Module>,
    pub columns: Vec<VecDeque<NodeId>>,
    made: usize,
}

/// The sum of rows modulo 2^`width`.
pub(super) fn heap(f: &mut Fold, modules: &mut Vec<Module>, rows: &[Row], width: u32, counters: Counters) -> NodeId {
    let owed: BigInt = rows.iter().map(|r| r.owed.clone()).sum();
    let due = (-owed).rem_euclid(&(BigInt::from(1) << width));
    let mut h = Heap { f, modules, columns: vec![VecDeque::new(); width as usize], made: 0 };
    for (number, row) in rows.iter().enumerate() {
        name_row(h.f, row.bits, &format!("row{number}"));
        for i in (0..h.f.w(row.bits)).take_while(|i| row.offset + i < width) {
            let bit = h.f.slice(row.bits, i, 1);
            h.push((row.offset + i) as usize, bit);
        }
        if let Some(carry) = row.carry.filter(|_| row.offset < width) {
            h.push(row.offset as usize, carry);
        }
    }
    // A constant comes last: an adder that takes it is half as large.
    for i in (0..width).filter(|i| due.bit(u64::from(*i))) {
        let one = h.f.constant(Bits::ones(1));
        h.push(i as usize, one);
    }
    match counters {
        #[cfg(feature = "ilp")]
        Counters::Planned => super::planned::sum(&mut h),
        Counters::Three => {
            h.lower(2);
            h.add_two()
        }
        Counters::Six => {
            h.count_six();
            h.lower(3);
            h.add_three()
        }
    }
}

/// Names the operators that a row consists of: in columns there is no row any more.
fn name_row(f: &mut Fold, row: NodeId, text: &str) {
    let parts: Vec<NodeId> = match f.r.new.node(row).op {
        Op::Concat => f.r.new.args(row).to_vec(),
        _ => vec![row],
    };
    for part in parts {
        let whole = f.of::<1>(part, Op::Slice).or_else(|| f.of(part, Op::Not)).map_or(part, |[x]| x);
        let whole = f.of::<1>(whole, Op::Slice).map_or(whole, |[x]| x);
        name(f, whole, text);
    }
}

impl Heap<'_, '_, '_> {
    /// A bit into a column. What is 0, or above all columns, is left out.
    pub fn push(&mut self, weight: usize, bit: NodeId) {
        if !self.f.is_zero(bit)
            && let Some(column) = self.columns.get_mut(weight)
        {
            column.push_back(bit);
        }
    }

    fn highest(&self) -> usize {
        self.columns.iter().map(VecDeque::len).max().unwrap_or(0)
    }

    /// Makes all columns at most `end` high, by full and half adders.
    fn lower(&mut self, end: usize) {
        let mut heights = vec![2];
        while heights[heights.len() - 1] < self.highest() {
            heights.push(heights[heights.len() - 1] * 3 / 2);
        }
        for height in heights.into_iter().rev().filter(|h| *h >= end) {
            for weight in 0..self.columns.len() {
                while let over @ 1.. = self.columns[weight].len().saturating_sub(height) {
                    // One too many takes a half adder, more a full one.
                    self.counter(weight, if over == 1 { 2 } else { 3 });
                }
            }
        }
    }

    /// Counters of six until no column has that many, then of what is left while it is more than three.
    fn count_six(&mut self) {
        while self.highest() > 3 {
            let before: Vec<usize> = self.columns.iter().map(VecDeque::len).collect();
            for (weight, bits) in before.into_iter().enumerate() {
                let full = bits / 6;
                (0..full).for_each(|_| self.counter(weight, 6));
                match bits % 6 {
                    rest @ 4.. => self.counter(weight, rest),
                    3 if bits > 3 => self.counter(weight, 3),
                    _ => {}
                }
            }
        }
    }

    /// Counts the `bits` oldest bits of a column.
    fn counter(&mut self, weight: usize, bits: usize) {
        let taken = self.take(weight, bits);
        for (i, bit) in self.counted(weight, &taken, &[]).into_iter().enumerate() {
            self.push(weight + i, bit);
        }
    }

    /// The oldest bits of a column, at most as many as there are.
    pub fn take(&mut self, weight: usize, bits: usize) -> Vec<NodeId> {
        self.columns.get_mut(weight).map_or_else(Vec::new, |column| column.drain(..bits.min(column.len())).collect())
    }

    /// The sum of bits of a column and of bits of the one above, the lowest bit first.
    pub fn counted(&mut self, weight: usize, low: &[NodeId], high: &[NodeId]) -> Vec<NodeId> {
        let label = format!("u_c{weight}_{}", self.made);
        self.made += 1;
        let taken: Vec<NodeId> = low.iter().chain(high).copied().collect();
        // A counter of which an input is known is less than one.
        if taken.len() < 2 || taken.iter().any(|t| self.f.is_const(*t)) {
            return count_above(self.f, low, high);
        }
        let module = counter_module(self.modules, low.len(), high.len());
        self.f.r.place(module, &label, &taken, &vec![1; outputs(low.len(), high.len())])
    }

    /// The bits at one depth of all columns, as a number.
    fn row(&mut self, depth: usize) -> NodeId {
        let zero = self.f.zero(1);
        let bits: Vec<NodeId> = self.columns.iter().rev().map(|c| c.get(depth).copied().unwrap_or(zero)).collect();
        let row = self.f.concat(&bits);
        name(self.f, row, &format!("rest{depth}"));
        row
    }

    fn add_two(&mut self) -> NodeId {
        let (a, b) = (self.row(0), self.row(1));
        self.f.two(Op::Add, a, b)
    }

    fn add_three(&mut self) -> NodeId {
        if self.highest() < 3 {
            return self.add_two();
        }
        let rows = [0, 1, 2].map(|i| self.row(i));
        let differ = self.f.two(Op::Xor, rows[0], rows[1]);
        let ones = self.f.two(Op::Xor, differ, rows[2]);
        name(self.f, ones, "ones");
        let [both, either] = [Op::And, Op::Or].map(|op| self.f.two(op, rows[0], rows[1]));
        let third = self.f.two(Op::And, either, rows[2]);
        let twos = self.f.two(Op::Or, both, third);
        name(self.f, twos, "twos");
        let width = self.f.w(ones);
        if width == 1 {
            return ones;
        }
        let kept = self.f.slice(twos, 0, width - 1);
        let carried = self.f.above_zeros(kept, 1);
        plus(self.f, carried, ones, None)
    }
}

/// Bits of the sum of bits of a column and of the one above.
fn outputs(low: usize, high: usize) -> usize {
    (usize::BITS - (low + 2 * high).leading_zeros()) as usize
}

/// The module of a counter, one for all columns.
fn counter_module(modules: &mut Vec<Module>, low: usize, high: usize) -> ModuleId {
    let (label, doc) = match (low, high) {
        (2, 0) => ("half_adder".to_string(), String::new()),
        (3, 0) => ("full_adder".to_string(), String::new()),
        (n, 0) => (format!("count{n}"), String::new()),
        (n, twos) => (format!("count{n}_{twos}"), format!(", and twice as many of {twos} more")),
    };
    let names: Vec<String> = (0..low + high).map(|i| format!("x{i}")).collect();
    let inputs: Vec<(&str, u32)> = names.iter().map(|n| (n.as_str(), 1)).collect();
    let ports = &[("ones", 1), ("twos", 1), ("fours", 1)][..outputs(low, high)];
    helper(modules, &label, &format!("{label}: how many of {low} bits are 1{doc}"), &inputs, ports, |f, bits| {
        let (low, high) = bits.split_at(low);
        count_above(f, low, high)
    })
}

/// The sum of up to six bits of a column and of the one above, of which it is at most 7 with any above.
fn count_above(f: &mut Fold, low: &[NodeId], high: &[NodeId]) -> Vec<NodeId> {
    let below = count(f, low);
    if high.is_empty() {
        return below;
    }
    let zero = f.zero(1);
    let [ones, twos, fours] = [0, 1, 2].map(|i| below.get(i).copied().unwrap_or(zero));
    let upper: Vec<NodeId> = std::iter::once(twos).chain(high.iter().copied()).collect();
    let upper = count(f, &upper);
    let carry = upper.get(1).copied().unwrap_or(zero);
    // Never both: the sum would be 8.
    let fours = f.two(Op::Or, fours, carry);
    vec![ones, upper[0], fours][..outputs(low.len(), high.len())].to_vec()
}

/// How many of two, three or up to six bits are 1, the lowest bit first.
fn count(f: &mut Fold, bits: &[NodeId]) -> Vec<NodeId> {
    match bits {
        [] => Vec::new(),
        [a] => vec![*a],
        [a, b] => vec![f.two(Op::Xor, *a, *b), f.two(Op::And, *a, *b)],
        [a, b, c] => {
            let differ = f.two(Op::Xor, *a, *b);
            name(f, differ, "differ");
            let ones = f.two(Op::Xor, differ, *c);
            // Of two bits that differ one is 1, so the third decides.
            vec![ones, f.make(Op::Mux, 1, &[differ, *c, *a], 0)]
        }
        more => {
            let (low, high) = more.split_at(3);
            let (x, y) = (count(f, low), count(f, high));
            let zero = f.zero(1);
            let carry = f.two(Op::And, x[0], y[0]);
            let upper = count(f, &[x[1], y.get(1).copied().unwrap_or(zero), carry]);
            vec![f.two(Op::Xor, x[0], y[0]), upper[0], upper[1]]
        }
    }
}
