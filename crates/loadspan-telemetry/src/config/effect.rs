//! A flag that would have no effect is an error: silence would let the user believe in telemetry that does not exist.

use loadspan_record::SampleRatio;

use super::mlflow::MlflowShare;
use super::signals::{Signals, unplaced};
use super::stream::Stream;
use super::{ConfigError, TelemetryConfig, TelemetryOptions};

/// # Errors
///
/// Names the first flag that would do nothing, and what to add.
pub(super) fn check(options: &TelemetryOptions, signals: &Signals) -> Result<(), ConfigError> {
    let mut idle = given(options).filter(|(_, need)| !need.is_met(signals));
    idle.next()
        .map_or(Ok(()), |(flag, need)| Err(need.unmet(flag, signals.mlflow)))
}

/// The same while `OTEL_SDK_DISABLED=true`, which leaves nothing but MLflow.
pub(super) fn check_disabled(
    options: &TelemetryOptions,
    stream: Stream,
    mlflow: MlflowShare,
) -> Result<(), ConfigError> {
    let signals = Signals::only(mlflow);
    let stream = match stream {
        Stream::Only(streams) => unplaced(streams, &signals).map(|_| "--stream"),
        Stream::Unsaid | Stream::Off => None,
    };
    let mut idle = given(options).filter(|(_, need)| !need.is_met(&signals));
    match stream.or_else(|| idle.next().map(|(flag, _)| flag)) {
        Some(flag) => Err(ConfigError::new(
            format!("{flag} has no effect while OTEL_SDK_DISABLED=true"),
            "unset the variable, or leave the flag out",
        )),
        None => Ok(()),
    }
}

/// What only a resolved configuration shows.
pub(super) fn check_resolved(options: &TelemetryOptions, config: &TelemetryConfig) -> Result<(), ConfigError> {
    let all_sampled = config
        .traces
        .as_ref()
        .is_some_and(|traces| traces.sampling == SampleRatio::ALL);
    if all_sampled && !options.trace_keep.is_empty() {
        return Err(ConfigError::new(
            "--trace-keep has no effect where every request is sampled",
            "add --trace-sample-ratio, such as 0.01",
        ));
    }
    Ok(())
}

/// What a flag needs to have an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Anything that takes telemetry.
    AnySink,
    /// Payloads that can be spooled. What MLflow gets beside spans is made again from the records.
    Spool,
    /// A signal of OpenTelemetry.
    Signal,
    /// Anything that has a resource.
    Resource,
    /// A signal that goes over OTLP.
    Otlp,
    /// A signal that goes over OTLP: the flag itself says where to.
    OtlpSignal,
    Metrics,
    GenAiMetrics,
    Traces,
}

/// The flags that were given, with what they need.
fn given(options: &TelemetryOptions) -> impl Iterator<Item = (&'static str, Need)> {
    let otlp = &options.otlp;
    [
        (otlp.url.is_some(), "--otel-url", Need::OtlpSignal),
        (otlp.protocol.is_some(), "--otel-protocol", Need::Otlp),
        (!otlp.headers.is_empty(), "--otel-header", Need::Otlp),
        (
            !options.otel_resource_attributes.is_empty(),
            "--otel-resource-attributes",
            Need::Resource,
        ),
        (options.gen_ai_provider.is_some(), "--gen-ai-provider", Need::AnySink),
        (options.otel_semconv.is_some(), "--otel-semconv", Need::GenAiMetrics),
        (options.otel_attributes.is_some(), "--otel-attributes", Need::Traces),
        (
            options.otel_export_interval.is_some(),
            "--otel-export-interval",
            Need::Metrics,
        ),
        (
            options.trace_sample_ratio.is_some(),
            "--trace-sample-ratio",
            Need::Traces,
        ),
        (options.trace_scope.is_some(), "--trace-scope", Need::Traces),
        (!options.trace_keep.is_empty(), "--trace-keep", Need::Traces),
        (options.propagation.is_some(), "--no-propagate", Need::Traces),
        (options.capture_content.is_some(), "--capture-content", Need::Traces),
        (options.requirement.is_some(), "--telemetry-required", Need::AnySink),
        (
            options.otel_flush_timeout.is_some(),
            "--otel-flush-timeout",
            Need::Signal,
        ),
        (options.spool_max_bytes.is_some(), "--spool-max-bytes", Need::Spool),
    ]
    .into_iter()
    .filter_map(|(given, flag, need)| given.then_some((flag, need)))
}

