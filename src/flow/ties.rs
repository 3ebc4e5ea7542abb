//! Operands of conversions at the borders of the rounding: half-way between two values of the result's
//! format, as near as the operand's format can say it, and just beside.
use crate::flow::codes::{Class, Family};
use crate::golden::decode::decode_word;
use crate::golden::format::Format;
use crate::golden::policy::{Overflow, Rounding, Subnormals};
use crate::golden::round::Rounder;
use crate::golden::value::Value;
use rand::Rng;

/// The borders of one conversion.
pub struct Ties {
    nearest: Rounder,
    to: Format,
    family: Family,
}

impl Ties {
    /// From operands of one format to results of another; `None` if operands cannot be found by value.
    pub fn new(from: &Format, to: &Format) -> Option<Ties> {
        let nearest = Rounder::new(from, Rounding::nearest(Overflow::Saturate)).ok()?;
        Some(Ties { nearest, to: to.clone(), family: Family::new(Some(to), to.bits()) })
    }

    /// An operand code.
    pub fn draw(&self, rng: &mut impl Rng) -> u64 {
        let class = Class::draw(rng);
        let result = self.family.draw(rng, class);
        let value = |code: u64| decode_word(&self.to, Subnormals::Full, code).exact();
        let neighbours = value(result).zip(value(result.wrapping_add(1)));
        let middle = neighbours.map_or(Value::ZERO, |(x, y)| Value::number((&x + &y).scale(-1), false));
        let code = self.nearest.round_word(&middle, 0).code;
        let bits = self.nearest.format().bits().min(63);
        match rng.random_range(0..6) {
            0 | 1 => code,
            2 => code.wrapping_add(1),
            3 => code.wrapping_sub(1),
            n => (3..n).fold(code, |code, _| code ^ 1 << rng.random_range(0..bits)),
        }
    }
}
