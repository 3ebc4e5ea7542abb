//! Looking at a program: is it the tool, is it new enough, what does it need?
use super::{Found, Origin, Tool};
use crate::flow::process::Job;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A tool that cannot tell its version in this time is broken.
const LIMIT: Duration = Duration::from_secs(20);

/// The tool at a path somebody gave. Any version is taken, also an unknown one.
pub fn given(tool: Tool, path: &Path) -> Result<Found, String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let inside = path.join("bin/verilator_bin");
    let (program, root) = match tool {
        Tool::Verilator if inside.is_file() => (inside, Some(path)),
        _ => (path, None),
    };
    if !executable(&program) {
        return Err("is not a program that can be run".into());
    }
    inspect(tool, Origin::Given, &program, root)
}

/// The first good program on PATH; says in `reasons` why others were not taken.
pub fn on_path(tool: Tool, reasons: &mut Vec<String>) -> Option<Found> {
    let mut tried = 0;
    if tool == Tool::Verilator {
        // An installation that is not on PATH announces itself in this variable.
        if let Some(root) = std::env::var_os("VERILATOR_ROOT").map(PathBuf::from) {
            let program = root.join("bin/verilator_bin");
            if executable(&program) {
                tried += 1;
                match good_enough(tool, &program, Some(root)) {
                    Ok(found) => return Some(found),
                    Err(why) => reasons.push(format!("`{}` {why}", program.display())),
                }
            }
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for dir in std::env::split_paths(&path).filter(|d| d.is_absolute()) {
        for name in tool.info().programs {
            let program = dir.join(name);
            if !executable(&program) {
                continue;
            }
            tried += 1;
            match good_enough(tool, &program, None) {
                Ok(found) => return Some(found),
                Err(why) => reasons.push(format!("`{}` {why}", program.display())),
            }
            // A PATH full of broken programs is not worth more time.
            if tried >= 4 {
                return None;
            }
        }
    }
    None
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn good_enough(tool: Tool, program: &Path, root: Option<PathBuf>) -> Result<Found, String> {
    let found = inspect(tool, Origin::Path, program, root)?;
    let Some((major, minor)) = tool.info().minimum else { return Ok(found) };
    match numbers(&found.version) {
        None => Err("does not tell its version".into()),
        Some(v) if v < (major, minor) => {
            Err(format!("is version {}, older than {}", found.version, version_text(tool, major, minor)))
        }
        Some(_) => Ok(found),
    }
}

fn inspect(tool: Tool, origin: Origin, program: &Path, root: Option<PathBuf>) -> Result<Found, String> {
    let mut found =
        Found { tool, version: "unknown".into(), origin, argv: vec![program.into()], env: Vec::new(), root: root.clone() };
    if let Some(root) = root {
        found.env.push(("VERILATOR_ROOT", root.into()));
    }
    if let Some(args) = tool.info().version_args {
        let text = ask(&found, args)?;
        if let Some(version) = version_in(&text) {
            found.version = version;
        }
    }
    match tool {
        Tool::Verilator => {
            if found.root.is_none() {
                let root = PathBuf::from(ask(&found, &["--getenv", "VERILATOR_ROOT"])?.trim());
                found.env.push(("VERILATOR_ROOT", root.clone().into()));
                found.root = Some(root);
            }
            let header = found.root.iter().map(|r| r.join("include/verilated.h")).next().unwrap_or_default();
            if !header.is_file() {
                return Err(format!("has no `{}`", header.display()));
            }
        }
        Tool::Yosys => {
            let beside = |p: &Path| Some(p.parent()?.parent()?.join("share/yosys"));
            let real = program.canonicalize().unwrap_or_else(|_| program.to_path_buf());
            found.root = [beside(&real), beside(program)].into_iter().flatten().find(|d| d.is_dir());
        }
        _ => {}
    }
    Ok(found)
}

/// What the tool says on both outputs, whatever its exit code.
fn ask(found: &Found, args: &[&str]) -> Result<String, String> {
    let mut command: Command = found.command();
    command.args(args);
    match Job::new("asking for the version", command).limit(LIMIT).run_any() {
        Ok(done) => Ok(format!("{}\n{}", done.stdout, done.stderr)),
        Err(e) => Err(format!("does not run: {e}")),
    }
}

/// The first version-like word: digits, a dot, digits, and what belongs to it.
fn version_in(text: &str) -> Option<String> {
    let text = text.split_once("(Version ").map_or(text, |(_, t)| t);
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '"'))
        .find(|w| numbers(w).is_some())
        .map(|w| w.trim_start_matches('v').to_string())
}

/// Major and minor number of `5.048`, `v0.23`, `0.23+45` or `12.2.0`.
fn numbers(word: &str) -> Option<(u32, u32)> {
    let (major, rest) = word.strip_prefix('v').unwrap_or(word).split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A version as the tool itself writes it.
pub fn version_text(tool: Tool, major: u32, minor: u32) -> String {
    if tool == Tool::Verilator { format!("{major}.{minor:03}") } else { format!("{major}.{minor}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_tools_print_them() {
        for (text, version) in [
            ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "5.006"),
            ("Yosys 0.23 (git sha1 7ce5011c24b)", "0.23"),
            ("Yosys 0.45+139 (git sha1 4d581a97d, g++ 11)", "0.45+139"),
            ("\"nextpnr-ice40\" -- Next Generation Place and Route (Version 0.4-1)", "0.4-1"),
            ("Icarus Verilog version 11.0 (stable) ()", "11.0"),
            ("12.2.0\n", "12.2.0"),
        ] {
            assert_eq!(version_in(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(version_in(" rev vUNKNOWN-built20260516-4e853d8"), None);
        assert!(numbers("5.006") < numbers("5.048"));
    }
}
