//! `manifest.json`: what an emitted folder contains, for people's scripts and other tools.
//! The JSON schema is printed by `narrowgen explain manifest --json`.
use crate::blocks::{Configured, Port};
use crate::flow::check::Report;
use crate::flow::package::LARGE;
use crate::flow::prove::Proof;
use crate::flow::stream::timing::{RowTiming, measure};
use crate::golden::names;
use crate::hdl::ir::Design;
use crate::hdl::timing::flow::Flow;
use crate::hdl::verilog::File;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Version of the manifest's shape.
pub const VERSION: u32 = 1;

/// The manifest of one emitted block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this shape: 1.
    pub manifest_version: u32,
    /// Program that wrote it.
    pub generator: String,
    /// Its version.
    pub generator_version: String,
    /// Block name.
    pub block: String,
    /// One line about the block.
    pub doc: String,
    /// Every parameter with its value, as the command line takes it.
    pub params: BTreeMap<String, String>,
    /// Top Verilog module.
    pub module: String,
    /// Ports of the top module in Verilog order, clock and reset included.
    pub ports: Vec<PortEntry>,
    /// Cycles from inputs to outputs; 0 is combinational; null if they were not measured.
    pub latency: Option<u32>,
    /// Cycles between successive inputs; null if they were not measured.
    pub initiation_interval: Option<u32>,
    /// The rows it takes and how long they take, if it is a stream as it is described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowsEntry>,
    /// Flow control, if it was asked for: `fixed`, `enable` or `stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// End of a stream: `skid` or `half`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer: Option<String>,
    /// Reset style, if clock, flow or reset was asked for: `none`, `sync`, `sync_low`, `async` or `async_low`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
    /// What was left out, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<String>,
    /// Verilog files and others of the folder.
    pub files: Vec<FileEntry>,
    /// The last check of exactly this Verilog on this machine, if there was one.
    pub certificate: Option<Certificate>,
    /// The proofs about exactly this Verilog that there were on this machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
}

/// Rows of a block that takes rows of tokens. `latency` and `initiation_interval` of the manifest are those of its
/// longest row: from its last input token to its first output token, and from token to token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsEntry {
    /// Elements of a token.
    pub lanes: u32,
    /// Elements of the shortest row.
    pub shortest: u32,
    /// Elements of the longest row.
    pub longest: u32,
    /// Cycles of some rows, measured in simulation with nothing stalling.
    pub timing: Vec<RowTiming>,
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortEntry {
    /// Verilog name.
    pub name: String,
    /// `input` or `output`.
    pub direction: String,
    /// `clock`, `reset`, `operand`, `result`, `clear`, `enable`, `random`, `flag`, `mask`, `clock_enable`, `valid`, `ready`, `last` or `user`.
    pub role: String,
    /// Width in bits, all lanes together.
    pub bits: u32,
    /// Lanes; lane 0 is in the low bits.
    pub lanes: u32,
    /// Number format of one lane; null for control bits and exact results.
    pub format: Option<String>,
    /// For exact results (two's complement): weight of the least significant bit as a power of two.
    pub lsb_exp: Option<i32>,
}

/// One file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path relative to the folder.
    pub path: String,
    /// `verilog`, `testbench`, `vectors`, `filelist` or `diagram`.
    pub kind: String,
    /// SHA-256 of the contents, lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Evidence: the result of a check of exactly this Verilog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// SHA-256 over the Verilog files that were checked.
    pub rtl_sha256: String,
    /// Engines that agreed with the golden model, with their versions.
    pub engines: Vec<String>,
    /// Vectors compared on each engine.
    pub vectors: u64,
    /// Vectors that differed.
    pub mismatches: u64,
    /// `exhaustive` (a proof) or `sampled`.
    pub method: String,
    /// Seed of the sampled vectors.
    pub seed: u64,
    /// The command that repeats the check.
    pub command: String,
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Identity of a set of Verilog files: names and contents in order.
pub fn rtl_hash(files: &[File]) -> String {
    let mut all = Vec::new();
    for f in files {
        all.extend_from_slice(f.name.as_bytes());
        all.push(0);
        all.extend_from_slice(f.text.as_bytes());
        all.push(0);
    }
    sha256(&all)
}

