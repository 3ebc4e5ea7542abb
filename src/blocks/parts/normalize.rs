//! Leading-zero count and normalising shift, in one ladder.
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
    let count = count.unwrap_or_else(|| m.nat(0));
    (jam_low(value, keep), count.assume_at_most(u128::from(most)))
}
