//! Quantisers with a scale that is a number, against a search by cross-multiplication: which code's value is nearest to a / b is
//! decided on integers, without a quotient.
use narrowgen_golden::decode::decode_word;
use narrowgen_golden::format::Format;
use narrowgen_golden::mx::quantize_by_ratio;
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{Overflow, Round, Rounding, Subnormals};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;

/// Magnitudes by code up to the largest, in units of 2^-24, which divides all values here.
fn magnitudes(format: &Format) -> Vec<i128> {
    let number = |code| decode_word(format, Subnormals::Full, code).exact();
    (0..1 << (format.bits() - 1))
        .map_while(number)
        .map(|x| {
            let n = x.scale(24).to_integer().expect("a multiple of 2^-24");
            i128::try_from(n).expect("small")
        })
        .collect()
}

/// The code of a / b (in the same units, b above 0): nearest with ties to the even code, or towards 0.
fn code(values: &[i128], a: i128, b: i128, nearest: bool) -> usize {
    const UNIT: i128 = 1 << 24;
    // v / 2^24 against a / b.
    let below = values.iter().rposition(|v| v * b <= a * UNIT).expect("0 is below");
    let Some(above) = values.get(below + 1).filter(|_| nearest) else { return below };
    let (to_below, to_above) = (a * UNIT - values[below] * b, above * b - a * UNIT);
    if to_below < to_above || to_below == to_above && below % 2 == 0 { below } else { below + 1 }
}

#[test]
fn scales_and_elements_are_the_nearest() {
    let [e4m3, e2m1, from, tensors] = ["e4m3fn", "e2m1fn", "e4m3", "e3m4"].map(|n| parse(n).unwrap());
    let scales = Rounder::new(&e4m3, Rounding::nearest(Overflow::Saturate)).unwrap();
    let (of_scale, of_element) = (magnitudes(&e4m3), magnitudes(&e2m1));
    let (amaxes, of_tensor) = (magnitudes(&from), magnitudes(&tensors));
    let mut compared = 0;
    for round in [Round::Rne, Round::Rtz] {
        let elements = Rounder::new(&e2m1, Rounding { round, ..Rounding::nearest(Overflow::Saturate) }).unwrap();
        for (t, tensor) in of_tensor.iter().enumerate().skip(1) {
            for (i, amax) in amaxes.iter().enumerate() {
                // The largest number, and another one that is no larger.
                let j = i * 5 / 7;
                let value = |c: usize| decode_word(&from, Subnormals::Full, c as u64);
                let values = [value(i), value(j)];
                let tensor_value: Value = decode_word(&tensors, Subnormals::Full, t as u64);
                let (scale, found) = quantize_by_ratio(&values, &tensor_value, &scales, &elements);
                let want = code(&of_scale, *amax, 6 * tensor, true);
                assert_eq!(scale, want as u64, "{i} / (6 * {t})");
                // tensor · scale is in units of 2^-48, so the numbers above it are, too.
                let by = tensor * of_scale[want];
                for (x, found) in [*amax, amaxes[j]].into_iter().zip(found) {
                    let want = if by == 0 { 0 } else { code(&of_element, x << 24, by, round == Round::Rne) };
                    assert_eq!(found, want.into(), "{x} / ({t} * {scale}) {round:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 40_000, "{compared}");
}
