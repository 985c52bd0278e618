//! async-openai through `ReqwestTracing`, against a server.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures_util::StreamExt;
use loadspan_testkit::{Answer, DurationExt, FakeServer, Fault, RunningServer, Script, every};
use reqwest_middleware::ClientWithMiddleware;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::harness::*;
use crate::{ReqwestTracing, testing};

/// A client of async-openai that sends through a client with the middleware.
fn client(server: &RunningServer) -> Client<OpenAIConfig> {
    let traced = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(ReqwestTracing::new())
        .build();
    through(server, traced)
}

fn through(server: &RunningServer, http: ClientWithMiddleware) -> Client<OpenAIConfig> {
    let service = tower::service_fn(move |request: HttpRequestFactory| {
        let http = http.clone();
        async move {
            let sent = http.execute(request.build().await?).await;
            sent.map_err(|error| OpenAIError::Boxed(error.into()))
        }
    });
    let config = OpenAIConfig::new()
        .with_api_base(format!("{}/v1", server.url()))
        .with_api_key("sk-secret");
    Client::with_config(config).with_http_service(service)
}

fn request<T: DeserializeOwned>(request: Value) -> T {
    serde_json::from_value(request).unwrap()
}

fn chat<T: DeserializeOwned>() -> T {
    request(json!({
        "model": "gpt-5",
        "messages": [{"role": "user", "content": "What is MLflow?"}],
        "tools": [{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}],
    }))
}

fn streamed<T: DeserializeOwned>() -> T {
    request(
        json!({"model": "gpt-5", "messages": [{"role": "user", "content": "What is MLflow?"}],
        "stream_options": {"include_usage": true}}),
    )
}

#[test]
fn a_chat_is_a_span() {
    let memory = testing::state();
    let server = FakeServer::new().tokens(4, every(1.ms())).capture(1).start().unwrap();

    let response = block_on(async { client(&server).chat().create(chat()).await }).unwrap();

    let span = last_span(&memory);
    let attributes = &span["attributes"];
    let sent = &server.requests()[0];
    assert_eq!((&span["name"], &span["status"]), (&json!("chat gpt-5"), &json!("Ok")));
    assert_eq!(attributes["mlflow.spanInputs"], sent.json());
    assert_eq!(
        attributes["mlflow.spanOutputs"]["choices"][0]["message"]["content"],
        json!(response.choices[0].message.content)
    );
    assert_eq!(attributes["mlflow.chat.tokenUsage"]["output_tokens"], 4);
    assert_eq!(attributes["mlflow.chat.tools"][0]["function"]["name"], "search");
    assert_eq!(attributes["server.port"], server.address().port());
    let parent = memory.spans()[0].span_context.span_id().to_string();
    assert!(sent.header("traceparent").unwrap().contains(&parent));
    assert_eq!(sent.header("authorization"), Some("Bearer sk-secret"));
    assert!(!span.to_string().contains("sk-secret"));
}

#[test]
fn a_streamed_chat_with_tool_calls_is_a_span() {
    let memory = testing::state();
    let script = Script::new()
        .ttft(5.ms())
        .tokens(6, every(1.ms()))
        .answer(Answer::ToolCall);
    let server = FakeServer::new().script(script).start().unwrap();

    let arguments = block_on(async {
        let mut stream = client(&server).chat().create_stream(streamed()).await.unwrap();
        let mut arguments = String::new();
        while let Some(chunk) = stream.next().await {
            let calls = chunk
                .unwrap()
                .choices
                .into_iter()
                .flat_map(|choice| choice.delta.tool_calls)
                .flatten();
            arguments.extend(calls.filter_map(|call| call.function?.arguments));
        }
        arguments
    });

    let attributes = &last_span(&memory)["attributes"];
    let message = &attributes["mlflow.spanOutputs"]["choices"][0]["message"];
    assert!(!arguments.is_empty());
    assert_eq!(
        message["tool_calls"],
        json!([{"id": "call_0", "type": "function", "function": {"name": "search", "arguments": arguments}}])
    );
    assert_eq!(attributes["gen_ai.request.stream"], true);
    assert_eq!(attributes["gen_ai.response.time_to_first_chunk"], "seconds");
    assert_eq!(attributes["mlflow.chat.tokenUsage"]["output_tokens"], 6);
}

