//! Mutations of random designs are legal and single; equality is decided right.
use narrowgen_hdl::equal::{Method, Verdict, cut, equal};
use narrowgen_hdl::ir::{Design, Module};
use narrowgen_hdl::mutate::{Kind, mutations};
use narrowgen_hdl::pass::optimize;
use narrowgen_hdl::prelude::{BigUint, Reset, design};
use narrowgen_hdl::random::{self, Stream};
use narrowgen_hdl::sim::{Sim, reference};
use narrowgen_hdl::verify::verify;
use std::collections::BTreeSet;

fn designs(n: u64) -> impl Iterator<Item = Design> {
    (0..n).map(|seed| random::design(&Stream(seed).genes(10 + seed as usize % 40)))
}

#[test]
fn mutants_are_legal_designs() {
    let (mut mutants, mut kinds) = (0, BTreeSet::new());
    for (seed, design) in designs(60).enumerate() {
        for (i, mutation) in mutations(&design).iter().enumerate() {
            kinds.insert(mutation.kind);
            // All are listed, a spread of them is made.
            if (i + seed) % 7 == 0 {
                let mutant = mutation.apply(&design);
                assert_eq!(verify(&mutant), Ok(()), "{mutation}");
                assert!(mutant != design, "{mutation}");
                assert_eq!(mutant.top().inputs.len(), design.top().inputs.len());
                mutants += 1;
            }
        }
    }
    assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
    assert!(mutants > 1000, "{mutants}");
}

#[test]
fn a_cut_design_steps_like_its_original() {
    let mut steps = 0;
    for design in designs(80) {
        let Some(cut) = cut(&design) else { continue };
        assert_eq!(verify(&cut.design), Ok(()));
        if cut.init.is_empty() {
            continue;
        }
        let rows = Stream(7).rows(&design, 12);
        let plain =
            Design { modules: design.modules.iter().cloned().map(|m| Module { claims: vec![], ..m }).collect(), ..design };
        let expected = reference::run(&plain, &rows, 12).unwrap();
        let outputs = plain.top().outputs.len();
        let mut state: Vec<BigUint> = cut.init.iter().map(|b| b.unsigned().clone()).collect();
        let widths: Vec<u32> = cut.design.top().inputs.iter().map(|p| p.width).collect();
        let sim = Sim::new(&cut.design).unwrap();
        for row in 0..rows.len() {
            let mut one = narrowgen_hdl::rows::Rows::new(&widths);
            let inputs = (0..rows.widths().len()).map(|c| rows.get(row, c));
            one.push(&inputs.chain(state.clone()).collect::<Vec<_>>());
            let out = sim.run(&one, 0).unwrap();
            (0..outputs).for_each(|c| assert_eq!(out.get(0, c), expected.get(row, c), "cycle {row}"));
            state = (outputs..out.widths().len()).map(|c| out.get(0, c)).collect();
            steps += 1;
        }
    }
    assert!(steps > 200, "{steps}");
}

#[test]
fn passes_give_equal_designs() {
    let mut decided = 0;
    for design in designs(60) {
        match equal(&design, &optimize(&design), 18) {
            Verdict::Equal(..) => decided += 1,
            Verdict::Different => panic!("{design:#?}"),
            Verdict::TooMany { .. } => {}
        }
    }
    assert!(decided >= 10, "{decided}");
}

/// A counter that skips 3 and goes round at 4; a difference in state 3 cannot be seen, one in state 4 can.
fn counter(in_state: u64, shows: u64) -> Design {
    design("counter", Reset::Sync, |m| {
        let step = m.bit_in("step");
        let n = m.state_uint("n", 3, 0);
        let now = n.get();
        let next = now.eq(m.uint(2u32, 3)).select(m.uint(4u32, 3), (now + m.uint(1u32, 1)).wrap(3));
        let next = now.eq(m.uint(4u32, 3)).select(m.uint(0u32, 3), next);
        n.set_when(step, next);
        m.output("y", now.eq(m.uint(in_state, 3)).select(m.uint(shows, 3), now));
    })
    .unwrap()
}

#[test]
fn only_reachable_states_count() {
    let plain = counter(3, 3);
    assert!(matches!(equal(&plain, &counter(3, 3), 20), Verdict::Equal(Method::Structure, _)));
    assert!(matches!(equal(&plain, &counter(3, 5), 20), Verdict::Equal(Method::ReachableStates, 8)));
    assert_eq!(equal(&plain, &counter(4, 5), 20), Verdict::Different);
    assert!(matches!(equal(&plain, &counter(3, 5), 2), Verdict::TooMany { bits: 4 }));
}

#[test]
fn equality_of_sums() {
    let sum = |swap: bool, off: u64| {
        design("sum", Reset::None, |m| {
            let (a, b, c) = (m.uint_in("a", 5), m.uint_in("b", 5), m.uint_in("c", 5));
            let s = if swap { a + (b + c) } else { (a + b) + c };
            m.output("y", (s + m.uint(off, 1)).wrap(7));
        })
        .unwrap()
    };
    assert!(matches!(equal(&sum(false, 0), &sum(true, 0), 20), Verdict::Equal(Method::EveryCase, 32768)));
    assert_eq!(equal(&sum(false, 0), &sum(true, 1), 20), Verdict::Different);
    assert!(matches!(equal(&sum(false, 0), &sum(true, 0), 14), Verdict::TooMany { bits: 15 }));
}
