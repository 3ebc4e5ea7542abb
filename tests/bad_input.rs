//! Malformed formats, ranges, flags, configuration files, vectors, output folders and broken tools: exit code 2 (3 for
//! tools), words that name what is allowed, nothing on standard output, nothing half written.
use assert_cmd::Command;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A command line (`{}` stands for a scratch folder) and what its message must contain, separated by `|`.
type Case = (&'static str, &'static str);

#[rustfmt::skip]
const ARGUMENTS: &[Case] = &[
    ("", "Usage:|emit|check|eval"),
    ("nonsense", "unrecognized|emit, check, prove, eval, constants, list"),
    ("emitt mul", "unrecognized|similar|emit"),
    ("list extra", "unexpected argument 'extra'|--json"),
    ("list --all", "unexpected argument '--all'|--json"),
    ("emit", "convert, mul, dot, mac"),
    ("emit nothing", "convert, mul, dot, mac"),
    ("check divide --a e4m3fn", "convert, mul, dot, mac"),
    ("emit mul --a", "a value is required|--a"),
    ("emit mul extra", "unexpected argument 'extra'|--a, --b, --out"),
    ("emit mul --no-such 1", "--no-such|--a, --b, --out, --round"),
    ("emit mul --lanes 4", "--lanes|--a, --b, --out"),
    ("emit mul --a e4m3fn --a e5m2", "cannot be used multiple times"),
    ("emit mac --restart never", "--restart|--acc, --terms"),
    ("emit mul -o", "a value is required|--output"),
    ("emit mul --tb-vectors 0", "expected a whole number from 1 to 1000000"),
    ("emit mul --tb-vectors 1000001", "expected a whole number from 1 to 1000000"),
    ("emit mul --tb-vectors many", "expected a whole number from 1 to 1000000"),
    ("check mul --engine icarus", "both, native, verilator"),
    ("check mul --vectors 0", "expected a whole number from 1 to 1099511627776"),
    ("check mul --vectors -1", "expected a whole number from 1 to 1099511627776"),
    ("check mul --vectors 1e6", "expected a whole number from 1 to 1099511627776"),
    ("check mul --vectors 99999999999999999999", "expected a whole number from 1 to 1099511627776"),
    ("check mul --seed -1", "expected a whole number from 0 to 18446744073709551615"),
    ("check mul --seed 18446744073709551616", "expected a whole number from 0 to 18446744073709551615"),
    ("check mul --a fp32 --b fp32 --exhaustive", "64 input bits|at most 40 bits"),
    ("check mac --exhaustive", "state|leave --exhaustive out"),
    ("eval mul", "--vectors <FILE>"),
    ("eval mul --engine vcs --vectors {}/good.csv", "golden, native, verilator"),
    ("formats nothing", "unknown format `nothing`|e4m3fn|int8|e4m2-none"),
    ("formats --table", "--table needs a format"),
    ("formats fp32 --table", "at most 16 bits"),
    ("explain nothing", "convert, mul, dot, mac|W001|exit-codes"),
    ("explain W999", "W001|exit-codes"),
    ("explain", "<WHAT>"),
    ("synth mul --target asic", "ice40, ecp5, xc7, gowin, generic"),
    ("synth mul --pnr --seeds 0", "expected a whole number from 1 to 100"),
    ("synth mul --pnr --seeds -5", "expected a whole number from 1 to 100"),
    ("synth mul --pnr --part none", "hx8k, up5k, ecp5-85k-6"),
    ("synth mul --part hx8k", "--pnr"),
    ("emit mul --stages 1 --target ecp5 --part hx8k", "hx8k|ecp5"),
    ("emit mul --fmax fast", "expected a number from 0.001"),
    ("tune mul --fmax 0", "expected a number from 0.001"),
    ("tune shiftmax --fmax 100", "registers of its own|--fmax"),
    ("emit mul --stages 1 --delay nosuch.toml", "nosuch.toml|fpga/delay|ecp5-85k-6"),
    ("emit mul --buffer half", "--flow stream"),
    ("emit mul --streams 2", "--fmax, --period or --stages"),
    ("emit mul --reset-level low", "--reset"),
    ("emit mul --ports axis", "--flow stream"),
    ("check mul --stages 1 --ports lowrisc", "--ports"),
    ("prove mul", "--stages"),
    ("explain timing mul", "--fmax|--stages"),
    ("synth mul --pnr --target xc7", "place and route|ice40, ecp5, gowin"),
    ("synth mul --pnr --target ecp5 --part hx8k", "hx8k|ecp5"),
    ("fpga mul", "--board <BOARD>"),
    ("fpga mul --board basys3", "icebreaker, hx8k, ulx3s"),
    ("fpga mul --board icebreaker --seed x", "expected a whole number from 1 to"),
    ("tools", "list|install"),
    ("tools remove", "list, install"),
    ("tools list extra", "unexpected argument 'extra'"),
    ("demo --seeds 0", "expected a whole number from 1 to 32"),
    ("demo extra", "--seeds"),
    ("--tool yosys list", "NAME=PATH|verilator, g++"),
    ("--tool yosys= list", "NAME=PATH|verilator, g++"),
    ("--tool nosuch=/bin/true list", "no tool `nosuch`|verilator, g++"),
];

