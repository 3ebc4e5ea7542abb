//! Measuring one point: describe the hardware, check it, synthesise it, compare it with real arithmetic.
use super::accuracy;
use super::memo::Memo;
use super::plan::{Options, Point};
use super::record::{Check, Clock, Cost, Failed, Record};
use crate::blocks::{self, Configured, Role};
use crate::flow::board::Part;
use crate::flow::check::{self, CheckError};
use crate::flow::delay;
use crate::flow::engine::{self, EngineError, Kind};
use crate::flow::error::FlowError;
use crate::flow::nextpnr::{self, MEASURE_MHZ};
use crate::flow::report::rounded;
use crate::flow::stimulus::{self, Method, Plan};
use crate::flow::target::Target;
use crate::flow::tool::{Tool, resolve};
use crate::flow::wrap::Wrapped;
use crate::flow::{manifest, yosys};
use crate::hdl::ir::Design;
use crate::hdl::timing::estimate::estimate;
use crate::hdl::verilog::{self, File};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Vectors whose golden answers stand for the golden model.
const WITNESSES: u64 = 256;

/// Makes the hardware that clock options (name, value) ask for; the sweep does not know the options.
pub type Clocking = dyn Fn(Box<dyn Configured>, &[(String, String)]) -> Result<Box<dyn Configured>, Failed> + Sync;

/// A point whose hardware is described.
pub struct Described {
    /// What is known so far.
    pub record: Record,
    /// The rest, unless it failed.
    hardware: Option<Hardware>,
}

struct Hardware {
    block: Box<dyn Configured>,
    design: Design,
    files: Vec<File>,
}

/// Versions of the tools that the options use, `name version` each; an error if one is missing.
pub fn tools(options: &Options) -> Result<Vec<String>, FlowError> {
    let mut tools = Vec::new();
    if options.check {
        tools.extend([Tool::Verilator, Tool::Cxx]);
    }
    if !options.targets().is_empty() {
        tools.push(Tool::Yosys);
    }
    for target in &options.pnr {
        tools.push(nextpnr::tool_of(*target)?);
    }
    tools.dedup();
    let own = Ok(format!("narrowgen {}", env!("CARGO_PKG_VERSION")));
    std::iter::once(own).chain(tools.into_iter().map(named)).collect()
}

fn named(tool: Tool) -> Result<String, FlowError> {
    Ok(format!("{} {}", tool.name(), resolve(tool)?.version))
}

/// Describes a point's hardware and gives it its identity.
pub fn describe(point: &Point, seq: u64, options: &Options, tools: &[String], clocking: &Clocking) -> Described {
    let mut record = Record { seq, block: point.block.into(), params: point.set.clone(), ..Record::default() };
    let hardware = hardware(point, &mut record, clocking);
    if let Err(failed) = &hardware {
        record.failure = Some(failed.clone());
    }
    let mut parts = vec![point.block.to_string(), record.rtl_hash.clone(), record.golden_hash.clone()];
    parts.extend(record.params.iter().flat_map(|(n, v)| [n.clone(), v.clone()]));
    parts.extend(tools.iter().cloned());
    parts.push(serde_json::to_string(options).unwrap_or_default());
    record.id = crate::flow::cache::key(parts.iter().map(String::as_str));
    Described { record, hardware: hardware.ok() }
}

fn hardware(point: &Point, record: &mut Record, clocking: &Clocking) -> Result<Hardware, Failed> {
    let usage = |message: String| Failed { code: 2, message };
    let entry = blocks::find(point.block).ok_or_else(|| usage(format!("no block `{}`", point.block)))?;
    let fields = entry.fields();
    let (set, clock): (Vec<_>, Vec<_>) = point.set.iter().cloned().partition(|(n, _)| fields.iter().any(|f| f.name == n));
    let block = entry.configure(&set).map_err(|e| usage(e.to_string()))?;
    record.params = block.params().into_iter().map(|(n, v)| (n.to_string(), v)).collect();
    record.params.extend(clock.iter().cloned());
    let block = if clock.is_empty() { block } else { clocking(block, &clock)? };
    let design = block.design().map_err(|e| usage(format!("the circuit cannot be built:\n{e}")))?;
    let files = verilog::print(&design);
    record.module = block.module_name();
    record.latency = Some(block.latency());
    record.interval = Some(block.initiation_interval());
    record.result_bits = block.ports().iter().find(|p| p.role == Role::Result).map(|p| p.bits);
    record.rtl_hash = manifest::rtl_hash(&files);
    record.golden_hash = witness(block.as_ref()).map_err(usage)?;
    Ok(Hardware { block, design, files })
}

