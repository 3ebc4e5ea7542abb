//! Boards and parts: data files under `fpga/`, compiled in.
use super::target::Target;
use serde::Deserialize;

/// A development board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The command-line word.
    pub name: String,
    /// Full name.
    pub title: String,
    /// Family of its device.
    pub target: Target,
    /// Family option of the Yosys command.
    pub family: String,
    /// True if multiplier blocks may be used.
    pub dsp: bool,
    /// Device options of nextpnr.
    pub place: Vec<String>,
    /// Options of the bitstream tool.
    pub pack: Vec<String>,
    /// Clock on the `clk` pin, Hz.
    pub clock_hz: u32,
    /// Where the pins were read.
    pub source: String,
    /// What the user must know.
    #[serde(default)]
    pub note: String,
    /// Pins of the harness.
    pub pins: Pins,
}

/// Pins of the harness.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Clock input.
    pub clk: String,
    /// Serial output, driven by the FPGA.
    pub tx: String,
}

/// Every board, by name: (name, data file).
const BOARDS: [(&str, &str); 7] = [
    ("icebreaker", include_str!("../../fpga/boards/icebreaker.toml")),
    ("hx8k", include_str!("../../fpga/boards/hx8k.toml")),
    ("ulx3s", include_str!("../../fpga/boards/ulx3s.toml")),
    ("orangecrab", include_str!("../../fpga/boards/orangecrab.toml")),
    ("colorlight_i5", include_str!("../../fpga/boards/colorlight_i5.toml")),
    ("tangnano9k", include_str!("../../fpga/boards/tangnano9k.toml")),
    ("tangnano20k", include_str!("../../fpga/boards/tangnano20k.toml")),
];

/// Serial speed of the harness on every board.
pub const BAUD: u32 = 115_200;

impl Board {
    /// Names of all boards.
    pub fn names() -> Vec<&'static str> {
        BOARDS.iter().map(|(n, _)| *n).collect()
    }

    /// The board of that name.
    pub fn find(name: &str) -> Option<Board> {
        let (name, text) = BOARDS.iter().find(|(n, _)| *n == name)?;
        match toml::from_str(text) {
            Ok(board) => Some(board),
            Err(e) => panic!("internal error: fpga/boards/{name}.toml: {e}"),
        }
    }

    /// Clock cycles per serial bit.
    pub fn divider(&self) -> u32 {
        (self.clock_hz + BAUD / 2) / BAUD
    }

    /// Clock in MHz.
    pub fn clock_mhz(&self) -> f64 {
        f64::from(self.clock_hz) / 1e6
    }

    /// Name and contents of the constraint file. It carries no frequency: that would silently
    /// override the `--freq` of nextpnr, the one place where it is set.
    pub fn constraints(&self) -> (&'static str, String) {
        let Pins { clk, tx } = &self.pins;
        match self.target {
            Target::Ice40 => ("pins.pcf", format!("set_io clk {clk}\nset_io tx {tx}\n")),
            Target::Ecp5 => (
                "pins.lpf",
                format!(
                    "LOCATE COMP \"clk\" SITE \"{clk}\";\nIOBUF PORT \"clk\" PULLMODE=NONE IO_TYPE=LVCMOS33;\n\
                     LOCATE COMP \"tx\" SITE \"{tx}\";\nIOBUF PORT \"tx\" PULLMODE=UP IO_TYPE=LVCMOS33 DRIVE=4;\n"
                ),
            ),
            _ => (
                "pins.cst",
                format!(
                    "IO_LOC \"clk\" {clk};\nIO_PORT \"clk\" IO_TYPE=LVCMOS33;\n\
                     IO_LOC \"tx\" {tx};\nIO_PORT \"tx\" IO_TYPE=LVCMOS33;\n"
                ),
            ),
        }
    }
}

/// A device for measuring clock rates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The command-line word.
    pub name: String,
    /// Its family.
    pub target: Target,
    /// Family option of the Yosys command.
    #[serde(default)]
    pub family: String,
    /// Device options of nextpnr.
    pub place: Vec<String>,
    /// Pins for `clk si ld so`, if the tool does not choose.
    #[serde(default)]
    pub pins: Vec<String>,
}

impl Part {
    /// Every part.
    pub fn all() -> Vec<Part> {
        #[derive(Deserialize)]
        struct Parts {
            part: Vec<Part>,
        }
        match toml::from_str::<Parts>(include_str!("../../fpga/parts.toml")) {
            Ok(parts) => parts.part,
            Err(e) => panic!("internal error: fpga/parts.toml: {e}"),
        }
    }

    /// The named part of a target, or its first. The error lists what there is.
    pub fn of(target: Target, name: Option<&str>) -> Result<Part, String> {
        let parts: Vec<Part> = Self::all().into_iter().filter(|p| p.target == target).collect();
        let known = parts.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        match name {
            None => parts.into_iter().next().ok_or_else(|| format!("no device of `{target}` can be placed and routed")),
            Some(n) => {
                parts.into_iter().find(|p| p.name == n).ok_or_else(|| format!("no part `{n}` for {target}; it has {known}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_file_reads_and_is_called_by_its_name() {
        for name in Board::names() {
            let board = Board::find(name).unwrap();
            assert_eq!(board.name, name);
            assert!(board.target.routable() && !board.source.is_empty());
            let error = f64::from(board.clock_hz) / f64::from(board.divider()) / f64::from(BAUD) - 1.0;
            assert!(error.abs() < 0.005, "{name}: serial speed off by {error}");
        }
        assert!(Board::find("nosuch").is_none());
    }

    #[test]
    fn parts_cover_every_target_with_a_router() {
        for t in Target::ALL {
            assert_eq!(Part::of(t, None).is_ok(), t.routable(), "{t}");
        }
        assert!(Part::of(Target::Ecp5, Some("hx8k")).unwrap_err().contains("ecp5-85k-6"));
    }
}
