//! Identities of comparisons.
use super::Fold;
use crate::bits::Bits;
use crate::ir::NodeId;
use crate::ops::Op;
use num_bigint::BigUint;
use num_traits::One;

impl Fold<'_> {
    pub(super) fn eq_rules(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if a == b {
            return Some(self.flag(true));
        }
        for (x, y) in [(a, b), (b, a)] {
            let Some(k) = self.k(y) else { continue };
            return self.eq_constant(x, &k);
        }
        if let (Some([x]), Some([y])) = (self.of(a, Op::Not), self.of(b, Op::Not)) {
            return Some(self.make(Op::Eq, 1, &[x, y], 0));
        }
        if let (Some([x]), Some([y])) = (self.of(a, Op::Sext), self.of(b, Op::Sext))
            && self.w(x) == self.w(y)
        {
            return Some(self.make(Op::Eq, 1, &[x, y], 0));
        }
        self.eq_parts(a, b)
    }

    fn eq_constant(&mut self, x: NodeId, k: &Bits) -> Option<NodeId> {
        let w = k.width();
        if k.is_zero() {
            let any = self.make(Op::RedOr, 1, &[x], 0);
            return Some(self.not(any));
        }
        if k.is_ones() {
            return Some(self.make(Op::RedAnd, 1, &[x], 0));
        }
        // Move what is invertible to the constant's side.
        let ones = Bits::ones(w);
        if let Some([y]) = self.of(x, Op::Not) {
            return Some(self.equals(y, Bits::new(w, k.unsigned() ^ ones.unsigned())));
        }
        if let Some([y, l]) = self.of(x, Op::Xor)
            && let Some(l) = self.k(l)
        {
            return Some(self.equals(y, Bits::new(w, k.unsigned() ^ l.unsigned())));
        }
        if let Some([y, l]) = self.of(x, Op::Add)
            && let Some(l) = self.k(l)
        {
            return Some(self.equals(y, Bits::new(w, k.unsigned() + (BigUint::one() << w) - l.unsigned())));
        }
        if let Some([y]) = self.of(x, Op::Sext) {
            let own = self.w(y);
            let low = k.slice(0, own);
            return Some(match Bits::from_signed(w, &low.signed()) == *k {
                true => self.equals(y, low),
                false => self.flag(false),
            });
        }
        if let Some([c, p, q]) = self.of(x, Op::Mux)
            && let (Some(p), Some(q)) = (self.k(p), self.k(q))
        {
            return Some(match (p == *k, q == *k) {
                (true, true) => self.flag(true),
                (true, false) => c,
                (false, true) => self.not(c),
                (false, false) => self.flag(false),
            });
        }
        let constant = self.constant(k.clone());
        self.eq_parts(x, constant)
    }

    fn equals(&mut self, x: NodeId, k: Bits) -> NodeId {
        let k = self.constant(k);
        self.make(Op::Eq, 1, &[x, k], 0)
    }

    /// Parts that are known on both sides decide or drop out.
    fn eq_parts(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        let mut cuts: Vec<u32> = [a, b].into_iter().flat_map(|id| self.borders(id)).filter(|c| *c > 0 && *c < w).collect();
        cuts.sort_unstable();
        cuts.dedup();
        if cuts.is_empty() {
            return None;
        }
        let (mut left, mut right, mut lo) = (Vec::new(), Vec::new(), 0);
        for hi in cuts.into_iter().chain([w]) {
            let (x, y) = (self.slice(a, lo, hi - lo), self.slice(b, lo, hi - lo));
            if self.is_const(x) && self.is_const(y) && x != y {
                return Some(self.flag(false));
            }
            if x != y {
                left.insert(0, x);
                right.insert(0, y);
            }
            lo = hi;
        }
        if left.is_empty() {
            return Some(self.flag(true));
        }
        let (x, y) = (self.concat(&left), self.concat(&right));
        (self.w(x) < w).then(|| self.make(Op::Eq, 1, &[x, y], 0))
    }

    /// Positions between the parts of a concatenation or extension.
    fn borders(&self, id: NodeId) -> Vec<u32> {
        let args = self.r.new.args(id);
        match self.r.new.node(id).op {
            Op::Zext => [self.w(args[0])].into_iter().chain(self.borders(args[0])).collect(),
            Op::Concat => args
                .iter()
                .scan(self.w(id), |top, part| {
                    *top -= self.w(*part);
                    Some(*top)
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn ltu_rules(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        if a == b || self.is_zero(b) || self.is_ones(a) {
            return Some(self.flag(false));
        }
        if w == 1 {
            let inverted = self.not(a);
            return Some(self.two(Op::And, inverted, b));
        }
        let (above, below) = (self.leading_zeros(a), self.leading_zeros(b));
        let both = above.min(below);
        if both > 0 {
            let (x, y) = (self.slice(a, 0, w - both), self.slice(b, 0, w - both));
            return Some(self.make(Op::LtU, 1, &[x, y], 0));
        }
        if let Some(k) = self.k(b) {
            // The constant has its top bit set here.
            if above > 0 {
                return Some(self.flag(true));
            }
            if k.is_ones() {
                let all = self.make(Op::RedAnd, 1, &[a], 0);
                return Some(self.not(all));
            }
            // a < 2^n is "no bit from n up".
            if k.unsigned().count_ones().is_one() {
                let n = k.unsigned().bits() as u32 - 1;
                return Some(self.none_from(a, n));
            }
        }
        if let Some(k) = self.k(a) {
            if below > 0 {
                return Some(self.flag(false));
            }
            // 2^n - 1 < b is "some bit from n up".
            let next = k.unsigned() + 1u32;
            if next.count_ones().is_one() {
                let none = self.none_from(b, next.bits() as u32 - 1);
                return Some(self.not(none));
            }
        }
        self.same_low(Op::LtU, a, b)
    }

    fn none_from(&mut self, x: NodeId, n: u32) -> NodeId {
        let high = self.slice(x, n, self.w(x) - n);
        let any = self.make(Op::RedOr, 1, &[high], 0);
        self.not(any)
    }

    pub(super) fn lts_rules(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        if a == b {
            return Some(self.flag(false));
        }
        if w == 1 {
            let inverted = self.not(b);
            return Some(self.two(Op::And, a, inverted));
        }
        if self.is_zero(b) {
            return Some(self.slice(a, w - 1, 1));
        }
        if self.is_ones(a) {
            let sign = self.slice(b, w - 1, 1);
            return Some(self.not(sign));
        }
        // Nothing is below the minimum or above the maximum.
        let minimum = |k: Bits| k.unsigned().count_ones().is_one() && k.get(w - 1);
        let maximum = |k: Bits| k.unsigned().count_ones() == u64::from(w - 1) && !k.get(w - 1);
        if self.k(b).is_some_and(minimum) || self.k(a).is_some_and(maximum) {
            return Some(self.flag(false));
        }
        if self.leading_zeros(a) > 0 && self.leading_zeros(b) > 0 {
            let (x, y) = (self.slice(a, 0, w - 1), self.slice(b, 0, w - 1));
            return Some(self.make(Op::LtU, 1, &[x, y], 0));
        }
        let copies = self.sign_copies(a).min(self.sign_copies(b));
        if copies > 0 {
            let (x, y) = (self.slice(a, 0, w - copies), self.slice(b, 0, w - copies));
            return Some(self.make(Op::LtS, 1, &[x, y], 0));
        }
        // A constant beyond what the other, extended side can reach.
        if self.k(b).is_some() && self.sign_copies(a) > 0 {
            let positive = self.k(b).is_some_and(|k| !k.get(w - 1));
            return Some(self.flag(positive));
        }
        if self.k(a).is_some() && self.sign_copies(b) > 0 {
            let negative = self.k(a).is_some_and(|k| k.get(w - 1));
            return Some(self.flag(negative));
        }
        self.same_low(Op::LtS, a, b)
    }

    /// Equal low parts do not take part in a comparison.
    fn same_low(&mut self, op: Op, a: NodeId, b: NodeId) -> Option<NodeId> {
        let last = |id: NodeId| match self.r.new.node(id).op {
            Op::Concat => self.r.new.args(id).last().copied(),
            _ => None,
        };
        let w = self.w(a);
        let common = match (last(a), last(b)) {
            (Some(x), Some(y)) if x == y => self.w(x),
            _ => self.trailing_zeros(a).min(self.trailing_zeros(b)),
        };
        if common == 0 || common >= w {
            return None;
        }
        let (x, y) = (self.slice(a, common, w - common), self.slice(b, common, w - common));
        Some(self.make(op, 1, &[x, y], 0))
    }
}
