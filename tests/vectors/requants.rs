//! Dyadic requantisation against I-ViT's `fixedpoint_mul`, through `requant`: fractions as constants and as ports, and
//! the fractions themselves from the scales.
use crate::judge::*;
use crate::reader::*;
use narrowgen::blocks;
use narrowgen::blocks::numbers::Reals;
use narrowgen::golden::names::parse;
use num_bigint::BigUint;
use serde_json::Value as Json;

fn integer(json: &Json) -> i64 {
    json.as_i64().unwrap_or_else(|| panic!("{json} is no integer"))
}

fn twos(x: i64, bits: u32) -> BigUint {
    BigUint::from((i128::from(x) & ((1i128 << bits) - 1)) as u128)
}

/// A binary32 pattern as the command takes it: exact.
fn scale(json: &Json) -> String {
    format!("{:?}", f64::from(f32::from_bits(hex(json.as_str().expect("a pattern")) as u32)))
}

#[test]
fn quantact() {
    let mut judge = Judge::new("ivit requant");
    let requant = blocks::find("requant").expect("requant");
    let (mut fractions, mut records) = (0, 0);
    for line in text("ivit/ivit_quantact_requant.jsonl.gz").lines() {
        let record: Json = serde_json::from_str(line).unwrap();
        assert_eq!((record["op"].as_str(), record["is_exact_integer"].as_bool()), (Some("QuantAct"), Some(true)));
        let (x, out) = (record["x_int"].as_array().unwrap(), record["out_int"].as_array().unwrap());
        assert_eq!(x.len(), out.len());
        let residual = record["identity_int"].as_array();
        let bits = integer(&record["out_bits"]) as u32;
        // The library clamps only at these widths.
        assert!([4, 8, 16, 32].contains(&bits), "{bits}");
        let (b, c) = (integer(&record["m"]), integer(&record["e"]));
        let to = format!("int{bits}");
        let (b_text, c_text) = (b.to_string(), c.to_string());
        let mut constant = vec![("to", to.as_str()), ("round", "half_even"), ("b", &b_text), ("c", &c_text)];
        let mut port = vec![("to", to.as_str()), ("round", "half_even"), ("b", "port"), ("c", "port"), ("b-bits", "33")];
        let mut reals = Reals::default();
        reals.set("s_in", &scale(&record["pre_scale_f32"])).unwrap();
        reals.set("s_out", &scale(&record["out_scale_f32"])).unwrap();
        let mut given = vec![("to".to_string(), to.clone())];
        let mut want = vec![("b".to_string(), b_text.clone()), ("c".into(), c_text.clone())];
        let (b2_text, c2_text);
        if residual.is_some() {
            (b2_text, c2_text) = (integer(&record["m_identity"]).to_string(), integer(&record["e_identity"]).to_string());
            want.extend([("b2".to_string(), b2_text.clone()), ("c2".into(), c2_text.clone())]);
            reals.set("s_residual", &scale(&record["identity_scale_f32"])).unwrap();
            given.push(("residual".into(), "int32".into()));
            constant.extend([("residual", "int32"), ("b2", b2_text.as_str()), ("c2", c2_text.as_str())]);
            port.extend([("residual", "int32"), ("b2", "port"), ("c2", "port")]);
        }
        // 2^31 is kept by the library; the block takes 2^30 and one less.
        let renormalised = |pairs: &[(String, String)]| {
            let one = |at: usize| (pairs[at].1.parse::<i64>().unwrap(), pairs[at + 1].1.parse::<i64>().unwrap());
            (0..pairs.len())
                .step_by(2)
                .map(one)
                .map(|(b, c)| if b == 1 << 31 { (1 << 30, c - 1) } else { (b, c) })
                .collect::<Vec<_>>()
        };
        let found = requant.constants(&given, &reals).unwrap();
        assert_eq!(renormalised(&found), renormalised(&want), "{record}");
        fractions += want.len() / 2;
        for (i, (x, y)) in x.iter().zip(out).enumerate() {
            let (x, y) = (twos(integer(x), 32), integer(y) as u64 & u64::MAX >> (64 - bits));
            let mut all = vec![x.clone(), twos(b, 33), twos(c, 7)];
            let mut short = vec![x];
            if let Some(identity) = residual {
                let x2 = twos(integer(&identity[i]), 32);
                all.extend([x2.clone(), twos(integer(&record["m_identity"]), 33), twos(integer(&record["e_identity"]), 7)]);
                short.push(x2);
            }
            judge.job("requant", &port).vector(&all, Want::Code(y));
            judge.job("requant", &constant).vector(&short, Want::Code(y));
        }
        records += 1;
    }
    println!("{records} records, {fractions} fractions");
    judge.read(records);
    judge.verilate_some(|i, name| i % 8 == 0 || name.contains("port"));
    judge.finish(&Expected { rows: 209, compared: 26_752, verilator: (15_104, 26_752), left_out: &[] });
}

/// I-ViT's quantisation of real inputs: x times the rounded reciprocal of the scale, which is the host's, in binary32.
#[test]
fn symmetric_quant() {
    let mut judge = Judge::new("ivit, quantisation");
    let mut rows = 0;
    for line in text("ivit/ivit_symmetric_quant.jsonl.gz").lines() {
        let record: Json = serde_json::from_str(line).unwrap();
        let bits = integer(&record["bits"]) as u32;
        let pattern = |json: &Json| hex(json.as_str().expect("a pattern"));
        let x: Vec<u64> = record["in_f32"].as_array().unwrap().iter().map(pattern).collect();
        let reciprocal = 1.0 / f32::from_bits(pattern(&record["scale_f32"]) as u32);
        let out = format!("int{bits}");
        let lanes = x.len().to_string();
        let params = [
            ("code", "fp32"),
            ("scale", "fp32"),
            ("roundings", "fp32"),
            ("out", &*out),
            ("overflow", "saturate"),
            ("lanes", &*lanes),
        ];
        let codes = record["out_int"].as_array().unwrap().iter().rev();
        let want = codes.fold(BigUint::ZERO, |all, y| (all << bits) | twos(integer(y), bits));
        let given = [pack(&parse("fp32").unwrap(), &x), reciprocal.to_bits().into()];
        judge.job("dequant", &params).vector(&given, Want::Lanes(want));
        rows += 1;
    }
    judge.read(rows);
    judge.finish(&Expected { rows: 100, compared: 100, verilator: (100, 100), left_out: &[] });
}
