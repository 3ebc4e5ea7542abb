//! [`Builder`]: ports, literals, state, tables, memories, instances and scopes of one module.
use super::range::{Range, bits_signed, bits_unsigned};
use super::signal::{Bit, SInt, Signal, UInt, Value};
use crate::bits::Bits;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::*;
use crate::ops::Op;
use crate::verify::is_identifier;
use crate::verilog::reserved::is_reserved;
use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, ToPrimitive};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::panic::Location;

/// The node of a value that a recorded mistake already spoiled.
pub(super) const POISON: NodeId = NodeId(u32::MAX);

pub(super) struct Shared {
    pub(super) design: Design,
    pub(super) by_name: BTreeMap<String, ModuleId>,
}

pub(super) struct Ctx {
    pub(super) module: Module,
    pub(super) diags: Vec<Diagnostic>,
    pub(super) scope: String,
    /// Whether each state has its next value.
    pub(super) driven: Vec<bool>,
}

/// The module being described. Copy it freely; its lifetime marks the module, so a signal of another module does not compile.
#[derive(Clone, Copy)]
pub struct Builder<'b> {
    pub(super) ctx: &'b RefCell<Ctx>,
    pub(super) shared: &'b RefCell<Shared>,
    brand: PhantomData<fn(&'b ()) -> &'b ()>,
}

/// A module that can be instantiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleRef(pub(super) ModuleId);

/// Describes a design: `describe` builds the top module, and through [`Builder::module`] the ones below it.
/// Errors: every mistake of the description, in order.
#[track_caller]
pub fn design(name: &str, reset: Reset, describe: impl for<'b> FnOnce(Builder<'b>)) -> Result<Design, Diagnostics> {
    let shared =
        RefCell::new(Shared { design: Design { modules: Vec::new(), top: ModuleId(0), reset }, by_name: BTreeMap::new() });
    let (top, diags) = build_module(&shared, Location::caller(), name, describe);
    let mut design = shared.into_inner().design;
    design.top = top;
    if diags.is_empty() { Ok(design) } else { Err(Diagnostics(diags)) }
}

pub(super) fn build_module(
    shared: &RefCell<Shared>,
    loc: Loc,
    name: &str,
    describe: impl for<'b> FnOnce(Builder<'b>),
) -> (ModuleId, Vec<Diagnostic>) {
    let legal = is_identifier(name) && !is_reserved(name);
    let ctx = RefCell::new(Ctx {
        module: Module { name: name.to_string(), ..Module::default() },
        diags: Vec::new(),
        scope: String::new(),
        driven: Vec::new(),
    });
    let builder = Builder { ctx: &ctx, shared, brand: PhantomData };
    if !legal {
        let help = "use letters, digits and _, no word of Verilog or C++";
        builder.error_at(loc, "P004", format!("`{name}` cannot name a module"), &[], help);
    }
    describe(builder);
    let mut ctx = ctx.into_inner();
    for (state, driven) in ctx.module.states.iter().zip(&ctx.driven) {
        if !driven {
            ctx.diags.push(Diagnostic {
                code: "S001",
                message: format!("state `{}` never gets a next value", state.name),
                loc: ctx.module.locs[state.read.index()],
                labels: vec![],
                help: "call `.set(next)` once".into(),
            });
        }
    }
    let mut shared = shared.borrow_mut();
    let id = ModuleId(shared.design.modules.len() as u32);
    shared.design.modules.push(ctx.module);
    shared.by_name.insert(name.to_string(), id);
    (id, ctx.diags)
}

impl<'b> Builder<'b> {
    /// A line of documentation for the header of the printed module.
    pub fn doc(self, line: impl Into<String>) {
        self.ctx.borrow_mut().module.doc.push(line.into());
    }

    /// Runs `f` with `name_` before the name of every wire it makes.
    pub fn scope<R>(self, name: &str, f: impl FnOnce() -> R) -> R {
        let old = self.ctx.borrow().scope.clone();
        self.ctx.borrow_mut().scope = format!("{old}{name}_");
        let r = f();
        self.ctx.borrow_mut().scope = old;
        r
    }

    /// Records a mistake.
    #[track_caller]
    pub(super) fn error(self, code: &'static str, message: String, help: &str) {
        self.error_at(Location::caller(), code, message, &[], help);
    }

