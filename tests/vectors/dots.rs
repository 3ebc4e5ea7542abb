//! Dot products against GMP, MPFR and numpy, through `dot` (all lanes at once) and `mac` (one pair a cycle).
use crate::judge::*;
use crate::reader::*;
use narrowgen::golden::exact::Exact;
use narrowgen::golden::format::Format;
use narrowgen::golden::value::Value;
use num_bigint::{BigInt, BigUint};
use serde_json::Value as Json;

fn records(path: &str) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn word<'a>(record: &'a Json, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_else(|| panic!("{key} in {record}"))
}

/// `[n, e]` means n × 2^e.
fn exact(json: &Json) -> Value {
    let x = Exact::new(json[0].as_str().unwrap().parse::<BigInt>().unwrap(), json[1].as_i64().unwrap());
    Value::number(x, false)
}

fn list<T>(json: &Json, each: impl Fn(&Json) -> T) -> Vec<T> {
    json.as_array().unwrap().iter().map(each).collect()
}

/// The code of an integer, or of the entry of a table with that value.
fn code(format: &Format, number: i64) -> u64 {
    match format {
        Format::Int(i) => number as u64 & ((1 << i.bits) - 1),
        _ => {
            let is = |code: &u64| value(format, *code).exact() == Some(Exact::from(number));
            (0..1 << format.bits()).find(is).unwrap_or_else(|| panic!("{number} in {format:?}"))
        }
    }
}

/// Two vectors and their formats.
struct Pair<'a> {
    names: [&'a str; 2],
    formats: [Format; 2],
    codes: [Vec<u64>; 2],
}

impl Pair<'_> {
    /// All lanes at once.
    fn dot(&self, judge: &mut Judge, params: &[(&str, &str)], want: Want) {
        let lanes = self.codes[0].len().to_string();
        let base = [("a", self.names[0]), ("b", self.names[1]), ("lanes", &lanes)];
        let inputs = [0, 1].map(|i| pack(&self.formats[i], &self.codes[i]));
        judge.job("dot", &[&base, params].concat()).vector(&inputs, want);
    }

    /// One pair a cycle.
    fn mac(&self, judge: &mut Judge, params: &[(&str, &str)], want: Want) {
        let base = [("a", self.names[0]), ("b", self.names[1])];
        let job = judge.job("mac", &[&base, params].concat());
        for (i, (a, b)) in self.codes[0].iter().zip(&self.codes[1]).enumerate() {
            job.cycle(&codes([*a, *b, u64::from(i == 0), 1]));
        }
        job.state(want);
    }
}

impl Pair<'_> {
    /// The blocks made for such operands; how many there are.
    fn integer_blocks(&self, judge: &mut Judge, sum: i64) -> u64 {
        let lanes = self.codes[0].len().to_string();
        let want = || Want::Exact(Value::number(Exact::from(sum), false));
        let packed = |i: usize| pack(&self.formats[i], &self.codes[i]);
        let mut compared = 0;
        let mut job = |name: &str, params: &[(&str, &str)], first: usize| {
            let params = [params, &[("lanes", lanes.as_str())]].concat();
            judge.job(name, &params).vector(&[packed(first), packed(1 - first)], want());
            compared += 1;
        };
        let small = |i: usize| matches!(self.formats[i], Format::Int(f) if f.bits <= 16);
        if self.names == ["binary", "binary"] {
            job("xnor_dot", &[], 0);
        }
        for (x, w) in [(0, 1), (1, 0)] {
            if matches!(self.formats[x], Format::Int(_)) && matches!(self.formats[w], Format::Table(_)) {
                for structure in ["select", "planes", "offset"] {
                    job("ternary_dot", &[("x", self.names[x]), ("w", self.names[w]), ("structure", structure)], x);
                }
            }
        }
        if small(0) && small(1) {
            job("bitplane_dot", &[("a", self.names[0]), ("b", self.names[1])], 0);
        }
        compared
    }
}

const FORMATS: [(&str, &str); 3] = [("f32", "fp32"), ("bf16", "bf16"), ("f16", "fp16")];

