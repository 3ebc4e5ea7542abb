//! What is measured to characterise a part: single operators, and pipelined blocks as users have them.
use super::requests::{RandomBlock, below, random_block, random_clock};
use crate::blocks;
use crate::flow::clocked::{ClockError, Clocked, Clocking};
use crate::flow::delay;
use crate::flow::target::Target;
use crate::hdl::ir::{Design, Module, ModuleId, NameId, Node, NodeId, Port, Reset};
use crate::hdl::ops::Op;
use crate::hdl::random::Stream;
use crate::hdl::timing::delay::DelayModel;

/// A design with what the estimator needs of it.
pub struct Sample {
    /// What it is.
    pub name: String,
    /// The hardware.
    pub design: Design,
    /// The circuit as estimated.
    pub module: Module,
    /// Stage of each of its nodes; nothing if all is one stage.
    pub stages: Option<Vec<u32>>,
    /// What it is for.
    pub role: Role,
}

/// What a sample is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Fitting: one operator between registers.
    Operator,
    /// Fitting: a block pipelined by the model of another part.
    Block,
    /// Fitting: a block pipelined by an earlier fit for a clock of its own. Registers stand where that fit
    /// believed there was time left, so what it is too sure of shows here.
    Planned,
    /// A block pipelined like that and predicted only.
    Test,
}

/// The delay model that places the registers of the blocks: the same for every part and never
/// fitted, so that all parts measure the same designs, in every run.
const PLANNED_BY: &str = "generic";

/// Operators: name, operator, operand widths, result width.
const OPERATORS: &[(&str, Op, &[u32], u32)] = &[
    ("add8", Op::Add, &[8, 8], 8),
    ("add16", Op::Add, &[16, 16], 16),
    ("add32", Op::Add, &[32, 32], 32),
    ("less16", Op::LtU, &[16, 16], 1),
    ("equal24", Op::Eq, &[24, 24], 1),
    ("parity16", Op::RedXor, &[16], 1),
    ("shift16", Op::ShrU, &[16, 4], 16),
    ("select64", Op::Mux, &[1, 64, 64], 64),
    ("multiply6", Op::MulU, &[6, 6], 12),
];

/// Random blocks that the other model pipelines: how many, seed.
const BLOCKS: (usize, u64) = (60, 1);
/// Largest size of a random block, in nodes before it is pipelined: larger ones take minutes to place and tell no more.
const LARGEST: usize = 1500;

/// Operators, and blocks that are the same for every part.
pub fn samples() -> Result<Vec<Sample>, String> {
    let mut all: Vec<Sample> = OPERATORS.iter().map(|(name, op, args, width)| operator(name, *op, args, *width)).collect();
    let (count, seed) = BLOCKS;
    let generic = delay::model(PLANNED_BY).map_err(|e| e.to_string())?;
    let mut random = Stream(seed);
    let mut found = 0;
    while found < count {
        let request = random_block(&mut random);
        // Short stages and long ones, evenly in the logarithm.
        let levels = (3.0 * 20f64.powf(below(&mut random, 1000) as f64 / 999.0)) as usize;
        if let Some(sample) = block(&request, levels, &generic)?.filter(|s| all.iter().all(|known| known.name != s.name)) {
            all.push(sample);
            found += 1;
        }
    }
    Ok(all)
}

/// Random blocks at random clocks as users have them: pipelined by `model`, the margin kept. `cargo xtask timing`
/// judges by others.
pub fn planned(model: &DelayModel, target: Target, role: Role, count: usize, seed: u64) -> Result<Vec<Sample>, String> {
    let mut random = Stream(seed);
    let mut all: Vec<Sample> = Vec::new();
    while all.len() < count {
        let request = random_block(&mut random);
        let mhz = random_clock(&mut random, target);
        let clocking = Clocking { period_ps: Some(1e6 / mhz), streams: request.streams, ..Clocking::default() };
        let Some(configured) = blocks::from_words(&request.words).ok() else { continue };
        let clocked = match Clocked::with_model(configured, &clocking, model.clone()) {
            Ok(clocked) => clocked,
            Err(ClockError::Timing { .. }) => continue,
            Err(e) => return Err(format!("{}: {e}", request.words)),
        };
        // As printed: the prediction that users see.
        let design = clocked.pipelined.design;
        let module = design.top().clone();
        let name = format!("{} streams {} at {mhz} MHz", request.words, request.streams);
        if module.nodes.len() <= 2 * LARGEST && all.iter().all(|known| known.name != name) {
            all.push(Sample { name, design, module, stages: None, role });
        }
    }
    Ok(all)
}

/// One operator over input ports.
fn operator(name: &str, op: Op, args: &[u32], width: u32) -> Sample {
    let mut m = Module { name: name.into(), ..Module::default() };
    let inputs: Vec<NodeId> = args
        .iter()
        .enumerate()
        .map(|(i, width)| {
            let node = m.push(Node { op: Op::Input, width: *width, args: [NodeId(0); 3], imm: i as u32 }, NameId(0), None);
            m.inputs.push(Port { name: format!("a{i}"), width: *width, node });
            node
        })
        .collect();
    let node = m.push_op(op, width, &inputs, 0, NameId(0), None);
    m.outputs.push(Port { name: "y".into(), width, node });
    let design = Design { modules: vec![m.clone()], top: ModuleId(0), reset: Reset::None };
    Sample { name: name.into(), design, module: m, stages: None, role: Role::Operator }
}

/// A block with about so many levels of logic between registers, or more if a loop of it needs them;
/// nothing if its parameters are not legal together, or if it is large.
fn block(request: &RandomBlock, levels: usize, model: &DelayModel) -> Result<Option<Sample>, String> {
    for levels in levels.. {
        // In the units of the model that places the registers.
        let period = 160.0 + 70.0 * levels as f64;
        let clocking = Clocking { period_ps: Some(period), streams: request.streams, ..Clocking::default() };
        let Some(configured) = blocks::from_words(&request.words).ok() else { return Ok(None) };
        let name = format!("{} streams {} levels {levels}", request.words, request.streams);
        match Clocked::with_model(configured, &clocking, model.clone()) {
            Ok(clocked) => {
                let p = clocked.pipelined;
                let (module, stages) = (p.plan.module, Some(p.plan.schedule.stage));
                let sample = Sample { name, design: p.design, module, stages, role: Role::Block };
                return Ok((sample.module.nodes.len() <= LARGEST).then_some(sample));
            }
            Err(ClockError::Timing { .. }) => {}
            Err(e) => return Err(format!("{name}: {e}")),
        }
    }
    Ok(None)
}
