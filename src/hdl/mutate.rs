//! Single mutations of a design, for judging checks: a check that cannot tell a design from its
//! mutants proves little. [`mutations`] lists them in a fixed order; [`Mutation::apply`] makes the
//! mutant, a legal design with the same ports. What is trivially the same design is not listed.
//!
//! ```
//! use narrowgen_hdl::{mutate::mutations, prelude::*, sim::Sim};
//! let d = design("less", Reset::None, |m| {
//!     let (a, b) = (m.uint_in("a", 4), m.uint_in("b", 4));
//!     m.output("y", a.lt(b));
//! }).unwrap();
//! let all = mutations(&d);
//! let boundary = all.iter().find(|m| m.to_string().contains("at most")).unwrap();
//! let (mut rows, mutant) = (0, Sim::new(&boundary.apply(&d)).unwrap());
//! mutant.exhaustive(|first, outputs| for i in 0..outputs.len() as u64 {
//!     let (a, b) = (first + i & 15, first + i >> 4);
//!     assert_eq!(outputs.cell(i as usize, 0), [u64::from(a <= b)]);
//!     rows += 1;
//! }).unwrap();
//! assert_eq!(rows, 256);
//! ```
use crate::bits::Bits;
use crate::edit::{insert, set_arg};
use crate::ir::*;
use crate::ops::{Arity, Op};
use std::fmt;

/// Kinds of mutations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Another operator on the same operands.
    Operator,
    /// The result complemented.
    Complement,
    /// `<` becomes `<=`.
    Boundary,
    /// Two operands exchanged.
    Swap,
    /// A bit of a constant flipped, at one place of use.
    Constant,
    /// An operand or output replaced by zeros or ones.
    Stuck,
    /// A slice taken one bit higher or lower.
    Slice,
    /// Zero extension instead of sign extension, or the reverse.
    Extension,
    /// A bit of a table entry flipped.
    Table,
    /// A bit of a register's initial value flipped.
    Init,
    /// A register's or memory's enable inverted, always on, or never on.
    Enable,
}

impl Kind {
    /// Every kind with its word.
    pub const ALL: &'static [(Kind, &'static str)] = &[
        (Kind::Operator, "operator"),
        (Kind::Complement, "complement"),
        (Kind::Boundary, "boundary"),
        (Kind::Swap, "swap"),
        (Kind::Constant, "constant"),
        (Kind::Stuck, "stuck"),
        (Kind::Slice, "slice"),
        (Kind::Extension, "extension"),
        (Kind::Table, "table"),
        (Kind::Init, "init"),
        (Kind::Enable, "enable"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Kind::ALL.iter().find(|(k, _)| *k == self).map_or("", |(_, w)| w)
    }
}

/// One mutation of one design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// Its kind.
    pub kind: Kind,
    /// The module it changes.
    pub module: ModuleId,
    /// What it does, in words.
    text: String,
    change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Op(NodeId, Op),
    Complement(NodeId),
    AtMost(NodeId),
    Swap(NodeId, usize),
    Operand(NodeId, usize, Bits),
    Output(usize, Bits),
    Connection(usize, usize, Bits),
    Position(NodeId, u32),
    Entry(usize, usize, u32),
    Init(usize, u32),
    Enable(usize, Gate),
    Write(usize, Gate),
}

/// What happens to an enable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Always,
    Never,
    Inverted,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Every mutation, module by module in node order. The design should be optimised and without dead
/// nodes, else many mutants are equal to it.
pub fn mutations(design: &Design) -> Vec<Mutation> {
    let mut list = Vec::new();
    for (index, m) in design.modules.iter().enumerate() {
        let mut lister = Lister { m, module: ModuleId(index as u32), list: &mut list };
        (0..m.nodes.len()).for_each(|i| lister.node(NodeId(i as u32)));
        lister.tables();
        lister.clocked();
        lister.borders();
    }
    list
}

struct Lister<'a> {
    m: &'a Module,
    module: ModuleId,
    list: &'a mut Vec<Mutation>,
}

/// Operators with the same operand and result widths, most alike first.
fn alike(op: Op) -> &'static [Op] {
    match op {
        Op::And => &[Op::Or, Op::Xor],
        Op::Or => &[Op::And, Op::Xor],
        Op::Xor => &[Op::Or, Op::And],
        Op::Add => &[Op::Sub, Op::Or],
        Op::Sub => &[Op::Add, Op::Xor],
        Op::MulU => &[Op::MulS],
        Op::MulS => &[Op::MulU],
        Op::Eq => &[Op::LtU],
        Op::LtU => &[Op::LtS, Op::Eq],
        Op::LtS => &[Op::LtU, Op::Eq],
        Op::Shl => &[Op::ShrU],
        Op::ShrU => &[Op::Shl, Op::ShrS],
        Op::ShrS => &[Op::ShrU, Op::Shl],
        Op::RedAnd => &[Op::RedOr, Op::RedXor],
        Op::RedOr => &[Op::RedAnd, Op::RedXor],
        Op::RedXor => &[Op::RedOr, Op::RedAnd],
        Op::Zext => &[Op::Sext],
        Op::Sext => &[Op::Zext],
        _ => &[],
    }
}

