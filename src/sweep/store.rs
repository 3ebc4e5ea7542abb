//! The database of results: one transaction per point, durable when it is written.
use super::record::{Accuracy, Check, Clock, Cost, Failed, Record};
use rusqlite::{Connection, OpenFlags, Row, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Version of the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE points (
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL, block TEXT NOT NULL, module TEXT NOT NULL,
  exit INTEGER, error TEXT, latency INTEGER, interval INTEGER, result_bits INTEGER, rtl_hash TEXT NOT NULL, golden_hash TEXT NOT NULL,
  check_vectors INTEGER, check_mismatches INTEGER, check_method TEXT, check_seed TEXT, check_engines TEXT
) STRICT;
CREATE TABLE params (point TEXT NOT NULL REFERENCES points(id), place INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (point, place)) STRICT;
CREATE TABLE costs (
  point TEXT NOT NULL REFERENCES points(id), target TEXT NOT NULL,
  lut INTEGER, carry INTEGER, ff INTEGER, dsp INTEGER, bram INTEGER, gates INTEGER, transistors INTEGER, cells TEXT NOT NULL,
  tool TEXT NOT NULL, commands TEXT NOT NULL,
  part TEXT, fmax_mhz REAL, fmax_all TEXT, predicted_mhz REAL, router TEXT, PRIMARY KEY (point, target)
) STRICT;
CREATE TABLE accuracy (
  point TEXT NOT NULL REFERENCES points(id), data TEXT NOT NULL, terms INTEGER NOT NULL, results INTEGER NOT NULL,
  sqnr_db REAL, max_abs_error REAL, not_numbers INTEGER NOT NULL, seed INTEGER NOT NULL, PRIMARY KEY (point, data)
) STRICT;
CREATE TABLE runs (
  number INTEGER PRIMARY KEY, command TEXT NOT NULL, tools TEXT NOT NULL, started TEXT NOT NULL, jobs INTEGER NOT NULL,
  seconds REAL, finished INTEGER, computed INTEGER
) STRICT;
";

/// An open database.
pub struct Store(Connection);

/// One run of a sweep; the last three are missing if it was interrupted.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its command line.
    pub command: String,
    /// Tools with versions.
    pub tools: Vec<String>,
    /// Date and time, UTC.
    pub started: String,
    /// Points at a time.
    pub jobs: u32,
    /// Wall time.
    pub seconds: Option<f64>,
    /// Points it wrote.
    pub finished: Option<u64>,
    /// Checks, syntheses and the like that it computed, not found in the cache.
    pub computed: Option<u64>,
}

/// What can go wrong with a database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says so.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// It is no database of results, or one of another version.
    #[error("{0}")]
    Foreign(String),
}

