//! A block with a clock: [`Clocking`] says what the user asks, [`Clocked`] is the hardware that answers.
use super::delay;
pub use crate::blocks::clocking::{ACCUMULATORS, Clocking};
use crate::blocks::{Configured, Ideal, Port, Protocol, Role, header};
use crate::golden::model::Model;
use crate::hdl::dsl::Diagnostics;
use crate::hdl::ir::{Design, NodeId, Reset};
use crate::hdl::ops::Op;
use crate::hdl::timing::delay::DelayModel;
use crate::hdl::timing::estimate::estimate;
use crate::hdl::timing::flow::{self, Buffer, Flow};
use crate::hdl::timing::pipeline::{Pipelined, Request, TimingError, pipeline};
use crate::hdl::timing::ports::{self, Place, Profile};
use num_bigint::BigUint;

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

impl Clocked {
    /// Builds the hardware of a block for a clock that was asked for.
    pub fn build(inner: Box<dyn Configured>, clocking: &Clocking) -> Result<Clocked, ClockError> {
        let model = delay::model(clocking.model.as_deref().unwrap_or("ecp5"))
            .map_err(|e| ClockError::Usage { message: e.to_string(), help: e.help() })?;
        Clocked::with_model(inner, clocking, model)
    }

    /// The same with the delays of `model`, whichever `clocking` names.
    pub fn with_model(inner: Box<dyn Configured>, clocking: &Clocking, model: DelayModel) -> Result<Clocked, ClockError> {
        if inner.row_lengths().is_some() {
            return Err(ClockError::Usage {
                message: format!("`{}` is a stream with registers of its own: they stay where they are", inner.block()),
                help: "leave out --fmax, --period, --stages, --flow, --ports and --reset".into(),
            });
        }
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
        let request = Request {
            period_ps: clocking.period_ps,
            stages: clocking.stages,
            streams: clocking.streams,
            accumulator: clocking.accumulator,
            model,
        };
        refuse(inner.as_ref(), &untimed, clocking)?;
        let mut pipelined = pipeline(&untimed, &request).map_err(|error| {
            let help = match &error {
                TimingError::Loop { enough: Some(n), .. } => {
                    format!("let {n} independent sums take turns (--streams {n}), or ask for a slower clock")
                }
                TimingError::Loop { .. } => "ask for a slower clock, or keep the sum exactly (--acc exact)".into(),
                TimingError::Stages { .. } => "allow more stages, or ask for a slower clock".into(),
                TimingError::Part { .. } => "ask for a slower clock, or choose a faster part".into(),
                TimingError::Memory { .. } => "leave it as it is described: no clock, one stream".into(),
            };
            ClockError::Timing { error: Box::new(error), help }
        })?;
        pipelined.design = match clocking.ports {
            Profile::Axis => flow::apply_with_last(&pipelined, inner.latency(), clocking.buffer),
            _ => flow::apply(&pipelined, inner.latency(), clocking.flow, clocking.buffer),
        };
        // What controls the flow has paths and sinks of its own.
        pipelined.period_ps = estimate(pipelined.design.top(), None, &request.model).period_ps;
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

/// Names that clock and flow control give to ports.
const CONTROL: [&str; 9] = ["ce", "valid", "in_valid", "in_ready", "in_last", "out_valid", "out_ready", "out_last", "rst_n"];

/// Says what cannot be built as asked.
fn refuse(block: &dyn Configured, untimed: &Design, clocking: &Clocking) -> Result<(), ClockError> {
    let usage = |message: String, help: &str| Err(ClockError::Usage { message, help: help.into() });
    if let Some(p) = block.ports().iter().find(|p| CONTROL.contains(&p.name)) {
        return usage(format!("port `{}` of `{}` has a name that flow control needs", p.name, block.block()), "rename the port");
    }
    let m = untimed.top();
    if clocking.flow == Flow::Stream && block.latency() > 0 {
        // A result leaves as the state after its datum; what looks at the inputs would see those of the next datum.
        let mut reached: Vec<bool> = Vec::with_capacity(m.nodes.len());
        for i in 0..m.nodes.len() as u32 {
            let input = m.node(NodeId(i)).op == Op::Input;
            reached.push(input || m.args(NodeId(i)).iter().any(|a| reached[a.index()]));
        }
        if let Some(p) = m.outputs.iter().find(|p| reached[p.node.index()]) {
            let message = format!(
                "output `{}` depends on inputs of its own cycle, not on registers alone: no stream can be made of it",
                p.name
            );
            return usage(message, "use --flow fixed or enable; of `mac`, --normalize step or a rounding without random bits");
        }
    }
    Ok(())
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
    fn protocol(&self) -> Protocol {
        self.inner.protocol()
    }
    fn ideal(&self) -> Option<Ideal> {
        self.inner.ideal()
    }
    fn design(&self) -> Result<Design, Diagnostics> {
        Ok(self.pipelined.design.clone())
    }
    fn printed(&self) -> Result<Design, Diagnostics> {
        Ok(self.printed.clone())
    }
    fn request(&self) -> String {
        [self.inner.request(), self.clocking.options()].join(" ").trim().to_string()
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
