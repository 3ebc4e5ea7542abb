//! Random designs: reference = native simulator = Verilator = Icarus, as described and after the passes.
//! What fails is minimised and written to `tests/random_ir/`; the files kept there run first, for ever.
//!
//! `RANDOM_IR_DESIGNS=2000 RANDOM_IR_SEED=7 cargo test --release --test random_ir` looks further.
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::{icarus, verilator};
use narrowgen::hdl::ir::{Design, Reset};
use narrowgen::hdl::minimise::minimise;
use narrowgen::hdl::pass::{PASSES, optimize};
use narrowgen::hdl::random::{self, Stream};
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::{Sim, reference};
use narrowgen::hdl::text;
use narrowgen::hdl::verify::verify;
use std::path::Path;

/// Rows each design runs, in sequences of [`SEQUENCE`].
const ROWS: usize = 48;
const SEQUENCE: usize = 12;

/// Runs several designs, each on its own rows.
type Engine<'a> = &'a dyn Fn(&[Design], &[&Rows]) -> Result<Vec<Rows>, String>;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/random_ir"))
}

/// Designs that failed once, by file name.
fn kept() -> Vec<Design> {
    let mut files: Vec<_> = std::fs::read_dir(folder()).expect("kept designs").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("readable");
        text::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    files.iter().map(read).collect()
}

/// The kept designs, then random ones, every module named after its design, with rows for each.
fn cases(first: u64, random: u64) -> Vec<(Design, Rows)> {
    let random = number("RANDOM_IR_DESIGNS").unwrap_or(random);
    let seed = first + 10 * number("RANDOM_IR_SEED").unwrap_or(0);
    let fresh = (0..random).map(|n| {
        let mut stream = Stream(seed * 1_000_003 + n);
        let size = 4 + stream.next() as usize % 70;
        random::design(&stream.genes(size))
    });
    let mut cases = Vec::new();
    for (n, mut design) in kept().into_iter().chain(fresh).enumerate() {
        design.modules.iter_mut().for_each(|m| m.name = format!("r{n}_{}", m.name));
        if design.modules.iter().any(|m| !m.rams.is_empty()) {
            // The data a memory gives before its first clock edge are undefined; reset makes that edge.
            design.reset = Reset::Sync;
        }
        assert_eq!(verify(&design), Ok(()), "design {n}");
        let rows = Stream(n as u64).rows(&design, ROWS);
        cases.push((design, rows));
    }
    cases
}

/// True if the engine gives what the reference gives. A design the reference cannot run proves nothing.
fn agrees(engine: Engine, design: &Design, rows: &Rows) -> bool {
    match reference::run(design, rows, SEQUENCE) {
        Ok(want) => engine(std::slice::from_ref(design), &[rows]).is_ok_and(|got| got == [want]),
        Err(_) => true,
    }
}

/// Compares an engine with the reference on all cases; gives the rows compared.
fn compare(name: &str, engine: Engine, cases: &[(Design, Rows)]) -> usize {
    let designs: Vec<Design> = cases.iter().map(|c| c.0.clone()).collect();
    let rows: Vec<&Rows> = cases.iter().map(|c| &c.1).collect();
    let got = engine(&designs, &rows);
    let mut compared = 0;
    for (i, (design, rows)) in cases.iter().enumerate() {
        let want = reference::run(design, rows, SEQUENCE).expect("claims hold");
        compared += want.len();
        let good = match &got {
            Ok(all) => all[i] == want,
            // Together they failed; find out who did.
            Err(_) => agrees(engine, design, rows),
        };
        if !good {
            let small = minimise(design, |d| !agrees(engine, d, &Stream(i as u64).rows(d, ROWS)));
            let rows = Stream(i as u64).rows(&small, ROWS);
            let want = reference::run(&small, &rows, SEQUENCE).expect("claims hold");
            let got = engine(std::slice::from_ref(&small), &[&rows]).map(|mut all| all.swap_remove(0));
            let text = text::print(&small);
            let file = folder().join(format!("{}_{i}.ir", name.to_lowercase()));
            std::fs::write(&file, &text).expect("writable");
            panic!("{name}: design {i} differs; kept as {}\n{text}{}", file.display(), report(&small, &rows, &want, got));
        }
    }
    got.unwrap_or_else(|e| panic!("{name}: {e}"));
    println!("{name}: {} designs, {compared} rows equal", cases.len());
    compared
}

