//! `loadspan push`: each spooled payload arrives once.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use loadspan_record::TelemetrySignal;
use loadspan_testkit::{OtlpSink, SinkAnswer, SinkSignal, When};

use super::harness::{Folder, Run, dead_sink, push_config, pushed, spans};
use crate::export::{PushConfig, PushError, SpoolRecord, push};

const SHORT: Duration = Duration::from_millis(300);

#[test]
fn what_was_spooled_arrives_in_order_and_only_once() {
    let folder = spooled([1, 2, 3, 4]);
    let sink = OtlpSink::new().start().unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[10, 0, 0]]);
    assert_eq!(sink.counts().spans, 10);
    assert!(sink.accepted().is_sorted_by_key(|accepted| accepted.body.len()));
    assert_eq!(
        pushed(&folder.push_to(&sink)),
        [[0; 3]; 0],
        "a second push finds nothing"
    );
    assert_eq!(sink.counts().requests, 4);
}

#[test]
fn both_signals_go_each_to_its_endpoint() {
    let sink = dead_sink();
    let run = Run::to(&sink);
    run.submit_spans(5);
    run.submit_points(3);
    let folder = run.finish_within(Duration::ZERO).folder;
    let record = SpoolRecord::of_spool(&folder.spool_dir()).unwrap();
    let endpoint = record.endpoint(TelemetrySignal::Metrics).unwrap();
    assert_eq!(endpoint.url, format!("{}/v1/metrics", sink.url()));
    let sink = OtlpSink::new().start().unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[5, 0, 0], [3, 0, 0]]);
    assert_eq!((sink.counts().spans, sink.counts().data_points), (5, 3));
}

#[test]
fn a_push_that_was_interrupted_goes_on_where_it_stopped() {
    let folder = spooled([1, 2, 3, 4]);
    let sink = OtlpSink::new().on(When::Number(2), SinkAnswer::hang()).start().unwrap();
    let mut config = push_config(&sink.url(), SHORT);
    if let Some(traces) = &mut config.traces {
        traces.timeout = Some(SHORT);
    }
    let summary = push(&folder.spool_dir(), config).unwrap();
    assert_eq!(pushed(&summary), [[3, 0, 7]]);
    assert_eq!(summary.signals[0].reason.as_deref(), Some("no answer within 300ms"));
    assert_eq!(pushed(&folder.push_to(&sink)), [[7, 0, 0]]);
    assert_eq!(sink.counts().spans, 10);
}

#[test]
fn an_answer_that_takes_longer_than_patience_is_waited_for() {
    let folder = spooled([1, 2]);
    let sink = OtlpSink::new().delay(SHORT * 2).start().unwrap();
    assert_eq!(pushed(&folder.try_push_to(&sink, SHORT).unwrap()), [[3, 0, 0]]);
    assert_eq!((sink.counts().requests, sink.counts().spans), (2, 3));
    assert!(folder.payloads().is_empty());
}

#[test]
fn a_backend_that_is_unavailable_for_a_moment_is_asked_again() {
    let folder = spooled([1, 2]);
    let sink = OtlpSink::new()
        .on(When::First(2), SinkAnswer::unavailable())
        .start()
        .unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[3, 0, 0]]);
    assert_eq!(sink.counts().requests, 4);
}

#[test]
fn a_push_to_a_dead_backend_changes_nothing() {
    let folder = spooled([1, 2]);
    let before = folder.payloads();
    let summary = folder.try_push_to(&dead_sink(), SHORT).unwrap();
    assert_eq!(pushed(&summary), [[0, 0, 3]]);
    assert!(summary.signals[0].reason.is_some());
    assert_eq!(folder.payloads(), before);
}

#[test]
fn a_part_of_a_payload_that_was_delivered_is_not_sent_again() {
    let folder = spooled([8]);
    let sink = OtlpSink::new()
        .message_limit(spans(4).body.len())
        .on(When::Number(2), SinkAnswer::internal())
        .start()
        .unwrap();
    assert_eq!(
        pushed(&folder.push_to(&sink)),
        [[4, 0, 4]],
        "the second half was refused"
    );
    assert_eq!(folder.payloads().len(), 1);
    assert_eq!(pushed(&folder.push_to(&sink)), [[4, 0, 0]]);
    assert_eq!(sink.counts().spans, 8);
}

#[test]
fn what_the_backend_rejects_for_good_is_kept_apart() {
    let folder = spooled([1, 2]);
    let sink = OtlpSink::new()
        .on(When::Number(0), SinkAnswer::invalid())
        .start()
        .unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[2, 1, 0]]);
    assert!(folder.payloads().is_empty());
    assert_eq!(fs::read_dir(folder.spool_dir().join("rejected")).unwrap().count(), 1);
}

#[test]
fn a_backend_that_does_not_take_the_signal_gets_no_second_payload() {
    let folder = spooled([1, 2]);
    let sink = OtlpSink::new().refuse(SinkSignal::Traces).start().unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[0, 0, 3]]);
    assert_eq!((sink.counts().requests, folder.payloads().len()), (1, 2));
}

