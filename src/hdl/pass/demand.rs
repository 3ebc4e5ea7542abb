//! Which bits of each node can reach an output or a claim: the analysis behind the `narrow` pass.
use crate::ir::*;
use crate::ops::Op;

/// A set of bits of every node, in one vector of words.
pub struct Demand {
    words: Vec<u64>,
    /// First word of each node.
    start: Vec<usize>,
}

/// Bits `lo..hi`.
pub type Run = (u32, u32);

impl Demand {
    /// The bits that matter, through states, memories and instances; the least set closed under the rules of [`Demand::pass_on`].
    pub fn of(m: &Module) -> Self {
        let mut start = Vec::with_capacity(m.nodes.len() + 1);
        let mut at = 0;
        for node in &m.nodes {
            start.push(at);
            at += node.width.div_ceil(64) as usize;
        }
        start.push(at);
        let mut d = Demand { words: vec![0; at], start };
        m.outputs.iter().for_each(|p| d.whole(m, p.node));
        m.claims.iter().for_each(|c| d.whole(m, c.holds));
        m.asserts.iter().flat_map(Assert::nodes).for_each(|n| d.whole(m, n));
        let mut connected = vec![false; m.instances.len()];
        let mut last = None;
        // One sweep settles everything between registers; states and memories ask for more.
        while last != Some(d.count()) {
            last = Some(d.count());
            for i in (0..m.nodes.len()).rev() {
                let id = NodeId(i as u32);
                if d.any(id) {
                    d.pass_on(m, id, &mut connected);
                }
            }
        }
        d
    }

    fn count(&self) -> u64 {
        self.words.iter().map(|w| u64::from(w.count_ones())).sum()
    }

    /// True if any bit of the node is in the set.
    pub fn any(&self, id: NodeId) -> bool {
        self.words[self.start[id.index()]..self.start[id.index() + 1]].iter().any(|w| *w != 0)
    }

    fn get(&self, id: NodeId, bit: u32) -> bool {
        self.words[self.start[id.index()] + bit as usize / 64] >> (bit % 64) & 1 == 1
    }

    /// Adds bits `lo..hi` of a node.
    pub fn add(&mut self, id: NodeId, lo: u32, hi: u32) {
        let base = self.start[id.index()];
        let mut at = lo;
        while at < hi {
            let (word, from) = (at / 64, at % 64);
            let to = (hi - word * 64).min(64);
            let ones = if to - from == 64 { u64::MAX } else { ((1 << (to - from)) - 1) << from };
            self.words[base + word as usize] |= ones;
            at = word * 64 + to;
        }
    }

    fn whole(&mut self, m: &Module, id: NodeId) {
        self.add(id, 0, m.width(id));
    }

    /// The set as maximal runs, lowest first.
    pub fn runs(&self, m: &Module, id: NodeId) -> Vec<Run> {
        let w = m.width(id);
        let mut runs: Vec<Run> = Vec::new();
        let mut bit = 0;
        while bit < w {
            // Whole words in one step.
            let word = self.words[self.start[id.index()] + bit as usize / 64] >> (bit % 64);
            let inside = self.get(id, bit);
            let same = if inside { (!word).trailing_zeros() } else { word.trailing_zeros() };
            let end = (bit + same.min(64 - bit % 64)).min(w);
            if inside {
                match runs.last_mut() {
                    Some(last) if last.1 == bit => last.1 = end,
                    _ => runs.push((bit, end)),
                }
            }
            bit = end;
        }
        runs
    }

    /// What the demanded bits of a node ask of the nodes it depends on.
    fn pass_on(&mut self, m: &Module, id: NodeId, connected: &mut [bool]) {
        let runs = self.runs(m, id);
        let (Some(&(bottom, _)), Some(&(_, top))) = (runs.first(), runs.last()) else { return };
        let node = m.node(id);
        let args = m.args(id);
        match node.op {
            Op::Not | Op::And | Op::Or | Op::Xor => args.iter().for_each(|a| self.all(*a, &runs)),
            Op::Mux => {
                self.add(args[0], 0, 1);
                args[1..].iter().for_each(|a| self.all(*a, &runs));
            }
            // Carries come from below.
            Op::Add | Op::Sub => args.iter().for_each(|a| self.add(*a, 0, top)),
            Op::MulU | Op::MulS => args.iter().for_each(|a| self.add(*a, 0, m.width(*a).min(top))),
            Op::Shl => {
                self.add(args[0], 0, top);
                self.whole(m, args[1]);
            }
            Op::ShrU | Op::ShrS => {
                self.add(args[0], bottom, node.width);
                self.whole(m, args[1]);
            }
            Op::Slice => runs.iter().for_each(|(lo, hi)| self.add(args[0], lo + node.imm, hi + node.imm)),
            Op::Concat => {
                let mut high = node.width;
                for arg in args {
                    let low = high - m.width(*arg);
                    for (lo, hi) in runs.iter().filter(|(lo, hi)| *lo < high && *hi > low) {
                        self.add(*arg, lo.max(&low) - low, hi.min(&high) - low);
                    }
                    high = low;
                }
            }
            Op::Zext | Op::Sext => {
                let own = m.width(args[0]);
                runs.iter().filter(|(lo, _)| *lo < own).for_each(|(lo, hi)| self.add(args[0], *lo, own.min(*hi)));
                if node.op == Op::Sext && top > own {
                    self.add(args[0], own - 1, own);
                }
            }
            Op::Eq | Op::LtU | Op::LtS | Op::RedAnd | Op::RedOr | Op::RedXor | Op::Table => {
                args.iter().for_each(|a| self.whole(m, *a));
            }
            Op::Input | Op::Const => {}
            Op::State => {
                let s = &m.states[node.imm as usize];
                self.all(s.next, &runs);
                s.enable.iter().for_each(|e| self.add(*e, 0, 1));
            }
            Op::RamRead => {
                // All reads of one memory have one width: its words keep what any of them needs.
                let ram = m.ram_reads[node.imm as usize].ram;
                for read in m.ram_reads.iter().filter(|r| r.ram == ram && r.read != id) {
                    if self.any(read.read) {
                        self.all(read.read, &runs);
                    }
                }
                self.whole(m, m.ram_reads[node.imm as usize].addr);
                if let Some((addr, data, enable)) = m.rams[ram as usize].write {
                    self.whole(m, addr);
                    self.all(data, &runs);
                    self.add(enable, 0, 1);
                }
            }
            Op::InstOut => {
                let (inst, _) = m.inst_outs[node.imm as usize];
                if !std::mem::replace(&mut connected[inst as usize], true) {
                    m.instances[inst as usize].inputs.iter().for_each(|n| self.whole(m, *n));
                }
            }
        }
    }

    fn all(&mut self, id: NodeId, runs: &[Run]) {
        runs.iter().for_each(|(lo, hi)| self.add(id, *lo, *hi));
    }
}
