//! What the caller knows of a run and the records do not tell.

mod load;
mod stage;

pub use load::{LoadFacts, LoadModel};
pub(crate) use stage::label as stage_label;
pub use stage::{StageFacts, StageRole};

use serde::{Deserialize, Serialize};

use crate::{ReplayFacts, Slo, TelemetrySummary, Thresholds};

/// Everything about a run that is not in its records. `run.json` keeps it, so that a report can be made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// What was run.
    pub run: RunInfo,
    /// The load that was asked for.
    pub load: LoadFacts,
    /// The stages that were asked for, in their order. Empty: the run has but one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageFacts>,
    /// What was planned of recordings, of each stage that sends one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<ReplayFacts>,
    /// Whether the workload repeats prompts on purpose.
    #[serde(default)]
    pub prompts: PromptReuse,
    /// Requests that were due and never sent, because the run ended first.
    #[serde(default)]
    pub unsent: u64,
    /// The client's own load. `None` when it was not measured, as in a report made from files after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientStats>,
    /// Connections opened ahead of the load, by target URL.
    #[serde(default)]
    pub preopened: Vec<Preopened>,
    /// What was noticed before or during the run that a reader should know.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// The targets of `--goodput`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<Slo>,
    /// From where on a run is degraded or invalid.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// What became of the telemetry. Not known before the end of the run.
    #[serde(default)]
    pub telemetry: TelemetrySummary,
}

/// What was run, and whether it was run to its end. The object `run` of `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Id of the run.
    pub id: String,
    /// Its name, which is also that of its folder.
    pub name: String,
    /// The model, as the server calls it.
    pub model: String,
    /// `chat`, `completions`, `responses` or `embeddings`.
    pub endpoint_type: String,
    /// Whether responses were streamed.
    pub streaming: bool,
    /// The base URLs, already redacted.
    pub urls: Vec<String>,
    /// Version of loadspan.
    pub loadspan_version: String,
    /// Wall clock at the start of the run, in nanoseconds since 1970.
    pub started_unix_ns: u64,
    /// The seed of prompts and arrivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Start of the measured phase, in seconds from the start of the run. `None` if it was not reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_from_s: Option<f64>,
    /// End of the measured phase, in seconds from the start of the run. `None` if it was not reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_until_s: Option<f64>,
    /// Whether it came to its planned end.
    pub completeness: Completeness,
}

/// Whether a run came to its planned end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Completeness {
    /// Everything that was asked for was done.
    Complete,
    /// It was cut short.
    Incomplete {
        /// By what: an interrupt, too many failures, a crash.
        reason: String,
    },
}

impl Completeness {
    /// The reason of a run that was given up because too many of its requests failed.
    pub const TOO_MANY_FAILURES: &str = "more requests failed than --failed-request-threshold allows";
}

/// Whether a workload repeats prompts on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptReuse {
    /// Every prompt is new: hits in the server's prefix cache are a sign of something wrong.
    #[default]
    Unique,
    /// Prompts or their beginnings may come twice.
    MayRepeat,
}

/// Connections opened ahead of the load, to one target URL. No request waited for them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Preopened {
    /// Which URL, from 0.
    pub target: u16,
    /// Connections that were opened.
    pub opened: u64,
    /// Attempts that failed; the requests tried again, each for itself.
    pub failed: u64,
    /// Median time to connect, TLS included, in milliseconds.
    pub connect_p50_ms: f64,
    /// Longest time to connect, TLS included, in milliseconds.
    pub connect_max_ms: f64,
}

/// The client's own load.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ClientStats {
    /// CPU time of the whole process while it measured.
    pub cpu_seconds: f64,
    /// Wall time over which `cpu_seconds` was taken.
    pub wall_seconds: f64,
    /// Most memory resident at any time, in bytes.
    pub peak_rss_bytes: u64,
    /// Records that were lost between the load generator and the files.
    pub records_lost: u64,
    /// One entry per worker thread.
    pub workers: Vec<WorkerStats>,
}

/// The load of one worker thread.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct WorkerStats {
    /// CPU time.
    pub cpu_seconds: f64,
    /// Share of wall time that it was on the CPU, from 0 to 1.
    pub busy_share: f64,
    /// How late its timers fired, in milliseconds, median.
    pub loop_lag_p50_ms: f64,
    /// The same, 99th percentile.
    pub loop_lag_p99_ms: f64,
    /// The same, at worst.
    pub loop_lag_max_ms: f64,
}

impl ClientStats {
    /// The share of one CPU that the process used, over all its threads: 2.0 is two CPUs. 0 over no time.
    #[must_use]
    pub fn cpus_used(&self) -> f64 {
        if self.wall_seconds > 0.0 {
            self.cpu_seconds / self.wall_seconds
        } else {
            0.0
        }
    }

    /// The busiest worker's share, from 0 to 1. `None` without workers.
    #[must_use]
    pub fn busiest_share(&self) -> Option<f64> {
        self.workers.iter().map(|worker| worker.busy_share).reduce(f64::max)
    }

    /// The worst worker's 99th percentile of loop lag, in milliseconds. `None` without workers.
    #[must_use]
    pub fn worst_loop_lag_p99_ms(&self) -> Option<f64> {
        self.workers
            .iter()
            .map(|worker| worker.loop_lag_p99_ms)
            .reduce(f64::max)
    }
}

/// Something a reader of the report should know, which does not change the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// A notice for whoever watches the run, when it comes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveNotice {
    /// How much it matters.
    pub level: NoticeLevel,
    /// What it is.
    pub notice: Notice,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeLevel {
    /// Nothing is wrong.
    Note,
    /// Something that the user asked for is missing or in danger.
    Warning,
}

impl LiveNotice {
    /// Something that is no fault.
    #[must_use]
    pub fn note(message: impl Into<String>) -> Self {
        Self {
            level: NoticeLevel::Note,
            notice: Notice {
                message: message.into(),
                advice: None,
            },
        }
    }

    /// Something that may be wrong, and what to do about it.
    #[must_use]
    pub fn warning(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: NoticeLevel::Warning,
            notice: Notice {
                message: message.into(),
                advice: Some(advice.into()),
            },
        }
    }
}
