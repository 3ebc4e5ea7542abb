//! States in chunks, so that one long loop becomes several short ones.
//!
//! Bit i of a sum depends on bits 0 to i only. If a loop consists of sums, bitwise operators and
//! wiring, its states can be cut at the same places as its adders: each chunk is then a loop of
//! its own, and what it gets from the lower ones is a carry, which may come through registers. This
//! holds for wrap-around accumulators of any width, cleared or not; not for a sum that is rounded or
//! saturates, where every bit depends on all.
use super::super::delay::DelayModel;
use super::super::split::{LEAST_CHUNK, add_chunk, evenly};
use super::find::{Component, Path, components, longest, paths};
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use crate::pass::fold::Fold;
use std::collections::{BTreeMap, BTreeSet};

/// A loop, and where to cut its states.
pub struct Plan {
    component: Component,
    /// First bits of the chunks but the lowest; for narrower states those that they have.
    cuts: BTreeSet<u32>,
}

/// Why the loop cannot be cut into loops of a few bits.
pub fn obstacle(m: &Module, c: &Component) -> Option<String> {
    let whole = |id: &NodeId| match m.node(*id).op {
        Op::State | Op::Not | Op::And | Op::Or | Op::Xor | Op::Add | Op::Sub => None,
        Op::Slice | Op::Concat | Op::Zext | Op::Sext => None,
        Op::Mux => c.has(m.args(*id)[0]).then_some("selects by"),
        Op::RamRead => Some("reads a memory at"),
        _ => Some("looks at"),
    };
    let what = |id: NodeId| m.name_of(id).map_or_else(|| format!("`{:?}`", m.node(id).op).to_lowercase(), |n| format!("`{n}`"));
    if let Some((id, how)) = c.nodes.iter().find_map(|id| Some((*id, whole(id)?))) {
        return Some(format!("{} {how} all bits of the state at once", what(id)));
    }
    if let Some(s) = c.states.iter().find(|s| m.states[**s].enable.is_some_and(|e| c.has(e))) {
        return Some(format!("`{}` is enabled by what it holds", m.states[*s].name));
    }
    // Wiring that moves bits joins the chunks again.
    moves(m, c).then(|| "it moves bits of the state to other places".into())
}

/// True if a slice or a concatenation changes the place of what is in the loop, and nothing changes it back.
fn moves(m: &Module, c: &Component) -> bool {
    // Place of bit 0 of each node on the scale of the state, where it has one.
    let mut place: BTreeMap<NodeId, i64> = BTreeMap::new();
    for id in &c.nodes {
        let node = m.node(*id);
        let inside: Vec<(NodeId, i64)> = match node.op {
            Op::State => vec![(*id, 0)],
            Op::Concat => {
                let mut top = i64::from(node.width);
                m.args(*id)
                    .iter()
                    .map(|a| {
                        top -= i64::from(m.width(*a));
                        (*a, -top)
                    })
                    .collect()
            }
            Op::Slice => vec![(m.args(*id)[0], i64::from(node.imm))],
            _ => m.args(*id).iter().map(|a| (*a, 0)).collect(),
        };
        let found: BTreeSet<i64> = match node.op {
            Op::State => BTreeSet::from([0]),
            _ => inside.iter().filter_map(|(a, by)| Some(place.get(a)? + by)).collect(),
        };
        if found.len() > 1 {
            return true;
        }
        place.extend(found.first().map(|p| (*id, *p)));
    }
    c.states.iter().any(|s| place.get(&m.states[*s].next).is_some_and(|p| *p != 0))
}

fn width(m: &Module, c: &Component) -> u32 {
    c.states.iter().map(|s| m.states[*s].init.width()).max().unwrap_or(1)
}

/// Where the cuts of the states lie in every node of the loop.
fn positions(m: &Module, c: &Component, cuts: &BTreeSet<u32>) -> BTreeMap<NodeId, BTreeSet<u32>> {
    let mut at: BTreeMap<NodeId, BTreeSet<u32>> = BTreeMap::new();
    for id in &c.nodes {
        let node = m.node(*id);
        let mut mine: BTreeSet<u32> = BTreeSet::new();
        let mut top = node.width;
        for arg in m.args(*id) {
            top -= if node.op == Op::Concat { m.width(*arg) } else { 0 };
            let theirs = at.get(arg).into_iter().flatten();
            match node.op {
                Op::Concat => mine.extend(theirs.map(|x| x + top)),
                Op::Slice => mine.extend(theirs.filter(|x| **x > node.imm).map(|x| x - node.imm)),
                _ => mine.extend(theirs),
            }
        }
        if node.op == Op::State {
            mine.extend(cuts);
        }
        mine.retain(|x| *x < node.width);
        at.insert(*id, mine);
    }
    at
}

/// The fewest even chunks of `width` bits for which `delay(bits)`, carry columns included, fits.
pub fn fewest(width: u32, delay: impl Fn(u32) -> f64, budget: f64) -> Option<u32> {
    (1..=most(width)).find(|n| delay(columns(width, *n)) <= budget)
}

