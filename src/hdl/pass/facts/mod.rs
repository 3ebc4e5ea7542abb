//! Facts: use what is known of a value where it is used.
//!
//! An arm of a multiplexer matters only when the selecting bit has its value, the second operand of
//! `a & b` only when `a` is 1, the next value of a register only when its enable is 1. What follows
//! from those bits (`known`) becomes a constant in everything that is used there and nowhere else.
//!
//! Facts are about the values in the old module. Every node of the new module equals its old one
//! whenever all facts of its context hold, and the root context has none: so outputs, claims and
//! registers keep their values on every input. Of two operands only the second is simplified by
//! the first, never both by each other.
mod known;

use super::fold::Fold;
use super::{Pass, Rebuild, per_module};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use std::collections::HashMap;

/// See the module documentation.
pub const PASS: Pass =
    Pass { name: "facts", doc: "use what is known of bits where they are used", run: |d| per_module(d, |m| sweep(m).0) };

/// Longest chain of conditions that is followed.
const DEEPEST: u32 = 24;

/// How many operands become constants because of facts.
pub fn count(design: &Design) -> usize {
    design.modules.iter().map(|m| sweep(m).1).sum()
}

fn sweep(old: &Module) -> (Module, usize) {
    let facts = Facts::of(old);
    let mut f = Fold { r: Rebuild::new(old) };
    let mut used = 0;
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        f.r.loc = old.locs[i];
        let node = old.node(id);
        if node.op.info().is_none() {
            let new = f.r.leaf(id);
            f.r.set(id, new);
            continue;
        }
        let mut args = f.r.args(id);
        for (k, arg) in old.args(id).iter().enumerate() {
            let context = facts.edge(id, k);
            if old.node(*arg).op != Op::Const
                && let Some(value) = facts.known(*arg, context)
            {
                args[k] = f.constant(value);
                used += 1;
            }
        }
        let new = match node.op {
            Op::Table => f.table(&old.tables[node.imm as usize], args[0]),
            op => f.make(op, node.width, &args, node.imm),
        };
        f.r.set(id, new);
    }
    (f.r.finish(), used)
}

/// A condition on top of those of its parent.
struct Context {
    parent: u32,
    depth: u32,
    /// What the condition says, and what follows from it.
    facts: Vec<(NodeId, Bits)>,
}

const ROOT: u32 = 0;
/// No use was seen yet.
const UNUSED: u32 = u32::MAX;

/// The contexts of a module: a tree, and the place of each node in it.
pub(super) struct Facts<'a> {
    m: &'a Module,
    tree: Vec<Context>,
    /// What holds whenever the node matters: the last common context of its uses.
    of: Vec<u32>,
    /// Contexts of operands, where they have one of their own.
    own: Vec<[u32; 3]>,
    /// Contexts by parent and condition.
    children: HashMap<(u32, NodeId, bool), u32>,
}

impl<'a> Facts<'a> {
    fn of(m: &'a Module) -> Self {
        let n = m.nodes.len();
        let root = Context { parent: ROOT, depth: 0, facts: Vec::new() };
        let mut f = Facts { m, tree: vec![root], of: vec![UNUSED; n], own: vec![[UNUSED; 3]; n], children: HashMap::new() };
        m.outputs.iter().for_each(|p| f.used(p.node, ROOT));
        m.claims.iter().for_each(|c| f.used(c.holds, ROOT));
        m.asserts.iter().flat_map(Assert::nodes).for_each(|n| f.used(n, ROOT));
        m.instances.iter().flat_map(|i| &i.inputs).for_each(|n| f.used(*n, ROOT));
        m.ram_reads.iter().for_each(|r| f.used(r.addr, ROOT));
        for s in &m.states {
            let context = s.enable.map_or(ROOT, |e| f.child(ROOT, e, true));
            f.used(s.next, context);
            s.enable.iter().for_each(|e| f.used(*e, ROOT));
        }
        for (addr, data, enable) in m.rams.iter().filter_map(|r| r.write) {
            let context = f.child(ROOT, enable, true);
            f.used(enable, ROOT);
            f.used(addr, context);
            f.used(data, context);
        }
        for i in (0..n).rev() {
            let id = NodeId(i as u32);
            if f.of[i] == UNUSED {
                continue;
            }
            f.split(id);
            for (k, arg) in m.args(id).iter().enumerate() {
                f.used(*arg, f.edge(id, k));
            }
        }
        f
    }

    /// The context of operand `k` of a node.
    fn edge(&self, id: NodeId, k: usize) -> u32 {
        match self.own[id.index()].get(k) {
            Some(c) if *c != UNUSED => *c,
            _ => self.at(id),
        }
    }

    /// The context of a node.
    fn at(&self, id: NodeId) -> u32 {
        match self.of[id.index()] {
            UNUSED => ROOT,
            c => c,
        }
    }

    /// Gives operands a context of their own where the node ignores them otherwise.
    fn split(&mut self, id: NodeId) {
        let m = self.m;
        let (here, args) = (self.at(id), m.args(id));
        let own = match m.node(id).op {
            Op::Mux => [UNUSED, self.child(here, args[0], true), self.child(here, args[0], false)],
            op @ (Op::And | Op::Or) => match (self.decider(args[0]), self.decider(args[1])) {
                (Some((bit, same)), _) => [UNUSED, self.child(here, bit, (op == Op::And) == same), UNUSED],
                (None, Some((bit, same))) => [self.child(here, bit, (op == Op::And) == same), UNUSED, UNUSED],
                (None, None) => return,
            },
            _ => return,
        };
        self.own[id.index()] = own;
    }

    /// The bit that all bits of a mask repeat, and whether it is not inverted.
    fn decider(&self, mask: NodeId) -> Option<(NodeId, bool)> {
        let node = self.m.node(mask);
        match node.op {
            Op::Const => None,
            _ if node.width == 1 => Some((mask, true)),
            Op::Not => self.decider(self.m.args(mask)[0]).map(|(bit, same)| (bit, !same)),
            Op::Sext if self.m.width(self.m.args(mask)[0]) == 1 => Some((self.m.args(mask)[0], true)),
            _ => None,
        }
    }

    fn child(&mut self, parent: u32, bit: NodeId, value: bool) -> u32 {
        let depth = self.tree[parent as usize].depth + 1;
        if depth > DEEPEST {
            return parent;
        }
        if let Some(known) = self.children.get(&(parent, bit, value)) {
            return *known;
        }
        self.tree.push(Context { parent, depth, facts: Vec::new() });
        let context = self.tree.len() as u32 - 1;
        self.children.insert((parent, bit, value), context);
        self.assume(context, bit, Bits::bit(value), 8);
        context
    }

    fn used(&mut self, id: NodeId, context: u32) {
        let have = &mut self.of[id.index()];
        if *have == UNUSED {
            *have = context;
            return;
        }
        let (mut a, mut b) = (*have, context);
        while a != b {
            let (x, y) = (&self.tree[a as usize], &self.tree[b as usize]);
            if x.depth >= y.depth { a = x.parent } else { b = y.parent }
        }
        *have = a;
    }
}
