//! Requantisation, dequantisation and unpacking: hardware against golden models under every parameter, the worked
//! examples of the papers, clean Verilog, and constants from real scales.
mod points;
mod support;
use narrowgen::flow::lint;
use narrowgen::flow::tool::for_tests;
use narrowgen::golden::int::{from_code, to_code};
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use num_bigint::{BigInt, BigUint};
use points::Field;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::ffi::OsString;
use support::{check, check_block, configure};

/// The outputs of both engines for one row, which must agree.
fn run(block: &str, params: &str, inputs: &[BigUint]) -> Vec<BigUint> {
    let block = configure(block, params).unwrap_or_else(|e| panic!("{params}: {e}"));
    let mut golden = Vec::new();
    block.golden().step(inputs, &mut golden);
    let widths: Vec<u32> = block.ports().iter().filter(|p| p.input).map(|p| p.bits).collect();
    let mut rows = Rows::new(&widths);
    rows.push(inputs);
    let found = Sim::new(&block.design().expect("a design")).expect("a simulator").run(&rows, 0).expect("a run");
    let native: Vec<BigUint> = (0..found.widths().len()).map(|c| found.get(0, c)).collect();
    assert_eq!(golden, native, "{params}");
    golden
}

#[test]
fn halves_of_the_three_rules() {
    for (rule, want) in [("half_even", [0, 2, 0, -2, 2]), ("half_up", [1, 2, 0, -1, 3]), ("half_away", [1, 2, -1, -2, 3])] {
        for (acc, want) in [1i64, 3, -1, -3, 5].into_iter().zip(want) {
            let x = to_code(&acc.into(), 32);
            let constant = run("requant", &format!("b=1073741824 c=31 round={rule}"), std::slice::from_ref(&x));
            let port = run("requant", &format!("b=port c=port round={rule}"), &[x, (1u32 << 30).into(), 31u32.into()]);
            assert_eq!(constant, port);
            assert_eq!(from_code(&constant[0], 8), BigInt::from(want), "{rule} {acc}");
        }
    }
}

#[test]
fn printed_accumulators() {
    let results = [(41i64, 1i64), (-41, -1), (1000, 12), (-1000, -12), (123456, 1519), (2147483647, 26414049)];
    for (acc, want) in results.into_iter().chain([(-2147483648, -26414049)]) {
        let y = run("requant", "b=1690499128 c=37 to=int32", &[to_code(&acc.into(), 32)]);
        assert_eq!(from_code(&y[0], 32), BigInt::from(want), "{acc}");
    }
    // Large c: 0 unless the product reaches half of 2^c; c below 0: exact, then clamped.
    let twos = |acc: i64| [to_code(&acc.into(), 32)];
    assert_eq!(run("requant", "b=1 c=100", &twos(i64::from(i32::MIN)))[0], BigUint::ZERO);
    assert_eq!(run("requant", "b=3 c=-2", &twos(-5))[0], to_code(&(-60).into(), 8));
    assert_eq!(run("requant", "b=3 c=-20", &twos(-5))[0], to_code(&(-128).into(), 8));
    assert_eq!(run("requant", "b=-3 c=1 to=uint4", &twos(-5))[0], 8u32.into());
}

/// Double Rounding: a stored 8-bit code read at 4 bits.
#[test]
fn bit_switching() {
    for (high, low) in [(127, 7), (120, 7), (119, 7), (8, 1), (7, 0), (-8, 0), (-9, -1), (-128, -8)] {
        let y = run("requant", "from=int8 to=int4 b=1 c=4", &[to_code(&high.into(), 8)]);
        assert_eq!(from_code(&y[0], 4), BigInt::from(low), "{high}");
    }
}

#[test]
fn printed_dequantised_values() {
    let dgq = "code=uint4 zero=uint4 scale=uint7 out=int8 overflow=saturate saturated=flag lanes=1";
    for (u, z, s, want, flag) in [(15u32, 3u32, 10u32, 120, 0u32), (0, 15, 8, -120, 0), (15, 0, 127, 127, 1)] {
        let y = run("dequant", dgq, &[u.into(), s.into(), z.into()]);
        assert_eq!((from_code(&y[0], 8), &y[1]), (BigInt::from(want), &flag.into()));
    }
    for (code, want) in [(0x1fu32, 0x4f00u32), (0x01, 0x2c00), (0x3f, 0xcf00)] {
        let y = run("dequant", "code=e3m2fn lanes=1", &[code.into(), 0x3c00u32.into()]);
        assert_eq!(y[0], want.into());
    }
}

