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
mod builder;
mod range;
mod signal;

pub use crate::diag::{Diagnostic, Diagnostics};
pub use builder::{Builder, Instance, ModuleRef, Reg, design};
pub use range::{Range, bits_signed, bits_unsigned};
pub use signal::{Bit, Named, SInt, Signal, UInt, Value};

/// Names wires after their Rust variables: `wires! { let prod = a * b; }`.
#[macro_export]
macro_rules! wires {
    ($(let $name:ident = $value:expr;)*) => { $(let $name = $crate::dsl::Named::named($value, stringify!($name));)* };
}
