//! What every [`Design`] must satisfy, whichever pass made it. [`verify`] checks all of it:
//!
//! 1. The top module exists; module names are given once each.
//! 2. Instances refer to earlier modules, so the hierarchy has no cycle.
//! 3. Each node has a name slot and a location slot; name numbers exist.
//! 4. Operands stand before their users; only `next` and `enable` of a state and the ports of a
//!    memory may point forward. So there is no combinational loop.
//! 5. Every operator obeys the operand count and the width rule of its table entry; no width is 0.
//! 6. Leaves and side tables agree in both directions: each input, state, memory read and used
//!    instance output has exactly one node of the same width, and no side entry is left without one.
//!    Side entries but those of inputs stand in the order of their nodes.
//! 7. Constants have the width of their node; table entries that of their table.
//! 8. `next` has the state's width, `enable` one bit, the initial value the state's width.
//! 9. Memory addresses have [`address_bits`] of the depth; data have the word width; write enable has one bit.
//! 10. An instance connects every input port at its width, and its inputs stand before its outputs.
//! 11. Port names are Verilog identifiers, given once each, and outputs have the width of their driver.
//! 12. Claims are one bit wide.
use crate::ir::*;
use crate::ops::{Arity, Op};
use std::collections::BTreeSet;

/// Bits of an address that reaches `depth` words (at least 1).
pub fn address_bits(depth: u32) -> u32 {
    (32 - depth.saturating_sub(1).leading_zeros()).max(1)
}

/// True if `name` is a plain Verilog identifier (it may still be a reserved word).
pub fn is_identifier(name: &str) -> bool {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    name.bytes().all(word) && name.bytes().next().is_some_and(|c| !c.is_ascii_digit())
}

