//! The golden models judged by other people's software: every vector under `testbenches/reference`, and the host's
//! floating-point unit. The number of rows of every set is asserted, so that nothing is skipped in silence.
mod bitmod;
mod dot;
mod host;
mod minifloats;
mod nvfp4;
mod products;
mod reader;
mod rounding;
mod softfloat;
