//! The board harness: pseudo-random stimulus → block → signature → serial port, as hardware.
//!
//! Everything around the block is registered, so the clock rate of the design is that of the block.
//!
//! * **Stimulus.** One [`LANE_BITS`]-bit PRBS-31 lane for every [`FRESH`] data input bits. A lane is
//!   the Fibonacci shift register of x³¹ + x²⁸ + 1 (ITU-T O.150), advanced 28 steps a cycle; since
//!   2³¹ − 1 is prime it still passes through every non-zero state. All lanes start at different
//!   places ([`seed`]). The low 28 bits of lane 0 feed the first 28 input bits, and so on.
//! * **Control.** A block with `clear` or `en` gets one more lane: `en` is 1 in 7 of 8 cycles;
//!   `clear` is 1 whenever the block has taken as many terms as its parameter `terms` allows, and
//!   otherwise in 1 of 64 cycles. Both come from registers and are 0 in the first cycle.
//! * **Signature.** The outputs, first port lowest, are registered and cut into words of 32 bits.
//!   Word k goes into stage k of a chain of signature registers: `s ← s·x mod P ⊕ word ⊕ s(k−1)`,
//!   P = the CRC-32 polynomial; each starts at all ones. Stage k also takes stage k−1, so that equal
//!   errors in two words do not cancel. The signature is the exclusive or of all stages after
//!   [`Plan::vectors`] cycles.
//! * **Serial port.** 8N1: the four signature bytes, most significant first, then one byte time of
//!   silence, over and over.
//!
//! [`super::signature`] computes the same signature from the golden model, without any of this code.
use crate::blocks::{Configured, Port, Role};
use crate::hdl::dsl::Diagnostics;
use crate::hdl::prelude::*;

/// Bits of a stimulus lane.
pub const LANE_BITS: u32 = 31;
/// Bits of a lane that are new in every cycle, and feed the block.
pub const FRESH: u32 = 28;
/// Most accumulated terms between clears if the block does not say (`terms`).
pub const DEFAULT_TERMS: u32 = 16;

/// What the hardware and the golden computation must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// log2 of the number of vectors in a signature.
    pub log2_vectors: u32,
    /// Terms between clears at most.
    pub terms: u32,
}

impl Plan {
    /// For a block: 2^16 vectors, and as many terms as its `terms` parameter says.
    pub fn of(block: &dyn Configured) -> Plan {
        let terms = block.params().iter().find(|(name, _)| *name == "terms").and_then(|(_, v)| v.parse().ok());
        Plan { log2_vectors: 16, terms: terms.unwrap_or(DEFAULT_TERMS).max(1) }
    }

    /// Vectors in a signature.
    pub fn vectors(self) -> usize {
        1 << self.log2_vectors
    }
}

/// First state of a lane: 31 bits of a hash of its number, never 0.
pub fn seed(lane: u32) -> u32 {
    let mut z = u64::from(lane + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (((z ^ (z >> 31)) as u32) & 0x7fff_ffff).max(1)
}

/// Input ports fed by the stimulus lanes, in order.
pub fn data_ports(ports: &[Port]) -> Vec<&Port> {
    ports.iter().filter(|p| p.input && !matches!(p.role, Role::Clear | Role::Enable)).collect()
}

/// Name of the input port of that role.
fn port_of(ports: &[Port], role: Role) -> Option<&'static str> {
    ports.iter().find(|p| p.input && p.role == role).map(|p| p.name)
}

/// The harness module: input `send`, outputs `tx`, `signature` and `done`. `divider` is the clock cycles per serial bit.
pub fn harness(block: &dyn Configured, plan: Plan, divider: u32) -> Result<Design, Diagnostics> {
    let dut = block.design()?;
    let ports = block.ports();
    let reset = if dut.top().is_combinational(&dut) { Reset::Sync } else { dut.reset };
    design(&format!("{}_harness", block.module_name()), reset, |m| {
        m.doc(format!("Board harness of {}:", dut.top().name));
        m.doc("pseudo-random stimulus, the block, a signature of its outputs, a serial port that sends it.");
        let module = m.import(&dut);
        let cycle = m.state_uint("cycle", plan.log2_vectors + 1, 0);
        let running = (!cycle.get().msb()).named("running");
        cycle.set(running.select((cycle.get() + m.nat(1)).wrap(plan.log2_vectors + 1), cycle.get()));
        let take = m.state_bit("take", false);
        take.set(running);
        let done = m.state_bit("finished", false);
        done.set(!running);

        let mut inputs = stimulus(m, &ports);
        inputs.extend(control(m, &ports, plan));
        let named: Vec<(&str, Signal)> = inputs.iter().map(|(n, v)| (*n, Signal::from(*v))).collect();
        let dut = m.instance(module, "dut", &named);
        let outputs: Vec<UInt> = ports.iter().filter(|p| !p.input).map(|p| dut.uint(p.name)).collect();
        let signature = signature(m, &outputs, take.get());
        m.output("tx", serial(m, signature, done.get() & m.bit_in("send"), divider));
        m.output("signature", signature);
        m.output("done", done.get());
    })
}

