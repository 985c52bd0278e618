//! From what was said to what shall be.

use std::time::Duration;

use opentelemetry_sdk::trace::SpanLimits;

use super::{
    BatchConfig, Config, Environment, LARGEST_QUEUE, MetricsConfig, MlflowDestination, OtlpDestination, Signal,
    Temporality, Vocabulary, exporters, foreign, mlflow, otlp, process, resource, sampling,
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

const ENABLE_OTLP: &str = "MLFLOW_ENABLE_OTLP_EXPORTER";

impl Config {
    /// # Errors
    ///
    /// Names the first setting that makes no sense.
    pub(crate) fn resolve(environment: &Environment) -> Result<Self, InitError> {
        let has_otlp = exporters::has_otlp(environment, Signal::Traces)?;
        let is_on = environment.flag(ENABLE_OTLP)?.unwrap_or(true);
        let traces = otlp::resolve(environment, Signal::Traces)?.filter(|_| has_otlp && is_on);
        Ok(Self {
            mlflow: beside(traces.as_ref(), environment)?,
            otlp: traces,
            metrics: metrics(environment)?,
            sampling: sampling::resolve(environment)?,
            propagators: process::propagators(environment)?,
            warnings: process::warnings(environment)?,
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

    /// Why spans go nowhere, and what to do about it. `None`: they go somewhere, or somebody said that they are only to be measured.
    pub(crate) fn untraced(&self, environment: &Environment) -> Option<String> {
        let is_measured = self.metrics.is_some();
        if self.otlp.is_some() || self.mlflow.is_some() || is_measured && exporters::wants_no_traces(environment) {
            return None;
        }
        let (what, silence) = match is_measured {
            true => ("spans are measured, and go nowhere", "OTEL_TRACES_EXPORTER=none"),
            false => ("tracing is off", "OTEL_SDK_DISABLED=true"),
        };
        let advice = match environment.first(&otlp::trace_endpoints()) {
            Some(endpoint) => format!(
                "{endpoint} is set, but {}: change that, or set MLFLOW_TRACKING_URI",
                what_turns_otlp_off(environment)
            ),
            None => "set MLFLOW_TRACKING_URI, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT to say where \
                     spans should go"
                .to_owned(),
        };
        Some(format!("{what}: {advice} ({silence} silences this)"))
    }
}

fn what_turns_otlp_off(environment: &Environment) -> String {
    let is_asked_for = exporters::has_otlp(environment, Signal::Traces).unwrap_or(true);
    match environment.text("OTEL_TRACES_EXPORTER") {
        Some(exporters) if !is_asked_for => format!("OTEL_TRACES_EXPORTER is {exporters}"),
        _ => format!("{ENABLE_OTLP} is false"),
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
    if queue > LARGEST_QUEUE {
        let reason = format!("it is more than {LARGEST_QUEUE}");
        return Err(environment.wrong(
            QUEUE,
            reason,
            "make it smaller: a longer queue does not fit into memory",
        ));
    }
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
    let has_otlp = exporters::has_otlp(environment, Signal::Metrics)?;
    let interval = environment.interval_ms("OTEL_METRIC_EXPORT_INTERVAL")?;
    let export_timeout = environment.time_limit_ms("OTEL_METRIC_EXPORT_TIMEOUT")?;
    let temporality = temporality(environment)?;
    let attribute_keys = attribute_keys(environment)?;
    let series_limit = environment.count("LOADSPAN_SDK_METRIC_SERIES_LIMIT")?;
    let Some(destination) = otlp::resolve(environment, Signal::Metrics)?.filter(|_| has_otlp) else {
        return Ok(None);
    };
    check_histograms(environment)?;
    Ok(Some(MetricsConfig {
        destination,
        interval: interval.unwrap_or(Duration::from_secs(60)),
        export_timeout: export_timeout.unwrap_or(Duration::from_secs(30)),
        attribute_keys,
        temporality,
        series_limit: series_limit.unwrap_or(2_000),
    }))
}

fn temporality(environment: &Environment) -> Result<Temporality, InitError> {
    let temporality = environment.read(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "cumulative, delta or lowmemory",
        |text| match text.to_ascii_lowercase().as_str() {
            "cumulative" => Some(Temporality::Cumulative),
            "delta" | "lowmemory" => Some(Temporality::Delta),
            _ => None,
        },
    )?;
    Ok(temporality.unwrap_or(Temporality::Cumulative))
}

fn attribute_keys(environment: &Environment) -> Result<Vec<String>, InitError> {
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
    Ok(attribute_keys)
}

/// What is asked of the histogram, and is not there, is told of elsewhere; what nobody has is an error.
fn check_histograms(environment: &Environment) -> Result<(), InitError> {
    environment.read(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "explicit_bucket_histogram",
        |text| (text.eq_ignore_ascii_case("explicit_bucket_histogram") || foreign::is_aggregation(text)).then_some(()),
    )?;
    environment.read("OTEL_METRICS_EXEMPLAR_FILTER", "always_off", |text| {
        (text.eq_ignore_ascii_case("always_off") || foreign::is_exemplar_filter(text)).then_some(())
    })?;
    Ok(())
}

fn keys(text: &str) -> Option<Vec<String>> {
    let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
    let known = |key: &str| key.starts_with("tags.") || key.starts_with("metadata.");
    keys.map(|key| known(key).then(|| key.to_owned())).collect()
}
