//! From an untimed design to a pipelined one: [`pipeline`].
use super::delay::DelayModel;
use super::estimate::estimate;
use super::insert::{Register, insert};
use super::loops::{LoopNode, enable_to_mux, loops};
use super::masks::masks;
use super::schedule::{Goal, MOST_STAGES, Schedule, Scheduler};
use super::split::{Accumulator, SplitOptions, split};
use crate::ir::*;
use crate::ops::Op;
use crate::pass;
use std::collections::BTreeMap;

/// Most streams that can take turns.
pub const MOST_STREAMS: u32 = 64;

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
    /// A loop of declared state takes longer than it may: a period for each stream.
    Loop {
        /// States in it.
        states: Vec<String>,
        /// Its operators: name, and place in the source.
        path: Vec<String>,
        /// Estimated time around it, registers included, in picoseconds.
        loop_ps: f64,
        /// Period asked for.
        asked_ps: f64,
        /// Streams that were to take turns.
        streams: u32,
        /// Why it cannot be made shorter, if it cannot.
        reason: Option<String>,
        /// Streams with which it would do, if some number does.
        enough: Option<u32>,
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
    /// A memory is not pipelined yet.
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
            TimingError::Loop { states, path, loop_ps, asked_ps, streams, reason, .. } => {
                let states: Vec<String> = states.iter().map(|s| format!("`{s}`")).collect();
                write!(
                    f,
                    "the loop through {} takes an estimated {loop_ps:.0} ps; asked for {} of {asked_ps:.0} ps ({:.1} MHz)",
                    states.join(", "),
                    if *streams == 1 { "a period".to_string() } else { format!("{streams} periods") },
                    mhz(asked_ps)
                )?;
                reason.iter().try_for_each(|r| write!(f, "; {r}"))?;
                path.iter().try_for_each(|p| write!(f, "\n  {p}"))
            }
            TimingError::Part { period_ps, asked_ps, at } => write!(
                f,
                "the part is too slow: the shortest stage, ending at `{at}`, takes an estimated {period_ps:.0} ps ({:.1} MHz); asked for {asked_ps:.0} ps ({:.1} MHz)",
                mhz(period_ps),
                mhz(asked_ps)
            ),
            TimingError::Memory { name } => {
                write!(f, "registers cannot be placed around memory `{name}` yet, and it cannot serve several streams")
            }
        }
    }
}

impl std::error::Error for TimingError {}

/// No estimate is good to less than this: a period missed by less is worth a try.
const ROUGH: f64 = 1.03;

/// Places the registers that the request needs.
pub fn pipeline(design: &Design, request: &Request) -> Result<Pipelined, TimingError> {
    // Garbage before the first datum would be written, and the words of several streams would mix.
    let placed = request.streams > 1 || request.period_ps.is_some() || request.stages.is_some_and(|n| n > 0);
    if let (true, Some(ram)) = (placed, design.modules.iter().flat_map(|m| &m.rams).next()) {
        return Err(TimingError::Memory { name: ram.name.clone() });
    }
    let (module, schedule) = match (request.period_ps, request.stages) {
        (Some(period), stages) => {
            // Placement differs from the plan; wires that may be longer make up for it.
            let careful = Request { model: request.model.careful(), ..request.clone() };
            let planned = attempt(design, &careful, period, stages).map(|(module, mut schedule)| {
                schedule.estimate = estimate(&module, Some(&schedule.stage), &request.model);
                (module, schedule)
            });
            match planned {
                None if request.streams > 1 && stages.is_none() => return Err(slow_loop(design, request, period)),
                None => return Err(TimingError::Stages { allowed: stages.unwrap_or(MOST_STAGES) }),
                Some((_, schedule)) if schedule.estimate.period_ps > period * ROUGH && !schedule.slow_loops.is_empty() => {
                    return Err(slow_loop(design, request, period));
                }
                Some((module, schedule)) => {
                    reached(&module, &schedule, period)?;
                    (module, schedule)
                }
            }
        }
        (None, Some(stages)) => fastest(design, request, stages),
        (None, None) => attempt(design, request, f64::INFINITY, Some(0)).ok_or(TimingError::Stages { allowed: 0 })?,
    };
    Ok(finish(design, module, schedule, request))
}

/// Periods that operators are cut for, as fractions of the one asked for: pieces are chosen by the delays of single
/// operators, and what wires and carries between them add is only seen afterwards.
const PIECES: [f64; 6] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.7];

