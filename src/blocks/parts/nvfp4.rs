//! Quantisers with a scale that is a number: exact quotients rounded once, or for NVFP4 the operations of public libraries, each of them
//! rounded to binary32.
use super::decode::{Number, either};
use super::fixed::extent;
use super::{Operand, Target, accumulate, decode, encode, exact_product, quotient};
use crate::formats::*;
use crate::hdl::prelude::*;

/// Steps of binary32.
const SINGLE: Format =
    Format::Minifloat(Minifloat { signed: true, exp_bits: 8, frac_bits: 23, bias: 127, special: Special::Ieee });

/// Largest element.
const SIX: u32 = 6;

/// A block, its largest magnitude, and where scale and elements go. Infinities and NaNs among the operands are the caller's.
pub struct Nvfp4<'b, 'f> {
    /// Values.
    pub lanes: Vec<Number<'b>>,
    /// Largest magnitude.
    pub amax: Number<'b>,
    /// Scales; those of libraries are E4M3.
    pub scales: Target<'f>,
    /// Elements; those of libraries are E2M1.
    pub elements: Target<'f>,
}

/// Codes of a scale and of the elements under it.
pub struct Quantized<'b> {
    /// The scale.
    pub scale: UInt<'b>,
    /// The elements.
    pub elements: Vec<UInt<'b>>,
}

/// A rounding to binary32.
fn step<'b>(x: Number<'b>, overflow: Overflow) -> Number<'b> {
    read(&SINGLE, encode(&Target::new(&SINGLE, Rounding::nearest(overflow)), None, Operand::Float(x)))
}

fn read<'b>(format: &Format, code: UInt<'b>) -> Number<'b> {
    decode(format, false, code).number()
}

fn times<'b>(a: Number<'b>, b: Number<'b>) -> Number<'b> {
    step(exact_product(Operand::Float(a), Operand::Float(b)).number(), Overflow::Nonfinite)
}

/// a / b for b that is not negative, not rounded yet.
fn ratio<'b>(a: Number<'b>, b: Number<'b>) -> Number<'b> {
    let target = Target::new(&SINGLE, Rounding::nearest(Overflow::Nonfinite));
    let (n, none) = (quotient(a, b, target.keep()), b.is_zero());
    let both = either(Some(none & a.is_zero()), a.inf.zip(b.inf).map(|(a, b)| a & b));
    let nan = either(either(a.nan, b.nan), both);
    let inf = either(a.inf, Some(none)).map(|i| nan.map_or(i, |nan| i & !nan));
    let sig = b.inf.map_or(n.sig, |inf| inf.select(n.sig.builder().uint(0u32, n.sig.width()), n.sig));
    Number { sig, nan, inf, ..n }
}

fn over<'b>(a: Number<'b>, b: Number<'b>) -> Number<'b> {
    step(ratio(a, b), Overflow::Nonfinite)
}

/// a / b, at most the largest number.
fn finite_over<'b>(a: Number<'b>, b: Number<'b>) -> Number<'b> {
    step(ratio(a, b), Overflow::Saturate)
}

/// n · 2^lsb.
fn number<'b>(m: Builder<'b>, n: impl Into<BigUint>, lsb: i32) -> Number<'b> {
    let n = n.into();
    let sig = m.uint(n.clone(), (n.bits() as u32).max(1));
    let (nan, inf, grid) = (None, None, lsb.into());
    Number { sign: m.low(), sig, exp: m.int(0), scale: lsb, nan, inf, leading_zeros: 0, grounded: true, grid, can_be_zero: true }
}

