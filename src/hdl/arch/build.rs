//! Units as their architectures build them.
use super::carried::carried_rows;
use super::chain::{Row, Start, chain, name, plus};
use super::factor::{Factor, and_rows, booth_rows, digits};
use super::heap::{Counters, heap};
use super::unit::{Kind, Unit};
use super::{Arch, apart, coded, table, tiles};
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use crate::pass::{Rebuild, optimize};
use num_bigint::BigInt;

impl Unit {
    /// The module built as `arch` says, on top of those that it is made of.
    pub fn build(&self, arch: Arch) -> Design {
        let mut modules = Vec::new();
        let plain = self.plain();
        let mut f = Fold { r: Rebuild::new(&plain) };
        let inputs: Vec<NodeId> = plain.inputs.iter().map(|p| f.r.copy(p.node)).collect();
        let (a, b) = self.factors();
        let second = inputs.get(1).copied().unwrap_or(inputs[0]);
        let (x, y) = (Factor { node: inputs[0], signed: a.signed }, Factor { node: second, signed: b.signed });
        let width = plain.outputs[0].width;
        let out = match self {
            Unit::Own(own) => own.form().build(&mut f, &mut modules, arch, &inputs),
            Unit::Product { .. } if arch == Arch::Apart => apart::product(&mut f, &mut modules, x, y),
            Unit::Coded { table, .. } if arch == Arch::Apart => apart::coded(&mut f, &mut modules, table, &inputs, width),
            Unit::ShiftAdd { drop, .. } if arch == Arch::Apart => {
                let fine = apart::fine(&mut f, &mut modules, (inputs[0], inputs[1]));
                far_add(&mut f, (fine, inputs[1], inputs[2]), inputs[3], *drop)
            }
            Unit::Lanes { drop, .. } => apart::lanes(&mut f, &mut modules, &inputs, *drop, width),
            Unit::Any { .. } => f.make(Op::RedOr, 1, &inputs, 0),
            Unit::Product { .. } if arch == Arch::Tiles => tiles::product(&mut f, x, y),
            Unit::Product { .. } if arch == Arch::Table => table::product(&mut f, x, y),
            Unit::Product { .. } => {
                let rows = rows(&mut f, &mut modules, arch, (x, a), (y, b), "");
                add_rows(&mut f, &mut modules, arch, &rows, width)
            }
            Unit::Accumulate { .. } if arch.counts() => {
                let mut rows = rows(&mut f, &mut modules, arch, (x, a), (y, b), "");
                rows.push(Row { bits: inputs[2], offset: 0, carry: None, owed: BigInt::ZERO });
                add_rows(&mut f, &mut modules, arch, &rows, width)
            }
            Unit::Accumulate { .. } => accumulate(&mut f, &mut modules, arch, [(x, a), (y, b)], inputs[2]),
            Unit::Shift { .. } if arch == Arch::Late => late(&mut f, (inputs[0], inputs[1], inputs[2]), width),
            Unit::ShiftAdd { drop, .. } if arch == Arch::Late => {
                let term = late(&mut f, (inputs[0], inputs[1], inputs[2]), width + drop);
                let term = f.slice(term, *drop, width);
                f.two(Op::Add, inputs[3], term)
            }
            Unit::Shift { .. } => {
                let zero = f.zero(width);
                shift_add(&mut f, (inputs[0], inputs[1], inputs[2]), zero, 0)
            }
            Unit::ShiftAdd { drop, .. } => shift_add(&mut f, (inputs[0], inputs[1], inputs[2]), inputs[3], *drop),
            Unit::Coded { table, lanes, .. } => {
                let (sum, module) = coded::sum(&mut f, table, &inputs, *lanes, width);
                modules.push(module);
                sum
            }
            Unit::Dot { lanes, .. } => {
                let mut all = Vec::new();
                for lane in 0..*lanes {
                    let mut part = |x: Factor, kind: Kind| Factor { node: f.slice(x.node, kind.bits * lane, kind.bits), ..x };
                    let (x, y) = (part(x, a), part(y, b));
                    all.extend(rows(&mut f, &mut modules, arch, (x, a), (y, b), &format!("lane{lane}_")));
                }
                // Lane after lane for each weight, so that bits below are soon final.
                all.sort_by_key(|r| r.offset);
                add_rows(&mut f, &mut modules, arch, &all, width)
            }
        };
        f.r.set(plain.outputs[0].node, out);
        let mut m = f.r.finish();
        m.name = format!("{}_{}", self.name(), arch.name());
        m.sealed = arch == Arch::Apart && matches!(self, Unit::Product { .. } | Unit::Any { .. });
        if arch == Arch::Cut {
            m.kept.push("fine".into());
        }
        m.doc = vec![format!("{}: {}", m.name, self.doc()), arch.doc().to_string()];
        let top = ModuleId(modules.len() as u32);
        modules.push(m);
        optimize(&Design { modules, top, reset: Reset::None })
    }
}

