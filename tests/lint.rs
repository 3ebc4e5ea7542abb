//! 200 random legal parameter points: the emitted Verilog is clean in Verilator, Yosys and Icarus Verilog without a
//! waiver, the same bytes on a second run, and right; and the emitted folders check themselves.
mod points;

use narrowgen::blocks::Configured;
use narrowgen::flow::lint;
use narrowgen::flow::tool::{Tool, for_tests, resolve};
use narrowgen::hdl::verilog;
use points::{Field, Point};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::process::Command;

/// Different points, with their blocks: as many of every registered block.
fn draw(count: usize, seed: u64) -> Vec<(Point, Box<dyn Configured>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut seen, mut refused) = (BTreeSet::new(), 0);
    let mut all = Vec::new();
    let registry = narrowgen::blocks::REGISTRY;
    while all.len() < count {
        let (point, block, bad) = points::legal_of(&mut rng, registry[all.len() % registry.len()], 16);
        refused += bad;
        if seen.insert(block.module_name()) {
            all.push((point, block));
        }
    }
    let mut blocks: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().for_each(|(p, _)| *blocks.entry(p.block).or_default() += 1);
    println!("{count} points: {blocks:?}; {refused} illegal ones refused");
    assert!(blocks.len() == registry.len() && count >= 2 * registry.len(), "{blocks:?}");
    all
}

#[test]
fn clean_repeatable_and_right() {
    let (points, blocks): (Vec<Point>, Vec<Box<dyn Configured>>) = draw(200, 1).into_iter().unzip();
    let field = Field::new(blocks);
    // Once more, from nothing but the arguments.
    points.par_iter().zip(&field.units).for_each(|(point, unit)| {
        let again = point.configure().expect("legal a moment ago");
        let files = verilog::print(&again.design().expect("a design"));
        assert!(files == unit.files, "{:?} is printed differently the second time", point.arguments());
    });
    let mut clean = 0;
    for tool in lint::TOOLS {
        if for_tests("clean_repeatable_and_right", &[*tool]) {
            let report = lint::lint_with(*tool, &field.units).expect("the linter runs");
            let shown = report.messages.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
            assert!(report.messages.is_empty(), "{}: {} messages\n{shown}", tool.name(), report.messages.len());
            clean += 1;
        }
    }
    let compared = field.check("clean_repeatable_and_right", 16, 4000);
    println!("clean in {clean} tools; {compared:?}");
    assert!(compared.native > 700_000 && compared.exhaustive > 10, "{compared:?}");
    assert!(compared.verilator == compared.native || compared.verilator == 0 && resolve(Tool::Verilator).is_err());
}

/// Writes the folder of a point with the command itself.
fn emit(point: &Point, block: &dyn Configured, dir: &std::path::Path) {
    // Few of those rows that may be long.
    let vectors = if block.row_lengths().is_some_and(|r| r.longest > 1000) { "20" } else { "300" };
    let words = ["narrowgen".to_string(), "emit".into()].into_iter().chain(point.arguments());
    let words = words.chain(["-o".into(), dir.display().to_string(), "--tb-vectors".into(), vectors.into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = narrowgen::cli::run(words.map(OsString::from), &mut out, &mut err);
    assert_eq!(code, 0, "{:?}: {}", point.arguments(), String::from_utf8_lossy(&err));
}

/// Runs a command in a folder and gives what it prints.
fn done(mut command: Command, dir: &std::path::Path) -> String {
    let done = command.current_dir(dir).output().expect("it runs");
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?}: {text}");
    text
}

#[test]
fn emitted_folders_check_themselves() {
    let points = draw(50, 2);
    let icarus = for_tests("emitted_folders_check_themselves", &[Tool::Iverilog, Tool::Vvp]);
    let verilator = for_tests("emitted_folders_check_themselves", &[Tool::Verilator, Tool::Cxx]);
    let root = tempfile::tempdir().expect("a folder");
    points.par_iter().enumerate().for_each(|(i, (point, block))| {
        let dir = root.path().join(i.to_string());
        emit(point, block.as_ref(), &dir);
        let module = block.module_name();
        let bench = format!("tb_{module}");
        let manifest: serde_json::Value =
            serde_json::from_slice(&std::fs::read(dir.join("manifest.json")).expect("a manifest")).expect("JSON");
        assert_eq!(manifest["module"], module.as_str());
        if icarus {
            let mut compile = resolve(Tool::Iverilog).expect("found before").command();
            compile.args(["-g2005", "-s", &bench, "-o", "tb", "-c", "rtl.f", &format!("{bench}.v")]);
            let text = done(compile, &dir);
            assert!(text.is_empty(), "{module}: {text}");
            let mut run = resolve(Tool::Vvp).expect("found before").command();
            run.args(["-N", "tb"]);
            let text = done(run, &dir);
            assert!(text.contains("PASS") && !text.contains("FAIL"), "{module}: {text}");
            // Wrong expectations are noticed, wherever results are compared.
            let hex = std::fs::read_to_string(dir.join(format!("{bench}.hex"))).expect("vectors");
            let flipped = |line: &str| {
                let (head, last) = line.split_at(line.len() - 1);
                format!("{head}{:x}\n", u8::from_str_radix(last, 16).expect("a digit") ^ 1)
            };
            let wrong: String = hex.lines().map(flipped).collect();
            std::fs::write(dir.join(format!("{bench}.hex")), wrong).expect("written");
            let mut run = resolve(Tool::Vvp).expect("found before").command();
            run.args(["-N", "tb"]);
            let out = run.current_dir(&dir).output().expect("it runs");
            assert!(!out.status.success() && String::from_utf8_lossy(&out.stdout).contains("FAIL"), "{module}");
            std::fs::write(dir.join(format!("{bench}.hex")), hex).expect("written");
        }
        if verilator && i < 2 {
            let found = resolve(Tool::Verilator).expect("found before");
            let mut build = found.command();
            build.args([
                "--binary",
                "--timing",
                "-CFLAGS",
                "-std=c++20",
                "-Wno-fatal",
                "--top-module",
                &bench,
                "-f",
                "rtl.f",
                &format!("{bench}.v"),
            ]);
            done(build, &dir);
            let text = done(Command::new(dir.join(format!("obj_dir/V{bench}"))), &dir);
            assert!(text.contains("PASS") && !text.contains("FAIL"), "{module}: {text}");
        }
    });
    println!("50 folders; Icarus {icarus}, Verilator {verilator} (2 of them)");
}
