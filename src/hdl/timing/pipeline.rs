//! From an untimed design to a pipelined one: [`pipeline`].
use super::delay::DelayModel;
use super::estimate::estimate;
use super::insert::{Register, insert};
use super::loops::enable_to_mux;
use super::schedule::{Goal, MOST_STAGES, NoSchedule, Schedule, Scheduler};
use super::split::{Accumulator, SplitOptions, split};
use crate::ir::*;
use crate::pass;
use std::collections::BTreeMap;

/// What a user asks of the clock.
#[derive(Clone, Debug)]
pub struct Request {
    /// Longest path from register to register, in picoseconds.
    pub period_ps: Option<f64>,
    /// Register stages between inputs and outputs: exactly so many. With a period too, it must fit.
    pub stages: Option<u32>,
    /// Independent streams that take turns cycle by cycle (C-slow): a loop may take so many cycles.
    pub streams: u32,
    /// How accumulators that are too slow are kept.
    pub accumulator: Accumulator,
    /// Delays of the part.
    pub model: DelayModel,
}

/// A pipelined design.
#[derive(Clone, Debug)]
pub struct Pipelined {
    /// A single flat module with registers, its flow free-running.
    pub design: Design,
    /// What each register is, by its name.
    pub registers: BTreeMap<String, Register>,
    /// Stage boundaries between inputs and outputs.
    pub stages: u32,
    /// Streams that take turns.
    pub streams: u32,
    /// Bits in pipeline registers, as scheduled.
    pub register_bits: u64,
    /// Longest register-to-register path, estimated, in picoseconds.
    pub period_ps: f64,
    /// Name of the delay model.
    pub model: String,
    /// The circuit before registers were put in, and its schedule.
    pub plan: Plan,
}

/// What was scheduled.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The circuit without pipeline registers, its operators cut.
    pub module: Module,
    /// Its schedule.
    pub schedule: Schedule,
    /// Streams that take turns.
    pub streams: u32,
    /// What a register needs before the clock edge, in picoseconds.
    pub setup_ps: f64,
}

/// Why a clock cannot be reached.
#[derive(Clone, Debug, PartialEq)]
pub enum TimingError {
    /// More stages are needed.
    Stages {
        /// Stages allowed.
        allowed: u32,
    },
    /// Loops of declared state are slower than the period.
    Loop {
        /// States in it.
        states: Vec<String>,
        /// Estimated period in picoseconds.
        period_ps: f64,
        /// Period asked for.
        asked_ps: f64,
    },
    /// The part is not that fast: what cannot be cut any further takes longer.
    Part {
        /// Estimated period in picoseconds.
        period_ps: f64,
        /// Period asked for.
        asked_ps: f64,
        /// Name of the node where it ends, if it has one.
        at: String,
    },
    /// A memory cannot serve several streams.
    Memory {
        /// Its name.
        name: String,
    },
}

impl std::fmt::Display for TimingError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let mhz = |ps: &f64| 1e6 / ps;
        match self {
            TimingError::Stages { allowed } => write!(f, "the clock needs more than the {allowed} stages allowed"),
            TimingError::Loop { states, period_ps, asked_ps } => write!(
                f,
                "the loop through {} takes an estimated {period_ps:.0} ps ({:.1} MHz); asked for {asked_ps:.0} ps ({:.1} MHz)",
                states.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", "),
                mhz(period_ps),
                mhz(asked_ps)
            ),
            TimingError::Part { period_ps, asked_ps, at } => write!(
                f,
                "the part is too slow: the shortest stage, ending at `{at}`, takes an estimated {period_ps:.0} ps ({:.1} MHz); asked for {asked_ps:.0} ps ({:.1} MHz)",
                mhz(period_ps),
                mhz(asked_ps)
            ),
            TimingError::Memory { name } => write!(f, "memory `{name}` cannot serve several streams in turn"),
        }
    }
}

impl std::error::Error for TimingError {}

