//! The shared pieces of hardware, each on every input of its own space, against plain integer
//! arithmetic written here. A block can never reach all of a rounder's inputs; this does.
#[path = "parts/reference.rs"]
mod reference;

use narrowgen::blocks::parts::{
    Limit, Number, Operand, Target, add_floats, decode, encode, exact_product, exact_sum, jam_low, normalize, shift_right_jam,
    sum, to_fixed,
};
use narrowgen::formats::*;
use narrowgen::golden::names;
use narrowgen::hdl::prelude::*;
use narrowgen::hdl::{pass, sim::Sim};
use reference::{UNIT, away, expected, roundings, units};

/// All outputs of a design for every input, column 0 of the inputs in the low bits of the row number.
fn exhaustive(describe: impl for<'b> FnOnce(Builder<'b>)) -> (Vec<u32>, Vec<Vec<u64>>) {
    let design = design("part", Reset::None, describe).unwrap_or_else(|e| panic!("{e}"));
    let sim = Sim::new(&pass::optimize(&design)).unwrap_or_else(|e| panic!("{e}"));
    let mut rows = Vec::new();
    sim.exhaustive(|_, out| {
        for r in 0..out.len() {
            rows.push((0..out.widths().len()).map(|c| out.cell(r, c)[0]).collect());
        }
    })
    .unwrap_or_else(|e| panic!("{e}"));
    (sim.inputs().to_vec(), rows)
}

/// The input fields of a row number.
fn fields(row: u64, widths: &[u32]) -> Vec<u64> {
    let mut at = 0;
    widths
        .iter()
        .map(|w| {
            let field = (row >> at) & ((1 << w) - 1);
            at += w;
            field
        })
        .collect()
}

/// The top `keep` of `w` bits, the rest jammed into the lowest.
fn jam(x: u64, w: u32, keep: u32) -> u64 {
    if w <= keep { x << (keep - w) } else { (x >> (w - keep)) | u64::from(x & ((1 << (w - keep)) - 1) != 0) }
}

fn zeros(x: u64, w: u32) -> u32 {
    x.leading_zeros() - (64 - w)
}

