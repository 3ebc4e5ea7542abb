//! Dequantisation of groups: codes with a common scale, and a zero point or offset, to numbers.
//!
//! `code`, `scale`, `zero` → `y`: `--form subtract` gives (code - zero) · scale, `--form add` gives code · scale + zero, in every
//! lane. Codes, scale and zero are of any formats: integers, minifloats (FP6 with a fp16 scale), E8M0 and E4M3 block scales,
//! tables (`nf4`, `bnb_fp4`, your own). A second factor `--scale2` is multiplied last; `--scale none` leaves the
//! scale to a later stage.
//!
//! `--roundings once` rounds the exact result once, to `--out`. `--roundings FORMAT` rounds each operation to that format, and
//! the last result to `--out` where that differs: HQQ in fp16 is `fp16`, bitsandbytes' NF4 to fp16 is `fp32`.
//! `--zero-plus-one wrap|keep` reads stored GPTQ zeros, which are one too small.
//!
//! DGQ's INT4 to INT8 is `--code uint4 --zero uint4 --scale uint7 --out int8 --overflow saturate --saturated flag`: the flag says
//! that a lane's exact result is beyond the range of `--out`. `--out exact` is not rounded at all. Combinational.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("dequant").unwrap();
//! let fp6 = [("code", "e3m2fn"), ("scale", "fp16"), ("out", "fp16")].map(|(n, v)| (n.to_string(), v.to_string()));
//! assert_eq!(block.configure(&fp6).unwrap().ports()[0].bits, 8 * 6);
//! ```
use super::mac::check_sum_format;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port, Role};
use crate::formats::*;
use crate::golden::exact::Exact;
use crate::golden::extent::{Extent, of_format};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Dequantisation of groups.
    pub struct Dequant {
        /// format of the codes
        code: Format = "uint4",
        /// codes side by side, with one scale
        lanes: u32 [1..=1024] = "8",
        /// format of the scale
        scale: Optional = "fp16",
        /// format of the zero point or offset
        zero: Optional = "none",
        /// what is done with it
        form: Form = "subtract",
        /// zeros stored one too small
        zero_plus_one: PlusOne = "no",
        /// format of a second scale
        scale2: Optional = "none",
        /// how often is rounded
        roundings: Roundings = "once",
        /// format of the results
        out: Output = "fp16",
        /// output that tells of results out of range
        saturated: Saturated = "no",
    } with policy: Policy
}

choices! {
    /// Place of the zero.
    pub enum Form {
        /// (code - zero) · scale.
        Subtract = "subtract",
        /// code · scale + zero.
        Add = "add",
    }
}

choices! {
    /// Whether the zero is the stored one.
    pub enum PlusOne {
        /// It is.
        No = "no",
        /// One more, modulo 2^bits (GPTQ of 2, 4 and 8 bits).
        Wrap = "wrap",
        /// One more, with one bit more (GPTQ of 3 bits).
        Keep = "keep",
    }
}

choices! {
    /// Whether there is an output `saturated`.
    pub enum Saturated {
        /// There is none.
        No = "no",
        /// 1 if a lane's exact result is beyond the range of the output format.
        Flag = "flag",
    }
}

impl Dequant {
    /// The format that each operation is rounded to, if it is.
    fn step(&self) -> Option<&Format> {
        match &self.roundings {
            Roundings::Once => None,
            Roundings::Each(format) => Some(format),
        }
    }

    /// Operations of a lane.
    fn operations(&self) -> u32 {
        [&self.zero, &self.scale, &self.scale2].iter().filter(|f| f.0.is_some()).count() as u32
    }

    /// Roundings of a lane.
    fn roundings(&self) -> u32 {
        match (self.step(), &self.out) {
            (_, Output::Exact) => 0,
            (None, _) => 1,
            (Some(step), Output::In(out)) => self.operations() + u32::from(out != step || self.operations() == 0),
        }
    }

