//! Rounding to an integer or fixed-point format.
use super::super::decode::{Number, Operand, never};
use super::super::shift::jam_low;
use super::{Target, on_grid};
use crate::formats::*;
use crate::hdl::prelude::*;

pub(super) fn encode<'b>(target: &Target, f: &IntFormat, random: Option<UInt<'b>>, x: Operand<'b>) -> UInt<'b> {
    match x {
        Operand::Fixed { value, lsb } if !target.rounding.round.is_stochastic() => {
            let rounded = round_fixed(target, f.lsb_exp - lsb, value).named("rounded");
            fit(target, f, rounded)
        }
        _ => from_magnitude(target, f, random, x.number()),
    }
}

/// Least and largest result.
fn bounds(f: &IntFormat) -> (BigInt, BigInt) {
    let half = BigInt::from(1) << (f.bits - 1);
    match f.kind {
        IntKind::Unsigned => (BigInt::ZERO, half * 2 - 1),
        IntKind::Twos => (-half.clone(), half - 1),
        IntKind::Symmetric | IntKind::SignMagnitude => (1 - half.clone(), half - 1),
    }
}

/// value / 2^drop, rounded in two's complement: the floor, or one more.
fn round_fixed<'b>(target: &Target, drop: i32, value: SInt<'b>) -> SInt<'b> {
    let m = value.builder();
    if drop <= 0 {
        return value.shl_const(drop.unsigned_abs());
    }
    let drop = drop as u32;
    let value = value.sext(value.width().max(drop + 1));
    let floor = value.asr(drop);
    let rest = jam_low(value.bits().slice(drop - 1, 0), 2);
    let (half, low, inexact) = (rest.bit(1), rest.bit(0), rest.any());
    let (negative, odd) = (value.is_negative(), floor.bits().bit(0));
    let up = match target.rounding.round {
        Round::Rne => half & (low | odd),
        Round::Rna => half & (low | !negative),
        Round::Rtz => inexact & negative,
        Round::Up => inexact,
        Round::Odd => inexact & !odd,
        _ => m.low(),
    };
    if never(up) { floor } else { floor + up.named("round_up").uint().signed() }
}

/// Saturates or wraps an integer and gives its code.
fn fit<'b>(target: &Target, f: &IntFormat, x: SInt<'b>) -> UInt<'b> {
    let m = x.builder();
    if target.rounding.overflow == Overflow::Wrap {
        return x.wrap(f.bits).bits();
    }
    let (least, largest) = bounds(f);
    let (lo, hi) = (m.sint(least.clone(), f.bits + 1), m.sint(largest.clone(), f.bits + 1));
    let clamped = match f.kind {
        IntKind::Twos => x.saturate(f.bits),
        _ => {
            let x = x.saturate(f.bits + 1);
            let (over, under) = (x.gt(hi).named("over"), x.lt(lo).named("under"));
            over.select(hi, under.select(lo, x))
        }
    };
    match f.kind {
        IntKind::SignMagnitude => {
            let sign = clamped.is_negative();
            let magnitude = clamped.abs().wrap(f.bits - 1);
            sign.uint().cat(magnitude)
        }
        _ => clamped.wrap(f.bits).bits(),
    }
}

fn from_magnitude<'b>(target: &Target, f: &IntFormat, random: Option<UInt<'b>>, x: Number<'b>) -> UInt<'b> {
    let m = x.sig.builder();
    let extra = target.extra();
    let (frame, far) = on_grid(&x, i64::from(f.lsb_exp), f.bits, extra);
    let floor = if frame.width() > extra { frame.trunc_low(extra) } else { m.uint(0u32, 1) };
    let away = target.away(x.sign, floor.bit(0), frame.slice(extra - 1, 0), random);
    let magnitude = (if never(away) { floor } else { floor + away.uint() }).named("rounded");
    let (least, largest) = bounds(f);
    let code = |v: &BigInt| match f.kind {
        IntKind::SignMagnitude if v.sign() == num_bigint::Sign::Minus => {
            m.uint(v.magnitude() + (BigUint::from(1u32) << (f.bits - 1)), f.bits)
        }
        _ => m.sint(v.clone(), f.bits + 1).wrap(f.bits).bits(),
    };
    let end = x.sign.select(code(&least), code(&largest));
    let short = magnitude.wrap(f.bits);
    let signed = match f.kind {
        // -0 is never produced.
        IntKind::SignMagnitude => (x.sign & short.any()).uint().cat(short.wrap(f.bits - 1)),
        _ if never(x.sign) => short,
        _ => x.sign.select((-short.signed()).wrap(f.bits).bits(), short),
    };
    let mut out = match target.rounding.overflow {
        Overflow::Wrap => far.map_or(signed, |far| far.select(m.uint(0u32, f.bits), signed)),
        _ => {
            let limit = |v: &BigInt| m.uint(v.magnitude().clone(), f.bits + 1);
            let limit = x.sign.select(limit(&least), limit(&largest));
            let over = magnitude.gt(limit);
            far.map_or(over, |far| far | over).named("over").select(end, signed)
        }
    };
    if let Some(inf) = x.inf {
        out = inf.select(end, out);
    }
    if let Some(nan) = x.nan {
        let replacement = if target.rounding.nan == NanTo::Max { code(&largest) } else { m.uint(0u32, f.bits) };
        out = nan.select(replacement, out);
    }
    out
}
