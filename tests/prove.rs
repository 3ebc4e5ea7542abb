//! What `narrowgen prove` proves, and that it refutes what is broken.
mod support;
use narrowgen::blocks::Configured;
use narrowgen::flow::clocked::{Clocked, Clocking};
use narrowgen::flow::prove::{self, Verdict};
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::hdl::bits::Bits;
use narrowgen::hdl::ir::{Design, NameId};
use narrowgen::hdl::ops::Op;
use narrowgen::hdl::timing::flow::{Buffer, Flow};
use narrowgen::hdl::timing::ports::Profile;
use rayon::prelude::*;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

fn clocked(block: &str, params: &str, clocking: &Clocking) -> Clocked {
    let inner = support::configure(block, params).unwrap_or_else(|e| panic!("{block} {params}: {e}"));
    Clocked::build(inner, clocking).unwrap_or_else(|e| panic!("{block} {params} {}: {e}", clocking.options()))
}

#[test]
fn pipelines_are_proved_and_broken_ones_refuted() {
    if !for_tests("pipelines_are_proved_and_broken_ones_refuted", &[Tool::Yosys]) {
        return;
    }
    for flow in [Flow::Fixed, Flow::Enable] {
        for (name, params) in [("mul", "a=e2m1fn b=e2m1fn out=e4m3fn"), ("convert", "from=fp16 to=e4m3fn"), ("mac", "")] {
            let block = clocked(name, params, &Clocking { stages: Some(2), flow, ..Clocking::default() });
            let design = block.design().unwrap();
            let proof = prove::pipeline(&block, &design, LIMIT).unwrap();
            assert_eq!(proof.verdict, Verdict::Proved, "{proof:?}");
            let states = &design.top().states;
            let own = (0..states.len()).filter(|r| block.pipelined.registers.contains_key(&states[*r].name));
            let broken = own.filter_map(|r| support::without_register(&design, r)).next().unwrap();
            let proof = prove::pipeline(&block, &broken, LIMIT).unwrap();
            assert_eq!(proof.verdict, Verdict::Refuted, "{proof:?}");
        }
    }
}

/// What solvers stall at: two products of 16 and 20 input bits, by every input.
#[test]
fn products_are_proved_by_every_input() {
    if !for_tests("products_are_proved_by_every_input", &[Tool::Verilator]) {
        return;
    }
    for (params, bits) in [("a=int8 b=int8 out=exact", 16), ("a=e5m4-ieee b=e4m5-none out=fp16", 20)] {
        for stages in [0, 3] {
            let block = clocked("mul", params, &Clocking { stages: Some(stages), ..Clocking::default() });
            let design = block.design().unwrap();
            let proof = prove::pipeline(&block, &design, LIMIT).unwrap();
            assert_eq!(proof.verdict, Verdict::Proved, "{proof:?}");
            assert!(proof.method.contains(&format!("all 2^{bits} inputs")), "{proof:?}");
            if stages > 0 {
                continue;
            }
            // The lowest bit of the result is wrong for one value of an operand.
            let mut broken = design.clone();
            let top = &mut broken.modules[design.top.index()];
            let (a, y) = (top.inputs[0].clone(), top.outputs[0].node);
            let width = top.width(y);
            let value = top.push_const(Bits::small(a.width, 77));
            let here = top.push_op(Op::Eq, 1, &[a.node, value], 0, NameId(0), None);
            let flip = top.push_op(Op::Zext, width, &[here], 0, NameId(0), None);
            top.outputs[0].node = top.push_op(Op::Xor, width, &[y, flip], 0, NameId(0), None);
            let proof = prove::pipeline(&block, &broken, LIMIT).unwrap();
            assert_eq!(proof.verdict, Verdict::Refuted, "{proof:?}");
            assert!(proof.answer.contains("input 0x4d"), "{proof:?}");
        }
    }
}

/// The hardware with a register that always holds the same.
fn stuck(design: &Design, register: usize, value: u64) -> Design {
    let mut broken = design.clone();
    let top = &mut broken.modules[design.top.index()];
    let width = top.states[register].init.width();
    let next = top.push_const(Bits::small(width, value));
    (top.states[register].next, top.states[register].enable) = (next, None);
    broken
}

/// The hardware with a register that moves in every cycle.
fn without_enable(design: &Design, register: usize) -> Option<Design> {
    let mut broken = design.clone();
    let top = &mut broken.modules[design.top.index()];
    top.states[register].enable.take().map(|_| broken)
}

#[test]
fn handshakes_are_proved_and_broken_buffers_refuted() {
    if !for_tests("handshakes_are_proved_and_broken_buffers_refuted", &[Tool::Yosys]) {
        return;
    }
    let mut points = Vec::new();
    for (block, params) in [("mul", "a=e2m1fn b=e2m1fn out=e4m3fn"), ("mac", "a=int4 b=int4")] {
        for stages in 0..=6 {
            for buffer in [Buffer::Skid, Buffer::Half] {
                points.push((block, params, stages, buffer));
            }
        }
    }
    let refuted: usize = points
        .par_iter()
        .map(|(block, params, stages, buffer)| {
            let clocking = Clocking {
                stages: Some(*stages),
                flow: Flow::Stream,
                buffer: *buffer,
                ports: Profile::Axis,
                ..Clocking::default()
            };
            let block = clocked(block, params, &clocking);
            let design = block.design().unwrap();
            let name = block.module_name();
            let proof = prove::handshake(&block, &design, LIMIT).unwrap();
            assert_eq!(proof.verdict, Verdict::Proved, "{name}: {proof:?}");
            if *stages != 2 {
                return 0;
            }
            // Whatever control register is broken, the proof must not go through.
            let control = ["valid", "last", "full", "out_last_kept"];
            let mut refuted = 0;
            for (i, s) in design.top().states.iter().enumerate() {
                if !control.iter().any(|c| s.name.starts_with(c)) {
                    continue;
                }
                let ways = [Some(stuck(&design, i, 0)), Some(stuck(&design, i, 1)), without_enable(&design, i)];
                for broken in ways.into_iter().flatten() {
                    let proof = prove::handshake(&block, &broken, LIMIT).unwrap();
                    assert_eq!(proof.verdict, Verdict::Refuted, "{name} with `{}` broken: {proof:?}", s.name);
                    refuted += 1;
                }
            }
            refuted
        })
        .sum();
    assert!(refuted >= 40, "{refuted}");
}
