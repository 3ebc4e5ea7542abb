//! What an architecture implements: small combinational modules, each said first in plain operators.
use super::Arch;
use super::apart;
use super::coded::Magnitudes;
use super::form::{Form, Own, plain_module};
use super::{table, tiles};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;

/// A number's width and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// Width in bits.
    pub bits: u32,
    /// Two's complement.
    pub signed: bool,
}

impl Kind {
    pub(super) fn word(self) -> String {
        format!("{}{}", if self.signed { 's' } else { 'u' }, self.bits)
    }
}

/// A node, or a few of them, that an architecture stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// `a × b` in full width.
    Product {
        /// First factor.
        a: Kind,
        /// Second factor.
        b: Kind,
    },
    /// `c + a × b` modulo 2^`width`.
    Accumulate {
        /// First factor.
        a: Kind,
        /// Second factor.
        b: Kind,
        /// Width of `c` and of the result.
        width: u32,
    },
    /// The sum of `lanes` products modulo 2^`width`, lane 0 in the low bits of both operands.
    Dot {
        /// First factors.
        a: Kind,
        /// Second factors.
        b: Kind,
        /// Products.
        lanes: u32,
        /// Width of the sum.
        width: u32,
    },
    /// `a`, negated if `s` is 1, times 2^`b`, modulo 2^`width`.
    Shift {
        /// Significand.
        a: Kind,
        /// Distance.
        b: Kind,
        /// Width of the result.
        width: u32,
    },
    /// The sum of `lanes` numbers ±t modulo 2^`width`, and of `c` where there is one; lane 0 in the low bits.
    Coded {
        /// Magnitudes by address.
        table: Magnitudes,
        /// Numbers.
        lanes: u32,
        /// True if `c` is added.
        base: bool,
        /// Width of the sum.
        width: u32,
    },
    /// `a`, negated if `s` is 1, times 2^(`b` - `drop`), modulo 2^`width`. The distance `b` - `drop` is taken modulo 2^w for a `b` of w
    /// bits, and one above 28 counts as four less, so that all places in lanes are short.
    Lanes {
        /// Significand.
        a: Kind,
        /// Distance.
        b: Kind,
        /// What is taken from it.
        drop: u32,
        /// Width of the result.
        width: u32,
    },
    /// 1 if a bit of `a` is.
    Any {
        /// Bits of `a`.
        bits: u32,
    },
    /// `c` and the same without its low `drop` bits. `a << b` is less than 2^(`from` - 1).
    ShiftAdd {
        /// Significand.
        a: Kind,
        /// Distance.
        b: Kind,
        /// Width of the shifted number.
        from: u32,
        /// Its bits below the sum.
        drop: u32,
        /// Width of `c` and of the result.
        width: u32,
    },
    /// One that stands in a file of its own.
    Own(Own),
}

impl Unit {
    /// The unit, if it stands in a file of its own.
    pub(super) fn form(&self) -> Option<&dyn Form> {
        match self {
            Unit::Own(own) => Some(own.form()),
            _ => None,
        }
    }

    /// Its name in module names and cost tables, e.g. `mul_s8x8` or `mac_s8x8_acc32`.
    pub fn name(&self) -> String {
        let pair = |a: &Kind, b: &Kind| match a.signed == b.signed {
            true => format!("{}x{}", a.word(), b.bits),
            false => format!("{}x{}", a.word(), b.word()),
        };
        match self {
            Unit::Own(own) => own.form().name(),
            Unit::Product { a, b } => format!("mul_{}", pair(a, b)),
            Unit::Accumulate { a, b, width } => format!("mac_{}_acc{width}", pair(a, b)),
            Unit::Shift { a, b, width } => format!("shift_{}x{}_to{width}", a.word(), b.bits),
            Unit::Lanes { a, b, drop, width } => format!("shift_{}x{}_less{drop}_to{width}", a.word(), b.bits),
            Unit::Any { bits } => format!("any{bits}"),
            Unit::ShiftAdd { a, b, from, drop, width } => format!("shift_{}x{}_to{from}_drop{drop}_acc{width}", a.word(), b.bits),
            Unit::Dot { a, b, lanes, width } => format!("dot{lanes}_{}_sum{width}", pair(a, b)),
            Unit::Coded { table, lanes, base, width } => {
                let to = if *base { "acc" } else { "sum" };
                format!("coded{lanes}_{}to{}_{to}{width}", table.address_bits(), table.bits())
            }
        }
    }

