//! The integer-only operators of I-ViT, over whole rows of integers.
//!
//! `x0` is floor(-1/S), a negative integer, for an input of scale S.
use crate::int;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

/// 2^31 - 1.
pub fn m31() -> BigInt {
    (BigInt::one() << 31) - 1
}

/// Which of the published programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// PyTorch.
    Pt,
    /// TVM.
    Tvm,
}

/// Which square root a layer norm divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isqrt {
    /// Ten Newton steps from 2^16, converged or not.
    Ivit10,
    /// The floor of the square root, at least 1.
    Exact,
}

/// About |x0|·2^n·e^(x·S), by shifts and adds.
pub fn shift_exp(x: &BigInt, x0: &BigInt, n: u32, variant: Variant) -> BigInt {
    let xp: BigInt = x + (x >> 1) - (x >> 4);
    let xp = xp.max(x0 * n);
    let q = xp.div_floor(x0);
    let r: BigInt = &xp - x0 * &q;
    let left = (BigInt::from(n) - q).to_u64().expect("n - q is not negative");
    let e: BigInt = match variant {
        Variant::Pt => ((r - 2 * x0) << left) >> 1,
        Variant::Tvm => ((r >> 1) - x0) << left,
    };
    e.max(BigInt::zero())
}

/// The elements of a row of packed tokens whose mask bit is 1.
pub fn elements(tokens: &[(BigUint, BigUint)], lanes: u32, bits: u32) -> Vec<BigInt> {
    let lane = |packed: &BigUint, i: u32| int::from_code(&(packed >> (i * bits) & ((BigUint::one() << bits) - 1u32)), bits);
    let all = tokens.iter().flat_map(|(x, mask)| (0..lanes).filter(|i| mask.bit((*i).into())).map(move |i| lane(x, i)));
    all.collect()
}

/// Results for the elements of a row as packed tokens: 0 where the mask bit is 0.
pub fn tokens(masks: &[BigUint], lanes: u32, bits: u32, results: &[BigInt]) -> Vec<BigUint> {
    let mut results = results.iter();
    let mut token = |mask: &BigUint| {
        let lane = |i: u32| {
            if mask.bit(i.into()) { results.next().map_or(BigUint::ZERO, |y| int::to_code(y, bits)) } else { BigUint::ZERO }
        };
        let codes: Vec<BigUint> = (0..lanes).map(lane).collect();
        codes.into_iter().rev().fold(BigUint::ZERO, |all, code| (all << bits) | code)
    };
    masks.iter().map(&mut token).collect()
}

/// Shiftmax of a row: probabilities of scale 2^-(bits-1).
pub fn shiftmax(row: &[BigInt], x0: &BigInt, n: u32, bits: u32, variant: Variant) -> Vec<BigInt> {
    let Some(most) = row.iter().max() else { return Vec::new() };
    let e: Vec<BigInt> = row.iter().map(|x| shift_exp(&(x - most), x0, n, variant)).collect();
    let mut sum: BigInt = e.iter().sum();
    if variant == Variant::Pt {
        sum = sum.min(m31());
    }
    let factor = m31().div_floor(&sum);
    e.iter().map(|e| ((e * &factor) >> (32 - bits)).min((BigInt::one() << (bits - 1)) - 1)).collect()
}

/// ShiftGELU of a row: x times a sigmoid of scale 2^-(bits-1); `x0` is floor(-1/(1.702·S)).
pub fn shiftgelu(row: &[BigInt], x0: &BigInt, n: u32, bits: u32) -> Vec<BigInt> {
    let Some(most) = row.iter().max() else { return Vec::new() };
    let e2 = shift_exp(&-most, x0, n, Variant::Pt);
    let sigmoid = |x: &BigInt| {
        let e1 = shift_exp(&(x - most), x0, n, Variant::Pt);
        let sum = (&e1 + &e2).min(m31());
        ((e1 * m31().div_floor(&sum)) >> (32 - bits)).min((BigInt::one() << (bits - 1)) - 1)
    };
    row.iter().map(|x| x * sigmoid(x)).collect()
}

/// The mean of a row: rounded to nearest, ties to even, or (TVM) truncated.
pub fn mean(row: &[BigInt], variant: Variant) -> BigInt {
    let (sum, count): (BigInt, BigInt) = (row.iter().sum(), row.len().into());
    if variant == Variant::Tvm {
        return sum / count;
    }
    let (down, rest) = sum.div_mod_floor(&count);
    match (rest * 2u8).cmp(&count) {
        std::cmp::Ordering::Greater => down + 1,
        std::cmp::Ordering::Equal if down.is_odd() => down + 1,
        _ => down,
    }
}

