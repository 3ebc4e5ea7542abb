//! Networks of cells as modules: what other cells read stands in sealed modules, a module for each level.
use super::super::sealed::sealed;
use super::decision;
use super::network::{Cell, Network};
use super::truth::Truth;
use crate::ir::{Module, NodeId};
use crate::pass::fold::Fold;

/// The outputs of a network, lowest first.
pub(super) fn build(f: &mut Fold, modules: &mut Vec<Module>, network: &Network, inputs: &[NodeId]) -> Vec<NodeId> {
    let (inner, levels) = (network.inner(), network.levels());
    let mut signals: Vec<Option<NodeId>> = inputs.iter().map(|i| Some(*i)).collect();
    signals.resize(inputs.len() + network.cells.len(), None);
    for level in 1..=levels.iter().copied().max().unwrap_or(0) {
        let here: Vec<usize> = (0..network.cells.len()).filter(|c| levels[*c] == level).collect();
        let (kept, last): (Vec<usize>, Vec<usize>) = here.into_iter().partition(|c| inner[*c]);
        let mut read: Vec<usize> = kept.iter().flat_map(|c| network.cells[*c].args.iter().copied()).collect();
        read.sort_unstable();
        read.dedup();
        if !kept.is_empty() {
            let ports: Vec<NodeId> = read.iter().rev().filter_map(|s| signals[*s]).collect();
            let address = f.concat(&ports);
            let width = kept.len() as u32;
            let label = format!("level{level}_{}to{width}", read.len());
            let module = sealed(modules, &label, &[("a", read.len() as u32)], &[("y", width)], |f, ports| {
                let bit = |f: &mut Fold, s: usize| read.iter().position(|r| *r == s).map(|at| f.slice(ports[0], at as u32, 1));
                let bits: Vec<NodeId> = kept.iter().rev().map(|c| cell(f, &network.cells[*c], bit)).collect();
                vec![f.concat(&bits)]
            });
            let out = f.r.place(module, &format!("u_level{level}"), &[address], &[width])[0];
            for (n, c) in kept.iter().enumerate() {
                signals[inputs.len() + c] = Some(f.slice(out, n as u32, 1));
            }
        }
        for c in last {
            signals[inputs.len() + c] = Some(cell(f, &network.cells[c], |_, s| signals[s]));
        }
    }
    let mut outputs = Vec::new();
    for (signal, inverted) in &network.outputs {
        let node = signal.and_then(|s| signals[s]).unwrap_or_else(|| f.zero(1));
        outputs.push(if *inverted { f.not(node) } else { node });
    }
    outputs
}

/// A cell over the nodes of its arguments.
fn cell(f: &mut Fold, cell: &Cell, node: impl Fn(&mut Fold, usize) -> Option<NodeId>) -> NodeId {
    let args: Vec<NodeId> = cell.args.iter().filter_map(|s| node(f, *s)).collect();
    let functions: [Truth; 1] = [cell.truth];
    decision::build(f, &functions, &args)[0]
}
