//! Rounding in plain integers: what the hardware is compared with.
use narrowgen::formats::*;
use narrowgen::golden::legal::legal;

/// Weight of the unit in which this file counts values: 2^-UNIT.
pub const UNIT: i32 = 24;

/// What a rounder makes of an exact magnitude between two neighbours: `above` the lower one, `gap` wide.
pub fn away(round: Round, n: u32, r: i128, negative: bool, odd: bool, above: i128, gap: i128) -> bool {
    if above == 0 {
        return false;
    }
    let floor = |bits: u32| (above << bits) / gap;
    let rest = |bits: u32| (above << bits) % gap;
    let full = 1i128 << n;
    let nearest = |to_odd: bool| {
        let up = match (2 * rest(n)).cmp(&gap) {
            std::cmp::Ordering::Equal => (floor(n) % 2 == 1) != to_odd,
            order => order == std::cmp::Ordering::Greater,
        };
        floor(n) + i128::from(up)
    };
    match round {
        Round::Rne => 2 * above > gap || (2 * above == gap && odd),
        Round::Rna => 2 * above >= gap,
        Round::Rtz => false,
        Round::Up => !negative,
        Round::Down => negative,
        Round::Odd => !odd,
        Round::Stochastic => floor(n) + r >= full,
        Round::StochasticRne => nearest(false) + r >= full,
        Round::StochasticOdd => nearest(true) + r >= full,
        Round::StochasticMid => floor(n + 1) + 2 * r + 1 >= 2 * full,
    }
}

/// The result code for ±`x` units, or `None` for zero whose sign `zero_negative` tells.
pub fn expected(format: &Format, rounding: &Rounding, r: i128, negative: bool, x: i128) -> u64 {
    let pick = |values: &dyn Fn(u64) -> i128, last: u64| -> u64 {
        // First code whose successor lies above x; `last + 1` is the step past the end.
        let mut low = 0;
        while low < last && values(low + 1) <= x {
            low += 1;
        }
        if x >= values(last + 1) {
            return last + 1;
        }
        let (at, next) = (values(low), values(low + 1));
        let odd = if rounding.ties == Ties::Up && rounding.round == Round::Rne { low > 0 } else { low % 2 == 1 };
        low + u64::from(away(rounding.round, rounding.random_bits, r, negative, odd, x - at, next - at))
    };
    match format {
        Format::Minifloat(f) => {
            let p = f.frac_bits;
            let value = |code: u64| {
                let (e, m) = (code >> p, code & ((1 << p) - 1));
                let units = if e == 0 { i128::from(m) } else { i128::from((1 << p) + m) << (e - 1) };
                units << (UNIT + 1 - f.bias - p as i32)
            };
            let ones = (1u64 << (f.exp_bits + p)) - 1;
            let (largest, infinity) = match f.special {
                Special::None | Special::Fnuz => (ones, None),
                Special::Ieee => (ones - (1 << p), Some(ones - (1 << p) + 1)),
                Special::Fn => (ones - 1, None),
                Special::P3109 { extended } => (ones - u64::from(extended), extended.then_some(ones)),
            };
            let sign_bit = 1u64 << (f.exp_bits + p);
            let code = pick(&value, largest);
            let toward_zero = match rounding.round {
                Round::Rtz | Round::Odd => true,
                Round::Up => negative,
                Round::Down => !negative,
                _ => false,
            };
            let minus_zero_is_nan = matches!(f.special, Special::Fnuz | Special::P3109 { .. });
            let magnitude = if code <= largest {
                if rounding.subnormals == Subnormals::Flush && code >> p == 0 { 0 } else { code }
            } else if rounding.overflow == Overflow::Saturate || toward_zero {
                largest
            } else {
                match infinity {
                    Some(infinity) => infinity,
                    None if minus_zero_is_nan => return sign_bit,
                    None => ones,
                }
            };
            if magnitude == 0 && minus_zero_is_nan { 0 } else { magnitude | if negative { sign_bit } else { 0 } }
        }
        Format::Int(f) => {
            let value = |code: u64| i128::from(code) << (UNIT + f.lsb_exp);
            let magnitude = i128::from(pick(&value, 1 << 20));
            let exact = if negative { -magnitude } else { magnitude };
            let half = 1i128 << (f.bits - 1);
            let (lo, hi) = match f.kind {
                IntKind::Unsigned => (0, 2 * half - 1),
                IntKind::Twos => (-half, half - 1),
                _ => (1 - half, half - 1),
            };
            let fitted = if rounding.overflow == Overflow::Wrap { exact } else { exact.clamp(lo, hi) };
            match f.kind {
                IntKind::SignMagnitude if fitted < 0 => (half - fitted) as u64,
                _ => (fitted & (2 * half - 1)) as u64,
            }
        }
        _ => unreachable!(),
    }
}

pub const MODES: [(Round, u32); 10] = [
    (Round::Rne, 0),
    (Round::Rna, 0),
    (Round::Rtz, 0),
    (Round::Up, 0),
    (Round::Down, 0),
    (Round::Odd, 0),
    (Round::Stochastic, 2),
    (Round::StochasticRne, 2),
    (Round::StochasticOdd, 1),
    (Round::StochasticMid, 2),
];

pub fn roundings(format: &Format) -> Vec<Rounding> {
    let mut all = Vec::new();
    for (round, random_bits) in MODES {
        for overflow in [Overflow::Saturate, Overflow::Nonfinite, Overflow::Wrap] {
            for subnormals in [Subnormals::Full, Subnormals::Flush] {
                for ties in [Ties::Code, Ties::Up] {
                    let rounding = Rounding { round, random_bits, overflow, subnormals, ties, nan: NanTo::Zero };
                    if legal(format, &rounding).is_ok() {
                        all.push(rounding);
                    }
                }
            }
        }
    }
    all
}

/// Sign and value in units of a finite minifloat code.
pub fn units(format: &Format, flush: bool, code: u64) -> Option<(bool, i128)> {
    let Format::Minifloat(f) = format else { unreachable!() };
    let p = f.frac_bits;
    let fields = f.exp_bits + p;
    let (negative, magnitude) = (code >> fields == 1, code & ((1 << fields) - 1));
    let ones = (1u64 << fields) - 1;
    let special = match f.special {
        Special::None => false,
        Special::Ieee => magnitude > ones - (1 << p),
        Special::Fn => magnitude == ones,
        Special::Fnuz => code == 1 << fields,
        Special::P3109 { extended } => code == 1 << fields || (extended && magnitude == ones),
    };
    let (e, m) = (magnitude >> p, magnitude & ((1 << p) - 1));
    let value = match e {
        0 if flush => 0,
        0 => i128::from(m),
        e => i128::from((1 << p) + m) << (e - 1),
    } << (UNIT + 1 - f.bias - p as i32);
    (!special).then_some((negative, if negative { -value } else { value }))
}
