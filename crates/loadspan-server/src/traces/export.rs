//! Traces as OTLP: as they came, or under the GenAI conventions.

use std::collections::HashMap;

use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans};
use loadspan_wire::otlp::{ExportTraceServiceRequest, InstrumentationScope, Message, Resource};

use super::lookup;
use super::span::{self, After, Room, StoredSpan};
use crate::database::{Connection, DatabaseError};
use crate::error::ApiError;
use crate::tracking::in_lists;
use crate::translate;

/// A resource or a scope, with the URL of its schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared<T> {
    pub(super) content: Option<T>,
    schema_url: String,
}

/// A trace as OTLP.
///
/// # Errors
///
/// There is no such trace, or it is too large for one answer.
pub(crate) fn otlp(connection: &mut dyn Connection, trace_id: &str) -> Result<ExportTraceServiceRequest, ApiError> {
    let key = lookup::key(connection, trace_id)?;
    let spans = span::all(connection, key, &mut Room::default())?;
    Ok(of_spans(connection, spans)?)
}

/// A trace as OTLP, under the GenAI conventions.
///
/// # Errors
///
/// There is no such trace, or it is too large for one answer.
pub(crate) fn genai(connection: &mut dyn Connection, trace_id: &str) -> Result<ExportTraceServiceRequest, ApiError> {
    let request = otlp(connection, trace_id)?;
    let sql = "SELECT session_id FROM traces WHERE trace_id = $1";
    let session = match connection.query_one(sql, &[trace_id.into()])? {
        Some(mut row) => row.maybe_text(0)?,
        None => None,
    };
    Ok(translate::genai(request, session.as_deref()))
}

/// Some spans of a trace, in the order of their starts, and where the next ones begin, if there may be any.
///
/// # Errors
///
/// The database says no.
pub(crate) fn page(
    connection: &mut dyn Connection,
    from: (i64, &After),
) -> Result<(Vec<StoredSpan>, Option<After>), ApiError> {
    let portion = span::page(connection, from)?;
    Ok((portion.spans, portion.next))
}

/// Spans as OTLP.
///
/// # Errors
///
/// The database says no.
pub(crate) fn of_spans(
    connection: &mut dyn Connection,
    mut spans: Vec<StoredSpan>,
) -> Result<ExportTraceServiceRequest, DatabaseError> {
    spans.sort_by_key(|span| (span.resource, span.scope));
    let resources = resources(connection, spans.iter().map(|span| span.resource))?;
    let scopes = scopes(connection, spans.iter().map(|span| span.scope))?;
    let mut request = ExportTraceServiceRequest::default();
    let mut last = (None, None);
    for span in spans {
        if last.0 != Some(span.resource) {
            let shared = resources.get(&span.resource).cloned().unwrap_or_default();
            request.resource_spans.push(ResourceSpans {
                resource: shared.content,
                schema_url: shared.schema_url,
                ..ResourceSpans::default()
            });
        }
        let Some(of_resource) = request.resource_spans.last_mut() else {
            continue;
        };
        if last != (Some(span.resource), Some(span.scope)) {
            let shared = scopes.get(&span.scope).cloned().unwrap_or_default();
            of_resource.scope_spans.push(ScopeSpans {
                scope: shared.content,
                schema_url: shared.schema_url,
                ..ScopeSpans::default()
            });
        }
        last = (Some(span.resource), Some(span.scope));
        if let Some(of_scope) = of_resource.scope_spans.last_mut() {
            of_scope.spans.push(span.span);
        }
    }
    Ok(request)
}

/// Resources by their keys.
pub(super) fn resources(
    connection: &mut dyn Connection,
    keys: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Shared<Resource>>, DatabaseError> {
    let select = "SELECT resource_key, schema_url, content FROM resources WHERE resource_key";
    shared(connection, select, keys)
}

/// Scopes by their keys.
pub(super) fn scopes(
    connection: &mut dyn Connection,
    keys: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Shared<InstrumentationScope>>, DatabaseError> {
    let select = "SELECT scope_key, schema_url, content FROM scopes WHERE scope_key";
    shared(connection, select, keys)
}

fn shared<T: Message + Default>(
    connection: &mut dyn Connection,
    select: &str,
    keys: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Shared<T>>, DatabaseError> {
    let mut keys: Vec<i64> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    let mut found = HashMap::with_capacity(keys.len());
    for (places, keys) in in_lists(1, &keys) {
        for mut row in connection.query(&format!("{select} IN ({places})"), &keys)? {
            let content = row.blob(2)?;
            let shared = Shared {
                // One without anything in it is as good as none.
                content: (!content.is_empty()).then(|| T::decode(&content[..]).unwrap_or_default()),
                schema_url: row.text(1)?,
            };
            found.insert(row.int(0)?, shared);
        }
    }
    Ok(found)
}
