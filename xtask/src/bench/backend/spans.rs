//! The spans that are sent: agents that ask a model and use tools, with everything that OpenTelemetry's GenAI conventions have for it.

mod content;

use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, InstrumentationScope, Message, Resource, attribute};
use serde::{Deserialize, Serialize};

use self::content::{Place, wide_root};
use super::template::Marks;

const MILLISECOND: u64 = 1_000_000;
/// Nanoseconds between the starts of two traces that follow one another.
pub(crate) const TRACE_GAP: u64 = 100 * MILLISECOND;
/// The trace that all requests of [`Shape::Wide`] are parts of.
pub(crate) const WIDE_TRACE: [u8; 16] = *b"a trace of many ";
const WIDE_ROOT: [u8; 8] = *b"its root";

/// What is in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Shape {
    /// 64 traces of eight spans: an agent, three answers of a model, three calls of tools, a look into a store.
    Agents,
    /// One trace of one span.
    Single,
    /// 256 traces of two spans that differ in everything that traces are searched by.
    Pairs,
    /// 500 spans of one and the same trace.
    Wide,
    /// The root of that trace.
    WideRoot,
}

impl Shape {
    pub(crate) const fn spans(self) -> usize {
        match self {
            Self::Agents | Self::Pairs => 512,
            Self::Wide => 500,
            Self::Single | Self::WideRoot => 1,
        }
    }

    pub(crate) const fn traces(self) -> usize {
        match self {
            Self::Agents => 64,
            Self::Pairs => 256,
            Self::Single | Self::Wide | Self::WideRoot => 1,
        }
    }

    /// A request in protobuf. Those of other variants have other texts, names and figures.
    pub(crate) fn encode(self, marks: &Marks, variant: usize) -> Vec<u8> {
        let first = variant * self.traces();
        let traces = (0..self.traces()).map(|at| Place {
            marks,
            at,
            number: first + at,
            length: match self {
                // Of a million traces, what they say matters less than that a disk has room for them.
                Self::Pairs => 20,
                _ => 60,
            },
        });
        let spans = match self {
            Self::Agents => traces.flat_map(|place| place.agent()).collect(),
            Self::Single => traces.map(|place| place.chat(0)).collect(),
            Self::Pairs => traces.flat_map(|place| place.pair()).collect(),
            Self::Wide => traces.flat_map(|place| place.parts(self.spans())).collect(),
            Self::WideRoot => vec![wide_root(marks)],
        };
        request(variant, spans).encode_to_vec()
    }
}

fn request(variant: usize, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let environment = if variant % 10 < 7 { "prod" } else { "dev" };
    let resource = Resource {
        attributes: vec![
            attribute("service.name", "assistant"),
            attribute("service.version", "1.4.2"),
            attribute("deployment.environment.name", environment),
            attribute("host.name", format!("node-{}", variant % 4)),
            attribute("telemetry.sdk.language", "python"),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "opentelemetry.instrumentation.openai_v2".to_owned(),
        version: "2.1b0".to_owned(),
        ..InstrumentationScope::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::backend::template::{Fresh, Template, trace_id};

    const ALL: [Shape; 5] = [Shape::Agents, Shape::Single, Shape::Pairs, Shape::Wide, Shape::WideRoot];

    fn filled(shape: Shape, request: u64) -> Vec<Span> {
        let marks = Marks::default();
        let bytes = shape.encode(&marks, 0);
        let mut template = Template::new(bytes, marks);
        let fresh = Fresh {
            seed: 1,
            request,
            time_ns: 1_700_000_000_000_000_000,
        };
        let mut request = ExportTraceServiceRequest::decode(template.fill(fresh)).unwrap();
        request.resource_spans.remove(0).scope_spans.remove(0).spans
    }

    #[test]
    fn a_request_has_as_many_spans_and_traces_as_it_says() {
        for shape in ALL {
            let spans = filled(shape, 7);
            assert_eq!(spans.len(), shape.spans(), "{shape:?}");
            let mut traces: Vec<_> = spans.iter().map(|span| &span.trace_id).collect();
            traces.sort();
            traces.dedup();
            assert_eq!(traces.len(), shape.traces(), "{shape:?}");
        }
    }

    #[test]
    fn traces_are_trees_at_the_time_of_their_request() {
        let spans = filled(Shape::Agents, 2);
        let second = &spans[8..16];
        assert_eq!(second[0].trace_id, trace_id(1, 2 * 64 + 1));
        assert!(second[0].parent_span_id.is_empty());
        assert!(second[1..].iter().all(|span| span.parent_span_id == second[0].span_id));
        assert_eq!(second[0].start_time_unix_nano, 1_700_000_000_000_000_000 + TRACE_GAP);
    }

    #[test]
    fn nothing_is_left_of_the_marks() {
        for shape in ALL {
            let spans = filled(shape, 1);
            assert!(!format!("{spans:?}").contains("~#%"), "{shape:?}");
        }
    }
}
