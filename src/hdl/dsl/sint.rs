//! What a two's complement number can do.
use super::builder::POISON;
use super::range::{Range, bits_signed, bits_unsigned};
use super::signal::{Bit, SInt, UInt, Value};
use crate::bits::Bits;
use crate::ir::{Loc, NodeId};
use crate::ops::Op;
use num_bigint::BigInt;
use std::cmp::Ordering;
use std::panic::Location;

impl<'b> SInt<'b> {
    fn with(self, id: NodeId, width: u32, range: Range) -> Self {
        SInt::make(self.m, id, width, range)
    }

    pub(super) fn extend_to(self, loc: Loc, width: u32) -> NodeId {
        match width.cmp(&self.width) {
            Ordering::Equal => self.id,
            Ordering::Greater => self.m.op(loc, Op::Sext, width, &[self.id], 0),
            Ordering::Less => self.m.op(loc, Op::Slice, width, &[self.id], 0),
        }
    }

    pub(super) fn tight(self, loc: Loc) -> Self {
        match self.range.bounds() {
            Some((lo, hi)) if bits_signed(lo, hi) < self.width => self.widened(loc, bits_signed(lo, hi)),
            _ => self,
        }
    }

    /// The sign: 1 if negative.
    #[track_caller]
    pub fn is_negative(self) -> Bit<'b> {
        self.bits().msb()
    }

    /// The bits, read as unsigned.
    pub fn bits(self) -> UInt<'b> {
        let range = if self.range.fits_unsigned(self.width) { self.range } else { Range::unsigned(self.width) };
        UInt::make(self.m, self.id, self.width, range)
    }

    /// Widened with the sign to `width` bits.
    #[track_caller]
    pub fn sext(self, width: u32) -> SInt<'b> {
        let loc = Location::caller();
        if width < self.width {
            self.m.error_at(
                loc,
                "W003",
                format!("sext to {width} bits of a value of {} bits", self.width),
                &[self.id],
                "use `wrap`, `saturate` or `narrow` to lose bits",
            );
            return self.with(POISON, width.max(1), Range::signed(width.max(1)));
        }
        self.widened(loc, width)
    }

    /// Modulo 2^width.
    #[track_caller]
    pub fn wrap(self, width: u32) -> SInt<'b> {
        let range = if self.range.fits_signed(width) { self.range } else { Range::signed(width) };
        self.with(self.extend_to(Location::caller(), width), width, range)
    }

    /// Clamped to what `width` bits hold.
    #[track_caller]
    pub fn saturate(self, width: u32) -> SInt<'b> {
        if width == 0 || width >= self.width || self.range.fits_signed(width) {
            return self.wrap(width);
        }
        let top = self.bits().slice(self.width - 1, width - 1);
        let sign = self.is_negative();
        let fits = top.all_ones() | top.is_zero();
        let min = self.m.constant(Bits::from_signed(width, &-(BigInt::from(1) << (width - 1))));
        let max = self.m.constant(Bits::from_signed(width, &((BigInt::from(1) << (width - 1)) - 1)));
        let make = |id| SInt::make(self.m, id, width, Range::signed(width));
        fits.select(self.wrap(width), sign.select(make(min), make(max)))
    }

    /// Claims that the value fits `width` bits; checked on every simulated vector unless the range proves it.
    #[track_caller]
    pub fn narrow(self, width: u32) -> SInt<'b> {
        let loc = Location::caller();
        if width > 0 && width < self.width && !self.range.fits_signed(width) {
            let top = self.bits().slice(self.width - 1, width - 1);
            let holds = top.all_ones() | top.is_zero();
            self.m.claim(holds.id, format!("narrow({width}) of {} bits at {}:{}", self.width, loc.file(), loc.line()));
        }
        let out = self.wrap(width);
        SInt { range: self.range.meet(Range::signed(width)), ..out }
    }

    /// Claims that the value is not negative and fits `width` unsigned bits; checked likewise.
    #[track_caller]
    pub fn unsigned(self, width: u32) -> UInt<'b> {
        let loc = Location::caller();
        let fits = self.range.fits_unsigned(width);
        if !fits && width > 0 {
            let wide = if width >= self.width { self.widened(loc, width + 1) } else { self };
            let lost = wide.bits().slice(wide.width - 1, width);
            let holds = self.m.op(loc, Op::Not, 1, &[lost.any().id], 0);
            self.m.claim(holds, format!("unsigned({width}) of {} bits at {}:{}", self.width, loc.file(), loc.line()));
        }
        let range = self.range.meet(Range::unsigned(width));
        let range = if range.fits_unsigned(width) { range } else { Range::unsigned(width) };
        UInt::make(self.m, self.extend_to(loc, width), width, range)
    }

    /// floor(x / 2^n).
    #[track_caller]
    pub fn asr(self, n: u32) -> SInt<'b> {
        if n == 0 {
            return self;
        }
        let n = n.min(self.width - 1);
        let bits = self.bits().slice(self.width - 1, n);
        self.with(bits.id, self.width - n, self.range.shifted_right(n))
    }

    /// Arithmetic shift right by `n`, width kept.
    #[track_caller]
    #[allow(clippy::should_implement_trait)]
    pub fn shr(self, n: UInt<'b>) -> SInt<'b> {
        let id = self.m.op(Location::caller(), Op::ShrS, self.width, &[self.id, n.id], 0);
        self.with(id, self.width, Range::signed(self.width))
    }

    /// x × 2^n, `n` bits wider.
    #[track_caller]
    pub fn shl_const(self, n: u32) -> SInt<'b> {
        let bits = self.bits().shl_const(n);
        self.with(bits.id(), self.width + n, self.range.shifted_left(n))
    }

    /// |x|, in as many bits as that needs.
    #[track_caller]
    pub fn abs(self) -> UInt<'b> {
        let loc = Location::caller();
        let x = self.tight(loc);
        let w = x.width;
        let sign = x.is_negative();
        // Complement and add the sign: one adder, no wide multiplexer.
        let spread = if w == 1 { x.id } else { self.m.op(loc, Op::Sext, w, &[sign.id], 0) };
        let flipped = self.m.op(loc, Op::Xor, w, &[x.id, spread], 0);
        let inc = if w == 1 { sign.id } else { self.m.op(loc, Op::Zext, w, &[sign.id], 0) };
        let id = self.m.op(loc, Op::Add, w, &[flipped, inc], 0);
        let range = match x.range.bounds() {
            Some((lo, hi)) => Range::between(0, lo.abs().max(hi.abs())),
            None => Range::unsigned(w),
        };
        UInt::make(self.m, id, w, range).tight(loc)
    }

    /// True if 0.
    #[track_caller]
    pub fn is_zero(self) -> Bit<'b> {
        self.bits().is_zero()
    }

    /// The value lies in `lo..=hi` wherever its use matters; not checked.
    pub fn assume_within(self, lo: i128, hi: i128) -> SInt<'b> {
        SInt { range: self.range.meet(Range::between(lo, hi)), ..self }
    }

    /// The value is not negative wherever its use matters; not checked.
    #[track_caller]
    pub fn assume_non_negative(self) -> UInt<'b> {
        let loc = Location::caller();
        match self.range.bounds() {
            Some((lo, hi)) if hi >= 0 => {
                let range = Range::between(lo.max(0), hi);
                let width = bits_unsigned(hi as u128);
                UInt::make(self.m, self.extend_to(loc, width), width, range)
            }
            _ => {
                let width = self.width.max(2) - 1;
                UInt::make(self.m, self.extend_to(loc, width), width, Range::unsigned(width))
            }
        }
    }
}
