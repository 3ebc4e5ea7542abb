//! A copy of the workspace with every variant of the golden sources in it, and its test programs.
use super::sites::{self, Site};
use super::{Fate, SOURCES};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Environment variable with the number of the active variant.
const ACTIVE: &str = "TEETH_MUTANT";
/// Rounds of dropping variants that do not compile.
const ROUNDS: usize = 60;

/// The function that the variants ask, added to the golden crate.
const ASKS: &str = "
/// Is the variant of this number active?
pub fn teeth(number: u32) -> bool {
    static ACTIVE: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var(\"TEETH_MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    *ACTIVE == number
}
";

struct Source {
    file: &'static str,
    text: String,
    sites: Vec<Site>,
}

/// Copies the workspace, puts in every variant that compiles, and lists them with their numbers.
pub fn prepare(root: &Path, work: &Path) -> Result<Vec<(u32, Fate)>, String> {
    for name in ["src", "tests", "testbenches", "fpga", "rtl-out"] {
        let to = work.join(name);
        let _ = fs::remove_dir_all(&to);
        copy(&root.join(name), &to).map_err(|e| format!("{name}: {e}"))?;
    }
    for name in ["Cargo.toml", "Cargo.lock", "README.md"] {
        fs::copy(root.join(name), work.join(name)).map_err(|e| format!("{name}: {e}"))?;
    }
    let mut sources = Vec::new();
    for (file, module) in SOURCES {
        let text = fs::read_to_string(root.join(file)).map_err(|e| format!("{file}: {e}"))?;
        let sites = sites::sites(&text, *module).map_err(|e| format!("{file}: {e}"))?;
        sources.push(Source { file, text, sites });
    }
    let lib = work.join("src/golden/lib.rs");
    let text = fs::read_to_string(&lib).map_err(|e| e.to_string())?;
    fs::write(&lib, text + ASKS).map_err(|e| e.to_string())?;
    for _ in 0..ROUNDS {
        let mut first = 1;
        let mut written = Vec::new();
        for s in &sources {
            let asks = if s.file.starts_with("src/golden/") { "crate::teeth" } else { "narrowgen_golden::teeth" };
            let out = sites::instrument(&s.text, &s.sites, first, asks);
            first += s.sites.iter().map(|s| s.variants.len() as u32).sum::<u32>();
            fs::write(work.join(s.file), &out.text).map_err(|e| e.to_string())?;
            written.push(out);
        }
        let errors = compile_errors(work)?;
        if errors.is_empty() {
            return Ok(list(&sources));
        }
        let mut dropped = 0;
        for (file, spans) in &errors {
            let Some(i) = sources.iter().position(|s| s.file == file) else { continue };
            // The smallest variant that an error points into, else the smallest site.
            let hits = |whole: bool| {
                let places = written[i].places.iter().filter(|p| p.1.is_none() == whole);
                places.filter(|p| spans.iter().any(|s| p.2.start <= s.0 && s.1 <= p.2.end)).min_by_key(|p| p.2.len())
            };
            if let Some((site, variant, _)) = hits(false).or_else(|| hits(true)) {
                // Emptied now, removed below, so that indices stay.
                match variant {
                    Some(v) => sources[i].sites[*site].variants[*v].what.clear(),
                    None => sources[i].sites[*site].variants.iter_mut().for_each(|v| v.what.clear()),
                }
                dropped += 1;
            }
        }
        if dropped == 0 {
            return Err(format!("the instrumented source does not compile: {errors:?}"));
        }
        for s in &mut sources {
            s.sites.iter_mut().for_each(|site| site.variants.retain(|v| !v.what.is_empty()));
            s.sites.retain(|site| !site.variants.is_empty());
        }
    }
    Err(format!("still compile errors after {ROUNDS} rounds"))
}

fn list(sources: &[Source]) -> Vec<(u32, Fate)> {
    let mut mutants: Vec<(u32, Fate)> = Vec::new();
    for s in sources {
        for site in &s.sites {
            for v in &site.variants {
                let mut fate =
                    Fate { file: s.file, function: site.function.clone(), line: site.line, what: v.what.clone(), killed: None };
                // The same words again in the same function: counted.
                let same =
                    |f: &Fate| f.file == s.file && f.function == site.function && f.what.split(" #").next() == Some(&v.what);
                match mutants.iter().filter(|m| same(&m.1)).count() {
                    0 => {}
                    n => fate.what = format!("{} #{}", fate.what, n + 1),
                }
                mutants.push((mutants.len() as u32 + 1, fate));
            }
        }
    }
    mutants
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => fs::copy(entry.path(), target).map(|_| ())?,
        }
    }
    Ok(())
}

fn cargo(work: &Path, args: &[&str]) -> Result<Vec<Value>, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).args(["--release", "--message-format=json"]).current_dir(work).env("RUSTFLAGS", "--cap-lints=allow");
    let out = command.env("CARGO_TARGET_DIR", work.join("target")).stderr(Stdio::null()).output().map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&out.stdout).lines().filter_map(|l| serde_json::from_str(l).ok()).collect())
}

