//! A sample of units longer than those that are all tried (`cargo xtask exhaustive` tries them all), and what looks like a unit.
mod support;

use narrowgen_hdl::arch::{Arch, Kind, Scaled, Unit, lower};
use narrowgen_hdl::bits::Bits;
use narrowgen_hdl::ir::*;
use narrowgen_hdl::ops::Op;
use narrowgen_hdl::pass::optimize;
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::random::Stream;
use narrowgen_hdl::rows::Rows;
use narrowgen_hdl::sim::reference;
use std::collections::BTreeSet;
use support::units::{alone, check, check_lowered};

fn kind((bits, signed): (u32, bool)) -> Kind {
    Kind { bits, signed }
}

#[test]
fn longer_products_in_a_mix_of_signs() {
    let (s, u) = (true, false);
    for (a, b) in [
        ((9, s), (12, u)),
        ((12, u), (9, s)),
        ((10, s), (11, s)),
        ((11, u), (12, s)),
        ((12, s), (11, u)),
        ((9, u), (10, u)),
        ((1, s), (12, s)),
        ((12, u), (1, s)),
        ((2, s), (12, u)),
        ((12, s), (3, u)),
    ] {
        check(&Unit::Product { a: kind(a), b: kind(b) });
    }
}

#[test]
fn longer_sums_with_and_of_products() {
    let (s, u) = (true, false);
    for (a, b, width) in
        [((5, s), (5, s), 12), ((6, u), (4, s), 11), ((1, u), (9, s), 12), ((2, s), (3, u), 17), ((4, u), (5, u), 13)]
    {
        check(&Unit::Accumulate { a: kind(a), b: kind(b), width });
    }
    for (a, b, lanes, width) in [((2, s), (3, u), 4, 7), ((4, s), (3, s), 3, 9), ((5, u), (5, u), 2, 9), ((1, s), (1, s), 10, 5)]
    {
        check(&Unit::Dot { a: kind(a), b: kind(b), lanes, width });
    }
}

/// What the rows of many lanes owe may find no zero of the running sum to stand on.
#[test]
fn lanes_of_short_by_long_factors() {
    let (s, u) = (true, false);
    for (a, b, lanes) in [
        ((1, u), (7, u), 2),
        ((1, u), (7, s), 2),
        ((1, u), (5, u), 3),
        ((1, s), (5, s), 2),
        ((1, u), (6, s), 3),
        ((2, u), (8, u), 2),
        ((3, s), (8, s), 2),
        ((7, s), (2, u), 2),
        ((4, u), (8, u), 2),
    ] {
        for more in [0, 1, 3] {
            check(&Unit::Dot { a: kind(a), b: kind(b), lanes, width: a.0.max(b.0) + more });
            check(&Unit::Dot { a: kind(a), b: kind(b), lanes, width: a.0 + b.0 + more });
        }
    }
}

/// A reciprocal of a long number has more bits than an adder graph takes.
#[test]
fn quotients_of_long_numbers() {
    for (bits, by) in [(40, 10u64), (125, 3), (160, 1_000_003)] {
        let plain = design("divide", Reset::None, |m| m.output("quotient", m.uint_in("a", bits).divided_by(by))).unwrap();
        let plain = optimize(&plain);
        let mut rows = Rows::new(&[bits]);
        let mut stream = Stream(bits.into());
        let all = (BigUint::from(1u32) << bits) - 1u32;
        rows.push(&[all]);
        (0..30).for_each(|_| rows.push(&[stream.value(bits)]));
        for arch in [Arch::Graph, Arch::Digits, Arch::ShortDigits, Arch::Table] {
            let built = lower(&plain, &|unit| unit.can(arch).then_some(arch));
            for d in [&plain, &built] {
                let out = reference::run(d, &rows, 0).unwrap();
                for row in 0..rows.len() {
                    assert_eq!(out.get(row, 0), rows.get(row, 0) / by, "{} by {by} {}", rows.get(row, 0), arch.name());
                }
            }
        }
    }
}

