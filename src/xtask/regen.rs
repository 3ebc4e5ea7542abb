//! Everything in the repository that is generated from the code: the showcase in `rtl-out/` and the
//! marked parts of `README.md`. A test fails when they are stale.
use narrowgen::blocks::params::ParamSet;
use narrowgen::blocks::policy::Policy;
use narrowgen::blocks::{self, Configured, REGISTRY, params};
use narrowgen::flow::architecture::{Shape, Shaped};
use narrowgen::flow::package::package;
use narrowgen::hdl::verilog;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The emitted examples that are committed.
const SHOWCASE: &[(&str, &[(&str, &str)])] = &[
    ("convert", &[("from", "bf16"), ("to", "e4m3fn")]),
    ("mul", &[]),
    ("dot", &[("a", "int8"), ("b", "int8"), ("lanes", "4"), ("sum", "exact"), ("out", "exact")]),
    ("mac", &[("a", "e4m3fn"), ("b", "e4m3fn"), ("acc", "exact"), ("terms", "32")]),
];

/// Testbench vectors of a committed example.
const VECTORS: u64 = 64;

fn configure(name: &str, given: &[(&str, &str)]) -> Result<Box<dyn Configured>, String> {
    let block = blocks::find(name).ok_or_else(|| format!("no block `{name}`"))?;
    let given: Vec<(String, String)> = given.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let block = block.configure(&given).map_err(|e| format!("{name}: {e}"))?;
    // As `emit` does it.
    Shaped::build(block, Shape::default()).map(|b| Box::new(b) as Box<dyn Configured>).map_err(|e| e.to_string())
}

/// Every generated file with its contents.
pub fn files(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut all = BTreeMap::new();
    for (name, given) in SHOWCASE {
        let block = configure(name, given)?;
        let design = block.design().map_err(|e| e.to_string())?;
        let folder = root.join("rtl-out").join(block.module_name());
        for (file, contents) in package(block.as_ref(), &design, Some(VECTORS), None)?.files {
            all.insert(folder.join(file), contents);
        }
    }
    let path = root.join("README.md");
    let readme = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let readme = replace(&readme, "blocks", &table())?;
    let readme = replace(&readme, "excerpt", &excerpt()?)?;
    all.insert(path, readme.into_bytes());
    Ok(all)
}

/// Rewrites the generated files.
pub fn run(root: &Path) -> Result<(), String> {
    let all = files(root)?;
    let out = root.join("rtl-out");
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    }
    for (path, contents) in all {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        }
        std::fs::write(&path, contents).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{}", path.strip_prefix(root).unwrap_or(&path).display());
    }
    Ok(())
}

/// Puts `text` between the markers `<!-- NAME -->` and `<!-- /NAME -->`.
fn replace(readme: &str, name: &str, text: &str) -> Result<String, String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = readme.find(&open).ok_or_else(|| format!("README.md has no marker {open}"))? + open.len();
    let end = readme.find(&close).filter(|e| *e >= start).ok_or_else(|| format!("README.md has no marker {close}"))?;
    Ok(format!("{}{text}{}", &readme[..start], &readme[end..]))
}

/// The block table of the README.
fn table() -> String {
    let mut text = String::from("| block | what it is | parameters of its own |\n|---|---|---|\n");
    let shared: Vec<&str> = Policy::fields().iter().map(|f| f.name).collect();
    for b in REGISTRY {
        let own: Vec<String> =
            b.fields().iter().filter(|f| !shared.contains(&f.name)).map(|f| format!("`{}`", params::flag(f.name))).collect();
        let _ = writeln!(text, "| `{}` | {} | {} |", b.name(), b.doc(), own.join(" "));
    }
    text
}

/// The body of the default multiplier, as emitted.
fn excerpt() -> Result<String, String> {
    let block = configure("mul", &[("a", "e2m1fn"), ("b", "e2m1fn"), ("out", "e4m3fn")])?;
    let design = block.design().map_err(|e| e.to_string())?;
    let text = verilog::print(&design).pop().map(|f| f.text).unwrap_or_default();
    Ok(format!("```verilog\n{text}```\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_current() {
        let root = crate::root();
        let all = files(&root).unwrap();
        assert!(all.len() > 16);
        for (path, contents) in &all {
            let found = std::fs::read(path).unwrap_or_default();
            assert!(found == *contents, "{} is stale; run `cargo xtask regen` and commit", path.display());
        }
        let stray = walk(&root.join("rtl-out")).into_iter().find(|p| !all.contains_key(p));
        assert_eq!(stray, None, "a file in rtl-out/ is not generated any more; run `cargo xtask regen`");
    }

    fn walk(dir: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
        entries.filter_map(Result::ok).flat_map(|e| if e.path().is_dir() { walk(&e.path()) } else { vec![e.path()] }).collect()
    }
}
