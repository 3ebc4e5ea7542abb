//! What units look like in a module of plain operators.
use super::coded::Magnitudes;
use super::cone::{Cone, Place};
use super::unit::Kind;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigInt;

/// Shifted numbers from one table, last lane first.
#[derive(Default)]
pub(super) struct Terms {
    pub table: Option<Magnitudes>,
    pub addresses: Vec<Vec<Place>>,
    pub signs: Vec<NodeId>,
    pub inside: Vec<NodeId>,
}

impl Terms {
    /// Adds what stands below a node that has no other use; returns the range of its sum, or nothing if there is something else
    /// or a sum may wrap.
    pub fn add(&mut self, m: &Module, uses: &[u32], x: NodeId) -> Option<(BigInt, BigInt)> {
        if uses[x.index()] != 1 {
            return None;
        }
        let args = m.args(x);
        match m.node(x).op {
            Op::Sext => {
                self.inside.push(x);
                self.add(m, uses, args[0]).filter(|(lo, hi)| fits(lo, hi, m.width(args[0]), true))
            }
            Op::Add => {
                self.inside.push(x);
                let (b, a) = (self.add(m, uses, args[1])?, self.add(m, uses, args[0])?);
                Some((a.0 + b.0, a.1 + b.1))
            }
            Op::Slice if uses[args[0].index()] == 1 => {
                self.inside.push(x);
                self.one(m, uses, (args[0], m.node(x).imm, m.width(x)))
            }
            _ => self.one(m, uses, (x, 0, m.width(x))),
        }
    }

    /// One number: the bits of a shift from `drop` on.
    pub fn one(&mut self, m: &Module, uses: &[u32], (x, drop, width): (NodeId, u32, u32)) -> Option<(BigInt, BigInt)> {
        let s = Some(x).filter(|x| m.node(*x).op == Op::Shl).and_then(|x| shifted(m, uses, x))?;
        let cone = Cone::of(m, &[s.x, s.k])?;
        let table = cone.shifted(m, s.x, s.k, drop)?;
        let most = BigInt::from(table.most());
        if self.table.as_ref().is_some_and(|t| *t != table) || !fits(&-&most, &most, width, true) {
            return None;
        }
        self.table = Some(table);
        self.addresses.push(cone.address);
        self.signs.push(s.sign);
        self.inside.push(x);
        self.inside.extend(s.inside);
        Some((-&most, most))
    }

    pub fn followed_by(mut self, lower: Terms) -> Option<Terms> {
        if self.table != lower.table {
            return None;
        }
        self.addresses.extend(lower.addresses);
        self.signs.extend(lower.signs);
        self.inside.extend(lower.inside);
        Some(self)
    }
}

/// ±x << k, as its parts.
pub(super) struct Shifted {
    pub x: NodeId,
    pub k: NodeId,
    pub sign: NodeId,
    /// Nodes that nothing else looks at.
    pub inside: Vec<NodeId>,
}

impl Shifted {
    pub fn kinds(&self, m: &Module) -> (Kind, Kind) {
        let kind = |x: NodeId| Kind { bits: m.width(x), signed: false };
        (kind(self.x), kind(self.k))
    }
}

/// The parts of a left shift of a number that is negated if a bit is 1.
pub(super) fn shifted(m: &Module, uses: &[u32], id: NodeId) -> Option<Shifted> {
    let (long, k) = (m.args(id)[0], m.args(id)[1]);
    let short = Some(long).filter(|n| m.node(*n).op == Op::Sext).map(|n| m.args(n)[0])?;
    let [sign, minus, plus] =
        Some(short).filter(|n| m.node(*n).op == Op::Mux).map(|n| m.args(n)).and_then(|a| a.try_into().ok())?;
    let [zero, same] = Some(minus).filter(|n| m.node(*n).op == Op::Sub).map(|n| m.args(n)).and_then(|a| a.try_into().ok())?;
    let x =
        Some(plus).filter(|n| m.node(*n).op == Op::Zext && m.width(*n) == m.width(m.args(*n)[0]) + 1).map(|n| m.args(n)[0])?;
    let alone = [long, short, minus].iter().all(|n| uses[n.index()] == 1);
    let is = alone && same == plus && m.const_of(zero).is_some_and(crate::bits::Bits::is_zero);
    is.then(|| Shifted { x, k, sign, inside: vec![long, short, minus] })
}

