//! What architectures cost on each target: measured by `cargo xtask architectures`, kept in `fpga/architectures.csv`.
use super::architecture::Choice;
use super::report::SynthReport;
use super::target::Target;
use crate::blocks;
use crate::hdl::arch::{Arch, Function, Kind, Own, Quotient, Scaled, Square, Sum, Unit, lower};
use crate::hdl::ir::{Design, ModuleId, Reset};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::discriminant;
use std::path::Path;
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

/// A measured block, as `narrowgen tune --record` leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BlockCost {
    target: Target,
    module: String,
    choice: Choice,
    cost: u64,
}

/// A measured function of few inputs. Its table does not matter for others, so that none is tabulated to read the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FunctionCost {
    target: Target,
    name: String,
    inputs: u32,
    arch: Option<Arch>,
    cost: u64,
}

/// Header of the file.
pub const HEADER: &str = "target,unit,arch,cost,lut,carry,gates,yosys";

/// The committed file.
const FILE: &str = include_str!("../../fpga/architectures.csv");

static OF_ALONE: LazyLock<Vec<Cost>> = LazyLock::new(|| costs(ALONE.iter()));
static OF_INSIDE: LazyLock<Vec<Cost>> = LazyLock::new(|| costs(INSIDE.iter().map(|(unit, _)| unit)));
static OF_FUNCTIONS: LazyLock<Vec<FunctionCost>> = LazyLock::new(|| FILE.lines().skip(1).filter_map(parse_function).collect());
static BLOCKS: LazyLock<Vec<BlockCost>> = LazyLock::new(|| FILE.lines().skip(1).filter_map(parse_block).collect());

/// A line about a block: its module name stands with `@` in front where that of a unit stands otherwise.
fn parse_block(line: &str) -> Option<BlockCost> {
    let mut cells = line.split(',');
    let target = Target::parse(cells.next()?)?;
    let module = cells.next()?.strip_prefix('@')?.to_string();
    Some(BlockCost { target, module, choice: Choice::parse(cells.next()?)?, cost: cells.next()?.parse().ok()? })
}

/// What was measured smallest for this very block, if it was tuned for the target.
pub fn of_block(target: Target, module: &str) -> Option<Choice> {
    let rows = BLOCKS.iter().filter(|c| c.target == target && c.module == module);
    rows.min_by_key(|c| (c.cost, c.choice != Choice::None)).map(|c| c.choice)
}

/// Where a block with registers for a clock stands in the file.
pub fn at_clock(module: &str, mhz: f64) -> String {
    format!("{module}@{mhz}MHz")
}

/// What a block with registers costs: its logic, or its registers where those take more cells. A cell has a register beside its
/// table, on 7-series two.
pub fn cells(target: Target, report: &SynthReport) -> u64 {
    let registers = report.ff.unwrap_or(0) / if target == Target::Xc7 { 2 } else { 1 };
    cost(report).max(registers)
}

/// A line of the file about a block, with the cost that it was ranked by.
pub fn block_line(target: Target, module: &str, choice: Choice, report: &SynthReport, cost: u64) -> String {
    line(target, &format!("@{module}"), choice.word(), report, cost)
}

/// Puts the lines about a block in place of those that a cost table has, at its end; beside the file first, then renamed.
pub fn record(path: &Path, target: Target, module: &str, lines: &[String]) -> std::io::Result<()> {
    let old = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => format!("{HEADER}\n"),
        Err(e) => return Err(e),
    };
    let about = format!("{target},@{module},");
    let kept = old.lines().filter(|l| !l.starts_with(&about)).chain(lines.iter().map(String::as_str));
    let text: String = kept.map(|l| format!("{l}\n")).collect();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path).map(|_| ()).map_err(|e| e.error)
}

fn line(target: Target, what: &str, how: &str, report: &SynthReport, cost: u64) -> String {
    let cell = |n: Option<u64>| n.map_or(String::new(), |n| n.to_string());
    format!(
        "{target},{what},{how},{cost},{},{},{},{}",
        cell(report.lut),
        cell(report.carry),
        cell(report.gates),
        report.tool.version
    )
}

/// The lines about some units.
fn costs(units: impl Iterator<Item = &'static Unit>) -> Vec<Cost> {
    let units: BTreeMap<String, &Unit> = units.map(|unit| (unit.name(), unit)).collect();
    FILE.lines().skip(1).filter_map(|line| parse(line, &units)).collect()
}

