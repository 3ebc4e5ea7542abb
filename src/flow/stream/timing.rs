//! How long rows take, measured in the native simulator with a source and a sink that are always there.
use super::closed::{Pace, rehearse};
use super::plan::LENGTHS;
use super::{Runs, Shape, judge};
use crate::blocks::{Configured, Role};
use crate::flow::engine::{Engine, EngineError, Native};
use crate::flow::timed::internal;
use crate::hdl::ir::Design;
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;
use num_bigint::BigUint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cycles of rows of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowTiming {
    /// Elements of the row.
    pub elements: u32,
    /// Tokens of the row.
    pub tokens: u32,
    /// Cycles from its last input token to its first output token; negative if that comes before.
    pub latency: i64,
    /// Cycles from row to row.
    pub interval: u64,
}

/// Measures rows of 1, 8, 64 and 197 elements and of the longest, as far as the block takes them.
pub fn measure(block: &dyn Configured, design: &Design) -> Result<Vec<RowTiming>, EngineError> {
    const ROWS: usize = 3;
    let shape = Shape::new(block, design)?;
    let sim = Sim::new(design).map_err(|e| internal(e.to_string()))?;
    let mut native = Native::new(design)?;
    let rows = shape.rows;
    let mut lengths: Vec<u32> = LENGTHS.into_iter().chain([rows.longest]).collect();
    lengths.retain(|l| (rows.shortest..=rows.longest).contains(l));
    lengths.sort_unstable();
    lengths.dedup();
    let mut all = Vec::new();
    for elements in lengths {
        let count = rows.tokens(elements) as usize;
        let mut tokens = Rows::new(&shape.inputs.iter().map(|p| p.bits).collect::<Vec<_>>());
        for token in (0..ROWS).flat_map(|_| 0..count) {
            let codes = shape.inputs.iter().map(|p| match p.role {
                Role::Last => BigUint::from(token + 1 == count),
                Role::Mask => {
                    (BigUint::from(1u32) << (elements as usize - token * p.lanes as usize).min(p.lanes as usize)) - 1u32
                }
                _ => BigUint::ZERO,
            });
            tokens.push(&codes.collect::<Vec<_>>());
        }
        let length = tokens.len();
        let runs = Runs::new(block.golden().as_mut(), &shape, tokens, std::iter::once(0..length).collect());
        let trace = rehearse(&sim, &shape, &runs, 0..1, Pace::Full);
        let seen = native.run(&trace.driven, trace.cycles)?;
        let passed = judge::read(&shape, &trace, &seen, 0)?;
        let per_row = runs.expected.len() / ROWS;
        let stuck = || internal(format!("rows of {elements} elements do not come through"));
        if passed.taken_at.len() < length || per_row == 0 {
            return Err(stuck());
        }
        let first_out = *passed.there_at.get(per_row).ok_or_else(stuck)?;
        all.push(RowTiming {
            elements,
            tokens: count as u32,
            latency: first_out as i64 - passed.taken_at[2 * count - 1] as i64,
            interval: (passed.taken_at[2 * count] - passed.taken_at[count]) as u64,
        });
    }
    Ok(all)
}
