//! Streamed responses: which events come, and in what bytes.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use loadspan_testkit::{
    Answer, DataSpace, DurationExt, Ending, FakeServer, Filler, LineEnding, ReasoningField, RoleChunk, Script,
    TokenText, Usage, Writes, every,
};

use crate::harness::{Client, End, Reply, chat};

const STREAM: &str = r#","stream":true"#;

fn stream_of(script: Script) -> Reply {
    stream_with(script, STREAM)
}

fn stream_with(script: Script, rest: &str) -> Reply {
    let server = FakeServer::new().script(script).start().unwrap();
    let reply = Client::connect(&server).post("/v1/chat/completions", &chat(rest));
    assert_eq!((reply.status, reply.end), (200, End::Whole));
    reply
}

fn three_tokens() -> Script {
    Script::new().tokens(3, every(0.ms()))
}

#[test]
fn a_chat_stream_is_a_role_tokens_a_reason_the_counts_and_done() {
    let reply = stream_with(
        Script::new().tokens(2, every(0.ms())),
        r#","stream":true,"stream_options":{"include_usage":true}"#,
    );
    assert_eq!(reply.header("content-type"), Some("text/event-stream; charset=utf-8"));
    insta::assert_snapshot!(reply.body(), @r#"
    data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":1735689600,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}

    data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":1735689600,"model":"m","choices":[{"index":0,"delta":{"content":" the"},"logprobs":null,"finish_reason":null}]}

    data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":1735689600,"model":"m","choices":[{"index":0,"delta":{"content":" server"},"logprobs":null,"finish_reason":null}]}

    data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":1735689600,"model":"m","choices":[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}

    data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":1735689600,"model":"m","choices":[],"usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}

    data: [DONE]
    "#);
}

