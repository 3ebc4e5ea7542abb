//! Developer tasks. `cargo xtask` alone lists them.
#![forbid(unsafe_code)]

fn main() {
    println!("tasks: (none yet)");
}
