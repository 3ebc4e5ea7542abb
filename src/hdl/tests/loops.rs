//! Loops through declared state: found, told, and broken without changing the behaviour.
mod support;
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::random::{self, Gene, Stream};
use narrowgen_hdl::sim::Sim;
use narrowgen_hdl::text::print;
use narrowgen_hdl::timing::estimate::estimate;
use narrowgen_hdl::timing::flatten::flatten;
use narrowgen_hdl::timing::loops::{break_loops, components, enable_to_mux, loops};
use narrowgen_hdl::timing::split::{Accumulator, SplitOptions, split};
use narrowgen_hdl::verify::verify;
use proptest::prelude::*;

/// Round numbers, see [`support::round`].
fn options(budget_ps: f64, accumulator: Accumulator) -> SplitOptions {
    let model = support::round(4);
    SplitOptions { period_ps: budget_ps + 500.0, model, accumulator, streams: 1 }
}

/// acc ← clear ? 0 : en ? acc + x : acc.
fn cleared(width: u32, term: u32) -> Design {
    design("mac", Reset::Sync, |m| {
        let (x, en, clear) = (m.sint_in("x", term), m.bit_in("en"), m.bit_in("clear"));
        let acc = m.state_sint("acc_q", width, 0);
        let sum = (acc.get() + x).wrap(width).named("next");
        acc.set(clear.select(m.sint(0, width), en.select(sum, acc.get())));
        m.output("acc", acc.get());
    })
    .unwrap()
}

/// acc ← (clear ? 0 : acc) ± x.
fn accumulator(width: u32, term: u32, clear: bool, minus: bool) -> Design {
    design("mac", Reset::Sync, |m| {
        let x = m.sint_in("x", term);
        let en = m.bit_in("en");
        let acc = m.state_sint("acc_q", width, 5 % (1 << (width - 1).min(3)));
        let base = if clear { m.bit_in("clear").select(m.sint(0, width), acc.get()) } else { acc.get() };
        let sum = if minus { base - x } else { base + x };
        acc.set_when(en, sum.wrap(width).named("next"));
        m.output("acc", acc.get());
    })
    .unwrap()
}

fn same(a: &Design, b: &Design, rows: usize, run: usize) -> bool {
    let of = |d: &Design| Sim::new(d).unwrap().run(&Stream(9).rows(d, rows), run);
    of(a) == of(b)
}

/// Pins of registers clear and enable: neither takes time in the loop. A clear that logic makes does.
#[test]
fn registers_clear_by_a_pin() {
    let of = |clear: u32| {
        let d = design("mac", Reset::Sync, |m| {
            let (x, en, when) = (m.sint_in("x", 40), m.bit_in("en"), m.uint_in("when", 9));
            let acc = m.state_sint("acc_q", 40, 0);
            let sum = (acc.get() + x).wrap(40).named("next");
            let by = if clear == 1 { when.bit(0) } else { when.any() };
            match clear {
                0 => acc.set_when(en, sum),
                _ => acc.set(by.select(m.sint(0, 40), en.select(sum, acc.get()))),
            }
            m.output("acc", acc.get());
            m.output("rest", when);
        });
        let (d, model) = (narrowgen_hdl::pass::optimize(&d.unwrap()), support::round(4));
        (loops(d.top(), &model)[0].delay_ps, estimate(d.top(), None, &model).period_ps)
    };
    let (plain, pin, logic) = (of(0), of(1), of(2));
    assert_eq!(pin, plain);
    assert!(logic.1 > pin.1, "{logic:?} {pin:?}");
}

#[test]
fn accumulators_in_every_form() {
    use Accumulator::*;
    let mut checked = 0;
    for (width, term) in [(2, 2), (5, 3), (16, 9), (32, 16), (33, 33), (48, 20), (70, 40), (129, 16), (300, 36)] {
        let loads = [(true, false), (false, false), (true, true), (false, true)];
        let loads = loads.map(|(clear, minus)| accumulator(width, term, clear, minus));
        for d in loads.into_iter().chain([cleared(width, term)]) {
            for form in [Auto, Chunked, Difference, CarrySave] {
                for budget in [1700.0, 2100.0, 2800.0, 3600.0, 90000.0] {
                    let o = options(budget, form);
                    for cut in [break_loops(&narrowgen_hdl::pass::optimize(&flatten(&d)), &o), split(&d, &o)] {
                        assert_eq!(verify(&cut), Ok(()));
                        assert!(same(&d, &cut, 3000, 50), "{form:?} {budget}\n{}\nbecame\n{}", print(&d), print(&cut));
                        // Long runs in the same state.
                        assert!(same(&d, &cut, 1000, 1000));
                    }
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 9 * 5 * 4 * 5);
}

#[test]
fn a_long_loop_becomes_short_ones() {
    // Two levels of budget: the multiplexer, and a chain of 8 bits.
    let d = accumulator(32, 16, true, false);
    let o = options(2900.0, Accumulator::Chunked);
    let found = loops(narrowgen_hdl::pass::optimize(&flatten(&d)).top(), &o.model);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].states.clone(), found[0].delay_ps, &found[0].reason),
        (vec!["acc_q".into()], 1000.0 + 900.0 + 3200.0, &None)
    );
    let cut = split(&d, &o);
    let left = loops(cut.top(), &o.model);
    let names: Vec<String> = left.iter().flat_map(|l| l.states.clone()).collect();
    assert_eq!(left.len(), 4, "{}", print(&cut));
    assert!(names.contains(&"acc_q_3".into()), "{names:?}");
    assert!(left.iter().all(|l| l.delay_ps <= 2900.0 && l.states.len() == 1), "{}", print(&cut));
}

