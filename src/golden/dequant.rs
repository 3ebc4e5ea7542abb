//! Dequantisation step by step: differences, products and sums of values of different formats.
use crate::arith::{Sum, add, multiply};
use crate::decode::decode_with;
use crate::format::Format;
use crate::policy::{Round, Subnormals};
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
