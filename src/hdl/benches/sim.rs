//! Rates of the native simulator: `cargo bench -p narrowgen-hdl --bench sim`.
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::rows::Rows;
use narrowgen_hdl::sim::Sim;
use std::time::Instant;

/// Best of several runs, in vectors per second.
fn rate(name: &str, sim: &Sim, vectors: u64, mut run: impl FnMut()) {
    let best = (0..9)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    let (gates, slots) = sim.size();
    let per_second = vectors as f64 / best.as_secs_f64();
    println!("{name:32} {gates:8} gates {slots:6} slots {:9.2} M vectors/s", per_second / 1e6);
}

fn exhaustive(name: &str, design: &Design) {
    let sim = Sim::new(design).expect("simulates");
    let mut vectors = 0;
    sim.exhaustive(|_, rows| vectors += rows.len() as u64).expect("no claim");
    let mut sum = 0;
    rate(name, &sim, vectors, || sim.exhaustive(|_, rows| sum += rows.words()[0]).expect("no claim"));
    std::hint::black_box(sum);
}

fn rows(name: &str, design: &Design, n: usize, sequence: usize) {
    let sim = Sim::new(design).expect("simulates");
    let mut rows = Rows::zeros(sim.inputs(), n);
    let mut seed = 1u64;
    for row in 0..n {
        for (column, bits) in sim.inputs().to_vec().into_iter().enumerate() {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            rows.set(row, column, &BigUint::from(seed >> 16).modpow(&1u8.into(), &(BigUint::from(1u8) << bits)));
        }
    }
    rate(name, &sim, n as u64, || {
        std::hint::black_box(sim.run(&rows, sequence).expect("no claim"));
    });
}

fn multiplier(bits: u32, signed: bool) -> Design {
    design("mul", Reset::None, |m| {
        if signed {
            let (a, b) = (m.sint_in("a", bits), m.sint_in("b", bits));
            m.output("y", a * b);
        } else {
            let (a, b) = (m.uint_in("a", bits), m.uint_in("b", bits));
            m.output("y", a * b);
        }
    })
    .expect("builds")
}

/// About a million nodes, a third of them products.
fn large() {
    let start = Instant::now();
    let d = design("large", Reset::None, |m| {
        let inputs: Vec<_> = (0..16).map(|i| m.uint_in(&format!("x{i}"), 8)).collect();
        let mut live = inputs;
        for i in 0..250_000 {
            let (a, b) = (live[i % 16], live[(i * 7 + 3) % 16]);
            live[(i * 5 + 1) % 16] = ((a * b).wrap(8) + b).wrap(8);
        }
        let y = live[1..].iter().fold(live[0], |x, y| x ^ *y);
        m.output("y", y);
    })
    .expect("builds");
    let nodes = d.top().nodes.len();
    let built = start.elapsed();
    let sim = Sim::new(&d).expect("simulates");
    println!("{nodes} nodes: built in {built:?}, compiled in {:?}, size {:?}", start.elapsed() - built, sim.size());
    let rows = Rows::zeros(sim.inputs(), 4096);
    rate("large", &sim, 4096, || {
        std::hint::black_box(sim.run(&rows, 0).expect("no claim"));
    });
}

fn main() {
    if std::env::args().any(|a| a == "large") {
        return large();
    }
    println!("threads: {}", rayon::current_num_threads());
    let mac = design("mac", Reset::Sync, |m| {
        let (a, b) = (m.sint_in("a", 8), m.sint_in("b", 8));
        let (clear, en) = (m.bit_in("clear"), m.bit_in("en"));
        let acc = m.state_sint("acc", 24, 0);
        let base = clear.select(m.sint(0, 24), acc.get());
        acc.set_when(en, (base + a * b).wrap(24));
        m.output("y", acc.get());
    })
    .expect("builds");
    exhaustive("int8 multiply, all pairs", &multiplier(8, true));
    exhaustive("uint11 multiply, all pairs", &multiplier(11, false));
    rows("int8 multiply, rows", &multiplier(8, true), 1 << 20, 0);
    rows("uint24 multiply, rows", &multiplier(24, false), 1 << 18, 0);
    rows("uint64 multiply, rows", &multiplier(64, false), 1 << 15, 0);
    rows("int8 mac, sequences of 64", &mac, 1 << 20, 64);
    rows("int8 mac, one sequence", &mac, 1 << 16, 0);
    large();
}
