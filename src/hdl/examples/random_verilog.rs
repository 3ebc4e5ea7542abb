//! Writes random designs as Verilog, raw and optimised: `random_verilog DIR FIRST_SEED COUNT GENES`.
use narrowgen_hdl::pass::optimize;
use narrowgen_hdl::random::{self, Stream};
use narrowgen_hdl::verilog;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, first, count, genes] = &args[..] else { panic!("usage: random_verilog DIR FIRST_SEED COUNT GENES") };
    let number = |s: &String| s.parse::<u64>().expect("a number");
    for seed in number(first)..number(first) + number(count) {
        let design = random::design(&Stream(seed).genes(number(genes) as usize));
        for (kind, d) in [("raw", design.clone()), ("opt", optimize(&design))] {
            let to = format!("{dir}/{seed}_{kind}");
            std::fs::create_dir_all(&to)?;
            for file in verilog::print(&d) {
                std::fs::write(format!("{to}/{}", file.name), file.text)?;
            }
        }
    }
    Ok(())
}
