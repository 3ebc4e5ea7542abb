//! I-LayerNorm: the integer-only layer norm of I-ViT, over rows.
//!
//! A stream of rows: `x bias in_mask in_last` → `y out_mask out_last`, `--lanes` elements a token, lane 0 in
//! the low bits. A lane whose mask bit is 0 holds no element: it counts nowhere, and its result is 0.
//! For the C elements of a row:
//!
//! * μ = Σx / C, to nearest, ties to even; d_i = x_i - μ; V = Σ d_i², not divided by C;
//! * `--isqrt exact`: k = floor(√V), at least 1; `ivit10` (the published code): ten steps
//!   k = (k + floor(V/k)) >> 1 from 2^16, which do not converge for every small V;
//! * F = floor((2^31 - 1) / k); y_i = ((d_i·F) >> 1) + bias_i.
//!
//! `y` has scale γ·√C·2^-30 for a weight γ, and bias_i = floor((β/γ) / (√C·2^-30)).
//! `--variant tvm` (the deployment code): μ and the half of d·F are cut towards 0.
//!
//! A row is taken into a memory while it is summed, read for V, and read again for the results; a division of a
//! bit each cycle comes before either. T tokens take 3·T cycles and some more, 10 divisions more with `ivit10`.
use super::params::ParamError;
use super::shift_exp::{Variant, int};
use super::{Block, Port, Protocol, RowLengths};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};

params! {
    /// Layer norm with an integer square root.
    pub struct Ilayernorm {
        /// published program it follows
        variant: Variant = "pt",
        /// how the square root is made
        isqrt: Isqrt = "exact",
        /// bits of x
        in_bits: u32 [2..=16] = "8",
        /// bits of bias
        bias_bits: u32 [2..=40] = "31",
        /// elements of a token
        lanes: u32 [1..=64] = "1",
        /// elements of the longest row
        longest: u32 [1..=65536] = "256",
    }
}

choices! {
    /// How the square root is made.
    pub enum Isqrt {
        /// Its floor, at least 1.
        Exact = "exact",
        /// Ten Newton steps from 2^16.
        Ivit10 = "ivit10",
    }
}

impl Ilayernorm {
    /// The half of d·F has 31 bits.
    fn out_bits(&self) -> u32 {
        self.bias_bits.max(31) + 1
    }
}

impl Block for Ilayernorm {
    const NAME: &'static str = "ilayernorm";
    const DOC: &'static str = "integer-only layer norm of I-ViT over rows";
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
            Port::operand("bias", &int(self.bias_bits), self.lanes),
            Port::mask("in_mask", true, self.lanes),
            Port::last("in_last", true),
            Port::results("y", &int(self.out_bits()), self.lanes),
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
    use super::{Ilayernorm, Isqrt, Variant};
    use crate::blocks::parts::divide::{divide_iterative, sqrt_iterative};
    use crate::blocks::parts::stream::{Held, RowBuffer, Skid, lanes, pack};
    use crate::blocks::parts::tree::sum;
    use crate::hdl::dsl::bits_unsigned;
    use crate::hdl::prelude::*;

    /// 2^31 - 1.
    const M31: u128 = (1 << 31) - 1;

