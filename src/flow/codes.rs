//! Codes worth trying in a format: special values, edges, ties, subnormals, random ones.
use crate::golden::format::{Format, IntKind, Minifloat, Special};
use rand::Rng;

/// A class of codes to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Any code.
    Any,
    /// Edges: zeros, smallest, largest, infinities, NaNs and their neighbours.
    Special,
    /// Few significant bits, so that products and conversions hit ties, or just miss them.
    Sparse,
    /// Small exponents: subnormals and their products.
    Small,
    /// Large exponents: overflow.
    Large,
    /// Exponents around one: sums that cancel and round.
    Middle,
}

impl Class {
    /// A class, `Any` and `Special` most often.
    pub fn draw(rng: &mut impl Rng) -> Class {
        use Class::*;
        [Any, Any, Any, Special, Special, Sparse, Sparse, Small, Large, Middle][rng.random_range(0..10usize)]
    }
}

/// The codes of one lane.
pub struct Family {
    bits: u32,
    fields: Option<Minifloat>,
    negate: Negate,
    /// An E8M0 scale.
    scale: bool,
    special: Vec<u64>,
}

enum Negate {
    Sign,
    Twos,
    No,
}

impl Family {
    /// Of a lane of `bits` bits (at most 64 are drawn together) with a format, where known.
    pub fn new(format: Option<&Format>, bits: u32) -> Family {
        let ones = mask(bits);
        let mut special = vec![0, 1, 2, ones, ones - 1, ones >> 1, (ones >> 1) + 1, ones.wrapping_sub(2)];
        let mut fields = None;
        let negate = match format {
            Some(Format::Minifloat(f)) => {
                fields = Some(*f);
                let (e, m) = (f.exp_bits, f.frac_bits);
                let fractions = [0, 1, mask(m), mask(m) >> 1, (mask(m) >> 1) + 1, mask(m).saturating_sub(1)];
                let top = mask(e);
                let middle = f.bias.clamp(0, top as i32) as u64;
                for exponent in
                    [0, 1, 2, middle.saturating_sub(1), middle, middle + 1, top.saturating_sub(2), top.saturating_sub(1), top]
                {
                    for fraction in fractions {
                        special.push((exponent & top) << m | fraction & mask(m));
                    }
                }
                if f.signed {
                    let signed: Vec<u64> = special.iter().map(|c| c ^ (1 << (e + m))).collect();
                    special.extend(signed);
                }
                if f.signed { Negate::Sign } else { Negate::No }
            }
            Some(Format::Int(i)) => match i.kind {
                IntKind::Twos | IntKind::Symmetric => Negate::Twos,
                IntKind::SignMagnitude => Negate::Sign,
                IntKind::Unsigned => Negate::No,
            },
            Some(Format::E8m0) => {
                special.extend([126, 127, 128, 253, 254]);
                Negate::No
            }
            _ => Negate::No,
        };
        special.iter_mut().for_each(|c| *c &= ones);
        special.sort_unstable();
        special.dedup();
        Family { bits, fields, negate, scale: matches!(format, Some(Format::E8m0)), special }
    }

    /// A code of the class.
    pub fn draw(&self, rng: &mut impl Rng, class: Class) -> u64 {
        let any: u64 = rng.random::<u64>() & mask(self.bits);
        match (class, self.fields) {
            (Class::Any, _) => any,
            (Class::Special, _) => self.special[rng.random_range(0..self.special.len())],
            (Class::Sparse, None) => sparse(rng, any, self.bits),
            (Class::Small, None) => any & 7,
            (Class::Large, None) => mask(self.bits) - (any & 7),
            (Class::Middle, None) => any,
            (class, Some(f)) => {
                let (e, m) = (mask(f.exp_bits), f.frac_bits);
                let (wide, above) = (rng.random(), rng.random_range(0..=e.min(4)));
                let exponent = match class {
                    Class::Small => {
                        if wide {
                            0
                        } else {
                            above.min(2)
                        }
                    }
                    Class::Large => e - above,
                    Class::Middle => near(rng, f, if wide { 2 } else { 16 }),
                    // Half of the time not far from one, where other formats have their numbers too.
                    _ if wide => near(rng, f, 16),
                    _ => any >> m & e,
                };
                // Subnormals of every size: uniform in the position of the leading one.
                let fraction = (any & mask(m)) >> if exponent == 0 { rng.random_range(0..=m) } else { 0 };
                let fraction = if class == Class::Sparse || rng.random() { sparse(rng, fraction, m) } else { fraction };
                any & !mask(f.exp_bits + m) | exponent << m | fraction
            }
        }
    }

    /// The code itself if it is a number, else one nearby that is.
    pub fn number(&self, code: u64) -> u64 {
        let Some(f) = self.fields else { return if self.scale && code == 0xff { 0xfe } else { code } };
        let magnitude = code & mask(f.exp_bits + f.frac_bits);
        let last = f.last_magnitude();
        let negative_zero = matches!(f.special, Special::Fnuz | Special::P3109 { .. }) && f.signed && magnitude == 0;
        match (magnitude > last, negative_zero) {
            (true, _) => code - (magnitude - last),
            (_, true) => 0,
            _ => code,
        }
    }

    /// The code of the negated value, where the format has one; else the code itself.
    pub fn negate(&self, code: u64) -> u64 {
        match self.negate {
            Negate::Sign => code ^ (1 << (self.bits - 1)),
            Negate::Twos => code.wrapping_neg() & mask(self.bits),
            Negate::No => code,
        }
    }
}

/// The top bits of a code of `bits` bits, then all zeros or all ones but for up to two bits: exact ties,
/// and what is just beside them.
fn sparse(rng: &mut impl Rng, code: u64, bits: u32) -> u64 {
    let low = rng.random_range(0..=bits);
    let plain = if rng.random() { code & !mask(low) } else { code | mask(low) };
    let flips = if low == 0 { 0 } else { [0, 0, 1, 2][rng.random_range(0..4usize)] };
    (0..flips).fold(plain, |code, _| code ^ 1 << rng.random_range(0..low))
}

/// An exponent field at most `reach` from that of one.
fn near(rng: &mut impl Rng, f: Minifloat, reach: i64) -> u64 {
    (i64::from(f.bias) + rng.random_range(-reach..=reach)).clamp(0, mask(f.exp_bits) as i64) as u64
}

fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::decode::decode;
    use crate::golden::names;
    use num_bigint::BigUint;

    #[test]
    fn numbers_are_numbers() {
        let mut changed = 0;
        for name in ["e4m3fn", "e5m2", "e4m3", "e4m3fnuz", "p3109_k8p3se", "p3109_k6p3ue", "e8m0fnu", "e2m1fn", "int8"] {
            let format = names::parse(name).unwrap();
            let family = Family::new(Some(&format), format.bits());
            let exact = |code: u64| decode(&format, &BigUint::from(code)).exact();
            for code in 0..1u64 << format.bits() {
                let number = family.number(code);
                assert!(exact(number).is_some(), "{name} {code:x}");
                assert_eq!(number == code, exact(code).is_some(), "{name} {code:x}");
                changed += u32::from(number != code);
            }
        }
        assert!(changed > 20);
    }
}
