//! Stimulus for any block: every input code where that is feasible, else special codes, directed
//! classes and seeded random values derived from the formats of the ports.
//!
//! A [`Plan`] is a list of chunks, each a pure function of (plan, chunk number), so that chunks can be
//! made on any thread in any order and the whole run is reproduced by its seed alone.
use crate::blocks::{Configured, Port, Role};
use crate::flow::aim::Aim;
use crate::flow::codes::{Class, Family};
use crate::flow::ties::Ties;
use crate::golden::exact::Exact;
use crate::golden::value::Value;
use crate::hdl::rows::Rows;
use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Input bits up to which a combinational block is checked on every input.
pub const EXHAUSTIVE_BITS: u32 = 24;
/// Cycles of one independent run of a stateful block.
pub const SEQUENCE: usize = 64;
/// Words (8 bytes) of one chunk, about.
const CHUNK_WORDS: usize = 1 << 18;
/// Most rows of one chunk.
const CHUNK_ROWS: usize = 1 << 16;

/// How the vectors were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Every input code: a proof.
    Exhaustive,
    /// Corners, directed classes and seeded random codes.
    Sampled,
}

/// What to run a block with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Vectors (rows) when not exhaustive.
    pub vectors: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Exhaustive beyond [`EXHAUSTIVE_BITS`] too.
    pub exhaustive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { vectors: 100_000, seed: 1, exhaustive: false }
    }
}

/// The vectors of one check, chunk by chunk.
pub struct Plan {
    ports: Vec<Port>,
    widths: Vec<u32>,
    /// Exhaustive or sampled.
    pub method: Method,
    /// Vectors in all.
    pub vectors: u64,
    /// Cycles per independent run; 0 for combinational blocks.
    pub sequence: usize,
    /// Seed of the sampled part.
    pub seed: u64,
    rows_per_chunk: usize,
    corners: Vec<Vec<BigUint>>,
    families: Vec<Family>,
    /// For blocks with one operand: the borders of its conversion.
    ties: Option<Ties>,
    /// For accumulators: products aimed at the sum.
    aim: Option<Aim>,
}

impl Plan {
    /// A plan for a block. `stateful` blocks run in sequences and are never exhaustive.
    pub fn new(block: &dyn Configured, stateful: bool, options: &Options) -> Result<Plan, String> {
        Self::make(block, stateful, options, EXHAUSTIVE_BITS)
    }

    /// A plan that samples however few inputs there are: for testbenches that must stay short.
    pub fn sampled(block: &dyn Configured, stateful: bool, options: &Options) -> Result<Plan, String> {
        Self::make(block, stateful, options, 0)
    }

    fn make(block: &dyn Configured, stateful: bool, options: &Options, limit: u32) -> Result<Plan, String> {
        let ports: Vec<Port> = block.ports().into_iter().filter(|p| p.input).collect();
        let widths: Vec<u32> = ports.iter().map(|p| p.bits).collect();
        let bits: u32 = widths.iter().sum();
        let exhaustive = !stateful && (bits <= limit || options.exhaustive);
        if exhaustive && bits > 40 {
            return Err(format!(
                "exhaustive over {bits} input bits would never end; at most 40 bits (2^40 vectors) are accepted"
            ));
        }
        if options.exhaustive && stateful {
            return Err("a block with state has no finite set of inputs to exhaust; leave --exhaustive out".into());
        }
        let stride: usize = Rows::new(&widths).stride();
        let mut rows = (CHUNK_WORDS / stride.max(1)).clamp(SEQUENCE, CHUNK_ROWS);
        if exhaustive {
            rows = 1 << rows.ilog2();
        } else {
            rows -= rows % SEQUENCE;
        }
        let corners = if exhaustive { Vec::new() } else { block.corners() };
        let vectors = if exhaustive { 1u64 << bits } else { options.vectors };
        if vectors == 0 {
            return Err("0 vectors would check nothing; ask for at least 1".into());
        }
        let families = ports.iter().map(|p| Family::new(p.format.as_ref(), p.bits / p.lanes.max(1))).collect();
        let all = block.ports();
        let of_role = |role| all.iter().filter(|p| p.role == role).map(|p| (p.format.as_ref(), p.lanes)).collect::<Vec<_>>();
        let ties = match (&of_role(Role::Operand)[..], &of_role(Role::Result)[..]) {
            ([(Some(from), 1)], [(Some(to), _)]) if !exhaustive => Ties::new(from, to),
            _ => None,
        };
        let aim = match (stateful, &of_role(Role::Operand)[..], &of_role(Role::Result)[..]) {
            (true, [(Some(a), 1), (Some(b), 1)], [(sum, _)]) => Aim::new(a, b, *sum),
            _ => None,
        };
        Ok(Plan {
            ports,
            widths,
            method: if exhaustive { Method::Exhaustive } else { Method::Sampled },
            vectors,
            sequence: if stateful { SEQUENCE } else { 0 },
            seed: options.seed,
            rows_per_chunk: rows,
            corners,
            families,
            ties,
            aim,
        })
    }

