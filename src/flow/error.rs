//! [`FlowError`]: what can go wrong when a tool is used.
use super::process::ProcessError;
use super::tool::ToolError;
use std::path::{Path, PathBuf};

/// A tool is missing, failed, or was asked for something it cannot do. The command line ends with exit code 3.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// A tool is missing.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A tool failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file of ours could not be read or written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// "read", "write", …
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A simulation could not be done.
    #[error("{0}")]
    Simulation(String),
}

impl FlowError {
    /// For `map_err`: an error about this file.
    pub fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FlowError {
        let path = path.to_path_buf();
        move |source| FlowError::File { what, path, source }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            FlowError::Tool(e) => e.help.clone(),
            FlowError::Process(ProcessError::Start { .. }) => "check that the program exists and may be run".into(),
            FlowError::Process(_) => {
                "see the tool's message; `narrowgen tools list` shows which tools and versions are used".into()
            }
            FlowError::File { .. } => "check the permissions and free space; NARROWGEN_CACHE chooses another cache folder".into(),
            FlowError::Simulation(_) => String::new(),
        }
    }
}
