//! Requantisation by dyadic fractions: integers to other integers of another scale, without a divider.
//!
//! `x` → `y` = clamp(ROUND(x · b / 2^c)), in every lane. `b` and `c` are constants, one for all lanes or one for each
//! (per channel), or ports of the same names. With `--residual FORMAT` there is a second addend `x2` with its own `b2` and `c2`:
//! both are rounded, then added, then clamped (I-ViT QuantAct). ROUND is to the nearest integer; halves go where
//! `--round` says. Nothing is lost before: `c` may be negative (an exact left shift) or larger than the product.
//! The clamp is to the range of `--to`. Combinational.
//!
//! `narrowgen constants requant --s-in 0.0123 --s-out 1` turns real scales into `b` and `c` as HAWQ and I-ViT do.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("requant").unwrap();
//! let fixed = block.configure(&[("from".into(), "int32".into()), ("b".into(), "1825361101".into()), ("c".into(), "30".into())]).unwrap();
//! assert_eq!(fixed.ports().last().unwrap().name, "y");
//! ```
use super::numbers::{Constants, Real, Reals};
use super::params::{ParamError, ParamValue};
use super::{Block, Port};
use crate::formats::*;
use crate::golden::dyadic::Dyadic;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};
use num_bigint::BigUint;

params! {
    /// Requantisation by dyadic fractions.
    pub struct Requant {
        /// integer format of x
        from: Format = "int32",
        /// integer format of y
        to: Format = "int8",
        /// numbers requantised side by side
        lanes: u32 [1..=1024] = "1",
        /// numerators
        b: Constants = "1690499128",
        /// binary exponents of the denominators
        c: Constants = "37",
        /// where halves go
        round: HalfTo = "half_up",
        /// integer format of the residual x2
        residual: Optional = "none",
        /// numerators of the residual
        b2: Constants = "1073741824",
        /// binary exponents of the residual's denominators
        c2: Constants = "31",
        /// bits of a numerator: of the ports b and b2, and what `constants` makes
        b_bits: u32 [2..=64] = "32",
        /// bits of the ports c and c2, two's complement
        c_bits: u32 [2..=8] = "7",
    }
}

choices! {
    /// Where a half goes.
    pub enum HalfTo {
        /// Toward +infinity: add a half and drop the fraction.
        Up = "half_up",
        /// Away from zero.
        Away = "half_away",
        /// To the even integer.
        Even = "half_even",
    }
}

/// One addend: where it comes from and its fraction.
struct Addend<'p> {
    x: &'static str,
    from: &'p Format,
    b: (&'static str, &'p Constants),
    c: (&'static str, &'p Constants),
}

impl Requant {
    /// The addends, one or two.
    fn addends(&self) -> Vec<Addend<'_>> {
        let mut all = vec![Addend { x: "x", from: &self.from, b: ("b", &self.b), c: ("c", &self.c) }];
        if let Some(from) = &self.residual.0 {
            all.push(Addend { x: "x2", from, b: ("b2", &self.b2), c: ("c2", &self.c2) });
        }
        all
    }
}

/// Complains about anything but a plain integer without fraction bits.
fn check_integer(param: &str, format: &Format) -> Result<(), ParamError> {
    match format {
        Format::Int(IntFormat { kind: IntKind::Twos | IntKind::Unsigned | IntKind::Symmetric, lsb_exp: 0, .. }) => Ok(()),
        _ => Err(ParamError::new(param, format!("`{}` is no plain integer; allowed: int2..=int64, uint1..=uint64, -sym", format.text()))),
    }
}

/// A two's complement integer format.
fn twos(bits: u32) -> Format {
    Format::Int(IntFormat { bits, kind: IntKind::Twos, lsb_exp: 0 })
}

impl Block for Requant {
    const NAME: &'static str = "requant";
    const DOC: &'static str = "integers to integers of another scale by dyadic fractions b / 2^c";