    /// One line on what it computes.
    pub(super) fn doc(&self) -> &'static str {
        match self {
            Unit::Own(own) => own.form().doc(),
            Unit::Product { .. } => "product a * b in full width",
            Unit::Accumulate { .. } => "c + a * b, modulo the width of c",
            Unit::Shift { .. } => "a << b, negated if s is 1",
            Unit::Lanes { .. } => "a << b less a constant, negated if s is 1",
            Unit::Any { .. } => "1 if a is not 0",
            Unit::ShiftAdd { .. } => "c and a << b without its low bits, negated if s is 1",
            Unit::Dot { .. } => "sum of products, lane 0 in the low bits",
            Unit::Coded { base: false, .. } => {
                "sum of numbers of magnitudes given by addresses a and signs s, lane 0 in the low bits"
            }
            Unit::Coded { .. } => "c and a number of the magnitude given by address a, negated if s is 1",
        }
    }

    /// Architectures that can build it.
    pub fn architectures(&self) -> Vec<Arch> {
        if let Some(form) = self.form() {
            return form.architectures();
        }
        let (a, b) = self.factors();
        if self.shifts() {
            let all = [Arch::Grain, Arch::Cut, Arch::Late].into_iter();
            return all.chain(matches!(self, Unit::ShiftAdd { .. }).then_some(Arch::Apart)).collect();
        }
        match self {
            Unit::Coded { lanes: 1, base: false, .. } => return vec![Arch::Code, Arch::Apart],
            Unit::Coded { .. } => return vec![Arch::Code],
            Unit::Lanes { .. } | Unit::Any { .. } => return vec![Arch::Apart],
            _ => {}
        }
        let mut all = vec![Arch::Booth, Arch::Carried, Arch::Rows, Arch::Heap, Arch::BoothHeap];
        all.extend(Arch::COUNTING);
        if matches!(self, Unit::Product { .. }) && a.bits.min(b.bits) >= tiles::LEAST {
            all.push(Arch::Tiles);
        }
        if matches!(self, Unit::Product { .. }) && table::fits(a, b) {
            all.extend([Arch::Table, Arch::Apart]);
        }
        all
    }

    /// True if this architecture can build it.
    pub fn can(&self, arch: Arch) -> bool {
        self.form().map_or_else(|| self.architectures().contains(&arch), |form| form.can(arch))
    }

    /// True for shifted numbers.
    pub fn shifts(&self) -> bool {
        matches!(self, Unit::Shift { .. } | Unit::ShiftAdd { .. })
    }

    /// True if synthesis would give it a multiplier block: both factors are long enough for one.
    pub fn worth_dsp(&self) -> bool {
        let (a, b) = self.factors();
        let product = matches!(
            self,
            Unit::Product { .. } | Unit::Accumulate { .. } | Unit::Dot { .. } | Unit::Own(Own::Square(_) | Own::Scaled(_))
        );
        product && a.bits >= 5 && b.bits >= 5
    }

    /// True if the result may be negative.
    pub(super) fn signed(&self) -> bool {
        let (a, b) = self.factors();
        self.form().map_or(a.signed || b.signed, Form::signed)
    }

    /// Kinds of the factors, of a significand and its distance, or of an address and its magnitude.
    pub fn factors(&self) -> (Kind, Kind) {
        match self {
            Unit::Product { a, b }
            | Unit::Accumulate { a, b, .. }
            | Unit::Dot { a, b, .. }
            | Unit::Shift { a, b, .. }
            | Unit::Lanes { a, b, .. }
            | Unit::ShiftAdd { a, b, .. } => (*a, *b),
            Unit::Any { bits } => [*bits, 1].map(|bits| Kind { bits, signed: false }).into(),
            Unit::Own(own) => own.factors(),
            Unit::Coded { table, .. } => [table.address_bits(), table.bits()].map(|bits| Kind { bits, signed: false }).into(),
        }
    }

    /// The module in plain operators: its meaning.
    pub fn plain(&self) -> Module {
        if let Some(form) = self.form() {
            return plain_module(form);
        }
        let mut m = Module { name: self.name(), ..Module::default() };
        let input = |m: &mut Module, name: &str, width: u32| {
            let imm = m.inputs.len() as u32;
            let node = m.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm }, NameId(0), None);
            m.inputs.push(Port { name: name.into(), width, node });
            node
        };
        let (a, b) = self.factors();
        if self.shifts() || matches!(self, Unit::Lanes { .. }) {
            return self.plain_shift(m, input);
        }
        if let Unit::Any { bits } = self {
            let a = input(&mut m, "a", *bits);
            let node = m.push_op(Op::RedOr, 1, &[a], 0, NameId(0), None);
            m.outputs.push(Port { name: "y".into(), width: 1, node });
            return m;
        }
        if let Unit::Coded { table, lanes, base, width } = self {
            return plain_coded(m, input, table, (*lanes, *base, *width));
        }
        let lanes = self.lanes();
        let (xs, ys) = (input(&mut m, "a", a.bits * lanes), input(&mut m, "b", b.bits * lanes));
        let width = self.width();
        let mut sum = match self {
            Unit::Accumulate { width, .. } => Some(input(&mut m, "c", *width)),
            _ => None,
        };
        let signed = a.signed || b.signed;
        for lane in 0..lanes {
            // An unsigned factor beside a signed one takes a sign of 0.
            let mut factor = |x: NodeId, kind: Kind| {
                let x = match lanes {
                    1 => x,
                    _ => m.push_op(Op::Slice, kind.bits, &[x], kind.bits * lane, NameId(0), None),
                };
                match kind.signed == signed {
                    true => x,
                    false => m.push_op(Op::Zext, kind.bits + 1, &[x], 0, NameId(0), None),
                }
            };
            let (x, y) = (factor(xs, a), factor(ys, b));
            let op = if signed { Op::MulS } else { Op::MulU };
            let full = m.width(x) + m.width(y);
            let mut out = m.push_op(op, full, &[x, y], 0, NameId(0), None);
            if width < full {
                out = m.push_op(Op::Slice, width, &[out], 0, NameId(0), None);
            } else if width > full {
                out = m.push_op(if signed { Op::Sext } else { Op::Zext }, width, &[out], 0, NameId(0), None);
            }
            sum = Some(match sum {
                Some(sum) => m.push_op(Op::Add, width, &[sum, out], 0, NameId(0), None),
                None => out,
            });
        }
        m.outputs.push(Port { name: "y".into(), width, node: sum.unwrap_or(xs) });
        m
    }

    /// The same for shifted numbers.
    fn plain_shift(&self, mut m: Module, input: impl Fn(&mut Module, &str, u32) -> NodeId) -> Module {
        let (a, b) = self.factors();
        let (x, k, s) = (input(&mut m, "a", a.bits), input(&mut m, "b", b.bits), input(&mut m, "s", 1));
        let none = NameId(0);
        let (from, width) = match self {
            Unit::ShiftAdd { from, width, .. } => (*from, *width),
            _ => (self.width(), self.width()),
        };
        let plus = m.push_op(Op::Zext, a.bits + 1, &[x], 0, none, None);
        let zero = m.push_const(Bits::zero(a.bits + 1));
        let minus = m.push_op(Op::Sub, a.bits + 1, &[zero, plus], 0, none, None);
        let short = m.push_op(Op::Mux, a.bits + 1, &[s, minus, plus], 0, none, None);
        let long = m.push_op(Op::Sext, from, &[short], 0, none, None);
        let k = match self {
            Unit::Lanes { b, drop, .. } => {
                m.tables.push(apart::distances(*b, *drop));
                m.push_op(Op::Table, b.bits, &[k], 0, none, None)
            }
            _ => k,
        };
        let mut out = m.push_op(Op::Shl, from, &[long, k], 0, none, None);
        if let Unit::ShiftAdd { drop, .. } = self {
            let c = input(&mut m, "c", width);
            if *drop > 0 {
                out = m.push_op(Op::Slice, from - drop, &[out], *drop, none, None);
            }
            if from - drop < width {
                out = m.push_op(Op::Sext, width, &[out], 0, none, None);
            }
            out = m.push_op(Op::Add, width, &[c, out], 0, none, None);
        }
        m.outputs.push(Port { name: "y".into(), width, node: out });
        m
    }

    /// Products in it.
    fn lanes(&self) -> u32 {
        if let Unit::Dot { lanes, .. } = self { *lanes } else { 1 }
    }

    /// Width of the result.
    pub fn width(&self) -> u32 {
        match self {
            Unit::Own(own) => own.form().width(),
            Unit::Product { a, b } => a.bits + b.bits,
            Unit::Any { .. } => 1,
            Unit::Accumulate { width, .. }
            | Unit::Lanes { width, .. }
            | Unit::Coded { width, .. }
            | Unit::Dot { width, .. }
            | Unit::Shift { width, .. }
            | Unit::ShiftAdd { width, .. } => *width,
        }
    }
}

