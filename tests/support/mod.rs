//! Compares a block's hardware with its golden model.
#![allow(dead_code)]
use narrowgen::blocks::{self, Configured};
use narrowgen::flow::testbench::Testbench;
use narrowgen::flow::tool::{Tool, resolve};
use narrowgen::hdl::edit;
use narrowgen::hdl::ir::{Design, NodeId};
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;
use num_bigint::BigUint;

/// Input bits up to which every input is tried.
const EXHAUSTIVE: u32 = 16;

/// The block with `name=value` words set.
pub fn configure(block: &str, params: &str) -> Result<Box<dyn Configured>, String> {
    let params: Vec<(String, String)> =
        params.split_whitespace().map(|w| w.split_once('=').map(|(n, v)| (n.to_string(), v.to_string())).unwrap()).collect();
    blocks::find(block).unwrap_or_else(|| panic!("no block {block}")).configure(&params).map_err(|e| e.to_string())
}

/// Checks one configuration; the number of vectors. Panics on the first mismatch.
pub fn check(block: &str, params: &str) -> usize {
    let block = configure(block, params).unwrap_or_else(|e| panic!("{block} {params}: {e}"));
    check_block(&*block, params)
}

/// Checks the block, on every input if there are few enough.
pub fn check_block(block: &dyn Configured, params: &str) -> usize {
    check_block_on(block, params, 6000, 0x5eed, EXHAUSTIVE)
}

/// Checks the block on `samples` random inputs and its corners, or on all if it has at most `exhaustive` input bits.
pub fn check_block_on(block: &dyn Configured, params: &str, count: usize, seed: u64, exhaustive: u32) -> usize {
    let design = block.design().unwrap_or_else(|e| panic!("{params}: {e}"));
    let sim = Sim::new(&design).unwrap_or_else(|e| panic!("{params}: {e}"));
    let ports = block.ports();
    let widths = |input: bool| ports.iter().filter(|p| p.input == input).map(|p| p.bits).collect::<Vec<u32>>();
    assert_eq!(sim.inputs(), widths(true), "{params}: input ports");
    assert_eq!(sim.outputs(), widths(false), "{params}: output ports");
    let names: Vec<&str> = design.top().outputs.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ports.iter().filter(|p| !p.input).map(|p| p.name).collect::<Vec<_>>(), "{params}: output names");
    let bits: u32 = widths(true).iter().sum();
    let (rows, sequence) = if block.latency() > 0 {
        (sequences(block, count / SEQUENCE, seed), SEQUENCE)
    } else if bits <= exhaustive {
        (Rows::counting(&widths(true), 0, 1 << bits), 0)
    } else {
        (samples(block, count, seed), 0)
    };
    let got = sim.run(&rows, sequence).unwrap_or_else(|e| panic!("{}: {params}: {e}", block.module_name()));
    compare(block, params, &rows, &got, sequence);
    rows.len()
}

fn compare(block: &dyn Configured, params: &str, rows: &Rows, got: &Rows, sequence: usize) {
    let mut model = block.golden();
    let mut expected = Vec::new();
    for r in 0..rows.len() {
        if sequence > 0 && r % sequence == 0 {
            model.reset();
        }
        let inputs: Vec<BigUint> = (0..rows.widths().len()).map(|c| rows.get(r, c)).collect();
        expected.clear();
        model.step(&inputs, &mut expected);
        let found: Vec<BigUint> = (0..got.widths().len()).map(|c| got.get(r, c)).collect();
        if expected != found {
            let hex = |v: &[BigUint]| v.iter().map(|x| format!("{x:x}")).collect::<Vec<_>>().join(" ");
            let first = r - r.checked_rem(sequence).unwrap_or(0);
            let lead: Vec<String> =
                (first..=r).map(|i| hex(&(0..rows.widths().len()).map(|c| rows.get(i, c)).collect::<Vec<_>>())).collect();
            panic!(
                "{} [{params}], row {r}: inputs\n{}\ngolden {}\nrtl    {}",
                block.module_name(),
                lead.join("\n"),
                hex(&expected),
                hex(&found)
            );
        }
    }
}

/// Rows of one run of a stateful block.
const SEQUENCE: usize = 40;

