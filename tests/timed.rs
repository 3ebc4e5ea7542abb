//! Blocks with pipeline registers and flow control: what the manifest says of latency and throughput
//! is what simulation shows, and the values are those of the golden model.
mod support;
use narrowgen::blocks::{Configured, REGISTRY};
use narrowgen::flow::check::{check, differing};
use narrowgen::flow::clocked::{Clocked, Clocking};
use narrowgen::flow::engine::{self, Kind};
use narrowgen::flow::stimulus::{Options, Plan};
use narrowgen::flow::timed::measure;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::{testbench, verilator};
use narrowgen::hdl::ir::Reset;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::timing::flow::{Buffer, Flow};
use rayon::prelude::*;
use std::sync::LazyLock;

/// Further configurations of blocks, without and with state, with narrow and wide results.
const FURTHER: &[(&str, &str)] = &[
    ("mul", ""),
    ("mul", "a=int4 b=e2m1fn out=exact"),
    ("convert", "from=e5m2 to=e4m3fn"),
    ("convert", "from=fp16 to=e4m3fn round=stochastic random_bits=3"),
    ("dot", "a=int4 b=int4 out=exact"),
    ("dot", "a=e4m3fn b=e4m3fn out=fp32"),
    ("mac", ""),
    ("mac", "a=int8 b=int8"),
    ("mac", "a=int8 b=int8 clear=zero"),
    ("mac", "a=e2m1fn b=e2m1fn acc=fp16"),
];

fn clocked(block: &str, params: &str, clocking: &Clocking) -> Clocked {
    let inner = support::configure(block, params).unwrap_or_else(|e| panic!("{block} {params}: {e}"));
    Clocked::build(inner, clocking).unwrap_or_else(|e| panic!("{block} {params} {}: {e}", clocking.options()))
}

/// Every registered block whose registers are placed by the timing pass, with its default parameters, then [`FURTHER`].
fn blocks() -> Vec<(&'static str, &'static str)> {
    let rows = |name: &str| support::configure(name, "").unwrap().row_lengths().is_some();
    let every = REGISTRY.iter().map(|b| (b.name(), "")).filter(|(name, _)| !rows(name));
    every.chain(FURTHER.iter().copied()).collect()
}

/// Every block with every number of stages from 0 to 6, and with streams in turn.
static ALL: LazyLock<Vec<Clocked>> = LazyLock::new(|| {
    let choices = (0..=6).flat_map(|stages| [1, 3].map(|streams| (stages, streams)));
    let choices = choices.map(|(stages, streams)| Clocking { stages: Some(stages), streams, ..Clocking::default() });
    build(&choices.collect::<Vec<_>>())
});

/// Every block with few and many stages under every flow, with some resets.
static FLOWS: LazyLock<Vec<Clocked>> = LazyLock::new(|| {
    let flows = [(Flow::Enable, Buffer::Skid), (Flow::Stream, Buffer::Skid), (Flow::Stream, Buffer::Half)];
    let resets = [None, Some(Reset::SyncLow), Some(Reset::Async), Some(Reset::AsyncLow)];
    let choices = [0, 1, 2, 5].into_iter().flat_map(|stages| flows.map(|(flow, buffer)| (stages, flow, buffer)));
    let choices = choices.zip(resets.into_iter().cycle()).map(|((stages, flow, buffer), reset)| Clocking {
        stages: Some(stages),
        flow,
        buffer,
        reset,
        ..Clocking::default()
    });
    build(&choices.collect::<Vec<_>>())
});

/// Every block with every choice.
fn build(choices: &[Clocking]) -> Vec<Clocked> {
    let points: Vec<_> = blocks().into_iter().flat_map(|b| choices.iter().map(move |c| (b, c))).collect();
    points.into_par_iter().map(|((block, params), clocking)| clocked(block, params, clocking)).collect()
}

