//! The intermediate representation: an arena of nodes per module, plus side tables.
//!
//! Invariants (checked by [`crate::verify`]): operands stand before their users; only the `next`
//! of a state and the ports of a memory may point forward; instance inputs stand before the
//! instance's outputs; every node obeys its operator's width rule; no zero-width value.
use crate::bits::Bits;
use crate::ops::{Arity, Op, Shape};
use std::panic::Location;

macro_rules! ids {
    ($($(#[$m:meta])* $name:ident),+) => { $(
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// As an index.
            pub fn index(self) -> usize { self.0 as usize }
        }
    )+ };
}
ids! {
    /// A node of one module.
    NodeId,
    /// A module of a design.
    ModuleId,
    /// An interned name of one module; 0 means "no name".
    NameId
}

/// Where a node was written.
pub type Loc = &'static Location<'static>;

/// One operation. Operands: [`Module::args`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Operator or leaf kind.
    pub op: Op,
    /// Result width in bits.
    pub width: u32,
    /// Operands of fixed-arity operators; for n-ary ones `args[0]` is the start in the pool and `args[1]` the count.
    pub args: [NodeId; 3],
    /// Immediate, by operator.
    pub imm: u32,
}

/// A constant lookup table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// Name hint.
    pub name: String,
    /// Entry width in bits.
    pub width: u32,
    /// Entries from address 0.
    pub values: Vec<Bits>,
}

/// Direction-free port: name and width in bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Verilog name.
    pub name: String,
    /// Width in bits.
    pub width: u32,
    /// Input: its node. Output: the node that drives it.
    pub node: NodeId,
}

/// A register: `read` is its [`Op::State`] node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Verilog name.
    pub name: String,
    /// Node of the present value.
    pub read: NodeId,
    /// Value after the clock edge.
    pub next: NodeId,
    /// If given, the register keeps its value while this bit is 0.
    pub enable: Option<NodeId>,
    /// Value after reset and at power-up.
    pub init: Bits,
    /// It starts at `init`. A pipeline register need not: it may hold anything until the first datum comes.
    pub reset: bool,
}

/// A synchronous memory with one write port and any number of read ports.
/// A read of the address being written returns the old word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ram {
    /// Verilog name.
    pub name: String,
    /// Word width in bits.
    pub width: u32,
    /// Words.
    pub depth: u32,
    /// The words are 0 at power-up. Those of a buffer may be anything until written: synthesis need not read
    /// (nor every kind of memory block be able to take) initial contents. Simulation gives such words all ones.
    pub zeroed: bool,
    /// Address, data and write enable (1 bit).
    pub write: Option<(NodeId, NodeId, NodeId)>,
}

/// A read port of a memory: data appear after the next clock edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RamRead {
    /// Index into [`Module::rams`].
    pub ram: u32,
    /// Address.
    pub addr: NodeId,
    /// Node of the read data.
    pub read: NodeId,
}

/// An instance of another module of the design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The module.
    pub module: ModuleId,
    /// Verilog name.
    pub name: String,
    /// One node per input port of the module, in its order.
    pub inputs: Vec<NodeId>,
}

/// "These bits lose nothing": stated by `narrow`/`unsigned`, checked on every simulated vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The one-bit condition that must always hold.
    pub holds: NodeId,
    /// What was claimed.
    pub text: String,
}

/// A property of the circuit that is printed as an assertion behind `` `ifdef NARROWGEN_ASSERT ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assert {
    /// If this bit held at the last clock edge and there was no reset since, …
    pub when: NodeId,
    /// … these bits hold now, …
    pub holds: Vec<NodeId>,
    /// … and these values are still the same.
    pub stable: Vec<NodeId>,
    /// It is up to the surroundings to see to it: an assumption, in formal proofs only.
    pub assume: bool,
    /// What it says.
    pub text: String,
}

impl Assert {
    /// All nodes it looks at.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::once(self.when).chain(self.holds.iter().copied()).chain(self.stable.iter().copied())
    }
}

/// Names of the clock and reset ports of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// Clock.
    pub clock: String,
    /// Reset, if there is one.
    pub reset: String,
}

impl Default for Pins {
    fn default() -> Self {
        Pins { clock: "clk".into(), reset: "rst".into() }
    }
}

