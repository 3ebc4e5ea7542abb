//! A systolic array: rows × columns of any multiply–accumulate block or processing element.
//!
//! `--pe` names the block, `--pe-params a=int8,b=int8,acc=int32` its parameters. An element needs two operands,
//! `a` and another, and either `clear` and `en` (`mac`, `mx_mac`, `serial_mac`, `bitmod_pe`) or no clock (`dot`, `mul`).
//! Operands called `…_a` travel with `a` along the rows; all others travel with `b` down the columns: a token of `mx_mac`
//! elements is a block of every row and every column, each with its scale.
//! The array is a stream of tokens with an operand `a` for every row and `b` for every column, lane 0 in the low bits.
//!
//! * `--dataflow output`: the elements keep the sums. A row of K tokens (up to `in_last`) is a matrix product of
//!   rows × K by K × columns. Then as many tokens come out as the array has rows, the last row first, each with
//!   the results of its elements, a lane for each column. An element without a clock does not sum up: the results
//!   are those of the row's last token. Results wait in registers of their own while the next row streams in.
//! * `--dataflow weight`: the elements keep `b`. A token with `load` = 1 puts its `b` into the first row of the array and
//!   moves the others a row down; any other one gives a token of as many sums as there are columns, each that of the results
//!   of its elements. Tokens follow each other without gaps, whichever they are. An element has one result, exact or an integer;
//!   sums are exact and wider by ⌈log2 rows⌉ bits, so that elements need hold one product only (`terms=1`).
//!
//! Operands meet by skew: row r and column c are delayed by r and c steps, and each element passes its
//! operands on. A step takes place when a token has come or others are still on their way; elements with outputs
//! `ready` or `…_ready` are all waited for (and a clock more, in which that is collected). A stall at
//! either end stops what must wait, and nothing is lost.
use super::element::{Element, ElementParams};
use super::params::ParamError;
use super::{Block, Configured, Port, Protocol, Role, RowLengths};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::{choices, params};

params! {
    /// Systolic array.
    pub struct Systolic {
        /// rows of elements
        rows: u32 [1..=128] = "4",
        /// columns of elements
        cols: u32 [1..=128] = "4",
        /// block of the elements
        pe: Element = "mac",
        /// its parameters, NAME=VALUE with commas between them
        pe_params: ElementParams = "",
        /// what the elements keep
        dataflow: Dataflow = "output",
    }
}

choices! {
    /// What stays in its place.
    pub enum Dataflow {
        /// Sums.
        Output = "output",
        /// Weights.
        Weight = "weight",
    }
}

impl Systolic {
    fn element(&self) -> Result<Box<dyn Configured>, ParamError> {
        self.pe.configure(&self.pe_params)
    }

    /// The configured element, once [`Block::validate`] has seen it.
    fn valid_element(&self) -> Box<dyn Configured> {
        self.element().unwrap_or_else(|e| panic!("internal error: parameters not validated: {e}"))
    }

    fn shape(&self, pe: &dyn Configured) -> Shape {
        let ports = pe.ports().iter().map(Wire::new).collect();
        Shape { rows: self.rows, cols: self.cols, dataflow: self.dataflow, ports }
    }
}

/// What an element's port is for the array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Travels along the rows.
    Row,
    /// Travels down the columns.
    Column,
    /// Starts a sum.
    Clear,
    /// Takes operands.
    Enable,
    /// A result.
    Out,
    /// The element can take operands, or has done what it was told beside.
    Ready,
}

/// A port of the element.
#[derive(Clone)]
struct Wire {
    name: &'static str,
    bits: u32,
    way: Way,
    /// Two's complement.
    signed: bool,
    /// One bit that says something about a result.
    flag: bool,
}

impl Wire {
    fn new(port: &Port) -> Wire {
        let way = match port.role {
            Role::Clear => Way::Clear,
            Role::Enable => Way::Enable,
            _ if port.input && (port.name == "a" || port.name.ends_with("_a")) => Way::Row,
            _ if port.input => Way::Column,
            Role::Flag if port.name == "ready" || port.name.ends_with("_ready") => Way::Ready,
            _ => Way::Out,
        };
        let signed = match &port.format {
            Some(Format::Int(i)) => i.kind != IntKind::Unsigned,
            _ => port.lsb_exp.is_some(),
        };
        Wire { name: port.name, bits: port.bits, way, signed, flag: port.role == Role::Flag }
    }
}

