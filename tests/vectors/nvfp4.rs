//! NVFP4 quantisers of NVIDIA's TransformerEngine and of torchao, operation by operation: the libraries round every step to
//! binary32, so each scale is a product or quotient that is rounded once more to E4M3, each element `x * e` rounded to
//! binary32 and then to E2M1. Reciprocals and quotients are the host's binary32 divisions; products and conversions are
//! the blocks'. Dequantised values of torchao in full.
use crate::judge::*;
use crate::mx::{elements, inputs, records, word};
use crate::reader::*;
use narrowgen::golden::format::Format;
use narrowgen::golden::names::parse;
use num_bigint::BigUint;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Numbers that share a scale.
const BLOCK: usize = 16;

fn float(code: u64) -> f32 {
    f32::from_bits(u32::try_from(code).expect("binary32"))
}

fn pattern(x: f32) -> u64 {
    x.to_bits().into()
}

/// What a library makes of a block, in its order of operations.
struct Steps {
    /// The scale before it is rounded to E4M3: a product, if there is a second factor.
    scale: Option<(f32, Option<f32>)>,
    /// The factor of the elements.
    element: f32,
    /// Scale of the tensor, where the library dequantises with one.
    tensor: Option<f32>,
}

fn steps(record: &Json, amax_block: f32, scale: f32) -> Steps {
    let number = |key: &str| float(hex(word(record, key)));
    match word(record, "src") {
        "torchao_one_level" => {
            let quotient = (amax_block / 6.0).max(1.0 / 64.0);
            Steps { scale: Some((quotient, None)), element: 1.0 / scale, tensor: None }
        }
        "torchao_two_level" => {
            let tensor = number("tensor_amax_f32") / 2688.0;
            assert_eq!(tensor, number("per_tensor_scale_f32"));
            let quotient = (amax_block / 6.0 / tensor).max(1.0 / 64.0);
            Steps { scale: Some((quotient, None)), element: 1.0 / tensor / scale, tensor: Some(tensor) }
        }
        source => {
            let most = if source.ends_with("max256") { 256.0 } else { 448.0 };
            let g = (6.0 * most / number("tensor_amax_f32")).min(f32::MAX);
            let element = (1.0 / (scale * (1.0 / g))).min(f32::MAX);
            // Which of two scales leaves the smaller error is no operation of a block.
            let factor = (source == "TransformerEngine").then(|| (amax_block, Some(g * (1.0 / 6.0))));
            Steps { scale: factor, element, tensor: None }
        }
    }
}

