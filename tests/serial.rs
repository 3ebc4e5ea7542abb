//! The bit-serial family: random parameters in every engine, what each clock does, and clean Verilog.
mod points;

use narrowgen::blocks::{self, Configured};
use narrowgen::flow::engine::Kind;
use narrowgen::flow::manifest::Manifest;
use narrowgen::flow::stimulus::Options;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::{check, lint};
use num_bigint::BigUint;
use points::{Field, Point};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

fn block(name: &str, params: &str) -> Result<Box<dyn Configured>, String> {
    let given: Vec<(String, String)> =
        params.split_whitespace().map(|w| w.split_once('=').map(|(n, v)| (n.into(), v.into())).expect("name=value")).collect();
    blocks::find(name).expect("a block").configure(&given).map_err(|e| e.to_string())
}

/// Clean in every linter, and equal to the golden models in the native simulator and Verilator.
fn right_and_clean(test: &str, points: Vec<Point>, vectors: u64) {
    let configured = |p: &Point| p.configure().unwrap_or_else(|e| panic!("{:?}: {e}", p.arguments()));
    let count = points.len() as u64;
    let field = Field::new(points.iter().map(configured).collect());
    for tool in lint::TOOLS {
        if for_tests(test, &[*tool]) {
            let report = lint::lint_with(*tool, &field.units).expect("the linter runs");
            assert!(report.messages.is_empty(), "{}: {}", tool.name(), report.messages.join("\n"));
        }
    }
    let compared = field.check(test, 16, vectors);
    assert_eq!(compared.native, count * vectors, "{compared:?}");
    assert!(compared.verilator == compared.native || !for_tests(test, &[Tool::Verilator, Tool::Cxx]));
}

#[test]
fn serial_mac_with_random_parameters() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    let integer = |rng: &mut ChaCha8Rng, most: u32| {
        let kind = ["int", "uint"].choose(rng).expect("kinds");
        let tail = ["", "", "", "-q3"].choose(rng).expect("tails");
        format!("{kind}{}{tail}", rng.random_range(1..=most))
    };
    let points = (0..48)
        .map(|i| {
            let order = ["lsb", "msb", "booth", "pot"][i % 4];
            let b = if order == "pot" { format!("denseshift{}", rng.random_range(2..=8)) } else { integer(&mut rng, 20) };
            let terms = rng.random_range(1..=300).to_string();
            let params = vec![("a", integer(&mut rng, 20)), ("b", b), ("order", order.into()), ("terms", terms)];
            Point { block: "serial_mac", params }
        })
        .chain(["lsb", "msb", "booth"].map(|order| {
            let params = vec![("a", "int64".into()), ("b", "uint64".into()), ("order", order.into())];
            Point { block: "serial_mac", params }
        }))
        .collect();
    right_and_clean("serial_mac_with_random_parameters", points, 4096);
}

#[test]
fn mx_mac_with_random_parameters() {
    let mut rng = ChaCha8Rng::seed_from_u64(46);
    let points = (0..16)
        .map(|i| {
            let mut one = |of: &[&str]| of.choose(&mut rng).expect("some").to_string();
            let element = ["e4m3fn", "e5m2", "e3m2fn", "e2m3fn", "e2m1fn", "mxint8", "int4"];
            let (a, b) = (one(&element), one(&element));
            let (scale, acc) = (one(&["e8m0", "e8m0", "e4m3fn", "e5m2"]), one(&["fp32", "fp32", "bf16", "fp16"]));
            let round = ["rne", "rtz", "down", "stochastic"][i % 4].to_string();
            let block = rng.random_range(1..=12).to_string();
            Point {
                block: "mx_mac",
                params: vec![("a", a), ("b", b), ("block", block), ("scale", scale), ("acc", acc), ("round", round)],
            }
        })
        .collect();
    right_and_clean("mx_mac_with_random_parameters", points, 2048);
}

#[test]
fn bitmod_pe_with_random_parameters() {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let all = "int3 int4 int5 int6 int7 int8 fp3 fp4 fp5_e2m2 fp5_e3m1 fp6_e2m3 fp6_e3m2";
    let mut points = Vec::new();
    for w in all.split(' ') {
        for lanes in [1, 4, rng.random_range(5..=13)] {
            let mut params = vec![("w", w.to_string()), ("lanes", lanes.to_string())];
            if lanes != 4 {
                params.push(("guard", rng.random_range(0..=16).to_string()));
                params.push(("acc_man", rng.random_range(8..=48).to_string()));
                params.push(("scale_bits", rng.random_range(1..=16).to_string()));
            }
            points.push(Point { block: "bitmod_pe", params });
        }
    }
    right_and_clean("bitmod_pe_with_random_parameters", points, 4096);
}

