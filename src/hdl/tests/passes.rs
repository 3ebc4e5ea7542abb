//! One test per file in `tests/passes`: the first line names the passes, then stands a design, then,
//! below `# becomes`, what they make of it. `BLESS=1` writes that part anew; read the difference.
//! Whatever the expected text, input and output must behave alike.
use narrowgen_hdl::pass;
use narrowgen_hdl::random::Stream;
use narrowgen_hdl::sim::reference;
use narrowgen_hdl::text::{parse, print};
use narrowgen_hdl::verify::verify;
use std::path::Path;

const BECOMES: &str = "# becomes\n";

fn check(path: &Path) -> Result<(), String> {
    let file = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let (given, want) = file.split_once(BECOMES).unwrap_or((&file, ""));
    let first = given.lines().next().and_then(|l| l.strip_prefix("# passes: "));
    let names: Vec<&str> = first.ok_or("the first line is `# passes: NAME …`")?.split_whitespace().collect();
    let before = parse(given).map_err(|e| e.to_string())?;
    let mut broken = Vec::new();
    let after = pass::run(&before, &names, |p, d| {
        if let Err(e) = verify(d) {
            broken.push(format!("pass `{}`: {}", p.name, e.join("\n")));
        }
    })?;
    if !broken.is_empty() {
        return Err(broken.join("\n"));
    }
    // Claims are about the stimulus; here only the outputs count.
    let quiet = |d| pass::run(d, &["claims"], |_, _| {});
    let rows = Stream(7).rows(&before, 400);
    let run = |d| reference::run(&quiet(d).unwrap(), &rows, 20).map_err(|e| e.text);
    if run(&before)? != run(&after)? {
        return Err("the behaviour changed".into());
    }
    let got = print(&after);
    if std::env::var_os("BLESS").is_some() {
        let text = format!("{}\n{BECOMES}{got}", given.trim_end());
        return std::fs::write(path, text).map_err(|e| e.to_string());
    }
    if got == want { Ok(()) } else { Err(format!("expected\n{want}found\n{got}")) }
}

#[test]
fn files() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/passes");
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let failed: Vec<String> = paths
        .iter()
        .filter_map(|p| check(p).err().map(|e| format!("{}: {e}", p.file_name().unwrap_or_default().display())))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(paths.len() >= 15, "{} files", paths.len());
}

#[test]
fn an_unknown_pass_is_told() {
    let design = parse("design none m\nmodule m\n  %0 1 = input a\n  output y %0\nend").unwrap();
    let error = pass::run(&design, &["fold", "flod"], |_, _| {}).unwrap_err();
    assert!(error.starts_with("no pass is called `flod`; there are fold, cse, narrow, facts"), "{error}");
}
