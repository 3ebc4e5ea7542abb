//! The BitMoD processing element: dot products of binary16 activations and few-bit weights of many
//! types, a term of each weight per clock, with a bit-serial multiplier for the scale of the group.
//!
//! `a w sv clear en scale dequant` → `acc_man acc_exp ready y y_exp y_ready illegal`. A weight is
//! taken apart into terms ±2^k: radix-4 Booth digits of an integer, lowest first; the ones of a
//! floating-point magnitude, highest first.
//!
//! | `--w` | terms = clocks | grid unit | codes |
//! |---|---|---|---|
//! | `int3`…`int8` | 2 2 3 3 4 4 | 1 | two's complement |
//! | `fp3` | 2 | 1 | sign, {0, 1, 2, 4}; -0 is the special value `sv` = +3, -3, +6, -6 |
//! | `fp4` | 2 | 2^-1 | sign, E2M1; -0 is the special value `sv` = +5, -5, +8, -8 |
//! | `fp5_e2m2` `fp5_e3m1` | 3 2 | 2^-2 2^-3 | sign and magnitude |
//! | `fp6_e2m3` `fp6_e3m2` | 4 3 | 2^-3 2^-4 | sign and magnitude |
//!
//! At an edge with `ready` = `en` = 1 the element takes `--lanes` activations and weights and works on their
//! first terms, at the next edges on the others. In each: the lanes are aligned to the highest exponent (`--guard` bits are kept
//! below an activation's last, magnitudes are cut off), added, shifted to the digit's weight, and added to the sum at the
//! larger of both exponents (cut off towards -∞); then the sum is shifted right until it fits `--acc-man` bits.
//! The sum is acc_man·2^(acc_exp - 25 - guard) grid units. `clear` starts a group from 0.
//!
//! At an edge with `dequant` = `y_ready` = 1 a copy of the sum (as shown) is taken with the unsigned `scale`: `y` = acc_man·scale
//! after `--scale-bits` edges, highest bit first, while the next group runs.
//!
//! Activations that are infinite or NaN are `illegal`, a flag that stays until the next `clear`; they count as numbers of exponent 31.
use super::params::ParamError;
use super::{Block, Port, Role};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};

params! {
    /// BitMoD processing element.
    pub struct BitmodPe {
        /// type of the weights
        w: Weights = "fp4",
        /// products per step
        lanes: u32 [1..=64] = "4",
        /// bits kept below an activation's last when lanes are aligned
        guard: u32 [0..=16] = "3",
        /// bits of the accumulator's significand
        acc_man: u32 [8..=48] = "15",
        /// bits of a group's scale
        scale_bits: u32 [1..=16] = "8",
    }
}

choices! {
    /// Types of weights.
    pub enum Weights {
        /// 3-bit integers.
        Int3 = "int3",
        /// 4-bit integers.
        Int4 = "int4",
        /// 5-bit integers.
        Int5 = "int5",
        /// 6-bit integers.
        Int6 = "int6",
        /// 7-bit integers.
        Int7 = "int7",
        /// 8-bit integers.
        Int8 = "int8",
        /// 3-bit numbers with a special value.
        Fp3 = "fp3",
        /// 4-bit numbers with a special value.
        Fp4 = "fp4",
        /// 5-bit numbers, two fraction bits.
        Fp5E2m2 = "fp5_e2m2",
        /// 5-bit numbers, one fraction bit.
        Fp5E3m1 = "fp5_e3m1",
        /// 6-bit numbers, three fraction bits.
        Fp6E2m3 = "fp6_e2m3",
        /// 6-bit numbers, two fraction bits.
        Fp6E3m2 = "fp6_e3m2",
    }
}

/// How a type's codes are built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Bits of an integer.
    Integer(u32),
    /// Exponent and fraction bits below the sign.
    Float(u32, u32),
    /// As `fp3` or `fp4`, of so many bits.
    Special(u32),
}

impl Weights {
    fn kind(self) -> Kind {
        match self {
            Weights::Int3 => Kind::Integer(3),
            Weights::Int4 => Kind::Integer(4),
            Weights::Int5 => Kind::Integer(5),
            Weights::Int6 => Kind::Integer(6),
            Weights::Int7 => Kind::Integer(7),
            Weights::Int8 => Kind::Integer(8),
            Weights::Fp3 => Kind::Special(3),
            Weights::Fp4 => Kind::Special(4),
            Weights::Fp5E2m2 => Kind::Float(2, 2),
            Weights::Fp5E3m1 => Kind::Float(3, 1),
            Weights::Fp6E2m3 => Kind::Float(2, 3),
            Weights::Fp6E3m2 => Kind::Float(3, 2),
        }
    }

