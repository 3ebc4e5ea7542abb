//! Random designs for tests: hierarchy, states with enables, tables, memories, every operator, odd
//! widths. [`design`] turns any list of [`Gene`]s into a legal design, so that a property-testing
//! library can both make and shrink one; [`minimise`](crate::minimise) then shrinks what failed, in the design itself.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{Arity, OPS, Op};
use crate::rows::{Rows, words_for};
use num_bigint::BigUint;

/// The choices behind one node.
pub type Gene = [u32; 6];

/// Widths worth trying: around machine words and powers of two, and odd ones.
const WIDTHS: &[u32] = &[1, 1, 1, 2, 3, 4, 5, 7, 8, 8, 9, 13, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129, 130];

/// Names that a printer has to survive.
const NAMES: &[&str] =
    &["x", "sum", "x", "reg", "in0", "y0", "clk", "rst", "sum_1", "a b", "7up", "logic", "net_1", "r0", "unused", "é"];

/// A deterministic stream of numbers (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Stream(pub u64);

impl Stream {
    /// The next number; there is always one.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Genes for a design of about `n` nodes.
    pub fn genes(&mut self, n: usize) -> Vec<Gene> {
        (0..n).map(|_| std::array::from_fn(|_| self.next() as u32)).collect()
    }

    /// A value of `bits` bits: half of the time plain, else mostly zeros, mostly ones, or one bit off a power of two.
    pub fn value(&mut self, bits: u32) -> BigUint {
        let mut words: Vec<u32> = (0..2 * words_for(bits)).map(|_| self.next() as u32).collect();
        let one = BigUint::from(1u32);
        match self.next() % 8 {
            0 => return Bits::zero(bits).unsigned().clone(),
            1 => return Bits::ones(bits).unsigned().clone(),
            2 => return Bits::new(bits, &one << (self.next() % u64::from(bits))).unsigned().clone(),
            3 => return Bits::new(bits, (&one << (self.next() % u64::from(bits))) - &one).unsigned().clone(),
            _ => {}
        }
        words.iter_mut().for_each(|w| *w &= if self.next().is_multiple_of(4) { 0 } else { u32::MAX });
        Bits::new(bits, BigUint::new(words)).unsigned().clone()
    }

    /// `n` rows for the inputs of a design.
    pub fn rows(&mut self, design: &Design, n: usize) -> Rows {
        let widths: Vec<u32> = design.top().inputs.iter().map(|p| p.width).collect();
        let mut rows = Rows::zeros(&widths, n);
        for row in 0..n {
            for (column, width) in widths.iter().enumerate() {
                let value = self.value(*width);
                rows.set(row, column, &value);
            }
        }
        rows
    }
}

/// The design these genes stand for: total, so every list is one; deterministic; verified by tests.
/// Genes up to each "module" gene make one module, which later ones may instantiate.
pub fn design(genes: &[Gene]) -> Design {
    let mut modules: Vec<Module> = Vec::new();
    let mut grow = Grow::new(0);
    let reset = if genes.first().is_some_and(|g| g[5] % 2 == 1) { Reset::Sync } else { Reset::None };
    for gene in genes {
        if gene[0] % 32 == 31 && grow.m.nodes.len() > 4 {
            modules.push(std::mem::replace(&mut grow, Grow::new(modules.len() + 1)).finish(gene));
        } else {
            grow.gene(gene, &modules);
        }
    }
    modules.push(grow.finish(genes.last().unwrap_or(&[0; 6])));
    let top = ModuleId(modules.len() as u32 - 1);
    Design { modules, top, reset }
}

struct Grow {
    m: Module,
    /// Choices for the next values of the states so far.
    later: Vec<Gene>,
}

impl Grow {
    fn new(index: usize) -> Self {
        let mut g = Grow { m: Module { name: format!("m{index}"), ..Module::default() }, later: Vec::new() };
        g.m.doc.push(format!("random module {index}"));
        g.input(8);
        g
    }

