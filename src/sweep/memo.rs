//! Results that were computed before, in the user's cache: one small file per result, named by a hash of
//! everything it depends on.
use crate::flow::cache;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of results that are kept.
const LIMIT: u64 = 256 << 20;

/// The store of earlier results; without a folder everything is computed anew.
pub struct Memo {
    dir: Option<PathBuf>,
    computed: AtomicU64,
}

impl Memo {
    /// In the user's cache, or none.
    pub fn new(used: bool) -> Memo {
        Memo { dir: used.then(|| cache::dir().join("points")), computed: AtomicU64::new(0) }
    }

    /// The result of these parts, from the cache or computed; errors are not kept.
    pub fn get<T: Serialize + DeserializeOwned, E>(&self, parts: &[&str], make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let path = self.dir.as_ref().map(|d| d.join(format!("{}.json", cache::key(parts.iter().copied()))));
        if let Some(found) = path.as_ref().and_then(|p| serde_json::from_slice(&fs::read(p).ok()?).ok()) {
            path.iter().for_each(|p| cache::touch(p));
            return Ok(found);
        }
        let made = make()?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        // A result that cannot be kept is computed again next time.
        if let (Some(dir), Some(path), Ok(text)) = (&self.dir, &path, serde_json::to_vec(&made)) {
            let _ = fs::create_dir_all(dir)
                .and_then(|()| tempfile::NamedTempFile::new_in(dir))
                .and_then(|mut file| file.write_all(&text).map(|()| file))
                .map(|file| file.persist(path));
        }
        Ok(made)
    }

    /// Results computed, not found.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Forgets the oldest results beyond the limit.
    pub fn trim(&self) {
        self.dir.iter().for_each(|d| cache::trim(d, LIMIT));
    }
}
