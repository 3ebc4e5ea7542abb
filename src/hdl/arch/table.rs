//! Products of short factors as tables of their bits.
use super::chain::{name, plus};
use super::factor::Factor;
use super::unit::Kind;
use crate::bits::Bits;
use crate::ir::{NodeId, Table};
use crate::pass::fold::Fold;
use num_bigint::BigInt;

/// Address bits of a table: those of the largest look-up table.
pub(super) const INPUTS: u32 = 6;

/// True if two tables or fewer make the product.
pub(super) fn fits(a: Kind, b: Kind) -> bool {
    parts(a, b).is_some()
}

/// How the longer factor is cut: bits of its low part; all of it if one table does.
pub(super) fn parts(a: Kind, b: Kind) -> Option<u32> {
    let (short, long) = (a.bits.min(b.bits), a.bits.max(b.bits));
    match () {
        () if short + long <= INPUTS => Some(long),
        () if short + long.div_ceil(2) <= INPUTS => Some(long / 2),
        () => None,
    }
}

/// The product as one table, or as two over the halves of one factor and a sum.
pub(super) fn product(f: &mut Fold, x: Factor, y: Factor) -> NodeId {
    let kind = |f: &Fold, x: Factor| Kind { bits: f.w(x.node), signed: x.signed };
    let (a, b) = (kind(f, x), kind(f, y));
    let (x, y, a, b) = if a.bits <= b.bits { (x, y, a, b) } else { (y, x, b, a) };
    let width = a.bits + b.bits;
    let cut = parts(a, b).unwrap_or(b.bits);
    if cut == b.bits {
        return lookup(f, x, y, width, "product");
    }
    let low = Factor { node: f.slice(y.node, 0, cut), signed: false };
    let high = Factor { node: f.slice(y.node, cut, b.bits - cut), signed: y.signed };
    let (low_width, high_width) = (a.bits + cut, width - cut);
    let low = lookup(f, x, low, low_width, "low");
    let high = lookup(f, x, high, high_width, "high");
    let done = f.slice(low, 0, cut);
    let carried = f.slice(low, cut, low_width - cut);
    let carried = if a.signed { f.sext(carried, high_width) } else { f.zext(carried, high_width) };
    // A table fits in front of the adder, but the plain operand must be there as it is.
    let sum = plus(f, carried, high, None);
    name(f, sum, "sum");
    f.concat(&[sum, done])
}

/// A table of the product of two factors.
fn lookup(f: &mut Fold, x: Factor, y: Factor, width: u32, label: &str) -> NodeId {
    let (wx, wy) = (f.w(x.node), f.w(y.node));
    let kind = |bits, signed| Kind { bits, signed };
    let value = |i| Bits::from_signed(width, &BigInt::from(entry(i, kind(wx, x.signed), kind(wy, y.signed))));
    let values = (0..1u32 << (wx + wy)).map(value);
    let table = Table { name: format!("{label}_table"), width, values: values.collect() };
    let addr = f.concat(&[x.node, y.node]);
    let out = f.table(&table, addr);
    name(f, out, label);
    out
}

/// The product of two factors whose codes are an address, the first in its high bits.
pub(super) fn entry(address: u32, x: Kind, y: Kind) -> i64 {
    value(address >> y.bits, x) * value(address & ((1 << y.bits) - 1), y)
}

/// What a code stands for.
pub(super) fn value(code: u32, kind: Kind) -> i64 {
    match kind.signed && code >> (kind.bits - 1) & 1 == 1 {
        true => i64::from(code) - (1 << kind.bits),
        false => i64::from(code),
    }
}
