//! What architectures cost on each target: measured by `cargo xtask architectures`, kept in `fpga/architectures.csv`.
use super::error::FlowError;
use super::report::SynthReport;
use super::target::Target;
use super::yosys;
use crate::hdl::arch::{Arch, Kind, Unit};
use crate::hdl::ir::{Design, ModuleId, Reset};
use crate::hdl::verilog;
use std::sync::LazyLock;

/// A measured unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Where.
    pub target: Target,
    /// What.
    pub unit: Unit,
    /// How; nothing: left to synthesis.
    pub arch: Option<Arch>,
    /// The number to keep small, see [`cost`].
    pub cost: u64,
}

/// Header of the file.
pub const HEADER: &str = "target,unit,arch,cost,lut,carry,gates,yosys";

static MEASURED: LazyLock<Vec<Cost>> =
    LazyLock::new(|| include_str!("../../fpga/architectures.csv").lines().skip(1).filter_map(parse).collect());

fn parse(line: &str) -> Option<Cost> {
    let mut cells = line.split(',');
    let target = Target::parse(cells.next()?)?;
    let name = cells.next()?;
    let unit = units().into_iter().find(|u| u.name() == name)?;
    let arch = match cells.next()? {
        "none" => None,
        word => Some(Arch::parse(word)?),
    };
    Some(Cost { target, unit, arch, cost: cells.next()?.parse().ok()? })
}

/// Every unit that is measured.
pub fn units() -> Vec<Unit> {
    let kind = |bits, signed| Kind { bits, signed };
    let mut all = Vec::new();
    for signed in [true, false] {
        for bits in [2, 3, 4, 6, 8, 12] {
            all.push(Unit::Product { a: kind(bits, signed), b: kind(bits, signed) });
        }
        all.push(Unit::Product { a: kind(4, signed), b: kind(8, signed) });
        for (bits, width) in [(4, 16), (8, 32)] {
            all.push(Unit::Accumulate { a: kind(bits, signed), b: kind(bits, signed), width });
        }
        for bits in [4, 8] {
            all.push(Unit::Dot { a: kind(bits, signed), b: kind(bits, signed), lanes: 8, width: 2 * bits + 3 });
        }
    }
    for (a, b, from, drop, width) in [(8, 5, 39, 2, 48), (6, 6, 68, 2, 80), (4, 3, 10, 2, 20)] {
        let (a, b) = (kind(a, false), kind(b, false));
        all.push(Unit::Shift { a, b, width: from });
        all.push(Unit::ShiftAdd { a, b, from, drop, width });
    }
    all
}

/// The number to keep small: look-up tables, on ECP5 and Gowin with those that carry cells take; gates for gates.
pub fn cost(report: &SynthReport) -> u64 {
    let (lut, carry) = (report.lut.unwrap_or(0), report.carry.unwrap_or(0));
    match report.target {
        Target::Generic => report.gates.unwrap_or(0),
        Target::Ecp5 => lut + 2 * carry,
        Target::Gowin => lut + carry,
        Target::Xc7 | Target::Ice40 => lut,
    }
}

/// Measures one unit without multiplier blocks; a line of the file.
pub fn measure(target: Target, unit: &Unit, arch: Option<Arch>) -> Result<String, FlowError> {
    let module = arch.map_or_else(|| unit.plain(), |a| unit.build(a));
    let name = module.name.clone();
    let design = Design { modules: vec![module], top: ModuleId(0), reset: Reset::None };
    let options = yosys::Options { dsp: false, ..Default::default() };
    let report = yosys::synth(&verilog::print(&design), &name, target, &options)?;
    let cell = |n: Option<u64>| n.map_or(String::new(), |n| n.to_string());
    Ok(format!(
        "{target},{},{},{},{},{},{},{}",
        unit.name(),
        arch.map_or("none", Arch::name),
        cost(&report),
        cell(report.lut),
        cell(report.carry),
        cell(report.gates),
        report.tool.version
    ))
}

/// The architecture that is smallest for the measured unit most like this one; nothing if operators left to synthesis are.
pub fn smallest(target: Target, unit: &Unit) -> Option<Arch> {
    // No rows of its own yet: its logic cells are like those of the ECP5.
    let target = if target == Target::Gowin { Target::Ecp5 } else { target };
    let near = MEASURED.iter().filter(|c| c.target == target).filter_map(|c| Some((distance(&c.unit, unit)?, &c.unit)));
    let like = near.min_by_key(|(d, _)| *d)?.1;
    let able = unit.architectures();
    let rows = MEASURED.iter().filter(|c| c.target == target && c.unit == *like && c.arch.is_none_or(|a| able.contains(&a)));
    rows.min_by_key(|c| (c.cost, c.arch.is_some()))?.arch
}

/// How unlike two units are; nothing if they cannot be compared.
fn distance(a: &Unit, b: &Unit) -> Option<u32> {
    let ((a0, a1), (b0, b1)) = (a.factors(), b.factors());
    let size = |x: Kind, y: Kind| x.bits.abs_diff(y.bits) * 4 + u32::from(x.signed != y.signed);
    let straight = size(a0, b0) + size(a1, b1);
    let crossed = size(a0, b1) + size(a1, b0);
    let rest = match (a, b) {
        (Unit::Product { .. }, Unit::Product { .. }) => 0,
        (Unit::Accumulate { width: x, .. }, Unit::Accumulate { width: y, .. }) => x.abs_diff(*y),
        (Unit::Shift { .. }, Unit::Shift { .. }) | (Unit::ShiftAdd { .. }, Unit::ShiftAdd { .. }) => 0,
        (Unit::Dot { lanes: x, .. }, Unit::Dot { lanes: y, .. }) => x.abs_diff(*y).min(8),
        _ => return None,
    };
    Some(straight.min(crossed) + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_of_what_was_measured_is_chosen() {
        let file = include_str!("../../fpga/architectures.csv");
        assert_eq!(file.lines().next(), Some(HEADER));
        assert_eq!(MEASURED.len(), file.lines().count() - 1, "a line that says nothing");
        for target in [Target::Xc7, Target::Ice40, Target::Ecp5, Target::Generic] {
            assert!(MEASURED.iter().any(|c| c.target == target), "{target}");
        }
        for row in MEASURED.iter() {
            let rows = MEASURED.iter().filter(|c| (c.target, &c.unit) == (row.target, &row.unit));
            let least = rows.clone().map(|c| c.cost).min();
            let chosen = smallest(row.target, &row.unit);
            assert!(rows.clone().any(|c| c.arch.is_none()), "{} {} left to synthesis", row.target, row.unit.name());
            assert!(rows.clone().any(|c| c.arch == chosen && Some(c.cost) == least), "{} {}", row.target, row.unit.name());
        }
    }
}
