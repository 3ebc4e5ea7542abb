//! Shiftmax: the integer-only softmax of I-ViT, over rows.
//!
//! A stream of rows: `x in_mask in_last` → `y out_mask out_last`, `--lanes` elements a token, lane 0 in
//! the low bits. A lane whose mask bit is 0 holds no element, as beyond the end of a row or where
//! attention is masked: it counts nowhere, and its result is 0. For integers x of scale S and x0 = floor(-1/S):
//!
//! * e_i = shift_exp(x_i - max x); s = Σ e_i, with `--variant pt` at most 2^31 - 1;
//! * F = floor((2^31 - 1) / s); y_i = (e_i·F) >> (32 - b), at most 2^(b-1) - 1, of scale 2^-(b-1).
//!
//! `--variant tvm` follows the deployment code (n = 16, b = 8, x0 = trunc(-1/S - 1)); its sum must fit 31 bits.
//!
//! A row is taken into a memory while its maximum is found, read once for the sum, and after a division
//! of a bit each cycle read again for the results. T tokens take 3·T cycles and some more.
use super::params::ParamError;
use super::shift_exp::{Variant, X0, int};
use super::{Block, Port, Protocol, RowLengths};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::params;

params! {
    /// Softmax by shifts and adds.
    pub struct Shiftmax {
        /// published program it follows
        variant: Variant = "pt",
        /// bits of x
        in_bits: u32 [2..=16] = "8",
        /// bits b of y, a two's complement number
        out_bits: u32 [8..=16] = "8",
        /// floor(-1/S) of the scale S of x
        x0: X0 = "-20",
        /// binary digits of the exponentials
        n: u32 [4..=24] = "15",
        /// elements of a token
        lanes: u32 [1..=64] = "1",
        /// elements of the longest row
        longest: u32 [1..=65536] = "256",
    }
}

impl Block for Shiftmax {
    const NAME: &'static str = "shiftmax";
    const DOC: &'static str = "integer-only softmax of I-ViT over rows, by shifts and adds";
    const RESET: Reset = Reset::Sync;

    fn protocol(&self) -> Protocol {
        Protocol::Stream(RowLengths { lanes: self.lanes, shortest: 1, longest: self.longest })
    }

