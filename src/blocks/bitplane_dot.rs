//! Integer dot product by bit planes: AND, popcount, shift and add (ABQ-LLM, BitBLAS).
//!
//! Plane s of `a` holds bit s of every lane, and so plane t of `b`; then
//! y = Σ ± 2^(s+t) · popcount(a_s and b_t), negative where exactly one of the planes is the sign plane
//! of a two's complement operand. `y` is exact, as narrow as every sum allows.
//!
//! * `--structure parallel`: `a b` → `y`, codes of lane 0 in the low bits, all planes at once. Combinational.
//! * `--structure serial`: a plane of `a` per cycle, most significant first: `a` has one bit a lane; `b` is as
//!   before. With `en` = 1 the clock edge sets y ← 2·(`start` ? 0 : y) ± Σ of `b` where `a` is 1, minus with
//!   `start` if `a` is signed (its sign plane). After as many cycles as `a` has planes `y` is the dot product; fewer
//!   planes are a narrower `a`. More wrap.
use super::exact::ExactResult;
use super::params::ParamError;
use super::policy::Policy;
use super::{Block, Port, Role};
use crate::formats::*;
use crate::golden::model::Model;
use crate::golden::names;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};

params! {
    /// Dot product by bit planes.
    pub struct BitplaneDot {
        /// format of the lanes of a, an integer
        a: Format = "int8",
        /// format of the lanes of b, an integer
        b: Format = "int2",
        /// products added up
        lanes: u32 [1..=4096] = "16",
        /// planes of a: all at once or one a cycle
        structure: Structure = "parallel",
    }
}

choices! {
    /// When the planes of a are worked on.
    pub enum Structure {
        /// All at once.
        Parallel = "parallel",
        /// One a cycle.
        Serial = "serial",
    }
}

impl BitplaneDot {
    /// Nothing is rounded: how does not matter.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    fn result(&self) -> ExactResult {
        ExactResult::new(&self.a, &self.b, &self.policy(), self.lanes)
    }
}

impl Block for BitplaneDot {
    const NAME: &'static str = "bitplane_dot";
    const DOC: &'static str = "integer dot product by bit planes: AND, popcount, shift and add";
    const RESET: Reset = Reset::Sync;

    fn latency(&self) -> u32 {
        u32::from(self.structure == Structure::Serial)
    }

    fn validate(&self) -> Result<(), ParamError> {
        for (name, format) in [("a", &self.a), ("b", &self.b)] {
            match format {
                Format::Int(f) if f.bits <= 16 && f.kind != IntKind::SignMagnitude => {}
                _ => return Err(ParamError::new(name, "allowed: int1..int16, uint1..uint16, also with -sym and -qF")),
            }
        }
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        let serial = self.structure == Structure::Serial;
        let plane = names::parse("uint1").expect("internal error: a built-in format");
        let mut ports = vec![
            Port::operand("a", if serial { &plane } else { &self.a }, self.lanes),
            Port::operand("b", &self.b, self.lanes),
        ];
        if serial {
            ports.extend([Port::control("start", Role::Clear), Port::control("en", Role::Enable)]);
        }
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
    use super::{BitplaneDot, Structure};
    use crate::blocks::parts::{Bounds, fixed, popcount, sum};
    use crate::formats::*;
    use crate::hdl::prelude::*;

    fn signed(format: &Format) -> bool {
        matches!(format, Format::Int(f) if f.kind != IntKind::Unsigned)
    }

    pub fn build<'b>(p: &BitplaneDot, m: Builder<'b>) {
        let serial = p.structure == Structure::Serial;
        let (wa, wb) = (if serial { 1 } else { p.a.bits() }, p.b.bits());
        let (a, b) = (m.uint_in("a", wa * p.lanes), m.uint_in("b", wb * p.lanes));
        let bits = Bounds::of_sum((&p.a, false), (&p.b, false), p.lanes);
        // Σ of b over the lanes where plane s of a is 1.
        let row = |s: u32| {
            let columns: Vec<SInt> = (0..wb)
                .map(|t| {
                    let both: Vec<Bit> = (0..p.lanes).map(|i| a.bit(wa * i + s) & b.bit(wb * i + t)).collect();
                    let count = popcount(m, &both).named(&format!("count{s}_{t}")).signed();
                    if signed(&p.b) && t == wb - 1 { (-count).shl_const(t) } else { count.shl_const(t) }
                })
                .collect();
            sum(m, &columns).named(&format!("row{s}"))
        };
        if !serial {
            let rows: Vec<SInt> = (0..wa)
                .map(|s| if signed(&p.a) && s == wa - 1 { (-row(s)).shl_const(s) } else { row(s).shl_const(s) })
                .collect();
            let y = fixed::bounded(sum(m, &rows), &bits.lo, &bits.hi);
            return m.output("y", y.sext(bits.bits().max(y.width())));
        }
        let (start, en) = (m.bit_in("start"), m.bit_in("en"));
        let width = bits.bits();
        let acc = m.state_sint("y_q", width, 0);
        wires! {
            let doubled = start.select(m.int(0), acc.get().shl_const(1));
            let row = row(0);
        }
        let term = if signed(&p.a) { start.select(-row, row).named("term") } else { row };
        acc.set_when(en, (doubled + term).wrap(width));
        m.output("y", acc.get());
    }
}

mod golden {
    use super::{BitplaneDot, Structure};
    use crate::blocks::exact::ExactResult;
    use crate::golden::arith::Sum;
    use crate::golden::dot;
    use crate::golden::exact::Exact;
    use crate::golden::format::{Format, IntFormat, IntKind};
    use crate::golden::model::{Model, pure};
    use crate::golden::operands::Operands;
    use num_bigint::BigUint;

    pub fn model(p: &BitplaneDot) -> Box<dyn Model> {
        let policy = p.policy();
        let (result, lanes) = (p.result(), p.lanes);
        let operands = |a: &Format| Operands::new(a, policy.operand(a), &p.b, policy.operand(&p.b));
        if p.structure == Structure::Parallel {
            let operands = operands(&p.a);
            return pure(move |inputs, outputs| {
                result.codes(&dot::exact(&operands.products(&inputs[0], &inputs[1], lanes)), outputs)
            });
        }
        let Format::Int(a) = p.a else { unreachable!("internal error: parameters not validated") };
        let plane = IntFormat { bits: 1, kind: IntKind::Unsigned, lsb_exp: a.lsb_exp };
        let operands = operands(&Format::Int(plane));
        Box::new(Serial { operands, result, lanes, negative_start: a.kind != IntKind::Unsigned, y: Sum::new() })
    }

    struct Serial {
        operands: Operands,
        result: ExactResult,
        lanes: u32,
        negative_start: bool,
        y: Sum,
    }

    impl Model for Serial {
        fn reset(&mut self) {
            self.y = Sum::new();
        }
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            self.result.codes(&self.y, outputs);
            if !inputs[3].bit(0) {
                return;
            }
            let start = inputs[2].bit(0);
            let row = dot::exact(&self.operands.products(&inputs[0], &inputs[1], self.lanes)).finite;
            let doubled = if start { Exact::zero() } else { self.y.finite.scale(1) };
            let row = if start && self.negative_start { -&row } else { row };
            // Of a sum that was never started with `start` only what the register holds remains.
            let next = Sum { finite: &doubled + &row, ..Sum::new() };
            self.y.finite = self.result.value(&next).exact().unwrap_or_else(Exact::zero);
        }
    }
}
