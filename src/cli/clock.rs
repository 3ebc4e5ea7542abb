//! Options that ask for a clock: `--fmax`, `--period`, `--stages`, `--target`, `--streams`.
use super::{Failure, whole};
use crate::blocks::Configured;
use crate::flow::architecture::{Choice, Dsp, Shape, Shaped};
use crate::flow::board::Part;
use crate::flow::clocked::{ACCUMULATORS, ClockError, Clocked, Clocking};
use crate::flow::target::Target;
use crate::hdl::ir::Reset;
use crate::hdl::timing::flow::{Buffer, Flow};
use crate::hdl::timing::ports::Profile;
use crate::hdl::timing::split::Accumulator;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

const HEADING: &str = "Clock and registers";

/// Adds the options; without them a block is emitted as it is described.
pub fn options(c: clap::Command) -> clap::Command {
    architecture(c)
        .next_help_heading(HEADING)
        .arg(
            Arg::new("fmax")
                .long("fmax")
                .value_name("MHZ")
                .value_parser(positive)
                .allow_negative_numbers(true)
                .conflicts_with("period")
                .help("Place pipeline registers so that this clock is reached on the part"),
        )
        .arg(
            Arg::new("period")
                .long("period")
                .value_name("PS")
                .value_parser(positive)
                .allow_negative_numbers(true)
                .help("The same, as a period in picoseconds"),
        )
        .arg(
            Arg::new("stages")
                .long("stages")
                .value_name("N")
                .value_parser(whole::<u32>(0..=200))
                .allow_negative_numbers(true)
                .help("Place exactly N register stages, as balanced as they can be"),
        )
        .arg(
            Arg::new("streams")
                .long("streams")
                .value_name("I")
                .value_parser(whole::<u32>(1..=64))
                .allow_negative_numbers(true)
                .default_value("1")
                .help("Independent sums that take turns cycle by cycle, so that a loop may take I cycles"),
        )
        .arg(
            Arg::new("accumulator")
                .long("accumulator")
                .value_parser(ACCUMULATORS.map(|(w, _)| w))
                .default_value("auto")
                .help("How sums that wrap around are kept if their loop is too slow"),
        )
        .arg(
            Arg::new("flow")
                .long("flow")
                .value_parser(Flow::ALL.map(Flow::name))
                .default_value("fixed")
                .help("A datum each cycle, a clock enable, or valid and ready at both ends"),
        )
        .arg(
            Arg::new("buffer")
                .long("buffer")
                .value_parser(Buffer::ALL.map(Buffer::name))
                .default_value("skid")
                .help("End of a stream: a skid buffer, or one register and a datum every 2 cycles"),
        )
        .arg(
            Arg::new("ports")
                .long("ports")
                .value_parser(Profile::ALL.map(Profile::name))
                .default_value("plain")
                .help("Names of ports: plain, lowRISC style, or AXI4-Stream (of a stream)"),
        )
        .arg(
            Arg::new("reset")
                .long("reset")
                .value_parser(["none", "sync", "async"])
                .help("Reset of states and of what tells data from pauses [default: that of the block]"),
        )
        .arg(Arg::new("reset-level").long("reset-level").value_parser(["high", "low"]).help("Level that resets [default: high]"))
        .arg(Arg::new("delay").long("delay").value_name("FILE").help("Delay model to plan with [default: that of the part]"))
}

/// Adds the options that ask for architectures.
fn architecture(c: clap::Command) -> clap::Command {
    c.next_help_heading("Architecture")
        .arg(Arg::new("arch").long("arch").value_parser(Choice::words()).default_value("auto").help(
            match cfg!(feature = "ilp") {
                true => "How products and sums are made: as measured best on the target, left to synthesis, or one way",
                false => {
                    "How products and sums are made: as measured best on the target, left to synthesis, or one way \
                         (`planned` needs a build with the feature `ilp`)"
                }
            },
        ))
        .arg(
            Arg::new("dsp")
                .long("dsp")
                .value_parser(Dsp::WORDS.map(|(w, _)| w))
                .default_value("auto")
                .help("Whether products are left to the multiplier blocks of the target"),
        )
}

/// What the command line asks of architectures.
pub fn shape(args: &ArgMatches) -> Shape {
    let pipelined = ["fmax", "period", "stages"].iter().any(|n| args.contains_id(n));
    let text = |name: &str| args.get_one::<String>(name).map_or("", String::as_str);
    let no_dsp = args.try_get_one::<bool>("no-dsp").ok().flatten().copied().unwrap_or(false);
    let dsp = Dsp::WORDS.iter().find(|(w, _)| *w == text("dsp")).map_or(Dsp::Auto, |(_, d)| *d);
    Shape {
        choice: Choice::parse(text("arch")).unwrap_or_default(),
        dsp: if no_dsp { Dsp::Never } else { dsp },
        target: Target::parse(text("target")).unwrap_or(Shape::default().target),
        pipelined,
        // What was tuned for a clock was tuned so, on the first part.
        fmax_mhz: args.try_get_one::<f64>("fmax").ok().flatten().copied().filter(|_| {
            let given = |n: &&str| args.try_contains_id(n).is_ok() && args.value_source(n) == Some(ValueSource::CommandLine);
            !["part", "delay", "stages", "streams", "accumulator", "flow", "ports"].iter().any(given)
        }),
    }
}

