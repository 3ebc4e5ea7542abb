//! Puts the pipeline registers of a [`Schedule`] into a module.
//!
//! A register belongs to a range of bits of a value and a stage boundary, whoever uses it; wiring
//! (slices, extensions) is done again where it is used, so that padding is never stored.
use super::pipeline::VALID;
use super::schedule::Schedule;
use super::wiring::{Piece, is_wire, sources};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::verilog::word_of;
use std::collections::{BTreeMap, BTreeSet};

/// What a register of a pipelined module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Holds a value that leaves a stage: (stage).
    Pipeline(u32),
    /// A declared state, whose loop lies in this stage.
    Declared(u32),
    /// Part of the loop of several interleaved streams, between this stage and the next.
    Slot(u32),
}

struct Inserter<'a> {
    old: &'a Module,
    new: Module,
    schedule: &'a Schedule,
    /// What must start as 0, or as the state it delays: with several streams, the states and what tells data from pauses.
    kept: BTreeSet<NodeId>,
    /// Node of an old node (at its own stage; for wiring at a given stage).
    made: BTreeMap<(NodeId, u32), NodeId>,
    /// Bits of a value that are used at a stage or later: value → (last stage, piece).
    uses: BTreeMap<NodeId, Vec<(u32, Piece)>>,
    registers: Vec<Register>,
    names: BTreeSet<String>,
    /// Name of what an unnamed node feeds.
    feeds: Vec<Option<String>>,
    /// Names given to unnamed nodes.
    given: BTreeMap<NodeId, String>,
}

/// The pipelined module, and what each of its registers is, in their order. Claims are left behind:
/// they were stated for the module without registers and are checked there.
pub fn insert(old: &Module, schedule: &Schedule, streams: u32) -> (Module, Vec<Register>) {
    let new = Module {
        name: old.name.clone(),
        doc: old.doc.clone(),
        kept: old.kept.clone(),
        strings: old.strings.clone(),
        tables: old.tables.clone(),
        inputs: old.inputs.clone(),
        clocked: old.clocked,
        ..Module::default()
    };
    let names = old.strings.iter().cloned().chain(old.states.iter().map(|s| s.name.clone())).collect();
    let mut x = Inserter {
        old,
        new,
        schedule,
        kept: if streams > 1 { kept(old) } else { BTreeSet::new() },
        made: BTreeMap::new(),
        uses: BTreeMap::new(),
        registers: Vec::new(),
        names,
        feeds: feeds(old),
        given: BTreeMap::new(),
    };
    x.collect(streams);
    x.build(streams);
    (x.new, x.registers)
}

/// States, the input that tells whether there is a datum, and bits that are 0 if there is none.
fn kept(m: &Module) -> BTreeSet<NodeId> {
    let mut kept = BTreeSet::new();
    for i in 0..m.nodes.len() {
        let (id, node) = (NodeId(i as u32), m.nodes[i]);
        let is = match node.op {
            Op::State => true,
            Op::Input => m.inputs[node.imm as usize].name == VALID,
            Op::And => node.width == 1 && m.args(id).iter().any(|a| m.node(*a).op != Op::State && kept.contains(a)),
            _ => false,
        };
        if is {
            kept.insert(id);
        }
    }
    kept
}

/// Bits of pipeline registers behind each stage.
pub fn boundaries(old: &Module, schedule: &Schedule, streams: u32) -> Vec<u64> {
    let (new, kinds) = insert(old, schedule, streams);
    let mut bits = vec![0; schedule.last as usize];
    for (state, kind) in new.states.iter().zip(kinds) {
        if let Register::Pipeline(stage) = kind {
            bits[stage as usize] += u64::from(state.init.width());
        }
    }
    bits
}

/// For every node the nearest name downstream.
fn feeds(m: &Module) -> Vec<Option<String>> {
    let mut feeds: Vec<Option<String>> = vec![None; m.nodes.len()];
    for s in &m.states {
        feeds[s.next.index()] = Some(format!("{}_next", s.name));
        s.enable.iter().for_each(|e| feeds[e.index()] = Some(format!("{}_en", s.name)));
    }
    for p in &m.outputs {
        feeds[p.node.index()] = Some(p.name.clone());
    }
    for i in (0..m.nodes.len()).rev() {
        let id = NodeId(i as u32);
        if let Some(name) = m.name_of(id) {
            feeds[i] = Some(name.to_string());
        }
        for a in m.args(id).to_vec() {
            feeds[a.index()] = feeds[i].clone();
        }
    }
    feeds
}

