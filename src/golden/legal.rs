//! Which policies a format allows.
use crate::exact::Exact;
use crate::format::{Format, IntKind};
use crate::names;
use crate::policy::{NanTo, Overflow, Round, Rounding, Subnormals, Ties};
use std::fmt;

/// A policy that a format does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The parameter at fault: `round`, `overflow`, `nan`, `subnormals-in`, `subnormals-out`, `random-bits` or `ties`.
    pub param: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.param, self.message)
    }
}

impl std::error::Error for PolicyError {}

/// Largest n of the stochastic modes.
pub const MAX_RANDOM_BITS: u32 = 32;

/// The rounding modes a format allows.
pub fn rounds(format: &Format) -> Vec<Round> {
    let allowed = |round: Round| match format {
        // Neighbouring codes of a table need not differ in parity, and a table without zero has no "toward zero".
        Format::Table(t) => match round {
            Round::Odd => false,
            Round::Rne | Round::Rna | Round::Up | Round::Down => true,
            _ => t.values.iter().any(|v| Exact::new(v.0, 0).is_zero()),
        },
        _ => true,
    };
    Round::ALL.iter().map(|r| r.0).filter(|r| allowed(*r)).collect()
}

/// The overflow policies a format allows.
pub fn overflows(format: &Format) -> Vec<Overflow> {
    let mut allowed = vec![Overflow::Saturate];
    if format.has_infinity() || format.has_nan() {
        allowed.push(Overflow::Nonfinite);
    }
    if matches!(format, Format::Int(i) if matches!(i.kind, IntKind::Unsigned | IntKind::Twos)) {
        allowed.push(Overflow::Wrap);
    }
    allowed
}

/// The NaN policies a format allows; one with NaN only the default, which it does not use.
pub fn nans(format: &Format) -> Vec<NanTo> {
    let mut allowed = vec![NanTo::Zero];
    if !format.has_nan() {
        allowed.push(NanTo::Max);
        if format.has_negative_zero() {
            allowed.push(NanTo::FlipZero);
        }
    }
    allowed
}

/// The treatments of subnormals a format allows, as operand and as result.
pub fn subnormals(format: &Format) -> Vec<Subnormals> {
    if format.has_subnormals() { vec![Subnormals::Full, Subnormals::Flush] } else { vec![Subnormals::Full] }
}

/// The tie rules a format allows under a rounding mode.
pub fn ties(format: &Format, round: Round) -> Vec<Ties> {
    let powers = match format {
        Format::Minifloat(m) => m.frac_bits == 0,
        Format::E8m0 => true,
        Format::Int(_) | Format::Table(_) => false,
    };
    if powers && round == Round::Rne { vec![Ties::Code, Ties::Up] } else { vec![Ties::Code] }
}

fn check<T: Copy + PartialEq + fmt::Display>(
    param: &'static str,
    given: T,
    allowed: &[T],
    why: String,
) -> Result<(), PolicyError> {
    if allowed.contains(&given) {
        return Ok(());
    }
    let allowed = allowed.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
    Err(PolicyError { param, message: format!("`{given}` is not possible: {why}; allowed: {allowed}") })
}

/// Does the format allow these policies?
pub fn legal(format: &Format, rounding: &Rounding) -> Result<(), PolicyError> {
    let name = names::name(format);
    let Rounding { round, overflow, nan, subnormals: out, random_bits, ties: tie } = *rounding;
    let why = match format {
        Format::Table(_) if round == Round::Odd => format!("the codes of {name} do not alternate between even and odd"),
        _ => format!("{name} has no zero to round toward"),
    };
    check("round", round, &rounds(format), why)?;
    let why = match overflow {
        Overflow::Nonfinite => format!("{name} has neither infinity nor NaN"),
        _ => format!("only plain signed and unsigned integers wrap, not {name}"),
    };
    check("overflow", overflow, &overflows(format), why)?;
    let why = match nan {
        NanTo::FlipZero if !format.has_nan() => format!("{name} has no negative zero"),
        _ => format!("{name} has a NaN of its own"),
    };
    check("nan", nan, &nans(format), why)?;
    check("subnormals-out", out, &subnormals(format), no_subnormals(format))?;
    let why = format!("only `rne` to formats without fraction bits has ties between powers of two, not `{round}` to {name}");
    check("ties", tie, &ties(format, round), why)?;
    match (round.is_stochastic(), random_bits) {
        (true, 1..=MAX_RANDOM_BITS) | (false, 0) => Ok(()),
        (true, n) => Err(PolicyError {
            param: "random-bits",
            message: format!("`{round}` needs 1 to {MAX_RANDOM_BITS} random bits per rounding, not {n}"),
        }),
        (false, n) => Err(PolicyError {
            param: "random-bits",
            message: format!("`{round}` uses no random bits, not {n}; allowed: 0, or a stochastic mode"),
        }),
    }
}

/// Does the format allow this treatment of its subnormals as operands?
pub fn legal_operand(format: &Format, treatment: Subnormals) -> Result<(), PolicyError> {
    check("subnormals-in", treatment, &subnormals(format), no_subnormals(format))
}

fn no_subnormals(format: &Format) -> String {
    format!("{} has no subnormal numbers to flush", names::name(format))
}
