//! A small block for the tests of the flows: 8×8 multiply–accumulate with clear and enable, and a flag.
use crate::blocks::{Configured, Port, Role};
use crate::golden::model::Model;
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
