//! Passes: each takes a design and returns one that behaves the same, built in one forward sweep
//! per module (no use lists, no tombstones). A pass is one file and one line in [`PASSES`].
//!
//! In builds with debug assertions the result of every pass is verified.
pub mod claims;
pub mod cse;
pub mod dce;
mod demand;
pub mod facts;
pub mod fold;
pub mod legalize;
pub mod names;
pub mod narrow;
pub(crate) mod rebuild;
pub mod share;

use crate::ir::{Design, Module};
use crate::verify::verify;
use rayon::prelude::*;
pub use rebuild::{Ready, Rebuild, pooled};

/// One pass.
pub struct Pass {
    /// Its name on the command line and in tests.
    pub name: &'static str,
    /// What it does, one line.
    pub doc: &'static str,
    /// Runs it.
    pub run: fn(&Design) -> Design,
}

/// Every pass.
pub static PASSES: &[Pass] =
    &[fold::PASS, cse::PASS, narrow::PASS, facts::PASS, share::PASS, dce::PASS, claims::PASS, legalize::PASS, names::PASS];

/// The order in which [`optimize`] repeats passes until nothing changes.
pub const OPTIMIZE: &[&str] = &["fold", "narrow", "cse", "facts", "dce"];

/// Most rounds of [`OPTIMIZE`]; a bound for safety, a few are enough.
const ROUNDS: usize = 12;

/// The pass of that name.
pub fn find(name: &str) -> Option<&'static Pass> {
    PASSES.iter().find(|p| p.name == name)
}

impl Pass {
    /// Runs the pass; with debug assertions on, verifies its result.
    pub fn apply(&self, design: &Design) -> Design {
        let out = (self.run)(design);
        if cfg!(debug_assertions)
            && let Err(errors) = verify(&out)
        {
            panic!("internal error: pass `{}` broke the design:\n{}", self.name, errors.join("\n"));
        }
        out
    }
}

/// Runs the named passes in order; `after` sees the design after each of them (to dump or to check).
/// Error: the unknown name and the known ones.
pub fn run(design: &Design, names: &[&str], mut after: impl FnMut(&Pass, &Design)) -> Result<Design, String> {
    let mut design = design.clone();
    for name in names {
        let pass = find(name).ok_or_else(|| {
            let known: Vec<&str> = PASSES.iter().map(|p| p.name).collect();
            format!("no pass is called `{name}`; there are {}", known.join(", "))
        })?;
        design = pass.apply(&design);
        after(pass, &design);
    }
    Ok(design)
}

/// The design made smaller: folded, shared, cut to the bits that matter. Same behaviour on every
/// input, same ports, same states apart from unused ones; claims stay checkable in simulation.
pub fn optimize(design: &Design) -> Design {
    optimize_with(design, |_, _| {})
}

/// [`optimize`], showing the design after each pass.
pub fn optimize_with(design: &Design, mut after: impl FnMut(&Pass, &Design)) -> Design {
    let mut design = design.clone();
    for _ in 0..ROUNDS {
        let before = design;
        design = before.clone();
        for pass in OPTIMIZE.iter().filter_map(|n| find(n)) {
            design = pass.apply(&design);
            after(pass, &design);
        }
        if design == before {
            break;
        }
    }
    design
}

/// Applies `f` to every module; modules are independent, so in parallel, joined in order. A module
/// that had a clock port keeps it.
pub fn per_module(design: &Design, f: impl Fn(&Module) -> Module + Sync + Send) -> Design {
    let one = |old: &Module| Module { clocked: !old.is_combinational(design), pins: old.pins.clone(), ..f(old) };
    Design { modules: design.modules.par_iter().map(one).collect(), top: design.top, reset: design.reset }
}