/// A PRBS-31 lane that advances every cycle; returns its present state.
fn lane<'b>(m: Builder<'b>, name: &str, number: u32) -> UInt<'b> {
    let state = m.state_uint(name, LANE_BITS, u64::from(seed(number)));
    let s = state.get();
    state.set(s.slice(2, 0).cat(s.slice(30, 3) ^ s.slice(27, 0)));
    s
}

/// Registered values for the data ports.
fn stimulus<'b>(m: Builder<'b>, ports: &[Port]) -> Vec<(&'static str, UInt<'b>)> {
    let total: u32 = data_ports(ports).iter().map(|p| p.bits).sum();
    let lanes: Vec<UInt> = (0..total.div_ceil(FRESH)).map(|i| lane(m, &format!("lane_{i}"), i)).collect();
    let mut at = 0;
    let mut next = |bits: u32| {
        let mut word: Option<UInt> = None;
        let end = at + bits;
        while at < end {
            let (index, low) = (at / FRESH, at % FRESH);
            let n = (FRESH - low).min(end - at);
            let part = lanes[index as usize].slice(low + n - 1, low);
            word = Some(word.map_or(part, |w| part.cat(w)));
            at += n;
        }
        word
    };
    data_ports(ports).iter().filter_map(|p| next(p.bits).map(|w| (p.name, w))).collect()
}

/// Registered values for `en` and `clear`, where the block has them.
fn control<'b>(m: Builder<'b>, ports: &[Port], plan: Plan) -> Vec<(&'static str, UInt<'b>)> {
    let (clear_port, enable_port) = (port_of(ports, Role::Clear), port_of(ports, Role::Enable));
    if clear_port.is_none() && enable_port.is_none() {
        return Vec::new();
    }
    let total: u32 = data_ports(ports).iter().map(|p| p.bits).sum();
    let random = lane(m, "control", total.div_ceil(FRESH));
    let mut out = Vec::new();
    let enable = match enable_port {
        Some(port) => {
            let enable = random.slice(2, 0).any().named("enable_next");
            let q = m.state_bit("enable", false);
            q.set(enable);
            out.push((port, q.get().uint()));
            enable
        }
        None => m.high(),
    };
    if let Some(port) = clear_port {
        // Terms taken since the last clear, 0 when the next one must clear.
        let bits = 32 - plan.terms.leading_zeros();
        let count = m.state_uint("terms", bits, 0);
        let clear = (count.get().is_zero() | random.slice(8, 3).is_zero()).named("clear_next");
        let more = clear.select(m.uint(1u32, bits), (count.get() + m.nat(1)).wrap(bits));
        let full = more.eq(m.nat(plan.terms.into()));
        count.set_when(enable, full.select(m.uint(0u32, bits), more));
        let q = m.state_bit("clear", false);
        q.set(clear);
        out.push((port, q.get().uint()));
    }
    out
}

