//! The body of `POST api/3.0/mlflow/traces`: what is known of a trace when its root has ended.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use loadspan_wire::mlflow::{attributes, limits};
use opentelemetry::Value;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;
use serde::Serialize;

use super::super::queue::Item;
use super::fit::{MAX_NAME, MAX_SESSION};
use super::preview::{self, Side};
use super::usage::Usage;
use crate::trace::request_id;

/// What is not in the root.
pub(super) struct About<'a> {
    pub(super) experiment_id: &'a str,
    pub(super) run_id: Option<&'a str>,
    pub(super) usage: Option<Usage>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    trace: Trace<'a>,
}

#[derive(Debug, Serialize)]
struct Trace<'a> {
    trace_info: TraceInfo<'a>,
}

#[derive(Debug, Serialize)]
struct TraceInfo<'a> {
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<&'a str>,
    trace_location: Location<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_preview: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_preview: Option<String>,
    request_time: String,
    execution_duration: String,
    state: &'static str,
    trace_metadata: BTreeMap<&'a str, String>,
    tags: BTreeMap<&'a str, String>,
}

#[derive(Debug, Serialize)]
struct Location<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mlflow_experiment: ExperimentLocation<'a>,
}

#[derive(Debug, Serialize)]
struct ExperimentLocation<'a> {
    experiment_id: &'a str,
}

/// The body for the trace of this root.
pub(super) fn body(root: &Item, about: &About<'_>) -> Vec<u8> {
    let span = &*root.span;
    let trace = root.trace.as_deref();
    let preview = |name, side| text(span, name).map(|json| preview::of(json, side));
    let trace_info = TraceInfo {
        trace_id: request_id(span.span_context.trace_id()),
        client_request_id: trace.and_then(|trace| trace.client_request_id.as_deref()),
        trace_location: Location {
            kind: "MLFLOW_EXPERIMENT",
            mlflow_experiment: ExperimentLocation {
                experiment_id: about.experiment_id,
            },
        },
        request_preview: preview(attributes::SPAN_INPUTS, Side::Request),
        response_preview: preview(attributes::SPAN_OUTPUTS, Side::Response),
        request_time: rfc3339(span.start_time),
        execution_duration: seconds(span.end_time.duration_since(span.start_time).unwrap_or_default()),
        state: if matches!(span.status, Status::Error { .. }) {
            "ERROR"
        } else {
            "OK"
        },
        trace_metadata: metadata(root, about),
        tags: tags(root),
    };
    // Strings and maps of strings cannot fail.
    serde_json::to_vec(&Body {
        trace: Trace { trace_info },
    })
    .unwrap_or_default()
}

fn metadata<'a>(root: &'a Item, about: &About<'_>) -> BTreeMap<&'a str, String> {
    let mut metadata = BTreeMap::from([(
        attributes::TRACE_SCHEMA_METADATA,
        attributes::TRACE_SCHEMA_VERSION.to_owned(),
    )]);
    if let Some(run_id) = about.run_id {
        metadata.insert(attributes::SOURCE_RUN_METADATA, run_id.to_owned());
    }
    if let Some(usage) = &about.usage {
        metadata.insert(
            attributes::TOKEN_USAGE_METADATA,
            serde_json::to_string(usage).unwrap_or_default(),
        );
    }
    if let Some(trace) = root.trace.as_deref() {
        metadata.extend(trace.metadata.iter().map(entry));
        // A longer one has the server refuse the whole trace.
        metadata.extend(
            trace
                .session
                .iter()
                .map(|id| (attributes::SESSION_METADATA, cut(id, MAX_SESSION))),
        );
        metadata.extend(
            trace
                .user
                .iter()
                .map(|id| (attributes::USER_METADATA, cut(id, MAX_SESSION))),
        );
    }
    metadata
}

fn tags(root: &Item) -> BTreeMap<&str, String> {
    let mut tags = BTreeMap::from([(attributes::TRACE_NAME_TAG, cut(&root.span.name, MAX_NAME))]);
    if let Some(trace) = root.trace.as_deref() {
        tags.extend(trace.tags.iter().map(entry));
    }
    tags
}

fn text<'a>(span: &'a SpanData, name: &str) -> Option<&'a str> {
    let attribute = span
        .attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == name)?;
    match &attribute.value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// One value that is too long has the server refuse the whole trace.
fn entry<'a>((key, value): (&'a String, &'a String)) -> (&'a str, String) {
    let longest = match key.as_str() {
        attributes::TRACE_NAME_TAG => MAX_NAME,
        attributes::SESSION_METADATA => MAX_SESSION,
        _ => limits::TAG_VALUE_CHARS,
    };
    (limits::truncated(key, limits::KEY_CHARS), cut(value, longest))
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// To the millisecond, as MLflow has it.
fn rfc3339(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

/// `1.085s`.
fn seconds(duration: Duration) -> String {
    format!("{:.3}s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_mlflow_writes_them() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_085);
        assert_eq!(rfc3339(time), "2023-11-14T22:13:20.085Z");
        assert_eq!(seconds(Duration::from_micros(1_085_400)), "1.085s");
    }
}
