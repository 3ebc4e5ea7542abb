//! What a user can ask of a block beside its parameters: clock, registers, flow control, ports.
use crate::hdl::ir::Reset;
use crate::hdl::timing::flow::{Buffer, Flow};
use crate::hdl::timing::ports::Profile;
use crate::hdl::timing::split::Accumulator;

/// What the user asks of clock and registers. The default asks nothing: the block as it is described.
#[derive(Clone, Debug, PartialEq)]
pub struct Clocking {
    /// Longest path between registers, in picoseconds.
    pub period_ps: Option<f64>,
    /// Register stages between inputs and outputs.
    pub stages: Option<u32>,
    /// Independent streams that take turns.
    pub streams: u32,
    /// How accumulators that are too slow are kept.
    pub accumulator: Accumulator,
    /// How data are told apart from pauses.
    pub flow: Flow,
    /// What is at the end of a stream.
    pub buffer: Buffer,
    /// What the ports are called like.
    pub ports: Profile,
    /// How registers are reset, if not as the block has it.
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