/// FP6 and its kin as FP6-LLM makes fp16 of them: fields put at fp16's places, times a power of two. All codes exact.
#[test]
fn small_floats_are_shifted_into_half_precision() {
    let mut codes = 0;
    for (e, f) in [(3u32, 2u32), (2, 2), (3, 1), (2, 1), (4, 3), (1, 3)] {
        let format = format!("e{e}m{f}-none");
        let factor = (15 + 15 + 1 - (1u32 << (e - 1))) << 10; // 2^(16 - 2^(e-1)) in fp16
        for code in 0u32..1 << (1 + e + f) {
            let (sign, fields) = (code >> (e + f), code & ((1 << (e + f)) - 1));
            let h = sign << 15 | fields << (10 - f);
            let placed = run("mul", "a=fp16 b=fp16 out=fp16", &[h.into(), factor.into()]);
            let direct = run("dequant", &format!("code={format} lanes=1"), &[code.into(), 0x3c00u32.into()]);
            assert_eq!(placed, direct, "{format} {code:x}");
            codes += 1;
        }
    }
    assert_eq!(codes, 64 + 32 + 32 + 16 + 256 + 32);
}

/// Representative parameters, each used in some checkpoint or paper.
const DEQUANT: &[&str] = &[
    "code=uint4 zero=uint4 scale=fp16",
    "code=int8 scale=bf16 out=bf16 lanes=4",
    "code=int4 scale=fp32 out=fp32 lanes=2",
    "code=uint4 zero=uint4 scale=uint7 out=int8 overflow=saturate saturated=flag",
    "code=uint4 zero=uint4 scale=int8 out=int8 overflow=wrap saturated=flag lanes=3",
    "code=e3m2fn scale=fp16",
    "code=e2m2-none scale=fp16 lanes=3",
    "code=nf4 scale=fp32 roundings=fp32 lanes=4",
    "code=bnb_fp4 scale=fp32 roundings=fp32 out=bf16 lanes=4",
    "code=nf4 scale=bnb_dynamic8 scale2=fp32 out=fp16 lanes=1",
    "code=uint2 zero=fp16 scale=fp16 roundings=fp16",
    "code=uint3 zero=bf16 scale=bf16 roundings=bf16 out=bf16 lanes=2",
    "code=int2 zero=fp16 form=add scale=fp16 lanes=4",
    "code=int2 zero=fp16 form=add scale=fp16 roundings=fp16 lanes=4",
    "code=uint4 zero=fp16 form=add scale=fp16 roundings=fp32 out=fp32 lanes=2",
    "code=e2m1fn scale=e4m3fn scale2=fp32 out=bf16 lanes=4",
    "code=e4m3fn scale=e8m0fnu out=bf16 lanes=2",
    "code=int8 scale=e8m0fnu out=fp16 lanes=2",
    "code=mxint8 scale=e8m0fnu out=exact lanes=2",
    "code=uint4 zero=uint4 scale=none out=exact",
    "code=int4 scale=int8 scale2=fp16 lanes=4",
    "code=uint3 zero=uint3 zero_plus_one=keep scale=fp16 lanes=3",
    "code=uint2 zero=uint2 zero_plus_one=wrap scale=fp16 lanes=3",
    "code=e4m3fn scale=fp16 zero=fp16 form=add out=exact lanes=2",
];

const REQUANT: &[&str] = &[
    "",
    "b=port c=port",
    "from=int16 to=uint8 lanes=4 b=77,-1,300,5 c=9,-1,12,0 round=half_even",
    "from=int20 to=int4-sym lanes=2 b=12345 c=20 round=half_away",
    "from=int8 to=int8 residual=int8 b=100 c=7 b2=90 c2=7 round=half_even",
    "from=int16 to=int8 residual=uint8 b=port c=port b2=port c2=port b_bits=12 c_bits=5 lanes=2 round=half_away",
    "from=uint8 to=uint5 b=port c=3 b_bits=8 round=half_even",
    "from=int64 to=int33 b=9223372036854775807 c=64",
];

