//! Group dequantisation against HQQ, GPTQ, AutoGPTQ, AutoAWQ and bitsandbytes, through `dequant`; packed words through
//! `unpack` first.
use crate::judge::*;
use crate::reader::*;
use num_bigint::BigUint;
use serde_json::Value as Json;

fn records(path: &str) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap_or_else(|| panic!("{json} is no list"))
}

fn pattern(json: &Json) -> u64 {
    hex(json.as_str().unwrap_or_else(|| panic!("{json} is no pattern")))
}

fn number(json: &Json) -> u64 {
    json.as_u64().unwrap_or_else(|| panic!("{json} is no number"))
}

/// Codes of `bits` bits side by side, the first one lowest.
fn side_by_side(codes: &[u64], bits: u32) -> BigUint {
    codes.iter().rev().fold(BigUint::ZERO, |all, code| (all << bits) | BigUint::from(*code))
}

/// The same where it fits a word.
fn word(codes: &[u64], bits: u32) -> u64 {
    u64::try_from(side_by_side(codes, bits)).expect("at most 64 bits of results")
}

#[test]
fn hqq() {
    let mut judge = Judge::new("int4_group_dequant/hqq");
    let all = records("int4_group_dequant/hqq_dequant.jsonl.gz");
    judge.read(all.len());
    for record in &all {
        let dtype = match record["dtype"].as_str() {
            Some("float16") => "fp16",
            Some("bfloat16") => "bf16",
            Some("float32") => "fp32",
            other => panic!("{other:?}"),
        };
        let (bits, group) = (number(&record["nbits"]) as u32, number(&record["group"]) as usize);
        let (lanes, width) = if dtype == "fp32" { (2, 32) } else { (4, 16) };
        let (code, n) = (format!("uint{bits}"), lanes.to_string());
        let params = [("code", &*code), ("scale", dtype), ("zero", dtype), ("roundings", dtype), ("out", dtype), ("lanes", &*n)];
        let codes: Vec<u64> = list(&record["codes"]).iter().map(number).collect();
        let deq: Vec<u64> = list(&record["deq"]).iter().map(pattern).collect();
        for (i, (codes, deq)) in codes.chunks(lanes).zip(deq.chunks(lanes)).enumerate() {
            let at = i * lanes / group;
            let inputs = [side_by_side(codes, bits), pattern(&record["scale"][at]).into(), pattern(&record["zero"][at]).into()];
            judge.job("dequant", &params).vector(&inputs, Want::Code(word(deq, width)));
        }
    }
    judge.finish(&Expected { rows: 60, compared: 5_120, verilator: (5_120, 5_120), left_out: &[] });
}

#[test]
fn gptq() {
    let mut judge = Judge::new("int4_group_dequant/gptq");
    let all = records("int4_group_dequant/gptq_quantize.jsonl.gz");
    judge.read(all.len());
    for record in &all {
        let bits = number(&record["nbits"]) as u32;
        let zero = record["zero"].as_f64().expect("a number");
        assert!(zero.fract() == 0.0 && zero >= 0.0 && zero < f64::from(1u32 << bits));
        let code = format!("uint{bits}");
        let params = [("code", &*code), ("scale", "fp32"), ("zero", &*code), ("out", "fp32"), ("lanes", "2")];
        let codes: Vec<u64> = list(&record["codes"]).iter().map(number).collect();
        let deq: Vec<u64> = list(&record["deq_f32"]).iter().map(pattern).collect();
        for (codes, deq) in codes.chunks(2).zip(deq.chunks(2)) {
            let inputs = [side_by_side(codes, bits), pattern(&record["scale_f32"]).into(), BigUint::from(zero as u64)];
            judge.job("dequant", &params).vector(&inputs, Want::Code(word(deq, 32)));
        }
    }
    judge.finish(&Expected { rows: 80, compared: 2_560, verilator: (2_560, 2_560), left_out: &[] });
}

