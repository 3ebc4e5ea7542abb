//! The text form: exact round trip, and mistakes with their lines.
use narrowgen_hdl::random::{self, Stream};
use narrowgen_hdl::text::{parse, print};
use narrowgen_hdl::verilog;

#[test]
fn random_designs_survive_the_round_trip() {
    for seed in 0..2000 {
        let design = random::design(&Stream(seed).genes(1 + seed as usize % 90));
        let text = print(&design);
        let back = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(back, design, "{text}");
        assert_eq!(print(&back), text);
    }
}

const GOOD: &str = r#"design sync top
module top
  # a comment
  doc "says \"what\" it \\ does\nin two lines"
  table "squares" 4 0 1 4 9
  ram "buffer" 8 16 unset write %0 %2 %4
  %0 4 = input a
  %1 4 = state "acc" 0 next %3 if %4
  %2 8 = const 1f
  %3 4 = slice %2 @2 "low"
  %4 1 = redor %3
  %5 8 = read 0 %0
  %6 2 = slice %0 @1
  %7 4 = table %6 @0
  claim %4 "always"
  output y %5
  output z %7
end
"#;

#[test]
fn the_documented_example_is_read() {
    let design = parse(GOOD).unwrap();
    let m = design.top();
    assert_eq!((m.nodes.len(), m.states.len(), m.rams.len(), m.claims.len()), (8, 1, 1, 1));
    // Only a memory that is 0 at power-up has contents in Verilog.
    for (text, zeroed) in [(GOOD.to_string(), false), (GOOD.replace(" unset", ""), true)] {
        let design = parse(&text).unwrap();
        assert_eq!(design.top().rams[0].zeroed, zeroed);
        let printed = &verilog::print(&design)[0].text;
        assert_eq!((printed.contains("buffer [0:15];"), printed.contains("initial")), (true, zeroed), "{printed}");
    }
    assert_eq!(m.doc, ["says \"what\" it \\ does\nin two lines"]);
    assert_eq!(parse(&print(&design)).unwrap(), design);
}

#[test]
fn mistakes_are_told_with_their_line() {
    let cases = [
        ("design sync top", "module top", "line 1: expected `design`, found `module`"),
        ("design sync", "design odd", "line 1: a reset style is one of none, sync, sync_low, async, async_low, found `odd`"),
        ("design sync top", "design sync tip", "line 18: there is no top module `tip`"),
        ("%2 8 = const 1f", "%2 4 = const 1f", "line 9: 1f does not fit 4 bits"),
        ("%2 8 = const 1f", "%2 8 = const 1g", "line 9: `1g` is not a hexadecimal value"),
        ("%2 8 = const", "%3 8 = const", "line 9: expected node %2 or a keyword, found `%3`"),
        ("%2 8 = const", "%2 0 = const", "line 9: a width is at least 1"),
        ("%2 8 = const", "%2 8 const", "line 9: expected `=` after the width"),
        ("redor %3", "redor %3 %3", "line 11: `redor` takes 1 operands, found 2"),
        ("redor %3", "redor %4", "line 11: operand %4 does not stand before its user"),
        ("redor %3", "nor %3", "line 11: no operator is called `nor`"),
        ("\"low\"", "low", "line 10: expected a name in quotes, found `low`"),
        ("\"low\"", "\"low", "line 10: a quote is not closed"),
        ("\"low\"", "\"low\" 7", "line 10: `7` does not belong here"),
        ("@2 \"low\"", "@5 \"low\"", "line 18: module `top`: node 3 `slice`: bits 5..9 of a value of 8 bits"),
        ("@2 \"low\"", "@99999999999", "line 10: `@99999999999` is not @ and a number"),
        ("next %3", "%3", "line 8: expected `next` after the initial value"),
        ("output y %5", "output y %55", "line 16: no node %55"),
        ("output y %5", "output a %5", "line 18: module `top`: port name `a` is taken or not an identifier"),
        ("claim %4", "claim 4", "line 15: expected a condition like %3, found `4`"),
        ("end\n", "", "line 17: module `top` has no `end`"),
        (
            "read 0 %0",
            "read 1 %0",
            "line 18: module `top`: node 5 `RamRead` 0 of 8 bits disagrees with its side table: Some((NodeId(5), 0))",
        ),
    ];
    for (from, to, want) in cases {
        assert!(GOOD.contains(from), "{from}");
        let got = parse(&GOOD.replacen(from, to, 1)).map(|_| String::new()).unwrap_or_else(|e| e.to_string());
        assert!(got.starts_with(want), "{from} -> {to}: {got}");
    }
}

#[test]
fn no_text_panics() {
    let base: Vec<&str> = GOOD.split_inclusive(' ').collect();
    let mut s = Stream(1);
    let mut errors = 0;
    for _ in 0..20_000 {
        let mut words = base.clone();
        for _ in 0..1 + s.next() % 3 {
            let (at, from) = (s.next() as usize % words.len(), s.next() as usize % base.len());
            match s.next() % 3 {
                0 => words[at] = base[from],
                1 => words.insert(at, base[from]),
                _ => drop(words.remove(at)),
            }
        }
        errors += usize::from(parse(&words.concat()).is_err());
    }
    assert!(errors > 10_000, "{errors}");
}
