//! `cargo xtask characterize [PART…]`: places and routes a set of designs and rewrites `fpga/delay/PART.toml`.
use narrowgen::flow::board::Part;
use narrowgen::flow::characterize::characterize;
use narrowgen::flow::delay;
use std::path::Path;

/// Runs the task.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let known: Vec<&str> = delay::names();
    let parts: Vec<Part> = Part::all().into_iter().filter(|p| known.contains(&p.name.as_str())).collect();
    if let Some(odd) = args.iter().find(|a| !parts.iter().any(|p| p.name == **a)) {
        let names: Vec<&str> = parts.iter().map(|p| p.name.as_str()).collect();
        return Err(format!("there is no part `{odd}` to measure; there are {}", names.join(", ")));
    }
    for part in parts.iter().filter(|p| args.is_empty() || args.contains(&p.name)) {
        let start = delay::model(&part.name).map_err(|e| e.to_string())?;
        let done = characterize(part, &start, &|line| eprintln!("{line}")).map_err(|e| format!("{}: {e}", part.name))?;
        for r in &done.rows {
            println!(
                "{:<7} {:>7.1} MHz, predicted {:>7.1} ({:+5.1} %)  {}",
                if r.test { "test" } else { "fit" },
                r.measured_mhz,
                r.predicted_mhz,
                r.error_percent(),
                r.name
            );
        }
        let path = root.join("fpga/delay").join(format!("{}.toml", part.name));
        let text = done.file();
        println!("{text}");
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}
