//! Names of formats: reading them, and the one canonical name of each.
//!
//! * ml_dtypes' names with or without their `floatN_` prefix, and gfloat's (`ocp_…`, `p3109_…`, `mini_…`);
//! * `int8`, `uint4`, `int8-sym` (results never -128), `int8-sm` (sign and magnitude), each with `-qF` for F fraction bits;
//! * any other minifloat as `e{E}m{M}[b{bias}]-{special}`;
//! * the lookup tables of [`crate::tables`].
//!
//! Beware of two traps in the names of others: ml_dtypes' `e4m3` is the IEEE-like format, OCP's E4M3 is `e4m3fn`;
//! and `e2m1fn` has no NaN at all (`e2m1-none`), unlike `e2m1-fn`.
use crate::format::{Format, IntFormat, IntKind, Minifloat, Special};
use crate::tables;
pub use crate::tables::table_from_text;

/// A named format.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Canonical name.
    pub name: &'static str,
    /// Other names of the same format, besides the `floatN_` prefix.
    pub aliases: &'static [&'static str],
    /// One line.
    pub doc: &'static str,
    /// The format.
    pub format: Format,
}

/// Named minifloats: name, E, M, bias, special rule, other names, a line. `None` as bias: the default.
type Row = (&'static str, u32, u32, Option<i32>, Special, &'static [&'static str], &'static str);
const MINIFLOATS: &[Row] = &[
    ("e4m3fn", 4, 3, None, Special::Fn, &["ocp_e4m3"], "OCP FP8 E4M3: largest 448, no infinity"),
    ("e5m2", 5, 2, None, Special::Ieee, &["ocp_e5m2"], "OCP FP8 E5M2: largest 57344"),
    ("e4m3fnuz", 4, 3, None, Special::Fnuz, &[], "one NaN, no infinity, no -0: largest 240"),
    ("e5m2fnuz", 5, 2, None, Special::Fnuz, &[], "one NaN, no infinity, no -0: largest 57344"),
    ("e4m3b11fnuz", 4, 3, Some(11), Special::Fnuz, &[], "bias 11, one NaN, no infinity, no -0: largest 30"),
    ("e4m3", 4, 3, None, Special::Ieee, &[], "IEEE-like with infinities: largest 240 (not OCP's E4M3)"),
    ("e3m4", 3, 4, None, Special::Ieee, &[], "IEEE-like with infinities: largest 15.5"),
    ("e3m2fn", 3, 2, None, Special::None, &["ocp_e3m2"], "OCP MXFP6 E3M2: every code a number, largest 28"),
    ("e2m3fn", 2, 3, None, Special::None, &["ocp_e2m3"], "OCP MXFP6 E2M3: every code a number, largest 7.5"),
    ("e2m1fn", 2, 1, None, Special::None, &["ocp_e2m1"], "OCP MXFP4 E2M1: every code a number, largest 6"),
    ("fp16", 5, 10, None, Special::Ieee, &["float16", "f16", "half", "binary16"], "IEEE 754 binary16"),
    ("bf16", 8, 7, None, Special::Ieee, &["bfloat16"], "bfloat16"),
    ("fp32", 8, 23, None, Special::Ieee, &["float32", "f32", "float", "binary32"], "IEEE 754 binary32"),
];

/// Names of the special rules in spelled-out names.
const SPECIALS: &[(&str, Special, bool)] = &[
    ("none", Special::None, true),
    ("ieee", Special::Ieee, true),
    ("fn", Special::Fn, true),
    ("fnuz", Special::Fnuz, true),
    ("p3109se", Special::P3109 { extended: true }, true),
    ("p3109sf", Special::P3109 { extended: false }, true),
    ("p3109ue", Special::P3109 { extended: true }, false),
    ("p3109uf", Special::P3109 { extended: false }, false),
];

const MXINT8: IntFormat = IntFormat { bits: 8, kind: IntKind::Twos, lsb_exp: -6 };

/// Every format that has a name of its own, and the usual integers. Spelled-out names reach many more.
pub fn catalogue() -> Vec<Entry> {
    let mut entries: Vec<Entry> = MINIFLOATS
        .iter()
        .map(|&(name, exp_bits, frac_bits, bias, special, aliases, doc)| {
            let default = Minifloat::new(exp_bits, frac_bits, special);
            let format = Format::Minifloat(Minifloat { bias: bias.unwrap_or(default.bias), ..default });
            Entry { name, aliases, doc, format }
        })
        .collect();
    entries.push(Entry {
        name: "e8m0fnu",
        aliases: &["ocp_e8m0", "e8m0"],
        doc: "OCP scale 2^(code-127), unsigned, no zero, FF is NaN",
        format: Format::E8m0,
    });
    entries.push(Entry {
        name: "mxint8",
        aliases: &["ocp_int8"],
        doc: "OCP MXINT8 element: two's complement / 64",
        format: Format::Int(MXINT8),
    });
    for (name, bits, kind, doc) in [
        ("int8", 8, IntKind::Twos, "two's complement"),
        ("int4", 4, IntKind::Twos, "two's complement"),
        ("uint8", 8, IntKind::Unsigned, "unsigned"),
        ("uint4", 4, IntKind::Unsigned, "unsigned"),
        ("int8-sym", 8, IntKind::Symmetric, "two's complement, results never -128"),
        ("int8-sm", 8, IntKind::SignMagnitude, "sign and magnitude"),
        ("int32", 32, IntKind::Twos, "two's complement"),
    ] {
        entries.push(Entry { name, aliases: &[], doc, format: Format::Int(IntFormat { bits, kind, lsb_exp: 0 }) });
    }
    for &(name, doc) in tables::NAMES {
        entries.extend(tables::builtin(name).map(|table| Entry { name, aliases: &[], doc, format: Format::Table(table) }));
    }
    entries
}

/// The format a name means, or a message that lists what it could mean.
pub fn parse(text: &str) -> Result<Format, String> {
    let name = text.trim().to_ascii_lowercase();
    let catalogue = catalogue();
    if let Some(entry) = catalogue.iter().find(|e| e.name == name || e.aliases.contains(&name.as_str())) {
        return Ok(entry.format.clone());
    }
    if let Some(result) = prefixed(&name, &catalogue).or_else(|| integer(&name)).or_else(|| spelled(&name)) {
        let format = result.map_err(|e| format!("format `{text}`: {e}"))?;
        format.validate().map_err(|e| format!("format `{text}`: {e}"))?;
        return Ok(format);
    }
    Err(format!("unknown format `{text}`{}", suggestion(&name, &catalogue)))
}

/// `float8_e4m3fn`: the prefix must tell the width.
fn prefixed(name: &str, catalogue: &[Entry]) -> Option<Result<Format, String>> {
    let (width, rest) = name.strip_prefix("float")?.split_once('_')?;
    let entry = catalogue.iter().find(|e| e.name == rest && (e.name.contains("fn") || e.name.starts_with('e')))?;
    let bits = entry.format.bits();
    Some(if width == bits.to_string() {
        Ok(entry.format.clone())
    } else {
        Err(format!("{rest} has {bits} bits; did you mean float{bits}_{rest}?"))
    })
}

/// `int8`, `uint4`, `int8-sym`, `int16-sm-q8`, `int16-q-2`.
fn integer(name: &str) -> Option<Result<Format, String>> {
    let (unsigned, rest) = match name.strip_prefix('u') {
        Some(rest) => (true, rest),
        None => (false, name),
    };
    let rest = rest.strip_prefix("int")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, suffix) = rest.split_at(end);
    if digits.is_empty() {
        return Some(Err("the width is missing; write int8, uint4, int8-sym, int8-sm or int16-q8".into()));
    }
    let Some(bits) = number(digits).and_then(|b| u32::try_from(b).ok()) else {
        return Some(Err("the width is too large; allowed: 1..=64".into()));
    };
    let (kind, suffix) = match (unsigned, suffix.strip_prefix("-sym"), suffix.strip_prefix("-sm")) {
        (true, ..) => (IntKind::Unsigned, suffix),
        (false, Some(rest), _) => (IntKind::Symmetric, rest),
        (false, _, Some(rest)) => (IntKind::SignMagnitude, rest),
        _ => (IntKind::Twos, suffix),
    };
    let fraction = if suffix.is_empty() { Some(0) } else { suffix.strip_prefix("-q").and_then(number) };
    Some(match fraction.and_then(|f| i32::try_from(-f).ok()) {
        Some(lsb_exp) => Ok(Format::Int(IntFormat { bits, kind, lsb_exp })),
        None => Err(format!(
            "`{suffix}` does not belong here; allowed after the width: {}-qF for F fraction bits",
            if unsigned { "" } else { "-sym, -sm, " }
        )),
    })
}

