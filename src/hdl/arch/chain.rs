//! Rows of partial products, added one after the other.
//!
//! Each adder is written `{sum, carry} - {~row, 1'b1}`, which is `sum + row + carry`. Subtraction is
//! not commutative, so synthesis keeps the running sum as the plain operand of the carry chain
//! and takes the logic that selects the row into the look-up table in front of it. Written as a sum, the
//! operands may change places, and then every column of the row costs a table of its own.
//!
//! Rows are unsigned: a sign bit counts as its complement less a constant. What all rows owe is added
//! where the running sum is known to be 0, which costs nothing; what finds no such place takes an adder.
use crate::bits::Bits;
use crate::ir::NodeId;
use crate::ops::Op;
use crate::pass::fold::Fold;
use num_bigint::{BigInt, BigUint};

/// (bits + carry) × 2^offset - owed.
pub(super) struct Row {
    /// Unsigned.
    pub bits: NodeId,
    /// Weight of the lowest bit.
    pub offset: u32,
    /// One more, if it is 1.
    pub carry: Option<NodeId>,
    /// What is to be subtracted in the end.
    pub owed: BigInt,
}

/// An unsigned number that is added before the first row.
pub(super) struct Start {
    pub bits: NodeId,
}

/// The sum of rows in order of their offsets, modulo 2^`width`.
pub(super) fn chain(f: &mut Fold, start: Option<Start>, rows: &[Row], width: u32) -> NodeId {
    let modulus = BigInt::from(1) << width;
    let rows: Vec<&Row> = rows.iter().filter(|r| r.offset < width).collect();
    let owed: BigInt = rows.iter().map(|r| r.owed.clone()).sum();
    let due = ((-owed % &modulus) + &modulus) % &modulus;
    let mut c =
        Chain { f, width, done: Vec::new(), at: 0, sum: None, most: BigUint::ZERO, due: due.to_biguint().unwrap_or_default() };
    if let Some(start) = start {
        c.most = ones(c.f.w(start.bits));
        c.sum = Some(start.bits);
    }
    for (i, row) in rows.iter().enumerate() {
        c.add(row, i, i + 1 == rows.len());
    }
    c.finish()
}

struct Chain<'f, 'a> {
    f: &'f mut Fold<'a>,
    width: u32,
    /// Bits of the result that are final, lowest first.
    done: Vec<NodeId>,
    /// Weight of the lowest bit of `sum`.
    at: u32,
    sum: Option<NodeId>,
    /// The largest value of `sum`.
    most: BigUint,
    /// Constant still to be added.
    due: BigUint,
}

impl Chain<'_, '_> {
    fn add(&mut self, row: &Row, index: usize, last: bool) {
        self.move_to(row.offset);
        let room = self.width - self.at;
        let row_width = self.f.w(row.bits);
        // What is due and falls on zeros of the running sum, as far up as the row reaches.
        let free = self.most.bits() as u32;
        let end = if last { room } else { (row_width + 1).min(room) };
        let mut due = BigUint::ZERO;
        for i in free..end {
            let weight = u64::from(self.at + i);
            if self.due.bit(weight) {
                self.due.set_bit(weight, false);
                due.set_bit(u64::from(i), true);
            }
        }
        let row_most = ones(row_width) + u32::from(row.carry.is_some());
        let most = &self.most + &due + row_most;
        let width = (most.bits() as u32).min(room);
        let sum = self.sum.unwrap_or_else(|| self.f.zero(1));
        let sum = match width.checked_sub(free) {
            Some(above) if above > 0 && free > 0 => {
                let (high, low) = (self.f.constant(Bits::new(above, due >> free)), self.fit(sum, free));
                self.f.concat(&[high, low])
            }
            Some(above) if above > 0 => self.f.constant(Bits::new(width, due)),
            _ => self.fit(sum, width),
        };
        let bits = self.fit(row.bits, width);
        let sum = match row.carry {
            None if self.f.is_zero(sum) => bits,
            // The carry takes the place of a bit that is 0.
            Some(carry) if free == 0 && width > 1 && !self.f.k(sum).is_some_and(|k| k.get(0)) => {
                let rest = self.f.slice(sum, 1, width - 1);
                let sum = self.f.concat(&[rest, carry]);
                plus(self.f, sum, bits, None)
            }
            carry => plus(self.f, sum, bits, carry),
        };
        name_sum(self.f, sum, &format!("sum{index}"));
        self.sum = Some(sum);
        self.most = most.min(ones(room));
    }

