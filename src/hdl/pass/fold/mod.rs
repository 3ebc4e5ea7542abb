//! Fold: evaluate what is constant, with the operator table's own `eval`, and apply the algebraic
//! identities that remove an operator, make it narrower or turn it into wiring.
//!
//! [`Fold::make`] is the constructor that knows the identities; each returns something strictly
//! simpler, so the recursion ends. Canonical forms, so that equal things look equal:
//! * wiring: concatenations are flat, neighbours are merged, zeros on top are `zext`, repeated signs `sext`;
//! * the constant operand stands second; `x == 0` is `not (redor x)`; selecting by an inverted bit swaps the arms.
mod arith;
mod compare;
mod logic;
mod wiring;

use super::{Pass, Rebuild, per_module};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{Op, Shape};

/// See the module documentation.
pub const PASS: Pass =
    Pass { name: "fold", doc: "evaluate constants and apply algebraic identities", run: |d| per_module(d, sweep) };

fn sweep(old: &Module) -> Module {
    let mut f = Fold { r: Rebuild::new(old) };
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        f.r.loc = old.locs[i];
        let node = old.node(id);
        let new = match node.op {
            op if op.info().is_none() => f.r.leaf(id),
            Op::Table => f.table(&old.tables[node.imm as usize], f.r.get(old.args(id)[0])),
            op => f.make(op, node.width, &f.r.args(id), node.imm),
        };
        f.r.set(id, new);
    }
    f.r.finish()
}

/// The new module with its constructor of simplified nodes.
pub struct Fold<'a> {
    /// The module under construction.
    pub r: Rebuild<'a>,
}

