//! [`Rebuild`]: how every pass makes a new module from an old one, in one forward sweep. Operators
//! pass through a table that returns an existing equal node instead of a new one.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{Arity, Op};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// "Not in the new module".
const GONE: NodeId = NodeId(u32::MAX);

/// A quick hasher for keys that are hashes or small numbers; the order of maps never matters here.
#[derive(Default)]
pub struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        // A product is well mixed in its high bits only; tables look at the low ones too.
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A new module under construction and the place of each old node in it.
pub struct Rebuild<'a> {
    /// The old module.
    pub old: &'a Module,
    /// The new module.
    pub new: Module,
    /// Source place given to new nodes.
    pub loc: Option<Loc>,
    map: Vec<NodeId>,
    /// First node with a given hash; `chain` links the others.
    heads: HashMap<u64, NodeId, BuildHasherDefault<Ready>>,
    chain: Vec<NodeId>,
    consts: HashMap<Bits, NodeId>,
    tables: HashMap<Table, u32>,
    /// Old number of each new entry.
    pub(super) states: Vec<u32>,
    /// Old number of each new entry.
    pub(super) reads: Vec<u32>,
    rams: Vec<u32>,
    instances: HashMap<u32, u32>,
    merged: HashMap<(ModuleId, Vec<NodeId>), u32>,
    outs: HashMap<(u32, u32), NodeId>,
}

impl<'a> Rebuild<'a> {
    /// An empty copy of `old`: same name, documentation and interned names.
    pub fn new(old: &'a Module) -> Self {
        let new = Module {
            name: old.name.clone(),
            doc: old.doc.clone(),
            kept: old.kept.clone(),
            sealed: old.sealed,
            strings: old.strings.clone(),
            inputs: old.inputs.clone(),
            ..Module::default()
        };
        Rebuild {
            old,
            new,
            loc: None,
            map: vec![GONE; old.nodes.len()],
            heads: HashMap::default(),
            chain: Vec::new(),
            consts: HashMap::new(),
            tables: HashMap::new(),
            states: Vec::new(),
            reads: Vec::new(),
            rams: Vec::new(),
            instances: HashMap::new(),
            merged: HashMap::new(),
            outs: HashMap::new(),
        }
    }

    /// The new node of an old one that was set before.
    pub fn get(&self, old: NodeId) -> NodeId {
        let id = self.map[old.index()];
        assert!(id != GONE, "internal error: node {} of `{}` has no place in the new module", old.0, self.old.name);
        id
    }

    /// True if the old node has a place.
    pub fn has(&self, old: NodeId) -> bool {
        self.map[old.index()] != GONE
    }

    /// Gives an old node its place, and its name unless the place has one already.
    pub fn set(&mut self, old: NodeId, new: NodeId) {
        self.map[old.index()] = new;
        let name = self.old.names[old.index()];
        if name.0 != 0 && self.new.names[new.index()].0 == 0 && self.new.node(new).op.info().is_some() {
            self.new.names[new.index()] = name;
        }
    }

    /// New places of a node's operands.
    pub fn args(&self, old: NodeId) -> Vec<NodeId> {
        self.old.args(old).iter().map(|a| self.get(*a)).collect()
    }

    /// A constant, one node per value.
    pub fn constant(&mut self, value: Bits) -> NodeId {
        if let Some(id) = self.consts.get(&value) {
            return *id;
        }
        let id = self.new.push_const(value.clone());
        self.chain.push(GONE);
        self.consts.insert(value, id);
        id
    }

    /// The number of a table in the new module, one per contents.
    pub fn table(&mut self, table: &Table) -> u32 {
        // The name is only a hint, so equal contents are one table.
        let key = Table { name: String::new(), ..table.clone() };
        let next = self.new.tables.len() as u32;
        let index = *self.tables.entry(key).or_insert(next);
        if index == next {
            self.new.tables.push(table.clone());
        }
        index
    }

