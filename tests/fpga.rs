//! One multiply–accumulate on all seven boards: bitstreams whose signature is the golden model's in
//! every simulation down to the netlist.
//!
//! `NARROWGEN_BLESS=1 cargo test --release --test fpga` writes the measured table `fpga/results/boards.json`.
use narrowgen::blocks::{self, Configured};
use narrowgen::flow::board::Board;
use narrowgen::flow::fpga::{self, Built, FpgaReport, Options};
use narrowgen::flow::tool::{Tool, for_tests};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

const TOOLS: &[Tool] = &[
    Tool::Verilator,
    Tool::Cxx,
    Tool::Yosys,
    Tool::NextpnrIce40,
    Tool::Icepack,
    Tool::NextpnrEcp5,
    Tool::Ecppack,
    Tool::NextpnrGowin,
    Tool::GowinPack,
];

fn mac() -> Box<dyn Configured> {
    let params = [("a", "e4m3fn"), ("b", "e4m3fn"), ("terms", "32")].map(|(n, v)| (n.to_string(), v.to_string()));
    blocks::find("mac").expect("the block mac").configure(&params).expect("good parameters")
}

#[test]
fn all_seven_boards_send_the_golden_signature() {
    if !for_tests("all_seven_boards_send_the_golden_signature", TOOLS) {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let built: Vec<Built> = pool.install(|| {
        let build = |name: &&str| fpga::build(mac().as_ref(), &Board::find(name).unwrap(), &Options::default()).unwrap();
        Board::names().par_iter().map(build).collect()
    });
    assert_eq!(built.len(), 7);
    for Built { report, files } in &built {
        let s = &report.signatures;
        assert!(s.golden != "00000000" && s.golden != "ffffffff");
        assert_eq!([&s.native, &s.rtl, &s.netlist], [&s.golden; 3], "{}", report.board);
        assert_eq!(s.golden, built[0].report.signatures.golden, "the signature depends on the block alone");
        assert!(report.fmax_mhz >= report.clock_mhz, "{}: {} MHz", report.board, report.fmax_mhz);
        let (_, bitstream) = files.iter().find(|(name, _)| name.starts_with("bitstream.")).unwrap();
        assert!(bitstream.len() > 30_000, "{}: {} bytes", report.board, bitstream.len());
        assert!(report.utilization.values().any(|u| u.used > 250), "{}: {:?}", report.board, report.utilization);
        let text = String::from_utf8_lossy(&files.last().unwrap().1).into_owned();
        assert!(!text.contains("/tmp") && !text.contains(env!("CARGO_MANIFEST_DIR")), "{}: a path of this machine", report.board);
    }
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("fpga/results/boards.json");
    if std::env::var_os("NARROWGEN_BLESS").is_some() {
        let rows: Vec<Value> = built.iter().map(|b| row(&b.report)).collect();
        let command = "NARROWGEN_BLESS=1 cargo test --release --test fpga";
        let text = json!({ "command": command, "block": "mac --a e4m3fn --b e4m3fn --terms 32", "boards": rows });
        std::fs::write(&table, serde_json::to_string_pretty(&text).unwrap() + "\n").unwrap();
    }
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&table).unwrap()).unwrap();
    for Built { report, .. } in &built {
        let rows = known["boards"].as_array().unwrap();
        let row = rows.iter().find(|r| r["board"] == report.board.as_str()).expect("a row for every board");
        assert_eq!(row["signature"], report.signatures.golden.as_str(), "{}: bless the table anew", report.board);
    }
}

/// What the committed table says about a board.
fn row(r: &FpgaReport) -> Value {
    let bitstream = r.files.iter().find(|f| f.name.starts_with("bitstream."));
    json!({
        "board": r.board,
        "device": r.title,
        "signature": r.signatures.golden,
        "clock_mhz": r.clock_mhz,
        "fmax_mhz": r.fmax_mhz,
        "seed": r.seed,
        "utilization": r.utilization,
        "bitstream": bitstream,
        "dsp_models_ours": r.signatures.cells_modelled_here,
        "yosys": r.synthesis.tool.version,
        "place_and_route": format!("{} {}", r.place_and_route.name, r.place_and_route.version),
        "pack": format!("{} {}", r.pack.name, r.pack.version),
        "verilator": r.simulator.version,
    })
}

