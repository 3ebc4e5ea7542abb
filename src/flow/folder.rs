//! Output folders that are complete or absent: everything is written beside the target and renamed into place.
use std::io;
use std::path::{Path, PathBuf};

/// The file that marks a folder as ours, so that it may be replaced.
pub const MARK: &str = "manifest.json";
/// The same in the folder of a board build.
const MARK_OF_A_BOARD: &str = super::fpga::REPORT;

fn failed(what: &str, path: &Path, e: io::Error) -> String {
    format!("cannot {what} {}: {e}", path.display())
}

/// Refuses a folder that exists, is not empty and was not written by narrowgen.
pub fn check(target: &Path) -> Result<(), String> {
    let ours = |mark: &str| target.join(mark).is_file();
    if !target.exists() || ours(MARK) || ours(MARK_OF_A_BOARD) {
        return Ok(());
    }
    if target.is_dir() && std::fs::read_dir(target).map_err(|e| failed("read", target, e))?.next().is_none() {
        return Ok(());
    }
    Err(format!(
        "{} exists and was not written by narrowgen (no {MARK} or {MARK_OF_A_BOARD}); choose another folder or remove it",
        target.display()
    ))
}

/// Writes files (relative path, contents) as folder `target`. An existing folder is replaced only if
/// [`check`] finds nothing against it.
pub fn write(target: &Path, files: &[(String, Vec<u8>)]) -> Result<(), String> {
    let fail = failed;
    check(target)?;
    let parent = match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    };
    std::fs::create_dir_all(&parent).map_err(|e| fail("create", &parent, e))?;
    // The temporary folder removes itself unless it is kept by the rename.
    let stage = tempfile::Builder::new().prefix(".narrowgen-").tempdir_in(&parent).map_err(|e| fail("write into", &parent, e))?;
    let fresh = stage.path().join("new");
    std::fs::create_dir(&fresh).map_err(|e| fail("create", &fresh, e))?;
    for (name, contents) in files {
        let path = fresh.join(name);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| fail("create", dir, e))?;
        }
        std::fs::write(&path, contents).map_err(|e| fail("write", &path, e))?;
    }
    if target.exists() {
        std::fs::rename(target, stage.path().join("old")).map_err(|e| fail("replace", target, e))?;
    }
    std::fs::rename(&fresh, target).map_err(|e| fail("rename into", target, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_what_is_ours() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        write(&target, &[(MARK.into(), b"{}".to_vec()), ("a.v".into(), b"1".to_vec())]).unwrap();
        write(&target, &[(MARK.into(), b"{}".to_vec())]).unwrap();
        assert!(!target.join("a.v").exists());
        let foreign = dir.path().join("mine");
        std::fs::create_dir(&foreign).unwrap();
        std::fs::write(foreign.join("thesis.tex"), "x").unwrap();
        assert!(write(&foreign, &[]).unwrap_err().contains("not written by narrowgen"));
        assert!(foreign.join("thesis.tex").exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
