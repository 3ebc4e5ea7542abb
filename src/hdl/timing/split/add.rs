//! Sums, differences and comparisons in chunks of a carry chain.
use super::{LEAST_CHUNK, Splitter};
use crate::bits::Bits;
use crate::ir::NodeId;
use crate::ops::Op;
use crate::pass::fold::Fold;

impl Splitter<'_> {
    /// Cuts `width` bits of a carry chain into even parts that fit, each with a column for the carry
    /// that comes in and one for the carry that goes out. Lengths from the bottom up.
    fn chunks(&self, width: u32) -> Vec<u32> {
        let fits = self.model.chain_bits(self.budget).max(LEAST_CHUNK + 2);
        evenly(width, if width <= fits { 1 } else { (width - 2).div_ceil(fits - 2).max(2) })
    }

    /// `a + b` or `a - b`, modulo 2^width.
    pub(super) fn sum(&mut self, op: Op, a: NodeId, b: NodeId) -> NodeId {
        let lengths = self.chunks(self.f.w(a));
        if lengths.len() == 1 {
            return self.f.two(op, a, b);
        }
        let (mut parts, mut carry, mut lo) = (Vec::new(), None, 0);
        for (i, len) in lengths.iter().enumerate() {
            let (x, y) = (self.f.slice(a, lo, *len), self.f.slice(b, lo, *len));
            let out = i + 1 < lengths.len();
            let (sum, carried) = add_chunk(&mut self.f, op, x, y, carry, out);
            carry = carried;
            self.named(sum, &format!("part{i}"));
            parts.insert(0, sum);
            lo += len;
        }
        self.f.concat(&parts)
    }

    /// `a - b` as `a + ~b + 1`, the 1 through a column below. Where a carry cell cannot invert, the complement
    /// is a level of logic of its own, which can now stand elsewhere.
    pub(super) fn plus_complement(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let width = self.f.w(a) + 1;
        let inverted = match self.f.of(b, Op::Sext) {
            Some([short]) => {
                let inverted = self.f.not(short);
                self.f.sext(inverted, width - 1)
            }
            None => self.f.not(b),
        };
        let one = self.f.constant(Bits::bit(true));
        let args = [self.f.concat(&[a, one]), self.f.concat(&[inverted, one])];
        let sum = self.make(Op::Add, width, &args, 0);
        self.f.slice(sum, 1, width - 1)
    }

    /// True if a difference is slower than the sum that does the same, and that sum fits.
    pub(super) fn better_as_sum(&self, width: u32) -> bool {
        let takes = |op, w| self.model.op_ps(op, &[w, w], w);
        takes(Op::Sub, width) > self.budget.max(takes(Op::Add, width + 1)) && takes(Op::Add, width + 1) <= self.budget
    }

    /// `a < b`: the borrow of a difference. A comparison would be the same chain, but its result would leave
    /// through one more look-up table on some parts (16 bits between registers on ECP5-85k -6, median of
    /// three seeds, Yosys 0.70, nextpnr 0.11.1: 267 MHz against 331).
    ///
    /// What does not fit is compared in chunks side by side, and the highest that differ decide.
    pub(super) fn less(&mut self, signed: bool, a: NodeId, b: NodeId) -> NodeId {
        let w = self.f.w(a);
        let fits = self.model.chain_bits(self.budget).max(LEAST_CHUNK + 1) - 1;
        let lengths = if self.whole { vec![w] } else { evenly(w, w.div_ceil(fits)) };
        let (mut level, mut lo) = (Vec::new(), 0);
        for (i, len) in lengths.iter().enumerate() {
            let (x, y) = (self.f.slice(a, lo, *len), self.f.slice(b, lo, *len));
            // Only the top chunk has a sign.
            let below = self.borrow(signed && i + 1 == lengths.len(), x, y);
            let same = if i == 0 { below } else { self.make(Op::Eq, 1, &[x, y], 0) };
            self.named(below, &format!("below{i}"));
            level.push((below, same));
            lo += len;
        }
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [(low, low_same), (high, same)] => (self.mux(*same, *low, *high), self.f.two(Op::And, *same, *low_same)),
                    rest => rest[0],
                })
                .collect();
        }
        level[0].0
    }

    fn borrow(&mut self, signed: bool, x: NodeId, y: NodeId) -> NodeId {
        let w = self.f.w(x);
        let [x, y] = [x, y].map(|v| if signed { self.f.sext(v, w + 1) } else { self.f.zext(v, w + 1) });
        let difference = self.make(Op::Sub, w + 1, &[x, y], 0);
        self.bit(difference, w)
    }
}

/// One chunk of a sum or difference; the carry (or borrow) comes in through one more column at the
/// bottom and, if `out`, goes out in one more at the top. Returns the sum and the carry.
pub fn add_chunk(f: &mut Fold, op: Op, x: NodeId, y: NodeId, carry: Option<NodeId>, out: bool) -> (NodeId, Option<NodeId>) {
    let len = f.w(x);
    let width = len + u32::from(out);
    let (x, y) = (f.zext(x, width), f.zext(y, width));
    // If only the carry is added, it needs no column of its own.
    let (sum, from) = match carry {
        None => (f.two(op, x, y), 0),
        Some(carry) if f.is_zero(y) || (op == Op::Add && f.is_zero(x)) => {
            let carry = f.zext(carry, width);
            (f.two(op, if f.is_zero(y) { x } else { y }, carry), 0)
        }
        Some(carry) => {
            let up = f.constant(Bits::bit(op == Op::Add));
            let (x, y) = (f.concat(&[x, up]), f.concat(&[y, carry]));
            (f.two(op, x, y), 1)
        }
    };
    let carry = out.then(|| f.slice(sum, from + len, 1));
    (f.slice(sum, from, len), carry)
}

/// `width` in `count` parts that differ by at most one; longer ones first at the ends, where a chain
/// has one column less for carries.
pub fn evenly(width: u32, count: u32) -> Vec<u32> {
    let (base, more) = (width / count, width % count);
    (0..count)
        .map(|i| {
            let turn = if i == 0 {
                0
            } else if i + 1 == count {
                1
            } else {
                i + 1
            };
            base + u32::from(turn < more)
        })
        .collect()
}
