//! Proofs that a mutant is the same hardware: by enumeration where there are few cases, else by a SAT
//! solver, on the whole or window by window.
use crate::{sat, windows};
use narrowgen::hdl::equal::{self, Method, Verdict, cut, miter};
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::mutate::Mutation;
use std::fmt;

/// Most cases enumerated, as a power of two: before the solver is asked, and when it gives no proof.
const BITS: (u32, u32) = (20, 25);
/// Clauses the solver may learn before it gives up on the whole.
const EFFORT: u64 = 5_000;

/// Why two designs are the same.
pub enum Proof {
    /// By the enumeration of [`equal::equal`].
    Enumerated(Method, u64),
    /// No input and state make them differ: the clauses that would contradict each other.
    Unsatisfiable,
    /// The same, node by node, for this many nodes that do not have the same operands.
    Windows(usize),
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::Enumerated(Method::Structure, _) => write!(f, "the same gates"),
            Proof::Enumerated(Method::EveryCase, n) => write!(f, "every input and state ({n} cases)"),
            Proof::Enumerated(Method::ReachableStates, n) => write!(f, "every input in every reachable state ({n} cases)"),
            Proof::Unsatisfiable => write!(f, "no input and state differ (SAT)"),
            Proof::Windows(n) => write!(f, "no input and state differ (SAT, {n} windows)"),
        }
    }
}

/// Proves that a mutant behaves as the original.
pub fn equal(original: &Design, mutation: &Mutation) -> Result<Proof, String> {
    let mutant = mutation.apply(original);
    let enumerate = |bits| match equal::equal(original, &mutant, bits) {
        Verdict::Equal(method, cases) => Some(Ok(Proof::Enumerated(method, cases))),
        Verdict::Different => Some(Err("it is different".to_string())),
        Verdict::TooMany { .. } => None,
    };
    if let Some(answer) = enumerate(BITS.0) {
        return answer;
    }
    let mut unknown = "neither enumerated nor decided by the solver";
    if let Some((x, y)) = cut(original).zip(cut(&mutant)).filter(|(x, y)| x.init == y.init) {
        match sat::satisfiable(&miter(&x.design, &y.design), EFFORT) {
            Some(false) => return Ok(Proof::Unsatisfiable),
            Some(true) if x.init.is_empty() => return Err("it is different".into()),
            Some(true) => unknown = "it is different, perhaps only in states that are never reached",
            None if original.modules.len() > 1 => {}
            None => {
                if let Some(n) = windows::equal(x.design.top(), y.design.top(), |id| mutation.place(id)) {
                    return Ok(Proof::Windows(n));
                }
            }
        }
    }
    enumerate(BITS.1).unwrap_or_else(|| Err(unknown.into()))
}
