//! A block with a clock: [`Clocking`] says what the user asks, [`Clocked`] is the hardware that answers.
use super::delay;
use crate::blocks::{Configured, Port, Role, header};
use crate::golden::model::Model;
use crate::hdl::dsl::Diagnostics;
use crate::hdl::ir::{Design, Reset};
use crate::hdl::timing::flow::{self, Buffer, Flow};
use crate::hdl::timing::pipeline::{Pipelined, Request, TimingError, pipeline};
use crate::hdl::timing::ports::{self, Place, Profile};
use crate::hdl::timing::split::Accumulator;
use num_bigint::BigUint;
use serde::Serialize;

/// What the user asks of clock and registers. The default asks nothing: the block as it is described.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clocking {
    /// Longest path between registers, in picoseconds.
    pub period_ps: Option<f64>,
    /// Register stages between inputs and outputs.
    pub stages: Option<u32>,
    /// Independent streams that take turns.
    pub streams: u32,
    /// How accumulators that are too slow are kept.
    #[serde(skip)]
    pub accumulator: Accumulator,
    /// How data are told apart from pauses.
    #[serde(skip)]
    pub flow: Flow,
    /// What is at the end of a stream.
    #[serde(skip)]
    pub buffer: Buffer,
    /// What the ports are called like.
    #[serde(skip)]
    pub ports: Profile,
    /// How registers are reset, if not as the block has it.
    #[serde(skip)]
    pub reset: Option<Reset>,
    /// The delay model: name of a part or a target, or a file.
    pub model: Option<String>,
}

impl Default for Clocking {
    fn default() -> Self {
        Clocking {
            period_ps: None,
            stages: None,
            streams: 1,
            accumulator: Accumulator::Auto,
            flow: Flow::Fixed,
            buffer: Buffer::Skid,
            ports: Profile::Plain,
            reset: None,
            model: None,
        }
    }
}

/// Ways to keep accumulators, with their words.
pub const ACCUMULATORS: [(&str, Accumulator); 4] = [
    ("auto", Accumulator::Auto),
    ("chunked", Accumulator::Chunked),
    ("difference", Accumulator::Difference),
    ("carry-save", Accumulator::CarrySave),
];

/// A block with its finished hardware: a block like any other, later.
pub struct Clocked {
    inner: Box<dyn Configured>,
    /// The hardware as it is printed, simulated and measured.
    pub pipelined: Pipelined,
    /// The same with the ports as they are printed.
    printed: Design,
    /// Where each port went, unless they are plain.
    pub places: Vec<Place>,
    /// What was asked.
    pub clocking: Clocking,
}

/// Why there is no such hardware.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The block's description is wrong.
    #[error("{0}")]
    Block(Diagnostics),
    /// The request names something that does not exist.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What is possible.
        help: String,
    },
    /// The clock cannot be reached.
    #[error("{error}")]
    Timing {
        /// Why.
        error: Box<TimingError>,
        /// What would help.
        help: String,
    },
}

impl Clocking {
    /// True if registers are to be placed.
    pub fn pipelines(&self) -> bool {
        self.period_ps.is_some() || self.stages.is_some()
    }

    /// True if it asks for anything: registers, flow control or another reset.
    pub fn asks(&self) -> bool {
        self.pipelines() || self.flow != Flow::Fixed || self.ports != Profile::Plain || self.reset.is_some()
    }

    /// The options that ask for it, as the command line takes them.
    pub fn options(&self) -> String {
        let word = ACCUMULATORS.iter().find(|(_, a)| *a == self.accumulator && *a != Accumulator::Auto).map(|(w, _)| *w);
        let all = [
            ("period", self.period_ps.map(|p| p.to_string())),
            ("stages", self.stages.map(|n| n.to_string())),
            ("streams", Some(self.streams).filter(|n| *n > 1).map(|n| n.to_string())),
            ("accumulator", word.map(str::to_string)),
            ("flow", Some(self.flow).filter(|f| *f != Flow::Fixed).map(|f| f.name().to_string())),
            ("buffer", Some(self.buffer).filter(|b| *b != Buffer::Skid).map(|b| b.name().to_string())),
            ("ports", Some(self.ports).filter(|p| *p != Profile::Plain).map(|p| p.name().to_string())),
            ("reset", self.reset.map(|r| r.name().trim_end_matches("_low").to_string())),
            ("reset-level", self.reset.filter(|r| r.is_low()).map(|_| "low".to_string())),
            ("delay", self.model.clone()),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some(format!("--{name} {}", value?)));
        given.collect::<Vec<_>>().join(" ")
    }