fn run(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("narrowgen").chain(args.iter().copied()).map(Into::into);
    let code = narrowgen::cli::run(args, &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn the_command_writes_a_complete_folder_or_none() {
    if !for_tests("the_command_writes_a_complete_folder_or_none", TOOLS) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    let path = target.to_str().unwrap();
    let (code, out, err) = run(&["fpga", "mul", "--a", "e2m1fn", "--b", "int4", "--board", "icebreaker", "-o", path, "--json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&out).unwrap();
    for file in report["files"].as_array().unwrap() {
        let len = std::fs::metadata(target.join(file["name"].as_str().unwrap())).unwrap().len();
        assert_eq!(len, file["bytes"].as_u64().unwrap());
    }
    assert!(target.join("report.json").is_file());

    // A design that is too big leaves nothing.
    let none = dir.path().join("none");
    let (code, _, err) = run(&[
        "fpga",
        "dot",
        "--a",
        "int8",
        "--b",
        "int8",
        "--lanes",
        "48",
        "--board",
        "icebreaker",
        "-o",
        none.to_str().unwrap(),
    ]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("does not fit") && !none.exists(), "{err}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn synth_reports_size_and_clock_rate_as_json() {
    if !for_tests("synth_reports_size_and_clock_rate_as_json", TOOLS) {
        return;
    }
    let args = [
        "synth", "mul", "--a", "e2m1fn", "--b", "e2m1fn", "--out", "exact", "--target", "ice40", "--pnr", "--seeds", "3",
        "--json",
    ];
    let (code, out, err) = run(&args);
    assert_eq!((code, err.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&out).unwrap();
    let lut = report["lut"].as_u64().unwrap();
    assert!((10..60).contains(&lut), "{lut} LUTs");
    let all: Vec<f64> = report["fmax_all"].as_array().unwrap().iter().map(|f| f.as_f64().unwrap()).collect();
    assert!(all.len() == 3 && all.contains(&report["fmax_mhz"].as_f64().unwrap()), "{all:?}");
    assert_eq!(report["target"], "ice40");
    for (args, word) in [(["--target", "xc7"], "ecp5"), (["--target", "generic"], "gowin"), (["--part", "nosuch"], "hx8k")] {
        let (code, _, err) = run(&["synth", "mul", "--pnr", args[0], args[1]]);
        assert!(code == 2 && err.contains(word), "{code} {err}");
    }
}

#[test]
fn counts_are_those_of_a_plain_multiplier_measured_elsewhere() {
    if !for_tests("counts_are_those_of_a_plain_multiplier_measured_elsewhere", &[Tool::Yosys]) {
        return;
    }
    // A hand-written signed 8×8 `a * b`, Yosys 0.70; other versions count a little otherwise.
    let known = [("xc7", "lut", 134), ("ice40", "lut", 177), ("ecp5", "lut", 290), ("generic", "gates", 419)];
    for (target, column, count) in known {
        let measure = |arch: &str| {
            let block = ["synth", "mul", "--a", "int8", "--b", "int8", "--out", "exact"];
            let (code, out, err) = run(&[&block[..], &["--no-dsp", "--target", target, "--arch", arch, "--json"]].concat());
            assert_eq!((code, err.as_str()), (0, ""));
            serde_json::from_str::<Value>(&out).unwrap()
        };
        let report = measure("none");
        let found = report[column].as_u64().unwrap();
        let built = measure("auto")[column].as_u64().unwrap();
        assert!(built * 4 < found * 3, "{target}: {built} with --arch auto, {found} as `*`");
        if report["tool"]["version"] == "0.70" {
            assert_eq!(found, count, "{target}");
        } else {
            assert!(found.abs_diff(count) * 5 < count, "{target}: {found}");
        }
    }
}