#[test]
fn awq() {
    const COLUMN: [usize; 8] = [0, 2, 4, 6, 1, 3, 5, 7];
    let mut judge = Judge::new("int4_group_dequant/awq");
    let all = records("int4_group_dequant/awq_packed_dequant.jsonl.gz");
    judge.read(all.len());
    let layout = [("bits", "4"), ("word", "32"), ("order", "awq")];
    let params = [("code", "uint4"), ("scale", "fp16"), ("zero", "uint4"), ("lanes", "1")];
    for record in &all {
        let (rows, columns, group) =
            (number(&record["K"]) as usize, number(&record["N"]) as usize, number(&record["group"]) as usize);
        let mut columns_of = |packed: &Json| {
            let mut row = vec![0; columns];
            for (w, packed) in list(packed).iter().enumerate() {
                let packed = pattern(packed);
                COLUMN.iter().enumerate().for_each(|(j, column)| row[8 * w + column] = packed >> (4 * j) & 15);
                // Right if the dequantised values are.
                let want = Want::Code(word(&row[8 * w..8 * w + 8], 4));
                judge.job("unpack", &layout).vector(&codes([packed]), want);
            }
            row
        };
        let zeros: Vec<Vec<u64>> = list(&record["qzeros_u32"]).iter().map(&mut columns_of).collect();
        let weights: Vec<Vec<u64>> = list(&record["qweight_u32"]).iter().map(&mut columns_of).collect();
        assert_eq!((weights.len(), zeros.len()), (rows, rows / group));
        for (k, row) in weights.iter().enumerate() {
            for (n, code) in row.iter().enumerate() {
                let scale = pattern(&record["scales_f16"][k / group][n]);
                let inputs = codes([*code, scale, zeros[k / group][n]]);
                judge.job("dequant", &params).vector(&inputs, Want::Code(pattern(&record["deq_f16"][k][n])));
            }
        }
    }
    judge.finish(&Expected { rows: 30, compared: 17_400, verilator: (17_400, 17_400), left_out: &[] });
}

#[test]
fn autogptq() {
    let mut judge = Judge::new("int4_group_dequant/autogptq");
    let all = records("int4_group_dequant/autogptq_packed_dequant.jsonl.gz");
    judge.read(all.len());
    for record in &all {
        let (rows, columns, group) =
            (number(&record["K"]) as usize, number(&record["N"]) as usize, number(&record["group"]) as usize);
        let bits = number(&record["bits"]) as u32;
        // 32 values of 3 bits in three words; else one word at a time.
        let words = if bits == 3 { 3 } else { 1 };
        let (bits_text, word_text) = (bits.to_string(), (32 * words).to_string());
        let per = words * 32 / bits as usize;
        let layout = [("bits", &*bits_text), ("word", &*word_text), ("order", "low")];
        let mut values_of = |packed: &[u64]| {
            let mut values = Vec::new();
            for run in packed.chunks(words) {
                let number = side_by_side(run, 32);
                let mask = BigUint::from((1u32 << bits) - 1);
                let run_values: Vec<u64> =
                    (0..per as u32).map(|i| u64::try_from((&number >> (bits * i)) & &mask).expect("a code")).collect();
                judge.job("unpack", &layout).vector(std::slice::from_ref(&number), Want::Lanes(side_by_side(&run_values, bits)));
                values.extend(run_values);
            }
            values
        };
        let zeros: Vec<Vec<u64>> =
            list(&record["qzeros_u32"]).iter().map(|row| values_of(&list(row).iter().map(pattern).collect::<Vec<_>>())).collect();
        let weights: Vec<Vec<u64>> = (0..columns)
            .map(|n| values_of(&list(&record["qweight_u32"]).iter().map(|row| pattern(&row[n])).collect::<Vec<_>>()))
            .collect();
        assert_eq!((weights[0].len(), zeros.len()), (rows, rows.div_ceil(group)));
        let (code, plus_one) = (format!("uint{bits}"), if bits == 3 { "keep" } else { "wrap" });
        let params =
            [("code", &*code), ("scale", "fp16"), ("zero", &*code), ("zero-plus-one", plus_one), ("lanes", "1"), ("out", "fp16")];
        for (n, column) in weights.iter().enumerate() {
            for (k, code) in column.iter().enumerate() {
                let (scale, stored) = (pattern(&record["scales_f16"][k / group][n]), zeros[k / group][n]);
                // The library's matrix product would read -0 as +0; its scales are positive, so there is none.
                assert_eq!(scale >> 15, 0);
                let want = pattern(&record["deq_f16"][k][n]);
                judge.job("dequant", &params).vector(&codes([*code, scale, stored]), Want::Code(want));
            }
        }
    }
    judge.finish(&Expected { rows: 40, compared: 91_952, verilator: (91_952, 91_952), left_out: &[] });
}