#[test]
fn a_completion_stream_is_text() {
    let server = FakeServer::new().start().unwrap();
    let reply = Client::connect(&server).post("/v1/completions", r#"{"model":"m","prompt":"a","stream":true}"#);
    insta::assert_snapshot!(reply.body(), @r#"
    data: {"id":"cmpl-0","object":"text_completion","created":1735689600,"model":"m","choices":[{"index":0,"text":" the","logprobs":null,"finish_reason":null}]}

    data: {"id":"cmpl-0","object":"text_completion","created":1735689600,"model":"m","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"stop","stop_reason":null}]}

    data: [DONE]
    "#);
}

#[test]
fn a_responses_stream_has_named_and_numbered_events() {
    let server = FakeServer::new().start().unwrap();
    let reply = Client::connect(&server).post("/v1/responses", r#"{"model":"m","input":"a b","stream":true}"#);
    insta::assert_snapshot!(reply.body(), @r#"
    event: response.created
    data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_0","object":"response","created_at":1735689600,"model":"m","status":"in_progress","output":[]}}

    event: response.output_item.added
    data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_0","type":"message","role":"assistant","content":[],"status":"in_progress"}}

    event: response.output_text.delta
    data: {"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_0","output_index":0,"content_index":0,"delta":" the"}

    event: response.completed
    data: {"type":"response.completed","sequence_number":3,"response":{"id":"resp_0","object":"response","created_at":1735689600,"model":"m","status":"completed","output":[{"id":"msg_0","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","annotations":[],"text":" the"}]}],"usage":{"input_tokens":2,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":3}}}
    "#);
}

#[test]
fn each_channel_of_responses_has_its_event() {
    let reasoning = || three_tokens().reasoning(1, ReasoningField::Reasoning);
    for (script, name) in [
        (reasoning(), "response.output_text.delta"),
        (
            reasoning().answer(Answer::ToolCall),
            "response.function_call_arguments.delta",
        ),
        (reasoning().answer(Answer::Refusal), "response.refusal.delta"),
    ] {
        let server = FakeServer::new().script(script).start().unwrap();
        let reply = Client::connect(&server).post("/v1/responses", r#"{"model":"m","input":"a","stream":true}"#);
        let types: Vec<String> = reply
            .events()
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            types
                .iter()
                .filter(|found| *found == "response.reasoning_text.delta")
                .count(),
            1,
            "{types:?}"
        );
        assert_eq!(types.iter().filter(|found| *found == name).count(), 2, "{types:?}");
    }
}

#[test]
fn every_event_is_a_chunk_of_its_own() {
    let reply = stream_of(three_tokens());
    assert_eq!(reply.chunks.len(), 1 + 3 + 1 + 1);
    assert!(
        reply
            .chunks
            .iter()
            .all(|chunk| chunk.starts_with(b"data: ") && chunk.ends_with(b"\n\n"))
    );
}

#[test]
fn reasoning_comes_before_the_answer_under_either_name() {
    let old = stream_of(three_tokens().reasoning(2, ReasoningField::ReasoningContent));
    assert_eq!(old.joined("/choices/0/delta/reasoning_content"), " the server");
    assert_eq!(old.joined("/choices/0/delta/content"), " answers");
    let new = stream_of(three_tokens().reasoning(2, ReasoningField::Reasoning));
    assert_eq!(new.joined("/choices/0/delta/reasoning"), " the server");
}

#[test]
fn a_tool_call_streams_its_arguments_after_its_name() {
    let reply = stream_of(three_tokens().answer(Answer::ToolCall));
    assert_eq!(reply.joined("/choices/0/delta/tool_calls/0/function/name"), "search");
    assert_eq!(
        reply.joined("/choices/0/delta/tool_calls/0/function/arguments"),
        r#"{"query":" the server answers"}"#
    );
    assert_eq!(reply.joined("/choices/0/finish_reason"), "tool_calls");
}

#[test]
fn a_refusal_streams_in_its_field() {
    assert_eq!(
        stream_of(three_tokens().answer(Answer::Refusal)).joined("/choices/0/delta/refusal"),
        " the server answers"
    );
}

#[test]
fn several_tokens_share_a_chunk_but_never_two_channels() {
    let pairs = three_tokens().tokens_per_chunk(NonZeroU32::new(2).unwrap());
    let reply = stream_of(pairs.reasoning(1, ReasoningField::Reasoning));
    let events = reply.events();
    let texts: Vec<&str> = events
        .iter()
        .flat_map(|event| {
            [
                &event["choices"][0]["delta"]["reasoning"],
                &event["choices"][0]["delta"]["content"],
            ]
        })
        .filter_map(|text| text.as_str().filter(|text| !text.is_empty()))
        .collect();
    assert_eq!(texts, [" the", " server answers"]);
}

#[test]
fn the_role_may_come_with_the_first_token_or_not_at_all() {
    let merged = stream_of(three_tokens().role(RoleChunk::WithFirstToken));
    assert_eq!(merged.events()[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(merged.events()[0]["choices"][0]["delta"]["content"], " the");
    assert_eq!(merged.events().len(), 3 + 1);
    let absent = stream_of(three_tokens().role(RoleChunk::Absent));
    assert_eq!(absent.joined("/choices/0/delta/role"), "");
}

#[test]
fn fillers_come_before_each_chunk() {
    let reply = stream_of(three_tokens().filler(Filler::EmptyChunk).filler(Filler::Comment));
    assert_eq!(reply.body().matches(": keep-alive\n\n").count(), 3);
    assert_eq!(reply.events().len(), 1 + 2 * 3 + 1);
    assert_eq!(reply.joined("/choices/0/delta/content"), " the server answers");
}

#[test]
fn choices_take_turns() {
    let reply = stream_with(
        three_tokens(),
        r#","stream":true,"n":2,"stream_options":{"include_usage":true}"#,
    );
    let order: Vec<u64> = reply
        .events()
        .iter()
        .filter(|event| {
            event["choices"][0]["delta"]["content"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        })
        .map(|event| event["choices"][0]["index"].as_u64().unwrap())
        .collect();
    assert_eq!(order, [0, 1, 0, 1, 0, 1]);
    assert_eq!(reply.events().last().unwrap()["usage"]["completion_tokens"], 6);
}

#[test]
fn usage_comes_when_it_is_asked_for() {
    let counts = |script: Script, rest: &str| -> Vec<u64> {
        let events = stream_with(script, rest).events();
        events
            .iter()
            .filter_map(|event| event["usage"]["completion_tokens"].as_u64())
            .collect()
    };
    let asked = r#","stream":true,"stream_options":{"include_usage":true}"#;
    let continuous = r#","stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}"#;
    assert_eq!(counts(three_tokens(), STREAM), [0_u64; 0]);
    assert_eq!(counts(three_tokens(), asked), [3]);
    assert_eq!(counts(three_tokens(), continuous), [1, 2, 3, 3]);
    assert_eq!(counts(three_tokens().usage(Usage::AtEnd), STREAM), [3]);
    assert_eq!(counts(three_tokens().usage(Usage::EveryChunk), STREAM), [1, 2, 3, 3]);
    assert_eq!(counts(three_tokens().usage(Usage::Never), continuous), [0_u64; 0]);
    assert_eq!(counts(three_tokens().wrong_usage(-2), asked), [1]);
}

#[test]
fn lines_may_end_in_crlf_and_data_may_lack_its_space() {
    let body = stream_of(
        three_tokens()
            .line_ending(LineEnding::CrLf)
            .data_space(DataSpace::Absent),
    )
    .body();
    assert!(body.starts_with("data:{"), "{body}");
    assert!(body.ends_with("data:[DONE]\r\n\r\n"), "{body}");
    assert_eq!(body.matches('\n').count(), body.matches("\r\n").count());
}

#[test]
fn done_may_be_missing() {
    let reply = stream_of(three_tokens().ending(Ending::WithoutDone));
    assert!(!reply.body().contains("[DONE]"));
    assert_eq!(reply.end, End::Whole);
}

#[test]
fn events_cut_within_characters_are_the_same_events() {
    let unicode = || Script::new().tokens(16, every(0.ms())).text(TokenText::Unicode);
    let whole = stream_of(unicode());
    let cut = stream_of(unicode().writes(Writes::Split {
        bytes: NonZeroUsize::new(7).unwrap(),
        pause: Duration::ZERO,
    }));
    assert_eq!(cut.body(), whole.body());
    assert!(cut.chunks.iter().all(|chunk| chunk.len() <= 7));
    assert!(
        cut.chunks.iter().any(|chunk| std::str::from_utf8(chunk).is_err()),
        "no character was cut"
    );
}

#[test]
fn one_write_per_event_changes_no_byte() {
    assert_eq!(
        stream_of(three_tokens().writes(Writes::OnePerEvent)).chunks,
        stream_of(three_tokens()).chunks
    );
}

#[test]
fn a_stream_larger_than_any_buffer_arrives_whole() {
    let reply = stream_with(Script::new(), r#","stream":true,"max_tokens":20000"#);
    assert_eq!(reply.events().len(), 1 + 20_000 + 1);
}
