//! Make every given name a Verilog identifier of its own: ports keep theirs, then states, memories,
//! instances and wires get the name they were given, or that name with a number where it is taken.
//! Wires without a name stay without; the printer names them after what they feed.
use super::rebuild::Ready;
use super::{Pass, per_module};
use crate::ir::*;
use crate::verify::is_identifier;
use crate::verilog::line::push_number;
use crate::verilog::reserved::is_reserved;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// See the module documentation.
pub const PASS: Pass =
    Pass { name: "names", doc: "make every name an identifier of its own", run: |d| per_module(d, |m| named(m, d)) };

/// Identifiers of one module: a set of strings in one buffer.
#[derive(Default)]
pub struct Names {
    text: String,
    /// Where each name stands, the next name with the same hash, the last number tried behind it.
    entries: Vec<Entry>,
    /// First entry with a hash, plus one.
    heads: HashMap<u64, u32, BuildHasherDefault<Ready>>,
}

struct Entry {
    start: u32,
    end: u32,
    next: u32,
    number: u32,
}

fn hash(name: &str) -> u64 {
    let mut h = Ready::default();
    let mut chunks = name.as_bytes().chunks_exact(8);
    chunks.by_ref().for_each(|c| h.write_u64(c.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))));
    h.write_u64(chunks.remainder().iter().fold(name.len() as u64, |n, b| n << 8 | u64::from(*b)));
    h.finish()
}

impl Names {
    /// Takes what is spoken for in a module: clock, reset, ports and the names of modules.
    pub fn of_interface(m: &Module, design: &Design) -> Self {
        let mut names = Names::default();
        let modules = m.instances.iter().map(|i| &design.module(i.module).name).chain([&m.name]);
        let ports = m.inputs.iter().chain(&m.outputs).map(|p| &p.name);
        let pins = [m.clock()].into_iter().chain(m.reset_port(design.reset));
        for name in modules.chain(ports).map(String::as_str).chain(pins).chain(["clk", "rst"]) {
            names.take(name);
        }
        names
    }

    fn find(&self, name: &str, hash: u64) -> Option<usize> {
        let mut at = self.heads.get(&hash).copied().unwrap_or(0);
        while at != 0 {
            let entry = &self.entries[at as usize - 1];
            if &self.text[entry.start as usize..entry.end as usize] == name {
                return Some(at as usize - 1);
            }
            at = entry.next;
        }
        None
    }

    /// Takes a legal name; false if somebody has it.
    pub fn take(&mut self, name: &str) -> bool {
        let hash = hash(name);
        if self.find(name, hash).is_some() {
            return false;
        }
        self.insert(name, hash);
        true
    }

    fn insert(&mut self, name: &str, hash: u64) {
        let start = self.text.len() as u32;
        self.text.push_str(name);
        let at = self.entries.len() as u32 + 1;
        let next = self.heads.insert(hash, at).unwrap_or(0);
        self.entries.push(Entry { start, end: self.text.len() as u32, next, number: 1 });
    }

    /// An identifier as close to `want` as possible, now taken.
    pub fn claim(&mut self, want: &str) -> String {
        let mut base: String = match is_identifier(want) {
            true => want.to_string(),
            false => want.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect(),
        };
        if !base.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            base.insert(0, 'n');
        }
        if is_reserved(&base) {
            base.push('_');
        }
        let own = hash(&base);
        let Some(entry) = self.find(&base, own) else {
            self.insert(&base, own);
            return base;
        };
        let length = base.len();
        loop {
            self.entries[entry].number += 1;
            base.truncate(length);
            base.push('_');
            push_number(&mut base, self.entries[entry].number);
            if self.take(&base) {
                return base;
            }
        }
    }

    /// Takes the names a module gives, which are legal already.
    pub fn take_given(&mut self, m: &Module) {
        let own = m.states.iter().map(|s| &s.name).chain(m.rams.iter().map(|r| &r.name));
        for name in own.chain(m.instances.iter().map(|i| &i.name)).chain(&m.strings) {
            self.take(name);
        }
    }
}

fn named(old: &Module, design: &Design) -> Module {
    let mut names = Names::of_interface(old, design);
    // All but the strings, which are made anew.
    let mut m = Module {
        name: old.name.clone(),
        doc: old.doc.clone(),
        kept: old.kept.clone(),
        sealed: old.sealed,
        clocked: old.clocked,
        nodes: old.nodes.clone(),
        names: vec![NameId(0); old.nodes.len()],
        locs: old.locs.clone(),
        strings: Vec::with_capacity(old.strings.len()),
        pool: old.pool.clone(),
        consts: old.consts.clone(),
        tables: old.tables.clone(),
        inputs: old.inputs.clone(),
        outputs: old.outputs.clone(),
        states: old.states.clone(),
        rams: old.rams.clone(),
        ram_reads: old.ram_reads.clone(),
        instances: old.instances.clone(),
        inst_outs: old.inst_outs.clone(),
        claims: old.claims.clone(),
        asserts: old.asserts.clone(),
        pins: old.pins.clone(),
    };
    m.states.iter_mut().for_each(|s| s.name = names.claim(&s.name));
    m.rams.iter_mut().for_each(|r| r.name = names.claim(&r.name));
    m.instances.iter_mut().for_each(|i| i.name = names.claim(&i.name));
    for i in 0..old.nodes.len() {
        if let Some(name) = old.name_of(NodeId(i as u32)).filter(|n| !n.is_empty()) {
            m.strings.push(names.claim(name));
            m.names[i] = NameId(m.strings.len() as u32);
        }
    }
    m
}
