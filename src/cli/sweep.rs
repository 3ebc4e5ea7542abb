//! `narrowgen sweep BLOCK key=values… | spec.toml`: many configurations into a database of results.
use super::{Command, Context, Failure, clock, progress, whole};
use crate::blocks::Configured;
use crate::flow::target::Target;
use crate::sweep::memo::Memo;
use crate::sweep::plan::{Options, Plan, axis, points};
use crate::sweep::record::Failed;
use crate::sweep::run::{self, RunError, Setup};
use crate::sweep::store::{Store, StoreError};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::path::{Path, PathBuf};

/// The command.
pub const COMMAND: Command = Command {
    name: "sweep",
    about: "Check, synthesise and measure many configurations of a block, into a database that a killed run resumes",
    args,
    run: sweep,
};

const HELP: &str = "Values: lists a,b,c; ranges 2..16, 2..16:2, 8..64*2, int2..int8; inside a word e{2..5}m{1..3}-none; @x takes the value of axis x.
Axes are parameters of the block, and the clock and architecture options of `synth` (fmax, stages, flow, arch, …).
A point is one circuit for all targets: without an axis arch its products and sums are left to synthesis.

A file spec.toml has options at the top and a table per block:

  check = true
  synth = [\"ice40\", \"generic\"]
  [[mac]]
  a = \"int2..int8\"
  b = \"@a\"

Run the same command again to resume: points that are in the database are kept.
Exit codes: 0 every point succeeded; else that of the worst failed point (1 a mismatch, 2 parameters, 3 a tool, 4 timing or fit).";

fn args(c: clap::Command) -> clap::Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let targets = |name: &'static str| {
        let arg = Arg::new(name).long(name).value_name("T,…").value_delimiter(',');
        arg.value_parser(Target::ALL.map(Target::name))
    };
    let number =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value).allow_negative_numbers(true);
    c.after_help(HELP)
        .arg(Arg::new("what").value_name("BLOCK|SPEC.toml").required(true).help("A block, or a file with the whole sweep"))
        .arg(Arg::new("axes").value_name("KEY=VALUES").num_args(0..).help("Values of a parameter; the last runs fastest"))
        .arg(flag("check", "Compare every point with its golden model, in the native simulator and in Verilator"))
        .arg(
            number("vectors", "N")
                .value_parser(whole::<u64>(1..=1 << 40))
                .help("Vectors of a check when inputs are too many to try all [default: 100000]"),
        )
        .arg(number("seed", "S").value_parser(whole::<u64>(0..=u64::MAX)).help("Seed of the check's vectors [default: 1]"))
        .arg(targets("synth").help("Synthesise for these targets"))
        .arg(targets("pnr").help("Synthesise, place and route for these targets"))
        .arg(number("seeds", "N").value_parser(whole::<u32>(1..=100)).help("Place and route with the seeds 1 to N [default: 1]"))
        .arg(flag("no-dsp", "Use no multiplier blocks"))
        .arg(flag("no-accuracy", "Do not compare with real arithmetic"))
        .arg(number("jobs", "N").value_parser(whole::<u32>(1..=256)).help("Points at a time [default: the number of cores]"))
        .arg(flag("no-cache", "Compute everything anew"))
        .arg(flag("retry-failed", "Measure points again that failed before"))
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .default_value("results.db")
                .value_parser(value_parser!(PathBuf))
                .help("Database of results (SQLite)"),
        )
}

/// The plan of a command line.
fn plan(matches: &ArgMatches) -> Result<Plan, Failure> {
    let usage = |e: String| Failure::usage(e, "narrowgen sweep --help shows how values are written");
    let what = matches.get_one::<String>("what").map_or("", String::as_str);
    let axes: Vec<&String> = matches.get_many("axes").into_iter().flatten().collect();
    let mut plan = if what.ends_with(".toml") {
        if let Some(extra) = axes.first() {
            return Err(usage(format!("`{extra}`: with a file, every axis stands in the file")));
        }
        let text = std::fs::read_to_string(what).map_err(|e| Failure::file("read", Path::new(what), &e))?;
        Plan::from_toml(&text).map_err(|e| usage(format!("{what}: {e}")))?
    } else {
        let axes = axes.into_iter().map(|a| axis(a)).collect::<Result<Vec<_>, _>>().map_err(usage)?;
        Plan { points: points(what, &axes).map_err(usage)?, options: Options::default() }
    };
    let o = &mut plan.options;
    let targets = |name: &str| {
        let words = matches.get_many::<String>(name).into_iter().flatten();
        words.filter_map(|w| Target::parse(w)).collect::<Vec<_>>()
    };
    o.check |= matches.get_flag("check");
    o.dsp &= !matches.get_flag("no-dsp");
    o.accuracy &= !matches.get_flag("no-accuracy");
    o.vectors = matches.get_one("vectors").copied().unwrap_or(o.vectors);
    o.seed = matches.get_one("seed").copied().unwrap_or(o.seed);
    o.seeds = matches.get_one("seeds").copied().unwrap_or(o.seeds);
    for (list, given) in [(&mut o.synth, targets("synth")), (&mut o.pnr, targets("pnr"))] {
        if !given.is_empty() {
            *list = given;
        }
    }
    o.validate().map_err(usage)?;
    known_axes(&plan).map_err(usage)?;
    Ok(plan)
}

