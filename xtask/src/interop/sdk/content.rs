//! What MLflow's client reads back of everything that a span and its trace can carry.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::mlflow_reader::{StoredSpan, StoredTrace};
use super::Suite;

/// When `replay` says that it began.
const REPLAYED_NS: u64 = 1_760_000_000_123_456_789;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let run_id = suite.reader.make_run("content", "the run of an application")?;
    let ended = suite
        .to_mlflow("anatomy", "content")
        .env("MLFLOW_RUN_ID", &run_id)
        .run()?;
    suite
        .checks
        .that("content: it ends well", ended.is_quiet_success(), &ended);
    let traces = suite.traces("content")?;
    suite.checks.equal("content: traces", traces.len(), 3);
    let answer = suite.trace("content", "answer")?;
    trace(suite, &answer, &run_id);
    for name in ["answer", "search", "weather", "ask_model", "stream"] {
        span(suite, &answer, name);
    }
    events(suite, &answer);
    let refund = suite.trace("content", "refund")?;
    failure(suite, &refund, &answer);
    let replay = suite.trace("content", "replay")?;
    times(suite, &replay);
    let linked = suite.reader.traces_of_run("content", &run_id)?;
    suite
        .checks
        .equal("content: all traces are linked to the run", linked, traces);
    Ok(())
}

fn trace(suite: &mut Suite<'_>, trace: &StoredTrace, run_id: &str) {
    let checks = &mut *suite.checks;
    let children = ["ask_model", "search", "stream", "weather"];
    let mut tree = vec![("answer", None)];
    tree.extend(children.map(|child| (child, Some("answer"))));
    checks.equal("trace: its tree", trace.tree(), tree);
    checks.equal("trace: OK, although a tool failed", trace.state.as_str(), "OK");
    checks.equal(
        "trace: the id of the client's request",
        trace.client_request_id.as_deref(),
        Some("request-7"),
    );
    checks.equal(
        "trace: previews",
        [&trace.request_preview, &trace.response_preview].map(Option::as_deref),
        [Some("What is MLflow?"), Some("An open source platform.")],
    );
    checks.equal(
        "trace: tags",
        ["mlflow.traceName", "environment"].map(|key| trace.tags.get(key).map(String::as_str)),
        [Some("answer"), Some("production")],
    );
    let metadata = [
        ("mlflow.trace.session", "session-123"),
        ("mlflow.trace.user", "user-42"),
        ("mlflow.sourceRun", run_id),
        ("version", "7"),
    ];
    for (key, value) in metadata {
        let found = trace.metadata.get(key).map(String::as_str);
        checks.equal(format!("trace: metadata {key}"), found, Some(value));
    }
    let tokens = [
        ("input_tokens", 47),
        ("output_tokens", 14),
        ("total_tokens", 61),
        ("cache_read_input_tokens", 8),
    ];
    let tokens: BTreeMap<_, _> = tokens.map(|(kind, count)| (kind.to_owned(), count)).into();
    checks.equal("trace: tokens, of all calls of models", trace.tokens.clone(), tokens);
}

/// What a span of `answer` has to have: type, inputs, outputs, and attributes beside those.
fn expected(name: &str) -> (&'static str, [Value; 3]) {
    let assistant = json!({"role": "assistant", "content": "An open source platform."});
    let user = json!({"role": "user", "content": "What is MLflow?"});
    match name {
        "answer" => (
            "AGENT",
            [
                json!({"messages": [user]}),
                json!({"choices": [{"message": assistant}]}),
                json!({"mlflow.traceTag.environment": "production", "session.id": "session-123", "user.id": "user-42"}),
            ],
        ),
        "search" => (
            "RETRIEVER",
            [
                json!({"query": "What is MLflow?"}),
                json!([{"page_content": "MLflow is an open source platform.", "metadata": {"doc_uri": "docs/1"}}]),
                json!({
                    "index": {"name": "documentation", "shards": [1, 2]},
                    "db.system.name": "opensearch",
                    "db.response.returned_rows": 1,
                }),
            ],
        ),
        "weather" => ("TOOL", [json!({"city": "Trondheim"}), Value::Null, json!({})]),
        "ask_model" => (
            "CHAT_MODEL",
            [
                json!({"messages": [{"role": "system", "content": "Be brief."}, user]}),
                json!({
                    "id": "chatcmpl-1",
                    "model": "gpt-5-mini-2025-08-07",
                    "choices": [{"index": 0, "finish_reason": "stop", "message": assistant}],
                }),
                json!({
                    "mlflow.llm.model": "gpt-5-mini",
                    "mlflow.llm.provider": "openai",
                    "mlflow.chat.tokenUsage": {
                        "input_tokens": 42, "output_tokens": 11, "total_tokens": 53, "cache_read_input_tokens": 8,
                    },
                    "mlflow.chat.tools": [{
                        "type": "function",
                        "function": {
                            "name": "weather",
                            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
                        },
                    }],
                }),
            ],
        ),
        _ => (
            "LLM",
            [
                json!("Once more, slowly."),
                json!("An open source platform."),
                json!({"mlflow.chat.tokenUsage": {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}}),
            ],
        ),
    }
}

