//! `cargo xtask teeth [N]` (half an hour for N = 300): single mutations of the golden models' source, each told from the original by
//! comparison with the hardware or by golden's own tests (at most N of them, spread evenly; all if not
//! given). Writes `testbenches/teeth/golden.md`. Every survivor needs a reason in
//! `testbenches/teeth/equivalent.toml`, or the task fails.
mod build;
mod report;
mod sites;

use build::Programs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Sources that are mutated: path, and the module of it (all of it if none is named).
const SOURCES: &[(&str, Option<&str>)] = &[
    ("src/golden/exact.rs", None),
    ("src/golden/value.rs", None),
    ("src/golden/decode.rs", None),
    ("src/golden/round.rs", None),
    ("src/golden/arith.rs", None),
    ("src/golden/dot.rs", None),
    ("src/golden/operands.rs", None),
    ("src/golden/int.rs", None),
    ("src/golden/extent.rs", None),
    ("src/golden/legal.rs", None),
    ("src/golden/format.rs", None),
    ("src/blocks/exact.rs", None),
    ("src/blocks/convert.rs", Some("golden")),
    ("src/blocks/mul.rs", Some("golden")),
    ("src/blocks/dot.rs", Some("golden")),
    ("src/blocks/mac.rs", Some("golden")),
];

/// What became of one mutant.
#[derive(Clone)]
pub struct Fate {
    /// File.
    pub file: &'static str,
    /// Enclosing function.
    pub function: String,
    /// Line.
    pub line: usize,
    /// The mutation in words.
    pub what: String,
    /// What told it apart.
    pub killed: Option<String>,
}

impl Fate {
    /// What it is called where reasons are given: without the line, which moves.
    pub fn key(&self) -> String {
        format!("{} {}: {}", self.file.trim_start_matches("src/"), self.function, self.what)
    }
}

/// Runs the task.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let most = match args.first() {
        None => usize::MAX,
        Some(n) => n.parse().map_err(|_| format!("`{n}` is not a number of mutants"))?,
    };
    let start = Instant::now();
    let work: PathBuf = root.join("target/teeth");
    let mutants = build::prepare(root, &work)?;
    let mut programs = Programs::build(&work)?;
    programs.calibrate()?;
    println!("{} mutants, built in {:.0} s", mutants.len(), start.elapsed().as_secs_f64());
    let n = mutants.len().min(most);
    let mut fates = Vec::new();
    for i in 0..n {
        let (number, mut fate) = mutants[i * mutants.len() / n].clone();
        fate.killed = programs.judge(number);
        println!("{}/{n} {:<5} {} | {}", i + 1, fate.line, fate.key(), fate.killed.as_deref().unwrap_or("SURVIVED"));
        fates.push(fate);
    }
    report::write(root, &fates, mutants.len(), start.elapsed())
}
