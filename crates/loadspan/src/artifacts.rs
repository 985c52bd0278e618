//! The folder of a run: where it lies, and what `run.json` says in it.

mod stages;

use std::fs::{self, File, TryLockError};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Take};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use loadspan_loadgen::{ClockAnchor, FailureThreshold, RunEnd};
use loadspan_record::{
    ClientStats, Completeness, Counts, Notice, RequestRecord, RunFacts, StageSummary, Summary, TelemetrySummary,
    counted,
};
use loadspan_report::{LineReader, records_jsonl, summary_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::stages::{completeness, fill as fill_stages};
use crate::exit::UsageError;
use crate::run_config_file::FileIdentity;
use crate::whole_file::write_whole;

const SUMMARY_FILE: &str = "summary.json";
pub(crate) const RUN_FILE: &str = "run.json";
pub(crate) const RECORDS_FILE: &str = "records.jsonl";
/// Samples of the server's own metrics.
pub(crate) const SERVER_METRICS_FILE: &str = "server_metrics.jsonl";
/// Samples of GPUs.
pub(crate) const GPU_METRICS_FILE: &str = "gpu_metrics.jsonl";
/// The bodies that were sent, with `--export-inputs`.
pub(crate) const INPUTS_FILE: &str = "inputs.jsonl";
/// What was printed on stderr.
pub(crate) const LOG_FILE: &str = "loadspan.log";
/// What was printed on stdout, as a table.
pub(crate) const TABLE_FILE: &str = "console.txt";
/// Telemetry that could not be delivered.
pub(crate) const SPOOL_DIR: &str = "telemetry.spool";
/// Version of the layout of `run.json`.
const RUN_SCHEMA_VERSION: &str = "1.0";

/// The folder of a run.
#[derive(Debug, Clone)]
pub(crate) struct RunFolder {
    path: PathBuf,
    /// Held while a run writes it.
    _lock: Option<Arc<File>>,
}

/// Somebody else is writing or pushing the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InUse;

/// `run.json`: what was run. Written before the first request, and once more, with `end`, after the last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) schema_version: String,
    /// What the report needs beside the records.
    pub(crate) facts: RunFacts,
    /// Where offset zero of the records lies on the clocks of the host.
    pub(crate) clock: ClockAnchor,
    /// Length of a time slice, in seconds, if the user chose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slice_seconds: Option<f64>,
    /// The resolved configuration, without secrets.
    pub(crate) config: Value,
    /// The file that it was made from, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config_file: Option<FileIdentity>,
    /// What was sent.
    pub(crate) workload: Value,
    /// The server, as far as requests to it depend on it.
    pub(crate) request: Value,
    /// `gen_ai.provider.name` of the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) provider: String,
    /// The machine that made the load.
    pub(crate) host: Value,
    /// How it ended. Absent while it runs, and for ever if it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<EndFacts>,
}

/// How a run ended, and what it took the client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EndFacts {
    #[serde(flatten)]
    pub(crate) end: RunEnd,
    pub(crate) peak_rss_bytes: u64,
    /// Records that a listener of ours missed.
    pub(crate) records_missed: u64,
    /// What became of the telemetry. `None` while that is open, and for ever if loadspan was killed before it was known.
    #[serde(default)]
    pub(crate) telemetry: Option<TelemetrySummary>,
    /// What came up while server and GPUs were watched.
    #[serde(default)]
    pub(crate) notices: Vec<Notice>,
}

