//! Functions of real numbers, to as many bits as a rounding looks at: what tables are filled with.
//!
//! A result is a significand whose lowest bit is 1 if anything follows it, so that it rounds as the exact value does. Roots and
//! reciprocals come from integers and remainders; the others from arbitrary-precision floating point, more precise
//! until the bits below the significand are neither all 0 nor all 1. They are never exact: e^x and its kin are
//! irrational at every number that a code can stand for, except at 0 and where 2^x is a power of two.
use astro_float_num::{BigFloat, Consts, RoundingMode, Sign, WORD_BIT_SIZE, Word};
use num_bigint::BigUint;
use num_traits::{ToPrimitive, Zero};

/// A function of one real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// e^x.
    Exp,
    /// 2^x.
    Exp2,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// x / (1 + e^-x).
    Silu,
    /// x (1 + erf(x/√2)) / 2.
    Gelu,
    /// x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).
    GeluTanh,
    /// Error function.
    Erf,
    /// 1 / x.
    Reciprocal,
    /// √x.
    Sqrt,
    /// 1 / √x.
    Rsqrt,
}

/// A number of the extended real line, its zeros and infinities signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Real {
    /// Not a number.
    Nan,
    /// Infinite, with its sign.
    Infinite(bool),
    /// Zero, with its sign.
    Zero(bool),
    /// (-1)^negative × sig × 2^exp, sig not 0.
    Number {
        /// Below 0.
        negative: bool,
        /// Significand.
        sig: BigUint,
        /// Exponent.
        exp: i64,
    },
}

/// Bits of a result's significand, the lowest of which stands for everything below.
pub const BITS: u32 = 80;

const NEAREST: RoundingMode = RoundingMode::ToEven;

/// Bits at the end of an approximation that may be wrong.
const DOUBTFUL: u64 = 40;

use Function::*;

impl Function {
    /// The function of a number. A result beyond 2^most or closer to 0 than 2^least is replaced by another such number.
    pub fn at(self, x: &Real, least: i64, most: i64) -> Real {
        let one = || jammed(false, 1u32.into(), 0, false);
        match (self, x) {
            (_, Real::Nan) => Real::Nan,
            (Sqrt | Rsqrt, Real::Infinite(true) | Real::Number { negative: true, .. }) => Real::Nan,
            (Exp | Exp2, Real::Zero(_)) | (Sigmoid, Real::Infinite(false)) => one(),
            (Exp | Exp2 | Sigmoid, Real::Infinite(true)) | (Rsqrt, Real::Infinite(_)) => Real::Zero(false),
            (Silu | Gelu | GeluTanh, Real::Infinite(true)) => Real::Zero(true),
            (Exp | Exp2 | Silu | Gelu | GeluTanh | Sqrt, Real::Infinite(_)) | (Rsqrt, Real::Zero(_)) => Real::Infinite(false),
            (Tanh | Erf, Real::Infinite(negative)) => jammed(*negative, 1u32.into(), 0, false),
            (Sigmoid, Real::Zero(_)) => jammed(false, 1u32.into(), -1, false),
            (Reciprocal, Real::Zero(negative)) => Real::Infinite(*negative),
            (Reciprocal, Real::Infinite(negative)) | (_, Real::Zero(negative)) => Real::Zero(*negative),
            (_, Real::Number { negative, sig, exp }) => self.of_number(*negative, sig, *exp, least, most),
        }
        .within(least, most)
    }

    fn of_number(self, negative: bool, sig: &BigUint, exp: i64, least: i64, most: i64) -> Real {
        let one = BigUint::from(1u32);
        let width = sig.bits();
        match self {
            Reciprocal => {
                let k = u64::from(BITS) + width;
                let (power, quotient) = (&one << k, (&one << k) / sig);
                let inexact = &quotient * sig != power;
                return jammed(negative, quotient, -(k as i64) - exp, inexact);
            }
            Sqrt => {
                let up = i64::from(2 * BITS) + (exp & 1);
                let square = sig << up as u64;
                let root = square.sqrt();
                let inexact = &root * &root != square;
                return jammed(false, root, (exp - up) / 2, inexact);
            }
            Rsqrt => {
                let (sig, exp) = (sig << (exp & 1) as u64, exp - (exp & 1));
                let k = u64::from(BITS) + width + 1;
                let power = &one << (2 * k);
                let root = (&power / &sig).sqrt();
                let inexact = &root * &root * &sig != power;
                return jammed(false, root, -(k as i64) - exp / 2, inexact);
            }
            Exp2 => {
                let whole = exp >= 0 || sig.trailing_zeros().is_some_and(|z| z >= exp.unsigned_abs());
                let n = if exp >= 0 { sig << exp.min(64) as u64 } else { sig >> exp.unsigned_abs() };
                if let (true, Some(n)) = (whole, n.to_i64().filter(|n| *n < 1 << 40)) {
                    return jammed(false, one, if negative { -n } else { n }, false);
                }
            }
            _ => {}
        }
        if let Some(far) = self.far(negative, sig, exp, least, most) {
            return far;
        }
        let x = big(negative, sig, exp);
        let mut constants = Consts::new().expect("internal error: no memory for constants");
        let mut precision = 256;
        loop {
            let y = self.approximate(&x, precision, &mut constants);
            if let Some(found) = reliable(&y, precision as u64) {
                return found;
            }
            precision *= 2;
        }
    }

