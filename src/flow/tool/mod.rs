//! Finding external tools.
//!
//! Each tool is looked for in three places, and the first hit wins:
//! 1. a path given by [`set_path`] (command-line flag) or the tool's environment variable,
//! 2. `PATH`, if the version there is good enough,
//! 3. the managed set in the user's cache, made by `narrowgen tools install`.
//!
//! A given path that does not work is an error, never a reason to look further.
mod managed;
mod probe;

pub use managed::{Managed, managed};
pub(crate) use managed::{RECORD, RUN};

use super::install;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An external program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Tool {
    Verilator,
    Yosys,
    NextpnrIce40,
    Icepack,
    NextpnrEcp5,
    Ecppack,
    NextpnrGowin,
    GowinPack,
    Iverilog,
    Vvp,
    Cxx,
}

/// What is known about a tool.
pub(crate) struct Info {
    /// Name for people, and of the program on PATH.
    pub name: &'static str,
    /// Environment variable with its path.
    pub variable: &'static str,
    /// Other program names, in order of preference.
    pub programs: &'static [&'static str],
    /// Oldest version taken from PATH.
    pub minimum: Option<(u32, u32)>,
    /// Argument that prints the version; `None` if it has no such option.
    pub version_args: Option<&'static [&'static str]>,
    /// Part of the managed set.
    pub managed: bool,
    /// How to get it where it is not managed.
    pub advice: &'static str,
}

impl Tool {
    /// Every tool.
    pub const ALL: &'static [Tool] = &[
        Tool::Verilator,
        Tool::Cxx,
        Tool::Iverilog,
        Tool::Vvp,
        Tool::Yosys,
        Tool::NextpnrIce40,
        Tool::Icepack,
        Tool::NextpnrEcp5,
        Tool::Ecppack,
        Tool::NextpnrGowin,
        Tool::GowinPack,
    ];

    pub(crate) fn info(self) -> &'static Info {
        macro_rules! info {
            ($name:literal, $variable:literal, $programs:expr, $minimum:expr, $args:expr) => {
                &Info {
                    name: $name,
                    variable: $variable,
                    programs: &$programs,
                    minimum: $minimum,
                    version_args: $args,
                    managed: true,
                    advice: "run `narrowgen tools install`",
                }
            };
            ($name:literal, $variable:literal, $programs:expr, $minimum:expr, $args:expr, $advice:literal) => {
                &Info {
                    name: $name,
                    variable: $variable,
                    programs: &$programs,
                    minimum: $minimum,
                    version_args: $args,
                    managed: false,
                    advice: $advice,
                }
            };
        }
        match self {
            Tool::Verilator => {
                info!("verilator", "NARROWGEN_VERILATOR", ["verilator_bin", "verilator"], Some((5, 6)), Some(&["--version"]))
            }
            Tool::Yosys => info!("yosys", "NARROWGEN_YOSYS", ["yosys"], Some((0, 23)), Some(&["-V"])),
            Tool::NextpnrIce40 => {
                info!("nextpnr-ice40", "NARROWGEN_NEXTPNR_ICE40", ["nextpnr-ice40"], None, Some(&["--version"]))
            }
            Tool::Icepack => info!("icepack", "NARROWGEN_ICEPACK", ["icepack"], None, None),
            Tool::NextpnrEcp5 => info!("nextpnr-ecp5", "NARROWGEN_NEXTPNR_ECP5", ["nextpnr-ecp5"], None, Some(&["--version"])),
            Tool::Ecppack => info!("ecppack", "NARROWGEN_ECPPACK", ["ecppack"], None, Some(&["--version"])),
            Tool::NextpnrGowin => info!(
                "nextpnr-himbaechel-gowin",
                "NARROWGEN_NEXTPNR_GOWIN",
                ["nextpnr-himbaechel-gowin"],
                None,
                Some(&["--version"])
            ),
            Tool::GowinPack => info!("gowin_pack", "NARROWGEN_GOWIN_PACK", ["gowin_pack"], None, None),
            Tool::Iverilog => info!(
                "iverilog",
                "NARROWGEN_IVERILOG",
                ["iverilog"],
                Some((11, 0)),
                Some(&["-V"]),
                "install Icarus Verilog 11 or newer with the system's package manager (Debian: `apt install iverilog`)"
            ),
            Tool::Vvp => info!(
                "vvp",
                "NARROWGEN_VVP",
                ["vvp"],
                Some((11, 0)),
                Some(&["-V"]),
                "install Icarus Verilog 11 or newer with the system's package manager (Debian: `apt install iverilog`)"
            ),
            Tool::Cxx => info!(
                "g++",
                "NARROWGEN_CXX",
                ["g++"],
                Some((9, 0)),
                Some(&["-dumpfullversion", "-dumpversion"]),
                "install g++ with the system's package manager (Debian: `apt install g++`)"
            ),
        }
    }

    /// Name of the tool for people.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The environment variable that overrides where it is found.
    pub fn variable(self) -> &'static str {
        self.info().variable
    }
}

/// Where a tool was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Given by a flag or environment variable.
    Given,
    /// On `PATH`.
    Path,
    /// The managed set in the user's cache.
    Managed,
}

/// A tool that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub tool: Tool,
    /// Its version, `unknown` where it does not tell.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Program and leading arguments.
    pub argv: Vec<OsString>,
    /// Environment it needs.
    pub env: Vec<(&'static str, OsString)>,
    /// Its data folder, where it has one that matters: `VERILATOR_ROOT`; for Yosys the folder of `ice40/cells_sim.v`.
    pub root: Option<PathBuf>,
}

