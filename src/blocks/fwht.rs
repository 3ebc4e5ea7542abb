//! Fast Walsh–Hadamard transform of a row, in natural (Sylvester) order.
//!
//! `x` → `y`: y\[i\] = 2^-shift · Σ (-1)^popcount(i & j) · x\[j\], all lanes at once, log2 N stages of additions and
//! subtractions. Sums are exact; `--out exact` gives them with log2 N bits more than `x`, a format rounds each once.
//! The orthonormal scale 1/√N is `--shift` (log2 N)/2 where that is whole; else fold the rest into the next scale.
//!
//! `--form parallel` is combinational. `--form serial` is a stream, `x in_mask in_last` → `y out_mask out_last`, an element a token, N tokens a
//! row: log2 N adder pairs, each with a delay line, N - 1 words in all. It takes a token each cycle; the results of a row
//! come while the next one is taken, or by themselves if none follows. A token whose mask bit is 0 counts as 0.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("fwht").unwrap();
//! let row = block.configure(&[("length".into(), "8".into())]).unwrap();
//! assert_eq!(row.ports()[1].bits, 8 * 11);
//! ```
use super::params::{ParamError, ParamValue};
use super::policy::Policy;
use super::{Block, Port, Protocol, RowLengths};
use crate::formats::*;
use crate::golden::exact::Exact;
use crate::golden::extent::{Extent, of_format};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};
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
        /// how a row comes
        form: Form = "parallel",
    } with policy: Policy
}

