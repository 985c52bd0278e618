//! The reasons that speak against a run, and how they are told.

use serde::{Deserialize, Serialize};

use super::Asked;
use crate::{LoadModel, counted};

/// A reason to doubt the figures of a run, with what was measured. In files its name is `code`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// A worker had no CPU to spare, or its timers fired late: the client's delay is in the latencies.
    ClientCpuBound {
        /// Busiest worker's share of a CPU, from 0 to 1.
        busy_share: f64,
        /// Worst worker's 99th percentile of loop lag, in milliseconds.
        loop_lag_p99_ms: f64,
    },
    /// Requests of an open load left late.
    DispatchDelay {
        /// 99th percentile of the delay, in milliseconds.
        p99_ms: f64,
    },
    /// An open load was slower than its schedule.
    RateMissed {
        /// Requests per second that the schedule wanted.
        scheduled_rate: f64,
        /// Requests per second that were sent.
        achieved_rate: f64,
    },
    /// Sessions of an open load began at a slower rate than their schedule.
    SessionRateMissed {
        /// Sessions per second that the schedule wanted.
        scheduled_rate: f64,
        /// Sessions per second that began.
        achieved_rate: f64,
    },
    /// Requests of an open load waited for a free slot under `--max-concurrency`.
    HeldBack {
        /// How many.
        requests: u64,
        /// Their share, from 0 to 1.
        share: f64,
    },
    /// No request completed.
    NothingCompleted {
        /// How many failed.
        failed: u64,
        /// How many were cancelled when the run ended.
        cancelled: u64,
    },
    /// Requests failed.
    ErrorRate {
        /// How many.
        failed: u64,
        /// Their share of those that completed or failed, from 0 to 1.
        share: f64,
    },
    /// Too few requests for a tail.
    TooFewSamples {
        /// How many completed.
        completed: u64,
    },
    /// Output tokens are known only as chunks, of which each may hold several.
    TokenCountUncertain {
        /// Share of such requests, from 0 to 1.
        share: f64,
    },
    /// Prompts meant to be new were found in the server's prefix cache.
    PromptsCached {
        /// Share of input tokens, from 0 to 1.
        share: f64,
    },
    /// Outputs had another length than was asked for.
    OutputLengthMissed {
        /// Share of requests, from 0 to 1.
        share: f64,
    },
    /// Finished requests are missing from the figures.
    RecordsLost {
        /// How many.
        records: u64,
    },
    /// The run was cut short.
    Incomplete {
        /// By what.
        reason: String,
    },
}

