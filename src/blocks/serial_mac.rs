//! Bit-serial multiply–accumulate: one operand is taken in parallel, the other digit by digit, in
//! as many clocks as its run-time precision asks for.
//!
//! `a b precision clear en` → `acc ready`. At a clock edge with `ready` = `en` = 1 the unit takes `a`,
//! the low `precision` bits of `b`, and `clear` (start from 0); it works on the first digit at that
//! edge and on the others at the next ones, with `ready` = 0 until the last is left behind. `acc` shows the sum before
//! the edge. A `precision` of 0, or beyond the bits of `--b`, counts as all bits.
//!
//! | `--order` | digits of `b` | clocks for n bits | in each clock |
//! |---|---|---|---|
//! | `lsb` | bits, lowest first; a sign bit subtracts | n | acc ← acc ± a·2^t |
//! | `msb` | bits, highest first; a sign bit subtracts | n | product ← 2·product ± a; the last goes to `acc` |
//! | `booth` | radix-4 digits -2 to 2, lowest first | ⌈n/2⌉ signed, ⌊n/2⌋ + 1 unsigned | acc ← acc + digit·a·4^t |
//! | `pot` | one: ±2^p of a DenseShift code, sign above p | 1 | acc ← acc ± a·2^p (no `ready`) |
//!
//! `acc` is exact: two's complement, of the narrowest width that holds any sum of `--terms` products;
//! more terms wrap.
use super::exact::ExactResult;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port, Role};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};

params! {
    /// Bit-serial multiply–accumulate.
    pub struct SerialMac {
        /// format of the parallel operand
        a: Format = "int8",
        /// format of the serial operand at its highest precision
        b: Format = "int8",
        /// how the serial operand is taken apart
        order: Order = "lsb",
        /// products that the accumulator holds without overflow
        terms: u32 [1..=16777216] = "32",
    }
}

choices! {
    /// Digits of the serial operand.
    pub enum Order {
        /// Bits, least significant first.
        Lsb = "lsb",
        /// Bits, most significant first.
        Msb = "msb",
        /// Radix-4 Booth digits, least significant first.
        Booth = "booth",
        /// A power of two at once.
        Pot = "pot",
    }
}

impl SerialMac {
    /// The format of `precision`: the narrowest that holds the number of bits of b.
    fn precision(&self) -> Format {
        let bits = u32::BITS - self.b.bits().leading_zeros();
        Format::Int(IntFormat { bits, kind: IntKind::Unsigned, lsb_exp: 0 })
    }

    fn result(&self) -> ExactResult {
        ExactResult::new(&self.a, &self.b, &Policy::default(), self.terms)
    }
}

/// Is the format a DenseShift one: a sign above the exponent p of ±2^p?
fn is_dense_shift(format: &Format) -> bool {
    let Format::Table(t) = format else { return false };
    let half = t.values.len() / 2;
    t.bits > 1 && t.values.iter().enumerate().all(|(i, (m, e))| {
        let power = *m != 0 && m.unsigned_abs().is_power_of_two() && *e + m.trailing_zeros() as i32 == (i % half) as i32;
        power && (*m < 0) == (i >= half)
    })
}

/// The names of integers whose bits have weights.
const INTEGERS: &str = "int1..int64, uint1..uint64, also with -sym and -q";

fn check_integer(param: &str, format: &Format) -> Result<(), ParamError> {
    match format {
        Format::Int(i) if i.kind != IntKind::SignMagnitude => Ok(()),
        _ => Err(ParamError::new(param, format!("taken as an integer; allowed: {INTEGERS}"))),
    }
}

impl Block for SerialMac {
    const NAME: &'static str = "serial_mac";
    const DOC: &'static str = "bit-serial multiply-accumulate with run-time precision";
    const RESET: Reset = Reset::Sync;

    fn latency(&self) -> u32 {
        1
    }

