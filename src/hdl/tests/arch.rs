//! Every architecture computes what its unit says, on every input.
mod support;

use narrowgen_hdl::arch::{Function, Kind, Magnitudes, Quotient, Scaled, Square, Sum, Unit};
use narrowgen_hdl::bits::Bits;
use narrowgen_hdl::equal::{Verdict, equal};
use narrowgen_hdl::ir::*;
use narrowgen_hdl::verify::verify;
use support::units::{alone, check, kinds};

#[test]
fn products_to_8_by_8_in_every_mix_of_signs() {
    for a in kinds(1..=8) {
        for b in kinds(1..=8) {
            check(&Unit::Product { a, b });
        }
    }
}

#[test]
fn products_of_12_by_12() {
    for signed in [false, true] {
        let twelve = Kind { bits: 12, signed };
        check(&Unit::Product { a: twelve, b: twelve });
    }
}

#[test]
fn squares() {
    kinds(1..=16).into_iter().for_each(|a| check(&Square { a }.into()));
}

#[test]
fn multiples() {
    let three: Vec<i64> = [3, 5, 45, 683, 1000, 4095, 40503, 0x7fff_ffff, 0x5a82_7999, 0x1234_5678_9abc].to_vec();
    for by in (1..200).chain(three) {
        for by in [by, -by].map(num_bigint::BigInt::from) {
            for a in kinds([1, 2, 5, 6, 7, 8, 13].into_iter()) {
                check(&Scaled { a, by: by.clone() }.into());
            }
        }
    }
}

/// Quotients and remainders as blocks write them, each number divided, and every architecture of what is found in them.
#[test]
fn quotients() {
    use narrowgen_hdl::prelude::*;
    use narrowgen_hdl::rows::Rows;
    let found = std::cell::RefCell::new(std::collections::BTreeSet::new());
    for by in (1..=40).chain([63, 64, 100, 641, 1000, 65535]) {
        for bits in [1, 3, 6, 8, 11, 13] {
            let plain = design("divide", Reset::None, |m| {
                let a = m.uint_in("a", bits);
                m.output("quotient", a.divided_by(by));
                m.output("remainder", a.remainder_by(by));
            })
            .unwrap_or_else(|e| panic!("{bits} by {by}: {e:?}"));
            let plain = narrowgen_hdl::pass::optimize(&plain);
            let rows = Rows::from_words(&[bits], (0..1u64 << bits).collect());
            let out = narrowgen_hdl::sim::reference::run(&plain, &rows, 0).unwrap();
            for a in 0..1u64 << bits {
                let row = [0, 1].map(|i| u64::try_from(&out.get(a as usize, i)).unwrap());
                assert_eq!(row, [a / by, a % by], "{a} by {by}");
            }
            for arch in narrowgen_hdl::arch::Arch::ALL {
                let built = narrowgen_hdl::arch::lower(&plain, &|u| {
                    found.borrow_mut().insert(u.name());
                    u.architectures().contains(&arch).then_some(arch)
                });
                verify(&built).unwrap();
                let verdict = equal(&plain, &built, 1 << 26);
                assert!(matches!(verdict, Verdict::Equal(..)), "{bits} by {by} {}: {verdict:?}", arch.name());
            }
        }
    }
    for name in ["quotient_u8_by_3", "quotient_u13_by_100", "quotient_u13_by_1000"] {
        assert!(found.borrow().contains(name), "{name} of {found:?}");
    }
}

/// A divisor of 0 is a mistake that is told.
#[test]
fn no_division_by_0() {
    use narrowgen_hdl::prelude::*;
    let wrong = design("divide", Reset::None, |m| m.output("quotient", m.uint_in("a", 4).divided_by(0))).unwrap_err();
    assert!(wrong.to_string().contains("a division by 0"), "{wrong}");
    assert!(Quotient::by(8, 4).is_none() && Quotient::by(3, 100).is_none());
}

#[test]
fn sums_of_lists() {
    let all = kinds([1, 2, 3, 5].into_iter());
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            for width in [a.bits.max(b.bits), 5, 7, 9].into_iter().filter(|w| *w >= a.bits.max(b.bits)) {
                check(
                    &Sum { terms: vec![*a, *b, *a, all[(i + j) % 4]].into_iter().filter(|k| k.bits <= width).collect(), width }
                        .into(),
                );
            }
        }
    }
    for (bits, count) in [(1, 7), (1, 12), (2, 10), (3, 7)] {
        for signed in [false, true] {
            check(&Sum { terms: vec![Kind { bits, signed }; count], width: bits + 4 }.into());
        }
    }
}

