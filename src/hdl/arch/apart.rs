//! Structures for look-up tables of six inputs whose sources stand in sealed modules.
use super::build::GRAIN;
use super::chain::{name, plus};
use super::coded::Magnitudes;
use super::factor::Factor;
use super::sealed::sealed;
use super::table::{entry, parts};
use super::unit::Kind;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use std::ops::RangeInclusive;

/// Inputs of a look-up table.
const INPUTS: u32 = 6;
/// Widths of an OR that is one look-up table, and more than what is taken into another as it is.
pub(super) const ANY: RangeInclusive<u32> = 4..=INPUTS;

/// A table of `bits` bits at an address.
fn lookup(f: &mut Fold, label: &str, bits: u32, address: NodeId, value: impl Fn(u32) -> u64) -> NodeId {
    let values = (0..1u32 << f.w(address)).map(|i| Bits::small(bits, value(i) & ((1 << bits) - 1))).collect();
    f.table(&Table { name: format!("{label}_table"), width: bits, values }, address)
}

/// The product of two factors: a table for the low half of the longer one, and a sum with that for the high half,
/// whose bits stand in front of the adder where six inputs do.
pub(super) fn product(f: &mut Fold, modules: &mut Vec<Module>, x: Factor, y: Factor) -> NodeId {
    let (x, y) = if f.w(x.node) <= f.w(y.node) { (x, y) } else { (y, x) };
    let (wx, wy) = (f.w(x.node), f.w(y.node));
    let kind = |bits, signed| Kind { bits, signed };
    let cut = parts(kind(wx, x.signed), kind(wy, y.signed)).unwrap_or(wy);
    let width = wx + wy;
    if cut == wy {
        let address = f.concat(&[x.node, y.node]);
        let out = lookup(f, "product", width, address, |i| entry(i, kind(wx, x.signed), kind(wy, y.signed)) as u64);
        name(f, out, "product");
        return out;
    }
    let (kinds, rest) = ([kind(wx, x.signed), kind(cut, false)], kind(wy - cut, y.signed));
    let (low_width, high_width) = (wx + cut, width - cut);
    let low_part = f.slice(y.node, 0, cut);
    let low = sealed(modules, &format!("low_{wx}x{cut}"), &[("a", wx), ("b", cut)], &[("y", low_width)], |f, ports| {
        let address = f.concat(ports);
        vec![lookup(f, "product", low_width, address, |i| entry(i, kinds[0], kinds[1]) as u64)]
    });
    let low = f.r.place(low, "u_low", &[x.node, low_part], &[low_width])[0];
    let high_part = f.slice(y.node, cut, wy - cut);
    let address = f.concat(&[x.node, high_part]);
    let bit = |at: u32, i: u32| (entry(i, kinds[0], rest) >> at & 1) as u64;
    let size = wx + wy - cut;
    // Highest first.
    let high: Vec<NodeId> = (0..high_width)
        .rev()
        .map(|at| {
            let matters = |k: &u32| (0..1u32 << size).any(|i| bit(at, i) != bit(at, i ^ 1 << k));
            let used: Vec<u32> = (0..size).filter(matters).collect();
            let carried = at < low_width - cut || x.signed;
            if used.len() as u32 + u32::from(carried) <= INPUTS {
                let places: Vec<NodeId> = used.iter().rev().map(|k| f.slice(address, *k, 1)).collect();
                let Some(_) = places.first() else { return f.zero(1) };
                let short = f.concat(&places);
                let full = |i: u32| used.iter().enumerate().map(|(n, k)| (i >> n & 1) << k).sum();
                return lookup(f, &format!("high{at}"), 1, short, |i| bit(at, full(i)));
            }
            let ports = [("a", wx), ("b", wy - cut)];
            let module = sealed(modules, &format!("high{at}_{wx}x{}", wy - cut), &ports, &[("y", 1)], |f, ports| {
                let address = f.concat(ports);
                vec![lookup(f, "bit", 1, address, |i| bit(at, i))]
            });
            f.r.place(module, &format!("u_high{at}"), &[x.node, high_part], &[1])[0]
        })
        .collect();
    let high = f.concat(&high);
    let done = f.slice(low, 0, cut);
    let carried = f.slice(low, cut, low_width - cut);
    let carried = if x.signed { f.sext(carried, high_width) } else { f.zext(carried, high_width) };
    let sum = plus(f, carried, high, None);
    name(f, sum, "sum");
    f.concat(&[sum, done])
}

