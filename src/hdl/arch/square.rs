//! Squares: half the rows of a product.
//!
//! A product of bits i and j stands twice in a square, so one row of the products with all bits above takes the place of two.
//! In radix 4, with digits from -2 to 2 as Booth's rows have them, the square is the sum over all digits d, lowest first, of
//! 16^i · (d² + 8·d·r), r being the rest of the number above the digit plus the carry that the digit leaves it. A negative digit
//! always leaves a carry, and -(h + 1) is the complement of h: rows are selected and inverted, and nothing is added to them.
use super::Arch;
use super::chain::{Row, chain, name};
use super::factor::{Factor, digits, spread};
use super::form::{Form, push};
use super::table;
use super::unit::Kind;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigInt;

/// `a × a` in full width.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Square {
    /// The number.
    pub a: Kind,
}

impl Form for Square {
    fn name(&self) -> String {
        format!("square_{}", self.a.word())
    }
    fn doc(&self) -> &'static str {
        "square a * a in full width"
    }
    fn architectures(&self) -> Vec<Arch> {
        let table = (self.a.bits <= table::INPUTS).then_some(Arch::Table);
        [Arch::Booth, Arch::Rows].into_iter().chain(table).collect()
    }
    fn inputs(&self) -> Vec<(String, u32)> {
        vec![("a".into(), self.a.bits)]
    }
    fn width(&self) -> u32 {
        2 * self.a.bits
    }
    fn signed(&self) -> bool {
        false
    }
    fn plain(&self, m: &mut Module, inputs: &[NodeId]) -> NodeId {
        push(m, if self.a.signed { Op::MulS } else { Op::MulU }, self.width(), &[inputs[0], inputs[0]])
    }
    fn build(&self, f: &mut Fold, _: &mut Vec<Module>, arch: Arch, inputs: &[NodeId]) -> NodeId {
        let x = Factor { node: inputs[0], signed: self.a.signed };
        match arch {
            Arch::Table => lookup(f, x),
            Arch::Booth => {
                let rows = booth_rows(f, x);
                chain(f, None, &rows, self.width())
            }
            _ => {
                let rows = bit_rows(f, x);
                chain(f, None, &rows, self.width())
            }
        }
    }
}

/// Every square in a table.
fn lookup(f: &mut Fold, x: Factor) -> NodeId {
    let bits = x.bits(f);
    let value =
        |code: u32| Bits::from_signed(2 * bits, &BigInt::from(table::value(code, Kind { bits, signed: x.signed }).pow(2)));
    let values = (0..1u32 << bits).map(value).collect();
    f.table(&Table { name: "square_table".into(), width: 2 * bits, values }, x.node)
}

/// A row for each bit: twice its products with all bits above, and itself.
fn bit_rows(f: &mut Fold, x: Factor) -> Vec<Row> {
    let bits = x.bits(f);
    let mut rows = Vec::new();
    for i in 0..bits {
        let bit = x.bit(f, i64::from(i));
        let mut parts = vec![bit];
        let mut owed = BigInt::ZERO;
        if i + 1 < bits {
            let above = f.slice(x.node, i + 1, bits - i - 1);
            let mask = spread(f, bit, bits - i - 1);
            let mut products = f.two(Op::And, above, mask);
            if x.signed {
                // What the sign takes part in counts negative: its complement, less a constant.
                let sign = f.slice(products, bits - i - 2, 1);
                let inverted = f.not(sign);
                let rest = (bits - i > 2).then(|| f.slice(products, 0, bits - i - 2));
                let all: Vec<NodeId> = std::iter::once(inverted).chain(rest).collect();
                products = f.concat(&all);
                owed = BigInt::from(1) << (i + bits);
            }
            let zero = f.zero(1);
            parts = vec![products, zero, bit];
        }
        let row = f.concat(&parts);
        name(f, row, &format!("row{i}"));
        rows.push(Row { bits: row, offset: 2 * i, carry: None, owed });
    }
    rows
}

/// A row for each digit.
fn booth_rows(f: &mut Fold, x: Factor) -> Vec<Row> {
    let bits = x.bits(f);
    let mut rows = Vec::new();
    for i in 0..digits(bits, x.signed) {
        let at = i64::from(2 * i);
        let [low, mid, high] = [-1, 0, 1].map(|d| x.bit(f, at + d));
        let one = f.two(Op::Xor, mid, low);
        name(f, one, &format!("one{i}"));
        let differ = f.two(Op::Xor, high, mid);
        let same = f.not(one);
        let two = f.two(Op::And, differ, same);
        name(f, two, &format!("two{i}"));
        // d² is 0, 1 or 4.
        let zero = f.zero(1);
        let (mut parts, mut owed) = (vec![two, zero, one], BigInt::ZERO);
        let rest = 2 * i + 2;
        // Above the last digit but one of an unsigned number stands the carry alone.
        if rest < bits || rest == bits && !x.signed {
            // Above the digit, with a sign of its own, since complements are negative.
            let width = bits - rest + u32::from(!x.signed);
            let above = match rest < bits {
                true => f.slice(x.node, rest, bits - rest),
                false => f.zero(1),
            };
            let above = if x.signed { above } else { f.zext(above, width) };
            let minus = spread(f, high, width);
            let number = f.two(Op::Xor, above, minus);
            let (once, twice) = (f.sext(number, width + 1), f.above_zeros(number, 1));
            let masked = [(one, once), (two, twice)].map(|(bit, value)| {
                let mask = spread(f, bit, width + 1);
                f.two(Op::And, mask, value)
            });
            let row = f.two(Op::Or, masked[0], masked[1]);
            let (sign, low) = (f.slice(row, width, 1), f.slice(row, 0, width));
            let inverted = f.not(sign);
            parts = vec![inverted, low, two, zero, one];
            owed = BigInt::from(1) << (4 * i + 3 + width);
        }
        let row = f.concat(&parts);
        name(f, row, &format!("row{i}"));
        rows.push(Row { bits: row, offset: 4 * i, carry: None, owed });
    }
    rows
}
