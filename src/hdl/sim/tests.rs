//! The bit-sliced engine against the reference evaluator.
use super::words::Words;
use super::{Engine, Sim, reference};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{Arity, OPS, Op};
use crate::prelude::*;
use crate::rows::Rows;

/// Both engines, and what the simulator chooses, against the reference; true if there is a word tape.
fn agree(d: &Design, rows: &Rows, sequence: usize) -> bool {
    let want = reference::run(d, rows, sequence);
    let sim = Sim::new(d).unwrap();
    let length = sim.machine.sequence(sequence, rows.len());
    assert!(sim.run(rows, sequence) == want, "{} rows in sequences of {sequence}", rows.len());
    assert!(sim.run_on(Engine::Lanes(&sim.machine), rows, length) == want, "lanes, {} rows of {sequence}", rows.len());
    let words = Words::new(d);
    if let Some(words) = &words {
        assert!(sim.run_on(Engine::Words(words), rows, length) == want, "words, {} rows of {sequence}", rows.len());
    }
    words.is_some()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    /// Random codes, with extremes often.
    fn rows(&mut self, widths: &[u32], n: usize) -> Rows {
        let mut rows = Rows::new(widths);
        for _ in 0..n {
            let row: Vec<BigUint> = (widths.iter())
                .map(|w| {
                    let x = BigUint::new((0..w.div_ceil(32)).map(|_| self.next() as u32).collect());
                    match self.below(8) {
                        0 => Bits::ones(*w).unsigned().clone(),
                        1 => BigUint::from(self.below(2 * u64::from(*w))),
                        2 => BigUint::from(1u8) << (w - 1),
                        _ => x,
                    }
                })
                .collect();
            rows.push(&row);
        }
        rows
    }
}

