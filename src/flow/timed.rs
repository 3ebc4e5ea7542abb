//! An engine around hardware with pipeline registers and flow control that makes it look like the
//! block as it is described: row for row, with neither latency nor handshake.
//!
//! Rows enter one after the other, with garbage between and behind them; gaps, bubbles and
//! back-pressure are random but the same for every independent run of a call. Independent runs of
//! streams that take turns are interleaved on the way in and sorted on the way out.
use super::engine::{Engine, EngineError, Kind};
use crate::blocks::Configured;
use crate::hdl::ir::Design;
use crate::hdl::rows::{Rows, words_for};
use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Rows that a block without state is given in one go: enough to keep a pipeline full, few enough
/// that the simulator has independent runs to work on at once.
const RUN: usize = 256;

/// How data moves through a pipeline, as its ports tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A datum enters in every cycle.
    Fixed,
    /// Everything holds while `ce` is 0.
    Enable,
    /// Valid and ready on both sides.
    Stream,
}

/// What the adapter knows about the hardware.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Register stages.
    pub stages: usize,
    /// Streams that take turns; 1 for blocks without state.
    pub streams: usize,
    /// Outputs depend on earlier inputs.
    pub stateful: bool,
    /// How data moves.
    pub protocol: Protocol,
    /// Outputs before the first datum, of a block whose outputs are a state: a stream shows the state
    /// after each token.
    first: Option<Rows>,
    /// Data columns and control columns, of the inputs and of the outputs.
    pins: (Pins, Pins),
}

/// Where the columns of a block are among the ports of the hardware.
#[derive(Clone, Debug)]
pub(super) struct Pins {
    pub(super) widths: Vec<u32>,
    /// Column of the hardware of every column of the block.
    pub(super) data: Vec<usize>,
    /// Control columns of the hardware.
    control: BTreeMap<String, usize>,
}

impl Pins {
    pub(super) fn new(ports: &[crate::hdl::ir::Port], names: &[&str]) -> Result<Pins, EngineError> {
        let mut pins = Pins { widths: ports.iter().map(|p| p.width).collect(), data: Vec::new(), control: BTreeMap::new() };
        for name in names {
            let at = ports.iter().position(|p| p.name == *name);
            pins.data.push(at.ok_or_else(|| internal(format!("the hardware has no port `{name}`")))?);
        }
        let others = ports.iter().enumerate().filter(|(i, _)| !pins.data.contains(i));
        pins.control = others.map(|(i, p)| (p.name.clone(), i)).collect();
        Ok(pins)
    }

    pub(super) fn control(&self, name: &str) -> Result<usize, EngineError> {
        self.control.get(name).copied().ok_or_else(|| internal(format!("the hardware has no port `{name}`")))
    }
}

pub(super) fn internal(message: String) -> EngineError {
    EngineError::Tool { message: format!("internal error: {message}"), help: String::new() }
}

impl Timing {
    /// Of the hardware of a block; nothing if the hardware is the block as it is described.
    pub fn new(block: &dyn Configured, design: &Design) -> Result<Option<Timing>, EngineError> {
        let Some(pipelined) = block.pipelined() else { return Ok(None) };
        let ports = block.ports();
        let names = |input: bool| ports.iter().filter(|p| p.input == input).map(|p| p.name).collect::<Vec<_>>();
        let pins = (Pins::new(&design.top().inputs, &names(true))?, Pins::new(&design.top().outputs, &names(false))?);
        let protocol = match () {
            () if pins.0.control.contains_key("in_valid") => Protocol::Stream,
            () if pins.0.control.contains_key("ce") => Protocol::Enable,
            () => Protocol::Fixed,
        };
        let stateful = block.stateful();
        let first = (protocol == Protocol::Stream && stateful).then(|| {
            let widths = |input: bool| ports.iter().filter(|p| p.input == input).map(|p| p.bits).collect::<Vec<_>>();
            super::engine::golden(block, &Rows::zeros(&widths(true), 1), 0)
        });
        let streams = if stateful { pipelined.streams as usize } else { 1 };
        Ok(Some(Timing { stages: pipelined.stages as usize, streams, stateful, protocol, first, pins }))
    }
}

/// An engine on hardware with a pipeline; answers as the block without.
pub struct Timed<E> {
    inner: E,
    timing: Timing,
    /// Calls so far: each has its own gaps.
    calls: u64,
}

/// When tokens enter and leave, and what the control inputs are meanwhile.
#[derive(Default)]
struct Pace {
    /// Cycle in which the n-th token enters.
    enter: Vec<usize>,
    /// Cycle in which the n-th token leaves.
    leave: Vec<usize>,
    /// Control inputs, as columns of the hardware, by cycle.
    control: Vec<(usize, Vec<bool>)>,
    /// Control outputs, likewise.
    answers: Vec<(usize, Vec<bool>)>,
    cycles: usize,
}

