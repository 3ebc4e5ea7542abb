//! [`DelayModel`]: what a logic level, a wire and a carry chain cost on one part and speed grade.
use crate::ops::{DelayClass, Op};
use serde::{Deserialize, Serialize};

/// Delays of one part and speed grade, in picoseconds, fitted from measured designs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelayModel {
    /// Name of the part (`fpga/parts.toml`), or of a family without place and route.
    pub name: String,
    /// Inputs of a look-up table.
    pub lut_inputs: u32,
    /// Clock edge to register output.
    pub clk_to_q_ps: f64,
    /// Register input to clock edge.
    pub setup_ps: f64,
    /// Through a look-up table.
    pub lut_ps: f64,
    /// A wire to one sink.
    pub route_ps: f64,
    /// More, for every doubling of the number of sinks.
    pub fanout_ps: f64,
    /// Operand to the first carry.
    pub carry_in_ps: f64,
    /// Carry to the next bit's carry.
    pub carry_bit_ps: f64,
    /// Carry to a sum bit.
    pub carry_out_ps: f64,
    /// More, if the carry itself leaves the chain.
    #[serde(default)]
    pub carry_exit_ps: f64,
    /// The chain has no inverters: complemented operands take a table in front of it.
    #[serde(default)]
    pub inverts: bool,
    /// Sums of at most so many bits are built from tables instead of a carry chain.
    #[serde(default)]
    pub short_sums: u32,
    /// Inputs that multiplexers behind the tables can add.
    #[serde(default)]
    pub wide_inputs: u32,
    /// Through one of those multiplexers.
    #[serde(default)]
    pub mux_ps: f64,
    /// From one of those multiplexers to a register, if they share no cell.
    #[serde(default)]
    pub mux_exit_ps: f64,
    /// How wires grow with the design: fraction for every doubling of its cells beyond 64.
    #[serde(default)]
    pub size: f64,
    /// More on every path, for every doubling of the design's cells beyond 16: the slowest of many
    /// paths is one that was placed badly.
    #[serde(default)]
    pub spread_ps: f64,
    /// How much longer than fitted, as a fraction, plans take wires to be, so that placement has room.
    #[serde(default)]
    pub margin: f64,
}

impl DelayModel {
    /// The model that plans are made with: wires longer by the margin. Cells are known better than wires.
    pub fn careful(&self) -> DelayModel {
        self.with_wires(1.0 + self.margin)
    }

    /// With so many times longer wires.
    pub fn with_wires(&self, factor: f64) -> DelayModel {
        let (route_ps, fanout_ps, spread_ps) = (self.route_ps * factor, self.fanout_ps * factor, self.spread_ps * factor);
        DelayModel { route_ps, fanout_ps, spread_ps, ..self.clone() }
    }

    /// Time for logic and wires between two registers in a clock period.
    pub fn budget_ps(&self, period_ps: f64) -> f64 {
        period_ps - self.clk_to_q_ps - self.setup_ps
    }

    /// One logic level with the wire to it.
    pub fn level_ps(&self) -> f64 {
        self.route_ps + self.lut_ps
    }

    /// A carry chain of `bits` bits with the wire to it.
    pub fn chain_ps(&self, bits: u32) -> f64 {
        self.route_ps + self.carry_in_ps + self.carry_bit_ps * f64::from(bits.saturating_sub(2)) + self.carry_out_ps
    }

    /// Most bits of a carry chain that fits in `ps`; 0 if none does.
    pub fn chain_bits(&self, ps: f64) -> u32 {
        let spare = ps - self.chain_ps(1);
        if spare < 0.0 { 0 } else { (spare / self.carry_bit_ps.max(0.001)) as u32 + 2 }
    }

    /// An operator on its own, wires to it included; nothing for wiring and leaves.
    pub fn op_ps(&self, op: Op, args: &[u32], width: u32) -> f64 {
        let Some(info) = op.info() else { return 0.0 };
        let levels = |inputs: u32| {
            let (mut n, mut levels) = (inputs, 0);
            while n > 1 {
                n = n.div_ceil(self.lut_inputs);
                levels += 1;
            }
            f64::from(levels) * self.level_ps()
        };
        let widest = args.iter().copied().max().unwrap_or(width);
        match info.delay {
            DelayClass::Free | DelayClass::State => 0.0,
            DelayClass::Logic => self.level_ps(),
            DelayClass::Carry => self.chain_ps(widest),
            DelayClass::Tree => levels(widest),
            // Two bits of the distance in a level.
            DelayClass::Shift => {
                f64::from(args.get(1).copied().unwrap_or(1).div_ceil(if self.lut_inputs >= 6 { 2 } else { 1 })) * self.level_ps()
            }
            DelayClass::Multiply => {
                let rows = args.iter().copied().min().unwrap_or(1);
                let adders = f64::from(32 - rows.leading_zeros());
                self.level_ps() + adders * self.chain_ps(1) + self.carry_bit_ps * f64::from(width)
            }
            // A tree of multiplexers over the address.
            DelayClass::Lookup => f64::from(1 + args[0].saturating_sub(self.lut_inputs)) * self.level_ps(),
        }
    }
}
