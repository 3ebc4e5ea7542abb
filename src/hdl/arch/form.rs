//! Units that stand in a file of their own.
use super::Arch;
use super::function::Function;
use super::quotient::Quotient;
use super::scaled::Scaled;
use super::square::Square;
use super::sum::Sum;
use super::unit::{Kind, Unit};
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::Sign;

/// The units.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Own {
    /// A square.
    Square(Square),
    /// A multiple.
    Scaled(Scaled),
    /// A quotient by a constant.
    Quotient(Quotient),
    /// A sum of a list.
    Sum(Sum),
    /// A look-up in a short table.
    Function(Function),
}

impl Own {
    pub(super) fn form(&self) -> &dyn Form {
        match self {
            Own::Square(form) => form,
            Own::Scaled(form) => form,
            Own::Quotient(form) => form,
            Own::Sum(form) => form,
            Own::Function(form) => form,
        }
    }

    /// How unlike two units are, besides the kinds of what is multiplied; nothing if they cannot be compared.
    pub fn unlike(&self, other: &Own) -> Option<u32> {
        match (self, other) {
            (Own::Square(_), Own::Square(_)) => Some(0),
            (Own::Sum(a), Own::Sum(b)) => Some(a.width.abs_diff(b.width) * 4),
            (Own::Quotient(a), Own::Quotient(b)) => Some(a.by.abs_diff(b.by).min(1 << 20) as u32 * 16),
            (Own::Scaled(a), Own::Scaled(b)) => Some(a.steps().abs_diff(b.steps()) as u32 * 8),
            _ => None,
        }
    }

    /// Kinds of what is multiplied.
    pub(super) fn factors(&self) -> (Kind, Kind) {
        match self {
            Own::Square(form) => (form.a, form.a),
            Own::Scaled(form) => (form.a, Kind { bits: form.by_bits(), signed: form.by.sign() == Sign::Minus }),
            // How long the terms are, and how many.
            Own::Sum(form) => {
                let (count, all) = (form.terms.len() as u32, form.terms.iter().map(|t| t.bits).sum::<u32>());
                (Kind { bits: all / count.max(1), signed: form.signed() }, Kind { bits: count, signed: false })
            }
            Own::Quotient(form) => [form.bits, 64 - form.by.leading_zeros()].map(|bits| Kind { bits, signed: false }).into(),
            // Nothing is multiplied.
            Own::Function(_) => [Kind { bits: 1, signed: false }; 2].into(),
        }
    }
}

impl From<Square> for Unit {
    fn from(form: Square) -> Unit {
        Unit::Own(Own::Square(form))
    }
}

impl From<Quotient> for Unit {
    fn from(form: Quotient) -> Unit {
        Unit::Own(Own::Quotient(form))
    }
}

impl From<Sum> for Unit {
    fn from(form: Sum) -> Unit {
        Unit::Own(Own::Sum(form))
    }
}

impl From<Scaled> for Unit {
    fn from(form: Scaled) -> Unit {
        Unit::Own(Own::Scaled(form))
    }
}

impl From<Function> for Unit {
    fn from(form: Function) -> Unit {
        Unit::Own(Own::Function(form))
    }
}

/// What such a unit says of itself.
pub(super) trait Form {
    /// Its name in module names and cost tables.
    fn name(&self) -> String;
    /// One line on what it computes.
    fn doc(&self) -> &'static str;
    /// Architectures that can build it.
    fn architectures(&self) -> Vec<Arch>;
    /// True if this one can.
    fn can(&self, arch: Arch) -> bool {
        self.architectures().contains(&arch)
    }
    /// Input ports with their widths.
    fn inputs(&self) -> Vec<(String, u32)>;
    /// Width of the result.
    fn width(&self) -> u32;
    /// True if the result may be negative.
    fn signed(&self) -> bool;
    /// What it computes in plain operators, over nodes of the inputs.
    fn plain(&self, m: &mut Module, inputs: &[NodeId]) -> NodeId;
    /// The same as an architecture builds it; modules that it is made of go to `modules`.
    fn build(&self, f: &mut Fold, modules: &mut Vec<Module>, arch: Arch, inputs: &[NodeId]) -> NodeId;
}

/// The module in plain operators.
pub(super) fn plain_module(form: &dyn Form) -> Module {
    let mut m = Module { name: form.name(), ..Module::default() };
    let mut nodes = Vec::new();
    for (name, width) in form.inputs() {
        let imm = m.inputs.len() as u32;
        let node = m.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm }, NameId(0), None);
        m.inputs.push(Port { name, width, node });
        nodes.push(node);
    }
    let node = form.plain(&mut m, &nodes);
    m.outputs.push(Port { name: "y".into(), width: form.width(), node });
    m
}

/// An operator without a name.
pub(super) fn push(m: &mut Module, op: Op, width: u32, args: &[NodeId]) -> NodeId {
    m.push_op(op, width, args, 0, NameId(0), None)
}
