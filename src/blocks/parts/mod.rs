//! Shared pieces of hardware. They see format *data* and build RTL; the meaning of a format is
//! derived here from its fields, independently of the golden models.
pub mod add;
pub mod decode;
pub mod encode;
pub mod fixed;
pub mod normalize;
pub mod shift;
pub mod tree;

pub use add::add_floats;
pub use decode::{Number, Operand, decode};
pub use encode::{Encoder, encode};
pub use fixed::{Exact, exact_product, to_fixed};
pub use normalize::normalize;
pub use shift::{jam_low, shift_right_jam};
pub use tree::sum;
