//! A block in the golden model, the native simulator and Verilator.
use narrowgen::blocks::{self, Configured};
use narrowgen::flow::engine::{self, Engine, Golden};
use narrowgen::hdl::rows::Rows;

/// A block, ready to run.
pub struct Unit {
    block: Box<dyn Configured>,
    hardware: [Box<dyn Engine>; 2],
}

impl Unit {
    /// A block and its parameters, as on the command line.
    pub fn new(words: &str) -> Result<Unit, String> {
        let block = blocks::from_words(words)?;
        let design = block.design().map_err(|e| e.to_string())?;
        let native = engine::native(block.as_ref(), &design).map_err(|e| e.to_string())?;
        let verilator = engine::verilated(block.as_ref(), &design).map_err(|e| e.to_string())?;
        Ok(Unit { block, hardware: [native, verilator] })
    }

    /// The block.
    pub fn block(&self) -> &dyn Configured {
        self.block.as_ref()
    }

    /// What the golden model makes of rows, and how many of its rows the native simulator and Verilator give otherwise.
    pub fn run(&mut self, rows: &Rows, sequence: usize) -> Result<(Rows, [usize; 2]), String> {
        let golden = Golden(self.block.as_ref()).run(rows, sequence).map_err(|e| e.to_string())?;
        let mut differing = [0; 2];
        for (engine, differing) in self.hardware.iter_mut().zip(&mut differing) {
            let found = engine.run(rows, sequence).map_err(|e| e.to_string())?;
            let columns = golden.widths().len();
            let same = |row: &usize| row < &found.len() && (0..columns).all(|c| found.get(*row, c) == golden.get(*row, c));
            *differing = (0..golden.len()).filter(|row| !same(row)).count() + found.len().abs_diff(golden.len());
        }
        Ok((golden, differing))
    }
}
