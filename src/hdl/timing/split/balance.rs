//! Chains of one associative operator as trees: `((a | b) | c) | d` becomes `(a | b) | (c | d)`, early
//! operands first. What a loop through declared state goes through comes last, so that everything
//! else leaves the loop: `(acc + x) + y` becomes `acc + (x + y)`.
use super::super::delay::DelayModel;
use super::super::loops::components;
use crate::edit::uses;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;

/// The module with its chains balanced; sums only among operands of one width, where they wrap alike.
pub fn balance(old: &Module, model: &DelayModel) -> Module {
    let uses = uses(old);
    let mut looped = vec![0u32; old.nodes.len()];
    for (k, c) in components(old).iter().enumerate() {
        c.nodes.iter().for_each(|id| looped[id.index()] = k as u32 + 1);
    }
    let chained = |user: NodeId, id: NodeId| {
        let (node, user) = (old.node(id), old.node(user));
        node.op == user.op && node.width == user.width && uses[id.index()] == 1
    };
    let mut inner = vec![false; old.nodes.len()];
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        if associative(old.node(id).op) {
            old.args(id).iter().filter(|a| chained(id, **a)).for_each(|a| inner[a.index()] = true);
        }
    }
    let mut r = Rebuild::new(old);
    // When each new node is ready, in picoseconds after the inputs.
    let mut ready: Vec<f64> = Vec::new();
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        let node = *old.node(id);
        r.loc = old.locs[i];
        if inner[i] {
            continue;
        }
        let mut leaves = Vec::new();
        if associative(node.op) {
            gather(old, id, &chained, &mut leaves);
        }
        if leaves.len() < 3 {
            r.copy(id);
            times(&r.new, model, &mut ready);
            continue;
        }
        let mut open: Vec<(bool, NodeId)> =
            leaves.into_iter().map(|l| (looped[i] != 0 && looped[l.index()] == looped[i], r.get(l))).collect();
        while open.len() > 1 {
            // Last in the list is first to be combined.
            open.sort_by(|a, b| b.0.cmp(&a.0).then(ready[b.1.index()].total_cmp(&ready[a.1.index()])));
            let (Some(a), Some(b)) = (open.pop(), open.pop()) else { break };
            open.push((a.0 || b.0, r.op(node.op, node.width, &[a.1, b.1], 0)));
            times(&r.new, model, &mut ready);
        }
        r.set(id, open[0].1);
    }
    r.finish()
}

fn associative(op: Op) -> bool {
    matches!(op, Op::And | Op::Or | Op::Xor | Op::Add)
}

/// Operands of the chain that ends at a node, first to last.
fn gather(m: &Module, id: NodeId, chained: &impl Fn(NodeId, NodeId) -> bool, leaves: &mut Vec<NodeId>) {
    let mut open = vec![id];
    while let Some(at) = open.pop() {
        if at == id || chained(id, at) {
            open.extend(m.args(at).iter().rev());
        } else {
            leaves.push(at);
        }
    }
}

/// Fills in the times of nodes that are new.
fn times(m: &Module, model: &DelayModel, ready: &mut Vec<f64>) {
    for i in ready.len()..m.nodes.len() {
        let id = NodeId(i as u32);
        let start = m.args(id).iter().map(|a| ready[a.index()]).fold(0.0, f64::max);
        ready.push(start + model.op_ps(m.node(id).op, &m.arg_widths(id), m.width(id)));
    }
}
