//! Are two designs equal? Decided by looking at every case, never by sampling.
//!
//! [`cut`] turns a design with state into a combinational one: registers become inputs, their next
//! values outputs. [`miter`] puts two designs side by side with one output, 1 where they differ, for
//! enumeration here or for a solver elsewhere. [`equal`] decides, in this order:
//!
//! * structure: as gates, the two are the same network;
//! * every case: all inputs, and for designs with state all register values;
//! * reachable states: all pairs of states that the two reach from reset together, with all inputs,
//!   so that differences that no run can show do not count.
use crate::bits::Bits;
use crate::edit::insert;
use crate::ir::*;
use crate::ops::Op;
use crate::random::Stream;
use crate::rows::Rows;
use crate::sim::Sim;
use std::collections::HashSet;

/// How equality was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The same gates.
    Structure,
    /// Every input code and register value.
    EveryCase,
    /// Every input code in every pair of states reached together.
    ReachableStates,
}

/// The answer of [`equal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Equal, by looking at this many cases.
    Equal(Method, u64),
    /// Not equal.
    Different,
    /// More cases than allowed: `bits` of input and state.
    TooMany {
        /// Bits of input and state together.
        bits: u32,
    },
}

/// Registers of a cut design, in the order of its extra inputs and outputs.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The combinational design: inputs, then registers; outputs, then next values.
    pub design: Design,
    /// Values after reset.
    pub init: Vec<Bits>,
}

/// Opens the registers of every module; `None` if the design has memories. Claims are dropped: they
/// need not hold in states that are never reached.
pub fn cut(design: &Design) -> Option<Cut> {
    if design.modules.iter().any(|m| !m.rams.is_empty()) {
        return None;
    }
    let mut done: Vec<(Module, Vec<Bits>)> = Vec::new();
    for m in &design.modules {
        let module = cut_module(m, &done);
        done.push(module);
    }
    let init = done[design.top.index()].1.clone();
    let modules = done.into_iter().map(|(m, _)| m).collect();
    Some(Cut { design: Design { modules, top: design.top, reset: Reset::None }, init })
}

/// One module over modules that are cut already; with the initial values of all its registers.
fn cut_module(old: &Module, below: &[(Module, Vec<Bits>)]) -> (Module, Vec<Bits>) {
    let mut m = Module { claims: Vec::new(), ..old.clone() };
    let mut init: Vec<Bits> = m.states.iter().map(|s| s.init.clone()).collect();
    // Own registers: the node of the present value becomes an input in its place.
    let states = std::mem::take(&mut m.states);
    let mut next = Vec::new();
    for s in &states {
        input(&mut m, s.read, init[next.len()].width());
        next.push(match s.enable {
            None => s.next,
            Some(enable) => m.push_op(Op::Mux, init[next.len()].width(), &[enable, s.next, s.read], 0, NameId(0), None),
        });
    }
    for at in 0..m.instances.len() {
        let (callee, registers) = &below[m.instances[at].module.index()];
        let plain = callee.outputs.len() - registers.len();
        for (k, value) in registers.iter().enumerate() {
            let node = Node { op: Op::Input, width: value.width(), args: [NodeId(0); 3], imm: 0 };
            let read = insert(&mut m, NodeId(0), node);
            next.iter_mut().for_each(|n| n.0 += 1);
            input(&mut m, read, value.width());
            m.instances[at].inputs.push(read);
            m.inst_outs.push((at as u32, (plain + k) as u32));
            let imm = m.inst_outs.len() as u32 - 1;
            next.push(m.push(Node { op: Op::InstOut, width: value.width(), args: [NodeId(0); 3], imm }, NameId(0), None));
        }
        init.extend_from_slice(registers);
    }
    for (k, node) in next.into_iter().enumerate() {
        m.outputs.push(Port { name: format!("cut_next_{k}"), width: m.width(node), node });
    }
    (m, init)
}

/// Makes the node one more input port.
fn input(m: &mut Module, node: NodeId, width: u32) {
    let imm = m.inputs.len() as u32;
    m.nodes[node.index()] = Node { op: Op::Input, width, args: [NodeId(0); 3], imm };
    m.inputs.push(Port { name: format!("cut_state_{imm}"), width, node });
}

