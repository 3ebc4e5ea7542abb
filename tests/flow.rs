//! Simulation through Verilator, on small hand-made designs whose results are known.
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::{icarus, lint, verilator};
use narrowgen::hdl::ir::Pins;
use narrowgen::hdl::prelude::*;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::verilog::File;
use num_bigint::BigUint;

const SIM: &[Tool] = &[Tool::Verilator, Tool::Cxx];

fn adder(name: &str, bits: u32) -> Unit {
    let d = design(name, Reset::Sync, |m| {
        let (a, b) = (m.uint_in("a", bits), m.uint_in("b", bits));
        m.output("y", a + b);
    });
    Unit::from_design(&d.expect("a good design"))
}

fn accumulator(name: &str, reset: Reset) -> Unit {
    let d = design(name, reset, |m| {
        let a = m.uint_in("a", 8);
        let acc = m.state_uint("acc", 16, 5);
        acc.set((acc.get() + a).wrap(16));
        m.output("y", acc.get());
        m.output("now", acc.get() + a);
    });
    Unit::from_design(&d.expect("a good design"))
}

fn column(rows: &Rows, column: usize) -> Vec<BigUint> {
    (0..rows.len()).map(|r| rows.get(r, column)).collect()
}

fn numbers(values: impl IntoIterator<Item = u64>) -> Vec<BigUint> {
    values.into_iter().map(BigUint::from).collect()
}

fn table(widths: &[u32], rows: &[&[u64]]) -> Rows {
    let mut t = Rows::new(widths);
    rows.iter().for_each(|r| t.push(&numbers(r.iter().copied())));
    t
}

#[test]
fn combinational_units_of_every_width_class() {
    if !for_tests("combinational_units_of_every_width_class", SIM) {
        return;
    }
    // One per storage class of Verilator: 8, 16, 32, 64 bits and more, inputs and outputs.
    let widths = [1, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 129, 130, 200];
    let units: Vec<Unit> = widths.iter().map(|w| adder(&format!("add{w}"), *w)).collect();
    let model = verilator::build(&units).unwrap();
    for (u, bits) in widths.into_iter().enumerate() {
        let top = (BigUint::from(1u32) << bits) - 1u32;
        let third = &top / 3u32;
        let values = [BigUint::default(), BigUint::from(1u32), third.clone(), &top - &third, top];
        let mut rows = Rows::new(&[bits, bits]);
        for a in &values {
            values.iter().for_each(|b| rows.push(&[a.clone(), b.clone()]));
        }
        let out = model.run(u, &rows, 0).unwrap();
        assert_eq!(out.len(), 25);
        for r in 0..rows.len() {
            assert_eq!(out.get(r, 0), rows.get(r, 0) + rows.get(r, 1), "{bits} bits, row {r}");
        }
    }
}

#[test]
fn exhaustive_counts_through_the_ports_in_order() {
    if !for_tests("exhaustive_counts_through_the_ports_in_order", SIM) {
        return;
    }
    let d = design("pack", Reset::Sync, |m| {
        let (a, b, c) = (m.uint_in("a", 3), m.uint_in("b", 9), m.bit_in("c"));
        m.output("low", a);
        m.output("high", b);
        m.output("top", c);
    });
    let model = verilator::build(&[Unit::from_design(&d.unwrap())]).unwrap();
    let mut seen = 0;
    model
        .exhaustive(0, |first, out| {
            assert_eq!(first, seen);
            for r in 0..out.len() {
                let n = first + r as u64;
                assert_eq!([out.get(r, 0), out.get(r, 1), out.get(r, 2)], [n & 7, n >> 3 & 511, n >> 12].map(BigUint::from));
            }
            seen += out.len() as u64;
        })
        .unwrap();
    assert_eq!(seen, 1 << 13);
    assert_eq!(column(&model.count(0, 4095, 2).unwrap(), 2), numbers([0, 1]));
}

#[test]
fn sequences_start_from_the_first_state_with_and_without_reset() {
    if !for_tests("sequences_start_from_the_first_state_with_and_without_reset", SIM) {
        return;
    }
    let units = [accumulator("acc_rst", Reset::Sync), accumulator("acc_init", Reset::None)];
    assert!(units[0].reset && !units[1].reset && units[1].clocked);
    let model = verilator::build(&units).unwrap();
    let rows = table(&[8], &[&[1], &[2], &[3], &[4], &[5]]);
    for u in 0..2 {
        for _ in 0..2 {
            // The output before the edge: the state first, and the sum that the edge will take.
            assert_eq!(column(&model.run(u, &rows, 0).unwrap(), 0), numbers([5, 6, 8, 11, 15]));
            let out = model.run(u, &rows, 2).unwrap();
            assert_eq!(column(&out, 0), numbers([5, 6, 5, 8, 5]));
            assert_eq!(column(&out, 1), numbers([6, 8, 8, 12, 10]));
        }
    }
    // Long runs cross many messages; the state must survive that.
    let n = 400_000;
    let out = model.run(0, &Rows::from_words(&[8], vec![1; n]), 0).unwrap();
    assert_eq!(out.len(), n);
    assert!((0..n).all(|r| out.cell(r, 0)[0] == (5 + r as u64) & 0xffff));
}