/// The most a node can be, as far as a quick look tells.
pub(super) fn most(f: &Fold, id: NodeId, depth: u32) -> u64 {
    let all = (f.w(id) - f.leading_zeros(id)).min(62);
    let all = (1u64 << all) - 1;
    match f.of::<2>(id, Op::Add) {
        Some([a, b]) if depth > 0 => all.min(most(f, a, depth - 1) + most(f, b, depth - 1)),
        _ => match f.of::<1>(id, Op::Zext) {
            Some([a]) if depth > 0 => all.min(most(f, a, depth - 1)),
            _ => all,
        },
    }
}

/// The product that `x` is, as it is or extended, if nothing else looks at it.
pub(super) fn only_product(m: &Module, uses: &[u32], x: NodeId) -> Option<NodeId> {
    let once = |x: NodeId| uses[x.index()] == 1;
    match m.node(x).op {
        Op::MulS | Op::MulU if once(x) => Some(x),
        Op::Sext if once(x) && m.node(m.args(x)[0]).op == Op::MulS => Some(m.args(x)[0]).filter(|p| once(*p)),
        Op::Zext if once(x) && m.node(m.args(x)[0]).op == Op::MulU => Some(m.args(x)[0]).filter(|p| once(*p)),
        _ => None,
    }
}

/// The products below a node that has no other use, and the range of their sum; nothing if there is
/// something else or a sum may wrap.
pub(super) fn leaves(
    m: &Module,
    uses: &[u32],
    x: NodeId,
    products: &mut Vec<NodeId>,
    inside: &mut Vec<NodeId>,
) -> Option<(BigInt, BigInt)> {
    if uses[x.index()] != 1 {
        return None;
    }
    let args = m.args(x);
    inside.push(x);
    match m.node(x).op {
        Op::Sext | Op::Zext => {
            let (lo, hi) = leaves(m, uses, args[0], products, inside)?;
            let signed = m.node(x).op == Op::Sext;
            fits(&lo, &hi, m.width(args[0]), signed).then_some((lo, hi))
        }
        op @ (Op::MulS | Op::MulU) => {
            products.push(x);
            let one = BigInt::from(1);
            let range = |a: NodeId| match op {
                Op::MulS => (-(&one << (m.width(a) - 1)), (&one << (m.width(a) - 1)) - 1),
                _ => (BigInt::ZERO, (&one << m.width(a)) - 1),
            };
            let ((a, b), (c, d)) = (range(args[0]), range(args[1]));
            let corners = [&a * &c, &a * &d, &b * &c, &b * &d];
            Some((corners.iter().min()?.clone(), corners.iter().max()?.clone()))
        }
        Op::Add => {
            let (a, b) = (leaves(m, uses, args[0], products, inside)?, leaves(m, uses, args[1], products, inside)?);
            Some((a.0 + b.0, a.1 + b.1))
        }
        _ => None,
    }
}

/// True if everything from `lo` to `hi` fits the width.
pub(super) fn fits(lo: &BigInt, hi: &BigInt, width: u32, signed: bool) -> bool {
    let one = BigInt::from(1);
    let (least, most) = match signed {
        true => (-(&one << (width - 1)), (&one << (width - 1)) - 1),
        false => (BigInt::ZERO, (&one << width) - 1),
    };
    *lo >= least && *hi <= most
}

/// True if no operator behind a table depends on the same inputs only: what such a one computes is a function of few inputs
/// too, often a much smaller one, and synthesis must see both.
pub(super) fn stands_alone(old: &Module, table: NodeId) -> bool {
    let leaf = |id: NodeId| old.node(id).op.info().is_none() && old.node(id).op != Op::Const;
    let (mut seen, mut open) = (vec![false; old.nodes.len()], vec![table]);
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut seen[id.index()], true) && !leaf(id) {
            open.extend(old.args(id));
        }
    }
    // Known as soon as the inputs of the table are; and the result of the table, as it is or in parts.
    let (mut known, mut result) = (vec![false; old.nodes.len()], vec![false; old.nodes.len()]);
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        let args = if leaf(id) { &[] } else { old.args(id) };
        known[i] = if leaf(id) { seen[i] } else { args.iter().all(|a| known[a.index()]) };
        let wiring = matches!(old.node(id).op, Op::Slice | Op::Concat | Op::Zext | Op::Sext);
        let behind = args.iter().any(|a| result[a.index()]);
        if behind && !wiring && known[i] {
            return false;
        }
        result[i] = id == table || behind && wiring;
    }
    true
}
