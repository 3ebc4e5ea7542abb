//! Exact products.
use super::decode::{Number, Operand, either, xor_signs};
use crate::hdl::prelude::*;

/// The exact product of two operands. IEEE 754 rules: NaN in, NaN out; 0 × infinity is NaN; the sign is the exclusive or.
pub fn exact_product<'b>(a: Operand<'b>, b: Operand<'b>) -> Operand<'b> {
    product(a, b, false)
}

/// As [`exact_product`], with significand 0 where the product is infinite or not a number.
pub fn finite_product<'b>(a: Operand<'b>, b: Operand<'b>) -> Operand<'b> {
    product(a, b, true)
}

fn product<'b>(a: Operand<'b>, b: Operand<'b>, finite: bool) -> Operand<'b> {
    if let (Operand::Fixed { value: x, lsb: i }, Operand::Fixed { value: y, lsb: j }) = (a, b) {
        return Operand::Fixed { value: (x * y).named("prod"), lsb: i + j };
    }
    let (a, b) = (a.number(), b.number());
    let zero_inf = |z: &Number<'b>, i: &Number<'b>| i.inf.map(|inf| inf & z.is_zero());
    let nan = either(either(a.nan, b.nan), either(zero_inf(&a, &b), zero_inf(&b, &a))).map(|n| n.named("prod_nan"));
    let inf = either(a.inf, b.inf).map(|i| nan.map_or(i, |n| i & !n).named("prod_inf"));
    let special = either(a.is_special(), b.is_special()).filter(|_| finite);
    // The narrower significand is the cheaper one to clear.
    let clear = |sig: UInt<'b>| special.map_or(sig, |s| s.select(sig.builder().uint(0u32, sig.width()), sig));
    let (x, y) = if a.sig.width() <= b.sig.width() { (clear(a.sig), b.sig) } else { (a.sig, clear(b.sig)) };
    let sig = (x * y).named("prod_sig");
    let lowest_top = (a.sig.width() - a.leading_zeros) + (b.sig.width() - b.leading_zeros) - 1;
    Operand::Float(Number {
        sign: xor_signs(a.sign, b.sign).named("prod_sign"),
        sig,
        exp: (a.exp + b.exp).named("prod_exp"),
        scale: a.scale + b.scale,
        nan,
        inf,
        leading_zeros: sig.width().saturating_sub(lowest_top),
        grounded: false,
        grid: a.grid + b.grid,
        can_be_zero: a.can_be_zero || b.can_be_zero,
    })
}
