//! Integers of limited width: wrap and saturate.
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::One;

/// What happens to an integer too large for its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Modulo 2^bits.
    Wrap,
    /// The nearest end of the range.
    Saturate,
}

/// The two's complement integer of `bits` bits that `value` becomes.
pub fn fit(value: &BigInt, bits: u32, fit: Fit) -> BigInt {
    match fit {
        Fit::Wrap => from_code(&to_code(value, bits), bits),
        Fit::Saturate => {
            let half = BigInt::one() << (bits.max(1) - 1);
            value.clamp(&-&half, &(half - 1)).clone()
        }
    }
}

/// The low `bits` bits of the two's complement code of `value`.
pub fn to_code(value: &BigInt, bits: u32) -> BigUint {
    let modulus = BigInt::one() << bits;
    let rest = value % &modulus;
    let rest = if rest.sign() == Sign::Minus { rest + modulus } else { rest };
    rest.magnitude().clone()
}

/// The integer whose two's complement code of `bits` bits is `code`.
pub fn from_code(code: &BigUint, bits: u32) -> BigInt {
    let value = BigInt::from(code.clone());
    if bits > 0 && code.bit(u64::from(bits) - 1) { value - (BigInt::one() << bits) } else { value }
}

/// Bits of the narrowest two's complement register that holds `min ..= max` (at least 1).
pub fn twos_complement_bits(min: &BigInt, max: &BigInt) -> u32 {
    // v >= 0 needs bitlen(v) + 1 bits; v < 0 needs bitlen(-v - 1) + 1.
    let bits = |v: &BigInt| if v.sign() == Sign::Minus { (-(v + 1i32)).bits() } else { v.bits() };
    bits(min).max(bits(max)) as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn against_machine_integers() {
        let mut checked = 0;
        for v in -70_000i64..70_000 {
            let big = BigInt::from(v);
            assert_eq!(fit(&big, 8, Fit::Wrap), BigInt::from(v as i8));
            assert_eq!(fit(&big, 16, Fit::Wrap), BigInt::from(v as i16));
            assert_eq!(fit(&big, 8, Fit::Saturate), BigInt::from(v.clamp(-128, 127)));
            assert_eq!(to_code(&big, 16), BigUint::from(v as u16));
            assert_eq!(from_code(&BigUint::from(v as u16), 16), BigInt::from(v as i16));
            checked += 1;
        }
        assert_eq!(checked, 140_000);
    }

    #[test]
    fn narrowest_register() {
        for bits in 1..=20u32 {
            let half = 1i64 << (bits - 1);
            let width = |min: i64, max: i64| twos_complement_bits(&min.into(), &max.into());
            assert_eq!(width(-half, half - 1), bits);
            assert_eq!(width(-half, half), bits + 1);
            assert_eq!(width(-half - 1, 0), bits + 1);
            assert_eq!(width(0, half - 1), bits);
        }
    }
}
