//! The golden model and the hardware of a block share its parameters and nothing else: every block
//! file is read, and the paths its `mod rtl` and `mod golden` use are held against a list.
use std::path::{Path, PathBuf};

/// Identifiers, `::` and other single characters of Rust source, without comments and literals.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        let c = chars[i];
        let next = chars.get(i + 1).copied().unwrap_or(' ');
        if c == '/' && next == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '"' {
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                i += 1 + usize::from(chars[i] == '\\');
            }
            i += 1;
        } else if c == '\'' && chars.get(i + 2) == Some(&'\'') {
            i += 3;
        } else if c.is_alphabetic() || c == '_' {
            let start = i;
            while i < chars.len() && (chars[i].is_alphanumeric() || chars[i] == '_') {
                i += 1;
            }
            out.push(chars[start..i].iter().collect());
        } else if c == ':' && next == ':' {
            out.push("::".into());
            i += 2;
        } else {
            if !c.is_whitespace() {
                out.push(c.to_string());
            }
            i += 1;
        }
    }
    out
}

/// The tokens between the braces of `mod name { … }`.
fn module<'t>(tokens: &'t [String], name: &str) -> Option<&'t [String]> {
    let at = tokens.windows(3).position(|w| w[0] == "mod" && w[1] == name && w[2] == "{")? + 3;
    let mut depth = 1;
    let length = tokens[at..].iter().position(|t| {
        depth += i32::from(t == "{") - i32::from(t == "}");
        depth == 0
    })?;
    Some(&tokens[at..at + length])
}

/// Every path that starts with `crate` or `super`, groups written out.
fn paths(tokens: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let starts = (token == "crate" || token == "super") && (i == 0 || tokens[i - 1] != "::");
        if starts && tokens.get(i + 1).is_some_and(|t| t == "::") {
            path(tokens, i + 2, token.clone(), &mut out);
        }
    }
    out
}

/// Reads the path after `prefix::` and returns where it ends.
fn path(tokens: &[String], mut i: usize, prefix: String, out: &mut Vec<String>) -> usize {
    if tokens.get(i).is_some_and(|t| t == "{") {
        i += 1;
        while tokens.get(i).is_some_and(|t| t != "}") {
            i = if tokens[i] == "," { i + 1 } else { path(tokens, i, prefix.clone(), out) };
        }
        return i + 1;
    }
    let Some(name) = tokens.get(i) else { return i };
    let full = format!("{prefix}::{name}");
    if tokens.get(i + 1).is_some_and(|t| t == "::") {
        return path(tokens, i + 2, full, out);
    }
    out.push(full);
    i + 1
}

/// Structs and enums that the file itself declares, or takes from the file of another registered block that declares
/// them: its parameters.
fn declared(tokens: &[String]) -> Vec<String> {
    let names = |tokens: &[String]| -> Vec<String> {
        tokens.windows(2).filter(|w| w[0] == "struct" || w[0] == "enum").map(|w| format!("super::{}", w[1])).collect()
    };
    let mut own = names(tokens);
    for block in narrowgen::blocks::REGISTRY {
        let prefix = format!("super::{}::", block.name());
        let used: Vec<String> =
            paths(tokens).iter().filter_map(|p| p.strip_prefix(&prefix)).map(|t| format!("super::{t}")).collect();
        if !used.is_empty() {
            own.extend(names(&self::tokens(&block_text(block.name()))).into_iter().filter(|t| used.contains(t)));
        }
    }
    own
}

