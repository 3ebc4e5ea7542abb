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
    /// Exponent field width in bits: 1..=8; P3109 also 0 (all codes subnormal).
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
    /// Width in bits, 1..=64 (names reach 32; wider ones are accumulators).
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
}