#[test]
fn nvfp4() {
    let mut judge = Judge::new("nvfp4");
    let all = records("nvfp4/nvfp4_rows64.jsonl.gz");
    judge.read(all.len());
    let (fp32, e4m3, e2m1) = (parse("fp32").unwrap(), parse("e4m3fn").unwrap(), parse("e2m1fn").unwrap());
    let lanes = BLOCK.to_string();
    let (mut scales, mut dequantised, mut searched) = (0, 0, 0);
    for record in &all {
        let x = inputs(record);
        let list =
            |key: &str| record[key].as_array().map(|all| all.iter().map(|c| hex(c.as_str().unwrap())).collect::<Vec<u64>>());
        let (digits, deq) = (list("codes_e2m1").expect("codes"), list("deq_f32"));
        for (b, x) in x.chunks(BLOCK).enumerate() {
            let code = hex(record["scales_e4m3"][b].as_str().unwrap());
            let scale = value(&e4m3, code).exact().and_then(|s| s.to_f64()).unwrap() as f32;
            let amax_block = x.iter().map(|x| float(*x).abs()).fold(0.0, f32::max);
            let steps = steps(record, amax_block, scale);
            match steps.scale {
                Some((product, None)) => judge
                    .job("convert", &[("from", "fp32"), ("to", "e4m3fn")])
                    .vector(&codes([pattern(product)]), Want::Code(code)),
                Some((x, Some(factor))) => {
                    let params = [("code", "fp32"), ("scale", "fp32"), ("roundings", "fp32"), ("out", "e4m3fn"), ("lanes", "1")];
                    judge.job("dequant", &params).vector(&codes([pattern(x), pattern(factor)]), Want::Code(code));
                }
                None => searched += 1,
            }
            scales += u64::from(steps.scale.is_some());
            let digits = &digits[b * BLOCK..][..BLOCK];
            let params = [("code", "fp32"), ("scale", "fp32"), ("roundings", "fp32"), ("out", "e2m1fn"), ("lanes", &*lanes)];
            let given = [pack(&fp32, x), pattern(steps.element).into()];
            judge.job("dequant", &params).vector(&given, Want::Lanes(elements(&e2m1, digits, x)));
            let Some(deq) = &deq else { continue };
            let want = || Want::Lanes(pack(&fp32, &deq[b * BLOCK..][..BLOCK]));
            let packed: BigUint = pack(&e2m1, digits);
            dequantised += 1;
            let (format, factor) = match steps.tensor {
                None => ("e4m3fn", code),
                Some(tensor) => {
                    let product = pattern(scale * tensor);
                    judge
                        .job("mul", &[("a", "e4m3fn"), ("b", "fp32"), ("out", "fp32")])
                        .vector(&codes([code, pattern(tensor)]), Want::Code(product));
                    ("fp32", product)
                }
            };
            let params = [("code", "e2m1fn"), ("scale", format), ("out", "fp32"), ("lanes", &*lanes)];
            judge.job("dequant", &params).vector(&[packed, factor.into()], want());
        }
    }
    assert_eq!((scales, dequantised, searched), (3500, 2100, 700));
    // Each block: its elements; the scale; the values, and with two levels the product of the scales.
    let n = 4200 + 3500 + 2100 + 1400;
    judge.finish(&Expected { rows: 1050, compared: n, verilator: (n, n), left_out: &[] });
}

/// The magnitudes of a format by code, up to the largest.
fn magnitudes(format: &Format) -> Vec<f64> {
    let number = |code: u64| value(format, code).exact().and_then(|x| x.to_f64());
    (0..1 << (format.bits() - 1)).map_while(number).collect()
}

/// The code nearest to the quotient of two numbers of binary32, or of products of these with one of few bits: what binary64
/// rounds off is less than any such quotient is away from a tie.
fn nearest(codes: &[f64], x: f64, by: f64) -> u64 {
    let q = if by == 0.0 { 0.0 } else { x.abs() / by };
    let order = |a: &usize, b: &usize| (codes[*a] - q).abs().total_cmp(&(codes[*b] - q).abs()).then((a & 1).cmp(&(b & 1)));
    (0..codes.len()).min_by(order).unwrap() as u64
}