/// Checks every invariant of the module documentation. Errors: one line each, with module and node.
pub fn verify(design: &Design) -> Result<(), Vec<String>> {
    let mut errors = Vec::new();
    if design.top.index() >= design.modules.len() {
        errors.push(format!("top module {} of {}", design.top.0, design.modules.len()));
    }
    let mut names = BTreeSet::new();
    for (i, module) in design.modules.iter().enumerate() {
        if !names.insert(&module.name) || !is_identifier(&module.name) {
            errors.push(format!("module name `{}` is taken or not an identifier", module.name));
        }
        let mut check = Check { design, index: i, m: module, errors: &mut errors };
        if check.sizes() {
            check.nodes();
            check.leaves();
            check.ports();
            check.instances();
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

struct Check<'a> {
    design: &'a Design,
    index: usize,
    m: &'a Module,
    errors: &'a mut Vec<String>,
}

impl Check<'_> {
    fn error(&mut self, text: String) {
        self.errors.push(format!("module `{}`: {text}", self.m.name));
    }

    fn require(&mut self, good: bool, text: impl FnOnce() -> String) {
        if !good {
            self.error(text());
        }
    }

    /// A node some side table points to: exists and has this width.
    fn wired(&mut self, id: NodeId, width: u32, what: &str) {
        match self.m.nodes.get(id.index()) {
            None => self.error(format!("{what}: no node {}", id.0)),
            Some(n) if n.width != width => {
                self.error(format!("{what}: node {} has {} bits, expected {width}", id.0, n.width));
            }
            Some(_) => {}
        }
    }

    /// Vector lengths and operand positions: everything later checks may index by. False if broken.
    fn sizes(&mut self) -> bool {
        let m = self.m;
        let before = self.errors.len();
        let n = m.nodes.len();
        self.require(m.names.len() == n && m.locs.len() == n, || {
            format!("{n} nodes, {} names, {} locations", m.names.len(), m.locs.len())
        });
        if let Some(name) = m.names.iter().find(|n| n.0 as usize > m.strings.len()) {
            self.error(format!("name {} of {}", name.0, m.strings.len()));
        }
        for (i, node) in m.nodes.iter().enumerate() {
            if node.op.info().is_some_and(|info| info.arity == Arity::Many) {
                let end = node.args[0].index() + node.args[1].index();
                if node.args[1].0 == 0 || end > m.pool.len() {
                    self.error(format!(
                        "node {i} `{:?}`: operands {}..{end} of a pool of {}",
                        node.op,
                        node.args[0].0,
                        m.pool.len()
                    ));
                    continue;
                }
            }
            for arg in m.args(NodeId(i as u32)) {
                if arg.index() >= i {
                    self.error(format!("node {i} `{:?}`: operand {} does not stand before it", node.op, arg.0));
                }
            }
        }
        self.errors.len() == before
    }

    fn nodes(&mut self) {
        let m = self.m;
        for i in 0..m.nodes.len() {
            let id = NodeId(i as u32);
            let node = m.node(id);
            self.require(node.width > 0, || format!("node {i} `{:?}` has no bits", node.op));
            if let Some(info) = node.op.info() {
                let widths = m.arg_widths(id);
                if let Err(e) = (info.check)(&m.shape(id, &widths)) {
                    self.error(format!("node {i} `{}`: {e}", info.name));
                }
                continue;
            }
            // A leaf: its side entry must point back to it.
            let imm = node.imm as usize;
            let back = match node.op {
                Op::Input => m.inputs.get(imm).map(|p| (p.node, p.width)),
                Op::Const => m.consts.get(imm).map(|c| (id, c.width())),
                Op::State => m.states.get(imm).map(|s| (s.read, s.init.width())),
                Op::RamRead => m.ram_reads.get(imm).map(|r| (r.read, m.rams.get(r.ram as usize).map_or(0, |r| r.width))),
                _ => m.inst_outs.get(imm).and_then(|(inst, port)| {
                    let callee = self.design.modules.get(m.instances.get(*inst as usize)?.module.index())?;
                    Some((id, callee.outputs.get(*port as usize)?.width))
                }),
            };
            self.require(back == Some((id, node.width)), || {
                format!("node {i} `{:?}` {imm} of {} bits disagrees with its side table: {back:?}", node.op, node.width)
            });
        }
    }

    /// The other direction: every side entry has its node.
    fn leaves(&mut self) {
        let m = self.m;
        let count = |op: Op| m.nodes.iter().filter(|n| n.op == op).count();
        for (op, n) in [
            (Op::Input, m.inputs.len()),
            (Op::State, m.states.len()),
            (Op::RamRead, m.ram_reads.len()),
            (Op::InstOut, m.inst_outs.len()),
        ] {
            let mut order = m.nodes.iter().filter(|n| n.op == op).map(|n| n.imm).enumerate();
            self.require(op == Op::Input || order.all(|(i, imm)| imm as usize == i), || {
                format!("entries of nodes `{op:?}` stand in another order")
            });
            self.require(count(op) == n, || format!("{} nodes `{op:?}` for {n} entries", count(op)));
        }
        for s in &m.states {
            self.wired(s.read, s.init.width(), &format!("state `{}`", s.name));
            self.wired(s.next, s.init.width(), &format!("next value of state `{}`", s.name));
            if let Some(e) = s.enable {
                self.wired(e, 1, &format!("enable of state `{}`", s.name));
            }
        }
        for r in &m.rams {
            self.require(r.width > 0 && r.depth > 0, || format!("memory `{}` has no words or bits", r.name));
            if let Some((addr, data, enable)) = r.write {
                self.wired(addr, address_bits(r.depth), &format!("write address of `{}`", r.name));
                self.wired(data, r.width, &format!("write data of `{}`", r.name));
                self.wired(enable, 1, &format!("write enable of `{}`", r.name));
            }
        }
        for r in &m.ram_reads {
            match m.rams.get(r.ram as usize) {
                None => self.error(format!("read of memory {} of {}", r.ram, m.rams.len())),
                Some(ram) => self.wired(r.addr, address_bits(ram.depth), &format!("read address of `{}`", ram.name)),
            }
        }
        for (i, t) in m.tables.iter().enumerate() {
            self.require(!t.values.is_empty() && t.values.iter().all(|v| v.width() == t.width), || {
                format!("table {i} `{}` is empty or has an entry of another width than {}", t.name, t.width)
            });
        }
        for c in &m.claims {
            self.wired(c.holds, 1, &format!("claim `{}`", c.text));
        }
        for a in &m.asserts {
            for n in a.holds.iter().chain([&a.when]) {
                self.wired(*n, 1, &format!("assertion `{}`", a.text));
            }
            for n in &a.stable {
                let width = m.nodes.get(n.index()).map_or(0, |n| n.width);
                self.wired(*n, width, &format!("assertion `{}`", a.text));
            }
        }
    }

    fn ports(&mut self) {
        let m = self.m;
        let mut names = BTreeSet::new();
        for p in m.inputs.iter().chain(&m.outputs) {
            self.wired(p.node, p.width, &format!("port `{}`", p.name));
            let good = is_identifier(&p.name) && names.insert(&p.name);
            self.require(good, || format!("port name `{}` is taken or not an identifier", p.name));
        }
    }

    fn instances(&mut self) {
        let (m, design) = (self.m, self.design);
        for inst in &m.instances {
            if inst.module.index() >= self.index {
                self.error(format!("instance `{}` of module {}, which is not an earlier one", inst.name, inst.module.0));
                continue;
            }
            let ports = &design.module(inst.module).inputs;
            self.require(inst.inputs.len() == ports.len(), || {
                format!("instance `{}` connects {} of {} inputs", inst.name, inst.inputs.len(), ports.len())
            });
            for (node, port) in inst.inputs.iter().zip(ports) {
                self.wired(*node, port.width, &format!("port `{}` of instance `{}`", port.name, inst.name));
            }
        }
        let mut seen = BTreeSet::new();
        for (i, node) in m.nodes.iter().enumerate().filter(|(_, n)| n.op == Op::InstOut) {
            let Some(&(inst, port)) = m.inst_outs.get(node.imm as usize) else { continue };
            self.require(seen.insert((inst, port)), || format!("node {i}: output {port} of instance {inst} has two nodes"));
            if let Some(x) = m.instances.get(inst as usize) {
                let before = x.inputs.iter().all(|a| a.index() < i);
                self.require(before, || format!("node {i}: an input of instance `{}` does not stand before its output", x.name));
            }
        }
    }
}
