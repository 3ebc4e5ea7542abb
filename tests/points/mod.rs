//! Random parameters of blocks, from a seed: the values that make sense, legal together or not.
#![allow(dead_code)]
use narrowgen::blocks::{self, Configured};
use narrowgen::flow::check::differing;
use narrowgen::flow::engine;
use narrowgen::flow::stimulus::{Method, Options, Plan};
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::golden::names;
use narrowgen::hdl::sim::Sim;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A block's name and its parameters as given.
pub struct Point {
    pub block: &'static str,
    pub params: Vec<(&'static str, String)>,
}

impl Point {
    /// The block, if the parameters are legal together.
    pub fn configure(&self) -> Result<Box<dyn Configured>, String> {
        let given: Vec<(String, String)> = self.params.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
        let block = blocks::find(self.block).ok_or("no such block")?;
        block.configure(&given).map_err(|e| e.to_string())
    }

    /// As on the command line.
    pub fn arguments(&self) -> Vec<String> {
        let flags = self.params.iter().flat_map(|(n, v)| [format!("--{n}"), v.clone()]);
        std::iter::once(self.block.to_string()).chain(flags).collect()
    }
}

fn pick<'a>(rng: &mut ChaCha8Rng, words: &[&'a str]) -> &'a str {
    words.choose(rng).expect("words")
}

/// The name of a format of at most `bits` bits.
pub fn format(rng: &mut ChaCha8Rng, bits: u32) -> String {
    loop {
        let name = match rng.random_range(0..10) {
            0..=4 => {
                let all = names::catalogue();
                names::name(&all.choose(rng).expect("formats").format)
            }
            5..=7 => {
                let e: u32 = rng.random_range(1..=8);
                let m: u32 = if rng.random_range(0..8) == 0 { rng.random_range(0..=23) } else { rng.random_range(0..=7) };
                let special = pick(rng, &["none", "ieee", "fn", "fnuz"]);
                let bias = if rng.random_range(0..4) == 0 { format!("b{}", rng.random_range(-40..80)) } else { String::new() };
                format!("e{e}m{m}{bias}-{special}")
            }
            8 => {
                let kind = pick(rng, &["int", "uint"]);
                let tail = if kind == "int" { pick(rng, &["", "", "-sym", "-sm", "-q3"]) } else { pick(rng, &["", "-q2"]) };
                format!("{kind}{}{tail}", rng.random_range(1..=32))
            }
            _ => {
                let k = rng.random_range(3..=8);
                let sign = pick(rng, &["s", "u"]);
                format!("p3109_k{k}p{}{sign}{}", rng.random_range(1..=k), pick(rng, &["e", "f"]))
            }
        };
        if names::parse(&name).is_ok_and(|f| f.bits() <= bits) {
            return name;
        }
    }
}

/// A point of a random block; `bits` bounds the formats and `lanes` the dot product.
pub fn point(rng: &mut ChaCha8Rng, bits: u32, lanes: u32) -> Point {
    let block = pick(rng, &["convert", "mul", "dot", "mac"]);
    let mut params: Vec<(&'static str, String)> = Vec::new();
    let wide = |rng: &mut ChaCha8Rng| match rng.random_range(0..3) {
        0 => format(rng, 32),
        _ => pick(rng, &["fp32", "fp16", "bf16", "e4m3fn", "e5m2", "int8", "e2m1fn"]).to_string(),
    };
    if block == "convert" {
        params.push(("from", format(rng, 32)));
        params.push(("to", format(rng, bits)));
    } else {
        params.push(("a", format(rng, bits)));
        params.push(("b", if rng.random() { params[0].1.clone() } else { format(rng, bits) }));
    }
    match block {
        "mul" => params.push(("out", if rng.random_range(0..4) == 0 { "exact".into() } else { wide(rng) })),
        "dot" => {
            params.push(("lanes", rng.random_range(1..=lanes).to_string()));
            let sum = pick(rng, &["exact", "sequential", "tree"]);
            params.push(("sum", sum.into()));
            if sum != "exact" && rng.random() {
                params.push(("sum-format", wide(rng)));
            }
            params.push(("out", if sum == "exact" && rng.random() { "exact".into() } else { wide(rng) }));
        }
        "mac" => match rng.random_range(0..3) {
            0 => {
                params.push(("acc", "exact".into()));
                params.push(("terms", rng.random_range(1..=300).to_string()));
            }
            1 => params.push(("acc", format!("int{}", rng.random_range(2..=40)))),
            _ => {
                params.push(("acc", wide(rng)));
                if rng.random_range(0..4) == 0 {
                    params.push(("normalize", "output".into()));
                }
            }
        },
        _ => {}
    }
    policies(rng, &mut params);
    Point { block, params }
}

fn policies(rng: &mut ChaCha8Rng, params: &mut Vec<(&'static str, String)>) {
    let mut maybe = |rng: &mut ChaCha8Rng, one_in: u32, name: &'static str, words: &[&str]| {
        if rng.random_range(0..one_in) == 0 {
            params.push((name, pick(rng, words).into()));
        }
    };
    let rounds = ["rne", "rna", "rtz", "up", "down", "odd", "stochastic", "stochastic-rne", "stochastic-odd", "stochastic-mid"];
    maybe(rng, 2, "round", &rounds);
    maybe(rng, 3, "overflow", &["saturate", "nonfinite", "wrap", "auto"]);
    maybe(rng, 6, "nan", &["zero", "max", "flip-zero"]);
    maybe(rng, 5, "subnormals-in", &["full", "flush"]);
    maybe(rng, 5, "subnormals-out", &["full", "flush"]);
    maybe(rng, 12, "ties", &["even", "up"]);
    if params.iter().any(|(n, v)| *n == "round" && v.starts_with("stochastic")) && rng.random() {
        params.push(("random-bits", rng.random_range(1..=12).to_string()));
    }
}

/// A point that is legal, with the block it gives; also the number of refused ones before it.
pub fn legal(rng: &mut ChaCha8Rng, bits: u32, lanes: u32) -> (Point, Box<dyn Configured>, u32) {
    let mut refused = 0;
    loop {
        let point = point(rng, bits, lanes);
        match point.configure() {
            Ok(block) => return (point, block, refused),
            Err(e) => {
                assert!(!e.is_empty());
                refused += 1;
            }
        }
    }
}

/// Blocks under test, with their designs as printed.
pub struct Field {
    blocks: Vec<Box<dyn Configured>>,
    designs: Vec<narrowgen::hdl::ir::Design>,
    pub units: Vec<Unit>,
}

/// Vectors compared.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub struct Compared {
    pub exhaustive: usize,
    pub native: u64,
    pub verilator: u64,
}

