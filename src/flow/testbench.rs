//! A self-checking testbench in plain Verilog-2005 with its vectors, for any block.
//! Runs under Icarus Verilog and under Verilator (`--binary --timing`).
use crate::blocks::Configured;
use crate::flow::engine::{self, Native};
use crate::flow::stimulus::{Method, Options, Plan};
use crate::flow::stream;
use crate::flow::timed::{Layout, Timed, Timing};
use crate::hdl::ir::{Design, Port as IrPort, Reset};
use crate::hdl::rows::Rows;
use num_bigint::BigUint;
use std::fmt::Write;

/// Most rows in the testbench of a block that takes rows: each is many lines.
const STREAM_ROWS: u64 = 40;

/// The testbench of a block and its vector file.
pub struct Testbench {
    /// Module name, `tb_` and the block's module.
    pub module: String,
    /// Verilog source.
    pub verilog: String,
    /// Contents of the vector file `MODULE.hex`: per line `restart` (if there is a
    /// reset), `compare` (if there is a pipeline), inputs, expected outputs.
    pub vectors: String,
}

/// Makes the testbench with up to `vectors` vectors (all of them if the input space is smaller).
pub fn make(block: &dyn Configured, design: &Design, vectors: u64) -> Result<Testbench, String> {
    let top = design.top();
    let clocked = !top.is_combinational(design);
    let reset = clocked && design.reset != Reset::None;
    if block.row_lengths().is_some() {
        return of_stream(block, design, vectors);
    }
    let stateful = block.stateful();
    let mut plan = Plan::new(block, stateful, &Options { vectors, ..Options::default() })?;
    if plan.method == Method::Exhaustive && plan.vectors > vectors {
        plan = Plan::sampled(block, stateful, &Options { vectors, ..Options::default() })?;
    }
    let mut timed = match Timing::new(block, design).map_err(|e| e.to_string())? {
        Some(timing) => Some(Timed::new(Native::new(design).map_err(|e| e.to_string())?, timing)),
        None => None,
    };
    let mut lines = Lines::default();
    let mut count = 0;
    for chunk in 0..plan.chunks() {
        let rows = plan.chunk(chunk);
        let expected = engine::golden(block, &rows, plan.sequence);
        count += rows.len();
        let layout = match &mut timed {
            Some(timed) => timed.layout(&rows, plan.sequence).map_err(|e| e.to_string())?,
            None => Layout::direct(rows, plan.sequence),
        };
        for at in 0..layout.driven.len() {
            let cycle = at % layout.cycles;
            if reset {
                lines.field(u32::from(cycle == 0).into(), 1);
            }
            if timed.is_some() {
                lines.field(u32::from(layout.shown[at].is_some()).into(), 1);
            }
            lines.row(&layout.driven, Some(at));
            for (_, bits) in &layout.answers {
                lines.field(u32::from(bits[cycle]).into(), 1);
            }
            lines.row(&expected, layout.shown[at]);
            lines.end();
        }
    }
    Ok(bench(block, design, lines, timed.is_some(), count, "vectors"))
}

/// The testbench of a block that takes rows: a run of source and sink as it went in the native simulator.
fn of_stream(block: &dyn Configured, design: &Design, rows: u64) -> Result<Testbench, String> {
    let layout = stream::layout(block, design, rows.min(STREAM_ROWS))?;
    let mut lines = Lines::default();
    // Ready and valid in the order of the hardware's ports.
    let control = |name: &str| design.top().outputs.iter().position(|p| p.name == name);
    let ready_first = control("in_ready") < control("out_valid");
    for at in 0..layout.driven.len() {
        if design.reset != Reset::None {
            lines.field(u32::from(at % layout.cycles == 0).into(), 1);
        }
        lines.field(u32::from(layout.shown[at].is_some()).into(), 1);
        lines.row(&layout.driven, Some(at));
        let (ready, valid) = layout.answers[at];
        for bit in if ready_first { [ready, valid] } else { [valid, ready] } {
            lines.field(u32::from(bit).into(), 1);
        }
        lines.row(&layout.expected, layout.shown[at]);
        lines.end();
    }
    Ok(bench(block, design, lines, true, layout.rows as usize, "rows"))
}

