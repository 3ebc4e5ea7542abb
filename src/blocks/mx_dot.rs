//! Dot product of blocks that share a scale (OCP MX, NVFP4, NVINT4).
//!
//! `a b scale_a scale_b` → `y` = Σ over blocks of scale_a·scale_b·Σ a·b. `a` and `b` hold `--blocks` times
//! `--block` elements, element 0 of block 0 in the low bits; the scales one code a block. The formats
//! of `a` and `b` may differ: `e4m3fn e5m2 e3m2fn e2m3fn e2m1fn mxint8 int4` or any other. Usual choices:
//!
//! | | `--a` `--b` | `--block` | `--scale` |
//! |---|---|---|---|
//! | MXFP8, MXFP6, MXFP4 | `e4m3fn` or `e5m2`, `e3m2fn` or `e2m3fn`, `e2m1fn` | 32 | `e8m0` |
//! | MXINT8 | `mxint8` | 32 | `e8m0` |
//! | NVFP4 | `e2m1fn` | 16 | `e4m3fn` |
//! | NVINT4 | `int4` | 16 | `e4m3fn` |
//!
//! The sum inside a block is exact: an adder tree of integers. Then, by `--sum`:
//!
//! * `exact`: the blocks are added exactly and rounded once to `--out`, or not at all (`--out exact`, with the flags
//!   `nan`, `pos_inf`, `neg_inf` that the formats can produce; `y` is then the sum of the finite blocks). A single
//!   block needs no wide register: its exponent is the sum of the scales'. An exact sum of zero is +0.
//! * `blockwise`: each scaled block is rounded to `--sum-format`, then they are added in order from block 0, each sum
//!   rounded; then it is converted to `--out`.
//!
//! A scale that is NaN makes the result NaN, whatever the elements are. A scale is used with its sign, if its format
//! has one. A tensor scale is not part of the block. Stochastic roundings use `random` in this order: block 0; block 1,
//! its sum; and so on. Combinational.
use super::exact::ExactResult;
use super::mac::check_sum_format;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Dot product of scaled blocks.
    pub struct MxDot {
        /// format of the elements of a
        a: Format = "e4m3fn",
        /// format of the elements of b
        b: Format = "e4m3fn",
        /// elements that share a scale
        block: u32 [1..=1024] = "32",
        /// blocks of each operand
        blocks: u32 [1..=64] = "1",
        /// format of the scales
        scale: Format = "e8m0fnu",
        /// how the blocks are added
        sum: BlockSum = "exact",
        /// format of rounded blocks and their sums
        sum_format: SumFormat = "fp32",
        /// format of the result
        out: Output = "fp32",
    } with policy: Policy
}

choices! {
    /// How blocks are added up.
    pub enum BlockSum {
        /// Without rounding.
        Exact = "exact",
        /// Each block rounded, one after the other.
        Blockwise = "blockwise",
    }
}

impl MxDot {
    /// The format of rounded blocks, if they are.
    fn partial(&self) -> Option<&Format> {
        (self.sum != BlockSum::Exact).then_some(&self.sum_format.0)
    }

    /// Roundings of one result.
    fn roundings(&self) -> u32 {
        let last = u32::from(self.out.format() != self.partial() && self.out != Output::Exact);
        self.partial().map_or(0, |_| 2 * self.blocks - 1) + last
    }

    /// Elements of one operand.
    fn elements(&self) -> u32 {
        self.block * self.blocks
    }

    fn result(&self) -> ExactResult {
        ExactResult::scaled((&self.a, &self.b), self.block, &self.scale, self.blocks, &self.policy)
    }
}

impl Block for MxDot {
    const NAME: &'static str = "mx_dot";
    const DOC: &'static str = "dot product of blocks with shared scales (MX, NVFP4, NVINT4)";

    fn validate(&self) -> Result<(), ParamError> {
        if !matches!(self.scale, Format::E8m0 | Format::Minifloat(_)) {
            return Err(ParamError::new("scale", "allowed: e8m0, e4m3fn, or another floating-point format"));
        }
        self.policy.check_operands(&[&self.a, &self.b, &self.scale])?;
        check_sum_format("sum_format", &self.sum_format.0)?;
        match (self.partial(), &self.out) {
            (None, _) if self.sum_format != Self::default().sum_format => {
                Err(ParamError::new("sum_format", "only used with --sum blockwise"))
            }
            (None, Output::Exact) => self.policy.check_exact(),
            (None, Output::In(out)) => self.policy.check_results(&[out]),
            (Some(_), Output::Exact) => {
                Err(ParamError::new("out", "`exact` needs --sum exact; allowed with rounded blocks: a format"))
            }
            (Some(partial), Output::In(out)) => self.policy.check_results(&[partial, out]),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![
            Port::operand("a", &self.a, self.elements()),
            Port::operand("b", &self.b, self.elements()),
            Port::operand("scale_a", &self.scale, self.blocks),
            Port::operand("scale_b", &self.scale, self.blocks),
        ];
        ports.extend(Port::random(self.policy.random(), self.roundings()));
        match &self.out {
            Output::Exact => ports.extend(self.result().ports("y")),
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

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.out.format().map_or(Vec::new(), |f| self.policy.resolved(f))
    }
}

mod rtl {
    use super::MxDot;
    use crate::blocks::parts::{
        Bounds, Exact, Operand, Target, accumulate, decode, encode, exact_sum, mx::Scaled, plus_zero, to_fixed,
    };
    use crate::formats::*;
    use crate::hdl::prelude::*;

    /// Lane `i` of packed codes.
    fn lane<'b>(format: &Format, packed: UInt<'b>, i: u32) -> UInt<'b> {
        let bits = format.bits();
        packed.slice(bits * (i + 1) - 1, bits * i)
    }