#[test]
fn a_memory_is_new_in_every_sequence() {
    if !for_tests("a_memory_is_new_in_every_sequence", SIM) {
        return;
    }
    let text = "module mem(input wire clk, input wire rst, input wire we, input wire [1:0] a, input wire [3:0] d, output reg [3:0] q);\n\
        reg [3:0] m [0:3];\n always @(posedge clk) begin if (we) m[a] <= d; q <= rst ? 4'd0 : m[a]; end\nendmodule\n";
    let unit = Unit {
        files: vec![File { name: "mem.v".into(), text: text.into() }],
        top: "mem".into(),
        inputs: vec![("we".into(), 1), ("a".into(), 2), ("d".into(), 4)],
        outputs: vec![("q".into(), 4)],
        clocked: true,
        reset: true,
        memory: true,
        pins: Pins::default(),
        reset_low: false,
    };
    let model = verilator::build(&[unit]).unwrap();
    let rows = table(&[1, 2, 4], &[&[1, 2, 9], &[0, 2, 0], &[0, 2, 0], &[0, 2, 0], &[0, 2, 0], &[0, 2, 0]]);
    assert_eq!(column(&model.run(0, &rows, 3).unwrap(), 0), numbers([0, 0, 9, 0, 0, 0]));
    assert_eq!(column(&model.run(0, &rows, 0).unwrap(), 0), numbers([0, 0, 9, 9, 9, 9]));
}

#[test]
fn many_units_share_rows_and_come_from_the_cache_the_second_time() {
    if !for_tests("many_units_share_rows_and_come_from_the_cache_the_second_time", SIM) {
        return;
    }
    let constant = |k: u64| {
        let d = design(&format!("plus{k}"), Reset::Sync, |m| {
            let a = m.uint_in("a", 8);
            m.output("y", a + m.nat(u128::from(k)));
        });
        Unit::from_design(&d.unwrap())
    };
    let mut units: Vec<Unit> = (1..40).map(constant).collect();
    // A unit of the same module name with other contents cannot be in the same model.
    let mut other = constant(100);
    other.top = "plus7".into();
    other.files[0].name = "plus7.v".into();
    other.files[0].text = other.files[0].text.replace("plus100", "plus7");
    units.push(other);
    verilator::build(&units).unwrap();
    let model = verilator::build(&units).unwrap();
    assert!(model.from_cache());
    let rows = Rows::from_words(&[8], (0..256).collect());
    let all = model.run_shared(&rows, 0).unwrap();
    assert_eq!(all.len(), 40);
    for (u, out) in all.iter().enumerate() {
        let k = if u == 39 { 100 } else { u as u64 + 1 };
        assert_eq!(column(out, 0), numbers((0..256).map(|a| a + k)), "unit {u}");
    }
    let mut blocks = 0;
    model.exhaustive_shared(|_, outs| blocks += usize::from(outs == all)).unwrap();
    assert_eq!(blocks, 1);
}

#[test]
fn waves_are_written() {
    if !for_tests("waves_are_written", SIM) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let vcd = dir.path().join("waves.vcd");
    let rows = table(&[8], &[&[1], &[2]]);
    let out = verilator::trace(&accumulator("acc_wave", Reset::Sync), &rows, 0, &vcd).unwrap();
    assert_eq!(column(&out, 0), numbers([5, 6]));
    let text = std::fs::read_to_string(vcd).unwrap();
    assert!(
        text.contains("$enddefinitions") && text.contains("acc") && text.lines().filter(|l| l.starts_with('#')).count() >= 4,
        "{text}"
    );
}

#[test]
fn broken_verilog_is_a_clear_error() {
    if !for_tests("broken_verilog_is_a_clear_error", SIM) {
        return;
    }
    let mut unit = adder("broken", 4);
    unit.files[0].text = unit.files[0].text.replace("endmodule", "assign nonsense = ;\nendmodule");
    let e = verilator::build(&[unit]).err().expect("an error").to_string();
    assert!(e.contains("Verilator on broken failed") && e.contains("broken.v:") && e.contains("syntax error"), "{e}");
    let mut unit = adder("wrongports", 4);
    unit.inputs[1].0 = "nothere".into();
    let e = verilator::build(&[unit]).err().expect("an error").to_string();
    assert!(e.contains("nothere"), "{e}");
}

