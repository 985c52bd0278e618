//! Spans for a page that shows a trace: an outline of many, or everything about one.

use std::collections::HashMap;

use loadspan_wire::mlflow::traces::{DescribedSpan, described_attributes};
use loadspan_wire::otlp::{Resource, any_value};
use serde::Serialize;
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
///
/// # Errors
///
/// There is no such span, or no such trace.
pub(crate) fn one(connection: &mut dyn Connection, trace_id: &str, span_id: &str) -> Result<Value, ApiError> {
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
    let about = json!({
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
    let outline = SpanOutline::of(&stored, service);
    let described = stored.for_clients(trace_id, &TreeRoom::new(TREES));
    let attributes = described_attributes(&described.attributes);
    let described = serde_json::to_value(DescribedSpan(described)).unwrap_or_default();
    let mut all = json!({
        "trace_id": trace_id,
        "kind": described["kind"],
        "status_message": described["status"]["message"],
        "attributes": attributes,
        "events": described["events"],
        "links": described["links"],
    });
    merge(&mut all, about);
    merge(&mut all, serde_json::to_value(outline).unwrap_or_default());
    Ok(all)
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
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
