//! The BitMoD processing element: dot products of binary16 activations and few-bit weights, term by term.
use crate::bitmod::float_grid;
use num_bigint::BigUint;

/// A term of a weight: ±man·2^(exp + bsig).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Negative.
    pub negative: bool,
    /// Not nothing.
    pub man: bool,
    /// The exponent that takes part in the alignment of the lanes.
    pub exp: i64,
    /// The exponent that all lanes share.
    pub bsig: u32,
}

/// A type of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Two's complement integers of that many bits.
    Integer(u32),
    /// Sign and one of 0, 1, 2, 4; the code of -0 is a special value.
    Fp3,
    /// Sign and E2M1, in halves; the code of -0 is a special value.
    Fp4,
    /// Sign and a magnitude of that many exponent and fraction bits, in units of the smallest.
    Float(u32, u32),
}

impl Weight {
    /// The number, in units of the type's grid, that a code stands for; `id` chooses the special value of the group.
    pub fn value(self, code: u64, id: usize) -> i64 {
        let (magnitudes, special) = match self {
            Weight::Integer(bits) => {
                let half = 1i64 << (bits - 1);
                return (code as i64 + half) % (2 * half) - half;
            }
            Weight::Fp3 => (vec![0, 1, 2, 4], [3, -3, 6, -6][id]),
            Weight::Fp4 => (float_grid(2, 1), [10, -10, 16, -16][id]),
            Weight::Float(e, m) => (float_grid(e, m), 0),
        };
        let magnitude = magnitudes[code as usize % magnitudes.len()];
        match (code as usize >= magnitudes.len(), magnitude) {
            (true, 0) => special,
            (negative, _) => {
                if negative {
                    -magnitude
                } else {
                    magnitude
                }
            }
        }
    }

    /// The terms of a number, all of the same count.
    pub fn terms(self, value: i64) -> Vec<Term> {
        match self {
            Weight::Integer(bits) => (0..bits.div_ceil(2))
                .map(|i| {
                    let bit = |k: u32| value >> k & 1;
                    let digit = if i > 0 { bit(2 * i - 1) } else { 0 } + bit(2 * i) - 2 * bit(2 * i + 1);
                    Term { negative: digit < 0, man: digit != 0, exp: i64::from(digit.abs() == 2), bsig: 2 * i }
                })
                .collect(),
            _ => {
                let none = Term { negative: value < 0, man: false, exp: 0, bsig: 0 };
                let ones = (0..16).rev().filter(|k| value.abs() >> k & 1 == 1);
                let mut terms: Vec<Term> = ones.map(|k| Term { man: true, exp: k, ..none }).collect();
                terms.resize(self.clocks(), none);
                terms
            }
        }
    }

    /// Terms of every weight of the type.
    pub fn clocks(self) -> usize {
        let magnitudes = match self {
            Weight::Integer(bits) => return bits.div_ceil(2) as usize,
            Weight::Fp3 => vec![3, 6, 4],
            Weight::Fp4 => [float_grid(2, 1), vec![10, 16]].concat(),
            Weight::Float(e, m) => float_grid(e, m),
        };
        magnitudes.iter().map(|v| v.count_ones() as usize).max().unwrap_or(0)
    }
}

/// Widths of an element.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    /// Bits kept below an activation's last.
    pub guard: u32,
    /// Two's complement bits of the accumulator's significand.
    pub acc_man: u32,
    /// Bits of its exponent.
    pub acc_exp: u32,
}

/// A sum: man·2^(exp - 25 - guard), in units of the weights' grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accumulator {
    /// Significand.
    pub man: i128,
    /// Exponent.
    pub exp: i64,
}

/// Sign, exponent and significand of a binary16 code. Subnormal numbers have exponent 1 and no hidden bit; the codes of
/// infinity and NaN are read as if they were numbers.
pub fn activation(code: u64) -> (bool, i64, i128) {
    let (field, fraction) = ((code >> 10 & 31) as i64, i128::from(code & 0x3ff));
    (code >> 15 & 1 == 1, field.max(1), if field > 0 { fraction + 1024 } else { fraction })
}

