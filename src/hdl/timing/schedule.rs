//! Which stage every operator works in: as few register bits as the clock period allows.
//!
//! A stage number per node, under difference constraints ([`super::solve`]):
//!
//! * a value is used in the stage that makes it, or later;
//! * inputs come in stage 0, all outputs leave in the last stage;
//! * if the path from a stage's start at node `u` through node `v` is longer than the period, `v` is at least one stage after `u`;
//! * a declared state is read where it is written: its loop lies in one stage. With `streams` I > 1
//!   the loop takes I cycles, so it may span I − 1 boundaries.
//!
//! The cost is the number of register bits: bits of a value × stages until its last use, every bit range
//! of a value for itself, shared by all users. Which paths are too long is asked of an estimator
//! that sees each stage as the synthesis tool will map it; the answers become constraints until no
//! path of the best schedule is too long.
use super::delay::DelayModel;
use super::estimate::{Estimate, estimate};
use super::loops::components;
use super::solve::{Problem, Var};
use super::wiring::{Piece, is_wire, sources};
use crate::ir::*;
use crate::ops::Op;
use std::collections::{BTreeMap, BTreeSet};

/// Most stages of a pipeline.
pub const MOST_STAGES: u32 = 250;
/// Rounds of asking the estimator; a bound for safety.
const ROUNDS: usize = 60;

/// What to schedule for.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Longest path from register to register, in picoseconds, register delays included.
    pub period_ps: f64,
    /// Number of register stages between inputs and outputs; as few as possible if not given.
    pub stages: Option<u32>,
    /// Independent streams that take turns: cycles around a loop of declared state.
    pub streams: u32,
}

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Stage of each node; for wiring the latest stage of what it is made of.
    pub stage: Vec<u32>,
    /// Stage in which the outputs leave.
    pub last: u32,
    /// Bits in pipeline registers (declared states not counted).
    pub register_bits: u64,
    /// Paths as estimated.
    pub estimate: Estimate,
    /// The program that was solved; its least cost is `register_bits`.
    pub problem: Problem,
    /// States whose loop is longer than the period.
    pub slow_loops: Vec<NodeId>,
}

/// There is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSchedule {
    /// More stages are needed than were asked for, or than there may be.
    Stages,
}

/// A module with the constraints that do not depend on the clock.
pub struct Scheduler<'m> {
    m: &'m Module,
    model: &'m DelayModel,
    problem: Problem,
    var: Vec<Option<Var>>,
    /// Outputs leave here.
    sink: Var,
    /// Number of the loop each node is part of; nodes of one loop share a stage. 0 is none.
    looped: Vec<u32>,
    /// Paths to cut: (first node, last node).
    cuts: BTreeSet<(NodeId, NodeId)>,
    streams: u32,
}

impl<'m> Scheduler<'m> {
    /// For a module without instances.
    pub fn new(m: &'m Module, model: &'m DelayModel, streams: u32) -> Self {
        let mut problem = Problem::default();
        let top = MOST_STAGES as i32;
        let var: Vec<Option<Var>> = (0..m.nodes.len())
            .map(|i| {
                let id = NodeId(i as u32);
                (!is_wire(m, id)).then(|| problem.variable(0, if m.node(id).op == Op::Input { 0 } else { top }))
            })
            .collect();
        let sink = problem.variable(0, top);
        let looped = if streams == 1 { looped(m) } else { vec![0; m.nodes.len()] };
        let mut s = Scheduler { m, model, problem, var, sink, looped, cuts: BTreeSet::new(), streams };
        s.connect();
        s
    }

    fn var(&self, id: NodeId) -> Var {
        self.var[id.index()].unwrap_or_else(|| panic!("internal error: wiring has no stage of its own"))
    }

    /// What the operands of a node are made of, wiring looked through.
    fn roots(&self, id: NodeId) -> BTreeSet<NodeId> {
        self.m.args(id).iter().flat_map(|a| sources(self.m, *a)).map(|p| p.root).collect()
    }

