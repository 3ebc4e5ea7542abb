//! Known depths: logic levels and carry chains as the estimator counts them.
use narrowgen_hdl::ir::{Design, Reset};
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::timing::delay::DelayModel;
use narrowgen_hdl::timing::estimate::estimate;
use narrowgen_hdl::timing::flatten::flatten;
use narrowgen_hdl::{dsl::Builder, pass};

/// A logic level is 1000, everything else nothing, but for what a test sets.
fn levels(lut_inputs: u32) -> DelayModel {
    DelayModel { lut_inputs, lut_ps: 1000.0, ..DelayModel::default() }
}

fn made(f: impl FnOnce(Builder<'_>)) -> Design {
    pass::optimize(&flatten(&design("d", Reset::None, f).unwrap()))
}

fn period(d: &Design, model: &DelayModel) -> f64 {
    estimate(d.top(), None, model).period_ps
}

#[test]
fn reductions_and_comparisons_are_trees() {
    let mut checked = 0;
    // Trees are binary: groups of six are made of two and four, so 64 bits take one level more than they could.
    for (width, four, six) in [(4, 1.0, 1.0), (6, 2.0, 1.0), (8, 2.0, 2.0), (16, 2.0, 2.0), (64, 3.0, 4.0)] {
        let parity = made(|m| {
            let x = m.uint_in("x", width);
            m.output("y", x.parity());
        });
        assert_eq!(period(&parity, &levels(4)), 1000.0 * four, "{width}");
        assert_eq!(period(&parity, &levels(6)), 1000.0 * six, "{width}");
        checked += 1;
    }
    assert_eq!(checked, 5);
    let equal = made(|m| {
        let (x, y) = (m.uint_in("x", 8), m.uint_in("y", 8));
        m.output("z", x.eq(y));
    });
    assert_eq!(period(&equal, &levels(4)), 2000.0);
}

#[test]
fn a_sum_is_a_chain() {
    let model = DelayModel { carry_in_ps: 500.0, carry_bit_ps: 50.0, carry_out_ps: 300.0, ..levels(4) };
    let sum = made(|m| {
        let (x, y) = (m.uint_in("x", 16), m.uint_in("y", 16));
        m.output("z", (x + y).wrap(16));
    });
    // Into the chain at bit 0, 14 bits on, out at bit 15.
    let chain = 500.0 + 14.0 * 50.0 + 300.0;
    assert!(chain > 1000.0, "or the first bit, which is a table, hides it");
    assert_eq!(period(&sum, &model), chain);
    // Every input and output in a register of its own stage: only the chain is left.
    let m = sum.top();
    let stages: Vec<u32> = (0..m.nodes.len()).map(|i| u32::from(m.nodes[i].op.info().is_some())).collect();
    let e = estimate(m, Some(&stages), &model);
    assert_eq!(e.period_ps, chain);
    let at = (0..m.nodes.len()).find(|i| m.nodes[*i].op == narrowgen_hdl::ops::Op::Add).unwrap();
    assert_eq!(e.origin[at].index(), at, "the path begins with the sum");
}

#[test]
fn wires_count_by_fan_out() {
    let select = made(|m| {
        let (s, x, y) = (m.bit_in("s"), m.uint_in("x", 32), m.uint_in("y", 32));
        m.output("z", s.select(x, y));
    });
    let model = DelayModel { route_ps: 100.0, fanout_ps: 7.0, ..levels(4) };
    assert_eq!(period(&select, &model), 1000.0 + 100.0 + 5.0 * 7.0);
}

#[test]
fn area_is_saved_in_cones_that_are_not_the_deepest() {
    let model = DelayModel { wide_inputs: 3, mux_ps: 100.0, ..levels(4) };
    let arrival = |beside: u32| {
        let d = made(|m| {
            m.output("y", m.uint_in("x", 7).parity());
            m.output("z", m.uint_in("w", beside).parity());
        });
        let e = estimate(d.top(), None, &model);
        e.arrival_ps[d.top().outputs[0].node.index()]
    };
    // One table of four inputs and three multiplexers; two tables where another cone has two levels anyway.
    assert_eq!(arrival(2), 1300.0);
    assert_eq!(arrival(40), 2000.0);
}
