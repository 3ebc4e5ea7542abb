//! Verilator, fast: many units are compiled as one model, against a runtime and headers that are
//! compiled once per machine, and run in a resident process that takes batches of rows.
//!
//! ```no_run
//! # use narrowgen::flow::{unit::Unit, verilator};
//! # fn f(units: &[Unit], rows: &narrowgen::hdl::rows::Rows) -> Result<(), narrowgen::flow::error::FlowError> {
//! let model = verilator::build(units)?;
//! let outputs = model.run(0, rows, 0)?;
//! # Ok(()) }
//! ```
mod build;
mod glue;
mod runner;
mod runtime;

use super::error::FlowError;
use super::tool::{self, Tool};
use super::unit::{self, Unit};
use crate::hdl::rows::Rows;
use build::Part;
use rayon::prelude::*;
use runner::{Request, Runner};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Write waves (VCD) to this file; whoever runs several units gets the waves of all.
    pub trace: Option<PathBuf>,
    /// Further arguments for Verilator, such as defines and include folders.
    pub args: Vec<String>,
}

/// Compiled units, ready to run. Dropping it ends its process.
pub struct Model {
    units: Vec<Unit>,
    parts: Vec<Loaded>,
    /// Part and number within it of every unit.
    homes: Vec<(usize, usize)>,
    cached: bool,
}

struct Loaded {
    part: Part,
    runner: Mutex<Option<Runner>>,
}

/// Version of the Verilator in use.
pub fn version() -> Result<String, FlowError> {
    Ok(tool::resolve(Tool::Verilator)?.version)
}

/// Compiles the units. Units that were compiled together before come from the cache.
pub fn build(units: &[Unit]) -> Result<Model, FlowError> {
    build_with(units, &Options::default())
}

/// Compiles the units, with options.
pub fn build_with(units: &[Unit], options: &Options) -> Result<Model, FlowError> {
    if let Some(unit) = units.iter().find(|u| u.inputs.is_empty() || u.outputs.is_empty()) {
        return Err(FlowError::Simulation(format!("`{}` cannot be simulated: it needs an input and an output port", unit.top)));
    }
    let runtime = runtime::prepare(options.trace.is_some())?;
    let (groups, homes) = unit::split(&units.iter().collect::<Vec<_>>(), build::PART_BYTES);
    let parts = groups
        .par_iter()
        .map(|members| {
            let members: Vec<&Unit> = members.iter().map(|i| &units[*i]).collect();
            build::compile(&members, &runtime, options)
        })
        .collect::<Result<Vec<Part>, FlowError>>()?;
    let cached = parts.iter().all(|p| p.cached);
    let parts = parts.into_iter().map(|part| Loaded { part, runner: Mutex::new(None) }).collect();
    Ok(Model { units: units.to_vec(), parts, homes, cached })
}

/// Runs one unit and leaves its waves in `vcd`.
pub fn trace(unit: &Unit, rows: &Rows, sequence: usize, vcd: &Path) -> Result<Rows, FlowError> {
    let options = Options { trace: Some(vcd.to_path_buf()), ..Options::default() };
    build_with(std::slice::from_ref(unit), &options)?.run(0, rows, sequence)
}

impl Model {
    /// The units, in order.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// True if nothing had to be compiled.
    pub fn from_cache(&self) -> bool {
        self.cached
    }

    /// Runs one unit. `sequence` is the number of rows of each independent run, which starts from the
    /// unit's first state; 0 makes all rows one run. Outputs are those before the clock edge that ends the row.
    pub fn run(&self, unit: usize, rows: &Rows, sequence: usize) -> Result<Rows, FlowError> {
        self.check_inputs(unit, rows)?;
        let (part, local) = self.homes[unit];
        let request = Request { units: &[local], first: 0, rows: rows.len() as u64, sequence: sequence as u64, data: Some(rows) };
        self.parts[part].run(&request).map(|mut all| all.swap_remove(0))
    }

    /// Runs all units on the same rows; they must have the same input widths.
    pub fn run_shared(&self, rows: &Rows, sequence: usize) -> Result<Vec<Rows>, FlowError> {
        self.shared(0, rows.len() as u64, sequence as u64, Some(rows))
    }

