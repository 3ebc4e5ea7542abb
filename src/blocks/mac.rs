//! Multiply–accumulate: a registered sum of products, in any formats.
//!
//! `a b clear en` → `acc`. With `en` = 1 the clock edge sets acc ← (`clear` ? 0 : acc) + a·b; with
//! `en` = 0 everything holds. `acc` shows the sum before the edge; reset makes it 0. With `--clear zero`, `clear`
//! makes the sum 0 whatever `en` is, and no product is added on that edge: the reset pins of registers instead of a multiplexer.
//!
//! * `--acc exact`: two's complement, never rounded, of the narrowest width that holds any sum of
//!   `--terms` products (proved by operands that need it); more terms wrap. The flags `nan`,
//!   `pos_inf`, `neg_inf` that the formats can produce stay until the next `clear`; `acc` is then
//!   the sum of the finite products.
//! * `--acc intN`: integer; saturates or wraps (`--overflow`). Products finer than its unit are added
//!   exactly and rounded once.
//! * `--acc FORMAT`: floating point, fused: the exact acc + a·b is rounded once.
//!
//! With `--normalize output` a sum in a format is not rounded step by step: it is kept as with
//! `--acc exact` (`--terms` included), and what `acc` shows is that sum rounded once (an exact zero is +0).
//! The loop is then an adder that fits any clock, and the result is at least as close.
use super::exact::ExactResult;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Ideal, Port, Role, corners};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};
use num_bigint::BigUint;

params! {
    /// Multiply–accumulate with clear and enable.
    pub struct Mac {
        /// format of a
        a: Format = "e4m3fn",
        /// format of b
        b: Format = "e4m3fn",
        /// format of the accumulator
        acc: Output = "exact",
        /// products that an exact accumulator holds without overflow
        terms: u32 [1..=16777216] = "32",
        /// when a sum in a format is rounded: in every step, or where it comes out
        normalize: Normalize = "step",
        /// what clear does: start a sum with the product beside it, or make the sum 0
        clear: Clear = "load",
    } with policy: Policy
}

choices! {
    /// When a sum is rounded to its format.
    pub enum Normalize {
        /// After each product.
        Step = "step",
        /// Only where it comes out; it is kept exactly.
        Output = "output",
    }
}

choices! {
    /// What `clear` leaves in the register.
    pub enum Clear {
        /// The product beside it.
        Load = "load",
        /// Zero.
        Zero = "zero",
    }
}

impl Mac {
    /// True if the register holds the exact sum.
    fn keeps_exact(&self) -> bool {
        self.acc == Output::Exact || self.normalize == Normalize::Output
    }
}

impl Block for Mac {
    const NAME: &'static str = "mac";
    const DOC: &'static str = "multiply-accumulate with clear and enable";
    const RESET: Reset = Reset::Sync;

    fn latency(&self) -> u32 {
        1
    }

