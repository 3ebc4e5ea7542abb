//! Matrices as operands of dot products: codes and scales made in binary64, rounding to nearest even, and what the blocks
//! before the dot product make of them.
use super::nonlinear;
use super::weights::Bench;
use narrowgen::golden::decode::decode;
use narrowgen::golden::int::to_code;
use narrowgen::golden::names::parse;
use narrowgen::golden::policy::{Overflow, Rounding};
use narrowgen::golden::round::Rounder;
use narrowgen::golden::value::Value;
use num_bigint::{BigInt, BigUint};

/// A way to quantise a matrix.
#[derive(Clone, Copy)]
pub enum Quantiser {
    /// binary16, by `convert`.
    Half,
    /// 4 bits with scale and zero point for 128, to binary16.
    Int4,
    /// NF4 with a scale for 64, to binary16.
    Nf4,
    /// E3M2 with a scale for a row, to binary16.
    Fp6,
    /// 4 bits with zero point and integer scale for 128, to 8 bits; a scale for a row.
    Dgq,
    /// 8 bits, a scale for a row.
    Int8,
    /// Blocks of 32 of this element, by `mx_quantize`.
    Mx(&'static str),
    /// Blocks of 16 of E2M1 with E4M3 scales, and a scale for the matrix.
    Nvfp4,
}

/// What goes into dot products.
pub struct Operand {
    /// The parts of each row, element 0 in the low bits.
    pub parts: Vec<Vec<BigUint>>,
    /// The scales of the blocks of each part, if there are any.
    pub scales: Vec<Vec<BigUint>>,
    /// What remains to be multiplied with each row.
    pub factors: Vec<f64>,
}

/// Rounds to a format.
struct To(Rounder);

impl To {
    fn new(format: &str) -> Result<To, String> {
        Rounder::new(&parse(format)?, Rounding::nearest(Overflow::Saturate)).map(To).map_err(|e| format!("{format}: {e}"))
    }

    fn code(&self, x: f64) -> BigUint {
        self.0.round(&Value::from_f64(x), 0)
    }

    /// The code and its value.
    fn both(&self, x: f64) -> (BigUint, f64) {
        let code = self.code(x);
        let value = decode(self.0.format(), &code).to_f64().unwrap_or(f64::NAN);
        (code, value)
    }
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0f64, |most, x| most.max(x.abs()))
}

/// Codes of so many bits as one number, the first lowest.
fn pack(codes: &[BigUint], bits: u32) -> BigUint {
    codes.iter().rev().fold(BigUint::ZERO, |all, code| (all << bits) | code)
}

/// x / scale; of a scale of 0 there are only zeros.
fn over(x: f64, scale: f64) -> f64 {
    if scale == 0.0 { 0.0 } else { x / scale }
}

/// The least and the largest number, 0 among them.
fn ends(x: &[f64]) -> (f64, f64) {
    x.iter().fold((0.0, 0.0), |(lo, hi): (f64, f64), x| (lo.min(*x), hi.max(*x)))
}

/// Codes of a group, and what they have in common.
type Group = (Vec<BigUint>, Vec<BigUint>);

/// 4 bits with a zero point, as far from it as `reach` at most.
fn four_bits(group: &[f64], scale: f64, reach: f64) -> (Vec<BigUint>, BigUint) {
    let zero = over(-ends(group).0, scale).round_ties_even().clamp(0.0, 15.0);
    let (least, most) = ((zero - reach).max(0.0), (zero + reach).min(15.0));
    let code = |x: &f64| BigUint::from((over(*x, scale).round_ties_even() + zero).clamp(least, most) as u32);
    (group.iter().map(code).collect(), BigUint::from(zero as u32))
}

/// Groups of every row through `dequant`, a part at a time; the scale outside it, if there is one, belongs to the row.
fn dequantised(
    bench: &mut Bench,
    words: &str,
    rows: &[Vec<f64>],
    (group, part, bits): (usize, usize, u32),
    factor: impl Fn(&[f64]) -> f64,
    each: impl Fn(&[f64], f64) -> Group,
) -> Result<Operand, String> {
    let factors: Vec<f64> = rows.iter().map(|row| factor(row)).collect();
    let mut inputs = Vec::new();
    for (row, factor) in rows.iter().zip(&factors) {
        for group in row.chunks(group) {
            let (codes, common) = each(group, *factor);
            inputs.extend(codes.chunks(part).map(|codes| [&[pack(codes, bits)], &common[..]].concat()));
        }
    }
    let found = bench.run(&format!("{words} --lanes {part}"), 0, &inputs)?;
    // `saturated`, which good data never raise.
    if let Some(row) = (0..found.len()).find(|row| found.widths().len() > 1 && found.get(*row, 1) != BigUint::ZERO) {
        return Err(format!("{words}: part {row} is out of the range of its results"));
    }
    let per_row = found.len() / rows.len();
    let parts = (0..rows.len()).map(|i| (0..per_row).map(|p| found.get(i * per_row + p, 0)).collect());
    Ok(Operand { parts: parts.collect(), scales: Vec::new(), factors })
}

/// Codes and scales of blocks as parts.
fn scaled(blocks: &[Vec<Group>], part: usize, bits: u32, factor: f64) -> Operand {
    let together = |f: &dyn Fn(&[Group]) -> BigUint| {
        let row = |row: &Vec<Group>| row.chunks(part).map(f).collect();
        blocks.iter().map(row).collect::<Vec<Vec<BigUint>>>()
    };
    let parts = together(&|part| pack(&part.iter().flat_map(|b| b.0.clone()).collect::<Vec<_>>(), bits));
    let scales = together(&|part| pack(&part.iter().flat_map(|b| b.1.clone()).collect::<Vec<_>>(), 8));
    Operand { parts, scales, factors: vec![factor; blocks.len()] }
}

