//! The operator table against the world: `eval` = native simulator = Verilator = Icarus for every
//! operator, exhaustively at narrow widths, with random codes up to 128 bits.
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::{icarus, verilator};
use narrowgen::hdl::conformance::{Case, cases};
use narrowgen::hdl::ops::OPS;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::{Sim, reference};

/// Compares one engine with the table; gives the vectors checked per operator.
fn compare(engine: &str, cases: &[Case], run: impl Fn(usize, &Case) -> Rows) {
    let mut vectors = vec![0u64; OPS.len()];
    for (number, case) in cases.iter().enumerate() {
        let want = reference::run(&case.design, &case.rows, 0).expect("no claims");
        let got = run(number, case);
        assert_eq!((got.len(), got.widths()), (want.len(), want.widths()), "{engine}");
        for (column, op) in case.ops.iter().enumerate() {
            let top = case.design.top();
            if let Some(row) = (0..want.len()).find(|r| got.cell(*r, column) != want.cell(*r, column)) {
                let inputs: Vec<String> = (top.inputs.iter().enumerate())
                    .map(|(i, p)| format!("{} = {:x} ({} bits)", p.name, case.rows.get(row, i), p.width))
                    .collect();
                let (got, want) = (got.get(row, column), want.get(row, column));
                panic!("{engine}: {}.{} is {got:x}, not {want:x}, at {}", top.name, top.outputs[column].name, inputs.join(", "));
            }
            vectors[OPS.iter().position(|i| i.op == *op).expect("in the table")] += want.len() as u64;
        }
    }
    let report: Vec<String> = OPS.iter().zip(&vectors).map(|(i, n)| format!("{} {n}", i.name)).collect();
    println!("{engine}: {} vectors equal: {}", vectors.iter().sum::<u64>(), report.join(", "));
    assert!(vectors.iter().all(|n| *n > 50_000), "{engine} checked too little: {vectors:?}");
}

#[test]
fn the_native_simulator_follows_the_table() {
    compare("native", &cases(2), |_, case| Sim::new(&case.design).unwrap().run(&case.rows, 0).unwrap());
}

#[test]
fn verilator_follows_the_table() {
    if !for_tests("verilator_follows_the_table", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    let cases = cases(3);
    let units: Vec<Unit> = cases.iter().map(|c| Unit::from_design(&c.design)).collect();
    let model = verilator::build(&units).unwrap();
    compare("verilator", &cases, |number, case| model.run(number, &case.rows, 0).unwrap());
}

#[test]
fn icarus_follows_the_table() {
    if !for_tests("icarus_follows_the_table", &[Tool::Iverilog, Tool::Vvp]) {
        return;
    }
    let cases = cases(4);
    let units: Vec<Unit> = cases.iter().map(|c| Unit::from_design(&c.design)).collect();
    let jobs: Vec<(&Unit, &Rows)> = units.iter().zip(cases.iter().map(|c| &c.rows)).collect();
    let results = icarus::run_all(&jobs, 0).unwrap();
    compare("icarus", &cases, |number, _| results[number].clone());
}
