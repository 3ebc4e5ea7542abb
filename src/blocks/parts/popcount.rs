//! Counting ones.
use crate::hdl::prelude::*;

/// How many of the bits are 1: full adders first, then a tree.
pub fn popcount<'b>(m: Builder<'b>, bits: &[Bit<'b>]) -> UInt<'b> {
    let triple = |bits: &[Bit<'b>]| bits.iter().skip(1).fold(bits[0].uint(), |sum, b| sum + b.uint());
    let mut level: Vec<UInt> = bits.chunks(3).map(triple).collect();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| if let [a, b] = pair { *a + *b } else { pair[0] }).collect();
    }
    level.first().copied().unwrap_or_else(|| m.nat(0))
}
