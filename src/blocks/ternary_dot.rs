//! Dot product of integers with ternary weights (BitNet b1.58): every product is -x, 0 or +x.
//!
//! `x w` → `y`, lane 0 in the low bits; `y` is the exact sum in two's complement, as narrow as every
//! sum allows. `--w` is a table of -1, 0 and +1: the built-in `ternary` (codes 0, 1, 2; the packing of
//! BitNet's weights), `binary`, or one of your own (`table:FILE`). Three ways to the same sum:
//!
//! * `--structure select`: each lane is inverted, kept or cleared; the ones that two's complement
//!   needs for the inverted lanes are counted and added once.
//! * `planes`: the sum where w = +1 less the sum where w = -1.
//! * `offset`: Σ x·(w + 1) - Σ x, as software does that stores w + 1.
//!
//! Combinational.
use super::exact::ExactResult;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Ternary dot product.
    pub struct TernaryDot {
        /// format of the lanes of x, an integer
        x: Format = "int8",
        /// coding of the weights, a table of -1, 0 and +1
        w: Format = "ternary",
        /// products added up
        lanes: u32 [1..=4096] = "16",
        /// how they are added
        structure: Structure = "select",
    }
}

choices! {
    /// How products are formed and added.
    pub enum Structure {
        /// Invert, keep or clear each lane.
        Select = "select",
        /// Two masked sums.
        Planes = "planes",
        /// One sum of 0, x and 2x, less the sum of all x.
        Offset = "offset",
    }
}

impl TernaryDot {
    /// Nothing is rounded: how does not matter.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    fn result(&self) -> ExactResult {
        ExactResult::new(&self.x, &self.w, &self.policy(), self.lanes)
    }
}

impl Block for TernaryDot {
    const NAME: &'static str = "ternary_dot";
    const DOC: &'static str = "dot product of integers with weights -1, 0, +1 (BitNet b1.58)";

    fn validate(&self) -> Result<(), ParamError> {
        if !matches!(&self.x, Format::Int(_)) {
            return Err(ParamError::new("x", "allowed: integers (int8, uint8, int4, …)"));
        }
        match &self.w {
            Format::Table(t) if t.values.iter().all(|v| matches!(v, (-1..=1, 0) | (0, _))) => Ok(()),
            _ => Err(ParamError::new("w", "allowed: ternary, binary, or a table of -1, 0 and 1")),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = vec![Port::operand("x", &self.x, self.lanes), Port::operand("w", &self.w, self.lanes)];
        ports.extend(self.result().ports("y"));
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }
}

mod rtl {
    use super::{Structure, TernaryDot};
    use crate::blocks::parts::{Bounds, Operand, decode, fixed, popcount, sum};
    use crate::formats::*;
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &TernaryDot, m: Builder<'b>) {
        let (wx, ww) = (p.x.bits(), p.w.bits());
        let (x, w) = (m.uint_in("x", wx * p.lanes), m.uint_in("w", ww * p.lanes));
        let lane = |i: u32| match decode(&p.x, false, x.slice(wx * (i + 1) - 1, wx * i)) {
            Operand::Fixed { value, .. } => value,
            Operand::Float(_) => unreachable!("internal error: x is no integer"),
        };
        let values: Vec<SInt> = (0..p.lanes).map(|i| m.scope(&format!("lane{i}"), || lane(i))).collect();
        let weights: Vec<UInt> = (0..p.lanes).map(|i| w.slice(ww * (i + 1) - 1, ww * i)).collect();
        let is = |name: &str, value: i64| -> Vec<Bit<'b>> {
            let all = weights.iter().enumerate();
            all.map(|(i, w)| matches(&p.w, *w, value).named(&format!("{name}{i}"))).collect()
        };
        let masked = |mask: &[Bit<'b>]| -> Vec<SInt<'b>> {
            mask.iter().zip(&values).map(|(on, x)| on.select(*x, m.int(0))).collect()
        };
        let total = match p.structure {
            Structure::Select => {
                let (pos, neg) = (is("pos", 1), is("neg", -1));
                let terms: Vec<SInt> = (0..p.lanes as usize)
                    .map(|i| neg[i].select((!values[i].bits()).as_sint(), pos[i].select(values[i], m.int(0))).named(&format!("term{i}")))
                    .collect();
                sum(m, &terms) + popcount(m, &neg).named("inverted").signed()
            }
            Structure::Planes => sum(m, &masked(&is("pos", 1))) - sum(m, &masked(&is("neg", -1))),
            Structure::Offset => {
                let (pos, neg) = (is("pos", 1), is("neg", -1));
                let terms: Vec<SInt> = (0..p.lanes as usize)
                    .map(|i| neg[i].select(m.int(0), pos[i].select(values[i].shl_const(1), values[i])).named(&format!("term{i}")))
                    .collect();
                sum(m, &terms) - sum(m, &values)
            }
        };
        let bounds = Bounds::of_sum((&p.x, false), (&p.w, false), p.lanes);
        let total = fixed::bounded(total, &bounds.lo, &bounds.hi);
        m.output("y", total.sext(bounds.bits().max(total.width())));
    }

    /// Whether a code means this value.
    fn matches<'b>(format: &Format, code: UInt<'b>, value: i64) -> Bit<'b> {
        let Format::Table(t) = format else { unreachable!("internal error: w is no table") };
        let m = code.builder();
        let codes = (0u64..).zip(&t.values).filter(|(_, v)| v.0 == value).map(|(c, _)| code.eq(m.uint(c, t.bits)));
        codes.reduce(|a, b| a | b).unwrap_or_else(|| m.low())
    }
}

mod golden {
    use super::TernaryDot;
    use crate::golden::dot;
    use crate::golden::model::{Model, pure};
    use crate::golden::operands::Operands;

    pub fn model(p: &TernaryDot) -> Box<dyn Model> {
        let policy = p.policy();
        let operands = Operands::new(&p.x, policy.operand(&p.x), &p.w, policy.operand(&p.w));
        let (result, lanes) = (p.result(), p.lanes);
        pure(move |inputs, outputs| result.codes(&dot::exact(&operands.products(&inputs[0], &inputs[1], lanes)), outputs))
    }
}