/// Lists in trees of adders are found; where an inner sum may lose a carry it is a term.
#[test]
fn lists_are_found() {
    use narrowgen_hdl::arch::{Arch, lower};
    use narrowgen_hdl::prelude::*;
    for lose in [false, true] {
        let plain = design("lists", Reset::None, |m| {
            let [a, b, c] = ["a", "b", "c"].map(|n| m.sint_in(n, 4));
            let d = m.uint_in("d", 3);
            let low = if lose { (a + b).wrap(3).sext(5) } else { a + b };
            m.output("y", low + (c + d.signed()));
        })
        .unwrap();
        let plain = narrowgen_hdl::pass::optimize(&plain);
        for arch in [Arch::Rows, Arch::Heap, Arch::Counters] {
            let built = lower(&plain, &|u| u.architectures().contains(&arch).then_some(arch));
            let names: Vec<&str> = built.modules.iter().map(|m| m.name.as_str()).collect();
            assert!(names.iter().any(|n| n.starts_with("sum_")), "{names:?} in\n{}", narrowgen_hdl::text::print(&plain));
            let verdict = equal(&plain, &built, 1 << 26);
            assert!(matches!(verdict, Verdict::Equal(..)), "{lose} {}: {verdict:?}", arch.name());
        }
    }
}

/// Products with themselves and with constants are found, whatever extends them.
#[test]
fn squares_and_multiples_are_found() {
    use narrowgen_hdl::ops::Op;
    let mut m = Unit::Product { a: Kind { bits: 5, signed: true }, b: Kind { bits: 5, signed: true } }.plain();
    let (none, a) = (NameId(0), m.inputs[0].node);
    let wide = m.push_op(Op::Sext, 8, &[a], 0, none, None);
    let seven = m.push_const(narrowgen_hdl::bits::Bits::small(8, 0x93));
    let multiple = m.push_op(Op::MulS, 16, &[wide, seven], 0, none, None);
    let square = m.push_op(Op::MulS, 16, &[wide, wide], 0, none, None);
    for (name, node) in [("multiple", multiple), ("square", square)] {
        m.outputs.push(Port { name: name.into(), width: 16, node });
    }
    let plain = alone(m);
    let built = narrowgen_hdl::arch::lower(&plain, &|u| u.architectures().first().copied());
    let names: Vec<&str> = built.modules.iter().map(|m| m.name.as_str()).collect();
    assert!(names.contains(&"scaled_s5_by_minus109_graph") && names.contains(&"square_s5_booth"), "{names:?}");
    verify(&built).unwrap();
    let verdict = equal(&plain, &built, 1 << 26);
    assert!(matches!(verdict, Verdict::Equal(..)), "{verdict:?}");
}

#[test]
fn sums_with_a_product() {
    for a in kinds(1..=4) {
        for b in kinds(1..=4) {
            for width in [1, 2, 5, 7, 8, 9, 10, 12] {
                check(&Unit::Accumulate { a, b, width });
            }
        }
    }
}

#[test]
fn sums_of_products() {
    for a in kinds(1..=3) {
        for b in kinds(1..=3) {
            for (lanes, width) in [(2, 5), (2, 7), (3, 6), (3, 8)] {
                check(&Unit::Dot { a, b, lanes, width });
            }
        }
    }
}

#[test]
fn shifted_numbers() {
    let kind = |bits| Kind { bits, signed: false };
    for a in 1..=6 {
        for b in 1..=5 {
            for width in [a + 2, a + 7, a + 15, a + 31] {
                check(&Unit::Shift { a: kind(a), b: kind(b), width });
            }
        }
    }
    for (a, b, from, drop, width) in [(3, 2, 7, 0, 8), (3, 2, 7, 2, 9), (4, 3, 12, 1, 11), (2, 3, 10, 2, 10)] {
        check(&Unit::ShiftAdd { a: kind(a), b: kind(b), from, drop, width });
    }
}

