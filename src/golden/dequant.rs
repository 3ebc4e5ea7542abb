//! Dequantisation step by step: differences, products and sums of values of different formats.
use crate::arith::{Sum, add, multiply};
use crate::decode::decode_with;
use crate::dot::Random;
use crate::exact::Exact;
use crate::format::{Format, IntKind};
use crate::policy::{NanSign, Round, Subnormals};
use crate::round::Rounder;
use crate::value::Value;
use num_bigint::BigUint;

/// A value, and whether its zero has a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The value.
    pub value: Value,
    /// Made of integers and table entries only: zero is +0.
    pub plain: bool,
}

impl Part {
    /// The value of a code.
    pub fn read(format: &Format, subnormals: Subnormals, code: &BigUint) -> Part {
        let plain = matches!(format, Format::Int(_) | Format::Table(_));
        Part { value: decode_with(format, subnormals, code), plain }.settled()
    }

    /// Without the sign of a zero that cannot have one.
    fn settled(self) -> Part {
        if self.plain && self.value.is_zero() { Part { value: Value::ZERO, ..self } } else { self }
    }

    /// The opposite.
    pub fn negated(&self) -> Part {
        Part { value: self.value.negated(), plain: self.plain }.settled()
    }

    /// The product, exact.
    pub fn times(&self, other: &Part) -> Part {
        Part { value: multiply(&self.value, &other.value), plain: self.plain && other.plain }.settled()
    }

    /// The sum, exact, as IEEE 754 adds for a rounding in a mode.
    pub fn plus(&self, other: &Part, round: Round) -> Part {
        Part { value: add(&self.value, &other.value, round), plain: self.plain && other.plain }.settled()
    }

    /// The difference, exact; zero is +0.
    pub fn minus(&self, other: &Part) -> Part {
        let mut sum = Sum::new();
        sum.add(&self.value);
        sum.add(&other.value.negated());
        Part { value: sum.value(), plain: self.plain && other.plain }
    }
}

/// A code and what is done with it: something is subtracted, it is multiplied, something is added.
#[derive(Clone, Debug)]
pub struct Affine {
    /// The code.
    pub code: Part,
    /// Subtracted first.
    pub subtract: Option<Part>,
    /// Factors in order.
    pub factors: Vec<Part>,
    /// Added last.
    pub add: Option<Part>,
}

impl Affine {
    fn product(&self) -> Part {
        let start = self.subtract.as_ref().map_or(self.code.clone(), |z| self.code.minus(z));
        self.factors.iter().fold(start, |x, f| x.times(f))
    }

    /// The exact result, its zero signed for a rounding in a mode.
    pub fn once(&self, round: Round) -> Value {
        let product = self.product();
        self.add.as_ref().map_or(product.clone(), |z| product.plus(z, round)).value
    }

    /// Each operation rounded by `step`; the last result rounded by `out` where that is another format.
    pub fn stepwise(&self, step: &Rounder, out: &Rounder, random: &mut Random) -> BigUint {
        let plain = matches!(step.format(), Format::Int(_) | Format::Table(_));
        let round = step.rounding().round;
        let mut last = None;
        let mut keep = |x: Part| {
            let value = step.round_value(&x.value.with_nan_sign(NanSign::Positive), random.take());
            last = Some(value.clone());
            Part { value, plain }
        };
        let mut x = self.code.clone();
        if let Some(z) = &self.subtract {
            x = keep(x.plus(&z.negated(), round));
        }
        for factor in &self.factors {
            x = keep(x.times(factor));
        }
        if let Some(z) = &self.add {
            x = keep(x.plus(z, round));
        }
        match last {
            Some(value) if out.format() == step.format() => out.round(&value, 0),
            _ => out.round(&x.value.with_nan_sign(NanSign::Positive), random.take()),
        }
    }

    /// The finite part of the exact result, and whether it is no number, +infinity, -infinity.
    pub fn exact(&self) -> (Exact, [bool; 3]) {
        let mut sum = Sum::new();
        sum.add(&self.product().value);
        self.add.iter().for_each(|z| sum.add(&z.value));
        let nan = sum.is_nan();
        (sum.finite, [nan, sum.positive_infinity && !nan, sum.negative_infinity && !nan])
    }
}

/// True if an exact number is beyond the least or largest one of an integer format.
pub fn out_of_range(format: &Format, x: &Value) -> bool {
    let (Format::Int(f), Some(x)) = (format, x.exact()) else { return false };
    let half = Exact::power_of_two(i64::from(f.bits) - 1);
    let one = Exact::from(1);
    let (least, most) = match f.kind {
        IntKind::Unsigned => (Exact::zero(), &half.scale(1) - &one),
        IntKind::Twos => (-&half, &half - &one),
        IntKind::Symmetric | IntKind::SignMagnitude => (&one - &half, &half - &one),
    };
    x < least.scale(f.lsb_exp.into()) || x > most.scale(f.lsb_exp.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::parse;

    #[test]
    fn signs_of_zero() {
        let part = |format: &str, code: u32| Part::read(&parse(format).unwrap(), Subnormals::Full, &code.into());
        let minus = Value::Zero { negative: true };
        let (u, s) = (part("uint4", 5), part("fp16", 0xbc00));
        // u = z gives +0 times the scale.
        assert_eq!(u.minus(&u).times(&s).value, minus);
        assert_eq!(u.minus(&u).times(&part("int8", 0xff)).value, Value::ZERO);
        assert_eq!(part("fp16", 0x8000).minus(&part("fp16", 0)).value, Value::ZERO);
        assert_eq!(part("fp16", 0x8000).plus(&part("fp16", 0).negated(), Round::Rne).value, minus);
        assert_eq!(part("int8", 0).negated().value, Value::ZERO);
    }
}
