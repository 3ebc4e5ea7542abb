//! What is left behind by a mismatch: the Verilog, the vectors, the values in words and the waves.
use crate::blocks::{Configured, Port};
use crate::flow::engine::{Engine, Kind, Native};
use crate::flow::minimise::{Failing, Shown};
use crate::flow::timed::{Timed, Timing};
use crate::flow::{folder, manifest, stream, vectors};
use crate::golden::decode::decode;
use crate::hdl::ir::{Design, NodeId, Port as IrPort};
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;
use num_bigint::BigUint;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A code in words: hexadecimal and, where the format is known, the real value of every lane.
pub fn words(port: &Port, code: &BigUint) -> String {
    let mut text = format!("{} = 0x{}", port.name, vectors::hex(code, port.bits));
    if let Some(format) = &port.format {
        let lane = port.bits / port.lanes.max(1);
        let mask = (BigUint::from(1u32) << lane) - 1u32;
        let values: Vec<String> = (0..port.lanes).map(|l| decode(format, &((code >> (l * lane)) & &mask)).to_string()).collect();
        let _ = write!(text, " ({})", values.join(", "));
    } else if let Some(lsb) = port.lsb_exp {
        let _ = write!(text, " (two's complement × 2^{lsb})");
    }
    text
}

/// The minimised mismatch in words, cycle by cycle.
pub fn describe(block: &dyn Configured, kind: Kind, failing: &Failing, shown: &Shown) -> String {
    let ports = block.ports();
    let (inputs, outputs): (Vec<&Port>, Vec<&Port>) = ports.iter().partition(|p| p.input);
    let mut text = format!("{}: {} differs from the golden model", manifest::arguments(block), kind.word());
    let n = failing.inputs.len();
    let stream = block.row_lengths().is_some();
    let unit = if stream { "token" } else { "cycle" };
    for row in 0..n {
        let cells: Vec<String> = inputs.iter().enumerate().map(|(c, p)| words(p, &failing.inputs.get(row, c))).collect();
        let when = if n > 1 { format!("{unit} {row}: ") } else { String::new() };
        let _ = write!(text, "\n  {when}{}", cells.join(", "));
    }
    // The outputs of a stream follow their inputs by any number of tokens.
    let both = shown.expected.len().min(shown.found.len());
    let at = if stream {
        (0..both).find(|t| (0..outputs.len()).any(|c| shown.expected.cell(*t, c) != shown.found.cell(*t, c)))
    } else {
        Some(n - 1)
    };
    let Some(at) = at else {
        let _ = write!(text, "\n  expected {} tokens\n  found    {}", shown.expected.len(), shown.found.len());
        return text;
    };
    if stream {
        let _ = write!(text, "\n  output token {at}:");
    }
    for (c, p) in outputs.iter().enumerate() {
        let (e, f) = (shown.expected.get(at, c), shown.found.get(at, c));
        if e != f {
            let _ = write!(text, "\n  expected {}\n  found    {}", words(p, &e), words(p, &f));
        }
    }
    text
}

/// Writes the repro folder and returns its path.
pub fn write(
    block: &dyn Configured,
    design: &Design,
    engine: &mut dyn Engine,
    failing: &Failing,
    under: &Path,
) -> Result<(PathBuf, String), String> {
    let shown = failing.show(block, engine).ok_or("internal error: the failing run does not run again")?;
    let text = describe(block, engine.kind(), failing, &shown);
    let module = block.module_name();
    let dir = under.join(format!("repro-{module}"));
    let ports = block.ports();
    let inputs: Vec<Port> = ports.iter().filter(|p| p.input).cloned().collect();
    let outputs: Vec<Port> = ports.iter().filter(|p| !p.input).cloned().collect();
    let mut files: Vec<(String, Vec<u8>)> =
        crate::hdl::verilog::print(design).into_iter().map(|f| (f.name, f.text.into_bytes())).collect();
    files.push(("vectors.csv".into(), csv(&inputs, &failing.inputs).into_bytes()));
    files.push(("expected.csv".into(), csv(&outputs, &shown.expected).into_bytes()));
    files.push(("found.csv".into(), csv(&outputs, &shown.found).into_bytes()));
    if let Some(waves) = driven(block, design, failing).and_then(|rows| waves(design, &rows)) {
        files.push(("waves.vcd".into(), waves));
    }
    let again = format!("narrowgen eval {} --vectors vectors.csv --engine {}", manifest::arguments(block), engine.kind().word());
    let readme = format!(
        "{text}\n\nTo run it again, here:\n  {again}\n  narrowgen eval {} --vectors vectors.csv --engine golden\n\nwaves.vcd holds every named signal of the top module in the native simulator.\n",
        manifest::arguments(block)
    );
    files.push(("README.txt".into(), readme.into_bytes()));
    files.push((folder::MARK.into(), b"{\"repro\": true}\n".to_vec()));
    folder::write(&dir, &files)?;
    Ok((dir, text))
}

