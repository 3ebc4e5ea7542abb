//! Lint: Verilator with all warnings, Yosys and Icarus Verilog must have nothing to say.
use super::cache;
use super::error::FlowError;
use super::hierarchy;
use super::process::Job;
use super::tool::{self, Found, Tool};
use super::unit::{self, Unit};
use crate::hdl::verilog::File;
use rayon::prelude::*;
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// No tool may take longer.
const LIMIT: Duration = Duration::from_secs(900);
/// The tools asked.
pub const TOOLS: &[Tool] = &[Tool::Verilator, Tool::Yosys, Tool::Iverilog];

/// What one tool says.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The tool.
    pub tool: Tool,
    /// Its version; `None` if it is missing and was not asked.
    pub version: Option<String>,
    /// Every warning and error, as the tool words it; none is what we want.
    pub messages: Vec<String>,
}

/// Asks every tool about the units. A missing tool gives a report without version.
pub fn lint(units: &[Unit]) -> Result<Vec<Report>, FlowError> {
    TOOLS.par_iter().map(|tool| lint_with(*tool, units)).collect()
}

/// Asks one tool of [`TOOLS`].
pub fn lint_with(tool: Tool, units: &[Unit]) -> Result<Report, FlowError> {
    let Ok(found) = tool::resolve(tool) else { return Ok(Report { tool, version: None, messages: Vec::new() }) };
    let all: Vec<&Unit> = units.iter().collect();
    let (groups, _) = unit::split(&all, usize::MAX);
    let messages = groups
        .par_iter()
        .map(|members| {
            let members: Vec<&Unit> = members.iter().map(|i| &units[*i]).collect();
            let place = cache::dir().join("lint");
            let scratch = cache::scratch(&place).map_err(FlowError::file("write to", &place))?;
            let files = unit::write_files(&members, scratch.path())?;
            match tool {
                Tool::Verilator => members.par_iter().map(|u| verilator(&found, u, scratch.path())).collect(),
                Tool::Yosys => yosys(&found, &files, scratch.path()).map(|m| vec![m]),
                _ => iverilog(&found, &members, &files, scratch.path()).map(|m| vec![m]),
            }
        })
        .collect::<Result<Vec<Vec<Vec<String>>>, FlowError>>()?;
    Ok(Report { tool, version: Some(found.version), messages: messages.into_iter().flatten().flatten().collect() })
}

/// Runs a linter; `says` tells lines that are messages from other output.
fn ask(what: &str, command: std::process::Command, dir: &Path, says: fn(&str) -> bool) -> Result<Vec<String>, FlowError> {
    let mut command = command;
    command.current_dir(dir);
    let done = Job::new(what, command).limit(LIMIT).run_any()?;
    let mut messages: Vec<String> =
        done.stdout.lines().chain(done.stderr.lines()).filter(|l| says(l)).map(str::to_string).collect();
    if done.code != Some(0) && messages.is_empty() {
        messages.push(format!(
            "{what} ended with {:?}:\n{}",
            done.code,
            super::process::tail(&format!("{}\n{}", done.stdout, done.stderr))
        ));
    }
    Ok(messages)
}

/// Instances from which on Verilator, which elaborates every one, is asked for each module alone first.
const MANY: u64 = 1000;

/// Module by module if the unit is large; what is not clean then is decided by the whole.
fn verilator(found: &Found, unit: &Unit, dir: &Path) -> Result<Vec<String>, FlowError> {
    if let Some(parts) = hierarchy::parts(unit, MANY) {
        let clean = |part: &hierarchy::Part| {
            let place = dir.join(format!("{}.{}", unit.top, part.top));
            fs::create_dir_all(&place).map_err(FlowError::file("write to", &place))?;
            for file in &part.files {
                let path = place.join(&file.name);
                fs::write(&path, &file.text).map_err(FlowError::file("write", &path))?;
            }
            verilator_reads(found, &part.top, &part.files, &place).map(|messages| messages.is_empty())
        };
        if parts.par_iter().map(clean).collect::<Result<Vec<bool>, FlowError>>()?.into_iter().all(|clean| clean) {
            return Ok(Vec::new());
        }
    }
    verilator_reads(found, &unit.top, &unit.files, dir)
}

fn verilator_reads(found: &Found, top: &str, files: &[File], dir: &Path) -> Result<Vec<String>, FlowError> {
    let mut command = found.command();
    command.args(["--lint-only", "-Wall", "--default-language", "1364-2005", "--top-module", top]);
    command.args(files.iter().map(|f| &f.name));
    ask("Verilator's lint", command, dir, |l| l.starts_with("%Warning") || l.starts_with("%Error"))
}

fn yosys(found: &Found, files: &[String], dir: &Path) -> Result<Vec<String>, FlowError> {
    let mut command = found.command();
    // Not -q: the managed Yosys would lose its warnings.
    let script = format!("read_verilog {}; hierarchy -check; proc; check -assert", files.join(" "));
    command.args(["-Q", "-T", "-p", &script]);
    let says = |l: &str| {
        let l = l.to_ascii_lowercase();
        (l.contains("warning:") || l.contains("error:")) && !l.starts_with("found and reported 0")
    };
    ask("Yosys' check", command, dir, says)
}

fn iverilog(found: &Found, units: &[&Unit], files: &[String], dir: &Path) -> Result<Vec<String>, FlowError> {
    let mut command = found.command();
    command.args(["-g2005", "-Wall", "-t", "null"]);
    units.iter().for_each(|u| {
        command.args(["-s", &u.top]);
    });
    command.args(files);
    ask("Icarus Verilog", command, dir, |l| !l.trim().is_empty())
}
