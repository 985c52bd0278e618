//! The load that a run makes.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

pub use loadspan_record::StageRole;
use loadspan_record::{RunId, TracePlan};
use serde::{Deserialize, Serialize};

use super::RunError;
use crate::observer::TextCapture;
use crate::openai::BodyConfig;
use crate::schedule::ScheduleConfig;
use crate::sessions::Sessions;
use crate::target::{PreparedTarget, TargetConfig};
use crate::workload::{Content, PromptTokenizer, RequestSpec, Workload};

/// Everything that a run needs, checked and resolved.
#[derive(Debug)]
pub struct RunPlan {
    /// Id of the run: the beginning of each request's `x-request-id`.
    pub run_id: RunId,
    /// Where to, with names looked up.
    pub target: PreparedTarget,
    /// Where to, as configured.
    pub target_config: TargetConfig,
    /// What all bodies have in common.
    pub body: BodyConfig,
    /// What is sent, one stage after the other. At least one.
    pub stages: Vec<StagePlan>,
    /// Counts the tokens of answers for which the server did not.
    pub tokenizer: Option<Arc<PromptTokenizer>>,
    /// Streams with more chunk gaps than this are recorded as a histogram of gaps.
    pub gap_limit: usize,
    /// How requests get their trace context. `None`: each has a trace of its own, and the server is not told.
    pub trace: Option<TracePlan>,
    /// Whether listeners are handed the text of answers. It costs memory: listeners that fall behind hold on to it.
    pub output_text: TextCapture,
}

/// A part of a run with a load of its own. It begins when every request of the one before has ended.
#[derive(Debug, Clone)]
pub struct StagePlan {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// How much, and for how long.
    pub load: LoadConfig,
    /// What is sent.
    pub traffic: Traffic,
    /// How long nothing is sent before it.
    pub pause: Duration,
    /// Whether its requests are in the figures.
    pub role: StageRole,
}

/// What a stage sends.
#[derive(Debug, Clone)]
pub enum Traffic {
    /// Requests that know nothing of each other.
    Requests(Arc<Workload>),
    /// Sessions: the load is in sessions, not in requests.
    Sessions(Arc<dyn Sessions>),
}

impl RunPlan {
    /// Checks what its types allow and makes no sense.
    pub(super) fn check(&self) -> Result<(), RunError> {
        let is_odd = |stage: &StagePlan| {
            matches!(
                (&stage.load.model, &stage.traffic),
                (LoadModel::Recorded { .. }, Traffic::Requests(_))
            )
        };
        if self.stages.iter().any(is_odd) {
            return Err(RunError::Plan(
                "recorded arrivals are for sessions, and a stage has none",
            ));
        }
        Ok(())
    }

    /// What all bodies have in common, as the JSON body of a request that says nothing.
    #[must_use]
    pub fn common_body(&self) -> Vec<u8> {
        let nothing = RequestSpec {
            content: Content::Payload("{}"),
            output_tokens: None,
            input_tokens: None,
        };
        let mut body = Vec::new();
        self.body.build().write(&nothing, &mut body);
        body
    }

    /// Makes the JSON body of a request again, by its stage and number. `None`: it is no function of these, because it repeats
    /// what the server said.
    pub fn body_source(&self) -> impl Fn(u32, u64) -> Option<Vec<u8>> + Send + Sync + use<> {
        let traffic: Vec<_> = self.stages.iter().map(|stage| stage.traffic.clone()).collect();
        let builder = self.body.build();
        move |stage, index| match traffic.get(stage as usize)? {
            Traffic::Requests(workload) => {
                let (mut prompt, mut body) = (String::new(), Vec::new());
                builder.write(&workload.request(index, &mut prompt), &mut body);
                Some(body)
            }
            Traffic::Sessions(_) => None,
        }
    }
}

/// How much load, and for how long.
#[derive(Debug, Clone, Serialize)]
pub struct LoadConfig {
    /// Open or closed.
    pub model: LoadModel,
    /// What is sent before measuring begins.
    pub warmup: Warmup,
    /// When sending stops.
    pub limits: Limits,
    /// Worker threads. More than there are requests to have in flight are not started.
    pub workers: NonZeroUsize,
    /// What becomes of a session with a turn that failed.
    #[serde(default, skip_serializing_if = "OnFailedTurn::is_usual")]
    pub on_failed_turn: OnFailedTurn,
}

