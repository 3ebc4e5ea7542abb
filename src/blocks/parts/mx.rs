//! Blocks of elements that share a scale.
use super::{Bounds, Exact, Operand, decode, exact_product, exact_sum, finite_product, to_fixed};
use crate::formats::*;
use crate::hdl::prelude::*;

/// Formats of the elements of two operands and of their scales, each with whether its subnormals are read as zeros.
pub struct Scaled<'f> {
    /// Elements of a.
    pub a: (&'f Format, bool),
    /// Elements of b.
    pub b: (&'f Format, bool),
    /// Scales.
    pub scale: (&'f Format, bool),
}

impl Scaled<'_> {
    /// scale_a·scale_b·Σ a·b of one block, exact. If `finite`, the significand is 0 where that is not a finite number.
    pub fn dot<'b>(
        &self,
        m: Builder<'b>,
        (a, b): (&[UInt<'b>], &[UInt<'b>]),
        scales: [UInt<'b>; 2],
        finite: bool,
    ) -> Operand<'b> {
        let inside = |terms| Bounds::of_sum(self.a, self.b, terms);
        let (one, block) = (inside(1), inside(a.len() as u32));
        let read = |(format, flush): (&Format, bool), code| decode(format, flush, code);
        let lane = |(i, (x, y)): (usize, (&UInt<'b>, &UInt<'b>))| {
            m.scope(&format!("lane{i}"), || to_fixed(exact_product(read(self.a, *x), read(self.b, *y)), one.lsb).within(&one))
        };
        let products: Vec<Exact> = a.iter().zip(b).enumerate().map(lane).collect();
        let sum = exact_sum(m, &products).within(&block).operand();
        let [x, y] = scales.map(|s| read(self.scale, s));
        let factor = m.scope("scale", || exact_product(x, y));
        if finite { finite_product(factor, sum) } else { exact_product(factor, sum) }
    }
}
