//! `cargo xtask exhaustive [UNIT…]`: units of at most 24 input bits on all their inputs, every architecture beside the plain form,
//! and the plain form beside integers, into `fpga/results/exhaustive.csv`. With names, only those units, and no file.
mod meaning;
mod units;

use narrowgen::hdl::arch::{Arch, Kind, Unit};
use narrowgen::hdl::equal::miter;
use narrowgen::hdl::ir::{Design, ModuleId, Reset};
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use narrowgen::hdl::verify::verify;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use units::{Group, groups};

/// Most input bits.
const MOST: u32 = 24;
/// Rows at a time where both sides run apart.
const CHUNK: u64 = 1 << 16;

/// What was looked at.
#[derive(Clone, Copy)]
struct Count {
    units: usize,
    /// Units whose two sides are the same gates.
    same_gates: usize,
    least_bits: u32,
    most_bits: u32,
    vectors: u64,
    mismatches: u64,
}

impl Count {
    fn add(self, other: Count) -> Count {
        Count {
            units: self.units + other.units,
            same_gates: self.same_gates + other.same_gates,
            least_bits: self.least_bits.min(other.least_bits),
            most_bits: self.most_bits.max(other.most_bits),
            vectors: self.vectors + other.vectors,
            mismatches: self.mismatches + other.mismatches,
        }
    }
}

fn alone(unit: &Unit) -> Design {
    Design { modules: vec![unit.plain()], top: ModuleId(0), reset: Reset::None }
}

/// Input bits of a design that is small enough.
fn input_bits(design: &Design) -> Result<u32, String> {
    let bits = design.top().inputs.iter().map(|p| p.width).sum();
    let allowed = (1..=MOST).contains(&bits);
    allowed.then_some(bits).ok_or_else(|| format!("{}: {bits} bits of input", design.top().name))
}

/// On how many of all inputs two designs differ.
fn compare(a: &Design, b: &Design) -> Result<Count, String> {
    let bits = input_bits(a)?;
    let both = Sim::new(&miter(a, b)).map_err(|e| e.to_string())?;
    let same_gates = both.size().0 == 0;
    let (mut vectors, mut mismatches) = (0, 0);
    if same_gates {
        // Side by side nothing would be left to run.
        let (a, b) = (Sim::new(a).map_err(|e| e.to_string())?, Sim::new(b).map_err(|e| e.to_string())?);
        let total = 1u64 << bits;
        for first in (0..total).step_by(CHUNK as usize) {
            let count = CHUNK.min(total - first) as usize;
            let rows = Rows::counting(a.inputs(), first, count);
            let (x, y) = (a.run(&rows, 0).map_err(|e| e.text)?, b.run(&rows, 0).map_err(|e| e.text)?);
            vectors += count as u64;
            mismatches += (0..count).filter(|r| x.cell(*r, 0) != y.cell(*r, 0)).count() as u64;
        }
    } else {
        let differ = |_, rows: &Rows| rows.words().iter().filter(|w| **w != 0).count() as u64;
        let all = both.exhaustive_map(differ, |_, rows, n| {
            vectors += rows.len() as u64;
            mismatches += n;
        });
        all.map_err(|e| e.to_string())?;
    }
    Ok(Count { units: 1, same_gates: usize::from(same_gates), least_bits: bits, most_bits: bits, vectors, mismatches })
}

/// The plain form beside integers; nothing for units that are tables.
fn plain(unit: &Unit) -> Result<Option<Count>, String> {
    let Some(value) = meaning::of(unit) else { return Ok(None) };
    let design = alone(unit);
    let bits = input_bits(&design)?;
    let sim = Sim::new(&design).map_err(|e| e.to_string())?;
    let (widths, width) = (sim.inputs().to_vec(), unit.width());
    if width > 127 {
        return Err(format!("{}: too wide for integers", unit.name()));
    }
    let differ = |first: u64, rows: &Rows| {
        let mut inputs = vec![0; widths.len()];
        let wrong = |row: &usize| {
            let mut code = first + *row as u64;
            for (input, width) in inputs.iter_mut().zip(&widths) {
                *input = code & ((1 << width) - 1);
                code >>= width;
            }
            let got = rows.cell(*row, 0).iter().rev().fold(0u128, |all, word| all << 64 | u128::from(*word));
            got != value(&inputs) as u128 & ((1 << width) - 1)
        };
        (0..rows.len()).filter(wrong).count() as u64
    };
    let (mut vectors, mut mismatches) = (0, 0);
    let all = sim.exhaustive_map(differ, |_, rows, n| {
        vectors += rows.len() as u64;
        mismatches += n;
    });
    all.map_err(|e| e.to_string())?;
    Ok(Some(Count { units: 1, same_gates: 0, least_bits: bits, most_bits: bits, vectors, mismatches }))
}