fn block_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/blocks/{name}.rs"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What is wrong with one block file.
fn violations(text: &str) -> Vec<String> {
    let all = tokens(text);
    let own = declared(&all);
    let rules: [(&str, &[&str], &[&str]); 2] = [
        (
            "rtl",
            &["crate::hdl::", "crate::blocks::parts::", "crate::formats::"],
            &["golden", "exact_result", "ExactResult", "narrowgen_golden"],
        ),
        (
            "golden",
            &["crate::golden::", "crate::blocks::exact::", "crate::formats::"],
            &["hdl", "parts", "rtl", "narrowgen_hdl", "UInt", "SInt", "Builder"],
        ),
    ];
    let mut out = Vec::new();
    for (name, allowed, banned) in rules {
        let Some(body) = module(&all, name) else {
            out.push(format!("there is no `mod {name}`"));
            continue;
        };
        for path in paths(body) {
            if !allowed.iter().any(|a| path.starts_with(a)) && !own.contains(&path) {
                out.push(format!("`mod {name}` uses {path}"));
            }
        }
        out.extend(body.iter().filter(|t| banned.contains(&t.as_str())).map(|t| format!("`mod {name}` says `{t}`")));
    }
    out
}

/// What is wrong with a file of shared hardware.
fn part_violations(text: &str) -> Vec<String> {
    let all = tokens(text);
    let outside = paths(&all).into_iter().filter(|p| p.starts_with("crate::"));
    let bad = outside.filter(|p| !["crate::hdl::", "crate::formats::"].iter().any(|a| p.starts_with(a)));
    bad.chain(all.iter().filter(|t| *t == "golden" || *t == "narrowgen_golden").cloned()).collect()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut out = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out.sort();
    out
}

#[test]
fn every_block_keeps_its_two_sides_apart() {
    for block in narrowgen::blocks::REGISTRY {
        assert_eq!(violations(&block_text(block.name())), Vec::<String>::new(), "{}", block.name());
    }
    assert!(narrowgen::blocks::REGISTRY.len() >= 4);
}

#[test]
fn shared_hardware_sees_no_golden_model() {
    let parts = files("src/blocks/parts");
    assert!(parts.len() >= 10, "{parts:?}");
    for path in parts {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(part_violations(&text), Vec::<String>::new(), "{}", path.display());
    }
    // The formats they share with the golden models are data: no decoding, rounding or arithmetic passes through.
    let formats = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/formats.rs")).unwrap();
    let data = ["format::", "policy::", "names", "tables"].map(|m| format!("crate::golden::{m}"));
    let from_golden: Vec<String> = paths(&tokens(&formats)).into_iter().filter(|p| p.starts_with("crate::golden")).collect();
    assert!(!from_golden.is_empty());
    assert!(from_golden.iter().all(|p| data.iter().any(|d| p.starts_with(d.as_str()))), "{from_golden:?}");
}

/// A rule that never fires proves nothing.
#[test]
fn planted_violations_are_seen() {
    let good = "pub struct Thing { a: u32 }
        mod rtl { use super::Thing; use crate::blocks::parts::{decode, encode}; use crate::hdl::prelude::*; }
        mod golden { use super::Thing; use crate::golden::{decode::decode, model::pure}; }";
    assert_eq!(violations(good), Vec::<String>::new());
    let planted = [
        ("use crate::hdl::prelude::*;", "use crate::golden::decode::decode;"),
        ("use crate::hdl::prelude::*;", "fn f() { let x = crate::golden::round::Rounder::new(); }"),
        ("use crate::hdl::prelude::*;", "use crate::{hdl::prelude::*, golden::arith};"),
        ("use crate::hdl::prelude::*;", "use crate::blocks::exact::ExactResult;"),
        ("use crate::hdl::prelude::*;", "use super::ExactResult;"),
        ("use crate::hdl::prelude::*;", "use super::golden::model;"),
        ("model::pure}", "model::pure}; use crate::blocks::parts::fixed::extent"),
        ("model::pure}", "model::pure}; use crate::hdl::bits::Bits"),
        ("model::pure}", "model::pure}; fn f() { super::rtl::build(); }"),
        ("mod golden", "mod silver"),
    ];
    for (from, to) in planted {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(!violations(&bad).is_empty(), "not seen: {to}");
    }
    assert!(
        violations(&good.replace("use crate::hdl::prelude::*;", "// crate::golden::decode\n let s = \"golden\";")).is_empty()
    );
    assert!(!part_violations("use crate::golden::round::Rounder;").is_empty());
    assert!(part_violations("use crate::formats::*; use super::decode::Number;").is_empty());
}