    /// Gives up the bits below `offset`: nothing is added to them any more.
    fn move_to(&mut self, offset: u32) {
        let distance = offset - self.at;
        if distance == 0 {
            return;
        }
        let mut sum = self.sum.unwrap_or_else(|| self.f.zero(1));
        // What is due below the offset and found no zero on its way must be added now.
        let due = (&self.due >> self.at) & ones(distance);
        if due.bits() > 0 {
            self.due -= &due << self.at;
            let room = self.width - self.at;
            let most = &self.most + &due;
            let width = (most.bits() as u32).min(room);
            self.most = most.min(ones(room));
            let (wide, due) = (self.fit(sum, width), self.f.constant(Bits::new(width, due)));
            sum = plus(self.f, wide, due, None);
        }
        let whole = self.fit(sum, self.f.w(sum).max(distance + 1));
        let low = self.f.slice(whole, 0, distance);
        self.done.push(low);
        self.sum = Some(self.f.slice(whole, distance, self.f.w(whole) - distance));
        self.most >>= distance;
        self.at = offset;
    }

    fn fit(&mut self, x: NodeId, width: u32) -> NodeId {
        if width < self.f.w(x) { self.f.slice(x, 0, width) } else { self.f.zext(x, width) }
    }

    fn finish(mut self) -> NodeId {
        let room = self.width - self.at;
        let mut sum = match self.sum {
            Some(sum) => self.fit(sum, room),
            None => self.f.zero(room),
        };
        // What found no zero on its way.
        let due = &self.due >> self.at;
        if let Some(same) = due.trailing_zeros().map(|n| n as u32) {
            let (high, low) = (self.f.slice(sum, same, room - same), (same > 0).then(|| self.f.slice(sum, 0, same)));
            let due = self.f.constant(Bits::new(room - same, due >> same));
            let high = if room - same == 1 { self.f.not(high) } else { plus(self.f, high, due, None) };
            sum = low.map_or(high, |low| self.f.concat(&[high, low]));
        }
        self.done.push(sum);
        self.done.reverse();
        let parts = std::mem::take(&mut self.done);
        self.f.concat(&parts)
    }
}

/// sum + row + carry, the sum being the plain operand of the carry chain.
pub(super) fn plus(f: &mut Fold, sum: NodeId, row: NodeId, carry: Option<NodeId>) -> NodeId {
    let width = f.w(sum);
    let carry = carry.unwrap_or_else(|| f.zero(1));
    let one = f.constant(Bits::ones(1));
    let left = f.concat(&[sum, carry]);
    let complement = f.not(row);
    let right = f.concat(&[complement, one]);
    let difference = f.make(Op::Sub, width + 1, &[left, right], 0);
    f.slice(difference, 1, width)
}

/// Names a sum, or the difference that it is cut from.
pub(super) fn name_sum(f: &mut Fold, id: NodeId, text: &str) {
    match f.of::<1>(id, Op::Slice) {
        Some([x]) if f.r.new.node(x).op == Op::Sub => name(f, x, &format!("{text}_up")),
        _ => name(f, id, text),
    }
}

/// Names a new node that has no name yet.
pub(super) fn name(f: &mut Fold, id: NodeId, text: &str) {
    if f.r.new.names[id.index()].0 == 0 && f.r.new.node(id).op.info().is_some() {
        f.r.new.names[id.index()] = f.r.new.intern(text);
    }
}

/// 2^`width` - 1.
pub(super) fn ones(width: u32) -> BigUint {
    (BigUint::from(1u32) << width) - 1u32
}
