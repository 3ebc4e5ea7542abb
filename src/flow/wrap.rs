//! The measuring wrapper: a block of any pin count between registers, with four pins.
//!
//! A serial-in shift register feeds the inputs (and the reset, if there is one); the outputs go to a
//! row of registers, from there to a shift register that either loads them or shifts out. So every
//! path of the block runs from register to register, and the number of pins of the device does not matter.
use crate::hdl::ir::Design;
use crate::hdl::verilog::{self, File};

/// A design ready for measuring.
pub struct Wrapped {
    /// All files, the wrapper last.
    pub files: Vec<File>,
    /// Name of the wrapper.
    pub top: String,
}

impl Wrapped {
    /// Puts the wrapper around a design.
    pub fn new(design: &Design) -> Wrapped {
        let block = design.top();
        let clocked = !block.is_combinational(design);
        let top = format!("{}_between_registers", block.name);
        let reset = block.reset_port(design.reset).filter(|_| clocked);
        let (mut connections, mut low) = (Vec::new(), 0);
        if clocked {
            connections.push(format!(".{}(clk)", block.clock()));
        }
        if let Some(reset) = reset {
            connections.push(format!(".{reset}(inputs[0])"));
            low = 1;
        }
        for port in &block.inputs {
            connections.push(format!(".{}(inputs[{}:{low}])", port.name, low + port.width - 1));
            low += port.width;
        }
        let ins = low.max(1);
        low = 0;
        for port in &block.outputs {
            connections.push(format!(".{}(results[{}:{low}])", port.name, low + port.width - 1));
            low += port.width;
        }
        let outs = low.max(1);
        let (in_top, out_top, connections, name) = (ins - 1, outs - 1, connections.join(", "), &block.name);
        let text = format!(
            "// {name} between registers: {ins} input bits from a serial chain, {outs} output bits to another.\n\
             `default_nettype none\n\
             module {top} (\n  input  wire clk,\n  input  wire si,\n  input  wire ld,\n  output wire so\n);\n  \
             reg  [{in_top}:0] inputs;\n  reg  [{out_top}:0] outputs;\n  reg  [{out_top}:0] chain;\n  wire [{out_top}:0] results;\n  \
             {name} dut ({connections});\n  \
             always @(posedge clk) begin\n    inputs <= {{inputs, si}};\n    outputs <= results;\n    \
             chain <= ld ? outputs : {{chain, 1'b0}};\n  end\n  assign so = chain[{out_top}];\nendmodule\n`default_nettype wire\n",
        );
        let mut files = verilog::print(design);
        files.push(File { name: format!("{top}.v"), text });
        Wrapped { files, top }
    }

    /// Pins in the order of a part's `pins`.
    pub fn pins(&self) -> [&'static str; 4] {
        ["clk", "si", "ld", "so"]
    }
}