/// A decimal integer of at most 6 digits without superfluous characters.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits == "0" && text == "0" || !digits.starts_with('0');
    if plain && canonical { text.parse().ok() } else { None }
}

/// Names that spell the format out.
fn spelled(name: &str) -> Option<Result<Format, String>> {
    if let Some(rest) = name.strip_prefix("p3109_k") {
        return p3109(rest).map(Ok);
    }
    if let Some(rest) = name.strip_prefix("mini_") {
        let (format, rest) = fields(rest)?;
        return rest.is_empty().then_some(Ok(Format::Minifloat(format)));
    }
    if let Some(rest) = name.strip_prefix("pot") {
        let bits = number(rest).filter(|b| (2..=8).contains(b))? as u32;
        // {0, ±2^-p}: an exponent field without fraction whose largest value is 1.
        let format = Minifloat::new(bits - 1, 0, Special::None);
        return Some(Ok(Format::Minifloat(Minifloat { bias: (1 << (bits - 1)) - 1, ..format })));
    }
    let (format, rest) = fields(name)?;
    if rest.is_empty() {
        return Some(Err(format!("ambiguous; it could mean {}", meanings(&format).join(", "))));
    }
    let word = rest.strip_prefix('-').unwrap_or(rest);
    match SPECIALS.iter().find(|s| s.0 == word) {
        Some(&(_, special, signed)) if rest.starts_with('-') => {
            Some(Ok(Format::Minifloat(with_special(&format, special, signed))))
        }
        _ => Some(Err(format!("`{rest}` is not a special rule; it could mean {}", meanings(&format).join(", ")))),
    }
}

