//! What units compute, in integers: written apart from their plain forms, to judge those.
use narrowgen::hdl::arch::{Kind, Own, Unit};

/// The number that a code stands for.
fn number(code: u64, kind: Kind) -> i128 {
    let code = i128::from(code & ((1 << kind.bits) - 1));
    if kind.signed && code >> (kind.bits - 1) == 1 { code - (1 << kind.bits) } else { code }
}

/// The result for the codes of the inputs, from which the bits of the result are to be taken.
type Meaning<'u> = Box<dyn Fn(&[u64]) -> i128 + Sync + 'u>;

/// What a unit computes; nothing for units that are tables.
pub fn of(unit: &Unit) -> Option<Meaning<'_>> {
    let negated = |x: u64, sign: u64| if sign == 1 { -i128::from(x) } else { i128::from(x) };
    Some(match unit {
        Unit::Product { a, b } => Box::new(|x| number(x[0], *a) * number(x[1], *b)),
        Unit::Accumulate { a, b, .. } => Box::new(|x| i128::from(x[2]) + number(x[0], *a) * number(x[1], *b)),
        Unit::Dot { a, b, lanes, .. } => {
            let lane = |x: &[u64], i: u32| number(x[0] >> (i * a.bits), *a) * number(x[1] >> (i * b.bits), *b);
            Box::new(move |x| (0..*lanes).map(|i| lane(x, i)).sum())
        }
        Unit::Shift { .. } => Box::new(move |x| negated(x[0], x[2]) << x[1]),
        Unit::ShiftAdd { drop, .. } => Box::new(move |x| i128::from(x[3]) + ((negated(x[0], x[2]) << x[1]) >> drop)),
        Unit::Lanes { b, drop, .. } => Box::new(move |x| {
            let distance = (i128::from(x[1]) - i128::from(*drop)).rem_euclid(1 << b.bits);
            negated(x[0], x[2]) << if distance > 28 { distance - 4 } else { distance }
        }),
        Unit::Any { .. } => Box::new(|x| i128::from(x[0] > 0)),
        Unit::Own(Own::Square(form)) => Box::new(|x| number(x[0], form.a).pow(2)),
        Unit::Own(Own::Scaled(form)) => {
            let by = i128::try_from(&form.by).ok()?;
            Box::new(move |x| number(x[0], form.a) * by)
        }
        Unit::Own(Own::Quotient(form)) => Box::new(|x| i128::from(x[0] / form.by)),
        Unit::Own(Own::Sum(form)) => Box::new(|x| form.terms.iter().zip(x).map(|(kind, x)| number(*x, *kind)).sum()),
        Unit::Own(Own::Function(_)) | Unit::Coded { .. } => return None,
    })
}