    /// Bits of a code.
    fn bits(self) -> u32 {
        match self.kind() {
            Kind::Integer(bits) | Kind::Special(bits) => bits,
            Kind::Float(e, m) => 1 + e + m,
        }
    }
}

fn integer(bits: u32, kind: IntKind) -> Format {
    Format::Int(IntFormat { bits, kind, lsb_exp: 0 })
}

impl BitmodPe {
    /// Highest exponent of a term, and the highest shift that its lanes share.
    fn reach(&self) -> (u32, u32) {
        match self.w.kind() {
            Kind::Integer(bits) => (1, 2 * (bits.div_ceil(2) - 1)),
            Kind::Special(3) => (2, 0),
            Kind::Special(_) => (4, 0),
            // The largest magnitude is the fraction's ones shifted by the largest exponent less one.
            Kind::Float(e, m) => (m + (1 << e) - 2, 0),
        }
    }

    /// Bits of the sum's exponent: enough for 2^16 steps of the largest terms and more.
    fn exp_bits(&self) -> u32 {
        let (exp, bsig) = self.reach();
        let dot = 11 + self.guard + (self.lanes.next_power_of_two().trailing_zeros()) + bsig;
        u32::BITS - (31 + exp + (dot + 18).saturating_sub(self.acc_man)).leading_zeros()
    }

    fn special(&self) -> bool {
        matches!(self.w.kind(), Kind::Special(_))
    }
}

impl Block for BitmodPe {
    const NAME: &'static str = "bitmod_pe";
    const DOC: &'static str = "BitMoD bit-serial processing element with group scales";
    const RESET: Reset = Reset::Sync;

    fn latency(&self) -> u32 {
        1
    }

    fn validate(&self) -> Result<(), ParamError> {
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        let fp16 = Format::Minifloat(Minifloat::new(5, 10, Special::Ieee));
        let w = match self.w.kind() {
            Kind::Integer(bits) => integer(bits, IntKind::Twos),
            Kind::Float(e, m) => Format::Minifloat(Minifloat::new(e, m, Special::None)),
            Kind::Special(bits) => integer(bits, IntKind::Unsigned),
        };
        let unsigned = |bits| integer(bits, IntKind::Unsigned);
        let mut ports = vec![Port::operand("a", &fp16, self.lanes), Port::operand("w", &w, self.lanes)];
        if self.special() {
            ports.push(Port::operand("sv", &unsigned(2), 1));
        }
        ports.extend([
            Port::control("clear", Role::Clear),
            Port::control("en", Role::Enable),
            Port::operand("scale", &unsigned(self.scale_bits), 1),
            Port::operand("dequant", &unsigned(1), 1),
            Port::result("acc_man", &integer(self.acc_man, IntKind::Twos)),
            Port::result("acc_exp", &unsigned(self.exp_bits())),
            Port::flag("ready"),
            Port::result("y", &integer(self.acc_man + self.scale_bits, IntKind::Twos)),
            Port::result("y_exp", &unsigned(self.exp_bits())),
            Port::flag("y_ready"),
            Port::flag("illegal"),
        ]);
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
    use super::{BitmodPe, Kind};
    use crate::blocks::parts::sum;
    use crate::hdl::prelude::*;

    /// A term of one lane: ±man·2^exp.
    struct Term<'b> {
        negative: Bit<'b>,
        man: Bit<'b>,
        exp: UInt<'b>,
    }

