//! The comment at the top of a block's Verilog: what it is, its parameters, its ports.
use super::{Configured, Port, RowLengths};
use crate::golden::names;

/// Header lines, without the comment signs.
pub fn lines(block: &dyn Configured) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", block.block(), block.doc()), String::new(), "Parameters".into()];
    lines.extend(aligned(block.params().into_iter().map(|(name, value)| [name.to_string(), value])));
    lines.extend([String::new(), "Ports".into()]);
    lines.extend(aligned(block.ports().iter().map(|p| {
        let direction = if p.input { "in" } else { "out" };
        [
            p.name.to_string(),
            format!("{direction:<3}  {:>3} {}  {}", p.bits, if p.bits == 1 { "bit " } else { "bits" }, meaning(p)),
        ]
    })));
    lines.push(String::new());
    match block.row_lengths() {
        None => lines.push(closing(block.latency())),
        Some(rows) => {
            lines.push("inputs are taken when in_valid and in_ready are 1, outputs when out_valid and out_ready are 1".into());
            lines.push(format!("{}; narrowgen {}", allowed(&rows), env!("CARGO_PKG_VERSION")));
        }
    }
    lines
}

/// The last line: latency in cycles, and the generator.
pub fn closing(latency: u32) -> String {
    let latency = match latency {
        0 => "combinational".to_string(),
        1 => "latency 1 cycle".to_string(),
        n => format!("latency {n} cycles"),
    };
    format!("{latency}; narrowgen {}", env!("CARGO_PKG_VERSION"))
}

/// The rows of a stream.
fn allowed(rows: &RowLengths) -> String {
    let elements = match (rows.shortest, rows.longest) {
        (a, b) if a == b => format!("rows of {a}"),
        (1, b) => format!("rows of at most {b}"),
        (a, b) => format!("rows of {a} to {b}"),
    };
    match rows.lanes {
        1 => format!("{elements} tokens"),
        n => format!("{elements} elements, {n} a token"),
    }
}

/// What a port carries.
fn meaning(port: &Port) -> String {
    match (&port.format, port.lsb_exp) {
        (Some(format), _) if port.lanes > 1 => {
            format!("{} lanes of {} bits, {}, lane 0 lowest", port.lanes, port.bits / port.lanes, names::name(format))
        }
        (Some(format), _) => names::name(format),
        (None, Some(lsb)) if port.lanes > 1 => {
            let bits = port.bits / port.lanes;
            format!("{} lanes of {bits} bits, two's complement, bit 0 of each weighs 2^{lsb}, lane 0 lowest", port.lanes)
        }
        (None, Some(lsb)) => format!("two's complement, bit 0 weighs 2^{lsb}"),
        (None, None) => match (port.role, port.name) {
            (super::Role::Clear, _) => "starts a new sum".into(),
            (super::Role::Enable, _) => "0 holds everything".into(),
            (super::Role::Mask, _) => "1: the lane holds an element".into(),
            (super::Role::Last, _) => "last token of the row".into(),
            (super::Role::Random, _) => "uniform random bits, first rounding lowest".into(),
            (_, "nan") => "the result is not a number".into(),
            (_, "pos_inf") => "the result is +infinity".into(),
            (_, "neg_inf") => "the result is -infinity".into(),
            (_, "saturated") => "a result is beyond the range of y".into(),
            _ => String::new(),
        },
    }
}

/// Two columns, indented.
fn aligned(rows: impl Iterator<Item = [String; 2]>) -> Vec<String> {
    let rows: Vec<[String; 2]> = rows.collect();
    let width = rows.iter().map(|r| r[0].len()).max().unwrap_or(0);
    rows.iter().map(|[name, rest]| format!("  {name:<width$}  {rest}").trim_end().to_string()).collect()
}

/// Characters of a name that are kept. Verilator gives modules of more than 127 characters names of its own, and clock
/// options, parts and testbenches add to it.
const LONGEST: usize = 90;

/// The name, or its beginning and a hash of all of it (FNV-1a, 64 bits), so that different parameters have different names.
pub fn shortened(name: String) -> String {
    if name.len() <= LONGEST || !name.is_ascii() {
        return name;
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{}_{hash:016x}", name[..LONGEST - 17].trim_end_matches('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_different() {
        let (a, b) = (format!("{}a", "x".repeat(120)), format!("{}b", "x".repeat(120)));
        let short = [shortened(a), shortened(b)];
        assert!(short.iter().all(|n| n.len() <= LONGEST) && short[0] != short[1], "{short:?}");
        assert_eq!(shortened("mul_e4m3fn".into()), "mul_e4m3fn");
    }
}
