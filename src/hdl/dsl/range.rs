//! Value ranges beside widths: what a signal can actually be.

/// An inclusive range of integers, or "anything the width allows" beyond 120 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range(Option<(i128, i128)>);

/// Widths up to this many bits have tracked ranges; the products of two tracked values still fit `i128` or fall back.
const TRACKED: u32 = 120;

/// Bits of an unsigned value up to `hi` (at least 1).
pub fn bits_unsigned(hi: u128) -> u32 {
    (128 - hi.leading_zeros()).max(1)
}

/// Bits of a two's complement value between `lo` and `hi` (at least 1).
pub fn bits_signed(lo: i128, hi: i128) -> u32 {
    let of = |v: i128| 129 - (if v < 0 { !v } else { v }).leading_zeros();
    of(lo).max(of(hi))
}

impl Range {
    /// Everything `width` unsigned bits can hold.
    pub fn unsigned(width: u32) -> Self {
        Range((width <= TRACKED).then(|| (0, (1i128 << width.max(1)) - 1)))
    }

    /// Everything `width` two's complement bits can hold.
    pub fn signed(width: u32) -> Self {
        let half = |w: u32| 1i128 << (w.max(1) - 1);
        Range((width <= TRACKED).then(|| (-half(width), half(width) - 1)))
    }

    /// Exactly these bounds.
    pub fn between(lo: i128, hi: i128) -> Self {
        assert!(lo <= hi, "internal error: empty range {lo}..={hi}");
        Range(Some((lo, hi))).checked()
    }

    /// The bounds, where tracked.
    pub fn bounds(self) -> Option<(i128, i128)> {
        self.0
    }

    fn checked(self) -> Self {
        Range(self.0.filter(|(lo, hi)| bits_signed(*lo, *hi) <= TRACKED))
    }

    fn both(self, other: Self, f: impl Fn((i128, i128), (i128, i128)) -> Option<(i128, i128)>) -> Self {
        Range(self.0.zip(other.0).and_then(|(a, b)| f(a, b))).checked()
    }

    /// Range of a sum.
    pub fn plus(self, other: Self) -> Self {
        self.both(other, |a, b| Some((a.0.checked_add(b.0)?, a.1.checked_add(b.1)?)))
    }

    /// Range of a difference.
    pub fn minus(self, other: Self) -> Self {
        self.both(other, |a, b| Some((a.0.checked_sub(b.1)?, a.1.checked_sub(b.0)?)))
    }

    /// Range of a product.
    pub fn times(self, other: Self) -> Self {
        self.both(other, |a, b| {
            let corners = [a.0.checked_mul(b.0)?, a.0.checked_mul(b.1)?, a.1.checked_mul(b.0)?, a.1.checked_mul(b.1)?];
            Some((*corners.iter().min()?, *corners.iter().max()?))
        })
    }

    /// Smallest range holding both.
    pub fn union(self, other: Self) -> Self {
        self.both(other, |a, b| Some((a.0.min(b.0), a.1.max(b.1))))
    }

    /// Values common to both; `self` if nothing is known to be common.
    pub fn meet(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) if a.0.max(b.0) <= a.1.min(b.1) => Range(Some((a.0.max(b.0), a.1.min(b.1)))),
            (None, b) => Range(b),
            _ => self,
        }
    }

    /// Range after an arithmetic shift right by `n`.
    pub fn shifted_right(self, n: u32) -> Self {
        Range(self.0.map(|(lo, hi)| (lo >> n.min(127), hi >> n.min(127))))
    }

    /// Range after a shift left by `n`.
    pub fn shifted_left(self, n: u32) -> Self {
        if n >= TRACKED {
            return Range(self.0.filter(|b| *b == (0, 0)));
        }
        self.times(Range(Some((1 << n, 1 << n))))
    }

    /// True if every value fits `width` unsigned bits.
    pub fn fits_unsigned(self, width: u32) -> bool {
        self.0.is_some_and(|(lo, hi)| lo >= 0 && bits_unsigned(hi as u128) <= width)
    }

    /// True if every value fits `width` two's complement bits.
    pub fn fits_signed(self, width: u32) -> bool {
        self.0.is_some_and(|(lo, hi)| bits_signed(lo, hi) <= width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_of_bounds() {
        assert_eq!([0, 1, 2, 255, 256].map(bits_unsigned), [1, 1, 2, 8, 9]);
        assert_eq!(bits_signed(-128, 127), 8);
        assert_eq!(bits_signed(-129, 0), 9);
        assert_eq!(bits_signed(0, 0), 1);
        assert_eq!(bits_signed(0, 1), 2);
    }

    #[test]
    fn products_take_all_corners() {
        let a = Range::between(-3, 5);
        assert_eq!(a.times(a).bounds(), Some((-15, 25)));
        assert_eq!(Range::unsigned(100).times(Range::unsigned(100)).bounds(), None);
    }
}
