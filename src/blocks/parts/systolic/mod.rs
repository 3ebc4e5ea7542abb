//! Systolic arrays of an element that is a design of its own: each row of cells is a module, and an array is
//! a stack of instances of that one row.
//!
//! Operands enter with skew: row r and column c come r and c steps late, and each cell passes on what it has.
pub mod output;
pub mod weight;

use crate::hdl::dsl::Instance;
use crate::hdl::prelude::*;

/// A port of the element.
pub struct Pin {
    /// Its name.
    pub name: &'static str,
    /// Its width.
    pub bits: u32,
}

/// A result of the element.
pub struct Outcome {
    /// Its name.
    pub name: &'static str,
    /// Its width.
    pub bits: u32,
    /// One bit that says something about the result beside it.
    pub flag: bool,
    /// Two's complement.
    pub signed: bool,
}

/// An array, and what the ports of its elements are for.
pub struct Array<'d> {
    /// Rows of elements.
    pub rows: u32,
    /// Columns of elements.
    pub cols: u32,
    /// The element.
    pub element: &'d Design,
    /// Operands that travel along the rows.
    pub along: Vec<Pin>,
    /// Operands that travel down the columns.
    pub down: Vec<Pin>,
    /// What starts a sum in the element.
    pub clear: Option<&'static str>,
    /// What makes the element take operands; without it the element has no clock.
    pub enable: Option<&'static str>,
    /// What says that the element can take operands, or has done what it was told beside.
    pub ready: Vec<&'static str>,
    /// Results.
    pub outcomes: Vec<Outcome>,
}

impl Array<'_> {
    /// The name of the module of a cell or a row.
    fn module(&self, what: &str) -> String {
        format!("{}_{what}", self.element.top().name)
    }

    /// True if cells have to be waited for.
    fn waits(&self) -> bool {
        !self.ready.is_empty()
    }

    /// All of an element's bits that say that it is ready.
    fn output_ready<'b>(&self, m: Builder<'b>, pe: &Instance<'b>) {
        if let Some(ready) = self.ready.iter().map(|name| pe.bit(name)).reduce(|x, y| x & y) {
            m.output("ready", ready);
        }
    }
}

/// The value some steps later, through one long register.
fn delay<'b>(m: Builder<'b>, name: &str, value: UInt<'b>, steps: u32, step: Bit<'b>) -> UInt<'b> {
    if steps == 0 {
        return value;
    }
    let (width, all) = (value.width(), value.width() * steps);
    let line = m.state_uint(name, all, 0);
    line.set_when(step, if steps == 1 { value } else { line.get().slice(all - width - 1, 0).cat(value) });
    line.get().slice(all - 1, all - width)
}