/// What becomes of a session with a turn that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailedTurn {
    /// It ends; the rest of its turns are not sent.
    #[default]
    EndSession,
    /// The turn is sent again. The session ends when it failed too often. A turn that cannot be written is not tried again.
    Retry {
        /// How often it is sent again, at most.
        times: NonZeroU32,
        /// How long after the failure; twice as long each time.
        backoff: Duration,
    },
}

impl OnFailedTurn {
    fn is_usual(&self) -> bool {
        matches!(self, Self::EndSession)
    }
}

/// Whether arrivals depend on completions. With [`Traffic::Sessions`] it is sessions that are in flight and that arrive; a session
/// is in flight until its last call has ended, also while none of its calls is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum LoadModel {
    /// A fixed number in flight: the next request is sent when one ends.
    Closed {
        /// How many.
        concurrency: NonZeroU32,
        /// Time over which they start, evenly.
        ramp: Option<Duration>,
    },
    /// Requests are due at times of their own.
    Open {
        /// When.
        #[serde(flatten)]
        schedule: ScheduleConfig,
        /// Requests due while so many are in flight are held back.
        max_concurrency: Option<NonZeroU32>,
    },
    /// Sessions begin when they began in the recording ([`Sessions::arrival`], [`Sessions::open_log`]). For sessions only.
    Recorded {
        /// Requests due while so many are in flight are held back.
        max_concurrency: Option<NonZeroU32>,
    },
}

/// Requests that are sent first and are in no figure. There is no pause behind them. A session is warm-up as a whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warmup {
    /// None.
    None,
    /// The first so many. Of sessions: those that begin before so many requests have been sent.
    Requests(u64),
    /// Those of the first so many sessions.
    Sessions(u64),
    /// Those of the first so long. Of sessions: those that begin in it.
    Duration(Duration),
}

/// When sending stops.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// After so many measured requests.
    pub requests: Option<u64>,
    /// So many measured sessions begin; sending stops when they have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// After measuring for so long.
    pub duration: Option<Duration>,
    /// How long requests in flight may take when the duration is over.
    pub grace: Duration,
    /// How long requests in flight may take when the run is interrupted.
    pub drain: Duration,
    /// How many failures end the run.
    pub failures: Option<FailureThreshold>,
}

/// How many failures end the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureThreshold {
    /// So many.
    Count(u64),
    /// A larger share of the finished requests than this, 0 to 1, once ten requests have finished, or as many as the concurrency.
    Share(f64),
}

impl FailureThreshold {
    /// Whether `failed` of `finished` requests are too many. `settled` requests make a share meaningful.
    #[must_use]
    pub fn is_exceeded(self, failed: u64, finished: u64, settled: u64) -> bool {
        match self {
            Self::Count(limit) => failed > limit,
            Self::Share(limit) => finished >= settled && failed as f64 > limit * finished as f64,
        }
    }
}

impl LoadModel {
    /// The most requests that may be in flight, if there is such a bound.
    #[must_use]
    pub fn max_concurrency(&self) -> Option<NonZeroU32> {
        match self {
            Self::Closed { concurrency, .. } => Some(*concurrency),
            Self::Open { max_concurrency, .. } | Self::Recorded { max_concurrency } => *max_concurrency,
        }
    }
}

impl LoadConfig {
    /// How many worker threads there is work for.
    pub(crate) fn worker_count(&self) -> usize {
        let most = self
            .model
            .max_concurrency()
            .map_or(usize::MAX, |limit| limit.get() as usize);
        self.workers.get().min(most)
    }
}

/// One worker's part of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) number: u64,
    pub(crate) of: u64,
}

impl Share {
    /// This worker's part of `total`; the first workers have one more where it does not divide evenly.
    pub(crate) fn part_of(self, total: NonZeroU32) -> u64 {
        let total = u64::from(total.get());
        total / self.of + u64::from(self.number < total % self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_all_workers_are_the_whole() {
        for (total, of) in [(1, 1), (7, 3), (64, 5)] {
            let parts = (0..of).map(|number| Share { number, of }.part_of(NonZeroU32::new(total).unwrap()));
            assert_eq!(parts.sum::<u64>(), u64::from(total));
        }
    }

    #[test]
    fn a_share_waits_until_it_means_something() {
        let half = FailureThreshold::Share(0.5);
        assert!(!half.is_exceeded(9, 9, 10));
        assert!(!half.is_exceeded(5, 10, 10));
        assert!(half.is_exceeded(6, 10, 10));
        assert!(FailureThreshold::Count(0).is_exceeded(1, 1, 10));
    }
}