impl Lister<'_> {
    fn add(&mut self, kind: Kind, text: String, change: Change) {
        self.list.push(Mutation { kind, module: self.module, text, change });
    }

    /// A node in words: operator, number or name, and the source line where known.
    fn describe(&self, id: NodeId) -> String {
        let node = self.m.node(id);
        let op = node.op.info().map_or("leaf", |i| i.name);
        let name = self.m.name_of(id).map_or(String::new(), |n| format!(" `{n}`"));
        let place = self.m.locs[id.index()].map_or(String::new(), |l| format!(" at {}:{}", l.file(), l.line()));
        format!("{op}:{}{name}{place}", node.width)
    }

    fn node(&mut self, id: NodeId) {
        let (m, node) = (self.m, *self.m.node(id));
        if node.op.info().is_none() {
            return;
        }
        let args = m.args(id).to_vec();
        let me = self.describe(id);
        let narrow = m.width(args[0]) == 1;
        for &other in alike(node.op) {
            // On one bit these pairs are the same function.
            let same = match node.op {
                Op::Add => other == Op::Sub,
                Op::Sub | Op::RedAnd | Op::RedOr | Op::RedXor => true,
                _ => false,
            };
            if !(narrow && same) {
                let kind = if matches!(node.op, Op::Zext | Op::Sext) { Kind::Extension } else { Kind::Operator };
                self.add(kind, format!("{me}: {} instead", other.info().map_or("", |i| i.name)), Change::Op(id, other));
            }
        }
        match node.op {
            Op::Not | Op::Eq | Op::RedXor => self.add(Kind::Complement, format!("{me}: complemented"), Change::Complement(id)),
            Op::LtU | Op::LtS => self.add(Kind::Boundary, format!("{me}: at most instead of less"), Change::AtMost(id)),
            Op::Slice => {
                if node.imm + node.width < m.width(args[0]) {
                    self.add(Kind::Slice, format!("{me}: one bit higher"), Change::Position(id, node.imm + 1));
                }
                if node.imm > 0 {
                    self.add(Kind::Slice, format!("{me}: one bit lower"), Change::Position(id, node.imm - 1));
                }
            }
            _ => {}
        }
        let swaps = match node.op {
            Op::Sub | Op::LtU | Op::LtS => 0..1,
            Op::Mux => 1..2,
            Op::Concat => 0..args.len() - 1,
            _ => 0..0,
        };
        for at in swaps.filter(|at| args[*at] != args[at + 1]) {
            self.add(Kind::Swap, format!("{me}: operands {at} and {} exchanged", at + 1), Change::Swap(id, at));
        }
        for (at, arg) in args.iter().enumerate() {
            let width = m.width(*arg);
            match m.const_of(*arg) {
                Some(value) => {
                    for bit in 0..width {
                        let flipped = Bits::new(width, value.unsigned() ^ (num_bigint::BigUint::from(1u32) << bit));
                        let text = format!("{me}: bit {bit} of constant operand {at} flipped");
                        self.add(Kind::Constant, text, Change::Operand(id, at, flipped));
                    }
                }
                None => {
                    for (value, word) in [(Bits::zero(width), "zero"), (Bits::ones(width), "ones")] {
                        let text = format!("{me}: {word} for operand {at}");
                        self.add(Kind::Stuck, text, Change::Operand(id, at, value));
                    }
                }
            }
        }
    }

    /// One bit of every entry, a different one from entry to entry.
    fn tables(&mut self) {
        for (t, table) in self.m.tables.iter().enumerate() {
            for entry in 0..table.values.len() {
                let bit = (entry as u32).wrapping_mul(5) % table.width;
                let text = format!("table `{}`: bit {bit} of entry {entry} flipped", table.name);
                self.add(Kind::Table, text, Change::Entry(t, entry, bit));
            }
        }
    }

    fn clocked(&mut self) {
        for (s, state) in self.m.states.iter().enumerate() {
            for bit in 0..state.init.width() {
                let text = format!("register `{}`: bit {bit} of the initial value flipped", state.name);
                self.add(Kind::Init, text, Change::Init(s, bit));
            }
            let text = format!("register `{}`: never enabled", state.name);
            self.add(Kind::Enable, text, Change::Enable(s, Gate::Never));
            if state.enable.is_some() {
                for (gate, word) in [(Gate::Always, "always enabled"), (Gate::Inverted, "enable inverted")] {
                    self.add(Kind::Enable, format!("register `{}`: {word}", state.name), Change::Enable(s, gate));
                }
            }
        }
        for (r, ram) in self.m.rams.iter().enumerate().filter(|(_, r)| r.write.is_some()) {
            for (gate, word) in
                [(Gate::Never, "never written"), (Gate::Always, "always written"), (Gate::Inverted, "write enable inverted")]
            {
                self.add(Kind::Enable, format!("memory `{}`: {word}", ram.name), Change::Write(r, gate));
            }
        }
    }

    /// What leaves the module or enters an instance.
    fn borders(&mut self) {
        let m = self.m;
        for (value, word) in [(Bits::zero as fn(u32) -> Bits, "zero"), (Bits::ones, "ones")] {
            for (o, port) in m.outputs.iter().enumerate() {
                let value = value(port.width);
                if m.const_of(port.node) != Some(&value) {
                    self.add(Kind::Stuck, format!("output `{}`: {word}", port.name), Change::Output(o, value));
                }
            }
            for (i, instance) in m.instances.iter().enumerate() {
                for (port, node) in instance.inputs.iter().enumerate() {
                    let value = value(m.width(*node));
                    if m.const_of(*node) != Some(&value) {
                        let text = format!("instance `{}`: {word} for input {port}", instance.name);
                        self.add(Kind::Stuck, text, Change::Connection(i, port, value));
                    }
                }
            }
        }
    }
}

