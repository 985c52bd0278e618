//! Traces of OTLP, span by span.

use std::fmt::Write;

use loadspan_replay::{Graph, Opened, Reading, Recording, render_text, render_unused};
use serde_json::{Map, Value, json};

/// A span of a trace. Its id is its name in hexadecimal.
pub(crate) struct Span {
    name: String,
    trace: u32,
    id: String,
    parent: Option<String>,
    links: Vec<(u32, String)>,
    start_ms: u64,
    end_ms: u64,
    failed: bool,
    attributes: Map<String, Value>,
}

/// A span of these milliseconds that is nothing in particular.
pub(crate) fn span(id: &str, start_ms: u64, end_ms: u64) -> Span {
    Span {
        name: id.to_owned(),
        trace: 1,
        id: hex(id),
        parent: None,
        links: Vec::new(),
        start_ms,
        end_ms,
        failed: false,
        attributes: Map::new(),
    }
}

/// A chat of these milliseconds.
pub(crate) fn chat(id: &str, start_ms: u64, end_ms: u64) -> Span {
    let chat = span(id, start_ms, end_ms).with("gen_ai.operation.name", "chat");
    chat.with("gen_ai.request.model", "m").named("chat m")
}

/// A tool that runs for these milliseconds.
pub(crate) fn tool(id: &str, start_ms: u64, end_ms: u64) -> Span {
    let tool = span(id, start_ms, end_ms).with("gen_ai.operation.name", "execute_tool");
    tool.with("gen_ai.tool.name", "search").named("execute_tool search")
}

impl Span {
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn of_trace(mut self, trace: u32) -> Self {
        self.trace = trace;
        self
    }

    pub(crate) fn under(mut self, id: &str) -> Self {
        self.parent = Some(hex(id));
        self
    }

    pub(crate) fn linked_to(mut self, trace: u32, id: &str) -> Self {
        self.links.push((trace, hex(id)));
        self
    }

    pub(crate) fn failed(mut self) -> Self {
        self.failed = true;
        self
    }

    /// Its input, in the shape of the conventions.
    pub(crate) fn asks<const N: usize>(self, messages: [Value; N]) -> Self {
        self.with("gen_ai.input.messages", Value::from(messages.to_vec()).to_string())
    }

    /// Its answer: one message.
    pub(crate) fn answers(self, message: Value) -> Self {
        self.with("gen_ai.output.messages", json!([message]).to_string())
    }

    pub(crate) fn says(self, text: &str) -> Self {
        self.answers(assistant(text))
    }

    /// Without content, as most are in production.
    pub(crate) fn counts(self, input: u64, output: u64) -> Self {
        let input = self.with("gen_ai.usage.input_tokens", input);
        input.with("gen_ai.usage.output_tokens", output)
    }

    /// As the file of inference-perf has it.
    pub(crate) fn plain(&self) -> Value {
        let moment = |ms: u64| {
            format!(
                "2025-01-01T00:{:02}:{:02}.{:03}Z",
                ms / 60_000,
                ms / 1_000 % 60,
                ms % 1_000
            )
        };
        json!({
            "trace_id": self.trace.to_string(), "span_id": self.id, "parent_span_id": self.parent, "name": self.name,
            "start_time": moment(self.start_ms), "end_time": moment(self.end_ms),
            "status": {"code": if self.failed { 2 } else { 0 }}, "attributes": self.attributes,
        })
    }

    fn otlp(&self) -> Value {
        let nanos = |ms: u64| ((1_700_000_000_000 + ms) * 1_000_000).to_string();
        let attributes = self.attributes.iter().map(|(key, value)| {
            let value = match value {
                Value::Bool(flag) => json!({"boolValue": flag}),
                Value::Number(number) if number.is_u64() => json!({"intValue": number.to_string()}),
                Value::Number(number) => json!({"doubleValue": number}),
                other => json!({"stringValue": other}),
            };
            json!({"key": key, "value": value})
        });
        let links = self
            .links
            .iter()
            .map(|(trace, id)| json!({"traceId": trace_id(*trace), "spanId": id}));
        json!({
            "traceId": trace_id(self.trace), "spanId": self.id, "parentSpanId": self.parent, "name": self.name,
            "startTimeUnixNano": nanos(self.start_ms), "endTimeUnixNano": nanos(self.end_ms),
            "status": {"code": if self.failed { 2 } else { 0 }},
            "attributes": attributes.collect::<Vec<_>>(), "links": links.collect::<Vec<_>>(),
        })
    }
}

pub(crate) fn system(text: &str) -> Value {
    message("system", text)
}

pub(crate) fn user(text: &str) -> Value {
    message("user", text)
}

pub(crate) fn assistant(text: &str) -> Value {
    message("assistant", text)
}

fn message(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"type": "text", "content": text}]})
}

/// A message that calls tools, by id and name.
pub(crate) fn calls<const N: usize>(calls: [(&str, &str); N]) -> Value {
    let parts = calls.map(|(id, name)| json!({"type": "tool_call", "id": id, "name": name, "arguments": {}}));
    json!({"role": "assistant", "parts": parts.to_vec()})
}

/// The result of a tool call.
pub(crate) fn result(id: &str, text: &str) -> Value {
    json!({"role": "tool", "parts": [{"type": "tool_call_response", "id": id, "response": text}]})
}

/// Spans as a document of OTLP/JSON.
pub(crate) fn otlp(spans: &[Span]) -> String {
    let spans: Vec<Value> = spans.iter().map(Span::otlp).collect();
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string()
}

pub(crate) fn recording_of(text: impl AsRef<[u8]>) -> Recording {
    match Reading::default().open("trace.json", text.as_ref(), None).unwrap() {
        Opened::Recording(recording) => recording,
        other => panic!("{other:?}"),
    }
}

/// The graphs of all sessions, and what was not used.
pub(crate) fn shown(recording: &Recording) -> String {
    let mut text = String::new();
    for session in &recording.sessions {
        let _ = write!(text, "{}", render_text(session, &Graph::of(session)));
    }
    text + &render_unused(recording)
}

/// The graphs of these spans.
pub(crate) fn graphs<const N: usize>(spans: [Span; N]) -> String {
    shown(&recording_of(otlp(&spans)))
}

fn trace_id(trace: u32) -> String {
    format!("{trace:032x}")
}

fn hex(id: &str) -> String {
    let digits: String = id.bytes().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{digits:0<16}")
}
