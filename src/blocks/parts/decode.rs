//! Codes to numbers with their parts laid open.
use crate::formats::*;
use crate::hdl::prelude::*;
use num_traits::ToPrimitive;

/// A floating-point number: (-1)^sign × sig × 2^exp, unless `nan` or `inf`. `sig` need not be
/// normalised; it is 0 exactly for zero. Flags are absent where the format cannot have them.
#[derive(Clone, Copy)]
pub struct Number<'b> {
    /// 1 for negative, also of zeros, infinities and NaNs.
    pub sign: Bit<'b>,
    /// Significand as an integer.
    pub sig: UInt<'b>,
    /// Weight of the significand's least significant bit.
    pub exp: SInt<'b>,
    /// Not a number.
    pub nan: Option<Bit<'b>>,
    /// Infinite; never together with `nan`.
    pub inf: Option<Bit<'b>>,
    /// Most leading zeros that a nonzero significand can have, in bits.
    pub leading_zeros: u32,
}

/// An operand: fixed point or floating point.
#[derive(Clone, Copy)]
pub enum Operand<'b> {
    /// value × 2^lsb.
    Fixed {
        /// Two's complement.
        value: SInt<'b>,
        /// Weight of its least significant bit.
        lsb: i32,
    },
    /// A floating-point number.
    Float(Number<'b>),
}

/// Or of two optional flags.
pub fn either<'b>(a: Option<Bit<'b>>, b: Option<Bit<'b>>) -> Option<Bit<'b>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a | b),
        (a, b) => a.or(b),
    }
}

impl<'b> Number<'b> {
    /// True if finite and 0.
    pub fn is_zero(&self) -> Bit<'b> {
        self.sig.is_zero()
    }
}

impl<'b> Operand<'b> {
    /// As a floating-point number; a fixed-point zero is positive.
    pub fn number(self) -> Number<'b> {
        match self {
            Operand::Float(n) => n,
            Operand::Fixed { value, lsb } => {
                let (m, sig) = (value.builder(), value.abs());
                let sign = if value.range().bounds().is_some_and(|(lo, _)| lo >= 0) { m.low() } else { value.is_negative() };
                let leading_zeros = sig.width() - 1;
                Number { sign, sig, exp: m.int(i128::from(lsb)), nan: None, inf: None, leading_zeros }
            }
        }
    }
}

/// Decodes one operand. `flush` reads subnormals as zeros of their sign.
pub fn decode<'b>(format: &Format, flush: bool, x: UInt<'b>) -> Operand<'b> {
    let m = x.builder();
    match format {
        Format::Minifloat(f) => Operand::Float(minifloat(f, flush, x)),
        Format::E8m0 => Operand::Float(Number {
            sign: m.low(),
            sig: m.nat(1),
            exp: x.assume_at_most(254).signed() - m.int(127),
            nan: Some(x.all_ones().named("is_nan")),
            inf: None,
            leading_zeros: 0,
        }),
        Format::Int(f) => Operand::Fixed { value: integer(f, x), lsb: f.lsb_exp },
        Format::Table(t) => table(t, x),
    }
}

fn integer<'b>(f: &IntFormat, x: UInt<'b>) -> SInt<'b> {
    match f.kind {
        IntKind::Unsigned => x.signed(),
        IntKind::Twos | IntKind::Symmetric => x.as_sint(),
        IntKind::SignMagnitude if f.bits == 1 => x.builder().int(0),
        IntKind::SignMagnitude => {
            let magnitude = x.slice(f.bits - 2, 0).signed();
            x.msb().select(-magnitude, magnitude)
        }
    }
}