/// The arguments that name a block with its parameters and its clock: `mul --a e4m3fn … --stages 2`, only what
/// differs from the defaults.
pub fn arguments(block: &dyn Configured) -> String {
    let defaults: BTreeMap<&str, String> = crate::blocks::find(block.block())
        .map(|b| b.fields().into_iter().map(|f| (f.name, f.default)).collect())
        .unwrap_or_default();
    let mut text = block.block().to_string();
    for (name, value) in block.params() {
        if defaults.get(name) != Some(&value) {
            text.push_str(&format!(" {} {value}", crate::blocks::params::flag(name)));
        }
    }
    let request = block.request();
    if !request.is_empty() {
        text.push_str(&format!(" {request}"));
    }
    text
}

/// The ports of the top module as printed, clock and reset first.
pub fn ports(block: &dyn Configured, design: &Design) -> Vec<PortEntry> {
    let mut all = Vec::new();
    let mut control = |name: &str, role: &str| {
        all.push(PortEntry {
            name: name.into(),
            direction: "input".into(),
            role: role.into(),
            bits: 1,
            lanes: 1,
            format: None,
            lsb_exp: None,
        });
    };
    if !design.top().is_combinational(design) {
        control(design.top().clock(), "clock");
        if let Some(reset) = design.top().reset_port(design.reset) {
            control(reset, "reset");
        }
    }
    let data = block.ports();
    let top = design.top();
    for (ports, direction) in [(&top.inputs, "input"), (&top.outputs, "output")] {
        let end = if direction == "input" { "_i" } else { "_o" };
        let is = |d: &Port, name: &str| d.name == name || name.strip_suffix(end) == Some(d.name);
        all.extend(ports.iter().map(|p| match data.iter().find(|d| is(d, &p.name)) {
            Some(data) => PortEntry { name: p.name.clone(), ..entry(data) },
            None => flow_port(&p.name, direction, p.width),
        }));
    }
    all
}

/// A port that flow control added.
fn flow_port(name: &str, direction: &str, bits: u32) -> PortEntry {
    let role = match name {
        _ if name.ends_with("tdata") => {
            if direction == "input" {
                "operand"
            } else {
                "result"
            }
        }
        _ if name.ends_with("tuser") => "user",
        _ if name.ends_with("tlast") => "last",
        _ if name.contains("valid") => "valid",
        _ if name.contains("ready") => "ready",
        _ => "clock_enable",
    };
    PortEntry { name: name.into(), direction: direction.into(), role: role.into(), bits, lanes: 1, format: None, lsb_exp: None }
}

fn entry(p: &Port) -> PortEntry {
    PortEntry {
        name: p.name.to_string(),
        direction: if p.input { "input" } else { "output" }.into(),
        role: serde_json::to_value(p.role).ok().and_then(|v| v.as_str().map(str::to_string)).unwrap_or_default(),
        bits: p.bits,
        lanes: p.lanes,
        format: p.format.as_ref().map(names::name),
        lsb_exp: p.lsb_exp,
    }
}

/// Why nothing of a large design is simulated.
fn omitted(design: &Design) -> Option<String> {
    let nodes = design.flat_nodes();
    (nodes > LARGE).then(|| {
        format!(
            "no testbench and no measured timing of rows: the design has {nodes} nodes, and above {LARGE} nothing is simulated unless --tb-vectors is given"
        )
    })
}

