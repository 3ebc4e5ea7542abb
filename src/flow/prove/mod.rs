//! Proofs that a pipeline computes what the block does without it, shifted by its stages.
//!
//! The printed Verilog of both stands in one circuit: the plain block behind registers that delay its
//! inputs (up to the stage of its state) and before registers that delay its outputs (from there on).
//! One bit says that they differ. ABC proves by induction over clock cycles that it stays 0 for all
//! inputs at all times: its `dprove` merges what is equal in both (signal correspondence) until
//! nothing is left. Reset is an input too, so that a proof covers every restart with whatever the
//! pipeline holds by then. A pipeline without state and with few input bits is run on every input instead (`enumerate`). A result that ran out of time is no proof, and is not called one.
mod enumerate;
mod handshake;

pub use handshake::handshake;

use crate::blocks::Configured;
use crate::flow::error::FlowError;
use crate::flow::process::{Job, ProcessError};
use crate::flow::tool::{Found, Tool, resolve};
use crate::flow::unit::Unit;
use crate::hdl::ir::{Design, NodeId};
use crate::hdl::ops::Op;
use crate::hdl::pass;
use crate::hdl::timing::flow::Flow;
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
    let enable = block.clocking().is_some_and(|c| c.flow == Flow::Enable);
    let hardware = Unit::from_design(design);
    let plain = Unit::from_design(&pass::optimize(&block.rtl().map_err(FlowError::Circuit)?));
    let data = |u: &Unit| u.inputs.iter().filter(|(name, _)| name != "ce").cloned().collect::<Vec<_>>();
    if data(&hardware) != data(&plain) || hardware.outputs != plain.outputs {
        return Err(usage("a stream is proved in two parts: its pipeline with --flow fixed, and its handshake"));
    }
    // The stage of the state, where the plain block's state is at the same time the same.
    let stage = pipelined.registers.values().filter_map(|r| if let Register::Declared(s) = r { Some(*s) } else { None }).max();
    let stages = pipelined.stages;
    let mut claim = format!("{} = {} {stages} cycles later", hardware.top, plain.top);
    if !block.stateful() && enumerate::suits(design, stages) {
        return enumerate::prove(claim, &hardware, &plain, stages, limit);
    }
    let miter = miter(&hardware, &plain, stage.unwrap_or(stages), stages);
    let mut files: Vec<(String, &str)> = vec![("miter.v".into(), &miter)];
    files.extend(hardware.files.iter().map(|f| (format!("hardware_{}", f.name), f.text.as_str())));
    files.extend(plain.files.iter().map(|f| (format!("plain_{}", f.name), f.text.as_str())));
    if enable {
        // A register that holds while `ce` is 0 sees only the cycles in which it is 1.
        if !holds_without_ce(design) {
            return Err(FlowError::Output(format!("a register of {} moves while `ce` is 0", hardware.top)));
        }
        claim.push_str(", cycles without `ce` not counted");
    }
    induction(claim, &files, &induction_script(block.stateful(), stages), limit)
}

/// True if every register of a design holds while its input `ce` is 0: its enable is `ce`, or `ce` and more.
fn holds_without_ce(design: &Design) -> bool {
    let m = design.top();
    let Some(ce) = m.inputs.iter().find(|p| p.name == "ce").map(|p| p.node) else { return false };
    let mut needs: Vec<bool> = Vec::with_capacity(m.nodes.len());
    for i in 0..m.nodes.len() as u32 {
        let id = NodeId(i);
        let and = m.node(id).op == Op::And && m.args(id).iter().any(|a| needs[a.index()]);
        needs.push(id == ce || (and && m.width(id) == 1));
    }
    m.states.iter().all(|s| s.enable.is_some_and(|e| needs[e.index()]))
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
    if let Some(line) = words("Networks are equivalent.").or_else(|| words("Property proved.")) {
        return (Verdict::Proved, line);
    }
    // Circuits without registers.
    if let Some(line) = text.lines().rev().find(|l| l.trim_start().starts_with("UNSATISFIABLE")) {
        return (Verdict::Proved, line.trim().to_string());
    }
    if text.lines().any(|l| l.trim_start().starts_with("SATISFIABLE")) {
        return (Verdict::Refuted, "the circuits differ".into());
    }
    let frame = words("was asserted in frame");
    if let Some(line) = words("Networks are not equivalent").or_else(|| words("Networks are NOT EQUIVALENT")).or(frame.clone()) {
        return (Verdict::Refuted, frame.unwrap_or(line));
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

/// Both circuits on the same inputs; `before` of the delays of the plain one stand at its inputs. An enable `ce` of the
/// hardware is 1: what it does at 0 is known.
fn miter(hardware: &Unit, plain: &Unit, before: u32, stages: u32) -> String {
    let range = |bits: u32| format!("[{}:0]", bits - 1);
    let mut v = String::from("module ng_miter (\n  input wire clk,\n  input wire rst");
    let data = || hardware.inputs.iter().filter(|p| p.0 != "ce");
    for (name, bits) in data() {
        let _ = write!(v, ",\n  input wire {} {name}", range(*bits));
    }
    v.push_str(",\n  output wire differ\n);\n");
    let delay = |v: &mut String, name: &str, bits: u32, from: u32, to: u32| {
        for i in from..to {
            let next = i + 1;
            let _ = writeln!(v, "  reg {} {name}_d{next};", range(bits));
            let _ = writeln!(v, "  always @(posedge clk) {name}_d{next} <= {name}_d{i};");
        }
    };
    // What entered before or during a reset is nothing to compare.
    let reset = hardware.reset || plain.reset;
    let _ = writeln!(v, "  reg seen = 1'b0;\n  always @(posedge clk) seen <= seen | rst;");
    let _ = writeln!(v, "  wire warm_0 = {};", if reset { "seen & ~rst" } else { "1'b1" });
    let stop = if reset { "if (rst) warm_N <= 1'b0; else " } else { "" };
    for i in 0..stages {
        let name = format!("warm_{}", i + 1);
        let stop = stop.replace("warm_N", &name);
        let _ = writeln!(v, "  reg {name} = 1'b0;\n  always @(posedge clk) {stop}{name} <= warm_{i};");
    }
    // The plain block is in reset until the first datum has come through the registers before it.
    let _ = writeln!(v, "  wire plain_rst = {};", if reset { format!("rst | ~warm_{before}") } else { "1'b0".into() });
    let (mut a, mut b) = (hardware.control_pins("clk", "rst"), plain.control_pins("clk", "plain_rst"));
    a.extend(hardware.inputs.iter().filter(|p| p.0 == "ce").map(|_| ".ce(1'b1)".to_string()));
    for (name, bits) in data() {
        a.push(format!(".{name}({name})"));
        let _ = writeln!(v, "  wire {} {name}_d0 = {name};", range(*bits));
        delay(&mut v, name, *bits, 0, before);
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
