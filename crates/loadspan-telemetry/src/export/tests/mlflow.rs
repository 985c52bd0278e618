//! Live metrics for MLflow, against a server that goes wrong as it is told to.

use std::time::{Duration, Instant};

use loadspan_record::{Notice, Sink, TelemetrySignal};
use loadspan_testkit::{MlflowAnswer, MlflowSink, OtlpSink, RunningMlflowSink, SinkRun};

use super::harness::{PATIENCE, config as otlp_config, fates};
use crate::MlflowReach;
use crate::config::{LiveMetrics, TelemetryConfig};
use crate::export::RecordsOnDisk;
use crate::mlflow::{LiveMode, MlflowExport};

mod bench;
mod observed;
mod refused;
mod traces;
mod windows;

use self::bench::{Bench, config};

#[test]
fn every_request_has_its_points_when_the_server_is_well() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..300);
    let ended = bench.finish();
    let run = only(&sink);
    assert_eq!(fates(&ended.points), [1_500, 0, 0, 0]);
    assert_eq!((run.points_received, run.points_stored()), (1_500, 1_500));
    let duration = &run.metrics["live.gen_ai.client.operation.duration"];
    let steps: Vec<_> = duration.iter().map(|point| point.step).collect();
    assert!(steps.iter().copied().eq(0..300), "{steps:?}");
    assert_eq!((ended.notices.len(), ended.reach), (0, MlflowReach::Answers));
    assert_eq!(sink.requests_to("runs/log-batch"), 2 + details(&sink));
}

#[test]
fn the_file_tells_which_run_it_is() {
    let sink = MlflowSink::new().start().unwrap();
    let ended = Bench::to(&sink).finish();
    let export = MlflowExport::load(ended.folder.path()).unwrap().unwrap();
    assert_eq!(export.run_id, only(&sink).id);
    assert_eq!(
        (export.tracking_uri, export.live),
        (format!("{}/", sink.url()), LiveMode::Points)
    );
    assert_eq!(export.benchmark_id.as_deref(), Some("7f3a09c2"));
    assert!(export.live_streaming && export.stream_started_at_ns.is_some());
}

#[test]
fn a_server_that_is_down_all_along_costs_one_warning_and_a_few_seconds() {
    let mut sink = MlflowSink::new().start().unwrap();
    sink.stop();
    let mut bench = Bench::to(&sink);
    bench.record(0..100);
    bench.wait_for_notices(1);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [0, 0, 500, 0]);
    assert!(ended.took < Duration::from_secs(6), "{:?}", ended.took);
    assert_eq!(ended.reach, MlflowReach::Silent);
    let [notice] = &ended.notices[..] else {
        panic!("{:?}", ended.notices)
    };
    assert!(
        notice
            .message
            .starts_with("the run cannot be made at http://127.0.0.1:"),
        "{notice:?}"
    );
    assert!(notice.message.contains("Connection refused"), "{notice:?}");
    let export = MlflowExport::load(ended.folder.path()).unwrap().unwrap();
    assert_eq!(
        (export.run_id.as_str(), export.live_streaming),
        ("", false),
        "a push finds where to go"
    );
}

#[test]
fn a_server_that_comes_late_gets_everything() {
    let mut sink = MlflowSink::new().start().unwrap();
    sink.stop();
    let mut bench = Bench::to(&sink);
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_notices(1);
    sink.restart().unwrap();
    bench.wait_for_points(|points| points.delivered == 1_000);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [1_000, 0, 0, 0]);
    let messages = messages(&ended.notices);
    assert!(
        messages.len() == 2 && messages[1].ends_with(" has the run now"),
        "{messages:?}"
    );
}

#[test]
fn a_server_that_goes_away_for_a_while_gets_everything_once() {
    let mut sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.delivered == 1_000);
    sink.stop();
    bench.record(200..400);
    bench.export_aged();
    bench.wait_for_notices(1);
    sink.restart().unwrap();
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [2_000, 0, 0, 0]);
    let run = only(&sink);
    assert_eq!((run.points_received, run.points_stored()), (2_000, 2_000));
    let messages = messages(&ended.notices);
    assert!(
        messages[0].starts_with("live metrics cannot be delivered to http://127.0.0.1:"),
        "{messages:?}"
    );
    assert!(messages[1].ends_with(" takes live metrics again"), "{messages:?}");
}

#[test]
fn a_server_that_goes_away_for_good_is_waited_for_five_seconds() {
    let mut sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.delivered == 1_000);
    sink.stop();
    bench.record(200..300);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [1_000, 0, 500, 0]);
    assert!(ended.took < Duration::from_secs(6), "{:?}", ended.took);
    assert_eq!(ended.reach, MlflowReach::Silent);
}

#[test]
fn without_records_on_disk_what_is_not_taken_is_dropped() {
    let mut sink = MlflowSink::new().start().unwrap();
    sink.stop();
    let mut bench = Bench::start(&config(&sink), RecordsOnDisk::NotWritten);
    bench.record(0..100);
    assert_eq!(fates(&bench.finish().points), [0, 0, 0, 500]);
}