    fn input(&mut self, width: u32) -> NodeId {
        let imm = self.m.inputs.len() as u32;
        let node = self.m.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm }, NameId(0), None);
        self.m.inputs.push(Port { name: format!("in{imm}"), width, node });
        node
    }

    fn pick(&self, choice: u32) -> NodeId {
        // Late nodes more often, so that chains form.
        let n = self.m.nodes.len() as u32;
        let back = if choice.is_multiple_of(3) { choice / 3 % n } else { choice / 3 % n.min(6) };
        NodeId(n - 1 - back)
    }

    fn op(&mut self, op: Op, width: u32, args: &[NodeId], imm: u32) -> NodeId {
        self.m.push_op(op, width, args, imm, NameId(0), None)
    }

    /// The value brought to `width` bits by wiring.
    fn fit(&mut self, id: NodeId, width: u32, how: u32) -> NodeId {
        let own = self.m.width(id);
        match width.cmp(&own) {
            std::cmp::Ordering::Equal => id,
            std::cmp::Ordering::Less => self.op(Op::Slice, width, &[id], how % (own - width + 1)),
            std::cmp::Ordering::Greater => self.op(if how.is_multiple_of(2) { Op::Zext } else { Op::Sext }, width, &[id], 0),
        }
    }

    fn gene(&mut self, g: &Gene, below: &[Module]) {
        let width = WIDTHS[g[1] as usize % WIDTHS.len()];
        let id = match g[0] % 32 {
            0 | 1 => self.input(width),
            2 | 3 => self.m.push_const(Bits::new(width, Stream(u64::from(g[2])).value(width))),
            4 | 5 => {
                let imm = self.m.states.len() as u32;
                let node = self.m.push(Node { op: Op::State, width, args: [NodeId(0); 3], imm }, NameId(0), None);
                let init = Bits::new(width, Stream(u64::from(g[2])).value(width));
                self.m.states.push(State { name: format!("r{imm}"), read: node, next: node, enable: None, init, reset: true });
                self.later.push(*g);
                node
            }
            6 => self.memory(g, width),
            7 | 8 if !below.is_empty() => self.instance(g, below),
            9 => {
                let bits = 1 + g[2] % 5;
                let addr = self.pick(g[3]);
                let addr = self.fit(addr, bits, g[3]);
                let mut s = Stream(u64::from(g[4]));
                let values = (0..1 + g[5] % (1 << bits)).map(|_| Bits::new(width, s.value(width))).collect();
                let imm = self.m.tables.len() as u32;
                self.m.tables.push(Table { name: format!("t{imm}"), width, values });
                self.op(Op::Table, width, &[addr], imm)
            }
            _ => self.operator(g, width),
        };
        if g[5].is_multiple_of(4) && self.m.node(id).op.info().is_some() {
            self.m.names[id.index()] = self.m.intern(NAMES[g[5] as usize / 4 % NAMES.len()]);
        }
        if g[5] % 32 == 1 {
            // True whatever the value, but not obviously so.
            let any = self.m.width(id);
            let inverted = self.op(Op::Not, any, &[id], 0);
            let or = self.op(Op::Or, any, &[id, inverted], 0);
            let holds = if any == 1 { or } else { self.op(Op::RedAnd, 1, &[or], 0) };
            self.m.claims.push(Claim { holds, text: format!("x | ~x at {}", id.0) });
        }
    }

    fn memory(&mut self, g: &Gene, width: u32) -> NodeId {
        let ram = match g[2] % 2 {
            0 if !self.m.rams.is_empty() => g[3] % self.m.rams.len() as u32,
            _ => {
                let name = format!("ram{}", self.m.rams.len());
                let bits = 1 + g[3] % 4;
                let [addr, data, enable] = [g[4], g[4] >> 8, g[4] >> 16].map(|c| self.pick(c));
                let write = (self.fit(addr, bits, g[4]), self.fit(data, width, g[4]), self.fit(enable, 1, g[4]));
                self.m.rams.push(Ram { name, width, depth: 1 << bits, zeroed: true, write: (g[5] % 8 != 7).then_some(write) });
                self.m.rams.len() as u32 - 1
            }
        };
        let (width, depth) = (self.m.rams[ram as usize].width, self.m.rams[ram as usize].depth);
        let addr = self.pick(g[5]);
        let addr = self.fit(addr, depth.trailing_zeros(), g[5]);
        let imm = self.m.ram_reads.len() as u32;
        let read = self.m.push(Node { op: Op::RamRead, width, args: [NodeId(0); 3], imm }, NameId(0), None);
        self.m.ram_reads.push(RamRead { ram, addr, read });
        read
    }

    fn instance(&mut self, g: &Gene, below: &[Module]) -> NodeId {
        let module = g[2] as usize % below.len();
        let mut s = Stream(u64::from(g[3]));
        let mut inputs = Vec::new();
        for port in &below[module].inputs {
            let node = self.pick(s.next() as u32);
            inputs.push(self.fit(node, port.width, s.next() as u32));
        }
        let index = self.m.instances.len() as u32;
        self.m.instances.push(Instance { module: ModuleId(module as u32), name: format!("u{index}"), inputs });
        let mut last = NodeId(0);
        for (i, port) in below[module].outputs.iter().enumerate() {
            if i > 0 && g[4] >> i & 1 == 0 {
                continue;
            }
            let imm = self.m.inst_outs.len() as u32;
            self.m.inst_outs.push((index, i as u32));
            last = self.m.push(Node { op: Op::InstOut, width: port.width, args: [NodeId(0); 3], imm }, NameId(0), None);
        }
        last
    }

    fn operator(&mut self, g: &Gene, width: u32) -> NodeId {
        let info = &OPS[g[1] as usize / WIDTHS.len() % OPS.len()];
        let [a, b, c] = [g[2], g[3], g[4]].map(|choice| self.pick(choice));
        let arg = self.m.width(a);
        // Half of the operators take the width of what they find, the others force one.
        let width = if g[5].is_multiple_of(2) { arg } else { width };
        match info.op {
            Op::Not | Op::And | Op::Or | Op::Xor | Op::Add | Op::Sub => {
                let Arity::Fixed(n) = info.arity else { return a };
                let args: Vec<NodeId> = [a, b][..n as usize].iter().map(|x| self.fit(*x, width, g[3])).collect();
                self.op(info.op, width, &args, 0)
            }
            Op::MulU | Op::MulS => {
                let (x, y) = (self.fit(a, width.min(66), g[3]), self.fit(b, 1 + g[4] % 66, g[3]));
                let width = self.m.width(x) + self.m.width(y);
                self.op(info.op, width, &[x, y], 0)
            }
            Op::Eq | Op::LtU | Op::LtS => {
                let args = [self.fit(a, width, g[3]), self.fit(b, width, g[4])];
                self.op(info.op, 1, &args, 0)
            }
            Op::Shl | Op::ShrU | Op::ShrS => {
                let x = self.fit(a, width, g[3]);
                let n = if g[4].is_multiple_of(3) { b } else { self.fit(b, 1 + g[4] % 8, 0) };
                self.op(info.op, width, &[x, n], 0)
            }
            Op::Mux => {
                let args = [self.fit(c, 1, g[4]), self.fit(a, width, g[3]), self.fit(b, width, g[4])];
                self.op(Op::Mux, width, &args, 0)
            }
            Op::Slice => {
                let width = 1 + g[4] % arg;
                self.op(Op::Slice, width, &[a], g[3] % (arg - width + 1))
            }
            Op::Concat => {
                let parts = &[a, b, c][..1 + g[5] as usize / 2 % 3];
                let parts: Vec<NodeId> = parts.iter().map(|p| self.fit(*p, self.m.width(*p).min(65), 0)).collect();
                let width = parts.iter().map(|p| self.m.width(*p)).sum();
                self.op(Op::Concat, width, &parts, 0)
            }
            Op::Zext | Op::Sext => {
                let x = self.fit(a, arg.min(100), 0);
                self.op(info.op, self.m.width(x) + 1 + g[4] % 40, &[x], 0)
            }
            Op::RedAnd | Op::RedOr => self.op(info.op, 1, &[a], 0),
            _ => self.op(Op::RedXor, 1, &[a], 0),
        }
    }

    fn finish(mut self, g: &Gene) -> Module {
        for (i, choice) in self.later.clone().iter().enumerate() {
            let width = self.m.states[i].init.width();
            let next = self.pick(choice[3]);
            let next = self.fit(next, width, choice[4]);
            self.m.states[i].next = next;
            if choice[4] % 2 == 0 {
                let enable = self.pick(choice[5]);
                self.m.states[i].enable = Some(self.fit(enable, 1, choice[5]));
            }
        }
        let mut s = Stream(u64::from(g[2]));
        for i in 0..1 + g[3] % 4 {
            let node = if i == 0 { NodeId(self.m.nodes.len() as u32 - 1) } else { self.pick(s.next() as u32) };
            self.m.outputs.push(Port { name: format!("y{i}"), width: self.m.width(node), node });
        }
        self.m
    }
}
