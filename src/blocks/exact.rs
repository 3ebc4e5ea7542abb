//! The exact result as an interface: a two's complement word with flags for what is not a number.
//! Seen by port lists and golden models; the hardware derives its widths itself (`parts::fixed`).
use super::Port;
use super::policy::Policy;
use crate::formats::*;
use crate::golden::arith::Sum;
use crate::golden::exact::Exact;
use crate::golden::extent::{Extent, Products};
use crate::golden::int;
use crate::golden::value::Value;
use num_bigint::BigUint;

/// Shape of an exact sum of products.
pub struct ExactResult {
    extent: Extent,
    nan: bool,
    pos_inf: bool,
    neg_inf: bool,
}

impl ExactResult {
    /// Sums of up to `terms` products of operands of two formats.
    pub fn new(a: &Format, b: &Format, policy: &Policy, terms: u32) -> Self {
        let infinite = a.has_infinity() || b.has_infinity();
        ExactResult {
            extent: Products::new(a, policy.operand(a), b, policy.operand(b)).sums(terms.into()),
            // Infinities make NaN too: times zero, or with one of the other sign.
            nan: infinite || a.has_nan() || b.has_nan(),
            pos_inf: infinite,
            neg_inf: infinite && (a.is_signed() || b.is_signed()),
        }
    }

    /// Sums of `blocks` blocks: the product of two scales, times a sum of `block` products of elements.
    pub fn scaled(elements: (&Format, &Format), block: u32, scale: &Format, blocks: u32, policy: &Policy) -> Self {
        let products = |a: &Format, b: &Format| Products::new(a, policy.operand(a), b, policy.operand(b));
        let inside = products(elements.0, elements.1).sums(block.into());
        let factor = products(scale, scale).sums(1);
        let times = Exact::new(blocks, 0);
        let ends =
            [(&inside.min, &factor.min), (&inside.min, &factor.max), (&inside.max, &factor.min), (&inside.max, &factor.max)];
        let ends = ends.map(|(x, y)| &(x * y) * &times);
        let (min, max) = (ends.iter().min().cloned(), ends.iter().max().cloned());
        let formats = [elements.0, elements.1, scale];
        let infinite = formats.iter().any(|f| f.has_infinity());
        ExactResult {
            extent: Extent {
                unit: inside.unit + factor.unit,
                min: min.unwrap_or_else(Exact::zero),
                max: max.unwrap_or_else(Exact::zero),
            },
            nan: infinite || formats.iter().any(|f| f.has_nan()),
            pos_inf: infinite,
            neg_inf: infinite && formats.iter().any(|f| f.is_signed()),
        }
    }

    /// The word and the flags that can be 1.
    pub fn ports(&self, name: &'static str) -> Vec<Port> {
        let mut ports = vec![Port::exact(name, self.extent.bits(), self.extent.unit as i32)];
        let flags = [("nan", self.nan), ("pos_inf", self.pos_inf), ("neg_inf", self.neg_inf)];
        ports.extend(flags.iter().filter(|f| f.1).map(|f| Port::flag(f.0)));
        ports
    }

    /// The value that the word stands for, wrapped where the sum is beyond it; zero is +0.
    pub fn value(&self, sum: &Sum) -> Value {
        let units = sum.finite.in_units(self.extent.unit).expect("internal error: a product finer than the unit");
        let kept = int::fit(&units, self.extent.bits(), int::Fit::Wrap);
        Sum { finite: Exact::new(kept, self.extent.unit), ..sum.clone() }.value()
    }

    /// Codes of these ports: the sum of the finite products, and what the others make of it.
    pub fn codes(&self, sum: &Sum, outputs: &mut Vec<BigUint>) {
        let units = sum.finite.in_units(self.extent.unit).expect("internal error: a product finer than the unit");
        outputs.push(int::to_code(&units, self.extent.bits()));
        let nan = sum.is_nan();
        let flags =
            [(self.nan, nan), (self.pos_inf, sum.positive_infinity && !nan), (self.neg_inf, sum.negative_infinity && !nan)];
        outputs.extend(flags.iter().filter(|f| f.0).map(|f| BigUint::from(u32::from(f.1))));
    }
}
