//! The units that are short enough, by kind.
use super::MOST;
use narrowgen::hdl::arch::{Function, Kind, Magnitudes, Quotient, Scaled, Square, Sum, Unit};
use narrowgen::hdl::bits::Bits;
use narrowgen::hdl::ir::Table;
use narrowgen::hdl::random::Stream;

/// Units of one kind.
pub struct Group {
    /// As its lines in the file are called.
    pub name: &'static str,
    /// Which ones.
    pub range: &'static str,
    pub units: Vec<Unit>,
}

/// All of them.
pub fn groups() -> Result<Vec<Group>, String> {
    let group = |name, range, units| Group { name, range, units };
    let all = vec![
        group("product", "1..12 x 1..12 bits in every mix of signs", products()),
        group("square", "1..24 bits signed and unsigned", squares()),
        group(
            "accumulate",
            "a + b + width <= 22 bits in every mix of signs; width 1 or a + b - 1 or a + b or a + b + 1 or a + b + 3 or 19 - a - b; \
             6 x 6 and 1 x 11 and 9 x 3 bits to 12",
            sums_with_a_product(),
        ),
        group(
            "dot",
            "2..4 lanes of a x b bits that are 22 or fewer together (24 if a = b) in every mix of signs; width a + b - 1 or a + b or a + b + 2",
            dots(),
        ),
        group(
            "sum",
            "lists of 2..24 equal terms of 1..8 bits and 300 mixed lists of 3..8 terms; 24 bits or fewer together",
            lists(),
        ),
        group("shift", "1..12 bits by 1..6 bits; width a + 1 or a + 3 or a + 2^b - 1 or a + 2^b", shifts()),
        group(
            "shift_add",
            "1..6 bits by 1..3 bits and a sum; 24 bits or fewer together; 5 numbers of bits dropped",
            shift_adds(),
        ),
        group("lanes", "5..8 bits by 3..5 bits; 0..5 or 7 less; 6 widths from a + 1 to 44", lanes()),
        group("any", "1..24 bits", (1..=MOST).map(|bits| Unit::Any { bits }).collect()),
        group("coded", "products of 7 number formats; 1..3 lanes; with and without a base", coded()?),
        group(
            "scaled",
            "12 bits by -1100..1100 but 0; 1..13 bits by 64 numbers around powers of two; 24 bits by 8 numbers",
            multiples(),
        ),
        group(
            "quotient",
            "1..16 bits by 2..300 where that is no shift and not always 0; 20 and 24 bits by 16 divisors",
            quotients(),
        ),
        group("function", "all of 2 and 3 inputs and 1 bit; 480 random ones of 4..8 inputs and 1..8 bits", functions()),
    ];
    match all.iter().find(|g| g.units.is_empty()) {
        Some(empty) => Err(format!("{}: no units", empty.name)),
        None => Ok(all),
    }
}

fn kinds(bits: impl IntoIterator<Item = u32>) -> Vec<Kind> {
    bits.into_iter().flat_map(|bits| [false, true].map(|signed| Kind { bits, signed })).collect()
}

fn pairs(most: u32) -> impl Iterator<Item = (Kind, Kind)> {
    kinds(1..=most).into_iter().flat_map(move |a| kinds(1..=most).into_iter().map(move |b| (a, b)))
}

/// What is there once only, in order.
fn distinct(mut all: Vec<u32>) -> Vec<u32> {
    all.sort_unstable();
    all.dedup();
    all
}

fn products() -> Vec<Unit> {
    pairs(12).map(|(a, b)| Unit::Product { a, b }).collect()
}

fn squares() -> Vec<Unit> {
    kinds(1..=MOST).into_iter().map(|a| Square { a }.into()).collect()
}

fn sums_with_a_product() -> Vec<Unit> {
    let mut all = Vec::new();
    for (a, b) in pairs(20) {
        let bits = a.bits + b.bits;
        let widths = [1, bits - 1, bits, bits + 1, bits + 3, 19u32.saturating_sub(bits)];
        let widths = distinct(widths.into_iter().filter(|w| *w > 0 && bits + w <= 22).collect());
        all.extend(widths.into_iter().map(|width| Unit::Accumulate { a, b, width }));
        if [(6, 6), (1, 11), (9, 3)].contains(&(a.bits, b.bits)) {
            all.push(Unit::Accumulate { a, b, width: MOST - bits });
        }
    }
    all
}

fn dots() -> Vec<Unit> {
    let mut all = Vec::new();
    for (a, b) in pairs(11) {
        let bits = a.bits + b.bits;
        for lanes in (2..=4).filter(|lanes| lanes * bits <= 22 || a.bits == b.bits && lanes * bits <= MOST) {
            all.extend([bits - 1, bits, bits + 2].map(|width| Unit::Dot { a, b, lanes, width }));
        }
    }
    all
}

fn lists() -> Vec<Unit> {
    let mut all: Vec<Unit> = Vec::new();
    for kind in kinds(1..=8) {
        for count in 2..=MOST / kind.bits {
            for width in [kind.bits, kind.bits + 2, kind.bits + 5] {
                all.push(Sum { terms: vec![kind; count as usize], width }.into());
            }
        }
    }
    let mut stream = Stream(7);
    let mut below = |n: u64| (stream.next() % n) as u32;
    for _ in 0..300 {
        let count = 3 + below(6);
        let terms: Vec<Kind> =
            (0..count).map(|_| Kind { bits: 1 + below(24 / u64::from(count)), signed: below(2) == 1 }).collect();
        let longest = terms.iter().map(|t| t.bits).max().unwrap_or(1);
        all.push(Sum { terms, width: longest + below(6) }.into());
    }
    all
}

