//! The host's floating-point unit and the `half` crate as judges.
use crate::reader::*;
use half::{bf16, f16};
use narrowgen_golden::arith::{add, multiply};
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{Overflow, Round, Rounding};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;
use num_bigint::BigUint;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

const EDGES: [u32; 20] = [
    0,
    1,
    0x007f_ffff,
    0x0080_0000,
    0x0080_0001,
    0x3380_0000,
    0x337f_ffff,
    0x3f7f_ffff,
    0x3f80_0000,
    0x3f80_0001,
    0x4000_0000,
    0x477f_e000,
    0x477f_f000,
    0x7f7f_7fff,
    0x7f7f_8000,
    0x7f7f_ffff,
    0x7f80_0000,
    0x7f80_0001,
    0x7fc0_0000,
    0x4b80_0001,
];

/// Random patterns, all pairs of edges of both signs, and neighbours that cancel.
fn operands() -> Vec<(u32, u32)> {
    let signed: Vec<u32> = EDGES.iter().flat_map(|&e| [e, e | 1 << 31]).collect();
    let mut pairs: Vec<(u32, u32)> = signed.iter().flat_map(|&a| signed.iter().map(move |&b| (a, b))).collect();
    let mut random = Random(1);
    for _ in 0..200_000 {
        let (a, r) = (random.next() as u32, random.next());
        pairs.push((a, (r >> 32) as u32));
        pairs.push((a, (a ^ 1 << 31).wrapping_add((r & 0xff) as u32 * (1 << (r >> 8 & 23)))));
    }
    pairs
}

fn binary32(x: u32) -> Value {
    Value::from_f64(f64::from(f32::from_bits(x)))
}

fn nearest(name: &str) -> Rounder {
    Rounder::new(&parse(name).unwrap(), Rounding::nearest(Overflow::Nonfinite)).unwrap()
}

#[test]
fn binary32_arithmetic() {
    let rounder = nearest("fp32");
    let format = rounder.format();
    let mut score = Score::default();
    for (a, b) in operands() {
        let (x, y) = (f32::from_bits(a), f32::from_bits(b));
        let (vx, vy) = (value(format, a.into()), value(format, b.into()));
        assert!(vx == binary32(a) || x.is_nan() && vx.is_nan(), "{a:x}");
        for (name, exact, host) in [
            ("+", add(&vx, &vy, Round::Rne), x + y),
            ("-", add(&vx, &vy.negated(), Round::Rne), x - y),
            ("*", multiply(&vx, &vy), x * y),
        ] {
            let got = rounder.round_word(&exact, 0).code;
            score.check(same(format, true, got, host.to_bits().into()), || format!("{a:x} {name} {b:x}: {got:x}"));
        }
    }
    score.finish("host binary32", 3 * (1600 + 400_000), &[]);
}

#[test]
fn binary32_of_binary64() {
    let rounder = nearest("fp32");
    let mut score = Score::default();
    let mut random = Random(2);
    for i in 0..300_000u64 {
        let r = random.next();
        // Anywhere; near the range of binary32; at ties of binary32.
        let bits = match i % 3 {
            0 => r,
            1 => (r & 0x800f_ffff_ffff_ffff) | (860 + (r >> 52) % 300) << 52,
            _ => (r & 0x800f_ffff_f000_0000) | (860 + (r >> 52) % 300) << 52 | 1 << 28,
        };
        let x = f64::from_bits(bits);
        let got = rounder.round_word(&Value::from_f64(x), 0).code;
        score.check(same(rounder.format(), true, got, u64::from((x as f32).to_bits())), || format!("{bits:x}: {got:x}"));
    }
    score.finish("host binary64 to binary32", 300_000, &[]);
}

#[test]
fn half_crate() {
    let [to_f16, to_bf16] = ["fp16", "bf16"].map(nearest);
    let mut score = Score::default();
    for code in 0..=u16::MAX {
        let big = BigUint::from(code);
        for (rounder, want) in [(&to_f16, f16::from_bits(code).to_f64()), (&to_bf16, bf16::from_bits(code).to_f64())] {
            let (got, want) = (narrowgen_golden::decode::decode(rounder.format(), &big), Value::from_f64(want));
            score.check(got == want, || format!("{code:x}: {got}"));
            let back = rounder.round(&got, 0);
            score.check(back == big || got.is_nan(), || format!("{code:x}: back {back:x}"));
        }
    }
    let mut random = Random(3);
    for i in 0..400_000u32 {
        let r = random.next() as u32;
        let bits = match i % 4 {
            0 => r,
            1 => (r & 0x807f_ffff) | (100 + (r >> 23) % 45) << 23,
            2 => (r & 0x807f_e000) | (100 + (r >> 23) % 45) << 23 | 1 << 12,
            _ => r & 0xffff_0000 | 1 << 15,
        };
        let (x, exact) = (f32::from_bits(bits), binary32(bits));
        for (rounder, want) in [(&to_f16, f16::from_f32(x).to_bits()), (&to_bf16, bf16::from_f32(x).to_bits())] {
            let got = rounder.round_word(&exact, 0).code;
            score.check(same(rounder.format(), true, got, want.into()), || format!("{bits:x}: {got:x} {want:x}"));
        }
    }
    score.finish("half crate", 4 * 65_536 + 800_000, &[]);
}
