//! Golden models against hardware at every point, few vectors each: what tells mutants of the golden
//! models' source apart (`cargo xtask teeth`).
use crate::points::{Comparison, POINTS, configure, printed};

/// Vectors of each point.
const QUICK: u64 = 6000;

#[test]
fn every_point_agrees() {
    let mut vectors = 0;
    for (block, params) in POINTS.iter().flat_map(|(b, list)| list.iter().map(move |p| (*b, *p))) {
        let configured = configure(block, params).unwrap_or_else(|e| panic!("refused: {block} {params}: {e}"));
        let design = printed(&*configured);
        let check = Comparison::quick(&*configured, QUICK);
        let first = check.kills(&design);
        assert!(first.is_none(), "disagree: {block} {params}");
        vectors += check.vectors();
    }
    assert!(vectors > 100_000, "{vectors}");
}
