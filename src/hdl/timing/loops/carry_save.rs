//! Accumulators that keep sum and carries apart: one full adder in the loop, whatever the width. The
//! carries are added up outside of it.
use super::difference::{Parts, places};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use std::collections::BTreeMap;

/// The module with these states, which must be accumulators, in carry-save form.
pub fn rewrite(old: &Module, states: &[usize]) -> Module {
    let mut r = Rebuild::new(old);
    let parts: Vec<(usize, Parts)> = states.iter().filter_map(|s| Some((*s, Parts::of(old, *s)?))).collect();
    let place = places(&parts);
    // Sum and carries in the new module.
    let mut made: BTreeMap<usize, (NodeId, NodeId)> = BTreeMap::new();
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        r.loc = old.locs[i];
        let Some((state, p)) = place.get(&id).map(|at| &parts[*at]) else {
            r.copy(id);
            continue;
        };
        let width = old.width(id);
        if id == p.read {
            let sum = r.leaf(id);
            let s = &old.states[*state];
            let carries = r.state(State {
                name: format!("{}_carries", s.name),
                read: sum,
                next: sum,
                enable: None,
                init: Bits::zero(width),
                reset: true,
            });
            let value = r.op(Op::Add, width, &[sum, carries], 0);
            r.set(id, value);
            made.insert(*state, (sum, carries));
        } else if id == p.sum {
            let (mut a, mut b) = made[state];
            let carries = b;
            if let Some((_, (clear, when))) = p.clear {
                let (clear, zero) = (r.get(clear), r.constant(Bits::zero(width)));
                [a, b] = [a, b].map(|x| {
                    let arms = if when { [zero, x] } else { [x, zero] };
                    r.op(Op::Mux, width, &[clear, arms[0], arms[1]], 0)
                });
            }
            let x = r.get(p.term);
            let half = r.op(Op::Xor, width, &[a, b], 0);
            let sum = r.op(Op::Xor, width, &[half, x], 0);
            // A carry where two of the three are 1; that of the top bit is lost.
            let majority = {
                let both = r.op(Op::And, width, &[a, b], 0);
                let either = r.op(Op::And, width, &[half, x], 0);
                r.op(Op::Or, width, &[both, either], 0)
            };
            let next = if width > 1 {
                let (low, zero) = (r.op(Op::Slice, width - 1, &[majority], 0), r.constant(Bits::zero(1)));
                r.op(Op::Concat, width, &[low, zero], 0)
            } else {
                r.constant(Bits::zero(1))
            };
            r.set(id, sum);
            let at = r.new.node(carries).imm as usize;
            r.new.states[at].next = next;
        }
    }
    for (state, (_, carries)) in made {
        let enable = old.states[state].enable.map(|e| r.get(e));
        let at = r.new.node(carries).imm as usize;
        r.new.states[at].enable = enable;
    }
    r.finish()
}
