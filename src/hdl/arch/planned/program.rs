//! The integer linear program: how many of each counter stand in each column in each stage.
//!
//! Counters as integer variables, stage by stage, with heights of columns as sums of them, are the program of H. Parandeh-Afshar,
//! P. Brisk and P. Ienne ("Improving synthesis of compressor trees on FPGAs via integer linear programming", DATE 2008), with the
//! exact count of bits in each stage as in M. Kumm and P. Zipf ("Pipelined compressor tree optimization using integer linear
//! programming", FPL 2014). That gates and counters may enter the tables behind them is added.
//!
//! The solver is asked itself and not through a common interface, because it can stop after a number of nodes: a limit of time would
//! make the hardware depend on how fast the machine is.
use super::{COUNTERS, Column, Counter, Plan, may_enter, price};
use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, Variable};
use std::ops::Range;

/// Largest number of counters to choose from, over all stages and columns, in a program of the whole. The search tree of a larger
/// one ends long after [`NODES`] with no plan, or none better than what it starts from.
const LARGEST: usize = 240;

/// The same where all other counters stay.
const PART: usize = 90;

/// Nodes of the search tree after which the best plan so far is taken.
const NODES: u64 = 1000;

/// The same where all other counters stay.
const PART_NODES: u64 = 100;

/// How often all parts are gone through at most.
const SWEEPS: usize = 3;

/// A term of a sum.
type Term = (Variable, f64);

/// The program of columns in a number of stages, and what its variables mean.
struct Program {
    problem: Problem,
    /// How many of a counter there are in a column of a stage.
    counters: Vec<(usize, usize, Counter, Variable)>,
    /// Heights behind each stage.
    heights: Vec<Vec<Variable>>,
    /// 1 from the first column that the adder takes.
    added: Vec<Variable>,
    /// Gates that counters take in.
    gates: Vec<Variable>,
    /// 1 where the adder takes in a counter.
    entered: Vec<Variable>,
}

/// A plan that is cheaper than the known one, if it is found: the whole at once in each number of stages where that is small enough,
/// then a few columns at a time.
pub(super) fn improve(columns: &[Column], known: &Plan) -> Plan {
    let (mut best, most) = (known.clone(), known.len());
    for stages in (1..=most).filter(|stages| stages * columns.len() * COUNTERS.len() <= LARGEST) {
        best = solve(columns, &best, stages, None).unwrap_or(best);
    }
    // Without a stage there is nothing to choose.
    let wide = PART.checked_div(COUNTERS.len() * best.len()).unwrap_or(0);
    if wide < 2 || columns.len() * best.len() > LARGEST {
        return best;
    }
    for _ in 0..SWEEPS {
        let before = price(columns, &best);
        for first in (0..columns.len()).step_by(wide / 2) {
            best = solve(columns, &best, best.len(), Some(first..first + wide)).unwrap_or(best);
        }
        if price(columns, &best) == before {
            break;
        }
    }
    best
}

/// The cheapest plan that is found in a number of stages, if it is cheaper than the known one; `free` columns only may differ.
fn solve(columns: &[Column], known: &Plan, stages: usize, free: Option<Range<usize>>) -> Option<Plan> {
    let least = price(columns, known)?;
    let same = (known.len() == stages).then_some(known);
    let program = Program::new(columns, stages, &|at| free.as_ref().is_none_or(|f| f.contains(&at)), same);
    let mut options = SolveOptions::default();
    options.node_limit = Some(if free.is_some() { PART_NODES } else { NODES });
    // Prices are whole numbers: a plan less than one above the bound is the best. The program leaves out what all gates cost.
    let gates: usize = columns.iter().map(|c| c.gates).sum();
    options.mip_gap = 0.999 / least.saturating_sub(gates).max(1) as f64;
    options.warm_start = same.and_then(|known| program.start(columns, known));
    let solution = program.problem.solve_with(options).ok()?.into_solution().ok()?;
    let mut plan = vec![Vec::new(); stages];
    for (stage, at, counter, variable) in &program.counters {
        let count = solution.var_value(*variable).round() as usize;
        plan[*stage].extend((0..count).map(|_| (*at, *counter)));
    }
    // The price is that of whole counters, whatever the solver rounds.
    (price(columns, &plan)? < least).then_some(plan)
}

impl Program {
    fn new(columns: &[Column], stages: usize, free: &dyn Fn(usize) -> bool, known: Option<&Plan>) -> Program {
        let (width, mut problem) = (columns.len(), Problem::new(OptimizationDirection::Minimize));
        let mut counters = Vec::new();
        for stage in 0..stages {
            for at in 0..width {
                for counter in COUNTERS.into_iter().filter(|c| c.high == 0 || at + 1 < width) {
                    let price = counter.tables(width - at) as f64;
                    // More bits than there are in all are in no column.
                    let most = columns.iter().map(|c| c.height).sum::<usize>() / counter.low;
                    let fixed = known.filter(|_| !free(at)).map(|known| number(&known[stage], at, counter));
                    let range = fixed.map_or((0, most as i32), |n| (n as i32, n as i32));
                    counters.push((stage, at, counter, problem.add_integer_var(price, range)));
                }
            }
        }
        let mut reals = |price: f64, most: &dyn Fn(usize) -> f64| -> Vec<Variable> {
            (0..width).map(|at| problem.add_var(price, (0.0, most(at)))).collect()
        };
        let heights = (0..stages).map(|_| reals(0.0, &|_| f64::INFINITY)).collect();
        let added = reals(1.0, &|_| 1.0);
        let gates = reals(-1.0, &|at| columns[at].gates as f64);
        let entered = reals(-1.0, &|at| f64::from(u8::from(may_enter(columns, stages, at))));
        let mut program = Program { problem, counters, heights, added, gates, entered };
        program.conserve(columns, stages);
        program.finish(columns, stages);
        program
    }

