//! [`Builder`]: ports, literals, state, tables, memories, instances and scopes of one module.
use super::range::{Range, bits_signed, bits_unsigned};
use super::signal::{Bit, SInt, Signal, UInt, Value};
use crate::bits::Bits;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::*;
use crate::ops::Op;
use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, ToPrimitive};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::panic::Location;

/// The node of a value that a recorded mistake already spoiled.
pub(super) const POISON: NodeId = NodeId(u32::MAX);

struct Shared {
    design: Design,
    by_name: BTreeMap<String, ModuleId>,
}

struct Ctx {
    module: Module,
    diags: Vec<Diagnostic>,
    scope: String,
    /// Whether each state has its next value.
    driven: Vec<bool>,
}

/// The module being described. Copy it freely; its lifetime marks the module, so a signal of another module does not compile.
#[derive(Clone, Copy)]
pub struct Builder<'b> {
    ctx: &'b RefCell<Ctx>,
    shared: &'b RefCell<Shared>,
    brand: PhantomData<fn(&'b ()) -> &'b ()>,
}

/// A module that can be instantiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleRef(ModuleId);

/// Describes a design: `describe` builds the top module, and through [`Builder::module`] the ones below it.
/// Errors: every mistake of the description, in order.
pub fn design(name: &str, reset: Reset, describe: impl for<'b> FnOnce(Builder<'b>)) -> Result<Design, Diagnostics> {
    let shared =
        RefCell::new(Shared { design: Design { modules: Vec::new(), top: ModuleId(0), reset }, by_name: BTreeMap::new() });
    let (top, diags) = build_module(&shared, name, describe);
    let mut design = shared.into_inner().design;
    design.top = top;
    if diags.is_empty() { Ok(design) } else { Err(Diagnostics(diags)) }
}