/// What was measured of units that may be like this one. Those inside blocks take a while to find (their blocks are built), and most
/// units have nothing like them there.
fn measured(unit: &Unit) -> impl Iterator<Item = &'static Cost> + Clone {
    let inside = matches!(unit, Unit::Coded { .. }) || shifts(unit);
    OF_ALONE.iter().chain(if inside { OF_INSIDE.as_slice() } else { &[] })
}

fn parse(line: &str, units: &BTreeMap<String, &Unit>) -> Option<Cost> {
    let mut cells = line.split(',');
    let target = Target::parse(cells.next()?)?;
    let unit = (*units.get(cells.next()?)?).clone();
    let arch = arch(cells.next()?)?;
    Some(Cost { target, unit, arch, cost: cells.next()?.parse().ok()? })
}

fn parse_function(line: &str) -> Option<FunctionCost> {
    let mut cells = line.split(',');
    let target = Target::parse(cells.next()?)?;
    let name = cells.next()?;
    let inputs = name.strip_prefix("function_")?.split("to").next()?.parse().ok()?;
    Some(FunctionCost { target, name: name.into(), inputs, arch: arch(cells.next()?)?, cost: cells.next()?.parse().ok()? })
}

/// An architecture, or none.
fn arch(word: &str) -> Option<Option<Arch>> {
    if word == "none" { Some(None) } else { Arch::parse(word).map(Some) }
}

/// Blocks whose numbers have few values, and blocks whose adders can take in the shift of a product.
const BLOCKS_OF_UNITS: [&str; 7] = [
    "mul a=e2m1fn b=e2m1fn out=exact",
    "mac a=e2m1fn b=e2m1fn acc=exact clear=zero",
    "dot a=e2m1fn b=e2m1fn lanes=8 out=exact",
    "dot a=e2m1fn b=e2m1fn lanes=32 out=exact",
    "dot a=e2m3fn b=e2m3fn lanes=4 out=exact",
    "dot a=e3m2fn b=e3m2fn lanes=4 out=exact",
    "dot a=e5m2 b=e5m2 lanes=4 out=exact",
];

/// Blocks with a table of few inputs, from four to eight.
const TABLES: [&str; 18] = [
    "table_fn function=silu from=e4m3fn out=e4m3fn",
    "table_fn function=exp from=e4m3fn out=e4m3fn",
    "table_fn function=reciprocal from=e4m3fn out=e4m3fn",
    "table_fn function=gelu from=e5m2 out=e5m2",
    "table_fn function=sqrt from=e5m2 out=e5m2",
    "table_fn function=tanh from=int8 out=e4m3fn",
    "table_fn function=exp2 from=e4m3fn out=bf16",
    "table_fn function=rsqrt from=uint8 out=int4",
    "table_fn function=silu from=e3m3-fn out=e3m3-fn",
    "table_fn function=reciprocal from=int7 out=e4m3fn",
    "table_fn function=silu from=e3m2fn out=e3m2fn",
    "table_fn function=reciprocal from=e2m3fn out=e4m3fn",
    "table_fn function=exp from=e2m2-none out=e4m3fn",
    "table_fn function=gelu from=e2m1fn out=e4m3fn",
    "convert from=denseshift5 to=int32",
    "convert from=denseshift6 to=int32",
    "convert from=nf4 to=fp32",
    "convert from=bnb_dynamic8 to=fp32",
];

/// Functions that are measured.
static FUNCTIONS: LazyLock<Vec<Unit>> = LazyLock::new(|| TABLES.iter().filter_map(|words| function(words)).collect());

/// The first function of few inputs in a block.
fn function(words: &str) -> Option<Unit> {
    let found = RefCell::new(None);
    lower(&design(words)?, &|unit| {
        if matches!(unit, Unit::Own(Own::Function(_))) {
            found.borrow_mut().get_or_insert_with(|| unit.clone());
        }
        None
    });
    found.into_inner()
}

/// Units that are measured by themselves.
static ALONE: LazyLock<Vec<Unit>> = LazyLock::new(alone);

/// Units that are measured as part of a block, because without them it is built in another way.
static INSIDE: LazyLock<Vec<(Unit, Design)>> = LazyLock::new(|| {
    let inside = BLOCKS_OF_UNITS.iter().filter_map(|words| design(words)).flat_map(|design| {
        let seen = RefCell::new(Vec::new());
        lower(&design, &|unit| {
            let mut seen = seen.borrow_mut();
            // The widest of a kind is asked for first.
            if seen.iter().all(|known| discriminant(known) != discriminant(unit)) {
                seen.push(unit.clone());
            }
            None
        });
        let coded = seen.borrow().iter().any(|unit| matches!(unit, Unit::Coded { .. }));
        let wanted = move |unit: &Unit| if coded { matches!(unit, Unit::Coded { .. }) } else { shifts(unit) };
        seen.into_inner().into_iter().filter(wanted).map(move |unit| (unit, design.clone()))
    });
    inside.filter(|(unit, _)| !ALONE.contains(unit)).collect()
});

