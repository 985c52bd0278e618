//! What is recorded of calls that fail, break off, or are given up.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceExt};

use super::calls::{chat_stream, response_events};
use super::harness::*;
use crate::{HttpTracingLayer, RequestBody, testing};

#[test]
fn a_refusal_is_an_error_with_the_words_of_the_server() {
    let memory = testing::state();
    let error = json!({"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}});

    let span = span_of_call(&memory, chat_request(), Reply::new(JSON, error.to_string()).status(429));

    assert_eq!(span["status"], r#"Error { description: "429: Rate limit reached" }"#);
    assert_eq!(span["attributes"]["error.type"], "429");
    assert_eq!(span["attributes"]["http.response.status_code"], 429);
    assert_eq!(span["attributes"]["mlflow.spanOutputs"], error);
    assert_eq!(span["events"][0]["name"], "exception");
}

#[test]
fn servers_word_their_errors_in_many_ways() {
    let memory = testing::state();
    let cases = [
        (r#"{"error":"no such model"}"#, "no such model"),
        (r#"{"message":"no such model","object":"error"}"#, "no such model"),
        (r#"{"detail":"Not Found"}"#, "Not Found"),
        ("<html>", "Bad Gateway"),
        ("", "Bad Gateway"),
        ("[1]", "Bad Gateway"),
    ];
    for (body, message) in cases {
        let span = span_of_call(&memory, chat_request(), Reply::new(JSON, body).status(502));

        assert_eq!(
            span["status"],
            format!("Error {{ description: \"502: {message}\" }}"),
            "{body}"
        );
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    let memory = testing::state();
    for body in ["", "not JSON {", "<html></html>", "[]", "\u{0}"] {
        let span = span_of_call(&memory, chat_request(), Reply::new(JSON, body));

        assert_eq!(span["attributes"]["error.type"], "invalid_response", "{body}");
    }
}

#[test]
fn members_of_a_wrong_kind_disturb_no_others() {
    let memory = testing::state();
    let request = json!({"model": 5, "temperature": "hot", "stop": {}, "tools": "none", "n": -1.5, "seed": 7});
    let response = r#"{"id": 5, "model": "m", "choices": {"a": 1}, "usage": {"prompt_tokens": "x"}, "id": ["b"]}"#;

    let span = span_of_call(&memory, ("/v1/chat/completions", request), Reply::new(JSON, response));

    assert_eq!((&span["name"], &span["status"]), (&json!("chat"), &json!("Ok")));
    assert_eq!(span["attributes"]["gen_ai.request.seed"], 7);
    assert_eq!(span["attributes"]["mlflow.llm.model"], "m");
}

#[test]
fn a_stream_that_breaks_off_is_an_error_with_what_came() {
    let memory = testing::state();
    let stream = chat_stream();
    let half = stream.find("look. ").unwrap();

    for reply in [
        Reply::new(STREAM, &stream.as_bytes()[..half]),
        Reply::new(STREAM, &stream.as_bytes()[..half]).broken_off(),
    ] {
        let span = span_of_call(&memory, chat_request(), reply);

        assert_eq!(span["attributes"]["error.type"], "response_broken");
        assert!(span["status"].as_str().unwrap().starts_with("Error"), "{span}");
        assert_eq!(
            span["attributes"]["mlflow.spanOutputs"]["choices"][0]["message"]["content"],
            "Let me "
        );
    }
}

#[test]
fn a_thousand_chunks_leave_room_for_what_went_wrong() {
    let memory = testing::state();
    let event = json!({"choices": [{"index": 0, "delta": {"content": "a"}}]});
    let events: String = (0..1_100).map(|_| format!("data: {event}\n\n")).collect();

    let span = span_of_call(&memory, chat_request(), Reply::new(STREAM, events).broken_off());

    let events = span["events"].as_array().unwrap();
    assert_eq!(events.len(), 1_001);
    assert_eq!(events[1_000]["name"], "exception");
}

#[test]
fn a_response_that_breaks_off_is_put_together_from_its_items() {
    let memory = testing::state();
    let mut events = response_events();
    let whole = events.pop().unwrap();

    let span = span_of_call(
        &memory,
        ("/v1/responses", json!({})),
        Reply::new(STREAM, named_stream(&events)),
    );

    assert_eq!(span["attributes"]["error.type"], "response_broken");
    assert_eq!(
        span["attributes"]["mlflow.spanOutputs"]["output"],
        whole["response"]["output"]
    );
}

#[test]
fn an_error_within_a_stream_is_an_error() {
    let memory = testing::state();
    let cases = [
        ("/v1/chat/completions", json!({"error": {"message": "out of memory"}})),
        ("/v1/responses", json!({"type": "error", "message": "out of memory"})),
        (
            "/v1/responses",
            json!({"type": "response.failed", "response": {"status": "failed", "error": {"message": "out of memory"}}}),
        ),
    ];
    for (path, event) in cases {
        let span = span_of_call(&memory, (path, json!({})), Reply::new(STREAM, stream(&[event])));

        assert_eq!(
            span["status"], r#"Error { description: "server_error: out of memory" }"#,
            "{path}"
        );
    }
}

#[test]
fn a_stream_that_the_application_drops_says_so() {
    let memory = testing::state();
    block_on(async {
        let reply = Reply::new(STREAM, "").pieces(chat_stream().as_bytes().chunks(400));
        let mut response = answer(reply).await;
        response.body_mut().frame().await.unwrap().unwrap();
    });

    let span = last_span(&memory);
    assert_eq!(span["status"], "Unset");
    assert_eq!(span["attributes"]["loadspan.stream.dropped"], true);
    assert_eq!(span["attributes"]["mlflow.spanInputs"], chat_request().1);
}

#[test]
fn a_stream_that_is_dropped_behind_its_answer_is_complete() {
    let memory = testing::state();
    let stream = chat_stream();
    let usage = stream.find(r#"data: {"choices":[],"#).unwrap();
    block_on(async {
        let reply = Reply::new(STREAM, "").pieces([&stream.as_bytes()[..usage], &stream.as_bytes()[usage..]]);
        let mut response = answer(reply).await;
        response.body_mut().frame().await.unwrap().unwrap();
    });

    let span = last_span(&memory);
    assert_eq!(span["status"], "Ok");
    assert_eq!(span["attributes"]["loadspan.stream.dropped"], Value::Null);
}

#[test]
fn the_end_event_is_the_end_of_the_span() {
    let memory = testing::state();
    block_on(async {
        let mut response = answer(Reply::new(STREAM, chat_stream())).await;
        response.body_mut().frame().await.unwrap().unwrap();
        // Neither read to its end nor dropped.
        assert_eq!(last_span(&memory)["status"], "Ok");
    });
}

#[test]
fn a_call_that_is_given_up_says_so() {
    let memory = testing::state();
    block_on(async {
        let mut service = HttpTracingLayer::new().layer(tower::service_fn(|_: Request<RequestBody<Full<Bytes>>>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        }));
        drop(service.call(post("/v1/chat/completions", &chat_request().1)));
    });

    let span = last_span(&memory);
    assert_eq!(
        (&span["status"], &span["attributes"]["loadspan.stream.dropped"]),
        (&json!("Unset"), &json!(true))
    );
}

#[test]
fn compressed_bodies_are_not_read_and_no_error() {
    let memory = testing::state();
    block_on(async {
        let service = HttpTracingLayer::new().layer(tower::service_fn(|_: Request<RequestBody<Full<Bytes>>>| async {
            let response = Response::builder()
                .header("content-encoding", "gzip")
                .header("content-type", JSON);
            Ok::<_, Infallible>(response.body(Full::new(Bytes::from_static(b"\x1f\x8b"))).unwrap())
        }));
        let response = service
            .oneshot(post("/v1/chat/completions", &chat_request().1))
            .await
            .unwrap();
        response.into_body().collect().await.unwrap();
    });

    assert_eq!(last_span(&memory)["status"], "Ok");
}

async fn answer(
    reply: Reply,
) -> Response<crate::ResponseBody<impl http_body::Body<Data = Bytes, Error = std::io::Error> + Unpin>> {
    let service =
        HttpTracingLayer::new().layer(tower::service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
            let reply = reply.clone();
            async move {
                request.into_body().collect().await.unwrap();
                Ok::<_, Infallible>(reply.response(reply.body()))
            }
        }));
    service
        .oneshot(post("/v1/chat/completions", &chat_request().1))
        .await
        .unwrap()
}
