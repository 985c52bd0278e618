//! What the server tells about what it did.

use std::num::NonZeroUsize;

use loadspan_testkit::{Endpoint, FakeServer, TruthOutcome};

use crate::harness::{Client, chat};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_request_is_found_by_its_id() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    let headers = format!("X-Request-Id: run-1\r\nTraceparent: {TRACEPARENT}\r\n");
    client.post_with(
        "/v1/completions",
        &headers,
        r#"{"prompt":"a b","max_tokens":2,"stream":true}"#,
    );
    client.post("/v1/chat/completions", &chat(""));
    let stats = server.stats();
    let truth = stats.request("run-1").unwrap();
    assert_eq!(
        (truth.number, truth.endpoint, truth.outcome),
        (0, Endpoint::Completions, TruthOutcome::Completed)
    );
    assert_eq!((truth.prompt_tokens, truth.tokens), (2, 2));
    assert_eq!(truth.traceparent.as_deref(), Some(TRACEPARENT));
    assert_eq!(stats.request("run-2"), None);
    assert_eq!(stats.requests[1].traceparent, None);
}

#[test]
fn the_truth_is_there_as_soon_as_the_response_has_been_read() {
    let server = FakeServer::new()
        .threads(NonZeroUsize::new(2).unwrap())
        .start()
        .unwrap();
    let mut client = Client::connect(&server);
    for number in 0..200 {
        client.post("/v1/chat/completions", &chat(r#","stream":true"#));
        let stats = server.stats();
        assert_eq!((stats.requests.len(), stats.open_streams), (number + 1, 0));
    }
    assert_eq!(server.stats().peak_open_streams, 1);
}

#[test]
fn statistics_are_served_as_json() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    for _ in 0..3 {
        client.post("/v1/chat/completions", &chat(""));
    }
    let stats = client.get("/stats?limit=1").json();
    assert_eq!(
        (&stats["requests_total"], &stats["generation_requests"]),
        (&4.into(), &3.into())
    );
    assert_eq!(
        (&stats["requests"][0]["number"], &stats["requests"][1]),
        (&2.into(), &serde_json::Value::Null)
    );
    assert_eq!(stats["requests"][0]["outcome"], "completed");
    assert!(stats["now_ns"].as_u64() > stats["requests"][0]["last_byte_ns"].as_u64());
}

#[test]
fn memory_is_bounded() {
    let server = FakeServer::new().keep_truths(2).start().unwrap();
    let mut client = Client::connect(&server);
    for _ in 0..5 {
        client.post("/v1/chat/completions", &chat(""));
    }
    let stats = server.stats();
    let numbers: Vec<u64> = stats.requests.iter().map(|truth| truth.number).collect();
    assert_eq!((numbers, stats.generation_requests), (vec![3, 4], 5));
}