/// Most chunks of `width` bits.
fn most(width: u32) -> u32 {
    (width / LEAST_CHUNK).max(1)
}

/// Longest chain of `width` bits in `n` chunks: one column more for a carry in and one for a carry out.
fn columns(width: u32, n: u32) -> u32 {
    let lengths = evenly(width, n);
    let last = lengths.len() - 1;
    let extra = |i: usize| u32::from(i > 0) + u32::from(i < last);
    lengths.iter().enumerate().map(|(i, len)| len + extra(i)).max().unwrap_or(width)
}

/// In how many chunks the loop, which takes `delay_ps` as a whole, fits, if it does.
pub fn count(m: &Module, c: &Component, delay_ps: f64, model: &DelayModel, budget: f64) -> Option<u32> {
    let nodes = |bits: u32| {
        let cost = |id: NodeId| {
            let widths: Vec<u32> = m.arg_widths(id).iter().map(|w| (*w).min(bits)).collect();
            model.op_ps(m.node(id).op, &widths, m.width(id).min(bits))
        };
        longest(m, c, cost)
    };
    // What shorter chains save, as single nodes.
    let whole = nodes(u32::MAX);
    let delay = |bits: u32| delay_ps - (whole - nodes(bits));
    if obstacle(m, c).is_some() { None } else { fewest(width(m, c), delay, budget) }
}

/// What to cut, and where: loops that are too long, into pieces that are short enough or as short as they can be.
pub fn plan(m: &Module, model: &DelayModel, budget: f64) -> Vec<Plan> {
    let components = components(m);
    let paths = paths(m, &components, model);
    let cut = |(c, path): (Component, Path)| {
        let width = width(m, &c);
        let shortest = || obstacle(m, &c).is_none().then(|| most(width));
        let n = count(m, &c, path.delay_ps, model, budget).or_else(shortest)?;
        let ends = evenly(width, n).into_iter().scan(0, |at, len| {
            *at += len;
            Some(*at)
        });
        let cuts: BTreeSet<u32> = ends.take(n as usize - 1).collect();
        (n > 1).then_some(Plan { component: c, cuts })
    };
    components.into_iter().zip(paths).filter(|(_, path)| path.delay_ps > budget).filter_map(cut).collect()
}

/// The module with these loops in chunks.
pub fn rewrite(old: &Module, plans: &[Plan]) -> Module {
    let mut w =
        Writer { f: Fold { r: Rebuild::new(old) }, old, inside: BTreeMap::new(), pieces: BTreeMap::new(), sums: BTreeMap::new() };
    for p in plans {
        w.inside.extend(positions(old, &p.component, &p.cuts));
    }
    // A copy, or complement, of what is in chunks is in chunks too, so that each can be taken where its chunk is.
    for s in &old.states {
        let from = if old.node(s.next).op == Op::Not { old.args(s.next)[0] } else { s.next };
        if let Some(cuts) = w.inside.get(&from).cloned() {
            w.inside.entry(s.next).or_insert_with(|| cuts.clone());
            w.inside.entry(s.read).or_insert(cuts);
        }
    }
    let mut states: Vec<(usize, u32, NodeId)> = Vec::new();
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        w.f.r.loc = old.locs[i];
        let node = old.node(id);
        if node.op == Op::State && w.inside.contains_key(&id) {
            w.state(id, &mut states);
        } else if !w.inside.contains_key(&id) {
            for arg in old.args(id) {
                w.whole(*arg);
            }
            let new = match node.op {
                op if op.info().is_none() => w.f.r.leaf(id),
                Op::Table => w.f.table(&old.tables[node.imm as usize], w.f.r.get(old.args(id)[0])),
                op => w.f.make(op, node.width, &w.f.r.args(id), node.imm),
            };
            w.f.r.set(id, new);
        }
    }
    // What else refers to the inside of a loop.
    let ports = old.outputs.iter().map(|p| p.node).chain(old.claims.iter().map(|c| c.holds));
    let outside = old.states.iter().filter(|s| !w.inside.contains_key(&s.read));
    let outside = outside.flat_map(|s| [s.next].into_iter().chain(s.enable));
    let rams = old.rams.iter().flat_map(|r| r.write).flat_map(|(a, d, e)| [a, d, e]);
    for id in ports.chain(outside).chain(rams).chain(old.ram_reads.iter().map(|r| r.addr)).collect::<Vec<_>>() {
        w.whole(id);
    }
    for (state, lo, read) in states {
        let s = &old.states[state];
        let next = w.piece(s.next, lo, w.f.w(read));
        let enable = s.enable.map(|e| w.whole(e));
        let at = w.f.r.new.node(read).imm as usize;
        (w.f.r.new.states[at].next, w.f.r.new.states[at].enable) = (next, enable);
    }
    w.f.r.finish()
}

