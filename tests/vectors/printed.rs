//! Numbers and formulas printed with the descriptions of the bit-wise dot products: of bit planes (ABQ-LLM), of ternary
//! weights (BitNet b1.58) and of ±1 (XNOR-Net). The formulas are evaluated over every input of a few lanes.
use crate::judge::*;
use narrowgen::golden::exact::Exact;
use narrowgen::golden::names::parse;
use narrowgen::golden::value::Value;
use num_bigint::BigUint;

fn sum(n: i64) -> Want {
    Want::Exact(Value::number(Exact::from(n), false))
}

/// Bits as a plane, lane 0 lowest.
fn plane(bits: &[u64]) -> u64 {
    bits.iter().rev().fold(0, |all, bit| all << 1 | bit)
}

/// A 4-bit signed x and a 3-bit unsigned w of two lanes, with their planes from the lowest on.
#[test]
fn bit_planes() {
    let mut judge = Judge::new("printed, bit planes");
    judge.read(1);
    let (x, w, dot) = ([5i64, -3], [2u64, 7], -11);
    let x_planes = [[1, 1], [0, 0], [1, 1], [0, 1]];
    let w_planes = [[0, 1], [1, 1], [0, 1]];
    let code = |planes: &[[u64; 2]], lane: usize| plane(&planes.iter().map(|p| p[lane]).collect::<Vec<_>>());
    for lane in 0..2 {
        assert_eq!((code(&x_planes, lane), code(&w_planes, lane)), (x[lane] as u64 & 15, w[lane]));
    }
    let packed = pack(&parse("int4").unwrap(), &[0, 1].map(|lane| code(&x_planes, lane)));
    let weights = pack(&parse("uint3").unwrap(), &w);
    let params = [("a", "int4"), ("b", "uint3"), ("lanes", "2")];
    judge.job("bitplane_dot", &params).vector(&[packed, weights.clone()], sum(dot));
    let job = judge.job("bitplane_dot", &[&params[..], &[("structure", "serial")]].concat());
    for (i, bits) in x_planes.iter().rev().enumerate() {
        job.cycle(&[plane(bits).into(), weights.clone(), BigUint::from(i == 0), BigUint::from(1u32)]);
    }
    job.state(sum(dot));
    judge.finish(&Expected { rows: 1, compared: 2, verilator: (2, 2), left_out: &[] });
}

/// Sums of masked x: over w = +1 less over w = -1, and of x·(w + 1) less all x; ternary x by popcounts of masks.
#[test]
fn ternary() {
    let mut judge = Judge::new("printed, ternary");
    let [int4, int2, coded] = ["int4", "int2", "ternary"].map(|name| parse(name).unwrap());
    let all = |values: std::ops::RangeInclusive<i64>| {
        values.clone().flat_map(move |a| values.clone().map(move |b| [a, b])).collect::<Vec<_>>()
    };
    let code = |x: i64, bits: u32| x as u64 & ((1 << bits) - 1);
    let (mut rows, mut compared) = (0, 0);
    for w in all(-1..=1) {
        let weights = pack(&coded, &w.map(|w| (w + 1) as u64));
        let masks = |v: [i64; 2], of: i64| plane(&v.map(|v| u64::from(v == of)));
        for x in all(-8..=7) {
            let masked = |of: i64| x.iter().zip(w).filter(|(_, w)| *w == of).map(|(x, _)| x).sum::<i64>();
            let planes = masked(1) - masked(-1);
            let offset = x.iter().zip(w).map(|(x, w)| x * (w + 1)).sum::<i64>() - x.iter().sum::<i64>();
            let given = [pack(&int4, &x.map(|x| code(x, 4))), weights.clone()];
            for (structure, want) in [("select", planes), ("planes", planes), ("offset", offset)] {
                let params = [("x", "int4"), ("lanes", "2"), ("structure", structure)];
                judge.job("ternary_dot", &params).vector(&given, sum(want));
                compared += 1;
            }
            rows += 1;
        }
        for x in all(-1..=1) {
            let both = |p: i64, q: i64| i64::from((masks(w, p) & masks(x, q)).count_ones());
            let want = both(1, 1) + both(-1, -1) - both(1, -1) - both(-1, 1);
            let given = [pack(&int2, &x.map(|x| code(x, 2))), weights.clone()];
            judge.job("ternary_dot", &[("x", "int2"), ("lanes", "2")]).vector(&given, sum(want));
            (rows, compared) = (rows + 1, compared + 1);
        }
    }
    judge.read(rows);
    let n = 9 * (256 * 3 + 9);
    assert_eq!(compared, n);
    judge.finish(&Expected { rows: 9 * (256 + 9), compared: n, verilator: (n, n), left_out: &[] });
}

/// 2·popcount(not (a xor w) and mask) - n, n lanes being unmasked.
#[test]
fn xnor() {
    let mut judge = Judge::new("printed, xnor");
    for bits in 0u64..1 << 12 {
        let [a, w, mask] = [bits & 15, bits >> 4 & 15, bits >> 8];
        let want = 2 * i64::from((!(a ^ w) & mask).count_ones()) - i64::from(mask.count_ones());
        judge.job("xnor_dot", &[("lanes", "4"), ("mask", "port")]).vector(&codes([a, w, mask]), sum(want));
        if mask == 15 {
            judge.job("xnor_dot", &[("lanes", "4")]).vector(&codes([a, w]), sum(want));
        }
    }
    let n = 4096 + 256;
    judge.read(n as usize);
    judge.finish(&Expected { rows: 4352, compared: n, verilator: (n, n), left_out: &[] });
}
