//! The generated hardware judged by other people's software: every vector under `testbenches/reference` that a block
//! can express goes through the golden model, the native simulator and Verilator, and must agree. What a library does
//! in its own way is expressed as a policy; what no block can express is counted with its reason. Every count is
//! asserted. The table is printed by `cargo test --release --test vectors -- --nocapture`.
//!
//! Of the sets that judge thousands of configurations or very large ones, Verilator sees a fixed part by default (the
//! golden models and the native simulator see all); `NARROWGEN_FULL=1` puts everything through Verilator too.
mod bitmod;
mod bitnet;
mod command;
mod dequants;
mod dots;
mod judge;
mod lmul;
mod minifloats;
mod mx;
mod nvfp4;
mod printed;
mod products;
#[path = "../../src/golden/tests/anchors/reader.rs"]
#[allow(dead_code)]
mod reader;
mod requants;
mod rounding;
mod softfloat;
