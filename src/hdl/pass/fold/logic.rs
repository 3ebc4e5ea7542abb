//! Identities of bitwise logic, multiplexers and reductions.
use super::Fold;
use crate::bits::Bits;
use crate::ir::NodeId;
use crate::ops::Op;
use std::collections::BTreeSet;

/// A bitwise operator is cut into at most this many parts where some of them are known.
const MOST_PARTS: usize = 6;

impl Fold<'_> {
    pub(super) fn not_rules(&mut self, a: NodeId) -> Option<NodeId> {
        let [x] = self.of(a, Op::Not)?;
        Some(x)
    }

    pub(super) fn and_or(&mut self, op: Op, a: NodeId, b: NodeId) -> Option<NodeId> {
        let dual = if op == Op::And { Op::Or } else { Op::And };
        // The constant that decides, and the one that changes nothing.
        let zero = |f: &Self, x| if op == Op::And { f.is_zero(x) } else { f.is_ones(x) };
        let one = |f: &Self, x| if op == Op::And { f.is_ones(x) } else { f.is_zero(x) };
        if a == b {
            return Some(a);
        }
        for (x, y) in [(a, b), (b, a)] {
            if zero(self, x) {
                return Some(x);
            }
            if one(self, x) {
                return Some(y);
            }
            // x & ~x
            if self.of(x, Op::Not) == Some([y]) {
                let w = self.w(x);
                return Some(self.constant(if op == Op::And { Bits::zero(w) } else { Bits::ones(w) }));
            }
            // x & (x | z), x & (x & z)
            if self.of::<2>(y, dual).is_some_and(|p| p.contains(&x)) {
                return Some(x);
            }
            if self.of::<2>(y, op).is_some_and(|p| p.contains(&x)) {
                return Some(y);
            }
        }
        self.by_parts(op, None, a, b)
    }

    pub(super) fn xor_rules(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if a == b {
            return Some(self.zero(self.w(a)));
        }
        for (x, y) in [(a, b), (b, a)] {
            if self.is_zero(x) {
                return Some(y);
            }
            if self.is_ones(x) {
                return Some(self.not(y));
            }
            if self.of(x, Op::Not) == Some([y]) {
                return Some(self.constant(Bits::ones(self.w(x))));
            }
        }
        if let (Some([x]), Some([y])) = (self.of(a, Op::Not), self.of(b, Op::Not)) {
            return Some(self.two(Op::Xor, x, y));
        }
        self.by_parts(Op::Xor, None, a, b)
    }

    pub(super) fn mux_rules(&mut self, c: NodeId, a: NodeId, b: NodeId) -> Option<NodeId> {
        let w = self.w(a);
        if let Some(c) = self.k(c) {
            return Some(if c.is_zero() { b } else { a });
        }
        if a == b {
            return Some(a);
        }
        if let Some([x]) = self.of(c, Op::Not) {
            return Some(self.make(Op::Mux, w, &[x, b, a], 0));
        }
        // An arm that selects by the same bit.
        if let Some([d, x, _]) = self.of(a, Op::Mux)
            && d == c
        {
            return Some(self.make(Op::Mux, w, &[c, x, b], 0));
        }
        if let Some([d, _, y]) = self.of(b, Op::Mux)
            && d == c
        {
            return Some(self.make(Op::Mux, w, &[c, a, y], 0));
        }
        if w == 1 {
            return self.mux_bit(c, a, b);
        }
        if self.is_ones(a) && self.is_zero(b) {
            return Some(self.sext(c, w));
        }
        if self.is_zero(a) && self.is_ones(b) {
            let inverted = self.not(c);
            return Some(self.sext(inverted, w));
        }
        // Both arms extended from the same width.
        for op in [Op::Zext, Op::Sext] {
            if let (Some([x]), Some([y])) = (self.of(a, op), self.of(b, op))
                && self.w(x) == self.w(y)
            {
                let narrow = self.make(Op::Mux, self.w(x), &[c, x, y], 0);
                return Some(self.make(op, w, &[narrow], 0));
            }
        }
        if let (Some([x]), Some([y])) = (self.of(a, Op::Not), self.of(b, Op::Not)) {
            let arms = self.make(Op::Mux, w, &[c, x, y], 0);
            return Some(self.not(arms));
        }
        self.by_parts(Op::Mux, Some(c), a, b)
    }

    fn mux_bit(&mut self, c: NodeId, a: NodeId, b: NodeId) -> Option<NodeId> {
        // In an arm the selecting bit is known.
        if self.is_ones(a) || a == c {
            return Some(self.two(Op::Or, c, b));
        }
        if self.is_zero(b) || b == c {
            return Some(self.two(Op::And, c, a));
        }
        if self.is_zero(a) {
            let inverted = self.not(c);
            return Some(self.two(Op::And, inverted, b));
        }
        if self.is_ones(b) {
            let inverted = self.not(c);
            return Some(self.two(Op::Or, inverted, a));
        }
        if self.of(a, Op::Not) == Some([b]) {
            return Some(self.two(Op::Xor, c, b));
        }
        if self.of(b, Op::Not) == Some([a]) {
            let same = self.two(Op::Xor, c, a);
            return Some(self.not(same));
        }
        None
    }

    /// A bitwise operator over wiring, cut where a part of the result is known or needs no operator.
    fn by_parts(&mut self, op: Op, select: Option<NodeId>, a: NodeId, b: NodeId) -> Option<NodeId> {
        let mut cuts = BTreeSet::new();
        self.cuts(a, op != Op::Mux, &mut cuts);
        self.cuts(b, op != Op::Mux, &mut cuts);
        if cuts.is_empty() || cuts.len() > 4 * MOST_PARTS {
            return None;
        }
        let w = self.w(a);
        // (low, high, easy) from the bottom up, difficult neighbours in one.
        let mut parts: Vec<(u32, u32, bool)> = Vec::new();
        let mut lo = 0;
        for hi in cuts.into_iter().chain([w]) {
            let (x, y) = (self.slice(a, lo, hi - lo), self.slice(b, lo, hi - lo));
            let trivial = |id| op != Op::Mux && (self.is_zero(id) || self.is_ones(id));
            let easy = x == y || trivial(x) || trivial(y);
            match parts.last_mut() {
                Some(last) if !last.2 && !easy => last.1 = hi,
                _ => parts.push((lo, hi, easy)),
            }
            lo = hi;
        }
        if parts.len() > MOST_PARTS || parts.len() < 2 {
            return None;
        }
        let made: Vec<NodeId> = parts
            .into_iter()
            .rev()
            .map(|(lo, hi, _)| {
                let (x, y) = (self.slice(a, lo, hi - lo), self.slice(b, lo, hi - lo));
                match select {
                    Some(c) => self.make(Op::Mux, hi - lo, &[c, x, y], 0),
                    None => self.two(op, x, y),
                }
            })
            .collect();
        Some(self.concat(&made))
    }

    /// Positions where a value known by its wiring changes: around constants, or at every part (`Mux`).
    fn cuts(&self, id: NodeId, only_known: bool, out: &mut BTreeSet<u32>) {
        let w = self.w(id);
        let constant = |k: &Bits, base: u32, out: &mut BTreeSet<u32>| {
            if only_known {
                out.extend((1..k.width()).filter(|i| k.get(*i) != k.get(i - 1)).map(|i| base + i));
            }
        };
        match self.r.new.node(id).op {
            Op::Const => constant(&self.r.new.consts[self.r.new.node(id).imm as usize], 0, out),
            Op::Zext => {
                let x = self.r.new.args(id)[0];
                out.insert(self.w(x));
                if self.r.new.node(x).op == Op::Concat {
                    self.cuts(x, only_known, out);
                }
            }
            Op::Concat => {
                let mut top = w;
                for part in self.r.new.args(id) {
                    let base = top - self.w(*part);
                    let known = self.r.new.const_of(*part);
                    if known.is_some() || !only_known {
                        out.extend([base, top]);
                    }
                    if let Some(k) = known {
                        constant(k, base, out);
                    }
                    top = base;
                }
            }
            _ => {}
        }
        out.remove(&0);
        out.remove(&w);
    }

    pub(super) fn reduction(&mut self, op: Op, a: NodeId) -> Option<NodeId> {
        if self.w(a) == 1 {
            return Some(a);
        }
        let args = self.r.new.args(a).to_vec();
        match self.r.new.node(a).op {
            Op::Zext if op == Op::RedAnd => Some(self.flag(false)),
            Op::Zext => Some(self.make(op, 1, &args, 0)),
            Op::Sext if op != Op::RedXor => Some(self.make(op, 1, &args, 0)),
            Op::Not if op == Op::RedAnd || op == Op::RedOr => {
                let dual = if op == Op::RedAnd { Op::RedOr } else { Op::RedAnd };
                let inner = self.make(dual, 1, &args, 0);
                Some(self.not(inner))
            }
            Op::Concat => {
                let (known, rest): (Vec<NodeId>, Vec<NodeId>) = args.into_iter().partition(|p| self.is_const(*p));
                if known.is_empty() {
                    return None;
                }
                let known: Vec<Bits> = known.into_iter().filter_map(|p| self.k(p)).collect();
                let decides = match op {
                    Op::RedOr => known.iter().any(|k| !k.is_zero()),
                    Op::RedAnd => known.iter().any(|k| !k.is_ones()),
                    _ => false,
                };
                if decides {
                    return Some(self.flag(op == Op::RedOr));
                }
                let rest = self.concat(&rest);
                let rest = self.make(op, 1, &[rest], 0);
                let odd = op == Op::RedXor && known.iter().map(|k| k.unsigned().count_ones()).sum::<u64>() % 2 == 1;
                Some(if odd { self.not(rest) } else { rest })
            }
            _ => None,
        }
    }
}
