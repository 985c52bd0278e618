//! What a backend of metrics gets.

use std::sync::Arc;
use std::time::Duration;

use loadspan_testkit::{MlflowAnswer, MlflowSink, OtlpSink, RunningOtlpSink, SinkAnswer, When};
use loadspan_wire::otlp::metrics::HistogramDataPoint;
use loadspan_wire::otlp::metrics::metric::Data;
use loadspan_wire::otlp::{ExportMetricsServiceRequest, Message, any_value};
use opentelemetry::trace::Status;

use crate::config::{Config, Environment};
use crate::export::Exports;
use crate::export::tests::span;
use crate::guard::FlushOutcome;
use crate::processor::SpanSink;
use crate::testing;
use crate::trace::TraceInfo;

const PATIENCE: Duration = Duration::from_secs(20);

fn exports(sink: &RunningOtlpSink, further: &[(&str, &str)]) -> Exports {
    let url = format!("{}/api/v1/otlp/v1/metrics", sink.url());
    let mut variables = vec![
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
    ];
    variables.retain(|(name, _)| further.iter().all(|(other, _)| other != name));
    variables.extend(further);
    Exports::start(&Config::resolve(&Environment::of(&variables)).unwrap()).unwrap()
}

fn points(sink: &RunningOtlpSink) -> Vec<(i32, Vec<HistogramDataPoint>)> {
    let metric = |body| {
        let request = ExportMetricsServiceRequest::decode(body).unwrap();
        let metric = request.resource_metrics[0].scope_metrics[0].metrics[0].clone();
        assert_eq!(
            (metric.name.as_str(), metric.unit.as_str()),
            ("mlflow.trace.span.duration", "ms")
        );
        match metric.data {
            Some(Data::Histogram(histogram)) => (histogram.aggregation_temporality, histogram.data_points),
            other => panic!("{other:?}"),
        }
    };
    sink.accepted().into_iter().map(|export| metric(export.body)).collect()
}

/// `key=value`, sorted.
fn attributes(point: &HistogramDataPoint) -> Vec<String> {
    let text = |value: &any_value::Value| match value {
        any_value::Value::StringValue(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let mut attributes: Vec<_> = point
        .attributes
        .iter()
        .map(|attribute| {
            format!(
                "{}={}",
                attribute.key,
                text(attribute.value.as_ref().unwrap().value.as_ref().unwrap())
            )
        })
        .collect();
    attributes.sort();
    attributes
}

#[test]
fn the_attributes_are_those_of_the_documentation_and_few() {
    for protocol in ["grpc", "http/protobuf"] {
        let sink = OtlpSink::new().start().unwrap();
        let exports = exports(
            &sink,
            &[
                ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", protocol),
                ("MLFLOW_EXPERIMENT_ID", "5"),
                ("LOADSPAN_SDK_METRIC_ATTRIBUTES", "tags.team"),
            ],
        );
        let metrics = exports.metrics().unwrap();
        let trace = TraceInfo {
            tags: [
                ("team".to_owned(), "a".to_owned()),
                ("other".to_owned(), "b".to_owned()),
            ]
            .into(),
            session: Some("s".to_owned()),
            ..TraceInfo::default()
        };
        let mut child = span(2, 1, &[("mlflow.spanType", "\"LLM\"")]);
        child.status = Status::error("x");
        metrics.record(&child, Some(&trace));
        let mut plain = span(3, 1, &[]);
        plain.status = Status::Unset;
        metrics.record(&plain, None);
        metrics.record(&span(1, 0, &[("mlflow.spanType", "\"CHAIN\"")]), Some(&trace));
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);

        let (temporality, mut points) = points(&sink).pop().unwrap();
        points.sort_by_key(attributes);
        let seen: Vec<_> = points.iter().map(|point| attributes(point).join(" ")).collect();
        assert_eq!(
            seen,
            [
                "experiment_id=5 root=false span_status=ERROR span_type=LLM tags.team=a",
                "experiment_id=5 root=false span_status=UNSET span_type=UNKNOWN",
                "experiment_id=5 root=true span_status=OK span_type=CHAIN tags.mlflow.traceName=work tags.team=a",
            ]
        );
        assert_eq!((temporality, points[0].sum, points[0].count), (2, Some(85.0), 1));
        assert_eq!(points[0].bucket_counts[6], 1, "85 ms are between 75 and 100");
    }
}

#[test]
fn children_have_the_name_of_their_root() {
    let _turn = testing::nothing_set_up();
    let sink = OtlpSink::new().start().unwrap();
    let guard = crate::builder()
        .environment([("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", sink.url())])
        .init()
        .unwrap();
    {
        let root = crate::start_span("POST");
        drop(crate::start_span("early"));
        root.set_name("POST /chat".to_owned());
        let late = crate::start_span("late");
        late.set_name("later");
        crate::update_current_trace().tag("unknown", "x");
    }
    {
        let _root = crate::start_span("unnamed");
        crate::update_current_trace().tag("mlflow.traceName", "named");
        drop(crate::start_span("child"));
    }
    assert_eq!(guard.shutdown(PATIENCE).0, FlushOutcome::Complete);

    let (_, points) = points(&sink).pop().unwrap();
    let mut seen: Vec<_> = points
        .iter()
        .map(|point| (attributes(point), point.count))
        .map(|(attributes, count)| format!("{} {} {count}", attributes[1], attributes[4]))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            "root=false tags.mlflow.traceName=POST /chat 1",
            "root=false tags.mlflow.traceName=POST 1",
            "root=false tags.mlflow.traceName=named 1",
            "root=true tags.mlflow.traceName=POST /chat 1",
            "root=true tags.mlflow.traceName=named 1",
        ]
    );
}

