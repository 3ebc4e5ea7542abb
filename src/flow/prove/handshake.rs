//! The proof that a stream's handshake loses, doubles, swaps and invents nothing.
//!
//! A bit travels with every datum through the very registers that tell data from pauses, and a monitor
//! sets it for one datum, any one. It counts what is under way and asks that exactly that datum leaves
//! when those before it have left; that nothing leaves that did not enter; that what is not taken
//! stays; and that a datum that waits for nothing leaves in so many cycles. The datum is any, so the
//! order of all is proved. Data registers share their enables with the bit's.
use super::{Proof, induction};
use crate::blocks::Configured;
use crate::flow::error::FlowError;
use crate::flow::unit::Unit;
use crate::hdl::ir::Design;
use std::fmt::Write;
use std::time::Duration;

/// What ABC does: property-directed reachability (A. R. Bradley, VMCAI 2011) finds the inductive invariant itself.
const SCRIPT: &str = "read_aiger miter.aig; strash; dc2; pdr";

/// Tries to prove the handshake of a stream: `design` is the stream with a bit `in_last` that leaves as `out_last`
/// ([`crate::hdl::timing::flow::apply_with_last`]).
pub fn handshake(block: &dyn Configured, design: &Design, limit: Duration) -> Result<Proof, FlowError> {
    let usage = |message: &str| FlowError::Usage { message: message.into(), help: "ask for --flow stream".into() };
    let pipelined = block.pipelined().ok_or_else(|| usage("without flow control there is nothing to prove"))?;
    if pipelined.streams > 1 {
        return Err(usage("the handshake of streams that take turns cannot be proved yet; `narrowgen check` samples it"));
    }
    let unit = Unit::from_design(design);
    let has = |ports: &[(String, u32)], name: &str| ports.iter().any(|p| p.0 == name);
    if !has(&unit.inputs, "in_last") || !has(&unit.outputs, "out_last") {
        return Err(usage("there is no valid and ready"));
    }
    let places = block.latency() + 1;
    let monitor = monitor(&unit, places);
    let mut files: Vec<(String, &str)> = vec![("monitor.v".into(), &monitor)];
    files.extend(unit.files.iter().map(|f| (f.name.clone(), f.text.as_str())));
    let claim = format!("{}: every datum leaves once, in order, unchanged while it waits; nothing else leaves", unit.top);
    let mut proof = induction(claim, &files, SCRIPT, limit)?;
    proof.method =
        "property-directed reachability (ABC pdr on the handshake and a bit that travels with one datum, any one)".into();
    Ok(proof)
}

/// The stream with its monitor; at most `places` data are under way.
fn monitor(unit: &Unit, places: u32) -> String {
    let bits = 32 - (places + 2).leading_zeros();
    let top = bits - 1;
    let mut v = String::from("module ng_miter (\n  input wire clk,\n  input wire rst,\n  input wire mark");
    let mut pins = unit.control_pins("clk", "rst");
    for (name, width) in unit.inputs.iter().filter(|p| p.0 != "in_last") {
        let _ = write!(v, ",\n  input wire [{}:0] {name}", width - 1);
        pins.push(format!(".{name}({name})"));
    }
    v.push_str(",\n  output wire differ\n);\n");
    v.push_str("  wire in_ready, out_valid, out_last;\n");
    pins.extend(["in_ready", "out_valid", "out_last"].map(|p| format!(".{p}({p})")));
    let _ = write!(
        v,
        "  reg seen = 1'b0, marked = 1'b0, under_way = 1'b0;
  reg stalled = 1'b0, kept = 1'b0, refused = 1'b0, refused2 = 1'b0;
  reg [{top}:0] flight = 0, ahead = 0, quiet = 0;
  wire live = seen & ~rst;
  // One datum is marked, whichever it is.
  wire tag = mark & ~marked;
  {} stream ({}, .in_last(tag));
  wire enter = in_valid & in_ready;
  wire leave = out_valid & out_ready;
  wire [{top}:0] inside = flight + {{{top}'d0, enter}};
  wire tagged = under_way | (enter & tag);
  wire [{top}:0] before = under_way ? ahead : flight;
  wire its_turn = tagged & (before == 0);
  wire idle = (inside != 0) & ~out_valid;
  always @(posedge clk) begin
    seen <= seen | rst;
    marked <= live & (marked | (enter & tag));
    under_way <= live & tagged & ~(leave & its_turn);
    flight <= live ? inside - {{{top}'d0, leave}} : 0;
    ahead <= before - {{{top}'d0, leave & ~its_turn}};
    stalled <= live & out_valid & ~out_ready;
    kept <= out_last;
    quiet <= live & idle ? quiet + 1'b1 : 0;
    // A sink that is ready makes room, two cycles later at most.
    refused <= live & ~in_ready & out_ready;
    refused2 <= live & refused & ~in_ready & out_ready;
  end
  assign differ = live & ((leave & (out_last != its_turn))
    | (out_valid & (inside == 0))
    | (inside > {places} + 1)
    | (stalled & (~out_valid | (out_last != kept)))
    | (quiet > {places})
    | (refused2 & ~in_ready & out_ready));
endmodule
",
        unit.top,
        pins.join(", "),
    );
    v
}
