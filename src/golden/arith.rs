//! Exact arithmetic on values: IEEE 754 rules for zeros, infinities and NaN, no rounding.
//! A NaN made or passed on here is the positive one.
use crate::exact::Exact;
use crate::policy::Round;
use crate::value::Value;

/// a × b. The sign of a zero or infinity is the XOR of the signs; 0 × Inf is NaN.
pub fn multiply(a: &Value, b: &Value) -> Value {
    let negative = a.is_negative() != b.is_negative();
    match (a, b) {
        (Value::Nan { .. }, _) | (_, Value::Nan { .. }) => Value::NAN,
        (Value::Zero { .. }, Value::Infinite { .. }) | (Value::Infinite { .. }, Value::Zero { .. }) => Value::NAN,
        (Value::Infinite { .. }, _) | (_, Value::Infinite { .. }) => Value::Infinite { negative },
        (Value::Zero { .. }, _) | (_, Value::Zero { .. }) => Value::Zero { negative },
        (Value::Finite(x), Value::Finite(y)) => Value::Finite(x * y),
    }
}

/// a + b. An exact zero is +0 unless both addends are -0, or the sum is rounded down; Inf - Inf is NaN.
pub fn add(a: &Value, b: &Value, round: Round) -> Value {
    let cancelled = round == Round::Down;
    match (a, b) {
        (Value::Nan { .. }, _) | (_, Value::Nan { .. }) => Value::NAN,
        (Value::Infinite { negative: p }, Value::Infinite { negative: q }) if p != q => Value::NAN,
        (Value::Infinite { negative }, _) | (_, Value::Infinite { negative }) => Value::Infinite { negative: *negative },
        (Value::Zero { negative: p }, Value::Zero { negative: q }) => {
            Value::Zero { negative: if p == q { *p } else { cancelled } }
        }
        (Value::Zero { .. }, Value::Finite(_)) => b.clone(),
        (Value::Finite(_), Value::Zero { .. }) => a.clone(),
        (Value::Finite(x), Value::Finite(y)) => Value::number(x + y, cancelled),
    }
}

/// An exact sum of any number of terms with sticky flags for what is not a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Sum of the finite terms.
    pub finite: Exact,
    /// A term was NaN.
    pub nan: bool,
    /// A term was +Inf.
    pub positive_infinity: bool,
    /// A term was -Inf.
    pub negative_infinity: bool,
}

impl Default for Sum {
    fn default() -> Self {
        Sum::new()
    }
}

impl Sum {
    /// The empty sum.
    pub fn new() -> Sum {
        Sum { finite: Exact::zero(), nan: false, positive_infinity: false, negative_infinity: false }
    }

    /// Adds a term.
    pub fn add(&mut self, term: &Value) {
        match term {
            Value::Zero { .. } => {}
            Value::Finite(x) => self.finite = &self.finite + x,
            Value::Infinite { negative: true } => self.negative_infinity = true,
            Value::Infinite { negative: false } => self.positive_infinity = true,
            Value::Nan { .. } => self.nan = true,
        }
    }

    /// Is the result NaN: a NaN among the terms, or infinities of both signs?
    pub fn is_nan(&self) -> bool {
        self.nan || self.positive_infinity && self.negative_infinity
    }

    /// The sum as a value; exactly zero is +0.
    pub fn value(&self) -> Value {
        match (self.is_nan(), self.positive_infinity || self.negative_infinity) {
            (true, _) => Value::NAN,
            (false, true) => Value::Infinite { negative: self.negative_infinity },
            (false, false) => Value::number(self.finite.clone(), false),
        }
    }
}
