//! ShiftGELU: the integer-only GELU of I-ViT, over rows.
//!
//! A stream of rows: `x in_mask in_last` → `y out_mask out_last`, `--lanes` elements a token, lane 0 in
//! the low bits. A lane whose mask bit is 0 holds no element and gives 0. For integers x of scale S and
//! x0 = floor(-1/(1.702·S)), with m the largest x of the row:
//!
//! * e_i = shift_exp(x_i - m), e' = shift_exp(-m), s_i = e_i + e', at most 2^31 - 1;
//! * F_i = floor((2^31 - 1) / s_i); the sigmoid is (e_i·F_i) >> (32 - b), at most 2^(b-1) - 1;
//! * y_i = x_i · sigmoid, of scale S·2^-(b-1).
//!
//! A row is taken into a memory while its maximum is found, then read once. Each element needs a division:
//! `--divider iterative` takes a bit of it each cycle, `unrolled` a token each cycle.
use super::params::ParamError;
use super::shift_exp::{X0, int};
use super::{Block, Port, Protocol, RowLengths};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};

params! {
    /// GELU by shifts and adds.
    pub struct Shiftgelu {
        /// bits of x
        in_bits: u32 [2..=16] = "8",
        /// bits b of the sigmoid, a two's complement number
        sigmoid_bits: u32 [4..=16] = "8",
        /// floor(-1/(1.702·S)) of the scale S of x
        x0: X0 = "-15",
        /// binary digits of the exponentials
        n: u32 [4..=24] = "23",
        /// elements of a token
        lanes: u32 [1..=64] = "1",
        /// elements of the longest row
        longest: u32 [1..=65536] = "256",
        /// how the divisions are made
        divider: Divider = "iterative",
    }
}

choices! {
    /// How the divisions are made.
    pub enum Divider {
        /// A bit of the quotients each cycle.
        Iterative = "iterative",
        /// A token each cycle.
        Unrolled = "unrolled",
    }
}

impl Block for Shiftgelu {
    const NAME: &'static str = "shiftgelu";
    const DOC: &'static str = "integer-only GELU of I-ViT over rows, by shifts and adds";
    const RESET: Reset = Reset::Sync;

    fn protocol(&self) -> Protocol {
        Protocol::Stream(RowLengths { lanes: self.lanes, shortest: 1, longest: self.longest })
    }

    fn validate(&self) -> Result<(), ParamError> {
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        vec![
            Port::operand("x", &int(self.in_bits), self.lanes),
            Port::mask("in_mask", true, self.lanes),
            Port::last("in_last", true),
            Port::results("y", &int(self.in_bits + self.sigmoid_bits - 1), self.lanes),
            Port::mask("out_mask", false, self.lanes),
            Port::last("out_last", false),
        ]
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }
}

mod rtl {
    use super::{Divider, Shiftgelu};
    use crate::blocks::parts::divide::{divide_iterative, divide_pipelined};
    use crate::blocks::parts::shift_exp::{Exponent, ShiftExp};
    use crate::blocks::parts::stream::{Held, RowBuffer, Skid, lanes, masked_max, pack};
    use crate::hdl::dsl::bits_unsigned;
    use crate::hdl::prelude::*;

    /// 2^31 - 1.
    const M31: u128 = (1 << 31) - 1;

