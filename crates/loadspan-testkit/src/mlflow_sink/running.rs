//! A sink that runs on a thread of its own until it is stopped or dropped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::answer::Script;
use super::store::Store;
use super::{MlflowAnswer, Settings, SinkRun, serve};
use crate::SinkError;
use crate::service_thread::ServiceThread;

/// A sink that runs. Dropping it ends it.
#[derive(Debug)]
pub struct RunningMlflowSink {
    thread: ServiceThread,
    store: Arc<Store>,
}

/// What it is and has. All of it can be asked when it is stopped, too.
impl RunningMlflowSink {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.thread.address()
    }

    /// The tracking URI, without a slash at its end. Paths in front of the API's are taken as well.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its runs, deleted ones included, in the order in which they were made.
    #[must_use]
    pub fn runs(&self) -> Vec<SinkRun> {
        self.store
            .world(|world| world.runs.iter().map(|run| run.seen.clone()).collect())
    }

    /// The ids of its experiments by their names, deleted ones included.
    #[must_use]
    pub fn experiments(&self) -> BTreeMap<String, String> {
        self.store.world(|world| {
            let experiments = world.experiments.iter();
            experiments.map(|e| (e.name.clone(), e.experiment_id.clone())).collect()
        })
    }

    /// The files of the artifact proxy, by their paths below its root: `1/abc/artifacts/exports/summary.json`.
    #[must_use]
    pub fn artifacts(&self) -> BTreeMap<String, Vec<u8>> {
        self.store.world(|world| {
            let files = world.artifacts.iter();
            files.map(|(path, content)| (path.clone(), content.to_vec())).collect()
        })
    }

    /// How many spans came for an experiment, linked with a run or not.
    #[must_use]
    pub fn spans_in(&self, experiment_id: &str) -> u64 {
        self.store
            .world(|world| world.spans.get(experiment_id).copied().unwrap_or_default())
    }

    /// How many requests have arrived, whatever became of them.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.store.requests("")
    }

    /// How many requests have arrived whose path has these segments, such as `runs/log-batch`.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> u64 {
        self.store.requests(path)
    }

    /// Blocks until `enough` is true of it, but no longer than `patience`; whether it is.
    #[must_use]
    pub fn wait_until(&self, patience: Duration, enough: impl Fn(&Self) -> bool) -> bool {
        self.store.wait_until(patience, || enough(self))
    }
}

/// What can be done to it.
impl RunningMlflowSink {
    /// How it answers every request from now on, but those to paths with an answer of their own.
    pub fn answer_with(&self, answer: MlflowAnswer) {
        self.store.script(|script| script.set_everywhere(answer));
    }

    /// How it answers requests from now on whose path has these segments, such as `runs/create`. The newest answer wins.
    pub fn answer_path_with(&self, path: &str, answer: MlflowAnswer) {
        self.store.script(|script| script.set_path(path, answer));
    }

    /// How it answers the next such request that no earlier call of this is for, whatever else was said.
    pub fn answer_once_with(&self, path: &str, answer: MlflowAnswer) {
        self.store.script(|script| script.add_once(path, answer));
    }

    /// Answers as MLflow does, everywhere, from now on.
    pub fn restore(&self) {
        self.store.script(Script::restore);
    }

    /// Deletes an experiment and its runs, as MLflow's page does: they stay, and take nothing.
    pub fn delete_experiment(&self, name: &str) {
        self.store.change(|world| world.delete_experiment(name));
    }

    /// Deletes a run, as MLflow's page does: it stays, and takes nothing.
    pub fn delete_run(&self, id: &str) {
        self.store.change(|world| world.delete_run(id));
    }

    /// Makes a run, and its experiment if there is none of that name; the id of the run.
    pub fn add_run(&self, experiment: &str, name: &str) -> String {
        self.store.change(|world| world.add_run(experiment, name))
    }

    /// Ends it as a killed process ends: connections are cut, further ones refused. What it has is kept. The port stays its own
    /// until it is dropped.
    pub fn stop(&mut self) {
        self.thread.stop();
    }

    /// Starts again on the same port after [`RunningMlflowSink::stop`]. What it had before is still there.
    pub fn restart(&mut self) -> Result<(), SinkError> {
        let store = Arc::clone(&self.store);
        self.thread.serve(|listener| serve::accept_all(listener, store))
    }

    pub(super) fn start(settings: Settings, address: SocketAddr) -> Result<Self, SinkError> {
        let thread = ServiceThread::bind("mlflow-sink", address)?;
        let store = Store::new(settings, thread.address());
        let mut sink = Self {
            thread,
            store: Arc::new(store),
        };
        sink.restart()?;
        Ok(sink)
    }
}