    /// The zero as it is used: one bit wider if one is added and kept.
    fn used_zero(&self) -> Option<Format> {
        match (&self.zero.0, self.zero_plus_one) {
            (Some(Format::Int(f)), PlusOne::Keep) => Some(Format::Int(IntFormat { bits: f.bits + 1, ..*f })),
            (zero, _) => zero.clone(),
        }
    }

    /// Formats of the inputs.
    fn inputs(&self) -> Vec<&Format> {
        let rest = [&self.scale, &self.zero, &self.scale2];
        std::iter::once(&self.code).chain(rest.into_iter().filter_map(|f| f.0.as_ref())).collect()
    }

    /// Which of the flags nan, pos_inf and neg_inf an exact result can raise.
    fn specials(&self) -> [bool; 3] {
        let any = |f: fn(&Format) -> bool| self.inputs().into_iter().any(f);
        let infinite = any(Format::has_infinity);
        [infinite || any(Format::has_nan), infinite, infinite && (any(Format::is_signed) || self.zero.0.is_some())]
    }

    /// Range of the exact result of a lane.
    fn extent(&self) -> Extent {
        let of = |format: &Format| {
            let e = of_format(format, self.policy.operand(format));
            Extent { min: e.min.min(Exact::zero()), max: e.max.max(Exact::zero()), ..e }
        };
        let (mut result, zero) = (of(&self.code), self.used_zero().map(|f| of(&f)));
        if let (Some(z), Form::Subtract) = (&zero, self.form) {
            result = result.minus(z);
        }
        for factor in [&self.scale, &self.scale2] {
            if let Some(format) = &factor.0 {
                result = result.times(&of(format));
            }
        }
        match (zero, self.form) {
            (Some(z), Form::Add) => result.plus(&z),
            _ => result,
        }
    }

    /// Rules of the parameters that need others.
    fn check_together(&self) -> Result<(), ParamError> {
        let only = |param: &str, what: &str| Err(ParamError::new(param, format!("only used with {what}")));
        let integer = |f: &Format| matches!(f, Format::Int(_) | Format::Table(_));
        match (&self.zero.0, self.form, self.zero_plus_one) {
            (None, Form::Add, _) => return only("form", "--zero FORMAT"),
            (Some(Format::Int(IntFormat { kind: IntKind::Unsigned, lsb_exp: 0, bits: 1..=63 })), ..) | (_, _, PlusOne::No) => {}
            _ => return only("zero_plus_one", "an unsigned integer --zero, uint1 to uint63"),
        }
        let out_integer = matches!(self.out, Output::In(Format::Int(_)));
        match self.saturated {
            Saturated::Flag if !out_integer => return only("saturated", "an integer --out"),
            Saturated::Flag if self.step().is_some() => return only("saturated", "--roundings once"),
            Saturated::Flag if !self.inputs().into_iter().all(integer) => {
                return only("saturated", "integers and tables for --code, --scale, --zero and --scale2");
            }
            _ => {}
        }
        if self.operations() == 0 && self.step().is_some() {
            return only("roundings", "--scale or --zero");
        }
        Ok(())
    }
}

impl Block for Dequant {
    const NAME: &'static str = "dequant";
    const DOC: &'static str = "codes with a scale and zero point to numbers, exact, rounded once or step by step";

    fn validate(&self) -> Result<(), ParamError> {
        self.policy.check_operands(&self.inputs())?;
        self.check_together()?;
        match (self.step(), &self.out) {
            (Some(_), Output::Exact) => Err(ParamError::new("out", "`exact` needs --roundings once; allowed else: a format")),
            (None, Output::Exact) => self.policy.check_exact(),
            (None, Output::In(out)) => self.policy.check_results(&[out]),
            (Some(step), Output::In(out)) => {
                check_sum_format("roundings", step)?;
                self.policy.check_results(&[step, out])
            }
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("code", &self.code, self.lanes)];
        for (name, format) in [("scale", &self.scale), ("zero", &self.zero), ("scale2", &self.scale2)] {
            ports.extend(format.0.as_ref().map(|f| Port::operand(name, f, 1)));
        }
        ports.extend(Port::random(self.policy.random(), self.lanes * self.roundings()));
        match &self.out {
            Output::Exact => {
                let extent = self.extent();
                ports.push(Port::exact("y", extent.bits(), extent.unit as i32).times(self.lanes));
                let flags = ["nan", "pos_inf", "neg_inf"].into_iter().zip(self.specials());
                ports.extend(flags.filter(|f| f.1).map(|f| Port::flag(f.0).times(self.lanes)));
            }
            Output::In(format) => ports.push(Port::results("y", format, self.lanes)),
        }
        if self.saturated == Saturated::Flag {
            ports.push(Port { role: Role::Flag, ..Port::flag("saturated") });
        }
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.out.format().map_or(Vec::new(), |f| self.policy.resolved(f))
    }
}

