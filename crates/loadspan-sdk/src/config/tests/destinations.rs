//! Where spans go, and what is said where they go nowhere.

use super::*;

/// Where traces go: OTLP, MLflow; and whether there are metrics.
fn destinations(variables: &[(&str, &str)]) -> (bool, bool, bool) {
    let config = config(variables);
    (config.otlp.is_some(), config.mlflow.is_some(), config.metrics.is_some())
}

#[test]
fn where_spans_go() {
    let generic = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
    let dual = ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true");
    let no_otlp = ("MLFLOW_ENABLE_OTLP_EXPORTER", "false");
    assert_eq!(destinations(&[]), (false, false, false));
    assert_eq!(destinations(&[TRACKING]), (false, true, false));
    assert_eq!(destinations(&[TRACES]), (true, false, false));
    assert_eq!(destinations(&[TRACES, TRACKING]), (true, false, false));
    assert_eq!(destinations(&[TRACES, TRACKING, dual]), (true, true, false));
    assert_eq!(destinations(&[TRACES, TRACKING, no_otlp]), (false, true, false));
    assert_eq!(
        destinations(&[TRACES, TRACKING, ("OTEL_TRACES_EXPORTER", "none")]),
        (false, true, false)
    );
    assert_eq!(destinations(&[generic]), (true, false, true));
    assert_eq!(destinations(&[generic, TRACKING, no_otlp]), (false, true, true));
    assert_eq!(
        destinations(&[generic, ("OTEL_METRICS_EXPORTER", "none")]),
        (true, false, false)
    );
    assert!(config(&[]).is_empty());
    assert!(wrong(&[TRACES, dual]).starts_with("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT: there is no MLflow server"));
    assert!(Config::is_disabled(&Environment::of(&[("OTEL_SDK_DISABLED", "True")])).unwrap());
    assert!(Config::is_disabled(&Environment::of(&[("OTEL_SDK_DISABLED", "yes")])).is_err());
}

#[test]
fn exporters_of_others_are_none_of_ours() {
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
    for exporter in ["zipkin", "jaeger", "console", "console, zipkin", "None"] {
        let traces = ("OTEL_TRACES_EXPORTER", exporter);
        assert_eq!(destinations(&[base, traces]), (false, false, true), "{exporter}");
    }
    for exporter in ["otlp,console", "OTLP", "console, otlp"] {
        let traces = ("OTEL_TRACES_EXPORTER", exporter);
        assert_eq!(destinations(&[base, traces]), (true, false, true), "{exporter}");
    }
    let metrics = ("OTEL_METRICS_EXPORTER", "prometheus");
    assert_eq!(destinations(&[base, metrics]), (true, false, false));
}

#[test]
fn where_spans_go_nowhere_it_is_said_why() {
    let untraced = |variables: &[(&str, &str)]| {
        let environment = Environment::of(variables);
        Config::resolve(&environment).unwrap().untraced(&environment)
    };
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
    let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4317");
    let off = ("MLFLOW_ENABLE_OTLP_EXPORTER", "false");
    assert_eq!(untraced(&[TRACKING]), None);
    assert_eq!(untraced(&[base]), None);
    assert_eq!(untraced(&[base, off, TRACKING]), None);
    assert_eq!(
        untraced(&[]).unwrap(),
        "tracing is off: set MLFLOW_TRACKING_URI, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT to say where \
         spans should go (OTEL_SDK_DISABLED=true silences this)"
    );
    assert_eq!(
        untraced(&[TRACES, off]).unwrap(),
        "tracing is off: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, but MLFLOW_ENABLE_OTLP_EXPORTER is false: change that, or set \
         MLFLOW_TRACKING_URI (OTEL_SDK_DISABLED=true silences this)"
    );
    assert_eq!(
        untraced(&[base, ("OTEL_TRACES_EXPORTER", "zipkin")]).unwrap(),
        "spans are measured, and go nowhere: OTEL_EXPORTER_OTLP_ENDPOINT is set, but OTEL_TRACES_EXPORTER is zipkin: change that, \
         or set MLFLOW_TRACKING_URI (OTEL_TRACES_EXPORTER=none silences this)"
    );
    assert!(
        untraced(&[metrics])
            .unwrap()
            .starts_with("spans are measured, and go nowhere: set MLFLOW_TRACKING_URI")
    );
    assert_eq!(untraced(&[metrics, ("OTEL_TRACES_EXPORTER", "none")]), None);
}

#[test]
fn a_digit_is_a_flag_for_mlflow_only() {
    let disabled = |value| Config::is_disabled(&Environment::of(&[("OTEL_SDK_DISABLED", value)]));
    assert_eq!(
        disabled("1").unwrap_err().to_string(),
        "OTEL_SDK_DISABLED: `1` makes no sense; expected true or false"
    );
    assert_eq!(disabled("TRUE"), Ok(true));
    assert_eq!(
        config(&[("MLFLOW_ENABLE_OTEL_GENAI_SEMCONV", "1")]).vocabulary,
        Vocabulary::GenAi
    );
}

#[test]
fn a_wrong_value_is_an_error_also_where_it_has_no_effect() {
    let bad = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "bad"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "10s"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "soon"),
        ("LOADSPAN_SDK_METRIC_SERIES_LIMIT", "0"),
    ];
    for setting in bad {
        for others in [&[][..], &[TRACKING]] {
            let text = wrong(&[others, &[setting]].concat());
            assert!(text.starts_with(&format!("{}: ", setting.0)), "{text}");
        }
    }
    let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", "bad");
    assert!(wrong(&[TRACES, ("OTEL_TRACES_EXPORTER", "none"), protocol]).starts_with("OTEL_EXPORTER_OTLP_PROTOCOL"));
}
