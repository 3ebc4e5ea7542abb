//! Floating-point addition, exact as far as the rounding that follows can see.
use super::decode::{Number, Operand, either, never};
use super::encode::{Target, encode};
use super::fixed::{exact_sum, to_fixed};
use super::nearest::add_nearest;
use super::shift::shift_right_jam;
use crate::formats::*;
use crate::hdl::prelude::*;

/// a + b for a rounder that looks at `keep` leading bits of the result, the lowest being a jam bit.
///
/// The operand with the higher top bit (`big`) stands still in a frame; the other is shifted right
/// under it and what it loses is jammed. The frame is wide enough that bits are only lost when the
/// result still has `keep` bits above them, whatever cancels: a `big` with Z leading zeros cancels
/// at most to Z + 1 leading zeros once the other lies Z + 2 places lower. A format with subnormals
/// has leading zeros only at its lowest exponent, where the other operand cannot be much lower.
///
/// IEEE 754 rules: NaN in, NaN out; Inf - Inf is NaN; an exact zero is positive unless both operands
/// are negative, or either of them when rounding `down`.
pub fn add_floats<'b>(a: Number<'b>, b: Number<'b>, keep: u32, down: bool) -> Number<'b> {
    let m = a.sign.builder();
    let frame = frame_bits(&a, &b, keep).max(frame_bits(&b, &a, keep));
    let window = (a.top().1.max(b.top().1) + 1 - a.grid.min(b.grid)).max(1) as u32;
    let frame = frame.min(window).max(a.sig.width()).max(b.sig.width());
    // Both exponents on the scale of a's top bit.
    let (a_top, b_top) = (a.scale + a.sig.width() as i32, b.scale + b.sig.width() as i32);
    let b_exp = b.exp + m.int(i128::from(b_top - a_top));
    wires! {
        let ahead = a.exp - b_exp;
        let swap = ahead.is_negative();
        let distance = ahead.abs();
    }
    // A zero can have a high exponent; it must not push the other operand out of the frame.
    let swap = if harmless_zero(&a, &b, frame, window) { swap } else { swap | a.is_zero() };
    let b_big = if harmless_zero(&b, &a, frame, window) { swap } else { swap & !b.is_zero() }.named("b_big");
    let (x, y) = (a.sig.shl_const(frame - a.sig.width()), b.sig.shl_const(frame - b.sig.width()));
    let differ = if never(a.sign) && never(b.sign) { m.low() } else { a.sign ^ b.sign };
    wires! {
        let big = b_big.select(y, x);
        let small = shift_right_jam(b_big.select(x, y), distance);
        let big_sign = b_big.select(b.sign, a.sign);
    }
    let exp = b_big.select(b_exp, a.exp).named("sum_exp");
    // Subtraction is complement and carry-in, the carry-in a column below both operands.
    let (sum, sign) = if never(differ) {
        (big + small, big_sign)
    } else {
        let spread = differ.uint().as_sint().sext(frame + 1).bits();
        let left = big.zext(frame + 1).cat(differ.uint()).as_sint();
        let right = (small.zext(frame + 1) ^ spread).cat(differ.uint()).as_sint();
        let signed = (left + right).asr(1).named("signed_sum");
        let limit = 1i128.checked_shl(frame + 1).filter(|_| frame < 118);
        let signed = limit.map_or(signed, |hi| signed.assume_within(1 - hi / 2, hi - 2));
        (signed.abs(), big_sign ^ signed.is_negative())
    };
    let sum = sum.named("sum");
    let zero_sign = if down { a.sign | b.sign } else { a.sign & b.sign };
    let sign = if never(a.sign) && never(b.sign) { m.low() } else { sum.is_zero().select(zero_sign, sign) };
    let clash = a.inf.zip(b.inf).filter(|_| !never(differ)).map(|(i, j)| i & j & differ);
    let nan = either(either(a.nan, b.nan), clash).map(|n| n.named("sum_nan"));
    let inf = either(a.inf, b.inf).map(|i| nan.map_or(i, |n| i & !n).named("sum_inf"));
    let sign = b.inf.map_or(sign, |i| i.select(b.sign, sign));
    let sign = a.inf.map_or(sign, |i| i.select(a.sign, sign)).named("sum_sign");
    let leading_zeros = sum.width() - 1;
    let (scale, grid) = (a_top - frame as i32, a.grid.min(b.grid));
    Number { sign, sig: sum, exp, scale, nan, inf, leading_zeros, grounded: false, grid, can_be_zero: true }
}

