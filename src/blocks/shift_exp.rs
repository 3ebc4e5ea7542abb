//! The integer-only exponential of I-ViT, by shifts and adds.
//!
//! `x` → `y`, about |x0|·2^n·e^(x·S) for an integer x of scale S, with x0 = floor(-1/S):
//!
//! * x' = x + (x >> 1) - (x >> 4), about x·log2(e), but at least n·x0;
//! * q = floor(x'/x0), r = x' - q·x0;
//! * `--variant pt` (the published PyTorch code): floor((r/2 - x0)·2^(n-q));
//!   `tvm` (its deployment code): ((r >> 1) - x0)·2^(n-q), with n = 16 there.
//!
//! `y` has the bits that |x0|·2^n needs, the result for x = 0; for x > 0 it is clamped to them. Combinational.
use super::params::{ParamError, ParamValue, Values};
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::{Builder, bits_unsigned};
use crate::{choices, params};

params! {
    /// Exponential by shifts and adds.
    pub struct ShiftExp {
        /// published program it follows
        variant: Variant = "pt",
        /// bits of x
        in_bits: u32 [2..=24] = "8",
        /// floor(-1/S) of the scale S of x
        x0: X0 = "-20",
        /// binary digits of the result
        n: u32 [4..=24] = "15",
    }
}

choices! {
    /// Which of the published programs is followed.
    pub enum Variant {
        /// PyTorch.
        Pt = "pt",
        /// TVM.
        Tvm = "tvm",
    }
}

/// floor(-1/S): a negative integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct X0(u64);

impl X0 {
    /// Largest magnitude.
    const MOST: u64 = 1 << 24;

    /// Its magnitude.
    pub fn magnitude(self) -> u64 {
        self.0
    }

    /// The integer.
    pub fn value(self) -> i64 {
        -(self.0 as i64)
    }
}

impl ParamValue for X0 {
    fn parse(text: &str) -> Result<Self, String> {
        let magnitude = text.strip_prefix('-').and_then(|t| t.parse::<u64>().ok());
        match magnitude.filter(|m| (1..=X0::MOST).contains(m)) {
            Some(m) => Ok(X0(m)),
            None => Err(format!("`{text}` is not {}", Self::allowed())),
        }
    }
    fn text(&self) -> String {
        self.value().to_string()
    }
    fn allowed() -> String {
        format!("a whole number from -{} to -1", X0::MOST)
    }
    fn values() -> Values {
        Values::Words(vec!["-1", "-2", "-3", "-15", "-20", "-21", "-33", "-100", "-256", "-400", "-2047"])
    }
    fn ident(&self, param: &str) -> String {
        format!("{param}m{}", self.0)
    }
}

/// Two's complement integers of so many bits.
pub(super) fn int(bits: u32) -> Format {
    Format::Int(IntFormat { bits, kind: IntKind::Twos, lsb_exp: 0 })
}

impl ShiftExp {
    /// Bits of the result.
    fn out_bits(&self) -> u32 {
        bits_unsigned(u128::from(self.x0.magnitude()) << self.n)
    }
}

impl Block for ShiftExp {
    const NAME: &'static str = "shift_exp";
    const DOC: &'static str = "integer-only exponential of I-ViT, by shifts and adds";

    fn validate(&self) -> Result<(), ParamError> {
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        let out = Format::Int(IntFormat { bits: self.out_bits(), kind: IntKind::Unsigned, lsb_exp: 0 });
        vec![Port::operand("x", &int(self.in_bits), 1), Port::result("y", &out)]
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }
}

mod rtl {
    use super::{ShiftExp, Variant};
    use crate::blocks::parts::shift_exp;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &ShiftExp, m: Builder<'b>) {
        let exp = shift_exp::ShiftExp::new(p.x0.magnitude(), p.n, p.variant == Variant::Tvm);
        let x = m.sint_in("x", p.in_bits);
        let scaled = exp.scaled(x).named("scaled");
        let apart = exp.apart(scaled);
        apart.quotient.named("q");
        apart.rest.named("rest");
        m.output("y", exp.raised(apart).wrap(p.out_bits()));
    }
}

mod golden {
    use super::{ShiftExp, Variant};
    use crate::golden::int;
    use crate::golden::ivit;
    use crate::golden::model::{Model, pure};

    pub fn model(p: &ShiftExp) -> Box<dyn Model> {
        let p = p.clone();
        let variant = match p.variant {
            Variant::Pt => ivit::Variant::Pt,
            Variant::Tvm => ivit::Variant::Tvm,
        };
        let (x0, bits) = (p.x0.value().into(), p.out_bits());
        pure(move |inputs, outputs| {
            let y = ivit::shift_exp(&int::from_code(&inputs[0], p.in_bits), &x0, p.n, variant);
            // What is not negative and one bit wider than the port is clamped as two's complement.
            outputs.push(int::to_code(&int::fit(&y, bits + 1, int::Fit::Saturate), bits));
        })
    }
}
