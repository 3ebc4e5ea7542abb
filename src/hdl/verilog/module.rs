//! [`Printer`]: one module, in one pass over its nodes into one buffer.
use super::line::*;
use super::uses::Uses;
use crate::ir::*;
use crate::ops::{DelayClass, Op, Shape};
use crate::pass::Ready;
use crate::pass::names::Names;
use std::collections::HashMap;
use std::fmt::Write;
use std::hash::BuildHasherDefault;

/// Longest expression printed in place, in characters.
const INLINE: usize = 60;

/// A part of the arena.
#[derive(Clone, Copy, Default)]
pub struct Span(u32, u32);

/// Prints one module of a design made [`ready`](super::ready).
pub struct Printer<'a> {
    pub(super) design: &'a Design,
    pub(super) m: &'a Module,
    pub(super) uses: Uses<'a>,
    pub(super) names: Names,
    /// Numbers of the unnamed wires, by what they feed and their stem.
    counters: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    /// All identifiers and in-place expressions.
    arena: String,
    /// Identifier or in-place expression of each node.
    text: Vec<Span>,
    /// Names of the parts of nodes some bits of which are not used, top first.
    pieces: Vec<(u32, u32, Span)>,
    /// First of them and the one behind the last, by node.
    pieces_of: HashMap<u64, (u32, u32), BuildHasherDefault<Ready>>,
    /// Node of each used (instance, output).
    pub(super) inst_outs: HashMap<(u32, u32), NodeId>,
    /// Parts of ports and registers that nothing reads.
    pub(super) unused: Vec<String>,
    pub(super) out: String,
    scratch: String,
    word: String,
}

/// Word for an unnamed wire, by its number in this list.
const STEMS: &[&str] = &["net", "sum", "diff", "prod", "sel", "eq", "lt", "shift", "bits", "entry"];

fn stem(op: Op) -> u8 {
    match op {
        Op::Add => 1,
        Op::Sub => 2,
        Op::MulU | Op::MulS => 3,
        Op::Mux => 4,
        Op::Eq => 5,
        Op::LtU | Op::LtS => 6,
        Op::Shl | Op::ShrU | Op::ShrS => 7,
        Op::Slice | Op::Concat | Op::Zext | Op::Sext | Op::Const => 8,
        Op::Table => 9,
        _ => 0,
    }
}

/// What the result of an operator is called if nothing better is known, e.g. `sum`.
pub(crate) fn word_of(op: Op) -> &'static str {
    STEMS[stem(op) as usize]
}

impl<'a> Printer<'a> {
    /// A printer with an empty page.
    pub fn new(design: &'a Design, m: &'a Module) -> Self {
        let mut names = Names::of_interface(m, design);
        names.take_given(m);
        let n = m.nodes.len();
        let outs = m.nodes.iter().enumerate().filter(|(_, n)| n.op == Op::InstOut);
        let inst_outs = outs.map(|(i, n)| (m.inst_outs[n.imm as usize], NodeId(i as u32))).collect();
        Printer {
            design,
            m,
            uses: Uses::of(m, design),
            names,
            counters: HashMap::default(),
            arena: String::with_capacity(n * 16),
            text: vec![Span::default(); n],
            pieces: Vec::new(),
            pieces_of: HashMap::default(),
            word: String::new(),
            inst_outs,
            unused: Vec::new(),
            out: String::with_capacity(n * 64 + 1024),
            scratch: String::new(),
        }
    }

    /// The whole file.
    pub fn print(mut self) -> String {
        let m = self.m;
        self.header();
        self.declare();
        let mut printed = 0;
        for (i, node) in m.nodes.iter().enumerate() {
            match node.op {
                Op::InstOut => {
                    let (instance, _) = m.inst_outs[node.imm as usize];
                    while printed <= instance as usize {
                        self.instance(printed);
                        printed += 1;
                    }
                }
                Op::Const => {
                    self.scratch.clear();
                    push_literal(&mut self.scratch, &m.consts[node.imm as usize]);
                    self.set_scratch(NodeId(i as u32));
                }
                Op::Table => self.table(NodeId(i as u32)),
                op if op.info().is_some() => self.operator(NodeId(i as u32)),
                _ => {}
            }
        }
        (printed..m.instances.len()).for_each(|i| self.instance(i));
        self.registers();
        self.memories();
        self.outputs();
        self.out
    }

