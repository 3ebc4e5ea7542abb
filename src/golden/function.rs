//! Functions of a real number, rounded correctly: enclosed between two exact numbers, ever closer, until both round alike.
//!
//! Every value here is rational (roots and reciprocals that come out even, exponentials of 0) or provably not on the border of a
//! rounding, so the search ends. Far out, where a function is closer to 0, 1 or its argument than any result format
//! can tell, a number just beside that limit stands for it.
use crate::decode::decode_with;
use crate::exact::Exact;
use crate::extent::of_format;
use crate::format::Format;
use crate::policy::Subnormals;
use crate::real::Reals;
use crate::round::Rounder;
use crate::value::Value;
use num_bigint::BigUint;

/// A function of one real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// e^x.
    Exp,
    /// 2^x.
    Exp2,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// x / (1 + e^-x).
    Silu,
    /// x Φ(x), Φ the normal distribution.
    Gelu,
    /// x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).
    GeluTanh,
    /// Error function.
    Erf,
    /// 1 / x.
    Reciprocal,
    /// √x.
    Sqrt,
    /// 1 / √x.
    Rsqrt,
}

/// The value of a function at a point.
enum Image {
    /// This one.
    Is(Value),
    /// Between these, which have the same sign, and not one of them unless they are equal.
    Within(Exact, Exact),
}

use Function::*;

impl Function {
    /// The function of every code of a format, rounded.
    pub fn table(self, from: &Format, subnormals: Subnormals, rounder: &Rounder) -> Vec<BigUint> {
        let codes = 0u64..1 << from.bits();
        codes.map(|c| self.round(&decode_with(from, subnormals, &c.into()), rounder)).collect()
    }

    /// The function of a value, rounded.
    pub fn round(self, x: &Value, rounder: &Rounder) -> BigUint {
        // Finer than any step of the result format.
        let unit = of_format(rounder.format(), Subnormals::Full).unit;
        let mut precision = u32::try_from((16 - unit).max(64)).unwrap_or(64);
        loop {
            match self.image(x, precision) {
                Image::Is(value) => return rounder.round(&value, 0),
                Image::Within(lo, hi) => {
                    let [a, b] = [lo, hi].map(|x| rounder.round(&Value::number(x, false), 0));
                    if a == b {
                        return a;
                    }
                }
            }
            precision *= 2;
        }
    }

    /// The value, or an enclosure about 2^-precision wide.
    fn image(self, x: &Value, precision: u32) -> Image {
        let zero = |negative| Image::Is(Value::Zero { negative });
        let infinite = |negative| Image::Is(Value::Infinite { negative });
        let number = |n: i64, e: i64| Image::Is(Value::number(Exact::new(n, e), false));
        match (self, x) {
            (_, Value::Nan { .. }) => Image::Is(Value::NAN),
            (Exp | Exp2, Value::Zero { .. }) => number(1, 0),
            (Exp | Exp2 | Sigmoid, Value::Infinite { negative: true }) => zero(false),
            (Exp | Exp2, Value::Infinite { .. }) => infinite(false),
            (Sigmoid, Value::Zero { .. }) => number(1, -1),
            (Sigmoid, Value::Infinite { .. }) => number(1, 0),
            (Tanh | Erf, Value::Infinite { negative }) => number(if *negative { -1 } else { 1 }, 0),
            (Silu | Gelu | GeluTanh, Value::Infinite { negative: true }) => zero(true),
            (Silu | Gelu | GeluTanh | Sqrt, Value::Infinite { negative: false }) => infinite(false),
            (Tanh | Erf | Silu | Gelu | GeluTanh | Sqrt, Value::Zero { negative }) => zero(*negative),
            (Reciprocal, Value::Zero { negative }) => infinite(*negative),
            (Reciprocal, Value::Infinite { negative }) => zero(*negative),
            (Rsqrt, Value::Zero { .. }) => infinite(false),
            (Rsqrt, Value::Infinite { negative: false }) => zero(false),
            (Sqrt | Rsqrt, Value::Infinite { negative: true }) => Image::Is(Value::NAN),
            (Sqrt | Rsqrt, Value::Finite(x)) if x.is_negative() => Image::Is(Value::NAN),
            (_, Value::Finite(x)) => self.at(x, precision),
        }
    }

