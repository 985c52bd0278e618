//! One proof for each row of the tables: what it does to the configuration, and that the same is not so without it.

mod mlflow;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use loadspan_record::{Propagation, SampleRatio};

use super::{VARIABLES, Variable};
use crate::config::{
    Compression, ContentCapture, Environment, ExemplarFilter, ExporterConfig, HistogramShape, MetricsConfig,
    OtlpConfig, Protocol, Resolved, TelemetryConfig, TelemetryOptions, Temporality, TraceScope, TracesConfig,
};

/// Both signals over OTLP: what a proof starts from.
const BASE: &[(&str, &str)] = &[
    ("OTEL_TRACES_ENABLED", "true"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:4318"),
];

/// What a variable does: the value to set, and what is so with it and not so without.
struct Proof {
    name: &'static str,
    value: &'static str,
    /// Variables of the start, changed for this proof; an empty value unsets one.
    given: &'static [(&'static str, &'static str)],
    effect: fn(&Resolved) -> bool,
}

fn proof(name: &'static str, value: &'static str, effect: fn(&Resolved) -> bool) -> Proof {
    Proof {
        name,
        value,
        given: &[],
        effect,
    }
}

impl Proof {
    fn given(self, given: &'static [(&'static str, &'static str)]) -> Self {
        Self { given, ..self }
    }

    fn hold(&self) {
        let mut environment: Vec<_> = BASE.iter().chain(self.given).copied().collect();
        environment.push((self.name, ""));
        assert!(
            !(self.effect)(&resolve(&environment)),
            "{} proves nothing: it is so without it",
            self.name
        );
        environment.push((self.name, self.value));
        assert!(
            (self.effect)(&resolve(&environment)),
            "{}={} has not its effect",
            self.name,
            self.value
        );
    }
}

fn resolve(environment: &[(&str, &str)]) -> Resolved {
    TelemetryOptions::default()
        .resolve(&Environment::of(environment))
        .unwrap()
}

fn config(resolved: &Resolved) -> &TelemetryConfig {
    resolved.config.as_ref().unwrap()
}

fn traces(resolved: &Resolved) -> &TracesConfig {
    config(resolved).traces.as_ref().unwrap()
}

fn metrics(resolved: &Resolved) -> &MetricsConfig {
    config(resolved).metrics.as_ref().unwrap()
}

fn otlp(exporter: &ExporterConfig) -> &OtlpConfig {
    match exporter {
        ExporterConfig::Otlp(otlp) => otlp,
        ExporterConfig::Console => panic!("over OTLP"),
    }
}

/// The OTLP configuration of traces, then of metrics.
fn both(resolved: &Resolved) -> [&OtlpConfig; 2] {
    [
        otlp(traces(resolved).exporter.as_ref().unwrap()),
        otlp(&metrics(resolved).exporter),
    ]
}

fn each(resolved: &Resolved, holds: fn(&OtlpConfig) -> bool) -> [bool; 2] {
    both(resolved).map(holds)
}

const BOTH: [bool; 2] = [true, true];
const TRACES: [bool; 2] = [true, false];
const METRICS: [bool; 2] = [false, true];

fn is_grpc(otlp: &OtlpConfig) -> bool {
    otlp.protocol == Protocol::Grpc && otlp.endpoint.path() == "/"
}

fn has_header(otlp: &OtlpConfig) -> bool {
    otlp.headers
        .iter()
        .any(|(name, value)| name == "a" && value.expose() == "b c")
}

fn is_patient(otlp: &OtlpConfig) -> bool {
    otlp.timeout == Some(Duration::from_secs(7))
}

fn is_compressed(otlp: &OtlpConfig) -> bool {
    otlp.compression == Compression::Gzip
}

fn trusts_file(otlp: &OtlpConfig) -> bool {
    otlp.tls.ca.as_deref() == Some(Path::new("/x.pem"))
}

fn has_certificate(otlp: &OtlpConfig) -> bool {
    otlp.tls.client_certificate.as_deref() == Some(Path::new("/x.pem"))
}

fn has_key(otlp: &OtlpConfig) -> bool {
    otlp.tls.client_key.as_deref() == Some(Path::new("/x.pem"))
}

fn is_plain(otlp: &OtlpConfig) -> bool {
    otlp.endpoint.as_str() == "http://bare:4317/"
}

fn signals() -> Vec<Proof> {
    vec![
        proof("OTEL_TRACES_ENABLED", "true", |r| config(r).traces.is_some()),
        proof("OTEL_TRACES_EXPORTER", "console", |r| {
            matches!(traces(r).exporter, Some(ExporterConfig::Console))
        }),
        proof("OTEL_METRICS_EXPORTER", "none", |r| config(r).metrics.is_none()),
        proof("OTEL_SDK_DISABLED", "true", |r| r.config.is_none()),
        proof("OTEL_SERVICE_NAME", "mine", |r| {
            config(r).resource.service_name == "mine"
        }),
        proof("OTEL_RESOURCE_ATTRIBUTES", "a=b%20c", |r| {
            config(r).resource.attributes == [("a".to_owned(), "b c".to_owned())]
        }),
    ]
}

fn endpoints() -> Vec<Proof> {
    const BARE: &[(&str, &str)] = &[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "bare:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    vec![
        proof("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/my/", |r| {
            r.config.as_ref().is_some_and(|config| config.metrics.is_some())
                && both(r).map(|otlp| otlp.endpoint.as_str())
                    == ["http://c:4318/my/v1/traces", "http://c:4318/my/v1/metrics"]
        }),
        proof("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/x", |r| {
            both(r).map(|otlp| otlp.endpoint.as_str()) == ["http://c:4318/x", "http://base:4318/v1/metrics"]
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318/x", |r| {
            both(r).map(|otlp| otlp.endpoint.as_str()) == ["http://base:4318/v1/traces", "http://c:4318/x"]
        }),
        proof("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", |r| each(r, is_grpc) == BOTH),
        proof("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", |r| {
            each(r, is_grpc) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc", |r| {
            each(r, is_grpc) == METRICS
        }),
        proof("OTEL_EXPORTER_OTLP_INSECURE", "true", |r| each(r, is_plain) == BOTH).given(BARE),
        proof("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true", |r| {
            each(r, is_plain) == TRACES
        })
        .given(BARE),
        proof("OTEL_EXPORTER_OTLP_METRICS_INSECURE", "true", |r| {
            each(r, is_plain) == METRICS
        })
        .given(BARE),
    ]
}

fn requests() -> Vec<Proof> {
    vec![
        proof("OTEL_EXPORTER_OTLP_HEADERS", "a=b%20c", |r| each(r, has_header) == BOTH),
        proof("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b%20c", |r| {
            each(r, has_header) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b%20c", |r| {
            each(r, has_header) == METRICS
        }),
        proof("OTEL_EXPORTER_OTLP_TIMEOUT", "7000", |r| each(r, is_patient) == BOTH),
        proof("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "7000", |r| {
            each(r, is_patient) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "7000", |r| {
            each(r, is_patient) == METRICS
        }),
        proof("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", |r| {
            each(r, is_compressed) == BOTH
        }),
        proof("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip", |r| {
            each(r, is_compressed) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip", |r| {
            each(r, is_compressed) == METRICS
        }),
        proof("OTEL_EXPORTER_OTLP_CERTIFICATE", "/x.pem", |r| {
            each(r, trusts_file) == BOTH
        }),
        proof("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/x.pem", |r| {
            each(r, trusts_file) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/x.pem", |r| {
            each(r, trusts_file) == METRICS
        }),
        proof("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/x.pem", |r| {
            each(r, has_certificate) == BOTH
        }),
        proof("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/x.pem", |r| {
            each(r, has_certificate) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "/x.pem", |r| {
            each(r, has_certificate) == METRICS
        }),
        proof("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/x.pem", |r| each(r, has_key) == BOTH),
        proof("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/x.pem", |r| {
            each(r, has_key) == TRACES
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/x.pem", |r| {
            each(r, has_key) == METRICS
        }),
    ]
}

fn spans() -> Vec<Proof> {
    vec![
        proof("OTEL_TRACE_PER_STAGE", "TRUE", |r| traces(r).scope == TraceScope::Stage),
        proof("OTEL_TRACES_SAMPLER", "Always_Off", |r| {
            traces(r).sampling == SampleRatio::NONE
        }),
        proof("OTEL_TRACES_SAMPLER_ARG", "0.25", |r| traces(r).sampling.get() == 0.25)
            .given(&[("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")]),
        proof("OTEL_PROPAGATORS", "baggage", |r| {
            traces(r).propagation == Propagation::Off
        }),
        proof("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only", |r| {
            traces(r).content == ContentCapture::On
        }),
        proof("OTEL_BSP_SCHEDULE_DELAY", "300", |r| {
            traces(r).batch.delay == Duration::from_millis(300)
        }),
        proof("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100", |r| {
            traces(r).batch.spans == 100
        }),
        proof("OTEL_BSP_MAX_QUEUE_SIZE", "5000", |r| traces(r).batch.queue == 5000),
        proof("OTEL_BSP_EXPORT_TIMEOUT", "7000", |r| {
            traces(r).batch.export_timeout == Duration::from_secs(7)
        }),
    ]
}

fn limits() -> Vec<Proof> {
    vec![
        proof("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9", |r| {
            traces(r).limits.attribute_value_length == Some(9)
        }),
        proof("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9", |r| {
            traces(r).limits.attribute_value_length == Some(9)
        })
        .given(&[("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8")]),
        proof("OTEL_ATTRIBUTE_COUNT_LIMIT", "9", |r| traces(r).limits.attributes == 9),
        proof("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "9", |r| {
            traces(r).limits.attributes == 9
        })
        .given(&[("OTEL_ATTRIBUTE_COUNT_LIMIT", "8")]),
        proof("OTEL_SPAN_EVENT_COUNT_LIMIT", "9", |r| traces(r).limits.events == 9),
        proof("OTEL_SPAN_LINK_COUNT_LIMIT", "9", |r| traces(r).limits.links == 9),
        proof("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "9", |r| {
            traces(r).limits.attributes_per_event == 9
        }),
        proof("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "9", |r| {
            traces(r).limits.attributes_per_link == 9
        }),
    ]
}

