//! The only rounding: exact values to codes.
//!
//! The result is one of the two neighbours of the exact value among the values of the format. The list of
//! magnitudes is extended one step past the largest number, as if the exponent range went on, so that a tie at the
//! edge of overflow is decided before the overflow policy applies. The lower neighbour is found by bisection over
//! the magnitude codes, which every minifloat orders by value. There are no bit tricks here on purpose.
//!
//! # Quirks of other libraries, as policies
//!
//! | library | behaviour | policy here |
//! |---|---|---|
//! | ml_dtypes | fp8 overflow gives infinity or else NaN | `overflow = nonfinite` |
//! | ml_dtypes | fp6, fp4: overflow and infinities give the largest number | `overflow = saturate` (the only one these formats have) |
//! | ml_dtypes | fp6, fp4: NaN becomes a zero of the opposite sign; the NaN of fnuz formats counts as negative | `nan = flip-zero` |
//! | ml_dtypes | E8M0: 1.5·2^k always rounds up; everything between 2^-127 and 2^-126 gives 2^-126 | `ties = up` |
//! | ml_dtypes | E8M0: zero, negative numbers and infinities become NaN; a smaller positive number gives 2^-127 | `overflow = nonfinite` (`saturate` gives code 00 or FE) |
//! | ml_dtypes, numpy | sign of a NaN kept; float16 keeps its payload | NaN sign `keep`; the payload is not kept (NaNs are one class) |
//! | SoftFloat for RISC-V | a NaN result is the positive canonical one | NaN sign `positive` |
//! | gfloat | a NaN result is the code of all ones in formats with several NaNs | ours is the canonical NaN; NaNs are one class |
//! | gfloat | `sat=1` saturates infinities too | `overflow = saturate` |
//! | gfloat | `sat=0` with a format that has neither infinity nor NaN: error where a value overflows | `overflow = nonfinite` is refused for such a format |
//! | gfloat | NaN into a format without NaN: error | `nan = zero` or `max`: the caller must choose |
//! | gfloat | SR, SRO, SRF, SRFF | `stochastic-rne`, `stochastic-odd`, `stochastic-mid`, `stochastic` |
//! | Brevitas, LLM-FP4 | no fraction bits: ties to the even significand, which is the larger power of two | `ties = up` |
//! | IEEE 754 | overflow in a directed mode stops at the largest number on the side rounded away from | part of `nonfinite` |
//! | bitsandbytes fp4 | code 8 also reads as 0 (it has no -0); tiny positive values are encoded as 8 | read as 0, never produced |
//!
//! An infinity converted to an integer saturates, under `wrap` too (it has no remainder). Unsigned minifloats end at
//! zero: below it `saturate` gives 0 and `nonfinite` NaN, after rounding like any other overflow.
use crate::decode::{decode_word, e8m0_value, magnitude_value, mask};
use crate::exact::Exact;
use crate::format::{Format, IntFormat, IntKind, Minifloat, Special, TableFormat};
use crate::int;
pub use crate::legal::{PolicyError, legal};
use crate::policy::{NanTo, Overflow, Round, Rounding, Subnormals, Ties};
use crate::value::Value;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use std::cmp::Ordering;

/// Rounds exact values to the codes of one format under one set of policies.
///
/// ```
/// use narrowgen_golden::{names, policy::{Overflow, Rounding}, round::Rounder, value::Value};
/// let e4m3 = names::parse("e4m3fn").unwrap();
/// let rounder = Rounder::new(&e4m3, Rounding::nearest(Overflow::Nonfinite)).unwrap();
/// assert_eq!(rounder.round(&Value::from_f64(464.0), 0), 0x7eu8.into()); // the tie goes to 448
/// assert_eq!(rounder.round(&Value::from_f64(464.1), 0), 0x7fu8.into()); // above it overflows
/// ```
#[derive(Clone, Debug)]
pub struct Rounder {
    format: Format,
    rounding: Rounding,
    /// For table formats: the distinct values in ascending order, each with its lowest code.
    entries: Vec<(Exact, u64)>,
}

/// A code and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// The result.
    pub code: u64,
    /// The overflow policy decided the result: infinite operand, or rounded beyond the largest number.
    pub overflow: bool,
    /// The NaN policy decided the result: NaN into a format without NaN.
    pub nan: bool,
}

impl Rounded {
    fn regular(code: u64) -> Rounded {
        Rounded { code, overflow: false, nan: false }
    }
}

