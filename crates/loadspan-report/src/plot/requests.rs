//! The requests of a run as charts need them: a fraction of a record's size, so that a million fit anywhere.

use std::collections::BTreeMap;

use loadspan_record::{Metric, Outcome, Phase, RequestRecord};

use super::gaps::GapWindows;

/// The requests of a run, taken in one by one. About 90 bytes each; gaps between chunks take no more however many there are.
#[derive(Debug, Clone)]
pub struct Requests {
    pub(super) rows: Vec<Request>,
    pub(super) gaps: GapWindows,
    /// Failure classes in the order in which they came up; `Fate::Failed` points here.
    pub(super) failure_classes: Vec<String>,
    class_indexes: BTreeMap<String, u16>,
}

/// What charts need of one request. Times are nanoseconds from the start of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) scheduled_ns: u64,
    pub(super) sent_ns: Option<u64>,
    pub(super) first_token_ns: Option<u64>,
    pub(super) finished_ns: u64,
    pub(super) ttft_ms: Option<f32>,
    pub(super) latency_ms: Option<f32>,
    pub(super) input_tokens: Option<u32>,
    pub(super) output_tokens: Option<u32>,
    pub(super) index: u64,
    pub(super) fate: Fate,
    pub(super) is_measured: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Completed,
    /// With the place of its class.
    Failed(u16),
    Cancelled,
}

impl Requests {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: Vec::new(),
            gaps: GapWindows::new(),
            failure_classes: Vec::new(),
            class_indexes: BTreeMap::new(),
        }
    }

    /// Takes in a request, whatever became of it. The order does not matter.
    pub fn push(&mut self, record: &RequestRecord) {
        let timings = &record.timings;
        let milliseconds = |metric: Metric| metric.of(record).map(|value| value as f32);
        if record.outcome.is_completed() {
            self.gaps.add(record);
        }
        let fate = self.fate_of(&record.outcome);
        self.rows.push(Request {
            scheduled_ns: timings.scheduled_at.as_nanos(),
            sent_ns: timings.sent_at.map(|at| at.as_nanos()),
            first_token_ns: timings.first_token_at.map(|at| at.as_nanos()),
            finished_ns: timings.finished_at.as_nanos(),
            ttft_ms: milliseconds(Metric::TimeToFirstToken),
            latency_ms: milliseconds(Metric::RequestLatency),
            input_tokens: record.tokens.input,
            output_tokens: record.tokens.output,
            index: record.id.index,
            fate,
            is_measured: record.phase == Phase::Measure,
        });
    }

    fn fate_of(&mut self, outcome: &Outcome) -> Fate {
        let failure = match outcome {
            Outcome::Completed => return Fate::Completed,
            Outcome::Cancelled => return Fate::Cancelled,
            Outcome::Failed(failure) => failure,
        };
        let class = failure.kind.to_string();
        if let Some(index) = self.class_indexes.get(&class) {
            return Fate::Failed(*index);
        }
        let index = u16::try_from(self.failure_classes.len()).unwrap_or(u16::MAX);
        self.failure_classes.push(class.clone());
        self.class_indexes.insert(class, index);
        Fate::Failed(index)
    }

    /// The earliest and latest moment of any request, in seconds from the start of the run. `None` without requests.
    pub(super) fn extent_s(&self) -> Option<(f64, f64)> {
        let until = self.rows.iter().map(|row| row.finished_ns).max()?;
        let from = self.rows.iter().map(|row| row.scheduled_ns).min()?;
        Some((secs(from), secs(until)))
    }

    /// Those whose figures count.
    pub(super) fn measured(&self) -> impl Iterator<Item = &Request> {
        self.rows.iter().filter(|row| row.is_measured)
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self::new()
    }
}

impl Extend<RequestRecord> for Requests {
    fn extend<I: IntoIterator<Item = RequestRecord>>(&mut self, records: I) {
        for record in records {
            self.push(&record);
        }
    }
}

impl<'a> FromIterator<&'a RequestRecord> for Requests {
    fn from_iter<I: IntoIterator<Item = &'a RequestRecord>>(records: I) -> Self {
        let mut requests = Self::new();
        for record in records {
            requests.push(record);
        }
        requests
    }
}

impl Request {
    pub(super) fn sent_s(&self) -> Option<f64> {
        self.sent_ns.map(secs)
    }

    pub(super) fn lag_ms(&self) -> Option<f64> {
        self.sent_ns
            .map(|sent| sent.saturating_sub(self.scheduled_ns) as f64 / 1e6)
    }
}

pub(super) fn secs(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