impl<E: Engine> Timed<E> {
    /// Around an engine on the hardware.
    pub fn new(inner: E, timing: Timing) -> Self {
        Timed { inner, timing, calls: 0 }
    }

    fn pace(&mut self, tokens: usize) -> Result<Pace, EngineError> {
        self.calls += 1;
        let mut rng = ChaCha8Rng::seed_from_u64(self.calls);
        let stages = self.timing.stages;
        match self.timing.protocol {
            Protocol::Fixed => Ok(Pace {
                enter: (0..tokens).collect(),
                leave: (stages..tokens + stages).collect(),
                control: Vec::new(),
                answers: Vec::new(),
                cycles: tokens + stages,
            }),
            Protocol::Enable => {
                let (mut ce, mut on) = (Vec::new(), Vec::new());
                while on.len() < tokens + stages {
                    let go = rng.random_bool(0.7);
                    go.then(|| on.push(ce.len()));
                    ce.push(go);
                }
                let cycles = ce.len();
                let control = vec![(self.timing.pins.0.control("ce")?, ce)];
                Ok(Pace { enter: on[..tokens].to_vec(), leave: on[stages..].to_vec(), control, answers: Vec::new(), cycles })
            }
            Protocol::Stream => {
                let mut cycles = tokens * 3 + 4 * stages + 16;
                // Ready on both sides does not depend on data: a run without tells when it comes.
                for _ in 0..6 {
                    let pace = self.rehearse(&mut rng, cycles)?;
                    if pace.leave.len() >= tokens {
                        return Ok(pace);
                    }
                    cycles *= 2;
                }
                Err(EngineError::Protocol { text: format!("fewer than {tokens} tokens left in {} cycles", cycles / 2) })
            }
        }
    }

    /// When tokens of a stream enter and leave under random bubbles and back-pressure.
    fn rehearse(&mut self, rng: &mut ChaCha8Rng, cycles: usize) -> Result<Pace, EngineError> {
        let (inputs, outputs) = &self.timing.pins;
        // Phases in which the source, the sink or both are always there, and in which both stutter.
        let (mut valid, mut ready) = (Vec::new(), Vec::new());
        while valid.len() < cycles {
            let (v, r) = [(1.0, 1.0), (0.6, 0.6), (1.0, 0.5), (0.5, 1.0), (0.9, 0.3)][rng.random_range(0..5)];
            for _ in 0..rng.random_range(1..40) {
                valid.push(rng.random_bool(v));
                ready.push(rng.random_bool(r));
            }
        }
        valid.truncate(cycles);
        ready.truncate(cycles);
        let (in_ready, out_valid) = (outputs.control("in_ready")?, outputs.control("out_valid")?);
        let control = vec![(inputs.control("in_valid")?, valid), (inputs.control("out_ready")?, ready)];
        let mut rows = Rows::zeros(&inputs.widths, cycles);
        drive(&mut rows, &control, 0);
        let seen = self.inner.run(&rows, cycles)?;
        let both = |c: usize, column: usize, bits: &[bool]| bits[c] && seen.cell(c, column)[0] != 0;
        let enter = (0..cycles).filter(|c| both(*c, in_ready, &control[0].1)).collect();
        let leave = (0..cycles).filter(|c| both(*c, out_valid, &control[1].1)).collect();
        let answers = [in_ready, out_valid].map(|column| (column, (0..cycles).map(|c| seen.cell(c, column)[0] != 0).collect()));
        Ok(Pace { enter, leave, control, answers: answers.to_vec(), cycles })
    }
}

fn drive(rows: &mut Rows, control: &[(usize, Vec<bool>)], first: usize) {
    for (column, bits) in control {
        for (cycle, bit) in bits.iter().enumerate() {
            let at = (first + cycle) * rows.stride() + rows.offset(*column);
            rows.words_mut()[at] = u64::from(*bit);
        }
    }
}

/// Copies the data columns of one row; `pins` says where they are in the hardware's rows.
fn copy(pins: &Pins, block: (&Rows, usize), hardware: (&mut Rows, usize)) {
    let (from, row) = block;
    let (to, cycle) = hardware;
    for (c, h) in pins.data.iter().enumerate() {
        let at = cycle * to.stride() + to.offset(*h);
        to.words_mut()[at..at + words_for(from.widths()[c])].copy_from_slice(from.cell(row, c));
    }
}

