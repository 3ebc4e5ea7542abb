//! `cargo xtask architectures [TARGET…] [blocks | PREFIX…]`: measures every architecture of every unit, of those whose names
//! start so, or of the blocks that `narrowgen bench qor` compares, and puts the results into `fpga/architectures.csv`. What was
//! measured before comes from the user's cache.
use narrowgen::flow::costs::{self, HEADER};
use narrowgen::flow::target::Target;
use narrowgen::hdl::arch::Unit;
use narrowgen::hdl::verilog;
use narrowgen::sweep::memo::Memo;
use narrowgen::sweep::qor::{self, anchors};
use narrowgen::sweep::tune::{Objective, synth, tune};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

/// Runs the task; rows of targets that are not named stay.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let path = root.join("fpga/architectures.csv");
    let named: Vec<Target> = args.iter().filter_map(|a| Target::parse(a)).collect();
    let memo = Memo::new(true);
    if args.iter().any(|a| a == "blocks") {
        let targets = if named.is_empty() { qor::TARGETS.to_vec() } else { named };
        return targets.into_iter().try_for_each(|t| blocks(&path, t, &memo));
    }
    let all = [Target::Xc7, Target::Ice40, Target::Ecp5, Target::Generic];
    let targets = if named.is_empty() { all.to_vec() } else { named };
    let prefixes: Vec<&str> = args.iter().filter(|a| Target::parse(a).is_none()).map(String::as_str).collect();
    targets.into_iter().try_for_each(|t| units(&path, t, &prefixes, &memo))
}

fn units(path: &Path, target: Target, prefixes: &[&str], memo: &Memo) -> Result<(), String> {
    let asked = |name: &str| prefixes.is_empty() || prefixes.iter().any(|p| name.starts_with(p));
    // The gate flow takes hours over wide sums and long products.
    let long = |u: &Unit| match u {
        Unit::Dot { .. } | Unit::Coded { .. } => true,
        Unit::Product { a, .. } => a.bits > 12,
        _ => false,
    };
    let measured = |u: &&Unit| target != Target::Generic || !long(u);
    let jobs: Vec<_> = costs::units()
        .filter(measured)
        .filter(|u| asked(&u.name()))
        .flat_map(|u| std::iter::once(None).chain(u.architectures().into_iter().map(Some)).map(move |a| (u, a)))
        .collect();
    let lines: Result<Vec<String>, String> = jobs
        .par_iter()
        .map(|(unit, arch)| {
            let design = costs::unit_design(target, unit, *arch);
            let text: String = verilog::print(&design).iter().map(|f| f.text.as_str()).collect();
            let report = synth(&design, &text, target, memo).map_err(|e| format!("{} on {target}: {e}", unit.name()))?;
            Ok(costs::unit_line(target, unit, *arch, &report))
        })
        .collect();
    let old = std::fs::read_to_string(path).unwrap_or_else(|_| format!("{HEADER}\n"));
    // Blocks stand behind all units.
    let renewed = |l: &&str| {
        let mut cells = l.split(',');
        cells.next() == Some(target.name()) && cells.next().is_some_and(|name| !name.starts_with('@') && asked(name))
    };
    let (about_blocks, rest): (Vec<&str>, Vec<&str>) = old.lines().filter(|l| !renewed(l)).partition(|l| l.contains(",@"));
    let lines = lines?;
    let text: String =
        rest.into_iter().chain(lines.iter().map(String::as_str)).chain(about_blocks).map(|l| format!("{l}\n")).collect();
    eprintln!("{target}: {} measured", jobs.len());
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The blocks that are compared with others.
fn blocks(path: &Path, target: Target, memo: &Memo) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for anchor in anchors() {
        let module = anchor.configure()?.module_name();
        if !seen.insert(module.clone()) {
            continue;
        }
        let make = || anchor.configure().unwrap_or_else(|e| panic!("internal error: legal a moment ago: {e}"));
        let trials = tune(&make, target, Objective::Lut, 1, memo, None).map_err(|e| format!("{module} on {target}: {e}"))?;
        let lines: Vec<String> = trials.iter().map(|t| costs::block_line(target, &module, t.choice, &t.report, t.cost)).collect();
        costs::record(path, target, &module, &lines).map_err(|e| format!("{}: {e}", path.display()))?;
        eprintln!(
            "{target} {module}: {}",
            lines.iter().map(|l| l.split(',').skip(2).take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}
