//! Rounding against a second opinion: the textbook encoder (align, round the significand to an integer, carry, then look
//! at overflow) on machine integers, over random formats of every kind and every legal policy.
use narrowgen_golden::decode::decode_word;
use narrowgen_golden::exact::Exact;
use narrowgen_golden::format::{Format, IntFormat, IntKind, Minifloat, Special};
use narrowgen_golden::names::{catalogue, name, parse};
use narrowgen_golden::policy::{NanTo, Overflow, Round, Rounding, Subnormals, Ties};
use narrowgen_golden::round::{Rounder, infinity_code, nan_code};
use narrowgen_golden::value::Value;
use narrowgen_golden::{legal, legal::PolicyError};
use proptest::prelude::*;

/// Rounds the magnitude n / 2^k to an integer; `even` and `odd` are about the code, whose parity is that of the integer plus
/// `parity`.
fn to_integer(n: u128, k: u32, negative: bool, parity: u128, round: &Rounding, random: u128) -> u128 {
    let (floor, rest, one) = (n >> k, n & ((1 << k) - 1), 1u128 << k);
    if rest == 0 {
        return floor;
    }
    let odd = (floor + parity) % 2 == 1;
    let bits = round.random_bits;
    let away = match round.round {
        Round::Rne => 2 * rest > one || 2 * rest == one && (odd || round.ties == Ties::Up && floor > 0),
        Round::Rna => 2 * rest >= one,
        Round::Rtz => false,
        Round::Up => !negative,
        Round::Down => negative,
        Round::Odd => !odd,
        Round::Stochastic => ((rest << bits) >> k) + random >= 1 << bits,
        Round::StochasticMid => ((rest << (bits + 1)) >> k) + 2 * random + 1 >= 2 << bits,
        Round::StochasticRne | Round::StochasticOdd => {
            let (whole, part) = ((rest << bits) >> k, (rest << bits) & (one - 1));
            let to_even = round.round == Round::StochasticRne;
            let up = 2 * part > one || 2 * part == one && (whole % 2 == 1) == to_even;
            whole + u128::from(up) + random >= 1 << bits
        }
    };
    floor + u128::from(away)
}

/// Does the mode stop at the largest number?
fn stops(round: Round, negative: bool) -> bool {
    matches!((round, negative), (Round::Rtz | Round::Odd, _) | (Round::Up, true) | (Round::Down, false))
}

/// ± n × 2^e, n > 0, as the textbook says.
fn minifloat(m: &Minifloat, rounding: &Rounding, n: u128, e: i64, negative: bool, random: u128) -> u64 {
    let format = Format::Minifloat(*m);
    let (bias, frac) = (i64::from(m.bias), i64::from(m.frac_bits));
    let log = e + 127 - i64::from(n.leading_zeros());
    // Without an exponent field everything is subnormal.
    let exponent = if m.exp_bits == 0 { 1 - bias } else { log.max(1 - bias) };
    let unit = exponent - frac;
    // n × 2^(e - unit): bring the fraction to k bits; what is far below the unit only matters as "not zero".
    let shift = e - unit;
    let (n, k) = match shift {
        0.. if shift < 60 => (n << shift, 0),
        0.. => (u128::MAX >> 8, 0), // far beyond the largest number
        -80..0 => (n, -shift as u32),
        _ => (1, 80),
    };
    let parity = if frac == 0 { (exponent + bias + 1) as u128 } else { 0 };
    let q = to_integer(n, k, negative, parity, rounding, random);
    // The code as if the exponent field were unlimited; a carry runs into the exponent by itself.
    let code = if q < 1 << frac { q } else { (((exponent + bias) as u128) << frac) + (q - (1 << frac)) };
    let last = u128::from(if negative && !m.signed { 0 } else { m.last_magnitude() });
    let sign = if negative && m.signed { 1u64 << (m.exp_bits + m.frac_bits) } else { 0 };
    if code > last && !stops(rounding.round, negative) && rounding.overflow == Overflow::Nonfinite {
        return infinity_code(&format, negative).or(nan_code(&format, negative)).unwrap();
    }
    let code = code.min(last) as u64;
    let code = if rounding.subnormals == Subnormals::Flush && code >> m.frac_bits == 0 { 0 } else { code };
    if code == 0 && !format.has_negative_zero() { 0 } else { sign | code }
}

