//! Parameters that every block with a rounding has: mode, overflow, NaN, subnormals.
use super::params::{ParamError, ParamSet, in_range};
use crate::formats::*;
use crate::golden::legal;
use crate::params;

params! {
    /// What happens at the edges of the formats.
    pub struct Policy {
        /// rounding mode
        round: Round = "rne",
        /// random bits of each stochastic rounding
        random_bits: u32 [1..=32] = "8",
        /// results beyond the largest value
        overflow: OverflowChoice = "auto",
        /// what NaN becomes in a format without NaN
        nan: NanTo = "zero",
        /// ties between powers of two, in formats without fraction bits
        ties: Ties = "even",
        /// subnormal operands
        subnormals_in: Subnormals = "full",
        /// subnormal results
        subnormals_out: Subnormals = "full",
    }
}

impl Policy {
    /// The overflow policy for a format.
    fn overflow_for(&self, format: &Format) -> Overflow {
        match self.overflow {
            OverflowChoice::Is(choice) if legal::overflows(format).contains(&choice) => choice,
            _ if format.has_infinity() => Overflow::Nonfinite,
            _ => Overflow::Saturate,
        }
    }

    /// The policies of one rounding to `format`. What only another rounding of the block can do is left
    /// at its default here ([`Policy::check_results`] has seen that some rounding can).
    pub fn rounding(&self, format: &Format) -> Rounding {
        Rounding {
            round: self.round,
            overflow: self.overflow_for(format),
            nan: if legal::nans(format).contains(&self.nan) { self.nan } else { NanTo::Zero },
            subnormals: if legal::subnormals(format).contains(&self.subnormals_out) {
                self.subnormals_out
            } else {
                Subnormals::Full
            },
            random_bits: self.random(),
            ties: if legal::ties(format, self.round).contains(&self.ties) { self.ties } else { Ties::Code },
        }
    }

    /// What `auto` means for the block's result.
    pub fn resolved(&self, result: &Format) -> Vec<(&'static str, String)> {
        vec![("overflow", self.overflow_for(result).word().to_string())]
    }

    /// Random bits used by one rounding.
    pub fn random(&self) -> u32 {
        if self.round.is_stochastic() { self.random_bits } else { 0 }
    }

    /// Operand subnormals of a format.
    pub fn operand(&self, format: &Format) -> Subnormals {
        if legal::subnormals(format).contains(&self.subnormals_in) { self.subnormals_in } else { Subnormals::Full }
    }

    /// True if this operand format's subnormals are flushed.
    pub fn flushes(&self, format: &Format) -> bool {
        self.operand(format) == Subnormals::Flush
    }

    /// Checks that some operand allows `subnormals_in`.
    pub fn check_operands(&self, formats: &[&Format]) -> Result<(), ParamError> {
        some_allows(formats, |f| legal::legal_operand(f, self.subnormals_in))
    }

    /// Checks that each policy is possible in at least one of the roundings of the block; the mode in all.
    pub fn check_results(&self, formats: &[&Format]) -> Result<(), ParamError> {
        in_range(self.random_bits, &(1..=32)).map_err(|e| ParamError::new("random_bits", e))?;
        if !self.round.is_stochastic() && self.random_bits != Self::default().random_bits {
            let words: Vec<_> = Round::ALL.iter().filter(|(r, _)| r.is_stochastic()).map(|(_, word)| *word).collect();
            return Err(ParamError::new("random_bits", format!("only used with --round {}", words.join(", "))));
        }
        let plain = |format: &Format| Rounding { random_bits: self.random(), ..Rounding::nearest(self.safe_overflow(format)) };
        for format in formats {
            legal::legal(format, &Rounding { round: self.round, ..plain(format) }).map_err(ParamError::from)?;
        }
        let with_mode = |f: &Format| Rounding { round: self.round, ..plain(f) };
        if let OverflowChoice::Is(overflow) = self.overflow {
            some_allows(formats, |f| legal::legal(f, &Rounding { overflow, ..with_mode(f) }))?;
        }
        some_allows(formats, |f| legal::legal(f, &Rounding { nan: self.nan, ..with_mode(f) }))?;
        some_allows(formats, |f| legal::legal(f, &Rounding { ties: self.ties, ..with_mode(f) }))?;
        some_allows(formats, |f| legal::legal(f, &Rounding { subnormals: self.subnormals_out, ..with_mode(f) }))
    }

    fn safe_overflow(&self, format: &Format) -> Overflow {
        if format.has_infinity() { Overflow::Nonfinite } else { Overflow::Saturate }
    }

    /// Checks that nothing is asked of a rounding that does not take place.
    pub fn check_exact(&self) -> Result<(), ParamError> {
        let (given, default) = (self.values(), Self::default().values());
        match given.iter().zip(&default).find(|(g, d)| g != d && g.0 != "subnormals_in") {
            None => Ok(()),
            Some(((name, _), (_, default))) => {
                Err(ParamError::new(name, format!("an exact result is not rounded; allowed: {default}, or a result format")))
            }
        }
    }
}

/// The last format's complaint, unless one allows it.
fn some_allows(formats: &[&Format], check: impl Fn(&Format) -> Result<(), legal::PolicyError>) -> Result<(), ParamError> {
    let mut result = Ok(());
    for format in formats {
        result = check(format);
        if result.is_ok() {
            return Ok(());
        }
    }
    result.map_err(ParamError::from)
}

impl From<legal::PolicyError> for ParamError {
    fn from(e: legal::PolicyError) -> Self {
        ParamError::new(&e.param.replace('-', "_"), e.message)
    }
}