/// Rows laid out for the hardware, cycle by cycle.
pub struct Layout {
    /// Inputs of the hardware.
    pub driven: Rows,
    /// Cycles of each independent run.
    pub cycles: usize,
    /// For every cycle the row whose outputs the hardware shows.
    pub shown: Vec<Option<usize>>,
    /// Control outputs that are known beforehand: column, and its value by cycle, the same in every run.
    pub answers: Vec<(usize, Vec<bool>)>,
    /// The control inputs behind it.
    pace: Pace,
}

impl Layout {
    /// Rows for hardware that takes them as they are.
    pub fn direct(rows: Rows, sequence: usize) -> Layout {
        let cycles = if sequence == 0 { rows.len().max(1) } else { sequence };
        Layout { shown: (0..rows.len()).map(Some).collect(), driven: rows, cycles, answers: Vec::new(), pace: Pace::default() }
    }
}

impl<E: Engine> Timed<E> {
    /// Lays rows out for the hardware; `sequence` as for engines.
    pub fn layout(&mut self, rows: &Rows, sequence: usize) -> Result<Layout, EngineError> {
        let length = match (self.timing.stateful, sequence) {
            (false, _) => RUN,
            (true, 0) => rows.len(),
            (true, n) => n,
        };
        let (length, streams) = (length.min(rows.len()).max(1), self.timing.streams);
        let tokens = length * streams;
        let runs = rows.len().div_ceil(tokens);
        let pace = self.pace(tokens)?;
        let pins = &self.timing.pins.0;
        let mut driven = Rows::zeros(&pins.widths, runs * pace.cycles);
        let mut shown = vec![None; driven.len()];
        let mut rng = ChaCha8Rng::seed_from_u64(self.calls);
        for run in 0..runs {
            let first = run * pace.cycles;
            for cycle in 0..pace.cycles {
                if cycle % 2 == 0 {
                    copy(pins, (rows, (7 * cycle + 3) % rows.len()), (&mut driven, first + cycle));
                    continue;
                }
                for (column, bits) in pins.data.iter().zip(rows.widths()) {
                    let code = BigUint::new((0..bits.div_ceil(32)).map(|_| rng.random()).collect());
                    driven.set(first + cycle, *column, &code);
                }
            }
            // The row that is a token of this run, if there is one.
            let row_of = |token: usize| {
                let row = (run * streams + token % streams) * length + token / streams;
                (row < rows.len()).then_some(row)
            };
            // A stream shows the state after each token; rows show it before.
            let ahead = if self.timing.first.is_some() { streams } else { 0 };
            for token in 0..tokens {
                if let Some(row) = row_of(token) {
                    copy(pins, (rows, row), (&mut driven, first + pace.enter[token]));
                }
                if token + ahead < tokens {
                    shown[first + pace.leave[token]] = row_of(token + ahead);
                }
            }
            drive(&mut driven, &pace.control, first);
        }
        Ok(Layout { driven, cycles: pace.cycles, shown, answers: pace.answers.clone(), pace })
    }
}

impl<E: Engine> Engine for Timed<E> {
    fn kind(&self) -> Kind {
        self.inner.kind()
    }

    fn run(&mut self, rows: &Rows, sequence: usize) -> Result<Rows, EngineError> {
        let layout = self.layout(rows, sequence)?;
        let seen = self.inner.run(&layout.driven, layout.cycles)?;
        for first in (0..seen.len()).step_by(layout.cycles) {
            protocol(&self.timing, &layout.pace, &seen, first)?;
        }
        let pins = &self.timing.pins.1;
        let mut found = Rows::zeros(&pins.data.iter().map(|h| pins.widths[*h]).collect::<Vec<_>>(), rows.len());
        let mut give = |row: usize, c: usize, cell: &[u64]| {
            let to = row * found.stride() + found.offset(c);
            found.words_mut()[to..to + cell.len()].copy_from_slice(cell);
        };
        let mut given = vec![false; rows.len()];
        for (at, row) in layout.shown.iter().enumerate() {
            let Some(row) = *row else { continue };
            given[row] = true;
            (0..pins.data.len()).for_each(|c| give(row, c, seen.cell(at, pins.data[c])));
        }
        // What a stream does not show: the state before the first token.
        for row in (0..rows.len()).filter(|r| !given[*r]) {
            let first = self.timing.first.as_ref().ok_or_else(|| internal(format!("row {row} was not run")))?;
            (0..pins.data.len()).for_each(|c| give(row, c, first.cell(0, c)));
        }
        Ok(found)
    }
}