fn integer(i: &IntFormat, rounding: &Rounding, n: u128, e: i64, negative: bool, random: u128) -> u64 {
    let shift = e - i64::from(i.lsb_exp);
    let (n, k) = match shift {
        0.. if shift < 60 => (n << shift, 0),
        0.. => return u64::MAX, // not asked
        -80..0 => (n, -shift as u32),
        _ => (1, 80),
    };
    let q = to_integer(n, k, negative, 0, rounding, random) as i128;
    let q = if negative { -q } else { q };
    let half = 1i128 << (i.bits - 1);
    let (min, max) = match i.kind {
        IntKind::Unsigned => (0, 2 * half - 1),
        IntKind::Twos => (-half, half - 1),
        IntKind::Symmetric | IntKind::SignMagnitude => (1 - half, half - 1),
    };
    let q = if rounding.overflow == Overflow::Wrap { q } else { q.clamp(min, max) };
    let code = if i.kind == IntKind::SignMagnitude && q < 0 { half - q } else { q };
    (code as u128 & ((2 * half as u128) - 1)) as u64
}

fn formats() -> impl Strategy<Value = Format> {
    let special = prop_oneof![
        Just(Special::None),
        Just(Special::Ieee),
        Just(Special::Fn),
        Just(Special::Fnuz),
        any::<bool>().prop_map(|extended| Special::P3109 { extended }),
    ];
    let frac = prop_oneof![3 => 0u32..=4, 1 => 0u32..=23];
    let minifloat = (any::<bool>(), 0u32..=8, frac, special, prop::option::of(-40i32..40)).prop_map(
        |(unsigned, exp_bits, frac_bits, special, bias)| {
            let mut m = Minifloat { exp_bits, frac_bits, ..Minifloat::new(1, 0, special) };
            m.signed = !(unsigned && matches!(special, Special::P3109 { .. }));
            m.bias = bias.unwrap_or(m.default_bias());
            Format::Minifloat(m)
        },
    );
    let kind = prop_oneof![Just(IntKind::Unsigned), Just(IntKind::Twos), Just(IntKind::Symmetric), Just(IntKind::SignMagnitude)];
    let int = (1u32..=24, kind, -8i32..8).prop_map(|(bits, kind, lsb_exp)| Format::Int(IntFormat { bits, kind, lsb_exp }));
    prop_oneof![3 => minifloat, 1 => int].prop_filter("valid", |f| f.validate().is_ok())
}

fn pick<T: Copy>(list: &[T], choice: u64) -> T {
    list[choice as usize % list.len()]
}

/// Every legal policy can come out.
fn policy(format: &Format, choice: u64) -> Rounding {
    let round = pick(&legal::rounds(format), choice);
    Rounding {
        round,
        overflow: pick(&legal::overflows(format), choice >> 8),
        nan: pick(&legal::nans(format), choice >> 16),
        subnormals: pick(&legal::subnormals(format), choice >> 24),
        random_bits: if round.is_stochastic() { 1 + (choice >> 32) as u32 % 20 } else { 0 },
        ties: pick(&legal::ties(format, round), choice >> 40),
    }
}

