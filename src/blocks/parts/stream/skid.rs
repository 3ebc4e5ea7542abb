//! The end of a pipeline that can be stopped.
use crate::hdl::dsl::Reg;
use crate::hdl::prelude::*;

/// A second place for the token at the end of a pipeline: no path leads from `out_ready` into the
/// pipeline, which moves unless that place is taken.
pub struct Skid<'b> {
    m: Builder<'b>,
    full: Reg<Bit<'b>>,
    advance: Bit<'b>,
}

impl<'b> Skid<'b> {
    /// The end of a pipeline that is still to be described.
    pub fn new(m: Builder<'b>) -> Self {
        let full = m.state_bit("full", false);
        let advance = (!full.get()).named("advance");
        Skid { m, full, advance }
    }

    /// The pipeline moves.
    pub fn advance(&self) -> Bit<'b> {
        self.advance
    }

    /// The token at the end of the pipeline, `valid` if there is one: makes the input `out_ready`, the
    /// output `out_valid` and an output for each name.
    #[track_caller]
    pub fn close(self, valid: Bit<'b>, token: &[(&str, UInt<'b>)]) {
        let m = self.m;
        let out_ready = m.bit_in("out_ready");
        let full = self.full.get();
        let mut shown = Vec::new();
        for (name, value) in token {
            let kept = m.state_uint(&format!("{name}_kept"), value.width(), 0);
            kept.set_when(self.advance, *value);
            let value = full.select(kept.get(), *value);
            m.output(name, value);
            shown.push(Signal::from(value));
        }
        let out_valid = (full | valid).named("offers");
        let stalled = (out_valid & !out_ready).named("stalled");
        self.full.set(stalled);
        m.output("out_valid", out_valid);
        m.promise(stalled, &[out_valid, full], &shown, "a token that is not taken stays as it is, in the buffer");
    }
}
