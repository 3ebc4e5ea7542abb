//! Delay models from measurements: [`characterize`] places and routes a set of designs on a part and
//! fits a [`DelayModel`] to the clock rates.
//!
//! What a cell takes stands in the tool's own reports, arc by arc (`arcs`). What wires take depends on
//! placement; those few constants are fitted so that the estimator predicts the median over the seeds (`fit`).
mod arcs;
mod designs;
mod fit;
pub mod requests;

use super::board::Part;
use super::cache;
use super::error::FlowError;
use super::nextpnr::{self, Options};
use super::report::{Step, median};
use super::wrap::Wrapped;
use crate::hdl::timing::delay::DelayModel;
use crate::hdl::timing::estimate::estimate;
use designs::{Role, Sample, planned, samples};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Place-and-route seeds of a design.
const SEEDS: u32 = 3;
/// Designs measured at a time.
const PARALLEL: usize = 2;

/// What one design measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Measurement {
    /// Clock rate of each seed, MHz.
    fmax_all: Vec<f64>,
    /// Slowest path of the slowest seed.
    critical_path: Vec<Step>,
    /// The tools.
    tools: Vec<String>,
}

impl Measurement {
    /// The period of the median clock rate, in picoseconds.
    fn period_ps(&self) -> f64 {
        1e6 / median(&self.fmax_all).unwrap_or(f64::NAN)
    }
}

/// A predicted design.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Not used for fitting.
    pub test: bool,
    /// Measured, MHz, median of the seeds.
    pub measured_mhz: f64,
    /// Predicted, MHz.
    pub predicted_mhz: f64,
}

impl Row {
    /// (predicted − measured) / measured clock rate, in percent.
    pub fn error_percent(&self) -> f64 {
        (self.predicted_mhz / self.measured_mhz - 1.0) * 100.0
    }
}

/// A fitted part.
#[derive(Clone, Debug)]
pub struct Characterized {
    /// The model.
    pub model: DelayModel,
    /// Each design.
    pub rows: Vec<Row>,
    /// Tools with versions.
    pub tools: Vec<String>,
}

impl Characterized {
    /// Number of designs, median and ninth decile of the absolute error in percent.
    pub fn errors(&self, test: bool) -> (usize, f64, f64) {
        let mut all: Vec<f64> = self.rows.iter().filter(|r| r.test == test).map(|r| r.error_percent().abs()).collect();
        all.sort_by(f64::total_cmp);
        let at = |q: f64| all.get(((all.len() as f64 - 1.0).max(0.0) * q).round() as usize).copied().unwrap_or(f64::NAN);
        (all.len(), at(0.5), at(0.9))
    }

    /// The file for `fpga/delay/`.
    pub fn file(&self) -> String {
        let m = &self.model;
        let line = |what: &str, test| {
            let (n, median, p90) = self.errors(test);
            format!("# {what}: {n} designs, |error| of the clock rate: median {median:.1} %, ninth decile {p90:.1} %.\n")
        };
        let mut text = format!(
            "# Made by `cargo xtask characterize {}`: median clock rate of {SEEDS} place-and-route seeds, no multiplier blocks.\n# {}.\n",
            m.name,
            self.tools.join(", ")
        );
        text.push_str(&line("Fitted to", false));
        text.push_str(&line("Predicted only", true));
        text + &toml::to_string(m).unwrap_or_else(|e| panic!("internal error: a delay model is no TOML: {e}"))
    }
}

/// Blocks that fits pipeline, one set after another, each by the fit to all sets before: what for, how many, seed.
const PLANNED: &[(Role, usize, u64)] =
    &[(Role::Planned, 40, 2), (Role::Planned, 40, 3), (Role::Planned, 40, 5), (Role::Test, 20, 4)];

/// Share of the fitted blocks that a margin is enough for: of fits that plan what is measured next, and of the last one.
/// Blocks that were not fitted to come out a little worse.
const SHARE: (f64, f64) = (0.9, 0.95);

/// Measures a part (what was measured before comes from the user's cache) and fits its model,
/// starting from the one it has. `say` hears about every design.
pub fn characterize(part: &Part, start: &DelayModel, say: &(dyn Fn(&str) + Sync)) -> Result<Characterized, FlowError> {
    nextpnr::tool_of(part.target)?;
    let mut known = Measured::default();
    known.add(samples().map_err(FlowError::Output)?, part, say)?;
    let mut model = known.fit(part, start, SHARE.0);
    for (i, (role, count, seed)) in PLANNED.iter().enumerate() {
        known.add(planned(&model, part.target, *role, *count, *seed).map_err(FlowError::Output)?, part, say)?;
        if *role != Role::Test {
            let more = PLANNED[i + 1..].iter().any(|(role, ..)| *role != Role::Test);
            model = known.fit(part, start, if more { SHARE.0 } else { SHARE.1 });
        }
    }
    let mut tools: Vec<String> = known.results.iter().flat_map(|m| m.tools.clone()).collect();
    tools.sort();
    tools.dedup();
    let row = |(s, m): (&Sample, &Measurement)| Row {
        name: s.name.clone(),
        test: s.role == Role::Test,
        measured_mhz: 1e6 / m.period_ps(),
        predicted_mhz: 1e6 / predict(s, &model),
    };
    let rows = known.samples.iter().zip(&known.results).map(row).collect();
    Ok(Characterized { model, rows, tools })
}

/// Samples with what was measured of them.
#[derive(Default)]
struct Measured {
    samples: Vec<Sample>,
    results: Vec<Measurement>,
}

