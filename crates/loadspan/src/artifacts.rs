//! The folder of a run: where it lies, and what is in it.

mod run_file;
mod stages;

use std::fs::{self, File, TryLockError};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Take};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use loadspan_record::{RequestRecord, Summary};
use loadspan_report::{LineReader, records_jsonl, summary_json};

pub(crate) use self::run_file::{EndFacts, RunFile};
pub(crate) use self::stages::{completeness, fill as fill_stages};
use crate::exit::UsageError;
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
