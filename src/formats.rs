//! Number formats and policies as data, and as parameters of blocks. Hardware descriptions take
//! their formats from here; what a format *means* they derive themselves.
pub use crate::golden::format::{Format, IntFormat, IntKind, Minifloat, Special, TableFormat};
pub use crate::golden::policy::{NanSign, NanTo, Overflow, Round, Rounding, Subnormals, Ties};