/// What both sides know of the array.
struct Shape {
    rows: u32,
    cols: u32,
    dataflow: Dataflow,
    ports: Vec<Wire>,
}

impl Shape {
    fn has(&self, way: Way) -> bool {
        self.ports.iter().any(|p| p.way == way)
    }

    /// Bits of a sum of the results of a column; the flags of all come together in one.
    fn sum_bits(&self, out: &Wire) -> u32 {
        let most = self.rows.next_power_of_two().ilog2();
        if out.flag { 1 } else { out.bits + u32::from(!out.signed) + most }
    }
}

/// Weight of the unit of a result, if results can be summed up exactly.
fn unit_of(port: &Port) -> Option<i32> {
    match &port.format {
        Some(Format::Int(i)) if i.kind != IntKind::SignMagnitude => Some(i.lsb_exp),
        _ => port.lsb_exp,
    }
}

impl Block for Systolic {
    const NAME: &'static str = "systolic";
    const DOC: &'static str = "systolic array of any multiply-accumulate block, output- or weight-stationary";
    const RESET: Reset = Reset::Sync;

    fn protocol(&self) -> Protocol {
        Protocol::Stream(RowLengths { lanes: 1, shortest: 1, longest: 256 })
    }

    fn validate(&self) -> Result<(), ParamError> {
        let pe = self.element()?;
        let shape = self.shape(pe.as_ref());
        let controls = (shape.has(Way::Clear), shape.has(Way::Enable));
        let kind = pe.protocol() == Protocol::Cycle && (pe.latency() == 0) != (controls == (true, true));
        if !kind || !shape.has(Way::Row) || !shape.has(Way::Column) || !shape.has(Way::Out) {
            let need = "an element has operands `a` and another, and either `clear` and `en` or no clock; e.g. mac, mx_mac, serial_mac, bitmod_pe, dot, mul";
            return Err(ParamError::new("pe", format!("`{}` cannot be an element; {need}", pe.block())));
        }
        let ports = pe.ports();
        let outs = ports.iter().zip(&shape.ports).filter(|(_, w)| w.way == Way::Out && !w.flag);
        let units: Vec<Option<i32>> = outs.map(|(port, _)| unit_of(port)).collect();
        if self.dataflow == Dataflow::Weight && !matches!(units[..], [Some(_)]) {
            let need = "sums of weight-stationary elements need one result that is exact or an integer; allowed: output, or such an element";
            return Err(ParamError::new("dataflow", format!("{need}, e.g. --pe mac --pe-params acc=exact")));
        }
        Ok(())
    }

    fn ports(&self) -> Vec<Port> {
        let (pe, mut ports) = (self.valid_element(), Vec::new());
        let all = pe.ports();
        let shape = self.shape(pe.as_ref());
        let many = |port: &Port, n: u32| Port { bits: port.bits * n, lanes: port.lanes * n, ..port.clone() };
        for input in [true, false] {
            for (port, wire) in all.iter().zip(&shape.ports).filter(|(p, _)| p.input == input) {
                match wire.way {
                    Way::Row => ports.push(many(port, self.rows)),
                    Way::Out if self.dataflow == Dataflow::Weight && !wire.flag => {
                        let sums = Port::exact(port.name, shape.sum_bits(wire) * self.cols, unit_of(port).unwrap_or(0));
                        ports.push(Port { lanes: self.cols, ..sums });
                    }
                    Way::Column | Way::Out => ports.push(many(port, self.cols)),
                    _ => {}
                }
            }
            if input && self.dataflow == Dataflow::Weight {
                let bit = Format::Int(IntFormat { bits: 1, kind: IntKind::Unsigned, lsb_exp: 0 });
                ports.push(Port::operand("load", &bit, 1));
            }
            ports.push(Port::last(if input { "in_last" } else { "out_last" }, input));
        }
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        let pe = self.valid_element();
        // The mistakes of an element show where it is a block of its own.
        let design = pe.rtl().unwrap_or_else(|e| panic!("internal error: {}: {e}", pe.module_name()));
        rtl::build(&self.shape(pe.as_ref()), &design, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        let pe = self.valid_element();
        let elements = (0..self.rows * self.cols).map(|_| pe.golden()).collect();
        golden::model(self.shape(pe.as_ref()), elements)
    }
}

mod rtl {
    use super::{Dataflow, Shape, Way, Wire};
    use crate::blocks::parts::systolic::{Array, Outcome, Pin, output, weight};
    use crate::hdl::prelude::*;

