//! Surgery on finished modules: visiting every reference to a node, making room for new nodes.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{Arity, Op};

/// Calls `f` on every place of the module that names a node: operands, ports, states, memories,
/// instances, claims.
pub fn for_each_reference(m: &mut Module, mut f: impl FnMut(&mut NodeId)) {
    for node in &mut m.nodes {
        if let Some(Arity::Fixed(n)) = node.op.info().map(|i| i.arity) {
            node.args[..n as usize].iter_mut().for_each(&mut f);
        }
    }
    m.pool.iter_mut().for_each(&mut f);
    m.inputs.iter_mut().chain(&mut m.outputs).for_each(|p| f(&mut p.node));
    for s in &mut m.states {
        [&mut s.read, &mut s.next].into_iter().chain(&mut s.enable).for_each(&mut f);
    }
    for (addr, data, enable) in m.rams.iter_mut().filter_map(|r| r.write.as_mut()) {
        [addr, data, enable].into_iter().for_each(&mut f);
    }
    m.ram_reads.iter_mut().flat_map(|r| [&mut r.addr, &mut r.read]).for_each(&mut f);
    m.instances.iter_mut().flat_map(|i| &mut i.inputs).for_each(&mut f);
    m.claims.iter_mut().for_each(|c| f(&mut c.holds));
    for a in &mut m.asserts {
        f(&mut a.when);
        a.holds.iter_mut().chain(&mut a.stable).for_each(&mut f);
    }
}

/// How many places refer to each node, ports and side tables included.
pub fn uses(m: &Module) -> Vec<u32> {
    let mut uses = vec![0; m.nodes.len()];
    for_each_reference(&mut m.clone(), |id| uses[id.index()] += 1);
    uses
}

/// A register that holds unless it is enabled and is made 0 whether enabled or not: see [`clearing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// Makes it 0.
    pub clear: NodeId,
    /// What it takes otherwise: `enable ? data : read`.
    pub held: NodeId,
    /// Enables.
    pub enable: NodeId,
    /// What it takes when enabled.
    pub data: NodeId,
}

/// The parts of a state whose next value is `clear ? 0 : enable ? data : read`. Registers of all families have pins
/// for both, reset before enable, if the state starts at 0 and has no other enable.
pub fn clearing(m: &Module, s: &State) -> Option<Clearing> {
    let choice = |id: NodeId| (m.node(id).op == Op::Mux).then(|| m.args(id)).and_then(|a| <[NodeId; 3]>::try_from(a).ok());
    if s.enable.is_some() || !s.init.is_zero() {
        return None;
    }
    let [clear, zero, held] = choice(s.next)?;
    let [enable, data, read] = choice(held)?;
    let fits = read == s.read && m.const_of(zero).is_some_and(Bits::is_zero);
    fits.then_some(Clearing { clear, held, enable, data })
}

/// Puts a node without name before node `at` and renumbers what follows; its operands must stand
/// before `at`. Returns `at`, now the new node.
pub fn insert(m: &mut Module, at: NodeId, node: Node) -> NodeId {
    for_each_reference(m, |id| id.0 += u32::from(*id >= at));
    m.nodes.insert(at.index(), node);
    m.names.insert(at.index(), NameId(0));
    m.locs.insert(at.index(), m.locs.get(at.index()).copied().flatten());
    at
}

/// Replaces operand `index` of a node.
pub fn set_arg(m: &mut Module, id: NodeId, index: usize, arg: NodeId) {
    let node = &mut m.nodes[id.index()];
    match node.op.info().map(|i| i.arity) {
        Some(Arity::Many) => m.pool[node.args[0].index() + index] = arg,
        _ => node.args[index] = arg,
    }
}
