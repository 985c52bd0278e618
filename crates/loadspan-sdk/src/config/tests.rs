//! What variables come to.

mod destinations;
mod precedence;
mod process;

use super::*;
use crate::error::InitError;
use crate::sampling::Parents;

fn config(variables: &[(&str, &str)]) -> Config {
    Config::resolve(&Environment::of(variables)).unwrap()
}

fn wrong(variables: &[(&str, &str)]) -> String {
    Config::resolve(&Environment::of(variables)).unwrap_err().to_string()
}

const TRACES: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:4317/v1/traces");
const TRACKING: (&str, &str) = ("MLFLOW_TRACKING_URI", "http://localhost:5000");

#[test]
fn endpoints_follow_the_specification() {
    let endpoint = |variables: &[(&str, &str)]| config(variables).otlp.unwrap().endpoint.to_string();
    let http = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    let base = |url| ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    let signal = |url| ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url);
    assert_eq!(
        endpoint(&[base("http://c:4318/my/"), http]),
        "http://c:4318/my/v1/traces"
    );
    assert_eq!(endpoint(&[base("http://c"), http]), "http://c/v1/traces");
    assert_eq!(endpoint(&[signal("http://c:4318"), http]), "http://c:4318/");
    assert_eq!(
        endpoint(&[TRACES, http]),
        "http://localhost:4317/v1/traces",
        "as written"
    );
    assert_eq!(endpoint(&[TRACES]), "http://localhost:4317/", "gRPC has no paths");
    assert_eq!(endpoint(&[signal("c:4317")]), "https://c:4317/");
    assert_eq!(
        endpoint(&[signal("c:4317"), ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true")]),
        "http://c:4317/"
    );
    assert_eq!(endpoint(&[base("http://a"), signal("http://b/x"), http]), "http://b/x");
    let metrics = config(&[
        (
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "http://p:9090/api/v1/otlp/v1/metrics",
        ),
        http,
    ])
    .metrics;
    assert_eq!(
        metrics.unwrap().destination.endpoint.as_str(),
        "http://p:9090/api/v1/otlp/v1/metrics"
    );
    let metrics = config(&[base("http://c"), http]).metrics.unwrap();
    assert_eq!(metrics.destination.endpoint.as_str(), "http://c/v1/metrics");
}

#[test]
fn the_protocol_of_the_signal_comes_first_and_grpc_is_the_default() {
    let protocol = |variables: &[(&str, &str)]| config(&[&[TRACES], variables].concat()).otlp.unwrap().protocol;
    let all = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    assert_eq!(protocol(&[]), Protocol::Grpc);
    assert_eq!(protocol(&[all]), Protocol::HttpProtobuf);
    assert_eq!(
        protocol(&[all, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "HTTP/JSON")]),
        Protocol::HttpJson
    );
}

#[test]
fn what_an_otlp_request_is_made_with() {
    let otlp = config(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://me:p%40ss@c"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "X-All=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "X-Key=a%20b, other=c=d,"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/all.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/client.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"),
    ])
    .otlp
    .unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), Secret(value.to_owned()));
    assert_eq!(
        otlp.headers,
        [
            header("x-key", "a b"),
            header("other", "c=d"),
            header("authorization", "Basic bWU6cEBzcw==")
        ]
    );
    assert_eq!(otlp.endpoint.as_str(), "https://c/");
    assert_eq!((otlp.timeout, otlp.gzip), (Duration::from_millis(1500), true));
    assert_eq!(
        otlp.tls,
        TlsFiles {
            ca: Some("/ca.pem".into()),
            client_certificate: Some("/client.pem".into()),
            client_key: Some("/key.pem".into()),
            insecure: false
        }
    );
    assert!(!format!("{otlp:?}").contains("a b") && !format!("{otlp:?}").contains("bWU"));
}

