//! How many requests of each second failed, by class.

use std::collections::{BTreeMap, BTreeSet};

use loadspan_record::{FailureKind, Outcome, Phase, RequestRecord, RunOffset};
use loadspan_wire::mlflow::live::FAILURES_PREFIX;

use super::windows::{whole_until, window_of};

/// A server may answer with any status: so many classes have a metric each, and what is left is of one more.
const MOST_CLASSES: usize = 32;

/// Counts requests that failed by the second in which they ended. A second is whole when windows are.
#[derive(Debug, Default)]
pub(super) struct FailureRecorder {
    /// Seconds that were not taken yet.
    open: BTreeMap<u64, BTreeMap<Class, u64>>,
    /// The number after the last second that was taken.
    next: u64,
    last_ended_at: RunOffset,
    known: BTreeSet<Class>,
}

/// Failures of one class in one second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failures {
    /// The number of the second.
    pub(super) second: u64,
    pub(super) key: String,
    pub(super) count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Failed(FailureKind),
    Cancelled,
    /// Of more classes than have a metric.
    Other,
}

impl FailureRecorder {
    /// Takes a finished request. Warm-up is left out, and so is what comes after its second was taken.
    pub(super) fn record(&mut self, record: &RequestRecord) {
        let ended_at = record.timings.finished_at;
        self.last_ended_at = self.last_ended_at.max(ended_at);
        let class = match &record.outcome {
            Outcome::Completed => return,
            Outcome::Failed(failure) => Class::Failed(failure.kind),
            Outcome::Cancelled => Class::Cancelled,
        };
        let second = window_of(ended_at);
        if record.phase == Phase::Measure && second >= self.next {
            let class = self.known_class(class);
            *self.open.entry(second).or_default().entry(class).or_default() += 1;
        }
    }

    /// The failures of every second that is whole by `now` and was not taken before.
    pub(super) fn take(&mut self, now: RunOffset) -> Vec<Failures> {
        self.take_until(whole_until(self.last_ended_at, now))
    }

    /// What is left when the run is over.
    pub(super) fn take_rest(&mut self) -> Vec<Failures> {
        self.take_until(u64::MAX)
    }

    fn take_until(&mut self, until: u64) -> Vec<Failures> {
        let later = self.open.split_off(&until);
        let whole = std::mem::replace(&mut self.open, later);
        self.next = self.next.max(until);
        let each = whole.into_iter().flat_map(|(second, classes)| {
            classes.into_iter().map(move |(class, count)| Failures {
                second,
                key: class.key(),
                count,
            })
        });
        each.collect()
    }

    fn known_class(&mut self, class: Class) -> Class {
        if self.known.len() < MOST_CLASSES {
            self.known.insert(class);
        }
        if self.known.contains(&class) {
            class
        } else {
            Class::Other
        }
    }
}

impl Class {
    /// In the words of `requests.by_error`.
    fn key(self) -> String {
        match self {
            Self::Failed(kind) => format!("{FAILURES_PREFIX}{kind}"),
            Self::Cancelled => format!("{FAILURES_PREFIX}cancelled"),
            Self::Other => format!("{FAILURES_PREFIX}other"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use loadspan_record::Failure;

    use super::super::testing::stream;
    use super::*;

    fn failed(kind: FailureKind, ended_at_ms: u64) -> RequestRecord {
        RequestRecord {
            outcome: Outcome::Failed(Failure::new(kind)),
            ..stream(0, ended_at_ms)
        }
    }

    fn said(failures: Vec<Failures>) -> Vec<(u64, String, u64)> {
        let short = |key: &str| key.strip_prefix("live.requests.by_error.").unwrap().to_owned();
        let each = failures.into_iter();
        each.map(|one| (one.second, short(&one.key), one.count)).collect()
    }

    #[test]
    fn each_second_counts_its_failures_by_class_and_only_once() {
        let mut recorder = FailureRecorder::default();
        let busy = FailureKind::HttpStatus(503);
        [
            failed(busy, 1_100),
            failed(busy, 1_900),
            failed(FailureKind::Connect, 1_200),
        ]
        .iter()
        .for_each(|record| recorder.record(record));
        recorder.record(&stream(0, 1_300));
        assert_eq!(recorder.take(RunOffset::ZERO), [], "the second may not be whole yet");
        recorder.record(&stream(0, 2_600));
        let connect = (1, "connect".to_owned(), 1);
        assert_eq!(
            said(recorder.take(RunOffset::ZERO)),
            [connect, (1, "http_status_503".to_owned(), 2)]
        );
        recorder.record(&failed(busy, 1_950));
        let mut cancelled = stream(0, 2_700);
        cancelled.outcome = Outcome::Cancelled;
        recorder.record(&cancelled);
        let mut warmup = failed(busy, 2_700);
        warmup.phase = Phase::Warmup;
        recorder.record(&warmup);
        assert_eq!(said(recorder.take_rest()), [(2, "cancelled".to_owned(), 1)]);
    }

    #[test]
    fn a_second_is_whole_by_the_clock_where_no_request_ends() {
        let mut recorder = FailureRecorder::default();
        recorder.record(&failed(FailureKind::Connect, 500));
        let at = |seconds| RunOffset::from_duration(Duration::from_secs(seconds));
        assert_eq!(recorder.take(at(5)), []);
        assert_eq!(recorder.take(at(7)).len(), 1);
    }

    #[test]
    fn a_server_that_makes_up_statuses_makes_no_metric_of_each() {
        let mut recorder = FailureRecorder::default();
        for status in 100..300 {
            recorder.record(&failed(FailureKind::HttpStatus(status), 500));
        }
        let taken = recorder.take_rest();
        assert_eq!(taken.len(), MOST_CLASSES + 1);
        assert_eq!(taken.iter().map(|one| one.count).sum::<u64>(), 200);
    }
}