#[rustfmt::skip]
const PARAMETERS: &[Case] = &[
    ("emit mul --a e4m3fz", "--a|e4m3-none|e4m3fn (= e4m3-fn)|e4m3fnuz"),
    ("emit mul --a e4m3-bogus", "--a|not a special rule|e4m3fnuz"),
    ("emit mul --a e4m3-", "--a|e4m3"),
    ("emit mul --a e4m3FN2", "--a|e4m3fn"),
    ("emit mul --a e9m3-ieee", "--a|9 exponent bits|1..=8"),
    ("emit mul --a e0m3-ieee", "--a|0 exponent bits|1..=8"),
    ("emit mul --a e4m24-ieee", "--a|24 fraction bits|0..=23"),
    ("emit mul --a e99999999999m3-ieee", "--a|e99999999999m3-ieee"),
    ("emit mul --a e1m0-fn", "--a|no number but zero"),
    ("emit mul --a e4m3b5000-fn", "--a|bias 5000|-1023..=1023"),
    ("emit mul --a e4m3bx-fn", "--a|e4m3bx-fn"),
    ("emit mul --a fp8", "--a|could mean|e4m3fn, e5m2"),
    ("emit mul --a float8", "--a|could mean|e4m3fn, e5m2"),
    ("emit mul --a e4m3fn,e5m2", "--a|e4m3fn"),
    ("emit mul --a int0", "--a|0 bits|1..=64"),
    ("emit mul --a int65", "--a|65 bits|1..=64"),
    ("emit mul --a int", "--a|width is missing|int8"),
    ("emit mul --a int8-xyz", "--a|-sym, -sm, -qF"),
    ("emit mul --a int8-q2000", "--a|2^-1023 to 2^1023"),
    ("emit mul --a int1-sm", "--a|2..=64"),
    ("emit mul --a p3109_k8p9se", "--a|p3109_k8p9se|p3109_k8p3se"),
    ("emit mul --a p3109_k8p3xx", "--a|p3109_k8p3xx|p3109_k8p3se"),
    ("emit mul --a exact", "--a|unknown format `exact`"),
    ("emit mul --out exactly", "--out|unknown format|or `exact`"),
    ("emit mul --round nearest", "--round|rne, rna, rtz, up, down, odd, stochastic"),
    ("emit mul --round RNE", "--round|rne, rna, rtz, up, down, odd, stochastic"),
    ("emit mul --round stochastic --random-bits 0", "--random-bits|1..=32"),
    ("emit mul --round stochastic --random-bits 33", "--random-bits|1..=32"),
    ("emit mul --round stochastic --random-bits x", "--random-bits|whole number|1..=32"),
    ("emit mul --random-bits 4", "--random-bits|only used with --round stochastic"),
    ("emit mul --overflow clamp", "--overflow|auto, saturate, nonfinite, wrap"),
    ("emit mul --overflow wrap", "--overflow|only plain signed and unsigned integers wrap|saturate, nonfinite"),
    ("emit mul --out e2m1fn --overflow nonfinite", "--overflow|neither infinity nor NaN|allowed: saturate"),
    ("emit mul --out int8-sm --overflow wrap", "--overflow|allowed: saturate"),
    ("emit mul --out exact --overflow saturate", "--overflow|an exact result is not rounded"),
    ("emit mul --out exact --round up", "--round|an exact result is not rounded"),
    ("emit mul --nan nothing", "--nan|zero, max, flip-zero"),
    ("emit mul --nan max", "--nan|has a NaN of its own|allowed: zero"),
    ("emit mul --out int8 --nan flip-zero", "--nan|no negative zero|zero, max"),
    ("emit mul --ties sideways", "--ties|even, up"),
    ("emit mul --ties up", "--ties|allowed: even"),
    ("emit convert --to e8m0fnu --ties up --round up", "--ties|allowed: even"),
    ("emit mul --subnormals-in some", "--subnormals-in|full, flush"),
    ("emit mul --a int8 --b int8 --subnormals-in flush", "--subnormals-in|no subnormal numbers|allowed: full"),
    ("emit mul --out int8 --subnormals-out flush", "--subnormals-out|no subnormal numbers|allowed: full"),
    ("emit convert --to nf4 --round odd", "--round|do not alternate|allowed: rne"),
    ("emit convert --to binary --round rtz", "--round|no zero to round toward|allowed: rne"),
    ("emit convert --nan-sign negative", "--nan-sign|keep, positive"),
    ("emit convert --from fp64", "--from|could mean|fp32"),
    ("emit dot --lanes 0", "--lanes|1..=4096"),
    ("emit dot --lanes 4097", "--lanes|1..=4096"),
    ("emit dot --lanes -3", "--lanes|whole number|1..=4096"),
    ("emit dot --lanes 8.5", "--lanes|whole number|1..=4096"),
    ("emit dot --lanes 99999999999999999999", "--lanes|1..=4096"),
    ("emit dot --sum pairwise", "--sum|exact, sequential, tree"),
    ("emit dot --sum exact --sum-format fp16", "--sum-format|only used with --sum sequential, tree"),
    ("emit dot --sum tree --out exact", "--out|needs --sum exact"),
    ("emit dot --sum tree --sum-format nf4", "--sum-format|floating-point format or an integer"),
    ("emit mac --terms 0", "--terms|1..=16777216"),
    ("emit mac --terms 16777217", "--terms|1..=16777216"),
    ("emit mac --acc fp32 --terms 5", "--terms|only used with --acc exact"),
    ("emit mac --acc e8m0fnu", "--acc|floating-point format or an integer"),
    ("emit mac --acc int99", "--acc|99 bits|1..=64|exact"),
    ("emit mac --acc exact --overflow wrap", "--overflow|an exact result is not rounded"),
];

