//! The user's cache folder: managed tools, the precompiled Verilator runtime and compiled models.
//!
//! Everything in it can be deleted at any time. Entries are made beside their place and renamed
//! into it, so an interrupted run leaves no half-made entry; [`lock`] keeps two processes from
//! making the same entry twice.
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Start of the names of folders in the making.
const SCRATCH: &str = ".new-";

/// `$NARROWGEN_CACHE`, else `$XDG_CACHE_HOME/narrowgen`, else `~/.cache/narrowgen`.
pub fn dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("NARROWGEN_CACHE") {
        return std::path::absolute(&dir).unwrap_or(dir);
    }
    match set("XDG_CACHE_HOME").filter(|p| p.is_absolute()) {
        Some(dir) => dir.join("narrowgen"),
        None => set("HOME").unwrap_or_else(std::env::temp_dir).join(".cache").join("narrowgen"),
    }
}

/// A held lock; dropping it lets the next one in.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which closing the file releases")] File);

/// Waits for the exclusive lock called `name`; `waiting` is called once if another process has it.
/// The system releases it when the process ends, however it ends.
pub fn lock(name: &str, waiting: impl FnOnce()) -> io::Result<Lock> {
    let dir = dir().join("locks");
    fs::create_dir_all(&dir)?;
    let file = File::options().create(true).truncate(false).write(true).open(dir.join(name))?;
    if file.try_lock().is_err() {
        waiting();
        file.lock()?;
    }
    Ok(Lock(file))
}

/// Removes what interrupted runs left in `dir`: [`scratch`] folders older than `age`.
pub fn sweep(dir: &Path, age: Duration) {
    let scratches = fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in scratches.filter(|e| e.file_name().to_string_lossy().starts_with(SCRATCH)) {
        if entry.metadata().and_then(|m| m.modified()).is_ok_and(|t| t.elapsed().is_ok_and(|e| e >= age)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A new empty folder inside `dir` (made if missing), removed on drop unless renamed away. Ones that
/// interrupted runs left behind a day ago are removed.
pub fn scratch(dir: &Path) -> io::Result<tempfile::TempDir> {
    fs::create_dir_all(dir)?;
    sweep(dir, Duration::from_secs(24 * 3600));
    tempfile::Builder::new().prefix(SCRATCH).tempdir_in(dir)
}

/// SHA-256 of the parts, each with its length so that moving a boundary changes the result; 32 hex digits.
pub fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// Keeps the newest entries of `dir` whose sizes add up to at most `bytes`, and removes the rest.
pub fn trim(dir: &Path, bytes: u64) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|e| e.metadata().ok().filter(|m| m.is_file()).and_then(|m| Some((m.modified().ok()?, m.len(), e.path()))))
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    let mut total = 0;
    for (_, len, path) in files {
        total += len;
        if total > bytes {
            let _ = fs::remove_file(path);
        }
    }
}

/// Marks an entry as used now, for [`trim`].
pub fn touch(path: &Path) {
    if let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_modified(std::time::SystemTime::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_depend_on_every_boundary() {
        assert_eq!(key(["ab", "c"]).len(), 32);
        assert_ne!(key(["ab", "c"]), key(["a", "bc"]));
        assert_ne!(key(["ab"]), key(["ab", ""]));
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let dir = tempfile::tempdir().unwrap();
        for (i, name) in ["old", "middle", "new"].into_iter().enumerate() {
            let path = dir.path().join(name);
            fs::write(&path, [0; 100]).unwrap();
            let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1000 * (i as u64 + 1));
            File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        touch(&dir.path().join("old"));
        trim(dir.path(), 250);
        let left: Vec<bool> = ["old", "middle", "new"].iter().map(|n| dir.path().join(n).exists()).collect();
        assert_eq!(left, [true, false, true]);
    }

    #[test]
    fn only_left_over_scratch_folders_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let left = scratch(dir.path()).unwrap().keep();
        fs::write(left.join("file"), "x").unwrap();
        fs::create_dir(dir.path().join("entry")).unwrap();
        sweep(dir.path(), Duration::from_secs(3600));
        assert!(left.exists());
        sweep(dir.path(), Duration::ZERO);
        assert!(!left.exists() && dir.path().join("entry").exists());
    }
}
