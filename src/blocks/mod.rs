//! Blocks: one file each, one line in the registry. This is the only place that sees both the
//! golden models and the RTL compiler; each block keeps them apart in `mod rtl` and `mod golden`.
pub mod clocking;
mod corners;
pub mod element;
pub mod exact;
pub mod header;
pub mod numbers;
pub mod params;
pub mod parts;
pub mod policy;

use crate::golden::format::Format;
use crate::golden::model::Model;
use crate::hdl::dsl::{Builder, Diagnostics, design};
use crate::hdl::ir::{Design, Reset};
use crate::hdl::timing::pipeline::Pipelined;
use crate::hdl::{pass, verify};
use num_bigint::BigUint;
use numbers::{Real, Reals};
use params::{Field, ParamError, ParamSet};
use serde::Serialize;

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Operand codes.
    Operand,
    /// Result code.
    Result,
    /// Starts a new sum.
    Clear,
    /// Accepts operands in this cycle.
    Enable,
    /// Random bits for stochastic rounding.
    Random,
    /// One-bit status beside an exact result.
    Flag,
    /// Which lanes of a token hold elements.
    Mask,
    /// Ends a row of tokens.
    Last,
}

/// How data pass the ports of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A code at every port in every cycle.
    Cycle,
    /// Rows of tokens over valid and ready at both ends. The block's ports are those that a token
    /// passes: data, `in_mask` and `out_mask`, `in_last` and `out_last`; beside them the hardware has
    /// `in_valid`, `in_ready`, `out_valid`, `out_ready`. A step of the golden model is an accepted
    /// token; it gives the codes of any number of tokens that follow from it.
    Stream(RowLengths),
}

/// Rows that a stream takes, counted in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLengths {
    /// Elements of a token.
    pub lanes: u32,
    /// Elements of the shortest row.
    pub shortest: u32,
    /// Elements of the longest row.
    pub longest: u32,
}

impl RowLengths {
    /// Tokens of a row of so many elements.
    pub fn tokens(&self, elements: u32) -> u32 {
        elements.div_ceil(self.lanes.max(1))
    }
}

/// A data port (clock and reset are not listed).
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Verilog name.
    pub name: &'static str,
    /// True for inputs.
    pub input: bool,
    /// What it is for.
    pub role: Role,
    /// Width in bits, all lanes together.
    pub bits: u32,
    /// Lanes, lane 0 in the low bits.
    pub lanes: u32,
    /// Format of one lane; `None` for control, random bits and exact results.
    pub format: Option<Format>,
    /// For exact results, two's complement: weight of the least significant bit as a power of two.
    pub lsb_exp: Option<i32>,
}

impl Port {
    fn new(name: &'static str, input: bool, role: Role, bits: u32) -> Port {
        Port { name, input, role, bits, lanes: 1, format: None, lsb_exp: None }
    }

    /// An input of `lanes` codes of a format, lane 0 in the low bits.
    pub fn operand(name: &'static str, format: &Format, lanes: u32) -> Port {
        let format = Some(format.clone());
        let port = Port::new(name, true, Role::Operand, 0);
        Port { bits: lanes * format.as_ref().map_or(0, Format::bits), lanes, format, ..port }
    }

    /// A one-bit control input.
    pub fn control(name: &'static str, role: Role) -> Port {
        Port::new(name, true, role, 1)
    }

    /// Random bits of `roundings` stochastic roundings, the first in the low bits; no port if there are none.
    pub fn random(bits: u32, roundings: u32) -> Option<Port> {
        (bits * roundings > 0).then(|| Port::new("random", true, Role::Random, bits * roundings))
    }

    /// An output that is a code of a format.
    pub fn result(name: &'static str, format: &Format) -> Port {
        Port { format: Some(format.clone()), ..Port::new(name, false, Role::Result, format.bits()) }
    }

    /// An exact output, two's complement, of the given weight of its least significant bit.
    pub fn exact(name: &'static str, bits: u32, lsb_exp: i32) -> Port {
        Port { lsb_exp: Some(lsb_exp), ..Port::new(name, false, Role::Result, bits) }
    }

