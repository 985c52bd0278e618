//! Settings of OpenTelemetry that make sense and do nothing here. They speak for the whole process, whose own telemetry may well do what
//! they say: they are told of, and are no error.

use super::Environment;

const PROPAGATORS: &[&str] = &["b3", "b3multi", "jaeger", "ottrace", "xray"];
const EXEMPLAR_FILTERS: &[&str] = &["always_on", "trace_based"];
const EXPONENTIAL: &str = "base2_exponential_bucket_histogram";

/// Propagators that others have, and this crate does not.
pub(super) fn is_propagator(name: &str) -> bool {
    PROPAGATORS.contains(&name)
}

/// What a histogram could be, and is not here.
pub(super) fn is_aggregation(name: &str) -> bool {
    name.eq_ignore_ascii_case(EXPONENTIAL)
}

/// Filters of exemplars, of which there are none here.
pub(super) fn is_exemplar_filter(name: &str) -> bool {
    EXEMPLAR_FILTERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What is set and has no effect. `None`: nothing.
pub(crate) fn without_effect(environment: &Environment) -> Option<String> {
    let is = |name: &str, known: fn(&str) -> bool| {
        environment
            .text(name)
            .is_some_and(|text| text.split(',').any(|part| known(part.trim())))
    };
    let told = [
        ("OTEL_CONFIG_FILE", environment.text("OTEL_CONFIG_FILE").is_some()),
        ("OTEL_PROPAGATORS", is("OTEL_PROPAGATORS", is_propagator)),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            is(
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                is_aggregation,
            ),
        ),
        (
            "OTEL_METRICS_EXEMPLAR_FILTER",
            is("OTEL_METRICS_EXEMPLAR_FILTER", is_exemplar_filter),
        ),
    ];
    let names: Vec<&str> = told
        .iter()
        .filter(|(_, is_told)| *is_told)
        .map(|(name, _)| *name)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} asks for what loadspan-sdk does not have, and has no effect on its traces and metrics (OTEL_LOG_LEVEL=error silences \
             this)",
            names.join(", ")
        )
    })
}
