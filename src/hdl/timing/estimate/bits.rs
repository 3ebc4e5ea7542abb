//! A module as gates and carry chains, with registers where values cross stages.
use crate::edit::{Clearing, clearing, uses};
use crate::ir::*;
use crate::ops::Op;
use crate::sim::expand::expand;
use crate::sim::net::{FALSE, Kind, Lit, Net, TRUE};
use crate::timing::delay::DelayModel;
use crate::timing::wiring::{Piece, is_wire, sources};
use std::collections::{BTreeMap, BTreeSet};

/// Gates that a carry chain counts as when trees are balanced.
const CHAIN_DEPTH: u32 = 3;

/// A carry chain, lowest bit first.
pub struct Chain {
    /// First operands.
    pub a: Vec<Lit>,
    /// Second operands.
    pub b: Vec<Lit>,
    /// The gates of its sum bits; none if only the carry is used.
    pub sums: Vec<Option<usize>>,
    /// The gate of the carry out, if it is used by itself.
    pub carry: Option<usize>,
    /// Operands `b` are complemented.
    pub subtract: bool,
}

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// At the data input of a register.
    Data,
    /// At a control pin.
    Control,
    /// At the data input, through an inverter.
    Inverter,
    /// At a control pin, through a table that joins it with the reset.
    Joined,
}

/// Gates of a module.
pub struct Circuit {
    /// The gates.
    pub net: Net,
    /// Bits of every node.
    pub bits: Vec<Vec<Lit>>,
    /// Stage of every gate.
    pub stage: Vec<u32>,
    /// Stage of every node.
    pub node_stage: Vec<u32>,
    /// The node that each gate was made for.
    pub owner: Vec<NodeId>,
    /// Chains, in order.
    pub chains: Vec<Chain>,
    /// For outputs of chains: which chain.
    pub chain_of: Vec<Option<u32>>,
    /// Sinks of every gate.
    pub sinks: Vec<u32>,
    /// Gates that end in a register or an output, and whether by a wire and a table of their own: a control
    /// pin, or the complement of a chain's output.
    pub ends: Vec<(usize, End)>,
    /// Nodes that drive a control pin of registers, with their gate.
    pub controls: Vec<(NodeId, usize)>,
    /// Registers that stages need, by gate and stage.
    registered: BTreeMap<(usize, u32), Lit>,
    /// Outputs of chains whose complement is registered.
    inverted: BTreeSet<usize>,
    /// Leaves that are inputs, states and registers.
    source: Vec<bool>,
    /// Leaves that are inputs and states.
    own: Vec<bool>,
    /// Gates to a source, roughly: what trees are balanced by.
    pub(super) depth: Vec<u32>,
    /// Cells, roughly.
    pub cells: f64,
    /// Sums of at most so many bits are gates.
    short_sums: usize,
    /// Next values of states, and what they mask, that pins of registers make from the data.
    clearing: BTreeMap<NodeId, Clearing>,
}

impl Circuit {
    /// The circuit of a module; see [`super::estimate`].
    pub fn of(m: &Module, stages: Option<&[u32]>, model: &DelayModel) -> Circuit {
        let n = m.nodes.len();
        let mut c = Circuit {
            net: Net::default(),
            bits: Vec::with_capacity(n),
            stage: vec![0],
            node_stage: stages.map_or_else(|| vec![0; n], <[u32]>::to_vec),
            owner: vec![NodeId(0)],
            chains: Vec::new(),
            chain_of: vec![None],
            sinks: Vec::new(),
            ends: Vec::new(),
            controls: Vec::new(),
            registered: BTreeMap::new(),
            inverted: BTreeSet::new(),
            source: vec![true],
            own: vec![false],
            depth: vec![0],
            cells: 0.0,
            short_sums: model.short_sums as usize,
            clearing: BTreeMap::new(),
        };
        let uses = uses(m);
        let once = |id: NodeId| uses[id.index()] == 1;
        for (s, parts) in m.states.iter().filter_map(|s| Some((s, clearing(m, s)?))) {
            if once(s.next) && once(parts.held) {
                c.clearing.extend([(s.next, parts), (parts.held, parts)]);
            }
        }
        for i in 0..n {
            let bits = c.node(m, NodeId(i as u32));
            c.bits.push(bits);
            c.grow(NodeId(i as u32));
        }
        c.finish(m);
        c
    }

