//! Quantises a block of numbers to elements with a shared scale: a power of two (OCP MX), or a number (NVFP4, NVINT4).
//!
//! `x` → `scale y`: `x` holds `--block` numbers, element 0 in the low bits; `scale` is an E8M0 code,
//! 2^k; element i of `y` is x_i·2^-k rounded once to `--to`, at most its largest number. k follows from the
//! largest magnitude amax, Q the largest element and emax = floor(log2 Q), by `--rule`:
//!
//! * `floor`: floor(log2 amax) - emax (OCP; Microsoft's microxcaling, exactly). Elements up to twice Q are clipped.
//! * `ceil`: ceil(log2 amax) - emax (torchao's `ceil`).
//! * `rceil`: the least k with amax ≤ 2^k·Q (torchao's `rceil`; "ceil" of INT v.s. FP). Nothing is clipped.
//! * `even`: as `floor`, of amax rounded to the fraction bits of the element, ties away (torchao's `even`).
//! * `round`: the integer nearest to log2(amax / Q).
//!
//! k is kept in -127..=127; beyond 127 `floor` gives NaN. A NaN or infinity among the numbers makes
//! the scale NaN (FF) and every element 0. The scale of a block of zeros is code 0, or with `--zero-block tiny` that
//! of amax = 2^-126 under `floor` (microxcaling). Integers are clipped symmetrically, so that `mxint8` never gives -128;
//! `--clip full` allows that. An element that rounds to zero keeps its sign.
//!
//! `--scale e4m3fn` (with `--to e2m1fn --block 16`: NVFP4) takes the number nearest to amax / Q as the scale, at most the
//! largest, and rounds x_i / scale once. `--tensor fp32` adds the input `tensor`, a scale t of the whole tensor: the scale is then that nearest
//! to amax / (t·Q) and an element x_i / (t·scale), exact quotients that are rounded once. Of a scale of 0 every element is a zero.
//! A t that is negative, infinite or NaN gives the scale NaN, as those numbers among x do; a t of 0 the scale 0.
//!
//! `--order` takes the operations of a library instead, each rounded to binary32: `torchao` (`tensor` is the same t, or absent), and of
//! NVIDIA's TransformerEngine `te` and `te-4over6`, of two scales that of the smaller squared error (`-256`: of a tensor whose
//! scales end at 256). For these `tensor` is the largest magnitude of the tensor. Torchao's scales are normal numbers.
//!
//! In hardware the largest magnitude is found among the codes, once; its significand is compared with a constant,
//! which is all that the rules differ in. Combinational.
use super::params::ParamError;
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::golden::mx::ScaleRule;
use crate::golden::names;
use crate::hdl::dsl::Builder;
use crate::{choices, params};
use num_bigint::BigUint;

params! {
    /// Block quantiser.
    pub struct MxQuantize {
        /// format of x
        from: Format = "fp32",
        /// format of the elements
        to: Format = "e4m3fn",
        /// numbers that share a scale
        block: u32 [1..=1024] = "32",
        /// format of the scale
        scale: Format = "e8m0fnu",
        /// format of a scale of the tensor, with a scale that is no power of two
        tensor: Optional = "none",
        /// how a power of two follows from the largest magnitude
        rule: Rule = "floor",
        /// rounding of the elements
        round: Round = "rne",
        /// order of operations, with a scale that is no power of two
        order: Order = "exact",
        /// range of integer elements
        clip: Clip = "symmetric",
        /// scale of a block of zeros
        zero_block: ZeroBlock = "least",
    }
}

choices! {
    /// How the scale follows from the largest magnitude.
    pub enum Rule {
        /// floor(log2 amax) - emax.
        Floor = "floor",
        /// ceil(log2 amax) - emax.
        Ceil = "ceil",
        /// Nothing is clipped.
        Rceil = "rceil",
        /// Floor of the rounded amax.
        Even = "even",
        /// Nearest in the logarithm.
        Round = "round",
    }
}

choices! {
    /// How scale and elements are divided.
    pub enum Order {
        /// Exact quotients, rounded once.
        Exact = "exact",
        /// torchao.
        Torchao = "torchao",
        /// TransformerEngine.
        Te = "te",
        /// Its better of two scales.
        FourOverSix = "te-4over6",
        /// The same of a tensor whose scales end at 256.
        FourOverSix256 = "te-4over6-256",
    }
}

