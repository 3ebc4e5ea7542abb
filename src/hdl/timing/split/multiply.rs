//! Products as rows of and gates and a balanced tree of adders.
//!
//! No multiplier is left to a synthesis tool, which would choose a structure, or a DSP block, that
//! nobody can put registers into. Row i is one operand where bit i of the other is 1, else 0; the
//! top row of a signed operand counts negative (its complement is added, and 1). Each adder is as wide as what it adds
//! may need, and bits below the upper operand pass by.
use super::Splitter;
use crate::ir::NodeId;
use crate::ops::Op;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

/// A number: ±`node` × 2^`offset`.
struct Term {
    node: NodeId,
    offset: u32,
    /// What `node` can be, read as two's complement if `lo` is negative.
    lo: BigInt,
    hi: BigInt,
    minus: bool,
}

impl Splitter<'_> {
    /// The full product.
    pub(super) fn product(&mut self, signed: bool, a: NodeId, b: NodeId) -> NodeId {
        let width = self.f.w(a) + self.f.w(b);
        // Extended operands are no wider than what they extend.
        let [a, b] = [a, b].map(|x| {
            let spare = if signed { self.f.sign_copies(x) } else { self.f.leading_zeros(x) };
            let own = self.f.w(x) - spare.min(self.f.w(x) - 1);
            self.f.slice(x, 0, own)
        });
        // One row per bit of the operand with fewer bits that can be 1.
        let rows = |s: &Self, x: NodeId| s.f.k(x).map_or(s.f.w(x), |k| k.unsigned().count_ones() as u32);
        let (x, y) = if rows(self, b) <= rows(self, a) { (a, b) } else { (b, a) };
        let (wx, wy) = (self.f.w(x), self.f.w(y));
        let one = BigInt::from(1u32);
        let (lo, hi): (BigInt, BigInt) =
            if signed { (-(&one << (wx - 1)), (&one << (wx - 1)) - 1) } else { (BigInt::zero(), (&one << wx) - 1) };
        let mut level = Vec::new();
        for i in 0..wy {
            let bit = self.bit(y, i);
            let spread = self.f.sext(bit, wx);
            let row = self.f.two(Op::And, x, spread);
            if !self.f.is_zero(row) {
                self.named(row, &format!("row{i}"));
                let (lo, hi) = (lo.clone(), hi.clone());
                level.push(Term { node: row, offset: i, lo, hi, minus: signed && i + 1 == wy });
            }
        }
        let mut depth = 0;
        while level.len() > 1 {
            let mut pairs = level.into_iter();
            level = Vec::new();
            while let Some(low) = pairs.next() {
                let term = match pairs.next() {
                    Some(high) => self.pair(low, high, &format!("sum{depth}_{}", level.len())),
                    None => low,
                };
                level.push(term);
            }
            depth += 1;
        }
        let Some(all) = level.pop() else { return self.f.zero(width) };
        let node = self.extended(all.node, &all.lo, width - all.offset);
        let zero = self.f.zero(width - all.offset);
        let node = if all.minus { self.make(Op::Sub, width - all.offset, &[zero, node], 0) } else { node };
        self.f.above_zeros(node, all.offset)
    }

    /// low + high × 2^distance.
    fn pair(&mut self, low: Term, high: Term, name: &str) -> Term {
        let distance = high.offset - low.offset;
        let (mut lo, mut hi) = (&high.lo << distance, &high.hi << distance);
        if high.minus {
            (lo, hi) = (-hi, -lo);
        }
        (lo, hi) = (lo + &low.lo, hi + &low.hi);
        // Everything from `distance` up; a shift of a big integer rounds down, as it must here.
        let width = bits(&(&lo >> distance), &(&hi >> distance));
        let passed = self.extended(low.node, &low.lo, self.f.w(low.node).max(distance + 1));
        let rest = self.f.slice(passed, distance, self.f.w(passed) - distance);
        let (x, y) = (self.extended(rest, &low.lo, width), self.extended(high.node, &high.lo, width));
        // The complement of a row costs nothing where the row is made.
        let sum = if high.minus { self.plus_complement(x, y) } else { self.make(Op::Add, width, &[x, y], 0) };
        self.named(sum, name);
        let below = if distance > 0 { Some(self.f.slice(passed, 0, distance)) } else { None };
        let parts: Vec<NodeId> = [sum].into_iter().chain(below).collect();
        Term { node: self.f.concat(&parts), offset: low.offset, lo, hi, minus: false }
    }

    /// The value in `width` bits, which may be fewer.
    fn extended(&mut self, x: NodeId, lo: &BigInt, width: u32) -> NodeId {
        match () {
            () if width <= self.f.w(x) => self.f.slice(x, 0, width),
            () if lo.is_negative() => self.f.sext(x, width),
            () => self.f.zext(x, width),
        }
    }
}

/// Bits of the narrowest word for everything from `lo` to `hi`; two's complement if `lo` is negative.
fn bits(lo: &BigInt, hi: &BigInt) -> u32 {
    let of = |v: &BigInt| (if v.is_negative() { -v - 1 } else { v.clone() }).bits() as u32 + u32::from(lo.is_negative());
    of(lo).max(of(hi)).max(1)
}
