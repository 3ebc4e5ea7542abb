//! Runs whose inputs depend on what the design shows, as those of a source and a sink do.
use super::machine::Machine;
use super::{MEMORY, Sim, WORDS};
use crate::rows::Rows;

impl Sim {
    /// Simulates `lanes` independent runs side by side, at most 512. Before each cycle `drive` gets the
    /// outputs of the cycle before (`None` at first) and sets the inputs, a row for each lane; it ends
    /// the runs by returning false. Claims are not looked at: [`Sim::run`] on the same inputs does.
    pub fn closed(&self, lanes: usize, drive: impl FnMut(Option<&Rows>, &mut Rows) -> bool) {
        assert!((1..=64 * WORDS).contains(&lanes), "internal error: {lanes} lanes");
        let inputs = Rows::zeros(&self.inputs, lanes);
        let outputs = Rows::zeros(&self.outputs, lanes);
        let closed = Closed { machine: &self.machine, inputs, outputs, drive };
        // Many lanes of much memory would not fit the cache, few lanes do not fill wide words.
        if lanes <= 64 {
            closed.run::<1>();
        } else {
            assert!(self.machine.memory_words() * 64 * WORDS <= 8 * MEMORY, "internal error: too much memory for {lanes} lanes");
            pulp::Arch::new().dispatch(closed);
        }
    }

    /// Most lanes that [`Sim::closed`] should be asked for.
    pub fn closed_lanes(&self) -> usize {
        if self.machine.memory_words() * 64 * WORDS > MEMORY { 64 } else { 64 * WORDS }
    }
}

struct Closed<'a, F> {
    machine: &'a Machine,
    inputs: Rows,
    outputs: Rows,
    drive: F,
}

impl<F: FnMut(Option<&Rows>, &mut Rows) -> bool> Closed<'_, F> {
    #[inline(always)]
    fn run<const N: usize>(mut self) {
        let mut block = self.machine.block::<N>();
        self.machine.reset(&mut block);
        let mut first = true;
        while (self.drive)((!first).then_some(&self.outputs), &mut self.inputs) {
            self.machine.cycle(&mut block, &self.inputs, &mut self.outputs);
            first = false;
        }
    }
}

impl<F: FnMut(Option<&Rows>, &mut Rows) -> bool> pulp::NullaryFnOnce for Closed<'_, F> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        self.run::<WORDS>();
    }
}
