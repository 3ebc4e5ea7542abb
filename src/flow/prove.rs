//! Proofs that a pipeline computes what the block does without it, shifted by its stages.
//!
//! The printed Verilog of both stands in one circuit: the plain block behind registers that delay its
//! inputs (up to the stage of its state) and before registers that delay its outputs (from there on).
//! One bit says that they differ. ABC proves by induction over clock cycles that it stays 0 for all
//! inputs at all times: its `dprove` merges what is equal in both (signal correspondence) until
//! nothing is left. Reset is an input too, so that a proof covers every restart with whatever the
//! pipeline holds by then. A result that ran out of time is no proof, and is not called one.
use super::error::FlowError;
use super::process::{Job, ProcessError};
use super::tool::{Found, Tool, resolve};
use super::unit::Unit;
use crate::blocks::Configured;
use crate::hdl::ir::Design;
use crate::hdl::pass;
use crate::hdl::timing::insert::Register;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// True for all inputs at all times.
    Proved,
    /// False.
    Refuted,
    /// Not decided, as far as the tool was given time.
    Unproved,
}

/// An attempt at a proof, and all that is needed to repeat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// What was to be shown.
    pub claim: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What the tool said last.
    pub answer: String,
    /// How.
    pub method: String,
    /// Tools with their versions.
    pub tools: String,
    /// The commands given to the tools.
    pub commands: Vec<String>,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// Ways from Verilog to an and-inverter graph with registers.
const TO_AIG: &[&str] = &[
    "hierarchy -check -top ng_miter",
    "proc",
    "flatten",
    "opt_clean",
    "memory_map",
    "async2sync",
    "dffunmap",
    "techmap",
    "simplemap",
    "dffunmap",
    "setundef -zero -init",
    "opt_expr",
    "opt_clean",
    "aigmap",
    "opt_clean",
    "write_aiger -zinit miter.aig",
];
/// Clock cycles that one step of an induction over signals spans, at least.
const SPAN: u32 = 4;

/// What ABC does. Where both circuits have state, signals that are equal in both are merged first.
fn induction_script(stateful: bool, stages: u32) -> String {
    let merge = if stateful { format!("scorr -F {}; ", SPAN.max(stages + 1)) } else { String::new() };
    format!("read_aiger miter.aig; strash; {merge}dprove")
}

/// Tries to prove that the hardware of a block, which has a pipeline and takes a datum in every cycle,
/// shows what the block shows without, later by its stages.
pub fn pipeline(block: &dyn Configured, design: &Design, limit: Duration) -> Result<Proof, FlowError> {
    let usage = |message: &str| FlowError::Usage { message: message.into(), help: "ask for --stages or --fmax".into() };
    let pipelined = block.pipelined().ok_or_else(|| usage("without a pipeline there is nothing to prove"))?;
    if block.stateful() && pipelined.streams > 1 {
        return Err(usage("streams that take turns cannot be proved yet; `narrowgen check` samples them"));
    }
    let hardware = Unit::from_design(design);
    let plain = Unit::from_design(&pass::optimize(&block.rtl().map_err(FlowError::Circuit)?));
    if hardware.inputs != plain.inputs || hardware.outputs != plain.outputs {
        return Err(usage("only pipelines that take a datum in every cycle (--flow fixed) can be proved yet"));
    }
    // The stage of the state, where the plain block's state is at the same time the same.
    let stage = pipelined.registers.values().filter_map(|r| if let Register::Declared(s) = r { Some(*s) } else { None }).max();
    let stages = pipelined.stages;
    let miter = miter(&hardware, &plain, stage.unwrap_or(stages), stages);
    let mut files: Vec<(String, &str)> = vec![("miter.v".into(), &miter)];
    files.extend(hardware.files.iter().map(|f| (format!("hardware_{}", f.name), f.text.as_str())));
    files.extend(plain.files.iter().map(|f| (format!("plain_{}", f.name), f.text.as_str())));
    let claim = format!("{} = {} {stages} cycles later", hardware.top, plain.top);
    induction(claim, &files, &induction_script(block.stateful(), stages), limit)
}

