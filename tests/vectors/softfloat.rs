//! IEEE arithmetic against Berkeley SoftFloat: products through `mul`, sums through `dot` (two lanes, as a tree) and
//! `mac`, fused products through `mac`, conversions through `convert`. An accumulator is loaded with c by a cycle with
//! `clear` that adds c × 1 to +0; for c = -0, except when rounding down, by one that adds a negative product so small
//! that it rounds to -0.
use crate::judge::*;
use crate::reader::*;
use num_bigint::BigUint;

/// SoftFloat's modes with ours.
const MODES: [(&str, &str); 5] = [("RNE", "rne"), ("RTZ", "rtz"), ("RD", "down"), ("RU", "up"), ("RNA", "rna")];

fn mode(word: &str) -> &'static str {
    MODES.iter().find(|m| m.0 == word).unwrap_or_else(|| panic!("mode {word}")).1
}

fn name(short: &str) -> &'static str {
    match short {
        "f16" => "fp16",
        "bf16" => "bf16",
        "f32" => "fp32",
        "i32" => "int32",
        other => panic!("{other}"),
    }
}

/// Facts about an IEEE format.
struct Ieee {
    fraction: u32,
    exponent: u32,
}

impl Ieee {
    fn of(name: &str) -> Ieee {
        match name {
            "fp16" => Ieee { fraction: 10, exponent: 5 },
            "bf16" => Ieee { fraction: 7, exponent: 8 },
            _ => Ieee { fraction: 23, exponent: 8 },
        }
    }
    fn sign(&self) -> u64 {
        1 << (self.fraction + self.exponent)
    }
    fn bias(&self) -> i64 {
        (1 << (self.exponent - 1)) - 1
    }
    fn one(&self) -> u64 {
        (self.bias() as u64) << self.fraction
    }
    /// Is the code infinite or NaN?
    fn special(&self, code: u64) -> bool {
        let top = ((1 << self.exponent) - 1) << self.fraction;
        code & top == top
    }
    /// Sign, significand and exponent of a finite code: ±m × 2^e.
    fn split(&self, code: u64) -> (u64, u64, i64) {
        let (field, fraction) = ((code & (self.sign() - 1)) >> self.fraction, code & ((1 << self.fraction) - 1));
        let significand = if field > 0 { fraction | 1 << self.fraction } else { fraction };
        (code & self.sign(), significand, field.max(1) as i64 - self.bias() - i64::from(self.fraction))
    }
    /// The code of n × 2^e, if there is one; n has at most 8 bits.
    fn code(&self, n: u64, e: i64) -> Option<u64> {
        if n == 0 {
            return Some(0);
        }
        // One exponent for all codes: that of the leading bit, or of the subnormals.
        let top = i64::from(63 - n.leading_zeros()) + e;
        let lowest = 1 - self.bias();
        let field = if top < lowest { 0 } else { top - lowest + 1 };
        let unit = top.max(lowest) - i64::from(self.fraction);
        if field >= (1 << self.exponent) - 1 || e < unit && n.trailing_zeros() < (unit - e) as u32 {
            return None;
        }
        let significand = if e >= unit { n << (e - unit) } else { n >> (unit - e) };
        Some(if field > 0 { (field as u64) << self.fraction | significand & ((1 << self.fraction) - 1) } else { significand })
    }
    /// Two codes whose product is n × 2^e, if there are any.
    fn factors(&self, n: u64, e: i64) -> Option<[u64; 2]> {
        (-170..=170).find_map(|share| Some([self.code(n, e - share)?, self.code(1, share)?]))
    }
}

fn cycle(a: u64, b: u64, clear: bool) -> [BigUint; 4] {
    codes([a, b, u64::from(clear), 1])
}

#[test]
fn arithmetic() {
    let mut judge = Judge::new("softfloat, arithmetic");
    for path in files("softfloat") {
        let stem = path.trim_start_matches("softfloat/").trim_end_matches(".csv.gz");
        if stem.starts_with("mixed_") || stem.contains("_to_") {
            continue;
        }
        let (short, operation) = stem.split_once('_').unwrap();
        let (f, ieee) = (name(short), Ieee::of(name(short)));
        let fused = operation.starts_with("mulAdd");
        let rows = csv(&path, if fused { "mode,a,b,c,out,flags" } else { "mode,a,b,out,flags" }, |row| {
            let round = mode(row[0]);
            let [a, b] = [1, 2].map(|i| hex(row[i]));
            let minus_zero_load = if round == "down" { [ieee.sign(), ieee.one()] } else { [ieee.sign() | 1, 1] };
            let load = |c: u64| if c == ieee.sign() { minus_zero_load } else { [c, ieee.one()] };
            let mut mac = |c: u64, a: u64, b: u64, want: &str| {
                let job = judge.job("mac", &[("a", f), ("b", f), ("acc", f), ("round", round)]);
                let [x, y] = load(c);
                job.cycle(&cycle(x, y, true));
                job.cycle(&cycle(a, b, false));
                job.state(Want::Code(hex(want)));
            };
            match operation {
                "mul" => judge
                    .job("mul", &[("a", f), ("b", f), ("out", f), ("round", round)])
                    .vector(&codes([a, b]), Want::Code(hex(row[3]))),
                "mulAdd" | "mulAdd_cancel" => mac(hex(row[3]), a, b, row[4]),
                "add" | "sub" => {
                    let factor = if operation == "sub" { ieee.sign() | ieee.one() } else { ieee.one() };
                    mac(a, b, factor, row[3]);
                    let params =
                        [("a", f), ("b", f), ("lanes", "2"), ("sum", "tree"), ("sum-format", f), ("out", f), ("round", round)];
                    let two = |x: u64, y: u64| BigUint::from(y << (ieee.fraction + ieee.exponent + 1) | x);
                    let lanes = [two(a, b), two(ieee.one(), factor)];
                    judge.job("dot", &params).vector(&lanes, Want::Code(hex(row[3])));
                }
                other => panic!("{other}"),
            }
        });
        judge.read(rows);
    }
    judge.finish(&Expected { rows: 126_379, compared: 168_979, verilator: (168_979, 168_979), left_out: &[] });
}