    fn validate(&self) -> Result<(), ParamError> {
        check_integer("a", &self.a)?;
        match self.order {
            Order::Pot if is_dense_shift(&self.b) => Ok(()),
            Order::Pot => Err(ParamError::new("b", "with --order pot a power of two; allowed: denseshift2..denseshift8")),
            _ => check_integer("b", &self.b),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![
            Port::operand("a", &self.a, 1),
            Port::operand("b", &self.b, 1),
            Port::operand("precision", &self.precision(), 1),
            Port::control("clear", Role::Clear),
            Port::control("en", Role::Enable),
        ];
        ports.extend(self.result().ports("acc"));
        if self.order != Order::Pot {
            ports.push(Port::flag("ready"));
        }
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
    use super::{Order, SerialMac};
    use crate::blocks::parts::{Bounds, add_or_subtract};
    use crate::hdl::dsl::{Reg, Value};
    use crate::hdl::prelude::*;

    /// What every order has.
    struct Unit<'b> {
        m: Builder<'b>,
        /// The parallel operand as a signed number.
        a: SInt<'b>,
        b: UInt<'b>,
        /// Digits are signed numbers: the highest bit of b is negative.
        signed: bool,
        /// Bits of b in use, 1 to all.
        precision: UInt<'b>,
        clear: Bit<'b>,
        en: Bit<'b>,
        bits: u32,
    }

    pub fn build(p: &SerialMac, m: Builder<'_>) {
        let (a, b) = (m.uint_in("a", p.a.bits()), m.uint_in("b", p.b.bits()));
        let width = p.b.bits();
        let precision = m.uint_in("precision", p.precision().bits());
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let all = m.uint(width, precision.width());
        let illegal = precision.is_zero() | precision.gt(all);
        let precision = illegal.select(all, precision).named("bits_used").assume_at_most(width.into());
        let a = if p.a.is_signed() { a.as_sint() } else { a.signed() };
        let bits = Bounds::of_sum((&p.a, false), (&p.b, false), p.terms).bits();
        let unit = Unit { m, a, b, signed: p.b.is_signed(), precision, clear, en, bits };
        match p.order {
            Order::Lsb => unit.lsb_first(),
            Order::Msb => unit.msb_first(),
            Order::Booth => unit.booth(),
            Order::Pot => unit.power_of_two(),
        }
    }

    /// Where in its digits the unit is.
    struct Progress<'b> {
        /// The next edge can begin a product: the operands are at the inputs.
        ready: Bit<'b>,
        /// The edge works on a digit.
        works: Bit<'b>,
        /// Digits after this one.
        after: UInt<'b>,
        /// This digit is the last.
        last: Bit<'b>,
    }

    impl<'b> Unit<'b> {
        /// Counts digits; `more` is the number of those after the first, at most `most`.
        fn progress(&self, more: UInt<'b>, most: u32) -> Progress<'b> {
            let m = self.m;
            let width = m.nat(most.into()).width();
            let left = m.state_uint("left", width, 0);
            wires! {
                let ready = left.get().is_zero();
                let works = !ready | self.en;
                let after = ready.select(more.wrap(width), (left.get() - m.nat(1)).bits().wrap(width));
                let last = after.is_zero();
            }
            left.set_when(works, after);
            Progress { ready, works, after, last }
        }

        /// A register that is loaded with what comes in for the first digit, and what it holds for this one.
        fn held<V: Value<'b> + Named>(&self, at: &Progress<'b>, name: &str, register: Reg<V>, incoming: V) -> V {
            at.ready.select(incoming, register.get()).named(name)
        }

        /// acc ← (cleared at the first digit, or acc) ± term.
        fn accumulate(&self, at: &Progress<'b>, term: SInt<'b>, negative: Bit<'b>) {
            let m = self.m;
            let acc = m.state_sint("acc_q", self.bits, 0);
            wires! {
                let base = (at.ready & self.clear).select(m.sint(0, self.bits), acc.get());
                let next = add_or_subtract(base, term, negative, self.bits);
            }
            acc.set_when(at.works, next);
            m.output("acc", acc.get());
        }

