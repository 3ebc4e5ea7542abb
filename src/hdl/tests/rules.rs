//! Each rule of the passes `facts` and `share`, proved on its own: before and after are equal on
//! every input, at small widths and with every constant, and the rule did apply.
use narrowgen_hdl::equal::{Verdict, equal};
use narrowgen_hdl::ir::Design;
use narrowgen_hdl::pass::{facts, find, optimize, share};
use narrowgen_hdl::random::Stream;
use narrowgen_hdl::text::{parse, print};
use narrowgen_hdl::verify::verify;

/// A design over inputs a, b, d of `w` bits, c and e of one; the lines start at node 5.
fn design(w: u32, lines: &str, output: &str) -> Design {
    let head = format!("%0 {w} = input a\n%1 {w} = input b\n%2 {w} = input d\n%3 1 = input c\n%4 1 = input e\n");
    let text = format!("design none m\nmodule m\n{head}{lines}output y {output}\nend");
    parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Proves that the pass changed nothing that can be seen.
fn prove(before: &Design, pass: &str) {
    let after = find(pass).unwrap().apply(before);
    assert_eq!(verify(&after), Ok(()));
    for after in [after.clone(), optimize(&after)] {
        let verdict = equal(before, &after, 20);
        assert!(matches!(verdict, Verdict::Equal(..)), "{verdict:?}: `{pass}`\n{}{}", print(before), print(&after));
    }
}

/// Proves the design and that `share` applies this rule to it.
fn shared(rule: &str, before: &Design) {
    assert_eq!(share::count(before).get(rule), Some(&1), "{rule}:\n{}", print(before));
    prove(before, "share");
}

#[test]
fn one_operand() {
    for w in 2..=4 {
        for op in ["add", "sub", "shl", "shru", "shrs"] {
            let mut cases = vec![("%0 %1", "%0 %2"), ("%1 %0", "%2 %0")];
            if op == "add" {
                cases.extend([("%0 %1", "%2 %0"), ("%1 %0", "%0 %2")]);
            }
            for (x, y) in cases {
                let lines = format!("%5 {w} = {op} {x}\n%6 {w} = {op} {y}\n%7 {w} = mux %3 %5 %6\n");
                shared("one_operand", &design(w, &lines, "%7"));
            }
        }
        for op in ["mulu", "muls"] {
            for (x, y) in [("%0 %1", "%0 %2"), ("%1 %0", "%2 %0"), ("%0 %1", "%2 %0"), ("%1 %0", "%0 %2")] {
                let lines = format!("%5 {p} = {op} {x}\n%6 {p} = {op} {y}\n%7 {p} = mux %3 %5 %6\n", p = 2 * w);
                shared("one_operand", &design(w, &lines, "%7"));
            }
        }
    }
}

#[test]
fn add_or_sub() {
    for w in 1..=4 {
        for arms in ["%5 %6", "%6 %5"] {
            for sum in ["%0 %1", "%1 %0", "%0 %2", "%2 %0"] {
                let lines = format!("%5 {w} = add {sum}\n%6 {w} = sub %0 %1\n%7 {w} = mux %3 {arms}\n");
                shared("add_or_sub", &design(w, &lines, "%7"));
            }
        }
    }
}

#[test]
fn add_or_not() {
    for w in 1..=4u32 {
        for k in 0..1 << w {
            for (sum, arms) in [("add %0 %5", "%6 %0"), ("add %5 %0", "%0 %6"), ("sub %0 %5", "%6 %0"), ("sub %0 %5", "%0 %6")] {
                let lines = format!("%5 {w} = const {k:x}\n%6 {w} = {sum}\n%7 {w} = mux %3 {arms}\n");
                shared("add_or_not", &design(w, &lines, "%7"));
            }
        }
    }
}

#[test]
fn borrow() {
    for w in 1..=4u32 {
        for low in 1..=w {
            let part = |x: &str| match low == w {
                true => format!("or {x} {x}"),
                false => format!("slice {x} @0"),
            };
            // The difference before and after the comparison.
            for (first, second) in [("%0 %1", ""), ("%1 %0", "")] {
                let cut = format!("%5 {low} = {}\n%6 {low} = {}\n", part("%0"), part("%1"));
                if low < w {
                    let (x, y) = if first == "%0 %1" { ("%5", "%6") } else { ("%6", "%5") };
                    let lines =
                        format!("{cut}%7 {low} = sub {x} {y}\n%8 1 = ltu {first}\n%9 {n} = concat %7 %8{second}\n", n = low + 1);
                    assert_eq!(share::count(&design(w, &lines, "%9")).get("borrow"), Some(&2));
                    prove(&design(w, &lines, "%9"), "share");
                }
                let lines = format!("%5 1 = ltu {first}\n%6 {w} = sub {first}\n%7 {n} = concat %6 %5\n", n = w + 1);
                assert_eq!(share::count(&design(w, &lines, "%7")).get("borrow"), Some(&2));
                prove(&design(w, &lines, "%7"), "share");
            }
            // A constant and its low bits.
            for k in 1..1u32 << w {
                let cut = if low == w { "" } else { &format!("%5 {low} = slice %0 @0\n") };
                let x = if low == w { "%0" } else { "%5" };
                let k_low = k & ((1 << low) - 1);
                let lines = format!(
                    "{cut}%7 {low} = const {k_low:x}\n%8 {low} = sub {x} %7\n%9 {w} = const {k:x}\n%10 1 = ltu %0 %9\n%11 {n} = concat %8 %10\n",
                    n = low + 1
                );
                let d = design(w, &renumbered(&lines, low == w), if low == w { "%9" } else { "%10" });
                assert_eq!(share::count(&d).get("borrow"), Some(&2), "{}", print(&d));
                prove(&d, "share");
            }
        }
    }
}

/// Nodes are numbered without gaps: from 5 if there is no slice, else from 6.
fn renumbered(lines: &str, from_five: bool) -> String {
    let shift = if from_five { 2 } else { 1 };
    (7..=11).fold(lines.to_string(), |text, n| text.replace(&format!("%{n}"), &format!("%{}", n - shift)))
}

#[test]
fn one_select() {
    for w in 2..=4 {
        for inner in ["%0 %1", "%1 %0"] {
            for arms in ["%0 %5", "%5 %0", "%1 %5", "%5 %1"] {
                let lines = format!("%5 {w} = mux %4 {inner}\n%6 {w} = mux %3 {arms}\n");
                shared("one_select", &design(w, &lines, "%6"));
            }
        }
    }
}

/// Conditions on `a` with constants k and l, as lines from node 5 on, and the node of the condition.
fn condition(w: u32, kind: u32, k: u32, at: u32) -> (String, u32) {
    let konst = format!("%{at} {w} = const {k:x}\n");
    let one = at + 1;
    match kind {
        0 => (format!("{konst}%{one} 1 = eq %0 %{at}\n"), one),
        1 => (format!("{konst}%{one} 1 = ltu %0 %{at}\n"), one),
        2 => (format!("{konst}%{one} 1 = ltu %{at} %0\n"), one),
        3 => (format!("%{at} 1 = redor %0\n"), at),
        4 => (format!("%{at} 1 = redand %0\n"), at),
        5 => (format!("{konst}%{one} {w} = and %0 %{at}\n%{} 1 = redor %{one}\n", at + 2), at + 2),
        6 => (format!("{konst}%{one} {w} = xor %0 %{at}\n%{} 1 = redand %{one}\n", at + 2), at + 2),
        _ => (format!("%{at} 1 = and %3 %4\n%{one} 1 = or %{at} %3\n"), one),
    }
}

#[test]
fn conditions_in_arms_and_behind_masks() {
    let (w, mut used) = (2u32, 0);
    let all = || (0..8u32).flat_map(|kind| (0..if matches!(kind, 3 | 4 | 7) { 1 } else { 1 << w }).map(move |k| (kind, k)));
    for ((kind, k), (other, l)) in all().flat_map(|x| all().map(move |y| (x, y))) {
        let (first, c) = condition(w, kind, k, 5);
        let (second, d) = condition(w, other, l, c + 1);
        // One condition in either arm of the other; with and, or, and a mask.
        let [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11] = std::array::from_fn(|i| d + 1 + i as u32);
        let users = format!(
            "%{n0} {w} = mux %{d} %1 %2\n%{n1} {w} = mux %{c} %{n0} %0\n\
             %{n2} {w} = mux %{d} %2 %1\n%{n3} {w} = mux %{c} %0 %{n2}\n\
             %{n4} 1 = not %{d}\n%{n5} 1 = and %{c} %{n4}\n\
             %{n6} 1 = or %{c} %{d}\n%{n7} 2 = sext %{c}\n%{n8} 2 = concat %{d} %3\n%{n9} 2 = and %{n8} %{n7}\n\
             %{n10} 1 = and %{c} %{d}\n%{n11} {all} = concat %{n1} %{n3} %{n5} %{n6} %{n9} %{n10}\n",
            all = 2 * w + 5
        );
        let d = design(w, &format!("{first}{second}{users}"), &format!("%{n11}"));
        used += facts::count(&d);
        let after = find("facts").unwrap().apply(&d);
        assert!(matches!(equal(&d, &after, 20), Verdict::Equal(..)), "{}{}", print(&d), print(&after));
    }
    assert!(used > 500, "{used}");
}

/// A condition tells something of what it is made of, and that is what stands in an arm of it.
#[test]
fn what_conditions_say_of_their_parts() {
    let follows = |w: u32, lines: &str, output: &str| {
        let d = design(w, lines, output);
        assert!(facts::count(&d) > 0, "{}", print(&d));
        prove(&d, "facts");
    };
    for k in 0..16u32 {
        // Parts of a concatenation: c, two bits of a, e.
        let lines = format!("%5 4 = concat %3 %0 %4\n%6 4 = const {k:x}\n%7 1 = eq %5 %6\n");
        follows(2, &format!("{lines}%8 2 = mux %7 %0 %1\n"), "%8");
        follows(2, &format!("{lines}%8 1 = mux %7 %3 %4\n"), "%8");
        // What is extended.
        for op in ["zext", "sext"] {
            follows(2, &format!("%5 4 = {op} %0\n%6 4 = const {k:x}\n%7 1 = eq %5 %6\n%8 2 = mux %7 %0 %1\n"), "%8");
        }
        // Bits of a slice.
        for at in 1..=3 {
            let lines = format!("%5 3 = slice %0 @1\n%6 3 = const {:x}\n%7 1 = eq %5 %6\n%8 1 = slice %0 @{at}\n", k & 7);
            follows(4, &format!("{lines}%9 1 = mux %7 %8 %3\n"), "%9");
        }
    }
    // The ends of what is left.
    for (condition, question) in [("redand %0", "eq %0 %5"), ("redand %0", "ltu %0 %5"), ("redor %0", "ltu %6 %0")] {
        let arms = if condition.starts_with("redor") { "%8 %3" } else { "%3 %8" };
        let lines = format!("%5 3 = const 7\n%6 3 = const 0\n%7 1 = {condition}\n%8 1 = {question}\n%9 1 = mux %7 {arms}\n");
        follows(3, &lines, "%9");
    }
}

/// What other users need is not merged, and a part that is not the low one has another borrow.
#[test]
fn what_is_not_shared() {
    let not = |rule: &str, w: u32, lines: &str, output: &str| {
        let d = design(w, lines, output);
        assert_eq!(share::count(&d).get(rule), None, "{rule}:\n{}", print(&d));
        prove(&d, "share");
    };
    let sums = "%5 3 = add %0 %1\n%6 3 = add %0 %2\n%7 3 = mux %3 %5 %6\n";
    not("one_operand", 3, &format!("{sums}%8 6 = concat %7 %5\n"), "%8");
    for (x, y) in [("%0 @0", "%1 @1"), ("%0 @1", "%1 @0"), ("%0 @1", "%1 @1")] {
        let lines = format!("%5 2 = slice {x}\n%6 2 = slice {y}\n%7 2 = sub %5 %6\n%8 1 = ltu %0 %1\n%9 3 = concat %7 %8\n");
        not("borrow", 3, &lines, "%9");
    }
}

/// Random expressions over few bits, so that conditions meet again: facts and rules meet, none changes a result.
#[test]
fn random_conditions() {
    let (mut used, mut all) = (0, std::collections::BTreeMap::new());
    let mut s = Stream(11);
    for _ in 0..250 {
        let w = 2 + (s.next() % 2) as u32;
        // Nodes by width: values of w bits, single bits.
        let (mut values, mut bits) = (vec![0u32, 1, 2], vec![3u32, 4]);
        let mut lines = String::new();
        let mut id = 5;
        while id < 25 {
            let mut pick = |from: &[u32]| from[from.len() - 1 - s.next() as usize % from.len().min(5)];
            let (x, y, c, d) = (pick(&values), pick(&values), pick(&bits), pick(&bits));
            // Sums that are selected between.
            if s.next().is_multiple_of(6) {
                let k = s.next() % (1 << w);
                let (first, second, arm) = [
                    (format!("add %{x} %{y}"), format!("sub %{x} %{d}", d = 2), id + 1),
                    (format!("add %{x} %{y}"), format!("add %{z} %{x}", z = 1), id + 1),
                    (format!("const {k:x}"), format!("add %{x} %{id}"), x),
                ][s.next() as usize % 3]
                    .clone();
                let last = if arm == x { id + 1 } else { id };
                lines += &format!("%{id} {w} = {first}\n%{} {w} = {second}\n%{} {w} = mux %{c} %{last} %{arm}\n", id + 1, id + 2);
                values.push(id + 2);
                id += 3;
                continue;
            }
            let (text, wide) = match s.next() % 16 {
                0..=3 => (format!("mux %{c} %{x} %{y}"), true),
                4 => (format!("add %{x} %{y}"), true),
                5 => (format!("sub %{x} %{y}"), true),
                6 => (format!("const {:x}", s.next() % (1 << w)), true),
                7 => (format!("eq %{x} %{y}"), false),
                8 => (format!("ltu %{x} %{y}"), false),
                9 => (format!("redor %{x}"), false),
                10 => (format!("not %{c}"), false),
                11 => (format!("or %{c} %{d}"), false),
                12 => (format!("and %{c} %{d}"), false),
                13 => (format!("sext %{c}"), true),
                14 => (format!("and %{x} %{y}"), true),
                _ => (format!("slice %{x} @{}", s.next() % u64::from(w)), false),
            };
            lines += &format!("%{id} {} = {text}\n", if wide { w } else { 1 });
            if wide {
                values.push(id)
            } else {
                bits.push(id)
            }
            id += 1;
        }
        let d = design(w, &lines, &format!("%{}", values.last().unwrap()));
        used += facts::count(&d);
        share::count(&d).into_iter().for_each(|(rule, n)| *all.entry(rule).or_insert(0) += n);
        for pass in ["facts", "share"] {
            let after = find(pass).unwrap().apply(&d);
            assert_eq!(verify(&after), Ok(()));
            assert!(matches!(equal(&d, &after, 20), Verdict::Equal(..)), "{pass}\n{}{}", print(&d), print(&after));
        }
    }
    assert!(used > 50, "{used}");
    for rule in ["add_or_not", "add_or_sub", "borrow", "one_operand", "one_select"] {
        assert!(all.get(rule).is_some_and(|n| *n > 3), "{rule}: {all:?}");
    }
}
