//! `cargo xtask catalogue`: every block with its default parameters checked, and what it costs, into `fpga/results/catalogue.md`. What was
//! measured before comes from the user's cache.
use narrowgen::blocks::{AnyBlock, Configured, REGISTRY};
use narrowgen::flow::check::check;
use narrowgen::flow::clocked::{ClockError, Clocked, Clocking};
use narrowgen::flow::engine::Kind;
use narrowgen::flow::stimulus::{Method, Options};
use narrowgen::flow::target::Target;
use narrowgen::flow::tool::{Tool, resolve};
use narrowgen::flow::{stream, timed};
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::verilog;
use narrowgen::sweep::measure::witness;
use narrowgen::sweep::memo::Memo;
use narrowgen::sweep::tune::{fmax, synth};
use rayon::prelude::*;
use std::path::Path;

/// Clocks that are asked for on ECP5, MHz: the first that the block's loops allow.
const ASKED: [f64; 6] = [150.0, 100.0, 75.0, 50.0, 25.0, 12.0];
/// Vectors of a check whose inputs are too many to try all, and rows of a stream.
const VECTORS: u64 = 1_000_000;
/// See [`VECTORS`].
const ROWS: u64 = 100_000;
/// Place-and-route seeds.
const SEEDS: u32 = 3;

/// Runs the task for the named blocks, or for all; lines of blocks that are not named stay.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    if let Some(odd) = args.iter().find(|a| REGISTRY.iter().all(|b| b.name() != **a)) {
        return Err(format!("there is no block `{odd}`"));
    }
    let path = root.join("fpga/results/catalogue.md");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let memo = Memo::new(true);
    let version = |t: Tool| resolve(t).map(|f| format!("{} {}", t.name(), f.version)).map_err(|e| e.to_string());
    let mut text = format!(
        "# What blocks cost\n\n\
Written by `cargo xtask catalogue`: blocks with their default parameters, no multiplier blocks; {}, {}.\n\
Look-up tables are those of the block as it is described, on ECP5 beside carry cells of two bits; `gates` are two-input gates. A line\n\
that says less than was asked for is a miss. The clock is that of the block between registers on\n\
an ECP5-85k of speed grade 6, median of {SEEDS} seeds, with pipeline registers for the clock asked for (rows of tokens keep the registers that\n\
they have). Latency and interval are those of the manifest and were measured in simulation; `rows`: cycles from the last token of a row to\n\
the first result, and from row to row, for the length given. Last column: what was compared, in Verilator and in the native simulator:\n\
inputs, all of them or random ones with seed 1, or rows of 1, 8, 64, 197, the most and random numbers of elements under random back-pressure.\n\n\
| block | iCE40 LUT4 | ECP5 LUT4 + CCU2C | 7-series LUT | gates | ECP5 asked, MHz | reached | latency | interval | equal to the golden model |\n\
|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
        version(Tool::Yosys)?,
        version(Tool::NextpnrEcp5)?
    );
    let kept = |name: &str| old.lines().find(|l| l.starts_with(&format!("| `{name}` |"))).map(|l| format!("{l}\n"));
    let wanted = |name: &str| args.is_empty() || args.iter().any(|a| a == name);
    let lines: Result<Vec<Option<String>>, String> = REGISTRY
        .par_iter()
        .map(|b| match wanted(b.name()) {
            true => line(*b, &memo).map(Some).map_err(|e| format!("{}: {e}", b.name())),
            false => Ok(kept(b.name())),
        })
        .collect();
    let lines = lines?;
    lines.iter().flatten().for_each(|l| text.push_str(l));
    let missing = REGISTRY.iter().zip(&lines).filter(|(_, line)| line.is_none());
    let missing: Vec<String> = missing.map(|(b, _)| format!("`{}`", b.name())).collect();
    if !missing.is_empty() {
        text.push_str(&format!("\nNot measured: {}.\n", missing.join(", ")));
    }
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

