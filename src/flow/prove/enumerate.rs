//! Pipelines without state, by every input: up to 2^24 of them take Verilator a second, where a solver stalls at 8 × 8 bits.
use super::{Proof, Verdict};
use crate::flow::error::FlowError;
use crate::flow::unit::Unit;
use crate::flow::verilator;
use crate::hdl::ir::{Design, Module, NodeId};
use crate::hdl::ops::Op;
use std::time::{Duration, Instant};

/// Most input bits.
const BITS: u32 = 24;
/// Inputs at a time.
const STEP: u64 = 1 << 18;

/// True if every input can be tried, and each result depends on the inputs of one cycle only, `stages` cycles before.
pub fn suits(design: &Design, stages: u32) -> bool {
    let m = design.top();
    m.inputs.iter().map(|p| p.width).sum::<u32>() <= BITS && m.instances.is_empty() && balanced(m, stages)
}

/// Every path from an input to an output passes just so many registers, none of which ever holds.
fn balanced(m: &Module, stages: u32) -> bool {
    if !m.rams.is_empty() || m.states.iter().any(|s| s.enable.is_some()) {
        return false;
    }
    // Registers between the inputs and each node: `Any` of constants.
    #[derive(Clone, Copy, PartialEq)]
    enum Depth {
        Unknown,
        Any,
        Is(u32),
        Mixed,
    }
    use Depth::*;
    let join = |a: Depth, b: Depth| match (a, b) {
        (Any, x) | (x, Any) => x,
        (Unknown, x) | (x, Unknown) => x,
        (Is(x), Is(y)) if x == y => a,
        _ => Mixed,
    };
    let mut depth = vec![Unknown; m.nodes.len()];
    // A register may be read before what it takes is known: once more for each stage.
    for _ in 0..stages + 2 {
        for i in 0..m.nodes.len() {
            let node = m.node(NodeId(i as u32));
            depth[i] = match node.op {
                Op::Const => Any,
                Op::Input => Is(0),
                Op::State => match depth[m.states[node.imm as usize].next.index()] {
                    Is(n) => Is(n + 1),
                    other => other,
                },
                _ => {
                    let args = m.args(NodeId(i as u32));
                    if args.iter().any(|a| depth[a.index()] == Unknown) {
                        Unknown
                    } else {
                        args.iter().fold(Any, |d, a| join(d, depth[a.index()]))
                    }
                }
            };
        }
    }
    // A register of a constant starts as something else.
    let steady = m.states.iter().all(|s| matches!(depth[s.read.index()], Is(_)));
    steady
        && m.outputs
            .iter()
            .all(|p| matches!(depth[p.node.index()], Any | Is(_)) && join(depth[p.node.index()], Is(stages)) == Is(stages))
}

/// Runs both on every input and compares; without an answer after `limit`, nothing is proved.
pub fn prove(claim: String, hardware: &Unit, plain: &Unit, stages: u32, limit: Duration) -> Result<Proof, FlowError> {
    let start = Instant::now();
    let model = verilator::build(&[hardware.clone(), plain.clone()])?;
    let bits: u32 = plain.input_widths().iter().sum();
    let (total, late) = (1u64 << bits, u64::from(stages));
    let mut verdict = (Verdict::Proved, format!("equal for all {total} inputs"));
    for first in (0..total).step_by(STEP as usize) {
        if start.elapsed() > limit {
            verdict = (Verdict::Unproved, format!("no answer within {} s", limit.as_secs()));
            break;
        }
        let n = STEP.min(total - first);
        // Codes past the last one are cut off to codes again; what they give is not looked at.
        let (shown, wanted) = (model.count(0, first, n + late)?, model.count(1, first, n)?);
        let shown = &shown.words()[stages as usize * shown.stride()..];
        if shown.len() != wanted.words().len() {
            return Err(FlowError::Simulation(format!("`{}` and `{}` have other outputs", hardware.top, plain.top)));
        }
        if let Some(at) = shown.iter().zip(wanted.words()).position(|(x, y)| x != y) {
            verdict = (Verdict::Refuted, format!("they differ for input {:#x}", first + (at / wanted.stride().max(1)) as u64));
            break;
        }
    }
    Ok(Proof {
        claim,
        verdict: verdict.0,
        answer: verdict.1,
        method: format!("enumeration of all 2^{bits} inputs; every path passes {stages} registers, none of which holds"),
        tools: format!("verilator {}", verilator::version()?),
        commands: Vec::new(),
        seconds: start.elapsed().as_secs_f64(),
    })
}
