//! What becomes of spans when backends are slow, dead, full or particular.

use std::time::Instant;

use loadspan_testkit::{OtlpSink, SinkAnswer, When};

use super::*;

/// Certificates have no effect there, and are looked at.
const TRACES_OVER_HTTP: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318/v1/traces");

#[test]
fn everything_arrives_over_each_protocol() {
    for (protocol, gzip) in [
        ("grpc", "gzip"),
        ("grpc", "none"),
        ("http/protobuf", "gzip"),
        ("http/json", "none"),
    ] {
        let sink = OtlpSink::new().start().unwrap();
        let exports = to(
            &sink,
            &[
                ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_COMPRESSION", gzip),
            ],
        );
        submit(&exports, 1_300);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete, "{protocol}");
        assert_eq!(numbers(&exports, "otlp"), [1_300, 1_300, 0, 0, 0], "{protocol}");
        assert_eq!(sink.counts().spans, 1_300, "{protocol}");
    }
}

#[test]
fn batches_are_bounded_by_count_and_by_bytes() {
    let sink = OtlpSink::new().start().unwrap();
    let exports = to(&sink, &[("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100")]);
    submit(&exports, 250);
    let large = "x".repeat(2 << 20);
    for id in 1..=3 {
        exports.submit(Arc::new(span(id, 9, &[("large", &large)])), None);
    }
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    let mut sizes: Vec<usize> = decoded(&sink).iter().map(span_count).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 51, 100, 100]);
}

#[test]
fn spans_leave_without_a_flush_when_they_have_waited() {
    let sink = OtlpSink::new().start().unwrap();
    let exports = to(&sink, &[("OTEL_BSP_SCHEDULE_DELAY", "20")]);
    submit(&exports, 3);
    assert_eq!(sink.wait_until(PATIENCE, |counts| counts.spans == 3).spans, 3);
    drop(exports);
}

#[test]
fn a_full_batch_leaves_at_once() {
    let sink = OtlpSink::new().start().unwrap();
    let exports = to(&sink, &[]);
    submit(&exports, 512);
    assert_eq!(sink.wait_until(PATIENCE, |counts| counts.spans == 512).spans, 512);
    drop(exports);
}

#[test]
fn several_requests_are_in_flight() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let exports = to(&sink, &[]);
    submit(&exports, 512 * 5);
    assert_eq!(sink.wait_until(PATIENCE, |counts| counts.requests == 4).requests, 4);
    assert_eq!(numbers(&exports, "otlp"), [2_560, 0, 0, 0, 2_560]);
}

#[test]
fn a_full_queue_drops_and_counts_exactly() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let exports = to(
        &sink,
        &[
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"),
        ],
    );
    submit(&exports, 130);
    assert_eq!(numbers(&exports, "otlp"), [130, 0, 0, 30, 100]);
    assert_eq!(exports.shut_down(Duration::from_millis(50)), FlushOutcome::TimedOut);
    assert_eq!(numbers(&exports, "otlp"), [130, 0, 0, 130, 0]);
    submit(&exports, 5);
    assert_eq!(
        numbers(&exports, "otlp"),
        [135, 0, 0, 135, 0],
        "what ends after the end is counted, too"
    );
}

#[test]
fn a_backend_that_comes_back_gets_everything_once() {
    let sink = OtlpSink::new()
        .on(When::Number(0), SinkAnswer::unavailable())
        .on(When::Number(1), SinkAnswer::close())
        .start()
        .unwrap();
    let exports = to(&sink, &[]);
    submit(&exports, 10);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "otlp"), [10, 10, 0, 0, 0]);
    assert_eq!((sink.counts().requests, sink.counts().spans), (3, 10));
}

