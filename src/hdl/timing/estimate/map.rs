//! Look-up tables of least delay: for every gate the best of a few cuts, in picoseconds
//! (priority cuts: A. Mishchenko et al., *Combinational and Sequential Mapping with Priority Cuts*, ICCAD 2007).
use super::bits::{Chain, Circuit};
use crate::ir::NodeId;
use crate::sim::net::{FALSE, Kind, Lit, TRUE};
use crate::timing::delay::DelayModel;

/// Cuts kept per gate.
const CUTS: usize = 6;
/// Most leaves of a cut.
const MOST: usize = 7;

/// When a gate is ready.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Time from the clock edge, in picoseconds.
    pub at: f64,
    /// First node of the slowest path in this stage.
    pub origin: Option<NodeId>,
    /// The gate before it on that path.
    pub from: Option<usize>,
    /// It comes from a multiplexer behind the tables, which shares no cell with a register.
    pub wide: bool,
    /// Tables between it and the registers and carry chains before it.
    pub depth: u32,
}

#[derive(Clone, Copy)]
struct Cut {
    leaves: [u32; MOST],
    len: usize,
    at: f64,
    worst: u32,
}

/// The wire from a gate to its sinks.
pub fn wire(c: &Circuit, model: &DelayModel, gate: usize) -> f64 {
    let fanout = f64::from(c.sinks[gate].max(1)).log2();
    let size = (c.cells.max(1.0) / 64.0).log2().max(0.0);
    (model.route_ps + model.fanout_ps * fanout) * (1.0 + model.size * size)
}

/// Labels of all gates.
///
/// Synthesis maps for the least number of levels, a wide table counting as one, and then saves area wherever that does not make the
/// deepest cone of the whole design deeper: there it takes narrow tables, which may be more levels.
pub fn labels(c: &Circuit, model: &DelayModel) -> Vec<Label> {
    let narrow = (model.lut_inputs as usize).min(MOST);
    let wide = ((model.lut_inputs + model.wide_inputs) as usize).min(MOST);
    let fast = Mapping::run(c, model, &[wide], 0);
    if wide == narrow {
        return fast;
    }
    let deepest = fast.iter().map(|l| l.depth).max().unwrap_or(0);
    Mapping::run(c, model, &[narrow, wide], deepest)
}

/// The mapping with tables of so many inputs at most.
struct Mapping {
    most: usize,
    labels: Vec<Label>,
    cuts: Vec<Vec<Cut>>,
}

impl Mapping {
    /// Labels of all gates; of two mappings those of the first, if it is no deeper than `deepest`.
    fn run(c: &Circuit, model: &DelayModel, most: &[usize], deepest: u32) -> Vec<Label> {
        let n = c.net.gates.len();
        let start = Label { at: 0.0, origin: None, from: None, wide: false, depth: 0 };
        let mut all: Vec<Mapping> =
            most.iter().map(|most| Mapping { most: *most, labels: vec![start; n], cuts: vec![Vec::new(); n] }).collect();
        let mut done = vec![false; c.chains.len()];
        for g in 1..n {
            let gate = &c.net.gates[g];
            let mut set: Vec<(usize, Label)> = Vec::new();
            let chosen = |gate: usize| chosen(&all, gate, deepest);
            match gate.kind {
                Kind::Leaf => match c.chain_of[g] {
                    Some(number) if !std::mem::replace(&mut done[number as usize], true) => {
                        set = chain(c, model, &c.chains[number as usize], c.owner[g], chosen);
                    }
                    Some(_) => {} // An output of a chain that is done.
                    None if c.is_source(g) => set.push((g, source(c, model, g))),
                    None => {} // An output of a lookup, set below.
                },
                Kind::Lookup => {
                    let lookup = &c.net.lookups[gate.lookup()];
                    let at = |gate: usize| chosen(gate).at + wire(c, model, gate);
                    let worst = lookup.addr.iter().map(|l| l.gate()).max_by(|a, b| at(*a).total_cmp(&at(*b))).unwrap_or(0);
                    let levels = 1.0 + (lookup.addr.len() as f64 - f64::from(model.lut_inputs)).max(0.0) / 2.0;
                    let label = Label {
                        at: at(worst) + levels * model.lut_ps + (levels - 1.0) * model.route_ps,
                        origin: chosen(worst).origin.or(Some(c.owner[g])),
                        from: Some(worst),
                        wide: false,
                        depth: chosen(worst).depth + levels as u32,
                    };
                    set.extend((g + 1..=g + lookup.width as usize).filter(|i| *i < n).map(|i| (i, label)));
                }
                _ => all.iter_mut().for_each(|m| m.gate(c, model, g)),
            }
            for (i, label) in set {
                all.iter_mut().for_each(|m| m.labels[i] = label);
            }
        }
        (0..n).map(|g| chosen(&all, g, deepest)).collect()
    }

