//! Runs of the release build against a mock server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::Workplace;

/// Longest wait for a run to get somewhere.
const PROGRESS_TIMEOUT: Duration = Duration::from_secs(60);

/// A `loadspan` command line in the making.
#[derive(Debug)]
pub(crate) struct Profile {
    command: Command,
    folder: PathBuf,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) stdout: String,
    pub(crate) folder: PathBuf,
    pub(crate) summary: Value,
    /// From its start to its exit, as it was waited for.
    pub(crate) wall: Duration,
}

/// A run in progress.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
    started: Instant,
}

/// `loadspan profile` of a server, with results in a folder of this name.
pub(crate) fn profile(place: &Workplace, name: &str, server: &str) -> Profile {
    bare_profile(place, name, server).args(&["--isl", "32", "--osl", "16", "--concurrency", "4"])
}

/// The same that does not say yet what is sent.
pub(crate) fn bare_profile(place: &Workplace, name: &str, server: &str) -> Profile {
    let folder = place.scratch.join(format!("run-{name}"));
    let mut command = clean_command(place);
    command
        .args(["profile", "--url", server, "--streaming", "--artifact-dir"])
        .arg(&folder);
    Profile { command, folder }
}

/// One that sends a recording again, with results in a folder of this name.
pub(crate) fn replay(place: &Workplace, name: &str, (server, recording): (&str, &str)) -> Profile {
    bare_profile(place, &format!("replayed-{name}"), server).args(&["--replay", recording])
}

/// A variable of the environment.
pub(crate) type Variable = (&'static str, String);

/// `loadspan push` of a run's folder.
pub(crate) fn push(
    place: &Workplace,
    folder: &Path,
    arguments: &[&str],
    variables: &[Variable],
) -> anyhow::Result<Output> {
    let mut command = clean_command(place);
    command.arg("push").arg(folder).args(arguments);
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    command.output().context("cannot start loadspan")
}

/// Nothing of this machine's own telemetry settings takes part.
pub(crate) fn clean_command(place: &Workplace) -> Command {
    without_settings(Command::new(&place.loadspan))
}

/// A command that this machine's own telemetry settings do not reach.
pub(crate) fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let prefixes = [
            "OTEL_",
            "MLFLOW_",
            "LOADSPAN_",
            "OPENAI_",
            "TRACEPARENT",
            "TRACESTATE",
            "BAGGAGE",
        ];
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

impl Profile {
    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, variables: &[Variable]) -> Self {
        self.command.envs(variables.iter().map(|(name, value)| (*name, value)));
        self
    }

    pub(crate) fn run(self) -> anyhow::Result<Run> {
        self.spawn()?.join()
    }

    pub(crate) fn spawn(mut self) -> anyhow::Result<Running> {
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start loadspan")?;
        Ok(Running {
            child,
            folder: self.folder,
            started: Instant::now(),
        })
    }
}

impl Running {
    /// Waits until something can be seen in the folder of the run.
    pub(crate) fn await_in_folder(&mut self, is_there: impl Fn(&Path) -> bool) -> anyhow::Result<()> {
        let until = Instant::now() + PROGRESS_TIMEOUT;
        while !is_there(&self.folder) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the run in {} ended too early: {status}", self.folder.display());
            }
            ensure!(
                Instant::now() < until,
                "the run in {} gets nowhere",
                self.folder.display()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What Ctrl-C does.
    pub(crate) fn interrupt(&self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .context("cannot run kill")?;
        Ok(())
    }

    /// Ends it without a chance to do anything about it.
    pub(crate) fn kill(mut self) -> anyhow::Result<PathBuf> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(self.folder)
    }

    pub(crate) fn join(self) -> anyhow::Result<Run> {
        let output = self.child.wait_with_output()?;
        let wall = self.started.elapsed();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let path = self.folder.join("summary.json");
        ensure!(
            path.exists(),
            "loadspan wrote no summary (exit {:?}):\n{stderr}",
            output.status.code()
        );
        Ok(Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
            summary: serde_json::from_slice(&fs::read(&path)?).context("summary.json is no JSON")?,
            folder: self.folder,
            wall,
        })
    }
}

impl Run {
    /// A number of `summary.json`.
    pub(crate) fn number(&self, pointer: &str) -> u64 {
        self.summary
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// A number of the ledger of a signal of OpenTelemetry.
    pub(crate) fn ledger(&self, signal: &str, fate: &str) -> u64 {
        self.fate(|ledger| ledger["sink"] != "mlflow" && ledger["signal"] == signal, fate)
    }

    /// The same for MLflow.
    pub(crate) fn mlflow_ledger(&self, signal: &str, fate: &str) -> u64 {
        self.fate(|ledger| ledger["sink"] == "mlflow" && ledger["signal"] == signal, fate)
    }

    fn fate(&self, is_meant: impl Fn(&Value) -> bool, fate: &str) -> u64 {
        let ledgers = self.summary["telemetry"]["signals"].as_array();
        let ledger = ledgers.into_iter().flatten().find(|ledger| is_meant(ledger));
        ledger.and_then(|ledger| ledger[fate].as_u64()).unwrap_or_default()
    }
}
