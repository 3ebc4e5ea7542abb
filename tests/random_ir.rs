//! Random designs: reference = native simulator = Verilator = Icarus, as described and after the
//! passes. What ever failed is kept, minimised, under `tests/random_ir/` and runs first.
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

/// Random designs per test; `RANDOM_IR_DESIGNS` asks for more, `RANDOM_IR_SEED` for others.
fn designs() -> usize {
    number("RANDOM_IR_DESIGNS").map_or(60, |n| n as usize)
}

fn seed(default: u64) -> u64 {
    default + 10 * number("RANDOM_IR_SEED").unwrap_or(0)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Rows each runs, in sequences of [`SEQUENCE`].
const ROWS: usize = 48;
const SEQUENCE: usize = 12;

struct Case {
    name: String,
    design: Design,
    rows: Rows,
    want: Rows,
}

fn memory(design: &Design) -> bool {
    design.modules.iter().any(|m| !m.rams.is_empty())
}

/// Design `number` of a seed, every module named after it.
fn case(seed: u64, number: u64) -> Case {
    let mut stream = Stream(seed * 1_000_003 + number);
    let size = 4 + stream.next() as usize % 70;
    let mut design = random::design(&stream.genes(size));
    // Reset leaves memories alone; only power-up is the same everywhere.
    if memory(&design) {
        design.reset = Reset::None;
    }
    let name = format!("r{number}");
    design.modules.iter_mut().for_each(|m| m.name = format!("{name}_{}", m.name));
    assert_eq!(verify(&design), Ok(()), "{name}");
    let rows = stream.rows(&design, ROWS);
    let want = reference::run(&design, &rows, SEQUENCE).expect("claims hold");
    Case { name, design, rows, want }
}

fn show(case: &Case, engine: &str, design: &Design, small: &Design) -> String {
    format!(
        "{}: {engine} differs from the reference on\n{}\nfirst found in\n{}",
        case.name,
        text::print(small),
        text::print(design)
    )
}

#[test]
fn the_native_simulator_agrees_before_and_after_every_pass() {
    let mut compared = 0;
    for number in 0..10 * designs() as u64 {
        let case = case(seed(1), number);
        let native = |d: &Design| Sim::new(d).expect("simulates").run(&case.rows, SEQUENCE).expect("claims hold");
        let check = |engine: &str, run: &dyn Fn(&Design) -> Rows| {
            if run(&case.design) != case.want {
                let fails = |d: &Design| reference::run(d, &case.rows, SEQUENCE).is_ok_and(|want| run(d) != want);
                panic!("{}", show(&case, engine, &case.design, &minimise(&case.design, fails)));
            }
        };
        check("the native simulator", &native);
        for pass in PASSES {
            check(pass.name, &|d| native(&pass.apply(d)));
        }
        check("optimize", &|d| native(&optimize(d)));
        compared += case.want.len() * (PASSES.len() + 2);
    }
    println!("native: {compared} rows equal");
    assert_eq!(compared, 10 * designs() * ROWS * (PASSES.len() + 2));
}

/// Runs the designs as described and optimised through a simulator of Verilog.
fn compare(engine: &str, first: u64, memories: bool, run: impl Fn(&[Unit], &[&Rows]) -> Vec<Rows>) {
    let cases: Vec<Case> =
        (0..).map(|n| case(seed(first), n)).filter(|c| memories || !memory(&c.design)).take(designs()).collect();
    let mut units = Vec::new();
    let mut rows = Vec::new();
    for case in &cases {
        let mut optimised = optimize(&case.design);
        optimised.modules.iter_mut().for_each(|m| m.name.insert_str(0, "opt_"));
        units.extend([Unit::from_design(&case.design), Unit::from_design(&optimised)]);
        rows.extend([&case.rows, &case.rows]);
    }
    let got = run(&units, &rows);
    assert_eq!(got.len(), units.len());
    for (i, got) in got.iter().enumerate() {
        let (case, what) = (&cases[i / 2], ["as described", "optimised"][i % 2]);
        if *got != case.want {
            let row = (0..got.len()).find(|r| (0..got.widths().len()).any(|c| got.cell(*r, c) != case.want.cell(*r, c)));
            let text: Vec<&str> = units[i].files.iter().map(|f| f.text.as_str()).collect();
            let dump = |rows: &Rows| {
                (0..rows.widths().len()).map(|c| format!("{:x}", rows.get(row.unwrap_or(0), c))).collect::<Vec<_>>()
            };
            panic!(
                "{engine}, {} {what}: row {row:?} is {:?}, not {:?}\n{}",
                case.name,
                dump(got),
                dump(&case.want),
                text.join("\n")
            );
        }
    }
    println!("{engine}: {} designs, {} rows equal", units.len(), got.iter().map(Rows::len).sum::<usize>());
}

#[test]
fn verilator_agrees() {
    if !for_tests("verilator_agrees", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    compare("Verilator", 2, true, |units, rows| {
        let model = verilator::build(units).unwrap();
        rows.iter().enumerate().map(|(i, rows)| model.run(i, rows, SEQUENCE).unwrap()).collect()
    });
}

#[test]
fn icarus_agrees() {
    if !for_tests("icarus_agrees", &[Tool::Iverilog, Tool::Vvp]) {
        return;
    }
    // What a memory holds before it is written is undefined there.
    compare("Icarus", 3, false, |units, rows| {
        let jobs: Vec<(&Unit, &Rows)> = units.iter().zip(rows.iter().copied()).collect();
        icarus::run_all(&jobs, SEQUENCE).unwrap()
    });
}
