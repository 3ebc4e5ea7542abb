//! `cargo xtask wide [N]`: units that have too many inputs to try them all, in every architecture beside their plain form in the native
//! simulator, on N random inputs each, into `fpga/results/wide.csv`.
use narrowgen::hdl::arch::{Kind, Quotient, Scaled, Square, Sum, Unit};
use narrowgen::hdl::equal::miter;
use narrowgen::hdl::ir::{Design, ModuleId, Reset};
use narrowgen::hdl::rows::{Rows, words_for};
use narrowgen::hdl::sim::Sim;
use rayon::prelude::*;
use std::path::Path;

/// Inputs of a unit, unless told otherwise.
const VECTORS: usize = 100_000_000;
/// Of them at a time.
const CHUNK: usize = 1 << 18;
const SEED: u64 = 1;

fn units() -> Vec<Unit> {
    let kind = |bits, signed| Kind { bits, signed };
    let mut all = Vec::new();
    for signed in [true, false] {
        for bits in [13, 16, 24, 32] {
            all.push(Unit::Product { a: kind(bits, signed), b: kind(bits, signed) });
        }
        all.push(Unit::Product { a: kind(24, signed), b: kind(11, !signed) });
        all.push(Unit::Accumulate { a: kind(8, signed), b: kind(8, signed), width: 32 });
        all.push(Unit::Accumulate { a: kind(16, signed), b: kind(16, signed), width: 48 });
        all.push(Unit::Dot { a: kind(4, signed), b: kind(4, signed), lanes: 16, width: 12 });
        all.push(Unit::Dot { a: kind(8, signed), b: kind(8, signed), lanes: 8, width: 19 });
        // Rows of a short factor by a long one, lane upon lane.
        all.push(Unit::Dot { a: kind(4, signed), b: kind(8, !signed), lanes: 8, width: 15 });
        all.push(Unit::Dot { a: kind(3, true), b: kind(16, signed), lanes: 4, width: 21 });
        all.push(Square { a: kind(32, signed) }.into());
        all.push(Scaled { a: kind(32, signed), by: 0x5a82_7999.into() }.into());
        all.push(Sum { terms: vec![kind(8, signed); 16], width: 12 }.into());
    }
    all.extend([3, 10, 25, 1000].into_iter().filter_map(|by| Some(Quotient::by(32, by)?.into())));
    for (a, b, from, drop, width) in [(8, 5, 40, 2, 48), (11, 6, 75, 0, 80)] {
        all.push(Unit::ShiftAdd { a: kind(a, false), b: kind(b, false), from, drop, width });
    }
    all
}

/// Rows of inputs; one of eight is all zeros, all ones or the sign alone.
fn random(widths: &[u32], count: usize, state: &mut u64) -> Rows {
    // SplitMix64 (G. L. Steele and others, OOPSLA 2014).
    let mut next = || {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut words = Vec::new();
    for _ in 0..count {
        for width in widths {
            let corner = next() % 32;
            for i in 0..words_for(*width) as u32 {
                let used = (*width - 64 * i).min(64);
                let mask = u64::MAX >> (64 - used);
                let sign = if 64 * i + used == *width { 1 << (used - 1) } else { 0 };
                words.push(match corner {
                    0 => 0,
                    1 => mask,
                    2 | 3 => sign,
                    _ => next() & mask,
                });
            }
        }
    }
    Rows::from_words(widths, words)
}

/// Runs the task.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let vectors = match args.first() {
        None => VECTORS,
        Some(n) => n.parse().map_err(|_| format!("`{n}`: expected a number of inputs"))?,
    };
    let jobs: Vec<_> = units().into_iter().flat_map(|u| u.architectures().into_iter().map(move |a| (u.clone(), a))).collect();
    let lines: Result<Vec<String>, String> = jobs
        .par_iter()
        .map(|(unit, arch)| {
            let plain = Design { modules: vec![unit.plain()], top: ModuleId(0), reset: Reset::None };
            let bits: u32 = plain.top().inputs.iter().map(|p| p.width).sum();
            let both = miter(&plain, &unit.build(*arch));
            let sim = Sim::new(&both).map_err(|e| format!("{}: {e}", unit.name()))?;
            let widths: Vec<u32> = both.top().inputs.iter().map(|p| p.width).collect();
            let mut state = SEED;
            let mut differ = 0;
            let mut done = 0;
            while done < vectors {
                let count = CHUNK.min(vectors - done);
                let rows = random(&widths, count, &mut state);
                let out = sim.run(&rows, 0).map_err(|e| e.text)?;
                differ += (0..count).filter(|row| out.cell(*row, 0)[0] != 0).count();
                done += count;
            }
            eprintln!("{} {}: {differ} of {done} differ", unit.name(), arch.name());
            Ok(format!("{},{},{bits},{done},{SEED},{differ}", unit.name(), arch.name()))
        })
        .collect();
    let lines = lines?;
    let wrong: Vec<&String> = lines.iter().filter(|l| !l.ends_with(",0")).collect();
    if !wrong.is_empty() || lines.is_empty() {
        return Err(format!("not equal: {wrong:?}"));
    }
    let text = format!(
        "# cargo xtask wide {vectors}: random inputs, the architecture beside the plain operators, native simulator\nunit,arch,input_bits,vectors,seed,mismatches\n{}\n",
        lines.join("\n")
    );
    let path = root.join("fpga/results/wide.csv");
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}
