//! The text around the units: one Verilog module that holds them all, and the C++ that moves rows
//! to and from its ports.
//!
//! Ports are numbered, because names that are good in Verilog may not be in C++. Units with the same
//! inputs share them (a *class*), which lets Verilator share their logic.
use super::super::unit::Unit;
use crate::hdl::rows::words_for;
use std::fmt::Write;

/// Name of the module that holds the units.
pub const TOP: &str = "narrowgen_top";

/// Class of every unit: the number of the first unit with the same inputs, clock and reset.
pub fn classes(units: &[&Unit]) -> Vec<usize> {
    let same = |a: &Unit, b: &Unit| a.input_widths() == b.input_widths() && (a.clocked, a.reset) == (b.clocked, b.reset);
    units.iter().map(|u| units.iter().position(|other| same(u, other)).unwrap_or_default()).collect()
}

/// The Verilog module that holds the units.
pub fn verilog(units: &[&Unit]) -> String {
    let classes = classes(units);
    let (mut ports, mut body) = (Vec::new(), String::new());
    let range = |bits: u32| if bits == 1 { String::new() } else { format!("[{}:0] ", bits - 1) };
    for (u, unit) in units.iter().enumerate() {
        let class = classes[u];
        if class == u {
            for name in control(unit) {
                ports.push(format!("input wire c{class}_{name}"));
            }
            for (i, (_, bits)) in unit.inputs.iter().enumerate() {
                ports.push(format!("input wire {}c{class}_{i}", range(*bits)));
            }
        }
        let mut pins = unit.control_pins(&format!("c{class}_clk"), &format!("c{class}_rst"));
        pins.extend(unit.inputs.iter().enumerate().map(|(i, (name, _))| format!(".{name}(c{class}_{i})")));
        for (i, (name, bits)) in unit.outputs.iter().enumerate() {
            ports.push(format!("output wire {}u{u}_{i}", range(*bits)));
            pins.push(format!(".{name}(u{u}_{i})"));
        }
        let _ = writeln!(body, "  {} unit{u} ({});", unit.top, pins.join(", "));
    }
    format!("module {TOP} (\n  {}\n);\n{body}endmodule\n", ports.join(",\n  "))
}

fn control(unit: &Unit) -> impl Iterator<Item = &'static str> {
    let reset = unit.clocked && unit.reset;
    [("clk", unit.clocked), ("rst", reset)].into_iter().filter(|(_, on)| *on).map(|(name, _)| name)
}

/// The C++ file: everything Verilator wrote, then the glue.
pub fn cpp(units: &[&Unit], generated: &[String]) -> String {
    let classes = classes(units);
    let mut out = String::new();
    for name in generated {
        let _ = writeln!(out, "#include \"{name}\"");
    }
    let _ = writeln!(out, "#define NG_TOP V{TOP}\n#include \"model.h\"");
    for (u, unit) in units.iter().enumerate() {
        let class = classes[u];
        let widths = |ports: &[(String, u32)]| ports.iter().map(|p| p.1).collect::<Vec<_>>();
        let words = |ports: &[(String, u32)]| ports.iter().map(|p| words_for(p.1)).sum::<usize>();
        let bits = widths(&unit.inputs).iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            out,
            "struct U{u} {{\n  enum : uint32_t {{ input_class = {class}, input_words = {}, output_words = {}, clocked = {}, \
             reset = {}, memory = {}, inputs = {} }};\n  static constexpr uint32_t input_bits[] = {{{bits}}};",
            words(&unit.inputs),
            words(&unit.outputs),
            u8::from(unit.clocked),
            u8::from(unit.clocked && unit.reset),
            u8::from(unit.memory),
            unit.inputs.len(),
        );
        let _ = writeln!(out, "  static void set(NG_TOP& t, const uint64_t* r) {{");
        let mut at = 0;
        for (i, bits) in widths(&unit.inputs).into_iter().enumerate() {
            let _ = if bits <= 64 {
                writeln!(out, "    t.c{class}_{i} = r[{at}];")
            } else {
                writeln!(out, "    ng_put(t.c{class}_{i}, r + {at}, {});", bits.div_ceil(32))
            };
            at += words_for(bits);
        }
        let _ = writeln!(out, "  }}\n  static void get(const NG_TOP& t, uint64_t* r) {{");
        at = 0;
        for (i, bits) in widths(&unit.outputs).into_iter().enumerate() {
            let _ = if bits <= 64 {
                writeln!(out, "    r[{at}] = t.u{u}_{i};")
            } else {
                writeln!(out, "    ng_take(t.u{u}_{i}, r + {at}, {});", bits.div_ceil(32))
            };
            at += words_for(bits);
        }
        let pin = |name: &str, on: bool| if on { format!("t.c{class}_{name} = level;") } else { String::new() };
        let _ = writeln!(
            out,
            "  }}\n  static void clock(NG_TOP& t, int level) {{ {} }}\n  static void set_reset(NG_TOP& t, int level) {{ {} }}\n}};",
            pin("clk", unit.clocked),
            pin("rst", unit.clocked && unit.reset)
        );
    }
    let list = (0..units.len()).map(|u| format!("ng_unit<U{u}>()")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "static const NgUnit ng_units[] = {{{list}}};");
    let _ = writeln!(out, "extern \"C\" const NgModel ng_model;");
    let _ = writeln!(out, "const NgModel ng_model = {{{}, ng_units, ng_create, ng_destroy, ng_eval}};", units.len());
    out
}
