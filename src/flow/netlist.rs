//! Simulation models for the netlists that Yosys writes: the vendor's cells from Yosys' own
//! library, cut down to those a netlist uses, and our own for multiplier blocks that it only declares.
use super::error::FlowError;
use super::target::Target;
use crate::hdl::verilog::File;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Models for a netlist.
#[derive(Clone, Debug)]
pub struct Models {
    /// Their Verilog.
    pub file: File,
    /// Cells whose model is ours, not the vendor's.
    pub ours: Vec<String>,
}

/// One cell of a library.
struct Cell {
    text: String,
}

/// Everything a library file says.
#[derive(Default)]
struct Library {
    /// Macro definitions and their conditions, which stand outside the modules.
    prelude: String,
    cells: BTreeMap<String, Cell>,
}

/// Models of the cells that a design uses; `share` is Yosys' data folder.
pub fn models(target: Target, share: &Path, used: &BTreeMap<String, u64>) -> Result<Models, FlowError> {
    let mut library = Library::default();
    library.read(&share.join(target.name()).join("cells_sim.v"))?;
    let own = match target {
        Target::Ecp5 => include_str!("../../fpga/models/ecp5_dsp.v"),
        Target::Gowin => include_str!("../../fpga/models/gowin_dsp.v"),
        _ => "",
    };
    let mut ours = Library::default();
    ours.parse(own, share)?;

    let mut wanted: Vec<String> = used.keys().cloned().collect();
    let (mut seen, mut text, mut from_us) = (BTreeSet::new(), library.prelude.clone(), Vec::new());
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let cell = match (library.cells.get(&name), ours.cells.get(&name)) {
            (Some(cell), _) => cell,
            (None, Some(cell)) => {
                from_us.push(name.clone());
                cell
            }
            (None, None) => return Err(FlowError::Output(format!("Yosys' library has no model of the cell `{name}`"))),
        };
        text.push_str(&cell.text);
        // A model may be made of other cells.
        wanted.extend(words(&cell.text).filter(|w| library.cells.contains_key(*w)).map(String::from));
    }
    from_us.sort();
    Ok(Models { file: File { name: "cells.v".into(), text }, ours: from_us })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).filter(|w| !w.is_empty())
}

impl Library {
    fn read(&mut self, path: &Path) -> Result<(), FlowError> {
        let text = std::fs::read_to_string(path).map_err(FlowError::file("read", path))?;
        self.parse(&text, path.parent().unwrap_or(path))
    }

    /// Takes a file apart. Timing (`specify`) is left out: it does not change what a cell computes.
    fn parse(&mut self, text: &str, folder: &Path) -> Result<(), FlowError> {
        let mut module: Option<(String, String)> = None;
        let mut timing = false;
        for line in text.lines() {
            let bare = line.trim();
            let ends = bare.starts_with("endmodule") || bare.ends_with(" endmodule");
            match &mut module {
                _ if timing => timing = bare != "endspecify",
                _ if bare == "specify" => timing = true,
                Some((_, body)) => {
                    body.push_str(line);
                    body.push('\n');
                }
                None if bare.starts_with("module ") => {
                    let name = words(&bare["module ".len()..]).next().unwrap_or_default().to_string();
                    module = Some((name, format!("{line}\n")));
                }
                None if bare.starts_with("`include") => {
                    // The path may be relative to any folder of the tool; the files lie beside this one.
                    let name = bare.split('"').nth(1).and_then(|p| p.rsplit('/').next()).unwrap_or_default();
                    self.read(&folder.join(name))?;
                }
                None if bare.starts_with('`') && !bare.starts_with("`timescale") => {
                    self.prelude.push_str(line);
                    self.prelude.push('\n');
                }
                None => {}
            }
            if ends
                && !timing
                && let Some((name, text)) = module.take()
            {
                self.cells.entry(name).or_insert(Cell { text });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_out_with_what_they_are_made_of() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("ecp5");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("more.vh"), "module B(input x);\nendmodule\nmodule C(input x); endmodule\n").unwrap();
        let text = "`define Q 1\n`include \"+/ecp5/more.vh\"\nmodule A(input x);\n  B b(.x(x));\n  specify\n    (x => y) = 1;\n  endspecify\nendmodule\n";
        std::fs::write(folder.join("cells_sim.v"), text).unwrap();
        let used = |names: &[&str]| names.iter().map(|n| (n.to_string(), 1)).collect::<BTreeMap<_, _>>();
        let m = models(Target::Ecp5, dir.path(), &used(&["A", "MULT18X18D"])).unwrap();
        assert_eq!(m.ours, ["MULT18X18D"]);
        assert!(m.file.text.starts_with("`define Q 1\n"));
        assert!(m.file.text.contains("module A(") && m.file.text.contains("module B(") && !m.file.text.contains("module C("));
        assert!(!m.file.text.contains("specify") && m.file.text.contains("module MULT18X18D ("));
        assert!(models(Target::Ecp5, dir.path(), &used(&["NOSUCH"])).unwrap_err().to_string().contains("NOSUCH"));
    }
}
