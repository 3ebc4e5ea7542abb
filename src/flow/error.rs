//! [`FlowError`]: what can go wrong when a tool is used.
use super::process::ProcessError;
use super::tool::ToolError;
use std::path::{Path, PathBuf};

/// A tool is missing, failed, or was asked for something it cannot do. The command line ends
/// with exit code 3 unless the variant says otherwise.
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
    /// The request makes no sense for this target (exit code 2).
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What is allowed.
        help: String,
    },
    /// The design does not fit the device, or is slower than its clock (exit code 4).
    #[error("{message}")]
    Fit {
        /// What does not fit.
        message: String,
        /// What would help.
        help: String,
    },
    /// Results that must be equal are not (exit code 1).
    #[error("{0}")]
    Mismatch(String),
    /// A tool wrote something that cannot be understood.
    #[error("{0}")]
    Output(String),
    /// The circuit cannot be built (exit code 2).
    #[error("the circuit cannot be built:\n{0}")]
    Circuit(#[from] crate::hdl::dsl::Diagnostics),
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

    /// Exit code of the command line.
    pub fn code(&self) -> u8 {
        match self {
            FlowError::Mismatch(_) => 1,
            FlowError::Usage { .. } | FlowError::Circuit(_) => 2,
            FlowError::Fit { .. } => 4,
            _ => 3,
        }
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
            FlowError::Usage { help, .. } | FlowError::Fit { help, .. } => help.clone(),
            FlowError::Output(_) => "`narrowgen tools list` shows which tools and versions are used".into(),
            FlowError::Mismatch(_) | FlowError::Circuit(_) | FlowError::Simulation(_) => String::new(),
        }
    }
}