impl RunFolder {
    /// Makes the folder and sees that it can be written to, before anything is sent.
    ///
    /// # Errors
    ///
    /// It cannot be made, or it is the user's choice and holds a run already.
    pub(crate) fn create(chosen: Option<&Path>, name: &str) -> anyhow::Result<Self> {
        let path = match chosen {
            Some(path) => claim(path).map(|()| path.to_path_buf()),
            None => claim_new(Path::new("artifacts"), name),
        };
        let shown = chosen.unwrap_or(Path::new("artifacts")).display();
        let path = path.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => UsageError::with_hint(
                format!("--artifact-dir: {shown} holds a run already"),
                "choose another folder, or remove this one",
            ),
            _ => UsageError::with_hint(
                format!("cannot write to {shown}: {error}"),
                "choose another folder with --artifact-dir",
            ),
        })?;
        let unlocked = Self { path, _lock: None };
        // A file system that knows no locks is no reason not to run.
        let lock = unlocked.lock().ok().flatten().map(Arc::new);
        Ok(Self {
            _lock: lock,
            ..unlocked
        })
    }

    /// An existing folder.
    pub(crate) fn open(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            _lock: None,
        }
    }

    /// Keeps others from writing into it, for as long as the answer lives.
    ///
    /// # Errors
    ///
    /// Somebody else is writing it.
    pub(crate) fn lock_for_writing(&self) -> Result<Option<File>, UsageError> {
        self.lock().map_err(|InUse| {
            UsageError::with_hint(
                format!(
                    "{} is in use: a run, or another command, is writing it",
                    self.path.display()
                ),
                "try again when that is over",
            )
        })
    }

    /// Keeps others from writing into it, for as long as the answer lives. `None`: its file system knows no locks.
    ///
    /// # Errors
    ///
    /// Somebody else is writing or pushing it.
    pub(crate) fn lock(&self) -> Result<Option<File>, InUse> {
        let Ok(folder) = File::open(&self.path) else {
            return Ok(None);
        };
        match folder.try_lock() {
            Ok(()) => Ok(Some(folder)),
            Err(TryLockError::WouldBlock) => Err(InUse),
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }

    /// Its own name, without where it lies.
    pub(crate) fn name(&self) -> String {
        // That of `.` is not to be seen in the path.
        let whole = fs::canonicalize(&self.path);
        let path = whole.as_ref().unwrap_or(&self.path);
        path.file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A new file. What lies there under its name, a link for instance, is left alone.
    pub(crate) fn create_file(&self, name: &str) -> anyhow::Result<File> {
        let path = self.file(name);
        File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Writes a whole file, so that nobody ever sees half of it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.file(name);
        write_whole(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    pub(crate) fn write_run(&self, run: &RunFile) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(run).context("cannot encode run.json")?;
        bytes.push(b'\n');
        self.write(RUN_FILE, &bytes)
    }

    /// The records of the run.
    ///
    /// # Errors
    ///
    /// There are none.
    pub(crate) fn read_records(&self) -> Result<LineReader<BufReader<File>, RequestRecord>, UsageError> {
        let (path, file) = self.open_records()?;
        Ok(records_jsonl::decode(BufReader::with_capacity(1 << 20, file), &path))
    }

    /// Those of a part of the file, in bytes. It begins and ends with a line.
    ///
    /// # Errors
    ///
    /// There are none.
    pub(crate) fn read_records_within(
        &self,
        part: &Range<u64>,
    ) -> Result<LineReader<BufReader<Take<File>>, RequestRecord>, UsageError> {
        let (path, mut file) = self.open_records()?;
        file.seek(SeekFrom::Start(part.start))
            .map_err(|error| UsageError::new(format!("cannot read {}: {error}", path.display())))?;
        let part = file.take(part.end - part.start);
        Ok(records_jsonl::decode(BufReader::with_capacity(1 << 20, part), &path))
    }

    fn open_records(&self) -> Result<(PathBuf, File), UsageError> {
        let path = self.file(RECORDS_FILE);
        let file = File::open(&path).map_err(|error| {
            UsageError::with_hint(
                format!("cannot read {}: {error}", path.display()),
                "a run with --export-level summary keeps no records: its report and its pictures cannot be made again",
            )
        })?;
        Ok((path, file))
    }

    pub(crate) fn write_summary(&self, summary: &Summary) -> anyhow::Result<()> {
        self.write(SUMMARY_FILE, &summary_json::render(summary))
    }

    /// `None` when there is none, as after a crash.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is none of ours.
    pub(crate) fn read_summary(&self) -> anyhow::Result<Option<Summary>> {
        let path = self.file(SUMMARY_FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                let summary = serde_json::from_slice(&bytes);
                summary
                    .map(Some)
                    .with_context(|| format!("cannot read {}", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// # Errors
    ///
    /// There is no `run.json`, or it is not one.
    pub(crate) fn read_run(&self) -> Result<RunFile, UsageError> {
        let path = self.file(RUN_FILE);
        let bytes = fs::read(&path).map_err(|error| {
            UsageError::with_hint(
                format!(
                    "{} is not the folder of a run: cannot read {}: {error}",
                    self.path.display(),
                    path.display()
                ),
                "`loadspan profile` prints the folder of each run",
            )
        })?;
        serde_json::from_slice(&bytes).map_err(|error| UsageError::new(format!("{}: {error}", path.display())))
    }
}

impl RunFile {
    /// Length of a time slice, if the user chose one.
    pub(crate) fn slice(&self) -> Option<Duration> {
        let seconds = self.slice_seconds?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Says where more requests failed than `--failed-request-threshold` allows, if they did. Here every share means something, also
    /// that of a run which was too short to be stopped for it. Of several stages each has its own.
    pub(crate) fn too_many_failures(&self, summary: &Summary) -> Option<String> {
        let failures = |load: &str, counts: &Counts| {
            let threshold = self.config.pointer(&format!("{load}/limits/failures"))?;
            let threshold = FailureThreshold::deserialize(threshold).ok()?;
            let finished = counts.completed + counts.failed;
            let are_too_many = threshold.is_exceeded(counts.failed, finished, 1);
            are_too_many.then(|| format!("{} of {} failed", counts.failed, counted(finished, "request")))
        };
        let of_stage = |stage: &StageSummary| {
            let failures = failures(&format!("/stages/{}/load", stage.number), &stage.counts)?;
            Some(format!("{}: {failures}", stage.label()))
        };
        let failures = failures("/load", &summary.counts).or_else(|| summary.stages.iter().find_map(of_stage))?;
        Some(format!("{failures}, more than --failed-request-threshold allows"))
    }

    pub(crate) fn new(facts: RunFacts, clock: ClockAnchor) -> Self {
        Self {
            schema_version: RUN_SCHEMA_VERSION.to_owned(),
            facts,
            clock,
            slice_seconds: None,
            config: Value::Null,
            config_file: None,
            workload: Value::Null,
            request: Value::Null,
            provider: String::new(),
            host: Value::Null,
            end: None,
        }
    }

    /// The facts of the run as they stand after its end, or after its death.
    pub(crate) fn final_facts(&self) -> RunFacts {
        let mut facts = self.facts.clone();
        let Some(EndFacts {
            end,
            peak_rss_bytes,
            records_missed,
            telemetry,
            notices,
        }) = &self.end
        else {
            let reason = "loadspan was killed before the run ended".to_owned();
            facts.run.completeness = Completeness::Incomplete { reason };
            return facts;
        };
        facts.run.completeness = completeness(end.reason);
        fill_stages(&mut facts.stages, &end.stages);
        let measured = end.measure_started_at.filter(|at| *at <= end.ended_at);
        facts.run.measured_from_s = measured.map(|at| at.as_secs_f64());
        facts.run.measured_until_s = measured.map(|_| end.ended_at.as_secs_f64());
        facts.unsent = end.unsent;
        facts.telemetry = telemetry.clone().unwrap_or_default();
        facts.notices.extend(notices.iter().cloned());
        facts.preopened = end.preopened.clone();
        facts.client = Some(ClientStats {
            cpu_seconds: end.cpu_seconds,
            wall_seconds: end.ended_at.nanos_since(end.load_started_at) as f64 / 1e9,
            peak_rss_bytes: *peak_rss_bytes,
            records_lost: end.records_lost + records_missed,
            workers: end.workers.clone(),
        });
        for preopened in end.preopened.iter().filter(|preopened| preopened.failed > 0) {
            facts.notices.push(Notice {
                message: format!(
                    "{} of {} could not be opened ahead of the load",
                    preopened.failed,
                    counted(preopened.opened + preopened.failed, "connection")
                ),
                advice: Some("look for connect failures among the errors; they count from the request on".to_owned()),
            });
        }
        facts
    }
}

/// Makes a folder that the user chose the folder of a run, which it must not be already. Its `run.json` is the claim.
fn claim(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)?;
    if path.join(RECORDS_FILE).symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    File::create_new(path.join(RUN_FILE)).map(drop)
}

/// Makes a new folder with a telling name; of runs that begin in the same second each gets its own.
fn claim_new(parent: &Path, name: &str) -> std::io::Result<PathBuf> {
    fs::create_dir_all(parent)?;
    for number in 1.. {
        let path = if number == 1 {
            parent.join(name)
        } else {
            parent.join(format!("{name}-{number}"))
        };
        match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.and_then(|()| claim(&path)).map(|()| path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// A name for a run, fit for a folder: model, endpoint, load, time.
pub(crate) fn run_name(model: &str, endpoint: &str, load: &str) -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("{model}-{endpoint}-{load}-{}", timestamp(since_1970));
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            c
        } else {
            '_'
        }
    };
    name.chars()
        .map(fit)
        .collect::<String>()
        .trim_start_matches('.')
        .to_owned()
}

/// `20260131-235959`, in UTC.
fn timestamp(since_1970: Duration) -> String {
    let time = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(since_1970.as_secs() as i64);
    time.strftime("%Y%m%d-%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_folders() {
        let name = run_name("meta-llama/Llama 3", "chat", "concurrency8");
        assert!(name.starts_with("meta-llama_Llama_3-chat-concurrency8-2"), "{name}");
        assert!(!run_name("../x", "chat", "c").starts_with('.'));
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(timestamp(Duration::from_secs(1_700_000_000)), "20231114-221320");
    }
}
