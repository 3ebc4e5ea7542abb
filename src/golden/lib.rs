//! Golden models: exact mathematics of every number format narrowgen knows.
//!
//! This crate cannot see the RTL compiler. It computes with exact values on big
//! integers and rounds in one place, by choosing among the values of a format.
//! Slow and obvious on purpose: it is what the generated hardware is judged by.
#![forbid(unsafe_code)]

pub mod format;
pub mod model;
pub mod policy;
