//! Modules that synthesis must not look into.
//!
//! Synthesis maps for delay first: it looks through a code or a selected bit and builds a function of seven or eight
//! inputs twice over rather than one of six behind it. A sealed module stops that.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use crate::pass::fold::Fold;

/// A sealed module, after those that there are.
pub(super) fn sealed(
    modules: &mut Vec<Module>,
    name: &str,
    inputs: &[(&str, u32)],
    outputs: &[(&str, u32)],
    build: impl FnOnce(&mut Fold, &[NodeId]) -> Vec<NodeId>,
) -> ModuleId {
    let doc = format!("{name}: kept apart from the logic around it by synthesis");
    let at = helper(modules, name, &doc, inputs, outputs, build);
    modules[at.index()].sealed = true;
    at
}

/// A module of single bits or small numbers; the one of that name if there is one.
pub(super) fn helper(
    modules: &mut Vec<Module>,
    name: &str,
    doc: &str,
    inputs: &[(&str, u32)],
    outputs: &[(&str, u32)],
    build: impl FnOnce(&mut Fold, &[NodeId]) -> Vec<NodeId>,
) -> ModuleId {
    if let Some(at) = modules.iter().position(|m| m.name == name) {
        return ModuleId(at as u32);
    }
    let mut plain = Module { name: name.into(), doc: vec![doc.into()], ..Module::default() };
    for (port, width) in inputs {
        let imm = plain.inputs.len() as u32;
        let node = plain.push(Node { op: Op::Input, width: *width, args: [NodeId(0); 3], imm }, NameId(0), None);
        plain.inputs.push(Port { name: (*port).into(), width: *width, node });
    }
    for (port, width) in outputs {
        let node = plain.push_const(Bits::zero(*width));
        plain.outputs.push(Port { name: (*port).into(), width: *width, node });
    }
    let mut f = Fold { r: Rebuild::new(&plain) };
    let ports: Vec<NodeId> = plain.inputs.iter().map(|p| f.r.copy(p.node)).collect();
    let built = build(&mut f, &ports);
    plain.outputs.iter().zip(built).for_each(|(p, node)| f.r.set(p.node, node));
    modules.push(f.r.finish());
    ModuleId(modules.len() as u32 - 1)
}
