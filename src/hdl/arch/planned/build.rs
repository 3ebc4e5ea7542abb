//! Plans carried out.
use super::{Column, plan};
use crate::arch::chain::{name, plus};
use crate::arch::heap::Heap;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigUint;
use std::collections::BTreeSet;

/// The sum of all bits, by the counters of a plan and an adder.
pub(in crate::arch) fn sum(h: &mut Heap) -> NodeId {
    gather_constants(h);
    let columns: Vec<Column> = (h.columns.iter())
        .map(|c| Column { height: c.len(), gates: c.iter().filter(|bit| is_gate(h.f, **bit)).count() })
        .collect();
    // What the adder's tables can form by themselves: outputs of the last stage.
    let mut formed = BTreeSet::new();
    for stage in plan(&columns) {
        let mut made = Vec::new();
        formed.clear();
        for (at, counter) in stage {
            let (low, high) = (h.take(at, counter.low), h.take(at + 1, counter.high));
            let bits = h.counted(at, &low, &high);
            formed.extend(bits.first().copied().filter(|_| counter.enters_adder()));
            made.extend(bits.into_iter().enumerate().map(|(i, bit)| (at + i, bit)));
        }
        made.into_iter().for_each(|(at, bit)| h.push(at, bit));
    }
    add(h, &formed)
}

/// All constants of all columns as one number: two bits that are always 1 are worth no counter.
fn gather_constants(h: &mut Heap) {
    let mut all = BigUint::ZERO;
    for (at, column) in h.columns.iter_mut().enumerate() {
        let before = column.len();
        column.retain(|bit| !h.f.is_const(*bit));
        all += BigUint::from(before - column.len()) << at;
    }
    for at in (0..h.columns.len()).filter(|at| all.bit(*at as u64)) {
        let one = h.f.constant(crate::bits::Bits::ones(1));
        h.push(at, one);
    }
}

/// True for a bit of an AND, inverted or not.
fn is_gate(f: &Fold, bit: NodeId) -> bool {
    let inside = f.of::<1>(bit, Op::Slice).or_else(|| f.of(bit, Op::Not)).map_or(bit, |[x]| x);
    let inside = f.of::<1>(inside, Op::Slice).or_else(|| f.of(inside, Op::Not)).map_or(inside, |[x]| x);
    f.r.new.node(inside).op == Op::And
}

/// The sum of at most two bits a column. The one that a table of the adder can form is its inverted operand, see [`plus`].
fn add(h: &mut Heap, formed: &BTreeSet<NodeId>) -> NodeId {
    let zero = h.f.zero(1);
    let first = h.columns.iter().position(|c| c.len() > 1).unwrap_or(h.columns.len());
    let (mut done, mut rows) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (at, column) in h.columns.iter().enumerate() {
        let [mut a, mut b] = [0, 1].map(|i| column.get(i).copied().unwrap_or(zero));
        if at < first {
            done.push(a);
            continue;
        }
        if formed.contains(&a) {
            std::mem::swap(&mut a, &mut b);
        }
        rows[0].push(a);
        rows[1].push(b);
    }
    let whole = |f: &mut Fold, mut bits: Vec<NodeId>| {
        bits.reverse();
        (!bits.is_empty()).then(|| f.concat(&bits))
    };
    let [a, b, done] = [std::mem::take(&mut rows[0]), std::mem::take(&mut rows[1]), done].map(|bits| whole(h.f, bits));
    let sum = a.zip(b).map(|(a, b)| {
        name(h.f, a, "rest0");
        name(h.f, b, "rest1");
        if h.f.w(a) == 1 { h.f.two(Op::Xor, a, b) } else { plus(h.f, a, b, None) }
    });
    let parts: Vec<NodeId> = [sum, done].into_iter().flatten().collect();
    h.f.concat(&parts)
}
