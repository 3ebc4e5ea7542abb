//! Round and pack: any exact value to any format under any policy, with one rounding.
mod float;
mod integer;
mod lookup;
mod scale;

use super::decode::{Number, Operand};
use super::normalize::{Limit, normalize};
use super::shift::{jam_low, shift_right_jam};
use crate::formats::*;
use crate::hdl::prelude::*;

/// Where a result goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'f> {
    /// Format of the result.
    pub format: &'f Format,
    /// Policies, legal for the format.
    pub rounding: Rounding,
    /// Sign of a NaN result.
    pub nan_sign: NanSign,
    /// Finite results are below 2^this after rounding, wherever the caller knows.
    pub below: Option<i64>,
}

impl<'f> Target<'f> {
    /// A target for results of arithmetic, whose NaN is positive.
    pub fn new(format: &'f Format, rounding: Rounding) -> Self {
        Target { format, rounding, nan_sign: NanSign::Positive, below: None }
    }

    /// Leading bits of the exact result that rounding to this format looks at, the lowest being a jam bit.
    pub fn keep(&self) -> u32 {
        let precision = match self.format {
            Format::Minifloat(f) => f.frac_bits + 1,
            Format::E8m0 => 1,
            Format::Int(f) => f.bits,
            Format::Table(t) => t.bits,
        };
        precision + self.extra()
    }

    /// Bits below the last kept one that decide the rounding, the lowest being a jam bit.
    fn extra(&self) -> u32 {
        match self.rounding.round {
            Round::Rtz | Round::Up | Round::Down | Round::Odd => 1,
            Round::Rne | Round::Rna => 2,
            Round::Stochastic => self.rounding.random_bits + 1,
            _ => self.rounding.random_bits + 2,
        }
    }

    /// True if a finite result beyond the largest value stops there, by sign of the result.
    fn stops_at_largest(&self, sign: Bit) -> Stops {
        match (self.rounding.overflow, self.rounding.round) {
            (Overflow::Nonfinite, Round::Rtz | Round::Odd) => Stops::Always,
            (Overflow::Nonfinite, Round::Up) => Stops::Negative,
            (Overflow::Nonfinite, Round::Down) if super::decode::never(sign) => Stops::Always,
            (Overflow::Nonfinite, Round::Down) => Stops::Positive,
            (Overflow::Nonfinite, _) => Stops::Never,
            _ => Stops::Always,
        }
    }

    /// Whether the magnitude moves away from zero: `odd` is its lowest kept bit, `rest` the [`Target::extra`] bits below.
    fn away<'b>(&self, sign: Bit<'b>, odd: Bit<'b>, rest: UInt<'b>, random: Option<UInt<'b>>) -> Bit<'b> {
        let m = sign.builder();
        let n = self.rounding.random_bits;
        // Carry out of the top bits of the fraction plus the random bits.
        let carry = |fraction: UInt<'b>, random: UInt<'b>, inc: Option<Bit<'b>>| {
            let (w, one) = (fraction.width(), m.high().uint());
            let sum = match inc {
                None => fraction + random,
                // The increment enters through a column below.
                Some(i) => (fraction.cat(i.uint()) + random.cat(one)).trunc_low(1),
            };
            sum.zext(sum.width().max(w + 1)).bit(w)
        };
        let random = || random.unwrap_or_else(|| m.uint(0u32, n.max(1)));
        match self.rounding.round {
            Round::Rtz => m.low(),
            Round::Up => rest.any() & !sign,
            Round::Down => rest.any() & sign,
            Round::Odd => rest.any() & !odd,
            Round::Rna => rest.msb(),
            Round::Rne => rest.bit(1) & (rest.bit(0) | odd),
            Round::Stochastic => carry(rest.trunc_low(1), random(), None),
            Round::StochasticMid => carry(rest.trunc_low(1), random().cat(m.high().uint()), None),
            Round::StochasticRne => {
                let fraction = rest.trunc_low(2);
                carry(fraction, random(), Some(rest.bit(1) & (rest.bit(0) | fraction.bit(0))))
            }
            Round::StochasticOdd => {
                let fraction = rest.trunc_low(2);
                carry(fraction, random(), Some(rest.bit(1) & (rest.bit(0) | !fraction.bit(0))))
            }
        }
        .named("away")
    }
}

