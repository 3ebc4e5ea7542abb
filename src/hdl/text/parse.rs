//! The parser of the text form: line by line, each line a list of words.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{Arity, OPS, Op, OpInfo};
use crate::verify::verify;
use num_bigint::BigUint;
use num_traits::Num;
use std::collections::BTreeMap;

/// A mistake in a text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Line, from 1.
    pub line: usize,
    /// What was expected and found.
    pub message: String,
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for TextError {}

/// Largest width, depth or number in a text form.
const LARGEST: u32 = 1 << 24;

type Result<T> = std::result::Result<T, String>;

/// Reads a text form. The design it gives is a verified one.
pub fn parse(text: &str) -> std::result::Result<Design, TextError> {
    let mut reader = Reader { modules: Vec::new(), by_name: BTreeMap::new(), head: None, module: None, names: BTreeMap::new() };
    let mut last = 0;
    for (i, line) in text.lines().enumerate() {
        last = i + 1;
        let words = words(line).and_then(|w| reader.line(&mut Words(w.into_iter())));
        words.map_err(|message| TextError { line: last, message })?;
    }
    reader.finish().map_err(|message| TextError { line: last, message })
}

/// A word, or what stood in quotes.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
}

fn words(line: &str) -> Result<Vec<Word>> {
    let mut out = Vec::new();
    let mut chars = line.trim().chars().peekable();
    if chars.peek() == Some(&'#') {
        return Ok(out);
    }
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        if c != '"' {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                word.push(c);
            }
            out.push(Word::Plain(word));
            continue;
        }
        let mut word = String::new();
        loop {
            match chars.next() {
                None => return Err("a quote is not closed".into()),
                Some('"') => break,
                Some('\\') => match chars.next() {
                    Some('n') => word.push('\n'),
                    Some(c @ ('"' | '\\')) => word.push(c),
                    c => return Err(format!("after `\\` stands n, \" or \\, found {c:?}")),
                },
                Some(c) => word.push(c),
            }
        }
        out.push(Word::Quoted(word));
    }
    Ok(out)
}

struct Words(std::vec::IntoIter<Word>);

impl Words {
    fn plain(&mut self, what: &str) -> Result<String> {
        match self.0.next() {
            Some(Word::Plain(w)) => Ok(w),
            Some(Word::Quoted(w)) => Err(format!("expected {what}, found \"{w}\"")),
            None => Err(format!("expected {what}, found the end of the line")),
        }
    }

    fn quoted(&mut self, what: &str) -> Result<String> {
        match self.0.next() {
            Some(Word::Quoted(w)) => Ok(w),
            Some(Word::Plain(w)) => Err(format!("expected {what} in quotes, found `{w}`")),
            None => Err(format!("expected {what} in quotes, found the end of the line")),
        }
    }

    fn number(&mut self, what: &str) -> Result<u32> {
        let word = self.plain(what)?;
        word.parse().ok().filter(|n| *n <= LARGEST).ok_or(format!("expected {what} of at most {LARGEST}, found `{word}`"))
    }

    fn width(&mut self) -> Result<u32> {
        match self.number("a width")? {
            0 => Err("a width is at least 1".into()),
            n => Ok(n),
        }
    }

    fn node(&mut self, what: &str) -> Result<NodeId> {
        let word = self.plain(what)?;
        let number = word.strip_prefix('%').and_then(|n| n.parse().ok()).filter(|n| *n <= LARGEST);
        number.map(NodeId).ok_or(format!("expected {what} like %3, found `{word}`"))
    }

    fn value(&mut self, width: u32) -> Result<Bits> {
        let word = self.plain("a hexadecimal value")?;
        let value = BigUint::from_str_radix(&word, 16).map_err(|_| format!("`{word}` is not a hexadecimal value"))?;
        if value.bits() > u64::from(width) {
            return Err(format!("{word} does not fit {width} bits"));
        }
        Ok(Bits::new(width, value))
    }

    /// True if the next word is this one, which is then consumed.
    fn accept(&mut self, word: &str) -> bool {
        let there = matches!(self.0.as_slice().first(), Some(Word::Plain(w)) if w == word);
        if there {
            self.0.next();
        }
        there
    }

    fn more(&self) -> bool {
        !self.0.as_slice().is_empty()
    }

