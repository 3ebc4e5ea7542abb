//! Weights and inputs of linear layers, quantised by the recipes of [`RECIPES`], through dequantisation, dot products and
//! accumulation.
//!
//! Every step of a recipe is a block: `dequant` or `convert` or `mx_quantize`, then `dot` or `mx_dot` of parts of the rows, then
//! `mac` that adds the parts, each times the scales outside the blocks. What one gives is what the next one gets. The
//! codes and scales that `dequant`, `dot` and NVFP4's `mx_dot` start from are made by [`super::quantise`].
use super::Data;
use super::quantise::{Operand, Quantiser};
use super::unit::Unit;
use narrowgen::golden::decode::decode;
use narrowgen::golden::names::parse;
use narrowgen::hdl::rows::Rows;
use num_bigint::BigUint;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of inputs and of weights of each layer: their pairs are its dot products.
const TOKENS: usize = 16;
const OUTPUTS: usize = 32;

/// The inputs and weights of the layers.
const LAYERS: [(&str, &str); 3] = [
    ("act.layer0.attn_in", "weight.layer0.q"),
    ("act.layer4.ffn_in", "weight.layer4.up_rows0_255"),
    ("act.layer4.down_in", "weight.layer4.down_rows0_63"),
];

/// How a layer is computed.
struct Recipe {
    name: &'static str,
    inputs: Quantiser,
    weights: Quantiser,
    /// The dot product of a part.
    dot: &'static str,
    /// Numbers of a part.
    part: usize,
}

const HALF_DOT: &str = "dot --a fp16 --b fp16 --lanes 32";
const INT8_DOT: &str = "dot --a int8 --b int8 --lanes 64";

const fn half(name: &'static str, weights: Quantiser) -> Recipe {
    Recipe { name, inputs: Quantiser::Half, weights, dot: HALF_DOT, part: 32 }
}

const fn int8(name: &'static str, weights: Quantiser) -> Recipe {
    Recipe { name, inputs: Quantiser::Int8, weights, dot: INT8_DOT, part: 64 }
}

const fn blocks(name: &'static str, quantiser: Quantiser, dot: &'static str) -> Recipe {
    Recipe { name, inputs: quantiser, weights: quantiser, dot, part: 128 }
}

const RECIPES: [Recipe; 9] = [
    half("INT4 g128 × FP16", Quantiser::Int4),
    half("NF4 g64 × FP16", Quantiser::Nf4),
    half("FP6 E3M2 × FP16", Quantiser::Fp6),
    int8("DGQ INT4→INT8 × INT8", Quantiser::Dgq),
    int8("INT8 × INT8", Quantiser::Int8),
    blocks("MXFP4", Quantiser::Mx("e2m1fn"), "mx_dot --a e2m1fn --b e2m1fn --blocks 4 --sum blockwise"),
    blocks("MXFP8 E4M3", Quantiser::Mx("e4m3fn"), "mx_dot --a e4m3fn --b e4m3fn --blocks 4 --sum blockwise"),
    blocks("MXINT8", Quantiser::Mx("mxint8"), "mx_dot --a mxint8 --b mxint8 --blocks 4 --sum blockwise"),
    blocks("NVFP4", Quantiser::Nvfp4, "mx_dot --a e2m1fn --b e2m1fn --block 16 --blocks 8 --scale e4m3fn --sum blockwise"),
];

/// Adds the parts.
const ADD: &str = "mac --a fp32 --b fp32 --acc fp32";

/// The blocks, each made once, and what they were found to do.
#[derive(Default)]
pub struct Bench {
    units: BTreeMap<String, Unit>,
    used: BTreeSet<String>,
    rows: usize,
    differing: [usize; 2],
}

impl Bench {
    /// Puts rows through a block in every engine; what the golden model gives.
    pub fn run(&mut self, words: &str, sequence: usize, inputs: &[Vec<BigUint>]) -> Result<Rows, String> {
        let context = |e: String| format!("{words}: {e}");
        if !self.units.contains_key(words) {
            self.units.insert(words.into(), Unit::new(words).map_err(context)?);
        }
        let unit = self.units.get_mut(words).ok_or_else(|| context("no such unit".into()))?;
        let widths: Vec<u32> = unit.block().ports().iter().filter(|p| p.input).map(|p| p.bits).collect();
        let mut rows = Rows::new(&widths);
        inputs.iter().for_each(|row| rows.push(row));
        let (golden, differing) = unit.run(&rows, sequence).map_err(context)?;
        self.used.insert(words.into());
        self.rows += rows.len();
        (0..2).for_each(|i| self.differing[i] += differing[i]);
        Ok(golden)
    }
}

/// Rows of a matrix, evenly spread.
fn spread(data: &Data<'_>, name: &str, count: usize) -> Result<Vec<Vec<f64>>, String> {
    let (shape, x) = data.floats(name)?;
    let [rows, columns] = shape[..] else { return Err(format!("{name}: {} dimensions, not 2", shape.len())) };
    Ok((0..count).map(|i| x[i * rows / count * columns..][..columns].to_vec()).collect())
}

