//! The task that finds or makes the run as soon as the load starts, however long MLflow takes over it, and opens the gate.

use std::sync::Arc;

use loadspan_record::{LiveNotice, Notice, NoticeLevel};

use super::{LiveFile, RunGate};
use crate::config::MlflowConfig;
use crate::export::{Notices, random, wait_after};
use crate::mlflow::client::{ApiError, MlflowClient};
use crate::mlflow::clock::now_unix_ns;
use crate::mlflow::description::RunDescription;
use crate::mlflow::run::{KnownRun, find_or_make};

/// The server has a request of somebody else in hand that this one is at odds with.
const CONFLICT: u16 = 409;
/// A server that fails for the first time may only have hiccuped. From so many failures in a row on it is worth a word.
const WORTH_A_WORD: u32 = 2;

/// Finds or makes the run of a benchmark. Dropping it shuts the gate, so that nobody waits for what does not come.
pub(crate) struct Keeper {
    pub(crate) client: MlflowClient,
    pub(crate) config: MlflowConfig,
    pub(crate) description: RunDescription,
    pub(crate) gate: Arc<RunGate>,
    pub(crate) file: Arc<LiveFile>,
    pub(crate) notices: Notices,
}

/// What came of an attempt.
enum Attempt {
    Found(KnownRun),
    Failed(ApiError),
    /// The time is over.
    GivenUp,
}

impl Keeper {
    /// Tries until there is a run, or until the gate's limit after the end of the benchmark. A server that refuses is not tried again:
    /// somebody has to put it right.
    pub(crate) async fn keep(self) {
        let mut failures = 0;
        let mut last_reason = "it does not answer".to_owned();
        loop {
            let was_closed = self.gate.is_closed();
            let error = match self.attempt().await {
                Attempt::Found(run) => return self.open(run, failures),
                Attempt::Failed(error) => error,
                Attempt::GivenUp => return self.give_up(failures, last_reason),
            };
            failures += 1;
            last_reason = error.to_string();
            if is_final(&error) {
                self.tell_failure(&error);
                return self.gate.shut(last_reason);
            }
            // When the benchmark is over, nobody waits for another attempt: `complete` and `push` make the run, too.
            let is_last = was_closed;
            if failures == WORTH_A_WORD || (is_last && failures < WORTH_A_WORD) {
                self.tell_failure(&error);
            }
            if is_last {
                return self.gate.shut(last_reason);
            }
            self.pause(failures, &error).await;
        }
    }

    async fn attempt(&self) -> Attempt {
        let finding = find_or_make(&self.client, &self.config, &self.description, &*self.notices);
        tokio::select! {
            biased;
            found = finding => found.map_or_else(Attempt::Failed, Attempt::Found),
            () = self.gate.given_up() => Attempt::GivenUp,
        }
    }

    /// Longer with each failure. When the benchmark is over, it is tried at once.
    async fn pause(&self, failures: u32, error: &ApiError) {
        let wish = match error {
            ApiError::Unavailable { after, .. } => *after,
            ApiError::Refused { .. } | ApiError::Api { .. } => None,
        };
        let wait = wait_after(failures, wish, random());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.gate.closed() => {}
        }
    }

    /// Nobody waits any longer. Of a server that gives no answer at all nobody has been told by then.
    fn give_up(&self, failures: u32, reason: String) {
        if failures < WORTH_A_WORD && !self.gate.is_cut() {
            self.tell_failure(&ApiError::Unavailable {
                reason: reason.clone(),
                status: None,
                after: None,
            });
        }
        self.gate.shut(reason);
    }

    fn open(&self, run: KnownRun, failures: u32) {
        self.file.note_run(&run, now_unix_ns());
        if failures >= WORTH_A_WORD {
            let message = format!("{} has the run now", self.client.destination());
            self.tell(NoticeLevel::Note, message, None);
        }
        self.gate.open(run);
    }

    fn tell_failure(&self, error: &ApiError) {
        let destination = self.client.destination();
        let push = format!("`loadspan push {}`", self.file.run_dir().display());
        let (message, advice) = if is_final(error) {
            (
                format!("{destination} refuses the run: {error}"),
                format!("when it is put right, {push} makes the run"),
            )
        } else {
            (
                format!("the run cannot be made at {destination} yet: {error}"),
                format!("it is tried again; what is missing is logged when the benchmark is over, or later by {push}"),
            )
        };
        self.tell(NoticeLevel::Warning, message, Some(advice));
    }

    fn tell(&self, level: NoticeLevel, message: String, advice: Option<String>) {
        let notice = Notice { message, advice };
        (self.notices)(LiveNotice { level, notice });
    }
}

/// Whether it will not go well another time without somebody's help.
fn is_final(error: &ApiError) -> bool {
    match error {
        ApiError::Unavailable { .. } => false,
        ApiError::Refused { .. } => true,
        ApiError::Api { status, .. } => *status != CONFLICT,
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.gate.shut("the exporter failed");
    }
}
