//! Every flow, reset style and port profile prints Verilog that linters accept, and profiles change names and places only.
mod support;
use narrowgen::blocks::Configured;
use narrowgen::flow::clocked::{Clocked, Clocking};
use narrowgen::flow::lint;
use narrowgen::flow::tool::{Tool, for_tests, resolve};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::hdl::ir::Reset;
use narrowgen::hdl::prelude::*;
use narrowgen::hdl::random::Stream;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::timing::delay::DelayModel;
use narrowgen::hdl::timing::flow::{Buffer, Flow, apply, apply_with_last};
use narrowgen::hdl::timing::pipeline::{Request, pipeline};
use narrowgen::hdl::timing::ports::{self, Profile};
use num_bigint::BigUint;

#[test]
fn every_style_is_clean() {
    let mut units = Vec::new();
    for reset in Reset::ALL {
        let mac = design(&format!("mac_{}", reset.name()), reset, |m| {
            let (a, b, clear, en) = (m.uint_in("a", 5), m.uint_in("b", 5), m.bit_in("clear"), m.bit_in("en"));
            let acc = m.state_uint("acc", 16, 3);
            let start = clear.select(m.uint(0u32, 16), acc.get());
            acc.set_when(en, (start + a * b).wrap(16));
            m.output("y", acc.get());
        })
        .unwrap();
        for (stages, streams) in [(0, 1), (2, 1), (3, 2)] {
            let model = DelayModel { lut_ps: 240.0, route_ps: 700.0, carry_bit_ps: 35.0, ..DelayModel::default() };
            let request = Request { period_ps: None, stages: Some(stages), streams, accumulator: Default::default(), model };
            let p = pipeline(&mac, &request).unwrap();
            let mut add = |d: Design, profile: Profile, what: &str| {
                let (mut d, _) = ports::apply(&d, profile, |name| name == "clear" || name == "en");
                let top = d.top.index();
                d.modules[top].name.push_str(&format!("_{stages}_{streams}_{what}_{}", profile.name()));
                narrowgen::hdl::verify::verify(&d).unwrap();
                units.push(Unit::from_design(&d));
            };
            for profile in [Profile::Plain, Profile::Lowrisc] {
                add(apply(&p, 1, Flow::Fixed, Buffer::Skid), profile, "fixed");
                add(apply(&p, 1, Flow::Enable, Buffer::Skid), profile, "enable");
                add(apply(&p, 1, Flow::Stream, Buffer::Skid), profile, "skid");
                add(apply(&p, 1, Flow::Stream, Buffer::Half), profile, "half");
            }
            add(apply_with_last(&p, 1, Buffer::Skid), Profile::Axis, "axis");
        }
    }
    assert_eq!(units.len(), 5 * 3 * 9);
    let asserted = units.iter().filter(|u| u.files.iter().any(|f| f.text.contains("NARROWGEN_ASSERT"))).count();
    assert_eq!(asserted, 5 * 3 * 5);
    if !for_tests("every_style_is_clean", lint::TOOLS) {
        return;
    }
    for report in lint::lint(&units).unwrap() {
        assert!(report.version.is_some(), "{:?} did not run", report.tool);
        assert_eq!(report.messages, Vec::<String>::new(), "{:?}", report.tool);
    }
    assertions_are_read(&units);
}

