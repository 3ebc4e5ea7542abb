//! `cargo xtask architectures [TARGET…]`: measures every architecture of every unit and rewrites `fpga/architectures.csv`.
use narrowgen::flow::costs::{HEADER, measure, units};
use narrowgen::flow::target::Target;
use rayon::prelude::*;
use std::path::Path;

/// Runs the task; rows of targets that are not named stay.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let path = root.join("fpga/architectures.csv");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let mut text = format!("{HEADER}\n");
    for target in [Target::Xc7, Target::Ice40, Target::Ecp5, Target::Generic] {
        if !args.is_empty() && !args.iter().any(|a| a == target.name()) {
            let keep = old.lines().filter(|l| l.split(',').next() == Some(target.name()));
            keep.for_each(|l| text.push_str(&format!("{l}\n")));
            continue;
        }
        let jobs: Vec<_> = units()
            .into_iter()
            .flat_map(|u| std::iter::once(None).chain(u.architectures().into_iter().map(Some)).map(move |a| (u.clone(), a)))
            .collect();
        let lines: Result<Vec<String>, String> = jobs
            .par_iter()
            .map(|(unit, arch)| measure(target, unit, *arch).map_err(|e| format!("{} on {target}: {e}", unit.name())))
            .collect();
        lines?.iter().for_each(|l| text.push_str(&format!("{l}\n")));
        eprintln!("{target}: {} measured", jobs.len());
    }
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}
