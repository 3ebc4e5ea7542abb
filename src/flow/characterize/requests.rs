//! Random blocks at random clocks, from a seed: what delay models are fitted to, tried on, and judged by.
use crate::flow::target::Target;
use crate::hdl::random::Stream;

/// A block with its parameters, and how many streams take turns.
#[derive(Clone, Debug)]
pub struct RandomBlock {
    /// Block, then parameters and values, separated by spaces. Not every combination is legal.
    pub words: String,
    /// Streams that take turns.
    pub streams: u32,
}

const SMALL: &[&str] =
    &["e4m3fn", "e5m2", "e3m2fn", "e2m3fn", "e2m1fn", "e3m4", "e4m3", "e5m2fnuz", "int8", "int4", "int6", "uint8"];
const OUT: &[&str] = &["e4m3fn", "e5m2", "bf16", "fp16", "e3m4", "exact"];

/// A number below `n`.
pub fn below(r: &mut Stream, n: usize) -> usize {
    (r.next() % n as u64) as usize
}

fn pick<'a>(r: &mut Stream, words: &[&'a str]) -> &'a str {
    words[below(r, words.len())]
}

/// A clock that may be asked of a target, in MHz, evenly in the logarithm.
pub fn random_clock(r: &mut Stream, target: Target) -> f64 {
    let (low, high): (f64, f64) = match target {
        Target::Ice40 => (50.0, 190.0),
        Target::Gowin => (40.0, 150.0),
        _ => (80.0, 310.0),
    };
    (low * (high / low).powf(below(r, 1000) as f64 / 999.0)).round()
}

/// The next block of a sequence.
pub fn random_block(r: &mut Stream) -> RandomBlock {
    let (a, b) = (pick(r, SMALL), pick(r, SMALL));
    let mut streams = 1;
    let words = match below(r, 8) {
        0 | 1 => format!("mul a {a} b {b} out {}", pick(r, OUT)),
        2 => format!("mac a {a} b {b} terms {}", 1 << (3 + below(r, 6))),
        3 => format!("mac a int{0} b int{0} acc int32 overflow wrap", 3 + below(r, 8)),
        4 => {
            streams = 4 + below(r, 9) as u32;
            format!("mac a {a} b {b} acc {}", pick(r, &["bf16", "fp16", "fp32"]))
        }
        5 => format!("dot a {a} b {a} lanes {} out {}", 2 + below(r, 7), pick(r, &["exact", "fp16", "bf16"])),
        6 => format!("dot a int{0} b int{0} lanes {1} out exact", 3 + below(r, 6), 4 << below(r, 3)),
        _ => format!("convert from {} to {}", pick(r, &["fp32", "bf16", "fp16", "int16"]), pick(r, SMALL)),
    };
    RandomBlock { words, streams }
}