/// One product at a time, from the hardware: clocks, and the sum it leaves.
fn products(
    params: &str,
    cases: impl Iterator<Item = (i64, i64, u32)>,
    mut expected: impl FnMut(i64, i64, u32) -> (u32, i64),
) -> u64 {
    let unit = block("serial_mac", params).expect("legal");
    let sim = narrowgen::hdl::sim::Sim::new(&unit.design().expect("a design")).expect("simulates");
    let ports = unit.ports();
    let mask = |v: i64, bits: u32| BigUint::from((v as u64) & ((1u64 << bits) - 1));
    let mut rows = narrowgen::hdl::rows::Rows::new(sim.inputs());
    let mut ends = Vec::new();
    for (a, b, precision) in cases {
        let (clocks, sum) = expected(a, b, precision);
        rows.push(&[mask(a, ports[0].bits), mask(b, ports[1].bits), precision.into(), 1u32.into(), 1u32.into()]);
        // What comes in meanwhile is not looked at.
        (1..clocks)
            .for_each(|_| rows.push(&[mask(!a, ports[0].bits), mask(!b, ports[1].bits), 1u32.into(), 1u32.into(), 1u32.into()]));
        ends.push((rows.len(), clocks, sum));
    }
    rows.push(&vec![BigUint::ZERO; ports.iter().filter(|p| p.input).count()]);
    let found = sim.run(&rows, 0).expect("runs");
    for (end, clocks, sum) in &ends {
        assert_eq!(found.get(*end, 0), mask(*sum, ports[5].bits), "{params}: row {end}");
        let ready: Vec<bool> = (end - *clocks as usize..*end).map(|r| found.get(r, 1) == BigUint::from(1u32)).collect();
        let wanted: Vec<bool> = (0..*clocks).map(|i| i == 0).collect();
        assert_eq!(ready, wanted, "{params}: clocks");
    }
    ends.len() as u64
}

/// Every pair of 5-bit operands at every precision: n clocks bit by bit, half of that with Booth digits.
#[test]
fn serial_mac_every_product_and_its_clocks() {
    let mut checked = 0;
    for order in ["lsb", "msb", "booth"] {
        for signed in [true, false] {
            let (kind, low, high) = if signed { ("int5", -16, 15) } else { ("uint5", 0, 31) };
            let cases = (low..=high).flat_map(|a| (low..=high).flat_map(move |b| (1..=5).map(move |n| (a, b, n))));
            checked += products(&format!("a={kind} b={kind} order={order}"), cases, |a, b, n| {
                let low = b & ((1 << n) - 1);
                let value = if signed && low >> (n - 1) == 1 { low - (1 << n) } else { low };
                let clocks = if order != "booth" {
                    n
                } else if signed {
                    n.div_ceil(2)
                } else {
                    n / 2 + 1
                };
                (clocks, a * value)
            });
        }
    }
    assert_eq!(checked, 6 * 1024 * 5);
}

#[test]
fn serial_mac_refuses_what_has_no_digits() {
    for (params, word) in [
        ("a=e4m3fn", "--a: taken as an integer; allowed: int1"),
        ("b=int8-sm", "--b: taken as an integer; allowed: int1"),
        ("b=nf4", "--b: taken as an integer; allowed: int1"),
        ("order=pot", "--b: with --order pot a power of two; allowed: denseshift2..denseshift8"),
        ("order=pot b=pot4", "--b: with --order pot"),
        ("order=msbfirst", "--order: `msbfirst` is not one of: lsb, msb, booth, pot"),
        ("terms=0", "--terms: 0 is out of range"),
    ] {
        let error = block("serial_mac", params).err().expect(params);
        assert!(error.starts_with(word), "{params}: {error}");
    }
}

