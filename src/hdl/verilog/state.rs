//! Everything of a module but its operators: header, registers, memories, instances, tables, outputs.
use super::line::*;
use super::module::Printer;
use crate::ir::*;
use std::fmt::Write;

impl Printer<'_> {
    fn sequential(&self) -> bool {
        !self.m.is_combinational(self.design)
    }

    /// Name of the reset port, if there is one.
    fn reset_port(&self) -> Option<&str> {
        self.m.reset_port(self.design.reset).filter(|_| self.sequential())
    }

    /// The condition of being reset, or of not being reset.
    pub(super) fn resetting(&self, yes: bool) -> Option<String> {
        self.reset_port().map(|name| format!("{}{name}", if yes == self.design.reset.is_low() { "!" } else { "" }))
    }

    pub(super) fn header(&mut self) {
        let m = self.m;
        for line in m.doc.iter().flat_map(|l| l.split('\n')) {
            let _ = writeln!(self.out, "{}", format!("// {line}").trim_end());
        }
        let sealed = if m.sealed { "(* keep_hierarchy *)\n" } else { "" };
        let _ = writeln!(self.out, "`default_nettype none\n{sealed}module {} (", m.name);
        let wide = m.inputs.iter().chain(&m.outputs).map(|p| dims(p.width).len()).max().unwrap_or(0);
        let port = |way: &str, width: u32, name: &str| format!("  {way} wire {:wide$}{name}", dims(width));
        let mut ports = Vec::new();
        if self.sequential() {
            ports.push(port("input ", 1, m.clock()));
            ports.extend(self.reset_port().map(|name| port("input ", 1, name)));
        }
        ports.extend(m.inputs.iter().map(|p| port("input ", p.width, &p.name)));
        ports.extend(m.outputs.iter().map(|p| port("output", p.width, &p.name)));
        self.out.push_str(&ports.join(",\n"));
        self.out.push_str("\n);\n");
    }

    /// Names of leaves, and what must stand before their first use.
    pub(super) fn declare(&mut self) {
        let m = self.m;
        for p in &m.inputs {
            self.set(p.node, &p.name);
            self.note_unused(p.node, &p.name);
        }
        for s in &m.states {
            self.set(s.read, &s.name);
            self.note_unused(s.read, &s.name);
            self.out.push_str("  reg  ");
            push_dims(&mut self.out, s.init.width());
            self.out.push_str(&s.name);
            self.out.push_str(";\n");
        }
        for r in &m.rams {
            let _ = writeln!(self.out, "  reg  {}{} [0:{}];", dims(r.width), r.name, r.depth - 1);
        }
        for r in &m.ram_reads {
            let name = self.names.claim(&format!("{}_rdata", m.rams[r.ram as usize].name));
            let _ = writeln!(self.out, "  reg  {}{name};", dims(m.width(r.read)));
            self.set(r.read, &name);
            self.note_unused(r.read, &name);
        }
        // A clock or reset that nothing needs any more.
        let below = m.instances.iter().any(|i| !self.design.module(i.module).is_combinational(self.design));
        if self.sequential() && m.states.is_empty() && m.rams.is_empty() && !below {
            self.unused.push(m.clock().into());
        }
        if m.states.iter().all(|s| !s.reset) && m.rams.iter().all(|r| r.write.is_none()) && !below {
            self.unused.extend(self.reset_port().map(str::to_string));
        }
    }

    /// Remembers the bits of a port or register that nothing reads.
    fn note_unused(&mut self, id: NodeId, name: &str) {
        if !self.uses.is_partial(id) {
            return;
        }
        let width = self.m.width(id);
        for (lo, hi, _) in self.uses.parts(id, width).filter(|(.., used)| !used) {
            self.unused.push(match hi - lo {
                n if n == width => name.to_string(),
                1 => format!("{name}[{lo}]"),
                _ => format!("{name}[{}:{lo}]", hi - 1),
            });
        }
    }

    /// Registers that are reset, and apart from them those that are not.
    pub(super) fn registers(&mut self) {
        let m = self.m;
        if self.design.reset == Reset::None && m.states.iter().any(|s| s.reset) {
            // Not in the declaration: Verilator 5.048 warns PROCASSINIT there.
            self.out.push_str("\n  initial begin\n");
            for s in m.states.iter().filter(|s| s.reset) {
                let _ = writeln!(self.out, "    {} = {};", s.name, literal(&s.init));
            }
            self.out.push_str("  end\n");
        }
        match self.resetting(true) {
            None => self.block(None, m.states.iter()),
            Some(reset) => {
                self.block(Some(&reset), m.states.iter().filter(|s| s.reset));
                self.block(None, m.states.iter().filter(|s| !s.reset));
            }
        }
    }

    /// One always block; `reset` is the condition of being reset.
    fn block<'s>(&mut self, reset: Option<&str>, states: impl Iterator<Item = &'s State> + Clone) {
        if states.clone().next().is_none() {
            return;
        }
        let pad = if reset.is_some() { "      " } else { "    " };
        let edge = match self.reset_port() {
            Some(name) if reset.is_some() && self.design.reset.is_async() => {
                format!(" or {}edge {name}", if self.design.reset.is_low() { "neg" } else { "pos" })
            }
            _ => String::new(),
        };
        let _ = writeln!(self.out, "\n  always @(posedge {}{edge}) begin", self.m.clock());
        if let Some(reset) = reset {
            let _ = writeln!(self.out, "    if ({reset}) begin");
            for s in states.clone() {
                let _ = writeln!(self.out, "      {} <= {};", s.name, literal(&s.init));
            }
            self.out.push_str("    end else begin\n");
        }
        for s in states {
            let start = self.out.len();
            let enable = s.enable.map(|e| format!("if ({}) ", self.bare(e))).unwrap_or_default();
            let line = format!("{pad}{enable}{} <= {};", s.name, self.bare(s.next));
            self.out.push_str(&line);
            wrap_from(&mut self.out, start);
            self.out.push('\n');
        }
        if reset.is_some() {
            self.out.push_str("    end\n");
        }
        self.out.push_str("  end\n");
    }

    /// Memories are not written during reset; those that start with zeros hold what is known from the first cycle on.
    pub(super) fn memories(&mut self) {
        let m = self.m;
        let guard = self.resetting(false).map(|no| format!("{no} && ")).unwrap_or_default();
        for (i, r) in m.rams.iter().enumerate() {
            self.out.push('\n');
            if r.zeroed {
                let index = self.names.claim(&format!("{}_i", r.name));
                let _ = writeln!(self.out, "  integer {index};");
                let _ = writeln!(
                    self.out,
                    "  initial for ({index} = 0; {index} < {}; {index} = {index} + 1) {}[{index}] = {}'d0;",
                    r.depth, r.name, r.width
                );
            }
            let head = format!("  always @(posedge {}) begin\n", m.clock());
            self.out.push_str(&head);
            if let Some((addr, data, enable)) = r.write {
                let line =
                    format!("    if ({guard}{}) {}[{}] <= {};\n", self.text(enable), r.name, self.bare(addr), self.bare(data));
                self.out.push_str(&line);
            }
            for read in m.ram_reads.iter().filter(|x| x.ram as usize == i) {
                let line = format!("    {} <= {}[{}];\n", self.text(read.read), r.name, self.bare(read.addr));
                self.out.push_str(&line);
            }
            self.out.push_str("  end\n");
        }
    }

    pub(super) fn instance(&mut self, index: usize) {
        let m = self.m;
        let inst = &m.instances[index];
        let callee = self.design.module(inst.module);
        let mut pins = Vec::new();
        if !callee.is_combinational(self.design) {
            pins.push(format!(".{}({})", callee.clock(), m.clock()));
            pins.extend(callee.reset_port(self.design.reset).zip(self.reset_port()).map(|(to, from)| format!(".{to}({from})")));
        }
        pins.extend(callee.inputs.iter().zip(&inst.inputs).map(|(port, node)| format!(".{}({})", port.name, self.bare(*node))));
        for (i, port) in callee.outputs.iter().enumerate() {
            let want = format!("{}_{}", inst.name, port.name);
            let node = self.inst_outs.get(&(index as u32, i as u32)).copied();
            let Some(id) = node.filter(|n| self.uses.get(*n).count > 0) else {
                let name = self.names.claim(&format!("unused_{want}"));
                let _ = writeln!(self.out, "  wire {}{name};", dims(port.width));
                pins.push(format!(".{}({name})", port.name));
                continue;
            };
            let name = self.names.claim(&want);
            self.set(id, &name);
            if self.uses.is_partial(id) {
                self.declare_parts(id);
                pins.push(format!(".{}({{{}}})", port.name, self.parts_text(id)));
            } else {
                let _ = writeln!(self.out, "  wire {}{name};", dims(port.width));
                pins.push(format!(".{}({name})", port.name));
            }
        }
        let start = self.out.len();
        let _ = write!(self.out, "  {} {} ({});", callee.name, inst.name, pins.join(", "));
        wrap_from(&mut self.out, start);
        self.out.push('\n');
    }

    pub(super) fn table(&mut self, id: NodeId) {
        let m = self.m;
        let node = m.node(id);
        let table = &m.tables[node.imm as usize];
        let addr = m.args(id)[0];
        let bits = m.width(addr);
        let name = match m.name_of(id) {
            Some(n) => n.to_string(),
            None => self.names.claim(&table.name),
        };
        let keep = if m.kept.contains(&name) { "(* keep *) " } else { "" };
        let _ = writeln!(self.out, "  {keep}reg  {}{name};", dims(node.width));
        let head = format!("  always @* begin\n    case ({})\n", self.bare(addr));
        self.out.push_str(&head);
        let full = table.values.len() as u64 == 1 << bits;
        let rest = if full { table.values.len() - 1 } else { table.values.len() };
        for (i, value) in table.values[..rest].iter().enumerate() {
            let _ = write!(self.out, "      {bits}'d{i}: {name} = ");
            push_literal(&mut self.out, value);
            self.out.push_str(";\n");
        }
        let last = if full { literal(&table.values[rest]) } else { format!("{}'d0", node.width) };
        let _ = writeln!(self.out, "      default: {name} = {last};\n    endcase\n  end");
        self.set(id, &name);
        self.note_unused(id, &name);
    }

    pub(super) fn outputs(&mut self) {
        let m = self.m;
        self.out.push('\n');
        for port in &m.outputs {
            let start = self.out.len();
            let line = format!("  assign {} = {};", port.name, self.bare(port.node));
            self.out.push_str(&line);
            wrap_from(&mut self.out, start);
            self.out.push('\n');
        }
        if !self.unused.is_empty() {
            let name = self.names.claim("unused_bits");
            let list = self.unused.join(", ");
            self.out.push_str("\n  // nothing depends on these\n");
            let start = self.out.len();
            let _ = write!(self.out, "  wire {name} = &{{1'b0, {list}}};");
            wrap_from(&mut self.out, start);
            self.out.push('\n');
        }
        self.asserts();
        self.out.push_str("endmodule\n`default_nettype wire\n");
    }
}
