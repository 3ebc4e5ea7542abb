//! The command line: one file per subcommand, one line each in [`COMMANDS`].
//!
//! Exit codes: 0 good, 1 mismatch, 2 usage or parameters, 3 tool missing, 4 timing or fit failed.
//! Everything a command prints goes through [`Context`], so that tests run commands in process.
mod bench;
mod block;
pub mod check;
mod clock;
mod constants;
mod demo;
mod emit;
mod eval;
mod explain;
mod export;
mod formats;
mod fpga;
mod list;
mod progress;
mod prove;
mod report;
mod sweep;
mod synth;
mod timing;
mod tools;
mod tune;

pub use block::{BlockMatches, with_blocks};

use clap::ArgMatches;
use serde::Serialize;
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};

/// A subcommand.
pub struct Command {
    /// Its word.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Adds its arguments.
    pub args: fn(clap::Command) -> clap::Command,
    /// Runs it.
    pub run: fn(&ArgMatches, &Context) -> Result<(), Failure>,
}

/// Every subcommand, in the order of the help text.
pub static COMMANDS: &[&Command] = &[
    &emit::COMMAND,
    &check::COMMAND,
    &prove::COMMAND,
    &eval::COMMAND,
    &constants::COMMAND,
    &list::COMMAND,
    &explain::COMMAND,
    &formats::COMMAND,
    &synth::COMMAND,
    &tune::COMMAND,
    &fpga::COMMAND,
    &sweep::COMMAND,
    &export::COMMAND,
    &report::COMMAND,
    &bench::COMMAND,
    &tools::COMMAND,
    &demo::COMMAND,
];

/// Why a command did not succeed: an exit code, what happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Exit code, 1..=4.
    pub code: u8,
    /// What, where, expected and found.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Failure {
    /// The results differ (exit 1).
    pub fn mismatch(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { code: 1, message: message.into(), help: help.into() }
    }
    /// The user asked for something that cannot be (exit 2).
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { code: 2, message: message.into(), help: help.into() }
    }
    /// A tool is missing or failed (exit 3).
    pub fn tool(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { code: 3, message: message.into(), help: help.into() }
    }
    /// The design does not fit or is too slow (exit 4).
    pub fn timing(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { code: 4, message: message.into(), help: help.into() }
    }
    /// A file could not be read or written (exit 2).
    pub fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::usage(format!("cannot {what} {}: {error}", path.display()), "check the path and its permissions")
    }
}

impl miette::Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let words = match self.code {
            1 => "mismatch",
            2 => "usage",
            3 => "tool",
            _ => "timing",
        };
        Some(Box::new(format!("error: {words} (exit {})", self.code)))
    }
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(self.help.clone()) as Box<dyn std::fmt::Display>)
    }
}

impl From<crate::blocks::params::ParamError> for Failure {
    fn from(e: crate::blocks::params::ParamError) -> Self {
        Failure::usage(e.to_string(), "")
    }
}

impl From<crate::hdl::dsl::Diagnostics> for Failure {
    fn from(e: crate::hdl::dsl::Diagnostics) -> Self {
        Failure::usage(format!("the circuit cannot be built:\n{e}"), "")
    }
}

/// Where a command prints, and how.
pub struct Context<'a> {
    /// Machine-readable output was asked for.
    pub json: bool,
    /// Progress bars may be drawn: standard error is a terminal.
    pub progress: bool,
    out: RefCell<&'a mut dyn Write>,
}

impl Context<'_> {
    /// Prints a line of the result.
    pub fn line(&self, text: impl AsRef<str>) {
        self.raw(text.as_ref());
        self.raw("\n");
    }

    /// Prints without a newline. A closed pipe is not an error of ours.
    pub fn raw(&self, text: &str) {
        let _ = self.out.borrow_mut().write_all(text.as_bytes());
    }

    /// Prints a value as JSON, indented.
    pub fn object(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(text),
            Err(e) => self.line(format!("{{\"error\": \"{e}\"}}")),
        }
    }
}

