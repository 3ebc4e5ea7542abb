//! The face of a golden model towards the checker: plain integers in and out by port order.
use num_bigint::BigUint;

/// Behaviour of a block, one clock cycle (or one evaluation) at a time.
///
/// `inputs` holds the code of every input port in declared order (clock and reset excluded);
/// the model pushes the expected code of every output port in declared order.
/// For a registered block `step` reports the outputs before the clock edge that ends the cycle.
pub trait Model: Send {
    /// Back to the state after reset.
    fn reset(&mut self) {}
    /// One cycle.
    fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>);
}

/// A model without state, from a function of its inputs.
pub fn pure(f: impl FnMut(&[BigUint], &mut Vec<BigUint>) + Send + 'static) -> Box<dyn Model> {
    struct Pure<F>(F);
    impl<F: FnMut(&[BigUint], &mut Vec<BigUint>) + Send> Model for Pure<F> {
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            (self.0)(inputs, outputs)
        }
    }
    Box::new(Pure(f))
}

/// A model of a stream whose rows do not know of each other: tokens are gathered up to the one whose last
/// input code is not 0, then `f` gives the outputs of the whole row.
pub fn by_rows(f: impl FnMut(&[Vec<BigUint>], &mut Vec<BigUint>) + Send + 'static) -> Box<dyn Model> {
    struct ByRows<F>(Vec<Vec<BigUint>>, F);
    impl<F: FnMut(&[Vec<BigUint>], &mut Vec<BigUint>) + Send> Model for ByRows<F> {
        fn reset(&mut self) {
            self.0.clear();
        }
        fn step(&mut self, inputs: &[BigUint], outputs: &mut Vec<BigUint>) {
            self.0.push(inputs.to_vec());
            if inputs.last().is_some_and(|last| *last != BigUint::ZERO) {
                (self.1)(&self.0, outputs);
                self.0.clear();
            }
        }
    }
    Box::new(ByRows(Vec::new(), f))
}
