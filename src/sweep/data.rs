//! Data to measure accuracy with: seeded random numbers and the committed slice of a real model.
use crate::demo::slice;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StudentT};

/// Seed of all random data.
pub const SEED: u64 = 1;

/// A kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// N(0, 1).
    Normal,
    /// Student's t with 3 degrees of freedom: heavy tails.
    Student3,
    /// Activation rows and query-weight rows of all-MiniLM-L6-v2.
    Minilm,
}

impl Data {
    /// Every kind.
    pub const ALL: [Data; 3] = [Data::Normal, Data::Student3, Data::Minilm];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Data::Normal => "normal",
            Data::Student3 => "student3",
            Data::Minilm => "minilm",
        }
    }

    /// The seed it was drawn with; the slice is not drawn.
    pub fn seed(self) -> u64 {
        if self == Data::Minilm { 0 } else { SEED }
    }

    /// `rows` pairs of rows of `length` numbers each: left operands, right operands.
    pub fn pairs(self, rows: usize, length: usize) -> Result<Vec<[Vec<f64>; 2]>, String> {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let student = StudentT::new(3.0).map_err(|e| format!("internal error: {e}"))?;
        let real = if self == Data::Minilm { Some(slice()?) } else { None };
        let pair = |i: usize| match &real {
            // Every left row meets every right row; the two parts come from the same columns.
            Some((left, right)) => {
                let (l, r) = (i % left.len(), i / left.len() % right.len());
                let start = i * length % left.columns;
                let part = |m: &crate::demo::Matrix, row: usize| {
                    let at = |k: usize| m.data[(row * m.columns + start + k) % m.data.len()];
                    (0..length).map(|k| f64::from(at(k))).collect()
                };
                [part(left, l), part(right, r)]
            }
            None => [(); 2].map(|()| {
                let draw = |_| match self {
                    Data::Normal => StandardNormal.sample(&mut rng),
                    _ => student.sample(&mut rng),
                };
                (0..length).map(draw).collect()
            }),
        };
        Ok((0..rows).map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_have_their_moments_and_never_change() {
        let pairs = Data::Normal.pairs(100, 320).unwrap();
        let all: Vec<f64> = pairs.iter().flatten().flatten().copied().collect();
        let moment = |k: i32| all.iter().map(|x| x.powi(k)).sum::<f64>() / all.len() as f64;
        assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.02 && (moment(4) - 3.0).abs() < 0.1);
        assert_eq!(pairs, Data::Normal.pairs(100, 320).unwrap());
        let tails = |d: Data| d.pairs(100, 320).unwrap().iter().flatten().flatten().filter(|x| x.abs() > 6.0).count();
        assert!(tails(Data::Normal) == 0 && tails(Data::Student3) > 300);
        let real = Data::Minilm.pairs(40, 32).unwrap();
        let (left, right) = slice().unwrap();
        assert_eq!(real[33][0][0], f64::from(left.data[384 + 33 * 32 % 384]));
        assert_eq!(real[33][1][0], f64::from(right.data[384 + 33 * 32 % 384]));
    }
}
