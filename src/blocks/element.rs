//! A block as the element of another: its name and its parameters, as parameters of that one.
use super::params::{ParamError, ParamValue, Values};
use super::{Block, Configured, REGISTRY, systolic::Systolic};

/// The name of a block that can be an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element(String);

impl ParamValue for Element {
    const IN_NAME: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        match REGISTRY.iter().any(|b| b.name() == text && !is_array(text)) {
            true => Ok(Element(text.into())),
            false => Err(format!("`{text}` is not one of: {}", Self::allowed())),
        }
    }
    fn text(&self) -> String {
        self.0.clone()
    }
    fn allowed() -> String {
        let names: Vec<&str> = REGISTRY.iter().map(|b| b.name()).filter(|n| !is_array(n)).collect();
        names.join(", ")
    }
    fn values() -> Values {
        Values::Words(vec!["mac", "mul", "dot", "mx_mac", "serial_mac", "bitmod_pe"])
    }
    fn ident(&self, _: &str) -> String {
        self.0.clone()
    }
}

/// Parameters of an element as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementParams(Vec<(String, String)>);

impl ParamValue for ElementParams {
    fn parse(text: &str) -> Result<Self, String> {
        let pair = |word: &str| {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not NAME=VALUE"))?;
            Ok((name.trim().to_string(), value.trim().to_string()))
        };
        let words = text.split(',').map(str::trim).filter(|w| !w.is_empty());
        words.map(pair).collect::<Result<_, String>>().map(ElementParams)
    }
    fn text(&self) -> String {
        self.0.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(",")
    }
    fn allowed() -> String {
        "NAME=VALUE,…, parameters of the block of --pe".into()
    }
    fn values() -> Values {
        Values::Words(vec!["", "a=int8,b=int8"])
    }
    fn ident(&self, _: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        self.text().chars().map(plain).collect()
    }
}

/// Arrays are not elements of arrays.
fn is_array(name: &str) -> bool {
    name == Systolic::NAME
}

impl Element {
    /// The block with these parameters.
    pub fn configure(&self, params: &ElementParams) -> Result<Box<dyn Configured>, ParamError> {
        let block = super::find(&self.0).ok_or_else(|| ParamError::new("pe", format!("allowed: {}", Self::allowed())))?;
        block.configure(&params.0).map_err(|e| ParamError::new("pe_params", format!("{}: {e}", self.0)))
    }
}
