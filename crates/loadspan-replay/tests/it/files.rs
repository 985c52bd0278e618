//! Files as they come: one document, lines, protobuf, torn, strict.

use insta::assert_snapshot;
use loadspan_replay::{
    BadLine, Conversations, Format, Opened, Peeked, Reading, Recording, RecordingBuilder, SourceError, Strictness,
};
use loadspan_wire::otlp::Message;
use loadspan_wire::otlp::json::decode_traces;

use crate::harness::*;

fn spans(number: u32) -> String {
    otlp(&[chat("a", 0, 10).of_trace(number).counts(1, 1)])
}

fn protobuf(number: u32) -> Vec<u8> {
    decode_traces(spans(number).as_bytes()).unwrap().encode_to_vec()
}

fn strict() -> Reading {
    Reading {
        strictness: Strictness::Fail,
        ..Reading::default()
    }
}

fn open(reading: &Reading, bytes: &[u8]) -> Result<Recording, SourceError> {
    match reading.open("t", bytes, None)? {
        Opened::Recording(recording) => Ok(recording),
        other => panic!("{other:?}"),
    }
}

fn sessions(bytes: &[u8]) -> usize {
    let recording = open(&strict(), bytes).unwrap();
    recording.sessions.len()
}

#[test]
fn a_document_may_stand_in_one_line_or_in_many() {
    assert_eq!(sessions(spans(1).as_bytes()), 1);
    let pretty: serde_json::Value = serde_json::from_str(&spans(1)).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    assert_eq!(sessions(format!("\u{feff}\n{pretty}\n").as_bytes()), 1);
    let a_span_a_line = spans(1).replace("[{", "[\n{").replace("}]", "}\n]");
    assert_eq!(sessions(a_span_a_line.as_bytes()), 1);
    let lines = [1, 2, 3].map(spans).join("\n\n");
    assert_eq!(sessions(lines.as_bytes()), 3);
}

#[test]
fn protobuf_may_stand_by_itself_or_with_lengths() {
    assert_eq!(sessions(&protobuf(1)), 1);
    let several = [1, 2, 3].map(protobuf);
    // Requests one after another are one request.
    assert_eq!(sessions(&several.concat()), 3);
    let as_the_collector = several
        .clone()
        .map(|bytes| [&(bytes.len() as u32).to_be_bytes()[..], &bytes].concat());
    assert_eq!(sessions(&as_the_collector.concat()), 3);
    let delimited = several.map(|bytes| {
        let request = decode_traces(b"{}").map(|_| bytes).unwrap();
        let mut length = Vec::new();
        let mut left = request.len();
        while left >= 0x80 {
            length.push(left as u8 | 0x80);
            left >>= 7;
        }
        length.push(left as u8);
        [length, request].concat()
    });
    assert_eq!(sessions(&delimited.concat()), 3);
}

