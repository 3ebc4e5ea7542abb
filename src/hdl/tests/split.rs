//! Cut operators compute the same and fit the period.
mod support;
use narrowgen_hdl::equal::{Verdict, equal};
use narrowgen_hdl::ir::*;
use narrowgen_hdl::minimise::minimise;
use narrowgen_hdl::ops::Op;
use narrowgen_hdl::random::{self, Gene, Stream};
use narrowgen_hdl::sim::Sim;
use narrowgen_hdl::text::print;
use narrowgen_hdl::timing::flatten::flatten;
use narrowgen_hdl::timing::loops::components;
use narrowgen_hdl::timing::split::{Accumulator, SplitOptions, split};
use narrowgen_hdl::verify::verify;
use proptest::prelude::*;

/// Round numbers, see [`support::round`].
fn options(budget_ps: f64, lut_inputs: u32) -> SplitOptions {
    let model = support::round(lut_inputs);
    SplitOptions { period_ps: budget_ps + 500.0, model, accumulator: Accumulator::Auto, streams: 1 }
}

/// One operator as a design.
fn single(op: Op, widths: &[u32], width: u32, table: Option<Table>) -> Design {
    let mut m = Module { name: "m".into(), ..Module::default() };
    let mut args = Vec::new();
    for (i, w) in widths.iter().enumerate() {
        let node = m.push(Node { op: Op::Input, width: *w, args: [NodeId(0); 3], imm: i as u32 }, NameId(0), None);
        m.inputs.push(Port { name: format!("x{i}"), width: *w, node });
        args.push(node);
    }
    m.tables.extend(table);
    let name = m.intern("it");
    let node = m.push_op(op, width, &args, 0, name, None);
    m.outputs.push(Port { name: "y".into(), width, node });
    Design { modules: vec![m], top: ModuleId(0), reset: Reset::None }
}

fn same(a: &Design, b: &Design, rows: usize, run: usize, seed: u64) -> bool {
    let of = |d: &Design| Sim::new(d).unwrap().run(&Stream(seed).rows(d, rows), run);
    of(a) == of(b)
}

/// Operators that do not fit, other than those of the smallest size and those in loops.
fn too_slow(d: &Design, o: &SplitOptions) -> Vec<String> {
    let m = d.top();
    let budget = o.model.budget_ps(o.period_ps).max(o.model.chain_ps(6)).max(o.model.level_ps());
    let looped: Vec<NodeId> = components(m).into_iter().flat_map(|c| c.nodes).collect();
    (0..m.nodes.len() as u32)
        .map(NodeId)
        .filter(|id| !looped.contains(id))
        .filter(|id| o.model.op_ps(m.node(*id).op, &m.arg_widths(*id), m.width(*id)) > budget)
        .map(|id| format!("{:?} of {:?}", m.node(id).op, m.arg_widths(id)))
        .collect()
}

fn check(d: &Design, o: &SplitOptions) {
    let cut = split(d, o);
    assert_eq!(verify(&cut), Ok(()));
    let bits: u32 = d.top().inputs.iter().map(|p| p.width).sum();
    let what =
        || format!("budget {}, {} LUT inputs\n{}\nbecame\n{}", o.period_ps - 500.0, o.model.lut_inputs, print(d), print(&cut));
    if bits <= 16 {
        assert!(matches!(equal(d, &cut, 16), Verdict::Equal(..)), "{}", what());
    } else {
        assert!(same(d, &cut, 2000, 0, 5), "{}", what());
    }
    assert_eq!(too_slow(&cut, o), Vec::<String>::new(), "{}", what());
}

