//! Equality of a mutant and its original by windows: node after node, in order, each node of the
//! mutant is shown equal to its counterpart, by structure if its operands are equal, else by a SAT
//! proof that looks only at a window: the part that is not yet shown equal, and a few levels of equal
//! nodes above it, which are cut off and taken as free inputs beyond that. What holds for every value
//! of the free inputs holds for the values they can have. If the outputs are reached, the two are the same.
use crate::sat::satisfiable;
use narrowgen::hdl::ir::{Design, Module, ModuleId, NameId, Node, NodeId, Port, Reset};
use narrowgen::hdl::ops::Op;
use narrowgen::hdl::random::Stream;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use std::collections::{BTreeMap, BTreeSet};

/// Levels above the difference that a window shows, one attempt after the other.
const LEVELS: &[usize] = &[0, 2, 4, 8, 16, 1000];
/// Clauses the solver may learn in one window.
const EFFORT: u64 = 60_000;
/// Rows simulated to tell nodes that differ.
const ROWS: usize = 1 << 12;

/// Proves the combinational module `b` equal to `a`; `place` gives the counterpart in `b` of a node of
/// `a`. Returns the number of windows it took; `None` if there is no proof.
pub fn equal(a: &Module, b: &Module, place: impl Fn(NodeId) -> NodeId) -> Option<usize> {
    let home = (0..a.nodes.len() as u32).map(NodeId).map(|id| (place(id), id)).filter(|(p, _)| p.index() < b.nodes.len());
    let mut pair = Pair { a, b, home: home.collect(), same: vec![false; a.nodes.len()], windows: 0 };
    let (x, y) = (trace(a), trace(b));
    for id in (0..a.nodes.len() as u32).map(NodeId) {
        let other = place(id);
        if other.index() >= b.nodes.len() || a.width(id) != b.width(other) {
            continue;
        }
        let differs = || (0..ROWS).any(|row| x.cell(row, id.index()) != y.cell(row, other.index()));
        pair.same[id.index()] = pair.alike(id, other) || !differs() && pair.prove(id, other);
    }
    let outputs: Vec<(NodeId, NodeId)> = a.outputs.iter().zip(&b.outputs).map(|(p, q)| (p.node, q.node)).collect();
    outputs.into_iter().all(|(p, q)| pair.known(p, q) || pair.prove(p, q)).then_some(pair.windows)
}

struct Pair<'m> {
    a: &'m Module,
    b: &'m Module,
    /// Counterparts of nodes of `b`.
    home: BTreeMap<NodeId, NodeId>,
    /// Nodes of `a` shown equal to their counterparts.
    same: Vec<bool>,
    windows: usize,
}

