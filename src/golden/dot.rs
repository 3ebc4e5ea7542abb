//! Dot products: exact, in sequence and as a tree.
use crate::arith::{Sum, add, multiply};
use crate::round::Rounder;
use crate::value::Value;
use num_bigint::BigUint;

/// The random bits of several roundings in one number, the first rounding in the low bits.
#[derive(Clone, Debug)]
pub struct Random {
    rest: BigUint,
    bits: u32,
}

impl Random {
    /// `bits` bits per rounding, from `code`.
    pub fn new(code: &BigUint, bits: u32) -> Random {
        Random { rest: code.clone(), bits }
    }

    /// No random bits.
    pub fn none() -> Random {
        Random { rest: BigUint::default(), bits: 0 }
    }

    /// The bits of the next rounding.
    pub fn take(&mut self) -> u64 {
        if self.bits == 0 {
            return 0;
        }
        let word = self.rest.iter_u64_digits().next().unwrap_or(0) & crate::decode::mask(self.bits);
        self.rest >>= self.bits;
        word
    }
}

/// The exact sum of the products (a Kulisch accumulator), flags included.
pub fn exact(pairs: &[(Value, Value)]) -> Sum {
    let mut sum = Sum::new();
    for (a, b) in pairs {
        sum.add(&multiply(a, b));
    }
    sum
}

/// acc ← round(acc + a·b), one rounding.
pub fn fused_step(acc: &Value, a: &Value, b: &Value, rounder: &Rounder, random: u64) -> Value {
    rounder.round_value(&add(acc, &multiply(a, b), rounder.rounding().round), random)
}

/// acc ← round(acc + a·b) for each pair in order, from +0.
pub fn sequential(pairs: &[(Value, Value)], rounder: &Rounder, random: &mut Random) -> Value {
    pairs.iter().fold(Value::ZERO, |acc, (a, b)| fused_step(&acc, a, b, rounder, random.take()))
}

/// Each product rounded, then neighbours added and rounded level by level; an odd last one passes unchanged.
/// The random bits are used in that order: products first, then each level from lane 0. The empty sum is +0.
pub fn tree(pairs: &[(Value, Value)], rounder: &Rounder, random: &mut Random) -> Value {
    let mut level: Vec<Value> = pairs.iter().map(|(a, b)| rounder.round_value(&multiply(a, b), random.take())).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|chunk| match chunk {
                [a, b] => rounder.round_value(&add(a, b, rounder.rounding().round), random.take()),
                rest => rest[0].clone(),
            })
            .collect();
    }
    level.pop().unwrap_or(Value::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Exact;
    use crate::names::parse;
    use crate::policy::{Overflow, Round, Rounding};

    #[test]
    fn random_bits_start_low() {
        let mut random = Random::new(&(BigUint::from(0b10_11_01u32) + (BigUint::from(3u32) << 126u32)), 2);
        let words: Vec<u64> = (0..64).map(|_| random.take()).collect();
        assert_eq!(words[..4], [1, 3, 2, 0]);
        assert_eq!((words[62], words[63]), (0, 3));
        assert_eq!(Random::none().take(), 0);
    }

    /// 1.25 in a format with one fraction bit goes to 1 or 1.5 by the random bit, one bit per rounding.
    #[test]
    fn random_bits_in_order() {
        let format = parse("e4m1-none").unwrap();
        let rounding = Rounding { round: Round::Stochastic, random_bits: 1, ..Rounding::nearest(Overflow::Saturate) };
        let rounder = Rounder::new(&format, rounding).unwrap();
        let number = |n: i64, e| Value::number(Exact::new(n, e), false);
        let pairs = vec![(number(5, -2), number(1, 0)); 3];
        let dyadic = |x: &Value| x.to_f64().unwrap();
        // Products 1 or 1.5 by bits 0 to 2; the first two added give 2, 2.5 (bit 3) or 3; the sum with the third by bit 4.
        let tree = |bits: u32| dyadic(&super::tree(&pairs, &rounder, &mut Random::new(&bits.into(), 1)));
        assert_eq!(tree(0b00000), 3.0); // (1 + 1) + 1
        assert_eq!(tree(0b00100), 3.0); // (1 + 1) + 1.5 = 3.5, down
        assert_eq!(tree(0b10100), 4.0); // the same, up
        assert_eq!(tree(0b00001), 3.0); // (1.5 + 1 = 2.5, down) + 1
        assert_eq!(tree(0b01001), 4.0); // (1.5 + 1 = 2.5, up) + 1
        // acc: 1.25 by bit 0, then 2.25 or 2.75 by bit 1, …
        let sequence = |bits: u32| dyadic(&sequential(&pairs[..2], &rounder, &mut Random::new(&bits.into(), 1)));
        assert_eq!(sequence(0b00), 2.0); // 1, then 2.25 down
        assert_eq!(sequence(0b01), 2.0); // 1.5, then 2.75 = 2 + 0.75 ulp: floor of one bit is 1, no bit
        assert_eq!(sequence(0b11), 3.0); // 1.5, then 2.75 up
        assert_eq!(sequence(0b10), 2.0); // 1, then 2.25 = 2 + 0.25 ulp: floor of one bit is 0
    }

    #[test]
    fn sticky_specials() {
        let pairs = |terms: &[f64]| -> Vec<(Value, Value)> {
            terms.iter().map(|&t| (Value::from_f64(t), Value::from_f64(1.0))).collect()
        };
        let inf = f64::INFINITY;
        assert_eq!(exact(&pairs(&[1.0, inf, -3.0])).value(), Value::Infinite { negative: false });
        assert_eq!(exact(&pairs(&[-inf, 2.0, -inf])).value(), Value::Infinite { negative: true });
        assert_eq!(exact(&pairs(&[inf, -inf])).value(), Value::NAN);
        assert_eq!(exact(&pairs(&[-f64::NAN, 1.0])).value(), Value::NAN);
        assert_eq!(exact(&[(Value::from_f64(0.0), Value::from_f64(-inf))]).value(), Value::NAN);
        assert_eq!(exact(&pairs(&[-0.0, -0.0])).value(), Value::ZERO);
        assert_eq!(exact(&[]).value(), Value::ZERO);
        let sum = exact(&pairs(&[inf, f64::NAN, 5.0]));
        assert!(sum.nan && sum.positive_infinity && !sum.negative_infinity && sum.finite == Exact::from(5));
    }
}
