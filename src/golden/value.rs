//! What a code means: an exact number or one of the special values.
use crate::exact::Exact;
use crate::policy::NanSign;
use std::fmt;

/// The value of a code, or an exact result before rounding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Zero; formats without -0 only have `negative: false`.
    Zero {
        /// Sign of the zero.
        negative: bool,
    },
    /// A number other than zero.
    Finite(Exact),
    /// ±infinity.
    Infinite {
        /// -infinity.
        negative: bool,
    },
    /// Not a number; the sign is the code's sign bit.
    Nan {
        /// Sign bit of the code.
        negative: bool,
    },
}

impl Value {
    /// +0.
    pub const ZERO: Value = Value::Zero { negative: false };
    /// The NaN that arithmetic makes.
    pub const NAN: Value = Value::Nan { negative: false };

    /// The number `x`; zero gets the given sign.
    pub fn number(x: Exact, negative_zero: bool) -> Value {
        if x.is_zero() { Value::Zero { negative: negative_zero } } else { Value::Finite(x) }
    }

    /// The value of a binary64, sign of zero and NaN included.
    pub fn from_f64(x: f64) -> Value {
        let negative = x.is_sign_negative();
        match Exact::from_f64(x) {
            Some(exact) => Value::number(exact, negative),
            None if x.is_nan() => Value::Nan { negative },
            None => Value::Infinite { negative },
        }
    }

    /// Sign bit.
    pub fn is_negative(&self) -> bool {
        match self {
            Value::Finite(x) => x.is_negative(),
            Value::Zero { negative } | Value::Infinite { negative } | Value::Nan { negative } => *negative,
        }
    }

    /// The value with the opposite sign (the operand of a subtraction); NaN stays as it is.
    pub fn negated(&self) -> Value {
        match self {
            Value::Zero { negative } => Value::Zero { negative: !negative },
            Value::Finite(x) => Value::Finite(-x),
            Value::Infinite { negative } => Value::Infinite { negative: !negative },
            Value::Nan { .. } => self.clone(),
        }
    }

    /// Is it NaN?
    pub fn is_nan(&self) -> bool {
        matches!(self, Value::Nan { .. })
    }

    /// Is it zero, of either sign?
    pub fn is_zero(&self) -> bool {
        matches!(self, Value::Zero { .. })
    }

    /// The exact number, if it is one (zero included, without its sign).
    pub fn exact(&self) -> Option<Exact> {
        match self {
            Value::Zero { .. } => Some(Exact::zero()),
            Value::Finite(x) => Some(x.clone()),
            _ => None,
        }
    }

    /// The same value, a NaN with the sign the policy wants.
    pub fn with_nan_sign(self, policy: NanSign) -> Value {
        match (self, policy) {
            (Value::Nan { .. }, NanSign::Positive) => Value::NAN,
            (value, _) => value,
        }
    }

    /// As binary64 where that is exact (NaN and infinities included), for display.
    pub fn to_f64(&self) -> Option<f64> {
        let signed = |x: f64, negative: bool| if negative { -x } else { x };
        match self {
            Value::Zero { negative } => Some(signed(0.0, *negative)),
            Value::Finite(x) => x.to_f64(),
            Value::Infinite { negative } => Some(signed(f64::INFINITY, *negative)),
            Value::Nan { .. } => Some(f64::NAN),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        match self {
            Value::Zero { .. } => write!(f, "{sign}0"),
            Value::Finite(x) => write!(f, "{x}"),
            Value::Infinite { .. } => write!(f, "{sign}inf"),
            Value::Nan { .. } => f.write_str("nan"),
        }
    }
}