impl Found {
    /// A command that runs the tool; add arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.argv[0]);
        command.args(&self.argv[1..]).envs(self.env.iter().map(|(k, v)| (k, v)));
        command
    }

    /// The program, or the folder of the managed set: for people.
    pub fn place(&self) -> &Path {
        let shown = if self.origin == Origin::Managed && self.argv.len() > 2 { &self.argv[2] } else { &self.argv[0] };
        Path::new(shown)
    }
}

/// A tool that cannot be used. The command line ends with exit code 3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// The tool.
    pub tool: Tool,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

static GIVEN: Mutex<BTreeMap<Tool, PathBuf>> = Mutex::new(BTreeMap::new());
static FOUND: Mutex<BTreeMap<Tool, Found>> = Mutex::new(BTreeMap::new());

fn locked<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Uses this path for the tool from now on, before its environment variable.
pub fn set_path(tool: Tool, path: PathBuf) {
    locked(&GIVEN).insert(tool, path);
    locked(&FOUND).remove(&tool);
}

/// Finds a tool. A hit is remembered for the life of the process.
pub fn resolve(tool: Tool) -> Result<Found, ToolError> {
    if let Some(found) = locked(&FOUND).get(&tool) {
        return Ok(found.clone());
    }
    let found = search(tool)?;
    locked(&FOUND).insert(tool, found.clone());
    Ok(found)
}

fn search(tool: Tool) -> Result<Found, ToolError> {
    let info = tool.info();
    let given = locked(&GIVEN).get(&tool).map(|p| ("the command line".to_string(), p.clone()));
    let variable = std::env::var_os(info.variable).filter(|v| !v.is_empty());
    if let Some((source, path)) = given.or_else(|| variable.map(|v| (info.variable.to_string(), PathBuf::from(v)))) {
        return probe::given(tool, &path).map_err(|why| ToolError {
            tool,
            message: format!("{} from {source} cannot be used: `{}` {why}", info.name, path.display()),
            help: format!("correct or unset {}", info.variable),
        });
    }
    // The bitstream packer must know the chip database its place-and-route was made with.
    let same_set = tool == Tool::GowinPack && resolve(Tool::NextpnrGowin).is_ok_and(|n| n.origin == Origin::Managed);
    let mut reasons = Vec::new();
    if !same_set {
        match probe::on_path(tool, &mut reasons) {
            Some(found) => return Ok(found),
            None if reasons.is_empty() => reasons.push("not on PATH".to_string()),
            None => {}
        }
    }
    if info.managed {
        match managed().and_then(|m| m.tool(tool)) {
            Some(found) => return Ok(found),
            None => reasons.push(format!("not in the managed set ({})", install::place().display())),
        }
    }
    let least = info.minimum.map(|(a, b)| format!(" {}", probe::version_text(tool, a, b))).unwrap_or_default();
    let or_newer = if info.minimum.is_some() { " or newer" } else { "" };
    Err(ToolError {
        tool,
        message: format!("{}{least}{or_newer} is needed and was not found: {}", info.name, reasons.join("; ")),
        help: format!("{}, or set {} to the program", info.advice, info.variable),
    })
}

/// Finds the tools, installing the managed set into the user's cache if one of them is missing.
pub fn provision(tools: &[Tool]) -> Result<Vec<Found>, ToolError> {
    let missing = tools.iter().find_map(|t| resolve(*t).err().filter(|_| t.info().managed));
    if let Some(error) = missing {
        let options = install::Options { progress: std::io::stderr().is_terminal(), ..Default::default() };
        install::install(&options).map_err(|e| ToolError {
            message: format!("{}; installing it failed: {}", error.message, e.message),
            help: e.help,
            ..error
        })?;
    }
    tools.iter().map(|t| resolve(*t)).collect()
}

/// For tests: true if the tools can be used, after installing what is missing. Without them the test
/// is skipped with a visible line, or fails if `REQUIRE_TOOLS=1` is set.
pub fn for_tests(test: &str, tools: &[Tool]) -> bool {
    // One failed installation is enough; every further test would wait for the same failure.
    static FAILED: Mutex<Option<ToolError>> = Mutex::new(None);
    let mut failed = locked(&FAILED);
    let result = match (tools.iter().try_for_each(|t| resolve(*t).map(|_| ())), failed.clone()) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(e)) => Err(e),
        (Err(_), None) => provision(tools).map(|_| ()),
    };
    if let Err(e) = &result
        && e.tool.info().managed
    {
        *failed = Some(e.clone());
    }
    drop(failed);
    match result {
        Ok(()) => true,
        Err(e) if std::env::var_os("REQUIRE_TOOLS").is_some_and(|v| v == "1") => {
            panic!("{test}: {e} ({}), and REQUIRE_TOOLS=1 forbids skipping", e.help)
        }
        Err(e) => {
            use std::sync::atomic::{AtomicUsize, Ordering};
            static SKIPPED: AtomicUsize = AtomicUsize::new(0);
            let n = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
            // Written past the test harness, which hides what passing tests print.
            use std::io::Write;
            let _ = writeln!(std::io::stderr().lock(), "SKIPPED ({n} in this test program): {test}: {e}");
            false
        }
    }
}
