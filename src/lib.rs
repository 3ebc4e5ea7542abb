//! narrowgen: checked Verilog for low-precision arithmetic in any format and width.
#![forbid(unsafe_code)]

pub use narrowgen_golden as golden;
pub use narrowgen_hdl as hdl;

pub mod blocks;
pub mod cli;
pub mod demo;
pub mod flow;
pub mod formats;
pub mod sweep;
