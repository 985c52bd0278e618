//! Spans for a page that shows a trace: an outline of many, or everything about one.

use std::collections::{BTreeMap, HashMap};

use loadspan_wire::mlflow::traces::{DescribedSpan, described_attributes, described_value};
use loadspan_wire::otlp::{KeyValue, Resource, any_value};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::export::{Shared, resources, scopes};
use super::span::{After, StoredSpan};
use super::{hex, lookup, span};
use crate::database::{Connection, DatabaseError, Row};
use crate::error::ApiError;
use crate::tree_room::TreeRoom;

/// Spans of a page.
pub(crate) const MOST: usize = 5000;
/// Characters of a name in an outline.
pub(super) const NAME: i64 = 1000;
/// Bytes that the texts of JSON in one span take when they are taken apart. They are copied some times here.
const TREES: usize = 16 << 20;

/// What is said of a span while there are many.
#[derive(Debug, Serialize)]
pub(crate) struct SpanOutline {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// The beginning of a long one.
    name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// `OK`, `ERROR` or `UNSET`.
    status: String,
    /// Nanoseconds since 1970, as a text: browsers have no whole numbers that large.
    start_ns: String,
    /// Absent: it has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// All of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<i64>,
    has_events: bool,
}

/// A page of the spans of a trace, in the order of their starts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct SpanPage {
    spans: Vec<SpanOutline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Which page is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) trace_id: String,
    pub(crate) after: After,
    /// Spans of the page.
    pub(crate) length: usize,
}

impl After {
    /// # Errors
    ///
    /// It is not a token that this server has given.
    pub(crate) fn of_token(token: &str) -> Result<Self, ApiError> {
        let parts = token.split_once('.');
        let after = parts.and_then(|(start, id)| {
            Some(Self {
                start_ns: start.parse().ok()?,
                id: id_of(id)?.to_vec(),
            })
        });
        after.ok_or_else(|| ApiError::invalid("Invalid page token: it must be the next_page_token of the page before"))
    }

    pub(super) fn token(&self) -> String {
        format!("{}.{}", self.start_ns, hex(&self.id))
    }
}

/// A page of the spans of a trace.
///
/// # Errors
///
/// There is no such trace.
pub(crate) fn page(connection: &mut dyn Connection, wanted: &Wanted) -> Result<SpanPage, ApiError> {
    let key = lookup::key(connection, &wanted.trace_id)?;
    // Content is not read: it may be large.
    let sql = "SELECT span_id, start_ns, resource_key, end_ns, parent_span_id, substr(name, 1, $1), type, status, input_tokens, \
               COALESCE(total_tokens, input_tokens), events FROM spans WHERE trace_key = $2 AND (start_ns, span_id) > ($3, $4) \
               ORDER BY start_ns, span_id LIMIT $5";
    let values = [
        NAME.into(),
        key.into(),
        wanted.after.start_ns.into(),
        (&wanted.after.id).into(),
        // One more says whether there is a next page.
        i64::try_from(wanted.length + 1).unwrap_or(i64::MAX).into(),
    ];
    let mut rows = connection.query(sql, &values)?;
    let more = rows.len() > wanted.length;
    rows.truncate(wanted.length);
    let keys: Vec<i64> = rows.iter().map(|row| row.int(2)).collect::<Result<_, _>>()?;
    let services = services(&resources(connection, keys.iter().copied())?);
    let mut spans = Vec::with_capacity(rows.len());
    let mut last = After::default();
    for (row, resource) in rows.into_iter().zip(keys) {
        let (position, outline) = SpanOutline::of_row(row, services.get(&resource).cloned())?;
        last = position;
        spans.push(outline);
    }
    Ok(SpanPage {
        spans,
        next_page_token: more.then(|| last.token()),
    })
}

impl SpanOutline {
    fn of_row(mut row: Row, service: Option<String>) -> Result<(After, Self), DatabaseError> {
        let position = After {
            id: row.blob(0)?,
            start_ns: row.int(1)?,
        };
        let end_ns = row.int(3)?;
        let tokens = row.maybe_int(8)?.map(|_| row.maybe_int(9)).transpose()?;
        let outline = Self {
            id: hex(&position.id),
            parent: row.maybe_blob(4)?.map(|parent| hex(&parent)),
            name: row.text(5)?,
            kind: row.maybe_text(6)?,
            status: row.text(7)?,
            start_ns: position.start_ns.to_string(),
            end_ns: (end_ns != 0).then(|| end_ns.to_string()),
            service,
            tokens: tokens.flatten(),
            has_events: row.flag(10)?,
        };
        Ok((position, outline))
    }

