//! Exact dyadic numbers: integer × 2^k of any size. Nothing here ever rounds.
//!
//! ```
//! use narrowgen_golden::exact::Exact;
//! let three_quarters = Exact::new(3, -2);
//! assert_eq!(&three_quarters + &Exact::new(1, -2), Exact::new(1, 0));
//! assert_eq!(three_quarters.floor_log2(), Some(-1));
//! ```
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};

/// A magnitude: machine words as long as they suffice, a big integer beyond. Every operation
/// tries the words with checked arithmetic and otherwise repeats itself on big integers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Magnitude {
    Small(u128),
    Big(BigUint),
}

impl Magnitude {
    /// The one representation of a value: `Small` whenever it fits.
    fn from_big(value: BigUint) -> Magnitude {
        match value.to_u128() {
            Some(small) => Magnitude::Small(small),
            None => Magnitude::Big(value),
        }
    }

    fn to_big(&self) -> BigUint {
        match self {
            Magnitude::Small(v) => BigUint::from(*v),
            Magnitude::Big(v) => v.clone(),
        }
    }

    fn bits(&self) -> u64 {
        match self {
            Magnitude::Small(v) => u64::from(128 - v.leading_zeros()),
            Magnitude::Big(v) => v.bits(),
        }
    }

    fn trailing_zeros(&self) -> u64 {
        match self {
            Magnitude::Small(v) => u64::from(v.trailing_zeros()),
            Magnitude::Big(v) => v.trailing_zeros().unwrap_or(0),
        }
    }

    fn shifted_left(&self, by: u64) -> Magnitude {
        match self {
            Magnitude::Small(v) if self.bits() + by <= 128 => Magnitude::Small(if *v == 0 { 0 } else { v << by }),
            _ => Magnitude::from_big(self.to_big() << by),
        }
    }

    fn shifted_right(&self, by: u64) -> Magnitude {
        match self {
            Magnitude::Small(v) => Magnitude::Small(if by >= 128 { 0 } else { v >> by }),
            Magnitude::Big(v) => Magnitude::from_big(v >> by),
        }
    }

    fn plus(&self, other: &Magnitude) -> Magnitude {
        if let (Magnitude::Small(a), Magnitude::Small(b)) = (self, other)
            && let Some(sum) = a.checked_add(*b)
        {
            return Magnitude::Small(sum);
        }
        Magnitude::from_big(self.to_big() + other.to_big())
    }

    /// `self - other`, which must not be negative.
    fn minus(&self, other: &Magnitude) -> Magnitude {
        if let (Magnitude::Small(a), Magnitude::Small(b)) = (self, other) {
            return Magnitude::Small(a - b);
        }
        Magnitude::from_big(self.to_big() - other.to_big())
    }

    fn times(&self, other: &Magnitude) -> Magnitude {
        if let (Magnitude::Small(a), Magnitude::Small(b)) = (self, other)
            && let Some(product) = a.checked_mul(*b)
        {
            return Magnitude::Small(product);
        }
        Magnitude::from_big(self.to_big() * other.to_big())
    }
}

impl Ord for Magnitude {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Magnitude::Small(a), Magnitude::Small(b)) => a.cmp(b),
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Magnitude {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An exact number `± magnitude × 2^exponent`. Normalised: the magnitude is odd, and zero is `+0 × 2^0`,
/// so that equal numbers have equal fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exact {
    negative: bool,
    magnitude: Magnitude,
    exponent: i64,
}

impl Exact {
    fn normalised(negative: bool, magnitude: Magnitude, exponent: i64) -> Exact {
        if magnitude == Magnitude::Small(0) {
            return Exact { negative: false, magnitude, exponent: 0 };
        }
        let zeros = magnitude.trailing_zeros();
        let magnitude = if zeros == 0 { magnitude } else { magnitude.shifted_right(zeros) };
        Exact { negative, magnitude, exponent: exponent + zeros as i64 }
    }

    /// `mantissa × 2^exponent`.
    pub fn new(mantissa: impl Into<BigInt>, exponent: i64) -> Exact {
        let (sign, magnitude) = mantissa.into().into_parts();
        Exact::normalised(sign == Sign::Minus, Magnitude::from_big(magnitude), exponent)
    }

