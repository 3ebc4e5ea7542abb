//! [`Unit`]: a piece of Verilog with known ports, as the simulators take it.
use super::error::FlowError;
use crate::hdl::ir::{Design, Pins, Reset};
use crate::hdl::verilog::{self, File};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A Verilog module to simulate, with everything below it. Sequential modules have a clock and
/// perhaps a reset, named in `pins`; all other ports are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Source files.
    pub files: Vec<File>,
    /// Module to simulate.
    pub top: String,
    /// Input ports with their widths in bits, in the order of the columns of [`crate::hdl::rows::Rows`].
    pub inputs: Vec<(String, u32)>,
    /// Output ports with their widths in bits.
    pub outputs: Vec<(String, u32)>,
    /// It has a clock.
    pub clocked: bool,
    /// It has a reset that brings back the first state.
    pub reset: bool,
    /// Names of clock and reset.
    pub pins: Pins,
    /// It resets while its reset is 0.
    pub reset_low: bool,
    /// It has a memory, which reset does not clear.
    pub memory: bool,
}

impl Unit {
    /// The printed form of a design.
    pub fn from_design(design: &Design) -> Unit {
        let top = design.top();
        let ports = |ports: &[crate::hdl::ir::Port]| ports.iter().map(|p| (p.name.clone(), p.width)).collect();
        let clocked = !top.is_combinational(design);
        Unit {
            files: verilog::print(design),
            top: top.name.clone(),
            inputs: ports(&top.inputs),
            outputs: ports(&top.outputs),
            clocked,
            reset: clocked && design.reset != Reset::None,
            pins: Pins { clock: top.clock().to_string(), reset: top.reset_port(design.reset).unwrap_or("rst").to_string() },
            reset_low: design.reset.is_low(),
            memory: design.modules.iter().any(|m| !m.rams.is_empty()),
        }
    }

    /// Connections of clock and reset to wires of these names, both active high.
    pub fn control_pins(&self, clock: &str, reset: &str) -> Vec<String> {
        let mut pins = Vec::new();
        if self.clocked {
            pins.push(format!(".{}({clock})", self.pins.clock));
        }
        if self.clocked && self.reset {
            pins.push(format!(".{}({}{reset})", self.pins.reset, if self.reset_low { "~" } else { "" }));
        }
        pins
    }

    /// Widths of the input columns.
    pub fn input_widths(&self) -> Vec<u32> {
        self.inputs.iter().map(|p| p.1).collect()
    }

    /// Widths of the output columns.
    pub fn output_widths(&self) -> Vec<u32> {
        self.outputs.iter().map(|p| p.1).collect()
    }
}

/// Groups of units (by number) that one tool can read together, each with at most `bytes` of text
/// (or a single unit), and the group and place of every unit. Different files of the same name
/// cannot be together.
pub fn split(units: &[&Unit], bytes: usize) -> (Vec<Vec<usize>>, Vec<(usize, usize)>) {
    struct Group<'a> {
        members: Vec<usize>,
        files: BTreeMap<&'a str, &'a str>,
        bytes: usize,
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut homes = Vec::new();
    for (i, unit) in units.iter().enumerate() {
        let size: usize = unit.files.iter().map(|f| f.text.len()).sum();
        let fits = |g: &Group| {
            g.bytes + size <= bytes && unit.files.iter().all(|f| g.files.get(f.name.as_str()).is_none_or(|text| *text == f.text))
        };
        let at = groups.iter().position(fits).unwrap_or_else(|| {
            groups.push(Group { members: Vec::new(), files: BTreeMap::new(), bytes: 0 });
            groups.len() - 1
        });
        let group = &mut groups[at];
        homes.push((at, group.members.len()));
        group.members.push(i);
        group.files.extend(unit.files.iter().map(|f| (f.name.as_str(), f.text.as_str())));
        group.bytes += size;
    }
    (groups.into_iter().map(|g| g.members).collect(), homes)
}

/// Writes the files of the units into a folder and returns the names of those that a tool is given;
/// files that others include are only written.
pub fn write_files(units: &[&Unit], dir: &Path) -> Result<Vec<String>, FlowError> {
    let files: BTreeMap<&str, &str> = units.iter().flat_map(|u| &u.files).map(|f| (f.name.as_str(), f.text.as_str())).collect();
    for (name, text) in &files {
        fs::write(dir.join(name), text).map_err(FlowError::file("write", &dir.join(name)))?;
    }
    Ok(files.keys().filter(|n| n.ends_with(".v") || n.ends_with(".sv")).map(|n| n.to_string()).collect())
}
