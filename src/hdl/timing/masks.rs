//! Selections that end in a register, where an arm has constant bits: as gates instead of multiplexers.
//!
//! Synthesis turns `q <= s ? x : 0` into a register with a synchronous reset, and `s` then reaches it over the
//! slow wires of a reset. A reset that nobody asked for costs a nanosecond; the gate goes into the table before the
//! register.
use super::wiring::sources;
use crate::bits::Bits;
use crate::edit::clearing;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::rebuild::Rebuild;

/// Rewrites them in the top module.
pub fn masks(design: &Design) -> Design {
    let m = design.top();
    let mut registered = vec![false; m.nodes.len()];
    // Whoever uses an output is likely to put a register there.
    for end in m.states.iter().map(|s| s.next).chain(m.outputs.iter().map(|p| p.node)) {
        sources(m, end).iter().for_each(|p| registered[p.root.index()] = true);
    }
    // An accumulator that is cleared has a reset asked for.
    m.states.iter().filter(|s| clearing(m, s).is_some()).for_each(|s| registered[s.next.index()] = false);
    let mut r = Rebuild::new(m);
    for id in (0..m.nodes.len() as u32).map(NodeId) {
        let node = m.node(id);
        let new = match node.op {
            Op::Mux if registered[id.index()] => select(&mut r, id),
            _ => r.copy(id),
        };
        r.set(id, new);
    }
    let mut design = design.clone();
    let top = design.top.index();
    design.modules[top] = r.finish();
    design
}

/// Which bits of a value are constant, by its wiring.
fn constants(m: &Module, id: NodeId) -> Vec<Option<bool>> {
    let width = m.width(id) as usize;
    let node = m.node(id);
    let args = m.args(id);
    match node.op {
        Op::Const => (0..node.width).map(|i| Some(m.consts[node.imm as usize].get(i))).collect(),
        Op::Slice => constants(m, args[0])[node.imm as usize..][..width].to_vec(),
        Op::Concat => args.iter().rev().flat_map(|a| constants(m, *a)).collect(),
        Op::Zext | Op::Sext => {
            let mut bits = constants(m, args[0]);
            let top = if node.op == Op::Zext { Some(false) } else { bits.last().copied().flatten() };
            bits.resize(width, top);
            bits
        }
        _ => vec![None; width],
    }
}

fn select(r: &mut Rebuild, id: NodeId) -> NodeId {
    let [s, a, b] = [0, 1, 2].map(|i| r.old.args(id)[i]);
    let known = [a, b].map(|arm| constants(r.old, arm));
    if r.old.width(s) != 1 || known.iter().all(|bits| bits.iter().all(Option::is_none)) {
        return r.copy(id);
    }
    let (yes, arms) = (r.get(s), [r.get(a), r.get(b)]);
    let no = r.op(Op::Not, 1, &[yes], 0);
    let width = r.old.width(id);
    let mut parts = Vec::new();
    let mut lo = 0;
    while lo < width {
        let kind = |i: u32| [0, 1].map(|k| known[k][i as usize].is_some());
        let hi = (lo + 1..width).find(|i| kind(*i) != kind(lo)).unwrap_or(width);
        let n = hi - lo;
        let cut = |r: &mut Rebuild, k: usize| match n == width {
            true => arms[k],
            false => r.op(Op::Slice, n, &[arms[k]], lo),
        };
        let (x, y) = (cut(r, 0), cut(r, 1));
        parts.push(match kind(lo) {
            [true, true] | [false, false] => r.op(Op::Mux, n, &[yes, x, y], 0),
            [true, false] => gates(r, n, &known[0][lo as usize..hi as usize], yes, no, y),
            [false, true] => gates(r, n, &known[1][lo as usize..hi as usize], no, yes, x),
        });
        lo = hi;
    }
    parts.reverse();
    if parts.len() == 1 { parts[0] } else { r.op(Op::Concat, width, &parts, 0) }
}

/// The constant if `s`, else `x`; `t` is the complement of `s`.
fn gates(r: &mut Rebuild, n: u32, constant: &[Option<bool>], s: NodeId, t: NodeId, x: NodeId) -> NodeId {
    let spread = |r: &mut Rebuild, bit: NodeId| if n == 1 { bit } else { r.op(Op::Sext, n, &[bit], 0) };
    let ones = constant.iter().filter(|b| **b == Some(true)).count();
    let kept = |r: &mut Rebuild| {
        let mask = spread(r, t);
        r.op(Op::And, n, &[x, mask], 0)
    };
    if ones == 0 {
        return kept(r);
    }
    let mask = spread(r, s);
    if ones == n as usize {
        return r.op(Op::Or, n, &[x, mask], 0);
    }
    let mut value = Bits::zero(n);
    for i in (0..n).filter(|i| constant[*i as usize] == Some(true)) {
        let one = num_bigint::BigUint::from(1u32) << i;
        value = Bits::new(n, value.unsigned() | one);
    }
    let value = r.constant(value);
    let (set, kept) = (r.op(Op::And, n, &[value, mask], 0), kept(r));
    r.op(Op::Or, n, &[set, kept], 0)
}
