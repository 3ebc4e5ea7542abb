//! Place and route with nextpnr: clock rates between registers, over seeds, and the input of the bitstream tools.
use super::board::Part;
use super::error::FlowError;
use super::process::{Job, tail};
use super::report::{PnrRun, Provenance, Step, Used, median, parse_pnr, rounded};
use super::target::Target;
use super::tool::{Tool, resolve};
use super::wrap::Wrapped;
use super::yosys::{self, NETLIST_JSON, Synthesised};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Longest time for one run.
const LIMIT: Duration = Duration::from_secs(1800);
/// Runs at a time.
const PARALLEL: usize = 2;
/// Clock asked for when measuring: beyond what designs reach, so that the tool does its best.
pub const MEASURE_MHZ: f64 = 400.0;

/// Clock rates of a block between registers.
#[derive(Clone, Debug, Serialize)]
pub struct PnrReport {
    /// The part.
    pub part: String,
    /// Median over the seeds, MHz.
    #[serde(skip)]
    pub fmax_mhz: f64,
    /// Each seed's, MHz.
    #[serde(skip)]
    pub fmax_all: Vec<f64>,
    /// (highest − lowest) / median, percent.
    pub fmax_spread_percent: f64,
    /// The seeds.
    pub seeds: Vec<u32>,
    /// Clock asked for, MHz.
    pub asked_mhz: f64,
    /// Limits of what the figure means on this target; may be empty.
    pub caveat: String,
    /// Cells of the block with its wrapper.
    pub utilization: BTreeMap<String, Used>,
    /// Slowest path of the slowest seed.
    pub critical_path: Vec<Step>,
    /// The wrapped design's synthesis.
    pub synthesis: Provenance,
    /// The tool and its command for the first seed.
    pub tool: Provenance,
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seeds 1 to this.
    pub seeds: u32,
    /// Clock asked for, MHz.
    pub freq_mhz: f64,
    /// Multiplier blocks may be used.
    pub dsp: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { seeds: 1, freq_mhz: MEASURE_MHZ, dsp: true }
    }
}

/// The place-and-route tool of a target.
pub fn tool_of(target: Target) -> Result<Tool, FlowError> {
    match target {
        Target::Ice40 => Ok(Tool::NextpnrIce40),
        Target::Ecp5 => Ok(Tool::NextpnrEcp5),
        Target::Gowin => Ok(Tool::NextpnrGowin),
        Target::Xc7 | Target::Generic => {
            let known: Vec<&str> = Target::ALL.into_iter().filter(|t| t.routable()).map(Target::name).collect();
            let message = format!("place and route is not available for {target}");
            Err(FlowError::Usage { message, help: format!("targets with place and route: {}", known.join(", ")) })
        }
    }
}

/// One place-and-route run.
pub(super) struct Run<'a> {
    /// Which family.
    pub target: Target,
    /// Device options.
    pub place: &'a [String],
    /// Clock, MHz.
    pub freq_mhz: f64,
    /// Seed.
    pub seed: u32,
    /// Constraint file beside the netlist; without one the tool chooses the pins.
    pub constraints: Option<&'a str>,
    /// Write the placed and routed design to this file.
    pub output: Option<&'a str>,
}

