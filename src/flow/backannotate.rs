//! A path through cells, told in the names of the description.
use super::report::Step;
use crate::hdl::ir::{Design, NodeId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A named value of the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signal {
    /// Its name in the Verilog.
    pub name: String,
    /// Where it was written.
    pub source: Option<String>,
}

/// The named values of a design's top module that a path passes, in order. Tools name cells after the
/// nets they drive, with a suffix; what carries no name of the description is left out.
pub fn signals(design: &Design, path: &[Step]) -> Vec<Signal> {
    let m = design.top();
    let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let place = |id: NodeId| m.locs[id.index()].map(|l| format!("{}:{}", l.file(), l.line()));
    known.extend(m.states.iter().map(|s| (s.name.as_str(), place(s.read))));
    known.extend(m.inputs.iter().chain(&m.outputs).map(|p| (p.name.as_str(), None)));
    known.extend((0..m.nodes.len() as u32).map(NodeId).filter_map(|id| Some((m.name_of(id)?, place(id)))));
    let mut list: Vec<Signal> = Vec::new();
    for end in path.iter().flat_map(|s| [&s.from, &s.to]) {
        let cell = end.strip_prefix("dut.").unwrap_or(end);
        // The longest name that the cell's name starts with, up to a character that names do not end in.
        let fits = |n: &str| cell.strip_prefix(n).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        let Some((name, source)) = known.iter().filter(|(n, _)| fits(n)).max_by_key(|(n, _)| n.len()) else { continue };
        if list.last().is_none_or(|l| l.name != *name) {
            list.push(Signal { name: name.to_string(), source: source.clone() });
        }
    }
    list
}
