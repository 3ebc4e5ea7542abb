//! Verilator, end to end: our way beside the bare recipe and beside `verilator --build`, in one run.
//!
//!     cargo bench --bench verilator
//!
//! Each figure is wall time from Verilog text to checked results of all 65,536 operand pairs, best of
//! several runs; nothing comes from the cache of compiled models, because every run compiles a
//! different text. The bare recipe is what a careful engineer would type: Verilator, one compilation
//! against the same precompiled runtime and header, one link, and a prepared program that loads it.
use narrowgen::flow::process::Job;
use narrowgen::flow::tool::{Found, Tool, provision};
use narrowgen::flow::unit::Unit;
use narrowgen::flow::verilator;
use narrowgen::hdl::prelude::*;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const PAIRS: u64 = 1 << 16;

/// An 8×8 multiplier; `salt` makes the text a new one.
fn multiplier(salt: u64) -> Unit {
    let d = design("mul8", Reset::Sync, |m| {
        m.doc(format!("run {salt}"));
        let (a, b) = (m.uint_in("a", 8), m.uint_in("b", 8));
        m.output("y", a * b);
    });
    Unit::from_design(&d.expect("a good design"))
}

/// One of many small blocks with 16 input bits: a product, rounded away by some bits and saturated.
fn block(k: u64, salt: u64) -> Unit {
    let d = design(&format!("block{k}"), Reset::Sync, |m| {
        m.doc(format!("run {salt}"));
        let (a, b) = (m.uint_in("a", 8), m.uint_in("b", 8));
        let sum = a * b + m.nat(u128::from(k));
        m.output("y", (sum + m.nat(1 << (k % 7))).wrap(16).trunc_low(k as u32 % 7 + 1).saturate(9));
    });
    Unit::from_design(&d.expect("a good design"))
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
    let start = Instant::now();
    check_product(&multiplier(salt));
    println!("first use, with the runtime (compiled once per machine): {:.2} s", start.elapsed().as_secs_f64());

    let ours = best(7, |i| check_product(&multiplier(salt + 1 + i as u64)));
    let again = best(7, |_| check_product(&multiplier(salt + 1)));
    let dir = tempfile::tempdir().expect("a folder");
    let bare = bare_recipe(&found, dir.path());
    let naive = best(2, |i| naive(&found, &dir.path().join(format!("naive{i}"))));
    println!("one 8x8 multiplier, all pairs checked:");
    println!("  narrowgen            {ours:.3} s   (unchanged text: {again:.3} s)");
    println!("  bare recipe          {bare:.3} s   narrowgen / bare  = {:.2}", ours / bare);
    println!("  verilator --build    {naive:.3} s   narrowgen / naive = {:.3}", ours / naive);

    let fifty = best(3, |i| {
        let units: Vec<Unit> = (0..50).map(|k| block(k, salt + i as u64)).collect();
        let model = verilator::build(&units).unwrap_or_else(|e| panic!("{e}"));
        let mut vectors = 0;
        model
            .exhaustive_shared(|first, outs| {
                for (k, out) in outs.iter().enumerate() {
                    let low = k as u32 % 7 + 1;
                    for (r, y) in out.words().iter().enumerate() {
                        let n = first + r as u64;
                        let sum = ((n & 255) * (n >> 8) + k as u64 + (1 << (low - 1))) & 0xffff;
                        assert_eq!(*y, (sum >> low).min(511), "block {k}, input {n}");
                    }
                    vectors += out.len() as u64;
                }
            })
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(vectors, 50 * PAIRS);
    });
    println!("50 blocks, all pairs of each checked: {fifty:.3} s");
}

fn check_product(unit: &Unit) {
    let model = verilator::build(std::slice::from_ref(unit)).unwrap_or_else(|e| panic!("{e}"));
    let mut vectors = 0;
    model
        .exhaustive(0, |first, out| {
            for (r, y) in out.words().iter().enumerate() {
                let n = first + r as u64;
                assert_eq!(*y, (n & 255) * (n >> 8));
            }
            vectors += out.len() as u64;
        })
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(vectors, PAIRS);
}

const LOOP: &str =
    "for (unsigned n = 0; n < 65536; ++n) { d.a = n & 255; d.b = n >> 8; d.eval(); if (d.y != (n & 255) * (n >> 8)) return 1; }";

fn root(found: &[Found]) -> String {
    found[0].root.clone().unwrap_or_default().display().to_string()
}

fn sources(dir: &Path) {
    std::fs::create_dir_all(dir).expect("a folder");
    std::fs::write(dir.join("mul8.v"), &multiplier(0).files[0].text).expect("written");
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
fn naive(found: &[Found], dir: &Path) {
    sources(dir);
    std::fs::write(dir.join("main.cpp"), format!("#include \"Vmul8.h\"\nint main() {{ Vmul8 d; {LOOP} return 0; }}\n"))
        .expect("written");
    let mut build = found[0].command();
    build.args(["--cc", "--exe", "--build", "-j", "2", "--top-module", "mul8", "mul8.v", "main.cpp"]);
    build.args(["-MAKEFLAGS", "PYTHON3=python3"]).current_dir(dir);
    run(build);
    run(Command::new(dir.join("obj_dir/Vmul8")));
}