/// Constants longer than an adder graph takes have no steps, and no arithmetic overflows.
#[test]
fn very_long_constants() {
    for bits in [120, 121, 127, 128, 200] {
        let unit = Scaled { a: kind((4, false)), by: (BigInt::from(1) << bits) - 1 };
        assert_eq!(unit.steps() > 0, bits <= 120, "{bits}");
        check(&unit.into());
    }
}

/// A product with any factor and the bits from any place on: some are quotients, most are not.
#[test]
fn no_quotient_that_is_none() {
    let digits = |unit: &Unit| unit.can(Arch::ShortDigits).then_some(Arch::ShortDigits);
    let mut found = BTreeSet::new();
    for low in 1..=8 {
        for factor in 1..1u64 << low {
            let plain = |from: u32| {
                design("divide", Reset::None, |m| {
                    let product = (m.uint_in("a", 5) * m.uint(factor, 8)).zext(16);
                    m.output("high", product.trunc_low(low));
                    // Whoever looks at lower bits needs the product.
                    match from {
                        _ if from == low => {}
                        0 => m.output("all", product),
                        _ => m.output("more", product.trunc_low(from)),
                    }
                })
                .unwrap()
            };
            found.extend(check_lowered(&optimize(&plain(low)), &digits));
            if factor % 8 == 3 {
                for from in [0, low - 1] {
                    check_lowered(&optimize(&plain(from)), &digits);
                }
            }
        }
    }
    let names = ["quotient_u5_by_3_short_digits", "quotient_u5_by_5_short_digits", "quotient_u5_by_7_short_digits"];
    assert!(names.iter().all(|n| found.contains(*n)), "{found:?}");
}

/// What is known of a number bounds its quotient and its remainder, and is no matter for the unit.
#[test]
fn quotients_of_numbers_in_a_range() {
    for most in 1..=31u64 {
        for by in [3, 5, 7, 10] {
            let plain = design("divide", Reset::None, |m| {
                let a = m.uint_in("a", 5).min(m.nat(most.into()));
                let (quotient, rest) = (a.divided_by(by), a.remainder_by(by));
                assert_eq!(quotient.range().bounds(), Some((0, (most / by).into())), "{most} by {by}");
                assert_eq!(rest.range().bounds(), Some((0, most.min(by - 1).into())), "{most} by {by}");
                // Sums as wide as the ranges say.
                m.output("quotient", quotient + m.nat(1));
                m.output("rest", rest * m.nat(5));
            })
            .unwrap();
            let plain = optimize(&plain);
            let rows = Rows::from_words(&[5], (0..32).collect());
            let out = reference::run(&plain, &rows, 0).unwrap();
            for a in 0..32 {
                let row = [0, 1].map(|i| u64::try_from(&out.get(a as usize, i)).unwrap());
                assert_eq!(row, [a.min(most) / by + 1, a.min(most) % by * 5], "{a} up to {most} by {by}");
            }
            let found = check_lowered(&plain, &|unit| unit.can(Arch::Graph).then_some(Arch::Graph));
            let bits = u64::BITS - most.leading_zeros();
            let name = format!("quotient_u{bits}_by_{by}_graph");
            assert!(found.contains(&name) || most < by || bits < 5, "{name} of {found:?}");
        }
    }
}

