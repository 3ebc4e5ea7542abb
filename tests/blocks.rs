//! Every block, in many small configurations: the hardware (native simulator) against the golden
//! model, on all inputs where there are few enough, else on corners and seeded random ones.
mod support;
use support::check;

/// Formats of every family, at most 8 bits.
#[rustfmt::skip]
const NARROW: &[&str] = &[
    "e4m3fn", "e5m2", "e4m3fnuz", "e4m3", "e3m4", "e3m2fn", "e2m1fn", "e4m3b11fnuz", "e8m0fnu", "int8", "uint4", "int8-sym",
    "int6-sm", "mxint8", "int4-q-2", "nf4", "bnb_fp4", "ternary", "binary", "denseshift3", "p3109_k8p3se", "p3109_k6p3sf",
    "p3109_k6p2ue", "p3109_k5p3uf", "p3109_k4p4se", "p3109_k5p1sf", "e3m0-none", "e1m3-none", "e2m0-ieee", "e1m2-ieee", "e3m1-fn", "pot4",
];

#[test]
fn convert_all_pairs_of_narrow_formats() {
    let mut vectors = 0;
    for from in NARROW {
        for to in NARROW {
            vectors += check("convert", &format!("from={from} to={to}"));
        }
    }
    assert!(vectors > 50_000, "{vectors}");
}

const ROUNDS: &[&str] = &[
    "rne",
    "rna",
    "rtz",
    "up",
    "down",
    "odd",
    "stochastic random_bits=3",
    "stochastic-rne random_bits=2",
    "stochastic-odd random_bits=1",
    "stochastic-mid random_bits=2",
];
const EDGES: &[&str] = &[
    "overflow=saturate",
    "overflow=nonfinite",
    "overflow=wrap",
    "nan=max",
    "nan=flip-zero",
    "nan=flip-zero nan_sign=positive",
    "nan_sign=positive",
    "ties=up",
    "subnormals_in=flush",
    "subnormals_out=flush",
    "subnormals_in=flush subnormals_out=flush overflow=saturate",
];

