//! A systolic array: rows × columns of any multiply–accumulate block or processing element, output-stationary.
//!
//! A stream: each token brings an operand `a` for every row and `b` for every column, lane 0 in the low bits;
//! a row of K tokens (up to `in_last`) is a matrix product of rows × K by K × columns. Then as many tokens
//! come out as the array has rows, the last row first, each with the results of its elements, a lane for each column.
//!
//! `--pe` names the block, `--pe-params a=int8,b=int8,acc=int32` its parameters. An element needs two operands,
//! `a` and another. With `clear` and `en` (`mac`, `serial_mac`, `bitmod_pe`) it sums up the tokens of a
//! row; without a clock (`dot`, `mul`) the results are those of the row's last token. Operands called
//! `…_a` travel with `a` along the rows; all others travel with `b` down the columns.
//!
//! Operands meet by skew: row r and column c are delayed by r and c steps, and each element passes its
//! operands on. A step takes place when a token has come or the last one is still on its way; elements with outputs
//! `ready` or `…_ready` are all waited for (and a clock more, in which that is collected). Then the results go into a second
//! set of registers, which moves down as they are taken while the next row of tokens streams in. A stall at
//! either end stops what must wait, and nothing is lost.
use super::element::{Element, ElementParams};
use super::params::ParamError;
use super::{Block, Configured, Port, Protocol, Role, RowLengths};
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::hdl::ir::Reset;
use crate::params;

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
        Shape { rows: self.rows, cols: self.cols, ports: pe.ports().iter().map(Wire::new).collect() }
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
        Wire { name: port.name, bits: port.bits, way }
    }
}

/// What both sides know of the array.
struct Shape {
    rows: u32,
    cols: u32,
    ports: Vec<Wire>,
}

impl Shape {
    fn has(&self, way: Way) -> bool {
        self.ports.iter().any(|p| p.way == way)
    }
}

