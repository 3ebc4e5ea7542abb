//! Flow control around a pipeline: [`apply`].
//!
//! * **fixed**: a datum each cycle. A declared state behind stage 0 waits until the first datum is there.
//! * **enable**: everything holds while the input `ce` is 0.
//! * **stream**: `in_valid`, `in_ready`, `out_valid`, `out_ready`. The whole pipeline moves unless the
//!   buffer at its end is full, which is the state of one register: no path leads from a ready to a
//!   valid or to the other ready. A declared state changes only for a datum.
//!
//! Only what tells whether there is a datum is reset, and declared states.
use super::insert::Register;
use super::pipeline::{Pipelined, VALID};
use crate::bits::Bits;
use crate::edit::{self, Clearing};
use crate::ir::*;
use crate::ops::Op;
use crate::pass;

/// How data are told apart from pauses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// There are no pauses.
    #[default]
    Fixed,
    /// Everything stops while `ce` is 0.
    Enable,
    /// Valid and ready at both ends.
    Stream,
}

/// What is at the end of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Buffer {
    /// A second place for a datum: one datum each cycle.
    #[default]
    Skid,
    /// A single register: one datum each other cycle, and one cycle later.
    Half,
}

impl Flow {
    /// All of them.
    pub const ALL: [Flow; 3] = [Flow::Fixed, Flow::Enable, Flow::Stream];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Flow::Fixed => "fixed",
            Flow::Enable => "enable",
            Flow::Stream => "stream",
        }
    }
}

impl Buffer {
    /// All of them.
    pub const ALL: [Buffer; 2] = [Buffer::Skid, Buffer::Half];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Buffer::Skid => "skid",
            Buffer::Half => "half",
        }
    }
}

/// Cycles from a datum to its result: `untimed_latency` is that of the block without pipeline.
pub fn latency(stages: u32, streams: u32, untimed_latency: u32, flow: Flow, buffer: Buffer) -> u32 {
    let half = u32::from(flow == Flow::Stream && buffer == Buffer::Half);
    stages + streams * untimed_latency + half
}

/// Cycles from datum to datum.
pub fn initiation_interval(flow: Flow, buffer: Buffer) -> u32 {
    if flow == Flow::Stream && buffer == Buffer::Half { 2 } else { 1 }
}

/// The pipeline with flow control. `untimed_latency` is that of the block without pipeline.
pub fn apply(p: &Pipelined, untimed_latency: u32, flow: Flow, buffer: Buffer) -> Design {
    build(p, untimed_latency, flow, buffer, false)
}

/// A stream whose data carry a bit `in_last` to `out_last`.
pub fn apply_with_last(p: &Pipelined, untimed_latency: u32, buffer: Buffer) -> Design {
    build(p, untimed_latency, Flow::Stream, buffer, true)
}

fn build(p: &Pipelined, untimed_latency: u32, flow: Flow, buffer: Buffer, last: bool) -> Design {
    let mut m = p.design.top().clone();
    let turn = turns(&mut m, p.streams, flow);
    let mut w = Wrapper { m, chain: Vec::new() };
    match flow {
        Flow::Fixed => {
            w.warm(p, flow);
        }
        Flow::Enable => {
            let ce = w.input("ce");
            w.warm(p, flow);
            w.hold(ce);
        }
        Flow::Stream => {
            let positions = p.stages + p.streams * untimed_latency;
            if last {
                w.last(positions);
            }
            w.stream(p, positions, buffer, turn);
        }
    }
    w.m.clocked = w.m.clocked || !w.m.states.is_empty();
    pass::optimize(&Design { modules: vec![w.m], top: ModuleId(0), reset: p.design.reset })
}

/// For several streams: what tells whose turn it is, in place of the input [`VALID`]. Returns the bit that says "now",
/// and the counter behind it.
struct Turn {
    now: NodeId,
    /// Number of the counter among the states.
    counter: usize,
    streams: u32,
}

