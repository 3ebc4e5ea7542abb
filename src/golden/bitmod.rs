//! BitMoD and RaZeR: number types whose redundant code, "minus zero", is a special value chosen for each group,
//! and the quantisers that choose it. Types are on an integer grid: 4-bit BitMoD values are twice E2M1.
use crate::exact::Exact;
use crate::names::parse;
use crate::policy::{Overflow, Rounding};
use crate::round::Rounder;
use crate::value::Value;
use num_bigint::BigInt;

/// A decimal number as the nearest binary64 one.
fn decimal(x: f64) -> Exact {
    Exact::from_f64(x).unwrap_or_else(Exact::zero)
}

/// Magnitudes of a floating-point code of `e` exponent and `m` fraction bits, in units of the smallest one.
pub(crate) fn float_grid(e: u32, m: u32) -> Vec<i64> {
    (0..1i64 << (e + m))
        .map(|code| match code >> m {
            0 => code,
            field => ((1 << m) + code % (1 << m)) << (field - 1),
        })
        .collect()
}

/// The special value of a type's name, in units of its grid.
fn special(base: &str, suffix: &str) -> Option<i64> {
    Some(match (base, suffix) {
        ("fp3", "er_pos") => 3,
        ("fp3", "er_neg") => -3,
        ("fp3", "ea_pos") => 6,
        ("fp3", "ea_neg") => -6,
        ("fp4", "er_pos") => 10,
        ("fp4", "er_neg") => -10,
        ("fp4", "ea_pos") => 16,
        ("fp4", "ea_neg") => -16,
        ("fp4", "sp_pos") => 5,
        ("fp4", "sp_neg") => -5,
        ("fp4", "sm_pos") => 10,
        ("fp4", "sm_neg") => -10,
        ("fp4", "sr_pos") => 16,
        ("fp4", "sr_neg") => -16,
        _ => return None,
    })
}

/// The values of a type, ascending, in units of its grid: `int3`, `fp4`, `fp4_ea_neg`, `fp6_e3m2`, `flint4`…
pub fn datatype(name: &str) -> Option<Vec<i64>> {
    let integer = |bits: &str| bits.parse::<u32>().ok().filter(|b| (2..=16).contains(b)).map(|b| (0..1i64 << (b - 1)).collect());
    let (base, suffix) = name.split_at_checked(3).map_or((name, ""), |(b, s)| (b, s.trim_start_matches('_')));
    let (magnitudes, special): (Vec<i64>, Option<i64>) = match name {
        "flint4" => (vec![0, 1, 2, 3, 4, 6, 8, 16], None),
        "flint5" => (vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64], None),
        "fp5" | "fp5_e2m2" => (float_grid(2, 2), None),
        "fp5_e3m1" => (float_grid(3, 1), None),
        "fp6" | "fp6_e2m3" => (float_grid(2, 3), None),
        "fp6_e3m2" => (float_grid(3, 2), None),
        _ if base == "fp3" => (vec![0, 1, 2, 4], special(base, suffix)),
        _ if base == "fp4" => (float_grid(2, 1), special(base, suffix)),
        _ => (integer(name.strip_prefix("int")?)?, None),
    };
    if special.is_none() && ["fp3", "fp4"].contains(&base) && !suffix.is_empty() {
        return None;
    }
    let mut values: Vec<i64> = magnitudes.iter().flat_map(|m| [*m, -m]).chain(special).collect();
    values.sort_unstable();
    values.dedup();
    Some(values)
}

/// The types among which a search chooses, in the order in which they are tried.
pub fn candidates(mode: &str, bits: u32) -> Option<Vec<String>> {
    let of = |suffixes: &[&str]| Some(suffixes.iter().map(|s| format!("fp{bits}_{s}")).collect());
    match (mode, bits) {
        ("mixed_bitmod", 3 | 4) => of(&["er_pos", "er_neg", "ea_pos", "ea_neg"]),
        ("mixed_er", 3 | 4) => of(&["er_pos", "er_neg"]),
        ("mixed_ea", 3 | 4) => of(&["ea_pos", "ea_neg"]),
        ("mixed_ant", 3) => Some(vec!["int3".into(), "fp3".into()]),
        ("mixed_ant", 4) => Some(vec!["int4".into(), "flint4".into()]),
        _ => None,
    }
}

