//! Verilog-2005 printer.
//!
//! One operator per wire. Only wiring (slices, concatenations, extensions), constants, single-use
//! unnamed bit logic, and what drives nothing but an output or a register are printed in place,
//! because Verilog's width and sign rules change the value of anything else when it is nested.
//! A result of which some bits are not read is assigned to a concatenation that names those bits
//! `unused_…`, which every linter accepts. Same design, same bytes.
//!
//! ```
//! use narrowgen_hdl::prelude::*;
//! let d = design("half", Reset::None, |m| {
//!     let (a, b) = (m.uint_in("a", 4), m.uint_in("b", 4));
//!     m.output("y", (a + b).trunc_low(1));
//! }).unwrap();
//! let text = &narrowgen_hdl::verilog::print(&d)[0].text;
//! assert!(text.contains("assign {y_sum, unused_y_sum} = {1'd0, a} + {1'd0, b};"));
//! assert!(text.contains("assign y = y_sum;"));
//! ```
mod asserts;
pub(crate) mod line;
mod module;
pub(crate) use module::word_of;
pub mod reserved;
mod state;
mod uses;

use crate::ir::*;
use crate::pass::{claims, dce, legalize, names, optimize};
use rayon::prelude::*;
use std::borrow::Cow;

/// One printed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// File name, `module.v`.
    pub name: String,
    /// Contents.
    pub text: String,
}

/// Prints every module reachable from the top, the top last, one file each.
pub fn print(design: &Design) -> Vec<File> {
    let design = &*ready(design);
    let mut order: Vec<&Module> =
        design.modules.iter().enumerate().filter(|(i, _)| *i != design.top.index()).map(|x| x.1).collect();
    order.push(design.top());
    order.par_iter().map(|m| File { name: format!("{}.v", m.name), text: module::Printer::new(design, m).print() }).collect()
}

/// The design as it prints: without claims and what only they look at, nothing unused, legal names.
/// A design without claims is not optimised here.
pub fn ready(design: &Design) -> Cow<'_, Design> {
    let mut design = Cow::Borrowed(design);
    if design.modules.iter().any(|m| !m.claims.is_empty()) {
        design = Cow::Owned(optimize(&claims::PASS.apply(&design)));
    }
    if dce::needed(&design) {
        design = Cow::Owned(dce::PASS.apply(&design));
    }
    if design.modules.iter().any(legalize::needed) {
        design = Cow::Owned(dce::PASS.apply(&legalize::PASS.apply(&design)));
    }
    Cow::Owned(names::PASS.apply(&design))
}