    /// An operator node: an existing equal one if there is one, commutative operands in either order.
    pub fn op(&mut self, op: Op, width: u32, args: &[NodeId], imm: u32) -> NodeId {
        let info = op.info().unwrap_or_else(|| panic!("internal error: `{op:?}` is not an operator"));
        let swapped = info.algebra.commutative && args[0] > args[1];
        let mut hash = Ready::default();
        hash.write_u64(op as u64 | u64::from(width) << 32);
        hash.write_u64(u64::from(imm));
        match swapped {
            true => args.iter().rev().for_each(|a| hash.write_u64(u64::from(a.0))),
            false => args.iter().for_each(|a| hash.write_u64(u64::from(a.0))),
        }
        let key = hash.finish();
        let head = self.heads.get(&key).copied().unwrap_or(GONE);
        let mut at = head;
        while at != GONE {
            let node = self.new.node(at);
            if node.op == op && node.width == width && node.imm == imm {
                let have = self.new.args(at);
                if have == args || (info.algebra.commutative && have[0] == args[1] && have[1] == args[0]) {
                    return at;
                }
            }
            at = self.chain[at.index()];
        }
        let id = self.new.push_op(op, width, args, imm, NameId(0), self.loc);
        self.chain.push(head);
        self.heads.insert(key, id);
        id
    }

    /// Copies a leaf (input, constant, state, memory read, instance output); what a state, a memory
    /// or a memory read depends on is connected by [`Rebuild::finish`].
    pub fn leaf(&mut self, id: NodeId) -> NodeId {
        let node = *self.old.node(id);
        if node.op == Op::Const {
            return self.constant(self.old.consts[node.imm as usize].clone());
        }
        if node.op == Op::InstOut {
            return self.inst_out(id);
        }
        let new = NodeId(self.new.nodes.len() as u32);
        let imm = match node.op {
            Op::Input => {
                // Ports keep their order, whatever that of their nodes.
                self.new.inputs[node.imm as usize].node = new;
                node.imm as usize
            }
            Op::State => {
                self.states.push(node.imm);
                let state = &self.old.states[node.imm as usize];
                self.new.states.push(State { read: new, next: new, ..state.clone() });
                self.states.len() - 1
            }
            Op::RamRead => {
                let read = &self.old.ram_reads[node.imm as usize];
                let ram = self.ram(read.ram);
                self.reads.push(node.imm);
                self.new.ram_reads.push(RamRead { ram, addr: new, read: new });
                self.reads.len() - 1
            }
            _ => panic!("internal error: `{:?}` is not a leaf", node.op),
        };
        self.push(Node { imm: imm as u32, ..node }, self.old.names[id.index()], self.old.locs[id.index()])
    }

    /// Copies a node: a leaf, or an operator over the new places of its operands.
    pub fn copy(&mut self, id: NodeId) -> NodeId {
        let node = self.old.node(id);
        let new = match node.op {
            op if op.info().is_none() => self.leaf(id),
            Op::Table => {
                let table = self.table(&self.old.tables[node.imm as usize]);
                self.op(Op::Table, node.width, &self.args(id), table)
            }
            op => self.op(op, node.width, &self.args(id), node.imm),
        };
        self.set(id, new);
        new
    }

    /// A state that the old module does not have. [`Rebuild::finish`] leaves its `next` and `enable` alone.
    pub fn state(&mut self, state: State) -> NodeId {
        let (read, width) = (NodeId(self.new.nodes.len() as u32), state.init.width());
        let imm = self.new.states.len() as u32;
        self.states.push(u32::MAX);
        self.new.states.push(State { read, ..state });
        self.push(Node { op: Op::State, width, args: [NodeId(0); 3], imm }, NameId(0), self.loc)
    }

    fn push(&mut self, node: Node, name: NameId, loc: Option<Loc>) -> NodeId {
        self.chain.push(GONE);
        self.new.push(node, name, loc)
    }

    fn ram(&mut self, old: u32) -> u32 {
        if let Some(i) = self.rams.iter().position(|r| *r == old) {
            return i as u32;
        }
        self.rams.push(old);
        self.new.rams.push(Ram { write: None, ..self.old.rams[old as usize].clone() });
        self.rams.len() as u32 - 1
    }

