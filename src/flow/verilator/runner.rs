//! The resident process that simulates a model; see `testbenches/runner/runner.cpp` for its side.
use super::super::error::FlowError;
use super::super::process::{status_words, tail};
use super::build::Part;
use crate::hdl::rows::{Rows, words_for};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// First word of every message; a runner of another version has another.
const MAGIC: u64 = u64::from_le_bytes(*b"rrowng01");
/// Words in one message, both ways together: large enough to amortise the switch between processes.
const CHUNK_WORDS: usize = 1 << 18;

/// Rows to run.
pub struct Request<'a> {
    /// Units of the part that share their inputs.
    pub units: &'a [usize],
    pub first: u64,
    pub rows: u64,
    pub sequence: u64,
    /// Input rows; without them the row number is the input.
    pub data: Option<&'a Rows>,
}

pub struct Runner {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// What the process says besides answers.
    messages: File,
    buffer: Vec<u8>,
}

impl Runner {
    pub fn start(part: &Part) -> Result<Runner, FlowError> {
        let failed = FlowError::file("start the simulation of", &part.library);
        let open = || -> io::Result<Runner> {
            let messages = tempfile::tempfile()?;
            let mut command = Command::new(&part.runner);
            command.arg(&part.library).args(&part.trace);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(messages.try_clone()?);
            let mut child = command.spawn()?;
            let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
                return Err(io::Error::other("no pipes"));
            };
            Ok(Runner { child, input: Some(input), output, messages, buffer: Vec::new() })
        };
        let mut runner = open().map_err(failed)?;
        let mut hello = [0; 2];
        match runner.receive(&mut hello) {
            Ok(()) if hello == [MAGIC, part.ports.len() as u64] => Ok(runner),
            _ => {
                // Should the file be damaged, the next build makes it anew.
                let _ = std::fs::remove_file(&part.library);
                Err(runner.death(&part.library.display().to_string()))
            }
        }
    }

    pub fn run(&mut self, part: &Part, request: &Request) -> Result<Vec<Rows>, FlowError> {
        let answer = self.exchange(part, request);
        answer.map_err(|_| self.death("a batch of rows"))
    }

    fn exchange(&mut self, part: &Part, request: &Request) -> io::Result<Vec<Rows>> {
        let total = request.rows as usize;
        let mut out: Vec<Rows> = request.units.iter().map(|u| Rows::zeros(&part.ports[*u].1, total)).collect();
        let per_row: usize = out.iter().map(Rows::stride).sum::<usize>()
            + part.ports[request.units[0]].0.iter().map(|w| words_for(*w)).sum::<usize>();
        let chunk = (CHUNK_WORDS / per_row.max(1)).max(1);
        let mut at = 0;
        while at < total {
            let n = chunk.min(total - at);
            let mut head = vec![MAGIC, u64::from(request.data.is_none()), request.units.len() as u64];
            head.extend(request.units.iter().map(|u| *u as u64));
            head.extend([request.first + at as u64, n as u64, request.sequence]);
            let data = request.data.map_or(&[][..], |rows| &rows.words()[at * rows.stride()..(at + n) * rows.stride()]);
            self.send(&head, data)?;
            let mut magic = [0];
            self.receive(&mut magic)?;
            if magic != [MAGIC] {
                return Err(io::Error::other("not an answer"));
            }
            for rows in &mut out {
                let stride = rows.stride();
                self.receive(&mut rows.words_mut()[at * stride..(at + n) * stride])?;
            }
            at += n;
        }
        Ok(out)
    }

    fn send(&mut self, head: &[u64], data: &[u64]) -> io::Result<()> {
        self.buffer.resize((head.len() + data.len()) * 8, 0);
        for (bytes, word) in self.buffer.chunks_exact_mut(8).zip(head.iter().chain(data)) {
            bytes.copy_from_slice(&word.to_ne_bytes());
        }
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(&self.buffer)?;
        input.flush()
    }

    fn receive(&mut self, words: &mut [u64]) -> io::Result<()> {
        self.buffer.resize(words.len() * 8, 0);
        self.output.read_exact(&mut self.buffer)?;
        for (word, bytes) in words.iter_mut().zip(self.buffer.chunks_exact(8)) {
            *word = u64::from_ne_bytes(bytes.try_into().unwrap_or_default());
        }
        Ok(())
    }

    /// The error for a process that does not answer any more.
    fn death(&mut self, doing: &str) -> FlowError {
        let _ = self.child.kill();
        let status = self.child.wait().map_or("lost".to_string(), status_words);
        let mut text = String::new();
        let _ = self.messages.seek(SeekFrom::Start(0)).and_then(|_| self.messages.read_to_string(&mut text));
        FlowError::Simulation(format!("the simulation process stopped at {doing} ({status})\n{}", tail(&text)))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // The end of its input is the runner's signal to finish its files and leave.
        self.input = None;
        let _ = self.child.wait();
    }
}
