//! `mlflow_export.json`: which run of MLflow belongs to the run in this folder, and what it has got. Its keys are AIPerf's, and some
//! more.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::artifacts::UploadedArtifact;
use crate::config::LiveMetrics;

/// Its name.
pub const EXPORT_FILE: &str = "mlflow_export.json";
/// Its name while it is being written. Such a file is hidden, and so never becomes an artifact.
const PARTIAL: &str = ".mlflow_export.json.new";
/// A larger file is none of ours: it names an artifact in some hundred bytes.
const MAX_BYTES: u64 = 16 << 20;

/// What it says. It holds no secret: the tracking URI is redacted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MlflowExport {
    /// Where, without credentials.
    pub tracking_uri: String,
    /// Whether the tracking URI was given with userinfo.
    pub had_credentials: bool,
    /// Name of the experiment.
    pub experiment: String,
    /// Its id.
    pub experiment_id: String,
    /// Id of the run in MLflow.
    pub run_id: String,
    /// Its name.
    pub run_name: Option<String>,
    /// Our own id of the run, which is a tag of the same name, too.
    pub benchmark_id: Option<String>,
    /// The run that it is nested under.
    pub parent_run_id: Option<String>,
    /// Where its artifacts go.
    pub artifact_uri: String,
    /// Whether it was made when the load began.
    pub live_streaming: bool,
    /// When that was, in nanoseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_started_at_ns: Option<u64>,
    /// How live metrics were logged.
    pub live: LiveMode,
    /// Live points that had not been delivered when the run was over, and that its records can make again. `None`: there are none, as
    /// far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_points_missing: Option<u64>,
    /// Whether what is below was logged to the run that had been made when the load began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reused_live_run: Option<bool>,
    /// Keys of the final metrics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metric_keys: Vec<String>,
    /// Keys of the parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub param_keys: Vec<String>,
    /// Keys of the tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_keys: Vec<String>,
    /// Names of the artifacts that have arrived.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uploaded_artifacts: Vec<String>,
    /// The same with what they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<UploadedArtifact>,
    /// When everything had been logged, in nanoseconds since 1970. `None`: not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported_at_ns: Option<u64>,
}

/// An `mlflow_export.json` that cannot be read, or is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {reason}", path.display())]
pub struct UnreadableExport {
    path: PathBuf,
    reason: io::Error,
}

impl UnreadableExport {
    /// What to do about it.
    pub const ADVICE: &str =
        "remove it, which is safe: the run is found again by its tag benchmark_id, and nothing is logged twice";
}

/// How live metrics are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum LiveMode {
    /// Points of each request.
    #[default]
    Points,
    /// Windows from the start.
    Windows,
    /// Points of the requests that had finished by the start of this window, and windows from there on.
    WindowsFrom {
        /// Number of the first window.
        window: u64,
    },
    /// Not at all.
    Off,
}

impl From<LiveMetrics> for LiveMode {
    /// How live metrics are logged before anything is known of the server.
    fn from(choice: LiveMetrics) -> Self {
        match choice {
            LiveMetrics::Auto | LiveMetrics::Points => Self::Points,
            LiveMetrics::Windows => Self::Windows,
            LiveMetrics::Off => Self::Off,
        }
    }
}

impl MlflowExport {
    /// Reads it from the folder of a run. `None`: there is none. Keys that mean nothing to us are skipped.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is none of ours.
    pub fn load(run_dir: &Path) -> Result<Option<Self>, UnreadableExport> {
        let path = run_dir.join(EXPORT_FILE);
        let parsed = match read(&path) {
            Ok(text) => parse(&text).map_err(invalid),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => Err(error),
        };
        let failed = |reason| UnreadableExport { path, reason };
        parsed.map(Some).map_err(failed)
    }

    /// Writes it into the folder of a run, so that nobody ever sees half of it.
    ///
    /// # Errors
    ///
    /// It cannot be written. The message names it.
    pub fn save(&self, run_dir: &Path) -> io::Result<()> {
        let path = run_dir.join(EXPORT_FILE);
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        write(run_dir, &text).map_err(|error| {
            let message = format!("cannot write {}: {error}", path.display());
            io::Error::new(error.kind(), message)
        })
    }
}

