//! `narrowgen constants BLOCK …`: whole-number parameters from real quantities, as TOML that `--config` reads.
use super::block::given;
use super::{Command, Context, Failure, with_blocks};
use crate::blocks::numbers::Reals;
use crate::blocks::{AnyBlock, REGISTRY, params};
use clap::{Arg, ArgMatches, value_parser};
use std::fmt::Write;
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "constants",
    about: "Turn real scales into the integer constants of a block: TOML for --config of the other commands",
    args,
    run,
};

fn args(command: clap::Command) -> clap::Command {
    let command = with_blocks(command, |c| {
        c.arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("File to write; without it the TOML goes to standard output"),
        )
    });
    REGISTRY.iter().fold(command, |command, block| {
        command.mut_subcommand(block.name(), |sub| {
            block.reals().into_iter().fold(sub, |sub, real| {
                let default = real.default.map_or(String::new(), |d| format!(" [default: {d}]"));
                sub.arg(
                    Arg::new(real.name)
                        .long(real.name.replace('_', "-"))
                        .value_name("REALS")
                        .allow_hyphen_values(true)
                        .help(format!("{}: numbers, or @FILE with numbers{default}", real.doc))
                        .help_heading("Real quantities"),
                )
            })
        })
    })
}

/// The real quantities on a command line, defaults where nothing is said.
fn reals(block: &dyn AnyBlock, args: &ArgMatches) -> Result<Reals, Failure> {
    let mut reals = Reals::default();
    for real in block.reals() {
        match (args.get_one::<String>(real.name), real.default) {
            (Some(text), _) => match text.strip_prefix('@') {
                Some(path) => {
                    let path = PathBuf::from(path);
                    let text = std::fs::read_to_string(&path).map_err(|e| Failure::file("read", &path, &e))?;
                    reals.set(real.name, &text)?;
                }
                None => reals.set(real.name, text)?,
            },
            (None, Some(default)) => reals.set(real.name, &default.to_string())?,
            (None, None) => {}
        }
    }
    Ok(reals)
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let (block, args) = super::block::named(matches)?;
    if block.reals().is_empty() {
        let able: Vec<&str> = REGISTRY.iter().filter(|b| !b.reals().is_empty()).map(|b| b.name()).collect();
        let help = format!("blocks with constants: {}", able.join(", "));
        return Err(Failure::usage(format!("no parameter of `{}` follows from a real number", block.name()), help));
    }
    let given = given(block, args)?;
    let found = block.constants(&given, &reals(block, args)?).map_err(|e| {
        let help = block.reals().iter().map(|r| format!("{} {}", params::flag(r.name), r.doc)).collect::<Vec<_>>().join("; ");
        Failure::usage(format!("{}: {e}", block.name()), help)
    })?;
    let mut all = given;
    all.retain(|g| found.iter().all(|f| f.0 != g.0));
    all.extend(found);
    if cx.json {
        cx.object(&all.into_iter().map(|(n, v)| (n, v.into())).collect::<serde_json::Map<_, serde_json::Value>>());
        return Ok(());
    }
    let mut text = format!("[{}]\n", block.name());
    for (name, value) in &all {
        let _ = writeln!(text, "{name} = {}", toml::Value::String(value.clone()));
    }
    match args.get_one::<PathBuf>("output") {
        Some(path) => std::fs::write(path, text).map_err(|e| Failure::file("write", path, &e)),
        None => {
            cx.raw(&text);
            Ok(())
        }
    }
}
