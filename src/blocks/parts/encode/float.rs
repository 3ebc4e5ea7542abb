//! Rounding to a minifloat.
//!
//! The code of a magnitude, exponent field and fraction together, is a number that counts the
//! values of the format; so rounding is adding one to it: a carry out of the fraction moves the
//! exponent, and a subnormal that becomes normal needs no case of its own. Results beyond the
//! largest value are recognised by their code.
use super::super::decode::{Number, never};
use super::super::fixed::largest_code;
use super::super::normalize::{Limit, normalize};
use super::super::shift::{jam_low, shift_right_jam};
use super::{Stops, Target, leading};
use crate::formats::*;
use crate::hdl::prelude::*;

/// `sig`: hidden bit, fraction, extra bits; `field`: exponent field where the hidden bit is 1, absent
/// if no value reaches the normal range before rounding.
struct Frame<'b> {
    sig: UInt<'b>,
    field: Option<UInt<'b>>,
}

pub(super) fn encode<'b>(target: &Target, f: &Minifloat, random: Option<UInt<'b>>, x: Number<'b>) -> UInt<'b> {
    let m = x.sig.builder();
    let (p, extra) = (f.frac_bits, target.extra());
    let frame = frame(f, extra, &x);
    let hidden = frame.sig.msb().named("normal_out");
    let field = match frame.field {
        None => hidden.uint(),
        // Also clears the meaningless exponent of zero.
        Some(field) => hidden.select(field, m.uint(0u32, field.width())),
    };
    let code = if p == 0 { field } else { field.cat(frame.sig.slice(extra + p - 1, extra)) }.named("floor_code");
    let power_tie = target.rounding.ties == Ties::Up && target.rounding.round == Round::Rne;
    // Ties between powers of two go up; the one between zero and the least power has an even code below.
    let odd = if power_tie { code.any() } else { code.bit(0) };
    let away = target.away(x.sign, odd, frame.sig.slice(extra - 1, 0), random);
    let code = if never(away) { code } else { code + away.uint() }.named("code");
    finish(target, f, &x, code)
}

/// Brings the magnitude into the format's frame: leading one on the hidden bit, or on its place
/// below for subnormal results.
fn frame<'b>(f: &Minifloat, extra: u32, x: &Number<'b>) -> Frame<'b> {
    let m = x.sig.builder();
    let keep = 1 + f.frac_bits + extra;
    let least_normal = 1 - i64::from(f.bias);
    let w = x.sig.width();
    let field_of = |exp: SInt<'b>, top: i64| {
        // Where the hidden bit is 1 the field is at least 1.
        let field = exp + m.int(i128::from(top) + i128::from(f.bias));
        let highest = field.range().bounds().map_or(i128::from(i32::MAX), |(_, hi)| hi.max(1));
        field.assume_within(1, highest).assume_non_negative().named("field")
    };
    let (lo, hi) = x.top();
    if hi < least_normal {
        // Subnormal at most: align to the fixed grid.
        let deep = (least_normal - hi).min(i64::from(keep)) as u32;
        let sig = jam_low(x.sig.zext(w + deep), keep);
        let distance = x.exp.range().bounds().map_or(x.exp, |(_, top)| m.int(top) - x.exp).assume_non_negative();
        let sig = if lo == hi { sig } else { shift_right_jam(sig, distance) };
        return Frame { sig, field: None };
    }
    if lo == hi && x.lowest() < least_normal {
        // Fixed point: normalise, but stop where subnormals begin.
        let limit = (hi - least_normal) as u32;
        let (sig, zeros) = normalize(x.sig, Limit::Stop(limit), keep);
        return Frame { sig, field: Some(field_of(x.exp - zeros.signed(), hi - exp_const(x))) };
    }
    // Leading zeros that only occur where results are subnormal or 0 may stay.
    let normal = if x.grounded && lo <= least_normal { Number { leading_zeros: 0, ..*x } } else { *x };
    let (sig, exp, top) = leading(&normal, keep);
    let field = field_of(exp, top);
    if normal.lowest() >= least_normal {
        return Frame { sig, field: Some(field) };
    }
    wires! {
        let deficit = m.int(i128::from(least_normal - top)) - exp;
        let above = deficit.is_negative();
        let denormal = above.select(m.nat(0), deficit.assume_non_negative());
    }
    Frame { sig: shift_right_jam(sig, denormal).named("placed"), field: Some(field) }
}

/// The value of an exponent that does not vary.
fn exp_const(x: &Number) -> i64 {
    x.exp.range().bounds().map_or(0, |(lo, _)| lo as i64)
}