/// When a finite overflow gives the largest value rather than infinity or NaN.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stops {
    Always,
    Never,
    Positive,
    Negative,
}

/// The code of `x` in the target's format, rounded once. `random` holds the bits of one stochastic rounding.
pub fn encode<'b>(target: &Target, random: Option<UInt<'b>>, x: Operand<'b>) -> UInt<'b> {
    match target.format {
        Format::Minifloat(f) => float::encode(target, f, random, x.number()),
        Format::Int(f) => integer::encode(target, f, random, x),
        Format::E8m0 => scale::encode(target, random, x.number()),
        Format::Table(t) => lookup::encode(target, t, random, x),
    }
}

/// The code of a magnitude whose exponent field and fraction are `code` already, which may lie beyond the largest value; sign and
/// special values are those of `x`.
pub(super) fn pack<'b>(target: &Target, f: &Minifloat, x: &Number<'b>, code: UInt<'b>) -> UInt<'b> {
    float::finish(target, f, x, code)
}

/// A magnitude with its leading one on top: `keep` bits, the lowest jammed, and the weight of the top bit as a
/// varying part and a constant. For 0 the significand is 0 and the weight means nothing.
fn leading<'b>(x: &Number<'b>, keep: u32) -> (UInt<'b>, SInt<'b>, i64) {
    let (sig, zeros) = normalize(x.sig, Limit::Known(x.leading_zeros), keep);
    let top = i64::from(x.scale) + i64::from(x.sig.width()) - 1;
    let exp = if x.leading_zeros == 0 { x.exp } else { x.exp - zeros.signed() };
    let exp = match exp.range().bounds() {
        Some((lo, hi)) => exp.assume_within(lo.max(i128::from(x.lowest() - top)).min(hi), hi),
        None => exp,
    };
    (sig, exp, top)
}

/// A magnitude on a fixed grid: its integer multiple of 2^`lsb` above `extra` fraction bits, the lowest jammed.
/// The flag, where it can be 1, says that the integer has at least `bits` low zeros and more bits than
/// shown; only the low `bits` bits of the integer are meaningful then.
fn on_grid<'b>(x: &Number<'b>, lsb: i64, bits: u32, extra: u32) -> (UInt<'b>, Option<Bit<'b>>) {
    let m = x.sig.builder();
    let w = x.sig.width();
    let low_bit = m.int(i128::from(i64::from(x.scale) - lsb)) + x.exp;
    let (lo, hi) = low_bit.range().bounds().unwrap_or((i128::from(i32::MIN), i128::from(i32::MAX)));
    // The significand stands at its highest place, at most `bits` up, and is shifted down from there.
    let place = hi.min(i128::from(bits));
    let frame = if place + i128::from(extra) >= 0 {
        x.sig.shl_const((place + i128::from(extra)) as u32)
    } else {
        let below = (-(place + i128::from(extra))).min(i128::from(w)) as u32;
        jam_low(x.sig.zext(w + 1), w + 1 - below)
    };
    let frame = frame.zext(frame.width().max(extra + 1));
    if lo == hi && hi == place {
        return (frame, None);
    }
    let distance = (m.int(place) - low_bit).named("place");
    let far = (hi > place).then(|| (distance.is_negative() & !x.sig.is_zero()).named("far"));
    let distance = if hi > place { distance.is_negative().select(m.int(0), distance) } else { distance };
    (shift_right_jam(frame, distance.assume_within(0, (place - lo).max(0)).assume_non_negative()), far)
}
