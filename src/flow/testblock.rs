//! Small blocks for the tests of the flows: 8×8 multiply–accumulate with clear and enable, and a flag;
//! and rows of numbers minus the largest of the row.
use crate::blocks::parts::stream::{RowBuffer, Skid, lanes, max, pack};
use crate::blocks::{Configured, Ideal, Port, Protocol, Role, RowLengths};
use crate::golden::model::Model;
use crate::golden::names;
use crate::hdl::dsl::Diagnostics;
use crate::hdl::prelude::*;

pub struct TestMac {
    pub terms: u32,
    pub reset: Reset,
}

fn port(name: &'static str, input: bool, role: Role, bits: u32) -> Port {
    Port { name, input, role, bits, lanes: 1, format: None, lsb_exp: None }
}

struct Golden(i64);

impl Model for Golden {
    fn reset(&mut self) {
        self.0 = 0;
    }
    fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
        let number = |i: usize| inputs[i].iter_u64_digits().next().unwrap_or(0);
        let signed = |i: usize| i64::from(number(i) as u8 as i8);
        outputs.push(BigUint::from(self.0 as u64 & 0xff_ffff_ffff));
        outputs.push(BigUint::from(self.0 < 0));
        if number(3) == 1 {
            self.0 = if number(2) == 1 { 0 } else { self.0 } + signed(0) * signed(1);
        }
    }
}

impl Configured for TestMac {
    fn block(&self) -> &'static str {
        "testmac"
    }
    fn doc(&self) -> &'static str {
        "Test block"
    }
    fn module_name(&self) -> String {
        format!("testmac_{}", self.terms)
    }
    fn params(&self) -> Vec<(&'static str, String)> {
        vec![("terms", self.terms.to_string())]
    }
    fn ports(&self) -> Vec<Port> {
        vec![
            port("a", true, Role::Operand, 8),
            port("b", true, Role::Operand, 8),
            port("clear", true, Role::Clear, 1),
            port("en", true, Role::Enable, 1),
            port("acc", false, Role::Result, 40),
            port("negative", false, Role::Flag, 1),
        ]
    }
    fn latency(&self) -> u32 {
        1
    }
    fn protocol(&self) -> Protocol {
        Protocol::Cycle
    }
    fn ideal(&self) -> Option<Ideal> {
        None
    }
    fn rtl(&self) -> Result<Design, Diagnostics> {
        design(&self.module_name(), self.reset, |m| {
            let (a, b) = (m.sint_in("a", 8), m.sint_in("b", 8));
            let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
            let acc = m.state_sint("total", 40, 0);
            let sum = clear.select(m.sint(0, 40), acc.get()) + a * b;
            acc.set_when(en, sum.wrap(40));
            m.output("acc", acc.get());
            m.output("negative", acc.get().is_negative());
        })
    }
    fn golden(&self) -> Box<dyn Model> {
        Box::new(Golden(0))
    }
    fn corners(&self) -> Vec<Vec<BigUint>> {
        Vec::new()
    }
    fn design(&self) -> Result<Design, Diagnostics> {
        self.rtl()
    }
}

/// What is wrong with a [`TestRows`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Passes one token of four-token rows over.
    Loses,
    /// The place at the end does not keep its token.
    Unstable,
    /// An answer too many after rows of one token.
    Invents,
    /// A wrong value in tokens of one kind.
    Wrong,
    /// Stands still after a row of five tokens.
    Hangs,
}

/// Rows of int8, as many a token as there are lanes: each minus the largest of its row.
pub struct TestRows {
    pub lanes: u32,
    pub longest: u32,
    pub fault: Fault,
}

struct Rows {
    lanes: u32,
    row: Vec<(u64, u64)>,
}

impl Model for Rows {
    fn reset(&mut self) {
        self.row.clear();
    }
    fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
        let number = |i: usize| inputs[i].iter_u64_digits().next().unwrap_or(0);
        self.row.push((number(0), number(1)));
        if number(2) == 0 {
            return;
        }
        let row = std::mem::take(&mut self.row);
        let all = |(x, mask): &(u64, u64)| {
            (0..self.lanes).map(|i| (mask >> i & 1 == 1).then(|| (x >> (8 * i)) as u8 as i8)).collect::<Vec<_>>()
        };
        let most = row.iter().flat_map(all).flatten().max().unwrap_or(0);
        for (at, token) in row.iter().enumerate() {
            let code = |x: Option<i8>| x.map_or(0, |x| (i32::from(x) - i32::from(most)) as u32 & 0x1ff);
            let y = all(token).into_iter().rev().fold(BigUint::ZERO, |y, x| (y << 9) | BigUint::from(code(x)));
            outputs.extend([y, BigUint::from(token.1), BigUint::from(at + 1 == row.len())]);
        }
    }
}