#[test]
fn a_clear_leaves_the_loop_when_it_must() {
    let d = accumulator(32, 16, true, false);
    // A chain of 17 bits, or a multiplexer and one of 7.
    let o = options(2700.0, Accumulator::Auto);
    let cut = split(&d, &o);
    let left = loops(cut.top(), &o.model);
    assert_eq!(left.len(), 2, "{}", print(&cut));
    assert!(left.iter().all(|l| l.delay_ps <= 2700.0), "{}", print(&cut));
    let names: Vec<&str> = cut.top().states.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["acc_q_0", "acc_q_1", "acc_q_base_0", "acc_q_base_1", "acc_q_cleared"]);
    // With time for the multiplexer it stays.
    let o = options(3400.0, Accumulator::Auto);
    let cut = split(&d, &o);
    assert_eq!(loops(cut.top(), &o.model).len(), 3, "{}", print(&cut));
    assert_eq!(cut.top().states.len(), 3);
}

#[test]
fn what_does_not_depend_on_the_state_leaves_the_loop() {
    let d = design("two", Reset::Sync, |m| {
        let (x, y) = (m.uint_in("x", 16), m.uint_in("y", 16));
        let acc = m.state_uint("acc", 16, 0);
        acc.set(((acc.get() + x).wrap(16) + y).wrap(16));
        m.output("z", acc.get());
    })
    .unwrap();
    let o = options(2700.0, Accumulator::Auto);
    let cut = split(&d, &o);
    assert!(same(&d, &cut, 2000, 40));
    let left = loops(cut.top(), &o.model);
    assert_eq!((left.len(), left[0].delay_ps), (1, 2500.0), "{}", print(&cut));
}

#[test]
fn carry_save_has_no_chain_in_the_loop() {
    let o = options(1700.0, Accumulator::CarrySave);
    for d in [accumulator(64, 64, true, false), cleared(64, 64)] {
        let cut = split(&d, &o);
        let left = loops(cut.top(), &o.model);
        assert!(left.iter().all(|l| l.delay_ps <= 4000.0), "{}", print(&cut));
        let adders = |l: &narrowgen_hdl::timing::loops::Loop| l.nodes.iter().any(|n| n.name.contains("add"));
        assert!(!left.is_empty() && !left.iter().any(adders));
        assert!(cut.top().states.len() > d.top().states.len());
    }
}

#[test]
fn what_cannot_be_broken_is_told() {
    let d = design("sat", Reset::Sync, |m| {
        let x = m.sint_in("x", 8);
        let acc = m.state_sint("acc", 24, 0);
        wires! {
            let sum = acc.get() + x;
            let next = sum.saturate(24);
        }
        acc.set(next);
        m.output("y", acc.get());
    })
    .unwrap();
    let o = options(2500.0, Accumulator::Auto);
    assert!(same(&d, &split(&d, &o), 2000, 40));
    let found = loops(split(&d, &o).top(), &o.model);
    assert_eq!(found.len(), 1);
    assert!(found[0].delay_ps > 2500.0);
    assert!(found[0].reason.as_ref().is_some_and(|r| r.contains("all bits of the state at once")), "{found:?}");
    assert!(found[0].nodes.iter().all(|n| n.loc.is_some_and(|l| l.file().ends_with("loops.rs"))), "{:?}", found[0].nodes);
    assert!(found[0].help.len() == 3 && found[0].help[2].contains("MHz"), "{:?}", found[0].help);
    // A state that moves through itself.
    let d = design("shift", Reset::Sync, |m| {
        let x = m.uint_in("x", 32);
        let s = m.state_uint("s", 32, 1);
        let moved = s.get().slice(30, 0).cat(s.get().slice(31, 31));
        s.set((moved + x).wrap(32));
        m.output("y", s.get());
    })
    .unwrap();
    assert!(same(&d, &split(&d, &o), 2000, 40));
    let found = loops(split(&d, &o).top(), &o.model);
    assert!(found[0].reason.as_ref().is_some_and(|r| r.contains("moves bits")), "{found:?}");
}

#[test]
fn loops_of_several_states_are_one_component() {
    let d = design("two", Reset::Sync, |m| {
        let x = m.uint_in("x", 20);
        let (a, b, c) = (m.state_uint("a", 20, 0), m.state_uint("b", 20, 0), m.state_uint("c", 20, 0));
        a.set((b.get() + x).wrap(20));
        b.set((a.get() ^ x).wrap(20));
        c.set((c.get() + a.get()).wrap(20));
        m.output("y", c.get());
    })
    .unwrap();
    let sizes: Vec<usize> = components(d.top()).iter().map(|c| c.states.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 3);
    assert_eq!(sizes.len(), 2);
    let o = options(2100.0, Accumulator::Auto);
    let cut = split(&d, &o);
    assert!(same(&d, &cut, 3000, 30));
    assert!(loops(cut.top(), &o.model).iter().all(|l| l.delay_ps <= 2100.0), "{}", print(&cut));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_designs_keep_their_behaviour(genes in prop::collection::vec(any::<Gene>(), 1..60), form in 0..4usize) {
        let d = random::design(&genes);
        let form = [Accumulator::Auto, Accumulator::Chunked, Accumulator::Difference, Accumulator::CarrySave][form];
        let o = options(2200.0, form);
        for cut in [break_loops(&flatten(&d), &o), enable_to_mux(&d)] {
            prop_assert_eq!(verify(&cut), Ok(()));
            prop_assert!(same(&d, &cut, 60, 12), "{}\nbecame\n{}", print(&d), print(&cut));
        }
        prop_assert!(enable_to_mux(&d).modules.iter().all(|m| m.states.iter().all(|s| s.enable.is_none())));
    }
}