/// A number from a table, negated if a bit is 1: each place is a function of its code, the sign and the bit that has no code.
pub(super) fn coded(f: &mut Fold, modules: &mut Vec<Module>, table: &Magnitudes, inputs: &[NodeId], width: u32) -> NodeId {
    let direct = table.direct().unwrap_or(0);
    let values = table.values(direct);
    let bits = (usize::BITS - (values.len() - 1).leading_zeros()).max(1);
    let address = table.address_bits();
    let code = |v: u32| values.iter().position(|x| *x == v >> direct).unwrap_or(0) as u64;
    let label = format!("code{address}to{}", table.bits());
    // The sign passes through: a function of more inputs than fit would be built otherwise.
    let ports = [("code", bits + direct), ("sign", 1)];
    let module = sealed(modules, &label, &[("a", address), ("s", 1)], &ports, |f, ports| {
        let whole = |i: u32| table.at(i as usize);
        let low = (1 << direct) - 1;
        vec![lookup(f, "code", bits + direct, ports[0], |i| code(whole(i)) << direct | u64::from(whole(i) & low)), ports[1]]
    });
    let out = f.r.place(module, "u_code", inputs, &[bits + direct, 1]);
    let all = f.concat(&[out[1], out[0]]);
    let number = |i: u32| {
        let (code, low) = ((i & ((1 << (bits + direct)) - 1)) >> direct, i & ((1 << direct) - 1));
        let magnitude = u64::from(values.get(code as usize).map_or(0, |v| v << direct | low));
        if i >> (bits + direct) == 1 { magnitude.wrapping_neg() } else { magnitude }
    };
    // All of the magnitude and a sign.
    let short = width.min(table.bits() + 1);
    let out = lookup(f, "number", short, all, number);
    name(f, out, "number");
    f.sext(out, width)
}

/// The short shift of [`Arch::Grain`](super::Arch::Grain).
pub(super) fn fine(f: &mut Fold, modules: &mut Vec<Module>, (x, k): (NodeId, NodeId)) -> NodeId {
    let (wx, near) = (f.w(x), f.w(k).min(GRAIN));
    let wide = wx + (1 << near) - 1;
    let module = sealed(modules, &format!("fine_{wx}x{near}"), &[("a", wx), ("b", near)], &[("y", wide)], |f, ports| {
        let long = f.zext(ports[0], wide);
        vec![f.make(Op::Shl, wide, &[long, ports[1]], 0)]
    });
    let near_bits = f.slice(k, 0, near);
    f.r.place(module, "u_fine", &[x, near_bits], &[wide])[0]
}

/// Lanes: bit i of a result stands in lane i mod 4.
const LANES: u32 = 4;
/// Bits of the place of a lane.
const PLACE: u32 = 3;
/// The longest distance whose lanes all have places of so many bits: above it the lowest would need one more.
pub(super) const FARTHEST: u32 = LANES * ((1 << PLACE) - 1);

/// True if shifted numbers of these kinds can be made of lanes: two bits of the significand a lane, and distances that tables take.
pub(super) fn suits(a: Kind, b: Kind) -> bool {
    (LANES + 1..=2 * LANES).contains(&a.bits) && (PLACE..=5).contains(&b.bits)
}

/// The distance that lanes shift by for `b`.
fn distance(b: u32, bits: u32, drop: u32) -> u32 {
    match b.wrapping_sub(drop) & ((1 << bits) - 1) {
        d if d > FARTHEST => d - LANES,
        d => d,
    }
}