fn points() -> Vec<Proof> {
    vec![
        proof("OTEL_METRIC_EXPORT_INTERVAL", "500", |r| {
            metrics(r).interval == Duration::from_millis(500)
        }),
        proof("OTEL_METRIC_EXPORT_TIMEOUT", "7000", |r| {
            metrics(r).export_timeout == Duration::from_secs(7)
        }),
        proof("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta", |r| {
            metrics(r).temporality == Temporality::Delta
        }),
        proof(
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
            |r| metrics(r).histograms == HistogramShape::Exponential,
        ),
        proof("OTEL_METRICS_EXEMPLAR_FILTER", "always_off", |r| {
            metrics(r).exemplars == ExemplarFilter::AlwaysOff
        }),
    ]
}

/// Variables that change nothing, with the number of warnings for it.
const WITHOUT_EFFECT: &[(&str, &str, usize)] = &[
    ("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental", 0),
    ("OTEL_LOG_LEVEL", "debug", 0),
    ("OTEL_CONFIG_FILE", "/otel.yaml", 1),
    ("OTEL_EXPERIMENTAL_CONFIG_FILE", "/otel.yaml", 1),
    ("OTEL_ENTITIES", "service{service.name=a}", 1),
];

fn proofs() -> Vec<Proof> {
    [signals(), endpoints(), requests(), spans(), limits(), points()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn each_variable_has_its_effect() {
    proofs().iter().for_each(Proof::hold);
}

#[test]
fn variables_without_effect_change_nothing() {
    let plain = format!("{:?}", config(&resolve(BASE)));
    for (name, value, warnings) in WITHOUT_EFFECT {
        let mut environment = BASE.to_vec();
        environment.push((name, value));
        let resolved = resolve(&environment);
        assert_eq!(format!("{:?}", config(&resolved)), plain, "{name}");
        assert_eq!(resolved.warnings.len(), *warnings, "{name}");
    }
}

#[test]
fn every_row_has_one_proof() {
    let without_effect = WITHOUT_EFFECT.iter().map(|(name, _, _)| *name);
    assert_proven(VARIABLES, &proofs(), without_effect);
}

fn assert_proven(table: &[Variable], proofs: &[Proof], without_effect: impl Iterator<Item = &'static str>) {
    let rows: Vec<_> = table.iter().map(|variable| variable.name).collect();
    let proven: Vec<_> = proofs.iter().map(|proof| proof.name).chain(without_effect).collect();
    let set = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(set(&rows), set(&proven));
    assert_eq!(
        (rows.len(), proven.len()),
        (set(&rows).len(), set(&proven).len()),
        "none twice"
    );
}
