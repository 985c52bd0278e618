//! What is counted as records come, and needs no column.

use std::collections::BTreeMap;

use super::rows::Span;
use crate::distribution::to_seven_digits;
use crate::{ConnectionUse, FailureKind, Outcome, Phase, RequestRecord, Timings, TokenSource};

/// Distinct finish reasons that are counted by name. A server that sends more has put something else into the field.
const MAX_FINISH_REASONS: usize = 32;

#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
    pub(crate) warmup: u64,
    pub(crate) by_error: BTreeMap<FailureKind, ErrorTally>,
    pub(crate) finish_reasons: BTreeMap<Box<str>, u64>,
    pub(crate) tokens: TokenTally,
    pub(crate) opened: u64,
    pub(crate) reused: u64,
    /// Requests that waited for a free slot.
    pub(crate) held_back: u64,
    pub(crate) times: TimeTally,
}

/// Failures of one kind, and what was said of the first that had something to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorTally {
    pub(crate) count: u64,
    pub(crate) example: Option<Box<str>>,
}

/// Tokens of completed requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenTally {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
    pub(crate) cached: u64,
    /// Input tokens of the requests whose server said how many were cached.
    pub(crate) cacheable: u64,
    /// Requests by who counted their output, in the order of [`TokenSource::ALL`].
    pub(crate) sources: [u64; 4],
    pub(crate) output_length: LengthTally,
    pub(crate) input_length: LengthTally,
}

/// Requests for which a length was asked, and those that missed it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LengthTally {
    pub(crate) asked: u64,
    pub(crate) missed: u64,
}

/// First and last of each kind, over the measured requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimeTally {
    ended: Option<Range>,
    /// Every request that was sent.
    pub(crate) requests: Arrivals,
    /// The first call of each session.
    pub(crate) sessions: Arrivals,
}

/// When the first and the last of some requests were to be sent, and were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arrivals {
    sent: Option<Range>,
    scheduled: Option<Range>,
    pub(crate) sends: u64,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    first: u64,
    last: u64,
}

impl Tally {
    pub(crate) fn push(&mut self, record: &RequestRecord) {
        if record.phase != Phase::Measure {
            self.warmup += 1;
            return;
        }
        self.times.push(record);
        self.held_back += u64::from(record.held_back_ns > 0);
        match record.http.connection {
            ConnectionUse::Opened { .. } => self.opened += 1,
            ConnectionUse::Reused => self.reused += 1,
            ConnectionUse::Failed => {}
        }
        match &record.outcome {
            Outcome::Completed => self.push_completed(record),
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Failed(failure) => {
                self.failed += 1;
                let error = self.by_error.entry(failure.kind).or_default();
                error.count += 1;
                if error.example.is_none() {
                    error.example.clone_from(&failure.message);
                }
            }
        }
    }

    /// Adds what another part of the run comes to. Its times are its own: the whole run has no schedule.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.warmup += other.warmup;
        self.opened += other.opened;
        self.reused += other.reused;
        self.held_back += other.held_back;
        self.tokens.merge(&other.tokens);
        for (kind, error) in &other.by_error {
            let sum = self.by_error.entry(*kind).or_default();
            sum.count += error.count;
            if sum.example.is_none() {
                sum.example.clone_from(&error.example);
            }
        }
        for (reason, count) in &other.finish_reasons {
            *self.finish_reasons.entry(reason.clone()).or_default() += count;
        }
    }

    /// From the first request sent to the last end. `None` when none was sent.
    pub(crate) fn measured_span(&self) -> Option<Span> {
        let (sent, ended) = (self.times.requests.sent?, self.times.ended?);
        Some(Span {
            start: sent.first,
            end: ended.last,
        })
        .filter(|span| span.end > span.start)
    }

    fn push_completed(&mut self, record: &RequestRecord) {
        self.completed += 1;
        self.tokens.push(record);
        let Some(reason) = record.finish_reason.as_deref() else {
            return;
        };
        if let Some(count) = self.finish_reasons.get_mut(reason) {
            *count += 1;
        } else if self.finish_reasons.len() < MAX_FINISH_REASONS {
            self.finish_reasons.insert(reason.into(), 1);
        } else {
            *self.finish_reasons.entry("other".into()).or_default() += 1;
        }
    }
}

