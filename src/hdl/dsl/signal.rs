//! Signal handles: [`UInt`], [`SInt`], [`Bit`], and what can be written with them.
use super::builder::{Builder, POISON};
use super::range::{Range, bits_signed, bits_unsigned};
use crate::ir::{Loc, NodeId};
use crate::ops::Op;
use std::marker::PhantomData;
use std::panic::Location;

/// A signal of any kind, e.g. for an instance port.
#[derive(Clone, Copy)]
pub struct Signal<'b> {
    pub(super) id: NodeId,
    pub(super) width: u32,
    pub(super) brand: PhantomData<Builder<'b>>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'b> {
            m: Builder<'b>,
            id: NodeId,
            width: u32,
            range: Range,
        }
        impl<'b> Value<'b> for $name<'b> {
            fn make(m: Builder<'b>, id: NodeId, width: u32, range: Range) -> Self { $name { m, id, width, range } }
            fn builder(self) -> Builder<'b> { self.m }
            fn id(self) -> NodeId { self.id }
            fn width(self) -> u32 { self.width }
            fn range(self) -> Range { self.range }
            fn widened(self, loc: Loc, width: u32) -> Self {
                let id = self.extend_to(loc, width);
                Self::make(self.m, id, width, self.range)
            }
        }
        impl<'b> From<$name<'b>> for Signal<'b> {
            fn from(v: $name<'b>) -> Self { Signal { id: v.id, width: v.width, brand: PhantomData } }
        }
        impl<'b> Named for $name<'b> {
            fn named(self, name: &str) -> Self { self.m.set_name(self.id, name); self }
        }
    )+ };
}

/// What every kind of signal can do.
pub trait Value<'b>: Copy {
    #[doc(hidden)]
    fn make(m: Builder<'b>, id: NodeId, width: u32, range: Range) -> Self;
    /// The module it belongs to.
    fn builder(self) -> Builder<'b>;
    #[doc(hidden)]
    fn id(self) -> NodeId;
    /// Width in bits.
    fn width(self) -> u32;
    /// Values it can take.
    fn range(self) -> Range;
    #[doc(hidden)]
    fn widened(self, loc: Loc, width: u32) -> Self;
}

/// Things a wire name can be given to.
pub trait Named {
    /// Names the wire, unless it already has a name.
    fn named(self, name: &str) -> Self;
}

impl<T: Named> Named for Vec<T> {
    fn named(self, name: &str) -> Self {
        self.into_iter().enumerate().map(|(i, v)| v.named(&format!("{name}_{i}"))).collect()
    }
}

kinds! {
    /// An unsigned number.
    UInt
    /// A two's complement number.
    SInt
    /// One bit: a condition or a flag.
    Bit
}

impl<'b> Bit<'b> {
    fn extend_to(self, _: Loc, _: u32) -> NodeId {
        self.id
    }

    /// `a` if this bit is 1, else `b`; the narrower arm is widened without changing its value.
    #[track_caller]
    pub fn select<V: Value<'b>>(self, a: V, b: V) -> V {
        let loc = Location::caller();
        let width = a.width().max(b.width());
        let (x, y) = (a.widened(loc, width), b.widened(loc, width));
        let id = self.m.op(loc, Op::Mux, width, &[self.id, x.id(), y.id()], 0);
        V::make(self.m, id, width, a.range().union(b.range()))
    }

    /// As a one-bit number.
    pub fn uint(self) -> UInt<'b> {
        UInt::make(self.m, self.id, 1, self.range)
    }

    #[track_caller]
    fn logic(self, op: Op, other: Self) -> Self {
        let id = self.m.op(Location::caller(), op, 1, &[self.id, other.id], 0);
        Bit::make(self.m, id, 1, Range::unsigned(1))
    }
}

impl<'b> UInt<'b> {
    fn with(self, id: NodeId, width: u32, range: Range) -> Self {
        UInt::make(self.m, id, width, range)
    }

    /// Widened with zeros, or cut where the range proves the cut harmless.
    fn extend_to(self, loc: Loc, width: u32) -> NodeId {
        match width.cmp(&self.width) {
            std::cmp::Ordering::Equal => self.id,
            std::cmp::Ordering::Greater => self.m.op(loc, Op::Zext, width, &[self.id], 0),
            std::cmp::Ordering::Less => self.m.op(loc, Op::Slice, width, &[self.id], 0),
        }
    }

    /// The fewest bits that hold every value of the range.
    fn tight(self, loc: Loc) -> Self {
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
            return self.with(POISON, (hi.max(lo) - lo + 1).max(1), Range::unsigned(1));
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
        if width >= self.width || self.range.fits_unsigned(width) {
            return self.wrap(width);
        }
        let over = self.slice(self.width - 1, width).any();
        let max = self.m.constant(crate::bits::Bits::ones(width));
        let id = self.m.op(loc, Op::Mux, width, &[over.id, max, self.wrap(width).id], 0);
        self.with(id, width, Range::unsigned(width))
    }

