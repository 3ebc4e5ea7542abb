//! Third-party vectors, grouped by the block and parameters they judge, put through every engine.
use crate::reader::same;
use narrowgen::blocks::{self, Configured, Role};
use narrowgen::flow::engine;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::golden::format::Format;
use narrowgen::golden::int;
use narrowgen::golden::policy::{NanTo, Rounding, Ties};
use narrowgen::golden::value::Value;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use num_bigint::{BigInt, BigUint};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

/// What the third party says about the outputs of one row.
pub enum Want {
    /// The only output, bit for bit.
    Code(u64),
    /// The only output; any NaN is as good as another.
    AnyNan(u64),
    /// The only output, bit for bit, wider than a word.
    Lanes(BigUint),
    /// An exact result with its flags.
    Exact(Value),
    /// Every output in order; where nothing is given anything is right.
    Ports(Vec<Option<BigUint>>),
}

/// One block with its parameters, and the rows it must get right.
pub struct Job {
    block: Box<dyn Configured>,
    rows: Rows,
    wants: Vec<(usize, Want)>,
    in_verilator: bool,
}

impl Job {
    /// One vector: input codes and what must come out.
    pub fn vector(&mut self, inputs: &[BigUint], want: Want) {
        self.wants.push((self.rows.len(), want));
        self.rows.push(inputs);
    }

    /// A cycle of a block with state.
    pub fn cycle(&mut self, inputs: &[BigUint]) {
        self.rows.push(inputs);
    }

    /// What the registers must show after the cycles so far.
    pub fn state(&mut self, want: Want) {
        self.wants.push((self.rows.len(), want));
    }

    /// An idle cycle, if the last one's result is still to be seen.
    fn close(&mut self) {
        if self.wants.last().is_some_and(|(row, _)| *row == self.rows.len()) {
            let idle = vec![BigUint::ZERO; self.rows.widths().len()];
            self.rows.push(&idle);
        }
    }

    fn good(&self, outputs: &Rows, row: usize, want: &Want) -> bool {
        let ports: Vec<_> = self.block.ports().into_iter().filter(|p| !p.input).collect();
        let code = || outputs.cell(row, 0)[0];
        match want {
            Want::Code(want) => code() == *want,
            Want::Lanes(want) => outputs.get(row, 0) == *want,
            Want::AnyNan(want) => same(ports[0].format.as_ref().expect("a format"), true, code(), *want),
            Want::Ports(all) => {
                assert_eq!(all.len(), ports.len());
                all.iter().enumerate().all(|(column, want)| want.as_ref().is_none_or(|w| outputs.get(row, column) == *w))
            }
            Want::Exact(value) => {
                ports.iter().enumerate().all(|(column, port)| {
                    let want = match (port.role, port.name) {
                        (Role::Flag, "nan") => BigUint::from(value.is_nan()),
                        (Role::Flag, "pos_inf") => BigUint::from(*value == Value::Infinite { negative: false }),
                        (Role::Flag, "neg_inf") => BigUint::from(*value == Value::Infinite { negative: true }),
                        _ => {
                            let number = value.exact().map_or(BigInt::ZERO, |x| {
                                let scaled = x.scale(-i64::from(port.lsb_exp.expect("a weight")));
                                scaled.to_integer().expect("a multiple of the weight")
                            });
                            assert_eq!(int::from_code(&int::to_code(&number, port.bits), port.bits), number, "result too narrow");
                            int::to_code(&number, port.bits)
                        }
                    };
                    outputs.get(row, column) == want
                }) && (value.exact().is_some() || ports.len() > 1)
            }
        }
    }

    /// Differences from what is wanted; the first few are described.
    fn judge(&self, engine: &str, name: &str, outputs: &Rows, problems: &mut Vec<String>) -> u64 {
        assert_eq!(outputs.len(), self.rows.len());
        for (row, want) in &self.wants {
            if !self.good(outputs, *row, want) {
                let hex = |rows: &Rows| (0..rows.widths().len()).map(|c| format!("{:x}", rows.get(*row, c))).collect::<Vec<_>>();
                let want = match want {
                    Want::Code(c) | Want::AnyNan(c) => format!("{c:x}"),
                    Want::Lanes(c) => format!("{c:x}"),
                    Want::Exact(v) => v.to_string(),
                    Want::Ports(all) => format!("{all:x?}"),
                };
                problems.push(format!("{engine}: {name}: {:?} gives {:?}, not {want}", hex(&self.rows), hex(outputs)));
            }
        }
        self.wants.len() as u64
    }
}

/// What a set must come to.
pub struct Expected {
    /// Rows of the files.
    pub rows: usize,
    /// Comparisons with the golden models, and as many with the native simulator.
    pub compared: u64,
    /// Comparisons with Verilator, by default and with `NARROWGEN_FULL=1`.
    pub verilator: (u64, u64),
    /// Rows that no block can express, with the reason.
    pub left_out: &'static [(&'static str, usize)],
}

/// A set of vectors.
pub struct Judge {
    set: &'static str,
    rows: usize,
    jobs: BTreeMap<String, Job>,
    left_out: BTreeMap<&'static str, usize>,
}

/// Everything through Verilator, not only the documented part.
pub fn full() -> bool {
    std::env::var_os("NARROWGEN_FULL").is_some_and(|v| v == "1")
}

impl Judge {
    pub fn new(set: &'static str) -> Judge {
        Judge { set, rows: 0, jobs: BTreeMap::new(), left_out: BTreeMap::new() }
    }

    /// Counts rows of the files.
    pub fn read(&mut self, rows: usize) {
        assert!(rows > 0, "{}: an empty file", self.set);
        self.rows += rows;
    }