/// A comparison that cannot fail proves nothing: a signed product beside an unsigned one differs where integers say so.
fn must_differ() -> Result<(), String> {
    let four = |signed| Unit::Product { a: Kind { bits: 4, signed }, b: Kind { bits: 4, signed } };
    let found = compare(&alone(&four(true)), &four(false).build(Arch::Booth))?.mismatches;
    let signed = |x: i32| (x ^ 8) - 8;
    let pairs = (0..16).flat_map(|a| (0..16).map(move |b| (a, b)));
    let wanted = pairs.filter(|(a, b)| (signed(*a) * signed(*b) - a * b) & 255 != 0).count() as u64;
    (found == wanted && found > 0).then_some(()).ok_or_else(|| format!("{found} of {wanted} differences were found"))
}

/// A unit in every architecture, and the plain form under no name.
fn unit(unit: &Unit) -> Result<Vec<(Option<Arch>, Count)>, String> {
    let archs = unit.architectures();
    if archs.is_empty() {
        return Err(format!("{}: no architecture", unit.name()));
    }
    let mut all: Vec<(Option<Arch>, Count)> = plain(unit)?.into_iter().map(|count| (None, count)).collect();
    for arch in archs {
        let built = unit.build(arch);
        verify(&built).map_err(|e| format!("{} {}: {}", unit.name(), arch.name(), e.join("; ")))?;
        all.push((Some(arch), compare(&alone(unit), &built)?));
    }
    for (arch, count) in &all {
        let word = arch.map_or("plain", Arch::name);
        if count.mismatches > 0 {
            return Err(format!("{} {word}: {} of {} inputs differ", unit.name(), count.mismatches, count.vectors));
        }
        if count.vectors != 1 << count.most_bits {
            return Err(format!("{} {word}: {} inputs of {} bits", unit.name(), count.vectors, count.most_bits));
        }
    }
    Ok(all)
}

/// The lines of a group, one for each architecture.
fn lines(group: &Group) -> Result<Vec<String>, String> {
    let start = Instant::now();
    let counts: Result<Vec<_>, String> = group.units.par_iter().map(unit).collect();
    let mut all: BTreeMap<Option<Arch>, Count> = BTreeMap::new();
    for (arch, count) in counts?.into_iter().flatten() {
        all.entry(arch).and_modify(|c| *c = c.add(count)).or_insert(count);
    }
    if !all.keys().any(Option::is_some) {
        return Err(format!("{}: nothing was compared", group.name));
    }
    let line = |(arch, c): (&Option<Arch>, &Count)| {
        format!(
            "{},{},{},{},{},{},{},{},{}",
            group.name,
            group.range,
            arch.map_or("plain", Arch::name),
            c.units,
            c.least_bits,
            c.most_bits,
            c.vectors,
            c.same_gates,
            c.mismatches
        )
    };
    let vectors: u64 = all.values().map(|c| c.vectors).sum();
    eprintln!("{}: {} units, {vectors} vectors, {:.1} s", group.name, group.units.len(), start.elapsed().as_secs_f64());
    Ok(all.iter().map(line).collect())
}

/// Runs the task.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    must_differ()?;
    let groups = groups()?;
    if let Some(unknown) = args.iter().find(|a| groups.iter().all(|g| g.name != **a)) {
        let names: Vec<&str> = groups.iter().map(|g| g.name).collect();
        return Err(format!("no units are called `{unknown}`; there are {}", names.join(", ")));
    }
    let chosen = groups.iter().filter(|g| args.is_empty() || args.iter().any(|a| a == g.name));
    let lines: Vec<Vec<String>> = chosen.map(lines).collect::<Result<_, String>>()?;
    let text = format!(
        "# cargo xtask exhaustive: all inputs, each architecture beside the plain operators, those (plain) beside integers; native simulator\n\
         unit,range,arch,units,least_input_bits,most_input_bits,vectors,same_gates,mismatches\n{}\n",
        lines.concat().join("\n")
    );
    if !args.is_empty() {
        print!("{text}");
        return Ok(());
    }
    let path = root.join("fpga/results/exhaustive.csv");
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}
