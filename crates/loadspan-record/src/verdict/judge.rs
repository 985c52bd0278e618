//! Which reasons hold for a run, and how much each weighs.

use super::{Asked, Reason, Severity, Thresholds};
use crate::distribution::to_seven_digits;
use crate::summary::{Counts, LoadSummary, TokenSummary};
use crate::{ClientStats, Completeness, PromptReuse, RunFacts, TokenSource};

/// What a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) thresholds: &'a Thresholds,
    pub(crate) prompts: PromptReuse,
    pub(crate) client: Option<&'a ClientStats>,
    pub(crate) completeness: &'a Completeness,
    pub(crate) counts: &'a Counts,
    pub(crate) load: &'a LoadSummary,
    pub(crate) tokens: &'a TokenSummary,
    /// How many requests, or sessions, of an open load were sent: what its rate is of.
    pub(crate) arrivals: u64,
    /// Whether a recording was sent.
    pub(crate) is_recorded: bool,
    /// Whether its sessions are of one call each, and so sessions only in name.
    pub(crate) is_of_single_calls: bool,
}

type Judged = Option<(Reason, Severity)>;

impl Evidence<'_> {
    pub(crate) fn findings(&self) -> impl Iterator<Item = (Reason, Severity)> {
        let findings = [
            self.failures(),
            self.rate(),
            self.held_back(),
            self.dispatch_delay(),
            self.client(),
            self.records_lost(),
            self.incomplete(),
            self.cached_prompts(),
            self.token_counts(),
            self.output_length(),
            self.samples(),
        ];
        findings.into_iter().flatten()
    }

    pub(super) const fn asked(&self) -> Asked {
        Asked {
            load: self.load.asked.model,
            is_recorded: self.is_recorded,
        }
    }

    fn failures(&self) -> Judged {
        let Counts {
            completed,
            failed,
            cancelled,
            ..
        } = *self.counts;
        if completed == 0 {
            return Some((Reason::NothingCompleted { failed, cancelled }, Severity::Invalid));
        }
        let share = to_seven_digits(failed as f64 / (completed + failed) as f64);
        let severity = self.thresholds.error_rate.severity_of(share)?;
        Some((Reason::ErrorRate { failed, share }, severity))
    }

    fn rate(&self) -> Judged {
        let (scheduled_rate, achieved_rate) = (self.load.scheduled_rate?, self.load.achieved_rate?);
        let shortfall = (scheduled_rate - achieved_rate) / scheduled_rate;
        // Over a short run, a request that leaves a moment late is a large part of the rate; it must also be a moment that matters.
        let late_ms = (self.arrivals as f64) * (1.0 / achieved_rate - 1.0 / scheduled_rate) * 1e3;
        let thresholds = self.thresholds;
        let severity = thresholds.rate_shortfall.severity_of(shortfall)?;
        let reason = if self.load.asked.model.is_of_sessions() && !self.is_of_single_calls {
            Reason::SessionRateMissed {
                scheduled_rate,
                achieved_rate,
            }
        } else {
            Reason::RateMissed {
                scheduled_rate,
                achieved_rate,
            }
        };
        (late_ms > thresholds.dispatch_delay_p99_ms.degraded).then_some((reason, severity))
    }

    fn held_back(&self) -> Judged {
        let requests = self.load.held_back;
        if requests == 0 || !self.load.asked.model.is_open() {
            return None;
        }
        let share = to_seven_digits((requests as f64 / self.counts.requests.max(1) as f64).min(1.0));
        let is_much = share > self.thresholds.held_back_share;
        Some((
            Reason::HeldBack { requests, share },
            if is_much { Severity::Degraded } else { Severity::Note },
        ))
    }

    fn dispatch_delay(&self) -> Judged {
        if !self.load.asked.model.is_open() {
            return None;
        }
        let p99_ms = self.load.dispatch_delay?.p99;
        let severity = self.thresholds.dispatch_delay_p99_ms.severity_of(p99_ms)?;
        Some((Reason::DispatchDelay { p99_ms }, severity))
    }

    fn client(&self) -> Judged {
        let client = self.client?;
        let (busy_share, loop_lag_p99_ms) = (client.busiest_share()?, client.worst_loop_lag_p99_ms()?);
        let thresholds = self.thresholds;
        let is_bound = busy_share > thresholds.worker_busy_share || loop_lag_p99_ms > thresholds.loop_lag_p99_ms;
        is_bound.then_some((
            Reason::ClientCpuBound {
                busy_share,
                loop_lag_p99_ms,
            },
            Severity::Degraded,
        ))
    }

    fn records_lost(&self) -> Judged {
        records_lost(self.client?)
    }

    fn incomplete(&self) -> Judged {
        incomplete(self.completeness)
    }

    fn cached_prompts(&self) -> Judged {
        let share = self.tokens.cached_input_share?;
        let is_doubtful = self.prompts == PromptReuse::Unique && share >= self.thresholds.cached_input_share;
        is_doubtful.then_some((Reason::PromptsCached { share }, Severity::Degraded))
    }

    /// Latencies to the first token and to the end stay true, so this is a degraded run and not an invalid one.
    fn token_counts(&self) -> Judged {
        let share = *self.tokens.source_share.get(TokenSource::ChunkCount.as_str())?;
        let is_doubtful = share >= self.thresholds.chunk_count_share;
        is_doubtful.then_some((Reason::TokenCountUncertain { share }, Severity::Degraded))
    }

    /// A note: the figures are true of the load that was run.
    fn output_length(&self) -> Judged {
        let lengths = self.tokens.requested_output;
        let share = lengths.missed as f64 / lengths.asked.max(1) as f64;
        let is_much = share > self.thresholds.missed_length_share;
        is_much.then(|| {
            (
                Reason::OutputLengthMissed {
                    share: to_seven_digits(share),
                },
                Severity::Note,
            )
        })
    }

    fn samples(&self) -> Judged {
        let completed = self.counts.completed;
        let are_few = (1..self.thresholds.few_samples).contains(&completed);
        are_few.then_some((Reason::TooFewSamples { completed }, Severity::Note))
    }
}

/// What is known of the whole run and of none of its stages.
pub(super) fn of_the_run(run: &RunFacts) -> impl Iterator<Item = (Reason, Severity)> + use<> {
    let lost = run.client.as_ref().and_then(records_lost);
    [lost, incomplete(&run.run.completeness)].into_iter().flatten()
}

fn records_lost(client: &ClientStats) -> Judged {
    let records = client.records_lost;
    (records > 0).then_some((Reason::RecordsLost { records }, Severity::Degraded))
}

fn incomplete(completeness: &Completeness) -> Judged {
    match completeness {
        Completeness::Complete => None,
        Completeness::Incomplete { reason } => {
            Some((Reason::Incomplete { reason: reason.clone() }, Severity::Degraded))
        }
    }
}