/// The chain of signature registers over the registered outputs.
fn signature<'b>(m: Builder<'b>, outputs: &[UInt<'b>], take: Bit<'b>) -> UInt<'b> {
    let registered: Vec<UInt> = outputs
        .iter()
        .enumerate()
        .map(|(i, y)| {
            let q = m.state_uint(&format!("out_{i}"), y.width(), 0);
            q.set(*y);
            q.get()
        })
        .collect();
    let all = registered.into_iter().reduce(|low, high| high.cat(low)).unwrap_or_else(|| m.nat(0));
    let mut stages: Vec<UInt> = Vec::new();
    for k in 0..all.width().div_ceil(32) {
        let word = all.slice((32 * k + 31).min(all.width() - 1), 32 * k).zext(32);
        let stage = m.state_uint(&format!("stage_{k}"), 32, 0xffff_ffff);
        let s = stage.get();
        let feedback = s.msb().select(m.uint(0x04c1_1db7u32, 32), m.uint(0u32, 32));
        let stepped = s.slice(30, 0).shl_const(1) ^ feedback ^ word;
        stage.set_when(take, stages.last().map_or(stepped, |before| stepped ^ *before));
        stages.push(s);
    }
    stages.into_iter().reduce(|a, b| a ^ b).unwrap_or_else(|| m.uint(0u32, 32)).named("sum_of_stages")
}

/// Sends the four bytes of `word`, most significant first, then one byte time of silence, again and again while `go`.
fn serial<'b>(m: Builder<'b>, word: UInt<'b>, go: Bit<'b>, divider: u32) -> Bit<'b> {
    let bits = 32 - divider.leading_zeros();
    let timer = m.state_uint("timer", bits, 0);
    let tick = timer.get().eq(m.nat(u128::from(divider) - 1)).named("tick");
    timer.set(tick.select(m.uint(0u32, bits), (timer.get() + m.nat(1)).wrap(bits)));

    // Bits in the order they leave: start 0, eight data bits from the lowest, stop 1, for each byte.
    // Kept inverted, so that the line is idle (1) in a device whose registers come up as 0.
    let byte = |hi: u32| m.low().uint().cat(!word.slice(hi, hi - 7)).cat(m.high().uint());
    let frame_word = byte(7).cat(byte(15)).cat(byte(23)).cat(byte(31));
    let frame = m.state_uint("frame", 40, 0);
    let left = m.state_uint("bits_left", 6, 0);
    let idle = left.get().is_zero().named("idle");
    let load = (idle & go).named("load");
    frame.set_when(tick, load.select(frame_word, m.low().uint().cat(frame.get().slice(39, 1))));
    let after = idle.select(m.uint(0u32, 6), (left.get() - m.nat(1)).bits().wrap(6));
    left.set_when(tick, load.select(m.uint(49u32, 6), after));
    !frame.get().bit(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::signature::Stimulus;
    use crate::flow::testblock::TestMac;
    use crate::hdl::verilog;

    #[test]
    fn the_harness_instantiates_the_block_and_prints() {
        let block = TestMac { terms: 5, reset: Reset::Sync };
        let files = verilog::print(&harness(&block, Plan::of(&block), 104).unwrap());
        let names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["testmac_5.v", "testmac_5_harness.v"]);
        assert!(files[1].text.contains("testmac_5 dut ("), "{}", files[1].text);
    }

    #[test]
    fn the_native_simulator_gives_the_golden_signature() {
        for reset in [Reset::Sync, Reset::None] {
            let block = TestMac { terms: 5, reset };
            let plan = Plan { log2_vectors: 9, ..Plan::of(&block) };
            let sim = crate::hdl::sim::Sim::new(&harness(&block, plan, 3).unwrap()).unwrap();
            let rows = crate::hdl::rows::Rows::from_words(&[1], vec![1; plan.vectors() + 4]);
            let out = sim.run(&rows, 0).unwrap();
            let last = rows.len() - 1;
            assert_eq!(out.cell(last, 2), [1], "done");
            assert_eq!(out.cell(last, 1), [u64::from(crate::flow::signature::golden(&block, plan))]);
        }
    }

    #[test]
    fn the_stimulus_never_takes_more_terms_than_allowed_and_stalls_and_clears() {
        let block = TestMac { terms: 5, reset: Reset::Sync };
        let (mut taken, mut most, mut stalls, mut early) = (0, 0, 0, 0);
        for codes in Stimulus::new(&block, Plan::of(&block)).take(5000) {
            let one = |i: usize| codes[i] == BigUint::from(1u32);
            if !one(3) {
                stalls += 1;
            } else if one(2) {
                early += u32::from(taken % 5 != 0);
                taken = 1;
            } else {
                taken += 1;
                most = most.max(taken);
            }
        }
        assert_eq!(most, 5);
        assert!(stalls > 400 && early > 40, "{stalls} stalls, {early} early clears");
    }
}