impl Measured {
    /// Measures more samples.
    fn add(&mut self, samples: Vec<Sample>, part: &Part, say: &(dyn Fn(&str) + Sync)) -> Result<(), FlowError> {
        let results = measure_all(&samples, part, say);
        for (sample, result) in samples.into_iter().zip(results) {
            match result {
                Ok(m) => {
                    self.samples.push(sample);
                    self.results.push(m);
                }
                // Some tools do not time every single cell between registers.
                Err(e @ FlowError::Output(_)) if sample.role == Role::Operator => {
                    say(&format!("{} {}: left out: {e}", part.name, sample.name));
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The model that fits all samples but those that are predicted only; this share of them would be as fast as asked.
    fn fit(&self, part: &Part, start: &DelayModel, share: f64) -> DelayModel {
        let mut model = DelayModel { name: part.name.clone(), ..start.clone() };
        arcs::cells(self.results.iter().map(|m| m.critical_path.as_slice()), &mut model);
        let periods: Vec<f64> = self.results.iter().map(Measurement::period_ps).collect();
        let mut model = fit::fit(&self.samples, &periods, model);
        let planned = self.samples.iter().any(|s| s.role == Role::Planned);
        model.margin = fit::margin(&self.samples, &periods, &model, planned, share);
        model
    }
}

/// The period of a sample in picoseconds.
fn predict(s: &Sample, model: &DelayModel) -> f64 {
    estimate(&s.module, s.stages.as_deref(), model).period_ps
}

fn measure_all(samples: &[Sample], part: &Part, say: &(dyn Fn(&str) + Sync)) -> Vec<Result<Measurement, FlowError>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(sample) = samples.get(i) else { break };
                    let result = measure(sample, part);
                    if let Ok(m) = &result {
                        say(&format!("{} {}: {:.1} MHz", part.name, sample.name, 1e6 / m.period_ps()));
                    }
                    found.lock().unwrap_or_else(|e| e.into_inner()).push((i, result));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(|e| e.into_inner());
    found.sort_by_key(|f| f.0);
    found.into_iter().map(|f| f.1).collect()
}

/// One design, measured once and then remembered by its Verilog, the part and the tools.
fn measure(sample: &Sample, part: &Part) -> Result<Measurement, FlowError> {
    let wrapped = Wrapped::new(&sample.design);
    let options = Options { seeds: SEEDS, dsp: false, ..Options::default() };
    let tool = super::tool::resolve(nextpnr::tool_of(part.target)?)?;
    let yosys = super::tool::resolve(super::tool::Tool::Yosys)?;
    let (place, seeds, asked) = (part.place.join(" "), SEEDS.to_string(), options.freq_mhz.to_string());
    let settings = [&part.name, &part.family, &place, &seeds, &asked, &tool.version, &yosys.version].map(|s| s.as_str());
    // Comments do not change the hardware.
    let code: Vec<String> = wrapped
        .files
        .iter()
        .map(|f| f.text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n"))
        .collect();
    let commands = part.target.map_commands("", &part.family, options.dsp, true).join("; ");
    let dir = cache::dir().join("characterize");
    let key = cache::key(settings.into_iter().chain([commands.as_str()]).chain(code.iter().map(String::as_str)));
    let path = dir.join(format!("{key}.json"));
    if let Some(known) = std::fs::read_to_string(&path).ok().and_then(|t| serde_json::from_str(&t).ok()) {
        return Ok(known);
    }
    let report = nextpnr::place_and_route(&wrapped, part, &options)?;
    let tools = [&report.synthesis, &report.tool].map(|p| format!("{} {}", p.name, p.version)).to_vec();
    let measurement = Measurement { fmax_all: report.fmax_all, critical_path: report.critical_path, tools };
    std::fs::create_dir_all(&dir).map_err(FlowError::file("make", &dir))?;
    let text = serde_json::to_string(&measurement).map_err(|e| FlowError::Output(e.to_string()))?;
    // Beside its place first: an interrupted run leaves nothing half written.
    let beside = dir.join(format!("{key}.{}", std::process::id()));
    std::fs::write(&beside, text).map_err(FlowError::file("write", &beside))?;
    std::fs::rename(&beside, &path).map_err(FlowError::file("write", &path))?;
    Ok(measurement)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::delay;
    use crate::flow::target::Target;
    use crate::flow::tool::{Tool, for_tests};

    #[test]
    fn an_adder_takes_about_as_long_as_predicted() {
        if !for_tests("an_adder_takes_about_as_long_as_predicted", &[Tool::Yosys, Tool::NextpnrIce40]) {
            return;
        }
        let part = Part::of(Target::Ice40, None).unwrap();
        let all = samples().unwrap();
        let adder = all.iter().find(|s| s.name == "add32").unwrap();
        let measured = measure(adder, &part).unwrap().period_ps();
        let predicted = predict(adder, &delay::model(&part.name).unwrap());
        assert!((predicted / measured - 1.0).abs() < 0.15, "{predicted} ps predicted, {measured} ps measured");
    }

    #[test]
    fn the_fit_finds_the_constants_that_made_the_periods() {
        let all: Vec<Sample> = samples().unwrap().into_iter().filter(|s| s.role == Role::Operator).collect();
        let truth = DelayModel {
            lut_ps: 300.0,
            route_ps: 700.0,
            fanout_ps: 40.0,
            size: 0.02,
            setup_ps: 100.0,
            spread_ps: 20.0,
            ..delay::model("hx8k").unwrap()
        };
        let periods: Vec<f64> = all.iter().map(|s| predict(s, &truth)).collect();
        let found = fit::fit(&all, &periods, DelayModel { route_ps: 0.0, ..truth.clone() });
        let worst = all.iter().zip(&periods).map(|(s, ps)| (predict(s, &found) / ps - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst < 0.03, "{worst}: {found:?}");
    }
}
