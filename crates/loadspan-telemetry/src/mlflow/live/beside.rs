//! What is logged beside requests or windows, whatever the mode: failures by class, the server under test, the GPUs.

use std::collections::VecDeque;
use std::time::Duration;

use loadspan_record::{ObservedSample, RequestRecord, RunOffset};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::Metric;

use super::failures::{FailureRecorder, Failures};
use super::observed::ObservedPoints;
use crate::mlflow::clock::unix_ms;

/// So many of the last points are remembered, in less than a megabyte: those of a minute at least.
const MOST_RECENT: usize = 4_096;

/// Makes these points, each once. They are the same again from the files of the run.
#[derive(Debug)]
pub(crate) struct BesideRecorder {
    run_start_unix_ns: u64,
    observed: ObservedPoints,
    failures: FailureRecorder,
    /// Made, and not taken yet.
    made: Vec<Metric>,
    recent: VecDeque<Metric>,
}

impl BesideRecorder {
    pub(crate) fn new(run_start_unix_ns: u64) -> Self {
        Self {
            run_start_unix_ns,
            observed: ObservedPoints::default(),
            failures: FailureRecorder::default(),
            made: Vec::new(),
            recent: VecDeque::new(),
        }
    }

    /// Takes a finished request.
    pub(crate) fn record(&mut self, record: &RequestRecord) {
        self.failures.record(record);
    }

    /// Takes what a server or GPUs said of themselves.
    pub(crate) fn observe(&mut self, sample: &ObservedSample) {
        self.made.extend(self.observed.of(sample, self.run_start_unix_ns));
    }

    /// What is due by `now`, and was not taken before.
    pub(crate) fn take(&mut self, now: RunOffset) -> Vec<Metric> {
        let whole = self.failures.take(now);
        self.take_with(&whole)
    }

    /// What is left when the run is over.
    pub(crate) fn take_rest(&mut self) -> Vec<Metric> {
        let whole = self.failures.take_rest();
        self.take_with(&whole)
    }

    /// What was taken of late.
    pub(super) fn recent(&self) -> Vec<Metric> {
        self.recent.iter().cloned().collect()
    }

    fn take_with(&mut self, failures: &[Failures]) -> Vec<Metric> {
        let mut taken = std::mem::take(&mut self.made);
        taken.extend(failures.iter().map(|failures| self.point(failures)));
        self.recent.extend(taken.iter().cloned());
        let too_many = self.recent.len().saturating_sub(MOST_RECENT);
        self.recent.drain(..too_many);
        taken
    }

    /// Its time stamp is the end of the second, and its step the second's number.
    fn point(&self, failures: &Failures) -> Metric {
        let end = RunOffset::from_duration(Duration::from_secs(failures.second.saturating_add(1)));
        Metric {
            key: failures.key.clone(),
            value: MetricValue(failures.count as f64),
            timestamp: unix_ms(self.run_start_unix_ns, end),
            step: i64::try_from(failures.second).unwrap_or(i64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use loadspan_record::{Outcome, ServerGauge, ServerSample};

    use super::super::testing::{START_UNIX_NS, stream};
    use super::*;

    #[test]
    fn what_is_made_is_taken_once_and_remembered() {
        let mut recorder = BesideRecorder::new(START_UNIX_NS);
        let mut cancelled = stream(0, 1_500);
        cancelled.outcome = Outcome::Cancelled;
        recorder.record(&cancelled);
        recorder.observe(&ObservedSample::Server(ServerSample {
            metrics: [(ServerGauge::RequestsWaiting, 2.0)].into(),
            ..ServerSample::default()
        }));
        let [waiting] = &recorder.take(RunOffset::ZERO)[..] else {
            panic!("only the sample is due")
        };
        assert_eq!(
            (waiting.key.as_str(), waiting.step),
            ("live.server.0.requests_waiting", 0)
        );
        let [failed] = &recorder.take_rest()[..] else {
            panic!("the failure is left")
        };
        assert_eq!(failed.key, "live.requests.by_error.cancelled");
        assert_eq!((failed.step, failed.timestamp), (1, 1_700_000_002_000));
        assert_eq!(recorder.take_rest(), []);
        assert_eq!(recorder.recent(), [waiting.clone(), failed.clone()]);
    }
}
