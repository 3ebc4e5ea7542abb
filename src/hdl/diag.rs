//! Diagnostics: what went wrong while a circuit was described, where, and what to do.
use crate::ir::Loc;
use std::fmt;

/// One mistake found while building a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code with an `explain` page, e.g. `W001`.
    pub code: &'static str,
    /// What is wrong, expected against found.
    pub message: String,
    /// The line that made the mistake.
    pub loc: Option<Loc>,
    /// Related places: the lines that made the operands.
    pub labels: Vec<(Loc, String)>,
    /// What to do about it.
    pub help: String,
}

/// Codes, with one line each for `explain`.
pub const CODES: &[(&str, &str)] = &[
    ("W001", "A literal does not fit the width it was given. Widen it, or use `nat`/`int`, which take the width from the value."),
    ("W002", "Bits outside the value were asked for. `slice(hi, lo)` needs hi < width and lo <= hi; `bit(i)` needs i < width."),
    (
        "W003",
        "A widening verb (`zext`, `sext`, `widen`) was given fewer bits than the value has. Use `wrap`, `saturate` or `narrow` to lose bits on purpose.",
    ),
    ("W004", "A zero-width value was asked for. Every value has at least one bit."),
    ("P001", "A port, state or instance name is used twice in one module, or a port of an instance is missing or unknown."),
    ("P002", "An instance port was connected to a value of another width than the port's."),
    (
        "P003",
        "Two different modules of one design have the same name. A module's name must contain every parameter it depends on.",
    ),
    ("P004", "A name cannot stand in Verilog: it is no identifier, a reserved word, or one of the names of clock and reset."),
    ("S001", "A state was never given a next value, or given one twice."),
    ("S002", "A state was given a next value whose width differs from the state's. Lose or add bits on purpose before `set`."),
    ("S003", "A design with registers was instantiated in a design that resets registers in another way."),
    ("T001", "A table has no entries, more entries than its address reaches, or an entry wider than the table."),
];

/// All mistakes of one build, in source order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.code, self.message)?;
        if let Some(loc) = self.loc {
            writeln!(f, "  --> {}:{}:{}", loc.file(), loc.line(), loc.column())?;
        }
        for (loc, text) in &self.labels {
            writeln!(f, "   | {text}, from {}:{}", loc.file(), loc.line())?;
        }
        write!(f, "   = help: {}", self.help)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{d}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
