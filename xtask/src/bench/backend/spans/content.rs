//! What spans say.

use loadspan_wire::otlp::trace::span::SpanKind;
use loadspan_wire::otlp::trace::status::StatusCode;
use loadspan_wire::otlp::trace::{Span, Status};
use loadspan_wire::otlp::{KeyValue, attribute};
use serde_json::json;

use super::{MILLISECOND, TRACE_GAP, WIDE_ROOT, WIDE_TRACE};
use crate::bench::backend::template::{Marks, mixed};

const MODELS: [&str; 4] = [
    "gpt-4o-2024-08-06",
    "gpt-4o-mini",
    "claude-sonnet-4-5",
    "llama-3.3-70b-instruct",
];
const WORDS: [&str; 32] = [
    "the",
    "order",
    "of",
    "customer",
    "was",
    "shipped",
    "on",
    "Monday",
    "and",
    "will",
    "arrive",
    "in",
    "three",
    "days",
    "please",
    "check",
    "whether",
    "our",
    "warehouse",
    "has",
    "another",
    "one",
    "before",
    "you",
    "answer",
    "with",
    "a",
    "short",
    "summary",
    "that",
    "they",
    "understand",
];

/// A trace among those of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) marks: &'a Marks,
    /// Among those of the request.
    pub(super) at: usize,
    /// Among those of all variants.
    pub(super) number: usize,
    /// Words of a message.
    pub(super) length: usize,
}

