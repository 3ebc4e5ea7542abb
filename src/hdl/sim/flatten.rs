//! A design as one gate network: instances are opened up, operators become gates.
use super::SimError;
use super::expand::{expand, table_words};
use super::net::{FALSE, Lit, Net, TRUE};
use crate::ir::{Design, Module, ModuleId, NodeId};
use crate::ops::Op;
use std::collections::BTreeMap;

/// A register bit.
pub struct StateBit {
    /// Gate of the present value.
    pub leaf: usize,
    /// Value after the clock edge.
    pub next: Lit,
    /// Value after reset.
    pub init: bool,
}

/// A memory; addresses and data least significant bit first.
pub struct Memory {
    /// Word width in bits.
    pub width: u32,
    /// Words.
    pub depth: u32,
    /// The words are 0 at first, not all ones.
    pub zeroed: bool,
    /// Address, data, enable.
    pub write: Option<(Vec<Lit>, Vec<Lit>, Lit)>,
    /// Address and gates of the registered data.
    pub reads: Vec<(Vec<Lit>, Vec<usize>)>,
}

/// The whole design.
pub struct Flat {
    /// The gates.
    pub net: Net,
    /// Gates of the input bits, port after port.
    pub inputs: Vec<usize>,
    /// Output bits, port after port.
    pub outputs: Vec<Lit>,
    /// Registers.
    pub states: Vec<StateBit>,
    /// Memories.
    pub memories: Vec<Memory>,
    /// Claims: the bit that must be 1, and what was claimed.
    pub claims: Vec<(Lit, String)>,
    /// 1 if all claims hold.
    pub ok: Lit,
}

/// Gates are numbered by 31 bits; this many leave room for what one node may add.
const MOST_GATES: usize = 1 << 30;

struct Flattener<'d> {
    design: &'d Design,
    flat: Flat,
    /// Where the contents of a module's table are kept, when it is read lane by lane.
    tables: BTreeMap<(ModuleId, u32), usize>,
}

/// Bits of the nodes of one instance.
struct Values {
    first: Vec<usize>,
    bits: Vec<Lit>,
}

impl Values {
    fn of(&self, m: &Module, id: NodeId) -> &[Lit] {
        &self.bits[self.first[id.index()]..][..m.width(id) as usize]
    }
}

/// Opens up the design.
pub fn flatten(design: &Design) -> Result<Flat, SimError> {
    let flat =
        Flat { net: Net::default(), inputs: vec![], outputs: vec![], states: vec![], memories: vec![], claims: vec![], ok: TRUE };
    let mut f = Flattener { design, flat, tables: BTreeMap::new() };
    let bits: u32 = design.top().inputs.iter().map(|p| p.width).sum();
    let inputs: Vec<Lit> = (0..bits).map(|_| f.flat.net.leaf()).collect();
    f.flat.inputs = inputs.iter().map(|l| l.gate()).collect();
    f.flat.outputs = f.module(design.top, &inputs)?;
    f.flat.ok = f.flat.net.all(f.flat.claims.iter().map(|c| c.0));
    f.flat.net.seal();
    Ok(f.flat)
}

impl<'d> Flattener<'d> {
    fn leaves(&mut self, width: u32) -> Vec<Lit> {
        (0..width).map(|_| self.flat.net.leaf()).collect()
    }