    /// Counts a row that no block can express.
    pub fn leave_out(&mut self, reason: &'static str) {
        *self.left_out.entry(reason).or_default() += 1;
    }

    /// The job of a block with parameters.
    pub fn job(&mut self, block: &str, params: &[(&str, &str)]) -> &mut Job {
        let name = params.iter().fold(block.to_string(), |text, (flag, value)| format!("{text} --{flag} {value}"));
        self.jobs.entry(name).or_insert_with_key(|name| {
            let given: Vec<(String, String)> = params.iter().map(|(f, v)| (f.to_string(), v.to_string())).collect();
            let block = blocks::find(block).expect("a block").configure(&given).unwrap_or_else(|e| panic!("{name}: {e}"));
            let widths: Vec<u32> = block.ports().iter().filter(|p| p.input).map(|p| p.bits).collect();
            Job { block, rows: Rows::new(&widths), wants: Vec::new(), in_verilator: true }
        })
    }

    /// By default only the jobs that `pick` chooses (by number, in the order of their names) go through Verilator.
    pub fn verilate_some(&mut self, pick: impl Fn(usize, &str) -> bool) {
        if !full() {
            self.jobs.iter_mut().enumerate().for_each(|(i, (name, job))| job.in_verilator = pick(i, name));
        }
    }

    /// Puts every vector through the golden model, the native simulator and Verilator, and prints and asserts the counts.
    pub fn finish(mut self, expected: &Expected) {
        self.jobs.values_mut().for_each(Job::close);
        let start = Instant::now();
        let jobs: Vec<(&String, &Job)> = self.jobs.iter().collect();
        let results: Vec<(Unit, u64, Vec<String>)> = jobs
            .par_iter()
            .map(|(name, job)| {
                let mut problems = Vec::new();
                let compared = job.judge("golden", name, &engine::golden(job.block.as_ref(), &job.rows, 0), &mut problems);
                let design = job.block.design().unwrap_or_else(|e| panic!("{name}: {e}"));
                let native = Sim::new(&design).unwrap_or_else(|e| panic!("{name}: {e}")).run(&job.rows, 0);
                let native = native.unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(job.judge("native", name, &native, &mut problems), compared);
                (Unit::from_design(&design), compared, problems)
            })
            .collect();
        let compared: u64 = results.iter().map(|r| r.1).sum();
        let native_seconds = start.elapsed().as_secs_f64();
        let mut problems: Vec<String> = results.iter().flat_map(|r| r.2.clone()).collect();
        let with_verilator = for_tests(self.set, &[Tool::Verilator, Tool::Cxx]);
        let mut verilated = 0;
        let picked: Vec<usize> = (0..jobs.len()).filter(|i| jobs[*i].1.in_verilator).collect();
        if with_verilator {
            let units: Vec<Unit> = picked.iter().map(|i| results[*i].0.clone()).collect();
            let model = verilator::build(&units).unwrap_or_else(|e| panic!("{}: {e}", self.set));
            for (unit, i) in picked.iter().enumerate() {
                let (name, job) = jobs[*i];
                let outputs = model.run(unit, &job.rows, 0).unwrap_or_else(|e| panic!("{name}: {e}"));
                verilated += job.judge("verilator", name, &outputs, &mut problems);
            }
        }
        println!(
            "| {} | {} rows | {} configurations | golden {compared} | native {compared} | verilator {verilated} ({} configurations) | not expressible {:?} | {native_seconds:.1} s + {:.1} s",
            self.set,
            self.rows,
            jobs.len(),
            picked.len(),
            self.left_out,
            start.elapsed().as_secs_f64() - native_seconds,
        );
        let shown = problems.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
        assert!(problems.is_empty(), "{}: {} comparisons differ\n{shown}", self.set, problems.len());
        assert_eq!(self.rows, expected.rows, "{}: rows", self.set);
        assert_eq!(compared, expected.compared, "{}: comparisons", self.set);
        assert_eq!(self.left_out.into_iter().collect::<Vec<_>>(), expected.left_out, "{}: not expressible", self.set);
        if with_verilator {
            let wanted = if full() { expected.verilator.1 } else { expected.verilator.0 };
            assert_eq!(verilated, wanted, "{}: comparisons in Verilator", self.set);
        }
    }
}

/// The parameters that say what a rounding to `format` does; those at their defaults are left out.
pub fn policy(rounding: &Rounding) -> Vec<(&'static str, String)> {
    let mut params = vec![("overflow", rounding.overflow.word().to_string())];
    if rounding.round.word() != "rne" {
        params.push(("round", rounding.round.word().into()));
    }
    if rounding.nan != NanTo::Zero {
        params.push(("nan", rounding.nan.word().into()));
    }
    if rounding.ties != Ties::Code {
        params.push(("ties", rounding.ties.word().into()));
    }
    if rounding.random_bits > 0 {
        params.push(("random-bits", rounding.random_bits.to_string()));
    }
    params
}

/// Formats and policies together, as a job takes them.
pub fn with<'p>(formats: &[(&'p str, &'p str)], policy: &'p [(&'static str, String)]) -> Vec<(&'p str, &'p str)> {
    formats.iter().copied().chain(policy.iter().map(|(f, v)| (*f, v.as_str()))).collect()
}

/// Codes of lanes as one number, lane 0 in the low bits.
pub fn pack(format: &Format, codes: &[u64]) -> BigUint {
    codes.iter().rev().fold(BigUint::ZERO, |all, code| (all << format.bits()) | BigUint::from(*code))
}

/// Codes as port values.
pub fn codes<const N: usize>(codes: [u64; N]) -> [BigUint; N] {
    codes.map(BigUint::from)
}