impl Field {
    pub fn new(blocks: Vec<Box<dyn Configured>>) -> Field {
        let designs: Vec<_> =
            blocks.par_iter().map(|b| b.design().unwrap_or_else(|e| panic!("{}: {e}", b.module_name()))).collect();
        let units = designs.par_iter().map(Unit::from_design).collect();
        Field { blocks, designs, units }
    }

    /// What `narrowgen check` does, for all blocks with one Verilator model: golden against the native simulator
    /// and Verilator on every input of blocks with at most `exhaustive` input bits, else on `vectors` sampled ones.
    pub fn check(&self, test: &str, exhaustive: u32, vectors: u64) -> Compared {
        let model = for_tests(test, &[Tool::Verilator, Tool::Cxx])
            .then(|| verilator::build(&self.units).unwrap_or_else(|e| panic!("{test}: {e}")));
        self.each(model.as_ref(), exhaustive, vectors)
    }

    /// The same without Verilator.
    pub fn check_native(&self, exhaustive: u32, vectors: u64) -> Compared {
        self.each(None, exhaustive, vectors)
    }

    fn each(&self, model: Option<&verilator::Model>, exhaustive: u32, vectors: u64) -> Compared {
        let results: Vec<Compared> =
            (0..self.blocks.len()).into_par_iter().map(|i| self.one(i, model, exhaustive, vectors)).collect();
        results.iter().fold(Compared::default(), |sum, c| Compared {
            exhaustive: sum.exhaustive + c.exhaustive,
            native: sum.native + c.native,
            verilator: sum.verilator + c.verilator,
        })
    }

    fn one(&self, i: usize, model: Option<&verilator::Model>, exhaustive: u32, vectors: u64) -> Compared {
        let (block, design) = (self.blocks[i].as_ref(), &self.designs[i]);
        let name = block.module_name();
        let bits: u32 = block.ports().iter().filter(|p| p.input).map(|p| p.bits).sum();
        let options = Options { vectors, ..Options::default() };
        let make = if bits <= exhaustive { Plan::new } else { Plan::sampled };
        let plan = make(block, block.latency() > 0, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        let sim = Sim::new(design).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut compared = Compared { exhaustive: usize::from(plan.method == Method::Exhaustive), ..Compared::default() };
        for chunk in 0..plan.chunks() {
            let rows = plan.chunk(chunk);
            let expected = engine::golden(block, &rows, plan.sequence);
            let compare = |engine: &str, found: &narrowgen::hdl::rows::Rows| {
                if let Some(row) = differing(&expected, found).first() {
                    let hex = |rows: &narrowgen::hdl::rows::Rows| {
                        (0..rows.widths().len()).map(|c| format!("{:x}", rows.get(*row, c))).collect::<Vec<_>>()
                    };
                    panic!("{engine}: {name}: {:?}: {:?}, not {:?}", hex(&rows), hex(found), hex(&expected));
                }
                rows.len() as u64
            };
            compared.native += compare("native", &sim.run(&rows, plan.sequence).unwrap_or_else(|e| panic!("{name}: {e}")));
            if let Some(model) = model {
                let found = model.run(i, &rows, plan.sequence).unwrap_or_else(|e| panic!("{name}: {e}"));
                compared.verilator += compare("verilator", &found);
            }
        }
        compared
    }
}