impl<'b> Nvfp4<'b, '_> {
    fn m(&self) -> Builder<'b> {
        self.amax.sig.builder()
    }

    fn scale(&self, x: Number<'b>) -> UInt<'b> {
        encode(&self.scales, None, Operand::Float(x))
    }

    /// x · factor.
    fn under(&self, scale: UInt<'b>, factor: Number<'b>) -> Quantized<'b> {
        let element = |(i, x): (usize, &Number<'b>)| {
            self.m().scope(&format!("lane{i}"), || encode(&self.elements, None, Operand::Float(times(*x, factor))))
        };
        Quantized { scale, elements: self.lanes.iter().enumerate().map(element).collect() }
    }

    /// Exact quotients: amax / (t · largest element), and x / (t · scale); zeros under a scale of 0.
    pub fn exact(&self, tensor: Option<Number<'b>>) -> Quantized<'b> {
        let m = self.m();
        // A divisor: times the scale of the tensor, if there is one.
        let times = |x: Number<'b>| tensor.map_or(x, |t| exact_product(Operand::Float(x), Operand::Float(t)).number());
        let zero = |code: UInt<'b>, when: Bit<'b>| when.select(m.uint(0u32, code.width()), code);
        let (_, largest, lsb) = extent(self.elements.format, false);
        let even = largest.magnitude().trailing_zeros().unwrap_or(0);
        let most = number(m, largest.magnitude() >> even, lsb + even as i32);
        let scale = m.scope("scale", || self.scale(quotient(self.amax, times(most), self.scales.keep())));
        let scale = tensor.map_or(scale, |t| zero(scale, t.is_zero())).named("scale_code");
        let divisor = m.scope("divisor", || times(read(self.scales.format, scale)));
        let none = divisor.is_zero().named("scale_is_zero");
        let element = |(i, x): (usize, &Number<'b>)| {
            m.scope(&format!("lane{i}"), || {
                let n = quotient(*x, divisor, self.elements.keep());
                encode(&self.elements, None, Operand::Float(Number { sig: zero(n.sig, none), ..n }))
            })
        };
        Quantized { scale, elements: self.lanes.iter().enumerate().map(element).collect() }
    }

    /// torchao's: scale = amax / 6 / t, not below the normal numbers; factor 1 / t / scale. All is 0 under a scale t of the tensor that is.
    pub fn torchao(&self, tensor: Option<Number<'b>>) -> Quantized<'b> {
        let (m, by) = (self.m(), |x| tensor.map_or(x, |t| over(x, t)));
        let scale = m.scope("scale", || self.scale(by(over(self.amax, number(m, SIX, 0)))));
        let least = match self.scales.format {
            Format::Minifloat(f) => m.uint(1u32 << f.frac_bits, scale.width()),
            _ => scale,
        };
        let scale = scale.lt(least).select(least, scale);
        let none = |x: UInt<'b>| tensor.map_or(x, |t| t.is_zero().select(m.uint(0u32, x.width()), x));
        let factor = m.scope("factor", || over(by(number(m, 1u32, 0)), read(self.scales.format, scale)));
        let flag = |flag: Option<Bit<'b>>| flag.map(|f| tensor.map_or(f, |t| f & !t.is_zero()));
        self.under(none(scale), Number { sig: none(factor.sig), nan: flag(factor.nan), inf: flag(factor.inf), ..factor })
    }

    /// TransformerEngine's factor of the tensor: 6 · most / its largest magnitude.
    fn encoding(&self, most: u32, tensor: Number<'b>) -> Number<'b> {
        self.m().scope("tensor", || finite_over(number(self.m(), SIX * most, 0), tensor))
    }

    /// The scale rounded, and the elements by 1 / (scale · (1 / g)).
    fn inverse(&self, scale: Number<'b>, inverse_g: Number<'b>) -> Quantized<'b> {
        let m = self.m();
        let scale = m.scope("scale", || self.scale(scale));
        let by = m.scope("divisor", || times(read(self.scales.format, scale), inverse_g));
        self.under(scale, m.scope("factor", || finite_over(number(m, 1u32, 0), by)))
    }

    /// TransformerEngine's: scale = amax · (g · (1 / 6)).
    pub fn transformer_engine(&self, tensor: Number<'b>) -> Quantized<'b> {
        let (m, g) = (self.m(), self.encoding(448, tensor));
        let one = number(m, 1u32, 0);
        let multiplier = m.scope("multiplier", || times(g, over(one, number(m, SIX, 0))));
        self.inverse(m.scope("quotient", || times(self.amax, multiplier)), m.scope("inverse", || over(one, g)))
    }

    /// TransformerEngine's choice of two scales, amax / 6 · g and half as much again: the one of the smaller squared error, the first of equals.
    pub fn four_over_six(&self, most: u32, tensor: Number<'b>) -> Quantized<'b> {
        let (m, g) = (self.m(), self.encoding(most, tensor));
        let base = m.scope("quotient", || times(over(self.amax, number(m, SIX, 0)), g));
        let inverse_g = m.scope("inverse", || over(number(m, 1u32, 0), g));
        let six = m.scope("six", || self.inverse(base, inverse_g));
        let four = m.scope("four", || self.inverse(times(base, number(m, 3u32, -1)), inverse_g));
        let [error_six, error_four] =
            [("error_six", &six), ("error_four", &four)].map(|(name, q)| m.scope(name, || self.squared_error(q, most, tensor)));
        let wider = error_four.lt(error_six).named("wider");
        let elements = four.elements.iter().zip(&six.elements).map(|(four, six)| wider.select(*four, *six));
        Quantized { elements: elements.collect(), scale: wider.select(four.scale, six.scale) }
    }

    /// Code of the sum of (element · scale · tensor / (6 · most) - x)², lane 0 first.
    fn squared_error(&self, q: &Quantized<'b>, most: u32, tensor: Number<'b>) -> UInt<'b> {
        let (m, single) = (self.m(), Target::new(&SINGLE, Rounding::nearest(Overflow::Nonfinite)));
        let sum = |a: Number<'b>, b: Number<'b>| accumulate(&single, None, Operand::Float(a), Operand::Float(b));
        let scale = read(self.scales.format, q.scale);
        let squares = q.elements.iter().zip(&self.lanes).enumerate().map(|(i, (code, x))| {
            m.scope(&format!("lane{i}"), || {
                let product = exact_product(Operand::Float(read(self.elements.format, *code)), Operand::Float(scale));
                let back = over(times(product.number(), tensor), number(m, SIX * most, 0));
                let difference = read(&SINGLE, sum(back, Number { sign: !x.sign, ..*x }));
                times(difference, difference)
            })
        });
        let squares: Vec<Number<'b>> = squares.collect();
        let add = |total: Option<UInt<'b>>, square: &Number<'b>| {
            let so_far = total.map_or(number(m, 0u32, 0), |code| read(&SINGLE, code));
            Some(m.scope("sum", || sum(so_far, *square)))
        };
        squares.iter().fold(None, add).unwrap_or_else(|| m.nat(0))
    }
}
