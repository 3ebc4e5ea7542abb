//! The demonstration: dot products of a real transformer layer through emitted multiply–accumulate
//! units, one per number format, with what each costs on an FPGA.
pub mod page;
mod tensor;

use crate::blocks::{self, Configured};
use crate::flow::architecture::{Dsp, Shape, Shaped};
use crate::flow::check::differing;
use crate::flow::engine::{self, Engine, EngineError, Verilated};
use crate::flow::target::Target;
use crate::golden::decode::decode;
use crate::golden::exact::Exact;
use crate::golden::format::Format;
use crate::golden::names;
use crate::golden::policy::{Overflow, Rounding};
use crate::golden::round::Rounder;
use crate::golden::value::Value;
use crate::hdl::rows::Rows;
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::ToPrimitive;
use serde::Serialize;
pub use tensor::{Matrix, slice};

/// The formats shown, in order.
pub const FORMATS: &[&str] = &["int8", "int4", "e4m3fn", "e5m2", "e2m1fn"];

/// One format's result.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Format of both operands.
    pub format: String,
    /// Verilog module.
    pub module: String,
    /// Width of the exact accumulator in bits.
    pub accumulator_bits: u32,
    /// Multiply–accumulate cycles simulated.
    pub cycles: u64,
    /// Dot products read out.
    pub dot_products: u64,
    /// Cycles whose outputs differ from the golden model.
    pub mismatches: u64,
    /// Signal to quantisation noise of the dot products against float32 data, in dB.
    pub sqnr_db: f64,
    /// Lookup tables on ECP5.
    pub lut: u64,
    /// Flip-flops on ECP5.
    pub ff: u64,
    /// Carry cells on ECP5.
    pub carry: u64,
    /// Median clock on ECP5 between registers, in MHz.
    pub fmax_mhz: f64,
    /// Every seed's clock in MHz.
    pub fmax_all: Vec<f64>,
}

/// The unit for a format: both operands in it, an exact accumulator for `terms` products, built as is smallest in look-up tables.
pub fn unit(format: &str, terms: usize) -> Result<Box<dyn Configured>, String> {
    let mac = blocks::find("mac").ok_or("there is no block `mac`")?;
    let set = |n: &str, v: String| (n.to_string(), v);
    let given = [set("a", format.into()), set("b", format.into()), set("acc", "exact".into()), set("terms", terms.to_string())];
    let block = mac.configure(&given).map_err(|e| e.to_string())?;
    let shape = Shape { dsp: Dsp::Never, target: Target::Ecp5, ..Shape::default() };
    Ok(Box::new(Shaped::build(block, shape).map_err(|e| e.to_string())?))
}

/// A matrix quantised row by row: codes and the scale of each row; value ≈ scale × decode(code).
struct Quantised {
    codes: Vec<BigUint>,
    scales: Vec<f64>,
}

/// Symmetric quantisation with one scale per row: the row's largest magnitude becomes the format's largest.
fn quantise(matrix: &Matrix, format: &Format) -> Result<Quantised, String> {
    let rounder = Rounder::new(format, Rounding::nearest(Overflow::Saturate)).map_err(|e| e.to_string())?;
    let huge = Value::Finite(Exact::power_of_two(4000));
    let top = match decode(format, &rounder.round(&huge, 0)) {
        Value::Finite(x) => x.to_f64().ok_or("the format's range is too wide for the demonstration")?,
        _ => return Err("the format has no largest number".into()),
    };
    let mut q = Quantised { codes: Vec::with_capacity(matrix.data.len()), scales: Vec::new() };
    for row in matrix.rows() {
        let largest = row.iter().fold(0f64, |m, x| m.max(f64::from(x.abs())));
        let scale = if largest == 0.0 { 1.0 } else { largest / top };
        q.codes.extend(row.iter().map(|x| rounder.round(&Value::from_f64(f64::from(*x) / scale), 0)));
        q.scales.push(scale);
    }
    Ok(q)
}

/// Why a format could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The data or the parameters.
    #[error("{0}")]
    Usage(String),
    /// The simulator.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Runs one format: every activation row times every weight row through the emitted unit in Verilator.
/// The synthesis figures are left at zero for the caller to fill.
pub fn run(name: &str, activations: &Matrix, weights: &Matrix) -> Result<(Line, Box<dyn Configured>), DemoError> {
    let usage = |e: String| DemoError::Usage(e);
    let format = names::parse(name).map_err(usage)?;
    let terms = activations.columns;
    let block = unit(name, terms).map_err(usage)?;
    let design = block.design().map_err(|e| usage(e.to_string()))?;
    let (a, w) = (quantise(activations, &format).map_err(usage)?, quantise(weights, &format).map_err(usage)?);
    let ports = block.ports();
    let widths: Vec<u32> = ports.iter().filter(|p| p.input).map(|p| p.bits).collect();
    let output = ports.iter().find(|p| !p.input).ok_or_else(|| usage("the unit has no output".into()))?;
    let (bits, lsb) = (output.bits, output.lsb_exp.unwrap_or(0));
    let mut engine = Verilated::new(&design)?;
    // One run per dot product: `terms` products, the first with `clear`, and one idle cycle to read the register.
    let run = terms + 1;
    let (mut mismatches, mut signal, mut noise, mut cycles) = (0, 0f64, 0f64, 0u64);
    for (i, row) in activations.rows().enumerate() {
        let mut rows = Rows::zeros(&widths, run * weights.len());
        for j in 0..weights.len() {
            for k in 0..terms {
                let at = j * run + k;
                rows.set(at, 0, &a.codes[i * terms + k]);
                rows.set(at, 1, &w.codes[j * terms + k]);
                rows.set(at, 2, &BigUint::from(u32::from(k == 0)));
                rows.set(at, 3, &BigUint::from(1u32));
            }
        }
        let found = engine.run(&rows, run)?;
        let expected = engine::golden(block.as_ref(), &rows, run);
        mismatches += differing(&expected, &found).len() as u64;
        cycles += rows.len() as u64;
        for (j, other) in weights.rows().enumerate() {
            let sum = signed(&found.get(j * run + terms, 0), bits).to_f64().unwrap_or(f64::NAN);
            let got = sum * 2f64.powi(lsb) * a.scales[i] * w.scales[j];
            let real: f64 = row.iter().zip(other).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            signal += real * real;
            noise += (real - got) * (real - got);
        }
    }
    let line = Line {
        format: name.to_string(),
        module: block.module_name(),
        accumulator_bits: bits,
        cycles,
        dot_products: (activations.len() * weights.len()) as u64,
        mismatches,
        sqnr_db: 10.0 * (signal / noise).log10(),
        lut: 0,
        ff: 0,
        carry: 0,
        fmax_mhz: 0.0,
        fmax_all: Vec::new(),
    };
    Ok((line, block))
}

fn signed(code: &BigUint, bits: u32) -> BigInt {
    let value = BigInt::from_biguint(Sign::Plus, code.clone());
    if code.bit(u64::from(bits - 1)) { value - (BigInt::from(1) << bits) } else { value }
}
