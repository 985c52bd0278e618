//! The traces of a request, ready to be stored. Everything that needs no database is done here, beside the writer.

use std::collections::HashMap;

use loadspan_wire::otlp::ExportTraceServiceRequest;
use loadspan_wire::otlp::trace::{ResourceSpans, Span};

use super::Routing;
use super::attribute::find_text;
use super::destination::Destination;
use super::draft::{Draft, From};
use super::id::TraceId;
use super::refusal::Refusals;
use super::shared::Pool;
use super::span::{Maker, Origin};
use super::tag::{self, Tag};
use crate::error::ApiError;

/// The traces of a request.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) resources: Pool,
    pub(super) scopes: Pool,
    pub(super) sources: Vec<Source>,
    pub(super) drafts: Vec<Draft>,
    pub(super) refusals: Refusals,
    /// `x-mlflow-run-id`.
    pub(super) run_id: Option<String>,
    places: HashMap<TraceId, usize>,
}

/// What a resource says about traces.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) service: Option<String>,
    pub(super) tags: Vec<Tag>,
    tag_bytes: usize,
    pub(super) destination: Destination,
}

impl Batch {
    /// Fails if the request's headers make no sense.
    pub(super) fn prepare(
        request: ExportTraceServiceRequest,
        routing: &Routing,
        maker: Maker<'_>,
    ) -> Result<Self, ApiError> {
        let mut batch = Self {
            run_id: routing.run_id.clone().filter(|run| !run.is_empty() && run.len() <= 250),
            ..Self::default()
        };
        for spans in request.resource_spans {
            batch.add(spans, routing, maker)?;
        }
        batch.drafts.iter_mut().for_each(Draft::finish);
        Ok(batch)
    }

    fn add(&mut self, spans: ResourceSpans, routing: &Routing, maker: Maker<'_>) -> Result<(), ApiError> {
        let place = self.resources.resource(spans.resource.as_ref(), &spans.schema_url);
        let attributes = spans.resource.map(|resource| resource.attributes).unwrap_or_default();
        let tags = tag::of_resource(&attributes);
        self.sources.push(Source {
            service: find_text(&attributes, "service.name").map(|name| super::attribute::cut(&name, 250).to_owned()),
            tag_bytes: tags.iter().map(|(key, value)| key.len() + value.len()).sum(),
            tags,
            destination: Destination::of(routing, &attributes)?,
        });
        for spans in spans.scope_spans {
            let origin = Origin {
                resource: place,
                scope: self.scopes.scope(spans.scope.as_ref(), &spans.schema_url),
            };
            for span in spans.spans {
                self.add_span(span, origin, maker);
            }
        }
        Ok(())
    }

    /// Adds a span of the last source.
    fn add_span(&mut self, span: Span, origin: Origin, maker: Maker<'_>) {
        let prepared = match maker.prepare(span, origin) {
            Ok(prepared) => prepared,
            Err(reason) => return self.refusals.add(reason, 1),
        };
        let source = self.sources.len() - 1;
        let from = From {
            destination: &self.sources[source].destination,
            source,
        };
        let place = *self.places.entry(prepared.trace).or_insert_with(|| {
            self.drafts.push(Draft::new(prepared.trace, from));
            self.drafts.len() - 1
        });
        if let Err(reason) = self.drafts[place].add(prepared, from) {
            self.refusals.add(reason, 1);
        }
    }

    /// Bytes that it keeps while it waits, roughly.
    pub(super) fn bytes(&self) -> usize {
        let spans = self.drafts.iter().flat_map(|draft| &draft.spans);
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        spans
            .map(|span| size_of_val(span) + span.content.len() + span.name.len() + of(&span.translated))
            .sum::<usize>()
            + self.drafts.len() * size_of::<Draft>()
            + self.copied()
            + self.resources.bytes()
            + self.scopes.bytes()
    }

    /// Bytes of tags that traces get from their resources, at most.
    pub(super) fn copied(&self) -> usize {
        let tags = self.drafts.iter().map(|draft| self.sources[draft.source].tag_bytes);
        tags.sum()
    }
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::trace::ScopeSpans;
    use loadspan_wire::otlp::{Message, attribute, json};
    use proptest::prelude::*;

    use crate::probe::{rows_of_json, rows_of_protobuf};

    use super::*;

    fn request() -> ExportTraceServiceRequest {
        let span = |id: u8| Span {
            trace_id: vec![id / 4 + 1; 16],
            span_id: vec![id + 1; 8],
            parent_span_id: vec![id % 3; 8],
            name: "chat".to_owned(),
            start_time_unix_nano: 1_700_000_000_000_000_000,
            end_time_unix_nano: 1_700_000_000_000_000_001,
            attributes: vec![
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.usage.input_tokens", 3_i64),
                attribute(
                    "gen_ai.input.messages",
                    r#"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#,
                ),
                attribute("mlflow.spanInputs", r#"{"question":"why?"}"#),
            ],
            ..Span::default()
        };
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans: (0..8).map(span).collect(),
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        }
    }

    /// Some of the bytes are others, and the end may be missing.
    fn damaged(whole: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
        let length = whole.len();
        let changes = prop::collection::vec((0..length, any::<u8>()), 0..8);
        (changes, 0..=length).prop_map(move |(changes, end)| {
            let mut bytes = whole.clone();
            for (place, byte) in changes {
                bytes[place] = byte;
            }
            // Whole ones are of more interest than the many that break off.
            if end % 4 == 0 {
                bytes.truncate(end);
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn damaged_protobuf_makes_rows_or_an_error(body in damaged(request().encode_to_vec())) {
            let rows = rows_of_protobuf(&body);
            if let Ok(request) = ExportTraceServiceRequest::decode(&body[..]) {
                prop_assert_eq!(rows_of_json(&json::encode_traces(&request)), rows);
            }
        }

        #[test]
        fn damaged_json_makes_rows_or_an_error(body in damaged(json::encode_traces(&request()))) {
            let rows = rows_of_json(&body);
            if let Ok(request) = json::decode_traces(&body) {
                prop_assert_eq!(rows_of_protobuf(&request.encode_to_vec()), rows);
            }
        }
    }
}