    /// Data dependences and register costs.
    fn connect(&mut self) {
        let m = self.m;
        let mut uses: BTreeMap<NodeId, Vec<(Piece, Var)>> = BTreeMap::new();
        let mut consume = |s: &mut Self, from: NodeId, at: Var| {
            for piece in sources(m, from) {
                s.problem.at_least(at, s.var(piece.root), 0);
                uses.entry(piece.root).or_default().push((piece, at));
            }
        };
        for (i, var) in self.var.clone().into_iter().enumerate() {
            let id = NodeId(i as u32);
            if let (Some(at), Some(_)) = (var, m.node(id).op.info()) {
                m.args(id).iter().for_each(|a| consume(self, *a, at));
            }
        }
        m.outputs.iter().for_each(|p| consume(self, p.node, self.sink));
        for state in &m.states {
            let read = self.var(state.read);
            if self.streams == 1 {
                consume(self, state.next, read);
                state.enable.iter().for_each(|e| consume(self, *e, read));
            } else {
                // The written value travels as a whole from where it is complete.
                let written = self.problem.variable(0, MOST_STAGES as i32);
                consume(self, state.next, written);
                state.enable.iter().for_each(|e| consume(self, *e, written));
                self.problem.at_least(read, written, 1 - self.streams as i32);
                self.problem.charge(written, read, i64::from(m.width(state.read)));
            }
        }
        let mut port: Vec<Option<Var>> = vec![None; m.rams.len()];
        for read in &m.ram_reads {
            let at = self.var(read.read);
            consume(self, read.addr, at);
            match port[read.ram as usize] {
                None => port[read.ram as usize] = Some(at),
                Some(first) => {
                    self.problem.at_least(at, first, 0);
                    self.problem.at_least(first, at, 0);
                }
            }
        }
        for (ram, at) in m.rams.iter().zip(port) {
            if let (Some((addr, data, enable)), Some(at)) = (ram.write, at) {
                [addr, data, enable].into_iter().for_each(|n| consume(self, n, at));
            }
        }
        for (root, list) in uses {
            self.charge(root, &list);
        }
    }

