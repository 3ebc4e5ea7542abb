//! How far a block's results are from real arithmetic.
//!
//! Rows of data are quantised with one scale each: the row's largest magnitude becomes the format's largest number,
//! or less where a sum of that many products could leave the range of the result. The golden model computes from the
//! codes; its results, scaled back, are compared with the same sums over the data in binary64.
use super::data::Data;
use super::record::Accuracy;
use crate::blocks::{Configured, Ideal, Port, Role};
use crate::flow::engine;
use crate::flow::stimulus::put_lane;
use crate::golden::decode::decode;
use crate::golden::exact::Exact;
use crate::golden::format::Format;
use crate::golden::policy::{Overflow, Rounding};
use crate::golden::round::Rounder;
use crate::golden::value::Value;
use crate::hdl::rows::Rows;
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::ToPrimitive;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Fewest numbers that share a scale.
const GROUP: u32 = 32;
/// Most products of one sum; a block for longer ones is measured on sums of this length.
const LONGEST: u32 = 384;
/// Products per kind of data, about.
const PRODUCTS: u32 = 1 << 15;
/// Fewest and most results per kind of data.
const RESULTS: (u32, u32) = (128, 8192);

/// Everything about a block's operands and results that quantising needs.
struct Shape {
    operands: Vec<(usize, Port, Quantiser)>,
    clear: Option<usize>,
    enable: Option<usize>,
    random: Vec<(usize, u32)>,
    /// Index among the outputs.
    result: (usize, Port),
    widths: Vec<u32>,
    terms: u32,
}

/// Turns rows of numbers into codes.
struct Quantiser {
    rounder: Rounder,
    /// The row's largest magnitude becomes this.
    top: f64,
    /// Negative numbers exist.
    signed: bool,
}

impl Quantiser {
    /// `most`: magnitude that operands may not exceed; none if a binary64 cannot tell the format's range.
    fn new(format: &Format, most: f64) -> Option<Quantiser> {
        let rounder = Rounder::new(format, Rounding::nearest(Overflow::Saturate)).ok()?;
        let top = largest(format)?.min(most);
        // An integer of less than one unit would be nothing but zero.
        (top > 0.0).then(|| Quantiser { rounder, top, signed: format.is_signed() })
    }

    fn row(&self, row: &[f64]) -> (Vec<BigUint>, f64) {
        let largest = row.iter().fold(0f64, |m, x| m.max(x.abs()));
        let scale = if largest == 0.0 { 1.0 } else { largest / self.top };
        (row.iter().map(|x| self.rounder.round(&Value::from_f64(x / scale), 0)).collect(), scale)
    }
}

/// The largest number of a format.
fn largest(format: &Format) -> Option<f64> {
    let rounder = Rounder::new(format, Rounding::nearest(Overflow::Saturate)).ok()?;
    match decode(format, &rounder.round(&Value::Finite(Exact::power_of_two(4000)), 0)) {
        Value::Finite(x) => x.to_f64().filter(|x| x.is_finite()),
        _ => None,
    }
}

impl Shape {
    /// Of a block with operands in formats and a plain result; `None` for any other.
    fn of(block: &dyn Configured) -> Option<Shape> {
        let ideal = block.ideal()?;
        let (inputs, outputs): (Vec<Port>, Vec<Port>) = block.ports().into_iter().partition(|p| p.input);
        let find = |role: Role| inputs.iter().position(|p| p.role == role);
        let result = outputs.iter().position(|p| p.role == Role::Result)?;
        let (lanes, terms) = match ideal {
            Ideal::Operand => (1, 1),
            Ideal::Products { terms } if find(Role::Clear).is_some() => (1, terms.min(LONGEST)),
            Ideal::Products { terms } => (terms, terms),
        };
        let range = match &outputs[result].format {
            None => f64::INFINITY,
            Some(format) => largest(format)?,
        };
        let most = if ideal == Ideal::Operand { range } else { (range / f64::from(terms)).sqrt() };
        let is_operand = |(i, p): (usize, &Port)| (p.role == Role::Operand).then(|| (i, p.clone()));
        let operands: Vec<(usize, Port, Quantiser)> = inputs
            .iter()
            .enumerate()
            .filter_map(is_operand)
            .map(|(i, p)| p.format.as_ref().and_then(|f| Quantiser::new(f, most)).map(|q| (i, p, q)))
            .collect::<Option<_>>()?;
        let wanted = if ideal == Ideal::Operand { 1 } else { 2 };
        let random: Vec<(usize, u32)> =
            inputs.iter().enumerate().filter(|(_, p)| p.role == Role::Random).map(|(i, p)| (i, p.bits)).collect();
        let known =
            operands.len() + random.len() + usize::from(find(Role::Clear).is_some()) + usize::from(find(Role::Enable).is_some());
        (operands.len() == wanted && known == inputs.len() && operands.iter().all(|o| o.1.lanes == lanes)).then(|| Shape {
            operands,
            clear: find(Role::Clear),
            enable: find(Role::Enable),
            random,
            result: (result, outputs[result].clone()),
            widths: inputs.iter().map(|p| p.bits).collect(),
            terms,
        })
    }

