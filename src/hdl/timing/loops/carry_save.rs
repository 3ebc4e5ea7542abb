//! Accumulators that keep sum and carries apart: one full adder in the loop, whatever the width. The
//! carries are added up outside of it.
//!
//! Each value of the loop becomes a pair whose sum it is. Clearing and holding do the same to both.
use super::Component;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use std::collections::BTreeMap;

/// True if the loop consists of sums and of choices between its own values and 0, all in one width, and
/// only the state itself is used outside; `uses` from [`crate::edit::uses`].
pub fn accumulator(m: &Module, c: &Component, uses: &[u32]) -> bool {
    let [state] = c.states[..] else { return false };
    let State { read, next, .. } = m.states[state];
    let zero = |id: NodeId| m.const_of(id).is_some_and(Bits::is_zero);
    let fits = |id: &NodeId| {
        let kind = match (m.node(*id).op, m.args(*id)) {
            (Op::State, _) => true,
            (Op::Add, [a, b]) => c.has(*a) != c.has(*b),
            (Op::Mux, [by, a, b]) => !c.has(*by) && [a, b].iter().all(|x| c.has(**x) || zero(**x)),
            _ => false,
        };
        let inside = c.nodes.iter().flat_map(|n| m.args(*n)).filter(|a| *a == id).count() + usize::from(next == *id);
        let hidden = *id == read || uses[id.index()] as usize == inside;
        kind && hidden && m.width(*id) == m.width(read)
    };
    c.nodes.iter().all(fits)
}

/// The module with these loops, of which each must be an [`accumulator`], in carry-save form.
pub fn rewrite(old: &Module, loops: &[Component]) -> Module {
    let mut r = Rebuild::new(old);
    // Sum and carries, for every value of the loops.
    let mut pairs: BTreeMap<NodeId, (NodeId, NodeId)> = BTreeMap::new();
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        r.loc = old.locs[i];
        let node = *old.node(id);
        if !loops.iter().any(|c| c.has(id)) {
            r.copy(id);
            continue;
        }
        let width = node.width;
        let pair = match (node.op, old.args(id)) {
            (Op::Add, [a, b]) => {
                let (held, term) = if pairs.contains_key(a) { (*a, *b) } else { (*b, *a) };
                let (pair, term) = (pairs[&held], r.get(term));
                compress(&mut r, pair, term, width)
            }
            (Op::Mux, [by, a, b]) => {
                let zero = r.constant(Bits::zero(width));
                let [(a, c), (b, d)] = [a, b].map(|x| pairs.get(x).copied().unwrap_or((zero, zero)));
                let by = r.get(*by);
                (r.op(Op::Mux, width, &[by, a, b], 0), r.op(Op::Mux, width, &[by, c, d], 0))
            }
            _ => {
                let sum = r.leaf(id);
                let name = format!("{}_carries", old.states[node.imm as usize].name);
                let init = Bits::zero(width);
                let carries = r.state(State { name, read: sum, next: sum, enable: None, init, reset: true });
                let value = r.op(Op::Add, width, &[sum, carries], 0);
                r.set(id, value);
                (sum, carries)
            }
        };
        // Nobody outside looks at the others; the sum stands for them where the state takes its next value.
        if node.op != Op::State {
            r.set(id, pair.0);
        }
        pairs.insert(id, pair);
    }
    for state in loops.iter().flat_map(|c| &c.states) {
        let State { read, next, enable, .. } = old.states[*state];
        let enable = enable.map(|e| r.get(e));
        let at = r.new.node(pairs[&read].1).imm as usize;
        (r.new.states[at].next, r.new.states[at].enable) = (pairs[&next].1, enable);
    }
    r.finish()
}

/// The pair plus a term, as a pair.
fn compress(r: &mut Rebuild, (a, b): (NodeId, NodeId), term: NodeId, width: u32) -> (NodeId, NodeId) {
    let half = r.op(Op::Xor, width, &[a, b], 0);
    let sum = r.op(Op::Xor, width, &[half, term], 0);
    // A carry where two of the three are 1; that of the top bit is lost.
    let both = r.op(Op::And, width, &[a, b], 0);
    let either = r.op(Op::And, width, &[half, term], 0);
    let majority = r.op(Op::Or, width, &[both, either], 0);
    let zero = r.constant(Bits::zero(1));
    if width == 1 {
        return (sum, zero);
    }
    let low = r.op(Op::Slice, width - 1, &[majority], 0);
    (sum, r.op(Op::Concat, width, &[low, zero], 0))
}
