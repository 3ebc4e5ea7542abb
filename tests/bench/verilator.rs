//! Verilator, end to end: our way beside the bare recipe and beside `verilator --build`, in one run.
//!
//!     cargo bench --bench verilator
//!
//! Each figure is wall time from Verilog text to checked results of all 65,536 operand pairs, best of
//! several runs; nothing comes from the cache of compiled models, because every run compiles a
//! different text. The bare recipe is what a careful engineer would type: Verilator, one compilation
//! against the same precompiled runtime and header, one link, and a prepared program that loads it.
use narrowgen::blocks::{Configured, find};
use narrowgen::flow::check::check;
use narrowgen::flow::engine::{Kind, golden};
use narrowgen::flow::process::Job;
use narrowgen::flow::stimulus::Options;
use narrowgen::flow::tool::{Found, Tool, provision};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::rows::Rows;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const PAIRS: u64 = 1 << 16;

fn configure(params: &[(&str, &str)]) -> Box<dyn Configured> {
    let params: Vec<_> = params.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    find("mul").and_then(|b| b.configure(&params).ok()).expect("good parameters")
}

/// The design, with a comment that makes its text a new one.
fn salted(block: &dyn Configured, salt: u64) -> Design {
    let mut design = block.design().expect("a good design");
    let top = design.top.index();
    design.modules[top].doc.push(format!("run {salt}"));
    design
}

/// The exact 8×8 multiplier.
fn int8() -> Box<dyn Configured> {
    configure(&[("a", "int8"), ("b", "int8"), ("out", "exact")])
}

/// Fifty multipliers with 16 input bits.
fn fifty() -> Vec<Box<dyn Configured>> {
    let formats = ["e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz", "e3m4"];
    let outs = [("e4m3fn", "rne"), ("e5m2", "rtz"), ("bf16", "rna"), ("e3m4", "odd"), ("fp16", "up")];
    let points = (0..50).map(|i| (formats[i % 5], formats[(i / 5 + i) % 5], outs[i / 10]));
    points.map(|(a, b, (out, round))| configure(&[("a", a), ("b", b), ("out", out), ("round", round)])).collect()
}