struct Writer<'a> {
    f: Fold<'a>,
    old: &'a Module,
    /// Nodes of the loops, with their cuts.
    inside: BTreeMap<NodeId, BTreeSet<u32>>,
    /// Parts made so far: (node, low, width).
    pieces: BTreeMap<(NodeId, u32, u32), NodeId>,
    /// Chunks of sums, lowest first, and of states, with their low bits.
    sums: BTreeMap<NodeId, Vec<(u32, NodeId)>>,
}

impl Writer<'_> {
    fn chunks(&self, id: NodeId) -> Vec<(u32, u32)> {
        let ends = self.inside[&id].iter().copied().chain([self.old.width(id)]);
        ends.scan(0, |lo, hi| Some((std::mem::replace(lo, hi), hi))).map(|(lo, hi)| (lo, hi - lo)).collect()
    }

    fn state(&mut self, id: NodeId, states: &mut Vec<(usize, u32, NodeId)>) {
        let number = self.old.node(id).imm as usize;
        let s = &self.old.states[number];
        let mut parts = Vec::new();
        for (i, (lo, len)) in self.chunks(id).into_iter().enumerate() {
            let name = format!("{}_{i}", s.name);
            let state = State { name, read: id, next: id, enable: None, init: s.init.slice(lo, len), reset: s.reset };
            let read = self.f.r.state(state);
            states.push((number, lo, read));
            parts.push((lo, read));
        }
        self.sums.insert(id, parts);
    }

    /// The node as one value.
    fn whole(&mut self, id: NodeId) -> NodeId {
        if !self.f.r.has(id) {
            let new = self.piece(id, 0, self.old.width(id));
            self.f.r.set(id, new);
        }
        self.f.r.get(id)
    }

    /// `len` bits of a node from `lo` up.
    fn piece(&mut self, id: NodeId, lo: u32, len: u32) -> NodeId {
        if !self.inside.contains_key(&id) {
            let all = self.f.r.get(id);
            return self.f.slice(all, lo, len);
        }
        if let Some(made) = self.pieces.get(&(id, lo, len)) {
            return *made;
        }
        let old = self.old;
        let (node, args) = (*old.node(id), old.args(id));
        let new = match node.op {
            Op::Not | Op::And | Op::Or | Op::Xor => {
                let args: Vec<NodeId> = args.iter().map(|a| self.piece(*a, lo, len)).collect();
                self.f.make(node.op, len, &args, 0)
            }
            Op::Mux => {
                let args = [self.whole(args[0]), self.piece(args[1], lo, len), self.piece(args[2], lo, len)];
                self.f.make(Op::Mux, len, &args, 0)
            }
            Op::Slice => self.piece(args[0], lo + node.imm, len),
            Op::Concat => {
                let (mut parts, mut top) = (Vec::new(), node.width);
                for arg in args {
                    let base = top - old.width(*arg);
                    let (from, to) = (lo.max(base), (lo + len).min(top));
                    if from < to {
                        parts.push(self.piece(*arg, from - base, to - from));
                    }
                    top = base;
                }
                self.f.concat(&parts)
            }
            Op::Zext | Op::Sext => {
                let own = old.width(args[0]);
                let above = (lo + len).saturating_sub(lo.max(own));
                let mut parts = Vec::new();
                if above > 0 && node.op == Op::Sext {
                    let sign = self.piece(args[0], own - 1, 1);
                    parts.push(self.f.sext(sign, above));
                } else if above > 0 {
                    parts.push(self.f.zero(above));
                }
                if len > above {
                    parts.push(self.piece(args[0], lo, len - above));
                }
                self.f.concat(&parts)
            }
            // Sums and states are made in their own chunks.
            _ => {
                if node.op != Op::State && !self.sums.contains_key(&id) {
                    self.sum(id);
                }
                let mut parts = Vec::new();
                for (base, part) in self.sums[&id].clone() {
                    let (from, to) = (lo.max(base), (lo + len).min(base + self.f.w(part)));
                    if from < to {
                        let part = self.f.slice(part, from - base, to - from);
                        parts.insert(0, part);
                    }
                }
                self.f.concat(&parts)
            }
        };
        self.pieces.insert((id, lo, len), new);
        new
    }

    fn sum(&mut self, id: NodeId) {
        let (op, a, b) = (self.old.node(id).op, self.old.args(id)[0], self.old.args(id)[1]);
        let (mut made, mut carry) = (Vec::new(), None);
        let chunks = self.chunks(id);
        self.f.r.loc = self.old.locs[id.index()];
        for (i, (lo, len)) in chunks.iter().enumerate() {
            let (x, y) = (self.piece(a, *lo, *len), self.piece(b, *lo, *len));
            let (sum, out) = add_chunk(&mut self.f, op, x, y, carry, i + 1 < chunks.len());
            if let (Some(name), 0) = (self.old.name_of(id), self.f.r.new.names[sum.index()].0) {
                let text = format!("{name}_part{i}");
                self.f.r.new.names[sum.index()] = self.f.r.new.intern(&text);
            }
            carry = out;
            made.push((*lo, sum));
        }
        self.sums.insert(id, made);
    }
}