/// The arithmetic a quantiser is computed in.
pub struct Arithmetic {
    rounder: Option<Rounder>,
    clamp: Option<(Exact, Exact)>,
}

impl Arithmetic {
    fn new(format: Option<&str>, clamped: bool) -> Arithmetic {
        let rounder = format.map(|name| {
            let format = parse(name).expect("internal error: a known format");
            Rounder::new(&format, Rounding::nearest(Overflow::Nonfinite)).expect("internal error: a legal rounding")
        });
        let mut arithmetic = Arithmetic { rounder, clamp: None };
        arithmetic.clamp = clamped.then(|| (arithmetic.round(&decimal(1e-5)), arithmetic.round(&decimal(1e4))));
        arithmetic
    }

    /// Every step rounded to binary16, scales within 1e-5 to 1e4: BitMoD.
    pub fn fp16() -> Arithmetic {
        Self::new(Some("fp16"), true)
    }

    /// Every step rounded to binary32: RaZeR.
    pub fn fp32() -> Arithmetic {
        Self::new(Some("fp32"), false)
    }

    /// No step rounded.
    pub fn exact() -> Arithmetic {
        Self::new(None, true)
    }

    /// One step's result. Beyond the format's range it is the exact one: no library's vectors go there.
    fn round(&self, x: &Exact) -> Exact {
        let rounded = |r: &Rounder| r.round_value(&Value::number(x.clone(), false), 0).exact();
        self.rounder.as_ref().and_then(rounded).unwrap_or_else(|| x.clone())
    }

    /// x / y; where nothing is rounded, close enough that no comparison with a short number goes wrong: the last of
    /// at least 100 bits is odd if the quotient goes on.
    fn divide(&self, x: &Exact, y: &Exact) -> Exact {
        let (Some(top), Some(bottom)) = (x.floor_log2(), y.floor_log2()) else { return Exact::zero() };
        let bits = 100 + (bottom - top).max(0) as u32;
        let floor = BigInt::from(x.scaled_ratio(bits, y));
        let whole = &Exact::new(floor.clone(), -i64::from(bits)) * &y.abs() == x.abs();
        let quotient = Exact::new(floor * 2 + i32::from(!whole), -i64::from(bits) - 1);
        self.round(&if x.is_negative() != y.is_negative() { -&quotient } else { quotient })
    }

    fn clamped(&self, x: Exact) -> Exact {
        match &self.clamp {
            Some((low, high)) => x.max(low.clone()).min(high.clone()),
            None => x,
        }
    }
}

/// A group in few bits.
#[derive(Clone, Debug)]
pub struct Quantised {
    /// What the levels are multiplied with.
    pub scale: Exact,
    /// The chosen value of the type for each number.
    pub levels: Vec<i64>,
    /// Levels times scale.
    pub values: Vec<Value>,
}

fn largest(group: &[Exact]) -> Exact {
    group.iter().map(Exact::abs).max().unwrap_or_else(Exact::zero)
}

/// A group in the values of a type times a scale of its own; a number half-way goes to the lower value. `unit` is what
/// the type's grid counts in (RaZeR's is ½, BitMoD's 1).
pub fn quantise(group: &[Exact], values: &[i64], unit: &Exact, arithmetic: &Arithmetic) -> Quantised {
    let most = values.iter().map(|v| v.abs()).max().unwrap_or(1);
    let value = |v: i64| &Exact::new(v, 0) * unit;
    let scale = arithmetic.clamped(arithmetic.divide(&largest(group), &value(most)));
    // Twice the midpoint of two neighbours is their sum.
    let level = |x: &Exact| {
        let twice = &Exact::new(2, 0) * x;
        let above = values.windows(2).filter(|pair| twice > value(pair[0] + pair[1])).count();
        values[above]
    };
    let levels: Vec<i64> = group.iter().map(|x| level(&arithmetic.divide(x, &scale))).collect();
    let product = |level: &i64| Value::number(arithmetic.round(&(&value(*level) * &scale)), false);
    Quantised { values: levels.iter().map(product).collect(), scale, levels }
}

