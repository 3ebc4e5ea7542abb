//! A self-checking testbench in plain Verilog-2005 with its vectors, for any block.
//! Runs under Icarus Verilog and under Verilator (`--binary --timing`).
use crate::blocks::Configured;
use crate::flow::engine;
use crate::flow::stimulus::{Method, Options, Plan};
use crate::hdl::ir::{Design, Reset};
use num_bigint::BigUint;
use std::fmt::Write;

/// The testbench of a block and its vector file.
pub struct Testbench {
    /// Module name, `tb_` and the block's module.
    pub module: String,
    /// Verilog source.
    pub verilog: String,
    /// Contents of the vector file `MODULE.hex`: per line rst (if any), inputs, expected outputs.
    pub vectors: String,
}

/// Makes the testbench with up to `vectors` vectors (all of them if the input space is smaller).
pub fn make(block: &dyn Configured, design: &Design, vectors: u64) -> Result<Testbench, String> {
    let top = design.top();
    let clocked = !top.is_combinational(design);
    let reset = clocked && design.reset == Reset::Sync;
    let mut plan = Plan::new(block, clocked, &Options { vectors, ..Options::default() })?;
    if plan.method == Method::Exhaustive && plan.vectors > vectors {
        plan = Plan::sampled(block, clocked, &Options { vectors, ..Options::default() })?;
    }
    let ports = block.ports();
    let dut = block.module_name();
    let module = format!("tb_{dut}");
    let mut lines = String::new();
    let mut count = 0;
    let outs: Vec<u32> = ports.iter().filter(|p| !p.input).map(|p| p.bits).collect();
    let width: u32 = u32::from(reset) + plan.widths().iter().sum::<u32>() + outs.iter().sum::<u32>();
    for chunk in 0..plan.chunks() {
        let rows = plan.chunk(chunk);
        let expected = engine::golden(block, &rows, plan.sequence);
        for row in 0..rows.len() {
            let mut line = BigUint::from(u32::from(reset && row % plan.sequence.max(1) == 0));
            for (c, w) in plan.widths().iter().enumerate() {
                line = (line << *w) | rows.get(row, c);
            }
            for (c, w) in outs.iter().enumerate() {
                line = (line << *w) | expected.get(row, c);
            }
            let _ = writeln!(lines, "{line:0>digits$x}", digits = width.div_ceil(4) as usize);
            count += 1;
        }
    }
    let dims = |w: u32| if w == 1 { String::new() } else { format!("[{}:0] ", w - 1) };
    let mut v = String::new();
    let _ = writeln!(v, "// Self-checking testbench of {dut}: {count} vectors from the golden model.");
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
        pins.push(".clk(clk)".into());
    }
    if reset {
        let _ = writeln!(v, "  reg rst = 1'b1;\n  reg restart;");
        fields.push("restart".into());
        pins.push(".rst(rst)".into());
    }
    for p in &ports {
        let kind = if p.input { "reg " } else { "wire" };
        let _ = writeln!(v, "  {kind} {}{};", dims(p.bits), p.name);
        pins.push(format!(".{0}({0})", p.name));
        if p.input {
            fields.push(p.name.to_string());
        }
    }
    for p in ports.iter().filter(|p| !p.input) {
        let _ = writeln!(v, "  reg  {}{}_expected;", dims(p.bits), p.name);
        fields.push(format!("{}_expected", p.name));
    }
    let _ = writeln!(v, "  reg  [{}:0] vectors [0:{}];\n  integer i, errors;\n", width - 1, count - 1);
    let _ = writeln!(v, "  {dut} dut ({});\n", pins.join(", "));
    let _ = writeln!(v, "  initial begin\n    $readmemh(\"{module}.hex\", vectors);\n    errors = 0;");
    let _ = writeln!(v, "    for (i = 0; i < {count}; i = i + 1) begin\n      {{{}}} = vectors[i];", fields.join(", "));
    if reset {
        let _ = writeln!(
            v,
            "      if (restart) begin\n        rst = 1'b1;\n        #5 clk = 1'b1;\n        #5 clk = 1'b0;\n        rst = 1'b0;\n      end"
        );
    }
    let _ = writeln!(v, "      #5;");
    for p in ports.iter().filter(|p| !p.input) {
        let n = p.name;
        let _ = writeln!(v, "      if ({n} !== {n}_expected) begin");
        let _ = writeln!(v, "        errors = errors + 1;");
        let _ = writeln!(
            v,
            "        if (errors <= 10) $display(\"vector %0d: {n} is %h, expected %h\", i, {n}, {n}_expected);\n      end"
        );
    }
    if clocked {
        let _ = writeln!(v, "      clk = 1'b1;\n      #5 clk = 1'b0;");
    }
    let _ = writeln!(v, "    end\n    if (errors == 0) begin\n      $display(\"PASS {count} vectors\");\n      $finish;");
    let _ = writeln!(
        v,
        "    end else begin\n      $display(\"FAIL %0d of {count} vectors\", errors);\n      $stop;\n    end\n  end\nendmodule\n`default_nettype wire"
    );
    Ok(Testbench { module, verilog: v, vectors: lines })
}
