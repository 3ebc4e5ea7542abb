//! What happens at the edges of a format: rounding mode, overflow, NaN, subnormals.
//! Plain data; the meaning is in [`crate::round`].

macro_rules! words {
    ($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $v:ident = $text:literal),+ $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vm])* $v),+ }
        impl $name {
            /// Every variant with its word, in order.
            pub const ALL: &'static [($name, &'static str)] = &[$(($name::$v, $text)),+];
            /// The word used on the command line and in manifests.
            pub fn word(self) -> &'static str {
                match self { $($name::$v => $text),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                Self::ALL.iter().find(|(_, w)| *w == s).map(|(v, _)| *v).ok_or_else(|| {
                    format!("`{s}` is not one of: {}", Self::ALL.iter().map(|(_, w)| *w).collect::<Vec<_>>().join(", "))
                })
            }
        }
    };
}

words! {
    /// Rounding mode, applied once to the exact result.
    Round {
        /// Nearest, ties to the even code.
        Rne = "rne",
        /// Nearest, ties away from zero.
        Rna = "rna",
        /// Toward zero.
        Rtz = "rtz",
        /// Toward +infinity.
        Up = "up",
        /// Toward -infinity.
        Down = "down",
        /// To odd: an inexact result takes the neighbour whose code is odd; never overflows a finite value.
        Odd = "odd",
        /// Stochastic with n given bits r on the magnitude: away from zero iff floor(d·2^n) + r >= 2^n, d being the
        /// discarded fraction (gfloat SRFF; hardware adds the random bits and truncates).
        Stochastic = "stochastic",
        /// Stochastic: away from zero iff rne(d·2^n) + r >= 2^n (gfloat SR).
        StochasticRne = "stochastic-rne",
        /// Stochastic: as `stochastic-rne` with ties of the inner rounding to odd (gfloat SRO).
        StochasticOdd = "stochastic-odd",
        /// Stochastic: away from zero iff floor(d·2^(n+1)) + 2r + 1 >= 2^(n+1) (gfloat SRF).
        StochasticMid = "stochastic-mid",
    }
}
impl Round {
    /// Does this mode consume random bits?
    pub fn is_stochastic(self) -> bool {
        matches!(self, Round::Stochastic | Round::StochasticRne | Round::StochasticOdd | Round::StochasticMid)
    }
}

words! {
    /// Ties of `rne` in formats whose codes are powers of two (no fraction bits, E8M0), where the
    /// even code and the even significand differ.
    Ties {
        /// To the even code (P3109, gfloat).
        Code = "even",
        /// To the larger power of two (Brevitas, LLM-FP4, ml_dtypes' E8M0 cast, which also sends
        /// everything strictly between 2^-127 and 2^-126 to 2^-126); half the smallest value still goes to zero.
        Up = "up",
    }
}
words! {
    /// Sign of a NaN passed on by a conversion.
    NanSign {
        /// The operand's sign bit, where the result format has a NaN of each sign.
        Keep = "keep",
        /// Always the positive NaN (RISC-V).
        Positive = "positive",
    }
}
words! {
    /// What a result beyond the largest finite value becomes.
    Overflow {
        /// ±max, for infinite operands too.
        Saturate = "saturate",
        /// Infinity where the format has it, else NaN; directed modes stop at max as in IEEE 754.
        Nonfinite = "nonfinite",
        /// Modulo 2^bits, integers only.
        Wrap = "wrap",
    }
}
words! {
    /// What NaN becomes in a format without NaN.
    NanTo {
        /// +0.
        Zero = "zero",
        /// The largest finite value, positive.
        Max = "max",
        /// Zero with the sign opposite to the NaN's (ml_dtypes float6/float4 casts).
        FlipZero = "flip-zero",
    }
}
words! {
    /// Treatment of subnormal values (exponent field 0, fraction not 0).
    Subnormals {
        /// Kept.
        Full = "full",
        /// Replaced by zero of the same sign; on output after rounding.
        Flush = "flush",
    }
}

/// Everything one rounding needs besides the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rounding {
    /// Rounding mode.
    pub round: Round,
    /// Overflow policy; must be legal for the format.
    pub overflow: Overflow,
    /// NaN replacement where the format has no NaN.
    pub nan: NanTo,
    /// Output subnormals.
    pub subnormals: Subnormals,
    /// n of the stochastic modes, 1..=32; 0 otherwise.
    pub random_bits: u32,
    /// Ties between powers of two.
    pub ties: Ties,
}

impl Rounding {
    /// Round to nearest even, full subnormals, NaN to zero, with the given overflow policy.
    pub fn nearest(overflow: Overflow) -> Rounding {
        Rounding { round: Round::Rne, overflow, nan: NanTo::Zero, subnormals: Subnormals::Full, random_bits: 0, ties: Ties::Code }
    }
}
