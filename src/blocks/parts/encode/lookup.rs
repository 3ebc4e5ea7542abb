//! Rounding to a table format: one comparison per gap between neighbouring values.
use super::super::decode::Operand;
use super::super::fixed::table_units;
use super::{Target, on_grid};
use crate::formats::*;
use crate::hdl::prelude::*;
use num_traits::Signed;

/// Neighbouring values in units of the table's grid, and their codes.
struct Gap {
    low: BigInt,
    high: BigInt,
    low_odd: bool,
    high_odd: bool,
}

pub(super) fn encode<'b>(target: &Target, t: &TableFormat, random: Option<UInt<'b>>, x: Operand<'b>) -> UInt<'b> {
    let (units, lsb) = table_units(t);
    // Ascending; of equal values the lowest code.
    let mut entries: Vec<(BigInt, u32)> = units.into_iter().zip(0..).collect();
    entries.sort();
    entries.dedup_by(|later, earlier| later.0 == earlier.0);
    let below = match target.rounding.round {
        Round::Rtz | Round::Up | Round::Down | Round::Odd => 0,
        Round::Rne | Round::Rna => 1,
        Round::Stochastic => target.rounding.random_bits,
        _ => target.rounding.random_bits + 1,
    };
    let (m, position) = position(&entries, i64::from(lsb), below, x);
    let code = |c: u32| m.uint(c, t.bits);
    let (first, last) = (entries.first().map_or(0, |e| e.1), entries.last().map_or(0, |e| e.1));
    let mut out = code(first);
    for (i, pair) in entries.windows(2).enumerate() {
        let gap =
            Gap { low: pair[0].0.clone(), high: pair[1].0.clone(), low_odd: pair[0].1 % 2 == 1, high_odd: pair[1].1 % 2 == 1 };
        out = above(target, &gap, below, position, random).named(&format!("above{i}")).select(code(pair[1].1), out);
    }
    let Operand::Float(n) = x else { return out };
    if let Some(inf) = n.inf {
        out = inf.select(n.sign.select(code(first), code(last)), out);
    }
    match n.nan {
        Some(nan) if target.rounding.nan == NanTo::Max => nan.select(code(last), out),
        _ => out,
    }
}

/// The value in units of 2^(lsb - below - 1), the lowest bit a jam bit: even if exact, odd strictly between. A NaN counts as 0.
fn position<'b>(entries: &[(BigInt, u32)], lsb: i64, below: u32, x: Operand<'b>) -> (Builder<'b>, SInt<'b>) {
    let lsb = lsb - i64::from(below);
    match x {
        Operand::Fixed { value, lsb: own } => {
            let m = value.builder();
            let drop = lsb - i64::from(own);
            if drop <= 0 {
                return (m, value.shl_const(1 + drop.unsigned_abs() as u32));
            }
            let value = value.sext(value.width().max(drop as u32 + 1));
            let lost = value.bits().slice(drop as u32 - 1, 0).any();
            (m, value.asr(drop as u32).bits().cat(lost.uint()).as_sint())
        }
        Operand::Float(n) => {
            let m = n.sig.builder();
            let reach = entries.iter().map(|e| e.0.bits()).max().unwrap_or(0) as u32 + 1;
            let bits = reach + below;
            let (frame, far) = on_grid(&n, lsb, bits, 1);
            let frame = frame.saturate(frame.width().min(bits + 1));
            let frame = far.map_or(frame, |far| far.select(!m.uint(0u32, bits + 1), frame));
            let frame = n.nan.map_or(frame, |nan| nan.select(m.uint(0u32, 1), frame));
            let plus = frame.signed();
            (m, n.sign.select(-plus, plus).named("position"))
        }
    }
}

/// Whether a value in the gap, or beyond it, goes to the upper end or beyond.
fn above<'b>(target: &Target, gap: &Gap, below: u32, x: SInt<'b>, random: Option<UInt<'b>>) -> Bit<'b> {
    let m = x.builder();
    let lit = |v: BigInt| m.sint(v.clone(), v.bits() as u32 + 1);
    let place = |v: &BigInt| v << (below + 1);
    let positive = !gap.low.is_negative();
    let middle = (&gap.low + &gap.high) << below;
    let towards_upper = |inclusive: bool, at: BigInt| if inclusive { x.ge(lit(at)) } else { x.gt(lit(at)) };
    match target.rounding.round {
        Round::Up => towards_upper(false, place(&gap.low)),
        Round::Down => towards_upper(true, place(&gap.high)),
        Round::Rtz | Round::Odd => towards_upper(positive, place(if positive { &gap.high } else { &gap.low })),
        Round::Rna => towards_upper(!middle.is_negative(), middle),
        Round::Rne if middle.is_negative() => towards_upper(gap.low_odd && !gap.high_odd, middle),
        Round::Rne => towards_upper(middle == BigInt::ZERO || gap.low_odd || !gap.high_odd, middle),
        mode => {
            // With k = 2^n - r: away from zero iff the fraction of the gap reaches k, k - 1/2 or (2k - 1)/2 by mode.
            let n = target.rounding.random_bits;
            let r = random.unwrap_or_else(|| m.uint(0u32, n));
            let k = m.uint(BigUint::from(1u32) << n, n + 1) - r;
            let strict = match mode {
                Round::StochasticRne => Some(r.bit(0)),
                Round::StochasticOdd => Some(!r.bit(0)),
                _ => None,
            };
            let steps = match mode {
                Round::Stochastic => k,
                _ => k.shl_const(1) - m.int(1),
            };
            let width = lit((&gap.high - &gap.low) * 2);
            let reach = steps * width;
            let strict = strict.map_or(m.int(0), |s| s.uint().signed());
            if positive { x.ge(lit(place(&gap.low)) + reach + strict) } else { !x.le(lit(place(&gap.high)) - reach - strict) }
        }
    }
}