    /// Claims that the value fits `width` bits; free in hardware, checked on every simulated vector unless the range proves it.
    #[track_caller]
    pub fn narrow(self, width: u32) -> UInt<'b> {
        let loc = Location::caller();
        if width < self.width && !self.range.fits_unsigned(width) {
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
        let over = self.m.nat(hi).lt(self);
        let holds = self.m.op(loc, Op::Not, 1, &[over.id], 0);
        if self.range.bounds().is_none_or(|(_, h)| h as u128 > hi) {
            self.m.claim(holds, format!("at_most({hi}) at {}:{}", loc.file(), loc.line()));
        }
        UInt { range: self.range.meet(Range::between(0, hi as i128)), ..self }
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
        let zeros = self.m.constant(crate::bits::Bits::zero(n));
        let id = self.m.op(Location::caller(), Op::Concat, self.width + n, &[self.id, zeros], 0);
        self.with(id, self.width + n, self.range.shifted_left(n).meet(Range::unsigned(self.width + n)))
    }

    /// Shifted left by `n`, width kept.
    #[track_caller]
    pub fn shl(self, n: UInt<'b>) -> UInt<'b> {
        let id = self.m.op(Location::caller(), Op::Shl, self.width, &[self.id, n.id], 0);
        self.with(id, self.width, Range::unsigned(self.width))
    }

    /// Shifted right by `n`, width kept.
    #[track_caller]
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
        let range = if self.range.fits_unsigned(self.width - 1) { self.range } else { Range::signed(self.width) };
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
    fn bitwise(self, op: Op, other: Self) -> Self {
        let loc = Location::caller();
        let w = self.width.max(other.width);
        let (a, b) = (self.extend_to(loc, w), other.extend_to(loc, w));
        let id = self.m.op(loc, op, w, &[a, b], 0);
        self.with(id, w, Range::unsigned(w))
    }
}

impl<'b> SInt<'b> {
    fn with(self, id: NodeId, width: u32, range: Range) -> Self {
        SInt::make(self.m, id, width, range)
    }

    fn extend_to(self, loc: Loc, width: u32) -> NodeId {
        match width.cmp(&self.width) {
            std::cmp::Ordering::Equal => self.id,
            std::cmp::Ordering::Greater => self.m.op(loc, Op::Sext, width, &[self.id], 0),
            std::cmp::Ordering::Less => self.m.op(loc, Op::Slice, width, &[self.id], 0),
        }
    }

    fn tight(self, loc: Loc) -> Self {
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
        if width >= self.width || self.range.fits_signed(width) {
            return self.wrap(width);
        }
        let top = self.bits().slice(self.width - 1, width - 1);
        let sign = self.is_negative();
        let fits = top.all_ones() | top.is_zero();
        let min = self.m.constant(crate::bits::Bits::from_signed(width, &-(num_bigint::BigInt::from(1) << (width - 1))));
        let max = self.m.constant(crate::bits::Bits::from_signed(width, &((num_bigint::BigInt::from(1) << (width - 1)) - 1)));
        let make = |id| SInt::make(self.m, id, width, Range::signed(width));
        fits.select(self.wrap(width), sign.select(make(min), make(max)))
    }

    /// Claims that the value fits `width` bits; checked on every simulated vector unless the range proves it.
    #[track_caller]
    pub fn narrow(self, width: u32) -> SInt<'b> {
        let loc = Location::caller();
        if width < self.width && !self.range.fits_signed(width) {
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
        let wide = if width >= self.width { self.widened(loc, width + 1) } else { self };
        if !fits {
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
}

macro_rules! compare {
    ($kind:ident, $lt:ident) => {
        impl<'b> $kind<'b> {
            #[track_caller]
            fn compare(self, op: Op, other: Self) -> Bit<'b> {
                let loc = Location::caller();
                let w = self.width.max(other.width);
                let (a, b) = (self.extend_to(loc, w), other.extend_to(loc, w));
                Bit::make(self.m, self.m.op(loc, op, 1, &[a, b], 0), 1, Range::unsigned(1))
            }
            /// Less than, as numbers.
            #[track_caller]
            pub fn lt(self, other: Self) -> Bit<'b> {
                self.compare(Op::$lt, other)
            }
            /// Greater than, as numbers.
            #[track_caller]
            pub fn gt(self, other: Self) -> Bit<'b> {
                other.compare(Op::$lt, self)
            }
            /// At least, as numbers.
            #[track_caller]
            pub fn ge(self, other: Self) -> Bit<'b> {
                !self.compare(Op::$lt, other)
            }
            /// At most, as numbers.
            #[track_caller]
            pub fn le(self, other: Self) -> Bit<'b> {
                !other.compare(Op::$lt, self)
            }
            /// Equal, as numbers.
            #[track_caller]
            pub fn eq(self, other: Self) -> Bit<'b> {
                self.compare(Op::Eq, other)
            }
        }
    };
}
compare!(UInt, LtU);
compare!(SInt, LtS);

