//! Codes to values: the value rule of every format.
use crate::exact::Exact;
use crate::format::{Format, IntFormat, IntKind, Minifloat, Special};
use crate::policy::Subnormals;
use crate::value::Value;
use num_bigint::BigUint;
use num_traits::ToPrimitive;

/// The value of a code. Bits above the format's width are ignored.
///
/// ```
/// use narrowgen_golden::{decode::decode, names};
/// let e4m3 = names::parse("e4m3fn").unwrap();
/// assert_eq!(decode(&e4m3, &0x7eu8.into()).to_string(), "448");
/// assert!(decode(&e4m3, &0x7fu8.into()).is_nan());
/// ```
pub fn decode(format: &Format, code: &BigUint) -> Value {
    decode_with(format, Subnormals::Full, code)
}

/// The value of a code, subnormal operands kept or read as zero of the same sign.
pub fn decode_with(format: &Format, subnormals: Subnormals, code: &BigUint) -> Value {
    decode_word(format, subnormals, code.iter_u64_digits().next().unwrap_or(0))
}

/// [`decode_with`] for a code in a machine word; no format is wider than 64 bits.
pub fn decode_word(format: &Format, subnormals: Subnormals, code: u64) -> Value {
    let code = code & mask(format.bits());
    match format {
        Format::Minifloat(m) => decode_minifloat(m, subnormals, code),
        Format::Int(i) => Value::number(Exact::new(decode_int(i, code), i64::from(i.lsb_exp)), false),
        Format::E8m0 if code == 0xff => Value::NAN,
        Format::E8m0 => Value::Finite(e8m0_value(code)),
        Format::Table(t) => {
            let (mantissa, exponent) = t.values.get(code.to_usize().unwrap_or(0)).copied().unwrap_or((0, 0));
            Value::number(Exact::new(mantissa, i64::from(exponent)), false)
        }
    }
}

/// The `bits` low bits set.
pub(crate) fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// Value of an ordinary magnitude code (exponent and fraction fields as one number). Also defined one code past the
/// top of the field, as if the exponent had another bit: that is where overflow is decided.
pub(crate) fn magnitude_value(m: &Minifloat, code: u64) -> Exact {
    let exponent = (code >> m.frac_bits) as i64;
    let fraction = code & mask(m.frac_bits);
    let unit = 1 - i64::from(m.bias) - i64::from(m.frac_bits);
    match exponent {
        0 => Exact::from_parts(false, u128::from(fraction), unit),
        e => Exact::from_parts(false, u128::from((1 << m.frac_bits) + fraction), unit + e - 1),
    }
}

/// Value of the E8M0 code, also of the first code past the largest.
pub(crate) fn e8m0_value(code: u64) -> Exact {
    Exact::power_of_two(code as i64 - 127)
}

fn decode_minifloat(m: &Minifloat, subnormals: Subnormals, code: u64) -> Value {
    let field_bits = m.exp_bits + m.frac_bits;
    let magnitude = code & mask(field_bits);
    let negative = m.signed && code >> field_bits & 1 == 1;
    let last = m.last_magnitude();
    let special = match m.special {
        Special::None => None,
        Special::Ieee => match magnitude.checked_sub(last) {
            None | Some(0) => None,
            Some(1) => Some(Value::Infinite { negative }),
            Some(_) => Some(Value::Nan { negative }),
        },
        Special::Fn => (magnitude > last).then_some(Value::Nan { negative }),
        Special::Fnuz => (negative && magnitude == 0).then_some(Value::Nan { negative }),
        Special::P3109 { .. } if m.signed && negative && magnitude == 0 => Some(Value::Nan { negative }),
        Special::P3109 { .. } if !m.signed && magnitude == mask(field_bits) => Some(Value::Nan { negative }),
        Special::P3109 { .. } => (magnitude > last).then_some(Value::Infinite { negative }),
    };
    special.unwrap_or_else(|| {
        let subnormal = magnitude >> m.frac_bits == 0;
        if subnormal && subnormals == Subnormals::Flush {
            return Value::Zero { negative };
        }
        let value = magnitude_value(m, magnitude);
        Value::number(if negative { -&value } else { value }, negative)
    })
}

/// The integer an integer code stands for (not yet scaled by the weight of its last bit).
fn decode_int(i: &IntFormat, code: u64) -> i128 {
    let wide = i128::from(code);
    let sign = code >> (i.bits - 1) & 1 == 1;
    match i.kind {
        IntKind::Unsigned => wide,
        IntKind::Twos | IntKind::Symmetric if sign => wide - (1i128 << i.bits),
        IntKind::SignMagnitude if sign => -(wide - (1i128 << (i.bits - 1))),
        _ => wide,
    }
}
