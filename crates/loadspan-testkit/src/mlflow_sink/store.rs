//! What a sink has: it outlives one that is stopped.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use loadspan_wire::mlflow::experiments::Experiment;

use super::answer::{self, Script};
use super::call::Call;
use super::multipart::Upload;
use super::reply::Reply;
use super::{MlflowAnswer, Settings, SinkRun};

/// The state that threads share.
#[derive(Debug)]
pub(super) struct Store {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    script: Script,
    requests: BTreeMap<String, u64>,
    world: World,
    /// Grows with every change, so that who waits knows that there was one.
    changes: u64,
}

/// What MLflow would have in its database and its artifact store.
#[derive(Debug)]
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) address: SocketAddr,
    pub(super) experiments: Vec<Experiment>,
    pub(super) runs: Vec<StoredRun>,
    pub(super) artifacts: BTreeMap<String, Bytes>,
    /// Those that go on, by their ids.
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) uploads_begun: u64,
    /// Spans by the id of their experiment.
    pub(super) spans: BTreeMap<String, u64>,
}

/// A run with what tests need not see.
#[derive(Debug)]
pub(super) struct StoredRun {
    pub(super) seen: SinkRun,
    pub(super) artifact_uri: String,
    /// The points that it has: key, step, time stamp, bits of the value.
    pub(super) points: HashSet<(String, i64, i64, u64)>,
}

impl Store {
    pub(super) fn new(settings: Settings, address: SocketAddr) -> Self {
        let world = World {
            settings,
            address,
            experiments: Vec::new(),
            runs: Vec::new(),
            artifacts: BTreeMap::new(),
            uploads: BTreeMap::new(),
            uploads_begun: 0,
            spans: BTreeMap::new(),
        };
        Self {
            state: Mutex::new(State {
                script: Script::default(),
                requests: BTreeMap::new(),
                world,
                changes: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// Counts a request that has arrived, and says how to answer it.
    pub(super) fn arrive(&self, path: &str) -> MlflowAnswer {
        let mut state = self.lock();
        *state.requests.entry(path.to_owned()).or_default() += 1;
        let answer = state.script.choose(path);
        self.tell(state);
        answer
    }

    /// Does what the request wants.
    pub(super) fn handle(&self, call: &Call) -> Reply {
        self.change(|world| world.handle(call).unwrap_or_else(Reply::from))
    }

    /// How many requests have arrived to paths that `pattern` means.
    pub(super) fn requests(&self, pattern: &str) -> u64 {
        let state = self.lock();
        let meant = state.requests.iter().filter(|(path, _)| answer::is_for(pattern, path));
        meant.map(|(_, count)| count).sum()
    }

    pub(super) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.lock().script);
    }

    pub(super) fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock().world)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state.world);
        self.tell(state);
        result
    }

    /// Waits until `enough` is true, but no longer than `patience`; whether it is. It may ask this store.
    pub(super) fn wait_until(&self, patience: Duration, enough: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            let seen = self.lock().changes;
            if enough() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self
                .changed
                .wait_timeout_while(self.lock(), left, |state| state.changes == seen);
            drop(waited);
        }
    }

    fn tell(&self, mut state: MutexGuard<'_, State>) {
        state.changes += 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
