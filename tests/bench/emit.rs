//! Time of one `narrowgen emit`, the whole process: `cargo bench --bench emit`.
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs per block; the median is printed.
const RUNS: usize = 21;
/// What an interactive command may take, in milliseconds.
const LIMIT_MS: f64 = 20.0;

const BLOCKS: &[&[&str]] = &[
    &["convert", "--from", "fp32", "--to", "e4m3fn"],
    &["mul"],
    &["mul", "--a", "fp32", "--b", "fp32", "--out", "fp32"],
    &["dot", "--lanes", "32"],
    &["mac", "--acc", "fp32"],
];

fn main() {
    let mut slow = 0;
    for block in BLOCKS {
        let mut times: Vec<f64> = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                let status =
                    Command::new(env!("CARGO_BIN_EXE_narrowgen")).arg("emit").args(*block).stdout(Stdio::null()).status();
                assert!(status.is_ok_and(|s| s.success()), "emit {} failed", block.join(" "));
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let median = times[RUNS / 2];
        slow += usize::from(median >= LIMIT_MS);
        println!("emit {:48} {median:7.1} ms (median of {RUNS})", block.join(" "));
    }
    println!("{} of {} below {LIMIT_MS} ms", BLOCKS.len() - slow, BLOCKS.len());
}