macro_rules! operator {
    ($trait:ident $method:ident for $kind:ident -> $out:ident, |$a:ident, $b:ident, $loc:ident| $body:expr) => {
        impl<'b> std::ops::$trait for $kind<'b> {
            type Output = $out<'b>;
            #[track_caller]
            fn $method(self, other: Self) -> $out<'b> {
                let ($a, $b, $loc) = (self, other, Location::caller());
                $body
            }
        }
    };
}

operator!(Add add for UInt -> UInt, |a, b, loc| {
    let range = a.range.plus(b.range);
    let w = range.bounds().map_or(a.width.max(b.width) + 1, |(_, hi)| bits_unsigned(hi as u128));
    UInt::make(a.m, a.m.op(loc, Op::Add, w, &[a.extend_to(loc, w), b.extend_to(loc, w)], 0), w, range)
});
operator!(Sub sub for UInt -> SInt, |a, b, loc| {
    let range = a.range.minus(b.range);
    let w = range.bounds().map_or(a.width.max(b.width) + 1, |(lo, hi)| bits_signed(lo, hi));
    SInt::make(a.m, a.m.op(loc, Op::Sub, w, &[a.extend_to(loc, w), b.extend_to(loc, w)], 0), w, range)
});
operator!(Mul mul for UInt -> UInt, |a, b, loc| {
    let (a, b) = (a.tight(loc), b.tight(loc));
    let w = a.width + b.width;
    UInt::make(a.m, a.m.op(loc, Op::MulU, w, &[a.id, b.id], 0), w, a.range.times(b.range).meet(Range::unsigned(w))).tight(loc)
});
operator!(Add add for SInt -> SInt, |a, b, loc| {
    let range = a.range.plus(b.range);
    let w = range.bounds().map_or(a.width.max(b.width) + 1, |(lo, hi)| bits_signed(lo, hi));
    SInt::make(a.m, a.m.op(loc, Op::Add, w, &[a.extend_to(loc, w), b.extend_to(loc, w)], 0), w, range)
});
operator!(Sub sub for SInt -> SInt, |a, b, loc| {
    let range = a.range.minus(b.range);
    let w = range.bounds().map_or(a.width.max(b.width) + 1, |(lo, hi)| bits_signed(lo, hi));
    SInt::make(a.m, a.m.op(loc, Op::Sub, w, &[a.extend_to(loc, w), b.extend_to(loc, w)], 0), w, range)
});
operator!(Mul mul for SInt -> SInt, |a, b, loc| {
    let (a, b) = (a.tight(loc), b.tight(loc));
    let w = a.width + b.width;
    SInt::make(a.m, a.m.op(loc, Op::MulS, w, &[a.id, b.id], 0), w, a.range.times(b.range).meet(Range::signed(w))).tight(loc)
});
operator!(BitAnd bitand for UInt -> UInt, |a, b, _loc| a.bitwise(Op::And, b));
operator!(BitOr bitor for UInt -> UInt, |a, b, _loc| a.bitwise(Op::Or, b));
operator!(BitXor bitxor for UInt -> UInt, |a, b, _loc| a.bitwise(Op::Xor, b));
operator!(BitAnd bitand for Bit -> Bit, |a, b, _loc| a.logic(Op::And, b));
operator!(BitOr bitor for Bit -> Bit, |a, b, _loc| a.logic(Op::Or, b));
operator!(BitXor bitxor for Bit -> Bit, |a, b, _loc| a.logic(Op::Xor, b));

impl<'b> std::ops::Not for Bit<'b> {
    type Output = Bit<'b>;
    #[track_caller]
    fn not(self) -> Bit<'b> {
        Bit::make(self.m, self.m.op(Location::caller(), Op::Not, 1, &[self.id], 0), 1, Range::unsigned(1))
    }
}

impl<'b> std::ops::Not for UInt<'b> {
    type Output = UInt<'b>;
    #[track_caller]
    fn not(self) -> UInt<'b> {
        let id = self.m.op(Location::caller(), Op::Not, self.width, &[self.id], 0);
        self.with(id, self.width, Range::unsigned(self.width))
    }
}

impl<'b> std::ops::Neg for SInt<'b> {
    type Output = SInt<'b>;
    #[track_caller]
    fn neg(self) -> SInt<'b> {
        self.m.int(0) - self
    }
}

impl<'b> UInt<'b> {
    /// The value is at most `hi` wherever its use matters; elsewhere (codes whose result is
    /// overridden) anything may happen. Not checked; use [`UInt::at_most`] for a checked claim.
    pub fn assume_at_most(self, hi: u128) -> UInt<'b> {
        let hi = hi.min(i128::MAX as u128) as i128;
        UInt { range: self.range.meet(Range::between(0, hi)), ..self }
    }
}

impl<'b> SInt<'b> {
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