/// All values on the grid of the smallest weight used.
fn table<'b>(t: &TableFormat, x: UInt<'b>) -> Operand<'b> {
    let lsb = t.values.iter().filter(|v| v.0 != 0).map(|v| v.1 + v.0.trailing_zeros() as i32).min().unwrap_or(0);
    let scaled: Vec<BigInt> = t
        .values
        .iter()
        .map(|(mant, exp)| {
            let shift = exp - lsb;
            if shift >= 0 { BigInt::from(*mant) << shift } else { BigInt::from(*mant) >> -shift }
        })
        .collect();
    let width = scaled.iter().map(|v| (if v.sign() == num_bigint::Sign::Minus { -(v + 1u32) } else { v.clone() }).bits() as u32 + 1).max().unwrap_or(1);
    let modulus = BigInt::from(1) << width;
    let codes: Vec<BigUint> = scaled.iter().map(|v| ((v + &modulus) % &modulus).to_biguint().unwrap_or_default()).collect();
    let value = x.builder().table(&t.name, x, width, &codes).as_sint();
    let bound = |v: Option<&BigInt>| v.and_then(|v| v.to_i128());
    let value = match (bound(scaled.iter().min()), bound(scaled.iter().max())) {
        (Some(lo), Some(hi)) if width <= 120 => value.assume_within(lo, hi),
        _ => value,
    };
    Operand::Fixed { value, lsb }
}

fn minifloat<'b>(f: &Minifloat, flush: bool, x: UInt<'b>) -> Number<'b> {
    let m = x.builder();
    let (e, p) = (f.exp_bits, f.frac_bits);
    let magnitude = if f.signed { x.slice(e + p - 1, 0) } else { x };
    let sign = if f.signed { x.msb().named("sign") } else { m.low() };
    let frac = (p > 0).then(|| magnitude.slice(p - 1, 0).named("frac"));
    let stored = (e > 0).then(|| magnitude.slice(e + p - 1, p).named("stored"));
    let is = |code: u128| magnitude.eq(m.nat(code));
    let all_ones = (1u128 << (e + p)) - 1;
    let (nan, inf) = match f.special {
        Special::None => (None, None),
        Special::Ieee => {
            let top = stored.map_or(m.high(), |s| s.all_ones());
            let rest = frac.map_or(m.low(), |v| v.any());
            (Some((top & rest).named("is_nan")), Some((top & !rest).named("is_inf")))
        }
        Special::Fn => (Some(magnitude.all_ones().named("is_nan")), None),
        Special::Fnuz => (Some((sign & magnitude.is_zero()).named("is_nan")), None),
        Special::P3109 { extended } if f.signed => (
            Some((sign & magnitude.is_zero()).named("is_nan")),
            extended.then(|| is(all_ones).named("is_inf")),
        ),
        Special::P3109 { extended } => (Some(is(all_ones).named("is_nan")), extended.then(|| is(all_ones - 1).named("is_inf"))),
    };
    // The significand with its hidden bit; exponent field 0 reads as 1 without one.
    let normal = stored.map_or(m.low(), |s| s.any().named("normal"));
    let sig = match (frac, stored) {
        (Some(v), Some(_)) if flush => normal.select(m.high().uint().cat(v), m.uint(0u32, p + 1)),
        (Some(v), Some(_)) => normal.uint().cat(v),
        (None, _) => normal.uint(),
        (Some(v), None) if flush => m.uint(0u32, v.width()),
        (Some(v), None) => v,
    }
    .named("sig");
    let lowest = m.int(i128::from(1 - f.bias - p as i32));
    let exp = match stored {
        None => lowest,
        Some(s) => {
            // Beyond this the code is not a number and the exponent is not used.
            let highest = (1u128 << e) - 1 - u128::from(matches!(f.special, Special::Ieee));
            let low = s.bit(0) | !normal;
            let field = if e == 1 { low.uint() } else { s.slice(e - 1, 1).cat(low.uint()) };
            let above = field.assume_at_most(highest.max(1)) - m.nat(1);
            (lowest + above.assume_within(0, highest.max(1) as i128 - 1)).named("exp")
        }
    };
    let leading_zeros = if flush { 0 } else { p };
    Number { sign, sig, exp, nan, inf, leading_zeros }
}
