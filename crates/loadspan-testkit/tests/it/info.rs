//! What the server says of itself, and whom it turns away.

use std::num::NonZeroU32;

use loadspan_testkit::{FakeServer, ServerKind};
use serde_json::{Value, json};

use crate::harness::{Client, chat};

fn owners(kind: ServerKind) -> Value {
    let server = FakeServer::new().kind(kind).models(["a/b"]).start().unwrap();
    Client::connect(&server).get("/v1/models").json()["data"][0]["owned_by"].clone()
}

#[test]
fn models_are_listed_with_their_owner() {
    assert_eq!(owners(ServerKind::Plain), "system");
    assert_eq!(owners(ServerKind::Vllm), "vllm");
    assert_eq!(owners(ServerKind::Sglang), "sglang");
    assert_eq!(owners(ServerKind::Tgi), "a/b");
}

#[test]
fn each_kind_of_server_has_its_own_page_about_itself() {
    let pages = ["/version", "/metrics", "/info", "/get_server_info"];
    for (kind, expected) in [
        (ServerKind::Plain, [404, 404, 404, 404]),
        (ServerKind::Vllm, [200, 200, 404, 404]),
        (ServerKind::Tgi, [404, 404, 200, 404]),
        (ServerKind::Sglang, [404, 404, 404, 200]),
    ] {
        let server = FakeServer::new().kind(kind).start().unwrap();
        let mut client = Client::connect(&server);
        assert_eq!(pages.map(|page| client.get(page).status), expected, "{kind:?}");
    }
}

#[test]
fn a_model_that_is_not_listed_is_not_found_when_models_are_checked() {
    let server = FakeServer::new().only_models(["a", "b"]).start().unwrap();
    let mut client = Client::connect(&server);
    let reply = client.post("/v1/chat/completions", &chat(""));
    assert_eq!(
        (reply.status, reply.json()["error"]["code"].clone()),
        (404, json!("model_not_found"))
    );
    assert_eq!(
        client.post("/v1/chat/completions", r#"{"model":"b"}"#).json()["model"],
        "b"
    );
    assert_eq!(client.get("/v1/models/b").status, 200);
    assert_eq!(client.get("/v1/models/c").status, 404);
}

#[test]
fn a_wrong_key_is_refused_and_repeated() {
    let server = FakeServer::new().api_key("right").start().unwrap();
    let mut client = Client::connect(&server);
    let wrong = client.post_with("/v1/chat/completions", "Authorization: Bearer sk-wrong\r\n", &chat(""));
    assert_eq!(wrong.status, 401);
    assert!(wrong.body().contains("sk-wrong"));
    assert_eq!(client.get("/v1/models").status, 401);
    assert_eq!(
        client
            .post_with("/v1/chat/completions", "Authorization: Bearer right\r\n", &chat(""))
            .status,
        200
    );
    assert_eq!(client.get("/health").status, 200);
}

#[test]
fn what_is_not_valid_is_refused_with_a_reason() {
    let server = FakeServer::new()
        .max_model_len(NonZeroU32::new(100).unwrap())
        .start()
        .unwrap();
    let mut client = Client::connect(&server);
    let mut post = |body: &str| {
        let reply = client.post("/v1/chat/completions", body);
        (reply.status, reply.json()["error"]["param"].as_str().map(str::to_owned))
    };
    assert_eq!(post("{"), (400, None));
    assert_eq!(post(r#"{"model":5}"#), (400, None));
    assert_eq!(post(r#"{"max_tokens":-1}"#), (400, None));
    assert_eq!(post(r#"{"max_tokens":101}"#), (400, Some("max_tokens".to_owned())));
    assert_eq!(post(r#"{"n":0}"#), (400, Some("n".to_owned())));
    assert_eq!(post(r#"{"n":4000000000}"#), (400, Some("n".to_owned())));
    assert_eq!(server.stats().generation_requests, 0);
}

#[test]
fn wrong_paths_and_methods_are_told_apart() {
    let server = FakeServer::new().start().unwrap();
    let mut client = Client::connect(&server);
    assert_eq!(client.get("/v1/nothing").status, 404);
    assert_eq!(client.get("/v1/chat/completions").status, 405);
    assert_eq!(
        client.get("/v1/nothing").json()["error"]["message"],
        "unknown path: /v1/nothing"
    );
}

#[test]
fn a_header_that_every_response_has_must_be_one() {
    let server = FakeServer::new().header("x-served-by", "seven").start().unwrap();
    assert_eq!(
        Client::connect(&server).get("/health").header("x-served-by"),
        Some("seven")
    );
    let error = FakeServer::new().header("a\r\nb", "c").start().unwrap_err();
    assert!(error.to_string().ends_with("is not a valid response header"));
}

#[test]
fn the_metrics_page_tells_the_truth() {
    let server = FakeServer::new().kind(ServerKind::Vllm).start().unwrap();
    let mut client = Client::connect(&server);
    for _ in 0..3 {
        client.post(
            "/v1/chat/completions",
            r#"{"model":"m","max_tokens":4,"messages":[{"content":"two words"}]}"#,
        );
    }
    let page = client.get("/metrics").body();
    for line in [
        "vllm:num_requests_running{engine=\"0\",model_name=\"mock-model\"} 0.0",
        "vllm:prompt_tokens_total{engine=\"0\",model_name=\"mock-model\"} 6.0",
        "vllm:generation_tokens_total{engine=\"0\",model_name=\"mock-model\"} 12.0",
        "vllm:request_success_total{engine=\"0\",model_name=\"mock-model\"} 3.0",
        "vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"mock-model\"} 3.0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}
