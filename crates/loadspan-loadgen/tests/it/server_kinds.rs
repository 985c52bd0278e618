//! Which kind of server it is, and what each kind is asked.

use loadspan_loadgen::openai::{EndpointType, ServerKind};
use loadspan_testkit::{FakeServer, RunningServer, ServerKind as Kind};
use serde_json::{Value, json};

use crate::harness::{Load, preflight_of, run_preflight};

const KINDS: [(Kind, ServerKind); 4] = [
    (Kind::Plain, ServerKind::OpenAi),
    (Kind::Vllm, ServerKind::Vllm),
    (Kind::Sglang, ServerKind::Sglang),
    (Kind::Tgi, ServerKind::Tgi),
];

fn server(kind: Kind) -> RunningServer {
    FakeServer::new().kind(kind).models(["m"]).capture(20).start().unwrap()
}

#[test]
fn a_server_is_known_by_what_it_says_of_itself() {
    for (kind, expected) in KINDS {
        let server = server(kind);
        let preflight = run_preflight(loadspan_loadgen::preflight::PreflightConfig {
            server: None,
            ..preflight_of(&server.url())
        });
        assert_eq!(preflight.unwrap().body.server, expected);
    }
}

#[test]
fn a_kind_that_is_named_is_not_looked_for() {
    let server = server(Kind::Vllm);
    let preflight = run_preflight(preflight_of(&server.url())).unwrap();
    assert_eq!(preflight.body.server, ServerKind::OpenAi);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.target.starts_with("/v1/"))
    );
}

#[test]
fn only_servers_that_know_them_are_sent_fields_that_fix_the_length() {
    for (kind, expected) in KINDS {
        let server = server(kind);
        let detected = |load: &mut Load| {
            load.preflight.server = None;
            load.output_tokens = Some(5);
        };
        let report = Load::closed(server.url(), 1, 1).change(detected).run();
        assert_eq!(report.assert_completed(1).only().tokens.requested_output, Some(5));
        let body = server.requests().pop().unwrap().json();
        let exact = if matches!(expected, ServerKind::Vllm | ServerKind::Sglang) {
            (json!(5), json!(true))
        } else {
            (Value::Null, Value::Null)
        };
        assert_eq!(
            (body["min_tokens"].clone(), body["ignore_eos"].clone()),
            exact,
            "{expected:?}"
        );
        let length = if expected == ServerKind::Tgi {
            "max_tokens"
        } else {
            "max_completion_tokens"
        };
        assert_eq!(body[length], 5, "{expected:?}");
    }
}

#[test]
fn a_server_that_is_made_to_produces_exactly_the_length() {
    let server = FakeServer::new()
        .kind(Kind::Vllm)
        .script(loadspan_testkit::Script::new().eos_after(2))
        .start()
        .unwrap();
    let exact = |load: &mut Load| {
        load.preflight.server = None;
        load.output_tokens = Some(9);
    };
    let report = Load::closed(server.url(), 1, 1)
        .endpoint(EndpointType::Completions)
        .change(exact)
        .run();
    assert_eq!(report.only().tokens.output, Some(9));
}