impl Store {
    /// Opens a database for writing, or makes one.
    pub fn create(path: &Path) -> Result<Store, StoreError> {
        let mut c = Connection::open(path)?;
        c.busy_timeout(Duration::from_secs(60))?;
        c.pragma_update(None, "journal_mode", "WAL")?;
        // A point that was reported survives a power cut, too.
        c.pragma_update(None, "synchronous", "FULL")?;
        let t = c.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if t.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get::<_, i64>(0))? == 0 {
            t.execute_batch(TABLES)?;
            t.pragma_update(None, "user_version", VERSION)?;
        }
        t.commit()?;
        Store(c).known()
    }

    /// Opens a database that must exist, for reading.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        // Reading a database in WAL mode may have to write its journal files.
        let c = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        c.busy_timeout(Duration::from_secs(60))?;
        Store(c).known()
    }

    fn known(self) -> Result<Store, StoreError> {
        let version: i64 = self.0.pragma_query_value(None, "user_version", |r| r.get(0))?;
        let tables: i64 =
            self.0.query_row("SELECT count(*) FROM sqlite_master WHERE name IN ('points', 'runs')", [], |r| r.get(0))?;
        match (tables, version) {
            (2, VERSION) => Ok(self),
            (2, v) => Err(StoreError::Foreign(format!("its tables have version {v}; this narrowgen knows {VERSION}"))),
            _ => Err(StoreError::Foreign("it is no database of sweep results".into())),
        }
    }

    /// Ids of points that are there, with why they failed; without those that failed if these are to be tried again.
    pub fn done(&self, retry_failed: bool) -> Result<BTreeMap<String, Option<Failed>>, StoreError> {
        let mut s = self.0.prepare("SELECT id, exit, error FROM points WHERE exit IS NULL OR NOT ?1")?;
        let ids = s.query_map([retry_failed], |r| Ok((r.get("id")?, failure(r)?)))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Writes a point, in place of an earlier one of its id.
    pub fn put(&mut self, r: &Record) -> Result<(), StoreError> {
        let t = self.0.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for table in ["params", "costs", "accuracy"] {
            t.execute(&format!("DELETE FROM {table} WHERE point = ?1"), [&r.id])?;
        }
        let (failure, check) = (r.failure.as_ref(), r.check.as_ref());
        t.execute(
            "INSERT OR REPLACE INTO points VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
            params![
                r.id,
                r.seq,
                r.block,
                r.module,
                failure.map(|f| f.code),
                failure.map(|f| &f.message),
                r.latency,
                r.interval,
                r.result_bits,
                r.rtl_hash,
                r.golden_hash,
                check.map(|c| c.vectors),
                check.map(|c| c.mismatches),
                check.map(|c| &c.method),
                check.map(|c| c.seed.to_string()),
                check.map(|c| &c.engines)
            ],
        )?;
        for (i, (name, value)) in r.params.iter().enumerate() {
            t.execute("INSERT INTO params VALUES (?1,?2,?3,?4)", params![r.id, i, name, value])?;
        }
        for c in &r.costs {
            let k = c.clock.as_ref();
            t.execute(
                "INSERT INTO costs VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
                params![
                    r.id,
                    c.target,
                    c.lut,
                    c.carry,
                    c.ff,
                    c.dsp,
                    c.bram,
                    c.gates,
                    c.transistors,
                    json(&c.cells),
                    c.tool,
                    json(&c.commands),
                    k.map(|k| &k.part),
                    k.map(|k| k.fmax_mhz),
                    k.map(|k| json(&k.fmax_all)),
                    k.and_then(|k| k.predicted_mhz),
                    k.map(|k| &k.tool)
                ],
            )?;
        }
        for a in &r.accuracy {
            t.execute(
                "INSERT INTO accuracy VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
                params![r.id, a.data, a.terms, a.results, a.sqnr_db, a.max_abs_error, a.not_numbers, a.seed],
            )?;
        }
        Ok(t.commit()?)
    }

    /// Every point, in the order of its sweep.
    pub fn records(&self) -> Result<Vec<Record>, StoreError> {
        let mut points = self.0.prepare("SELECT * FROM points ORDER BY seq, id")?;
        let mut params = self.0.prepare("SELECT name, value FROM params WHERE point = ?1 ORDER BY place")?;
        let mut costs = self.0.prepare("SELECT * FROM costs WHERE point = ?1 ORDER BY rowid")?;
        let mut accuracy = self.0.prepare("SELECT * FROM accuracy WHERE point = ?1 ORDER BY rowid")?;
        let mut records: Vec<Record> = points.query_map([], record)?.collect::<Result<_, _>>()?;
        for r in &mut records {
            r.params = params.query_map([&r.id], |p| Ok((p.get(0)?, p.get(1)?)))?.collect::<Result<_, _>>()?;
            r.costs = costs.query_map([&r.id], cost)?.collect::<Result<_, _>>()?;
            r.accuracy = accuracy.query_map([&r.id], accuracy_of)?.collect::<Result<_, _>>()?;
        }
        Ok(records)
    }

    /// Notes that a run begins.
    pub fn begin(&self, run: &Run) -> Result<i64, StoreError> {
        self.0.execute(
            "INSERT INTO runs (command, tools, started, jobs) VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?3)",
            params![run.command, json(&run.tools), run.jobs],
        )?;
        Ok(self.0.last_insert_rowid())
    }

    /// Notes how a run ended.
    pub fn end(&self, number: i64, seconds: f64, finished: u64, computed: u64) -> Result<(), StoreError> {
        self.0.execute(
            "UPDATE runs SET seconds = ?2, finished = ?3, computed = ?4 WHERE number = ?1",
            params![number, seconds, finished, computed],
        )?;
        Ok(())
    }

    /// Every run, in order.
    pub fn runs(&self) -> Result<Vec<Run>, StoreError> {
        let mut s =
            self.0.prepare("SELECT command, tools, started, jobs, seconds, finished, computed FROM runs ORDER BY number")?;
        let run = |r: &Row| {
            Ok(Run {
                command: r.get(0)?,
                tools: from_json(r.get(1)?),
                started: r.get(2)?,
                jobs: r.get(3)?,
                seconds: r.get(4)?,
                finished: r.get(5)?,
                computed: r.get(6)?,
            })
        };
        Ok(s.query_map([], run)?.collect::<Result<_, _>>()?)
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned + Default>(text: String) -> T {
    serde_json::from_str(&text).unwrap_or_default()
}

fn failure(r: &Row) -> rusqlite::Result<Option<Failed>> {
    match r.get::<_, Option<u8>>("exit")? {
        Some(code) => Ok(Some(Failed { code, message: r.get("error")? })),
        None => Ok(None),
    }
}

fn record(r: &Row) -> rusqlite::Result<Record> {
    let failure = failure(r)?;
    let check = match r.get::<_, Option<u64>>("check_vectors")? {
        Some(vectors) => Some(Check {
            vectors,
            mismatches: r.get("check_mismatches")?,
            method: r.get("check_method")?,
            // Seeds use all 64 bits, one more than SQLite's integers have.
            seed: r.get::<_, String>("check_seed")?.parse().unwrap_or(0),
            engines: r.get("check_engines")?,
        }),
        None => None,
    };
    Ok(Record {
        id: r.get("id")?,
        seq: r.get("seq")?,
        block: r.get("block")?,
        module: r.get("module")?,
        params: Vec::new(),
        failure,
        latency: r.get("latency")?,
        interval: r.get("interval")?,
        result_bits: r.get("result_bits")?,
        rtl_hash: r.get("rtl_hash")?,
        golden_hash: r.get("golden_hash")?,
        check,
        costs: Vec::new(),
        accuracy: Vec::new(),
    })
}

fn cost(r: &Row) -> rusqlite::Result<Cost> {
    let clock = match r.get::<_, Option<String>>("part")? {
        Some(part) => Some(Clock {
            part,
            fmax_mhz: r.get("fmax_mhz")?,
            fmax_all: from_json(r.get("fmax_all")?),
            predicted_mhz: r.get("predicted_mhz")?,
            tool: r.get("router")?,
        }),
        None => None,
    };
    Ok(Cost {
        target: r.get("target")?,
        lut: r.get("lut")?,
        carry: r.get("carry")?,
        ff: r.get("ff")?,
        dsp: r.get("dsp")?,
        bram: r.get("bram")?,
        gates: r.get("gates")?,
        transistors: r.get("transistors")?,
        cells: from_json(r.get("cells")?),
        tool: r.get("tool")?,
        commands: from_json(r.get("commands")?),
        clock,
    })
}

fn accuracy_of(r: &Row) -> rusqlite::Result<Accuracy> {
    Ok(Accuracy {
        data: r.get("data")?,
        terms: r.get("terms")?,
        results: r.get("results")?,
        sqnr_db: r.get("sqnr_db")?,
        max_abs_error: r.get("max_abs_error")?,
        not_numbers: r.get("not_numbers")?,
        seed: r.get("seed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Record {
        let clock = Clock {
            part: "hx8k".into(),
            fmax_mhz: 80.5,
            fmax_all: vec![80.0, 81.0],
            predicted_mhz: Some(79.25),
            tool: "nextpnr-ice40 0.4".into(),
        };
        let cost = Cost {
            target: "ice40".into(),
            lut: Some(5),
            carry: None,
            ff: Some(0),
            dsp: Some(0),
            bram: Some(0),
            gates: None,
            transistors: None,
            cells: [("SB_LUT4".to_string(), 5)].into(),
            tool: "yosys 0.70".into(),
            commands: vec!["proc".into()],
            clock: Some(clock),
        };
        let accuracy = Accuracy {
            data: "normal".into(),
            terms: 32,
            results: 9,
            sqnr_db: None,
            max_abs_error: Some(0.5),
            not_numbers: 1,
            seed: 1,
        };
        let check =
            Check { vectors: 65536, mismatches: 0, method: "exhaustive".into(), seed: u64::MAX, engines: "native".into() };
        Record {
            id: "x".into(),
            seq: 3,
            block: "mac".into(),
            module: "mac_x".into(),
            params: vec![("b".into(), "1".into()), ("a".into(), "2".into())],
            failure: Some(Failed { code: 3, message: "no".into() }),
            latency: Some(1),
            interval: Some(1),
            result_bits: Some(42),
            rtl_hash: "r".into(),
            golden_hash: "g".into(),
            check: Some(check),
            costs: vec![cost],
            accuracy: vec![accuracy],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.db");
        let mut store = Store::create(&path).unwrap();
        let mut record = sample();
        store.put(&record).unwrap();
        assert_eq!(store.records().unwrap(), [record.clone()]);
        assert!(store.done(true).unwrap().is_empty() && store.done(false).unwrap().contains_key("x"));
        record.failure = None;
        store.put(&record).unwrap();
        let earlier = Record { id: "y".into(), seq: 1, ..Record::default() };
        store.put(&earlier).unwrap();
        assert_eq!(Store::open(&path).unwrap().records().unwrap(), [earlier, record]);
        let run = Run {
            command: "c".into(),
            tools: vec!["t 1".into()],
            started: String::new(),
            jobs: 2,
            seconds: None,
            finished: None,
            computed: None,
        };
        let number = store.begin(&run).unwrap();
        store.end(number, 1.5, 2, 3).unwrap();
        let back = store.runs().unwrap().remove(0);
        assert_eq!((back.tools, back.seconds, back.finished, back.computed), (run.tools, Some(1.5), Some(2), Some(3)));
    }

    #[test]
    fn other_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
        assert!(matches!(Store::create(&path), Err(StoreError::Foreign(_))));
        std::fs::write(&path, "not a database, but long enough to look at").unwrap();
        assert!(Store::create(&path).is_err());
        assert!(Store::open(&dir.path().join("none.db")).is_err());
    }
}
