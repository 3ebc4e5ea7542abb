//! IEEE arithmetic against Berkeley SoftFloat.
use crate::reader::*;
use narrowgen_golden::arith::{add, multiply};
use narrowgen_golden::format::Format;
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{NanSign, Overflow, Round, Rounding};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;

fn rounder(format: &Format, round: Round) -> Rounder {
    Rounder::new(format, Rounding { round, ..Rounding::nearest(Overflow::Nonfinite) }).unwrap()
}

fn modes(format: &Format) -> Vec<(&'static str, Rounder)> {
    [("RNE", Round::Rne), ("RTZ", Round::Rtz), ("RD", Round::Down), ("RU", Round::Up), ("RNA", Round::Rna)]
        .map(|(word, round)| (word, rounder(format, round)))
        .to_vec()
}

fn format(short: &str) -> Format {
    parse(match short {
        "f16" => "fp16",
        "bf16" => "bf16",
        "f32" => "fp32",
        "i32" => "int32",
        other => panic!("{other}"),
    })
    .unwrap()
}

/// The operand; binary64 is not a format of ours, only a value.
fn operand(short: &str, code: u64) -> Value {
    if short == "f64" { Value::from_f64(f64::from_bits(code)) } else { value(&format(short), code) }
}

#[test]
fn all_files() {
    let mut score = Score::default();
    let mut rows = 0;
    for path in files("softfloat") {
        let stem = path.trim_start_matches("softfloat/").trim_end_matches(".csv.gz");
        rows += match stem.split_once("_to_") {
            _ if stem.starts_with("mixed_") => mixed(&path, stem, &mut score),
            Some((from, to)) => conversion(&path, from, to, &mut score),
            None => arithmetic(&path, stem, &mut score),
        };
    }
    assert_eq!(rows, 148_691);
    score.finish("softfloat", 148_691 + 2 * 12_000, &[]);
}

fn conversion(path: &str, from: &str, to: &str, score: &mut Score) -> usize {
    let modes = modes(&format(to));
    csv(path, "mode,a,out,flags", |row| {
        let (_, rounder) = modes.iter().find(|m| m.0 == row[0]).unwrap();
        let got = rounder.round_word(&operand(from, hex(row[1])).with_nan_sign(NanSign::Positive), 0).code;
        score.check(got == hex(row[2]), || format!("{path} {row:?}: {got:x}"));
    })
}

fn arithmetic(path: &str, stem: &str, score: &mut Score) -> usize {
    let (short, operation) = stem.split_once('_').unwrap();
    let format = format(short);
    let modes = modes(&format);
    let fused = operation.starts_with("mulAdd");
    csv(path, if fused { "mode,a,b,c,out,flags" } else { "mode,a,b,out,flags" }, |row| {
        let (_, rounder) = modes.iter().find(|m| m.0 == row[0]).unwrap();
        let round = rounder.rounding().round;
        let [a, b] = [1, 2].map(|i| value(&format, hex(row[i])));
        let (exact, out) = match operation {
            "add" => (add(&a, &b, round), row[3]),
            "sub" => (add(&a, &b.negated(), round), row[3]),
            "mul" => (multiply(&a, &b), row[3]),
            "mulAdd" | "mulAdd_cancel" => (add(&multiply(&a, &b), &value(&format, hex(row[3])), round), row[4]),
            other => panic!("{other}"),
        };
        let got = rounder.round_word(&exact, 0).code;
        score.check(got == hex(out), || format!("{path} {row:?}: {got:x}"));
    })
}

fn mixed(path: &str, stem: &str, score: &mut Score) -> usize {
    let (a_format, c_format) = (format(stem.split('_').nth(1).unwrap()), format("f32"));
    let [to_f32, to_bf16, to_f16] = ["f32", "bf16", "f16"].map(|f| rounder(&format(f), Round::Rne));
    csv(path, "a,b,c_f32,out_f32,flags,out_then_bf16,out_then_f16", |row| {
        let [a, b] = [0, 1].map(|i| value(&a_format, hex(row[i])));
        let exact = add(&multiply(&a, &b), &value(&c_format, hex(row[2])), Round::Rne);
        let once = to_f32.round_word(&exact, 0).code;
        let again = value(&c_format, once);
        for (got, want) in
            [(once, row[3]), (to_bf16.round_word(&again, 0).code, row[5]), (to_f16.round_word(&again, 0).code, row[6])]
        {
            score.check(got == hex(want), || format!("{path} {row:?}: {got:x}"));
        }
    })
}
