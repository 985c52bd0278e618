//! What goes wrong on purpose.

use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, TruthOutcome, When, every};

use crate::harness::{Client, End, Reply, chat, eventually};

const PATH: &str = "/v1/chat/completions";

fn server_with(fault: Fault) -> RunningServer {
    FakeServer::new()
        .script(Script::new().tokens(5, every(0.ms())).fault(fault))
        .start()
        .unwrap()
}

fn whole(server: &RunningServer) -> Reply {
    Client::connect(server).post(PATH, &chat(""))
}

fn streamed(server: &RunningServer) -> Reply {
    Client::connect(server).post(PATH, &chat(r#","stream":true"#))
}

/// Non-empty contents of a stream, which may have been cut.
fn tokens(reply: &Reply) -> usize {
    reply
        .data()
        .iter()
        .filter(|data| data.contains(r#""content":" "#))
        .count()
}

fn outcomes(server: &RunningServer) -> Vec<TruthOutcome> {
    server.stats().requests.iter().map(|truth| truth.outcome).collect()
}

#[test]
fn a_status_comes_with_an_error_object_and_retry_after() {
    let server = server_with(Fault::too_many_requests(7.secs()));
    let mut client = Client::connect(&server);
    for _ in 0..2 {
        let reply = client.post(PATH, &chat(""));
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
        assert_eq!(reply.json()["error"]["type"], "rate_limit_error");
    }
    assert_eq!(outcomes(&server), [TruthOutcome::Status(429); 2]);
}

#[test]
fn stream_options_may_be_rejected() {
    let server = server_with(Fault::RejectStreamOptions);
    let mut client = Client::connect(&server);
    let with = client.post(PATH, &chat(r#","stream":true,"stream_options":{"include_usage":true}"#));
    let without = client.post(PATH, &chat(r#","stream":true"#));
    assert_eq!((with.status, without.status), (400, 200));
    assert!(with.body().contains("stream_options"));
    assert_eq!(tokens(&without), 5);
}

#[test]
fn an_error_event_comes_after_some_tokens() {
    let server = server_with(Fault::ErrorEventAfter(2));
    let reply = streamed(&server);
    assert_eq!((tokens(&reply), reply.end), (2, End::Whole));
    assert_eq!(reply.events().last().unwrap()["error"]["code"], 500);
    assert_eq!(whole(&server).status, 500);
    assert_eq!(outcomes(&server), [TruthOutcome::ErrorEvent, TruthOutcome::Status(500)]);
}

#[test]
fn a_truncated_response_ends_with_its_connection() {
    let server = server_with(Fault::TruncateAfter(2));
    let reply = streamed(&server);
    assert_eq!((tokens(&reply), reply.end), (2, End::Cut));
    let reply = whole(&server);
    assert_eq!((reply.status, reply.end), (200, End::Cut));
    assert!(reply.header("content-length").unwrap().parse::<usize>().unwrap() > reply.chunks.concat().len());
    assert_eq!(outcomes(&server), [TruthOutcome::Truncated; 2]);
}

#[test]
fn a_stalled_response_stays_open_until_the_client_leaves() {
    let server = server_with(Fault::StallAfter(2));
    let mut client = Client::connect(&server).impatient();
    let reply = client.post(PATH, &chat(r#","stream":true"#));
    assert_eq!((tokens(&reply), reply.end), (2, End::Silent));
    assert_eq!(
        outcomes(&server),
        [TruthOutcome::Stalled],
        "it is known before the client leaves"
    );
    assert_eq!(server.stats().open_streams, 1);
    drop(client);
    eventually(|| server.stats().open_streams == 0);
    let mut client = Client::connect(&server).impatient();
    assert_eq!(client.post(PATH, &chat("")).end, End::Silent);
}

#[test]
fn a_dropped_request_gets_no_byte() {
    let server = server_with(Fault::Drop);
    let mut client = Client::connect(&server);
    client.send(&format!("POST {PATH} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}"));
    assert_eq!(client.reply().unwrap_err(), End::Cut);
    let truth = server.stats().requests.remove(0);
    assert_eq!(
        (truth.outcome, truth.first_byte_ns, truth.last_byte_ns),
        (TruthOutcome::Dropped, None, None)
    );
}

#[test]
fn a_silent_server_answers_nothing_and_keeps_the_connection() {
    let server = server_with(Fault::Silence);
    let mut client = Client::connect(&server).impatient();
    client.send(&format!("POST {PATH} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}"));
    assert_eq!(client.reply().unwrap_err(), End::Silent);
    assert_eq!(
        (outcomes(&server), server.stats().open_streams),
        (vec![TruthOutcome::Silent], 1)
    );
}

#[test]
fn an_empty_output_is_complete_but_for_tokens() {
    let server = server_with(Fault::EmptyOutput);
    let reply = streamed(&server);
    assert_eq!((tokens(&reply), reply.end), (0, End::Whole));
    assert_eq!(reply.joined("/choices/0/finish_reason"), "stop");
    let reply = whole(&server).json();
    assert_eq!(
        (
            &reply["choices"][0]["message"]["content"],
            &reply["usage"]["completion_tokens"]
        ),
        (&"".into(), &0.into())
    );
    assert_eq!(outcomes(&server), [TruthOutcome::Empty; 2]);
}

#[test]
fn nonsense_comes_with_200() {
    let server = server_with(Fault::NotJson);
    let reply = whole(&server);
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(serde_json::from_str::<serde_json::Value>(&reply.body()).is_err());
    let server = server_with(Fault::Html);
    assert_eq!(
        streamed(&server).header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(outcomes(&server), [TruthOutcome::Nonsense]);
}

#[test]
fn rules_choose_who_fails_and_other_requests_are_not_counted() {
    let failing = Script::new().fault(Fault::status(503));
    let server = FakeServer::new().on(When::EveryNth(2), failing).start().unwrap();
    let mut client = Client::connect(&server);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        client.get("/v1/models");
        client.post(PATH, "not json");
        statuses.push(client.post(PATH, &chat("")).status);
    }
    assert_eq!(statuses, [200, 503, 200, 503]);
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let server = FakeServer::new().ttft(60.secs()).start().unwrap();
    let mut client = Client::connect(&server);
    client.send(&format!("POST {PATH} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}"));
    eventually(|| server.stats().open_streams == 1);
    drop(client);
    eventually(|| outcomes(&server) == [TruthOutcome::ClientLeft]);
    assert_eq!(server.stats().open_streams, 0);
}