impl Inserter<'_> {
    fn stage(&self, id: NodeId) -> u32 {
        self.schedule.stage[id.index()]
    }

    /// Stage in which the next value of a state must be complete.
    fn written(&self, state: &State, streams: u32) -> u32 {
        if streams == 1 { self.stage(state.read) } else { self.latest(state.next) }
    }

    /// Latest stage of what a node is made of.
    fn latest(&self, id: NodeId) -> u32 {
        sources(self.old, id).iter().map(|p| self.stage(p.root)).max().unwrap_or(0)
    }

    /// All uses of all values.
    fn collect(&mut self, streams: u32) {
        let m = self.old;
        let mut list: Vec<(NodeId, u32)> = Vec::new();
        for i in 0..m.nodes.len() {
            let id = NodeId(i as u32);
            if !is_wire(m, id) {
                list.extend(m.args(id).iter().map(|a| (*a, self.stage(id))));
            }
        }
        list.extend(m.outputs.iter().map(|p| (p.node, self.schedule.last)));
        for s in &m.states {
            let at = self.written(s, streams);
            list.push((s.next, at));
            list.extend(s.enable.map(|e| (e, at)));
        }
        for r in &m.ram_reads {
            let at = self.stage(r.read);
            list.push((r.addr, at));
            if let Some((a, d, e)) = m.rams[r.ram as usize].write {
                list.extend([(a, at), (d, at), (e, at)]);
            }
        }
        for (id, at) in list {
            for piece in sources(m, id) {
                self.uses.entry(piece.root).or_default().push((at, piece));
            }
        }
    }

    /// Ranges of bits of a value that are still needed at a stage or later.
    fn needed(&self, root: NodeId, at: u32) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> =
            self.uses.get(&root).into_iter().flatten().filter(|(t, _)| *t >= at).map(|(_, p)| (p.lo, p.hi)).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (lo, hi) in ranges {
            match merged.last_mut() {
                Some(last) if lo <= last.1 => last.1 = last.1.max(hi),
                _ => merged.push((lo, hi)),
            }
        }
        merged
    }

    /// A node's value as it stands in a stage.
    fn at(&mut self, id: NodeId, stage: u32) -> NodeId {
        let node = *self.old.node(id);
        let own = if node.op == Op::Const { 0 } else { stage };
        if let Some(n) = self.made.get(&(id, own)) {
            return *n;
        }
        let new = if node.op == Op::Const {
            self.new.push_const(self.old.consts[node.imm as usize].clone())
        } else if is_wire(self.old, id) {
            let args: Vec<NodeId> = self.old.args(id).to_vec().into_iter().map(|a| self.at(a, stage)).collect();
            let name = self.old.names[id.index()];
            self.new.push_op(node.op, node.width, &args, node.imm, name, self.old.locs[id.index()])
        } else if stage < self.stage(id) {
            // Beside the bits that are used here, wiring may have others that come later.
            self.new.push_const(Bits::zero(node.width))
        } else {
            self.delayed(id, stage)
        };
        self.made.insert((id, own), new);
        new
    }

    /// The value of a node, through registers; bits that nobody uses any more are 0.
    fn delayed(&mut self, root: NodeId, stage: u32) -> NodeId {
        let before = self.at(root, stage - 1);
        let width = self.old.width(root);
        let (ranges, init) = (self.needed(root, stage), self.init(root));
        let whole = ranges == [(0, width)];
        let count = stage - self.stage(root);
        let base = self.base(root);
        let mut parts: Vec<NodeId> = Vec::new();
        let mut top = 0;
        for (lo, hi) in ranges {
            if lo > top {
                parts.push(self.new.push_const(Bits::zero(lo - top)));
            }
            let next = if whole { before } else { self.new.push_op(Op::Slice, hi - lo, &[before], lo, NameId(0), None) };
            let bits = if whole {
                String::new()
            } else if hi - lo == 1 {
                format!("_{lo}")
            } else {
                format!("_{}_{lo}", hi - 1)
            };
            let q = if count == 1 { "_q".to_string() } else { format!("_q{count}") };
            let init = init.as_ref().map(|b| b.slice(lo, hi - lo));
            parts.push(self.register(format!("{base}{bits}{q}"), next, init, Register::Pipeline(stage - 1), root));
            top = hi;
        }
        if top < width {
            parts.push(self.new.push_const(Bits::zero(width - top)));
        }
        if let [only] = parts[..] {
            return only;
        }
        parts.reverse();
        self.new.push_op(Op::Concat, width, &parts, 0, NameId(0), None)
    }

    /// The start of a delayed state is that of the state: streams that pause see it before their first step.
    fn init(&self, root: NodeId) -> Option<Bits> {
        let node = self.old.node(root);
        (node.op == Op::State).then(|| self.old.states[node.imm as usize].init.clone())
    }

    /// What registers of a value are called; an unnamed operator gets this name, so that both can be found.
    fn base(&mut self, root: NodeId) -> String {
        if let Some(name) = self.old.name_of(root).or_else(|| self.leaf_name(root)) {
            return name.trim_end_matches('_').to_string();
        }
        if let Some(name) = self.given.get(&root) {
            return name.clone();
        }
        let word = word_of(self.old.node(root).op);
        let name = match &self.feeds[root.index()] {
            Some(feeds) => self.unique(format!("{}_{word}", feeds.trim_end_matches('_'))),
            None => self.unique(word.to_string()),
        };
        let place = self.made[&(root, self.stage(root))];
        self.new.names[place.index()] = self.new.intern(&name);
        self.given.insert(root, name.clone());
        name
    }

    fn unique(&mut self, name: String) -> String {
        let mut unique = name.clone();
        let mut n = 2;
        while !self.names.insert(unique.clone()) {
            unique = format!("{name}_{n}");
            n += 1;
        }
        unique
    }

    fn leaf_name(&self, id: NodeId) -> Option<&str> {
        let node = self.old.node(id);
        match node.op {
            Op::Input => Some(&self.old.inputs[node.imm as usize].name),
            Op::State => Some(&self.old.states[node.imm as usize].name),
            Op::RamRead => Some(&self.old.rams[self.old.ram_reads[node.imm as usize].ram as usize].name),
            _ => None,
        }
    }

    /// A register; `init` as for a declared state, or none if its first value does not matter.
    fn register(&mut self, name: String, next: NodeId, init: Option<Bits>, kind: Register, from: NodeId) -> NodeId {
        let width = self.new.width(next);
        let imm = self.new.states.len() as u32;
        let read =
            self.new.push(Node { op: Op::State, width, args: [NodeId(0); 3], imm }, NameId(0), self.old.locs[from.index()]);
        let init = init.unwrap_or_else(|| Bits::zero(width));
        let name = self.unique(name);
        let reset = matches!(kind, Register::Slot(_)) || self.kept.contains(&from);
        self.new.states.push(State { name, read, next, enable: None, init, reset });
        self.registers.push(kind);
        read
    }

    fn build(&mut self, streams: u32) {
        let m = self.old;
        // Leaves first: what drives declared states comes later.
        let mut state_at = Vec::new();
        for i in 0..m.nodes.len() {
            let id = NodeId(i as u32);
            if is_wire(m, id) {
                continue;
            }
            let node = *m.node(id);
            let stage = self.stage(id);
            let new = match node.op {
                Op::State => {
                    let state = &m.states[node.imm as usize];
                    let imm = self.new.states.len() as u32;
                    state_at.push((node.imm, imm));
                    let read = self.push_leaf(id, imm);
                    self.new.states.push(State { read, next: read, enable: None, ..state.clone() });
                    self.registers.push(if streams == 1 { Register::Declared(stage) } else { Register::Slot(stage) });
                    read
                }
                Op::Input => {
                    let n = self.push_leaf(id, node.imm);
                    self.new.inputs[node.imm as usize].node = n;
                    n
                }
                Op::RamRead => {
                    let imm = self.new.ram_reads.len() as u32;
                    let n = self.push_leaf(id, imm);
                    self.new.ram_reads.push(RamRead { ram: m.ram_reads[node.imm as usize].ram, addr: n, read: n });
                    n
                }
                op => {
                    let args: Vec<NodeId> = m.args(id).to_vec().into_iter().map(|a| self.at(a, stage)).collect();
                    self.new.push_op(op, node.width, &args, node.imm, m.names[id.index()], m.locs[id.index()])
                }
            };
            self.made.insert((id, stage), new);
        }
        self.new.outputs = Vec::new();
        for p in &m.outputs {
            let node = self.at(p.node, self.schedule.last);
            self.new.outputs.push(Port { node, ..p.clone() });
        }
        self.new.rams = m.rams.clone();
        for (i, r) in m.ram_reads.iter().enumerate() {
            let at = self.stage(r.read);
            let addr = self.at(r.addr, at);
            let place = self.new.ram_reads.iter().position(|n| n.read == self.made[&(r.read, at)]).unwrap_or(i);
            self.new.ram_reads[place].addr = addr;
            if let Some((a, d, e)) = m.rams[r.ram as usize].write {
                let write = (self.at(a, at), self.at(d, at), self.at(e, at));
                self.new.rams[r.ram as usize].write = Some(write);
            }
        }
        for (from, to) in state_at {
            let state = &m.states[from as usize];
            let at = self.written(state, streams);
            let mut next = self.at(state.next, at);
            // With several streams the loop takes as many cycles as there are streams.
            let extra = if streams == 1 { 0 } else { streams + self.stage(state.read) - at - 1 };
            for k in 0..extra {
                next = self.register(
                    format!("{}_slot{k}", state.name),
                    next,
                    Some(state.init.clone()),
                    Register::Slot(at + k),
                    state.read,
                );
            }
            let enable = state.enable.map(|e| self.at(e, at));
            let s = &mut self.new.states[to as usize];
            (s.next, s.enable) = (next, enable);
        }
    }

    fn push_leaf(&mut self, id: NodeId, imm: u32) -> NodeId {
        let node = Node { imm, ..*self.old.node(id) };
        self.new.push(node, self.old.names[id.index()], self.old.locs[id.index()])
    }
}