    /// At a number other than 0.
    fn at(self, x: &Exact, precision: u32) -> Image {
        let bits = i64::from(precision);
        let tiny = Exact::power_of_two(-bits);
        let negative = x.is_negative();
        let beyond = |limit: i64| x.abs() >= Exact::from(limit);
        let just = |x: Exact| Image::Within(x.clone(), x);
        let one = Exact::from(1);
        let below_one = &one - &tiny;
        // |x|² or 0.07 |x|³ large enough for e^-that to be below 2^-precision / |x|.
        let squared_far = &x.abs() * &x.abs() >= Exact::from(2 * bits + 64);
        let cubed_far = &(&x.abs() * &x.abs()) * &x.abs() >= Exact::from(40 * bits + 1000);
        // Exponents up to here are computed; results above are beyond every format.
        const MOST: i64 = 3000;
        let far = match self {
            Exp | Exp2 => beyond(if negative { bits + 8 } else { MOST }),
            Sigmoid | Tanh => beyond(bits + 8),
            Silu => beyond(2 * bits),
            Gelu | Erf => squared_far,
            GeluTanh => cubed_far,
            Reciprocal | Sqrt | Rsqrt => false,
        };
        if far {
            return match (self, negative) {
                (Exp | Exp2 | Sigmoid, true) => just(tiny),
                (Exp | Exp2, false) => just(Exact::power_of_two(MOST)),
                (Sigmoid, false) | (Tanh | Erf, false) => just(below_one),
                (Tanh | Erf, true) => just(-&below_one),
                (_, true) => just(-&tiny),
                (_, false) => just(x - &tiny),
            };
        }
        if self == Exp2
            && let Some(n) = x.to_integer().and_then(|n| i64::try_from(n).ok())
        {
            return just(Exact::power_of_two(n));
        }
        // Room for the integer part of the largest intermediate result.
        let room = x.abs().floor_log2().unwrap_or(0).max(0) as u32;
        let wide = if negative && matches!(self, Silu | Sigmoid | Tanh | GeluTanh | Gelu | Erf) { 64 } else { 0 };
        let grown = u32::try_from(x.abs().scale(1).floor_log2().map_or(0, |e| 1i64 << (e + 2).clamp(0, 13))).unwrap_or(0);
        let growth = match self {
            Exp | Exp2 | Sigmoid | Silu | Tanh => grown,
            Gelu | Erf => 4 * precision + 256,
            GeluTanh => 8 * precision + 512,
            Reciprocal | Sqrt | Rsqrt => (-x.floor_log2().unwrap_or(0)).clamp(0, 4000) as u32,
        };
        let r = Reals::new(precision + 64 + 4 * room + wide + growth);
        let v = r.exact(x);
        let result = match self {
            Exp => r.exp(&v),
            Exp2 => r.exp(&r.times(&v, &r.ln2())),
            Sigmoid => r.sigmoid(&v),
            Silu => r.times(&v, &r.sigmoid(&v)),
            Tanh => {
                // 2 sigmoid(2x) - 1
                let s = r.sigmoid(&r.plus(&v, &v));
                r.minus(&r.plus(&s, &s), &r.integer(1))
            }
            Gelu => r.times(&v, &r.normal(&v)),
            Erf => {
                let phi = r.normal(&r.times(&v, &r.sqrt(&r.integer(2))));
                r.minus(&r.plus(&phi, &phi), &r.integer(1))
            }
            GeluTanh => {
                // x sigmoid(2u), u = √(2/π) (x + 0.044715 x³)
                let cube = r.times(&r.times(&v, &v), &v);
                let inner = r.plus(&v, &r.times(&cube, &r.ratio(44715, 1_000_000)));
                let u = r.times(&inner, &r.sqrt(&r.over(&r.integer(2), &r.pi())));
                r.times(&v, &r.sigmoid(&r.plus(&u, &u)))
            }
            Reciprocal => r.over(&r.integer(1), &v),
            Sqrt => r.sqrt(&v),
            Rsqrt => r.over(&r.integer(1), &r.sqrt(&v)),
        };
        let (lo, hi) = r.bounds(&result);
        self.clipped(x, lo, hi, &tiny)
    }

