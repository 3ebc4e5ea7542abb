//! The hardware description language: plain Rust that leaves hardware behind.
//!
//! ```
//! use narrowgen_hdl::prelude::*;
//! let design = design("mac", Reset::Sync, |m| {
//!     let (a, b) = (m.sint_in("a", 8), m.sint_in("b", 8));
//!     let acc = m.state_sint("acc", 24, 0);
//!     wires! {
//!         let prod = a * b;               // 16 bits
//!         let sum = acc.get() + prod;     // never loses bits: 25 bits
//!     }
//!     acc.set(sum.wrap(24));              // losing bits is a verb
//!     m.output("y", acc.get());
//! }).unwrap();
//! assert_eq!(design.top().outputs[0].width, 24);
//! ```
//!
//! [`UInt`], [`SInt`] and [`Bit`] differ in type, so mixing kinds does not compile. Widths are
//! numbers, known when the circuit is built. Each handle also carries the *range* its value is
//! known to lie in; growth operators take their width from the range, so a sum of three small
//! products is exactly as wide as it must be. A mistake records a [`Diagnostic`] with the caller's
//! line and yields a poison value that silences its followers; all mistakes come back together.
//!
//! What does not compile:
//!
//! ```compile_fail,E0308
//! # use narrowgen_hdl::prelude::*;
//! design("kinds", Reset::None, |m| {
//!     let _ = m.uint_in("a", 4) + m.sint_in("b", 4);      // unsigned and signed
//! });
//! ```
//! ```compile_fail,E0308
//! # use narrowgen_hdl::prelude::*;
//! design("condition", Reset::None, |m| {
//!     if m.bit_in("c") { m.output("y", m.high()); }       // a wire is not known when the circuit is built: use `select`
//! });
//! ```
//! ```compile_fail,E0599
//! # use narrowgen_hdl::prelude::*;
//! design("number", Reset::None, |m| {
//!     let _ = m.uint_in("c", 1).select(m.low(), m.high()); // a number is not a condition
//! });
//! ```
//! ```compile_fail
//! # use narrowgen_hdl::prelude::*;
//! design("outer", Reset::None, |m| {
//!     let a = m.uint_in("a", 4);
//!     m.module("inner", |n| n.output("y", a));            // a signal of another module
//! });
//! ```
mod builder;
pub(crate) mod divide;
mod instance;
mod operators;
mod range;
mod signal;
mod sint;
mod state;
mod uint;

pub use crate::diag::{Diagnostic, Diagnostics};
pub use builder::{Builder, ModuleRef, design};
pub use instance::Instance;
pub use range::{Range, bits_signed, bits_unsigned};
pub use signal::{Bit, Named, SInt, Signal, UInt, Value};
pub use state::{Memory, Reg};

/// Names wires after their Rust variables: `wires! { let prod = a * b; }`.
#[macro_export]
macro_rules! wires {
    ($(let $name:ident = $value:expr;)*) => { $(let $name = $crate::dsl::Named::named($value, stringify!($name));)* };
}
