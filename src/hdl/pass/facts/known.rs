//! What follows from the facts of a context.
use super::{Facts, ROOT};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use num_bigint::BigUint;

/// Operators that are looked through to find a value.
const LEVELS: u32 = 3;

impl Facts<'_> {
    /// Adds a fact and what it says about the operands of the node.
    pub(super) fn assume(&mut self, context: u32, id: NodeId, value: Bits, levels: u32) {
        let m = self.m;
        let node = *m.node(id);
        if node.op == Op::Const {
            return;
        }
        self.tree[context as usize].facts.push((id, value.clone()));
        if levels == 0 {
            return;
        }
        let args = m.args(id);
        match node.op {
            Op::Not => self.assume(context, args[0], inverted(&value), levels - 1),
            Op::And if value.is_ones() => args.iter().for_each(|a| self.assume(context, *a, value.clone(), levels - 1)),
            Op::Or if value.is_zero() => args.iter().for_each(|a| self.assume(context, *a, value.clone(), levels - 1)),
            // The operand that is left when the other one does not decide.
            Op::And | Op::Or => {
                for (x, y) in [(args[0], args[1]), (args[1], args[0])] {
                    let neutral = if node.op == Op::And { Bits::ones(node.width) } else { Bits::zero(node.width) };
                    if self.value(x, context, LEVELS) == Some(neutral) {
                        self.assume(context, y, value.clone(), levels - 1);
                    }
                }
            }
            Op::Xor => {
                for (x, y) in [(args[0], args[1]), (args[1], args[0])] {
                    if let Some(k) = self.value(x, context, LEVELS) {
                        let other = Bits::new(node.width, k.unsigned() ^ value.unsigned());
                        self.assume(context, y, other, levels - 1);
                    }
                }
            }
            Op::RedOr if value.is_zero() => self.assume(context, args[0], Bits::zero(m.width(args[0])), levels - 1),
            Op::RedAnd if value.is_ones() => self.assume(context, args[0], Bits::ones(m.width(args[0])), levels - 1),
            Op::Eq if value.is_ones() => {
                for (x, y) in [(args[0], args[1]), (args[1], args[0])] {
                    if let Some(k) = self.value(x, context, LEVELS) {
                        self.assume(context, y, k, levels - 1);
                    }
                }
            }
            Op::Mux => {
                for (arm, other, taken) in [(args[1], args[2], false), (args[2], args[1], true)] {
                    if self.value(arm, context, LEVELS).is_some_and(|k| k != value) {
                        self.assume(context, args[0], Bits::bit(taken), levels - 1);
                        self.assume(context, other, value.clone(), levels - 1);
                    }
                }
            }
            Op::Zext | Op::Sext => self.assume(context, args[0], value.slice(0, m.width(args[0])), levels - 1),
            Op::Concat => {
                let mut top = node.width;
                for part in args {
                    let w = m.width(*part);
                    top -= w;
                    self.assume(context, *part, value.slice(top, w), levels - 1);
                }
            }
            _ => {}
        }
    }

    /// The value of a node that is used in this context, if the facts decide it.
    pub(super) fn known(&self, id: NodeId, context: u32) -> Option<Bits> {
        if context == ROOT { None } else { self.value(id, context, LEVELS) }
    }

    fn facts(&self, context: u32) -> impl Iterator<Item = &(NodeId, Bits)> {
        let up = |c: &u32| (*c != ROOT).then(|| self.tree[*c as usize].parent);
        std::iter::successors(Some(context), up).flat_map(|c| &self.tree[c as usize].facts)
    }

    fn value(&self, id: NodeId, context: u32, levels: u32) -> Option<Bits> {
        let m = self.m;
        let node = m.node(id);
        if let Some(k) = m.const_of(id) {
            return Some(k.clone());
        }
        if let Some((_, v)) = self.facts(context).find(|(x, _)| *x == id) {
            return Some(v.clone());
        }
        if levels == 0 || node.op.info().is_none() {
            return None;
        }
        let args = m.args(id);
        let arg = |k: usize| self.value(args[k], context, levels - 1);
        match node.op {
            Op::Slice => self.part(args[0], node.imm, node.width, context).or_else(|| Some(arg(0)?.slice(node.imm, node.width))),
            // One operand may decide.
            Op::And | Op::Or => {
                let (x, y) = (arg(0), arg(1));
                let decides = |k: &&Bits| if node.op == Op::And { k.is_zero() } else { k.is_ones() };
                if let Some(k) = [&x, &y].into_iter().flatten().find(decides) {
                    return Some(k.clone());
                }
                self.evaluate(id, vec![x?, y?])
            }
            Op::Mux => match arg(0) {
                Some(c) if c.is_zero() => arg(2),
                Some(_) => arg(1),
                None => {
                    let a = arg(1)?;
                    (Some(&a) == arg(2).as_ref()).then_some(a)
                }
            },
            Op::RedOr | Op::RedAnd | Op::Eq | Op::LtU => {
                if let Some(values) = (0..args.len()).map(arg).collect() {
                    return self.evaluate(id, values);
                }
                self.compared(id, context)
            }
            Op::MulU | Op::MulS | Op::Shl | Op::ShrU | Op::ShrS | Op::Table => None,
            _ => {
                let values = (0..args.len()).map(arg).collect::<Option<_>>()?;
                self.evaluate(id, values)
            }
        }
    }

    fn evaluate(&self, id: NodeId, values: Vec<Bits>) -> Option<Bits> {
        let widths = self.m.arg_widths(id);
        Some((self.m.node(id).op.info()?.eval)(&self.m.shape(id, &widths), &values))
    }

    /// Bits of a value of which a slice that covers them is known.
    fn part(&self, x: NodeId, lo: u32, width: u32, context: u32) -> Option<Bits> {
        self.facts(context).find_map(|(id, v)| {
            let s = self.m.node(*id);
            let covers = s.op == Op::Slice && self.m.args(*id)[0] == x && s.imm <= lo && lo + width <= s.imm + s.width;
            covers.then(|| v.slice(lo - s.imm, width))
        })
    }

    /// A comparison with a constant, decided by the least and the largest value that the facts leave.
    fn compared(&self, id: NodeId, context: u32) -> Option<Bits> {
        let m = self.m;
        let args = m.args(id);
        let constant = |k: usize| args.get(k).and_then(|a| m.const_of(*a)).map(|k| k.unsigned());
        let (x, first) = match (constant(0), constant(1)) {
            (Some(_), None) => (args[1], false),
            (None, Some(_)) => (args[0], true),
            (None, None) if args.len() == 1 => (args[0], true),
            _ => return None,
        };
        let (least, most) = self.bounds(x, context)?;
        let k = constant(if first { 1 } else { 0 });
        let answer = match (m.node(id).op, k) {
            (Op::RedOr, _) if least > BigUint::ZERO => true,
            (Op::RedAnd, _) if most < *Bits::ones(m.width(x)).unsigned() => false,
            (Op::Eq, Some(k)) if *k < least || *k > most => false,
            (Op::LtU, Some(k)) if first && most < *k => true,
            (Op::LtU, Some(k)) if first && least >= *k => false,
            (Op::LtU, Some(k)) if !first && *k < least => true,
            (Op::LtU, Some(k)) if !first && *k >= most => false,
            _ => return None,
        };
        Some(Bits::bit(answer))
    }

    /// Least and largest value; `None` if the facts exclude each other.
    fn bounds(&self, x: NodeId, context: u32) -> Option<(BigUint, BigUint)> {
        let m = self.m;
        let (mut least, mut most) = (BigUint::ZERO, Bits::ones(m.width(x)).unsigned().clone());
        let mut not = Vec::new();
        for (id, v) in self.facts(context) {
            let (op, yes, args) = (m.node(*id).op, v.is_ones(), m.args(*id));
            let constant = |k: usize| m.const_of(args[k]).map(|k| k.unsigned().clone());
            match op {
                Op::RedOr if args[0] == x && yes => not.push(BigUint::ZERO),
                Op::RedAnd if args[0] == x && !yes => not.push(Bits::ones(m.width(x)).unsigned().clone()),
                Op::Eq if args[0] == x && !yes => not.extend(constant(1)),
                Op::LtU if args[0] == x => match constant(1) {
                    Some(k) if yes => most = most.min(if k == BigUint::ZERO { return None } else { k - 1u32 }),
                    Some(k) => least = least.max(k),
                    None => {}
                },
                Op::LtU if args[1] == x => match constant(0) {
                    Some(k) if yes => least = least.max(k + 1u32),
                    Some(k) => most = most.min(k),
                    None => {}
                },
                _ => {}
            }
        }
        // Values that are excluded one by one count at the ends.
        not.sort_unstable();
        for k in &not {
            if *k == least {
                least += 1u32;
            }
        }
        for k in not.iter().rev() {
            if *k == most && most > least {
                most -= 1u32;
            }
        }
        (least <= most).then_some((least, most))
    }
}

fn inverted(value: &Bits) -> Bits {
    Bits::new(value.width(), value.unsigned() ^ Bits::ones(value.width()).unsigned())
}
