//! What the synthesis and place-and-route tools report, read from their JSON.
use super::target::{Target, listed};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Size of a block on one target. Columns that do not apply are `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynthReport {
    /// Where it was mapped to.
    pub target: Target,
    /// Look-up tables.
    pub lut: Option<u64>,
    /// Flip-flops.
    pub ff: Option<u64>,
    /// Carry cells (see [`Target::columns`] for their size).
    pub carry: Option<u64>,
    /// Multiplier blocks.
    pub dsp: Option<u64>,
    /// Block memories.
    pub bram: Option<u64>,
    /// Combinational two-input gates, inverters and multiplexers included.
    pub gates: Option<u64>,
    /// Yosys' CMOS transistor estimate, 16 for each flip-flop included.
    pub transistors: Option<u64>,
    /// Every cell by its type.
    pub cells: BTreeMap<String, u64>,
    /// False if multiplier blocks were forbidden.
    pub dsp_allowed: bool,
    /// How it was made.
    pub tool: Provenance,
}

/// Which tool, and what it was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Tool name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it ran, in order.
    pub commands: Vec<String>,
}

impl SynthReport {
    /// Sorts cells into columns.
    pub fn from_cells(
        target: Target,
        cells: BTreeMap<String, u64>,
        transistors: Option<u64>,
        dsp_allowed: bool,
        tool: Provenance,
    ) -> Self {
        let columns = target.columns();
        let count = |list: &[&str], but: &[&str]| {
            let hits = cells.iter().filter(|(name, _)| listed(list, name) && !listed(but, name));
            (!list.is_empty()).then(|| hits.map(|(_, n)| n).sum())
        };
        SynthReport {
            target,
            lut: count(columns.lut, &[]),
            ff: count(columns.ff, &[]),
            carry: count(columns.carry, &[]),
            dsp: count(columns.dsp, &[]),
            bram: count(columns.bram, &[]),
            gates: count(columns.gates, columns.ff),
            transistors,
            cells,
            dsp_allowed,
            tool,
        }
    }
}

/// Cells by type and the transistor estimate, from `stat -json`.
pub fn parse_stat(json: &str) -> Result<(BTreeMap<String, u64>, Option<u64>), String> {
    let root: Value = serde_json::from_str(json).map_err(|e| format!("the cell statistics are no JSON: {e}"))?;
    let design = root.get("design").ok_or("the cell statistics have no `design`")?;
    let by_type = design.get("num_cells_by_type").and_then(Value::as_object).ok_or("the cell statistics have no cell list")?;
    let modules = root.get("modules").and_then(Value::as_object);
    let is_module = |name: &str| modules.is_some_and(|m| m.contains_key(&format!("\\{name}")));
    let mut cells = BTreeMap::new();
    for (name, n) in by_type {
        let n = n.as_u64().ok_or_else(|| format!("the number of `{name}` cells is {n}"))?;
        // Notes about where a flattened instance stood are no hardware; modules that keep their hierarchy are counted by their cells.
        if name != "$scopeinfo" && !is_module(name) {
            cells.insert(name.clone(), n);
        }
    }
    // A string such as "5440", with a `+` behind it if some cell has no known cost.
    let transistors = match design.get("estimated_num_transistors") {
        None => None,
        Some(Value::String(s)) => match s.parse() {
            Ok(n) => Some(n),
            Err(_) => return Err(format!("the transistor estimate `{s}` is incomplete")),
        },
        Some(n) => Some(n.as_u64().ok_or_else(|| format!("the transistor estimate is {n}"))?),
    };
    Ok((cells, transistors))
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `clk-to-q`, `routing`, `logic` or `setup`.
    pub kind: String,
    /// Nanoseconds, to the picosecond.
    pub delay_ns: f64,
    /// Where it starts: cell and port.
    pub from: String,
    /// Where it ends.
    pub to: String,
}

/// Result of one place-and-route run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PnrRun {
    /// Highest frequency of the design's clock, MHz, to the kilohertz.
    pub fmax_mhz: f64,
    /// What the tool was asked for, MHz.
    pub constraint_mhz: f64,
    /// Used cells by kind, and how many there are.
    pub utilization: BTreeMap<String, Used>,
    /// Slowest path between registers of the clock.
    pub critical_path: Vec<Step>,
}

/// Use of one kind of cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// By the design.
    pub used: u64,
    /// On the device.
    pub available: u64,
}

/// Reads the `--report` file of any nextpnr. Kinds of cells that are not used are left out, and so
/// are the names of source files, which would show paths of the machine.
pub fn parse_pnr(json: &str) -> Result<PnrRun, String> {
    let root: Value = serde_json::from_str(json).map_err(|e| format!("the report is no JSON: {e}"))?;
    let fmax = root.get("fmax").and_then(Value::as_object).ok_or("the report has no `fmax`")?;
    // Unclocked DSPs of the iCE40 UP add a clock of their own name; it is none of ours.
    let clocks: Vec<_> = fmax.iter().filter(|(name, _)| !name.starts_with("$PACKER_")).collect();
    let [(clock, entry)] = clocks[..] else {
        let names: Vec<&str> = clocks.iter().map(|(n, _)| n.as_str()).collect();
        return Err(format!("expected one clock in the report, found {}: {}", clocks.len(), names.join(", ")));
    };
    let number = |key: &str| entry.get(key).and_then(Value::as_f64).ok_or_else(|| format!("clock `{clock}` has no `{key}`"));
    let (achieved, constraint) = (number("achieved")?, number("constraint")?);
    let mut utilization = BTreeMap::new();
    for (name, cell) in root.get("utilization").and_then(Value::as_object).ok_or("the report has no `utilization`")? {
        let number = |key: &str| cell.get(key).and_then(Value::as_u64).ok_or_else(|| format!("`{name}` has no `{key}`"));
        let used = Used { used: number("used")?, available: number("available")? };
        if used.used > 0 {
            utilization.insert(name.clone(), used);
        }
    }
    let edge = format!("posedge {clock}");
    let paths = root.get("critical_paths").and_then(Value::as_array).ok_or("the report has no `critical_paths`")?;
    let path = paths.iter().find(|p| p["from"] == edge.as_str() && p["to"] == edge.as_str());
    let critical_path = path.and_then(|p| p["path"].as_array()).map_or(Vec::new(), |steps| steps.iter().map(step).collect());
    Ok(PnrRun { fmax_mhz: rounded(achieved), constraint_mhz: rounded(constraint), utilization, critical_path })
}

fn step(step: &Value) -> Step {
    let place = |end: &Value| {
        let text = |key: &str| end.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
        format!("{}.{}", text("cell"), text("port"))
    };
    Step {
        kind: step["type"].as_str().unwrap_or_default().to_string(),
        delay_ns: rounded(step["delay"].as_f64().unwrap_or_default()),
        from: place(&step["from"]),
        to: place(&step["to"]),
    }
}

/// Three decimals.
pub fn rounded(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

/// Median: of an even number of values the mean of the middle two.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(sorted[n / 2]),
        _ => Some((sorted[n / 2 - 1] + sorted[n / 2]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded with Yosys 0.70 and nextpnr 0.11.1 from an 8×8 multiply–accumulate of 32 bits; the
    // paths of the nextpnr reports are cut to three steps, unused cells left out.
    const STAT_ECP5: &str = include_str!("testdata/stat_ecp5.json");
    const STAT_GENERIC: &str = include_str!("testdata/stat_generic.json");
    const STAT_INCOMPLETE: &str = include_str!("testdata/stat_incomplete.json");
    const PNR_UP5K: &str = include_str!("testdata/pnr_up5k.json");
    const PNR_ECP5: &str = include_str!("testdata/pnr_ecp5.json");
    const PNR_GOWIN: &str = include_str!("testdata/pnr_gowin.json");

    fn report(target: Target, stat: &str) -> SynthReport {
        let (cells, transistors) = parse_stat(stat).unwrap();
        let tool = Provenance { name: "yosys".into(), version: "0.70".into(), commands: vec![] };
        SynthReport::from_cells(target, cells, transistors, true, tool)
    }

    #[test]
    fn modules_are_no_cells() {
        let stat = r#"{"modules": {"\\top": {}, "\\digit": {}}, "design": {"num_cells_by_type": {"LUT4": 5, "digit": 2}}}"#;
        assert_eq!(parse_stat(stat).unwrap().0, BTreeMap::from([("LUT4".to_string(), 5)]));
    }

    #[test]
    fn cells_go_into_their_columns() {
        let r = report(Target::Ecp5, STAT_ECP5);
        assert_eq!((r.lut, r.ff, r.carry, r.dsp, r.bram), (Some(64), Some(115), Some(16), Some(1), Some(0)));
        assert_eq!((r.gates, r.transistors), (None, None));
        assert!(!r.cells.contains_key("$scopeinfo"));
        let r = report(Target::Generic, STAT_GENERIC);
        assert_eq!((r.lut, r.ff, r.gates, r.transistors), (None, Some(32), Some(751), Some(5440)));
        assert_eq!(r.cells.values().sum::<u64>(), 783);
    }

    #[test]
    fn json_has_the_published_keys() {
        let json = serde_json::to_value(report(Target::Ecp5, STAT_ECP5)).unwrap();
        for key in ["lut", "ff", "carry", "dsp", "bram", "gates", "transistors"] {
            assert!(json.get(key).is_some(), "{key}");
        }
    }

    #[test]
    fn an_incomplete_transistor_count_is_no_count() {
        assert!(parse_stat(STAT_INCOMPLETE).unwrap_err().contains("4344+"));
        assert!(parse_stat("{}").is_err() && parse_stat("nonsense").is_err());
    }

    #[test]
    fn reports_of_every_nextpnr_are_read() {
        for (text, fmax, cell, used) in
            [(PNR_UP5K, 54.687, "ICESTORM_DSP", 1), (PNR_ECP5, 108.425, "TRELLIS_FF", 115), (PNR_GOWIN, 54.301, "DFF", 115)]
        {
            let run = parse_pnr(text).unwrap();
            assert_eq!((run.fmax_mhz, run.utilization[cell].used), (fmax, used));
            assert_eq!(run.critical_path.len(), 3);
            assert_eq!(run.critical_path[0].kind, "clk-to-q");
            assert!(run.utilization.values().all(|u| u.used > 0));
            let shown = serde_json::to_string(&run).unwrap();
            assert!(!shown.contains("share/") && !shown.contains("sources"), "{shown}");
        }
    }

    #[test]
    fn the_clock_is_never_guessed() {
        let with = |name: &str| {
            let mut root: Value = serde_json::from_str(PNR_UP5K).unwrap();
            root["fmax"][name] = serde_json::json!({ "achieved": 317.0, "constraint": 12.0 });
            parse_pnr(&root.to_string())
        };
        assert_eq!(with("$PACKER_GND_NET_$glb_clk").unwrap().fmax_mhz, 54.687);
        assert!(with("other").unwrap_err().contains("found 2"));
        let none = PNR_UP5K.replace("clk$SB_IO_IN_$glb_clk\": {", "$PACKER_X\": {");
        assert!(parse_pnr(&none).unwrap_err().contains("found 0"));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
