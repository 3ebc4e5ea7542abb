//! Adder trees.
use crate::hdl::prelude::*;

/// The sum of a list, by a balanced tree; exactly as wide as the ranges of the terms require.
/// An empty list sums to 0.
pub fn sum<'b>(m: Builder<'b>, terms: &[SInt<'b>]) -> SInt<'b> {
    let mut level: Vec<SInt> = terms.to_vec();
    let mut depth = 0;
    while level.len() > 1 {
        level = level
            .chunks(2)
            .enumerate()
            .map(|(i, pair)| match pair {
                [a, b] => (*a + *b).named(&format!("sum{depth}_{i}")),
                rest => rest[0],
            })
            .collect();
        depth += 1;
    }
    level.first().copied().unwrap_or_else(|| m.int(0))
}
