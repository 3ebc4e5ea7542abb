//! Counting ones.
use crate::hdl::prelude::*;

/// Bits of a first sum: three, two and a carry-in.
const GROUP: usize = 6;

/// How many of the bits are 1. Six bits make a first sum: the count of three, that of two, and one as the carry-in, so that
/// tables of six inputs take what stands in front of the adder. Each adder of the tree above counts one more as its carry-in.
pub fn popcount<'b>(m: Builder<'b>, bits: &[Bit<'b>]) -> UInt<'b> {
    if bits.is_empty() {
        return m.nat(0);
    }
    let few = |bits: &[Bit<'b>]| bits.iter().skip(1).fold(bits[0].uint(), |sum, b| sum + b.uint());
    // So many groups that their adders take the rest, or most of it; what they do not take makes terms of up to three bits.
    let groups = (bits.len() + 1) / (GROUP + 1);
    let (grouped, rest) = bits.split_at(groups * GROUP);
    let terms = (rest.len() + 1).saturating_sub(groups).div_ceil(4);
    let alone = (rest.len() + 1).saturating_sub(groups + terms).max(terms.min(1));
    let (alone, carries) = rest.split_at(alone);
    let mut carries = carries.iter();
    let mut level: Vec<UInt> = grouped.chunks(GROUP).map(|g| plus(few(&g[..3]), few(&g[3..5]), g[5])).collect();
    level.extend(alone.chunks(alone.len().div_ceil(terms.max(1)).max(1)).map(few));
    while level.len() > 1 {
        let pair = |pair: &[UInt<'b>]| match (pair, pair.get(1).and_then(|_| carries.next())) {
            ([a, b], Some(carry)) => plus(*a, *b, *carry),
            ([a, b], None) => *a + *b,
            (rest, _) => rest[0],
        };
        level = level.chunks(2).map(pair).collect();
    }
    level[0]
}

/// a + b + carry, the carry coming out of an extra lowest place.
fn plus<'b>(a: UInt<'b>, b: UInt<'b>, carry: Bit<'b>) -> UInt<'b> {
    let sum = a.cat(carry.uint()) + b.cat(carry.uint());
    sum.trunc_low(1)
}