    /// An end on the wrong side of 0, where the function is known not to be, is moved just across.
    fn clipped(self, x: &Exact, lo: Exact, hi: Exact, tiny: &Exact) -> Image {
        let speck = tiny.scale(-64);
        let positive = matches!(self, Exp | Exp2 | Sigmoid | Sqrt | Rsqrt) || !x.is_negative();
        let (lo, hi) = match positive {
            true if lo <= Exact::zero() => (speck.clone(), hi.max(speck)),
            false if hi >= Exact::zero() => (lo.min(-&speck), -&speck),
            _ => (lo, hi),
        };
        Image::Within(lo, hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::parse;
    use crate::policy::{Overflow, Rounding};

    const ALL: [Function; 11] = [Exp, Exp2, Sigmoid, Tanh, Silu, Gelu, GeluTanh, Erf, Reciprocal, Sqrt, Rsqrt];

    /// The error function in binary64 by its series and continued fraction: independent of the enclosures.
    fn erf(x: f64) -> f64 {
        let a = x.abs();
        let result = if a < 3.0 {
            let (mut term, mut sum) = (a, a);
            for n in 0..200 {
                term *= -a * a / (n as f64 + 1.0);
                sum += term / (2.0 * n as f64 + 3.0);
            }
            sum * 2.0 / std::f64::consts::PI.sqrt()
        } else {
            let mut tail = a;
            for n in (1..60).rev() {
                tail = a + n as f64 / 2.0 / tail;
            }
            1.0 - (-a * a).exp() / tail / std::f64::consts::PI.sqrt()
        };
        result.copysign(x)
    }

    fn float(f: Function, x: f64) -> f64 {
        match f {
            Exp => x.exp(),
            Exp2 => x.exp2(),
            Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Tanh => x.tanh(),
            Silu => x / (1.0 + (-x).exp()),
            Gelu => x * 0.5 * (1.0 + erf(x / 2f64.sqrt())),
            GeluTanh => x * 0.5 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh()),
            Erf => erf(x),
            Reciprocal => 1.0 / x,
            Sqrt => x.sqrt(),
            Rsqrt => 1.0 / x.sqrt(),
        }
    }

    /// Enclosures contain what binary64 computes, to its accuracy, over ten binades on both sides of 0.
    #[test]
    fn enclosures_hold_binary64_values() {
        let mut compared = 0;
        for f in ALL {
            for k in -160..=160i64 {
                let x = Exact::new(k * 9 + 1, -7);
                let Image::Within(lo, hi) = f.image(&Value::Finite(x.clone()), 80) else { continue };
                assert!(lo <= hi && (&hi - &lo) <= Exact::power_of_two(-60), "{f:?} {x}: {lo} {hi}");
                let want = float(f, x.to_f64().unwrap());
                let slack = Exact::from_f64((want.abs() * 1e-13).max(1e-13)).unwrap();
                let want = Exact::from_f64(want).unwrap();
                assert!(&lo - &slack <= want && want <= &hi + &slack, "{f:?} {x}: {lo} to {hi}, not {want}");
                compared += 1;
            }
        }
        assert!(compared > 3000, "{compared}");
    }

    /// Finer enclosures lie within coarser ones.
    #[test]
    fn enclosures_are_nested() {
        for f in ALL {
            for (k, e) in [(3, -1), (-3, -1), (7, 0), (-11, 0), (1, -9), (-1, -9), (41, -3)] {
                let at = |precision| f.image(&Value::Finite(Exact::new(k, e)), precision);
                let (Image::Within(a, b), Image::Within(c, d)) = (at(70), at(300)) else { continue };
                assert!(a <= c && c <= d && d <= b, "{f:?} {k} {e}");
            }
        }
    }

    #[test]
    fn wide_formats_end() {
        for name in ["e5m2", "e4m3fn", "p3109_k8p3se", "int8", "e8m0fnu", "bnb_fp4"] {
            let from = parse(name).unwrap();
            for to in ["fp32", "e4m3fn", "bf16"] {
                let rounder = Rounder::new(&parse(to).unwrap(), Rounding::nearest(Overflow::Saturate)).unwrap();
                for f in ALL {
                    assert_eq!(f.table(&from, Subnormals::Full, &rounder).len(), 1 << from.bits());
                }
            }
        }
    }
}
