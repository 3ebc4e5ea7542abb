//! Truth tables of functions of at most eight inputs.

/// Most inputs.
pub(super) const INPUTS: u32 = 8;

/// Where each of the lower six inputs is 1, in a word.
const ONES: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// The values at all addresses, lowest first. A function of fewer inputs repeats itself, so that all are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Truth([u64; 4]);

impl Truth {
    /// Always 0.
    pub(super) const ZERO: Truth = Truth([0; 4]);

    /// The function of `inputs` inputs that is `value` of the address.
    pub(super) fn new(inputs: u32, value: impl Fn(usize) -> bool) -> Truth {
        let mut all = Truth::ZERO;
        let values: Vec<bool> = (0..1usize << inputs).map(value).collect();
        (0..1usize << INPUTS).filter(|i| values[i & (values.len() - 1)]).for_each(|i| all.set(i));
        all
    }

    /// Input `i` itself.
    pub(super) fn input(i: u32) -> Truth {
        match i {
            0..=5 => Truth([ONES[i as usize]; 4]),
            6 => Truth([0, !0, 0, !0]),
            _ => Truth([0, 0, !0, !0]),
        }
    }

    pub(super) fn get(&self, i: usize) -> bool {
        self.0[i >> 6] >> (i & 63) & 1 == 1
    }

    pub(super) fn set(&mut self, i: usize) {
        self.0[i >> 6] |= 1 << (i & 63);
    }

    pub(super) fn not(self) -> Truth {
        Truth(self.0.map(|w| !w))
    }

    pub(super) fn and(self, other: Truth) -> Truth {
        Truth([0, 1, 2, 3].map(|i| self.0[i] & other.0[i]))
    }

    pub(super) fn or(self, other: Truth) -> Truth {
        Truth([0, 1, 2, 3].map(|i| self.0[i] | other.0[i]))
    }

    /// The same where input `i` is the other way round.
    fn flipped(self, i: u32) -> Truth {
        let [a, b, c, d] = self.0;
        match i {
            0..=5 => Truth(self.0.map(|w| (w & ONES[i as usize]) >> (1 << i) | (w & !ONES[i as usize]) << (1 << i))),
            6 => Truth([b, a, d, c]),
            _ => Truth([c, d, a, b]),
        }
    }

    /// With input `i` set to a value.
    pub(super) fn with(self, i: u32, value: bool) -> Truth {
        let there = if value { Truth::input(i) } else { Truth::input(i).not() };
        let kept = self.and(there);
        kept.or(kept.flipped(i))
    }

    /// 1 where it is with some value of input `i`.
    pub(super) fn exists(self, i: u32) -> Truth {
        self.or(self.flipped(i))
    }

    pub(super) fn depends(self, i: u32) -> bool {
        self != self.flipped(i)
    }

    /// The inputs it depends on, lowest first.
    pub(super) fn support(self) -> Vec<u32> {
        (0..INPUTS).filter(|i| self.depends(*i)).collect()
    }

    pub(super) fn is_zero(self) -> bool {
        self == Truth::ZERO
    }

    /// True if it does not depend on anything.
    pub(super) fn constant(self) -> bool {
        self.is_zero() || self.not().is_zero()
    }

    /// Of a function and its complement the one that is 0 at address 0, and whether that is the complement.
    pub(super) fn canonical(self) -> (Truth, bool) {
        if self.get(0) { (self.not(), true) } else { (self, false) }
    }

    pub(super) fn ones(self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// The lowest address where it is 1.
    pub(super) fn first(self) -> Option<usize> {
        (0..4).find(|i| self.0[*i] != 0).map(|i| i * 64 + self.0[i].trailing_zeros() as usize)
    }
}
