//! `cargo xtask real-data FOLDER`: blocks on tensors that were captured from a real model, against binary64. Writes
//! `testbenches/real/README.md`.
//!
//! FOLDER holds `minilm_shared.safetensors` (all-MiniLM-L6-v2: weights and activations in binary32). A line of the first table is
//! a [`Case`]; [`cases`] lists them. The second one is of [`weights`]. The task fails if any result of hardware differs.
mod nonlinear;
mod quantise;
mod unit;
mod weights;

use narrowgen::blocks::{Configured, Role};
use narrowgen::golden::int;
use narrowgen::hdl::rows::Rows;
use num_bigint::{BigInt, BigUint};
use num_traits::ToPrimitive;
use safetensors::SafeTensors;
use std::path::Path;
use unit::Unit;

/// The captured tensors.
const FILE: &str = "minilm_shared.safetensors";

/// A row of a stream: integers in, and what real arithmetic makes of it.
pub struct Row {
    /// The elements of each operand.
    pub operands: Vec<Vec<i64>>,
    /// The unit of each result.
    pub scales: Vec<f64>,
    /// The function of the captured numbers in binary64.
    pub real: Vec<f64>,
    /// The function of the numbers that the integers stand for, in binary64.
    pub quantised: Vec<f64>,
}

/// A block on a tensor.
pub struct Case {
    /// The tensor.
    pub data: String,
    /// Unit of the input.
    pub scale: f64,
    /// Block and parameters, as on the command line.
    pub words: String,
    /// What goes through.
    pub rows: Vec<Row>,
}

/// The captured tensors by name.
pub struct Data<'d>(SafeTensors<'d>);

impl Data<'_> {
    /// Shape and numbers of a tensor of binary32.
    pub fn floats(&self, name: &str) -> Result<(Vec<usize>, Vec<f64>), String> {
        let tensor = self.0.tensor(name).map_err(|e| format!("{FILE}: {name}: {e}"))?;
        let numbers = tensor.data().chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        Ok((tensor.shape().to_vec(), numbers.collect()))
    }
}

/// Every line of the table.
fn cases(data: &Data<'_>) -> Result<Vec<Case>, String> {
    let mut all = Vec::new();
    for layer in [0, 4] {
        for (inputs, outputs) in [(8, 8), (8, 16), (16, 16)] {
            all.push(nonlinear::softmax(data, layer, inputs, outputs)?);
        }
    }
    for layer in [0, 4] {
        all.push(nonlinear::gelu(data, layer, 8)?);
        all.push(nonlinear::gelu(data, layer, 10)?);
    }
    for name in ["layer0.ln1", "layer0.ln2", "layer4.ln1", "layer4.ln2", "layer5.ln2"] {
        for (bits, isqrt) in [(8, "ivit10"), (8, "exact"), (16, "exact")] {
            all.push(nonlinear::norm(data, name, bits, isqrt)?);
        }
    }
    Ok(all)
}

/// Runs the task.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let [folder] = args else { return Err("give the folder that holds the captured tensors".into()) };
    let path = Path::new(folder).join(FILE);
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}; the folder must hold {FILE}", path.display()))?;
    let data = Data(SafeTensors::deserialize(&bytes).map_err(|e| format!("{}: {e}", path.display()))?);
    let (mut text, mut wrong) = (HEAD.to_string(), 0);
    for case in cases(&data)? {
        let (line, differing) = measure(&case).map_err(|e| format!("{} on {}: {e}", case.words, case.data))?;
        println!("{line}");
        text.push_str(&format!("{line}\n"));
        wrong += differing;
    }
    let (section, differing) = weights::report(&data)?;
    text.push_str(&section);
    wrong += differing;
    let out = root.join("testbenches/real/README.md");
    std::fs::create_dir_all(root.join("testbenches/real")).map_err(|e| e.to_string())?;
    std::fs::write(&out, text).map_err(|e| format!("{}: {e}", out.display()))?;
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{wrong} results of the hardware differ from the golden models: {}", out.display()))
    }
}