fn span(suite: &mut Suite<'_>, trace: &StoredTrace, name: &str) {
    let (kind, [inputs, outputs, attributes]) = expected(name);
    let found = trace.span(name);
    let checks = &mut *suite.checks;
    let shown = found.map(|span| (span.kind.as_str(), &span.inputs, &span.outputs));
    checks.equal(
        format!("{name}: type, inputs, outputs"),
        shown,
        Some((kind, &inputs, &outputs)),
    );
    let lacking: Vec<_> = attributes
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, value)| found.and_then(|span| span.attributes.get(*key)) != Some(value))
        .collect();
    checks.that(
        format!("{name}: attributes"),
        lacking.is_empty(),
        (lacking, found.map(|span| &span.attributes)),
    );
    let status = if name == "weather" { "ERROR" } else { "OK" };
    let found = found.map(|span| span.status.as_str());
    checks.equal(format!("{name}: status"), found, Some(status));
}

fn events(suite: &mut Suite<'_>, trace: &StoredTrace) {
    let chunk = |index: usize, piece: &str| {
        let value = json!({ "delta": piece }).to_string();
        (
            format!("mlflow.chunk.item.{index}"),
            json!({ "mlflow.chunk.value": value }),
        )
    };
    let exception = json!({"exception.type": "Unavailable", "exception.message": "the weather service is closed"});
    let expected = [
        ("search", vec![("cache miss".to_owned(), json!({"key": "mlflow"}))]),
        ("weather", vec![("exception".to_owned(), exception)]),
        (
            "stream",
            vec![chunk(0, "An open"), chunk(1, " source"), chunk(2, " platform.")],
        ),
    ];
    for (name, expected) in expected {
        let found = trace.span(name).map(events_of).unwrap_or_default();
        suite.checks.equal(format!("{name}: events"), found, expected);
    }
}

fn events_of(span: &StoredSpan) -> Vec<(String, Value)> {
    let events = span.events.iter();
    events
        .map(|event| (event.name.clone(), json!(event.attributes)))
        .collect()
}

/// A traced function that returns `Err`.
fn failure(suite: &mut Suite<'_>, refund: &StoredTrace, answer: &StoredTrace) {
    let checks = &mut *suite.checks;
    checks.equal("failure: the trace is an error", refund.state.as_str(), "ERROR");
    let span = refund.span("refund");
    let message = "core::num::error::ParseIntError: invalid digit found in string";
    checks.equal(
        "failure: the span says which",
        span.map(|span| (span.status.as_str(), span.status_message.as_str())),
        Some(("ERROR", message)),
    );
    let exception = json!({
        "exception.type": "core::num::error::ParseIntError",
        "exception.message": "invalid digit found in string",
    });
    checks.equal(
        "failure: and so does an event",
        span.map(events_of),
        Some(vec![("exception".to_owned(), exception)]),
    );
    checks.equal(
        "failure: its arguments are the inputs, without the one that is skipped",
        span.map(|span| &span.inputs),
        Some(&json!({"order": "12a"})),
    );
    checks.equal(
        "failure: it points to the trace that it is about",
        span.map(|span| span.links.clone()),
        Some(vec![answer.id.clone()]),
    );
}

/// Times that the application gave, to the nanosecond.
fn times(suite: &mut Suite<'_>, trace: &StoredTrace) {
    let checks = &mut *suite.checks;
    let of = |name| trace.span(name).map(|span| (span.start_ns, span.end_ns));
    let root = (REPLAYED_NS, REPLAYED_NS + 1_234_567_891);
    checks.equal("times: of the root", of("replay"), Some(root));
    let step = (REPLAYED_NS + 1, REPLAYED_NS + 999_999_999);
    checks.equal("times: of the step", of("step"), Some(step));
    let event = trace.span("step").and_then(|span| span.events.first());
    let noted = event.map(|event| (event.name.as_str(), event.time_ns));
    checks.equal("times: of the event", noted, Some(("noted", REPLAYED_NS + 7_000)));
    checks.equal(
        "times: of the trace, to the millisecond",
        (trace.request_time_ms, trace.duration_ms),
        (1_760_000_000_123, Some(1_235)),
    );
    let kind = trace.span("replay").map(|span| span.kind.as_str());
    checks.equal("a type of the application's own", kind, Some("REPLAY"));
}
