//! What an unsigned number can do.
use super::builder::POISON;
use super::range::{Range, bits_unsigned};
use super::signal::{Bit, SInt, UInt, Value};
use crate::bits::Bits;
use crate::ir::{Loc, NodeId};
use crate::ops::Op;
use std::cmp::Ordering;
use std::panic::Location;

impl<'b> UInt<'b> {
    fn with(self, id: NodeId, width: u32, range: Range) -> Self {
        UInt::make(self.m, id, width, range)
    }

    /// Widened with zeros, or cut where the range proves the cut harmless.
    pub(super) fn extend_to(self, loc: Loc, width: u32) -> NodeId {
        match width.cmp(&self.width) {
            Ordering::Equal => self.id,
            Ordering::Greater => self.m.op(loc, Op::Zext, width, &[self.id], 0),
            Ordering::Less => self.m.op(loc, Op::Slice, width, &[self.id], 0),
        }
    }

    /// The fewest bits that hold every value of the range.
    pub(super) fn tight(self, loc: Loc) -> Self {
        match self.range.bounds() {
            Some((_, hi)) if bits_unsigned(hi as u128) < self.width => self.widened(loc, bits_unsigned(hi as u128)),
            _ => self,
        }
    }

    /// Bits `hi` down to `lo`.
    #[track_caller]
    pub fn slice(self, hi: u32, lo: u32) -> UInt<'b> {
        let loc = Location::caller();
        if hi >= self.width || lo > hi {
            self.m.error_at(
                loc,
                "W002",
                format!("bits {hi}..{lo} of a value of {} bits", self.width),
                &[self.id],
                "use lo <= hi < width",
            );
            let width = hi.saturating_sub(lo).saturating_add(1);
            return self.with(POISON, width, Range::unsigned(width));
        }
        let width = hi - lo + 1;
        if width == self.width {
            return self;
        }
        let range = match self.range.bounds() {
            Some(_) if hi == self.width - 1 => self.range.shifted_right(lo),
            Some(_) if self.range.shifted_right(lo).fits_unsigned(width) => self.range.shifted_right(lo),
            _ => Range::unsigned(width),
        };
        self.with(self.m.op(loc, Op::Slice, width, &[self.id], lo), width, range)
    }

    /// Bit `i`, 0 = least significant.
    #[track_caller]
    pub fn bit(self, i: u32) -> Bit<'b> {
        let loc = Location::caller();
        if i >= self.width {
            self.m.error_at(loc, "W002", format!("bit {i} of a value of {} bits", self.width), &[self.id], "use i < width");
            return Bit::make(self.m, POISON, 1, Range::unsigned(1));
        }
        let id = if self.width == 1 { self.id } else { self.m.op(loc, Op::Slice, 1, &[self.id], i) };
        Bit::make(self.m, id, 1, Range::unsigned(1))
    }

    /// The most significant bit.
    #[track_caller]
    pub fn msb(self) -> Bit<'b> {
        self.bit(self.width - 1)
    }

    /// Widened with zeros to `width` bits.
    #[track_caller]
    pub fn zext(self, width: u32) -> UInt<'b> {
        let loc = Location::caller();
        if width < self.width {
            self.m.error_at(
                loc,
                "W003",
                format!("zext to {width} bits of a value of {} bits", self.width),
                &[self.id],
                "use `wrap`, `saturate` or `narrow` to lose bits",
            );
            return self.with(POISON, width.max(1), Range::unsigned(width.max(1)));
        }
        self.widened(loc, width)
    }

    /// The low `width` bits (zeros above if that is more than there are).
    #[track_caller]
    pub fn wrap(self, width: u32) -> UInt<'b> {
        let range = if self.range.fits_unsigned(width) { self.range } else { Range::unsigned(width) };
        self.with(self.extend_to(Location::caller(), width), width, range)
    }

    /// Clamped to the largest value of `width` bits.
    #[track_caller]
    pub fn saturate(self, width: u32) -> UInt<'b> {
        let loc = Location::caller();
        if width == 0 || width >= self.width || self.range.fits_unsigned(width) {
            return self.wrap(width);
        }
        let over = self.slice(self.width - 1, width).any();
        let max = self.m.constant(Bits::ones(width));
        let id = self.m.op(loc, Op::Mux, width, &[over.id, max, self.wrap(width).id], 0);
        self.with(id, width, Range::unsigned(width))
    }

    /// Claims that the value fits `width` bits; free in hardware, checked on every simulated vector unless the range proves it.
    #[track_caller]
    pub fn narrow(self, width: u32) -> UInt<'b> {
        let loc = Location::caller();
        if width > 0 && width < self.width && !self.range.fits_unsigned(width) {
            let lost = self.slice(self.width - 1, width);
            let holds = self.m.op(loc, Op::Not, 1, &[lost.any().id], 0);
            self.m.claim(holds, format!("narrow({width}) of {} bits at {}:{}", self.width, loc.file(), loc.line()));
        }
        let out = self.wrap(width);
        UInt { range: self.range.meet(Range::unsigned(width)), ..out }
    }

    /// States bounds that the caller knows; checked on every simulated vector.
    #[track_caller]
    pub fn at_most(self, hi: u128) -> UInt<'b> {
        let loc = Location::caller();
        if self.range.bounds().is_none_or(|(_, h)| h as u128 > hi) {
            let over = self.m.nat(hi).lt(self);
            let holds = self.m.op(loc, Op::Not, 1, &[over.id], 0);
            self.m.claim(holds, format!("at_most({hi}) at {}:{}", loc.file(), loc.line()));
        }
        self.assume_at_most(hi)
    }

    /// Without the low `n` bits: floor(x / 2^n).
    #[track_caller]
    pub fn trunc_low(self, n: u32) -> UInt<'b> {
        if n == 0 { self } else { self.slice(self.width - 1, n) }
    }

    /// x × 2^n, `n` bits wider.
    #[track_caller]
    pub fn shl_const(self, n: u32) -> UInt<'b> {
        if n == 0 {
            return self;
        }
        let zeros = self.m.constant(Bits::zero(n));
        let id = self.m.op(Location::caller(), Op::Concat, self.width + n, &[self.id, zeros], 0);
        self.with(id, self.width + n, self.range.shifted_left(n).meet(Range::unsigned(self.width + n)))
    }

    /// Shifted left by `n`, width kept, unlike what an operator `<<` would promise.
    #[track_caller]
    #[allow(clippy::should_implement_trait)]
    pub fn shl(self, n: UInt<'b>) -> UInt<'b> {
        let id = self.m.op(Location::caller(), Op::Shl, self.width, &[self.id, n.id], 0);
        self.with(id, self.width, Range::unsigned(self.width))
    }

    /// Shifted right by `n`, width kept.
    #[track_caller]
    #[allow(clippy::should_implement_trait)]
    pub fn shr(self, n: UInt<'b>) -> UInt<'b> {
        let id = self.m.op(Location::caller(), Op::ShrU, self.width, &[self.id, n.id], 0);
        let hi = self.range.bounds().map(|(_, hi)| Range::between(0, hi));
        self.with(id, self.width, hi.unwrap_or(Range::unsigned(self.width)))
    }

    /// `self` above `low`.
    #[track_caller]
    pub fn cat(self, low: UInt<'b>) -> UInt<'b> {
        let width = self.width + low.width;
        let id = self.m.op(Location::caller(), Op::Concat, width, &[self.id, low.id], 0);
        self.with(id, width, self.range.shifted_left(low.width).plus(low.range).meet(Range::unsigned(width)))
    }

    /// True if 0.
    #[track_caller]
    pub fn is_zero(self) -> Bit<'b> {
        !self.any()
    }

    /// True if any bit is 1.
    #[track_caller]
    pub fn any(self) -> Bit<'b> {
        self.reduce(Location::caller(), Op::RedOr)
    }

    /// True if every bit is 1.
    #[track_caller]
    pub fn all_ones(self) -> Bit<'b> {
        self.reduce(Location::caller(), Op::RedAnd)
    }

    /// Exclusive or of all bits.
    #[track_caller]
    pub fn parity(self) -> Bit<'b> {
        self.reduce(Location::caller(), Op::RedXor)
    }

    fn reduce(self, loc: Loc, op: Op) -> Bit<'b> {
        let id = if self.width == 1 { self.id } else { self.m.op(loc, op, 1, &[self.id], 0) };
        Bit::make(self.m, id, 1, Range::unsigned(1))
    }

    /// The same value as a signed number, one bit wider.
    #[track_caller]
    pub fn signed(self) -> SInt<'b> {
        let w = self.width + 1;
        SInt::make(self.m, self.extend_to(Location::caller(), w), w, self.range)
    }

    /// The same bits read as two's complement.
    pub fn as_sint(self) -> SInt<'b> {
        let range = if self.range.fits_signed(self.width) { self.range } else { Range::signed(self.width) };
        SInt::make(self.m, self.id, self.width, range)
    }

    /// The smaller of two.
    #[track_caller]
    pub fn min(self, other: UInt<'b>) -> UInt<'b> {
        let out = self.lt(other).select(self, other);
        match (self.range.bounds(), other.range.bounds()) {
            (Some(a), Some(b)) => UInt { range: Range::between(a.0.min(b.0), a.1.min(b.1)), ..out }.tight(Location::caller()),
            _ => out,
        }
    }

    #[track_caller]
    pub(super) fn bitwise(self, op: Op, other: Self) -> Self {
        let loc = Location::caller();
        let w = self.width.max(other.width);
        let (a, b) = (self.extend_to(loc, w), other.extend_to(loc, w));
        let id = self.m.op(loc, op, w, &[a, b], 0);
        self.with(id, w, Range::unsigned(w))
    }

    /// The value is at most `hi` wherever its use matters; elsewhere (codes whose result is
    /// overridden) anything may happen. Not checked; use [`UInt::at_most`] for a checked claim.
    pub fn assume_at_most(self, hi: u128) -> UInt<'b> {
        let hi = hi.min(i128::MAX as u128) as i128;
        UInt { range: self.range.meet(Range::between(0, hi)), ..self }
    }
}
