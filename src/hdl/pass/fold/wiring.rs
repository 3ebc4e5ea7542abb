//! Identities of slices, concatenations and extensions.
use super::Fold;
use crate::ir::NodeId;
use crate::ops::Op;

impl Fold<'_> {
    pub(super) fn slice_rules(&mut self, a: NodeId, lo: u32, width: u32) -> Option<NodeId> {
        if width == self.w(a) {
            return Some(a);
        }
        let hi = lo + width;
        let node = *self.r.new.node(a);
        match node.op {
            Op::Slice => {
                let [x] = self.of(a, Op::Slice)?;
                Some(self.slice(x, node.imm + lo, width))
            }
            Op::Concat => {
                let parts = self.r.new.args(a).to_vec();
                let (mut kept, mut top) = (Vec::new(), node.width);
                for part in parts {
                    let base = top - self.w(part);
                    let (from, to) = (lo.max(base), hi.min(top));
                    if from < to {
                        kept.push(self.slice(part, from - base, to - from));
                    }
                    top = base;
                }
                Some(self.concat(&kept))
            }
            Op::Zext => {
                let [x] = self.of(a, Op::Zext)?;
                let own = self.w(x);
                Some(match () {
                    () if lo >= own => self.zero(width),
                    () if hi <= own => self.slice(x, lo, width),
                    () => {
                        let low = self.slice(x, lo, own - lo);
                        self.zext(low, width)
                    }
                })
            }
            Op::Sext => {
                let [x] = self.of(a, Op::Sext)?;
                let own = self.w(x);
                if hi <= own {
                    return Some(self.slice(x, lo, width));
                }
                let from = lo.min(own - 1);
                let low = self.slice(x, from, own - from);
                Some(self.sext(low, width))
            }
            _ => None,
        }
    }

    /// Concatenation, highest part first; always gives the canonical form.
    pub(super) fn concat_rules(&mut self, parts: &[NodeId]) -> NodeId {
        // Flat, extensions opened; a zext inside is zeros and its operand.
        let mut flat: Vec<NodeId> = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            match self.r.new.node(*part).op {
                Op::Concat => flat.extend_from_slice(self.r.new.args(*part)),
                Op::Zext => {
                    let x = self.r.new.args(*part)[0];
                    let zeros = self.zero(self.w(*part) - self.w(x));
                    flat.push(zeros);
                    match self.r.new.node(x).op {
                        Op::Concat => flat.extend_from_slice(self.r.new.args(x)),
                        _ => flat.push(x),
                    }
                }
                // On top, an extension of the whole.
                Op::Sext if i == 0 && parts.len() > 1 => {
                    let x = self.r.new.args(*part)[0];
                    let width = parts.iter().map(|p| self.w(*p)).sum();
                    let rest: Vec<NodeId> = [x].into_iter().chain(parts[1..].iter().copied()).collect();
                    let low = self.concat(&rest);
                    return self.sext(low, width);
                }
                _ => flat.push(*part),
            }
        }
        let mut merged: Vec<NodeId> = Vec::with_capacity(flat.len());
        for part in flat {
            match merged.last().copied().and_then(|above| self.join(above, part)) {
                Some(joined) => *merged.last_mut().unwrap_or(&mut NodeId(0)) = joined,
                None => merged.push(part),
            }
        }
        let width: u32 = merged.iter().map(|p| self.w(*p)).sum();
        if merged.len() == 1 {
            return merged[0];
        }
        if let Some(top) = self.k(merged[0]) {
            let zeros = self.leading_zeros(merged[0]);
            if zeros > 0 {
                let kept = top.width() - zeros;
                let mut rest = merged[1..].to_vec();
                if kept > 0 {
                    let low = self.constant(top.slice(0, kept));
                    rest.insert(0, low);
                }
                let low = self.concat(&rest);
                return self.zext(low, width);
            }
        }
        // The top bit of the next part repeated above it.
        let next_sign = match self.w(merged[1]) {
            1 => merged[1],
            w => self.slice(merged[1], w - 1, 1),
        };
        if self.w(merged[0]) == 1 && merged[0] == next_sign && !self.is_const(merged[0]) {
            let low = self.concat(&merged[1..]);
            return self.sext(low, width);
        }
        self.r.op(Op::Concat, width, &merged, 0)
    }

    /// Two neighbours as one: constants, adjoining slices of one value.
    fn join(&mut self, above: NodeId, below: NodeId) -> Option<NodeId> {
        if let (Some(a), Some(b)) = (self.k(above), self.k(below)) {
            return Some(self.constant(a.concat(&b)));
        }
        let whole = |id: NodeId| match self.r.new.node(id).op {
            Op::Slice => (self.r.new.args(id)[0], self.r.new.node(id).imm),
            _ => (id, 0),
        };
        let ((x, hi), (y, lo)) = (whole(above), whole(below));
        (x == y && hi == lo + self.w(below)).then(|| self.slice(x, lo, self.w(above) + self.w(below)))
    }

    pub(super) fn zext_rules(&mut self, a: NodeId, width: u32) -> Option<NodeId> {
        let [x] = self.of(a, Op::Zext)?;
        Some(self.zext(x, width))
    }

    pub(super) fn sext_rules(&mut self, a: NodeId, width: u32) -> Option<NodeId> {
        if self.leading_zeros(a) > 0 {
            return Some(self.zext(a, width));
        }
        let [x] = self.of(a, Op::Sext)?;
        Some(self.sext(x, width))
    }
}