impl Rounder {
    /// Checks that the policies are legal for the format.
    pub fn new(format: &Format, rounding: Rounding) -> Result<Rounder, PolicyError> {
        legal(format, &rounding)?;
        let entries = match format {
            Format::Table(t) => sorted_entries(t),
            _ => Vec::new(),
        };
        Ok(Rounder { format: format.clone(), rounding, entries })
    }

    /// The format of the results.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The policies.
    pub fn rounding(&self) -> &Rounding {
        &self.rounding
    }

    /// The code of `value`, rounded once. `random` holds the random bits of the stochastic modes.
    pub fn round(&self, value: &Value, random: u64) -> BigUint {
        BigUint::from(self.round_word(value, random).code)
    }

    /// The value of the rounded result.
    pub fn round_value(&self, value: &Value, random: u64) -> Value {
        decode_word(&self.format, Subnormals::Full, self.round_word(value, random).code)
    }

    /// [`Rounder::round`] in a machine word, with what the policies decided.
    pub fn round_word(&self, value: &Value, random: u64) -> Rounded {
        if let Value::Nan { negative } = value {
            return self.nan(*negative);
        }
        match &self.format {
            Format::Minifloat(m) => self.to_minifloat(m, value, random),
            Format::E8m0 => self.to_e8m0(value, random),
            Format::Int(i) => self.to_int(i, value, random),
            Format::Table(_) => self.to_table(value, random),
        }
    }

    fn nan(&self, negative: bool) -> Rounded {
        if let Some(code) = nan_code(&self.format, negative) {
            return Rounded::regular(code);
        }
        let code = match (self.rounding.nan, &self.format) {
            (NanTo::Zero, _) => self.round_word(&Value::ZERO, 0).code,
            (NanTo::FlipZero, _) => self.round_word(&Value::Zero { negative: !negative }, 0).code,
            (NanTo::Max, Format::Minifloat(m)) => self.flushed(m, m.last_magnitude()),
            (NanTo::Max, _) => self.round_word(&Value::Infinite { negative: false }, 0).code,
        };
        Rounded { code, overflow: false, nan: true }
    }

    fn to_minifloat(&self, m: &Minifloat, value: &Value, random: u64) -> Rounded {
        let negative = value.is_negative();
        // Below zero an unsigned format has the single magnitude 0.
        let last = if negative && !m.signed { 0 } else { m.last_magnitude() };
        let index = match value {
            Value::Zero { .. } => Some(0),
            Value::Finite(x) => self.nearest(&|code| magnitude_value(m, code), last, x, random),
            Value::Infinite { .. } | Value::Nan { .. } => None,
        };
        let sign = if negative && m.signed { 1 << (m.exp_bits + m.frac_bits) } else { 0 };
        let signed = |index: u64| {
            let index = self.flushed(m, index);
            if index == 0 && !self.format.has_negative_zero() { 0 } else { sign | index }
        };
        match index {
            None => Rounded { code: self.beyond(negative, signed(last)), overflow: true, nan: false },
            Some(index) => Rounded::regular(signed(index)),
        }
    }

    /// A magnitude code, 0 if it is subnormal and subnormal results are flushed.
    fn flushed(&self, m: &Minifloat, index: u64) -> u64 {
        let subnormal = index >> m.frac_bits == 0;
        if subnormal && self.rounding.subnormals == Subnormals::Flush { 0 } else { index }
    }

    fn to_e8m0(&self, value: &Value, random: u64) -> Rounded {
        const LAST: u64 = 254;
        let outside = |code| Rounded { code: self.beyond(false, code), overflow: true, nan: false };
        match value {
            // Neither zero nor a sign exists.
            Value::Finite(x) if !x.is_negative() => {
                let least = e8m0_value(0);
                if *x < least {
                    return Rounded::regular(0);
                }
                if self.rounding.ties == Ties::Up && *x > least && *x < e8m0_value(1) {
                    return Rounded::regular(1);
                }
                self.nearest(&e8m0_value, LAST, x, random).map_or_else(|| outside(LAST), Rounded::regular)
            }
            Value::Infinite { negative: false } => outside(LAST),
            _ => outside(0),
        }
    }

    /// What lies beyond the largest number, `largest` being its code.
    fn beyond(&self, negative: bool, largest: u64) -> u64 {
        match self.rounding.overflow {
            Overflow::Saturate | Overflow::Wrap => largest,
            Overflow::Nonfinite => {
                infinity_code(&self.format, negative).or_else(|| nan_code(&self.format, negative)).unwrap_or(largest)
            }
        }
    }