    pub(super) fn error_at(self, loc: Loc, code: &'static str, message: String, about: &[NodeId], help: &str) {
        let mut ctx = self.ctx.borrow_mut();
        let labels = about
            .iter()
            .filter(|id| **id != POISON)
            .filter_map(|id| {
                let module = &ctx.module;
                let name = module.name_of(*id).map(|n| format!("`{n}`, ")).unwrap_or_default();
                module.locs[id.index()].map(|l| (l, format!("{name}{} bits", module.width(*id))))
            })
            .collect();
        ctx.diags.push(Diagnostic { code, message, loc: Some(loc), labels, help: help.to_string() });
    }

    /// Appends an operator; poison operands give poison.
    pub(super) fn op(self, loc: Loc, op: Op, width: u32, args: &[NodeId], imm: u32) -> NodeId {
        if args.contains(&POISON) {
            return POISON;
        }
        if width == 0 {
            self.error_at(loc, "W004", format!("`{op:?}` would have no bits"), args, "ask for at least one bit");
            return POISON;
        }
        self.ctx.borrow_mut().module.push_op(op, width, args, imm, NameId(0), Some(loc))
    }

    pub(super) fn constant(self, value: Bits) -> NodeId {
        self.ctx.borrow_mut().module.push_const(value)
    }

    pub(super) fn set_name(self, id: NodeId, name: &str) {
        if id == POISON {
            return;
        }
        let mut ctx = self.ctx.borrow_mut();
        if ctx.module.names[id.index()].0 == 0 && ctx.module.node(id).op.info().is_some() {
            let full = format!("{}{name}", ctx.scope);
            let name = ctx.module.intern(&full);
            ctx.module.names[id.index()] = name;
        }
    }

    pub(super) fn claim(self, holds: NodeId, text: String) {
        if holds != POISON {
            self.ctx.borrow_mut().module.claims.push(Claim { holds, text });
        }
    }

    /// Promises, as an assertion behind `` `ifdef NARROWGEN_ASSERT ``: in the cycle after one in which
    /// `when` is 1, the bits of `holds` are 1 and the values of `stable` still the same.
    pub fn promise(self, when: Bit<'b>, holds: &[Bit<'b>], stable: &[Signal<'b>], text: &str) {
        let nodes: Vec<NodeId> = holds.iter().map(|b| b.id).collect();
        let stable: Vec<NodeId> = stable.iter().map(|s| s.id).collect();
        if ![when.id].iter().chain(&nodes).chain(&stable).any(|n| *n == POISON) {
            let promise = Assert { when: when.id, holds: nodes, stable, assume: false, text: text.into() };
            self.ctx.borrow_mut().module.asserts.push(promise);
        }
    }