    /// The sum of a number for each counter of a stage.
    fn sum(&self, stage: usize, of: impl Fn(usize, Counter) -> usize) -> Vec<Term> {
        let here = self.counters.iter().filter(|(s, ..)| *s == stage);
        here.map(|(_, at, counter, v)| (*v, of(*at, *counter) as f64)).filter(|(_, n)| *n > 0.0).collect()
    }

    /// Bits that are not taken stay, and none is taken twice.
    fn conserve(&mut self, columns: &[Column], stages: usize) {
        for stage in 0..stages {
            for (at, column) in columns.iter().enumerate() {
                let taken = self.sum(stage, |c, counter| match at.checked_sub(c) {
                    Some(0) => counter.low,
                    Some(1) => counter.high,
                    _ => 0,
                });
                let made = self.sum(stage, |c, counter| usize::from((c..c + counter.outputs()).contains(&at)));
                // taken - before <= 0 and after - before + taken - made = 0, the height before the first stage being a number.
                let (mut limit, mut balance, mut constant) = (taken.clone(), vec![(self.heights[stage][at], 1.0)], 0.0);
                for (variable, n) in taken {
                    add(&mut balance, variable, n);
                }
                for (variable, n) in made {
                    add(&mut balance, variable, -n);
                }
                match stage.checked_sub(1) {
                    Some(before) => {
                        limit.push((self.heights[before][at], -1.0));
                        balance.push((self.heights[before][at], -1.0));
                    }
                    None => constant = column.height as f64,
                }
                self.problem.add_constraint(limit, ComparisonOp::Le, constant);
                self.problem.add_constraint(balance, ComparisonOp::Eq, constant);
            }
        }
    }

    /// The adder, and what is taken in by tables behind it.
    fn finish(&mut self, columns: &[Column], stages: usize) {
        for at in 0..columns.len() {
            let (added, entered) = (self.added[at], self.entered[at]);
            self.problem.add_constraint([(self.heights[stages - 1][at], 1.0), (added, -1.0)], ComparisonOp::Le, 1.0);
            if at > 0 {
                self.problem.add_constraint([(self.added[at - 1], 1.0), (added, -1.0)], ComparisonOp::Le, 0.0);
            }
            self.problem.add_constraint([(entered, 1.0), (added, -1.0)], ComparisonOp::Le, 0.0);
            let able = self.sum(stages - 1, |c, counter| usize::from(c == at && counter.enters_adder()));
            self.at_most(entered, able);
            let room = self.sum(0, |c, counter| if c == at { counter.absorbs() } else { 0 });
            self.at_most(self.gates[at], room);
        }
    }

    /// A variable is at most a sum.
    fn at_most(&mut self, variable: Variable, sum: Vec<Term>) {
        let terms: Vec<Term> = std::iter::once((variable, 1.0)).chain(sum.into_iter().map(|(v, n)| (v, -n))).collect();
        self.problem.add_constraint(terms, ComparisonOp::Le, 0.0);
    }

    /// The known plan as values of all variables, for the search to start from.
    fn start(&self, columns: &[Column], known: &Plan) -> Option<Vec<Term>> {
        let mut heights: Vec<usize> = columns.iter().map(|c| c.height).collect();
        let mut values = Vec::new();
        let count = |stage: usize, at: usize, of: &dyn Fn(Counter) -> usize| -> usize {
            known[stage].iter().filter(|(c, _)| *c == at).map(|(_, counter)| of(*counter)).sum()
        };
        for (stage, at, counter, variable) in &self.counters {
            values.push((*variable, number(&known[*stage], *at, *counter) as f64));
        }
        for (stage, variables) in known.iter().zip(&self.heights) {
            heights = super::after(&heights, stage)?;
            values.extend(variables.iter().zip(&heights).map(|(v, h)| (*v, *h as f64)));
        }
        let first = heights.iter().position(|h| *h == 2).unwrap_or(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let added = at >= first;
            let able = added && may_enter(columns, known.len(), at);
            let enters = able && count(known.len() - 1, at, &|c| usize::from(c.enters_adder())) > 0;
            values.push((self.added[at], f64::from(u8::from(added))));
            values.push((self.entered[at], f64::from(u8::from(enters))));
            values.push((self.gates[at], column.gates.min(count(0, at, &|c| c.absorbs())) as f64));
        }
        Some(values)
    }
}

/// How many of a counter a stage has in a column.
fn number(stage: &[(usize, Counter)], at: usize, counter: Counter) -> usize {
    stage.iter().filter(|c| **c == (at, counter)).count()
}

/// Adds to a term of a sum, or a term.
fn add(sum: &mut Vec<Term>, variable: Variable, n: f64) {
    match sum.iter_mut().find(|(v, _)| *v == variable) {
        Some(term) => term.1 += n,
        None => sum.push((variable, n)),
    }
}
