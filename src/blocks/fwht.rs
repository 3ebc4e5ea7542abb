//! Fast Walsh–Hadamard transform of a row, in natural (Sylvester) order.
//!
//! `x` → `y`: y\[i\] = 2^-shift · Σ (-1)^popcount(i & j) · x\[j\], all lanes at once, log2 N stages of additions and
//! subtractions. Sums are exact; `--out exact` gives them with log2 N bits more than `x`, a format rounds each once.
//! The orthonormal scale 1/√N is `--shift` (log2 N)/2 where that is whole; else fold the rest into the next scale. Combinational.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("fwht").unwrap();
//! let row = block.configure(&[("length".into(), "8".into())]).unwrap();
//! assert_eq!(row.ports()[1].bits, 8 * 11);
//! ```
use super::params::{ParamError, ParamValue};
use super::policy::Policy;
use super::{Block, Port};
use crate::formats::*;
use crate::golden::exact::Exact;
use crate::golden::extent::{Extent, of_format};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::params;
use num_bigint::BigUint;

params! {
    /// Walsh–Hadamard transform.
    pub struct Fwht {
        /// format of the lanes of x
        from: Format = "int8",
        /// lanes, a power of two
        length: u32 [2..=1024] = "8",
        /// scale 2^-shift
        shift: u32 [0..=10] = "0",
        /// format of the lanes of y
        out: Output = "exact",
    } with policy: Policy
}

impl Fwht {
    /// Range of an exact result.
    fn extent(&self) -> Extent {
        let x = of_format(&self.from, self.policy.operand(&self.from));
        // One lane may enter with either sign, all but those of row 0 half and half.
        let (least, most) = (x.min.min(Exact::zero()), x.max.max(Exact::zero()));
        let n = i64::from(self.length);
        let times = |x: &Exact, n: i64| x * &Exact::from(n);
        let spread = &times(&most, n / 2) - &times(&least, n / 2);
        let (min, max) = (times(&least, n).min(-&spread), times(&most, n).max(spread));
        let down = -i64::from(self.shift);
        Extent { unit: x.unit + down, min: min.scale(down), max: max.scale(down) }
    }
}

impl Block for Fwht {
    const NAME: &'static str = "fwht";
    const DOC: &'static str = "Walsh-Hadamard transform of a row, exact or rounded once";

