//! Sums of short numbers that take few values, such as products of 4-bit floating point: the six
//! bits of a magnitude name one of at most sixteen values, so a code of four bits stands for them. A place of the
//! number is then a function of the code and the sign, and fits in front of an adder with six inputs.
use super::chain::{Row, chain, name, plus};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use crate::pass::fold::Fold;
use num_bigint::BigInt;

/// Address bits: those of the largest look-up table.
pub(super) const ADDRESS: u32 = 6;
/// Bits of a code: with sign and running sum they fill a look-up table.
const CODE: u32 = 4;

/// Magnitudes by address; a power of two of them, not all 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Magnitudes(Vec<u32>);

impl Magnitudes {
    /// The magnitudes at addresses from 0 on, if there is a code for them.
    pub fn new(values: Vec<u32>) -> Option<Magnitudes> {
        let whole = values.len().is_power_of_two() && values.len() > 1 && values.len() <= 1 << ADDRESS;
        let table = Magnitudes(values);
        (whole && table.0.iter().any(|v| *v > 0) && table.direct().is_some()).then_some(table)
    }

    /// Bits of an address.
    pub fn address_bits(&self) -> u32 {
        self.0.len().trailing_zeros()
    }

    /// Bits of the largest magnitude.
    pub fn bits(&self) -> u32 {
        self.0.iter().map(|v| 32 - v.leading_zeros()).max().unwrap_or(0)
    }

    /// Largest magnitude.
    pub(super) fn most(&self) -> u32 {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// The different values without their `low` lowest bits, the largest first: synthesis finds the code of
    /// ones for 0 more often as it stands, and does not build it twice.
    pub(super) fn values(&self, low: u32) -> Vec<u32> {
        let mut all: Vec<u32> = self.0.iter().map(|v| v >> low).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.dedup();
        all
    }

    /// How many low bits come straight from the address, so that a code names the rest: none, or one.
    pub(super) fn direct(&self) -> Option<u32> {
        // A bit that is looked up itself leaves room for sign and sum.
        let few = |low: u32| low == 0 || self.lowest().len() <= ADDRESS as usize - 2;
        (0..=1).find(|low| self.values(*low).len() <= 1 << CODE && few(*low))
    }

    /// Address bits that the lowest bit depends on.
    fn lowest(&self) -> Vec<u32> {
        let differ = |k: u32| (0..self.0.len()).any(|i| (self.0[i] ^ self.0[i ^ 1 << k]) & 1 == 1);
        (0..self.address_bits()).filter(|k| differ(*k)).collect()
    }

    /// The magnitude at an address.
    pub(super) fn at(&self, address: usize) -> u32 {
        self.0[address]
    }

    /// The magnitudes as a table.
    pub(super) fn table(&self, name: &str) -> Table {
        let values = self.0.iter().map(|v| Bits::small(self.bits(), u64::from(*v))).collect();
        Table { name: name.into(), width: self.bits(), values }
    }

    /// The module of one number: its magnitude, inverted if `s` is 1.
    fn module(&self, module: &str) -> Module {
        let mut plain = Module { name: module.into(), ..Module::default() };
        for (port, width) in [("a", self.address_bits()), ("s", 1)] {
            let imm = plain.inputs.len() as u32;
            let node = plain.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm }, NameId(0), None);
            plain.inputs.push(Port { name: port.into(), width, node });
        }
        let y = plain.push_const(Bits::zero(self.bits()));
        plain.outputs.push(Port { name: "y".into(), width: self.bits(), node: y });
        let mut f = Fold { r: Rebuild::new(&plain) };
        let inputs: Vec<NodeId> = plain.inputs.iter().map(|p| f.r.copy(p.node)).collect();
        let low = self.direct().unwrap_or(0);
        let values = self.values(low);
        let width = (usize::BITS - (values.len() - 1).leading_zeros()).max(1);
        let code = |v: &u32| values.iter().position(|x| *x == v >> low).unwrap_or(0) as u64;
        let codes =
            Table { name: "code_table".into(), width, values: self.0.iter().map(|v| Bits::small(width, code(v))).collect() };
        let code = f.table(&codes, inputs[0]);
        name(&mut f, code, "code");
        let high = self.bits() - low;
        let decoded = Table {
            name: "value_table".into(),
            width: high,
            values: values.iter().map(|v| Bits::small(high, u64::from(*v))).collect(),
        };
        let mut magnitude = f.table(&decoded, code);
        if low > 0 {
            let places = self.lowest();
            let entry = |i: usize| places.iter().enumerate().map(|(n, place)| (i >> n & 1) << place).sum::<usize>();
            let values = (0..1 << places.len()).map(|i| Bits::small(1, u64::from(self.0[entry(i)] & 1))).collect();
            let address: Vec<NodeId> = places.iter().rev().map(|k| f.slice(inputs[0], *k, 1)).collect();
            let address = f.concat(&address);
            let lowest = f.table(&Table { name: "lowest_table".into(), width: 1, values }, address);
            magnitude = f.concat(&[magnitude, lowest]);
        }
        let spread = f.sext(inputs[1], self.bits());
        let out = f.two(Op::Xor, magnitude, spread);
        f.r.set(y, out);
        let mut m = f.r.finish();
        // Synthesis would look through the code otherwise.
        m.kept.push("code".into());
        m.doc = vec![format!("{module}: magnitude at address a, by a code of its value, inverted if s is 1")];
        m
    }
}

/// The sum of numbers, and the module of each. `inputs`: addresses, signs, and what is added.
pub(super) fn sum(f: &mut Fold, table: &Magnitudes, inputs: &[NodeId], lanes: u32, width: u32) -> (NodeId, Module) {
    let module = table.module(&format!("code{}to{}", table.address_bits(), table.bits()));
    let bits = table.bits();
    let mut rows = Vec::new();
    for lane in 0..lanes {
        let address = f.slice(inputs[0], lane * table.address_bits(), table.address_bits());
        let sign = f.slice(inputs[1], lane, 1);
        let magnitude = f.r.place(ModuleId(0), &format!("lane{lane}"), &[address, sign], &[bits])[0];
        name(f, magnitude, &format!("lane{lane}_bits"));
        if let [_, _, base] = inputs {
            let row = f.concat(&[sign, magnitude]);
            let row = if width <= bits { f.slice(row, 0, width) } else { f.sext(row, width) };
            return (plus(f, *base, row, Some(sign)), module);
        }
        // The sign bit as its complement.
        let top = f.not(sign);
        let row = f.concat(&[top, magnitude]);
        rows.push(Row { bits: row, offset: 0, carry: Some(sign), owed: BigInt::from(1) << bits });
    }
    (chain(f, None, &rows, width), module)
}