    /// True for inputs, states and registers.
    pub fn is_source(&self, gate: usize) -> bool {
        self.source[gate]
    }

    /// The node whose own start a source gate is: an input or a state, but not a register between stages.
    pub fn bits_of_owner(&self, gate: usize) -> Option<NodeId> {
        let owner = self.owner[gate];
        (self.own[gate]).then_some(owner)
    }

    /// Fills the tables up for the gates made since the last call.
    pub(super) fn grow(&mut self, node: NodeId) {
        let gates = self.net.gates.len();
        self.stage.resize(gates, self.node_stage[node.index()]);
        self.owner.resize(gates, node);
        self.chain_of.resize(gates, None);
        self.source.resize(gates, false);
        self.own.resize(gates, false);
        for g in self.depth.len()..gates {
            let before = self.net.gates[g].args.iter().map(|a| self.depth[a.gate()]).max();
            let logic = !matches!(self.net.gates[g].kind, Kind::Leaf | Kind::Lookup);
            self.depth.push(if logic { before.unwrap_or(0) + 1 } else { 0 });
        }
    }

    /// How pins of registers make a value, if the bit that makes it 0 comes from a register: resets are slow wires.
    fn pins(&self, m: &Module, id: NodeId, stage: u32) -> Option<Clearing> {
        let own = |p: &Piece| m.node(p.root).op.info().is_none() || self.node_stage[p.root.index()] < stage;
        let ready = |bit: NodeId| sources(m, bit).iter().all(own);
        self.clearing.get(&id).copied().filter(|parts| ready(parts.clear))
    }

    fn source(&mut self, node: NodeId, stage: u32) -> Lit {
        self.grow(node);
        let leaf = self.net.leaf();
        self.grow(node);
        self.stage[leaf.gate()] = stage;
        self.source[leaf.gate()] = true;
        leaf
    }

    /// A bit as it stands in a stage.
    fn at(&mut self, bit: Lit, stage: u32) -> Lit {
        let gate = bit.gate();
        if gate == 0 || self.stage[gate] >= stage {
            return bit;
        }
        if bit.negated() && self.chain_of[gate].is_some() {
            self.inverted.insert(gate);
        }
        let leaf = match self.registered.get(&(gate, stage)) {
            Some(leaf) => *leaf,
            None => {
                let owner = self.owner[gate];
                let leaf = self.source(owner, stage);
                self.registered.insert((gate, stage), leaf);
                leaf
            }
        };
        leaf.flip(bit.negated())
    }

    fn node(&mut self, m: &Module, id: NodeId) -> Vec<Lit> {
        let node = m.node(id);
        let stage = self.node_stage[id.index()];
        self.grow(id);
        if node.op == Op::Const {
            let value = &m.consts[node.imm as usize];
            return (0..node.width).map(|i| Lit::constant(value.get(i))).collect();
        }
        if node.op.info().is_none() {
            let bits: Vec<Lit> = (0..node.width).map(|_| self.source(id, stage)).collect();
            bits.iter().for_each(|b| self.own[b.gate()] = true);
            return bits;
        }
        if let Some(parts) = self.pins(m, id, stage) {
            let data = self.bits[parts.data.index()].clone();
            return data.into_iter().map(|b| self.at(b, stage)).collect();
        }
        let wire = is_wire(m, id);
        let mut args: Vec<Vec<Lit>> = Vec::new();
        for a in m.args(id).to_vec() {
            let bits = self.bits[a.index()].clone();
            args.push(if wire { bits } else { bits.into_iter().map(|b| self.at(b, stage)).collect() });
        }
        self.grow(id);
        match node.op {
            Op::Add => self.sum(id, &args[0], &args[1], false),
            Op::Sub => self.sum(id, &args[0], &args[1], true),
            Op::LtU | Op::LtS => vec![self.less(id, &args[0], &args[1])],
            op if super::trees::has(op) => self.balanced(id, op, &args),
            op => {
                let widths = m.arg_widths(id);
                let shape = m.shape(id, &widths);
                let slices: Vec<&[Lit]> = args.iter().map(Vec::as_slice).collect();
                expand(&mut self.net, op, &shape, &slices, &mut |net| {
                    net.tables.push(Vec::new());
                    net.tables.len() - 1
                })
            }
        }
    }

