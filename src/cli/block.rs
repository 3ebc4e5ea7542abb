//! Command lines that name a block: `narrowgen COMMAND BLOCK --parameter value …`. The flags come
//! from the block's declared parameters; `--config FILE` reads them from TOML, flags win.
use super::{Context, Failure};
use crate::blocks::{self, AnyBlock, Configured, REGISTRY, params};
use clap::{Arg, ArgMatches};
use std::path::Path;

/// Adds one subcommand per block, each with the block's parameters and `common` arguments.
pub fn with_blocks(command: clap::Command, common: fn(clap::Command) -> clap::Command) -> clap::Command {
    let command = command.subcommand_required(true).subcommand_value_name("BLOCK").subcommand_help_heading("Blocks");
    REGISTRY.iter().fold(command, |command, block| {
        let mut sub = common(clap::Command::new(block.name()).about(block.doc()));
        sub = sub.arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .help("Read parameters from a TOML file; flags win")
                .help_heading("Parameters"),
        );
        for f in block.fields() {
            sub = sub.arg(
                Arg::new(f.name)
                    .long(f.name.replace('_', "-"))
                    .value_name("VALUE")
                    .allow_hyphen_values(true)
                    .help(format!("{} ({}) [default: {}]", f.doc, f.allowed, f.default))
                    .help_heading("Parameters"),
            );
        }
        command.subcommand(sub)
    })
}

/// The block that a command line names, with its parameters fixed, and the command's other arguments.
pub struct BlockMatches<'m> {
    /// The block.
    pub block: Box<dyn Configured>,
    /// Arguments given after the block's name.
    pub args: &'m ArgMatches,
}

impl<'m> BlockMatches<'m> {
    /// From the matches of a command made by [`with_blocks`].
    pub fn new(matches: &'m ArgMatches, _: &Context) -> Result<Self, Failure> {
        let (block, args) = named(matches)?;
        Ok(BlockMatches { block: configure(block, &given(block, args)?)?, args })
    }
}

/// The block that a command line names, and the command's other arguments.
pub fn named(matches: &ArgMatches) -> Result<(&'static dyn AnyBlock, &ArgMatches), Failure> {
    let (name, args) = matches.subcommand().ok_or_else(|| Failure::usage("no block named", "narrowgen list shows the blocks"))?;
    let block =
        blocks::find(name).ok_or_else(|| Failure::usage(format!("no block `{name}`"), "narrowgen list shows the blocks"))?;
    Ok((block, args))
}

/// The parameters that a command line gives, those of `--config` first.
pub fn given(block: &dyn AnyBlock, args: &ArgMatches) -> Result<Vec<(String, String)>, Failure> {
    let mut given = match args.get_one::<String>("config") {
        Some(path) => read_config(block, Path::new(path))?,
        None => Vec::new(),
    };
    for f in block.fields() {
        if let Some(v) = args.get_one::<String>(f.name) {
            given.retain(|(name, _)| name != f.name);
            given.push((f.name.to_string(), v.clone()));
        }
    }
    Ok(given)
}

/// Fixes a block's parameters, with the full list of parameters in the help of an error.
pub fn configure(block: &dyn AnyBlock, given: &[(String, String)]) -> Result<Box<dyn Configured>, Failure> {
    block.configure(given).map_err(|e| {
        let known =
            block.fields().iter().find(|f| f.name == e.param).map(|f| format!("{} takes {}", params::flag(f.name), f.allowed));
        Failure::usage(format!("{}: {e}", block.name()), known.unwrap_or_default())
    })
}

/// Reads parameters from TOML: `name = value` at the top level or under a table named after the block.
fn read_config(block: &dyn AnyBlock, path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read", path, &e))?;
    let bad = |why: String| {
        Failure::usage(
            format!("{}: {why}", path.display()),
            format!("write `name = value` lines; `{}` has: {}", block.name(), names(block)),
        )
    };
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| bad(e.to_string()))?;
    let (scope, table) = match table.get(block.name()) {
        Some(toml::Value::Table(own)) => (format!("[{}] ", block.name()), own),
        _ => (String::new(), &table),
    };
    let mut given = Vec::new();
    for (key, value) in table {
        let text = match value {
            toml::Value::String(s) => s.clone(),
            toml::Value::Integer(i) => i.to_string(),
            other => return Err(bad(format!("{scope}`{key}` is a {}; expected a string or a whole number", other.type_str()))),
        };
        given.push((key.replace('-', "_"), text));
    }
    Ok(given)
}

fn names(block: &dyn AnyBlock) -> String {
    block.fields().iter().map(|f| f.name.replace('_', "-")).collect::<Vec<_>>().join(", ")
}
