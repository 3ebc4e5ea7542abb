//! Numbers in series: the terms that one operand of a product is taken apart into, one for each clock.
use crate::int;
use num_bigint::{BigInt, BigUint};
use num_traits::One;

/// Bit `i` of the endless two's complement form of a number.
fn bit(value: &BigInt, i: u32) -> bool {
    (value >> i) & BigInt::one() == BigInt::one()
}

/// The number that the low `bits` bits of a code stand for: two's complement or unsigned.
pub fn low_bits(code: &BigUint, bits: u32, signed: bool) -> BigInt {
    let low = code % (BigUint::one() << bits);
    if signed { int::from_code(&low, bits) } else { low.into() }
}

/// A number of `bits` bits as its binary digits times their weights, least significant first; a sign bit counts negative.
pub fn binary(value: &BigInt, bits: u32, signed: bool) -> Vec<BigInt> {
    let weight = |i: u32| if signed && i == bits - 1 { -(BigInt::one() << i) } else { BigInt::one() << i };
    (0..bits).map(|i| if bit(value, i) { weight(i) } else { BigInt::ZERO }).collect()
}

/// The radix-4 Booth digits -2 to 2 of a number of `bits` bits, least significant first: b(2i-1) + b(2i) - 2·b(2i+1).
pub fn booth_digits(value: &BigInt, bits: u32, signed: bool) -> Vec<i32> {
    let digits = if signed { bits.div_ceil(2) } else { bits / 2 + 1 };
    let b = |i: u32| i32::from(bit(value, i));
    (0..digits).map(|i| if i > 0 { b(2 * i - 1) } else { 0 } + b(2 * i) - 2 * b(2 * i + 1)).collect()
}

/// The digits of [`booth_digits`] times their weights 4^i.
pub fn booth(value: &BigInt, bits: u32, signed: bool) -> Vec<BigInt> {
    let digits = booth_digits(value, bits, signed).into_iter().enumerate();
    digits.map(|(i, d)| BigInt::from(d) << (2 * i)).collect()
}

/// The DenseShift code of `bits` bits: ±2^p, the sign above p.
pub fn power_of_two(code: &BigUint, bits: u32) -> BigInt {
    let p = low_bits(code, bits - 1, false);
    let magnitude = BigInt::from(2u32).pow(u32::try_from(p).unwrap_or(u32::MAX));
    if code.bit(u64::from(bits) - 1) { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_add_up() {
        let mut checked = 0;
        for bits in 1..=9u32 {
            for code in 0..1u32 << bits {
                for signed in [false, true] {
                    let value = low_bits(&code.into(), bits, signed);
                    assert_eq!(binary(&value, bits, signed).iter().sum::<BigInt>(), value, "{bits} {code}");
                    assert_eq!(booth(&value, bits, signed).iter().sum::<BigInt>(), value, "{bits} {code}");
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 2 * ((2 << 9) - 2));
    }

    /// The recoding table, printed: the digit of each triple b(2i+1) b(2i) b(2i-1).
    #[test]
    fn booth_table() {
        let table = [0, 1, 1, 2, -2, -1, -1, 0];
        for (triple, digit) in table.into_iter().enumerate() {
            // The triple in bits 3..1 of a 4-bit number.
            let value = low_bits(&(triple as u32 * 2).into(), 4, true);
            assert_eq!(booth_digits(&value, 4, true)[1], digit, "{triple:03b}");
        }
        assert_eq!([4, 6, 8].map(|bits| booth_digits(&BigInt::ZERO, bits, true).len()), [2, 3, 4]);
    }

    #[test]
    fn dense_shift_alphabet() {
        let all =
            |bits: u32| (0..1u32 << bits).map(|c| i64::try_from(power_of_two(&c.into(), bits)).unwrap()).collect::<Vec<_>>();
        assert_eq!(all(1), [1, -1]);
        assert_eq!(all(2), [1, 2, -1, -2]);
        assert_eq!(all(3), [1, 2, 4, 8, -1, -2, -4, -8]);
        assert_eq!(all(4)[7], 128);
    }
}