/// What the hardware promises beside the values: outputs hold while nothing moves, and the handshake
/// is that of the rehearsal.
fn protocol(timing: &Timing, pace: &Pace, seen: &Rows, first: usize) -> Result<(), EngineError> {
    let broken = |cycle: usize, what: &str| Err(EngineError::Protocol { text: format!("in cycle {cycle} {what}") });
    let pins = &timing.pins.1;
    let holds = |cycle: usize| pins.data.iter().all(|h| seen.cell(first + cycle, *h) == seen.cell(first + cycle + 1, *h));
    match timing.protocol {
        Protocol::Fixed => {}
        Protocol::Enable => {
            let ce = &pace.control[0].1;
            // Without registers outputs follow inputs. A pipeline is full of garbage at first, which holds too.
            for cycle in (0..pace.cycles - 1).filter(|c| timing.stages > 0 && !ce[*c]) {
                if !holds(cycle) {
                    return broken(cycle, "`ce` is 0 and the outputs change");
                }
            }
        }
        Protocol::Stream => {
            let (out_valid, ready) = (pins.control("out_valid")?, &pace.control[1].1);
            let bit = |cycle: usize, column: usize| seen.cell(first + cycle, column)[0] != 0;
            for cycle in 0..pace.cycles {
                if pace.answers.iter().any(|(column, bits)| bits[cycle] != bit(cycle, *column)) {
                    return broken(cycle, "valid or ready depends on data");
                }
                let stalled = bit(cycle, out_valid) && !ready[cycle] && cycle + 1 < pace.cycles;
                if stalled && !(bit(cycle + 1, out_valid) && holds(cycle)) {
                    return broken(cycle, "the sink is not ready and the token does not stay");
                }
            }
        }
    }
    Ok(())
}

/// Figures found by simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Cycles from an input to the first output that depends on it, nothing stalling.
    pub latency: u32,
    /// Cycles from one input to the next.
    pub interval: u32,
}

/// Measures latency and initiation interval of the hardware of a block in the native simulator.
pub fn measure(block: &dyn Configured, design: &Design) -> Result<Measured, EngineError> {
    /// Pairs of runs that differ in the inputs of one cycle.
    const PAIRS: usize = 512;
    let mut sim = super::engine::Native::new(design)?;
    let (inputs, outputs) = (&design.top().inputs, &design.top().outputs);
    let data = block.ports();
    let is_data = |p: &crate::hdl::ir::Port| data.iter().any(|d| d.name == p.name);
    let widths: Vec<u32> = inputs.iter().map(|p| p.width).collect();
    let at = |ports: &[crate::hdl::ir::Port], name: &str| ports.iter().position(|p| p.name == name);
    let (valid, accepts) = (at(outputs, "out_valid"), at(outputs, "in_ready"));
    let most = block.latency() as usize + 8;
    let changed = most + 4;
    let cycles = changed + most;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rows = Rows::zeros(&widths, 2 * PAIRS * cycles);
    for pair in 0..PAIRS {
        for cycle in 0..cycles {
            for (c, p) in inputs.iter().enumerate() {
                let mut code = || match is_data(p) {
                    true => BigUint::new((0..p.width.div_ceil(32)).map(|_| rng.random()).collect()),
                    false => BigUint::from(1u32),
                };
                let (first, other) = (code(), code());
                rows.set(2 * pair * cycles + cycle, c, &first);
                rows.set((2 * pair + 1) * cycles + cycle, c, if cycle == changed { &other } else { &first });
            }
        }
    }
    let seen = sim.run(&rows, cycles)?;
    let bit = |cycle: usize, column: usize| seen.cell(cycle, column)[0] != 0;
    // The inputs of a stream count when they are accepted.
    let accepted: Vec<usize> = (0..cycles).filter(|c| accepts.is_none_or(|a| bit(*c, a))).collect();
    let steady = &accepted[accepted.len().min(2)..];
    let interval = match steady {
        [first, .., last] => ((last - first) as f64 / (steady.len() - 1) as f64).ceil() as u32,
        _ => return Err(internal("nothing enters".into())),
    };
    let latency = match (valid, accepted.first()) {
        (Some(valid), Some(first)) => (0..cycles).find(|c| bit(*c, valid)).map(|c| c - first),
        _ => (0..PAIRS)
            .filter_map(|pair| (0..cycles).find(|c| differs(&seen, [2 * pair, 2 * pair + 1].map(|r| r * cycles + c))))
            .min()
            .map(|c| c - changed),
    };
    let latency = latency.ok_or_else(|| internal("outputs do not follow inputs".into()))?;
    Ok(Measured { latency: latency as u32, interval })
}

fn differs(rows: &Rows, [a, b]: [usize; 2]) -> bool {
    let stride = rows.stride();
    rows.words()[a * stride..][..stride] != rows.words()[b * stride..][..stride]
}