#[test]
fn every_operator_at_many_widths_and_clocks() {
    const WIDTHS: &[u32] = &[1, 2, 3, 5, 8, 9, 16, 24, 33, 64, 100];
    let mut checked = 0;
    for (budget, lut) in [(100.0, 4), (1600.0, 4), (2100.0, 4), (2600.0, 6), (4100.0, 4)] {
        let o = options(budget, lut);
        for &w in WIDTHS {
            let two = |op, width| single(op, &[w, w], width, None);
            let mut designs = vec![two(Op::Add, w), two(Op::Sub, w)];
            designs.extend([Op::Eq, Op::LtU, Op::LtS].map(|op| two(op, 1)));
            designs.extend([Op::RedAnd, Op::RedOr, Op::RedXor].map(|op| single(op, &[w], 1, None)));
            for n in [1, 3, 6, 9] {
                designs.extend([Op::Shl, Op::ShrU, Op::ShrS].map(|op| single(op, &[w, n], w, None)));
            }
            for v in WIDTHS.iter().copied().filter(|v| w.min(*v) <= 24) {
                designs.extend([Op::MulU, Op::MulS].map(|op| single(op, &[w, v], w + v, None)));
            }
            if w <= 10 {
                let mut s = Stream(w.into());
                let values = (0..(1 << w) - u32::from(w > 1)).map(|_| narrowgen_hdl::bits::Bits::new(7, s.value(7))).collect();
                designs.push(single(Op::Table, &[w], 7, Some(Table { name: "t".into(), width: 7, values })));
            }
            for d in &designs {
                check(d, &o);
                checked += 1;
            }
        }
    }
    assert!(checked > 1500, "{checked}");
}

#[test]
fn a_long_adder_becomes_even_chunks() {
    let cut = split(&single(Op::Add, &[32, 32], 32, None), &options(2500.0, 4));
    let text = print(&cut);
    assert_eq!(text.matches(" add ").count(), 3, "{text}");
    assert!(text.contains("it_part1"), "{text}");
}

#[test]
fn a_signed_product_is_rows_and_a_tree() {
    let cut = split(&single(Op::MulS, &[8, 8], 16, None), &options(4100.0, 4));
    let text = print(&cut);
    assert!(!text.contains("mul"), "{text}");
    assert_eq!(
        (text.matches(" and ").count(), text.matches(" add ").count(), text.matches(" sub ").count()),
        (8, 7, 0),
        "{text}"
    );
}

/// x0 op x1 op … op xn, from the left.
fn chain(op: Op, n: u32, width: u32) -> Design {
    let mut d = single(op, &[width; 2], width, None);
    let m = &mut d.modules[0];
    for i in 2..n {
        let node = m.push(Node { op: Op::Input, width, args: [NodeId(0); 3], imm: i }, NameId(0), None);
        m.inputs.push(Port { name: format!("x{i}"), width, node });
        let so_far = m.outputs[0].node;
        m.outputs[0].node = m.push_op(op, width, &[so_far, node], 0, NameId(0), None);
    }
    d
}

#[test]
fn chains_become_trees() {
    for op in [Op::And, Op::Or, Op::Xor, Op::Add] {
        let d = chain(op, 16, 3);
        let cut = split(&d, &options(5000.0, 4));
        assert!(same(&d, &cut, 3000, 0, 3));
        let m = cut.top();
        let mut depth = vec![0; m.nodes.len()];
        for i in 0..m.nodes.len() {
            let id = NodeId(i as u32);
            let before = m.args(id).iter().map(|a| depth[a.index()]).max().unwrap_or(0);
            depth[i] = before + u32::from(m.node(id).op == op);
        }
        assert_eq!(depth[m.outputs[0].node.index()], 4, "{}", print(&cut));
    }
}

fn differs(d: &Design, o: &SplitOptions, seed: u64) -> bool {
    [flatten(d), split(d, o)].iter().any(|x| verify(x).is_err() || !same(d, x, 24, 6, seed))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_designs_keep_their_behaviour(genes in prop::collection::vec(any::<Gene>(), 1..60), seed: u64, fast: bool) {
        let d = random::design(&genes);
        let o = options(if fast { 1700.0 } else { 3300.0 }, 4);
        if differs(&d, &o, seed) {
            let small = minimise(&d, |d| differs(d, &o, seed));
            return Err(TestCaseError::fail(format!("{}\nbecame\n{}", print(&small), print(&split(&small, &o)))));
        }
        prop_assert_eq!(too_slow(&split(&d, &o), &o), Vec::<String>::new());
    }
}
