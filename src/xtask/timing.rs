//! `cargo xtask timing [N] [SEED]`: random blocks at random clocks, placed and routed. How often is the clock that was asked
//! for reached, and how far off is the prediction? Writes `fpga/results/timing.csv`.
//!
//! Every finished point is kept at once; a run that was stopped goes on where it was.
use narrowgen::blocks;
use narrowgen::flow::board::Part;
use narrowgen::flow::characterize::requests::{RandomBlock, below, random_block, random_clock};
use narrowgen::flow::clocked::{ClockError, Clocked, Clocking};
use narrowgen::flow::nextpnr::{self, Options};
use narrowgen::flow::target::Target;
use narrowgen::flow::tool::{Tool, resolve};
use narrowgen::flow::wrap::Wrapped;
use narrowgen::hdl::random::Stream;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Points of the committed table.
const POINTS: usize = 126;
/// Seed of the committed table.
const SEED: u64 = 71;
/// Place-and-route seeds of a point.
const SEEDS: u32 = 3;
/// Points at a time.
const PARALLEL: usize = 2;
const HEAD: &str = "block,target,part,asked_mhz,result,stages,latency,register_bits,predicted_mhz,median_mhz,all_mhz";

/// A random request.
struct Point {
    /// Block, parameters and streams.
    block: RandomBlock,
    target: Target,
    /// Clock that the plan is made for, MHz.
    asked: f64,
    /// Clock to reach, MHz.
    goal: f64,
}

/// The next request.
fn point(r: &mut Stream) -> Point {
    let block = random_block(r);
    let target = [Target::Ice40, Target::Ecp5, Target::Gowin][below(r, 3)];
    let asked = random_clock(r, target);
    Point { block, target, asked, goal: asked }
}

/// One line of the table.
fn measure(p: &Point) -> Result<String, String> {
    let part = Part::of(p.target, None)?;
    let name = if p.block.streams > 1 { format!("{} streams {}", p.block.words, p.block.streams) } else { p.block.words.clone() };
    let head = format!("{name},{},{},{}", p.target.name(), part.name, p.asked);
    let block = match blocks::from_words(&p.block.words) {
        Ok(block) => block,
        // Not every combination is legal; it is no point then.
        Err(_) => return Ok(String::new()),
    };
    let clocking = Clocking {
        period_ps: Some(1e6 / p.asked),
        streams: p.block.streams,
        model: Some(part.name.clone()),
        ..Clocking::default()
    };
    let clocked = match Clocked::build(block, &clocking) {
        Ok(clocked) => clocked,
        Err(ClockError::Timing { .. }) => return Ok(format!("{head},refused,,,,,,")),
        Err(e) => return Err(e.to_string()),
    };
    let q = &clocked.pipelined;
    let report =
        nextpnr::place_and_route(&Wrapped::new(&q.design), &part, &Options { seeds: SEEDS, dsp: false, ..Options::default() });
    let report = report.map_err(|e| e.to_string())?;
    let all: Vec<String> = report.fmax_all.iter().map(|f| format!("{f:.1}")).collect();
    let result = if report.fmax_mhz >= p.goal { "reached" } else { "missed" };
    let latency = narrowgen::blocks::Configured::latency(&clocked);
    Ok(format!(
        "{head},{result},{},{latency},{},{:.1},{:.1},{}",
        q.stages,
        q.register_bits,
        1e6 / q.period_ps,
        report.fmax_mhz,
        all.join(" ")
    ))
}

/// The tools that measure, with their versions.
fn versions() -> Result<String, String> {
    let tools = [Tool::Yosys, Tool::NextpnrIce40, Tool::NextpnrEcp5, Tool::NextpnrGowin];
    let named = |t: Tool| resolve(t).map(|f| format!("{} {}", t.name(), f.version)).map_err(|e| e.to_string());
    Ok(tools.into_iter().map(named).collect::<Result<Vec<String>, String>>()?.join(", "))
}

/// Clocks to be reached by name: block, streams, target, and in MHz the clock to reach and the one asked for, which leaves
/// placement some room.
const NAMED: &[(&str, u32, Target, f64, f64)] = &[
    ("mac a int8 b int8 acc int32 overflow wrap clear zero", 1, Target::Ecp5, 310.0, 310.0),
    ("mac a int8 b int8 acc int32 overflow wrap", 1, Target::Ecp5, 280.0, 280.0),
    ("mac a int8 b int8 acc int32 overflow wrap", 1, Target::Ice40, 190.0, 195.0),
    ("mul a e4m3fn b e4m3fn out e4m3fn", 1, Target::Ecp5, 260.0, 280.0),
    ("mac a e4m3fn b e4m3fn acc exact", 1, Target::Ecp5, 220.0, 234.0),
    ("mac a e4m3fn b e4m3fn acc fp32", 24, Target::Ecp5, 200.0, 225.0),
    ("dot a int8 b int8 lanes 32 out exact", 1, Target::Ecp5, 220.0, 220.0),
];