    /// Part of the module name, e.g. `_fmax250_ecp5` or `_stages3`; nothing if nothing is asked.
    pub fn suffix(&self) -> String {
        let mut text = String::new();
        if let Some(p) = self.period_ps {
            text.push_str(&format!("_period{p:.0}"));
        }
        if let Some(n) = self.stages {
            text.push_str(&format!("_stages{n}"));
        }
        if let (true, Some(model)) = (self.pipelines(), &self.model) {
            let stem = std::path::Path::new(model).file_stem().map_or(model.clone(), |s| s.to_string_lossy().into_owned());
            text.push('_');
            text.extend(stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }));
        }
        if self.streams > 1 {
            text.push_str(&format!("_streams{}", self.streams));
        }
        if self.flow != Flow::Fixed {
            text.push_str(&format!("_{}", self.flow.name()));
        }
        if self.flow == Flow::Stream && self.buffer != Buffer::Skid {
            text.push_str(&format!("_{}", self.buffer.name()));
        }
        if self.ports != Profile::Plain {
            text.push_str(&format!("_{}", self.ports.name()));
        }
        if let Some(reset) = self.reset {
            text.push_str(&format!("_rst_{}", reset.name()));
        }
        text
    }
}

impl Clocked {
    /// Builds the hardware of a block for a clock that was asked for.
    pub fn build(inner: Box<dyn Configured>, clocking: &Clocking) -> Result<Clocked, ClockError> {
        let mut untimed = inner.design().map_err(ClockError::Block)?;
        if clocking.flow != Flow::Fixed && untimed.modules.iter().any(|m| !m.rams.is_empty()) {
            return Err(ClockError::Usage {
                message: "a block with a memory cannot pause".into(),
                help: "leave out --flow".into(),
            });
        }
        if clocking.ports == Profile::Axis && (clocking.flow != Flow::Stream || clocking.reset.is_some_and(|r| !r.is_low())) {
            return Err(ClockError::Usage {
                message: "AXI4-Stream needs valid and ready, and its reset is low".into(),
                help: "add --flow stream, and --reset-level low beside --reset".into(),
            });
        }
        // Without registers of its own a block says nothing of how to reset; what tells data from pauses needs it.
        let plain = untimed.top().is_combinational(&untimed) && clocking.flow == Flow::Stream;
        untimed.reset = clocking.reset.unwrap_or(match clocking.ports {
            Profile::Axis => Reset::SyncLow,
            Profile::Lowrisc => Reset::AsyncLow,
            Profile::Plain if plain => Reset::Sync,
            Profile::Plain => untimed.reset,
        });
        let model = delay::model(clocking.model.as_deref().unwrap_or("ecp5"))
            .map_err(|e| ClockError::Usage { message: e.to_string(), help: e.help() })?;
        let request = Request {
            period_ps: clocking.period_ps,
            stages: clocking.stages,
            streams: clocking.streams,
            accumulator: clocking.accumulator,
            model,
        };
        let mut pipelined = pipeline(&untimed, &request).map_err(|error| {
            let help = match &error {
                TimingError::Loop { enough: Some(n), .. } => {
                    format!("let {n} independent sums take turns (--streams {n}), or ask for a slower clock")
                }
                TimingError::Loop { .. } => "ask for a slower clock, or keep the sum exactly (--acc exact)".into(),
                TimingError::Stages { .. } => "allow more stages, or ask for a slower clock".into(),
                TimingError::Part { .. } => "ask for a slower clock, or choose a faster part".into(),
                TimingError::Memory { .. } => "use one stream".into(),
            };
            ClockError::Timing { error: Box::new(error), help }
        })?;
        pipelined.design = match clocking.ports {
            Profile::Axis => flow::apply_with_last(&pipelined, inner.latency(), clocking.buffer),
            _ => flow::apply(&pipelined, inner.latency(), clocking.flow, clocking.buffer),
        };
        let cycles = latency(inner.as_ref(), &pipelined, clocking);
        let top = pipelined.design.top.index();
        let module = &mut pipelined.design.modules[top];
        module.name.push_str(&clocking.suffix());
        if let Some(last) = module.doc.last_mut() {
            *last = header::closing(cycles);
        }
        let lines = protocol(clocking, pipelined.streams);
        let end = module.doc.len().saturating_sub(1);
        module.doc.splice(end..end, lines);
        let data = inner.ports();
        let beside = |name: &str| data.iter().any(|p| p.name == name && !matches!(p.role, Role::Operand | Role::Result));
        let (mut printed, places) = ports::apply(&pipelined.design, clocking.ports, beside);
        let doc = &mut printed.modules[top].doc;
        let end = doc.len().saturating_sub(1);
        doc.splice(end..end, places.iter().filter(|_| clocking.ports == Profile::Axis).map(describe));
        Ok(Clocked { inner, pipelined, printed, places, clocking: clocking.clone() })
    }
}

