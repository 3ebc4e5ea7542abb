//! Signal handles: [`UInt`], [`SInt`], [`Bit`], and what can be written with them.
use super::builder::Builder;
use super::range::Range;
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
            pub(super) m: Builder<'b>,
            pub(super) id: NodeId,
            pub(super) width: u32,
            pub(super) range: Range,
        }
        impl<'b> Value<'b> for $name<'b> {
            fn make(m: Builder<'b>, id: NodeId, width: u32, range: Range) -> Self { $name { m, id, width: width.max(1), range } }
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
    pub(super) fn logic(self, op: Op, other: Self) -> Self {
        let id = self.m.op(Location::caller(), op, 1, &[self.id, other.id], 0);
        Bit::make(self.m, id, 1, Range::unsigned(1))
    }
}