/// `cargo xtask named`: the clocks of [`NAMED`], written to `fpga/results/named.csv`.
pub fn named(root: &Path, _: &[String]) -> Result<(), String> {
    let mut text = format!("# cargo xtask named: {SEEDS} place-and-route seeds, no DSP; {}\ngoal_mhz,{HEAD}\n", versions()?);
    for (words, streams, target, goal, asked) in NAMED {
        let block = RandomBlock { words: words.to_string(), streams: *streams };
        let line = format!("{goal},{}", measure(&Point { block, target: *target, asked: *asked, goal: *goal })?);
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
    }
    let path = root.join("fpga/results/named.csv");
    fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Runs the task.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let number =
        |i: usize, default: u64| args.get(i).map_or(Ok(default), |t| t.parse().map_err(|_| format!("`{t}` is no number")));
    let (count, seed) = (number(0, POINTS as u64)? as usize, number(1, SEED)?);
    let cache = narrowgen::flow::cache::dir().join(format!("timing-{seed}.txt"));
    let done: BTreeSet<String> = fs::read_to_string(&cache).unwrap_or_default().lines().map(str::to_string).collect();
    let file = fs::OpenOptions::new().create(true).append(true).open(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    let (file, next, found) = (Mutex::new(file), AtomicUsize::new(0), Mutex::new(Vec::<(usize, String)>::new()));
    let mut random = Stream(seed);
    let points: Vec<Point> = (0..2 * count).map(|_| point(&mut random)).collect();
    let lock = |e: std::sync::PoisonError<_>| e.into_inner();
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let measured = found.lock().map_or_else(|e| e.into_inner().len(), |f| f.len());
                    if i >= points.len() || measured >= count {
                        break;
                    }
                    let prefix = format!("{i}\t");
                    let kept = done.iter().find_map(|l| l.strip_prefix(&prefix)).map(str::to_string);
                    let line = match kept {
                        Some(line) => Ok(line),
                        None => measure(&points[i]),
                    };
                    match line {
                        Ok(line) if line.is_empty() => {}
                        Ok(line) => {
                            if !done.contains(&format!("{prefix}{line}")) {
                                let _ = writeln!(file.lock().unwrap_or_else(lock), "{prefix}{line}");
                            }
                            println!("{i:>4} {line}");
                            if !line.contains(",refused,") {
                                found
                                    .lock()
                                    .map_or_else(|e| e.into_inner().push((i, line.clone())), |mut f| f.push((i, line.clone())));
                            } else {
                                println!("     beyond the part or its loop: said so");
                            }
                        }
                        Err(e) => eprintln!("{i:>4} {}: {e}", points[i].block.words),
                    }
                }
            });
        }
    });
    let mut rows = found.into_inner().map_err(|_| "internal error: a thread panicked")?;
    rows.sort();
    let summary = summary(&rows);
    println!("{summary}");
    let versions = versions()?;
    let text = format!(
        "# cargo xtask timing {count} {seed}: random blocks at random clocks, {SEEDS} place-and-route seeds, no DSP; {versions}\n# {}\n{HEAD}\n{}\n",
        summary.replace('\n', "\n# "),
        rows.into_iter().map(|r| r.1).collect::<Vec<_>>().join("\n")
    );
    let path = root.join("fpga/results/timing.csv");
    fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

fn summary(rows: &[(usize, String)]) -> String {
    let mut lines = Vec::new();
    for target in ["", "ice40", "ecp5", "gowin"] {
        let fields = rows.iter().map(|r| r.1.split(',').collect::<Vec<_>>());
        let mine: Vec<Vec<&str>> = fields.filter(|f| target.is_empty() || f[1] == target).collect();
        let value = |f: &Vec<&str>, i: usize| f[i].parse::<f64>().unwrap_or(f64::NAN);
        let reached = mine.iter().filter(|f| value(f, 9) >= value(f, 3)).count();
        let near = mine.iter().filter(|f| (value(f, 8) / value(f, 9) - 1.0).abs() <= 0.15).count();
        let mut errors: Vec<f64> = mine.iter().map(|f| (value(f, 8) / value(f, 9) - 1.0) * 100.0).collect();
        errors.sort_by(f64::total_cmp);
        let n = mine.len().max(1);
        lines.push(format!(
            "{}: {} points, {reached} reached ({:.0} %), prediction within 15 % on {near} ({:.0} %), median error {:+.1} %",
            if target.is_empty() { "all" } else { target },
            mine.len(),
            100.0 * reached as f64 / n as f64,
            100.0 * near as f64 / n as f64,
            errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN)
        ));
    }
    lines.join("\n")
}