choices! {
    /// Range of two's complement elements.
    pub enum Clip {
        /// Without the least code.
        Symmetric = "symmetric",
        /// With it.
        Full = "full",
    }
}

choices! {
    /// Scale of a block of zeros.
    pub enum ZeroBlock {
        /// Code 0.
        Least = "least",
        /// That of 2^-126.
        Tiny = "tiny",
    }
}

/// Formats of scales.
const SCALES: &str = "allowed: e8m0, e4m3fn and other floating-point formats whose name ends in fn";

impl MxQuantize {
    /// The format of the elements as they are rounded.
    fn element(&self) -> Format {
        match &self.to {
            Format::Int(f) if f.kind == IntKind::Twos && self.clip == Clip::Symmetric => {
                Format::Int(IntFormat { kind: IntKind::Symmetric, ..*f })
            }
            other => other.clone(),
        }
    }

    fn rounding(&self) -> Rounding {
        Rounding { round: self.round, ..Rounding::nearest(Overflow::Saturate) }
    }

    /// Rules of the scale.
    fn check_scale(&self) -> Result<(), ParamError> {
        let only = |param: &str, what: &str| Err(ParamError::new(param, format!("only used with {what}")));
        let named = |format: &Format, name: &str| names::parse(name).is_ok_and(|named| named == *format);
        let library = self.order != Order::Exact;
        if library && !(named(&self.scale, "e4m3fn") && named(&self.to, "e2m1fn")) {
            return only("order", "--scale e4m3fn --to e2m1fn; allowed else: exact");
        }
        match (&self.scale, &self.tensor.0) {
            (_, None) if library && self.order != Order::Torchao => only("order", "--tensor fp32; allowed without: exact, torchao"),
            (_, Some(t)) if library && !named(t, "fp32") => Err(ParamError::new("tensor", "allowed with this --order: fp32")),
            (Format::E8m0, Some(_)) => only("tensor", "--scale e4m3fn"),
            (Format::E8m0, None) => Ok(()),
            (Format::Minifloat(f), _) if f.special != Special::Fn => Err(ParamError::new("scale", SCALES)),
            (Format::Minifloat(_), _) if self.rule != Rule::Floor => only("rule", "--scale e8m0"),
            (Format::Minifloat(_), _) if self.zero_block != ZeroBlock::Least => only("zero_block", "--scale e8m0"),
            (Format::Minifloat(_), Some(Format::Minifloat(f))) if f.special == Special::Ieee && f.signed => Ok(()),
            (Format::Minifloat(_), None) => Ok(()),
            (Format::Minifloat(_), Some(_)) => Err(ParamError::new("tensor", "allowed: none, fp32, bf16, fp16 and other IEEE-like formats")),
            _ => Err(ParamError::new("scale", SCALES)),
        }
    }

    /// What the golden model calls the rule.
    fn scale_rule(&self) -> ScaleRule {
        match self.rule {
            Rule::Floor => ScaleRule::Floor,
            Rule::Ceil => ScaleRule::Ceil,
            Rule::Rceil => ScaleRule::CeilOfRatio,
            Rule::Even => ScaleRule::Even,
            Rule::Round => ScaleRule::Nearest,
        }
    }
}

impl Block for MxQuantize {
    const NAME: &'static str = "mx_quantize";
    const DOC: &'static str = "block quantiser: shared scale and elements (MX, NVFP4, NVINT4)";

