//! Single mutations of the hardware: each is killed by the vectors of the check, or proved to be
//! the same hardware.
use crate::points::{Comparison, POINTS, VECTORS, configure, printed};
use crate::proof::{self, Proof};
use narrowgen::hdl::mutate::{Kind, Mutation, mutations};
use narrowgen::hdl::random::Stream;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Mutants of one point, at most.
const PER_POINT: usize = 60;

/// What became of one mutant.
struct Fate {
    kind: Kind,
    text: String,
    killed: bool,
    /// Of a survivor: why it is the same hardware, or why that is not known.
    proof: Option<Result<Proof, String>>,
}

/// A spread over kinds, and within a kind over the places: every kind gets an equal share as long as
/// it has mutations left.
fn sample(all: Vec<Mutation>, n: usize, seed: u64) -> Vec<Mutation> {
    let mut stream = Stream(seed);
    let mut by_kind: BTreeMap<Kind, Vec<Mutation>> = BTreeMap::new();
    all.into_iter().for_each(|m| by_kind.entry(m.kind).or_default().push(m));
    let mut share: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut left = n;
    while left > 0 {
        let before = left;
        for (kind, list) in &by_kind {
            let have = share.entry(*kind).or_default();
            if left > 0 && *have < list.len() {
                *have += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    let mut picked = Vec::new();
    for (kind, list) in by_kind {
        let n = share.get(&kind).copied().unwrap_or(0);
        // One from each of `n` equal stretches of the list.
        for i in 0..n {
            let (from, to) = (i * list.len() / n, (i + 1) * list.len() / n);
            picked.push(list[from + stream.next() as usize % (to - from)].clone());
        }
    }
    picked
}

#[test]
fn mutants_of_the_hardware_are_killed_or_equal() {
    let points: Vec<(&str, &str)> = POINTS.iter().flat_map(|(b, list)| list.iter().map(move |p| (*b, *p))).collect();
    let per_point: usize = std::env::var("TEETH_PER_POINT").ok().and_then(|n| n.parse().ok()).unwrap_or(PER_POINT);
    let fates: Vec<Vec<Fate>> = points
        .par_iter()
        .enumerate()
        .map(|(i, (block, params))| {
            let configured = configure(block, params).unwrap_or_else(|e| panic!("{block} {params}: {e}"));
            let design = printed(&*configured);
            let check = Comparison::new(&*configured, VECTORS);
            assert!(check.vectors() > 0);
            assert_eq!(check.kills(&design), None, "{block} {params}: the original itself fails");
            let judge = |mutation: &Mutation| {
                let killed = check.kills(&mutation.apply(&design)).is_some();
                let proof = (!killed).then(|| proof::equal(&design, mutation));
                Fate { kind: mutation.kind, text: mutation.to_string(), killed, proof }
            };
            sample(mutations(&design), per_point, i as u64).par_iter().map(judge).collect()
        })
        .collect();
    let report = report(&points, &fates);
    println!("{report}");
    if let Ok(path) = std::env::var("TEETH_REPORT") {
        std::fs::write(&path, &report).unwrap();
    }
    let all: Vec<&Fate> = fates.iter().flatten().collect();
    let killed = all.iter().filter(|f| f.killed).count();
    let open = all.iter().filter(|f| matches!(f.proof, Some(Err(_)))).count();
    assert!(all.len() >= 400, "{} mutants", all.len());
    assert!(Kind::ALL.iter().all(|(k, _)| all.iter().any(|f| f.kind == *k)), "a kind of mutation is missing");
    // What is neither killed nor proved equal counts as a failure to kill.
    assert!(1000 * killed >= 999 * (killed + open), "{killed} killed, {open} neither killed nor proved equal");
}

fn report(points: &[(&str, &str)], fates: &[Vec<Fate>]) -> String {
    let mut text = String::from(
        "# Mutations of the hardware\n\nWritten by `TEETH_REPORT=$PWD/testbenches/teeth/rtl.md cargo test --release --test teeth rtl`: \
         single mutations of the blocks' optimised designs at many points, each compared with the golden model on the vectors of \
         `check`. A survivor is the same hardware if that is proved: by every input (and state, or reachable state), or by a SAT \
         solver. `open` ones, neither killed nor proved equal, count as not killed.\n",
    );
    let row = |text: &mut String, name: &str, list: &[&Fate]| {
        let killed = list.iter().filter(|f| f.killed).count();
        let equal = list.iter().filter(|f| matches!(f.proof, Some(Ok(_)))).count();
        let open = list.len() - killed - equal;
        let rate = 100.0 * killed as f64 / (list.len() - equal).max(1) as f64;
        let _ = writeln!(text, "| {name} | {} | {killed} | {equal} | {open} | {rate:.1} % |", list.len());
    };
    let head = |what: &str| {
        format!("\n| {what} | mutants | killed | proved equal | open | killed of the different |\n|---|---|---|---|---|---|\n")
    };
    text += &head("block");
    for (block, _) in POINTS {
        let list: Vec<&Fate> = points.iter().zip(fates).filter(|(p, _)| p.0 == *block).flat_map(|(_, f)| f).collect();
        row(&mut text, block, &list);
    }
    row(&mut text, "all", &fates.iter().flatten().collect::<Vec<_>>());
    text += &head("kind");
    for (kind, word) in Kind::ALL {
        row(&mut text, word, &fates.iter().flatten().filter(|f| f.kind == *kind).collect::<Vec<_>>());
    }
    text += "\nSurvivors:\n\n";
    for ((block, params), list) in points.iter().zip(fates) {
        for fate in list.iter().filter(|f| !f.killed) {
            let proof = match &fate.proof {
                Some(Ok(proof)) => format!("equal: {proof}"),
                Some(Err(why)) => format!("NOT PROVED: {why}"),
                None => String::new(),
            };
            let _ = writeln!(text, "* `{block} {params}`: {}: {proof}", fate.text);
        }
    }
    text
}
