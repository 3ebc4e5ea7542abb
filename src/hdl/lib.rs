//! A general RTL compiler: DSL, arena IR, passes, Verilog-2005 printer and native simulator.
//! It knows nothing about number formats.
#![forbid(unsafe_code)]

pub mod arch;
pub mod bits;
pub mod conformance;
pub mod diag;
pub mod dsl;
pub mod edit;
pub mod equal;
pub mod ir;
pub mod minimise;
pub mod mutate;
pub mod ops;
pub mod pass;
pub mod random;
pub mod rationale;
pub mod rows;
pub mod sim;
pub mod text;
pub mod timing;
pub mod verify;
pub mod verilog;

/// What a file that describes hardware needs.
pub mod prelude {
    pub use crate::dsl::{Bit, Builder, Named, SInt, Signal, UInt, Value, design};
    pub use crate::ir::{Design, Reset};
    pub use crate::wires;
    pub use num_bigint::{BigInt, BigUint};
}