    fn validate(&self) -> Result<(), ParamError> {
        let largest = u128::from(self.longest) * (u128::from(self.x0.magnitude()) << self.n);
        if self.variant == Variant::Tvm && largest >= 1 << 31 {
            let most = ((1u128 << 31) - 1) / (u128::from(self.x0.magnitude()) << self.n);
            return Err(match most {
                0 => ParamError::new("x0", "with --variant tvm |x0|·2^n must be below 2^31: take a smaller |x0| or --n"),
                _ => ParamError::new("longest", format!("with --variant tvm the sum must fit 31 bits; allowed here: 1..={most}")),
            });
        }
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        vec![
            Port::operand("x", &int(self.in_bits), self.lanes),
            Port::mask("in_mask", true, self.lanes),
            Port::last("in_last", true),
            Port::results("y", &int(self.out_bits), self.lanes),
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
    use super::{Shiftmax, Variant};
    use crate::blocks::parts::divide::divide_iterative;
    use crate::blocks::parts::shift_exp::{Exponent, ShiftExp};
    use crate::blocks::parts::stream::{Held, RowBuffer, Skid, lanes, masked_max, pack};
    use crate::blocks::parts::tree::sum;
    use crate::hdl::dsl::bits_unsigned;
    use crate::hdl::prelude::*;

    /// 2^31 - 1.
    const M31: u128 = (1 << 31) - 1;

    pub fn build<'b>(p: &Shiftmax, m: Builder<'b>) {
        let (w, b) = (p.in_bits, p.out_bits);
        let exp = ShiftExp::new(p.x0.magnitude(), p.n, p.variant == Variant::Tvm);
        let top = u128::from(p.x0.magnitude()) << p.n;
        let (x, mask) = (m.uint_in("x", w * p.lanes), m.uint_in("in_mask", p.lanes));
        let skid = Skid::new(m);
        let held = Held::new(m, skid.advance());
        let rows = RowBuffer::new(m, p.longest.div_ceil(p.lanes), mask.cat(x), 2, skid.advance());
        let most = masked_max(m, &rows, &lanes(x, w), mask);
        // Read: x less the maximum, about times log2(e).
        let (x, mask) = (rows.word.slice(w * p.lanes - 1, 0), rows.word.slice((w + 1) * p.lanes - 1, w * p.lanes));
        let mut tags = Tags { valid: rows.valid, last: rows.last, output: rows.pass[1], mask };
        let scaled: Vec<SInt> = lanes(x, w)
            .iter()
            .map(|x| {
                let below = x.as_sint() - most;
                // Lanes without an element may be above; nobody looks at them.
                let below = below.assume_within(below.range().bounds().map_or(0, |(lo, _)| lo), 0);
                exp.scaled(below)
            })
            .collect();
        let scaled: Vec<SInt> = scaled.iter().enumerate().map(|(i, x)| held.sint(&format!("scaled{i}"), *x)).collect();
        tags = tags.step("scaled", &held);
        let apart: Vec<Exponent> = (scaled.iter().enumerate())
            .map(|(i, x)| {
                let e = exp.apart(*x);
                Exponent {
                    quotient: held.uint(&format!("q{i}"), e.quotient),
                    rest: held.uint(&format!("rest{i}"), e.rest),
                    ..e
                }
            })
            .collect();
        tags = tags.step("apart", &held);
        let raised: Vec<UInt> = (apart.iter().enumerate())
            .map(|(i, e)| {
                let e = exp.raised(*e);
                let e = tags.mask.bit(i as u32).select(e, m.uint(0u32, e.width()));
                held.uint(&format!("exp{i}"), e)
            })
            .collect();
        tags = tags.step("exp", &held);
        // The sum of the first pass.
        let largest = u128::from(p.longest.next_multiple_of(p.lanes)) * top;
        let total = m.state_uint("total", bits_unsigned(largest), 0);
        let here = sum(m, &raised.iter().map(|e| e.signed()).collect::<Vec<_>>()).assume_non_negative();
        let next = (total.get().assume_at_most(largest) + here).assume_at_most(largest).wrap(total.get().width());
        let adds = (skid.advance() & tags.valid & !tags.output).named("adds");
        total.set_when(adds | rows.taken, rows.taken.select(m.uint(0u32, total.get().width()), next));
        let summed = m.state_bit("summed", false);
        summed.set(adds & tags.last);
        // Its reciprocal. The largest term alone is |x0|·2^n.
        let divisor = total.get().min(m.nat(M31)).wrap(bits_unsigned(largest.min(M31)));
        let least = top.min(M31);
        let factor_bits = bits_unsigned(M31 / least);
        let division = m.scope("factor", || divide_iterative(m, summed.get(), m.nat(M31), divisor, factor_bits));
        let factor = division.quotient.assume_at_most(M31 / least);
        // Products of the second pass.
        let products: Vec<UInt> = (raised.iter().enumerate())
            .map(|(i, e)| {
                // Below 2^31 unless the sum was cut down to it, when the factor is 1.
                let product = (*e * factor).assume_at_most(M31.max(top));
                let y = if 32 - b < product.width() { product.trunc_low(32 - b) } else { m.nat(0) };
                held.uint(&format!("y{i}"), y.saturate(b - 1).zext(b))
            })
            .collect();
        tags = tags.step("y", &held);
        let valid = (tags.valid & tags.output).named("result");
        let left = (skid.advance() & valid & tags.last).named("left");
        rows.close(&[m.high(), division.done, left]);
        skid.close(valid, &[("y", pack(&products)), ("out_mask", tags.mask), ("out_last", tags.last.uint())]);
    }

    /// What travels with a token.
    struct Tags<'b> {
        valid: Bit<'b>,
        last: Bit<'b>,
        /// Of the second pass.
        output: Bit<'b>,
        mask: UInt<'b>,
    }

    impl<'b> Tags<'b> {
        fn step(self, name: &str, held: &Held<'b>) -> Tags<'b> {
            Tags {
                valid: held.bit(&format!("{name}_valid"), self.valid),
                last: held.bit(&format!("{name}_last"), self.last),
                output: held.bit(&format!("{name}_output"), self.output),
                mask: held.uint(&format!("{name}_mask"), self.mask),
            }
        }
    }
}

mod golden {
    use super::{Shiftmax, Variant};
    use crate::golden::ivit;
    use crate::golden::model::{Model, by_rows};

    pub fn model(p: &Shiftmax) -> Box<dyn Model> {
        let p = p.clone();
        let variant = match p.variant {
            Variant::Pt => ivit::Variant::Pt,
            Variant::Tvm => ivit::Variant::Tvm,
        };
        let x0 = p.x0.value().into();
        by_rows(move |row, outputs| {
            let masked: Vec<_> = row.iter().map(|token| (token[0].clone(), token[1].clone())).collect();
            let y = ivit::shiftmax(&ivit::elements(&masked, p.lanes, p.in_bits), &x0, p.n, p.out_bits, variant);
            let masks: Vec<_> = row.iter().map(|token| token[1].clone()).collect();
            for (y, token) in ivit::tokens(&masks, p.lanes, p.out_bits, &y).into_iter().zip(row) {
                outputs.extend([y, token[1].clone(), token[2].clone()]);
            }
        })
    }
}
