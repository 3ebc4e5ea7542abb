//! Parameters that are lists of whole numbers, one per channel, and the real numbers they come from.
use super::params::{ParamError, ParamValue, Values};
use std::collections::BTreeMap;

/// Whole numbers, separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integers(pub Vec<i64>);

impl ParamValue for Integers {
    fn parse(text: &str) -> Result<Self, String> {
        let one = |word: &str| {
            let word = word.trim();
            word.parse().map_err(|_| format!("`{word}` is not a whole number from -2^63 to 2^63 - 1"))
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Integers)
    }
    fn text(&self) -> String {
        self.0.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
    }
    fn allowed() -> String {
        "whole numbers, separated by commas".into()
    }
    fn values() -> Values {
        Values::Words(vec!["0", "1", "-3", "77", "1690499128"])
    }
    fn ident(&self, param: &str) -> String {
        match &self.0[..] {
            [one] => format!("{param}{}", one.to_string().replace('-', "n")),
            all => format!("{param}{}x{:08x}", all.len(), checksum(&self.text())),
        }
    }
}

/// Numbers known when the circuit is built, or inputs of the circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constants {
    /// An input port brings them.
    Port,
    /// These, one per channel or one for all.
    Of(Integers),
}

impl Constants {
    /// The number of a channel; `None` if a port brings it.
    pub fn of(&self, channel: u32) -> Option<i64> {
        match self {
            Constants::Port => None,
            Constants::Of(Integers(all)) => all.get(channel as usize).or(all.first()).copied(),
        }
    }

    /// Checks that there is one number for all channels or one for each, all in a range.
    pub fn check(&self, param: &str, channels: u32, range: std::ops::RangeInclusive<i64>) -> Result<(), ParamError> {
        let Constants::Of(Integers(all)) = self else { return Ok(()) };
        if all.len() != 1 && all.len() != channels as usize {
            let each = if channels > 1 { format!(" for all lanes, or {channels}, one for each") } else { String::new() };
            let message = format!("{} numbers; allowed: 1{each}", all.len());
            return Err(ParamError::new(param, message));
        }
        match all.iter().find(|n| !range.contains(n)) {
            Some(n) => Err(ParamError::new(param, format!("{n} is out of range; allowed: {}..={}", range.start(), range.end()))),
            None => Ok(()),
        }
    }
}

impl ParamValue for Constants {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "port" => Ok(Constants::Port),
            _ => Integers::parse(text).map(Constants::Of).map_err(|e| format!("{e}; or `port`")),
        }
    }
    fn text(&self) -> String {
        match self {
            Constants::Port => "port".into(),
            Constants::Of(list) => list.text(),
        }
    }
    fn allowed() -> String {
        format!("{}; or port", Integers::allowed())
    }
    fn values() -> Values {
        Values::Words(vec!["port", "0", "1", "-3", "12", "37"])
    }
    fn ident(&self, param: &str) -> String {
        match self {
            Constants::Port => format!("{param}_port"),
            Constants::Of(list) => list.ident(param),
        }
    }
}

/// FNV-1a: tells long lists apart in module names.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

/// A real quantity from which a block's whole-number parameters follow.
#[derive(Clone, Debug)]
pub struct Real {
    /// Name, as a parameter would have.
    pub name: &'static str,
    /// One line.
    pub doc: &'static str,
    /// Value if none is given; `None` means that one must be, unless the block can do without.
    pub default: Option<f64>,
}

/// Real quantities by name, each a list of binary64 numbers.
#[derive(Clone, Debug, Default)]
pub struct Reals(BTreeMap<String, Vec<f64>>);

impl Reals {
    /// Gives a quantity, as text: numbers separated by commas or blanks. A decimal ending in `f` (`0.1f`) is the binary32
    /// nearest to it, a C hexadecimal float is exact, anything else the nearest binary64.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), ParamError> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|w| !w.is_empty());
        let numbers: Result<Vec<f64>, String> = words.map(number).collect();
        match numbers {
            Ok(list) if !list.is_empty() => self.0.insert(name.to_string(), list),
            Ok(_) => return Err(ParamError::new(name, "no number given")),
            Err(e) => return Err(ParamError::new(name, e)),
        };
        Ok(())
    }

    /// The numbers given for a quantity; none if it was not given.
    pub fn list(&self, name: &str) -> &[f64] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The numbers of a quantity that must be given.
    pub fn required(&self, name: &str) -> Result<&[f64], ParamError> {
        match self.list(name) {
            [] => Err(ParamError::new(name, "is needed: a number, or several separated by commas")),
            list => Ok(list),
        }
    }

    /// The single number of a quantity that must be given.
    pub fn one(&self, name: &str) -> Result<f64, ParamError> {
        match self.required(name)? {
            [one] => Ok(*one),
            list => Err(ParamError::new(name, format!("{} numbers; allowed: one", list.len()))),
        }
    }
}

fn number(word: &str) -> Result<f64, String> {
    let bad = || format!("`{word}` is not a finite number; allowed: 0.0123, 3e-2, 0.1f (binary32), 0x1.8p-3");
    let value = match word.to_ascii_lowercase() {
        hex if hex.contains("0x") => crate::golden::tables::value_from_text(word).ok().and_then(|x| x.to_f64()),
        short if short.ends_with('f') && !short.ends_with("inf") => {
            short.strip_suffix('f').and_then(|w| w.parse::<f32>().ok()).map(f64::from)
        }
        plain => plain.parse().ok(),
    };
    value.filter(|x| x.is_finite()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        let list = Integers::parse("1, -2,3").unwrap();
        assert_eq!((list.text().as_str(), list.0.len()), ("1,-2,3", 3));
        assert_eq!(Integers::parse("-7").unwrap().ident("b"), "bn7");
        assert_ne!(list.ident("b"), Integers::parse("1,-2,4").unwrap().ident("b"));
        assert!(Constants::parse("1,,2").unwrap_err().contains("or `port`"));
        assert!(Constants::parse("1,2").unwrap().check("b", 3, 0..=9).unwrap_err().message.contains("one for each"));
        assert!(Constants::parse("1,2").unwrap().check("b", 2, 0..=1).unwrap_err().message.contains("0..=1"));
    }

    #[test]
    fn real_numbers_of_three_spellings() {
        let mut reals = Reals::default();
        reals.set("s", "0.1, 0.1f 0x1.8p-3").unwrap();
        assert_eq!(reals.list("s"), [0.1, f64::from(0.1f32), 0.1875]);
        for bad in ["", "nan", "inf", "x", "1e999", "0x1p5000"] {
            assert!(reals.set("s", bad).is_err(), "{bad}");
        }
        assert!(reals.one("s").is_err() && reals.required("t").is_err());
    }
}
