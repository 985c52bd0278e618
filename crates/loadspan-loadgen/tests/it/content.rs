//! The text of answers, for listeners that asked for it.

use std::io::Write;

use loadspan_loadgen::TextCapture;
use loadspan_loadgen::openai::EndpointType;
use loadspan_record::{OutputText, Secret};
use loadspan_testkit::{DurationExt, Fault, ReasoningField, Script, every};
use serde_json::json;

use crate::harness::{Load, RawServer, Report, Then, counts, json_answer, server_with};

const LIMIT: usize = 64 << 10;

fn capturing(load: Load) -> Load {
    load.change(|load| load.output_text = TextCapture::On)
}

/// What every request said, which is the same.
fn said(report: &Report) -> &OutputText {
    let first = report.outputs.first_key_value().unwrap().1;
    assert_eq!(report.outputs.len(), report.records.len());
    assert!(report.outputs.values().all(|output| output == first));
    first
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[test]
fn answer_and_reasoning_are_kept_apart() {
    let script = Script::new().tokens(12, every(0.ms()));
    let plain = server_with(script.clone());
    let plain = capturing(Load::closed(plain.url(), 1, 1)).run();
    for endpoint in [EndpointType::Chat, EndpointType::Responses] {
        let server = server_with(script.clone().reasoning(5, ReasoningField::Reasoning));
        let load = || capturing(Load::closed(server.url(), 2, 6)).endpoint(endpoint);
        let (streamed, whole) = (load().run(), load().not_streaming().run());
        assert_eq!(said(&streamed), said(&whole), "{endpoint:?}");
        let OutputText { answer, reasoning, .. } = said(&streamed);
        assert_eq!(words(reasoning), 5, "{reasoning}");
        // The words of the server are always the same, whatever they are said to be.
        assert_eq!(format!("{reasoning}{answer}"), said(&plain).answer, "{endpoint:?}");
    }
}

#[test]
fn nothing_is_kept_unless_asked_for_or_where_nothing_was_said() {
    let server = server_with(Script::new().tokens(3, every(0.ms())));
    assert!(Load::closed(server.url(), 1, 3).run().outputs.is_empty());
    let embeddings = capturing(Load::closed(server.url(), 1, 3)).endpoint(EndpointType::Embeddings);
    assert!(embeddings.run().outputs.is_empty());
    let server = server_with(Script::new().fault(Fault::status(500)));
    assert!(capturing(Load::closed(server.url(), 1, 3)).run().outputs.is_empty());
}

#[test]
fn what_a_broken_stream_said_is_kept() {
    let server = server_with(Script::new().tokens(9, every(0.ms())).fault(Fault::TruncateAfter(4)));
    let report = capturing(Load::closed(server.url(), 1, 2)).run();
    assert_eq!(report.outcomes(), counts([("truncated_stream", 2)]));
    assert_eq!(words(&said(&report).answer), 4);
}

#[test]
fn of_several_choices_the_first_is_kept() {
    let server = server_with(Script::new().tokens(4, every(0.ms())));
    let load = |choices: u32| capturing(Load::closed(server.url(), 1, 2)).extra(json!({"n": choices}));
    let (one, three) = (load(1).run(), load(3).run());
    assert_eq!(said(&one), said(&three));
    assert_eq!(said(&three), said(&load(3).not_streaming().run()));
    assert_eq!(three.records[0].tokens.output, Some(12));
}

#[test]
fn a_long_answer_is_cut() {
    let server = server_with(Script::new().tokens(40_000, every(0.ms())));
    let report = capturing(Load::closed(server.url(), 1, 1)).run();
    assert_eq!(said(&report).answer.len(), LIMIT);
    assert_eq!(report.assert_completed(1).only().tokens.output, Some(40_000));
}

#[test]
fn a_key_that_the_server_repeats_is_not_in_the_text() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        // The second key lies across the limit.
        let filler = "x".repeat(LIMIT - 20);
        let body = json!({"choices": [{"message": {"content": format!("sk-canary {filler}sk-canary")}, "finish_reason": "stop"}]});
        stream
            .write_all(json_answer("200 OK", &body.to_string()).as_bytes())
            .unwrap();
        Then::KeepOpen
    });
    let with_key = |load: &mut Load| load.preflight.target.api_key = Some(Secret::new("sk-canary"));
    let report = capturing(Load::closed(server.url(), 1, 1).not_streaming())
        .change(with_key)
        .run();
    let answer = &said(&report).answer;
    assert!(answer.starts_with("[redacted] x") && answer.len() <= LIMIT);
    assert!(!answer.contains("sk-"), "{}", &answer[answer.len() - 40..]);
}