/// Tries to prove by induction that the output of module `ng_miter` is 0 at all times.
pub fn induction(claim: String, files: &[(String, &str)], script: &str, limit: Duration) -> Result<Proof, FlowError> {
    let start = Instant::now();
    let (yosys, abc) = tools()?;
    let dir = tempfile::tempdir().map_err(FlowError::file("make a folder in", &std::env::temp_dir()))?;
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).map_err(FlowError::file("write", &path))
    };
    files.iter().try_for_each(|(name, text)| write(name, text))?;
    let mut commands: Vec<String> = files.iter().map(|(name, _)| format!("read_verilog {name}")).collect();
    commands.extend(TO_AIG.iter().map(|c| c.to_string()));
    write("run.ys", &(commands.join("\n") + "\n"))?;
    let mut command = yosys.command();
    command.current_dir(dir.path()).args(["-s", "run.ys"]);
    Job::new("reading both circuits into Yosys", command).limit(limit).run()?;
    commands.push(script.into());
    let mut command = std::process::Command::new(&abc);
    command.current_dir(dir.path()).args(["-c", script]);
    let (verdict, answer) = match Job::new("the proof in ABC", command).limit(limit).run() {
        Ok(done) => judge(&done.stdout),
        Err(ProcessError::TimedOut { .. }) => (Verdict::Unproved, format!("no answer within {} s", limit.as_secs())),
        Err(e) => return Err(e.into()),
    };
    Ok(Proof {
        claim,
        verdict,
        answer,
        method: "induction over clock cycles (ABC dprove on the and-inverter graph of both circuits)".into(),
        tools: format!("yosys {} with its ABC", yosys.version),
        commands,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// What ABC said. Only its own words count as an answer.
fn judge(text: &str) -> (Verdict, String) {
    let words = |what: &str| text.lines().rev().find(|l| l.contains(what)).map(|l| l.trim().to_string());
    if let Some(line) = words("Networks are equivalent.") {
        return (Verdict::Proved, line);
    }
    // Circuits without registers.
    if let Some(line) = text.lines().rev().find(|l| l.trim_start().starts_with("UNSATISFIABLE")) {
        return (Verdict::Proved, line.trim().to_string());
    }
    if text.lines().any(|l| l.trim_start().starts_with("SATISFIABLE")) {
        return (Verdict::Refuted, "the circuits differ".into());
    }
    if words("Networks are not equivalent").or_else(|| words("Networks are NOT EQUIVALENT")).is_some() {
        let line = words("was asserted in frame").unwrap_or_else(|| "the circuits differ".into());
        return (Verdict::Refuted, line);
    }
    (Verdict::Unproved, text.lines().last().unwrap_or("no answer").trim().to_string())
}

/// Yosys, and the ABC that comes with it.
fn tools() -> Result<(Found, PathBuf), FlowError> {
    let yosys = resolve(Tool::Yosys)?;
    let beside = |path: PathBuf| path.parent().map(|dir| dir.join("yosys-abc"));
    let program = yosys.argv.first().map(PathBuf::from).and_then(beside);
    let managed = yosys.root.clone().and_then(beside);
    let abc = managed.into_iter().chain(program).find(|p| p.is_file()).unwrap_or_else(|| "yosys-abc".into());
    Ok((yosys, abc))
}

/// Both circuits on the same inputs; `before` of the delays of the plain one stand at its inputs.
fn miter(hardware: &Unit, plain: &Unit, before: u32, stages: u32) -> String {
    let range = |bits: u32| format!("[{}:0]", bits - 1);
    let mut v = String::from("module ng_miter (\n  input wire clk,\n  input wire rst");
    for (name, bits) in &hardware.inputs {
        let _ = write!(v, ",\n  input wire {} {name}", range(*bits));
    }
    v.push_str(",\n  output wire differ\n);\n");
    let delay = |v: &mut String, name: &str, bits: u32, from: u32, to: u32| {
        for i in from..to {
            let _ = writeln!(
                v,
                "  reg {} {name}_d{};\n  always @(posedge clk) {name}_d{} <= {name}_d{i};",
                range(bits),
                i + 1,
                i + 1
            );
        }
    };
    // What entered before or during a reset is nothing to compare.
    let _ = writeln!(v, "  reg seen = 1'b0;\n  always @(posedge clk) seen <= seen | rst;");
    let _ = writeln!(v, "  wire warm_0 = {};", if hardware.reset || plain.reset { "seen & ~rst" } else { "1'b1" });
    for i in 0..stages {
        let hold = if hardware.reset || plain.reset { " & ~rst" } else { "" };
        let _ = writeln!(v, "  reg warm_{} = 1'b0;\n  always @(posedge clk) warm_{} <= warm_{i}{hold};", i + 1, i + 1);
    }
    // The plain block is in reset until the first datum has come through the registers before it.
    let _ = writeln!(v, "  wire rst_d0 = rst;");
    delay(&mut v, "rst", 1, 0, before);
    let resets: Vec<String> = (0..=before).map(|i| format!("rst_d{i}")).collect();
    let _ = writeln!(v, "  wire plain_rst = {};", resets.join(" | "));
    let (mut a, mut b) = (hardware.control_pins("clk", "rst"), plain.control_pins("clk", "plain_rst"));
    for (name, bits) in &hardware.inputs {
        let _ = writeln!(v, "  wire {} {name}_d0 = {name};", range(*bits));
        delay(&mut v, name, *bits, 0, before);
        a.push(format!(".{name}({name})"));
        b.push(format!(".{name}({name}_d{before})"));
    }
    let mut differ = Vec::new();
    for (name, bits) in &hardware.outputs {
        let _ = writeln!(v, "  wire {0} {name}_hardware;\n  wire {0} {name}_d{before};", range(*bits));
        delay(&mut v, name, *bits, before, stages);
        a.push(format!(".{name}({name}_hardware)"));
        b.push(format!(".{name}({name}_d{before})"));
        differ.push(format!("({name}_hardware != {name}_d{stages})"));
    }
    let _ = writeln!(v, "  {} hardware ({});\n  {} plain ({});", hardware.top, a.join(", "), plain.top, b.join(", "));
    let _ = writeln!(v, "  assign differ = warm_{stages} & ({});\nendmodule", differ.join(" | "));
    v
}
