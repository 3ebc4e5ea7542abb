//! L-Mul against three public implementations of the paper.
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::exact::Exact;
use narrowgen::golden::names::parse;
use narrowgen::golden::policy::{Overflow, Rounding};
use narrowgen::golden::round::Rounder;
use narrowgen::golden::value::Value;

#[test]
fn circuits_and_integer_additions() {
    let mut judge = Judge::new("lmul, integer");
    for (path, format) in [("rtl_e4m3_all_pairs", "e4m3fn"), ("rtl_bf16", "bf16"), ("rtl_f16", "fp16")] {
        let rows = csv(&format!("lmul/lmul_{path}.csv.gz"), "format,a,b,out", |row| {
            judge.job("lmul", &[("format", format)]).vector(&codes([hex(row[1]), hex(row[2])]), Want::Code(hex(row[3])));
        });
        judge.read(rows);
    }
    for (columns, format) in [("a_bf16,b_bf16,out_bf16", "bf16"), ("a_f32,b_f32,out_f32,second_code_agrees", "fp32")] {
        let short = if format == "bf16" { "bf16" } else { "f32" };
        let rows = csv(&format!("lmul/lmul_integer_add_{short}.csv.gz"), columns, |row| {
            judge.job("lmul", &[("format", format)]).vector(&codes([hex(row[0]), hex(row[1])]), Want::Code(hex(row[2])));
        });
        judge.read(rows);
    }
    judge.finish(&Expected { rows: 45_768, compared: 45_768, verilator: (45_768, 45_768), left_out: &[] });
}

/// The paper's formula over the reals, 1 + s with s = x + y + 2^-l, is another function where the fractions carry: the adder
/// gives 2·s there, and 4·(s - 1) where they carry twice. Either way the adder's result follows from the formula's.
#[test]
fn real_formula() {
    let mut judge = Judge::new("lmul, real formula");
    let fp32 = parse("fp32").unwrap();
    let (mut agree, mut carried, mut twice) = (0, 0, 0);
    let columns = "mantissa_bits,a_f32,b_f32,out_f32,fraction_sum_ge_1";
    let rows = csv("lmul/lmul_real_formula_f32.csv.gz", columns, |row| {
        let name = format!("e8m{}-ieee", row[0]);
        let format = parse(&name).unwrap();
        let drop = 23 - row[0].parse::<u32>().unwrap();
        let [a, b, formula] = [1, 2, 3].map(|i| hex(row[i]));
        assert!((a | b) & ((1 << drop) - 1) == 0 && (a | b) >> 31 == 0, "{row:?}");
        let result = if row[4] == "0" {
            agree += 1;
            formula >> drop
        } else {
            let unit = Exact::power_of_two((a >> 23) as i64 + (b >> 23) as i64 - 254);
            let s = &value(&fp32, formula).exact().unwrap() - &unit;
            let adder = if s.cmp_abs(&unit.scale(1)).is_lt() {
                carried += 1;
                s.scale(1)
            } else {
                twice += 1;
                (&s - &unit).scale(2)
            };
            let rounder = Rounder::new(&format, Rounding::nearest(Overflow::Saturate)).unwrap();
            rounder.round_word(&Value::number(adder, false), 0).code
        };
        judge.job("lmul", &[("format", &name)]).vector(&codes([a >> drop, b >> drop]), Want::Code(result));
    });
    judge.read(rows);
    assert_eq!((agree, carried, twice), (899, 1149, 5));
    judge.finish(&Expected { rows: 2053, compared: 2053, verilator: (2053, 2053), left_out: &[] });
}

#[test]
fn policies() {
    let mut judge = Judge::new("lmul, policies");
    let given = [(0x3c, 0x3c, 0x41), (0x3f, 0x3f, 0x47), (0x40, 0xb8, 0xc1), (0x39, 0x3a, 0x3c), (0x08, 0x08, 0)];
    #[allow(clippy::type_complexity)]
    let edges: [(&[(&str, &str)], u64, u64, u64); 6] = [
        (&[], 0x7e, 0x7e, 0x7e),
        (&[("sat-code", "ones")], 0x7e, 0x7e, 0x7f),
        (&[], 0x1c, 0x1c, 0x01),
        (&[("underflow", "flush")], 0x1c, 0x1c, 0),
        (&[], 0x78, 0x3e, 0x7f),
        (&[("specials", "saturate")], 0x78, 0x3e, 0x7e),
    ];
    for (params, a, b, y) in given.map(|(a, b, y)| (&[] as &[(&str, &str)], a, b, y)).into_iter().chain(edges) {
        judge.job("lmul", params).vector(&codes([a, b]), Want::Code(y));
        judge.read(1);
    }
    judge.finish(&Expected { rows: 11, compared: 11, verilator: (11, 11), left_out: &[] });
}