    /// Number of chunks.
    pub fn chunks(&self) -> u64 {
        self.vectors.div_ceil(self.rows_per_chunk as u64)
    }

    /// First row number of a chunk.
    pub fn first_row(&self, chunk: u64) -> u64 {
        chunk * self.rows_per_chunk as u64
    }

    /// Widths of the input ports in bits.
    pub fn widths(&self) -> &[u32] {
        &self.widths
    }

    /// The vectors of a chunk.
    pub fn chunk(&self, chunk: u64) -> Rows {
        let first = self.first_row(chunk);
        let n = (self.vectors - first).min(self.rows_per_chunk as u64) as usize;
        match self.method {
            Method::Exhaustive => self.count(first, n),
            Method::Sampled => self.sample(chunk, first, n),
        }
    }

    /// Row `r` holds the bits of `r`, the first port lowest.
    fn count(&self, first: u64, n: usize) -> Rows {
        let mut rows = Rows::zeros(&self.widths, n);
        let (stride, offsets): (usize, Vec<usize>) = (rows.stride(), (0..self.widths.len()).map(|c| rows.offset(c)).collect());
        for (i, row) in rows.words_mut().chunks_exact_mut(stride).enumerate() {
            let mut v = first + i as u64;
            for (offset, width) in offsets.iter().zip(&self.widths) {
                row[*offset] = v & ((1u64 << width) - 1);
                v >>= width;
            }
        }
        rows
    }

    fn sample(&self, chunk: u64, first: u64, n: usize) -> Rows {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(chunk + 1);
        let mut rows = Rows::zeros(&self.widths, n);
        let span = self.sequence.max(1);
        let mut at = 0;
        while at < n {
            let end = (at + span).min(n);
            let style = Style::draw(&mut rng);
            let (mut sum, mut place) = (Value::ZERO, self.aim.as_ref().map(|aim| aim.place(&mut rng)));
            for row in at..end {
                let number = first + row as u64;
                let corner = self.corners.get(number as usize);
                match corner {
                    Some(corner) => corner.iter().enumerate().for_each(|(c, v)| rows.set(row, c, v)),
                    None => self.row(&mut rng, &style, &mut rows, row, row == at),
                }
                if let (Some(aim), Some(place)) = (&self.aim, &mut place) {
                    // One place for a while: every shot comes nearer.
                    if rng.random_range(0..16) == 0 {
                        *place = aim.place(&mut rng);
                    }
                    let shoot = corner.is_none() && rng.random_range(0..12u32) < style.aimed;
                    self.aimed(&mut rng, aim, &mut sum, &mut rows, row, shoot.then_some(place));
                }
            }
            at = end;
        }
        rows
    }

    /// One sampled row; `fresh` marks the first cycle of a sequence.
    fn row(&self, rng: &mut ChaCha8Rng, style: &Style, rows: &mut Rows, row: usize, fresh: bool) {
        let repeat = !fresh && style.hold && rng.random_range(0..16) != 0;
        for (column, (port, family)) in self.ports.iter().zip(&self.families).enumerate() {
            match port.role {
                Role::Enable => put_lane(rows, row, column, 0, 1, u64::from(rng.random_range(0..100u32) >= style.stall)),
                Role::Clear => put_lane(rows, row, column, 0, 1, u64::from(rng.random_range(0..100u32) < style.clear)),
                Role::Operand if repeat => {
                    let previous = rows.get(row - 1, column);
                    rows.set(row, column, &previous);
                    if style.alternate {
                        // The negated product, often not quite: little is left of the sum.
                        let lane = port.bits / port.lanes.max(1);
                        for l in 0..port.lanes {
                            let mut code = lane_of(rows, row, column, l * lane, lane);
                            code = if column == 0 { family.negate(code) } else { code };
                            put_lane(rows, row, column, l * lane, lane, style.pass(family, nudged(rng, code)));
                        }
                    }
                }
                Role::Operand => match &self.ties {
                    Some(ties) if rng.random_range(0..3) == 0 => put_lane(rows, row, column, 0, port.bits, ties.draw(rng)),
                    _ => self.operand(rng, style, rows, row, column),
                },
                _ => {
                    for word in 0..port.bits.div_ceil(64) {
                        let bits = (port.bits - 64 * word).min(64);
                        put_lane(rows, row, column, 64 * word, bits, rng.random());
                    }
                }
            }
        }
    }