/// Places the registers that the request needs.
pub fn pipeline(design: &Design, request: &Request) -> Result<Pipelined, TimingError> {
    if let (true, Some(ram)) = (request.streams > 1, design.modules.iter().flat_map(|m| &m.rams).next()) {
        return Err(TimingError::Memory { name: ram.name.clone() });
    }
    let (module, schedule) = match (request.period_ps, request.stages) {
        (Some(period), stages) => {
            // Placement differs from the plan; a little room makes up for it.
            let plan = attempt(design, request, period * (1.0 - request.model.margin), stages);
            let (module, schedule) = plan.ok_or(TimingError::Stages { allowed: stages.unwrap_or(MOST_STAGES) })?;
            reached(&module, &schedule, period)?;
            (module, schedule)
        }
        (None, Some(stages)) => fastest(design, request, stages),
        (None, None) => attempt(design, request, f64::INFINITY, Some(0)).ok_or(TimingError::Stages { allowed: 0 })?,
    };
    Ok(finish(design, module, schedule, request))
}

/// The design cut for a period, and its schedule; nothing if it takes more stages.
fn attempt(design: &Design, request: &Request, period_ps: f64, stages: Option<u32>) -> Option<(Module, Schedule)> {
    let module = prepare(design, request, period_ps);
    let goal = Goal { period_ps, stages, streams: request.streams };
    let schedule = Scheduler::new(&module, &request.model, request.streams).run(&goal);
    match schedule {
        Ok(schedule) => Some((module, schedule)),
        Err(NoSchedule::Stages) => None,
    }
}

/// A single module whose operators are no slower than the period, where they can be.
fn prepare(design: &Design, request: &Request, period_ps: f64) -> Module {
    let options =
        SplitOptions { period_ps, model: request.model.clone(), accumulator: request.accumulator, streams: request.streams };
    let mut design = split(design, &options);
    design.modules[0].claims.clear();
    if request.streams > 1 {
        design = enable_to_mux(&design);
    }
    pass::optimize(&design).modules.remove(0)
}

/// The shortest period that so many stages allow, to one part in a hundred.
fn fastest(design: &Design, request: &Request, stages: u32) -> (Module, Schedule) {
    let whole = prepare(design, request, f64::INFINITY);
    let mut high = estimate(&whole, None, &request.model).period_ps;
    let mut low = high / f64::from(stages + 1) / 2.0;
    let mut best = attempt(design, request, f64::INFINITY, Some(stages));
    while stages > 0 && high > low * 1.01 {
        let middle = (low * high).sqrt();
        match attempt(design, request, middle, Some(stages)) {
            Some((module, schedule)) if schedule.estimate.period_ps < high => {
                high = schedule.estimate.period_ps;
                best = Some((module, schedule));
                if high > middle {
                    // A loop or a single node sets the limit.
                    low = middle;
                }
            }
            _ => low = middle,
        }
    }
    best.unwrap_or_else(|| panic!("internal error: without a clock everything fits into any number of stages"))
}

/// Says what keeps a schedule from the period asked for.
fn reached(module: &Module, schedule: &Schedule, asked_ps: f64) -> Result<(), TimingError> {
    let period_ps = schedule.estimate.period_ps;
    if period_ps <= asked_ps {
        return Ok(());
    }
    if !schedule.slow_loops.is_empty() {
        let names = module.states.iter().filter(|s| schedule.slow_loops.contains(&s.read)).map(|s| s.name.clone());
        return Err(TimingError::Loop { states: names.collect(), period_ps, asked_ps });
    }
    let at = schedule.estimate.path.iter().rev().find_map(|(n, _)| module.name_of(*n)).unwrap_or("an unnamed node");
    Err(TimingError::Part { period_ps, asked_ps, at: at.to_string() })
}

fn finish(design: &Design, module: Module, schedule: Schedule, request: &Request) -> Pipelined {
    let streams = request.streams;
    let (pipelined, kinds) = insert(&module, &schedule, streams);
    let registers: BTreeMap<String, Register> = pipelined.states.iter().map(|s| s.name.clone()).zip(kinds).collect();
    let out = pass::optimize(&Design { modules: vec![pipelined], top: ModuleId(0), reset: design.reset });
    let period_ps = estimate(out.top(), None, &request.model).period_ps;
    Pipelined {
        design: out,
        registers,
        stages: schedule.last,
        streams,
        register_bits: schedule.register_bits,
        period_ps,
        model: request.model.name.clone(),
        plan: Plan { module, schedule, streams: request.streams, setup_ps: request.model.setup_ps },
    }
}
