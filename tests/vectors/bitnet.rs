//! BitNet b1.58 against Microsoft's and Hugging Face's code: its packing of ternary weights, as `ternary_dot` reads it.
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::exact::Exact;
use narrowgen::golden::names::parse;
use narrowgen::golden::value::Value;
use num_bigint::BigUint;
use serde_json::Value as Json;
use std::collections::BTreeMap;

fn records(path: &str) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(json: &Json) -> Vec<i64> {
    json.as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect()
}

/// Every column of packed weights, with activations that tell the lanes apart.
#[test]
fn packing() {
    let mut judge = Judge::new("bitnet_b158, packing");
    let int8 = parse("int8").unwrap();
    let all = records("bitnet_b158/hf_pack2bit.jsonl.gz");
    judge.read(all.len());
    let mut columns = 0;
    for record in &all {
        let (rows, cols) = (record["rows"].as_u64().unwrap() as usize, record["cols"].as_u64().unwrap() as usize);
        let ternary: Vec<Vec<i64>> = record["ternary"].as_array().unwrap().iter().map(numbers).collect();
        let packed: Vec<Vec<u64>> = record["packed_u8"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().iter().map(|c| hex(c.as_str().unwrap())).collect())
            .collect();
        for col in 0..cols {
            // Bits 2i+1..2i of packed row p are row p + i·rows/4.
            let codes: Vec<u64> = (0..rows).map(|r| packed[r % (rows / 4)][col] >> (2 * (r / (rows / 4))) & 3).collect();
            let x: Vec<i64> = (0..rows as i64).map(|r| (r * 37 + 11 * col as i64) % 251 - 125).collect();
            let sum: i64 = (0..rows).map(|r| x[r] * ternary[r][col]).sum();
            let lanes: Vec<u64> = x.iter().map(|v| (v & 0xff) as u64).collect();
            let weights = codes.iter().rev().fold(BigUint::ZERO, |all, c| (all << 2u32) | BigUint::from(*c));
            let want = Want::Exact(Value::number(Exact::from(sum), false));
            judge.job("ternary_dot", &[("lanes", &rows.to_string())]).vector(&[pack(&int8, &lanes), weights], want);
            columns += 1;
        }
    }
    judge.finish(&Expected { rows: all.len(), compared: columns, verilator: (columns, columns), left_out: &[] });
}

/// The nearest bfloat16, ties to even.
fn to_bf16(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
}

/// Ternary weights and int8 activations, every operation rounded to the type T of the tensor. Reciprocals, 1/max(mean, 1e-5) and
/// 1/max(amax, 1e-5), are the host's; everything after them is the blocks'. The mean of the weights is given: its order of summation is not.
#[test]
fn quantisers() {
    let mut judge = Judge::new("bitnet_b158, quantisers");
    let all = records("bitnet_b158/bitnet_quant.jsonl.gz");
    judge.read(all.len());
    let (mut means, mut compared) = (BTreeMap::<&str, usize>::new(), 0);
    for record in &all {
        let short = record["dtype"] == "bfloat16";
        assert!(short || record["dtype"] == "float32", "{record}");
        let (name, bits) = if short { ("bf16", 16) } else { ("fp32", 32) };
        let format = parse(name).unwrap();
        let read = |json: &Json| f32::from_bits((hex(json.as_str().unwrap()) << (32 - bits)) as u32);
        let code = |x: f32| u64::from(x.to_bits()) >> (32 - bits);
        let rounded = |x: f32| if short { to_bf16(x) } else { x };
        let x: Vec<f32> = record["in_bits"].as_array().unwrap().iter().map(read).collect();
        let (out, scale, codes) = if record["op"] == "weight_absmean" {
            let mean = read(&record["mean_abs_bits"]);
            let exact = x.iter().map(|x| f64::from(x.abs())).sum::<f64>() / x.len() as f64;
            *means.entry(if rounded(exact as f32) == mean { "the nearest" } else { "not the nearest" }).or_default() += 1;
            let scale = rounded(1.0 / mean.max(rounded(1e-5)));
            let back = 1.0 / scale;
            judge
                .job("convert", &[("from", "fp32"), ("to", "bf16")])
                .vector(&[back.to_bits().into()], Want::Code(hex(record["scale_bf16"].as_str().unwrap())));
            ("int2-sym", scale, numbers(&record["ternary"]))
        } else {
            let amax = x.iter().map(|x| x.abs()).fold(0.0, f32::max);
            let inverse = rounded(1.0 / amax.max(rounded(1e-5)));
            let scale = &record["scale_bits"];
            judge
                .job("mul", &[("a", "int8"), ("b", name), ("out", name)])
                .vector(&[BigUint::from(127u32), code(inverse).into()], Want::Code(hex(scale.as_str().unwrap())));
            ("int8", read(scale), numbers(&record["int8"]))
        };
        compared += 1;
        let to = parse(out).unwrap();
        let params =
            [("code", name), ("scale", name), ("roundings", name), ("out", out), ("overflow", "saturate"), ("lanes", "16")];
        assert_eq!(x.len(), codes.len());
        for (x, codes) in x.chunks(16).zip(codes.chunks(16)) {
            let x: Vec<u64> = x.iter().map(|x| code(*x)).collect();
            let codes: Vec<u64> = codes.iter().map(|c| *c as u64 & ((1 << to.bits()) - 1)).collect();
            judge.job("dequant", &params).vector(&[pack(&format, &x), code(scale).into()], Want::Lanes(pack(&to, &codes)));
            compared += 1;
        }
    }
    // Counted with exact fractions by another program, too.
    assert_eq!(means.into_iter().collect::<Vec<_>>(), [("not the nearest", 10), ("the nearest", 70)]);
    assert_eq!(compared, 80 + 80 * 128 / 16 + 60 + 60 * 64 / 16);
    judge.finish(&Expected { rows: 140, compared, verilator: (compared, compared), left_out: &[] });
}
