//! Golden models: exact mathematics of every number format narrowgen knows.
//!
//! This crate cannot see the RTL compiler. It computes with exact values on big
//! integers and rounds in one place, by choosing among the values of a format.
//! Slow and obvious on purpose: it is what the generated hardware is judged by.
//!
//! ```
//! use narrowgen_golden::{arith::multiply, decode::decode, names, policy::{Overflow, Rounding}, round::Rounder};
//! let (e4m3, bf16) = (names::parse("e4m3fn").unwrap(), names::parse("bf16").unwrap());
//! let product = multiply(&decode(&e4m3, &0x39u8.into()), &decode(&bf16, &0x4049u16.into())); // 1.125 × 3.140625
//! let rounder = Rounder::new(&bf16, Rounding::nearest(Overflow::Nonfinite)).unwrap();
//! assert_eq!(rounder.round(&product, 0), 0x4062u16.into()); // 3.53125
//! ```
#![forbid(unsafe_code)]

pub mod arith;
pub mod bitmod;
pub mod bitmod_pe;
pub mod decode;
pub mod dequant;
pub mod dot;
pub mod dyadic;
pub mod exact;
pub mod extent;
pub mod format;
pub mod function;
pub mod int;
pub mod ivit;
pub mod legal;
pub mod model;
pub mod mx;
pub mod names;
pub mod nvfp4;
pub mod operands;
pub mod packed;
pub mod policy;
pub mod real;
pub mod round;
pub mod serial;
pub mod tables;
pub mod value;
