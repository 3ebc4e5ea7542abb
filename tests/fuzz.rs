//! Random command lines and configuration files: no panic, a documented exit code, words with every failure and
//! nothing on standard output beside them, no folder half written.
mod points;

use narrowgen::blocks::params::flag;
use narrowgen::{blocks, cli};
use points::Point;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Lines in all.
const LINES: u64 = 4_500;

/// Words in front of every line: the program, and tools that do not exist.
const TOOL_WORDS: usize = 11;

/// What people type by mistake, or on purpose.
const JUNK: &[&str] = &[
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "1",
    "2",
    "7",
    "64",
    "4097",
    "99999999999999999999",
    "0x10",
    "1e3",
    "NaN",
    "-inf",
    "e4m3",
    "e4m3fn",
    "E4M3FN",
    "float8_e4m3fn",
    "e9m3-ieee",
    "e0m3-none",
    "e4m24-none",
    "e4m3b9999-fn",
    "e4m3b-fn",
    "e-m-",
    "e4m3-",
    "-ieee",
    "int0",
    "int33",
    "int",
    "uint-1",
    "int8-q999",
    "p3109_k8p9se",
    "p3109_k99p3se",
    "p3109_",
    "table:",
    "table:/no/such",
    "table:.",
    "nf4",
    "fp32",
    "exact",
    "auto",
    "saturate",
    "wrap",
    "flush",
    "stochastic",
    "RNE",
    "rne,rtz",
    "é",
    "\u{0}",
    "\u{202e}x",
    "--a",
    "--out",
    "--json",
    "--help",
    "-h",
    "-V",
    "--no-such-flag",
    "--vectors",
    "-o",
    "--config",
    "mul",
    "dot",
    "../..",
    "/dev/null",
    "/",
    "$(true)",
    "%s%n",
    "''",
    "\n",
    "\t",
];

fn pick<'a>(rng: &mut ChaCha8Rng, words: &[&'a str]) -> &'a str {
    words.choose(rng).expect("words")
}

/// A configuration file with these parameters, damaged now and then.
fn config(rng: &mut ChaCha8Rng, dir: &Path, point: &Point, params: &[(&str, String)]) -> PathBuf {
    let mut text = if rng.random_range(0..3) == 0 { format!("[{}]\n", point.block) } else { String::new() };
    for (name, value) in params {
        let name = if rng.random() { name.replace('-', "_") } else { name.to_string() };
        text += &match rng.random_range(0..12) {
            0 => format!("{name} = {value}\n"),
            1 => format!("{name} = [\"{value}\"]\n"),
            2 => format!("{name} = true\n"),
            3 => format!("{name} = 1.5\n"),
            4 => format!("{name} = {}\n", i64::MAX),
            _ => format!("{name} = \"{value}\"\n"),
        };
    }
    let mut bytes = text.into_bytes();
    match rng.random_range(0..10) {
        0 => bytes.extend((0..40).map(|_| rng.random::<u8>())),
        1 => bytes.truncate(rng.random_range(0..=bytes.len())),
        2 => bytes.extend(b"[[[\n"),
        3 => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
        4 => {
            let again = bytes.clone();
            bytes.extend(again);
        }
        5 => bytes.extend(format!("{} = 1\n", pick(rng, &["no_such", "x.y", "\"\"", "a", "mul.a"])).bytes()),
        _ => {}
    }
    let path = dir.join("config.toml");
    std::fs::write(&path, bytes).expect("written");
    path
}

/// A vector file for the block, damaged now and then.
fn vectors(rng: &mut ChaCha8Rng, dir: &Path, point: &Point) -> PathBuf {
    let ports = point.configure().map(|b| b.ports()).unwrap_or_default();
    let mut ports: Vec<(String, u32)> = ports.iter().filter(|p| p.input).map(|p| (p.name.to_string(), p.bits)).collect();
    if ports.is_empty() || rng.random_range(0..10) == 0 {
        ports.push((pick(rng, &["a", "b", "y", "x", "", "extra"]).to_string(), 8));
    }
    let end = pick(rng, &["\n", "\n", "\n", "\r\n", "\r"]);
    let mut text = ports.iter().map(|p| p.0.as_str()).collect::<Vec<_>>().join(",") + end;
    for _ in 0..rng.random_range(0..6) {
        let mut cells: Vec<String> = Vec::new();
        for (_, bits) in &ports {
            let digits: String =
                (0..bits.div_ceil(4)).map(|_| char::from_digit(rng.random_range(0..16), 16).expect("a digit")).collect();
            cells.push(match rng.random_range(0..40) {
                0 => format!("0x{digits}"),
                1 => format!("{digits}0"),
                2 => pick(rng, JUNK).to_string(),
                _ if bits % 4 != 0 => format!("{:x}", rng.random::<u64>() & ((1 << bits.min(&60)) - 1)),
                _ => digits,
            });
        }
        if rng.random_range(0..30) == 0 {
            cells.pop();
        }
        text += &(cells.join(",") + end);
    }
    let mut bytes = text.into_bytes();
    if rng.random_range(0..20) == 0 {
        bytes.extend((0..30).map(|_| rng.random::<u8>()));
    }
    let path = dir.join("vectors.csv");
    std::fs::write(&path, bytes).expect("written");
    path
}

