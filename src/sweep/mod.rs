//! Sweeps: many configurations of blocks, each checked, costed and compared with real arithmetic.
//!
//! A [`plan`] lists points and what to measure. [`run`] measures a few at a time and writes each into a [`store`] in a
//! transaction of its own, so a run can be killed at any moment and resumed: a point that is there is not measured again.
//! What a point is decides a hash of its Verilog, its golden model's answers, the tools and the options; results of the
//! single steps are kept under such hashes in the user's cache ([`memo`]) and serve other sweeps too.
pub mod accuracy;
pub mod data;
pub mod export;
pub mod measure;
pub mod memo;
pub mod page;
pub mod plan;
pub mod qor;
pub mod record;
pub mod run;
pub mod store;
pub mod tune;
mod values;
