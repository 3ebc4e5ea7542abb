//! Multiplies two numbers of any formats; the exact product is rounded once, or given as it is.
//!
//! `a b` → `y`. With `--out exact`, `y` is the product in two's complement, as narrow as every
//! product allows, and the flags `nan`, `pos_inf`, `neg_inf` (those the formats can produce) say
//! when it is not a number; `y` is 0 then. Combinational.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("mul").unwrap();
//! let exact = block.configure(&[("a".into(), "int8".into()), ("b".into(), "int4".into()), ("out".into(), "exact".into())]).unwrap();
//! assert_eq!(exact.ports()[2].bits, 12);
//! ```
use super::params::ParamError;
use super::policy::Policy;
use super::exact::ExactResult;
use super::{Block, Ideal, Port, corners};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::params;
use num_bigint::BigUint;

params! {
    /// Product of two numbers.
    pub struct Mul {
        /// format of a
        a: Format = "e4m3fn",
        /// format of b
        b: Format = "e4m3fn",
        /// format of the product
        out: Output = "e4m3fn",
    } with policy: Policy
}

impl Block for Mul {
    const NAME: &'static str = "mul";
    const DOC: &'static str = "product of two numbers, rounded once or exact";

    fn validate(&self) -> Result<(), ParamError> {
        self.policy.check_operands(&[&self.a, &self.b])?;
        match &self.out {
            Output::Exact => self.policy.check_exact(),
            Output::In(format) => self.policy.check_results(&[format]),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("a", &self.a, 1), Port::operand("b", &self.b, 1)];
        match &self.out {
            Output::Exact => ports.extend(ExactResult::new(&self.a, &self.b, &self.policy, 1).ports("y")),
            Output::In(format) => {
                ports.extend(Port::random(self.policy.random(), 1));
                ports.push(Port::result("y", format));
            }
        }
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    fn corners(&self) -> Vec<Vec<BigUint>> {
        let Some(out) = self.out.format() else { return Vec::new() };
        let random = corners::random_words(self.policy.random(), 1);
        let near = corners::edges(out).into_iter().flat_map(|x| corners::factors_near(&self.a, &self.b, &x));
        near.flat_map(|pair| random.iter().map(move |r| pair.iter().cloned().chain(r.clone()).collect())).collect()
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.out.format().map_or(Vec::new(), |f| self.policy.resolved(f))
    }

    fn ideal(&self) -> Option<Ideal> {
        Some(Ideal::Products { terms: 1 })
    }
}

mod rtl {
    use super::Mul;
    use crate::blocks::parts::{Bounds, Target, decode, encode, exact_product, finite_product, to_fixed};
    use crate::formats::Output;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Mul, m: Builder<'b>) {
        let (a, b) = (m.uint_in("a", p.a.bits()), m.uint_in("b", p.b.bits()));
        let a = m.scope("a", || decode(&p.a, p.policy.flushes(&p.a), a));
        let b = m.scope("b", || decode(&p.b, p.policy.flushes(&p.b), b));
        match &p.out {
            Output::Exact => {
                let bounds = Bounds::of_sum((&p.a, p.policy.flushes(&p.a)), (&p.b, p.policy.flushes(&p.b)), 1);
                to_fixed(finite_product(a, b), bounds.lsb).within(&bounds).output(m, "y", bounds.bits());
            }
            Output::In(format) => {
                let random = (p.policy.random() > 0).then(|| m.uint_in("random", p.policy.random()));
                let target = Target::new(format, p.policy.rounding(format));
                m.output("y", encode(&target, random, exact_product(a, b)));
            }
        }
    }
}

mod golden {
    use super::Mul;
    use crate::blocks::exact::ExactResult;
    use crate::formats::Output;
    use crate::golden::arith::Sum;
    use crate::golden::dot::Random;
    use crate::golden::model::{Model, pure};
    use crate::golden::operands::Operands;
    use crate::golden::round::Rounder;

    pub fn model(p: &Mul) -> Box<dyn Model> {
        let operands = Operands::new(&p.a, p.policy.operand(&p.a), &p.b, p.policy.operand(&p.b));
        match &p.out {
            Output::Exact => {
                let result = ExactResult::new(&p.a, &p.b, &p.policy, 1);
                pure(move |inputs, outputs| {
                    let mut sum = Sum::new();
                    sum.add(&operands.product(&inputs[0], &inputs[1]));
                    result.codes(&sum, outputs);
                })
            }
            Output::In(format) => {
                let rounder = Rounder::new(format, p.policy.rounding(format)).expect("internal error: parameters not validated");
                let bits = p.policy.random();
                pure(move |inputs, outputs| {
                    let random = inputs.get(2).map_or(0, |r| Random::new(r, bits).take());
                    outputs.push(rounder.round(&operands.product(&inputs[0], &inputs[1]), random));
                })
            }
        }
    }
}