    /// One lifetime per range of bits that has the same users.
    fn charge(&mut self, root: NodeId, uses: &[(Piece, Var)]) {
        let mut bounds: Vec<u32> = uses.iter().flat_map(|(p, _)| [p.lo, p.hi]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let mut ranges: BTreeMap<Vec<Var>, i64> = BTreeMap::new();
        for pair in bounds.windows(2) {
            let mut users: Vec<Var> = uses.iter().filter(|(p, _)| p.lo <= pair[0] && pair[1] <= p.hi).map(|(_, v)| *v).collect();
            users.sort_unstable();
            users.dedup();
            if !users.is_empty() {
                *ranges.entry(users).or_insert(0) += i64::from(pair[1] - pair[0]);
            }
        }
        let from = self.var(root);
        for (users, bits) in ranges {
            if let [only] = users[..] {
                self.problem.charge(from, only, bits);
                continue;
            }
            let end = self.problem.variable(0, MOST_STAGES as i32);
            users.iter().for_each(|u| self.problem.at_least(end, *u, 0));
            self.problem.charge(from, end, bits);
        }
    }

    /// Demands that the path from `u` through `v` is cut; false if both are in one loop.
    fn cut(&mut self, u: NodeId, v: NodeId) -> bool {
        let within = self.looped[u.index()] != 0 && self.looped[u.index()] == self.looped[v.index()];
        if within || u == v || !self.cuts.insert((u, v)) {
            return false;
        }
        let (u, v) = (self.var(u), self.var(v));
        self.problem.at_least(v, u, 1);
        true
    }

    /// Stages of all nodes from a solution; wiring gets the latest of its parts.
    fn stages(&self, x: &[i32]) -> Vec<u32> {
        let mut stage = vec![0u32; self.m.nodes.len()];
        for i in 0..stage.len() {
            let id = NodeId(i as u32);
            stage[i] = match self.var[i] {
                Some(v) => x[v.0 as usize] as u32,
                None => self.m.args(id).iter().map(|a| stage[a.index()]).max().unwrap_or(0),
            };
        }
        stage
    }

    /// Demands cuts of the paths that are too long in this schedule; how many are new.
    fn learn(&mut self, stage: &[u32], e: &Estimate, period_ps: f64) -> usize {
        let limit = period_ps - self.model.setup_ps;
        let m = self.m;
        let slow = |id: NodeId| e.arrival_ps[id.index()] > limit;
        let mut found = Vec::new();
        for i in 0..m.nodes.len() {
            let v = NodeId(i as u32);
            if self.var[i].is_none() || m.node(v).op.info().is_none() || !slow(v) {
                continue;
            }
            let u = e.origin[i];
            // Only the first on the path that is too late: what comes before is in time.
            let earlier = |a: NodeId| stage[a.index()] == stage[i] && slow(a) && e.origin[a.index()] == u;
            if self.roots(v).into_iter().any(|a| m.node(a).op.info().is_some() && earlier(a)) {
                continue;
            }
            found.push((u, v));
        }
        found.into_iter().filter(|(u, v)| self.cut(*u, *v)).count()
    }

    /// Cuts that no schedule can do without, from the delay that each node adds in the whole circuit.
    fn first_cuts(&mut self, budget_ps: f64) {
        let m = self.m;
        let whole = estimate(m, None, self.model);
        let start = self.model.clk_to_q_ps;
        let added: Vec<f64> = (0..m.nodes.len())
            .map(|i| {
                let id = NodeId(i as u32);
                let before = m.args(id).iter().map(|a| whole.arrival_ps[a.index()]).fold(start, f64::max);
                if m.node(id).op.info().is_none() { 0.0 } else { (whole.arrival_ps[i] - before).max(0.0) }
            })
            .collect();
        let mut users: Vec<Vec<NodeId>> = vec![Vec::new(); m.nodes.len()];
        for i in 0..m.nodes.len() {
            let id = NodeId(i as u32);
            if self.var[i].is_some() {
                self.roots(id).into_iter().for_each(|r| users[r.index()].push(id));
            }
        }
        let mut ends: Vec<BTreeSet<NodeId>> = vec![BTreeSet::new(); m.nodes.len()];
        for i in (0..m.nodes.len()).rev() {
            if self.var[i].is_none() {
                continue;
            }
            let u = NodeId(i as u32);
            let mut reach: BTreeMap<NodeId, f64> = BTreeMap::from([(u, added[i])]);
            let mut over = BTreeSet::new();
            while let Some((at, ps)) = reach.pop_first() {
                for v in &users[at.index()] {
                    let ps = ps + added[v.index()];
                    if ps > budget_ps {
                        over.insert(*v);
                    } else {
                        let old = reach.entry(*v).or_insert(ps);
                        *old = old.max(ps);
                    }
                }
            }
            // A path that a later start already needs cut is cut for this start too.
            let implied = |v: &NodeId| users[i].iter().any(|w| w != v && ends[w.index()].contains(v));
            over.iter().filter(|v| !implied(v)).for_each(|v| {
                self.cut(u, *v);
            });
            ends[i] = over;
        }
    }

    /// The schedule of least register bits whose paths, as estimated, are no longer than the period
    /// (unless a single node or a loop is).
    pub fn run(mut self, goal: &Goal) -> Result<Schedule, NoSchedule> {
        let most = goal.stages.unwrap_or(MOST_STAGES) as i32;
        self.problem.limit(self.sink, most);
        for v in self.var.iter().flatten() {
            self.problem.limit(*v, most);
        }
        self.first_cuts(self.model.budget_ps(goal.period_ps));
        // With every value as early as it can be: quick, and finds most of what must be cut.
        for _ in 0..ROUNDS {
            let x = self.problem.least().map_err(|_| NoSchedule::Stages)?;
            let stage = self.stages(&x);
            let e = estimate(self.m, Some(&stage), self.model);
            if self.learn(&stage, &e, goal.period_ps) == 0 {
                break;
            }
        }
        let mut best = None;
        for _ in 0..ROUNDS {
            let least = self.problem.least().map_err(|_| NoSchedule::Stages)?;
            let last = goal.stages.map_or_else(|| self.needed(&least), |n| n as i32);
            let mut problem = self.problem.clone();
            problem.raise(self.sink, last);
            (0..problem.variables()).for_each(|i| problem.limit(Var(i as u32), last));
            let x = problem.solve().map_err(|_| NoSchedule::Stages)?;
            let stage = self.stages(&x);
            let e = estimate(self.m, Some(&stage), self.model);
            let more = self.learn(&stage, &e, goal.period_ps);
            let done = more == 0;
            best = Some(Schedule {
                register_bits: problem.cost(&x) as u64,
                slow_loops: self.slow_loops(&e, goal.period_ps),
                stage,
                last: last as u32,
                estimate: e,
                problem,
            });
            if done {
                break;
            }
        }
        best.ok_or(NoSchedule::Stages)
    }

    /// Stages that the outputs and everything that feeds a state need.
    fn needed(&self, least: &[i32]) -> i32 {
        least.iter().copied().max().unwrap_or(0).max(least[self.sink.0 as usize])
    }

    /// States in whose loop a path is too long.
    fn slow_loops(&self, e: &Estimate, period_ps: f64) -> Vec<NodeId> {
        let limit = period_ps - self.model.setup_ps;
        let slow: BTreeSet<u32> = (0..self.m.nodes.len())
            .filter(|i| self.looped[*i] != 0 && e.arrival_ps[*i] > limit)
            .filter(|i| self.looped[e.origin[*i].index()] == self.looped[*i])
            .map(|i| self.looped[i])
            .collect();
        self.m.states.iter().map(|s| s.read).filter(|r| slow.contains(&self.looped[r.index()])).collect()
    }
}

/// The loop that each node is part of (its number from 1), 0 for none.
fn looped(m: &Module) -> Vec<u32> {
    let mut loops = vec![0; m.nodes.len()];
    for (i, c) in components(m).iter().enumerate() {
        c.nodes.iter().for_each(|n| loops[n.index()] = i as u32 + 1);
    }
    loops
}