#[rustfmt::skip]
const FILES: &[Case] = &[
    ("emit mul --a table:{}/none.txt", "--a|none.txt|No such file"),
    ("emit mul --a table:{}", "--a|Is a directory"),
    ("emit mul --a table:{}/empty", "--a|empty|2 to 256"),
    ("emit mul --a table:{}/binary", "--a|binary|UTF-8"),
    ("emit mul --a table:{}/words", "--a|words|line 2|-0.375"),
    ("emit mul --a table:{}/three", "--a|three|power of two"),
    ("emit mul --config {}/none.toml", "none.toml|No such file"),
    ("emit mul --config {}", "cannot read|directory"),
    ("emit mul --config {}/binary", "binary|UTF-8"),
    ("emit mul --config {}/syntax.toml", "syntax.toml|line 2|a, b, out, round"),
    ("emit mul --config {}/twice.toml", "twice.toml|duplicate key|a, b, out"),
    ("emit mul --config {}/list.toml", "list.toml|`a` is a array|string or a whole number"),
    ("emit mul --config {}/float.toml", "float.toml|`a` is a float|string or a whole number"),
    ("emit mul --config {}/unknown.toml", "lanes|no such parameter|--a, --b, --out"),
    ("emit mul --config {}/value.toml", "--round|`sideways`|rne, rna"),
    ("emit mul --config {}/other.toml", "other.toml|dot|a, b, out"),
    ("eval mul --engine golden --vectors {}/none.csv", "none.csv|No such file"),
    ("eval mul --engine golden --vectors {}", "Is a directory"),
    ("eval mul --engine golden --vectors {}/empty", "no column `a`|a (8 bits), b (8 bits)"),
    ("eval mul --engine golden --vectors {}/binary", "binary"),
    ("eval mul --engine golden --vectors {}/header.csv", "no vectors after the header"),
    ("eval mul --engine golden --vectors {}/missing.csv", "no column `b`|a (8 bits), b (8 bits)"),
    ("eval mul --engine golden --vectors {}/twice.csv", "column `a` stands twice"),
    ("eval mul --engine golden --vectors {}/output.csv", "column `y` is an output|y_expected"),
    ("eval mul --engine golden --vectors {}/ragged.csv", "line 3|number of cells is 1|header has 2"),
    ("eval mul --engine golden --vectors {}/wide.csv", "line 2, column `b`|`100` does not fit 8 bits|at most 2 for 8 bits"),
    ("eval mul --engine golden --vectors {}/prefix.csv", "line 3, column `a`|`0x12`|without prefix"),
    ("eval mul --engine golden --vectors {}/sign.csv", "line 2, column `a`|`-1`|hexadecimal"),
    ("eval mul --engine golden --vectors {}/word.csv", "line 2, column `a`|`xyz`|hexadecimal"),
    ("eval mul --engine golden --vectors {}/blank.csv", "line 2, column `b`|hexadecimal"),
    ("eval mul --engine golden --vectors {}/semicolon.csv", "no column `a`"),
    ("eval mul --engine golden --vectors {}/utf16.csv", "utf16.csv"),
    ("eval mul --engine native --vectors {}/huge_cell.csv", "line 2, column `a`|does not fit 8 bits"),
    ("eval mul --engine golden --vectors {}/unreadable.csv", "unreadable.csv|Permission denied"),
    ("emit mul -o {}/foreign", "not written by narrowgen|another folder"),
    ("emit mul -o {}/empty", "empty|not written by narrowgen"),
    ("emit mul -o {}/empty/under", "cannot create|empty|another folder"),
    ("emit mul -o /proc/narrowgen", "/proc"),
    ("emit mul -o {}/locked/out", "Permission denied|another folder"),
];

