//! The committed report.
use super::{Fate, SOURCES};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Writes it; an error if a survivor has no reason.
pub fn write(root: &Path, fates: &[Fate], all: usize, took: Duration) -> Result<(), String> {
    let folder = root.join("testbenches/teeth");
    let text = fs::read_to_string(folder.join("equivalent.toml")).unwrap_or_default();
    let reasons: BTreeMap<String, String> = toml::from_str(&text).map_err(|e| format!("equivalent.toml: {e}"))?;
    let survivors: Vec<&Fate> = fates.iter().filter(|f| f.killed.is_none()).collect();
    let open: Vec<String> = survivors.iter().map(|f| f.key()).filter(|k| !reasons.contains_key(k)).collect();
    let killed = fates.len() - survivors.len();
    let rate = 100.0 * killed as f64 / (killed + open.len()).max(1) as f64;
    let mut out = String::from("# Mutations of the golden models\n\n");
    let _ = writeln!(
        out,
        "Written by `cargo xtask teeth`: {} of {all} single mutations of the source, {killed} killed, {} the same function \
         for the reason given, {} open; {rate:.1} % of the different ones killed. Took {:.0} minutes.\n",
        fates.len(),
        survivors.len() - open.len(),
        open.len(),
        took.as_secs_f64() / 60.0
    );
    out += "A mutant is first compared with the hardware (`check`: the test `golden::every_point_agrees`); what passes that \
            is given to the golden crate's own tests, which compare with other people's software.\n\n";
    out +=
        "| source | mutants | killed by check | killed by golden's tests | same function | open |\n|---|---|---|---|---|---|\n";
    for (file, _) in SOURCES {
        let here: Vec<&Fate> = fates.iter().filter(|f| f.file == *file).collect();
        let by = |word: &str| here.iter().filter(|f| f.killed.as_deref().is_some_and(|k| k.starts_with(word))).count();
        let (dead, check) = (here.iter().filter(|f| f.killed.is_some()).count(), by("check") + by("takes"));
        let explained = here.iter().filter(|f| f.killed.is_none() && reasons.contains_key(&f.key())).count();
        let _ = writeln!(
            out,
            "| {} | {} | {check} | {} | {explained} | {} |",
            file.trim_start_matches("src/"),
            here.len(),
            dead - check,
            here.len() - dead - explained
        );
    }
    out += "\n## Survivors\n\n";
    for fate in &survivors {
        let key = fate.key();
        let _ = writeln!(out, "* {key} (line {}): {}", fate.line, reasons.get(&key).map_or("OPEN", String::as_str));
    }
    out += "\n## Killed\n\n| source | function | line | mutation | killed by |\n|---|---|---|---|---|\n";
    for f in fates {
        if let Some(by) = &f.killed {
            let cell = |s: &str| s.replace('|', "\\|");
            let file = f.file.trim_start_matches("src/");
            let _ = writeln!(out, "| {file} | {} | {} | {} | {} |", cell(&f.function), f.line, cell(&f.what), cell(by));
        }
    }
    fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("golden.md"), out)).map_err(|e| e.to_string())?;
    match open.is_empty() {
        true => Ok(()),
        false => Err(format!("{} survivors without a reason in equivalent.toml:\n{}", open.len(), open.join("\n"))),
    }
}
