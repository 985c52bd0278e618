//! Traces that nobody wrote: calls of a client crate to the mock server, and spans of `tracing`.

use std::process::Command;

use serde_json::{Value, json};

use super::super::daemon::{Daemon, free_ports};
use super::super::loadspan::clean_command;
use super::super::mlflow_reader::{StoredSpan, StoredTrace};
use super::Suite;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    openai(suite)?;
    tracing_layer(suite)
}

fn openai(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let [port] = free_ports()?;
    let mut mock: Command = clean_command(suite.place);
    mock.args(["mock", "--ttft", "20ms", "--itl", "1ms", "--port", &port.to_string()]);
    let _mock = Daemon::start(&mut mock, &suite.place.scratch.join("mock-log"), &[port])?;
    let ended = suite
        .to_mlflow("openai", "openai")
        .env("OPENAI_BASE_URL", &format!("http://127.0.0.1:{port}/v1"))
        .env("OPENAI_API_KEY", "key-of-no-worth")
        .env("OPENAI_MODEL", "mock-model")
        .run()?;
    suite
        .checks
        .that("openai: it ends well", ended.is_quiet_success(), &ended);
    let trace = suite.trace("openai", "conversation")?;
    let tree = vec![
        ("chat mock-model", Some("conversation")),
        ("chat mock-model", Some("conversation")),
        ("conversation", None),
    ];
    suite.checks.equal("openai: each call is a span", trace.tree(), tree);
    let mut calls: Vec<_> = trace.spans.iter().filter(|span| span.parent.is_some()).collect();
    calls.sort_unstable_by_key(|span| span.start_ns);
    let asked = ["What is MLflow?", "And what is a span?"];
    for ((call, question), answer) in calls.iter().zip(asked).zip(ended.stdout.lines()) {
        is_a_chat(suite, call, (question, answer));
    }
    if let [whole, streamed] = calls[..] {
        streams(suite, whole, streamed);
    }
    adds_up(suite, &trace);
    let everything = format!("{trace:?}");
    suite.checks.that(
        "openai: the key is nowhere",
        !everything.contains("key-of-no-worth"),
        everything.len(),
    );
    Ok(())
}

/// Everything of a call that was asked and answered, as the program saw it.
fn is_a_chat(suite: &mut Suite<'_>, call: &StoredSpan, (question, answer): (&str, &str)) {
    let checks = &mut *suite.checks;
    checks.equal(
        format!("openai: {question}: type and status"),
        (call.kind.as_str(), call.status.as_str()),
        ("CHAT_MODEL", "OK"),
    );
    checks.equal(
        format!("openai: {question}: that is what was asked"),
        &call.inputs["messages"],
        &json!([{"role": "user", "content": question}]),
    );
    checks.equal(
        format!("openai: {question}: the answer is the one that the program got"),
        call.outputs["choices"][0]["message"]["content"].as_str(),
        Some(answer).filter(|answer| !answer.is_empty()),
    );
    let texts = ["mlflow.llm.model", "mlflow.llm.provider", "gen_ai.operation.name"];
    checks.equal(
        format!("openai: {question}: model, provider, operation"),
        texts.map(|key| call.attributes.get(key).and_then(Value::as_str)),
        [Some("mock-model"), Some("openai"), Some("chat")],
    );
}

fn streams(suite: &mut Suite<'_>, whole: &StoredSpan, streamed: &StoredSpan) {
    const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
    let chunks = |span: &StoredSpan| {
        let events = span.events.iter();
        events
            .filter(|event| event.name.starts_with("mlflow.chunk.item."))
            .count()
    };
    let checks = &mut *suite.checks;
    checks.equal("openai: an answer as a whole has no chunks", chunks(whole), 0);
    // 32 tokens, each in a chunk.
    checks.that(
        "openai: a stream has its chunks as events",
        chunks(streamed) > 32,
        chunks(streamed),
    );
    let first = streamed.attributes.get(FIRST_CHUNK).and_then(Value::as_f64);
    let whole_takes = std::time::Duration::from_nanos(streamed.end_ns - streamed.start_ns).as_secs_f64();
    checks.that(
        "openai: the first chunk took its time, and came before the last",
        first.is_some_and(|first| (0.02..whole_takes).contains(&first)),
        (first, whole_takes),
    );
}

/// What the spans say of tokens is what the server counted: 32 out for each, and the trace has the sum.
fn adds_up(suite: &mut Suite<'_>, trace: &StoredTrace) {
    let used = |kind: &str| -> Vec<_> {
        let usages = trace
            .spans
            .iter()
            .filter_map(|span| span.attributes.get("mlflow.chat.tokenUsage"));
        usages.filter_map(|usage| usage[kind].as_u64()).collect()
    };
    let checks = &mut *suite.checks;
    checks.equal("openai: tokens of the answers", used("output_tokens"), vec![32, 32]);
    for kind in ["input_tokens", "output_tokens", "total_tokens"] {
        let total = trace.tokens.get(kind).copied();
        checks.equal(
            format!("openai: {kind} of the trace"),
            total,
            Some(used(kind).iter().sum()),
        );
    }
}

fn tracing_layer(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let ended = suite.to_mlflow("tracing_layer", "tracing_layer").run()?;
    let trace = suite.trace("tracing_layer", "process_request")?;
    let checks = &mut *suite.checks;
    checks.that("tracing_layer: it ends well", ended.is_quiet_success(), &ended);
    let tree = vec![
        ("answer", Some("process_request")),
        ("process_request", None),
        ("search", Some("process_request")),
    ];
    checks.equal("tracing_layer: spans of both kinds nest", trace.tree(), tree);
    let found = json!(["WHAT IS MLFLOW?", "WHAT IS MLFLOW?"]);
    let expected = [
        (
            "process_request",
            "CHAIN",
            json!({"query": "What is MLflow?"}),
            json!("MLflow is an open source platform"),
        ),
        (
            "search",
            "RETRIEVER",
            json!({"query": "What is MLflow?", "count": 2}),
            found.clone(),
        ),
        ("answer", "LLM", found, json!("MLflow is an open source platform")),
    ];
    for (name, kind, inputs, outputs) in expected {
        let span = trace.span(name);
        checks.equal(
            format!("tracing_layer: {name}: type, inputs, outputs"),
            span.map(|span| (span.kind.as_str(), &span.inputs, &span.outputs)),
            Some((kind, &inputs, &outputs)),
        );
    }
    let event = trace.span("process_request").and_then(|span| span.events.first());
    let documents = event.map(|event| (event.name.as_str(), event.attributes.get("documents")));
    checks.equal(
        "tracing_layer: events of tracing are events",
        documents,
        Some(("searched", Some(&json!(2)))),
    );
    Ok(())
}
