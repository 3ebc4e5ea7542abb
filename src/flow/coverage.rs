//! What a set of vectors has met: classes of values per port, and distinct codes where they can be counted.
use crate::blocks::Port;
use crate::flow::stimulus::lane_of;
use crate::golden::decode::decode;
use crate::golden::format::Format;
use crate::golden::value::Value;
use crate::hdl::rows::Rows;
use num_bigint::BigUint;
use serde::Serialize;

/// Lane widths up to which distinct codes are counted.
const COUNTED_BITS: u32 = 16;

/// Classes met on one port, over all lanes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PortCoverage {
    /// Port name.
    pub port: String,
    /// Distinct codes of one lane met; absent for wide lanes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes: Option<u64>,
    /// Codes that one lane has; absent for wide lanes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// Zeros met.
    pub zero: u64,
    /// Subnormal values met (exponent field 0).
    pub subnormal: u64,
    /// Other finite values met.
    pub normal: u64,
    /// Infinities met.
    pub infinite: u64,
    /// NaNs met.
    pub nan: u64,
}

/// Gathers coverage of some ports; gatherers of several threads can be merged.
#[derive(Clone)]
pub struct Gatherer {
    ports: Vec<Watched>,
}

#[derive(Clone)]
struct Watched {
    cover: PortCoverage,
    /// Bits of a lane.
    lane: u32,
    lanes: u32,
    format: Option<Format>,
    /// One bit per code met; empty for wide lanes.
    seen: Vec<u64>,
}

impl Gatherer {
    /// For the given ports (all of one direction, in order).
    pub fn new(ports: &[Port]) -> Self {
        let of = |p: &Port| {
            let lane = p.bits / p.lanes.max(1);
            let counted = lane <= COUNTED_BITS;
            let seen = if counted { vec![0; (1usize << lane).div_ceil(64)] } else { Vec::new() };
            let cover = PortCoverage {
                port: p.name.to_string(),
                codes: counted.then_some(0),
                of: counted.then_some(1 << lane),
                ..PortCoverage::default()
            };
            Watched { cover, lane, lanes: p.lanes.max(1), format: p.format.clone(), seen }
        };
        Gatherer { ports: ports.iter().map(of).collect() }
    }

    /// Adds every row of a table whose columns are the ports.
    pub fn add(&mut self, rows: &Rows) {
        for (column, Watched { cover, lane, lanes, format, seen }) in self.ports.iter_mut().enumerate() {
            let mut histogram = vec![0u64; if seen.is_empty() { 0 } else { 1 << *lane }];
            for row in 0..rows.len() {
                for l in 0..*lanes {
                    if *lane > 64 {
                        cover.count(format.as_ref(), &rows.get(row, column), 1);
                        continue;
                    }
                    let code = lane_of(rows, row, column, l * *lane, *lane);
                    match histogram.get_mut(code as usize) {
                        Some(n) => *n += 1,
                        None => cover.count(format.as_ref(), &BigUint::from(code), 1),
                    }
                }
            }
            for (code, n) in histogram.into_iter().enumerate().filter(|(_, n)| *n > 0) {
                seen[code / 64] |= 1 << (code % 64);
                cover.count(format.as_ref(), &BigUint::from(code), n);
            }
        }
    }

    /// Adds what another gatherer of the same ports met.
    pub fn merge(&mut self, other: &Gatherer) {
        for (mine, theirs) in self.ports.iter_mut().zip(&other.ports) {
            let (a, b) = (&mut mine.cover, &theirs.cover);
            a.zero += b.zero;
            a.subnormal += b.subnormal;
            a.normal += b.normal;
            a.infinite += b.infinite;
            a.nan += b.nan;
            mine.seen.iter_mut().zip(&theirs.seen).for_each(|(x, y)| *x |= y);
        }
    }

    /// The result, port by port.
    pub fn finish(self) -> Vec<PortCoverage> {
        self.ports
            .into_iter()
            .map(|Watched { mut cover, seen, .. }| {
                if cover.codes.is_some() {
                    cover.codes = Some(seen.iter().map(|w| u64::from(w.count_ones())).sum());
                }
                cover
            })
            .collect()
    }
}

impl PortCoverage {
    fn count(&mut self, format: Option<&Format>, code: &BigUint, n: u64) {
        let Some(format) = format else {
            let slot = if *code == BigUint::default() { &mut self.zero } else { &mut self.normal };
            *slot += n;
            return;
        };
        let subnormal = |f: &Format| match f {
            Format::Minifloat(m) => (code >> m.frac_bits) & BigUint::from((1u32 << m.exp_bits) - 1) == BigUint::default(),
            _ => false,
        };
        let slot = match decode(format, code) {
            Value::Zero { .. } => &mut self.zero,
            Value::Infinite { .. } => &mut self.infinite,
            Value::Nan { .. } => &mut self.nan,
            Value::Finite(_) if subnormal(format) => &mut self.subnormal,
            Value::Finite(_) => &mut self.normal,
        };
        *slot += n;
    }

    /// One short phrase, e.g. `a: 256/256 codes, 14 subnormal, 2 nan`.
    pub fn phrase(&self) -> String {
        let mut parts = Vec::new();
        if let (Some(codes), Some(of)) = (self.codes, self.of) {
            parts.push(format!("{codes}/{of} codes"));
        }
        for (n, word) in [
            (self.zero, "zero"),
            (self.subnormal, "subnormal"),
            (self.normal, "normal"),
            (self.infinite, "inf"),
            (self.nan, "nan"),
        ] {
            if n > 0 {
                parts.push(format!("{n} {word}"));
            }
        }
        format!("{}: {}", self.port, parts.join(", "))
    }
}