    fn validate(&self) -> Result<(), ParamError> {
        check_integer("from", &self.from)?;
        check_integer("to", &self.to)?;
        let whole = Requant::default();
        match &self.residual.0 {
            Some(format) => check_integer("residual", format)?,
            None if self.b2 != whole.b2 => return Err(ParamError::new("b2", "only used with --residual FORMAT")),
            None if self.c2 != whole.c2 => return Err(ParamError::new("c2", "only used with --residual FORMAT")),
            None => {}
        }
        for addend in self.addends() {
            addend.b.1.check(addend.b.0, self.lanes, i64::MIN + 1..=i64::MAX)?;
            addend.c.1.check(addend.c.0, self.lanes, -128..=127)?;
        }
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = Vec::new();
        for addend in self.addends() {
            ports.push(Port::operand(addend.x, addend.from, self.lanes));
            for ((name, constants), bits) in [(addend.b, self.b_bits), (addend.c, self.c_bits)] {
                if *constants == Constants::Port {
                    ports.push(Port::operand(name, &twos(bits), self.lanes));
                }
            }
        }
        ports.push(Port::results("y", &self.to, self.lanes));
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    /// Accumulators whose results are at the ends of the range, at zero and around halves, where b and c are constants.
    fn corners(&self) -> Vec<Vec<BigUint>> {
        corners::rows(self)
    }

    fn reals() -> Vec<Real> {
        let real = |name, doc, default| Real { name, doc, default };
        vec![
            real("s_in", "scales of x, one or one per lane", None),
            real("s_out", "scale of y", Some(1.0)),
            real("s_residual", "scales of the residual x2", None),
        ]
    }

    fn constants(&self, reals: &Reals) -> Result<Vec<(&'static str, String)>, ParamError> {
        let to = reals.one("s_out")?;
        let fractions = |name: &str| -> Result<[String; 2], ParamError> {
            let all = reals.required(name)?.iter().map(|from| Dyadic::from_scales(*from, to, self.b_bits - 1));
            let all = all.collect::<Result<Vec<_>, _>>().map_err(|e| ParamError::new(name, e))?;
            let list = |f: fn(&Dyadic) -> String| all.iter().map(f).collect::<Vec<_>>().join(",");
            Ok([list(|d| d.b.to_string()), list(|d| d.c.to_string())])
        };
        let [b, c] = fractions("s_in")?;
        let mut found = vec![("b", b), ("c", c)];
        if self.residual.0.is_some() {
            let [b, c] = fractions("s_residual")?;
            found.extend([("b2", b), ("c2", c)]);
        }
        Ok(found)
    }
}

mod corners {
    use super::*;
    use crate::golden::int::{from_code, to_code};
    use num_bigint::BigInt;

    pub fn rows(p: &Requant) -> Vec<Vec<BigUint>> {
        let bits = p.to.bits();
        let mut rows = Vec::new();
        let goals: Vec<BigInt> = [0i64, 1, -1, 2].into_iter().map(BigInt::from).collect();
        let half = BigInt::from(1) << (bits - 1);
        let ends = [half.clone(), -half.clone(), &half * 2, &half - 1];
        for goal in goals.iter().chain(&ends) {
            for step in -2..=2i64 {
                // x with x · b / 2^c near goal + 1/2, in every lane by its own constants.
                let mut row = Vec::new();
                for addend in p.addends() {
                    let (Some(_), Some(_)) = (addend.b.1.of(0), addend.c.1.of(0)) else { return Vec::new() };
                    let w = addend.from.bits();
                    let lane = |i: u32| {
                        let (b, c) = (addend.b.1.of(i).unwrap_or(1), addend.c.1.of(i).unwrap_or(0));
                        let b = if b == 0 { BigInt::from(1) } else { BigInt::from(b) };
                        let x = ((goal * 2 + 1) << (c + 128).unsigned_abs()) / (b << 129u32) + step;
                        to_code(&from_code(&to_code(&x, w), w), w)
                    };
                    row.push((0..p.lanes).rev().fold(BigUint::ZERO, |all, i| (all << w) | lane(i)));
                }
                rows.push(row);
            }
        }
        rows
    }
}

mod rtl {
    use super::{HalfTo, Requant};
    use crate::blocks::parts::requant::{Fraction, Half, requantise};
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Requant, m: Builder<'b>) {
        let half = match p.round {
            HalfTo::Up => Half::Up,
            HalfTo::Away => Half::Away,
            HalfTo::Even => Half::Even,
        };
        // Ports in order, all lanes together.
        let mut inputs = Vec::new();
        for addend in p.addends() {
            let x = m.uint_in(addend.x, addend.from.bits() * p.lanes);
            let b = addend.b.1.of(0).is_none().then(|| m.uint_in(addend.b.0, p.b_bits * p.lanes));
            let c = addend.c.1.of(0).is_none().then(|| m.uint_in(addend.c.0, p.c_bits * p.lanes));
            inputs.push((addend, x, b, c));
        }
        let mut all: Option<UInt> = None;
        for i in 0..p.lanes {
            let lane = |x: UInt<'b>, bits: u32| x.slice(bits * (i + 1) - 1, bits * i);
            let code = {
                let mut sum: Option<SInt> = None;
                for (addend, x, b, c) in &inputs {
                    let x = lane(*x, addend.from.bits());
                    let x = if signed(addend.from) { x.as_sint() } else { x.signed() };
                    let fraction = Fraction {
                        b: b.map_or_else(|| m.int(addend.b.1.of(i).unwrap_or(0).into()), |b| lane(b, p.b_bits).as_sint()),
                        c: c.map_or_else(|| Err(addend.c.1.of(i).unwrap_or(0)), |c| Ok(lane(c, p.c_bits).as_sint())),
                    };
                    let scope = if p.lanes == 1 { addend.x.to_string() } else { format!("{}_{i}", addend.x) };
                    let term = m.scope(&scope, || requantise(x, fraction, half));
                    sum = Some(sum.map_or(term, |s| s + term));
                }
                clamp(&p.to, sum.unwrap_or_else(|| m.int(0)))
            };
            all = Some(all.map_or(code, |low| code.cat(low)));
        }
        m.output("y", all.unwrap_or_else(|| m.nat(0)));
    }

