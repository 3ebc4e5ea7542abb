//! Random parameters of every registered block, from a seed, out of the values that its parameters declare.
#![allow(dead_code)]
use narrowgen::blocks::params::{Values, flag};
use narrowgen::blocks::{self, AnyBlock, Configured};
use narrowgen::flow::check::differing;
use narrowgen::flow::engine::{self, Engine, EngineError, Kind};
use narrowgen::flow::stimulus::{Method, Options, Plan};
use narrowgen::flow::stream::check::compare;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::golden::names;
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::rows::Rows;
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
        let flags = self.params.iter().flat_map(|(n, v)| [flag(n), v.clone()]);
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

/// Input bits of a point, at most, in multiples of the bits of a format: keeps many lanes and wide formats apart.
const INPUTS: u32 = 16;

/// Random parameters of a block, legal together or not: most keep their default, the others take any value that they
/// say makes sense. `bits` bounds the formats, three in four times.
fn draw(rng: &mut ChaCha8Rng, block: &'static dyn AnyBlock, bits: u32) -> Point {
    let mut params: Vec<(&'static str, String)> = Vec::new();
    let mut formats: Vec<String> = Vec::new();
    for field in block.fields() {
        let value = match field.values {
            Values::Formats(words) => match rng.random_range(0..12) {
                0..=1 if !words.is_empty() => pick(rng, &words).into(),
                // Operands of the same format.
                2..=4 if !formats.is_empty() => formats.choose(rng).expect("formats").clone(),
                5 => pick(rng, &["fp32", "fp16", "bf16"]).into(),
                6 => format(rng, 32),
                _ => format(rng, bits),
            },
            _ if rng.random_range(0..3) > 0 => continue,
            Values::Words(words) => pick(rng, &words).into(),
            Values::Numbers(range) => {
                // Small numbers are as likely as large ones.
                let (lo, hi) = (f64::from(*range.start()), f64::from(*range.end()));
                let (from, to) = ((lo + 1.0).ln(), (hi + 1.0).ln());
                let x = rng.random_range(from..=to).exp() - 1.0;
                (x.round().clamp(lo, hi) as u32).to_string()
            }
        };
        if names::parse(&value).is_ok() {
            formats.push(value.clone());
        }
        params.push((field.name, value));
    }
    Point { block: block.name(), params }
}

fn input_bits(block: &dyn Configured) -> u32 {
    block.ports().iter().filter(|p| p.input).map(|p| p.bits).sum()
}

/// A point of a block, legal or not, with at most `INPUTS` × `bits` input bits if it is.
fn bounded(rng: &mut ChaCha8Rng, block: &'static dyn AnyBlock, bits: u32) -> (Point, Result<Box<dyn Configured>, String>) {
    loop {
        let point = draw(rng, block, bits);
        let configured = point.configure();
        if configured.as_ref().is_ok_and(|b| input_bits(b.as_ref()) > INPUTS * bits) {
            continue;
        }
        return (point, configured);
    }
}

fn any_block(rng: &mut ChaCha8Rng) -> &'static dyn AnyBlock {
    *blocks::REGISTRY.choose(rng).expect("blocks")
}

/// A point of a random block, legal or not; `bits` bounds the formats and, times 16, the inputs.
pub fn point(rng: &mut ChaCha8Rng, bits: u32) -> Point {
    let block = any_block(rng);
    bounded(rng, block, bits).0
}

/// A point of a random block that is legal, with the block it gives; also the number of refused ones before it.
pub fn legal(rng: &mut ChaCha8Rng, bits: u32) -> (Point, Box<dyn Configured>, u32) {
    let block = any_block(rng);
    legal_of(rng, block, bits)
}

/// The same of one block.
pub fn legal_of(rng: &mut ChaCha8Rng, block: &'static dyn AnyBlock, bits: u32) -> (Point, Box<dyn Configured>, u32) {
    let mut refused = 0;
    loop {
        match bounded(rng, block, bits) {
            (point, Ok(configured)) => return (point, configured, refused),
            (_, Err(e)) => {
                assert!(!e.is_empty());
                refused += 1;
            }
        }
    }
}

/// Blocks under test, with their designs as printed.
pub struct Field {
    blocks: Vec<Box<dyn Configured>>,
    designs: Vec<Design>,
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
        if block.row_lengths().is_some() {
            return rows(block, design, model.map(|m| (m, i)), vectors);
        }
        let bits: u32 = block.ports().iter().filter(|p| p.input).map(|p| p.bits).sum();
        let options = Options { vectors, ..Options::default() };
        let make = if bits <= exhaustive { Plan::new } else { Plan::sampled };
        let plan = make(block, block.latency() > 0, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        let sim = Sim::new(design).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut compared = Compared { exhaustive: usize::from(plan.method == Method::Exhaustive), ..Compared::default() };
        for chunk in 0..plan.chunks() {
            let rows = plan.chunk(chunk);
            let expected = engine::golden(block, &rows, plan.sequence);
            let compare = |engine: &str, found: &Rows| {
                if let Some(row) = differing(&expected, found).first() {
                    let hex =
                        |rows: &Rows| (0..rows.widths().len()).map(|c| format!("{:x}", rows.get(*row, c))).collect::<Vec<_>>();
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

/// A unit of a model that others use too.
struct Shared<'m>(&'m verilator::Model, usize);

impl Engine for Shared<'_> {
    fn kind(&self) -> Kind {
        Kind::Verilator
    }
    fn run(&mut self, rows: &Rows, sequence: usize) -> Result<Rows, EngineError> {
        Ok(self.0.run(self.1, rows, sequence)?)
    }
}

/// A block that takes rows of tokens, on rows of about as many tokens as there are to be vectors.
fn rows(block: &dyn Configured, design: &Design, model: Option<(&verilator::Model, usize)>, vectors: u64) -> Compared {
    let name = block.module_name();
    let longest = block.row_lengths().expect("rows").longest;
    let few = (vectors / u64::from(longest)).clamp(1, 20);
    let options = Options { vectors: vectors / u64::from((longest / 16 + 24).min(longest)) + few, ..Options::default() };
    let mut native = engine::Native::new(design).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut shared = model.map(|(m, i)| Shared(m, i));
    let mut engines: Vec<&mut dyn Engine> = vec![&mut native];
    engines.extend(shared.as_mut().map(|s| s as &mut dyn Engine));
    let found = compare(block, design, &mut engines, &options, &|_, _| {}).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(found.failing.is_none(), "{name}: {:?}", found.tallies);
    let tokens = found.tallies[0].counts.tokens;
    Compared { exhaustive: 0, native: tokens, verilator: if model.is_some() { tokens } else { 0 } }
}