    /// As many of the port side by side, lane 0 in the low bits.
    pub fn times(self, lanes: u32) -> Port {
        Port { bits: self.bits * lanes, lanes: self.lanes * lanes, ..self }
    }

    /// A one-bit output.
    pub fn flag(name: &'static str) -> Port {
        Port::new(name, false, Role::Flag, 1)
    }

    /// An output of `lanes` codes of a format, lane 0 in the low bits.
    pub fn results(name: &'static str, format: &Format, lanes: u32) -> Port {
        Port { input: false, role: Role::Result, ..Port::operand(name, format, lanes) }
    }

    /// The mask of a stream's tokens: a bit for each lane.
    pub fn mask(name: &'static str, input: bool, lanes: u32) -> Port {
        Port { lanes, ..Port::new(name, input, Role::Mask, lanes) }
    }

    /// The bit that ends a row of a stream.
    pub fn last(name: &'static str, input: bool) -> Port {
        Port::new(name, input, Role::Last, 1)
    }
}

/// What a block would give if its numbers were real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ideal {
    /// Its operand.
    Operand,
    /// The sum of the products of its two operands: of all lanes, or of the cycles since `clear`.
    Products {
        /// Products that one sum is meant for.
        terms: u32,
    },
}

/// A block: its parameters are `Self`.
pub trait Block: ParamSet {
    /// Name: file, command-line word and module prefix.
    const NAME: &'static str;
    /// One line.
    const DOC: &'static str;
    /// How the block's registers are reset, if it has any.
    const RESET: Reset = Reset::None;
    /// Registers between input and output, in cycles. That of a stream depends on the row and is measured.
    fn latency(&self) -> u32 {
        0
    }
    /// How data pass its ports.
    fn protocol(&self) -> Protocol {
        Protocol::Cycle
    }
    /// Rules across parameters; called before anything else.
    fn validate(&self) -> Result<(), ParamError>;
    /// Data ports in order, inputs first.
    fn ports(&self) -> Vec<Port>;
    /// Describes the hardware: every port, and what is between them.
    fn rtl(&self, m: Builder<'_>);
    /// The golden model, over the ports in order.
    fn golden(&self) -> Box<dyn Model>;
    /// Directed input vectors beyond what the checker derives from the port formats; of a stream, whole rows of tokens.
    fn corners(&self) -> Vec<Vec<BigUint>> {
        Vec::new()
    }
    /// Parameters that were left to be chosen, as chosen: (name, value).
    fn resolved(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// What it approximates, if that is an operation on real numbers: sweeps then measure how closely.
    fn ideal(&self) -> Option<Ideal> {
        None
    }
    /// Real quantities from which parameters follow (`narrowgen constants`); for most blocks there are none.
    fn reals() -> Vec<Real> {
        Vec::new()
    }
    /// The parameters that follow from real quantities, beside the parameters already given: (name, value).
    fn constants(&self, _reals: &Reals) -> Result<Vec<(&'static str, String)>, ParamError> {
        Ok(Vec::new())
    }
}

/// A registered block, without its parameter type.
pub trait AnyBlock: Sync {
    /// Name.
    fn name(&self) -> &'static str;
    /// One line.
    fn doc(&self) -> &'static str;
    /// The documentation page: the module documentation of the block's file, Markdown.
    fn page(&self) -> String;
    /// Parameters in order.
    fn fields(&self) -> Vec<Field>;
    /// The block with the given parameters (name as declared or with dashes, value) over its defaults, validated.
    fn configure(&self, params: &[(String, String)]) -> Result<Box<dyn Configured>, ParamError>;
    /// Real quantities from which parameters follow.
    fn reals(&self) -> Vec<Real>;
    /// The parameters that follow from real quantities, beside those given; together they have been validated.
    fn constants(&self, params: &[(String, String)], reals: &Reals) -> Result<Vec<(String, String)>, ParamError>;
}

/// A block with its parameters fixed.
pub trait Configured: Send + Sync {
    /// Block name.
    fn block(&self) -> &'static str;
    /// Block documentation line.
    fn doc(&self) -> &'static str;
    /// Verilog module name: the block and every parameter that differs from its default; a long one ends in a hash of it all.
    fn module_name(&self) -> String;
    /// Every parameter with its value; `auto` ones as resolved.
    fn params(&self) -> Vec<(&'static str, String)>;
    /// Data ports in order, inputs first.
    fn ports(&self) -> Vec<Port>;
    /// Cycles from input to output; 0 is combinational.
    fn latency(&self) -> u32;
    /// How data pass its ports.
    fn protocol(&self) -> Protocol;
    /// The rows it takes, if it is a stream as it is described.
    fn row_lengths(&self) -> Option<RowLengths> {
        match self.protocol() {
            Protocol::Cycle => None,
            Protocol::Stream(rows) => Some(rows),
        }
    }
    /// True if outputs depend on earlier inputs.
    fn stateful(&self) -> bool {
        self.latency() > 0 || self.protocol() != Protocol::Cycle
    }
    /// The hardware, not yet optimised.
    fn rtl(&self) -> Result<Design, Diagnostics>;
    /// The golden model.
    fn golden(&self) -> Box<dyn Model>;
    /// Directed input vectors.
    fn corners(&self) -> Vec<Vec<BigUint>>;
    /// What it approximates.
    fn ideal(&self) -> Option<Ideal>;
    /// The hardware as it is printed, simulated and measured: optimised.
    fn design(&self) -> Result<Design, Diagnostics>;
    /// The options that asked for its clock and flow, as the command line takes them.
    fn request(&self) -> String {
        String::new()
    }
    /// The hardware as it is printed: with the ports of a profile.
    fn printed(&self) -> Result<Design, Diagnostics> {
        self.design()
    }
    /// Cycles between successive inputs.
    fn initiation_interval(&self) -> u32 {
        1
    }
    /// What was asked of clock and flow, if anything.
    fn clocking(&self) -> Option<&clocking::Clocking> {
        None
    }
    /// How its pipeline came about, if it has one.
    fn pipelined(&self) -> Option<&Pipelined> {
        None
    }
}

/// A registered block and the text of its file.
struct Entry<B>(std::marker::PhantomData<fn() -> B>, &'static str);

impl<B: Block> AnyBlock for Entry<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }
    fn doc(&self) -> &'static str {
        B::DOC
    }
    fn page(&self) -> String {
        let doc = self.1.lines().map_while(|l| l.strip_prefix("//!"));
        doc.map(|l| format!("{}\n", l.strip_prefix(' ').unwrap_or(l))).collect()
    }
    fn fields(&self) -> Vec<Field> {
        B::fields()
    }
    fn configure(&self, params: &[(String, String)]) -> Result<Box<dyn Configured>, ParamError> {
        let block = given::<B>(params)?;
        block.validate()?;
        Ok(Box::new(Fixed(block)))
    }
    fn reals(&self) -> Vec<Real> {
        B::reals()
    }
    fn constants(&self, params: &[(String, String)], reals: &Reals) -> Result<Vec<(String, String)>, ParamError> {
        let found = given::<B>(params)?.constants(reals)?;
        let found: Vec<(String, String)> = found.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        self.configure(&params.iter().chain(&found).cloned().collect::<Vec<_>>())?;
        Ok(found)
    }
}

/// The parameters given over the defaults, each legal by itself.
fn given<B: Block>(params: &[(String, String)]) -> Result<B, ParamError> {
    let mut block = B::default();
    for (name, text) in params {
        if !block.set(&name.replace('-', "_"), text)? {
            let known: Vec<String> = B::fields().iter().map(|f| params::flag(f.name)).collect();
            return Err(ParamError::new(name, format!("`{}` has no such parameter; it has {}", B::NAME, known.join(", "))));
        }
    }
    Ok(block)
}

struct Fixed<B>(B);

impl<B: Block> Configured for Fixed<B> {
    fn block(&self) -> &'static str {
        B::NAME
    }
    fn doc(&self) -> &'static str {
        B::DOC
    }
    fn module_name(&self) -> String {
        let mut name = B::NAME.to_string();
        for part in self.0.idents() {
            name.push('_');
            name.push_str(&part);
        }
        header::shortened(name)
    }
    fn params(&self) -> Vec<(&'static str, String)> {
        let chosen = self.0.resolved();
        let pick = |n: &str| chosen.iter().find(|(c, _)| *c == n).map(|(_, v)| v.clone());
        self.0.values().into_iter().map(|(n, v)| (n, pick(n).unwrap_or(v))).collect()
    }
    fn ports(&self) -> Vec<Port> {
        self.0.ports()
    }
    fn latency(&self) -> u32 {
        self.0.latency()
    }
    fn protocol(&self) -> Protocol {
        self.0.protocol()
    }
    fn rtl(&self) -> Result<Design, Diagnostics> {
        design(&self.module_name(), B::RESET, |m| {
            header::lines(self).into_iter().for_each(|line| m.doc(line));
            self.0.rtl(m);
        })
    }
    fn golden(&self) -> Box<dyn Model> {
        self.0.golden()
    }
    fn corners(&self) -> Vec<Vec<BigUint>> {
        self.0.corners()
    }
    fn ideal(&self) -> Option<Ideal> {
        self.0.ideal()
    }
    fn design(&self) -> Result<Design, Diagnostics> {
        let design = pass::optimize(&self.rtl()?);
        if let Err(errors) = verify::verify(&design) {
            panic!("internal error: {} is malformed:\n{}", self.module_name(), errors.join("\n"));
        }
        Ok(design)
    }
}