/// Hash of the golden model's answers to a few vectors: results of another golden model are not mistaken for this one's.
pub fn witness(block: &dyn Configured) -> Result<String, String> {
    let plan = Plan::sampled(block, block.stateful(), &stimulus::Options { vectors: WITNESSES, ..Default::default() })?;
    let mut hash = Sha256::new();
    for chunk in 0..plan.chunks() {
        engine::golden(block, &plan.chunk(chunk), plan.sequence).words().iter().for_each(|w| hash.update(w.to_le_bytes()));
    }
    Ok(hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect())
}

/// Measures what the options ask for. What fails is recorded, and the rest is measured all the same.
pub fn measure(described: Described, options: &Options, memo: &Memo) -> Record {
    let Described { mut record, hardware } = described;
    let Some(hardware) = hardware else { return record };
    let mut failures = Vec::new();
    if options.check {
        match check(&hardware, &record, options, memo) {
            Ok(check) if check.mismatches > 0 => {
                let message = format!("check: {} of {} vectors differ from the golden model", check.mismatches, check.vectors);
                failures.push(Failed { code: 1, message });
                record.check = Some(check);
            }
            Ok(check) => record.check = Some(check),
            Err(e) => failures.push(Failed { message: format!("check: {}", e.message), ..e }),
        }
    }
    for target in options.targets() {
        match cost(&hardware, target, options, memo) {
            Ok(cost) => record.costs.push(cost),
            Err(e) => failures.push(Failed { code: e.code(), message: format!("{target}: {e}") }),
        }
    }
    if options.accuracy {
        let parameters = serde_json::to_string(&record.params).unwrap_or_default();
        let parts = ["accuracy", env!("CARGO_PKG_VERSION"), &record.block, &parameters, &record.golden_hash];
        match memo.get(&parts, || accuracy::measure(hardware.block.as_ref())) {
            Ok(accuracy) => record.accuracy = accuracy,
            Err(message) => failures.push(Failed { code: 2, message: format!("accuracy: {message}") }),
        }
    }
    // A mismatch says more than a tool that failed.
    let code = failures.iter().map(|f| f.code).min();
    let message = failures.into_iter().map(|f| f.message).collect::<Vec<_>>().join("\n");
    record.failure = code.map(|code| Failed { code, message });
    record
}

fn check(hardware: &Hardware, record: &Record, options: &Options, memo: &Memo) -> Result<Check, Failed> {
    let engines = format!("native {}, {}", env!("CARGO_PKG_VERSION"), named(Tool::Verilator).map_err(flow)?);
    let (vectors, seed) = (options.vectors.to_string(), options.seed.to_string());
    let parts = ["check", &record.rtl_hash, &record.golden_hash, &engines, &vectors, &seed];
    memo.get(&parts, || {
        let wanted = stimulus::Options { vectors: options.vectors, seed: options.seed, exhaustive: false };
        let kinds = [Kind::Native, Kind::Verilator];
        let report =
            check::check(hardware.block.as_ref(), &hardware.design, &kinds, &wanted, &|_, _| {}).map_err(|e| match e {
                CheckError::Usage(message) => Failed { code: 2, message },
                CheckError::Engine(EngineError::Tool { message, .. }) => Failed { code: 3, message },
                CheckError::Engine(e) => Failed { code: 1, message: e.to_string() },
            })?;
        let first = report.results.first().ok_or_else(|| Failed { code: 1, message: "no engine ran".into() })?;
        let method = match first.method {
            Method::Exhaustive => "exhaustive",
            Method::Sampled => "sampled",
        };
        Ok(Check {
            vectors: first.vectors,
            mismatches: report.results.iter().map(|r| r.mismatches).max().unwrap_or(0),
            method: method.into(),
            seed: first.seed,
            engines: engines.clone(),
        })
    })
}

