//! Cut operators that are slower than a clock period into networks of faster ones.
//!
//! Registers can only stand between operators, so what does not fit between two of them must become
//! several: sums and differences become chunks with explicit carries, products become rows and
//! a tree of adders, variable shifts a ladder of multiplexers, comparisons, reductions and big tables
//! trees. Chains of one associative operator are balanced. The result computes the same on every
//! input; a piece is named after the whole.
//!
//! Chunks ripple: chunk i waits for the carry of chunk i - 1, so that the scheduler can put each
//! one stage after the one before. A carry-select adder has no shorter latency in a chain of adders (the
//! next sum starts with the low chunk anyway), stores two sums of the upper part where a ripple stores its two
//! operands, and takes nearly twice the area.
mod add;
mod balance;
mod multiply;
mod shift;
mod tree;

pub(super) use add::{add_chunk, evenly};

use super::delay::DelayModel;
use super::flatten::flatten;
use super::loops::{break_loops, components};
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use crate::pass::{Rebuild, optimize, per_module};

/// What operators have to fit into.
#[derive(Clone, Debug)]
pub struct SplitOptions {
    /// Clock period in picoseconds.
    pub period_ps: f64,
    /// Delays of the part.
    pub model: DelayModel,
    /// How accumulators that are too slow become faster.
    pub accumulator: Accumulator,
    /// Cycles that a loop through declared state may take (independent streams that take turns).
    pub streams: u32,
}

/// How an accumulator that wraps around is kept when its loop is too slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accumulator {
    /// Whichever of the others is cheapest among those that fit.
    #[default]
    Auto,
    /// In chunks of its own adder.
    Chunked,
    /// In chunks that are never cleared: a second register holds the sum at the last clear, to be subtracted.
    Difference,
    /// Sum and carries apart.
    CarrySave,
}

/// The smallest piece of a carry chain worth its own carry column, in bits, whatever the clock.
pub(super) const LEAST_CHUNK: u32 = 4;

/// Most sweeps; a bound for safety, two are enough.
const ROUNDS: usize = 5;

/// A flat design without an operator that is slower than the period, as far as pieces can be made
/// that small. Same behaviour; carries and rows are new nodes.
pub fn split(design: &Design, options: &SplitOptions) -> Design {
    let flat = optimize(&per_module(&optimize(&flatten(design)), |m| balance::balance(m, &options.model)));
    let mut flat = break_loops(&flat, options);
    // Pieces let the folder see more, and what it makes of them may be too slow again.
    for _ in 0..ROUNDS {
        let next = optimize(&per_module(&flat, |m| sweep(m, options)));
        if next == flat {
            break;
        }
        flat = next;
    }
    flat
}

fn sweep(old: &Module, options: &SplitOptions) -> Module {
    let mut s = Splitter::new(old, options);
    // No register can stand inside a loop that has a single cycle: carries would only make it longer.
    let mut whole = vec![false; old.nodes.len()];
    if options.streams <= 1 {
        components(old).iter().flat_map(|c| &c.nodes).for_each(|id| whole[id.index()] = true);
    }
    for (i, whole) in whole.into_iter().enumerate() {
        let id = NodeId(i as u32);
        s.f.r.loc = old.locs[i];
        s.name = old.name_of(id).map(str::to_string);
        s.whole = whole;
        let node = old.node(id);
        let new = match node.op {
            op if op.info().is_none() => s.f.r.leaf(id),
            Op::Table => s.table(&old.tables[node.imm as usize], s.f.r.get(old.args(id)[0])),
            op => s.make(op, node.width, &s.f.r.args(id), node.imm),
        };
        s.f.r.set(id, new);
    }
    s.f.r.finish()
}

/// Builds nodes that fit.
struct Splitter<'a> {
    f: Fold<'a>,
    model: &'a DelayModel,
    /// Time between two registers.
    budget: f64,
    /// Operators of several levels that take longer than this are better given in single levels, so
    /// that the scheduler finds places for registers.
    grain: f64,
    /// Carry chains of the node that is being cut stay whole.
    whole: bool,
    /// Its name.
    name: Option<String>,
}

impl<'a> Splitter<'a> {
    fn new(old: &'a Module, options: &'a SplitOptions) -> Self {
        let budget = options.model.budget_ps(options.period_ps);
        Splitter {
            f: Fold { r: Rebuild::new(old) },
            model: &options.model,
            budget,
            grain: budget / 2.0,
            whole: false,
            name: None,
        }
    }

    /// The operator over these operands, in pieces where it is too slow.
    fn make(&mut self, op: Op, width: u32, args: &[NodeId], imm: u32) -> NodeId {
        let widths: Vec<u32> = args.iter().map(|a| self.f.w(*a)).collect();
        let takes = self.model.op_ps(op, &widths, width);
        match op {
            Op::MulU | Op::MulS => self.product(op == Op::MulS, args[0], args[1]),
            Op::LtU | Op::LtS => self.less(op == Op::LtS, args[0], args[1]),
            Op::Add | Op::Sub if self.whole => self.f.make(op, width, args, imm),
            Op::Sub if self.better_as_sum(width) => self.plus_complement(args[0], args[1]),
            Op::Add | Op::Sub if takes > self.budget => self.sum(op, args[0], args[1]),
            Op::Eq if takes > self.grain => self.equal(args[0], args[1]),
            Op::RedAnd | Op::RedOr | Op::RedXor if takes > self.grain => self.reduce(op, args[0]),
            Op::Shl if takes > self.grain => self.left(args[0], args[1]),
            Op::ShrU | Op::ShrS if takes > self.grain => self.right(op == Op::ShrS, args[0], args[1]),
            _ => self.f.make(op, width, args, imm),
        }
    }

    /// Names a piece after what is being cut.
    fn named(&mut self, id: NodeId, part: &str) -> NodeId {
        if let Some(name) = &self.name
            && self.f.r.new.names[id.index()].0 == 0
            && self.f.r.new.node(id).op.info().is_some()
        {
            let text = format!("{name}_{part}");
            self.f.r.new.names[id.index()] = self.f.r.new.intern(&text);
        }
        id
    }

    /// Bit `i`.
    fn bit(&mut self, x: NodeId, i: u32) -> NodeId {
        self.f.slice(x, i, 1)
    }

    fn mux(&mut self, c: NodeId, a: NodeId, b: NodeId) -> NodeId {
        let w = self.f.w(a);
        self.f.make(Op::Mux, w, &[c, a, b], 0)
    }

    /// Look-up-table levels that fit into `ps`, at least one.
    fn levels_in(&self, ps: f64) -> u32 {
        ((ps / self.model.level_ps()) as u32).max(1)
    }
}