/// Sums, products, shifts and extensions of a few inputs in any order, each node used as often as it happens.
fn mix(seed: u64) -> Design {
    let mut stream = Stream(seed);
    let mut m = Module { name: "mix".into(), ..Module::default() };
    for i in 0..4 {
        let width = 1 + (stream.next() % 3) as u32;
        let node = m.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm: i }, NameId(0), None);
        m.inputs.push(Port { name: format!("i{i}"), width, node });
    }
    let mut all: Vec<NodeId> = m.inputs.iter().map(|p| p.node).collect();
    for _ in 0..10 {
        let mut below = |n: usize| stream.next() as usize % n;
        let none = NameId(0);
        let (x, y) = (all[all.len() - 1 - below(all.len().min(5))], all[below(all.len())]);
        let (wx, wy) = (m.width(x), m.width(y));
        let extended = |m: &mut Module, x: NodeId, width: u32, signed: bool| match m.width(x) < width {
            true => m.push_op(if signed { Op::Sext } else { Op::Zext }, width, &[x], 0, none, None),
            false => x,
        };
        let made = match below(10) {
            0..=3 => {
                let width = wx.max(wy) + below(2) as u32;
                let (x, y) = (extended(&mut m, x, width, below(2) == 1), extended(&mut m, y, width, below(2) == 1));
                m.push_op(Op::Add, width, &[x, y], 0, none, None)
            }
            4 | 5 if wx + wy <= 9 => {
                let op = if below(2) == 1 { Op::MulS } else { Op::MulU };
                m.push_op(op, wx + wy, &[x, y], 0, none, None)
            }
            6 if wx <= 6 => {
                let by = m.push_const(Bits::small(3, 1 + below(7) as u64));
                m.push_op(if below(2) == 1 { Op::MulS } else { Op::MulU }, wx + 3, &[x, by], 0, none, None)
            }
            7 if wx <= 5 => {
                // ±x << y.
                let sign = m.push_op(Op::Slice, 1, &[y], 0, none, None);
                let plus = m.push_op(Op::Zext, wx + 1, &[x], 0, none, None);
                let zero = m.push_const(Bits::zero(wx + 1));
                let minus = m.push_op(Op::Sub, wx + 1, &[zero, plus], 0, none, None);
                let short = m.push_op(Op::Mux, wx + 1, &[sign, minus, plus], 0, none, None);
                let long = m.push_op(Op::Sext, wx + 4, &[short], 0, none, None);
                m.push_op(Op::Shl, wx + 4, &[long, all[below(4)]], 0, none, None)
            }
            8 if wx + wy <= 8 => {
                let pair = [[x, y], [y, x]].map(|p| m.push_op(Op::MulS, wx + wy, &p, 0, none, None));
                let [p, q] = pair.map(|p| extended(&mut m, p, wx + wy + 1, true));
                m.push_op(Op::Add, wx + wy + 1, &[p, q], 0, none, None)
            }
            _ if wx > 1 => {
                let width = 1 + below(wx as usize - 1) as u32;
                m.push_op(Op::Slice, width, &[x], below((wx - width) as usize + 1) as u32, none, None)
            }
            _ => m.push_op(Op::Add, wx, &[x, x], 0, none, None),
        };
        all.push(made);
    }
    let uses = narrowgen_hdl::edit::uses(&m);
    // What nobody looks at, and the last.
    for (i, node) in all[4..].iter().enumerate().filter(|(_, n)| uses[n.index()] == 0) {
        m.outputs.push(Port { name: format!("y{i}"), width: m.width(*node), node: *node });
    }
    alone(m)
}

#[test]
fn units_in_any_surroundings() {
    let mut found = BTreeSet::new();
    for seed in 0..240 {
        let plain = mix(seed);
        assert_eq!(narrowgen_hdl::verify::verify(&plain), Ok(()), "{seed}");
        let plain = if seed % 2 == 0 { optimize(&plain) } else { plain };
        // Another architecture for each unit and each design.
        let choose = |unit: &Unit| {
            let all = unit.architectures();
            all.get((seed as usize / 2 + unit.name().len()) % all.len().max(1)).copied()
        };
        found.extend(check_lowered(&plain, &choose));
    }
    for start in ["mul_", "mac_", "sum_", "dot2_", "square_", "scaled_", "shift_"] {
        assert!(found.iter().any(|n| n.starts_with(start)), "{start}: {found:?}");
    }
    assert!(found.len() > 200, "{}", found.len());
}
