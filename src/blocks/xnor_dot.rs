//! Dot product of two vectors of ±1: agreements counted, as in binary neural networks.
//!
//! `a w` → `y`, one bit a lane, 1 for +1 and 0 for -1, lane 0 in the low bit:
//! y = 2·popcount(a xnor w) - lanes, in two's complement. With `--mask port` a third input says which
//! lanes take part (1 = yes); a lane without a one adds 0, as padding must. Combinational.
use super::params::ParamError;
use super::{Block, Port};

use crate::golden::model::Model;
use crate::golden::{int, names};
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Binary dot product.
    pub struct XnorDot {
        /// products added up
        lanes: u32 [1..=4096] = "32",
        /// whether lanes can be left out
        mask: Mask = "none",
    }
}

choices! {
    /// Whether lanes can be left out.
    pub enum Mask {
        /// Every lane counts.
        None = "none",
        /// A port says which.
        Port = "port",
    }
}

impl Block for XnorDot {
    const NAME: &'static str = "xnor_dot";
    const DOC: &'static str = "dot product of ±1 vectors: agreements counted (XNOR and popcount)";

    fn validate(&self) -> Result<(), ParamError> {
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        let format = |name| names::parse(name).expect("internal error: a built-in format");
        let mut ports = vec![Port::operand("a", &format("binary"), self.lanes), Port::operand("w", &format("binary"), self.lanes)];
        if self.mask == Mask::Port {
            ports.push(Port::operand("mask", &format("uint1"), self.lanes));
        }
        let lanes = i64::from(self.lanes);
        ports.push(Port::exact("y", int::twos_complement_bits(&(-lanes).into(), &lanes.into()), 0));
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }
}

mod rtl {
    use super::{Mask, XnorDot};
    use crate::blocks::parts::popcount;
    use crate::hdl::dsl::bits_signed;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &XnorDot, m: Builder<'b>) {
        let n = p.lanes;
        let (a, w) = (m.uint_in("a", n), m.uint_in("w", n));
        let mask = (p.mask == Mask::Port).then(|| m.uint_in("mask", n));
        let bits = |x: UInt<'b>| (0..n).map(|i| x.bit(i)).collect::<Vec<_>>();
        let agree = (!(a ^ w)).named("agree");
        let agree = mask.map_or(agree, |mask| agree & mask);
        wires! {
            let agreements = popcount(m, &bits(agree));
        }
        let lanes = mask.map_or(m.nat(n.into()), |mask| popcount(m, &bits(mask)).named("lanes"));
        let y = agreements.shl_const(1) - lanes;
        m.output("y", y.assume_within(-i128::from(n), n.into()).wrap(bits_signed(-i128::from(n), n.into())));
    }
}

mod golden {
    use super::{Mask, XnorDot};
    use crate::golden::int;
    use crate::golden::model::{Model, pure};

    pub fn model(p: &XnorDot) -> Box<dyn Model> {
        let p = p.clone();
        let lanes = i64::from(p.lanes);
        let bits = int::twos_complement_bits(&(-lanes).into(), &lanes.into());
        pure(move |inputs, outputs| {
            let sign = |port: usize, lane: u32| if inputs[port].bit(lane.into()) { 1i64 } else { -1 };
            let counts = |lane: &u32| p.mask == Mask::None || inputs[2].bit((*lane).into());
            let sum: i64 = (0..p.lanes).filter(counts).map(|lane| sign(0, lane) * sign(1, lane)).sum();
            outputs.push(int::to_code(&sum.into(), bits));
        })
    }
}
