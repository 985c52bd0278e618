//! Everything that a span and its trace can carry, to look at in MLflow and to copy from.
//!
//! ```sh
//! MLFLOW_TRACKING_URI=http://localhost:5000 MLFLOW_EXPERIMENT_NAME=anatomy cargo run -p loadspan-sdk --example anatomy
//! ```
#![expect(clippy::print_stdout, reason = "says where the traces are")]

use std::num::ParseIntError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loadspan_sdk::opentelemetry::KeyValue;
use loadspan_sdk::opentelemetry::trace::SpanContext;
use loadspan_sdk::{SpanType, TokenUsage, current_span, last_active_trace_id, span, start_span, update_current_trace};
use serde_json::json;

fn main() -> Result<(), loadspan_sdk::InitError> {
    let mlflow = loadspan_sdk::init()?;

    let answered = answer();
    println!("answer  {}", last_active_trace_id().unwrap_or_default());
    let refunded = refund("12a", answered);
    println!("refund  {}", last_active_trace_id().unwrap_or_default());
    replay(UNIX_EPOCH + Duration::new(1_760_000_000, 123_456_789));
    println!("replay  {}", last_active_trace_id().unwrap_or_default());

    println!("refunded: {}", refunded.is_ok());
    let (_, counts) = mlflow.shutdown(Duration::from_secs(10));
    for count in counts {
        println!("{}: {} of {} spans", count.destination, count.exported, count.produced);
    }
    Ok(())
}

/// An agent. One of its tools fails, and it answers all the same: its trace is OK.
fn answer() -> SpanContext {
    let span = start_span("answer").with_type(SpanType::Agent);
    // Inputs and outputs in the shape of OpenAI's API are shown as a chat; their texts are the previews of the trace.
    span.set_inputs(json!({"messages": [{"role": "user", "content": "What is MLflow?"}]}));
    update_current_trace()
        .session("session-123")
        .user("user-42")
        .client_request_id("request-7")
        .tag("environment", "production")
        .metadata("version", "7");

    search();
    weather();
    ask_model();
    stream();

    span.set_outputs(json!({"choices": [{"message": {"role": "assistant", "content": "An open source platform."}}]}));
    span.span_context()
}

/// Attributes of two kinds, and an event.
fn search() {
    span("search").with_type(SpanType::Retriever).in_scope(|span| {
        span.set_inputs(json!({"query": "What is MLflow?"}));
        // As MLflow keeps them: any JSON.
        span.set_attribute("index", json!({"name": "documentation", "shards": [1, 2]}));
        // As OpenTelemetry's conventions have them: a text, a number, a bool or a list of them.
        span.set_otel_attribute("db.system.name", "opensearch");
        span.set_otel_attribute("db.response.returned_rows", 1);
        span.add_event("cache miss", [KeyValue::new("key", "mlflow")]);
        span.set_outputs(
            json!([{"page_content": "MLflow is an open source platform.", "metadata": {"doc_uri": "docs/1"}}]),
        );
    });
}

/// An error that is dealt with.
fn weather() {
    span("weather").with_type(SpanType::Tool).in_scope(|span| {
        span.set_inputs(json!({"city": "Trondheim"}));
        span.record_failure("Unavailable", "the weather service is closed");
    });
}

/// A call of a model, by hand. `ReqwestTracing` and `HttpTracingLayer` make such spans by themselves.
fn ask_model() {
    span("ask_model").with_type(SpanType::ChatModel).in_scope(|span| {
        span.set_chat_messages(json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is MLflow?"},
        ]));
        span.set_chat_tools(json!([{
            "type": "function",
            "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
        }]));
        span.set_model("gpt-5-mini");
        span.set_provider("openai");
        span.set_token_usage(TokenUsage::new(42, 11).with_cache_read(8));
        span.set_outputs(json!({
            "id": "chatcmpl-1",
            "model": "gpt-5-mini-2025-08-07",
            "choices": [{
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "An open source platform."},
            }],
        }));
    });
}

/// An output that comes in pieces.
fn stream() {
    span("stream").with_type(SpanType::Llm).in_scope(|span| {
        span.set_inputs("Once more, slowly.");
        span.set_token_usage(TokenUsage::new(5, 3));
        let mut whole = String::new();
        for piece in ["An open", " source", " platform."] {
            whole.push_str(piece);
            span.add_chunk(json!({"delta": piece}));
        }
        span.set_outputs(whole);
    });
}

/// An `Err` makes its span an error, and this one's trace, too, for it is the root. It points to the trace that it is about.
#[loadspan_sdk::trace(span_type = SpanType::Task, skip(about))]
fn refund(order: &str, about: SpanContext) -> Result<u32, ParseIntError> {
    current_span().add_link(about);
    order.parse()
}

/// What happened another time, from a log.
fn replay(start: SystemTime) {
    let root = span("replay").with_type("REPLAY").with_start_time(start).start();
    let step = span("step")
        .with_parent(&root)
        .with_start_time(start + Duration::from_nanos(1))
        .start();
    step.add_event_at(start + Duration::from_micros(7), "noted", []);
    step.end_at(start + Duration::from_nanos(999_999_999));
    root.set_outputs(json!({"steps": 1}));
    root.end_at(start + Duration::new(1, 234_567_891));
}
