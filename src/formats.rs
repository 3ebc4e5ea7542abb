//! Number formats and policies as data, and as parameters of blocks. Hardware descriptions take
//! their formats from here; what a format *means* they derive themselves.
use crate::blocks::params::{ParamValue, Values};
pub use crate::golden::format::{Format, IntFormat, IntKind, Minifloat, Special, TableFormat};
pub use crate::golden::policy::{NanSign, NanTo, Overflow, Round, Rounding, Subnormals, Ties};
use crate::golden::{names, tables};

/// Formats a user may name, in a few words.
const FORMATS: &str = "a format: e4m3fn, e5m2, bf16, fp32, int8, e8m0fnu, nf4, e{E}m{M}[b{bias}]-{special}, table:FILE, …";

impl ParamValue for Format {
    const IN_NAME: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix("table:") else { return names::parse(text) };
        // `table:NAME:V0,V1,…` holds the values themselves: how manifests and headers write a user's table.
        if let Some((name, values)) = path.split_once(':').filter(|_| !std::path::Path::new(path).exists()) {
            return tables::table_from_text(name, values).map(Format::Table).map_err(|e| format!("table `{name}`: {e}"));
        }
        let content = std::fs::read_to_string(path).map_err(|e| format!("table file `{path}`: {e}"))?;
        let stem = std::path::Path::new(path).file_stem().map(|s| s.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        tables::table_from_text(&stem, &content).map(Format::Table).map_err(|e| format!("table file `{path}`: {e}"))
    }
    fn text(&self) -> String {
        match self {
            Format::Table(t) if names::parse(&t.name).is_err() => {
                let value = |(m, e): &(i64, i32)| match (m, e) {
                    (m, 0) => m.to_string(),
                    (m, e) => format!("{}0x{:x}p{e}", if *m < 0 { "-" } else { "" }, m.unsigned_abs()),
                };
                format!("table:{}:{}", t.name, t.values.iter().map(value).collect::<Vec<_>>().join(","))
            }
            _ => names::name(self),
        }
    }
    fn allowed() -> String {
        FORMATS.into()
    }
    fn values() -> Values {
        Values::Formats(Vec::new())
    }
    fn ident(&self, _: &str) -> String {
        names::ident(self)
    }
}

/// A result format, or the exact result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Not rounded: two's complement, as wide as it must be.
    Exact,
    /// Rounded to a format.
    In(Format),
}

impl Output {
    /// The format, unless exact.
    pub fn format(&self) -> Option<&Format> {
        match self {
            Output::Exact => None,
            Output::In(format) => Some(format),
        }
    }
}

impl ParamValue for Output {
    const IN_NAME: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "exact" => Ok(Output::Exact),
            _ => Format::parse(text).map(Output::In).map_err(|e| format!("{e}; or `exact`")),
        }
    }
    fn text(&self) -> String {
        self.format().map_or("exact".into(), Format::text)
    }
    fn allowed() -> String {
        format!("exact, or {FORMATS}")
    }
    fn values() -> Values {
        Values::Formats(vec!["exact"])
    }
    fn ident(&self, param: &str) -> String {
        format!("{param}_{}", self.format().map_or("exact".into(), names::ident))
    }
}

/// A format, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optional(pub Option<Format>);

impl ParamValue for Optional {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Optional(None)),
            _ => Format::parse(text).map(|f| Optional(Some(f))).map_err(|e| format!("{e}; or `none`")),
        }
    }
    fn text(&self) -> String {
        self.0.as_ref().map_or("none".into(), Format::text)
    }
    fn allowed() -> String {
        format!("none, or {FORMATS}")
    }
    fn values() -> Values {
        Values::Formats(vec!["none"])
    }
    fn ident(&self, param: &str) -> String {
        format!("{param}_{}", self.0.as_ref().map_or("none".into(), names::ident))
    }
}

/// How often is rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roundings {
    /// The exact result.
    Once,
    /// Each operation, to this format.
    Each(Format),
}

