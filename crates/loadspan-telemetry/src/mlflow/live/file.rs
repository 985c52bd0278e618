//! `mlflow_export.json` while the load goes on: written when something of it changes, by the thread of the exports.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loadspan_record::{LiveNotice, Notice, NoticeLevel, redact_url};
use tokio::sync::Notify;

use super::RunGate;
use crate::config::{ExperimentChoice, MlflowConfig};
use crate::export::Notices;
use crate::mlflow::description::RunDescription;
use crate::mlflow::export_file::{LiveMode, MlflowExport};
use crate::mlflow::run::KnownRun;

/// The file of a run in progress.
pub(crate) struct LiveFile {
    run_dir: PathBuf,
    notices: Notices,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    export: MlflowExport,
    /// Whether there is more in it than was written.
    is_changed: bool,
    /// That it cannot be written is told once.
    has_failed: bool,
}

impl LiveFile {
    /// Writes what is known before there is a run: where it is to be. A push after a run that never reached MLflow needs it.
    pub(crate) fn begin(
        config: &MlflowConfig,
        description: &RunDescription,
        run_dir: PathBuf,
        notices: Notices,
    ) -> Self {
        let (experiment, experiment_id) = match &config.experiment {
            ExperimentChoice::Usual => (ExperimentChoice::USUAL.to_owned(), String::new()),
            ExperimentChoice::Name(name) => (name.clone(), String::new()),
            ExperimentChoice::Id(id) => (String::new(), id.clone()),
        };
        let export = MlflowExport {
            tracking_uri: redact_url(config.server.tracking_uri.as_str()),
            had_credentials: config.server.had_credentials,
            experiment,
            experiment_id,
            run_name: Some(description.name.clone()),
            benchmark_id: Some(description.benchmark_id.clone()),
            live: config.live.into(),
            ..MlflowExport::default()
        };
        let state = State {
            export,
            is_changed: true,
            has_failed: false,
        };
        let file = Self {
            run_dir,
            notices,
            state: Mutex::new(state),
            changed: Notify::new(),
        };
        file.write_changes();
        file
    }

    /// The folder that it lies in.
    pub(super) fn run_dir(&self) -> &Path {
        &self.run_dir
    }

    /// How live metrics are logged at first.
    pub(crate) fn live_mode(&self) -> LiveMode {
        self.state().export.live
    }

    /// Live metrics are logged in another way from now on. Does not wait for the disk.
    pub(super) fn note_mode(&self, mode: LiveMode) {
        self.change(|export| export.live = mode);
    }

    /// So many live points are missing in the end, which can be made again.
    pub(crate) fn note_missing_points(&self, count: u64) {
        self.change(|export| export.live_points_missing = Some(count));
        self.write_changes();
    }

    /// There is a run, since `unix_ns`.
    pub(super) fn note_run(&self, run: &KnownRun, unix_ns: u64) {
        self.change(|export| {
            export.experiment.clone_from(&run.experiment);
            export.experiment_id.clone_from(&run.experiment_id);
            export.run_id.clone_from(&run.run_id);
            export.run_name = Some(run.run_name.clone());
            export.parent_run_id.clone_from(&run.parent_run_id);
            export.artifact_uri.clone_from(&run.artifact_uri);
            export.live_streaming = true;
            export.stream_started_at_ns = Some(unix_ns);
        });
        self.write_changes();
    }

    /// Resolves when there is something to write.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Writes what has changed, if anything has. For one thread at a time: the one that exports, and when that has ended, whoever ended
    /// it.
    pub(crate) fn write_changes(&self) {
        let export = {
            let mut state = self.state();
            if !std::mem::take(&mut state.is_changed) {
                return;
            }
            state.export.clone()
        };
        if let Err(error) = export.save(&self.run_dir)
            && !std::mem::replace(&mut self.state().has_failed, true)
        {
            (self.notices)(unwritable(&error));
        }
    }

    /// Changes what the file is to say.
    fn change(&self, change: impl FnOnce(&mut MlflowExport)) {
        let mut state = self.state();
        change(&mut state.export);
        state.is_changed = true;
        drop(state);
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what others change in the file, until the benchmark is over.
pub(crate) async fn keep_written(file: Arc<LiveFile>, gate: Arc<RunGate>) {
    loop {
        tokio::select! {
            () = file.changed() => file.write_changes(),
            () = gate.closed() => return,
        }
    }
}

fn unwritable(error: &io::Error) -> LiveNotice {
    LiveNotice {
        level: NoticeLevel::Warning,
        notice: Notice {
            message: error.to_string(),
            advice: Some(
                "without it `loadspan push` has to be told where the run is, with --mlflow-tracking-uri".to_owned(),
            ),
        },
    }
}

impl std::fmt::Debug for LiveFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveFile")
            .field("run_dir", &self.run_dir)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlflow::testing::{Heard, config, description};

    #[test]
    fn who_changes_the_mode_does_not_write_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = config("http://127.0.0.1:1");
        let run_dir = folder.path().to_path_buf();
        let file = LiveFile::begin(&config, &description("aa"), run_dir, Heard::default().notices());
        let written = || MlflowExport::load(folder.path()).unwrap().unwrap().live;
        let mode = LiveMode::WindowsFrom { window: 3 };
        file.note_mode(mode);
        assert_eq!((file.live_mode(), written()), (mode, LiveMode::Points));
        file.write_changes();
        assert_eq!(written(), mode);
    }

    #[tokio::test]
    async fn it_is_written_by_whoever_keeps_it_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().to_path_buf();
        let config = config("http://127.0.0.1:1");
        let file = Arc::new(LiveFile::begin(
            &config,
            &description("aa"),
            run_dir,
            Heard::default().notices(),
        ));
        let gate = Arc::new(RunGate::new());
        file.note_mode(LiveMode::Windows);
        let change = async {
            while MlflowExport::load(folder.path()).unwrap().unwrap().live != LiveMode::Windows {
                tokio::task::yield_now().await;
            }
            gate.close(std::time::Instant::now());
        };
        tokio::join!(keep_written(Arc::clone(&file), Arc::clone(&gate)), change);
    }
}
