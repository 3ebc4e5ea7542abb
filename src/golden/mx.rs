//! Shared scales of blocks (OCP MX): which power of two, and the elements under it.
use crate::exact::Exact;
use crate::extent;
use crate::format::Format;
use crate::policy::Subnormals;
use crate::round::{Rounder, nan_code};
use crate::value::Value;
use num_bigint::{BigInt, BigUint};
use std::cmp::Ordering;

/// How the scale 2^k of a block follows from its largest magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleRule {
    /// k = floor(log2 amax) - emax.
    Floor,
    /// k = ceil(log2 amax) - emax.
    Ceil,
    /// The least k for which amax is at most 2^k times the largest element.
    CeilOfRatio,
    /// As `Floor`, of amax rounded to the fraction bits of the element, ties away from zero.
    Even,
    /// The k nearest to log2(amax / largest element).
    Nearest,
}

/// Code of an E8M0 scale that is NaN.
pub const NAN_SCALE: u64 = 0xff;

/// k for a largest magnitude `amax` > 0, unbounded.
pub fn shared_exponent(rule: ScaleRule, amax: &Exact, element: &Format) -> i64 {
    let largest = extent::of_format(element, Subnormals::Full).max;
    let log = |x: &Exact| x.floor_log2().unwrap_or(0);
    let (e, emax) = (log(amax), log(&largest));
    // The least k from well below on that is large enough.
    let least = |enough: &dyn Fn(i64) -> bool| (e - emax - 3..).find(|k| enough(*k)).unwrap_or(e - emax);
    let reaches = |x: &Exact, y: &Exact| x.cmp_abs(y) != Ordering::Less;
    match rule {
        ScaleRule::Floor => e - emax,
        ScaleRule::Ceil => e - emax + i64::from(*amax != Exact::power_of_two(e)),
        ScaleRule::CeilOfRatio => least(&|k| reaches(&largest.scale(k), amax)),
        ScaleRule::Even => {
            let fraction = match element {
                Format::Minifloat(f) => i64::from(f.frac_bits),
                Format::Int(f) => i64::from(f.bits) - 2,
                _ => 0,
            };
            // Half a step more reaches the next power of two exactly where rounding does.
            let raised = amax + &Exact::power_of_two(e - fraction - 1);
            log(&raised) - emax
        }
        // amax / largest < 2^(k + 1/2), squared.
        ScaleRule::Nearest => least(&|k| (&largest * &largest).scale(2 * k + 1) > amax * amax),
    }
}

/// The E8M0 scale of a block and its elements. A block with a NaN or an infinity has the scale NaN and zeros;
/// `zero` is the scale of a block of zeros.
pub fn quantize(rule: ScaleRule, values: &[Value], elements: &Rounder, zero: u64) -> (u64, Vec<BigUint>) {
    let nothing = vec![BigUint::ZERO; values.len()];
    let magnitudes: Option<Vec<Exact>> = values.iter().map(|v| v.exact().map(|x| x.abs())).collect();
    let Some(amax) = magnitudes.and_then(|m| m.into_iter().max()) else { return (NAN_SCALE, nothing) };
    let k = if amax.is_zero() { zero as i64 - 127 } else { shared_exponent(rule, &amax, elements.format()) };
    if k > 127 && rule == ScaleRule::Floor {
        return (NAN_SCALE, nothing);
    }
    let k = k.clamp(-127, 127);
    let scaled = |v: &Value| match v {
        Value::Finite(x) => Value::Finite(x.scale(-k)),
        other => other.clone(),
    };
    ((k + 127) as u64, values.iter().map(|v| elements.round(&scaled(v), 0)).collect())
}

/// a / b, cut off towards 0 after at least 128 bits. No rounding can tell: the divisors here have at most 48 bits (a scale of a tensor times
/// one of a block) and a border between two codes at most 26, so a quotient is such a border or off it by more than 2^-80 of it.
pub(crate) fn ratio(a: &Exact, b: &Exact) -> Exact {
    let log = |x: &Exact| x.floor_log2().unwrap_or(0);
    let bits = (128 + log(b) - log(a)).max(0);
    let floor = Exact::new(BigInt::from(a.scaled_ratio(bits as u32, b)), -bits);
    if a.is_negative() != b.is_negative() { -&floor } else { floor }
}

/// The scale of a block that is a number, and its elements: amax / (tensor · largest element), and x / (tensor · scale), each
/// rounded once. NaN and zeros if a value or the tensor's scale is not finite, or that is negative; zeros under a scale of 0.
pub fn quantize_by_ratio(values: &[Value], tensor: &Value, scales: &Rounder, elements: &Rounder) -> (u64, Vec<BigUint>) {
    let magnitudes: Option<Vec<Exact>> = values.iter().map(|v| v.exact().map(|x| x.abs())).collect();
    let (Some(amax), Some(tensor)) = (magnitudes.and_then(|m| m.into_iter().max()), tensor.exact().filter(|t| !t.is_negative()))
    else {
        return (nan_code(scales.format(), false).unwrap_or(0), vec![BigUint::ZERO; values.len()]);
    };
    let largest = extent::of_format(elements.format(), Subnormals::Full).max;
    let divided = |x: &Exact, by: &Exact, negative: bool| {
        let none = x.is_zero() || by.is_zero();
        Value::number(if none { Exact::zero() } else { ratio(x, by) }, negative)
    };
    let scale = scales.round_value(&divided(&amax, &(&tensor * &largest), false), 0);
    let code = u64::try_from(scales.round(&scale, 0)).unwrap_or(0);
    let by = &tensor * &scale.exact().unwrap_or_else(Exact::zero);
    let element = |v: &Value| elements.round(&divided(&v.exact().unwrap_or_else(Exact::zero), &by, v.is_negative()), 0);
    (code, values.iter().map(element).collect())
}