        /// a if `on`, else 0.
        fn gate(&self, on: Bit<'b>, a: SInt<'b>) -> SInt<'b> {
            on.select(a, self.m.sint(0, a.width()))
        }

        fn lsb_first(&self) {
            let m = self.m;
            let most = self.b.width() - 1;
            let at = self.progress((self.precision - m.nat(1)).assume_non_negative(), most);
            let a_q = m.state_sint("a_q", self.a.width() + most, 0);
            let b_q = m.state_uint("b_q", self.b.width(), 0);
            let a = self.held(&at, "a_now", a_q, self.a.sext(self.a.width() + most));
            let b = self.held(&at, "b_now", b_q, self.b);
            a_q.set_when(at.works, a.shl_const(1).wrap(a.width()));
            b_q.set_when(at.works, b.trunc_low(1.min(most)).wrap(b.width()));
            let term = self.gate(b.bit(0), a).named("term");
            self.accumulate(&at, term, at.last & m.flag(self.signed));
            m.output("ready", at.ready);
        }

        fn msb_first(&self) {
            let m = self.m;
            let at = self.progress((self.precision - m.nat(1)).assume_non_negative(), self.b.width() - 1);
            let width = self.a.width() + self.b.width();
            let a_q = m.state_sint("a_q", self.a.width(), 0);
            let b_q = m.state_uint("b_q", self.b.width(), 0);
            let product_q = m.state_sint("product_q", width, 0);
            let a = self.held(&at, "a_now", a_q, self.a);
            let b = self.held(&at, "b_now", b_q, self.b);
            a_q.set_when(at.works, a);
            b_q.set_when(at.works, b);
            let term = self.gate(b.shr(at.after).bit(0), a).named("term");
            let doubled = self.gate(!at.ready, product_q.get().shl_const(1).wrap(width)).named("doubled");
            let product = add_or_subtract(doubled, term, at.ready & m.flag(self.signed), width).named("product");
            product_q.set_when(at.works, product);
            self.accumulate(&at, self.gate(at.last, product).named("whole"), m.low());
            m.output("ready", at.ready);
        }

        fn booth(&self) {
            let m = self.m;
            let bits = self.b.width();
            // Signed: digits ⌈n/2⌉, so those after the first are ⌊(n - 1)/2⌋; unsigned: ⌊n/2⌋.
            let (most, odd) = ((bits - u32::from(self.signed)) / 2, self.precision.bit(0));
            let more = if self.signed { (self.precision - m.nat(1)).assume_non_negative() } else { self.precision };
            let more = if more.width() > 1 { more.trunc_low(1) } else { m.uint(0u32, 1) };
            let at = self.progress(more, most);
            // A bit for the one below the digit, and a whole digit at least.
            let held = bits.max(2) + 1;
            let a_q = m.state_sint("a_q", self.a.width() + 2 * most, 0);
            let b_q = m.state_uint("b_q", held, 0);
            let odd_q = m.state_bit("odd_q", false);
            let a = self.held(&at, "a_now", a_q, self.a.sext(self.a.width() + 2 * most));
            let b = self.held(&at, "b_now", b_q, self.b.zext(held - 1).shl_const(1));
            let odd = self.held(&at, "odd", odd_q, odd);
            a_q.set_when(at.works, a.shl_const(2).wrap(a.width()));
            b_q.set_when(at.works, b.trunc_low(2).wrap(held));
            odd_q.set_when(at.works, odd);
            // Beyond the bits in use the sign goes on, or 0.
            let (below, low, high) = (b.bit(0), b.bit(1), b.bit(2));
            let (low, high) = if self.signed {
                (low, (at.last & odd).select(low, high))
            } else {
                (low & !(at.last & !odd), high & !at.last)
            };
            wires! {
                let once = low ^ below;
                let twice = !once & (high ^ low);
                let multiple = twice.select(a.shl_const(1), self.gate(once, a));
            }
            self.accumulate(&at, multiple, high);
            m.output("ready", at.ready);
        }