    pub fn build<'b>(p: &Ilayernorm, m: Builder<'b>) {
        let (w, l) = (p.in_bits, p.lanes);
        let (x, bias, mask) = (m.uint_in("x", w * l), m.uint_in("bias", p.bias_bits * l), m.uint_in("in_mask", l));
        let skid = Skid::new(m);
        let held = Held::new(m, skid.advance());
        let rows = RowBuffer::new(m, p.longest.div_ceil(l), mask.cat(bias).cat(x), 2, skid.advance());
        let (mean, mean_done) = m.scope("mean", || mean(p, m, &rows, &lanes(x, w), mask));
        // Read: x less the mean.
        let word = rows.word;
        let (x, rest) = (word.slice(w * l - 1, 0), word.slice(word.width() - 1, w * l));
        let (bias, mask) = (rest.slice(p.bias_bits * l - 1, 0), rest.slice(rest.width() - 1, p.bias_bits * l));
        let mut tags = Tags { valid: rows.valid, last: rows.last, output: rows.pass[1], mask, bias: lanes(bias, p.bias_bits) };
        let reach = (1i128 << w) - 1;
        let apart: Vec<SInt> = (lanes(x, w).iter().enumerate())
            .map(|(i, x)| {
                let apart = (x.as_sint() - mean).assume_within(-reach, reach);
                let none = m.sint(0, apart.width());
                held.sint(&format!("apart{i}"), tags.mask.bit(i as u32).select(apart, none))
            })
            .collect();
        tags = tags.step("apart", &held);
        // The squares of the first pass.
        let squares: Vec<UInt> = (apart.iter().enumerate())
            .map(|(i, d)| held.uint(&format!("square{i}"), (*d * *d).assume_within(0, reach * reach).assume_non_negative()))
            .collect();
        // About the exact mean they sum to at most C·(2^w - 1)²/4; the rounded one adds at most C.
        let largest = u128::from(p.longest.next_multiple_of(l)) * ((1 << (2 * w - 2)) + 1);
        let first = Tags { valid: tags.valid & !tags.output, bias: Vec::new(), ..tags.clone() }.step("square", &held);
        let here = sum(m, &squares.iter().map(|s| s.signed()).collect::<Vec<_>>()).assume_non_negative();
        let total = m.state_uint("squares", bits_unsigned(largest), 0);
        let next = (total.get().assume_at_most(largest) + here).assume_at_most(largest).wrap(total.get().width());
        let adds = (skid.advance() & first.valid).named("adds");
        total.set_when(adds | rows.taken, rows.taken.select(m.uint(0u32, total.get().width()), next));
        let summed = m.state_bit("summed", false);
        summed.set(adds & first.last);
        let squares = total.get().assume_at_most(largest);
        let (factor, done) = m.scope("root", || match p.isqrt {
            Isqrt::Exact => exact(m, summed.get(), squares),
            Isqrt::Ivit10 => ten_steps(m, summed.get(), squares, largest),
        });
        // The products of the second pass; |d| is at most the root.
        let products: Vec<SInt> = (apart.iter().enumerate())
            .map(|(i, d)| held.sint(&format!("product{i}"), (*d * factor.signed()).assume_within(-(M31 as i128), M31 as i128)))
            .collect();
        tags = tags.step("product", &held);
        let results: Vec<UInt> = (products.iter().enumerate())
            .map(|(i, product)| {
                let even = match p.variant {
                    Variant::Pt => *product,
                    Variant::Tvm => *product + product.is_negative().uint().signed(),
                };
                let y = (even.asr(1) + tags.bias[i].as_sint()).narrow(p.out_bits());
                let none = m.sint(0, p.out_bits());
                held.sint(&format!("y{i}"), tags.mask.bit(i as u32).select(y, none)).bits().wrap(p.out_bits())
            })
            .collect();
        tags.bias.clear();
        tags = tags.step("y", &held);
        let valid = (tags.valid & tags.output).named("result");
        let left = (skid.advance() & valid & tags.last).named("left");
        rows.close(&[mean_done, done, left]);
        skid.close(valid, &[("y", pack(&results)), ("out_mask", tags.mask), ("out_last", tags.last.uint())]);
    }

    /// The mean of the row that was taken, and when it is there.
    fn mean<'b>(p: &Ilayernorm, m: Builder<'b>, rows: &RowBuffer<'b>, x: &[UInt<'b>], mask: UInt<'b>) -> (SInt<'b>, Bit<'b>) {
        let (w, most) = (p.in_bits, u128::from(p.longest.next_multiple_of(p.lanes)));
        // Elements counted from the smallest there is: never negative.
        let above = |x: UInt<'b>| (x.as_sint() + m.int(1 << (w - 1))).assume_non_negative();
        let terms: Vec<SInt> = (x.iter().enumerate())
            .map(|(i, x)| {
                let x = above(*x);
                mask.bit(i as u32).select(x, m.uint(0u32, x.width())).signed()
            })
            .collect();
        let ones: Vec<SInt> = (0..p.lanes).map(|i| mask.bit(i).uint().signed()).collect();
        let add = |name: &str, terms: &[SInt<'b>], most: u128| {
            let width = bits_unsigned(most);
            let total = m.state_uint(name, width, 0);
            let before = rows.first.select(m.uint(0u32, width), total.get()).assume_at_most(most);
            let next = before + sum(m, terms).assume_non_negative();
            total.set_when(rows.taken, next.assume_at_most(most).wrap(width));
            total.get()
        };
        let total = add("sum", &terms, most * ((1 << w) - 1));
        let count = add("count", &ones, most);
        let start = m.state_bit("start", false);
        start.set(rows.taken_last);
        let division = m.scope("divide", || divide_iterative(m, start.get(), total, count, w));
        let (quotient, rest) = (division.quotient, division.rest);
        let twice = rest.shl_const(1);
        let up = match p.variant {
            // To nearest, ties to even; 2^(w-1) is even.
            Variant::Pt => twice.gt(count) | (twice.eq(count) & quotient.bit(0)),
            // Towards 0 from below.
            Variant::Tvm => !quotient.msb() & rest.any(),
        };
        let rounded = (quotient + up.uint()).wrap(w);
        let mean = m.state_uint("mean", w, 0);
        mean.set_when(division.done, rounded);
        let mean_done = m.state_bit("mean_done", false);
        mean_done.set(division.done);
        // Back from the offset: the sign bit the other way round.
        let sign = (!mean.get().msb()).uint();
        (sign.cat(mean.get().slice(w - 2, 0)).as_sint(), mean_done.get())
    }

    /// The reciprocal of the floor of a root, at least 1, and when it is there.
    fn exact<'b>(m: Builder<'b>, start: Bit<'b>, squares: UInt<'b>) -> (UInt<'b>, Bit<'b>) {
        let root = m.scope("isqrt", || sqrt_iterative(m, start, squares));
        let deviation = root.quotient.is_zero().select(m.uint(1u32, root.quotient.width()), root.quotient);
        let begin = m.state_bit("begin", false);
        begin.set(root.done);
        let division = m.scope("divide", || divide_iterative(m, begin.get(), m.nat(M31), deviation.named("deviation"), 31));
        (division.quotient.assume_at_most(M31), division.done)
    }

    /// The reciprocal of what ten Newton steps give, by the divider that they use.
    fn ten_steps<'b>(m: Builder<'b>, start: Bit<'b>, squares: UInt<'b>, largest: u128) -> (UInt<'b>, Bit<'b>) {
        const FIRST: u128 = 1 << 16;
        // From the second on, k is at most one above the mean of 2^16 and V/2^16; ten halvings leave at least 64.
        let most = FIRST.max((FIRST + (largest >> 16)) / 2 + 1);
        let width = bits_unsigned(most);
        let k = m.state_uint("deviation", width, FIRST as u64);
        let left = m.state_uint("steps", 4, 0);
        let begin = m.state_bit("begin", false);
        // V/k is at most two above the root, or V/2^16.
        let bits = bits_unsigned((largest >> 16).max(largest.isqrt() + 2).max(M31 / 64));
        let dividend = left.get().is_zero().select(m.nat(M31), squares);
        let division = m.scope("divide", || divide_iterative(m, begin.get(), dividend, k.get(), bits));
        let steps = (division.done & left.get().any()).named("steps_on");
        let next = (k.get() + division.quotient).trunc_low(1).assume_at_most(most).wrap(width);
        k.set_when(start | steps, start.select(m.uint(FIRST as u64, width), next));
        let fewer = (left.get() - m.nat(1)).bits().wrap(4);
        left.set_when(start | steps, start.select(m.uint(10u32, 4), fewer));
        begin.set(start | steps);
        let done = (division.done & !left.get().any()).named("factor_done");
        (division.quotient.wrap(bits_unsigned(M31 / 64)).assume_at_most(M31 / 64), done)
    }

    /// What travels with a token.
    #[derive(Clone)]
    struct Tags<'b> {
        valid: Bit<'b>,
        last: Bit<'b>,
        /// Of the second pass.
        output: Bit<'b>,
        mask: UInt<'b>,
        bias: Vec<UInt<'b>>,
    }

    impl<'b> Tags<'b> {
        fn step(self, name: &str, held: &Held<'b>) -> Tags<'b> {
            let bias = self.bias.iter().enumerate();
            Tags {
                valid: held.bit(&format!("{name}_valid"), self.valid),
                last: held.bit(&format!("{name}_last"), self.last),
                output: held.bit(&format!("{name}_output"), self.output),
                mask: held.uint(&format!("{name}_mask"), self.mask),
                bias: bias.map(|(i, b)| held.uint(&format!("{name}_bias{i}"), *b)).collect(),
            }
        }
    }
}

