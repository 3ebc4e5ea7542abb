//! A memory for one row, which is read again and again.
use crate::hdl::dsl::{Reg, bits_unsigned};
use crate::hdl::prelude::*;

/// Takes a row into a memory, then reads it a number of times, token by token.
///
/// The row passes phases: it is taken; a pause; it is read; a pause; … Every pause lasts until its
/// condition holds ([`RowBuffer::close`]), for at least one cycle. A token read is there one step
/// after its address, with `valid`, `last` and the number of its `pass`.
pub struct RowBuffer<'b> {
    /// A token is taken in this cycle.
    pub taken: Bit<'b>,
    /// It is the first of its row.
    pub first: Bit<'b>,
    /// The word that was stored with the token read.
    pub word: UInt<'b>,
    /// There is a token.
    pub valid: Bit<'b>,
    /// It is the last of the row.
    pub last: Bit<'b>,
    /// The pass it belongs to, from 0; one bit each.
    pub pass: Vec<Bit<'b>>,
    phase: Reg<UInt<'b>>,
    passes: u32,
    /// It is the last of its row.
    pub taken_last: Bit<'b>,
    issued_last: Bit<'b>,
}

impl<'b> RowBuffer<'b> {
    /// For rows of at most `tokens` tokens that are stored as `word`, to be read `passes` times while
    /// `advance` is 1. Makes the inputs `in_last` and `in_valid` and the output `in_ready`.
    #[track_caller]
    pub fn new(m: Builder<'b>, tokens: u32, word: UInt<'b>, passes: u32, advance: Bit<'b>) -> Self {
        let (in_last, in_valid) = (m.bit_in("in_last"), m.bit_in("in_valid"));
        let address = bits_unsigned(u128::from(tokens.max(2) - 1));
        let phase = m.state_uint("phase", bits_unsigned(u128::from(2 * passes + 1)), 0);
        let index = m.state_uint("index", address, 0);
        let end = m.state_uint("end", address, 0);
        let in_phase = |k: u32| phase.get().eq(m.nat(u128::from(k)));
        wires! {
            let loading = in_phase(0);
            let taken = loading & in_valid;
            let taken_last = taken & in_last;
        }
        let reading: Vec<Bit> = (0..passes).map(|k| in_phase(2 * k + 2)).collect();
        let any = reading.iter().copied().reduce(|a, b| a | b).unwrap_or_else(|| m.low());
        wires! {
            let issued = any & advance;
            let at_end = index.get().eq(end.get());
            let issued_last = issued & at_end;
            let step = taken | issued;
            let wrap = taken_last | issued_last;
        }
        let next = (index.get() + m.nat(1)).wrap(address);
        index.set_when(step, wrap.select(m.uint(0u32, address), next));
        end.set_when(taken_last, index.get());
        let first = index.get().is_zero();
        // While the pipeline stands still, the word it has not taken yet is read once more.
        let before = m.state_uint("address", address, 0);
        let here = advance.select(index.get(), before.get());
        before.set(here);
        let ram = m.buffer("row", tokens.max(2), word.width());
        ram.write(index.get(), word, taken);
        let word = ram.read(here);
        let held = super::Held::new(m, advance);
        let valid = held.bit("read_valid", any);
        let last = held.bit("read_last", at_end);
        let pass = reading.iter().enumerate().map(|(k, r)| held.bit(&format!("read_pass{k}"), *r)).collect();
        m.output("in_ready", loading);
        RowBuffer { taken, first, word, valid, last, pass, phase, passes, taken_last, issued_last }
    }

    /// What ends the pauses, one condition for each: before the first pass, between passes, and behind the last.
    #[track_caller]
    pub fn close(self, go_on: &[Bit<'b>]) {
        assert_eq!(go_on.len(), self.passes as usize + 1, "internal error: pauses of a row buffer");
        let phase = self.phase.get();
        let m = phase.builder();
        let width = phase.width();
        let mut move_on = self.taken_last | self.issued_last;
        for (k, bit) in go_on.iter().enumerate() {
            move_on = move_on | (phase.eq(m.nat(2 * k as u128 + 1)) & *bit);
        }
        let final_pause = phase.eq(m.nat(u128::from(2 * self.passes + 1)));
        let next = final_pause.select(m.uint(0u32, width), (phase + m.nat(1)).wrap(width));
        self.phase.set_when(move_on.named("move_on"), next);
    }
}
