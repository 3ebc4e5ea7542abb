//! Number formats as plain data. No arithmetic lives here: decoding is in
//! [`crate::decode`], rounding in [`crate::round`], names in [`crate::names`].

/// Which codes of a minifloat are not ordinary numbers (spec: OCP FP8, IEEE 754, P3109).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Special {
    /// Every code is a number.
    None,
    /// Top exponent: fraction 0 is infinity, anything else NaN.
    Ieee,
    /// Only exponent and fraction all ones is NaN; no infinity (OCP E4M3).
    Fn,
    /// The would-be negative zero is the only NaN; no infinity, no -0.
    Fnuz,
    /// IEEE P3109: one NaN (the would-be -0 if signed, all ones if unsigned), no -0;
    /// `extended` has infinities at the top of the code range, `finite` has none.
    P3109 {
        /// With infinities.
        extended: bool,
    },
}

/// A floating-point format of `signed + exp_bits + frac_bits` bits, sign first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Minifloat {
    /// Has a sign bit. Only P3109 formats may be unsigned.
    pub signed: bool,
    /// Exponent field width in bits: 1..=8; signed P3109 also 0 (all codes subnormal).
    pub exp_bits: u32,
    /// Fraction (trailing significand) width in bits, 0..=23.
    pub frac_bits: u32,
    /// Exponent bias.
    pub bias: i32,
    /// Codes that are not numbers.
    pub special: Special,
}

/// How an integer code is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IntKind {
    /// Plain binary, 0 ..= 2^b - 1.
    Unsigned,
    /// Two's complement, full range.
    Twos,
    /// Two's complement; results never use -2^(b-1) (an operand that does keeps that value).
    Symmetric,
    /// Sign bit and magnitude; -0 is read as 0 and never produced.
    SignMagnitude,
}

/// An integer (fixed-point) format: value = integer × 2^`lsb_exp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntFormat {
    /// Width in bits, 1..=64.
    pub bits: u32,
    /// Reading of the code.
    pub kind: IntKind,
    /// Weight of the least significant bit as a power of two (MXINT8: -6).
    pub lsb_exp: i32,
}

/// A lookup format: code `i` means `values[i].0 × 2^values[i].1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableFormat {
    /// Name, lower case (`nf4`, `ternary`, `binary`, `pot4`, a user's).
    pub name: String,
    /// Code width in bits, 1..=8; `values` has 2^bits entries.
    pub bits: u32,
    /// Exact dyadic value of each code.
    pub values: Vec<(i64, i32)>,
}

/// Any number format.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Floating point.
    Minifloat(Minifloat),
    /// Integer or fixed point.
    Int(IntFormat),
    /// OCP E8M0 scale: 2^(code-127), 0xFF is NaN, no zero, unsigned.
    E8m0,
    /// Lookup table.
    Table(TableFormat),
}

/// Largest |bias| accepted.
pub const BIAS_LIMIT: i32 = 1023;

impl Minifloat {
    /// A signed format with the default bias of its special rule.
    pub fn new(exp_bits: u32, frac_bits: u32, special: Special) -> Minifloat {
        let mut format = Minifloat { signed: true, exp_bits, frac_bits, bias: 0, special };
        format.bias = format.default_bias();
        format
    }

    /// Bias if nothing else is said: 2^(E-1) - 1, for `fnuz` and P3109 2^(E-1); 0 without exponent bits.
    pub fn default_bias(&self) -> i32 {
        let half = if self.exp_bits == 0 { 0 } else { 1i32 << (self.exp_bits - 1) };
        match self.special {
            Special::None | Special::Ieee | Special::Fn => half - 1,
            Special::Fnuz | Special::P3109 { .. } => half,
        }
    }

    /// The largest magnitude code (exponent and fraction fields together) that is a number.
    pub fn last_magnitude(&self) -> u64 {
        let all_ones = (1u64 << (self.exp_bits + self.frac_bits)) - 1;
        match (self.special, self.signed) {
            (Special::None | Special::Fnuz, _) => all_ones,
            (Special::Ieee, _) => all_ones - ((1 << self.frac_bits) - 1) - 1,
            (Special::Fn, _) => all_ones - 1,
            (Special::P3109 { extended }, true) => all_ones - u64::from(extended),
            (Special::P3109 { extended }, false) => all_ones - 1 - u64::from(extended),
        }
    }

