//! Rounding modes, saturation and stochastic rounding against gfloat.
use crate::reader::*;
use narrowgen_golden::legal;
use narrowgen_golden::policy::{NanSign, Overflow, Round, Rounding};

fn mode(word: &str) -> Round {
    match word {
        "RNE" => Round::Rne,
        "RNA" => Round::Rna,
        "RTZ" => Round::Rtz,
        "RU" => Round::Up,
        "RD" => Round::Down,
        "SR" => Round::StochasticRne,
        "SRO" => Round::StochasticOdd,
        "SRF" => Round::StochasticMid,
        "SRFF" => Round::Stochastic,
        other => panic!("mode {other}"),
    }
}

#[test]
fn deterministic() {
    let (mut formats, mut rounders, mut score) = (Formats::default(), Rounders::default(), Score::default());
    let columns = "format,mode,sat,f32_bits,code_hex,value_hexfloat";
    csv("minifloat_round_gfloat/gfloat_round_deterministic.csv.gz", columns, |row| {
        let (binary32, format) = (formats.get("fp32"), formats.get(row[0]));
        let x = value(&binary32, hex(row[3])).with_nan_sign(NanSign::Positive);
        // Where the format has no code for it, gfloat refuses the rows that overflow and we refuse the policy; the other
        // rows do not depend on it. So saturate, and see which rows the policy decides.
        let refused = row[2] == "0" && !legal::overflows(&format).contains(&Overflow::Nonfinite);
        let overflow = if row[2] == "1" || refused { Overflow::Saturate } else { Overflow::Nonfinite };
        let rounding = Rounding { round: mode(row[1]), ..Rounding::nearest(overflow) };
        let rounder = rounders.get(row[..3].join(" "), || (format.clone(), rounding));
        let result = rounder.round_word(&x, 0);
        let error = if result.nan {
            Some("refused: NaN into a format without NaN")
        } else if refused && result.overflow {
            Some("refused: overflow into a format without infinity and NaN")
        } else {
            None
        };
        let good = match error {
            Some(class) => {
                score.count(class);
                row[4] == "ERR"
            }
            None => {
                // gfloat's NaN is the code of all ones where the format has several.
                let (got, want) = (value(&format, result.code), hexfloat(row[5]));
                row[4] != "ERR" && same(&format, true, result.code, hex(row[4])) && (got == want || got.is_nan() && want.is_nan())
            }
        };
        score.check(good, || format!("{row:?}: {result:x?}"));
    });
    let counts =
        [("refused: NaN into a format without NaN", 485), ("refused: overflow into a format without infinity and NaN", 3009)];
    score.finish("minifloat_round_gfloat, deterministic", 88460, &counts);
}

#[test]
fn stochastic() {
    let (mut formats, mut rounders, mut score) = (Formats::default(), Rounders::default(), Score::default());
    let columns = "format,mode,srnumbits,srbits_hex,f32_bits,code_hex,value_hexfloat";
    csv("minifloat_round_gfloat/gfloat_round_stochastic_sat.csv.gz", columns, |row| {
        let (binary32, format) = (formats.get("fp32"), formats.get(row[0]));
        let x = value(&binary32, hex(row[4])).with_nan_sign(NanSign::Positive);
        let random_bits = row[2].parse().unwrap();
        let rounding = Rounding { round: mode(row[1]), random_bits, ..Rounding::nearest(Overflow::Saturate) };
        let rounder = rounders.get(row[..3].join(" "), || (format.clone(), rounding));
        let result = rounder.round_word(&x, hex(row[3]));
        score.count(row[1]);
        let good = result.code == hex(row[5]) && value(&format, result.code) == hexfloat(row[6]);
        score.check(good, || format!("{row:?}: {result:x?}"));
    });
    let counts = [("SR", 2750), ("SRO", 2750), ("SRF", 2750), ("SRFF", 2750)];
    score.finish("minifloat_round_gfloat, stochastic", 11000, &counts);
}
