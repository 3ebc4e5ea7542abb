//! Blocks built as architectures: right on every input, in the native simulator and in Verilator, and clean.
mod points;

use narrowgen::blocks::{self, Configured};
use narrowgen::flow::architecture::{Choice, Dsp, Shape, Shaped};
use narrowgen::flow::lint;
use narrowgen::flow::target::Target;
use narrowgen::flow::tool::{Tool, for_tests};
use narrowgen::hdl::arch::Arch;
use points::Field;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn block(words: &str) -> Box<dyn Configured> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let params = words[1..].chunks(2).map(|p| (p[0].to_string(), p[1].to_string())).collect::<Vec<_>>();
    blocks::find(words[0]).expect("a block").configure(&params).unwrap_or_else(|e| panic!("{words:?}: {e}"))
}

fn shaped(block: Box<dyn Configured>, choice: Choice, target: Target) -> Box<dyn Configured> {
    let shape = Shape { choice, dsp: Dsp::Never, target, pipelined: false, fmax_mhz: None };
    let name = block.module_name();
    Box::new(Shaped::build(block, shape).unwrap_or_else(|e| panic!("{name}: {e}")))
}

const BLOCKS: &[&str] = &[
    "mul a int8 b int8 out exact",
    "mul a int4 b int8 out exact",
    "mul a uint8 b int8 out exact",
    "mul a uint8 b uint8 out exact",
    "mul a int4 b int4 out exact",
    "mul a uint4 b uint4 out exact",
    "mul a int3 b uint5 out exact",
    "mul a e2m1fn b e2m1fn out exact",
    "mul a e4m3fn b e4m3fn out exact",
    "mul a e4m3fn b e4m3fn",
    "mul a e5m2 b e4m3fn",
    "mul a e3m2fn b int8",
    "mac a int8 b int8 terms 65536",
    "mac a uint8 b int8 terms 300",
    "mac a int4 b int4 terms 2",
    "mac a int8 b int8 acc int20",
    "mac",
    "mac acc fp16",
    "dot a int8 b int8 lanes 4 out exact",
    "dot a e2m1fn b e2m1fn lanes 8 out exact",
    "dot a e4m3fn b e4m3fn lanes 3 out fp16",
];

fn check(choice: Choice, target: Target) {
    let test = format!("{} for {target}", choice.word());
    let field = Field::new(BLOCKS.iter().map(|w| shaped(block(w), choice, target)).collect());
    for tool in lint::TOOLS {
        if for_tests(&test, &[*tool]) {
            let report = lint::lint_with(*tool, &field.units).expect("the linter runs");
            let shown = report.messages.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
            assert!(report.messages.is_empty(), "{test}: {}: {} messages\n{shown}", tool.name(), report.messages.len());
        }
    }
    let compared = field.check(&test, 16, 20_000);
    println!("{test}: {compared:?}");
    assert!(compared.exhaustive >= 10 && compared.native > 300_000, "{compared:?}");
    assert!(compared.verilator == compared.native || !for_tests(&test, &[Tool::Verilator]));
}

#[test]
fn blocks_in_every_architecture() {
    for arch in Arch::ALL {
        check(Choice::Always(arch), Target::Xc7);
    }
}

#[test]
fn blocks_as_chosen_for_every_target() {
    for target in Target::ALL {
        check(Choice::Auto, target);
    }
}

#[test]
fn random_points_as_chosen() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for target in [Target::Xc7, Target::Ecp5] {
        let mut names = std::collections::BTreeSet::new();
        let mut blocks = Vec::new();
        while blocks.len() < 60 {
            let (_, block, _) = points::legal(&mut rng, 16);
            if names.insert(block.module_name()) {
                blocks.push(shaped(block, Choice::Auto, target));
            }
        }
        let compared = Field::new(blocks).check_native(16, 4000);
        assert!(compared.native > 150_000, "{compared:?}");
    }
}

/// What was tuned for a clock counts for that clock on that target, and for no other.
#[test]
fn a_tuned_clock() {
    let words = "mul a int8 b int8 out exact";
    let at = |choice, target, fmax_mhz| {
        let shape = Shape { choice, dsp: Dsp::Never, target, pipelined: true, fmax_mhz };
        Shaped::build(block(words), shape).expect("a design").design().expect("a design")
    };
    let recorded = narrowgen::flow::costs::at_clock(&block(words).module_name(), 200.0);
    let best = narrowgen::flow::costs::of_block(Target::Ice40, &recorded).expect("tuned for 200 MHz");
    assert_ne!(best, Choice::None);
    let (tuned, plain) = (at(best, Target::Ice40, None), at(Choice::None, Target::Ice40, None));
    assert!(tuned != plain);
    assert!(at(Choice::Auto, Target::Ice40, Some(200.0)) == tuned);
    for (target, clock) in [(Target::Ice40, Some(201.0)), (Target::Ice40, None), (Target::Xc7, Some(200.0))] {
        assert!(at(Choice::Auto, target, clock) == plain, "{target} {clock:?}");
    }
}
