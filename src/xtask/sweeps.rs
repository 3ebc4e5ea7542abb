//! The committed sweeps: every folder of `fpga/results` with a `spec.toml` is swept, and its results are written beside
//! it. What was computed before comes from the user's cache.
use narrowgen::sweep::export::Table;
use narrowgen::sweep::record::Record;
use narrowgen::sweep::store::Store;
use serde_json::Value;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs the task, for the named folders or for all.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let results = root.join("fpga/results");
    let mut folders: Vec<PathBuf> = fs::read_dir(&results)
        .map_err(|e| e.to_string())?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join("spec.toml").is_file())
        .collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if args.is_empty() || args.contains(&name) {
            sweep(root, &folder, &name)?;
        }
    }
    Ok(())
}

fn narrowgen(words: &[&str]) -> Result<(), String> {
    let words = std::iter::once(&"narrowgen").chain(words).map(OsString::from);
    match narrowgen::cli::run(words, &mut std::io::stdout(), &mut std::io::stderr()) {
        0 => Ok(()),
        code => Err(format!("exit code {code}")),
    }
}

fn sweep(root: &Path, folder: &Path, name: &str) -> Result<(), String> {
    let (spec, database) = (folder.join("spec.toml"), root.join(format!("target/sweep-{name}.db")));
    let (spec, text) = (spec.to_string_lossy(), database.to_string_lossy());
    narrowgen(&["sweep", &spec, "-o", &text])?;
    let records = Store::open(&database).and_then(|s| s.records()).map_err(|e| format!("{text}: {e}"))?;
    let table = compact(&Table::new(&records));
    let write = |file: &str, contents: &[u8]| {
        let path = folder.join(file);
        fs::write(&path, contents).map_err(|e| format!("{}: {e}", path.display()))
    };
    write("results.csv", &table.csv()?)?;
    if name == "macs" {
        write("pareto.svg", super::pareto::picture(&records, "ecp5", 32).as_bytes())?;
    }
    if name == "fp8" {
        let others = folder.join("others.csv");
        let lines = csv::Reader::from_path(&others).and_then(|r| r.into_records().collect::<Result<Vec<_>, _>>());
        let lines = lines.map_err(|e| format!("{}: {e}", others.display()))?;
        write("table.md", fp8(&records, lines.iter().filter_map(other).collect()).as_bytes())?;
    }
    Ok(())
}

/// Without the columns that say the same of every point, except for the verdict, and without hashes.
fn compact(table: &Table) -> Table {
    let varies = |i: usize| table.rows.iter().any(|r| r[i] != table.rows[0][i]);
    let keep = |i: &usize| match table.columns[*i].0.as_str() {
        "id" | "golden_hash" | "rtl_hash" => false,
        "status" | "check" | "check_method" | "check_vectors" | "check_seed" => true,
        _ => varies(*i),
    };
    let kept: Vec<usize> = (0..table.columns.len()).filter(keep).collect();
    let row = |r: &Vec<Value>| kept.iter().map(|i| r[*i].clone()).collect();
    Table { columns: kept.iter().map(|i| table.columns[*i].clone()).collect(), rows: table.rows.iter().map(row).collect() }
}

/// Accumulators with what is published about them: FP8 with 4 exponent bits against INT8, in 2-input-gate equivalents.
const PUBLISHED: &[(&str, &str, &str)] = &[("e4m3fn", "fp16", "+53 %"), ("e4m3fn", "fp32", "+183 %")];

/// One line of the comparison: format, accumulator, what it is, and sizes in the order of [`COLUMNS`].
struct Line {
    format: String,
    accumulator: String,
    unit: String,
    sizes: [Option<u64>; 4],
    sqnr: String,
    published: &'static str,
}

const COLUMNS: [&str; 4] = ["transistors", "iCE40 LUT4", "ECP5 LUT4", "7-series LUT"];

fn param<'r>(r: &'r Record, name: &str) -> &'r str {
    r.params.iter().find(|p| p.0 == name).map_or("", |p| &p.1)
}

