//! A planted fault makes the check fail, in every engine-independent way it should: mismatches counted,
//! a small vector that shows the fault, a folder from which it can be run again, exit code 1.
use crate::points::{Comparison, configure, printed};
use narrowgen::blocks::{Configured, Port};
use narrowgen::cli::check::mismatch;
use narrowgen::flow::check::{CheckError, Report, check};
use narrowgen::flow::engine::{self, Engine, Kind, Native};
use narrowgen::flow::minimise::Failing;
use narrowgen::flow::stimulus::Options;
use narrowgen::flow::vectors;
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::mutate::mutations;
use narrowgen::hdl::rows::Rows;
use std::fs;

fn native(block: &dyn Configured, design: &Design, vectors: u64) -> Result<Report, CheckError> {
    check(block, design, &[Kind::Native], &Options { vectors, seed: 1, exhaustive: false }, &|_, _| {})
}

/// Do golden model and hardware differ on these rows alone?
fn fails(block: &dyn Configured, design: &Design, rows: &Rows, sequence: usize) -> bool {
    let sequence = if sequence == 0 { 0 } else { rows.len() };
    let found = Native::new(design).unwrap().run(rows, sequence).unwrap();
    found != engine::golden(block, rows, sequence)
}

fn without_row(rows: &Rows, row: usize) -> Rows {
    let mut words = rows.words().to_vec();
    words.drain(row * rows.stride()..(row + 1) * rows.stride());
    Rows::from_words(rows.widths(), words)
}

/// No cycle can be dropped, no bit cleared, without losing the mismatch.
fn assert_minimal(block: &dyn Configured, design: &Design, failing: &Failing, what: &str) {
    let rows = &failing.inputs;
    assert!(fails(block, design, rows, failing.sequence), "{what}: the minimised run passes");
    for row in 0..rows.len() {
        let rest = without_row(rows, row);
        assert!(rest.is_empty() || !fails(block, design, &rest, failing.sequence), "{what}: cycle {row} is not needed");
        for column in 0..rows.widths().len() {
            let value = rows.get(row, column);
            for bit in (0..value.bits()).filter(|b| value.bit(*b)) {
                let mut cleared = value.clone();
                cleared.set_bit(bit, false);
                let mut fewer = rows.clone();
                fewer.set(row, column, &cleared);
                assert!(!fails(block, design, &fewer, failing.sequence), "{what}: bit {bit} of {row}, {column} is not needed");
            }
        }
    }
}

/// The folder holds everything, and what it holds shows the fault.
fn assert_reproduces(block: &dyn Configured, mutant: &Design, dir: &std::path::Path) {
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    for file in narrowgen::hdl::verilog::print(mutant) {
        assert_eq!(read(&file.name), file.text);
    }
    let (inputs, outputs): (Vec<Port>, Vec<Port>) = block.ports().into_iter().partition(|p| p.input);
    let parsed = vectors::read(&inputs, read("vectors.csv").as_bytes()).unwrap();
    let rows = &parsed.rows;
    assert!(!rows.is_empty());
    let sequence = if block.latency() > 0 { rows.len() } else { 0 };
    let table = |rows: &Rows| {
        let line = |r| (0..outputs.len()).map(|c| vectors::hex(&rows.get(r, c), outputs[c].bits)).collect::<Vec<_>>().join(",");
        let names = outputs.iter().map(|p| p.name).collect::<Vec<_>>().join(",");
        [names].into_iter().chain((0..rows.len()).map(line)).map(|l| l + "\n").collect::<String>()
    };
    let expected = table(&engine::golden(block, rows, sequence));
    let found = table(&Native::new(mutant).unwrap().run(rows, sequence).unwrap());
    assert_ne!(expected, found);
    assert_eq!((read("expected.csv"), read("found.csv")), (expected, found));
    let waves = read("waves.vcd");
    assert!(waves.contains("$enddefinitions") && waves.lines().count() > 10);
    let readme = read("README.txt");
    assert!(readme.contains("expected") && readme.contains("narrowgen eval ") && readme.contains("--vectors vectors.csv"));
}

#[test]
fn planted_faults_are_found_minimised_and_left_for_others() {
    let mut planted = 0;
    for (name, params) in [
        ("mul", "a=e4m3fn b=e4m3fn out=e4m3fn"),
        ("convert", "from=fp32 to=bf16"),
        ("dot", "a=e4m3fn b=e4m3fn lanes=4 out=fp32"),
        ("mac", "a=e4m3fn b=e4m3fn terms=32"),
        ("mac", "a=e5m2 b=e5m2 acc=fp16"),
    ] {
        let block = configure(name, params).unwrap();
        let design = printed(&*block);
        assert!(native(&*block, &design, 2000).unwrap().passed());
        let quick = Comparison::new(&*block, 2000);
        let all = mutations(&design);
        // The first fault that is found at each of a few places spread over the design.
        for start in (0..6).map(|i| i * all.len() / 6) {
            let Some(mutation) = all[start..].iter().take(20).find(|m| quick.kills(&m.apply(&design)).is_some()) else {
                continue;
            };
            let mutant = mutation.apply(&design);
            let what = format!("{name} {params}: {mutation}");
            let report = native(&*block, &mutant, 2000).unwrap();
            assert!(!report.passed() && report.results[0].mismatches > 0, "{what}");
            let (_, failing) = report.failing.as_ref().expect("a mismatch is shown");
            assert_minimal(&*block, &mutant, failing, &what);
            let under = tempfile::tempdir().unwrap();
            let failure = mismatch(&*block, &mutant, &report, under.path());
            assert_eq!(failure.code, 1, "{what}");
            assert!(failure.message.contains("differs from the golden model"), "{}", failure.message);
            assert_reproduces(&*block, &mutant, &under.path().join(format!("repro-{}", block.module_name())));
            planted += 1;
        }
    }
    assert!(planted >= 25, "{planted}");
}

#[test]
fn no_vectors_is_an_error() {
    let block = configure("mul", "a=fp16 b=fp16 out=fp16").unwrap();
    let design = printed(&*block);
    assert!(matches!(native(&*block, &design, 0), Err(CheckError::Usage(_))));
    // No engine ran either: nothing was shown.
    let none = check(&*block, &design, &[], &Options::default(), &|_, _| {});
    assert!(none.is_err() || !none.unwrap().passed());
}
