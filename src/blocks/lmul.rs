//! L-Mul: multiplies two floating-point numbers by adding their codes as integers.
//!
//! `a b` → `y`, after "Addition is all you need for energy-efficient language models". Exponent and
//! fraction fields are read as one integer; their sum less a constant is the code of the product,
//! the sign is the exclusive or. The constant is the bias less 2^-l, where l is the number of
//! fraction bits m up to 3, then 3 for m = 4 and 4 beyond (`--offset paper`; `bias` leaves 2^-l
//! away, Mitchell's logarithmic product). A carry out of the fraction enters the exponent, so this
//! is (1 + x + y + 2^-l)·2^e of the paper only while x + y + 2^-l < 1; beyond that it is 2·(x + y + 2^-l)·2^e.
//!
//! * An operand with exponent field 0 (zero or subnormal) gives +0, and so does a sum below zero.
//! * A sum that leaves the fields gives `--sat-code`: the largest finite number, or all ones.
//! * Codes that are not numbers are added like any other, and may come out; `--specials saturate`
//!   gives `--sat-code` instead of a code above the largest finite one.
//! * A sum with exponent field 0 is a result like any other; `--underflow flush` makes it +0.
//!
//! Combinational.
use super::params::ParamError;
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Product by integer addition.
    pub struct Lmul {
        /// format of operands and product
        format: Format = "e4m3fn",
        /// what is taken off the sum of the fields
        offset: Offset = "paper",
        /// result of a sum beyond the fields
        sat_code: SatCode = "maxfinite",
        /// sums with exponent field 0
        underflow: Underflow = "pass",
        /// sums that are codes above the largest finite number
        specials: Specials = "pass",
    }
}

choices! {
    /// What is taken off the sum of the fields.
    pub enum Offset {
        /// The bias, less 2^-l.
        Paper = "paper",
        /// The bias.
        Bias = "bias",
    }
}

choices! {
    /// Magnitude of a sum beyond the fields.
    pub enum SatCode {
        /// The largest finite number.
        MaxFinite = "maxfinite",
        /// Exponent and fraction all ones.
        Ones = "ones",
    }
}

choices! {
    /// What becomes of a sum with exponent field 0.
    pub enum Underflow {
        /// It is the result.
        Pass = "pass",
        /// +0.
        Flush = "flush",
    }
}

choices! {
    /// What becomes of a sum that is the code of an infinity or NaN.
    pub enum Specials {
        /// It is the result.
        Pass = "pass",
        /// The saturation code.
        Saturate = "saturate",
    }
}

impl Lmul {
    /// The fields of the format; validated.
    fn fields_of(&self) -> Minifloat {
        match self.format {
            Format::Minifloat(f) => f,
            _ => unreachable!("internal error: parameters not validated"),
        }
    }
}

impl Block for Lmul {
    const NAME: &'static str = "lmul";
    const DOC: &'static str = "L-Mul: approximate product by integer addition of the codes";

    fn validate(&self) -> Result<(), ParamError> {
        match self.format {
            Format::Minifloat(f) if f.exp_bits > 0 => Ok(()),
            _ => Err(ParamError::new("format", "allowed: floating-point formats with an exponent field (e4m3fn, e5m2, bf16, …)")),
        }
    }

    fn ports(&self) -> Vec<Port> {
        vec![Port::operand("a", &self.format, 1), Port::operand("b", &self.format, 1), Port::result("y", &self.format)]
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }
}

mod rtl {
    use super::{Lmul, Offset, SatCode, Specials, Underflow};
    use crate::blocks::parts::fixed::largest_code;
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Lmul, m: Builder<'b>) {
        let f = p.fields_of();
        let width = f.exp_bits + f.frac_bits;
        let (a, b) = (m.uint_in("a", p.format.bits()), m.uint_in("b", p.format.bits()));
        let field = |x: UInt<'b>| x.slice(width - 1, 0);
        let exponent = |x: UInt<'b>| x.slice(width - 1, f.frac_bits);
        let ones = (1u64 << width) - 1;
        wires! {
            let zero_in = exponent(a).is_zero() | exponent(b).is_zero();
            let total = (field(a) + field(b)).signed() - m.int(offset(p, &f));
            let low = total.wrap(width).bits();
            let below = total.is_negative();
        }
        let last = if p.specials == Specials::Saturate { largest_code(&f) } else { ones };
        let over = total.gt(m.int(i128::from(last))).named("over");
        let end = m.uint(if p.sat_code == SatCode::Ones { ones } else { largest_code(&f) }, width);
        let magnitude = over.select(end, low).named("magnitude");
        let mut zero = zero_in | below;
        if p.underflow == Underflow::Flush {
            zero = zero | (exponent(magnitude).is_zero() & !over);
        }
        let zero = zero.named("zero");
        if !f.signed {
            return m.output("y", zero.select(m.uint(0u32, width), magnitude));
        }
        let mut sign = a.msb() ^ b.msb();
        if matches!(f.special, Special::Fnuz | Special::P3109 { .. }) {
            // The code of -0 is a NaN.
            sign = sign & magnitude.any();
        }
        let code = sign.named("sign").uint().cat(magnitude);
        m.output("y", zero.select(m.uint(0u32, width + 1), code));
    }

    /// (bias - 2^-l) in units of the last fraction bit.
    fn offset(p: &Lmul, f: &Minifloat) -> i128 {
        let l = match f.frac_bits {
            m @ 0..=3 => m,
            4 => 3,
            _ => 4,
        };
        let correction = if p.offset == Offset::Paper { 1 << (f.frac_bits - l) } else { 0 };
        (i128::from(f.bias) << f.frac_bits) - correction
    }
}

mod golden {
    use super::{Lmul, Offset, SatCode, Specials, Underflow};
    use crate::golden::model::{Model, pure};
    use num_bigint::BigUint;

    /// Of one line of the published algorithm after the other, in integers.
    pub fn model(p: &Lmul) -> Box<dyn Model> {
        let p = p.clone();
        pure(move |inputs, outputs| {
            let code = |i: usize| inputs[i].iter_u64_digits().next().unwrap_or(0);
            outputs.push(BigUint::from(product(&p, code(0), code(1))));
        })
    }

    fn product(p: &Lmul, a: u64, b: u64) -> u64 {
        let f = p.fields_of();
        let one = 1i64 << f.frac_bits;
        let fields = one << f.exp_bits;
        let (x, y) = (a as i64 % fields, b as i64 % fields);
        if x < one || y < one {
            return 0;
        }
        let l = [0, 1, 2, 3, 3].get(f.frac_bits as usize).copied().unwrap_or(4);
        let paper = if p.offset == Offset::Paper { one >> l } else { 0 };
        let total = x + y - i64::from(f.bias) * one + paper;
        let largest = f.last_magnitude() as i64;
        let saturated = if p.sat_code == SatCode::Ones { fields - 1 } else { largest };
        let beyond = total >= fields || p.specials == Specials::Saturate && total > largest;
        let magnitude = match total {
            _ if beyond => saturated,
            t if t < 0 || t < one && p.underflow == Underflow::Flush => return 0,
            t => t,
        };
        let negative = (a as i64 >= fields) != (b as i64 >= fields);
        if negative && (magnitude > 0 || p.format.has_negative_zero()) { (fields + magnitude) as u64 } else { magnitude as u64 }
    }
}
