//! The DSL's guided example, printed.
use narrowgen_hdl::prelude::*;

#[test]
fn mac_prints() {
    let d = design("mac", Reset::Sync, |m| {
        let (a, b) = (m.sint_in("a", 8), m.sint_in("b", 8));
        let clear = m.bit_in("clear");
        let acc = m.state_sint("acc", 24, 0);
        wires! {
            let prod = a * b;
            let base = clear.select(m.sint(0, 24), acc.get());
            let sum = base + prod;
            let next = sum.saturate(24);
        }
        acc.set(next);
        m.output("y", acc.get());
    })
    .unwrap();
    let files = narrowgen_hdl::verilog::print(&d);
    println!("{}", files[0].text);
    assert!(files[0].text.contains("module mac ("));
}