mod golden {
    use super::{Ilayernorm, Isqrt, Variant};
    use crate::golden::ivit;
    use crate::golden::model::{Model, by_rows};

    pub fn model(p: &Ilayernorm) -> Box<dyn Model> {
        let p = p.clone();
        let variant = match p.variant {
            Variant::Pt => ivit::Variant::Pt,
            Variant::Tvm => ivit::Variant::Tvm,
        };
        let isqrt = match p.isqrt {
            Isqrt::Exact => ivit::Isqrt::Exact,
            Isqrt::Ivit10 => ivit::Isqrt::Ivit10,
        };
        by_rows(move |row, outputs| {
            let port = |at: usize| row.iter().map(|token| (token[at].clone(), token[2].clone())).collect::<Vec<_>>();
            let x = ivit::elements(&port(0), p.lanes, p.in_bits);
            let bias = ivit::elements(&port(1), p.lanes, p.bias_bits);
            let y = ivit::layernorm(&x, &bias, isqrt, variant);
            let masks: Vec<_> = row.iter().map(|token| token[2].clone()).collect();
            for (y, token) in ivit::tokens(&masks, p.lanes, p.out_bits(), &y).into_iter().zip(row) {
                outputs.extend([y, token[2].clone(), token[3].clone()]);
            }
        })
    }
}
