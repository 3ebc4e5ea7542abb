//! What is measured to characterise a part: single operators, and pipelined blocks as users have them.
use crate::blocks;
use crate::flow::clocked::{Clocked, Clocking};
use crate::hdl::ir::{Design, Module, ModuleId, NameId, Node, NodeId, Port, Reset};
use crate::hdl::ops::Op;

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

/// Pipelined blocks: role, stages, block and parameters.
const BLOCKS: &[(Role, u32, &str)] = &[
    (Role::Block, 2, "mul a e4m3fn b e4m3fn out e4m3fn"),
    (Role::Block, 6, "mul a e4m3fn b e4m3fn out e4m3fn"),
    (Role::Block, 10, "mul a e5m2 b e4m3fn out fp16"),
    (Role::Block, 3, "mul a int8 b int8 out bf16"),
    (Role::Block, 2, "mac a int8 b int8 acc int32 overflow wrap"),
    (Role::Block, 3, "mac a e4m3fn b e4m3fn terms 32"),
    (Role::Block, 3, "dot a int8 b int8 lanes 4 out exact"),
    (Role::Block, 8, "dot a e2m3fn b e2m3fn lanes 4 out fp16"),
    (Role::Block, 4, "dot a int4 b int4 lanes 16 out exact"),
    (Role::Block, 2, "convert from fp32 to e4m3fn"),
    (Role::Block, 5, "convert from bf16 to e5m2"),
    (Role::Block, 1, "dot a e2m1fn b e2m1fn lanes 4 out exact"),
    (Role::Test, 1, "mul a e3m4 b e3m4 out bf16"),
    (Role::Test, 5, "mul a e3m2fn b e5m2 out e4m3fn"),
    (Role::Test, 12, "mul a e4m3 b e4m3 out bf16"),
    (Role::Test, 1, "mac a int6 b int6 acc int32 overflow wrap"),
    (Role::Test, 5, "mac a e3m4 b e3m4 terms 16"),
    (Role::Test, 2, "dot a int6 b int6 lanes 8 out exact"),
    (Role::Test, 5, "dot a e4m3fn b e4m3fn lanes 2 out bf16"),
    (Role::Test, 4, "convert from fp16 to e2m3fn"),
];

/// All of them.
pub fn samples() -> Result<Vec<Sample>, String> {
    let operators = OPERATORS.iter().map(|(name, op, args, width)| Ok(operator(name, *op, args, *width)));
    operators.chain(BLOCKS.iter().map(|(role, stages, words)| block(words, *stages, *role))).collect()
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

/// A block with so many stages.
fn block(words: &str, stages: u32, role: Role) -> Result<Sample, String> {
    let name = format!("{words} stages {stages}");
    let mut words = words.split(' ').map(str::to_string);
    let block = words.next().and_then(|w| blocks::find(&w)).ok_or_else(|| format!("no block in `{name}`"))?;
    let words: Vec<String> = words.collect();
    let params: Vec<(String, String)> = words.chunks_exact(2).map(|w| (w[0].clone(), w[1].clone())).collect();
    let block = block.configure(&params).map_err(|e| format!("{name}: {e}"))?;
    let clocking = Clocking { stages: Some(stages), model: Some(PLANNED_BY.into()), ..Clocking::default() };
    let p = Clocked::build(block, &clocking).map_err(|e| format!("{name}: {e}"))?.pipelined;
    Ok(Sample { name, design: p.design, module: p.plan.module, stages: Some(p.plan.schedule.stage), role })
}