    pub fn build(shape: &Shape, element: &Design, m: Builder<'_>) {
        let of = |way: Way| shape.ports.iter().filter(move |p| p.way == way);
        let pins = |way| of(way).map(|w| Pin { name: w.name, bits: w.bits }).collect();
        let outcome = |w: &Wire| Outcome { name: w.name, bits: w.bits, flag: w.flag, signed: w.signed };
        let array = Array {
            rows: shape.rows,
            cols: shape.cols,
            element,
            along: pins(Way::Row),
            down: pins(Way::Column),
            clear: of(Way::Clear).map(|w| w.name).next(),
            enable: of(Way::Enable).map(|w| w.name).next(),
            ready: of(Way::Ready).map(|w| w.name).collect(),
            outcomes: of(Way::Out).map(outcome).collect(),
        };
        match shape.dataflow {
            Dataflow::Output => output::build(&array, m),
            Dataflow::Weight => weight::build(&array, m),
        }
    }
}

mod golden {
    use super::{Dataflow, Shape, Way, Wire};
    use crate::golden::int;
    use crate::golden::model::Model;
    use num_bigint::{BigInt, BigUint};

    pub fn model(shape: Shape, elements: Vec<Box<dyn Model>>) -> Box<dyn Model> {
        let weights = vec![vec![BigUint::ZERO; shape.ports.len()]; shape.rows as usize];
        Box::new(Array { shape, elements, tokens: Vec::new(), weights })
    }

    /// Lane `i` of a packed port.
    fn lane(port: &BigUint, bits: u32, i: u32) -> BigUint {
        (port >> (bits * i)) % (BigUint::from(1u32) << bits)
    }

    /// Lanes in one port.
    fn packed(lanes: impl DoubleEndedIterator<Item = BigUint>, bits: u32) -> BigUint {
        lanes.rev().fold(BigUint::ZERO, |all, lane| (all << bits) | lane)
    }

    /// Codes of a token, each at the place of its port among those of the element.
    fn placed(shape: &Shape, token: &[BigUint]) -> Vec<BigUint> {
        let mut operands = token.iter().cloned();
        let code = |w: &Wire| if matches!(w.way, Way::Row | Way::Column) { operands.next() } else { None };
        shape.ports.iter().map(code).map(Option::unwrap_or_default).collect()
    }

    /// What an element shows after it has taken a token: the codes of its outputs.
    fn take(shape: &Shape, element: &mut dyn Model, (r, c): (u32, u32), token: &[BigUint], first: bool) -> Vec<BigUint> {
        let mut inputs = Vec::new();
        for (port, code) in shape.ports.iter().zip(token) {
            match port.way {
                Way::Row => inputs.push(lane(code, port.bits, r)),
                Way::Column => inputs.push(lane(code, port.bits, c)),
                Way::Clear => inputs.push(BigUint::from(first)),
                Way::Enable => inputs.push(BigUint::from(1u32)),
                Way::Out | Way::Ready => {}
            }
        }
        let outs: Vec<Way> = shape.ports.iter().map(|p| p.way).filter(|w| [Way::Out, Way::Ready].contains(w)).collect();
        let mut found = Vec::new();
        element.step(&inputs, &mut found);
        // Idle clocks until it is ready; what it shows then is what it holds.
        while shape.has(Way::Enable) {
            found.clear();
            element.step(&vec![BigUint::ZERO; inputs.len()], &mut found);
            if outs.iter().zip(&found).all(|(way, code)| *way != Way::Ready || *code != BigUint::ZERO) {
                break;
            }
        }
        outs.iter().zip(found).filter(|(way, _)| **way == Way::Out).map(|(_, code)| code).collect()
    }