#[test]
fn convert_under_every_policy() {
    let (mut points, mut refused, mut vectors) = (0, 0, 0);
    for from in ["e5m2", "e4m3fnuz", "p3109_k6p2ue", "int8", "nf4", "e8m0fnu", "e3m4", "e4m0-none"] {
        for to in NARROW {
            for round in ROUNDS {
                for edge in EDGES {
                    let params = format!("from={from} to={to} round={round} {edge}");
                    match support::configure("convert", &params) {
                        Ok(block) => {
                            vectors += support::check_block(&*block, &params);
                            points += 1;
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    println!("{points} points, {refused} refused, {vectors} vectors");
    assert!(points > 5_000 && refused > 1_000, "{points} {refused}");
}

#[test]
fn convert_from_wide_formats() {
    let mut vectors = 0;
    for from in ["fp16", "bf16", "fp32", "int16", "uint16-q8", "e6m9-none", "e8m7b-100-ieee"] {
        for to in
            NARROW.iter().chain(&["fp16", "bf16", "fp32", "int32", "uint16", "int12-q20", "e8m1b200-none", "e5m10b-60-ieee"])
        {
            for round in ["rne", "stochastic-mid random_bits=5", "down overflow=saturate"] {
                let params = format!("from={from} to={to} round={round}");
                // Every one of 65,536 codes in the usual mode.
                let exhaustive = if round == "rne" { 16 } else { 12 };
                vectors += support::configure("convert", &params)
                    .map_or(0, |block| support::check_block_on(&*block, &params, 4000, 0x5eed, exhaustive));
            }
        }
    }
    println!("{vectors} vectors");
    assert!(vectors > 1_000_000, "{vectors}");
}

#[test]
fn mul_all_pairs_of_narrow_formats() {
    let mut vectors = 0;
    for a in NARROW {
        for b in NARROW {
            let bits = |name: &str| narrowgen::golden::names::parse(name).unwrap().bits();
            if bits(a) + bits(b) > 12 && (a.len() + b.len()) % 4 != 0 {
                continue;
            }
            for out in ["exact", "e4m3fn", "fp16"] {
                vectors += check("mul", &format!("a={a} b={b} out={out}"));
            }
        }
    }
    println!("{vectors} vectors");
    assert!(vectors > 1_000_000, "{vectors}");
}

#[test]
fn mul_under_every_policy() {
    let mut points = 0;
    for (a, b) in [
        ("e2m1fn", "e3m2fn"),
        ("int4", "e3m1-ieee"),
        ("p3109_k4p2se", "e3m0-fn"),
        ("ternary", "int3"),
        ("e3m2-fnuz", "p3109_k4p2ue"),
    ] {
        for out in [
            "e3m2fn",
            "e4m3fn",
            "e3m1-fnuz",
            "p3109_k5p2uf",
            "int6",
            "uint5-q1",
            "e8m0fnu",
            "nf4",
            "e3m0-none",
            "e2m3-ieee",
            "int5-sm",
        ] {
            for round in ROUNDS {
                for edge in EDGES {
                    let params = format!("a={a} b={b} out={out} round={round} {edge}");
                    if let Ok(block) = support::configure("mul", &params) {
                        support::check_block(&*block, &params);
                        points += 1;
                    }
                }
            }
        }
    }
    println!("{points} points");
    assert!(points > 1_500, "{points}");
}

#[test]
fn mul_of_wide_formats() {
    for (a, b) in
        [("bf16", "bf16"), ("fp32", "fp32"), ("fp16", "int8"), ("fp32", "e4m3fn"), ("int32", "int16"), ("e8m0fnu", "fp32")]
    {
        for out in
            ["exact", "fp32", "bf16", "fp16", "e5m2", "int16", "e8m0fnu", "fp32 round=stochastic random_bits=32", "fp32 round=up"]
        {
            check("mul", &format!("a={a} b={b} out={out}"));
        }
    }
}

/// Checks a legal configuration; 0 vectors if it is refused.
fn maybe(block: &str, params: &str) -> usize {
    support::configure(block, params).map_or(0, |b| support::check_block(&*b, params))
}

#[test]
fn dot_small_exhaustive() {
    let mut vectors = 0;
    let pairs = [
        ("e2m1fn", "e2m1fn"),
        ("int4", "e2m1-ieee"),
        ("ternary", "int4"),
        ("e2m1-fnuz", "p3109_k4p2se"),
        ("binary", "e3m0-ieee"),
        ("uint3", "int3"),
    ];
    for (a, b) in pairs {
        for out in ["exact", "e4m3fn", "fp16", "int5", "e2m1fn round=up"] {
            vectors += check("dot", &format!("a={a} b={b} lanes=2 out={out}"));
        }
        for sum in ["sequential", "tree"] {
            for format in ["e3m2-ieee", "e4m3fn", "p3109_k6p3se", "e2m3fn", "int6", "e3m1-fnuz"] {
                for policy in [
                    "",
                    "round=down",
                    "round=odd",
                    "overflow=saturate round=rna",
                    "subnormals_in=flush subnormals_out=flush",
                    "nan=max",
                ] {
                    vectors += maybe("dot", &format!("a={a} b={b} lanes=2 sum={sum} sum_format={format} out={format} {policy}"));
                }
                vectors += maybe("dot", &format!("a={a} b={b} lanes=3 sum={sum} sum_format={format} out=e3m1-fn round=up"));
            }
        }
    }
    println!("{vectors} vectors");
    assert!(vectors > 5_000_000, "{vectors}");
}

#[test]
fn dot_of_wider_formats() {
    for (a, b) in [
        ("e4m3fn", "e4m3fn"),
        ("e5m2", "e4m3"),
        ("int8", "e5m2"),
        ("bf16", "fp16"),
        ("int8", "int8"),
        ("nf4", "int8"),
        ("e8m0fnu", "e4m3fnuz"),
    ] {
        for lanes in [1, 4, 5] {
            for out in ["exact", "fp32", "e5m2", "int32"] {
                check("dot", &format!("a={a} b={b} lanes={lanes} out={out}"));
            }
            for sum in ["sequential", "tree"] {
                for (format, out) in
                    [("fp32", "fp32"), ("bf16", "e4m3fn"), ("fp16", "fp16"), ("e5m6-ieee", "fp32"), ("int24", "int8")]
                {
                    for policy in
                        ["", "round=down", "round=up overflow=saturate", "round=stochastic random_bits=4", "subnormals_out=flush"]
                    {
                        maybe("dot", &format!("a={a} b={b} lanes={lanes} sum={sum} sum_format={format} out={out} {policy}"));
                    }
                }
            }
        }
    }
}

#[test]
fn mac_of_every_kind() {
    let (mut points, mut delayed) = (0, 0);
    let pairs = [
        ("e4m3fn", "e4m3fn"),
        ("e5m2", "e5m2"),
        ("e4m3", "e5m2"),
        ("int8", "int8"),
        ("int4", "e4m3fn"),
        ("e2m1fn", "e2m1fn"),
        ("bf16", "bf16"),
        ("fp16", "fp16"),
        ("fp32", "fp32"),
        ("uint8", "int8"),
        ("nf4", "e4m3fnuz"),
        ("e8m0fnu", "e5m2"),
        ("p3109_k6p3ue", "ternary"),
        ("binary", "binary"),
    ];
    for (a, b) in pairs {
        for terms in [1, 3, 32] {
            points += usize::from(maybe("mac", &format!("a={a} b={b} terms={terms}")) > 0);
        }
        points += usize::from(maybe("mac", &format!("a={a} b={b} subnormals_in=flush")) > 0);
        for acc in [
            "int32",
            "int12",
            "int16-sym",
            "uint20-q4",
            "fp32",
            "fp16",
            "bf16",
            "e4m3fn",
            "e5m10-none",
            "p3109_k8p3se",
            "e3m4",
            "e4m3fnuz",
        ] {
            for policy in [
                "",
                "overflow=wrap",
                "overflow=saturate round=down",
                "round=up",
                "round=odd",
                "round=rtz",
                "round=stochastic-rne random_bits=6",
                "subnormals_out=flush",
                "round=rna nan=max",
                "clear=zero",
                "clear=zero overflow=nonfinite",
            ] {
                points += usize::from(maybe("mac", &format!("a={a} b={b} acc={acc} {policy}")) > 0);
                let at_output = format!("a={a} b={b} acc={acc} normalize=output terms=3 {policy}");
                delayed += usize::from(maybe("mac", &at_output) > 0);
            }
        }
    }
    println!("{points} points, {delayed} rounded at the output");
    assert!(points > 1_000 && delayed > 1_000, "{points}, {delayed}");
}

/// A format nobody thought of.
fn any_format(r: &mut support::Random) -> String {
    let special = r.pick(&["none", "ieee", "fn", "fnuz", "p3109se", "p3109sf", "p3109ue", "p3109uf"]);
    let (e, m) = (r.below(9), r.below(9) * r.below(9) / 3);
    let bias = match r.below(4) {
        0 => format!("b{}", r.below(60) as i64 - 30),
        1 => format!("b{}", (r.below(8) as i64 - 4) * 100),
        _ => String::new(),
    };
    match r.below(8) {
        0 => format!("{}{}", r.pick(&["int", "uint"]), 1 + r.below(40)),
        1 => format!("int{}{}-q{}", 2 + r.below(12), r.pick(&["", "-sym", "-sm"]), r.below(60) as i64 - 30),
        2 => r.pick(NARROW).into(),
        _ => format!("e{e}m{m}{bias}-{special}"),
    }
}

#[test]
fn random_formats_and_policies() {
    let count: usize = std::env::var("RANDOM_POINTS").map_or(1500, |n| n.parse().expect("RANDOM_POINTS is a number"));
    let seed: u64 = std::env::var("SEED").map_or(20240731, |n| n.parse().expect("SEED is a number"));
    let mut r = support::Random(seed);
    let (mut points, mut vectors, mut by_block) = (0, 0, [0; 4]);
    while points < count {
        let [a, b, c, d] = [0; 4].map(|_| any_format(&mut r));
        let out = if r.below(3) == 0 { "exact".to_string() } else { c.clone() };
        let block = r.below(4) as usize;
        let (name, own) = match block {
            0 => ("convert", format!("from={a} to={b} nan_sign={}", r.pick(&["keep", "positive"]))),
            1 => ("mul", format!("a={a} b={b} out={out}")),
            2 => {
                let sum = match r.below(3) {
                    0 => String::new(),
                    1 => format!("sum=sequential sum_format={c}"),
                    _ => format!("sum=tree sum_format={c}"),
                };
                ("dot", format!("a={a} b={b} lanes={} {sum} out={}", 1 + r.below(4), if r.below(3) == 0 { out } else { d }))
            }
            _ => ("mac", format!("a={a} b={b} acc={out} clear={}", r.pick(&["load", "zero"]))),
        };
        let round = if r.below(2) == 0 { r.pick(ROUNDS) } else { "rne" };
        let edges: Vec<&str> = EDGES.iter().copied().filter(|e| !e.contains("nan_sign")).collect();
        let edge = if r.below(2) == 0 { r.pick(&edges) } else { "" };
        let params = format!("{own} round={round} {edge}");
        let Ok(fixed) = support::configure(name, &params) else { continue };
        vectors += support::check_block_on(&*fixed, &params, 800, seed ^ points as u64, 10);
        points += 1;
        by_block[block] += 1;
    }
    println!("{points} points {by_block:?}, {vectors} vectors");
    assert!(by_block.iter().all(|n| *n > count / 20), "{by_block:?}");
}

#[test]
fn impossible_parameters_are_refused_with_what_is_possible() {
    let bad = [
        ("convert", "from=e9m2-ieee", "0..=8|1..=8"),
        ("convert", "from=float8", "e4m3fn"),
        ("convert", "to=e4m3-", "e4m3"),
        ("convert", "round=nearest", "rne, rna, rtz"),
        ("convert", "random_bits=0", "1..=32"),
        ("convert", "random_bits=33", "1..=32"),
        ("convert", "random_bits=4", "stochastic"),
        ("convert", "random_bits=x", "whole number"),
        ("convert", "overflow=clip", "auto, saturate, nonfinite, wrap"),
        ("convert", "overflow=wrap", "allowed: saturate, nonfinite"),
        ("convert", "to=e2m1fn overflow=nonfinite", "allowed: saturate"),
        ("convert", "to=int8-sym overflow=wrap", "allowed: saturate"),
        ("convert", "nan=max", "allowed: zero"),
        ("convert", "to=int8 nan=flip-zero", "allowed: zero, max"),
        ("convert", "ties=up", "allowed: even"),
        ("convert", "to=e8m0fnu ties=up round=rna", "allowed: even"),
        ("convert", "from=int8 subnormals_in=flush", "allowed: full"),
        ("convert", "to=e3m0-none subnormals_out=flush", "allowed: full"),
        ("convert", "to=binary round=rtz", "allowed: rne, rna, up, down"),
        ("convert", "to=nf4 round=odd", "allowed: rne"),
        ("convert", "nan_sign=minus", "keep, positive"),
        ("convert", "from=table:/no/such/file", "table file"),
        ("convert", "scale=2", "--from"),
        ("mul", "out=exact round=rtz", "allowed: rne"),
        ("mul", "out=exact overflow=saturate", "allowed: auto"),
        ("mul", "a=uint99", "1..=64"),
        ("mul", "out=nothing", "exact"),
        ("dot", "lanes=0", "1..=4096"),
        ("dot", "lanes=4097", "1..=4096"),
        ("dot", "sum=pairwise", "exact, sequential, tree"),
        ("dot", "sum_format=bf16", "sequential, tree"),
        ("dot", "sum=tree out=exact", "a format"),
        ("dot", "sum=tree sum_format=nf4", "floating-point format or an integer"),
        ("dot", "sum=sequential sum_format=e8m0fnu", "floating-point format or an integer"),
        ("dot", "sum=tree out=e4m3fn sum_format=bf16 overflow=wrap", "allowed: saturate, nonfinite"),
        ("mac", "terms=0", "1..=16777216"),
        ("mac", "acc=fp32 terms=8", "exact"),
        ("mac", "acc=exact normalize=output", "allowed: step"),
        ("mac", "acc=fp32 normalize=never", "step, output"),
        ("mac", "acc=ternary", "floating-point format or an integer"),
        ("mac", "acc=exact overflow=wrap", "allowed: auto"),
        ("mac", "acc=int16 overflow=nonfinite", "allowed: saturate, wrap"),
    ];
    for (block, params, hint) in bad {
        let message = support::configure(block, params).err().unwrap_or_else(|| panic!("{block} {params} is accepted"));
        assert!(hint.split('|').any(|h| message.contains(h)), "{block} {params}: {message}");
        assert!(message.starts_with("--"), "names the parameter: {message}");
    }
}

/// A table of the user's, read from a file.
#[test]
fn user_tables() {
    let file = tempfile::Builder::new().prefix("levels").suffix(".txt").tempfile().unwrap();
    std::fs::write(file.path(), "# eight levels\n-4 -1.5 -0.5 0\n0.25 0.75 2 6\n").unwrap();
    let table = format!("table:{}", file.path().display());
    assert_eq!(check("convert", &format!("from=fp16 to={table}")), 1 << 16);
    assert_eq!(check("mul", &format!("a={table} b=e4m3fn out=bf16 round=down")), 1 << 11);
    assert!(check("dot", &format!("a={table} b=int4 lanes=2 out=exact")) > 0);
}
