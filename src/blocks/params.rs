//! Parameters: declared once with [`params!`](crate::params), read by the command line, sweeps,
//! manifests, documentation and module names.
use std::fmt;
use std::ops::RangeInclusive;

/// A parameter that was given a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", flag(.param))]
pub struct ParamError {
    /// Parameter name as declared (`sum_format`).
    pub param: String,
    /// What is wrong, and the allowed values.
    pub message: String,
}

impl ParamError {
    /// An error about one parameter.
    pub fn new(param: &str, message: impl fmt::Display) -> Self {
        ParamError { param: param.to_string(), message: message.to_string() }
    }
}

/// Command-line spelling of a parameter: `sum_format` → `--sum-format`.
pub fn flag(param: &str) -> String {
    format!("--{}", param.replace('_', "-"))
}

/// Description of one parameter.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name as declared.
    pub name: &'static str,
    /// One line.
    pub doc: &'static str,
    /// Allowed values, for help and errors.
    pub allowed: String,
    /// Default, as the user would write it.
    pub default: String,
    /// The same values for programs that try them out.
    pub values: Values,
}

/// The values that make sense for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// One of these.
    Words(Vec<&'static str>),
    /// A whole number.
    Numbers(RangeInclusive<u32>),
    /// Any number format, or one of these words.
    Formats(Vec<&'static str>),
}

/// A type a parameter can have.
pub trait ParamValue: Sized + Clone + PartialEq {
    /// From the user's word; the message names what is allowed.
    fn parse(text: &str) -> Result<Self, String>;
    /// As the user would write it.
    fn text(&self) -> String;
    /// Allowed values in words.
    fn allowed() -> String;
    /// The values that make sense.
    fn values() -> Values;
    /// Part of the module name (only `[a-z0-9_]`), or nothing.
    fn ident(&self, param: &str) -> String;
    /// True if the module name always shows this parameter, even at its default.
    const IN_NAME: bool = false;
}

impl ParamValue for u32 {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("`{text}` is not a whole number"))
    }
    fn text(&self) -> String {
        self.to_string()
    }
    fn allowed() -> String {
        "a whole number".into()
    }
    fn values() -> Values {
        Values::Numbers(0..=u32::MAX)
    }
    fn ident(&self, param: &str) -> String {
        format!("{param}{self}")
    }
}

/// Checks a numeric range; the message names it.
pub fn in_range(value: u32, range: &RangeInclusive<u32>) -> Result<u32, String> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(format!("{value} is out of range; allowed: {}..={}", range.start(), range.end()))
    }
}

/// A set of parameters that can be described, read and written by name.
pub trait ParamSet: Clone + Default + Send + Sync + 'static {
    /// Every parameter, in declared order.
    fn fields() -> Vec<Field>;
    /// Sets one parameter; `Ok(false)` if there is none of that name.
    fn set(&mut self, name: &str, text: &str) -> Result<bool, ParamError>;
    /// Every parameter with its value, in declared order.
    fn values(&self) -> Vec<(&'static str, String)>;
    /// Parts of the module name, in declared order.
    fn idents(&self) -> Vec<String>;
}

/// Declares a parameter that is one of a few words:
///
/// ```
/// narrowgen::choices! {
///     /// When a sum is rounded.
///     pub enum Normalize {
///         /// After each product.
///         Step = "step",
///         /// Only where it comes out.
///         Output = "output",
///     }
/// }
/// use narrowgen::blocks::params::ParamValue;
/// assert_eq!(Normalize::parse("late").unwrap_err(), "`late` is not one of: step, output");
/// ```
#[macro_export]
macro_rules! choices {
    ($(#[doc = $edoc:literal])* $vis:vis enum $name:ident {
        $($(#[doc = $doc:literal])+ $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[doc = $edoc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }
        impl $crate::blocks::params::ParamValue for $name {
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($name::$variant),)+
                    _ => Err(format!("`{text}` is not one of: {}", Self::allowed())),
                }
            }
            fn text(&self) -> String {
                match self { $($name::$variant => $word,)+ }.into()
            }
            fn allowed() -> String {
                [$($word),+].join(", ")
            }
            fn values() -> $crate::blocks::params::Values {
                $crate::blocks::params::Values::Words(vec![$($word),+])
            }
            fn ident(&self, param: &str) -> String {
                format!("{param}_{}", self.text().replace('-', "_"))
            }
        }
    };
}

