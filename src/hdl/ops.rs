//! The operator table. One entry per operator says how many operands it takes, which widths are
//! legal, what it computes ([`OpInfo::eval`]), how it prints in Verilog ([`OpInfo::emit`]), which
//! delay class it belongs to and which algebraic laws it obeys. The builder, the verifier, the
//! folder, the printer, the simulator, the text form and the conformance test all read this table;
//! the simulator's gate-level expansion sits beside it in [`crate::sim`], matched on [`Op`].
//!
//! Values are two-state, signless bits of at least one bit. Operands of one operator have equal
//! widths unless its entry says otherwise; nothing is extended silently.
use crate::bits::Bits;
use crate::ir::Table;
use num_bigint::BigUint;
use num_traits::{One, ToPrimitive};
use std::fmt::Write;

/// What an operator sees of its node: operand widths, its own width, immediate and table.
pub struct Shape<'a> {
    /// Operand widths in bits.
    pub args: &'a [u32],
    /// Result width in bits.
    pub width: u32,
    /// Immediate (slice position; table number).
    pub imm: u32,
    /// The table a [`Op::Table`] node reads.
    pub table: Option<&'a Table>,
}

/// Number of operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Exactly this many, at most three.
    Fixed(u8),
    /// One or more.
    Many,
}

/// Delay behaviour, the key of the delay tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DelayClass {
    /// Wiring only.
    Free,
    /// One level of logic, any width.
    Logic,
    /// A carry chain over the width.
    Carry,
    /// A tree over the operand bits.
    Tree,
    /// A multiplexer ladder over the shift amount.
    Shift,
    /// A multiplier array.
    Multiply,
    /// A lookup of as many inputs as the address has bits.
    Lookup,
    /// Not combinational.
    State,
}

/// Facts the optimiser may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algebra {
    /// `f(a, b) = f(b, a)`.
    pub commutative: bool,
    /// Bit `i` of the result depends only on bits `0..=i` of the operands, so high bits may be cut.
    pub low_bits_only: bool,
}

const NONE: Algebra = Algebra { commutative: false, low_bits_only: false };
const LOW: Algebra = Algebra { commutative: false, low_bits_only: true };
const COMM: Algebra = Algebra { commutative: true, low_bits_only: false };
const COMM_LOW: Algebra = Algebra { commutative: true, low_bits_only: true };

/// One entry of the operator table.
pub struct OpInfo {
    /// The operator.
    pub op: Op,
    /// Its word in the text form.
    pub name: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// Operand count.
    pub arity: Arity,
    /// Checks a node's shape; the message says expected and found.
    pub check: fn(&Shape) -> Result<(), String>,
    /// Reference meaning.
    pub eval: fn(&Shape, &[Bits]) -> Bits,
    /// Writes the Verilog expression from operand expressions.
    pub emit: fn(&mut String, &Shape, &[&str]),
    /// Delay class.
    pub delay: DelayClass,
    /// Algebraic laws.
    pub algebra: Algebra,
}

