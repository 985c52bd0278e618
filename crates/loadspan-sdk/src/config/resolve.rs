//! From what was said to what shall be.

use std::time::Duration;

use opentelemetry_sdk::trace::SpanLimits;

use super::{
    BatchConfig, Config, Environment, MetricsConfig, MlflowDestination, OtlpDestination, Signal, Temporality,
    Vocabulary, mlflow, otlp, resource,
};
use crate::error::InitError;

/// Attributes of the metric that have few values by their nature.
const DEFAULT_KEYS: [&str; 3] = [
    "tags.mlflow.traceName",
    "metadata.mlflow.sourceRun",
    "metadata.mlflow.modelId",
];

/// More than OpenTelemetry's 128: the chunks of a stream are events, 1,000 at most, and an exception after them has to fit.
const MOST_EVENTS: u32 = 1_024;

impl Config {
    /// # Errors
    ///
    /// Names the first setting that makes no sense.
    pub(crate) fn resolve(environment: &Environment) -> Result<Self, InitError> {
        let traces = match exporter(environment, "OTEL_TRACES_EXPORTER")? {
            Exporter::Otlp if environment.flag("MLFLOW_ENABLE_OTLP_EXPORTER")?.unwrap_or(true) => {
                otlp::resolve(environment, Signal::Traces)?
            }
            Exporter::Otlp | Exporter::None => None,
        };
        Ok(Self {
            mlflow: beside(traces.as_ref(), environment)?,
            otlp: traces,
            metrics: metrics(environment)?,
            sampling_ratio: sampling_ratio(environment)?,
            resource: resource::resolve(environment)?,
            vocabulary: vocabulary(environment)?,
            batch: batch(environment)?,
            limits: limits(environment)?,
            value_length: value_length(environment)?,
            experiment: mlflow::experiment(environment)?,
        })
    }

    /// Whether somebody wants nothing to happen.
    ///
    /// # Errors
    ///
    /// The setting makes no sense.
    pub(crate) fn is_disabled(environment: &Environment) -> Result<bool, InitError> {
        Ok(environment.flag("OTEL_SDK_DISABLED")?.unwrap_or(false))
    }

    /// Whether nothing goes anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.otlp.is_none() && self.mlflow.is_none() && self.metrics.is_none()
    }
}

/// The MLflow server: where there is no OTLP endpoint for traces, or beside it.
fn beside(otlp: Option<&OtlpDestination>, environment: &Environment) -> Result<Option<MlflowDestination>, InitError> {
    const DUAL: &str = "MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT";
    let is_dual = environment.flag(DUAL)?.unwrap_or(false);
    if otlp.is_some() && !is_dual {
        return Ok(None);
    }
    let mlflow = mlflow::resolve(environment)?;
    if otlp.is_some() && mlflow.is_none() {
        let reason = "there is no MLflow server to send traces to as well";
        return Err(environment.wrong(DUAL, reason, "set MLFLOW_TRACKING_URI"));
    }
    Ok(mlflow)
}

enum Exporter {
    Otlp,
    None,
}

fn exporter(environment: &Environment, name: &str) -> Result<Exporter, InitError> {
    let exporter = environment.read(name, "otlp or none", |text| match text.to_ascii_lowercase().as_str() {
        "otlp" => Some(Exporter::Otlp),
        "none" => Some(Exporter::None),
        _ => None,
    })?;
    Ok(exporter.unwrap_or(Exporter::Otlp))
}

fn sampling_ratio(environment: &Environment) -> Result<f64, InitError> {
    let ratio = environment.read("MLFLOW_TRACE_SAMPLING_RATIO", "a number from 0 to 1", |text| {
        text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
    })?;
    Ok(ratio.unwrap_or(1.0))
}

fn vocabulary(environment: &Environment) -> Result<Vocabulary, InitError> {
    let is_genai = environment.flag("MLFLOW_ENABLE_OTEL_GENAI_SEMCONV")?.unwrap_or(false);
    Ok(if is_genai {
        Vocabulary::GenAi
    } else {
        Vocabulary::Mlflow
    })
}