/// The dot products of every row of x with every row of w, of x's first row first.
fn products(bench: &mut Bench, recipe: &Recipe, x: &Operand, w: &Operand) -> Result<Vec<f64>, String> {
    let pairs = || (0..x.parts.len()).flat_map(|i| (0..w.parts.len()).map(move |j| (i, j)));
    let count = x.parts.first().map_or(0, Vec::len);
    let mut rows = Vec::new();
    for (i, j) in pairs() {
        for part in 0..count {
            let mut row = vec![x.parts[i][part].clone(), w.parts[j][part].clone()];
            if let (Some(a), Some(b)) = (x.scales.get(i), w.scales.get(j)) {
                row.extend([a[part].clone(), b[part].clone()]);
            }
            rows.push(row);
        }
    }
    let parts = bench.run(recipe.dot, 0, &rows)?;
    let (zero, one) = (BigUint::ZERO, BigUint::from(1u32));
    let mut cycles = Vec::new();
    for (n, (i, j)) in pairs().enumerate() {
        let factor = BigUint::from(((x.factors[i] * w.factors[j]) as f32).to_bits());
        let step = |p| vec![parts.get(n * count + p, 0), factor.clone(), BigUint::from(u32::from(p == 0)), one.clone()];
        cycles.extend((0..count).map(step));
        // An idle cycle that shows the sum.
        cycles.push(vec![zero.clone(), zero.clone(), zero.clone(), zero.clone()]);
    }
    let sums = bench.run(ADD, count + 1, &cycles)?;
    let fp32 = parse("fp32")?;
    let number = |n: usize| decode(&fp32, &sums.get(n * (count + 1) + count, 0)).to_f64().unwrap_or(f64::NAN);
    Ok(pairs().enumerate().map(|(n, _)| number(n)).collect())
}

const HEAD: &str = "
## Linear layers

Dot products of captured inputs (16 of the 159 tokens) with rows of the weights (32 of them): 512 for each layer. Each recipe is a chain of blocks;
what one gives the next one gets; every one goes through the golden model, the native simulator and Verilator. The parts of a
row are added by the last block in binary32, each times the scales outside the blocks.

The codes and scales of `dequant` and of INT8 and NVFP4 are made in binary64, rounding to nearest even: INT4 with scale (max - min)/15 in fp16 and a zero
point, NF4 with the largest magnitude in fp32, FP6 with a scale in fp16 for a row, DGQ with integer scales of groups of 128 on a
scale for a row (no search), INT8 with the largest magnitude of a row as 127, NVFP4 with E4M3 scales of blocks of 16 and one for all rows.
MX is quantised by `mx_quantize` out of the captured numbers.

*compared*: rows of all blocks of the recipe; *differing*: of these, native and Verilator. *SQNR* and *max error* against the dot products of the captured
numbers in binary64.

";

/// The section of the report, and how many rows differed.
pub fn report(data: &Data<'_>) -> Result<(String, usize), String> {
    let mut bench = Bench::default();
    let (mut lines, mut chains, mut wrong) = (String::new(), Vec::new(), 0);
    for (layer, (inputs, weights)) in LAYERS.iter().enumerate() {
        let (x, w) = (spread(data, inputs, TOKENS)?, spread(data, weights, OUTPUTS)?);
        let dot = |(x, w): (&Vec<f64>, &Vec<f64>)| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
        let real: Vec<f64> = x.iter().flat_map(|x| w.iter().map(move |w| dot((x, w)))).collect();
        for recipe in &RECIPES {
            (bench.rows, bench.differing, bench.used) = (0, [0; 2], BTreeSet::new());
            let a = recipe.inputs.operand(&mut bench, &x, recipe.part)?;
            let b = recipe.weights.operand(&mut bench, &w, recipe.part)?;
            let found = products(&mut bench, recipe, &a, &b)?;
            let (mut signal, mut noise, mut worst) = (0.0, 0.0, 0f64);
            for (y, real) in found.iter().zip(&real) {
                signal += real * real;
                noise += (y - real) * (y - real);
                worst = worst.max((y - real).abs());
            }
            let [native, verilator] = bench.differing;
            wrong += native + verilator;
            let line = format!(
                "| {inputs} · {weights} | {} | {} | {} | {native}, {verilator} | {:.1} | {worst:.4} |\n",
                recipe.name,
                found.len(),
                bench.rows,
                10.0 * (signal / noise).log10()
            );
            print!("{line}");
            lines.push_str(&line);
            if layer == 0 {
                let words: Vec<String> = bench.used.iter().map(|w| format!("`{w}`")).collect();
                chains.push(format!("| {} | {} |\n", recipe.name, words.join(", ")));
            }
        }
    }
    let head = "| layer | recipe | dot products | compared | differing | SQNR, dB | max error |\n|---|---|---|---|---|---|---|\n";
    Ok((format!("{HEAD}{head}{lines}\n| recipe | blocks, by name |\n|---|---|\n{}", chains.concat()), wrong))
}
