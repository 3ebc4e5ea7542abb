//! Names of formats: round trip, aliases, and messages that list what is allowed.
use narrowgen_golden::format::{BIAS_LIMIT, Format, IntFormat, IntKind, Minifloat, Special};
use narrowgen_golden::names::{catalogue, ident, name, parse};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn formats() -> impl Strategy<Value = Format> {
    let special = prop_oneof![
        Just(Special::None),
        Just(Special::Ieee),
        Just(Special::Fn),
        Just(Special::Fnuz),
        any::<bool>().prop_map(|extended| Special::P3109 { extended }),
    ];
    let bias = prop_oneof![Just(None), (-BIAS_LIMIT..=BIAS_LIMIT).prop_map(Some), (-3i32..20).prop_map(Some)];
    let minifloat =
        (any::<bool>(), 0u32..=8, 0u32..=23, special, bias).prop_map(|(unsigned, exp_bits, frac_bits, special, bias)| {
            let mut m = Minifloat { exp_bits, frac_bits, ..Minifloat::new(1, 0, special) };
            m.signed = !(unsigned && matches!(special, Special::P3109 { .. }));
            m.bias = bias.unwrap_or(m.default_bias());
            Format::Minifloat(m)
        });
    let kind = prop_oneof![Just(IntKind::Unsigned), Just(IntKind::Twos), Just(IntKind::Symmetric), Just(IntKind::SignMagnitude)];
    let lsb_exp = prop_oneof![Just(0), Just(-6), -BIAS_LIMIT..=BIAS_LIMIT];
    let int = (1u32..=64, kind, lsb_exp).prop_map(|(bits, kind, lsb_exp)| Format::Int(IntFormat { bits, kind, lsb_exp }));
    let named = (0..catalogue().len()).prop_map(|i| catalogue()[i].format.clone());
    prop_oneof![minifloat, int, named].prop_filter("valid", |f| f.validate().is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn name_and_back(format in formats()) {
        prop_assert_eq!(parse(&name(&format)), Ok(format.clone()), "{}", name(&format));
        let ident = ident(&format);
        prop_assert!(ident.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{}", ident);
    }

    #[test]
    fn identifiers_differ(a in formats(), b in formats()) {
        prop_assert_eq!(ident(&a) == ident(&b), a == b);
    }

    #[test]
    fn any_text_is_harmless(text in "[ -~]{0,24}|(float[0-9]_)?e[0-9]{1,3}m[0-9]{1,12}(b-?[0-9]{0,4})?(-[a-z0-9]{0,8})?|u?int-?[0-9]{0,12}(-q-?[0-9]{0,9})?|p3109_k[0-9]{0,3}p[0-9]{0,3}[su]?[ef]?|é.*") {
        match parse(&text) {
            Ok(format) => {
                prop_assert_eq!(format.validate(), Ok(()));
                prop_assert_eq!(parse(&name(&format)), Ok(format));
            }
            Err(message) => prop_assert!(!message.is_empty()),
        }
    }
}

#[test]
fn catalogue_is_consistent() {
    let mut seen = BTreeMap::new();
    for entry in catalogue() {
        assert_eq!(entry.format.validate(), Ok(()), "{}", entry.name);
        assert_eq!(name(&entry.format), entry.name);
        for alias in entry.aliases.iter().chain([&entry.name]) {
            assert_eq!(parse(alias).as_ref(), Ok(&entry.format), "{alias}");
            assert_eq!(parse(&alias.to_uppercase()).as_ref(), Ok(&entry.format), "{alias}");
            assert_eq!(seen.insert(alias.to_string(), ()), None, "{alias} twice");
        }
    }
    assert!(seen.len() > 40);
}

#[test]
fn other_spellings() {
    for (text, canonical) in [
        ("float8_e4m3fn", "e4m3fn"),
        ("float8_e5m2", "e5m2"),
        ("float8_e4m3b11fnuz", "e4m3b11fnuz"),
        ("float8_e8m0fnu", "e8m0fnu"),
        ("float6_e2m3fn", "e2m3fn"),
        ("float4_e2m1fn", "e2m1fn"),
        ("e2m1-none", "e2m1fn"),
        ("e4m3-fn", "e4m3fn"),
        ("e4m3b7-fn", "e4m3fn"),
        ("e4m3-ieee", "e4m3"),
        ("e8m7-ieee", "bf16"),
        ("e5m10-ieee", "fp16"),
        ("e8m23-ieee", "fp32"),
        ("half", "fp16"),
        ("mini_e4m2b7", "e4m2-none"),
        ("mini_e1m0b-2", "e1m0b-2-none"),
        ("int8-q6", "mxint8"),
        ("int8-q0", "int8"),
        ("pot4", "e3m0b7-none"),
        ("e5m2-p3109se", "p3109_k8p3se"),
        ("e6m2-p3109ue", "p3109_k8p3ue"),
        ("e5m2b15-p3109sf", "e5m2b15-p3109sf"),
        (" E4M3FN ", "e4m3fn"),
        ("e8m0", "e8m0fnu"),
    ] {
        assert_eq!(parse(text).map(|f| name(&f)).as_deref(), Ok(canonical), "{text}");
    }
    assert_ne!(parse("e2m1fn"), parse("e2m1-fn"));
}

#[test]
fn messages_list_what_is_possible() {
    for (text, parts) in [
        ("e4m2", &["ambiguous", "e4m2-none", "e4m2-ieee", "e4m2-fn", "e4m2-fnuz"][..]),
        ("e2m1", &["ambiguous", "e2m1fn (= e2m1-none)", "e2m1-fn"]),
        ("e4m2fn", &["e4m2-fn"]),
        ("e9m2-fn", &["9 exponent bits", "1..=8"]),
        ("e4m24-fn", &["24 fraction bits", "0..=23"]),
        ("e4m3b5000-fn", &["bias 5000", "-1023..=1023"]),
        ("e1m0-fn", &["no number but zero"]),
        ("fp8", &["e4m3fn", "e5m2"]),
        ("float6", &["e3m2fn", "e2m3fn"]),
        ("fp4", &["e2m1fn", "bnb_fp4"]),
        ("float6_e4m3fn", &["float8_e4m3fn"]),
        ("int", &["int8"]),
        ("int0", &["0 bits", "1..=64"]),
        ("int65", &["65 bits", "1..=64"]),
        ("int1-sym", &["2..=64"]),
        ("int99999999999", &["1..=64"]),
        ("int8-foo", &["-sym", "-sm", "-qF"]),
        ("uint8-sym", &["-qF"]),
        ("e4m3f", &["e4m3fn"]),
        ("nf5", &["nf4"]),
        ("", &["known", "e4m3fn", "nf4"]),
        ("banana", &["known", "e4m3fn"]),
        ("p3109_k8p9se", &["p3109_k8p3se"]),
    ] {
        let message = parse(text).expect_err(text);
        for part in parts {
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
