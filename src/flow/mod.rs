//! External tools: finding and installing them, and running simulation, synthesis and place-and-route.
pub mod board;
pub mod cache;
pub mod check;
pub mod codes;
pub mod coverage;
pub mod engine;
pub mod error;
pub mod folder;
pub mod harness;
pub mod icarus;
pub mod install;
pub mod lint;
pub mod manifest;
pub mod minimise;
pub mod process;
pub mod report;
pub mod repro;
pub mod signature;
pub mod stimulus;
pub mod target;
pub mod testbench;
#[cfg(test)]
mod testblock;
pub mod tool;
pub mod unit;
pub mod vectors;
pub mod verilator;