impl Configured for TestRows {
    fn block(&self) -> &'static str {
        "testrows"
    }
    fn doc(&self) -> &'static str {
        "Test block"
    }
    fn module_name(&self) -> String {
        format!("testrows_{}", self.lanes)
    }
    fn params(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    fn ports(&self) -> Vec<Port> {
        let format = |name| names::parse(name).expect("a format");
        vec![
            Port::operand("x", &format("int8"), self.lanes),
            Port::mask("in_mask", true, self.lanes),
            Port::last("in_last", true),
            Port::results("y", &format("int9"), self.lanes),
            Port::mask("out_mask", false, self.lanes),
            Port::last("out_last", false),
        ]
    }
    fn latency(&self) -> u32 {
        0
    }
    fn protocol(&self) -> Protocol {
        Protocol::Stream(RowLengths { lanes: self.lanes, shortest: 1, longest: self.longest })
    }
    fn ideal(&self) -> Option<Ideal> {
        None
    }
    fn rtl(&self) -> Result<Design, Diagnostics> {
        design(&self.module_name(), Reset::Sync, |m| {
            let n = self.lanes;
            let (x, mask) = (m.uint_in("x", 8 * n), m.uint_in("in_mask", n));
            let skid = Skid::new(m);
            let rows = RowBuffer::new(m, self.longest.div_ceil(n), mask.cat(x), 1, skid.advance());
            let most = m.state_sint("most", 8, -128);
            let least = m.sint(-128, 8);
            let mut terms: Vec<SInt> =
                lanes(x, 8).iter().enumerate().map(|(i, x)| mask.bit(i as u32).select(x.as_sint(), least)).collect();
            terms.push(rows.first.select(least, most.get()));
            most.set_when(rows.taken, max(&terms));
            let (x, mask) = (rows.word.slice(8 * n - 1, 0), rows.word.slice(9 * n - 1, 8 * n));
            let y: Vec<UInt> = lanes(x, 8)
                .iter()
                .enumerate()
                .map(|(i, x)| mask.bit(i as u32).select(x.as_sint() - most.get(), m.sint(0, 9)).bits())
                .collect();
            let (mut y, mut valid) = (pack(&y), rows.valid);
            let count = m.state_uint("count", 4, 0);
            let inner = (count.get() + m.nat(1)).wrap(4);
            count.set_when(rows.valid & skid.advance(), rows.last.select(m.uint(0u32, 4), inner));
            let mut end = rows.valid & rows.last & skid.advance();
            match self.fault {
                Fault::Loses => valid = valid & !(count.get().eq(m.nat(3)) & rows.last),
                Fault::Wrong => y = (count.get().eq(m.nat(6)) & rows.last).select(y ^ m.uint(1u32, 9 * n), y),
                Fault::Invents => {
                    let again = m.state_bit("again", false);
                    again.set_when(skid.advance(), end & count.get().is_zero());
                    valid = valid | again.get();
                }
                Fault::Hangs => end = end & !count.get().eq(m.nat(4)),
                Fault::None | Fault::Unstable => {}
            }
            let last = rows.last;
            rows.close(&[m.high(), end]);
            skid.close(valid, &[("y", y), ("out_mask", mask), ("out_last", last.uint())]);
        })
    }
    fn golden(&self) -> Box<dyn Model> {
        Box::new(Rows { lanes: self.lanes, row: Vec::new() })
    }
    fn corners(&self) -> Vec<Vec<BigUint>> {
        Vec::new()
    }
    fn design(&self) -> Result<Design, Diagnostics> {
        let mut design = crate::hdl::pass::optimize(&self.rtl()?);
        let top = &mut design.modules[0];
        let kept = top.states.iter_mut().filter(|s| self.fault == Fault::Unstable && s.name == "y_kept");
        kept.for_each(|s| s.enable = None);
        Ok(design)
    }
}