mod rtl {
    use super::{Dequant, Form, PlusOne, Saturated};
    use crate::blocks::parts::affine::{Affine, Term, beyond};
    use crate::blocks::parts::{Exact, Target, encode};
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Dequant, m: Builder<'b>) {
        let w = p.code.bits();
        let codes = m.uint_in("code", w * p.lanes);
        let term = |format: &Format, x: UInt<'b>| Term::read(format, p.policy.flushes(format), x);
        let read = |name: &'static str, format: &Format, x: UInt<'b>| m.scope(name, || term(format, x));
        let input = |name: &'static str, format: &Optional| format.0.as_ref().map(|f| read(name, f, m.uint_in(name, f.bits())));
        let scale = input("scale", &p.scale);
        let zero = match (&p.zero.0, p.zero_plus_one) {
            (Some(f), PlusOne::Wrap) => Some(read("zero", f, (m.uint_in("zero", f.bits()) + m.nat(1)).wrap(f.bits()))),
            (Some(f), PlusOne::Keep) => {
                let more = (m.uint_in("zero", f.bits()) + m.nat(1)).zext(f.bits() + 1);
                p.used_zero().map(|used| read("zero", &used, more))
            }
            _ => input("zero", &p.zero),
        };
        let factors: Vec<Term> = scale.into_iter().chain(input("scale2", &p.scale2)).collect();
        let (subtract, add) = match p.form {
            Form::Subtract => (zero, None),
            Form::Add => (None, zero),
        };
        let n = p.policy.random();
        let random = (n * p.roundings() > 0).then(|| m.uint_in("random", n * p.roundings() * p.lanes));
        let target = |format| Target::new(format, p.policy.rounding(format));
        let (mut y, mut out_of_range, mut exact) = (Vec::new(), m.low(), Vec::new());
        for i in 0..p.lanes {
            m.scope(&format!("lane{i}"), || {
                let code = term(&p.code, codes.slice(w * (i + 1) - 1, w * i));
                let lane = Affine { code, subtract: subtract.clone(), factors: factors.clone(), add: add.clone() };
                let mut used = i * p.roundings();
                // The bits of the next rounding.
                let mut next = || {
                    used += 1;
                    random.map(|r| r.slice(used * n - 1, (used - 1) * n))
                };
                match (p.step(), &p.out) {
                    (_, Output::Exact) => exact.push(lane.exact()),
                    (Some(step), Output::In(out)) => {
                        let (x, code) = lane.stepwise(&target(step), &mut next);
                        y.push(code.filter(|_| out == step).unwrap_or_else(|| encode(&target(out), next(), x)));
                    }
                    (None, Output::In(out)) => {
                        y.push(lane.once(&target(out), next()));
                        if p.saturated == Saturated::Flag {
                            out_of_range = out_of_range | beyond(out, lane.fixed());
                        }
                    }
                }
            });
        }
        let joined = |parts: Vec<UInt<'b>>| parts.into_iter().reduce(|low, x| x.cat(low)).unwrap_or_else(|| m.nat(0));
        if p.out != Output::Exact {
            m.output("y", joined(y));
            if p.saturated == Saturated::Flag {
                m.output("saturated", out_of_range.uint());
            }
            return;
        }
        m.output("y", joined(exact.iter().map(|e| e.value.bits()).collect()));
        let low = m.low();
        for ((i, name), present) in ["nan", "pos_inf", "neg_inf"].into_iter().enumerate().zip(p.specials()) {
            let one = |e: &Exact<'b>| {
                let raised = [e.nan, e.pos_inf, e.neg_inf][i].unwrap_or(low);
                // Infinities of a result that is no number do not count.
                e.nan.filter(|_| name != "nan").map_or(raised, |nan| raised & !nan).uint()
            };
            if present {
                m.output(name, joined(exact.iter().map(one).collect()));
            }
        }
    }
}

