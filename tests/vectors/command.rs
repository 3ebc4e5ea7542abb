//! The same judgement end to end: a CSV file of somebody's vectors through the program, `narrowgen eval`.
use crate::reader::*;
use assert_cmd::Command;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::golden::names::parse;
use std::fmt::Write;

/// Runs the program on a CSV text and gives the lines of its answer.
fn eval(params: &[&str], engine: &str, csv: &str) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), csv).unwrap();
    let out = Command::cargo_bin("narrowgen")
        .unwrap()
        .arg("eval")
        .args(params)
        .args(["--engine", engine, "--vectors"])
        .arg(file.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().map(str::to_string).collect()
}

fn engines(test: &str) -> Vec<&'static str> {
    let mut engines = vec!["golden", "native"];
    if for_tests(test, &[Tool::Verilator, Tool::Cxx]) {
        engines.push("verilator");
    }
    engines
}

#[test]
fn all_pairs_of_e4m3fn() {
    let fp32 = parse("fp32").unwrap();
    let mut text = "a,b,expected\n".to_string();
    let columns = "a,b,exact_hexfloat,f32,bf16_rne,f16_rne,same_format_rne";
    let rows = csv("products/float8_e4m3fn_all_pairs.csv.gz", columns, |row| {
        writeln!(text, "{},{},{}", row[0], row[1], row[3]).unwrap();
    });
    for engine in engines("all_pairs_of_e4m3fn") {
        let lines = eval(&["mul", "--a", "e4m3fn", "--b", "float8_e4m3fn", "--out", "fp32"], engine, &text);
        assert_eq!(lines[0], "a,b,expected,y");
        assert_eq!(lines.len(), rows + 1);
        for (line, given) in lines.iter().zip(text.lines()).skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells[..3].join(","), given, "columns are passed on");
            assert!(cells[3].len() == 8 && same(&fp32, true, hex(cells[3]), hex(cells[2])), "{engine}: {line}");
        }
    }
}

#[test]
fn rows_are_cycles_for_blocks_with_state() {
    let records = text("dot/dot_plain.jsonl.gz");
    let records = records.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let records: Vec<_> = records.filter(|r| r["fmt_a"] == "bfloat16" && r["fmt_b"] == "int8" && r["len"] == 32).collect();
    assert!(records.len() >= 5, "{}", records.len());
    let mut text = "note,en,clear,b,a\n".to_string();
    for record in &records {
        for i in 0..32 {
            let code = |key: &str| record[key][i].as_str().unwrap().to_string();
            writeln!(text, "{},1,{},{},{}", i, u32::from(i == 0), code("b"), code("a")).unwrap();
        }
    }
    writeln!(text, "end,0,0,0,0").unwrap();
    for engine in engines("rows_are_cycles_for_blocks_with_state") {
        let lines = eval(&["mac", "--a", "bf16", "--b", "int8", "--acc", "fp16"], engine, &text);
        assert_eq!(lines.len(), 32 * records.len() + 2);
        assert_eq!(lines[0], "note,en,clear,b,a,acc");
        for (i, record) in records.iter().enumerate() {
            // The register shows the sum in the cycle after its last product.
            let got = lines[1 + 32 * (i + 1)].rsplit(',').next().unwrap();
            assert_eq!(got, record["seq_f16"].as_str().unwrap(), "{engine}: {record}");
        }
    }
}
