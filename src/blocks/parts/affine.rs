//! (code − zero) · scale and code · scale + zero: exact, rounded once or after each operation.
use super::decode::{Number, Operand, decode};
use super::fixed::{Bounds, Exact, exact_sum, extent, to_fixed};
use super::{Target, accumulate, encode, exact_product};
use crate::formats::*;
use crate::hdl::prelude::*;

/// An operand, and what its finite values lie between.
#[derive(Clone)]
pub struct Term<'b> {
    value: Operand<'b>,
    bounds: Bounds,
}

impl<'b> Term<'b> {
    /// Of a code.
    pub fn read(format: &Format, flush: bool, x: UInt<'b>) -> Term<'b> {
        Term { value: decode(format, flush, x), bounds: exact_bounds(format, flush) }
    }
}

/// A code and what is done with it: something is subtracted, it is multiplied, something is added.
pub struct Affine<'b> {
    /// The code.
    pub code: Term<'b>,
    /// Subtracted first.
    pub subtract: Option<Term<'b>>,
    /// Factors in order.
    pub factors: Vec<Term<'b>>,
    /// Added last.
    pub add: Option<Term<'b>>,
}

impl<'b> Affine<'b> {
    /// The product, exact.
    fn product(&self) -> Operand<'b> {
        let start = self.subtract.as_ref().map_or(self.code.value, |z| difference(self.code.value, z.value));
        self.factors.iter().fold(start, |x, f| exact_product(x, f.value))
    }

    /// Rounded once.
    pub fn once(&self, target: &Target, random: Option<UInt<'b>>) -> UInt<'b> {
        match &self.add {
            Some(z) => accumulate(target, random, self.product(), z.value),
            None => encode(target, random, self.product()),
        }
    }

    /// Exact, if all is fixed-point.
    pub fn fixed(&self) -> Operand<'b> {
        let product = self.product();
        let Some(z) = &self.add else { return product };
        let lsb = product.grid().min(z.value.grid()) as i32;
        exact_sum(builder(&product), &[to_fixed(product, lsb), to_fixed(z.value, lsb)]).operand()
    }

    /// Rounded after each operation: the result, and its code if there was an operation.
    pub fn stepwise(&self, target: &Target, random: &mut dyn FnMut() -> Option<UInt<'b>>) -> (Operand<'b>, Option<UInt<'b>>) {
        let mut last = None;
        let mut keep = |code: UInt<'b>| {
            last = Some(code);
            decode(target.format, false, code)
        };
        let mut x = self.code.value;
        if let Some(z) = &self.subtract {
            x = keep(accumulate(target, random(), x, negated(z.value)));
        }
        for factor in &self.factors {
            x = keep(encode(target, random(), exact_product(x, factor.value)));
        }
        if let Some(z) = &self.add {
            x = keep(accumulate(target, random(), x, z.value));
        }
        (x, last)
    }

    /// Not rounded: as wide as the operands' formats need.
    pub fn exact(&self) -> Exact<'b> {
        let (x, mut bounds) = (self.product(), self.code.bounds.clone());
        bounds = self.subtract.iter().fold(bounds, |b, z| b.minus(&z.bounds));
        bounds = self.factors.iter().fold(bounds, |b, f| b.times(&f.bounds));
        bounds = self.add.iter().fold(bounds, |b, z| b.plus(&z.bounds));
        let terms = std::iter::once(x).chain(self.add.iter().map(|z| z.value));
        let terms: Vec<_> = terms.map(|x| to_fixed(finite(x), bounds.lsb)).collect();
        let sum = exact_sum(builder(&x), &terms).within(&bounds);
        Exact { value: sum.value.sext(bounds.bits().max(sum.value.width())), ..sum }
    }
}

fn builder<'b>(x: &Operand<'b>) -> Builder<'b> {
    match x {
        Operand::Fixed { value, .. } => value.builder(),
        Operand::Float(n) => n.sig.builder(),
    }
}

/// The opposite; a fixed-point zero stays positive.
fn negated(x: Operand<'_>) -> Operand<'_> {
    match x {
        Operand::Fixed { value, lsb } => Operand::Fixed { value: -value, lsb },
        Operand::Float(n) => Operand::Float(Number { sign: !n.sign, ..n }),
    }
}

/// a - b, exact; zero is positive.
fn difference<'b>(a: Operand<'b>, b: Operand<'b>) -> Operand<'b> {
    let lsb = a.grid().min(b.grid()) as i32;
    let result = exact_sum(builder(&a), &[to_fixed(a, lsb), to_fixed(negated(b), lsb)]).operand();
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
fn finite(x: Operand<'_>) -> Operand<'_> {
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
