//! [`Target`]: the families a block can be synthesised for, their Yosys commands, and what each
//! column of a [`SynthReport`](super::report::SynthReport) counts there.
use crate::hdl::verilog::File;
use std::fmt;

/// A family of devices, or a plain gate library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Lattice iCE40.
    Ice40,
    /// Lattice ECP5.
    Ecp5,
    /// AMD 7-series.
    Xc7,
    /// Gowin LittleBee and Arora.
    Gowin,
    /// Two-input gates, with a transistor estimate.
    Generic,
}

/// What the columns of a synthesis report count: cell names, `*` for any ending.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Look-up tables.
    pub lut: &'static [&'static str],
    /// Flip-flops.
    pub ff: &'static [&'static str],
    /// Carry cells.
    pub carry: &'static [&'static str],
    /// Multiplier blocks.
    pub dsp: &'static [&'static str],
    /// Block memories.
    pub bram: &'static [&'static str],
    /// Combinational gates.
    pub gates: &'static [&'static str],
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 5] = [Target::Ice40, Target::Ecp5, Target::Xc7, Target::Gowin, Target::Generic];

    /// The command-line word.
    pub fn name(self) -> &'static str {
        match self {
            Target::Ice40 => "ice40",
            Target::Ecp5 => "ecp5",
            Target::Xc7 => "xc7",
            Target::Gowin => "gowin",
            Target::Generic => "generic",
        }
    }

    /// From the command-line word.
    pub fn parse(word: &str) -> Option<Target> {
        Self::ALL.into_iter().find(|t| t.name() == word)
    }

    /// True if an open place-and-route tool exists for it.
    pub fn routable(self) -> bool {
        matches!(self, Target::Ice40 | Target::Ecp5 | Target::Gowin)
    }

    /// True if the default family has multiplier blocks.
    pub fn has_dsp(self) -> bool {
        matches!(self, Target::Ecp5 | Target::Xc7 | Target::Gowin)
    }

    /// Family given to Yosys when only the target was named. Of the iCE40 it is the HX, which has no DSP.
    pub fn default_family(self) -> &'static str {
        match self {
            Target::Ice40 => "hx",
            Target::Ecp5 => "",
            Target::Xc7 => "xc7",
            Target::Gowin => "gw1n",
            Target::Generic => "",
        }
    }

    /// What the report's columns count. An empty list means that the column does not apply.
    ///
    /// `carry` counts cells: an `SB_CARRY` or Gowin `ALU` is one bit, a `CCU2C` two, a `CARRY4` four.
    /// ECP5 wide multiplexers (`PFUMX`, `L6MUX21`), Gowin ones (`MUX2_LUT*`) and those of 7-series
    /// (`MUXF7`, `MUXF8`) stand in the raw cells only: they sit beside the LUTs and take none.
    pub fn columns(self) -> Columns {
        let none: &[&str] = &[];
        match self {
            Target::Ice40 => Columns {
                lut: &["SB_LUT4"],
                ff: &["SB_DFF*"],
                carry: &["SB_CARRY"],
                dsp: &["SB_MAC16"],
                bram: &["SB_RAM40_4K*"],
                gates: none,
            },
            Target::Ecp5 => Columns {
                lut: &["LUT4"],
                ff: &["TRELLIS_FF"],
                carry: &["CCU2C"],
                dsp: &["MULT18X18D", "MULT9X9D", "ALU54B"],
                bram: &["DP16KD", "PDPW16KD"],
                gates: none,
            },
            Target::Xc7 => Columns {
                lut: &["LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6"],
                ff: &["FDRE*", "FDSE*", "FDCE*", "FDPE*"],
                carry: &["CARRY4"],
                dsp: &["DSP48E1"],
                bram: &["RAMB18E1", "RAMB36E1"],
                gates: none,
            },
            Target::Gowin => Columns {
                lut: &["LUT1", "LUT2", "LUT3", "LUT4"],
                ff: &["DFF*"],
                carry: &["ALU"],
                dsp: &["MULT9X9", "MULT12X12", "MULT18X18", "MULT27X36", "MULT36X36", "MULTALU*", "MULTADDALU*"],
                bram: &["SP", "SPX9", "SDP*", "DP", "DPX9", "DPB*", "DPX9B", "pROM*"],
                gates: none,
            },
            // Everything that is no register is a gate: see [`SynthReport::from_cells`](super::report::SynthReport::from_cells).
            Target::Generic => Columns { lut: none, ff: &["$_DFF_P_"], carry: none, dsp: none, bram: none, gates: &["$_*"] },
        }
    }

    /// The Yosys command that maps the design to this target's cells.
    /// `place`: the netlist will be placed and routed, so it gets what the tools for that need.
    pub fn map_commands(self, top: &str, family: &str, dsp: bool, place: bool) -> Vec<String> {
        let flag = |on: bool, text: &str| if on { format!(" {text}") } else { String::new() };
        match self {
            Target::Ice40 => vec![format!("synth_ice40 -device {family}{} -top {top}", flag(dsp && family == "u", "-dsp"))],
            Target::Ecp5 => vec![format!("synth_ecp5{} -top {top}", flag(!dsp, "-nodsp"))],
            Target::Xc7 => {
                vec![format!("synth_xilinx -family {family} -noiopad -flatten{} -top {top}", flag(!dsp, "-nodsp"))]
            }
            Target::Gowin => {
                let pads = flag(!place, "-noiopads");
                // Multiplexers behind the tables save a level, but take up to twice the tables (fpga/README.md).
                let dsp = flag(!dsp, "-nodsp");
                let mut commands = vec![format!("synth_gowin -family {family} -nowidelut{pads}{dsp} -top {top}")];
                commands.extend(self.map_file().filter(|_| place).map(|f| format!("techmap -map {}", f.name)));
                commands
            }
            // Plain D flip-flops only: enables and resets become gates, so that their cost is seen.
            Target::Generic => [
                format!("synth -flatten -top {top}"),
                "dfflegalize -cell $_DFF_P_ 01 -cell $_DFF_PN0_ 01 -cell $_DFF_PN1_ 01 -cell $_DLATCH_P_ 01".into(),
                "opt_expr".into(),
                "opt_merge".into(),
                "opt_clean".into(),
                "abc -g AND,OR,XOR,NAND,NOR,XNOR,MUX".into(),
                "opt_clean".into(),
            ]
            .into(),
        }
    }

    /// A file that [`Target::map_commands`] reads when the netlist will be placed.
    pub fn map_file(self) -> Option<File> {
        let text = include_str!("../../fpga/models/gowin_lut4.v").to_string();
        (self == Target::Gowin).then(|| File { name: "gowin_lut4.v".into(), text })
    }

    /// The command that counts cells as JSON.
    pub fn stat_command(self) -> &'static str {
        if self == Target::Generic { "stat -json -tech cmos" } else { "stat -json" }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// True if the cell name is one of the list; `*` at the end of an entry stands for any ending.
pub fn listed(list: &[&str], cell: &str) -> bool {
    list.iter().any(|entry| match entry.strip_suffix('*') {
        Some(start) => cell.starts_with(start),
        None => *entry == cell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_cells_are_told_apart() {
        for t in Target::ALL {
            assert_eq!(Target::parse(t.name()), Some(t));
        }
        assert_eq!(Target::parse("xc8"), None);
        assert!(listed(&["SB_DFF*"], "SB_DFFESR") && !listed(&["SB_DFF*"], "SB_LUT4"));
        assert!(!listed(Target::Gowin.columns().lut, "MUX2_LUT5") && !listed(&["DP"], "DPB"));
    }
}
