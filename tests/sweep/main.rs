//! Sweeps through the program itself: killed and resumed, failing points, cached runs, exports, and the page in a browser.
mod browser;
mod page;

use narrowgen::flow::tool::{Tool, for_tests};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use rand::{Rng, SeedableRng};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs the program in a folder.
pub fn narrowgen(dir: &Path, args: &str) -> Output {
    command(dir, args).output().expect("it runs")
}

fn command(dir: &Path, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrowgen"));
    command.current_dir(dir).args(args.split_whitespace());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Standard output of a run that succeeds.
pub fn good(dir: &Path, args: &str) -> String {
    let out = narrowgen(dir, args);
    assert_eq!(out.status.code(), Some(0), "{args}: {}", text(&out.stderr));
    text(&out.stdout)
}

/// The summary of a sweep.
fn summary(dir: &Path, args: &str) -> serde_json::Value {
    serde_json::from_str(&good(dir, &format!("{args} --json"))).expect("JSON")
}

const KILLS: u32 = 10;

#[test]
fn killed_ten_times_it_gives_what_it_gives_undisturbed() {
    if !for_tests("killed_ten_times_it_gives_what_it_gives_undisturbed", &[Tool::Yosys, Tool::Verilator, Tool::Cxx]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let sweep = "sweep mul a=int2..int6 b=int2..int5 out=exact --check --synth generic --no-cache --jobs 2 -o";
    good(dir.path(), &format!("{sweep} warm.db"));
    let start = Instant::now();
    assert_eq!(summary(dir.path(), &format!("{sweep} whole.db"))["written"], 20);
    let whole = start.elapsed();
    let expected = good(dir.path(), "export whole.db");
    assert_eq!(expected, good(dir.path(), "export warm.db"));
    let rows: Vec<&str> = expected.lines().collect();
    // Ten lives of at most a tenth of what is to do: the sweep cannot be over before the last kill.
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(std::process::id()));
    let (mut kills, mut counts) = (0, Vec::new());
    while kills < KILLS {
        let mut child = command(dir.path(), &format!("{sweep} killed.db")).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(random.random_range(0.0..1.0 / f64::from(KILLS))));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        // On Unix this is SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // Killed before it made the database, there is none yet.
        let partial = narrowgen(dir.path(), "export killed.db");
        let partial = if partial.status.success() { text(&partial.stdout) } else { String::new() };
        let points: Vec<&str> = partial.lines().skip(1).collect();
        assert!(points.iter().all(|p| rows.contains(p)), "a half-written point:\n{partial}");
        counts.push(points.len());
    }
    assert_eq!(kills, KILLS, "over after {kills} kills; points after each: {counts:?}");
    assert!(counts.is_sorted() && counts[9] < 20, "{counts:?}");
    let last = summary(dir.path(), &format!("{sweep} killed.db"));
    assert_eq!((&last["points"], &last["kept"]), (&20.into(), &counts[9].into()));
    assert_eq!(expected, good(dir.path(), "export killed.db"));
    println!("points after each of {KILLS} kills: {counts:?}; resumed result identical");
    // Every life is on record, those that were cut short too.
    let page = good(dir.path(), "report killed.db -o killed.html");
    assert!(page.contains("20 points"));
}

#[test]
fn a_sweep_that_was_made_before_computes_nothing() {
    if !for_tests("a_sweep_that_was_made_before_computes_nothing", &[Tool::Yosys]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("spec.toml"),
        "synth = ['generic']\n[[mac]]\na = 'int2..int4'\nb = '@a'\nterms = '4..64*4'\n[[mul]]\na = 'e2m{0..2}-none'\nb = ['int3', '@a']\n",
    )
    .unwrap();
    good(dir.path(), "sweep spec.toml -o first.db");
    let start = Instant::now();
    let again = summary(dir.path(), "sweep spec.toml -o second.db");
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!((&again["points"], &again["written"], &again["computed"]), (&15.into(), &15.into(), &0.into()));
    assert_eq!(good(dir.path(), "export first.db"), good(dir.path(), "export second.db"));
    let kept = summary(dir.path(), "sweep spec.toml -o second.db");
    assert_eq!((&kept["kept"], &kept["written"]), (&15.into(), &0.into()));
}