fn batch(environment: &Environment) -> Result<BatchConfig, InitError> {
    const BATCH: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
    let queue = environment.count(QUEUE)?.unwrap_or(131_072);
    let asked = environment.count(BATCH)?;
    if asked.is_some_and(|asked| asked > queue) {
        let reason = format!("it is more than the {queue} spans of the queue");
        return Err(environment.wrong(BATCH, reason, format!("make it smaller, or {QUEUE} larger")));
    }
    let delay = environment.read("OTEL_BSP_SCHEDULE_DELAY", "a whole number of milliseconds", |text| {
        text.parse().ok()
    })?;
    Ok(BatchConfig {
        delay: Duration::from_millis(delay.unwrap_or(1_000)).min(super::environment::UNLIMITED),
        spans: asked.unwrap_or(512).min(queue),
        bytes: 3 << 20,
        queue,
        queue_bytes: 128 << 20,
        in_flight: environment.count("OTEL_BSP_MAX_CONCURRENT_EXPORTS")?.unwrap_or(4),
        export_timeout: environment
            .time_limit_ms("OTEL_BSP_EXPORT_TIMEOUT")?
            .unwrap_or(Duration::from_secs(30)),
    })
}

fn limits(environment: &Environment) -> Result<SpanLimits, InitError> {
    let read = |name| environment.read(name, "a whole number", |text| text.parse().ok());
    let attributes = read("OTEL_ATTRIBUTE_COUNT_LIMIT")?;
    let limit = |name, general: Option<u32>| Ok::<_, InitError>(read(name)?.or(general).unwrap_or(128));
    let events = read("OTEL_SPAN_EVENT_COUNT_LIMIT")?.unwrap_or(MOST_EVENTS);
    Ok(SpanLimits {
        max_attributes_per_span: limit("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributes)?,
        max_events_per_span: events,
        max_links_per_span: limit("OTEL_SPAN_LINK_COUNT_LIMIT", None)?,
        max_attributes_per_event: limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", attributes)?,
        max_attributes_per_link: limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", attributes)?,
    })
}

fn value_length(environment: &Environment) -> Result<Option<usize>, InitError> {
    let read = |name| environment.read(name, "a whole number", |text| text.parse().ok());
    Ok(read("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")?.or(read("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")?))
}

fn metrics(environment: &Environment) -> Result<Option<MetricsConfig>, InitError> {
    if let Exporter::None = exporter(environment, "OTEL_METRICS_EXPORTER")? {
        return Ok(None);
    }
    let destination = otlp::resolve(environment, Signal::Metrics)?;
    destination
        .map(|destination| metrics_to(environment, destination))
        .transpose()
}

fn metrics_to(environment: &Environment, destination: OtlpDestination) -> Result<MetricsConfig, InitError> {
    let interval = environment.interval_ms("OTEL_METRIC_EXPORT_INTERVAL")?;
    let temporality = environment.read(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "cumulative, delta or lowmemory",
        |text| match text.to_ascii_lowercase().as_str() {
            "cumulative" => Some(Temporality::Cumulative),
            "delta" | "lowmemory" => Some(Temporality::Delta),
            _ => None,
        },
    )?;
    let further = environment.read(
        "LOADSPAN_SDK_METRIC_ATTRIBUTES",
        "names that begin with tags. or metadata., with commas between them",
        keys,
    )?;
    let mut attribute_keys: Vec<String> = DEFAULT_KEYS.map(str::to_owned).into();
    for key in further.unwrap_or_default() {
        if !attribute_keys.contains(&key) {
            attribute_keys.push(key);
        }
    }
    Ok(MetricsConfig {
        destination,
        interval: interval.unwrap_or(Duration::from_secs(60)),
        attribute_keys,
        temporality: temporality.unwrap_or(Temporality::Cumulative),
        series_limit: environment.count("LOADSPAN_SDK_METRIC_SERIES_LIMIT")?.unwrap_or(2_000),
    })
}

fn keys(text: &str) -> Option<Vec<String>> {
    let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
    let known = |key: &str| key.starts_with("tags.") || key.starts_with("metadata.");
    keys.map(|key| known(key).then(|| key.to_owned())).collect()
}
