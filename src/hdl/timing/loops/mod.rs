//! Loops through declared state: which there are, how long they are, and how to make them shorter.
//!
//! A register can be put anywhere on a path from input to output, but not into a loop through a declared state: it
//! would change what the state holds. So a loop as a whole has to fit into a clock period.
//! [`break_loops`] rewrites those that mathematics allows; [`loops`] reports the ones that are left.
mod carry_save;
mod chunk;
mod difference;
mod find;

use super::delay::DelayModel;
use super::split::{Accumulator, SplitOptions};
use crate::edit::uses;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::optimize;
pub use find::components;
use find::{Component, Path, paths};

/// A loop through declared state, or several that share a part.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Names of the states.
    pub states: Vec<String>,
    /// Longest path from a register of the loop to one, wires included, registers not.
    pub delay_ps: f64,
    /// The operators of that path.
    pub nodes: Vec<LoopNode>,
    /// Why it cannot be cut into shorter loops; `None` if it can.
    pub reason: Option<String>,
    /// What would help.
    pub help: Vec<String>,
}

/// An operator of a loop.
#[derive(Clone, Debug)]
pub struct LoopNode {
    /// The node.
    pub id: NodeId,
    /// Its name, or its operator.
    pub name: String,
    /// Place in the source.
    pub loc: Option<Loc>,
    /// Its own delay in picoseconds.
    pub delay_ps: f64,
}

/// Every loop of a flat module that has an operator in it, the longest first.
pub fn loops(m: &Module, model: &DelayModel) -> Vec<Loop> {
    let components = components(m);
    let mut found: Vec<Loop> = components
        .iter()
        .zip(paths(m, &components, model))
        .map(|(c, Path { delay_ps, nodes })| {
            let name = |id| m.name_of(id).map_or_else(|| m.node(id).op.info().map_or("", |i| i.name).to_string(), str::to_string);
            let node = |(id, ps): (NodeId, f64)| LoopNode { id, name: name(id), loc: m.locs[id.index()], delay_ps: ps };
            let states = c.states.iter().map(|s| m.states[*s].name.clone()).collect();
            let reason = chunk::obstacle(m, c);
            let help = help(delay_ps, model, reason.is_some());
            Loop { states, delay_ps, nodes: nodes.into_iter().map(node).collect(), reason, help }
        })
        .filter(|l| l.delay_ps > 0.0)
        .collect();
    found.sort_by(|a, b| b.delay_ps.total_cmp(&a.delay_ps));
    found
}

fn help(delay_ps: f64, model: &DelayModel, unbreakable: bool) -> Vec<String> {
    let period = delay_ps + model.clk_to_q_ps + model.setup_ps;
    let mut help = Vec::new();
    if unbreakable {
        help.push(
            "several independent streams that take turns, so that the loop may take as many cycles as there are streams".into(),
        );
        help.push("a state that wraps around, which can be kept in chunks, instead of one that is rounded or saturates".into());
    }
    help.push(format!("a clock of at most {:.1} MHz", 1e6 / period));
    help
}

/// The flat, optimised design with loops that are too long for the period made shorter where that keeps
/// the behaviour: see `chunk`, `difference` and `carry_save`. Others stay as they are.
pub fn break_loops(design: &Design, options: &SplitOptions) -> Design {
    let m = design.top();
    let budget = options.model.budget_ps(options.period_ps) * f64::from(options.streams.max(1));
    if !m.instances.is_empty() {
        return design.clone();
    }
    let with =
        |m: Module| optimize(&Design { modules: vec![Module { clocked: true, ..m }], top: ModuleId(0), reset: design.reset });
    // Loops that are to take a form, in the module as it is by then.
    let which = |m: &Module, form: Form| {
        let (uses, components) = (uses(m), components(m));
        let wanted = |c: &Component, path: &Path| match options.accumulator {
            Accumulator::Chunked => Form::Plain,
            Accumulator::Difference => Form::Difference,
            Accumulator::CarrySave => Form::CarrySave,
            Accumulator::Auto if path.delay_ps > budget => chosen(m, c, path.delay_ps, options, budget),
            Accumulator::Auto => Form::Plain,
        };
        let can = |c: &Component| match form {
            Form::Plain => true,
            Form::Difference => difference::accumulator(m, c, &uses).is_some(),
            Form::CarrySave => carry_save::accumulator(m, c, &uses),
        };
        let paths = paths(m, &components, &options.model);
        let all = components.into_iter().zip(paths).filter(|(c, path)| wanted(c, path) == form && can(c));
        all.map(|(c, _)| c).collect::<Vec<Component>>()
    };
    let mut now = design.clone();
    let differences = which(now.top(), Form::Difference);
    if !differences.is_empty() {
        let states: Vec<usize> = differences.iter().flat_map(|c| c.states.clone()).collect();
        now = with(difference::rewrite(now.top(), &states));
    }
    let carry_saves = which(now.top(), Form::CarrySave);
    if !carry_saves.is_empty() {
        now = with(carry_save::rewrite(now.top(), &carry_saves));
    }
    let plan = chunk::plan(now.top(), &options.model, budget);
    if plan.is_empty() { now } else { with(chunk::rewrite(now.top(), &plan)) }
}

/// How an accumulator is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it is, in chunks if need be.
    Plain,
    /// Without the clear, and a copy of the sum at the last clear.
    Difference,
    /// Sum and carries apart.
    CarrySave,
}

/// The cheapest form that fits.
fn chosen(m: &Module, c: &Component, delay_ps: f64, options: &SplitOptions, budget: f64) -> Form {
    let plain = chunk::count(m, c, delay_ps, &options.model, budget);
    // Without the clear only the adder is left in the loop.
    let clears = c.nodes.iter().any(|id| m.node(*id).op == Op::Mux) && difference::accumulator(m, c, &uses(m)).is_some();
    let width = c.states.iter().map(|s| m.states[*s].init.width()).max().unwrap_or(1);
    let bare = chunk::fewest(width, |bits| options.model.chain_ps(bits), budget);
    match (plain, bare) {
        // Each chunk delays what the higher ones add by a stage; a second copy of the sum costs its bits once.
        (Some(p), Some(b)) if !clears || p <= 2 * b => Form::Plain,
        (_, Some(_)) if clears => Form::Difference,
        (Some(_), _) => Form::Plain,
        _ => Form::CarrySave,
    }
}

/// The design with every enable in the next value: what a register holds while it is not enabled comes
/// back through a multiplexer.
pub fn enable_to_mux(design: &Design) -> Design {
    let mut design = design.clone();
    for m in &mut design.modules {
        for i in 0..m.states.len() {
            let State { read, next, enable, .. } = m.states[i];
            let Some(enable) = enable else { continue };
            let next = m.push_op(Op::Mux, m.width(read), &[enable, next, read], 0, NameId(0), None);
            (m.states[i].next, m.states[i].enable) = (next, None);
        }
    }
    design
}
