//! Share equal computations: one node per (operator, operands), whatever the order of commutative
//! operands; one node per constant, one table per contents, one instance per (module, inputs).
use super::{Pass, Rebuild, per_module};
use crate::ir::{Module, NodeId};

/// See the module documentation.
pub const PASS: Pass = Pass { name: "cse", doc: "share equal computations", run: |d| per_module(d, sweep) };

fn sweep(old: &Module) -> Module {
    let mut r = Rebuild::new(old);
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        r.loc = old.locs[i];
        r.copy(id);
    }
    r.finish()
}
