//! Icarus Verilog: a slow and independent second opinion on the meaning of a unit.
//!
//! A generated testbench reads one file of codes per input port and writes one line per row. Several
//! units are simulated by one process; their testbenches do not touch each other.
use super::cache;
use super::error::FlowError;
use super::process::Job;
use super::tool::{self, Tool};
use super::unit::{self, Unit};
use crate::hdl::rows::{Rows, words_for};
use rayon::prelude::*;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// No simulation may take longer.
const LIMIT: Duration = Duration::from_secs(1800);

/// Version of the Icarus Verilog in use.
pub fn version() -> Result<String, FlowError> {
    Ok(tool::resolve(Tool::Iverilog)?.version)
}

/// Runs one unit, with the same meaning of `sequence` as [`super::verilator::Model::run`].
pub fn run(unit: &Unit, rows: &Rows, sequence: usize) -> Result<Rows, FlowError> {
    run_all(&[(unit, rows)], sequence).map(|mut all| all.swap_remove(0))
}

/// Runs several units, each on its own rows.
pub fn run_all(jobs: &[(&Unit, &Rows)], sequence: usize) -> Result<Vec<Rows>, FlowError> {
    if let Some((u, _)) = jobs.iter().find(|(u, rows)| rows.widths() != u.input_widths() || u.inputs.is_empty()) {
        return Err(FlowError::Simulation(format!("`{}`: the columns of the rows are not its input ports", u.top)));
    }
    tool::resolve(Tool::Iverilog)?;
    tool::resolve(Tool::Vvp)?;
    let units: Vec<&Unit> = jobs.iter().map(|(u, _)| *u).collect();
    let (groups, homes) = unit::split(&units, usize::MAX);
    let results: Vec<Vec<Rows>> = groups
        .par_iter()
        .map(|members| run_group(&members.iter().map(|i| jobs[*i]).collect::<Vec<_>>(), sequence))
        .collect::<Result<_, _>>()?;
    let mut results: Vec<Vec<Option<Rows>>> = results.into_iter().map(|g| g.into_iter().map(Some).collect()).collect();
    Ok(homes.iter().filter_map(|(g, i)| results[*g][*i].take()).collect())
}

fn run_group(jobs: &[(&Unit, &Rows)], sequence: usize) -> Result<Vec<Rows>, FlowError> {
    let place = cache::dir().join("icarus");
    let scratch = cache::scratch(&place).map_err(FlowError::file("write to", &place))?;
    let dir = scratch.path();
    let files = unit::write_files(&jobs.iter().map(|(u, _)| *u).collect::<Vec<_>>(), dir)?;
    let mut bench = String::new();
    for (i, (unit, rows)) in jobs.iter().enumerate() {
        testbench(&mut bench, i, unit, rows.len(), sequence);
        for column in 0..unit.inputs.len() {
            write(dir, &format!("in{i}_{column}.hex"), &hex_column(rows, column))?;
        }
    }
    write(dir, "narrowgen_tb.v", &bench)?;
    let name = if jobs.len() == 1 { jobs[0].0.top.clone() } else { format!("{} modules", jobs.len()) };
    let mut compile = tool::resolve(Tool::Iverilog)?.command();
    compile.args(["-g2005", "-o", "sim.vvp"]);
    (0..jobs.len()).for_each(|i| {
        compile.args(["-s", &format!("narrowgen_tb{i}")]);
    });
    compile.args(files).arg("narrowgen_tb.v").current_dir(dir);
    Job::new(format!("Icarus Verilog on {name}"), compile).limit(LIMIT).run()?;

    // A unit whose state no reset brings back starts anew only with a new process.
    let most = jobs.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
    let fresh = sequence > 0 && jobs.iter().any(|(u, _)| u.clocked && (!u.reset || u.memory));
    let step = if fresh { sequence } else { most.max(1) };
    let vvp = tool::resolve(Tool::Vvp)?;
    (0..most.div_ceil(step)).into_par_iter().try_for_each(|run| {
        let mut command = vvp.command();
        command.args(["-n", "sim.vvp", &format!("+first={}", run * step), &format!("+rows={step}"), &format!("+run={run}")]);
        command.current_dir(dir);
        Job::new(format!("simulating {name} with Icarus Verilog"), command).limit(LIMIT).run().map(|_| ())
    })?;
    jobs.iter()
        .enumerate()
        .map(|(i, (unit, rows))| {
            let mut text = String::new();
            for run in 0..rows.len().div_ceil(step) {
                let path = dir.join(format!("out{i}_{run}.txt"));
                text.push_str(&fs::read_to_string(&path).map_err(FlowError::file("read", &path))?);
            }
            parse(unit, rows.len(), &text)
        })
        .collect()
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), FlowError> {
    fs::write(dir.join(name), text).map_err(FlowError::file("write", &dir.join(name)))
}

