//! A run to be completed, and the records of its requests.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use loadspan_record::RequestRecord;
use loadspan_testkit::{MlflowSink, RunningMlflowSink, SinkRun};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::{Metric, RunStatus, Tag};
use tempfile::TempDir;

use super::super::*;
use crate::config::MlflowConfig;
use crate::mlflow::export_file::{LiveMode, MlflowExport};
use crate::mlflow::live::testing::{START_UNIX_NS, stream};
use crate::mlflow::testing::{Heard, config, description};

/// Points of a [`stream`].
pub(super) const POINTS: u64 = 5;
pub(super) const ENOUGH: Duration = Duration::from_secs(60);

pub(super) struct Harness {
    pub(super) sink: RunningMlflowSink,
    pub(super) config: MlflowConfig,
    pub(super) folder: TempDir,
    pub(super) description: RunDescription,
    pub(super) outcome: RunOutcome,
    pub(super) heard: Heard,
}

impl Harness {
    pub(super) fn new() -> Self {
        let sink = MlflowSink::new().start().unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("summary.json"), "{}").unwrap();
        fs::write(folder.path().join("run.json"), "[]").unwrap();
        Self {
            config: config(&sink.url()),
            sink,
            folder,
            description: description("aa"),
            outcome: outcome(),
            heard: Heard::default(),
        }
    }

    /// With the live points of these requests.
    pub(super) fn complete_all(&self, requests: &dyn RecordSource, limit: &CompletionLimit) -> Completion {
        let requests = RecordedRequests {
            source: requests,
            start_unix_ns: START_UNIX_NS,
        };
        self.complete(LivePoints::Complete(requests), limit)
    }

    pub(super) fn complete(&self, live: LivePoints<'_>, limit: &CompletionLimit) -> Completion {
        let job = CompletionJob {
            config: &self.config,
            run_dir: self.folder.path(),
            description: &self.description,
            outcome: &self.outcome,
            live,
            notices: self.heard.notices(),
        };
        complete(job, limit).unwrap()
    }

    pub(super) fn run(&self) -> SinkRun {
        let runs = self.sink.runs();
        assert_eq!(runs.len(), 1);
        runs[0].clone()
    }

    pub(super) fn live_points(&self) -> u64 {
        let run = self.run();
        let live = run.metrics.iter().filter(|(key, _)| key.starts_with("live."));
        live.map(|(_, points)| points.len() as u64).sum()
    }

    pub(super) fn export(&self) -> MlflowExport {
        MlflowExport::load(self.folder.path()).unwrap().unwrap()
    }

    pub(super) fn begin(&self, live: LiveMode) {
        let export = MlflowExport {
            tracking_uri: format!("{}/", self.sink.url()),
            benchmark_id: Some("aa".to_owned()),
            live,
            ..MlflowExport::default()
        };
        export.save(self.folder.path()).unwrap();
    }
}

pub(super) fn outcome() -> RunOutcome {
    let figure = |key: &str, value| Metric {
        key: key.to_owned(),
        value: MetricValue(value),
        timestamp: 1_700_000_009_000,
        step: 0,
    };
    RunOutcome {
        status: RunStatus::Finished,
        end_unix_ms: 1_700_000_009_000,
        tags: vec![Tag::new("verdict", "valid")],
        metrics: vec![figure("ttft.p99", 0.1 + 0.2), figure("requests.completed", 60.0)],
    }
}

/// So many requests, which end 4 ms after each other.
pub(super) struct Requests<F> {
    count: u64,
    /// Is called for each when they are read to make points of them.
    heed: F,
    times_read: Cell<u32>,
}

pub(super) fn requests(count: u64) -> Requests<impl Fn(u64)> {
    heeded(count, |_| ())
}

pub(super) fn heeded<F: Fn(u64)>(count: u64, heed: F) -> Requests<F> {
    Requests {
        count,
        heed,
        times_read: Cell::new(0),
    }
}

impl<F: Fn(u64)> RecordSource for Requests<F> {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        let is_survey = self.times_read.replace(self.times_read.get() + 1) == 0;
        Box::new((0..self.count).map(move |index| {
            if !is_survey {
                (self.heed)(index);
            }
            stream(index, 1_000 + index * 4)
        }))
    }
}

/// The last request of every three.
pub(super) struct EveryThird(pub(super) u64);

impl RecordSource for EveryThird {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        let indices = (0..self.0).filter(|index| index % 3 == 2);
        Box::new(indices.map(|index| stream(index, 1_000 + index * 4)))
    }
}

/// Must not be read.
pub(super) struct Unread;

impl RecordSource for Unread {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        panic!("they were read")
    }
}

pub(super) fn what(completion: &Completion) -> Vec<&'static str> {
    completion.missing.iter().map(|shortfall| shortfall.what).collect()
}