const UNPACK: &[&str] = &[
    "",
    "bits=3 word=96",
    "order=awq words=2",
    "word=8 order=high words=4",
    "bits=6 word=24 words=2",
    "bits=2 word=8 words=4 spread=slabs",
    "bits=2 word=8 words=8 order=high spread=slabs",
    "bits=3 order=high spread=slabs words=3",
    "layout=split bits=6 words=8",
    "layout=split bits=6 split=4 words=8",
    "layout=q4_0",
    "layout=q4_1",
    "layout=q5_0",
    "layout=q5_1",
    "layout=q8_0",
    "layout=q4_k",
    "layout=q5_k",
    "layout=q6_k",
    "layout=mxfp4",
    "layout=nvfp4",
];

const FWHT: &[&str] = &[
    "",
    "length=2 from=uint4",
    "length=4 from=int3 shift=1 out=int4 overflow=saturate",
    "length=16 from=int8 shift=2 out=int8 overflow=saturate",
    "length=8 from=e2m1fn shift=1 out=e4m3fn",
    "length=32 from=int4 out=exact",
    "length=4 from=e3m2fn out=fp16 round=stochastic random_bits=4",
];

/// The transform printed in its definition; twice the transform is N times the row.
#[test]
fn walsh_hadamard() {
    let pack =
        |row: &[i64], bits: u32| row.iter().rev().fold(BigUint::ZERO, |all, x| (all << bits) | to_code(&(*x).into(), bits));
    let (row, want) = ([1, 2, 3, 4, -5, 6, -7, 127], [131, -147, -123, 123, -111, 143, 115, -123]);
    assert_eq!(run("fwht", "", &[pack(&row, 8)])[0], pack(&want, 11));
    let again = run("fwht", "from=int11", &[pack(&want, 11)]);
    assert_eq!(again[0], pack(&row.map(|x| 8 * x), 14));
    for length in [2, 4, 8, 16, 64] {
        check("fwht", &format!("length={length}"));
        check("fwht", &format!("length={length} from=int5-sm shift=2 out=int5 round=down"));
    }
}

#[test]
fn representative_points_are_clean_and_right() {
    let all = [("requant", REQUANT), ("dequant", DEQUANT), ("unpack", UNPACK), ("fwht", FWHT)];
    let blocks: Vec<_> = all
        .iter()
        .flat_map(|(name, points)| points.iter().map(|p| configure(name, p).unwrap_or_else(|e| panic!("{p}: {e}"))))
        .collect();
    let count = blocks.len();
    let field = Field::new(blocks);
    for tool in lint::TOOLS {
        if for_tests("representative_points_are_clean_and_right", &[*tool]) {
            let report = lint::lint_with(*tool, &field.units).expect("the linter runs");
            let shown = report.messages.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
            assert!(report.messages.is_empty(), "{}: {} messages\n{shown}", tool.name(), report.messages.len());
        }
    }
    let compared = field.check("representative_points_are_clean_and_right", 16, 20_000);
    println!("{count} points; {compared:?}");
    assert!(compared.native >= 900_000, "{compared:?}");
}

