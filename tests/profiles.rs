//! Every flow, reset style and port profile prints Verilog that linters accept.
use narrowgen::flow::lint;
use narrowgen::flow::tool::{Tool, for_tests, resolve};
use narrowgen::flow::unit::Unit;
use narrowgen::hdl::ir::Reset;
use narrowgen::hdl::prelude::*;
use narrowgen::hdl::timing::delay::DelayModel;
use narrowgen::hdl::timing::flow::{Buffer, Flow, apply, apply_with_last};
use narrowgen::hdl::timing::pipeline::{Request, pipeline};
use narrowgen::hdl::timing::ports::{self, Profile};

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
