//! Division and square roots of unsigned numbers, a digit after the other.
use super::stream::Held;
use crate::hdl::dsl::bits_unsigned;
use crate::hdl::prelude::*;

/// The next bit of a quotient: the remainder with one more bit of the dividend, less the divisor if that goes.
fn digit<'b>(rest: UInt<'b>, bit: UInt<'b>, divisor: UInt<'b>) -> (UInt<'b>, Bit<'b>) {
    let rest = rest.cat(bit);
    let goes = rest.ge(divisor);
    let less = (rest - divisor).bits().wrap(divisor.width());
    (goes.select(less, rest.wrap(divisor.width())), goes)
}

/// What a divider that takes a bit each cycle shows.
pub struct Iterative<'b> {
    /// It is working.
    pub busy: Bit<'b>,
    /// Quotient or root are there, since this cycle.
    pub done: Bit<'b>,
    /// The quotient or the root.
    pub quotient: UInt<'b>,
    /// The remainder.
    pub rest: UInt<'b>,
}

/// Divides, `bits` cycles from `start`, by a divisor that stays meanwhile. The quotient must fit `bits` bits.
#[track_caller]
pub fn divide_iterative<'b>(m: Builder<'b>, start: Bit<'b>, dividend: UInt<'b>, divisor: UInt<'b>, bits: u32) -> Iterative<'b> {
    let width = divisor.width();
    let dividend = dividend.zext(dividend.width().max(bits));
    let high = if dividend.width() > bits { dividend.trunc_low(bits).wrap(width) } else { m.uint(0u32, width) };
    let rest = m.state_uint("rest", width, 0);
    let quotient = m.state_uint("quotient", bits, 0);
    let (working, done) = countdown(m, start, bits);
    let (next, one) = digit(rest.get(), quotient.get().msb().uint(), divisor);
    let shifted = if bits > 1 { quotient.get().slice(bits - 2, 0).cat(one.uint()) } else { one.uint() };
    rest.set_when(start | working, start.select(high, next));
    quotient.set_when(start | working, start.select(dividend.wrap(bits), shifted));
    Iterative { busy: working, done, quotient: quotient.get(), rest: rest.get() }
}

/// Counts cycles from `start`: working, and just done.
fn countdown<'b>(m: Builder<'b>, start: Bit<'b>, cycles: u32) -> (Bit<'b>, Bit<'b>) {
    let width = bits_unsigned(u128::from(cycles));
    let left = m.state_uint("left", width, 0);
    let working = left.get().any();
    let less = (left.get() - m.nat(1)).bits().wrap(width);
    left.set_when(start | working, start.select(m.uint(cycles, width), less));
    let done = m.state_bit("done", false);
    done.set(left.get().eq(m.nat(1)) & !start);
    (working, done.get())
}

/// Divides with `per_stage` bits of the quotient before each register: a quotient each step, `stages` steps later.
pub struct Pipelined<'b> {
    /// The quotient.
    pub quotient: UInt<'b>,
    /// Steps it takes.
    pub stages: u32,
}

/// A pipelined divider. The quotient must fit `bits` bits.
#[track_caller]
pub fn divide_pipelined<'b>(
    m: Builder<'b>,
    held: &Held<'b>,
    dividend: UInt<'b>,
    divisor: UInt<'b>,
    bits: u32,
    per_stage: u32,
) -> Pipelined<'b> {
    let width = divisor.width();
    let dividend = dividend.zext(dividend.width().max(bits));
    let mut rest = if dividend.width() > bits { dividend.trunc_low(bits).wrap(width) } else { m.uint(0u32, width) };
    let (mut dividend, mut divisor) = (dividend.wrap(bits), divisor);
    let mut quotient: Option<UInt> = None;
    let mut stages = 0;
    for bit in (0..bits).rev() {
        let (next, one) = digit(rest, dividend.bit(bit).uint(), divisor);
        rest = next;
        quotient = Some(quotient.map_or(one.uint(), |q| q.cat(one.uint())));
        if (bits - bit).is_multiple_of(per_stage) || bit == 0 {
            stages += 1;
            m.scope(&format!("stage{stages}"), || {
                quotient = quotient.map(|q| held.uint("quotient", q));
                if bit > 0 {
                    rest = held.uint("rest", rest);
                    divisor = held.uint("divisor", divisor);
                    // What is left of a constant needs no registers.
                    if dividend.range().bounds().is_none_or(|(lo, hi)| lo != hi) {
                        dividend = held.uint("dividend", dividend);
                    }
                }
            });
        }
    }
    Pipelined { quotient: quotient.unwrap_or_else(|| m.nat(0)), stages }
}

/// The floor of a square root, a bit each cycle from `start`.
#[track_caller]
pub fn sqrt_iterative<'b>(m: Builder<'b>, start: Bit<'b>, radicand: UInt<'b>) -> Iterative<'b> {
    let bits = radicand.width().div_ceil(2);
    let radicand = radicand.zext(2 * bits);
    let left = m.state_uint("radicand", 2 * bits, 0);
    let rest = m.state_uint("rest", bits + 2, 0);
    let root = m.state_uint("root", bits, 0);
    let (working, done) = countdown(m, start, bits);
    let two = left.get().slice(2 * bits - 1, 2 * bits - 2);
    // (2·root + 1)² ≤ what has been taken of the radicand: subtract 4·root + 1 from the rest.
    let rest_with = rest.get().wrap(bits).cat(two);
    let try_out = root.get().cat(m.uint(1u32, 2));
    let goes = rest_with.ge(try_out);
    let next = goes.select((rest_with - try_out).bits().wrap(bits + 2), rest_with);
    let shifted = if bits > 1 { root.get().slice(bits - 2, 0).cat(goes.uint()) } else { goes.uint() };
    let on = start | working;
    left.set_when(on, start.select(radicand, left.get().shl_const(2).wrap(2 * bits)));
    rest.set_when(on, start.select(m.uint(0u32, bits + 2), next));
    root.set_when(on, start.select(m.uint(0u32, bits), shifted));
    Iterative { busy: working, done, quotient: root.get(), rest: rest.get() }
}
