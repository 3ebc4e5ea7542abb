//! Decoding, encoding and conversion against ml_dtypes and gfloat.
use crate::reader::*;
use narrowgen_golden::format::Format;
use narrowgen_golden::names;
use narrowgen_golden::policy::{Overflow, Round, Rounding, Subnormals, Ties};
use narrowgen_golden::value::Value;

/// Equal values; the sign of a NaN is not told by the file.
fn equal(got: &Value, want: &Value) -> bool {
    got == want || got.is_nan() && want.is_nan()
}

fn class(format: &Format, code: u64, value: &Value) -> &'static str {
    let flushed = narrowgen_golden::decode::decode_word(format, Subnormals::Flush, code);
    match value {
        Value::Zero { .. } => "zero",
        Value::Infinite { .. } => "inf",
        Value::Nan { .. } => "nan",
        Value::Finite(_) if flushed.is_zero() => "subnormal",
        Value::Finite(_) => "normal",
    }
}

#[test]
fn decode_ml_dtypes() {
    let (mut formats, mut score) = (Formats::default(), Score::default());
    let columns = "format,bits,code_hex,value_hexfloat,value_f32_bits,class,value_decimal";
    csv("minifloat_decode/mldtypes_float_decode.csv.gz", columns, |row| {
        let (format, code) = (formats.get(row[0]), hex(row[2]));
        let got = value(&format, code);
        let binary32 = if row[4] == "nan" { Value::NAN } else { Value::from_f64(f64::from(f32::from_bits(hex(row[4]) as u32))) };
        let good = format.bits().to_string() == row[1]
            && equal(&got, &hexfloat(row[3]))
            && equal(&got, &binary32)
            && class(&format, code, &got) == row[5];
        score.check(good, || format!("{row:?}: {got}"));
    });
    csv("minifloat_decode/mldtypes_int_decode.csv.gz", "format,bits,code_hex,value", |row| {
        let got = value(&formats.get(row[0]), hex(row[2]));
        score.check(got.to_string() == row[3], || format!("{row:?}: {got}"));
        score.count("integer");
    });
    score.finish("minifloat_decode, ml_dtypes", 1096 + 20, &[("integer", 20)]);
}

#[test]
fn decode_gfloat() {
    let (mut formats, mut score) = (Formats::default(), Score::default());
    csv("minifloat_decode/gfloat_decode.csv.gz", "format,code_hex,value_hexfloat,class", |row| {
        let (format, code) = (formats.get(row[0]), hex(row[1]));
        let got = value(&format, code);
        // Formats without an exponent field (k = p) have only subnormals, which our flush does not touch, and so has
        // gfloat's view of integers.
        let no_exponent = match &format {
            Format::Minifloat(m) => m.exp_bits == 0,
            other => *other == names::parse("mxint8").unwrap(),
        };
        let got_class = match class(&format, code, &got) {
            "normal" if no_exponent => "subnormal",
            "inf" => "infinite",
            other => other,
        };
        score.check(equal(&got, &hexfloat(row[2])) && got_class == row[3], || format!("{row:?}: {got} {got_class}"));
    });
    score.finish("minifloat_decode, gfloat", 13058, &[]);
}

#[test]
fn formats_of_gfloat() {
    let mut score = Score::default();
    let columns =
        "name,bits,exp_bits,trailing_mantissa_bits,bias,signed,domain,has_negative_zero,num_high_nans,twos_complement,max,min";
    csv("minifloat_decode/gfloat_formats.csv.gz", columns, |row| {
        let format = names::parse(row[0]).unwrap_or_else(|e| panic!("{e}"));
        let fields = match &format {
            Format::Minifloat(m) => {
                format!("{},{},{},{}", m.exp_bits, m.frac_bits, m.bias, u32::from(m.signed))
            }
            Format::E8m0 => "8,0,127,0".into(),
            Format::Int(_) => "0,7,0,1".into(),
            Format::Table(_) => "table".into(),
        };
        let extent = narrowgen_golden::extent::of_format(&format, Subnormals::Full);
        let good = format.bits().to_string() == row[1]
            && fields == row[2..6].join(",")
            && format.has_infinity() == (row[6] == "Extended")
            && format.has_negative_zero() == (row[7] == "1")
            && hexfloat(row[10]).exact().as_ref() == Some(&extent.max)
            && hexfloat(row[11]).exact().as_ref() == Some(&extent.min);
        score.check(good, || format!("{row:?}: {format:?} {extent:?}"));
    });
    score.finish("formats of gfloat", 231, &[]);
}