/// The files that the cases name.
fn prepare(dir: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.join(name), bytes).expect("written");
    write("good.csv", b"a,b\n00,01\n");
    write("empty", b"");
    write("binary", &(0..=255).cycle().take(5000).collect::<Vec<u8>>());
    write("words", b"1.5\nlarge\n");
    write("three", b"0\n1\n2\n");
    write("syntax.toml", b"a = \"e4m3fn\"\nb = = 3\n");
    write("twice.toml", b"a = \"e4m3fn\"\na = \"e5m2\"\n");
    write("list.toml", b"a = [\"e4m3fn\"]\n");
    write("float.toml", b"a = 1.5\n");
    write("unknown.toml", b"lanes = 4\n");
    write("value.toml", b"[mul]\nround = \"sideways\"\n");
    write("other.toml", b"[dot]\nlanes = 4\n");
    write("header.csv", b"a,b\n");
    write("missing.csv", b"a,c\n00,00\n");
    write("twice.csv", b"a,b,a\n00,00,00\n");
    write("output.csv", b"a,b,y\n00,00,00\n");
    write("ragged.csv", b"a,b\n00,00\n00\n");
    write("wide.csv", b"a,b\n00,100\n");
    write("prefix.csv", b"a,b\n12,12\n0x12,12\n");
    write("sign.csv", b"a,b\n-1,00\n");
    write("word.csv", b"a,b\nxyz,00\n");
    write("blank.csv", b"a,b\n00,\n");
    write("semicolon.csv", b"a;b\n00;00\n");
    write("utf16.csv", b"\xff\xfea\0,\0b\0\n\0");
    write("huge_cell.csv", format!("a,b\n{},00\n", "f".repeat(1 << 20)).as_bytes());
    write("unreadable.csv", b"a,b\n00,00\n");
    std::fs::create_dir(dir.join("foreign")).expect("a folder");
    write("foreign/thesis.tex", b"years of work");
    std::fs::create_dir(dir.join("locked")).expect("a folder");
    for (name, mode) in [("unreadable.csv", 0o000), ("locked", 0o555)] {
        std::fs::set_permissions(dir.join(name), PermissionsExt::from_mode(mode)).expect("changed");
    }
}

fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .expect("a folder")
        .map(|e| e.expect("an entry"))
        .flat_map(|e| {
            let name = e.file_name().into_string().expect("a name");
            let inside = std::fs::read_dir(e.path()).into_iter().flatten().flatten();
            inside.map(|i| format!("{name}/{:?}", i.file_name())).chain([name.clone()]).collect::<Vec<_>>()
        })
        .collect();
    names.sort();
    names
}

/// Runs the command line in this process: exit code, standard output, standard error.
fn run(args: &[OsString]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = narrowgen::cli::run(args.iter().cloned(), &mut out, &mut err);
    (code, String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(&err).into_owned())
}

/// One message line, so that wrapped words are found.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn all(cases: &[Case]) {
    let dir = tempfile::tempdir().expect("a folder");
    prepare(dir.path());
    let before = listing(dir.path());
    // Permissions do not bind the superuser.
    let root = std::fs::read(dir.path().join("unreadable.csv")).is_ok();
    let mut problems = Vec::new();
    let mut done = 0;
    for (line, words) in cases {
        if root && words.contains("Permission denied") {
            eprintln!("SKIPPED (permissions do not bind this user): {line}");
            continue;
        }
        let here = line.replace("{}", &dir.path().display().to_string());
        let words: Vec<&str> = words.split('|').collect();
        for json in [false, true] {
            let given = std::iter::once("narrowgen").chain(json.then_some("--json")).chain(here.split_whitespace());
            let (code, out, err) = run(&given.map(OsString::from).collect::<Vec<_>>());
            let text = match serde_json::from_str::<serde_json::Value>(&err) {
                Ok(v) if json => {
                    assert_eq!(v["exit"], 2, "{line}");
                    format!("{} {}", v["error"].as_str().unwrap_or_default(), v["help"].as_str().unwrap_or_default())
                }
                _ if json => {
                    problems.push(format!("{line}: not JSON: {err}"));
                    continue;
                }
                _ => err.clone(),
            };
            let text = flat(&text);
            let missing: Vec<_> = words.iter().filter(|w| !text.contains(*w)).collect();
            if text.len() > 4000 {
                problems.push(format!("{line}: a message of {} characters", text.len()));
            }
            if code != 2 || !out.is_empty() || !missing.is_empty() {
                problems.push(format!("{line} (json {json}): exit {code}, missing {missing:?} in: {text}; output {out:.200}"));
            }
        }
        done += 1;
    }
    assert_eq!(listing(dir.path()), before, "files were left behind");
    let _ = std::fs::set_permissions(dir.path().join("locked"), PermissionsExt::from_mode(0o755));
    println!("{done} cases");
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
    assert!(done + 4 > cases.len());
}

#[test]
fn arguments() {
    all(ARGUMENTS);
}

#[test]
fn parameters() {
    all(PARAMETERS);
}

#[test]
fn files() {
    all(FILES);
}

/// What looks odd and is right.
#[test]
fn unusual_files_are_read() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("crlf.csv", "a,b\r\n3c,3c\r\n"),
        ("bom.csv", "\u{feff}a,b\n3c,3c\n"),
        ("spaces.csv", " a , b \n 3C , 3c \n\n"),
        ("order.csv", "note,b,a\nx,3c,3c\n"),
        ("quoted.csv", "\"a\",\"b\"\n\"3c\",\"3c\"\n"),
        ("end.csv", "a,b\n3c,3c"),
        ("zeros.csv", "a,b\n00003c,003c\n"),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        let line = ["narrowgen", "eval", "mul", "--engine", "native", "--vectors"].map(OsString::from);
        let (code, out, err) = run(&[&line[..], &[path.into()]].concat());
        let cells: Vec<&str> = out.lines().nth(1).unwrap_or_default().split(',').collect();
        // 1.5 × 1.5 = 2.25.
        assert_eq!((code, cells.last().copied()), (0, Some("41")), "{name}: {out}{err}");
    }
}