    fn validate(&self) -> Result<(), ParamError> {
        if !matches!(&self.from, Format::Minifloat(f) if f.special == Special::Ieee) {
            return Err(ParamError::new("from", "allowed: fp32, bf16, fp16, e5m2 and other IEEE-like formats"));
        }
        self.check_scale()?;
        match &self.to {
            Format::Minifloat(f) if f.signed => {}
            Format::Int(f) if f.kind != IntKind::Unsigned && f.bits >= 2 && f.bits <= 16 => {}
            _ => return Err(ParamError::new("to", "allowed: signed floating-point formats, mxint8, int2..int16")),
        }
        if self.round.is_stochastic() {
            return Err(ParamError::new("round", "allowed: rne, rna, rtz, up, down, odd"));
        }
        if self.clip != Clip::Symmetric && !matches!(&self.to, Format::Int(f) if f.kind == IntKind::Twos) {
            return Err(ParamError::new("clip", "only used with two's complement elements"));
        }
        crate::golden::legal::legal(&self.element(), &self.rounding()).map_err(ParamError::from)
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("x", &self.from, self.block)];
        ports.extend(self.tensor.0.as_ref().map(|f| Port::operand("tensor", f, 1)));
        ports.extend([Port::result("scale", &self.scale), Port::results("y", &self.to, self.block)]);
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    /// Blocks of small numbers under one large one: every exponent of that, and significands around the borders of the rules.
    fn corners(&self) -> Vec<Vec<BigUint>> {
        let Format::Minifloat(f) = self.from else { return Vec::new() };
        let one = 1u64 << f.frac_bits;
        let shares = [0, 1, one / 8, one / 4, one / 2, one / 8 * 5, one / 4 * 3, one / 8 * 7, one / 16 * 15, one - 1];
        let fractions = shares.iter().flat_map(|s| [s.saturating_sub(1), *s, s + 1]).filter(|s| *s < one);
        let fractions: Vec<u64> = fractions.collect();
        let exponents = (0..1u64 << f.exp_bits).step_by((1usize << f.exp_bits).div_ceil(32));
        let mut rows = Vec::new();
        for exponent in exponents {
            for (j, fraction) in fractions.iter().enumerate() {
                let lane = |l: u32| {
                    // Ever smaller ones below the largest, of both signs.
                    let lower = exponent.saturating_sub(u64::from(l) / 2) * one + fraction.rotate_left(l) % one;
                    let code = if l == 0 { exponent * one + fraction } else { lower.min(exponent * one + fraction) };
                    BigUint::from(code | u64::from((l + j as u32) % 2) << (f.exp_bits + f.frac_bits)) << (l * self.from.bits())
                };
                let mut row = vec![(0..self.block).map(lane).sum()];
                // About what makes the scale a normal number; the largest magnitude is no less than that of a block.
                let below = if matches!(self.order, Order::Exact | Order::Torchao) { 9 } else { 0 };
                row.extend(self.tensor.0.as_ref().map(|t| match t {
                    Format::Minifloat(t) => BigUint::from(exponent.saturating_sub(below).min((1 << t.exp_bits) - 1) << t.frac_bits) + fraction,
                    _ => BigUint::ZERO,
                }));
                rows.push(row);
            }
        }
        rows
    }
}

mod rtl {
    use super::{MxQuantize, Order, Rule, ZeroBlock};
    use crate::blocks::parts::decode::Number;
    use crate::blocks::parts::fixed::extent;
    use crate::blocks::parts::nvfp4::{Nvfp4, Quantized};
    use crate::blocks::parts::{Limit, Operand, Target, decode, encode, normalize};
    use crate::formats::*;
    use crate::hdl::prelude::*;

    /// Exponents above floor(log2 amax) - emax: the least, and the significands (with `p` fraction bits) from which on it
    /// is one more each.
    fn steps(rule: Rule, q: &BigUint, fraction: u32, p: u32) -> (i64, Vec<BigUint>) {
        let one = BigUint::from(1u32);
        let qb = q.bits() as u32 - 1;
        match rule {
            Rule::Floor => (0, vec![]),
            Rule::Ceil => (0, vec![(&one << p) + 1u32]),
            Rule::Rceil => (0, vec![((q << p) >> qb) + 1u32]),
            Rule::Even if p > fraction => (0, vec![(&one << (p + 1)) - (&one << (p - fraction - 1))]),
            Rule::Even => (0, vec![]),
            // The least s with (s / 2^p)² ≥ 2^(2j + 1)·(q / 2^qb)², for j = -1 and 0.
            Rule::Round => {
                let square = (q * q) << (2 * p);
                let root = |square: BigUint| {
                    let floor = square.sqrt();
                    if &floor * &floor == square { floor } else { floor + 1u32 }
                };
                let up = |x: BigUint, by: u32| (x + ((BigUint::from(1u32) << by) - 1u32)) >> by;
                (-1, vec![root(up(square.clone(), 2 * qb + 1)), root(up(square << 1, 2 * qb))])
            }
        }
    }

