//! Multiples of a number by a constant.
use super::Arch;
use super::chain::{name, plus};
use super::form::{Form, push};
use super::graph::{Graph, MOST_BITS, graph};
use super::table;
use super::unit::Kind;
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// `a` × `by` in as many bits as that takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scaled {
    /// The number.
    pub a: Kind,
    /// The constant, not 0.
    pub by: BigInt,
}

impl Scaled {
    /// Smallest and largest multiple.
    fn range(&self) -> [BigInt; 2] {
        let one = BigInt::from(1);
        let (least, most) = match self.a.signed {
            true => (-(&one << (self.a.bits - 1)), (&one << (self.a.bits - 1)) - 1),
            false => (BigInt::ZERO, (&one << self.a.bits) - 1),
        };
        let mut range = [least * &self.by, most * &self.by];
        range.sort();
        range
    }

    /// Sums and differences that its adder graph takes; none if the constant is too long for one.
    pub fn steps(&self) -> usize {
        self.graph().1.steps.len()
    }

    /// Zeros below the constant, and the graph of the rest.
    fn graph(&self) -> (u32, Graph) {
        let magnitude = self.by.magnitude().to_u128().filter(|_| self.by.bits() <= MOST_BITS).unwrap_or(1);
        let zeros = magnitude.trailing_zeros();
        (zeros, graph(magnitude >> zeros))
    }

    /// Bits of the constant.
    pub fn by_bits(&self) -> u32 {
        self.by.bits() as u32
    }
}

impl Form for Scaled {
    fn name(&self) -> String {
        let minus = if self.by.is_negative() { "minus" } else { "" };
        format!("scaled_{}_by_{minus}{}", self.a.word(), self.by.abs())
    }
    fn doc(&self) -> &'static str {
        "a times a constant, in as many bits as that takes"
    }
    fn architectures(&self) -> Vec<Arch> {
        let graph = (self.by.bits() <= MOST_BITS).then_some(Arch::Graph);
        graph.into_iter().chain([Arch::Table]).collect()
    }
    fn inputs(&self) -> Vec<(String, u32)> {
        vec![("a".into(), self.a.bits)]
    }
    fn width(&self) -> u32 {
        let bits = |n: &BigInt| if n.is_negative() { (-(n + 1i32)).bits() } else { n.bits() } as u32;
        self.range().iter().map(bits).max().unwrap_or(0).max(1) + u32::from(self.signed())
    }
    fn signed(&self) -> bool {
        self.a.signed || self.by.is_negative()
    }
    fn plain(&self, m: &mut Module, inputs: &[NodeId]) -> NodeId {
        let width = self.width();
        let (op, bits) = if self.signed() { (Op::MulS, self.by.bits() as u32 + 1) } else { (Op::MulU, self.by.bits() as u32) };
        let by = m.push_const(Bits::from_signed(bits, &self.by));
        let a = match self.signed() && !self.a.signed {
            true => push(m, Op::Zext, self.a.bits + 1, &[inputs[0]]),
            false => inputs[0],
        };
        let full = m.width(a) + bits;
        let product = push(m, op, full, &[a, by]);
        match full > width {
            true => push(m, Op::Slice, width, &[product]),
            false => product,
        }
    }
    fn build(&self, f: &mut Fold, _: &mut Vec<Module>, arch: Arch, inputs: &[NodeId]) -> NodeId {
        if arch == Arch::Table { self.tables(f, inputs[0]) } else { self.adders(f, inputs[0]) }
    }
}

impl Scaled {
    /// Sums and differences of multiples.
    fn adders(&self, f: &mut Fold, a: NodeId) -> NodeId {
        let width = self.width();
        let (zeros, graph) = self.graph();
        let extend = |f: &mut Fold, x: NodeId, width: u32| match () {
            () if width < f.w(x) => f.slice(x, 0, width),
            () if self.a.signed => f.sext(x, width),
            () => f.zext(x, width),
        };
        let last = graph.steps.len();
        let mut minus = self.by.is_negative();
        let mut values = vec![a];
        for (i, step) in graph.steps.iter().enumerate() {
            let multiple = Scaled { a: self.a, by: BigInt::from(graph.values[i + 1]) };
            // A difference is negative the other way round.
            let swap = minus && i + 1 == last && step.minus;
            // A difference that wraps is right in its own bits.
            let mut wide = multiple.width() + step.right;
            if swap && !self.a.signed {
                wide += 1;
            }
            let [x, y] = [(step.x, step.left_x), (step.y, step.left_y)].map(|(at, left)| {
                let value = extend(f, values[at], wide.saturating_sub(left).max(1));
                let value = f.above_zeros(value, left);
                f.slice(value, 0, wide)
            });
            let sum = match (step.minus, swap) {
                (false, _) => f.two(Op::Add, x, y),
                (true, false) => f.two(Op::Sub, x, y),
                (true, true) => {
                    minus = false;
                    f.two(Op::Sub, y, x)
                }
            };
            let value = f.slice(sum, step.right, wide - step.right);
            name(f, value, &format!("times{}", graph.values[i + 1]));
            values.push(value);
        }
        let value = values[last];
        let high = match () {
            // Signed already, and as wide as it must be.
            () if self.by.is_negative() && !minus => f.sext(value, (width - zeros).max(f.w(value))),
            () => extend(f, value, width - zeros),
        };
        let high = match minus {
            true => {
                let zero = f.zero(width - zeros);
                f.two(Op::Sub, zero, high)
            }
            false => high,
        };
        let high = f.slice(high, 0, width - zeros);
        f.above_zeros(high, zeros)
    }

    /// A table for each six bits of the number, added up.
    fn tables(&self, f: &mut Fold, a: NodeId) -> NodeId {
        let (width, bits) = (self.width(), self.a.bits);
        let (mut sum, mut done): (Option<NodeId>, Vec<NodeId>) = (None, Vec::new());
        for at in (0..bits).step_by(table::INPUTS as usize) {
            let digit = table::INPUTS.min(bits - at);
            let kind = Kind { bits: digit, signed: self.a.signed && at + digit == bits };
            let part = Scaled { a: kind, by: self.by.clone() };
            let value = |code: u32| Bits::from_signed(part.width(), &(&self.by * table::value(code, kind)));
            let values = (0..1u32 << digit).map(value).collect();
            let table = Table { name: format!("digit{at}_table"), width: part.width(), values };
            let address = f.slice(a, at, digit);
            let row = f.table(&table, address);
            name(f, row, &format!("digit{at}"));
            let room = width - at;
            let row = match () {
                () if room < f.w(row) => f.slice(row, 0, room),
                () if part.signed() => f.sext(row, room),
                () => f.zext(row, room),
            };
            let all = match sum {
                None => row,
                Some(sum) => plus(f, sum, row, None),
            };
            // What the next digit cannot change is final.
            let next = at + digit;
            if next >= bits {
                sum = Some(all);
                break;
            }
            done.insert(0, f.slice(all, 0, digit));
            let kept = f.slice(all, digit, room - digit);
            sum = Some(kept);
        }
        let parts: Vec<NodeId> = sum.into_iter().chain(done).collect();
        f.concat(&parts)
    }
}
