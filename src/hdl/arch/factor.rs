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
    pub fn bits(self, f: &Fold) -> u32 {
        f.w(self.node)
    }

    /// Bit `i`, which is 0 below the number and repeats its sign above.
    pub fn bit(self, f: &mut Fold, i: i64) -> NodeId {
        let top = i64::from(self.bits(f)) - 1;
        match i {
            _ if i < 0 || (i > top && !self.signed) => f.zero(1),
            _ => f.slice(self.node, i.min(top) as u32, 1),
        }
    }
}

/// A bit in every place.
pub(super) fn spread(f: &mut Fold, bit: NodeId, width: u32) -> NodeId {
    f.sext(bit, width)
}

/// Radix-4 digits of a factor.
pub(super) fn digits(bits: u32, signed: bool) -> u32 {
    if signed { bits.div_ceil(2) } else { bits / 2 + 1 }
}

/// A factor in the width of twice itself with a sign, and twice the factor.
pub(super) fn multiples(f: &mut Fold, x: Factor) -> [NodeId; 2] {
    let width = x.bits(f) + 1 + u32::from(!x.signed);
    let twice = f.above_zeros(x.node, 1);
    [x.node, twice].map(|n| if x.signed || f.w(n) == width { f.sext(n, width) } else { f.zext(n, width) })
}

/// A signed row as an unsigned one: its sign bit as the complement.
pub(super) fn signed_row(f: &mut Fold, row: NodeId, carry: NodeId, i: u32, label: &str) -> Row {
    let width = f.w(row);
    let (sign, rest) = (f.slice(row, width - 1, 1), f.slice(row, 0, width - 1));
    let inverted = f.not(sign);
    let bits = f.concat(&[inverted, rest]);
    name(f, bits, &format!("{label}row{i}"));
    Row { bits, offset: 2 * i, carry: Some(carry), owed: BigInt::from(1) << (width - 1 + 2 * i) }
}

/// Booth's rows: a digit of `y` from -2 to 2 times `x`, two bits of `y` a row. Row `i` is named after `label`.
pub(super) fn booth_rows(f: &mut Fold, x: Factor, y: Factor, label: &str) -> Vec<Row> {
    let rows = digits(y.bits(f), y.signed);
    let mut row = |i: u32| {
        let bits = [-1, 0, 1].map(|d| y.bit(f, i64::from(2 * i) + d));
        booth_row(f, x, bits, i, label)
    };
    (0..rows).map(&mut row).collect()
}

/// low + mid - 2 high times `x`.
pub(super) fn booth_row(f: &mut Fold, x: Factor, [low, mid, high]: [NodeId; 3], i: u32, label: &str) -> Row {
    let [once, twice] = multiples(f, x);
    let width = f.w(once);
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
    if f.is_zero(high) && !x.signed {
        let bits = f.slice(row, 0, width - 1);
        name(f, bits, &format!("{label}row{i}"));
        return Row { bits, offset: 2 * i, carry: None, owed: BigInt::ZERO };
    }
    signed_row(f, row, high, i, label)
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