    /// Text of a node: an identifier or an expression that can stand anywhere but before a bit select.
    pub(super) fn text(&self, id: NodeId) -> &str {
        let Span(start, end) = self.text[id.index()];
        &self.arena[start as usize..end as usize]
    }

    /// Text of a node where it stands alone.
    pub(super) fn bare(&self, id: NodeId) -> &str {
        strip(self.text(id))
    }

    fn span(&mut self, text: &str) -> Span {
        let start = self.arena.len() as u32;
        self.arena.push_str(text);
        Span(start, self.arena.len() as u32)
    }

    pub(super) fn set(&mut self, id: NodeId, text: &str) {
        self.text[id.index()] = self.span(text);
    }

    fn set_scratch(&mut self, id: NodeId) {
        let start = self.arena.len() as u32;
        self.arena.push_str(&self.scratch);
        self.text[id.index()] = Span(start, self.arena.len() as u32);
    }

    fn operator(&mut self, id: NodeId) {
        let m = self.m;
        let node = m.node(id);
        let Some(info) = node.op.info() else { return };
        self.scratch.clear();
        self.expression(id);
        let used = self.uses.get(id);
        let name = m.name_of(id);
        let wiring = info.delay == DelayClass::Free;
        let logic = matches!(info.delay, DelayClass::Logic | DelayClass::Tree) && node.op != Op::Mux && used.count == 1;
        if name.is_none() && !used.indexed {
            if used.root && used.count == 1 {
                return self.set_scratch(id);
            }
            if (wiring || logic) && self.scratch.len() <= INLINE {
                if logic {
                    self.scratch.insert(0, '(');
                    self.scratch.push(')');
                }
                return self.set_scratch(id);
            }
        }
        self.declare_name(id);
        let start = self.out.len();
        if self.uses.is_partial(id) {
            self.concatenation(id);
            self.out.push_str(" = ");
            self.out.push_str(strip(&self.scratch));
        } else {
            let Span(from, to) = self.text[id.index()];
            let kept = self.m.kept.iter().any(|k| *k == self.arena[from as usize..to as usize]);
            let name = &self.arena[from as usize..to as usize];
            if kept {
                // A declaration of its own: Icarus Verilog knows no attributes beside an assignment.
                self.out.push_str("  (* keep *) wire ");
                push_dims(&mut self.out, node.width);
                let _ = writeln!(self.out, "{name};");
                self.out.push_str("  assign ");
            } else {
                self.out.push_str("  wire ");
                push_dims(&mut self.out, node.width);
            }
            self.out.push_str(name);
            self.out.push_str(" = ");
            self.out.push_str(strip(&self.scratch));
        }
        self.out.push(';');
        wrap_from(&mut self.out, start);
        self.out.push('\n');
    }

    /// Writes the node's expression to the scratch buffer.
    fn expression(&mut self, id: NodeId) {
        let m = self.m;
        let node = m.node(id);
        let args = m.args(id);
        let Printer { scratch, arena, text, pieces, pieces_of, uses, .. } = self;
        let of = |id: NodeId| {
            let Span(start, end) = text[id.index()];
            &arena[start as usize..end as usize]
        };
        match node.op {
            Op::Concat => {
                scratch.push('{');
                for (i, arg) in args.iter().enumerate() {
                    if i > 0 {
                        scratch.push_str(", ");
                    }
                    scratch.push_str(strip(of(*arg)));
                }
                scratch.push('}');
            }
            Op::Slice if uses.is_partial(args[0]) && pieces_of.contains_key(&u64::from(args[0].0)) => {
                let (first, end) = pieces_of[&u64::from(args[0].0)];
                let mut parts = pieces[first as usize..end as usize].iter();
                let Some((lo, hi, name)) = parts.find(|(lo, hi, _)| *lo <= node.imm && node.imm < *hi) else { return };
                scratch.push_str(&arena[name.0 as usize..name.1 as usize]);
                push_select(scratch, node.imm - lo, node.width, hi - lo);
            }
            Op::Slice => {
                scratch.push_str(of(args[0]));
                push_select(scratch, node.imm, node.width, m.width(args[0]));
            }
            op => {
                let Some(info) = op.info() else { return };
                let mut texts = [""; 3];
                let mut widths = [0; 3];
                // A constant factor is written at the width of the product, where nothing needs to extend it.
                let mut wide = [String::new(), String::new()];
                for (i, arg) in args.iter().enumerate() {
                    (texts[i], widths[i]) = (of(*arg), m.width(*arg));
                    if let (Op::MulU | Op::MulS, Some(k)) = (op, m.const_of(*arg)) {
                        let k = match op {
                            Op::MulS => crate::bits::Bits::from_signed(node.width, &k.signed()),
                            _ => crate::bits::Bits::new(node.width, k.unsigned().clone()),
                        };
                        (wide[i], widths[i]) = (literal(&k), node.width);
                    }
                }
                for (text, wide) in texts.iter_mut().zip(&wide).filter(|(_, w)| !w.is_empty()) {
                    *text = wide;
                }
                let shape = Shape { args: &widths[..args.len()], width: node.width, imm: node.imm, table: None };
                (info.emit)(scratch, &shape, &texts[..args.len()]);
            }
        }
    }

