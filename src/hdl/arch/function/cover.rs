//! Sums of products: the fewest literals in two levels, products shared among the outputs.
use super::truth::{INPUTS, Truth};
use crate::ir::NodeId;
use crate::ops::Op;
use crate::pass::fold::Fold;
use std::collections::BTreeSet;

/// Steps after which the search for a smaller cover ends.
const STEPS: u32 = 1000;

/// A product of inputs and of complements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Product {
    /// Inputs in it.
    care: u8,
    /// Those that are not complements.
    value: u8,
}

impl Product {
    fn truth(self) -> Truth {
        let literal = |i: u32| if self.value >> i & 1 == 1 { Truth::input(i) } else { Truth::input(i).not() };
        (0..INPUTS).filter(|i| self.care >> i & 1 == 1).fold(Truth::ZERO.not(), |all, i| all.and(literal(i)))
    }
}

/// Every product that cannot be made shorter (Quine, McCluskey).
fn primes(f: Truth) -> Vec<Product> {
    let off = f.not();
    let support = f.support().iter().fold(0u8, |all, i| all | 1 << i);
    let mut within = vec![false; 1 << 16];
    let at = |p: Product| usize::from(p.care) << 8 | usize::from(p.value);
    let mut all = Vec::new();
    for care in (0..=255u8).filter(|c| c & !support == 0) {
        for value in (0..=255u8).filter(|v| v & !care == 0) {
            let product = Product { care, value };
            if product.truth().and(off).is_zero() {
                within[at(product)] = true;
                all.push(product);
            }
        }
    }
    let shorter = |p: &Product, i: u32| Product { care: p.care & !(1 << i), value: p.value & !(1 << i) };
    all.retain(|p| !(0..INPUTS).any(|i| p.care >> i & 1 == 1 && within[at(shorter(p, i))]));
    all
}

/// Products to choose from, what they cover and what they cost.
struct Search {
    all: Vec<(Product, Truth, u32)>,
    best: Vec<usize>,
    least: u32,
    steps: u32,
}

impl Search {
    /// The cheapest product for each address that is not covered yet, by what it covers besides.
    fn greedy(&self, mut open: Truth, mut chosen: Vec<usize>) -> Vec<usize> {
        while !open.is_zero() {
            // Shares of the cost, compared crosswise.
            let gain = |i: &usize| (self.all[*i].1.and(open).ones(), self.all[*i].2);
            let better = |a: &usize, b: &usize| {
                let ((x, p), (y, q)) = (gain(a), gain(b));
                (x * q).cmp(&(y * p)).then(b.cmp(a))
            };
            let Some(next) = (0..self.all.len()).max_by(better) else { break };
            open = open.and(self.all[next].1.not());
            chosen.push(next);
        }
        chosen
    }

    fn cost(&self, chosen: &[usize]) -> u32 {
        chosen.iter().map(|i| self.all[*i].2).sum()
    }

    /// Branches over the products of the address that has fewest.
    fn exact(&mut self, open: Truth, chosen: &mut Vec<usize>, cost: u32) {
        if open.is_zero() {
            if cost < self.least {
                (self.best, self.least) = (chosen.clone(), cost);
            }
            return;
        }
        self.steps += 1;
        if self.steps > STEPS || cost + 1 >= self.least {
            return;
        }
        // Addresses in at least one product, two, three, four.
        let mut seen = [Truth::ZERO; 4];
        for (_, truth, _) in &self.all {
            (1..4).rev().for_each(|n| seen[n] = seen[n].or(seen[n - 1].and(*truth)));
            seen[0] = seen[0].or(*truth);
        }
        let few = seen.iter().map(|more| open.and(more.not())).chain([open]);
        let Some(hardest) = few.filter_map(Truth::first).next() else { return };
        let mut ways: Vec<usize> = (0..self.all.len()).filter(|i| self.all[*i].1.get(hardest)).collect();
        ways.sort_by_key(|i| (std::cmp::Reverse(self.all[*i].1.and(open).ones()), *i));
        for way in ways {
            chosen.push(way);
            self.exact(open.and(self.all[way].1.not()), chosen, cost + self.all[way].2);
            chosen.pop();
        }
    }
}