fn build_module(shared: &RefCell<Shared>, name: &str, describe: impl for<'b> FnOnce(Builder<'b>)) -> (ModuleId, Vec<Diagnostic>) {
    let ctx = RefCell::new(Ctx {
        module: Module { name: name.to_string(), ..Module::default() },
        diags: Vec::new(),
        scope: String::new(),
        driven: Vec::new(),
    });
    describe(Builder { ctx: &ctx, shared, brand: PhantomData });
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

    fn state(self, loc: Loc, name: &str, width: u32, init: Bits) -> (NodeId, u32) {
        let mut ctx = self.ctx.borrow_mut();
        let imm = ctx.module.states.len() as u32;
        let id = ctx.module.push(Node { op: Op::State, width, args: [NodeId(0); 3], imm }, NameId(0), Some(loc));
        let name = format!("{}{name}", ctx.scope);
        ctx.module.states.push(State { name, read: id, next: id, enable: None, init });
        ctx.driven.push(false);
        (id, imm)
    }

    /// Register of `width` unsigned bits, starting at `init`.
    #[track_caller]
    pub fn state_uint(self, name: &str, width: u32, init: u64) -> Reg<UInt<'b>> {
        let (id, index) = self.state(Location::caller(), name, width, Bits::small(width, init));
        Reg { value: UInt::make(self, id, width, Range::unsigned(width)), index }
    }

    /// Register of `width` two's complement bits, starting at `init`.
    #[track_caller]
    pub fn state_sint(self, name: &str, width: u32, init: i64) -> Reg<SInt<'b>> {
        let (id, index) = self.state(Location::caller(), name, width, Bits::from_signed(width, &BigInt::from(init)));
        Reg { value: SInt::make(self, id, width, Range::signed(width)), index }
    }

    /// One-bit register.
    #[track_caller]
    pub fn state_bit(self, name: &str, init: bool) -> Reg<Bit<'b>> {
        let (id, index) = self.state(Location::caller(), name, 1, Bits::bit(init));
        Reg { value: Bit::make(self, id, 1, Range::unsigned(1)), index }
    }

    /// Synchronous memory of `depth` words of `width` bits; returns a handle for one write port and any number of reads.
    pub fn ram(self, name: &str, depth: u32, width: u32) -> Memory<'b> {
        let mut ctx = self.ctx.borrow_mut();
        let index = ctx.module.rams.len() as u32;
        let name = format!("{}{name}", ctx.scope);
        ctx.module.rams.push(Ram { name, width, depth, write: None });
        drop(ctx);
        Memory { m: self, index, width }
    }

    /// A module to instantiate; built once per name, so the name must contain every parameter.
    pub fn module(self, name: &str, describe: impl for<'c> FnOnce(Builder<'c>)) -> ModuleRef {
        if let Some(id) = self.shared.borrow().by_name.get(name) {
            return ModuleRef(*id);
        }
        let (id, diags) = build_module(self.shared, name, describe);
        self.ctx.borrow_mut().diags.extend(diags);
        ModuleRef(id)
    }

    /// The top of a finished design, to instantiate: its modules join this design. A module already
    /// here under the same name must be the same one, and registers must be reset the same way.
    #[track_caller]
    pub fn import(self, other: &Design) -> ModuleRef {
        let loc = Location::caller();
        let mut shared = self.shared.borrow_mut();
        if other.reset != shared.design.reset && !other.top().is_combinational(other) {
            let message = format!("`{}` resets its registers otherwise than this design", other.top().name);
            self.error_at(loc, "S003", message, &[], "build both with the same `Reset`");
        }
        let mut ids: Vec<ModuleId> = Vec::with_capacity(other.modules.len());
        for module in &other.modules {
            let mut module = module.clone();
            module.instances.iter_mut().for_each(|i| i.module = ids[i.module.index()]);
            let known = shared.by_name.get(&module.name).copied();
            let id = known.unwrap_or(ModuleId(shared.design.modules.len() as u32));
            match known {
                None => {
                    shared.by_name.insert(module.name.clone(), id);
                    shared.design.modules.push(module);
                }
                Some(id) if *shared.design.module(id) == module => {}
                Some(_) => {
                    let message = format!("two different modules are called `{}`", module.name);
                    self.error_at(loc, "P003", message, &[], "rename one of them");
                }
            }
            ids.push(id);
        }
        ModuleRef(ids[other.top.index()])
    }

    /// Instantiates a module; every input port must be given, by name.
    #[track_caller]
    pub fn instance(self, module: ModuleRef, name: &str, inputs: &[(&str, Signal<'b>)]) -> Instance<'b> {
        let loc = Location::caller();
        let shared = self.shared.borrow();
        let callee = shared.design.module(module.0);
        let mut nodes = Vec::new();
        for port in &callee.inputs {
            match inputs.iter().find(|(n, _)| *n == port.name) {
                Some((_, s)) if s.id == POISON => nodes.push(POISON),
                Some((_, s)) if s.width == port.width => nodes.push(s.id),
                Some((_, s)) => {
                    let message =
                        format!("port `{}` of `{}` has {} bits, the value {}", port.name, callee.name, port.width, s.width);
                    self.error_at(loc, "P002", message, &[s.id], "bring the value to the port's width");
                    nodes.push(POISON);
                }
                None => {
                    let message = format!("port `{}` of `{}` is not connected", port.name, callee.name);
                    self.error_at(loc, "P001", message, &[], "connect every input port");
                    nodes.push(POISON);
                }
            }
        }
        for (n, _) in inputs.iter().filter(|(n, _)| !callee.inputs.iter().any(|p| p.name == *n)) {
            let known = callee.inputs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            self.error_at(loc, "P001", format!("`{}` has no input `{n}`", callee.name), &[], &format!("its inputs are: {known}"));
        }
        let poisoned = nodes.contains(&POISON);
        let mut ctx = self.ctx.borrow_mut();
        let index = ctx.module.instances.len() as u32;
        let mut outputs = Vec::new();
        for (i, port) in callee.outputs.iter().enumerate() {
            let id = if poisoned {
                POISON
            } else {
                let imm = ctx.module.inst_outs.len() as u32;
                ctx.module.inst_outs.push((index, i as u32));
                ctx.module.push(Node { op: Op::InstOut, width: port.width, args: [NodeId(0); 3], imm }, NameId(0), Some(loc))
            };
            outputs.push((port.name.clone(), Signal { id, width: port.width, brand: PhantomData }));
        }
        if !poisoned {
            let name = format!("{}{name}", ctx.scope);
            ctx.module.instances.push(crate::ir::Instance { module: module.0, name, inputs: nodes });
        }
        Instance { m: self, callee: callee.name.clone(), outputs }
    }

    pub(super) fn drive(self, loc: Loc, index: u32, next: NodeId, width: u32, enable: Option<NodeId>) {
        let (name, own, again) = {
            let mut ctx = self.ctx.borrow_mut();
            let again = std::mem::replace(&mut ctx.driven[index as usize], true);
            let s = &ctx.module.states[index as usize];
            (s.name.clone(), s.init.width(), again)
        };
        if again {
            self.error_at(
                loc,
                "S001",
                format!("state `{name}` gets a second next value"),
                &[next],
                "choose with `select` before one `set`",
            );
        } else if width != own {
            self.error_at(
                loc,
                "S002",
                format!("state `{name}` has {own} bits, its next value {width}"),
                &[next],
                "use `wrap`, `saturate`, `narrow` or a wider state",
            );
        } else if next != POISON && enable != Some(POISON) {
            let mut ctx = self.ctx.borrow_mut();
            let s = &mut ctx.module.states[index as usize];
            (s.next, s.enable) = (next, enable);
        }
    }
}

/// A register handle: read with [`Reg::get`], written once with [`Reg::set`] or [`Reg::set_when`].
#[derive(Clone, Copy)]
pub struct Reg<V> {
    value: V,
    index: u32,
}

impl<'b, V: Value<'b>> Reg<V> {
    /// Present value.
    pub fn get(self) -> V {
        self.value
    }

    /// Value after the next clock edge; call once.
    #[track_caller]
    pub fn set(self, next: V) {
        self.value.builder().drive(Location::caller(), self.index, next.id(), next.width(), None);
    }

    /// Value after the next clock edge if `enable`, else unchanged; call once.
    #[track_caller]
    pub fn set_when(self, enable: Bit<'b>, next: V) {
        self.value.builder().drive(Location::caller(), self.index, next.id(), next.width(), Some(enable.id()));
    }
}

/// A memory handle.
#[derive(Clone, Copy)]
pub struct Memory<'b> {
    m: Builder<'b>,
    index: u32,
    width: u32,
}

/// Outputs of an instance.
pub struct Instance<'b> {
    m: Builder<'b>,
    callee: String,
    outputs: Vec<(String, Signal<'b>)>,
}

impl<'b> Memory<'b> {
    /// Connects the write port: when `enable`, `data` goes to `addr` at the clock edge. Call once.
    #[track_caller]
    pub fn write(self, addr: UInt<'b>, data: UInt<'b>, enable: Bit<'b>) {
        if data.width() != self.width {
            let message = format!("memory words have {} bits, the data {}", self.width, data.width());
            self.m.error_at(Location::caller(), "S002", message, &[data.id()], "bring the data to the word width");
        } else if ![addr.id(), data.id(), enable.id()].contains(&POISON) {
            self.m.ctx.borrow_mut().module.rams[self.index as usize].write = Some((addr.id(), data.id(), enable.id()));
        }
    }

    /// A read port: the word at `addr` appears after the next clock edge (the old word if it is being written).
    #[track_caller]
    pub fn read(self, addr: UInt<'b>) -> UInt<'b> {
        if addr.id() == POISON {
            return UInt::make(self.m, POISON, self.width, Range::unsigned(self.width));
        }
        let mut ctx = self.m.ctx.borrow_mut();
        let imm = ctx.module.ram_reads.len() as u32;
        let node = Node { op: Op::RamRead, width: self.width, args: [NodeId(0); 3], imm };
        let id = ctx.module.push(node, NameId(0), Some(Location::caller()));
        ctx.module.ram_reads.push(RamRead { ram: self.index, addr: addr.id(), read: id });
        drop(ctx);
        UInt::make(self.m, id, self.width, Range::unsigned(self.width))
    }
}

impl<'b> Instance<'b> {
    #[track_caller]
    fn find(&self, port: &str) -> Signal<'b> {
        if let Some((_, s)) = self.outputs.iter().find(|(n, _)| n == port) {
            return *s;
        }
        let known = self.outputs.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ");
        self.m.error("P001", format!("`{}` has no output `{port}`", self.callee), &format!("its outputs are: {known}"));
        Signal { id: POISON, width: 1, brand: PhantomData }
    }

    /// An output port read as unsigned.
    #[track_caller]
    pub fn uint(&self, port: &str) -> UInt<'b> {
        let s = self.find(port);
        UInt::make(self.m, s.id, s.width, Range::unsigned(s.width))
    }

    /// An output port read as two's complement.
    #[track_caller]
    pub fn sint(&self, port: &str) -> SInt<'b> {
        let s = self.find(port);
        SInt::make(self.m, s.id, s.width, Range::signed(s.width))
    }

    /// A one-bit output port.
    #[track_caller]
    pub fn bit(&self, port: &str) -> Bit<'b> {
        self.uint(port).bit(0)
    }
}