    fn validate(&self) -> Result<(), ParamError> {
        self.policy.check_operands(&[&self.a, &self.b])?;
        match &self.acc {
            Output::Exact if self.normalize != Normalize::Step => {
                Err(ParamError::new("normalize", "an exact sum is not rounded; allowed: step, or --acc with a format"))
            }
            Output::Exact => self.policy.check_exact(),
            Output::In(_) if !self.keeps_exact() && self.terms != Self::default().terms => {
                Err(ParamError::new("terms", "only used with --acc exact or --normalize output; a sum rounded in every step has no limit"))
            }
            Output::In(format) => {
                check_sum_format("acc", format)?;
                self.policy.check_results(&[format])
            }
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![
            Port::operand("a", &self.a, 1),
            Port::operand("b", &self.b, 1),
            Port::control("clear", Role::Clear),
            Port::control("en", Role::Enable),
        ];
        match &self.acc {
            Output::Exact => ports.extend(ExactResult::new(&self.a, &self.b, &self.policy, self.terms).ports("acc")),
            Output::In(format) => {
                ports.extend(Port::random(self.policy.random(), 1));
                ports.push(Port::result("acc", format));
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
        let Some(format) = self.acc.format() else { return Vec::new() };
        let bit = |b: bool| BigUint::from(u32::from(b));
        let random = corners::random_words(self.policy.random(), 1);
        let mut rows = Vec::new();
        for x in corners::edges(format) {
            for (i, [a, b]) in corners::factors_near(&self.a, &self.b, &x).into_iter().enumerate() {
                let pick = random[i % random.len()].clone();
                rows.push([a, b, bit(i % 4 == 0), bit(true)].into_iter().chain(pick).collect());
            }
        }
        rows
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.acc.format().map_or(Vec::new(), |f| self.policy.resolved(f))
    }

    fn ideal(&self) -> Option<Ideal> {
        Some(Ideal::Products { terms: self.terms })
    }
}

/// Sums need a format with a zero and a regular grid.
pub(super) fn check_sum_format(param: &str, format: &Format) -> Result<(), ParamError> {
    match format {
        Format::Minifloat(_) | Format::Int(_) => Ok(()),
        _ => Err(ParamError::new(param, "sums are kept in a floating-point format or an integer, not in a scale or a table")),
    }
}

mod rtl {
    use super::{Clear, Mac};
    use crate::blocks::parts::running::{reached, stalls_below, without_specials, without_zero};
    use crate::blocks::parts::{
        Bounds, Exact, Operand, Target, accumulate_apart, decode, either, encode, exact_product, finite_product, to_fixed,
    };
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Mac, m: Builder<'b>) {
        let (a, b) = (m.uint_in("a", p.a.bits()), m.uint_in("b", p.b.bits()));
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let a = m.scope("a", || decode(&p.a, p.policy.flushes(&p.a), a));
        let b = m.scope("b", || decode(&p.b, p.policy.flushes(&p.b), b));
        match &p.acc {
            Output::Exact => {
                let sum = exact(p, m, finite_product(a, b), clear, en);
                sum.output(m, "acc", sum.value.width());
            }
            Output::In(format) if p.keeps_exact() => {
                let sum = exact(p, m, finite_product(a, b), clear, en);
                let random = (p.policy.random() > 0).then(|| m.uint_in("random", p.policy.random()));
                m.output("acc", encode(&Target::new(format, p.policy.rounding(format)), random, sum.operand()));
            }
            Output::In(format) => {
                // Leading zeros of short factors are gone sooner than those of a long sum.
                let nearest = matches!(format, Format::Minifloat(_)) && p.policy.rounding(format).round == Round::Rne;
                let (a, b) = if nearest { (a.normalized(), b.normalized()) } else { (a, b) };
                rounded(p, m, format, exact_product(a, b), clear, en);
            }
        }
    }

    /// The registered sum and its flags.
    fn exact<'b>(p: &Mac, m: Builder<'b>, product: Operand<'b>, clear: Bit<'b>, en: Bit<'b>) -> Exact<'b> {
        let bounds = |terms| Bounds::of_sum((&p.a, p.policy.flushes(&p.a)), (&p.b, p.policy.flushes(&p.b)), terms);
        let (one, bits) = (bounds(1), bounds(p.terms).bits());
        let term = to_fixed(product, one.lsb).within(&one);
        let acc = m.state_sint("acc_q", bits, 0);
        let zero = m.sint(0, bits);
        match p.clear {
            Clear::Load => {
                let base = clear.select(zero, acc.get()).named("base");
                acc.set_when(en, (base + term.value).wrap(bits).named("next"));
            }
            Clear::Zero => {
                let sum = (acc.get() + term.value).wrap(bits).named("sum");
                acc.set(clear.select(zero, en.select(sum, acc.get())));
            }
        }
        // Each flag stays by itself, so that its loop is one gate; which of them shows is decided outside.
        let sticky = |name: &str, flag: Option<Bit<'b>>| {
            flag.map(|f| {
                let state = m.state_bit(&format!("{name}_q"), false);
                match p.clear {
                    Clear::Load => state.set_when(en, (state.get() & !clear) | f),
                    Clear::Zero => state.set((state.get() | (en & f)) & !clear),
                }
                state.get()
            })
        };
        let (pos, neg) = (sticky("pos_inf", term.pos_inf), sticky("neg_inf", term.neg_inf));
        let clash = pos.zip(neg).map(|(p, n)| p & n);
        let nan = either(sticky("nan", term.nan), clash);
        Exact { value: acc.get(), lsb: term.lsb, nan, pos_inf: pos, neg_inf: neg }
    }

    fn rounded<'b>(p: &Mac, m: Builder<'b>, format: &Format, product: Operand<'b>, clear: Bit<'b>, en: Bit<'b>) {
        let n = p.policy.random();
        let random = (n > 0).then(|| m.uint_in("random", n));
        let target = Target::new(format, p.policy.rounding(format));
        let acc = m.state_uint("acc_q", format.bits(), 0);
        // Where what is no number becomes one, a sum can be any number after all.
        let adds_only = matches!(product, Operand::Float(x) if x.inf.is_none() && (x.nan.is_none() || format.has_nan()));
        let below = stalls_below(format, target.rounding.round, &product).filter(|_| adds_only);
        let target = Target { below, ..target };
        let zero = m.uint(0u32, format.bits());
        let base = if p.clear == Clear::Load { clear.select(zero, acc.get()).named("base") } else { acc.get() };
        let base = m.scope("base", || decode(format, false, base));
        let base = reached(base, &product, format, below);
        match p.clear {
            Clear::Load => {
                let (next, exact_zero) = accumulate_apart(&target, random, base, product);
                let next = next.named("next");
                match exact_zero {
                    None => acc.set_when(en, next),
                    Some(z) => acc.set((en & z).select(zero, en.select(next, acc.get()))),
                }
            }
            Clear::Zero => {
                // A sum that overflows to a NaN keeps its sign once, then the NaN is the one without.
                let signed_nan = target.rounding.overflow == Overflow::Nonfinite
                    && matches!(format, Format::Minifloat(f) if f.special == Special::Fn && f.signed);
                let (base, held) = if signed_nan { (base, None) } else { without_specials(base, &product) };
                let (product, nothing) = if signed_nan || !adds_only { (product, None) } else { without_zero(product, &target) };
                let (sum, exact_zero) = accumulate_apart(&target, random, base, product);
                let step = either(held, nothing).map_or(en, |held| (en & !held).named("step"));
                let clear = exact_zero.map_or(clear, |z| (clear | (step & z)).named("cleared"));
                acc.set(clear.select(zero, step.select(sum.named("sum"), acc.get())));
            }
        }
        m.output("acc", acc.get());
    }
}

