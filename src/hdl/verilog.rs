//! Verilog-2005 printer.
//!
//! One operator per wire. Only wiring (slices, concatenations, extensions), constants and
//! single-use unnamed bit logic are printed in place, because Verilog's width and sign rules
//! change the value of anything else when it is nested. Same design, same bytes.
use crate::ir::*;
use crate::ops::{DelayClass, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Longest line before a break at an operator or comma, in characters.
const LINE: usize = 110;
/// Longest expression printed in place, in characters.
const INLINE: usize = 60;

/// One printed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// File name, `module.v`.
    pub name: String,
    /// Contents.
    pub text: String,
}

/// Prints every module reachable from the top, the top last, one file each.
pub fn print(design: &Design) -> Vec<File> {
    let mut wanted = vec![false; design.modules.len()];
    wanted[design.top.index()] = true;
    for id in (0..design.modules.len()).rev() {
        if wanted[id] {
            design.modules[id].instances.iter().for_each(|i| wanted[i.module.index()] = true);
        }
    }
    let mut order: Vec<usize> = (0..design.modules.len()).filter(|i| wanted[*i] && *i != design.top.index()).collect();
    order.push(design.top.index());
    order
        .into_iter()
        .map(|i| File { name: format!("{}.v", design.modules[i].name), text: Printer::new(design, &design.modules[i]).module() })
        .collect()
}

/// Verilog-2005 reserved words, plus SystemVerilog ones that users' tools may reject.
const RESERVED: &[&str] = &[
    "always",
    "and",
    "assign",
    "automatic",
    "begin",
    "bit",
    "buf",
    "byte",
    "case",
    "casex",
    "casez",
    "cell",
    "chandle",
    "class",
    "clocking",
    "config",
    "const",
    "constraint",
    "context",
    "continue",
    "cover",
    "deassign",
    "default",
    "defparam",
    "design",
    "disable",
    "do",
    "edge",
    "else",
    "end",
    "endcase",
    "endclass",
    "endconfig",
    "endfunction",
    "endgenerate",
    "endmodule",
    "endpackage",
    "endprimitive",
    "endspecify",
    "endtable",
    "endtask",
    "enum",
    "event",
    "expect",
    "export",
    "extends",
    "extern",
    "final",
    "first_match",
    "for",
    "force",
    "foreach",
    "forever",
    "fork",
    "function",
    "generate",
    "genvar",
    "highz0",
    "highz1",
    "if",
    "iff",
    "ifnone",
    "import",
    "incdir",
    "include",
    "initial",
    "inout",
    "input",
    "inside",
    "instance",
    "int",
    "integer",
    "interface",
    "intersect",
    "join",
    "large",
    "liblist",
    "library",
    "local",
    "localparam",
    "logic",
    "longint",
    "macromodule",
    "matches",
    "medium",
    "modport",
    "module",
    "nand",
    "negedge",
    "new",
    "nmos",
    "nor",
    "noshowcancelled",
    "not",
    "notif0",
    "notif1",
    "null",
    "or",
    "output",
    "package",
    "packed",
    "parameter",
    "pmos",
    "posedge",
    "primitive",
    "priority",
    "program",
    "property",
    "protected",
    "pull0",
    "pull1",
    "pulldown",
    "pullup",
    "pure",
    "rand",
    "rcmos",
    "real",
    "realtime",
    "ref",
    "reg",
    "release",
    "repeat",
    "return",
    "rnmos",
    "rpmos",
    "scalared",
    "sequence",
    "shortint",
    "signed",
    "small",
    "solve",
    "specify",
    "specparam",
    "static",
    "string",
    "strong0",
    "strong1",
    "struct",
    "super",
    "supply0",
    "supply1",
    "table",
    "tagged",
    "task",
    "this",
    "throughout",
    "time",
    "tran",
    "tri",
    "tri0",
    "tri1",
    "triand",
    "trior",
    "trireg",
    "type",
    "typedef",
    "union",
    "unique",
    "unsigned",
    "use",
    "uwire",
    "var",
    "vectored",
    "virtual",
    "void",
    "wait",
    "wand",
    "weak0",
    "weak1",
    "while",
    "wire",
    "with",
    "within",
    "wor",
    "xnor",
    "xor",
];