    fn input(self, loc: Loc, name: &str, width: u32) -> NodeId {
        if width == 0 {
            self.error_at(loc, "W004", format!("input `{name}` has no bits"), &[], "ask for at least one bit");
            return POISON;
        }
        self.check_port_name(loc, name);
        let mut ctx = self.ctx.borrow_mut();
        let imm = ctx.module.inputs.len() as u32;
        let id = ctx.module.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm }, NameId(0), Some(loc));
        ctx.module.inputs.push(Port { name: name.to_string(), width, node: id });
        id
    }

    fn check_port_name(self, loc: Loc, name: &str) {
        if !is_identifier(name) || is_reserved(name) || ["clk", "rst", "rst_n"].contains(&name) {
            let message = format!("`{name}` cannot name a port");
            self.error_at(
                loc,
                "P004",
                message,
                &[],
                "use letters, digits and _, no word of Verilog or C++, not clk, rst or rst_n",
            );
        }
        let taken = {
            let m = &self.ctx.borrow().module;
            m.inputs.iter().chain(&m.outputs).any(|p| p.name == name)
        };
        if taken {
            self.error_at(loc, "P001", format!("two ports are called `{name}`"), &[], "give each port its own name");
        }
    }

    /// Unsigned input port of `width` bits.
    #[track_caller]
    pub fn uint_in(self, name: &str, width: u32) -> UInt<'b> {
        UInt::make(self, self.input(Location::caller(), name, width), width.max(1), Range::unsigned(width.max(1)))
    }

    /// Two's complement input port of `width` bits.
    #[track_caller]
    pub fn sint_in(self, name: &str, width: u32) -> SInt<'b> {
        SInt::make(self, self.input(Location::caller(), name, width), width.max(1), Range::signed(width.max(1)))
    }

    /// One-bit input port.
    #[track_caller]
    pub fn bit_in(self, name: &str) -> Bit<'b> {
        Bit::make(self, self.input(Location::caller(), name, 1), 1, Range::unsigned(1))
    }

    /// Output port driven by a value of any kind.
    #[track_caller]
    pub fn output(self, name: &str, value: impl Value<'b>) {
        let loc = Location::caller();
        self.check_port_name(loc, name);
        if value.id() != POISON {
            let port = Port { name: name.to_string(), width: value.width(), node: value.id() };
            self.ctx.borrow_mut().module.outputs.push(port);
        }
    }

    /// Unsigned literal of `width` bits.
    #[track_caller]
    pub fn uint(self, value: impl Into<BigUint>, width: u32) -> UInt<'b> {
        let value: BigUint = value.into();
        if value.bits() > u64::from(width) || width == 0 {
            self.error(
                "W001",
                format!("{value} does not fit {width} unsigned bits"),
                "give it at least as many bits as the value needs",
            );
            return UInt::make(self, POISON, width.max(1), Range::unsigned(width.max(1)));
        }
        let range = value
            .to_i128()
            .map_or(Range::unsigned(width), |v| if width <= 120 { Range::between(v, v) } else { Range::unsigned(width) });
        UInt::make(self, self.constant(Bits::new(width, value)), width, range)
    }

    /// Two's complement literal of `width` bits.
    #[track_caller]
    pub fn sint(self, value: impl Into<BigInt>, width: u32) -> SInt<'b> {
        let value: BigInt = value.into();
        let need = if value.is_negative() { (-&value - 1u32).bits() + 1 } else { value.bits() + 1 };
        if need > u64::from(width) {
            self.error(
                "W001",
                format!("{value} does not fit {width} two's complement bits"),
                "give it at least as many bits as the value needs",
            );
            return SInt::make(self, POISON, width.max(1), Range::signed(width.max(1)));
        }
        let range = value
            .to_i128()
            .map_or(Range::signed(width), |v| if width <= 120 { Range::between(v, v) } else { Range::signed(width) });
        SInt::make(self, self.constant(Bits::from_signed(width, &value)), width, range)
    }

    /// Unsigned literal in as many bits as it needs.
    #[track_caller]
    pub fn nat(self, value: u128) -> UInt<'b> {
        self.uint(value, bits_unsigned(value))
    }

    /// Signed literal in as many bits as it needs.
    #[track_caller]
    pub fn int(self, value: i128) -> SInt<'b> {
        self.sint(value, bits_signed(value, value))
    }

    /// The bit 1 or 0.
    pub fn flag(self, value: bool) -> Bit<'b> {
        Bit::make(self, self.constant(Bits::bit(value)), 1, Range::between(value.into(), value.into()))
    }

    /// 0.
    pub fn low(self) -> Bit<'b> {
        self.flag(false)
    }

    /// 1.
    pub fn high(self) -> Bit<'b> {
        self.flag(true)
    }

    /// Constant lookup: entry `addr` of `values`, each `width` bits; 0 beyond the last entry.
    #[track_caller]
    pub fn table(self, name: &str, addr: UInt<'b>, width: u32, values: &[BigUint]) -> UInt<'b> {
        let loc = Location::caller();
        let poison = UInt::make(self, POISON, width.max(1), Range::unsigned(width.max(1)));
        let too_wide = values.iter().any(|v| v.bits() > u64::from(width));
        if values.is_empty() || too_wide || addr.width() > 24 || values.len() > 1 << addr.width() {
            let message = format!(
                "table `{name}`: {} entries of at most {width} bits for an address of {} bits",
                values.len(),
                addr.width()
            );
            self.error_at(
                loc,
                "T001",
                message,
                &[addr.id()],
                "1 ..= 2^address entries, each within the width; addresses of at most 24 bits",
            );
            return poison;
        }
        if addr.id() == POISON {
            return poison;
        }
        let full = values.len() == 1 << addr.width();
        let (lo, hi) = (values.iter().min().cloned().unwrap_or_default(), values.iter().max().cloned().unwrap_or_default());
        let lo = if full { lo } else { BigUint::default() };
        let range = match (lo.to_i128(), hi.to_i128()) {
            (Some(lo), Some(hi)) if width <= 120 => Range::between(lo, hi),
            _ => Range::unsigned(width),
        };
        let mut ctx = self.ctx.borrow_mut();
        let imm = ctx.module.tables.len() as u32;
        let values = values.iter().map(|v| Bits::new(width, v.clone())).collect();
        ctx.module.tables.push(Table { name: name.to_string(), width, values });
        let id = ctx.module.push_op(Op::Table, width, &[addr.id()], imm, NameId(0), Some(loc));
        drop(ctx);
        UInt::make(self, id, width, range)
    }
}