impl Mutation {
    /// The mutant of the design that [`mutations`] was asked about.
    pub fn apply(&self, design: &Design) -> Design {
        let mut mutant = design.clone();
        self.change(&mut mutant.modules[self.module.index()]);
        mutant
    }

    /// Where the mutant has the original's node, by number: mutations add at most one node.
    pub fn place(&self, id: NodeId) -> NodeId {
        let first_moved = match &self.change {
            Change::Complement(at) | Change::AtMost(at) | Change::Operand(at, ..) => *at,
            Change::Output(..) | Change::Connection(..) => NodeId(0),
            _ => return id,
        };
        NodeId(id.0 + u32::from(id >= first_moved))
    }

    fn change(&self, m: &mut Module) {
        match &self.change {
            Change::Op(id, op) => m.nodes[id.index()].op = *op,
            Change::Complement(id) => complement(m, *id),
            Change::AtMost(id) => {
                m.nodes[id.index()].args.swap(0, 1);
                complement(m, *id);
            }
            Change::Swap(id, at) => {
                let (a, b) = (m.args(*id)[*at], m.args(*id)[at + 1]);
                set_arg(m, *id, *at, b);
                set_arg(m, *id, at + 1, a);
            }
            Change::Operand(id, at, value) => {
                let value = constant(m, *id, value);
                set_arg(m, NodeId(id.0 + 1), *at, value);
            }
            Change::Output(port, value) => m.outputs[*port].node = constant(m, NodeId(0), value),
            Change::Connection(instance, port, value) => {
                let value = constant(m, NodeId(0), value);
                m.instances[*instance].inputs[*port] = value;
            }
            Change::Position(id, position) => m.nodes[id.index()].imm = *position,
            Change::Entry(table, entry, bit) => flip(&mut m.tables[*table].values[*entry], *bit),
            Change::Init(state, bit) => flip(&mut m.states[*state].init, *bit),
            Change::Enable(state, gate) => {
                let enable = m.states[*state].enable;
                let enable = gated(m, enable, *gate);
                m.states[*state].enable = Some(enable);
            }
            Change::Write(ram, gate) => {
                let enable = m.rams[*ram].write.map(|w| w.2);
                let enable = gated(m, enable, *gate);
                if let Some(write) = &mut m.rams[*ram].write {
                    write.2 = enable;
                }
            }
        }
    }
}

/// A new constant before node `at`.
fn constant(m: &mut Module, at: NodeId, value: &Bits) -> NodeId {
    m.consts.push(value.clone());
    let imm = m.consts.len() as u32 - 1;
    insert(m, at, Node { op: Op::Const, width: value.width(), args: [NodeId(0); 3], imm })
}

/// The node's operator moves to a new node before it, and it becomes the complement of that.
fn complement(m: &mut Module, id: NodeId) {
    let node = *m.node(id);
    debug_assert!(!matches!(node.op.info().map(|i| i.arity), None | Some(Arity::Many)));
    let inner = insert(m, id, node);
    let outer = &mut m.nodes[id.index() + 1];
    *outer = Node { op: Op::Not, args: [inner, NodeId(0), NodeId(0)], imm: 0, ..*outer };
}

/// A changed enable, at the end of the module.
fn gated(m: &mut Module, enable: Option<NodeId>, gate: Gate) -> NodeId {
    match (gate, enable) {
        (Gate::Inverted, Some(enable)) => m.push_op(Op::Not, 1, &[enable], 0, NameId(0), None),
        (Gate::Always, _) => m.push_const(Bits::bit(true)),
        _ => m.push_const(Bits::bit(false)),
    }
}

fn flip(value: &mut Bits, bit: u32) {
    *value = Bits::new(value.width(), value.unsigned() ^ (num_bigint::BigUint::from(1u32) << bit));
}