    fn nodes(&mut self) -> Result<Vec<NodeId>> {
        let mut out = Vec::new();
        while matches!(self.0.as_slice().first(), Some(Word::Plain(w)) if w.starts_with('%')) {
            out.push(self.node("an operand")?);
        }
        Ok(out)
    }
}

struct Reader {
    modules: Vec<Module>,
    by_name: BTreeMap<String, ModuleId>,
    head: Option<(Reset, String)>,
    module: Option<Module>,
    /// Interned names of the module.
    names: BTreeMap<String, NameId>,
}

impl Reader {
    fn line(&mut self, w: &mut Words) -> Result<()> {
        if !w.more() {
            return Ok(());
        }
        let first = w.plain("a keyword or a node")?;
        match (first.as_str(), self.module.is_some(), self.head.is_some()) {
            ("design", false, false) => {
                let word = w.plain("a reset style")?;
                let styles = || Reset::ALL.map(Reset::name).join(", ");
                let reset = Reset::parse(&word).ok_or_else(|| format!("a reset style is one of {}, found `{word}`", styles()))?;
                self.head = Some((reset, w.plain("the name of the top module")?));
            }
            ("module", false, true) => {
                let name = w.plain("a module name")?;
                self.names.clear();
                self.module = Some(Module { name, ..Module::default() });
            }
            ("end", true, _) => {
                if let Some(mut m) = self.module.take() {
                    let at = |p: &Port, m: &Module| m.nodes[p.node.index()].imm;
                    let mut inputs = std::mem::take(&mut m.inputs);
                    inputs.sort_by_key(|p| at(p, &m));
                    m.inputs = inputs;
                    let id = ModuleId(self.modules.len() as u32);
                    if self.by_name.insert(m.name.clone(), id).is_some() {
                        return Err(format!("a second module is called `{}`", m.name));
                    }
                    self.modules.push(m);
                }
            }
            (word, true, _) => self.inside(word, w)?,
            (word, false, false) => return Err(format!("expected `design`, found `{word}`")),
            (word, false, true) => return Err(format!("expected `module`, found `{word}`")),
        }
        match w.0.next() {
            Some(Word::Plain(extra) | Word::Quoted(extra)) => Err(format!("`{extra}` does not belong here")),
            None => Ok(()),
        }
    }

