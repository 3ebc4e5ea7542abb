//! Long products from three of half the length.
//!
//! (x1·2^h + x0)·(y1·2^h + y0) = x1·y1·2^2h + ((x1 + x0)·(y1 + y0) - x1·y1 - x0·y0)·2^h + x0·y0 (A. Karatsuba and Yu. Ofman, *Doklady
//! Akademii Nauk SSSR* 145, 1962). The three products are Booth rows. It takes long factors for the sums to cost less than the
//! fourth product would: longer ones than 32 bits, the longest measured, where other rows are smaller still.
use super::chain::{chain, name};
use super::factor::{Factor, booth_rows};
use crate::ir::NodeId;
use crate::ops::Op;
use crate::pass::fold::Fold;

/// Bits of factors that are cut: below that a half is too short to be one.
pub(super) const LEAST: u32 = 4;

/// The product of two factors in full width.
pub(super) fn product(f: &mut Fold, x: Factor, y: Factor) -> NodeId {
    let width = f.w(x.node) + f.w(y.node);
    let half = f.w(x.node).max(f.w(y.node)).div_ceil(2);
    if f.w(x.node).min(f.w(y.node)) <= half {
        return rows(f, x, y, "");
    }
    let signed = x.signed || y.signed;
    let mut cut = |z: Factor| {
        let bits = f.w(z.node);
        let [low, high] = [(0, half), (half, bits - half)].map(|(at, bits)| f.slice(z.node, at, bits));
        (Factor { node: low, signed: false }, Factor { node: high, signed: z.signed })
    };
    let ((x0, x1), (y0, y1)) = (cut(x), cut(y));
    let mut sum = |low: Factor, high: Factor, text: &str| {
        // As long as both halves, and a carry; the low one has no sign.
        let width = half.max(f.w(high.node)) + 1 + u32::from(high.signed);
        let low = f.zext(low.node, width);
        let high = extend(f, high, width);
        let node = f.two(Op::Add, high, low);
        name(f, node, text);
        node
    };
    let (both_x, both_y) = (sum(x0, x1, "x_halves"), sum(y0, y1, "y_halves"));
    let (low, high) = (rows(f, x0, y0, "low_"), rows(f, x1, y1, "high_"));
    let both = rows(f, Factor { node: both_x, signed: x.signed }, Factor { node: both_y, signed: y.signed }, "both_");
    for (node, text) in [(low, "low"), (high, "high"), (both, "both")] {
        name(f, node, text);
    }
    // What is cut off at the top would change nothing in the result.
    let room = width - half;
    let fit = |f: &mut Fold, node: NodeId, signed: bool| {
        let bits = room.min(f.w(node));
        let node = f.slice(node, 0, bits);
        extend(f, Factor { node, signed }, room)
    };
    let (wide_low, wide_high, wide_both) = (fit(f, low, false), fit(f, high, signed), fit(f, both, signed));
    let less = f.two(Op::Sub, wide_both, wide_low);
    let middle = f.two(Op::Sub, less, wide_high);
    name(f, middle, "middle");
    let outer = f.concat(&[high, low]);
    let (kept, above) = (f.slice(outer, 0, half), f.slice(outer, half, room));
    let sum = f.two(Op::Add, above, middle);
    f.concat(&[sum, kept])
}

fn extend(f: &mut Fold, x: Factor, width: u32) -> NodeId {
    if x.signed { f.sext(x.node, width) } else { f.zext(x.node, width) }
}

/// A product as Booth rows of the longer factor, two bits of the shorter one a row.
fn rows(f: &mut Fold, x: Factor, y: Factor, label: &str) -> NodeId {
    let (x, y) = if f.w(x.node) >= f.w(y.node) { (x, y) } else { (y, x) };
    let width = f.w(x.node) + f.w(y.node);
    let rows = booth_rows(f, x, y, label);
    chain(f, None, &rows, width)
}