#[test]
fn the_server_of_mlflow() {
    let mlflow = |variables: &[(&str, &str)]| config(&[&[TRACKING], variables].concat()).mlflow.unwrap();
    let plain = mlflow(&[]);
    assert_eq!(plain.tracking_uri.as_str(), "http://localhost:5000/");
    assert_eq!(plain.experiment, Experiment::Id("0".to_owned()));
    assert_eq!(plain.timeout, Duration::from_secs(120));
    let full = mlflow(&[
        ("MLFLOW_TRACKING_URI", "https://c/mlflow"),
        ("MLFLOW_TRACKING_USERNAME", "me"),
        ("MLFLOW_TRACKING_PASSWORD", "p"),
        ("MLFLOW_TRACKING_TOKEN", "t"),
        ("MLFLOW_EXPERIMENT_NAME", "n"),
        ("MLFLOW_RUN_ID", "r"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "3"),
        ("MLFLOW_TRACKING_INSECURE_TLS", "true"),
        ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/both.pem"),
    ]);
    assert_eq!(full.tracking_uri.as_str(), "https://c/mlflow/");
    assert_eq!(
        full.authorization,
        Some(Secret("Basic bWU6cA==".to_owned())),
        "Basic wins"
    );
    assert_eq!(full.experiment, Experiment::Name("n".to_owned()));
    assert_eq!(
        (full.run_id.as_deref(), full.timeout),
        (Some("r"), Duration::from_secs(3))
    );
    assert!(full.tls.insecure);
    assert_eq!(
        (&full.tls.client_certificate, &full.tls.client_key),
        (&Some("/both.pem".into()), &Some("/both.pem".into()))
    );
    let token = mlflow(&[
        ("MLFLOW_TRACKING_TOKEN", "t"),
        ("MLFLOW_EXPERIMENT_ID", "7"),
        ("MLFLOW_EXPERIMENT_NAME", "n"),
    ]);
    assert_eq!(token.authorization, Some(Secret("Bearer t".to_owned())));
    assert_eq!(token.experiment, Experiment::Id("7".to_owned()), "the id wins");
    let ca = mlflow(&[("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem")]);
    assert_eq!(ca.tls.ca, Some("/ca.pem".into()));
}

