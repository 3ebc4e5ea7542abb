//! NVFP4 quantisers in the order of operations of public libraries: every operation is rounded to binary32, where
//! [`crate::mx::quantize_by_ratio`] rounds exact quotients once.
//!
//! | order | scale of a block, then rounded to E4M3 | factor e of the elements x·e, then rounded to E2M1 |
//! |---|---|---|
//! | torchao, t = amax of the tensor / 2688 or absent | amax / 6 / t, at least 2^-6 | 1 / t / scale |
//! | TransformerEngine, G = 2688 / amax of the tensor | amax · (G · (1 / 6)) | 1 / (scale · (1 / G)) |
//! | TransformerEngine, four over six | amax / 6 · G, and that · 1.5 | as before; of the two scales that of the smaller squared error |
use crate::arith::{add, multiply};
use crate::decode::decode_word;
use crate::exact::Exact;
use crate::format::Format;
use crate::mx::ratio;
use crate::names::parse;
use crate::policy::{Overflow, Round, Rounding, Subnormals};
use crate::round::{Rounder, nan_code};
use crate::value::Value;
use num_bigint::BigUint;
use std::cmp::Ordering;

/// Whose order of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// torchao, with a scale of the tensor or without.
    Torchao,
    /// NVIDIA's TransformerEngine, with the largest magnitude of the tensor.
    TransformerEngine,
    /// The same with the better of two scales, G being 6 times this number / the largest magnitude.
    FourOverSix(u16),
}

/// A quantiser.
pub struct Quantizer {
    order: Order,
    single: Rounder,
    scales: Rounder,
    elements: Rounder,
}

/// A scale, and the elements under it.
struct Candidate {
    code: u64,
    scale: Value,
    elements: Vec<BigUint>,
}

impl Quantizer {
    /// With elements that are rounded so.
    pub fn new(order: Order, round: Round) -> Quantizer {
        let rounder = |name: &str, round: Round, overflow: Overflow| {
            let format = parse(name).expect("internal error: a named format");
            Rounder::new(&format, Rounding { round, ..Rounding::nearest(overflow) }).expect("internal error: legal policies")
        };
        Quantizer {
            order,
            single: rounder("fp32", Round::Rne, Overflow::Nonfinite),
            scales: rounder("e4m3fn", Round::Rne, Overflow::Saturate),
            elements: rounder("e2m1fn", round, Overflow::Saturate),
        }
    }

    /// a · b in binary32.
    fn times(&self, a: &Value, b: &Value) -> Value {
        self.single.round_value(&multiply(a, b), 0)
    }

    /// a + b in binary32.
    fn plus(&self, a: &Value, b: &Value) -> Value {
        self.single.round_value(&add(a, b, Round::Rne), 0)
    }

    /// a / b in binary32, b not being negative.
    fn over(&self, a: &Value, b: &Value) -> Value {
        let negative = a.is_negative();
        let quotient = match (a, b) {
            (Value::Nan { .. }, _) | (_, Value::Nan { .. }) => Value::NAN,
            (Value::Zero { .. }, Value::Zero { .. }) | (Value::Infinite { .. }, Value::Infinite { .. }) => Value::NAN,
            (Value::Infinite { .. }, _) | (_, Value::Zero { .. }) => Value::Infinite { negative },
            (Value::Zero { .. }, _) | (_, Value::Infinite { .. }) => Value::Zero { negative },
            (Value::Finite(x), Value::Finite(y)) => Value::Finite(ratio(x, y)),
        };
        self.single.round_value(&quotient, 0)
    }

    /// At most the largest number of binary32.
    fn finite(&self, x: Value) -> Value {
        let largest = || crate::extent::of_format(self.single.format(), Subnormals::Full).max;
        if let Value::Infinite { negative: false } = x { Value::Finite(largest()) } else { x }
    }

