//! Equality, reductions and tables as trees.
use super::Splitter;
use crate::bits::Bits;
use crate::ir::{NodeId, Table};
use crate::ops::Op;

impl Splitter<'_> {
    /// Inputs of the piece of a tree that fits into half a period, at least one look-up table.
    fn inputs(&self) -> u32 {
        self.model.lut_inputs.saturating_pow(self.levels_in(self.grain))
    }

    /// `a == b`.
    pub(super) fn equal(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let (w, piece) = (self.f.w(a), (self.inputs() / 2).max(1));
        if w <= piece {
            return self.f.make(Op::Eq, 1, &[a, b], 0);
        }
        let (mut parts, mut lo) = (Vec::new(), 0);
        for len in super::add::evenly(w, w.div_ceil(piece)) {
            let (x, y) = (self.f.slice(a, lo, len), self.f.slice(b, lo, len));
            let same = self.f.make(Op::Eq, 1, &[x, y], 0);
            parts.insert(0, same);
            lo += len;
        }
        let all = self.f.concat(&parts);
        self.make(Op::RedAnd, 1, &[all], 0)
    }

    /// A reduction.
    pub(super) fn reduce(&mut self, op: Op, x: NodeId) -> NodeId {
        let (w, piece) = (self.f.w(x), self.inputs().max(2));
        if w <= piece {
            return self.f.make(op, 1, &[x], 0);
        }
        let (mut parts, mut lo) = (Vec::new(), 0);
        for len in super::add::evenly(w, w.div_ceil(piece)) {
            let part = self.f.slice(x, lo, len);
            let part = self.f.make(op, 1, &[part], 0);
            parts.insert(0, part);
            lo += len;
        }
        let all = self.f.concat(&parts);
        self.reduce(op, all)
    }

    /// A table; halves of it behind a multiplexer if it is too slow.
    pub(super) fn table(&mut self, table: &Table, addr: NodeId) -> NodeId {
        let bits = self.f.w(addr);
        if bits <= self.model.lut_inputs || self.model.op_ps(Op::Table, &[bits], table.width) <= self.budget {
            return self.f.table(table, addr);
        }
        let (top, low) = (self.bit(addr, bits - 1), self.f.slice(addr, 0, bits - 1));
        let half = table.values.len().min(1 << (bits - 1));
        let part = |values: &[Bits], name: &str| Table {
            name: format!("{}_{name}", table.name),
            width: table.width,
            values: if values.is_empty() { vec![Bits::zero(table.width)] } else { values.to_vec() },
        };
        let (zero, one) = (part(&table.values[..half], "0"), part(&table.values[half..], "1"));
        let (zero, one) = (self.table(&zero, low), self.table(&one, low));
        self.mux(top, one, zero)
    }
}
