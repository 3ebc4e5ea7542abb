//! What a sum can be that starts at 0, adds product after product and is rounded each time: less than its register could hold.
use super::decode::{Number, Operand};
use super::encode::Target;
use super::fixed;
use crate::formats::*;
use crate::hdl::prelude::*;

/// An infinity or a NaN stays what it is, whatever finite number is added: it need not go through the adder. The flag says when.
pub fn without_specials<'b>(acc: Operand<'b>, product: &Operand<'b>) -> (Operand<'b>, Option<Bit<'b>>) {
    let (nan, inf) = match product {
        Operand::Float(p) => (p.nan, p.inf),
        Operand::Fixed { .. } => (None, None),
    };
    match acc {
        Operand::Float(n) if inf.is_none() => {
            let held = n.is_special().map(|s| nan.map_or(s, |nan| s & !nan).named("held"));
            (Operand::Float(Number { nan: None, inf: None, ..n }), held)
        }
        _ => (acc, None),
    }
}

/// A zero adds nothing to a sum that is never -0 since it never rounds to 0: it need not go through the adder. The flag says when.
pub fn without_zero<'b>(product: Operand<'b>, target: &Target) -> (Operand<'b>, Option<Bit<'b>>) {
    let flush = target.rounding.subnormals == Subnormals::Flush;
    match (product, target.format) {
        // No sum is finer than the least result.
        (Operand::Float(n), Format::Minifloat(f))
            if n.grid + i64::from(f.bias) > if flush { 0 } else { -i64::from(f.frac_bits) } =>
        {
            let zero = n.is_special().map_or(n.is_finite_zero(), |s| n.is_finite_zero() & !s).named("nothing");
            (Operand::Float(Number { can_be_zero: false, ..n }), Some(zero))
        }
        _ => (product, None),
    }
}

/// A sum that starts at 0 stays a multiple of what it adds up: results beyond a step of 2^grid are
/// rounded to coarser steps, finer steps never occur. It takes a largest value that is a multiple too. And it stays below 2^`below`.
pub fn reached<'b>(acc: Operand<'b>, product: &Operand<'b>, format: &Format, below: Option<i64>) -> Operand<'b> {
    let (Operand::Float(n), Format::Minifloat(f)) = (acc, format) else { return acc };
    let field = |weight: i64| weight + i64::from(f.bias);
    let grid = product.grid();
    let grid = if grid <= fixed::largest_step(f) { n.grid.max(grid) } else { n.grid };
    let exp = below.map_or(n.exp, |b| n.exp.assume_within(1, i128::from(field(b - 1).max(1))));
    // A multiple of a normal number is normal or 0.
    let leading_zeros = if field(grid) > 0 { 0 } else { n.leading_zeros };
    // What never overflows is never infinite.
    let special = below.is_none() || matches!(product, Operand::Float(p) if p.is_special().is_some());
    let (nan, inf) = if special { (n.nan, n.inf) } else { (None, None) };
    Operand::Float(Number { grid, exp, leading_zeros, nan, inf, ..n })
}

/// The n for which a sum that starts at 0 and is rounded to nearest stays below 2^n, if the format can hold 2^n: just below it, half a
/// step is more than any product, so that no product can move the sum there.
pub fn stalls_below(format: &Format, round: Round, product: &Operand) -> Option<i64> {
    match (format, product) {
        (Format::Minifloat(f), Operand::Float(p)) if matches!(round, Round::Rne | Round::Rna) => {
            // Products are below 2^(top + 1), the last step below 2^n is 2^(n - 1 - frac_bits).
            let n = p.top().1 + 1 + 2 + i64::from(f.frac_bits);
            let largest = fixed::largest_code(f) >> f.frac_bits;
            (n + i64::from(f.bias) > 0 && n + i64::from(f.bias) <= largest as i64).then_some(n)
        }
        _ => None,
    }
}
