//! [`Record`]: what is known about one point, and what is kept of it.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One point of a sweep. Nothing in it depends on when or how often it was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Identity: a hash of the Verilog, the golden model's answers, the tools and the options.
    pub id: String,
    /// Place in its sweep.
    pub seq: u64,
    /// Block.
    pub block: String,
    /// Verilog module; empty if there is none.
    pub module: String,
    /// Every parameter as resolved, then the clock options that were given.
    pub params: Vec<(String, String)>,
    /// Why it failed, and the exit code that stands for it.
    pub failure: Option<Failed>,
    /// Cycles from input to output.
    pub latency: Option<u32>,
    /// Cycles between inputs.
    pub interval: Option<u32>,
    /// Width of the result in bits.
    pub result_bits: Option<u32>,
    /// Hash of the Verilog files.
    pub rtl_hash: String,
    /// Hash of the golden model's answers to fixed vectors.
    pub golden_hash: String,
    /// The check, if asked for.
    pub check: Option<Check>,
    /// One entry per target that was asked for and worked.
    pub costs: Vec<Cost>,
    /// One entry per kind of data, if the block has a counterpart in real numbers.
    pub accuracy: Vec<Accuracy>,
}

/// Why there is no result, or only part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Exit code, 1..=4.
    pub code: u8,
    /// What happened.
    pub message: String,
}

/// Verdict of the check against the golden model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Vectors compared in each engine.
    pub vectors: u64,
    /// Vectors that differ, in the worse engine.
    pub mismatches: u64,
    /// `exhaustive` or `sampled`.
    pub method: String,
    /// Seed of sampled vectors.
    pub seed: u64,
    /// What was compared with the golden model.
    pub engines: String,
}

/// Size on one target, and clock if it was placed and routed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the columns are those of SynthReport")]
pub struct Cost {
    pub target: String,
    pub lut: Option<u64>,
    pub carry: Option<u64>,
    pub ff: Option<u64>,
    pub dsp: Option<u64>,
    pub bram: Option<u64>,
    pub gates: Option<u64>,
    pub transistors: Option<u64>,
    /// Cells by type.
    pub cells: BTreeMap<String, u64>,
    /// Synthesis tool with its version.
    pub tool: String,
    /// What it ran.
    pub commands: Vec<String>,
    /// Clock between registers.
    pub clock: Option<Clock>,
}

/// Clock rates between registers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Part.
    pub part: String,
    /// Median over the seeds 1 to n, MHz.
    pub fmax_mhz: f64,
    /// Each seed's.
    pub fmax_all: Vec<f64>,
    /// What the delay model of the part says; nothing for a design with hierarchy.
    pub predicted_mhz: Option<f64>,
    /// Place-and-route tool with its version.
    pub tool: String,
}

/// How far the block's results are from those of real numbers, for one kind of data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// `normal`, `student3` or `minilm`.
    pub data: String,
    /// Products in one result.
    pub terms: u32,
    /// Results compared.
    pub results: u64,
    /// Signal to quantisation noise, dB. `None` if a result was no number, or there was no noise or no signal.
    pub sqnr_db: Option<f64>,
    /// Largest |result − real result|.
    pub max_abs_error: Option<f64>,
    /// Results that were no numbers.
    pub not_numbers: u64,
    /// Seed of the data.
    pub seed: u64,
}
