//! Operators as gates. Values are slices of literals, least significant bit first.
use super::net::{FALSE, Lit, Lookup, Net, TRUE};
use crate::ops::{Op, Shape};
use crate::rows::words_for;
use std::collections::VecDeque;

/// Largest number of multiplexers worth building for a table; beyond, lanes are read one by one.
const TABLE_GATES: usize = 4096;

/// The gates of one operator. `table` numbers a table that is read lane by lane, when that is chosen.
pub fn expand(net: &mut Net, op: Op, shape: &Shape, args: &[&[Lit]], table: &mut dyn FnMut(&mut Net) -> usize) -> Vec<Lit> {
    let width = shape.width as usize;
    let (a, b) = (args[0], *args.get(1).unwrap_or(&args[0]));
    match op {
        Op::Input | Op::Const | Op::State | Op::RamRead | Op::InstOut => unreachable!("leaves are not expanded"),
        Op::Not => a.iter().map(|x| !*x).collect(),
        Op::And => a.iter().zip(b).map(|(x, y)| net.and(*x, *y)).collect(),
        Op::Or => a.iter().zip(b).map(|(x, y)| net.or(*x, *y)).collect(),
        Op::Xor => a.iter().zip(b).map(|(x, y)| net.xor(*x, *y)).collect(),
        Op::Add => add(net, a, b.iter().copied(), FALSE),
        Op::Sub => add(net, a, b.iter().map(|x| !*x), TRUE),
        Op::MulU => multiply(net, a, b, false),
        Op::MulS => multiply(net, a, b, true),
        Op::Eq => {
            let same: Vec<Lit> = a.iter().zip(b).map(|(x, y)| !net.xor(*x, *y)).collect();
            vec![net.all(same)]
        }
        Op::LtU => vec![less(net, a, b, false)],
        Op::LtS => vec![less(net, a, b, true)],
        Op::Shl => {
            let reversed: Vec<Lit> = a.iter().rev().copied().collect();
            let mut r = shift_right(net, &reversed, b, FALSE);
            r.reverse();
            r
        }
        Op::ShrU => shift_right(net, a, b, FALSE),
        Op::ShrS => shift_right(net, a, b, a[a.len() - 1]),
        Op::Mux => b.iter().zip(args[2]).map(|(x, y)| net.mux(a[0], *x, *y)).collect(),
        Op::Slice => a[shape.imm as usize..][..width].to_vec(),
        Op::Concat => args.iter().rev().flat_map(|part| part.iter().copied()).collect(),
        Op::Zext => a.iter().copied().chain(std::iter::repeat_n(FALSE, width - a.len())).collect(),
        Op::Sext => a.iter().copied().chain(std::iter::repeat_n(a[a.len() - 1], width - a.len())).collect(),
        Op::RedAnd => vec![net.all(a.iter().copied())],
        Op::RedOr => vec![net.any(a.iter().copied())],
        Op::RedXor => vec![a.iter().fold(FALSE, |x, b| net.xor(x, *b))],
        Op::Table => lookup(net, shape, a, table),
    }
}

/// Ripple-carry sum; depth costs nothing here, gates do.
fn add(net: &mut Net, a: &[Lit], b: impl Iterator<Item = Lit>, mut carry: Lit) -> Vec<Lit> {
    let mut out = Vec::with_capacity(a.len());
    for (i, (&x, y)) in a.iter().zip(b).enumerate() {
        out.push(net.xor3(x, y, carry));
        if i + 1 < a.len() {
            carry = net.maj(x, y, carry);
        }
    }
    out
}

/// `a < b`: the borrow out of `a - b`; for signed operands the top bits trade places.
fn less(net: &mut Net, a: &[Lit], b: &[Lit], signed: bool) -> Lit {
    let top = a.len() - 1;
    (0..=top).fold(FALSE, |borrow, i| {
        let (x, y) = if signed && i == top { (b[i], a[i]) } else { (a[i], b[i]) };
        net.maj(!x, y, borrow)
    })
}

