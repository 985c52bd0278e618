//! Every shape that a response may have is counted and timed alike.

use std::num::{NonZeroU32, NonZeroUsize};

use loadspan_loadgen::openai::{EndpointType, StreamUsage};
use loadspan_record::{ChunkGaps, RequestRecord, TokenSource};
use loadspan_testkit::{
    Answer, DataSpace, DurationExt, Ending, FakeServer, Filler, LineEnding, Opening, ReasoningField, RoleChunk,
    RunningServer, Script, TokenText, Usage, When, Writes, every,
};
use serde_json::json;

use crate::harness::{Load, server_with};

const TOKENS: u32 = 6;

fn script() -> Script {
    Script::new().tokens(TOKENS, every(0.ms()))
}

/// The record of one streamed chat that was answered by `script`.
fn record_of(script: Script) -> RequestRecord {
    Load::closed(server_with(script).url(), 1, 1).run().only().clone()
}

fn output(record: &RequestRecord) -> (Option<u32>, Option<TokenSource>, u32) {
    (record.tokens.output, record.tokens.source, record.chunks)
}

const COUNTED: (Option<u32>, Option<TokenSource>, u32) = (Some(TOKENS), Some(TokenSource::ServerUsage), TOKENS);

#[test]
fn every_way_of_writing_a_stream_gives_the_same_figures() {
    let split = |bytes: usize| Writes::Split {
        bytes: NonZeroUsize::new(bytes).unwrap(),
        pause: 0.ms(),
    };
    let shapes = [
        ("role chunk first", script().opening(Opening::RoleChunk)),
        ("nothing first", script().opening(Opening::Nothing)),
        ("role with the first token", script().role(RoleChunk::WithFirstToken)),
        ("no role", script().role(RoleChunk::Absent)),
        ("empty chunks", script().filler(Filler::EmptyChunk)),
        ("comments", script().filler(Filler::Comment)),
        ("CR LF", script().line_ending(LineEnding::CrLf)),
        ("no space behind data:", script().data_space(DataSpace::Absent)),
        (
            "cut into single bytes",
            script().writes(split(1)).text(TokenText::Unicode),
        ),
        (
            "cut within characters",
            script().writes(split(7)).text(TokenText::Unicode),
        ),
        ("one event a write", script().writes(Writes::OnePerEvent)),
        ("many events a write", script().writes(Writes::Together)),
        ("no [DONE]", script().ending(Ending::WithoutDone)),
        (
            "all of it",
            script()
                .filler(Filler::Comment)
                .line_ending(LineEnding::CrLf)
                .writes(split(3)),
        ),
    ];
    for (name, script) in shapes {
        let record = record_of(script.tokens(TOKENS, every(1.ms())));
        assert_eq!(output(&record), COUNTED, "{name}: {:?}", record.outcome);
        assert!(record.outcome.is_completed(), "{name}: {:?}", record.outcome);
        assert_eq!(record.finish_reason.as_deref(), Some("stop"), "{name}");
    }
}

#[test]
fn what_comes_before_the_first_token_is_not_one() {
    let record = record_of(
        script()
            .ttft(150.ms())
            .opening(Opening::RoleChunk)
            .filler(Filler::EmptyChunk),
    );
    let (chunk, token) = (
        record.timings.first_chunk_at.unwrap(),
        record.timings.first_token_at.unwrap(),
    );
    assert!(token.millis_since(chunk) > 50.0, "{}", token.millis_since(chunk));
}

#[test]
fn a_token_is_timed_by_the_read_that_completes_it() {
    let bytes = NonZeroUsize::new(25).unwrap();
    let slowly = Writes::Split { bytes, pause: 10.ms() };
    let record = record_of(script().tokens(1, every(0.ms())).role(RoleChunk::Absent).writes(slowly));
    let (chunk, token) = (
        record.timings.first_chunk_at.unwrap(),
        record.timings.first_token_at.unwrap(),
    );
    assert!(token.millis_since(chunk) >= 30.0, "{}", token.millis_since(chunk));
}

#[test]
fn the_gaps_between_chunks_are_those_of_the_server() {
    let record = record_of(script().tokens(5, every(20.ms())));
    let ChunkGaps::Each(gaps) = &record.chunk_gaps else {
        panic!("{:?}", record.chunk_gaps)
    };
    let timings = record.timings;
    let whole = timings
        .last_token_at
        .unwrap()
        .nanos_since(timings.first_token_at.unwrap())
        / 1_000;
    assert_eq!(gaps.len(), 4);
    assert!(gaps.iter().map(|gap| u64::from(*gap)).sum::<u64>().abs_diff(whole) <= 1);
    assert!((20_000..4_000_000).contains(&whole), "{whole} µs");
}

