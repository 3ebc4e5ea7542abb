//! What every model needs and none compiles again: the runner with Verilator's runtime in it, and
//! the precompiled header. Kept in the cache per version of Verilator, compiler and flags.
use super::super::cache;
use super::super::error::FlowError;
use super::super::process::Job;
use super::super::tool::{self, Found, Tool};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const ABI: &str = include_str!("../../../testbenches/runner/abi.h");
const MODEL: &str = include_str!("../../../testbenches/runner/model.h");
const RUNNER: &str = include_str!("../../../testbenches/runner/runner.cpp");

/// The prepared runtime.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Folder with `runner`, `pch.h`, its compiled form and `model.h`.
    pub dir: PathBuf,
    /// Identifies everything that went into it.
    pub key: String,
    /// Waves can be written.
    pub trace: bool,
    pub verilator: Found,
    pub cxx: Found,
    /// Linker option, where a faster linker than the default is there.
    linker: Option<&'static str>,
}

static READY: Mutex<[Option<Runtime>; 2]> = Mutex::new([None, None]);

/// Finds the tools and makes the runtime unless the cache has it.
pub fn prepare(trace: bool) -> Result<Runtime, FlowError> {
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &ready[usize::from(trace)] {
        // The user may empty the cache at any time.
        if runtime.dir.is_dir() {
            return Ok(runtime.clone());
        }
    }
    let verilator = tool::resolve(Tool::Verilator)?;
    let cxx = tool::resolve(Tool::Cxx)?;
    let include = verilator.root.clone().unwrap_or_default().join("include");
    let stamp = fs::metadata(include.join("verilated.cpp")).map_err(FlowError::file("read", &include.join("verilated.cpp")))?;
    let mut runtime = Runtime { dir: PathBuf::new(), key: String::new(), trace, verilator, cxx, linker: None };
    runtime.linker = fast_linker(&runtime.cxx.version);
    let flags: Vec<String> = runtime.flags().iter().map(|f| f.to_string_lossy().into_owned()).collect();
    let made = [stamp.len().to_string(), format!("{:?}", stamp.modified().ok()), format!("{:?}", runtime.cxx.argv)];
    let parts = [ABI, MODEL, RUNNER, &runtime.verilator.version, &runtime.cxx.version].into_iter();
    runtime.key = cache::key(parts.chain(flags.iter().chain(&made).map(String::as_str)));
    runtime.dir = cache::dir().join("runtime").join(&runtime.key);
    if !runtime.dir.is_dir() {
        let _lock =
            cache::lock(&format!("runtime-{}", runtime.key), || ()).map_err(FlowError::file("write to", &cache::dir()))?;
        if !runtime.dir.is_dir() {
            runtime.make()?;
        }
    }
    ready[usize::from(trace)] = Some(runtime.clone());
    Ok(runtime)
}

/// `mold` links a small model in a seventh of the time of the default linker; GCC knows it since version 12.
fn fast_linker(cxx: &str) -> Option<&'static str> {
    let major: u32 = cxx.split('.').next()?.parse().ok()?;
    let path = std::env::var_os("PATH")?;
    (major >= 12 && std::env::split_paths(&path).any(|d| d.join("ld.mold").is_file() || d.join("mold").is_file()))
        .then_some("-fuse-ld=mold")
}

impl Runtime {
    /// Flags of every compilation. The precompiled header is only used if they are the same everywhere.
    fn flags(&self) -> Vec<OsString> {
        let trace = u8::from(self.trace);
        let include = self.verilator.root.clone().unwrap_or_default().join("include");
        let mut flags: Vec<OsString> = ["-std=c++17", "-O1", "-fPIC", "-pipe", "-w", "-DVERILATOR=1"].map(Into::into).into();
        for (name, value) in [
            ("COVERAGE", 0),
            ("SC", 0),
            ("TIMING", 0),
            ("TRACE", trace),
            ("TRACE_FST", 0),
            ("TRACE_VCD", trace),
            ("TRACE_SAIF", 0),
        ] {
            flags.push(format!("-DVM_{name}={value}").into());
        }
        for dir in [include.join("vltstd"), include] {
            let mut flag = OsString::from("-I");
            flag.push(dir);
            flags.push(flag);
        }
        flags
    }

    fn cxx(&self) -> Command {
        let mut command = self.cxx.command();
        command.args(self.flags());
        command
    }

    /// The command that compiles one file into a shared object.
    pub fn compile(&self, source: &Path, output: &Path) -> Command {
        let mut command = self.cxx();
        let dir = source.parent().unwrap_or(Path::new("."));
        command.arg("-include").arg(self.dir.join("pch.h")).arg("-I").arg(dir).arg("-I").arg(&self.dir);
        command.args(["-shared", "-Wl,-Bsymbolic"]).args(self.linker).arg("-o").arg(output).arg(source);
        command
    }

    fn make(&self) -> Result<(), FlowError> {
        let place = cache::dir().join("runtime");
        let scratch = cache::scratch(&place).map_err(FlowError::file("write to", &place))?;
        let dir = scratch.path();
        let include = self.verilator.root.clone().unwrap_or_default().join("include");
        let header =
            if self.trace { "#include \"verilated.h\"\n#include \"verilated_vcd_c.h\"\n" } else { "#include \"verilated.h\"\n" };
        for (name, text) in [("abi.h", ABI), ("model.h", MODEL), ("runner.cpp", RUNNER), ("pch.h", header)] {
            fs::write(dir.join(name), text).map_err(FlowError::file("write", &dir.join(name)))?;
        }
        let mut jobs: Vec<Command> = Vec::new();
        let mut pch = self.cxx();
        pch.args(["-x", "c++-header"]).arg(dir.join("pch.h")).arg("-o").arg(dir.join("pch.h.gch"));
        jobs.push(pch);
        let mut sources = vec![dir.join("runner.cpp"), include.join("verilated.cpp"), include.join("verilated_threads.cpp")];
        if self.trace {
            sources.push(include.join("verilated_vcd_c.cpp"));
        }
        let mut link = self.cxx();
        for (i, source) in sources.iter().enumerate().filter(|(_, s)| s.is_file()) {
            let object = dir.join(format!("{i}.o"));
            let mut compile = self.cxx();
            compile.arg("-c").arg(source).arg("-o").arg(&object);
            jobs.push(compile);
            link.arg(object);
        }
        use rayon::prelude::*;
        let limit = Duration::from_secs(600);
        jobs.into_par_iter().try_for_each(|c| Job::new("compiling Verilator's runtime", c).limit(limit).run().map(|_| ()))?;
        // Models take the runtime from the runner that loads them, so it must show its symbols.
        link.args(["-rdynamic", "-pthread"]).args(self.linker).arg("-o").arg(dir.join("runner")).arg("-ldl");
        Job::new("linking the simulation runner", link).limit(limit).run()?;
        for i in 0..sources.len() {
            let _ = fs::remove_file(dir.join(format!("{i}.o")));
        }
        fs::rename(scratch.keep(), &self.dir).map_err(FlowError::file("write", &self.dir))
    }
}