#[test]
fn random_requantisations() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let (mut points, mut refused, mut vectors) = (0, 0, 0);
    while points < 300 {
        let integer = |rng: &mut ChaCha8Rng, most: u32| {
            format!("{}{}", ["int", "uint", "int"].choose(rng).unwrap(), rng.random_range(1..=most))
                + if rng.random_range(0..6) == 0 { "-sym" } else { "" }
        };
        let lanes: u32 = rng.random_range(1..=3);
        let list = |rng: &mut ChaCha8Rng, lo: i64, hi: i64| match rng.random_range(0..3) {
            0 => "port".to_string(),
            1 => rng.random_range(lo..=hi).to_string(),
            _ => (0..lanes).map(|_| rng.random_range(lo..=hi).to_string()).collect::<Vec<_>>().join(","),
        };
        let reach = *[8i64, 300, 1 << 31, i64::MAX].choose(&mut rng).unwrap();
        let mut words = format!(
            "from={} to={} lanes={lanes} b={} c={} round={} b_bits={} c_bits={}",
            integer(&mut rng, if points % 2 == 0 { 9 } else { 64 }),
            integer(&mut rng, 33),
            list(&mut rng, -reach, reach),
            list(&mut rng, -6, if points % 3 == 0 { 127 } else { 20 }),
            ["half_up", "half_away", "half_even"].choose(&mut rng).unwrap(),
            rng.random_range(2..=40),
            rng.random_range(2..=7),
        );
        if rng.random() {
            let more = (integer(&mut rng, 20), list(&mut rng, -9999, 9999), list(&mut rng, -3, 15));
            words += &format!(" residual={} b2={} c2={}", more.0, more.1, more.2);
        }
        match configure("requant", &words) {
            Ok(block) => {
                vectors += check_block(block.as_ref(), &words);
                points += 1;
            }
            Err(_) => refused += 1,
        }
    }
    println!("{points} points, {refused} refused, {vectors} vectors");
    assert!(vectors > 500_000, "{vectors}");
}

#[test]
fn random_dequantisations() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let (mut points, mut refused, mut vectors) = (0, 0, 0);
    while points < 500 {
        let wide = ["fp16", "bf16", "fp32", "e5m2", "int16"];
        let format = |rng: &mut ChaCha8Rng| match rng.random_range(0..4) {
            0 => wide.choose(rng).unwrap().to_string(),
            _ => points::format(rng, 8),
        };
        let optional = |rng: &mut ChaCha8Rng, one_in: u32| match rng.random_range(0..one_in) {
            0 => "none".to_string(),
            _ => format(rng),
        };
        let mut words = format!(
            "code={} lanes={} scale={} zero={} roundings={} out={}",
            points::format(&mut rng, 8),
            rng.random_range(1..=2),
            optional(&mut rng, 5),
            optional(&mut rng, 3),
            if rng.random() { "once".into() } else { format(&mut rng) },
            if rng.random_range(0..5) == 0 { "exact".into() } else { format(&mut rng) },
        );
        let mut maybe = |one_in: u32, name: &str, all: &[&str]| {
            if rng.random_range(0..one_in) == 0 {
                words += &format!(" {name}={}", all.choose(&mut rng).unwrap());
            }
        };
        maybe(2, "form", &["add", "subtract"]);
        maybe(6, "zero_plus_one", &["keep", "wrap"]);
        maybe(5, "scale2", &["fp16", "e4m3fn", "int4"]);
        maybe(4, "saturated", &["flag"]);
        maybe(3, "round", &["rna", "rtz", "up", "down", "odd", "stochastic random_bits=3"]);
        maybe(4, "overflow", &["saturate", "nonfinite", "wrap"]);
        maybe(6, "subnormals_in", &["flush"]);
        maybe(6, "subnormals_out", &["flush"]);
        maybe(6, "nan", &["max", "flip-zero"]);
        match configure("dequant", &words) {
            Ok(block) => {
                vectors += check_block(block.as_ref(), &words);
                points += 1;
            }
            Err(_) => refused += 1,
        }
    }
    println!("{points} points, {refused} refused, {vectors} vectors");
    assert!(vectors > 1_000_000, "{vectors}");
}

#[test]
fn packed_words_of_every_shape() {
    let (mut points, mut vectors) = (0, 0);
    for order in ["low", "high"] {
        for spread in ["adjacent", "slabs"] {
            for (bits, word) in
                [(1, 1), (1, 8), (2, 8), (3, 8), (3, 32), (4, 8), (5, 16), (6, 24), (7, 8), (8, 8), (8, 32), (16, 128)]
            {
                for words in [1, 2, 5] {
                    vectors += check("unpack", &format!("bits={bits} word={word} words={words} order={order} spread={spread}"));
                    points += 1;
                }
            }
        }
    }
    for bits in 2..=16 {
        for split in 1..bits {
            vectors += check("unpack", &format!("layout=split bits={bits} split={split} words=3"));
            points += 1;
        }
    }
    println!("{points} points, {vectors} vectors");
    assert_eq!(points, 2 * 2 * 12 * 3 + 120);
}

