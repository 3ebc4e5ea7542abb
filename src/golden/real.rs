//! Real numbers enclosed in intervals of binary fixed point: every operation rounds its ends outward.
use crate::exact::Exact;
use num_bigint::BigInt;
use num_traits::{One, Signed};

/// An interval, in units of the context that made it.
#[derive(Clone, Debug)]
pub struct Interval {
    lo: BigInt,
    hi: BigInt,
}

/// Arithmetic on intervals with ends that are multiples of 2^-bits.
#[derive(Clone, Debug)]
pub struct Reals {
    bits: u32,
}

/// a / b, downward; b is positive.
fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    if a.is_negative() && &quotient * b != *a { quotient - 1 } else { quotient }
}

/// a / b, upward; b is positive.
fn ceil_div(a: &BigInt, b: &BigInt) -> BigInt {
    -floor_div(&-a, b)
}

impl Reals {
    /// A context.
    pub fn new(bits: u32) -> Reals {
        Reals { bits }
    }

    fn one(&self) -> BigInt {
        BigInt::one() << self.bits
    }

    /// An integer.
    pub fn integer(&self, n: i64) -> Interval {
        let n = BigInt::from(n) << self.bits;
        Interval { lo: n.clone(), hi: n }
    }

    /// A quotient of integers, the second positive.
    pub fn ratio(&self, a: i64, b: i64) -> Interval {
        let (a, b) = (BigInt::from(a) << self.bits, BigInt::from(b));
        Interval { lo: floor_div(&a, &b), hi: ceil_div(&a, &b) }
    }

    /// An exact number.
    pub fn exact(&self, x: &Exact) -> Interval {
        let shift = x.exponent() + i64::from(self.bits);
        match u64::try_from(shift) {
            Ok(up) => {
                let n = x.mantissa() << up;
                Interval { lo: n.clone(), hi: n }
            }
            Err(_) => {
                let lo: BigInt = x.mantissa() >> shift.unsigned_abs();
                Interval { hi: &lo + 1, lo }
            }
        }
    }

    /// The ends.
    pub fn bounds(&self, x: &Interval) -> (Exact, Exact) {
        let unit = -i64::from(self.bits);
        (Exact::new(x.lo.clone(), unit), Exact::new(x.hi.clone(), unit))
    }

    /// Sum.
    pub fn plus(&self, a: &Interval, b: &Interval) -> Interval {
        Interval { lo: &a.lo + &b.lo, hi: &a.hi + &b.hi }
    }

    /// Difference.
    pub fn minus(&self, a: &Interval, b: &Interval) -> Interval {
        Interval { lo: &a.lo - &b.hi, hi: &a.hi - &b.lo }
    }

    /// Product.
    pub fn times(&self, a: &Interval, b: &Interval) -> Interval {
        let corners = [&a.lo * &b.lo, &a.lo * &b.hi, &a.hi * &b.lo, &a.hi * &b.hi];
        let least = corners.iter().min().cloned().unwrap_or_default();
        let most = corners.iter().max().cloned().unwrap_or_default();
        // A shift of a big integer rounds downward.
        Interval { lo: least >> self.bits, hi: -(-most >> self.bits) }
    }

    /// Quotient; the divisor does not contain 0.
    pub fn over(&self, a: &Interval, b: &Interval) -> Interval {
        if b.hi.is_negative() {
            let negated = |x: &Interval| Interval { lo: -&x.hi, hi: -&x.lo };
            return self.over(&negated(a), &negated(b));
        }
        let (lo, hi) = (&a.lo << self.bits, &a.hi << self.bits);
        let low = if lo.is_negative() { floor_div(&lo, &b.lo) } else { floor_div(&lo, &b.hi) };
        let high = if hi.is_negative() { ceil_div(&hi, &b.hi) } else { ceil_div(&hi, &b.lo) };
        Interval { lo: low, hi: high }
    }

    /// Quotient by a positive integer.
    fn shared(&self, a: &Interval, n: u64) -> Interval {
        let n = BigInt::from(n);
        Interval { lo: floor_div(&a.lo, &n), hi: ceil_div(&a.hi, &n) }
    }

    /// Square root; the operand is not negative.
    pub fn sqrt(&self, x: &Interval) -> Interval {
        let lo = (&x.lo << self.bits).sqrt();
        let scaled = &x.hi << self.bits;
        let hi = scaled.sqrt();
        let hi = if &hi * &hi == scaled { hi } else { hi + 1 };
        Interval { lo, hi }
    }