    /// Does the mode never leave the range of the format on this side, as in IEEE 754?
    fn stops_at_last(&self, negative: bool) -> bool {
        match self.rounding.round {
            Round::Rtz | Round::Odd => true,
            Round::Up => negative,
            Round::Down => !negative,
            _ => false,
        }
    }

    /// Index of the chosen neighbour of `x` on the ascending line of magnitudes `value(0) ..= value(last)`, or `None`
    /// if rounding leaves it; `value(last + 1)` is the step past the end.
    fn nearest(&self, value: &dyn Fn(u64) -> Exact, last: u64, x: &Exact, random: u64) -> Option<u64> {
        let negative = x.is_negative();
        let stops_at_last = self.stops_at_last(negative);
        let past = value(last + 1);
        if x.cmp_abs(&past) != Ordering::Less {
            return stops_at_last.then_some(last);
        }
        // Invariant: value(low) <= |x| < value(high).
        let (mut low, mut high) = (0, last + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if x.cmp_abs(&value(middle)) == Ordering::Less { high = middle } else { low = middle }
        }
        let (toward, away) = (value(low), if high > last { past } else { value(high) });
        let gap = Gap {
            above: &x.abs() - &toward,
            width: &away - &toward,
            negative,
            tie_away: match self.rounding.ties {
                // From zero to the smallest power of two, the significand 0 is the even one.
                Ties::Up if !toward.is_zero() => true,
                _ => low % 2 == 1,
            },
            toward_is_odd: low % 2 == 1,
        };
        match low + u64::from(self.goes_away(&gap, random)) {
            index if index <= last => Some(index),
            _ => stops_at_last.then_some(last),
        }
    }

    fn to_int(&self, i: &IntFormat, value: &Value, random: u64) -> Rounded {
        let (min, max) = int_range(i);
        let (rounded, infinite) = match value {
            Value::Finite(x) => (self.to_integer(&x.scale(-i64::from(i.lsb_exp)), random), false),
            Value::Infinite { negative } => (if *negative { min.clone() } else { max.clone() }, true),
            Value::Zero { .. } | Value::Nan { .. } => (BigInt::zero(), false),
        };
        let outside = rounded < min || rounded > max;
        let stops = self.rounding.overflow != Overflow::Wrap && self.stops_at_last(value.is_negative());
        let overflow = infinite || outside && !stops;
        let fitted = match self.rounding.overflow {
            Overflow::Wrap => rounded,
            Overflow::Saturate | Overflow::Nonfinite => rounded.clamp(min, max),
        };
        let code = match i.kind {
            IntKind::SignMagnitude if fitted.sign() == num_bigint::Sign::Minus => {
                1 << (i.bits - 1) | fitted.magnitude().to_u64().unwrap_or(0)
            }
            _ => int::to_code(&fitted, i.bits).to_u64().unwrap_or(0),
        };
        Rounded { code, overflow, nan: false }
    }

    /// The chosen integer neighbour of `x`.
    fn to_integer(&self, x: &Exact, random: u64) -> BigInt {
        let one = Exact::from(1);
        let toward = BigInt::from(x.scaled_ratio(0, &one));
        let above = &x.abs() - &Exact::new(toward.clone(), 0);
        let odd = toward.is_odd();
        let gap = Gap { above, width: one, negative: x.is_negative(), tie_away: odd, toward_is_odd: odd };
        let magnitude = if self.goes_away(&gap, random) { toward + 1 } else { toward };
        if x.is_negative() { -magnitude } else { magnitude }
    }

    fn to_table(&self, value: &Value, random: u64) -> Rounded {
        let outside = |entry: Option<&(Exact, u64)>, overflow| Rounded { code: entry.map_or(0, |e| e.1), overflow, nan: false };
        let x = match value {
            Value::Infinite { negative: true } => return outside(self.entries.first(), true),
            Value::Infinite { negative: false } => return outside(self.entries.last(), true),
            other => other.exact().unwrap_or_else(Exact::zero),
        };
        let at = self.entries.partition_point(|(entry, _)| *entry < x);
        let Some(high) = self.entries.get(at) else { return outside(self.entries.last(), true) };
        if high.0 == x {
            return Rounded::regular(high.1);
        }
        let Some(low) = at.checked_sub(1).and_then(|below| self.entries.get(below)) else { return outside(Some(high), true) };
        let (toward, away) = if x.is_negative() { (high, low) } else { (low, high) };
        let gap = Gap {
            above: (&x - &toward.0).abs(),
            width: (&away.0 - &toward.0).abs(),
            negative: x.is_negative(),
            // The even code, where exactly one is; a zero the table lacks is positive.
            tie_away: x.is_zero() || toward.1 % 2 == 1 || away.1 % 2 == 0,
            toward_is_odd: toward.1 % 2 == 1,
        };
        Rounded::regular(if self.goes_away(&gap, random) { away.1 } else { toward.1 })
    }