/// A sum of numbers from a table, in plain operators.
fn plain_coded(
    mut m: Module,
    input: impl Fn(&mut Module, &str, u32) -> NodeId,
    table: &Magnitudes,
    (lanes, base, width): (u32, bool, u32),
) -> Module {
    let none = NameId(0);
    let (a, s) = (input(&mut m, "a", table.address_bits() * lanes), input(&mut m, "s", lanes));
    let mut sum = base.then(|| input(&mut m, "c", width));
    m.tables.push(table.table("magnitude"));
    let wide = width.max(table.bits());
    for lane in 0..lanes {
        let address = m.push_op(Op::Slice, table.address_bits(), &[a], table.address_bits() * lane, none, None);
        let sign = m.push_op(Op::Slice, 1, &[s], lane, none, None);
        let magnitude = m.push_op(Op::Table, table.bits(), &[address], 0, none, None);
        let plus = if wide > table.bits() { m.push_op(Op::Zext, wide, &[magnitude], 0, none, None) } else { magnitude };
        let zero = m.push_const(Bits::zero(wide));
        let minus = m.push_op(Op::Sub, wide, &[zero, plus], 0, none, None);
        let mut number = m.push_op(Op::Mux, wide, &[sign, minus, plus], 0, none, None);
        if wide > width {
            number = m.push_op(Op::Slice, width, &[number], 0, none, None);
        }
        sum = Some(match sum {
            Some(sum) => m.push_op(Op::Add, width, &[sum, number], 0, none, None),
            None => number,
        });
    }
    m.outputs.push(Port { name: "y".into(), width, node: sum.unwrap_or(a) });
    m
}
