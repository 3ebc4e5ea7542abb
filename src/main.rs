//! Command line of narrowgen: parse the arguments, run, map the result to an exit code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut err = std::io::stderr();
    ExitCode::from(narrowgen::cli::run(std::env::args_os(), &mut out, &mut err))
}
