//! The integer-only operators of I-ViT against the published code, evaluated on binary64 (exact integers in every
//! record), and against the vectors printed with their description: golden model, native simulator and Verilator, the
//! hardware under random back-pressure.
#[path = "../src/golden/tests/anchors/reader.rs"]
#[allow(dead_code)]
mod reader;

use narrowgen::blocks::{self, Configured, Role};
use narrowgen::flow::engine::{Engine, Golden, Native, Verilated};
use narrowgen::flow::stream::Streamed;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::golden::int;
use narrowgen::hdl::rows::Rows;
use num_bigint::{BigInt, BigUint};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of one block with its parameters: inputs port by port, and the results.
struct Job {
    block: Box<dyn Configured>,
    tokens: Rows,
    /// Results, token by token: lanes with an element only.
    wanted: Vec<Vec<BigInt>>,
}

fn job(name: &str, params: &[(&str, String)]) -> Job {
    let given: Vec<(String, String)> = params.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
    let block = blocks::find(name).expect("a block").configure(&given).unwrap_or_else(|e| panic!("{name} {params:?}: {e}"));
    let widths: Vec<u32> = block.ports().iter().filter(|p| p.input).map(|p| p.bits).collect();
    Job { block, tokens: Rows::new(&widths), wanted: Vec::new() }
}

impl Job {
    /// A row: the elements of every operand, and of the result.
    fn row(&mut self, operands: &[&[BigInt]], results: &[BigInt]) {
        let lanes = self.block.row_lengths().expect("a stream").lanes as usize;
        let count = results.len().div_ceil(lanes);
        for token in 0..count {
            let range = token * lanes..((token + 1) * lanes).min(results.len());
            let mut operands = operands.iter();
            let codes: Vec<BigUint> = (self.block.ports().iter().filter(|p| p.input))
                .map(|p| match p.role {
                    Role::Mask => (BigUint::from(1u32) << range.len()) - 1u32,
                    Role::Last => BigUint::from(token + 1 == count),
                    _ => {
                        let (all, bits) = (operands.next().expect("an operand"), p.bits / p.lanes);
                        let codes = all[range.clone()].iter().rev().map(|x| int::to_code(x, bits));
                        codes.fold(BigUint::ZERO, |all, code| (all << bits) | code)
                    }
                })
                .collect();
            self.tokens.push(&codes);
            self.wanted.push(results[range].to_vec());
        }
    }

    /// Tokens whose results differ.
    fn differing(&self, found: &Rows) -> usize {
        let port = self.block.ports().into_iter().find(|p| !p.input).expect("a result");
        let bits = port.bits / port.lanes;
        assert_eq!(found.len(), self.wanted.len(), "{}", self.block.module_name());
        let good = |(token, wanted): &(usize, &Vec<BigInt>)| {
            wanted.iter().enumerate().all(|(lane, y)| {
                let code = (found.get(*token, 0) >> (lane as u32 * bits)) & ((BigUint::from(1u32) << bits) - 1u32);
                int::from_code(&code, bits) == *y
            })
        };
        self.wanted.iter().enumerate().filter(|t| !good(t)).count()
    }
}