#[test]
fn shifted_numbers_in_lanes() {
    let kind = |bits| Kind { bits, signed: false };
    for a in 5..=8 {
        for b in 3..=5 {
            for drop in 0..=5 {
                for width in [a + 1, a + 6, a + 7, 28, 37, 40] {
                    check(&Unit::Lanes { a: kind(a), b: kind(b), drop, width });
                }
            }
        }
    }
    (4..=6).for_each(|bits| check(&Unit::Any { bits }));
}

/// Magnitudes of products of floating-point numbers, in units of the smallest.
fn floats(exp_bits: u32, frac_bits: u32) -> Magnitudes {
    let number = |code: u32| match (code >> frac_bits, code & ((1 << frac_bits) - 1)) {
        (0, frac) => frac,
        (exp, frac) => (frac + (1 << frac_bits)) << (exp - 1),
    };
    let all = 1 << (exp_bits + frac_bits);
    Magnitudes::new((0..all * all).map(|i| number(i / all) * number(i % all)).collect()).expect("few values")
}

#[test]
fn numbers_of_few_values() {
    for (e, m) in [(2, 1), (1, 1), (2, 0), (3, 0)] {
        let (table, bits) = (floats(e, m), floats(e, m).bits());
        for (lanes, width) in [(1, bits + 1), (1, bits - 1), (2, bits + 2), (3, bits + 2), (3, bits + 4)] {
            check(&Unit::Coded { table: table.clone(), lanes, base: false, width });
        }
        for width in [1, bits, bits + 1, bits + 5] {
            check(&Unit::Coded { table: table.clone(), lanes: 1, base: true, width });
        }
    }
}

#[test]
fn no_code_for_many_values() {
    assert!(Magnitudes::new((0..64).collect()).is_none());
    assert!(Magnitudes::new(vec![0; 64]).is_none());
    assert!(Magnitudes::new(vec![1, 2, 3]).is_none());
}

/// What synthesis must not look into says so, in Verilog and in the text form, which reads it back.
#[test]
fn sealed_modules_keep_their_hierarchy() {
    let four = Kind { bits: 4, signed: false };
    let built = Unit::Product { a: four, b: four }.build(narrowgen_hdl::arch::Arch::Apart);
    let sealed: Vec<bool> = built.modules.iter().map(|m| m.sealed).collect();
    assert!(sealed.contains(&true), "{sealed:?}");
    let printed: Vec<bool> =
        narrowgen_hdl::verilog::print(&built).iter().map(|f| f.text.contains("(* keep_hierarchy *)\nmodule ")).collect();
    assert_eq!(printed.iter().filter(|p| **p).count(), sealed.iter().filter(|s| **s).count());
    let read = narrowgen_hdl::text::parse(&narrowgen_hdl::text::print(&built)).expect("what was printed");
    assert_eq!(read.modules.iter().map(|m| m.sealed).collect::<Vec<_>>(), sealed);
}

/// A distance that may not reach above the bits left out is no matter for lanes.
#[test]
fn distances_of_lanes_are_known() {
    let kind = |bits| Kind { bits, signed: false };
    let mut m = Unit::Shift { a: kind(6), b: kind(4), width: 24 }.plain();
    let cut = m.push_op(narrowgen_hdl::ops::Op::Slice, 22, &[m.outputs[0].node], 2, NameId(0), None);
    (m.outputs[0].node, m.outputs[0].width) = (cut, 22);
    let plain = alone(m);
    let built = narrowgen_hdl::arch::lower(&plain, &|_| Some(narrowgen_hdl::arch::Arch::Apart));
    let verdict = equal(&plain, &built, 1 << 26);
    assert!(matches!(verdict, Verdict::Equal(..)), "{verdict:?}");
}

/// The function of a table, of `inputs` inputs and `width` bits.
fn function(inputs: u32, width: u32, value: impl Fn(u32) -> u64) -> Option<Unit> {
    let mask = (1u64 << width) - 1;
    let values = (0..1 << inputs).map(|i| Bits::small(width, value(i) & mask)).collect();
    Function::new(&Table { name: "t".into(), width, values }, inputs).map(Unit::from)
}