#[test]
fn bad_lines_are_counted_and_named() {
    let torn = format!("{}\n{{\"resourceSpans\":[{{\n{}\n[]\n", spans(1), spans(2));
    let recording = open(&Reading::default(), torn.as_bytes()).unwrap();
    assert_eq!(recording.sessions.len(), 2);
    assert_snapshot!(shown(&Recording { sessions: Vec::new(), ..recording }), @r"
    not read: t:2: EOF while parsing an object, at column 19
    not read: t:4: invalid type: sequence, expected a JSON object, at column 0
    ");
    let first_is_torn = format!("{{\"resourceSpans\":[{{\n{}\n{}", spans(1), spans(2));
    let recording = open(&Reading::default(), first_is_torn.as_bytes()).unwrap();
    assert_eq!((recording.sessions.len(), recording.bad.total), (2, 1));
}

#[test]
fn strict_reading_ends_at_the_first() {
    let torn = format!("{}\n{{\"resourceSpans\":[{{\n", spans(1));
    assert_snapshot!(open(&strict(), torn.as_bytes()).unwrap_err(), @"t:2: EOF while parsing an object, at column 19");
    let pretty = "{\n  \"resourceSpans\": [\n    {\"scopeSpans\": 3}\n  ]\n}";
    assert_snapshot!(open(&strict(), pretty.as_bytes()).unwrap_err(), @"t:3: invalid type: integer `3`, expected a JSON array, at column 20");
    let bytes = protobuf(1);
    assert_snapshot!(open(&strict(), &bytes[..bytes.len() - 1]).unwrap_err(), @"t:1: the file ends within it");
}

#[test]
fn the_first_bad_lines_are_named_and_all_are_counted() {
    let text = format!("{}\n{}", spans(1), "{\n".repeat(100));
    let bad = open(&Reading::default(), text.as_bytes()).unwrap().bad;
    assert_eq!((bad.total, bad.first.len(), bad.first[0].line), (100, 8, 2));
}

#[test]
fn a_session_may_be_spread_over_files() {
    let mut builder = RecordingBuilder::new(Reading::default());
    let answer = "The answer to everything.";
    let first = otlp(&[chat("a", 0, 10).asks([user("What?")]).says(answer)]);
    let second = otlp(&[chat("b", 20, 30).asks([user("What?"), assistant(answer)]).says("x")]);
    builder.add("1.json", first.as_bytes(), None).unwrap();
    builder
        .add("2.json", second.as_bytes(), Some(Format::OtlpJson))
        .unwrap();
    let error = builder
        .add("3.csv", &b"TIMESTAMP,ContextTokens\n"[..], None)
        .unwrap_err();
    assert_snapshot!(error, @"3.csv: it is csv, which has no spans: replay it by itself");
    assert_snapshot!(shown(&builder.finish()), @r"
    session 00000000000000000000000000000001: 2 calls, 1 edge
      #0  at 0.000 s, took 0.010 s: chat m [6100000000000000]
      #1  wait 0.010 s, took 0.010 s: chat m [6200000000000000]
           after #0: continuation
    ");
}

#[test]
fn the_format_of_inference_perf_has_all_that_otlp_has() {
    let [tool_of, next] = [
        tool("t", 1_100, 2_000).under("agent"),
        chat("b", 2_500, 3_000).under("agent").counts(1, 1),
    ];
    let spans = [
        span("agent", 0, 9_000).plain(),
        chat("a", 0, 1_000).under("agent").counts(1, 1).plain(),
        tool_of.plain(),
        next.plain(),
        serde_json::json!({"span_id": "x", "start_time": "soon"}),
    ];
    let text = serde_json::json!({"spans": spans}).to_string();
    assert_snapshot!(shown(&recording_of(text)), @r"
    session 1: 2 calls, 1 edge
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 1 → 1 tokens, without content
      #1  wait 1.500 s, took 0.500 s: chat m [6200000000000000], 1 → 1 tokens, without content
           after #0: tool search
    not read: trace.json:1: span 5: start_time is no time
    ");
}

fn conversations(text: &str) -> Conversations<Peeked<&[u8]>> {
    match Reading::default().open("talks.json", text.as_bytes(), None).unwrap() {
        Opened::Conversations(conversations) => conversations,
        other => panic!("{other:?}"),
    }
}

#[test]
fn conversations_are_read_one_at_a_time() {
    let text = r#"[
        {"id": "one", "conversations": [{"from": "system", "value": "Be {\"brief\"}"}, {"from": "human", "value": "Hi"},
            {"from": "gpt", "value": "Ho"}, {"from": "human", "value": "So?"}, {"from": "gpt", "value": "So."}]},
        {"id": "none", "conversations": [{"from": "gpt", "value": "Ho"}]},
        {"id": 3, "conversations": []},
        {"id": "timed", "timestamp": 1500, "conversations": [{"from": "user", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}
    ]"#;
    let mut all = conversations(text);
    let sessions: Vec<_> = all.by_ref().map(Result::unwrap).collect();
    let shown: Vec<String> = sessions
        .iter()
        .map(|session| loadspan_replay::render_text(session, &loadspan_replay::Graph::of(session)))
        .collect();
    assert_snapshot!(shown.concat(), @r"
    session one: 2 calls, 1 edge
      #0  at 0.000 s, took 0.000 s: chat [0]
      #1  wait 0.000 s, took 0.000 s: chat [1]
           after #0: turn
    session timed: 1 call, 0 edges
      #0  at 0.000 s, took 0.000 s: chat [0]
    ");
    assert_eq!(
        sessions.iter().map(|session| session.start_ns()).collect::<Vec<_>>(),
        [None, Some(1_500_000_000)]
    );
    let lines: Vec<(u64, &str)> = all
        .bad()
        .first
        .iter()
        .map(|BadLine { line, reason, .. }| (*line, reason.as_str()))
        .collect();
    assert_eq!(lines[0], (4, "nothing in it is a question with an answer"));
    assert_eq!((lines[1].0, lines.len()), (5, 2));
}

#[test]
fn a_torn_file_of_conversations_gives_what_it_has() {
    let text =
        "{\"conversations\":[{\"from\":\"human\",\"value\":\"Hi\"},{\"from\":\"gpt\",\"value\":\"Ho\"}]}\n{\"conv";
    let mut all = conversations(text);
    assert!(all.next().unwrap().is_ok());
    assert!(all.next().is_none());
    assert_eq!((all.bad().total, all.bad().first[0].line), (1, 2));
}

#[test]
fn spans_have_a_limit_and_texts_count_once() {
    let text = "x".repeat(10_000);
    let asks = |id: &str, text: &str| chat(id, 0, 1).asks([user(text)]).says("Aye.");
    let alike: Vec<Span> = (0..50).map(|id| asks(&format!("{id:08}"), &text)).collect();
    let different: Vec<Span> = (0..50)
        .map(|id| asks(&format!("{id:08}"), &format!("{id}{text}")))
        .collect();
    let add = |spans: &[Span]| {
        let reading = Reading {
            most_held: 256 << 10,
            ..Reading::default()
        };
        let mut builder = RecordingBuilder::new(reading);
        let lines: String = spans
            .iter()
            .map(|span| otlp(std::slice::from_ref(span)) + "\n")
            .collect();
        builder
            .add("trace.json", lines.as_bytes(), None)
            .map(|()| builder.finish())
    };
    assert_eq!(add(&alike).unwrap().sessions[0].calls().len(), 50);
    let error = add(&different).unwrap_err().to_string();
    let (before, after) = error.split_once("full after ").unwrap();
    let (calls, after) = after.split_once(' ').unwrap();
    assert!((20..=25).contains(&calls.parse::<u32>().unwrap()), "{calls}");
    insta::assert_snapshot!(
        format!("{before}full after N {after}"),
        @"trace.json: it is held as a whole, for which there are 256 KiB of memory: they were full after N calls; split it between traces, or fetch less of it from a server with --replay-filter or --replay-max-traces"
    );
}
