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
        /// Stochastic with n given bits r on the magnitude: away from zero iff floor(d·2^n) + r >= 2^n (gfloat SRFF).
        Stochastic = "stochastic",
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
    /// n for [`Round::Stochastic`], 1..=32; 0 otherwise.
    pub random_bits: u32,
}
