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
    let w = x.width();
    let mut value = x;
    let mut far: Option<Bit> = None;
    for k in 0..n.width() {
        let on = n.bit(k);
        match 1u32.checked_shl(k).filter(|d| *d < w) {
            Some(d) => {
                // The bit that becomes the lowest joins those that fall off.
                let lost = value.slice(d, 0).any().uint();
                let moved = if d + 1 < w { value.trunc_low(d + 1).cat(lost) } else { lost };
                value = on.select(moved.zext(w), value).named(&format!("right{k}"));
            }
            None => far = Some(far.map_or(on, |f| f | on)),
        }
    }
    match far {
        Some(far) if !jam_far => far.select(x.builder().uint(0u32, w), value).named("right_far"),
        Some(far) => far.select(value.any().uint().zext(w), value).named("right_far"),
        None => value,
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
