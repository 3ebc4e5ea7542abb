//! Rows to check a stream with: the lengths 1, 8, 64, 197, the longest and random ones, cut into runs.
use super::{Runs, Shape};
use crate::blocks::{Configured, Port, Role};
use crate::flow::codes::{Class, Family};
use crate::flow::stimulus::{Options, put_lane};
use crate::golden::format::Format;
use crate::hdl::rows::Rows;
use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Lengths that are always among those tried.
pub const LENGTHS: [u32; 4] = [1, 8, 64, 197];
/// Tokens of a run, about.
const RUN: usize = 1024;
/// Tokens of a batch, about.
const BATCH: usize = 1 << 18;

/// The rows of one check, batch by batch; a batch is a pure function of the plan and its number.
pub struct Plan {
    shape: Shape,
    families: Vec<Family>,
    corners: Vec<Vec<BigUint>>,
    /// Rows in all.
    pub rows: u64,
    /// Rows of one batch.
    per_batch: u64,
    per_run: u64,
    /// Seed of everything random.
    pub seed: u64,
}

impl Plan {
    /// A plan for a block.
    pub fn new(block: &dyn Configured, shape: &Shape, options: &Options) -> Result<Plan, String> {
        if options.exhaustive {
            return Err("a block that takes rows has no finite set of inputs to exhaust; leave --exhaustive out".into());
        }
        if options.vectors == 0 {
            return Err("0 rows would check nothing; ask for at least 1".into());
        }
        let families = shape.inputs.iter().map(|p| Family::new(p.format.as_ref(), p.bits / p.lanes.max(1))).collect();
        let longest = shape.rows.tokens(shape.rows.longest) as u64;
        // The average of the lengths below.
        let average = (longest / 16 + 24).min(longest).max(1);
        let per_run = (RUN as u64 / average).max(1);
        let runs = (BATCH as u64 / (per_run * average)).clamp(8, 512);
        let per_batch = (per_run * runs).min(options.vectors);
        Ok(Plan {
            shape: shape.clone(),
            families,
            corners: block.corners(),
            rows: options.vectors,
            per_batch,
            per_run,
            seed: options.seed,
        })
    }

    /// Number of batches.
    pub fn batches(&self) -> u64 {
        self.rows.div_ceil(self.per_batch)
    }

    /// Rows up to the end of a batch.
    pub fn rows_to(&self, batch: u64) -> u64 {
        (batch * self.per_batch).min(self.rows)
    }

    /// The runs of a batch, with what must come of them.
    pub fn batch(&self, block: &dyn Configured, batch: u64) -> Runs {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(batch + 1);
        let mut tokens = Rows::new(&self.shape.inputs.iter().map(|p| p.bits).collect::<Vec<_>>());
        let mut runs = Vec::new();
        let mut start = 0;
        if batch == 0 && !self.corners.is_empty() {
            self.corners.iter().for_each(|token| tokens.push(token));
            runs.push(0..tokens.len());
            start = tokens.len();
        }
        let rows = self.rows_to(batch + 1) - self.rows_to(batch);
        for row in 0..rows {
            let length = self.length(&mut rng, if batch == 0 { row as usize } else { usize::MAX });
            self.row(&mut rng, length, &mut tokens);
            let long = tokens.len() - start >= 2 * RUN;
            if (row + 1) % self.per_run == 0 || long || row + 1 == rows {
                runs.push(start..tokens.len());
                start = tokens.len();
            }
        }
        Runs::new(block.golden().as_mut(), &self.shape, tokens, runs)
    }

    /// Elements of a row; the first rows have each of the lengths that must be tried.
    fn length(&self, rng: &mut ChaCha8Rng, row: usize) -> u32 {
        let (low, high) = (self.shape.rows.shortest, self.shape.rows.longest);
        let length = match LENGTHS.get(row) {
            Some(length) => *length,
            None if row == LENGTHS.len() => high,
            None => match rng.random_range(0..100) {
                0..20 => 1,
                20..45 => 8,
                45..50 => 64,
                50..52 => 197,
                52..54 => high,
                54..60 => rng.random_range(low..=high),
                // Of every order of magnitude.
                _ => {
                    let bits = rng.random_range(0..=high.ilog2());
                    rng.random_range(1..=(2u32 << bits).min(high))
                }
            },
        };
        length.clamp(low, high)
    }

    fn row(&self, rng: &mut ChaCha8Rng, length: u32, tokens: &mut Rows) {
        let first = tokens.len();
        let count = self.shape.rows.tokens(length) as usize;
        let fresh = vec![BigUint::ZERO; self.shape.inputs.len()];
        (0..count).for_each(|_| tokens.push(&fresh));
        // Holes in one row of eight.
        let holes = rng.random_range(0..8) == 0;
        for (column, port) in self.shape.inputs.iter().enumerate() {
            let style = Style::draw(rng, port);
            let lanes = port.lanes.max(1);
            let width = port.bits / lanes;
            let mut before = 0;
            for token in 0..count {
                for lane in 0..lanes {
                    let code = match port.role {
                        Role::Last => u64::from(token + 1 == count),
                        Role::Mask => {
                            let element = token as u32 * lanes + lane < length;
                            u64::from(element && !(holes && rng.random_range(0..3) == 0))
                        }
                        _ => style.code(rng, &self.families[column], before),
                    };
                    before = code;
                    // Wider lanes are filled word by word.
                    for low in (0..width).step_by(64) {
                        let bits = (width - low).min(64);
                        let code = if low == 0 { code } else { rng.random() };
                        put_lane(tokens, first + token, column, lane * width + low, bits, code);
                    }
                }
            }
        }
    }
}

/// How the codes of one port behave along one row.
struct Style {
    class: Option<Class>,
    /// Two's complement lanes: sign bit, and whether it is forced.
    sign: Option<(u64, bool)>,
    /// Mostly repeats the code before.
    hold: bool,
    /// Neighbouring codes only.
    near: Option<u64>,
}

impl Style {
    fn draw(rng: &mut ChaCha8Rng, port: &Port) -> Style {
        let width = port.bits / port.lanes.max(1);
        let signed = matches!(port.format, Some(Format::Int(_))) && width <= 64;
        let near = rng.random_range(0..5) == 0;
        Style {
            class: (rng.random_range(0..3) == 0).then(|| Class::draw(rng)),
            sign: (signed && rng.random_range(0..4) == 0).then(|| (1 << (width - 1), rng.random())),
            hold: rng.random_range(0..6) == 0,
            near: near.then(|| rng.random()),
        }
    }

    fn code(&self, rng: &mut ChaCha8Rng, family: &Family, before: u64) -> u64 {
        if self.hold && rng.random_range(0..8) != 0 {
            return before;
        }
        let code = match (self.near, self.class) {
            (Some(base), _) if rng.random_range(0..16) != 0 => base.wrapping_add(rng.random_range(0..8)),
            (_, class) => family.draw(rng, class.unwrap_or(Class::Any)),
        };
        match self.sign {
            Some((bit, true)) => code | bit,
            Some((bit, false)) => code & !bit,
            None => code,
        }
    }
}