choices! {
    /// How a row comes.
    pub enum Form {
        /// At once.
        Parallel = "parallel",
        /// Element by element.
        Serial = "serial",
    }
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
    const DOC: &'static str = "Walsh-Hadamard transform of a row, at once or as a stream, exact or rounded once";
    const RESET: Reset = Reset::Sync;

    fn protocol(&self) -> Protocol {
        match self.form {
            Form::Parallel => Protocol::Cycle,
            Form::Serial => Protocol::Stream(RowLengths { lanes: 1, shortest: self.length, longest: self.length }),
        }
    }

    fn validate(&self) -> Result<(), ParamError> {
        if !self.length.is_power_of_two() {
            let message = format!("{} is no power of two; allowed: 2, 4, 8, … 1024", self.length);
            return Err(ParamError::new("length", message));
        }
        if self.from.has_infinity() || self.from.has_nan() {
            let message = format!("`{}` has codes that are no numbers; allowed: formats without NaN and infinity", self.from.text());
            return Err(ParamError::new("from", message));
        }
        if self.form == Form::Serial && self.policy.round.is_stochastic() {
            return Err(ParamError::new("round", "a stream has no random bits; allowed with --form serial: rne, rna, rtz, up, down, odd"));
        }
        self.policy.check_operands(&[&self.from])?;
        match &self.out {
            Output::Exact => self.policy.check_exact(),
            Output::In(format) => self.policy.check_results(&[format]),
        }
    }

    fn ports(&self) -> Vec<Port> {
        if self.form == Form::Serial {
            let y = match &self.out {
                Output::Exact => Port::exact("y", self.extent().bits(), self.extent().unit as i32),
                Output::In(format) => Port::results("y", format, 1),
            };
            let tags = |mask, last, input| (Port::mask(mask, input, 1), Port::last(last, input));
            let (in_mask, in_last) = tags("in_mask", "in_last", true);
            let (out_mask, out_last) = tags("out_mask", "out_last", false);
            return vec![Port::operand("x", &self.from, 1), in_mask, in_last, y, out_mask, out_last];
        }
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
        match self.form {
            Form::Parallel => rtl::parallel(self, m),
            Form::Serial => rtl::serial(self, m),
        }
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
                if self.form == Form::Serial {
                    let token = |j: u32| vec![code(j).clone(), 1u32.into(), BigUint::from(j + 1 == self.length)];
                    rows.extend((0..self.length).map(token));
                    continue;
                }
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
    use crate::blocks::parts::stream::{Held, Skid};
    use crate::blocks::parts::{Bounds, Operand, Target, decode, encode, to_fixed};
    use crate::formats::Output;
    use crate::hdl::prelude::*;

    /// What sums and differences of a whole row lie between.
    fn sums(p: &Fwht, bounds: &Bounds) -> Bounds {
        let n = BigInt::from(p.length);
        let spread: BigInt = (&bounds.hi - &bounds.lo) * &n / 2;
        Bounds { lo: (&bounds.lo * &n).min(-spread.clone()), hi: (&bounds.hi * &n).max(spread), lsb: bounds.lsb }
    }

    /// A token each step through a pair of adders for each bit of the index, the top bit first. In the first half of its period
    /// a stage fills its delay line with its input and gives the differences stored there before; in the second half
    /// it gives sums and stores differences.
    pub fn serial<'b>(p: &Fwht, m: Builder<'b>) {
        let (digits, w) = (p.length.ilog2(), p.from.bits());
        let (x, mask, last, valid) = (m.uint_in("x", w), m.bit_in("in_mask"), m.bit_in("in_last"), m.bit_in("in_valid"));
        let skid = Skid::new(m);
        let place = m.state_uint("place", digits, 0);
        // Results of a whole row are still to come; nothing is taken meanwhile.
        let (pending, draining) = (m.state_bit("pending", false), m.state_bit("draining", false));
        let at = |k: u32| place.get().eq(m.uint(k, digits));
        wires! {
            let start = at(0);
            let drain = draining.get() | (start & pending.get() & !valid);
            let step = skid.advance() & (drain | valid);
            let row_end = !drain & last;
            let drained = drain & at(p.length - 2);
        }
        m.output("in_ready", skid.advance() & !draining.get());
        let next = (place.get() + m.nat(1)).wrap(digits);
        let zero = m.uint(0u32, digits);
        place.set_when(step, (row_end | drained).select(zero, next));
        draining.set_when(step, drain & !drained);
        pending.set_when(step, row_end | (pending.get() & !at(p.length - 2)));

        let bounds = exact_bounds(&p.from, p.policy.flushes(&p.from));
        let element = m.scope("x", || to_fixed(decode(&p.from, p.policy.flushes(&p.from), x), bounds.lsb).within(&bounds).value);
        let mut flow = mask.select(element, m.sint(0, element.width())).named("element");
        let held = Held::new(m, step);
        for digit in (0..digits).rev() {
            let second = place.get().bit(digit);
            // The delay line holds inputs and differences.
            let width = flow.width() + 1;
            let mut cells = Vec::new();
            for i in 0..1u32 << digit {
                cells.push(m.state_sint(&format!("span{}_{i}", 1u32 << digit), width, 0));
            }
            let values: Vec<SInt> = cells.iter().map(|c| c.get()).collect();
            let oldest = values[values.len() - 1];
            wires! {
                let sum = oldest + flow;
                let difference = oldest - flow;
            }
            // A stored difference gains no bit: it is of numbers one bit shorter.
            let mut store = second.select(difference.wrap(width), flow.sext(width));
            for (cell, value) in cells.into_iter().zip(values) {
                cell.set_when(step, store);
                store = value;
            }
            flow = second.select(sum.wrap(width), oldest).named(&format!("flow{}", 1u32 << digit));
        }
        let flow = flow.wrap(sums(p, &bounds).bits());
        let lsb = bounds.lsb - p.shift as i32;
        let y = match &p.out {
            Output::Exact => flow.bits(),
            Output::In(format) => {
                let target = Target::new(format, p.policy.rounding(format));
                m.scope("y", || encode(&target, None, Operand::Fixed { value: flow, lsb }))
            }
        };
        // The first result of a row leaves with its last element.
        let result = row_end | pending.get();
        let y = held.uint("result", y);
        let out_valid = m.state_bit("result_valid", false);
        out_valid.set_when(skid.advance(), step & result);
        let out_last = held.bit("result_last", at(p.length - 2));
        skid.close(out_valid.get(), &[("y", y), ("out_mask", m.high().uint()), ("out_last", out_last.uint())]);
    }

    pub fn parallel<'b>(p: &Fwht, m: Builder<'b>) {
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
    use super::{Form, Fwht};
    use crate::golden::decode::decode_with;
    use crate::golden::dot::Random;
    use crate::golden::exact::Exact;
    use crate::golden::int::to_code;
    use crate::golden::model::{Model, by_rows, pure};
    use crate::golden::round::Rounder;
    use crate::golden::value::Value;
    use num_bigint::BigUint;

    pub fn model(p: &Fwht) -> Box<dyn Model> {
        let p = p.clone();
        let out = p.out.format().map(|f| {
            Rounder::new(f, p.policy.rounding(f)).expect("internal error: parameters not validated")
        });
        if p.form == Form::Serial {
            return by_rows(move |row, outputs| {
                let codes = row.iter().map(|token| (token[1] != BigUint::ZERO).then(|| token[0].clone()));
                let x: Vec<Exact> = codes.map(|code| code.map_or(Exact::zero(), |c| number(&p, &c))).collect();
                for (i, token) in row.iter().enumerate() {
                    let (y, _) = result(&p, out.as_ref(), &x, i, &mut Random::none());
                    outputs.extend([y, BigUint::from(1u32), token[2].clone()]);
                }
            });
        }
        pure(move |inputs, outputs| {
            let w = p.from.bits();
            let code = |j: u32| (&inputs[0] >> (w * j)) & ((BigUint::from(1u32) << w) - 1u32);
            let x: Vec<Exact> = (0..p.length).map(|j| number(&p, &code(j))).collect();
            let mut random = inputs.get(1).map_or(Random::none(), |r| Random::new(r, p.policy.random()));
            let mut y = BigUint::ZERO;
            let mut at = 0;
            for i in 0..x.len() {
                let (code, bits) = result(&p, out.as_ref(), &x, i, &mut random);
                y |= code << at;
                at += bits;
            }
            outputs.push(y);
        })
    }

    fn number(p: &Fwht, code: &BigUint) -> Exact {
        decode_with(&p.from, p.policy.operand(&p.from), code).exact().expect("internal error: not a number")
    }

    /// Result i of a row, its code and the code's bits.
    fn result(p: &Fwht, out: Option<&Rounder>, x: &[Exact], i: usize, random: &mut Random) -> (BigUint, u32) {
        let sum = x.iter().enumerate().fold(Exact::zero(), |sum, (j, x)| {
            if (i & j).count_ones().is_multiple_of(2) { &sum + x } else { &sum - x }
        });
        let sum = sum.scale(-i64::from(p.shift));
        match out {
            Some(out) => (out.round(&Value::number(sum, false), random.take()), out.format().bits()),
            None => {
                let extent = p.extent();
                let units = sum.in_units(extent.unit).expect("internal error: a sum finer than the unit");
                (to_code(&units, extent.bits()), extent.bits())
            }
        }
    }
}
