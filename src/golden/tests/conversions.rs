//! Small things that mutants of the source showed to need a test of their own: conversions of exact values,
//! flags of a rounding, extents ruled by their negative end, reasons of refusals.
use narrowgen_golden::exact::Exact;
use narrowgen_golden::extent::Products;
use narrowgen_golden::format::{Format, TableFormat};
use narrowgen_golden::legal::legal;
use narrowgen_golden::names::parse;
use narrowgen_golden::policy::{NanTo, Overflow, Round, Rounding, Subnormals};
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

#[test]
fn the_negative_end_can_be_the_wider() {
    let sums = |a: &str, b: &str, terms| {
        let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
        Products::new(&a, Subnormals::Full, &b, Subnormals::Full).sums(terms)
    };
    // -6 ..= 3, and 0 ..= 6.
    let mixed = sums("uint1", "int2", 3);
    assert_eq!((mixed.min, mixed.max), (Exact::from(-6), Exact::from(3)));
    assert_eq!(sums("uint1", "int2", 3).bits(), 4);
    let unsigned = sums("uint1", "uint2", 2);
    assert_eq!((unsigned.min, unsigned.max), (Exact::zero(), Exact::from(6)));
}

#[test]
fn refusals_say_why() {
    let why = |format: &str, rounding: Rounding| legal(&parse(format).unwrap(), &rounding).unwrap_err().message;
    let plain = Rounding::nearest(Overflow::Saturate);
    assert!(why("nf4", Rounding { round: Round::Odd, ..plain }).contains("do not alternate"));
    assert!(why("binary", Rounding { round: Round::Rtz, ..plain }).contains("no zero to round toward"));
    assert!(why("e2m1fn", Rounding { overflow: Overflow::Nonfinite, ..plain }).contains("neither infinity nor NaN"));
    assert!(why("e4m3fn", Rounding { overflow: Overflow::Wrap, ..plain }).contains("integers wrap"));
    assert!(why("int4", Rounding { nan: NanTo::FlipZero, ..plain }).contains("no negative zero"));
    assert!(why("e4m3fn", Rounding { nan: NanTo::Max, ..plain }).contains("a NaN of its own"));
}

#[test]
fn tables_hold_a_value_for_every_code() {
    let table = |bits, values: usize| Format::Table(TableFormat { name: "t".into(), bits, values: vec![(1, 0); values] });
    assert!(table(3, 8).validate().is_ok());
    assert!(table(3, 7).validate().is_err());
    assert!(table(9, 512).validate().is_err());
}
