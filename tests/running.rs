//! Sums that are rounded in every step, beside the golden model where they stand still.
use narrowgen::blocks;
use narrowgen::formats::Format;
use narrowgen::golden::names::parse;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use num_bigint::BigUint;

/// Sums of largest products in all orders of signs, long enough to stall: nothing claimed of a sum is wrong there.
#[test]
fn sums_stall_where_they_are_said_to() {
    let mut stalled = 0;
    for (a, b) in [("e4m3-none", "e4m3-none"), ("e2m1fn", "e3m2fn"), ("e4m3fn", "e3m0-none"), ("e2m0-none", "e1m1-none")] {
        // With some bias the largest exponent is the first of one bit more.
        let shifted = (10..60).map(|bias| format!("e7m2b{bias}-none"));
        let named = ["e6m0-none", "e7m1-ieee", "e6m2-fn", "e7m3-fnuz", "e8m4-ieee", "e8m7-ieee", "p3109_k9p3se"];
        for acc in named.map(String::from).into_iter().chain(shifted) {
            for more in
                ["", "clear=zero", "clear=zero overflow=nonfinite", "clear=zero subnormals_out=flush", "round=rna", "ties=up"]
            {
                let words = format!("a={a} b={b} acc={acc} {more}");
                let words: Vec<_> =
                    words.split_whitespace().filter_map(|w| w.split_once('=')).map(|(n, v)| (n.into(), v.into())).collect();
                let Ok(block) = blocks::find("mac").expect("a block").configure(&words) else { continue };
                stalled += usize::from(stalls(&*block, a, b));
            }
        }
    }
    assert!(stalled > 60, "{stalled}");
}

/// Runs upwards, then up and down, then here and there, beside the golden model. True if the sum stood still on its way up.
fn stalls(block: &dyn blocks::Configured, a: &str, b: &str) -> bool {
    let [a, b] = [a, b].map(|f| parse(f).expect("a format"));
    // The two largest and the two smallest magnitudes, of both signs.
    let codes = |f: &Format| {
        let Format::Minifloat(f) = f else { return vec![] };
        let top = f.last_magnitude();
        let sign = 1u64 << (f.exp_bits + f.frac_bits);
        vec![top, top - 1, sign + top, sign + top - 1, 0, 1, sign, sign + 1]
    };
    let (a_codes, b_codes) = (codes(&a), codes(&b));
    let mut words = Vec::new();
    for i in 0..1800u64 {
        // Upwards, then largest values up and down, then all sorts of values.
        let noise = ((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize;
        let (pick, other, clear) = match i / 600 {
            0 => (0, 0, false),
            1 => (noise % 4, noise / 4 % 2, false),
            _ => (4 + noise % 4, noise / 4 % 8, (noise / 32).is_multiple_of(10)),
        };
        words.extend([a_codes[pick], b_codes[other], u64::from(clear), 1]);
    }
    let rows = Rows::from_words(&[a.bits(), b.bits(), 1, 1], words);
    let got = Sim::new(&block.design().expect("a design")).expect("a simulator").run(&rows, rows.len()).expect("no claims");
    let mut model = block.golden();
    model.reset();
    let (mut last, mut still) = (BigUint::ZERO, false);
    for r in 0..rows.len() {
        let mut want = Vec::new();
        model.step(&(0..4).map(|c| rows.get(r, c)).collect::<Vec<_>>(), &mut want);
        assert_eq!(want[0], got.get(r, 0), "{} cycle {r}", block.module_name());
        still |= r > 1 && r < 600 && want[0] == last;
        last = want[0].clone();
    }
    still
}