#[test]
fn wrong_credentials_stop_a_push_after_a_few_refusals() {
    let folder = spooled([1; 10]);
    let sink = OtlpSink::new().answer(SinkAnswer::unauthenticated()).start().unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[0, 0, 10]]);
    assert_eq!(sink.counts().requests, 3);
}

#[test]
fn a_signal_without_an_endpoint_stays_where_it_is() {
    let folder = spooled([5]);
    let config = PushConfig {
        traces: None,
        metrics: None,
        mlflow_traces: None,
        patience: SHORT,
    };
    let summary = push(&folder.spool_dir(), config).unwrap();
    assert_eq!(pushed(&summary), [[0, 0, 5]]);
    assert!(summary.signals[0].reason.as_deref().unwrap().ends_with("--otel-url"));
}

#[test]
fn a_spool_that_is_being_written_is_not_pushed() {
    let sink = OtlpSink::new().answer(SinkAnswer::internal()).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(5);
    run.wait_for_traces(|traces| traces.spooled == 5);
    let error = run.folder.try_push_to(&sink, SHORT).unwrap_err();
    assert!(matches!(error, PushError::InUse { .. }), "{error}");
    let folder = run.finish().folder;
    let sink = OtlpSink::new().start().unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[5, 0, 0]]);
}

#[test]
fn of_two_pushes_at_the_same_time_one_is_turned_away() {
    let folder = spooled([5]);
    let sink = OtlpSink::new().delay(Duration::from_millis(500)).start().unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| folder.push_to(&sink));
        let seen = sink.wait_until(Duration::from_secs(10), |counts| counts.requests == 1);
        assert_eq!(seen.requests, 1);
        let error = folder.try_push_to(&sink, SHORT).unwrap_err();
        assert!(matches!(error, PushError::InUse { .. }), "{error}");
        assert_eq!(pushed(&first.join().unwrap()), [[5, 0, 0]]);
    });
    assert_eq!(sink.counts().requests, 1);
}

#[test]
fn a_folder_without_a_spool_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = PushConfig {
        traces: None,
        metrics: None,
        mlflow_traces: None,
        patience: SHORT,
    };
    let error = push(&folder.path().join("telemetry.spool"), config).unwrap_err();
    assert!(matches!(error, PushError::Missing { .. }), "{error}");
}

#[test]
fn torn_linked_and_foreign_files_are_left_alone() {
    let folder = spooled([5]);
    let (spool, foreign) = (folder.spool_dir(), tempfile::NamedTempFile::new().unwrap());
    fs::write(foreign.path(), "secret").unwrap();
    symlink(foreign.path(), spool.join("00000007-traces-1-6.otlp")).unwrap();
    fs::write(spool.join("00000008-traces-1-600.otlp"), "torn").unwrap();
    fs::write(spool.join("00000009-traces-1-600.otlp.partial"), "torn").unwrap();
    fs::write(spool.join("notes.txt"), "mine").unwrap();
    let sink = OtlpSink::new().start().unwrap();
    let mut summary = folder.push_to(&sink);
    summary.damaged.sort();
    assert_eq!(
        summary.damaged,
        ["00000007-traces-1-6.otlp", "00000008-traces-1-600.otlp"]
    );
    assert_eq!((pushed(&summary), sink.counts().requests), (vec![[5, 0, 0]], 1));
    assert!(spool.join("notes.txt").exists() && foreign.path().exists());
    assert!(!spool.join("00000009-traces-1-600.otlp.partial").exists());
}

#[test]
fn numbers_in_names_that_cannot_be_true_make_a_payload_damaged() {
    let folder = spooled([5]);
    let damaged = [
        "00000007-traces-18446744073709551615-4.otlp",
        "00000008-traces-5-4.otlp",
        "18446744073709551615-traces-1-4.otlp",
    ];
    for name in damaged {
        fs::write(folder.spool_dir().join(name), "torn").unwrap();
    }
    let sink = OtlpSink::new().start().unwrap();
    let mut summary = folder.push_to(&sink);
    summary.damaged.sort();
    assert_eq!(
        (&summary.damaged[..], pushed(&summary)),
        (&damaged.map(str::to_owned)[..], vec![[5, 0, 0]])
    );
    assert!(damaged.iter().all(|name| folder.spool_dir().join(name).exists()));
}

#[test]
fn of_a_payload_and_its_remainder_only_the_remainder_is_sent() {
    // As a push leaves it that was killed between writing the remainder and removing the payload.
    let folder = spooled([8]);
    let remainder = spans(3);
    let name = format!("00000001-traces-3-{}.otlp", remainder.body.len());
    fs::write(folder.spool_dir().join(name), &remainder.body).unwrap();
    let sink = OtlpSink::new().start().unwrap();
    assert_eq!(pushed(&folder.push_to(&sink)), [[3, 0, 0]]);
    assert!(folder.payloads().is_empty());
}

/// A run whose spans all went to the spool.
fn spooled(payloads: impl IntoIterator<Item = u64>) -> Folder {
    let sink = dead_sink();
    let run = Run::to(&sink);
    for items in payloads {
        run.submit_spans(items);
    }
    run.finish_within(Duration::ZERO).folder
}
