//! A good stream passes; each way of being wrong is found, made small and described.
use crate::blocks::Configured;
use crate::flow::check::{self, CheckError, Report};
use crate::flow::engine::{self, EngineError, Kind};
use crate::flow::stimulus::Options;
use crate::flow::stream::timing::measure;
use crate::flow::testblock::{Fault, TestRows};
use crate::flow::tool::{Tool, for_tests};
use crate::flow::{repro, testbench};

fn run(block: &TestRows, kinds: &[Kind], rows: u64) -> Result<Report, CheckError> {
    let options = Options { vectors: rows, ..Options::default() };
    check::check(block, &block.design().unwrap(), kinds, &options, &|_, _| {})
}

fn good(lanes: u32, longest: u32) -> TestRows {
    TestRows { lanes, longest, fault: Fault::None }
}

#[test]
fn good_rows_pass() {
    let verilator = for_tests("good_rows_pass", &[Tool::Verilator, Tool::Cxx]);
    let kinds: &[Kind] = if verilator { &[Kind::Native, Kind::Verilator] } else { &[Kind::Native] };
    for (lanes, longest) in [(1, 300), (4, 64), (3, 1), (2, 9)] {
        let report = run(&good(lanes, longest), kinds, 3000).unwrap();
        assert!(report.passed(), "{lanes} {longest}");
        for r in &report.results {
            let counts = r.stream.unwrap();
            assert!(r.vectors == 3000 && counts.tokens >= 3000 && counts.cycles > 2 * counts.tokens, "{counts:?}");
        }
    }
}

#[test]
fn results_do_not_depend_on_chance() {
    let counts = |_| run(&good(2, 40), &[Kind::Native], 500).unwrap().results[0].stream;
    assert_eq!(counts(0), counts(1));
}

fn caught(fault: Fault) -> (TestRows, Report) {
    let block = TestRows { lanes: 1, longest: 20, fault };
    let report = run(&block, &[Kind::Native], 300).unwrap();
    assert!(!report.passed());
    (block, report)
}

#[test]
fn faults_are_found_and_made_small() {
    for (fault, tokens, text) in [
        (Fault::Loses, 4, "expected 4 tokens\n  found    3"),
        (Fault::Wrong, 7, "output token 6:\n  expected y ="),
        (Fault::Invents, 1, "expected 1 tokens\n  found    2"),
        (Fault::Hangs, 5, ""),
    ] {
        let (block, report) = caught(fault);
        let (kind, failing) = report.failing.unwrap();
        let design = block.design().unwrap();
        if fault == Fault::Hangs {
            continue;
        }
        assert_eq!(failing.inputs.len(), tokens);
        let mut engine = engine::native(&block, &design).unwrap();
        let shown = failing.show(&block, engine.as_mut()).unwrap();
        let told = repro::describe(&block, kind, &failing, &shown);
        assert!(told.contains(text), "{told}");
    }
}

#[test]
fn a_token_that_does_not_stay_is_an_error() {
    let block = TestRows { lanes: 1, longest: 20, fault: Fault::Unstable };
    match run(&block, &[Kind::Native], 300) {
        Err(CheckError::Engine(EngineError::Protocol { text })) => assert!(text.contains("does not stay"), "{text}"),
        other => panic!("{:?}", other.map(|r| r.results)),
    }
}

#[test]
fn rows_are_timed() {
    let block = good(4, 200);
    let timing = measure(&block, &block.design().unwrap()).unwrap();
    assert_eq!(
        timing.iter().map(|t| (t.elements, t.tokens)).collect::<Vec<_>>(),
        [(1, 1), (8, 2), (64, 16), (197, 50), (200, 50)]
    );
    for t in timing {
        // A pause, the address, the word; and another pause behind the row.
        assert_eq!((t.latency, t.interval), (3, 2 * u64::from(t.tokens) + 2), "{t:?}");
    }
}

#[test]
fn its_testbench_holds_every_row() {
    let block = good(2, 30);
    let bench = testbench::make(&block, &block.design().unwrap(), 1000).unwrap();
    assert!(bench.verilog.contains("40 rows from the golden model"));
    assert!(bench.vectors.lines().count() > 200);
}
