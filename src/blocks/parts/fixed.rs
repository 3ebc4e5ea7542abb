//! Exact sums: the fixed-point (Kulisch) view.
use super::decode::{Number, Operand, either, never};
use super::sum;
use crate::formats::*;
use crate::hdl::prelude::*;
use num_traits::{Signed, ToPrimitive};

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

/// Least and largest finite value of a format, in units of the returned weight (a power of two that divides every value).
pub fn extent(format: &Format, flush: bool) -> (BigInt, BigInt, i32) {
    let one = BigInt::from(1u32);
    match format {
        Format::Minifloat(f) => {
            let (field, frac) = ((largest_code(f) >> f.frac_bits) as u32, largest_code(f) & ((1 << f.frac_bits) - 1));
            let lsb = 1 - f.bias - f.frac_bits as i32;
            match largest_code(f) >> f.frac_bits {
                0 if flush => return (BigInt::ZERO, BigInt::ZERO, 0),
                // A single number is left, the least normal one.
                1 if flush && frac == 0 => {
                    return (if f.signed { -one.clone() } else { BigInt::ZERO }, one, lsb + f.frac_bits as i32);
                }
                _ => {}
            }
            let units = if field == 0 { BigInt::from(frac) } else { BigInt::from((1 << f.frac_bits) + frac) << (field - 1) };
            let least = if f.signed { -units.clone() } else { BigInt::ZERO };
            (least, units, lsb)
        }
        Format::Int(f) => match f.kind {
            IntKind::Unsigned => (BigInt::ZERO, (&one << f.bits) - 1, f.lsb_exp),
            // An operand of a symmetric format may still carry the least code.
            IntKind::Twos | IntKind::Symmetric => (-(&one << (f.bits - 1)), (&one << (f.bits - 1)) - 1, f.lsb_exp),
            IntKind::SignMagnitude => (1 - (&one << (f.bits - 1)), (&one << (f.bits - 1)) - 1, f.lsb_exp),
        },
        Format::E8m0 => (BigInt::ZERO, one << 254, -127),
        Format::Table(t) => {
            let (units, lsb) = table_units(t);
            (units.iter().min().cloned().unwrap_or_default(), units.iter().max().cloned().unwrap_or_default(), lsb)
        }
    }
}

/// Code of the largest finite magnitude, without the sign.
pub fn largest_code(f: &Minifloat) -> u64 {
    let ones = (1u64 << (f.exp_bits + f.frac_bits)) - 1;
    match f.special {
        Special::None | Special::Fnuz => ones,
        Special::Ieee => ones - (1 << f.frac_bits),
        Special::Fn => ones - 1,
        Special::P3109 { extended } => ones - u64::from(extended) - u64::from(!f.signed),
    }
}

/// Weight of the last place of the largest finite value.
pub fn largest_step(f: &Minifloat) -> i64 {
    let field = ((largest_code(f) >> f.frac_bits) as i64).max(1);
    field - i64::from(f.bias) - i64::from(f.frac_bits)
}

/// The values of a table as integers, and their common weight.
pub fn table_units(t: &TableFormat) -> (Vec<BigInt>, i32) {
    let lsb = t.values.iter().filter(|v| v.0 != 0).map(|v| v.1 + v.0.trailing_zeros() as i32).min().unwrap_or(0);
    let units = |v: &(i64, i32)| {
        let shift = v.1 - lsb;
        if shift >= 0 { BigInt::from(v.0) << shift } else { BigInt::from(v.0) >> -shift }
    };
    (t.values.iter().map(units).collect(), lsb)
}

/// What a fixed-point value can be: integers from `lo` to `hi`, in units of 2^`lsb`.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Least.
    pub lo: BigInt,
    /// Largest.
    pub hi: BigInt,
    /// Weight of the unit.
    pub lsb: i32,
}

impl Bounds {
    /// Sums of up to `terms` products of operands of two formats, each with its flush of subnormals.
    pub fn of_sum(a: (&Format, bool), b: (&Format, bool), terms: u32) -> Bounds {
        let ((alo, ahi, i), (blo, bhi, j)) = (extent(a.0, a.1), extent(b.0, b.1));
        let corners = [&alo * &blo, &alo * &bhi, &ahi * &blo, &ahi * &bhi].map(|x| x * terms);
        let (lo, hi) = (corners.iter().min().cloned(), corners.iter().max().cloned());
        Bounds { lo: lo.unwrap_or_default().min(BigInt::ZERO), hi: hi.unwrap_or_default().max(BigInt::ZERO), lsb: i + j }
    }

