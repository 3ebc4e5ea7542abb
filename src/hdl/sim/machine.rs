//! A compiled design and one block of lanes running on it.
use super::flatten::Flat;
use super::net::{Lit, TRUE};
use super::tape::{LaneLookup, Tap, Tape, ZERO, sweep};
use super::transpose::{Planes, from_rows, to_rows};
use crate::rows::{Rows, words_for};

/// A memory, kept lane by lane.
struct LaneMemory {
    width: u32,
    depth: usize,
    /// What a word holds before it is written.
    start: Vec<u64>,
    /// Address, data, enable.
    write: Option<(Vec<Tap>, Vec<Tap>, Tap)>,
    /// Address, and slots of the registered data.
    reads: Vec<(Vec<Tap>, Vec<u32>)>,
}

/// The words of 64 bits of a memory's word at power-up: zeros, or ones where nothing is said of it.
fn start(width: u32, zeroed: bool) -> Vec<u64> {
    let words = words_for(width);
    let ones = |k: usize| u64::MAX >> (64 - (width - 64 * k as u32).min(64));
    (0..words).map(|k| if zeroed { 0 } else { ones(k) }).collect()
}

/// Everything a sweep needs, shared by all threads.
pub struct Machine {
    tape: Tape,
    tables: Vec<Vec<u64>>,
    inputs: Vec<u32>,
    outputs: Vec<u32>,
    /// Slots of the input bits.
    input_slots: Vec<u32>,
    output_taps: Vec<Tap>,
    /// 1 in every lane where all claims hold; `None` if that is certain.
    ok: Option<Tap>,
    /// Slot, next value and reset value of every register bit.
    states: Vec<(u32, Tap, u64)>,
    memories: Vec<LaneMemory>,
}

/// Where the vectors come from.
#[derive(Clone, Copy)]
pub enum Stimulus<'a> {
    /// A table.
    Rows(&'a Rows),
    /// The row number itself, first column in the low bits.
    Counting,
}

/// Working storage of one thread.
pub struct Block<const N: usize> {
    slots: Vec<[u64; N]>,
    next: Vec<[u64; N]>,
    planes: Planes<N>,
    memories: Vec<Vec<u64>>,
    address: Vec<u64>,
    data: Vec<u64>,
}

/// A run of rows to simulate: `lanes` sequences of `cycles` rows from sequence `first` on, of `rows` rows in all.
#[derive(Clone, Copy)]
pub struct Span {
    /// First sequence.
    pub first: usize,
    /// Sequences.
    pub lanes: usize,
    /// Rows of a sequence.
    pub cycles: usize,
    /// Rows in all; the last sequence may be short.
    pub rows: usize,
}

impl Span {
    /// Rows of the span.
    pub fn len(&self) -> usize {
        ((self.first + self.lanes) * self.cycles).min(self.rows) - self.first * self.cycles
    }
}

impl Machine {
    /// Compiles `flat`; `outputs` (of these widths) are its literals to give out.
    pub fn new(flat: &Flat, inputs: Vec<u32>, outputs: &[Lit], output_widths: Vec<u32>, check: bool) -> Machine {
        let mut leaves: Vec<usize> = flat.states.iter().map(|s| s.leaf).collect();
        leaves.extend(flat.memories.iter().flat_map(|m| m.reads.iter().flat_map(|r| &r.1)));
        let pinned = leaves.len();
        leaves.extend(&flat.inputs);
        let mut wanted = outputs.to_vec();
        wanted.push(if check { flat.ok } else { TRUE });
        wanted.extend(flat.states.iter().map(|s| s.next));
        for m in &flat.memories {
            m.write.iter().for_each(|(a, d, e)| wanted.extend(a.iter().chain(d).chain([e])));
            m.reads.iter().for_each(|r| wanted.extend(&r.0));
        }
        let tape = Tape::new(&flat.net, &leaves, pinned, &wanted);
        let mut taps = tape.taps.iter().copied();
        let mut some = |n: usize| -> Vec<Tap> { taps.by_ref().take(n).collect() };
        let mut slots = tape.leaves.iter().copied();
        let output_taps = some(outputs.len());
        let ok = some(1)[0];
        let init = |b: bool| if b { u64::MAX } else { 0 };
        let states = flat.states.iter().zip(some(flat.states.len()));
        let states = states.map(|(s, next)| (slots.next().unwrap_or(ZERO), next, init(s.init))).collect();
        let memories = (flat.memories.iter())
            .map(|m| LaneMemory {
                width: m.width,
                depth: m.depth as usize,
                start: start(m.width, m.zeroed),
                write: m.write.as_ref().map(|(a, d, _)| (some(a.len()), some(d.len()), some(1)[0])),
                reads: (m.reads.iter()).map(|(a, out)| (some(a.len()), slots.by_ref().take(out.len()).collect())).collect(),
            })
            .collect();
        Machine {
            tables: flat.net.tables.clone(),
            inputs,
            outputs: output_widths,
            input_slots: slots.collect(),
            output_taps,
            ok: (ok.slot != ZERO || ok.flip == 0).then_some(ok),
            states,
            memories,
            tape,
        }
    }

