//! Open up the hierarchy: a design of one module that behaves the same. Names of what an instance
//! held start with the instance's name.
use crate::ir::*;
use crate::ops::Op;

/// The top module with every instance replaced by what it holds. Ports, and with them behaviour,
/// stay; so do registers, memories and claims.
pub fn flatten(design: &Design) -> Design {
    let top = design.top();
    let flat =
        Module { name: top.name.clone(), doc: top.doc.clone(), clocked: !top.is_combinational(design), ..Module::default() };
    let mut f = Flattener { design, flat };
    let outputs = f.module(design.top, None, "");
    f.flat.outputs = top.outputs.iter().zip(outputs).map(|(p, node)| Port { node, ..p.clone() }).collect();
    Design { modules: vec![f.flat], top: ModuleId(0), reset: design.reset }
}

struct Flattener<'d> {
    design: &'d Design,
    flat: Module,
}

/// "Not placed yet".
const GONE: NodeId = NodeId(u32::MAX);

impl Flattener<'_> {
    /// Adds the contents of a module over these inputs, or over ports of its own if it is the top.
    /// Returns the nodes of its outputs.
    fn module(&mut self, id: ModuleId, inputs: Option<&[NodeId]>, prefix: &str) -> Vec<NodeId> {
        let design = self.design;
        let m = design.module(id);
        let mut at: Vec<NodeId> = Vec::with_capacity(m.nodes.len());
        let mut opened: Vec<Option<Vec<NodeId>>> = vec![None; m.instances.len()];
        let mut rams = vec![GONE.0; m.rams.len()];
        let (mut states, mut reads) = (Vec::new(), Vec::new());
        let tables = self.flat.tables.len() as u32;
        self.flat.tables.extend_from_slice(&m.tables);
        for (i, node) in m.nodes.iter().enumerate() {
            let old = NodeId(i as u32);
            let next = NodeId(self.flat.nodes.len() as u32);
            let leaf = |imm: usize| Node { imm: imm as u32, ..*node };
            let new = match node.op {
                Op::Input => match inputs {
                    Some(inputs) => inputs[node.imm as usize],
                    None => {
                        let node = *node;
                        self.push(m, old, node, prefix)
                    }
                },
                Op::Const => self.flat.push_const(m.consts[node.imm as usize].clone()),
                Op::State => {
                    let s = &m.states[node.imm as usize];
                    states.push((self.flat.states.len(), s));
                    let name = prefixed(prefix, &s.name);
                    self.flat.states.push(State { name, read: next, next, ..s.clone() });
                    self.push(m, old, leaf(self.flat.states.len() - 1), prefix)
                }
                Op::RamRead => {
                    let read = &m.ram_reads[node.imm as usize];
                    let ram = &mut rams[read.ram as usize];
                    if *ram == GONE.0 {
                        *ram = self.flat.rams.len() as u32;
                        let old = &m.rams[read.ram as usize];
                        self.flat.rams.push(Ram { name: prefixed(prefix, &old.name), write: None, ..old.clone() });
                    }
                    reads.push((self.flat.ram_reads.len(), read.addr));
                    self.flat.ram_reads.push(RamRead { ram: *ram, addr: next, read: next });
                    self.push(m, old, leaf(self.flat.ram_reads.len() - 1), prefix)
                }
                Op::InstOut => {
                    let (instance, port) = m.inst_outs[node.imm as usize];
                    if opened[instance as usize].is_none() {
                        opened[instance as usize] = Some(self.instance(m, instance as usize, &at, prefix));
                    }
                    opened[instance as usize].as_ref().map_or(GONE, |outs| outs[port as usize])
                }
                op => {
                    let args: Vec<NodeId> = m.args(old).iter().map(|a| at[a.index()]).collect();
                    let imm = if op == Op::Table { node.imm + tables } else { node.imm };
                    let name = self.name(m, old, prefix);
                    self.flat.push_op(op, node.width, &args, imm, name, m.locs[i])
                }
            };
            at.push(new);
        }
        // Instances whose outputs nobody reads still hold claims.
        for (i, _) in opened.iter().enumerate().filter(|(_, o)| o.is_none()) {
            self.instance(m, i, &at, prefix);
        }
        for (i, s) in states {
            self.flat.states[i].next = at[s.next.index()];
            self.flat.states[i].enable = s.enable.map(|e| at[e.index()]);
        }
        for (i, addr) in reads {
            self.flat.ram_reads[i].addr = at[addr.index()];
        }
        for (ram, new) in m.rams.iter().zip(rams).filter(|(_, new)| *new != GONE.0) {
            self.flat.rams[new as usize].write = ram.write.map(|(a, d, e)| (at[a.index()], at[d.index()], at[e.index()]));
        }
        for c in &m.claims {
            let text = if prefix.is_empty() { c.text.clone() } else { format!("{prefix}: {}", c.text) };
            self.flat.claims.push(Claim { holds: at[c.holds.index()], text });
        }
        if inputs.is_none() {
            self.flat.inputs = m.inputs.iter().map(|p| Port { node: at[p.node.index()], ..p.clone() }).collect();
        }
        m.outputs.iter().map(|p| at[p.node.index()]).collect()
    }

    fn instance(&mut self, m: &Module, index: usize, at: &[NodeId], prefix: &str) -> Vec<NodeId> {
        let instance = &m.instances[index];
        let inputs: Vec<NodeId> = instance.inputs.iter().map(|n| at[n.index()]).collect();
        self.module(instance.module, Some(&inputs), &prefixed(prefix, &instance.name))
    }

    fn name(&mut self, m: &Module, old: NodeId, prefix: &str) -> NameId {
        m.name_of(old).map_or(NameId(0), |n| self.flat.intern(&prefixed(prefix, n)))
    }

    fn push(&mut self, m: &Module, old: NodeId, node: Node, prefix: &str) -> NodeId {
        let name = self.name(m, old, prefix);
        self.flat.push(node, name, m.locs[old.index()])
    }
}

fn prefixed(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_string() } else { format!("{prefix}_{name}") }
}
