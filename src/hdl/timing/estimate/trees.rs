//! Operators that synthesis builds as balanced trees: comparisons, reductions, products.
use super::bits::Circuit;
use crate::ir::NodeId;
use crate::ops::Op;
use crate::sim::net::{FALSE, Lit, Net, TRUE};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Operators that [`Circuit::balanced`] knows.
pub fn has(op: Op) -> bool {
    matches!(op, Op::Eq | Op::RedAnd | Op::RedOr | Op::RedXor | Op::MulU | Op::MulS)
}

impl Circuit {
    /// Gates of an operator; what is ready first goes first.
    pub fn balanced(&mut self, id: NodeId, op: Op, args: &[Vec<Lit>]) -> Vec<Lit> {
        let a = &args[0];
        match op {
            Op::RedAnd => vec![self.tree(id, a.clone(), Net::and)],
            Op::RedOr => vec![self.tree(id, a.clone(), Net::or)],
            Op::RedXor => vec![self.tree(id, a.clone(), Net::xor)],
            Op::Eq => {
                let same = a.iter().zip(&args[1]).map(|(x, y)| !self.net.xor(*x, *y)).collect();
                vec![self.tree(id, same, Net::and)]
            }
            op => self.multiply(id, a, &args[1], op == Op::MulS),
        }
    }

    fn tree(&mut self, id: NodeId, bits: Vec<Lit>, f: fn(&mut Net, Lit, Lit) -> Lit) -> Lit {
        self.grow(id);
        let mut made = bits.len();
        let mut ready: BinaryHeap<Reverse<(u32, usize, Lit)>> =
            bits.into_iter().enumerate().map(|(i, l)| Reverse((self.depth[l.gate()], i, l))).collect();
        loop {
            let (Some(Reverse((_, _, x))), second) = (ready.pop(), ready.pop()) else { return FALSE };
            let Some(Reverse((_, _, y))) = second else { return x };
            let z = f(&mut self.net, x, y);
            self.grow(id);
            ready.push(Reverse((self.depth[z.gate()], made, z)));
            made += 1;
        }
    }

    /// Partial products, full adders in every column until two rows are left (C. S. Wallace, *IEEE
    /// Trans. Electronic Computers* 13, 1964), a carry chain. Signed operands after Baugh and Wooley.
    fn multiply(&mut self, id: NodeId, a: &[Lit], b: &[Lit], signed: bool) -> Vec<Lit> {
        let (n, m) = (a.len(), b.len());
        let mut columns: Vec<Vec<Lit>> = vec![Vec::new(); n + m];
        for (i, &x) in a.iter().enumerate() {
            for (j, &y) in b.iter().enumerate() {
                let one_sign = signed && ((i == n - 1) != (j == m - 1));
                columns[i + j].push(self.net.and(x, y).flip(one_sign));
            }
        }
        if signed {
            [n - 1, m - 1, n + m - 1].into_iter().for_each(|c| columns[c].push(TRUE));
        }
        loop {
            columns.iter_mut().for_each(|c| c.retain(|l| *l != FALSE));
            if columns.iter().all(|c| c.len() <= 2) {
                break;
            }
            let mut next: Vec<Vec<Lit>> = vec![Vec::new(); n + m + 1];
            for (i, column) in columns.iter().enumerate() {
                let threes = column.chunks_exact(3);
                next[i].extend(threes.remainder());
                for t in threes {
                    next[i].push(self.net.xor3(t[0], t[1], t[2]));
                    next[i + 1].push(self.net.maj(t[0], t[1], t[2]));
                }
            }
            next.truncate(n + m);
            columns = next;
        }
        self.grow(id);
        let row = |k: usize| columns.iter().map(|c| c.get(k).copied().unwrap_or(FALSE)).collect::<Vec<Lit>>();
        self.sum(id, &row(0), &row(1), false)
    }
}