    /// The result where it is closer to 0, 1, x or beyond all bounds than any format can tell.
    fn far(self, negative: bool, sig: &BigUint, exp: i64, least: i64, most: i64) -> Option<Real> {
        let size = sig.to_f64().unwrap_or(f64::INFINITY) * 2f64.powi(exp.clamp(-9999, 9999) as i32);
        // Natural logarithms of the ends.
        let (ln_least, ln_most) = ((least - 99) as f64 * std::f64::consts::LN_2, (most + 9) as f64 * std::f64::consts::LN_2);
        let below_one = || jammed(negative, (BigUint::from(1u32) << (2 * BITS)) - 1u32, -2 * i64::from(BITS), true);
        let below_x = || jammed(false, (sig << (2 * BITS)) - 1u32, exp - 2 * i64::from(BITS), true);
        let tiny = |negative| jammed(negative, 1u32.into(), least - 1, true);
        let huge = || jammed(false, 1u32.into(), most + 1, true);
        // The logarithm of Φ(-x), about, and of 1 - tanh.
        let normal = size * size / 2.0;
        let tanh = 1.5957 * (size + 0.044715 * size * size * size);
        match (self, negative) {
            (Exp, false) => (size > ln_most).then(huge),
            (Exp2, false) => (size > (most + 9) as f64).then(huge),
            (Exp | Sigmoid, true) => (size > -ln_least).then(|| tiny(false)),
            (Exp2, true) => (size > (99 - least) as f64).then(|| tiny(false)),
            (Sigmoid, false) => (size > 200.0).then(below_one),
            (Tanh, _) => (size > 100.0).then(below_one),
            (Erf, _) => (size > 14.0).then(below_one),
            (Silu, true) => (size > -ln_least).then(|| tiny(true)),
            (Gelu, true) => (normal > -ln_least).then(|| tiny(true)),
            (GeluTanh, true) => (tanh > -ln_least).then(|| tiny(true)),
            (Silu, false) => (size > 200.0).then(below_x),
            (Gelu | GeluTanh, false) => (size > 20.0).then(below_x),
            (Reciprocal | Sqrt | Rsqrt, _) => None,
        }
    }

    /// With a relative error below 2^(DOUBTFUL - precision).
    fn approximate(self, x: &BigFloat, precision: usize, constants: &mut Consts) -> BigFloat {
        let p = precision + 64;
        let one = BigFloat::from_word(1, p);
        let over_one_and_exp = |a: &BigFloat, x: BigFloat, constants: &mut Consts| {
            let e = x.exp(p, NEAREST, constants);
            a.div(&one.add(&e, p, NEAREST), p, NEAREST)
        };
        match self {
            Exp => x.exp(p, NEAREST, constants),
            Exp2 => x.mul(&constants.ln_2(p, NEAREST), p, NEAREST).exp(p, NEAREST, constants),
            Tanh => x.tanh(p, NEAREST, constants),
            Sigmoid => over_one_and_exp(&one, x.neg(), constants),
            Silu => over_one_and_exp(x, x.neg(), constants),
            GeluTanh => {
                // -2u, u = √(2/π) (x + 0.044715 x³)
                let cube = x.mul(x, p, NEAREST).mul(x, p, NEAREST);
                let part = BigFloat::from_word(44_715, p).div(&BigFloat::from_word(1_000_000, p), p, NEAREST);
                let inner = x.add(&cube.mul(&part, p, NEAREST), p, NEAREST);
                let root = BigFloat::from_word(8, p).div(&constants.pi(p, NEAREST), p, NEAREST).sqrt(p, NEAREST);
                over_one_and_exp(x, inner.mul(&root, p, NEAREST).neg(), constants)
            }
            Erf => erf(x, p, constants),
            Gelu => {
                let root = BigFloat::from_word(2, 4 * p).sqrt(4 * p, NEAREST);
                // Near -1 the error function needs more places; it has them.
                let t = x.div(&root, 4 * p + places(x), NEAREST);
                let more = p + places(x);
                let sum = BigFloat::from_word(1, more).add(&erf(&t, more, constants), more, NEAREST);
                sum.mul(x, p, NEAREST).div(&BigFloat::from_word(2, p), p, NEAREST)
            }
            Reciprocal | Sqrt | Rsqrt => unreachable!("internal error: found from integers"),
        }
    }
}

