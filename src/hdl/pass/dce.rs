//! Drop what no output and no claim depends on: operators, states, memories, instances, unused
//! names, and modules that are not below the top. Input ports stay: they are the interface.
use super::{Pass, Rebuild, per_module};
use crate::ir::*;
use crate::ops::Op;
use rayon::prelude::*;

/// See the module documentation.
pub const PASS: Pass = Pass { name: "dce", doc: "drop what no output and no claim depends on", run };

fn run(design: &Design) -> Design {
    let design = per_module(design, sweep);
    let wanted = reachable(&design);
    // Places of the kept modules among themselves.
    let place: Vec<u32> = wanted.iter().scan(0, |n, w| Some(std::mem::replace(n, *n + u32::from(*w)))).collect();
    let mut modules: Vec<Module> = design.modules.into_iter().zip(&wanted).filter(|(_, w)| **w).map(|(m, _)| m).collect();
    modules.iter_mut().flat_map(|m| &mut m.instances).for_each(|x| x.module = ModuleId(place[x.module.index()]));
    Design { modules, top: ModuleId(place[design.top.index()]), reset: design.reset }
}

/// True if something would be dropped.
pub fn needed(design: &Design) -> bool {
    let unused = |m: &Module| live(m).iter().zip(&m.nodes).any(|(l, n)| !l && n.op != Op::Input);
    reachable(design).contains(&false) || design.modules.par_iter().any(unused)
}

/// Which modules are the top or below it.
fn reachable(design: &Design) -> Vec<bool> {
    let mut wanted = vec![false; design.modules.len()];
    wanted[design.top.index()] = true;
    for i in (0..wanted.len()).rev() {
        if wanted[i] {
            design.modules[i].instances.iter().for_each(|x| wanted[x.module.index()] = true);
        }
    }
    wanted
}

/// Which nodes an output or a claim depends on, through states, memories and instances.
pub fn live(m: &Module) -> Vec<bool> {
    let mut live = vec![false; m.nodes.len()];
    let mut work: Vec<NodeId> = m.outputs.iter().map(|p| p.node).chain(m.claims.iter().map(|c| c.holds)).collect();
    work.extend(m.asserts.iter().flat_map(Assert::nodes));
    let mut written = vec![false; m.rams.len()];
    let mut connected = vec![false; m.instances.len()];
    while let Some(id) = work.pop() {
        if std::mem::replace(&mut live[id.index()], true) {
            continue;
        }
        let node = m.node(id);
        match node.op {
            Op::State => {
                let s = &m.states[node.imm as usize];
                work.extend(s.enable.iter().chain([&s.next]));
            }
            Op::RamRead => {
                let read = &m.ram_reads[node.imm as usize];
                work.push(read.addr);
                if !std::mem::replace(&mut written[read.ram as usize], true) {
                    work.extend(m.rams[read.ram as usize].write.iter().flat_map(|(a, d, e)| [*a, *d, *e]));
                }
            }
            Op::InstOut => {
                let (inst, _) = m.inst_outs[node.imm as usize];
                if !std::mem::replace(&mut connected[inst as usize], true) {
                    work.extend(&m.instances[inst as usize].inputs);
                }
            }
            _ => work.extend(m.args(id)),
        }
    }
    live
}

fn sweep(old: &Module) -> Module {
    let live = live(old);
    let mut r = Rebuild::new(old);
    // Names are interned anew, in the order of the nodes that still carry one.
    r.new.strings.clear();
    for (i, node) in old.nodes.iter().enumerate() {
        let id = NodeId(i as u32);
        if !live[i] && node.op != Op::Input {
            continue;
        }
        r.loc = old.locs[i];
        r.copy(id);
    }
    let mut new = r.finish();
    let mut place = vec![0; old.strings.len() + 1];
    for name in new.names.iter_mut().filter(|n| n.0 != 0) {
        if place[name.0 as usize] == 0 {
            new.strings.push(old.strings[name.0 as usize - 1].clone());
            place[name.0 as usize] = new.strings.len() as u32;
        }
        name.0 = place[name.0 as usize];
    }
    new
}
