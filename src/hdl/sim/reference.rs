//! The reference evaluator: [`OpInfo::eval`](crate::ops::OpInfo::eval) node by node, one instance
//! after the other, one row after the other. Slow and obvious; every faster engine must equal it.
use super::ClaimFailed;
use crate::bits::Bits;
use crate::ir::{Design, ModuleId};
use crate::ops::Op;
use crate::rows::Rows;
use num_traits::ToPrimitive;

/// One instance and everything below it.
struct Instance<'d> {
    design: &'d Design,
    module: ModuleId,
    states: Vec<Bits>,
    rams: Vec<Vec<Bits>>,
    read_data: Vec<Bits>,
    children: Vec<Instance<'d>>,
}

impl<'d> Instance<'d> {
    /// In reset state; memories hold 0.
    fn new(design: &'d Design, module: ModuleId) -> Self {
        let m = design.module(module);
        Instance {
            design,
            module,
            states: m.states.iter().map(|s| s.init.clone()).collect(),
            rams: (m.rams.iter())
                .map(|r| vec![if r.zeroed { Bits::zero(r.width) } else { Bits::ones(r.width) }; r.depth as usize])
                .collect(),
            read_data: m.ram_reads.iter().map(|r| Bits::zero(m.width(r.read))).collect(),
            children: m.instances.iter().map(|i| Instance::new(design, i.module)).collect(),
        }
    }

    /// One clock cycle: outputs before the edge, then the edge. The error is the text of a false claim.
    fn cycle(&mut self, inputs: &[Bits]) -> Result<Vec<Bits>, String> {
        let m = self.design.module(self.module);
        let mut values: Vec<Bits> = Vec::with_capacity(m.nodes.len());
        let mut opened: Vec<Option<Vec<Bits>>> = vec![None; m.instances.len()];
        let child = |children: &mut [Instance], k: usize, values: &[Bits]| {
            let inputs: Vec<Bits> = m.instances[k].inputs.iter().map(|n| values[n.index()].clone()).collect();
            children[k].cycle(&inputs)
        };
        for (i, node) in m.nodes.iter().enumerate() {
            let imm = node.imm as usize;
            let value = match node.op.info() {
                Some(info) => {
                    let id = crate::ir::NodeId(i as u32);
                    let widths = m.arg_widths(id);
                    let args: Vec<Bits> = m.args(id).iter().map(|a| values[a.index()].clone()).collect();
                    (info.eval)(&m.shape(id, &widths), &args)
                }
                None => match node.op {
                    Op::Input => inputs[imm].clone(),
                    Op::Const => m.consts[imm].clone(),
                    Op::State => self.states[imm].clone(),
                    Op::RamRead => self.read_data[imm].clone(),
                    _ => {
                        let (k, port) = m.inst_outs[imm];
                        let k = k as usize;
                        if opened[k].is_none() {
                            opened[k] = Some(child(&mut self.children, k, &values)?);
                        }
                        opened[k].as_ref().map(|outs| outs[port as usize].clone()).unwrap_or_else(|| Bits::zero(node.width))
                    }
                },
            };
            values.push(value);
        }
        for (k, opened) in opened.iter().enumerate() {
            if opened.is_none() {
                child(&mut self.children, k, &values)?;
            }
        }
        if let Some(claim) = m.claims.iter().find(|c| values[c.holds.index()].is_zero()) {
            return Err(claim.text.clone());
        }
        for (s, now) in m.states.iter().zip(&mut self.states) {
            if s.enable.is_none_or(|e| !values[e.index()].is_zero()) {
                *now = values[s.next.index()].clone();
            }
        }
        let at = |n: crate::ir::NodeId| values[n.index()].unsigned().to_usize().unwrap_or(usize::MAX);
        for (read, data) in m.ram_reads.iter().zip(&mut self.read_data) {
            *data = self.rams[read.ram as usize].get(at(read.addr)).cloned().unwrap_or_else(|| Bits::zero(data.width()));
        }
        for (ram, cells) in m.rams.iter().zip(&mut self.rams) {
            if let Some((addr, data, enable)) = ram.write
                && !values[enable.index()].is_zero()
                && let Some(cell) = cells.get_mut(at(addr))
            {
                *cell = values[data.index()].clone();
            }
        }
        Ok(m.outputs.iter().map(|p| values[p.node.index()].clone()).collect())
    }
}

/// Same meaning as [`Sim::run`](super::Sim::run).
pub fn run(design: &Design, rows: &Rows, sequence: usize) -> Result<Rows, ClaimFailed> {
    let top = design.top();
    let widths: Vec<u32> = top.outputs.iter().map(|p| p.width).collect();
    let mut out = Rows::new(&widths);
    let mut instance = Instance::new(design, design.top);
    for row in 0..rows.len() {
        if sequence != 0 && row % sequence == 0 {
            instance = Instance::new(design, design.top);
        }
        let inputs: Vec<Bits> = top.inputs.iter().enumerate().map(|(c, p)| Bits::new(p.width, rows.get(row, c))).collect();
        let outputs = instance.cycle(&inputs).map_err(|text| ClaimFailed { row: row as u64, text })?;
        out.push(&outputs.iter().map(|b| b.unsigned().clone()).collect::<Vec<_>>());
    }
    Ok(out)
}
