//! `mlflow.trace.span.duration`: how long spans take, as a histogram of its own provider: nothing global is touched.
//!
//! Aggregated here and sent by the thread of the exports: OpenTelemetry's periodic reader would need a thread of its own, and has no
//! answer to a retry that outlives its interval.

mod encode;
mod reporter;
mod series;
mod shards;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::Sender;

use loadspan_wire::mlflow::attributes;
use opentelemetry::trace::Status;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;

use self::reporter::Reporter;
use self::series::Labels;
use self::shards::Shards;
use crate::config::{MetricsConfig, Signal};
use crate::diagnostics::{self, Kind};
use crate::error::InitError;
use crate::export::{OtlpClient, Shared};
use crate::processor::is_root;
use crate::trace::TraceInfo;

/// Records how long spans take.
#[derive(Debug)]
pub(crate) struct SpanMetrics {
    shards: Arc<Shards>,
    /// `tags.…` and `metadata.…` that become attributes.
    keys: Vec<String>,
    flushes: mpsc::UnboundedSender<Sender<()>>,
}

impl SpanMetrics {
    /// Starts to report.
    ///
    /// # Errors
    ///
    /// A certificate cannot be used.
    pub(crate) fn start(config: &MetricsConfig, shared: &Shared) -> Result<Self, InitError> {
        let shards = Arc::new(Shards::new(config.series_limit));
        let (flushes, asked) = mpsc::unbounded_channel();
        let settings = reporter::Settings {
            client: OtlpClient::build(&config.destination, Signal::Metrics)?,
            temporality: config.temporality,
            interval: config.interval,
            patience: config.export_timeout,
            series_limit: config.series_limit,
            resource: shared.resource.clone(),
            experiment: shared.experiment.clone(),
        };
        let reporter = Reporter::new(settings, Arc::clone(&shards));
        shared.runtime.spawn(reporter.run(asked));
        Ok(Self {
            shards,
            keys: config.attribute_keys.clone(),
            flushes,
        })
    }

    /// Takes a span that has ended, once.
    pub(crate) fn record(&self, span: &SpanData, trace: Option<&TraceInfo>) {
        let further = self
            .keys
            .iter()
            .map(|key| (key.as_str(), value_of(key, span, trace)))
            .collect();
        let labels = Labels {
            root: if is_root(span) { "true" } else { "false" },
            span_type: span_type(&span.attributes),
            span_status: status(&span.status),
            further,
        };
        let duration = span.end_time.duration_since(span.start_time).unwrap_or_default();
        if !self.shards.record(&labels, duration.as_secs_f64() * 1_000.0) {
            warn_of_limit();
        }
    }

    /// Asks for a report; `done` hears of it.
    pub(crate) fn flush(&self, done: Sender<()>) {
        // Without a reporter there is nothing left to flush, and the sender is dropped with it.
        let _ = self.flushes.send(done);
    }
}

fn warn_of_limit() {
    diagnostics::warn(
        Kind::TooManySeries,
        "mlflow.trace.span.duration has too many series: what comes on top has the attribute otel.metric.overflow; \
         LOADSPAN_SDK_METRIC_ATTRIBUTES says which keys there are, LOADSPAN_SDK_METRIC_SERIES_LIMIT how many",
    );
}

/// The value of a key: of the trace, as far as it is known when the span ends.
fn value_of<'a>(key: &str, span: &'a SpanData, trace: Option<&'a TraceInfo>) -> Option<&'a str> {
    let (kind, name) = key.split_once('.')?;
    let values = match kind {
        "tags" => trace.map(|trace| &trace.tags),
        "metadata" => trace.map(|trace| &trace.metadata),
        _ => None,
    };
    let said = values.and_then(|values| values.get(name)).map(String::as_str);
    if said.is_none() && kind == "tags" && name == attributes::TRACE_NAME_TAG {
        return trace_name(span, trace);
    }
    said
}

/// The name of a trace that nobody gave one is its root's.
fn trace_name<'a>(span: &'a SpanData, trace: Option<&'a TraceInfo>) -> Option<&'a str> {
    if is_root(span) {
        return Some(&*span.name);
    }
    trace?.root.as_ref().map(|root| &*root.name)
}

/// The type is a string of JSON. Those of other instrumentation have none.
fn span_type(of: &[KeyValue]) -> &str {
    let attribute = of
        .iter()
        .find(|attribute| attribute.key.as_str() == attributes::SPAN_TYPE);
    match attribute.map(|attribute| &attribute.value) {
        Some(Value::String(text)) => text.as_str().trim_matches('"'),
        _ => "UNKNOWN",
    }
}

const fn status(status: &Status) -> &'static str {
    match status {
        Status::Unset => "UNSET",
        Status::Ok => "OK",
        Status::Error { .. } => "ERROR",
    }
}