/// The sum of rows: one after the other, or as columns of bits.
fn add_rows(f: &mut Fold, modules: &mut Vec<Module>, arch: Arch, rows: &[Row], width: u32) -> NodeId {
    match arch {
        Arch::Heap | Arch::BoothHeap => heap(f, modules, rows, width, Counters::Three),
        Arch::Counters => heap(f, modules, rows, width, Counters::Six),
        #[cfg(feature = "ilp")]
        Arch::Planned => heap(f, modules, rows, width, Counters::Planned),
        _ => chain(f, None, rows, width),
    }
}

/// Rows of a product, as few as there can be.
fn rows(
    f: &mut Fold,
    modules: &mut Vec<Module>,
    arch: Arch,
    (x, a): (Factor, Kind),
    (y, b): (Factor, Kind),
    label: &str,
) -> Vec<Row> {
    let cost = |x: Kind, y: Kind| match arch {
        Arch::Booth | Arch::Carried | Arch::BoothHeap => digits(y.bits, y.signed) * (x.bits + 1),
        _ => y.bits * x.bits * 2 + y.bits,
    };
    let (x, y) = if cost(a, b) <= cost(b, a) { (x, y) } else { (y, x) };
    match arch {
        Arch::Booth | Arch::BoothHeap => booth_rows(f, x, y, label),
        Arch::Carried => carried_rows(f, modules, x, y, label),
        _ => and_rows(f, x, y, label),
    }
}

/// The low bits of `c` enter the first row, where the adder has room for them; the rest is added last.
fn accumulate(f: &mut Fold, modules: &mut Vec<Module>, arch: Arch, [x, y]: [(Factor, Kind); 2], c: NodeId) -> NodeId {
    let (signed, width) = (x.1.signed || y.1.signed, f.w(c));
    let rows = rows(f, modules, arch, x, y, "");
    let bits = x.1.bits + y.1.bits;
    let low = rows.first().map_or(0, |r| f.w(r.bits) - 1).min(width).min(bits - 1);
    // Signed products are short of their width by more than the low bits can add.
    let full = if x.1.signed && y.1.signed && low + 3 <= bits { bits } else { bits + 1 }.min(width);
    let start = f.slice(c, 0, low);
    let sum = chain(f, Some(Start { bits: start }), &rows, full);
    name(f, sum, "low");
    if full <= low {
        return sum;
    }
    let done = f.slice(sum, 0, low);
    let rest = f.slice(sum, low, full - low);
    let rest = if signed { f.sext(rest, width - low) } else { f.zext(rest, width - low) };
    let high = f.slice(c, low, width - low);
    // Both are plain: a complement would take a table for every bit where carry chains invert by a pin.
    let high = f.two(Op::Add, rest, high);
    name(f, high, "high");
    f.concat(&[high, done])
}

/// ±(x << k): the shifted number or 0 less it.
fn late(f: &mut Fold, (x, k, s): (NodeId, NodeId, NodeId), width: u32) -> NodeId {
    let x = if width < f.w(x) { f.slice(x, 0, width) } else { f.zext(x, width) };
    let plus = f.make(Op::Shl, width, &[x, k], 0);
    name(f, plus, "shifted");
    let zero = f.zero(width);
    let minus = f.two(Op::Sub, zero, plus);
    name(f, minus, "minus");
    f.make(Op::Mux, width, &[s, minus, plus], 0)
}

/// Bits of the distance that the first shift takes.
pub(super) const GRAIN: u32 = 3;

/// c + ±(x << k) without its low `drop` bits: a short shift, then one by multiples of eight places, which
/// leaves each bit two sources, and with the sign it fits in front of the adder.
fn shift_add(f: &mut Fold, (x, k, s): (NodeId, NodeId, NodeId), c: NodeId, drop: u32) -> NodeId {
    let wide = f.w(c) + drop;
    let fine = f.w(k).min(GRAIN);
    let near = f.slice(k, 0, fine);
    let short = (f.w(x) + (1 << fine) - 1).min(wide);
    let x = if short < f.w(x) { f.slice(x, 0, short) } else { f.zext(x, short) };
    let x = f.make(Op::Shl, short, &[x, near], 0);
    name(f, x, "fine");
    far_add(f, (x, k, s), c, drop)
}

/// The same behind the short shift.
fn far_add(f: &mut Fold, (x, k, s): (NodeId, NodeId, NodeId), c: NodeId, drop: u32) -> NodeId {
    let wide = f.w(c) + drop;
    let fine = f.w(k).min(GRAIN);
    let mut x = if wide < f.w(x) { f.slice(x, 0, wide) } else { f.zext(x, wide) };
    if f.w(k) > fine {
        let far = f.slice(k, fine, f.w(k) - fine);
        let far = f.above_zeros(far, fine);
        x = f.make(Op::Shl, wide, &[x, far], 0);
        name(f, x, "coarse");
    }
    let spread = f.sext(s, wide);
    let x = f.two(Op::Xor, x, spread);
    name(f, x, "term");
    let c = f.above_zeros(c, drop);
    let sum = plus(f, c, x, Some(s));
    f.slice(sum, drop, wide - drop)
}
