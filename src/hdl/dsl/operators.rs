//! Comparisons and Rust operators of signals.
use super::range::{Range, bits_signed, bits_unsigned};
use super::signal::{Bit, SInt, UInt, Value};
use crate::ops::Op;
use std::panic::Location;

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

// Widths of results come from ranges where those are known, else from the operands' widths: `+` in `Sub` and `Mul` is right.
macro_rules! operator {
    ($trait:ident $method:ident for $kind:ident -> $out:ident, |$a:ident, $b:ident, $loc:ident| $body:expr) => {
        #[allow(clippy::suspicious_arithmetic_impl)]
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
        UInt::make(self.m, id, self.width, Range::unsigned(self.width))
    }
}

impl<'b> std::ops::Neg for SInt<'b> {
    type Output = SInt<'b>;
    #[track_caller]
    fn neg(self) -> SInt<'b> {
        self.m.int(0) - self
    }
}