/// A failing design, as Verilog, with its first wrong row.
fn report(design: &Design, rows: &Rows, want: &Rows, got: Result<Rows, String>) -> String {
    let line = |rows: &Rows, r: usize| (0..rows.widths().len()).map(|c| format!("{:x} ", rows.get(r, c))).collect::<String>();
    let first = match got {
        Err(e) => e,
        Ok(got) => match (0..want.len()).find(|r| line(&got, *r) != line(want, *r)) {
            Some(r) => format!("row {r}: inputs {}, outputs {}, not {}", line(rows, r), line(&got, r), line(want, r)),
            None => "the last run agreed".into(),
        },
    };
    let verilog: String = Unit::from_design(design).files.iter().map(|f| f.text.as_str()).collect();
    format!("{first}\n{verilog}")
}

/// Each engine sees the designs as described and optimised.
fn with_optimised(cases: &[(Design, Rows)]) -> Vec<(Design, Rows)> {
    let both = |(design, rows): &(Design, Rows)| {
        let mut optimised = optimize(design);
        optimised.modules.iter_mut().for_each(|m| m.name.insert_str(0, "opt_"));
        [(design.clone(), rows.clone()), (optimised, rows.clone())]
    };
    cases.iter().flat_map(both).collect()
}

#[test]
fn the_native_simulator_agrees_before_and_after_every_pass() {
    let cases = cases(1, 600);
    let native = |d: &Design, rows: &Rows| -> Result<Rows, String> {
        Sim::new(d).map_err(|e| e.to_string())?.run(rows, SEQUENCE).map_err(|e| e.to_string())
    };
    let all = |designs: &[Design], rows: &[&Rows], change: &dyn Fn(&Design) -> Design| {
        designs.iter().zip(rows).map(|(d, rows)| native(&change(d), rows)).collect::<Result<Vec<Rows>, String>>()
    };
    let mut compared = compare("native", &|d, rows| all(d, rows, &Design::clone), &cases);
    for pass in PASSES {
        compared += compare(pass.name, &|d, rows| all(d, rows, &|d| pass.apply(d)), &cases);
    }
    compared += compare("optimize", &|d, rows| all(d, rows, &optimize), &cases);
    assert_eq!(compared, cases.len() * ROWS * (PASSES.len() + 2));
    assert!(compared > 0);
}

#[test]
fn verilator_agrees() {
    if !for_tests("verilator_agrees", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    let run = |designs: &[Design], rows: &[&Rows]| {
        let units: Vec<Unit> = designs.iter().map(Unit::from_design).collect();
        let model = verilator::build(&units).map_err(|e| e.to_string())?;
        rows.iter().enumerate().map(|(i, rows)| model.run(i, rows, SEQUENCE).map_err(|e| e.to_string())).collect()
    };
    assert!(compare("Verilator", &run, &with_optimised(&cases(2, 60))) > 0);
}

#[test]
fn icarus_agrees() {
    if !for_tests("icarus_agrees", &[Tool::Iverilog, Tool::Vvp]) {
        return;
    }
    let run = |designs: &[Design], rows: &[&Rows]| {
        let units: Vec<Unit> = designs.iter().map(Unit::from_design).collect();
        let jobs: Vec<(&Unit, &Rows)> = units.iter().zip(rows.iter().copied()).collect();
        // A process may have about a thousand open files, of which every job has one.
        let parts: Result<Vec<_>, _> = jobs.chunks(200).map(|part| icarus::run_all(part, SEQUENCE)).collect();
        parts.map(|all| all.concat()).map_err(|e| e.to_string())
    };
    assert!(compare("Icarus", &run, &with_optimised(&cases(3, 60))) > 0);
}
