//! The result of a run, as plain data: what `summary.json` holds and every renderer starts from.

mod builder;
mod column;
mod figures;
mod goodput;
mod in_flight;
mod part;
mod replay;
mod rows;
mod sessions;
mod stage;
mod staged;
mod steady;
mod tally;
#[cfg(test)]
mod tests;
mod timeslices;
mod turns;
mod work;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use builder::SummaryBuilder;
pub use figures::{Figure, Figures};
pub use replay::{PlannedReplay, ReplayAnswers, ReplayFacts, ReplayLeft, ReplayLengths, ReplaySummary};
pub use sessions::{SessionBucket, SessionSummary};
pub use stage::StageSummary;
pub use timeslices::Timeslice;

use crate::{
    ClientStats, Distribution, GpuSummary, LoadFacts, Notice, Preopened, RunInfo, ServerSummary, SloTarget,
    TelemetrySummary, Verdict,
};

/// Version of the shape of `summary.json`: `docs/schema/summary.schema.json`.
pub const SUMMARY_SCHEMA_VERSION: &str = "1.0";

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SUMMARY_SCHEMA_VERSION`] when it was written.
    pub schema_version: String,
    /// What was run.
    pub run: RunInfo,
    /// Whether the figures can be trusted.
    pub verdict: Verdict,
    /// How the requests ended.
    pub counts: Counts,
    /// Every figure of the measured requests. A figure that does not exist is left out.
    pub metrics: Figures,
    /// The load asked for, and the load made.
    pub load: LoadSummary,
    /// The figures of each stage that was begun. Empty: the run has but one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageSummary>,
    /// The figures of its sessions. `None` without sessions, as of a recording that has single calls alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionSummary>,
    /// How faithfully recordings were sent again: one for each stage that did. Empty: none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<ReplaySummary>,
    /// The client's own load. `None` when it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientStats>,
    /// Tokens, and who counted them.
    pub tokens: TokenSummary,
    /// Connections that the measured requests used.
    pub connections: ConnectionSummary,
    /// The figures of the part of the run in which the load was steady.
    pub steady_state: SteadyState,
    /// How many requests met the targets of `--goodput`. `None` without targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodput: Option<GoodputSummary>,
    /// Completed requests by the server's finish reason.
    #[serde(default)]
    pub finish_reasons: BTreeMap<String, u64>,
    /// What was noticed besides.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// What servers said of themselves over the measured time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<ServerSummary>,
    /// What their GPUs did over the measured time. `None` when none was watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<GpuSummary>,
    /// What became of the telemetry of the run.
    #[serde(default)]
    pub telemetry: TelemetrySummary,
}

/// How the requests ended. Measured ones only, but for `warmup`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Completed, failed and cancelled.
    pub requests: u64,
    /// Those that arrived whole, with output.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those on which loadspan gave up when the run ended.
    pub cancelled: u64,
    /// Those of the warm-up, however they ended. In no figure.
    pub warmup: u64,
    /// Those that were due and never sent, because the run ended first.
    pub unsent: u64,
    /// Failures by class; `http_status` has the code behind it.
    #[serde(default)]
    pub by_error: BTreeMap<String, u64>,
    /// What was said of the first failure of a class, if anything was.
    #[serde(default)]
    pub error_examples: BTreeMap<String, String>,
}

/// The load asked for, and the load made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// What was asked for.
    #[serde(flatten)]
    pub asked: LoadFacts,
    /// Requests per second at which the schedule wanted them sent; of a load of sessions, the sessions per second. Open loads of
    /// two or more of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_rate: Option<f64>,
    /// Requests per second at which they were sent; of a load of sessions, the sessions per second that began. Open loads of two or
    /// more of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub achieved_rate: Option<f64>,
    /// Requests that waited for a free slot under `--max-concurrency`.
    pub held_back: u64,
    /// Requests in flight, warm-up included, over the measured time.
    pub in_flight: InFlightSummary,
    /// From due to sent, over every request sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_lag: Option<Distribution>,
    /// The part of the lag that was the client's own: without the opening of connections and the wait for a free slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch_delay: Option<Distribution>,
}

/// Requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct InFlightSummary {
    /// Averaged over time.
    pub mean: f64,
    /// The most at any moment.
    pub max: u64,
}

/// Tokens of the completed requests, and who counted them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenSummary {
    /// Input tokens.
    pub input_total: u64,
    /// Output tokens.
    pub output_total: u64,
    /// Output tokens that were reasoning, where the server says so.
    pub reasoning_total: u64,
    /// Input tokens found in the server's prefix cache, where the server says so.
    pub cached_input_total: u64,
    /// The share of input tokens that were cached, over the requests whose server says so. `None` when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_share: Option<f64>,
    /// The share of requests whose output each source counted. Empty when nobody counted.
    #[serde(default)]
    pub source_share: BTreeMap<String, f64>,
    /// Completed requests whose output nobody counted.
    pub uncounted: u64,
    /// Output lengths asked for, and missed.
    pub requested_output: LengthSummary,
    /// Input lengths asked for, and missed.
    pub requested_input: LengthSummary,
}

/// How well requested lengths were met: within 5 %, and within 50 tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LengthSummary {
    /// Requests for which a length was asked and known.
    pub asked: u64,
    /// Those that missed it.
    pub missed: u64,
}

/// Connections that the measured requests used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConnectionSummary {
    /// Requests for which one was opened.
    pub opened: u64,
    /// Requests that found one open.
    pub reused: u64,
    /// TCP connect and TLS handshake of those opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Distribution>,
    /// Those opened ahead of the load, by target URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preopened: Vec<Preopened>,
}

/// The figures of the part of the run in which the load was steady, or why there is no such part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SteadyState {
    /// There is one.
    Found {
        /// When it was.
        window: Window,
        /// Figures of the requests that were sent and completed within it.
        metrics: Figures,
    },
    /// There is none.
    Absent {
        /// Why not.
        absent: String,
    },
}

/// A stretch of the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its start, in seconds from the start of the run.
    pub start_s: f64,
    /// Its end, in seconds from the start of the run.
    pub end_s: f64,
    /// Its share of the measured time.
    pub share: f64,
    /// Requests sent and completed within it.
    pub requests: u64,
}

/// How many requests met the targets of `--goodput`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoodputSummary {
    /// Requests that completed and met every target.
    pub good: u64,
    /// Requests that completed or failed: what `good` is held against.
    pub of: u64,
    /// Each target by itself.
    pub targets: Vec<TargetSummary>,
}

/// How many requests met one target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TargetSummary {
    /// The target.
    #[serde(flatten)]
    pub target: SloTarget,
    /// Completed requests that met it.
    pub met: u64,
}

impl Summary {
    /// Whether any of its load, or all of it, was on a schedule that ignores how the server is doing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let mut stages = self.stages.iter().filter(|stage| stage.is_measured());
        self.load.asked.model.is_open() || stages.any(|stage| stage.load.asked.model.is_open())
    }

    /// The figures that describe the server best: those of the steady window where there is one, else those of the whole run.
    #[must_use]
    pub fn steady_or_whole(&self) -> &Figures {
        match &self.steady_state {
            SteadyState::Found { metrics, .. } => metrics,
            SteadyState::Absent { .. } => &self.metrics,
        }
    }
}
