//! Whether there is a run in MLflow to send to. Lanes wait for it, the keeper opens it, the end of the benchmark shuts it.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::mlflow::run::KnownRun;

/// What everything that is sent to the run waits for.
#[derive(Debug)]
pub(crate) struct RunGate {
    standing: watch::Sender<Standing>,
    closing: watch::Sender<Closing>,
}

#[derive(Debug, Clone)]
enum Standing {
    Waiting,
    Open(Arc<KnownRun>),
    /// There will be no run while this process lives.
    Shut(String),
}

#[derive(Debug, Clone, Copy, Default)]
struct Closing {
    /// The benchmark is over: until when the run may still be found or made.
    limit: Option<Instant>,
    /// Nobody waits for that any more.
    is_cut: bool,
}

impl RunGate {
    pub(crate) fn new() -> Self {
        Self {
            standing: watch::Sender::new(Standing::Waiting),
            closing: watch::Sender::new(Closing::default()),
        }
    }

    /// There is a run.
    pub(super) fn open(&self, run: KnownRun) {
        self.standing.send_replace(Standing::Open(Arc::new(run)));
    }

    /// There will be none, unless there is one already.
    pub(super) fn shut(&self, reason: impl Into<String>) {
        let reason = reason.into();
        self.standing.send_if_modified(|standing| {
            let is_waiting = matches!(standing, Standing::Waiting);
            if is_waiting {
                *standing = Standing::Shut(reason);
            }
            is_waiting
        });
    }

    /// The run, if there is one.
    pub(crate) fn run(&self) -> Option<Arc<KnownRun>> {
        match &*self.standing.borrow() {
            Standing::Open(run) => Some(Arc::clone(run)),
            Standing::Waiting | Standing::Shut(_) => None,
        }
    }

    /// Resolves when there is a run.
    ///
    /// # Errors
    ///
    /// There will be none: why not.
    pub(crate) async fn opened(&self) -> Result<(), String> {
        let mut standing = self.standing.subscribe();
        let decided = standing
            .wait_for(|standing| !matches!(standing, Standing::Waiting))
            .await;
        match decided.as_deref() {
            Ok(Standing::Shut(reason)) => Err(reason.clone()),
            _ => Ok(()),
        }
    }

    /// The benchmark is over: the run may be found or made until `limit`. To say it again can only make that earlier.
    pub(crate) fn close(&self, limit: Instant) {
        self.closing.send_modify(|closing| {
            let limit = if closing.is_cut { Instant::now() } else { limit };
            closing.limit = Some(closing.limit.map_or(limit, |known| known.min(limit)));
        });
    }

    /// When the benchmark is over, nobody waits.
    pub(crate) fn cut(&self) {
        self.closing.send_modify(|closing| {
            closing.is_cut = true;
            closing.limit = closing.limit.map(|limit| limit.min(Instant::now()));
        });
    }

    /// Whether nobody waits.
    pub(super) fn is_cut(&self) -> bool {
        self.closing.borrow().is_cut
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closing.borrow().limit.is_some()
    }

    /// Resolves when the benchmark is over.
    pub(super) async fn closed(&self) {
        // Its sender is `self`, so that it cannot be gone.
        let _ = self
            .closing
            .subscribe()
            .wait_for(|closing| closing.limit.is_some())
            .await;
    }

    /// Resolves when the limit has come.
    pub(super) async fn given_up(&self) {
        let mut closing = self.closing.subscribe();
        loop {
            let limit = closing.borrow_and_update().limit;
            let changed = closing.changed();
            let Some(limit) = limit else {
                let _ = changed.await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(limit.into()) => return,
                _ = changed => {}
            }
        }
    }
}