/// Elements of an array, and the numbers of matrix products that are compared.
const ELEMENTS: &[(&str, u64)] = &[
    ("pe=mac pe_params=a=int8,b=int8,acc=int32", 200),
    ("pe=mac pe_params=a=e4m3fn,b=e4m3fn,acc=fp32", 60),
    ("pe=mac pe_params=a=e4m3fn,b=e4m3fn,acc=exact", 60),
    ("pe=mac pe_params=a=int8,b=ternary,acc=int32", 60),
    ("pe=serial_mac", 40),
    ("pe=serial_mac pe_params=order=booth", 40),
    ("pe=bitmod_pe", 20),
    ("pe=bitmod_pe pe_params=w=int6", 20),
    ("pe=dot pe_params=a=int8,b=int8,lanes=4,out=exact", 60),
    ("pe=mx_mac pe_params=block=8", 20),
    ("pe=mx_mac pe_params=a=e2m1fn,b=e2m1fn,block=32", 10),
    ("dataflow=weight pe=mac pe_params=a=int8,b=int8,terms=1", 40),
    ("dataflow=weight pe=mac pe_params=a=int8,b=ternary,acc=int32", 40),
    ("dataflow=weight pe=mac pe_params=a=e5m2,b=e5m2,terms=1", 40),
    ("dataflow=weight pe=serial_mac pe_params=order=booth,terms=1", 20),
    ("dataflow=weight pe=dot pe_params=a=int8,b=uint4,lanes=4,out=exact", 40),
];

/// Random matrix products in arrays of 8×8 elements, with stalls at both ends.
#[test]
fn systolic_arrays_of_every_element() {
    let kinds: &[Kind] = match for_tests("systolic_arrays_of_every_element", &[Tool::Verilator, Tool::Cxx]) {
        true => &[Kind::Native, Kind::Verilator],
        false => &[Kind::Native],
    };
    ELEMENTS.par_iter().for_each(|(params, rows)| {
        let array = block("systolic", &format!("rows=8 cols=8 {params}")).unwrap_or_else(|e| panic!("{params}: {e}"));
        let design = array.design().expect("a design");
        let options = Options { vectors: *rows, ..Options::default() };
        let report =
            check::check(array.as_ref(), &design, kinds, &options, &|_, _| ()).unwrap_or_else(|e| panic!("{params}: {e}"));
        assert_eq!(report.results.len(), kinds.len());
        for result in &report.results {
            println!("{params}: {} {} rows, {:?}", result.engine, result.vectors, result.stream);
            assert_eq!((result.mismatches, result.vectors), (0, *rows), "{params} in {}", result.engine);
        }
    });
}

/// What comes out is the product of the matrices.
#[test]
fn systolic_multiplies_matrices() {
    let mut rng = ChaCha8Rng::seed_from_u64(43);
    let (rows, cols) = (5u32, 3u32);
    let array = block("systolic", "rows=5 cols=3 pe=mac pe_params=a=int8,b=int8,acc=int32").expect("legal");
    let mut model = array.golden();
    let mut products = 0;
    for _ in 0..40 {
        let depth = rng.random_range(1..=30);
        let mut matrix =
            |n: u32| (0..depth).map(|_| (0..n).map(|_| rng.random_range(-128..128i64)).collect()).collect::<Vec<Vec<i64>>>();
        let (a, b) = (matrix(rows), matrix(cols));
        let mut found = Vec::new();
        let packed = |v: &[i64]| v.iter().rev().fold(BigUint::ZERO, |all, x| (all << 8) | BigUint::from(*x as u8));
        for k in 0..depth {
            model.step(&[packed(&a[k]), packed(&b[k]), BigUint::from(k + 1 == depth)], &mut found);
        }
        assert_eq!(found.len() as u32, 2 * rows);
        for (at, token) in found.chunks(2).enumerate() {
            let r = rows as usize - 1 - at;
            assert_eq!(token[1], BigUint::from(r == 0));
            for c in 0..cols as usize {
                let sum: i64 = a.iter().zip(&b).map(|(a, b)| a[r] * b[c]).sum();
                let code = (&token[0] >> (32 * c)) % (BigUint::from(1u32) << 32);
                assert_eq!(code, BigUint::from(sum as i32 as u32));
                products += 1;
            }
        }
    }
    assert_eq!(products, 40 * 15);
}

