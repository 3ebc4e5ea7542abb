//! Operands of accumulators aimed at what the sum is: products that cancel it, or bring it to an edge or
//! a tie of its format. The sum is followed approximately (nearest rounding), which is near enough to aim.
use crate::flow::codes::{Class, Family};
use crate::golden::arith::{add, multiply};
use crate::golden::decode::decode_word;
use crate::golden::exact::Exact;
use crate::golden::format::Format;
use crate::golden::policy::{Overflow, Round, Rounding, Subnormals};
use crate::golden::round::Rounder;
use crate::golden::value::Value;
use rand::Rng;

/// The formats of one accumulator.
pub struct Aim {
    a: Format,
    nearest_b: Rounder,
    /// Rounds the sum, where it has a format.
    sum: Option<(Rounder, Family)>,
}

fn value(format: &Format, code: u64) -> Value {
    decode_word(format, Subnormals::Full, code)
}

impl Aim {
    /// For operands of two formats and a sum of another, or exact; `None` if operands cannot be found by value.
    pub fn new(a: &Format, b: &Format, sum: Option<&Format>) -> Option<Aim> {
        let nearest = |f: &Format| Rounder::new(f, Rounding::nearest(Overflow::Saturate)).ok();
        let sum = sum.and_then(|f| Some((nearest(f)?, Family::new(Some(f), f.bits()))));
        Some(Aim { a: a.clone(), nearest_b: nearest(b)?, sum })
    }

    /// The sum after one more product.
    pub fn step(&self, sum: &Value, a: u64, b: u64) -> Value {
        let sum = add(sum, &multiply(&value(&self.a, a), &value(self.nearest_b.format(), b)), Round::Rne);
        match (&self.sum, sum) {
            // What is not a number stays: nothing can be aimed at until it is cleared.
            (Some((rounder, _)), sum) if sum.exact().is_some() => rounder.round_value(&sum, 0),
            (_, sum) => sum,
        }
    }

    /// A sum worth reaching: zero, a number or a tie of the sum's format, or what is beyond its largest.
    pub fn place(&self, rng: &mut impl Rng) -> Exact {
        let Some((rounder, family)) = &self.sum else { return Exact::zero() };
        let number = |code: u64| value(rounder.format(), code).exact();
        let place = match rng.random_range(0..6) {
            0 | 1 => None,
            2 => {
                let largest = rounder.round_word(&Value::Infinite { negative: rng.random() }, 0).code;
                // Beyond it, it, or half-way to the one below.
                number(largest).zip(number(largest.wrapping_sub(1))).map(|(x, below)| match rng.random_range(0..3) {
                    0 => x.scale(1),
                    1 => x,
                    _ => (&x + &below).scale(-1),
                })
            }
            n => {
                let class = if n == 3 { Class::Small } else { Class::draw(rng) };
                let code = family.draw(rng, class);
                let neighbours = number(code).zip(number(code.wrapping_add(1)));
                neighbours.map(|(x, y)| if rng.random() { x } else { (&x + &y).scale(-1) })
            }
        };
        place.unwrap_or_else(Exact::zero)
    }

    /// The code of `b` which, multiplied by that of `a`, brings the sum nearest to a place; `None` if it
    /// would have to be 0.
    pub fn shot(&self, place: &Exact, sum: &Value, a: u64) -> Option<u64> {
        let wanted = (place - &sum.exact()?).to_f64()?;
        let factor = value(&self.a, a).exact()?.to_f64().filter(|f| *f != 0.0)?;
        let b = Exact::from_f64(wanted / factor)?;
        let code = self.nearest_b.round_word(&Value::number(b, false), 0).code;
        (!value(self.nearest_b.format(), code).is_zero()).then_some(code)
    }
}
