//! Spans of a trace as they are stored, and as MLflow's clients see them.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::mlflow::traces::described_value;
use loadspan_wire::otlp::any_value::Value as Any;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{AnyValue, KeyValue, Message};

use super::info::{cost, usage};
use super::typed;
use crate::database::{Connection, Row};
use crate::error::{ApiError, Code};
use crate::translate::TokenUsage;

/// Spans of one statement.
const CHUNK: usize = 500;
/// Bytes of spans of one answer, as they are stored.
const ANSWER: usize = 128 << 20;

/// A span as it is stored.
#[derive(Debug)]
pub(crate) struct StoredSpan {
    pub(super) id: Vec<u8>,
    pub(super) start_ns: i64,
    /// 0: it has not ended.
    pub(super) end_ns: i64,
    pub(super) kind: Option<String>,
    pub(super) status: String,
    pub(super) resource: i64,
    pub(super) scope: i64,
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) usage: Option<TokenUsage>,
    pub(super) cost: Option<serde_json::Value>,
    /// As it came.
    pub(super) span: Span,
    bytes: usize,
    translated: Option<String>,
}

const COLUMNS: &str = "SELECT span_id, start_ns, end_ns, type, status, resource_key, scope_key, model, provider, input_tokens, \
                       output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, input_cost, output_cost, total_cost, \
                       content, translated FROM spans WHERE trace_key = $1";

/// Where a page of spans begins: behind this one, in the order of their starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct After {
    pub(super) start_ns: i64,
    pub(super) id: Vec<u8>,
}

impl Default for After {
    /// At the first.
    fn default() -> Self {
        Self {
            start_ns: i64::MIN,
            id: Vec::new(),
        }
    }
}

/// Some spans of a trace, in the order of their starts.
pub(super) fn page(
    connection: &mut dyn Connection,
    (trace, after): (i64, &After),
    most: usize,
) -> Result<Vec<StoredSpan>, ApiError> {
    let sql = format!("{COLUMNS} AND (start_ns, span_id) > ($2, $3) ORDER BY start_ns, span_id LIMIT $4");
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values = [trace.into(), after.start_ns.into(), (&after.id).into(), most.into()];
    connection
        .query(&sql, &values)?
        .into_iter()
        .map(StoredSpan::of)
        .collect()
}

/// One span of a trace.
pub(super) fn one(connection: &mut dyn Connection, (trace, id): (i64, &[u8])) -> Result<Option<StoredSpan>, ApiError> {
    let sql = format!("{COLUMNS} AND span_id = $2");
    let row = connection.query_one(&sql, &[trace.into(), id.into()])?;
    row.map(StoredSpan::of).transpose()
}

/// How many bytes of spans may still be in an answer.
#[derive(Debug)]
pub(crate) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(ANSWER)
    }
}

impl Room {
    fn take(&mut self, spans: &[StoredSpan]) -> Result<(), ApiError> {
        let bytes = spans.iter().map(|span| span.bytes).sum();
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            let message = format!(
                "there are more than {ANSWER} bytes of spans: read them in pages, at /api/3.0/loadspan/traces/{{trace_id}}/spans"
            );
            ApiError::new(Code::RequestTooLarge, message)
        })?;
        Ok(())
    }
}

/// All spans of a trace, in the order of their starts.
///
/// # Errors
///
/// They are more than there is room for.
pub(super) fn all(connection: &mut dyn Connection, trace: i64, room: &mut Room) -> Result<Vec<StoredSpan>, ApiError> {
    let mut spans = Vec::new();
    let mut after = After::default();
    loop {
        let mut chunk = page(connection, (trace, &after), CHUNK)?;
        room.take(&chunk)?;
        let is_last = chunk.len() < CHUNK;
        if let Some(last) = chunk.last() {
            after = last.position();
        }
        spans.append(&mut chunk);
        if is_last {
            return Ok(spans);
        }
    }
}

/// All spans of a trace as MLflow's clients see them: roots first, then in the order of their starts.
///
/// # Errors
///
/// They are more than there is room for.
pub(crate) fn for_clients(
    connection: &mut dyn Connection,
    (trace, trace_id): (i64, &str),
    room: &mut Room,
) -> Result<Vec<Span>, ApiError> {
    let spans = all(connection, trace, room)?;
    let mut spans: Vec<_> = spans.into_iter().map(|span| span.for_clients(trace_id)).collect();
    spans.sort_by_key(|span| !span.parent_span_id.is_empty());
    Ok(spans)
}

impl StoredSpan {
    fn of(mut row: Row) -> Result<Self, ApiError> {
        let content = row.blob(17)?;
        Ok(Self {
            id: row.blob(0)?,
            start_ns: row.int(1)?,
            end_ns: row.int(2)?,
            kind: row.maybe_text(3)?,
            status: row.text(4)?,
            resource: row.int(5)?,
            scope: row.int(6)?,
            model: row.maybe_text(7)?,
            provider: row.maybe_text(8)?,
            usage: usage(&row, 9)?,
            cost: cost(&row, 14)?,
            // What this server has written is always a span.
            span: Span::decode(&content[..]).unwrap_or_default(),
            bytes: content.len(),
            translated: row.maybe_text(18)?,
        })
    }

    pub(super) fn position(&self) -> After {
        After {
            start_ns: self.start_ns,
            id: self.id.clone(),
        }
    }

    /// The span with attributes under MLflow's names, and those that are texts of JSON as what they are.
    pub(super) fn for_clients(self, trace_id: &str) -> Span {
        let mut span = self.span;
        each_value(&mut span.attributes, |value| flat(structured(value)));
        for event in &mut span.events {
            each_value(&mut event.attributes, flat);
        }
        for link in &mut span.links {
            each_value(&mut link.attributes, flat);
        }
        let translated = self
            .translated
            .as_deref()
            .map(serde_json::from_str)
            .and_then(Result::ok);
        let translated: BTreeMap<String, String> = translated.unwrap_or_default();
        for (key, json) in translated {
            set(
                &mut span.attributes,
                &key,
                typed::of_json(&json).unwrap_or(Any::StringValue(json)),
            );
        }
        if let Some(cost) = self.cost
            && !span.attributes.iter().any(|attribute| attribute.key == keys::LLM_COST)
            && let Some(cost) = typed::of_json(&cost.to_string())
        {
            set(&mut span.attributes, keys::LLM_COST, cost);
        }
        set(
            &mut span.attributes,
            keys::TRACE_REQUEST_ID,
            Any::StringValue(trace_id.to_owned()),
        );
        span
    }
}

fn each_value(attributes: &mut [KeyValue], change: impl Fn(Any) -> Any) {
    for value in attributes.iter_mut().filter_map(|attribute| attribute.value.as_mut()) {
        value.value = value.value.take().map(&change);
    }
}

/// A text of JSON as what it is.
fn structured(value: Any) -> Any {
    match value {
        Any::StringValue(text) => typed::structured(&text).unwrap_or(Any::StringValue(text)),
        value => value,
    }
}

/// A value that is too deep for clients as a text of JSON.
fn flat(value: Any) -> Any {
    if !typed::is_too_deep(&value) {
        return value;
    }
    let value = AnyValue { value: Some(value) };
    Any::StringValue(described_value(&value).to_string())
}

fn set(attributes: &mut Vec<KeyValue>, key: &str, value: Any) {
    attributes.retain(|attribute| attribute.key != key);
    attributes.push(KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    });
}
