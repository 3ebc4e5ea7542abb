//! Functions of few inputs: what a look-up in a short table computes, as minimised logic.
//!
//! Printed as a case statement, a table becomes a tree of multiplexers over its address in the order of the bits,
//! and synthesis finds its way from there to something small or does not.
mod cover;
mod decision;
mod network;
mod place;
mod split;
mod truth;

use super::Arch;
use super::form::Form;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use network::{Network, cut_price};
use truth::{INPUTS, Truth};

/// A table of at most eight address bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Function {
    /// Inputs.
    inputs: u32,
    /// The bits of the entries, lowest first.
    bits: Vec<Truth>,
}

impl Function {
    /// The function of a table and its address bits, if it has few inputs and is neither a constant nor wiring.
    pub fn new(table: &Table, inputs: u32) -> Option<Function> {
        if !(2..=INPUTS).contains(&inputs) {
            return None;
        }
        let bit = |b: u32| Truth::new(inputs, |i| table.values.get(i).is_some_and(|v| v.get(b)));
        let bits: Vec<Truth> = (0..table.width).map(bit).collect();
        if bits.iter().all(|f| f.support().len() < 2) {
            return None;
        }
        Some(Function { inputs, bits })
    }

    /// What may build a function.
    pub const ARCHITECTURES: [Arch; 4] = [Arch::Cover, Arch::Decision, Arch::Six, Arch::Four];

    /// Entries of the table.
    fn values(&self) -> Vec<Bits> {
        let entry = |i: usize| {
            let bits = self.bits.iter().rev().map(|f| Bits::bit(f.get(i)));
            bits.reduce(|high, low| high.concat(&low)).unwrap_or_else(|| Bits::zero(1))
        };
        (0..1usize << self.inputs).map(entry).collect()
    }

    /// Short and the same in every version: two functions of one size are two units.
    fn hash(&self) -> u32 {
        let all = (0..1usize << self.inputs).flat_map(|i| self.bits.iter().map(move |f| f.get(i)));
        let hash = all.fold(0x811c_9dc5u32, |h, bit| (h ^ u32::from(bit)).wrapping_mul(0x0100_0193));
        (hash ^ hash >> 16) & 0xffff
    }

    /// Inputs and outputs.
    pub fn size(&self) -> (u32, u32) {
        (self.inputs, self.bits.len() as u32)
    }

    /// True if a network of tables of `limit` inputs takes fewer than tables that are cut at their upper inputs.
    fn coded(&self, limit: u32) -> bool {
        self.inputs > limit && Network::new(&self.bits, self.inputs, limit).cost() < cut_price(&self.bits, limit)
    }
}

impl Form for Function {
    fn name(&self) -> String {
        format!("function_{}to{}_{:04x}", self.inputs, self.bits.len(), self.hash())
    }
    fn doc(&self) -> &'static str {
        "entry of a table at an address"
    }
    /// Networks only where they take fewer look-up tables.
    fn architectures(&self) -> Vec<Arch> {
        Function::ARCHITECTURES.into_iter().filter(|a| self.can(*a)).collect()
    }
    fn can(&self, arch: Arch) -> bool {
        match arch {
            Arch::Cover | Arch::Decision => true,
            Arch::Six => self.coded(6),
            Arch::Four => self.coded(4),
            _ => false,
        }
    }
    fn inputs(&self) -> Vec<(String, u32)> {
        vec![("a".into(), self.inputs)]
    }
    fn width(&self) -> u32 {
        self.bits.len() as u32
    }
    fn signed(&self) -> bool {
        false
    }
    fn plain(&self, m: &mut Module, inputs: &[NodeId]) -> NodeId {
        m.tables.push(Table { name: "entry".into(), width: self.width(), values: self.values() });
        m.push_op(Op::Table, self.width(), inputs, 0, NameId(0), None)
    }
    fn build(&self, f: &mut Fold, modules: &mut Vec<Module>, arch: Arch, inputs: &[NodeId]) -> NodeId {
        let inputs: Vec<NodeId> = (0..self.inputs).map(|i| f.slice(inputs[0], i, 1)).collect();
        let limit = if arch == Arch::Four { 4 } else { 6 };
        let mut bits = match arch {
            Arch::Cover => cover::build(f, &self.bits, &inputs),
            Arch::Decision => decision::build(f, &self.bits, &inputs),
            _ => place::build(f, modules, &Network::new(&self.bits, self.inputs, limit), &inputs),
        };
        bits.reverse();
        f.concat(&bits)
    }
}
