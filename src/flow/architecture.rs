//! A block with its products and sums built as architectures: [`Shape`] says what the user asks,
//! [`Shaped`] is the hardware.
use super::costs;
use super::target::Target;
use crate::blocks::{Configured, Ideal, Port, Protocol};
use crate::golden::model::Model;
use crate::hdl::arch::{Arch, Unit, lower};
use crate::hdl::dsl::Diagnostics;
use crate::hdl::ir::Design;
use num_bigint::BigUint;

/// Which architecture units get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// None: operators as they are, for synthesis to guess.
    #[default]
    None,
    /// The one measured smallest on the target.
    Auto,
    /// This one, where it can be.
    Always(Arch),
    /// One for products and sums of them, and one for shifted numbers.
    Both(Arch, Arch),
}

/// Pairs of architectures, with their words.
const PAIRS: [(Arch, Arch, &str); 12] = [
    (Arch::Booth, Arch::Grain, "booth+grain"),
    (Arch::Carried, Arch::Grain, "carried+grain"),
    (Arch::Rows, Arch::Grain, "rows+grain"),
    (Arch::Table, Arch::Grain, "table+grain"),
    (Arch::Booth, Arch::Cut, "booth+cut"),
    (Arch::Carried, Arch::Cut, "carried+cut"),
    (Arch::Rows, Arch::Cut, "rows+cut"),
    (Arch::Table, Arch::Cut, "table+cut"),
    (Arch::Booth, Arch::Late, "booth+late"),
    (Arch::Carried, Arch::Late, "carried+late"),
    (Arch::Rows, Arch::Late, "rows+late"),
    (Arch::Table, Arch::Late, "table+late"),
];

impl Choice {
    /// Words on the command line.
    pub fn words() -> Vec<&'static str> {
        Choice::all().into_iter().map(Choice::word).collect()
    }

    /// All of them.
    pub fn all() -> Vec<Choice> {
        let pairs = PAIRS.map(|(product, shift, _)| Choice::Both(product, shift));
        [Choice::None, Choice::Auto].into_iter().chain(Arch::ALL.map(Choice::Always)).chain(pairs).collect()
    }

    /// The choice of that word.
    pub fn parse(word: &str) -> Option<Choice> {
        Choice::all().into_iter().find(|c| c.word() == word)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Choice::None => "none",
            Choice::Auto => "auto",
            Choice::Always(arch) => arch.name(),
            Choice::Both(product, shift) => PAIRS.iter().find(|p| (p.0, p.1) == (product, shift)).map_or("none", |p| p.2),
        }
    }
}

/// Whether products may go to multiplier blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dsp {
    /// Where the target has them and a product is worth one.
    #[default]
    Auto,
    /// No product does.
    Never,
    /// Every product is left to them.
    Always,
}

impl Dsp {
    /// All, with their words.
    pub const WORDS: [(&'static str, Dsp); 3] = [("auto", Dsp::Auto), ("never", Dsp::Never), ("always", Dsp::Always)];
}

/// What is asked of the architectures of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Architectures.
    pub choice: Choice,
    /// Multiplier blocks.
    pub dsp: Dsp,
    /// Where it shall be small.
    pub target: Target,
    /// Registers will be placed: loops stay single adders, and what fits a clock is the business of the timing passes.
    pub pipelined: bool,
    /// The clock they are placed for, MHz, where one is asked for.
    pub fmax_mhz: Option<f64>,
}

/// What the command line asks when it says nothing.
impl Default for Shape {
    fn default() -> Shape {
        Shape { choice: Choice::Auto, dsp: Dsp::Auto, target: Target::Ecp5, pipelined: false, fmax_mhz: None }
    }
}

impl Shape {
    /// True if anything may change.
    pub fn asks(&self) -> bool {
        self.choice != Choice::None && self.dsp != Dsp::Always
    }

    /// The options that ask for it, as the command line takes them.
    pub fn options(&self) -> String {
        let dsp = Dsp::WORDS.iter().find(|(_, d)| *d == self.dsp && *d != Dsp::Auto).map(|(w, _)| format!(" --dsp {w}"));
        let target = (self.choice == Choice::Auto).then(|| format!(" --target {}", self.target));
        format!("--arch {}{}{}", self.choice.word(), dsp.unwrap_or_default(), target.unwrap_or_default())
    }

    /// With what was measured best for this very block, if it was tuned without multiplier blocks, at this clock if there is one.
    fn resolved(&self, module: &str) -> Shape {
        let name = match (self.pipelined, self.fmax_mhz) {
            (false, _) => Some(module.to_string()),
            (true, clock) => clock.map(|mhz| costs::at_clock(module, mhz)),
        };
        let tuned = name
            .filter(|_| self.choice == Choice::Auto && (self.dsp == Dsp::Never || !self.target.has_dsp()))
            .and_then(|name| costs::of_block(self.target, &name));
        Shape { choice: tuned.unwrap_or(self.choice), ..*self }
    }

    /// The architecture of a unit.
    pub fn architecture(&self, unit: &Unit) -> Option<Arch> {
        match self.choice {
            Choice::None => None,
            Choice::Always(arch) => Some(arch),
            Choice::Both(product, shift) => Some(if unit.shifts() { shift } else { product }),
            Choice::Auto if self.pipelined => None,
            Choice::Auto => costs::smallest(self.target, unit),
        }
        .filter(|_| !(self.pipelined && matches!(unit, Unit::Accumulate { .. })))
        .filter(|_| !(self.dsp == Dsp::Auto && self.target.has_dsp() && unit.worth_dsp()))
    }
}

/// A block with its architectures.
pub struct Shaped {
    inner: Box<dyn Configured>,
    design: Design,
    shape: Shape,
}

impl Shaped {
    /// Builds the hardware.
    pub fn build(inner: Box<dyn Configured>, shape: Shape) -> Result<Shaped, Diagnostics> {
        let design = lower(&inner.design()?, &|unit| shape.resolved(&inner.module_name()).architecture(unit));
        Ok(Shaped { inner, design, shape })
    }

    /// The same from what was measured of units only, whatever was recorded of the block itself.
    pub fn by_units(inner: Box<dyn Configured>, shape: Shape) -> Result<Shaped, Diagnostics> {
        let design = lower(&inner.design()?, &|unit| shape.architecture(unit));
        Ok(Shaped { inner, design, shape })
    }
}

impl Configured for Shaped {
    fn block(&self) -> &'static str {
        self.inner.block()
    }
    fn doc(&self) -> &'static str {
        self.inner.doc()
    }
    fn module_name(&self) -> String {
        self.inner.module_name()
    }
    fn params(&self) -> Vec<(&'static str, String)> {
        self.inner.params()
    }
    fn ports(&self) -> Vec<Port> {
        self.inner.ports()
    }
    fn latency(&self) -> u32 {
        self.inner.latency()
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
        Ok(self.design.clone())
    }
    fn protocol(&self) -> Protocol {
        self.inner.protocol()
    }
    fn ideal(&self) -> Option<Ideal> {
        self.inner.ideal()
    }
    fn request(&self) -> String {
        self.shape.options()
    }
}
