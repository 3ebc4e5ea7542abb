//! Identities of sums, differences, products and shifts.
use super::Fold;
use crate::bits::Bits;
use crate::ir::NodeId;
use crate::ops::Op;
use num_traits::{One, Signed, ToPrimitive};

impl Fold<'_> {
    pub(super) fn add_rules(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        for (x, y) in [(a, b), (b, a)] {
            if self.is_zero(x) {
                return Some(y);
            }
            // (z + k) + l
            if let (Some(l), Some([z, k])) = (self.k(x), self.of(y, Op::Add))
                && let Some(k) = self.k(k)
            {
                let sum = self.constant(Bits::new(w, k.unsigned() + l.unsigned()));
                return Some(self.two(Op::Add, z, sum));
            }
            // x + (0 - y)
            if let Some([zero, z]) = self.of(x, Op::Sub)
                && self.is_zero(zero)
            {
                return Some(self.two(Op::Sub, y, z));
            }
        }
        if w == 1 {
            return Some(self.two(Op::Xor, a, b));
        }
        if a == b {
            let low = self.slice(a, 0, w - 1);
            return Some(self.above_zeros(low, 1));
        }
        for (x, y) in [(a, b), (b, a)] {
            if let Some(id) = self.without_low(Op::Add, x, y, x) {
                return Some(id);
            }
        }
        // Bits above the carry.
        let zeros = self.leading_zeros(a).min(self.leading_zeros(b));
        if zeros >= 2 {
            return Some(self.narrower(Op::Add, a, b, w - zeros + 1, Op::Zext));
        }
        let copies = self.sign_copies(a).min(self.sign_copies(b));
        (copies >= 2).then(|| self.narrower(Op::Add, a, b, w - copies + 1, Op::Sext))
    }

    pub(super) fn sub_rules(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        if self.is_zero(b) {
            return Some(a);
        }
        if a == b {
            return Some(self.zero(w));
        }
        if w == 1 {
            return Some(self.two(Op::Xor, a, b));
        }
        // a - (0 - y)
        if let Some([zero, y]) = self.of(b, Op::Sub)
            && self.is_zero(zero)
        {
            return Some(self.two(Op::Add, a, y));
        }
        if let Some(id) = self.without_low(Op::Sub, a, b, a).or_else(|| self.without_borrow(a, b)) {
            return Some(id);
        }
        let zeros = self.leading_zeros(a).min(self.leading_zeros(b));
        if zeros >= 2 {
            return Some(self.narrower(Op::Sub, a, b, w - zeros + 1, Op::Sext));
        }
        let copies = self.sign_copies(a).min(self.sign_copies(b));
        (copies >= 2).then(|| self.narrower(Op::Sub, a, b, w - copies + 1, Op::Sext))
    }

    /// Where the low bits of `b` are 0, the result's low bits are those of `kept` and nothing carries out of them.
    fn without_low(&mut self, op: Op, a: NodeId, b: NodeId, kept: NodeId) -> Option<NodeId> {
        let (w, zeros) = (self.w(a), self.trailing_zeros(b));
        if zeros == 0 || zeros >= w {
            return None;
        }
        let (x, y) = (self.slice(a, zeros, w - zeros), self.slice(b, zeros, w - zeros));
        let (high, low) = (self.two(op, x, y), self.slice(kept, 0, zeros));
        Some(self.concat(&[high, low]))
    }

    /// Where the low bits of a constant `a` are 1, the difference's are those of `b` inverted and nothing is borrowed.
    fn without_borrow(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let (w, ones) = (self.w(a), self.k(a)?.unsigned().trailing_ones() as u32);
        if ones == 0 {
            return None;
        }
        let ones = ones.min(w);
        let low = self.slice(b, 0, ones);
        let low = self.make(Op::Not, ones, &[low], 0);
        if ones == w {
            return Some(low);
        }
        let (x, y) = (self.slice(a, ones, w - ones), self.slice(b, ones, w - ones));
        let high = self.two(Op::Sub, x, y);
        Some(self.concat(&[high, low]))
    }

    fn narrower(&mut self, op: Op, a: NodeId, b: NodeId, width: u32, extend: Op) -> NodeId {
        let w = self.w(a);
        let (x, y) = (self.slice(a, 0, width), self.slice(b, 0, width));
        let low = self.two(op, x, y);
        self.make(extend, w, &[low], 0)
    }

    pub(super) fn product(&mut self, op: Op, a: NodeId, b: NodeId) -> Option<NodeId> {
        let signed = op == Op::MulS;
        let w = self.w(a) + self.w(b);
        let extend = if signed { Op::Sext } else { Op::Zext };
        for (x, y) in [(a, b), (b, a)] {
            if let Some(id) = self.by_constant(signed, x, y, w) {
                return Some(id);
            }
            // One bit: 0 or ±y.
            if self.w(x) == 1 && signed {
                let wide = self.sext(y, w);
                let zero = self.zero(w);
                let negated = self.two(Op::Sub, zero, wide);
                return Some(self.make(Op::Mux, w, &[x, negated, zero], 0));
            }
            if self.w(x) == 1 {
                let mask = self.sext(x, w - 1);
                let kept = self.two(Op::And, y, mask);
                return Some(self.zext(kept, w));
            }
            let zeros = self.trailing_zeros(x);
            if zeros > 0 && zeros < self.w(x) {
                let short = self.slice(x, zeros, self.w(x) - zeros);
                let prod = self.make(op, w - zeros, &[short, y], 0);
                return Some(self.above_zeros(prod, zeros));
            }
            let spare = if signed { self.sign_copies(x) } else { self.leading_zeros(x) };
            if spare > 0 && spare < self.w(x) {
                let short = self.slice(x, 0, self.w(x) - spare);
                let prod = self.make(op, w - spare, &[short, y], 0);
                return Some(self.make(extend, w, &[prod], 0));
            }
        }
        // Two non-negative numbers need no sign.
        if signed && self.leading_zeros(a) > 0 && self.leading_zeros(b) > 0 {
            let (x, y) = (self.slice(a, 0, self.w(a) - 1), self.slice(b, 0, self.w(b) - 1));
            let prod = self.make(Op::MulU, w - 2, &[x, y], 0);
            return Some(self.zext(prod, w));
        }
        None
    }

    /// A product with a constant 0 or ± a power of two.
    fn by_constant(&mut self, signed: bool, x: NodeId, y: NodeId, w: u32) -> Option<NodeId> {
        let k = self.k(x)?;
        if k.is_zero() {
            return Some(self.zero(w));
        }
        let (negative, magnitude) = match signed {
            true => (k.signed().is_negative(), k.signed().abs().to_biguint()?),
            false => (false, k.unsigned().clone()),
        };
        if !magnitude.count_ones().is_one() {
            return None;
        }
        let n = magnitude.trailing_zeros()? as u32;
        let wide = match signed {
            true => self.sext(y, w - n),
            false => self.zext(y, w - n),
        };
        let value = if negative {
            let zero = self.zero(w - n);
            self.two(Op::Sub, zero, wide)
        } else {
            wide
        };
        Some(self.above_zeros(value, n))
    }

    pub(super) fn shift(&mut self, op: Op, a: NodeId, n: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        if self.is_zero(a) || (op == Op::ShrS && self.is_ones(a)) {
            return Some(a);
        }
        if let Some(k) = self.k(n) {
            let n = k.unsigned().to_u32().unwrap_or(w).min(w);
            return Some(match op {
                _ if n == 0 => a,
                Op::Shl if n == w => self.zero(w),
                Op::Shl => {
                    let low = self.slice(a, 0, w - n);
                    self.above_zeros(low, n)
                }
                Op::ShrU if n == w => self.zero(w),
                Op::ShrU => {
                    let high = self.slice(a, n, w - n);
                    self.zext(high, w)
                }
                _ => {
                    let n = n.min(w - 1);
                    let high = self.slice(a, n, w - n);
                    self.sext(high, w)
                }
            });
        }
        // The distance's own extension does not matter.
        let zeros = self.leading_zeros(n);
        if zeros > 0 && zeros < self.w(n) {
            let short = self.slice(n, 0, self.w(n) - zeros);
            return Some(self.make(op, w, &[a, short], 0));
        }
        if w == 1 {
            return Some(match op {
                Op::ShrS => a,
                _ => {
                    let any = self.make(Op::RedOr, 1, &[n], 0);
                    let none = self.not(any);
                    self.two(Op::And, a, none)
                }
            });
        }
        (op == Op::ShrS && self.leading_zeros(a) > 0).then(|| self.make(Op::ShrU, w, &[a, n], 0))
    }
}
