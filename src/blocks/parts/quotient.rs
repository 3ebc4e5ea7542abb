//! Quotients of floating-point numbers, as long as a rounding needs them.
use super::decode::Number;
use super::normalize::{Limit, normalize};
use crate::hdl::prelude::*;

/// a / b with the sign of a: `bits` bits, the first of which may be 0, and one more that tells of a remainder. b is not 0; what is
/// infinite or not a number is the caller's.
///
/// Both significands are normalised, so that their quotient is between 1/2 and 2, and subtracted a bit after the other.
pub fn quotient<'b>(a: Number<'b>, b: Number<'b>, bits: u32) -> Number<'b> {
    let top = |n: &Number<'b>| normalize(n.sig, Limit::Known(n.leading_zeros), n.sig.width());
    let ((x, x_zeros), (y, y_zeros)) = (top(&a), top(&b));
    let width = x.width().max(y.width());
    let wide = |v: UInt<'b>| v.shl_const(width - v.width()).wrap(width);
    let (mut rest, divisor) = (wide(x), wide(y).named("divisor"));
    let mut digits: Option<UInt> = None;
    for _ in 0..bits {
        let goes = rest.ge(divisor);
        let less = goes.select((rest - divisor).bits().wrap(width), rest.wrap(width));
        digits = Some(digits.map_or(goes.uint(), |d| d.cat(goes.uint())));
        rest = less.shl_const(1).wrap(width + 1);
    }
    let sticky = rest.any().uint();
    let sig = digits.map_or(sticky, |d| d.cat(sticky)).named("quotient");
    let exp = (a.exp - x_zeros.signed() - b.exp + y_zeros.signed()).named("quotient_exp");
    let scale = a.scale - b.scale + a.sig.width() as i32 - b.sig.width() as i32 - bits as i32;
    let least = exp.range().bounds().map_or(i64::from(i32::MIN), |(lo, _)| lo as i64);
    Number {
        sign: a.sign,
        sig,
        exp,
        scale,
        nan: None,
        inf: None,
        leading_zeros: 1,
        grounded: false,
        grid: least + i64::from(scale),
        can_be_zero: true,
    }
}