        fn power_of_two(&self) {
            let m = self.m;
            let bits = self.b.width();
            // Bits of p are those below the sign.
            let sign_at = (self.precision - m.nat(1)).assume_non_negative();
            let p: Vec<Bit> = (0..bits - 1).map(|i| self.b.bit(i) & sign_at.gt(m.nat(i.into()))).collect();
            let p = p.into_iter().map(Bit::uint).reduce(|low, high| high.cat(low)).unwrap_or_else(|| m.nat(0)).named("p");
            let term = self.a.sext(self.a.width() + (1 << (bits - 1)) - 1).bits().shl(p).as_sint().named("term");
            let now = Progress { ready: m.high(), works: self.en, after: m.nat(0), last: m.high() };
            self.accumulate(&now, term, self.b.shr(sign_at).bit(0));
        }
    }
}

mod golden {
    use super::{Order, SerialMac};
    use crate::blocks::exact::ExactResult;
    use crate::formats::*;
    use crate::golden::arith::Sum;
    use crate::golden::exact::Exact;
    use crate::golden::model::Model;
    use crate::golden::serial::{binary, booth, low_bits, power_of_two};
    use num_bigint::{BigInt, BigUint};

    pub fn model(p: &SerialMac) -> Box<dyn Model> {
        let weight = |f: &Format| if let Format::Int(i) = f { i64::from(i.lsb_exp) } else { 0 };
        let unit = weight(&p.a) + weight(&p.b);
        Box::new(Serial { p: p.clone(), result: p.result(), unit, sum: BigInt::ZERO, waiting: Vec::new() })
    }

    struct Serial {
        p: SerialMac,
        result: ExactResult,
        /// The sum, and the weight of its unit.
        sum: BigInt,
        unit: i64,
        /// What the next edges add, the last first.
        waiting: Vec<BigInt>,
    }

    impl Serial {
        /// What each clock adds to the sum for one product.
        fn terms(&self, a: &BigUint, b: &BigUint, precision: &BigUint) -> Vec<BigInt> {
            let all = self.p.b.bits();
            let bits = u32::try_from(precision).ok().filter(|n| (1..=all).contains(n)).unwrap_or(all);
            let a = low_bits(a, self.p.a.bits(), self.p.a.is_signed());
            let signed = self.p.b.is_signed();
            let value = low_bits(b, bits, signed);
            match self.p.order {
                Order::Lsb => binary(&value, bits, signed).iter().map(|t| &a * t).collect(),
                Order::Booth => booth(&value, bits, signed).iter().map(|t| &a * t).collect(),
                Order::Pot => vec![a * power_of_two(b, bits)],
                // The product grows by itself and arrives whole.
                Order::Msb => (1..bits).map(|_| BigInt::ZERO).chain([a * value]).collect(),
            }
        }
    }

    impl Model for Serial {
        fn reset(&mut self) {
            (self.sum, self.waiting) = (BigInt::ZERO, Vec::new());
        }
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            let finite = Exact::new(self.sum.clone(), self.unit);
            self.result.codes(&Sum { finite, ..Sum::new() }, outputs);
            let ready = self.waiting.is_empty();
            if self.p.order != Order::Pot {
                outputs.push(u32::from(ready).into());
            }
            if ready && inputs[4].bit(0) {
                if inputs[3].bit(0) {
                    self.sum = BigInt::ZERO;
                }
                self.waiting = self.terms(&inputs[0], &inputs[1], &inputs[2]);
                self.waiting.reverse();
            }
            self.sum += self.waiting.pop().unwrap_or_default();
        }
    }
}