fn csv(ports: &[Port], rows: &Rows) -> String {
    let mut text = ports.iter().map(|p| p.name).collect::<Vec<_>>().join(",");
    text.push('\n');
    for row in 0..rows.len() {
        let cells: Vec<String> = ports.iter().enumerate().map(|(c, p)| vectors::hex(&rows.get(row, c), p.bits)).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// The rows as the hardware is given them, cycle by cycle.
fn driven(block: &dyn Configured, design: &Design, failing: &Failing) -> Option<Rows> {
    if block.row_lengths().is_some() {
        return stream::played(block, design, &failing.inputs).ok().map(|(_, _, trace)| trace.driven);
    }
    match Timing::new(block, design).ok()? {
        Some(timing) => {
            let layout = Timed::new(Native::new(design).ok()?, timing).layout(&failing.inputs, failing.sequence).ok()?;
            Some(layout.driven)
        }
        None => Some(failing.inputs.clone()),
    }
}

/// Every named signal of the top module over the run, as a value change dump: 10 time units per row.
fn waves(design: &Design, inputs: &Rows) -> Option<Vec<u8>> {
    let mut probed = design.clone();
    let top = &mut probed.modules[design.top.index()];
    let mut signals: Vec<(String, NodeId)> = top.inputs.iter().map(|p| (p.name.clone(), p.node)).collect();
    signals.extend(top.outputs.iter().map(|p| (p.name.clone(), p.node)));
    signals.extend(top.states.iter().map(|s| (s.name.clone(), s.read)));
    signals.extend((0..top.nodes.len() as u32).filter_map(|i| top.name_of(NodeId(i)).map(|n| (n.to_string(), NodeId(i)))));
    top.outputs = signals
        .iter()
        .enumerate()
        .map(|(i, (_, node))| IrPort { name: format!("probe_{i}"), width: top.nodes[node.index()].width, node: *node })
        .collect();
    let widths: Vec<u32> = top.outputs.iter().map(|p| p.width).collect();
    let values = Sim::new(&probed).ok()?.run(inputs, 0).ok()?;
    let mut out = Vec::new();
    let mut w = vcd::Writer::new(&mut out);
    let mut ids = Vec::new();
    w.timescale(1, vcd::TimescaleUnit::NS).ok()?;
    w.add_module(&design.top().name).ok()?;
    for ((name, _), width) in signals.iter().zip(&widths) {
        ids.push(w.add_wire(*width, name).ok()?);
    }
    w.upscope().ok()?;
    w.enddefinitions().ok()?;
    for row in 0..values.len() {
        w.timestamp(10 * row as u64).ok()?;
        for (c, (id, width)) in ids.iter().zip(&widths).enumerate() {
            let value = values.get(row, c);
            if row == 0 || value != values.get(row - 1, c) {
                let bits = (0..u64::from(*width)).rev().map(|b| vcd::Value::from(value.bit(b)));
                w.change_vector(*id, bits).ok()?;
            }
        }
    }
    w.timestamp(10 * values.len() as u64).ok()?;
    Some(out)
}