#[test]
fn bitsandbytes_blocks() {
    let mut judge = Judge::new("codebook_bitsandbytes/blocks");
    let all = records("codebook_bitsandbytes/bnb_4bit_blocks.jsonl.gz");
    judge.read(all.len());
    for record in &all {
        let table = if record["type"] == "nf4" { "nf4" } else { "bnb_fp4" };
        let codes: Vec<u64> = record["codes"].as_str().unwrap().chars().map(|c| c.to_digit(16).unwrap().into()).collect();
        for (column, out, lanes, width) in [("deq_f32", "fp32", 2, 32), ("deq_f16", "fp16", 4, 16), ("deq_bf16", "bf16", 4, 16)] {
            let n = lanes.to_string();
            let params = [("code", table), ("scale", "fp32"), ("roundings", "fp32"), ("out", out), ("lanes", &*n)];
            let deq: Vec<u64> = list(&record[column]).iter().map(pattern).collect();
            for (i, (codes, deq)) in codes.chunks(lanes).zip(deq.chunks(lanes)).enumerate() {
                let absmax = pattern(&record["absmax_f32"][i * lanes / number(&record["blocksize"]) as usize]);
                let inputs = [side_by_side(codes, 4), absmax.into()];
                judge.job("dequant", &params).vector(&inputs, Want::Code(word(deq, width)));
            }
        }
    }
    judge.finish(&Expected { rows: 80, compared: 15_360, verilator: (15_360, 15_360), left_out: &[] });
}

#[test]
fn bitsandbytes_double_quantisation() {
    let mut judge = Judge::new("codebook_bitsandbytes/double");
    let all = records("codebook_bitsandbytes/bnb_double_quant.jsonl.gz");
    judge.read(all.len());
    let absmax = [
        ("code", "bnb_dynamic8"),
        ("scale", "fp32"),
        ("zero", "fp32"),
        ("form", "add"),
        ("roundings", "fp32"),
        ("out", "fp32"),
        ("lanes", "1"),
    ];
    for record in &all {
        let nested = number(&record["nested_blocksize"]) as usize;
        let after = list(&record["absmax_after_f32"]);
        for (i, code) in list(&record["absmax_codes"]).iter().enumerate() {
            let state = pattern(&record["state2_absmax_f32"][i / nested]);
            let inputs = codes([pattern(code), state, pattern(&record["offset_f32"])]);
            judge.job("dequant", &absmax).vector(&inputs, Want::Code(pattern(&after[i])));
        }
        let table = if record["type"] == "nf4" { "nf4" } else { "bnb_fp4" };
        let params = [("code", table), ("scale", "fp32"), ("roundings", "fp32"), ("out", "fp32"), ("lanes", "1")];
        let first = record["codes_first_64"].as_str().unwrap();
        for (digit, deq) in first.chars().zip(list(&record["deq_first_64_f32"])) {
            let inputs = codes([digit.to_digit(16).unwrap().into(), pattern(&after[0])]);
            judge.job("dequant", &params).vector(&inputs, Want::Code(pattern(deq)));
        }
    }
    judge.finish(&Expected { rows: 30, compared: 3_120, verilator: (3_120, 3_120), left_out: &[] });
}

#[test]
fn bitnet_packing() {
    let mut judge = Judge::new("bitnet_b158/hf_pack2bit");
    let all = records("bitnet_b158/hf_pack2bit.jsonl.gz");
    judge.read(all.len());
    for record in &all {
        let (rows, columns) = (number(&record["rows"]) as usize, number(&record["cols"]) as usize);
        let words = (rows / 4).to_string();
        let params = [("bits", "2"), ("word", "8"), ("words", &*words), ("spread", "slabs")];
        for column in 0..columns {
            let packed: Vec<u64> = list(&record["packed_u8"]).iter().map(|row| pattern(&row[column])).collect();
            // The codes of `ternary`: 0, 1, 2 for -1, 0, 1.
            let codes: Vec<u64> = list(&record["ternary"]).iter().map(|row| (row[column].as_i64().unwrap() + 1) as u64).collect();
            judge.job("unpack", &params).vector(&[side_by_side(&packed, 8)], Want::Lanes(side_by_side(&codes, 2)));
        }
    }
    judge.finish(&Expected { rows: 12, compared: 72, verilator: (72, 72), left_out: &[] });
}
