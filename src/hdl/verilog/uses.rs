//! How each node is used by what will be printed.
use crate::ir::*;
use crate::ops::Op;
use std::borrow::Cow;

/// How often and how a node is used.
#[derive(Clone, Copy, Default)]
pub struct Use {
    /// Uses in all.
    pub count: u32,
    /// Used where only an identifier can stand (bit select).
    pub indexed: bool,
    /// Drives an output or the next value of a register, so that an `assign` can hold its expression.
    pub root: bool,
    /// All bits are used by one user.
    whole: bool,
    /// Some bits are not used.
    partial: bool,
    /// What it feeds, for its name: a number of [`Uses::feeds`] plus one.
    feeds: u32,
}

/// Uses of all nodes of a module.
pub struct Uses<'a> {
    nodes: Vec<Use>,
    /// Names of the things that end a cone of unnamed wires.
    feeds: Vec<Cow<'a, str>>,
    /// Used intervals, by node and then lowest first, of nodes some bits of which are not used.
    parts: Vec<(NodeId, u32, u32)>,
}

impl<'a> Uses<'a> {
    /// Looks at every use. `m` has legal names and nothing dead.
    pub fn of(m: &'a Module, design: &Design) -> Self {
        let mut u = Uses { nodes: vec![Use::default(); m.nodes.len()], feeds: Vec::new(), parts: Vec::new() };
        for p in &m.outputs {
            u.root(p.node, p.name.as_str().into(), true);
        }
        for s in &m.states {
            u.root(s.next, format!("{}_next", s.name).into(), true);
            s.enable.iter().for_each(|e| u.root(*e, format!("{}_en", s.name).into(), false));
        }
        for n in m.asserts.iter().flat_map(Assert::nodes) {
            u.root(n, "checked".into(), false);
        }
        for r in &m.rams {
            if let Some((addr, data, enable)) = r.write {
                u.root(addr, format!("{}_waddr", r.name).into(), false);
                u.root(data, format!("{}_wdata", r.name).into(), false);
                u.root(enable, format!("{}_we", r.name).into(), false);
            }
        }
        for r in &m.ram_reads {
            u.root(r.addr, format!("{}_raddr", m.rams[r.ram as usize].name).into(), false);
        }
        for inst in &m.instances {
            for (node, port) in inst.inputs.iter().zip(&design.module(inst.module).inputs) {
                u.root(*node, format!("{}_{}", inst.name, port.name).into(), false);
            }
        }
        let mut slices: Vec<(NodeId, u32, u32)> = Vec::new();
        for i in (0..m.nodes.len()).rev() {
            let id = NodeId(i as u32);
            let node = m.node(id);
            if node.op.info().is_none() || u.nodes[i].count == 0 {
                continue;
            }
            // A named wire ends the cone of what feeds it.
            let feeds = match m.name_of(id) {
                Some(name) => u.feed(name.into()),
                None => u.nodes[i].feeds,
            };
            let args = m.args(id);
            let part = node.op == Op::Slice && node.width < m.width(args[0]);
            for arg in args {
                let wide = m.width(*arg) > 1;
                let x = &mut u.nodes[arg.index()];
                x.count += 1;
                x.feeds = feeds;
                x.indexed |= wide && (part || matches!(node.op, Op::Sext | Op::MulS));
                x.whole |= !part;
            }
            if part {
                slices.push((args[0], node.imm, node.imm + node.width));
            }
        }
        slices.retain(|(id, _, _)| !u.nodes[id.index()].whole);
        slices.sort_unstable();
        for (id, lo, hi) in slices {
            match u.parts.last_mut() {
                Some(last) if last.0 == id && last.2 >= lo => last.2 = last.2.max(hi),
                _ => u.parts.push((id, lo, hi)),
            }
        }
        u.parts.retain(|(id, lo, hi)| *lo > 0 || *hi < m.width(*id));
        u.parts.iter().for_each(|(id, ..)| u.nodes[id.index()].partial = true);
        u
    }

    fn feed(&mut self, name: Cow<'a, str>) -> u32 {
        self.feeds.push(name);
        self.feeds.len() as u32
    }

    fn root(&mut self, id: NodeId, name: Cow<'a, str>, root: bool) {
        let feeds = self.feed(name);
        let u = &mut self.nodes[id.index()];
        u.count += 1;
        u.whole = true;
        u.root |= root;
        u.feeds = feeds;
    }

    /// Uses of one node.
    pub fn get(&self, id: NodeId) -> Use {
        self.nodes[id.index()]
    }

    /// Name of what an unnamed node feeds, with its number; nodes that feed one thing have equal numbers.
    pub fn feeds(&self, id: NodeId) -> Option<(u32, &str)> {
        let n = self.nodes[id.index()].feeds;
        Some((n, self.feeds.get(n.checked_sub(1)? as usize)?.as_ref()))
    }

    /// All intervals of a node some bits of which are not used, top first, each with whether it is used.
    pub fn parts(&self, id: NodeId, width: u32) -> impl Iterator<Item = (u32, u32, bool)> + '_ {
        let start = self.parts.partition_point(|(n, ..)| *n < id);
        let end = start + self.parts[start..].iter().take_while(|(n, ..)| *n == id).count();
        let mut top = width;
        let used = self.parts[start..end].iter().rev().map(|(_, lo, hi)| (*lo, *hi));
        used.chain([(0, 0)]).flat_map(move |(lo, hi)| {
            let gap = (hi < top).then_some((hi, top, false));
            top = lo;
            gap.into_iter().chain((lo < hi).then_some((lo, hi, true)))
        })
    }

    /// True if some bits are not used.
    pub fn is_partial(&self, id: NodeId) -> bool {
        self.nodes[id.index()].count == 0 || self.nodes[id.index()].partial
    }
}
