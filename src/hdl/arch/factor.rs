//! Factors, and the rows that make up their product.
use super::chain::{Row, name};
use crate::ir::NodeId;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigInt;

/// A factor: a number of so many bits.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    pub node: NodeId,
    /// Two's complement.
    pub signed: bool,
}

impl Factor {
    fn bits(self, f: &Fold) -> u32 {
        f.w(self.node)
    }

    /// Bit `i`, which is 0 below the number and repeats its sign above.
    fn bit(self, f: &mut Fold, i: i64) -> NodeId {
        let top = i64::from(self.bits(f)) - 1;
        match i {
            _ if i < 0 || (i > top && !self.signed) => f.zero(1),
            _ => f.slice(self.node, i.min(top) as u32, 1),
        }
    }
}

/// Radix-4 digits of a factor.
pub(super) fn digits(bits: u32, signed: bool) -> u32 {
    if signed { bits.div_ceil(2) } else { bits / 2 + 1 }
}

/// Booth's rows: a digit of `y` from -2 to 2 times `x`, two bits of `y` a row. Row `i` is named after `label`.
pub(super) fn booth_rows(f: &mut Fold, x: Factor, y: Factor, label: &str) -> Vec<Row> {
    let wx = x.bits(f);
    // Twice x, with a sign.
    let width = wx + 1 + u32::from(!x.signed);
    let once = if x.signed { f.sext(x.node, width) } else { f.zext(x.node, width) };
    let twice = f.above_zeros(x.node, 1);
    let twice = if x.signed || f.w(twice) == width { f.sext(twice, width) } else { f.zext(twice, width) };
    let mut rows = Vec::new();
    for i in 0..digits(y.bits(f), y.signed) {
        let [low, mid, high] = [-1, 0, 1].map(|d| y.bit(f, i64::from(2 * i) + d));
        let one = f.two(Op::Xor, mid, low);
        name(f, one, &format!("{label}one{i}"));
        // 011 and 100.
        let differ = f.two(Op::Xor, high, mid);
        let same = f.not(one);
        let two = f.two(Op::And, differ, same);
        name(f, two, &format!("{label}two{i}"));
        let masked = |f: &mut Fold, bit: NodeId, value: NodeId| {
            let spread = f.sext(bit, width);
            f.two(Op::And, spread, value)
        };
        let (a, b) = (masked(f, one, once), masked(f, two, twice));
        let magnitude = f.two(Op::Or, a, b);
        let spread = f.sext(high, width);
        let row = f.two(Op::Xor, magnitude, spread);
        // The sign bit as its complement.
        let never_negative = f.is_zero(high) && !x.signed;
        let (bits, owed) = match never_negative {
            true => (f.slice(row, 0, width - 1), BigInt::ZERO),
            false => {
                let (sign, rest) = (f.slice(row, width - 1, 1), f.slice(row, 0, width - 1));
                let inverted = f.not(sign);
                (f.concat(&[inverted, rest]), BigInt::from(1) << (width - 1 + 2 * i))
            }
        };
        name(f, bits, &format!("{label}row{i}"));
        rows.push(Row { bits, offset: 2 * i, carry: Some(high).filter(|_| !never_negative), owed });
    }
    rows
}

/// One row per bit of `y`: `x` where it is 1.
pub(super) fn and_rows(f: &mut Fold, x: Factor, y: Factor, label: &str) -> Vec<Row> {
    let (wx, wy) = (x.bits(f), y.bits(f));
    let mut rows = Vec::new();
    for i in 0..wy {
        let bit = y.bit(f, i64::from(i));
        let spread = f.sext(bit, wx);
        let product = f.two(Op::And, x.node, spread);
        let one = BigInt::from(1);
        let minus = y.signed && i + 1 == wy;
        // -v is ~v + 1; the sign of x counts as its complement. Both complements cancel.
        let (bits, carry, owed) = match (x.signed, minus) {
            (false, false) => (product, None, BigInt::ZERO),
            (false, true) => {
                let all = f.constant(crate::bits::Bits::ones(1));
                (f.not(product), Some(all), one << (wx + i))
            }
            (true, minus) => {
                let (sign, rest) = (f.slice(product, wx - 1, 1), (wx > 1).then(|| f.slice(product, 0, wx - 1)));
                let (sign, rest) = if minus { (sign, rest.map(|r| f.not(r))) } else { (f.not(sign), rest) };
                let parts: Vec<NodeId> = [Some(sign), rest].into_iter().flatten().collect();
                let all = minus.then(|| f.constant(crate::bits::Bits::ones(1)));
                (f.concat(&parts), all, one << (wx - 1 + i))
            }
        };
        name(f, bits, &format!("{label}row{i}"));
        rows.push(Row { bits, offset: i, carry, owed });
    }
    rows
}
