//! Division by constants.
use super::range::{Range, bits_unsigned};
use super::signal::UInt;
use num_bigint::BigUint;
use num_traits::One;
use std::panic::Location;

impl<'b> UInt<'b> {
    /// The quotient by a constant, rounded down: a product with a reciprocal just long enough for every number of this width
    /// (T. Granlund and P. L. Montgomery, *PLDI* 1994), which an architecture may replace by other structures.
    #[track_caller]
    pub fn divided_by(self, divisor: u64) -> UInt<'b> {
        let least = self.range.bounds().map(|(_, hi)| hi as u128 / u128::from(divisor.max(1)));
        let quotient = if divisor.is_power_of_two() {
            let low = divisor.trailing_zeros();
            if low < self.width { self.trunc_low(low) } else { self.m.nat(0) }
        } else if divisor == 0 {
            let loc = Location::caller();
            self.m.error_at(loc, "W005", "a division by 0".into(), &[self.id], "divide by a number from 1 on");
            self
        } else {
            match reciprocal(self.width, divisor) {
                Some((factor, low)) => {
                    let bits = factor.bits() as u32;
                    // The reciprocal holds for all numbers of this width, so the whole width counts.
                    let all = UInt { range: Range::unsigned(self.width), ..self };
                    (all * self.m.uint(factor, bits)).trunc_low(low)
                }
                None => self.m.nat(0),
            }
        };
        match least {
            Some(most) => quotient.assume_at_most(most).wrap(bits_unsigned(most).min(quotient.width)),
            None => quotient,
        }
    }

    /// What a division by a constant leaves.
    #[track_caller]
    pub fn remainder_by(self, divisor: u64) -> UInt<'b> {
        let quotient = self.divided_by(divisor);
        let bits = bits_unsigned(u128::from(divisor.max(2) - 1));
        if divisor.is_power_of_two() {
            return if divisor == 1 { self.m.nat(0) } else { self.wrap(bits.min(self.width)) };
        }
        // The low bits of the difference are all of it.
        let less = (quotient * self.m.nat(u128::from(divisor))).wrap(bits);
        let rest = (self.wrap(bits) - less).bits().wrap(bits);
        rest.assume_at_most(u128::from(divisor.max(1) - 1))
    }
}

/// The shortest factor and the bits below the quotient: x · factor / 2^low is the quotient of every x of `bits` bits. Nothing if
/// they are all less than the divisor.
pub(crate) fn reciprocal(bits: u32, divisor: u64) -> Option<(BigUint, u32)> {
    let divisor = BigUint::from(divisor);
    let all = BigUint::one() << bits;
    // The largest number that is one short of a multiple: the first to be rounded up if the factor is too long.
    let most = &all / &divisor * &divisor;
    if most.bits() == 0 {
        return None;
    }
    let most = most - 1u32;
    (0..).find_map(|low| {
        let one = BigUint::one() << low;
        let factor = &one / &divisor + 1u32;
        (&most * (&factor * &divisor - &one) < one).then_some((factor, low))
    })
}
