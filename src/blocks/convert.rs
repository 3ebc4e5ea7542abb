//! Converts a number from any format to any other, with one rounding.
//!
//! `x` → `y`. Overflow, NaN and subnormals follow the policies; a NaN keeps its sign unless
//! `--nan-sign positive` says otherwise. Combinational.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("convert").unwrap();
//! let fixed = block.configure(&[("from".into(), "bf16".into()), ("to".into(), "e4m3fn".into())]).unwrap();
//! assert_eq!(fixed.module_name(), "convert_bf16_e4m3fn");
//! ```
use super::corners;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Ideal, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::params;
use num_bigint::BigUint;

params! {
    /// Format conversion with one rounding.
    pub struct Convert {
        /// format of x
        from: Format = "fp32",
        /// format of y
        to: Format = "e4m3fn",
        /// sign of a NaN result
        nan_sign: NanSign = "keep",
    } with policy: Policy
}

impl Block for Convert {
    const NAME: &'static str = "convert";
    const DOC: &'static str = "format conversion with one rounding";

    fn validate(&self) -> Result<(), ParamError> {
        self.policy.check_operands(&[&self.from])?;
        self.policy.check_results(&[&self.to])
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("x", &self.from, 1)];
        ports.extend(Port::random(self.policy.random(), 1));
        ports.push(Port::result("y", &self.to));
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    fn corners(&self) -> Vec<Vec<BigUint>> {
        let random = corners::random_words(self.policy.random(), 1);
        let near = corners::edges(&self.to).into_iter().flat_map(|x| corners::codes_near(&self.from, &x));
        near.flat_map(|code| random.iter().map(move |r| [code.clone()].into_iter().chain(r.clone()).collect())).collect()
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.policy.resolved(&self.to)
    }

    fn ideal(&self) -> Option<Ideal> {
        Some(Ideal::Operand)
    }
}

mod rtl {
    use super::Convert;
    use crate::blocks::parts::{Target, decode, encode};
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Convert, m: Builder<'b>) {
        let x = decode(&p.from, p.policy.flushes(&p.from), m.uint_in("x", p.from.bits()));
        let random = (p.policy.random() > 0).then(|| m.uint_in("random", p.policy.random()));
        let target = Target { nan_sign: p.nan_sign, ..Target::new(&p.to, p.policy.rounding(&p.to)) };
        m.output("y", encode(&target, random, x));
    }
}

mod golden {
    use super::Convert;
    use crate::golden::decode::decode_with;
    use crate::golden::dot::Random;
    use crate::golden::model::{Model, pure};
    use crate::golden::round::Rounder;

    pub fn model(p: &Convert) -> Box<dyn Model> {
        let rounder = Rounder::new(&p.to, p.policy.rounding(&p.to)).expect("internal error: parameters not validated");
        let p = p.clone();
        pure(move |inputs, outputs| {
            let x = decode_with(&p.from, p.policy.operand(&p.from), &inputs[0]).with_nan_sign(p.nan_sign);
            let random = inputs.get(1).map_or(0, |r| Random::new(r, p.policy.random()).take());
            outputs.push(rounder.round(&x, random));
        })
    }
}