/// Input bits of a point that would be tried exhaustively, which this test has no time for.
fn too_many_inputs(point: &Point) -> bool {
    point.configure().is_ok_and(|b| {
        let bits: u32 = b.ports().iter().filter(|p| p.input).map(|p| p.bits).sum();
        b.latency() == 0 && (14..=24).contains(&bits)
    })
}

/// One command line, without the program's name. Tools are always ones that do not exist.
fn line(rng: &mut ChaCha8Rng, dir: &Path) -> Vec<OsString> {
    let bits = [4, 8, 16][rng.random_range(0..3usize)];
    let mut point = points::point(rng, bits);
    // Parameters out of place.
    if rng.random_range(0..3) == 0 {
        let fields: Vec<&str> = blocks::REGISTRY.iter().flat_map(|b| b.fields()).map(|f| f.name).collect();
        for _ in 0..rng.random_range(1..3) {
            let name = fields.choose(rng).expect("names");
            point.params.retain(|(n, _)| n != name);
            let value = match rng.random_range(0..3) {
                0 => points::format(rng, 32),
                _ => pick(rng, JUNK).to_string(),
            };
            point.params.push((name, value));
        }
    }
    let mut args: Vec<String> = Vec::new();
    let command = pick(
        rng,
        &["emit", "emit", "emit", "check", "eval", "eval", "list", "explain", "formats", "synth", "fpga", "tools", "junk"],
    );
    let command = if command == "check" && too_many_inputs(&point) { "emit" } else { command };
    match command {
        "list" => args.push("list".into()),
        "explain" => {
            args.extend(["explain".into(), pick(rng, &["mul", "mac", "e4m3fn", "W001", "exit-codes", "manifest", "bf16"]).into()])
        }
        "formats" => {
            args.extend(["formats".into(), points::format(rng, 32)]);
            if rng.random() {
                args.push("--table".into());
            }
        }
        "tools" => args.extend(["tools".into(), pick(rng, &["", "lst", "--force", "install --python"]).into()]),
        "junk" => args.push(pick(rng, JUNK).into()),
        command => {
            args.push(command.into());
            let mut params = std::mem::take(&mut point.params);
            let mut given = point.block.to_string();
            if rng.random_range(0..4) == 0 && command != "check" {
                let inside = params.split_off(rng.random_range(0..=params.len()));
                let path = config(rng, dir, &point, &inside);
                given = format!("{given}\n--config\n{}", path.display());
            }
            args.extend(given.split('\n').map(String::from));
            args.extend(params.iter().flat_map(|(n, v)| [flag(n), v.clone()]));
            point.params = params;
            match command {
                "emit" if rng.random_range(0..4) == 0 => {
                    let target = pick(rng, &["out", "deep/er/out", "config.toml", "", "."]);
                    args.extend(["-o".into(), dir.join(target).display().to_string(), "--tb-vectors".into(), "20".into()]);
                }
                "check" => {
                    let engine = if rng.random_range(0..10) == 0 { "verilator" } else { "native" };
                    args.extend(["--engine", engine, "--vectors", "200", "--seed", "5", "--repro"].map(String::from));
                    args.push(dir.display().to_string());
                }
                "eval" => {
                    let engine = pick(rng, &["golden", "native", "native", "verilator"]);
                    args.extend(["--engine".into(), engine.into(), "--vectors".into()]);
                    args.push(vectors(rng, dir, &point).display().to_string());
                }
                "fpga" => args.extend([
                    "--board".into(),
                    pick(rng, &["icebreaker", "ulx3s", "nowhere"]).into(),
                    "-o".into(),
                    dir.join("bit").display().to_string(),
                ]),
                "synth" => {
                    args.extend(["--target".into(), pick(rng, &["ice40", "ecp5", "xc7", "gowin", "generic", "asic"]).into()])
                }
                _ => {}
            }
        }
    }
    // Words dropped, doubled, swapped, replaced.
    if rng.random_range(0..4) == 0 {
        let at = rng.random_range(0..args.len());
        match rng.random_range(0..4) {
            0 => drop(args.remove(at)),
            1 => args.insert(at, args[at].clone()),
            2 => args[at] = pick(rng, JUNK).into(),
            _ => args.insert(at, pick(rng, JUNK).into()),
        }
    }
    // A command that installs or runs tools for minutes is not for here, however it came about.
    if args.iter().any(|a| a == "install" || a == "demo" || a == "--exhaustive")
        || args.first().is_some_and(|a| a == "tools" && args.len() == 1)
    {
        args.push("--no-such-flag".into());
    }
    if rng.random_range(0..3) == 0 {
        args.insert(0, "--json".into());
    }
    let mut args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
    if rng.random_range(0..200) == 0 {
        use std::os::unix::ffi::OsStringExt;
        args.push(OsString::from_vec(vec![b'-', b'-', 0xff, 0xfe]));
    }
    let tools = ["verilator", "yosys", "nextpnr-ice40", "nextpnr-ecp5", "iverilog"];
    args.splice(0..0, tools.iter().flat_map(|t| ["--tool".to_string(), format!("{t}=/no/such/{t}")]).map(OsString::from));
    args.insert(0, "narrowgen".into());
    args
}

