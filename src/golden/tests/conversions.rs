//! Small things that only people look at: conversions of exact values, flags of a rounding.
use narrowgen_golden::exact::Exact;
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{NanTo, Overflow, Rounding};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;
use num_bigint::BigInt;

#[test]
fn exact_values_as_integers() {
    for n in -300i64..300 {
        assert_eq!(Exact::from(n).to_integer(), Some(BigInt::from(n)));
        assert_eq!(Exact::new(n, 3).to_integer(), Some(BigInt::from(8 * n)));
        assert_eq!(Exact::new(n, -1).to_integer(), (n % 2 == 0).then(|| BigInt::from(n / 2)));
    }
}

#[test]
fn values_as_binary64() {
    let bits = |v: Value| v.to_f64().map(f64::to_bits);
    for x in [0.0, -0.0, 1.5, -1.5, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::from_bits(1), -f64::MIN_POSITIVE] {
        assert_eq!(bits(Value::from_f64(x)), Some(x.to_bits()), "{x}");
    }
    assert!(Value::from_f64(f64::NAN).to_f64().is_some_and(f64::is_nan));
    assert_eq!(Value::Finite(Exact::power_of_two(1024)).to_f64(), None);
    assert_eq!(Value::Finite(Exact::power_of_two(-1075)).to_f64(), None);
    assert_eq!(Value::Finite(Exact::new((1i64 << 53) + 1, 0)).to_f64(), None);
}

#[test]
fn nan_without_a_nan_is_flagged_as_such() {
    for nan in [NanTo::Zero, NanTo::Max] {
        let rounder = Rounder::new(&parse("e2m1fn").unwrap(), Rounding { nan, ..Rounding::nearest(Overflow::Saturate) }).unwrap();
        let result = rounder.round_word(&Value::NAN, 0);
        assert!(result.nan && !result.overflow);
        assert_eq!(result.code, if nan == NanTo::Max { 7 } else { 0 });
        let large = rounder.round_word(&Value::from_f64(100.0), 0);
        assert!(large.overflow && !large.nan);
        let plain = rounder.round_word(&Value::from_f64(1.0), 0);
        assert!(!plain.overflow && !plain.nan);
    }
}