/// Matrices of MXFP4 blocks with scales, against binary64, which holds everything before the one rounding of each step.
#[test]
fn systolic_multiplies_scaled_matrices() {
    const E2M1: [f64; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
    let number = |code: u32| if code & 8 != 0 { -E2M1[code as usize & 7] } else { E2M1[code as usize] };
    let mut rng = ChaCha8Rng::seed_from_u64(45);
    let lanes = [3usize, 2];
    let array = block("systolic", "rows=3 cols=2 pe=mx_mac pe_params=a=e2m1fn,b=e2m1fn,block=4").expect("legal");
    let names: Vec<&str> = array.ports().iter().map(|p| p.name).collect();
    assert_eq!(names, ["a", "b", "scale_a", "scale_b", "in_last", "acc", "out_last"]);
    let mut model = array.golden();
    let packed = |codes: &[u32], bits: u32| codes.iter().rev().fold(BigUint::ZERO, |all, x| (all << bits) | BigUint::from(*x));
    for _ in 0..50 {
        let depth = rng.random_range(1..=12);
        let mut found = Vec::new();
        let mut sums = [[0f32; 2]; 3];
        for k in 0..depth {
            let codes = lanes.map(|n| (0..n * 4).map(|_| rng.random_range(0..16)).collect::<Vec<u32>>());
            let scales = lanes.map(|n| (0..n).map(|_| rng.random_range(120..=134)).collect::<Vec<u32>>());
            for (r, row) in sums.iter_mut().enumerate() {
                for (c, sum) in row.iter_mut().enumerate() {
                    let (a, b) = (&codes[0][r * 4..][..4], &codes[1][c * 4..][..4]);
                    let inside: f64 = a.iter().zip(b).map(|(a, b)| number(*a) * number(*b)).sum();
                    let scale = 2f64.powi((scales[0][r] + scales[1][c]) as i32 - 254);
                    *sum = (f64::from(*sum) + scale * inside) as f32;
                }
            }
            let token = [packed(&codes[0], 4), packed(&codes[1], 4), packed(&scales[0], 8), packed(&scales[1], 8)];
            model.step(&[token.as_slice(), &[BigUint::from(k + 1 == depth)]].concat(), &mut found);
        }
        let expected = |r: usize| packed(&sums[r].map(f32::to_bits), 32);
        assert_eq!(found, [expected(2), 0u32.into(), expected(1), 0u32.into(), expected(0), 1u32.into()]);
    }
}

/// Weights go in, the last row first, then every token is a row of a matrix that they are multiplied with.
#[test]
fn systolic_keeps_weights() {
    let mut rng = ChaCha8Rng::seed_from_u64(44);
    let (rows, cols) = (5usize, 3usize);
    let array = block("systolic", "rows=5 cols=3 dataflow=weight pe=mac pe_params=a=int8,b=int8,terms=1").expect("legal");
    let ports = array.ports();
    let bits = ports.iter().find(|p| p.name == "acc").expect("sums").bits / cols as u32;
    assert_eq!(bits, 16 + 3);
    let mut model = array.golden();
    let packed = |v: &[i64]| v.iter().rev().fold(BigUint::ZERO, |all, x| (all << 8) | BigUint::from(*x as u8));
    for _ in 0..20 {
        let mut matrix = |n: usize, m: usize| {
            (0..n).map(|_| (0..m).map(|_| rng.random_range(-128..128i64)).collect()).collect::<Vec<Vec<i64>>>()
        };
        let (a, w) = (matrix(9, rows), matrix(rows, cols));
        let mut found = Vec::new();
        for weights in w.iter().rev() {
            model.step(&[BigUint::ZERO, packed(weights), 1u32.into(), 0u32.into()], &mut found);
        }
        assert!(found.is_empty());
        for x in &a {
            model.step(&[packed(x), BigUint::ZERO, 0u32.into(), 0u32.into()], &mut found);
        }
        for (x, token) in a.iter().zip(found.chunks(2)) {
            for c in 0..cols {
                let sum: i64 = x.iter().zip(&w).map(|(x, w)| x * w[c]).sum();
                let code = (&token[0] >> (bits as usize * c)) % (BigUint::from(1u32) << bits);
                assert_eq!(code, BigUint::from((sum as u64) & ((1 << bits) - 1)));
            }
        }
    }
}

/// Verilog of large arrays is made fast, and holds every module once.
#[test]
fn systolic_large_arrays_stay_small() {
    for (size, seconds) in [(64u32, 3.0), (128, 6.0)] {
        for dataflow in ["output", "weight"] {
            let params = format!("rows={size} cols={size} dataflow={dataflow} pe=mac pe_params=a=int8,b=int8,acc=int32");
            let start = std::time::Instant::now();
            let array = block("systolic", &params).expect("legal");
            let unit = Unit::from_design(&array.printed().expect("a design"));
            let took = start.elapsed().as_secs_f64();
            println!("{params}: {took:.2} s");
            assert!(took < seconds, "{params}: {took} s");
            let modules: usize = unit.files.iter().map(|f| f.text.lines().filter(|l| l.starts_with("module ")).count()).sum();
            assert_eq!(modules, 4, "{params}: the element, a cell, a row and the array");
        }
    }
}

/// The command writes a large array in less than a second, and says that it did not simulate it.
#[test]
fn systolic_large_arrays_are_emitted_fast() {
    let test = "systolic_large_arrays_are_emitted_fast";
    for dataflow in ["output", "weight"] {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("array");
        let words = ["emit", "systolic", "--rows", "64", "--cols", "64", "--dataflow", dataflow];
        let emit = || {
            let start = std::time::Instant::now();
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_narrowgen"));
            command.args(words).args(["--pe-params", "a=int8,b=int8,acc=int32", "-o"]).arg(&folder);
            let done = command.output().expect("the command runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            (start.elapsed().as_secs_f64(), String::from_utf8(done.stdout).expect("text"))
        };
        // The fastest of three: the machine may have other things to do.
        let runs: Vec<(f64, String)> = (0..3).map(|_| emit()).collect();
        let took = runs.iter().map(|r| r.0).fold(f64::INFINITY, f64::min);
        println!("{dataflow}: {took:.2} s");
        assert!(took < 1.0 || cfg!(debug_assertions), "{dataflow}: {took} s");
        let why = "no testbench and no measured timing of rows";
        assert!(runs[0].1.contains(why), "{}", runs[0].1);
        let manifest = std::fs::read(folder.join("manifest.json")).expect("a manifest");
        let manifest: Manifest = serde_json::from_slice(&manifest).expect("its shape");
        assert!(manifest.omitted.is_some_and(|o| o.starts_with(why)));
        assert_eq!((manifest.latency, manifest.rows.map(|r| r.timing)), (None, Some(Vec::new())));
        assert!(manifest.files.iter().all(|f| ["verilog", "filelist"].contains(&f.kind.as_str())));
        let array = block("systolic", &format!("rows=64 cols=64 dataflow={dataflow} pe_params=a=int8,b=int8,acc=int32"));
        let unit = Unit::from_design(&array.expect("legal").printed().expect("a design"));
        for file in &unit.files {
            assert_eq!(std::fs::read_to_string(folder.join(&file.name)).expect("Verilog"), file.text);
        }
        for tool in [Tool::Verilator, Tool::Yosys] {
            if for_tests(test, &[tool]) {
                let report = lint::lint_with(tool, std::slice::from_ref(&unit)).expect("the linter runs");
                assert!(report.messages.is_empty(), "{}: {}", tool.name(), report.messages.join("\n"));
            }
        }
    }
}

/// Nodes are counted without flattening; here they are counted by flattening.
#[test]
fn systolic_nodes_are_those_of_the_flat_design() {
    for params in
        ["rows=3 cols=4", "rows=4 cols=2 dataflow=weight pe_params=a=int8,b=int8,terms=1", "rows=2 cols=2 pe=serial_mac"]
    {
        let design = block("systolic", params).expect("legal").design().expect("a design");
        let flat = narrowgen::hdl::timing::flatten::flatten(&design);
        assert_eq!(design.flat_nodes(), flat.top().nodes.len() as u64, "{params}");
    }
}

#[test]
fn systolic_refuses_what_cannot_be_an_element() {
    for (params, word) in [
        ("pe=convert", "--pe: `convert` cannot be an element; an element has operands `a` and another"),
        ("pe=systolic", "--pe: `systolic` is not one of: convert, mul"),
        ("pe_params=a", "--pe-params: `a` is not NAME=VALUE"),
        ("pe_params=acc=nothing", "--pe-params: mac: --acc: "),
        ("pe_params=lanes=3", "--pe-params: mac: --lanes: `mac` has no such parameter"),
        ("dataflow=weight pe_params=acc=fp32", "--dataflow: sums of weight-stationary elements need one result that is exact"),
        ("dataflow=weight pe=bitmod_pe", "--dataflow: sums of weight-stationary"),
        ("rows=0", "--rows: 0 is out of range; allowed: 1..=128"),
    ] {
        let error = block("systolic", params).err().expect(params);
        assert!(error.starts_with(word), "{params}: {error}");
    }
}