    /// Gives an unnamed node a name after what it feeds; declares the parts of a node that is not wholly used.
    pub(super) fn declare_name(&mut self, id: NodeId) {
        let m = self.m;
        let start = self.arena.len();
        match (m.name_of(id), self.uses.feeds(id)) {
            (Some(name), _) => self.arena.push_str(name),
            (None, Some((feeds, base))) => {
                let stem = stem(m.node(id).op);
                let n = self.counters.entry(u64::from(feeds) << 8 | u64::from(stem)).or_insert(0);
                loop {
                    *n += 1;
                    self.arena.truncate(start);
                    self.arena.push_str(base);
                    self.arena.push('_');
                    self.arena.push_str(STEMS[stem as usize]);
                    if *n > 1 {
                        self.arena.push('_');
                        push_number(&mut self.arena, *n);
                    }
                    if self.names.take(&self.arena[start..]) {
                        break;
                    }
                }
            }
            (None, None) => self.arena.push_str(&self.names.claim("net")),
        }
        self.text[id.index()] = Span(start as u32, self.arena.len() as u32);
        if self.uses.is_partial(id) {
            self.declare_parts(id);
        }
    }

    /// Wires for the used and the unused intervals of a node that has its name.
    pub(super) fn declare_parts(&mut self, id: NodeId) {
        let width = self.m.width(id);
        let first = self.pieces.len();
        let several = self.uses.parts(id, width).filter(|(.., used)| *used).count() > 1;
        let Printer { pieces, uses, names, arena, word, out, text, .. } = self;
        let whole = text[id.index()];
        for (lo, hi, used) in uses.parts(id, width) {
            let span = if used && !several {
                whole
            } else {
                let name = &arena[whole.0 as usize..whole.1 as usize];
                word.clear();
                word.push_str(if used { "" } else { "unused_" });
                word.push_str(name);
                if used {
                    let _ = write!(word, "_{}_{lo}", hi - 1);
                }
                let start = arena.len();
                arena.push_str(&names.claim(word));
                Span(start as u32, arena.len() as u32)
            };
            pieces.push((lo, hi, span));
            out.push_str("  wire ");
            push_dims(out, hi - lo);
            out.push_str(&arena[span.0 as usize..span.1 as usize]);
            out.push_str(";\n");
        }
        self.pieces_of.insert(u64::from(id.0), (first as u32, self.pieces.len() as u32));
    }

    /// `{high, unused_low}`, the parts of a node as the target of an assignment.
    fn concatenation(&mut self, id: NodeId) {
        self.out.push_str("  assign {");
        let target = self.parts_text(id);
        self.out.push_str(&target);
        self.out.push('}');
    }

    /// The parts of a node, top first, with commas.
    pub(super) fn parts_text(&self, id: NodeId) -> String {
        let (first, end) = self.pieces_of.get(&u64::from(id.0)).copied().unwrap_or_default();
        let names =
            self.pieces[first as usize..end as usize].iter().map(|(.., Span(a, b))| &self.arena[*a as usize..*b as usize]);
        names.collect::<Vec<_>>().join(", ")
    }
}

/// `[hi:lo]`, or nothing for the whole value.
fn push_select(out: &mut String, lo: u32, width: u32, of: u32) {
    if width == of {
        return;
    }
    out.push('[');
    if width > 1 {
        push_number(out, lo + width - 1);
        out.push(':');
    }
    push_number(out, lo);
    out.push(']');
}