    pub fn build<'b>(p: &MxQuantize, m: Builder<'b>) {
        let (bits, element) = (p.from.bits(), p.element());
        let Format::Minifloat(from) = p.from else { unreachable!("internal error: parameters not validated") };
        let frac = from.frac_bits;
        let x = m.uint_in("x", bits * p.block);
        let lanes: Vec<UInt> = (0..p.block).map(|i| x.slice(bits * (i + 1) - 1, bits * i)).collect();
        // The order of magnitudes is that of their codes; infinities and NaNs are the largest.
        let mut level: Vec<UInt> = lanes.iter().map(|x| x.slice(bits - 2, 0)).collect();
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| if let [a, b] = pair { a.lt(*b).select(*b, *a) } else { pair[0] }).collect();
        }
        let amax = level[0].named("amax");
        let special = amax.slice(bits - 2, frac).all_ones().named("special");
        if p.scale != Format::E8m0 {
            return ratios(p, m, &lanes, amax, special);
        }
        let zero = amax.is_zero().named("all_zero");
        let Operand::Float(number) = m.scope("amax", || decode(&p.from, false, m.low().uint().cat(amax))) else {
            unreachable!("internal error: a float")
        };
        let (sig, zeros) = m.scope("amax", || normalize(number.sig, Limit::Known(number.leading_zeros), frac + 1));
        // The largest element is q·2^-qb·2^emax with 1 ≤ q·2^-qb < 2.
        let (_, largest, lsb) = extent(&element, false);
        let q = largest.magnitude().clone();
        let emax = q.bits() as i64 - 1 + i64::from(lsb);
        let fraction = match &element {
            Format::Minifloat(f) => f.frac_bits,
            Format::Int(f) => f.bits - 2,
            _ => 0,
        };
        let (base, borders) = steps(p.rule, &q, fraction, frac);
        let end = BigUint::from(2u32) << frac;
        let constant = i128::from(base) + i128::from(number.scale) + i128::from(frac) - i128::from(emax) + 127;
        let mut biased = number.exp - zeros.signed() + m.int(constant);
        for border in borders.iter().filter(|b| **b < end) {
            biased = biased + sig.ge(m.uint(border.clone(), frac + 1)).uint().signed();
        }
        let biased = biased.named("biased");
        let over = biased.gt(m.int(254)).named("over");
        let kept = over.select(m.int(254), biased.is_negative().select(m.int(0), biased));
        let at_zero = if p.zero_block == ZeroBlock::Tiny { (1 - emax).clamp(0, 254) as u32 } else { 0 };
        let scale = kept.assume_within(0, 254).assume_non_negative().wrap(8);
        let scale = zero.select(m.uint(at_zero, 8), scale).named("scale");
        let invalid = if p.rule == Rule::Floor { special | over } else { special }.named("invalid");
        m.output("scale", invalid.select(m.uint(255u32, 8), scale));
        // k less its bias of 127, which joins the constant part of the exponents.
        let k = scale.assume_at_most(254).signed();
        let rounding = p.rounding();
        let target = Target { nan_sign: NanSign::Keep, ..Target::new(&element, rounding) };
        let codes = lanes.iter().enumerate().map(|(i, x)| {
            m.scope(&format!("lane{i}"), || {
                let Operand::Float(n) = decode(&p.from, false, *x) else { unreachable!("internal error: a float") };
                let scaled = Operand::Float(divided(n, k, emax, &from));
                invalid.select(m.uint(0u32, element.bits()), encode(&target, None, scaled))
            })
        });
        let y = codes.collect::<Vec<_>>().into_iter().reduce(|low, high| high.cat(low));
        m.output("y", y.unwrap_or_else(|| m.nat(0)));
    }

    /// The scale a quotient, the elements quotients by it.
    fn ratios<'b>(p: &MxQuantize, m: Builder<'b>, lanes: &[UInt<'b>], amax: UInt<'b>, special: Bit<'b>) {
        let element = p.element();
        let nearest = Rounding::nearest(Overflow::Saturate);
        let zero = |code: UInt<'b>, when: Bit<'b>| when.select(m.uint(0u32, code.width()), code);
        let (to_scale, to_element) = (Target::new(&p.scale, nearest), Target { rounding: p.rounding(), ..Target::new(&element, nearest) });
        let tensor = p.tensor.0.as_ref().map(|f| m.scope("tensor", || decode(f, false, m.uint_in("tensor", f.bits())).number()));
        let negative = tensor.map(|t| t.sign & !t.is_zero());
        let invalid = [negative, tensor.and_then(|t| t.is_special())].into_iter().flatten().fold(special, |a, b| a | b).named("invalid");
        let lanes: Vec<Number> = lanes.iter().enumerate().map(|(i, x)| m.scope(&format!("lane{i}"), || decode(&p.from, false, *x).number())).collect();
        let amax = m.scope("scale", || decode(&p.from, false, m.low().uint().cat(amax)).number());
        let library = Nvfp4 { lanes, amax, scales: to_scale, elements: to_element };
        let known = || tensor.unwrap_or_else(|| unreachable!("internal error: parameters not validated"));
        let Quantized { scale, elements } = match p.order {
            Order::Exact => library.exact(tensor),
            Order::Torchao => library.torchao(tensor),
            Order::Te => library.transformer_engine(known()),
            Order::FourOverSix => library.four_over_six(448, known()),
            Order::FourOverSix256 => library.four_over_six(256, known()),
        };
        let nan_code = (BigUint::from(1u32) << (p.scale.bits() - 1)) - 1u32;
        m.output("scale", invalid.select(m.uint(nan_code, p.scale.bits()), scale));
        let y = elements.into_iter().map(|code| zero(code, invalid)).reduce(|low, high| high.cat(low));
        m.output("y", y.unwrap_or_else(|| m.nat(0)));
    }

    /// n·2^(127 - k): no element is much above the largest, as no number is above amax.
    fn divided<'b>(n: Number<'b>, k: SInt<'b>, emax: i64, from: &Minifloat) -> Number<'b> {
        let exp = n.exp - k;
        let frac = i64::from(from.frac_bits);
        // Weight of the top place of a significand, beyond that of 2^k: normal numbers, and subnormal ones, whose top
        // place may be empty.
        let lowest = 1 - i64::from(from.bias);
        let least_k = (lowest - frac - emax - 1).max(-127);
        let top = (emax + 2).max(lowest - least_k);
        let hi = i128::from(top - 127 - i64::from(n.scale) - frac);
        let exp = exp.range().bounds().map_or(exp, |(lo, old)| exp.assume_within(lo.min(hi), old.min(hi)));
        let grid = n.grid - 127;
        Number { exp, scale: n.scale + 127, nan: None, inf: None, grounded: false, grid, ..n }
    }
}