fn testbench(out: &mut String, index: usize, unit: &Unit, rows: usize, sequence: usize) {
    let range = |bits: u32| format!("[{}:0]", bits - 1);
    let mut body = String::new();
    let mut pins = unit.control_pins("clk", "rst");
    for (name, on) in [("clk", unit.clocked), ("rst", unit.clocked && unit.reset)] {
        if on {
            let _ = writeln!(body, "  reg {name} = 1'b0;");
        }
    }
    for (i, (name, bits)) in unit.inputs.iter().enumerate() {
        let _ = writeln!(body, "  reg {0} i{i} = 0;\n  reg {0} m{i} [0:{1}];", range(*bits), rows.max(1) - 1);
        pins.push(format!(".{name}(i{i})"));
    }
    for (i, (name, bits)) in unit.outputs.iter().enumerate() {
        let _ = writeln!(body, "  wire {} o{i};", range(*bits));
        pins.push(format!(".{name}(o{i})"));
    }
    let loads: String = (0..unit.inputs.len()).map(|i| format!("    $readmemh(\"in{index}_{i}.hex\", m{i});\n")).collect();
    let sets: String = (0..unit.inputs.len()).map(|i| format!("      i{i} = m{i}[row];\n")).collect();
    let (low, high) = if unit.clocked { ("clk = 1'b0; ", "      clk = 1'b1; #1;\n") } else { ("", "") };
    let reset = if unit.clocked && unit.reset {
        let when = if sequence > 0 { format!("row % {sequence} == 0") } else { "row == 0".into() };
        // Read data of memories are undefined until the addresses, which may hang on other read data, are known.
        let edges = if unit.memory { 8 } else { 1 };
        format!(
            "      if ({when}) begin rst = 1'b1; repeat ({edges}) begin clk = 1'b0; #1; clk = 1'b1; #1; end rst = 1'b0; end\n"
        )
    } else {
        String::new()
    };
    let formats = vec!["%h"; unit.outputs.len()].join(" ");
    let values: Vec<String> = (0..unit.outputs.len()).map(|i| format!("o{i}")).collect();
    let _ = writeln!(
        out,
        "`timescale 1ns/1ns\nmodule narrowgen_tb{index};\n{body}  integer row, first, rows, run, file;\n  reg [8*64-1:0] name;\n  \
         {} dut ({});\n  initial begin\n{loads}    first = 0; rows = 0; run = 0;\n    \
         if (!$value$plusargs(\"first=%d\", first) || !$value$plusargs(\"rows=%d\", rows) || !$value$plusargs(\"run=%d\", run)) \
         $display(\"arguments missing\");\n    $sformat(name, \"out{index}_%0d.txt\", run);\n    file = $fopen(name, \"w\");\n    \
         for (row = first; row < first + rows && row < {rows}; row = row + 1) begin\n{reset}{sets}      {low}#1;\n      \
         $fdisplay(file, \"{formats}\", {});\n{high}    end\n    $fclose(file);\n  end\nendmodule",
        unit.top,
        pins.join(", "),
        values.join(", ")
    );
}

/// A column as lines of hexadecimal digits.
fn hex_column(rows: &Rows, column: usize) -> String {
    let mut text = String::new();
    for row in 0..rows.len() {
        for word in rows.cell(row, column).iter().rev() {
            let _ = write!(text, "{word:016x}");
        }
        text.push('\n');
    }
    text
}

fn parse(unit: &Unit, expected: usize, text: &str) -> Result<Rows, FlowError> {
    let widths = unit.output_widths();
    let mut words = Vec::new();
    let mut count = 0;
    for (row, line) in text.lines().enumerate() {
        count += 1;
        let mut cells = line.split_whitespace();
        for (column, bits) in widths.iter().enumerate() {
            let cell = cells.next().unwrap_or_default();
            if cell.is_empty() || !cell.bytes().all(|b| b.is_ascii_hexdigit()) {
                let port = &unit.outputs[column].0;
                return Err(FlowError::Simulation(format!(
                    "Icarus: `{}.{port}` has undefined bits in row {row}: {cell}",
                    unit.top
                )));
            }
            // Sixteen digits from the right are a word.
            let digits = cell.as_bytes();
            let mut of_cell = digits
                .rchunks(16)
                .map(|c| c.iter().fold(0u64, |word, d| word << 4 | u64::from((*d as char).to_digit(16).unwrap_or(0))));
            words.extend((0..words_for(*bits)).map(|_| of_cell.next().unwrap_or(0)));
        }
    }
    if count != expected {
        return Err(FlowError::Simulation(format!("Icarus: `{}` answered {count} of {expected} rows", unit.top)));
    }
    Ok(Rows::from_words(&widths, words))
}
