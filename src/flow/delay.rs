//! Delay models by name.
use crate::flow::error::FlowError;
use crate::hdl::timing::delay::DelayModel;
pub fn model(_: &str) -> Result<DelayModel, FlowError> {
    Ok(DelayModel {
        name: "ecp5".into(),
        lut_inputs: 4,
        clk_to_q_ps: 500.0,
        setup_ps: 100.0,
        lut_ps: 240.0,
        route_ps: 700.0,
        fanout_ps: 50.0,
        carry_in_ps: 450.0,
        carry_bit_ps: 35.0,
        carry_out_ps: 440.0,
    })
}
