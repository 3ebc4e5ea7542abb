//! Multiply–accumulate of blocks that share a scale (OCP MX, NVFP4): the processing element of an MX matrix product.
//!
//! `a b scale_a scale_b clear en` → `acc`. With `en` = 1 the clock edge sets
//! acc ← (`clear` ? 0 : acc) + scale_a·scale_b·Σ a·b over a block of `--block` elements, element 0 in the low bits;
//! with `en` = 0 everything holds. `acc` shows the sum before the edge; reset makes it 0.
//!
//! The sum inside a block is exact, and fused with the accumulator: the exact acc + scaled block is rounded once to
//! `--acc`, so that a sum of K blocks has K roundings. A scale that is NaN makes the sum NaN until the next `clear`.
//! Formats of elements and scales are those of `mx_dot`.
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port, Role};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::params;

params! {
    /// Multiply–accumulate of scaled blocks with clear and enable.
    pub struct MxMac {
        /// format of the elements of a
        a: Format = "e4m3fn",
        /// format of the elements of b
        b: Format = "e4m3fn",
        /// elements that share a scale
        block: u32 [1..=1024] = "32",
        /// format of the scales
        scale: Format = "e8m0fnu",
        /// format of the accumulator
        acc: SumFormat = "fp32",
    } with policy: Policy
}

impl Block for MxMac {
    const NAME: &'static str = "mx_mac";
    const DOC: &'static str = "multiply-accumulate of blocks with shared scales (MX, NVFP4)";
    const RESET: Reset = Reset::Sync;

    fn latency(&self) -> u32 {
        1
    }

    fn validate(&self) -> Result<(), ParamError> {
        if !matches!(self.scale, Format::E8m0 | Format::Minifloat(_)) {
            return Err(ParamError::new("scale", "allowed: e8m0, e4m3fn, or another floating-point format"));
        }
        // Scales span hundreds of powers of two, which no integer does.
        if !matches!(self.acc.0, Format::Minifloat(_)) {
            return Err(ParamError::new("acc", "sums of scaled blocks are kept in a floating-point format; allowed: fp32, bf16, …"));
        }
        self.policy.check_operands(&[&self.a, &self.b, &self.scale])?;
        self.policy.check_results(&[&self.acc.0])
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![
            Port::operand("a", &self.a, self.block),
            Port::operand("b", &self.b, self.block),
            Port::operand("scale_a", &self.scale, 1),
            Port::operand("scale_b", &self.scale, 1),
            Port::control("clear", Role::Clear),
            Port::control("en", Role::Enable),
        ];
        ports.extend(Port::random(self.policy.random(), 1));
        ports.push(Port::result("acc", &self.acc.0));
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.policy.resolved(&self.acc.0)
    }
}

mod rtl {
    use super::MxMac;
    use crate::blocks::parts::{Target, accumulate, decode, mx::Scaled};
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &MxMac, m: Builder<'b>) {
        let elements = |name: &str, format: &Format| -> Vec<UInt<'b>> {
            let (bits, packed) = (format.bits(), m.uint_in(name, format.bits() * p.block));
            (0..p.block).map(|i| packed.slice(bits * (i + 1) - 1, bits * i)).collect()
        };
        let (a, b) = (elements("a", &p.a), elements("b", &p.b));
        let scales = ["scale_a", "scale_b"].map(|name| m.uint_in(name, p.scale.bits()));
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let random = (p.policy.random() > 0).then(|| m.uint_in("random", p.policy.random()));
        let with_flush = |f| (f, p.policy.flushes(f));
        let scaled = Scaled { a: with_flush(&p.a), b: with_flush(&p.b), scale: with_flush(&p.scale) };
        let block = m.scope("block", || scaled.dot(m, (&a, &b), scales, false));
        let format = &p.acc.0;
        let acc = m.state_uint("acc_q", format.bits(), 0);
        let base = clear.select(m.uint(0u32, format.bits()), acc.get()).named("base");
        let base = m.scope("base", || decode(format, false, base));
        let sum = accumulate(&Target::new(format, p.policy.rounding(format)), random, base, block);
        acc.set_when(en, sum.named("next"));
        m.output("acc", acc.get());
    }
}

mod golden {
    use super::MxMac;
    use crate::golden::arith::{add, multiply};
    use crate::golden::decode::decode;
    use crate::golden::dot::{Random, exact};
    use crate::golden::format::Format;
    use crate::golden::model::Model;
    use crate::golden::operands::Operands;
    use crate::golden::round::Rounder;
    use num_bigint::BigUint;

    pub fn model(p: &MxMac) -> Box<dyn Model> {
        let pair = |a: &Format, b: &Format| Operands::new(a, p.policy.operand(a), b, p.policy.operand(b));
        let rounder = Rounder::new(&p.acc.0, p.policy.rounding(&p.acc.0)).expect("internal error: parameters not validated");
        Box::new(Accumulator {
            elements: pair(&p.a, &p.b),
            scales: pair(&p.scale, &p.scale),
            block: p.block,
            rounder,
            random_bits: p.policy.random(),
            code: BigUint::ZERO,
        })
    }

    struct Accumulator {
        elements: Operands,
        scales: Operands,
        block: u32,
        rounder: Rounder,
        random_bits: u32,
        code: BigUint,
    }

    impl Model for Accumulator {
        fn reset(&mut self) {
            self.code = BigUint::ZERO;
        }

        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            outputs.push(self.code.clone());
            let (clear, en) = (inputs[4].bit(0), inputs[5].bit(0));
            if !en {
                return;
            }
            let inside = exact(&self.elements.products(&inputs[0], &inputs[1], self.block)).value();
            let block = multiply(&self.scales.product(&inputs[2], &inputs[3]), &inside);
            let start = if clear { BigUint::ZERO } else { self.code.clone() };
            let sum = add(&decode(self.rounder.format(), &start), &block, self.rounder.rounding().round);
            let random = inputs.get(6).map_or(0, |r| Random::new(r, self.random_bits).take());
            self.code = self.rounder.round(&sum, random);
        }
    }
}
