//! Dot products against GMP, MPFR and numpy.
use crate::reader::*;
use narrowgen_golden::arith::{Sum, multiply};
use narrowgen_golden::dot::{self, Random};
use narrowgen_golden::exact::Exact;
use narrowgen_golden::format::Format;
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{Overflow, Rounding};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;
use num_bigint::BigInt;
use serde_json::Value as Json;

pub fn records(path: &str) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn word<'a>(record: &'a Json, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_else(|| panic!("{key} in {record}"))
}

/// `[n, e]` means n × 2^e.
fn exact(json: &Json) -> Exact {
    Exact::new(json[0].as_str().unwrap().parse::<BigInt>().unwrap(), json[1].as_i64().unwrap())
}

fn values(format: &Format, codes: &Json) -> Vec<Value> {
    let codes = codes.as_array().unwrap().iter();
    codes
        .map(|c| match c.as_i64() {
            // MXINT8 elements are written as their integers.
            Some(n) => value(format, (n & 0xff) as u64),
            None => value(format, hex(c.as_str().unwrap())),
        })
        .collect()
}

fn pairs(a: Vec<Value>, b: Vec<Value>) -> Vec<(Value, Value)> {
    assert_eq!(a.len(), b.len());
    a.into_iter().zip(b).collect()
}

fn rounders() -> [(&'static str, Rounder); 3] {
    [("f32", "fp32"), ("bf16", "bf16"), ("f16", "fp16")]
        .map(|(key, name)| (key, Rounder::new(&parse(name).unwrap(), Rounding::nearest(Overflow::Nonfinite)).unwrap()))
}

#[test]
fn plain() {
    let mut formats = Formats::default();
    let mut score = Score::default();
    for record in records("dot/dot_plain.jsonl.gz") {
        let (a, b) = (formats.get(word(&record, "fmt_a")), formats.get(word(&record, "fmt_b")));
        let pairs = pairs(values(&a, &record["a"]), values(&b, &record["b"]));
        assert_eq!(pairs.len() as u64, record["len"].as_u64().unwrap());
        let sum = dot::exact(&pairs).value();
        score.check(sum.exact() == Some(exact(&record["exact"])), || format!("{record}: {sum}"));
        for (key, rounder) in &rounders() {
            let once = rounder.round_word(&sum, 0).code;
            score.check(once == hex(word(&record, &format!("exact_rne_{key}"))), || format!("{record}: {once:x}"));
            let last = dot::sequential(&pairs, rounder, &mut Random::none());
            let code = rounder.round_word(&last, 0).code;
            score.check(code == hex(word(&record, &format!("seq_{key}"))), || format!("{record}: seq_{key} {code:x}"));
        }
        let to_f32 = &rounders()[0].1;
        let tree = dot::tree(&pairs, to_f32, &mut Random::none());
        let want = hex(word(&record, "tree_f32"));
        let code = to_f32.round_word(&tree, 0).code;
        score.check(code == want, || format!("{record}: tree {code:x}"));
    }
    score.finish("dot, plain", 480 * 8, &[]);
}

#[test]
fn integers() {
    let mut score = Score::default();
    for record in records("dot/dot_int.jsonl.gz") {
        let side = |key: &str, kind: &str| -> Vec<Value> {
            let name = word(&record, kind);
            let format = parse(if name == "bipolar" { "binary" } else { name }).unwrap();
            let rounder = Rounder::new(&format, Rounding::nearest(Overflow::Saturate)).unwrap();
            let numbers = record[key].as_array().unwrap().iter().map(|n| n.as_i64().unwrap());
            numbers
                .map(|n| {
                    // Through the code of the format and back, which must be lossless.
                    let back = rounder.round_value(&Value::number(Exact::from(n), false), 0);
                    assert_eq!(back.exact(), Some(Exact::from(n)), "{record}");
                    back
                })
                .collect()
        };
        let sum = dot::exact(&pairs(side("a", "type_a"), side("b", "type_b"))).value();
        score.check(sum.exact() == record["dot"].as_i64().map(Exact::from), || format!("{record}: {sum}"));
    }
    score.finish("dot, integers", 135, &[]);
}

/// Blocks with a scale for each operand.
fn blocks(path: &str, formats: impl Fn(&Json) -> (Format, Format, Format), score: &mut Score) {
    let [(_, to_f32), (_, to_bf16), _] = rounders();
    for record in records(path) {
        let (a, b, scale) = formats(&record);
        let mut total = Sum::new();
        let mut running = Value::ZERO;
        for block in record["blocks"].as_array().unwrap() {
            let inner = dot::exact(&pairs(values(&a, &block["a"]), values(&b, &block["b"]))).value();
            score.check(inner.exact() == Some(exact(&block["block_exact_unscaled"])), || format!("{block}: {inner}"));
            let [scale_a, scale_b] = ["scale_a", "scale_b"].map(|key| value(&scale, hex(word(block, key))));
            let scaled = multiply(&inner, &multiply(&scale_a, &scale_b));
            let rounded = to_f32.round_value(&scaled, 0);
            running = dot::fused_step(&running, &rounded, &Value::number(Exact::from(1), false), &to_f32, 0);
            total.add(&scaled);
        }
        let total = total.value();
        score.check(total.exact() == Some(exact(&record["exact"])), || format!("{record}: {total}"));
        for (rounder, key) in [(&to_f32, "exact_rne_f32"), (&to_bf16, "exact_rne_bf16")] {
            let got = rounder.round_word(&total, 0).code;
            score.check(got == hex(word(&record, key)), || format!("{record}: {got:x}"));
        }
        match record["blockwise_seq_f32"].as_str() {
            Some(want) => {
                let got = to_f32.round_word(&running, 0).code;
                score.check(got == hex(want), || format!("{record}: {got:x}"));
            }
            None => {
                score.count("blockwise sum overflows");
                score.check(!matches!(running, Value::Finite(_) | Value::Zero { .. }), || format!("{record}: {running}"));
            }
        }
    }
}

#[test]
fn scaled_blocks() {
    let mut score = Score::default();
    let mx = |record: &Json| {
        let [a, b] = ["fmt_a", "fmt_b"].map(|key| {
            parse(match word(record, key) {
                "mxfp8_e4m3" => "e4m3fn",
                "mxfp8_e5m2" => "e5m2",
                "mxfp6_e2m3" => "e2m3fn",
                "mxfp6_e3m2" => "e3m2fn",
                "mxfp4_e2m1" => "e2m1fn",
                other => other,
            })
            .unwrap()
        });
        (a, b, parse("e8m0fnu").unwrap())
    };
    blocks("dot/dot_mx_blocks32.jsonl.gz", mx, &mut score);
    let nvfp4 = |_: &Json| (parse("e2m1fn").unwrap(), parse("e2m1fn").unwrap(), parse("e4m3fn").unwrap());
    blocks("dot/dot_nvfp4_blocks16.jsonl.gz", nvfp4, &mut score);
    score.finish("dot, scaled blocks", 2850, &[("blockwise sum overflows", 1)]);
}
