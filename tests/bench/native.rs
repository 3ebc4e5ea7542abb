//! The native simulator beside Verilator, on the same designs in the same run.
//!
//!     cargo bench --bench native
//!
//! Both engines enumerate all 65,536 operand pairs and give every result to the caller. Verilator's
//! model is compiled beforehand and the time to compile is not counted; nor is the native one's, which
//! is printed. Figures are the best of several runs, in millions of vectors per second.
use narrowgen::blocks;
use narrowgen::flow::tool::{Tool, provision};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::sim::Sim;
use std::time::Instant;

/// Seconds of the fastest run.
fn best(runs: usize, mut f: impl FnMut()) -> f64 {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn multiplier(format: &str, out: &str) -> Design {
    let params = [("a", format), ("b", format), ("out", out)].map(|(k, v)| (k.to_string(), v.to_string()));
    blocks::find("mul").expect("a block").configure(&params).expect("legal").design().expect("a good design")
}

fn main() {
    let tools = provision(&[Tool::Verilator, Tool::Cxx]).unwrap_or_else(|e| panic!("{e}: {}", e.help));
    let versions: Vec<String> = tools.iter().map(|t| t.version.clone()).collect();
    println!("{} threads; {}", rayon::current_num_threads(), versions.join("; "));
    let designs =
        [("e4m3fn multiplier", multiplier("e4m3fn", "e4m3fn"), 1.0), ("int8 multiplier", multiplier("int8", "exact"), 3.0)];
    let units: Vec<Unit> = designs.iter().map(|(_, d, _)| Unit::from_design(d)).collect();
    let model = verilator::build(&units).unwrap_or_else(|e| panic!("{e}"));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    for (unit, (name, design, wanted)) in designs.iter().enumerate() {
        let start = Instant::now();
        let sim = Sim::new(design).expect("simulates");
        let compiled = start.elapsed();
        let (mut native_sum, mut verilator_sum, mut vectors) = (0u64, 0u64, 0u64);
        let mut native = || {
            native_sum = 0;
            vectors = 0;
            let each = |_, rows: &narrowgen::hdl::rows::Rows| {
                vectors += rows.len() as u64;
                native_sum = rows.words().iter().fold(native_sum, |s, w| s.wrapping_add(*w));
            };
            sim.exhaustive(each).expect("no false claim");
        };
        let alone = one.install(|| best(50, &mut native));
        let shared = best(50, &mut native);
        let other = best(20, || {
            verilator_sum = 0;
            let each = |_, rows: &narrowgen::hdl::rows::Rows| {
                verilator_sum = rows.words().iter().fold(verilator_sum, |s, w| s.wrapping_add(*w));
            };
            model.exhaustive(unit, each).unwrap_or_else(|e| panic!("{e}"));
        });
        assert_eq!(native_sum, verilator_sum, "the engines disagree on {name}");
        assert_eq!(vectors, 1 << 16);
        let rate = |seconds: f64| vectors as f64 / seconds / 1e6;
        println!(
            "{name}: native {:.0} M/s on one thread, {:.0} on all ({} gates, compiled in {compiled:.1?}); Verilator {:.1}; {:.1} times",
            rate(alone),
            rate(shared),
            sim.size().0,
            rate(other),
            other / alone
        );
        assert!(other / alone >= *wanted, "slower than promised");
    }
}
