//! Forget the claims, so that what only they look at can go: the last step before printing. Until
//! then a claim keeps the bits it looks at, because the simulator checks it on every vector.
use super::{Pass, per_module};

/// See the module documentation.
pub const PASS: Pass = Pass {
    name: "claims",
    doc: "forget the claims, which only simulation checks",
    run: |d| per_module(d, |m| crate::ir::Module { claims: Vec::new(), ..m.clone() }),
};