impl Pair<'_> {
    fn known(&self, x: NodeId, y: NodeId) -> bool {
        self.home.get(&y) == Some(&x) && self.same[x.index()]
    }

    /// The same operator, or leaf, on equal operands.
    fn alike(&self, x: NodeId, y: NodeId) -> bool {
        let (p, q) = (self.a.node(x), self.b.node(y));
        let table = |m: &Module, n: &Node| m.tables.get(n.imm as usize).cloned();
        match (p.op, q.op) {
            (Op::Const, Op::Const) => self.a.const_of(x) == self.b.const_of(y),
            (Op::Table, Op::Table) if table(self.a, p) != table(self.b, q) => false,
            (s, t) if s != t || p.imm != q.imm => false,
            _ => {
                let (xs, ys) = (self.a.args(x), self.b.args(y));
                xs.len() == ys.len() && xs.iter().zip(ys).all(|(s, t)| self.known(*s, *t))
            }
        }
    }

    fn prove(&mut self, x: NodeId, y: NodeId) -> bool {
        let mut before = 0;
        for levels in LEVELS {
            let window = self.window(x, y, *levels);
            // No more to see than last time.
            if window.modules[0].nodes.len() == before {
                return false;
            }
            before = window.modules[0].nodes.len();
            match satisfiable(&window, EFFORT) {
                Some(false) => {
                    self.windows += 1;
                    return true;
                }
                Some(true) => {}
                None => return false,
            }
        }
        false
    }

    /// Both nodes above a shared border; one output, 1 if they differ.
    fn window(&self, x: NodeId, y: NodeId, levels: usize) -> Design {
        // What is not known to be equal, in each; the equal nodes it reads.
        let (mut ours, mut theirs, mut border) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut work = vec![x];
        while let Some(id) = work.pop() {
            if self.same[id.index()] {
                border.insert(id);
            } else if ours.insert(id) {
                work.extend(self.a.args(id));
            }
        }
        let mut work = vec![y];
        while let Some(id) = work.pop() {
            match self.home.get(&id).filter(|h| self.same[h.index()]) {
                Some(home) => drop(border.insert(*home)),
                None if theirs.insert(id) => work.extend(self.b.args(id)),
                None => {}
            }
        }
        let mut last: Vec<NodeId> = border.iter().copied().collect();
        for _ in 0..levels {
            let mut above = Vec::new();
            for id in last {
                if self.a.node(id).op.info().is_some() {
                    border.remove(&id);
                    ours.insert(id);
                    above.extend(self.a.args(id).iter().copied().filter(|arg| !ours.contains(arg) && border.insert(*arg)));
                }
            }
            last = above;
        }
        let tables = self.a.tables.iter().chain(&self.b.tables).cloned().collect();
        let mut m = Module { name: "window".into(), tables, ..Module::default() };
        let mut at_a: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for id in ours.union(&border).copied().collect::<BTreeSet<_>>() {
            let new = if ours.contains(&id) { copy(&mut m, self.a, id, 0, |arg| at_a[&arg]) } else { free(&mut m, self.a, id) };
            at_a.insert(id, new);
        }
        let mut at_b: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for id in &theirs {
            let arg = |arg: NodeId| at_b.get(&arg).copied().unwrap_or_else(|| at_a[&self.home[&arg]]);
            let new = copy(&mut m, self.b, *id, self.a.tables.len() as u32, arg);
            at_b.insert(*id, new);
        }
        let other = at_b.get(&y).copied().unwrap_or_else(|| at_a[&self.home[&y]]);
        let differ = m.push_op(Op::Xor, self.a.width(x), &[at_a[&x], other], 0, NameId(0), None);
        let node = m.push_op(Op::RedOr, 1, &[differ], 0, NameId(0), None);
        m.outputs.push(Port { name: "differ".into(), width: 1, node });
        Design { modules: vec![m], top: ModuleId(0), reset: Reset::None }
    }
}

/// Copies a node whose operands are copied; leaves as [`free`].
fn copy(m: &mut Module, from: &Module, id: NodeId, tables: u32, place: impl Fn(NodeId) -> NodeId) -> NodeId {
    let node = from.node(id);
    if node.op.info().is_none() {
        return free(m, from, id);
    }
    let args: Vec<NodeId> = from.args(id).iter().map(|a| place(*a)).collect();
    let imm = if node.op == Op::Table { node.imm + tables } else { node.imm };
    m.push_op(node.op, node.width, &args, imm, NameId(0), None)
}

/// A constant, or an input of its own.
fn free(m: &mut Module, from: &Module, id: NodeId) -> NodeId {
    if let Some(value) = from.const_of(id) {
        return m.push_const(value.clone());
    }
    let imm = m.inputs.len() as u32;
    let width = from.width(id);
    let node = m.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm }, NameId(0), None);
    m.inputs.push(Port { name: format!("i{imm}"), width, node });
    node
}

/// The values of every node for the same random inputs.
fn trace(m: &Module) -> Rows {
    let port = |i: u32| Port { name: format!("n{i}"), width: m.width(NodeId(i)), node: NodeId(i) };
    let outputs = (0..m.nodes.len() as u32).map(port).collect();
    let probed = Module { outputs, ..m.clone() };
    let design = Design { modules: vec![probed], top: ModuleId(0), reset: Reset::None };
    let rows = Stream(5).rows(&design, ROWS);
    Sim::new(&design).and_then(|sim| sim.run(&rows, 0).map_err(|e| narrowgen::hdl::sim::SimError(e.to_string()))).unwrap()
}

#[test]
fn windows_prove_what_is_equal_and_nothing_else() {
    use narrowgen::hdl::prelude::design;
    let limited = |at_limit: u32| {
        design("limited", Reset::None, |m| {
            let (a, b) = (m.uint_in("a", 20), m.uint_in("b", 20));
            let sum = a * b;
            let over = m.uint(at_limit, 40).lt(sum);
            m.output("y", over.select(m.uint(1000u32, 40), sum));
        })
        .unwrap()
    };
    let place = |id: NodeId| id;
    let check = |x: &Design, y: &Design| equal(x.top(), y.top(), place);
    // Saturated from 1000 on or from 1001 on is the same; from 1002 on is not.
    assert!(check(&limited(1000), &limited(999)).is_some_and(|n| n > 0));
    assert_eq!(check(&limited(1000), &limited(1000)), Some(0));
    assert_eq!(check(&limited(1000), &limited(1001)), None);
}