#[test]
fn reasoning_is_output_and_not_the_answer() {
    for field in [ReasoningField::Reasoning, ReasoningField::ReasoningContent] {
        let record = record_of(script().reasoning(4, field).tokens(TOKENS, every(40.ms())));
        assert_eq!(output(&record), COUNTED, "{field:?}");
        assert_eq!(record.tokens.reasoning, Some(4));
        let timings = record.timings;
        let thinking = timings
            .first_answer_token_at
            .unwrap()
            .millis_since(timings.first_token_at.unwrap());
        assert!(thinking > 30.0, "{field:?}: {thinking}");
    }
}

#[test]
fn tool_calls_are_output() {
    let record = record_of(script().answer(Answer::ToolCall));
    // The name of the tool comes in a chunk of its own, which is not output: the first token is the first of the arguments.
    assert_eq!(output(&record), COUNTED);
    assert_eq!(record.finish_reason.as_deref(), Some("tool_calls"));
    assert!(record.timings.first_answer_token_at.is_some());
}

#[test]
fn refusals_are_output() {
    assert_eq!(output(&record_of(script().answer(Answer::Refusal))), COUNTED);
}

#[test]
fn a_chunk_is_not_a_token() {
    let record = record_of(script().tokens_per_chunk(NonZeroU32::new(3).unwrap()));
    assert_eq!(output(&record), (Some(TOKENS), Some(TokenSource::ServerUsage), 2));
}

#[test]
fn without_usage_chunks_are_counted_and_called_that() {
    let record = record_of(script().usage(Usage::Never));
    assert_eq!(output(&record), (Some(TOKENS), Some(TokenSource::ChunkCount), TOKENS));
    assert_eq!(record.tokens.input, None);
}

#[test]
fn usage_in_each_chunk_tells_the_tokens_of_the_first() {
    let server = server_with(script().tokens_per_chunk(NonZeroU32::new(2).unwrap()));
    let per_chunk = |load: &mut Load| load.preflight.stream_usage = StreamUsage::PerChunk;
    let report = Load::closed(server.url(), 1, 1).change(per_chunk).run();
    let record = report.only();
    assert_eq!(output(record), (Some(TOKENS), Some(TokenSource::ServerUsage), 3));
    assert_eq!(record.tokens.first_chunk, Some(2));
}

#[test]
fn what_the_server_counts_is_taken_at_its_word() {
    let record = record_of(script().wrong_usage(5).cached_tokens(3));
    assert_eq!(
        (record.tokens.output, record.tokens.cached_input),
        (Some(TOKENS + 5), Some(3))
    );
    assert_eq!(record.tokens.input, Some(8), "the words of the prompt");
}

#[test]
fn several_choices_are_one_response() {
    let server = server_with(script());
    let report = Load::closed(server.url(), 1, 1).extra(json!({"n": 3})).run();
    assert_eq!(
        output(report.only()),
        (Some(3 * TOKENS), Some(TokenSource::ServerUsage), 3 * TOKENS)
    );
}

#[test]
fn a_server_that_answers_whole_is_counted_by_its_usage_and_has_no_token_times() {
    let shapes = [
        script(),
        script().answer(Answer::ToolCall),
        script().answer(Answer::Refusal),
        script().reasoning(2, ReasoningField::Reasoning),
    ];
    for script in shapes {
        let report = Load::closed(server_with(script).url(), 1, 1).not_streaming().run();
        let record = report.assert_completed(1).only();
        assert_eq!(output(record), (Some(TOKENS), Some(TokenSource::ServerUsage), 1));
        assert_eq!(
            (record.timings.first_token_at, record.timings.last_token_at),
            (None, None)
        );
        assert!(record.timings.first_chunk_at.is_some());
    }
}

#[test]
fn shapes_may_change_from_one_request_to_the_next_on_one_connection() {
    let server = mixed_shapes();
    let report = Load::closed(server.url(), 1, 40).run();
    report.assert_completed(40);
    assert!(report.records.iter().all(|record| record.tokens.output == Some(TOKENS)));
}

fn mixed_shapes() -> RunningServer {
    FakeServer::new()
        .on(
            When::EveryNth(5),
            script().line_ending(LineEnding::CrLf).writes(Writes::OnePerEvent),
        )
        .on(
            When::EveryNth(4),
            script().text(TokenText::Unicode).role(RoleChunk::WithFirstToken),
        )
        .on(
            When::EveryNth(3),
            script()
                .reasoning(2, ReasoningField::Reasoning)
                .ending(Ending::WithoutDone),
        )
        .on(
            When::EveryNth(2),
            script().answer(Answer::Refusal).filler(Filler::EmptyChunk),
        )
        .script(script())
        .start()
        .unwrap()
}

#[test]
fn responses_have_shapes_too() {
    for shape in [
        script(),
        script().reasoning(2, ReasoningField::Reasoning),
        script().answer(Answer::ToolCall),
        script().answer(Answer::Refusal),
        script().line_ending(LineEnding::CrLf),
    ] {
        let server = server_with(shape);
        let report = Load::closed(server.url(), 1, 1).endpoint(EndpointType::Responses).run();
        assert_eq!(output(report.assert_completed(1).only()), COUNTED);
    }
}
