//! The word tape: one value per instruction, one row after the other. It serves where lanes stay
//! empty, as in one long sequence of a design with registers. Values of up to 128 bits; a design
//! with wider ones has only the bit-sliced engine.
use super::machine::Span;
use crate::bits::Bits;
use crate::ir::{Design, Module, ModuleId, NodeId};
use crate::ops::Op;
use crate::rows::{Rows, words_for};
use num_traits::ToPrimitive;
use std::collections::BTreeMap;

/// Widest value, in bits.
const WIDEST: u32 = 128;
/// Slot of the constant 1.
const ONE: u32 = 0;

/// `slots[dst] = op(slots[a], slots[b], slots[c]) & mask`. Of a lookup, `b` is the table's number.
#[derive(Clone, Copy)]
struct Instruction {
    op: Op,
    /// Widths of the first two operands; for a slice the second is its position.
    widths: [u8; 2],
    args: [u32; 3],
    dst: u32,
    mask: u128,
}

struct State {
    slot: u32,
    next: u32,
    enable: u32,
}

struct Memory {
    depth: usize,
    /// What a word holds before it is written.
    start: u128,
    /// Address, data, enable.
    write: Option<[u32; 3]>,
    /// Address and slot of the registered data.
    reads: Vec<[u32; 2]>,
}

/// A compiled design.
pub struct Words {
    code: Vec<Instruction>,
    /// Contents of the slots after reset.
    start: Vec<u128>,
    tables: Vec<Vec<u128>>,
    inputs: Vec<(u32, u32)>,
    outputs: Vec<(u32, u32)>,
    states: Vec<State>,
    memories: Vec<Memory>,
    claims: Vec<u32>,
}

fn mask(width: u32) -> u128 {
    u128::MAX >> (WIDEST - width)
}

fn value(bits: &Bits) -> u128 {
    bits.unsigned().to_u128().unwrap_or(0)
}

fn signed(x: u128, width: u8) -> i128 {
    let above = WIDEST - u32::from(width);
    (x << above) as i128 >> above
}

struct Compiler<'d> {
    design: &'d Design,
    words: Words,
    tables: BTreeMap<(ModuleId, u32), u32>,
}

impl Words {
    /// Compiles the design; `None` if a value is too wide.
    pub fn new(design: &Design) -> Option<Words> {
        let words = Words {
            code: vec![],
            start: vec![1],
            tables: vec![],
            inputs: vec![],
            outputs: vec![],
            states: vec![],
            memories: vec![],
            claims: vec![],
        };
        let mut c = Compiler { design, words, tables: BTreeMap::new() };
        let top = design.top();
        let inputs: Vec<u32> = top.inputs.iter().map(|_| c.slot(0)).collect();
        let outputs = c.module(design.top, &inputs)?;
        let mut words = c.words;
        words.inputs = inputs.into_iter().zip(top.inputs.iter().map(|p| p.width)).collect();
        words.outputs = outputs.into_iter().zip(top.outputs.iter().map(|p| p.width)).collect();
        words.drop_dead();
        Some(words)
    }

    /// Instructions per row.
    pub fn len(&self) -> usize {
        self.code.len()
    }

    fn drop_dead(&mut self) {
        let mut live = vec![false; self.start.len()];
        let mut keep = |slot: u32| live[slot as usize] = true;
        self.outputs.iter().for_each(|o| keep(o.0));
        self.states.iter().for_each(|s| [s.next, s.enable].into_iter().for_each(&mut keep));
        self.claims.iter().for_each(|c| keep(*c));
        for m in &self.memories {
            m.write.iter().flatten().for_each(|s| keep(*s));
            m.reads.iter().for_each(|r| keep(r[0]));
        }
        let mut code = Vec::new();
        for i in self.code.iter().rev() {
            if live[i.dst as usize] {
                i.args.iter().for_each(|a| live[*a as usize] = true);
                code.push(*i);
            }
        }
        code.reverse();
        self.code = code;
    }