/// ml_dtypes' policies, E8M0 rounding of ties included.
fn policies(format: &Format) -> Rounding {
    let ties = if *format == Format::E8m0 { Ties::Up } else { Ties::Code };
    Rounding { ties, ..ml_dtypes(format) }
}

#[test]
fn encode() {
    let (mut formats, mut rounders, mut score) = (Formats::default(), Rounders::default(), Score::default());
    csv("minifloat_encode/mldtypes_f32_to_code_rne.csv.gz", "format,f32_bits,code_hex", |row| {
        let (binary32, format) = (formats.get("fp32"), formats.get(row[0]));
        let x = value(&binary32, hex(row[1]));
        let rounder = rounders.get(row[0].into(), || (format.clone(), policies(&format)));
        let result = rounder.round_word(&x, 0);
        if result.nan {
            score.count("NaN to a zero of the opposite sign");
        }
        let payload_kept = row[0] == "float16";
        score.check(same(&format, payload_kept, result.code, hex(row[2])), || format!("{row:?}: {:x}", result.code));
    });
    score.finish("minifloat_encode", 27136, &[("NaN to a zero of the opposite sign", 11)]);
}

#[test]
fn cast_to_integers() {
    let (mut formats, mut rounders, mut score) = (Formats::default(), Rounders::default(), Score::default());
    csv("minifloat_encode/mldtypes_f32_to_int_cast.csv.gz", "format,f32_bits,f32_decimal,value", |row| {
        let (binary32, format) = (formats.get("fp32"), formats.get(row[0]));
        let x = value(&binary32, hex(row[1]));
        let rounding = Rounding { round: Round::Rtz, ..Rounding::nearest(Overflow::Wrap) };
        let rounder = rounders.get(row[0].into(), || (format.clone(), rounding));
        let got = rounder.round_value(&x, 0);
        score.check(got.to_string() == row[3], || format!("{row:?}: {got}"));
    });
    score.finish("minifloat_encode, casts to integers", 521, &[]);
}

#[test]
fn convert() {
    let (mut formats, mut rounders, mut score) = (Formats::default(), Rounders::default(), Score::default());
    csv("minifloat_convert/mldtypes_code_to_code_rne.csv.gz", "src_format,dst_format,src_code_hex,dst_code_hex", |row| {
        let (from, to) = (formats.get(row[0]), formats.get(row[1]));
        let rounder = rounders.get(row[1].into(), || (to.clone(), policies(&to)));
        let result = rounder.round_word(&value(&from, hex(row[2])), 0);
        if result.nan {
            score.count("NaN to a zero of the opposite sign");
        }
        if to == Format::E8m0 {
            score.count("to E8M0");
        }
        let payload_kept = row[1] == "float16";
        score.check(same(&to, payload_kept, result.code, hex(row[3])), || format!("{row:?}: {:x}", result.code));
    });
    let counts = [("NaN to a zero of the opposite sign", 86), ("to E8M0", 492)];
    score.finish("minifloat_convert", 14691, &counts);
}

#[test]
fn bitsandbytes_tables() {
    let (mut formats, mut score) = (Formats::default(), Score::default());
    let columns = "type,code_hex,value_f32_bits,value_hexfloat,value_decimal";
    csv("codebook_bitsandbytes/bnb_4bit_tables.csv.gz", columns, |row| {
        let format = formats.get(if row[0] == "fp4" { "bnb_fp4" } else { row[0] });
        let got = value(&format, hex(row[1]));
        let binary32 = Value::from_f64(f64::from(f32::from_bits(hex(row[2]) as u32)));
        score.check(got == binary32 && got == hexfloat(row[3]), || format!("{row:?}: {got}"));
    });
    score.finish("codebook_bitsandbytes", 16, &[]);
}

#[test]
fn bitsandbytes_dynamic_map() {
    let (mut formats, mut score) = (Formats::default(), Score::default());
    csv("codebook_bitsandbytes/bnb_dynamic8_table.csv.gz", "type,code_hex,value_f32_bits,value_hexfloat", |row| {
        assert_eq!(row[0], "dynamic_signed_8bit");
        let got = value(&formats.get("bnb_dynamic8"), hex(row[1]));
        let binary32 = Value::from_f64(f64::from(f32::from_bits(hex(row[2]) as u32)));
        score.check(got == binary32 && got == hexfloat(row[3]), || format!("{row:?}: {got}"));
    });
    score.finish("codebook_bitsandbytes, dynamic map", 128, &[]);
}