mod golden {
    use super::{Dequant, Form, PlusOne, Saturated};
    use crate::formats::*;
    use crate::golden::dequant::{Affine, Part, out_of_range};
    use crate::golden::dot::Random;
    use crate::golden::int::to_code;
    use crate::golden::model::{Model, pure};
    use crate::golden::round::Rounder;
    use num_bigint::BigUint;

    pub fn model(p: &Dequant) -> Box<dyn Model> {
        let p = p.clone();
        let rounder = |f: &Format| Rounder::new(f, p.policy.rounding(f)).expect("internal error: parameters not validated");
        let (step, out) = (p.step().map(rounder), p.out.format().map(rounder));
        pure(move |inputs, outputs| {
            let mut ports = inputs.iter().skip(1);
            let mut read = |format: &Optional, more: bool| {
                let used = if more { p.used_zero() } else { format.0.clone() };
                let code = format.0.as_ref().and_then(|_| ports.next())?;
                let code = if more { plus_one(&p, code) } else { code.clone() };
                used.map(|f| Part::read(&f, p.policy.operand(&f), &code))
            };
            let (scale, zero, scale2) = (read(&p.scale, false), read(&p.zero, true), read(&p.scale2, false));
            let factors: Vec<Part> = scale.into_iter().chain(scale2).collect();
            let (subtract, add) = match p.form {
                Form::Subtract => (zero, None),
                Form::Add => (None, zero),
            };
            let mut random = inputs.get(1 + p.operations() as usize).map_or(Random::none(), |r| Random::new(r, p.policy.random()));
            let w = p.code.bits();
            let (mut y, mut flags, mut beyond) = (BigUint::ZERO, [0u32; 3].map(BigUint::from), false);
            for i in 0..p.lanes {
                let code = (&inputs[0] >> (w * i)) & ((BigUint::from(1u32) << w) - 1u32);
                let code = Part::read(&p.code, p.policy.operand(&p.code), &code);
                let lane = Affine { code, subtract: subtract.clone(), factors: factors.clone(), add: add.clone() };
                let Some(out) = &out else {
                    let (number, raised) = lane.exact();
                    let extent = p.extent();
                    let units = number.in_units(extent.unit).expect("internal error: a result finer than the unit");
                    y |= to_code(&units, extent.bits()) << (extent.bits() * i);
                    for (flag, raised) in flags.iter_mut().zip(raised) {
                        flag.set_bit(i.into(), raised);
                    }
                    continue;
                };
                let code = match &step {
                    Some(step) => lane.stepwise(step, out, &mut random),
                    None => {
                        let result = lane.once(out.rounding().round);
                        beyond |= p.saturated == Saturated::Flag && out_of_range(out.format(), &result);
                        out.round(&result.with_nan_sign(NanSign::Positive), random.take())
                    }
                };
                y |= code << (out.format().bits() * i);
            }
            outputs.push(y);
            if out.is_none() {
                outputs.extend(flags.into_iter().zip(p.specials()).filter(|f| f.1).map(|f| f.0));
            }
            if p.saturated == Saturated::Flag {
                outputs.push(BigUint::from(beyond));
            }
        })
    }

    fn plus_one(p: &Dequant, code: &BigUint) -> BigUint {
        let bits = p.zero.0.as_ref().map_or(0, Format::bits);
        match p.zero_plus_one {
            PlusOne::No => code.clone(),
            PlusOne::Wrap => (code + 1u32) % (BigUint::from(1u32) << bits),
            PlusOne::Keep => code + 1u32,
        }
    }
}