fn turns(m: &mut Module, streams: u32, flow: Flow) -> Option<Turn> {
    let port = m.inputs.iter().position(|p| streams > 1 && p.name == VALID)?;
    if flow != Flow::Stream {
        let at = m.inputs.remove(port).node;
        m.nodes.iter_mut().filter(|n| n.op == Op::Input && n.imm as usize > port).for_each(|n| n.imm -= 1);
        m.consts.push(Bits::small(1, 1));
        m.nodes[at.index()] = Node { op: Op::Const, width: 1, args: [NodeId(0); 3], imm: m.consts.len() as u32 - 1 };
        return None;
    }
    // Positions by which the turn is behind: a pause in a slot means waiting for the next one of the same stream.
    let bits = 32 - (streams - 1).leading_zeros();
    let leaf = |op, width, imm: usize| Node { op, width, args: [NodeId(0); 3], imm: imm as u32 };
    m.consts.push(Bits::zero(bits));
    let (zero, counter) = (m.consts.len() - 1, m.states.len());
    edit::insert(m, NodeId(0), leaf(Op::Const, bits, zero));
    edit::insert(m, NodeId(1), leaf(Op::State, bits, counter));
    edit::insert(m, NodeId(2), Node { args: [NodeId(0), NodeId(1), NodeId(0)], ..leaf(Op::Eq, 1, 0) });
    edit::insert(m, NodeId(3), leaf(Op::Input, 1, port));
    let valid = m.inputs[port].node;
    m.inputs[port].node = NodeId(3);
    m.inputs[port].name = "in_valid".into();
    let both = m.push_op(Op::And, 1, &[NodeId(2), NodeId(3)], 0, NameId(0), None);
    let node = m.nodes.remove(both.index());
    m.names.pop();
    m.locs.pop();
    m.nodes[valid.index()] = node;
    let state =
        State { name: "turn".into(), read: NodeId(1), next: NodeId(1), enable: None, init: Bits::zero(bits), reset: true };
    m.states.push(state);
    Some(Turn { now: NodeId(2), counter, streams })
}

struct Wrapper {
    m: Module,
    /// Bit that says whether there is a datum, by position, from 1.
    chain: Vec<NodeId>,
}

