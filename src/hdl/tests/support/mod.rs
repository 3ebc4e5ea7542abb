//! Delay models for tests, and units beside their plain forms.
#![allow(dead_code)]
pub mod units;

use narrowgen_hdl::timing::delay::DelayModel;

/// Delays of the order of a real part's.
pub fn model() -> DelayModel {
    DelayModel {
        name: "test".into(),
        lut_inputs: 4,
        clk_to_q_ps: 500.0,
        setup_ps: 100.0,
        lut_ps: 240.0,
        route_ps: 700.0,
        fanout_ps: 50.0,
        carry_in_ps: 450.0,
        carry_bit_ps: 35.0,
        carry_out_ps: 440.0,
        ..DelayModel::default()
    }
}

/// Round numbers: a level takes 1 ns, a chain of n bits 1 ns + n × 0.1 ns, the registers 0.5 ns.
pub fn round(lut_inputs: u32) -> DelayModel {
    DelayModel {
        name: "test".into(),
        lut_inputs,
        clk_to_q_ps: 300.0,
        setup_ps: 200.0,
        lut_ps: 400.0,
        route_ps: 600.0,
        carry_in_ps: 200.0,
        carry_bit_ps: 100.0,
        carry_out_ps: 300.0,
        ..DelayModel::default()
    }
}