/// Stem of the name of an unnamed wire.
fn stem(op: Op) -> &'static str {
    match op {
        Op::Add => "sum",
        Op::Sub => "diff",
        Op::MulU | Op::MulS => "prod",
        Op::Mux => "sel",
        Op::Eq => "eq",
        Op::LtU | Op::LtS => "lt",
        Op::Shl | Op::ShrU | Op::ShrS => "shifted",
        Op::Slice | Op::Concat | Op::Zext | Op::Sext => "bits",
        Op::Const => "konst",
        _ => "net",
    }
}

struct Printer<'a> {
    design: &'a Design,
    m: &'a Module,
    /// Identifier or in-place expression of each live node.
    text: Vec<String>,
    taken: BTreeSet<String>,
    counters: BTreeMap<&'static str, u32>,
    sequential: bool,
}

/// How often and how a node is used.
#[derive(Clone, Copy, Default)]
struct Use {
    live: bool,
    count: u32,
    /// Used where only an identifier can stand (bit select).
    indexed: bool,
    /// All bits are used.
    whole: bool,
}

impl<'a> Printer<'a> {
    fn new(design: &'a Design, m: &'a Module) -> Self {
        let sequential = !m.is_combinational(design);
        Printer {
            design,
            m,
            text: vec![String::new(); m.nodes.len()],
            taken: BTreeSet::new(),
            counters: BTreeMap::new(),
            sequential,
        }
    }

    fn has_reset(&self) -> bool {
        self.sequential && self.design.reset == Reset::Sync
    }

    /// Uses of every node by what will be printed; claims do not print.
    fn uses(&self) -> Vec<Use> {
        let m = self.m;
        let mut uses = vec![Use::default(); m.nodes.len()];
        let mut root = |id: NodeId| {
            let u = &mut uses[id.index()];
            (u.live, u.whole, u.count) = (true, true, u.count + 1);
        };
        m.outputs.iter().for_each(|p| root(p.node));
        m.states.iter().for_each(|s| {
            root(s.next);
            s.enable.into_iter().for_each(&mut root);
        });
        m.rams.iter().filter_map(|r| r.write).for_each(|(a, d, e)| [a, d, e].into_iter().for_each(&mut root));
        m.ram_reads.iter().for_each(|r| root(r.addr));
        m.instances.iter().flat_map(|i| &i.inputs).for_each(|n| root(*n));
        for i in (0..m.nodes.len()).rev() {
            if !uses[i].live {
                continue;
            }
            let id = NodeId(i as u32);
            let node = m.node(id);
            for (k, arg) in m.args(id).iter().enumerate() {
                let wide = m.width(*arg) > 1;
                let part = node.op == Op::Slice && node.width < m.width(*arg);
                let u = &mut uses[arg.index()];
                u.live = true;
                u.count += 1;
                u.indexed |= wide && (part || matches!(node.op, Op::Sext | Op::MulS)) && k < 2;
                u.whole |= !part;
            }
        }
        uses
    }

    /// Claims an identifier as close to `want` as possible.
    fn claim(&mut self, want: &str) -> String {
        let mut base: String = want.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if base.is_empty() || base.starts_with(|c: char| c.is_ascii_digit()) {
            base.insert(0, 'n');
        }
        if RESERVED.binary_search(&base.as_str()).is_err() && self.taken.insert(base.clone()) {
            return base;
        }
        let mut n = 2;
        loop {
            let name = format!("{base}_{n}");
            if self.taken.insert(name.clone()) {
                return name;
            }
            n += 1;
        }
    }

