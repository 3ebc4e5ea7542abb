//! Pipelines with flow control do what the untimed design does to the data that come, whatever the
//! pauses, and whatever registers without reset hold at first.
mod support;
use narrowgen_hdl::bits::Bits;
use narrowgen_hdl::ir::Design;
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::random::Stream;
use narrowgen_hdl::rows::Rows;
use narrowgen_hdl::sim::Sim;
use narrowgen_hdl::timing::flow::{Buffer, Flow, apply, latency};
use narrowgen_hdl::timing::pipeline::{Request, pipeline};
use support::model;

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A sum of products with its clear and enable: the result one cycle later.
fn mac() -> Design {
    design("mac", Reset::Sync, |m| {
        let (a, b) = (m.uint_in("a", 5), m.uint_in("b", 5));
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let acc = m.state_uint("acc", 16, 3);
        let start = clear.select(m.uint(0u32, 16), acc.get());
        acc.set_when(en, (start + a * b).wrap(16));
        m.output("y", acc.get());
    })
    .unwrap()
}

fn product() -> Design {
    design("product", Reset::Sync, |m| {
        let (a, b) = (m.uint_in("a", 6), m.uint_in("b", 6));
        m.output("y", a * b + a);
    })
    .unwrap()
}

/// The flow around a pipeline, against the untimed design; `seed` also fills the registers without reset.
fn run(design: &Design, untimed: u32, stages: u32, streams: u32, flow: Flow, buffer: Buffer, seed: u64) {
    let request = Request { period_ps: None, stages: Some(stages), streams, accumulator: Default::default(), model: model() };
    let p = pipeline(design, &request).unwrap();
    let mut timed = apply(&p, untimed, flow, buffer);
    narrowgen_hdl::verify::verify(&timed).unwrap();
    let text = narrowgen_hdl::text::print(&timed);
    assert_eq!(narrowgen_hdl::text::print(&narrowgen_hdl::text::parse(&text).unwrap()), text);
    assert_eq!(text.contains("assert "), flow == Flow::Stream);
    let mut dice = Dice(seed);
    for s in timed.modules[0].states.iter_mut().filter(|s| !s.reset) {
        s.init = Bits::new(
            s.init.width(),
            (0..4).fold(0u32.into(), |x: BigUint, _| (x << 64) | BigUint::from(dice.next()))
                % (BigUint::from(1u32) << s.init.width()),
        );
    }
    let late = latency(stages, streams, untimed, flow, buffer) as usize;
    let what = format!("{} {stages} stages, {streams} streams, {flow:?}, {buffer:?}, seed {seed}", design.top().name);

    // What each datum must give: each stream is a design of its own. The outputs of a state follow its step.
    let tokens = 300;
    let rows = Stream(seed).rows(design, tokens);
    let expected: Vec<BigUint> = {
        let mut all = vec![BigUint::default(); tokens];
        let streams = if untimed > 0 { streams as usize } else { 1 };
        for s in 0..streams {
            let mine: Vec<usize> = (s..tokens).step_by(streams).collect();
            let mut table = Rows::zeros(rows.widths(), mine.len() + untimed as usize);
            for (to, from) in mine.iter().enumerate() {
                (0..rows.widths().len()).for_each(|c| table.set(to, c, &rows.get(*from, c)));
            }
            let out = Sim::new(design).unwrap().run(&table, 0).unwrap();
            mine.iter().enumerate().for_each(|(k, t)| all[*t] = out.get(k + untimed as usize, 0));
        }
        all
    };

    let top = timed.top();
    let input = |name: &str| top.inputs.iter().position(|p| p.name == name);
    let output = |name: &str| top.outputs.iter().position(|p| p.name == name).unwrap();
    let data: Vec<usize> = design.top().inputs.iter().map(|p| input(&p.name).unwrap()).collect();
    let widths: Vec<u32> = top.inputs.iter().map(|p| p.width).collect();
    let sim = Sim::new(&timed).unwrap();
    let bit = |b: bool| BigUint::from(u32::from(b));
    if flow != Flow::Stream {
        let pause = |dice: &mut Dice| flow == Flow::Enable && dice.next().is_multiple_of(3);
        let moves: Vec<bool> = (0..tokens * 2).map(|_| !pause(&mut dice)).collect();
        let mut table = Rows::zeros(&widths, moves.len());
        let (mut at, mut checked) = (0, Vec::new());
        for (cycle, go) in moves.iter().enumerate() {
            for (c, to) in data.iter().enumerate() {
                table.set(cycle, *to, &rows.get(at.min(tokens - 1), c));
            }
            if let Some(ce) = input("ce") {
                table.set(cycle, ce, &bit(*go));
            }
            if at >= late && at - late < tokens {
                checked.push((cycle, at - late));
            }
            at += usize::from(*go);
        }
        let out = sim.run(&table, 0).unwrap();
        // Rows beyond the last token repeat it, which only later results would see.
        assert!(checked.len() > 200, "{what}");
        for (cycle, token) in checked {
            assert_eq!(out.get(cycle, output("y")), expected[token], "{what}, token {token}, cycle {cycle}");
        }
        return;
    }
    // The sender keeps a datum until it is taken. Whether it is depends on the answers, so the run is
    // repeated until they are what was assumed: an answer never depends on the inputs of its own cycle.
    let cycles = 1500;
    let (keen_in, keen_out) = (1 + seed % 4, 1 + seed / 4 % 4);
    let wants: Vec<bool> = (0..cycles).map(|_| dice.next() % 4 < keen_in).collect();
    let ready: Vec<bool> = (0..cycles).map(|_| dice.next() % 4 < keen_out).collect();
    let (in_valid, out_ready) = (input("in_valid").unwrap(), input("out_ready").unwrap());
    let (in_ready, out_valid, y) = (output("in_ready"), output("out_valid"), output("y"));
    let mut accepted: Vec<bool> = vec![false; cycles];
    let mut known = 0;
    let (out, sent) = loop {
        let mut table = Rows::zeros(&widths, cycles);
        let (mut token, mut offered, mut sent) = (0, false, Vec::new());
        for cycle in 0..cycles {
            offered = (offered || wants[cycle]) && token < tokens;
            for (c, to) in data.iter().enumerate() {
                table.set(cycle, *to, &rows.get(if offered { token } else { (cycle * 7) % tokens }, c));
            }
            table.set(cycle, in_valid, &bit(offered));
            table.set(cycle, out_ready, &bit(ready[cycle]));
            if offered && accepted[cycle] {
                sent.push(cycle);
                (token, offered) = (token + 1, false);
            }
        }
        let out = sim.run(&table, 0).unwrap();
        let now: Vec<bool> = (0..cycles).map(|c| out.get(c, in_ready) == bit(true)).collect();
        let same = now.iter().zip(&accepted).take_while(|(a, b)| a == b).count();
        if same == cycles {
            break (out, sent);
        }
        assert!(same >= known, "{what}: ready depends on its own cycle");
        known = same + 1;
        accepted = now;
    };
    let (mut received, mut at) = (0, Vec::new());
    for (cycle, taken) in ready.iter().copied().enumerate() {
        let valid = out.get(cycle, out_valid) == bit(true);
        if valid {
            assert_eq!(out.get(cycle, y), expected[received], "{what}, token {received}, cycle {cycle}");
        }
        if valid && taken {
            at.push(cycle);
            received += 1;
        } else if valid && cycle + 1 < cycles {
            assert!(out.get(cycle + 1, out_valid) == bit(true) && out.get(cycle + 1, y) == out.get(cycle, y), "{what}, {cycle}");
        }
    }
    assert!(received > 60 && sent.len() - received <= late + 2, "{what}: {} sent, {received} received", sent.len());
    if keen_in == 4 && keen_out == 4 {
        let every = if buffer == Buffer::Half { 2 } else { 1 };
        assert_eq!(at[0] - sent[0], late, "{what}");
        assert!(at.windows(2).take(100).all(|w| w[1] - w[0] == every), "{what}");
    }
}

#[test]
fn flows_change_nothing_but_time() {
    for stages in [0, 1, 2, 3, 5] {
        for streams in [1, 2, 3] {
            for seed in [0, 5, 10, 15, 7] {
                for (design, untimed) in [(mac(), 1), (product(), 0)] {
                    run(&design, untimed, stages, streams, Flow::Fixed, Buffer::Skid, seed);
                    run(&design, untimed, stages, streams, Flow::Enable, Buffer::Skid, seed);
                    for buffer in [Buffer::Skid, Buffer::Half] {
                        run(&design, untimed, stages, streams, Flow::Stream, buffer, seed);
                    }
                }
            }
        }
    }
}
