//! Sums, differences and comparisons in chunks of a carry chain.
use super::{LEAST_CHUNK, Splitter};
use crate::ir::NodeId;
use crate::ops::Op;

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
            let sum = self.chunk(op, x, y, carry, out);
            self.named(sum, &format!("part{i}"));
            let from = self.f.w(sum) - len - u32::from(out);
            carry = out.then(|| self.bit(sum, from + len));
            let sum = self.f.slice(sum, from, *len);
            parts.insert(0, sum);
            lo += len;
        }
        self.f.concat(&parts)
    }

    /// One chunk; the carry (or borrow) comes in through one more column at the bottom and goes out in one more at
    /// the top. The result may have the column at the bottom.
    fn chunk(&mut self, op: Op, x: NodeId, y: NodeId, carry: Option<NodeId>, out: bool) -> NodeId {
        let width = self.f.w(x) + u32::from(out);
        let (x, y) = (self.f.zext(x, width), self.f.zext(y, width));
        let Some(carry) = carry else { return self.f.two(op, x, y) };
        // Only the carry is added: it needs no column of its own.
        for (x, y) in if op == Op::Add { vec![(x, y), (y, x)] } else { vec![(x, y)] } {
            if self.f.is_zero(y) {
                let carry = self.f.zext(carry, width);
                return self.f.two(op, x, carry);
            }
        }
        let up = self.f.constant(crate::bits::Bits::bit(op == Op::Add));
        let (x, y) = (self.f.concat(&[x, up]), self.f.concat(&[y, carry]));
        self.f.two(op, x, y)
    }

    /// `a < b`: chunks are compared side by side, and the highest that differ decide.
    pub(super) fn less(&mut self, op: Op, a: NodeId, b: NodeId) -> NodeId {
        let w = self.f.w(a);
        let fits = self.model.chain_bits(self.budget).max(LEAST_CHUNK);
        let lengths = evenly(w, w.div_ceil(fits));
        let (mut level, mut lo) = (Vec::new(), 0);
        for (i, len) in lengths.iter().enumerate() {
            let (x, y) = (self.f.slice(a, lo, *len), self.f.slice(b, lo, *len));
            // Only the top chunk has a sign.
            let op = if i + 1 == lengths.len() { op } else { Op::LtU };
            let below = self.f.make(op, 1, &[x, y], 0);
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
}

/// `width` in `count` parts that differ by at most one; longer ones first at the ends, where a chain
/// has one column less for carries.
pub(super) fn evenly(width: u32, count: u32) -> Vec<u32> {
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
