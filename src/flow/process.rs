//! Running external commands: output captured and kept as a log, a time limit, and errors that
//! say what failed, with which words of the tool, and where the whole log is.
//!
//! Children stay in the terminal's foreground group, so Ctrl-C reaches them too; a command that
//! overruns its limit is ended together with everything it started.
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longest part of a log quoted in an error, in lines.
const TAIL: usize = 12;

/// A command to run.
#[derive(Debug)]
pub struct Job<'a> {
    what: String,
    command: Command,
    log: Option<&'a Path>,
    limit: Option<Duration>,
}

/// A finished command.
#[derive(Clone, Debug)]
pub struct Done {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
    /// Wall time.
    pub seconds: f64,
}

/// A command that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("{what}: cannot start `{program}`: {source}")]
    Start {
        /// What was being done.
        what: String,
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{what} failed ({status}){}{}", quoted(tail), kept(log))]
    Failed {
        /// What was being done.
        what: String,
        /// How it ended.
        status: String,
        /// Last lines of its output.
        tail: String,
        /// The whole log.
        log: Option<PathBuf>,
    },
    /// It ran longer than allowed and was ended.
    #[error("{what} did not finish within {limit:?} and was stopped{}{}", quoted(tail), kept(log))]
    TimedOut {
        /// What was being done.
        what: String,
        /// The limit.
        limit: Duration,
        /// Last lines of its output.
        tail: String,
        /// The whole log.
        log: Option<PathBuf>,
    },
    /// Reading or writing its data failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

fn quoted(tail: &str) -> String {
    if tail.is_empty() { String::new() } else { format!(":\n{tail}") }
}

fn kept(log: &Option<PathBuf>) -> String {
    log.as_ref().map(|l| format!("\nfull log: {}", l.display())).unwrap_or_default()
}

/// The last lines of a text that say something.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].iter().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n")
}

/// How a process ended, in words.
pub fn status_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        _ => "ended in an unknown way".to_string(),
    }
}

impl<'a> Job<'a> {
    /// `what` completes "… failed": `"Verilating mac"`.
    pub fn new(what: impl Into<String>, command: Command) -> Self {
        Job { what: what.into(), command, log: None, limit: None }
    }

    /// Keeps the command line and all output in this file.
    pub fn log(mut self, path: &'a Path) -> Self {
        self.log = Some(path);
        self
    }

    /// Ends the command after this time.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Runs it; an exit code other than 0 is an error.
    pub fn run(self) -> Result<Done, ProcessError> {
        let (what, log) = (self.what.clone(), self.log.map(Path::to_path_buf));
        let done = self.run_any()?;
        match done.code {
            Some(0) => Ok(done),
            code => Err(ProcessError::Failed {
                what,
                status: code.map_or("ended by a signal".to_string(), |c| format!("exit code {c}")),
                tail: tail(&format!("{}\n{}", done.stdout, done.stderr)),
                log,
            }),
        }
    }

    /// Runs it; any exit code is a result.
    pub fn run_any(mut self) -> Result<Done, ProcessError> {
        let start = Instant::now();
        let what = self.what;
        let io_error = |source| ProcessError::Io { what: what.clone(), source };
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|source| ProcessError::Start {
            what: what.clone(),
            program: self.command.get_program().to_string_lossy().into_owned(),
            source,
        })?;
        let readers = [reader(child.stdout.take()), reader(child.stderr.take())];
        let mut timed_out = false;
        let status = match self.limit {
            None => child.wait().map_err(io_error)?,
            Some(limit) => {
                let mut pause = Duration::from_millis(1);
                loop {
                    if let Some(status) = child.try_wait().map_err(io_error)? {
                        break status;
                    }
                    if start.elapsed() > limit {
                        timed_out = true;
                        end_tree(child.id());
                        let _ = child.kill();
                        break child.wait().map_err(io_error)?;
                    }
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
            }
        };
        let [stdout, stderr] = readers.map(|r| String::from_utf8_lossy(&r.join().unwrap_or_default()).into_owned());
        if let Some(path) = self.log {
            let mut text = Vec::new();
            let _ = write!(text, "$ {:?}\n{stdout}\n{stderr}\n[{}]\n", self.command, status_words(status));
            path.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| File::create(path)?.write_all(&text))
                .map_err(io_error)?;
        }
        if timed_out {
            let tail = tail(&format!("{stdout}\n{stderr}"));
            let (limit, log) = (self.limit.unwrap_or_default(), self.log.map(Path::to_path_buf));
            return Err(ProcessError::TimedOut { what, limit, tail, log });
        }
        Ok(Done { code: status.code(), stdout, stderr, seconds: start.elapsed().as_secs_f64() })
    }
}

/// Runs a command, keeping its output in `log`; an exit code other than 0 is an error.
pub fn run(command: Command, log: Option<&Path>) -> Result<Done, ProcessError> {
    let mut job = Job::new(format!("`{}`", command.get_program().to_string_lossy()), command);
    job.log = log;
    job.run()
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Ends every descendant of a process (Linux; elsewhere only the process itself is ended, by the caller).
fn end_tree(root: u32) {
    let Ok(entries) = fs::read_dir("/proc") else { return };
    // The parent is the second field after the name, which is in parentheses and may contain anything.
    let parents: Vec<(u32, u32)> = entries
        .flatten()
        .filter_map(|e| {
            let pid = e.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(e.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut family = vec![root];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    let mut kill = Command::new("kill");
    kill.arg("-9").args(family[1..].iter().map(u32::to_string)).stdout(Stdio::null()).stderr(Stdio::null());
    if family.len() > 1 {
        let _ = kill.status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut c = Command::new("sh");
        c.args(["-c", script]);
        c
    }

    #[test]
    fn a_failure_quotes_the_last_lines_and_names_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("deep/x.log");
        let e = Job::new("Trying", sh("seq 100; echo bad >&2; exit 3")).log(&log).run().unwrap_err().to_string();
        assert!(
            e.contains("Trying failed (exit code 3)") && e.contains("  bad") && e.contains("x.log") && !e.contains(" 50\n"),
            "{e}"
        );
        assert!(fs::read_to_string(&log).unwrap().contains("50\n"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let e = run(Command::new("/no/such/program"), None).unwrap_err().to_string();
        assert!(e.contains("cannot start `/no/such/program`"), "{e}");
    }

    #[test]
    fn the_limit_ends_grandchildren_too() {
        let start = Instant::now();
        let e = Job::new("Sleeping", sh("echo begun; sleep 30 & wait")).limit(Duration::from_millis(300)).run().unwrap_err();
        assert!(matches!(&e, ProcessError::TimedOut { tail, .. } if tail.contains("begun")), "{e}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn much_output_on_both_pipes_does_not_block() {
        let done = run(sh("seq 200000; seq 200000 >&2"), None).unwrap();
        assert_eq!(done.stdout.len(), done.stderr.len());
        assert!(done.stdout.len() > 1_000_000);
    }
}