impl Need {
    fn is_met(self, signals: &Signals) -> bool {
        let mlflow = signals.mlflow;
        match self {
            Self::AnySink => signals.any() || !mlflow.is_absent(),
            Self::Spool => signals.any_over_otlp() || mlflow.has_traces(),
            Self::Signal => signals.any(),
            Self::Resource => signals.any() || mlflow.has_traces(),
            Self::Otlp | Self::OtlpSignal => signals.any_over_otlp(),
            Self::Metrics => signals.metrics.is_some(),
            Self::GenAiMetrics => signals.metrics.is_some() && signals.groups.requests,
            Self::Traces => signals.has_spans(),
        }
    }

    fn unmet(self, flag: &str, mlflow: MlflowShare) -> ConfigError {
        let beside_mlflow = !mlflow.is_absent();
        let (without, advice) = match self {
            Self::Signal if beside_mlflow => ("with MLflow alone", "use --mlflow-flush-timeout, or add --otel-url"),
            Self::Resource if beside_mlflow => ("with MLflow alone", "add --mlflow-traces, or --otel-url"),
            Self::Spool if beside_mlflow => (
                "without an OTLP endpoint or traces in MLflow",
                "leave it out, or add --mlflow-traces or --otel-url",
            ),
            Self::Traces if beside_mlflow => (
                "without traces",
                "add --mlflow-traces, or --otel-url with --stream traces",
            ),
            Self::AnySink => (
                "without telemetry",
                "add --otel-url or --mlflow-tracking-uri, or set OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_ENABLED=true",
            ),
            Self::Signal | Self::Resource => (
                "without telemetry",
                "add --otel-url, or set OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_ENABLED=true",
            ),
            Self::Spool | Self::Otlp => (
                "without an OTLP endpoint",
                "add --otel-url, or set OTEL_EXPORTER_OTLP_ENDPOINT",
            ),
            Self::OtlpSignal => (
                "when metrics are turned off and traces not asked for",
                "add --stream traces, or unset OTEL_METRICS_EXPORTER=none",
            ),
            Self::Metrics => (
                "without metrics",
                "add --otel-url, and `metrics` to --stream if that is given",
            ),
            Self::GenAiMetrics => (
                "without GenAI metrics",
                "add --otel-url, and `metrics` to --stream if that is given",
            ),
            Self::Traces => ("without traces", "add --stream traces, or set OTEL_TRACES_ENABLED=true"),
        };
        ConfigError::new(format!("{flag} has no effect {without}"), advice)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use loadspan_record::{Propagation, Secret};

    use super::super::{
        AttributeStyle, ContentCapture, Environment, Protocol, Requirement, SemconvChoice, TraceScope, TraceStore,
    };
    use super::*;

    type Change = fn(&mut TelemetryOptions);

    fn error(changes: &[Change], environment: &[(&str, &str)]) -> Option<String> {
        let mut options = TelemetryOptions::default();
        changes.iter().for_each(|change| change(&mut options));
        let resolved = options.resolve(&Environment::of(environment));
        resolved.err().map(|error| error.to_string())
    }

    const URL: Change = |o| o.otlp.url = Some(Secret::new("localhost:4318"));
    const TRACES: Change = |o| o.stream.push("traces".to_owned());
    const NONE: Change = |o| o.stream.push("none".to_owned());
    const MLFLOW: Change = |o| o.mlflow.tracking_uri = Some(Secret::new("http://localhost:5000"));
    const MLFLOW_TRACES: Change = |o| o.mlflow.traces = Some(TraceStore::On);
    const PROVIDER: Change = |o| o.gen_ai_provider = Some("vllm".to_owned());
    const HEADER: Change = |o| o.otlp.headers.push(Secret::new("a=canary"));
    const RATIO: Change = |o| o.trace_sample_ratio = Some(0.5);
    const KEEP: Change = |o| o.trace_keep.push("errors".to_owned());
    const SEMCONV: Change = |o| o.otel_semconv = Some(SemconvChoice::Both);
    const METRICS: Change = |o| o.stream.push("metrics".to_owned());
    const TIMING: Change = |o| o.stream.push("timing".to_owned());
    const REQUIRED: Change = |o| o.requirement = Some(Requirement::Required);
    const FLUSH: Change = |o| o.otel_flush_timeout = Some(Duration::ZERO);
    const SPOOL: Change = |o| o.spool_max_bytes = Some("1MiB".to_owned());

    /// Flags of which each does nothing without telemetry.
    const IDLE: &[(&str, Change)] = &[
        ("--otel-protocol", |o| o.otlp.protocol = Some(Protocol::Grpc)),
        ("--otel-header", HEADER),
        ("--stream metrics", METRICS),
        ("--stream timing", TIMING),
        ("--stream traces", TRACES),
        ("--stream all", |o| o.stream.push("all".to_owned())),
        ("--stream none", NONE),
        ("--otel-resource-attributes", |o| {
            o.otel_resource_attributes.push("a=b".to_owned())
        }),
        ("--gen-ai-provider", PROVIDER),
        ("--otel-semconv", SEMCONV),
        ("--otel-attributes", |o| o.otel_attributes = Some(AttributeStyle::Both)),
        ("--otel-export-interval", |o| {
            o.otel_export_interval = Some(Duration::from_secs(1))
        }),
        ("--trace-sample-ratio", RATIO),
        ("--trace-scope", |o| o.trace_scope = Some(TraceScope::Run)),
        ("--trace-keep", KEEP),
        ("--no-propagate", |o| o.propagation = Some(Propagation::Off)),
        ("--capture-content", |o| o.capture_content = Some(ContentCapture::On)),
        ("--telemetry-required", REQUIRED),
        ("--otel-flush-timeout", FLUSH),
        ("--spool-max-bytes", SPOOL),
    ];

    #[test]
    fn without_telemetry_every_flag_is_named() {
        for (flag, change) in IDLE {
            let error = error(&[*change], &[]).unwrap_or_else(|| panic!("{flag} is no error"));
            assert!(
                error.starts_with(&format!("{flag} has no effect")) && error.contains("add --"),
                "{error}"
            );
        }
    }

    #[test]
    fn with_everything_on_no_flag_is_in_vain() {
        for (flag, change) in IDLE {
            assert_eq!(error(&[URL, TRACES, METRICS, RATIO], &[]), None);
            let changes: &[Change] = if flag.starts_with("--stream") {
                &[URL, *change]
            } else {
                &[URL, TRACES, METRICS, RATIO, *change]
            };
            assert_eq!(error(changes, &[]), None, "{flag}");
        }
    }

    #[test]
    fn a_flag_of_one_signal_needs_that_signal() {
        let cases: [(&[Change], &str); 5] = [
            (&[URL, RATIO], "--trace-sample-ratio has no effect without traces"),
            (
                &[URL, TRACES, SEMCONV],
                "--otel-semconv has no effect without GenAI metrics",
            ),
            (
                &[URL, TIMING, SEMCONV],
                "--otel-semconv has no effect without GenAI metrics",
            ),
            (
                &[URL, TRACES, KEEP],
                "--trace-keep has no effect where every request is sampled",
            ),
            (
                &[MLFLOW, HEADER],
                "--otel-header has no effect without an OTLP endpoint",
            ),
        ];
        for (changes, expected) in cases {
            let error = error(changes, &[]).unwrap();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn what_is_for_otlp_does_nothing_on_the_console() {
        let console = [("OTEL_TRACES_ENABLED", "true")];
        assert_eq!(error(&[RATIO, KEEP, PROVIDER], &console), None);
        for (flag, change) in [("--otel-header", HEADER), ("--spool-max-bytes", SPOOL)] {
            assert!(error(&[change], &console).unwrap().starts_with(flag), "{flag}");
        }
    }

    #[test]
    fn mlflow_alone_is_enough_for_what_is_not_opentelemetry_s_own() {
        assert_eq!(error(&[MLFLOW, PROVIDER, METRICS, REQUIRED], &[]), None);
        assert_eq!(error(&[MLFLOW, NONE], &[]), None);
    }

    /// Flags that are about spans.
    const OF_SPANS: [&str; 9] = [
        "--otel-resource-attributes",
        "--otel-attributes",
        "--trace-sample-ratio",
        "--trace-scope",
        "--trace-keep",
        "--no-propagate",
        "--capture-content",
        "--spool-max-bytes",
        "--stream traces",
    ];

    #[test]
    fn spans_for_mlflow_are_spans() {
        for (flag, change) in IDLE.iter().filter(|(flag, _)| OF_SPANS.contains(flag)) {
            assert_eq!(error(&[MLFLOW, MLFLOW_TRACES, RATIO, *change], &[]), None, "{flag}");
            let error = error(&[MLFLOW, *change], &[]).unwrap();
            assert!(error.starts_with(&format!("{flag} has no effect")), "{error}");
            assert!(error.contains("--mlflow-traces"), "{error}");
        }
    }

    #[test]
    fn what_mlflow_has_no_use_for_is_an_error_beside_it() {
        let taken = OF_SPANS.into_iter().chain([
            "--gen-ai-provider",
            "--telemetry-required",
            "--stream metrics",
            "--stream all",
            "--stream none",
        ]);
        let taken: Vec<_> = taken.collect();
        for (flag, change) in IDLE.iter().filter(|(flag, _)| !taken.contains(flag)) {
            let error = error(&[MLFLOW, MLFLOW_TRACES, *change], &[]).unwrap_or_else(|| panic!("{flag} is no error"));
            assert!(error.starts_with(&format!("{flag} has no effect")), "{error}");
        }
        let flush = error(&[MLFLOW, FLUSH], &[]).unwrap();
        assert!(flush.contains("use --mlflow-flush-timeout"), "{flush}");
    }

    #[test]
    fn a_url_in_vain_is_told_so() {
        let error = error(&[URL], &[("OTEL_METRICS_EXPORTER", "none")]).unwrap();
        assert!(
            error.starts_with("--otel-url has no effect when metrics are turned off"),
            "{error}"
        );
    }

    #[test]
    fn a_disabled_sdk_and_a_flag_contradict_each_other() {
        let disabled = [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_ENABLED", "true")];
        assert_eq!(error(&[], &disabled), None);
        assert_eq!(error(&[NONE], &disabled), None);
        assert_eq!(error(&[MLFLOW, METRICS, PROVIDER], &disabled), None);
        assert_eq!(error(&[MLFLOW, MLFLOW_TRACES], &disabled), None);
        for change in [TRACES, RATIO] {
            let error = error(&[MLFLOW, MLFLOW_TRACES, change], &disabled).unwrap();
            assert!(error.contains("has no effect while OTEL_SDK_DISABLED=true"), "{error}");
        }
        for change in [URL, TRACES, RATIO, PROVIDER] {
            let error = error(&[change], &disabled).unwrap();
            assert!(error.contains("has no effect while OTEL_SDK_DISABLED=true"), "{error}");
        }
    }

    #[test]
    fn none_turns_off_without_taking_the_other_flags_apart() {
        assert_eq!(error(&[URL, NONE, RATIO, HEADER], &[]), None);
    }
}
