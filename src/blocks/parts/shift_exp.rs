//! The exponential of I-ViT: about |x0|·2^n·e^(x/|x0|), in three steps between which registers fit.
use crate::hdl::dsl::bits_unsigned;
use crate::hdl::prelude::*;

/// Constants of one exponential.
#[derive(Clone, Copy, Debug)]
pub struct ShiftExp {
    /// |x0|.
    pub unit: u64,
    /// Binary digits.
    pub n: u32,
    /// Whether the half of an odd remainder is dropped before the shift.
    pub floor_half: bool,
    /// Bits of the result, which is clamped to them.
    pub bits: u32,
}

/// An exponent apart: −q·|x0| − rest, counted from the smallest q there is.
#[derive(Clone, Copy)]
pub struct Exponent<'b> {
    /// q, plus [`Exponent::above`].
    pub quotient: UInt<'b>,
    /// At most |x0| − 1.
    pub rest: UInt<'b>,
    /// How far below 0 q can be.
    pub above: u32,
}

impl ShiftExp {
    /// With as many bits as numbers up to 0 need.
    pub fn new(unit: u64, n: u32, floor_half: bool) -> Self {
        ShiftExp { unit, n, floor_half, bits: bits_unsigned(u128::from(unit) << n) }
    }

    /// About x·log2(e).
    pub fn scaled<'b>(&self, x: SInt<'b>) -> SInt<'b> {
        let scaled = x + x.asr(1) - x.asr(4);
        match x.range().bounds() {
            // It rises with x.
            Some((lo, hi)) => {
                let of = |x: i128| x + (x >> 1) - (x >> 4);
                scaled.assume_within(of(lo), of(hi))
            }
            None => scaled,
        }
    }

    /// Apart, by the digits of q.
    pub fn apart<'b>(&self, scaled: SInt<'b>) -> Exponent<'b> {
        let m = scaled.builder();
        let unit = u128::from(self.unit);
        let top = scaled.range().bounds().map_or(0, |(_, hi)| hi.max(0) as u128);
        let above = top.div_ceil(unit);
        let most = (u128::from(self.n) + above) * unit;
        let down = (m.int((above * unit) as i128) - scaled).assume_non_negative();
        let mut rest = down.min(m.nat(most));
        let digits = bits_unsigned(u128::from(self.n) + above);
        let mut quotient: Option<UInt> = None;
        for digit in (0..digits).rev() {
            let part = unit << digit;
            let goes = rest.ge(m.nat(part));
            let less = (rest - m.nat(part)).assume_non_negative();
            rest = goes.select(less, rest).assume_at_most(part - 1);
            rest = rest.wrap(bits_unsigned(part - 1));
            quotient = Some(quotient.map_or(goes.uint(), |q| q.cat(goes.uint())));
        }
        let quotient = quotient.unwrap_or_else(|| m.nat(0)).assume_at_most(u128::from(self.n) + above);
        Exponent { quotient, rest, above: above as u32 }
    }

    /// The result.
    pub fn raised<'b>(&self, e: Exponent<'b>) -> UInt<'b> {
        let m = e.quotient.builder();
        let unit = u128::from(self.unit);
        // Twice (|x0| − rest/2), from |x0| + 1 to 2·|x0|.
        let twice = (m.nat(2 * unit) - e.rest).assume_non_negative();
        let value = if self.floor_half { twice.trunc_low(1) } else { twice };
        let lost = u32::from(!self.floor_half);
        let up = (m.nat(u128::from(self.n + e.above)) - e.quotient).assume_non_negative();
        let all = self.n + e.above;
        if e.above == 0 {
            // Nothing is lost by shifting down: q is at most n.
            let value = value.shl_const(all).shr(e.quotient).trunc_low(lost).assume_at_most(unit << self.n);
            return value.saturate(self.bits);
        }
        // A shift by as many bits as the result has leaves it.
        let cap = self.bits.min(all);
        let far = up.ge(m.nat(u128::from(cap) + 1));
        let by = up.min(m.nat(u128::from(cap)));
        let wide = value.zext(value.width() + cap).shl(by).trunc_low(lost);
        let value = wide.saturate(self.bits);
        let ones = m.uint((BigUint::from(1u32) << self.bits) - 1u32, self.bits);
        far.select(ones, value)
    }
}
