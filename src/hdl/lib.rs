//! A general RTL compiler: DSL, arena IR, passes, Verilog-2005 printer and native simulator.
//! It knows nothing about number formats.
#![forbid(unsafe_code)]

pub mod bits;
pub mod ir;
pub mod ops;
pub mod rows;
