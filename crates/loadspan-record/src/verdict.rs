//! Whether the figures of a run can be trusted, and what to do when they cannot.

mod judge;
mod reason;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use judge::Evidence;
pub use reason::Reason;

use crate::{LoadModel, RunFacts, StageFacts, StageSummary};

/// Whether the figures of a run can be trusted, and why not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst severity among the reasons.
    pub status: VerdictStatus,
    /// What speaks against the run, worst first.
    pub reasons: Vec<Finding>,
}

/// Whether the figures of a run can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictStatus {
    /// They describe the server under the load that was asked for.
    Valid,
    /// They describe it with a doubt: read the reasons before quoting them.
    Degraded,
    /// They do not describe it.
    Invalid,
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; the run stays valid.
    Note,
    /// Makes the run degraded.
    Degraded,
    /// Makes the run invalid.
    Invalid,
}

/// A reason with its weight, and with words for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The reason: its `code`, and the figures behind it.
    #[serde(flatten)]
    pub reason: Reason,
    /// How much it weighs in this run.
    pub severity: Severity,
    /// Number of the stage that it is of, from 0, which `message` names. `None`: it is of the whole run, or of the only stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    /// What is the matter, with the figures.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

/// What was asked for, as far as it depends on that what can be done about a reason.
#[derive(Debug, Clone, Copy)]
struct Asked {
    load: LoadModel,
    /// What is sent is a recording, each of whose sessions is sent once.
    is_recorded: bool,
}

/// From where on a run is degraded or invalid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Busiest worker's share of a CPU.
    pub worker_busy_share: f64,
    /// Worst worker's 99th percentile of loop lag, in milliseconds.
    pub loop_lag_p99_ms: f64,
    /// 99th percentile of the dispatch delay of an open load, in milliseconds.
    pub dispatch_delay_p99_ms: Bounds,
    /// Share by which the achieved rate of an open load falls short of its schedule.
    pub rate_shortfall: Bounds,
    /// Share of requests that failed.
    pub error_rate: Bounds,
    /// Completed requests below which percentiles in the tail mean little.
    pub few_samples: u64,
    /// Share of requests whose tokens are only known as chunks.
    pub chunk_count_share: f64,
    /// Share of input tokens found in the prefix cache although every prompt is new.
    pub cached_input_share: f64,
    /// Share of the requests of an open load that waited for a free slot.
    pub held_back_share: f64,
    /// Share of requests whose output missed the length asked for.
    pub missed_length_share: f64,
}

/// Two limits; a value above one of them is worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Degraded above.
    pub degraded: f64,
    /// Invalid above.
    pub invalid: f64,
}

impl Verdict {
    /// Judges a run.
    pub(crate) fn of(evidence: &Evidence<'_>) -> Self {
        let asked = evidence.asked();
        Self::for_reasons(evidence.findings().map(|found| Finding::of(found, asked)).collect())
    }

    /// Judges a run by its stages: it is as bad as the worst of them.
    pub(crate) fn of_stages(run: &RunFacts, stages: &[StageSummary]) -> Self {
        let measured = || stages.iter().filter(|stage| stage.is_measured());
        let has_several = measured().count() > 1;
        let of_stage = |stage: &StageSummary| {
            let reasons = stage.verdict.iter().flat_map(|verdict| verdict.reasons.clone());
            // That the run was cut short says that its last stage was.
            let own = reasons.filter(|finding| !matches!(finding.reason, Reason::Incomplete { .. }));
            let label = stage.label();
            own.map(|finding| {
                if has_several {
                    finding.in_stage(stage.number, &label)
                } else {
                    finding
                }
            })
            .collect::<Vec<_>>()
        };
        let asked = Asked {
            load: run.load.model,
            is_recorded: false,
        };
        let of_run = judge::of_the_run(run).map(|found| Finding::of(found, asked));
        Self::for_reasons(of_run.chain(measured().flat_map(of_stage)).collect())
    }

    /// The same of a run that was cut short, with the stages that were not begun for it.
    pub(crate) fn naming_unbegun(mut self, run: &RunFacts, begun: &[StageSummary]) -> Self {
        let is_begun = |number| begun.iter().any(|stage| stage.number == number);
        let unbegun = run.stages.iter().filter(|stage| !is_begun(stage.number));
        let unbegun: Vec<String> = unbegun.map(StageFacts::label).collect();
        let is_cut = |finding: &&mut Finding| matches!(finding.reason, Reason::Incomplete { .. });
        if let (false, Some(cut)) = (unbegun.is_empty(), self.reasons.iter_mut().find(is_cut)) {
            cut.message.push_str(&format!("; not begun: {}", listed(&unbegun)));
        }
        self
    }

    fn for_reasons(mut reasons: Vec<Finding>) -> Self {
        reasons.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let worst = reasons.first().map_or(Severity::Note, |finding| finding.severity);
        Self {
            status: worst.into(),
            reasons,
        }
    }
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len().checked_sub(MOST) {
        Some(others @ 1..) => format!("{} and {others} more", names[..MOST].join(", ")),
        _ => names.join(", "),
    }
}

impl Finding {
    fn of((reason, severity): (Reason, Severity), asked: Asked) -> Self {
        let (message, advice) = (reason.message(), reason.advice(asked).to_owned());
        Self {
            reason,
            severity,
            stage: None,
            message,
            advice,
        }
    }

    fn in_stage(self, number: u32, label: &str) -> Self {
        Self {
            stage: Some(number),
            message: format!("{label}: {}", self.message),
            ..self
        }
    }
}

impl VerdictStatus {
    /// The name in files and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Degraded => "degraded",
            Self::Invalid => "invalid",
        }
    }
}

impl From<Severity> for VerdictStatus {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Valid,
            Severity::Degraded => Self::Degraded,
            Severity::Invalid => Self::Invalid,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            worker_busy_share: 0.9,
            loop_lag_p99_ms: 5.0,
            dispatch_delay_p99_ms: Bounds {
                degraded: 10.0,
                invalid: 100.0,
            },
            rate_shortfall: Bounds {
                degraded: 0.02,
                invalid: 0.10,
            },
            error_rate: Bounds {
                degraded: 0.01,
                invalid: 0.50,
            },
            few_samples: 100,
            chunk_count_share: 0.01,
            cached_input_share: 0.01,
            held_back_share: 0.01,
            missed_length_share: 0.10,
        }
    }
}

impl Bounds {
    /// How bad a value is. `None` at or below both limits.
    pub(crate) fn severity_of(self, value: f64) -> Option<Severity> {
        if value > self.invalid {
            Some(Severity::Invalid)
        } else if value > self.degraded {
            Some(Severity::Degraded)
        } else {
            None
        }
    }
}