    pub fn build<'b>(p: &MxDot, m: Builder<'b>) {
        let (a, b) = (m.uint_in("a", p.a.bits() * p.elements()), m.uint_in("b", p.b.bits() * p.elements()));
        let scales = ["scale_a", "scale_b"].map(|name| m.uint_in(name, p.scale.bits() * p.blocks));
        let n = p.policy.random();
        let random = (n * p.roundings() > 0).then(|| m.uint_in("random", n * p.roundings()));
        let mut used = 0;
        // The bits of the next rounding.
        let mut random = || {
            used += 1;
            random.map(|r| r.slice(used * n - 1, (used - 1) * n))
        };
        let with_flush = |f| (f, p.policy.flushes(f));
        let scaled = Scaled { a: with_flush(&p.a), b: with_flush(&p.b), scale: with_flush(&p.scale) };
        let elements =
            |format, packed, k: u32| (k * p.block..(k + 1) * p.block).map(|i| lane(format, packed, i)).collect::<Vec<_>>();
        let blocks: Vec<Operand> = (0..p.blocks)
            .map(|k| {
                m.scope(&format!("block{k}"), || {
                    let scales = scales.map(|s| lane(&p.scale, s, k));
                    scaled.dot(m, (&elements(&p.a, a, k), &elements(&p.b, b, k)), scales, p.out == Output::Exact)
                })
            })
            .collect();
        let block = Bounds::of_sum(with_flush(&p.a), with_flush(&p.b), p.block);
        let target = |format| Target::new(format, p.policy.rounding(format));
        let code = match p.partial() {
            None => {
                let factor = Bounds::of_sum(with_flush(&p.scale), with_flush(&p.scale), 1);
                let sum = |blocks: &[Operand<'b>]| {
                    let one = block.products(&factor, 1);
                    let terms: Vec<Exact> = blocks.iter().map(|x| to_fixed(*x, one.lsb).within(&one)).collect();
                    exact_sum(m, &terms).within(&block.products(&factor, p.blocks))
                };
                match (&p.out, &blocks[..]) {
                    (Output::Exact, _) => {
                        return sum(&blocks).output(m, "y", block.products(&factor, p.blocks).bits());
                    }
                    // Only the exponent moves; a zero is positive.
                    (Output::In(out), [single]) => encode(&target(out), random(), plus_zero(*single, Round::Rne)),
                    (Output::In(out), _) => encode(&target(out), random(), sum(&blocks).operand()),
                }
            }
            Some(format) => {
                let target = target(format);
                let mut rounded = blocks.into_iter();
                let first = rounded.next().map(|x| encode(&target, random(), x));
                let first = first.unwrap_or_else(|| m.uint(0u32, format.bits()));
                rounded.fold(first, |sum, x| {
                    let x = encode(&target, random(), x);
                    accumulate(&target, random(), decode(format, false, sum), decode(format, false, x))
                })
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
    use super::MxDot;
    use crate::golden::arith::{Sum, add, multiply};
    use crate::golden::dot::{Random, exact};
    use crate::golden::format::Format;
    use crate::golden::model::{Model, pure};
    use crate::golden::operands::Operands;
    use crate::golden::policy::NanSign;
    use crate::golden::round::Rounder;
    use crate::golden::value::Value;
    use num_bigint::BigUint;

    /// Codes `from` to `from + count` of a port with codes of `bits` bits.
    fn part(port: &BigUint, bits: u32, from: u32, count: u32) -> BigUint {
        (port >> (bits * from)) & ((BigUint::from(1u32) << (bits * count)) - 1u32)
    }

    pub fn model(p: &MxDot) -> Box<dyn Model> {
        let p = p.clone();
        let policy = p.policy.clone();
        let pair = |a: &Format, b: &Format| Operands::new(a, policy.operand(a), b, policy.operand(b));
        let (elements, scales) = (pair(&p.a, &p.b), pair(&p.scale, &p.scale));
        let rounder = |f: &Format| Rounder::new(f, p.policy.rounding(f)).expect("internal error: parameters not validated");
        let out = p.out.format().map(rounder);
        let partial = p.partial().map(rounder);
        let result = p.result();
        pure(move |inputs, outputs| {
            let mut random = inputs.get(4).map_or(Random::none(), |r| Random::new(r, p.policy.random()));
            let scaled = |k: u32| {
                let codes = |port: usize, f: &Format| part(&inputs[port], f.bits(), k * p.block, p.block);
                let inside = exact(&elements.products(&codes(0, &p.a), &codes(1, &p.b), p.block)).value();
                let scale = |port: usize| part(&inputs[port], p.scale.bits(), k, 1);
                multiply(&scales.product(&scale(2), &scale(3)), &inside)
            };
            let blocks: Vec<Value> = (0..p.blocks).map(scaled).collect();
            let sum = match &partial {
                Some(rounder) => {
                    let mut sum = rounder.round_value(&blocks[0], random.take());
                    for block in &blocks[1..] {
                        let block = rounder.round_value(block, random.take());
                        sum = rounder.round_value(&add(&sum, &block, rounder.rounding().round), random.take());
                    }
                    sum
                }
                None => {
                    let mut sum = Sum::new();
                    blocks.iter().for_each(|block| sum.add(block));
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
