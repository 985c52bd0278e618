//! One run of the loadspan binary: its cost from outside, its files from inside.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use loadspan_record::RequestRecord;
use serde_json::Value;

use super::process::{self, Finished};
use super::server::Server;
use super::setup::{Core, Setup};

/// A valid run, and one whose verdict is that the client was too busy: at full speed it has to be.
const EXITS: [i32; 2] = [0, 4];

/// A run of `loadspan profile` that has ended. Its files are removed when it is dropped.
#[derive(Debug)]
pub(crate) struct ClientRun {
    pub(crate) process: Finished,
    folder: PathBuf,
    summary: Value,
}

impl ClientRun {
    /// Runs `loadspan profile` on its core, with prompts of 32 tokens and every request recorded on disk.
    pub(crate) fn of(setup: &Setup, server: &Server, flags: &str) -> anyhow::Result<Self> {
        let folder = new_folder();
        let mut command = setup.command_on(Core::Client, &setup.binary("loadspan"));
        command
            .args([
                "profile",
                "--model",
                "mock-model",
                "--server",
                "openai",
                "--isl",
                "32",
                "--url",
                server.url(),
            ])
            .arg("--artifact-dir")
            .arg(&folder)
            .args(flags.split_whitespace());
        let finished = process::run(&mut command).and_then(|finished| finished.expect_exit(&EXITS));
        let process = finished.with_context(|| format!("loadspan profile {flags}"))?;
        let mut run = Self {
            process,
            folder,
            summary: Value::Null,
        };
        run.summary = run.read_json("summary.json")?;
        Ok(run)
    }

    /// A number of `summary.json`, by its JSON pointer.
    pub(crate) fn number(&self, pointer: &str) -> anyhow::Result<f64> {
        let number = self.summary.pointer(pointer).and_then(Value::as_f64);
        number.with_context(|| format!("summary.json has no number at {pointer}"))
    }

    /// What loadspan itself says of the run: `valid`, `degraded` or `invalid`.
    pub(crate) fn verdict(&self) -> &str {
        self.summary
            .pointer("/verdict/status")
            .and_then(Value::as_str)
            .unwrap_or("unknown")
    }

    /// Every request of the run.
    pub(crate) fn records(&self) -> anyhow::Result<Vec<RequestRecord>> {
        let file = File::open(self.folder.join("records.jsonl")).context("the run wrote no records")?;
        let lines = BufReader::new(file).lines();
        lines
            .map(|line| serde_json::from_str(&line?).context("records.jsonl has a line that is no record"))
            .collect()
    }

    /// CLOCK_MONOTONIC at offset zero of the records.
    pub(crate) fn start_ns(&self) -> anyhow::Result<u64> {
        let run = self.read_json("run.json")?;
        let start = run.pointer("/clock/monotonic_start_ns").and_then(Value::as_u64);
        start.context("run.json has no clock")
    }

    /// Whether MLflow has got everything of it.
    pub(crate) fn is_in_mlflow(&self) -> anyhow::Result<bool> {
        Ok(self.read_json("mlflow_export.json")?["exported_at_ns"].is_u64())
    }

    fn read_json(&self, name: &str) -> anyhow::Result<Value> {
        let bytes = fs::read(self.folder.join(name)).with_context(|| format!("the run wrote no {name}"))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{name} is no JSON"))
    }
}

impl Drop for ClientRun {
    fn drop(&mut self) {
        // What is left lies in the temporary directory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("loadspan-bench-{}-{number}", std::process::id()))
}