    /// The best of the cuts of a gate.
    fn gate(&mut self, c: &Circuit, model: &DelayModel, g: usize) {
        let mut args: Vec<usize> = c.net.gates[g].args.iter().map(|l| l.gate()).filter(|a| *a != 0).collect();
        args.sort_unstable();
        args.dedup();
        let mut merged: Vec<Cut> = vec![Cut { leaves: [0; MOST], len: 0, at: 0.0, worst: 0 }];
        for a in args {
            let at = self.labels[a].at + wire(c, model, a);
            let own = Cut { leaves: [a as u32; MOST], len: 1, at, worst: a as u32 };
            let mut next: Vec<Cut> = Vec::new();
            for x in &merged {
                next.extend(self.cuts[a].iter().chain([&own]).filter_map(|y| join(x, y, self.most)));
            }
            prune(&mut next, model);
            merged = next;
        }
        let Some(best) = merged.iter().min_by(|a, b| total(a, model).total_cmp(&total(b, model))).copied() else { return };
        let worst = best.worst as usize;
        let depth = best.leaves[..best.len].iter().map(|l| self.labels[*l as usize].depth).max();
        self.labels[g] = Label {
            at: total(&best, model),
            origin: self.labels[worst].origin.or(Some(c.owner[g])),
            from: Some(worst),
            wide: best.len > model.lut_inputs as usize,
            depth: depth.unwrap_or(0) + 1,
        };
        self.cuts[g] = merged;
    }
}

fn chosen(all: &[Mapping], gate: usize, deepest: u32) -> Label {
    let fits = all.iter().map(|m| m.labels[gate]).find(|l| l.depth <= deepest);
    fits.unwrap_or_else(|| all[all.len() - 1].labels[gate])
}

fn source(c: &Circuit, model: &DelayModel, g: usize) -> Label {
    // A register's own read starts a path of its stage; what comes from an earlier stage does not.
    let own = c.bits_of_owner(g);
    Label {
        at: model.clk_to_q_ps + model.spread_ps * (c.cells.max(1.0) / 16.0).log2().max(0.0),
        origin: own,
        from: None,
        wide: false,
        depth: 0,
    }
}

/// The delay of the table itself grows with inputs beyond those of one table.
fn total(cut: &Cut, model: &DelayModel) -> f64 {
    let extra = cut.len.saturating_sub(model.lut_inputs as usize);
    cut.at + model.lut_ps + extra as f64 * model.mux_ps
}

fn join(x: &Cut, y: &Cut, most: usize) -> Option<Cut> {
    let mut leaves = [0u32; MOST];
    let (mut i, mut j, mut len) = (0, 0, 0);
    while i < x.len || j < y.len {
        let next = match (x.leaves[..x.len].get(i), y.leaves[..y.len].get(j)) {
            (Some(a), Some(b)) if a == b => {
                i += 1;
                j += 1;
                *a
            }
            (Some(a), Some(b)) if a < b => {
                i += 1;
                *a
            }
            (Some(a), None) => {
                i += 1;
                *a
            }
            (_, Some(b)) => {
                j += 1;
                *b
            }
            (None, None) => break,
        };
        if len == most {
            return None;
        }
        leaves[len] = next;
        len += 1;
    }
    let (at, worst) = if x.len > 0 && x.at >= y.at { (x.at, x.worst) } else { (y.at, y.worst) };
    Some(Cut { leaves, len, at, worst })
}

/// Keeps the fastest cuts, the smaller of equals first.
fn prune(cuts: &mut Vec<Cut>, model: &DelayModel) {
    cuts.sort_by(|a, b| total(a, model).total_cmp(&total(b, model)).then(a.len.cmp(&b.len)).then(a.leaves.cmp(&b.leaves)));
    cuts.dedup_by(|a, b| a.len == b.len && a.leaves == b.leaves);
    cuts.truncate(CUTS);
}

/// Labels of the outputs of a carry chain.
fn chain(c: &Circuit, model: &DelayModel, chain: &Chain, owner: NodeId, label: impl Fn(usize) -> Label) -> Vec<(usize, Label)> {
    let mut out: Vec<(usize, Label)> = Vec::new();
    let mut carry: Option<(f64, usize)> = None;
    let constant = |l: &Lit| *l == FALSE || *l == TRUE;
    for (i, sum) in chain.sums.iter().enumerate() {
        let mut input: Option<(f64, usize)> = None;
        for (k, l) in [chain.a[i], chain.b[i]].iter().enumerate().filter(|(_, l)| !constant(l)) {
            // Where the chain has no inverter of its own, complements are tables in front of it.
            let inverted = l.negated() != (chain.subtract && k == 1);
            let table = if inverted && model.inverts && c.is_source(l.gate()) { model.level_ps() } else { 0.0 };
            let at = label(l.gate()).at + wire(c, model, l.gate()) + table;
            if input.is_none_or(|(t, _)| at > t) {
                input = Some((at, l.gate()));
            }
        }
        if let Some(g) = sum {
            let direct = input.map(|(t, g)| (t + model.lut_ps, g));
            let through = carry.map(|(t, g)| (t + model.carry_out_ps, g));
            let (at, from) = later(direct, through).unwrap_or((model.clk_to_q_ps, 0));
            let origin = label(from).origin.or(Some(owner));
            out.push((*g, Label { at, origin, from: Some(from).filter(|f| *f != 0), wide: false, depth: 0 }));
        }
        let enters = input.map(|(t, g)| (t + model.carry_in_ps, g));
        let passes = carry.map(|(t, g)| (t + model.carry_bit_ps, g));
        carry = later(enters, passes);
    }
    if let (Some(g), Some((t, from))) = (chain.carry, carry) {
        let at = t + model.carry_out_ps + model.carry_exit_ps;
        out.push((g, Label { at, origin: label(from).origin.or(Some(owner)), from: Some(from), wide: false, depth: 0 }));
    }
    out
}

fn later(a: Option<(f64, usize)>, b: Option<(f64, usize)>) -> Option<(f64, usize)> {
    match (a, b) {
        (Some(x), Some(y)) => Some(if x.0 >= y.0 { x } else { y }),
        (x, y) => x.or(y),
    }
}
