//! Designs that exercise every entry of the operator table, side by side as outputs, with the rows
//! that test them: every code where the operands are narrow, random codes up to 128 bits.
//!
//! The table's `eval` is the meaning; the native simulator, Verilator and Icarus must all agree with
//! it on these designs. So the meaning is not trusted either, it is cross-checked.
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::{OPS, Op};
use crate::random::Stream;
use crate::rows::Rows;

/// One design of the conformance test.
pub struct Case {
    /// Inputs `a`, `b` (equal widths), `c` and `s` (one bit); an output for every use of an operator.
    pub design: Design,
    /// The operator behind each output.
    pub ops: Vec<Op>,
    /// The rows to run.
    pub rows: Rows,
    /// True if the rows are all input codes.
    pub exhaustive: bool,
}

/// Narrow widths, tested with all codes.
const NARROW: std::ops::RangeInclusive<u32> = 1..=4;
/// Wide ones: around machine words, storage classes of Verilator, and odd.
const WIDE: &[u32] = &[5, 6, 7, 8, 9, 11, 15, 16, 17, 24, 31, 32, 33, 47, 48, 63, 64, 65, 95, 96, 97, 127, 128];
/// Random rows of a wide case.
const RANDOM_ROWS: usize = 200;

/// All cases; the random rows follow from the seed.
pub fn cases(seed: u64) -> Vec<Case> {
    let mut stream = Stream(seed);
    let mut cases = Vec::new();
    for w in NARROW {
        for v in NARROW {
            let (design, ops) = side_by_side(w, v, &mut stream);
            let widths: Vec<u32> = design.top().inputs.iter().map(|p| p.width).collect();
            let rows = Rows::counting(&widths, 0, 1 << widths.iter().sum::<u32>());
            cases.push(Case { design, ops, rows, exhaustive: true });
        }
    }
    for &w in WIDE {
        // Shift amounts that end just below, reach beyond, and lie far beyond the width.
        let reach = u32::BITS - (w - 1).leading_zeros();
        for v in [reach, reach + 1, w + 3] {
            let (design, ops) = side_by_side(w, v, &mut stream);
            let rows = stream.rows(&design, RANDOM_ROWS);
            cases.push(Case { design, ops, rows, exhaustive: false });
        }
    }
    cases
}

/// Every operator at every shape that operands of `w`, `w`, `v` and 1 bits allow.
fn side_by_side(w: u32, v: u32, stream: &mut Stream) -> (Design, Vec<Op>) {
    let mut m = Module { name: format!("ops_w{w}_v{v}"), ..Module::default() };
    let inputs: Vec<NodeId> = [("a", w), ("b", w), ("c", v), ("s", 1)]
        .iter()
        .enumerate()
        .map(|(i, (name, width))| {
            let node = m.push(Node { op: Op::Input, width: *width, args: [NodeId(0); 3], imm: i as u32 }, NameId(0), None);
            m.inputs.push(Port { name: name.to_string(), width: *width, node });
            node
        })
        .collect();
    let [a, b, c, s] = [inputs[0], inputs[1], inputs[2], inputs[3]];
    let mut ops = Vec::new();
    for info in OPS {
        for (width, args, imm) in shapes(info.op, w, v, [a, b, c, s], &mut m, stream) {
            let node = m.push_op(info.op, width, &args, imm, NameId(0), None);
            let name = format!("{}_{}", info.name, m.outputs.len());
            m.outputs.push(Port { name, width, node });
            ops.push(info.op);
        }
    }
    (Design { modules: vec![m], top: ModuleId(0), reset: Reset::None }, ops)
}

/// Result width, operands and immediate of each use.
fn shapes(
    op: Op,
    w: u32,
    v: u32,
    [a, b, c, s]: [NodeId; 4],
    m: &mut Module,
    stream: &mut Stream,
) -> Vec<(u32, Vec<NodeId>, u32)> {
    match op {
        Op::Input | Op::Const | Op::State | Op::RamRead | Op::InstOut => vec![],
        Op::Not => vec![(w, vec![a], 0), (1, vec![s], 0)],
        Op::And | Op::Or | Op::Xor | Op::Add | Op::Sub => vec![(w, vec![a, b], 0), (w, vec![a, a], 0)],
        Op::MulU | Op::MulS => {
            vec![(w + v, vec![a, c], 0), (v + w, vec![c, b], 0), (2 * w, vec![a, b], 0), (w + 1, vec![s, a], 0)]
        }
        Op::Eq | Op::LtU | Op::LtS => vec![(1, vec![a, b], 0), (1, vec![b, a], 0), (1, vec![a, a], 0)],
        Op::Shl | Op::ShrU | Op::ShrS => {
            // Shifts of shifts too: simulators like to add up their distances.
            let twice = m.push_op(op, w, &[a, c], 0, NameId(0), None);
            let thrice = m.push_op(op, w, &[twice, c], 0, NameId(0), None);
            vec![(w, vec![a, c], 0), (w, vec![a, s], 0), (v, vec![c, b], 0), (1, vec![s, c], 0), (w, vec![thrice, c], 0)]
        }
        Op::Mux => vec![(w, vec![s, a, b], 0), (w, vec![s, b, b], 0), (1, vec![s, s, s], 0)],
        Op::Slice => {
            let mut slices = vec![(w, vec![a], 0), (1, vec![a], 0), (1, vec![a], w - 1), (1, vec![s], 0)];
            if w > 1 {
                slices.extend([(w - 1, vec![a], 0), (w - 1, vec![b], 1), (w / 2, vec![a], w - w / 2), (w / 2, vec![b], w / 4)]);
            }
            slices
        }
        Op::Concat => vec![(w, vec![a], 0), (w + v, vec![a, c], 0), (w + v + 1, vec![c, s, a], 0), (3 * w, vec![a, b, a], 0)],
        Op::Zext | Op::Sext => vec![(w + 1, vec![a], 0), (w + v, vec![a], 0), (2, vec![s], 0), (v + 70, vec![s], 0)],
        Op::RedAnd | Op::RedOr | Op::RedXor => vec![(1, vec![a], 0), (1, vec![c], 0), (1, vec![s], 0)],
        Op::Table => {
            let bits = v.min(6);
            let addr = if bits == v { c } else { m.push_op(Op::Slice, bits, &[c], 0, NameId(0), None) };
            let full = 1usize << bits;
            let lengths = [full, full / 2 + 1, 1];
            lengths
                .iter()
                .map(|n| {
                    let imm = m.tables.len() as u32;
                    let values = (0..*n).map(|_| Bits::new(w, stream.value(w))).collect();
                    m.tables.push(Table { name: format!("rom{imm}"), width: w, values });
                    (w, vec![addr], imm)
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Sim, reference};
    use crate::verify::verify;

    #[test]
    fn native_simulation_follows_the_table() {
        let mut vectors = vec![0; OPS.len()];
        for case in cases(1) {
            assert_eq!(verify(&case.design), Ok(()));
            let want = reference::run(&case.design, &case.rows, 0).expect("no claims");
            let got = Sim::new(&case.design).expect("simulates").run(&case.rows, 0).expect("no claims");
            for (column, op) in case.ops.iter().enumerate() {
                for row in 0..case.rows.len() {
                    let name = &case.design.top().outputs[column].name;
                    assert_eq!(got.cell(row, column), want.cell(row, column), "{}.{name} row {row}", case.design.top().name);
                }
                vectors[OPS.iter().position(|i| i.op == *op).expect("in the table")] += case.rows.len();
            }
        }
        assert!(vectors.iter().all(|n| *n > 50_000), "{vectors:?}");
    }
}