    /// A sum or difference. Low bits to which nothing is added are wires; high bits in which only the carry is left are the carry.
    pub(super) fn sum(&mut self, id: NodeId, a: &[Lit], b: &[Lit], subtract: bool) -> Vec<Lit> {
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        let mut out = Vec::new();
        let low = (0..a.len()).take_while(|i| b[*i] == FALSE || (!subtract && a[*i] == FALSE)).count();
        for i in 0..low {
            out.push(if b[i] == FALSE { a[i] } else { b[i] });
        }
        a.drain(..low);
        b.drain(..low);
        if a.len() <= 1 {
            out.extend(a.iter().zip(&b).map(|(x, y)| self.net.xor(*x, *y)));
            return out;
        }
        let high = (0..a.len()).rev().take_while(|i| !subtract && a[*i] == FALSE && b[*i] == FALSE).count();
        let width = a.len() - high;
        if width + usize::from(high > 0) <= self.short_sums {
            let flipped: Vec<Lit> = b.iter().map(|l| l.flip(subtract)).collect();
            out.extend(self.ripple(&a, &flipped, Lit::constant(subtract)).0);
            return out;
        }
        let mut chain = Chain { a: a[..width].to_vec(), b: b[..width].to_vec(), sums: Vec::new(), carry: None, subtract };
        let number = self.chains.len() as u32;
        let below = self.deepest(&a).max(self.deepest(&b));
        for _ in 0..width {
            let leaf = self.chain_bit(id, number, below);
            chain.sums.push(Some(leaf.gate()));
            out.push(leaf);
        }
        if high > 0 {
            let leaf = self.chain_bit(id, number, below);
            chain.carry = Some(leaf.gate());
            out.push(leaf);
            out.extend(std::iter::repeat_n(FALSE, high - 1));
        }
        self.chains.push(chain);
        out
    }

    fn less(&mut self, id: NodeId, a: &[Lit], b: &[Lit]) -> Lit {
        if a.len() == 1 {
            return self.net.and(!a[0], b[0]);
        }
        if a.len() <= self.short_sums {
            let flipped: Vec<Lit> = b.iter().map(|l| !*l).collect();
            return !self.ripple(a, &flipped, TRUE).1;
        }
        let number = self.chains.len() as u32;
        let below = self.deepest(a).max(self.deepest(b));
        let leaf = self.chain_bit(id, number, below);
        self.chains.push(Chain {
            a: a.to_vec(),
            b: b.to_vec(),
            sums: vec![None; a.len()],
            carry: Some(leaf.gate()),
            subtract: true,
        });
        leaf
    }

    /// Full adders: the sum, and the carry out of it.
    fn ripple(&mut self, a: &[Lit], b: &[Lit], mut carry: Lit) -> (Vec<Lit>, Lit) {
        let mut sums = Vec::new();
        for (x, y) in a.iter().zip(b) {
            sums.push(self.net.xor3(*x, *y, carry));
            carry = self.net.maj(*x, *y, carry);
        }
        (sums, carry)
    }

    fn deepest(&self, bits: &[Lit]) -> u32 {
        bits.iter().map(|l| self.depth[l.gate()]).max().unwrap_or(0)
    }

