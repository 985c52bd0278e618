//! Spans of a trace as they are stored, and as MLflow's clients see them.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::mlflow::traces::described_value;
use loadspan_wire::otlp::any_value::Value as Any;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{AnyValue, KeyValue, Message, weight};

use super::info::{cost, usage};
use super::typed;
use crate::answer;
use crate::database::{Connection, DatabaseError, Row, Value};
use crate::error::{ApiError, Code};
use crate::translate::TokenUsage;
use crate::tree_room::TreeRoom;

/// Spans of one statement.
const CHUNK: usize = 500;
/// Bytes of a span that is read along with others; one that is larger is read by itself, so that none is read for which there is no room.
const SMALL: usize = 32 << 10;

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
    translated: Option<String>,
}

const BYTES: &str = "octet_length(content) + COALESCE(octet_length(translated), 0)";

/// Places of columns in this query.
const CONTENT_AT: usize = 17;
const BYTES_AT: usize = 19;

/// A query for spans of the trace `$2`, with the content of those that have at most `$1` bytes.
fn select(which: &str) -> String {
    format!(
        "SELECT span_id, start_ns, end_ns, type, status, resource_key, scope_key, model, provider, input_tokens, \
         output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, input_cost, output_cost, total_cost, \
         CASE WHEN {BYTES} <= CAST($1 AS BIGINT) THEN content END, \
         CASE WHEN {BYTES} <= CAST($1 AS BIGINT) THEN translated END, {BYTES} \
         FROM spans WHERE trace_key = $2 AND {which}"
    )
}

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

/// Some spans of a trace.
#[derive(Debug)]
pub(super) struct Portion {
    /// In the order of their starts.
    pub(super) spans: Vec<StoredSpan>,
    /// Where the next ones begin, if there may be any.
    pub(super) next: Option<After>,
}

/// The next spans of a trace, as many as there is room for, but one at least.
///
/// # Errors
///
/// There is none for all of them, and they are wanted together; or the database says no.
fn portion(
    connection: &mut dyn Connection,
    (trace, after): (i64, &After),
    room: &mut Room,
) -> Result<Portion, ApiError> {
    let sql = select("(start_ns, span_id) > ($3, $4) ORDER BY start_ns, span_id LIMIT $5");
    let values = [
        int(SMALL),
        trace.into(),
        after.start_ns.into(),
        (&after.id).into(),
        int(CHUNK),
    ];
    let rows = connection.query(&sql, &values)?;
    let mut is_last = rows.len() < CHUNK;
    let mut spans: Vec<StoredSpan> = Vec::with_capacity(rows.len());
    for mut row in rows {
        let bytes = usize::try_from(row.int(BYTES_AT)?).unwrap_or(usize::MAX);
        let mut fits = room.stored(bytes)? || spans.is_empty();
        if fits {
            let encoded = if bytes > SMALL {
                encoded(connection, (trace, &row.blob(0)?))?
            } else {
                Some(Encoded::of(row)?)
            };
            let Some(encoded) = encoded else {
                continue;
            };
            fits = room.decoded(encoded.weight())? || spans.is_empty();
            if fits {
                spans.push(encoded.decode()?);
            }
        }
        if !fits {
            is_last = false;
            break;
        }
    }
    let next = spans.last().filter(|_| !is_last).map(StoredSpan::position);
    Ok(Portion { spans, next })
}

/// A page of the spans of a trace.
///
/// # Errors
///
/// The database says no.
pub(super) fn page(connection: &mut dyn Connection, from: (i64, &After)) -> Result<Portion, ApiError> {
    portion(connection, from, &mut Room::of_page())
}

fn int(value: usize) -> Value<'static> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// One span of a trace.
///
/// # Errors
///
/// It is larger than an answer.
pub(super) fn one(connection: &mut dyn Connection, span: (i64, &[u8])) -> Result<Option<StoredSpan>, ApiError> {
    let Some(encoded) = encoded(connection, span)? else {
        return Ok(None);
    };
    Room::default().decoded(encoded.weight())?;
    encoded.decode().map(Some)
}

fn encoded(connection: &mut dyn Connection, (trace, id): (i64, &[u8])) -> Result<Option<Encoded>, DatabaseError> {
    let values = [int(usize::MAX), trace.into(), id.into()];
    let row = connection.query_one(&select("span_id = $3"), &values)?;
    row.map(Encoded::of).transpose()
}

/// A span that was read, but not decoded.
#[derive(Debug)]
struct Encoded {
    row: Row,
    content: Vec<u8>,
}

impl Encoded {
    fn of(mut row: Row) -> Result<Self, DatabaseError> {
        let content = row.blob(CONTENT_AT)?;
        Ok(Self { row, content })
    }

    /// Bytes that it takes once it is decoded.
    fn weight(&self) -> usize {
        weight::of_span(&self.content)
    }

    fn decode(mut self) -> Result<StoredSpan, ApiError> {
        let row = &mut self.row;
        Ok(StoredSpan {
            id: row.blob(0)?,
            start_ns: row.int(1)?,
            end_ns: row.int(2)?,
            kind: row.maybe_text(3)?,
            status: row.text(4)?,
            resource: row.int(5)?,
            scope: row.int(6)?,
            model: row.maybe_text(7)?,
            provider: row.maybe_text(8)?,
            usage: usage(row, 9)?,
            cost: cost(row, 14)?,
            // What this server has written is always a span.
            span: Span::decode(&self.content[..]).unwrap_or_default(),
            translated: row.maybe_text(CONTENT_AT + 1)?,
        })
    }
}

