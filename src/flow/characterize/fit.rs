//! Fitting: a pattern search (R. Hooke, T. A. Jeeves, *J. ACM* 8, 1961) over the constants that depend
//! on placement, in a fixed order, so that the same measurements give the same model.
use super::designs::{Role, Sample};
use super::predict;
use crate::hdl::timing::delay::DelayModel;
use rayon::prelude::*;

/// A constant to fit: its place, and the limits it stays within.
struct Constant(fn(&mut DelayModel) -> &mut f64, f64, f64);

static CONSTANTS: &[Constant] = &[
    Constant(|m| &mut m.route_ps, 10.0, 5000.0),
    Constant(|m| &mut m.fanout_ps, 1.0, 1000.0),
    Constant(|m| &mut m.size, 0.001, 1.0),
    // No less than the multiplexer alone: its select has a wire too.
    Constant(|m| &mut m.mux_ps, MUX_PS, 2000.0),
    Constant(|m| &mut m.mux_exit_ps, 100.0, 2000.0),
    Constant(|m| &mut m.carry_exit_ps, 1.0, 3000.0),
    // Chains are placed as a whole, so wires to and from them are longer than between tables.
    Constant(|m| &mut m.carry_in_ps, 10.0, 3000.0),
    Constant(|m| &mut m.carry_out_ps, 10.0, 3000.0),
    // Also what every path has on top, on average.
    Constant(|m| &mut m.setup_ps, 1.0, 2000.0),
    Constant(|m| &mut m.spread_ps, 1.0, 1000.0),
];

/// Through the smallest multiplexer behind ECP5 tables (PFUMX), as nextpnr 0.11.1 reports it for speed grade 6.
const MUX_PS: f64 = 165.0;

/// First relative step, and the last.
const STEPS: (f64, f64) = (0.3, 0.01);

/// Planned blocks are what will be predicted: they weigh most.
fn weight(role: Role) -> f64 {
    match role {
        Role::Operator => 1.0,
        Role::Block => 4.0,
        Role::Planned | Role::Test => 12.0,
    }
}

/// The model whose predictions are nearest to the measured periods. Cell delays stay as given; the search
/// starts from multiples of them, so that it does not depend on an earlier fit.
pub fn fit(samples: &[Sample], periods: &[f64], mut model: DelayModel) -> DelayModel {
    let lut = model.lut_ps;
    (model.route_ps, model.fanout_ps, model.size, model.spread_ps) = (2.0 * lut, 0.2 * lut, 0.03, 0.1 * lut);
    model.setup_ps = model.setup_ps.max(0.1 * lut);
    model.mux_ps = if model.wide_inputs > 0 { MUX_PS } else { 0.0 };
    model.mux_exit_ps = if model.mux_exit_ps > 0.0 { lut } else { 0.0 };
    model.carry_exit_ps = lut;
    let used: Vec<(&Sample, f64)> = samples.iter().zip(periods.iter().copied()).filter(|(s, _)| s.role != Role::Test).collect();
    let mut best = loss(&used, &model);
    let mut step = STEPS.0;
    while step > STEPS.1 {
        let before = best;
        for Constant(field, low, high) in CONSTANTS {
            for factor in [1.0 + step, 1.0 / (1.0 + step)] {
                let mut trial = model.clone();
                let x = field(&mut trial);
                if *x == 0.0 {
                    continue;
                }
                *x = (*x * factor).clamp(*low, *high);
                let l = loss(&used, &trial);
                if l < best {
                    (model, best) = (trial, l);
                    break;
                }
            }
        }
        if best >= before * 0.999 {
            step /= 2.0;
        }
    }
    for Constant(field, ..) in CONSTANTS {
        let x = field(&mut model);
        // Three digits are more than measured.
        *x = format!("{x:.2e}").parse().unwrap_or(*x);
    }
    model
}

/// How much longer wires must be taken so that this share of the blocks is as fast as planned. `planned`: blocks
/// that an earlier fit pipelined count, or those of the other model.
pub fn margin(samples: &[Sample], periods: &[f64], model: &DelayModel, planned: bool, share: f64) -> f64 {
    let role = if planned { Role::Planned } else { Role::Block };
    let blocks: Vec<(&Sample, &f64)> = samples.iter().zip(periods).filter(|(s, _)| s.role == role).collect();
    let mut longer: Vec<f64> = blocks.par_iter().map(|(s, ps)| wires(s, **ps, model) - 1.0).collect();
    longer.sort_by(f64::total_cmp);
    let at = (longer.len() as f64 * share) as usize;
    let margin = longer.get(at.min(longer.len().saturating_sub(1))).copied().unwrap_or(0.0);
    (margin.clamp(0.02, 0.8) * 100.0).round() / 100.0
}

/// How many times longer wires make the prediction of a sample the measured period; between 1/2 and 2.
fn wires(s: &Sample, ps: f64, model: &DelayModel) -> f64 {
    let (mut low, mut high) = (0.5, 2.0);
    for _ in 0..12 {
        let middle = (low + high) / 2.0;
        if predict(s, &model.with_wires(middle)) < ps { low = middle } else { high = middle }
    }
    low
}

/// Mean square of the logarithm of predicted over measured, with large errors counted linearly:
/// one odd design must not bend the rest.
fn loss(used: &[(&Sample, f64)], model: &DelayModel) -> f64 {
    let each: Vec<f64> = used
        .par_iter()
        .map(|(s, ps)| {
            let e = (predict(s, model) / ps).ln().abs();
            weight(s.role) * if e < 0.15 { e * e } else { 0.3 * e - 0.0225 }
        })
        .collect();
    // In order, so that the sum does not depend on threads.
    each.iter().sum()
}
