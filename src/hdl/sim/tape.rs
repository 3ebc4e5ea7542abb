//! The tape: live gates in an order that reuses few slots and keeps gates of one kind together,
//! so that the inner loops have neither branches nor indirect jumps.
use super::net::{Kind, Lit, Net};

/// Slot 0 always holds 0.
pub const ZERO: u32 = 0;
/// Gates that are reordered by depth and kind together; more gives longer runs, but needs more slots.
const WINDOW: usize = 512;

/// What a run of gates computes of its operand slots `a`, `b`, `c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// `a & b`
    And,
    /// `a & !b`
    AndNot,
    /// `!a & !b`
    Nor,
    /// `a ^ b`
    Xor,
    /// `a ? b : c`
    Mux,
    /// `a ? b : !c`
    MuxNot,
    /// At least two of three.
    Maj,
    /// At least two of `a`, `b`, `!c`.
    MajNot,
    /// `a ^ b ^ c`
    Xor3,
    /// Lookup number `a`.
    Lookup,
}

/// One gate: result slot and operand slots.
pub type Step = [u32; 4];

/// A value of the network after a sweep: its slot, complemented if the flag is set.
#[derive(Clone, Copy, Debug)]
pub struct Tap {
    /// Slot.
    pub slot: u32,
    /// All ones if the value is the slot's complement.
    pub flip: u64,
}

/// A lookup with its slots.
#[derive(Debug)]
pub struct LaneLookup {
    /// Address bits.
    pub addr: Vec<Tap>,
    /// Slots of the result bits.
    pub out: Vec<u32>,
    /// Which of [`Net::tables`].
    pub table: usize,
}

/// Gates in evaluation order.
#[derive(Debug)]
pub struct Tape {
    /// Runs of equal gates.
    pub runs: Vec<(Code, u32)>,
    /// The gates.
    pub steps: Vec<Step>,
    /// Lookups.
    pub lookups: Vec<LaneLookup>,
    /// Slots in all.
    pub slots: usize,
    /// Slot of each leaf that was asked for; [`ZERO`] if nothing reads it.
    pub leaves: Vec<u32>,
    /// Where the asked-for literals are after a sweep.
    pub taps: Vec<Tap>,
}

/// Calls `f` with each gate that gate number `gate` reads, constants excepted.
fn operands(net: &Net, gate: usize, mut f: impl FnMut(usize)) {
    let g = &net.gates[gate];
    let literals: &[Lit] = match g.kind {
        Kind::Leaf => &[],
        Kind::Lookup => &net.lookups[g.lookup()].addr,
        _ => &g.args,
    };
    literals.iter().map(|l| l.gate()).filter(|g| *g != 0).for_each(&mut f);
}

/// Orders live gates: windows of the order of creation, inside a window by depth, then kind.
fn schedule(net: &Net, live: &[bool]) -> Vec<(u32, Code)> {
    let mut order: Vec<(u32, Code)> = Vec::new();
    let mut window: Vec<(u16, Code, u32)> = Vec::with_capacity(WINDOW);
    let mut depth = vec![0u16; net.gates.len()];
    let mut start = 0;
    let flush = |window: &mut Vec<(u16, Code, u32)>, order: &mut Vec<(u32, Code)>| {
        window.sort_unstable();
        order.extend(window.drain(..).map(|(_, code, gate)| (gate, code)));
    };
    for (i, g) in net.gates.iter().enumerate() {
        if !live[i] || g.kind == Kind::Leaf {
            continue;
        }
        let neg = g.args.map(Lit::negated);
        let code = match g.kind {
            Kind::Leaf | Kind::Lookup => Code::Lookup,
            Kind::And => match (neg[0], neg[1]) {
                (false, false) => Code::And,
                (true, true) => Code::Nor,
                _ => Code::AndNot,
            },
            Kind::Xor => Code::Xor,
            Kind::Mux if neg[2] => Code::MuxNot,
            Kind::Mux => Code::Mux,
            Kind::Maj if neg[2] => Code::MajNot,
            Kind::Maj => Code::Maj,
            Kind::Xor3 => Code::Xor3,
        };
        if code == Code::Lookup {
            flush(&mut window, &mut order);
            order.push((i as u32, code));
            start = i + 1;
            continue;
        }
        let mut below = 0;
        operands(net, i, |a| below = below.max(if a >= start { depth[a] } else { 0 }));
        depth[i] = below + 1;
        window.push((depth[i], code, i as u32));
        if window.len() == WINDOW {
            flush(&mut window, &mut order);
            start = i + 1;
        }
    }
    flush(&mut window, &mut order);
    order
}

impl Tape {
    /// A tape that computes `wanted`; `leaves` are the gates whose slots the caller fills, `pinned` of
    /// them (the first ones) keep their slot through the whole sweep.
    pub fn new(net: &Net, leaves: &[usize], pinned: usize, wanted: &[Lit]) -> Tape {
        let mut live = vec![false; net.gates.len()];
        wanted.iter().for_each(|l| live[l.gate()] = true);
        leaves[..pinned].iter().for_each(|g| live[*g] = true);
        for i in (0..net.gates.len()).rev() {
            if net.gates[i].kind == Kind::Lookup {
                let width = net.lookups[net.gates[i].lookup()].width as usize;
                live[i] = live[i + 1..=i + width].contains(&true);
            }
            if live[i] {
                operands(net, i, |a| live[a] = true);
            }
        }
        let order = schedule(net, &live);
        allocate(net, &live, &order, leaves, pinned, wanted)
    }
}

