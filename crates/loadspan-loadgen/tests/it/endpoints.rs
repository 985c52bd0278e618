//! The four endpoints, streaming and not, and what is sent to each.

use std::sync::Arc;

use loadspan_loadgen::openai::{EndpointType, MaxTokensField, StreamUsage};
use loadspan_record::TokenSource;
use loadspan_testkit::{CapturedRequest, DurationExt, Endpoint, FakeServer, RunningServer, every};
use serde_json::{Value, json};

use crate::harness::Load;

fn server() -> RunningServer {
    FakeServer::new().tokens(4, every(0.ms())).capture(100).start().unwrap()
}

/// The last request that came.
fn last(server: &RunningServer) -> CapturedRequest {
    server.requests().pop().unwrap()
}

/// The body of the last request without its prompt, which is random.
fn fields(server: &RunningServer) -> Value {
    let mut body = last(server).json();
    for prompt in ["messages", "prompt", "input"] {
        body.as_object_mut().unwrap().remove(prompt);
    }
    body
}

#[test]
fn each_endpoint_is_answered_streaming_and_not() {
    for (endpoint, expected) in [
        (EndpointType::Chat, Endpoint::Chat),
        (EndpointType::Completions, Endpoint::Completions),
        (EndpointType::Responses, Endpoint::Responses),
    ] {
        let server = server();
        let streamed = Load::closed(server.url(), 2, 6).endpoint(endpoint).run();
        let whole = Load::closed(server.url(), 2, 6)
            .endpoint(endpoint)
            .not_streaming()
            .run();
        for (report, chunks) in [(streamed, 4), (whole, 1)] {
            for record in &report.assert_completed(6).records {
                assert_eq!((record.tokens.output, record.chunks), (Some(4), chunks), "{endpoint:?}");
                assert_eq!(
                    (record.tokens.input, record.tokens.source),
                    (Some(8), Some(TokenSource::ServerUsage))
                );
            }
        }
        assert_eq!(last(&server).target, endpoint.path());
        assert!(server.stats().requests.iter().all(|truth| truth.endpoint == expected));
    }
}

#[test]
fn embeddings_have_input_tokens_only() {
    let server = server();
    let report = Load::closed(server.url(), 2, 6)
        .endpoint(EndpointType::Embeddings)
        .run();
    for record in &report.assert_completed(6).records {
        assert_eq!((record.tokens.input, record.tokens.output), (Some(8), None));
        assert_eq!(record.timings.first_token_at, None);
    }
    assert_eq!(last(&server).target, "/v1/embeddings");
    assert_eq!(fields(&server), json!({"model": "mock-model"}));
}

#[test]
fn chats_and_completions_ask_for_usage_and_a_length_in_their_own_words() {
    let server = server();
    let length = |load: &mut Load| load.output_tokens = Some(3);
    Load::closed(server.url(), 1, 1)
        .change(length)
        .run()
        .assert_completed(1);
    let usage = json!({"include_usage": true});
    let chat = json!({"model": "mock-model", "stream": true, "stream_options": usage, "max_completion_tokens": 3});
    assert_eq!(fields(&server), chat);
    Load::closed(server.url(), 1, 1)
        .endpoint(EndpointType::Completions)
        .change(length)
        .run();
    let completion = json!({"model": "mock-model", "stream": true, "stream_options": usage, "max_tokens": 3});
    assert_eq!(fields(&server), completion);
    Load::closed(server.url(), 1, 1)
        .endpoint(EndpointType::Responses)
        .change(length)
        .run();
    assert_eq!(
        fields(&server),
        json!({"model": "mock-model", "stream": true, "max_output_tokens": 3})
    );
}