/// Runs one line; the exit code, or what is wrong with how it went.
fn run(args: &[OsString]) -> Result<u8, String> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = catch_unwind(AssertUnwindSafe(|| cli::run(args.iter().cloned(), &mut out, &mut err))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        format!("panic: {}", text.or(panic.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default())
    })?;
    let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    let json = args.get(TOOL_WORDS).is_some_and(|a| a == "--json");
    match code {
        0 if err.is_empty() => Ok(code),
        0 => Err(format!("words on standard error beside success: {err}")),
        2 | 3 if err.trim().len() < 10 => Err(format!("no words with exit {code}: {err:?}")),
        2 | 3 if !out.is_empty() => Err(format!("output beside exit {code}: {out}")),
        2 | 3 if json && serde_json::from_str::<serde_json::Value>(&err).is_err() => Err(format!("not JSON: {err}")),
        2 | 3 if err.contains("internal error") => Err(err.to_string()),
        2 | 3 => Ok(code),
        other => Err(format!("exit {other}: {err}")),
    }
}

/// A command line and its exit code, or what was wrong.
type Outcome = (Vec<OsString>, Result<u8, String>);

#[test]
fn random_command_lines_never_panic() {
    // A line may name any file to write: names that are not absolute mean this folder. It is the only test of this program.
    let anywhere = tempfile::tempdir().expect("a folder");
    std::env::set_current_dir(anywhere.path()).expect("a folder of our own");
    std::panic::set_hook(Box::new(|_| {}));
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let results: Vec<Vec<Outcome>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let dir = tempfile::tempdir().expect("a folder");
                    (thread..LINES)
                        .step_by(threads as usize)
                        .map(|number| {
                            let mut rng = ChaCha8Rng::seed_from_u64(number);
                            let here = dir.path().join(number.to_string());
                            std::fs::create_dir(&here).expect("a folder");
                            let args = line(&mut rng, &here);
                            let mut result = run(&args);
                            let left = |name: &str| here.join(name).exists();
                            if result.as_ref().is_ok_and(|code| *code != 0) && (left("out") || left("deep/er/out") || left("bit"))
                            {
                                result = Err("a folder was left behind by a failure".into());
                            }
                            let _ = std::fs::remove_dir_all(&here);
                            (args, result)
                        })
                        .collect()
                })
            })
            .collect();
        workers.into_iter().map(|w| w.join().expect("a worker")).collect()
    });
    let _ = std::panic::take_hook();
    let all: Vec<_> = results.into_iter().flatten().collect();
    let mut codes: BTreeMap<u8, usize> = BTreeMap::new();
    all.iter().filter_map(|(_, r)| r.as_ref().ok()).for_each(|code| *codes.entry(*code).or_default() += 1);
    println!("{} lines, exit codes {codes:?}", all.len());
    let bad: Vec<String> = all
        .iter()
        .filter_map(|(args, r)| {
            let args: Vec<_> = args.iter().skip(TOOL_WORDS).map(|a| a.to_string_lossy()).collect();
            r.as_ref().err().map(|e| format!("{args:?}: {e}"))
        })
        .collect();
    let shown: String = bad.iter().take(20).fold(String::new(), |text, b| text + &b.chars().take(900).collect::<String>() + "\n");
    assert!(bad.is_empty(), "{} of {} lines went wrong\n{shown}", bad.len(), all.len());
    assert_eq!(all.len() as u64, LINES);
    assert!(codes[&0] > LINES as usize / 5 && codes[&2] > LINES as usize / 5 && codes[&3] > LINES as usize / 100, "{codes:?}");
}