/// A module: nodes in topological order and side tables.
///
/// Equality is that of the text form: how names, constants and operand lists are numbered inside,
/// and where nodes were written, does not count.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Verilog name.
    pub name: String,
    /// Header lines of documentation, printed as comments.
    pub doc: Vec<String>,
    /// The clock is part of the interface even if nothing uses it any more; see [`Module::is_combinational`].
    pub clocked: bool,
    /// Synthesis shall not mix its logic with that around it.
    pub sealed: bool,
    /// All nodes.
    pub nodes: Vec<Node>,
    /// Name of each node.
    pub names: Vec<NameId>,
    /// Place in the source of each node, where known.
    pub locs: Vec<Option<Loc>>,
    /// Interned names, without the empty one.
    pub strings: Vec<String>,
    /// Operands of n-ary operators.
    pub pool: Vec<NodeId>,
    /// Constants.
    pub consts: Vec<Bits>,
    /// Lookup tables.
    pub tables: Vec<Table>,
    /// Input ports.
    pub inputs: Vec<Port>,
    /// Output ports.
    pub outputs: Vec<Port>,
    /// Registers.
    pub states: Vec<State>,
    /// Memories.
    pub rams: Vec<Ram>,
    /// Memory read ports.
    pub ram_reads: Vec<RamRead>,
    /// Instances.
    pub instances: Vec<Instance>,
    /// (instance, output port of its module) of each [`Op::InstOut`] node.
    pub inst_outs: Vec<(u32, u32)>,
    /// Claims to check in simulation.
    pub claims: Vec<Claim>,
    /// Properties to print as assertions.
    pub asserts: Vec<Assert>,
    /// Names of clock and reset, if not the usual ones.
    pub pins: Option<Pins>,
    /// Names of wires that synthesis shall leave where they are: logic on their two sides is not mixed.
    pub kept: Vec<String>,
}

impl PartialEq for Module {
    fn eq(&self, other: &Module) -> bool {
        let node = |m: &Module, i: usize| {
            let n = m.nodes[i];
            (n.op, n.width, if n.op == Op::Const { 0 } else { n.imm })
        };
        let nodes = |i: usize| {
            let id = NodeId(i as u32);
            node(self, i) == node(other, i)
                && self.args(id) == other.args(id)
                && self.const_of(id) == other.const_of(id)
                && self.name_of(id) == other.name_of(id)
        };
        self.name == other.name
            && self.doc == other.doc
            && self.kept == other.kept
            && (self.clocked, self.sealed) == (other.clocked, other.sealed)
            && self.nodes.len() == other.nodes.len()
            && (0..self.nodes.len()).all(nodes)
            && self.tables == other.tables
            && self.inputs == other.inputs
            && self.outputs == other.outputs
            && self.states == other.states
            && self.rams == other.rams
            && self.ram_reads == other.ram_reads
            && self.instances == other.instances
            && self.inst_outs == other.inst_outs
            && self.claims == other.claims
            && self.asserts == other.asserts
            && self.pins == other.pins
    }
}

impl Eq for Module {}

impl Module {
    /// The node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Width in bits of a node.
    pub fn width(&self, id: NodeId) -> u32 {
        self.nodes[id.index()].width
    }

    /// Operands of a node, first to last.
    pub fn args(&self, id: NodeId) -> &[NodeId] {
        let node = &self.nodes[id.index()];
        match node.op.info().map(|i| i.arity) {
            None => &[],
            Some(Arity::Fixed(n)) => &node.args[..n as usize],
            Some(Arity::Many) => &self.pool[node.args[0].index()..][..node.args[1].index()],
        }
    }

    /// Operand widths of a node.
    pub fn arg_widths(&self, id: NodeId) -> Vec<u32> {
        self.args(id).iter().map(|a| self.width(*a)).collect()
    }

    /// What the operator table needs of a node; `widths` from [`Module::arg_widths`].
    pub fn shape<'a>(&'a self, id: NodeId, widths: &'a [u32]) -> Shape<'a> {
        let node = self.node(id);
        let table = if node.op == Op::Table { self.tables.get(node.imm as usize) } else { None };
        Shape { args: widths, width: node.width, imm: node.imm, table }
    }

    /// Name of a node, if it has one.
    pub fn name_of(&self, id: NodeId) -> Option<&str> {
        match self.names[id.index()].0 {
            0 => None,
            n => Some(&self.strings[n as usize - 1]),
        }
    }

    /// Appends a node without any check.
    pub fn push(&mut self, node: Node, name: NameId, loc: Option<Loc>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.names.push(name);
        self.locs.push(loc);
        id
    }