    /// Outputs of one unit for the input codes `first .. first + rows`, where a row's number is its
    /// input: the first port in the low bits.
    pub fn count(&self, unit: usize, first: u64, rows: u64) -> Result<Rows, FlowError> {
        let (part, local) = self.homes[unit];
        let request = Request { units: &[local], first, rows, sequence: 0, data: None };
        self.parts[part].run(&request).map(|mut all| all.swap_remove(0))
    }

    /// Outputs of all units for the input codes `first .. first + rows`; they must have the same input widths.
    pub fn count_shared(&self, first: u64, rows: u64) -> Result<Vec<Rows>, FlowError> {
        self.shared(first, rows, 0, None)
    }

    /// Every input code of a combinational unit in order; `each` gets the number of the first row and the outputs.
    pub fn exhaustive(&self, unit: usize, mut each: impl FnMut(u64, &Rows)) -> Result<(), FlowError> {
        self.ranges(unit)?.try_for_each(|(first, rows)| self.count(unit, first, rows).map(|out| each(first, &out)))
    }

    /// Every input code for all units, which must be combinational and have the same input widths.
    pub fn exhaustive_shared(&self, mut each: impl FnMut(u64, &[Rows])) -> Result<(), FlowError> {
        self.ranges(0)?.try_for_each(|(first, rows)| self.count_shared(first, rows).map(|out| each(first, &out)))
    }

    fn ranges(&self, unit: usize) -> Result<impl Iterator<Item = (u64, u64)> + use<>, FlowError> {
        const STEP: u64 = 1 << 16;
        let unit = self.units.get(unit).ok_or_else(|| FlowError::Simulation("the model has no units".into()))?;
        let bits: u32 = unit.input_widths().iter().sum();
        if unit.clocked || bits > 48 {
            let why = if unit.clocked { "it has state" } else { "it has too many input bits" };
            return Err(FlowError::Simulation(format!("`{}` cannot be run on every input: {why}", unit.top)));
        }
        let end = 1u64 << bits;
        Ok((0..end.div_ceil(STEP)).map(move |i| (i * STEP, STEP.min(end - i * STEP))))
    }

    fn shared(&self, first: u64, rows: u64, sequence: u64, data: Option<&Rows>) -> Result<Vec<Rows>, FlowError> {
        for unit in 0..self.units.len() {
            match data {
                Some(rows) => self.check_inputs(unit, rows)?,
                None if self.units[unit].input_widths() != self.units[0].input_widths() => {
                    return Err(FlowError::Simulation("units that share rows must have the same input widths".into()));
                }
                None => {}
            }
        }
        let results: Vec<Vec<(usize, Rows)>> = self
            .parts
            .par_iter()
            .enumerate()
            .map(|(p, part)| {
                let members: Vec<usize> = (0..self.units.len()).filter(|u| self.homes[*u].0 == p).collect();
                let mut out = Vec::new();
                // Units are asked together where they share input ports.
                for group in part.part.classes() {
                    let request = Request { units: &group, first, rows, sequence, data };
                    out.extend(group.iter().map(|l| members[*l]).zip(part.run(&request)?));
                }
                Ok(out)
            })
            .collect::<Result<_, FlowError>>()?;
        let mut all: Vec<(usize, Rows)> = results.into_iter().flatten().collect();
        all.sort_by_key(|(unit, _)| *unit);
        Ok(all.into_iter().map(|(_, rows)| rows).collect())
    }

    fn check_inputs(&self, unit: usize, rows: &Rows) -> Result<(), FlowError> {
        let unit = &self.units[unit];
        if rows.widths() == unit.input_widths() {
            return Ok(());
        }
        Err(FlowError::Simulation(format!(
            "`{}` has inputs of {:?} bits, and the rows have columns of {:?} bits",
            unit.top,
            unit.input_widths(),
            rows.widths()
        )))
    }
}

impl Loaded {
    fn run(&self, request: &Request) -> Result<Vec<Rows>, FlowError> {
        let mut slot = self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut runner = match slot.take() {
            Some(runner) => runner,
            None => Runner::start(&self.part)?,
        };
        // A runner that failed is dropped, and the next request starts a new one.
        let answer = runner.run(&self.part, request)?;
        *slot = Some(runner);
        Ok(answer)
    }
}
