//! Random designs: every pass keeps the behaviour.
use narrowgen_hdl::ir::Design;
use narrowgen_hdl::minimise::minimise;
use narrowgen_hdl::pass::{PASSES, optimize};
use narrowgen_hdl::random::{self, Gene, Stream};
use narrowgen_hdl::rows::Rows;
use narrowgen_hdl::sim::{Sim, reference};
use narrowgen_hdl::text::print;
use narrowgen_hdl::verify::verify;
use proptest::prelude::*;

const ROWS: usize = 24;

fn outputs(design: &Design, rows: &Rows) -> Rows {
    reference::run(design, rows, 6).unwrap_or_else(|e| panic!("claim failed in row {}: {}", e.row, e.text))
}

fn wrong(design: &Design, rows: &Rows, run: impl Fn(&Design) -> Design) -> bool {
    let other = run(design);
    verify(&other).is_err() || outputs(design, rows) != outputs(&other, rows)
}

fn check(genes: &[Gene], seed: u64) -> Result<(), TestCaseError> {
    let design = random::design(genes);
    prop_assert_eq!(verify(&design), Ok(()));
    let rows = Stream(seed).rows(&design, ROWS);
    let native = |d: &Design| Sim::new(d).unwrap().run(&Stream(seed).rows(d, ROWS), 6).unwrap();
    if native(&design) != outputs(&design, &rows) {
        let small = minimise(&design, |d| native(d) != outputs(d, &Stream(seed).rows(d, ROWS)));
        return Err(TestCaseError::fail(format!("the native simulator differs on\n{}", print(&small))));
    }
    for pass in PASSES {
        if wrong(&design, &rows, |d| (pass.run)(d)) {
            let small = minimise(&design, |d| wrong(d, &Stream(seed).rows(d, ROWS), |d| (pass.run)(d)));
            return Err(TestCaseError::fail(format!(
                "pass `{}` changed the behaviour of\n{}\n{:?}",
                pass.name,
                print(&small),
                verify(&(pass.run)(&small))
            )));
        }
    }
    prop_assert!(!wrong(&design, &rows, optimize), "optimize");
    // Nothing is left for a second time.
    let once = optimize(&design);
    prop_assert_eq!(print(&optimize(&once)), print(&once));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn passes_keep_the_behaviour(genes in prop::collection::vec(any::<Gene>(), 1..60), seed: u64) {
        check(&genes, seed)?;
    }
}