/// Adds `--target` and `--part`, for commands that do not run the tools of a target.
pub fn target(c: clap::Command) -> clap::Command {
    let c = c.next_help_heading(HEADING).arg(
        Arg::new("target")
            .long("target")
            .value_name("TARGET")
            .value_parser(Target::ALL.map(Target::name))
            .default_value("ecp5")
            .help("Family of devices whose delays count"),
    );
    c.arg(
        Arg::new("part")
            .long("part")
            .value_name("PART")
            .value_parser(Part::all().into_iter().map(|p| p.name).collect::<Vec<_>>())
            .help("Device whose delays count [default: the first of the target]"),
    )
}

/// A positive number.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if (0.001..=1e9).contains(&x) => Ok(x),
        _ => Err("expected a number from 0.001 to 1000000000".into()),
    }
}

fn reset(style: Option<&str>, level: Option<&str>) -> Result<Option<Reset>, Failure> {
    let low = level == Some("low");
    match style {
        None if level.is_some() => Err(Failure::usage("--reset-level needs --reset", "choose --reset sync or --reset async")),
        None => Ok(None),
        Some("none") => Ok(Some(Reset::None)),
        Some("sync") => Ok(Some(if low { Reset::SyncLow } else { Reset::Sync })),
        Some(_) => Ok(Some(if low { Reset::AsyncLow } else { Reset::Async })),
    }
}

/// What the command line asks.
pub fn clocking(args: &ArgMatches) -> Result<Clocking, Failure> {
    let text = |name: &str| args.get_one::<String>(name).cloned();
    let period_ps = args.get_one::<f64>("fmax").map(|f| 1e6 / f).or(args.get_one::<f64>("period").copied());
    let clocking = Clocking {
        period_ps,
        stages: args.get_one("stages").copied(),
        streams: args.get_one("streams").copied().unwrap_or(1),
        accumulator: text("accumulator").and_then(|w| ACCUMULATORS.iter().find(|a| a.0 == w)).map_or(Accumulator::Auto, |a| a.1),
        flow: text("flow").and_then(|w| Flow::ALL.into_iter().find(|f| f.name() == w)).unwrap_or_default(),
        buffer: text("buffer").and_then(|w| Buffer::ALL.into_iter().find(|b| b.name() == w)).unwrap_or_default(),
        ports: text("ports").and_then(|w| Profile::ALL.into_iter().find(|p| p.name() == w)).unwrap_or_default(),
        reset: reset(text("reset").as_deref(), text("reset-level").as_deref())?,
        model: text("delay").or_else(|| text("part")).or_else(|| text("target")),
    };
    let given = |name: &str| args.value_source(name) == Some(ValueSource::CommandLine);
    if let (true, true, Some(part), Some(target)) = (given("part"), given("target"), text("part"), text("target")) {
        Target::parse(&target).map_or(Ok(()), |t| Part::of(t, Some(&part)).map(|_| ())).map_err(|e| Failure::usage(e, ""))?;
    }
    if clocking.buffer != Buffer::Skid && clocking.flow != Flow::Stream {
        return Err(Failure::usage("--buffer needs --flow stream", "without back-pressure nothing waits"));
    }
    if clocking.streams > 1 && !clocking.pipelines() {
        return Err(Failure::usage(
            "--streams needs --fmax, --period or --stages",
            "without registers there are no turns to take",
        ));
    }
    Ok(clocking)
}

/// As [`clocked`], for commands that run the hardware: they know plain ports only.
pub fn runnable(block: Box<dyn Configured>, args: &ArgMatches) -> Result<Box<dyn Configured>, Failure> {
    match clocking(args)?.ports {
        Profile::Plain => clocked(block, args),
        other => Err(Failure::usage(
            format!("with --ports {} it can be emitted and synthesised, not run", other.name()),
            "leave --ports out: the hardware behind the ports is the same",
        )),
    }
}

/// The block with the hardware that the command line asks for; as it is described if it asks for no clock.
pub fn clocked(block: Box<dyn Configured>, args: &ArgMatches) -> Result<Box<dyn Configured>, Failure> {
    let clocking = clocking(args)?;
    build(block, args, &clocking)
}

/// The block in the shape that the command line asks for, with the hardware for a clock.
pub fn build(block: Box<dyn Configured>, args: &ArgMatches, clocking: &Clocking) -> Result<Box<dyn Configured>, Failure> {
    let shape = shape(args);
    let block = if shape.asks() { Box::new(Shaped::build(block, shape)?) } else { block };
    if !clocking.asks() {
        return Ok(block);
    }
    Ok(Box::new(Clocked::build(block, clocking)?))
}

impl From<ClockError> for Failure {
    fn from(e: ClockError) -> Self {
        match e {
            ClockError::Block(d) => d.into(),
            ClockError::Usage { message, help } => Failure::usage(message, help),
            ClockError::Timing { error, help } => Failure::timing(error.to_string(), help),
        }
    }
}
