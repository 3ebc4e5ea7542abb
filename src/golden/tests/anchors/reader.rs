//! Reading the vectors, comparing and counting.
use flate2::read::GzDecoder;
use narrowgen_golden::decode::decode_word;
use narrowgen_golden::exact::Exact;
use narrowgen_golden::format::Format;
use narrowgen_golden::names;
use narrowgen_golden::policy::{NanTo, Overflow, Rounding, Subnormals};
use narrowgen_golden::round::Rounder;
use narrowgen_golden::value::Value;
use num_bigint::BigInt;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// `testbenches/reference`, also for the tests of the root package, which use this file.
pub fn root() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = package.ancestors().map(|dir| dir.join("testbenches/reference")).find(|dir| dir.is_dir());
    found.unwrap_or_else(|| panic!("no testbenches/reference above {}", package.display()))
}

/// The text of a compressed file.
pub fn text(path: &str) -> String {
    let path = root().join(path);
    let file = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}

/// The names of the files of a set, sorted.
pub fn files(set: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join(set))
        .unwrap()
        .map(|e| format!("{set}/{}", e.unwrap().file_name().into_string().unwrap()))
        .filter(|n| n.ends_with(".gz"))
        .collect();
    names.sort();
    names
}

/// Calls `each` with every row of a CSV file, whose columns must be as given; returns the number of rows.
pub fn csv(path: &str, columns: &str, mut each: impl FnMut(&[&str])) -> usize {
    let text = text(path);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(columns), "{path}: columns");
    let width = columns.split(',').count();
    let mut rows = 0;
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), width, "{path}: {line}");
        each(&cells);
        rows += 1;
    }
    rows
}

/// A hexadecimal pattern.
pub fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// A C hexadecimal float, `nan`, `inf` or `-inf`.
pub fn hexfloat(text: &str) -> Value {
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches('-');
    match digits {
        "nan" => return Value::Nan { negative },
        "inf" => return Value::Infinite { negative },
        _ => {}
    }
    let (mantissa, exponent) = digits.strip_prefix("0x").unwrap().split_once('p').unwrap();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let magnitude = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 16).unwrap();
    let exact = Exact::new(magnitude, exponent.parse::<i64>().unwrap() - 4 * fraction.len() as i64);
    Value::number(if negative { -&exact } else { exact }, negative)
}

/// A format by name, parsed once.
#[derive(Default)]
pub struct Formats(BTreeMap<String, Format>);

impl Formats {
    pub fn get(&mut self, name: &str) -> Format {
        self.0.entry(name.to_string()).or_insert_with(|| names::parse(name).unwrap_or_else(|e| panic!("{e}"))).clone()
    }
}

/// Rounders by key, made once.
#[derive(Default)]
pub struct Rounders(BTreeMap<String, Rounder>);

impl Rounders {
    pub fn get(&mut self, key: String, make: impl FnOnce() -> (Format, Rounding)) -> &Rounder {
        self.0.entry(key).or_insert_with_key(|key| {
            let (format, rounding) = make();
            Rounder::new(&format, rounding).unwrap_or_else(|e| panic!("{key}: {e}"))
        })
    }
}

/// The value of a code.
pub fn value(format: &Format, code: u64) -> Value {
    decode_word(format, Subnormals::Full, code)
}

/// What ml_dtypes does on overflow and NaN: infinity, else NaN, else the largest number; NaN to the opposite zero.
pub fn ml_dtypes(format: &Format) -> Rounding {
    let nonfinite = format.has_infinity() || format.has_nan();
    let nan = if nonfinite { NanTo::Zero } else { NanTo::FlipZero };
    Rounding { nan, ..Rounding::nearest(if nonfinite { Overflow::Nonfinite } else { Overflow::Saturate }) }
}

/// Counts agreement and keeps the first differences.
#[derive(Default)]
pub struct Score {
    pub rows: usize,
    pub differences: Vec<String>,
    counts: BTreeMap<String, usize>,
}

impl Score {
    /// One comparison; `what` describes it if it fails.
    pub fn check(&mut self, equal: bool, what: impl FnOnce() -> String) {
        self.rows += 1;
        if !equal {
            self.differences.push(what());
        }
    }

    /// Counts a class of rows by name.
    pub fn count(&mut self, class: &str) {
        *self.counts.entry(class.to_string()).or_default() += 1;
    }

    /// Every comparison must agree and there must be exactly `expected` of them.
    pub fn finish(self, set: &str, expected: usize, counts: &[(&str, usize)]) {
        println!("{set}: {} comparisons, {} differ; {:?}", self.rows, self.differences.len(), self.counts);
        let shown = self.differences.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.differences.is_empty(), "{set}: {} of {} differ\n{shown}", self.differences.len(), self.rows);
        assert_eq!(self.rows, expected, "{set}: number of comparisons");
        let counts: BTreeMap<String, usize> = counts.iter().map(|&(name, n)| (name.to_string(), n)).collect();
        assert_eq!(self.counts, counts, "{set}: counts of classes");
    }
}

/// Equal codes, or two NaNs where NaNs are one class.
pub fn same(format: &Format, nans_are_one: bool, got: u64, want: u64) -> bool {
    got == want || nans_are_one && value(format, got).is_nan() && value(format, want).is_nan()
}
