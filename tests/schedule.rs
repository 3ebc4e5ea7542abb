//! The scheduler's register bits against the optimum of the linear program, from a solver that is none of ours.
use good_lp::{ProblemVariables, SolverModel, constraint, default_solver, variable};
use narrowgen::blocks;
use narrowgen::flow::clocked::{Clocked, Clocking};
use narrowgen::hdl::timing::solve::Problem;
use rayon::prelude::*;
use std::time::{Duration, Instant};

/// The least cost over the reals.
fn optimum(problem: &Problem) -> f64 {
    let mut vars = ProblemVariables::new();
    let x: Vec<_> = problem.columns().map(|(lower, upper, _)| vars.add(variable().min(lower).max(upper))).collect();
    let cost: good_lp::Expression = problem.columns().zip(&x).map(|((.., c), x)| c as f64 * *x).sum();
    let mut model = vars.minimise(cost.clone()).using(default_solver);
    for (earlier, later, gap) in problem.constraints() {
        let (u, v) = (x[earlier.0 as usize], x[later.0 as usize]);
        model = model.with(constraint!(v - u >= gap));
    }
    let solution = model.solve().expect("a schedule exists, so the program has a solution");
    cost.eval_with(&solution)
}

fn clocked(words: &str, clocking: &Clocking) -> Clocked {
    let mut words = words.split_whitespace();
    let block = blocks::find(words.next().unwrap()).unwrap();
    let words: Vec<&str> = words.collect();
    let params: Vec<(String, String)> = words.chunks(2).map(|p| (p[0].into(), p[1].into())).collect();
    Clocked::build(block.configure(&params).unwrap(), clocking).unwrap_or_else(|e| panic!("{words:?}: {e}"))
}

const POINTS: &[&str] = &[
    "convert",
    "convert from fp32 to e4m3fn",
    "convert from bf16 to e2m1fn",
    "mul",
    "mul a e2m1fn b e2m1fn out exact",
    "mul a int8 b int8 out exact",
    "mul a e5m2 b e4m3fn out fp16",
    "mac",
    "mac a int8 b int8 acc int32 overflow wrap",
    "mac a int4 b int4",
    "mac a e2m1fn b e4m3fn",
    "mac acc fp16",
    "dot lanes 2",
    "dot lanes 4 a int8 b int8 out exact",
];

fn compare(point: &str, stages: u32) {
    let p = clocked(point, &Clocking { stages: Some(stages), ..Clocking::default() });
    let schedule = &p.pipelined.plan.schedule;
    let start = Instant::now();
    let least = optimum(&schedule.problem);
    let ours = schedule.register_bits as f64;
    println!("{point}, {stages} stages: {ours} register bits, {} columns, {:?}", schedule.problem.variables(), start.elapsed());
    assert!(ours <= least + 1e-3 && ours >= least - 1e-3, "{point}, {stages} stages: {ours} register bits, {least} possible");
}

#[test]
fn register_bits_are_those_of_the_linear_program() {
    for point in POINTS {
        compare(point, 1);
        compare(point, 3);
    }
}

/// Every block of the catalogue whose registers are placed.
#[test]
fn register_bits_of_every_block_are_those_of_the_linear_program() {
    let rows = |b: &dyn blocks::AnyBlock| b.configure(&[]).is_ok_and(|c| c.row_lengths().is_some());
    let names: Vec<&str> = blocks::REGISTRY.iter().filter(|b| !rows(**b)).map(|b| b.name()).collect();
    assert!(names.len() > 15, "{names:?}");
    names.into_par_iter().for_each(|name| compare(name, 2));
}

#[test]
fn big_schedules_take_little_time() {
    let clocking = Clocking { period_ps: Some(6000.0), ..Clocking::default() };
    for words in ["dot lanes 64", "dot lanes 64 a int8 b int8 out exact"] {
        let start = Instant::now();
        let p = clocked(words, &clocking);
        let took = start.elapsed();
        assert!(p.pipelined.stages > 3);
        assert!(took < Duration::from_secs(2), "{words}: {took:?}");
    }
}

#[test]
fn an_adder_tree_of_1024_inputs_is_scheduled_in_little_time() {
    use narrowgen::hdl::prelude::*;
    use narrowgen::hdl::timing::pipeline::{Request, pipeline};
    let tree = design("tree", Reset::None, |m| {
        let mut level: Vec<UInt> = (0..1024).map(|i| m.uint_in(&format!("x{i}"), 8)).collect();
        while level.len() > 1 {
            level = level.chunks(2).map(|p| p[0] + p[1]).collect();
        }
        m.output("y", level[0]);
    })
    .unwrap();
    let model = narrowgen::flow::delay::model("ecp5").unwrap();
    let start = Instant::now();
    let request = Request { period_ps: Some(6000.0), stages: None, streams: 1, accumulator: Default::default(), model };
    let p = pipeline(&tree, &request).unwrap();
    let took = start.elapsed();
    assert!(p.stages > 2 && took < Duration::from_secs(2), "{} stages in {took:?}", p.stages);
}