#[test]
fn cumulative_counts_go_on_and_deltas_start_anew() {
    for (preference, counts) in [("cumulative", [1, 3]), ("delta", [1, 2])] {
        let sink = OtlpSink::new().start().unwrap();
        let exports = exports(
            &sink,
            &[("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference)],
        );
        let metrics = exports.metrics().unwrap();
        metrics.record(&span(1, 0, &[]), None);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
        metrics.record(&span(1, 0, &[]), None);
        metrics.record(&span(1, 0, &[]), None);
        assert_eq!(exports.shut_down(PATIENCE), FlushOutcome::Complete);
        let points = points(&sink);
        let seen: Vec<_> = points.iter().map(|(_, points)| points[0].count).collect();
        assert_eq!(seen, counts, "{preference}");
        let starts: Vec<_> = points
            .iter()
            .map(|(_, points)| points[0].start_time_unix_nano)
            .collect();
        assert_eq!(starts[0] == starts[1], preference == "cumulative");
    }
}

#[test]
fn an_interval_that_could_not_be_sent_is_part_of_the_next_one() {
    let sink = OtlpSink::new()
        .on(When::Number(0), SinkAnswer::invalid())
        .start()
        .unwrap();
    let exports = exports(&sink, &[("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")]);
    let metrics = exports.metrics().unwrap();
    for _ in 0..2 {
        metrics.record(&span(1, 0, &[]), None);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    }
    let points = points(&sink);
    assert_eq!((points.len(), points[0].1[0].count), (1, 2));
}

#[test]
fn threads_record_apart_and_are_reported_together() {
    let sink = OtlpSink::new().start().unwrap();
    let exports = exports(&sink, &[("OTEL_METRIC_EXPORT_INTERVAL", "5")]);
    let metrics = exports.metrics().unwrap();
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..1_000 {
                    metrics.record(&span(1, 0, &[]), None);
                }
            });
        }
    });
    assert_eq!(exports.shut_down(PATIENCE), FlushOutcome::Complete);
    let (_, points) = points(&sink).pop().unwrap();
    assert_eq!((points.len(), points[0].count), (1, 8_000));
}

/// Its only report is the one at its end, and the server is asked for the experiment no sooner.
#[test]
fn a_short_program_has_the_id_of_an_experiment_that_it_knows_by_name() {
    for (answer, attribute) in [
        (MlflowAnswer::Slow(Duration::from_millis(50)), Some("experiment_id=1")),
        (MlflowAnswer::Hang, None),
    ] {
        let mlflow = MlflowSink::new().start().unwrap();
        mlflow.answer_path_with("experiments/get-by-name", answer);
        let sink = OtlpSink::new().start().unwrap();
        let url = mlflow.url();
        let further = [
            ("MLFLOW_TRACKING_URI", url.as_str()),
            ("MLFLOW_EXPERIMENT_NAME", "named"),
        ];
        let exports = exports(&sink, &further);
        let root = span(1, 0, &[]);
        exports.metrics().unwrap().record(&root, None);
        exports.submit(Arc::new(root), None);
        exports.shut_down(Duration::from_secs(2));
        let (_, points) = points(&sink).pop().unwrap();
        let attributes = attributes(&points[0]);
        let found = attributes
            .iter()
            .find(|attribute| attribute.starts_with("experiment_id"));
        assert_eq!(found.map(String::as_str), attribute);
    }
}

#[test]
fn reports_come_at_each_interval() {
    let sink = OtlpSink::new().start().unwrap();
    let exports = exports(&sink, &[("OTEL_METRIC_EXPORT_INTERVAL", "20")]);
    exports.metrics().unwrap().record(&span(1, 0, &[]), None);
    assert!(sink.wait_until(PATIENCE, |counts| counts.accepted >= 2).accepted >= 2);
}

#[test]
fn a_dead_endpoint_is_waited_for_no_longer_than_asked() {
    let mut sink = OtlpSink::new().start().unwrap();
    sink.stop();
    let exports = exports(&sink, &[]);
    let metrics: Arc<_> = exports.metrics().unwrap();
    metrics.record(&span(1, 0, &[]), None);
    assert_eq!(exports.shut_down(Duration::from_millis(100)), FlushOutcome::TimedOut);
}
