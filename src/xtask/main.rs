//! Developer tasks. `cargo xtask` alone lists them.
#![forbid(unsafe_code)]

mod architectures;
mod catalogue;
mod characterize;
mod exhaustive;
mod pareto;
mod real_data;
mod regen;
mod sweeps;
mod teeth;
mod timing;
mod tuning;
mod wide;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A task: word, what it does, how.
struct Task(&'static str, &'static str, fn(&Path, &[String]) -> Result<(), String>);

static TASKS: &[Task] = &[
    Task("regen", "rewrite rtl-out/ and the generated parts of README.md", |root, _| regen::run(root)),
    Task("teeth", "mutate the golden models' source, write testbenches/teeth/golden.md; [N]: only N mutants", teeth::run),
    Task("timing", "place and route random blocks at random clocks, write fpga/results/timing.csv; [N] [SEED]", timing::run),
    Task("catalogue", "check and cost of every block, write fpga/results/catalogue.md; [BLOCK…]", catalogue::run),
    Task("characterize", "measure delays of parts, rewrite fpga/delay/; [PART…]", characterize::run),
    Task(
        "sweeps",
        "run the sweeps of fpga/results/*/spec.toml, write their results.csv and the FP8-INT8 table; [NAME…]",
        sweeps::run,
    ),
    Task("real-data", "blocks on captured tensors against binary64, write testbenches/real/README.md; FOLDER", real_data::run),
    Task(
        "architectures",
        "measure architectures of units, or of compared blocks, into fpga/architectures.csv; [TARGET…] [blocks | PREFIX…]",
        architectures::run,
    ),
    Task(
        "exhaustive",
        "every architecture of short units on all inputs, write fpga/results/exhaustive.csv; [UNIT…]: only these, no file",
        exhaustive::run,
    ),
    Task("wide", "every architecture of long units on 10^8 random inputs, write fpga/results/wide.csv; [N]", wide::run),
    Task("tune", "tune ten blocks anew beside --arch auto, write fpga/results/tune.csv", tuning::run),
    Task("named", "place and route the blocks whose clocks the README names, write fpga/results/named.csv", timing::named),
];

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(word) = args.first() else {
        TASKS.iter().for_each(|t| println!("{:<14} {}", t.0, t.1));
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|t| t.0 == word) else {
        eprintln!("no task `{word}`; cargo xtask lists them");
        return ExitCode::from(2);
    };
    match (task.2)(&root(), &args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{word}: {e}");
            ExitCode::FAILURE
        }
    }
}
