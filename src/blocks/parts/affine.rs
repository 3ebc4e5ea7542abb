//! Pieces of affine functions: exact differences, bounds of what they give, range checks.
use super::decode::{Number, Operand};
use super::fixed::{Bounds, exact_sum, extent, to_fixed};
use crate::formats::*;
use crate::hdl::prelude::*;

/// The opposite; a fixed-point zero stays positive.
pub fn negated(x: Operand<'_>) -> Operand<'_> {
    match x {
        Operand::Fixed { value, lsb } => Operand::Fixed { value: -value, lsb },
        Operand::Float(n) => Operand::Float(Number { sign: !n.sign, ..n }),
    }
}

/// a - b, exact; zero is positive.
pub fn difference<'b>(a: Operand<'b>, b: Operand<'b>) -> Operand<'b> {
    let m = match a {
        Operand::Fixed { value, .. } => value.builder(),
        Operand::Float(n) => n.sig.builder(),
    };
    let lsb = a.grid().min(b.grid()) as i32;
    let result = exact_sum(m, &[to_fixed(a, lsb), to_fixed(negated(b), lsb)]).operand();
    match (a, b) {
        (Operand::Fixed { .. }, Operand::Fixed { .. }) => result,
        // Zeros of products with it have signs. An infinity's significand is not 0, whatever the sum of the words was.
        _ => {
            let n = result.number();
            let sig = n.inf.map_or(n.sig, |inf| n.sig | inf.uint());
            Operand::Float(Number { sig, ..n })
        }
    }
}

/// With significand 0 where it is infinite or not a number; the flags stay.
pub fn finite(x: Operand<'_>) -> Operand<'_> {
    match x {
        Operand::Float(n) => {
            let sig = n.is_special().map_or(n.sig, |s| s.select(n.sig.builder().uint(0u32, n.sig.width()), n.sig));
            Operand::Float(Number { sig, ..n })
        }
        fixed => fixed,
    }
}

/// Finite values of a format, and 0.
pub fn exact_bounds(format: &Format, flush: bool) -> Bounds {
    let (lo, hi, lsb) = extent(format, flush);
    Bounds { lo: lo.min(BigInt::ZERO), hi: hi.max(BigInt::ZERO), lsb }
}

impl Bounds {
    /// In units of a finer weight.
    fn at(&self, lsb: i32) -> (BigInt, BigInt) {
        let finer = (self.lsb - lsb).unsigned_abs();
        (&self.lo << finer, &self.hi << finer)
    }

    /// Of sums.
    pub fn plus(&self, other: &Bounds) -> Bounds {
        let lsb = self.lsb.min(other.lsb);
        let ((a, b), (c, d)) = (self.at(lsb), other.at(lsb));
        Bounds { lo: a + c, hi: b + d, lsb }
    }

    /// Of differences.
    pub fn minus(&self, other: &Bounds) -> Bounds {
        self.plus(&Bounds { lo: -&other.hi, hi: -&other.lo, lsb: other.lsb })
    }

    /// Of products.
    pub fn times(&self, other: &Bounds) -> Bounds {
        let corners = [&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi];
        let (lo, hi) = (corners.iter().min().cloned(), corners.iter().max().cloned());
        Bounds { lo: lo.unwrap_or_default(), hi: hi.unwrap_or_default(), lsb: self.lsb + other.lsb }
    }
}

/// True if a fixed-point number is beyond the least or largest one of an integer format.
pub fn beyond<'b>(out: &Format, x: Operand<'b>) -> Bit<'b> {
    let (Format::Int(f), Operand::Fixed { value, lsb }) = (out, x) else { return x.number().sign.builder().low() };
    let m = value.builder();
    let half = BigInt::from(1) << (f.bits - 1);
    let (least, most) = match f.kind {
        IntKind::Unsigned => (BigInt::ZERO, &half * 2 - 1),
        IntKind::Twos => (-&half, &half - 1),
        IntKind::Symmetric | IntKind::SignMagnitude => (1 - &half, &half - 1),
    };
    // Both on the finer of the two grids.
    let fine = lsb.min(f.lsb_exp);
    let value = value.shl_const((lsb - fine).unsigned_abs());
    let up = (f.lsb_exp - fine).unsigned_abs();
    let bits = f.bits + 1 + up;
    (value.lt(m.sint(least << up, bits)) | value.gt(m.sint(most << up, bits))).named("beyond")
}