fn configure(block: &dyn AnyBlock) -> Result<Box<dyn Configured>, String> {
    block.configure(&[]).map_err(|e| e.to_string())
}

fn text_of(design: &Design) -> String {
    verilog::print(design).iter().map(|f| f.text.as_str()).collect()
}

fn line(block: &dyn AnyBlock, memo: &Memo) -> Result<String, String> {
    let plain = configure(block)?;
    let design = plain.design().map_err(|e| e.to_string())?;
    let text = text_of(&design);
    let mut sizes = Vec::new();
    for target in [Target::Ice40, Target::Ecp5, Target::Xc7, Target::Generic] {
        let report = synth(&design, &text, target, memo).map_err(|e| e.to_string())?;
        let n = if target == Target::Generic { report.gates } else { report.lut };
        let carry = report.carry.filter(|_| target == Target::Ecp5).map_or(String::new(), |n| format!(" + {n}"));
        sizes.push(n.map_or("–".to_string(), |n| format!("{n}{carry}")));
    }
    let clock = |design: &Design| fmax(design, &text_of(design), Target::Ecp5, SEEDS, memo).map_err(|e| e.to_string());
    let (asked, reached, latency, interval) = if plain.row_lengths().is_some() {
        let rows = stream::timing::measure(plain.as_ref(), &design).map_err(|e| e.to_string())?;
        let longest = rows.last().ok_or("no rows were measured")?;
        let interval = format!("{} (rows of {})", longest.interval, longest.elements);
        ("–".to_string(), clock(&design)?, longest.latency.to_string(), interval)
    } else {
        let (asked, clocked) = clocked(block)?;
        let design = clocked.design().map_err(|e| e.to_string())?;
        let found = timed::measure(&clocked, &design).map_err(|e| e.to_string())?;
        if (found.latency, found.interval) != (clocked.latency(), clocked.initiation_interval()) {
            return Err(format!("latency and interval in simulation: {found:?}, in the manifest {}", clocked.latency()));
        }
        (format!("{asked:.0}"), clock(&design)?, found.latency.to_string(), found.interval.to_string())
    };
    let golden = witness(plain.as_ref())?;
    let parts = ["catalogue check", env!("CARGO_PKG_VERSION"), &golden, &text];
    let checked = memo.get(&parts, || checked(plain.as_ref(), &design))?;
    eprintln!("{}: {reached:.1} MHz, {checked}", block.name());
    Ok(format!("| `{}` | {} | {asked} | {reached:.1} | {latency} | {interval} | {checked} |\n", block.name(), sizes.join(" | ")))
}

/// Compares the block with its golden model: what was compared, in words.
fn checked(block: &dyn Configured, design: &Design) -> Result<String, String> {
    let rows = block.row_lengths().is_some();
    let options = Options { vectors: if rows { ROWS } else { VECTORS }, ..Options::default() };
    let report = check(block, design, &[Kind::Native, Kind::Verilator], &options, &|_, _| ()).map_err(|e| e.to_string())?;
    if !report.passed() {
        return Err(format!("differs from its golden model: {:?}", report.failing));
    }
    let least = report.results.iter().min_by_key(|r| r.vectors).ok_or("no engine ran")?;
    let what = if rows { "rows" } else { "vectors" };
    Ok(match least.method {
        Method::Exhaustive => format!("exhaustive, {} {what}", least.vectors),
        Method::Sampled => format!("sampled {} {what}", least.vectors),
    })
}

/// The block for the fastest clock that its loops allow.
fn clocked(block: &dyn AnyBlock) -> Result<(f64, Clocked), String> {
    let mut last = String::new();
    for asked in ASKED {
        let clocking = Clocking { period_ps: Some(1e6 / asked), model: Some("ecp5".into()), ..Clocking::default() };
        match Clocked::build(configure(block)?, &clocking) {
            Ok(clocked) => return Ok((asked, clocked)),
            Err(ClockError::Timing { error, .. }) => last = error.to_string(),
            Err(e) => return Err(e.to_string()),
        }
    }
    Err(last)
}