/// The design cut for a period, and its schedule; nothing if it takes more stages. If what was cut turns out too long it
/// is cut finer, unless the number of stages is given: finer pieces take more. If nothing fits, the shortest is the best that there is.
fn attempt(design: &Design, request: &Request, period_ps: f64, stages: Option<u32>) -> Option<(Module, Schedule)> {
    let mut tried: Vec<Module> = Vec::new();
    let mut best: Option<(Module, Schedule)> = None;
    let pieces = if stages.is_some() { 1 } else { PIECES.len() };
    for fraction in &PIECES[..pieces] {
        let module = prepare(design, request, period_ps * fraction);
        if tried.contains(&module) {
            continue;
        }
        tried.push(module.clone());
        let goal = Goal { period_ps, stages, streams: request.streams };
        let Ok(schedule) = Scheduler::new(&module, &request.model, request.streams).run(&goal) else { continue };
        let reaches = schedule.estimate.period_ps;
        if best.as_ref().is_none_or(|(_, b)| reaches < b.estimate.period_ps) {
            best = Some((module, schedule));
        }
        if reaches <= period_ps {
            break;
        }
    }
    best
}

/// A single module whose operators are no slower than the period, where they can be.
fn prepare(design: &Design, request: &Request, period_ps: f64) -> Module {
    let options =
        SplitOptions { period_ps, model: request.model.clone(), accumulator: request.accumulator, streams: request.streams };
    let mut design = split(design, &options);
    design.modules[0].claims.clear();
    if request.streams > 1 {
        tokens(&mut design.modules[0]);
        design = enable_to_mux(&design);
    }
    pass::optimize(&design).modules.remove(0)
}

/// Input of the pipeline of several streams that says whether a datum comes: states change for data only.
pub(crate) const VALID: &str = "valid";

/// Ties every state to [`VALID`]; a stream that pauses keeps its state.
fn tokens(m: &mut Module) {
    if m.states.is_empty() {
        return;
    }
    let imm = m.inputs.len() as u32;
    let valid = m.push(Node { op: Op::Input, width: 1, args: [NodeId(0); 3], imm }, NameId(0), None);
    m.inputs.push(Port { name: VALID.into(), width: 1, node: valid });
    for i in 0..m.states.len() {
        let enable = m.states[i].enable.map(|e| m.push_op(Op::And, 1, &[valid, e], 0, NameId(0), None));
        m.states[i].enable = Some(enable.unwrap_or(valid));
    }
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

/// What is known about the loop that keeps a design from a period, and how many streams would do.
fn slow_loop(design: &Design, request: &Request, asked_ps: f64) -> TimingError {
    let model = &request.model;
    let module = prepare(design, request, asked_ps);
    let registers = model.clk_to_q_ps + model.setup_ps;
    let longest = loops(&module, model).into_iter().next();
    let enough = (request.streams + 1..=MOST_STREAMS).find(|streams| {
        let wider = Request { streams: *streams, model: model.careful(), ..request.clone() };
        attempt(design, &wider, asked_ps, None).is_some_and(|(_, s)| s.estimate.period_ps <= asked_ps)
    });
    let path = longest.as_ref().map_or(Vec::new(), |l| {
        let place = |n: &LoopNode| n.loc.map_or(String::new(), |at| format!("  {}:{}", at.file(), at.line()));
        l.nodes.iter().map(|n| format!("{:>6.0} ps  {}{}", n.delay_ps, n.name, place(n))).collect()
    });
    TimingError::Loop {
        states: longest.as_ref().map_or(Vec::new(), |l| l.states.clone()),
        path,
        loop_ps: longest.as_ref().map_or(0.0, |l| l.delay_ps + registers),
        asked_ps,
        streams: request.streams,
        reason: longest.and_then(|l| l.reason),
        enough,
    }
}

/// Says what keeps a schedule from the period asked for.
fn reached(module: &Module, schedule: &Schedule, asked_ps: f64) -> Result<(), TimingError> {
    let period_ps = schedule.estimate.period_ps;
    if period_ps <= asked_ps * ROUGH {
        return Ok(());
    }
    let at = schedule.estimate.path.iter().rev().find_map(|(n, _)| module.name_of(*n)).unwrap_or("an unnamed node");
    Err(TimingError::Part { period_ps, asked_ps, at: at.to_string() })
}

fn finish(design: &Design, module: Module, schedule: Schedule, request: &Request) -> Pipelined {
    let streams = request.streams;
    let (pipelined, kinds) = insert(&module, &schedule, streams);
    let registers: BTreeMap<String, Register> = pipelined.states.iter().map(|s| s.name.clone()).zip(kinds).collect();
    let out = pass::optimize(&Design { modules: vec![pipelined], top: ModuleId(0), reset: design.reset });
    let out = pass::optimize(&masks(&out));
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
