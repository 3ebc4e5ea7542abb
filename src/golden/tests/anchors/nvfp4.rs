//! NVFP4 quantisers in the order of operations of TransformerEngine and torchao: every block of every row, scales and codes.
use crate::dot::{records, word};
use crate::reader::*;
use narrowgen_golden::names::parse;
use narrowgen_golden::nvfp4::{Order, Quantizer};
use narrowgen_golden::policy::Round;
use serde_json::Value as Json;

#[test]
fn library_orders() {
    let mut score = Score::default();
    let fp32 = parse("fp32").unwrap();
    for record in records("nvfp4/nvfp4_rows64.jsonl.gz") {
        let list =
            |key: &str| -> Vec<u64> { record[key].as_array().unwrap().iter().map(|c: &Json| hex(c.as_str().unwrap())).collect() };
        let (order, tensor) = match word(&record, "src") {
            "TransformerEngine" => (Order::TransformerEngine, Some("tensor_amax_f32")),
            "TransformerEngine_4over6_mse_e4m3max448" => (Order::FourOverSix(448), Some("tensor_amax_f32")),
            "TransformerEngine_4over6_mse_e4m3max256" => (Order::FourOverSix(256), Some("tensor_amax_f32")),
            "torchao_two_level" => (Order::Torchao, Some("per_tensor_scale_f32")),
            "torchao_one_level" => (Order::Torchao, None),
            other => panic!("{other}"),
        };
        let quantizer = Quantizer::new(order, Round::Rne);
        let tensor = tensor.map(|key| value(&fp32, hex(word(&record, key))));
        let (x, codes, scales) = (list("in_f32"), list("codes_e2m1"), list("scales_e4m3"));
        for ((x, codes), scale) in x.chunks(16).zip(codes.chunks(16)).zip(scales) {
            let values: Vec<_> = x.iter().map(|x| value(&fp32, *x)).collect();
            let (got_scale, got) = quantizer.quantize(&values, tensor.as_ref());
            // A zero has the sign of its number here; TransformerEngine drops that of -0.
            let signed = |code: u64, x: u64| if code & 7 == 0 { x >> 31 << 3 } else { code };
            let want: Vec<u64> = codes.iter().zip(x).map(|(code, x)| signed(*code, *x)).collect();
            for (_, x) in codes.iter().zip(x).filter(|(code, x)| signed(**code, **x) != **code) {
                assert_eq!(*x, 0x8000_0000, "{record}");
                score.count("+0 of -0");
            }
            let got: Vec<u64> = got.iter().map(|code| u64::try_from(code).unwrap()).collect();
            score.check(got_scale == scale && got == want, || format!("{record}: {got_scale:x} {got:x?}"));
            score.count(word(&record, "src"));
        }
    }
    let counts = [
        ("TransformerEngine", 1400),
        ("TransformerEngine_4over6_mse_e4m3max256", 352),
        ("TransformerEngine_4over6_mse_e4m3max448", 348),
        ("torchao_one_level", 700),
        ("torchao_two_level", 1400),
        ("+0 of -0", 1488),
    ];
    score.finish("nvfp4, orders of libraries", 4200, &counts);
}