    /// Adds one instance; gives its output bits, port after port.
    fn module(&mut self, id: ModuleId, inputs: &[Lit]) -> Result<Vec<Lit>, SimError> {
        let m = self.design.module(id);
        let mut v = Values { first: Vec::with_capacity(m.nodes.len()), bits: Vec::with_capacity(m.nodes.len() * 8) };
        let input_at = offsets(m.inputs.iter().map(|p| p.width));
        let mut opened: Vec<Option<Vec<Lit>>> = vec![None; m.instances.len()];
        for (i, node) in m.nodes.iter().enumerate() {
            v.first.push(v.bits.len());
            let id_node = NodeId(i as u32);
            match node.op {
                Op::Input => v.bits.extend_from_slice(&inputs[input_at[node.imm as usize]..][..node.width as usize]),
                Op::Const => v.bits.extend((0..node.width).map(|b| Lit::constant(m.consts[node.imm as usize].get(b)))),
                Op::State | Op::RamRead => v.bits.extend(self.leaves(node.width)),
                Op::InstOut => {
                    let (instance, port) = m.inst_outs[node.imm as usize];
                    let callee = self.design.module(m.instances[instance as usize].module);
                    if opened[instance as usize].is_none() {
                        opened[instance as usize] = Some(self.instance(m, instance as usize, &v)?);
                    }
                    let at: usize = callee.outputs[..port as usize].iter().map(|p| p.width as usize).sum();
                    let outs = opened[instance as usize].as_deref().unwrap_or(&[]);
                    v.bits.extend_from_slice(&outs[at..][..node.width as usize]);
                }
                op => {
                    let widths = m.arg_widths(id_node);
                    let args: Vec<&[Lit]> = m.args(id_node).iter().map(|a| v.of(m, *a)).collect();
                    let tables = &mut self.tables;
                    let bits = expand(&mut self.flat.net, op, &m.shape(id_node, &widths), &args, &mut |net| {
                        *tables.entry((id, node.imm)).or_insert_with(|| {
                            net.tables.push(table_words(&m.tables[node.imm as usize]));
                            net.tables.len() - 1
                        })
                    });
                    v.bits.extend(bits);
                }
            }
            if self.flat.net.gates.len() > MOST_GATES {
                return Err(SimError(format!("the design has more than {MOST_GATES} gates")));
            }
        }
        // Instances whose outputs nobody reads still hold claims.
        for (k, _) in opened.iter().enumerate().filter(|(_, o)| o.is_none()) {
            self.instance(m, k, &v)?;
        }
        self.clocked(m, &v);
        for claim in &m.claims {
            let holds = v.of(m, claim.holds)[0];
            if holds != TRUE {
                self.flat.claims.push((holds, claim.text.clone()));
            }
        }
        Ok(m.outputs.iter().flat_map(|p| v.of(m, p.node).iter().copied()).collect())
    }

    fn instance(&mut self, m: &Module, index: usize, v: &Values) -> Result<Vec<Lit>, SimError> {
        let instance = &m.instances[index];
        let inputs: Vec<Lit> = instance.inputs.iter().flat_map(|n| v.of(m, *n).iter().copied()).collect();
        self.module(instance.module, &inputs)
    }

    fn clocked(&mut self, m: &Module, v: &Values) {
        for s in &m.states {
            let enable = s.enable.map(|e| v.of(m, e)[0]).unwrap_or(TRUE);
            for (k, (&now, &next)) in v.of(m, s.read).iter().zip(v.of(m, s.next)).enumerate() {
                let next = self.flat.net.mux(enable, next, now);
                self.flat.states.push(StateBit { leaf: now.gate(), next, init: s.init.get(k as u32) });
            }
        }
        for (i, r) in m.rams.iter().enumerate() {
            let bits = |n: NodeId| v.of(m, n).to_vec();
            self.flat.memories.push(Memory {
                width: r.width,
                depth: r.depth,
                zeroed: r.zeroed,
                write: r.write.map(|(a, d, e)| (bits(a), bits(d), bits(e)[0])).filter(|w| w.2 != FALSE),
                reads: (m.ram_reads.iter().filter(|x| x.ram as usize == i))
                    .map(|x| (bits(x.addr), v.of(m, x.read).iter().map(|l| l.gate()).collect()))
                    .collect(),
            });
        }
    }
}

fn offsets(widths: impl Iterator<Item = u32>) -> Vec<usize> {
    widths
        .scan(0, |at, w| {
            *at += w as usize;
            Some(*at - w as usize)
        })
        .collect()
}
