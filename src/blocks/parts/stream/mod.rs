//! What blocks that take rows of tokens are made of: [`Skid`] ends a pipeline, [`RowBuffer`] keeps a
//! row and reads it again, [`Held`] makes pipeline registers.
//!
//! A pipeline behind a [`RowBuffer`] moves as a whole while [`Skid::advance`] is 1, which is the state of one register.
mod buffer;
mod skid;

pub use buffer::RowBuffer;
pub use skid::Skid;

use crate::hdl::prelude::*;

/// Makes registers that change only while a bit is 1.
#[derive(Clone, Copy)]
pub struct Held<'b> {
    m: Builder<'b>,
    enable: Bit<'b>,
}

impl<'b> Held<'b> {
    /// Registers that hold while `enable` is 0.
    pub fn new(m: Builder<'b>, enable: Bit<'b>) -> Self {
        Held { m, enable }
    }

    /// The value one step later; its range stays known.
    #[track_caller]
    pub fn uint(&self, name: &str, value: UInt<'b>) -> UInt<'b> {
        let reg = self.m.state_uint(name, value.width(), 0);
        reg.set_when(self.enable, value);
        // Zero, the first value, is in every range from 0.
        match value.range().bounds() {
            Some((_, hi)) => reg.get().assume_at_most(hi as u128),
            None => reg.get(),
        }
    }

    /// The value one step later; its range stays known, and takes in 0.
    #[track_caller]
    pub fn sint(&self, name: &str, value: SInt<'b>) -> SInt<'b> {
        let reg = self.m.state_sint(name, value.width(), 0);
        reg.set_when(self.enable, value);
        match value.range().bounds() {
            Some((lo, hi)) => reg.get().assume_within(lo.min(0), hi.max(0)),
            None => reg.get(),
        }
    }

    /// The bit one step later, at first 0.
    #[track_caller]
    pub fn bit(&self, name: &str, value: Bit<'b>) -> Bit<'b> {
        let reg = self.m.state_bit(name, false);
        reg.set_when(self.enable, value);
        reg.get()
    }
}

/// The largest of some two's complement numbers of one width.
pub fn max<'b>(terms: &[SInt<'b>]) -> SInt<'b> {
    let mut level = terms.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => a.lt(*b).select(*b, *a),
                rest => rest[0],
            })
            .collect();
    }
    level[0]
}

/// The largest element of the row that is being taken, known behind its last token; lanes whose mask bit
/// is 0 hold none.
#[track_caller]
pub fn masked_max<'b>(m: Builder<'b>, rows: &RowBuffer<'b>, x: &[UInt<'b>], mask: UInt<'b>) -> SInt<'b> {
    let width = x[0].width();
    let least = -(1i64 << (width - 1));
    let most = m.state_sint("most", width, least);
    let none = m.sint(least, width);
    let mut terms: Vec<SInt> = (x.iter().enumerate()).map(|(i, x)| mask.bit(i as u32).select(x.as_sint(), none)).collect();
    terms.push(rows.first.select(none, most.get()));
    most.set_when(rows.taken, max(&terms));
    most.get()
}

/// Bits `i·width` up of a packed vector, for each of its lanes.
pub fn lanes<'b>(packed: UInt<'b>, width: u32) -> Vec<UInt<'b>> {
    (0..packed.width() / width).map(|i| packed.slice((i + 1) * width - 1, i * width)).collect()
}

/// Lanes as one packed vector, lane 0 in the low bits.
pub fn pack<'b>(lanes: &[UInt<'b>]) -> UInt<'b> {
    let mut all = lanes[0];
    lanes[1..].iter().for_each(|lane| all = lane.cat(all));
    all
}