#[test]
fn plain() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("dot_plain"));
    let all = records("dot/dot_plain.jsonl.gz");
    judge.read(all.len());
    for record in &all {
        let names = ["fmt_a", "fmt_b"].map(|key| word(record, key));
        let pair = Pair {
            names,
            formats: names.map(|n| formats.get(n)),
            codes: ["a", "b"].map(|key| list(&record[key], |c| hex(c.as_str().unwrap()))),
        };
        assert_eq!(pair.codes[0].len() as u64, record["len"].as_u64().unwrap());
        pair.dot(&mut judge, &[("out", "exact")], Want::Exact(exact(&record["exact"])));
        pair.mac(&mut judge, &[("acc", "exact"), ("terms", "64")], Want::Exact(exact(&record["exact"])));
        for (key, format) in FORMATS {
            let once = hex(word(record, &format!("exact_rne_{key}")));
            pair.dot(&mut judge, &[("sum", "exact"), ("out", format)], Want::Code(once));
            let last = hex(word(record, &format!("seq_{key}")));
            pair.dot(&mut judge, &[("sum", "sequential"), ("sum-format", format), ("out", format)], Want::Code(last));
            pair.mac(&mut judge, &[("acc", format)], Want::Code(last));
        }
        let tree = Want::Code(hex(word(record, "tree_f32")));
        pair.dot(&mut judge, &[("sum", "tree"), ("sum-format", "fp32"), ("out", "fp32")], tree);
    }
    // The large circuits of all formats take Verilator minutes: many lanes of one format only.
    let small = |name: &str| !name.starts_with("dot") || name.contains("--lanes 4") || name.contains("--lanes 8 --out exact");
    judge.verilate_some(|i, name| small(name) || i % 2 == 0 && name.starts_with("dot --a float8_e4m3fn --b float8_e4m3fn "));
    judge.finish(&Expected { rows: 480, compared: 480 * 12, verilator: (2904, 480 * 12), left_out: &[] });
}

#[test]
fn integers() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("dot_int"));
    let all = records("dot/dot_int.jsonl.gz");
    judge.read(all.len());
    let mut special = 0;
    for record in &all {
        let names = ["type_a", "type_b"].map(|key| match word(record, key) {
            "bipolar" => "binary",
            other => other,
        });
        let of = names.map(|n| formats.get(n));
        let codes = [0, 1].map(|i| list(&record[["a", "b"][i]], |n| code(&of[i], n.as_i64().unwrap())));
        let pair = Pair { names, formats: of, codes };
        let sum = record["dot"].as_i64().unwrap();
        let want = || Want::Exact(Value::number(Exact::from(sum), false));
        pair.dot(&mut judge, &[("out", "exact")], want());
        pair.mac(&mut judge, &[("acc", "exact"), ("terms", "256")], want());
        pair.mac(&mut judge, &[("acc", "int32")], Want::Code(sum as u64 & 0xffff_ffff));
        pair.mac(&mut judge, &[("acc", "int16"), ("overflow", "wrap")], Want::Code(sum as u64 & 0xffff));
        special += pair.integer_blocks(&mut judge, sum);
    }
    assert_eq!(special, 165);
    let compared = 135 * 4 + special;
    // Of the large circuits a quarter.
    judge.verilate_some(|i, name| i % 4 == 0 || !name.starts_with("dot ") && !name.starts_with("bitplane_dot "));
    judge.finish(&Expected { rows: 135, compared, verilator: (525, compared), left_out: &[] });
}