    /// `± magnitude × 2^exponent` from machine words.
    pub fn from_parts(negative: bool, magnitude: u128, exponent: i64) -> Exact {
        Exact::normalised(negative, Magnitude::Small(magnitude), exponent)
    }

    /// 0.
    pub fn zero() -> Exact {
        Exact::from_parts(false, 0, 0)
    }

    /// 2^exponent.
    pub fn power_of_two(exponent: i64) -> Exact {
        Exact::from_parts(false, 1, exponent)
    }

    /// Is it 0?
    pub fn is_zero(&self) -> bool {
        self.magnitude == Magnitude::Small(0)
    }

    /// Is it below 0?
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// |self|.
    pub fn abs(&self) -> Exact {
        Exact { negative: false, ..self.clone() }
    }

    /// self × 2^by.
    pub fn scale(&self, by: i64) -> Exact {
        if self.is_zero() { self.clone() } else { Exact { exponent: self.exponent + by, ..self.clone() } }
    }

    /// The odd integer m of m × 2^e (0 for zero).
    pub fn mantissa(&self) -> BigInt {
        BigInt::from_biguint(if self.negative { Sign::Minus } else { Sign::Plus }, self.magnitude.to_big())
    }

    /// The exponent e of m × 2^e with m odd (0 for zero): every exact number is a multiple of 2^e and of no higher power.
    pub fn exponent(&self) -> i64 {
        self.exponent
    }

    /// floor(log2|self|), `None` for zero.
    pub fn floor_log2(&self) -> Option<i64> {
        (!self.is_zero()).then(|| self.top())
    }

    /// Position of the most significant bit of a nonzero number.
    fn top(&self) -> i64 {
        self.exponent + self.magnitude.bits() as i64 - 1
    }

    /// self / 2^unit, if that is an integer.
    pub fn in_units(&self, unit: i64) -> Option<BigInt> {
        if self.is_zero() {
            return Some(BigInt::zero());
        }
        let shift = u64::try_from(self.exponent - unit).ok()?;
        Some(self.mantissa() << shift)
    }

    /// The value as an integer, if it is one.
    pub fn to_integer(&self) -> Option<BigInt> {
        self.in_units(0)
    }

    /// The value as binary64, if that is exact.
    pub fn to_f64(&self) -> Option<f64> {
        if self.is_zero() {
            return Some(0.0);
        }
        if self.magnitude.bits() > 53 || self.top() > 1023 || self.exponent < -1074 {
            return None;
        }
        let Magnitude::Small(m) = self.magnitude else { return None };
        // Two exact steps: the factor alone may be below the range of normal numbers.
        let half = self.exponent / 2;
        let value = m as f64 * 2f64.powi(half as i32) * 2f64.powi((self.exponent - half) as i32);
        Some(if self.negative { -value } else { value })
    }

    /// The finite binary64 `x`, or `None` for infinities and NaN.
    pub fn from_f64(x: f64) -> Option<Exact> {
        if !x.is_finite() {
            return None;
        }
        let bits = x.to_bits();
        let (field, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        let magnitude = if field == 0 { fraction } else { fraction | 1 << 52 };
        Some(Exact::from_parts(x.is_sign_negative(), u128::from(magnitude), field.max(1) as i64 - 1075))
    }

    /// Compares |self| with |other|.
    pub fn cmp_abs(&self, other: &Exact) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        // The position of the top bit decides almost always; only then shift to a common unit.
        self.top().cmp(&other.top()).then_with(|| {
            let unit = self.exponent.min(other.exponent);
            let (a, b) = (self.aligned(unit), other.aligned(unit));
            a.cmp(&b)
        })
    }

    fn aligned(&self, unit: i64) -> Magnitude {
        self.magnitude.shifted_left((self.exponent - unit) as u64)
    }

