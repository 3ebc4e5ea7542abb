//! External tools: finding and installing them, and running simulation, synthesis and place-and-route.
pub mod board;
pub mod cache;
pub mod error;
pub mod harness;
pub mod install;
pub mod process;
pub mod report;
pub mod signature;
pub mod target;
#[cfg(test)]
mod testblock;
pub mod tool;
pub mod unit;
pub mod verilator;