/// The standard deviation times the square root of the length, from the sum of squares.
pub fn deviation(squares: &BigInt, isqrt: Isqrt) -> BigInt {
    match isqrt {
        Isqrt::Exact => squares.sqrt().max(BigInt::one()),
        Isqrt::Ivit10 => (0..10).fold(BigInt::from(1 << 16), |k, _| (&k + squares.div_floor(&k)) >> 1),
    }
}

/// I-LayerNorm of a row with a bias for each element.
pub fn layernorm(row: &[BigInt], bias: &[BigInt], isqrt: Isqrt, variant: Variant) -> Vec<BigInt> {
    if row.is_empty() {
        return Vec::new();
    }
    let mean = mean(row, variant);
    let y: Vec<BigInt> = row.iter().map(|x| x - &mean).collect();
    let squares: BigInt = y.iter().map(|y| y * y).sum();
    let factor = m31() / deviation(&squares, isqrt);
    let half = |p: BigInt| if variant == Variant::Tvm { p / 2 } else { p >> 1 };
    y.iter().zip(bias).map(|(y, b)| half(y * &factor) + b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Signed;

    fn row(values: &[i64]) -> Vec<BigInt> {
        values.iter().map(|v| BigInt::from(*v)).collect()
    }

    /// Vectors printed with the description of the operators.
    #[test]
    fn printed_vectors() {
        let x = row(&[127, 126, 120, 112, 96, 64, 0, -128]);
        let most = BigInt::from(127);
        let exp = |x: &BigInt, x0: i64, n, v| shift_exp(&(x - &most), &x0.into(), n, v);
        let e: Vec<BigInt> = x.iter().map(|x| exp(x, -20, 15, Variant::Pt)).collect();
        assert_eq!(e, row(&[655360, 638976, 491520, 311296, 143360, 29696, 1184, 20]));
        assert_eq!(shiftmax(&x, &(-20).into(), 15, 8, Variant::Pt), row(&[36, 35, 27, 17, 8, 1, 0, 0]));
        assert_eq!(shiftmax(&x, &(-20).into(), 15, 16, Variant::Pt), row(&[9450, 9213, 7087, 4488, 2067, 428, 17, 0]));
        let e: Vec<BigInt> = x.iter().map(|x| exp(x, -21, 16, Variant::Tvm)).collect();
        assert_eq!(e, row(&[1376256, 1310720, 1048576, 655360, 311296, 69632, 3328, 21]));
        assert_eq!(shiftmax(&x, &(-21).into(), 16, 8, Variant::Tvm), row(&[36, 35, 28, 17, 8, 1, 0, 0]));
        let x = row(&[10, 0, -10, -50, -127, 127, 100, 120]);
        let e: Vec<BigInt> = x.iter().map(|x| exp(x, -16, 15, Variant::Pt)).collect();
        assert_eq!(e, row(&[384, 200, 108, 16, 16, 524288, 102400, 360448]));
        assert_eq!(shiftmax(&x, &(-16).into(), 15, 8, Variant::Pt), row(&[0, 0, 0, 0, 0, 67, 13, 46]));
        assert_eq!(shiftmax(&x, &(-17).into(), 16, 8, Variant::Tvm)[5..], row(&[66, 13, 47]));
        let x = row(&[-127, -64, -32, -8, 0, 8, 32, 64, 127]);
        assert_eq!(shiftgelu(&x, &(-15).into(), 23, 8), row(&[0, -64, -416, -376, 0, 648, 3648, 8064, 16129]));
        let x = row(&[120, -30, 55, 8, -77, 101, -5, 66]);
        assert_eq!(mean(&x, Variant::Pt), 30.into());
        let squares = BigInt::from(31820);
        assert_eq!((deviation(&squares, Isqrt::Ivit10), deviation(&squares, Isqrt::Exact)), (179.into(), 178.into()));
        let want = [539870175, -359913450, 149963937, -131968265, -641845653, 425897582, -209949513, 215948070];
        assert_eq!(layernorm(&x, &vec![BigInt::zero(); 8], Isqrt::Ivit10, Variant::Pt), row(&want));
    }

    /// Ten steps do not converge for small sums of squares.
    #[test]
    fn ten_newton_steps() {
        let off = |v: u64| {
            let root = deviation(&v.into(), Isqrt::Ivit10) - BigInt::from(v).sqrt();
            root.abs().to_u64().expect("small")
        };
        for (v, k) in [(0u64, 64), (100, 64), (1000, 68), (10_000, 108), ((1 << 32) - 1, 65536)] {
            assert_eq!(deviation(&v.into(), Isqrt::Ivit10), k.into(), "{v}");
        }
        assert!(off(34_595) > 1 && (34_596..40_000).all(|v| off(v) <= 1));
        assert!(off(183_183) > 0 && (183_184..200_000).all(|v| off(v) == 0));
    }
}
