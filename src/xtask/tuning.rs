//! `cargo xtask tune`: tunes ten blocks anew, nothing remembered, beside what `--arch auto` gives, and writes
//! `fpga/results/tune.csv`. It fails if the best of a block is larger than its default.
use narrowgen::blocks::{Configured, from_words};
use narrowgen::flow::architecture::{Choice, Dsp, Shape, Shaped};
use narrowgen::flow::costs;
use narrowgen::flow::target::Target;
use narrowgen::flow::tool::{Tool, resolve};
use narrowgen::hdl::verilog;
use narrowgen::sweep::memo::Memo;
use narrowgen::sweep::tune::{Objective, synth, tune};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Block, then parameters and values; and where.
const TUNED: &[(&str, Target)] = &[
    ("mul a int8 b int8 out exact", Target::Xc7),
    ("mul a e4m3fn b e4m3fn out e4m3fn", Target::Ice40),
    ("mac a int8 b int8 acc int32 overflow wrap", Target::Ecp5),
    ("mac a e4m3fn b e4m3fn terms 128", Target::Xc7),
    ("dot a int4 b int4 lanes 8 out exact", Target::Ice40),
    ("dot a e2m1fn b e2m1fn lanes 8 out exact", Target::Ecp5),
    ("convert from bf16 to e4m3fn", Target::Xc7),
    ("xnor_dot lanes 64", Target::Ice40),
    ("ternary_dot lanes 8", Target::Ecp5),
    ("lmul format e4m3fn", Target::Xc7),
];

/// Runs the task.
pub fn run(root: &Path, _: &[String]) -> Result<(), String> {
    let yosys = resolve(Tool::Yosys).map_err(|e| e.to_string())?.version;
    let mut rows = String::new();
    let start = Instant::now();
    for (words, target) in TUNED {
        let began = Instant::now();
        from_words(words)?;
        let make = || from_words(words).unwrap_or_else(|e| panic!("internal error: legal a moment ago: {e}"));
        let (target, memo) = (*target, Memo::new(false));
        let error = |e: &dyn std::fmt::Display| format!("{words} on {target}: {e}");
        let trials = tune(&make, target, Objective::Lut, 1, &memo, None).map_err(|e| error(&e))?;
        let shape = Shape { choice: Choice::Auto, dsp: Dsp::Never, target, pipelined: false, fmax_mhz: None };
        let design = Shaped::build(make(), shape).and_then(|s| s.design()).map_err(|e| error(&e))?;
        let text: String = verilog::print(&design).iter().map(|f| f.text.as_str()).collect();
        let default = costs::cost(&synth(&design, &text, target, &memo).map_err(|e| error(&e))?);
        let plain = trials.iter().find(|t| t.choice == Choice::None).map(|t| costs::cost(&t.report));
        let best = trials.first().ok_or_else(|| error(&"no architecture"))?;
        let cost = costs::cost(&best.report);
        let seconds = began.elapsed().as_secs_f64();
        let line = format!(
            "{words},{target},{},{},{cost},{default},{},{seconds:.0}",
            trials.len(),
            best.choice.word(),
            plain.map_or(String::new(), |c| c.to_string())
        );
        println!("{line}");
        let _ = writeln!(rows, "{line}");
        if cost > default {
            return Err(format!("{words} on {target}: the best of tune costs {cost}, the default {default}"));
        }
    }
    let text = format!(
        "# cargo xtask tune: nothing remembered, {:.0} s in all on {} cores; cost: look-up tables, on ECP5 with the two places of each carry cell; yosys {yosys}\n\
         block,target,architectures,best,best_cost,default_cost,none_cost,seconds\n{rows}",
        start.elapsed().as_secs_f64(),
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    let path = root.join("fpga/results/tune.csv");
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}
