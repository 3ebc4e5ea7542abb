//! Share: one operator instead of two that are never needed together, or that compute the same.
//!
//! * `c ? f(a, b) : f(a, d)` is `f(a, c ? b : d)`: `Share::one_operand`;
//! * `c ? a + b : a - d` is one sum that adds or subtracts: `Share::add_or_sub`; not so `c ? -x : x`, which
//!   wins as often as it loses ([`crate::rationale`]);
//! * `c ? x + y : x` adds `y` or nothing: `Share::add_or_not`;
//! * `a < b` is the borrow of `a - b`: `Share::borrow`;
//! * `c ? a : d ? a : b` selects once: `Share::one_select`.
//!
//! An operator is merged only if nothing else uses its result.
//!
//! Not part of [`optimize`](super::optimize): over ten blocks on three targets its rules won as often as they lost.
use super::fold::Fold;
use super::{Pass, Rebuild, per_module};
use crate::ir::*;
use crate::ops::Op;
use std::collections::{BTreeMap, HashMap};

/// See the module documentation.
pub const PASS: Pass =
    Pass { name: "share", doc: "one operator for two that are not needed together", run: |d| per_module(d, |m| sweep(m).0) };

/// How often each rule applies.
pub fn count(design: &Design) -> BTreeMap<&'static str, usize> {
    let mut all = BTreeMap::new();
    for (rule, n) in design.modules.iter().flat_map(|m| sweep(m).1) {
        *all.entry(rule).or_insert(0) += n;
    }
    all
}

fn sweep(old: &Module) -> (Module, BTreeMap<&'static str, usize>) {
    let mut s = Share { f: Fold { r: Rebuild::new(old) }, old, uses: uses(old), pairs: HashMap::new(), wide: HashMap::new() };
    s.pairs = pairs(old, &s.uses);
    let mut count = BTreeMap::new();
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        s.f.r.loc = old.locs[i];
        let node = old.node(id);
        let shared = match node.op {
            Op::Mux => s.mux(id),
            Op::Sub | Op::LtU => s.borrow(id).map(|n| ("borrow", n)),
            _ => None,
        };
        let new = match (shared, node.op) {
            (Some((rule, new)), _) => {
                *count.entry(rule).or_insert(0) += 1;
                new
            }
            (None, op) if op.info().is_none() => s.f.r.leaf(id),
            (None, Op::Table) => s.f.table(&old.tables[node.imm as usize], s.f.r.get(old.args(id)[0])),
            (None, op) => s.f.make(op, node.width, &s.f.r.args(id), node.imm),
        };
        s.f.r.set(id, new);
    }
    (s.f.r.finish(), count)
}

/// How many operands and ports each node drives; operands of what is not used do not count.
fn uses(m: &Module) -> Vec<u32> {
    let mut uses = vec![0; m.nodes.len()];
    let mut add = |id: NodeId| uses[id.index()] += 1;
    m.outputs.iter().for_each(|p| add(p.node));
    m.claims.iter().for_each(|c| add(c.holds));
    m.asserts.iter().flat_map(Assert::nodes).for_each(&mut add);
    m.instances.iter().flat_map(|i| &i.inputs).for_each(|n| add(*n));
    m.ram_reads.iter().for_each(|r| add(r.addr));
    m.rams.iter().filter_map(|r| r.write).for_each(|(a, d, e)| [a, d, e].into_iter().for_each(&mut add));
    m.states.iter().for_each(|s| s.enable.iter().chain([&s.next]).for_each(|n| add(*n)));
    for i in (0..m.nodes.len()).rev().filter(|i| m.nodes[*i].op.info().is_some()) {
        if uses[i] > 0 {
            m.args(NodeId(i as u32)).iter().for_each(|a| uses[a.index()] += 1);
        }
    }
    uses
}

/// A difference and the comparison that is its borrow.
#[derive(Clone, Copy)]
struct Pair {
    less: NodeId,
    width: u32,
}

