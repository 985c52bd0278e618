//! What MLflow's own Python client says of a tracking server.

mod traces;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use self::traces::{StoredSpan, StoredTrace};

/// Nothing leaves this machine, and a server that hangs is given up soon.
const VARIABLES: [(&str, &str); 4] = [
    ("MLFLOW_DISABLE_TELEMETRY", "true"),
    ("DO_NOT_TRACK", "true"),
    ("MLFLOW_HTTP_REQUEST_TIMEOUT", "30"),
    ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"),
];

/// A Python that answers questions about one server. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct MlflowReader {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    home: PathBuf,
}

/// An experiment and its runs, the newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LoggedExperiment {
    pub(crate) runs: Vec<LoggedRun>,
}

/// A run, as MLflow has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LoggedRun {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: Option<i64>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) params: BTreeMap<String, String>,
    /// The last value of each metric.
    pub(crate) metrics: BTreeMap<String, f64>,
    /// Every value of each metric that was asked for, by step.
    pub(crate) histories: BTreeMap<String, Vec<LoggedPoint>>,
    /// SHA-256 of each artifact.
    pub(crate) artifacts: BTreeMap<String, String>,
    pub(crate) traces: Vec<LoggedTrace>,
}

/// A value of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "(i64, i64, f64)")]
pub(crate) struct LoggedPoint {
    pub(crate) step: i64,
    pub(crate) timestamp_ms: i64,
    pub(crate) value: f64,
}

/// A trace that is linked to a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LoggedTrace {
    /// `tr-` and the trace id.
    pub(crate) id: String,
    pub(crate) state: String,
    /// Tokens by kind, as MLflow adds them up.
    pub(crate) tokens: BTreeMap<String, u64>,
    pub(crate) request_preview: Option<String>,
    pub(crate) response_preview: Option<String>,
    /// Names of its spans.
    pub(crate) spans: Vec<String>,
}

/// Which metrics are told with every value that they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Histories {
    /// Those that are logged while a run goes on.
    Live,
    /// All: half a thousand questions to the server for each run.
    All,
}

impl MlflowReader {
    /// Starts it, with the Python of MLflow; what it downloads lies in `home`.
    pub(crate) fn start(python: &Path, tracking_uri: &str, home: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(home).with_context(|| format!("cannot make {}", home.display()))?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/mlflow_read.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(tracking_uri)
            .arg(home)
            .envs(VARIABLES)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(home.join("log"))?)
            .spawn()
            .context("cannot start Python")?;
        let answers = process.stdout.take().context("Python has no output")?;
        Ok(Self {
            questions: process.stdin.take(),
            answers: BufReader::new(answers),
            process,
            home: home.to_path_buf(),
        })
    }

    /// All runs of an experiment, with everything that they have.
    pub(crate) fn experiment(&mut self, name: &str, histories: Histories) -> anyhow::Result<LoggedExperiment> {
        let prefix = match histories {
            Histories::Live => "live.",
            Histories::All => "",
        };
        let experiment: Option<LoggedExperiment> = self.ask(&json!({"read": name, "histories": prefix}))?;
        experiment.with_context(|| format!("MLflow has no experiment {name}"))
    }

    /// The only run of an experiment.
    pub(crate) fn only_run(&mut self, experiment: &str, histories: Histories) -> anyhow::Result<LoggedRun> {
        let mut runs = self.experiment(experiment, histories)?.runs;
        match (runs.pop(), runs.len()) {
            (Some(run), 0) => Ok(run),
            (_, others) => bail!("experiment {experiment} has {} runs, not one", others + 1),
        }
    }

    /// Makes a run that has ended, and gives its id.
    pub(crate) fn make_run(&mut self, experiment: &str, name: &str) -> anyhow::Result<String> {
        self.ask(&json!({"make_run": name, "in": experiment}))
    }

    /// The ids of the runs that are nested under one, wherever they are.
    pub(crate) fn children(&mut self, run_id: &str) -> anyhow::Result<Vec<String>> {
        self.ask(&json!({ "children": run_id }))
    }

    /// An artifact as it was downloaded when its run was read.
    pub(crate) fn downloaded(&self, run: &LoggedRun, artifact: &str) -> PathBuf {
        self.home.join(&run.id).join(artifact)
    }

    fn ask<T: DeserializeOwned>(&mut self, question: &Value) -> anyhow::Result<T> {
        let pipe = self.questions.as_mut().context("Python does not listen")?;
        let sent = writeln!(pipe, "{question}").and_then(|()| pipe.flush());
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        if sent.is_err() || answer.is_empty() {
            let log = std::fs::read_to_string(self.home.join("log")).unwrap_or_default();
            bail!("Python, asked {question}:\n{log}");
        }
        serde_json::from_str(&answer).with_context(|| format!("the answer to {question} makes no sense"))
    }
}

impl Drop for MlflowReader {
    fn drop(&mut self) {
        // It ends when there are no more questions.
        self.questions = None;
        let _ = self.process.wait();
    }
}

impl From<(i64, i64, f64)> for LoggedPoint {
    fn from((step, timestamp_ms, value): (i64, i64, f64)) -> Self {
        Self {
            step,
            timestamp_ms,
            value,
        }
    }
}
