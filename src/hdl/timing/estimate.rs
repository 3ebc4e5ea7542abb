//! What the paths of a module take, node by node (to be refined to bits).
use super::delay::DelayModel;
use crate::ir::*;
#[derive(Clone, Debug)]
/// Arrival times.
pub struct Estimate {
    pub period_ps: f64,
    pub arrival_ps: Vec<f64>,
    pub origin: Vec<NodeId>,
    pub path: Vec<(NodeId, f64)>,
}
pub fn estimate(m: &Module, stages: Option<&[u32]>, model: &DelayModel) -> Estimate {
    let n = m.nodes.len();
    let mut arrival = vec![model.clk_to_q_ps; n];
    let mut origin: Vec<NodeId> = (0..n).map(|i| NodeId(i as u32)).collect();
    for i in 0..n {
        let id = NodeId(i as u32);
        if m.node(id).op.info().is_none() {
            continue;
        }
        let mut worst = model.clk_to_q_ps;
        for a in m.args(id) {
            let same = stages.is_none_or(|s| s[a.index()] == s[i]);
            if same && arrival[a.index()] > worst {
                worst = arrival[a.index()];
                origin[i] = origin[a.index()];
            }
        }
        arrival[i] = worst + model.op_ps(m.node(id).op, &m.arg_widths(id), m.width(id));
    }
    let period_ps = arrival.iter().copied().fold(0.0, f64::max) + model.setup_ps;
    Estimate { period_ps, arrival_ps: arrival, origin, path: vec![] }
}