    /// An output of a chain; `below` is the depth of its operands.
    fn chain_bit(&mut self, id: NodeId, number: u32, below: u32) -> Lit {
        self.grow(id);
        let leaf = self.net.leaf();
        self.grow(id);
        self.depth[leaf.gate()] = below + CHAIN_DEPTH;
        self.chain_of[leaf.gate()] = Some(number);
        leaf
    }

    /// Ends of paths and sinks of gates.
    fn finish(&mut self, m: &Module) {
        let last = self.node_stage.iter().copied().max().unwrap_or(0);
        let mut ends: Vec<(Lit, u32, End)> = Vec::new();
        for p in &m.outputs {
            ends.extend(self.bits[p.node.index()].iter().map(|b| (*b, last, End::Data)));
        }
        let mut controlled: BTreeMap<usize, u32> = BTreeMap::new();
        for s in &m.states {
            let stage = self.node_stage[s.read.index()];
            ends.extend(self.bits[s.next.index()].iter().map(|b| (*b, stage, End::Data)));
            let pins = self.pins(m, s.next, stage).map(|c| [(c.enable, End::Control), (c.clear, End::Joined)]);
            for (e, end) in s.enable.map(|e| (e, End::Control)).into_iter().chain(pins.into_iter().flatten()) {
                let bit = self.bits[e.index()][0];
                ends.push((bit, stage, end));
                let bit = self.at(bit, stage);
                if self.node_stage[e.index()] == stage && bit != TRUE && bit != FALSE {
                    self.controls.push((e, bit.gate()));
                }
                *controlled.entry(bit.gate()).or_insert(0) += s.init.width().div_ceil(8);
            }
        }
        for r in &m.ram_reads {
            let stage = self.node_stage[r.read.index()];
            let write = m.rams[r.ram as usize].write.into_iter().flat_map(|(a, d, e)| [a, d, e]);
            for n in write.chain([r.addr]) {
                ends.extend(self.bits[n.index()].iter().map(|b| (*b, stage, End::Control)));
            }
        }
        for (bit, stage, end) in ends {
            let at = self.at(bit, stage);
            let gate = at.gate();
            if gate != 0 {
                let chained = at.negated() && self.chain_of[gate].is_some();
                self.ends.push((gate, if end == End::Data && chained { End::Inverter } else { end }));
            }
        }
        // What leaves a stage ends in a register there.
        let left: Vec<usize> = self.registered.keys().map(|(gate, _)| *gate).collect();
        let end = |g| if self.inverted.contains(&g) { End::Inverter } else { End::Data };
        let left: Vec<(usize, End)> = left.into_iter().map(|g| (g, end(g))).collect();
        self.ends.extend(left);
        self.ends.sort_unstable();
        self.ends.dedup();
        self.sinks = vec![0; self.net.gates.len()];
        for g in &self.net.gates {
            if !matches!(g.kind, Kind::Leaf | Kind::Lookup) {
                g.args.iter().for_each(|l| self.sinks[l.gate()] += 1);
            }
        }
        for l in &self.net.lookups {
            l.addr.iter().for_each(|a| self.sinks[a.gate()] += l.width);
        }
        for c in &self.chains {
            c.a.iter().chain(&c.b).for_each(|l| self.sinks[l.gate()] += 1);
        }
        self.ends.iter().for_each(|(g, _)| self.sinks[*g] += 1);
        controlled.into_iter().for_each(|(g, n)| self.sinks[g] += n);
        let chains: usize = self.chains.iter().map(|c| c.a.len()).sum();
        let logic = self.net.gates.iter().filter(|g| !matches!(g.kind, Kind::Leaf)).count();
        let states: u32 = m.states.iter().map(|s| s.init.width()).sum();
        self.cells = chains as f64 + logic as f64 / 2.0 + self.registered.len() as f64 + f64::from(states);
    }
}
