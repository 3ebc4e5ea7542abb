//! How large and how fine sums can get: the narrowest exact accumulator, with the operands that prove it.
use crate::arith::multiply;
use crate::decode::decode_word;
use crate::exact::Exact;
use crate::format::{Format, Minifloat};
use crate::int::twos_complement_bits;
use crate::policy::Subnormals;
use crate::value::Value;

/// Range of a set of finite numbers that are all multiples of 2^unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Exponent of the largest power of two that divides every number.
    pub unit: i64,
    /// Smallest number.
    pub min: Exact,
    /// Largest number.
    pub max: Exact,
}

impl Extent {
    /// Bits of the narrowest two's complement register with LSB weight 2^unit that holds every number.
    pub fn bits(&self) -> u32 {
        let units = |x: &Exact| x.in_units(self.unit).unwrap_or_default();
        twos_complement_bits(&units(&self.min), &units(&self.max))
    }

    /// Of sums with numbers of another set.
    pub fn plus(&self, other: &Extent) -> Extent {
        Extent { unit: self.unit.min(other.unit), min: &self.min + &other.min, max: &self.max + &other.max }
    }

    /// Of differences.
    pub fn minus(&self, other: &Extent) -> Extent {
        Extent { unit: self.unit.min(other.unit), min: &self.min - &other.max, max: &self.max - &other.min }
    }

    /// Of products.
    pub fn times(&self, other: &Extent) -> Extent {
        let mut corners = [&self.min * &other.min, &self.min * &other.max, &self.max * &other.min, &self.max * &other.max];
        corners.sort();
        let [min, .., max] = corners;
        Extent { unit: self.unit + other.unit, min, max }
    }
}

/// An operand code with its value.
type Coded = (u64, Exact);

/// Smallest and largest finite operand with their codes, and the unit.
fn operands(format: &Format, subnormals: Subnormals) -> (i64, Coded, Coded) {
    let finite = |code: u64| match decode_word(format, subnormals, code) {
        Value::Finite(x) => Some(x),
        Value::Zero { .. } => Some(Exact::zero()),
        _ => None,
    };
    // Small formats are searched; in larger ones the extremes and the smallest steps are at known codes.
    let codes: Vec<u64> = match format {
        _ if format.bits() <= 12 => (0..1 << format.bits()).collect(),
        Format::Minifloat(m) => landmarks(m),
        // Unsigned: 0, 1, all ones; two's complement: 0, 1, largest, smallest; sign-magnitude: 0, 1, ±largest.
        _ => {
            let top = 1u64 << (format.bits() - 1);
            vec![0, 1, top - 1, top, top | (top - 1)]
        }
    };
    let mut unit = i64::MAX;
    let (mut least, mut most) = ((0, Exact::zero()), (0, Exact::zero()));
    let mut first = true;
    for code in codes {
        let Some(x) = finite(code) else { continue };
        if !x.is_zero() {
            unit = unit.min(x.exponent());
        }
        if first || x < least.1 {
            least = (code, x.clone());
        }
        if first || x > most.1 {
            most = (code, x);
        }
        first = false;
    }
    (if unit == i64::MAX { 0 } else { unit }, least, most)
}

/// Codes of a minifloat among which are its extremes, and a number that is an odd multiple of its unit.
fn landmarks(m: &Minifloat) -> Vec<u64> {
    let sign = if m.signed { 1 << (m.exp_bits + m.frac_bits) } else { 0 };
    // Subnormal 1, and the first normal number with the last fraction bit set (subnormals may be flushed).
    let magnitudes = [0, 1, (1 << m.frac_bits) | 1, m.last_magnitude()];
    magnitudes.iter().flat_map(|&c| [c, sign | c]).collect()
}

/// Finite values of a format, as operands.
pub fn of_format(format: &Format, subnormals: Subnormals) -> Extent {
    let (unit, least, most) = operands(format, subnormals);
    Extent { unit, min: least.1, max: most.1 }
}

/// Operands whose product is as small or as large as it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Code of the first operand.
    pub a: u64,
    /// Code of the second operand.
    pub b: u64,
    /// Their product.
    pub product: Exact,
}

/// The products of two formats, and sums of them.
#[derive(Clone, Debug)]
pub struct Products {
    /// Exponent of the unit of every product.
    pub unit: i64,
    /// A smallest product.
    pub least: Witness,
    /// A largest product.
    pub most: Witness,
}

impl Products {
    /// All products of finite operands.
    pub fn new(a: &Format, a_subnormals: Subnormals, b: &Format, b_subnormals: Subnormals) -> Products {
        let (unit_a, least_a, most_a) = operands(a, a_subnormals);
        let (unit_b, least_b, most_b) = operands(b, b_subnormals);
        // A product is linear in each factor, so its extremes are at the corners.
        let mut corners = Vec::new();
        for (a, x) in [&least_a, &most_a] {
            for (b, y) in [&least_b, &most_b] {
                let product = multiply(&Value::number(x.clone(), false), &Value::number(y.clone(), false));
                corners.push(Witness { a: *a, b: *b, product: product.exact().unwrap_or_else(Exact::zero) });
            }
        }
        corners.sort_by(|p, q| p.product.cmp(&q.product));
        let most = corners.swap_remove(corners.len() - 1);
        Products { unit: unit_a + unit_b, least: corners.swap_remove(0), most }
    }