    /// Appends an operator node; operands beyond three go to the pool.
    pub fn push_op(&mut self, op: Op, width: u32, args: &[NodeId], imm: u32, name: NameId, loc: Option<Loc>) -> NodeId {
        let mut node = Node { op, width, args: [NodeId(0); 3], imm };
        if matches!(op.info().map(|i| i.arity), Some(Arity::Many)) {
            node.args[0] = NodeId(self.pool.len() as u32);
            node.args[1] = NodeId(args.len() as u32);
            self.pool.extend_from_slice(args);
        } else {
            node.args[..args.len()].copy_from_slice(args);
        }
        self.push(node, name, loc)
    }

    /// Appends a constant.
    pub fn push_const(&mut self, value: Bits) -> NodeId {
        let imm = self.consts.len() as u32;
        let width = value.width();
        self.consts.push(value);
        self.push(Node { op: Op::Const, width, args: [NodeId(0); 3], imm }, NameId(0), None)
    }

    /// Value of a constant node.
    pub fn const_of(&self, id: NodeId) -> Option<&Bits> {
        let node = self.node(id);
        (node.op == Op::Const).then(|| &self.consts[node.imm as usize])
    }

    /// Interns a name.
    pub fn intern(&mut self, name: &str) -> NameId {
        self.strings.push(name.to_string());
        NameId(self.strings.len() as u32)
    }

    /// Name of the clock port.
    pub fn clock(&self) -> &str {
        self.pins.as_ref().map_or("clk", |p| &p.clock)
    }

    /// Name of the reset port, if that style has one.
    pub fn reset_port(&self, reset: Reset) -> Option<&str> {
        reset.port().map(|usual| self.pins.as_ref().map_or(usual, |p| &p.reset))
    }

    /// True if the module holds no register, memory or instance with one and never did: it has no
    /// clock port. Passes keep the answer, for it is part of the interface.
    pub fn is_combinational(&self, design: &Design) -> bool {
        !self.clocked
            && self.states.is_empty()
            && self.rams.is_empty()
            && self.instances.iter().all(|i| design.module(i.module).is_combinational(design))
    }
}

/// How registers are reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Not at all: registers start at their initial value at power-up.
    None,
    /// Port `rst`, high, at the clock edge.
    Sync,
    /// Port `rst_n`, low, at the clock edge.
    SyncLow,
    /// Port `rst`, high, at once.
    Async,
    /// Port `rst_n`, low, at once.
    AsyncLow,
}

impl Reset {
    /// All styles.
    pub const ALL: [Reset; 5] = [Reset::None, Reset::Sync, Reset::SyncLow, Reset::Async, Reset::AsyncLow];

    /// Its name in the text form and in module names.
    pub fn name(self) -> &'static str {
        match self {
            Reset::None => "none",
            Reset::Sync => "sync",
            Reset::SyncLow => "sync_low",
            Reset::Async => "async",
            Reset::AsyncLow => "async_low",
        }
    }

    /// The style of that name.
    pub fn parse(name: &str) -> Option<Reset> {
        Reset::ALL.into_iter().find(|r| r.name() == name)
    }

    /// Usual name of the port, if it has one.
    pub fn port(self) -> Option<&'static str> {
        match self {
            Reset::None => None,
            Reset::Sync | Reset::Async => Some("rst"),
            Reset::SyncLow | Reset::AsyncLow => Some("rst_n"),
        }
    }

    /// Resets while the port is 0.
    pub fn is_low(self) -> bool {
        matches!(self, Reset::SyncLow | Reset::AsyncLow)
    }

    /// Does not wait for the clock.
    pub fn is_async(self) -> bool {
        matches!(self, Reset::Async | Reset::AsyncLow)
    }
}

/// Modules in creation order; instances point to earlier ones. The last is the top unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// All modules.
    pub modules: Vec<Module>,
    /// The top module.
    pub top: ModuleId,
    /// Reset style of every register.
    pub reset: Reset,
}

impl Design {
    /// A module.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    /// The top module.
    pub fn top(&self) -> &Module {
        self.module(self.top)
    }

    /// Nodes that [`crate::timing::flatten::flatten`] would make, without making them: each module is counted once.
    pub fn flat_nodes(&self) -> u64 {
        let mut inside: Vec<u64> = Vec::with_capacity(self.modules.len());
        for m in &self.modules {
            // What goes in and out of an instance is wiring.
            let own = m.nodes.iter().filter(|n| !matches!(n.op, Op::Input | Op::InstOut)).count() as u64;
            let all = m.instances.iter().map(|i| inside[i.module.index()]).fold(own, u64::saturating_add);
            inside.push(all);
        }
        inside[self.top.index()].saturating_add(self.top().inputs.len() as u64)
    }
}
