//! The engines a block runs on: the golden model, the native simulator, Verilator.
use crate::blocks::Configured;
use crate::flow::error::FlowError;
use crate::flow::stream::Streamed;
use crate::flow::timed::{Timed, Timing};
use crate::flow::unit::Unit;
use crate::flow::verilator;
use crate::golden::model::Model;
use crate::hdl::ir::Design;
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;
use rayon::prelude::*;
use std::sync::Arc;

/// An engine by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exact mathematics.
    Golden,
    /// The built-in simulator on the circuit.
    Native,
    /// Verilator on the emitted Verilog.
    Verilator,
}

impl Kind {
    /// Every engine with its word.
    pub const ALL: &'static [(Kind, &'static str)] =
        &[(Kind::Golden, "golden"), (Kind::Native, "native"), (Kind::Verilator, "verilator")];

    /// Its word.
    pub fn word(self) -> &'static str {
        Kind::ALL.iter().find(|(k, _)| *k == self).map_or("", |(_, w)| w)
    }
}

/// Why an engine gave no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The circuit broke a claim it makes (`narrow`, `unsigned`): a defect of the block.
    #[error("the circuit broke its own claim `{text}` at vector {row}")]
    Claim {
        /// Row of the table.
        row: u64,
        /// The claim.
        text: String,
    },
    /// The hardware broke the protocol of its ports.
    #[error("the protocol of the ports is broken: {text}")]
    Protocol {
        /// When and how.
        text: String,
    },
    /// A tool is missing or failed.
    #[error("{message}")]
    Tool {
        /// What happened.
        message: String,
        /// What to do.
        help: String,
    },
}

/// Runs tables of vectors; `sequence` as in [`Sim::run`].
pub trait Engine {
    /// Which one.
    fn kind(&self) -> Kind;
    /// Output codes for input codes.
    fn run(&mut self, rows: &Rows, sequence: usize) -> Result<Rows, EngineError>;
}

/// The golden model of a block.
pub struct Golden<'b>(pub &'b dyn Configured);

/// The native simulator on a design.
pub struct Native(Sim);

/// Verilator on a design as printed.
pub struct Verilated {
    model: Arc<verilator::Model>,
    unit: usize,
}

impl Native {
    /// For a design.
    pub fn new(design: &Design) -> Result<Self, EngineError> {
        Sim::new(design).map(Native).map_err(|e| EngineError::Tool { message: e.to_string(), help: String::new() })
    }
}

impl Verilated {
    /// Builds the model; takes a while.
    pub fn new(design: &Design) -> Result<Self, EngineError> {
        let model = verilator::build(&[Unit::from_design(design)])?;
        Ok(Self::of(Arc::new(model), 0))
    }

    /// A unit of a model that was built before.
    pub fn of(model: Arc<verilator::Model>, unit: usize) -> Self {
        Verilated { model, unit }
    }
}

/// The native simulator on the hardware of a block, answering as the block is described.
pub fn native(block: &dyn Configured, design: &Design) -> Result<Box<dyn Engine>, EngineError> {
    around(block, design, Native::new(design)?)
}

/// Verilator on the hardware of a block, answering as the block is described; takes a while.
pub fn verilated(block: &dyn Configured, design: &Design) -> Result<Box<dyn Engine>, EngineError> {
    around(block, design, Verilated::new(design)?)
}

/// An engine on the hardware of a block as one that answers as the block is described.
pub fn around<E: Engine + Send + 'static>(
    block: &dyn Configured,
    design: &Design,
    engine: E,
) -> Result<Box<dyn Engine>, EngineError> {
    if block.row_lengths().is_some() {
        return Ok(Box::new(Streamed::new(block, design, Box::new(engine))?));
    }
    Ok(match Timing::new(block, design)? {
        Some(timing) => Box::new(Timed::new(engine, timing)),
        None => Box::new(engine),
    })
}

impl From<FlowError> for EngineError {
    fn from(e: FlowError) -> Self {
        EngineError::Tool { message: e.to_string(), help: e.help() }
    }
}

impl Engine for Golden<'_> {
    fn kind(&self) -> Kind {
        Kind::Golden
    }

    fn run(&mut self, rows: &Rows, sequence: usize) -> Result<Rows, EngineError> {
        Ok(golden(self.0, rows, sequence))
    }
}

/// Expected outputs of a block, from its golden model; independent runs in parallel.
pub fn golden(block: &dyn Configured, rows: &Rows, sequence: usize) -> Rows {
    let widths: Vec<u32> = block.ports().iter().filter(|p| !p.input).map(|p| p.bits).collect();
    let stateful = block.stateful();
    let run = match (stateful, sequence) {
        (false, _) => 4096,
        (true, 0) => rows.len().max(1),
        (true, n) => n,
    };
    let parts: Vec<Rows> = (0..rows.len().div_ceil(run))
        .into_par_iter()
        .map_init(
            || block.golden(),
            |model, part| modelled(model.as_mut(), rows, part * run..((part + 1) * run).min(rows.len()), &widths),
        )
        .collect();
    let mut data = Vec::new();
    parts.iter().for_each(|p| data.extend_from_slice(p.words()));
    Rows::from_words(&widths, data)
}

/// What a model gives for some rows from its reset state on; `widths` are those of the outputs.
/// A stream may answer a token with none or with many.
pub fn modelled(model: &mut dyn Model, rows: &Rows, range: std::ops::Range<usize>, widths: &[u32]) -> Rows {
    model.reset();
    let mut out = Rows::new(widths);
    let (mut inputs, mut outputs) = (Vec::with_capacity(rows.widths().len()), Vec::with_capacity(widths.len()));
    for row in range {
        inputs.clear();
        inputs.extend((0..rows.widths().len()).map(|c| rows.get(row, c)));
        outputs.clear();
        model.step(&inputs, &mut outputs);
        outputs.chunks(widths.len().max(1)).for_each(|codes| out.push(codes));
    }
    out
}

impl Engine for Native {
    fn kind(&self) -> Kind {
        Kind::Native
    }

    fn run(&mut self, rows: &Rows, sequence: usize) -> Result<Rows, EngineError> {
        self.0.run(rows, sequence).map_err(|e| EngineError::Claim { row: e.row, text: e.text })
    }
}

impl Engine for Verilated {
    fn kind(&self) -> Kind {
        Kind::Verilator
    }

    fn run(&mut self, rows: &Rows, sequence: usize) -> Result<Rows, EngineError> {
        Ok(self.model.run(self.unit, rows, sequence)?)
    }
}