/// The manifest of a block whose folder holds `files` (path, kind, contents). Timing of rows is measured by simulation,
/// which is left out of a large design without a testbench.
pub fn manifest(
    block: &dyn Configured,
    design: &Design,
    files: &[(String, &'static str, Vec<u8>)],
    certificate: Option<Certificate>,
) -> Manifest {
    let omitted = omitted(design).filter(|_| files.iter().all(|f| f.1 != "testbench"));
    let rows = block.row_lengths().map(|r| RowsEntry {
        lanes: r.lanes,
        shortest: r.shortest,
        longest: r.longest,
        // A design that does not run is not emitted; the check says why.
        timing: if omitted.is_none() { measure(block, design).unwrap_or_default() } else { Vec::new() },
    });
    let (latency, initiation_interval) = match &rows {
        Some(rows) => {
            let longest = rows.timing.last();
            let interval = longest.map(|t| t.interval.div_ceil(u64::from(t.tokens)) as u32);
            (longest.map(|t| t.latency.max(0) as u32), interval)
        }
        None => (Some(block.latency()), Some(block.initiation_interval())),
    };
    Manifest {
        manifest_version: VERSION,
        generator: "narrowgen".into(),
        generator_version: env!("CARGO_PKG_VERSION").into(),
        block: block.block().into(),
        doc: block.doc().into(),
        params: block.params().into_iter().map(|(n, v)| (n.to_string(), v)).collect(),
        module: block.module_name(),
        ports: ports(block, design),
        latency,
        initiation_interval,
        rows,
        flow: block.clocking().map(|c| c.flow.name().to_string()),
        buffer: block.clocking().filter(|c| c.flow == Flow::Stream).map(|c| c.buffer.name().to_string()),
        reset: block.clocking().map(|_| design.reset.name().to_string()),
        omitted,
        files: files
            .iter()
            .map(|(path, kind, contents)| FileEntry {
                path: path.clone(),
                kind: (*kind).into(),
                sha256: sha256(contents),
                bytes: contents.len() as u64,
            })
            .collect(),
        certificate,
        proofs: proofs_of(&crate::hdl::verilog::print(design)),
    }
}

/// Where the certificate of some Verilog is kept.
fn certificate_path(rtl: &str) -> std::path::PathBuf {
    crate::flow::cache::dir().join("certificates").join(format!("{rtl}.json"))
}

/// The certificate of exactly this Verilog, if it was checked on this machine.
pub fn certificate_of(files: &[File]) -> Option<Certificate> {
    let text = std::fs::read(certificate_path(&rtl_hash(files))).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Keeps the certificate of a check that passed. A cache that cannot be written loses the certificate, not the result.
pub fn certify(
    block: &dyn Configured,
    files: &[File],
    report: &Report,
    versions: &[String],
    command: &str,
) -> Option<Certificate> {
    let first = report.results.first().filter(|_| report.passed())?;
    let rtl = rtl_hash(files);
    let certificate = Certificate {
        rtl_sha256: rtl.clone(),
        engines: versions.to_vec(),
        vectors: first.vectors,
        mismatches: report.results.iter().map(|r| r.mismatches).sum(),
        method: serde_json::to_value(first.method).ok()?.as_str()?.to_string(),
        seed: first.seed,
        command: format!("narrowgen {command} {}", arguments(block)),
    };
    keep(&certificate_path(&rtl), &certificate)?;
    Some(certificate)
}

/// Writes a file of the cache, whole or not at all.
fn keep(path: &std::path::Path, value: &impl Serialize) -> Option<()> {
    let dir = path.parent()?;
    std::fs::create_dir_all(dir).ok()?;
    let mut file = tempfile::NamedTempFile::new_in(dir).ok()?;
    serde_json::to_writer_pretty(&mut file, value).ok()?;
    file.persist(path).ok()?;
    Some(())
}

fn proof_path(rtl: &str) -> std::path::PathBuf {
    crate::flow::cache::dir().join("proofs").join(format!("{rtl}.json"))
}

/// Keeps the proofs about some Verilog. A cache that cannot be written loses the record, not the result.
pub fn keep_proofs(files: &[File], proofs: &[Proof]) {
    let _ = keep(&proof_path(&rtl_hash(files)), &proofs);
}

/// The proofs about exactly this Verilog that there were on this machine.
pub fn proofs_of(files: &[File]) -> Vec<Proof> {
    let text = std::fs::read(proof_path(&rtl_hash(files))).ok();
    text.and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default()
}