/// For each difference and each comparison with a partner: the comparison of the two.
fn pairs(m: &Module, uses: &[u32]) -> HashMap<NodeId, Pair> {
    let mut pairs = HashMap::new();
    let all = || (0..m.nodes.len()).filter(|i| uses[*i] > 0).map(|i| NodeId(i as u32));
    // By the first operand, or what it is the low part of.
    let mut less: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for id in all().filter(|id| m.node(*id).op == Op::LtU) {
        less.entry(m.args(id)[0]).or_default().push(id);
    }
    for id in all().filter(|id| m.node(*id).op == Op::Sub) {
        let [a, b] = [m.args(id)[0], m.args(id)[1]];
        let whole = match m.node(a).op {
            Op::Slice if m.node(a).imm == 0 => m.args(a)[0],
            _ => a,
        };
        let candidates = [a, whole].into_iter().flat_map(|x| less.get(&x)).flatten();
        for lt in candidates.copied() {
            let [x, y] = [m.args(lt)[0], m.args(lt)[1]];
            if low_part(m, a, x) && low_part(m, b, y) && !pairs.contains_key(&lt) {
                let pair = Pair { less: lt, width: m.width(x) };
                pairs.insert(lt, pair);
                pairs.insert(id, pair);
                break;
            }
        }
    }
    pairs
}

/// True if `part` is the low bits of `x`, or all of them.
fn low_part(m: &Module, part: NodeId, x: NodeId) -> bool {
    let node = m.node(part);
    let constant = |k: NodeId| m.const_of(k);
    part == x
        || (node.op == Op::Slice && node.imm == 0 && m.args(part)[0] == x)
        || matches!((constant(part), constant(x)), (Some(p), Some(k)) if p.width() <= k.width() && k.slice(0, p.width()) == *p)
}

struct Share<'a> {
    f: Fold<'a>,
    old: &'a Module,
    uses: Vec<u32>,
    pairs: HashMap<NodeId, Pair>,
    /// Differences with their borrow, by the comparison.
    wide: HashMap<NodeId, NodeId>,
}

