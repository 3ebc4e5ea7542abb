//! Shared pieces of hardware. They see format *data* and build RTL; the meaning of a format is
//! derived here from its fields, independently of the golden models.
//!
//! A result flows through `decode` → exact arithmetic (`product`, `add`, `fixed`) → `encode`,
//! which rounds once. Between them a value is an [`Operand`]: fixed point, or a [`Number`] with
//! sign, significand and exponent apart.
pub mod add;
pub mod addsub;
pub mod affine;
pub mod decode;
pub mod divide;
pub mod encode;
pub mod fixed;
pub mod functions;
pub mod mx;
mod nearest;
pub mod normalize;
pub mod nvfp4;
pub mod popcount;
pub mod product;
pub mod quotient;
pub mod requant;
pub mod running;
pub mod shift;
pub mod shift_exp;
pub mod stream;
pub mod systolic;
pub mod tabulate;
pub mod tree;

pub use add::{accumulate, accumulate_apart, add_floats, plus_zero};
pub use addsub::add_or_subtract;
pub use decode::{Number, Operand, decode, either};
pub use encode::{Target, encode};
pub use fixed::{Bounds, Exact, exact_sum, to_fixed};
pub use normalize::{Limit, normalize};
pub use popcount::popcount;
pub use product::{exact_product, finite_product};
pub use quotient::quotient;
pub use shift::{jam_low, shift_right_jam};
pub use tree::sum;
