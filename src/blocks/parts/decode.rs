//! Codes to numbers with their parts laid open.
use super::fixed::{bounded, signed_bits, table_units};
use crate::formats::*;
use crate::hdl::prelude::*;

/// A floating-point number: (-1)^sign × sig × 2^(exp + scale), unless `nan` or `inf`. `sig` need not be
/// normalised; it is 0 exactly for zero. Flags are absent where the format cannot have them. Of an
/// infinity only the sign and `sig` ≠ 0 mean something, of a NaN only the sign.
#[derive(Clone, Copy)]
pub struct Number<'b> {
    /// 1 for negative, also of zeros and infinities.
    pub sign: Bit<'b>,
    /// Significand as an integer.
    pub sig: UInt<'b>,
    /// Exponent, the part that varies.
    pub exp: SInt<'b>,
    /// Exponent, the constant part: constants meet here, so that they cost one adder in the end or none.
    pub scale: i32,
    /// Not a number.
    pub nan: Option<Bit<'b>>,
    /// Infinite; never together with `nan`.
    pub inf: Option<Bit<'b>>,
    /// Most leading zeros that a nonzero significand can have, in bits.
    pub leading_zeros: u32,
    /// Leading zeros only occur at the lowest exponent, as in a format with subnormals.
    pub grounded: bool,
    /// Every value is a multiple of 2^grid.
    pub grid: i64,
    /// Can be 0 where it matters.
    pub can_be_zero: bool,
}

/// An operand: fixed point or floating point.
#[derive(Clone, Copy)]
#[allow(clippy::large_enum_variant)] // a handful of them exist, and they are copied like the signals inside
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

/// Exclusive or of two signs, one of which may be constantly 0.
pub fn xor_signs<'b>(a: Bit<'b>, b: Bit<'b>) -> Bit<'b> {
    match (never(a), never(b)) {
        (true, _) => b,
        (_, true) => a,
        _ => a ^ b,
    }
}

/// True if the bit is known to be 0.
pub fn never(bit: Bit) -> bool {
    bit.range().bounds() == Some((0, 0))
}

impl<'b> Number<'b> {
    /// True if 0; of an infinity false, of a NaN arbitrary.
    pub fn is_zero(&self) -> Bit<'b> {
        self.sig.is_zero()
    }

    /// The same, arbitrary for infinities as well: of a finite nonzero significand one of the highest bits is 1.
    pub fn is_finite_zero(&self) -> Bit<'b> {
        let w = self.sig.width();
        self.sig.slice(w - 1, w - 1 - self.leading_zeros.min(w - 1)).is_zero()
    }

    /// Lowest and highest weight that the top bit of the significand can have.
    pub fn top(&self) -> (i64, i64) {
        let (lo, hi) = self.exp.range().bounds().unwrap_or((i128::from(i32::MIN), i128::from(i32::MAX)));
        let offset = i64::from(self.scale) + i64::from(self.sig.width()) - 1;
        (lo as i64 + offset, hi as i64 + offset)
    }

    /// Lowest weight that the leading one of a nonzero value can have.
    pub fn lowest(&self) -> i64 {
        self.grid.max(self.top().0 - i64::from(self.leading_zeros))
    }

    /// True if infinite or not a number.
    pub fn is_special(&self) -> Option<Bit<'b>> {
        either(self.nan, self.inf)
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
                let grid = i64::from(lsb);
                Number {
                    sign,
                    sig,
                    exp: m.int(0),
                    scale: lsb,
                    nan: None,
                    inf: None,
                    leading_zeros,
                    grounded: true,
                    grid,
                    can_be_zero: true,
                }
            }
        }
    }
}

impl Operand<'_> {
    /// Every value is a multiple of 2^grid.
    pub fn grid(&self) -> i64 {
        match self {
            Operand::Fixed { lsb, .. } => i64::from(*lsb),
            Operand::Float(n) => n.grid,
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
            exp: x.assume_at_most(254).signed(),
            scale: -127,
            nan: Some(x.all_ones().named("is_nan")),
            inf: None,
            leading_zeros: 0,
            grounded: true,
            grid: -127,
            can_be_zero: true,
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
    let (units, lsb) = table_units(t);
    let (lo, hi) = (units.iter().min().cloned().unwrap_or_default(), units.iter().max().cloned().unwrap_or_default());
    let width = signed_bits(&lo, &hi);
    let modulus = BigInt::from(1) << width;
    let codes: Vec<BigUint> = units.iter().map(|v| ((v + &modulus) % &modulus).to_biguint().unwrap_or_default()).collect();
    let value = x.builder().table(&t.name, x, width, &codes).as_sint();
    Operand::Fixed { value: bounded(value, &lo, &hi), lsb }
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
        Special::P3109 { extended } if f.signed => {
            (Some((sign & magnitude.is_zero()).named("is_nan")), extended.then(|| is(all_ones).named("is_inf")))
        }
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
    // Exponent field 0 has the weight of field 1.
    let exp = match stored {
        None => m.int(1),
        Some(s) => {
            // Beyond this the code is not a number and the exponent is not used.
            let highest = (1i128 << e) - 1 - i128::from(matches!(f.special, Special::Ieee));
            let low = (s.bit(0) | !normal).uint();
            let field = if e == 1 { low } else { s.slice(e - 1, 1).cat(low) };
            field.signed().assume_within(1, highest.max(1)).named("exp")
        }
    };
    let leading_zeros = if flush || (e == 0 && p == 0) { 0 } else { sig.width() - 1 };
    let scale = -f.bias - p as i32;
    Number { sign, sig, exp, scale, nan, inf, leading_zeros, grounded: true, grid: i64::from(scale) + 1, can_be_zero: true }
}
