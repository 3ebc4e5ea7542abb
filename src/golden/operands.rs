//! Pairs of operand codes and their exact products.
use crate::arith::multiply;
use crate::decode::decode_with;
use crate::exact::Exact;
use crate::format::Format;
use crate::policy::Subnormals;
use crate::value::Value;
use num_bigint::BigUint;

/// Formats of two operands, and how their subnormals are read.
#[derive(Clone, Debug)]
pub struct Operands {
    a: (Format, Subnormals),
    b: (Format, Subnormals),
}

impl Operands {
    /// Operands of these formats.
    pub fn new(a: &Format, a_subnormals: Subnormals, b: &Format, b_subnormals: Subnormals) -> Operands {
        Operands { a: (a.clone(), a_subnormals), b: (b.clone(), b_subnormals) }
    }

    /// The exact product of two codes. Integers and tables have no -0, and neither has the product of two of them.
    pub fn product(&self, a: &BigUint, b: &BigUint) -> Value {
        let fixed = |f: &Format| matches!(f, Format::Int(_) | Format::Table(_));
        match multiply(&decode_with(&self.a.0, self.a.1, a), &decode_with(&self.b.0, self.b.1, b)) {
            Value::Zero { .. } if fixed(&self.a.0) && fixed(&self.b.0) => Value::ZERO,
            product => product,
        }
    }

    /// The products of packed codes, lane 0 in the low bits, each as a factor pair of [`crate::dot`].
    pub fn products(&self, a: &BigUint, b: &BigUint, lanes: u32) -> Vec<(Value, Value)> {
        let lane = |x: &BigUint, bits: u32, i: u32| (x >> (bits * i)) & ((BigUint::from(1u32) << bits) - 1u32);
        let (wa, wb) = (self.a.0.bits(), self.b.0.bits());
        (0..lanes).map(|i| (self.product(&lane(a, wa, i), &lane(b, wb, i)), Value::Finite(Exact::from(1)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::parse;

    #[test]
    fn signs_of_zero_products() {
        let product = |a: &str, b: &str, x: u32, y: u32| {
            let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
            Operands::new(&a, Subnormals::Full, &b, Subnormals::Full).product(&x.into(), &y.into())
        };
        assert_eq!(product("int8", "int8", 0, 0xff), Value::ZERO);
        assert_eq!(product("int8", "e4m3fn", 0, 0xff & !0x07), Value::Zero { negative: true });
        assert_eq!(product("e4m3fn", "e4m3fn", 0x80, 0x38), Value::Zero { negative: true });
    }

    #[test]
    fn lane_zero_is_low() {
        let int4 = parse("int4").unwrap();
        let pairs = Operands::new(&int4, Subnormals::Full, &int4, Subnormals::Full).products(&0x21u32.into(), &0x11u32.into(), 2);
        let values: Vec<String> = pairs.iter().map(|p| p.0.to_string()).collect();
        assert_eq!(values, ["1", "2"]);
    }
}