    /// A line inside a module.
    fn inside(&mut self, word: &str, w: &mut Words) -> Result<()> {
        let Reader { module: Some(m), names, by_name, .. } = self else { return Ok(()) };
        match word {
            "doc" => m.doc.push(w.quoted("a line")?),
            "keep" => m.kept.push(w.quoted("a name")?),
            "clocked" => m.clocked = true,
            "sealed" => m.sealed = true,
            "table" => {
                let (name, width) = (w.quoted("a name")?, w.width()?);
                let mut values = Vec::new();
                while w.more() {
                    values.push(w.value(width)?);
                }
                m.tables.push(Table { name, width, values });
            }
            "ram" => {
                let (name, width, depth) = (w.quoted("a name")?, w.width()?, w.number("a depth")?);
                let zeroed = !w.accept("unset");
                let write = match w.accept("write") {
                    true => Some((w.node("an address")?, w.node("the data")?, w.node("an enable")?)),
                    false => None,
                };
                m.rams.push(Ram { name, width, depth, zeroed, write });
            }
            "instance" => {
                let (name, of) = (w.quoted("a name")?, w.plain("a module")?);
                let module = *by_name.get(&of).ok_or_else(|| format!("no module above is called `{of}`"))?;
                m.instances.push(Instance { module, name, inputs: w.nodes()? });
            }
            "claim" => {
                let holds = w.node("a condition")?;
                m.claims.push(Claim { holds, text: w.quoted("a text")? });
            }
            "assert" | "assume" => {
                let (text, when) = (w.quoted("a text")?, w.node("a condition")?);
                let mut list = |before: &str| -> Result<Vec<NodeId>> {
                    let mut nodes = Vec::new();
                    while w.accept(before) {
                        nodes.push(w.node("a node")?);
                    }
                    Ok(nodes)
                };
                let (holds, stable) = (list("holds")?, list("stable")?);
                m.asserts.push(Assert { when, holds, stable, assume: word == "assume", text });
            }
            "pins" => m.pins = Some(Pins { clock: w.plain("a clock")?, reset: w.plain("a reset")? }),
            "output" => {
                let (name, node) = (w.plain("a port name")?, w.node("a node")?);
                let width = m.nodes.get(node.index()).map(|n| n.width).ok_or(format!("no node %{}", node.0))?;
                m.outputs.push(Port { name, width, node });
            }
            node if node == format!("%{}", m.nodes.len()) => {
                let width = w.width()?;
                if !w.accept("=") {
                    return Err("expected `=` after the width".into());
                }
                let id = read_node(m, width, w)?;
                if w.more() {
                    let name = w.quoted("a name")?;
                    let next = NameId(m.strings.len() as u32 + 1);
                    m.names[id.index()] = *names.entry(name.clone()).or_insert(next);
                    if m.names[id.index()] == next {
                        m.strings.push(name);
                    }
                }
            }
            other => return Err(format!("expected node %{} or a keyword, found `{other}`", m.nodes.len())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Design> {
        if let Some(m) = self.module {
            return Err(format!("module `{}` has no `end`", m.name));
        }
        let (reset, top) = self.head.ok_or("there is no design")?;
        let top = *self.by_name.get(&top).ok_or_else(|| format!("there is no top module `{top}`"))?;
        let design = Design { modules: self.modules, top, reset };
        verify(&design).map_err(|errors| errors.join("; "))?;
        Ok(design)
    }
}

/// What stands behind `%n width =`, as a new node.
fn read_node(m: &mut Module, width: u32, w: &mut Words) -> Result<NodeId> {
    let id = NodeId(m.nodes.len() as u32);
    let word = w.plain("an operator")?;
    let (op, imm) = match word.as_str() {
        "input" => {
            m.inputs.push(Port { name: w.plain("a port name")?, width, node: id });
            (Op::Input, immediate(w)?.map_or(m.inputs.len(), |n| n as usize + 1))
        }
        "const" => return Ok(m.push_const(w.value(width)?)),
        "state" => {
            let (name, init) = (w.quoted("a name")?, w.value(width)?);
            if !w.accept("next") {
                return Err("expected `next` after the initial value".into());
            }
            let next = w.node("the next value")?;
            let enable = if w.accept("if") { Some(w.node("an enable")?) } else { None };
            let reset = !w.accept("unreset");
            m.states.push(State { name, read: id, next, enable, init, reset });
            (Op::State, m.states.len())
        }
        "read" => {
            let (ram, addr) = (w.number("a memory")?, w.node("an address")?);
            m.ram_reads.push(RamRead { ram, addr, read: id });
            (Op::RamRead, m.ram_reads.len())
        }
        "out" => {
            m.inst_outs.push((w.number("an instance")?, w.number("an output")?));
            (Op::InstOut, m.inst_outs.len())
        }
        name => {
            let info = OPS.iter().find(|i| i.name == name).ok_or_else(|| format!("no operator is called `{name}`"))?;
            return operator(m, info, width, w);
        }
    };
    Ok(m.push(Node { op, width, args: [NodeId(0); 3], imm: imm as u32 - 1 }, NameId(0), None))
}

fn operator(m: &mut Module, info: &OpInfo, width: u32, w: &mut Words) -> Result<NodeId> {
    let args = w.nodes()?;
    if let Arity::Fixed(n) = info.arity
        && args.len() != n as usize
    {
        return Err(format!("`{}` takes {n} operands, found {}", info.name, args.len()));
    }
    if let Some(late) = args.iter().find(|a| a.index() >= m.nodes.len()) {
        return Err(format!("operand %{} does not stand before its user", late.0));
    }
    let imm = immediate(w)?.unwrap_or(0);
    Ok(m.push_op(info.op, width, &args, imm, NameId(0), None))
}

fn immediate(w: &mut Words) -> Result<Option<u32>> {
    if !matches!(w.0.as_slice().first(), Some(Word::Plain(x)) if x.starts_with('@')) {
        return Ok(None);
    }
    let word = w.plain("an immediate")?;
    word[1..].parse().ok().filter(|n| *n <= LARGEST).map(Some).ok_or(format!("`{word}` is not @ and a number"))
}
