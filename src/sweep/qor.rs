//! Sizes beside those of other people's units and of plain hand-written ones (`fpga/qor/anchors.csv`).
use super::memo::Memo;
use super::tune;
use crate::blocks::{self, Configured};
use crate::flow::architecture::{Choice, Dsp, Shape, Shaped};
use crate::flow::costs;
use crate::flow::error::FlowError;
use crate::flow::target::Target;
use crate::hdl::verilog;
use rayon::prelude::*;

/// A unit that somebody else wrote, and the block that computes the same.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub source: String,
    /// What it computes.
    pub semantics: String,
    /// Block, then parameters as `name=value`.
    pub block: String,
    /// Look-up tables and carry cells on each of [`TARGETS`], where they were measured.
    pub sizes: [Option<(u64, u64)>; 3],
}

/// Targets of the comparison.
pub const TARGETS: [Target; 3] = [Target::Xc7, Target::Ice40, Target::Ecp5];

const FILE: &str = include_str!("../../fpga/qor/anchors.csv");

/// All of them, in the order of the file.
pub fn anchors() -> Vec<Anchor> {
    let mut reader = csv::Reader::from_reader(FILE.as_bytes());
    let rows = reader.records().map(|r| r.unwrap_or_else(|e| panic!("internal error: fpga/qor/anchors.csv: {e}")));
    rows.map(|r| {
        let number = |i: usize| r.get(i).and_then(|t| t.parse::<u64>().ok());
        let text = |i: usize| r.get(i).unwrap_or_default().to_string();
        let sizes = [4, 6, 8].map(|i| number(i).map(|lut| (lut, number(i + 1).unwrap_or(0))));
        Anchor { name: text(0), source: text(1), semantics: text(2), block: text(3), sizes }
    })
    .collect()
}

impl Anchor {
    /// True for units that are no hand-written Verilog made for the comparison.
    pub fn is_peer(&self) -> bool {
        self.source != "hand-written"
    }

    /// The block.
    pub fn configure(&self) -> Result<Box<dyn Configured>, String> {
        blocks::from_words(&self.block)
    }
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is compared with.
    pub anchor: Anchor,
    /// Where.
    pub target: Target,
    /// Module of ours.
    pub module: String,
    /// How it was built, if it was tuned as a whole.
    pub tuned: Option<Choice>,
    /// Look-up tables and carry cells of ours.
    pub ours: (u64, u64),
    /// Look-up tables and carry cells of the anchor.
    pub theirs: (u64, u64),
}

impl Row {
    /// Ours over theirs in look-up tables.
    pub fn lut_ratio(&self) -> f64 {
        self.ours.0 as f64 / self.theirs.0.max(1) as f64
    }

    /// The same with the places that carry chains take.
    pub fn place_ratio(&self) -> f64 {
        places(self.target, self.ours) / places(self.target, self.theirs).max(1.0)
    }
}

/// Places of look-up tables that are taken: a chain of four on 7-series takes the four beside it, a pair on ECP5 two of its own.
fn places(target: Target, (lut, carry): (u64, u64)) -> f64 {
    match target {
        Target::Xc7 => lut.max(4 * carry) as f64,
        Target::Ecp5 => (lut + 2 * carry) as f64,
        _ => lut as f64,
    }
}

/// Geometric mean.
pub fn mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = ratios.fold((0, 0.0), |(n, sum), r| (n + 1, sum + r.ln()));
    (n > 0).then(|| (sum / f64::from(n)).exp())
}

/// Measures all anchors whose name contains `part` on some targets; `say` hears about every finished one.
pub fn compare(targets: &[Target], part: &str, memo: &Memo, say: &(dyn Fn(&Row) + Sync)) -> Result<Vec<Row>, FlowError> {
    let anchors: Vec<Anchor> = anchors().into_iter().filter(|a| a.name.contains(part)).collect();
    let jobs: Vec<(&Anchor, Target, (u64, u64))> = anchors
        .iter()
        .flat_map(|a| TARGETS.iter().zip(a.sizes).filter_map(move |(t, size)| size.map(|s| (a, *t, s))))
        .filter(|(_, t, _)| targets.contains(t))
        .collect();
    jobs.into_par_iter()
        .map(|(anchor, target, theirs)| {
            let inner = anchor.configure().map_err(FlowError::Output)?;
            let module = inner.module_name();
            let shape = Shape { choice: Choice::Auto, dsp: Dsp::Never, target, pipelined: false, fmax_mhz: None };
            let design = Shaped::build(inner, shape).and_then(|s| s.design()).map_err(|e| FlowError::Output(e.to_string()))?;
            let text: String = verilog::print(&design).iter().map(|f| f.text.as_str()).collect();
            let report = tune::synth(&design, &text, target, memo)?;
            let ours = (report.lut.unwrap_or(0), report.carry.unwrap_or(0));
            let tuned = costs::of_block(target, &module);
            let row = Row { anchor: anchor.clone(), target, module, tuned, ours, theirs };
            say(&row);
            Ok(row)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anchor_has_a_block_and_a_size() {
        let all = anchors();
        assert!(all.len() >= 80 && all.iter().any(Anchor::is_peer) && all.iter().any(|a| !a.is_peer()), "{}", all.len());
        for a in &all {
            a.configure().unwrap_or_else(|e| panic!("{}: {e}", a.name));
            assert!(a.sizes.iter().any(|s| s.is_some_and(|s| s.0 > 0)), "{}", a.name);
        }
    }

    #[test]
    fn means() {
        assert_eq!(mean([].into_iter()), None);
        assert!((mean([0.5, 2.0].into_iter()).unwrap() - 1.0).abs() < 1e-12);
    }
}