    /// Rows of one run: a result is read a cycle after its last product.
    fn run(&self) -> usize {
        if self.clear.is_some() { self.terms as usize + 1 } else { 1 }
    }

    /// Writes the cycles of one result from the codes of each operand.
    fn fill(&self, rows: &mut Rows, at: usize, codes: &[&[BigUint]]) {
        for ((column, port, _), codes) in self.operands.iter().zip(codes) {
            let lane = port.bits / port.lanes;
            for (k, code) in codes.iter().enumerate() {
                let code = code.iter_u64_digits().next().unwrap_or(0);
                match self.clear {
                    Some(_) => put_lane(rows, at + k, *column, 0, lane, code),
                    None => put_lane(rows, at, *column, k as u32 * lane, lane, code),
                }
            }
        }
        if let Some(clear) = self.clear {
            put_lane(rows, at, clear, 0, 1, 1);
            if let Some(enable) = self.enable {
                (0..self.terms as usize).for_each(|k| put_lane(rows, at + k, enable, 0, 1, 1));
            }
        }
    }

    /// The number in a row of outputs, if it is one.
    fn result(&self, outputs: &Rows, row: usize) -> Option<f64> {
        let (column, port) = &self.result;
        let code = outputs.get(row, *column);
        match &port.format {
            Some(format) => match decode(format, &code) {
                Value::Finite(x) => x.to_f64(),
                Value::Zero { .. } => Some(0.0),
                _ => None,
            },
            None => {
                let value = BigInt::from_biguint(Sign::Plus, code.clone());
                let value = if code.bit(u64::from(port.bits - 1)) { value - (BigInt::from(1) << port.bits) } else { value };
                Some(value.to_f64()? * 2f64.powi(port.lsb_exp.unwrap_or(0)))
            }
        }
    }
}

/// Measures a block on every kind of data; nothing if it has no counterpart in real numbers.
pub fn measure(block: &dyn Configured) -> Result<Vec<Accuracy>, String> {
    let Some(shape) = Shape::of(block) else { return Ok(Vec::new()) };
    Data::ALL.iter().map(|data| on(block, &shape, *data)).collect()
}

fn on(block: &dyn Configured, shape: &Shape, data: Data) -> Result<Accuracy, String> {
    let terms = shape.terms;
    let results = (PRODUCTS / terms).clamp(RESULTS.0, RESULTS.1);
    let per_row = GROUP.div_ceil(terms);
    let mut pairs = data.pairs(results.div_ceil(per_row) as usize, (per_row * terms) as usize)?;
    let run = shape.run();
    let mut rows = Rows::zeros(&shape.widths, run * per_row as usize * pairs.len());
    let mut rng = ChaCha8Rng::seed_from_u64(super::data::SEED);
    for (column, bits) in &shape.random {
        for row in 0..rows.len() {
            (0..bits.div_ceil(64)).for_each(|w| put_lane(&mut rows, row, *column, 64 * w, (bits - 64 * w).min(64), rng.random()));
        }
    }
    let mut real = Vec::with_capacity(rows.len() / run);
    let mut scales = Vec::with_capacity(rows.len() / run);
    for pair in &mut pairs {
        let mut quantised = Vec::new();
        for (row, (_, _, q)) in pair.iter_mut().zip(&shape.operands) {
            if !q.signed {
                row.iter_mut().for_each(|x| *x = x.abs());
            }
            quantised.push(q.row(row));
        }
        let scale: f64 = quantised.iter().map(|q| q.1).product();
        for part in 0..per_row as usize {
            let span = part * terms as usize..(part + 1) * terms as usize;
            let codes: Vec<&[BigUint]> = quantised.iter().map(|q| &q.0[span.clone()]).collect();
            shape.fill(&mut rows, real.len() * run, &codes);
            real.push(match codes.len() {
                1 => pair[0][span].iter().sum::<f64>(),
                _ => pair[0][span.clone()].iter().zip(&pair[1][span]).map(|(x, y)| x * y).sum(),
            });
            scales.push(scale);
        }
    }
    let outputs = engine::golden(block, &rows, if run > 1 { run } else { 0 });
    let (mut signal, mut noise, mut worst, mut not_numbers) = (0f64, 0f64, 0f64, 0);
    for (i, (real, scale)) in real.iter().zip(&scales).enumerate() {
        match shape.result(&outputs, i * run + run - 1) {
            Some(got) => {
                let error = (got * scale - real).abs();
                signal += real * real;
                noise += error * error;
                worst = worst.max(error);
            }
            None => not_numbers += 1,
        }
    }
    let meant = not_numbers == 0 && signal > 0.0 && noise > 0.0;
    Ok(Accuracy {
        data: data.name().into(),
        terms,
        results: real.len() as u64,
        sqnr_db: meant.then(|| rounded(10.0 * (signal / noise).log10())),
        max_abs_error: (not_numbers == 0).then(|| significant(worst)),
        not_numbers,
        seed: data.seed(),
    })
}

