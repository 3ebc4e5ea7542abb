//! `narrowgen bench qor`: sizes beside those of other people's units.
use super::{Command, Context, Failure};
use crate::flow::target::Target;
use crate::sweep::memo::Memo;
use crate::sweep::qor::{Row, TARGETS, compare, mean};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "bench",
    about: "Compare sizes with other people's units and hand-written Verilog, on the same flow",
    args: |c| {
        c.arg(Arg::new("what").required(true).value_parser(["qor"]).help("qor: look-up tables and carry cells, --arch auto"))
            .arg(
                Arg::new("target")
                    .long("target")
                    .value_delimiter(',')
                    .action(ArgAction::Append)
                    .value_name("T,…")
                    .value_parser(TARGETS.map(Target::name))
                    .help("Only these targets"),
            )
            .arg(Arg::new("only").long("only").value_name("TEXT").default_value("").help("Only units with this in their name"))
            .arg(Arg::new("no-cache").long("no-cache").action(ArgAction::SetTrue).help("Measure everything anew"))
            .arg(
                Arg::new("output")
                    .short('o')
                    .long("output")
                    .value_name("FILE.csv")
                    .value_parser(value_parser!(PathBuf))
                    .help("Also write the table there"),
            )
    },
    run,
};

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let chosen: Vec<Target> =
        matches.get_many::<String>("target").into_iter().flatten().filter_map(|t| Target::parse(t)).collect();
    let targets = if chosen.is_empty() { TARGETS.to_vec() } else { chosen };
    let only = matches.get_one::<String>("only").map_or("", String::as_str);
    let rows = compare(&targets, only, &Memo::new(!matches.get_flag("no-cache")), &|_| ())?;
    if rows.is_empty() {
        return Err(Failure::usage(format!("no unit has `{only}` in its name"), "leave --only out to see all"));
    }
    if let Some(path) = matches.get_one::<PathBuf>("output") {
        std::fs::write(path, csv(&rows)).map_err(|e| Failure::file("write", path, &e))?;
    }
    if cx.json {
        let each: Vec<_> = rows
            .iter()
            .map(|r| {
                json!({ "anchor": r.anchor.name, "source": r.anchor.source, "target": r.target.name(), "module": r.module,
                    "lut": r.ours.0, "carry": r.ours.1, "anchor_lut": r.theirs.0, "anchor_carry": r.theirs.1,
                    "lut_ratio": r.lut_ratio(), "place_ratio": r.place_ratio() })
            })
            .collect();
        cx.object(&json!({ "rows": each, "means": means(&rows).into_iter().map(|m|
            json!({ "what": m.0, "rows": m.1, "lut_ratio": m.2, "place_ratio": m.3 })).collect::<Vec<_>>() }));
        return Ok(());
    }
    for r in &rows {
        cx.line(format!(
            "{:<26} {:<6} {:>6} of {:>6} LUT {:>5.2}   carry {:>4} of {:>4}   {}",
            r.anchor.name,
            r.target.name(),
            r.ours.0,
            r.theirs.0,
            r.lut_ratio(),
            r.ours.1,
            r.theirs.1,
            r.module
        ));
    }
    for (what, n, lut, place) in means(&rows) {
        cx.line(format!("geometric mean over {n} {what}: {lut:.2} in LUT, {place:.2} with the places of carry chains"));
    }
    Ok(())
}

/// Geometric means: of whom, how many rows, in tables, in places.
fn means(rows: &[Row]) -> Vec<(String, usize, f64, f64)> {
    let mut all = Vec::new();
    for (who, peer) in [("other people's units", true), ("hand-written rows", false)] {
        for target in std::iter::once(None).chain(TARGETS.map(Some)) {
            let some = || rows.iter().filter(|r| r.anchor.is_peer() == peer && target.is_none_or(|t| r.target == t));
            if let (Some(lut), Some(place)) = (mean(some().map(Row::lut_ratio)), mean(some().map(Row::place_ratio))) {
                all.push((format!("{who}{}", target.map_or(String::new(), |t| format!(" on {t}"))), some().count(), lut, place));
            }
        }
    }
    all
}

fn csv(rows: &[Row]) -> String {
    let version = crate::flow::tool::resolve(crate::flow::tool::Tool::Yosys).map_or_else(|_| String::new(), |f| f.version);
    let mut text = format!("# narrowgen bench qor -o fpga/results/qor.csv: --arch auto, no multiplier blocks; yosys {version}\n");
    for (what, n, lut, place) in means(rows) {
        let _ = writeln!(text, "# geometric mean over {n} {what}: {lut:.3} in LUT; {place:.3} with the places of carry chains");
    }
    text.push_str("anchor,source,target,module,arch,lut,carry,anchor_lut,anchor_carry,lut_ratio,place_ratio\n");
    for r in rows {
        let source = r.anchor.source.replace(',', ";");
        let arch = r.tuned.map_or("by unit", |c| c.word());
        let _ = writeln!(
            text,
            "{},{source},{},{},{arch},{},{},{},{},{:.3},{:.3}",
            r.anchor.name,
            r.target.name(),
            r.module,
            r.ours.0,
            r.ours.1,
            r.theirs.0,
            r.theirs.1,
            r.lut_ratio(),
            r.place_ratio()
        );
    }
    text
}
