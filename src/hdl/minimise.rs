//! Shrinks a failing design: the smallest one found that still fails, to be kept as a test.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::{Pass, dce};
use crate::verify::verify;

/// Drops outputs, claims and enables, replaces nodes by constants or by their operands, as long as
/// the design stays legal and `fails` says true. Returns the last failing design.
pub fn minimise(design: &Design, fails: impl Fn(&Design) -> bool) -> Design {
    let mut best = design.clone();
    loop {
        let before = best.clone();
        for module in (0..best.modules.len()).rev() {
            shrink_module(&mut best, module, &fails);
        }
        if best == before {
            return best;
        }
    }
}

/// Keeps the edited design if it still fails, without its dead parts if it fails even so.
fn attempt(best: &mut Design, fails: &impl Fn(&Design) -> bool, edit: impl FnOnce(&mut Design) -> Option<()>) -> bool {
    let mut next = best.clone();
    if edit(&mut next).is_none() || next == *best || verify(&next).is_err() || !fails(&next) {
        return false;
    }
    let swept = (dce::PASS as Pass).apply(&next);
    *best = if swept.modules.len() == next.modules.len() && fails(&swept) { swept } else { next };
    true
}

fn shrink_module(best: &mut Design, at: usize, fails: &impl Fn(&Design) -> bool) {
    if at == best.top.index() {
        let mut i = 0;
        while i < best.modules[at].outputs.len() && best.modules[at].outputs.len() > 1 {
            if !attempt(best, fails, |d| {
                d.modules[at].outputs.remove(i);
                Some(())
            }) {
                i += 1;
            }
        }
    }
    attempt(best, fails, |d| {
        d.modules[at].claims.clear();
        d.modules[at].asserts.clear();
        Some(())
    });
    for i in 0..best.modules[at].states.len() {
        attempt(best, fails, |d| {
            d.modules[at].states.get_mut(i)?.enable = None;
            Some(())
        });
    }
    // From the outputs down: what is cut takes its cone with it.
    let mut i = best.modules[at].nodes.len();
    while i > 0 {
        i = (i - 1).min(best.modules[at].nodes.len().saturating_sub(1));
        let id = NodeId(i as u32);
        let module = &best.modules[at];
        if i >= module.nodes.len() || module.node(id).op.info().is_none() {
            continue;
        }
        let width = module.width(id);
        let same: Vec<NodeId> = module.args(id).iter().copied().filter(|a| module.width(*a) == width).collect();
        let constants = [Bits::zero(width), Bits::ones(width)];
        let cut = same.into_iter().any(|arg| {
            attempt(best, fails, |d| {
                redirect(&mut d.modules[at], id, arg);
                Some(())
            })
        });
        if !cut {
            let _ = constants.into_iter().any(|k| {
                attempt(best, fails, |d| {
                    become_constant(&mut d.modules[at], id, k);
                    Some(())
                })
            });
        }
    }
}

fn become_constant(m: &mut Module, id: NodeId, value: Bits) {
    let node = &mut m.nodes[id.index()];
    (node.op, node.imm, node.args) = (Op::Const, m.consts.len() as u32, [NodeId(0); 3]);
    m.consts.push(value);
}

/// Makes every user of `from` use `to`.
fn redirect(m: &mut Module, from: NodeId, to: NodeId) {
    let swap = |n: &mut NodeId| {
        if *n == from {
            *n = to;
        }
    };
    for i in 0..m.nodes.len() {
        let count = m.args(NodeId(i as u32)).len();
        if crate::pass::pooled(m.nodes[i].op) {
            let start = m.nodes[i].args[0].index();
            m.pool[start..start + count].iter_mut().for_each(swap);
        } else {
            m.nodes[i].args[..count].iter_mut().for_each(swap);
        }
    }
    m.outputs.iter_mut().for_each(|p| swap(&mut p.node));
    m.claims.iter_mut().for_each(|c| swap(&mut c.holds));
    for a in &mut m.asserts {
        swap(&mut a.when);
        a.holds.iter_mut().chain(&mut a.stable).for_each(swap);
    }
    for s in &mut m.states {
        swap(&mut s.next);
        s.enable.iter_mut().for_each(swap);
    }
    m.rams.iter_mut().filter_map(|r| r.write.as_mut()).for_each(|(a, d, e)| [a, d, e].into_iter().for_each(swap));
    m.ram_reads.iter_mut().for_each(|r| swap(&mut r.addr));
    m.instances.iter_mut().flat_map(|x| &mut x.inputs).for_each(swap);
}
