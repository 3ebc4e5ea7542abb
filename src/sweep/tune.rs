//! Tuning: every architecture of a block by real synthesis, ranked.
use super::memo::Memo;
use crate::blocks::Configured;
use crate::flow::architecture::{Choice, Dsp, Shape, Shaped};
use crate::flow::board::Part;
use crate::flow::clocked::{ClockError, Clocked, Clocking};
use crate::flow::costs;
use crate::flow::error::FlowError;
use crate::flow::nextpnr::{self, MEASURE_MHZ};
use crate::flow::report::SynthReport;
use crate::flow::target::Target;
use crate::flow::tool::{Tool, resolve};
use crate::flow::wrap::Wrapped;
use crate::flow::yosys;
use crate::hdl::ir::Design;
use crate::hdl::verilog;
use rayon::prelude::*;

/// What is to be small, or fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// Look-up tables; see [`Trial::cost`].
    #[default]
    Lut,
    /// That times the clock period between registers.
    Adp,
    /// The clock rate between registers.
    Fmax,
}

impl Objective {
    /// All, with their words.
    pub const WORDS: [(&'static str, Objective); 3] =
        [("lut", Objective::Lut), ("adp", Objective::Adp), ("fmax", Objective::Fmax)];
}

/// One architecture, measured.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The architecture.
    pub choice: Choice,
    /// Its size.
    pub report: SynthReport,
    /// What counts as its size: [`costs::cost`], with registers for a clock [`costs::cells`].
    pub cost: u64,
    /// Clock rate between registers, MHz: the median over the seeds, where the objective needs it.
    pub fmax_mhz: Option<f64>,
}

impl Trial {
    /// The number to keep small.
    pub fn score(&self, objective: Objective) -> f64 {
        let (cost, period) = (self.cost as f64, 1e3 / self.fmax_mhz.unwrap_or(f64::NAN));
        match objective {
            Objective::Lut => cost,
            Objective::Adp => cost * period,
            Objective::Fmax => period,
        }
    }
}

/// The trials of a block without multiplier blocks, with registers for a clock in MHz if one is given, best first. Choices that give the
/// same Verilog as an earlier one are left out, and those that cannot have that clock: none may be left then.
pub fn tune(
    make: &(dyn Fn() -> Box<dyn Configured> + Sync),
    target: Target,
    objective: Objective,
    seeds: u32,
    memo: &Memo,
    clock_mhz: Option<f64>,
) -> Result<Vec<Trial>, FlowError> {
    let mut designs: Vec<(Choice, Design, String)> = Vec::new();
    for choice in Choice::all() {
        let shape = Shape { choice, dsp: Dsp::Never, target, pipelined: clock_mhz.is_some(), fmax_mhz: clock_mhz };
        let block: Box<dyn Configured> = match choice {
            Choice::None => make(),
            // What was recorded for the block itself must not stand in for a measurement.
            _ => Box::new(Shaped::by_units(make(), shape).map_err(|e| FlowError::Output(e.to_string()))?),
        };
        let Some(design) = at_clock(block, target, clock_mhz)? else { continue };
        let text: String = verilog::print(&design).iter().map(|f| f.text.as_str()).collect();
        if designs.iter().all(|(.., known)| *known != text) {
            designs.push((choice, design, text));
        }
    }
    let trials = designs.par_iter().map(|(choice, design, text)| {
        let report = synth(design, text, target, memo)?;
        let fmax_mhz = match objective {
            Objective::Lut => None,
            _ => Some(fmax(design, text, target, seeds, memo)?),
        };
        let cost = if clock_mhz.is_some() { costs::cells(target, &report) } else { costs::cost(&report) };
        Ok(Trial { choice: *choice, report, cost, fmax_mhz })
    });
    let mut trials: Vec<Trial> = trials.collect::<Result<_, FlowError>>()?;
    trials.sort_by(|a, b| a.score(objective).total_cmp(&b.score(objective)));
    Ok(trials)
}

/// Registers for a clock in MHz on the first part of a target.
pub fn at_mhz(target: Target, mhz: f64) -> Clocking {
    Clocking { period_ps: Some(1e6 / mhz), model: Some(target.name().into()), ..Clocking::default() }
}

/// The hardware of a block, with registers for a clock on the first part of the target; nothing if it cannot have that clock.
fn at_clock(block: Box<dyn Configured>, target: Target, clock_mhz: Option<f64>) -> Result<Option<Design>, FlowError> {
    let Some(mhz) = clock_mhz else { return block.design().map(Some).map_err(|e| FlowError::Output(e.to_string())) };
    match Clocked::build(block, &at_mhz(target, mhz)) {
        Ok(clocked) => clocked.design().map(Some).map_err(|e| FlowError::Output(e.to_string())),
        Err(ClockError::Timing { .. }) => Ok(None),
        Err(ClockError::Block(d)) => Err(FlowError::Output(d.to_string())),
        Err(ClockError::Usage { message, .. }) => Err(FlowError::Output(message)),
    }
}

/// Size without multiplier blocks, measured once for the same Verilog and tool.
pub fn synth(design: &Design, text: &str, target: Target, memo: &Memo) -> Result<SynthReport, FlowError> {
    let version = resolve(Tool::Yosys)?.version;
    let options = yosys::Options { dsp: false, ..Default::default() };
    let commands = target.map_commands("", "", false, false).join("; ");
    memo.get(&["synth without multiplier blocks", &commands, &version, text], || {
        yosys::synth(&verilog::print(design), &design.top().name, target, &options)
    })
}

/// Clock rate between registers without multiplier blocks, MHz: the median over the seeds, measured once.
pub fn fmax(design: &Design, text: &str, target: Target, seeds: u32, memo: &Memo) -> Result<f64, FlowError> {
    let tool = resolve(nextpnr::tool_of(target)?)?;
    let yosys = resolve(Tool::Yosys)?;
    let part = Part::of(target, None).map_err(FlowError::Output)?;
    let seeds_text = seeds.to_string();
    let commands = target.map_commands("", &part.family, false, true).join("; ");
    memo.get(&["clock rate", &part.name, &commands, &tool.version, &yosys.version, &seeds_text, text], || {
        let options = nextpnr::Options { seeds, freq_mhz: MEASURE_MHZ, dsp: false };
        nextpnr::place_and_route(&Wrapped::new(design), &part, &options).map(|r| r.fmax_mhz)
    })
}
