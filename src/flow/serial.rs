//! The serial line of a harness: as each model of the design drives it, and what it says.
use super::error::FlowError;
use super::fpga::{RESET_CYCLES, TOP};
use super::unit::Unit;
use super::verilator;
use super::yosys::{NETLIST_VERILOG, Synthesised};
use crate::hdl::ir::Design;
use crate::hdl::ir::Pins;
use crate::hdl::rows::Rows;
use crate::hdl::sim::Sim;
use crate::hdl::verilog::File;

/// The serial line, cycle by cycle, from the native simulator.
pub fn native_line(design: &Design, cycles: usize) -> Result<Vec<bool>, FlowError> {
    let sim = Sim::new(design).map_err(|e| FlowError::Simulation(e.to_string()))?;
    let outputs = sim.run(&constant_one(cycles), 0).map_err(|e| FlowError::Mismatch(e.to_string()))?;
    Ok(column(&outputs))
}

/// The same from Verilator on the printed Verilog.
pub fn rtl_line(design: &Design, cycles: usize) -> Result<Vec<bool>, FlowError> {
    let model = verilator::build(&[Unit::from_design(design)])?;
    Ok(column(&model.run(0, &constant_one(cycles), 0)?))
}

/// The same from Verilator on a netlist, with the simulation models of its cells.
pub fn netlist_line(design: &Synthesised, cells: File, cycles: usize) -> Result<Vec<bool>, FlowError> {
    let netlist = String::from_utf8_lossy(&design.read(NETLIST_VERILOG)?).into_owned();
    // The simulator wants at least one input.
    let probe = format!(
        "module probe (input wire clk, input wire idle, output wire tx);\n  {TOP} dut (.clk(clk), .tx(tx));\nendmodule\n"
    );
    let file = |name: &str, text: String| File { name: name.into(), text };
    let unit = Unit {
        files: vec![file(NETLIST_VERILOG, netlist), cells, file("probe.v", probe)],
        top: "probe".into(),
        inputs: vec![("idle".into(), 1)],
        outputs: vec![("tx".into(), 1)],
        clocked: true,
        reset: false,
        memory: false,
        pins: Pins::default(),
        reset_low: false,
    };
    let model = verilator::build(&[unit])?;
    Ok(column(&model.run(0, &constant_one(cycles + RESET_CYCLES), 0)?))
}

fn constant_one(cycles: usize) -> Rows {
    Rows::from_words(&[1], vec![1; cycles])
}

fn column(rows: &Rows) -> Vec<bool> {
    (0..rows.len()).map(|i| rows.cell(i, 0)[0] == 1).collect()
}

/// The signature on a serial line; it must be the expected one.
pub fn read_line(who: &str, line: &[bool], divider: u32, expected: u32) -> Result<u32, FlowError> {
    let bytes = decode_serial(line, divider as usize, 4).map_err(|e| FlowError::Mismatch(format!("{who}: {e}")))?;
    let signature = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    if signature == expected {
        Ok(signature)
    } else {
        Err(FlowError::Mismatch(format!("{who} gives the signature {signature:08x}, the golden model {expected:08x}")))
    }
}

/// Reads `count` 8N1 bytes from a line sampled once per clock cycle, from its first start bit.
pub fn decode_serial(line: &[bool], divider: usize, count: usize) -> Result<Vec<u8>, String> {
    let mut at = 0;
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        let start = line[at..].iter().position(|b| !b).map(|n| n + at);
        let start = start.ok_or_else(|| format!("no start bit after byte {} of {count}", bytes.len()))?;
        let sample = |bit: usize| line.get(start + bit * divider + divider / 2).copied();
        let mut byte = 0;
        for bit in 0..10 {
            match (bit, sample(bit)) {
                (_, None) => return Err(format!("the line ends inside byte {}", bytes.len())),
                (0, Some(true)) | (9, Some(false)) => return Err(format!("byte {} has a framing error", bytes.len())),
                (1..=8, Some(level)) => byte |= u8::from(level) << (bit - 1),
                _ => {}
            }
        }
        bytes.push(byte);
        at = start + 9 * divider + divider / 2;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::board::Board;
    use crate::flow::fpga::{sources, tools};
    use crate::flow::harness::Plan;
    use crate::flow::netlist::models;
    use crate::flow::signature::golden;
    use crate::flow::target::Target;
    use crate::flow::testblock::TestMac;
    use crate::flow::tool::for_tests;
    use crate::flow::yosys;
    use crate::hdl::prelude::Reset;

    #[test]
    fn serial_bytes_are_read_and_broken_frames_refused() {
        let divider = 5;
        let mut line = vec![true; 7];
        for byte in [0xa5u8, 0x00] {
            let bits = [false].into_iter().chain((0..8).map(|i| byte >> i & 1 == 1)).chain([true]);
            bits.for_each(|b| line.extend([b; 5]));
        }
        assert_eq!(decode_serial(&line, divider, 2), Ok(vec![0xa5, 0x00]));
        assert!(decode_serial(&line, divider, 3).is_err());
        let last = line.len() - 1;
        line[last - 2] = false;
        assert!(decode_serial(&line, divider, 2).unwrap_err().contains("framing"));
    }

    #[test]
    fn a_wrong_golden_model_stops_the_build() {
        let line = [vec![true; 9], vec![false; 104 * 9], vec![true; 104 * 8]].concat().repeat(5);
        let error = read_line("the line", &line, 104, 0x1234).unwrap_err();
        assert_eq!(error.code(), 1);
        assert!(error.to_string().contains("00000000") && error.to_string().contains("00001234"), "{error}");
    }

    #[test]
    fn a_changed_table_in_the_netlist_is_noticed() {
        if !for_tests("a_changed_table_in_the_netlist_is_noticed", tools(Target::Ice40)) {
            return;
        }
        let (block, board) = (TestMac { terms: 5, reset: Reset::Sync }, Board::find("hx8k").unwrap());
        let (plan, divider) = (Plan { log2_vectors: 12, ..Plan::of(&block) }, 8);
        let (_, files) = sources(&block, plan, divider, &board).unwrap();
        let map = yosys::Options { family: board.family.clone(), dsp: false, place: true };
        let design = yosys::synthesise(&files, TOP, board.target, &map).unwrap();
        let cells = models(board.target, design.share.as_deref().unwrap(), &design.report.cells).unwrap().file;
        let (expected, cycles) = (golden(&block, plan), plan.vectors() + 100 * divider as usize + 64);
        let read = || read_line("the netlist", &netlist_line(&design, cells.clone(), cycles).unwrap(), divider, expected);
        assert_eq!(read().unwrap(), expected);

        let good = String::from_utf8(design.read(NETLIST_VERILOG).unwrap()).unwrap();
        let inits: Vec<usize> = good.match_indices(".LUT_INIT(16'h").map(|(i, m)| i + m.len()).collect();
        let of_block: Vec<usize> =
            inits.into_iter().filter(|i| good[*i..].lines().nth(1).unwrap().contains("bench.dut.")).collect();
        assert!(of_block.len() > 100, "{} tables", of_block.len());
        for at in [of_block[3], of_block[of_block.len() / 2], of_block[of_block.len() - 5]] {
            let wrong = !u16::from_str_radix(&good[at..at + 4], 16).unwrap();
            design.write(NETLIST_VERILOG, &format!("{}{wrong:04x}{}", &good[..at], &good[at + 4..])).unwrap();
            assert_eq!(read().unwrap_err().code(), 1, "table at {at}");
        }
    }
}
