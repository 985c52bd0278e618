//! No secret is in a message, whoever repeats it.

use std::io::Write;
use std::net::TcpStream;

use loadspan_loadgen::BaseUrl;
use loadspan_record::Secret;
use loadspan_testkit::FakeServer;

use crate::harness::{Head, Load, RawServer, Then, counts, json_answer, preflight_of, run_preflight};

/// A server that repeats in its error the whole head of each request of the load.
fn echo(status: &'static str) -> RawServer {
    RawServer::start(move |head: &Head, stream: &mut TcpStream| {
        head.read_body(stream);
        let body = serde_json::json!({"error": {"message": head.lines.join(" | ")}}).to_string();
        stream.write_all(json_answer(status, &body).as_bytes()).unwrap();
        Then::KeepOpen
    })
}

fn secret(value: &str) -> Option<Secret> {
    Some(Secret::new(value))
}

#[test]
fn a_key_that_the_server_repeats_is_not_in_the_record() {
    for status in ["401 Unauthorized", "429 Too Many Requests", "500 Internal Server Error"] {
        let server = echo(status);
        let with_key = |load: &mut Load| load.preflight.target.api_key = secret("sk-canary");
        let report = Load::closed(server.url(), 1, 2).change(with_key).run();
        for message in report.messages() {
            assert!(
                !message.contains("canary") && message.contains("[redacted]"),
                "{message}"
            );
        }
        assert_eq!(report.messages().len(), 2);
    }
}

#[test]
fn headers_userinfo_and_query_are_secrets_too() {
    let server = echo("403 Forbidden");
    let url = format!(
        "http://canary-user:canary%2Fword@127.0.0.1:{}/?token=canary%20token",
        server.port()
    );
    let with_header = |load: &mut Load| {
        load.preflight.target.headers = vec![
            ("x-team".to_owned(), Secret::new("canary-team")),
            ("x-auth".to_owned(), Secret::new("Token canary-header")),
        ];
    };
    let report = Load::closed(url, 1, 1).change(with_header).run();
    let message = report.messages()[0];
    assert!(!message.contains("canary"), "{message}");
    assert!(!message.contains("Y2FuYXJ5"), "base64 of the userinfo: {message}");
    assert!(message.contains("x-team: [redacted]"), "{message}");
}

#[test]
fn a_key_in_bytes_that_cannot_be_parsed_is_not_repeated() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        let body = r#"{"choices":"sk-canary"}"#;
        stream.write_all(json_answer("200 OK", body).as_bytes()).unwrap();
        Then::KeepOpen
    });
    let with_key = |load: &mut Load| load.preflight.target.api_key = secret("sk-canary");
    for load in [
        Load::closed(server.url(), 1, 1),
        Load::closed(server.url(), 1, 1).not_streaming(),
    ] {
        let report = load.change(with_key).run();
        assert_eq!(report.outcomes(), counts([("parse", 1)]));
        assert!(!report.messages()[0].contains("canary"), "{:?}", report.messages());
    }
}

#[test]
fn a_key_that_the_server_takes_for_an_id_or_a_model_is_not_in_the_record() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        let body = r#"{"id":"id of sk-canary","model":"sk-canary","choices":[{"text":"a","finish_reason":"stop"}]}"#;
        stream.write_all(json_answer("200 OK", body).as_bytes()).unwrap();
        Then::KeepOpen
    });
    let with_key = |load: &mut Load| load.preflight.target.api_key = secret("sk-canary");
    let report = Load::closed(server.url(), 1, 1).not_streaming().change(with_key).run();
    let record = report.assert_completed(1).only();
    assert_eq!(record.response_id.as_deref(), Some("id of [redacted]"));
    assert_eq!(record.response_model.as_deref(), Some("[redacted]"));
}

#[test]
fn the_preflight_repeats_no_key_either() {
    let server = FakeServer::new().api_key("right").start().unwrap();
    let mut config = preflight_of(&server.url());
    config.target.api_key = secret("sk-canary");
    let error = run_preflight(config).unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("Incorrect API key provided: [redacted]"), "{said}");
    assert!(!said.contains("canary"), "{said}");
}

#[test]
fn an_unreachable_url_is_shown_without_its_secrets() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut config = preflight_of("http://h");
    config.target.urls = vec![BaseUrl::parse(&format!("http://me:canary@127.0.0.1:{port}/v1?key=canary")).unwrap()];
    let debug = format!("{config:?}");
    assert!(!debug.contains("canary"), "{debug}");
    let error = run_preflight(config).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}