/// A small generator (xorshift), so that runs repeat.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// `bits` random bits; codes near 0, the top and single bits are frequent, lane by lane.
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// One of several words.
    pub fn pick<'w>(&mut self, of: &[&'w str]) -> &'w str {
        of[self.below(of.len() as u64) as usize]
    }

    fn code(&mut self, bits: u32, lanes: u32) -> BigUint {
        let lane = bits / lanes.max(1);
        (0..lanes.max(1)).fold(BigUint::ZERO, |all, i| all | (self.word(lane) << (lane * i)))
    }

    fn word(&mut self, bits: u32) -> BigUint {
        let mut x = BigUint::ZERO;
        for _ in 0..bits.div_ceil(64) {
            x = (x << 64u32) | BigUint::from(self.next());
        }
        let all = (BigUint::from(1u32) << bits) - 1u32;
        let small = BigUint::from(self.next() % 4);
        match self.next() % 16 {
            0 => small & all,
            1 => &all - (small & &all),
            2 => (BigUint::from(1u32) << (self.next() % u64::from(bits))) & all,
            3 => &all ^ (BigUint::from(1u32) << (self.next() % u64::from(bits))),
            _ => x & all,
        }
    }
}

fn samples(block: &dyn Configured, n: usize, seed: u64) -> Rows {
    let ports: Vec<_> = block.ports().into_iter().filter(|p| p.input).collect();
    let mut rows = Rows::new(&ports.iter().map(|p| p.bits).collect::<Vec<_>>());
    for corner in block.corners() {
        rows.push(&corner);
    }
    let mut random = Random(seed);
    for _ in 0..n {
        let row: Vec<BigUint> = ports.iter().map(|p| random.code(p.bits, p.lanes)).collect();
        rows.push(&row);
    }
    rows
}

/// Independent sequences from reset; clear and stalls are rare enough for sums to grow.
fn sequences(block: &dyn Configured, runs: usize, seed: u64) -> Rows {
    use narrowgen::blocks::Role;
    let ports: Vec<_> = block.ports().into_iter().filter(|p| p.input).collect();
    let mut rows = Rows::new(&ports.iter().map(|p| p.bits).collect::<Vec<_>>());
    let mut random = Random(seed);
    for _ in 0..runs.max(1) * SEQUENCE {
        let row: Vec<BigUint> = ports
            .iter()
            .map(|p| match p.role {
                Role::Clear => BigUint::from(u32::from(random.below(16) == 0)),
                Role::Enable => BigUint::from(u32::from(random.below(8) != 0)),
                _ => random.code(p.bits, p.lanes),
            })
            .collect();
        rows.push(&row);
    }
    rows
}

/// The design with a register of its top module replaced by a wire, if nothing before its value uses it.
pub fn without_register(design: &Design, register: usize) -> Option<Design> {
    let mut broken = design.clone();
    let top = &mut broken.modules[design.top.index()];
    let (read, next) = (top.states[register].read, top.states[register].next);
    for i in 0..next.index() {
        if top.args(NodeId(i as u32)).contains(&read) {
            return None;
        }
    }
    edit::for_each_reference(top, |id| {
        if *id == read {
            *id = next;
        }
    });
    top.states[register].read = read;
    Some(broken)
}

/// What a testbench prints under Icarus Verilog.
pub fn icarus(design: &Design, bench: &Testbench) -> String {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let files = narrowgen::hdl::verilog::print(design);
    files.iter().for_each(|f| write(&f.name, &f.text));
    write("tb.v", &bench.verilog);
    write(&format!("{}.hex", bench.module), &bench.vectors);
    let mut compile = resolve(Tool::Iverilog).unwrap().command();
    compile.args(["-g2005", "-s", &bench.module, "-o", "tb", "tb.v"]).args(files.iter().map(|f| &f.name));
    let mut run = resolve(Tool::Vvp).unwrap().command();
    run.args(["-N", "tb"]);
    let mut text = String::new();
    for mut command in [compile, run] {
        let done = command.current_dir(dir.path()).output().unwrap();
        text.push_str(&String::from_utf8_lossy(&done.stdout));
        text.push_str(&String::from_utf8_lossy(&done.stderr));
    }
    text
}
