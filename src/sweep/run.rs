//! Running a sweep: a few points at a time, each written when it is finished.
use super::measure::{self, Clocking};
use super::memo::Memo;
use super::plan::Plan;
use super::record::{Failed, Record};
use super::store::{Run, Store, StoreError};
use crate::flow::error::FlowError;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

/// How to run a sweep.
pub struct Setup<'a> {
    /// Its points.
    pub plan: &'a Plan,
    /// Points at a time.
    pub jobs: u32,
    /// Earlier results.
    pub memo: &'a Memo,
    /// Measure again what failed before.
    pub retry_failed: bool,
    /// Makes what clock options ask for.
    pub clocking: &'a Clocking,
    /// The command line, for the record.
    pub command: String,
}

/// How a sweep ended.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Outcome {
    /// Different points of the plan.
    pub points: u64,
    /// Of these, there before.
    pub kept: u64,
    /// Written now.
    pub written: u64,
    /// Points that failed, now or before.
    pub failed: u64,
    /// Checks, syntheses and the like that were computed; the others came from the cache.
    pub computed: u64,
    /// Wall time.
    pub seconds: f64,
    /// The worst failure: a mismatch before anything else.
    #[serde(skip)]
    pub worst: Option<(String, Failed)>,
}

/// Why a sweep stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tool is missing.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// What a worker says of a point.
enum Message {
    /// It is in the database, or the same as another point of this run.
    Known(String),
    /// It is finished.
    Finished(Box<Record>),
}

/// Runs a sweep into a database. `progress` is told points done and in all.
pub fn run(store: &mut Store, setup: &Setup, progress: &dyn Fn(u64, u64)) -> Result<Outcome, RunError> {
    let start = Instant::now();
    let (plan, options) = (setup.plan, &setup.plan.options);
    let tools = measure::tools(options)?;
    let known = store.done(setup.retry_failed)?;
    let entry = Run {
        command: setup.command.clone(),
        tools: tools.clone(),
        started: String::new(),
        jobs: setup.jobs,
        seconds: None,
        finished: None,
        computed: None,
    };
    let number = store.begin(&entry)?;
    let (next, stop, claimed) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    let one = |seq: usize| {
        let described = measure::describe(&plan.points[seq], seq as u64, options, &tools, setup.clocking);
        let id = described.record.id.clone();
        let first = claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        match !first || known.contains_key(&id) {
            true => Message::Known(id),
            false => Message::Finished(Box::new(measure::measure(described, options, setup.memo))),
        }
    };
    let all = plan.points.len();
    let mut seen: BTreeMap<String, Option<Failed>> = BTreeMap::new();
    let mut outcome = Outcome::default();
    progress(0, all as u64);
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(1);
        for _ in 0..setup.jobs.max(1) {
            let (send, next, stop, one) = (send.clone(), &next, &stop, &one);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seq = next.fetch_add(1, Ordering::Relaxed);
                    if seq >= all {
                        break;
                    }
                    // A block that breaks must not take the other points with it.
                    let message = catch_unwind(AssertUnwindSafe(|| one(seq))).unwrap_or_else(|panic| {
                        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                        let failure = Failed { code: 3, message: text.unwrap_or("internal error").to_string() };
                        Message::Finished(Box::new(measure::broken(&plan.points[seq], seq as u64, failure)))
                    });
                    if send.send(message).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut written = || {
            for (done, message) in receive.iter().enumerate() {
                match message {
                    Message::Known(id) => {
                        let failure = known.get(&id).cloned().flatten();
                        seen.entry(id).or_insert(failure);
                    }
                    Message::Finished(record) => {
                        store.put(&record)?;
                        outcome.written += 1;
                        seen.insert(record.id, record.failure);
                    }
                }
                progress(done as u64 + 1, all as u64);
            }
            Ok::<(), StoreError>(())
        };
        let result = written();
        stop.store(true, Ordering::Relaxed);
        drop(receive);
        result
    })?;
    setup.memo.trim();
    outcome.points = seen.len() as u64;
    outcome.kept = outcome.points - outcome.written.min(outcome.points);
    outcome.computed = setup.memo.computed();
    let failures: Vec<(String, Failed)> = seen.into_iter().filter_map(|(id, f)| Some((id, f?))).collect();
    outcome.failed = failures.len() as u64;
    outcome.worst = failures.into_iter().min_by_key(|(_, f)| f.code);
    outcome.seconds = start.elapsed().as_secs_f64();
    store.end(number, outcome.seconds, outcome.written, outcome.computed)?;
    Ok(outcome)
}
