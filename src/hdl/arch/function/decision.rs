//! Multiplexers: a decision diagram that all outputs share, its inputs in the order that makes it smallest.
//!
//! Which functions stand below the inputs tested so far depends on their set only, not on their order. So the best order
//! comes from the best orders of all subsets (Friedman and Supowit). A function and its complement are one.
use super::truth::{INPUTS, Truth};
use crate::ir::NodeId;
use crate::ops::Op;
use crate::pass::fold::Fold;
use std::collections::BTreeMap;

/// The functions that are left, each once.
fn distinct(all: impl Iterator<Item = Truth>) -> Vec<Truth> {
    let mut all: Vec<Truth> = all.filter(|f| !f.constant()).map(|f| f.canonical().0).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Two-input operators that testing an input of a function takes.
fn price(f: Truth, input: u32) -> u32 {
    if !f.depends(input) {
        return 0;
    }
    if f.with(input, false).constant() || f.with(input, true).constant() { 1 } else { 3 }
}

/// The inputs in the order in which they are tested.
pub(super) fn order(functions: &[Truth]) -> Vec<u32> {
    let roots = distinct(functions.iter().copied());
    let used: Vec<u32> = (0..INPUTS).filter(|i| roots.iter().any(|f| f.depends(*i))).collect();
    let sets = 1usize << used.len();
    let mut below: Vec<Vec<Truth>> = vec![roots];
    // The price of the inputs of a set, and the last of them.
    let mut best: Vec<(u32, usize)> = vec![(u32::MAX, 0); sets];
    best[0].0 = 0;
    for set in 0..sets {
        if set > 0 {
            let last = set.trailing_zeros() as usize;
            let before = &below[set & (set - 1)];
            below.push(distinct(before.iter().flat_map(|f| [false, true].map(|v| f.with(used[last], v)))));
        }
        for (i, input) in used.iter().enumerate().filter(|(i, _)| set >> i & 1 == 0) {
            let price = best[set].0 + below[set].iter().map(|f| price(*f, *input)).sum::<u32>();
            let next = &mut best[set | 1 << i];
            *next = (price, i).min(*next);
        }
    }
    let (mut set, mut order) = (sets - 1, Vec::new());
    while set > 0 {
        let last = best[set].1;
        order.push(used[last]);
        set &= !(1 << last);
    }
    order.reverse();
    order
}

/// The functions of the bits of a node, as a shared diagram.
pub(super) fn build(f: &mut Fold, functions: &[Truth], inputs: &[NodeId]) -> Vec<NodeId> {
    let mut diagram = Diagram { f, order: order(functions), inputs, known: BTreeMap::new() };
    functions.iter().map(|g| diagram.node(*g)).collect()
}

struct Diagram<'d, 'f> {
    f: &'d mut Fold<'f>,
    order: Vec<u32>,
    inputs: &'d [NodeId],
    known: BTreeMap<Truth, NodeId>,
}

impl Diagram<'_, '_> {
    fn node(&mut self, function: Truth) -> NodeId {
        let (plain, inverted) = function.canonical();
        let node = match self.known.get(&plain) {
            Some(node) => *node,
            None => {
                let node = match self.order.iter().find(|i| plain.depends(**i)) {
                    Some(i) => {
                        let i = *i;
                        let (one, zero) = (self.node(plain.with(i, true)), self.node(plain.with(i, false)));
                        self.f.make(Op::Mux, 1, &[self.inputs[i as usize], one, zero], 0)
                    }
                    None => self.f.zero(1),
                };
                self.known.insert(plain, node);
                node
            }
        };
        if inverted { self.f.not(node) } else { node }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_tested_together() {
        // The worst order takes 2^5 nodes, the best two for each pair.
        let f = Truth::new(8, |i| (i & i >> 4) & 15 != 0);
        let order = order(&[f]);
        assert!(order.chunks(2).all(|p| p[0] % 4 == p[1] % 4), "{order:?}");
        assert!(super::order(&[Truth::ZERO]).is_empty());
    }
}
