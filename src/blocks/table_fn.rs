//! Any of the usual functions of a short code, as a table of correctly rounded values.
//!
//! `x` → `y` = RN(f(x)), for every code of `--from` (at most 10 bits), in any format `--out` and deterministic rounding mode.
//! The values are computed to as many bits as it takes to round them, so no entry is off by an ulp; the golden model
//! encloses f(x) between exact numbers, by other series, until both round alike. What happens at the ends follows
//! IEEE 754: 1/0 is infinite, the root of a negative number is NaN, f of an infinity its limit; a format without such codes
//! takes what `--overflow` and `--nan` say. A fixed-point input has a scale: `int8-q4` is sixteenths. Combinational.
//!
//! ```
//! # use narrowgen::blocks;
//! let block = blocks::find("table_fn").unwrap();
//! let gelu = [("function", "gelu"), ("from", "int8-q4"), ("out", "int8-q4")].map(|(n, v)| (n.to_string(), v.to_string()));
//! assert_eq!(block.configure(&gelu).unwrap().module_name(), "table_fn_function_gelu_int8_q4_int8_q4");
//! ```
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Function of a short code.
    pub struct TableFn {
        /// the function
        function: Name = "silu",
        /// format of x
        from: Format = "e4m3fn",
        /// format of y
        out: Format = "e4m3fn",
    } with policy: Policy
}

choices! {
    /// Functions.
    pub enum Name {
        /// e^x.
        Exp = "exp",
        /// 2^x.
        Exp2 = "exp2",
        /// 1 / (1 + e^-x).
        Sigmoid = "sigmoid",
        /// Hyperbolic tangent.
        Tanh = "tanh",
        /// x / (1 + e^-x).
        Silu = "silu",
        /// x Φ(x).
        Gelu = "gelu",
        /// The approximation of GELU by tanh.
        GeluTanh = "gelu_tanh",
        /// Error function.
        Erf = "erf",
        /// 1 / x.
        Reciprocal = "reciprocal",
        /// √x.
        Sqrt = "sqrt",
        /// 1 / √x.
        Rsqrt = "rsqrt",
    }
}

impl Block for TableFn {
    const NAME: &'static str = "table_fn";
    const DOC: &'static str = "a function of a short code as a table of correctly rounded values";

    fn validate(&self) -> Result<(), ParamError> {
        if self.from.bits() > 10 {
            return Err(ParamError::new("from", format!("{} bits; allowed: formats of at most 10 bits", self.from.bits())));
        }
        if self.policy.round.is_stochastic() {
            return Err(ParamError::new("round", "a table has no random bits; allowed: rne, rna, rtz, up, down, odd"));
        }
        if self.policy.overflow == OverflowChoice::Is(Overflow::Wrap) {
            return Err(ParamError::new("overflow", "functions do not wrap; allowed: auto, saturate, nonfinite"));
        }
        self.policy.check_operands(&[&self.from])?;
        self.policy.check_results(&[&self.out])
    }

    fn ports(&self) -> Vec<Port> {
        vec![Port::operand("x", &self.from, 1), Port::result("y", &self.out)]
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }

    fn resolved(&self) -> Vec<(&'static str, String)> {
        self.policy.resolved(&self.out)
    }
}

mod rtl {
    use super::{Name, TableFn};
    use crate::blocks::parts::Target;
    use crate::blocks::parts::functions::Function;
    use crate::blocks::parts::tabulate::tabulate;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &TableFn, m: Builder<'b>) {
        let x = m.uint_in("x", p.from.bits());
        let target = Target::new(&p.out, p.policy.rounding(&p.out));
        let entries = tabulate(function(p.function), &p.from, p.policy.flushes(&p.from), &target);
        // A table of one value would be no table.
        let constant = entries.iter().all(|e| *e == entries[0]);
        m.output("y", if constant { m.uint(entries[0].clone(), p.out.bits()) } else { m.table("values", x, p.out.bits(), &entries) });
    }

    fn function(name: Name) -> Function {
        match name {
            Name::Exp => Function::Exp,
            Name::Exp2 => Function::Exp2,
            Name::Sigmoid => Function::Sigmoid,
            Name::Tanh => Function::Tanh,
            Name::Silu => Function::Silu,
            Name::Gelu => Function::Gelu,
            Name::GeluTanh => Function::GeluTanh,
            Name::Erf => Function::Erf,
            Name::Reciprocal => Function::Reciprocal,
            Name::Sqrt => Function::Sqrt,
            Name::Rsqrt => Function::Rsqrt,
        }
    }
}

mod golden {
    use super::{Name, TableFn};
    use crate::golden::decode::decode_with;
    use crate::golden::function::Function;
    use crate::golden::model::{Model, pure};
    use crate::golden::round::Rounder;
    use num_bigint::BigUint;
    use std::collections::BTreeMap;

    pub fn model(p: &TableFn) -> Box<dyn Model> {
        let p = p.clone();
        let rounder = Rounder::new(&p.out, p.policy.rounding(&p.out)).expect("internal error: parameters not validated");
        // Each code's value is found once.
        let mut known: BTreeMap<BigUint, BigUint> = BTreeMap::new();
        pure(move |inputs, outputs| {
            let found = known.entry(inputs[0].clone()).or_insert_with(|| {
                let x = decode_with(&p.from, p.policy.operand(&p.from), &inputs[0]);
                function(p.function).round(&x, &rounder)
            });
            outputs.push(found.clone());
        })
    }

    fn function(name: Name) -> Function {
        match name {
            Name::Exp => Function::Exp,
            Name::Exp2 => Function::Exp2,
            Name::Sigmoid => Function::Sigmoid,
            Name::Tanh => Function::Tanh,
            Name::Silu => Function::Silu,
            Name::Gelu => Function::Gelu,
            Name::GeluTanh => Function::GeluTanh,
            Name::Erf => Function::Erf,
            Name::Reciprocal => Function::Reciprocal,
            Name::Sqrt => Function::Sqrt,
            Name::Rsqrt => Function::Rsqrt,
        }
    }
}
