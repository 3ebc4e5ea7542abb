//! BitMoD and RaZeR against the code of their authors.
use crate::reader::*;
use narrowgen_golden::bitmod::*;
use narrowgen_golden::exact::Exact;
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{Overflow, Rounding};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

fn records(path: &str) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn word<'a>(record: &'a Json, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_else(|| panic!("{key} in {record}"))
}

fn number(record: &Json, key: &str) -> usize {
    record[key].as_u64().unwrap_or_else(|| panic!("{key} in {record}")) as usize
}

fn codes(record: &Json, key: &str) -> Vec<u64> {
    record[key].as_array().unwrap().iter().map(|c| hex(c.as_str().unwrap())).collect()
}

fn numbers(record: &Json, key: &str, format: &str) -> Vec<Exact> {
    let format = parse(format).unwrap();
    codes(record, key).into_iter().map(|c| value(&format, c).exact().expect("a number")).collect()
}

fn encode(format: &str, values: &[Value]) -> Vec<u64> {
    let rounder = Rounder::new(&parse(format).unwrap(), Rounding::nearest(Overflow::Nonfinite)).unwrap();
    values.iter().map(|v| rounder.round_word(v, 0).code).collect()
}

fn levels(record: &Json, unit: f64) -> Vec<i64> {
    record["levels"].as_array().unwrap().iter().map(|v| (v.as_f64().unwrap() / unit) as i64).collect()
}

#[test]
fn value_sets() {
    let mut score = Score::default();
    for (file, columns, units) in
        [("bitmod", "bits,datatype,index_ascending,value", 1.0), ("razer", "datatype,index_ascending,value", 0.5)]
    {
        let mut sets: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        csv(&format!("bitmod/{file}_value_sets.csv.gz"), columns, |row| {
            let value: f64 = row[row.len() - 1].parse().unwrap();
            sets.entry(row[row.len() - 3].into()).or_default().push((value / units) as i64);
        });
        for (name, want) in sets {
            score.count(file);
            score.check(datatype(&name).as_ref() == Some(&want), || format!("{name}: {:?}, not {want:?}", datatype(&name)));
        }
    }
    score.finish("bitmod value sets", 29, &[("bitmod", 22), ("razer", 7)]);
    assert_eq!(datatype("fp4_up_pos"), None);
}

#[test]
fn groups() {
    let (fp16, exact, one) = (Arithmetic::fp16(), Arithmetic::exact(), Exact::from(1));
    let mut score = Score::default();
    let mut exactly = 0;
    for record in records("bitmod/bitmod_groups.jsonl.gz") {
        let (op, bits, group) = (word(&record, "op"), number(&record, "bits") as u32, number(&record, "group"));
        score.count(op);
        let input = numbers(&record, "in_f16", "fp16");
        let mut found = Vec::new();
        for (i, group) in input.chunks(group).enumerate() {
            match op {
                "quant_datatype" => {
                    let values = datatype(word(&record, "datatype")).unwrap();
                    let q = quantise(group, &values, &one, &fp16);
                    let (scale, want) = (Value::number(q.scale, false), levels(&record, 1.0));
                    let good = encode("fp16", &[scale])[0] == hex(word(&record, "scale_f16")) && q.levels == want;
                    score.check(good, || format!("{op} {}: scale or levels", record["datatype"]));
                    exactly += usize::from(quantise(group, &values, &one, &exact).levels == want);
                    found.extend(q.values);
                }
                "search_datatype" => {
                    let names = candidates(word(&record, "mode"), bits).unwrap();
                    let (best, q) = search(group, &names, &one, &fp16).unwrap();
                    let equal = record["candidates_equal_to_chosen"][i].as_array().unwrap();
                    score.check(equal.iter().any(|n| n == &names[best]), || format!("{}: {equal:?}", names[best]));
                    found.extend(q.values);
                }
                "quant_int_sym" => found.extend(quantise_symmetric(group, bits, &fp16)),
                "quant_int_asym" => found.extend(quantise_asymmetric(group, bits, &fp16)),
                _ => panic!("{op}"),
            }
        }
        let (got, want) = (encode("fp16", &found), codes(&record, "deq_f16"));
        let differ = got.iter().zip(&want).position(|(g, w)| g != w);
        score.check(got == want, || format!("{op} {} at {differ:?}", record["datatype"]));
    }
    assert_eq!(exactly, 99, "groups whose levels are the same without any rounding");
    let counts = [("quant_datatype", 102), ("quant_int_asym", 24), ("quant_int_sym", 24), ("search_datatype", 64)];
    score.finish("bitmod groups", 444, &counts);
}

#[test]
fn razer_groups() {
    let (fp32, half) = (Arithmetic::fp32(), Exact::new(1, -1));
    let mut score = Score::default();
    for record in records("bitmod/razer_groups.jsonl.gz") {
        let op = word(&record, "op");
        score.count(op);
        let input = numbers(&record, "in_f32", "fp32");
        let group = number(&record, "group");
        match op {
            "razer_quant_datatype" => {
                let values = datatype(word(&record, "datatype")).unwrap();
                let q = quantise(&input, &values, &half, &fp32);
                let scale = encode("fp32", &[Value::number(q.scale.clone(), false)])[0];
                let good = scale == hex(word(&record, "scale_f32")) && q.levels == levels(&record, 0.5);
                score.check(good && encode("fp32", &q.values) == codes(&record, "deq_f32"), || {
                    format!("{op} {}", record["datatype"])
                });
            }
            "quant_mxfp4" => {
                let found: Vec<Value> = input.chunks(group).flat_map(|g| quantise_mxfp4(g, &fp32)).collect();
                let (got, want) = (encode("fp16", &found), codes(&record, "deq_f16"));
                let differ = got.iter().zip(&want).position(|(g, w)| g != w);
                score.check(got == want, || format!("{op} at {differ:?}"));
            }
            // Group scales quantised against the tensor in float32 steps that nobody has written down.
            _ => {}
        }
    }
    let left_out = [("quant_fp4_razer", 40), ("quant_nvfp4", 40), ("quant_nvfp4_razer", 40)];
    let compared = [("quant_mxfp4", 40), ("razer_quant_datatype", 84)];
    score.finish("razer groups", 124, &[&left_out[..], &compared].concat());
}
