//! Command line of narrowgen.
#![forbid(unsafe_code)]

fn main() {}
