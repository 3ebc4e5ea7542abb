//! [`Bits`]: an unsigned two-state value of known width, the reference currency of evaluation.
//! Built on big integers: obvious rather than fast. Speed lives in [`crate::sim`].
use num_bigint::{BigInt, BigUint};
use num_traits::{One, ToPrimitive, Zero};

/// A value of exactly `width` bits (at least one). Equality includes the width.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits {
    width: u32,
    value: BigUint,
}

impl Bits {
    /// The low `width` bits of `value`.
    pub fn new(width: u32, value: BigUint) -> Self {
        assert!(width > 0, "internal error: zero-width value");
        let value = if value.bits() > u64::from(width) { value & mask(width) } else { value };
        Bits { width, value }
    }

    /// The low `width` bits of a small number.
    pub fn small(width: u32, value: u64) -> Self {
        Self::new(width, BigUint::from(value))
    }

    /// Zero.
    pub fn zero(width: u32) -> Self {
        Self::new(width, BigUint::zero())
    }

    /// All ones.
    pub fn ones(width: u32) -> Self {
        Bits { width, value: mask(width) }
    }

    /// One bit.
    pub fn bit(value: bool) -> Self {
        Self::small(1, u64::from(value))
    }

    /// The low `width` bits of the two's complement form of `value`.
    pub fn from_signed(width: u32, value: &BigInt) -> Self {
        let modulus = BigInt::one() << width;
        let low = ((value % &modulus) + &modulus) % &modulus;
        Self::new(width, low.to_biguint().unwrap_or_default())
    }

    /// Width in bits.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Value read as unsigned.
    pub fn unsigned(&self) -> &BigUint {
        &self.value
    }

    /// Value read as two's complement.
    pub fn signed(&self) -> BigInt {
        let v = BigInt::from(self.value.clone());
        if self.get(self.width - 1) { v - (BigInt::one() << self.width) } else { v }
    }

    /// Bit `i`, 0 = least significant.
    pub fn get(&self, i: u32) -> bool {
        self.value.bit(u64::from(i))
    }

    /// True if every bit is 0.
    pub fn is_zero(&self) -> bool {
        self.value.is_zero()
    }

    /// True if every bit is 1.
    pub fn is_ones(&self) -> bool {
        self.value.count_ones() == u64::from(self.width)
    }

    /// `width` bits from bit `lo` up; bits beyond the top read as 0.
    pub fn slice(&self, lo: u32, width: u32) -> Self {
        Self::new(width, &self.value >> lo)
    }

    /// `self` above `low`.
    pub fn concat(&self, low: &Bits) -> Self {
        Bits { width: self.width + low.width, value: (&self.value << low.width) | &low.value }
    }

    /// As a `u64` if it fits.
    pub fn to_u64(&self) -> Option<u64> {
        self.value.to_u64()
    }

    /// Lower-case hexadecimal without prefix, padded to the width.
    pub fn hex(&self) -> String {
        format!("{:0>1$x}", self.value, self.width.div_ceil(4) as usize)
    }
}

fn mask(width: u32) -> BigUint {
    (BigUint::one() << width) - BigUint::one()
}
