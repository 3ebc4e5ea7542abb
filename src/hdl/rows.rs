//! [`Rows`]: test vectors and results as a dense table of codes, the common currency of
//! stimulus, golden models, the native simulator and the Verilator runner.
use num_bigint::BigUint;

/// A table of unsigned codes: one row per vector (or clock cycle), one column per port.
/// A column of `bits` bits takes `ceil(bits / 64)` little-endian words in every row; the
/// unused high bits of its last word are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    widths: Vec<u32>,
    offsets: Vec<usize>,
    stride: usize,
    /// Rows; kept because a table without columns has rows too.
    len: usize,
    data: Vec<u64>,
}

/// Words needed for `bits` bits.
pub fn words_for(bits: u32) -> usize {
    bits.div_ceil(64) as usize
}

impl Rows {
    /// An empty table with columns of these widths (bits).
    pub fn new(widths: &[u32]) -> Self {
        let mut offsets = Vec::with_capacity(widths.len());
        let mut stride = 0;
        for &w in widths {
            offsets.push(stride);
            stride += words_for(w);
        }
        Rows { widths: widths.to_vec(), offsets, stride, len: 0, data: Vec::new() }
    }

    /// A table of `n` rows, all zero.
    pub fn zeros(widths: &[u32], n: usize) -> Self {
        let mut rows = Self::new(widths);
        rows.len = n;
        rows.data = vec![0; n * rows.stride];
        rows
    }

    /// A table from raw words, row after row; `data.len()` must be a multiple of the stride.
    pub fn from_words(widths: &[u32], data: Vec<u64>) -> Self {
        let mut rows = Self::new(widths);
        assert!(data.is_empty() || data.len().checked_rem(rows.stride) == Some(0), "internal error: ragged rows");
        rows.len = data.len() / rows.stride.max(1);
        rows.data = data;
        rows
    }

    /// Row `r` of `first..first + n` holds the bits of the number `r`, column 0 in the low bits:
    /// `2^bits` rows from 0 on are all codes, each once.
    pub fn counting(widths: &[u32], first: u64, n: usize) -> Self {
        let mut rows = Self::zeros(widths, n);
        for r in 0..n {
            let mut at = 0;
            for (column, &bits) in widths.iter().enumerate() {
                let code = if at < 64 { (first + r as u64) >> at } else { 0 };
                let cell = r * rows.stride + rows.offsets[column];
                rows.data[cell] = if bits >= 64 { code } else { code & ((1 << bits) - 1) };
                at += bits;
            }
        }
        rows
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Column widths in bits.
    pub fn widths(&self) -> &[u32] {
        &self.widths
    }

    /// Words per row.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// First word of a column inside a row.
    pub fn offset(&self, column: usize) -> usize {
        self.offsets[column]
    }

    /// All words, row after row.
    pub fn words(&self) -> &[u64] {
        &self.data
    }

    /// All words, mutable.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.data
    }

    /// The words of one cell, least significant first.
    pub fn cell(&self, row: usize, column: usize) -> &[u64] {
        let at = row * self.stride + self.offsets[column];
        &self.data[at..at + words_for(self.widths[column])]
    }

    /// One cell as a big integer.
    pub fn get(&self, row: usize, column: usize) -> BigUint {
        let words = self.cell(row, column);
        let mut digits = Vec::with_capacity(words.len() * 2);
        for w in words {
            digits.push(*w as u32);
            digits.push((*w >> 32) as u32);
        }
        BigUint::new(digits)
    }

    /// Sets one cell, keeping the low bits that fit the column.
    pub fn set(&mut self, row: usize, column: usize, value: &BigUint) {
        let at = row * self.stride + self.offsets[column];
        let bits = self.widths[column];
        let n = words_for(bits);
        let mut digits = value.iter_u64_digits();
        for i in 0..n {
            let word = digits.next().unwrap_or(0);
            let left = bits - 64 * i as u32;
            self.data[at + i] = if left >= 64 { word } else { word & ((1 << left) - 1) };
        }
    }

    /// Appends a row of codes, one per column.
    pub fn push(&mut self, values: &[BigUint]) {
        assert_eq!(values.len(), self.widths.len(), "internal error: row length");
        let row = self.len;
        self.len += 1;
        self.data.resize(self.data.len() + self.stride, 0);
        for (column, value) in values.iter().enumerate() {
            self.set(row, column, value);
        }
    }
}