impl Quantiser {
    /// The rows of a matrix in parts of so many numbers.
    pub fn operand(self, bench: &mut Bench, rows: &[Vec<f64>], part: usize) -> Result<Operand, String> {
        let binary32 = |x: &f64| BigUint::from((*x as f32).to_bits());
        match self {
            Quantiser::Half => {
                let inputs: Vec<Vec<BigUint>> = rows.iter().flatten().map(|x| vec![binary32(x)]).collect();
                let found = bench.run("convert --from fp32 --to fp16", 0, &inputs)?;
                let codes: Vec<BigUint> = (0..found.len()).map(|row| found.get(row, 0)).collect();
                let row = |row: &[BigUint]| row.chunks(part).map(|p| pack(p, 16)).collect();
                let parts = codes.chunks(codes.len() / rows.len()).map(row).collect();
                Ok(Operand { parts, scales: Vec::new(), factors: vec![1.0; rows.len()] })
            }
            Quantiser::Int4 => {
                let half = To::new("fp16")?;
                let words = "dequant --code uint4 --scale fp16 --zero uint4";
                dequantised(
                    bench,
                    words,
                    rows,
                    (128, part, 4),
                    |_| 1.0,
                    |group, _| {
                        let (lo, hi) = ends(group);
                        let (code, scale) = half.both((hi - lo) / 15.0);
                        let (codes, zero) = four_bits(group, scale, 15.0);
                        (codes, vec![code, zero])
                    },
                )
            }
            Quantiser::Nf4 => {
                let nf4 = To::new("nf4")?;
                let words = "dequant --code nf4 --scale fp32 --roundings fp32 --out fp16";
                dequantised(
                    bench,
                    words,
                    rows,
                    (64, part, 4),
                    |_| 1.0,
                    |group, _| {
                        let scale = largest(group);
                        (group.iter().map(|x| nf4.code(over(*x, scale))).collect(), vec![binary32(&scale)])
                    },
                )
            }
            Quantiser::Fp6 => {
                let (half, fp6) = (To::new("fp16")?, To::new("e3m2fn")?);
                let words = "dequant --code e3m2fn --scale fp16";
                let columns = rows.first().map_or(0, Vec::len);
                dequantised(
                    bench,
                    words,
                    rows,
                    (columns, part, 6),
                    |_| 1.0,
                    |row, _| {
                        let (code, scale) = half.both(largest(row) / 28.0);
                        (row.iter().map(|x| fp6.code(over(*x, scale))).collect(), vec![code])
                    },
                )
            }
            Quantiser::Dgq => {
                let words = "dequant --code uint4 --scale uint7 --zero uint4 --out int8 --saturated flag";
                dequantised(
                    bench,
                    words,
                    rows,
                    (128, part, 4),
                    |row| largest(row) / 127.0,
                    |group, coarse| {
                        let (lo, hi) = ends(group);
                        let fine = over((hi - lo) / 15.0, coarse).round_ties_even().clamp(1.0, 127.0);
                        let (codes, zero) = four_bits(group, fine * coarse, (127.0 / fine).floor());
                        (codes, vec![BigUint::from(fine as u32), zero])
                    },
                )
            }
            Quantiser::Int8 => {
                let factors: Vec<f64> = rows.iter().map(|row| nonlinear::scale(row, 8)).collect();
                let row = |(row, scale): (&Vec<f64>, &f64)| -> Vec<BigUint> {
                    let codes = nonlinear::quantise(row, *scale);
                    let codes: Vec<BigUint> = codes.iter().map(|n| to_code(&BigInt::from(*n), 8)).collect();
                    codes.chunks(part).map(|p| pack(p, 8)).collect()
                };
                let parts = rows.iter().zip(&factors).map(row).collect();
                Ok(Operand { parts, scales: Vec::new(), factors })
            }
            Quantiser::Mx(element) => {
                let bits = parse(element)?.bits();
                let block = |x: &[f64]| vec![pack(&x.iter().map(binary32).collect::<Vec<_>>(), 32)];
                let inputs: Vec<Vec<BigUint>> = rows.iter().flat_map(|row| row.chunks(32).map(block)).collect();
                let found = bench.run(&format!("mx_quantize --to {element}"), 0, &inputs)?;
                let groups: Vec<Group> = (0..found.len()).map(|i| (vec![found.get(i, 1)], vec![found.get(i, 0)])).collect();
                let blocks: Vec<Vec<Group>> = groups.chunks(groups.len() / rows.len()).map(<[Group]>::to_vec).collect();
                Ok(scaled(&blocks, part / 32, 32 * bits, 1.0))
            }
            Quantiser::Nvfp4 => {
                let (single, e4m3, e2m1) = (To::new("fp32")?, To::new("e4m3fn")?, To::new("e2m1fn")?);
                let most = rows.iter().map(|row| largest(row)).fold(0.0, f64::max);
                let tensor = single.both(most / (448.0 * 6.0)).1;
                let block = |x: &[f64]| {
                    let (code, scale) = e4m3.both(over(largest(x), 6.0 * tensor));
                    (vec![pack(&x.iter().map(|x| e2m1.code(over(*x, tensor * scale))).collect::<Vec<_>>(), 4)], vec![code])
                };
                let blocks: Vec<Vec<Group>> = rows.iter().map(|row| row.chunks(16).map(block).collect()).collect();
                Ok(scaled(&blocks, part / 16, 16 * 4, tensor))
            }
        }
    }
}
