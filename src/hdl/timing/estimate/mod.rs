//! How long the paths of a module take, bit by bit, as a synthesis tool would map them.
//!
//! Operators become gates (`bits`); sums, differences and comparisons stay carry chains. The gates are covered
//! with look-up tables of least delay (`map`); wires cost by their fan-out and by the size of the
//! design. Every value that is used in a later stage than its own passes a register on the way.
mod bits;
mod map;
mod trees;

use super::delay::DelayModel;
use crate::ir::*;
use crate::ops::Op;
use bits::{Circuit, End};

/// Arrival times of a module.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Longest path from register to register, register delays included, in picoseconds.
    pub period_ps: f64,
    /// Per node: from the clock edge until its last bit is ready, in picoseconds.
    pub arrival_ps: Vec<f64>,
    /// Per node: the first node of its stage on its slowest path.
    pub origin: Vec<NodeId>,
    /// The slowest path: nodes with their arrival times.
    pub path: Vec<(NodeId, f64)>,
}

/// Estimates a module without instances. `stages`: the stage of every node; registers are assumed
/// wherever a value is used in a later stage than its own. Without it, only the registers that are there count.
pub fn estimate(m: &Module, stages: Option<&[u32]>, model: &DelayModel) -> Estimate {
    let circuit = Circuit::of(m, stages, model);
    let labels = map::labels(&circuit, model);
    let n = m.nodes.len();
    let mut arrival_ps = vec![model.clk_to_q_ps; n];
    let mut origin: Vec<NodeId> = (0..n as u32).map(NodeId).collect();
    for i in 0..n {
        let worst = circuit.bits[i].iter().map(|l| l.gate()).max_by(|a, b| labels[*a].at.total_cmp(&labels[*b].at));
        if let Some(g) = worst.filter(|g| *g != 0 && circuit.stage[*g] == circuit.node_stage[i]) {
            arrival_ps[i] = labels[g].at;
            origin[i] = labels[g].origin.unwrap_or(NodeId(i as u32));
        }
    }
    let mut worst: Option<(f64, usize)> = None;
    for (gate, end) in &circuit.ends {
        // A look-up table or a sum shares its cell with the register; another register does not.
        let wire = map::wire(&circuit, model, *gate);
        let last = match end {
            End::Inverter => wire + model.lut_ps,
            End::Joined => wire + model.level_ps(),
            End::Control => wire,
            End::Data if circuit.is_source(*gate) => wire,
            End::Data if labels[*gate].wide => model.mux_exit_ps,
            End::Data => 0.0,
        };
        let at = labels[*gate].at + model.setup_ps + last;
        if worst.is_none_or(|(w, _)| at > w) {
            worst = Some((at, *gate));
        }
    }
    for (i, bits) in circuit.bits.iter().enumerate().filter(|(i, _)| m.node(NodeId(*i as u32)).op == Op::Not) {
        let own = |g: usize| circuit.chain_of[g].is_some() && circuit.stage[g] == circuit.node_stage[i];
        for g in bits.iter().filter(|l| l.negated()).map(|l| l.gate()).filter(|g| own(*g)) {
            arrival_ps[i] = arrival_ps[i].max(labels[g].at + map::wire(&circuit, model, g) + model.lut_ps);
        }
    }
    for (node, gate) in &circuit.controls {
        let a = &mut arrival_ps[node.index()];
        *a = a.max(labels[*gate].at + map::wire(&circuit, model, *gate));
    }
    let mut path: Vec<(NodeId, f64)> = Vec::new();
    let mut at = worst.map(|(_, g)| g);
    while let Some(g) = at {
        if path.last().is_none_or(|(n, _)| *n != circuit.owner[g]) {
            path.push((circuit.owner[g], labels[g].at));
        }
        at = labels[g].from;
    }
    path.reverse();
    let period_ps = worst.map_or(model.clk_to_q_ps + model.setup_ps, |w| w.0);
    Estimate { period_ps, arrival_ps, origin, path }
}