    fn validate(&self) -> Result<(), ParamError> {
        if !self.length.is_power_of_two() {
            let message = format!("{} is no power of two; allowed: 2, 4, 8, … 1024", self.length);
            return Err(ParamError::new("length", message));
        }
        if self.from.has_infinity() || self.from.has_nan() {
            let message = format!("`{}` has codes that are no numbers; allowed: formats without NaN and infinity", self.from.text());
            return Err(ParamError::new("from", message));
        }
        self.policy.check_operands(&[&self.from])?;
        match &self.out {
            Output::Exact => self.policy.check_exact(),
            Output::In(format) => self.policy.check_results(&[format]),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("x", &self.from, self.length)];
        match &self.out {
            Output::Exact => {
                let extent = self.extent();
                ports.push(Port::exact("y", extent.bits(), extent.unit as i32).times(self.length));
            }
            Output::In(format) => {
                ports.extend(Port::random(self.policy.random(), self.length));
                ports.push(Port::results("y", format, self.length));
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

    /// Rows that make one result as large or as small as it gets.
    fn corners(&self) -> Vec<Vec<BigUint>> {
        let (w, random) = (self.from.bits(), super::corners::random_words(self.policy.random(), self.length));
        let top = BigUint::from(1u32) << (w - 1);
        let extremes = [top.clone(), &top - 1u32];
        let mut rows = Vec::new();
        for i in 0..self.length.min(64) {
            for flip in [0, 1] {
                let code = |j: u32| &extremes[((i & j).count_ones() as usize + flip) % 2];
                let row = (0..self.length).rev().fold(BigUint::ZERO, |all, j| (all << w) | code(j));
                rows.extend(random.iter().map(|r| std::iter::once(row.clone()).chain(r.clone()).collect()));
            }
        }
        rows
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.out.format().map_or(Vec::new(), |f| self.policy.resolved(f))
    }
}

mod rtl {
    use super::Fwht;
    use crate::blocks::parts::affine::exact_bounds;
    use crate::blocks::parts::{Operand, Target, decode, encode, to_fixed};
    use crate::formats::Output;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Fwht, m: Builder<'b>) {
        let (n, w) = (p.length, p.from.bits());
        let x = m.uint_in("x", n * w);
        let bits = p.policy.random();
        let random = (bits > 0).then(|| m.uint_in("random", bits * n));
        let bounds = exact_bounds(&p.from, p.policy.flushes(&p.from));
        let mut row: Vec<SInt> = (0..n)
            .map(|i| {
                let code = x.slice(w * (i + 1) - 1, w * i);
                let lane = m.scope(&format!("x{i}"), || decode(&p.from, p.policy.flushes(&p.from), code));
                to_fixed(lane, bounds.lsb).within(&bounds).value
            })
            .collect();
        let mut half = 1;
        while half < row.len() {
            let stage: Vec<SInt> = (0..row.len())
                .map(|i| {
                    let (a, b) = (row[i & !half], row[i | half]);
                    let sum = if i & half == 0 { a + b } else { a - b };
                    sum.named(&format!("span{half}_{i}"))
                })
                .collect();
            row = stage;
            half *= 2;
        }
        let lsb = bounds.lsb - p.shift as i32;
        let lanes: Vec<UInt> = match &p.out {
            Output::Exact => {
                // Lane 0 is a plain sum, the others are differences; one width for all.
                let width = row.iter().map(|x| x.width()).max().unwrap_or(1);
                row.iter().map(|x| x.sext(width).bits()).collect()
            }
            Output::In(format) => {
                let target = Target::new(format, p.policy.rounding(format));
                let lane = |(i, value): (u32, &SInt<'b>)| {
                    let random = random.map(|r| r.slice(bits * (i + 1) - 1, bits * i));
                    m.scope(&format!("y{i}"), || encode(&target, random, Operand::Fixed { value: *value, lsb }))
                };
                (0..n).zip(&row).map(lane).collect()
            }
        };
        m.output("y", lanes.into_iter().reduce(|low, x| x.cat(low)).unwrap_or_else(|| m.nat(0)));
    }
}

mod golden {
    use super::Fwht;
    use crate::golden::decode::decode_with;
    use crate::golden::dot::Random;
    use crate::golden::exact::Exact;
    use crate::golden::int::to_code;
    use crate::golden::model::{Model, pure};
    use crate::golden::round::Rounder;
    use crate::golden::value::Value;
    use num_bigint::BigUint;

    pub fn model(p: &Fwht) -> Box<dyn Model> {
        let p = p.clone();
        let out = p.out.format().map(|f| {
            Rounder::new(f, p.policy.rounding(f)).expect("internal error: parameters not validated")
        });
        pure(move |inputs, outputs| {
            let w = p.from.bits();
            let number = |j: u32| {
                let code = (&inputs[0] >> (w * j)) & ((BigUint::from(1u32) << w) - 1u32);
                decode_with(&p.from, p.policy.operand(&p.from), &code).exact().expect("internal error: not a number")
            };
            let x: Vec<Exact> = (0..p.length).map(number).collect();
            let mut random = inputs.get(1).map_or(Random::none(), |r| Random::new(r, p.policy.random()));
            let mut y = BigUint::ZERO;
            let mut at = 0;
            for i in 0..p.length {
                let sum = x.iter().enumerate().fold(Exact::zero(), |sum, (j, x)| {
                    if (i & j as u32).count_ones().is_multiple_of(2) { &sum + x } else { &sum - x }
                });
                let sum = sum.scale(-i64::from(p.shift));
                let (code, bits) = match &out {
                    Some(out) => (out.round(&Value::number(sum, false), random.take()), out.format().bits()),
                    None => {
                        let extent = p.extent();
                        let units = sum.in_units(extent.unit).expect("internal error: a sum finer than the unit");
                        (to_code(&units, extent.bits()), extent.bits())
                    }
                };
                y |= code << at;
                at += bits;
            }
            outputs.push(y);
        })
    }
}
