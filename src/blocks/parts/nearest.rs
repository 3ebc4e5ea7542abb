//! Floating-point addition and rounding to nearest as one data path.
//!
//! Where results are rounded to the nearest even value, the steps of [`super::add_floats`] and [`super::encode()`] share their adders:
//!
//! * The larger operand is inverted for a difference, not the smaller: the difference then needs no carry-in, and comes
//!   out inverted, unless the operands are of equal exponents and the smaller was larger after all.
//! * Then the sum is one too small. It is shifted with ones behind it, and rounding, which adds one
//!   anyway, makes up for it.
//! * Normalisation stops at the lowest exponent, so that there is no second shift for subnormal results.
//! * One adder has the exponent less its leading zeros, the fraction and the rounding.
use super::add::{frame_bits, harmless_zero};
use super::addsub::plus_row;
use super::decode::{Number, either, never};
use super::encode::{Target, pack};
use super::normalize::normalize_within;
use super::shift::{shift_right_jam, shift_right_near};
use crate::formats::*;
use crate::hdl::dsl::bits_unsigned;
use crate::hdl::prelude::*;
use num_bigint::BigUint;

/// a + b rounded once, if this data path can do it: to nearest even, `a` at the target's exponents or above. Where the flag is 1 the
/// sum is 0, whatever the code; there is none unless it is asked for (`apart`).
pub(super) fn add_nearest<'b>(
    target: &Target,
    f: &Minifloat,
    a: Number<'b>,
    b: Number<'b>,
    apart: bool,
) -> Option<(UInt<'b>, Option<Bit<'b>>)> {
    let plain = target.rounding.round == Round::Rne && target.rounding.ties != Ties::Up;
    if !plain || f.exp_bits < 2 || f.frac_bits == 0 {
        return None;
    }
    let m = a.sign.builder();
    let (keep, precision) = (target.keep(), f.frac_bits + 1);
    let window = (a.top().1.max(b.top().1) + 1 - a.grid.min(b.grid)).max(1) as u32;
    let (a_top, b_top) = (a.scale + a.sig.width() as i32, b.scale + b.sig.width() as i32);
    let b_exp = b.exp + m.int(i128::from(b_top - a_top));
    // `b` is never big below the exponents of `a`, even if `a` is 0.
    let (least, most) = (a.exp.range().bounds()?, b_exp.range().bounds()?.1);
    let offset = i128::from(a_top) + i128::from(f.bias) - 1;
    // Where `a` has leading zeros the result is a multiple of the smallest step: what lies far below only rounds it.
    let rooted = a.grounded && (0..=1).contains(&(least.0 + offset));
    let normal = Number { leading_zeros: if rooted { 0 } else { a.leading_zeros }, ..a };
    let frame = frame_bits(&normal, &b, keep).max(frame_bits(&b, &a, keep)).min(window);
    let frame = frame.max(a.sig.width() + 1).max(b.sig.width()).max(precision + 2);
    let harmless = harmless_zero(&a, &b, frame, window);
    if least.0 + offset < 0 || !(rooted || harmless) {
        return None;
    }
    wires! {
        let ahead = a.exp - b_exp;
        let swap = ahead.is_negative();
    }
    let b_big =
        if !b.can_be_zero || harmless_zero(&b, &a, frame, window) { swap } else { swap & !b.is_finite_zero() }.named("b_big");
    // -n is the complement of n, plus one: `a` goes one place ahead.
    let distance = ahead.bits() ^ spread(swap, ahead.width());
    let distance = if ahead.width() > 1 { distance.slice(ahead.width() - 2, 0) } else { m.nat(0) }.named("distance");
    let (x, y) = (a.sig.shl_const(frame - a.sig.width()), b.sig.shl_const(frame - b.sig.width()));
    let ahead_by_one = x.trunc_low(1).zext(frame);
    let small = b_big.select(ahead_by_one, y).named("small");
    // What falls off altogether decides nothing if the other operand is short of a tie.
    let short = harmless && a.sig.width().max(b.sig.width()) <= precision;
    let small = if short { shift_right_near(small, distance) } else { shift_right_jam(small, distance) };
    let differ = if never(a.sign) && never(b.sign) { m.low() } else { (a.sign ^ b.sign).named("differ") };
    let big = (b_big.select(y, x) ^ spread(differ, frame)).named("big");
    let sum = plus_row(big.zext(frame + 1), small.zext(frame + 1), m.low()).named("sum");
    wires! {
        let late = sum.bit(frame) & differ;
        let inverted = differ & !sum.bit(frame);
    }
    let top = sum.bit(frame) & !differ;
    let value = top.uint().cat(sum.slice(frame - 1, 0) ^ spread(inverted, frame)).named("magnitude");
    // Leading zeros that may go, and the exponent field less one if none do.
    let a_room = a.exp + m.int(offset);
    let b_room = (b_exp + m.int(offset)).assume_within(least.0 + offset, most.max(least.0) + offset);
    let room = b_big.select(b_room, a_room).assume_within(least.0 + offset, most.max(least.1) + offset);
    let room = room.assume_non_negative().named("room");
    // A difference of one unit comes out as 0 with ones behind it: its leading one is a place beyond the last.
    let w = frame + 1;
    let places = if above_last_place(&a, &b, frame) && above_last_place(&b, &a, frame) { w - 1 } else { w };
    // A multiple of a normal number is never subnormal.
    let unlimited = a.grid.min(b.grid) + i64::from(f.bias) > 0;
    let (sig, zeros) = normalize_within(value, places, (!unlimited).then_some(room), late);
    let hidden = sig.msb().named("normal_out");
    let fraction = sig.slice(w - 2, w - precision);
    let (guard, odd) = (sig.bit(w - precision - 1), sig.bit(w - precision));
    let rest = if w > precision + 1 {
        let rest = sig.slice(w - precision - 2, 0);
        (rest ^ spread(late, rest.width())).any()
    } else {
        late
    }
    .named("rest");
    let away = late.select(guard | (!rest & odd), guard & (rest | odd)).named("away");
    // exponent field = room + 1 - zeros, or 0 without a leading one, which is a zero where normalisation has no limit.
    let bits = bits_unsigned((most.max(least.1) + offset + 1).max(1) as u128);
    let zero = (apart && unlimited && !has_specials(&a, &b)).then(|| (!hidden).named("sum_zero"));
    let field = if zero.is_some() { room } else { hidden.select(room, m.uint(0u32, room.width())) }.zext(bits);
    let step = step(m, hidden, zeros, bits, zero.is_some());
    let code = plus_row(step.cat(m.uint(0u32, f.frac_bits)), field.cat(fraction), away).named("code");
    let differ_zero = inverted & !hidden & value.is_zero();
    let sign = if never(a.sign) && never(b.sign) { m.low() } else { b_big.select(b.sign, a.sign) ^ late };
    let sign = if never(differ) || zero.is_some() { sign } else { sign & !differ_zero };
    let clash = a.inf.zip(b.inf).filter(|_| !never(differ)).map(|(i, j)| i & j & differ);
    let nan = either(either(a.nan, b.nan), clash).map(|n| n.named("sum_nan"));
    let inf = either(a.inf, b.inf).map(|i| nan.map_or(i, |n| i & !n).named("sum_inf"));
    let sign = b.inf.map_or(sign, |i| i.select(b.sign, sign));
    let sign = a.inf.map_or(sign, |i| i.select(a.sign, sign)).named("sum_sign");
    Some((pack(target, f, &Number { sign, nan, inf, ..a }, code), zero))
}

