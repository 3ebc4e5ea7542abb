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
            let zero = n.is_special().map_or(n.is_zero(), |s| n.is_zero() & !s).named("nothing");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks;
    use crate::hdl::rows::Rows;
    use crate::hdl::sim::Sim;
    use num_bigint::BigUint;

    /// Sums of largest products in all orders of signs, long enough to stall: nothing claimed of a sum is wrong there.
    #[test]
    fn sums_stall_where_they_are_said_to() {
        let mut stalled = 0;
        for (a, b) in [("e4m3-none", "e4m3-none"), ("e2m1fn", "e3m2fn"), ("e4m3fn", "e3m0-none"), ("e2m0-none", "e1m1-none")] {
            // With some bias the largest exponent is the first of one bit more.
            let shifted = (10..60).map(|bias| format!("e7m2b{bias}-none"));
            let named = ["e6m0-none", "e7m1-ieee", "e6m2-fn", "e7m3-fnuz", "e8m4-ieee", "e8m7-ieee", "p3109_k9p3se"];
            for acc in named.map(String::from).into_iter().chain(shifted) {
                for more in
                    ["", "clear=zero", "clear=zero overflow=nonfinite", "clear=zero subnormals_out=flush", "round=rna", "ties=up"]
                {
                    let words = format!("a={a} b={b} acc={acc} {more}");
                    let words: Vec<_> =
                        words.split_whitespace().filter_map(|w| w.split_once('=')).map(|(n, v)| (n.into(), v.into())).collect();
                    let Ok(block) = blocks::find("mac").expect("a block").configure(&words) else { continue };
                    stalled += usize::from(stalls(&*block, a, b));
                }
            }
        }
        assert!(stalled > 60, "{stalled}");
    }

    /// Runs upwards, then up and down, then here and there, beside the golden model. True if the sum stood still on its way up.
    fn stalls(block: &dyn blocks::Configured, a: &str, b: &str) -> bool {
        let [a, b] = [a, b].map(|f| crate::golden::names::parse(f).expect("a format"));
        // The two largest and the two smallest magnitudes, of both signs.
        let codes = |f: &Format| {
            let Format::Minifloat(f) = f else { return vec![] };
            let top = fixed::largest_code(f);
            let sign = 1u64 << (f.exp_bits + f.frac_bits);
            vec![top, top - 1, sign + top, sign + top - 1, 0, 1, sign, sign + 1]
        };
        let (a_codes, b_codes) = (codes(&a), codes(&b));
        let mut words = Vec::new();
        for i in 0..1800u64 {
            // Upwards, then largest values up and down, then all sorts of values.
            let noise = ((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize;
            let (pick, other, clear) = match i / 600 {
                0 => (0, 0, false),
                1 => (noise % 4, noise / 4 % 2, false),
                _ => (4 + noise % 4, noise / 4 % 8, (noise / 32).is_multiple_of(10)),
            };
            words.extend([a_codes[pick], b_codes[other], u64::from(clear), 1]);
        }
        let rows = Rows::from_words(&[a.bits(), b.bits(), 1, 1], words);
        let got = Sim::new(&block.design().expect("a design")).expect("a simulator").run(&rows, rows.len()).expect("no claims");
        let mut model = block.golden();
        model.reset();
        let (mut last, mut still) = (BigUint::ZERO, false);
        for r in 0..rows.len() {
            let mut want = Vec::new();
            model.step(&(0..4).map(|c| rows.get(r, c)).collect::<Vec<_>>(), &mut want);
            assert_eq!(want[0], got.get(r, 0), "{} cycle {r}", block.module_name());
            still |= r > 1 && r < 600 && want[0] == last;
            last = want[0].clone();
        }
        still
    }
}