/// a·b + c with c wider than a and b.
#[test]
fn mixed() {
    let mut judge = Judge::new("softfloat, mixed");
    let wide = Ieee::of("fp32");
    for short in ["bf16", "f16"] {
        let (f, ieee) = (name(short), Ieee::of(name(short)));
        let path = format!("softfloat/mixed_{short}_{short}_f32_fma_rne.csv.gz");
        let rows = csv(&path, "a,b,c_f32,out_f32,flags,out_then_bf16,out_then_f16", |row| {
            let [a, b, c, out] = [0, 1, 2, 3].map(|i| hex(row[i]));
            // c as one factor of binary32, and b widened.
            let (sign, significand, exponent) = ieee.split(b);
            let widened = if ieee.special(b) {
                let fraction = b & ((1 << ieee.fraction) - 1);
                0x7f80_0000 | fraction << (23 - ieee.fraction)
            } else {
                u64::from(((significand as f64 * 2f64.powi(exponent as i32)) as f32).to_bits())
            };
            let widened = widened | if sign != 0 || b & ieee.sign() != 0 { wide.sign() } else { 0 };
            let job = judge.job("mac", &[("a", f), ("b", "fp32"), ("acc", "fp32")]);
            let [x, y] = if c == wide.sign() { [ieee.sign() | 1, 1] } else { [ieee.one(), c] };
            job.cycle(&cycle(x, y, true));
            job.cycle(&cycle(a, widened, false));
            job.state(Want::Code(out));
            // c as a sum of three products of the narrow format, where it has the range.
            if let Some(loads) = parts(&ieee, &wide, c) {
                let job = judge.job("mac", &[("a", f), ("b", f), ("acc", "fp32")]);
                loads.iter().enumerate().for_each(|(i, [x, y])| job.cycle(&cycle(*x, *y, i == 0)));
                job.cycle(&cycle(a, b, false));
                job.state(Want::Code(out));
            }
            for (at, to) in [(5, "bf16"), (6, "fp16")] {
                let job = judge.job("convert", &[("from", "fp32"), ("to", to), ("nan-sign", "positive")]);
                job.vector(&codes([out]), Want::Code(hex(row[at])));
            }
        });
        judge.read(rows);
    }
    judge.finish(&Expected { rows: 12_000, compared: 45_398, verilator: (45_398, 45_398), left_out: &[] });
}

/// Products of the narrow format that add up to c without rounding, the largest first.
fn parts(narrow: &Ieee, wide: &Ieee, c: u64) -> Option<Vec<[u64; 2]>> {
    if c == wide.sign() {
        // The smallest product must round to zero in the wide format.
        return (narrow.exponent == wide.exponent).then(|| vec![[narrow.sign() | 1, 1]]);
    }
    if wide.special(c) {
        let top = ((1 << narrow.exponent) - 1) << narrow.fraction;
        let quiet = if c & 0x7f_ffff != 0 { 1 << (narrow.fraction - 1) } else { 0 };
        return Some(vec![[if c & wide.sign() != 0 { narrow.sign() } else { 0 } | top | quiet, narrow.one()]]);
    }
    let (sign, significand, exponent) = wide.split(c);
    let sign = if sign != 0 { narrow.sign() } else { 0 };
    let part = |i: u32| {
        let n = significand >> (8 * i) & 0xff;
        (n > 0).then(|| narrow.factors(n, exponent + i64::from(8 * i)).map(|[x, y]| [x | sign, y]))
    };
    let found: Option<Vec<[u64; 2]>> = [2, 1, 0].into_iter().filter_map(part).collect();
    found.map(|all| if all.is_empty() { vec![[0, 0]] } else { all })
}

#[test]
fn conversions() {
    let mut judge = Judge::new("softfloat, conversions");
    for path in files("softfloat") {
        let stem = path.trim_start_matches("softfloat/").trim_end_matches(".csv.gz");
        let Some((from, to)) = stem.split_once("_to_") else { continue };
        let rows = csv(&path, "mode,a,out,flags", |row| {
            if from == "f64" {
                return judge.leave_out("binary64 is wider than any format of ours");
            }
            let params = [("from", name(from)), ("to", name(to)), ("round", mode(row[0])), ("nan-sign", "positive")];
            judge.job("convert", &params).vector(&codes([hex(row[1])]), Want::Code(hex(row[2])));
        });
        judge.read(rows);
    }
    judge.finish(&Expected {
        rows: 10_312,
        compared: 7175,
        verilator: (7175, 7175),
        left_out: &[("binary64 is wider than any format of ours", 3137)],
    });
}
