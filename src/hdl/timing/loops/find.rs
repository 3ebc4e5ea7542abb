//! Strongly connected components through declared state, and the longest way through one.
use super::super::delay::DelayModel;
use super::super::estimate::estimate;
use crate::ir::*;
use crate::ops::Op;

/// Nodes that all depend on each other, through states, memories and operators.
#[derive(Clone, Debug)]
pub struct Component {
    /// In the order of the module.
    pub nodes: Vec<NodeId>,
    /// Which states are among them.
    pub states: Vec<usize>,
}

impl Component {
    /// True if the node is part of it.
    pub fn has(&self, id: NodeId) -> bool {
        self.nodes.binary_search(&id).is_ok()
    }
}

/// What a node depends on, now or a cycle ago.
fn depends(m: &Module, id: NodeId) -> Vec<NodeId> {
    let node = m.node(id);
    match node.op {
        Op::State => {
            let s = &m.states[node.imm as usize];
            [s.next].into_iter().chain(s.enable).collect()
        }
        Op::RamRead => {
            let read = &m.ram_reads[node.imm as usize];
            let write = m.rams[read.ram as usize].write;
            [read.addr].into_iter().chain(write.into_iter().flat_map(|(a, d, e)| [a, d, e])).collect()
        }
        Op::InstOut => m.instances[m.inst_outs[node.imm as usize].0 as usize].inputs.clone(),
        _ => m.args(id).to_vec(),
    }
}

/// The components with more than one node (Tarjan 1972), in the order of their first nodes.
pub fn components(m: &Module) -> Vec<Component> {
    const NEW: u32 = u32::MAX;
    let n = m.nodes.len();
    let (mut index, mut low, mut open) = (vec![NEW; n], vec![0u32; n], vec![false; n]);
    let (mut stack, mut next, mut found) = (Vec::new(), 0, Vec::new());
    for root in 0..n as u32 {
        if index[root as usize] != NEW {
            continue;
        }
        // (node, its dependences, how many of them are done)
        let mut calls: Vec<(NodeId, Vec<NodeId>, usize)> = Vec::new();
        let mut enter = Some(NodeId(root));
        loop {
            if let Some(id) = enter.take() {
                (index[id.index()], low[id.index()], open[id.index()]) = (next, next, true);
                next += 1;
                stack.push(id);
                calls.push((id, depends(m, id), 0));
            }
            let Some((id, deps, done)) = calls.last_mut() else { break };
            if let Some(dep) = deps.get(*done).copied() {
                *done += 1;
                let at = id.index();
                if index[dep.index()] == NEW {
                    enter = Some(dep);
                } else if open[dep.index()] {
                    low[at] = low[at].min(index[dep.index()]);
                }
                continue;
            }
            let id = *id;
            calls.pop();
            if let Some((parent, ..)) = calls.last() {
                low[parent.index()] = low[parent.index()].min(low[id.index()]);
            }
            if low[id.index()] != index[id.index()] {
                continue;
            }
            let mut nodes = Vec::new();
            while let Some(top) = stack.pop() {
                open[top.index()] = false;
                nodes.push(top);
                if top == id {
                    break;
                }
            }
            if nodes.len() > 1 {
                nodes.sort_unstable();
                let state = |id: &NodeId| (m.node(*id).op == Op::State).then(|| m.node(*id).imm as usize);
                found.push(Component { states: nodes.iter().filter_map(state).collect(), nodes });
            }
        }
    }
    found.sort_by_key(|c: &Component| c.nodes[0]);
    found
}

/// Delay of the longest path inside a component from register to register, by the delays of single nodes.
pub fn longest(m: &Module, c: &Component, cost: impl Fn(NodeId) -> f64) -> f64 {
    let mut arrival: Vec<f64> = Vec::with_capacity(c.nodes.len());
    for id in &c.nodes {
        let inside = m.args(*id).iter().filter_map(|a| c.nodes.binary_search(a).ok());
        let start = inside.map(|at| arrival[at]).fold(0.0, f64::max);
        arrival.push(if m.node(*id).op.info().is_none() { 0.0 } else { start + cost(*id) });
    }
    arrival.into_iter().fold(0.0, f64::max)
}

/// The longest path of a component from register to register.
pub struct Path {
    /// Without what the registers take.
    pub delay_ps: f64,
    /// Its operators, each with what it adds in picoseconds.
    pub nodes: Vec<(NodeId, f64)>,
}

/// Longest path of each component as the estimator sees it, which knows what fits into one look-up table.
pub fn paths(m: &Module, components: &[Component], model: &DelayModel) -> Vec<Path> {
    // Each loop is in a stage of its own, so that only what lies inside counts.
    let mut stage = vec![0u32; m.nodes.len()];
    for (k, c) in components.iter().enumerate() {
        c.nodes.iter().for_each(|id| stage[id.index()] = k as u32 + 1);
    }
    let arrival = estimate(m, Some(&stage), model).arrival_ps;
    let at = |id: NodeId| (arrival[id.index()] - model.clk_to_q_ps).max(0.0);
    components
        .iter()
        .map(|c| {
            let latest = |ids: &mut dyn Iterator<Item = NodeId>| ids.max_by(|x, y| at(*x).total_cmp(&at(*y)));
            let before = |id: &NodeId| latest(&mut m.args(*id).iter().copied().filter(|a| c.has(*a)));
            let end = latest(&mut c.nodes.iter().copied().filter(|id| m.node(*id).op.info().is_some()));
            let mut nodes: Vec<(NodeId, f64)> = std::iter::successors(end, before)
                .map(|id| (id, at(id) - before(&id).map_or(0.0, at)))
                .filter(|(_, ps)| *ps > 0.0)
                .collect();
            nodes.reverse();
            Path { delay_ps: end.map_or(0.0, at), nodes }
        })
        .collect()
}