    /// What travels with a token.
    struct Tags<'b> {
        valid: Bit<'b>,
        last: Bit<'b>,
        mask: UInt<'b>,
        x: Vec<SInt<'b>>,
    }

    impl<'b> Tags<'b> {
        fn step(self, name: &str, held: &Held<'b>) -> Tags<'b> {
            let x = self.x.iter().enumerate();
            Tags {
                valid: held.bit(&format!("{name}_valid"), self.valid),
                last: held.bit(&format!("{name}_last"), self.last),
                mask: held.uint(&format!("{name}_mask"), self.mask),
                x: x.map(|(i, x)| held.sint(&format!("{name}_x{i}"), *x)).collect(),
            }
        }
    }

    /// The exponential with a register behind each of its steps.
    fn exponential<'b>(exp: &ShiftExp, held: &Held<'b>, name: &str, x: SInt<'b>) -> UInt<'b> {
        let scaled = held.sint(&format!("{name}_scaled"), exp.scaled(x));
        let e = exp.apart(scaled);
        let quotient = held.uint(&format!("{name}_q"), e.quotient);
        let rest = held.uint(&format!("{name}_rest"), e.rest);
        held.uint(name, exp.raised(Exponent { quotient, rest, ..e }))
    }

    pub fn build<'b>(p: &Shiftgelu, m: Builder<'b>) {
        let (w, b) = (p.in_bits, p.sigmoid_bits);
        // More than 31 bits make no difference: the sigmoid is 1 then.
        let exp = ShiftExp { bits: 31, ..ShiftExp::new(p.x0.magnitude(), p.n, false) };
        let (x, mask) = (m.uint_in("x", w * p.lanes), m.uint_in("in_mask", p.lanes));
        let skid = Skid::new(m);
        let waiting = m.state_bit("waiting", false);
        let step = (skid.advance() & !waiting.get()).named("step");
        let held = Held::new(m, step);
        let rows = RowBuffer::new(m, p.longest.div_ceil(p.lanes), mask.cat(x), 1, step);
        let most = masked_max(m, &rows, &lanes(x, w), mask);
        let at_zero = exponential(&exp, &Held::new(m, m.high()), "exp_zero", -most);
        let (x, mask) = (rows.word.slice(w * p.lanes - 1, 0), rows.word.slice((w + 1) * p.lanes - 1, w * p.lanes));
        let x: Vec<SInt> = lanes(x, w).iter().map(|x| x.as_sint()).collect();
        let raised: Vec<UInt> = (x.iter().enumerate())
            .map(|(i, x)| {
                let below = *x - most;
                // Lanes without an element may be above; nobody looks at them.
                let below = below.assume_within(below.range().bounds().map_or(0, |(lo, _)| lo), 0);
                exponential(&exp, &held, &format!("exp{i}"), below)
            })
            .collect();
        let mut tags = Tags { valid: rows.valid, last: rows.last, mask, x };
        for name in ["scaled", "apart", "exp"] {
            tags = tags.step(name, &held);
        }
        let enters = (step & tags.valid).named("enters");
        let mut terms: Vec<UInt> = raised.iter().enumerate().map(|(i, e)| held.uint(&format!("term{i}"), *e)).collect();
        let sums: Vec<UInt> = (raised.iter().enumerate())
            .map(|(i, e)| held.uint(&format!("sum{i}"), (*e + at_zero).min(m.nat(M31))))
            .collect();
        tags = tags.step("sum", &held);
        // Both exponentials are at least |x0|.
        let most_factor = M31 / (2 * u128::from(p.x0.magnitude()));
        let bits = bits_unsigned(most_factor);
        let mut factors = Vec::new();
        match p.divider {
            Divider::Iterative => {
                let start = m.state_bit("start", false);
                start.set(enters);
                let mut done = m.low();
                for (i, sum) in sums.iter().enumerate() {
                    let division = m.scope(&format!("factor{i}"), || divide_iterative(m, start.get(), m.nat(M31), *sum, bits));
                    factors.push(division.quotient);
                    done = division.done;
                }
                waiting.set(enters | (waiting.get() & !done));
            }
            Divider::Unrolled => {
                waiting.set(m.low());
                let mut stages = 0;
                for (i, sum) in sums.iter().enumerate() {
                    let division = m.scope(&format!("factor{i}"), || divide_pipelined(m, &held, m.nat(M31), *sum, bits, 4));
                    factors.push(division.quotient);
                    stages = division.stages;
                }
                for stage in 1..=stages {
                    terms = (terms.iter().enumerate()).map(|(i, e)| held.uint(&format!("stage{stage}_term{i}"), *e)).collect();
                    tags = tags.step(&format!("stage{stage}"), &held);
                }
            }
        }
        let sigmoids: Vec<UInt> = (terms.iter().zip(&factors).enumerate())
            .map(|(i, (e, factor))| {
                let product = (*e * factor.assume_at_most(most_factor)).assume_at_most(M31);
                let sigmoid = if 32 - b < product.width() { product.trunc_low(32 - b) } else { m.nat(0) };
                held.uint(&format!("sigmoid{i}"), sigmoid.saturate(b - 1))
            })
            .collect();
        tags = tags.step("sigmoid", &held);
        let results: Vec<UInt> = (sigmoids.iter().enumerate())
            .map(|(i, sigmoid)| {
                let y = (tags.x[i] * sigmoid.signed()).narrow(w + b - 1);
                let zero = m.sint(0, w + b - 1);
                held.sint(&format!("y{i}"), tags.mask.bit(i as u32).select(y, zero)).bits().wrap(w + b - 1)
            })
            .collect();
        tags.x.clear();
        tags = tags.step("y", &held);
        let left = (step & tags.valid & tags.last).named("left");
        rows.close(&[m.high(), left]);
        let valid = tags.valid & !waiting.get();
        skid.close(valid, &[("y", pack(&results)), ("out_mask", tags.mask), ("out_last", tags.last.uint())]);
    }
}

mod golden {
    use super::Shiftgelu;
    use crate::golden::ivit;
    use crate::golden::model::{Model, by_rows};

    pub fn model(p: &Shiftgelu) -> Box<dyn Model> {
        let p = p.clone();
        let x0 = p.x0.value().into();
        by_rows(move |row, outputs| {
            let masked: Vec<_> = row.iter().map(|token| (token[0].clone(), token[1].clone())).collect();
            let y = ivit::shiftgelu(&ivit::elements(&masked, p.lanes, p.in_bits), &x0, p.n, p.sigmoid_bits);
            let masks: Vec<_> = row.iter().map(|token| token[1].clone()).collect();
            for (y, token) in ivit::tokens(&masks, p.lanes, p.in_bits + p.sigmoid_bits - 1, &y).into_iter().zip(row) {
                outputs.extend([y, token[1].clone(), token[2].clone()]);
            }
        })
    }
}
