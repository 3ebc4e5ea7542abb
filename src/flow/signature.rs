//! The signature that a board must send, computed from the golden model in plain integers: the
//! other side of [`super::harness`], sharing no arithmetic with it.
use super::harness::{FRESH, Plan, data_ports, seed};
use crate::blocks::{Configured, Role};
use num_bigint::BigUint;

const MASK31: u32 = 0x7fff_ffff;

/// One step of the shift register of x³¹ + x²⁸ + 1.
fn shift(s: u32) -> u32 {
    let new = ((s >> 30) ^ (s >> 27)) & 1;
    ((s << 1) | new) & MASK31
}

/// The input codes of every cycle, in port order.
pub struct Stimulus {
    lanes: Vec<u32>,
    /// Width and role of every input port.
    ports: Vec<(u32, Role)>,
    has_clear: bool,
    has_enable: bool,
    plan: Plan,
    taken: u32,
    enable: bool,
    clear: bool,
}

impl Stimulus {
    /// From reset.
    pub fn new(block: &dyn Configured, plan: Plan) -> Stimulus {
        let ports = block.ports();
        let total: u32 = data_ports(&ports).iter().map(|p| p.bits).sum();
        let inputs: Vec<(u32, Role)> = ports.iter().filter(|p| p.input).map(|p| (p.bits, p.role)).collect();
        let has = |role| inputs.iter().any(|(_, r)| *r == role);
        Stimulus {
            // One lane more than the data need: the control lane.
            lanes: (0..=total.div_ceil(FRESH)).map(seed).collect(),
            has_clear: has(Role::Clear),
            has_enable: has(Role::Enable),
            ports: inputs,
            plan,
            taken: 0,
            enable: false,
            clear: false,
        }
    }

    fn advance(&mut self) {
        let control = self.lanes[self.lanes.len() - 1];
        let enable = !self.has_enable || control & 7 != 0;
        let clear = self.taken == 0 || (control >> 3) & 63 == 0;
        if enable && self.has_clear {
            self.taken = if clear { 1 } else { self.taken + 1 } % self.plan.terms;
        }
        (self.enable, self.clear) = (enable, clear);
        for lane in &mut self.lanes {
            for _ in 0..FRESH {
                *lane = shift(*lane);
            }
        }
    }
}

impl Iterator for Stimulus {
    type Item = Vec<BigUint>;

    fn next(&mut self) -> Option<Vec<BigUint>> {
        let mut at = 0;
        let mut codes = Vec::with_capacity(self.ports.len());
        for &(bits, role) in &self.ports {
            codes.push(match role {
                Role::Clear => BigUint::from(self.clear),
                Role::Enable => BigUint::from(self.enable),
                _ => {
                    let mut code = BigUint::default();
                    for i in 0..bits {
                        let bit = (self.lanes[((at + i) / FRESH) as usize] >> ((at + i) % FRESH)) & 1;
                        code.set_bit(u64::from(i), bit == 1);
                    }
                    at += bits;
                    code
                }
            });
        }
        self.advance();
        Some(codes)
    }
}

/// Signature of a sequence of output words, each at most `bits` long.
pub fn signature(outputs: impl Iterator<Item = BigUint>, bits: u32) -> u32 {
    let mut stages = vec![u32::MAX; bits.div_ceil(32) as usize];
    for word in outputs {
        let mut digits = word.iter_u32_digits();
        let mut before = 0;
        for stage in &mut stages {
            let old = *stage;
            let product = u64::from(old) << 1;
            let reduced = if product >> 32 == 1 { product ^ 0x1_04c1_1db7 } else { product };
            *stage = reduced as u32 ^ digits.next().unwrap_or(0) ^ before;
            before = old;
        }
    }
    stages.into_iter().fold(0, |a, b| a ^ b)
}

/// The signature of the golden model over the harness' stimulus.
pub fn golden(block: &dyn Configured, plan: Plan) -> u32 {
    let widths: Vec<u32> = block.ports().iter().filter(|p| !p.input).map(|p| p.bits).collect();
    let mut model = block.golden();
    model.reset();
    let mut codes = Vec::new();
    let words = Stimulus::new(block, plan).take(plan.vectors()).map(|inputs| {
        codes.clear();
        model.step(&inputs, &mut codes);
        let mut at = 0;
        codes.iter().zip(&widths).fold(BigUint::default(), |word, (code, bits)| {
            let word = word | (code << at);
            at += bits;
            word
        })
    });
    signature(words, widths.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_bit_reaches_the_signature() {
        let words = || (0..40u32).map(|i| BigUint::from(i) * 0x1234_5678_9abc_def1u64);
        let right = signature(words(), 70);
        for cycle in [0, 39] {
            for bit in 0..70 {
                let wrong = words().enumerate().map(|(i, w)| if i == cycle { w ^ (BigUint::from(1u32) << bit) } else { w });
                assert_ne!(signature(wrong, 70), right, "cycle {cycle} bit {bit}");
            }
        }
        // The same bit wrong in two words of 32 at once.
        let twice = words().map(|w| w ^ BigUint::from(0x1_0000_0001u64));
        assert_ne!(signature(twice, 70), right);
    }
}
