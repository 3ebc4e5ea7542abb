//! Lookup formats: published tables, power-of-two alphabets, and a reader for the user's own.
use crate::exact::Exact;
use crate::format::TableFormat;
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};

/// NormalFloat-4 of QLoRA (bitsandbytes, `functional.py`); stored as binary32.
const NF4: [f64; 16] = [
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
];

/// Magnitudes of bitsandbytes' "fp4" as binary32: {0, 1/16, 8, 12, 4, 6, 2, 3} / 12. Not OCP E2M1.
const BNB_FP4: [u32; 8] = [0, 0x3baa_aaab, 0x3f2a_aaab, 0x3f80_0000, 0x3eaa_aaab, 0x3f00_0000, 0x3e2a_aaab, 0x3e80_0000];

/// Magnitudes of the FLINT grid of ANT at 4 bits.
const FLINT4: [i64; 8] = [0, 1, 2, 3, 4, 6, 8, 16];

/// Names of the built-in tables with a line each; `denseshift` has a width of 2 to 8 bits.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("nf4", "NormalFloat-4 of QLoRA, values as binary32"),
    ("bnb_fp4", "bitsandbytes' fp4 (not E2M1): sign and a table of eight magnitudes; code 8 is 0"),
    ("bnb_dynamic8", "bitsandbytes' signed dynamic 8-bit map, ascending: block maxima of double quantisation"),
    ("flint4", "FLINT grid of ANT: sign and {0, 1, 2, 3, 4, 6, 8, 16}"),
    ("ternary", "codes 0, 1, 2 are -1, 0, +1; code 3 is reserved, reads as 0 and is never produced"),
    ("binary", "code 0 is -1, code 1 is +1; zero becomes +1"),
    ("denseshift2", "sign and exponent p, value ±2^p; no zero"),
    ("denseshift3", "sign and exponent p, value ±2^p; no zero"),
    ("denseshift4", "sign and exponent p, value ±2^p; no zero"),
    ("denseshift5", "sign and exponent p, value ±2^p; no zero"),
    ("denseshift6", "sign and exponent p, value ±2^p; no zero"),
    ("denseshift7", "sign and exponent p, value ±2^p; no zero"),
    ("denseshift8", "sign and exponent p, value ±2^p; no zero"),
];

/// A built-in table by name.
pub(crate) fn builtin(name: &str) -> Option<TableFormat> {
    let from_f64 = |x: f64| Exact::from_f64(x).and_then(dyadic).unwrap_or((0, 0));
    let (bits, values): (u32, Vec<(i64, i32)>) = match name {
        "nf4" => (4, NF4.iter().map(|&x| from_f64(f64::from(x as f32))).collect()),
        "bnb_fp4" => (4, with_signs(BNB_FP4.map(|bits| from_f64(f64::from(f32::from_bits(bits)))))),
        "bnb_dynamic8" => (8, dynamic8().iter().map(|&x| from_f64(f64::from(x))).collect()),
        "flint4" => (4, with_signs(FLINT4.map(|v| (v, 0)))),
        "ternary" => (2, vec![(-1, 0), (0, 0), (1, 0), (0, 0)]),
        "binary" => (1, vec![(-1, 0), (1, 0)]),
        _ => {
            let bits = name.strip_prefix("denseshift")?.parse::<u32>().ok().filter(|b| (2..=8).contains(b))?;
            let half = 1i32 << (bits - 1);
            (bits, (0..2 * half).map(|code| (if code < half { 1 } else { -1 }, code % half)).collect())
        }
    };
    Some(TableFormat { name: name.to_string(), bits, values })
}

/// The map of bitsandbytes' `create_dynamic_map`, computed in binary32 as there: 0, 1, and for each power of ten from 10^-6 to 1
/// with both signs the midpoints of 2^i equal intervals of 0.1 to 1.
fn dynamic8() -> Vec<f32> {
    let mut values = vec![0f32, 1.0];
    for i in 0..7 {
        let last = 1usize << i;
        let step = (1f32 - 0.1) / last as f32;
        // Endpoints count from their own side, each with one rounding.
        let point = |j: usize| {
            if j < last.div_ceil(2) { step.mul_add(j as f32, 0.1) } else { (-step).mul_add((last - j) as f32, 1.0) }
        };
        let power = [1e-6f32, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0][i];
        for j in 0..last {
            let middle = (point(j) + point(j + 1)) / 2.0 * power;
            values.extend([middle, -middle]);
        }
    }
    values.sort_by(f32::total_cmp);
    values
}

/// Magnitudes followed by their negatives: the sign is the top bit of the code.
fn with_signs(magnitudes: [(i64, i32); 8]) -> Vec<(i64, i32)> {
    magnitudes.iter().copied().chain(magnitudes.iter().map(|&(m, e)| (-m, e))).collect()
}