/// Puts every row through golden model, native simulator and Verilator.
fn judge(test: &str, jobs: &BTreeMap<String, Job>) {
    let designs: Vec<_> = jobs.values().map(|j| j.block.design().expect("a design")).collect();
    let mut problems = Vec::new();
    let mut run = |engine: &mut dyn Engine, job: &Job, name: &str| {
        let found = engine.run(&job.tokens, 0).unwrap_or_else(|e| panic!("{name}: {e}"));
        let differ = job.differing(&found);
        if differ > 0 {
            problems.push(format!("{} {name}: {differ} of {} tokens", engine.kind().word(), job.wanted.len()));
        }
    };
    let model = for_tests(test, &[Tool::Verilator, Tool::Cxx]).then(|| {
        let units: Vec<Unit> = designs.iter().map(Unit::from_design).collect();
        Arc::new(verilator::build(&units).unwrap_or_else(|e| panic!("{e}")))
    });
    let mut tokens = 0;
    for (i, ((name, job), design)) in jobs.iter().zip(&designs).enumerate() {
        tokens += job.wanted.len();
        run(&mut Golden(job.block.as_ref()), job, name);
        let streamed = |inner: Box<dyn Engine + Send>| Streamed::new(job.block.as_ref(), design, inner).expect("a stream");
        run(&mut streamed(Box::new(Native::new(design).expect("simulates"))), job, name);
        if let Some(model) = &model {
            run(&mut streamed(Box::new(Verilated::of(model.clone(), i))), job, name);
        }
    }
    println!("| {test} | {} configurations | {tokens} tokens | Verilator {} |", jobs.len(), model.is_some());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn numbers(value: &Value) -> Vec<BigInt> {
    value.as_array().expect("a list").iter().map(|x| BigInt::from(x.as_i64().expect("an integer"))).collect()
}

fn records(file: &str) -> Vec<Value> {
    let text = reader::text(&format!("ivit/{file}.jsonl.gz"));
    text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

fn integers<const N: usize>(values: [i64; N]) -> Vec<BigInt> {
    values.map(BigInt::from).to_vec()
}

/// Lanes by turns, so that rows end within tokens.
fn lanes(x0: i64) -> u32 {
    [1, 4, 3][x0.unsigned_abs() as usize % 3]
}

#[test]
fn softmax() {
    let (mut jobs, mut rows) = (BTreeMap::new(), 0);
    for record in ["ivit_softmax_gelu", "ivit_softmax_gelu_edge"].into_iter().flat_map(records) {
        if record["op"] != "IntSoftmax" {
            continue;
        }
        let (b, x0) = (record["output_bit"].as_i64().expect("bits"), record["x0_int"].as_i64().expect("x0"));
        let params =
            [("x0", x0.to_string()), ("out_bits", b.to_string()), ("lanes", lanes(x0).to_string()), ("longest", "1024".into())];
        let job = jobs.entry(format!("{params:?}")).or_insert_with(|| job("shiftmax", &params));
        job.row(&[&numbers(&record["x_int"])], &numbers(&record["out_int_f64"]));
        rows += 1;
    }
    assert_eq!(rows, 766 + 135);
    judge("softmax", &jobs);
}

/// The published code lets the sigmoid pass 127 where the sum is clamped; the block saturates it.
#[test]
fn gelu() {
    let (mut jobs, mut rows, mut saturated) = (BTreeMap::new(), 0, 0);
    for record in ["ivit_softmax_gelu", "ivit_softmax_gelu_edge"].into_iter().flat_map(records) {
        if record["op"] != "IntGELU" {
            continue;
        }
        let (b, x0) = (record["output_bit"].as_i64().expect("bits"), record["x0_int"].as_i64().expect("x0"));
        let divider = if x0 % 2 == 0 { "unrolled" } else { "iterative" };
        let params = [
            ("x0", x0.to_string()),
            ("sigmoid_bits", b.to_string()),
            ("lanes", lanes(x0).to_string()),
            ("longest", "1024".into()),
            ("divider", divider.into()),
        ];
        let (x, mut y) = (numbers(&record["x_int"]), numbers(&record["out_int_f64"]));
        let most = (BigInt::from(1) << (b - 1)) - 1;
        let mut cut = false;
        for (x, y) in x.iter().zip(&mut y) {
            // The sigmoid is y/x.
            if *x != BigInt::ZERO && &*y / x > most {
                (*y, cut) = (x * &most, true);
            }
        }
        saturated += usize::from(cut);
        let job = jobs.entry(format!("{params:?}")).or_insert_with(|| job("shiftgelu", &params));
        job.row(&[&x], &y);
        rows += 1;
    }
    assert_eq!((rows, saturated), (280 + 48, 19));
    judge("gelu", &jobs);
}

/// The published operators with another constant than 2^31 - 1, integers; and whether every product and sum has at most 24 significant bits.
struct Replay {
    x0: BigInt,
    n: i64,
    most: BigInt,
    narrow: bool,
}

impl Replay {
    fn seen(&mut self, x: BigInt) -> BigInt {
        self.narrow &= x.bits() - x.trailing_zeros().unwrap_or(0) <= 24;
        x
    }

    fn exp(&mut self, d: BigInt) -> BigInt {
        let i: BigInt = &d + (&d >> 1u32) - (&d >> 4u32);
        let i = i.max(&self.x0 * self.n);
        // Towards minus infinity; x0 is negative.
        let cut = &i / &self.x0;
        let q = if i > BigInt::ZERO && &cut * &self.x0 != i { cut - 1 } else { cut };
        let rest = i - (&q + 2) * &self.x0;
        let shift = self.n - i64::try_from(q).expect("small");
        self.seen(if shift >= 0 { (rest << shift) >> 1u32 } else { rest >> (1 - shift) }).max(BigInt::ZERO)
    }

    fn ratio(&mut self, e: &BigInt, sum: &BigInt, bits: u32) -> BigInt {
        let sum = self.seen(sum.clone()).min(self.most.clone());
        let factor = self.seen(&self.most / sum);
        self.seen(e * factor) >> (32 - bits)
    }

    fn softmax(&mut self, x: &[BigInt], bits: u32) -> Vec<BigInt> {
        let largest = x.iter().max().expect("a row");
        let e: Vec<BigInt> = x.iter().map(|x| self.exp(x - largest)).collect();
        let sum = e.iter().fold(BigInt::ZERO, |sum, e| self.seen(sum + e));
        e.iter().map(|e| self.ratio(e, &sum, bits)).collect()
    }

    fn gelu(&mut self, x: &[BigInt], bits: u32) -> Vec<BigInt> {
        let largest = x.iter().max().expect("a row");
        let rest = self.exp(-largest);
        let one = |x: &BigInt| {
            let e = self.exp(x - largest);
            let sigmoid = self.ratio(&e, &(&e + &rest), bits);
            self.seen(x * sigmoid)
        };
        x.iter().map(one).collect()
    }
}

/// What the same code returns on binary32, as published, is no reference for integers. Every record is put under one cause.
#[test]
fn binary32_columns() {
    let mut causes: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for record in ["ivit_softmax_gelu", "ivit_softmax_gelu_edge", "ivit_layernorm"].into_iter().flat_map(records) {
        let (exact, single) = (&record["out_int_f64"], &record["out_int_f32"]);
        let op = record["op"].as_str().expect("an operator").to_string();
        let (x, taken) = (numbers(&record["x_int"]), record["in_exact_f32"].as_bool().expect("a flag"));
        let same = single == "same" || single == exact;
        let (constant, narrow) = if record["x0_int"].is_null() {
            let mut replay = Replay { x0: BigInt::ZERO, n: 0, most: BigInt::ZERO, narrow: true };
            let number = |key: &str| record[key].as_i64().expect("an integer");
            let bias =
                record["bias_int_f64"].as_array().map_or(vec![BigInt::ZERO; x.len()], |_| numbers(&record["bias_int_f64"]));
            for (x, bias) in x.iter().zip(bias) {
                let product = replay.seen((x - number("int_mean")) * number("int_factor"));
                let bias = replay.seen(bias);
                replay.seen((product >> 1u32) + bias);
            }
            (false, replay.narrow)
        } else {
            let bits = record["output_bit"].as_u64().expect("bits") as u32;
            let run = |most: i64| {
                let x0 = record["x0_int"].as_i64().expect("x0").into();
                let softmax = op == "IntSoftmax";
                let n = if softmax { 15 } else { 23 };
                let mut replay = Replay { x0, n, most: most.into(), narrow: true };
                let y = if softmax { replay.softmax(&x, bits) } else { replay.gelu(&x, bits) };
                (y, replay.narrow)
            };
            let (ours, narrow) = run((1 << 31) - 1);
            assert_eq!(ours, numbers(exact), "{record}");
            (!same && run(1 << 31).0 == numbers(single), narrow)
        };
        let cause = match () {
            _ if same => "equal",
            _ if constant => "2^31 instead of 2^31 - 1",
            _ if !taken => "x / scale is not the integer",
            _ if !narrow => "more than 24 bits",
            _ => panic!("no cause: {record}"),
        };
        *causes.entry((op, cause)).or_default() += 1;
    }
    let counted: Vec<(&str, &str, usize)> = causes.iter().map(|((op, cause), n)| (op.as_str(), *cause, *n)).collect();
    println!("{counted:?}");
    // Counted by another program, too.
    let expected = [
        ("IntGELU", "2^31 instead of 2^31 - 1", 63),
        ("IntGELU", "equal", 226),
        ("IntGELU", "more than 24 bits", 16),
        ("IntGELU", "x / scale is not the integer", 23),
        ("IntLayerNorm", "equal", 8),
        ("IntLayerNorm", "more than 24 bits", 81),
        ("IntLayerNorm", "x / scale is not the integer", 58),
        ("IntSoftmax", "2^31 instead of 2^31 - 1", 96),
        ("IntSoftmax", "equal", 769),
        ("IntSoftmax", "x / scale is not the integer", 36),
    ];
    assert_eq!(counted, expected);
}

/// The floor of the square root differs from the published ten steps in some records: those give the deviation.
#[test]
fn norm() {
    let (mut jobs, mut rows, mut apart) = (BTreeMap::new(), 0, 0);
    for record in records("ivit_layernorm") {
        let x = numbers(&record["x_int"]);
        let bias = match &record["bias_int_f64"] {
            Value::String(_) => vec![BigInt::ZERO; x.len()],
            list => numbers(list),
        };
        let params = [
            ("isqrt", "ivit10".to_string()),
            ("in_bits", record["in_bits"].to_string()),
            ("lanes", lanes(x.len() as i64 / 4).to_string()),
            ("longest", "1024".into()),
        ];
        let y = numbers(&record["out_int_f64"]);
        jobs.entry(format!("{params:?}")).or_insert_with(|| job("ilayernorm", &params)).row(&[&x, &bias], &y);
        rows += 1;
        // Where both roots are the same the exact one gives the same.
        if record["isqrt_of_var"] == record["int_std_after_10_steps"] {
            let params = [params[1].clone(), params[2].clone(), params[3].clone()];
            jobs.entry(format!("exact {params:?}")).or_insert_with(|| job("ilayernorm", &params)).row(&[&x, &bias], &y);
        } else {
            apart += 1;
        }
    }
    assert_eq!(rows, 147);
    println!("{apart} records where ten steps do not give the floor of the root");
    judge("norm", &jobs);
}

/// Every nonlinear operator of an integer-only vision transformer on images: 8-bit residual stream and 16-bit.
#[test]
fn vision_transformer() {
    let (mut jobs, mut rows) = (BTreeMap::new(), BTreeMap::<String, usize>::new());
    for record in records("tiny_ivit") {
        let (op, word) = (record["op"].as_str().expect("an operator"), |name: &str| record[name].to_string());
        let mut params = vec![("in_bits", word("in_bits")), ("lanes", "4".into())];
        let block = match op {
            "layernorm" => {
                params.push(("isqrt", record["isqrt"].as_str().expect("a word").into()));
                "ilayernorm"
            }
            "shiftmax" => {
                params.extend([("x0", word("x0")), ("n", word("n")), ("out_bits", word("bits"))]);
                "shiftmax"
            }
            _ => {
                params.extend([("x0", word("x0")), ("n", word("n")), ("sigmoid_bits", word("bits"))]);
                "shiftgelu"
            }
        };
        let job = jobs.entry(format!("{block} {params:?}")).or_insert_with(|| job(block, &params));
        let bias = record.get("bias").map(numbers);
        let lists = |name: &str| record[name].as_array().expect("rows").iter().map(numbers).collect::<Vec<_>>();
        for (x, y) in lists("x").iter().zip(lists("y")) {
            match &bias {
                Some(bias) => job.row(&[x, bias], &y),
                None => job.row(&[x], &y),
            }
            *rows.entry(op.into()).or_default() += 1;
        }
    }
    assert_eq!(rows.values().copied().collect::<Vec<_>>(), [595, 153, 459], "{rows:?}");
    judge("vision_transformer", &jobs);
}

/// Vectors printed with the description of the operators.
#[test]
fn printed() {
    let mut jobs = BTreeMap::new();
    let text = |params: &[(&'static str, &str)]| params.iter().map(|(n, v)| (*n, v.to_string())).collect::<Vec<_>>();
    let x = integers([127, 126, 120, 112, 96, 64, 0, -128]);
    let z = integers([10, 0, -10, -50, -127, 127, 100, 120]);
    let tvm = |x0| text(&[("variant", "tvm"), ("n", "16"), ("x0", x0)]);
    let all = [
        (text(&[("lanes", "8")]), &x, integers([36, 35, 27, 17, 8, 1, 0, 0])),
        (text(&[("out_bits", "16")]), &x, integers([9450, 9213, 7087, 4488, 2067, 428, 17, 0])),
        (tvm("-21"), &x, integers([36, 35, 28, 17, 8, 1, 0, 0])),
        (text(&[("x0", "-16")]), &z, integers([0, 0, 0, 0, 0, 67, 13, 46])),
        (tvm("-17"), &z, integers([0, 0, 0, 0, 0, 66, 13, 47])),
    ];
    for (params, x, y) in all {
        jobs.entry(format!("shiftmax {params:?}")).or_insert_with(|| job("shiftmax", &params)).row(&[x], &y);
    }
    for divider in ["iterative", "unrolled"] {
        let params = text(&[("divider", divider)]);
        let x = integers([-127, -64, -32, -8, 0, 8, 32, 64, 127]);
        let y = integers([0, -64, -416, -376, 0, 648, 3648, 8064, 16129]);
        jobs.entry(format!("shiftgelu {divider}")).or_insert_with(|| job("shiftgelu", &params)).row(&[&x], &y);
    }
    for (isqrt, variant) in [("ivit10", "pt"), ("exact", "pt")] {
        let params = text(&[("isqrt", isqrt), ("variant", variant)]);
        let x = integers([120, -30, 55, 8, -77, 101, -5, 66]);
        let mut y = integers([539870175, -359913450, 149963937, -131968265, -641845653, 425897582, -209949513, 215948070]);
        if isqrt == "exact" {
            // The root is 178 in place of 179.
            let half = |x: &BigInt| ((x - 30) * ((1i64 << 31) - 1).div_euclid(178)) >> 1;
            y = x.iter().map(half).collect();
        }
        let zeros = vec![BigInt::ZERO; x.len()];
        jobs.entry(format!("ilayernorm {params:?}")).or_insert_with(|| job("ilayernorm", &params)).row(&[&x, &zeros], &y);
    }
    judge("printed", &jobs);
}