/// Binary places that e^(x²) and e^(-x²) span, and a few.
fn places(x: &BigFloat) -> usize {
    let whole = x.exponent().unwrap_or(0).clamp(0, 12) as u32;
    (3usize << (2 * whole)) + 64
}

/// erf(t) = 2/√π Σ (-1)^n t^(2n+1) / (n! (2n+1)), with an error below 2^-p and relative to a small t.
fn erf(t: &BigFloat, p: usize, constants: &mut Consts) -> BigFloat {
    let p = p + places(t);
    let square = t.mul(t, p, NEAREST).neg();
    let (mut power, mut sum) = (t.clone(), t.clone());
    for n in 1 as Word.. {
        power = power.mul(&square, p, NEAREST).div(&BigFloat::from_word(n, 64), p, NEAREST);
        let term = power.div(&BigFloat::from_word(2 * n + 1, 64), p, NEAREST);
        sum = sum.add(&term, p, NEAREST);
        let (last, all) = (term.exponent().unwrap_or(0), sum.exponent().unwrap_or(0));
        if i64::from(last) < i64::from(all) - p as i64 {
            break;
        }
    }
    let root = constants.pi(p, NEAREST).sqrt(p, NEAREST);
    sum.mul(&BigFloat::from_word(2, p), p, NEAREST).div(&root, p, NEAREST)
}

impl Real {
    /// Its top bit between 2^least and 2^most.
    fn within(self, least: i64, most: i64) -> Real {
        match self {
            Real::Number { negative, sig, exp } => {
                let top = exp + sig.bits() as i64 - 1;
                let sig = if top < least || top > most { (BigUint::from(1u32) << (BITS - 1)) + 1u32 } else { sig };
                Real::Number { negative, sig, exp: top.clamp(least, most) + 1 - i64::from(BITS) }
            }
            other => other,
        }
    }
}

/// Cut or filled up to the bits of a result.
fn jammed(negative: bool, sig: BigUint, exp: i64, inexact: bool) -> Real {
    let width = sig.bits() as i64;
    let down = width - i64::from(BITS);
    let exp = exp + down;
    if down <= 0 {
        let sig = (sig << down.unsigned_abs()) | BigUint::from(inexact);
        return Real::Number { negative, sig, exp };
    }
    let top = &sig >> down.unsigned_abs();
    let rest = inexact || !(sig & ((BigUint::from(1u32) << down.unsigned_abs()) - 1u32)).is_zero();
    Real::Number { negative, sig: top | BigUint::from(rest), exp }
}

/// A number, exact.
fn big(negative: bool, sig: &BigUint, exp: i64) -> BigFloat {
    let fill = (WORD_BIT_SIZE as u64 - sig.bits() % WORD_BIT_SIZE as u64) % WORD_BIT_SIZE as u64;
    let bytes = (sig << fill).to_bytes_le();
    let words: Vec<Word> =
        bytes.chunks(WORD_BIT_SIZE / 8).map(|c| c.iter().rev().fold(0 as Word, |w, b| (w << 8) | Word::from(*b))).collect();
    let sign = if negative { Sign::Neg } else { Sign::Pos };
    BigFloat::from_words(&words, sign, (exp + sig.bits() as i64) as i32)
}

/// An approximation cut to the bits of a result, if those and that something follows are certain.
fn reliable(y: &BigFloat, precision: u64) -> Option<Real> {
    let (words, _, sign, exp, _) = y.as_raw_parts()?;
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let all = BigUint::from_bytes_le(&bytes);
    let doubtful = all.bits().checked_sub(precision)? + DOUBTFUL;
    let certain = &all >> doubtful;
    let below = certain.bits() - u64::from(BITS) + 1;
    let rest = &certain & ((BigUint::from(1u32) << below) - 1u32);
    if rest.is_zero() || rest.count_ones() == below {
        return None;
    }
    Some(jammed(sign == Sign::Neg, all.clone(), i64::from(exp) - all.bits() as i64, true))
}