#[test]
fn wrong_rows_and_stopped_models_are_clear_errors() {
    if !for_tests("wrong_rows_and_stopped_models_are_clear_errors", SIM) {
        return;
    }
    let model = verilator::build(&[adder("add4", 4), adder("add5", 5)]).unwrap();
    let e = model.run(0, &Rows::zeros(&[4], 3), 0).unwrap_err().to_string();
    assert!(e.contains("`add4` has inputs of [4, 4] bits"), "{e}");
    assert!(model.run_shared(&Rows::zeros(&[4, 4], 3), 0).is_err());
    let text = "module stops(input wire [3:0] a, output wire [3:0] y);\n assign y = a;\n\
        always @(*) if (a == 4'd9) begin $display(\"nine is too much\"); $fatal; end\nendmodule\n";
    let mut unit = adder("stops", 4);
    unit.files = vec![File { name: "stops.sv".into(), text: text.into() }];
    (unit.inputs, unit.outputs) = (vec![("a".into(), 4)], vec![("y".into(), 4)]);
    let model = verilator::build(&[unit]).unwrap();
    let e = model.run(0, &table(&[4], &[&[8], &[9]]), 0).unwrap_err().to_string();
    assert!(e.contains("simulation process stopped") && e.contains("nine is too much"), "{e}");
    // It starts anew.
    assert_eq!(column(&model.run(0, &table(&[4], &[&[8]]), 0).unwrap(), 0), numbers([8]));
}

#[test]
fn icarus_agrees_with_verilator() {
    if !for_tests("icarus_agrees_with_verilator", &[Tool::Verilator, Tool::Cxx, Tool::Iverilog, Tool::Vvp]) {
        return;
    }
    let units = [adder("ic8", 8), adder("ic64", 64), adder("ic65", 65), adder("ic130", 130)];
    let mut tables = Vec::new();
    for unit in &units {
        let bits = unit.inputs[0].1;
        let mut rows = Rows::new(&[bits, bits]);
        let mut x = BigUint::from(0x9e37_79b9_7f4a_7c15u64);
        for _ in 0..50 {
            x = &x * &x + 12345u32;
            rows.push(&[&x >> 7, &x >> 40]);
            x >>= x.bits() / 2;
        }
        tables.push(rows);
    }
    let jobs: Vec<_> = units.iter().zip(&tables).collect();
    let icarus = icarus::run_all(&jobs, 0).unwrap();
    let model = verilator::build(&units).unwrap();
    for (u, rows) in tables.iter().enumerate() {
        assert_eq!(icarus[u].len(), 50);
        assert_eq!(icarus[u], model.run(u, rows, 0).unwrap(), "{}", units[u].top);
    }
    let states = [accumulator("ic_rst", Reset::Sync), accumulator("ic_init", Reset::None)];
    let model = verilator::build(&states).unwrap();
    let rows = Rows::from_words(&[8], (0..37).map(|i| (i * 41) & 255).collect());
    for sequence in [0, 1, 5, 37, 100] {
        for (u, unit) in states.iter().enumerate() {
            let expected = model.run(u, &rows, sequence).unwrap();
            assert_eq!(icarus::run(unit, &rows, sequence).unwrap(), expected, "{} {sequence}", unit.top);
        }
    }
}

#[test]
fn icarus_reports_undefined_bits() {
    if !for_tests("icarus_reports_undefined_bits", &[Tool::Iverilog, Tool::Vvp]) {
        return;
    }
    let mut unit = adder("undefined", 4);
    unit.files[0].text =
        "module undefined(input wire [3:0] a, b, output wire [4:0] y); wire [4:0] z; assign y = z; endmodule\n".into();
    let e = icarus::run(&unit, &Rows::zeros(&[4, 4], 1), 0).unwrap_err().to_string();
    assert!(e.contains("`undefined.y` has undefined bits in row 0"), "{e}");
}

#[test]
fn lint_is_silent_on_good_and_loud_on_bad_verilog() {
    if !for_tests("lint_is_silent_on_good_and_loud_on_bad_verilog", lint::TOOLS) {
        return;
    }
    let good: Vec<Unit> = vec![adder("lint8", 8), adder("lint70", 70), accumulator("lint_acc", Reset::Sync)];
    let reports = lint::lint(&good).unwrap();
    assert_eq!(reports.len(), 3);
    for r in &reports {
        assert!(r.version.is_some() && r.messages.is_empty(), "{r:?}");
    }
    // A width mismatch for Verilator, a driver conflict for Yosys, a missing module for Icarus.
    let bad = |body: &str| {
        let mut unit = adder("bad", 4);
        unit.files[0].text =
            format!("module bad(input wire [3:0] a, input wire [3:0] b, output wire [4:0] y);\n{body}\nendmodule\n");
        unit
    };
    let width = lint::lint_with(Tool::Verilator, &[bad("assign y = a;")]).unwrap();
    assert!(width.messages.iter().any(|m| m.contains("WIDTH")), "{width:?}");
    let twice = lint::lint_with(Tool::Yosys, &[bad("assign y = {1'b0, a}; assign y = {1'b0, b};")]).unwrap();
    assert!(!twice.messages.is_empty(), "{twice:?}");
    let missing = lint::lint_with(Tool::Iverilog, &[bad("nowhere n(.a(a));")]).unwrap();
    assert!(missing.messages.iter().any(|m| m.contains("nowhere")), "{missing:?}");
    let syntax = [bad("assign = ;")];
    assert!(lint::lint(&syntax).unwrap().iter().all(|r| !r.messages.is_empty()));
}