impl Fold<'_> {
    /// The node for `op` over `args`, simplified. Not for tables: see [`Fold::table`].
    pub fn make(&mut self, op: Op, width: u32, args: &[NodeId], imm: u32) -> NodeId {
        if let Some(id) = self.evaluate(op, width, args, imm) {
            return id;
        }
        let simpler = match op {
            Op::Not => self.not_rules(args[0]),
            Op::And | Op::Or => self.and_or(op, args[0], args[1]),
            Op::Xor => self.xor_rules(args[0], args[1]),
            Op::Mux => self.mux_rules(args[0], args[1], args[2]),
            Op::RedAnd | Op::RedOr | Op::RedXor => self.reduction(op, args[0]),
            Op::Add => self.add_rules(args[0], args[1]),
            Op::Sub => self.sub_rules(args[0], args[1]),
            Op::MulU | Op::MulS => self.product(op, args[0], args[1]),
            Op::Shl | Op::ShrU | Op::ShrS => self.shift(op, args[0], args[1]),
            Op::Eq => self.eq_rules(args[0], args[1]),
            Op::LtU => self.ltu_rules(args[0], args[1]),
            Op::LtS => self.lts_rules(args[0], args[1]),
            Op::Slice => self.slice_rules(args[0], imm, width),
            Op::Concat => return self.concat_rules(args),
            Op::Zext => self.zext_rules(args[0], width),
            Op::Sext => self.sext_rules(args[0], width),
            _ => None,
        };
        if let Some(id) = simpler {
            debug_assert_eq!(self.w(id), width, "internal error: an identity of `{op:?}` changed the width");
            return id;
        }
        // The constant operand second.
        match args {
            [a, b] if op.info().is_some_and(|i| i.algebra.commutative) && self.is_const(*a) => {
                self.r.op(op, width, &[*b, *a], imm)
            }
            _ => self.r.op(op, width, args, imm),
        }
    }

    fn evaluate(&mut self, op: Op, width: u32, args: &[NodeId], imm: u32) -> Option<NodeId> {
        let values: Vec<Bits> = args.iter().map(|a| self.r.new.const_of(*a).cloned()).collect::<Option<_>>()?;
        let widths: Vec<u32> = values.iter().map(Bits::width).collect();
        let value = (op.info()?.eval)(&Shape { args: &widths, width, imm, table: None }, &values);
        Some(self.r.constant(value))
    }

    /// A lookup: constant if the address or every entry is, a `mux` for one address bit, a shorter
    /// table if the top of the address is 0.
    pub fn table(&mut self, table: &Table, addr: NodeId) -> NodeId {
        let bits = self.w(addr);
        let entry = |i: usize| table.values.get(i).cloned().unwrap_or_else(|| Bits::zero(table.width));
        if let Some(a) = self.k(addr) {
            return self.r.constant(a.to_u64().map_or(Bits::zero(table.width), |i| entry(i as usize)));
        }
        let reach = 1usize << bits;
        if table.values.iter().all(|v| *v == table.values[0]) && (table.values.len() == reach || table.values[0].is_zero()) {
            return self.r.constant(table.values[0].clone());
        }
        if bits == 1 {
            let (zero, one) = (self.r.constant(entry(0)), self.r.constant(entry(1)));
            return self.make(Op::Mux, table.width, &[addr, one, zero], 0);
        }
        let zeros = self.leading_zeros(addr);
        if zeros > 0 {
            let low = self.slice(addr, 0, bits - zeros);
            let mut values = table.values.clone();
            values.truncate(1 << (bits - zeros));
            return self.table(&Table { values, ..table.clone() }, low);
        }
        let imm = self.r.table(table);
        self.r.op(Op::Table, table.width, &[addr], imm)
    }

    /// Width of a new node.
    pub(crate) fn w(&self, id: NodeId) -> u32 {
        self.r.new.width(id)
    }

    /// Value of a constant new node.
    pub(crate) fn k(&self, id: NodeId) -> Option<Bits> {
        self.r.new.const_of(id).cloned()
    }

    pub(crate) fn is_const(&self, id: NodeId) -> bool {
        self.r.new.node(id).op == Op::Const
    }

    pub(crate) fn is_zero(&self, id: NodeId) -> bool {
        self.r.new.const_of(id).is_some_and(Bits::is_zero)
    }

    pub(crate) fn is_ones(&self, id: NodeId) -> bool {
        self.r.new.const_of(id).is_some_and(Bits::is_ones)
    }

    /// Operands if the node is this operator.
    pub(crate) fn of<const N: usize>(&self, id: NodeId, op: Op) -> Option<[NodeId; N]> {
        if self.r.new.node(id).op != op { None } else { self.r.new.args(id).try_into().ok() }
    }

    pub(crate) fn constant(&mut self, value: Bits) -> NodeId {
        self.r.constant(value)
    }

    pub(crate) fn zero(&mut self, width: u32) -> NodeId {
        self.r.constant(Bits::zero(width))
    }

    fn flag(&mut self, value: bool) -> NodeId {
        self.r.constant(Bits::bit(value))
    }

    pub(crate) fn not(&mut self, a: NodeId) -> NodeId {
        self.make(Op::Not, self.w(a), &[a], 0)
    }

    /// A binary operator at the width of its first operand.
    pub(crate) fn two(&mut self, op: Op, a: NodeId, b: NodeId) -> NodeId {
        self.make(op, self.w(a), &[a, b], 0)
    }

    /// `width` bits from bit `lo` up.
    pub(crate) fn slice(&mut self, a: NodeId, lo: u32, width: u32) -> NodeId {
        if lo == 0 && width == self.w(a) { a } else { self.make(Op::Slice, width, &[a], lo) }
    }

    pub(crate) fn concat(&mut self, parts: &[NodeId]) -> NodeId {
        self.concat_rules(parts)
    }

    /// `x` with `n` zeros below.
    pub(crate) fn above_zeros(&mut self, x: NodeId, n: u32) -> NodeId {
        if n == 0 {
            return x;
        }
        let zeros = self.zero(n);
        self.concat(&[x, zeros])
    }

    pub(crate) fn zext(&mut self, a: NodeId, width: u32) -> NodeId {
        if width == self.w(a) { a } else { self.make(Op::Zext, width, &[a], 0) }
    }

    pub(crate) fn sext(&mut self, a: NodeId, width: u32) -> NodeId {
        if width == self.w(a) { a } else { self.make(Op::Sext, width, &[a], 0) }
    }

    /// Top bits known to be 0.
    pub(crate) fn leading_zeros(&self, id: NodeId) -> u32 {
        self.leading(id, 4)
    }

    fn leading(&self, id: NodeId, depth: u32) -> u32 {
        if let Some(k) = self.r.new.const_of(id) {
            return k.width() - k.unsigned().bits() as u32;
        }
        if depth == 0 {
            return 0;
        }
        let (args, w) = (self.r.new.args(id), self.w(id));
        match self.r.new.node(id).op {
            Op::Zext => w - self.w(args[0]) + self.leading(args[0], depth - 1),
            Op::Concat => {
                let top = self.leading(args[0], depth - 1);
                // Flat and merged: what follows an all-zero part is not zero.
                top.min(self.w(args[0]))
            }
            Op::And => self.leading(args[0], depth - 1).max(self.leading(args[1], depth - 1)),
            Op::Or | Op::Xor => self.leading(args[0], depth - 1).min(self.leading(args[1], depth - 1)),
            Op::Mux => self.leading(args[1], depth - 1).min(self.leading(args[2], depth - 1)),
            Op::ShrU => self.leading(args[0], depth - 1),
            Op::Table => {
                let table = &self.r.new.tables[self.r.new.node(id).imm as usize];
                w - table.values.iter().map(|v| v.unsigned().bits() as u32).max().unwrap_or(w)
            }
            _ => 0,
        }
    }

    /// Bottom bits known to be 0.
    pub(crate) fn trailing_zeros(&self, id: NodeId) -> u32 {
        self.trailing(id, 4)
    }

    fn trailing(&self, id: NodeId, depth: u32) -> u32 {
        if let Some(k) = self.r.new.const_of(id) {
            return k.unsigned().trailing_zeros().map_or(k.width(), |n| n as u32);
        }
        if depth == 0 {
            return 0;
        }
        let args = self.r.new.args(id);
        match self.r.new.node(id).op {
            Op::Concat => args.last().map_or(0, |a| self.trailing(*a, depth - 1)),
            Op::Zext | Op::Sext | Op::Shl => self.trailing(args[0], depth - 1),
            Op::And => self.trailing(args[0], depth - 1).max(self.trailing(args[1], depth - 1)),
            Op::Or | Op::Xor => self.trailing(args[0], depth - 1).min(self.trailing(args[1], depth - 1)),
            Op::Mux => self.trailing(args[1], depth - 1).min(self.trailing(args[2], depth - 1)),
            _ => 0,
        }
    }

    /// Top bits, besides the sign itself, known to repeat the sign.
    pub(crate) fn sign_copies(&self, id: NodeId) -> u32 {
        let zeros = self.leading_zeros(id).saturating_sub(1);
        let w = self.w(id);
        let copies = match self.r.new.node(id).op {
            Op::Const => {
                let k = &self.r.new.consts[self.r.new.node(id).imm as usize];
                let sign = k.get(w - 1);
                (0..w - 1).rev().take_while(|i| k.get(*i) == sign).count() as u32
            }
            Op::Sext => w - self.w(self.r.new.args(id)[0]),
            _ => 0,
        };
        zeros.max(copies)
    }
}