/// True for units with a shift in them.
fn shifts(unit: &Unit) -> bool {
    matches!(unit, Unit::Shift { .. } | Unit::ShiftAdd { .. })
}

fn design(words: &str) -> Option<Design> {
    blocks::from_words(words).ok()?.design().ok()
}

/// Every unit that is measured.
pub fn units() -> impl Iterator<Item = &'static Unit> {
    ALONE.iter().chain(INSIDE.iter().map(|(unit, _)| unit)).chain(FUNCTIONS.iter())
}

fn alone() -> Vec<Unit> {
    let kind = |bits, signed| Kind { bits, signed };
    let mut all = Vec::new();
    for signed in [true, false] {
        for bits in [2, 3, 4, 6, 8, 12] {
            all.push(Unit::Product { a: kind(bits, signed), b: kind(bits, signed) });
        }
        all.push(Unit::Product { a: kind(4, signed), b: kind(8, signed) });
        all.extend([4, 6, 8, 12, 16].map(|bits| Square { a: kind(bits, signed) }.into()));
        for by in [5i64, -7, 45, 107, 171, 683, 1447, 46341, 0x5a82_7999] {
            all.extend([4, 8, 12].map(|bits| Scaled { a: kind(bits, signed), by: by.into() }.into()));
        }
        for (bits, width) in [(4, 16), (8, 32)] {
            all.push(Unit::Accumulate { a: kind(bits, signed), b: kind(bits, signed), width });
        }
        for bits in [4, 8] {
            all.push(Unit::Dot { a: kind(bits, signed), b: kind(bits, signed), lanes: 8, width: 2 * bits + 3 });
        }
    }
    // Longer factors take minutes each.
    for (bits, signed) in [(16, true), (32, true)] {
        all.push(Unit::Product { a: kind(bits, signed), b: kind(bits, signed) });
    }
    for bits in [8, 16] {
        all.extend([3, 5, 7, 10, 25, 100, 1000].into_iter().filter_map(|by| Some(Quotient::by(bits, by)?.into())));
    }
    for (bits, count, width) in [(1, 8, 4), (2, 8, 5), (4, 4, 6), (4, 16, 8), (8, 4, 10), (8, 16, 12), (16, 8, 19)] {
        all.extend([true, false].map(|signed| Sum { terms: vec![kind(bits, signed); count], width }.into()));
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

/// A unit to be measured: by itself, or as part of its block. All shifts of a block are built alike; the rest is as measured
/// smallest.
pub fn unit_design(target: Target, unit: &Unit, arch: Option<Arch>) -> Design {
    let block = INSIDE.iter().find(|(u, _)| u == unit).map(|(_, block)| block);
    match (block, arch) {
        (Some(block), _) => lower(block, &|u| if u == unit || shifts(u) && shifts(unit) { arch } else { smallest(target, u) }),
        (None, Some(arch)) => unit.build(arch),
        (None, None) => Design { modules: vec![unit.plain()], top: ModuleId(0), reset: Reset::None },
    }
}

/// A line of the file about a unit.
pub fn unit_line(target: Target, unit: &Unit, arch: Option<Arch>, report: &SynthReport) -> String {
    line(target, &unit.name(), arch.map_or("none", Arch::name), report, cost(report))
}

/// The architecture that is smallest for the measured unit most like this one; nothing if operators left to synthesis are.
pub fn smallest(target: Target, unit: &Unit) -> Option<Arch> {
    // No rows of its own yet: its logic cells are like those of the ECP5.
    let target = if target == Target::Gowin { Target::Ecp5 } else { target };
    if let Unit::Own(Own::Function(function)) = unit {
        return of_functions(target, function.size().0).find(|arch| unit.can(*arch));
    }
    let near = measured(unit).filter(|c| c.target == target).filter_map(|c| Some((distance(&c.unit, unit)?, &c.unit)));
    let like = near.min_by_key(|(d, _)| *d)?.1;
    let able = unit.architectures();
    let rows = measured(unit).filter(|c| c.target == target && c.unit == *like && c.arch.is_none_or(|a| able.contains(&a)));
    rows.min_by_key(|c| (c.cost, c.arch.is_some()))?.arch
}

/// Architectures that save [`WORTH`] or more on average over all measured functions of as many inputs, or nearly as many, the best
/// first: of a single function nobody can tell by the like of it.
fn of_functions(target: Target, inputs: u32) -> impl Iterator<Item = Arch> {
    let shares = Function::ARCHITECTURES.into_iter().filter_map(|a| Some((share(target, inputs, a)?, a)));
    let mut all: Vec<(u64, Arch)> = shares.filter(|(s, _)| *s <= 1000 - WORTH).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, arch)| arch)
}