    pub fn build<'b>(p: &BitmodPe, m: Builder<'b>) {
        let a = m.uint_in("a", 16 * p.lanes);
        let w = m.uint_in("w", p.w.bits() * p.lanes);
        let sv = p.special().then(|| m.uint_in("sv", 2));
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let scale = m.uint_in("scale", p.scale_bits);
        let dequant = m.bit_in("dequant");

        let magnitudes = magnitudes(p.w.kind());
        let clocks = match p.w.kind() {
            Kind::Integer(bits) => bits.div_ceil(2),
            _ => magnitudes.iter().map(|v| v.count_ones()).max().unwrap_or(1),
        };
        let step_bits = m.nat(u128::from(clocks - 1)).width();
        let step_q = m.state_uint("step_q", step_bits, 0);
        let step = step_q.get().assume_at_most(u128::from(clocks - 1));
        wires! {
            let ready = step.is_zero();
            let works = !ready | en;
            let last = step.eq(m.nat(u128::from(clocks - 1)));
            let step_next = last.select(m.uint(0u32, step_bits), (step + m.nat(1)).wrap(step_bits));
        }
        step_q.set_when(works, step_next);

        // What was taken stays for the other terms; integers move on by a digit.
        let hold = |name: &str, incoming: UInt<'b>, shift: u32| {
            let register = m.state_uint(&format!("{name}_q"), incoming.width(), 0);
            let now = ready.select(incoming, register.get()).named(&format!("{name}_now"));
            register.set_when(works, now.trunc_low(shift).wrap(incoming.width()));
            now
        };
        let a = hold("a", a, 0);
        let sv = sv.map(|sv| hold("sv", sv, 0));
        let lanes: Vec<(UInt, Term)> = (0..p.lanes)
            .map(|i| {
                m.scope(&format!("lane{i}"), || {
                    let code = w.slice(p.w.bits() * (i + 1) - 1, p.w.bits() * i);
                    let term = match p.w.kind() {
                        Kind::Integer(bits) => {
                            // A bit below the lowest, and whole digits.
                            let digits = code.as_sint().sext(bits.next_multiple_of(2)).bits().shl_const(1);
                            booth_digit(hold("w", digits, 2))
                        }
                        _ => one(m, &magnitudes, hold("w", code, 0), sv, step, clocks),
                    };
                    (a.slice(16 * i + 15, 16 * i), term)
                })
            })
            .collect();

        // Alignment of the lanes.
        let mut aligned = Vec::new();
        let mut illegal = m.low();
        for (i, (a, term)) in lanes.iter().enumerate() {
            m.scope(&format!("lane{i}"), || {
                let (field, fraction) = (a.slice(14, 10), a.slice(9, 0));
                illegal = illegal | field.all_ones();
                wires! {
                    let hidden = field.any();
                    let exp = hidden.select(field, m.uint(1u32, 5)) + term.exp;
                    let sig = hidden.uint().cat(fraction);
                }
                let sig = term.man.select(sig, m.uint(0u32, 11)).named("man");
                aligned.push((exp, sig, a.bit(15) ^ term.negative));
            });
        }
        let larger = |x: UInt<'b>, y: UInt<'b>| x.gt(y).select(x, y);
        let most = aligned.iter().map(|l| l.0).reduce(larger).unwrap_or_else(|| m.nat(0)).named("most");
        let terms: Vec<SInt> = aligned
            .iter()
            .map(|(exp, sig, negative)| {
                let delta = (most - *exp).assume_non_negative();
                let kept = sig.shl_const(p.guard).shr(delta).signed();
                negative.select(-kept, kept)
            })
            .collect();
        let dot = sum(m, &terms).named("dot");
        let weighted = match p.w.kind() {
            // Booth digits weigh 4^step.
            Kind::Integer(_) => dot.sext(dot.width() + 2 * (clocks - 1)).bits().shl(step.shl_const(1)).as_sint(),
            _ => dot,
        }
        .named("weighted");

        // Into the sum.
        let man_q = m.state_sint("acc_man_q", p.acc_man, 0);
        let exp_q = m.state_uint("acc_exp_q", p.exp_bits(), 0);
        let fresh = ready & clear;
        wires! {
            let base_man = fresh.select(m.sint(0, p.acc_man), man_q.get());
            let base_exp = fresh.select(m.uint(0u32, p.exp_bits()), exp_q.get());
            let exp = larger(base_exp, most);
            let old = base_man.shr((exp - base_exp).assume_non_negative());
            let new = weighted.shr((exp - most).assume_non_negative());
            let total = old + new;
        }
        let (man, by) = fit(m, total, p.acc_man);
        man_q.set_when(works, man);
        exp_q.set_when(works, (exp + by).wrap(p.exp_bits()));
        let illegal_q = m.state_bit("illegal_q", false);
        illegal_q.set_when(ready & en, (illegal_q.get() & !clear) | illegal);

        m.output("acc_man", man_q.get());
        m.output("acc_exp", exp_q.get());
        m.output("ready", ready);
        dequantise(p, m, (man_q.get(), exp_q.get()), scale, dequant);
        m.output("illegal", illegal_q.get());
    }

    /// Magnitude of every code without its sign, then the special values by number.
    fn magnitudes(kind: Kind) -> Vec<u32> {
        let float = |e: u32, m: u32| {
            let fields = (0..1u32 << e).flat_map(move |x| (0..1u32 << m).map(move |f| (x, f)));
            fields.map(move |(x, f)| if x == 0 { f } else { ((1 << m) | f) << (x - 1) })
        };
        match kind {
            Kind::Integer(_) => Vec::new(),
            Kind::Special(3) => vec![0, 1, 2, 4, 3, 3, 6, 6],
            Kind::Special(_) => float(2, 1).chain([10, 10, 16, 16]).collect(),
            Kind::Float(e, m) => float(e, m).collect(),
        }
    }

    /// The digit -2 to 2 in the lowest three bits.
    fn booth_digit(w: UInt<'_>) -> Term<'_> {
        let (below, low, high) = (w.bit(0), w.bit(1), w.bit(2));
        wires! {
            let once = low ^ below;
            let man = once | (high ^ low);
            let exp = (man & !once).uint();
        }
        Term { negative: high, man, exp }
    }

    /// The highest one of a magnitude that earlier steps have left.
    fn one<'b>(m: Builder<'b>, magnitudes: &[u32], code: UInt<'b>, sv: Option<UInt<'b>>, step: UInt<'b>, clocks: u32) -> Term<'b> {
        let below = code.width() - 1;
        let (sign, magnitude) = (code.bit(below), code.slice(below - 1, 0));
        let plain = 1 << below;
        // The address of a magnitude; special values have their own, above.
        let (address, negative) = match sv {
            Some(sv) => {
                let special = (sign & magnitude.is_zero()).named("special");
                let low = special.select(sv.zext(below.max(2)), magnitude.zext(below.max(2)));
                (special.uint().cat(low), special.select(sv.bit(0), sign))
            }
            None => (magnitude, sign),
        };
        let rows = 1usize << (address.width() - u32::from(sv.is_some()));
        let entry = |address: usize| match address {
            _ if address < rows => magnitudes.get(address).filter(|_| address < plain),
            _ => magnitudes.get(plain + address - rows),
        };
        let exp_bits = m.nat(u128::from(31 - magnitudes.iter().max().map_or(0, |v| v.leading_zeros()))).width();
        let mut values = Vec::new();
        for step in 0..clocks {
            for address in 0..1usize << address.width() {
                let ones: Vec<u32> = (0..32).rev().filter(|k| entry(address).is_some_and(|v| v >> k & 1 == 1)).collect();
                let term = ones.get(step as usize).map_or(0, |k| k << 1 | 1);
                values.push(BigUint::from(term));
            }
        }
        let term = m.table("terms", step.cat(address), exp_bits + 1, &values).named("term");
        Term { negative: negative.named("negative"), man: term.bit(0), exp: term.slice(exp_bits, 1) }
    }

    /// Shifted right, rounding down, by as little as makes it fit; and by how much.
    fn fit<'b>(m: Builder<'b>, x: SInt<'b>, bits: u32) -> (SInt<'b>, UInt<'b>) {
        if x.width() <= bits {
            return (x.sext(bits), m.nat(0));
        }
        let mut value = x;
        let mut by: Option<UInt> = None;
        let stages = 32 - (x.width() - bits).leading_zeros();
        for k in (0..stages).rev() {
            let d = 1 << k;
            // Shifting by d is not too much if the value does not even fit with d - 1 bits more.
            let room = (bits + d - 1).min(value.width());
            let above = value.bits().slice(value.width() - 1, room - 1);
            let over = (!(above.all_ones() | above.is_zero())).named(&format!("over{d}"));
            value = over.select(value.asr(d), value).named(&format!("fit{d}"));
            by = Some(by.map_or(over.uint(), |b| b.cat(over.uint())));
        }
        (value.wrap(bits), by.unwrap_or_else(|| m.nat(0)))
    }

    /// y ← 2·y + (bit of the scale)·sum, highest bit first.
    fn dequantise<'b>(p: &BitmodPe, m: Builder<'b>, acc: (SInt<'b>, UInt<'b>), scale: UInt<'b>, start: Bit<'b>) {
        let width = p.acc_man + p.scale_bits;
        let count_bits = m.nat(u128::from(p.scale_bits - 1)).width();
        let count_q = m.state_uint("count_q", count_bits, 0);
        wires! {
            let y_ready = count_q.get().is_zero();
            let y_works = !y_ready | start;
            let count = y_ready.select(m.uint(p.scale_bits - 1, count_bits), (count_q.get() - m.nat(1)).bits().wrap(count_bits));
        }
        count_q.set_when(y_works, count);
        let man_q = m.state_sint("y_man_q", p.acc_man, 0);
        let exp_q = m.state_uint("y_exp_q", p.exp_bits(), 0);
        let scale_q = m.state_uint("scale_q", p.scale_bits, 0);
        let y_q = m.state_sint("y_q", width, 0);
        wires! {
            let y_man = y_ready.select(acc.0, man_q.get());
            let bits = y_ready.select(scale, scale_q.get());
            let doubled = y_ready.select(m.sint(0, width), y_q.get().shl_const(1).wrap(width));
            let y = (doubled + bits.msb().select(y_man, m.sint(0, p.acc_man))).wrap(width);
        }
        man_q.set_when(y_works, y_man);
        exp_q.set_when(y_works & y_ready, acc.1);
        scale_q.set_when(y_works, bits.shl_const(1).wrap(p.scale_bits));
        y_q.set_when(y_works, y);
        m.output("y", y_q.get());
        m.output("y_exp", exp_q.get());
        m.output("y_ready", y_ready);
    }
}