/// Two combinational designs on the same inputs; one output `differ`. Panics if the ports differ.
pub fn miter(a: &Design, b: &Design) -> Design {
    pair(a, b, a.top().inputs.len(), a.top().outputs.len())
}

/// Both designs side by side. The first `shared` inputs feed both, further ones come twice; the first
/// `compared` outputs make `differ`, further ones follow it: those of `a`, then those of `b`.
fn pair(a: &Design, b: &Design, shared: usize, compared: usize) -> Design {
    let widths = |ports: &[Port], n: usize| ports.iter().take(n).map(|p| p.width).collect::<Vec<u32>>();
    let same = widths(&a.top().inputs, shared) == widths(&b.top().inputs, shared)
        && widths(&a.top().outputs, compared) == widths(&b.top().outputs, compared);
    assert!(same, "internal error: designs with different ports cannot be compared");
    let mut modules = Vec::new();
    let mut tops = Vec::new();
    for (design, prefix) in [(a, "first"), (b, "second")] {
        let base = modules.len() as u32;
        for m in &design.modules {
            let mut m = Module { name: format!("{prefix}_{}", m.name), claims: Vec::new(), ..m.clone() };
            m.instances.iter_mut().for_each(|i| i.module.0 += base);
            modules.push(m);
        }
        tops.push(ModuleId(base + design.top.0));
    }
    let mut top = Module { name: "miter".into(), ..Module::default() };
    let mut connections = [Vec::new(), Vec::new()];
    for (copy, design) in [a, b].into_iter().enumerate() {
        for (i, port) in design.top().inputs.iter().enumerate() {
            if copy == 1 && i < shared {
                let node = connections[0][i];
                connections[1].push(node);
                continue;
            }
            let imm = top.inputs.len() as u32;
            let node = top.push(Node { op: Op::Input, width: port.width, args: [NodeId(0); 3], imm }, NameId(0), None);
            top.inputs.push(Port { name: format!("i{imm}"), width: port.width, node });
            connections[copy].push(node);
        }
    }
    let mut results = [Vec::new(), Vec::new()];
    for (copy, (inputs, design)) in connections.into_iter().zip([a, b]).enumerate() {
        top.instances.push(Instance { module: tops[copy], name: ["first", "second"][copy].into(), inputs });
        for (o, port) in design.top().outputs.iter().enumerate() {
            top.inst_outs.push((copy as u32, o as u32));
            let imm = top.inst_outs.len() as u32 - 1;
            results[copy].push(top.push(Node { op: Op::InstOut, width: port.width, args: [NodeId(0); 3], imm }, NameId(0), None));
        }
    }
    let mut differ = top.push_const(Bits::bit(false));
    for (x, y) in results[0].iter().copied().zip(results[1].iter().copied()).take(compared) {
        let width = top.width(x);
        let xor = top.push_op(Op::Xor, width, &[x, y], 0, NameId(0), None);
        let any = top.push_op(Op::RedOr, 1, &[xor], 0, NameId(0), None);
        differ = top.push_op(Op::Or, 1, &[differ, any], 0, NameId(0), None);
    }
    top.outputs.push(Port { name: "differ".into(), width: 1, node: differ });
    for node in results.iter().flat_map(|r| &r[compared..]) {
        let name = format!("next{}", top.outputs.len());
        top.outputs.push(Port { name, width: top.width(*node), node: *node });
    }
    let id = ModuleId(modules.len() as u32);
    modules.push(top);
    Design { modules, top: id, reset: Reset::None }
}

/// Rows tried first, because most different designs differ on some of them.
const SAMPLE: usize = 1 << 14;