    /// Sums of up to `terms` products of two such values.
    pub fn products(&self, other: &Bounds, terms: u32) -> Bounds {
        let ends = [&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi].map(|x| x * terms);
        let (lo, hi) = (ends.iter().min().cloned(), ends.iter().max().cloned());
        Bounds { lo: lo.unwrap_or_default(), hi: hi.unwrap_or_default(), lsb: self.lsb + other.lsb }
    }

    /// Bits of the narrowest two's complement word.
    pub fn bits(&self) -> u32 {
        signed_bits(&self.lo, &self.hi)
    }
}

/// Bits of the narrowest two's complement word that holds everything from `lo` to `hi`.
pub fn signed_bits(lo: &BigInt, hi: &BigInt) -> u32 {
    let of = |v: &BigInt| (if v.is_negative() { -v - 1 } else { v.clone() }).bits() as u32 + 1;
    of(lo).max(of(hi))
}

/// `value` with the bounds the caller knows, and no wider than they need.
pub fn bounded<'b>(value: SInt<'b>, lo: &BigInt, hi: &BigInt) -> SInt<'b> {
    let value = value.wrap(value.width().min(signed_bits(lo, hi)));
    match (lo.to_i128(), hi.to_i128()) {
        (Some(lo), Some(hi)) if value.width() <= 120 => value.assume_within(lo, hi),
        _ => value,
    }
}

/// A value as an integer multiple of 2^`lsb`, which must divide it.
pub fn to_fixed<'b>(x: Operand<'b>, lsb: i32) -> Exact<'b> {
    // The significand's places may be finer than any value is.
    let finer = i64::from(lsb) - x.grid();
    if finer > 0 {
        let fine = to_fixed(x, lsb - finer as i32);
        return Exact { value: fine.value.asr(finer as u32), lsb, ..fine };
    }
    match x {
        Operand::Fixed { value, lsb: own } => {
            Exact { value: value.shl_const((own - lsb) as u32), lsb, nan: None, pos_inf: None, neg_inf: None }
        }
        Operand::Float(n) => {
            let m = n.sign.builder();
            let width = (n.top().1 + 1 - i64::from(lsb)).max(1) as u32;
            // Distances that start at 1 or 2: shift as far as they say and drop the low bits, which are 0.
            let offset = i128::from(lsb) - i128::from(n.scale);
            let (distance, drop) = match n.exp.range().bounds() {
                Some((lo, _)) if (0..=3).contains(&offset) && lo >= offset => (n.exp.assume_non_negative(), offset as u32),
                _ => ((n.exp - m.int(offset)).assume_non_negative(), 0),
            };
            let frame = width.max(n.sig.width()) + 1 + drop;
            // Negated while it is short.
            let plus = n.sig.signed();
            let short = if never(n.sign) { plus } else { n.sign.select(-plus, plus).named("short") };
            let value = short.sext(frame.max(short.width())).bits().shl(distance).trunc_low(drop).wrap(width + 1).as_sint();
            let pos_inf = n.inf.map(|i| i & !n.sign);
            let neg_inf = n.inf.filter(|_| !never(n.sign)).map(|i| i & n.sign);
            Exact { value: value.named("term"), lsb, nan: n.nan, pos_inf, neg_inf }
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
    /// With bounds the caller knows.
    pub fn within(self, bounds: &Bounds) -> Self {
        Exact { value: bounded(self.value, &bounds.lo, &bounds.hi), ..self }
    }

    /// Output ports: the value, and the flags that can be 1, at most one of which is.
    pub fn output(self, m: Builder<'b>, name: &str, bits: u32) {
        m.output(name, self.value.sext(bits.max(self.value.width())));
        let finite = |flag: Bit<'b>| self.nan.map_or(flag, |nan| flag & !nan);
        if let Some(nan) = self.nan {
            m.output("nan", nan);
        }
        if let Some(inf) = self.pos_inf {
            m.output("pos_inf", finite(inf));
        }
        if let Some(inf) = self.neg_inf {
            m.output("neg_inf", finite(inf));
        }
    }

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
