//! Numbers that depend on few bits, tabulated.
use super::coded::{ADDRESS, Magnitudes};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use num_traits::ToPrimitive;

/// A bit of a leaf.
pub(super) type Place = (NodeId, u32);

/// Operators looked at before the search is given up.
const NODES: usize = 64;

/// What `roots` are made of.
pub(super) struct Cone {
    /// Bits of leaves, in order.
    pub address: Vec<Place>,
    /// Nodes, operands first.
    nodes: Vec<NodeId>,
}

impl Cone {
    /// The cone of some nodes, if it stands on few bits.
    pub fn of(m: &Module, roots: &[NodeId]) -> Option<Cone> {
        Cone::within(m, roots, ADDRESS)
    }

    /// The cone of some nodes, if it stands on `bits` bits or fewer.
    pub fn within(m: &Module, roots: &[NodeId], bits: u32) -> Option<Cone> {
        let (mut address, mut nodes, mut open) = (Vec::new(), Vec::new(), roots.to_vec());
        while let Some(id) = open.pop() {
            let node = m.node(id);
            if nodes.contains(&id) || node.op == Op::Const {
                continue;
            }
            nodes.push(id);
            let leaf = |n: NodeId| m.node(n).op.info().is_none() && m.node(n).op != Op::Const;
            match node.op {
                _ if leaf(id) => address.extend((0..node.width).map(|i| (id, i))),
                Op::Slice if leaf(m.args(id)[0]) => address.extend((node.imm..node.imm + node.width).map(|i| (m.args(id)[0], i))),
                _ => open.extend(m.args(id)),
            }
            address.sort_unstable();
            address.dedup();
            if address.len() > bits as usize || nodes.len() > NODES {
                return None;
            }
        }
        nodes.sort_unstable();
        (!address.is_empty()).then_some(Cone { address, nodes })
    }

    /// Table of `x << k` less `drop` low bits, which must be 0.
    pub fn shifted(&self, m: &Module, x: NodeId, k: NodeId, drop: u32) -> Option<Magnitudes> {
        let values = self.values(m, [x, k])?.into_iter().map(|[x, k]| {
            let wide = u64::from(x).checked_shl(k).filter(|v| k < 32 && v.trailing_zeros() >= drop)?;
            (wide >> drop).to_u32()
        });
        Magnitudes::new(values.collect::<Option<_>>()?)
    }

    /// Values of some roots at each address.
    pub fn values<const N: usize>(&self, m: &Module, roots: [NodeId; N]) -> Option<Vec<[u32; N]>> {
        let args = self.nodes.iter().flat_map(|n| m.args(*n));
        let mut all: Vec<NodeId> = self.nodes.iter().chain(args).chain(&roots).copied().collect();
        all.sort_unstable();
        all.dedup();
        let at = |id: &NodeId| all.binary_search(id).expect("internal error: a node that is not of the cone");
        let args: Vec<Vec<usize>> = all.iter().map(|id| m.args(*id).iter().map(at).collect()).collect();
        let widths: Vec<Vec<u32>> = all.iter().map(|id| m.arg_widths(*id)).collect();
        let value = |address: u32| {
            let mut values: Vec<Bits> = Vec::with_capacity(all.len());
            for (k, &id) in all.iter().enumerate() {
                let node = m.node(id);
                values.push(match node.op.info() {
                    Some(info) => {
                        let args: Vec<Bits> = args[k].iter().map(|a| values[*a].clone()).collect();
                        (info.eval)(&m.shape(id, &widths[k]), &args)
                    }
                    None if node.op == Op::Const => m.consts[node.imm as usize].clone(),
                    None => {
                        let mut bits = num_bigint::BigUint::ZERO;
                        let mine = self.address.iter().enumerate().filter(|(_, (leaf, _))| *leaf == id);
                        mine.for_each(|(i, (_, bit))| bits.set_bit(u64::from(*bit), address >> i & 1 == 1));
                        Bits::new(node.width, bits)
                    }
                });
            }
            let mut known = [0; N];
            for (known, id) in known.iter_mut().zip(&roots) {
                *known = values[at(id)].unsigned().to_u32()?;
            }
            Some(known)
        };
        (0..1u32 << self.address.len()).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use num_bigint::BigUint;

    #[test]
    fn values_are_those_of_the_operators() {
        let squares: Vec<BigUint> = (0..8u32).map(|i| (i * i).into()).collect();
        let d = design("top", Reset::None, |m| {
            let (x, y) = (m.uint_in("x", 6), m.uint_in("y", 2));
            // Three bits of `x` count, from the second on.
            m.output("sum", m.table("squares", x.slice(3, 1), 6, &squares) + y * m.nat(5));
            m.output("five", m.uint(5u32, 3));
        });
        let d = d.expect("a design");
        let m = d.top();
        let roots = [m.outputs[0].node, m.outputs[1].node];
        let cone = Cone::of(m, &roots).expect("five bits");
        assert_eq!(cone.address.iter().map(|(_, bit)| *bit).collect::<Vec<_>>(), [1, 2, 3, 0, 1]);
        let values = cone.values(m, roots).expect("small numbers");
        let expected: Vec<[u32; 2]> = (0..32).map(|a| [(a % 8) * (a % 8) + a / 8 * 5, 5]).collect();
        assert_eq!(values, expected);
        assert!(Cone::within(m, &roots, 4).is_none());
    }
}