fn plain(bits: u32) -> Kind {
    Kind { bits, signed: false }
}

fn shifts() -> Vec<Unit> {
    let mut all = Vec::new();
    for a in 1..=12 {
        for b in 1..=6 {
            let widths = distinct(vec![a + 1, a + 3, a + (1 << b) - 1, a + (1 << b)]);
            all.extend(widths.into_iter().map(|width| Unit::Shift { a: plain(a), b: plain(b), width }));
        }
    }
    all
}

fn shift_adds() -> Vec<Unit> {
    let mut all = Vec::new();
    for a in 1..=6 {
        for b in 1..=3 {
            for from in [a + (1 << b), a + (1 << b) + 2] {
                for drop in distinct(vec![0, 1, 2, from / 2, from - 1]).into_iter().filter(|d| *d < from) {
                    let widths = [0, 1, 4].map(|more| from - drop + more).into_iter().filter(|w| a + b + 1 + w <= MOST);
                    all.extend(widths.map(|width| Unit::ShiftAdd { a: plain(a), b: plain(b), from, drop, width }));
                }
            }
        }
    }
    all
}

fn lanes() -> Vec<Unit> {
    let mut all = Vec::new();
    for a in 5..=8 {
        for b in 3..=5 {
            for drop in [0, 1, 2, 3, 4, 5, 7] {
                for width in distinct(vec![a + 1, a + 6, a + 7, 28, 37, 44]) {
                    all.push(Unit::Lanes { a: plain(a), b: plain(b), drop, width });
                }
            }
        }
    }
    all
}

/// Magnitudes of products of floating-point numbers, in units of the smallest.
fn floats(exp_bits: u32, frac_bits: u32) -> Option<Magnitudes> {
    let number = |code: u32| match (code >> frac_bits, code & ((1 << frac_bits) - 1)) {
        (0, frac) => frac,
        (exp, frac) => (frac + (1 << frac_bits)) << (exp - 1),
    };
    let all = 1 << (exp_bits + frac_bits);
    Magnitudes::new((0..all * all).map(|i| number(i / all) * number(i % all)).collect())
}

fn coded() -> Result<Vec<Unit>, String> {
    let mut all = Vec::new();
    for (exp, frac) in [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)] {
        let table = floats(exp, frac).ok_or_else(|| format!("no codes for products of e{exp}m{frac}"))?;
        let (bits, address) = (table.bits(), table.address_bits());
        let unit = |lanes, base, width| Unit::Coded { table: table.clone(), lanes, base, width };
        for lanes in 1..=3 {
            all.extend(
                distinct(vec![1, bits.max(2) - 1, bits, bits + 1, bits + 2, bits + 5]).into_iter().map(|w| unit(lanes, false, w)),
            );
        }
        let widths = distinct(vec![1, bits, bits + 1, bits + 5]).into_iter().filter(|w| address + 1 + w <= MOST);
        all.extend(widths.map(|w| unit(1, true, w)));
    }
    Ok(all)
}

fn multiples() -> Vec<Unit> {
    let mut all = Vec::new();
    let mut add = |a: Kind, by: i64| all.push(Unit::from(Scaled { a, by: by.into() }));
    for a in kinds([12]) {
        (1..=1100).flat_map(|by| [by, -by]).for_each(|by| add(a, by));
    }
    for a in kinds(1..=13) {
        for power in [1, 2, 3, 6, 7, 11, 12, 20] {
            (-2..2).flat_map(|less| [(1 << power) - less, less - (1 << power)]).filter(|by| *by != 0).for_each(|by| add(a, by));
        }
    }
    for a in kinds([MOST]) {
        [1, -1, 3, -10, 107, 40503, 0x5a82_7999, -0x1234_5678_9abc].into_iter().for_each(|by| add(a, by));
    }
    all
}

fn quotients() -> Vec<Unit> {
    let short = (1..=16).flat_map(|bits| (2..=300).map(move |by| (bits, by)));
    let long = [3, 5, 6, 7, 9, 10, 11, 12, 13, 25, 60, 100, 255, 641, 1000, 65535];
    let long = [20, MOST].into_iter().flat_map(|bits| long.map(|by| (bits, by)));
    short.chain(long).filter_map(|(bits, by)| Some(Quotient::by(bits, by)?.into())).collect()
}

/// The function of a table, if it is one.
fn function(inputs: u32, width: u32, value: impl FnMut(u32) -> u64) -> Option<Unit> {
    let values = (0..1 << inputs).map(value).map(|v| Bits::small(width, v & ((1 << width) - 1))).collect();
    Function::new(&Table { name: "t".into(), width, values }, inputs).map(Unit::from)
}

fn functions() -> Vec<Unit> {
    let small = (2..=3).flat_map(|n| (0..1u64 << (1 << n)).filter_map(move |table| function(n, 1, |i| table >> i & 1)));
    let mut stream = Stream(11);
    let random = (0..480).filter_map(|number| {
        let (inputs, width) = (4 + number % 5, 1 + number / 5 % 8);
        // As likely as not, few or many ones.
        function(inputs, width, |_| match number % 3 {
            0 => stream.next(),
            1 => stream.next() & stream.next() & stream.next(),
            _ => stream.next() | stream.next() | stream.next(),
        })
    });
    small.chain(random).collect()
}