impl Place<'_> {
    pub(super) fn agent(self) -> Vec<Span> {
        let root = self.at * 8;
        let mut spans = vec![self.root(root)];
        for step in 1..8 {
            let mut span = match step {
                7 => self.retrieval(root + step),
                step if step % 2 == 1 => self.chat(root + step),
                step => self.tool(root + step),
            };
            span.parent_span_id = self.marks.span(root);
            spans.push(span);
        }
        spans
    }

    /// A root that says everything that traces are searched by, and an answer of a model below it.
    pub(super) fn pair(self) -> Vec<Span> {
        let number = self.number;
        let milliseconds = (number * 104_729 % 10_007).pow(2) / 10_000;
        let mut root = self.root(self.at * 2);
        root.name = match number {
            number if number.is_multiple_of(10_007) => "needle".to_owned(),
            number if number.is_multiple_of(2) => "chat".to_owned(),
            number if number.is_multiple_of(3) => "agent".to_owned(),
            number => format!("step {}", number % 400),
        };
        root.end_time_unix_nano = match number % 1_000 {
            // It has not ended.
            551 => 0,
            _ => self.time(milliseconds as u64 * MILLISECOND),
        };
        if number % 101 == 7 {
            root.status = Some(Status {
                message: "the tool did not answer".to_owned(),
                code: StatusCode::Error.into(),
            });
        }
        root.attributes
            .push(attribute("mlflow.traceTag.model", format!("model-{}", number % 40)));
        if number % 1_000 == 77 {
            root.attributes
                .push(attribute("mlflow.traceTag.ticket", format!("T{number}")));
        }
        if number % 10 == 3 {
            root.attributes
                .push(attribute("mlflow.sourceRun", format!("run-{}", number % 7)));
        }
        let mut answer = self.chat(self.at * 2 + 1);
        answer.parent_span_id = root.span_id.clone();
        vec![root, answer]
    }

    /// Spans of the trace of many.
    pub(super) fn parts(self, spans: usize) -> Vec<Span> {
        (0..spans)
            .map(|index| Span {
                trace_id: WIDE_TRACE.to_vec(),
                parent_span_id: WIDE_ROOT.to_vec(),
                ..self.tool(index)
            })
            .collect()
    }

    fn root(self, span: usize) -> Span {
        let mut attributes = vec![
            attribute("gen_ai.operation.name", "invoke_agent"),
            attribute("gen_ai.agent.name", "support"),
            attribute("gen_ai.agent.id", "asst_5j66UpCpwteGg4YSxUnt7lPY"),
            attribute("gen_ai.input.messages", self.message("user", self.length)),
            attribute("gen_ai.output.messages", self.message("assistant", self.length)),
        ];
        if self.number.is_multiple_of(2) {
            attributes.push(attribute(
                "session.id",
                format!("session-{}", self.marks.session(self.at)),
            ));
        }
        if self.number.is_multiple_of(4) {
            attributes.push(attribute("user.id", format!("user-{}", self.number % 500)));
        }
        self.span(span, "invoke_agent support", SpanKind::Internal, attributes)
    }

    pub(super) fn chat(self, span: usize) -> Span {
        let model = MODELS[self.number % MODELS.len()];
        let attributes = vec![
            attribute("gen_ai.operation.name", "chat"),
            attribute("gen_ai.provider.name", "openai"),
            attribute("gen_ai.request.model", model),
            attribute("gen_ai.response.model", model),
            attribute(
                "gen_ai.response.id",
                format!("chatcmpl-{:024x}", self.number * 8 + span),
            ),
            attribute("gen_ai.response.finish_reasons", vec!["stop".to_owned()]),
            attribute("gen_ai.request.temperature", 0.7),
            attribute("gen_ai.request.max_tokens", 1024_i64),
            attribute("gen_ai.usage.input_tokens", (200 + self.number % 700) as i64),
            attribute("gen_ai.usage.output_tokens", (20 + self.number % 300) as i64),
            attribute("server.address", "api.openai.com"),
            attribute("server.port", 443_i64),
            attribute("gen_ai.input.messages", self.message("user", self.length * 3 / 2)),
            attribute("gen_ai.output.messages", self.message("assistant", self.length)),
        ];
        self.span(span, &format!("chat {model}"), SpanKind::Client, attributes)
    }

    fn tool(self, span: usize) -> Span {
        let attributes = vec![
            attribute("gen_ai.operation.name", "execute_tool"),
            attribute("gen_ai.tool.name", "get_order"),
            attribute("gen_ai.tool.type", "function"),
            attribute("gen_ai.tool.call.id", format!("call_{:024x}", self.number * 8 + span)),
            attribute("gen_ai.tool.call.arguments", json!({"order": self.number}).to_string()),
            attribute("gen_ai.tool.call.result", json!({"found": self.words(25)}).to_string()),
        ];
        self.span(span, "execute_tool get_order", SpanKind::Internal, attributes)
    }

    fn retrieval(self, span: usize) -> Span {
        let attributes = vec![
            attribute("gen_ai.operation.name", "retrieval"),
            attribute("gen_ai.data_source.id", "policies"),
            attribute("db.query.text", self.words(8)),
        ];
        self.span(span, "retrieval policies", SpanKind::Client, attributes)
    }

    fn span(self, span: usize, name: &str, kind: SpanKind, attributes: Vec<KeyValue>) -> Span {
        let begun = span as u64 % 8 * MILLISECOND;
        Span {
            trace_id: self.marks.trace(self.at),
            span_id: self.marks.span(span),
            name: name.to_owned(),
            kind: kind.into(),
            start_time_unix_nano: self.time(begun),
            end_time_unix_nano: self.time(begun + 40 * MILLISECOND),
            attributes,
            flags: 1,
            ..Span::default()
        }
    }

    /// A time, counted from the start of the trace.
    fn time(self, offset_ns: u64) -> u64 {
        self.marks.time(self.at as u64 * TRACE_GAP + offset_ns)
    }

    /// A message as the conventions have it, as JSON.
    fn message(self, role: &str, words: usize) -> String {
        let text = self.words(words);
        json!([{"role": role, "parts": [{"type": "text", "content": text}]}]).to_string()
    }

    /// So many words, always the same for a trace.
    fn words(self, count: usize) -> String {
        let words = (0..count as u64).map(|at| WORDS[usize::from(mixed(self.number as u64, at)[0]) % WORDS.len()]);
        words.collect::<Vec<_>>().join(" ")
    }
}

pub(super) fn wide_root(marks: &Marks) -> Span {
    Span {
        trace_id: WIDE_TRACE.to_vec(),
        span_id: WIDE_ROOT.to_vec(),
        name: "a long day".to_owned(),
        start_time_unix_nano: marks.time(0),
        end_time_unix_nano: marks.time(60_000 * MILLISECOND),
        ..Span::default()
    }
}
