//! Blocks whose operators and loops are cut for a clock compute what they did before: random blocks,
//! formats and policies, at clocks from easy to impossible.
mod points;
use narrowgen::blocks;
use narrowgen::hdl::random::Stream;
use narrowgen::hdl::sim::Sim;
use narrowgen::hdl::timing::delay::DelayModel;
use narrowgen::hdl::timing::split::{Accumulator, SplitOptions, split};
use narrowgen::hdl::verify::verify;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn blocks_cut_for_a_clock_compute_the_same() {
    let model = DelayModel {
        name: "test".into(),
        lut_inputs: 4,
        clk_to_q_ps: 500.0,
        setup_ps: 0.0,
        lut_ps: 250.0,
        route_ps: 1000.0,
        fanout_ps: 100.0,
        carry_in_ps: 450.0,
        carry_bit_ps: 35.0,
        carry_out_ps: 550.0,
        ..DelayModel::default()
    };
    let clocks = [
        (2000.0, 1, Accumulator::Auto),
        (3300.0, 1, Accumulator::Auto),
        (5000.0, 4, Accumulator::Auto),
        (f64::INFINITY, 1, Accumulator::Auto),
        (3000.0, 1, Accumulator::CarrySave),
        (3000.0, 1, Accumulator::Difference),
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let (mut checked, mut cut) = (0, 0);
    while checked < 1800 {
        let point = points::point(&mut rng, 12);
        let params: Vec<(String, String)> = point.params.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
        let Ok(block) = blocks::find(point.block).unwrap().configure(&params) else { continue };
        let design = block.design().unwrap();
        let rows = Stream(3).rows(&design, 1500);
        let want = Sim::new(&design).unwrap().run(&rows, 50);
        for (period_ps, streams, accumulator) in clocks {
            let options = SplitOptions { period_ps, model: model.clone(), accumulator, streams };
            let faster = split(&design, &options);
            assert_eq!(verify(&faster), Ok(()));
            let got = Sim::new(&faster).unwrap().run(&rows, 50);
            assert!(got == want, "{} {:?} at {period_ps} ps, {accumulator:?}", point.block, point.params);
            checked += 1;
            cut += usize::from(faster != design);
        }
    }
    assert!(cut > 1000, "{cut} of {checked}");
}