mod golden {
    use super::{Clear, Mac};
    use crate::blocks::exact::ExactResult;
    use crate::formats::Output;
    use crate::golden::arith::{Sum, add};
    use crate::golden::decode::decode;
    use crate::golden::dot::Random;
    use crate::golden::model::Model;
    use crate::golden::operands::Operands;
    use crate::golden::round::Rounder;
    use num_bigint::BigUint;

    pub fn model(p: &Mac) -> Box<dyn Model> {
        let operands = Operands::new(&p.a, p.policy.operand(&p.a), &p.b, p.policy.operand(&p.b));
        match &p.acc {
            Output::Exact => {
                let result = ExactResult::new(&p.a, &p.b, &p.policy, p.terms);
                Box::new(Exact { operands, result, sum: Sum::new(), clear: p.clear })
            }
            Output::In(format) => {
                let rounder = Rounder::new(format, p.policy.rounding(format)).expect("internal error: parameters not validated");
                if p.keeps_exact() {
                    let result = ExactResult::new(&p.a, &p.b, &p.policy, p.terms);
                    return Box::new(AtOutput { exact: Exact { operands, result, sum: Sum::new(), clear: p.clear }, rounder, random_bits: p.policy.random() });
                }
                Box::new(Rounded { operands, rounder, random_bits: p.policy.random(), code: BigUint::ZERO, clear: p.clear })
            }
        }
    }

    struct Exact {
        operands: Operands,
        result: ExactResult,
        sum: Sum,
        clear: Clear,
    }

    impl Exact {
        fn edge(&mut self, inputs: &[BigUint]) {
            let (clear, en) = (inputs[2].bit(0), inputs[3].bit(0));
            let zero = self.clear == Clear::Zero;
            if clear && (en || zero) {
                self.sum = Sum::new();
            }
            if en && !(clear && zero) {
                self.sum.add(&self.operands.product(&inputs[0], &inputs[1]));
            }
        }
    }

    impl Model for Exact {
        fn reset(&mut self) {
            self.sum = Sum::new();
        }
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            self.result.codes(&self.sum, outputs);
            self.edge(inputs);
        }
    }

    /// Exact inside, rounded where it comes out.
    struct AtOutput {
        exact: Exact,
        rounder: Rounder,
        random_bits: u32,
    }

    impl Model for AtOutput {
        fn reset(&mut self) {
            self.exact.reset();
        }
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            let random = inputs.get(4).map_or(0, |r| Random::new(r, self.random_bits).take());
            outputs.push(self.rounder.round(&self.exact.result.value(&self.exact.sum), random));
            self.exact.edge(inputs);
        }
    }

    struct Rounded {
        operands: Operands,
        rounder: Rounder,
        random_bits: u32,
        code: BigUint,
        clear: Clear,
    }

    impl Model for Rounded {
        fn reset(&mut self) {
            self.code = BigUint::ZERO;
        }
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            outputs.push(self.code.clone());
            let (clear, en) = (inputs[2].bit(0), inputs[3].bit(0));
            if clear && self.clear == Clear::Zero {
                self.code = BigUint::ZERO;
            } else if en {
                let start = if clear { BigUint::ZERO } else { self.code.clone() };
                let acc = decode(self.rounder.format(), &start);
                let sum = add(&acc, &self.operands.product(&inputs[0], &inputs[1]), self.rounder.rounding().round);
                let random = inputs.get(4).map_or(0, |r| Random::new(r, self.random_bits).take());
                self.code = self.rounder.round(&sum, random);
            }
        }
    }
}
