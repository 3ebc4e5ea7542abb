//! Hierarchy: modules below this one and their instances.
use super::builder::{Builder, ModuleRef, POISON, build_module};
use super::range::Range;
use super::signal::{Bit, SInt, Signal, UInt, Value};
use crate::ir::*;
use crate::ops::Op;
use std::marker::PhantomData;
use std::panic::Location;

impl<'b> Builder<'b> {
    /// A module to instantiate; built once per name, so the name must contain every parameter.
    #[track_caller]
    pub fn module(self, name: &str, describe: impl for<'c> FnOnce(Builder<'c>)) -> ModuleRef {
        if let Some(id) = self.shared.borrow().by_name.get(name) {
            return ModuleRef(*id);
        }
        let (id, diags) = build_module(self.shared, Location::caller(), name, describe);
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
}

/// Outputs of an instance.
pub struct Instance<'b> {
    m: Builder<'b>,
    callee: String,
    outputs: Vec<(String, Signal<'b>)>,
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
