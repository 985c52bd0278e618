//! A database with a million traces, filled over HTTP and kept for the next time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::child::Backend;
use super::connection::{Connection, create_run};
use super::drive::{Limit, Plan, Protocol, Work};
use super::load::CLIENTS;
use super::spans::Shape;
use crate::bench::figure::Short;
use crate::bench::setup::{Length, Setup};

/// Raised when the same schema is filled with something else: other requests, or a server that makes other rows of them.
const CONTENT: u32 = 1;
const SCHEMA: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/loadspan-server/src/database/migration"
);
/// Seed of the traces.
pub(crate) const SEED: u64 = 1;
/// Written when everything is there.
const CONTENTS: &str = "contents.json";

/// A database in a folder, with a server's own names.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) folder: PathBuf,
    pub(crate) contents: Contents,
}

/// What is in it, beside the traces.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Contents {
    /// Traces of two spans.
    pub(crate) traces: u64,
    /// The experiment with many runs.
    pub(crate) experiment: String,
    pub(crate) runs: u64,
    /// A run with many points of one metric.
    pub(crate) long_run: String,
    pub(crate) points: u64,
}

/// Requests of each client.
struct Size {
    traces: u64,
    runs: u64,
    points: u64,
}

impl Size {
    const fn of(length: Length) -> Self {
        match length {
            Length::Short => Self {
                traces: 10,
                runs: 50,
                points: 5,
            },
            // A million traces, 10,000 runs, a million points.
            Length::Usual | Length::Long => Self {
                traces: 977,
                runs: 2_500,
                points: 250,
            },
        }
    }
}

impl Kept {
    /// The database, filled first if there is none with this schema and content.
    ///
    /// # Errors
    ///
    /// The server does not take everything.
    pub(crate) fn open(setup: &Setup) -> anyhow::Result<Self> {
        let kind = match setup.length {
            Length::Short => "few-traces",
            Length::Usual | Length::Long => "many-traces",
        };
        let folder = setup.databases().join(format!("{kind}-{:016x}", version()?));
        if let Ok(contents) = fs::read(folder.join(CONTENTS)) {
            let contents = serde_json::from_slice(&contents).context("cannot read what is in a database")?;
            return Ok(Self { folder, contents });
        }
        remove_others(&setup.databases(), kind)?;
        eprintln!("  filling a database, which is kept: {}", folder.display());
        let contents = fill(setup, &folder)?;
        fs::write(folder.join(CONTENTS), serde_json::to_vec(&contents)?)?;
        Ok(Self { folder, contents })
    }

    /// As it is called in figures: how many traces, how large.
    pub(crate) fn describe(&self) -> anyhow::Result<String> {
        let gigabytes = fs::metadata(self.folder.join("loadspan.db"))?.len() as f64 / 1e9;
        let traces = Short(self.contents.traces as f64);
        Ok(format!("{traces} traces, {} GB", Short(gigabytes)))
    }

    /// A copy that may be written to.
    ///
    /// # Errors
    ///
    /// The disk is full.
    pub(crate) fn copy_to(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        for file in ["loadspan.db", "loadspan.db-wal"] {
            let from = self.folder.join(file);
            if from.exists() {
                fs::copy(&from, folder.join(file)).context("cannot copy the database")?;
                // What is left to be written would be written while others measure.
                fs::File::open(folder.join(file))?.sync_all()?;
            }
        }
        Ok(())
    }
}

fn fill(setup: &Setup, folder: &Path) -> anyhow::Result<Contents> {
    let size = Size::of(setup.length);
    let backend = Backend::start(setup, folder)?;
    let send = |client: &Work, (clients, requests): (usize, u64)| {
        let plan = Plan {
            ports: backend.ports(),
            clients: vec![client.clone(); clients],
            limit: Limit::Requests(requests),
            seed: SEED,
            sent: 0,
        };
        let report = plan.run(setup)?;
        ensure!(
            report.refused() == 0,
            "the server refused {} requests",
            report.refused()
        );
        Ok(requests * clients as u64)
    };
    let spans = |shape| Work::Spans(Protocol::Http, shape);
    let pairs = send(&spans(Shape::Pairs), (CLIENTS, size.traces))?;
    send(&spans(Shape::WideRoot), (1, 1))?;
    let wide = send(&spans(Shape::Wide), (1, WIDE_REQUESTS))?;
    let expected = pairs * Shape::Pairs.spans() as u64 + wide * Shape::Wide.spans() as u64 + 1;
    let stored = backend.stored_spans()?;
    ensure!(stored == expected, "{stored} spans are stored of {expected}");

    let mut connection = backend.connect()?;
    let experiment = create_experiment(&mut connection)?;
    let runs = Work::Runs {
        experiment: experiment.clone(),
    };
    let runs = send(&runs, (CLIENTS, size.runs))?;
    let long_run = create_run(&mut connection, "0")?;
    let points = Work::LogTo {
        run_id: long_run.clone(),
    };
    let points = send(&points, (CLIENTS, size.points))? * 1_000;
    drop(connection);
    backend.stop()?;
    Ok(Contents {
        traces: pairs * Shape::Pairs.traces() as u64,
        experiment,
        runs,
        long_run,
        points,
    })
}

/// Requests of the trace of 33,000 spans, without its root.
const WIDE_REQUESTS: u64 = 66;

fn create_experiment(connection: &mut Connection) -> anyhow::Result<String> {
    let answer: Value = connection.post("/api/2.0/mlflow/experiments/create", &json!({"name": "many runs"}))?;
    let id = answer["experiment_id"].as_str();
    Ok(id.context("the server made no experiment")?.to_owned())
}

/// Changes with the schema and the content.
fn version() -> anyhow::Result<u64> {
    let mut files: Vec<PathBuf> = fs::read_dir(SCHEMA)
        .context("the schema is not there")?
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut hash = fnv(0xcbf2_9ce4_8422_2325, &CONTENT.to_le_bytes());
    for file in files {
        hash = fnv(hash, &fs::read(file)?);
    }
    Ok(hash)
}

/// FNV-1a: the same in each version of the compiler.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Databases of this kind that are out of date, or were not finished: they are large.
fn remove_others(databases: &Path, kind: &str) -> anyhow::Result<()> {
    for folder in fs::read_dir(databases).into_iter().flatten().flatten() {
        if folder.file_name().to_string_lossy().starts_with(kind) {
            fs::remove_dir_all(folder.path())?;
        }
    }
    Ok(())
}
