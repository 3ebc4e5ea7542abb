//! Sums of a list of numbers.
use super::Arch;
use super::chain::{Row, chain, name, name_sum, plus};
use super::form::{Form, push};
use super::heap::{Counters, heap};
use super::patterns::fits;
use super::unit::Kind;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigInt;
use num_traits::Signed;

/// The sum of all terms modulo 2^`width`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sum {
    /// What is added.
    pub terms: Vec<Kind>,
    /// Bits of the sum, at least those of every term.
    pub width: u32,
}

impl Form for Sum {
    fn name(&self) -> String {
        let mut runs: Vec<(Kind, usize)> = Vec::new();
        for kind in &self.terms {
            match runs.last_mut() {
                Some(last) if last.0 == *kind => last.1 += 1,
                _ => runs.push((*kind, 1)),
            }
        }
        let words: Vec<String> = runs.iter().map(|(kind, count)| format!("{count}x{}", kind.word())).collect();
        format!("sum_{}_to{}", words.join("_"), self.width)
    }
    fn doc(&self) -> &'static str {
        "sum of all terms, modulo its width"
    }
    fn architectures(&self) -> Vec<Arch> {
        [Arch::Tree, Arch::Rows, Arch::Heap].into_iter().chain(Arch::COUNTING.iter().copied()).collect()
    }
    fn inputs(&self) -> Vec<(String, u32)> {
        self.terms.iter().enumerate().map(|(i, kind)| (format!("a{i}"), kind.bits)).collect()
    }
    fn width(&self) -> u32 {
        self.width
    }
    fn signed(&self) -> bool {
        self.terms.iter().any(|t| t.signed)
    }
    fn plain(&self, m: &mut Module, inputs: &[NodeId]) -> NodeId {
        let mut sum = None;
        for (kind, node) in self.terms.iter().zip(inputs) {
            let wide = match kind.bits < self.width {
                true => push(m, if kind.signed { Op::Sext } else { Op::Zext }, self.width, &[*node]),
                false => *node,
            };
            sum = Some(sum.map_or(wide, |sum| push(m, Op::Add, self.width, &[sum, wide])));
        }
        sum.unwrap_or(inputs[0])
    }
    fn build(&self, f: &mut Fold, modules: &mut Vec<Module>, arch: Arch, inputs: &[NodeId]) -> NodeId {
        if arch == Arch::Tree {
            return self.tree(f, inputs);
        }
        let mut rows = Vec::new();
        for (i, (kind, node)) in self.terms.iter().zip(inputs).enumerate() {
            let (mut bits, mut owed) = (*node, BigInt::ZERO);
            if kind.signed && kind.bits < self.width {
                // A sign counts as its complement, less a constant.
                let sign = f.slice(bits, kind.bits - 1, 1);
                let inverted = f.not(sign);
                let low = (kind.bits > 1).then(|| f.slice(bits, 0, kind.bits - 1));
                let parts: Vec<NodeId> = std::iter::once(inverted).chain(low).collect();
                bits = f.concat(&parts);
                owed = BigInt::from(1) << (kind.bits - 1);
            }
            name(f, bits, &format!("row{i}"));
            rows.push(Row { bits, offset: 0, carry: None, owed });
        }
        match arch {
            Arch::Heap => heap(f, modules, &rows, self.width, Counters::Three),
            Arch::Counters => heap(f, modules, &rows, self.width, Counters::Six),
            #[cfg(feature = "ilp")]
            Arch::Planned => heap(f, modules, &rows, self.width, Counters::Planned),
            _ => chain(f, None, &rows, self.width),
        }
    }
}

impl Sum {
    /// Pairs, and pairs of pairs, each as wide as it must be, with one operand pinned as in a chain.
    fn tree(&self, f: &mut Fold, inputs: &[NodeId]) -> NodeId {
        let mut level: Vec<(NodeId, BigInt, BigInt)> = (self.terms.iter().zip(inputs))
            .map(|(kind, node)| {
                let (lo, hi) = range(*kind);
                (*node, lo, hi)
            })
            .collect();
        let mut depth = 0;
        let extend = |f: &mut Fold, (node, lo, _): &(NodeId, BigInt, BigInt), width: u32| match () {
            () if f.w(*node) > width => f.slice(*node, 0, width),
            () if lo.is_negative() => f.sext(*node, width),
            () => f.zext(*node, width),
        };
        while level.len() > 1 {
            let mut next = Vec::new();
            for (i, pair) in level.chunks(2).enumerate() {
                let [x, y] = pair else {
                    next.extend(pair.iter().cloned());
                    continue;
                };
                let (lo, hi) = (&x.1 + &y.1, &x.2 + &y.2);
                let width = (1..self.width).find(|w| fits(&lo, &hi, *w, lo.is_negative())).unwrap_or(self.width);
                let (a, b) = (extend(f, x, width), extend(f, y, width));
                let sum = plus(f, a, b, None);
                name_sum(f, sum, &format!("sum{depth}_{i}"));
                next.push((sum, lo, hi));
            }
            (level, depth) = (next, depth + 1);
        }
        extend(f, &level[0], self.width)
    }
}

/// The terms of a tree of adders, none of whose sums may lose a carry, with the inner nodes.
pub(super) struct Tree<'m> {
    pub m: &'m Module,
    pub uses: &'m [u32],
    pub terms: Vec<(NodeId, Kind)>,
    pub inside: Vec<NodeId>,
}

impl Tree<'_> {
    /// Adds what stands below a node, and returns its range.
    pub fn add(&mut self, x: NodeId) -> (BigInt, BigInt) {
        let (op, args) = (self.m.node(x).op, self.m.args(x));
        if self.uses[x.index()] == 1 && op == Op::Add {
            self.inside.push(x);
            let (b, a) = (self.add(args[1]), self.add(args[0]));
            return (a.0 + b.0, a.1 + b.1);
        }
        if matches!(op, Op::Sext | Op::Zext) {
            let (signed, width) = (op == Op::Sext, self.m.width(args[0]));
            if self.uses[x.index()] == 1 && self.uses[args[0].index()] == 1 && self.m.node(args[0]).op == Op::Add {
                let before = (self.terms.len(), self.inside.len());
                self.inside.push(x);
                let (lo, hi) = self.add(args[0]);
                if fits(&lo, &hi, width, signed) {
                    return (lo, hi);
                }
                // A sum that may lose a carry is a term.
                self.terms.truncate(before.0);
                self.inside.truncate(before.1);
            }
            return self.term(args[0], Kind { bits: width, signed });
        }
        // Bits as wide as the sum may be read either way.
        self.term(x, Kind { bits: self.m.width(x), signed: true })
    }

    fn term(&mut self, x: NodeId, kind: Kind) -> (BigInt, BigInt) {
        self.terms.push((x, kind));
        range(kind)
    }
}

/// The least and the largest number of a kind.
fn range(kind: Kind) -> (BigInt, BigInt) {
    let one = BigInt::from(1);
    match kind.signed {
        true => (-(&one << (kind.bits - 1)), (&one << (kind.bits - 1)) - 1),
        false => (BigInt::ZERO, (&one << kind.bits) - 1),
    }
}
