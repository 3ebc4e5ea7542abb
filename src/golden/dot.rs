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
