//! Bodies, made again from the number of their request.

use loadspan_loadgen::workload::{DatasetConfig, LengthDistribution, SamplingStrategy, Workload};
use loadspan_testkit::{FakeServer, RunningServer};
use serde_json::json;

use crate::harness::{Load, Running};

fn server() -> RunningServer {
    FakeServer::new().capture(100).start().unwrap()
}

fn dataset(lines: &str) -> Workload {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prompts.jsonl");
    std::fs::write(&path, lines).unwrap();
    let config = DatasetConfig {
        path,
        sampling: SamplingStrategy::Random,
        output_tokens: Some(LengthDistribution::exactly(5)),
        seed: 3,
    };
    config.load(None).unwrap()
}

/// Runs the load and compares each body that the server got with the one that is made again.
fn assert_made_again(server: &RunningServer, load: Load) {
    let (plan, clock) = load.plan();
    let body = plan.body_source();
    let report = Running::start(plan, clock).unwrap().report();
    report.assert_completed(20);
    let requests = server.requests();
    for record in &report.records {
        let id = record.id.to_string();
        let sent = requests
            .iter()
            .find(|request| request.header("x-request-id") == Some(&*id));
        assert_eq!(
            body(record.stage, record.id.index),
            Some(sent.unwrap().body.clone()),
            "{id}"
        );
    }
}

#[test]
fn the_body_of_a_synthetic_prompt_can_be_made_again() {
    let server = server();
    let load = Load::closed(server.url(), 4, 20).workers(2);
    let change = |load: &mut Load| load.output_tokens = Some(3);
    assert_made_again(&server, load.extra(json!({"temperature": 0.5})).change(change));
}

#[test]
fn so_can_that_of_an_entry_of_a_file() {
    let server = server();
    let entries = concat!(
        r#"{"text": "say \"hi\""}"#,
        "\n",
        r#"{"messages": [{"role": "user", "content": "hi"}]}"#,
        "\n",
        r#"{"payload": {"messages": [], "model": "another", "seed": 7}}"#,
    );
    let change = |load: &mut Load| load.workload = Some(dataset(entries));
    assert_made_again(&server, Load::closed(server.url(), 4, 20).change(change));
}

#[test]
fn only_whole_bodies_make_requests_individual() {
    let text = r#"{"text": "a"}"#;
    assert!(!dataset(text).has_payloads());
    assert!(dataset(&format!("{text}\n{}", r#"{"payload": {}}"#)).has_payloads());
}