/// Decides whether two designs with the same ports behave the same from reset on, looking at no more
/// than about 2^`bits` cases.
pub fn equal(a: &Design, b: &Design, bits: u32) -> Verdict {
    let stateful = !a.top().is_combinational(a) || !b.top().is_combinational(b);
    let (Some(x), Some(y)) = (cut(a), cut(b)) else { return Verdict::TooMany { bits: u32::MAX } };
    let same_registers = x.init.iter().map(Bits::width).eq(y.init.iter().map(Bits::width));
    let width = |d: &Design| d.top().inputs.iter().map(|p| p.width).sum::<u32>();
    if same_registers && x.init == y.init {
        let verdict = combinational(&miter(&x.design, &y.design), bits);
        if !stateful || !matches!(verdict, Verdict::Different) {
            return verdict;
        }
    }
    match reachable(a, &x, &y, bits) {
        Some(verdict) => verdict,
        None => Verdict::TooMany { bits: width(&x.design) },
    }
}

/// Is the only output always 0?
fn combinational(miter: &Design, bits: u32) -> Verdict {
    let sim = compiled(miter);
    let width: u32 = sim.inputs().iter().sum();
    let sample = run(&sim, &Stream(1).rows(miter, SAMPLE));
    if (0..sample.len()).any(|r| sample.cell(r, 0) != [0]) {
        return Verdict::Different;
    }
    if sim.size().0 == 0 {
        return Verdict::Equal(Method::Structure, 0);
    }
    if width > bits.min(48) {
        return Verdict::TooMany { bits: width };
    }
    let (mut cases, mut different) = (0, false);
    let all = sim.exhaustive_map(
        |_, rows| rows.words().iter().any(|w| *w != 0),
        |_, rows, any| {
            cases += rows.len() as u64;
            different |= any;
        },
    );
    assert!(all.is_ok(), "internal error: a miter has no claims");
    if different { Verdict::Different } else { Verdict::Equal(Method::EveryCase, cases) }
}

/// Follows both designs from reset through every input; `None` if that takes more than 2^`bits` cases.
fn reachable(original: &Design, x: &Cut, y: &Cut, bits: u32) -> Option<Verdict> {
    let ports = original.top().inputs.len();
    let compared = original.top().outputs.len();
    if x.init.iter().chain(&y.init).any(|b| b.width() > 64) {
        return None;
    }
    let inputs: Vec<u32> = original.top().inputs.iter().map(|p| p.width).collect();
    let input_bits: u32 = inputs.iter().sum();
    let sim = compiled(&pair(&x.design, &y.design, ports, compared));
    let start: Vec<u64> = x.init.iter().chain(&y.init).map(|b| b.to_u64().unwrap_or(0)).collect();
    let mut seen: HashSet<Vec<u64>> = HashSet::from([start.clone()]);
    let mut frontier = vec![start];
    let mut cases = 0u64;
    while let Some(state) = frontier.pop() {
        cases += 1u64.checked_shl(input_bits).filter(|n| *n <= 1 << bits)?;
        if cases > 1 << bits {
            return None;
        }
        let mut first = 0u64;
        while first < 1 << input_bits {
            let n = ((1u64 << input_bits) - first).min(1 << 16) as usize;
            let codes = Rows::counting(&inputs, first, n);
            let mut rows = Rows::zeros(sim.inputs(), n);
            let (from, to) = (codes.stride(), rows.stride());
            for (code, row) in codes.words().chunks(from.max(1)).zip(rows.words_mut().chunks_mut(to)) {
                row[..from].copy_from_slice(code);
                row[from..].copy_from_slice(&state);
            }
            let out = run(&sim, &rows);
            for row in out.words().chunks(out.stride()) {
                if row[0] != 0 {
                    return Some(Verdict::Different);
                }
                if !seen.contains(&row[1..]) {
                    seen.insert(row[1..].to_vec());
                    frontier.push(row[1..].to_vec());
                }
            }
            first += n as u64;
        }
    }
    Some(Verdict::Equal(Method::ReachableStates, cases))
}

fn compiled(design: &Design) -> Sim {
    Sim::new(design).unwrap_or_else(|e| panic!("internal error: {e}"))
}

fn run(sim: &Sim, rows: &Rows) -> Rows {
    sim.run(rows, 0).unwrap_or_else(|e| panic!("internal error: a miter has no claims: {e}"))
}
