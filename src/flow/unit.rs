//! [`Unit`]: a piece of Verilog with known ports, as the simulators take it.
use crate::hdl::ir::{Design, Reset};
use crate::hdl::verilog::{self, File};

/// A Verilog module to simulate, with everything below it. Sequential modules have a port `clk`,
/// and `rst` (synchronous, active high) if `reset` is set; all other ports are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Source files.
    pub files: Vec<File>,
    /// Module to simulate.
    pub top: String,
    /// Input ports with their widths in bits, in the order of the columns of [`crate::hdl::rows::Rows`].
    pub inputs: Vec<(String, u32)>,
    /// Output ports with their widths in bits.
    pub outputs: Vec<(String, u32)>,
    /// It has a port `clk`.
    pub clocked: bool,
    /// It has a port `rst`, and that brings back the first state.
    pub reset: bool,
    /// It has a memory, which reset does not clear.
    pub memory: bool,
}

impl Unit {
    /// The printed form of a design.
    pub fn from_design(design: &Design) -> Unit {
        let top = design.top();
        let ports = |ports: &[crate::hdl::ir::Port]| ports.iter().map(|p| (p.name.clone(), p.width)).collect();
        let clocked = !top.is_combinational(design);
        Unit {
            files: verilog::print(design),
            top: top.name.clone(),
            inputs: ports(&top.inputs),
            outputs: ports(&top.outputs),
            clocked,
            reset: clocked && design.reset == Reset::Sync,
            memory: design.modules.iter().any(|m| !m.rams.is_empty()),
        }
    }

    /// Widths of the input columns.
    pub fn input_widths(&self) -> Vec<u32> {
        self.inputs.iter().map(|p| p.1).collect()
    }

    /// Widths of the output columns.
    pub fn output_widths(&self) -> Vec<u32> {
        self.outputs.iter().map(|p| p.1).collect()
    }
}