/// A machine of our own: an empty cache and only the programs put there.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Machine {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("bin")).expect("a folder");
        std::fs::write(dir.path().join("v.csv"), "a,b\n3c,3c\n").expect("written");
        Machine(dir)
    }

    fn program(&self, name: &str, script: &str) -> String {
        let path = self.0.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("changed");
        path.display().to_string()
    }

    /// Runs a line that must fail with exit code 3, as words and as JSON, leaving nothing in the folder it works in.
    fn fails(&self, line: &str, env: &[(&str, &str)], words: &str) {
        for json in [false, true] {
            let work = self.0.path().join("work");
            std::fs::create_dir(&work).expect("a folder");
            let mut command = Command::cargo_bin("narrowgen").expect("the program");
            command.env_clear().env("PATH", self.0.path().join("bin")).env("HOME", self.0.path()).envs(env.iter().copied());
            command.current_dir(&work).args(json.then_some("--json")).args(line.split_whitespace());
            let done = command.output().expect("it runs");
            let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            assert_eq!((done.status.code(), &*out), (Some(3), ""), "{line}: {err}");
            let value = serde_json::from_str::<serde_json::Value>(&err);
            assert!(!json || value.is_ok_and(|v| v["exit"] == 3 && v["error"].is_string()), "{line}: {err}");
            let text = flat(&err);
            words.split('|').for_each(|w| assert!(text.contains(w), "{line}: no `{w}` in: {text}"));
            assert_eq!(listing(&work), Vec::<String>::new(), "{line} left files");
            std::fs::remove_dir(&work).expect("removed");
        }
    }
}

#[test]
fn tools_that_are_missing_or_broken() {
    let m = Machine::new();
    let eval = "eval mul --engine verilator --vectors ../v.csv";
    m.fails(eval, &[], "verilator|not on PATH|narrowgen tools install");
    m.fails("check mul --engine verilator", &[], "verilator|narrowgen tools install");
    m.fails("synth mul", &[], "yosys|narrowgen tools install");
    m.fails("fpga mul --board icebreaker", &[], "narrowgen tools install");
    m.fails(eval, &[("NARROWGEN_VERILATOR", "/no/such/program")], "/no/such/program|NARROWGEN_VERILATOR");
    m.fails(eval, &[("NARROWGEN_VERILATOR", "/")], "NARROWGEN_VERILATOR");
    m.fails("synth mul", &[("NARROWGEN_YOSYS", "/etc/passwd")], "/etc/passwd|NARROWGEN_YOSYS");
    m.fails(&format!("{eval} --tool verilator=/no/such"), &[], "/no/such");
    m.fails("synth mul --tool yosys=/no/such", &[], "/no/such");
    // A program that fails whatever it is asked, one that says nothing, one that is not what it should be.
    let failing = m.program("failing", "echo 'Segmentation fault: no licence' >&2; exit 139");
    m.fails("synth mul", &[("NARROWGEN_YOSYS", &failing)], "no licence");
    m.fails(eval, &[("NARROWGEN_VERILATOR", &failing)], "verilator|failing");
    let silent = m.program("silent", "exit 0");
    m.fails("synth mul", &[("NARROWGEN_YOSYS", &silent)], "Yosys left no cell statistics");
    // One with the right version that then fails, dies, or writes nothing.
    for (script, words) in [
        ("echo 'ERROR: out of memory' >&2; exit 1", "out of memory"),
        ("kill -9 $$", "synthesis"),
        ("exit 0", "Yosys left no cell statistics"),
        ("echo garbage > stat.json; echo '{' ", "cell statistics"),
    ] {
        let yosys =
            m.program("yosys", &format!("case \"$*\" in -V*|--version) echo 'Yosys 0.60 (git)'; exit 0;; esac\n{script}"));
        m.fails("synth mul --target ecp5", &[("NARROWGEN_YOSYS", &yosys)], words);
        std::fs::remove_file(yosys).expect("removed");
    }
    // The same from PATH.
    m.program("yosys", "exit 1");
    m.fails("synth mul", &[], "yosys");
}

#[test]
fn a_cache_that_cannot_be_written() {
    let m = Machine::new();
    let file = m.0.path().join("v.csv").display().to_string();
    m.fails("eval mul --engine verilator --vectors ../v.csv", &[("NARROWGEN_CACHE", &file)], "verilator");
    m.fails("synth mul", &[("NARROWGEN_CACHE", &file)], "yosys");
}
