//! `MLFLOW_ENABLE_OTEL_GENAI_SEMCONV`: the names of the GenAI conventions for the Collector, and MLflow's own for MLflow.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::collector::{Collector, Setup};
use super::super::otlp_json::Span;
use super::{ByService, Suite};

/// A span by its new name, and some of its attributes. Numbers are text in OTLP/JSON.
const EXPECTED: [(&str, &[(&str, &str)]); 6] = [
    (
        "invoke_agent answer",
        &[
            ("gen_ai.operation.name", "invoke_agent"),
            ("gen_ai.agent.name", "answer"),
            ("gen_ai.conversation.id", "session-123"),
            ("session.id", "session-123"),
            ("user.id", "user-42"),
            ("mlflow.traceTag.environment", "production"),
            ("mlflow.traceMetadata.version", "7"),
        ],
    ),
    (
        "chat gpt-5-mini",
        &[
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", "gpt-5-mini"),
            ("gen_ai.response.model", "gpt-5-mini-2025-08-07"),
            ("gen_ai.response.id", "chatcmpl-1"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.usage.input_tokens", "42"),
            ("gen_ai.usage.output_tokens", "11"),
            ("gen_ai.usage.cache_read.input_tokens", "8"),
        ],
    ),
    (
        "execute_tool weather",
        &[
            ("gen_ai.tool.name", "weather"),
            ("gen_ai.tool.call.arguments", r#"{"city":"Trondheim"}"#),
        ],
    ),
    (
        "retrieval search",
        &[
            ("gen_ai.retrieval.query.text", "What is MLflow?"),
            ("db.system.name", "opensearch"),
        ],
    ),
    (
        "generate_content",
        &[("gen_ai.usage.input_tokens", "5"), ("gen_ai.usage.output_tokens", "3")],
    ),
    // The conventions have no word for it.
    (
        "refund",
        &[
            ("mlflow.spanType", r#""TASK""#),
            ("mlflow.spanInputs", r#"{"order":"12a"}"#),
        ],
    ),
];

/// What says the same by another name now, and where text of a conversation is.
const MESSAGES: [(&str, &str, &str); 4] = [
    ("invoke_agent answer", "gen_ai.input.messages", "What is MLflow?"),
    (
        "invoke_agent answer",
        "gen_ai.output.messages",
        "An open source platform.",
    ),
    ("chat gpt-5-mini", "gen_ai.input.messages", "What is MLflow?"),
    ("chat gpt-5-mini", "gen_ai.output.messages", "An open source platform."),
];

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let collector = Collector::start(suite.place, "collector-genai", &Setup::default())?;
    let ended = suite
        .to_mlflow("anatomy", "genai")
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &collector.grpc_url("http"))
        .env("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true")
        .env("MLFLOW_ENABLE_OTEL_GENAI_SEMCONV", "true")
        .env("OTEL_SERVICE_NAME", "genai")
        .run()?;
    suite
        .checks
        .that("genai: it ends well", ended.is_quiet_success(), &ended);
    let received = ByService::of(collector)?;
    let spans = received.spans("genai");
    for (name, attributes) in EXPECTED {
        has(suite, spans, (name, attributes));
    }
    for (name, attribute, text) in MESSAGES {
        let message = find(spans, name).and_then(|span| said(&span.attributes, attribute));
        let label = format!("genai: {name}: {attribute}");
        suite.checks.that(label, message.as_deref() == Some(text), message);
    }
    let chat = find(spans, "chat gpt-5-mini");
    let kind = chat.map(|span| span.kind);
    suite
        .checks
        .equal("genai: calls of models are of kind CLIENT", kind, Some(3));
    let reasons = chat.and_then(|span| span.attributes.get("gen_ai.response.finish_reasons"));
    suite.checks.equal(
        "genai: finish reasons are a list",
        reasons,
        Some(&json!({"values": [{"stringValue": "stop"}]})),
    );
    in_mlflow_nothing_changes(suite)
}

fn find<'a>(spans: &'a [Span], name: &str) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == name)
}

fn has(suite: &mut Suite<'_>, spans: &[Span], (name, expected): (&str, &[(&str, &str)])) {
    let span = find(spans, name);
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    suite
        .checks
        .that(format!("genai: a span is named {name}"), span.is_some(), names);
    let found: Vec<_> = expected
        .iter()
        .map(|(key, _)| {
            let value = span.and_then(|span| span.attributes.get(*key));
            (*key, value.and_then(Value::as_str).unwrap_or_default())
        })
        .collect();
    let label = format!("genai: {name}: attributes");
    suite.checks.equal(label, found.as_slice(), expected);
}

/// The text of the last message of an attribute.
fn said(attributes: &BTreeMap<String, Value>, name: &str) -> Option<String> {
    let messages: Value = serde_json::from_str(attributes.get(name)?.as_str()?).ok()?;
    let parts = messages.as_array()?.last()?["parts"].as_array()?.last()?.clone();
    parts["content"].as_str().map(str::to_owned)
}

/// What MLflow has is what it has without the variable.
fn in_mlflow_nothing_changes(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    for root in ["answer", "refund", "replay"] {
        let [with, without] = ["genai", "content"].map(|experiment| suite.trace(experiment, root));
        let (with, without) = (with?, without?);
        let shape = |trace: &super::StoredTrace| -> Vec<_> {
            let spans = trace.spans.iter();
            let shape = |span: &super::StoredSpan| {
                let mut attributes = span.attributes.clone();
                attributes.remove("mlflow.traceRequestId");
                (span.name.clone(), span.kind.clone(), attributes)
            };
            spans.map(shape).collect()
        };
        suite.checks.equal(
            format!("genai: {root}: in MLflow, nothing changes"),
            shape(&with),
            shape(&without),
        );
        let previews = |trace: &super::StoredTrace| (trace.request_preview.clone(), trace.response_preview.clone());
        let label = format!("genai: {root}: nor do the previews");
        suite.checks.equal(label, previews(&with), previews(&without));
    }
    Ok(())
}