#[test]
fn flows_in_the_native_simulator() {
    let options = Options { vectors: 3000, ..Options::default() };
    let blocks = &*FLOWS;
    assert!(blocks.len() >= 180, "{}", blocks.len());
    let wrong: Vec<String> = blocks
        .par_iter()
        .filter_map(|block| {
            let design = block.design().unwrap();
            let found = measure(block, &design).map_err(|e| e.to_string());
            if !found.as_ref().is_ok_and(|f| (f.latency, f.interval) == (block.latency(), block.initiation_interval())) {
                return Some(format!(
                    "{}: {found:?}, expected {} {}",
                    block.module_name(),
                    block.latency(),
                    block.initiation_interval()
                ));
            }
            match check(block, &design, &[Kind::Native], &options, &|_, _| ()) {
                Ok(report) if report.passed() => None,
                Ok(report) => Some(format!("{}: {:?}", block.module_name(), report.failing)),
                Err(e) => Some(format!("{}: {e}", block.module_name())),
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn streams_keep_their_protocol_in_verilator() {
    if !for_tests("streams_keep_their_protocol_in_verilator", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    let blocks: Vec<&Clocked> = FLOWS.iter().filter(|b| b.pipelined.stages % 3 == 2).collect();
    let units: Vec<Unit> = blocks.iter().map(|b| Unit::from_design(&b.design().unwrap())).collect();
    let asserting =
        verilator::Options { args: vec!["--assert".into(), "-DNARROWGEN_ASSERT".into()], ..verilator::Options::default() };
    let model = std::sync::Arc::new(verilator::build_with(&units, &asserting).unwrap());
    let compared: Vec<usize> = blocks
        .par_iter()
        .enumerate()
        .map(|(unit, &block)| {
            // Each row takes at least two cycles of bubbles and back-pressure.
            let plan = Plan::sampled(block, block.stateful(), &Options { vectors: 50_000, ..Options::default() }).unwrap();
            let verilated = engine::Verilated::of(model.clone(), unit);
            let mut engine = engine::around(block, &block.design().unwrap(), verilated).unwrap();
            let mut compared = 0;
            for chunk in 0..plan.chunks() {
                let rows = plan.chunk(chunk);
                let found = engine.run(&rows, plan.sequence).unwrap_or_else(|e| panic!("{}: {e}", block.module_name()));
                let expected = engine::golden(block, &rows, plan.sequence);
                assert_eq!(differing(&expected, &found), Vec::<usize>::new(), "{}", block.module_name());
                compared += rows.len();
            }
            compared
        })
        .collect();
    assert!(compared.len() >= 50 && compared.iter().all(|n| *n >= 50_000), "{compared:?}");
}

#[test]
fn a_broken_buffer_breaks_its_assertion() {
    if !for_tests("a_broken_buffer_breaks_its_assertion", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    let clocking = Clocking { stages: Some(1), flow: Flow::Stream, ..Clocking::default() };
    let block = clocked("mul", "a=e2m1fn b=e2m1fn out=e4m3fn", &clocking);
    let good = Unit::from_design(&block.design().unwrap());
    // The kept result is overwritten while it waits.
    let mut broken = good.clone();
    let text = &mut broken.files[0].text;
    assert_eq!(text.matches("if (advance) y_kept <=").count(), 1, "{text}");
    *text = text.replace("if (advance) y_kept <=", "y_kept <=");
    let mut rows = Rows::new(&good.input_widths());
    for i in 0..400u32 {
        let bit = |name: &str| match name {
            "a" => (i * 7) % 16,
            "b" => (i * 5 + 3) % 16,
            "out_ready" => u32::from(i % 5 == 0),
            _ => 1,
        };
        rows.push(&good.inputs.iter().map(|(name, _)| bit(name).into()).collect::<Vec<_>>());
    }
    let with = |args: &[&str]| verilator::Options {
        args: args.iter().map(|a| a.to_string()).collect(),
        ..verilator::Options::default()
    };
    let asserting = with(&["--assert", "-DNARROWGEN_ASSERT"]);
    let run = |unit: &Unit, options: &verilator::Options| {
        verilator::build_with(std::slice::from_ref(unit), options).unwrap().run(0, &rows, 0)
    };
    assert!(run(&good, &asserting).is_ok());
    assert!(run(&broken, &with(&[])).is_ok(), "without assertions nothing is said");
    let error = run(&broken, &asserting).expect_err("the assertion must stop the model");
    assert!(error.to_string().to_lowercase().contains("assert"), "{error}");
}

#[test]
fn results_that_look_at_inputs_make_no_stream() {
    let clocking = Clocking { stages: Some(2), flow: Flow::Stream, ..Clocking::default() };
    let params = "acc=fp16 normalize=output round=stochastic";
    let error = Clocked::build(support::configure("mac", params).unwrap(), &clocking).err().expect("refused");
    assert!(error.to_string().contains("`acc`"), "{error}");
    // Without random bits the result is that of the state.
    let block = clocked("mac", "acc=fp16 normalize=output", &clocking);
    let report =
        check(&block, &block.design().unwrap(), &[Kind::Native], &Options { vectors: 2000, ..Options::default() }, &|_, _| ());
    assert!(report.unwrap().passed());
}

#[test]
fn latency_and_interval_are_those_of_the_manifest() {
    let blocks = &*ALL;
    assert!(blocks.len() >= 100, "{}", blocks.len());
    blocks.par_iter().for_each(|block| {
        let design = block.design().unwrap();
        let found = measure(block, &design).unwrap_or_else(|e| panic!("{}: {e}", block.module_name()));
        let manifest = narrowgen::flow::manifest::manifest(block, &design, &[], None);
        assert_eq!(
            (Some(found.latency), Some(found.interval)),
            (manifest.latency, manifest.initiation_interval),
            "{}",
            block.module_name()
        );
    });
}

#[test]
fn values_in_the_native_simulator() {
    let options = Options { vectors: 6000, ..Options::default() };
    ALL.par_iter().for_each(|block| {
        let report = check(block, &block.design().unwrap(), &[Kind::Native], &options, &|_, _| ()).unwrap();
        assert!(report.passed(), "{}: {:?}", block.module_name(), report.failing);
    });
}

#[test]
fn values_in_verilator() {
    if !for_tests("values_in_verilator", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    // A third of each block's choices, in turn.
    let blocks: Vec<&Clocked> = ALL.iter().step_by(3).collect();
    let units: Vec<Unit> = blocks.iter().map(|b| Unit::from_design(&b.design().unwrap())).collect();
    let model = std::sync::Arc::new(verilator::build(&units).unwrap());
    let vectors: Vec<usize> = blocks
        .par_iter()
        .enumerate()
        .map(|(unit, &block)| {
            let plan = Plan::sampled(block, block.stateful(), &Options { vectors: 2000, ..Options::default() }).unwrap();
            let rows = plan.chunk(0);
            let verilated = engine::Verilated::of(model.clone(), unit);
            let mut engine = engine::around(block, &block.design().unwrap(), verilated).unwrap();
            let found = engine.run(&rows, plan.sequence).unwrap();
            let expected = engine::golden(block, &rows, plan.sequence);
            assert_eq!(differing(&expected, &found), Vec::<usize>::new(), "{}", block.module_name());
            rows.len()
        })
        .collect();
    assert!(vectors.len() >= 100 && vectors.iter().all(|n| *n == 2000), "{vectors:?}");
}

#[test]
fn a_register_too_few_is_noticed() {
    // Each pipeline register in turn becomes a wire.
    let mut tried = 0;
    for (name, params) in [("mul", "a=e2m1fn b=e2m1fn out=e4m3fn"), ("mac", "a=int4 b=int4")] {
        let block = clocked(name, params, &Clocking { stages: Some(2), ..Clocking::default() });
        let design = block.design().unwrap();
        let count = design.top().states.len();
        assert!(count > 2, "{name}: {count}");
        for dropped in 0..count {
            // Others only hold back garbage after a reset, which the native simulator does not have.
            if !block.pipelined.registers.contains_key(&design.top().states[dropped].name) {
                continue;
            }
            let Some(broken) = support::without_register(&design, dropped) else { continue };
            tried += 1;
            let report = check(&block, &broken, &[Kind::Native], &Options::default(), &|_, _| ()).unwrap();
            assert!(!report.passed(), "{name} without `{}`", design.top().states[dropped].name);
        }
    }
    assert!(tried >= 4, "{tried}");
}

#[test]
fn testbenches_of_pipelines_pass() {
    if !for_tests("testbenches_of_pipelines_pass", &[Tool::Iverilog, Tool::Vvp]) {
        return;
    }
    ALL.par_iter().step_by(7).for_each(|block| {
        let design = block.design().unwrap();
        let bench = testbench::make(block, &design, 200).unwrap();
        let text = support::icarus(&design, &bench);
        assert!(text.contains("PASS 200 vectors"), "{}: {text}", block.module_name());
    });
}
