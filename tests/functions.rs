//! Functions of short codes and transforms of rows: hardware against golden models, values known without computing,
//! clean Verilog.
mod points;
mod support;
use narrowgen::flow::lint;
use narrowgen::flow::tool::for_tests;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use num_bigint::BigUint;
use points::Field;
use support::{check, configure};

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

const TABLE_FN: &[&str] = &[
    "",
    "function=gelu from=int8-q4 out=int8-q4 overflow=saturate",
    "function=exp from=int8-q5 out=uint8-q7 overflow=saturate",
    "function=reciprocal from=e5m2 out=bf16",
    "function=rsqrt from=uint10 out=fp16",
    "function=sigmoid from=e4m3fn out=e4m3fn round=down",
    // exp(0) = 1 is far below the smallest number.
    "function=exp from=e1m3-ieee out=e8m6b-34-fnuz",
    "function=sigmoid from=e1m3-ieee out=e8m6b-34-fnuz round=up",
    "function=tanh from=nf4 out=fp32",
    "function=erf from=e4m3 out=e5m2 round=up subnormals_out=flush",
    "function=gelu_tanh from=e4m3fnuz out=fp16",
    "function=exp2 from=int6-q2 out=e8m0fnu",
    "function=sqrt from=int10 out=uint5 nan=max overflow=saturate round=rtz",
    "function=sqrt from=uint1 out=fp16",
];

/// Values known without computing: exact cases, limits, and roundings that differ between the modes.
#[test]
fn functions_at_known_points() {
    let y = |params: &str, x: u32| run("table_fn", params, &[x.into()])[0].clone();
    for (params, x, want) in [
        ("function=exp from=int8-q4 out=fp16", 0, 0x3c00u32),
        ("function=exp from=int8-q4 out=fp32", 16, 0x402d_f854), // e
        ("function=exp2 from=int8 out=fp32", 0xfd, 0x3e00_0000), // 2^-3
        ("function=sigmoid from=int8 out=fp32", 0, 0x3f00_0000),
        ("function=sigmoid from=int8 out=fp16 round=down", 127, 0x3bff), // just below 1
        ("function=sigmoid from=int8 out=fp16", 127, 0x3c00),
        ("function=sigmoid from=int8 out=fp16 round=up", 0x80, 0x0001), // just above 0
        ("function=gelu from=int8 out=fp16", 0x80, 0x8000),
        ("function=gelu from=int8 out=fp16 round=down", 0x80, 0x8001),
        ("function=gelu from=int8 out=fp32", 1, 0x3f57_625f), // 0.8413447
        ("function=tanh from=int8 out=fp32", 1, 0x3f42_f7d6), // 0.7615942
        ("function=erf from=int8 out=fp32", 1, 0x3f57_bb3d),  // 0.8427008
        ("function=reciprocal from=e5m2 out=fp32", 0x80, 0xff80_0000),
        ("function=reciprocal from=uint8 out=fp32", 3, 0x3eaa_aaab),
        ("function=rsqrt from=uint8 out=fp16", 0, 0x7c00),
        ("function=rsqrt from=uint8 out=fp16", 4, 0x3800),
        ("function=sqrt from=int8 out=fp16", 0xff, 0x7e00),
        ("function=sqrt from=uint8 out=fp16", 9, 0x4200),
        ("function=silu from=e5m2 out=fp16", 0xfc, 0x8000),
    ] {
        assert_eq!(y(params, x), want.into(), "{params} {x:x}");
    }
}

/// Every function between every kind of formats.
#[test]
fn tables_of_every_function() {
    let functions = "exp exp2 sigmoid tanh silu gelu gelu_tanh erf reciprocal sqrt rsqrt";
    let mut vectors = 0;
    for function in functions.split(' ') {
        for from in ["e4m3fn", "e4m3", "int8-q4", "uint10-q6", "nf4", "e8m0fnu"] {
            for (out, round) in [("e5m2", "rne"), ("fp16", "up"), ("int8-q6", "down"), ("fp32", "rne"), ("e8m0fnu", "rne")] {
                vectors += check("table_fn", &format!("function={function} from={from} out={out} round={round}"));
            }
        }
    }
    assert_eq!(vectors, 11 * 5 * (256 * 4 + 1024 + 16));
}

/// Streams of rows: the same transform as at once, of every length, back to back and alone, with stalls.
const SERIAL: &[&str] = &[
    "form=serial",
    "form=serial length=2 from=uint4",
    "form=serial length=4 from=int3 shift=1 out=int4 overflow=saturate",
    "form=serial length=16 from=int8 shift=2 out=int8 overflow=saturate",
    "form=serial length=8 from=e2m1fn shift=1 out=e4m3fn",
    "form=serial length=64 from=int4-sym",
    "form=serial length=32 from=uint3-q2 out=fp16",
];

#[test]
fn points_are_clean_and_right() {
    let all = [("table_fn", TABLE_FN), ("fwht", SERIAL)];
    let blocks: Vec<_> = all
        .iter()
        .flat_map(|(name, points)| points.iter().map(|p| configure(name, p).unwrap_or_else(|e| panic!("{p}: {e}"))))
        .collect();
    let field = Field::new(blocks);
    for tool in lint::TOOLS {
        if for_tests("points_are_clean_and_right", &[*tool]) {
            let report = lint::lint_with(*tool, &field.units).expect("the linter runs");
            let shown = report.messages.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
            assert!(report.messages.is_empty(), "{}: {} messages\n{shown}", tool.name(), report.messages.len());
        }
    }
    let compared = field.check("points_are_clean_and_right", 16, 20_000);
    println!("{compared:?}");
    assert!(compared.native >= 100_000, "{compared:?}");
}

#[test]
fn what_cannot_be_is_refused() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("table_fn", "from=fp16", &["--from", "at most 10 bits"]),
        ("table_fn", "function=sin", &["--function", "exp, exp2, sigmoid"]),
        ("table_fn", "round=stochastic", &["--round", "no random bits"]),
        ("table_fn", "out=int8 overflow=wrap", &["--overflow", "saturate"]),
        ("fwht", "form=serial out=int8 round=stochastic random_bits=4", &["--round", "no random bits"]),
        ("fwht", "form=folded", &["--form", "parallel, serial"]),
    ];
    for (block, params, parts) in cases {
        let error = configure(block, params).err().unwrap_or_else(|| panic!("{block} {params} is accepted"));
        assert!(parts.iter().all(|p| error.contains(p)), "{block} {params}: {error}");
    }
}
