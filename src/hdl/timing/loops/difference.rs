//! Accumulators without a clear in the loop.
//!
//! acc ← (clear ? 0 : acc) + x has a multiplexer in front of its adder, a logic level and a wire that
//! cost more than sixteen bits of carry. As acc wraps around, the sum can run on
//! for ever: total ← total + x. What it was at the last clear is kept apart, and
//! acc = total − base is computed outside the loop. Kept is the complement, base ← ~total when
//! `clear`, so that a sum does it, acc = total + base + 1: not every carry cell can invert. The 1 is
//! a bit that is 0 until the first clear; so no register needs to start at 1.
//!
//! Measured, 16 bits with clear, enable and carry out between registers, MHz, median of three seeds
//! (Yosys 0.70, nextpnr 0.11.1):
//!
//! | | ECP5-85k -6 | HX8K |
//! |---|---|---|
//! | `(clear ? 0 : acc) + x` | 236 | 160 |
//! | `clear ? x : acc + x` | 250 | 153 |
//! | without clear | 331 | 189 |
//! | total and base, `total - base` registered | 312 | 189 |
use super::Component;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use std::collections::BTreeMap;

/// The number of the state if the loop is `next = (clear ? 0 : read) + x` or `next = read + x`, all in one width,
/// and nothing else looks inside; `uses` from [`crate::edit::uses`].
pub fn accumulator(m: &Module, c: &Component, uses: &[u32]) -> Option<usize> {
    let [state] = c.states[..] else { return None };
    let parts = Parts::of(m, state)?;
    let base = parts.clear.map(|c| c.0);
    let inside: Vec<NodeId> = [parts.read, parts.sum].into_iter().chain(base).collect();
    let only = inside.len() == c.nodes.len() && inside.iter().all(|id| c.has(*id));
    // The sum and what is cleared have no other users.
    let hidden = [parts.sum].into_iter().chain(base).all(|id| uses[id.index()] == 1);
    (only && hidden).then_some(state)
}

/// The nodes of an accumulator.
pub struct Parts {
    /// The state.
    pub read: NodeId,
    /// The multiplexer, and the bit that clears with the value it has then.
    pub clear: Option<(NodeId, (NodeId, bool))>,
    /// The adder.
    pub sum: NodeId,
    /// What is added.
    pub term: NodeId,
}

impl Parts {
    /// As read from the next value of a state.
    pub fn of(m: &Module, state: usize) -> Option<Parts> {
        let State { read, next: sum, .. } = m.states[state];
        if m.node(sum).op != Op::Add {
            return None;
        }
        let cleared = |id: NodeId| match (m.node(id).op, m.args(id)) {
            (Op::Mux, [c, zero, x]) if *x == read && m.const_of(*zero).is_some_and(Bits::is_zero) => Some((*c, true)),
            (Op::Mux, [c, x, zero]) if *x == read && m.const_of(*zero).is_some_and(Bits::is_zero) => Some((*c, false)),
            _ => None,
        };
        let [a, b] = m.args(sum).try_into().ok()?;
        [(a, b), (b, a)].into_iter().find_map(|(base, term)| match cleared(base) {
            Some(clear) => Some(Parts { read, clear: Some((base, clear)), sum, term }),
            None if base == read => Some(Parts { read, clear: None, sum, term }),
            None => None,
        })
    }
}

/// Which accumulator each node belongs to.
pub fn places(parts: &[(usize, Parts)]) -> BTreeMap<NodeId, usize> {
    let nodes = |p: &Parts| [p.read, p.sum].into_iter().chain(p.clear.map(|c| c.0)).collect::<Vec<_>>();
    parts.iter().enumerate().flat_map(|(at, (_, p))| nodes(p).into_iter().map(move |id| (id, at))).collect()
}

/// The module with these states as differences; states that are never cleared stay.
pub fn rewrite(old: &Module, states: &[usize]) -> Module {
    let mut r = Rebuild::new(old);
    let parts: Vec<(usize, Parts)> =
        states.iter().filter_map(|s| Some((*s, Parts::of(old, *s).filter(|p| p.clear.is_some())?))).collect();
    let place = places(&parts);
    // Sum, copy and the bit that says there is one, in the new module.
    let mut made: BTreeMap<usize, [NodeId; 3]> = BTreeMap::new();
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        r.loc = old.locs[i];
        let Some((state, p)) = place.get(&id).map(|at| &parts[*at]) else {
            r.copy(id);
            continue;
        };
        if id == p.read {
            let total = r.leaf(id);
            let name = &old.states[*state].name;
            let width = old.width(id);
            let base = r.state(State {
                name: format!("{name}_base"),
                read: total,
                next: total,
                enable: None,
                init: Bits::zero(width),
                reset: true,
            });
            let cleared = r.state(State {
                name: format!("{name}_cleared"),
                read: total,
                next: total,
                enable: None,
                init: Bits::zero(1),
                reset: true,
            });
            let one = r.constant(Bits::bit(true));
            let args = [r.op(Op::Concat, width + 1, &[total, one], 0), r.op(Op::Concat, width + 1, &[base, cleared], 0)];
            let value = r.op(Op::Add, width + 1, &args, 0);
            let value = r.op(Op::Slice, width, &[value], 1);
            r.set(id, value);
            made.insert(*state, [total, base, cleared]);
        } else if id == p.sum {
            let total = made[state][0];
            let term = r.get(p.term);
            let sum = r.op(Op::Add, old.width(id), &[total, term], 0);
            r.set(id, sum);
        }
        // The cleared value has no place: only the sum used it.
    }
    // When to take a copy: at a clear that the state takes notice of.
    for (state, p) in &parts {
        let (Some((_, (clear, when))), Some(&[total, base, cleared])) = (p.clear, made.get(state)) else { continue };
        let clear = r.get(clear);
        let clear = if when { clear } else { r.op(Op::Not, 1, &[clear], 0) };
        let take = match old.states[*state].enable {
            Some(enable) => {
                let enable = r.get(enable);
                let both = r.op(Op::And, 1, &[clear, enable], 0);
                if r.new.names[both.index()].0 == 0 {
                    r.new.names[both.index()] = r.new.intern(&format!("{}_clears", old.states[*state].name));
                }
                both
            }
            None => clear,
        };
        let complement = r.op(Op::Not, old.width(p.read), &[total], 0);
        let one = r.constant(Bits::bit(true));
        for (state, next) in [(base, complement), (cleared, one)] {
            let at = r.new.node(state).imm as usize;
            (r.new.states[at].next, r.new.states[at].enable) = (next, Some(take));
        }
    }
    r.finish()
}
