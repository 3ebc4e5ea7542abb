//! A pipeline in words: what each stage does, how long it takes, what is stored behind it.
use super::pipeline::Plan;
use super::wiring::{is_wire, sources};
use crate::ir::*;

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its number; 0 begins at the inputs.
    pub number: u32,
    /// Estimated period it needs, registers included, in picoseconds; 0 if there is nothing in it.
    pub period_ps: f64,
    /// Its slowest path, operator by operator.
    pub path: Vec<Step>,
    /// Operators in it.
    pub operators: usize,
    /// Bits in the registers behind it.
    pub register_bits: u64,
}

/// An operator on a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// Its name, or what it is if it has none.
    pub name: String,
    /// Its operator.
    pub op: &'static str,
    /// Width of its result in bits.
    pub width: u32,
    /// Time from the clock edge to its result, in picoseconds.
    pub arrival_ps: f64,
    /// Place in the source.
    pub place: Option<String>,
}

/// The stages of a plan in order.
pub fn stages(plan: &Plan) -> Vec<Stage> {
    let (m, s) = (&plan.module, &plan.schedule);
    let arrival = &s.estimate.arrival_ps;
    let is_operator = |id: NodeId| !is_wire(m, id) && m.node(id).op.info().is_some();
    let mut list: Vec<Stage> =
        (0..=s.last).map(|number| Stage { number, period_ps: 0.0, path: Vec::new(), operators: 0, register_bits: 0 }).collect();
    let mut worst: Vec<Option<NodeId>> = vec![None; list.len()];
    for id in (0..m.nodes.len() as u32).map(NodeId).filter(|id| is_operator(*id)) {
        let at = s.stage[id.index()] as usize;
        list[at].operators += 1;
        if worst[at].is_none_or(|w| arrival[id.index()] > arrival[w.index()]) {
            worst[at] = Some(id);
        }
    }
    for (stage, end) in list.iter_mut().zip(worst) {
        let Some(end) = end else { continue };
        stage.period_ps = arrival[end.index()] + plan.setup_ps;
        let mut at = end;
        loop {
            stage.path.push(step(plan, at));
            let before = m.args(at).iter().flat_map(|a| sources(m, *a)).map(|p| p.root);
            let before = before.filter(|r| is_operator(*r) && s.stage[r.index()] == stage.number);
            match before.max_by(|a, b| arrival[a.index()].total_cmp(&arrival[b.index()])) {
                Some(next) => at = next,
                None => break,
            }
        }
        stage.path.reverse();
    }
    for (boundary, bits) in super::insert::boundaries(m, s, plan.streams).into_iter().enumerate() {
        if let Some(stage) = list.get_mut(boundary) {
            stage.register_bits = bits;
        }
    }
    list
}

fn step(plan: &Plan, id: NodeId) -> Step {
    let m = &plan.module;
    let node = m.node(id);
    let op = node.op.info().map_or("", |i| i.name);
    Step {
        node: id,
        name: m.name_of(id).unwrap_or(op).to_string(),
        op,
        width: node.width,
        arrival_ps: plan.schedule.estimate.arrival_ps[id.index()],
        place: m.locs[id.index()].map(|l| format!("{}:{}", l.file(), l.line())),
    }
}