    /// e^x: the series at x / 2^n, squared n times.
    pub fn exp(&self, x: &Interval) -> Interval {
        let most = x.lo.abs().max(x.hi.abs());
        // |x| / 2^n below 2^-8.
        let halvings = (most.bits() as i64 - i64::from(self.bits) + 8).max(0) as u64;
        // Squaring doubles relative errors: more places for them.
        let inner = Reals::new(self.bits + 2 * halvings as u32 + 32);
        let wider = u64::from(inner.bits - self.bits);
        let r = Interval { lo: (&x.lo << wider) >> halvings, hi: ((&x.hi << wider) >> halvings) + 1 };
        let (mut term, mut sum) = (inner.integer(1), inner.integer(1));
        for n in 1u64.. {
            term = inner.shared(&inner.times(&term, &r), n);
            sum = inner.plus(&sum, &term);
            let size = term.lo.abs().max(term.hi.abs());
            if size <= BigInt::from(2) {
                // What follows is less than the last term.
                sum = Interval { lo: sum.lo - &size, hi: sum.hi + &size };
                break;
            }
        }
        for _ in 0..halvings {
            sum = inner.times(&sum, &sum);
        }
        Interval { lo: sum.lo >> wider, hi: -(-sum.hi >> wider) }
    }

    /// 1 / (1 + e^-x).
    pub fn sigmoid(&self, x: &Interval) -> Interval {
        let e = self.exp(&self.minus(&self.integer(0), x));
        self.over(&self.integer(1), &self.plus(&self.integer(1), &e))
    }

    /// ln 2 = Σ 1 / (n 2^n).
    pub fn ln2(&self) -> Interval {
        let mut sum = self.integer(0);
        for n in 1..=u64::from(self.bits) {
            let term = self.shared(&Interval { lo: self.one() >> n, hi: self.one() >> n }, n);
            sum = self.plus(&sum, &term);
        }
        // What is left is below 2^-bits.
        Interval { lo: sum.lo, hi: sum.hi + 1 }
    }

    /// π = 16 arctan 1/5 - 4 arctan 1/239.
    pub fn pi(&self) -> Interval {
        let arctan = |k: u64| {
            let mut power = self.shared(&self.integer(1), k);
            let mut sum = power.clone();
            for n in 1u64.. {
                power = self.shared(&power, k * k);
                let term = self.shared(&power, 2 * n + 1);
                sum = if n % 2 == 1 { self.minus(&sum, &term) } else { self.plus(&sum, &term) };
                if term.hi <= BigInt::one() {
                    break;
                }
            }
            Interval { lo: sum.lo - 1, hi: sum.hi + 1 }
        };
        let (a, b) = (arctan(5), arctan(239));
        let by = |x: &Interval, n: i64| Interval { lo: &x.lo * n, hi: &x.hi * n };
        self.minus(&by(&a, 16), &by(&b, 4))
    }

    /// Φ(x) = 1/2 + e^(-x²/2) / √(2π) · Σ x^(2n+1) / (1 · 3 · 5 ⋯ (2n+1)).
    pub fn normal(&self, x: &Interval) -> Interval {
        let square = self.times(x, x);
        let (mut term, mut sum) = (x.clone(), x.clone());
        for n in 1u64.. {
            term = self.shared(&self.times(&term, &square), 2 * n + 1);
            sum = self.plus(&sum, &term);
            let size = term.lo.abs().max(term.hi.abs());
            // From here each term is less than half the one before.
            let halving = square.hi <= BigInt::from(2 * n + 3) << (self.bits - 1);
            if size <= BigInt::from(4) && halving {
                sum = Interval { lo: sum.lo - &size, hi: sum.hi + &size };
                break;
            }
        }
        let half = Interval { lo: &square.lo >> 1u32, hi: (&square.hi >> 1u32) + 1 };
        let density = self.exp(&self.minus(&self.integer(0), &half));
        let root = self.sqrt(&self.times(&self.integer(2), &self.pi()));
        let half = Interval { lo: self.one() >> 1u32, hi: self.one() >> 1u32 };
        self.plus(&half, &self.over(&self.times(&sum, &density), &root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Zero;

    /// Digits of the constants, from tables.
    #[test]
    fn constants() {
        let r = Reals::new(200);
        let check = |x: Interval, digits: &str| {
            let want: BigInt = digits.parse().unwrap();
            let scaled = |end: &BigInt| (end * num_traits::pow(BigInt::from(10), digits.len() - 1)) >> 200u32;
            assert!(scaled(&x.lo) == want && scaled(&x.hi) == want && x.lo < x.hi, "{digits}");
            assert!(&x.hi - &x.lo < BigInt::from(100_000));
        };
        check(r.pi(), "31415926535897932384626433832795028841971");
        check(r.exp(&r.integer(1)), "27182818284590452353602874713526624977572");
        check(r.plus(&r.integer(1), &r.ln2()), "16931471805599453094172321214581765680755");
        check(r.sqrt(&r.integer(2)), "14142135623730950488016887242096980785696");
        check(r.plus(&r.integer(1), &r.normal(&r.integer(1))), "18413447460685429485852325456320379224779");
        assert!(r.integer(0).lo.is_zero());
    }
}