impl Run<'_> {
    /// Arguments; all files are in the current folder.
    pub fn arguments(&self) -> Vec<String> {
        let mut args: Vec<String> = self.place.to_vec();
        let mut add = |flag: &str, value: String| args.extend([flag.to_string(), value]);
        add("--json", NETLIST_JSON.into());
        match (self.target, self.constraints) {
            (Target::Ice40, Some(file)) => add("--pcf", file.into()),
            (Target::Ecp5, Some(file)) => add("--lpf", file.into()),
            (_, Some(file)) => add("--vopt", format!("cst={file}")),
            (_, None) => {}
        }
        if let Some(file) = self.output {
            add(
                match self.target {
                    Target::Ice40 => "--asc",
                    Target::Ecp5 => "--textcfg",
                    _ => "--write",
                },
                file.into(),
            );
        }
        add("--freq", format!("{}", self.freq_mhz));
        add("--seed", self.seed.to_string());
        add("--report", self.report());
        match (self.target, self.constraints) {
            (Target::Ice40, None) => args.push("--pcf-allow-unconstrained".into()),
            (Target::Ecp5, None) => args.push("--lpf-allow-unconstrained".into()),
            _ => {}
        }
        // Whether the clock is reached is judged from the report.
        args.extend(["--timing-allow-fail".into(), "-q".into()]);
        args
    }

    fn report(&self) -> String {
        format!("report_{}.json", self.seed)
    }

    /// Runs in the folder of a synthesised design.
    pub fn run(&self, design: &Synthesised) -> Result<(PnrRun, Provenance), FlowError> {
        let tool = tool_of(self.target)?;
        let found = resolve(tool)?;
        let arguments = self.arguments();
        let mut command = found.command();
        command.current_dir(design.path("")).args(&arguments);
        let what = format!("place and route, seed {}", self.seed);
        let done = Job::new(&what, command).limit(LIMIT).run_any()?;
        if done.code != Some(0) {
            return Err(failure(&what, &format!("{}\n{}", done.stdout, done.stderr)));
        }
        let report = std::fs::read_to_string(design.path(&self.report()))
            .map_err(|e| FlowError::Output(format!("{what} left no report: {e}")))?;
        let run = parse_pnr(&report).map_err(|e| FlowError::Output(format!("{what}: {e}")))?;
        let commands = vec![format!("{} {}", tool.name(), arguments.join(" "))];
        Ok((run, Provenance { name: tool.name().into(), version: found.version, commands }))
    }
}

/// Tells a design that is too big from a tool that failed.
fn failure(what: &str, log: &str) -> FlowError {
    const TOO_BIG: [&str; 5] = [
        "no Bels remaining",
        "no BELs remaining",
        "Unable to place cell",
        "Unable to find legal placement",
        "unable to find a placement",
    ];
    let lower = log.to_ascii_lowercase();
    if TOO_BIG.iter().any(|words| lower.contains(&words.to_ascii_lowercase())) {
        // "Unable to place cell '(very long name)', no BELs remaining of type …": the end says it.
        let line = log.lines().find(|l| l.contains("ERROR")).unwrap_or_default();
        let reason = line.rsplit(", ").next().unwrap_or(line).trim_start_matches("ERROR: ");
        return FlowError::Fit {
            message: format!("the design does not fit the device: {reason}"),
            help: "choose a larger device or a smaller configuration".into(),
        };
    }
    FlowError::Output(format!("{what} failed:\n{}", tail(log)))
}

/// Measures a block between registers on a part.
pub fn place_and_route(design: &Wrapped, part: &Part, options: &Options) -> Result<PnrReport, FlowError> {
    tool_of(part.target)?;
    let seeds: Vec<u32> = (1..=options.seeds.max(1)).collect();
    let map = yosys::Options { family: part.family.clone(), dsp: options.dsp, place: true };
    let netlist = yosys::synthesise(&design.files, &design.top, part.target, &map)?;
    let constraints = (!part.pins.is_empty()).then_some("pins.cst");
    if let Some(file) = constraints {
        let lines: String =
            design.pins().iter().zip(&part.pins).map(|(port, pin)| format!("IO_LOC \"{port}\" {pin};\n")).collect();
        netlist.write(file, &lines)?;
    }
    let one = |seed: u32| {
        let run = Run { target: part.target, place: &part.place, freq_mhz: options.freq_mhz, seed, constraints, output: None };
        run.run(&netlist)
    };
    // The first run alone: it may have to prepare the tool's cache, which others then find ready.
    let (first, tool) = one(seeds[0])?;
    let mut runs = vec![first];
    for result in parallel(&seeds[1..], |seed| one(*seed)) {
        runs.push(result?.0);
    }
    let fmax_all: Vec<f64> = runs.iter().map(|r| r.fmax_mhz).collect();
    let fmax = median(&fmax_all).unwrap_or_default();
    let (low, high) = fmax_all.iter().fold((f64::MAX, 0.0f64), |(l, h), f| (l.min(*f), h.max(*f)));
    let slowest = runs.into_iter().min_by(|a, b| a.fmax_mhz.total_cmp(&b.fmax_mhz));
    let (utilization, critical_path) = slowest.map(|r| (r.utilization, r.critical_path)).unwrap_or_default();
    let dsp = netlist.report.dsp.unwrap_or(0) > 0;
    Ok(PnrReport {
        part: part.name.clone(),
        fmax_mhz: rounded(fmax),
        fmax_all,
        fmax_spread_percent: rounded((high - low) / fmax * 100.0),
        seeds,
        asked_mhz: options.freq_mhz,
        caveat: caveat(part.target, dsp).into(),
        utilization,
        critical_path,
        synthesis: netlist.report.tool.clone(),
        tool,
    })
}