/// Declares a parameter struct:
///
/// ```ignore
/// params! {
///     /// Exact dot product.
///     pub struct Dot {
///         /// format of operand a
///         a: Format = "e4m3fn",
///         /// number of lanes
///         lanes: u32 [1..=4096] = "8",
///     } with policy: Policy
/// }
/// ```
///
/// The optional `with` part is another parameter set whose parameters follow its own.
#[macro_export]
macro_rules! params {
    ($(#[doc = $sdoc:literal])* $vis:vis struct $name:ident {
        $($(#[doc = $doc:literal])+ $field:ident: $ty:ident $([$lo:literal ..= $hi:literal])? = $default:literal),* $(,)?
    } $(with $nested:ident: $nty:ident)?) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $($(#[doc = $doc])+ pub $field: $ty,)*
            $(/// Shared parameters.
            pub $nested: $nty,)?
        }
        impl Default for $name {
            fn default() -> Self {
                use $crate::blocks::params::ParamValue;
                $name {
                    $($field: match <$ty>::parse($default) { Ok(v) => v, Err(e) => panic!("internal error: default of {}: {e}", stringify!($field)) },)*
                    $($nested: <$nty>::default(),)?
                }
            }
        }
        impl $crate::blocks::params::ParamSet for $name {
            fn fields() -> Vec<$crate::blocks::params::Field> {
                #[allow(unused_imports)]
                use $crate::blocks::params::{Field, ParamSet, ParamValue};
                #[allow(unused_mut)]
                let mut fields = vec![$({
                    #[allow(unused_mut, unused_assignments)]
                    let (mut allowed, mut values) = (<$ty>::allowed(), <$ty as ParamValue>::values());
                    $(
                        allowed = format!("{}..={}", $lo, $hi);
                        values = $crate::blocks::params::Values::Numbers($lo..=$hi);
                    )?
                    Field { name: stringify!($field), doc: concat!($($doc),+).trim(), allowed, default: $default.to_string(), values }
                }),*];
                $(fields.extend(<$nty as ParamSet>::fields());)?
                fields
            }
            fn set(&mut self, name: &str, text: &str) -> Result<bool, $crate::blocks::params::ParamError> {
                #[allow(unused_imports)]
                use $crate::blocks::params::{ParamError, ParamSet, ParamValue};
                match name {
                    $(stringify!($field) => {
                        let value = <$ty>::parse(text).map_err(|e| ParamError::new(name, e))?;
                        $(let value = $crate::blocks::params::in_range(value, &($lo..=$hi)).map_err(|e| ParamError::new(name, e))?;)?
                        self.$field = value;
                        Ok(true)
                    })*
                    $(_ if self.$nested.set(name, text)? => Ok(true),)?
                    _ => Ok(false),
                }
            }
            fn values(&self) -> Vec<(&'static str, String)> {
                #[allow(unused_imports)]
                use $crate::blocks::params::{ParamSet, ParamValue};
                #[allow(unused_mut)]
                let mut values = vec![$((stringify!($field), self.$field.text())),*];
                $(values.extend(self.$nested.values());)?
                values
            }
            fn idents(&self) -> Vec<String> {
                #[allow(unused_imports)]
                use $crate::blocks::params::{ParamSet, ParamValue};
                let default = Self::default();
                #[allow(unused_mut)]
                let mut parts = vec![$(if <$ty>::IN_NAME || self.$field != default.$field { self.$field.ident(stringify!($field)) } else { String::new() }),*];
                $(parts.extend(self.$nested.idents());)?
                let _ = &default;
                parts.retain(|p| !p.is_empty());
                parts
            }
        }
    };
}