/// Two decimals: more would depend on the machine's logarithm.
fn rounded(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

/// Six significant digits.
fn significant(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks;

    fn sqnr(block: &str, set: &[(&str, &str)]) -> Vec<Accuracy> {
        let set: Vec<(String, String)> = set.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        measure(blocks::find(block).unwrap().configure(&set).unwrap().as_ref()).unwrap()
    }

    #[test]
    fn integers_have_the_noise_that_theory_gives_them() {
        // Uniform noise of step s on both factors: SQNR = mean square / (s²/12), halved for two factors.
        let all = sqnr("mac", &[("a", "int8-sym"), ("b", "int8-sym"), ("terms", "32")]);
        let pairs = Data::Normal.pairs(1024, 32).unwrap();
        let noise: f64 = pairs
            .iter()
            .map(|p| p.each_ref().map(|r| (r.iter().fold(0f64, |m, x| m.max(x.abs())) / 127.0).powi(2) / 12.0))
            .map(|s| s[0] + s[1])
            .sum::<f64>()
            / pairs.len() as f64;
        let theory = -10.0 * noise.log10();
        let found = all[0].sqnr_db.unwrap();
        assert!((found - theory).abs() < 0.3, "{found} dB, {theory} dB in theory");
        assert_eq!((all[0].terms, all[0].results, all[0].seed), (32, 1024, 1));
        assert!(all.iter().all(|a| a.not_numbers == 0));
    }

    #[test]
    fn the_same_sum_costs_the_same_however_it_is_made() {
        let dot = sqnr("dot", &[("a", "e4m3fn"), ("b", "e4m3fn"), ("lanes", "32"), ("out", "exact")]);
        let mac = sqnr("mac", &[("a", "e4m3fn"), ("b", "e4m3fn"), ("terms", "32")]);
        assert_eq!(dot, mac);
        // More bits, less noise; heavy tails are hard on integers, not on floating point.
        let of = |f: &str, i: usize| sqnr("mac", &[("a", f), ("b", f)])[i].sqnr_db.unwrap();
        assert!(of("int8", 0) > of("int6", 0) + 10.0 && of("int8", 0) > of("e4m3fn", 0));
        assert!(of("int8", 1) < of("int8", 0) - 1.0 && (of("e4m3fn", 1) - of("e4m3fn", 0)).abs() < 2.0);
    }

    #[test]
    fn rounded_sums_do_not_overflow_and_conversions_are_measured() {
        for (block, set) in [
            ("mac", vec![("a", "e5m2"), ("b", "e5m2"), ("acc", "fp16")]),
            ("mul", vec![("a", "e4m3fn"), ("b", "e4m3fn"), ("out", "e4m3fn")]),
            ("convert", vec![("from", "fp32"), ("to", "e4m3fn")]),
            ("dot", vec![("a", "int4"), ("b", "int8"), ("lanes", "5"), ("round", "stochastic")]),
        ] {
            let all = sqnr(block, &set);
            assert!(all.len() == 3 && all.iter().all(|a| a.sqnr_db.is_some_and(|s| s > 10.0)), "{block}: {all:?}");
        }
    }
}
