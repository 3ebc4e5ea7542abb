//! Pipelined designs do what the untimed ones do, later.
mod support;
use narrowgen_hdl::ir::Design;
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::random::Stream;
use narrowgen_hdl::sim::Sim;
use narrowgen_hdl::timing::pipeline::{Request, pipeline};
use support::model;

/// Runs both and compares row t of the untimed design with row t + stages of the pipelined one.
fn same(design: &Design, request: &Request) -> u32 {
    let p = pipeline(design, request).unwrap();
    narrowgen_hdl::verify::verify(&p.design).unwrap();
    let n = 400;
    let rows = Stream(7).rows(design, n);
    let (untimed, timed) =
        (Sim::new(design).unwrap().run(&rows, 0).unwrap(), Sim::new(&p.design).unwrap().run(&rows, 0).unwrap());
    let s = p.stages as usize;
    for row in 0..n - s {
        for c in 0..untimed.widths().len() {
            assert_eq!(untimed.get(row, c), timed.get(row + s, c), "row {row} column {c}, {s} stages");
        }
    }
    p.stages
}

#[test]
fn pure_designs_only_get_later() {
    let d = design("d", Reset::None, |m| {
        let (a, b, c) = (m.uint_in("a", 8), m.uint_in("b", 8), m.uint_in("c", 3));
        let s = (a + b).named("s");
        let t = (s * a).named("t");
        let u = (t + b).named("u");
        m.output("y", u);
        m.output("z", (b + c).named("v"));
    })
    .unwrap();
    for stages in 0..6 {
        let request =
            Request { period_ps: None, stages: Some(stages), streams: 1, accumulator: Default::default(), model: model() };
        assert_eq!(same(&d, &request), stages);
    }
    let request = Request { period_ps: Some(9000.0), stages: None, streams: 1, accumulator: Default::default(), model: model() };
    assert!(same(&d, &request) > 0);
}

#[test]
fn random_pure_designs_only_get_later() {
    let mut stages = 0;
    let mut run = 0;
    for seed in 0..3000 {
        let genes = Stream(seed).genes(10 + seed as usize % 40);
        let d = narrowgen_hdl::random::design(&genes);
        if d.modules.len() > 1 || !d.top().is_combinational(&d) {
            continue;
        }
        run += 1;
        for n in [0, 1, 3] {
            stages += same(
                &d,
                &Request { period_ps: None, stages: Some(n), streams: 1, accumulator: Default::default(), model: model() },
            );
        }
    }
    assert!(run > 50 && stages > 200, "{run} designs, {stages} stages");
}