/// How much may still be read together.
#[derive(Debug)]
pub(crate) struct Room {
    /// Bytes of spans, as they are stored.
    stored: usize,
    /// Bytes of spans in memory.
    decoded: usize,
    trees: TreeRoom,
    beyond: Beyond,
}

/// What becomes of spans for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    /// There is no answer without them.
    Refused,
    /// They are on the next page.
    Later,
}

impl Default for Room {
    /// That of an answer.
    fn default() -> Self {
        Self {
            stored: answer::SPANS,
            decoded: answer::DECODED,
            trees: TreeRoom::new(answer::TREES),
            beyond: Beyond::Refused,
        }
    }
}

impl Room {
    fn of_page() -> Self {
        Self {
            stored: answer::PAGE,
            decoded: answer::DECODED_PAGE,
            beyond: Beyond::Later,
            ..Self::default()
        }
    }

    /// Takes the bytes of a span as it is stored; whether these were left.
    fn stored(&mut self, bytes: usize) -> Result<bool, ApiError> {
        take(&mut self.stored, bytes, self.beyond)
    }

    /// Takes the bytes of a span as it is in memory; whether these were left.
    fn decoded(&mut self, bytes: usize) -> Result<bool, ApiError> {
        take(&mut self.decoded, bytes, self.beyond)
    }
}

fn take(room: &mut usize, bytes: usize, beyond: Beyond) -> Result<bool, ApiError> {
    let left = room.checked_sub(bytes);
    *room = left.unwrap_or(0);
    if left.is_none() && beyond == Beyond::Refused {
        let message = format!(
            "there are more than {} bytes of spans, or they are more than {} in memory: read them in pages, at \
             /api/3.0/loadspan/traces/{{trace_id}}/spans",
            answer::SPANS,
            answer::DECODED
        );
        return Err(ApiError::new(Code::RequestTooLarge, message));
    }
    Ok(left.is_some())
}

/// All spans of a trace, in the order of their starts.
///
/// # Errors
///
/// They are more than there is room for.
pub(super) fn all(connection: &mut dyn Connection, trace: i64, room: &mut Room) -> Result<Vec<StoredSpan>, ApiError> {
    let mut spans = Vec::new();
    let mut next = Some(After::default());
    while let Some(after) = next {
        let mut portion = portion(connection, (trace, &after), room)?;
        spans.append(&mut portion.spans);
        next = portion.next;
    }
    Ok(spans)
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
    let mut spans: Vec<_> = spans
        .into_iter()
        .map(|span| span.for_clients(trace_id, &room.trees))
        .collect();
    spans.sort_by_key(|span| !span.parent_span_id.is_empty());
    Ok(spans)
}

impl StoredSpan {
    pub(super) fn position(&self) -> After {
        After {
            start_ns: self.start_ns,
            id: self.id.clone(),
        }
    }

    /// The texts of which [`Self::for_clients`] makes values, by the names of these.
    pub(super) fn json_texts(&self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for attribute in &self.span.attributes {
            match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
                Some(Any::StringValue(text)) => texts.insert(attribute.key.clone(), text.clone()),
                _ => texts.remove(&attribute.key),
            };
        }
        texts.extend(translations(self.translated.as_deref()));
        texts.remove(keys::TRACE_REQUEST_ID);
        texts
    }

    /// The span with attributes under MLflow's names, and those that are texts of JSON as what they are.
    pub(super) fn for_clients(self, trace_id: &str, room: &TreeRoom) -> Span {
        let mut span = self.span;
        each_value(&mut span.attributes, |value| flat(structured(value, room)));
        for event in &mut span.events {
            each_value(&mut event.attributes, flat);
        }
        for link in &mut span.links {
            each_value(&mut link.attributes, flat);
        }
        for (key, json) in translations(self.translated.as_deref()) {
            set(
                &mut span.attributes,
                &key,
                typed::of_json(&json, room).unwrap_or(Any::StringValue(json)),
            );
        }
        if let Some(cost) = self.cost
            && !span.attributes.iter().any(|attribute| attribute.key == keys::LLM_COST)
            && let Some(cost) = typed::of_json(&cost.to_string(), room)
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

/// What translation has added: texts of JSON by MLflow's names.
fn translations(stored: Option<&str>) -> BTreeMap<String, String> {
    let texts = stored.map(serde_json::from_str).and_then(Result::ok);
    texts.unwrap_or_default()
}

fn each_value(attributes: &mut [KeyValue], change: impl Fn(Any) -> Any) {
    for value in attributes.iter_mut().filter_map(|attribute| attribute.value.as_mut()) {
        value.value = value.value.take().map(&change);
    }
}

/// A text of JSON as what it is.
fn structured(value: Any, room: &TreeRoom) -> Any {
    match value {
        Any::StringValue(text) => typed::structured(&text, room).unwrap_or(Any::StringValue(text)),
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