/// Options of the clock, as a command of their own: axes are read by it, so that they mean what they mean elsewhere.
fn clock_command() -> clap::Command {
    clock::options(clock::target(clap::Command::new("clock").no_binary_name(true)))
}

/// Refuses an axis that is neither a parameter nor a clock option before anything is measured.
fn known_axes(plan: &Plan) -> Result<(), String> {
    let clocks: Vec<String> = clock_command().get_arguments().map(|a| a.get_id().to_string().replace('-', "_")).collect();
    for point in &plan.points {
        let fields = crate::blocks::find(point.block).map(|b| b.fields()).unwrap_or_default();
        let known = |n: &String| fields.iter().any(|f| f.name == n) || (clocks.contains(n) && n != "ports");
        if let Some((name, _)) = point.set.iter().find(|(n, _)| !known(n)) {
            let names: Vec<&str> =
                fields.iter().map(|f| f.name).chain(clocks.iter().map(String::as_str).filter(|n| *n != "ports")).collect();
            return Err(format!("`{}` has no parameter `{name}`; axes can be {}", point.block, names.join(", ")));
        }
    }
    Ok(())
}

/// The hardware that clock axes ask for.
fn clocked(block: Box<dyn Configured>, set: &[(String, String)]) -> Result<Box<dyn Configured>, Failed> {
    // A point is one circuit, measured on every target: none is built for one of them unless that is asked for.
    let plain = set.iter().all(|(n, _)| n != "arch").then(|| "--arch=none".to_string());
    let words = plain.into_iter().chain(set.iter().map(|(n, v)| format!("--{}={v}", n.replace('_', "-"))));
    let matches = clock_command().try_get_matches_from(words).map_err(|e| {
        let text = e.to_string();
        Failed { code: 2, message: text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_string() }
    })?;
    clock::runnable(block, &matches).map_err(|f| Failed { code: f.code, message: f.message })
}

/// The command line that does the same.
fn command_line(matches: &ArgMatches) -> String {
    let mut words = vec!["narrowgen sweep".to_string(), matches.get_one::<String>("what").cloned().unwrap_or_default()];
    words.extend(matches.get_many::<String>("axes").into_iter().flatten().map(|a| {
        // What a shell would take for its own.
        if a.contains(['{', '*', '<', ' ']) { format!("'{a}'") } else { a.clone() }
    }));
    for flag in ["check", "no-dsp", "no-accuracy", "no-cache", "retry-failed"] {
        words.extend(matches.get_flag(flag).then(|| format!("--{flag}")));
    }
    for list in ["synth", "pnr"] {
        let targets: Vec<&String> = matches.get_many(list).into_iter().flatten().collect();
        words.extend(
            (!targets.is_empty()).then(|| format!("--{list} {}", targets.into_iter().cloned().collect::<Vec<_>>().join(","))),
        );
    }
    for number in ["vectors", "seed"] {
        words.extend(matches.get_one::<u64>(number).map(|n| format!("--{number} {n}")));
    }
    for number in ["seeds", "jobs"] {
        words.extend(matches.get_one::<u32>(number).map(|n| format!("--{number} {n}")));
    }
    words.join(" ")
}

/// A database that cannot be used.
pub fn store_failure(path: &Path) -> impl Fn(StoreError) -> Failure {
    move |e| Failure::usage(format!("{}: {e}", path.display()), "name a database that `narrowgen sweep` made, or a new file")
}

fn sweep(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let plan = plan(matches)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| "results.db".into());
    let mut store = Store::create(&path).map_err(store_failure(&path))?;
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let memo = Memo::new(!matches.get_flag("no-cache"));
    let setup = Setup {
        plan: &plan,
        jobs: matches.get_one("jobs").copied().unwrap_or(cores),
        memo: &memo,
        retry_failed: matches.get_flag("retry-failed"),
        clocking: &clocked,
        command: command_line(matches),
    };
    let bar = progress::bar(cx, "points");
    let result = run::run(&mut store, &setup, &|done, all| bar.at(done, all));
    bar.finish();
    let outcome = result.map_err(|e| match e {
        RunError::Store(e) => store_failure(&path)(e),
        RunError::Flow(e) => e.into(),
    })?;
    if cx.json {
        cx.object(&outcome);
    } else {
        cx.line(format!(
            "{} points in {}: {} written, {} there before, {} failed; {} steps computed; {:.1} s",
            outcome.points,
            path.display(),
            outcome.written,
            outcome.kept,
            outcome.failed,
            outcome.computed,
            outcome.seconds
        ));
    }
    match outcome.worst {
        None => Ok(()),
        Some((id, failed)) => Err(Failure {
            code: failed.code,
            message: format!("{} of {} points failed; of {id}:\n{}", outcome.failed, outcome.points, failed.message),
            help: format!("narrowgen export {} --format jsonl shows each; --retry-failed measures them again", path.display()),
        }),
    }
}