#[test]
fn functions_of_up_to_3_inputs() {
    for inputs in 2..=3 {
        for table in 0..1u64 << (1 << inputs) {
            if let Some(unit) = function(inputs, 1, |i| table >> i & 1) {
                check(&unit);
            }
        }
    }
    // What is wiring or a constant is no function.
    assert!(function(3, 2, |i| u64::from(i & 1) * 3).is_none());
    assert!(function(3, 4, |_| 5).is_none());
    assert!(function(1, 4, |i| i.into()).is_none());
    assert!(function(9, 4, |i| i.into()).is_none());
}

/// Numbers that look random, the same in every run.
fn noise(seed: u64) -> impl Fn(u32) -> u64 {
    move |i| {
        let x = (u64::from(i) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed.wrapping_mul(0xbf58_476d_1ce4_e5b9));
        let x = (x ^ x >> 30).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }
}

#[test]
fn functions_of_4_to_8_inputs() {
    for inputs in 4..=8 {
        // A sparse one may be a constant.
        let each = |width: u32, value: &dyn Fn(u32) -> u64| function(inputs, width, value).iter().for_each(check);
        for (seed, width) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
            let (x, y, z) = (noise(seed), noise(seed + 10), noise(seed + 20));
            each(width, &x);
            each(width, &|i| x(i) & y(i) & z(i));
            each(width, &|i| x(i) | y(i) | z(i));
            // Monotone: thresholds of weighted inputs.
            let sum = |i: u32| (0..inputs).map(|k| u64::from(i >> k & 1) * (x(k) % 9 + 1)).sum::<u64>();
            each(width, &|i| (0..width).map(|b| u64::from(sum(i) > 5 + 3 * u64::from(b)) << b).sum());
        }
        let half = inputs / 2;
        let (high, low) = (|i: u32| u64::from(i >> half), |i: u32| u64::from(i & ((1 << half) - 1)));
        each(2 * inputs, &|i| u64::from(i * i));
        each(4, &|i| i.count_ones().into());
        each(1, &|i| u64::from(i.count_ones() & 1));
        each(inputs, &|i| high(i) * low(i));
        each(half + 1, &|i| high(i) + low(i));
        each(8, &|i| 255 / (u64::from(i) + 1));
    }
}

/// Entries behind the end of a table are 0, and one wide entry is as good as many short ones.
#[test]
fn functions_of_short_and_of_wide_tables() {
    let values: Vec<Bits> = (0..11).map(|i| Bits::small(5, 31 - i)).collect();
    let short = Function::new(&Table { name: "t".into(), width: 5, values }, 4).expect("no wiring");
    check(&short.into());
    let wide = |i: u64| Bits::small(40, (i << 33) | (i * i)).concat(&Bits::small(40, i * 5));
    let values = (0..16).map(wide).collect();
    let wide = Function::new(&Table { name: "t".into(), width: 80, values }, 4).expect("no wiring");
    check(&wide.into());
}

/// Two tables of one size in a design, each with a module of its own.
#[test]
fn functions_are_lowered() {
    use narrowgen_hdl::arch::{Arch, lower};
    use narrowgen_hdl::ops::Op;
    let mut m = function(4, 3, noise(5)).expect("no wiring").plain();
    let values = (0..13).map(|i| Bits::small(3, noise(6)(i) & 7)).collect();
    m.tables.push(Table { name: "other".into(), width: 3, values });
    let (a, y) = (m.inputs[0].node, m.outputs[0].node);
    let other = m.push_op(Op::Table, 3, &[a], 1, NameId(0), None);
    let mut summed = m.clone();
    summed.outputs[0].node = summed.push_op(Op::Add, 3, &[y, other], 0, NameId(0), None);
    m.outputs.push(Port { name: "z".into(), width: 3, node: other });
    let plain = alone(m);
    for arch in [Arch::Cover, Arch::Decision] {
        let built = lower(&plain, &|_| Some(arch));
        assert_eq!(built.modules.len(), 3);
        assert!(built.modules.iter().all(|m| m.nodes.iter().all(|n| n.op != Op::Table)));
        let verdict = equal(&plain, &built, 1 << 26);
        assert!(matches!(verdict, Verdict::Equal(..)), "{verdict:?}");
    }
    // A sum of functions of the same inputs is one itself, and a smaller one.
    assert_eq!(lower(&alone(summed), &|_| Some(Arch::Cover)).modules.len(), 1);
    assert_eq!(lower(&plain, &|_| None).modules.len(), 1);
}
