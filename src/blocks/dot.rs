//! Dot product of two packed vectors of any formats.
//!
//! `a b` → `y`, lane 0 in the low bits of each operand. How the products are added is a parameter:
//!
//! * `exact`: no rounding until the end (a Kulisch sum); then one to `--out`, or none (`--out exact`,
//!   with the flags `nan`, `pos_inf`, `neg_inf` that the formats can produce; `y` is the sum of the
//!   finite products). An exact sum of zero is +0.
//! * `sequential`: from +0, each step rounds sum + product once to `--sum-format`, lane 0 first.
//! * `tree`: each product is rounded to `--sum-format`, then neighbours are added level by level,
//!   each sum rounded; an odd last one passes unchanged.
//!
//! In the latter two the sum is then converted to `--out`, a second rounding if that differs.
//! Stochastic roundings use the bits of `random` in this order. Combinational.
use super::exact::ExactResult;
use super::mac::check_sum_format;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Ideal, Port, corners};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};
use num_bigint::BigUint;

params! {
    /// Dot product of two packed vectors.
    pub struct Dot {
        /// format of the lanes of a
        a: Format = "e4m3fn",
        /// format of the lanes of b
        b: Format = "e4m3fn",
        /// products added up
        lanes: u32 [1..=4096] = "8",
        /// how they are added
        sum: SumOrder = "exact",
        /// format of the partial sums that are not exact
        sum_format: SumFormat = "fp32",
        /// format of the result
        out: Output = "fp32",
    } with policy: Policy
}

choices! {
    /// How products are added up.
    pub enum SumOrder {
        /// Without rounding.
        Exact = "exact",
        /// One after the other.
        Sequential = "sequential",
        /// Pairwise.
        Tree = "tree",
    }
}

impl Dot {
    /// The format of rounded partial sums, if there are any.
    fn partial(&self) -> Option<&Format> {
        (self.sum != SumOrder::Exact).then_some(&self.sum_format.0)
    }

    /// Roundings of one result.
    fn roundings(&self) -> u32 {
        let last = u32::from(self.out.format() != self.partial() && self.out != Output::Exact);
        match self.sum {
            SumOrder::Exact => last,
            SumOrder::Sequential => self.lanes + last,
            SumOrder::Tree => 2 * self.lanes - 1 + last,
        }
    }
}

impl Block for Dot {
    const NAME: &'static str = "dot";
    const DOC: &'static str = "dot product of two packed vectors, exact or with rounded partial sums";