impl Reason {
    /// What is the matter, with the figures: one sentence, without a full stop.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::ClientCpuBound {
                busy_share,
                loop_lag_p99_ms,
            } => format!(
                "the client was short of CPU: its busiest worker ran {} of the time, its timers were up to {} ms late (p99)",
                percent(*busy_share),
                short(*loop_lag_p99_ms)
            ),
            Self::DispatchDelay { p99_ms } => format!(
                "requests left the client late: {} ms after they were due (p99)",
                short(*p99_ms)
            ),
            Self::RateMissed {
                scheduled_rate,
                achieved_rate,
            } => format!(
                "the achieved rate missed the schedule: {} req/s instead of {}",
                short(*achieved_rate),
                short(*scheduled_rate)
            ),
            Self::SessionRateMissed {
                scheduled_rate,
                achieved_rate,
            } => format!(
                "sessions began at a rate that missed the schedule: {} a second instead of {}",
                short(*achieved_rate),
                short(*scheduled_rate)
            ),
            Self::HeldBack { requests, share } => {
                format!(
                    "{} ({}) waited for a free slot under --max-concurrency",
                    counted(*requests, "request"),
                    percent(*share)
                )
            }
            Self::NothingCompleted { failed, cancelled: 0 } => format!("no request completed; {failed} failed"),
            Self::NothingCompleted { failed, cancelled } => {
                format!("no request completed; {failed} failed, {cancelled} cancelled when the run ended")
            }
            Self::ErrorRate { failed, share } => {
                format!("{} failed ({})", counted(*failed, "request"), percent(*share))
            }
            Self::TooFewSamples { completed } => {
                format!(
                    "{} completed: percentiles in the tail are close to the maximum",
                    counted(*completed, "request")
                )
            }
            Self::TokenCountUncertain { share } => {
                format!(
                    "the output tokens of {} of the requests are counted as chunks, which may hold several",
                    percent(*share)
                )
            }
            Self::PromptsCached { share } => {
                format!(
                    "{} of the input tokens came from the server's prefix cache although every prompt is new",
                    percent(*share)
                )
            }
            Self::OutputLengthMissed { share } => {
                format!(
                    "{} of the outputs had another length than was asked for",
                    percent(*share)
                )
            }
            Self::RecordsLost { records } => format!("{} lost on the way to the figures", counted(*records, "record")),
            Self::Incomplete { reason } => format!("the run was cut short: {reason}"),
        }
    }

    /// What to do about it where this was asked for: one sentence, without a full stop.
    pub(super) const fn advice(&self, asked: Asked) -> &'static str {
        match self {
            Self::ClientCpuBound { .. } => {
                "lower the load, give the client more cores, or move it off the server's machine"
            }
            Self::DispatchDelay { .. } => less_to_send(asked.load),
            Self::RateMissed { .. } | Self::SessionRateMissed { .. } => less_at_once(asked.load),
            Self::HeldBack { .. } => {
                "raise --max-concurrency, or read the latency from schedule, which includes the wait"
            }
            Self::NothingCompleted { .. } | Self::ErrorRate { .. } => {
                "look at the errors by class before reading any latency"
            }
            Self::TooFewSamples { .. } => more_to_send(asked),
            Self::TokenCountUncertain { .. } => "pass --tokenizer, or ask the server for usage in its streams",
            Self::PromptsCached { .. } => "use a new --random-seed, or restart the server",
            Self::OutputLengthMissed { .. } => {
                "check that --server names the right one, so that it can be told to ignore the end of text"
            }
            Self::RecordsLost { .. } => "check the disk that holds the results",
            Self::Incomplete { .. } => "the figures are of what there is; compare only runs that came to their end",
        }
    }
}

/// What makes it longer.
const fn more_to_send(asked: Asked) -> &'static str {
    if asked.is_recorded {
        return "replay a longer recording, or more of this one: see --replay-window, --replay-sample and --benchmark-duration";
    }
    if asked.load.is_of_sessions() {
        "raise --session-count or --benchmark-duration"
    } else {
        "raise --request-count or --benchmark-duration"
    }
}

/// What makes a schedule one that can be kept to.
const fn less_at_once(load: LoadModel) -> &'static str {
    match load {
        LoadModel::Recorded { .. } => "lower --replay-speed, raise --max-concurrency, or give the client more cores",
        LoadModel::OpenSessions { .. } => {
            "lower --session-rate, raise --max-concurrency, or give the client more cores"
        }
        LoadModel::Open { .. } | LoadModel::Closed { .. } | LoadModel::ClosedSessions { .. } | LoadModel::Staged => {
            "lower --request-rate, raise --max-concurrency, or give the client more cores"
        }
    }
}

/// What takes work off a client that sends late.
const fn less_to_send(load: LoadModel) -> &'static str {
    match load {
        LoadModel::OpenSessions { .. } => "give the client more cores, or lower --session-rate",
        LoadModel::Recorded { .. } => "give the client more cores, or lower --replay-speed",
        LoadModel::Open { .. } | LoadModel::Closed { .. } | LoadModel::ClosedSessions { .. } | LoadModel::Staged => {
            "give the client more cores, or lower --request-rate"
        }
    }
}

/// `12.3 %`; small shares keep a digit that is not zero.
fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// Three digits, where there are that many to show.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
