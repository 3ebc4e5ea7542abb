//! Directed operands: codes near the values where a rounding to some format changes its behaviour.
use crate::formats::*;
use crate::golden::decode::decode;
use crate::golden::exact::Exact;
use crate::golden::round::Rounder;
use crate::golden::value::Value;
use num_bigint::BigUint;

/// Numbers at the edges of a format: its extreme and smallest magnitudes, their halves, what lies half a step
/// beyond the largest one, and the border of the subnormals, of both signs.
pub fn edges(format: &Format) -> Vec<Exact> {
    let number = |code: u64| decode(format, &BigUint::from(code)).exact();
    let ends: Vec<(u64, u64)> = match format {
        Format::Minifloat(m) => {
            vec![(m.last_magnitude(), m.last_magnitude() - 1), (1, 0), (1 << m.frac_bits, (1 << m.frac_bits) - 1)]
        }
        Format::E8m0 => vec![(254, 253), (0, 1), (127, 128)],
        Format::Int(i) => {
            let top = 1u64 << (i.bits - 1);
            vec![(top - 1, (top - 1).saturating_sub(1)), (top, top | 1), (1, 0)]
        }
        Format::Table(t) => (1..t.values.len() as u64).map(|c| (c, c - 1)).collect(),
    };
    let mut out = Vec::new();
    for (at, neighbour) in ends {
        let (Some(x), Some(y)) = (number(at), number(neighbour)) else { continue };
        // Half-way to the neighbour, and as far on the other side.
        let middle = (&x + &y).scale(-1);
        let beyond = &(&x + &x) - &middle;
        for v in [x, middle, beyond] {
            out.push(-&v);
            out.push(v);
        }
    }
    out.sort();
    out.dedup();
    out
}

/// The code of a format nearest to a number, and its neighbours in code.
pub fn codes_near(format: &Format, x: &Exact) -> Vec<BigUint> {
    let Ok(rounder) = Rounder::new(format, Rounding::nearest(Overflow::Saturate)) else { return Vec::new() };
    let code = rounder.round_word(&Value::number(x.clone(), false), 0).code;
    let mask = if format.bits() >= 64 { u64::MAX } else { (1 << format.bits()) - 1 };
    [code.wrapping_sub(1), code, code.wrapping_add(1)].map(|c| BigUint::from(c & mask)).to_vec()
}

/// Pairs of codes whose product is near a number: a few values of `a`, and the `b` that completes each.
pub fn factors_near(a: &Format, b: &Format, x: &Exact) -> Vec<[BigUint; 2]> {
    let mut out = Vec::new();
    let Some(goal) = x.to_f64() else { return out };
    let bits = a.bits().min(63);
    for part in [1u64, 2, 3, 5, 9, 11, 13] {
        let code = BigUint::from(((1u64 << bits) - 1) / 13 * part);
        let Some(factor) = decode(a, &code).exact().and_then(|v| v.to_f64()).filter(|v| *v != 0.0) else { continue };
        let quotient = goal / factor;
        if let Some(other) = Exact::from_f64(quotient) {
            out.extend(codes_near(b, &other).into_iter().map(|c| [code.clone(), c]));
        }
    }
    out
}

/// Words for the random port: zeros, ones and alternating bits; a single empty choice if there is no such port.
pub fn random_words(bits: u32, roundings: u32) -> Vec<Vec<BigUint>> {
    let width = bits * roundings;
    if width == 0 {
        return vec![Vec::new()];
    }
    let ones = (BigUint::from(1u32) << width) - 1u32;
    vec![vec![BigUint::ZERO], vec![&ones / 3u32], vec![ones]]
}