mod golden {
    use super::{BitmodPe, Kind};
    use crate::golden::bitmod_pe::{Accumulator, Term, Weight, Widths, activation, scaled, step};
    use crate::golden::int;
    use crate::golden::model::Model;
    use num_bigint::{BigInt, BigUint};

    pub fn model(p: &BitmodPe) -> Box<dyn Model> {
        let weight = match p.w.kind() {
            Kind::Integer(bits) => Weight::Integer(bits),
            Kind::Special(3) => Weight::Fp3,
            Kind::Special(_) => Weight::Fp4,
            Kind::Float(e, m) => Weight::Float(e, m),
        };
        let widths = Widths { guard: p.guard, acc_man: p.acc_man, acc_exp: p.exp_bits() };
        Box::new(Element { p: p.clone(), weight, widths, state: State::default() })
    }

    struct Element {
        p: BitmodPe,
        weight: Weight,
        widths: Widths,
        state: State,
    }

    #[derive(Default)]
    struct State {
        acc: Accumulator,
        /// Activations and terms of the steps to come, the last first.
        waiting: Vec<Vec<(u64, Term)>>,
        illegal: bool,
        /// What is being scaled, its scale, the scale's bits that have been used, and the product so far.
        copy: Accumulator,
        scale: BigUint,
        used: u32,
        y: i128,
    }