/// Products whose sum is `f`; those of `shared` are there already.
fn cover(f: Truth, shared: &BTreeSet<Product>) -> (Vec<Product>, u32) {
    let cost = |p: &Product| if shared.contains(p) { 1 } else { p.care.count_ones() + 1 };
    let all: Vec<_> = primes(f).into_iter().map(|p| (p, p.truth(), cost(&p))).collect();
    let mut search = Search { all, best: Vec::new(), least: 0, steps: 0 };
    // Those without which an address is not covered.
    let (mut once, mut more) = (Truth::ZERO, Truth::ZERO);
    for (_, truth, _) in &search.all {
        (once, more) = (once.or(*truth), more.or(once.and(*truth)));
    }
    let only = once.and(more.not());
    let mut chosen: Vec<usize> = (0..search.all.len()).filter(|i| !search.all[*i].1.and(only).is_zero()).collect();
    let open = chosen.iter().fold(f, |open, i| open.and(search.all[*i].1.not()));
    search.best = search.greedy(open, chosen.clone());
    search.least = search.cost(&search.best);
    let cost = search.cost(&chosen);
    search.exact(open, &mut chosen, cost);
    (search.best.iter().map(|i| search.all[*i].0).collect(), search.least)
}

/// Products of every function, and whether their sum is its complement.
pub(super) fn covers(functions: &[Truth]) -> Vec<(Vec<Product>, bool)> {
    let mut covers: Vec<(Vec<Product>, bool)> = vec![(Vec::new(), false); functions.len()];
    // Once more with the products of all others known.
    for _ in 0..2 {
        for (i, f) in functions.iter().enumerate() {
            let others = covers.iter().enumerate().filter(|(j, _)| *j != i);
            let shared: BTreeSet<Product> = others.flat_map(|(_, (products, _))| products.iter().copied()).collect();
            let (plain, inverted) = (cover(*f, &shared), cover(f.not(), &shared));
            covers[i] = if plain.1 <= inverted.1 { (plain.0, false) } else { (inverted.0, true) };
            covers[i].0.sort_unstable();
        }
    }
    covers
}

/// The functions of the bits of a node, in two levels.
pub(super) fn build(f: &mut Fold, functions: &[Truth], inputs: &[NodeId]) -> Vec<NodeId> {
    let covers = covers(functions);
    let mut sum = |(products, inverted): &(Vec<Product>, bool)| {
        let terms: Vec<NodeId> = products.iter().map(|p| product(f, *p, inputs)).collect();
        let sum = balanced(f, Op::Or, &terms);
        if *inverted { f.not(sum) } else { sum }
    };
    covers.iter().map(&mut sum).collect()
}

fn product(f: &mut Fold, product: Product, inputs: &[NodeId]) -> NodeId {
    let mut literals = Vec::new();
    for (i, node) in inputs.iter().enumerate().filter(|(i, _)| product.care >> i & 1 == 1) {
        literals.push(if product.value >> i & 1 == 1 { *node } else { f.not(*node) });
    }
    balanced(f, Op::And, &literals)
}

/// One operator over all nodes, as a tree; over none, what changes nothing.
fn balanced(f: &mut Fold, op: Op, nodes: &[NodeId]) -> NodeId {
    match nodes {
        [] if op == Op::Or => f.zero(1),
        [] => {
            let zero = f.zero(1);
            f.not(zero)
        }
        [one] => *one,
        _ => {
            let (low, high) = nodes.split_at(nodes.len() / 2);
            let (low, high) = (balanced(f, op, low), balanced(f, op, high));
            f.two(op, low, high)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products(inputs: u32, value: impl Fn(usize) -> bool) -> usize {
        cover(Truth::new(inputs, value), &BTreeSet::new()).0.len()
    }

    /// Of x0 + x1 x2 two, of a function with six of two inputs each those.
    #[test]
    fn primes_are_as_short_as_can_be() {
        assert_eq!(primes(Truth::new(3, |i| i & 1 == 1 || i & 6 == 6)).len(), 2);
        let six = primes(Truth::new(3, |i| i != 0 && i != 7));
        assert!(six.len() == 6 && six.iter().all(|p| p.care.count_ones() == 2), "{six:?}");
    }

    #[test]
    fn known_covers_have_their_size() {
        assert_eq!(products(5, |i| i.count_ones() >= 3), 10);
        assert_eq!(products(7, |i| i.count_ones() >= 4), 35);
        assert_eq!(products(4, |i| i.count_ones() % 2 == 1), 8);
        assert_eq!(products(8, |i| i.count_ones() % 2 == 1), 128);
        // No prime is essential: each of the two covers has three of six.
        assert_eq!(products(3, |i| i != 0 && i != 7), 3);
        assert_eq!(products(3, |_| false), 0);
        assert_eq!(products(3, |_| true), 1);
        // The complement of a sum of many is one product.
        let (products, inverted) = covers(&[Truth::new(8, |i| i != 255)]).remove(0);
        assert_eq!((products.len(), inverted), (1, true));
    }
}