#[test]
fn what_cannot_be_is_refused() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("requant", "from=e4m3fn", &["--from", "int2..=int64"]),
        ("requant", "to=int8-q2", &["--to", "int2..=int64"]),
        ("requant", "lanes=3 b=1,2", &["--b", "3, one for each"]),
        ("requant", "c=128", &["--c", "-128..=127"]),
        ("requant", "b=x", &["--b", "or `port`"]),
        ("requant", "b2=3", &["--b2", "--residual"]),
        ("requant", "b_bits=65", &["--b-bits", "2..=64"]),
        ("requant", "round=rne", &["--round", "half_up, half_away, half_even"]),
        ("dequant", "form=add", &["--form", "--zero"]),
        ("dequant", "zero=fp16 zero_plus_one=wrap", &["--zero-plus-one", "unsigned integer"]),
        ("dequant", "saturated=flag", &["--saturated", "integer --out"]),
        ("dequant", "saturated=flag out=int8", &["--saturated", "integers and tables"]),
        ("dequant", "roundings=fp32 out=exact", &["--out", "--roundings once"]),
        ("dequant", "roundings=nf4", &["--roundings", "floating-point format or an integer"]),
        ("dequant", "scale=none roundings=fp16", &["--roundings", "--scale or --zero"]),
        ("dequant", "out=exact round=up", &["--round", "not rounded"]),
        ("fwht", "length=12", &["--length", "power of two"]),
        ("fwht", "from=fp16", &["--from", "without NaN"]),
        ("unpack", "layout=q4_0 bits=5", &["--bits", "--layout words, split"]),
        ("unpack", "split=3", &["--split", "--layout split"]),
        ("unpack", "layout=split bits=4 split=4", &["--split", "1..=3"]),
        ("unpack", "bits=9 word=8", &["--bits", "1..=8"]),
        ("unpack", "order=awq word=64", &["--order", "--word 32"]),
    ];
    for (block, params, parts) in cases {
        let error = configure(block, params).err().unwrap_or_else(|| panic!("{block} {params} is accepted"));
        assert!(parts.iter().all(|p| error.contains(p)), "{block} {params}: {error}");
    }
}

/// Runs a command line; its exit code and what it printed.
fn narrowgen(words: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("narrowgen").chain(words.split_whitespace()).map(OsString::from);
    let code = narrowgen::cli::run(args, &mut out, &mut err);
    (code, String::from_utf8_lossy(&out).into(), String::from_utf8_lossy(&err).into())
}

#[test]
fn constants_are_a_configuration() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, scales) = (dir.path().join("c.toml"), dir.path().join("scales.txt"));
    std::fs::write(&scales, "0.0123\n0.5 1.7\n").expect("written");
    let command = format!("constants requant --lanes 3 --s-in @{} -o {}", scales.display(), path.display());
    assert_eq!(narrowgen(&command), (0, String::new(), String::new()));
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text, "[requant]\nlanes = \"3\"\nb = \"1690499128,1073741824,1825361101\"\nc = \"37,31,30\"\n");
    let (code, verilog, _) = narrowgen(&format!("emit requant --config {}", path.display()));
    assert!(code == 0 && verilog.contains("1690499128,1073741824,1825361101"), "{verilog}");
    let (code, out, _) = narrowgen("constants requant --s-in 0.1f --s-out 0x1p-2 --b-bits 8 --json");
    assert!(code == 0 && out.contains("\"b\": \"102\"") && out.contains("\"c\": \"8\""), "{out}");
    for (words, part) in [
        ("constants requant", "--s-in"),
        ("constants requant --s-in 0", "no number|is not a number"),
        ("constants requant --s-in x", "is not a finite number"),
        ("constants requant --s-in 1 --lanes 3 --s-out 1,2", "allowed: one"),
        ("constants requant --s-in 1,2 --lanes 3", "one for each"),
        ("constants mul", "requant"),
        ("constants requant --s-in @nosuch", "nosuch"),
    ] {
        let (code, out, err) = narrowgen(words);
        assert!(code == 2 && out.is_empty() && part.split('|').any(|p| err.contains(p)), "{words}: {err}");
    }
}
