//! Softmax, GELU and layer norm on captured scores, pre-activations and sums.
use super::{Case, Data, Row};

/// The unit that makes the largest magnitude the largest integer of so many bits.
pub fn scale(numbers: &[f64], bits: u32) -> f64 {
    let largest = numbers.iter().fold(0f64, |most, x| most.max(x.abs()));
    largest / ((1u64 << (bits - 1)) - 1) as f64
}

/// The nearest integers.
pub fn quantise(numbers: &[f64], scale: f64) -> Vec<i64> {
    numbers.iter().map(|x| (x / scale).round_ties_even() as i64).collect()
}

/// A row of one operand and a function of it.
fn row(x: &[f64], scale: f64, unit: f64, f: impl Fn(&[f64]) -> Vec<f64>) -> Row {
    let codes = quantise(x, scale);
    let back: Vec<f64> = codes.iter().map(|c| *c as f64 * scale).collect();
    Row { scales: vec![unit; x.len()], real: f(x), quantised: f(&back), operands: vec![codes] }
}

/// Attention scores of a layer, one scale for all.
pub fn softmax(data: &Data<'_>, layer: u32, in_bits: u32, out_bits: u32) -> Result<Case, String> {
    let tensors = (0..8).map(|s| data.floats(&format!("act.layer{layer}.scores.seq{s}"))).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<f64> = tensors.iter().flat_map(|(_, x)| x.iter().copied()).collect();
    let (s, unit) = (scale(&all, in_bits), 0.5f64.powi(out_bits as i32 - 1));
    let f = |x: &[f64]| {
        let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let e: Vec<f64> = x.iter().map(|x| (x - most).exp()).collect();
        let sum: f64 = e.iter().sum();
        e.iter().map(|e| e / sum).collect()
    };
    let rows = tensors.iter().flat_map(|(shape, x)| x.chunks(shape[2]).map(|x| row(x, s, unit, f)).collect::<Vec<_>>()).collect();
    let x0 = (-1.0 / s).floor();
    let words = format!("shiftmax --in-bits {in_bits} --out-bits {out_bits} --x0 {x0} --lanes 4 --longest 32");
    Ok(Case { data: format!("act.layer{layer}.scores"), scale: s, words, rows })
}

/// What goes into the GELU of a layer; a token is a row.
pub fn gelu(data: &Data<'_>, layer: u32, in_bits: u32) -> Result<Case, String> {
    let name = format!("act.layer{layer}.gelu_in");
    let (shape, x) = data.floats(&name)?;
    let s = scale(&x, in_bits);
    let f = |x: &[f64]| x.iter().map(|x| x / 2.0 * (1.0 + libm::erf(x / 2f64.sqrt()))).collect();
    let rows = x.chunks(shape[1]).map(|x| row(x, s, s / 128.0, f)).collect();
    let x0 = (-1.0 / (1.702 * s)).floor();
    Ok(Case {
        data: name,
        scale: s,
        words: format!("shiftgelu --in-bits {in_bits} --x0 {x0} --lanes 8 --longest 1536 --divider unrolled"),
        rows,
    })
}

/// What goes into a layer norm.
pub fn norm(data: &Data<'_>, name: &str, in_bits: u32, isqrt: &str) -> Result<Case, String> {
    let tensor = format!("act.{name}_in");
    let (shape, x) = data.floats(&tensor)?;
    let (gamma, beta) = (data.floats(&format!("param.{name}.gamma"))?.1, data.floats(&format!("param.{name}.beta"))?.1);
    let (s, unit) = (scale(&x, in_bits), (shape[1] as f64).sqrt() * 0.5f64.powi(30));
    let bias: Vec<i64> = gamma.iter().zip(&beta).map(|(g, b)| (b / g / unit).floor() as i64).collect();
    let bits = bias.iter().map(|b| 65 - (b ^ (b >> 63)).leading_zeros()).max().unwrap_or(2).max(31);
    // No ε: it is far below every variance here.
    let f = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64;
        let normal = x.iter().map(|x| (x - mean) / variance.sqrt());
        normal.zip(&gamma).zip(&beta).map(|((x, g), b)| x * g + b).collect()
    };
    let scales: Vec<f64> = gamma.iter().map(|g| g * unit).collect();
    let rows = x.chunks(shape[1]).map(|x| {
        let Row { mut operands, real, quantised, .. } = row(x, s, 1.0, f);
        operands.push(bias.clone());
        Row { operands, scales: scales.clone(), real, quantised }
    });
    Ok(Case {
        data: tensor,
        scale: s,
        words: format!("ilayernorm --isqrt {isqrt} --in-bits {in_bits} --bias-bits {bits} --lanes 4 --longest 384"),
        rows: rows.collect(),
    })
}
