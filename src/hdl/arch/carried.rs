//! Radix-4 rows with four multiples of a factor: digits from -1 to 2, and a carry from each digit to the next.
//!
//! Two bits of the other factor and the carry from below are 0 to 4; 3 and 4 are -1 and 0 and a carry. Written as -0, which is
//! ~0 + 1, the 0 needs no code of its own, and two bits select among the multiples: a column of a row has four inputs, where
//! Booth's have five (A. D. Booth, *Quarterly J. Mech. Appl. Math.* 4, 1951; in radix 4 O. L. MacSorley, *Proc. IRE* 49, 1961).
//! Digits stand in a sealed module, or synthesis would build the rows from all bits below to save the wait for the carry.
use super::chain::{Row, name};
use super::factor::{Factor, booth_row, digits, multiples, signed_row};
use super::sealed::sealed;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;

/// Rows of `x`, two bits of `y` a row. The last digit, into which a carry comes but from which none goes, is Booth's.
pub(super) fn carried_rows(f: &mut Fold, modules: &mut Vec<Module>, x: Factor, y: Factor, label: &str) -> Vec<Row> {
    let [once, twice] = multiples(f, x);
    let (width, last) = (f.w(once), digits(y.bits(f), y.signed) - 1);
    let mut carry = f.zero(1);
    let mut rows = Vec::new();
    let module = (last > 1).then(|| digit_module(modules));
    for i in 0..last {
        let bits = [0, 1].map(|d| y.bit(f, i64::from(2 * i) + d));
        let [odd, minus, out] = match module {
            // Nothing is carried into the lowest digit: its rows have four inputs as it is.
            Some(module) if i > 0 => {
                let made = f.r.place(module, &format!("u_{label}digit{i}"), &[bits[0], bits[1], carry], &[1, 1, 1]);
                [made[0], made[1], made[2]]
            }
            _ => digit(f, [bits[0], bits[1], carry]),
        };
        for (node, text) in [(odd, "odd"), (minus, "minus"), (out, "carry")] {
            name(f, node, &format!("{label}{text}{i}"));
        }
        carry = out;
        let plus = f.make(Op::Mux, width, &[odd, once, twice], 0);
        let spread = f.sext(odd, width);
        let masked = f.two(Op::And, spread, once);
        let complement = f.not(masked);
        let row = f.make(Op::Mux, width, &[minus, complement, plus], 0);
        rows.push(signed_row(f, row, minus, i, label));
    }
    let [mid, high] = [0, 1].map(|d| y.bit(f, i64::from(2 * last) + d));
    rows.push(booth_row(f, x, [carry, mid, high], last, label));
    rows
}

/// The module of a digit, one for all rows.
fn digit_module(modules: &mut Vec<Module>) -> ModuleId {
    const NAME: &str = "carried_digit";
    let inputs = [("low", 1), ("high", 1), ("carry", 1)];
    let outputs = [("odd", 1), ("minus", 1), ("carry_out", 1)];
    sealed(modules, NAME, &inputs, &outputs, |f, p| digit(f, [p[0], p[1], p[2]]).to_vec())
}

/// Of the digit low + 2 high + carry: whether it is odd, whether it is 0, 3 or 4, written -0, -1 and -0, and the carry of 3 and 4.
fn digit(f: &mut Fold, [low, high, carry]: [NodeId; 3]) -> [NodeId; 3] {
    let odd = f.two(Op::Xor, low, carry);
    let some = f.two(Op::Or, low, carry);
    let differ = f.two(Op::Xor, high, some);
    let minus = f.not(differ);
    let out = f.two(Op::And, high, some);
    [odd, minus, out]
}
