//! Integers times dyadic fractions b / 2^c, rounded, and the fraction that stands for a ratio of two scales.
//!
//! ```
//! use narrowgen_golden::dyadic::{Dyadic, Half};
//! let half = Dyadic::from_scales(0.5, 1.0, 31).unwrap();
//! assert_eq!((half.b.to_string(), half.c), ("1073741824".into(), 31));
//! let round = |acc: i64, rule| half.times(&acc.into(), rule).to_string();
//! assert_eq!([1, 3, -1, -3].map(|x| round(x, Half::Up)), ["1", "2", "0", "-1"]);
//! assert_eq!([1, 3, -1, -3].map(|x| round(x, Half::Away)), ["1", "2", "-1", "-2"]);
//! assert_eq!([1, 3, -1, -3].map(|x| round(x, Half::Even)), ["0", "2", "0", "-2"]);
//! ```
use crate::exact::Exact;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

/// Where a half goes; everything else goes to the nearest integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Toward +infinity.
    Up,
    /// Away from zero.
    Away,
    /// To the even integer.
    Even,
}

/// The fraction b / 2^c.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dyadic {
    /// Numerator.
    pub b: BigInt,
    /// Exponent of the denominator; below zero the fraction is an integer.
    pub c: i64,
}

impl Dyadic {
    /// acc × b / 2^c, rounded to an integer.
    pub fn times(&self, acc: &BigInt, half: Half) -> BigInt {
        let product = acc * &self.b;
        if self.c <= 0 {
            return product << self.c.unsigned_abs();
        }
        // floor and remainder; the remainder is not negative.
        let whole = BigInt::one() << self.c.unsigned_abs();
        let mut floor = &product / &whole;
        let mut rest = &product % &whole;
        if rest.is_negative() {
            floor -= 1;
            rest += &whole;
        }
        let up = match (rest * 2u32).cmp(&whole) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => match half {
                Half::Up => true,
                Half::Away => !product.is_negative(),
                Half::Even => !(&floor % 2u32).is_zero(),
            },
        };
        if up { floor + 1 } else { floor }
    }

    /// The fraction nearest to `from / to` with a numerator of `bits` bits, as HAWQ and I-ViT choose it: the quotient
    /// of binary64 numbers f × 2^e with 1/2 <= |f| < 1, b = floor(f × 2^bits + 1/2), c = bits - e.
    pub fn from_scales(from: f64, to: f64, bits: u32) -> Result<Dyadic, String> {
        let ratio = from / to;
        let Some(exact) = Exact::from_f64(ratio).filter(|r| !r.is_zero()) else {
            return Err(format!("{from} / {to} is not a number that a fraction could stand for"));
        };
        let e = exact.floor_log2().unwrap_or(0) + 1;
        let bits = i64::from(bits);
        let doubled = exact.scale(bits - e + 1);
        let floor = doubled.in_units(0).unwrap_or_else(|| {
            // More places than kept: drop them downward, a negative number too.
            let below = (-doubled.exponent()).unsigned_abs();
            doubled.mantissa() >> below
        });
        let b: BigInt = (floor + 1) >> 1u32;
        // Rounded up to the next power of two: one place fewer.
        if b.bits() > bits as u64 { Ok(Dyadic { b: b >> 1u32, c: bits - e - 1 }) } else { Ok(Dyadic { b, c: bits - e }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_examples() {
        for (ratio, b, c) in [(0.0123, 1_690_499_128, 37), (0.5, 1_073_741_824, 31), (1.7, 1_825_361_101, 30)] {
            assert_eq!(Dyadic::from_scales(ratio, 1.0, 31).unwrap(), Dyadic { b: BigInt::from(b), c });
        }
        // Just below 1: the numerator would be 2^31.
        let near = Dyadic::from_scales(1.0 - f64::EPSILON, 1.0, 31).unwrap();
        assert_eq!(near, Dyadic { b: BigInt::one() << 30, c: 30 });
        assert_eq!(Dyadic::from_scales(-0.5, 1.0, 8).unwrap(), Dyadic { b: BigInt::from(-128), c: 8 });
        for (from, to) in [(0.0, 1.0), (1.0, 0.0), (f64::NAN, 1.0), (1e300, 1e-300)] {
            assert!(Dyadic::from_scales(from, to, 31).is_err());
        }
    }

    #[test]
    fn every_rule_against_rational_comparison() {
        let mut compared = 0;
        for c in -3..=9i64 {
            for b in [-7i64, -4, -1, 0, 1, 2, 3, 8, 100] {
                for acc in -40..=40i64 {
                    let d = Dyadic { b: b.into(), c };
                    let exact = (acc * b) as f64 * 2f64.powi(-c as i32);
                    let want = |half| match half {
                        Half::Up => (exact + 0.5).floor(),
                        Half::Away => exact.round(),
                        Half::Even => exact.round_ties_even(),
                    };
                    for half in [Half::Up, Half::Away, Half::Even] {
                        assert_eq!(d.times(&acc.into(), half), BigInt::from(want(half) as i64), "{acc} {b} {c} {half:?}");
                        compared += 1;
                    }
                }
            }
        }
        assert_eq!(compared, 13 * 9 * 81 * 3);
    }
}
