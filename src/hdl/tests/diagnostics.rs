//! Every diagnostic code: what provokes it, and the exact text with code, message, line and help.
use narrowgen_hdl::diag::CODES;
use narrowgen_hdl::prelude::*;
use std::collections::BTreeSet;

type Describe = for<'b> fn(Builder<'b>);

/// The report on a faulty description, lines counted from that of `Case` in this file.
fn report(describe: Describe) -> String {
    let first = design("top", Reset::Sync, describe).map(|_| String::from("no mistake found"));
    let text = first.unwrap_or_else(|e| e.to_string());
    text.replace("src/hdl/tests/diagnostics.rs", "FILE").replace("tests/diagnostics.rs", "FILE")
}

fn other() -> Design {
    design("other", Reset::None, |m| {
        let r = m.state_uint("r", 4, 0);
        r.set(r.get());
        m.output("y", r.get());
    })
    .unwrap()
}

/// Code, description, report with line numbers left out (`:_`).
const CASES: &[(&str, Describe, &str)] = &[
    (
        "W001",
        |m| m.output("y", m.uint(16u32, 4)),
        "error[W001]: 16 does not fit 4 unsigned bits\n  --> FILE:_\n   = help: give it at least as many bits as the value needs",
    ),
    (
        "W001",
        |m| m.output("y", m.sint(8, 4)),
        "error[W001]: 8 does not fit 4 two's complement bits\n  --> FILE:_\n   = help: give it at least as many bits as the value needs",
    ),
    (
        "W001",
        |m| {
            let r = m.state_uint("r", 3, 8);
            r.set(r.get());
        },
        "error[W001]: initial value 8 does not fit the 3 bits of state `r`\n  --> FILE:_\n   = help: give it at least as many bits as the value needs",
    ),
    (
        "W002",
        |m| m.output("y", m.uint_in("x", 8).named("x").slice(8, 2)),
        "error[W002]: bits 8..2 of a value of 8 bits\n  --> FILE:_\n   | 8 bits, from FILE:_\n   = help: use lo <= hi < width",
    ),
    (
        "W002",
        |m| m.output("y", (m.uint_in("a", 4) + m.uint_in("b", 4)).named("sum").bit(5)),
        "error[W002]: bit 5 of a value of 5 bits\n  --> FILE:_\n   | `sum`, 5 bits, from FILE:_\n   = help: use i < width",
    ),
    (
        "W003",
        |m| m.output("y", m.uint_in("x", 8).zext(4)),
        "error[W003]: zext to 4 bits of a value of 8 bits\n  --> FILE:_\n   | 8 bits, from FILE:_\n   = help: use `wrap`, `saturate` or `narrow` to lose bits",
    ),
    (
        "W003",
        |m| m.output("y", m.sint_in("x", 8).sext(4)),
        "error[W003]: sext to 4 bits of a value of 8 bits\n  --> FILE:_\n   | 8 bits, from FILE:_\n   = help: use `wrap`, `saturate` or `narrow` to lose bits",
    ),
    (
        "W004",
        |m| m.output("y", m.sint_in("x", 8).wrap(0).is_negative()),
        "error[W004]: `Slice` would have no bits\n  --> FILE:_\n   | 8 bits, from FILE:_\n   = help: ask for at least one bit",
    ),
    (
        "W004",
        |m| m.output("y", m.uint_in("x", 0)),
        "error[W004]: input `x` has no bits\n  --> FILE:_\n   = help: ask for at least one bit",
    ),
    (
        "W004",
        |m| m.state_uint("r", 0, 0).set(m.nat(1)),
        "error[W004]: state `r` has no bits\n  --> FILE:_\n   = help: ask for at least one bit",
    ),
    (
        "W004",
        |m| m.output("y", m.ram("r", 0, 8).read(m.uint_in("a", 1))),
        "error[W004]: memory `r` has 0 words of 8 bits\n  --> FILE:_\n   = help: ask for at least one word of one bit",
    ),
    (
        "P001",
        |m| m.output("x", m.uint_in("x", 8)),
        "error[P001]: two ports are called `x`\n  --> FILE:_\n   = help: give each port its own name",
    ),
    (
        "P001",
        |m| {
            let below = m.module("below", |m| m.output("y", m.uint_in("x", 4)));
            m.instance(below, "u", &[("z", m.nat(3).into())]).uint("q");
        },
        "error[P001]: port `x` of `below` is not connected\n  --> FILE:_\n   = help: connect every input port\n\
         error[P001]: `below` has no input `z`\n  --> FILE:_\n   = help: its inputs are: x\n\
         error[P001]: `below` has no output `q`\n  --> FILE:_\n   = help: its outputs are: y",
    ),
    (
        "P002",
        |m| {
            let below = m.module("below", |m| m.output("y", m.uint_in("x", 4)));
            m.output("y", m.instance(below, "u", &[("x", m.nat(3).into())]).uint("y"));
        },
        "error[P002]: port `x` of `below` has 4 bits, the value 2\n  --> FILE:_\n   = help: bring the value to the port's width",
    ),
    (
        "P003",
        |m| {
            m.module("other", |m| m.output("y", m.low()));
            m.import(&design("other", Reset::Sync, |m| m.output("y", m.high())).unwrap());
        },
        "error[P003]: two different modules are called `other`\n  --> FILE:_\n   = help: rename one of them",
    ),
    (
        "P004",
        |m| m.output("reg", m.uint_in("a b", 1)),
        "error[P004]: `a b` cannot name a port\n  --> FILE:_\n   = help: use letters, digits and _, no word of Verilog or C++, not clk, rst or rst_n\n\
         error[P004]: `reg` cannot name a port\n  --> FILE:_\n   = help: use letters, digits and _, no word of Verilog or C++, not clk, rst or rst_n",
    ),
    (
        "P004",
        |m| {
            m.module("module", |_| {});
        },
        "error[P004]: `module` cannot name a module\n  --> FILE:_\n   = help: use letters, digits and _, no word of Verilog or C++",
    ),
    (
        "S001",
        |m| m.output("y", m.state_uint("acc", 8, 0).get()),
        "error[S001]: state `acc` never gets a next value\n  --> FILE:_\n   = help: call `.set(next)` once",
    ),
    (
        "S001",
        |m| {
            let r = m.state_bit("r", false);
            r.set(m.low());
            r.set(m.high());
        },
        "error[S001]: state `r` gets a second next value\n  --> FILE:_\n   = help: choose with `select` before one `set`",
    ),
    (
        "S002",
        |m| m.state_uint("r", 8, 0).set(m.uint_in("x", 9)),
        "error[S002]: state `r` has 8 bits, its next value 9\n  --> FILE:_\n   | 9 bits, from FILE:_\n   = help: use `wrap`, `saturate`, `narrow` or a wider state",
    ),
    (
        "S002",
        |m| m.ram("r", 4, 8).write(m.uint_in("a", 2), m.uint_in("d", 9), m.high()),
        "error[S002]: memory words have 8 bits, the data 9\n  --> FILE:_\n   | 9 bits, from FILE:_\n   = help: bring the data to the word width",
    ),
    (
        "S003",
        |m| {
            m.import(&other());
        },
        "error[S003]: `other` resets its registers otherwise than this design\n  --> FILE:_\n   = help: build both with the same `Reset`",
    ),
    (
        "T001",
        |m| m.output("y", m.table("t", m.uint_in("x", 1), 4, &[1u32.into(), 2u32.into(), 3u32.into()])),
        "error[T001]: table `t`: 3 entries of at most 4 bits for an address of 1 bits\n  --> FILE:_\n   | 1 bits, from FILE:_\n   = help: 1 ..= 2^address entries, each within the width; addresses of at most 24 bits",
    ),
];

