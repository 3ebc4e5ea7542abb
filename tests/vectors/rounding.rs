//! Rounding modes, saturation and stochastic rounding against gfloat, through `convert` from binary32.
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::legal;
use narrowgen::golden::policy::{Overflow, Round, Rounding};

/// gfloat's modes with ours.
const MODES: [(&str, Round); 9] = [
    ("RNE", Round::Rne),
    ("RNA", Round::Rna),
    ("RTZ", Round::Rtz),
    ("RU", Round::Up),
    ("RD", Round::Down),
    ("SR", Round::StochasticRne),
    ("SRO", Round::StochasticOdd),
    ("SRF", Round::StochasticMid),
    ("SRFF", Round::Stochastic),
];

fn mode(word: &str) -> Round {
    MODES.iter().find(|m| m.0 == word).unwrap_or_else(|| panic!("mode {word}")).1
}

#[test]
fn deterministic() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("minifloat_round_gfloat, deterministic"));
    let columns = "format,mode,sat,f32_bits,code_hex,value_hexfloat";
    let rows = csv("minifloat_round_gfloat/gfloat_round_deterministic.csv.gz", columns, |row| {
        // gfloat refuses rows that need a code the format does not have; so do we, for the whole configuration,
        // and the rows that do not need it are the same under saturation.
        if row[4] == "ERR" {
            return judge.leave_out("gfloat gives no result: no code for NaN, infinity or overflow");
        }
        let format = formats.get(row[0]);
        let nonfinite = legal::overflows(&format).contains(&Overflow::Nonfinite);
        let overflow = if row[2] == "0" && nonfinite { Overflow::Nonfinite } else { Overflow::Saturate };
        let policy = policy(&Rounding { round: mode(row[1]), ..Rounding::nearest(overflow) });
        let job = judge.job("convert", &with(&[("from", "fp32"), ("to", row[0])], &policy));
        job.vector(&codes([hex(row[3])]), Want::AnyNan(hex(row[4])));
    });
    judge.read(rows);
    judge.finish(&Expected {
        rows: 88460,
        compared: 88460 - 3494,
        verilator: (88460 - 3494, 88460 - 3494),
        left_out: &[("gfloat gives no result: no code for NaN, infinity or overflow", 3494)],
    });
}

#[test]
fn stochastic() {
    let mut judge = Judge::new("minifloat_round_gfloat, stochastic");
    let columns = "format,mode,srnumbits,srbits_hex,f32_bits,code_hex,value_hexfloat";
    let rows = csv("minifloat_round_gfloat/gfloat_round_stochastic_sat.csv.gz", columns, |row| {
        let rounding =
            Rounding { round: mode(row[1]), random_bits: row[2].parse().unwrap(), ..Rounding::nearest(Overflow::Saturate) };
        let policy = policy(&rounding);
        let job = judge.job("convert", &with(&[("from", "fp32"), ("to", row[0])], &policy));
        job.vector(&codes([hex(row[4]), hex(row[3])]), Want::Code(hex(row[5])));
    });
    judge.read(rows);
    // Names are sorted by format, mode and number of bits: every seventh, so that each format meets several of both.
    judge.verilate_some(|i, _| i % 7 == 0);
    judge.finish(&Expected { rows: 11000, compared: 11000, verilator: (1603, 11000), left_out: &[] });
}