    struct Array {
        shape: Shape,
        /// Row by row.
        elements: Vec<Box<dyn Model>>,
        /// The tokens of the present row.
        tokens: Vec<Vec<BigUint>>,
        /// The token that brought the weights of each row of elements.
        weights: Vec<Vec<BigUint>>,
    }

    impl Array {
        /// What comes out of a row of tokens.
        fn product(&mut self, outputs: &mut Vec<BigUint>) {
            let shape = &self.shape;
            let outs: Vec<&Wire> = shape.ports.iter().filter(|p| p.way == Way::Out).collect();
            for r in (0..shape.rows).rev() {
                let mut row: Vec<Vec<BigUint>> = Vec::new();
                for c in 0..shape.cols {
                    let element = self.elements[(r * shape.cols + c) as usize].as_mut();
                    let results = self.tokens.iter().enumerate().map(|(k, token)| take(shape, element, (r, c), token, k == 0));
                    row.push(results.last().unwrap_or_default());
                }
                outputs.extend(outs.iter().enumerate().map(|(i, out)| packed(row.iter().map(|cell| cell[i].clone()), out.bits)));
                outputs.push(BigUint::from(r == 0));
            }
        }

        /// The sums that a token makes with the weights.
        fn sums(&mut self, token: &[BigUint], outputs: &mut Vec<BigUint>) {
            let shape = &self.shape;
            let outs: Vec<&Wire> = shape.ports.iter().filter(|p| p.way == Way::Out).collect();
            let mut sums = vec![vec![BigInt::ZERO; outs.len()]; shape.cols as usize];
            for (r, weights) in (0u32..).zip(&self.weights) {
                let code = |((a, b), port): ((&BigUint, &BigUint), &Wire)| if port.way == Way::Row { a.clone() } else { b.clone() };
                let operands: Vec<BigUint> = token.iter().zip(weights).zip(&shape.ports).map(code).collect();
                for (c, sums) in (0u32..).zip(&mut sums) {
                    let element = self.elements[(r * shape.cols + c) as usize].as_mut();
                    let results = take(shape, element, (r, c), &operands, true);
                    for ((sum, code), out) in sums.iter_mut().zip(results).zip(&outs) {
                        *sum += if out.signed { int::from_code(&code, out.bits) } else { BigInt::from(code) };
                    }
                }
            }
            sums.iter_mut().for_each(|sums| settle(&outs, sums));
            for (i, out) in outs.iter().enumerate() {
                let bits = shape.sum_bits(out);
                outputs.push(packed(sums.iter().map(|sums| int::to_code(&sums[i], bits)), bits));
            }
        }
    }

    impl Model for Array {
        fn reset(&mut self) {
            self.elements.iter_mut().for_each(|e| e.reset());
            self.tokens.clear();
            self.weights.iter_mut().flatten().for_each(|code| *code = BigUint::ZERO);
        }

        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            let (last, others) = inputs.split_last().expect("internal error: a token without `in_last`");
            let token = placed(&self.shape, others);
            match self.shape.dataflow {
                Dataflow::Output => {
                    self.tokens.push(token);
                    if last.bit(0) {
                        self.product(outputs);
                        self.tokens.clear();
                    }
                }
                Dataflow::Weight if others.last().is_some_and(|load| load.bit(0)) => {
                    self.weights.pop();
                    self.weights.insert(0, token);
                }
                Dataflow::Weight => {
                    self.sums(&token, outputs);
                    outputs.push(last.clone());
                }
            }
        }
    }

    /// A flag of the sum is one of any result; infinities of both signs are not a number, and beside that nothing else shows.
    fn settle(outs: &[&Wire], sums: &mut [BigInt]) {
        let any = |sums: &[BigInt], name: &str| outs.iter().zip(sums).any(|(o, s)| o.flag && o.name == name && *s > BigInt::ZERO);
        let (pos, neg) = (any(sums, "pos_inf"), any(sums, "neg_inf"));
        let nan = any(sums, "nan") || pos && neg;
        for (out, sum) in outs.iter().zip(sums).filter(|(o, _)| o.flag) {
            let set = match out.name {
                "nan" => nan,
                "pos_inf" | "neg_inf" => *sum > BigInt::ZERO && !nan,
                _ => *sum > BigInt::ZERO,
            };
            *sum = BigInt::from(u32::from(set));
        }
    }
}