fn has_specials(a: &Number, b: &Number) -> bool {
    a.is_special().is_some() || b.is_special().is_some()
}

/// True if the last place of the frame is 0 in both operands wherever `small` can be the larger one after all.
fn above_last_place(big: &Number, small: &Number, frame: u32) -> bool {
    let level = frame > big.sig.width() && frame > small.sig.width();
    // With Z leading zeros `big` is only smaller if the other one is at most Z places below.
    let below = frame > small.sig.width() + big.leading_zeros;
    let lowest_place = big.top().0 + 1 - i64::from(frame);
    level && (below || (big.grounded && lowest_place < big.grid.min(small.grid)))
}

/// Copies of a bit.
fn spread(bit: Bit<'_>, width: u32) -> UInt<'_> {
    bit.uint().as_sint().sext(width).bits()
}

/// 1 - zeros if there is a leading one (`always`: there is one where it matters), else 0, modulo 2^`bits`; a table, so that it fits in
/// front of an adder.
fn step<'b>(m: Builder<'b>, hidden: Bit<'b>, zeros: UInt<'b>, bits: u32, always: bool) -> UInt<'b> {
    let entry = |address: u64| match address >> zeros.width() {
        0 if !always => BigUint::ZERO,
        _ => BigUint::from((1i64 - (address & ((1 << zeros.width()) - 1)) as i64).rem_euclid(1 << bits) as u64),
    };
    let address = if always { zeros } else { hidden.uint().cat(zeros) };
    let values: Vec<BigUint> = (0..1u64 << address.width()).map(entry).collect();
    m.table("exponent_step", address, bits, &values)
}