    fn of(stored: &StoredSpan, service: Option<String>) -> Self {
        let parent = &stored.span.parent_span_id;
        let has_parent = parent.iter().any(|byte| *byte != 0);
        Self {
            id: hex(&stored.id),
            parent: has_parent.then(|| format!("{:0>16}", hex(parent))),
            kind: stored.kind.clone(),
            status: stored.status.clone(),
            start_ns: stored.start_ns.to_string(),
            end_ns: (stored.end_ns != 0).then(|| stored.end_ns.to_string()),
            service,
            tokens: stored.usage.map(|usage| usage.total),
            has_events: !stored.span.events.is_empty(),
            name: stored.span.name.clone(),
        }
    }
}

/// Everything about a span.
#[derive(Debug, Serialize)]
pub(crate) struct WholeSpan {
    /// Texts of JSON stand here as they are written: their numbers may have more digits than any number of a program.
    attributes: BTreeMap<String, Box<RawValue>>,
    #[serde(flatten)]
    about: Map<String, Value>,
}

/// Everything about a span.
///
/// # Errors
///
/// There is no such span, or no such trace.
pub(crate) fn one(connection: &mut dyn Connection, trace_id: &str, span_id: &str) -> Result<WholeSpan, ApiError> {
    let key = lookup::key(connection, trace_id)?;
    let found = match id_of(span_id) {
        Some(id) => span::one(connection, (key, &id))?,
        None => None,
    };
    let missing = || ApiError::missing(format!("Span with ID '{span_id}' of trace '{trace_id}' not found."));
    let stored = found.ok_or_else(missing)?;
    let resources = resources(connection, std::iter::once(stored.resource))?;
    let scopes = scopes(connection, std::iter::once(stored.scope))?;
    let scope = scopes.get(&stored.scope).and_then(|shared| shared.content.as_ref());
    let service = services(&resources).remove(&stored.resource);
    let resource = resources
        .get(&stored.resource)
        .and_then(|shared| shared.content.as_ref());
    let mut about = Map::new();
    let from_columns = json!({
        "trace_id": trace_id,
        "model": stored.model,
        "provider": stored.provider,
        "usage": stored.usage.map(|usage| serde_json::from_str::<Value>(&usage.to_json()).unwrap_or_default()),
        "cost": stored.cost,
        "resource": resource.map_or_else(Map::new, |resource| described_attributes(&resource.attributes)),
        "scope": scope.map(|scope| json!({"name": scope.name, "version": scope.version})),
        "dropped": {
            "attributes": stored.span.dropped_attributes_count,
            "events": stored.span.dropped_events_count,
            "links": stored.span.dropped_links_count,
        },
    });
    merge(&mut about, from_columns);
    merge(&mut about, SpanOutline::of(&stored, service));
    let texts = stored.json_texts();
    let described = stored.for_clients(trace_id, &TreeRoom::new(TREES));
    let attributes = written(&described.attributes, texts);
    let described = serde_json::to_value(DescribedSpan(described)).unwrap_or_default();
    merge(
        &mut about,
        json!({
            "kind": described["kind"],
            "status_message": described["status"]["message"],
            "events": described["events"],
            "links": described["links"],
        }),
    );
    Ok(WholeSpan { attributes, about })
}

/// Attributes as JSON: those that were made of a text of JSON as it is written, the others as they are described.
fn written(attributes: &[KeyValue], mut texts: BTreeMap<String, String>) -> BTreeMap<String, Box<RawValue>> {
    let values = attributes.iter().map(|attribute| {
        let value = attribute.value.as_ref();
        let is_text = |text: &String| {
            matches!(value.and_then(|value| value.value.as_ref()), Some(any_value::Value::StringValue(own)) if own == text)
        };
        let text = texts.remove(&attribute.key).filter(|text| !is_text(text));
        let written = text.and_then(|text| RawValue::from_string(text.trim().to_owned()).ok());
        let described = || serde_json::value::to_raw_value(&value.map_or(Value::Null, described_value));
        (attribute.key.clone(), written.or_else(|| described().ok()).unwrap_or_default())
    });
    values.collect()
}

fn merge(into: &mut Map<String, Value>, from: impl Serialize) {
    if let Ok(Value::Object(from)) = serde_json::to_value(from) {
        into.extend(from);
    }
}

pub(super) fn services(resources: &HashMap<i64, Shared<Resource>>) -> HashMap<i64, String> {
    let services = resources.iter().filter_map(|(key, shared)| {
        let attributes = &shared.content.as_ref()?.attributes;
        let service = attributes.iter().find(|attribute| attribute.key == "service.name")?;
        match service.value.as_ref()?.value.as_ref()? {
            any_value::Value::StringValue(text) => Some((*key, text.clone())),
            _ => None,
        }
    });
    services.collect()
}

/// The id of a span, from 16 hexadecimal digits.
fn id_of(digits: &str) -> Option<[u8; 8]> {
    let is_hex = digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let id = is_hex.then(|| u64::from_str_radix(digits, 16).ok())??;
    Some(id.to_be_bytes())
}