impl Share<'_> {
    /// The borrow of a difference as the comparison of its operands.
    fn borrow(&mut self, id: NodeId) -> Option<NodeId> {
        let pair = *self.pairs.get(&id)?;
        let wide = match self.wide.get(&pair.less) {
            Some(n) => *n,
            None => {
                let operand = |s: &mut Self, x: NodeId| {
                    let x = match s.old.const_of(x) {
                        Some(k) => s.f.constant(k.clone()),
                        None => s.f.r.get(x),
                    };
                    s.f.zext(x, pair.width + 1)
                };
                let args = [self.old.args(pair.less)[0], self.old.args(pair.less)[1]];
                let (a, b) = (operand(self, args[0]), operand(self, args[1]));
                let wide = self.f.two(Op::Sub, a, b);
                self.wide.insert(pair.less, wide);
                wide
            }
        };
        Some(match self.old.node(id).op {
            Op::Sub => self.f.slice(wide, 0, self.old.width(id)),
            _ => self.f.slice(wide, pair.width, 1),
        })
    }

    fn mux(&mut self, id: NodeId) -> Option<(&'static str, NodeId)> {
        let [c, p, q] = self.old.args(id) else { return None };
        let (c, p, q) = (*c, *p, *q);
        self.one_select(c, p, q)
            .map(|n| ("one_select", n))
            .or_else(|| self.add_or_sub(c, p, q).map(|n| ("add_or_sub", n)))
            .or_else(|| self.one_operand(c, p, q).map(|n| ("one_operand", n)))
            .or_else(|| self.add_or_not(c, p, q).map(|n| ("add_or_not", n)))
    }

    /// Operands of an old node that is this operator and has no other use.
    fn alone(&self, id: NodeId, op: Op) -> Option<[NodeId; 2]> {
        let here = self.old.node(id).op == op && self.uses[id.index()] == 1 && !self.pairs.contains_key(&id);
        if here { self.old.args(id).try_into().ok() } else { None }
    }

    /// The new node of an old one.
    fn place(&self, old: NodeId) -> NodeId {
        self.f.r.get(old)
    }

    fn choose(&mut self, c: NodeId, a: NodeId, b: NodeId) -> NodeId {
        let w = self.f.w(a);
        self.f.make(Op::Mux, w, &[c, a, b], 0)
    }

    fn one_operand(&mut self, c: NodeId, p: NodeId, q: NodeId) -> Option<NodeId> {
        let op = self.old.node(p).op;
        if !matches!(op, Op::Add | Op::Sub | Op::MulU | Op::MulS | Op::Shl | Op::ShrU | Op::ShrS) {
            return None;
        }
        let ([a, b], [d, e]) = (self.alone(p, op)?, self.alone(q, op)?);
        let swaps = op.info().is_some_and(|i| i.algebra.commutative);
        let (c, width) = (self.place(c), self.old.width(p));
        let both = [(a, b, d, e, false), (b, a, e, d, true)].into_iter();
        let crossed = [(a, b, e, d, false), (b, a, d, e, true)].into_iter().filter(|_| swaps);
        let (same, x, y, last) = both
            .chain(crossed)
            .find_map(|(s, x, t, y, last)| (s == t && self.old.width(x) == self.old.width(y)).then_some((s, x, y, last)))?;
        let (x, y, same) = (self.place(x), self.place(y), self.place(same));
        let other = self.choose(c, x, y);
        let args = if last { [other, same] } else { [same, other] };
        Some(self.f.make(op, width, &args, 0))
    }

    fn add_or_sub(&mut self, c: NodeId, p: NodeId, q: NodeId) -> Option<NodeId> {
        let w = self.old.width(p);
        // The arm that subtracts, the other one, and whether `c` selects the former.
        for (minus, plus, first) in [(p, q, true), (q, p, false)] {
            let Some([a, b]) = self.alone(minus, Op::Sub) else { continue };
            let added = match self.alone(plus, Op::Add) {
                Some([x, y]) if x == a => y,
                Some([x, y]) if y == a => x,
                _ => continue,
            };
            let (a, b, added, mut s) = (self.place(a), self.place(b), self.place(added), self.place(c));
            if !first {
                s = self.f.not(s);
            }
            let operand = self.choose(s, b, added);
            let mask = self.f.sext(s, w);
            let turned = self.f.two(Op::Xor, operand, mask);
            let (x, y) = (self.f.concat(&[a, s]), self.f.concat(&[turned, s]));
            let sum = self.f.two(Op::Add, x, y);
            return Some(self.f.slice(sum, 1, w));
        }
        None
    }

    fn add_or_not(&mut self, c: NodeId, p: NodeId, q: NodeId) -> Option<NodeId> {
        for (sum, kept, first) in [(p, q, true), (q, p, false)] {
            // A register that keeps its value gets an enable for nothing.
            if self.old.node(kept).op == Op::State {
                continue;
            }
            for op in [Op::Add, Op::Sub] {
                let Some([x, y]) = self.alone(sum, op) else { continue };
                let y = match () {
                    () if x == kept => y,
                    () if y == kept && op == Op::Add => x,
                    () => continue,
                };
                if self.old.const_of(y).is_none() {
                    continue;
                }
                let (kept, y, mut s) = (self.place(kept), self.place(y), self.place(c));
                if !first {
                    s = self.f.not(s);
                }
                let zero = self.f.zero(self.f.w(y));
                let part = self.choose(s, y, zero);
                return Some(self.f.two(op, kept, part));
            }
        }
        None
    }

    fn one_select(&mut self, c: NodeId, p: NodeId, q: NodeId) -> Option<NodeId> {
        if self.old.width(p) == 1 {
            return None;
        }
        for (inner, other, first) in [(p, q, true), (q, p, false)] {
            if self.old.node(inner).op != Op::Mux || self.uses[inner.index()] != 1 {
                continue;
            }
            let [d, a, b] = self.old.args(inner) else { continue };
            let straight = *a == other;
            if !straight && *b != other {
                continue;
            }
            let (c, d) = (self.place(c), self.place(*d));
            // Where the arm that is not `other` is taken.
            let outer = if first { c } else { self.f.not(c) };
            let inside = if straight { self.f.not(d) } else { d };
            let both = self.f.two(Op::And, outer, inside);
            let (rest, other) = (self.place(if straight { *b } else { *a }), self.place(other));
            return Some(self.choose(both, rest, other));
        }
        None
    }
}