    fn fresh(&mut self, stem: &'static str) -> String {
        loop {
            let n = self.counters.entry(stem).and_modify(|n| *n += 1).or_insert(1);
            let name = format!("{stem}_{n}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    fn module(mut self) -> String {
        let m = self.m;
        let uses = self.uses();
        // Ports claim their names first: they are the interface. Then state, then everything else.
        if self.sequential {
            self.taken.insert("clk".into());
            if self.has_reset() {
                self.taken.insert("rst".into());
            }
        }
        for port in m.inputs.iter().chain(&m.outputs) {
            self.taken.insert(port.name.clone());
        }
        for port in &m.inputs {
            self.text[port.node.index()] = port.name.clone();
        }
        for s in &m.states {
            self.text[s.read.index()] = self.claim(&s.name);
        }
        let mut body = String::with_capacity(m.nodes.len() * 40);
        let ram_names: Vec<String> = m.rams.iter().map(|r| self.claim(&r.name)).collect();
        for r in &m.ram_reads {
            self.text[r.read.index()] = self.claim(&format!("{}_data", m.rams[r.ram as usize].name));
        }
        self.declare_state(&mut body, &ram_names);
        let mut unused: Vec<String> = Vec::new();
        let mut slices: BTreeMap<NodeId, Vec<(u32, u32)>> = BTreeMap::new();
        let mut printed_instances = 0;
        for i in 0..m.nodes.len() {
            let id = NodeId(i as u32);
            let node = m.node(id);
            if node.op == Op::InstOut {
                let (inst, _) = m.inst_outs[node.imm as usize];
                while printed_instances <= inst as usize {
                    self.instance(&mut body, printed_instances, &uses, &mut unused);
                    printed_instances += 1;
                }
            }
            if !uses[i].live {
                continue;
            }
            if node.op == Op::Slice && node.width < m.width(m.args(id)[0]) && !uses[m.args(id)[0].index()].whole {
                slices.entry(m.args(id)[0]).or_default().push((node.imm, node.imm + node.width));
            }
            self.node(&mut body, id, uses[i]);
        }
        while printed_instances < m.instances.len() {
            self.instance(&mut body, printed_instances, &uses, &mut unused);
            printed_instances += 1;
        }
        self.next_state(&mut body, &ram_names);
        for port in &m.outputs {
            let _ = writeln!(body, "  assign {} = {};", port.name, strip(&self.text[port.node.index()]));
        }
        for (id, used) in slices {
            self.gaps(id, used, &mut unused);
        }
        unused.extend(m.inputs.iter().filter(|p| !uses[p.node.index()].live).map(|p| p.name.clone()));
        if !unused.is_empty() {
            unused.sort();
            unused.dedup();
            let name = self.claim("unused_bits");
            let line = format!("  wire {name} = &{{1'b0, {}}};", unused.join(", "));
            let _ = writeln!(body, "\n  // bits that no result depends on\n{}", wrap(&line));
        }
        let mut out = self.header();
        out.push_str(&body);
        out.push_str("endmodule\n`default_nettype wire\n");
        out
    }

    fn header(&self) -> String {
        let m = self.m;
        let mut out = String::new();
        m.doc.iter().for_each(|l| {
            let _ = writeln!(out, "{}", format!("// {l}").trim_end());
        });
        let _ = writeln!(out, "`default_nettype none\nmodule {} (", m.name);
        let mut ports = Vec::new();
        let dims = |w: u32| if w == 1 { String::new() } else { format!("[{}:0] ", w - 1) };
        let wide = m.inputs.iter().chain(&m.outputs).map(|p| dims(p.width).len()).max().unwrap_or(0);
        if self.sequential {
            ports.push(format!("  input  wire {:wide$}clk", ""));
            if self.has_reset() {
                ports.push(format!("  input  wire {:wide$}rst", ""));
            }
        }
        ports.extend(m.inputs.iter().map(|p| format!("  input  wire {:wide$}{}", dims(p.width), p.name)));
        ports.extend(m.outputs.iter().map(|p| format!("  output wire {:wide$}{}", dims(p.width), p.name)));
        out.push_str(&ports.join(",\n"));
        out.push_str("\n);\n");
        out
    }

    fn declare_state(&self, body: &mut String, ram_names: &[String]) {
        let m = self.m;
        for s in &m.states {
            let init = if self.design.reset == Reset::None { format!(" = {}", literal(&s.init)) } else { String::new() };
            let _ = writeln!(body, "  reg  {}{}{init};", dims(s.init.width()), self.text[s.read.index()]);
        }
        for (r, name) in m.rams.iter().zip(ram_names) {
            let _ = writeln!(body, "  reg  {}{name} [0:{}];", dims(r.width), r.depth - 1);
        }
        for r in &m.ram_reads {
            let _ = writeln!(body, "  reg  {}{};", dims(m.rams[r.ram as usize].width), self.text[r.read.index()]);
        }
    }

    fn next_state(&self, body: &mut String, ram_names: &[String]) {
        let m = self.m;
        if !m.states.is_empty() {
            let (pad, reset) = if self.has_reset() { ("    ", true) } else { ("  ", false) };
            let _ = writeln!(body, "\n  always @(posedge clk) begin");
            if reset {
                let _ = writeln!(body, "    if (rst) begin");
                for s in &m.states {
                    let _ = writeln!(body, "      {} <= {};", self.text[s.read.index()], literal(&s.init));
                }
                let _ = writeln!(body, "    end else begin");
            }
            for s in &m.states {
                let (name, next) = (&self.text[s.read.index()], strip(&self.text[s.next.index()]));
                let _ = match s.enable {
                    Some(en) => writeln!(body, "  {pad}if ({}) {name} <= {next};", strip(&self.text[en.index()])),
                    None => writeln!(body, "  {pad}{name} <= {next};"),
                };
            }
            if reset {
                let _ = writeln!(body, "    end");
            }
            let _ = writeln!(body, "  end");
        }
        for (i, (r, name)) in m.rams.iter().zip(ram_names).enumerate() {
            let _ = writeln!(body, "\n  always @(posedge clk) begin");
            if let Some((addr, data, enable)) = r.write {
                let t = |n: NodeId| strip(&self.text[n.index()]);
                let _ = writeln!(body, "    if ({}) {name}[{}] <= {};", t(enable), t(addr), t(data));
            }
            for read in m.ram_reads.iter().filter(|x| x.ram as usize == i) {
                let _ =
                    writeln!(body, "    {} <= {name}[{}];", self.text[read.read.index()], strip(&self.text[read.addr.index()]));
            }
            let _ = writeln!(body, "  end");
        }
    }

    fn instance(&mut self, body: &mut String, index: usize, uses: &[Use], unused: &mut Vec<String>) {
        let m = self.m;
        let inst = &m.instances[index];
        let callee = self.design.module(inst.module);
        let name = self.claim(&inst.name);
        let mut outs: Vec<Option<NodeId>> = vec![None; callee.outputs.len()];
        for (i, node) in m.nodes.iter().enumerate().filter(|(_, n)| n.op == Op::InstOut) {
            let (of, port) = m.inst_outs[node.imm as usize];
            if of as usize == index {
                outs[port as usize] = Some(NodeId(i as u32));
            }
        }
        let mut pins = Vec::new();
        if !callee.is_combinational(self.design) {
            pins.push(".clk(clk)".to_string());
            if self.design.reset == Reset::Sync {
                pins.push(".rst(rst)".to_string());
            }
        }
        for (port, node) in callee.inputs.iter().zip(&inst.inputs) {
            pins.push(format!(".{}({})", port.name, strip(&self.text[node.index()])));
        }
        for (port, node) in callee.outputs.iter().zip(outs) {
            let wire = self.claim(&format!("{name}_{}", port.name));
            let _ = writeln!(body, "  wire {}{wire};", dims(port.width));
            pins.push(format!(".{}({wire})", port.name));
            match node {
                Some(n) if uses[n.index()].live => self.text[n.index()] = wire,
                _ => unused.push(wire),
            }
        }
        let line = format!("  {} {name} ({});", callee.name, pins.join(", "));
        let _ = writeln!(body, "{}", wrap(&line));
    }

    fn node(&mut self, body: &mut String, id: NodeId, used: Use) {
        let m = self.m;
        let node = m.node(id);
        let Some(info) = node.op.info() else {
            if node.op == Op::Const {
                let value = literal(&m.consts[node.imm as usize]);
                if used.indexed {
                    let name = self.fresh(stem(node.op));
                    let _ = writeln!(body, "  wire {}{name} = {value};", dims(node.width));
                    self.text[id.index()] = name;
                } else {
                    self.text[id.index()] = value;
                }
            }
            return;
        };
        if node.op == Op::Table {
            return self.table(body, id);
        }
        let widths = m.arg_widths(id);
        let shape = m.shape(id, &widths);
        let args: Vec<&str> = m.args(id).iter().map(|a| self.text[a.index()].as_str()).collect();
        let mut expr = String::with_capacity(32);
        (info.emit)(&mut expr, &shape, &args);
        let wiring = info.delay == DelayClass::Free;
        let small = matches!(info.delay, DelayClass::Logic | DelayClass::Tree) && node.op != Op::Mux && used.count == 1;
        let named = m.name_of(id).is_some();
        if !named && !used.indexed && (wiring || small) && expr.len() <= INLINE {
            self.text[id.index()] = if wiring { expr } else { format!("({expr})") };
            return;
        }
        let name = match m.name_of(id) {
            Some(n) => self.claim(n),
            None => self.fresh(stem(node.op)),
        };
        let start = body.len();
        let _ = write!(body, "  wire {}{name} = {};", dims(node.width), strip(&expr));
        if body.len() - start > LINE {
            let line = wrap(&body[start..]);
            body.truncate(start);
            body.push_str(&line);
        }
        body.push('\n');
        self.text[id.index()] = name;
    }

    fn table(&mut self, body: &mut String, id: NodeId) {
        let m = self.m;
        let node = m.node(id);
        let table = &m.tables[node.imm as usize];
        let addr = m.args(id)[0];
        let name = match m.name_of(id) {
            Some(n) => self.claim(n),
            None => self.claim(&table.name),
        };
        let bits = m.width(addr);
        let _ = writeln!(body, "  reg  {}{name};", dims(node.width));
        let _ = writeln!(body, "  always @(*)\n    case ({})", strip(&self.text[addr.index()]));
        let full = table.values.len() as u64 == 1 << bits;
        for (i, value) in table.values.iter().enumerate() {
            if full && i + 1 == table.values.len() {
                let _ = writeln!(body, "      default: {name} = {};", literal(value));
            } else {
                let _ = writeln!(body, "      {bits}'d{i}: {name} = {};", literal(value));
            }
        }
        if !full {
            let _ = writeln!(body, "      default: {name} = {}'d0;", node.width);
        }
        let _ = writeln!(body, "    endcase");
        self.text[id.index()] = name;
    }

    /// Bits of `id` outside the used intervals.
    fn gaps(&self, id: NodeId, mut used: Vec<(u32, u32)>, unused: &mut Vec<String>) {
        used.sort_unstable();
        let name = &self.text[id.index()];
        let width = self.m.width(id);
        let mut at = 0;
        for (lo, hi) in used.into_iter().chain([(width, width)]) {
            if lo > at {
                unused.push(if lo == at + 1 { format!("{name}[{at}]") } else { format!("{name}[{}:{at}]", lo - 1) });
            }
            at = at.max(hi);
        }
    }
}

fn dims(width: u32) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

fn literal(value: &crate::bits::Bits) -> String {
    if value.width() <= 2 {
        format!("{}'d{}", value.width(), value.unsigned())
    } else {
        format!("{}'h{}", value.width(), value.hex())
    }
}

/// Without the outer parentheses of an in-place expression.
fn strip(expr: &str) -> &str {
    let Some(inner) = expr.strip_prefix('(').and_then(|e| e.strip_suffix(')')) else { return expr };
    let mut depth = 0i32;
    for c in inner.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return expr;
        }
    }
    inner
}

/// Breaks a long line after commas and binary operators.
fn wrap(line: &str) -> String {
    if line.len() <= LINE {
        return line.to_string();
    }
    let mut out = String::with_capacity(line.len() + 32);
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        if column + word.trim_end().len() > LINE && column > 6 {
            out.truncate(out.trim_end().len());
            out.push_str("\n      ");
            column = 6;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_sorted_for_the_search() {
        assert!(RESERVED.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn strips_only_matching_parentheses() {
        assert_eq!(strip("(a & b)"), "a & b");
        assert_eq!(strip("(a) & (b)"), "(a) & (b)");
    }
}