/// Cycles from inputs to outputs. A step of a state takes as many cycles as there are streams.
fn latency(block: &dyn Configured, pipelined: &Pipelined, clocking: &Clocking) -> u32 {
    flow::latency(pipelined.stages, pipelined.streams, block.latency(), clocking.flow, clocking.buffer)
}

/// Where a port went, for the header.
fn describe(place: &Place) -> String {
    match place.bits {
        1 => format!("{}: {}[{}]", place.plain, place.port, place.low),
        bits => format!("{}: {}[{}:{}]", place.plain, place.port, place.low + bits - 1, place.low),
    }
}

/// What the header says of the flow.
fn protocol(clocking: &Clocking, streams: u32) -> Vec<String> {
    let mut lines = Vec::new();
    match clocking.flow {
        Flow::Fixed => {}
        Flow::Enable => lines.push("ce: 0 holds everything".into()),
        Flow::Stream => {
            lines.push("inputs are taken when in_valid and in_ready are 1, outputs when out_valid and out_ready are 1".into());
            if clocking.buffer == Buffer::Half {
                lines.push("one datum every 2 cycles".into());
            }
        }
    }
    if streams > 1 {
        lines.push(format!("{streams} streams take turns, datum by datum"));
    }
    lines
}

impl Configured for Clocked {
    fn block(&self) -> &'static str {
        self.inner.block()
    }
    fn doc(&self) -> &'static str {
        self.inner.doc()
    }
    fn module_name(&self) -> String {
        self.pipelined.design.top().name.clone()
    }
    fn params(&self) -> Vec<(&'static str, String)> {
        self.inner.params()
    }
    fn ports(&self) -> Vec<Port> {
        self.inner.ports()
    }
    fn latency(&self) -> u32 {
        latency(self.inner.as_ref(), &self.pipelined, &self.clocking)
    }
    fn stateful(&self) -> bool {
        self.inner.stateful()
    }
    fn rtl(&self) -> Result<Design, Diagnostics> {
        self.inner.rtl()
    }
    fn golden(&self) -> Box<dyn Model> {
        self.inner.golden()
    }
    fn corners(&self) -> Vec<Vec<BigUint>> {
        self.inner.corners()
    }
    fn design(&self) -> Result<Design, Diagnostics> {
        Ok(self.pipelined.design.clone())
    }
    fn printed(&self) -> Result<Design, Diagnostics> {
        Ok(self.printed.clone())
    }
    fn request(&self) -> String {
        self.clocking.options()
    }
    fn initiation_interval(&self) -> u32 {
        flow::initiation_interval(self.clocking.flow, self.clocking.buffer)
    }
    fn clocking(&self) -> Option<&Clocking> {
        Some(&self.clocking)
    }
    fn pipelined(&self) -> Option<&Pipelined> {
        Some(&self.pipelined)
    }
}
