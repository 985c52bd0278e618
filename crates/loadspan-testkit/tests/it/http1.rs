//! HTTP/1.1 beyond the ordinary.

use std::io::{Read, Write};

use loadspan_testkit::FakeServer;

use crate::harness::{Client, chat};

#[test]
fn a_connection_serves_many_requests() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    for _ in 0..50 {
        assert_eq!(client.post("/v1/chat/completions", &chat("")).status, 200);
        assert_eq!(
            client.post("/v1/chat/completions", &chat(r#","stream":true"#)).status,
            200
        );
    }
    assert_eq!(
        (server.stats().connections_opened, server.stats().generation_requests),
        (1, 100)
    );
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\n\r\n");
    client.send(&(request("/health") + &request("/nothing") + &request("/health")));
    assert_eq!([(); 3].map(|()| client.reply().unwrap().status), [200, 404, 200]);
}

#[test]
fn a_request_may_trickle_in() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    let body = chat("");
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for piece in request.as_bytes().chunks(5) {
        client.stream.write_all(piece).unwrap();
    }
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn a_client_that_expects_it_is_told_to_continue() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    client.send("POST /v1/chat/completions HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    let mut interim = [0; 25];
    client.stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}");
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn a_connection_is_closed_when_the_client_wants_it() {
    let server = FakeServer::new().start().unwrap();
    for request in [
        "GET /health HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET /health HTTP/1.0\r\n\r\n",
    ] {
        let mut client = Client::connect(&server);
        assert_eq!(client.exchange(request).header("connection"), Some("close"));
        assert!(client.reply().is_err());
    }
}

#[test]
fn http_1_0_gets_its_stream_without_chunks() {
    let server = FakeServer::new().start().unwrap();
    let body = chat(r#","stream":true"#);
    let reply = Client::connect(&server).exchange(&format!(
        "POST /v1/chat/completions HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(reply.body().ends_with("data: [DONE]\n\n"));
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_comes() {
    let server = FakeServer::new().body_limit(10).start().unwrap();
    let mut client = Client::connect(&server);
    let reply = client.exchange("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 11\r\n\r\n");
    assert_eq!(reply.status, 413);
    assert!(client.reply().is_err(), "what follows cannot be read");
}

#[test]
fn large_prompts_are_read_whole() {
    let server = FakeServer::new().capture(1).start().unwrap();
    let prompt = "word ".repeat(100_000);
    let body = format!(r#"{{"model":"m","prompt":"{prompt}"}}"#);
    let reply = Client::connect(&server).post("/v1/completions", &body);
    assert_eq!(reply.json()["usage"]["prompt_tokens"], 100_000);
    assert_eq!(server.requests()[0].body, body.as_bytes());
}

#[test]
fn requests_are_captured_as_they_came() {
    let server = FakeServer::new().capture(2).start().unwrap();
    let mut client = Client::connect(&server);
    client.get("/v1/models");
    client.get("/health?a=b");
    client.post_with("/v1/completions", "X-Thing: One\r\n", r#"{"prompt":"a"}"#);
    let captured = server.requests();
    assert_eq!(captured.len(), 2, "the last two");
    assert_eq!(
        (captured[0].method.as_str(), captured[0].target.as_str()),
        ("GET", "/health?a=b")
    );
    assert_eq!(captured[1].header("x-thing"), Some("One"));
    assert_eq!(captured[1].json()["prompt"], "a");
}

#[test]
fn a_server_that_is_dropped_cuts_its_connections() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    client.get("/health");
    server.shutdown();
    assert!(client.reply().is_err());
}

#[test]
fn many_threads_share_the_connections() {
    let server = FakeServer::new().threads(3.try_into().unwrap()).start().unwrap();
    let mut clients: Vec<Client> = (0..6).map(|_| Client::connect(&server)).collect();
    for client in &mut clients {
        assert_eq!(client.post("/v1/chat/completions", &chat("")).status, 200);
    }
    let numbers: Vec<u64> = server.stats().requests.iter().map(|truth| truth.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
}