/// What a clock rate leaves out; empty if nothing is known.
pub(super) fn caveat(target: Target, dsp: bool) -> &'static str {
    match (target, dsp) {
        (Target::Gowin, true) => {
            "the Gowin timing model has no delays through multiplier blocks: paths through them are not counted"
        }
        _ => "",
    }
}

/// Applies `f` to every item, a few at a time, results in order.
fn parallel<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, R>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL.min(items.len()) {
            scope.spawn(|| {
                while let Some((i, item)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?))) {
                    let result = f(item);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(i, result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Configured;
    use crate::flow::testblock::TestMac;
    use crate::flow::tool::for_tests;
    use crate::hdl::prelude::Reset;

    const TOOLS: &[Tool] = &[Tool::Yosys, Tool::NextpnrIce40, Tool::NextpnrEcp5, Tool::NextpnrGowin];

    #[test]
    fn a_block_is_measured_between_registers_the_same_every_time() {
        if !for_tests("a_block_is_measured_between_registers_the_same_every_time", TOOLS) {
            return;
        }
        let wrapped = Wrapped::new(&TestMac { terms: 5, reset: Reset::Sync }.design().unwrap());
        for (target, cells) in [(Target::Ice40, "ICESTORM_LC"), (Target::Ecp5, "TRELLIS_FF"), (Target::Gowin, "DFF")] {
            let part = Part::of(target, None).unwrap();
            let options = Options { seeds: 3, ..Options::default() };
            let report = place_and_route(&wrapped, &part, &options).unwrap();
            assert_eq!(report.fmax_all.len(), 3);
            assert!(report.fmax_all.contains(&report.fmax_mhz) && report.fmax_mhz > 20.0, "{target}: {report:?}");
            assert!(report.utilization[cells].used >= 40 + 19, "{target}: {:?}", report.utilization);
            assert!(report.critical_path.len() > 2 && report.critical_path.iter().all(|s| !s.from.contains('/')));
            // Parallel runs give what one run gives.
            let again = place_and_route(&wrapped, &part, &Options { seeds: 1, ..options }).unwrap();
            assert_eq!(again.fmax_mhz, report.fmax_all[0], "{target}");
        }
    }

    #[test]
    fn a_block_without_clock_is_measured_too() {
        if !for_tests("a_block_without_clock_is_measured_too", TOOLS) {
            return;
        }
        let adder = crate::hdl::prelude::design("adder", Reset::None, |m| {
            let (a, b) = (m.uint_in("a", 300), m.uint_in("b", 300));
            m.output("y", a + b);
        });
        // More pins than any package has.
        let report =
            place_and_route(&Wrapped::new(&adder.unwrap()), &Part::of(Target::Ice40, None).unwrap(), &Options::default());
        assert!((10.0..60.0).contains(&report.unwrap().fmax_mhz));
    }

    #[test]
    fn targets_without_a_router_say_which_have_one() {
        let error = tool_of(Target::Xc7).unwrap_err();
        assert_eq!((error.code(), error.help().as_str()), (2, "targets with place and route: ice40, ecp5, gowin"));
    }

    #[test]
    fn too_big_is_told_from_broken() {
        let full = "ERROR: Unable to place cell 'a_DFFLC', no Bels remaining of type 'ICESTORM_LC'\n";
        assert_eq!(failure("place and route", full).code(), 4);
        assert_eq!(failure("place and route", "ERROR: Failed to open JSON file").code(), 3);
    }
}