fn flow(e: FlowError) -> Failed {
    Failed { code: e.code(), message: e.to_string() }
}

impl Hardware {
    /// A result of a tool that depends on the Verilog and on `how`.
    fn recall<T: Serialize + DeserializeOwned>(
        &self,
        memo: &Memo,
        how: &[&str],
        make: impl FnOnce() -> Result<T, FlowError>,
    ) -> Result<T, FlowError> {
        let texts = self.files.iter().flat_map(|f| [f.name.as_str(), f.text.as_str()]);
        let parts: Vec<&str> = how.iter().copied().chain([env!("CARGO_PKG_VERSION")]).chain(texts).collect();
        memo.get(&parts, make)
    }
}

fn cost(hardware: &Hardware, target: Target, options: &Options, memo: &Memo) -> Result<Cost, FlowError> {
    let part = match options.pnr.contains(&target) {
        true => Some(Part::of(target, None).map_err(|message| FlowError::Usage { message, help: String::new() })?),
        false => None,
    };
    // The part decides the family, so that size and clock are those of the same device.
    let family = part.as_ref().map_or(String::new(), |p| p.family.clone());
    let how = ["synth", &named(Tool::Yosys)?, target.name(), &family, &options.dsp.to_string()];
    let cost: Cost = hardware.recall(memo, &how, || {
        let how = yosys::Options { family: family.clone(), dsp: options.dsp, place: false };
        let report = yosys::synth(&hardware.files, &hardware.design.top().name, target, &how)?;
        Ok(Cost {
            target: target.name().into(),
            lut: report.lut,
            carry: report.carry,
            ff: report.ff,
            dsp: report.dsp,
            bram: report.bram,
            gates: report.gates,
            transistors: report.transistors,
            cells: report.cells,
            tool: format!("{} {}", report.tool.name, report.tool.version),
            commands: report.tool.commands,
            clock: None,
        })
    })?;
    let clock = part.map(|part| clock(hardware, &part, options, memo)).transpose()?;
    Ok(Cost { clock, ..cost })
}

fn clock(hardware: &Hardware, part: &Part, options: &Options, memo: &Memo) -> Result<Clock, FlowError> {
    let router = named(nextpnr::tool_of(part.target)?)?;
    let (seeds, dsp) = (options.seeds.to_string(), options.dsp.to_string());
    let clock: Clock = hardware.recall(memo, &["pnr", &named(Tool::Yosys)?, &router, &part.name, &seeds, &dsp], || {
        let how = nextpnr::Options { seeds: options.seeds, freq_mhz: MEASURE_MHZ, dsp: options.dsp };
        let report = nextpnr::place_and_route(&Wrapped::new(&hardware.design), part, &how)?;
        Ok(Clock {
            part: report.part,
            fmax_mhz: report.fmax_mhz,
            fmax_all: report.fmax_all,
            predicted_mhz: None,
            tool: router.clone(),
        })
    })?;
    Ok(Clock { predicted_mhz: predicted(&hardware.design, part)?, ..clock })
}

/// What the delay model of a part says of a design without hierarchy.
fn predicted(design: &Design, part: &Part) -> Result<Option<f64>, FlowError> {
    if design.modules.len() > 1 {
        return Ok(None);
    }
    let period = estimate(design.top(), None, &delay::model(&part.name)?).period_ps;
    Ok((period > 0.0).then(|| rounded(1e6 / period)))
}

/// The record of a point that ended in an internal error.
pub fn broken(point: &Point, seq: u64, failure: Failed) -> Record {
    let set = point.set.iter().flat_map(|(n, v)| [n.as_str(), v.as_str()]);
    let id = crate::flow::cache::key(["broken", point.block].into_iter().chain(set));
    let (block, params) = (point.block.to_string(), point.set.clone());
    Record { id, seq, block, params, failure: Some(failure), ..Record::default() }
}