    fn signed(format: &Format) -> bool {
        !matches!(format, Format::Int(IntFormat { kind: IntKind::Unsigned, .. }))
    }

    /// The code nearest to a number.
    fn clamp<'b>(to: &Format, x: SInt<'b>) -> UInt<'b> {
        let bits = to.bits();
        match to {
            Format::Int(IntFormat { kind: IntKind::Unsigned, .. }) => {
                let m = x.builder();
                let above = x.assume_non_negative().saturate(bits);
                x.is_negative().select(m.uint(0u32, bits), above)
            }
            Format::Int(IntFormat { kind: IntKind::Symmetric, .. }) => {
                // The least code becomes its neighbour.
                let code = x.saturate(bits).bits();
                let least = if bits == 1 { code.msb() } else { code.msb() & code.slice(bits - 2, 0).is_zero() };
                code | least.uint()
            }
            _ => x.saturate(bits).bits(),
        }
    }
}

mod golden {
    use super::{HalfTo, Requant};
    use crate::formats::*;
    use crate::golden::dyadic::{Dyadic, Half};
    use crate::golden::int::{from_code, to_code};
    use crate::golden::model::{Model, pure};
    use num_bigint::{BigInt, BigUint};

    pub fn model(p: &Requant) -> Box<dyn Model> {
        let p = p.clone();
        let half = match p.round {
            HalfTo::Up => Half::Up,
            HalfTo::Away => Half::Away,
            HalfTo::Even => Half::Even,
        };
        pure(move |inputs, outputs| {
            let lane = |code: &BigUint, bits: u32, i: u32| (code >> (bits * i)) & ((BigUint::from(1u32) << bits) - 1u32);
            let mut result = BigUint::ZERO;
            for i in 0..p.lanes {
                let mut ports = inputs.iter();
                let mut next = |bits: u32| lane(ports.next().unwrap_or(&BigUint::ZERO), bits, i);
                let mut sum = BigInt::ZERO;
                for addend in p.addends() {
                    let x = integer(addend.from, next(addend.from.bits()));
                    let b = addend.b.1.of(i).map_or_else(|| from_code(&next(p.b_bits), p.b_bits), BigInt::from);
                    let c = addend.c.1.of(i).map_or_else(|| from_code(&next(p.c_bits), p.c_bits), BigInt::from);
                    let c = i64::try_from(c).expect("internal error: c has at most 8 bits");
                    sum += Dyadic { b, c }.times(&x, half);
                }
                result |= to_code(&clamp(&p.to, sum), p.to.bits()) << (p.to.bits() * i);
            }
            outputs.push(result);
        })
    }

    fn integer(format: &Format, code: BigUint) -> BigInt {
        match format {
            Format::Int(IntFormat { kind: IntKind::Unsigned, .. }) => code.into(),
            _ => from_code(&code, format.bits()),
        }
    }

    fn clamp(to: &Format, x: BigInt) -> BigInt {
        let one = BigInt::from(1);
        let (least, most) = match to {
            Format::Int(IntFormat { kind: IntKind::Unsigned, bits, .. }) => (BigInt::ZERO, (one << *bits) - 1),
            Format::Int(IntFormat { kind: IntKind::Symmetric, bits, .. }) => (1 - (&one << (bits - 1)), (&one << (bits - 1)) - 1),
            _ => (-(&one << (to.bits() - 1)), (&one << (to.bits() - 1)) - 1),
        };
        x.clamp(least, most)
    }
}