#[test]
fn normalising_shift() {
    let mut checked = 0;
    for w in 1..=8 {
        for n in 0..w {
            for keep in 1..=w + 2 {
                for limit in [Limit::Known(n), Limit::Stop(n)] {
                    let (_, rows) = exhaustive(|m| {
                        let (value, count) = normalize(m.uint_in("x", w), limit, keep);
                        m.output("value", value);
                        m.output("count", count);
                    });
                    for (x, out) in (0u64..).zip(&rows) {
                        let lz = if x == 0 { w } else { zeros(x, w) };
                        if x == 0 {
                            assert_eq!(out[0], 0);
                        } else if limit != Limit::Known(n) || lz <= n {
                            let shift = lz.min(n);
                            assert_eq!(out[0], jam(x << shift, w, keep), "w {w} {limit:?} keep {keep} x {x:b}");
                            assert_eq!(out[1], u64::from(shift), "count: w {w} {limit:?} x {x:b}");
                            checked += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(checked > 50_000, "{checked}");
}

#[test]
fn jamming_shifts() {
    let mut checked = 0;
    for w in 1..=7 {
        for d in 1..=4 {
            let (widths, rows) = exhaustive(|m| m.output("y", shift_right_jam(m.uint_in("x", w), m.uint_in("n", d))));
            for (row, out) in (0u64..).zip(&rows) {
                let [x, n] = fields(row, &widths)[..] else { unreachable!() };
                let expected = (x >> n.min(63)) | u64::from(n >= 64 || x & ((1 << n.min(63)) - 1) != 0);
                assert_eq!(out[0], expected, "w {w}: {x:b} >> {n}");
                checked += 1;
            }
        }
        for keep in 1..=w + 2 {
            let (_, rows) = exhaustive(|m| m.output("y", jam_low(m.uint_in("x", w), keep)));
            for (x, out) in (0u64..).zip(&rows) {
                assert_eq!(out[0], jam(x, w, keep));
                checked += 1;
            }
        }
    }
    assert!(checked > 8_000, "{checked}");
}

#[test]
fn adder_trees() {
    let mut checked = 0;
    for (count, w) in [(1u32, 3u32), (2, 5), (3, 4), (4, 3), (5, 3), (7, 2)] {
        let (widths, rows) = exhaustive(|m| {
            let terms: Vec<SInt> = (0..count).map(|i| m.sint_in(&format!("x{i}"), w)).collect();
            let total = sum(m, &terms);
            // Exactly as wide as the least sum, -count·2^(w-1), requires.
            assert_eq!(total.width(), (count << (w - 1)).next_power_of_two().ilog2() + 1, "{count} × {w}");
            m.output("y", total.sext(12));
        });
        for (row, out) in (0u64..).zip(&rows) {
            let total: i64 = fields(row, &widths).iter().map(|x| signed(*x, w)).sum();
            assert_eq!(signed(out[0], 12), total);
            checked += 1;
        }
    }
    assert!(checked > 40_000, "{checked}");
}

fn signed(x: u64, w: u32) -> i64 {
    ((x << (64 - w)) as i64) >> (64 - w)
}

/// Shapes of exact values a rounder may get.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Significand of any bits, varying exponent.
    Loose,
    /// Leading one in place, varying exponent.
    Normal,
    /// Two's complement on one grid.
    Fixed(i32),
}

/// Bits of the significand, and of the exponent, whose 0 weighs 2^-12.
const SIG: u32 = 5;
const EXP: u32 = 4;
const LOW: i32 = -12;

fn round_all(format: &Format, rounding: Rounding, shape: Shape) -> usize {
    let n = rounding.random_bits;
    let (widths, rows) = exhaustive(|m| {
        let operand = match shape {
            Shape::Fixed(lsb) => Operand::Fixed { value: m.sint_in("x", 8), lsb },
            _ => {
                let (sign, bits, exp) = (m.bit_in("sign"), m.uint_in("sig", SIG), m.uint_in("exp", EXP));
                let normal = matches!(shape, Shape::Normal);
                let sig = if normal { m.high().uint().cat(bits) } else { bits };
                Operand::Float(Number {
                    sign,
                    sig,
                    exp: exp.signed(),
                    scale: LOW,
                    nan: None,
                    inf: None,
                    leading_zeros: if normal { 0 } else { SIG - 1 },
                    grounded: false,
                    grid: LOW.into(),
                    can_be_zero: true,
                })
            }
        };
        let random = (n > 0).then(|| m.uint_in("random", n));
        m.output("y", encode(&Target::new(format, rounding), random, operand));
    });
    for (row, out) in (0u64..).zip(&rows) {
        let field = fields(row, &widths);
        let (negative, x, r) = match shape {
            Shape::Fixed(lsb) => {
                let x = i128::from(signed(field[0], 8));
                (x < 0, x.abs() << (UNIT + lsb), field.get(1))
            }
            _ => {
                let sig = if matches!(shape, Shape::Normal) { (1 << SIG) + field[1] } else { field[1] };
                (field[0] == 1, i128::from(sig) << (UNIT + LOW + field[2] as i32), field.get(3))
            }
        };
        let r = r.map_or(0, |r| i128::from(*r));
        let want = expected(format, &rounding, r, negative, x);
        assert_eq!(out[0], want, "{} {rounding:?} {shape:?}: {field:?}", names::name(format));
    }
    rows.len()
}

#[test]
fn rounder_minifloat() {
    let mut checked = 0;
    for name in [
        "e2m1fn",
        "e3m2fn",
        "e2m2-ieee",
        "e3m1-ieee",
        "e2m2-fn",
        "e3m2-fnuz",
        "e3m0-none",
        "e2m0-fn",
        "e3m0-fnuz",
        "e1m2-none",
        "e1m3-fnuz",
        "p3109_k5p3se",
        "p3109_k4p2sf",
        "p3109_k4p4se",
        "e2m3b4-none",
        "e2m2b-3-ieee",
        "e4m1-ieee",
    ] {
        let format = names::parse(name).unwrap();
        for rounding in roundings(&format) {
            for shape in [Shape::Loose, Shape::Normal, Shape::Fixed(-9), Shape::Fixed(-3), Shape::Fixed(1), Shape::Fixed(-17)] {
                checked += round_all(&format, rounding, shape);
            }
        }
    }
    println!("{checked} roundings");
    assert!(checked > 3_000_000, "{checked}");
}

#[test]
fn rounder_integer() {
    let mut checked = 0;
    for name in ["int4", "uint4", "int5-sym", "int4-sm", "int6-q2", "uint3-q-1", "int1", "uint1", "int3-q5", "int8-q-2"] {
        let format = names::parse(name).unwrap();
        for rounding in roundings(&format) {
            for shape in [Shape::Loose, Shape::Normal, Shape::Fixed(-9), Shape::Fixed(-3), Shape::Fixed(0), Shape::Fixed(2)] {
                checked += round_all(&format, rounding, shape);
            }
        }
    }
    println!("{checked} roundings");
    assert!(checked > 1_000_000, "{checked}");
}

/// E8M0: the power of two chosen among neighbours, at both ends of the range and in the middle.
#[test]
fn rounder_scale() {
    let mut checked = 0;
    for rounding in roundings(&Format::E8m0) {
        for base in [-133i64, -4, 115] {
            let n = rounding.random_bits;
            let (widths, rows) = exhaustive(|m| {
                let (sign, sig, exp) = (m.bit_in("sign"), m.uint_in("sig", SIG), m.uint_in("exp", EXP));
                let number = Number {
                    sign,
                    sig,
                    exp: exp.signed(),
                    scale: base as i32,
                    nan: None,
                    inf: None,
                    leading_zeros: SIG - 1,
                    grounded: false,
                    grid: base,
                    can_be_zero: true,
                };
                let random = (n > 0).then(|| m.uint_in("random", n));
                m.output("y", encode(&Target::new(&Format::E8m0, rounding), random, Operand::Float(number)));
            });
            for (row, out) in (0u64..).zip(&rows) {
                let field = fields(row, &widths);
                let (sig, exp) = (field[1] as i128, base + field[2] as i64);
                let nonfinite = rounding.overflow == Overflow::Nonfinite;
                let want = if sig == 0 || field[0] == 1 {
                    if nonfinite { 255 } else { 0 }
                } else {
                    let lead = i64::from(sig.ilog2());
                    let (power, code) = (1i128 << lead, lead + exp + 127);
                    let up = rounding.ties == Ties::Up && code == 0 && sig != power;
                    let odd = rounding.ties == Ties::Up || code % 2 != 0;
                    let r = field.get(3).map_or(0, |r| i128::from(*r));
                    let up = up || away(rounding.round, n, r, false, odd, sig - power, power);
                    let stops = matches!(rounding.round, Round::Rtz | Round::Odd | Round::Down);
                    match code + i64::from(up) {
                        _ if code < 0 => 0,
                        c if c > 254 && (!nonfinite || stops) => 254,
                        c if c > 254 => 255,
                        c => c as u64,
                    }
                };
                assert_eq!(out[0], want, "{rounding:?} 2^{base}: {field:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 50_000, "{checked}");
}

/// Tables: every entry, every gap, both outsides, against a search over all entries.
#[test]
fn rounder_table() {
    let mut checked = 0;
    for name in ["ternary", "binary", "flint4", "denseshift3", "nf4"] {
        let format = names::parse(name).unwrap();
        let Format::Table(table) = &format else { unreachable!() };
        // Values in units of 2^-30.
        let scale = 30;
        let values: Vec<i128> = table.values.iter().map(|(m, e)| i128::from(*m) << (scale + e)).collect();
        for rounding in roundings(&format) {
            let n = rounding.random_bits;
            for lsb in [-6i32, -3, -1, 1] {
                let (widths, rows) = exhaustive(|m| {
                    let value = Operand::Fixed { value: m.sint_in("x", 9), lsb };
                    let random = (n > 0).then(|| m.uint_in("random", n));
                    m.output("y", encode(&Target::new(&format, rounding), random, value));
                });
                for (row, out) in (0u64..).zip(&rows) {
                    let field = fields(row, &widths);
                    let x = i128::from(signed(field[0], 9)) << (scale + lsb);
                    let r = field.get(1).map_or(0, |r| i128::from(*r));
                    let code = |v: i128| values.iter().position(|c| *c == v).unwrap() as u64;
                    let below = values.iter().copied().filter(|v| *v <= x).max();
                    let above = values.iter().copied().filter(|v| *v >= x).min();
                    let want = match (below, above) {
                        (Some(b), Some(a)) => {
                            let (toward, far) = if x < 0 { (a, b) } else { (b, a) };
                            let tie_away = x == 0 || code(toward) % 2 == 1 || code(far) % 2 == 0;
                            let moved =
                                a != b && away(rounding.round, n, r, x < 0, tie_away, (x - toward).abs(), (far - toward).abs());
                            code(if moved { far } else { toward })
                        }
                        (b, a) => code(b.or(a).unwrap()),
                    };
                    assert_eq!(out[0], want, "{name} {rounding:?} 2^{lsb}: {field:?}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100_000, "{checked}");
}

/// Sums of two small floating-point numbers of unlike shapes, rounded to a third.
#[test]
fn float_adder() {
    let mut checked = 0;
    let formats = ["e2m1fn", "e3m1-ieee", "e2m2-fn", "e3m0-none", "p3109_k4p3se", "e1m3-none", "e4m1-fnuz"];
    for a in formats {
        for b in formats {
            for (to, rounding) in [
                ("e3m2fn", Round::Rne),
                ("e2m1fn", Round::Down),
                ("e4m3fn", Round::Odd),
                ("e3m1-ieee", Round::Up),
                ("e2m0-ieee", Round::StochasticMid),
            ] {
                let (fa, fb, ft) = (names::parse(a).unwrap(), names::parse(b).unwrap(), names::parse(to).unwrap());
                let overflow = if ft.has_infinity() { Overflow::Nonfinite } else { Overflow::Saturate };
                let n = if rounding.is_stochastic() { 2 } else { 0 };
                let rounding = Rounding { round: rounding, random_bits: n, ..Rounding::nearest(overflow) };
                for flush in [false, true] {
                    let down = rounding.round == Round::Down;
                    let (widths, rows) = exhaustive(|m| {
                        let x = decode(&fa, flush, m.uint_in("a", fa.bits())).number();
                        let y = decode(&fb, false, m.uint_in("b", fb.bits())).number();
                        let random = (n > 0).then(|| m.uint_in("random", n));
                        let target = Target::new(&ft, rounding);
                        m.output("y", encode(&target, random, Operand::Float(add_floats(x, y, target.keep(), down))));
                    });
                    for (row, out) in (0u64..).zip(&rows) {
                        let field = fields(row, &widths);
                        let (Some(x), Some(y)) = (units(&fa, flush, field[0]), units(&fb, false, field[1])) else { continue };
                        let total = x.1 + y.1;
                        let negative = if total != 0 {
                            total < 0
                        } else if x.0 == y.0 {
                            x.0
                        } else {
                            down
                        };
                        let r = field.get(2).map_or(0, |r| i128::from(*r));
                        let want = expected(&ft, &rounding, r, negative, total.abs());
                        assert_eq!(out[0], want, "{a} + {b} → {to} {rounding:?} flush {flush}: {field:x?}");
                        checked += 1;
                    }
                }
            }
        }
    }
    println!("{checked} sums");
    assert!(checked > 100_000, "{checked}");
}

/// Special values through the adder and the multiplier.
#[test]
fn infinities_and_nans() {
    let format = names::parse("e2m1-ieee").unwrap();
    let kind = |code: u64| match code & 7 {
        0 => "zero",
        6 => "inf",
        7 => "nan",
        _ => "number",
    };
    let (widths, rows) = exhaustive(|m| {
        let x = decode(&format, false, m.uint_in("a", 4));
        let y = decode(&format, false, m.uint_in("b", 4));
        let (sum, product) = (add_floats(x.number(), y.number(), 4, false), exact_product(x, y).number());
        for (name, number) in [("sum", sum), ("product", product)] {
            m.output(&format!("{name}_nan"), number.nan.unwrap_or(m.low()));
            m.output(&format!("{name}_inf"), number.inf.unwrap_or(m.low()));
            m.output(&format!("{name}_sign"), number.sign);
        }
    });
    for (row, out) in (0u64..).zip(&rows) {
        let [a, b] = fields(row, &widths)[..] else { unreachable!() };
        let (ka, kb, differ) = (kind(a), kind(b), (a ^ b) >> 3 == 1);
        let nan = ka == "nan" || kb == "nan";
        let inf = ka == "inf" || kb == "inf";
        let sum_nan = nan || (ka == "inf" && kb == "inf" && differ);
        let product_nan = nan || (inf && (ka == "zero" || kb == "zero"));
        assert_eq!((out[0], out[1]), (u64::from(sum_nan), u64::from(inf && !sum_nan)), "{a} + {b}");
        assert_eq!((out[3], out[4]), (u64::from(product_nan), u64::from(inf && !product_nan)), "{a} × {b}");
        if inf && !sum_nan {
            assert_eq!(out[2], if ka == "inf" { a >> 3 } else { b >> 3 });
        }
        if !nan {
            assert_eq!(out[5], u64::from(differ));
        }
    }
    assert_eq!(rows.len(), 256);
}

/// Products and their exact sum on one grid.
#[test]
fn exact_dot() {
    let mut checked = 0;
    for (a, b) in [("e2m1fn", "e2m1fn"), ("e2m1fn", "e1m1-none"), ("e3m0-none", "e2m1-fnuz")] {
        let (fa, fb) = (names::parse(a).unwrap(), names::parse(b).unwrap());
        let lsb = |f: &Format| match f {
            Format::Minifloat(f) => 1 - f.bias - f.frac_bits as i32,
            _ => unreachable!(),
        };
        let grid = lsb(&fa) + lsb(&fb);
        let (widths, rows) = exhaustive(|m| {
            let port = |name: &str, f: &Format| decode(f, false, m.uint_in(name, f.bits()));
            let first = exact_product(port("a", &fa), port("b", &fb));
            let second = exact_product(port("c", &fa), port("d", &fb));
            let total = exact_sum(m, &[to_fixed(first, grid), to_fixed(second, grid)]);
            m.output("y", total.value.sext(32));
            m.output("nan", total.nan.unwrap_or(m.low()));
        });
        for (row, out) in (0u64..).zip(&rows) {
            let f = fields(row, &widths);
            let product = |x: u64, y: u64| {
                let (x, y) = (units(&fa, false, x)?.1, units(&fb, false, y)?.1);
                Some((x * y) >> (2 * UNIT + grid))
            };
            match (product(f[0], f[1]), product(f[2], f[3])) {
                (Some(x), Some(y)) => assert_eq!((i128::from(signed(out[0], 32)), out[1]), (x + y, 0), "{a} {b} {f:x?}"),
                _ => assert_eq!(out[1], 1),
            }
            checked += 1;
        }
    }
    assert!(checked > 90_000, "{checked}");
}