/// Thousandths that an architecture must save to be worth its modules.
const WORTH: u64 = 50;

/// What functions take in an architecture, in thousandths of what they take when left to synthesis, on average.
fn share(target: Target, inputs: u32, arch: Arch) -> Option<u64> {
    let here = || OF_FUNCTIONS.iter().filter(move |c| c.target == target);
    let nearest = here().map(|c| c.inputs.abs_diff(inputs)).min()?;
    let like = || here().filter(|c| c.inputs.abs_diff(inputs) == nearest);
    let shares = like().filter(|c| c.arch == Some(arch)).filter_map(|c| {
        let left = like().find(|d| d.name == c.name && d.arch.is_none())?;
        (1000 * c.cost).checked_div(left.cost)
    });
    let (sum, count) = shares.fold((0, 0), |(sum, count), s| (sum + s, count + 1));
    u64::checked_div(sum, count)
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
        (Unit::Shift { width: x, .. }, Unit::Shift { width: y, .. }) => x.abs_diff(*y).min(3),
        (Unit::ShiftAdd { width: x, .. }, Unit::ShiftAdd { width: y, .. }) => x.abs_diff(*y).min(3),
        (Unit::Dot { lanes: x, .. }, Unit::Dot { lanes: y, .. }) => x.abs_diff(*y).min(8),
        (Unit::Coded { base: x, lanes: m, .. }, Unit::Coded { base: y, lanes: n, .. }) => {
            m.abs_diff(*n).min(8) + 16 * u32::from(x != y)
        }
        (Unit::Own(x), Unit::Own(y)) => x.unlike(y)?,
        _ => return None,
    };
    Some(straight.min(crossed) + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_get_what_saves_most_over_all() {
        let names: std::collections::BTreeSet<String> = FUNCTIONS.iter().map(Unit::name).collect();
        assert_eq!(names.len(), TABLES.len(), "{names:?}");
        for row in OF_FUNCTIONS.iter() {
            assert!(names.contains(&row.name), "{} is not measured any more", row.name);
            let left = OF_FUNCTIONS.iter().any(|c| (c.target, &c.name) == (row.target, &row.name) && c.arch.is_none());
            assert!(left, "{} {} left to synthesis", row.target, row.name);
        }
        // Codes halve what eight inputs take in tables of six; a table of one look-up table a bit is left alone.
        assert_eq!(of_functions(Target::Xc7, 8).next(), Some(Arch::Six));
        assert_eq!(of_functions(Target::Xc7, 4).next(), None);
        assert_eq!(share(Target::Xc7, 8, Arch::Booth), None);
    }

    #[test]
    fn the_smallest_of_what_was_measured_is_chosen() {
        assert_eq!(FILE.lines().next(), Some(HEADER));
        let measured = || OF_ALONE.iter().chain(OF_INSIDE.iter());
        assert_eq!(measured().count() + OF_FUNCTIONS.len() + BLOCKS.len(), FILE.lines().count() - 1, "a line that says nothing");
        for target in [Target::Xc7, Target::Ice40, Target::Ecp5, Target::Generic] {
            assert!(measured().any(|c| c.target == target), "{target}");
        }
        for row in measured() {
            let rows = measured().filter(|c| (c.target, &c.unit) == (row.target, &row.unit));
            let least = rows.clone().map(|c| c.cost).min();
            let chosen = smallest(row.target, &row.unit);
            assert!(rows.clone().any(|c| c.arch.is_none()), "{} {} left to synthesis", row.target, row.unit.name());
            assert!(rows.clone().any(|c| c.arch == chosen && Some(c.cost) == least), "{} {}", row.target, row.unit.name());
        }
        for row in BLOCKS.iter() {
            let rows = || BLOCKS.iter().filter(|c| (c.target, &c.module) == (row.target, &row.module));
            let chosen = of_block(row.target, &row.module).unwrap();
            let least = rows().map(|c| c.cost).min();
            assert!(rows().any(|c| c.choice == chosen && Some(c.cost) == least), "{} {}", row.target, row.module);
            assert!(rows().any(|c| c.choice == Choice::None), "{} {} left to synthesis", row.target, row.module);
        }
    }
}
