//! Which exporters OpenTelemetry's variables ask for. They speak for the whole process: exporters that are not here may be those of the
//! application's own telemetry, and mean for us that there is no OTLP.

use super::{Environment, Signal};
use crate::error::InitError;

/// Exporters of OpenTelemetry's specification.
const TRACES: &[&str] = &["console", "jaeger", "logging", "otlp", "otlp/stdout", "zipkin"];
const METRICS: &[&str] = &["console", "logging", "otlp", "otlp/stdout", "prometheus"];

/// Whether the signal goes to its OTLP endpoint, as it does where nothing is said.
pub(super) fn has_otlp(environment: &Environment, signal: Signal) -> Result<bool, InitError> {
    let (name, known) = match signal {
        Signal::Traces => ("OTEL_TRACES_EXPORTER", TRACES),
        Signal::Metrics => ("OTEL_METRICS_EXPORTER", METRICS),
    };
    let expected = format!("{}, several of them with commas between, or none", known.join(", "));
    let has_otlp = environment.read(name, &expected, |text| {
        let text = text.to_ascii_lowercase();
        let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let is_known = names == ["none"] || names.iter().all(|name| known.contains(name));
        is_known.then(|| names.contains(&"otlp"))
    })?;
    Ok(has_otlp.unwrap_or(true))
}

/// Whether somebody said in so many words that no traces are to go anywhere.
pub(super) fn wants_no_traces(environment: &Environment) -> bool {
    environment
        .text("OTEL_TRACES_EXPORTER")
        .is_some_and(|text| text.eq_ignore_ascii_case("none"))
}
