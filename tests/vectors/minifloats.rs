//! Decoding, encoding and conversion against ml_dtypes and gfloat, through `convert`.
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::format::Format;
use narrowgen::golden::policy::{Overflow, Round, Rounding, Ties};

/// The binary32 pattern of a C hexadecimal float, if binary32 holds it exactly.
fn binary32(text: &str) -> Option<u32> {
    let x = hexfloat(text).to_f64()?;
    let y = x as f32;
    (f64::from(y) == x || x.is_nan()).then(|| y.to_bits())
}

#[test]
fn decode() {
    let mut judge = Judge::new("minifloat_decode");
    let columns = "format,bits,code_hex,value_hexfloat,value_f32_bits,class,value_decimal";
    let rows = csv("minifloat_decode/mldtypes_float_decode.csv.gz", columns, |row| {
        let want = if row[4] == "nan" { 0x7fc0_0000 } else { hex(row[4]) };
        judge.job("convert", &[("from", row[0]), ("to", "fp32")]).vector(&codes([hex(row[2])]), Want::AnyNan(want));
    });
    judge.read(rows);
    let rows = csv("minifloat_decode/mldtypes_int_decode.csv.gz", "format,bits,code_hex,value", |row| {
        let want = row[3].parse::<i32>().unwrap() as f32;
        let job = judge.job("convert", &[("from", row[0]), ("to", "fp32")]);
        job.vector(&codes([hex(row[2])]), Want::Code(want.to_bits().into()));
    });
    judge.read(rows);
    let rows =
        csv("minifloat_decode/gfloat_decode.csv.gz", "format,code_hex,value_hexfloat,class", |row| match binary32(row[2]) {
            Some(want) => {
                judge.job("convert", &[("from", row[0]), ("to", "fp32")]).vector(&codes([hex(row[1])]), Want::AnyNan(want.into()))
            }
            None => judge.leave_out("the value is not a binary32 number"),
        });
    judge.read(rows);
    judge.finish(&Expected { rows: 14174, compared: 14174, verilator: (14174, 14174), left_out: &[] });
}

/// ml_dtypes' policies; E8M0 rounds ties up.
fn policies(format: &Format) -> Rounding {
    let ties = if *format == Format::E8m0 { Ties::Up } else { Ties::Code };
    Rounding { ties, ..ml_dtypes(format) }
}

#[test]
fn encode() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("minifloat_encode"));
    let rows = csv("minifloat_encode/mldtypes_f32_to_code_rne.csv.gz", "format,f32_bits,code_hex", |row| {
        let policy = policy(&policies(&formats.get(row[0])));
        let job = judge.job("convert", &with(&[("from", "fp32"), ("to", row[0])], &policy));
        // numpy's float16 keeps the payload of a NaN.
        let want = if row[0] == "float16" { Want::AnyNan(hex(row[2])) } else { Want::Code(hex(row[2])) };
        job.vector(&codes([hex(row[1])]), want);
    });
    judge.read(rows);
    let rows = csv("minifloat_encode/mldtypes_f32_to_int_cast.csv.gz", "format,f32_bits,f32_decimal,value", |row| {
        let policy = policy(&Rounding { round: Round::Rtz, ..Rounding::nearest(Overflow::Wrap) });
        let job = judge.job("convert", &with(&[("from", "fp32"), ("to", row[0])], &policy));
        let mask = (1u64 << formats.get(row[0]).bits()) - 1;
        job.vector(&codes([hex(row[1])]), Want::Code(row[3].parse::<i64>().unwrap() as u64 & mask));
    });
    judge.read(rows);
    judge.finish(&Expected { rows: 27657, compared: 27657, verilator: (27657, 27657), left_out: &[] });
}

#[test]
fn convert() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("minifloat_convert"));
    let columns = "src_format,dst_format,src_code_hex,dst_code_hex";
    let rows = csv("minifloat_convert/mldtypes_code_to_code_rne.csv.gz", columns, |row| {
        let policy = policy(&policies(&formats.get(row[1])));
        let job = judge.job("convert", &with(&[("from", row[0]), ("to", row[1])], &policy));
        let want = if row[1] == "float16" { Want::AnyNan(hex(row[3])) } else { Want::Code(hex(row[3])) };
        job.vector(&codes([hex(row[2])]), want);
    });
    judge.read(rows);
    judge.finish(&Expected { rows: 14691, compared: 14691, verilator: (14691, 14691), left_out: &[] });
}