/// The same as a table.
pub(super) fn distances(b: Kind, drop: u32) -> Table {
    let values = (0..1 << b.bits).map(|k| Bits::small(b.bits, distance(k, b.bits, drop).into())).collect();
    Table { name: "distance".into(), width: b.bits, values }
}

/// ±(a << (b - drop)). Of eight neighbours of a significand, two fall into a lane: which two tell the low bits of the distance,
/// and the lower one's place in the lane is a number of three bits. A bit of the result is then a function of these five and the
/// sign. With grain 8 the eight bits would have to be shifted by up to seven first.
pub(super) fn lanes(f: &mut Fold, modules: &mut Vec<Module>, inputs: &[NodeId], drop: u32, width: u32) -> NodeId {
    let (a, b, s) = (inputs[0], inputs[1], inputs[2]);
    let (wa, wb) = (f.w(a), f.w(b));
    let places: Vec<String> = (0..LANES).map(|j| format!("place{j}")).collect();
    let mut ports = vec![("lower", LANES), ("upper", LANES)];
    ports.extend(places.iter().map(|p| (p.as_str(), PLACE)));
    let module = sealed(modules, &format!("lanes_{wa}x{wb}_less{drop}"), &[("a", wa), ("b", wb)], &ports, |f, ports| {
        let (a, b) = (ports[0], ports[1]);
        let low = [1, 0].map(|i| f.slice(b, i, 1));
        let halves = [0, LANES].map(|half| {
            let bits = (0..LANES).rev().map(|j| {
                let source = |k: u32| half + (j + LANES - distance(k, wb, drop) % LANES) % LANES;
                let [s0, s1, s2, s3] = [0, 1, 2, 3].map(|k| match source(k) {
                    i if i < wa => f.slice(a, i, 1),
                    _ => f.zero(1),
                });
                let (high, less) = (f.make(Op::Mux, 1, &[low[1], s3, s2], 0), f.make(Op::Mux, 1, &[low[1], s1, s0], 0));
                f.make(Op::Mux, 1, &[low[0], high, less], 0)
            });
            bits.collect::<Vec<_>>()
        });
        let mut out: Vec<NodeId> = halves.iter().map(|bits| f.concat(bits)).collect();
        let place = |k: u32, j: u32| (distance(k, wb, drop) + LANES - 1 - j) / LANES;
        out.extend((0..LANES).map(|j| lookup(f, &format!("place{j}"), PLACE, b, |k| place(k, j).into())));
        out
    });
    let widths: Vec<u32> = ports.iter().map(|p| p.1).collect();
    let out = f.r.place(module, "u_lanes", &[a, b], &widths);
    let mut bits: Vec<NodeId> = Vec::new();
    for i in 0..width {
        let (group, lane) = (i / LANES, i % LANES);
        let mut at = |half: usize, group: Option<u32>| {
            let group = group.filter(|g| *g < 1 << PLACE)?;
            let here = f.constant(Bits::small(PLACE, group.into()));
            let here = f.make(Op::Eq, 1, &[out[2 + lane as usize], here], 0);
            let bit = f.slice(out[half], lane, 1);
            Some(f.two(Op::And, here, bit))
        };
        let bit = match (at(0, Some(group)), at(1, group.checked_sub(1))) {
            (Some(x), Some(y)) => f.two(Op::Or, x, y),
            (x, y) => x.or(y).unwrap_or_else(|| f.zero(1)),
        };
        bits.push(bit);
    }
    bits.reverse();
    let magnitude = f.concat(&bits);
    let spread = f.sext(s, width);
    let term = f.two(Op::Xor, magnitude, spread);
    name(f, term, "term");
    // The sign as a number: then the lowest sum is the magnitude's bit, and needs no table of its own.
    let one = f.zext(s, width);
    plus(f, one, term, None)
}