/// Linear scan: a slot is free again after the last use of its value.
fn allocate(net: &Net, live: &[bool], order: &[(u32, Code)], leaves: &[usize], pinned: usize, wanted: &[Lit]) -> Tape {
    const NEVER: u32 = u32::MAX;
    let mut last = vec![0u32; net.gates.len()];
    for (at, (gate, _)) in order.iter().enumerate() {
        operands(net, *gate as usize, |a| last[a] = at as u32);
    }
    wanted.iter().for_each(|l| last[l.gate()] = NEVER);
    leaves[..pinned].iter().for_each(|g| last[*g] = NEVER);
    let mut slot = vec![ZERO; net.gates.len()];
    let mut slots = 1u32;
    let mut free: Vec<u32> = Vec::new();
    let mut take = |free: &mut Vec<u32>| {
        free.pop().unwrap_or_else(|| {
            slots += 1;
            slots - 1
        })
    };
    for &g in leaves.iter().filter(|g| live[**g] && **g != 0) {
        slot[g] = take(&mut free);
    }
    let mut tape =
        Tape { runs: vec![], steps: Vec::with_capacity(order.len()), lookups: vec![], slots: 0, leaves: vec![], taps: vec![] };
    let tap = |slot: &[u32], l: &Lit| Tap { slot: slot[l.gate()], flip: if l.negated() { u64::MAX } else { 0 } };
    for (at, &(gate, code)) in order.iter().enumerate() {
        let gate = gate as usize;
        let g = &net.gates[gate];
        let mut step: Step = [0; 4];
        if code == Code::Lookup {
            let lookup = &net.lookups[g.lookup()];
            let addr = lookup.addr.iter().map(|l| tap(&slot, l)).collect();
            let bits = gate + 1..=gate + lookup.width as usize;
            bits.clone().for_each(|g| slot[g] = take(&mut free));
            let out = bits.clone().map(|g| slot[g]).collect();
            free.extend(bits.filter(|g| !live[*g]).map(|g| slot[g]));
            step[1] = tape.lookups.len() as u32;
            tape.lookups.push(LaneLookup { addr, out, table: lookup.table });
        } else {
            step[1..].copy_from_slice(&g.args.map(|l| slot[l.gate()]));
            if code == Code::AndNot && g.args[0].negated() {
                step.swap(1, 2);
            }
        }
        operands(net, gate, |a| {
            if last[a] == at as u32 {
                free.push(slot[a]);
                last[a] = NEVER; // an operand may come twice
            }
        });
        if code != Code::Lookup {
            slot[gate] = take(&mut free);
            step[0] = slot[gate];
        }
        tape.steps.push(step);
        match tape.runs.last_mut() {
            Some((c, n)) if *c == code => *n += 1,
            _ => tape.runs.push((code, 1)),
        }
    }
    tape.slots = slots as usize;
    tape.leaves = leaves.iter().map(|g| slot[*g]).collect();
    tape.taps = wanted.iter().map(|l| tap(&slot, l)).collect();
    tape
}

/// Evaluates the tape on `N` words of lanes; `lookup` handles lookups.
#[inline(always)]
pub fn sweep<const N: usize>(tape: &Tape, slots: &mut [[u64; N]], mut lookup: impl FnMut(&LaneLookup, &mut [[u64; N]])) {
    let mut steps = tape.steps.as_slice();
    macro_rules! gates {
        ($run:expr, |$a:ident, $b:ident| $f:expr) => {
            for s in $run {
                let (x, y) = (slots[s[1] as usize], slots[s[2] as usize]);
                slots[s[0] as usize] = std::array::from_fn(|w| {
                    let ($a, $b) = (x[w], y[w]);
                    $f
                });
            }
        };
        ($run:expr, |$a:ident, $b:ident, $c:ident| $f:expr) => {
            for s in $run {
                let (x, y, z) = (slots[s[1] as usize], slots[s[2] as usize], slots[s[3] as usize]);
                slots[s[0] as usize] = std::array::from_fn(|w| {
                    let ($a, $b, $c) = (x[w], y[w], z[w]);
                    $f
                });
            }
        };
    }
    for &(code, count) in &tape.runs {
        let (run, rest) = steps.split_at(count as usize);
        steps = rest;
        match code {
            Code::And => gates!(run, |a, b| a & b),
            Code::AndNot => gates!(run, |a, b| a & !b),
            Code::Nor => gates!(run, |a, b| !a & !b),
            Code::Xor => gates!(run, |a, b| a ^ b),
            Code::Mux => gates!(run, |a, b, c| (a & b) | (!a & c)),
            Code::MuxNot => gates!(run, |a, b, c| (a & b) | (!a & !c)),
            Code::Maj => gates!(run, |a, b, c| (a & b) | (c & (a | b))),
            Code::MajNot => gates!(run, |a, b, c| (a & b) | (!c & (a | b))),
            Code::Xor3 => gates!(run, |a, b, c| a ^ b ^ c),
            Code::Lookup => run.iter().for_each(|s| lookup(&tape.lookups[s[1] as usize], slots)),
        }
    }
}
