//! What is measured to characterise a part: single operators, and pipelined blocks as users have them.
use super::requests::{RandomBlock, below, random_block};
use crate::blocks;
use crate::flow::clocked::{ClockError, Clocked, Clocking};
use crate::hdl::ir::{Design, Module, ModuleId, NameId, Node, NodeId, Port, Reset};
use crate::hdl::ops::Op;
use crate::hdl::random::Stream;

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
    /// Fitting: a pipelined block.
    Block,
    /// A pipelined block that is predicted only.
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

/// Random pipelined blocks: what for, how many, seed. `cargo xtask timing` judges by others.
const BLOCKS: &[(Role, usize, u64)] = &[(Role::Block, 60, 1), (Role::Test, 20, 2)];
/// Largest size of a random block, in nodes before it is pipelined: larger ones take minutes to place and tell no more.
const LARGEST: usize = 1500;

/// All of them.
pub fn samples() -> Result<Vec<Sample>, String> {
    let mut all: Vec<Sample> = OPERATORS.iter().map(|(name, op, args, width)| operator(name, *op, args, *width)).collect();
    for (role, count, seed) in BLOCKS {
        let mut random = Stream(*seed);
        let mut found = 0;
        while found < *count {
            let request = random_block(&mut random);
            // Short stages and long ones, evenly in the logarithm.
            let levels = (3.0 * 20f64.powf(below(&mut random, 1000) as f64 / 999.0)) as usize;
            if let Some(sample) = block(&request, levels, *role)?.filter(|s| all.iter().all(|known| known.name != s.name)) {
                all.push(sample);
                found += 1;
            }
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
/// nothing if its parameters are not legal together.
fn block(request: &RandomBlock, levels: usize, role: Role) -> Result<Option<Sample>, String> {
    let mut words = request.words.split(' ').map(str::to_string);
    let block = words.next().and_then(|w| blocks::find(&w)).ok_or_else(|| format!("no block in `{}`", request.words))?;
    let words: Vec<String> = words.collect();
    let params: Vec<(String, String)> = words.chunks_exact(2).map(|w| (w[0].clone(), w[1].clone())).collect();
    for levels in levels.. {
        // In the units of the model that places the registers.
        let period = 160.0 + 70.0 * levels as f64;
        let clocking =
            Clocking { period_ps: Some(period), streams: request.streams, model: Some(PLANNED_BY.into()), ..Clocking::default() };
        let Ok(configured) = block.configure(&params) else { return Ok(None) };
        let name = format!("{} streams {} levels {levels}", request.words, request.streams);
        match Clocked::build(configured, &clocking) {
            Ok(clocked) => {
                let p = clocked.pipelined;
                let (module, stages) = (p.plan.module, Some(p.plan.schedule.stage));
                let sample = Sample { name, design: p.design, module, stages, role };
                return Ok((sample.module.nodes.len() <= LARGEST).then_some(sample));
            }
            Err(ClockError::Timing { .. }) => {}
            Err(e) => return Err(format!("{name}: {e}")),
        }
    }
    Ok(None)
}