#[test]
fn failed_points_are_recorded_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = "sweep mac a=int4,e9m9-none,int8 b=int8 acc=exact,int2-sm stages=0,1 -o r.db";
    let out = narrowgen(dir.path(), sweep);
    let complaint = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("of 12 points failed") && complaint.contains("--retry-failed"), "{complaint}");
    let rows: Vec<serde_json::Value> =
        good(dir.path(), "export r.db --format jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 12);
    for row in &rows {
        let bad = row["param_a"] == "e9m9-none";
        assert_eq!(row["status"] == "failed", bad, "{row}");
        assert_eq!(row["error"].as_str().is_some_and(|e| e.contains("1..=8")), bad, "{row}");
        assert_eq!(row["normal_sqnr_db"].is_number(), !bad, "{row}");
    }
    // They stay failed until asked for again, and so does the exit code.
    assert_eq!(narrowgen(dir.path(), sweep).status.code(), Some(2));
    let retried = narrowgen(dir.path(), &format!("{sweep} --retry-failed --json"));
    let retried: serde_json::Value = serde_json::from_slice(&retried.stdout).unwrap();
    assert_eq!((&retried["written"], &retried["kept"]), (&4.into(), &8.into()));
}

#[test]
fn every_export_has_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    narrowgen(dir.path(), "sweep dot a=int4,e4m3fn,e9m9-none b=int8 lanes=2,4 -o r.db");
    let csv = good(dir.path(), "export r.db --format csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let csv: Vec<Vec<String>> = reader.records().map(|r| r.unwrap().iter().map(String::from).collect()).collect();
    assert_eq!(csv.len(), 6);
    let shown = |v: Option<&serde_json::Value>| match v {
        None => String::new(),
        Some(serde_json::Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    };
    let lines = good(dir.path(), "export r.db --format jsonl");
    for (line, row) in lines.lines().zip(&csv) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        for (name, cell) in names.iter().zip(row) {
            assert_eq!(shown(object.get(name)), *cell, "{name}");
        }
    }
    good(dir.path(), "export r.db --format parquet -o r.parquet");
    let parquet = SerializedFileReader::new(std::fs::File::open(dir.path().join("r.parquet")).unwrap()).unwrap();
    let mut count = 0;
    for (row, cells) in parquet.get_row_iter(None).unwrap().map(Result::unwrap).zip(&csv) {
        for ((name, field), (column, cell)) in row.get_column_iter().zip(names.iter().zip(cells)) {
            let found = match field {
                Field::Null => String::new(),
                Field::Str(s) => s.clone(),
                Field::Long(n) => n.to_string(),
                Field::Double(x) => serde_json::Value::from(*x).to_string(),
                other => panic!("{name}: {other}"),
            };
            assert_eq!((name, &found), (column, cell));
        }
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn what_cannot_be_swept_is_said_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.toml"), "chek = true\n[[mac]]\na = 'int8'\n").unwrap();
    std::fs::write(dir.path().join("text.db"), "this is no database, however long one looks at it").unwrap();
    for (args, parts) in [
        ("sweep", "BLOCK|SPEC.toml"),
        ("sweep nothing a=1", "no block `nothing`|convert, mul, dot, mac"),
        ("sweep mac a", "PARAMETER=VALUES"),
        ("sweep mac a=4..2", "a: `4..2`"),
        ("sweep mac size=3", "no parameter `size`|a, b, acc"),
        ("sweep mac a=int8 --synth asic", "ice40, ecp5, xc7, gowin, generic"),
        ("sweep mac a=int8 --pnr xc7", "ice40, ecp5, gowin"),
        ("sweep mac a=int8 --jobs 0", "from 1 to 256"),
        ("sweep bad.toml", "chek"),
        ("sweep none.toml", "cannot read"),
        ("sweep bad.toml a=int8", "every axis stands in the file"),
        ("sweep mac a=int8 -o text.db", "text.db"),
        ("export none.db", "none.db"),
        ("export text.db", "text.db"),
        ("report text.db", "text.db"),
    ] {
        let out = narrowgen(dir.path(), args);
        let complaint = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{args}: {complaint}");
        assert!(parts.split('|').all(|p| complaint.contains(p)), "{args}: {complaint}");
        assert!(out.stdout.is_empty());
    }
}