/// Files with compile errors, and the bytes each error points at.
type Errors = Vec<(String, Vec<(usize, usize)>)>;

fn compile_errors(work: &Path) -> Result<Errors, String> {
    let messages = cargo(work, &["check", "-p", "narrowgen"])?;
    let mut errors = Errors::new();
    for m in messages.iter().filter(|m| m["reason"] == "compiler-message" && m["message"]["level"] == "error") {
        let spans: Vec<&Value> = m["message"]["spans"].as_array().into_iter().flatten().collect();
        let Some(file) = spans.iter().find(|s| s["is_primary"] == true).and_then(|s| s["file_name"].as_str()) else { continue };
        let here = spans.iter().filter(|s| s["file_name"] == file);
        let bytes = |s: &&Value| Some((s["byte_start"].as_u64()? as usize, s["byte_end"].as_u64()? as usize));
        errors.push((file.to_string(), here.filter_map(bytes).collect()));
    }
    let finished = messages.iter().find(|m| m["reason"] == "build-finished").is_some_and(|m| m["success"] == true);
    match finished || !errors.is_empty() {
        true => Ok(errors),
        false => Err("cargo check fails without an error to blame".into()),
    }
}

/// The test programs.
pub struct Programs {
    work: PathBuf,
    /// The comparison of golden models with hardware, then the golden crate's own tests; with the most
    /// time each may take.
    list: Vec<(PathBuf, Duration)>,
}

impl Programs {
    /// Builds them.
    pub fn build(work: &Path) -> Result<Programs, String> {
        let programs = |args: &[&str]| -> Result<Vec<PathBuf>, String> {
            let messages = cargo(work, args)?;
            let found: Vec<PathBuf> = messages.iter().filter_map(|m| m["executable"].as_str()).map(PathBuf::from).collect();
            if found.is_empty() { Err(format!("cargo {} builds nothing", args.join(" "))) } else { Ok(found) }
        };
        let comparison = programs(&["test", "--no-run", "-p", "narrowgen", "--test", "teeth"])?;
        let own = programs(&["test", "--no-run", "-p", "narrowgen-golden"])?;
        let comparison = comparison.into_iter().find(|p| p.to_string_lossy().contains("teeth-")).ok_or("no program `teeth`")?;
        let patient = Duration::from_secs(600);
        let list = std::iter::once(comparison).chain(own).map(|p| (p, patient)).collect();
        Ok(Programs { work: work.to_path_buf(), list })
    }

    /// Runs all without a mutation, and allows each of them three times that time from then on.
    pub fn calibrate(&mut self) -> Result<(), String> {
        for i in 0..self.list.len() {
            let start = Instant::now();
            if let Some(what) = self.run(i, 0) {
                return Err(format!("the tests fail without any mutation: {what}"));
            }
            self.list[i].1 = start.elapsed() * 3 + Duration::from_secs(2);
        }
        Ok(())
    }

    /// What tells the mutant apart, if anything: the comparison is asked first.
    pub fn judge(&self, number: u32) -> Option<String> {
        (0..self.list.len()).find_map(|i| self.run(i, number))
    }

    fn run(&self, index: usize, number: u32) -> Option<String> {
        let (program, limit) = &self.list[index];
        match index {
            0 => run(program, &["--exact", "golden::every_point_agrees"], &self.work, number, *limit),
            _ => run(program, &[], &self.work.join("src/golden"), number, *limit),
        }
    }
}

/// Runs a test program; what failed, if anything.
fn run(program: &Path, args: &[&str], folder: &Path, number: u32, limit: Duration) -> Option<String> {
    let log = program.with_extension("log");
    let (out, err) = match fs::File::create(&log).and_then(|f| Ok((f.try_clone()?, f))) {
        Ok(files) => files,
        Err(e) => return Some(format!("no log: {e}")),
    };
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env(ACTIVE, number.to_string()).env("RUST_BACKTRACE", "0").stdout(out).stderr(err);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return Some(format!("does not start: {e}")),
    };
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            _ if start.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                return Some("takes too long".into());
            }
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    if status.success() {
        return None;
    }
    let text = fs::read_to_string(&log).unwrap_or_default();
    let line = |find: &str| text.lines().find_map(|l| l.find(find).map(|at| l[at + find.len()..].trim().to_string()));
    if let Some(point) = line("disagree:") {
        return Some(format!("check {point}"));
    }
    if text.contains("golden::every_point_agrees ... FAILED") {
        return Some("check (panic)".into());
    }
    let failed = text.lines().find(|l| l.starts_with("test ") && l.ends_with("FAILED"));
    Some(failed.map_or("crash".into(), |l| format!("test {}", l.split_whitespace().nth(1).unwrap_or_default())))
}
