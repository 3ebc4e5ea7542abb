//! Assertions, in the immediate form that Verilator and Yosys both read.
use super::line::*;
use super::module::Printer;
use std::fmt::Write;

impl Printer<'_> {
    /// All assertions, behind `` `ifdef NARROWGEN_ASSERT ``; assumptions, behind `` `ifdef FORMAL `` too.
    pub(super) fn asserts(&mut self) {
        let m = self.m;
        if m.asserts.is_empty() {
            return;
        }
        self.out.push_str("\n`ifdef NARROWGEN_ASSERT\n");
        let running = self.resetting(false).map(|no| format!("{no} && ")).unwrap_or_default();
        for a in &m.asserts {
            let held = self.names.claim("asserted");
            let was: Vec<String> = a.stable.iter().map(|_| self.names.claim(&format!("{held}_value"))).collect();
            let word = if a.assume { "assume" } else { "assert" };
            let mut text = format!("  // {}\n  reg {held};\n", a.text);
            for (n, was) in a.stable.iter().zip(&was) {
                let _ = writeln!(text, "  reg {}{was};", dims(m.width(*n)));
            }
            let _ = writeln!(text, "  initial {held} = 1'b0;\n  always @(posedge {}) begin", m.clock());
            let _ = writeln!(text, "    {held} <= {running}{};", self.text(a.when));
            for (n, was) in a.stable.iter().zip(&was) {
                let _ = writeln!(text, "    {was} <= {};", self.bare(*n));
            }
            let _ = writeln!(text, "    if ({running}{held}) begin");
            for n in &a.holds {
                let _ = writeln!(text, "      {word} ({});", self.bare(*n));
            }
            for (n, was) in a.stable.iter().zip(&was) {
                let _ = writeln!(text, "      {word} ({was} == {});", self.text(*n));
            }
            text.push_str("    end\n  end\n");
            if a.assume {
                text = format!("`ifdef FORMAL\n{text}`endif\n");
            }
            self.out.push_str(&text);
        }
        self.out.push_str("`endif\n");
    }
}