mod golden {
    use super::{MxQuantize, Order, ZeroBlock};
    use crate::golden::decode::decode;
    use crate::golden::exact::Exact;
    use crate::golden::model::{Model, pure};
    use crate::golden::format::Format;
    use crate::golden::mx::{ScaleRule, quantize, quantize_by_ratio, shared_exponent};
    use crate::golden::nvfp4::{Order as Library, Quantizer};
    use crate::golden::policy::{Overflow, Rounding};
    use crate::golden::round::Rounder;
    use crate::golden::value::Value;
    use num_bigint::BigUint;

    pub fn model(p: &MxQuantize) -> Box<dyn Model> {
        let (from, block, rule, bits) = (p.from.clone(), p.block, p.scale_rule(), p.to.bits());
        let elements = Rounder::new(&p.element(), p.rounding()).expect("internal error: parameters not validated");
        let tiny = shared_exponent(ScaleRule::Floor, &Exact::power_of_two(-126), elements.format());
        let zero = if p.zero_block == ZeroBlock::Tiny { (tiny + 127).clamp(0, 254) as u64 } else { 0 };
        let mask = (BigUint::from(1u32) << from.bits()) - 1u32;
        let nearest = Rounding::nearest(Overflow::Saturate);
        let scales = (p.scale != Format::E8m0).then(|| Rounder::new(&p.scale, nearest).expect("internal error: parameters not validated"));
        let tensor = p.tensor.0.clone();
        let order = match p.order {
            Order::Exact => None,
            Order::Torchao => Some(Library::Torchao),
            Order::Te => Some(Library::TransformerEngine),
            Order::FourOverSix => Some(Library::FourOverSix(448)),
            Order::FourOverSix256 => Some(Library::FourOverSix(256)),
        };
        let library = order.map(|order| Quantizer::new(order, p.round));
        pure(move |inputs, outputs| {
            let lane = |i: u32| decode(&from, &((&inputs[0] >> (i * from.bits())) & &mask));
            let values: Vec<Value> = (0..block).map(lane).collect();
            let tensor = tensor.as_ref().map(|f| decode(f, &inputs[1]));
            let (scale, codes) = match (&library, &scales) {
                (Some(library), _) => library.quantize(&values, tensor.as_ref()),
                (None, Some(scales)) => quantize_by_ratio(&values, &tensor.unwrap_or(Value::Finite(Exact::from(1))), scales, &elements),
                (None, None) => quantize(rule, &values, &elements, zero),
            };
            outputs.push(BigUint::from(scale));
            outputs.push(codes.iter().rev().fold(BigUint::ZERO, |all, code| (all << bits) | code));
        })
    }
}