    /// Follows the sum; with a `place` to go to, replaces the second operand by one that is aimed there.
    fn aimed(&self, rng: &mut ChaCha8Rng, aim: &Aim, sum: &mut Value, rows: &mut Rows, row: usize, place: Option<&mut Exact>) {
        let control = |rows: &Rows, role: Role| {
            let column = self.ports.iter().position(|p| p.role == role);
            column.map(|c| lane_of(rows, row, c, 0, 1) == 1)
        };
        if control(rows, Role::Enable) == Some(false) {
            return;
        }
        if control(rows, Role::Clear) == Some(true) {
            *sum = Value::ZERO;
        }
        let (bits_a, bits_b) = (self.ports[0].bits, self.ports[1].bits);
        if let Some(place) = place {
            // Another first operand if this one is too coarse.
            for _ in 0..4 {
                let a = lane_of(rows, row, 0, 0, bits_a);
                if let Some(b) = aim.shot(place, sum, a) {
                    put_lane(rows, row, 1, 0, bits_b, nudged(rng, b));
                    break;
                }
                put_lane(rows, row, 0, 0, bits_a, self.families[0].draw(rng, Class::Any));
            }
        }
        let a = lane_of(rows, row, 0, 0, bits_a);
        *sum = aim.step(sum, a, lane_of(rows, row, 1, 0, bits_b));
    }

    fn operand(&self, rng: &mut ChaCha8Rng, style: &Style, rows: &mut Rows, row: usize, column: usize) {
        let (port, family) = (&self.ports[column], &self.families[column]);
        let lane = port.bits / port.lanes.max(1);
        // One class for the whole row most of the time, so that wide dot products meet rows that are all subnormal, all near the top, …
        let class = style.class.unwrap_or_else(|| Class::draw(rng));
        for l in 0..port.lanes {
            let class = if rng.random_range(0..4) == 0 { Class::draw(rng) } else { class };
            let mut code = family.draw(rng, class);
            // Cancellation: sometimes the negation of the lane before, with the other operand repeated below.
            if l > 0 && rng.random_range(0..8) == 0 {
                let before = lane_of(rows, row, column, (l - 1) * lane, lane);
                code = nudged(rng, if column == 0 { family.negate(before) } else { before });
            }
            put_lane(rows, row, column, l * lane, lane, style.pass(family, code));
        }
    }
}

/// How one sequence behaves.
struct Style {
    /// Percent of cycles without enable.
    stall: u32,
    /// Percent of cycles with clear.
    clear: u32,
    /// Operands mostly keep their value: long one-sided sums.
    hold: bool,
    /// Held operands change sign every cycle: cancellation.
    alternate: bool,
    /// Of 12 cycles, those with a product aimed at the sum.
    aimed: u32,
    /// One class of operands throughout, so that products and sums stay small, or large.
    class: Option<Class>,
    /// Numbers only: one NaN among many lanes or cycles would hide what the others do.
    finite: bool,
}

impl Style {
    fn draw(rng: &mut ChaCha8Rng) -> Style {
        let hold = rng.random_range(0..4) == 0;
        Style {
            stall: [0, 0, 25, 60][rng.random_range(0..4usize)],
            clear: [0, 2, 10, 40][rng.random_range(0..4usize)],
            hold,
            alternate: rng.random_range(0..2) == 0,
            aimed: if hold { 0 } else { [0, 2, 2, 11][rng.random_range(0..4usize)] },
            class: (rng.random_range(0..3) == 0).then(|| Class::draw(rng)),
            finite: rng.random_range(0..4) != 0,
        }
    }

    /// The code, or a number in its place.
    fn pass(&self, family: &Family, code: u64) -> u64 {
        if self.finite { family.number(code) } else { code }
    }
}

/// The code, or sometimes its neighbour.
fn nudged(rng: &mut ChaCha8Rng, code: u64) -> u64 {
    code ^ u64::from(rng.random_range(0..4) == 0)
}

/// `width` (at most 64) bits of a cell from bit `lo` up.
pub fn lane_of(rows: &Rows, row: usize, column: usize, lo: u32, width: u32) -> u64 {
    let cell = rows.cell(row, column);
    let (word, shift) = ((lo / 64) as usize, lo % 64);
    let mut value = cell[word] >> shift;
    if shift > 0 && word + 1 < cell.len() {
        value |= cell[word + 1] << (64 - shift);
    }
    if width >= 64 { value } else { value & ((1 << width) - 1) }
}

/// Writes `width` (at most 64) bits of a cell from bit `lo` up.
pub fn put_lane(rows: &mut Rows, row: usize, column: usize, lo: u32, width: u32, value: u64) {
    let base = row * rows.stride() + rows.offset(column);
    let mask = if width >= 64 { u64::MAX } else { (1 << width) - 1 };
    let value = value & mask;
    let (word, shift) = (base + (lo / 64) as usize, lo % 64);
    let words = rows.words_mut();
    words[word] = words[word] & !(mask << shift) | value << shift;
    if shift > 0 && shift + width > 64 {
        words[word + 1] = words[word + 1] & !(mask >> (64 - shift)) | value >> (64 - shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_cross_words() {
        let mut rows = Rows::zeros(&[160], 2);
        for lane in 0..13 {
            put_lane(&mut rows, 1, 0, 12 * lane, 12, 0xA00 + u64::from(lane));
        }
        for lane in 0..13 {
            assert_eq!(lane_of(&rows, 1, 0, 12 * lane, 12), 0xA00 + u64::from(lane));
        }
        assert!(rows.get(0, 0) == BigUint::default());
    }
}