#[test]
fn the_backend_says_when_to_come_again() {
    let sink = OtlpSink::new()
        .on(
            When::Number(0),
            SinkAnswer::throttled().retry_after(Duration::from_secs(1)),
        )
        .start()
        .unwrap();
    for protocol in ["grpc", "http/protobuf"] {
        let exports = to(&sink, &[("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol)]);
        submit(&exports, 1);
        let start = Instant::now();
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
        let waited = start.elapsed() >= Duration::from_secs(1);
        assert_eq!(waited, protocol == "grpc", "only the first request is turned away");
    }
}

#[test]
fn what_is_refused_is_not_tried_again() {
    let sink = OtlpSink::new().answer(SinkAnswer::invalid()).start().unwrap();
    let exports = to(&sink, &[]);
    submit(&exports, 10);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "otlp"), [10, 0, 10, 0, 0]);
    assert_eq!(sink.counts().requests, 1);
}

#[test]
fn a_partial_success_counts_what_was_rejected() {
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let sink = OtlpSink::new()
            .answer(SinkAnswer::partial(3).message("too old"))
            .start()
            .unwrap();
        let exports = to(&sink, &[("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol)]);
        submit(&exports, 10);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
        assert_eq!(numbers(&exports, "otlp"), [10, 7, 3, 0, 0], "{protocol}");
    }
}

#[test]
fn what_is_too_large_is_halved() {
    for protocol in ["grpc", "http/protobuf"] {
        let sink = OtlpSink::new().message_limit(4_000).start().unwrap();
        let exports = to(&sink, &[("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol)]);
        submit(&exports, 100);
        exports.submit(Arc::new(span(101, 9, &[("large", &"x".repeat(5_000))])), None);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
        assert_eq!(numbers(&exports, "otlp"), [101, 100, 1, 0, 0], "{protocol}");
    }
}

#[test]
fn a_batch_is_given_up_when_its_time_is_over() {
    let sink = OtlpSink::new().answer(SinkAnswer::unavailable()).start().unwrap();
    let exports = to(&sink, &[("OTEL_BSP_EXPORT_TIMEOUT", "300")]);
    submit(&exports, 10);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "otlp"), [10, 0, 0, 10, 0]);
}

#[test]
fn a_dead_destination_does_not_hurt_the_other() {
    let alive = OtlpSink::new().start().unwrap();
    let mut dead = OtlpSink::new().start().unwrap();
    dead.stop();
    for is_otlp_dead in [true, false] {
        let (otlp, mlflow) = if is_otlp_dead { (&dead, &alive) } else { (&alive, &dead) };
        let tracking = mlflow.url();
        let before = alive.counts().spans;
        let exports = to(
            otlp,
            &[
                ("MLFLOW_TRACKING_URI", tracking.as_str()),
                ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true"),
            ],
        );
        submit(&exports, 512);
        let after = alive.wait_until(PATIENCE, |counts| counts.spans == before + 512).spans;
        assert_eq!(after, before + 512);
        let start = Instant::now();
        assert_eq!(exports.shut_down(Duration::from_millis(200)), FlushOutcome::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(5));
        let [good, bad] = if is_otlp_dead {
            ["mlflow", "otlp"]
        } else {
            ["otlp", "mlflow"]
        };
        assert_eq!(numbers(&exports, good), [512, 512, 0, 0, 0]);
        assert_eq!(numbers(&exports, bad), [512, 0, 0, 512, 0]);
    }
}

#[test]
fn many_threads_lose_and_double_nothing() {
    let sink = OtlpSink::new().count_only().start().unwrap();
    let exports = to(&sink, &[("OTEL_BSP_SCHEDULE_DELAY", "5")]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| submit(&exports, 5_000));
        }
    });
    assert_eq!(exports.shut_down(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "otlp"), [40_000, 40_000, 0, 0, 0]);
    assert_eq!(sink.counts().spans, 40_000);
}

#[test]
fn certificates_are_shown_and_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sink = OtlpSink::new().mutual_tls().start().unwrap();
    let own = sink.client_certificate().unwrap();
    let ca = write("ca.pem", sink.ca_pem().unwrap());
    let certificate = write("client.pem", &own.certificate_pem);
    let key = write("key.pem", &own.key_pem);
    for protocol in ["grpc", "http/protobuf"] {
        let files = [
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", ca.as_str()),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate.as_str()),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.as_str()),
        ];
        let exports = to(&sink, &files);
        submit(&exports, 1);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete, "{protocol}");
        assert_eq!(numbers(&exports, "otlp"), [1, 1, 0, 0, 0], "{protocol}");
    }
    for protocol in ["grpc", "http/protobuf"] {
        let missing = [
            TRACES_OVER_HTTP,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent.pem"),
        ];
        let config = Config::resolve(&Environment::of(&missing)).unwrap();
        let error = Exports::start(&config).unwrap_err().to_string();
        assert!(error.contains("/nonexistent.pem"), "{error}");
    }
    let url = format!("{}/v1/traces", sink.url());
    let half = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.as_str()),
    ];
    let config = Config::resolve(&Environment::of(&half)).unwrap();
    let error = Exports::start(&config).unwrap_err().to_string();
    assert!(
        error.contains("key.pem: the certificate that belongs to it is not named"),
        "{error}"
    );
}
