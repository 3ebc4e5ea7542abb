//! x · b / 2^c, rounded to an integer.
use super::shift::shift_right_jam;
use crate::hdl::prelude::*;

/// Where a half goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Toward +infinity.
    Up,
    /// Away from zero.
    Away,
    /// To the even integer.
    Even,
}

/// The fraction b / 2^c, with c a signal or a constant.
pub struct Fraction<'b> {
    /// Numerator.
    pub b: SInt<'b>,
    /// Exponent of the denominator.
    pub c: Result<SInt<'b>, i64>,
}

/// x times the fraction, rounded to the nearest integer; nothing overflows.
pub fn requantise<'b>(x: SInt<'b>, by: Fraction<'b>, half: Half) -> SInt<'b> {
    let product = (x * by.b).named("prod");
    match by.c {
        Err(c) if c <= 0 => product.shl_const(c.unsigned_abs() as u32),
        Err(c) => by_constant(product, c as u32, half),
        Ok(c) => by_signal(product, c, half),
    }
}

/// Two's complement: the floor, and one more where the fraction says so.
fn by_constant<'b>(product: SInt<'b>, c: u32, half: Half) -> SInt<'b> {
    if half == Half::Up {
        // floor(2x) + 1, halved.
        let m = product.builder();
        return (product.asr(c - 1) + m.int(1)).named("raised").asr(1).named("rounded");
    }
    let wide = product.sext(product.width().max(c + 1));
    let bits = wide.bits();
    let tie_up = match half {
        Half::Even => bits.bit(c),
        _ => !bits.msb(),
    };
    let up = match c {
        1 => bits.bit(0) & tie_up,
        _ => bits.bit(c - 1) & (bits.slice(c - 2, 0).any() | tie_up),
    }
    .named("up");
    (wide.asr(c) + up.uint().signed()).named("rounded")
}

/// On the magnitude, shifted right with a half bit and a jam bit below the integer.
fn by_signal<'b>(product: SInt<'b>, c: SInt<'b>, half: Half) -> SInt<'b> {
    let m = product.builder();
    let most_left = 1u32 << (c.width() - 1);
    wires! {
        let negative = product.is_negative();
        let magnitude = product.abs();
        let distance = (c + m.int(most_left.into())).assume_non_negative();
        let shifted = shift_right_jam(magnitude.shl_const(most_left + 2), distance);
    }
    let (lsb, half_bit, rest) = (shifted.bit(2), shifted.bit(1), shifted.bit(0));
    let tie_up = match half {
        Half::Up => !negative,
        Half::Away => m.high(),
        Half::Even => lsb,
    };
    wires! {
        let up = half_bit & (rest | tie_up);
        let rounded = (shifted.trunc_low(2) + up.uint()).signed();
    }
    negative.select(-rounded, rounded)
}
