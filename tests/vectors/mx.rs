//! Block quantisers of Microsoft's microxcaling and of torchao.
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::format::Format;
use narrowgen::golden::names::parse;
use num_bigint::BigUint;
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub fn records(path: &str) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn word<'a>(record: &'a Json, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_else(|| panic!("{key} in {record}"))
}

fn element(name: &str) -> &str {
    match name {
        "mxfp8_e4m3" => "e4m3fn",
        "mxfp8_e5m2" => "e5m2",
        "mxfp6_e3m2" => "e3m2fn",
        "mxfp6_e2m3" => "e2m3fn",
        "mxfp4_e2m1" => "e2m1fn",
        "mxint4" => "int4-q2",
        "mxint2" => "int2",
        other => other,
    }
}

pub fn inputs(record: &Json) -> Vec<u64> {
    record["in_f32"].as_array().unwrap().iter().map(|c| hex(c.as_str().unwrap())).collect()
}

/// The elements as they must come out: a zero has the sign of its number here, which the libraries do not always keep.
pub fn elements(format: &Format, codes: &[u64], x: &[u64]) -> BigUint {
    let sign = 1 << (format.bits() - 1);
    let float = matches!(format, Format::Minifloat(_));
    let signed = |code: u64, x: u64| if float && code & (sign - 1) == 0 { (x >> 31) * sign } else { code };
    pack(format, &codes.iter().zip(x).map(|(code, x)| signed(*code, *x)).collect::<Vec<_>>())
}

/// The codes of elements; integers are written as their numbers.
fn element_codes(format: &Format, codes: &Json) -> Vec<u64> {
    let code = |c: &Json| c.as_i64().map_or_else(|| hex(c.as_str().unwrap()), |n| n as u64 & ((1 << format.bits()) - 1));
    codes.as_array().unwrap().iter().map(code).collect()
}

#[test]
fn microxcaling() {
    let mut judge = Judge::new("mx_microxcaling");
    let all = records("mx_microxcaling/microxcaling_blocks32.jsonl.gz");
    judge.read(all.len());
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &all {
        let name = element(word(record, "fmt"));
        let format = parse(name).unwrap();
        let round = match word(record, "round") {
            "even" => "rne",
            "nearest" => "rna",
            _ => "rtz",
        };
        let x = inputs(record);
        let (scale, exact) = (word(record, "scale_e8m0"), &record["scale_exact_floorlog2_e8m0"]);
        let codes = &record["codes"];
        let (class, codes) = match scale {
            "ff" if x.iter().any(|x| x >> 23 & 0xff == 0xff) => ("NaN block", Some(BigUint::ZERO)),
            "ff" => ("NaN from numbers below 2^128: log2 in binary32", None),
            _ if exact != scale => ("scale one too large: log2 in binary32", None),
            _ if codes.is_null() => ("elements not recoverable from the library's output", None),
            _ => ("equal", Some(elements(&format, &element_codes(&format, codes), &x))),
        };
        *classes.entry(class).or_default() += 1;
        let scale = match class {
            // Of integers, whose emax is 0: the largest exponent.
            "NaN from numbers below 2^128: log2 in binary32" => {
                assert!(matches!(format, Format::Int(_)), "{record}");
                x.iter().map(|x| x >> 23 & 0xff).max().unwrap()
            }
            _ => hex(exact.as_str().unwrap_or(scale)),
        };
        let params = [("to", name), ("round", round), ("zero-block", "tiny")];
        let x = pack(&parse("fp32").unwrap(), &x);
        judge.job("mx_quantize", &params).vector(&[x], Want::Ports(vec![Some(scale.into()), codes]));
    }
    let counted: Vec<(&str, usize)> = classes.into_iter().collect();
    let expected = [
        ("NaN block", 27),
        ("NaN from numbers below 2^128: log2 in binary32", 7),
        ("equal", 1209),
        ("scale one too large: log2 in binary32", 89),
    ];
    assert_eq!(counted, expected);
    let n = all.len() as u64;
    judge.finish(&Expected { rows: 1332, compared: n, verilator: (n, n), left_out: &[] });
}

#[test]
fn torchao() {
    let mut judge = Judge::new("mx_torchao");
    let all = records("mx_torchao/torchao_blocks32.jsonl.gz");
    judge.read(all.len());
    let mut least = 0;
    for record in &all {
        let name = element(word(record, "fmt"));
        let format = parse(name).unwrap();
        let x = inputs(record);
        let scale = hex(word(record, "scale_e8m0"));
        // With code 0 the library divides by 2^-126 instead of 2^-127.
        least += usize::from(scale == 0);
        let codes = (scale != 0).then(|| elements(&format, &element_codes(&format, &record["codes"]), &x));
        let x = pack(&parse("fp32").unwrap(), &x);
        let params = [("to", name), ("rule", word(record, "scale_mode"))];
        judge.job("mx_quantize", &params).vector(&[x], Want::Ports(vec![Some(scale.into()), codes]));
    }
    assert_eq!(least, 104);
    let n = all.len() as u64;
    judge.finish(&Expected { rows: 1291, compared: n, verilator: (n, n), left_out: &[] });
}