#[test]
fn embeddings_responses_and_completions_are_spans() {
    let memory = testing::state();
    let server = FakeServer::new().tokens(3, every(0.ms())).start().unwrap();
    block_on(async {
        let client = client(&server);
        client
            .embeddings()
            .create(request(json!({"model": "e", "input": "a"})))
            .await
            .unwrap();
        client
            .completions()
            .create(request(json!({"model": "c", "prompt": "a"})))
            .await
            .unwrap();
        let mut stream = client
            .responses()
            .create_stream(request(json!({"model": "r", "input": "a"})))
            .await
            .unwrap();
        while let Some(event) = stream.next().await {
            event.unwrap();
        }
        // This client reads to the end of the body in a task of its own.
        eventually(|| memory.spans().len() == 3).await;
    });

    let spans: Vec<_> = memory.spans().iter().map(|span| as_json(span)).collect();
    let names: Vec<_> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["embeddings e", "text_completion c", "chat r"]);
    for span in &spans {
        assert_eq!(span["status"], "Ok", "{span}");
        assert!(
            span["attributes"]["mlflow.chat.tokenUsage"]["total_tokens"].as_u64() > Some(0),
            "{span}"
        );
    }
}

#[test]
fn refusals_reach_the_caller_and_the_span() {
    let memory = testing::state();
    let server = FakeServer::new().api_key("another").start().unwrap();

    let unauthorised = block_on(async { client(&server).chat().create(chat()).await }).unwrap_err();
    let busy = FakeServer::new()
        .script(Script::new().fault(Fault::too_many_requests(1.secs())))
        .start()
        .unwrap();
    let refused = block_on(async { client(&busy).chat().create(chat()).await }).unwrap_err();

    let spans: Vec<_> = memory.spans().iter().map(|span| as_json(span)).collect();
    for (span, (status, error)) in spans.iter().zip([(401, unauthorised), (429, refused)]) {
        assert!(matches!(error, OpenAIError::ApiError(error) if error.status_code == status));
        assert_eq!(span["attributes"]["error.type"], status.to_string());
        assert!(span["status"].as_str().unwrap().starts_with("Error"), "{span}");
    }
}

#[test]
fn a_stream_that_is_cut_is_an_error() {
    let memory = testing::state();
    let script = Script::new().tokens(10, every(1.ms())).fault(Fault::TruncateAfter(3));
    let server = FakeServer::new().script(script).start().unwrap();
    let failed = block_on(async {
        let mut stream = client(&server).chat().create_stream(streamed()).await.unwrap();
        let mut failed = false;
        while let Some(chunk) = stream.next().await {
            failed |= chunk.is_err();
        }
        eventually(|| !memory.spans().is_empty()).await;
        failed
    });

    let span = last_span(&memory);
    assert!(failed);
    assert_eq!(span["attributes"]["error.type"], "response_broken");
    assert!(
        span["attributes"]["mlflow.spanOutputs"]["choices"][0]["message"]["content"].is_string(),
        "{span}"
    );
}

#[test]
fn a_stream_that_is_given_up_says_so() {
    let memory = testing::state();
    let script = Script::new().tokens(10, every(1.ms())).fault(Fault::StallAfter(3));
    let server = FakeServer::new().script(script).start().unwrap();
    block_on(async {
        let mut stream = client(&server).chat().create_stream(streamed()).await.unwrap();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        eventually(|| !memory.spans().is_empty()).await;
    });

    let span = last_span(&memory);
    assert_eq!(
        (&span["status"], &span["attributes"]["loadspan.stream.dropped"]),
        (&json!("Unset"), &json!(true))
    );
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let memory = testing::state();
    let server = FakeServer::new().start().unwrap();
    let client = client(&server);
    server.shutdown();

    block_on(async { client.chat().create(chat()).await }).unwrap_err();

    let span = last_span(&memory);
    assert_eq!(span["attributes"]["error.type"], "connect", "{span}");
}

#[test]
fn a_timeout_is_an_error() {
    let memory = testing::state();
    let server = FakeServer::new()
        .script(Script::new().fault(Fault::Silence))
        .start()
        .unwrap();
    let plain = reqwest::Client::builder().timeout(100.ms()).build().unwrap();
    let traced = reqwest_middleware::ClientBuilder::new(plain)
        .with(ReqwestTracing::new())
        .build();

    block_on(async { through(&server, traced).chat().create(chat()).await }).unwrap_err();

    assert_eq!(last_span(&memory)["attributes"]["error.type"], "timeout");
}