/// The whole command line.
pub fn command() -> clap::Command {
    let top = clap::Command::new("narrowgen")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Checked Verilog for low-precision arithmetic, in any format and width")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(110)
        .arg(
            clap::Arg::new("json").long("json").global(true).action(clap::ArgAction::SetTrue).help("Print machine-readable JSON"),
        )
        .arg(tools::flag());
    COMMANDS.iter().fold(top, |top, c| top.subcommand((c.args)(clap::Command::new(c.name).about(c.about))))
}

/// A whole number in a range, as an argument; the complaint names the range.
pub fn whole<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    range: std::ops::RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|n| range.contains(n)).and_then(|n| T::try_from(n).ok());
        number.ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
    }
}

/// The commands or options that a command line could have had where it went wrong.
fn allowed(e: &clap::Error, top: &clap::Command, args: &[OsString]) -> Option<String> {
    let mut at = top;
    for word in args.iter().skip(1) {
        at = at.find_subcommand(word).unwrap_or(at);
    }
    let words: Vec<String> = match e.kind() {
        clap::error::ErrorKind::InvalidSubcommand => at.get_subcommands().map(|c| c.get_name().to_string()).collect(),
        clap::error::ErrorKind::UnknownArgument => {
            at.get_arguments().filter_map(|a| a.get_long()).map(|l| format!("--{l}")).collect()
        }
        _ => return None,
    };
    (!words.is_empty()).then(|| format!("allowed here: {}\n", words.join(", ")))
}

/// Runs a command line (program name first) and returns the exit code.
pub fn run<I: IntoIterator<Item = OsString>>(args: I, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = command();
    let matches = match command.try_get_matches_from_mut(&args) {
        Ok(m) => m,
        Err(e) if matches!(e.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion) => {
            let _ = write!(out, "{e}");
            return 0;
        }
        Err(e) => {
            let mut text = e.to_string();
            if let Some(allowed) = allowed(&e, &command, &args) {
                text = text.replacen("\n\n", &format!("\n{allowed}\n"), 1);
            }
            if args.iter().any(|a| a == "--json") {
                let (message, help) = text.split_once("\n\n").unwrap_or((&text, ""));
                report(err, true, &Failure::usage(message.trim_start_matches("error: "), help.trim()));
            } else {
                let _ = err.write_all(text.as_bytes());
            }
            return 2;
        }
    };
    let context =
        Context { json: matches.get_flag("json"), progress: std::io::stderr().is_terminal(), out: RefCell::new(&mut *out) };
    let result = match matches.subcommand() {
        Some((name, m)) => match COMMANDS.iter().find(|c| c.name == name) {
            Some(c) => tools::apply(&matches).and_then(|()| (c.run)(m, &context)),
            None => Err(Failure::usage(format!("no command `{name}`"), "")),
        },
        None => Err(Failure::usage("no command given", "narrowgen --help lists them")),
    };
    let json = context.json;
    let _ = out.flush();
    match result {
        Ok(()) => 0,
        Err(f) => {
            report(err, json, &f);
            f.code
        }
    }
}

/// Says why a command did not succeed.
fn report(err: &mut dyn Write, json: bool, f: &Failure) {
    let _ = if json {
        writeln!(err, "{}", serde_json::json!({ "error": f.message, "help": f.help, "exit": f.code }))
    } else {
        err.write_all(render(f).as_bytes())
    };
}

/// A failure as people read it: no colour, no wrapping of lines that people copy.
fn render(failure: &Failure) -> String {
    let theme = miette::GraphicalTheme { characters: miette::ThemeCharacters::ascii(), styles: miette::ThemeStyles::none() };
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_links(false).with_wrap_lines(false);
    let mut text = String::new();
    match handler.render_report(&mut text, failure) {
        Ok(()) => text,
        Err(_) => format!("error: {}\n  help: {}\n", failure.message, failure.help),
    }
}