/// `e{E}m{M}[b{bias}]` at the start of `name`, and the rest. Without a bias, `special` is a placeholder and the bias
/// is left at the default of `none`.
fn fields(name: &str) -> Option<(Minifloat, &str)> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let rest = name.strip_prefix('e')?;
    let (exp, rest) = rest.split_at(digits(rest));
    let rest = rest.strip_prefix('m')?;
    let (frac, rest) = rest.split_at(digits(rest));
    let (exp_bits, frac_bits) = (number(exp)?.min(99) as u32, number(frac)?.min(99) as u32);
    let mut format = Minifloat { signed: true, exp_bits, frac_bits, bias: UNSET, special: Special::None };
    if let Some(bias) = rest.strip_prefix('b') {
        let sign = usize::from(bias.starts_with('-'));
        let (bias, rest) = bias.split_at(sign + digits(&bias[sign..]));
        format.bias = number(bias)? as i32;
        return Some((format, rest));
    }
    Some((format, rest))
}

/// No bias was given.
const UNSET: i32 = i32::MIN;

fn with_special(format: &Minifloat, special: Special, signed: bool) -> Minifloat {
    let mut format = Minifloat { special, signed, ..*format };
    if format.bias == UNSET {
        // Out-of-range widths are reported by the validation that follows.
        format.bias = if format.exp_bits <= 8 { format.default_bias() } else { 0 };
    }
    format
}

fn meanings(format: &Minifloat) -> Vec<String> {
    SPECIALS
        .iter()
        .filter(|s| !matches!(s.1, Special::P3109 { .. }))
        .map(|&(_, special, signed)| Format::Minifloat(with_special(format, special, signed)))
        .filter(|f| f.validate().is_ok())
        .map(|f| {
            let (short, long) = (name(&f), long_name(&f));
            if short == long { short } else { format!("{short} (= {long})") }
        })
        .chain((format.exp_bits == 8 && format.frac_bits == 0).then(|| "e8m0fnu (the OCP scale)".to_string()))
        .collect()
}

/// `{k}p{p}{s|u}{e|f}` of gfloat.
fn p3109(rest: &str) -> Option<Format> {
    let extended = match rest.chars().last()? {
        'e' => true,
        'f' => false,
        _ => return None,
    };
    let rest = &rest[..rest.len() - 1];
    let signed = match rest.chars().last()? {
        's' => true,
        'u' => false,
        _ => return None,
    };
    let (k, p) = rest[..rest.len() - 1].split_once('p')?;
    let (k, p) = (number(k)?, number(p)?);
    let exp_bits = k - p + i64::from(!signed);
    let mut format = Minifloat {
        signed,
        exp_bits: u32::try_from(exp_bits).ok().filter(|e| *e <= 8)?,
        frac_bits: u32::try_from(p - 1).ok()?,
        bias: 0,
        special: Special::P3109 { extended },
    };
    format.bias = format.default_bias();
    Some(Format::Minifloat(format))
}