impl ParamValue for Roundings {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "once" => Ok(Roundings::Once),
            _ => Format::parse(text).map(Roundings::Each).map_err(|e| format!("{e}; or `once`")),
        }
    }
    fn text(&self) -> String {
        match self {
            Roundings::Once => "once".into(),
            Roundings::Each(format) => format.text(),
        }
    }
    fn allowed() -> String {
        format!("once, or {FORMATS}")
    }
    fn values() -> Values {
        Values::Formats(vec!["once"])
    }
    fn ident(&self, param: &str) -> String {
        match self {
            Roundings::Once => "once".into(),
            Roundings::Each(format) => format!("each_{}", format.ident(param)),
        }
    }
}

/// The format of partial sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumFormat(pub Format);

impl ParamValue for SumFormat {
    fn parse(text: &str) -> Result<Self, String> {
        Format::parse(text).map(SumFormat)
    }
    fn text(&self) -> String {
        self.0.text()
    }
    fn allowed() -> String {
        FORMATS.into()
    }
    fn values() -> Values {
        Values::Formats(Vec::new())
    }
    fn ident(&self, _: &str) -> String {
        format!("sum_{}", names::ident(&self.0))
    }
}

/// An overflow policy, or the one that suits the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverflowChoice {
    /// `nonfinite` where the format has an infinity, else `saturate`.
    Auto,
    /// This one.
    Is(Overflow),
}

impl ParamValue for OverflowChoice {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(OverflowChoice::Auto),
            _ => text.parse().map(OverflowChoice::Is).map_err(|_| format!("`{text}` is not one of: {}", Self::allowed())),
        }
    }
    fn text(&self) -> String {
        match self {
            OverflowChoice::Auto => "auto".into(),
            OverflowChoice::Is(overflow) => overflow.word().into(),
        }
    }
    fn allowed() -> String {
        format!("auto, {}", words(Overflow::ALL))
    }
    fn values() -> Values {
        Values::Words(std::iter::once("auto").chain(Overflow::ALL.iter().map(|(_, word)| *word)).collect())
    }
    fn ident(&self, _: &str) -> String {
        self.text()
    }
}

fn words<T>(all: &[(T, &str)]) -> String {
    all.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

macro_rules! word_parameters {
    ($($name:ident: |$word:ident| $ident:expr;)+) => { $(
        impl ParamValue for $name {
            fn parse(text: &str) -> Result<Self, String> { text.parse() }
            fn text(&self) -> String { self.word().into() }
            fn allowed() -> String { words($name::ALL) }
            fn values() -> Values { Values::Words($name::ALL.iter().map(|(_, word)| *word).collect()) }
            fn ident(&self, _: &str) -> String {
                let $word = self.word().replace('-', "_");
                $ident
            }
        }
    )+ };
}
word_parameters! {
    Round: |word| word;
    NanTo: |word| format!("nan_{word}");
    NanSign: |word| format!("nan_sign_{word}");
    Ties: |word| format!("ties_{word}");
}

impl ParamValue for Subnormals {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
    fn text(&self) -> String {
        self.word().into()
    }
    fn allowed() -> String {
        words(Subnormals::ALL)
    }
    fn values() -> Values {
        Values::Words(Subnormals::ALL.iter().map(|(_, word)| *word).collect())
    }
    fn ident(&self, param: &str) -> String {
        format!("{}_{}", self.word(), param.trim_start_matches("subnormals_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_table_is_written_with_its_values() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.txt");
        std::fs::write(&path, "-3.5, -1 0\n0.15625 # a comment\n").unwrap();
        let table = Format::parse(&format!("table:{}", path.display())).unwrap();
        assert_eq!(table.text(), "table:mine:-0x7p-1,-1,0,0x5p-5");
        assert_eq!(Format::parse(&table.text()).unwrap(), table);
        assert!(Format::parse("table:mine:1,2,3").unwrap_err().contains("a power of two"));
        assert!(Format::parse("table:nothing.txt").unwrap_err().contains("nothing.txt"));
    }
}