    /// Scale and elements; `tensor` is torchao's scale of the tensor, if there is one, and TransformerEngine's largest magnitude. NaN and zeros
    /// if a value or `tensor` is not finite, or that is negative; zeros under a torchao scale of 0.
    pub fn quantize(&self, values: &[Value], tensor: Option<&Value>) -> (u64, Vec<BigUint>) {
        let magnitudes: Option<Vec<Exact>> = values.iter().map(|v| v.exact().map(|x| x.abs())).collect();
        let tensor_good = tensor.is_none_or(|t| t.exact().is_some_and(|t| !t.is_negative()));
        let Some(amax) = magnitudes.filter(|_| tensor_good).and_then(|m| m.into_iter().max()) else {
            return (nan_code(self.scales.format(), false).unwrap_or(0), vec![BigUint::ZERO; values.len()]);
        };
        let amax = Value::number(amax, false);
        let number = |n: i64| Value::Finite(Exact::from(n));
        let (one, six) = (number(1), number(6));
        let chosen = match (self.order, tensor) {
            (Order::Torchao, Some(t)) if t.is_zero() => self.candidate(&Value::ZERO, values, |_| Value::ZERO),
            (Order::Torchao, _) => {
                let by = |x: &Value| tensor.map_or(x.clone(), |t| self.over(x, t));
                let least = self.least_normal_scale();
                let scale = by(&self.over(&amax, &six));
                let low = scale.exact().is_some_and(|s| s.cmp_abs(&least) == Ordering::Less);
                let scale = if low { Value::Finite(least) } else { scale };
                self.candidate(&scale, values, |s| self.over(&by(&one), s))
            }
            (Order::TransformerEngine, _) => {
                let g = self.encoding(448, tensor);
                let scale = self.times(&amax, &self.times(&g, &self.over(&one, &six)));
                self.candidate(&scale, values, |s| self.inverse(s, &g))
            }
            (Order::FourOverSix(most), _) => {
                let g = self.encoding(most, tensor);
                let base = self.times(&self.over(&amax, &six), &g);
                let wider = self.times(&base, &Value::Finite(Exact::new(3, -1)));
                let [to_six, to_four] = [base, wider].map(|scale| self.candidate(&scale, values, |s| self.inverse(s, &g)));
                let error = |c: &Candidate| self.squared_error(c, values, tensor.unwrap_or(&one), &number(6 * i64::from(most)));
                if below(&error(&to_four), &error(&to_six)) { to_four } else { to_six }
            }
        };
        (chosen.code, chosen.elements)
    }

    /// TransformerEngine's factor of the tensor: 6 · most / its largest magnitude.
    fn encoding(&self, most: u16, tensor: Option<&Value>) -> Value {
        let one = Value::Finite(Exact::from(1));
        self.finite(self.over(&Value::Finite(Exact::from(6 * i64::from(most))), tensor.unwrap_or(&one)))
    }

    /// 1 / (scale · (1 / g)).
    fn inverse(&self, scale: &Value, g: &Value) -> Value {
        let one = Value::Finite(Exact::from(1));
        self.finite(self.over(&one, &self.times(scale, &self.over(&one, g))))
    }

    fn least_normal_scale(&self) -> Exact {
        match self.scales.format() {
            Format::Minifloat(f) => Exact::power_of_two(1 - i64::from(f.bias)),
            _ => Exact::zero(),
        }
    }

    /// The scale rounded, and the elements x · factor(scale) rounded.
    fn candidate(&self, scale: &Value, values: &[Value], factor: impl Fn(&Value) -> Value) -> Candidate {
        let rounded = self.scales.round_word(scale, 0).code;
        let scale = decode_word(self.scales.format(), Subnormals::Full, rounded);
        let factor = factor(&scale);
        let elements = values.iter().map(|x| self.elements.round(&self.times(x, &factor), 0)).collect();
        Candidate { code: rounded, scale, elements }
    }

    /// Sum of (element · scale · tensor / most - x)², first element first.
    fn squared_error(&self, c: &Candidate, values: &[Value], tensor: &Value, most: &Value) -> Value {
        c.elements.iter().zip(values).fold(Value::ZERO, |sum, (element, x)| {
            let element = crate::decode::decode(self.elements.format(), element);
            let back = self.over(&self.times(&self.times(&element, &c.scale), tensor), most);
            let difference = self.plus(&back, &x.negated());
            self.plus(&sum, &self.times(&difference, &difference))
        })
    }
}

/// a < b of numbers and infinities that are not negative.
fn below(a: &Value, b: &Value) -> bool {
    match (a.exact(), b.exact()) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => !b.is_nan(),
        _ => false,
    }
}
