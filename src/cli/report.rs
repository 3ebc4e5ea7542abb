//! `narrowgen report results.db`: the results of sweeps as one page.
use super::export::{database, open};
use super::sweep::store_failure;
use super::{Command, Context, Failure};
use crate::sweep::export::Table;
use crate::sweep::page;
use crate::sweep::store::Store;
use clap::{Arg, ArgMatches, value_parser};
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "report",
    about: "Show the results of sweeps on one self-contained page: table, cost against error, provenance",
    args: |c| {
        c.arg(database())
            .arg(
                Arg::new("output")
                    .short('o')
                    .long("output")
                    .value_name("FILE")
                    .default_value("report.html")
                    .value_parser(value_parser!(PathBuf))
                    .help("Page to write"),
            )
            .arg(Arg::new("title").long("title").value_name("TEXT").default_value("narrowgen sweep").help("Heading of the page"))
    },
    run,
};

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let (path, store) = open(matches)?;
    let read = |store: &Store| Ok((Table::new(&store.records()?), store.runs()?));
    let (table, runs) = read(&store).map_err(store_failure(&path))?;
    let title = matches.get_one::<String>("title").map_or("narrowgen sweep", String::as_str);
    let file = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| "report.html".into());
    std::fs::write(&file, page::html(title, &table, &runs)).map_err(|e| Failure::file("write", &file, &e))?;
    cx.line(format!("{} points on {}", table.rows.len(), file.display()));
    Ok(())
}