#[test]
fn sampling_batches_limits_and_resource() {
    let config = config(&[
        ("MLFLOW_TRACE_SAMPLING_RATIO", "0.25"),
        ("MLFLOW_ENABLE_OTEL_GENAI_SEMCONV", "true"),
        ("OTEL_BSP_SCHEDULE_DELAY", "7"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"),
        ("OTEL_BSP_MAX_CONCURRENT_EXPORTS", "2"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "8"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "7"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "6"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "40"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,team=a%2Cb"),
        ("OTEL_SERVICE_NAME", "y"),
    ]);
    assert_eq!((config.sampling.ratio, config.vocabulary), (0.25, Vocabulary::GenAi));
    let batch = config.batch;
    assert_eq!(
        (batch.delay.as_millis(), batch.queue, batch.spans, batch.in_flight),
        (7, 100, 10, 2)
    );
    assert!(batch.export_timeout > Duration::from_secs(1_000_000), "0 is no limit");
    let limits = &config.limits;
    assert_eq!(
        [
            limits.max_attributes_per_span,
            limits.max_events_per_span,
            limits.max_links_per_span
        ],
        [8, 7, 6]
    );
    assert_eq!(
        [limits.max_attributes_per_event, limits.max_attributes_per_link],
        [5, 9]
    );
    assert_eq!(config.value_length, Some(40));
    let attribute = |name: &str| {
        config
            .resource
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!((attribute("service.name"), attribute("team")), (Some("y"), Some("a,b")));
    assert_eq!(attribute("telemetry.sdk.language"), Some("rust"));
    let of = |variable| super::tests::config(&[variable]);
    assert_eq!(of(("OTEL_SERVICE_NAME", "y")).limits.max_events_per_span, 1_024);
    assert_eq!(
        of(("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "3"))
            .limits
            .max_attributes_per_link,
        3
    );
    assert_eq!(
        of(("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4")).value_length,
        Some(4)
    );
}

#[test]
fn defaults_hold_fifty_thousand_spans_a_second() {
    let config = config(&[]);
    let batch = config.batch;
    assert_eq!((batch.queue, batch.spans, batch.in_flight), (131_072, 512, 4));
    assert_eq!(
        (batch.delay, batch.export_timeout),
        (Duration::from_secs(1), Duration::from_secs(30))
    );
    let service = config.resource.iter().find(|(key, _)| key == "service.name").unwrap();
    assert!(service.1.starts_with("unknown_service:"), "{service:?}");
}

#[test]
fn metrics_have_an_interval_a_temporality_and_few_attributes() {
    let metrics = config(&[
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4317"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "250"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "DELTA"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "9"),
        ("LOADSPAN_SDK_METRIC_ATTRIBUTES", "tags.team, tags.mlflow.traceName"),
        ("LOADSPAN_SDK_METRIC_SERIES_LIMIT", "5"),
    ])
    .metrics
    .unwrap();
    assert_eq!(
        (metrics.interval.as_millis(), metrics.temporality),
        (250, Temporality::Delta)
    );
    assert_eq!((metrics.attribute_keys.len(), metrics.series_limit), (4, 5));
    assert_eq!(metrics.destination.timeout, Duration::from_millis(9));
}

#[test]
fn a_wrong_value_is_an_error_that_names_its_variable() {
    let bad = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://c"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "c"),
        ("OTEL_TRACES_EXPORTER", "otlp,none"),
        ("OTEL_METRICS_EXPORTER", "promtheus"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=%zz"),
        ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=%zz"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "99999999"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1"),
        ("MLFLOW_TRACE_SAMPLING_RATIO", "1.5"),
        ("MLFLOW_TRACE_SAMPLING_RATIO", "NaN"),
        ("MLFLOW_EXPERIMENT_ID", "abc"),
        ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "si"),
    ];
    for (name, value) in bad {
        let protocol = match name {
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" => ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
            _ => ("UNUSED", ""),
        };
        let text = wrong(&[TRACES, protocol, (name, value)]);
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
    }
    for (name, value) in [
        ("MLFLOW_TRACKING_URI", "sqlite:///x"),
        ("MLFLOW_TRACKING_USERNAME", "me"),
    ] {
        let text = wrong(&[TRACKING, (name, value)]);
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
    }
}

#[test]
fn no_secret_is_part_of_an_error_or_of_debug() {
    let secrets = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://me:canary@c"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "canary"),
        ("MLFLOW_TRACKING_URI", "ftp://me:canary@c"),
        ("MLFLOW_TRACKING_PASSWORD", "canary"),
        ("MLFLOW_TRACKING_TOKEN", "canary\u{1}"),
    ];
    for secret in secrets {
        let mut variables = vec![TRACKING, ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true")];
        if secret.0 != "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" {
            variables.push(TRACES);
        }
        variables.push(secret);
        let error: InitError = Config::resolve(&Environment::of(&variables)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    let config = config(&[
        ("MLFLOW_TRACKING_URI", "http://me:canary@c"),
        ("MLFLOW_TRACKING_TOKEN", "canary"),
    ]);
    assert!(!format!("{config:?}").contains("canary"));
}

/// Each variable of the table has an effect that a test here looks at, and the other way round: none is read that is not in it.
#[test]
fn the_table_is_what_is_read() {
    const SOURCES: [&str; 8] = [
        include_str!("exporters.rs"),
        include_str!("foreign.rs"),
        include_str!("mlflow.rs"),
        include_str!("otlp.rs"),
        include_str!("process.rs"),
        include_str!("resolve.rs"),
        include_str!("resource.rs"),
        include_str!("sampling.rs"),
    ];
    let source = SOURCES.concat();
    for variable in variables::TABLE {
        let setting = variable.name.strip_prefix("OTEL_EXPORTER_OTLP_").map(|rest| {
            rest.strip_prefix("TRACES_")
                .or_else(|| rest.strip_prefix("METRICS_"))
                .unwrap_or(rest)
        });
        let is_read = source.contains(&format!("\"{}\"", variable.name))
            || setting.is_some_and(|setting| source.contains(&format!("\"{setting}\"")));
        assert!(is_read, "{} is not read", variable.name);
        assert!(!variable.effect.is_empty());
    }
    let quoted = source.split('"').filter(|text| {
        ["MLFLOW_", "OTEL_", "LOADSPAN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && !text.ends_with('_')
    });
    for name in quoted {
        assert!(
            variables::TABLE.iter().any(|variable| variable.name == name),
            "{name} is not in the table"
        );
    }
}