#[test]
fn a_hanging_server_is_waited_for_five_seconds() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    sink.answer_with(MlflowAnswer::Hang);
    bench.record(0..300);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [0, 0, 1_500, 0]);
    assert!(ended.took < Duration::from_secs(6), "{:?}", ended.took);
    assert_eq!(ended.reach, MlflowReach::Silent);
}

#[test]
fn a_server_that_never_answers_is_told_of_at_the_end() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Hang);
    let mut config = config(&sink);
    config.mlflow.as_mut().unwrap().flush_timeout = Duration::from_millis(200);
    let ended = Bench::start(&config, RecordsOnDisk::Written).finish();
    assert_eq!(ended.reach, MlflowReach::Silent);
    let messages = messages(&ended.notices);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].ends_with(" yet: it does not answer"), "{messages:?}");
}

#[test]
fn a_flush_that_is_cut_ends_at_once() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Hang);
    let mut bench = Bench::to(&sink);
    bench.record(0..300);
    bench.telemetry.flush_cutter().cut();
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [0, 0, 1_500, 0]);
    assert!(ended.took < Duration::from_secs(1), "{:?}", ended.took);
    assert_eq!(ended.notices.len(), 0, "who cuts it is told so: {:?}", ended.notices);
}

#[test]
fn a_server_that_wants_patience_gets_it_and_then_everything() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    sink.answer_path_with("runs/log-batch", MlflowAnswer::RetryAfter(429, Duration::from_secs(1)));
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.retries >= 1);
    sink.restore();
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [1_000, 0, 0, 0]);
    assert!(ended.points.retries >= 1);
}

#[test]
fn a_payload_is_tried_as_often_as_the_policy_says() {
    let sink = MlflowSink::new().start().unwrap();
    let mut config = config(&sink);
    config.mlflow.as_mut().unwrap().server.retries.max_retries = 2;
    let mut bench = Bench::start(&config, RecordsOnDisk::Written);
    bench.wait_for_run();
    let before = sink.requests_to("runs/log-batch");
    sink.answer_path_with("runs/log-batch", MlflowAnswer::Status(500, String::new()));
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.spooled == 1_000);
    assert_eq!(sink.requests_to("runs/log-batch") - before, 3);
    sink.restore();
    bench.record(200..400);
    let ended = bench.finish();
    assert_eq!((fates(&ended.points), ended.points.retries), ([1_000, 0, 1_000, 0], 2));
}

#[test]
fn requests_that_never_arrived_are_points_that_the_records_have() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..100);
    bench.telemetry.count_missed(3);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [500, 0, 3, 0]);
    assert_eq!(missing_points(&ended), Some(3));
    assert_eq!(
        messages(&ended.notices),
        ["3 requests are not in the exported live metrics: telemetry was behind"]
    );
}

#[test]
fn nothing_live_still_makes_the_run() {
    let sink = MlflowSink::new().start().unwrap();
    let mut config = config(&sink);
    config.mlflow.as_mut().unwrap().live = LiveMetrics::Off;
    let bench = Bench::start(&config, RecordsOnDisk::Written);
    assert!(sink.wait_until(PATIENCE, |sink| !sink.runs().is_empty()));
    bench.wait_for_run();
    let flushed = bench.finish_flushed();
    assert_eq!(
        (flushed.telemetry.signals.len(), flushed.mlflow),
        (0, MlflowReach::Answers)
    );
}

#[test]
fn a_dead_mlflow_is_invisible_to_otlp() {
    let collector = OtlpSink::new().start().unwrap();
    let mut sink = MlflowSink::new().start().unwrap();
    sink.stop();
    let both = TelemetryConfig {
        mlflow: config(&sink).mlflow,
        ..otlp_config(&collector.url())
    };
    let mut bench = Bench::start(&both, RecordsOnDisk::Written);
    bench.record(0..100);
    let started = Instant::now();
    let flushed = bench.finish_flushed();
    assert!(started.elapsed() < Duration::from_secs(6));
    let ledgers = &flushed.telemetry.signals;
    let sinks: Vec<_> = ledgers.iter().map(|ledger| (ledger.sink, ledger.signal)).collect();
    assert_eq!(
        sinks,
        [
            (Sink::Otlp, TelemetrySignal::Traces),
            (Sink::Otlp, TelemetrySignal::Metrics),
            (Sink::Mlflow, TelemetrySignal::Metrics)
        ]
    );
    assert_eq!(
        fates(&ledgers[0]),
        [102, 0, 0, 0],
        "a hundred requests, a stage, the run"
    );
    assert!(ledgers[1].delivered == ledgers[1].produced && ledgers[1].produced > 0);
    assert_eq!(fates(&ledgers[2]), [0, 0, 500, 0]);
}

/// The run that there is.
fn only(sink: &RunningMlflowSink) -> SinkRun {
    let mut runs = sink.runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

/// What a push is told of live points.
fn missing_points(ended: &bench::Ended) -> Option<u64> {
    let export = MlflowExport::load(ended.folder.path()).unwrap().unwrap();
    export.live_points_missing
}

/// Calls of log-batch that log what a run is.
fn details(sink: &RunningMlflowSink) -> u64 {
    u64::from(!only(sink).params.is_empty())
}

fn messages(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.message.as_str()).collect()
}
