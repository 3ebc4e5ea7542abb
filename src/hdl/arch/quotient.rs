//! Quotients by a constant.
//!
//! As written they are products with a reciprocal. For small divisors a long division in tables is smaller: each takes the rest so
//! far and a few bits of the number, and gives as many of the quotient and the next rest (F. de Dinechin and L.-S. Didier, *Table-based
//! division by small integer constants*, ARC 2012).
use super::Arch;
use super::chain::name;
use super::form::{Form, push};
use super::graph::MOST_BITS;
use super::scaled::Scaled;
use super::unit::Kind;
use crate::bits::Bits;
use crate::dsl::divide::reciprocal;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigUint;
use num_traits::One;

/// Inputs of the long and of the short tables.
const TABLES: [(Arch, u32); 2] = [(Arch::Digits, 6), (Arch::ShortDigits, 4)];

/// `a` / `by`, rounded down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quotient {
    /// Bits of the number, which is unsigned.
    pub bits: u32,
    /// The divisor.
    pub by: u64,
    /// The product that is the quotient, and its bits below.
    factor: BigUint,
    low: u32,
}

impl Quotient {
    /// The quotient of numbers of so many bits, by the shortest reciprocal; nothing if that is a shift or always 0.
    pub fn by(bits: u32, divisor: u64) -> Option<Quotient> {
        let (factor, low) = reciprocal(bits, divisor).filter(|_| !divisor.is_power_of_two())?;
        Quotient::of(bits, &factor, low)
    }

    /// The quotient that numbers of so many bits times the factor are above their `low` lowest bits, if there is one.
    pub fn of(bits: u32, factor: &BigUint, low: u32) -> Option<Quotient> {
        let (one, all) = (BigUint::one() << low, BigUint::one() << bits);
        // The factor is a bit more than 2^low / by.
        let by = &one / factor.max(&BigUint::one());
        let over = (factor * &by) < one;
        let by = if over { by + 1u32 } else { by };
        let most = &all / by.clone().max(BigUint::one()) * &by;
        let holds = by > BigUint::from(2u32) && most.bits() > 0 && {
            let error = factor * &by - &one;
            (most - 1u32) * &error < one && error.bits() > 0
        };
        let by = u64::try_from(by).ok().filter(|_| holds)?;
        Some(Quotient { bits, by, factor: factor.clone(), low })
    }

    /// Bits of a rest.
    fn rest(&self) -> u32 {
        u64::BITS - (self.by - 1).leading_zeros()
    }
}

impl Form for Quotient {
    fn name(&self) -> String {
        format!("quotient_u{}_by_{}", self.bits, self.by)
    }
    fn doc(&self) -> &'static str {
        "a divided by a constant, rounded down"
    }
    fn architectures(&self) -> Vec<Arch> {
        let graph = (self.factor.bits() <= MOST_BITS).then_some(Arch::Graph);
        let tables = TABLES.into_iter().filter(|(_, inputs)| self.rest() < *inputs).map(|(arch, _)| arch);
        graph.into_iter().chain(tables).collect()
    }
    fn inputs(&self) -> Vec<(String, u32)> {
        vec![("a".into(), self.bits)]
    }
    fn width(&self) -> u32 {
        let most = ((BigUint::one() << self.bits) - 1u32) / self.by;
        (most.bits() as u32).max(1)
    }
    fn signed(&self) -> bool {
        false
    }
    fn plain(&self, m: &mut Module, inputs: &[NodeId]) -> NodeId {
        let bits = self.factor.bits() as u32;
        let factor = m.push_const(Bits::new(bits, self.factor.clone()));
        let product = push(m, Op::MulU, self.bits + bits, &[inputs[0], factor]);
        m.push_op(Op::Slice, self.width(), &[product], self.low, NameId(0), None)
    }
    fn build(&self, f: &mut Fold, modules: &mut Vec<Module>, arch: Arch, inputs: &[NodeId]) -> NodeId {
        if let Some((_, table)) = TABLES.into_iter().find(|(a, _)| *a == arch) {
            return self.digits(f, inputs[0], table - self.rest());
        }
        let scaled = Scaled { a: Kind { bits: self.bits, signed: false }, by: self.factor.clone().into() };
        let product = scaled.build(f, modules, arch, inputs);
        let above = f.w(product).saturating_sub(self.low).max(1);
        let quotient = f.slice(product, self.low, above);
        if above < self.width() { f.zext(quotient, self.width()) } else { f.slice(quotient, 0, self.width()) }
    }
}

impl Quotient {
    /// Long division, so many bits of the number at a time.
    fn digits(&self, f: &mut Fold, a: NodeId, digit: u32) -> NodeId {
        let mut rest: Option<NodeId> = None;
        let mut quotient = Vec::new();
        for at in (0..self.bits).step_by(digit as usize).collect::<Vec<_>>().into_iter().rev() {
            let bits = digit.min(self.bits - at);
            let part = f.slice(a, at, bits);
            let address = match rest {
                Some(rest) => f.concat(&[rest, part]),
                None => part,
            };
            let mut lookup = |text: &str, width: u32, value: &dyn Fn(u64) -> u64| {
                // Rests beyond the divisor do not occur; what synthesis makes of them is the same as for those that do.
                let values = (0..1u64 << f.w(address)).map(|i| Bits::small(width, value(i) & ((1 << width) - 1))).collect();
                let node = f.table(&Table { name: format!("{text}{at}_table"), width, values }, address);
                name(f, node, &format!("{text}{at}"));
                node
            };
            quotient.push(lookup("quotient", bits, &|i| i / self.by));
            if at > 0 {
                rest = Some(lookup("rest", self.rest(), &|i| i % self.by));
            }
        }
        let all = f.concat(&quotient);
        f.slice(all, 0, self.width())
    }
}
