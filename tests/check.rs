//! Proofs by exhaustion and long random runs: golden model = native simulator = Verilator.
mod points;

use narrowgen::blocks::{self, Configured};
use narrowgen::flow::tool::{Tool, resolve};
use narrowgen::golden::legal;
use narrowgen::golden::names;
use narrowgen::golden::policy::Overflow;
use points::{Compared, Field};

fn block(name: &str, params: &[(&str, &str)]) -> Box<dyn Configured> {
    let given: Vec<(String, String)> = params.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    blocks::find(name).expect("a block").configure(&given).unwrap_or_else(|e| panic!("{name} {params:?}: {e}"))
}

/// Everything through the native simulator; through Verilator too unless it is missing.
fn agreed(compared: &Compared, exhaustive: usize, vectors: u64) {
    println!("{compared:?}");
    assert_eq!((compared.exhaustive, compared.native), (exhaustive, vectors));
    assert!(compared.verilator == vectors || compared.verilator == 0 && resolve(Tool::Verilator).is_err(), "{compared:?}");
}

/// The overflow policies that round, of a format.
fn overflows(format: &str) -> Vec<&'static str> {
    let format = names::parse(format).expect("a format");
    let all = [Overflow::Saturate, Overflow::Nonfinite].into_iter();
    all.filter(|o| legal::overflows(&format).contains(o)).map(Overflow::word).collect()
}

/// Every pair of codes of every two of these formats, into both formats, under every overflow policy.
#[test]
fn products_of_8_bit_formats() {
    const FORMATS: [&str; 6] = ["e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz", "e3m4", "int8"];
    let mut all = Vec::new();
    for a in FORMATS {
        for b in FORMATS {
            for out in if a == b { vec![a] } else { vec![a, b] } {
                for overflow in overflows(out) {
                    all.push(block("mul", &[("a", a), ("b", b), ("out", out), ("overflow", overflow)]));
                }
            }
        }
    }
    let count = all.len();
    assert_eq!(count, 121);
    agreed(&Field::new(all).check("products_of_8_bit_formats", 16, 0), count, count as u64 * 65_536);
}

/// Every minifloat of at most 6 bits with every special rule it allows.
fn small_formats() -> Vec<String> {
    let all = (2..=6u32).flat_map(|bits| (1..bits).map(move |e| (e, bits - 1 - e)));
    all.flat_map(|(e, m)| ["none", "ieee", "fn", "fnuz"].map(|special| format!("e{e}m{m}-{special}")))
        .filter(|name| names::parse(name).is_ok())
        .collect()
}

/// Every pair of codes of every format of at most 6 bits, under every overflow policy.
#[test]
fn products_of_small_formats() {
    let formats = small_formats();
    let (mut all, mut vectors) = (Vec::new(), 0);
    for f in &formats {
        for overflow in overflows(f) {
            all.push(block("mul", &[("a", f), ("b", f), ("out", f), ("overflow", overflow)]));
            vectors += 1 << (2 * names::parse(f).expect("a format").bits());
        }
    }
    let count = all.len();
    println!("{} formats, {count} multipliers", formats.len());
    assert!(formats.len() > 50, "{formats:?}");
    agreed(&Field::new(all).check("products_of_small_formats", 16, 0), count, vectors);
}

/// Every pair of codes of every two different formats of at most 6 bits, into the first. Verilator sees every eighth
/// multiplier, with `NARROWGEN_FULL=1` all.
#[test]
fn products_of_different_small_formats() {
    let full = std::env::var_os("NARROWGEN_FULL").is_some_and(|v| v == "1");
    let formats = small_formats();
    let (mut seen, mut other) = ((Vec::new(), 0), (Vec::new(), 0));
    for (i, a) in formats.iter().enumerate() {
        for (j, b) in formats.iter().enumerate().filter(|(j, _)| *j != i) {
            let part = if full || (i + 3 * j) % 8 == 0 { &mut seen } else { &mut other };
            part.0.push(block("mul", &[("a", a), ("b", b), ("out", a)]));
            part.1 += 1 << [a, b].map(|f| names::parse(f).expect("a format").bits()).iter().sum::<u32>();
        }
    }
    println!("{} multipliers through Verilator too, {} others", seen.0.len(), other.0.len());
    let count = seen.0.len();
    agreed(&Field::new(seen.0).check("products_of_different_small_formats", 16, 0), count, seen.1);
    let count = other.0.len();
    let compared = Field::new(other.0).check_native(16, 0);
    assert_eq!((compared.exhaustive, compared.native), (count, other.1));
}

/// Long random runs where there are too many inputs.
#[test]
fn long_random_runs() {
    let vectors = 1 << 20;
    let all = vec![
        block("mul", &[("a", "bf16"), ("b", "bf16"), ("out", "fp32")]),
        block("mac", &[("a", "fp16"), ("b", "fp16"), ("acc", "fp16")]),
        block("mac", &[("a", "e4m3fn"), ("b", "e4m3fn"), ("acc", "fp32")]),
        block("mac", &[("a", "fp32"), ("b", "fp32"), ("acc", "fp32")]),
        block("mac", &[("a", "e5m2"), ("b", "e4m3fn"), ("acc", "fp16"), ("round", "rtz")]),
    ];
    let count = all.len() as u64;
    agreed(&Field::new(all).check("long_random_runs", 16, vectors), 0, vectors * count);
}
