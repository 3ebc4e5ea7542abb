//! Make every given name a Verilog identifier of its own: ports keep theirs, then states, memories,
//! instances and wires get the name they were given, or that name with a number where it is taken.
//! Wires without a name stay without; the printer names them after what they feed.
use super::{Pass, per_module};
use crate::ir::*;
use crate::verilog::reserved::is_reserved;
use std::collections::{HashMap, HashSet};

/// See the module documentation.
pub const PASS: Pass =
    Pass { name: "names", doc: "make every name an identifier of its own", run: |d| per_module(d, |m| named(m, d)) };

/// Identifiers of one module.
#[derive(Default)]
pub struct Names {
    taken: HashSet<String>,
    /// Last number tried per wanted name.
    last: HashMap<String, u32>,
}

impl Names {
    /// Takes what is spoken for in a module: clock, reset, ports and the names of modules.
    pub fn of_interface(m: &Module, design: &Design) -> Self {
        let mut names = Names::default();
        let modules = m.instances.iter().map(|i| &design.module(i.module).name).chain([&m.name]);
        let ports = m.inputs.iter().chain(&m.outputs).map(|p| &p.name);
        names.taken.extend(modules.chain(ports).cloned());
        names.taken.extend(["clk".to_string(), "rst".to_string()]);
        names
    }

    /// An identifier as close to `want` as possible, now taken.
    pub fn claim(&mut self, want: &str) -> String {
        let mut base: String = want.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if !base.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            base.insert(0, 'n');
        }
        if is_reserved(&base) {
            base.push('_');
        }
        if self.taken.insert(base.clone()) {
            return base;
        }
        let n = self.last.entry(base.clone()).or_insert(1);
        loop {
            *n += 1;
            let name = format!("{base}_{n}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// Takes the names a module gives, which are legal already.
    pub fn take_given(&mut self, m: &Module) {
        self.taken.extend(m.states.iter().map(|s| s.name.clone()));
        self.taken.extend(m.rams.iter().map(|r| r.name.clone()));
        self.taken.extend(m.instances.iter().map(|i| i.name.clone()));
        self.taken.extend(m.strings.iter().cloned());
    }

    /// Takes a legal name; false if somebody has it.
    pub fn take(&mut self, name: &str) -> bool {
        !self.taken.contains(name) && self.taken.insert(name.to_string())
    }
}

fn named(old: &Module, design: &Design) -> Module {
    let mut names = Names::of_interface(old, design);
    let mut m = old.clone();
    m.states.iter_mut().for_each(|s| s.name = names.claim(&s.name));
    m.rams.iter_mut().for_each(|r| r.name = names.claim(&r.name));
    m.instances.iter_mut().for_each(|i| i.name = names.claim(&i.name));
    m.strings.clear();
    for i in 0..m.nodes.len() {
        let want = match old.name_of(NodeId(i as u32)) {
            Some(name) if !name.is_empty() => names.claim(name),
            _ => {
                m.names[i] = NameId(0);
                continue;
            }
        };
        m.strings.push(want);
        m.names[i] = NameId(m.strings.len() as u32);
    }
    m
}