    /// Lane `i` of a packed port.
    fn lane(port: &BigUint, bits: u32, i: u32) -> u64 {
        u64::try_from((port >> (bits * i)) % (BigUint::from(1u32) << bits)).unwrap_or(0)
    }

    impl Model for Element {
        fn reset(&mut self) {
            self.state = State::default();
        }

        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            let (p, s) = (&self.p, &mut self.state);
            let (ready, y_ready) = (s.waiting.is_empty(), s.used == 0);
            let code = |v: i128, bits: u32| int::to_code(&BigInt::from(v), bits);
            outputs.extend([
                code(s.acc.man, p.acc_man),
                BigUint::from(s.acc.exp as u64),
                BigUint::from(ready),
                code(s.y, p.acc_man + p.scale_bits),
                BigUint::from(s.copy.exp as u64),
                BigUint::from(y_ready),
                BigUint::from(s.illegal),
            ]);
            let (special, rest) = inputs[2..].split_at(usize::from(p.special()));
            let (clear, en, scale, dequant) = (rest[0].bit(0), rest[1].bit(0), &rest[2], rest[3].bit(0));
            if y_ready && dequant {
                (s.copy, s.scale) = (s.acc, scale.clone());
            }
            if !y_ready || dequant {
                // The product with the bits used so far, read as a number.
                s.used = (s.used + 1) % p.scale_bits;
                let rest = if s.used == 0 { 0 } else { p.scale_bits - s.used };
                s.y = scaled(s.copy.man, &(&s.scale >> rest));
            }
            if ready && en {
                if clear {
                    (s.acc, s.illegal) = (Accumulator::default(), false);
                }
                let id = special.first().map_or(0, |sv| lane(sv, 2, 0) as usize);
                let codes: Vec<(u64, u64)> =
                    (0..p.lanes).map(|i| (lane(&inputs[0], 16, i), lane(&inputs[1], p.w.bits(), i))).collect();
                s.illegal |= codes.iter().any(|(a, _)| activation(*a).1 == 31);
                let terms: Vec<Vec<Term>> = codes.iter().map(|(_, w)| self.weight.terms(self.weight.value(*w, id))).collect();
                let clock = |k: usize| codes.iter().zip(&terms).map(|((a, _), t)| (*a, t[k])).collect();
                s.waiting = (0..self.weight.clocks()).rev().map(clock).collect();
            }
            if let Some(lanes) = s.waiting.pop() {
                s.acc = step(s.acc, &lanes, self.widths);
            }
        }
    }
}
