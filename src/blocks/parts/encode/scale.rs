//! Rounding to an E8M0 scale: a power of two, without zero or sign.
use super::super::decode::{Number, never};
use super::{Stops, Target, leading};
use crate::formats::*;
use crate::hdl::prelude::*;

const LARGEST: u32 = 254;
const NAN: u32 = 255;

pub(super) fn encode<'b>(target: &Target, random: Option<UInt<'b>>, x: Number<'b>) -> UInt<'b> {
    let m = x.sig.builder();
    let lit = |v: u32| m.uint(v, 8);
    let extra = target.extra();
    let (sig, exp, top) = leading(&x, 1 + extra);
    let code = (exp + m.int(i128::from(top) + 127)).named("floor_code");
    let rest = sig.slice(extra - 1, 0);
    let ties_up = target.rounding.round == Round::Rne && target.rounding.ties == Ties::Up;
    let odd = if ties_up { m.high() } else { code.bits().bit(0) };
    let mut away = target.away(m.low(), odd, rest, random);
    if ties_up {
        // Everything strictly between the two least values goes up.
        away = away | (code.is_zero() & rest.any());
    }
    let below = code.is_negative().named("below");
    let code = code.range().bounds().map_or(code, |(_, hi)| code.assume_within(0, hi.max(0))).assume_non_negative();
    let rounded = if never(away) { code } else { code + away.uint() };
    let over = rounded.gt(lit(LARGEST)).named("over");
    let nonfinite = target.rounding.overflow == Overflow::Nonfinite;
    let past = if nonfinite { NAN } else { LARGEST };
    let finite_past = if target.stops_at_largest(m.low()) == Stops::Never { past } else { LARGEST };
    let finite_past = if target.rounding.round == Round::Up && nonfinite { past } else { finite_past };
    let mut out = over.select(lit(finite_past), rounded.wrap(8));
    out = below.select(lit(0), out);
    if let Some(inf) = x.inf {
        out = inf.select(lit(past), out);
    }
    // Neither zero nor negative numbers exist.
    let outside = if never(x.sign) { x.is_zero() } else { x.sign | x.is_zero() }.named("outside");
    out = outside.select(lit(if nonfinite { NAN } else { 0 }), out);
    if let Some(nan) = x.nan {
        out = nan.select(lit(NAN), out);
    }
    out
}
