//! Statements on `spans`.

use super::super::span::SpanRow;
use crate::database::{Connection, DatabaseError, Insert, Value};

/// Spans of one statement.
const CHUNK: usize = 256;
const COLUMNS: usize = 25;
/// What was sent last counts; that a span ended is not taken back by an earlier word that comes late.
const INSERT: Insert<'_> = Insert {
    into: "spans (trace_key, span_id, parent_span_id, name, type, kind, status, start_ns, end_ns, resource_key, \
           scope_key, model, provider, input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, input_cost, output_cost, \
           total_cost, events, links, content, translated)",
    columns: COLUMNS,
    otherwise: "ON CONFLICT (trace_key, span_id) DO UPDATE SET parent_span_id = excluded.parent_span_id, \
                name = excluded.name, type = excluded.type, kind = excluded.kind, status = excluded.status, start_ns = excluded.start_ns, \
                end_ns = excluded.end_ns, resource_key = excluded.resource_key, scope_key = excluded.scope_key, \
                model = excluded.model, provider = excluded.provider, input_tokens = excluded.input_tokens, \
                output_tokens = excluded.output_tokens, total_tokens = excluded.total_tokens, \
                cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens, \
                input_cost = excluded.input_cost, output_cost = excluded.output_cost, total_cost = excluded.total_cost, \
                events = excluded.events, links = excluded.links, content = excluded.content, translated = excluded.translated \
                WHERE excluded.end_ns <> 0 OR spans.end_ns = 0",
};

/// The keys of what a request's spans share, by place.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) resources: Vec<i64>,
    pub(super) scopes: Vec<i64>,
}

/// Stores spans, each with the key of its trace. None is there twice.
pub(super) fn insert(
    connection: &mut dyn Connection,
    spans: &[(i64, &SpanRow)],
    keys: &Keys,
) -> Result<(), DatabaseError> {
    for chunk in spans.chunks(CHUNK) {
        let values = chunk.iter().flat_map(|(trace, span)| values(*trace, span, keys));
        connection.insert(&INSERT, &values.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn values<'s>(trace: i64, span: &'s SpanRow, keys: &Keys) -> [Value<'s>; COLUMNS] {
    let [input, output, total, cache_read, cache_write] = span.used.tokens();
    let [input_cost, output_cost, total_cost] = span.used.costs();
    [
        trace.into(),
        Value::Blob(&span.id),
        span.parent.as_ref().map(|id| &id[..]).into(),
        (&span.name).into(),
        (&span.span_type).into(),
        span.kind.into(),
        span.status.into(),
        span.start_ns.into(),
        span.end_ns.into(),
        keys.resources[span.resource].into(),
        keys.scopes[span.scope].into(),
        (&span.model).into(),
        (&span.provider).into(),
        input,
        output,
        total,
        cache_read,
        cache_write,
        input_cost,
        output_cost,
        total_cost,
        span.events.into(),
        span.links.into(),
        (&span.content).into(),
        (&span.translated).into(),
    ]
}