/// Sum of the squared errors.
fn error(group: &[Exact], quantised: &Quantised) -> Exact {
    let square = |x: Exact| &x * &x;
    let errors = group.iter().zip(&quantised.values).map(|(x, q)| square(&q.exact().unwrap_or_else(Exact::zero) - x));
    errors.fold(Exact::zero(), |sum, e| &sum + &e)
}

/// The type of the least squared error among those named, the first of equals, and the group in it.
pub fn search(group: &[Exact], candidates: &[String], unit: &Exact, arithmetic: &Arithmetic) -> Option<(usize, Quantised)> {
    let tried = candidates.iter().filter_map(|name| Some(quantise(group, &datatype(name)?, unit, arithmetic)));
    tried.enumerate().min_by_key(|(_, q)| error(group, q))
}

/// The integer nearest to x, halves to the even one.
fn nearest_even(x: &Exact) -> BigInt {
    let (bits, one) = (x.exponent().min(0).unsigned_abs(), BigInt::from(1));
    let mantissa = x.in_units(-(bits as i64)).unwrap_or_default();
    if bits == 0 {
        return mantissa;
    }
    let (floor, rest, half) = (&mantissa >> bits, &mantissa - ((&mantissa >> bits) << bits), one.clone() << (bits - 1));
    if rest > half || rest == half && floor.bit(0) { floor + one } else { floor }
}

/// A group as symmetric integers of `bits` bits times a scale.
pub fn quantise_symmetric(group: &[Exact], bits: u32, arithmetic: &Arithmetic) -> Vec<Value> {
    let most = BigInt::from((1i64 << (bits - 1)) - 1);
    let scale = arithmetic.clamped(arithmetic.divide(&largest(group), &Exact::new(most.clone(), 0)));
    let one = |x: &Exact| {
        let q = nearest_even(&arithmetic.divide(x, &scale)).clamp(-most.clone(), most.clone());
        // A small negative number becomes -0.
        Value::number(arithmetic.round(&(&Exact::new(q, 0) * &scale)), x.is_negative())
    };
    group.iter().map(one).collect()
}

/// A group as unsigned integers of `bits` bits from a zero point, times a scale.
pub fn quantise_asymmetric(group: &[Exact], bits: u32, arithmetic: &Arithmetic) -> Vec<Value> {
    let (Some(low), Some(high)) = (group.iter().min(), group.iter().max()) else { return Vec::new() };
    let (zero, most) = (BigInt::ZERO, BigInt::from((1i64 << bits) - 1));
    let range = arithmetic.round(&(high - low));
    let scale = arithmetic.clamped(arithmetic.divide(&range, &Exact::new(most.clone(), 0)));
    let point = nearest_even(&arithmetic.divide(&-low, &scale)).clamp(zero.clone(), most.clone());
    let one = |x: &Exact| {
        let sum = arithmetic.round(&Exact::new(nearest_even(&arithmetic.divide(x, &scale)) + &point, 0));
        let q = nearest_even(&sum).clamp(zero.clone(), most.clone());
        Value::number(arithmetic.round(&(&Exact::new(q - &point, 0) * &scale)), false)
    };
    group.iter().map(one).collect()
}

/// A group in MXFP4: the power of two below its largest number, over 4, scales E2M1 values; halves as in [`quantise`].
pub fn quantise_mxfp4(group: &[Exact], arithmetic: &Arithmetic) -> Vec<Value> {
    let values = datatype("fp4").unwrap_or_default();
    let scale = Exact::power_of_two(largest(group).floor_log2().unwrap_or(0) - 2);
    let level = |x: &Exact| {
        let fourfold = &Exact::new(4, 0) * &arithmetic.divide(x, &scale);
        let above = values.windows(2).filter(|pair| fourfold > Exact::new(pair[0] + pair[1], 0)).count();
        values[above]
    };
    group.iter().map(|x| Value::number(&Exact::new(level(x), -1) * &scale, x.is_negative())).collect()
}