#[test]
fn what_is_asked_about_usage_and_lengths_can_be_chosen() {
    let server = server();
    let older = |load: &mut Load| {
        load.output_tokens = Some(3);
        load.preflight.max_tokens_field = Some(MaxTokensField::MaxTokens);
        load.preflight.stream_usage = StreamUsage::PerChunk;
    };
    Load::closed(server.url(), 1, 1).change(older).run().assert_completed(1);
    let body = fields(&server);
    assert_eq!(
        (&body["max_tokens"], &body["max_completion_tokens"]),
        (&json!(3), &Value::Null)
    );
    assert_eq!(
        body["stream_options"],
        json!({"include_usage": true, "continuous_usage_stats": true})
    );
    let silent = |load: &mut Load| load.preflight.stream_usage = StreamUsage::NotAsked;
    let report = Load::closed(server.url(), 1, 1).change(silent).run();
    assert_eq!(fields(&server).get("stream_options"), None);
    assert_eq!(report.only().tokens.source, Some(TokenSource::ChunkCount));
}

#[test]
fn fields_of_the_users_own_are_sent_as_they_are() {
    let server = server();
    let tools = json!([{"type": "function", "function": {"name": "search"}}]);
    let extra = json!({"temperature": 0.5, "tools": tools, "n": 2, "model": "another"});
    Load::closed(server.url(), 1, 1).extra(extra).run().assert_completed(1);
    let body = fields(&server);
    assert_eq!(
        (&body["temperature"], &body["tools"], &body["n"]),
        (&json!(0.5), &tools, &json!(2))
    );
    assert_eq!(body["model"], "another");
}

#[test]
fn a_request_names_itself_and_says_what_it_takes() {
    let server = server();
    let report = Load::closed(server.url(), 1, 3).run();
    let request = last(&server);
    assert_eq!(request.header("x-request-id"), Some(&*report.records[2].id.to_string()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.header("user-agent").unwrap().starts_with("loadspan/"));
    assert_eq!(request.header("content-length"), Some(&*request.body.len().to_string()));
    let record = &report.records[2];
    assert!(record.http.bytes_sent > request.body.len() as u64);
    assert!(record.http.bytes_received > 500);
}

#[test]
fn a_response_names_itself_and_its_model() {
    for (endpoint, id) in [
        (EndpointType::Chat, Some("chatcmpl-1")),
        (EndpointType::Completions, Some("cmpl-1")),
        (EndpointType::Responses, Some("resp_1")),
        (EndpointType::Embeddings, None),
    ] {
        for streaming in [true, false] {
            let server = server();
            let mut load = Load::closed(server.url(), 1, 3).extra(json!({"model": "org/another"}));
            load.preflight.streaming = streaming;
            let report = load.endpoint(endpoint).run();
            let first = &report.assert_completed(3).records[0];
            assert_eq!(first.response_id.as_deref(), id, "{endpoint:?}");
            assert_eq!(first.http.server_request_id, None);
            for record in &report.records {
                let model = record.response_model.as_ref().unwrap();
                assert_eq!(&**model, "org/another", "{endpoint:?}");
                assert!(
                    Arc::ptr_eq(model, first.response_model.as_ref().unwrap()),
                    "allocated again"
                );
            }
        }
    }
}

#[test]
fn the_servers_own_request_id_is_kept_beside_the_id_of_the_response() {
    let server = FakeServer::new().header("x-request-id", "theirs-7").start().unwrap();
    let report = Load::closed(server.url(), 1, 1).run();
    let record = report.only();
    assert_eq!(record.http.server_request_id.as_deref(), Some("theirs-7"));
    assert_eq!(record.response_id.as_deref(), Some("chatcmpl-1"));
}

#[test]
fn prompts_are_different_from_request_to_request() {
    let server = server();
    Load::closed(server.url(), 4, 30).run();
    let mut prompts: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.json()["messages"].to_string())
        .collect();
    prompts.retain(|prompt| prompt != "null");
    prompts.sort();
    prompts.dedup();
    assert_eq!(prompts.len(), 31, "those of the load and the preflight's");
}
