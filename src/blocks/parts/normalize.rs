//! Leading-zero count and normalising shift, in one ladder.
use crate::hdl::dsl::bits_unsigned;
use crate::hdl::prelude::*;

/// Shifts `x` left until its top bit is 1 and returns it with the shift distance.
/// For `x` = 0 the first result is 0 and the distance means nothing.
///
/// One stage per power of two: if the top 2^k bits are zero, shift them out. The conditions are
/// the bits of the count, so counting costs nothing beyond shifting.
pub fn normalize<'b>(x: UInt<'b>) -> (UInt<'b>, UInt<'b>) {
    let w = x.width();
    let m = x.builder();
    if w == 1 {
        return (x, m.nat(0));
    }
    let stages = bits_unsigned(u128::from(w - 1));
    let mut value = x;
    let mut count: Option<UInt> = None;
    for k in (0..stages).rev() {
        let n = 1 << k;
        let zero = value.slice(w - 1, w - n).is_zero().named(&format!("lz{k}"));
        value = zero.select(value.shl_const(n).wrap(w), value).named(&format!("norm{k}"));
        count = Some(match count {
            None => zero.uint(),
            Some(c) => c.cat(zero.uint()),
        });
    }
    let count = count.unwrap_or_else(|| m.nat(0));
    (value, count.assume_at_most(u128::from(w - 1)))
}