impl Block for Systolic {
    const NAME: &'static str = "systolic";
    const DOC: &'static str = "systolic array of any multiply-accumulate block, output-stationary";
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
            let need = "an element has operands `a` and another, and either `clear` and `en` or no clock; e.g. mac, serial_mac, bitmod_pe, dot, mul";
            return Err(ParamError::new("pe", format!("`{}` cannot be an element; {need}", pe.block())));
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
                    Way::Column | Way::Out => ports.push(many(port, self.cols)),
                    _ => {}
                }
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
    use super::{Shape, Way, Wire};
    use crate::blocks::parts::stream::{lanes, pack};
    use crate::hdl::dsl::ModuleRef;
    use crate::hdl::prelude::*;

    fn of(shape: &Shape, way: Way) -> impl Iterator<Item = &Wire> {
        shape.ports.iter().filter(move |p| p.way == way)
    }

    /// An element with the registers that pass its operands on.
    fn cell<'b>(shape: &Shape, pe: &Design, m: Builder<'b>) {
        let (step, valid, first) = (m.bit_in("step"), m.bit_in("valid"), m.bit_in("first"));
        let element = m.import(pe);
        let sums = shape.has(Way::Enable);
        let enable = (step & valid).named("enable");
        let mut inputs: Vec<(&str, Signal<'b>)> = Vec::new();
        let mut main = true;
        for wire in &shape.ports {
            match wire.way {
                Way::Row | Way::Column => {
                    let value = m.uint_in(wire.name, wire.bits);
                    let kept = m.state_uint(&format!("{}_q", wire.name), wire.bits, 0);
                    kept.set_when(step, value);
                    m.output(&format!("{}_next", wire.name), kept.get());
                    // What is beside the two operands may ask for something: only once.
                    let beside = wire.way == Way::Column && !std::mem::take(&mut main) || wire.way == Way::Row && wire.name != "a";
                    let gated = beside && sums;
                    let value = if gated { enable.select(value, m.uint(0u32, wire.bits)) } else { value };
                    inputs.push((wire.name, value.into()));
                }
                Way::Clear => inputs.push((wire.name, first.into())),
                Way::Enable => inputs.push((wire.name, enable.into())),
                Way::Out | Way::Ready => {}
            }
        }
        for (name, bit) in [("valid", valid), ("first", first)] {
            let kept = m.state_bit(&format!("{name}_q"), false);
            kept.set_when(step, bit);
            m.output(&format!("{name}_next"), kept.get());
        }
        let pe = m.instance(element, "pe", &inputs);
        for wire in of(shape, Way::Out) {
            let value = pe.uint(wire.name);
            if sums {
                m.output(wire.name, value);
            } else {
                let kept = m.state_uint(&format!("{}_q", wire.name), wire.bits, 0);
                kept.set_when(enable, value);
                m.output(wire.name, kept.get());
            }
        }
        if shape.has(Way::Ready) {
            let ready = of(shape, Way::Ready).map(|w| pe.bit(w.name)).reduce(|x, y| x & y);
            m.output("ready", ready.unwrap_or_else(|| m.high()));
        }
    }

    /// A row of cells, and the registers that hold their results while they wait for their turn.
    fn row<'b>(shape: &Shape, cell: ModuleRef, m: Builder<'b>) {
        let (step, valid, first) = (m.bit_in("step"), m.bit_in("valid"), m.bit_in("first"));
        let (capture, shift) = (m.bit_in("capture"), m.bit_in("shift"));
        let mut along: Vec<(&str, Signal<'b>)> = vec![("valid", valid.into()), ("first", first.into())];
        along.extend(of(shape, Way::Row).map(|w| (w.name, m.uint_in(w.name, w.bits).into())));
        let down: Vec<(&str, Vec<UInt>)> =
            of(shape, Way::Column).map(|w| (w.name, lanes(m.uint_in(w.name, w.bits * shape.cols), w.bits))).collect();
        let mut cells = Vec::new();
        for c in 0..shape.cols as usize {
            let mut inputs = along.clone();
            inputs.push(("step", step.into()));
            inputs.extend(down.iter().map(|(name, lanes)| (*name, Signal::from(lanes[c]))));
            let cell = m.instance(cell, &format!("cell{c}"), &inputs);
            along = vec![("valid", cell.bit("valid_next").into()), ("first", cell.bit("first_next").into())];
            along.extend(of(shape, Way::Row).map(|w| (w.name, cell.uint(&format!("{}_next", w.name)).into())));
            cells.push(cell);
        }
        let all = |name: &str| pack(&cells.iter().map(|cell| cell.uint(name)).collect::<Vec<_>>());
        for wire in of(shape, Way::Column) {
            let name = format!("{}_next", wire.name);
            m.output(&name, all(&name));
        }
        for wire in of(shape, Way::Out) {
            let above = m.uint_in(&format!("{}_above", wire.name), wire.bits * shape.cols);
            let kept = m.state_uint(&format!("{}_kept", wire.name), above.width(), 0);
            kept.set_when(capture | shift, capture.select(all(wire.name), above));
            m.output(wire.name, kept.get());
        }
        if shape.has(Way::Ready) {
            m.output("ready", all("ready").all_ones());
        }
    }

    /// The value some steps later, through one long register.
    fn delay<'b>(m: Builder<'b>, name: &str, value: UInt<'b>, steps: u32, step: Bit<'b>) -> UInt<'b> {
        if steps == 0 {
            return value;
        }
        let (width, all) = (value.width(), value.width() * steps);
        let line = m.state_uint(name, all, 0);
        line.set_when(step, if steps == 1 { value } else { line.get().slice(all - width - 1, 0).cat(value) });
        line.get().slice(all - 1, all - width)
    }

    pub fn build<'b>(shape: &Shape, pe: &Design, m: Builder<'b>) {
        let cell_name = format!("{}_cell", pe.top().name);
        let cell = m.module(&cell_name, |n| cell(shape, pe, n));
        let row = m.module(&format!("{}_row{}", pe.top().name, shape.cols), |n| row(shape, cell, n));
        let input = |w: &Wire, n: u32| lanes(m.uint_in(w.name, w.bits * n), w.bits);
        let mut operands: Vec<(&Wire, Vec<UInt<'b>>)> = Vec::new();
        for wire in &shape.ports {
            match wire.way {
                Way::Row => operands.push((wire, input(wire, shape.rows))),
                Way::Column => operands.push((wire, input(wire, shape.cols))),
                _ => {}
            }
        }
        let (in_last, in_valid, out_ready) = (m.bit_in("in_last"), m.bit_in("in_valid"), m.bit_in("out_ready"));

        // Tokens come in, then the last one makes its way through, then the results are kept.
        let way = m.nat(u128::from(shape.rows + shape.cols - 2));
        let rows = m.nat(u128::from(shape.rows));
        let flushing_q = m.state_bit("flushing", false);
        let first_q = m.state_bit("first", true);
        let left_q = m.state_uint("left", way.width(), 0);
        let waiting_q = m.state_uint("waiting", rows.width(), 0);
        let settled_q = shape.has(Way::Ready).then(|| m.state_bit("settled", true));
        let settled = settled_q.map_or_else(|| m.high(), |q| q.get());
        wires! {
            let in_ready = !flushing_q.get() & settled;
            let taken = in_ready & in_valid;
            let on_its_way = left_q.get().any();
            let step = taken | (flushing_q.get() & on_its_way & settled);
            let out_valid = waiting_q.get().any();
            let capture = flushing_q.get() & !on_its_way & settled & !out_valid;
            let shift = out_valid & out_ready;
            let ends = taken & in_last;
        }
        flushing_q.set_when(ends | capture, ends);
        first_q.set_when(taken, in_last);
        left_q.set_when(step, ends.select(way, flushing_q.get().select((left_q.get() - m.nat(1)).bits().wrap(way.width()), way)));
        waiting_q.set_when(capture | shift, capture.select(rows, (waiting_q.get() - m.nat(1)).bits().wrap(rows.width())));

        let start = [("valid", taken), ("first", first_q.get())];
        let mut down: Vec<(&str, UInt<'b>)> = Vec::new();
        for (wire, lanes) in operands.iter().filter(|(w, _)| w.way == Way::Column) {
            let skewed = |(c, lane): (usize, &UInt<'b>)| delay(m, &format!("{}_skew{c}", wire.name), *lane, c as u32, step);
            down.push((wire.name, pack(&lanes.iter().enumerate().map(skewed).collect::<Vec<_>>())));
        }
        let mut results: Vec<(String, UInt<'b>)> =
            of(shape, Way::Out).map(|w| (w.name.to_string(), m.uint(0u32, w.bits * shape.cols))).collect();
        let mut ready = m.high();
        for r in 0..shape.rows {
            let mut inputs: Vec<(&str, Signal<'b>)> = vec![("step", step.into()), ("capture", capture.into()), ("shift", shift.into())];
            for (name, bit) in start {
                inputs.push((name, delay(m, &format!("{name}_skew{r}"), bit.uint(), r, step).into()));
            }
            for (wire, lanes) in operands.iter().filter(|(w, _)| w.way == Way::Row) {
                inputs.push((wire.name, delay(m, &format!("{}_skew{r}", wire.name), lanes[r as usize], r, step).into()));
            }
            inputs.extend(down.iter().map(|(name, value)| (*name, Signal::from(*value))));
            let above: Vec<(String, UInt<'b>)> = results.iter().map(|(name, v)| (format!("{name}_above"), *v)).collect();
            inputs.extend(above.iter().map(|(name, value)| (name.as_str(), Signal::from(*value))));
            let row = m.instance(row, &format!("row{r}"), &inputs);
            down.iter_mut().for_each(|(name, value)| *value = row.uint(&format!("{name}_next")));
            results.iter_mut().for_each(|(name, value)| *value = row.uint(name));
            if settled_q.is_some() {
                ready = ready & row.bit("ready");
            }
        }
        if let Some(settled) = settled_q {
            settled.set(ready & !step);
        }
        m.output("in_ready", in_ready);
        m.output("out_valid", out_valid);
        results.iter().for_each(|(name, value)| m.output(name, *value));
        let out_last = waiting_q.get().eq(m.nat(1)).named("out_ends");
        m.output("out_last", out_last);
        let shown: Vec<Signal> = results.iter().map(|r| r.1.into()).chain([Signal::from(out_last)]).collect();
        m.promise((out_valid & !out_ready).named("stalled"), &[out_valid], &shown, "a token that is not taken stays as it is");
    }
}

mod golden {
    use super::{Shape, Way};
    use crate::golden::model::Model;
    use num_bigint::BigUint;

    pub fn model(shape: Shape, elements: Vec<Box<dyn Model>>) -> Box<dyn Model> {
        Box::new(Array { shape, elements, tokens: Vec::new() })
    }

    struct Array {
        shape: Shape,
        /// Row by row.
        elements: Vec<Box<dyn Model>>,
        /// The tokens of the present row.
        tokens: Vec<Vec<BigUint>>,
    }

    /// Lane `i` of a packed port.
    fn lane(port: &BigUint, bits: u32, i: u32) -> BigUint {
        (port >> (bits * i)) % (BigUint::from(1u32) << bits)
    }

    impl Array {
        /// Results of one element after all tokens of a row.
        fn results(&mut self, r: u32, c: u32) -> Vec<BigUint> {
            let (shape, one, zero) = (&self.shape, BigUint::from(1u32), BigUint::ZERO);
            let element = &mut self.elements[(r * shape.cols + c) as usize];
            let ways: Vec<Way> = shape.ports.iter().map(|p| p.way).filter(|w| ![Way::Out, Way::Ready].contains(w)).collect();
            let outs: Vec<Way> = shape.ports.iter().map(|p| p.way).filter(|w| [Way::Out, Way::Ready].contains(w)).collect();
            let mut found = Vec::new();
            for (k, token) in self.tokens.iter().enumerate() {
                let mut operands = token.iter();
                let mut inputs = Vec::new();
                for port in &shape.ports {
                    match port.way {
                        Way::Row => inputs.push(lane(operands.next().unwrap_or(&zero), port.bits, r)),
                        Way::Column => inputs.push(lane(operands.next().unwrap_or(&zero), port.bits, c)),
                        Way::Clear => inputs.push(BigUint::from(k == 0)),
                        Way::Enable => inputs.push(one.clone()),
                        Way::Out | Way::Ready => {}
                    }
                }
                found.clear();
                element.step(&inputs, &mut found);
                // Idle clocks until it is ready; what it shows then is what it holds.
                while shape.has(Way::Enable) {
                    found.clear();
                    element.step(&vec![zero.clone(); ways.len()], &mut found);
                    if outs.iter().zip(&found).all(|(way, code)| *way != Way::Ready || *code == one) {
                        break;
                    }
                }
            }
            outs.iter().zip(found).filter(|(way, _)| **way == Way::Out).map(|(_, code)| code).collect()
        }
    }

    impl Model for Array {
        fn reset(&mut self) {
            self.elements.iter_mut().for_each(|e| e.reset());
            self.tokens.clear();
        }

        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            let (last, operands) = inputs.split_last().expect("internal error: a token without end");
            self.tokens.push(operands.to_vec());
            if !last.bit(0) {
                return;
            }
            let widths: Vec<u32> = self.shape.ports.iter().filter(|p| p.way == Way::Out).map(|p| p.bits).collect();
            for r in (0..self.shape.rows).rev() {
                let row: Vec<Vec<BigUint>> = (0..self.shape.cols).map(|c| self.results(r, c)).collect();
                for (i, bits) in widths.iter().enumerate() {
                    outputs.push(row.iter().rev().fold(BigUint::ZERO, |all, cell| (all << *bits) | &cell[i]));
                }
                outputs.push(BigUint::from(r == 0));
            }
            self.tokens.clear();
        }
    }
}
