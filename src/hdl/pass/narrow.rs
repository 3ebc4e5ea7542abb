//! Cut every value to the bits that an output or a claim depends on: operators, states, memory
//! words and table columns alike. Bits in the middle go too: what is left moves together.
//!
//! After this pass only sums, products and shifts can have result bits that nobody reads (their
//! carries and shifted bits are needed), and ports, which are the interface.
use super::demand::{Demand, Run};
use super::fold::Fold;
use super::{Pass, Rebuild, per_module};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;

/// See the module documentation.
pub const PASS: Pass = Pass { name: "narrow", doc: "cut every value to the bits that matter", run: |d| per_module(d, sweep) };

fn sweep(old: &Module) -> Module {
    let mut n = Narrow { f: Fold { r: Rebuild::new(old) }, old, demand: Demand::of(old) };
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        n.f.r.loc = old.locs[i];
        if n.demand.any(id) || old.node(id).op == Op::Input {
            let new = n.node(id);
            n.f.r.set(id, new);
        }
    }
    n.finish()
}

/// The place of an old node holds its demanded bits, packed.
struct Narrow<'a> {
    f: Fold<'a>,
    old: &'a Module,
    demand: Demand,
}

impl Narrow<'_> {
    /// The new node of an old one. Where an operator cannot do with less, its demand grows to what it makes.
    fn node(&mut self, id: NodeId) -> NodeId {
        let old = self.old;
        let node = *old.node(id);
        let runs = self.demand.runs(old, id);
        let args = old.args(id);
        let (bottom, top) = (runs.first().map_or(0, |r| r.0), runs.last().map_or(0, |r| r.1));
        match node.op {
            Op::Input | Op::InstOut => {
                self.demand.add(id, 0, node.width);
                self.f.r.leaf(id)
            }
            Op::Const => self.f.r.constant(pack(&old.consts[node.imm as usize], &runs)),
            Op::State => {
                let new = self.f.r.leaf(id);
                let init = pack(&old.states[node.imm as usize].init, &runs);
                let m = &mut self.f.r.new;
                m.nodes[new.index()].width = init.width();
                let state = m.nodes[new.index()].imm as usize;
                m.states[state].init = init;
                new
            }
            Op::RamRead => {
                let new = self.f.r.leaf(id);
                let width = size(&runs);
                let m = &mut self.f.r.new;
                m.nodes[new.index()].width = width;
                let ram = m.ram_reads[m.nodes[new.index()].imm as usize].ram as usize;
                m.rams[ram].width = width;
                new
            }
            Op::Table => {
                let table = &old.tables[node.imm as usize];
                let values = table.values.iter().map(|v| pack(v, &runs)).collect();
                let table = Table { name: table.name.clone(), width: size(&runs), values };
                let addr = self.whole(args[0]);
                self.f.table(&table, addr)
            }
            Op::Slice => {
                let moved: Vec<Run> = runs.iter().map(|(lo, hi)| (lo + node.imm, hi + node.imm)).collect();
                self.bits(args[0], &moved)
            }
            Op::Concat => {
                let (mut parts, mut high) = (Vec::new(), node.width);
                for arg in args {
                    let low = high - old.width(*arg);
                    let inside = clip(&runs, low, high);
                    if !inside.is_empty() {
                        parts.push(self.bits(*arg, &inside));
                    }
                    high = low;
                }
                self.join(parts)
            }
            Op::Zext | Op::Sext => {
                let own = old.width(args[0]);
                let (inside, above) = (clip(&runs, 0, own), size(&clip(&runs, own, node.width)));
                let mut parts = Vec::new();
                if above > 0 && node.op == Op::Sext {
                    let sign = self.bits(args[0], &[(own - 1, own)]);
                    parts.push(if above == 1 { sign } else { self.f.make(Op::Sext, above, &[sign], 0) });
                } else if above > 0 {
                    parts.push(self.f.r.constant(Bits::zero(above)));
                }
                if !inside.is_empty() {
                    parts.push(self.bits(args[0], &inside));
                }
                self.join(parts)
            }
            Op::Not | Op::And | Op::Or | Op::Xor => {
                let args: Vec<NodeId> = args.iter().map(|a| self.bits(*a, &runs)).collect();
                self.f.make(node.op, size(&runs), &args, 0)
            }
            Op::Mux => {
                let args = [self.whole(args[0]), self.bits(args[1], &runs), self.bits(args[2], &runs)];
                self.f.make(Op::Mux, size(&runs), &args, 0)
            }
            Op::Add | Op::Sub => {
                self.demand.add(id, 0, top);
                let args = [self.bits(args[0], &[(0, top)]), self.bits(args[1], &[(0, top)])];
                self.f.make(node.op, top, &args, 0)
            }
            Op::MulU | Op::MulS => {
                self.demand.add(id, 0, top);
                let args = [args[0], args[1]].map(|a| self.bits(a, &[(0, old.width(a).min(top))]));
                let width = args.iter().map(|a| self.f.r.new.width(*a)).sum();
                let product = self.f.make(node.op, width, &args, 0);
                if width == top { product } else { self.f.make(Op::Slice, top, &[product], 0) }
            }
            Op::Shl => {
                self.demand.add(id, 0, top);
                let args = [self.bits(args[0], &[(0, top)]), self.whole(args[1])];
                self.f.make(Op::Shl, top, &args, 0)
            }
            Op::ShrU | Op::ShrS => {
                self.demand.add(id, bottom, node.width);
                let args = [self.bits(args[0], &[(bottom, node.width)]), self.whole(args[1])];
                self.f.make(node.op, node.width - bottom, &args, 0)
            }
            Op::Eq | Op::LtU | Op::LtS | Op::RedAnd | Op::RedOr | Op::RedXor => {
                let args: Vec<NodeId> = args.iter().map(|a| self.whole(*a)).collect();
                self.f.make(node.op, 1, &args, 0)
            }
        }
    }

    fn join(&mut self, parts: Vec<NodeId>) -> NodeId {
        if parts.len() == 1 {
            return parts[0];
        }
        let width = parts.iter().map(|p| self.f.r.new.width(*p)).sum();
        self.f.make(Op::Concat, width, &parts, 0)
    }

    fn whole(&mut self, id: NodeId) -> NodeId {
        self.bits(id, &[(0, self.old.width(id))])
    }

    /// These bits of an old node, packed.
    fn bits(&mut self, id: NodeId, runs: &[Run]) -> NodeId {
        let (new, have) = (self.f.r.get(id), self.demand.runs(self.old, id));
        if have == runs {
            return new;
        }
        let place = |bit: u32| have.iter().map(|(lo, hi)| bit.clamp(*lo, *hi) - lo).sum::<u32>();
        let parts = runs.iter().rev().map(|(lo, hi)| self.f.make(Op::Slice, hi - lo, &[new], place(*lo))).collect();
        self.join(parts)
    }

    fn finish(mut self) -> Module {
        let old = self.old;
        self.f.r.loc = None;
        for port in &old.outputs {
            let node = self.whole(port.node);
            self.f.r.new.outputs.push(Port { node, ..port.clone() });
        }
        for claim in &old.claims {
            let holds = self.whole(claim.holds);
            self.f.r.new.claims.push(Claim { holds, text: claim.text.clone() });
        }
        for a in &old.asserts {
            let when = self.whole(a.when);
            let holds = a.holds.iter().map(|n| self.whole(*n)).collect();
            let stable = a.stable.iter().map(|n| self.whole(*n)).collect();
            self.f.r.new.asserts.push(Assert { when, holds, stable, ..a.clone() });
        }
        for (i, from) in self.f.r.states.clone().into_iter().enumerate() {
            let s = &old.states[from as usize];
            let runs = self.demand.runs(old, s.read);
            let (next, enable) = (self.bits(s.next, &runs), s.enable.map(|e| self.whole(e)));
            let state = &mut self.f.r.new.states[i];
            (state.next, state.enable) = (next, enable);
        }
        for (i, from) in self.f.r.reads.clone().into_iter().enumerate() {
            let read = &old.ram_reads[from as usize];
            let addr = self.whole(read.addr);
            self.f.r.new.ram_reads[i].addr = addr;
            if let Some((a, d, e)) = old.rams[read.ram as usize].write {
                let runs = self.demand.runs(old, read.read);
                let write = (self.whole(a), self.bits(d, &runs), self.whole(e));
                let ram = self.f.r.new.ram_reads[i].ram as usize;
                self.f.r.new.rams[ram].write = Some(write);
            }
        }
        self.f.r.new
    }
}

fn size(runs: &[Run]) -> u32 {
    runs.iter().map(|(lo, hi)| hi - lo).sum()
}

/// What lies in `low..high`, counted from `low`.
fn clip(runs: &[Run], low: u32, high: u32) -> Vec<Run> {
    runs.iter().filter(|(lo, hi)| *lo < high && *hi > low).map(|(lo, hi)| (lo.max(&low) - low, hi.min(&high) - low)).collect()
}

/// The bits of a constant in the runs, packed.
fn pack(value: &Bits, runs: &[Run]) -> Bits {
    let mut parts = runs.iter().rev().map(|(lo, hi)| value.slice(*lo, hi - lo));
    let top = parts.next().unwrap_or_else(|| panic!("internal error: nothing to keep of {value:?}"));
    parts.fold(top, |high, low| high.concat(&low))
}
