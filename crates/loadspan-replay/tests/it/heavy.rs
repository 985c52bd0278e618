//! Small files that would become large ones, and files without an end: each is a bad line, whatever it holds.

use std::io::{BufReader, Read};

use insta::assert_snapshot;
use loadspan_replay::{Format, Opened, Reading};

use crate::harness::*;

/// A field of protobuf with a length.
fn delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut left = content.len();
    while left >= 0x80 {
        field.push(left as u8 | 0x80);
        left >>= 7;
    }
    field.push(left as u8);
    field.extend_from_slice(content);
    field
}

#[test]
fn protobuf_of_nothing_but_lists_is_not_decoded() {
    let (resource_spans, scope_spans, span) = (1, 2, 2);
    let spans = delimited(span, b"").repeat(6_000_000);
    let request = delimited(resource_spans, &delimited(scope_spans, &spans));
    let framed = [&(request.len() as u32).to_be_bytes()[..], &request].concat();
    for file in [request, framed] {
        let shown = shown(&recording_of(&file));
        assert_eq!(
            shown.trim_end(),
            "not read: trace.json:1: it would take more than 1024 MiB of memory"
        );
    }
}

#[test]
fn zeros_are_no_requests_however_many_there_are() {
    let zeros = BufReader::new(std::io::repeat(0).take(u64::MAX));
    let Opened::Recording(recording) = Reading::default().open("zeros", zeros, None).unwrap() else {
        panic!("it is a file of protobuf");
    };
    assert_eq!((recording.sessions.len(), recording.bad.total), (0, 1));
    assert_eq!(
        recording.bad.first[0].reason,
        "it is no request of OTLP, or too long for one"
    );
}

#[test]
fn json_in_an_attribute_is_not_read_if_it_becomes_too_much() {
    let many = format!("[{}0]", r#"{"":0},"#.repeat(450_000));
    let spans = [
        chat("a", 0, 10).with("gen_ai.input.messages", many.as_str()),
        chat("b", 20, 30).asks([user("What?")]).says("This."),
    ];
    assert_snapshot!(shown(&recording_of(otlp(&spans))), @r"
    session 00000000000000000000000000000001: 1 call, 0 edges
      #0  at 0.000 s, took 0.010 s: chat m [6200000000000000]
    not used: chat m (6100000000000000): it would take more than 1024 MiB of memory
    ");
    let nested = format!(
        r#"{{"spans": [{{"span_id": "a", "start_time": 1, "attributes": {{"gen_ai.input.messages": {many}}}}}]}}"#
    );
    assert_snapshot!(
        shown(&recording_of(nested)),
        @"not read: trace.json:1: span 1: it would take more than 1024 MiB of memory"
    );
}

#[test]
fn a_conversation_has_no_more_answers_than_their_inputs_have_room() {
    let conversation = |answers: usize| {
        let turn = r#"{"from": "human", "value": "?"}, {"from": "gpt", "value": "!"}"#;
        format!(r#"{{"conversations": [{}]}}"#, vec![turn; answers].join(","))
    };
    let text = format!("{}\n{}\n", conversation(4_096), conversation(4_097));
    let opened = Reading::default().open("talks.json", text.as_bytes(), Some(Format::ShareGpt));
    let Opened::Conversations(mut conversations) = opened.unwrap() else {
        panic!("they are conversations");
    };
    let lengths: Vec<usize> = conversations
        .by_ref()
        .map(|session| session.unwrap().calls().len())
        .collect();
    assert_eq!(lengths, [4_096]);
    let bad = conversations.bad();
    assert_eq!((bad.total, bad.first[0].line), (1, 2));
    assert_eq!(bad.first[0].reason, "it has more than 4096 answers");
}