    /// floor(|self| × 2^bits / |divisor|), for the fraction of a gap between two neighbours.
    pub fn scaled_ratio(&self, bits: u32, divisor: &Exact) -> BigUint {
        let unit = self.exponent.min(divisor.exponent);
        let (a, b) = (self.aligned(unit).to_big() << bits, divisor.aligned(unit).to_big());
        if b.is_zero() { BigUint::zero() } else { a / b }
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_abs(other),
            (true, true) => other.cmp_abs(self),
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: &Exact) -> Exact {
        if self.is_zero() {
            return other.clone();
        }
        if other.is_zero() {
            return self.clone();
        }
        let unit = self.exponent.min(other.exponent);
        let (a, b) = (self.aligned(unit), other.aligned(unit));
        if self.negative == other.negative {
            return Exact::normalised(self.negative, a.plus(&b), unit);
        }
        match a.cmp(&b) {
            Ordering::Less => Exact::normalised(other.negative, b.minus(&a), unit),
            _ => Exact::normalised(self.negative, a.minus(&b), unit),
        }
    }
}

impl Neg for &Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        Exact { negative: !self.negative && !self.is_zero(), ..self.clone() }
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: &Exact) -> Exact {
        self + &-other
    }
}

impl Mul for &Exact {
    type Output = Exact;
    fn mul(self, other: &Exact) -> Exact {
        let magnitude = self.magnitude.times(&other.magnitude);
        Exact::normalised(self.negative != other.negative, magnitude, self.exponent + other.exponent)
    }
}

impl From<i64> for Exact {
    fn from(value: i64) -> Exact {
        Exact::from_parts(value < 0, u128::from(value.unsigned_abs()), 0)
    }
}

impl fmt::Display for Exact {
    /// Decimal where binary64 holds the value, otherwise `mantissa*2^exponent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_f64() {
            Some(x) if x == 0.0 || (1e-5..1e16).contains(&x.abs()) => write!(f, "{x}"),
            Some(x) => write!(f, "{x:e}"),
            None if self.mantissa().magnitude().is_one() => {
                write!(f, "{}2^{}", if self.negative { "-" } else { "" }, self.exponent)
            }
            None => write!(f, "{}*2^{}", self.mantissa(), self.exponent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same numbers on big integers only, with a common exponent: the definition.
    fn units(x: &Exact, unit: i64) -> BigInt {
        x.in_units(unit).expect("unit below both exponents")
    }

    fn numbers() -> impl Strategy<Value = Exact> {
        let mantissa = prop_oneof![any::<i128>().prop_map(BigInt::from), any::<i8>().prop_map(BigInt::from)];
        (mantissa, -150i64..150, 0u32..3, any::<u64>())
            .prop_map(|(m, e, wide, low)| Exact::new((m << (64 * wide)) + BigInt::from(low) * wide, e))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn arithmetic_equals_big_integers(a in numbers(), b in numbers()) {
            let unit = a.exponent().min(b.exponent()).min(0) - 1;
            let (x, y) = (units(&a, unit), units(&b, unit));
            prop_assert_eq!(units(&(&a + &b), unit), &x + &y);
            prop_assert_eq!(units(&(&a - &b), unit), &x - &y);
            prop_assert_eq!(units(&(&a * &b), 2 * unit), &x * &y);
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(a.cmp_abs(&b), x.magnitude().cmp(y.magnitude()));
            prop_assert_eq!(&(&a - &b) + &b, a.clone());
            if !b.is_zero() {
                prop_assert_eq!(a.scaled_ratio(7, &b), (x.magnitude() << 7u32) / y.magnitude());
            }
            for z in [&a, &b, &(&a + &b), &(&a * &b)] {
                prop_assert_eq!(&Exact::new(z.mantissa(), z.exponent()), z);
                prop_assert!(z.is_zero() || z.mantissa().trailing_zeros() == Some(0));
            }
        }

        #[test]
        fn binary64_round_trip(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            if let Some(exact) = Exact::from_f64(x) {
                prop_assert_eq!(exact.to_f64(), Some(x));
                let log = exact.floor_log2();
                prop_assert!(log.is_none_or(|l| Exact::power_of_two(l).cmp_abs(&exact) != Ordering::Greater
                    && Exact::power_of_two(l + 1).cmp_abs(&exact) == Ordering::Greater));
            }
        }
    }

    #[test]
    fn printing() {
        assert_eq!(Exact::new(-7, -1).to_string(), "-3.5");
        assert_eq!(Exact::power_of_two(-149).to_string(), "1.401298464324817e-45");
        assert_eq!(Exact::power_of_two(2000).to_string(), "2^2000");
        assert_eq!(Exact::new(-3, 2000).to_string(), "-3*2^2000");
    }
}