macro_rules! define_ops {
    ($($(#[doc = $doc:literal])+ $op:ident $name:literal $arity:expr, $algebra:expr, $delay:ident;
        check $check:expr; eval $eval:expr; emit $emit:expr;)+) => {
        /// Operators, plus the leaves of a module (inputs, constants, state, memories, instances).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op {
            /// Input port; `imm` is the index among the input ports.
            Input,
            /// Constant; `imm` is the index among the module's constants.
            Const,
            /// Present value of a register; `imm` is the index among the states.
            State,
            /// Registered read data of a memory; `imm` is the index among the module's memory reads.
            RamRead,
            /// Output of an instance; `imm` is the index among the module's instance outputs.
            InstOut,
            $($(#[doc = $doc])+ $op,)+
        }
        /// The table, in declaration order.
        pub static OPS: &[OpInfo] = &[$(OpInfo {
            op: Op::$op, name: $name, doc: concat!($($doc),+), arity: $arity, check: $check, eval: $eval, emit: $emit,
            delay: DelayClass::$delay, algebra: $algebra,
        }),+];
        impl Op {
            /// The table entry; `None` for leaves.
            pub fn info(self) -> Option<&'static OpInfo> {
                OPS.get((self as usize).wrapping_sub(Op::InstOut as usize + 1))
            }
        }
    };
}

fn same(s: &Shape) -> Result<(), String> {
    match s.args.iter().find(|w| **w != s.width) {
        Some(w) => Err(format!("operands and result have equal widths; result is {}, an operand {w} bits", s.width)),
        None => Ok(()),
    }
}
fn compare(s: &Shape) -> Result<(), String> {
    if s.args[0] != s.args[1] || s.width != 1 {
        return Err(format!(
            "compares two operands of equal width into 1 bit; found {} and {} into {}",
            s.args[0], s.args[1], s.width
        ));
    }
    Ok(())
}
fn reduce(s: &Shape) -> Result<(), String> {
    if s.width != 1 { Err(format!("result is 1 bit, found {}", s.width)) } else { Ok(()) }
}
fn product(s: &Shape) -> Result<(), String> {
    if s.width != s.args[0] + s.args[1] {
        return Err(format!(
            "product of {} and {} bits is {} bits, found {}",
            s.args[0],
            s.args[1],
            s.args[0] + s.args[1],
            s.width
        ));
    }
    Ok(())
}
fn shift(s: &Shape) -> Result<(), String> {
    if s.width != s.args[0] { Err(format!("shift keeps the width {}, found {}", s.args[0], s.width)) } else { Ok(()) }
}
fn wider(s: &Shape) -> Result<(), String> {
    if s.width <= s.args[0] { Err(format!("extension of {} bits needs more, found {}", s.args[0], s.width)) } else { Ok(()) }
}
/// Shift amount, cut to the width of the value: anything beyond behaves the same.
fn amount(x: &Bits, width: u32) -> u32 {
    x.unsigned().to_u32().unwrap_or(u32::MAX).min(width)
}
fn flag(b: bool) -> Bits {
    Bits::bit(b)
}
fn infix(f: &mut String, a: &[&str], op: &str) {
    for part in [a[0], " ", op, " ", a[1]] {
        f.push_str(part);
    }
}
/// `x` widened to `to` bits in place, so that no tool widens it by its own rules.
fn extended(x: &str, from: u32, to: u32, signed: bool) -> String {
    let n = to - from;
    if n == 0 {
        return x.to_string();
    }
    if !signed {
        return format!("{{{n}'d0, {x}}}");
    }
    if from == 1 {
        return format!("{{{to}{{{x}}}}}");
    }
    let top = format!("{x}[{}]", from - 1);
    if n == 1 { format!("{{{top}, {x}}}") } else { format!("{{{{{n}{{{top}}}}}, {x}}}") }
}

define_ops! {
    /// Bitwise complement.
    Not "not" Arity::Fixed(1), LOW, Logic;
        check same;
        eval |s, a| Bits::new(s.width, Bits::ones(s.width).unsigned() ^ a[0].unsigned());
        emit |f, _, a| { let _ = write!(f, "~{}", a[0]); };
    /// Bitwise and.
    And "and" Arity::Fixed(2), COMM_LOW, Logic;
        check same;
        eval |s, a| Bits::new(s.width, a[0].unsigned() & a[1].unsigned());
        emit |f, _, a| infix(f, a, "&");
    /// Bitwise or.
    Or "or" Arity::Fixed(2), COMM_LOW, Logic;
        check same;
        eval |s, a| Bits::new(s.width, a[0].unsigned() | a[1].unsigned());
        emit |f, _, a| infix(f, a, "|");
    /// Bitwise exclusive or.
    Xor "xor" Arity::Fixed(2), COMM_LOW, Logic;
        check same;
        eval |s, a| Bits::new(s.width, a[0].unsigned() ^ a[1].unsigned());
        emit |f, _, a| infix(f, a, "^");
    /// Sum modulo 2^width.
    Add "add" Arity::Fixed(2), COMM_LOW, Carry;
        check same;
        eval |s, a| Bits::new(s.width, a[0].unsigned() + a[1].unsigned());
        emit |f, _, a| infix(f, a, "+");
    /// Difference modulo 2^width.
    Sub "sub" Arity::Fixed(2), LOW, Carry;
        check same;
        eval |s, a| Bits::new(s.width, a[0].unsigned() + (BigUint::one() << s.width) - a[1].unsigned());
        emit |f, _, a| infix(f, a, "-");
    /// Full unsigned product; operands may differ in width, the result has the sum of their widths.
    MulU "mulu" Arity::Fixed(2), COMM, Multiply;
        check product;
        eval |s, a| Bits::new(s.width, a[0].unsigned() * a[1].unsigned());
        emit |f, s, a| {
            let _ = write!(f, "{} * {}", extended(a[0], s.args[0], s.width, false), extended(a[1], s.args[1], s.width, false));
        };
    /// Full signed product; operands may differ in width, the result has the sum of their widths.
    MulS "muls" Arity::Fixed(2), COMM, Multiply;
        check product;
        eval |s, a| Bits::from_signed(s.width, &(a[0].signed() * a[1].signed()));
        emit |f, s, a| {
            // Both operands are widened here, for lint, yet keep the signed cast, so that synthesis sees
            // the repeated top bits as a sign and builds the small signed multiplier.
            let _ = write!(f, "$signed({}) * $signed({})", extended(a[0], s.args[0], s.width, true), extended(a[1], s.args[1], s.width, true));
        };
    /// Equal.
    Eq "eq" Arity::Fixed(2), COMM, Tree;
        check compare;
        eval |_, a| flag(a[0] == a[1]);
        emit |f, _, a| infix(f, a, "==");
    /// Less than, unsigned.
    LtU "ltu" Arity::Fixed(2), NONE, Carry;
        check compare;
        eval |_, a| flag(a[0].unsigned() < a[1].unsigned());
        emit |f, _, a| infix(f, a, "<");
    /// Less than, two's complement.
    LtS "lts" Arity::Fixed(2), NONE, Carry;
        check compare;
        eval |_, a| flag(a[0].signed() < a[1].signed());
        emit |f, _, a| { let _ = write!(f, "$signed({}) < $signed({})", a[0], a[1]); };
    /// Shift left by the second operand (any width); at or beyond the width the result is 0.
    Shl "shl" Arity::Fixed(2), NONE, Shift;
        check shift;
        eval |s, a| Bits::new(s.width, a[0].unsigned() << amount(&a[1], s.width));
        emit |f, _, a| infix(f, a, "<<");
    /// Shift right filling with 0; at or beyond the width the result is 0.
    ShrU "shru" Arity::Fixed(2), NONE, Shift;
        check shift;
        eval |s, a| Bits::new(s.width, a[0].unsigned() >> amount(&a[1], s.width));
        emit |f, _, a| infix(f, a, ">>");
    /// Shift right filling with the sign; at or beyond the width every bit is the sign.
    ShrS "shrs" Arity::Fixed(2), NONE, Shift;
        check shift;
        eval |s, a| Bits::from_signed(s.width, &(a[0].signed() >> amount(&a[1], s.width)));
        emit |f, _, a| { let _ = write!(f, "$signed({}) >>> {}", a[0], a[1]); };
    /// Operand 1 if operand 0 (one bit) is 1, else operand 2.
    Mux "mux" Arity::Fixed(3), LOW, Logic;
        check |s| if s.args[0] != 1 || s.args[1] != s.width || s.args[2] != s.width {
            Err(format!("selects by 1 bit between arms of the result's {} bits; found {}, {}, {}", s.width, s.args[0], s.args[1], s.args[2]))
        } else { Ok(()) };
        eval |_, a| if a[0].is_zero() { a[2].clone() } else { a[1].clone() };
        emit |f, _, a| [a[0], " ? ", a[1], " : ", a[2]].into_iter().for_each(|part| f.push_str(part));
    /// `width` bits from bit `imm` up.
    Slice "slice" Arity::Fixed(1), NONE, Free;
        check |s| if s.imm + s.width > s.args[0] {
            Err(format!("bits {}..{} of a value of {} bits", s.imm, s.imm + s.width, s.args[0]))
        } else { Ok(()) };
        eval |s, a| a[0].slice(s.imm, s.width);
        emit |f, s, a| {
            if s.width == s.args[0] { f.push_str(a[0]) }
            else if s.width == 1 { let _ = write!(f, "{}[{}]", a[0], s.imm); }
            else { let _ = write!(f, "{}[{}:{}]", a[0], s.imm + s.width - 1, s.imm); }
        };
    /// Concatenation, first operand on top.
    Concat "concat" Arity::Many, NONE, Free;
        check |s| if s.args.iter().sum::<u32>() != s.width {
            Err(format!("parts have {} bits in all, the result {}", s.args.iter().sum::<u32>(), s.width))
        } else { Ok(()) };
        eval |_, a| a[1..].iter().fold(a[0].clone(), |hi, lo| hi.concat(lo));
        emit |f, _, a| { let _ = write!(f, "{{{}}}", a.join(", ")); };
    /// Extension with 0.
    Zext "zext" Arity::Fixed(1), NONE, Free;
        check wider;
        eval |s, a| Bits::new(s.width, a[0].unsigned().clone());
        emit |f, s, a| f.push_str(&extended(a[0], s.args[0], s.width, false));
    /// Extension with the sign.
    Sext "sext" Arity::Fixed(1), NONE, Free;
        check wider;
        eval |s, a| Bits::from_signed(s.width, &a[0].signed());
        emit |f, s, a| f.push_str(&extended(a[0], s.args[0], s.width, true));
    /// And of all bits.
    RedAnd "redand" Arity::Fixed(1), NONE, Tree;
        check reduce;
        eval |_, a| flag(a[0].is_ones());
        emit |f, _, a| { let _ = write!(f, "&{}", a[0]); };
    /// Or of all bits.
    RedOr "redor" Arity::Fixed(1), NONE, Tree;
        check reduce;
        eval |_, a| flag(!a[0].is_zero());
        emit |f, _, a| { let _ = write!(f, "|{}", a[0]); };
    /// Exclusive or of all bits.
    RedXor "redxor" Arity::Fixed(1), NONE, Tree;
        check reduce;
        eval |_, a| flag(a[0].unsigned().count_ones() % 2 == 1);
        emit |f, _, a| { let _ = write!(f, "^{}", a[0]); };
    /// Constant table `imm` at the address; addresses beyond its length read 0. Printed as a `case`.
    Table "table" Arity::Fixed(1), NONE, Lookup;
        check |s| match s.table {
            None => Err("no such table".into()),
            Some(t) if t.width != s.width => Err(format!("table entries have {} bits, the result {}", t.width, s.width)),
            Some(t) if s.args[0] > 24 || t.values.len() > 1 << s.args[0] => Err(format!("{} entries do not fit an address of {} bits (at most 24)", t.values.len(), s.args[0])),
            Some(_) => Ok(()),
        };
        eval |s, a| {
            let i = a[0].to_u64().unwrap_or(u64::MAX);
            s.table.and_then(|t| t.values.get(i as usize).cloned()).unwrap_or_else(|| Bits::zero(s.width))
        };
        emit |f, s, a| { let _ = write!(f, "table{}({})", s.imm, a[0]); };
}