/// Blocks with scales: the sums inside, and the whole: exact, rounded once, and block by block.
#[test]
fn scaled_blocks() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("dot_mx_blocks32, dot_nvfp4_blocks16"));
    let mut blockwise = 0;
    for (path, size, scale) in
        [("dot/dot_mx_blocks32.jsonl.gz", "32", "e8m0"), ("dot/dot_nvfp4_blocks16.jsonl.gz", "16", "e4m3fn")]
    {
        let all = records(path);
        judge.read(all.len());
        for record in &all {
            let names = ["fmt_a", "fmt_b"].map(|key| match record[key].as_str() {
                Some("mxfp8_e4m3") => "e4m3fn",
                Some("mxfp8_e5m2") => "e5m2",
                Some("mxfp6_e2m3") => "e2m3fn",
                Some("mxfp6_e3m2") => "e3m2fn",
                Some("mxfp4_e2m1") | None => "e2m1fn",
                Some(other) => other,
            });
            let formats = names.map(|n| formats.get(n));
            let (mut lanes, mut scales) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
            let blocks = record["blocks"].as_array().unwrap();
            for block in blocks {
                // MXINT8 elements are written as their integers.
                let element = |c: &Json| c.as_i64().map_or_else(|| hex(c.as_str().unwrap()), |n| (n & 0xff) as u64);
                let codes = ["a", "b"].map(|key| list(&block[key], element));
                (0..2).for_each(|i| lanes[i].extend(&codes[i]));
                (0..2).for_each(|i| scales[i].push(hex(word(block, ["scale_a", "scale_b"][i]))));
                let pair = Pair { names, formats: formats.clone(), codes };
                pair.dot(&mut judge, &[("out", "exact")], Want::Exact(exact(&block["block_exact_unscaled"])));
            }
            let byte = narrowgen::golden::names::parse("uint8").unwrap();
            let inputs = [0, 1].map(|i| pack(&formats[i], &lanes[i])).into_iter().chain([0, 1].map(|i| pack(&byte, &scales[i])));
            let inputs: Vec<BigUint> = inputs.collect();
            let count = blocks.len().to_string();
            let base = [("a", names[0]), ("b", names[1]), ("block", size), ("blocks", &count), ("scale", scale)];
            let mut whole = |params: &[(&str, &str)], want| judge.job("mx_dot", &[&base, params].concat()).vector(&inputs, want);
            whole(&[("out", "exact")], Want::Exact(exact(&record["exact"])));
            for (key, format) in [("exact_rne_f32", "fp32"), ("exact_rne_bf16", "bf16")] {
                whole(&[("out", format)], Want::Code(hex(word(record, key))));
            }
            // Not given where something overflows on the way.
            if let Some(code) = record["blockwise_seq_f32"].as_str() {
                whole(&[("sum", "blockwise"), ("out", "fp32")], Want::Code(hex(code)));
                blockwise += 1;
            }
        }
    }
    assert_eq!(blockwise, 449);
    let compared = 1050 + 3 * 450 + blockwise;
    judge.verilate_some(|i, name| {
        i % 2 == 0 && (!name.contains("--out exact") || name.starts_with("dot ")) || name.contains("e2m1fn")
    });
    judge.finish(&Expected { rows: 450, compared, verilator: (1724, compared), left_out: &[] });
}

#[test]
fn a_wrong_expectation_is_found_by_every_engine() {
    let found = std::panic::catch_unwind(|| {
        let mut judge = Judge::new("wrong on purpose");
        judge.read(1);
        judge.job("mul", &[("a", "int4"), ("b", "int4"), ("out", "int8")]).vector(&codes([3, 2]), Want::Code(7));
        let exact = Want::Exact(Value::number(Exact::from(-6), false));
        judge.job("mul", &[("a", "int4"), ("b", "int4"), ("out", "exact")]).vector(&codes([3, 2]), exact);
        judge.finish(&Expected { rows: 1, compared: 2, verilator: (2, 2), left_out: &[] });
    });
    let message = found.unwrap_err().downcast::<String>().unwrap();
    for engine in ["golden", "native", "verilator"] {
        let lines = message.lines().filter(|l| l.starts_with(engine)).count();
        assert!(lines == 2 || engine == "verilator" && lines == 0 && skipping(), "{message}");
    }
}

fn skipping() -> bool {
    use narrowgen::flow::tool::{Tool, resolve};
    resolve(Tool::Verilator).is_err() || resolve(Tool::Cxx).is_err()
}
