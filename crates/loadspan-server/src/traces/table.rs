//! Spans as rows of a table, one for each, for those who count and compare.

use std::collections::{BTreeMap, HashMap};

use loadspan_wire::mlflow::traces::{described_attributes, described_event, described_link};
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::trace::span::SpanKind;
use loadspan_wire::otlp::{InstrumentationScope, Resource};
use serde_json::{Map, Value};

use super::export::{Shared, resources, scopes};
use super::hex;
use super::span::StoredSpan;
use crate::database::Connection;
use crate::error::ApiError;
use crate::translate::{self, TokenUsage};

/// What is the same in all rows of a trace.
#[derive(Debug, Clone, Default)]
pub(crate) struct TraceRow {
    pub(crate) trace_id: String,
    pub(crate) name: Option<String>,
    pub(crate) state: String,
    pub(crate) session: Option<String>,
    pub(crate) user: Option<String>,
    /// A JSON object. `None`: it has no tags.
    pub(crate) tags: Option<String>,
}

/// A span. What has structure is JSON text, and absent where there is nothing in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpanRow {
    /// In 16 hexadecimal digits.
    pub(crate) span_id: String,
    pub(crate) parent_span_id: Option<String>,
    pub(crate) name: String,
    /// `SERVER`, `CLIENT`, …
    pub(crate) kind: Option<String>,
    /// `LLM`, `TOOL`, …
    pub(crate) span_type: Option<String>,
    /// `OK`, `ERROR` or `UNSET`.
    pub(crate) status: String,
    pub(crate) status_message: Option<String>,
    pub(crate) start_ns: i64,
    /// `None`: it has not ended.
    pub(crate) end_ns: Option<i64>,
    pub(crate) service: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) usage: Option<TokenUsage>,
    /// US dollars: input, output, total.
    pub(crate) cost: Option<[f64; 3]>,
    pub(crate) inputs: Option<String>,
    pub(crate) outputs: Option<String>,
    /// As they came.
    pub(crate) attributes: Option<String>,
    pub(crate) events: Option<String>,
    pub(crate) links: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) scope_version: Option<String>,
}

/// The trace of a key. `None`: it is gone.
///
/// # Errors
///
/// The database says no.
pub(crate) fn trace(connection: &mut dyn Connection, trace: i64) -> Result<Option<TraceRow>, ApiError> {
    let sql = "SELECT trace_id, name, state, session_id, user_id FROM traces WHERE trace_key = $1";
    let Some(mut row) = connection.query_one(sql, &[trace.into()])? else {
        return Ok(None);
    };
    let mut found = TraceRow {
        trace_id: row.text(0)?,
        name: row.maybe_text(1)?,
        state: row.text(2)?,
        session: row.maybe_text(3)?,
        user: row.maybe_text(4)?,
        tags: None,
    };
    let mut tags = BTreeMap::new();
    for mut row in connection.query(
        "SELECT key, value FROM trace_tags WHERE trace_key = $1",
        &[trace.into()],
    )? {
        tags.insert(row.text(0)?, row.text(1)?);
    }
    tags.retain(|key, _| !crate::ingest::is_of_the_server(key));
    found.tags = text(&tags, tags.is_empty());
    Ok(Some(found))
}

/// Spans as rows.
///
/// # Errors
///
/// The database says no.
pub(crate) fn rows(connection: &mut dyn Connection, spans: Vec<StoredSpan>) -> Result<Vec<SpanRow>, ApiError> {
    let resources = resources(connection, spans.iter().map(|span| span.resource))?;
    let scopes = scopes(connection, spans.iter().map(|span| span.scope))?;
    let around = Around {
        resources: described(&resources),
        scopes,
    };
    Ok(spans.into_iter().map(|span| around.row(span)).collect())
}

/// What spans have in common.
struct Around {
    resources: HashMap<i64, Map<String, Value>>,
    scopes: HashMap<i64, Shared<InstrumentationScope>>,
}

fn described(resources: &HashMap<i64, Shared<Resource>>) -> HashMap<i64, Map<String, Value>> {
    let known = resources.iter().filter_map(|(key, shared)| {
        let resource = shared.content.as_ref()?;
        Some((*key, described_attributes(&resource.attributes)))
    });
    known.collect()
}

impl Around {
    fn row(&self, stored: StoredSpan) -> SpanRow {
        let said = translate::span(&stored.span);
        let resource = self.resources.get(&stored.resource);
        let service = resource.and_then(|resource| resource.get("service.name")?.as_str());
        let scope = self
            .scopes
            .get(&stored.scope)
            .and_then(|shared| shared.content.as_ref());
        let cost = |name: &str| stored.cost.as_ref().and_then(|cost| cost[name].as_f64());
        let status = stored.span.status.as_ref();
        let attributes = described_attributes(&stored.span.attributes);
        let events: Vec<Value> = stored.span.events.iter().map(described_event).collect();
        let links: Vec<Value> = stored.span.links.iter().map(described_link).collect();
        SpanRow {
            span_id: hex(&stored.id),
            parent_span_id: parent(&stored.span),
            kind: kind(&stored.span),
            span_type: stored.kind,
            status: stored.status,
            status_message: status.and_then(|status| filled(&status.message)),
            start_ns: stored.start_ns,
            end_ns: (stored.end_ns != 0).then_some(stored.end_ns),
            service: service.and_then(filled),
            model: stored.model,
            provider: stored.provider,
            usage: stored.usage,
            cost: cost("total_cost").map(|total| {
                let part = |name: &str| cost(name).unwrap_or(0.0);
                [part("input_cost"), part("output_cost"), total]
            }),
            inputs: said.inputs,
            outputs: said.outputs,
            attributes: text(&attributes, attributes.is_empty()),
            events: text(&events, events.is_empty()),
            links: text(&links, links.is_empty()),
            resource: resource.and_then(|resource| text(resource, resource.is_empty())),
            scope: scope.and_then(|scope| filled(&scope.name)),
            scope_version: scope.and_then(|scope| filled(&scope.version)),
            name: stored.span.name,
        }
    }
}

fn parent(span: &Span) -> Option<String> {
    let has_parent = span.parent_span_id.iter().any(|byte| *byte != 0);
    has_parent.then(|| format!("{:0>16}", hex(&span.parent_span_id)))
}

fn kind(span: &Span) -> Option<String> {
    let kind = Some(span.kind()).filter(|kind| *kind != SpanKind::Unspecified)?;
    let name = kind.as_str_name();
    Some(name.strip_prefix("SPAN_KIND_").unwrap_or(name).to_owned())
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// JSON text, unless there is nothing in it.
fn text(value: &impl serde::Serialize, is_empty: bool) -> Option<String> {
    if is_empty {
        return None;
    }
    serde_json::to_string(value).ok()
}
