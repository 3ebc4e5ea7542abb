//! Right shifts that remember what they lose.
use crate::hdl::prelude::*;

/// x / 2^n with the lost bits or-ed into bit 0 ("jam"): the result is exact if bit 0 is 0, and
/// otherwise lies strictly between its even neighbours, as the exact value does. Distances at or
/// beyond the width leave only the jam bit.
pub fn shift_right_jam<'b>(x: UInt<'b>, n: UInt<'b>) -> UInt<'b> {
    shift_right(x, n, true)
}

/// The same, but distances at or beyond the width leave 0.
pub fn shift_right_near<'b>(x: UInt<'b>, n: UInt<'b>) -> UInt<'b> {
    shift_right(x, n, false)
}

fn shift_right<'b>(x: UInt<'b>, n: UInt<'b>, jam_far: bool) -> UInt<'b> {
    let (m, w) = (x.builder(), x.width());
    // By `d` places, or so far that all falls off. The lowest bit only ever gathers, a sum of products over all steps: written as
    // such it takes as many levels as its logarithm.
    let step = |value: UInt<'b>, on: Bit<'b>, d: u32| {
        let gathered = value.bit(0) | (on & value.slice(d.min(w - 1), 1).any());
        let moved = if d + 1 < w { value.trunc_low(d + 1).zext(w - 1) } else { m.uint(0u32, w - 1) };
        on.select(moved, value.trunc_low(1)).cat(gathered.uint())
    };
    let mut value = x;
    let mut far: Option<Bit> = None;
    for k in 0..n.width() {
        let on = n.bit(k);
        match 1u32.checked_shl(k).filter(|d| *d < w) {
            Some(d) => value = step(value, on, d).named(&format!("right{k}")),
            None => far = Some(far.map_or(on, |f| f | on)),
        }
    }
    match far {
        Some(far) if !jam_far => far.select(m.uint(0u32, w), value).named("right_far"),
        Some(far) if w > 1 => step(value, far, w).named("right_far"),
        _ => value,
    }
}

/// The top `keep` bits of `x`, the rest jammed into the lowest of them; padded with zeros below if `x` is narrower.
pub fn jam_low<'b>(x: UInt<'b>, keep: u32) -> UInt<'b> {
    let w = x.width();
    if w <= keep {
        return x.shl_const(keep - w);
    }
    let lost = x.slice(w - keep, 0).any().uint();
    if keep == 1 { lost } else { x.trunc_low(w - keep + 1).cat(lost) }
}