impl TokenTally {
    fn push(&mut self, record: &RequestRecord) {
        let tokens = &record.tokens;
        let or_zero = |count: Option<u32>| u64::from(count.unwrap_or(0));
        self.input += or_zero(tokens.input);
        self.output += or_zero(tokens.output);
        self.reasoning += or_zero(tokens.reasoning);
        if let Some(cached) = tokens.cached_input {
            self.cached += u64::from(cached);
            self.cacheable += or_zero(tokens.input);
        }
        if let Some(source) = tokens.source {
            self.sources[source as usize] += 1;
        }
        self.output_length.push(tokens.requested_output, tokens.output);
        self.input_length.push(tokens.requested_input, tokens.input);
    }

    fn merge(&mut self, other: &Self) {
        self.input += other.input;
        self.output += other.output;
        self.reasoning += other.reasoning;
        self.cached += other.cached;
        self.cacheable += other.cacheable;
        for (sum, count) in self.sources.iter_mut().zip(other.sources) {
            *sum += count;
        }
        for (sum, part) in [
            (&mut self.output_length, other.output_length),
            (&mut self.input_length, other.input_length),
        ] {
            sum.asked += part.asked;
            sum.missed += part.missed;
        }
    }

    /// The share of requests whose output `source` counted, among those whose output anyone counted.
    pub(crate) fn source_share(&self, source: TokenSource) -> Option<f64> {
        let counted: u64 = self.sources.iter().sum();
        (counted > 0).then(|| to_seven_digits(self.sources[source as usize] as f64 / counted as f64))
    }
}

impl LengthTally {
    fn push(&mut self, asked: Option<u32>, got: Option<u32>) {
        let Some((asked, got)) = asked.zip(got) else { return };
        self.asked += 1;
        // One token in twenty, and never more than 50: AIPerf's tolerance.
        let tolerance = (f64::from(asked) * 0.05).min(50.0);
        self.missed += u64::from(f64::from(asked.abs_diff(got)) > tolerance);
    }
}

impl TimeTally {
    fn push(&mut self, record: &RequestRecord) {
        let timings = &record.timings;
        if timings.sent_at.is_some() {
            self.requests.push(timings);
            if record.turn == Some(0) && record.attempt == 0 {
                self.sessions.push(timings);
            }
        }
        if record.outcome != Outcome::Cancelled {
            extend(&mut self.ended, timings.finished_at.as_nanos());
        }
    }
}

impl Arrivals {
    /// How many a second were to be sent. `None` below two.
    pub(crate) fn scheduled_rate(&self) -> Option<f64> {
        self.rate_over(self.scheduled?)
    }

    /// How many a second were sent. `None` below two.
    pub(crate) fn achieved_rate(&self) -> Option<f64> {
        self.rate_over(self.sent?)
    }

    /// When the first was to be sent, in nanoseconds.
    pub(crate) fn first_due(&self) -> Option<u64> {
        self.scheduled.map(|range| range.first)
    }

    fn push(&mut self, timings: &Timings) {
        let Some(sent_at) = timings.sent_at else { return };
        self.sends += 1;
        extend(&mut self.sent, sent_at.as_nanos());
        extend(&mut self.scheduled, timings.scheduled_at.as_nanos());
    }

    /// `n` requests have `n - 1` gaps.
    fn rate_over(&self, range: Range) -> Option<f64> {
        let secs = (range.last - range.first) as f64 / 1e9;
        (self.sends >= 2 && secs > 0.0).then(|| (self.sends - 1) as f64 / secs)
    }
}

fn extend(range: &mut Option<Range>, point: u64) {
    let Range { first, last } = range.unwrap_or(Range {
        first: point,
        last: point,
    });
    *range = Some(Range {
        first: first.min(point),
        last: last.max(point),
    });
}