/// Bits of the frame when `big` has the higher top bit and is not 0.
pub(super) fn frame_bits(big: &Number, small: &Number, keep: u32) -> u32 {
    let normal = (keep + 1).max(small.sig.width() + 1).max(big.sig.width() + 1);
    let z = big.leading_zeros;
    if z == 0 {
        return normal;
    }
    let anywhere = (z + keep + 1).max(small.sig.width() + z + 1);
    normal.max(if big.grounded { anywhere.min(below_lowest(big, small)) } else { anywhere })
}

/// Bits of a frame that holds all of `small` under the lowest position of `big`.
fn below_lowest(big: &Number, small: &Number) -> u32 {
    let below = u32::try_from(big.top().0 - small.top().0).unwrap_or(0);
    small.sig.width().saturating_add(below)
}

/// True if `big` may stay `big` when it is 0: the other operand loses nothing.
pub(super) fn harmless_zero(big: &Number, small: &Number, frame: u32, window: u32) -> bool {
    frame >= window || (big.grounded && frame >= below_lowest(big, small))
}

/// a + b, exact, rounded once to the target.
pub fn accumulate<'b>(target: &Target, random: Option<UInt<'b>>, a: Operand<'b>, b: Operand<'b>) -> UInt<'b> {
    rounded_sum(target, random, a, b, false).0
}

/// The same, but where the flag is 1 the code is 0 instead: a register that clear makes 0 has a pin for that.
pub fn accumulate_apart<'b>(
    target: &Target,
    random: Option<UInt<'b>>,
    a: Operand<'b>,
    b: Operand<'b>,
) -> (UInt<'b>, Option<Bit<'b>>) {
    rounded_sum(target, random, a, b, true)
}

/// The sum, and if `apart` a flag that may say that it is 0, whatever the code.
fn rounded_sum<'b>(
    target: &Target,
    random: Option<UInt<'b>>,
    a: Operand<'b>,
    b: Operand<'b>,
    apart: bool,
) -> (UInt<'b>, Option<Bit<'b>>) {
    match (target.format, a, b) {
        (Format::Minifloat(_), Operand::Float(_), _) | (Format::Minifloat(_), _, Operand::Float(_)) => {
            let down = target.rounding.round == Round::Down;
            if let Format::Minifloat(f) = target.format
                && let Some(sum) = add_nearest(target, f, a.number(), b.number(), apart)
            {
                return sum;
            }
            let sum = add_floats(a.number(), b.number(), target.keep(), down);
            (encode(target, random, Operand::Float(sum)), None)
        }
        _ => {
            let m = match a {
                Operand::Fixed { value, .. } => value.builder(),
                Operand::Float(n) => n.sig.builder(),
            };
            let lsb = a.grid().min(b.grid()) as i32;
            (encode(target, random, exact_sum(m, &[to_fixed(a, lsb), to_fixed(b, lsb)]).operand()), None)
        }
    }
}

/// +0 + x: exact, but a zero comes out positive unless rounding down.
pub fn plus_zero(x: Operand<'_>, round: Round) -> Operand<'_> {
    match x {
        Operand::Float(n) if round != Round::Down && !never(n.sign) => {
            // Of an infinity or NaN the significand is arbitrary; only its sign must pass.
            let zero = n.is_special().map_or(n.is_zero(), |s| n.is_zero() & !s);
            Operand::Float(Number { sign: n.sign & !zero, ..n })
        }
        _ => x,
    }
}
