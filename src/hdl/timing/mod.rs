//! Clock rate as an input: delay models of parts, and the passes that place pipeline registers.
//!
//! A block describes dataflow and state. One pass cuts operators that are slower than a clock
//! period into faster ones, the scheduler gives every node a stage with as few register bits as
//! possible, and the flow-control pass adds enables or valid/ready around the result.
pub mod delay;
pub mod estimate;
pub mod flatten;
pub mod flow;
mod flow_network;
pub mod insert;
pub mod loops;
mod masks;
pub mod pipeline;
pub mod ports;
pub mod schedule;
pub mod solve;
pub mod split;
pub mod stages;
pub mod wiring;
