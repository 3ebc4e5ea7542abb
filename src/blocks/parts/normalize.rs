//! Leading-zero count and normalising shift, in one ladder.
use super::decode::{Number, Operand};
use super::shift::jam_low;
use crate::hdl::dsl::bits_unsigned;
use crate::hdl::prelude::*;

/// How far [`normalize`] may shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A nonzero value has at most this many leading zeros.
    Known(u32),
    /// Stop after this many even if more zeros follow.
    Stop(u32),
}

/// Shifts `x` left by its leading zeros, within the limit. Returns the top `keep` bits of the result,
/// the rest jammed into the lowest of them, and the distance (which means nothing if `x` is 0).
///
/// One stage per power of two: if the top 2^k bits are zero, shift them out. The conditions are
/// the bits of the count, so counting costs nothing beyond shifting. Each stage keeps only the bits
/// that the stages after it can still move into the result.
pub fn normalize<'b>(x: UInt<'b>, limit: Limit, keep: u32) -> (UInt<'b>, UInt<'b>) {
    let (Limit::Known(most) | Limit::Stop(most)) = limit;
    let (value, count) = normalize_any(x, limit, keep);
    (value, count.assume_at_most(u128::from(most.min(x.width() - 1))))
}

/// The same, but the distance is all ones if `x` is 0, which can be more than the limit.
fn normalize_any<'b>(x: UInt<'b>, limit: Limit, keep: u32) -> (UInt<'b>, UInt<'b>) {
    let (m, w) = (x.builder(), x.width());
    let (most, stop) = match limit {
        Limit::Known(n) => (n.min(w - 1), false),
        Limit::Stop(n) => (n.min(w - 1), n < w - 1),
    };
    if most == 0 {
        return (jam_low(x, keep), m.nat(0));
    }
    let stages = bits_unsigned(u128::from(most));
    let narrow = |v: UInt<'b>, keep: u32| if v.width() > keep { jam_low(v, keep) } else { v };
    // To stop early, a one is planted where the search must end; only the search sees it.
    let mut probe = (stop && most + 1 != 1 << stages).then(|| (x.slice(w - 1, w - 1 - most) | m.nat(1)).named("probe"));
    let mut value = narrow(x, keep + most);
    let mut count: Option<UInt> = None;
    for k in (0..stages).rev() {
        let n = 1 << k;
        let seen = probe.unwrap_or(value);
        let zero = seen.slice(seen.width() - 1, seen.width() - n).is_zero().named(&format!("lz{k}"));
        let up = |v: UInt<'b>| zero.select(v.shl_const(n).wrap(v.width()), v);
        value = narrow(up(value).named(&format!("norm{k}")), keep + n - 1);
        probe = probe.filter(|_| k > 0).map(|p| {
            let p = up(p);
            p.slice(p.width() - 1, p.width().saturating_sub(n - 1))
        });
        count = Some(count.map_or(zero.uint(), |c| c.cat(zero.uint())));
    }
    (jam_low(value, keep), count.unwrap_or_else(|| m.nat(0)))
}

impl<'b> Operand<'b> {
    /// The same value, a significand other than 0 without leading zeros. The exponent of a 0 is within its range like any other.
    pub fn normalized(self) -> Operand<'b> {
        match self {
            Operand::Float(n) if n.leading_zeros > 0 => {
                let (sig, zeros) = normalize_any(n.sig, Limit::Known(n.leading_zeros), n.sig.width());
                Operand::Float(Number { sig, exp: n.exp - zeros.signed(), leading_zeros: 0, grounded: false, ..n })
            }
            _ => self,
        }
    }
}

/// Shifts `x` left by its leading zeros, `most` or fewer if it is not 0, but by no more than `room` if there is a limit, and fills up
/// with `fill`. Returns all bits and the distance.
pub fn normalize_within<'b>(x: UInt<'b>, most: u32, room: Option<UInt<'b>>, fill: Bit<'b>) -> (UInt<'b>, UInt<'b>) {
    let w = x.width();
    let stages = bits_unsigned(u128::from(most));
    let room = room.map(|r| r.zext(r.width().max(stages + 1)));
    // Room is left for this stage and all that follow.
    let mut plenty = room.map(|r| r.slice(r.width() - 1, stages).any());
    let (mut value, mut count): (UInt, Option<UInt>) = (x, None);
    for k in (0..stages).rev() {
        let n = 1 << k;
        let zero = value.slice(w - 1, w - n.min(w)).is_zero();
        let go = match (plenty, room) {
            (Some(p), Some(r)) => (zero & (p | r.bit(k))).named(&format!("lz{k}")),
            _ => zero.named(&format!("lz{k}")),
        };
        plenty = plenty.zip(room).map(|(p, r)| p | (r.bit(k) & !go));
        let filled = fill.uint().as_sint().sext(n.min(w)).bits();
        let up = if n < w { value.slice(w - 1 - n, 0).cat(filled) } else { filled };
        value = go.select(up, value).named(&format!("norm{k}"));
        count = Some(count.map_or(go.uint(), |c| c.cat(go.uint())));
    }
    (value, count.unwrap_or_else(|| x.builder().nat(0)))
}
