//! An adder that can subtract.
use crate::hdl::prelude::*;

/// base + x, or base - x if `negative`, modulo 2^bits. One adder: -x is its complement plus one, and the one
/// comes in as a carry out of an extra lowest place.
pub fn add_or_subtract<'b>(base: SInt<'b>, x: SInt<'b>, negative: Bit<'b>, bits: u32) -> SInt<'b> {
    let m = base.builder();
    let spread = negative.select(m.int(-1).wrap(bits), m.int(0).wrap(bits)).bits();
    let flipped = x.wrap(bits).bits() ^ spread;
    let sum = base.wrap(bits).bits().cat(m.high().uint()) + flipped.cat(negative.uint());
    sum.slice(bits, 1).as_sint()
}

/// sum + row + carry modulo 2^width, as `{sum, carry} - {~row, 1}`: synthesis then takes `sum` as the plain operand of the carry
/// chain, and the logic that makes `row` into the look-up table in front of it.
pub fn plus_row<'b>(sum: UInt<'b>, row: UInt<'b>, carry: Bit<'b>) -> UInt<'b> {
    let (m, width) = (carry.builder(), sum.width());
    let (left, right) = (sum.cat(carry.uint()), (!row).cat(m.high().uint()));
    (left - right).wrap(width + 1).bits().trunc_low(1)
}