/// One clock: a term of each lane joins the sum.
pub fn step(acc: Accumulator, lanes: &[(u64, Term)], widths: Widths) -> Accumulator {
    let exponent = |(a, w): &(u64, Term)| activation(*a).1 + w.exp;
    let most = lanes.iter().map(exponent).max().unwrap_or(0);
    let aligned = |lane: &(u64, Term)| {
        let (negative, _, man) = activation(lane.0);
        let kept = if lane.1.man { man << widths.guard >> (most - exponent(lane)).min(100) } else { 0 };
        if negative != lane.1.negative { -kept } else { kept }
    };
    let dot: i128 = lanes.iter().map(aligned).sum();
    let bsig = lanes.first().map_or(0, |lane| lane.1.bsig);
    let mut exp = acc.exp.max(most);
    // Right shifts of negative numbers round down.
    let mut man = (acc.man >> (exp - acc.exp).min(100)) + ((dot << bsig) >> (exp - most).min(100));
    let half = 1i128 << (widths.acc_man - 1);
    while !(-half..half).contains(&man) {
        man >>= 1;
        exp += 1;
    }
    Accumulator { man, exp: exp % (1 << widths.acc_exp) }
}

/// A significand times an unsigned scale.
pub fn scaled(man: i128, scale: &BigUint) -> i128 {
    man * i128::try_from(scale).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Weight; 12] = [
        Weight::Integer(3),
        Weight::Integer(4),
        Weight::Integer(5),
        Weight::Integer(6),
        Weight::Integer(7),
        Weight::Integer(8),
        Weight::Fp3,
        Weight::Fp4,
        Weight::Float(2, 2),
        Weight::Float(3, 1),
        Weight::Float(2, 3),
        Weight::Float(3, 2),
    ];

    #[test]
    fn terms_add_up() {
        let mut checked = 0;
        for weight in ALL {
            let bits = match weight {
                Weight::Integer(bits) => bits,
                Weight::Fp3 => 3,
                Weight::Fp4 => 4,
                Weight::Float(e, m) => 1 + e + m,
            };
            for code in 0..1 << bits {
                for id in 0..4 {
                    let value = weight.value(code, id);
                    let terms = weight.terms(value);
                    let number = |t: &Term| i64::from(t.man) << (t.exp + i64::from(t.bsig));
                    let sum: i64 = terms.iter().map(|t| if t.negative { -number(t) } else { number(t) }).sum();
                    assert_eq!((sum, terms.len()), (value, weight.clocks()), "{weight:?} {code}");
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 4 * (504 + 8 + 16 + 32 + 32 + 64 + 64));
        assert_eq!(ALL.map(Weight::clocks), [2, 2, 3, 3, 4, 4, 2, 2, 3, 2, 4, 3]);
    }

    /// The code list of FP4 with the special value -5, and its terms, in halves.
    #[test]
    fn special_value() {
        let list: Vec<i64> = (0..16).map(|code| Weight::Fp4.value(code, 1)).collect();
        assert_eq!(list, [0, 1, 2, 3, 4, 6, 8, 12, -10, -1, -2, -3, -4, -6, -8, -12]);
        let exponents: Vec<(bool, i64)> = Weight::Fp4.terms(-10).iter().map(|t| (t.negative, t.exp)).collect();
        assert_eq!(exponents, [(true, 3), (true, 1)]);
        let threes: Vec<i64> = (0..8).map(|code| Weight::Fp3.value(code, 3)).collect();
        assert_eq!(threes, [0, 1, 2, 4, -6, -1, -2, -4]);
    }

    /// Groups of 128 against their exact sums: the truncations cost less than a thousandth of three times the sum of |a|.
    #[test]
    fn error_of_a_group() {
        let widths = Widths { guard: 3, acc_man: 15, acc_exp: 6 };
        let mut seed = 7u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            seed >> 33
        };
        for _ in 0..400 {
            let (mut acc, mut exact, mut magnitude) = (Accumulator::default(), 0f64, 0f64);
            for _ in 0..32 {
                // Exponents spread like those of a normal distribution, about.
                let mut code =
                    || (random() & 1) << 15 | (15 - u64::from((random() & 0xff).trailing_zeros())) << 10 | random() & 0x3ff;
                let lanes: Vec<(u64, i64)> =
                    [(); 4].iter().map(|()| code()).collect::<Vec<_>>().into_iter().zip([3, -10, 6, -1]).collect();
                for k in 0..2 {
                    let terms: Vec<(u64, Term)> = lanes.iter().map(|(a, w)| (*a, Weight::Fp4.terms(*w)[k])).collect();
                    acc = step(acc, &terms, widths);
                }
                for (a, w) in lanes {
                    let (negative, exp, man) = activation(a);
                    let x = man as f64 * 2f64.powi(exp as i32 - 25) * if negative { -1.0 } else { 1.0 };
                    exact += x * w as f64 / 2.0;
                    magnitude += x.abs();
                }
            }
            let found = acc.man as f64 * 2f64.powi(acc.exp as i32 - 25 - 3) / 2.0;
            assert!((found - exact).abs() < 1e-3 * 3.0 * magnitude, "{found}, not {exact} of {magnitude}");
        }
    }
}
