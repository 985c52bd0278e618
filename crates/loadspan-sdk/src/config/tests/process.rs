//! What the variables of OpenTelemetry say of the whole process.

use super::*;

#[test]
fn the_sampler_of_opentelemetry_is_used_where_mlflow_says_nothing() {
    let sampling = |variables: &[(&str, &str)]| {
        let sampling = config(variables).sampling;
        (sampling.ratio, sampling.parents)
    };
    let sampler = |name| ("OTEL_TRACES_SAMPLER", name);
    let tenth = ("OTEL_TRACES_SAMPLER_ARG", "0.1");
    assert_eq!(sampling(&[]), (1.0, Parents::Decide));
    assert_eq!(sampling(&[sampler("always_on"), tenth]), (1.0, Parents::Ignored));
    assert_eq!(sampling(&[sampler("always_off")]), (0.0, Parents::Ignored));
    assert_eq!(sampling(&[sampler("traceidratio"), tenth]), (0.1, Parents::Ignored));
    assert_eq!(sampling(&[sampler("traceidratio")]), (1.0, Parents::Ignored));
    assert_eq!(sampling(&[sampler("parentbased_always_on")]), (1.0, Parents::Decide));
    assert_eq!(sampling(&[sampler("parentbased_always_off")]), (0.0, Parents::Decide));
    assert_eq!(
        sampling(&[sampler("parentbased_traceidratio"), tenth]),
        (0.1, Parents::Decide)
    );
    let ratio = ("MLFLOW_TRACE_SAMPLING_RATIO", "0.5");
    assert_eq!(sampling(&[sampler("always_off"), ratio]), (0.5, Parents::Decide));
    assert!(wrong(&[sampler("jaeger_remote")]).starts_with("OTEL_TRACES_SAMPLER: "));
    let bad = ("OTEL_TRACES_SAMPLER_ARG", "2");
    assert!(wrong(&[sampler("traceidratio"), bad]).starts_with("OTEL_TRACES_SAMPLER_ARG: "));
    let provided = config(&[sampler("always_off")]).sampling.beside_a_provider();
    assert_eq!(
        provided.ratio, 1.0,
        "a provider of the application has that sampler itself"
    );
}

#[test]
fn what_nobody_has_is_an_error() {
    let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4317");
    for (name, good, bad) in [
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "explicit_bucket_histogram",
            "exponential",
        ),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "always_off", "sometimes"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "500", "x"),
        ("OTEL_PROPAGATORS", "tracecontext,baggage", "b4"),
        ("OTEL_PROPAGATORS", "none", "none,baggage"),
        ("OTEL_LOG_LEVEL", "info", "loud"),
    ] {
        config(&[metrics, (name, good)]);
        assert!(
            wrong(&[metrics, (name, bad)]).starts_with(&format!("{name}: ")),
            "{bad}"
        );
    }
    let of = |name, value| config(&[metrics, (name, value)]);
    assert_eq!(
        of("OTEL_METRIC_EXPORT_TIMEOUT", "500").metrics.unwrap().export_timeout,
        Duration::from_millis(500)
    );
    assert_eq!(of("OTEL_LOG_LEVEL", "error").warnings, Warnings::Silenced);
    let baggage = Propagators {
        trace_context: false,
        baggage: true,
    };
    assert_eq!(of("OTEL_PROPAGATORS", "baggage").propagators, baggage);
    assert!(wrong(&[("OTEL_BSP_MAX_QUEUE_SIZE", "4194305")]).starts_with("OTEL_BSP_MAX_QUEUE_SIZE: "));
    let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "maybe");
    assert!(wrong(&[TRACES, insecure]).starts_with("OTEL_EXPORTER_OTLP_INSECURE: "));
}

#[test]
fn what_others_have_is_told_of_and_no_error() {
    let told = |variables: &[(&str, &str)]| {
        let environment = Environment::of(variables);
        Config::resolve(&environment).unwrap();
        without_effect(&environment)
    };
    let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4317");
    for (name, value) in [
        ("OTEL_CONFIG_FILE", "/etc/otel.yaml"),
        ("OTEL_PROPAGATORS", "tracecontext,b3"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based"),
    ] {
        let words = told(&[metrics, (name, value)]).unwrap();
        assert!(words.starts_with(&format!("{name} asks for what")), "{words}");
    }
    assert_eq!(told(&[metrics, ("OTEL_PROPAGATORS", "tracecontext,baggage")]), None);
}
