//! Rewrite what Verilog cannot say or a tool gets wrong:
//!
//! * an operator with a constant operand is folded as far as it goes. A literal cannot be indexed;
//!   `always @*` over a constant never runs (Icarus 12); comparisons that a constant decides warn
//!   UNSIGNED or CMPCONST (Verilator 5.006, 5.048);
//! * a shift distance of more than 16 bits is cut, its top bits forcing the shift out: Icarus 12
//!   converts distances to a machine word;
//! * a shift of a shift in the same direction becomes one shift by the sum of the distances: Verilator
//!   5.048 to 5.050 would do so too, but drop the carry of the sum (its issue 7955).
use super::fold::Fold;
use super::{Pass, Rebuild, per_module};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;

/// See the module documentation.
pub const PASS: Pass =
    Pass { name: "legalize", doc: "rewrite what Verilog cannot say or a tool gets wrong", run: |d| per_module(d, sweep) };

/// Widest shift distance left alone, in bits.
const DISTANCE: u32 = 16;

/// True if the pass would change the module.
pub fn needed(m: &Module) -> bool {
    (0..m.nodes.len()).any(|i| wanted(m, NodeId(i as u32)))
}

fn wanted(m: &Module, id: NodeId) -> bool {
    let constant = || m.args(id).iter().any(|a| m.node(*a).op == Op::Const);
    match m.node(id).op {
        // Constants are at home in these.
        Op::Concat | Op::Add | Op::Sub | Op::And | Op::Or | Op::Xor | Op::MulU | Op::MulS => false,
        Op::Mux => m.node(m.args(id)[0]).op == Op::Const,
        Op::Shl | Op::ShrU | Op::ShrS => {
            constant() || m.width(m.args(id)[1]) > DISTANCE || shifts_shift(m, m.node(id).op, m.args(id))
        }
        Op::Eq | Op::LtU | Op::LtS => constant() && decided(m, id),
        _ => constant(),
    }
}

/// True if a shift of these operands shifts what is shifted already in the same direction.
fn shifts_shift(m: &Module, op: Op, args: &[NodeId]) -> bool {
    matches!(op, Op::Shl | Op::ShrU) && m.node(args[0]).op == op
}

/// True if a comparison is with a constant at the end of the range.
fn decided(m: &Module, id: NodeId) -> bool {
    m.args(id).iter().filter_map(|a| m.const_of(*a)).any(|k| {
        let low = k.slice(0, k.width().max(2) - 1);
        k.width() == 1 || low.is_zero() || low.is_ones()
    })
}

fn sweep(old: &Module) -> Module {
    if !needed(old) {
        return old.clone();
    }
    let mut f = Fold { r: Rebuild::new(old) };
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        f.r.loc = old.locs[i];
        let node = old.node(id);
        let new = match node.op {
            op if op.info().is_none() => f.r.leaf(id),
            Op::Table => f.table(&old.tables[node.imm as usize], f.r.get(old.args(id)[0])),
            op => {
                let mut args = f.r.args(id);
                if matches!(op, Op::Shl | Op::ShrU | Op::ShrS) {
                    if shifts_shift(&f.r.new, op, &args) {
                        let inner = f.r.new.node(args[0]).args;
                        args = vec![inner[0], sum(&mut f, inner[1], args[1])];
                    }
                    args[1] = short(&mut f, args[1]);
                }
                match args.iter().any(|a| f.r.new.node(*a).op == Op::Const) {
                    true => f.make(op, node.width, &args, node.imm),
                    false => f.r.op(op, node.width, &args, node.imm),
                }
            }
        };
        f.r.set(id, new);
    }
    f.r.finish()
}

/// The sum of two distances, with its carry.
fn sum(f: &mut Fold, a: NodeId, b: NodeId) -> NodeId {
    let width = f.r.new.width(a).max(f.r.new.width(b)) + 1;
    let [a, b] = [a, b].map(|x| f.make(Op::Zext, width, &[x], 0));
    f.make(Op::Add, width, &[a, b], 0)
}

/// A shift distance cut to [`DISTANCE`] bits: with any higher bit set, as far as those reach, which is beyond any width.
fn short(f: &mut Fold, distance: NodeId) -> NodeId {
    let width = f.r.new.width(distance);
    if width <= DISTANCE || f.r.new.node(distance).op == Op::Const {
        return distance;
    }
    let high = f.make(Op::Slice, width - DISTANCE, &[distance], DISTANCE);
    let low = f.make(Op::Slice, DISTANCE, &[distance], 0);
    let any = f.make(Op::RedOr, 1, &[high], 0);
    let most = f.r.constant(Bits::ones(DISTANCE));
    f.make(Op::Mux, DISTANCE, &[any, most, low], 0)
}
