//! Exact products and sums: the fixed-point (Kulisch) view.
use super::decode::{Number, Operand, either};
use super::sum;
use crate::formats::*;
use crate::hdl::prelude::*;

/// An exact value with its exceptions: value × 2^lsb unless `nan` or infinite.
#[derive(Clone, Copy)]
pub struct Exact<'b> {
    /// Two's complement.
    pub value: SInt<'b>,
    /// Weight of its least significant bit.
    pub lsb: i32,
    /// Not a number.
    pub nan: Option<Bit<'b>>,
    /// +infinity took part.
    pub pos_inf: Option<Bit<'b>>,
    /// -infinity took part.
    pub neg_inf: Option<Bit<'b>>,
}

/// The exact product of two operands. IEEE 754 rules: NaN in, NaN out; 0 × infinity is NaN; the sign is the exclusive or.
pub fn exact_product<'b>(a: Operand<'b>, b: Operand<'b>) -> Operand<'b> {
    if let (Operand::Fixed { value: x, lsb: i }, Operand::Fixed { value: y, lsb: j }) = (a, b) {
        return Operand::Fixed { value: (x * y).named("prod"), lsb: i + j };
    }
    let (a, b) = (a.number(), b.number());
    let zero_inf = |z: &Number<'b>, i: &Number<'b>| i.inf.map(|inf| inf & z.is_zero());
    let nan = either(either(a.nan, b.nan), either(zero_inf(&a, &b), zero_inf(&b, &a)));
    // An infinity in a format's code has significand bits of its own; only the other operand's zero matters.
    let inf = either(a.inf, b.inf).map(|i| nan.map_or(i, |n| i & !n));
    Operand::Float(Number {
        sign: (a.sign ^ b.sign).named("prod_sign"),
        sig: (a.sig * b.sig).named("prod_sig"),
        exp: (a.exp + b.exp).named("prod_exp"),
        nan,
        inf,
        leading_zeros: a.leading_zeros + b.leading_zeros + 1,
    })
}

/// Largest magnitude of a finite value and the weight of the last place, as (integer, exponent); the integer counts units of 2^exponent.
pub fn extent(format: &Format) -> (BigUint, i32) {
    match format {
        Format::Minifloat(f) => {
            let steps = f.exp_bits.min(8);
            let ones = (1u64 << (f.exp_bits + f.frac_bits)) - 1;
            let top = match f.special {
                Special::None | Special::Fnuz => ones,
                Special::Ieee => ones - (1 << f.frac_bits),
                Special::Fn => ones - 1,
                Special::P3109 { extended } => ones - u64::from(extended) - u64::from(!f.signed),
            };
            let (field, frac) = (top >> f.frac_bits, top & ((1 << f.frac_bits) - 1));
            let units = if field == 0 || steps == 0 {
                BigUint::from(frac)
            } else {
                BigUint::from((1 << f.frac_bits) + frac) << (field - 1)
            };
            (units, 1 - f.bias - f.frac_bits as i32)
        }
        Format::Int(f) => {
            let one = BigUint::from(1u32);
            let units = match f.kind {
                IntKind::Unsigned => (&one << f.bits) - &one,
                IntKind::Twos | IntKind::Symmetric => &one << (f.bits - 1),
                IntKind::SignMagnitude => (&one << (f.bits - 1)) - &one,
            };
            (units, f.lsb_exp)
        }
        Format::E8m0 => (BigUint::from(1u32) << 254, -127),
        Format::Table(t) => {
            let lsb = t.values.iter().filter(|v| v.0 != 0).map(|v| v.1 + v.0.trailing_zeros() as i32).min().unwrap_or(0);
            let units = |v: &(i64, i32)| {
                let shift = v.1 - lsb;
                let x = BigUint::from(v.0.unsigned_abs());
                if shift >= 0 { x << shift } else { x >> -shift }
            };
            (t.values.iter().map(units).max().unwrap_or_default(), lsb)
        }
    }
}

/// The product of an operand of each format in fixed point: largest magnitude in units, and the weight of the unit.
/// Two's complement minima meet in +2^(wa+wb-2), which this bound includes.
pub fn product_extent(a: &Format, b: &Format) -> (BigUint, i32) {
    let ((x, i), (y, j)) = (extent(a), extent(b));
    (x * y, i + j)
}

/// Bits of the narrowest two's complement register that holds the sum of any `terms` products
/// (Kulisch; bit length of terms × largest product, and a sign).
pub fn accumulator_bits(a: &Format, b: &Format, terms: u32) -> u32 {
    let (units, _) = product_extent(a, b);
    (units * terms).bits() as u32 + 1
}

/// A value as an integer multiple of 2^`lsb`, which must be at most its smallest weight. `largest`
/// bounds the magnitude of the result wherever it matters (not for infinities and NaNs).
pub fn to_fixed<'b>(x: Operand<'b>, lsb: i32, largest: &BigUint) -> Exact<'b> {
    match x {
        Operand::Fixed { value, lsb: own } => {
            Exact { value: value.shl_const((own - lsb) as u32), lsb, nan: None, pos_inf: None, neg_inf: None }
        }
        Operand::Float(n) => {
            let m = n.sign.builder();
            let distance = (n.exp - m.int(i128::from(lsb))).assume_non_negative();
            let width = (largest.bits() as u32).max(1);
            let magnitude = n.sig.wrap(width.max(n.sig.width())).shl(distance).wrap(width).named("fixed");
            let magnitude = match u128::try_from(largest) {
                Ok(hi) if hi < 1 << 119 => magnitude.assume_at_most(hi),
                _ => magnitude,
            };
            let plus = magnitude.signed();
            let value = n.sign.select(-plus, plus).named("term");
            Exact { value, lsb, nan: n.nan, pos_inf: n.inf.map(|i| i & !n.sign), neg_inf: n.inf.map(|i| i & n.sign) }
        }
    }
}

/// The exact sum of terms on one grid; opposite infinities make NaN.
pub fn exact_sum<'b>(m: Builder<'b>, terms: &[Exact<'b>]) -> Exact<'b> {
    let value = sum(m, &terms.iter().map(|t| t.value).collect::<Vec<_>>());
    let any = |f: fn(&Exact<'b>) -> Option<Bit<'b>>| terms.iter().map(f).fold(None, either);
    let (pos_inf, neg_inf) = (any(|t| t.pos_inf), any(|t| t.neg_inf));
    let clash = pos_inf.zip(neg_inf).map(|(p, n)| p & n);
    let nan = either(any(|t| t.nan), clash).map(|n| n.named("sum_nan"));
    Exact { value, lsb: terms.first().map_or(0, |t| t.lsb), nan, pos_inf, neg_inf }
}

impl<'b> Exact<'b> {
    /// As a number to be rounded; an exact zero is positive.
    pub fn operand(self) -> Operand<'b> {
        let fixed = Operand::Fixed { value: self.value, lsb: self.lsb };
        let inf = either(self.pos_inf, self.neg_inf);
        if self.nan.is_none() && inf.is_none() {
            return fixed;
        }
        let n = fixed.number();
        let sign = match (inf, self.neg_inf) {
            (Some(i), Some(neg)) => i.select(neg, n.sign),
            (Some(i), None) => n.sign & !i,
            _ => n.sign,
        };
        let inf = inf.map(|i| self.nan.map_or(i, |bad| i & !bad));
        Operand::Float(Number { sign, nan: self.nan, inf, ..n })
    }
}