    /// True if a row never depends on the one before.
    pub fn is_combinational(&self) -> bool {
        self.states.is_empty() && self.memories.is_empty()
    }

    /// Rows of an independent run when the caller says `sequence` and there are `rows` in all.
    pub fn sequence(&self, sequence: usize, rows: usize) -> usize {
        match sequence {
            _ if self.is_combinational() => 1,
            0 => rows.max(1),
            n => n,
        }
    }

    /// Words of memory one lane needs.
    pub fn memory_words(&self) -> usize {
        self.memories.iter().map(|m| m.depth * words_for(m.width)).sum()
    }

    /// Gates evaluated per row and slots they use.
    pub fn size(&self) -> (usize, usize) {
        (self.tape.steps.len(), self.tape.slots)
    }

    /// Storage for running on `64·N` lanes.
    pub fn block<const N: usize>(&self) -> Block<N> {
        Block {
            slots: vec![[0; N]; self.tape.slots],
            next: vec![[0; N]; self.states.len()],
            planes: [[0; N]; 64],
            memories: self.memories.iter().map(|m| m.start.repeat(m.depth * 64 * N)).collect(),
            address: vec![0; 64 * N],
            data: vec![0; 64 * N],
        }
    }

    /// Simulates a span of at most `64·N` lanes into `out`, the words of its rows.
    /// Gives the first row (by cycle, then lane) in which a claim fails.
    #[inline(always)]
    pub fn run<const N: usize>(&self, b: &mut Block<N>, from: Stimulus, span: Span, out: &mut [u64]) -> Option<usize> {
        self.reset(b);
        for t in 0..span.cycles {
            // Only the very last sequence can be short.
            let last = (span.first + span.lanes - 1) * span.cycles + t;
            let lanes = if last < span.rows { span.lanes } else { span.lanes - 1 };
            if lanes == 0 {
                break;
            }
            match from {
                Stimulus::Rows(rows) => self.load(b, rows, span.first * span.cycles + t, span.cycles, lanes),
                Stimulus::Counting => self.count(b, span.first),
            }
            self.settle(b);
            if let Some(ok) = self.ok {
                let v = b.slots[ok.slot as usize];
                for (w, v) in v.iter().enumerate().take(lanes.div_ceil(64)) {
                    let bad = !(v ^ ok.flip) & (u64::MAX >> (64 - (lanes - 64 * w).min(64)));
                    if bad != 0 {
                        let lane = 64 * w + bad.trailing_zeros() as usize;
                        return Some((span.first + lane) * span.cycles + t);
                    }
                }
            }
            self.store(b, out, t, span.cycles, lanes);
            self.clock(b);
        }
        None
    }

    /// Registers and memories as after reset.
    #[inline(always)]
    pub fn reset<const N: usize>(&self, b: &mut Block<N>) {
        for (slot, _, init) in &self.states {
            b.slots[*slot as usize] = [*init; N];
        }
        for (m, cells) in self.memories.iter().zip(&mut b.memories) {
            match &m.start[..] {
                [word] => cells.fill(*word),
                words => cells.chunks_exact_mut(words.len()).for_each(|c| c.copy_from_slice(words)),
            }
        }
        for (_, slots) in self.memories.iter().flat_map(|m| &m.reads) {
            slots.iter().for_each(|s| b.slots[*s as usize] = [0; N]);
        }
    }

    /// One cycle: a row of inputs and of outputs for each lane.
    #[inline(always)]
    pub fn cycle<const N: usize>(&self, b: &mut Block<N>, inputs: &Rows, outputs: &mut Rows) {
        self.load(b, inputs, 0, 1, inputs.len());
        self.settle(b);
        let lanes = outputs.len();
        self.store(b, outputs.words_mut(), 0, 1, lanes);
        self.clock(b);
    }

    /// Every gate.
    #[inline(always)]
    fn settle<const N: usize>(&self, b: &mut Block<N>) {
        let (planes, address, data) = (&mut b.planes, &mut b.address, &mut b.data);
        sweep(&self.tape, &mut b.slots, |l, slots| look_up(&self.tables[l.table], l, slots, planes, address, data));
    }

    /// Input slots from a table.
    #[inline(always)]
    fn load<const N: usize>(&self, b: &mut Block<N>, rows: &Rows, first: usize, step: usize, lanes: usize) {
        let stride = rows.stride();
        let mut slots = self.input_slots.iter();
        for (column, &width) in self.inputs.iter().enumerate() {
            for (w, bits) in word_bits(width).enumerate() {
                let start = first * stride + rows.offset(column) + w;
                from_rows(&mut b.planes, bits, lanes, rows.words(), start, step * stride);
                for (plane, slot) in b.planes[..bits as usize].iter().zip(&mut slots) {
                    if *slot != ZERO {
                        b.slots[*slot as usize] = *plane;
                    }
                }
            }
        }
    }

