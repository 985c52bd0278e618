//! A benchmark as its telemetry sees it, with a run in MLflow.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loadspan_record::{LiveNotice, Notice, RunOffset, SignalLedger, Sink, Verdict, VerdictStatus};
use loadspan_testkit::RunningMlflowSink;
use tempfile::TempDir;
use url::Url;

use super::super::harness::{PATIENCE, config as otlp_config};
use crate::config::{
    ExperimentChoice, LiveMetrics, MlflowConfig, MlflowServer, NamedBy, ParentRun, RetryPolicy, ServerVerification,
    StageRuns, TelemetryConfig, TraceStore,
};
use crate::export::{Flushed, MlflowOutlet, MlflowReach, Outlets, PushConfig, RecordsOnDisk, TraceStoreRun};
use crate::identity::RunConclusion;
use crate::metrics::testing::run;
use crate::mlflow::{MlflowExport, RunDescription, stream};
use crate::telemetry::Telemetry;

/// A benchmark in progress.
pub(super) struct Bench {
    pub(super) telemetry: Telemetry,
    folder: TempDir,
    notices: Arc<Mutex<Vec<Notice>>>,
}

/// A benchmark that is over.
pub(super) struct Ended {
    pub(super) points: SignalLedger,
    pub(super) notices: Vec<Notice>,
    pub(super) reach: MlflowReach,
    pub(super) took: Duration,
    pub(super) folder: TempDir,
}

impl Bench {
    pub(super) fn to(sink: &RunningMlflowSink) -> Self {
        Self::start(&config(sink), RecordsOnDisk::Written)
    }

    pub(super) fn start(config: &TelemetryConfig, records: RecordsOnDisk) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let description = RunDescription {
            benchmark_id: "7f3a09c2".to_owned(),
            name: "bench".to_owned(),
            start_unix_ms: 1_700_000_000_000,
            tags: vec![loadspan_wire::mlflow::runs::Tag::new(
                loadspan_wire::mlflow::tags::BENCHMARK_ID,
                "7f3a09c2",
            )],
            ..RunDescription::default()
        };
        let outlets = Outlets {
            spool_dir: folder.path().join("telemetry.spool"),
            notices: Arc::new(move |LiveNotice { notice, .. }| heard.lock().unwrap().push(notice)),
            console: Box::new(std::io::sink()),
            mlflow: Some(MlflowOutlet {
                description,
                run_dir: folder.path().to_path_buf(),
                records,
            }),
        };
        Self {
            telemetry: Telemetry::start(config, run(), outlets).unwrap(),
            folder,
            notices,
        }
    }

    /// Requests that end one millisecond after the other, and take no time on the clock of the test.
    pub(super) fn record(&mut self, indices: Range<u64>) {
        self.record_at(indices, |_| 1_000);
    }

    pub(super) fn record_at(&mut self, indices: Range<u64>, ends_at_ms: impl Fn(u64) -> u64) {
        for index in indices {
            self.telemetry.record(&stream(index, ends_at_ms(index)), None);
        }
    }

    /// Hands over what has waited for long enough.
    pub(super) fn export_aged(&mut self) {
        self.telemetry
            .export_due(RunOffset::from_duration(Duration::from_secs(10)));
    }

    pub(super) fn points(&self) -> SignalLedger {
        self.telemetry.ledger_of(Sink::Mlflow).unwrap()
    }

    pub(super) fn wait_for_points(&self, enough: impl Fn(&SignalLedger) -> bool) {
        wait_until(|| enough(&self.points()), || format!("{:?}", self.points()));
    }

    pub(super) fn wait_for_notices(&self, count: usize) {
        let told = || self.notices.lock().unwrap().clone();
        wait_until(|| told().len() >= count, || format!("{:?}", told()));
    }

    pub(super) fn wait_for_run(&self) {
        let export = || MlflowExport::load(self.folder.path()).unwrap().unwrap();
        wait_until(|| !export().run_id.is_empty(), || format!("{:?}", export()));
    }

    pub(super) fn finish(self) -> Ended {
        let started = Instant::now();
        let flushed = self.telemetry.finish(&conclusion());
        let [points]: [SignalLedger; 1] = flushed.telemetry.signals.try_into().unwrap();
        assert!(points.adds_up(), "{points:?}");
        let notices = self.notices.lock().unwrap().clone();
        Ended {
            points,
            notices,
            reach: flushed.mlflow,
            took: started.elapsed(),
            folder: self.folder,
        }
    }

    pub(super) fn finish_flushed(self) -> Flushed {
        self.finish_in_folder().1
    }

    pub(super) fn finish_in_folder(self) -> (TempDir, Flushed) {
        let flushed = self.telemetry.finish(&conclusion());
        assert!(
            flushed.telemetry.signals.iter().all(SignalLedger::adds_up),
            "{flushed:?}"
        );
        (self.folder, flushed)
    }
}

/// Of each signal in the spool: delivered, rejected, left.
pub(super) fn push(folder: &TempDir, run: Option<TraceStoreRun>) -> Vec<(Sink, [u64; 3])> {
    let config = PushConfig {
        traces: None,
        metrics: None,
        mlflow_traces: run,
        patience: PATIENCE,
    };
    let spool: &Path = &folder.path().join("telemetry.spool");
    let pushed = crate::export::push(spool, config).unwrap();
    let fates = pushed.signals.iter();
    fates
        .map(|signal| (signal.sink, [signal.delivered, signal.rejected, signal.left]))
        .collect()
}

pub(super) fn trace_store(sink: &RunningMlflowSink, run_id: &str) -> TraceStoreRun {
    let run = sink.runs().into_iter().find(|run| run.id == run_id).unwrap();
    TraceStoreRun {
        server: server(sink),
        experiment_id: run.experiment_id,
        run_id: run.id,
    }
}

/// Live metrics to MLflow, and nothing else.
pub(super) fn config(sink: &RunningMlflowSink) -> TelemetryConfig {
    TelemetryConfig {
        traces: None,
        metrics: None,
        mlflow: Some(MlflowConfig {
            server: server(sink),
            experiment: ExperimentChoice::Name("loadspan".to_owned()),
            run_name: None,
            tags: Vec::new(),
            parent: ParentRun::None,
            artifact_globs: Vec::new(),
            live: LiveMetrics::Auto,
            stages: StageRuns::Tag,
            traces: TraceStore::Off,
            flush_timeout: PATIENCE,
        }),
        ..otlp_config("http://127.0.0.1:1")
    }
}

fn server(sink: &RunningMlflowSink) -> MlflowServer {
    MlflowServer {
        tracking_uri: Url::parse(&sink.url()).unwrap(),
        named_by: NamedBy::User,
        had_credentials: false,
        authorization: None,
        verification: ServerVerification::SystemRoots,
        client_certificate: None,
        timeout: PATIENCE,
        retries: RetryPolicy {
            max_retries: 7,
            backoff_factor: 0.5,
        },
    }
}

fn conclusion() -> RunConclusion {
    RunConclusion {
        load_started_at: RunOffset::ZERO,
        measure_started_at: Some(RunOffset::ZERO),
        ended_at: RunOffset::from_duration(Duration::from_secs(10)),
        verdict: Verdict {
            status: VerdictStatus::Valid,
            reasons: Vec::new(),
        },
        incomplete: None,
        requests: [0; 3],
        stages: Vec::new(),
    }
}

fn wait_until(enough: impl Fn() -> bool, state: impl Fn() -> String) {
    let until = Instant::now() + PATIENCE;
    while !enough() {
        assert!(Instant::now() < until, "{}", state());
        std::thread::sleep(Duration::from_millis(2));
    }
}