/// Carry-save array: every column is reduced to one bit by full adders, low columns first.
/// Signed operands after Baugh and Wooley: partial products with exactly one sign bit are
/// complemented, and a constant corrects the sum.
fn multiply(net: &mut Net, a: &[Lit], b: &[Lit], signed: bool) -> Vec<Lit> {
    let (n, m) = (a.len(), b.len());
    let mut columns: Vec<VecDeque<Lit>> = vec![VecDeque::new(); n + m];
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate() {
            let one_sign = signed && ((i == n - 1) != (j == m - 1));
            let product = net.and(x, y).flip(one_sign);
            columns[i + j].push_back(product);
        }
    }
    if signed {
        // -2^(n-1)·(2^(m-1) - 1 - Σ¬) and its mirror leave +2^(n-1) + 2^(m-1) - 2^(n+m-1), modulo 2^(n+m).
        for column in [n - 1, m - 1, n + m - 1] {
            columns[column].push_back(TRUE);
        }
    }
    let mut out = Vec::with_capacity(n + m);
    for i in 0..n + m {
        let mut column = std::mem::take(&mut columns[i]);
        while column.len() > 1 {
            let (x, y) = (column.pop_front().unwrap_or(FALSE), column.pop_front().unwrap_or(FALSE));
            let z = column.pop_front().unwrap_or(FALSE);
            column.push_back(net.xor3(x, y, z));
            if i + 1 < n + m {
                let carry = net.maj(x, y, z);
                if carry != FALSE {
                    columns[i + 1].push_back(carry);
                }
            }
        }
        out.push(column.pop_front().unwrap_or(FALSE));
    }
    out
}

/// Multiplexer ladder; amounts at or beyond the width leave only `fill`.
fn shift_right(net: &mut Net, a: &[Lit], amount: &[Lit], fill: Lit) -> Vec<Lit> {
    let width = a.len();
    let mut x = a.to_vec();
    let mut beyond = FALSE;
    for (i, &s) in amount.iter().enumerate() {
        if i < 32 && 1 << i < width {
            let by = 1 << i;
            x = (0..width).map(|k| net.mux(s, *x.get(k + by).unwrap_or(&fill), x[k])).collect();
        } else {
            beyond = net.or(beyond, s);
        }
    }
    x.into_iter().map(|b| net.mux(beyond, fill, b)).collect()
}

fn lookup(net: &mut Net, shape: &Shape, addr: &[Lit], number: &mut dyn FnMut(&mut Net) -> usize) -> Vec<Lit> {
    let Some(table) = shape.table else { return vec![FALSE; shape.width as usize] };
    // Bits of the address that only reach beyond the table make the result 0.
    let used = table.values.len().next_power_of_two().trailing_zeros() as usize;
    let free = addr[..used.min(addr.len())].iter().filter(|l| l.gate() != 0).count();
    if (shape.width as usize) << free > TABLE_GATES * free.max(1) {
        let table = number(net);
        return net.lookup(Lookup { addr: addr.to_vec(), width: shape.width, table });
    }
    let beyond = net.any(addr[used.min(addr.len())..].iter().copied());
    (0..shape.width)
        .map(|bit| {
            let mut level: Vec<Lit> = table.values.iter().map(|v| Lit::constant(v.get(bit))).collect();
            level.resize(1 << used, FALSE);
            for &s in &addr[..used] {
                level = level.chunks(2).map(|pair| net.mux(s, pair[1], pair[0])).collect();
            }
            net.and(!beyond, level[0])
        })
        .collect()
}

/// Table contents for [`Net::tables`].
pub fn table_words(table: &crate::ir::Table) -> Vec<u64> {
    let words = words_for(table.width);
    let mut out = Vec::with_capacity(table.values.len() * words);
    for value in &table.values {
        let mut digits = value.unsigned().iter_u64_digits();
        out.extend((0..words).map(|_| digits.next().unwrap_or(0)));
    }
    out
}
