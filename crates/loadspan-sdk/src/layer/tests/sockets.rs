//! hyper's client through `HttpTracingLayer`, and both clients without a layer beside it, against a server.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use loadspan_testkit::{Answer, DurationExt, FakeServer, RunningServer, Script, Writes, every};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

use super::harness::*;
use crate::{HttpTracingLayer, ReqwestTracing, testing};

fn server() -> RunningServer {
    let writes = Writes::Split {
        bytes: 5.try_into().unwrap(),
        pause: std::time::Duration::ZERO,
    };
    let script = Script::new()
        .tokens(20, every(1.ms()))
        .answer(Answer::ToolCall)
        .writes(writes);
    FakeServer::new().script(script).capture(2).start().unwrap()
}

fn streamed() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hé"}], "stream": true, "stream_options": {"include_usage": true}})
}

fn request(server: &RunningServer) -> Request<Full<Bytes>> {
    let request = Request::post(format!("{}/v1/chat/completions", server.url())).header("content-type", JSON);
    request.body(Full::from(streamed().to_string())).unwrap()
}

/// The number of the response, which the ids in it have.
fn without_number(body: &[u8]) -> String {
    String::from_utf8(body.to_vec())
        .unwrap()
        .replace("chatcmpl-0", "chatcmpl-1")
}

#[test]
fn hyper_sends_and_receives_the_same_bytes_with_the_layer() {
    let memory = testing::state();
    let server = server();
    let (plain, traced) = block_on(async {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let plain = client.oneshot(request(&server)).await.unwrap();
        let plain = plain.into_body().collect().await.unwrap().to_bytes();
        let client = HttpTracingLayer::new().layer(Client::builder(TokioExecutor::new()).build_http());
        let traced = client.oneshot(request(&server)).await.unwrap();
        (plain, traced.into_body().collect().await.unwrap().to_bytes())
    });

    let sent = server.requests();
    assert_eq!(without_number(&plain), without_number(&traced));
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!(sent[0].header("content-length"), sent[1].header("content-length"));
    let span = last_span(&memory);
    assert_eq!(memory.spans().len(), 1);
    assert_eq!(span["status"], "Ok");
    assert_eq!(span["attributes"]["mlflow.spanInputs"], streamed());
    assert_eq!(span["attributes"]["mlflow.chat.tokenUsage"]["output_tokens"], 20);
    assert_eq!(span["attributes"]["server.address"], "127.0.0.1");
}

#[test]
fn reqwest_sends_and_receives_the_same_bytes_with_the_middleware() {
    let memory = testing::state();
    let server = server();
    let url = format!("{}/v1/chat/completions", server.url());
    let body = streamed().to_string();
    let (plain, traced) = block_on(async {
        let client = reqwest::Client::new();
        let plain = client
            .post(&url)
            .header("content-type", JSON)
            .body(body.clone())
            .send()
            .await
            .unwrap();
        let plain = plain.bytes().await.unwrap();
        let client = reqwest_middleware::ClientBuilder::new(client)
            .with(ReqwestTracing::new())
            .build();
        // A body that is not in memory, so that it is read as it passes.
        let passing = reqwest::Body::wrap(Full::<Bytes>::from(body.clone()));
        let traced = client
            .post(&url)
            .header("content-type", JSON)
            .body(passing)
            .send()
            .await
            .unwrap();
        assert_eq!(traced.url().as_str(), url);
        (plain, traced.bytes().await.unwrap())
    });

    let sent = server.requests();
    assert_eq!(without_number(&plain), without_number(&traced));
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!(sent[0].header("content-length"), sent[1].header("content-length"));
    assert_eq!(last_span(&memory)["attributes"]["mlflow.spanInputs"], streamed());
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let memory = testing::state();
    let server = server();
    let request = request(&server);
    server.shutdown();

    let client = HttpTracingLayer::new().layer(Client::builder(TokioExecutor::new()).build_http());
    assert!(block_on(client.oneshot(request)).is_err());

    assert_eq!(last_span(&memory)["attributes"]["error.type"], "_OTHER");
}