    /// An output of an instance. Instances of one module with equal inputs behave alike from reset on, so one is kept.
    fn inst_out(&mut self, id: NodeId) -> NodeId {
        let (old, port) = self.old.inst_outs[self.old.node(id).imm as usize];
        let instance = match self.instances.get(&old) {
            Some(i) => *i,
            None => {
                let from = &self.old.instances[old as usize];
                let inputs: Vec<NodeId> = from.inputs.iter().map(|n| self.get(*n)).collect();
                let next = self.new.instances.len() as u32;
                let index = *self.merged.entry((from.module, inputs.clone())).or_insert(next);
                if index == next {
                    self.new.instances.push(Instance { inputs, ..from.clone() });
                }
                self.instances.insert(old, index);
                index
            }
        };
        if let Some(n) = self.outs.get(&(instance, port)) {
            return *n;
        }
        let imm = self.new.inst_outs.len() as u32;
        self.new.inst_outs.push((instance, port));
        let node = Node { imm, ..*self.old.node(id) };
        let new = self.push(node, self.old.names[id.index()], self.old.locs[id.index()]);
        self.outs.insert((instance, port), new);
        new
    }

    /// A new instance of a module, and the nodes of its outputs, of these widths. The name gets a number if it is taken.
    pub fn place(&mut self, module: ModuleId, name: &str, inputs: &[NodeId], widths: &[u32]) -> Vec<NodeId> {
        let next = self.new.instances.len() as u32;
        let index = *self.merged.entry((module, inputs.to_vec())).or_insert(next);
        if index == next {
            let taken = |n: &str| self.old.instances.iter().chain(&self.new.instances).any(|i| i.name == n);
            let numbered = (1..).map(|k| format!("{name}_{k}"));
            let name = std::iter::once(name.to_string()).chain(numbered).find(|n| !taken(n)).unwrap_or_default();
            self.new.instances.push(Instance { module, name, inputs: inputs.to_vec() });
        }
        let output = |(port, width): (usize, &u32)| {
            if let Some(known) = self.outs.get(&(index, port as u32)) {
                return *known;
            }
            let imm = self.new.inst_outs.len() as u32;
            self.new.inst_outs.push((index, port as u32));
            let node = Node { op: Op::InstOut, width: *width, args: [NodeId(0); 3], imm };
            let out = self.push(node, NameId(0), self.loc);
            self.outs.insert((index, port as u32), out);
            out
        };
        widths.iter().enumerate().map(output).collect()
    }

    /// Connects outputs, states, memories and claims, and returns the new module. States and memory
    /// reads that were not copied disappear, and so do memories without a read.
    pub fn finish(mut self) -> Module {
        let old = self.old;
        self.new.outputs = old.outputs.iter().map(|p| Port { node: self.get(p.node), ..p.clone() }).collect();
        self.new.asserts = old
            .asserts
            .iter()
            .map(|a| Assert {
                when: self.get(a.when),
                holds: a.holds.iter().map(|n| self.get(*n)).collect(),
                stable: a.stable.iter().map(|n| self.get(*n)).collect(),
                ..a.clone()
            })
            .collect();
        self.new.claims = old.claims.iter().map(|c| Claim { holds: self.get(c.holds), text: c.text.clone() }).collect();
        for (i, from) in self.states.iter().enumerate().filter(|(_, from)| **from != u32::MAX) {
            let s = &old.states[*from as usize];
            let (next, enable) = (self.get(s.next), s.enable.map(|e| self.get(e)));
            (self.new.states[i].next, self.new.states[i].enable) = (next, enable);
        }
        for (i, from) in self.reads.iter().enumerate() {
            self.new.ram_reads[i].addr = self.get(old.ram_reads[*from as usize].addr);
        }
        for (i, from) in self.rams.iter().enumerate() {
            self.new.rams[i].write = old.rams[*from as usize].write.map(|(a, d, e)| (self.get(a), self.get(d), self.get(e)));
        }
        self.new
    }
}

/// True if operands of this operator stand in the pool.
pub fn pooled(op: Op) -> bool {
    op.info().is_some_and(|i| i.arity == Arity::Many)
}