    /// Simulates the sequences of a span into `out`, the words of their rows. Gives the first row in which a claim fails.
    pub fn run(&self, rows: &Rows, span: Span, out: &mut [u64]) -> Option<usize> {
        let mut slots = self.start.clone();
        let mut memories: Vec<Vec<u128>> = self.memories.iter().map(|m| vec![m.start; m.depth]).collect();
        let mut next = vec![0; self.states.len()];
        let stride: usize = self.outputs.iter().map(|(_, w)| words_for(*w)).sum();
        let first = span.first * span.cycles;
        let last = ((span.first + span.lanes) * span.cycles).min(span.rows);
        for row in first..last {
            if row > first && row % span.cycles == 0 {
                slots.copy_from_slice(&self.start);
                memories.iter_mut().zip(&self.memories).for_each(|(cells, m)| cells.fill(m.start));
            }
            for (column, (slot, width)) in self.inputs.iter().enumerate() {
                let cell = rows.cell(row, column);
                let high = if *width > 64 { u128::from(cell[1]) << 64 } else { 0 };
                slots[*slot as usize] = u128::from(cell[0]) | high;
            }
            for i in &self.code {
                self.step(i, &mut slots);
            }
            if self.claims.iter().any(|c| slots[*c as usize] == 0) {
                return Some(row);
            }
            let mut at = (row - first) * stride;
            for (slot, width) in &self.outputs {
                let x = slots[*slot as usize];
                out[at] = x as u64;
                if *width > 64 {
                    out[at + 1] = (x >> 64) as u64;
                }
                at += words_for(*width);
            }
            self.clock(&mut slots, &mut next, &mut memories);
        }
        None
    }

    #[inline(always)]
    fn step(&self, i: &Instruction, slots: &mut [u128]) {
        let [a, b, c] = i.args.map(|s| slots[s as usize]);
        let [wa, wb] = i.widths;
        let width = 128 - i.mask.leading_zeros();
        let result = match i.op {
            Op::Not => !a,
            Op::And => a & b,
            Op::Or => a | b,
            Op::Xor => a ^ b,
            Op::Add => a.wrapping_add(b),
            Op::Sub => a.wrapping_sub(b),
            Op::MulU => a.wrapping_mul(b),
            Op::MulS => signed(a, wa).wrapping_mul(signed(b, wb)) as u128,
            Op::Eq => u128::from(a == b),
            Op::LtU => u128::from(a < b),
            Op::LtS => u128::from(signed(a, wa) < signed(b, wb)),
            Op::Shl if b < u128::from(width) => a << b,
            Op::ShrU if b < u128::from(width) => a >> b,
            Op::Shl | Op::ShrU => 0,
            Op::ShrS => (signed(a, wa) >> b.min(127)) as u128,
            Op::Mux => [c, b][usize::from(a != 0)],
            Op::Slice => a >> wb,
            Op::Concat => a << wb | b,
            Op::Sext => signed(a, wa) as u128,
            Op::RedAnd => u128::from(a == mask(wa.into())),
            Op::RedOr => u128::from(a != 0),
            Op::RedXor => u128::from(a.count_ones() & 1),
            Op::Table => usize::try_from(a).ok().and_then(|a| self.tables[i.args[1] as usize].get(a)).copied().unwrap_or(0),
            Op::Zext | Op::Input | Op::Const | Op::State | Op::RamRead | Op::InstOut => {
                unreachable!("internal error: no instruction")
            }
        };
        slots[i.dst as usize] = result & i.mask;
    }

    /// The clock edge.
    fn clock(&self, slots: &mut [u128], next: &mut [u128], memories: &mut [Vec<u128>]) {
        for (s, next) in self.states.iter().zip(&mut *next) {
            *next = slots[if slots[s.enable as usize] != 0 { s.next } else { s.slot } as usize];
        }
        let fetch = |cells: &[u128], addr: u128| usize::try_from(addr).ok().and_then(|a| cells.get(a)).copied().unwrap_or(0);
        let fresh: Vec<(u32, u128)> = (self.memories.iter().zip(&*memories))
            .flat_map(|(m, cells)| m.reads.iter().map(|[addr, slot]| (*slot, fetch(cells, slots[*addr as usize]))))
            .collect();
        for (m, cells) in self.memories.iter().zip(memories) {
            if let Some([addr, data, enable]) = m.write.map(|w| w.map(|s| slots[s as usize]))
                && enable != 0
                && let Some(cell) = usize::try_from(addr).ok().and_then(|a| cells.get_mut(a))
            {
                *cell = data;
            }
        }
        for (slot, data) in fresh {
            slots[slot as usize] = data;
        }
        for (s, next) in self.states.iter().zip(next) {
            slots[s.slot as usize] = *next;
        }
    }
}

