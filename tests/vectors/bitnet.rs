//! BitNet b1.58 against Microsoft's and Hugging Face's code: its packing of ternary weights, as `ternary_dot` reads it.
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::exact::Exact;
use narrowgen::golden::names::parse;
use narrowgen::golden::value::Value;
use num_bigint::BigUint;
use serde_json::Value as Json;

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
