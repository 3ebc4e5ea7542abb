//! A design of a million nodes: built through the DSL, printed, optimised, written as text.
//! `cargo bench -p narrowgen-hdl --bench build`.
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::{pass, text, verilog};
use std::time::{Duration, Instant};

/// A million nodes: products, sums, wiring, logic, multiplexers; every second value has a name.
fn describe(nodes: usize) -> Design {
    design("million", Reset::Sync, |m| {
        let (a, b) = (m.uint_in("a", 16), m.uint_in("b", 16));
        let (mut x, mut y) = (a, b);
        let mut count = 0;
        while count < nodes {
            wires! {
                let sum = (x + y).wrap(16);
                let mixed = (sum ^ x).slice(14, 1).cat(y.slice(1, 0));
                let greater = sum.lt(mixed);
            }
            (x, y) = (greater.select(mixed, y), sum);
            // zext, zext, add, slice, xor, slice, slice, cat, lt, select
            count += 10;
        }
        m.output("y", x ^ y);
    })
    .expect("builds")
}

fn best<R>(mut run: impl FnMut() -> R) -> (Duration, R) {
    let mut out = None;
    let times = (0..5).map(|_| {
        let start = Instant::now();
        out = Some(run());
        start.elapsed()
    });
    let least = times.min().unwrap_or_default();
    (least, out.expect("ran"))
}

fn main() {
    let (time, design) = best(|| describe(1_000_000));
    let nodes = design.top().nodes.len();
    println!("build     {nodes} nodes in {:.3} s", time.as_secs_f64());
    let (time, files) = best(|| verilog::print(&design));
    let bytes: usize = files.iter().map(|f| f.text.len()).sum();
    println!(
        "print     {:.1} MB in {:.3} s, {:.0} MB/s",
        bytes as f64 / 1e6,
        time.as_secs_f64(),
        bytes as f64 / 1e6 / time.as_secs_f64()
    );
    let (time, text) = best(|| text::print(&design));
    println!("text      {:.1} MB in {:.3} s", text.len() as f64 / 1e6, time.as_secs_f64());
    let start = Instant::now();
    let small = pass::optimize(&design);
    println!("optimize  to {} nodes in {:.3} s", small.top().nodes.len(), start.elapsed().as_secs_f64());
}