impl Compiler<'_> {
    fn slot(&mut self, start: u128) -> u32 {
        self.words.start.push(start);
        self.words.start.len() as u32 - 1
    }

    fn emit(&mut self, op: Op, widths: [u32; 2], args: [u32; 3], width: u32) -> u32 {
        let dst = self.slot(0);
        self.words.code.push(Instruction { op, widths: widths.map(|w| w as u8), args, dst, mask: mask(width) });
        dst
    }

    /// Adds one instance; gives the slots of its outputs.
    fn module(&mut self, id: ModuleId, inputs: &[u32]) -> Option<Vec<u32>> {
        let m = self.design.module(id);
        let mut slots: Vec<u32> = Vec::with_capacity(m.nodes.len());
        let mut opened: Vec<Option<Vec<u32>>> = vec![None; m.instances.len()];
        let pins = |k: usize, slots: &[u32]| -> Vec<u32> { m.instances[k].inputs.iter().map(|n| slots[n.index()]).collect() };
        for (i, node) in m.nodes.iter().enumerate() {
            if node.width > WIDEST {
                return None;
            }
            let imm = node.imm as usize;
            let slot = match node.op {
                Op::Input => inputs[imm],
                Op::Const => self.slot(value(&m.consts[imm])),
                Op::State => self.slot(value(&m.states[imm].init)),
                Op::RamRead => self.slot(0),
                Op::InstOut => {
                    let (k, port) = m.inst_outs[imm];
                    let k = k as usize;
                    if opened[k].is_none() {
                        opened[k] = Some(self.module(m.instances[k].module, &pins(k, &slots))?);
                    }
                    opened[k].as_ref().map_or(ONE, |outs| outs[port as usize])
                }
                _ => self.operator(id, m, NodeId(i as u32), &slots),
            };
            slots.push(slot);
        }
        for (k, _) in opened.iter().enumerate().filter(|(_, o)| o.is_none()) {
            self.module(m.instances[k].module, &pins(k, &slots))?;
        }
        let at = |n: NodeId| slots[n.index()];
        self.words.states.extend(m.states.iter().map(|s| State {
            slot: at(s.read),
            next: at(s.next),
            enable: s.enable.map_or(ONE, at),
        }));
        self.words.memories.extend(m.rams.iter().enumerate().map(|(i, r)| Memory {
            depth: r.depth as usize,
            start: if r.zeroed { 0 } else { mask(r.width) },
            write: r.write.map(|(a, d, e)| [a, d, e].map(at)),
            reads: m.ram_reads.iter().filter(|x| x.ram as usize == i).map(|x| [at(x.addr), at(x.read)]).collect(),
        }));
        self.words.claims.extend(m.claims.iter().map(|c| at(c.holds)));
        Some(m.outputs.iter().map(|p| at(p.node)).collect())
    }

    fn operator(&mut self, module: ModuleId, m: &Module, id: NodeId, slots: &[u32]) -> u32 {
        let node = m.node(id);
        let args = m.args(id);
        let mut operands = [ONE; 3];
        args.iter().zip(&mut operands).for_each(|(a, o)| *o = slots[a.index()]);
        let width = |k: usize| args.get(k).map_or(1, |a| m.width(*a));
        match node.op {
            Op::Zext => operands[0],
            Op::Slice => self.emit(Op::Slice, [width(0), node.imm], operands, node.width),
            Op::Concat => {
                let (mut all, mut total) = (operands[0], width(0));
                for part in &args[1..] {
                    let own = m.width(*part);
                    all = self.emit(Op::Concat, [total, own], [all, slots[part.index()], ONE], total + own);
                    total += own;
                }
                all
            }
            Op::Table => {
                let words = &mut self.words;
                let table = *self.tables.entry((module, node.imm)).or_insert_with(|| {
                    words.tables.push(m.tables[node.imm as usize].values.iter().map(value).collect());
                    words.tables.len() as u32 - 1
                });
                self.emit(Op::Table, [width(0), 1], [operands[0], table, ONE], node.width)
            }
            op => self.emit(op, [width(0), width(1)], operands, node.width),
        }
    }
}