/// The Verilog around the lines. If `paced`, data count only in cycles that show some.
fn bench(block: &dyn Configured, design: &Design, lines: Lines, paced: bool, count: usize, unit: &str) -> Testbench {
    let top = design.top();
    let clocked = !top.is_combinational(design);
    let reset = clocked && design.reset != Reset::None;
    let ports = block.ports();
    let dut = block.module_name();
    let module = format!("tb_{dut}");
    let range = |w: u32| if w == 1 { String::new() } else { format!("[{}:0] ", w - 1) };
    let mut v = String::new();
    let _ = writeln!(v, "// Self-checking testbench of {dut}: {count} {unit} from the golden model.");
    let _ = writeln!(v, "//   $ iverilog -g2005 -s {module} -o tb -c rtl.f {module}.v && vvp -N tb");
    // Without the dollar sign Verilator takes the comment for a directive to itself.
    let _ = writeln!(
        v,
        "//   $ verilator --binary --timing -CFLAGS -std=c++20 -Wno-fatal --top-module {module} -f rtl.f {module}.v && obj_dir/V{module}"
    );
    let _ = writeln!(v, "// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.");
    let _ = writeln!(v, "`timescale 1ns/1ps\n`default_nettype none\nmodule {module};");
    let mut fields: Vec<String> = Vec::new();
    let mut pins: Vec<String> = Vec::new();
    if clocked {
        let _ = writeln!(v, "  reg clk = 1'b0;");
        pins.push(format!(".{}(clk)", top.clock()));
    }
    if reset {
        let _ = writeln!(v, "  reg rst = 1'b1;\n  reg restart;");
        fields.push("restart".into());
        let (name, not) = (top.reset_port(design.reset).unwrap_or("rst"), if design.reset.is_low() { "~" } else { "" });
        pins.push(format!(".{name}({not}rst)"));
    }
    if paced {
        let _ = writeln!(v, "  reg compare;");
        fields.push("compare".into());
    }
    for p in &top.inputs {
        let _ = writeln!(v, "  reg  {}{};", range(p.width), p.name);
        fields.push(p.name.clone());
    }
    let is_data = |name: &str| ports.iter().any(|p| p.name == name);
    let mut outputs: Vec<&IrPort> = top.outputs.iter().filter(|p| !is_data(&p.name)).collect();
    for p in ports.iter().filter(|p| !p.input) {
        outputs.extend(top.outputs.iter().filter(|o| o.name == p.name));
    }
    for p in &outputs {
        let _ = writeln!(v, "  wire {0}{1};\n  reg  {0}{1}_expected;", range(p.width), p.name);
        fields.push(format!("{}_expected", p.name));
    }
    pins.extend(top.inputs.iter().chain(&top.outputs).map(|p| format!(".{0}({0})", p.name)));
    let last = lines.count.saturating_sub(1);
    let _ = writeln!(v, "  reg  [{}:0] vectors [0:{last}];\n  integer i, errors;\n", lines.width - 1);
    let _ = writeln!(v, "  {dut} dut ({});\n", pins.join(", "));
    let _ = writeln!(v, "  initial begin\n    $readmemh(\"{module}.hex\", vectors);\n    errors = 0;");
    let _ = writeln!(v, "    for (i = 0; i < {}; i = i + 1) begin\n      {{{}}} = vectors[i];", lines.count, fields.join(", "));
    if reset {
        let _ = writeln!(
            v,
            "      if (restart) begin\n        rst = 1'b1;\n        #5 clk = 1'b1;\n        #5 clk = 1'b0;\n        rst = 1'b0;\n      end"
        );
    }
    let _ = writeln!(v, "      #5;");
    for p in &outputs {
        let n = &p.name;
        // Data count in cycles that show a vector; valid and ready in all.
        let when = if paced && is_data(n) { "compare && " } else { "" };
        let _ = writeln!(v, "      if ({when}{n} !== {n}_expected) begin");
        let _ = writeln!(v, "        errors = errors + 1;");
        let _ = writeln!(
            v,
            "        if (errors <= 10) $display(\"{} %0d: {n} is %h, expected %h\", i, {n}, {n}_expected);\n      end",
            if paced { "cycle" } else { "vector" }
        );
    }
    if clocked {
        let _ = writeln!(v, "      clk = 1'b1;\n      #5 clk = 1'b0;");
    }
    let _ = writeln!(v, "    end\n    if (errors == 0) begin\n      $display(\"PASS {count} {unit}\");\n      $finish;");
    let _ = writeln!(
        v,
        "    end else begin\n      $display(\"FAIL %0d of {count} {unit}\", errors);\n      $stop;\n    end\n  end\nendmodule\n`default_nettype wire"
    );
    Testbench { module, verilog: v, vectors: lines.text }
}

/// Lines of the vector file: fields from the top bit down, in hexadecimal.
#[derive(Default)]
struct Lines {
    text: String,
    /// The line that is being written.
    line: BigUint,
    bits: u32,
    /// Bits of a finished line.
    width: u32,
    count: usize,
}

impl Lines {
    fn field(&mut self, value: BigUint, bits: u32) {
        self.line = (std::mem::take(&mut self.line) << bits) | value;
        self.bits += bits;
    }

    /// All cells of a row; zeros if there is none.
    fn row(&mut self, rows: &Rows, row: Option<usize>) {
        for (c, bits) in rows.widths().iter().enumerate() {
            self.field(row.map_or(BigUint::default(), |r| rows.get(r, c)), *bits);
        }
    }

    fn end(&mut self) {
        let _ = writeln!(self.text, "{:0>digits$x}", self.line, digits = self.bits.div_ceil(4) as usize);
        self.width = self.bits;
        (self.line, self.bits) = (BigUint::default(), 0);
        self.count += 1;
    }
}