    /// Does the value inside the gap move to the neighbour away from zero?
    fn goes_away(&self, gap: &Gap, random: u64) -> bool {
        if gap.above.is_zero() {
            return false;
        }
        let half = || gap.above.scale(1).cmp_abs(&gap.width);
        match self.rounding.round {
            Round::Rne => match half() {
                Ordering::Less => false,
                Ordering::Equal => gap.tie_away,
                Ordering::Greater => true,
            },
            Round::Rna => half() != Ordering::Less,
            Round::Rtz => false,
            Round::Up => !gap.negative,
            Round::Down => gap.negative,
            Round::Odd => !gap.toward_is_odd,
            _ => self.drawn(gap, random),
        }
    }

    /// The stochastic modes, d being the discarded fraction of the gap, n the number of random bits.
    fn drawn(&self, gap: &Gap, random: u64) -> bool {
        let bits = self.rounding.random_bits;
        let random = BigUint::from(random & mask(bits));
        let full = BigUint::one() << bits;
        // floor(d·2^n), and whether the rest is below, at or above one half.
        let floor = gap.above.scaled_ratio(bits, &gap.width);
        let rest = &gap.above.scale(i64::from(bits)) - &(&Exact::new(BigInt::from(floor.clone()), 0) * &gap.width);
        let rest = rest.scale(1).cmp_abs(&gap.width);
        let up = match self.rounding.round {
            Round::StochasticRne => rest == Ordering::Greater || rest == Ordering::Equal && floor.is_odd(),
            Round::StochasticOdd => rest == Ordering::Greater || rest == Ordering::Equal && floor.is_even(),
            // floor(d·2^(n+1)) + 2r + 1 >= 2^(n+1): the half bit of d and the added one carry together.
            Round::StochasticMid => rest != Ordering::Less,
            _ => false,
        };
        floor + u32::from(up) + random >= full
    }
}

/// An exact value between two neighbours, seen from the one nearer to zero.
struct Gap {
    /// Distance from the neighbour nearer to zero; not negative.
    above: Exact,
    /// Distance between the neighbours.
    width: Exact,
    negative: bool,
    /// A tie to even goes to the neighbour away from zero.
    tie_away: bool,
    toward_is_odd: bool,
}

/// Smallest and largest integer that results use.
pub(crate) fn int_range(i: &IntFormat) -> (BigInt, BigInt) {
    let half = BigInt::one() << (i.bits - 1);
    match i.kind {
        IntKind::Unsigned => (BigInt::zero(), (BigInt::one() << i.bits) - 1),
        IntKind::Twos => (-&half, half - 1),
        IntKind::Symmetric | IntKind::SignMagnitude => (1 - &half, half - 1),
    }
}

fn sorted_entries(t: &TableFormat) -> Vec<(Exact, u64)> {
    let mut entries: Vec<(Exact, u64)> =
        (0u64..).zip(&t.values).map(|(code, &(mantissa, exponent))| (Exact::new(mantissa, exponent.into()), code)).collect();
    entries.sort();
    entries.dedup_by(|later, earlier| later.0 == earlier.0);
    entries
}

/// The canonical NaN of a sign, where the format has NaN; one-NaN formats ignore the sign.
pub fn nan_code(format: &Format, negative: bool) -> Option<u64> {
    if !format.has_nan() {
        return None;
    }
    let Format::Minifloat(m) = format else { return Some(0xff) };
    let field_bits = m.exp_bits + m.frac_bits;
    let sign = if negative { 1 << field_bits } else { 0 };
    Some(match m.special {
        Special::None => return None,
        Special::Ieee => sign | mask(m.exp_bits) << m.frac_bits | 1 << (m.frac_bits - 1),
        Special::Fn => sign | mask(field_bits),
        Special::P3109 { .. } if !m.signed => mask(field_bits),
        Special::Fnuz | Special::P3109 { .. } => 1 << field_bits,
    })
}

/// The code of ±infinity, where the format has it.
pub fn infinity_code(format: &Format, negative: bool) -> Option<u64> {
    match format {
        Format::Minifloat(m) if format.has_infinity() && (m.signed || !negative) => {
            let sign = if negative { 1 << (m.exp_bits + m.frac_bits) } else { 0 };
            Some(sign | (m.last_magnitude() + 1))
        }
        _ => None,
    }
}
