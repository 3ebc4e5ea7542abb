//! Port profiles: what a finished design is called and packed like at its edge. Applied just before printing.
use crate::bits::Bits;
use crate::edit;
use crate::ir::*;
use crate::ops::Op;
use crate::pass;

/// Conventions for ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// `clk`, `rst`, `a`, `y`, `in_valid` …
    #[default]
    Plain,
    /// lowRISC: `clk_i`, `rst_ni`, `a_i`, `y_o`, `in_valid_i` …
    Lowrisc,
    /// AXI4-Stream: `aclk`, `aresetn`, `s_axis_…`, `m_axis_…`; of a stream only.
    Axis,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 3] = [Profile::Plain, Profile::Lowrisc, Profile::Axis];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Plain => "plain",
            Profile::Lowrisc => "lowrisc",
            Profile::Axis => "axis",
        }
    }

    /// Clock, and reset of either level.
    fn pins(self, low: bool) -> (&'static str, &'static str) {
        match (self, low) {
            (Profile::Plain, false) => ("clk", "rst"),
            (Profile::Plain, true) => ("clk", "rst_n"),
            (Profile::Lowrisc, false) => ("clk_i", "rst_i"),
            (Profile::Lowrisc, true) => ("clk_i", "rst_ni"),
            (Profile::Axis, false) => ("aclk", "areset"),
            (Profile::Axis, true) => ("aclk", "aresetn"),
        }
    }
}

/// Where a port went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Port of the plain design.
    pub plain: String,
    /// Port of the profile.
    pub port: String,
    /// Its lowest bit there.
    pub low: u32,
    /// Width in bits.
    pub bits: u32,
}

/// The design with the ports of a profile, and where each port went. `beside` says which data ports travel
/// beside the data (control, random bits, flags): in tuser.
pub fn apply(design: &Design, profile: Profile, beside: impl Fn(&str) -> bool) -> (Design, Vec<Place>) {
    let mut design = design.clone();
    let top = design.top.index();
    let (clock, reset) = profile.pins(design.reset.is_low());
    let m = &mut design.modules[top];
    m.pins = (profile != Profile::Plain).then(|| Pins { clock: clock.into(), reset: reset.into() });
    let mut places = Vec::new();
    match profile {
        Profile::Plain => {}
        Profile::Lowrisc => {
            for (ports, end) in [(&mut m.inputs, "_i"), (&mut m.outputs, "_o")] {
                for p in ports {
                    let port = format!("{}{end}", p.name);
                    places.push(Place { plain: std::mem::replace(&mut p.name, port.clone()), port, low: 0, bits: p.width });
                }
            }
        }
        Profile::Axis => {
            axis_inputs(m, &beside, &mut places);
            axis_outputs(m, &beside, &mut places);
            return (pass::optimize(&design), places);
        }
    }
    (design, places)
}

/// Name of a port that is one bit of the protocol.
fn protocol(name: &str) -> Option<&'static str> {
    Some(match name {
        "in_valid" => "s_axis_tvalid",
        "in_ready" => "s_axis_tready",
        "in_last" => "s_axis_tlast",
        "out_valid" => "m_axis_tvalid",
        "out_ready" => "m_axis_tready",
        "out_last" => "m_axis_tlast",
        _ => return None,
    })
}

/// Places of ports in tdata, each from a byte of its own on, or one behind the other in tuser; and the width of all.
fn pack(ports: &[&Port], port: &str, bytes: bool, places: &mut Vec<Place>) -> u32 {
    let mut low = 0;
    for p in ports {
        places.push(Place { plain: p.name.clone(), port: port.into(), low, bits: p.width });
        low += if bytes { p.width.next_multiple_of(8) } else { p.width };
    }
    low
}

fn axis_inputs(m: &mut Module, beside: &impl Fn(&str) -> bool, places: &mut Vec<Place>) {
    let old = m.inputs.clone();
    let mut new: Vec<(String, u32)> = Vec::new();
    for (name, user) in [("s_axis_tdata", false), ("s_axis_tuser", true)] {
        let ports: Vec<&Port> = old.iter().filter(|p| protocol(&p.name).is_none() && beside(&p.name) == user).collect();
        let width = pack(&ports, name, !user, places);
        if width > 0 {
            new.push((name.into(), width));
        }
    }
    for p in old.iter().filter(|p| protocol(&p.name).is_some()) {
        let name = protocol(&p.name).unwrap_or_default();
        places.push(Place { plain: p.name.clone(), port: name.into(), low: 0, bits: 1 });
        new.push((name.into(), 1));
    }
    // The new ports stand before everything; the old ones become slices of them.
    for (imm, (_, width)) in new.iter().enumerate() {
        edit::insert(m, NodeId(imm as u32), Node { op: Op::Input, width: *width, args: [NodeId(0); 3], imm: imm as u32 });
    }
    for p in &m.inputs {
        let Some(place) = places.iter().find(|x| x.plain == p.name) else { continue };
        let from = new.iter().position(|n| n.0 == place.port).unwrap_or_default();
        let args = [NodeId(from as u32), NodeId(0), NodeId(0)];
        m.nodes[p.node.index()] = Node { op: Op::Slice, width: place.bits, args, imm: place.low };
    }
    let ports = new.into_iter().enumerate();
    m.inputs = ports.map(|(i, (name, width))| Port { name, width, node: NodeId(i as u32) }).collect();
}

fn axis_outputs(m: &mut Module, beside: &impl Fn(&str) -> bool, places: &mut Vec<Place>) {
    let old = m.outputs.clone();
    m.outputs.clear();
    for (name, user) in [("m_axis_tdata", false), ("m_axis_tuser", true)] {
        let ports: Vec<&Port> = old.iter().filter(|p| protocol(&p.name).is_none() && beside(&p.name) == user).collect();
        let width = pack(&ports, name, !user, places);
        let mut parts = Vec::new();
        for p in ports.iter().rev() {
            let padding = if user { 0 } else { p.width.next_multiple_of(8) - p.width };
            if padding > 0 {
                parts.push(m.push_const(Bits::zero(padding)));
            }
            parts.push(p.node);
        }
        if width > 0 {
            let node = m.push_op(Op::Concat, width, &parts, 0, NameId(0), None);
            m.outputs.push(Port { name: name.into(), width, node });
        }
    }
    for p in old.iter().filter(|p| protocol(&p.name).is_some()) {
        let name = protocol(&p.name).unwrap_or_default();
        places.push(Place { plain: p.name.clone(), port: name.into(), low: 0, bits: 1 });
        m.outputs.push(Port { name: name.into(), ..p.clone() });
    }
}
