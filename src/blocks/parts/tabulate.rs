//! Tables of functions: what stands between the decoding and the encoding circuits is computed beforehand.
use super::decode::{Number, decode};
use super::encode::{Target, encode};
use super::functions::{BITS, Function, Real};
use crate::formats::*;
use crate::hdl::dsl::design;
use crate::hdl::ir::{Design, Reset};
use crate::hdl::prelude::*;
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;

/// The code of a function's value for each code of a format. The rounding must not be stochastic.
pub fn tabulate(function: Function, from: &Format, flush: bool, target: &Target) -> Vec<BigUint> {
    let (least, most) = reach(target.format);
    let values: Vec<Real> = operands(from, flush).iter().map(|x| function.at(x, least, most)).collect();
    let exponents = Exponents { least: least + 1 - i64::from(BITS), most: most + 1 - i64::from(BITS) };
    let circuit = design("encode", Reset::None, |m| m.output("y", rounded(m, target, &exponents)));
    let mut rows = Rows::new(&[1, BITS, exponents.bits(), 1, 1]);
    let (no, yes) = (BigUint::ZERO, BigUint::from(1u32));
    let bit = |b: &bool| if *b { yes.clone() } else { no.clone() };
    for value in &values {
        rows.push(&match value {
            Real::Nan => [no.clone(), no.clone(), no.clone(), yes.clone(), no.clone()],
            Real::Infinite(sign) => [bit(sign), yes.clone(), no.clone(), no.clone(), yes.clone()],
            Real::Zero(sign) => [bit(sign), no.clone(), no.clone(), no.clone(), no.clone()],
            Real::Number { negative, sig, exp } => {
                [bit(negative), sig.clone(), BigUint::from((exp - exponents.least) as u64), no.clone(), no.clone()]
            }
        });
    }
    let codes = simulated(&circuit, &rows);
    (0..values.len()).map(|row| codes.get(row, 0)).collect()
}

/// Exponents of significands.
struct Exponents {
    least: i64,
    most: i64,
}

impl Exponents {
    /// Bits of one, counted from the least.
    fn bits(&self) -> u32 {
        64 - (self.most - self.least).leading_zeros()
    }
}

/// A number from its parts, rounded.
fn rounded<'b>(m: Builder<'b>, target: &Target, exponents: &Exponents) -> UInt<'b> {
    let (sign, sig) = (m.bit_in("sign"), m.uint_in("sig", BITS));
    let exp = m.uint_in("exp", exponents.bits()).assume_at_most((exponents.most - exponents.least) as u128).signed();
    let (nan, inf) = (Some(m.bit_in("nan")), Some(m.bit_in("inf")));
    let scale = exponents.least as i32;
    let x =
        Number { sign, sig, exp, scale, nan, inf, leading_zeros: 0, grounded: false, grid: exponents.least, can_be_zero: true };
    encode(target, None, super::Operand::Float(x))
}

/// The values of a format's codes, in the order of the codes.
fn operands(from: &Format, flush: bool) -> Vec<Real> {
    let mut scale = 0;
    let mut signed = 1;
    let circuit = design("decode", Reset::None, |m| {
        let x = decode(from, flush, m.uint_in("x", from.bits())).number();
        (scale, signed) = (i64::from(x.scale), x.exp.width());
        m.output("sign", x.sign.uint());
        m.output("sig", x.sig);
        m.output("exp", x.exp.bits());
        m.output("nan", x.nan.unwrap_or(m.low()).uint());
        m.output("inf", x.inf.unwrap_or(m.low()).uint());
    });
    let mut rows = Rows::new(&[from.bits()]);
    (0u32..1 << from.bits()).for_each(|code| rows.push(&[code.into()]));
    let parts = simulated(&circuit, &rows);
    let value = |row: usize| {
        let column = |c: usize| parts.get(row, c);
        let negative = column(0).bit(0);
        match (column(3).bit(0), column(4).bit(0), column(1)) {
            (true, ..) => Real::Nan,
            (_, true, _) => Real::Infinite(negative),
            (.., sig) if sig == BigUint::ZERO => Real::Zero(negative),
            (.., sig) => {
                let code = column(2);
                let borrow = if code.bit(u64::from(signed) - 1) { 1i64 << signed } else { 0 };
                let exp = code.iter_u64_digits().next().unwrap_or(0) as i64 - borrow;
                Real::Number { negative, sig, exp: exp + scale }
            }
        }
    };
    (0..rows.len()).map(value).collect()
}

/// Between a power of two too small for a format and one too large.
fn reach(format: &Format) -> (i64, i64) {
    let (finest, largest) = match format {
        Format::Minifloat(f) => {
            let bias = i64::from(f.bias);
            (1 - bias - i64::from(f.frac_bits), (1i64 << f.exp_bits) - bias)
        }
        Format::E8m0 => (-127, 128),
        Format::Int(f) => (f.lsb_exp.into(), i64::from(f.lsb_exp) + i64::from(f.bits)),
        Format::Table(t) => {
            let exponents = || t.values.iter().map(|v| i64::from(v.1));
            (exponents().min().unwrap_or(0) - 1, exponents().max().unwrap_or(0) + 64)
        }
    };
    (finest - 16, largest + 2)
}

/// Every row through a circuit.
fn simulated(circuit: &Result<Design, crate::hdl::dsl::Diagnostics>, rows: &Rows) -> Rows {
    let design = circuit.as_ref().unwrap_or_else(|e| panic!("internal error: {e}"));
    let sim = Sim::new(design).unwrap_or_else(|e| panic!("internal error: {e}"));
    sim.run(rows, 0).unwrap_or_else(|e| panic!("internal error: {e}"))
}