fn best(runs: usize, mut f: impl FnMut(usize)) -> f64 {
    (0..runs)
        .map(|i| {
            let start = Instant::now();
            f(i);
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn run(command: Command) {
    Job::new("the benchmark's own step", command).run().unwrap_or_else(|e| panic!("{e}"));
}

fn main() {
    let found = provision(&[Tool::Verilator, Tool::Cxx]).unwrap_or_else(|e| panic!("{e}: {}", e.help));
    let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
    let block = int8();
    let one = |salt: u64| {
        let design = salted(&*block, salt);
        let start = Instant::now();
        let report =
            check(&*block, &design, &[Kind::Verilator], &Options::default(), &|_, _| ()).unwrap_or_else(|e| panic!("{e}"));
        assert!(report.passed() && report.results[0].vectors == PAIRS);
        start.elapsed().as_secs_f64()
    };
    println!("first use, with the runtime (compiled once per machine): {:.2} s", one(salt));
    let least = |runs: u64, f: &dyn Fn(u64) -> f64| (0..runs).map(f).fold(f64::INFINITY, f64::min);
    let ours = least(7, &|i| one(salt + 1 + i));
    let again = least(7, &|_| one(salt + 1));
    let dir = tempfile::tempdir().expect("a folder");
    let bare = bare_recipe(&found, dir.path());
    let naive = |jobs: &str| best(2, |i| naive(&found, &dir.path().join(format!("naive{jobs}_{i}")), jobs));
    let (one, two) = (naive("1"), naive("2"));
    println!("one 8x8 multiplier, all pairs checked:");
    println!("  narrowgen            {ours:.3} s   (unchanged text: {again:.3} s)");
    println!("  bare recipe          {bare:.3} s   narrowgen / bare  = {:.2}", ours / bare);
    println!("  verilator --build    {one:.3} s   narrowgen / naive = {:.3}", ours / one);
    println!("    the same with -j 2 {two:.3} s   narrowgen / naive = {:.3}", ours / two);

    let blocks = fifty();
    let many = best(3, |i| {
        let units: Vec<Unit> = blocks.iter().map(|b| Unit::from_design(&salted(&**b, salt + i as u64))).collect();
        let rows = Rows::from_words(&[8, 8], (0..PAIRS).flat_map(|n| [n & 255, n >> 8]).collect());
        let (model, expected) = rayon::join(
            || verilator::build(&units).unwrap_or_else(|e| panic!("{e}")),
            || blocks.iter().map(|b| golden(&**b, &rows, 0)).collect::<Vec<Rows>>(),
        );
        let found = model.run_shared(&rows, 0).unwrap_or_else(|e| panic!("{e}"));
        assert!(found.len() == 50 && found == expected && found.iter().all(|r| r.len() as u64 == PAIRS));
    });
    println!("50 multipliers, all pairs of each checked against the golden model: {many:.3} s");
}

const LOOP: &str = "for (unsigned n = 0; n < 65536; ++n) { d.a = n & 255; d.b = n >> 8; d.eval(); \
    if (d.y != ((static_cast<signed char>(n & 255) * static_cast<signed char>(n >> 8)) & 0xffff)) return 1; }";

fn root(found: &[Found]) -> String {
    found[0].root.clone().unwrap_or_default().display().to_string()
}

fn sources(dir: &Path) {
    std::fs::create_dir_all(dir).expect("a folder");
    let block = int8();
    let unit = Unit::from_design(&block.design().expect("a good design"));
    assert_eq!((unit.files.len(), unit.outputs[0].1), (1, 16), "the product is one file and has 16 bits");
    std::fs::write(dir.join("mul8.v"), unit.files[0].text.replace(&unit.top, "mul8")).expect("written");
}

/// The recipe as shell steps, with its preparation outside the measured time.
fn bare_recipe(found: &[Found], dir: &Path) -> f64 {
    let root = root(found);
    let defines = ["COVERAGE", "SC", "TIMING", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF"].map(|d| format!("-DVM_{d}=0"));
    let cxx = |dir: &Path| {
        let mut c = found[1].command();
        c.args(["-O1", "-fPIC", "-DVERILATOR=1"])
            .args(&defines)
            .args([format!("-I{root}/include"), format!("-I{root}/include/vltstd")]);
        c.current_dir(dir);
        c
    };
    let step = |mut c: Command, args: &[&str]| {
        c.args(args);
        run(c);
    };
    std::fs::write(dir.join("vpch.h"), "#include \"verilated.h\"\n").expect("written");
    std::fs::write(
        dir.join("load.cpp"),
        "#include <dlfcn.h>\nint main(int, char** v) { void* h = dlopen(v[1], RTLD_NOW); if (!h) return 2; \
         return reinterpret_cast<int (*)()>(dlsym(h, \"check\"))(); }\n",
    )
    .expect("written");
    step(cxx(dir), &["-x", "c++-header", "vpch.h", "-o", "vpch.h.gch"]);
    step(cxx(dir), &["-c", &format!("{root}/include/verilated.cpp"), &format!("{root}/include/verilated_threads.cpp")]);
    step(cxx(dir), &["load.cpp", "-o", "load", "-ldl"]);
    let mold = Path::new("/usr/bin/mold").is_file();
    best(7, |i| {
        let work = dir.join(format!("bare{i}"));
        sources(&work);
        let mut verilate = found[0].command();
        verilate.args(["--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-assert", "--top-module", "mul8"]);
        verilate.args(["--prefix", "Vmul8", "mul8.v", "--Mdir", "."]).current_dir(&work);
        run(verilate);
        let mut one = String::new();
        for entry in std::fs::read_dir(&work).expect("listed").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".cpp") {
                one.push_str(&format!("#include \"{name}\"\n"));
            }
        }
        one.push_str(&format!("extern \"C\" int check() {{ Vmul8 d; {LOOP} return 0; }}\n"));
        std::fs::write(work.join("one.cc"), one).expect("written");
        step(cxx(&work), &["-include", "../vpch.h", "-I.", "-c", "-o", "one.o", "one.cc"]);
        let mut link = cxx(&work);
        link.args(mold.then_some("-fuse-ld=mold"));
        step(link, &["-shared", "-Wl,-Bsymbolic", "-o", "mul8.so", "one.o", "../verilated.o", "../verilated_threads.o"]);
        let mut load = Command::new(dir.join("load"));
        load.arg(work.join("mul8.so"));
        run(load);
    })
}

/// What the manual says: Verilator builds a program by itself.
fn naive(found: &[Found], dir: &Path, jobs: &str) {
    sources(dir);
    std::fs::write(dir.join("main.cpp"), format!("#include \"Vmul8.h\"\nint main() {{ Vmul8 d; {LOOP} return 0; }}\n"))
        .expect("written");
    let mut build = found[0].command();
    build.args(["--cc", "--exe", "--build", "-j", jobs, "--top-module", "mul8", "mul8.v", "main.cpp"]);
    build.args(["-MAKEFLAGS", "PYTHON3=python3"]).current_dir(dir);
    run(build);
    run(Command::new(dir.join("obj_dir/Vmul8")));
}