/// Overflow, flush, sign and special values around the magnitude's code.
pub(super) fn finish<'b>(target: &Target, f: &Minifloat, x: &Number<'b>, code: UInt<'b>) -> UInt<'b> {
    let m = code.builder();
    let fields = f.exp_bits + f.frac_bits;
    let (largest, sign) = (largest_code(f), x.sign);
    let lit = |v: u64| m.uint(v, fields);
    let code = match target.below {
        // The exponent field of 2^n is n + bias.
        Some(n) if n + i64::from(f.bias) > 0 => code.assume_at_most(((n + i64::from(f.bias)) as u128) << f.frac_bits),
        _ => code,
    };
    let flush = target.flushes(f);
    let over = match code.range().bounds() {
        Some((_, hi)) if hi <= i128::from(largest) => None,
        _ => Some(code.gt(m.nat(largest.into()))),
    };
    // Below zero an unsigned format ends at once.
    let under = (!f.signed && !never(sign)).then(|| sign & code.any());
    let code = code.wrap(fields);
    let mut magnitude = code;
    let infinity = largest + 1;
    // Where every number is subnormal, the largest one is flushed as well.
    let largest = if flush && largest >> f.frac_bits == 0 { 0 } else { largest };
    if flush {
        let normal = code.trunc_low(f.frac_bits).any();
        magnitude = normal.select(code, lit(0));
    }
    let nonfinite = if has_infinity(f) { infinity } else { nan_magnitude(f).unwrap_or(largest) };
    let fnuz_nan = nan_is_minus_zero(f) && !has_infinity(f);
    // `beyond`: magnitude bits of what replaces a finite overflow or an infinity; `to_nan`: the replacement is the NaN in place of -0.
    let nonfinite_allowed = target.rounding.overflow == Overflow::Nonfinite;
    let stops = target.stops_at_largest(sign);
    let finite_over = match stops {
        Stops::Always => lit(largest),
        Stops::Never => lit(nonfinite),
        Stops::Positive => sign.select(lit(nonfinite), lit(largest)),
        Stops::Negative => sign.select(lit(largest), lit(nonfinite)),
    };
    let mut minus_zero_nan: Option<Bit<'b>> = None;
    let or = |a: Option<Bit<'b>>, b: Bit<'b>| Some(a.map_or(b, |a| a | b));
    if let Some(over) = over {
        let over = over.named("over");
        magnitude = over.select(finite_over, magnitude);
        if fnuz_nan {
            minus_zero_nan = match stops {
                Stops::Always => None,
                Stops::Never => Some(over),
                Stops::Positive => Some(over & sign),
                Stops::Negative => Some(over & !sign),
            };
        }
    }
    if let Some(inf) = x.inf {
        magnitude = inf.select(lit(if nonfinite_allowed { nonfinite } else { largest }), magnitude);
        if fnuz_nan && nonfinite_allowed {
            minus_zero_nan = or(minus_zero_nan, inf);
        }
    }
    if !f.signed && !never(sign) {
        // An unsigned format: negative results are zero, or NaN if they may not be finite.
        magnitude = sign.select(lit(0), magnitude);
        let nan = lit(nan_magnitude(f).unwrap_or(0));
        if let (Some(under), Stops::Never | Stops::Positive) = (under, stops) {
            magnitude = under.select(nan, magnitude);
        }
        if let (Some(inf), true) = (x.inf, nonfinite_allowed) {
            magnitude = (inf & sign).select(nan, magnitude);
        }
    }
    if !f.signed {
        return match x.nan {
            Some(nan) => nan.select(lit(nan_magnitude(f).unwrap_or(0)), magnitude),
            None => magnitude,
        };
    }
    let mut out = if never(sign) && !nan_is_minus_zero(f) {
        m.low().uint().cat(magnitude)
    } else if nan_is_minus_zero(f) {
        // No -0: the sign of a zero is dropped, and its code is the NaN.
        let sign = if never(sign) { sign } else { sign & magnitude.any() };
        sign.uint().cat(magnitude)
    } else {
        sign.uint().cat(magnitude)
    };
    let minus_zero = m.uint(1u64 << fields, fields + 1);
    if let Some(nan) = minus_zero_nan {
        out = nan.select(minus_zero, out);
    }
    if let Some(nan) = x.nan {
        out = nan.select(nan_code(target, f, sign), out);
    }
    out
}

/// What NaN becomes.
fn nan_code<'b>(target: &Target, f: &Minifloat, sign: Bit<'b>) -> UInt<'b> {
    let m = sign.builder();
    let fields = f.exp_bits + f.frac_bits;
    let whole = |v: u64| m.uint(v, fields + 1);
    let keep = target.nan_sign == NanSign::Keep && !never(sign);
    match nan_magnitude(f) {
        _ if nan_is_minus_zero(f) => whole(1 << fields),
        Some(magnitude) if keep => sign.uint().cat(m.uint(magnitude, fields)),
        Some(magnitude) => whole(magnitude),
        None => match target.rounding.nan {
            NanTo::Zero => whole(0),
            NanTo::Max if target.flushes(f) && largest_code(f) >> f.frac_bits == 0 => whole(0),
            NanTo::Max => whole(largest_code(f)),
            NanTo::FlipZero if keep => (!sign).uint().cat(m.uint(0u32, fields)),
            NanTo::FlipZero => whole(1 << fields),
        },
    }
}

impl Target<'_> {
    fn flushes(&self, f: &Minifloat) -> bool {
        self.rounding.subnormals == Subnormals::Flush && f.frac_bits > 0
    }
}

fn has_infinity(f: &Minifloat) -> bool {
    matches!(f.special, Special::Ieee | Special::P3109 { extended: true })
}

fn nan_is_minus_zero(f: &Minifloat) -> bool {
    f.signed && matches!(f.special, Special::Fnuz | Special::P3109 { .. })
}

/// Magnitude code of the NaN, where there is one beside ±0.
fn nan_magnitude(f: &Minifloat) -> Option<u64> {
    let ones = (1u64 << (f.exp_bits + f.frac_bits)) - 1;
    match f.special {
        Special::Ieee if f.frac_bits > 0 => Some(ones - ((1 << f.frac_bits) - 1) + (1 << (f.frac_bits - 1))),
        Special::Fn => Some(ones),
        Special::P3109 { .. } if !f.signed => Some(ones),
        _ => None,
    }
}