    fn validate(&self) -> Result<(), String> {
        let p3109 = matches!(self.special, Special::P3109 { .. });
        let least = u32::from(!(p3109 && self.signed));
        if !(least..=8).contains(&self.exp_bits) {
            return Err(format!("{} exponent bits; allowed: 1..=8 (signed P3109 also 0)", self.exp_bits));
        }
        if self.frac_bits > 23 {
            return Err(format!("{} fraction bits; allowed: 0..=23", self.frac_bits));
        }
        if self.bias.abs() > BIAS_LIMIT {
            return Err(format!("bias {}; allowed: -{BIAS_LIMIT}..={BIAS_LIMIT}", self.bias));
        }
        if !self.signed && !p3109 {
            return Err("only P3109 formats may be unsigned".into());
        }
        // Code 0 is zero, so one more code must be a number (all_ones - 2 may not go below it either).
        if self.exp_bits + self.frac_bits < 1 + u32::from(!self.signed) || self.last_magnitude() == 0 {
            return Err("no number but zero is left beside the special codes; add exponent or fraction bits".into());
        }
        Ok(())
    }
}

impl Format {
    /// Code width in bits.
    pub fn bits(&self) -> u32 {
        match self {
            Format::Minifloat(m) => u32::from(m.signed) + m.exp_bits + m.frac_bits,
            Format::Int(i) => i.bits,
            Format::E8m0 => 8,
            Format::Table(t) => t.bits,
        }
    }

    /// Are the fields within what narrowgen supports?
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Format::Minifloat(m) => m.validate(),
            Format::Int(i) => {
                let least = if matches!(i.kind, IntKind::Symmetric | IntKind::SignMagnitude) { 2 } else { 1 };
                if !(least..=64).contains(&i.bits) {
                    return Err(format!("{} bits; allowed: {least}..=64", i.bits));
                }
                if i.lsb_exp.abs() > BIAS_LIMIT {
                    return Err(format!("weight 2^{}; allowed: 2^-{BIAS_LIMIT} to 2^{BIAS_LIMIT}", i.lsb_exp));
                }
                Ok(())
            }
            Format::E8m0 => Ok(()),
            Format::Table(t) => {
                if !(1..=8).contains(&t.bits) || t.values.len() != 1 << t.bits {
                    return Err(format!("a table of {} values; allowed: a power of two, 2 to 256", t.values.len()));
                }
                Ok(())
            }
        }
    }

    /// Does a code mean infinity?
    pub fn has_infinity(&self) -> bool {
        matches!(self, Format::Minifloat(Minifloat { special: Special::Ieee | Special::P3109 { extended: true }, .. }))
    }

    /// Does a code mean NaN? (`ieee` without fraction bits has an infinity and no NaN.)
    pub fn has_nan(&self) -> bool {
        match self {
            Format::Minifloat(m) => match m.special {
                Special::None => false,
                Special::Ieee => m.frac_bits > 0,
                Special::Fn | Special::Fnuz | Special::P3109 { .. } => true,
            },
            Format::E8m0 => true,
            Format::Int(_) | Format::Table(_) => false,
        }
    }

    /// Is there a code for -0 that results use?
    pub fn has_negative_zero(&self) -> bool {
        matches!(self, Format::Minifloat(Minifloat { special: Special::None | Special::Ieee | Special::Fn, .. }))
    }

    /// Are there subnormal numbers that can be flushed, and normal ones besides? Not in formats without fraction bits, and
    /// not in those where every number is subnormal (no exponent field, or `ieee` with one exponent bit).
    pub fn has_subnormals(&self) -> bool {
        matches!(self, Format::Minifloat(m) if m.exp_bits > 0 && m.frac_bits > 0 && m.last_magnitude() >> m.frac_bits > 0)
    }

    /// Can the format hold numbers below zero?
    pub fn is_signed(&self) -> bool {
        match self {
            Format::Minifloat(m) => m.signed,
            Format::Int(i) => i.kind != IntKind::Unsigned,
            Format::E8m0 => false,
            Format::Table(t) => t.values.iter().any(|v| v.0 < 0),
        }
    }
}
