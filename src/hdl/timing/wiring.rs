//! Where the bits of a value come from: slices, concatenations and extensions are wires, so a
//! pipeline register belongs to the operator, input or state behind them.
use crate::ir::*;
use crate::ops::{DelayClass, Op};

/// Bits `lo..hi` of a node that is no wiring: an operator, an input, a state, a memory read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    /// The node.
    pub root: NodeId,
    /// Lowest bit.
    pub lo: u32,
    /// One above the highest bit.
    pub hi: u32,
}

/// True for wiring and constants: nothing that takes time or needs a stage of its own.
pub fn is_wire(m: &Module, id: NodeId) -> bool {
    let op = m.node(id).op;
    op == Op::Const || op.info().is_some_and(|i| i.delay == DelayClass::Free)
}

/// The pieces that bits `lo..hi` of a node consist of; constants are none.
pub fn pieces(m: &Module, id: NodeId, lo: u32, hi: u32, out: &mut Vec<Piece>) {
    if lo >= hi {
        return;
    }
    let node = m.node(id);
    match node.op {
        Op::Const => {}
        Op::Slice => pieces(m, m.args(id)[0], lo + node.imm, hi + node.imm, out),
        Op::Zext => pieces(m, m.args(id)[0], lo, hi.min(m.width(m.args(id)[0])), out),
        Op::Sext => {
            let x = m.args(id)[0];
            let w = m.width(x);
            pieces(m, x, lo.min(w - 1), hi.min(w), out);
        }
        Op::Concat => {
            // The first operand is the highest.
            let mut top = node.width;
            for arg in m.args(id) {
                let base = top - m.width(*arg);
                let (l, h) = (lo.max(base), hi.min(top));
                if l < h {
                    pieces(m, *arg, l - base, h - base, out);
                }
                top = base;
            }
        }
        _ => out.push(Piece { root: id, lo, hi }),
    }
}

/// The pieces of a whole node, each bit once.
pub fn sources(m: &Module, id: NodeId) -> Vec<Piece> {
    let mut list = Vec::new();
    pieces(m, id, 0, m.width(id), &mut list);
    list.sort_unstable();
    let mut merged: Vec<Piece> = Vec::with_capacity(list.len());
    for p in list {
        match merged.last_mut() {
            Some(last) if last.root == p.root && p.lo <= last.hi => last.hi = last.hi.max(p.hi),
            _ => merged.push(p),
        }
    }
    merged
}
