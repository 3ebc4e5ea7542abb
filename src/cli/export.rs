//! `narrowgen export results.db`: the results of sweeps as one flat table.
use super::sweep::store_failure;
use super::{Command, Context, Failure};
use crate::sweep::export::Table;
use crate::sweep::store::Store;
use clap::{Arg, ArgMatches, value_parser};
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "export",
    about: "Write the results of sweeps as CSV, JSON lines or Parquet: one row per point",
    args: |c| {
        c.arg(database())
            .arg(
                Arg::new("format")
                    .long("format")
                    .value_parser(["csv", "jsonl", "parquet"])
                    .default_value("csv")
                    .help("How the table is written"),
            )
            .arg(
                Arg::new("output")
                    .short('o')
                    .long("output")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .help("File to write [default: standard output; of Parquet, the database's name with .parquet]"),
            )
    },
    run,
};

/// The argument that names a database.
pub fn database() -> Arg {
    let path = Arg::new("database").value_name("RESULTS.db").required(true);
    path.value_parser(value_parser!(PathBuf)).help("Database that `narrowgen sweep` made")
}

/// The database of a command line.
pub fn open(matches: &ArgMatches) -> Result<(PathBuf, Store), Failure> {
    let path = matches.get_one::<PathBuf>("database").cloned().unwrap_or_default();
    let store = Store::open(&path).map_err(store_failure(&path))?;
    Ok((path, store))
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let (path, store) = open(matches)?;
    let table = Table::new(&store.records().map_err(store_failure(&path))?);
    let internal = |e: String| Failure::usage(format!("internal error: {e}"), "");
    let format = matches.get_one::<String>("format").map_or("csv", String::as_str);
    let bytes = match format {
        "jsonl" => table.jsonl(),
        "parquet" => table.parquet().map_err(|e| internal(e.to_string()))?,
        _ => table.csv().map_err(internal)?,
    };
    let output = matches.get_one::<PathBuf>("output").cloned();
    match output.or_else(|| (format == "parquet").then(|| path.with_extension("parquet"))) {
        Some(file) => {
            std::fs::write(&file, bytes).map_err(|e| Failure::file("write", &file, &e))?;
            cx.line(format!("{} points in {}", table.rows.len(), file.display()));
        }
        None => cx.raw(&String::from_utf8_lossy(&bytes)),
    }
    Ok(())
}