/// Yosys takes the assertions and the assumptions of streams; how many there are, it says itself.
fn assertions_are_read(units: &[Unit]) {
    let dir = tempfile::tempdir().unwrap();
    for unit in units.iter().filter(|u| u.files.iter().any(|f| f.text.contains("NARROWGEN_ASSERT"))).take(9) {
        for f in &unit.files {
            std::fs::write(dir.path().join(&f.name), &f.text).unwrap();
        }
        let names: Vec<&str> = unit.files.iter().map(|f| f.name.as_str()).collect();
        let script = format!(
            "read_verilog -formal -DNARROWGEN_ASSERT -DFORMAL {}; hierarchy -check -top {}; proc; select -assert-min 3 t:$assert t:$check; select -assert-min 2 t:$assume t:$check",
            names.join(" "),
            unit.top
        );
        let mut command = resolve(Tool::Yosys).unwrap().command();
        let done = command.args(["-Q", "-T", "-p", &script]).current_dir(dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {said}", unit.top);
    }
}

/// A port of a profile as pieces of plain ports: what goes through one pin must come out of the other.
#[test]
fn profiles_do_what_plain_ports_do() {
    if !for_tests("profiles_do_what_plain_ports_do", &[Tool::Verilator, Tool::Cxx]) {
        return;
    }
    const CYCLES: usize = 20_000;
    // What data registers hold before the first datum is anything.
    const FIRST: usize = 100;
    let mut compared = 0;
    for (block, params) in [("mul", "a=e3m2fn b=int5 out=exact"), ("mac", "a=int8 b=int8"), ("mac", "acc=fp16 round=stochastic")]
    {
        for (ports, flow) in [
            (Profile::Lowrisc, Flow::Fixed),
            (Profile::Lowrisc, Flow::Enable),
            (Profile::Lowrisc, Flow::Stream),
            (Profile::Axis, Flow::Stream),
        ] {
            let clocking = Clocking { stages: Some(2), flow, ports, ..Clocking::default() };
            let block = Clocked::build(support::configure(block, params).unwrap(), &clocking).unwrap();
            let printed = Unit::from_design(&block.printed().unwrap());
            let outside = printed.inputs.iter().chain(&printed.outputs);
            let free: Vec<BigUint> = outside.map(|(pin, width)| free_bits(&block, pin, *width)).collect();
            let mut plain = Unit::from_design(&block.design().unwrap());
            // Both stand in one model.
            let name = format!("{}_plain", plain.top);
            plain.files.iter_mut().for_each(|f| {
                f.text = f.text.replace(&format!("module {} ", plain.top), &format!("module {name} "));
                f.name = format!("plain_{}", f.name);
            });
            plain.top = name;
            let mut random = Stream(9);
            let (mut to_plain, mut to_printed) = (Rows::new(&plain.input_widths()), Rows::new(&printed.input_widths()));
            for _ in 0..CYCLES {
                // Padding holds anything.
                let mut packed: Vec<BigUint> = printed.inputs.iter().map(|(_, w)| number(&mut random, *w)).collect();
                let mut values = Vec::new();
                for (name, width) in &plain.inputs {
                    let place = block.places.iter().find(|p| p.plain == *name).unwrap_or_else(|| panic!("{name} went nowhere"));
                    let pin = printed.inputs.iter().position(|p| p.0 == place.port).unwrap();
                    assert_eq!(place.bits, *width);
                    values.push((&packed[pin] >> place.low) & mask(*width));
                    // Data comes two times out of three; valid and ready are single bits at random otherwise.
                    if name == "in_valid" && random.next().is_multiple_of(3) {
                        packed[pin] = BigUint::from(1u8);
                        *values.last_mut().unwrap() = BigUint::from(1u8);
                    }
                }
                to_plain.push(&values);
                to_printed.push(&packed);
            }
            let model = verilator::build(&[plain.clone(), printed.clone()]).unwrap();
            let (expected, found) = (model.run(0, &to_plain, 0).unwrap(), model.run(1, &to_printed, 0).unwrap());
            for (column, (name, width)) in plain.outputs.iter().enumerate() {
                let place = block.places.iter().find(|p| p.plain == *name).unwrap_or_else(|| panic!("{name} went nowhere"));
                let pin = printed.outputs.iter().position(|p| p.0 == place.port).unwrap();
                let differ =
                    (FIRST..CYCLES).find(|r| expected.get(*r, column) != (found.get(*r, pin) >> place.low) & mask(*width));
                assert_eq!(differ, None, "{} {name}", printed.top);
                compared += CYCLES - FIRST;
            }
            for (pin, free) in free[printed.inputs.len()..].iter().enumerate() {
                let full = (0..CYCLES).find(|r| found.get(*r, pin) & free != BigUint::ZERO);
                assert_eq!(full, None, "{}: padding of {}", printed.top, printed.outputs[pin].0);
            }
            let changes = (1..CYCLES).filter(|r| expected.get(*r, 0) != expected.get(r - 1, 0)).count();
            assert!(changes > CYCLES / 10, "{}: nothing moves", printed.top);
        }
    }
    assert!(compared >= 12 * (CYCLES - FIRST));
}

/// The bits of a pin that carry nothing; no two ports may share one, and those in tdata start at a byte.
fn free_bits(block: &Clocked, pin: &str, width: u32) -> BigUint {
    let mut taken = BigUint::ZERO;
    for place in block.places.iter().filter(|p| p.port == pin) {
        let bits = mask(place.bits) << place.low;
        assert_eq!(&taken & &bits, BigUint::ZERO, "{} of {pin}", place.plain);
        assert!(!pin.ends_with("tdata") || place.low % 8 == 0, "{} of {pin}", place.plain);
        taken |= bits;
    }
    assert!(taken.bits() <= u64::from(width) && taken != BigUint::ZERO, "{pin}");
    mask(width) ^ taken
}

fn mask(width: u32) -> BigUint {
    (BigUint::from(1u8) << width) - 1u8
}

fn number(random: &mut Stream, width: u32) -> BigUint {
    let words: Vec<u32> = (0..width.div_ceil(32)).map(|_| random.next() as u32).collect();
    BigUint::new(words) & mask(width)
}