/// The block rounds exact quotients once. Where a library's steps come to the same, its codes must come out; where not,
/// the reason is counted.
#[test]
fn nvfp4_quantiser() {
    let mut judge = Judge::new("nvfp4, quantiser");
    let all = records("nvfp4/nvfp4_rows64.jsonl.gz");
    judge.read(all.len());
    let [fp32, e4m3, e2m1] = ["fp32", "e4m3fn", "e2m1fn"].map(|name| parse(name).unwrap());
    let (scales, numbers) = (magnitudes(&e4m3), magnitudes(&e2m1));
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &all {
        let source = word(record, "src");
        let list = |key: &str| -> Vec<u64> { record[key].as_array().unwrap().iter().map(|c| hex(c.as_str().unwrap())).collect() };
        let (x, digits, codes) = (inputs(record), list("codes_e2m1"), list("scales_e4m3"));
        let tensor = (source != "torchao_one_level").then(|| float(hex(word(record, "tensor_amax_f32"))) / 2688.0);
        let t = tensor.map_or(1.0, f64::from);
        for ((x, digits), code) in x.chunks(BLOCK).zip(digits.chunks(BLOCK)).zip(codes) {
            let amax = x.iter().map(|x| f64::from(float(*x).abs())).fold(0.0, f64::max);
            let scale = nearest(&scales, amax, 6.0 * t);
            let by = t * scales[scale as usize];
            let same = x.iter().zip(digits).all(|(x, digit)| nearest(&numbers, float(*x).into(), by) == digit & 7);
            let reason = match () {
                _ if source.contains("4over6") => "scales chosen by the squared error",
                _ if source.starts_with("torchao") && scale < 8 && code == 8 => "the library has no scale below 2^-6",
                _ if scale == 0 && code == 0 && !same => "the library saturates under a scale of 0",
                _ if scale != code || !same => "steps rounded to binary32 end elsewhere",
                _ => "equal",
            };
            *reasons.entry(reason).or_default() += 1;
            if reason == "equal" {
                let mut params = vec![("to", "e2m1fn"), ("block", "16"), ("scale", "e4m3fn")];
                params.extend(tensor.map(|_| ("tensor", "fp32")));
                let given: Vec<BigUint> = [pack(&fp32, x)].into_iter().chain(tensor.map(|t| pattern(t).into())).collect();
                let want = Want::Ports(vec![Some(code.into()), Some(elements(&e2m1, digits, x))]);
                judge.job("mx_quantize", &params).vector(&given, want);
            }
        }
    }
    // Counted with exact fractions by another program, too.
    let expected = [
        ("equal", 3126),
        ("scales chosen by the squared error", 700),
        ("steps rounded to binary32 end elsewhere", 167),
        ("the library has no scale below 2^-6", 203),
        ("the library saturates under a scale of 0", 4),
    ];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
    let n = 3126;
    judge.finish(&Expected { rows: 1050, compared: n, verilator: (n, n), left_out: &[] });
}

/// The same with each library's order of operations: every block of every row, scale and codes.
#[test]
fn nvfp4_orders() {
    let mut judge = Judge::new("nvfp4, orders of libraries");
    let all = records("nvfp4/nvfp4_rows64.jsonl.gz");
    judge.read(all.len());
    let [fp32, e2m1] = ["fp32", "e2m1fn"].map(|name| parse(name).unwrap());
    for record in &all {
        let (order, tensor) = match word(record, "src") {
            "TransformerEngine" => ("te", Some("tensor_amax_f32")),
            "TransformerEngine_4over6_mse_e4m3max448" => ("te-4over6", Some("tensor_amax_f32")),
            "TransformerEngine_4over6_mse_e4m3max256" => ("te-4over6-256", Some("tensor_amax_f32")),
            "torchao_two_level" => ("torchao", Some("per_tensor_scale_f32")),
            "torchao_one_level" => ("torchao", None),
            other => panic!("{other}"),
        };
        let list = |key: &str| -> Vec<u64> { record[key].as_array().unwrap().iter().map(|c| hex(c.as_str().unwrap())).collect() };
        let (x, digits, codes) = (inputs(record), list("codes_e2m1"), list("scales_e4m3"));
        let mut params = vec![("to", "e2m1fn"), ("block", "16"), ("scale", "e4m3fn"), ("order", order)];
        params.extend(tensor.map(|_| ("tensor", "fp32")));
        for ((x, digits), code) in x.chunks(BLOCK).zip(digits.chunks(BLOCK)).zip(codes) {
            let tensor = tensor.map(|key| hex(word(record, key)).into());
            let given: Vec<BigUint> = [pack(&fp32, x)].into_iter().chain(tensor).collect();
            let want = Want::Ports(vec![Some(code.into()), Some(elements(&e2m1, digits, x))]);
            judge.job("mx_quantize", &params).vector(&given, want);
        }
    }
    let n = 4200;
    judge.finish(&Expected { rows: 1050, compared: n, verilator: (n, n), left_out: &[] });
}
