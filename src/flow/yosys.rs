//! Synthesis with Yosys: cell counts, and netlists for place and route and for simulation.
//!
//! One design per process: state leaks from one design to the next inside Yosys. Every run has a
//! folder of its own and sees only relative file names, so results do not depend on the machine.
use super::error::FlowError;
use super::process::Job;
use super::report::{Provenance, SynthReport, parse_stat};
use super::target::Target;
use super::tool::{Found, Tool, ToolError, managed, resolve};
use crate::hdl::verilog::File;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// Longest time for one synthesis.
const LIMIT: Duration = Duration::from_secs(1800);
/// File name of the JSON netlist.
pub const NETLIST_JSON: &str = "netlist.json";
/// File name of the Verilog netlist.
pub const NETLIST_VERILOG: &str = "netlist.v";

/// How to map a design.
#[derive(Clone, Debug)]
pub struct Options {
    /// Family option of the target's command; empty for the target's default.
    pub family: String,
    /// Multiplier blocks may be used.
    pub dsp: bool,
    /// For place and route: with pads, and written out as JSON and Verilog.
    pub place: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { family: String::new(), dsp: true, place: false }
    }
}

/// A synthesised design.
pub struct Synthesised {
    /// Cell counts and how they came about.
    pub report: SynthReport,
    /// Data folder of the Yosys that made it, with the vendors' cell libraries.
    pub share: Option<PathBuf>,
    dir: TempDir,
}

impl Synthesised {
    /// A file of the run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Reads a file of the run.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, FlowError> {
        let path = self.path(name);
        std::fs::read(&path).map_err(FlowError::file("read", &path))
    }

    /// Puts a file beside those of the run.
    pub fn write(&self, name: &str, text: &str) -> Result<(), FlowError> {
        let path = self.path(name);
        std::fs::write(&path, text).map_err(FlowError::file("write", &path))
    }
}

/// Cell counts of a design.
pub fn synth(files: &[File], top: &str, target: Target, options: &Options) -> Result<SynthReport, FlowError> {
    synthesise(files, top, target, options).map(|s| s.report)
}

/// Synthesises a design and keeps the files of the run.
pub fn synthesise(files: &[File], top: &str, target: Target, options: &Options) -> Result<Synthesised, FlowError> {
    let yosys = yosys_for(target)?;
    let dir = tempfile::tempdir().map_err(FlowError::file("make a folder in", &std::env::temp_dir()))?;
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).map_err(FlowError::file("write", &path))
    };
    files.iter().chain(target.map_file().as_ref()).try_for_each(|f| write(&f.name, &f.text))?;
    let commands = commands(files, top, target, options);
    write("run.ys", &(commands.join("\n") + "\n"))?;
    let mut command = yosys.command();
    command.current_dir(dir.path()).args(["-s", "run.ys"]);
    Job::new(format!("synthesis of `{top}` for {target}"), command).limit(LIMIT).run()?;
    let stat = std::fs::read_to_string(dir.path().join("stat.json"))
        .map_err(|e| FlowError::Output(format!("Yosys left no cell statistics: {e}")))?;
    let (cells, transistors) = parse_stat(&stat).map_err(FlowError::Output)?;
    let tool = Provenance { name: "yosys".into(), version: yosys.version, commands };
    Ok(Synthesised { report: SynthReport::from_cells(target, cells, transistors, options.dsp, tool), share: yosys.root, dir })
}

/// First minor version whose `synth_gowin` knows families and multiplier blocks.
const GOWIN_SINCE: u32 = 50;

/// The Yosys in use; for Gowin the managed one if that in use is too old.
fn yosys_for(target: Target) -> Result<Found, FlowError> {
    let found = resolve(Tool::Yosys)?;
    let minor = found.version.split(['.', '+']).nth(1).and_then(|m| m.parse::<u32>().ok());
    if target != Target::Gowin || !found.version.starts_with("0.") || minor.is_none_or(|m| m >= GOWIN_SINCE) {
        return Ok(found);
    }
    managed().and_then(|set| set.tool(Tool::Yosys)).ok_or_else(|| {
        FlowError::Tool(ToolError {
            tool: Tool::Yosys,
            message: format!("Gowin devices need Yosys 0.{GOWIN_SINCE} or newer; the one in use is {}", found.version),
            help: "run `narrowgen tools install`".into(),
        })
    })
}

/// The whole script.
fn commands(files: &[File], top: &str, target: Target, options: &Options) -> Vec<String> {
    let family = if options.family.is_empty() { target.default_family() } else { &options.family };
    let mut commands: Vec<String> = files.iter().map(|f| format!("read_verilog {}", f.name)).collect();
    commands.push(format!("hierarchy -check -top {top}"));
    // What `flatten` notes of the hierarchy would be counted as cells.
    commands.extend(["proc", "flatten", "delete t:$scopeinfo", "opt_clean"].map(String::from));
    commands.extend(target.map_commands(top, family, options.dsp, options.place));
    commands.push(format!("tee -q -o stat.json {}", target.stat_command()));
    if options.place {
        commands.push(format!("write_json {NETLIST_JSON}"));
        commands.push(format!("write_verilog -noattr {NETLIST_VERILOG}"));
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Configured;
    use crate::flow::testblock::TestMac;
    use crate::flow::tool::for_tests;
    use crate::hdl::prelude::Reset;
    use crate::hdl::verilog;

    #[test]
    fn every_target_counts_the_registers_and_reports_the_same_every_time() {
        if !for_tests("every_target_counts_the_registers_and_reports_the_same_every_time", &[Tool::Yosys]) {
            return;
        }
        let design = TestMac { terms: 5, reset: Reset::Sync }.design().unwrap();
        let files = verilog::print(&design);
        let report = |target, dsp| synth(&files, "testmac_5", target, &Options { dsp, ..Options::default() }).unwrap();
        for target in Target::ALL {
            let with = report(target, true);
            // A DSP48E1 takes the accumulator in.
            assert_eq!(with.ff, Some(if target == Target::Xc7 { 0 } else { 40 }), "{target}");
            assert_eq!(with.gates.is_some(), target == Target::Generic);
            assert_eq!(with.transistors.is_some(), target == Target::Generic);
            let without = report(target, false);
            assert_eq!(without, report(target, false), "{target}");
            if target.routable() || target == Target::Xc7 {
                let most = if target == Target::Ice40 { 0 } else { 1 };
                assert_eq!((with.dsp, without.dsp), (Some(most), Some(0)), "{target}");
                assert!(without.lut > Some(100) && without.ff == Some(40), "{target}: {without:?}");
            }
        }
    }

    #[test]
    fn a_refused_design_quotes_the_tool() {
        if !for_tests("a_refused_design_quotes_the_tool", &[Tool::Yosys]) {
            return;
        }
        let file = File { name: "bad.v".into(), text: "module bad (input a);\n  nosuch u (a);\nendmodule\n".into() };
        let error = synth(&[file], "bad", Target::Ecp5, &Options::default()).unwrap_err();
        assert!(error.code() == 3 && error.to_string().contains("nosuch"), "{error}");
    }
}