/// The canonical name; [`parse`] gives the format back.
pub fn name(format: &Format) -> String {
    match format {
        Format::Table(t) => t.name.clone(),
        Format::E8m0 => "e8m0fnu".into(),
        Format::Int(i) if *i == MXINT8 => "mxint8".into(),
        Format::Int(i) => {
            let (prefix, suffix) = match i.kind {
                IntKind::Unsigned => ("uint", ""),
                IntKind::Twos => ("int", ""),
                IntKind::Symmetric => ("int", "-sym"),
                IntKind::SignMagnitude => ("int", "-sm"),
            };
            let fraction = if i.lsb_exp == 0 { String::new() } else { format!("-q{}", -i.lsb_exp) };
            format!("{prefix}{}{suffix}{fraction}", i.bits)
        }
        Format::Minifloat(m) => {
            let named = MINIFLOATS.iter().find(|row| {
                let default = Minifloat::new(row.1, row.2, row.4);
                *m == Minifloat { bias: row.3.unwrap_or(default.bias), ..default }
            });
            match (named, m.special) {
                (Some(row), _) => row.0.into(),
                (None, Special::P3109 { extended }) if m.bias == m.default_bias() => {
                    let p = m.frac_bits + 1;
                    let k = m.exp_bits + p - u32::from(!m.signed);
                    let (sign, domain) = (if m.signed { 's' } else { 'u' }, if extended { 'e' } else { 'f' });
                    format!("p3109_k{k}p{p}{sign}{domain}")
                }
                _ => long_name(format),
            }
        }
    }
}

/// `e{E}m{M}[b{bias}]-{special}`, or the plain name of other formats.
fn long_name(format: &Format) -> String {
    let Format::Minifloat(m) = format else { return name(format) };
    let word = SPECIALS.iter().find(|s| s.1 == m.special && s.2 == m.signed).map_or("none", |s| s.0);
    let bias = if m.bias == m.default_bias() { String::new() } else { format!("b{}", m.bias) };
    format!("e{}m{}{bias}-{word}", m.exp_bits, m.frac_bits)
}

/// The canonical name as part of an identifier: `[a-z0-9_]`, a negative number marked by `n`.
pub fn ident(format: &Format) -> String {
    let name = name(format);
    let mut ident = String::new();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        ident.push(match c {
            '-' if chars.peek().is_some_and(char::is_ascii_digit) => 'n',
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
            _ => '_',
        });
    }
    ident
}

impl std::fmt::Display for Format {
    /// The canonical name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&name(self))
    }
}

impl std::str::FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Format, String> {
        parse(text)
    }
}

/// What an unknown name might have been.
fn suggestion(name: &str, catalogue: &[Entry]) -> String {
    let list = |names: Vec<&str>| format!("; it could mean {}", names.join(", "));
    // A width alone: every named format of that width.
    for prefix in ["float", "fp", "mxfp", "f"] {
        if let Some(bits) = name.strip_prefix(prefix).and_then(number) {
            let names: Vec<&str> = catalogue
                .iter()
                .filter(|e| i64::from(e.format.bits()) == bits && !e.name.contains("int"))
                .map(|e| e.name)
                .collect();
            if !names.is_empty() {
                return list(names);
            }
        }
    }
    let mut near: Vec<(usize, &str)> = catalogue
        .iter()
        .flat_map(|e| e.aliases.iter().copied().chain([e.name]))
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(d, _)| *d <= 2)
        .collect();
    near.sort();
    if !near.is_empty() {
        return list(near.into_iter().take(6).map(|n| n.1).collect());
    }
    let names: Vec<&str> = catalogue.iter().map(|e| e.name).collect();
    format!(
        "; known: {}; others: e4m2-none, e4m2b5-ieee, e4m2-fn, e4m2-fnuz, int5, uint3, int5-sym, int5-sm, int16-q8, p3109_k8p3se",
        names.join(", ")
    )
}

/// Edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, d) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
