//! An agent that looks something up and asks a model: functions, closures and tasks as spans of one trace.
//!
//! ```sh
//! MLFLOW_TRACKING_URI=http://localhost:5000 MLFLOW_EXPERIMENT_NAME=quickstart cargo run -p loadspan-sdk --example quickstart
//! ```
#![expect(clippy::print_stdout, reason = "says where the trace is")]

use std::error::Error;

use loadspan_sdk::{SpanType, TokenUsage, TracedFuture, span, start_span, update_current_trace};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Everything comes from the environment. When the guard is dropped, what is left is sent.
    let _mlflow = loadspan_sdk::init()?;

    let answer = answer("What is MLflow?").await?;
    println!("{answer}");
    if let Some(id) = loadspan_sdk::last_active_trace_id() {
        println!("trace {id}");
    }
    Ok(())
}

/// Its arguments are the inputs of the span, its result the outputs; an error makes the span one.
#[loadspan_sdk::trace(span_type = SpanType::Agent)]
async fn answer(question: &str) -> Result<String, Box<dyn Error>> {
    // Of the whole trace, from wherever in it.
    update_current_trace()
        .session("session-123")
        .user("user-42")
        .tag("environment", "production");

    // A task of its own gets the current span with it.
    let question_of_task = question.to_owned();
    let documents = tokio::spawn(async move { search(&question_of_task, 2) }.with_current_span()).await?;

    let text = ask_model(question, &documents).await;
    Ok(shorten(&text))
}

#[loadspan_sdk::trace(span_type = "RETRIEVER")]
fn search(query: &str, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("document {number} about {query}"))
        .collect()
}

/// By hand, where more is to be said. In async code `in_future` takes the place of a guard: the span is current at each poll.
async fn ask_model(question: &str, documents: &[String]) -> String {
    span("ask_model")
        .with_type(SpanType::ChatModel)
        .in_future(|span| async move {
            span.set_chat_messages(json!([
                {"role": "system", "content": documents.join("\n")},
                {"role": "user", "content": question},
            ]));
            // Your call of a model here; `ReqwestTracing` and `HttpTracingLayer` make such spans by themselves.
            let text = "MLflow is an open source platform for models and agents.";
            span.set_model("gpt-5");
            span.set_provider("openai");
            span.set_token_usage(TokenUsage::new(42, 11));
            span.set_outputs(json!({"choices": [{"message": {"role": "assistant", "content": text}}]}));
            text.to_owned()
        })
        .await
}

fn shorten(text: &str) -> String {
    let span = start_span("shorten").with_type(SpanType::Parser);
    span.set_inputs(json!({"text": text}));
    let short = text.split(" for ").next().unwrap_or(text);
    span.set_outputs(short);
    short.to_owned()
}
