//! BitMoD and RaZeR against the code of their authors: values of every type times the scale of their group, through `dequant`
//! with the type as a table of its own.
use crate::judge::*;
use crate::mx::{records, word};
use crate::reader::*;
use num_bigint::BigUint;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Values at a time.
const LANES: usize = 16;

/// The values of every type, in halves, ascending; made a power of two of them by repeating the last.
fn types() -> BTreeMap<String, Vec<i64>> {
    let mut sets: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (file, columns) in [("bitmod", "bits,datatype,index_ascending,value"), ("razer", "datatype,index_ascending,value")] {
        csv(&format!("bitmod/{file}_value_sets.csv.gz"), columns, |row| {
            let halves = 2.0 * row[row.len() - 1].parse::<f64>().expect("a number");
            assert_eq!(halves.fract(), 0.0);
            sets.entry(format!("{file} {}", row[row.len() - 3])).or_default().push(halves as i64);
        });
    }
    for set in sets.values_mut() {
        let last = *set.last().expect("values");
        set.resize(set.len().next_power_of_two(), last);
    }
    sets
}

#[test]
fn groups() {
    let mut judge = Judge::new("bitmod");
    let types = types();
    let mut compared = 0;
    for (family, file, float) in [("bitmod", "bitmod_groups", "fp16"), ("razer", "razer_groups", "fp32")] {
        let all = records(&format!("bitmod/{file}.jsonl.gz"));
        judge.read(all.len());
        let bits = if float == "fp16" { 16u32 } else { 32 };
        for record in &all {
            match word(record, "op") {
                "quant_datatype" | "razer_quant_datatype" => {}
                "search_datatype" => {
                    judge.leave_out("the type was searched for, its scale is not given");
                    continue;
                }
                _ => {
                    judge.leave_out("neither scale nor codes are given, only the values that come out");
                    continue;
                }
            }
            let values = &types[&format!("{family} {}", word(record, "datatype"))];
            let text: Vec<String> =
                values.iter().map(|v| format!("{}0x{:x}p-1", if *v < 0 { "-" } else { "" }, v.unsigned_abs())).collect();
            let code = format!("table:{family}_{}:{}", word(record, "datatype"), text.join(","));
            let lanes = LANES.to_string();
            let params = [("code", &*code), ("scale", float), ("roundings", float), ("out", float), ("lanes", &*lanes)];
            let list = |key: &str| -> &Vec<Json> { record[key].as_array().expect("a list") };
            let scale = hex(word(record, if bits == 16 { "scale_f16" } else { "scale_f32" }));
            let deq = list(if bits == 16 { "deq_f16" } else { "deq_f32" });
            for (levels, deq) in list("levels").chunks(LANES).zip(deq.chunks(LANES)) {
                assert_eq!((levels.len(), deq.len()), (LANES, LANES));
                let side = |codes: Vec<u64>, bits: u32| {
                    codes.iter().rev().fold(BigUint::ZERO, |all, c| (all << bits) | BigUint::from(*c))
                };
                let find = |level: &Json| {
                    let halves = (2.0 * level.as_f64().expect("a number")) as i64;
                    values.iter().position(|v| *v == halves).expect("a value of the type") as u64
                };
                let codes = side(levels.iter().map(find).collect(), values.len().ilog2());
                let want = side(deq.iter().map(|d| hex(d.as_str().expect("a pattern"))).collect(), bits);
                judge.job("dequant", &params).vector(&[codes, scale.into()], Want::Lanes(want));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 102 * 8 + 84);
    judge.finish(&Expected {
        rows: 214 + 244,
        compared,
        verilator: (compared, compared),
        left_out: &[
            ("neither scale nor codes are given, only the values that come out", 48 + 160),
            ("the type was searched for, its scale is not given", 64),
        ],
    });
}