fn read(path: &Path) -> io::Result<String> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(invalid("it is not a regular file"));
    }
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(invalid("it is larger than any that loadspan writes"));
    }
    Ok(text)
}

fn parse(text: &str) -> serde_json::Result<MlflowExport> {
    // Otherwise a list would do, too.
    let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
    serde_json::from_value(keys.into())
}

fn write(run_dir: &Path, text: &str) -> io::Result<()> {
    let partial = run_dir.join(PARTIAL);
    // What may lie under this name is a leftover, or a link that must not be followed.
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = File::create_new(&partial).and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .and_then(|()| fs::rename(&partial, run_dir.join(EXPORT_FILE)))
        .inspect_err(|_| drop(fs::remove_file(&partial)))
}

fn invalid(reason: impl ToString) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(MlflowExport::load(dir.path()).unwrap(), None);
        let export = MlflowExport {
            tracking_uri: "http://127.0.0.1:5000/".to_owned(),
            run_id: "abc".to_owned(),
            live_streaming: true,
            live: LiveMode::WindowsFrom { window: 7 },
            artifacts: vec![UploadedArtifact::default()],
            ..MlflowExport::default()
        };
        export.save(dir.path()).unwrap();
        export.save(dir.path()).unwrap();
        assert_eq!(MlflowExport::load(dir.path()).unwrap(), Some(export));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn its_keys_are_those_of_aiperf_and_what_is_not_known_is_not_claimed() {
        let dir = tempfile::tempdir().unwrap();
        MlflowExport::default().save(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(EXPORT_FILE)).unwrap();
        let expected = r#"{
  "tracking_uri": "",
  "had_credentials": false,
  "experiment": "",
  "experiment_id": "",
  "run_id": "",
  "run_name": null,
  "benchmark_id": null,
  "parent_run_id": null,
  "artifact_uri": "",
  "live_streaming": false,
  "live": {
    "mode": "points"
  }
}
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn one_that_aiperf_has_written_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"tracking_uri": "http://mlflow:5000", "experiment": "e", "run_id": "r", "run_name": null,
            "benchmark_id": "b", "parent_run_id": null, "live_streaming": true, "reused_live_run": true,
            "metric_keys": ["m"], "param_keys": [], "tag_keys": ["t"], "uploaded_artifacts": ["inputs.json"],
            "exported_at_ns": 1, "of_the_future": {"a": []}}"#;
        fs::write(dir.path().join(EXPORT_FILE), text).unwrap();
        let export = MlflowExport::load(dir.path()).unwrap().unwrap();
        assert_eq!((export.run_id.as_str(), export.exported_at_ns), ("r", Some(1)));
        assert_eq!(export.uploaded_artifacts, ["inputs.json"]);
        assert!(export.artifacts.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(EXPORT_FILE);
        let refused = || {
            let error = MlflowExport::load(dir.path()).unwrap_err().to_string();
            let named = format!("cannot read {}: ", path.display());
            assert!(error.starts_with(&named), "{error}");
        };
        for text in ["", "[]", r#"{"run_id": 5}"#, "\u{0}"] {
            fs::write(&path, text).unwrap();
            refused();
        }
        fs::write(&path, " ".repeat(MAX_BYTES as usize + 1)).unwrap();
        refused();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused();
    }

    #[test]
    fn links_are_neither_read_nor_written_through() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = outside.path().join("target.json");
        fs::write(&target, "{}").unwrap();
        symlink(&target, dir.path().join(EXPORT_FILE)).unwrap();
        symlink(&target, dir.path().join(PARTIAL)).unwrap();
        MlflowExport::load(dir.path()).unwrap_err();
        MlflowExport::default().save(dir.path()).unwrap();
        MlflowExport::load(dir.path()).unwrap().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = MlflowExport::default().save(&dir.path().join("gone")).unwrap_err();
        assert!(error.to_string().contains("gone/mlflow_export.json"), "{error}");
    }
}