/// Line and column numbers replaced by `_`; they must be there.
fn without_lines(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("FILE:") {
        let (head, tail) = rest.split_at(at + 5);
        let numbers = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':').len();
        assert!(numbers > 0, "no line number: {text}");
        out.push_str(head);
        out.push('_');
        rest = &tail[numbers..];
    }
    out + rest
}

#[test]
fn each_code_with_its_text() {
    let mut seen = BTreeSet::new();
    for (code, describe, want) in CASES {
        let got = report(*describe);
        assert!(got.starts_with(&format!("error[{code}]")), "{got}");
        assert_eq!(without_lines(&got), *want);
        seen.insert(*code);
    }
    let known: BTreeSet<&str> = CODES.iter().map(|(c, _)| *c).collect();
    assert_eq!(seen, known);
    assert!(CODES.windows(2).all(|w| w[0].0 != w[1].0));
}

#[test]
fn the_line_is_the_callers() {
    let line = line!() + 2;
    let error = design("top", Reset::None, |m| {
        m.output("y", m.uint_in("x", 8).slice(8, 0));
    })
    .unwrap_err();
    let loc = error.0[0].loc.unwrap();
    assert_eq!((loc.line(), loc.file().ends_with("diagnostics.rs")), (line, true));
}

#[test]
fn one_mistake_is_told_once() {
    let error = design("top", Reset::None, |m| {
        let bad = m.uint_in("x", 8).zext(4);
        let follow = (bad + bad).slice(7, 0).wrap(0);
        m.output("y", follow.cat(bad).any() & bad.bit(3));
    })
    .unwrap_err();
    assert!(error.0.iter().all(|d| d.code != "S001"), "{error}");
    assert_eq!(error.0[0].code, "W003");
}