const HEAD: &str = "# Blocks on real tensors

Written by `cargo xtask real-data FOLDER`. Activations of all-MiniLM-L6-v2 (Apache-2.0; 8 sentences, 159 tokens), captured in
binary32, quantised to integers of the stated scale: the largest magnitude of the tensor is the largest integer, rounding
to nearest even. Each row goes through the golden model, the native simulator and Verilator, the hardware under random back-pressure.

*differing*: tokens that differ from the golden model, native and Verilator. *SQNR* and *max error* are of the block's result
against the function of the captured numbers in binary64; *SQNR, operator* against the function of the quantised numbers: what the
block itself loses.

The exponentials of ShiftGELU end at 2^-23 of that of the largest element of a row: if it is beyond 9.4, every negative element
gets a sigmoid of about 1/2. Layer 0 has such rows.

| tensor | block | scale of the input | rows | results | differing | SQNR, dB | SQNR, operator, dB | max error |
|---|---|---|---|---|---|---|---|---|
";

/// The tokens of all rows.
fn tokens(case: &Case, block: &dyn Configured) -> Rows {
    let inputs: Vec<_> = block.ports().into_iter().filter(|p| p.input).collect();
    let mut tokens = Rows::new(&inputs.iter().map(|p| p.bits).collect::<Vec<_>>());
    let lanes = block.row_lengths().map_or(1, |r| r.lanes as usize);
    for row in &case.rows {
        let (length, count) = (row.real.len(), row.real.len().div_ceil(lanes));
        for token in 0..count {
            let range = token * lanes..((token + 1) * lanes).min(length);
            let mut operands = row.operands.iter();
            let codes = inputs.iter().map(|p| match p.role {
                Role::Mask => (BigUint::from(1u32) << range.len()) - 1u32,
                Role::Last => BigUint::from(token + 1 == count),
                _ => {
                    let all = operands.next().map_or(&[][..], |o| &o[range.clone()]);
                    let bits = p.bits / p.lanes;
                    all.iter().rev().fold(BigUint::ZERO, |packed, x| (packed << bits) | int::to_code(&BigInt::from(*x), bits))
                }
            });
            tokens.push(&codes.collect::<Vec<_>>());
        }
    }
    tokens
}

/// A line of the table, and how many tokens differ.
fn measure(case: &Case) -> Result<(String, usize), String> {
    let mut unit = Unit::new(&case.words)?;
    let tokens = tokens(case, unit.block());
    let (golden, [native, verilator]) = unit.run(&tokens, 0)?;
    let block = unit.block();
    let port = block.ports().into_iter().find(|p| !p.input).ok_or("no result")?;
    let (bits, lanes) = (port.bits / port.lanes, port.lanes as usize);
    let (mut token, mut results, mut worst) = (0, 0, 0f64);
    let (mut signal, mut noise, mut own_signal, mut own_noise) = (0.0, 0.0, 0.0, 0.0);
    for row in &case.rows {
        for (i, (real, quantised)) in row.real.iter().zip(&row.quantised).enumerate() {
            let packed = golden.get(token + i / lanes, 0) >> ((i % lanes) as u32 * bits);
            let code = packed & ((BigUint::from(1u32) << bits) - 1u32);
            let y = int::from_code(&code, bits).to_f64().unwrap_or(f64::NAN) * row.scales[i];
            signal += real * real;
            noise += (y - real) * (y - real);
            own_signal += quantised * quantised;
            own_noise += (y - quantised) * (y - quantised);
            worst = worst.max((y - real).abs());
        }
        results += row.real.len();
        token += row.real.len().div_ceil(lanes);
    }
    let ratio = |signal: f64, noise: f64| 10.0 * (signal / noise).log10();
    let line = format!(
        "| {} | `{}` | {:.6} | {} | {results} | {native}, {verilator} | {:.1} | {:.1} | {worst:.4} |",
        case.data,
        case.words,
        case.scale,
        case.rows.len(),
        ratio(signal, noise),
        ratio(own_signal, own_noise)
    );
    Ok((line, native + verilator))
}
