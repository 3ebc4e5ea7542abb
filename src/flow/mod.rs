//! External tools: finding and installing them, and running simulation, synthesis and place-and-route.
pub mod board;
pub mod harness;
pub mod report;
pub mod signature;
pub mod target;
#[cfg(test)]
mod testblock;