    /// Every sum of at most `terms` products, the empty sum included.
    pub fn sums(&self, terms: u64) -> Extent {
        let times = |x: &Exact| x * &Exact::new(terms, 0);
        let zero = Exact::zero();
        Extent { unit: self.unit, min: times(&self.least.product).min(zero.clone()), max: times(&self.most.product).max(zero) }
    }

    /// Operands which, added up `terms` times, do not fit one bit less than `self.sums(terms).bits()`:
    /// the proof that no narrower accumulator will do.
    pub fn witness(&self, terms: u64) -> &Witness {
        let sums = self.sums(terms);
        let half = Exact::power_of_two(self.unit + i64::from(sums.bits()) - 2);
        if sums.max >= half { &self.most } else { &self.least }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::parse;
    use proptest::prelude::*;

    fn width(a: &str, b: &str, terms: u64) -> u32 {
        let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
        Products::new(&a, Subnormals::Full, &b, Subnormals::Full).sums(terms).bits()
    }

    #[test]
    fn published_widths() {
        // Exact accumulators of n = 32 and 4608 products (computed independently from bitlen(n·Pmax) + 1).
        for (name, w32, w4608) in [
            ("e2m1fn", 14, 21),
            ("e2m3fn", 18, 25),
            ("e3m2fn", 24, 31),
            ("e4m3-none", 42, 49),
            ("e4m3fn", 42, 49),
            ("e5m2", 70, 77),
            ("int8", 21, 28),
        ] {
            assert_eq!((width(name, name, 32), width(name, name, 4608)), (w32, w4608), "{name}");
        }
        assert_eq!(width("uint8", "uint8", 1), 17);
        assert_eq!(width("uint1", "int8", 1), 8); // -128 fits what +128 would not
        assert_eq!(width("binary", "binary", 1), 2);
        assert_eq!(width("fp32", "fp32", 1), 1 + 2 * (254 + 23));
    }

    #[test]
    fn large_formats_as_small_ones() {
        // The landmark codes against the search through all codes, on formats that are small enough for both.
        let mut checked = 0;
        for entry in crate::names::catalogue() {
            let Format::Minifloat(m) = &entry.format else { continue };
            if m.exp_bits + m.frac_bits > 11 {
                continue;
            }
            for subnormals in [Subnormals::Full, Subnormals::Flush] {
                let all = of_format(&entry.format, subnormals);
                let some: Vec<Exact> =
                    landmarks(m).iter().filter_map(|&c| decode_word(&entry.format, subnormals, c).exact()).collect();
                assert_eq!(some.iter().max(), Some(&all.max));
                assert_eq!(some.iter().min(), Some(&all.min));
                assert_eq!(some.iter().filter(|x| !x.is_zero()).map(Exact::exponent).min(), Some(all.unit));
                checked += 1;
            }
        }
        assert!(checked >= 18, "{checked}");
    }

    #[test]
    fn large_integers() {
        for (name, min, max) in [
            ("int16", -32768i64, 32767),
            ("int16-sym", -32768, 32767), // as an operand
            ("int16-sm", -32767, 32767),
            ("uint16", 0, 65535),
            ("int13", -4096, 4095),
            ("int64", i64::MIN, i64::MAX),
        ] {
            let extent = of_format(&parse(name).unwrap(), Subnormals::Full);
            assert_eq!(extent, Extent { unit: 0, min: min.into(), max: max.into() }, "{name}");
        }
        assert_eq!(of_format(&parse("uint14-q3").unwrap(), Subnormals::Full).unit, -3);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn minimal_and_sufficient(a in 0usize..24, b in 0usize..24, terms in 1u64..100) {
            let formats = crate::names::catalogue();
            let (a, b) = (&formats[a].format, &formats[b].format);
            let products = Products::new(a, Subnormals::Full, b, Subnormals::Full);
            let sums = products.sums(terms);
            let bits = i64::from(sums.bits());
            let fits = |x: &Exact, bits: i64| {
                let half = Exact::power_of_two(sums.unit + bits - 1);
                *x >= -&half && *x < half
            };
            prop_assert!(fits(&sums.min, bits) && fits(&sums.max, bits));
            let w = products.witness(terms);
            let total = &w.product * &Exact::new(terms, 0);
            prop_assert!(bits == 1 || !fits(&total, bits - 1), "{:?} {} {}", w, terms, bits);
            let decoded = multiply(&decode_word(a, Subnormals::Full, w.a), &decode_word(b, Subnormals::Full, w.b));
            prop_assert_eq!(decoded.exact(), Some(w.product.clone()));
        }
    }
}
