//! Text form of a design: [`print()`] and [`parse`] are inverse to each other, source places aside.
//!
//! ```text
//! design sync top                            reset style (none, sync, sync_low, async, async_low) and top module
//! module top                                 modules in order; instances refer to earlier ones
//!   doc "one line of the header"             any number
//!   pins ck rst                              names of clock and reset, if not the usual ones
//!   clocked                                  has a clock port even without registers
//!   sealed                                   synthesis shall not mix its logic with that around it
//!   table "squares" 4 0 1 4 9                tables, numbered from 0: width, entries in hexadecimal
//!   ram "buffer" 8 16 unset write %0 %2 %5         memories, numbered from 0: width, depth, `unset` if not 0 at first, write address, data, enable
//!   instance "pe0" pe %0 %2                  instances, numbered from 0: module, inputs
//!   %0 4 = input a                           nodes in order: width, what it is
//!   %1 24 = state "acc" 0 next %3 if %5      initial value, next value, enable; `unreset` behind it if it starts with anything
//!   %2 8 = const 1f
//!   %3 12 = mulu %0 %2 "prod"                operator, operands, wire name
//!   %4 1 = slice %3 @2                       after @ the immediate: first bit, table number, place of a port
//!   %5 1 = not %4
//!   %6 8 = read 0 %0                         memory, address
//!   %7 8 = out 0 1                           instance, output
//!   claim %5 "what must hold"                checked in simulation
//!   assert "text" %5 holds %4 stable %3       printed as an assertion: one cycle after %5; or assume
//!   output y %3                              output ports in order
//! end
//! ```
//! Whatever follows `#` at the start of a line is a comment.
mod parse;

use crate::ir::*;
use crate::ops::Op;
use std::fmt::Write;

pub use parse::{TextError, parse};

/// The text form.
pub fn print(design: &Design) -> String {
    let mut out = format!("design {} {}\n", design.reset.name(), design.top().name);
    design.modules.iter().for_each(|m| module(&mut out, m, design));
    out
}

/// In quotes, on one line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn list(nodes: &[NodeId]) -> String {
    nodes.iter().map(|n| format!(" %{}", n.0)).collect()
}

fn module(out: &mut String, m: &Module, design: &Design) {
    let _ = writeln!(out, "module {}", m.name);
    m.doc.iter().for_each(|line| {
        let _ = writeln!(out, "  doc {}", quoted(line));
    });
    m.kept.iter().for_each(|name| {
        let _ = writeln!(out, "  keep {}", quoted(name));
    });
    if let Some(p) = &m.pins {
        let _ = writeln!(out, "  pins {} {}", p.clock, p.reset);
    }
    if m.clocked {
        out.push_str("  clocked\n");
    }
    if m.sealed {
        out.push_str("  sealed\n");
    }
    for t in &m.tables {
        let values: String = t.values.iter().map(|v| format!(" {:x}", v.unsigned())).collect();
        let _ = writeln!(out, "  table {} {}{values}", quoted(&t.name), t.width);
    }
    for r in &m.rams {
        let write = r.write.map(|(a, d, e)| format!(" write{}", list(&[a, d, e]))).unwrap_or_default();
        let unset = if r.zeroed { "" } else { " unset" };
        let _ = writeln!(out, "  ram {} {} {}{unset}{write}", quoted(&r.name), r.width, r.depth);
    }
    for i in &m.instances {
        let _ = writeln!(out, "  instance {} {}{}", quoted(&i.name), design.module(i.module).name, list(&i.inputs));
    }
    let mut inputs = 0;
    for i in 0..m.nodes.len() {
        let id = NodeId(i as u32);
        let node = m.node(id);
        let imm = node.imm as usize;
        let _ = write!(out, "  %{i} {} = ", node.width);
        let _ = match node.op {
            Op::Input => {
                let place = if imm == inputs { String::new() } else { format!(" @{imm}") };
                inputs += 1;
                write!(out, "input {}{place}", m.inputs[imm].name)
            }
            Op::Const => write!(out, "const {:x}", m.consts[imm].unsigned()),
            Op::State => {
                let s = &m.states[imm];
                let enable = s.enable.map(|e| format!(" if %{}", e.0)).unwrap_or_default();
                let unreset = if s.reset { "" } else { " unreset" };
                write!(out, "state {} {:x} next %{}{enable}{unreset}", quoted(&s.name), s.init.unsigned(), s.next.0)
            }
            Op::RamRead => write!(out, "read {} %{}", m.ram_reads[imm].ram, m.ram_reads[imm].addr.0),
            Op::InstOut => write!(out, "out {} {}", m.inst_outs[imm].0, m.inst_outs[imm].1),
            op => {
                let name = op.info().map_or("", |i| i.name);
                let imm = if matches!(op, Op::Slice | Op::Table) { format!(" @{imm}") } else { String::new() };
                write!(out, "{name}{}{imm}", list(m.args(id)))
            }
        };
        if let Some(name) = m.name_of(id) {
            let _ = write!(out, " {}", quoted(name));
        }
        out.push('\n');
    }
    for c in &m.claims {
        let _ = writeln!(out, "  claim %{} {}", c.holds.0, quoted(&c.text));
    }
    for a in &m.asserts {
        let nodes = |word: &str, of: &[NodeId]| of.iter().map(|n| format!(" {word} %{}", n.0)).collect::<String>();
        let (word, text) = (if a.assume { "assume" } else { "assert" }, quoted(&a.text));
        let _ = writeln!(out, "  {word} {text} %{}{}{}", a.when.0, nodes("holds", &a.holds), nodes("stable", &a.stable));
    }
    for p in &m.outputs {
        let _ = writeln!(out, "  output {} %{}", p.name, p.node.0);
    }
    out.push_str("end\n");
}