    fn validate(&self) -> Result<(), ParamError> {
        self.policy.check_operands(&[&self.a, &self.b])?;
        check_sum_format("sum_format", &self.sum_format.0)?;
        match (self.partial(), &self.out) {
            (None, _) if self.sum_format != Self::default().sum_format => {
                Err(ParamError::new("sum_format", "only used with --sum sequential, tree"))
            }
            (None, Output::Exact) => self.policy.check_exact(),
            (None, Output::In(out)) => self.policy.check_results(&[out]),
            (Some(_), Output::Exact) => {
                Err(ParamError::new("out", "`exact` needs --sum exact; allowed with rounded partial sums: a format"))
            }
            (Some(partial), Output::In(out)) => self.policy.check_results(&[partial, out]),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("a", &self.a, self.lanes), Port::operand("b", &self.b, self.lanes)];
        ports.extend(Port::random(self.policy.random(), self.roundings()));
        match &self.out {
            Output::Exact => ports.extend(ExactResult::new(&self.a, &self.b, &self.policy, self.lanes).ports("y")),
            Output::In(format) => ports.push(Port::result("y", format)),
        }
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    /// A product at an edge of the result in one lane, alone, doubled, and against its opposite in the next lane.
    fn corners(&self) -> Vec<Vec<BigUint>> {
        let Some(out) = self.out.format() else { return Vec::new() };
        let (wa, wb) = (self.a.bits(), self.b.bits());
        let random = corners::random_words(self.policy.random(), self.roundings());
        let opposite = BigUint::from(1u32) << (wb - 1);
        let mut rows = Vec::new();
        for x in corners::edges(out).iter().step_by(3) {
            for (i, [a, b]) in corners::factors_near(&self.a, &self.b, x).into_iter().enumerate().step_by(5) {
                let lane = i as u32 % self.lanes;
                let next = (lane + 1) % self.lanes;
                let at = |code: &BigUint, bits: u32, lane: u32| code << (bits * lane);
                let second = |b: &BigUint| if next == lane { BigUint::ZERO } else { at(b, wb, next) };
                let both_a = if next == lane { at(&a, wa, lane) } else { at(&a, wa, lane) | at(&a, wa, next) };
                for b in [at(&b, wb, lane), at(&b, wb, lane) | second(&b), at(&b, wb, lane) | second(&(&b ^ &opposite))] {
                    let pick = &random[rows.len() % random.len()];
                    rows.push([both_a.clone(), b].into_iter().chain(pick.clone()).collect());
                }
            }
        }
        rows
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.out.format().map_or(Vec::new(), |f| self.policy.resolved(f))
    }

    fn ideal(&self) -> Option<Ideal> {
        Some(Ideal::Products { terms: self.lanes })
    }
}

mod rtl {
    use super::{Dot, SumOrder};
    use crate::blocks::parts::{
        Bounds, Exact, Operand, Target, accumulate, decode, encode, exact_product, exact_sum, finite_product, plus_zero, to_fixed,
    };
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Dot, m: Builder<'b>) {
        let (wa, wb) = (p.a.bits(), p.b.bits());
        let (a, b) = (m.uint_in("a", wa * p.lanes), m.uint_in("b", wb * p.lanes));
        let n = p.policy.random();
        let random = (n * p.roundings() > 0).then(|| m.uint_in("random", n * p.roundings()));
        let mut used = 0;
        // The bits of the next rounding.
        let mut random = || {
            used += 1;
            random.map(|r| r.slice(used * n - 1, (used - 1) * n))
        };
        let multiply = if p.out == Output::Exact { finite_product } else { exact_product };
        let products: Vec<Operand> = (0..p.lanes)
            .map(|i| {
                m.scope(&format!("lane{i}"), || {
                    let x = decode(&p.a, p.policy.flushes(&p.a), a.slice(wa * (i + 1) - 1, wa * i));
                    let y = decode(&p.b, p.policy.flushes(&p.b), b.slice(wb * (i + 1) - 1, wb * i));
                    multiply(x, y)
                })
            })
            .collect();
        let target = |format| Target::new(format, p.policy.rounding(format));
        let code = match p.partial() {
            None => {
                let bounds = |terms| Bounds::of_sum((&p.a, p.policy.flushes(&p.a)), (&p.b, p.policy.flushes(&p.b)), terms);
                let one = bounds(1);
                let terms: Vec<Exact> = products.into_iter().map(|x| to_fixed(x, one.lsb).within(&one)).collect();
                let all = bounds(p.lanes);
                let sum = exact_sum(m, &terms).within(&all);
                match &p.out {
                    Output::Exact => return sum.output(m, "y", all.bits()),
                    Output::In(out) => return m.output("y", encode(&target(out), random(), sum.operand())),
                }
            }
            Some(format) => {
                let target = target(format);
                let read = |code| decode(format, false, code);
                match p.sum {
                    SumOrder::Tree => {
                        let mut level: Vec<UInt> = products.into_iter().map(|x| encode(&target, random(), x)).collect();
                        while level.len() > 1 {
                            level = level
                                .chunks(2)
                                .map(|pair| match pair {
                                    [x, y] => accumulate(&target, random(), read(*x), read(*y)),
                                    rest => rest[0],
                                })
                                .collect();
                        }
                        level[0]
                    }
                    _ => {
                        let mut products = products.into_iter();
                        let first = products.next().map(|x| encode(&target, random(), plus_zero(x, target.rounding.round)));
                        let first = first.unwrap_or_else(|| m.uint(0u32, format.bits()));
                        products.fold(first, |sum, x| accumulate(&target, random(), read(sum), x))
                    }
                }
            }
        };
        match (p.partial(), p.out.format()) {
            (Some(format), Some(out)) if format != out => {
                m.output("y", encode(&target(out), random(), decode(format, false, code)));
            }
            _ => m.output("y", code),
        }
    }
}

mod golden {
    use super::{Dot, SumOrder};
    use crate::blocks::exact::ExactResult;
    use crate::golden::dot::{Random, exact, sequential, tree};
    use crate::golden::format::Format;
    use crate::golden::model::{Model, pure};
    use crate::golden::operands::Operands;
    use crate::golden::policy::NanSign;
    use crate::golden::round::Rounder;

    pub fn model(p: &Dot) -> Box<dyn Model> {
        let p = p.clone();
        let operands = Operands::new(&p.a, p.policy.operand(&p.a), &p.b, p.policy.operand(&p.b));
        let rounder = |f: &Format| Rounder::new(f, p.policy.rounding(f)).expect("internal error: parameters not validated");
        let out = p.out.format().map(rounder);
        let partial = p.partial().map(rounder);
        let result = ExactResult::new(&p.a, &p.b, &p.policy, p.lanes);
        pure(move |inputs, outputs| {
            let pairs = operands.products(&inputs[0], &inputs[1], p.lanes);
            let mut random = inputs.get(2).map_or(Random::none(), |r| Random::new(r, p.policy.random()));
            let sum = match (&partial, p.sum) {
                (Some(rounder), SumOrder::Tree) => tree(&pairs, rounder, &mut random),
                (Some(rounder), _) => sequential(&pairs, rounder, &mut random),
                (None, _) => {
                    let sum = exact(&pairs);
                    if out.is_none() {
                        return result.codes(&sum, outputs);
                    }
                    sum.value()
                }
            };
            // Partial sums in the result's format are the result, whatever sign their NaN has; conversion gives the positive one.
            let same = partial.as_ref().is_some_and(|p| out.as_ref().is_some_and(|o| o.format() == p.format()));
            let sum = if same { sum } else { sum.with_nan_sign(NanSign::Positive) };
            outputs.extend(out.as_ref().map(|out| out.round(&sum, random.take())));
        })
    }
}