#[test]
fn every_operator_at_many_widths() {
    let mut r = Random(1);
    let mut checked = 0;
    for info in OPS {
        for round in 0..40 {
            let w = [1, 2, 3, 4, 5, 8, 13, 31, 64, 65, 100][round % 11];
            let v = 1 + r.below(12) as u32;
            let mut m = Module { name: "one".into(), ..Module::default() };
            let (args, width, imm): (Vec<u32>, u32, u32) = match info.op {
                Op::Not => (vec![w], w, 0),
                Op::And | Op::Or | Op::Xor | Op::Add | Op::Sub => (vec![w, w], w, 0),
                Op::MulU | Op::MulS => (vec![w, v], w + v, 0),
                Op::Eq | Op::LtU | Op::LtS => (vec![w, w], 1, 0),
                Op::Shl | Op::ShrU | Op::ShrS => (vec![w, v], w, 0),
                Op::Mux => (vec![1, w, w], w, 0),
                Op::Slice => (vec![w + v], w, r.below(u64::from(v) + 1) as u32),
                Op::Concat => (vec![w, v, 1], w + v + 1, 0),
                Op::Zext | Op::Sext => (vec![w], w + v, 0),
                Op::RedAnd | Op::RedOr | Op::RedXor => (vec![w], 1, 0),
                Op::Table => {
                    let n = 1 + r.below(1 << v);
                    let values = (0..n).map(|_| Bits::new(w, r.rows(&[w], 1).get(0, 0))).collect();
                    m.tables.push(Table { name: "t".into(), width: w, values });
                    (vec![v], w, 0)
                }
                _ => unreachable!(),
            };
            if let Arity::Fixed(n) = info.arity {
                assert_eq!(args.len(), n as usize);
            }
            let mut ids = vec![];
            for (i, a) in args.iter().enumerate() {
                let id = m.push(Node { op: Op::Input, width: *a, args: [NodeId(0); 3], imm: i as u32 }, NameId(0), None);
                m.inputs.push(Port { name: format!("i{i}"), width: *a, node: id });
                ids.push(id);
            }
            let y = m.push_op(info.op, width, &ids, imm, NameId(0), None);
            (info.check)(&m.shape(y, &args)).unwrap();
            m.outputs.push(Port { name: "y".into(), width, node: y });
            let d = Design { modules: vec![m], top: ModuleId(0), reset: Reset::None };
            let rows = r.rows(&args, 70);
            let (got, want) = (Sim::new(&d).unwrap().run(&rows, 0).unwrap(), reference::run(&d, &rows, 0).unwrap());
            for i in 0..rows.len() {
                assert_eq!(got.get(i, 0), want.get(i, 0), "{} {args:?} -> {width}, row {i}", info.name);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, OPS.len() * 40 * 70);
}

fn mac() -> Design {
    design("mac", Reset::Sync, |m| {
        let (a, b) = (m.sint_in("a", 8), m.sint_in("b", 8));
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let acc = m.state_sint("acc", 24, -5);
        let base = clear.select(m.sint(0, 24), acc.get());
        acc.set_when(en, (base + a * b).wrap(24));
        m.output("y", acc.get());
    })
    .unwrap()
}

#[test]
fn sequences_start_from_reset_and_run_side_by_side() {
    let d = mac();
    let mut r = Random(2);
    for (rows, sequence) in [(1000, 7), (1000, 0), (64, 64), (3, 1), (5000, 2), (1, 0), (0, 3), (65, 64), (1025, 1)] {
        let stimulus = r.rows(&[8, 8, 1, 1], rows);
        assert!(agree(&d, &stimulus, sequence));
    }
}

#[test]
fn exhaustive_counts_every_code_once() {
    let d = design("m", Reset::None, |m| {
        let (a, b) = (m.sint_in("a", 8), m.sint_in("b", 9));
        m.output("p", a * b);
        m.output("q", a.lt(b));
    })
    .unwrap();
    let mut next = 0;
    Sim::new(&d)
        .unwrap()
        .exhaustive(|first, rows| {
            assert_eq!(first, next);
            for i in 0..rows.len() {
                let r = first + i as u64;
                let (a, b) = ((r & 255) as i8 as i64, ((r >> 8 << 7) as i16 >> 7) as i64);
                assert_eq!((rows.cell(i, 0)[0], rows.cell(i, 1)[0]), ((a * b) as u64 & 0x1ffff, u64::from(a < b)));
            }
            next += rows.len() as u64;
        })
        .unwrap();
    assert_eq!(next, 1 << 17);
}

#[test]
fn a_false_claim_names_row_and_text() {
    let d = design("c", Reset::Sync, |m| {
        let x = m.uint_in("x", 8);
        let n = m.state_uint("n", 8, 0);
        n.set((n.get() + x).wrap(8));
        let _ = x.narrow(7);
        m.output("y", n.get().narrow(4));
    })
    .unwrap();
    let sim = Sim::new(&d).unwrap();
    let mut rows = Rows::zeros(&[8], 3000);
    rows.words_mut()[2005] = 16; // seen one cycle later, in the same sequence
    let failed = sim.run(&rows, 10).unwrap_err();
    assert!(agree(&d, &rows, 10) && agree(&d, &rows, 0));
    assert_eq!(failed.row, 2006);
    assert!(failed.to_string().contains("row 2006"), "{failed}");
    let failed = sim.exhaustive(|_, _| {}).unwrap_err();
    assert_eq!((failed.row, failed.text.contains('7')), (128, true), "{failed}");
    rows.words_mut()[2009] = 16; // last cycle of a sequence: never seen
    rows.words_mut()[2005] = 0;
    sim.run(&rows, 10).unwrap();
}

#[test]
fn memories_tables_and_hierarchy() {
    let d = design("top", Reset::Sync, |m| {
        let square = m.module("square", |m| {
            let x = m.sint_in("x", 5);
            let last = m.state_sint("last", 10, 0);
            last.set(x * x);
            m.output("now", x * x);
            m.output("last", last.get());
        });
        let values: Vec<BigUint> = (0..3000u32).map(|i| BigUint::from(i) * 0x9_1234_5678_9abcu64).collect();
        let small: Vec<BigUint> = values[..11].iter().map(|v| v % 1000u32).collect();
        let (addr, data, en) = (m.uint_in("addr", 4), m.uint_in("data", 70), m.bit_in("en"));
        let ram = m.ram("ram", 11, 70);
        let last = m.nat(10);
        ram.write(addr.min(last), data, en);
        m.output("word", ram.read(addr.min(last)));
        m.output("other", ram.read(data.wrap(4).min(last)));
        for (name, width) in [("narrow", 9), ("long", 65)] {
            let buffer = m.buffer(name, 11, width);
            buffer.write(addr.min(last), data.wrap(width), en);
            m.output(&format!("{name}_word"), buffer.read(data.wrap(4).min(last)));
        }
        m.output("wide", m.table("wide", data.wrap(12), 66, &values));
        m.output("few", m.table("small", addr, 10, &small));
        let a = m.instance(square, "a", &[("x", data.wrap(5).as_sint().into())]);
        let b = m.instance(square, "b", &[("x", a.sint("last").wrap(5).into())]);
        m.output("b", b.sint("last"));
        m.output("sum", a.sint("now") + b.sint("now"));
    })
    .unwrap();
    let mut r = Random(3);
    for (rows, sequence) in [(600, 0), (4000, 40), (64, 1)] {
        let stimulus = r.rows(&[4, 70, 1], rows);
        assert!(agree(&d, &stimulus, sequence));
    }
}

#[test]
fn a_design_without_inputs_has_rows_too() {
    let d = design("count", Reset::Sync, |m| {
        let n = m.state_uint("n", 6, 3);
        n.set((n.get() + m.nat(1)).wrap(6));
        m.output("n", n.get());
    })
    .unwrap();
    let rows = Sim::new(&d).unwrap().run(&Rows::zeros(&[], 100), 50).unwrap();
    assert_eq!((rows.len(), rows.cell(0, 0), rows.cell(49, 0), rows.cell(50, 0)), (100, &[3][..], &[52][..], &[3][..]));
}

#[test]
fn both_engines_follow_the_table() {
    let (mut narrow, mut wide) = (0, 0);
    for case in crate::conformance::cases(7) {
        *(if agree(&case.design, &case.rows, 0) { &mut narrow } else { &mut wide }) += 1;
    }
    assert!(narrow > 10 && wide > 10, "{narrow} {wide}");
}

#[test]
fn both_engines_agree_on_random_designs() {
    let (mut narrow, mut clocked) = (0, 0);
    for seed in 0..600 {
        let mut stream = crate::random::Stream(seed);
        let genes = stream.genes(3 + seed as usize % 50);
        let d = crate::random::design(&genes);
        let rows = stream.rows(&d, 60);
        narrow += usize::from(agree(&d, &rows, [0, 1, 7, 20][seed as usize % 4]));
        clocked += usize::from(!d.top().is_combinational(&d));
    }
    assert!(narrow > 100 && clocked > 100, "{narrow} {clocked}");
}