/// mantissa and exponent in the words of [`TableFormat`], if they fit.
fn dyadic(x: Exact) -> Option<(i64, i32)> {
    Some((x.mantissa().to_i64()?, x.exponent().to_i32()?))
}

/// Reads a table: the values of code 0, 1, 2 … separated by blanks, commas or line ends, `#` starting a comment.
///
/// A value is a decimal (`-0.375`, `3e2`) or a C hexadecimal float (`0x1.8p-3`), and must be an exact binary number;
/// a decimal followed by `f` (`0.1f`) means the binary32 nearest to it.
pub fn table_from_text(name: &str, text: &str) -> Result<TableFormat, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!("`{name}` is no table name; allowed: a-z, 0-9 and _, a letter first"));
    }
    if crate::names::parse(name).is_ok() {
        return Err(format!("`{name}` is a built-in format; give the table another name"));
    }
    let mut values = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("");
        for word in line.split(|c: char| c == ',' || c.is_whitespace()).filter(|w| !w.is_empty()) {
            values.push(parse_value(word).map_err(|e| format!("line {number}: {e}"))?);
        }
    }
    if !values.len().is_power_of_two() || !(2..=256).contains(&values.len()) {
        return Err(format!("{} values; allowed: a power of two, 2 to 256, one per code", values.len()));
    }
    Ok(TableFormat { name: name.to_string(), bits: values.len().ilog2(), values })
}

fn parse_value(word: &str) -> Result<(i64, i32), String> {
    dyadic(value_from_text(word)?)
        .ok_or_else(|| format!("`{word}` needs more than 63 significant bits; write a nearby binary32 as in 0.1f"))
}

/// The exact value of a number as tables spell it: `-0.375`, `3e2`, `0x1.8p-3`, `0.1f`.
pub fn value_from_text(word: &str) -> Result<Exact, String> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let lower = digits.to_ascii_lowercase();
    let value = match lower.strip_prefix("0x") {
        Some(hex) => scientific(hex, 16, 'p').map(|(m, point, e)| Exact::new(m, e - 4 * point)),
        None => match lower.strip_suffix('f') {
            // Rust's parser rounds to nearest even; it also reads `inf` and `nan`, which are not numbers here.
            Some(decimal) if scientific(decimal, 10, 'e').is_some() => {
                decimal.parse::<f32>().ok().and_then(|x| Exact::from_f64(f64::from(x)))
            }
            Some(_) => None,
            None => match scientific(&lower, 10, 'e') {
                Some((m, point, e)) => Some(decimal_exact(word, m, e - point)?),
                None => None,
            },
        },
    };
    let value = value.ok_or_else(|| format!("`{word}` is not a number; allowed: -0.375, 3e2, 0x1.8p-3, 0.1f"))?;
    Ok(if negative { -&value } else { value })
}

/// Digits, number of digits after the point, exponent.
fn scientific(text: &str, radix: u32, marker: char) -> Option<(BigInt, i64, i64)> {
    let (mantissa, exponent) = text.split_once(marker).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 200 || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let exponent = exponent.parse::<i64>().ok().filter(|e| e.abs() <= 2000)?;
    Some((BigInt::parse_bytes(digits.as_bytes(), radix)?, fraction.len() as i64, exponent))
}

/// `digits × 10^exponent`, which must be an exact binary number.
fn decimal_exact(word: &str, digits: BigInt, exponent: i64) -> Result<Exact, String> {
    let fives = num_traits::pow(BigInt::from(5), exponent.unsigned_abs() as usize);
    let (mantissa, rest) = if exponent >= 0 { (digits * fives, BigInt::zero()) } else { (&digits / &fives, &digits % &fives) };
    if !rest.is_zero() {
        return Err(format!("`{word}` is not an exact binary number; write `{word}f` for its binary32 neighbour"));
    }
    Ok(Exact::new(mantissa * BigInt::one(), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading() {
        let table = table_from_text("mine", "0, 1 # two\n-0.375 0x1.8p-3\n").unwrap();
        assert_eq!(table.values, [(0, 0), (1, 0), (-3, -3), (3, -4)]);
        assert_eq!(table_from_text("t", "3e2 0.1f").unwrap().values, [(75, 2), (13421773, -27)]);
    }

    #[test]
    fn refused() {
        for (name, text, part) in [
            ("t", "1 2 3", "power of two"),
            ("t", "", "power of two"),
            ("t", "0.1 1", "0.1f"),
            ("t", "x 1", "not a number"),
            ("t", "inf 1", "not a number"),
            ("t", "nanf 1", "not a number"),
            ("t", "1e9999 1", "not a number"),
            ("t", "0x1p999999999999 1", "not a number"),
            ("t", "1\n0x1.00000000000000001p0", "line 2"),
            ("nf4", "0 1", "built-in"),
            ("Mine", "0 1", "no table name"),
        ] {
            let error = table_from_text(name, text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