impl Wrapper {
    fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let width = args.last().map_or(1, |a| self.m.width(*a));
        self.m.push_op(op, width, args, 0, NameId(0), None)
    }

    fn and(&mut self, bit: NodeId, more: Option<NodeId>) -> NodeId {
        more.map_or(bit, |b| self.op(Op::And, &[bit, b]))
    }

    fn one(&mut self) -> NodeId {
        self.m.push_const(Bits::small(1, 1))
    }

    fn input(&mut self, name: &str) -> NodeId {
        let imm = self.m.inputs.len() as u32;
        let node = self.m.push(Node { op: Op::Input, width: 1, args: [NodeId(0); 3], imm }, NameId(0), None);
        self.m.inputs.push(Port { name: name.into(), width: 1, node });
        node
    }

    /// A new register that holds itself for now, and its number.
    fn register(&mut self, name: &str, width: u32, reset: bool) -> (usize, NodeId) {
        let imm = self.m.states.len();
        let node = Node { op: Op::State, width, args: [NodeId(0); 3], imm: imm as u32 };
        let read = self.m.push(node, NameId(0), None);
        self.m.states.push(State { name: name.into(), read, next: read, enable: None, init: Bits::zero(width), reset });
        (imm, read)
    }

    /// Bits behind `first`, one for each position up to the last.
    fn chain(&mut self, first: NodeId, name: &str, last: u32) {
        let mut before = first;
        for k in 1..=last {
            let (at, read) = self.register(&format!("{name}{k}"), 1, true);
            self.m.states[at].next = before;
            before = read;
            self.chain.push(read);
        }
    }

    /// Ties declared states and memories to the datum in their stage.
    fn gate(&mut self, p: &Pipelined, first: Option<NodeId>, flow: Flow) {
        for i in 0..self.m.states.len() {
            let Some(Register::Declared(stage)) = p.registers.get(&self.m.states[i].name).copied() else { continue };
            let Some(here) = self.here(stage, first) else { continue };
            let enable = self.m.states[i].enable;
            match edit::clearing(&self.m, &self.m.states[i]).filter(|_| flow == Flow::Fixed) {
                Some(c) => self.gate_inside(i, c, here),
                None => self.m.states[i].enable = Some(self.and(here, enable)),
            }
        }
    }

    /// Before the first datum the state is 0 and may be made 0, so only its enable waits; the pins of its registers stay free.
    fn gate_inside(&mut self, state: usize, c: Clearing, here: NodeId) {
        let read = self.m.states[state].read;
        let enable = self.and(here, Some(c.enable));
        let width = self.m.width(read);
        let held = self.m.push_op(Op::Mux, width, &[enable, c.data, read], 0, NameId(0), None);
        self.m.consts.push(Bits::zero(width));
        let zero = Node { op: Op::Const, width, args: [NodeId(0); 3], imm: self.m.consts.len() as u32 - 1 };
        let zero = self.m.push(zero, NameId(0), None);
        self.m.states[state].next = self.m.push_op(Op::Mux, width, &[c.clear, zero, held], 0, NameId(0), None);
    }

    fn here(&self, stage: u32, first: Option<NodeId>) -> Option<NodeId> {
        if stage == 0 { first } else { self.chain.get(stage as usize - 1).copied() }
    }

    /// Declared states wait for the first datum, which comes at once.
    fn warm(&mut self, p: &Pipelined, flow: Flow) {
        let stages = self.m.states.iter().filter_map(|s| match p.registers.get(&s.name) {
            Some(Register::Declared(stage)) => Some(*stage),
            _ => None,
        });
        let last = stages.max().unwrap_or(0);
        let one = self.one();
        self.chain(one, "warm", last);
        self.gate(p, None, flow);
    }

    /// Every register holds while the bit is 0.
    fn hold(&mut self, advance: NodeId) {
        for i in 0..self.m.states.len() {
            let enable = self.m.states[i].enable;
            self.m.states[i].enable = Some(self.and(advance, enable));
        }
    }

    /// A bit that travels with its datum.
    fn last(&mut self, positions: u32) {
        let mut node = self.input("in_last");
        for k in 1..=positions {
            let (at, read) = self.register(&format!("last{k}"), 1, false);
            self.m.states[at].next = node;
            node = read;
        }
        self.m.outputs.push(Port { name: "out_last".into(), width: 1, node });
    }

    fn stream(&mut self, p: &Pipelined, last: u32, buffer: Buffer, turn: Option<Turn>) {
        let given = self.m.inputs.iter().find(|p| p.name == "in_valid" && turn.is_some()).map(|p| p.node);
        let in_valid = given.unwrap_or_else(|| self.input("in_valid"));
        let out_ready = self.input("out_ready");
        let first = self.and(in_valid, turn.as_ref().map(|t| t.now));
        self.chain(first, "valid", last);
        self.gate(p, Some(first), Flow::Stream);
        let v_last = self.chain.last().copied().unwrap_or(first);
        if let Some(turn) = &turn {
            self.count(turn, first);
        }
        // The buffer itself does not wait for the pipeline.
        let (full_at, full) = self.register("full", 1, true);
        let advance = self.op(Op::Not, &[full]);
        self.m.names[advance.index()] = self.m.intern("advance");
        for i in 0..full_at {
            let enable = self.m.states[i].enable;
            self.m.states[i].enable = Some(self.and(advance, enable));
        }
        let in_ready = self.and(advance, turn.as_ref().map(|t| t.now));
        let mut outputs = Vec::new();
        for i in 0..self.m.outputs.len() {
            let Port { name, width, node } = self.m.outputs[i].clone();
            let (at, kept) = self.register(&format!("{name}_kept"), width, false);
            (self.m.states[at].next, self.m.states[at].enable) = (node, Some(advance));
            let shown = match buffer {
                Buffer::Skid => self.op(Op::Mux, &[full, kept, node]),
                Buffer::Half => kept,
            };
            self.m.outputs[i].node = shown;
            outputs.push(shown);
        }
        let not_ready = self.op(Op::Not, &[out_ready]);
        let out_valid = match buffer {
            Buffer::Skid => self.op(Op::Or, &[full, v_last]),
            Buffer::Half => full,
        };
        let stalled = self.op(Op::And, &[out_valid, not_ready]);
        self.m.names[stalled.index()] = self.m.intern("stalled");
        self.m.states[full_at].next = match buffer {
            Buffer::Skid => stalled,
            Buffer::Half => {
                let filled = self.op(Op::And, &[advance, v_last]);
                self.op(Op::Or, &[stalled, filled])
            }
        };
        let waiting = self.op(Op::Not, &[in_ready]);
        let waiting = self.op(Op::And, &[in_valid, waiting]);
        let inputs = self.m.inputs.iter().filter(|p| p.node != in_valid && p.node != out_ready).map(|p| p.node).collect();
        for (name, node) in [("in_ready", in_ready), ("out_valid", out_valid)] {
            self.m.outputs.push(Port { name: name.into(), width: 1, node });
        }
        let text = |t: &str| t.to_string();
        self.m.asserts = vec![
            Assert {
                when: stalled,
                holds: vec![out_valid, full],
                stable: outputs,
                assume: false,
                text: text("a result that is not taken stays as it is, in the buffer"),
            },
            Assert {
                when: waiting,
                holds: vec![in_valid],
                stable: inputs,
                assume: true,
                text: text("a datum that is not taken stays as it is"),
            },
        ];
    }

    /// Counts on unless a datum came in its turn.
    fn count(&mut self, turn: &Turn, accepted: NodeId) {
        let read = self.m.states[turn.counter].read;
        let width = self.m.width(read);
        let (one, zero) = (self.m.push_const(Bits::small(width, 1)), self.m.push_const(Bits::zero(width)));
        let top = self.m.push_const(Bits::small(width, u64::from(turn.streams - 1)));
        let plus = self.op(Op::Add, &[read, one]);
        let wrap = self.m.push_op(Op::Eq, 1, &[read, top], 0, NameId(0), None);
        let next = self.op(Op::Mux, &[wrap, zero, plus]);
        let paused = self.op(Op::Not, &[accepted]);
        let state = &mut self.m.states[turn.counter];
        (state.next, state.enable) = (next, Some(paused));
    }
}