/// A number near a code: the code's value times 2^s plus a little, or half way to the next code.
fn near(format: &Format, code: u64, s: u32, extra: i64) -> (u128, i64, bool) {
    let x = decode_word(format, Subnormals::Full, code).exact().unwrap_or_else(|| Exact::from(1));
    let (mantissa, exponent) = (i128::try_from(x.mantissa()).unwrap(), x.exponent());
    // Bring the mantissa to the unit of the format, where the halves are.
    let unit = match format {
        Format::Minifloat(m) => (exponent + 23 - i64::from(m.frac_bits)).min(exponent),
        _ => exponent,
    };
    let scaled = (mantissa << (exponent - unit) << s) + i128::from(extra);
    (scaled.unsigned_abs().max(1), unit - i64::from(s), scaled < 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn textbook(format in formats(), choice in any::<u64>(), code in any::<u64>(), s in 0u32..12, extra in prop_oneof![-4i64..=4, -5000i64..5000], random in any::<u64>()) {
        let rounding = policy(&format, choice);
        let rounder = Rounder::new(&format, rounding).unwrap();
        let (n, e, negative) = near(&format, code, s, extra);
        let x = Exact::from_parts(negative, n, e);
        let bits = u128::from(random) & ((1 << rounding.random_bits) - 1);
        let want = match &format {
            Format::Minifloat(m) => minifloat(m, &rounding, n, e, negative, bits),
            Format::Int(i) => integer(i, &rounding, n, e, negative, bits),
            _ => unreachable!(),
        };
        let got = rounder.round_word(&Value::Finite(x.clone()), random).code;
        prop_assert_eq!(got, want, "{} {:?} {}", name(&format), rounding, x);
    }

    #[test]
    fn codes_keep_their_value(format in formats(), choice in any::<u64>(), code in any::<u64>(), random in any::<u64>()) {
        let rounding = Rounding { subnormals: Subnormals::Full, ..policy(&format, choice) };
        let rounder = Rounder::new(&format, rounding).unwrap();
        let x = decode_word(&format, Subnormals::Full, code);
        let back = rounder.round_value(&x, random);
        match &x {
            Value::Finite(_) => prop_assert!(back == x || matches!(&format, Format::Int(i) if i.kind == IntKind::Symmetric)),
            Value::Zero { .. } => prop_assert_eq!(back, x),
            Value::Nan { .. } => prop_assert!(back.is_nan()),
            Value::Infinite { .. } => prop_assert_eq!(back == x, rounding.overflow == Overflow::Nonfinite),
        }
    }

    #[test]
    fn tables(index in 0usize..13, round in 0usize..60, numerator in -4000i64..4000, scale in 0i64..14) {
        let tables: Vec<Format> = catalogue().into_iter().map(|e| e.format).filter(|f| matches!(f, Format::Table(_))).collect();
        prop_assert_eq!(tables.len(), 13);
        let format = &tables[index];
        let rounds: Vec<Round> = legal::rounds(format).into_iter().filter(|r| !r.is_stochastic()).collect();
        let round = rounds[round % rounds.len()];
        let rounder = Rounder::new(format, Rounding { round, ..Rounding::nearest(Overflow::Saturate) }).unwrap();
        let x = Exact::new(numerator, -scale);
        let values: Vec<Exact> =
            (0..1 << format.bits()).map(|c| decode_word(format, Subnormals::Full, c).exact().unwrap()).collect();
        let code = rounder.round_word(&Value::number(x.clone(), false), 0).code;
        let got = &values[code as usize];
        // Always the lowest code of its value.
        prop_assert_eq!(values.iter().position(|v| v == got), Some(code as usize));
        let (least, most) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        if x <= *least || x >= *most {
            prop_assert_eq!(got, if x <= *least { least } else { most });
            return Ok(());
        }
        let below = values.iter().filter(|v| **v <= x).max().unwrap();
        let above = values.iter().filter(|v| **v >= x).min().unwrap();
        match round {
            Round::Up => prop_assert_eq!(got, above),
            Round::Down => prop_assert_eq!(got, below),
            Round::Rtz => prop_assert_eq!(got, if x.is_negative() { above } else { below }),
            _ => {
                let distance = |v: &Exact| (v - &x).abs();
                prop_assert_eq!(distance(got), values.iter().map(distance).min().unwrap());
                if below != above && distance(below) == distance(above) {
                    let other = if got == below { above } else { below };
                    let lowest = |v: &Exact| values.iter().position(|w| w == v).unwrap();
                    let by_code = round == Round::Rne && !x.is_zero() && lowest(below) % 2 != lowest(above) % 2;
                    let good = if by_code { code.is_multiple_of(2) } else if x.is_zero() { got > other } else { got.cmp_abs(other).is_gt() };
                    prop_assert!(good, "{} between {} and {}: {}", x, below, above, got);
                }
            }
        }
    }
}

fn code(format: &str, rounding: Rounding, x: f64) -> u64 {
    Rounder::new(&parse(format).unwrap(), rounding).unwrap().round_word(&Value::from_f64(x), 0).code
}

#[test]
fn published_values() {
    let saturate = Rounding::nearest(Overflow::Saturate);
    let nonfinite = Rounding::nearest(Overflow::Nonfinite);
    let value =
        |format: &str, rounding, x| decode_word(&parse(format).unwrap(), Subnormals::Full, code(format, rounding, x)).to_f64();
    for (x, want) in
        [(0.25, 0.0), (0.75, 1.0), (1.25, 1.0), (1.75, 2.0), (2.5, 2.0), (3.5, 4.0), (5.0, 4.0), (5.01, 6.0), (100.0, 6.0)]
    {
        assert_eq!(value("e2m1fn", saturate, x), Some(want), "{x}");
    }
    for (x, want) in [(0.03125, 0.0), (0.0313, 0.0625), (30.0, 28.0)] {
        assert_eq!(value("e3m2fn", saturate, x), Some(want), "{x}");
    }
    for (format, x, want) in [
        ("e4m3fn", 464.0, 0x7e),
        ("e4m3fn", 464.1, 0x7f),
        ("e4m3fn", -f64::INFINITY, 0xff),
        ("e5m2", 61439.0, 0x7b),
        ("e5m2", 61440.0, 0x7c),
        ("e4m3fnuz", 247.0, 0x7f),
        ("e4m3fnuz", 248.0, 0x80),
        ("e8m0fnu", 0.0, 0xff),
        ("e8m0fnu", -1.0, 0xff),
        ("e8m0fnu", 1e-300, 0x00),
        ("e8m0fnu", 1e300, 0xff),
        ("e8m0fnu", 3.0, 0x80),
        ("e8m0fnu", 1.5, 0x80),
        ("p3109_k8p3ue", -1.0, 0xff),
        ("p3109_k8p3ue", -f64::INFINITY, 0xff),
        ("p3109_k8p3ue", f64::INFINITY, 0xfe),
    ] {
        assert_eq!(code(format, nonfinite, x), want, "{format} {x}");
    }
    // No fraction bits: 0.75 is half way between 0.5 (code 2) and 1 (code 3).
    assert_eq!(value("e3m0-none", saturate, 0.75), Some(0.5));
    assert_eq!(value("e3m0-none", Rounding { ties: Ties::Up, ..saturate }, 0.75), Some(1.0));
    assert_eq!(value("e3m0-none", Rounding { ties: Ties::Up, ..saturate }, 0.125), Some(0.0));
    for (format, x, want) in [
        ("e8m0fnu", 0.0, 0x00),
        ("e8m0fnu", f64::INFINITY, 0xfe),
        ("e8m0fnu", -f64::INFINITY, 0x00),
        ("p3109_k8p3uf", -1.0, 0x00),
        ("binary", 0.0, 1),
        ("denseshift3", 0.0, 0),
        ("int8-sym", -200.0, 0x81),
        ("int8-sm", -200.0, 0xff),
        ("int8", f64::NEG_INFINITY, 0x80),
        ("uint8", -3.0, 0),
        ("mxint8", -7.0, 0x80),
    ] {
        assert_eq!(code(format, saturate, x), want, "{format} {x}");
    }
    let wrap = Rounding::nearest(Overflow::Wrap);
    assert_eq!(code("int8", wrap, 130.0), 0x82);
    assert_eq!(code("uint8", wrap, -3.0), 0xfd);
    assert_eq!(code("int8", wrap, f64::INFINITY), 0x7f);
}

#[test]
fn overflow_is_reported() {
    let saturate = Rounding::nearest(Overflow::Saturate);
    for (format, round, x, overflow) in [
        ("e2m1fn", Round::Rne, 6.9, false),
        ("e2m1fn", Round::Rne, 7.1, true),
        ("e2m1fn", Round::Rtz, 100.0, false),
        ("e2m1fn", Round::Up, -100.0, false),
        ("e2m1fn", Round::Up, 6.1, true),
        ("e2m1fn", Round::Rtz, f64::INFINITY, true),
        ("int8", Round::Rne, 127.4, false),
        ("int8", Round::Rne, 127.5, true),
        ("int8", Round::Rtz, 1e6, false),
        ("int8", Round::Rne, -128.5, false),
        ("int8", Round::Rne, -129.0, true),
        ("nf4", Round::Rne, 1.0, false),
        ("nf4", Round::Rne, 1.1, true),
        ("nf4", Round::Rne, -1.1, true),
        ("nf4", Round::Rne, f64::INFINITY, true),
        ("nf4", Round::Rne, -f64::INFINITY, true),
        ("e8m0fnu", Round::Rne, 0.0, true),
        ("e8m0fnu", Round::Rne, 1e300, true),
        ("e8m0fnu", Round::Rne, 1e-300, false),
    ] {
        let rounder = Rounder::new(&parse(format).unwrap(), Rounding { round, ..saturate }).unwrap();
        let got = rounder.round_word(&Value::from_f64(x), 0);
        assert_eq!((got.overflow, got.nan), (overflow, false), "{format} {round} {x}");
    }
}

#[test]
fn signedness() {
    for (format, signed) in [
        ("e4m3fn", true),
        ("p3109_k8p3ue", false),
        ("e8m0fnu", false),
        ("int8", true),
        ("int8-sm", true),
        ("uint8", false),
        ("nf4", true),
        ("binary", true),
    ] {
        assert_eq!(parse(format).unwrap().is_signed(), signed, "{format}");
    }
    let unsigned = narrowgen_golden::names::table_from_text("levels", "0 1 2 3").unwrap();
    assert!(!Format::Table(unsigned).is_signed());
}

#[test]
fn nan_policies() {
    let saturate = Rounding::nearest(Overflow::Saturate);
    for (format, nan, positive, negative) in [
        ("e2m1fn", NanTo::Zero, 0x0, 0x0),
        ("e2m1fn", NanTo::Max, 0x7, 0x7),
        ("e2m1fn", NanTo::FlipZero, 0x8, 0x0),
        ("int8", NanTo::Max, 0x7f, 0x7f),
        ("uint8", NanTo::Max, 0xff, 0xff),
        ("binary", NanTo::Zero, 1, 1),
        ("nf4", NanTo::Max, 15, 15),
        ("e3m0-ieee", NanTo::Max, 0x6, 0x6),
        ("e4m3fn", NanTo::Zero, 0x7f, 0xff),
        ("e5m2", NanTo::Zero, 0x7e, 0xfe),
        ("e4m3fnuz", NanTo::Zero, 0x80, 0x80),
        ("p3109_k8p3ue", NanTo::Zero, 0xff, 0xff),
        ("e8m0fnu", NanTo::Zero, 0xff, 0xff),
    ] {
        let rounder = Rounder::new(&parse(format).unwrap(), Rounding { nan, ..saturate }).unwrap();
        for (sign, want) in [(false, positive), (true, negative)] {
            let got = rounder.round_word(&Value::Nan { negative: sign }, 0);
            assert_eq!((got.code, got.nan), (want, !rounder.format().has_nan()), "{format} {nan} {sign}");
        }
    }
}

#[test]
fn refused_policies_name_what_is_allowed() {
    let saturate = Rounding::nearest(Overflow::Saturate);
    for (format, rounding, param, part) in [
        ("e2m1fn", Rounding::nearest(Overflow::Nonfinite), "overflow", "allowed: saturate"),
        ("e4m3fn", Rounding::nearest(Overflow::Wrap), "overflow", "allowed: saturate, nonfinite"),
        ("int8-sym", Rounding::nearest(Overflow::Wrap), "overflow", "allowed: saturate"),
        ("int8", Rounding::nearest(Overflow::Nonfinite), "overflow", "allowed: saturate, wrap"),
        ("e4m3fn", Rounding { nan: NanTo::Max, ..saturate }, "nan", "allowed: zero"),
        ("int8", Rounding { nan: NanTo::FlipZero, ..saturate }, "nan", "allowed: zero, max"),
        ("e3m0-none", Rounding { subnormals: Subnormals::Flush, ..saturate }, "subnormals-out", "allowed: full"),
        ("p3109_k4p4sf", Rounding { subnormals: Subnormals::Flush, ..saturate }, "subnormals-out", "allowed: full"),
        ("e4m3fn", Rounding { ties: Ties::Up, ..saturate }, "ties", "allowed: even"),
        ("e3m0-none", Rounding { ties: Ties::Up, round: Round::Rna, ..saturate }, "ties", "allowed: even"),
        ("e4m3fn", Rounding { round: Round::Stochastic, ..saturate }, "random-bits", "1 to 32"),
        ("e4m3fn", Rounding { round: Round::Stochastic, random_bits: 33, ..saturate }, "random-bits", "1 to 32"),
        ("e4m3fn", Rounding { random_bits: 3, ..saturate }, "random-bits", "allowed: 0"),
        ("nf4", Rounding { round: Round::Odd, ..saturate }, "round", "allowed: rne, rna, rtz, up, down"),
        ("binary", Rounding { round: Round::Rtz, ..saturate }, "round", "allowed: rne, rna, up, down"),
    ] {
        let error: PolicyError = Rounder::new(&parse(format).unwrap(), rounding).expect_err(format);
        assert_eq!(error.param, param, "{format}: {error}");
        assert!(error.message.contains(part), "{format}: {error}");
    }
    let e3m0 = parse("e3m0-none").unwrap();
    assert_eq!(legal::legal_operand(&e3m0, Subnormals::Flush).map_err(|e| e.param), Err("subnormals-in"));
    assert_eq!(legal::legal_operand(&parse("bf16").unwrap(), Subnormals::Flush), Ok(()));
}