/// Declares the block modules and the registry, one name a line.
macro_rules! registry {
    ($($module:ident :: $block:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every block, in catalogue order.
        pub static REGISTRY: &[&dyn AnyBlock] = &[
            $(&Entry::<$module::$block>(std::marker::PhantomData, include_str!(concat!(stringify!($module), ".rs")))),*
        ];
    };
}

registry! {
    convert::Convert,
    mul::Mul,
    dot::Dot,
    mac::Mac,
    lmul::Lmul,
    xnor_dot::XnorDot,
    ternary_dot::TernaryDot,
    bitplane_dot::BitplaneDot,
    mx_dot::MxDot,
    mx_mac::MxMac,
    mx_quantize::MxQuantize,
    shift_exp::ShiftExp,
    shiftmax::Shiftmax,
    shiftgelu::Shiftgelu,
    ilayernorm::Ilayernorm,
    serial_mac::SerialMac,
    bitmod_pe::BitmodPe,
    requant::Requant,
    dequant::Dequant,
    unpack::Unpack,
    fwht::Fwht,
    table_fn::TableFn,
    systolic::Systolic,
}

/// The block of that name.
pub fn find(name: &str) -> Option<&'static dyn AnyBlock> {
    REGISTRY.iter().copied().find(|b| b.name() == name)
}

/// A block from words as in tables and lists: its name, then parameters as `name=value` or `name value`, with or without `--`.
pub fn from_words(words: &str) -> Result<Box<dyn Configured>, String> {
    let mut rest = words.split_whitespace();
    let name = rest.next().unwrap_or_default();
    let block = find(name).ok_or_else(|| format!("`{words}`: there is no block `{name}`"))?;
    let mut params: Vec<(String, String)> = Vec::new();
    while let Some(word) = rest.next() {
        let word = word.trim_start_matches("--");
        let pair = word.split_once('=').or_else(|| Some((word, rest.next()?)));
        let (parameter, value) = pair.ok_or_else(|| format!("`{words}`: `{word}` has no value"))?;
        params.push((parameter.into(), value.into()));
    }
    block.configure(&params).map_err(|e| format!("`{words}`: {e}"))
}