    /// Input slots from the row number.
    #[inline(always)]
    fn count<const N: usize>(&self, b: &mut Block<N>, first: usize) {
        const LOW: [u64; 6] = [
            0xaaaa_aaaa_aaaa_aaaa,
            0xcccc_cccc_cccc_cccc,
            0xf0f0_f0f0_f0f0_f0f0,
            0xff00_ff00_ff00_ff00,
            0xffff_0000_ffff_0000,
            0xffff_ffff_0000_0000,
        ];
        for (bit, slot) in self.input_slots.iter().enumerate().filter(|(_, s)| **s != ZERO) {
            b.slots[*slot as usize] = std::array::from_fn(|w| match LOW.get(bit) {
                Some(pattern) => *pattern,
                None => u64::MAX * ((first / 64 + w) as u64 >> (bit - 6) & 1),
            });
        }
    }

    /// Output rows from their slots.
    #[inline(always)]
    fn store<const N: usize>(&self, b: &mut Block<N>, out: &mut [u64], first: usize, step: usize, lanes: usize) {
        let stride: usize = self.outputs.iter().map(|w| words_for(*w)).sum();
        let mut taps = self.output_taps.iter();
        for (word, bits) in self.outputs.iter().flat_map(|w| word_bits(*w)).enumerate() {
            for (plane, tap) in b.planes[..bits as usize].iter_mut().zip(&mut taps) {
                *plane = b.slots[tap.slot as usize].map(|x| x ^ tap.flip);
            }
            to_rows(&mut b.planes, bits, lanes, out, first * stride + word, step * stride);
        }
    }

    /// The clock edge.
    #[inline(always)]
    fn clock<const N: usize>(&self, b: &mut Block<N>) {
        for ((_, tap, _), next) in self.states.iter().zip(&mut b.next) {
            *next = b.slots[tap.slot as usize].map(|x| x ^ tap.flip);
        }
        // All addresses are read before any read data change.
        let mut fresh: Vec<(&[u32], Vec<u64>)> = Vec::new();
        for (m, cells) in self.memories.iter().zip(&mut b.memories) {
            let words = words_for(m.width);
            let lane_words = m.depth * words;
            let mut write: Option<Vec<u64>> = None;
            for (addr, slots) in &m.reads {
                lanes_of(&b.slots, &mut b.planes, addr, &mut b.address);
                let mut data = vec![0; 64 * N * words];
                for (l, a) in b.address.iter().map(|a| *a as usize).enumerate().filter(|(_, a)| *a < m.depth) {
                    data[l * words..][..words].copy_from_slice(&cells[l * lane_words + a * words..][..words]);
                }
                fresh.push((slots, data));
            }
            if let Some((addr, data, enable)) = &m.write {
                let enable = b.slots[enable.slot as usize].map(|x| x ^ enable.flip);
                lanes_of(&b.slots, &mut b.planes, addr, &mut b.address);
                let value = write.get_or_insert_with(|| vec![0; 64 * N * words]);
                for (w, part) in data.chunks(64).enumerate() {
                    lanes_of(&b.slots, &mut b.planes, part, &mut b.data);
                    b.data.iter().enumerate().for_each(|(l, d)| value[l * words + w] = *d);
                }
                for (l, a) in b.address.iter().map(|a| *a as usize).enumerate() {
                    if enable[l / 64] >> (l % 64) & 1 == 1 && a < m.depth {
                        cells[l * lane_words + a * words..][..words].copy_from_slice(&value[l * words..][..words]);
                    }
                }
            }
        }
        for (slots, data) in fresh {
            let words = slots.len().div_ceil(64);
            for (w, slots) in slots.chunks(64).enumerate() {
                from_rows(&mut b.planes, slots.len() as u32, 64 * N, &data, w, words);
                slots.iter().zip(&b.planes).for_each(|(s, p)| b.slots[*s as usize] = *p);
            }
        }
        for ((slot, _, _), next) in self.states.iter().zip(&b.next) {
            b.slots[*slot as usize] = *next;
        }
    }
}

/// Bits in each word of a column.
fn word_bits(width: u32) -> impl Iterator<Item = u32> {
    (0..words_for(width) as u32).map(move |w| (width - 64 * w).min(64))
}

/// Up to 64 bits of every lane as one word each.
fn lanes_of<const N: usize>(slots: &[[u64; N]], planes: &mut Planes<N>, taps: &[Tap], out: &mut [u64]) {
    for (plane, tap) in planes.iter_mut().zip(taps) {
        *plane = slots[tap.slot as usize].map(|x| x ^ tap.flip);
    }
    to_rows(planes, taps.len() as u32, 64 * N, out, 0, 1);
}

fn look_up<const N: usize>(
    table: &[u64],
    lookup: &LaneLookup,
    slots: &mut [[u64; N]],
    planes: &mut Planes<N>,
    address: &mut [u64],
    data: &mut [u64],
) {
    lanes_of(slots, planes, &lookup.addr, address);
    let words = lookup.out.len().div_ceil(64);
    for (w, out) in lookup.out.chunks(64).enumerate() {
        for (d, a) in data.iter_mut().zip(&*address) {
            *d = table.get(*a as usize * words + w).copied().unwrap_or(0);
        }
        from_rows(planes, out.len() as u32, 64 * N, data, 0, 1);
        out.iter().zip(&*planes).for_each(|(s, p)| slots[*s as usize] = *p);
    }
}