fn ours(r: &Record) -> Line {
    let cost = |target: &str| r.costs.iter().find(|c| c.target == target);
    let lut = |target: &str| cost(target).and_then(|c| c.lut);
    let format = param(r, "a").to_string();
    let accumulator = match param(r, "acc") {
        "exact" => format!("exact, {} bits", r.result_bits.unwrap_or(0)),
        other => other.to_string(),
    };
    let published = PUBLISHED.iter().find(|p| p.0 == format && p.1 == accumulator).map_or("", |p| p.2);
    let db: Vec<String> = r.accuracy.iter().map(|a| a.sqnr_db.map_or("–".into(), |x| format!("{x:.1}"))).collect();
    let arch = match param(r, "arch") {
        "" | "none" => String::new(),
        how => format!(", `--arch {how}`"),
    };
    let verdict = r.check.as_ref().is_some_and(|c| c.mismatches == 0 && c.vectors > 0);
    Line {
        format,
        accumulator,
        unit: format!("`{}`{arch}{}", r.module, if verdict { "" } else { " (not verified)" }),
        sizes: [cost("generic").and_then(|c| c.transistors), lut("ice40"), lut("ecp5"), lut("xc7")],
        sqnr: format!("{} ({} products)", db.join(" / "), r.accuracy.first().map_or(0, |a| a.terms)),
        published,
    }
}

/// A line of `others.csv`.
fn other(r: &csv::StringRecord) -> Option<Line> {
    let text = |i: usize| r.get(i).map(String::from);
    Some(Line {
        format: text(0)?,
        accumulator: text(1)?,
        unit: text(2)?,
        sizes: [3, 4, 5, 6].map(|i| r.get(i).and_then(|n| n.parse().ok())),
        sqnr: String::new(),
        published: "",
    })
}

/// FP8 against INT8: narrowgen's units, then other people's.
fn fp8(records: &[Record], others: Vec<Line>) -> String {
    let ours: Vec<Line> = records.iter().map(ours).collect();
    let int8: Vec<&Line> = ours.iter().filter(|l| l.accumulator == "int32").collect();
    let base = |built: bool| int8.iter().find(|l| l.unit.contains("--arch") == built).map_or([None; 4], |l| l.sizes);
    let (naive, built) = (base(false), base(true));
    let mut text = String::from(
        "# FP8 against INT8, accumulator by accumulator\n\n\
Written by `cargo xtask sweeps fp8` from `spec.toml` (narrowgen's units; every one checked bit for bit) and `others.csv`\n\
(the same flows on other people's units, measured once with Yosys 0.70). One multiply–accumulate unit each: registered sum, clear,\n\
enable; no multiplier blocks. Percentages: against narrowgen's INT8 units with a 32-bit sum that wraps, in the same column: first the\n\
one whose product is `*`, left to synthesis, then the one of Booth rows. What INT8 is compared with decides the verdict.\n\
Transistors: Yosys' CMOS estimate over two-input gates, flip-flops, clear and enable included; divide by 4 for NAND2 equivalents.\n\
SQNR: of sums against binary64, N(0,1) / Student's t (3 degrees of freedom) / MiniLM rows.\n\
Published: gates of FP8-E4 over INT8 in van Baalen et al., arXiv 2303.17951, as two summaries of it give them.\n\n",
    );
    let head: Vec<String> = COLUMNS.iter().flat_map(|c| [c.to_string(), "to `*`".into(), "to Booth".into()]).collect();
    let _ = writeln!(text, "| operands | accumulator | {} | SQNR, dB | published | unit |", head.join(" | "));
    let _ = writeln!(text, "|---|---|{}---|---|---|", "---:|---:|---:|".repeat(COLUMNS.len()));
    for line in ours.iter().chain(&others) {
        let sizes: Vec<String> = line
            .sizes
            .iter()
            .zip(naive.into_iter().zip(built))
            .flat_map(|(n, bases)| {
                let percent = |base: Option<u64>| {
                    n.zip(base).map_or(String::new(), |(n, b)| format!("{:+.0} %", (n as f64 / b as f64 - 1.0) * 100.0))
                };
                [n.map_or("–".into(), |n| n.to_string()), percent(bases.0), percent(bases.1)]
            })
            .collect();
        let cells = [&line.format, &line.accumulator, &sizes.join(" | "), &line.sqnr, line.published, &line.unit];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}
