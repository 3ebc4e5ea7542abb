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
