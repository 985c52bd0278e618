//! What the layers leave as it is, and what they add.

use std::convert::Infallible;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::{Context, KeyValue};
use serde_json::json;
use tower::{Layer, ServiceExt};

use super::calls::chat_stream;
use super::harness::*;
use crate::testing::{self, Setting};
use crate::{HttpTracingLayer, ReqwestTracing, start_span};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn bodies_pass_in_the_same_pieces() {
    let memory = testing::state();
    let stream = chat_stream();
    for size in [1, 7, 100, 10_000] {
        let reply = Reply::new(STREAM, "").pieces(stream.as_bytes().chunks(size));
        let (path, request) = chat_request();

        let answered = block_on(send(HttpTracingLayer::new(), post(path, &request), reply.clone()));

        assert_eq!(answered.pieces, reply.pieces);
        assert_eq!(answered.seen.body, request.to_string());
    }
    assert_eq!(memory.spans().len(), 4);
}

#[test]
fn bodies_pass_reqwest_in_the_same_pieces() {
    let memory = testing::state();
    let reply = Reply::new(STREAM, "").pieces(chat_stream().as_bytes().chunks(50));
    let canned = Canned(reply.clone());
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(ReqwestTracing::new())
        .with(canned)
        .build();

    let (url, pieces) = block_on(async {
        let request = client
            .post("http://server/v1/chat/completions")
            .header("content-type", JSON);
        let mut response = request.body(chat_request().1.to_string()).send().await.unwrap();
        let mut pieces = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            pieces.push(piece.to_vec());
        }
        (response.url().clone(), pieces)
    });

    assert_eq!(pieces, reply.pieces);
    assert_eq!(url.as_str(), "http://server/v1/chat/completions");
    assert_eq!(memory.span("chat gpt-5").status, opentelemetry::trace::Status::Ok);
}

#[test]
fn sizes_stay_known() {
    let _memory = testing::state();
    block_on(async {
        let service = HttpTracingLayer::new().layer(tower::service_fn(
            |request: Request<crate::RequestBody<Full<Bytes>>>| async move {
                let size = http_body::Body::size_hint(request.body()).exact();
                assert_eq!(size, Some(chat_request().1.to_string().len() as u64));
                Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"{}"))))
            },
        ));
        let response = service
            .oneshot(post("/v1/chat/completions", &chat_request().1))
            .await
            .unwrap();
        assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(2));
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    });
}

#[test]
fn the_server_is_told_of_the_trace_and_of_nothing_else() {
    let memory = testing::state();
    let outer = start_span("request");
    let context = Context::current().with_baggage([KeyValue::new("tenant", "secret")]);
    let _scope = context.attach();

    let seen = block_on(send(
        HttpTracingLayer::new(),
        post("/v1/chat/completions", &json!({})),
        Reply::new(JSON, "{}"),
    ))
    .seen;
    drop(outer);

    let span = memory.span("chat");
    let ids = (span.span_context.trace_id(), span.span_context.span_id());
    assert_eq!(seen.headers["traceparent"], format!("00-{}-{}-01", ids.0, ids.1));
    assert_eq!(span.parent_span_id, memory.span("request").span_context.span_id());
    assert!(!seen.headers.contains_key("baggage"));
}

#[test]
fn a_traceparent_that_is_there_stays() {
    let _memory = testing::state();
    let mut request = post("/v1/chat/completions", &json!({}));
    request.headers_mut().insert("traceparent", PARENT.parse().unwrap());

    let seen = block_on(send(HttpTracingLayer::new(), request, Reply::new(JSON, "{}"))).seen;

    assert_eq!(seen.headers["traceparent"], PARENT);
}

#[test]
fn propagation_may_be_turned_off() {
    let memory = testing::state();
    let layer = HttpTracingLayer::new().without_propagation().with_provider("vllm");

    let seen = block_on(send(
        layer,
        post("/v1/chat/completions", &json!({})),
        Reply::new(JSON, "{}"),
    ))
    .seen;

    assert!(!seen.headers.contains_key("traceparent"));
    assert_eq!(last_span(&memory)["attributes"]["mlflow.llm.provider"], "vllm");
}

#[test]
fn other_requests_pass_untouched() {
    let memory = testing::state();
    let other = post("/v1/models", &json!({}));

    let seen = block_on(send(HttpTracingLayer::new(), other, Reply::new(JSON, "{}"))).seen;

    assert!(!seen.headers.contains_key("traceparent"));
    assert!(memory.spans().is_empty());
}

#[test]
fn of_a_trace_that_is_not_sampled_only_that_is_said() {
    let memory = Setting {
        sampling_ratio: 0.0,
        ..Setting::default()
    }
    .state();

    let answered = block_on(send(
        HttpTracingLayer::new(),
        post("/v1/chat/completions", &json!({})),
        Reply::new(JSON, "{}"),
    ));

    assert!(answered.seen.headers["traceparent"].to_str().unwrap().ends_with("-00"));
    assert_eq!(answered.pieces, [b"{}"]);
    assert!(memory.spans().is_empty());
}

#[test]
fn nothing_happens_while_nothing_is_set_up() {
    let _nothing = testing::nothing_set_up();

    let answered = block_on(send(
        HttpTracingLayer::new(),
        post("/v1/chat/completions", &json!({})),
        Reply::new(JSON, "{}"),
    ));

    assert!(!answered.seen.headers.contains_key("traceparent"));
}

#[test]
fn nothing_happens_where_telemetry_is_suppressed() {
    let memory = testing::state();
    let _suppressed = opentelemetry::Context::enter_telemetry_suppressed_scope();

    let answered = block_on(send(
        HttpTracingLayer::new(),
        post("/v1/chat/completions", &json!({})),
        Reply::new(JSON, "{}"),
    ));

    assert!(!answered.seen.headers.contains_key("traceparent"));
    assert!(memory.spans().is_empty());
}

/// Answers in place of the network.
struct Canned(Reply);

#[async_trait::async_trait]
impl reqwest_middleware::Middleware for Canned {
    async fn handle(
        &self,
        request: reqwest::Request,
        _extensions: &mut http::Extensions,
        _next: reqwest_middleware::Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let url = http::Response::builder();
        let url = reqwest::ResponseBuilderExt::url(url, request.url().clone())
            .body(())
            .unwrap();
        let mut response = self.0.response(reqwest::Body::wrap(self.0.body()));
        response.extensions_mut().extend(url.into_parts().0.extensions);
        Ok(response.into())
    }
}
